use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use axum::{
    body::{Body, to_bytes},
    http::Request,
};
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
const FACES: [Face; 4] = [Face::ProxyStrict, Face::ProxyFull, Face::Compat, Face::Camera];

fn json(face: Option<Face>) -> Value {
    serde_json::from_str(&text(face)).unwrap()
}

/// Every value of a document, from the outside in.
fn each(value: &Value, see: &mut impl FnMut(&Value)) {
    see(value);
    match value {
        Value::Object(map) => map.values().for_each(|value| each(value, see)),
        Value::Array(list) => list.iter().for_each(|value| each(value, see)),
        _ => {}
    }
}

#[test]
fn the_copy_in_docs_is_what_the_code_says() {
    let (kept, said) = (Path::new(KEPT), text(None));
    if std::env::var_os("RENEW").is_some() {
        fs::write(kept, &said).unwrap();
    }
    let same = fs::read_to_string(kept).is_ok_and(|kept| kept == said);
    assert!(same, "renew it: RENEW=1 cargo test -p bambu-server the_copy_in_docs");
}

#[test]
fn every_reference_leads_somewhere_and_nothing_is_described_for_nobody() {
    for face in FACES.map(Some).into_iter().chain([None]) {
        let document = json(face);
        let mut used = BTreeSet::new();
        each(&document, &mut |value| {
            if let Some(target) = value.get("$ref").and_then(Value::as_str) {
                let pointer = target.strip_prefix('#').unwrap();
                assert!(document.pointer(pointer).is_some(), "{face:?} {target}");
                used.insert(pointer.to_owned());
            }
        });
        for kind in ["schemas", "responses"] {
            for name in document["components"][kind].as_object().unwrap().keys() {
                let pointer = format!("/components/{kind}/{name}");
                assert!(used.contains(&pointer), "{face:?} {pointer}");
            }
        }
    }
}

#[test]
fn every_route_has_a_name_of_its_own_and_its_examples_have_what_they_need() {
    for face in FACES.map(Some).into_iter().chain([None]) {
        let document = json(face);
        let mut ids = BTreeSet::new();
        each(&document["paths"], &mut |value| {
            if let Some(id) = value.get("operationId").and_then(Value::as_str) {
                assert!(ids.insert(id.to_owned()), "{face:?} {id} is there twice");
            }
        });
        let mut examples = 0;
        each(&document, &mut |value| {
            let (Some(schema), Some(example)) = (value.get("schema"), value.get("example")) else {
                return;
            };
            if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
                let schema = document.pointer(target.strip_prefix('#').unwrap()).unwrap();
                for key in schema["required"].as_array().into_iter().flatten() {
                    assert!(example.get(key.as_str().unwrap()).is_some(), "{target} {key}");
                }
                examples += 1;
            }
        });
        assert!(examples > 10, "{examples}");
    }
}

/// The routes that the sources mount, by path, and the functions that they are mounted with.
fn mounted() -> BTreeMap<String, BTreeSet<String>> {
    let (mut folders, mut found) = (vec![PathBuf::from(SOURCES)], BTreeMap::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if is_source(&path) {
                read(&fs::read_to_string(&path).unwrap(), &mut found);
            }
        }
    }
    found
}

/// Whether a file belongs to the server rather than to its tests.
fn is_source(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".rs") && name != "tests.rs" && name != "testbed.rs"
}

fn read(source: &str, found: &mut BTreeMap<String, BTreeSet<String>>) {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    // What the description itself is written with is not a mounted route.
    for call in source.split(".route(").skip(1).filter(|_| source.contains("Router::new()")) {
        let (first, rest) = call.split_once(',').unwrap();
        let constant = |name: &str| {
            let (_, value) = source.split_once(&format!("const {name}: &str =")).unwrap();
            value.split('"').nth(1).unwrap().to_owned()
        };
        let path = match first.split('"').nth(1) {
            // Begins with a constant, or does not.
            Some(literal) => match literal.strip_prefix('{').and_then(|it| it.split_once('}')) {
                Some((name, rest)) => constant(name) + rest,
                None => literal.to_owned(),
            },
            None => constant(first.trim()),
        };
        let method = rest.trim().split('(').next().unwrap_or_default();
        let path = path.replace("{*", "{");
        found.entry(path).or_default().insert(method.to_owned());
    }
}

#[test]
fn every_route_that_is_mounted_is_described_and_the_other_way_round() {
    let (mounted, document) = (mounted(), json(None));
    let described = document["paths"].as_object().unwrap();
    for (path, methods) in &mounted {
        let item = described.get(path).unwrap_or_else(|| panic!("{path} is not described"));
        for method in methods.iter().filter(|method| ["get", "post"].contains(&method.as_str())) {
            assert!(item.get(method).is_some(), "{method} {path} is not described");
        }
    }
    // What is forwarded is no route of its own.
    for path in described.keys().filter(|path| *path != "/v1/{path}") {
        assert!(mounted.contains_key(path), "{path} is described and not mounted");
    }
}

#[tokio::test]
async fn each_face_serves_its_own_description_and_a_page_that_loads_nothing_from_elsewhere() {
    for face in FACES {
        let ask = |path| {
            let request = Request::get(path).body(Body::empty()).unwrap();
            routes(face).oneshot(request)
        };
        let answer = ask("/openapi.json").await.unwrap();
        assert_eq!(answer.headers()["content-type"], "application/json");
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let document: Value = serde_json::from_slice(&body).unwrap();
        let paths = document["paths"].as_object().unwrap();
        assert_eq!(paths.contains_key("/api/v1/status"), face == Face::Compat);
        let writes = paths.get("/v1/{path}").is_some_and(|item| item.get("delete").is_some());
        assert_eq!(writes, face == Face::ProxyFull);

        let answer = ask("/docs").await.unwrap();
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        let page = std::str::from_utf8(&body).unwrap();
        assert!(!page.contains("http://") && !page.contains("https://"), "{page}");
        assert!(!page.contains(" src=") && !page.contains("innerHTML"), "{page}");
    }
}
