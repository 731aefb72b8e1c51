//! The twenty calls of the REST interface, and a look at the printers' entries.

use bambu_protocol::cloud::SlicerVersion;
use bambulab::cloud::{MessageQuery, TaskQuery};

use super::{
    record::{NotPassed, Records, skip},
    subject::{Subject, count, shown, some},
};
use crate::exit::Failure;

type Seen = Result<String, NotPassed>;

/// How many prints of the history are asked for.
const PRINTS: u32 = 5;

pub(super) async fn run(subject: &mut Subject<'_>, records: &mut Records) -> Result<(), Failure> {
    let within = subject.api();
    records.check("devices", within, devices(subject)).await?;
    records.check("device_version", within, device_version(subject)).await?;
    records.check("device_versions", within, device_versions(subject)).await?;
    records.check("device_info", within, device_info(subject)).await?;
    records.check("print_status", within, print_status(subject)).await?;
    records.check("user_profile", within, user_profile(subject)).await?;
    records.check("user_info", within, user_info(subject)).await?;
    records.check("projects", within, projects(subject)).await?;
    records.check("project", within, project(subject)).await?;
    records.check("tasks", within, tasks(subject)).await?;
    records.check("task", within, task(subject)).await?;
    records.check("messages", within, messages(subject)).await?;
    records.check("notifications", within, notifications(subject)).await?;
    records.check("camera_credentials", within, camera_credentials(subject)).await?;
    records.check("ttcode", within, ttcode(subject)).await?;
    records.check("cloud_video_url", within, cloud_video_url(subject)).await?;
    records.check("slicer_settings", within, slicer_settings(subject)).await?;
    records.check("slicer_resources", within, slicer_resources(subject)).await?;
    records.check("cloud_files", within, cloud_files(subject)).await?;
    records.check("upload_url", within, upload_url(subject)).await?;
    records.check("device_management", within, device_management(subject)).await
}

async fn devices(subject: &mut Subject<'_>) -> Seen {
    let devices = subject.devices().await?;
    let names = devices.iter().map(|device| shown(device).to_owned());
    Ok(listed(devices.len(), "printer", names))
}

async fn device_version(subject: &mut Subject<'_>) -> Seen {
    let device = subject.printer().await?;
    let version = subject.cloud.device_version(&device.serial).await?;
    let offers = version.firmware.iter().filter_map(|offer| offer.version.clone());
    Ok(format!("{}: {}", shown(&device), listed(version.firmware.len(), "offer", offers)))
}

async fn device_versions(subject: &mut Subject<'_>) -> Seen {
    let versions = subject.cloud.device_versions().await?;
    let newer = versions.iter().filter(|printer| !printer.firmware.is_empty()).count();
    Ok(format!("{}, {newer} with firmware on offer", count(versions.len(), "printer")))
}

async fn device_info(subject: &mut Subject<'_>) -> Seen {
    let device = subject.printer().await?;
    let info = subject.cloud.device_info(&device.serial).await?;
    let model = info.model().map_or("unknown model", |model| model.name());
    let told = |known: bool, what| if known { what } else { "" };
    let parts = [
        model,
        told(info.firmware.is_some(), "firmware known"),
        told(info.job.is_some(), "job known"),
    ];
    Ok(format!("{}: {}", shown(&device), some(parts.map(str::to_owned))))
}

async fn print_status(subject: &mut Subject<'_>) -> Seen {
    let jobs = subject.cloud.print_status(true).await?;
    let busy = jobs.iter().filter(|job| job.task_id.is_some()).count();
    Ok(format!("{}, {} known to the cloud", count(jobs.len(), "printer"), count(busy, "job")))
}

async fn user_profile(subject: &mut Subject<'_>) -> Seen {
    let profile = subject.cloud.user_profile().await?;
    let name = profile.name.as_deref().unwrap_or("without a name");
    Ok(format!("{name}, {}", count(profile.product_models.len(), "kind of printer")))
}

async fn user_info(subject: &mut Subject<'_>) -> Seen {
    match &subject.cloud.user_info().await?.uid {
        Some(uid) => Ok(format!("user id {uid}")),
        None => skip("the cloud names no user id"),
    }
}

async fn projects(subject: &mut Subject<'_>) -> Seen {
    let projects = subject.cloud.projects().await?;
    Ok(listed(projects.len(), "project", projects.iter().filter_map(|it| it.name.clone())))
}

async fn project(subject: &mut Subject<'_>) -> Seen {
    let projects = subject.cloud.projects().await?;
    let Some(id) = projects.iter().find_map(|project| project.project_id.clone()) else {
        return skip("this account has no project");
    };
    let project = subject.cloud.project(&id).await?;
    let name = project.name.as_deref().unwrap_or("without a name");
    Ok(format!("{name}: {}", count(project.profiles.len(), "profile")))
}

fn newest() -> TaskQuery {
    TaskQuery { limit: Some(PRINTS), ..TaskQuery::default() }
}

async fn tasks(subject: &mut Subject<'_>) -> Seen {
    let tasks = subject.cloud.tasks(&newest()).await?;
    let all = tasks.total().map_or(tasks.tasks.len(), |total| total as usize);
    Ok(listed(all, "task", tasks.tasks.iter().filter_map(|task| task.title.clone())))
}

async fn task(subject: &mut Subject<'_>) -> Seen {
    let tasks = subject.cloud.tasks(&newest()).await?;
    let Some(id) = tasks.tasks.iter().find_map(|task| task.id.clone()) else {
        return skip("this account has not printed yet");
    };
    let task = subject.cloud.task(&id).await?;
    let state = task.state().map_or("in an unknown state", |state| state.name());
    Ok(format!("{}: {state}", task.title.as_deref().unwrap_or("without a title")))
}

async fn messages(subject: &mut Subject<'_>) -> Seen {
    let messages = subject.cloud.messages(&MessageQuery::default()).await?;
    let about = messages.iter().filter(|message| message.task.is_some()).count();
    Ok(format!("{}, {about} about prints", count(messages.len(), "message")))
}

async fn notifications(subject: &mut Subject<'_>) -> Seen {
    let messages = subject.cloud.notifications(false).await?;
    Ok(count(messages.len(), "notification"))
}

/// What the ticket is for; none of its secrets.
async fn camera_credentials(subject: &mut Subject<'_>) -> Seen {
    let device = subject.printer().await?;
    let ticket = subject.cloud.camera_credentials(&device.serial).await?;
    ticket_of(shown(&device), ticket.ttcode.is_some(), ticket.kind.as_deref())
}

async fn ttcode(subject: &mut Subject<'_>) -> Seen {
    let device = subject.printer().await?;
    let ticket = subject.cloud.ttcode(&device.serial).await?;
    ticket_of(shown(&device), ticket.ttcode.is_some(), ticket.kind.as_deref())
}

fn ticket_of(printer: &str, is_there: bool, kind: Option<&str>) -> Seen {
    match is_there {
        true => Ok(format!("{printer}: a ticket for {}", kind.unwrap_or("the vendor's player"))),
        false => skip(format!("{printer}: the cloud gives no ticket")),
    }
}

async fn cloud_video_url(subject: &mut Subject<'_>) -> Seen {
    let device = subject.printer().await?;
    let video = subject.cloud.cloud_video_url(&device.serial).await?;
    let seen = match &video.stream_url {
        Some(_) => "an address of a stream",
        None => "a ticket and no address, as ever",
    };
    Ok(format!("{}: {seen}", shown(&device)))
}

async fn slicer_settings(subject: &mut Subject<'_>) -> Seen {
    let settings = subject.cloud.slicer_settings(&SlicerVersion::default()).await?;
    let kinds = [&settings.print, &settings.printer, &settings.filament];
    let kinds = || kinds.into_iter().flatten();
    let own: usize = kinds().map(|kind| kind.private.len()).sum();
    let public: usize = kinds().map(|kind| kind.public.len()).sum();
    Ok(format!("{}, {public} of the vendor's", count(own, "preset of your own")))
}

async fn slicer_resources(subject: &mut Subject<'_>) -> Seen {
    let resources = subject.cloud.slicer_resources(None).await?;
    Ok(count(resources.resources.len(), "resource"))
}

async fn cloud_files(subject: &mut Subject<'_>) -> Seen {
    let files = subject.cloud.cloud_files().await?;
    Ok(listed(files.len(), "file", files.iter().map(|file| file.name.clone())))
}

async fn upload_url(subject: &mut Subject<'_>) -> Seen {
    let places = subject.cloud.upload_url("bambu-selftest.gcode", 1).await?;
    match places.file() {
        Some(_) => Ok("a place to upload to; nothing was uploaded".into()),
        None => skip("this account has no cloud storage; the local network is the way"),
    }
}

async fn device_management(subject: &mut Subject<'_>) -> Seen {
    let devices = subject.devices().await?;
    if devices.is_empty() {
        return skip("this account has no printer");
    }
    let without = |what: &str, is_missing: &dyn Fn(&bambu_protocol::cloud::Device) -> bool| {
        let missing = devices.iter().filter(|device| is_missing(device)).count();
        (missing > 0).then(|| format!("{missing} without {what}"))
    };
    let gaps = [
        without("a name", &|device| device.name.is_none()),
        without("a known model", &|device| device.model().is_none()),
        without("an access code", &|device| device.access_code.is_none()),
    ];
    let gaps: Vec<String> = gaps.into_iter().flatten().collect();
    let seen = match gaps.is_empty() {
        true => "each with a name, a model and an access code".to_owned(),
        false => some(gaps),
    };
    Ok(format!("{}, {seen}; nothing was changed", count(devices.len(), "printer")))
}

/// How many, and the first of them.
fn listed(number: usize, thing: &str, names: impl IntoIterator<Item = String>) -> String {
    let names = some(names);
    let all = count(number, thing);
    if names.is_empty() { all } else { format!("{all}: {names}") }
}
