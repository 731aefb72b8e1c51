//! What the object store says over HTTP: PUT, GET and HEAD of objects at signed URLs.

use std::{future::poll_fn, io, pin::Pin, sync::Arc};

use axum::{
    Router,
    body::{Body, Bytes, HttpBody},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use jiff::Timestamp;
use md5::{Digest, Md5};
use tokio::{fs::File, io::AsyncWriteExt, net::TcpListener};
use tokio_util::{io::ReaderStream, sync::CancellationToken};

use super::{
    BUCKET, Store,
    connection::{Bounded, Cut},
    error::Refused,
    shelf::{Full, Object, Room},
    signature::{Signed, decoded, is_right, pairs},
};
use crate::{cloud::http, faults::Fault};

/// Longest key, in bytes, as S3 has it.
const MAX_KEY: usize = 1024;
/// Largest object that one PUT brings, as S3 has it: 5 GiB.
const MAX_OBJECT: u64 = 5 << 30;
/// Bytes that are read from a file at once.
const CHUNK: usize = 256 * 1024;

pub(super) async fn serve(
    store: Arc<Store>,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let routes = Router::new().fallback(answer).with_state(store);
    let stop = shutdown.clone();
    let routes = routes.into_make_service_with_connect_info::<Cut>();
    let served = axum::serve(Bounded::new(listener), routes)
        .with_graceful_shutdown(async move { stop.cancelled().await });
    http::end(served, shutdown).await
}

async fn answer(
    State(store): State<Arc<Store>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    request: Request,
) -> Response {
    let id = store.request_id();
    let (parts, body) = request.into_parts();
    let head = parts.method == Method::HEAD;
    let mut answer = match object(&store, &cut, &parts, body).await {
        Ok(answer) => answer,
        Err(refused) => {
            let mut answer = refused.answer(&id, head);
            if parts.method == Method::PUT {
                // The rest of the body is not waited for.
                let close = HeaderValue::from_static("close");
                answer.headers_mut().insert(header::CONNECTION, close);
            }
            answer
        }
    };
    store.counts.add(&format!("{} (store)", parts.method), answer.status().as_u16());
    let headers = answer.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert("x-amz-request-id", id);
    }
    headers.insert("x-amz-id-2", HeaderValue::from_static("simulator"));
    headers.insert(header::SERVER, HeaderValue::from_static("AmazonS3"));
    answer
}

async fn object(store: &Store, cut: &Cut, parts: &Parts, body: Body) -> Result<Response, Refused> {
    check(store, parts)?;
    let path = parts.uri.path();
    let (bucket, key) = path.strip_prefix('/').unwrap_or(path).split_once('/').unwrap_or_default();
    if bucket != BUCKET {
        return Err(Refused::NoSuchBucket(bucket.to_owned()));
    }
    let key = decoded(key, false).filter(|key| !key.is_empty() && key.len() <= MAX_KEY);
    let key = key.ok_or(Refused::InvalidKey)?;
    match parts.method {
        Method::PUT => put(store, cut, &key, &parts.headers, body).await,
        Method::GET => get(store, key, false).await,
        Method::HEAD => get(store, key, true).await,
        _ => Err(Refused::MethodNotAllowed(parts.method.to_string())),
    }
}

/// Whether the request is signed by the one key pair, and in time.
fn check(store: &Store, parts: &Parts) -> Result<(), Refused> {
    let query = pairs(parts.uri.query().unwrap_or("")).ok_or(Refused::InvalidKey)?;
    let parameter =
        |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let (Some(access_key_id), Some(expires), Some(signature)) =
        (parameter("AWSAccessKeyId"), parameter("Expires"), parameter("Signature"))
    else {
        return Err(Refused::Unsigned);
    };
    if access_key_id != store.access_key_id {
        return Err(Refused::InvalidAccessKeyId(access_key_id.to_owned()));
    }
    let ended: i64 = expires.parse().map_err(|_| Refused::InvalidExpires)?;
    if ended < Timestamp::now().as_second() {
        return Err(Refused::Expired(ended));
    }
    let header = |name: header::HeaderName| {
        parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    };
    let sent = parts.headers.iter().filter_map(|(name, value)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    });
    // Those in the query count as headers.
    let amz: Vec<_> = sent
        .chain(query.iter().map(|(key, value)| (key.to_ascii_lowercase(), value.clone())))
        .filter(|(name, _)| name.starts_with("x-amz-"))
        .collect();
    let signed = Signed {
        method: parts.method.as_str(),
        md5: header(header::HeaderName::from_static("content-md5")),
        content_type: header(header::CONTENT_TYPE),
        expires,
        amz: &amz,
        path: parts.uri.path(),
        query: &query,
    };
    let text = signed.text();
    if is_right(&store.secret_access_key, &text, signature) {
        return Ok(());
    }
    let (access_key_id, signature) = (access_key_id.to_owned(), signature.to_owned());
    Err(Refused::SignatureDoesNotMatch { access_key_id, text, signature })
}

async fn put(
    store: &Store,
    cut: &Cut,
    key: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Refused> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    let length: u64 =
        length.and_then(|length| length.parse().ok()).ok_or(Refused::MissingContentLength)?;
    let wanted = wanted_md5(headers)?;
    let largest = store.shelf().capacity().min(MAX_OBJECT);
    if length > largest {
        return Err(Refused::EntityTooLarge(length, largest));
    }
    let room = store.shelf().room(length).map_err(|full| match full {
        Full::TooLarge => Refused::EntityTooLarge(length, largest),
        Full::Busy => Refused::SlowDown,
    })?;
    let breaks_at = store.faults.strikes(Fault::CutUpload).then_some(length / 2);
    let Some(md5) = write(&room, length, body, breaks_at).await? else {
        cut.now();
        // Never sent: the connection is gone.
        return Err(Refused::IncompleteBody);
    };
    if let Some(wanted) = wanted.filter(|wanted| *wanted != md5) {
        let (wanted, got) = (BASE64_STANDARD.encode(wanted), BASE64_STANDARD.encode(md5));
        return Err(Refused::BadDigest { wanted, got });
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    store.shelf().put(key, room, md5, content_type.map(str::to_owned));
    Ok([(header::ETAG, etag(&md5))].into_response())
}

/// Writes a body to its file and computes its MD5; `None` once `breaks_at` bytes are through.
async fn write(
    room: &Room,
    length: u64,
    mut body: Body,
    breaks_at: Option<u64>,
) -> Result<Option<[u8; 16]>, Refused> {
    let mut file = File::create(room.path()).await?;
    let (mut md5, mut written) = (Md5::new(), 0_u64);
    while let Some(chunk) = next(&mut body).await? {
        written = written.saturating_add(chunk.len() as u64);
        if breaks_at.is_some_and(|at| written >= at) {
            return Ok(None);
        }
        md5.update(&chunk);
        file.write_all(&chunk).await?;
    }
    if breaks_at.is_some() {
        return Ok(None);
    }
    if written != length {
        return Err(Refused::IncompleteBody);
    }
    file.flush().await?;
    Ok(Some(md5.finalize().into()))
}

/// The next bytes of a body.
async fn next(body: &mut Body) -> Result<Option<Bytes>, Refused> {
    loop {
        let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
        match frame {
            None => return Ok(None),
            Some(Err(_)) => return Err(Refused::IncompleteBody),
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    return Ok(Some(bytes));
                }
            }
        }
    }
}

async fn get(store: &Store, key: String, head: bool) -> Result<Response, Refused> {
    let object = store.object(&key).ok_or(Refused::NoSuchKey(key))?;
    let body = if head { Body::empty() } else { bytes(&object).await? };
    let modified = object.stored.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let kind = object.content_type.as_deref().unwrap_or("binary/octet-stream");
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_LENGTH, object.size.to_string()),
        (header::ETAG, etag(&object.md5)),
        (header::LAST_MODIFIED, modified),
    ];
    Ok((StatusCode::OK, headers, body).into_response())
}

async fn bytes(object: &Object) -> Result<Body, Refused> {
    let file = File::open(object.path()).await?;
    Ok(Body::from_stream(ReaderStream::with_capacity(file, CHUNK)))
}

fn wanted_md5(headers: &HeaderMap) -> Result<Option<[u8; 16]>, Refused> {
    let Some(value) = headers.get("content-md5") else { return Ok(None) };
    let bytes = BASE64_STANDARD.decode(value.as_bytes()).ok();
    let md5 = bytes.and_then(|bytes| bytes.try_into().ok());
    md5.map(Some).ok_or(Refused::InvalidDigest)
}

fn etag(md5: &[u8; 16]) -> String {
    let hex: String = md5.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}
