use std::io::Read as _;

use super::*;

fn place(path: &str) -> Place {
    Place::root().join(path).unwrap()
}

/// The same test in memory and in a directory.
fn both(capacity: u64, test: impl Fn(&Storage)) {
    test(&Storage::in_memory(capacity, Faults::default()));
    let dir = tempfile::tempdir().unwrap();
    test(&Storage::in_directory(dir.path().join("new"), capacity, Faults::default()));
}

fn put(storage: &Storage, path: &str, bytes: &[u8]) -> Result<(), StorageError> {
    storage.write(&place(path))?.append(bytes)
}

fn text(storage: &Storage, path: &str) -> Result<String, StorageError> {
    let mut text = String::new();
    storage.read(&place(path))?.read_to_string(&mut text).unwrap();
    Ok(text)
}

fn names(storage: &Storage, path: &str) -> Vec<String> {
    storage.list(&place(path)).unwrap().into_iter().map(|entry| entry.name).collect()
}

#[test]
fn it_begins_with_its_folders_and_something_to_print() {
    both(DEFAULT_CAPACITY, |storage| {
        assert!(storage.look(&place("/cache")).unwrap().is_folder);
        assert!(names(storage, "/timelapse").contains(&"thumbnail".to_owned()));
        let sample = storage.look(&place("/cube.gcode.3mf")).unwrap();
        assert!(sample.size > 500 && !sample.is_folder);
    });
}

#[test]
fn a_file_is_written_read_renamed_and_removed() {
    both(DEFAULT_CAPACITY, |storage| {
        put(storage, "/cache/ü b.txt", b"one").unwrap();
        assert_eq!(text(storage, "/cache/ü b.txt").unwrap(), "one");
        put(storage, "/cache/ü b.txt", b"other").unwrap();
        assert_eq!(storage.look(&place("/cache/ü b.txt")).unwrap().size, 5);
        put(storage, "/old", b"old").unwrap();
        storage.rename(&place("/cache/ü b.txt"), &place("/old")).unwrap();
        assert_eq!(text(storage, "/old").unwrap(), "other");
        assert_eq!(text(storage, "/cache/ü b.txt"), Err(StorageError::NotFound));
        storage.remove(&place("/old")).unwrap();
        assert_eq!(storage.remove(&place("/old")), Err(StorageError::NotFound));
    });
}

#[test]
fn what_is_in_the_way_is_not_overwritten() {
    both(DEFAULT_CAPACITY, |storage| {
        assert!(storage.write(&place("/cache")).is_err());
        assert!(matches!(storage.write(&place("/gone/x")), Err(StorageError::NotFound)));
        assert_eq!(storage.make_folder(&place("/cache")), Err(StorageError::InTheWay));
        assert_eq!(storage.remove(&place("/cache")), Err(StorageError::WrongKind));
        assert_eq!(storage.remove_folder(&place("/timelapse")), Err(StorageError::NotEmpty));
        assert_eq!(storage.remove_folder(&Place::root()), Err(StorageError::InTheWay));
        let into_itself = storage.rename(&place("/timelapse"), &place("/timelapse/x"));
        assert_eq!(into_itself, Err(StorageError::InTheWay));
        storage.rename(&place("/timelapse"), &place("/model/t")).unwrap();
        assert!(storage.look(&place("/model/t/thumbnail")).unwrap().is_folder);
        storage.make_folder(&place("/new")).unwrap();
        storage.remove_folder(&place("/new")).unwrap();
    });
}

#[test]
fn what_does_not_fit_is_refused_and_what_is_removed_gives_its_room_back() {
    both(100_000, |storage| {
        let free = storage.free().unwrap();
        let block = vec![7; 60_000];
        put(storage, "/a", &block).unwrap();
        assert_eq!(put(storage, "/b", &block), Err(StorageError::Full));
        assert_eq!(storage.free().unwrap(), free - 60_000);
        put(storage, "/a", &block).unwrap();
        storage.remove(&place("/a")).unwrap();
        assert_eq!(storage.free().unwrap(), free);
    });
}

#[test]
fn without_a_card_there_is_nothing() {
    let faults = Faults::default();
    let storage = Storage::in_memory(1000, faults.clone());
    faults.set(Fault::NoStorage, 1.0);
    assert_eq!(storage.look(&Place::root()), Err(StorageError::Absent));
    faults.clear(Fault::NoStorage);
    faults.set(Fault::StorageFull, 1.0);
    assert_eq!((storage.free(), put(&storage, "/x", b"")), (Ok(0), Err(StorageError::Full)));
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_neither_followed_nor_shown() {
    let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(outside.path().join("secret"), "secret").unwrap();
    let storage = Storage::in_directory(dir.path().into(), 1000, Faults::default());
    let link = |to: &std::path::Path, name: &str| {
        std::os::unix::fs::symlink(to, dir.path().join(name)).unwrap();
    };
    link(outside.path(), "out");
    link(&outside.path().join("secret"), "file");
    assert!(storage.read(&place("/out/secret")).is_err());
    assert!(storage.read(&place("/file")).is_err());
    assert!(put(&storage, "/file", b"x").is_err());
    assert!(put(&storage, "/out/new", b"x").is_err());
    assert!(storage.list(&place("/out")).is_err());
    assert!(!names(&storage, "/").iter().any(|name| name == "out" || name == "file"));
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
}
