//! The object store over the wire: what it takes, and how it refuses.

use std::sync::Arc;

use bambu_emulator::{
    cloud::{
        counts::Counts,
        store::{BUCKET, DEFAULT_CAPACITY, Setup, Store},
    },
    faults::{Fault, Faults},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::http::{Answer, ask};

const KEY: &str = "users/1/filename/2026-11-21/cube.3mf";

struct Shop {
    store: Arc<Store>,
    faults: Faults,
    counts: Counts,
    port: u16,
    dir: TempDir,
    _task: AbortOnDropHandle<()>,
}

impl Shop {
    async fn open(capacity: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let dir = tempfile::tempdir().unwrap();
        let (faults, counts) = (Faults::new(1), Counts::default());
        let setup = Setup {
            url: format!("http://127.0.0.1:{port}"),
            seed: 1,
            capacity,
            faults: faults.clone(),
            counts: counts.clone(),
        };
        let store = Arc::new(Store::open(&dir.path().join("store"), setup).unwrap());
        let run = Arc::clone(&store).run(listener, CancellationToken::new());
        let task = AbortOnDropHandle::new(tokio::spawn(async move { run.await.unwrap() }));
        Self { store, faults, counts, port, dir, _task: task }
    }

    fn target(&self, url: &str) -> String {
        url.strip_prefix(self.store.url()).unwrap().to_owned()
    }

    async fn ask(&self, method: &str, url: &str, headers: &[&str], body: &str) -> Answer {
        ask(self.port, method, &self.target(url), headers, body).await
    }

    async fn put(&self, key: &str, body: &str) -> Answer {
        self.ask("PUT", &self.store.presign_put(key), &[], body).await
    }

    /// Sends these bytes and reads to the end.
    async fn raw(&self, request: &str) -> String {
        let mut tcp = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        tcp.write_all(request.as_bytes()).await.unwrap();
        tcp.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = tcp.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }
}

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert!(answer.body.contains(&format!("<Code>{code}</Code>")), "{answer:?}");
    assert!(answer.head.contains("application/xml"), "{answer:?}");
}

#[tokio::test]
async fn a_file_is_put_and_got_back_by_signed_urls() {
    let shop = Shop::open(DEFAULT_CAPACITY).await;
    let put = shop.put(KEY, "hello").await;
    assert_eq!((put.status, put.body.as_str()), (200, ""));
    assert!(put.head.contains("etag: \"5d41402abc4b2a76b9719d911017c592\""), "{}", put.head);
    let get = shop.ask("GET", &shop.store.presign_get(KEY), &[], "").await;
    assert_eq!((get.status, get.body.as_str()), (200, "hello"));
    let head = shop.store.presign("HEAD", KEY, std::time::Duration::from_secs(60));
    let head = shop.ask("HEAD", &head, &[], "").await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert!(head.head.contains("content-length: 5"), "{}", head.head);
    assert_eq!(shop.store.object(KEY).unwrap().md5_hex(), "5D41402ABC4B2A76B9719D911017C592");
    assert_eq!(shop.counts.all()["PUT (store)"][&200], 1);
    let url = shop.store.presign_put("users/1/a b+ä.3mf");
    assert_eq!(shop.store.key_of(&url).as_deref(), Some("users/1/a b+ä.3mf"));
    assert_eq!(shop.ask("PUT", &url, &[], "x").await.status, 200);
    assert!(shop.store.object("users/1/a b+ä.3mf").is_some());
}

#[tokio::test]
async fn one_byte_changed_anywhere_is_refused() {
    let shop = Shop::open(DEFAULT_CAPACITY).await;
    let url = shop.store.presign_put(KEY);
    let (path, query) = url.split_once('?').unwrap();
    let other = |from: &str, to: &str| format!("{path}?{}", query.replacen(from, to, 1));
    let shop = &shop;
    let wrong = |url: String| async move { shop.ask("PUT", &url, &[], "x").await };
    refused(&wrong(url.replacen("cube", "cubf", 1)).await, 403, "SignatureDoesNotMatch");
    refused(&wrong(other("Expires=1", "Expires=2")).await, 403, "SignatureDoesNotMatch");
    refused(&wrong(other("Signature=", "Signature=A")).await, 403, "SignatureDoesNotMatch");
    refused(&wrong(other("AKIA", "AKIB")).await, 403, "InvalidAccessKeyId");
    refused(&wrong(other("Expires=", "Expired=")).await, 403, "AccessDenied");
    refused(&wrong(path.to_owned()).await, 403, "AccessDenied");
    refused(&wrong(format!("{url}&acl")).await, 403, "SignatureDoesNotMatch");
    refused(&shop.ask("POST", &url, &[], "x").await, 403, "SignatureDoesNotMatch");
    let typed = shop.ask("PUT", &url, &["Content-Type: application/octet-stream"], "x").await;
    refused(&typed, 403, "SignatureDoesNotMatch");
    let text = "<StringToSign>PUT\n\napplication/octet-stream\n";
    assert!(typed.body.contains(text), "{}", typed.body);
    assert!(typed.body.contains("<StringToSignBytes>50 55 54 0a"), "{}", typed.body);
    let amz = shop.ask("PUT", &url, &["x-amz-acl: public-read"], "x").await;
    refused(&amz, 403, "SignatureDoesNotMatch");
    assert!(amz.body.contains("x-amz-acl:public-read"), "{}", amz.body);
    assert!(shop.store.object(KEY).is_none());
}

#[tokio::test]
async fn an_old_url_is_told_to_be_old_and_nothing_is_there_that_nobody_put() {
    let shop = Shop::open(DEFAULT_CAPACITY).await;
    let url = shop.store.presign_put(KEY);
    let (before, after) = url.split_once("Expires=").unwrap();
    let (_, after) = after.split_once('&').unwrap();
    let old = shop.ask("PUT", &format!("{before}Expires=1175139620&{after}"), &[], "x").await;
    refused(&old, 403, "AccessDenied");
    assert!(old.body.contains("<Message>Request has expired</Message>"), "{}", old.body);
    assert!(old.body.contains("<Expires>2007-03-29T03:40:20Z</Expires>"), "{}", old.body);
    refused(&shop.ask("GET", &shop.store.presign_get(KEY), &[], "").await, 404, "NoSuchKey");
}

#[tokio::test]
async fn a_body_has_a_length_a_digest_if_any_and_a_limit() {
    let shop = Shop::open(10).await;
    let url = shop.store.presign_put(KEY);
    let target = shop.target(&url);
    let chunked = format!(
        "PUT {target} HTTP/1.1\r\nHost: s\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
    );
    let answer = shop.raw(&chunked).await;
    assert!(answer.starts_with("HTTP/1.1 411") && answer.contains("MissingContentLength"));
    refused(&shop.put(KEY, "eleven byte").await, 400, "EntityTooLarge");
    // Content-MD5 is signed, so one that nobody signed is no digest but another string.
    let md5 = shop.ask("PUT", &url, &["Content-MD5: XUFAKrxLKna5cZ2REBfFkg=="], "hello").await;
    refused(&md5, 403, "SignatureDoesNotMatch");
    assert_eq!(shop.put("a", "12345").await.status, 200);
    shop.store.keep("a");
    assert_eq!(shop.put("b", "12345").await.status, 200);
    assert_eq!(shop.put("c", "12345").await.status, 200);
    assert!(shop.store.object("a").is_some() && shop.store.object("b").is_none());
    shop.store.keep("c");
    refused(&shop.put("d", "1").await, 503, "SlowDown");
}

#[tokio::test]
async fn a_body_that_ends_early_leaves_nothing() {
    let shop = Shop::open(100).await;
    let target = shop.target(&shop.store.presign_put(KEY));
    let half = format!("PUT {target} HTTP/1.1\r\nHost: s\r\nContent-Length: 100\r\n\r\nhalf");
    let answer = shop.raw(&half).await;
    assert!(answer.is_empty() || answer.contains("IncompleteBody"), "{answer}");
    assert!(shop.store.object(KEY).is_none());
    // All room is there again, in the end.
    for _ in 0..200 {
        if shop.put("b", &"x".repeat(100)).await.status == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let files = std::fs::read_dir(shop.dir.path().join("store")).unwrap();
    assert_eq!(files.count(), 1);
}

#[tokio::test]
async fn who_waits_for_100_continue_gets_it_and_nobody_waits_for_a_refusal() {
    let shop = Shop::open(DEFAULT_CAPACITY).await;
    let target = shop.target(&shop.store.presign_put(KEY));
    let head = |target: &str| {
        format!(
            "PUT {target} HTTP/1.1\r\nHost: s\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\
             Connection: close\r\n\r\n"
        )
    };
    let mut tcp = TcpStream::connect(("127.0.0.1", shop.port)).await.unwrap();
    tcp.write_all(head(&target).as_bytes()).await.unwrap();
    let mut go = [0; 25];
    tcp.read_exact(&mut go).await.unwrap();
    assert_eq!(&go, b"HTTP/1.1 100 Continue\r\n\r\n");
    tcp.write_all(b"hello").await.unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let answer = shop.raw(&head(&target.replace("Signature=", "Signature=A"))).await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.contains(BUCKET), "{answer}");
}

#[tokio::test]
async fn an_upload_that_is_cut_ends_in_a_reset_and_works_when_tried_again() {
    let shop = Shop::open(DEFAULT_CAPACITY).await;
    shop.faults.set(Fault::CutUpload, 1.0);
    let target = shop.target(&shop.store.presign_put(KEY));
    let mut tcp = TcpStream::connect(("127.0.0.1", shop.port)).await.unwrap();
    let size = 8 << 20;
    let head = format!("PUT {target} HTTP/1.1\r\nHost: s\r\nContent-Length: {size}\r\n\r\n");
    tcp.write_all(head.as_bytes()).await.unwrap();
    let mut sent = Ok(());
    for _ in 0..(size >> 16) {
        sent = tcp.write_all(&[b'x'; 1 << 16]).await;
        if sent.is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    let ended = match sent {
        Ok(()) => tcp.read_to_end(&mut answer).await.map(|_| ()),
        Err(error) => Err(error),
    };
    assert!(ended.is_err() && answer.is_empty(), "{ended:?} {answer:?}");
    assert!(shop.store.object(KEY).is_none());
    shop.faults.clear(Fault::CutUpload);
    assert_eq!(shop.put(KEY, "whole").await.status, 200);
}
