//! A server of ours that speaks HTTP/1.1 byte by byte: the cloud and its store in one, as far as a
//! test says.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use bambulab::{
    Cloud, Region, Roots, Token,
    cloud::{Budget, Manners},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::sleep,
};

/// One request, as far as it was read.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// What the server does once it has a request's head.
#[derive(Debug)]
pub(crate) enum Act {
    /// Reads all of it and answers.
    Reply(u16, String),
    /// Answers at once, then reads the rest.
    Early(u16, String),
    /// Reads the body with pauses, answers 200 after them.
    Slow,
    /// Reads so many bytes of the body and hangs up.
    Cut(usize),
    /// Reads so many bytes of the body and then nothing for ever.
    Stall(usize),
}

type Handler = dyn Fn(&Asked) -> Act + Send + Sync;

pub(crate) struct Server {
    pub(crate) cloud: Cloud,
    asked: Arc<Mutex<Vec<Asked>>>,
    _tasks: JoinSet<()>,
}

impl Asked {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Server {
    /// `handler` is given the server's address and makes of it what decides every request.
    pub(crate) async fn new<F>(handler: impl FnOnce(String) -> F) -> Self
    where
        F: Fn(&Asked) -> Act + Send + Sync + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let endpoint = Region::Global.endpoint().with_api_url(&url).unwrap();
        let manners = Manners { budget: Budget::off(), ..Manners::default() };
        let token = Some(Token::new("AQAsecretToken"));
        let cloud = Cloud::with(&endpoint, token, &Roots::public(), manners).unwrap();
        let handler: Arc<Handler> = Arc::new(handler(url));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = JoinSet::new();
        let heard = asked.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(stream, handler.clone(), heard.clone()));
            }
        });
        Self { cloud, asked, _tasks: tasks }
    }

    /// Every request so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Method and path of every request so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.asked().iter().map(|it| format!("{} {}", it.method, it.path())).collect()
    }
}

async fn serve(stream: TcpStream, handler: Arc<Handler>, heard: Arc<Mutex<Vec<Asked>>>) {
    let mut stream = BufReader::new(stream);
    while let Some(mut asked) = head(&mut stream).await {
        let length: usize = asked.headers.get("content-length").map_or(0, |it| it.parse().unwrap());
        let at = {
            let mut heard = heard.lock().unwrap();
            heard.push(asked.clone());
            heard.len() - 1
        };
        let act = handler(&asked);
        if let Act::Early(status, body) = &act {
            answer(&mut stream, *status, body).await;
        }
        let read = match &act {
            Act::Cut(bytes) | Act::Stall(bytes) => *bytes,
            _ => length,
        };
        let mut body = vec![0; read];
        for piece in body.chunks_mut(read.div_ceil(16).max(1)) {
            if stream.read_exact(piece).await.is_err() {
                return;
            }
            if matches!(act, Act::Slow) {
                sleep(Duration::from_millis(60)).await;
            }
        }
        asked.body = body;
        heard.lock().unwrap()[at] = asked;
        match act {
            Act::Reply(status, body) => answer(&mut stream, status, &body).await,
            Act::Slow => answer(&mut stream, 200, "").await,
            Act::Early(..) => {}
            Act::Cut(_) => return,
            Act::Stall(_) => std::future::pending().await,
        }
    }
}

async fn head(stream: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ').map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers = lines.filter_map(header).collect();
    Some(Asked { method, target, headers, body: Vec::new() })
}

async fn answer(stream: &mut BufReader<TcpStream>, status: u16, body: &str) {
    let length = body.len();
    let text = format!("HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\n\r\n{body}");
    let _ = stream.write_all(text.as_bytes()).await;
}
