use jiff::Timestamp;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn task(owner: u64) -> NewTask {
    NewTask {
        owner,
        serial: "01P00A000000001".parse().unwrap(),
        device_name: "P1S 1".to_owned(),
        device_model: "P1S".to_owned(),
        title: "cube".to_owned(),
        project_id: 0,
        model_id: String::new(),
        profile_id: 0,
        plate: 1,
        seconds: 60,
        grams: 1.0,
        body: serde_json::Map::new(),
    }
}

#[test]
fn a_project_has_numbers_of_its_own_and_is_found_by_each() {
    let library = Library::new(1);
    let (first, second) =
        (library.create_project(1, "a", at(0)), library.create_project(2, "b", at(1)));
    assert_ne!((first.id, first.profile_id), (second.id, second.profile_id));
    assert_eq!((first.model_id.len(), &first.model_id[..2]), (16, "US"));
    assert_eq!(library.project(first.id), Some(first.clone()));
    assert_eq!(library.project_of(&first.model_id, first.profile_id), Some(first.clone()));
    assert_eq!(library.projects(1), [first]);
    assert_eq!(library.projects(2), [second]);
}

#[test]
fn a_later_file_for_a_plate_takes_the_place_of_the_earlier() {
    let library = Library::new(1);
    let project = library.create_project(1, "a", at(0));
    let ready = |plate, url: &str| PrintReady { plate, md5: "0".repeat(32), url: url.to_owned() };
    library.patch_project(project.id, [ready(1, "ftp://a"), ready(2, "ftp://b")], at(1));
    let patched = library.patch_project(project.id, [ready(1, "https://a")], at(2)).unwrap();
    assert_eq!(patched.prints.len(), 2);
    assert!(patched.prints.contains(&ready(1, "https://a")));
    assert_eq!(library.patch_project(7, [], at(3)), None);
}

#[test]
fn a_task_that_ends_is_told_of_once() {
    let library = Library::new(1);
    let id = library.add_task(task(1), at(0)).id;
    assert!(library.end_task(id, TaskState::Finished, at(60)));
    assert!(!library.end_task(id, TaskState::Failed, at(61)));
    let ended = library.task(id).unwrap();
    assert_eq!((ended.state, ended.ended), (TaskState::Finished, Some(at(60))));
    let messages = library.messages(1);
    assert_eq!((messages.len(), messages[0].task, messages[0].read), (1, id, false));
    assert_eq!(library.mark_messages(1, Some(&[messages[0].id]), true), 1);
    assert!(library.messages(1)[0].read);
    assert!(library.messages(2).is_empty());
}

#[test]
fn nothing_grows_without_end() {
    let library = Library::new(1);
    for second in 0..1200 {
        library.create_project(1, "a", at(second));
        library.add_upload(1, "a.3mf", 1, at(second));
        let id = library.add_task(task(1), at(second)).id;
        library.end_task(id, TaskState::Failed, at(second));
        library.add_spool(1, "", serde_json::Map::new(), at(second));
    }
    library.create_project(2, "b", at(0));
    assert_eq!(library.projects(1).len(), 500);
    assert_eq!(library.projects(2).len(), 1);
    assert_eq!(library.uploads(1).len(), 500);
    assert_eq!((library.tasks(1).len(), library.messages(1).len()), (1000, 500));
    assert_eq!(library.spools(1).len(), 1000);
}

#[test]
fn an_upload_keeps_no_directories_of_its_name() {
    let library = Library::new(1);
    let upload = library.add_upload(7, "../../a/b.3mf", 12, at(0));
    assert_eq!(upload.name, "b.3mf");
    assert!(upload.key.starts_with("users/7/filename/") && upload.key.ends_with("/b.3mf"));
    assert!(upload.size_key.starts_with("users/7/size/") && upload.size_key.ends_with("/12"));
}

#[test]
fn a_spool_sits_in_one_slot_and_leaves_it_when_it_is_deleted() {
    let library = Library::new(1);
    let spool = library.add_spool(1, "TAG", serde_json::Map::new(), at(0)).id;
    library.map_slot(1, "printer", "ams", "0", Some(spool));
    library.map_slot(1, "printer", "ams", "1", Some(spool));
    let slots: Vec<_> = library.mappings(1).into_iter().map(|of| of.slot).collect();
    assert_eq!(slots, ["1"]);
    library.delete_spools(2, &[spool], &["TAG"]);
    assert_eq!(library.mappings(1).len(), 1);
    library.delete_spools(1, &[], &["TAG"]);
    assert!(library.mappings(1).is_empty() && library.spools(1).is_empty());
}
