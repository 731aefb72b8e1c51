//! Projects: what a cloud print is made of before it becomes a task. Tasks are in `tasks.rs`.

use std::fmt;

use jiff::Timestamp;

use super::{Last, Library, make_room};

/// Projects kept per account; the oldest goes.
const MOST: usize = 500;
/// Plates that a project can have print-ready files for.
const MOST_PLATES: usize = 64;
/// Longest name kept, in characters.
const LONGEST_NAME: usize = 255;

/// A project.
#[derive(Clone, PartialEq, Eq)]
pub struct Project {
    /// Uid of the account.
    pub owner: u64,
    /// `project_id`; text on the wire.
    pub id: u64,
    /// `model_id`: `US` and 14 hex digits [L].
    pub model_id: String,
    /// `profile_id`; text on the wire here, a number in `my/task`.
    pub profile_id: u64,
    /// Name.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last.
    pub updated: Timestamp,
    /// `upload_ticket`, to ask by whether the upload is processed.
    pub ticket: String,
    /// Key in the object store that `upload_url` writes to.
    pub upload_key: String,
    /// The upload, once `PUT user/notification` has told of it.
    pub announced: Option<Announced>,
    /// The print-ready files that `PATCH user/project/{id}` has told of, by plate.
    pub prints: Vec<PrintReady>,
}

/// An upload that its client says is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// `origin_file_name`.
    pub file: String,
    /// When.
    pub at: Timestamp,
    /// How often it has been asked for since.
    pub polls: u32,
}

/// A print-ready 3MF of one plate.
#[derive(Clone, PartialEq, Eq)]
pub struct PrintReady {
    /// `plate_idx`, counted from 1.
    pub plate: u32,
    /// Upper-case MD5 of the file, 32 hex digits.
    pub md5: String,
    /// Where it is: `https:` (`http:` in a simulated world) or `ftp:`. May hold a signature.
    pub url: String,
}

impl Library {
    /// A new project with numbers, ticket and upload key.
    pub fn create_project(&self, owner: u64, name: &str, now: Timestamp) -> Project {
        let mut shelves = self.shelves();
        let shelves = &mut *shelves;
        let id = Last::next(&mut shelves.last.project, &mut shelves.rng);
        let profile_id = Last::next(&mut shelves.last.profile, &mut shelves.rng);
        let (model, ticket) = (shelves.hex(14), shelves.hex(32));
        let project = Project {
            owner,
            id,
            model_id: format!("US{model}"),
            profile_id,
            name: name.chars().take(LONGEST_NAME).collect(),
            created: now,
            updated: now,
            upload_key: format!("users/{owner}/project/{id}/{ticket}.3mf"),
            ticket,
            announced: None,
            prints: Vec::new(),
        };
        make_room(&mut shelves.projects, MOST, |of| of.owner == owner);
        shelves.projects.push(project.clone());
        project
    }

    /// The account's projects, newest first.
    pub fn projects(&self, owner: u64) -> Vec<Project> {
        let shelves = self.shelves();
        shelves.projects.iter().rev().filter(|of| of.owner == owner).cloned().collect()
    }

    /// The project with this number, whoever owns it.
    pub fn project(&self, id: u64) -> Option<Project> {
        self.project_where(|of| of.id == id)
    }

    /// The project of this model and profile, whoever owns it.
    pub fn project_of(&self, model_id: &str, profile_id: u64) -> Option<Project> {
        self.project_where(|of| of.model_id == model_id && of.profile_id == profile_id)
    }

    fn project_where(&self, wanted: impl Fn(&Project) -> bool) -> Option<Project> {
        self.shelves().projects.iter().rev().find(|of| wanted(of)).cloned()
    }

    /// Adds print-ready files, each in the place of an older one of the same plate; the project
    /// afterwards, or `None` when there is none with this number.
    pub fn patch_project(
        &self,
        id: u64,
        prints: impl IntoIterator<Item = PrintReady>,
        now: Timestamp,
    ) -> Option<Project> {
        let mut shelves = self.shelves();
        let project = shelves.projects.iter_mut().find(|of| of.id == id)?;
        for print in prints {
            project.prints.retain(|known| known.plate != print.plate);
            if project.prints.len() < MOST_PLATES {
                project.prints.push(print);
            }
        }
        project.updated = now;
        Some(project.clone())
    }

    /// The account's upload with this ticket is said to be complete; false when no project of it
    /// has the ticket.
    pub fn announce(&self, owner: u64, ticket: &str, file: &str, now: Timestamp) -> bool {
        let mut shelves = self.shelves();
        let mut all = shelves.projects.iter_mut();
        let Some(project) = all.find(|of| of.owner == owner && of.ticket == ticket) else {
            return false;
        };
        let file = file.chars().take(LONGEST_NAME).collect();
        project.announced = Some(Announced { file, at: now, polls: 0 });
        true
    }

    /// Counts that the account has asked for this ticket; the project afterwards, or `None` when
    /// no project of the account has it.
    pub fn poll(&self, owner: u64, ticket: &str) -> Option<Project> {
        let mut shelves = self.shelves();
        let mut all = shelves.projects.iter_mut();
        let project = all.find(|of| of.owner == owner && of.ticket == ticket)?;
        if let Some(announced) = &mut project.announced {
            announced.polls = announced.polls.saturating_add(1);
        }
        Some(project.clone())
    }
}

impl fmt::Debug for Project {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Project").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for PrintReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrintReady").field("plate", &self.plate).finish_non_exhaustive()
    }
}
