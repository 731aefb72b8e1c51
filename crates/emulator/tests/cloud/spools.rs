//! The filament manager.

use serde_json::{Value, json};

use crate::http::{FOREIGN, MINE, Served};

const SPOOLS: &str = "/v1/design-user-service/my/filament/v2";

fn spool(name: &str, rfid: &str) -> Value {
    json!({
        "createType": "manual", "filamentVendor": "Bambu Lab", "filamentType": "PLA",
        "filamentName": name, "filamentId": "GFA00", "RFID": rfid, "color": "#FF0000",
        "netWeight": 800, "totalNetWeight": 1000, "note": "",
    })
}

async fn hits(served: &Served, query: &str) -> Vec<Value> {
    served.get(&format!("{SPOOLS}{query}")).await.json()["hits"].as_array().unwrap().clone()
}

#[tokio::test]
async fn spools_are_added_listed_changed_and_deleted() {
    let served = Served::start().await;
    for (name, rfid) in [("Basic", "TAG1"), ("Matte", "")] {
        let answer = served.call("POST", SPOOLS, spool(name, rfid)).await;
        assert_eq!((answer.status, answer.json()), (200, json!({})));
    }
    let all = hits(&served, "?offset=0&limit=10").await;
    assert_eq!((all.len(), &all[0]["filamentName"]), (2, &json!("Matte")));
    assert_eq!(hits(&served, "?RFIDs=TAG1").await[0]["filamentName"], "Basic");
    assert_eq!(hits(&served, "?status=1").await.len(), 0);
    let id = all[1]["id"].as_u64().unwrap();
    assert_eq!(hits(&served, &format!("?ids={id},7")).await.len(), 1);
    let change = json!({"id": id, "filamentName": "Basic", "netWeight": 100});
    let changed = served.call("PUT", SPOOLS, change).await.json();
    assert_eq!(changed["filamentV2"]["netWeight"], 100);
    assert_eq!(changed["filamentV2"]["totalNetWeight"], 1000);
    let gone = served.call("PUT", SPOOLS, json!({"id": 1, "filamentName": "x"})).await;
    assert_eq!(gone.status, 404);
    let batch = format!("{SPOOLS}/batch");
    let body = json!({"ids": [id.to_string()], "RFIDs": ["none"]});
    assert_eq!(served.call("DELETE", &batch, body).await.json(), json!({}));
    assert_eq!(hits(&served, "").await.len(), 1);
    assert_eq!(served.call("DELETE", &batch, json!({})).await.body, "field \"ids\" is not set");
    let refused = [
        (json!({"filamentName": "x"}), "field \"createType\" is not set"),
        (json!({"createType": "ams"}), "field \"filamentName\" is not set"),
        (
            json!({"createType": "ams", "filamentName": "x", "netWeight": "1"}),
            "type mismatch for field \"netWeight\"",
        ),
    ];
    for (body, text) in refused {
        assert_eq!(served.call("POST", SPOOLS, body).await.body, text);
    }
}

#[tokio::test]
async fn an_ams_tells_what_it_has_read() {
    let served = Served::start().await;
    let path = format!("{SPOOLS}/ams/sync");
    let item = |rfid: &str, new| {
        json!({
            "RFID": rfid, "amsId": 0, "amsSn": "AMS1", "amsType": 1, "slotId": "2",
            "filamentName": "Basic", "createNew": new, "netWeight": -1,
        })
    };
    let body = json!({"devId": MINE, "items": [item("TAG", true), item("OTHER", false)]});
    let answer = served.call("POST", &path, body).await.json();
    assert_eq!(answer["createdRFIDs"], Value::Null);
    assert!(answer["results"][0]["spoolId"].is_u64());
    assert_eq!(answer["results"][1], json!({"amsSn": "AMS1", "slotId": "2", "spoolId": null}));
    assert_eq!(hits(&served, "").await[0]["createType"], "ams");
    let again = json!({"devId": MINE, "items": [item("TAG", true)]});
    served.call("POST", &path, again).await;
    assert_eq!(hits(&served, "").await.len(), 1);
    let foreign = json!({"devId": FOREIGN, "items": [item("TAG", true)]});
    assert_eq!(served.call("POST", &path, foreign).await.status, 403);
    let empty = served.call("POST", &path, json!({"devId": "", "items": []})).await;
    assert_eq!((empty.status, empty.body.as_str()), (400, "field \"devId\" is not set"));
}

#[tokio::test]
async fn a_slot_takes_a_known_spool_of_its_own_tag() {
    let served = Served::start().await;
    served.call("POST", SPOOLS, spool("Basic", "TAG")).await;
    let id = hits(&served, "").await[0]["id"].clone();
    let path = format!("{SPOOLS}/slot-mappings/sync");
    let mapping = |rfid: Value, spool: Value| json!({"amsId": 0, "amsSn": "AMS1", "amsType": 1, "rfid": rfid, "slotId": "0", "spoolId": spool});
    let cases = [
        (json!("TAG"), id.clone(), 0),
        (Value::Null, id.clone(), 0),
        (Value::Null, Value::Null, 0),
        (Value::Null, json!(1), 2),
        (json!("OTHER"), id, 3),
    ];
    for (rfid, spool, code) in cases {
        let body = json!({"devId": MINE, "mappings": [mapping(rfid, spool)]});
        let answer = served.call("POST", &path, body).await.json();
        assert_eq!(answer["results"][0], json!({"amsSn": "AMS1", "slotId": "0", "code": code}));
    }
    let empty = served.call("POST", &path, json!({"devId": MINE, "mappings": []})).await;
    assert_eq!(empty.json(), json!({"results": []}));
}

#[tokio::test]
async fn the_catalogue_names_materials() {
    let served = Served::start().await;
    let answer = served.get("/v1/design-user-service/filament/config").await.json();
    assert!(answer["categories"].as_array().unwrap().contains(&json!("PLA")));
    let first = &answer["filamentSettings"][0];
    assert_eq!(first["filamentId"], "GFA00");
    assert_eq!(first["isSupport"], false);
}
