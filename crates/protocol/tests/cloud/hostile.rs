//! Bodies that no cloud should send.

use bambu_protocol::cloud::*;
use proptest::{collection::vec, prelude::*};
use serde_json::Value;

use crate::serial;

/// Every body, read; what comes out serializes, where it can.
fn read_all(body: &[u8]) {
    macro_rules! read {
        ($($kind:ty),*) => {$(
            if let Ok(body) = serde_json::from_slice::<$kind>(body) {
                let _ = (format!("{body:?}"), serde_json::to_string(&body));
            }
        )*};
    }
    read!(
        Preference,
        Profile,
        Devices,
        Jobs,
        Versions,
        Tasks,
        Task,
        SliceTask,
        Projects,
        Project,
        PrintProfile,
        CreatedProject,
        Messages,
        Notification,
        SlicerSettings,
        Preset,
        StoredPreset,
        SlicerResources,
        Spools,
        ChangedSpool,
        FilamentCatalogue,
        AmsSynced,
        SlotsMapped,
        CameraCredentials,
        Bound,
        TicketState,
        Owners,
        UploadUrls,
        CreatedTask,
        Refusal
    );
    if let Ok(tasks) = serde_json::from_slice::<Tasks>(body) {
        let _ = tasks.total();
        for task in &tasks.tasks {
            let _ = (task.state(), task.model());
        }
    }
    let _ = serde_json::from_slice::<SliceTask>(body).map(|task| task.plate_index());
    let _ = serde_json::from_slice::<Versions>(body).map(|versions| versions.of(&serial()));
    let _ = Refusal::read(body).text();
}

/// Any value under the keys that bodies have.
fn body() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        "https://[a-z@/?#]{0,12}".prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "devices",
        "dev_id",
        "hits",
        "tasks",
        "total",
        "value",
        "id",
        "projects",
        "profiles",
        "context",
        "plates",
        "content",
        "setting",
        "settings",
        "print",
        "private",
        "public",
        "url",
        "cover",
        "ttcode",
        "results",
        "amsDetailMapping",
        "taskMessage",
        "data",
        "code",
        "message",
        "status",
        "firmware",
        "ams",
        "urls",
        "colors",
        "nozzle_diameter",
        "productModels",
    ]);
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((key.clone(), inner), 0..6)
                .prop_map(|pairs| pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_body_makes_a_reader_panic(body in body()) {
        read_all(body.to_string().as_bytes());
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in vec(any::<u8>(), 0..200)) {
        read_all(&bytes);
    }
}
