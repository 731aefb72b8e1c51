//! Projects, their profiles, and what of the account can be printed.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bambu_protocol::cloud::{
    CloudEntry, CreatedProject, EntrySource, NewProject, PrintProfile, Project, Projects, Task,
};
use futures_util::Stream;
use serde_json::{Value, json};

use super::{Answer, Call, Cloud, CloudError, PageStart, TaskQuery, pages};

const PROJECTS: &str = "/v1/iot-service/api/user/project";
const PROJECT: &str = "/v1/iot-service/api/user/project/{}";
/// How many prints of the history are looked at for files.
const PRINTS: u32 = 100;

impl Cloud {
    /// The account's projects: `GET user/project`, `{projects: [{project_id, model_id, name, …}]}`
    /// [L]; the documented `{code: 0, data: {projects, total, page}}` is read, too [G].
    ///
    /// # Errors
    /// [`CloudError`].
    #[doc(alias = "get_projects")]
    pub async fn projects(&self) -> Result<Answer<Vec<Project>>, CloudError> {
        Ok(self.call::<Projects>(Call::get(PROJECTS)).await?.map(|body| body.projects))
    }

    /// All of the account's projects, page by page as they are read: the next one with `?offset=` only
    /// where the answer says that there is more (`pagination.has_more`) [G]; no other cloud is known
    /// to have pages here. Ends at the first error.
    pub fn projects_pages(&self) -> impl Stream<Item = Result<Project, CloudError>> + Send + use<> {
        let cloud = self.clone();
        let more = Arc::new(AtomicBool::new(true));
        let page = move |start: PageStart| {
            let (cloud, more) = (cloud.clone(), Arc::clone(&more));
            async move {
                if !more.load(Ordering::Relaxed) {
                    return Ok(Vec::new());
                }
                let first = Call::get(PROJECTS);
                let call = match start.offset {
                    0 => first,
                    offset => first.query("offset", offset),
                };
                let Answer { value, raw } = cloud.call::<Projects>(call).await?;
                let told = ["/pagination/has_more", "/data/pagination/has_more"];
                let has_more = told.iter().any(|at| raw.pointer(at) == Some(&Value::Bool(true)));
                more.store(has_more, Ordering::Relaxed);
                Ok(value.projects)
            }
        };
        pages(page, |project: &Project| project.project_id.clone().unwrap_or_default())
    }

    /// One project with its profiles: `GET user/project/{id}`. A foreign one is refused (403, 400), a
    /// model's id is no project's (422). [L]
    ///
    /// `raw` holds signed addresses, with which everybody can fetch the file.
    ///
    /// # Errors
    /// [`CloudError`].
    #[doc(alias = "get_project")]
    pub async fn project(&self, id: &str) -> Result<Answer<Project>, CloudError> {
        self.call(Call::get(PROJECT).value(id)).await
    }

    /// The same with one of its profiles: `GET user/project/{id}?profile_id=`. [L]
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn project_with_profile(
        &self,
        id: &str,
        profile_id: &str,
    ) -> Result<Answer<Project>, CloudError> {
        self.call(Call::get(PROJECT).value(id).query("profile_id", profile_id)).await
    }

    /// Makes a project: `POST user/project` with `{name}`, answered by its ids, where to `PUT` its
    /// file, and the ticket to ask by. [L] It is the first step of a print over the cloud.
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn create_project(
        &self,
        project: impl Into<NewProject>,
    ) -> Result<Answer<CreatedProject>, CloudError> {
        self.call(Call::post(PROJECTS).json(&project.into())).await
    }

    /// A profile and, for about five minutes, where its file is:
    /// `GET user/profile/{profile_id}?model_id=`. [L] It is how a file of the cloud is fetched; send
    /// no token to that address.
    ///
    /// # Errors
    /// [`CloudError`].
    pub async fn profile(
        &self,
        profile_id: &str,
        model_id: &str,
    ) -> Result<Answer<PrintProfile>, CloudError> {
        let call = Call::get("/v1/iot-service/api/user/profile/{}").value(profile_id);
        self.call(call.query("model_id", model_id)).await
    }

    /// What of the account can be printed: its projects, and the prints of the history (the newest
    /// 100) that belong to none of them, each model's profile once.
    ///
    /// The seeds' `GET user/files` does not exist (404) [L] and is not asked. `raw` holds the two
    /// answers under `projects` and `tasks`.
    ///
    /// # Errors
    /// [`CloudError`].
    #[doc(alias = "get_cloud_files")]
    pub async fn cloud_files(&self) -> Result<Answer<Vec<CloudEntry>>, CloudError> {
        let query = TaskQuery { limit: Some(PRINTS), ..TaskQuery::default() };
        let (projects, tasks) = tokio::join!(self.projects(), self.tasks(&query));
        let (projects, tasks) = (projects?, tasks?);
        let raw = json!({"projects": projects.raw, "tasks": tasks.raw});
        let models = projects.iter().filter_map(|project| project.model_id.clone());
        let mut seen: HashSet<(Option<String>, Option<String>)> =
            models.map(|model| (Some(model), None)).collect();
        let mut files: Vec<CloudEntry> = projects.value.into_iter().flat_map(of_project).collect();
        for task in tasks.value.tasks {
            let known = seen.contains(&(task.model_id.clone(), None));
            let profile = (task.model_id.clone(), task.profile_id.clone());
            if !known && (profile == (None, None) || seen.insert(profile)) {
                files.push(of_task(task));
            }
        }
        Ok(Answer { value: files, raw })
    }
}

/// A project is a file; in the documented shape it has several.
fn of_project(project: Project) -> Vec<CloudEntry> {
    let whole = CloudEntry {
        name: project.name.or_else(|| project.project_id.clone()).unwrap_or_default(),
        file_id: project.project_id.clone(),
        file_url: project.download_url,
        source: EntrySource::Project,
        project_id: project.project_id,
        model_id: project.model_id,
        profile_id: project.profiles.into_iter().next().and_then(|profile| profile.profile_id),
        task_id: None,
        created_at: project.create_time,
    };
    if project.files.is_empty() {
        return vec![whole];
    }
    let file = |file: bambu_protocol::cloud::ProjectFile| CloudEntry {
        name: file.name.unwrap_or_else(|| whole.name.clone()),
        file_id: file.file_id,
        file_url: file.file_url,
        ..whole.clone()
    };
    project.files.into_iter().map(file).collect()
}

fn of_task(task: Task) -> CloudEntry {
    CloudEntry {
        name: task.title.or_else(|| task.id.clone()).unwrap_or_default(),
        file_id: task.model_id.clone().or_else(|| task.id.clone()),
        file_url: None,
        source: EntrySource::Task,
        project_id: task.project_id,
        model_id: task.model_id,
        profile_id: task.profile_id,
        task_id: task.id,
        created_at: task.start_time,
    }
}
