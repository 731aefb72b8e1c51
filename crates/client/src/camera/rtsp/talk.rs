//! One RTSP connection: requests with their login, answers, and frames between them.

use std::time::Duration;

use bambu_protocol::{
    camera::USER,
    rtsp::{
        BadMessage, Headers, Interleaved, Message, Reader, Request, Response,
        auth::{Challenge, Count, Login},
    },
};
use bytes::BytesMut;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::client::TlsStream;

use super::{CameraError, Dial};

/// How long the end of a session may take.
const GOODBYE: Duration = Duration::from_millis(500);
/// How often one thing is asked with another login.
const MAX_TRIES: u32 = 4;
/// Most that waits to be sent.
const OUTBOX: usize = 64 << 10;

/// A connection, and how the printer wants to be spoken to.
pub(super) struct Talk {
    /// Boxed, since futures that move it keep room for each place it was in.
    stream: Box<TlsStream<TcpStream>>,
    reader: Reader,
    outbox: BytesMut,
    patience: Duration,
    login: Login,
    challenge: Option<Challenge>,
    count: Count,
    /// Whether a login was accepted.
    is_in: bool,
    sequence: u32,
    /// Whether anything that is RTSP was read.
    has_spoken: bool,
    /// Its name, and the address of all of it.
    session: Option<(String, String)>,
    /// `GET_PARAMETER`, or what this server knows instead.
    keep_by: &'static str,
}

impl Talk {
    pub(super) fn new(dial: &Dial, stream: TlsStream<TcpStream>) -> Self {
        let password = dial.target.access_code.reveal().to_owned();
        Self {
            stream: Box::new(stream),
            reader: Reader::default(),
            outbox: BytesMut::new(),
            patience: dial.patience(),
            login: Login { user: USER.to_owned(), password },
            challenge: None,
            count: Count { nonce: format!("{:016x}", rand::random::<u64>()), uses: 0 },
            is_in: false,
            sequence: 0,
            has_spoken: false,
            session: None,
            keep_by: "GET_PARAMETER",
        }
    }

    /// All requests from now on belong to this session.
    pub(super) fn begin(&mut self, session: &str, uri: &str) {
        self.session = Some((session.to_owned(), uri.to_owned()));
    }

    /// Asks and waits for the answer, logging in when that is wanted. Frames before it are `taken`.
    pub(super) async fn ask(
        &mut self,
        method: &str,
        uri: &str,
        headers: Headers,
        taken: &mut (dyn FnMut(Interleaved) -> Result<(), CameraError> + Send),
    ) -> Result<Response, CameraError> {
        let patience = self.patience;
        for _ in 0..MAX_TRIES {
            let proves = self.send(method, uri, &headers);
            let answer = async {
                self.flush().await?;
                self.answer(taken).await
            };
            // Whoever is the second one is taken and then left waiting.
            let answer = timeout(patience, answer).await.map_err(|_| CameraError::InUse)??;
            if answer.status != 401 {
                self.is_in |= proves;
                return Ok(answer);
            }
            if !self.logs_in(&answer, proves)? {
                break;
            }
        }
        Err(CameraError::WrongAccessCode)
    }

    /// Whether a login was accepted.
    pub(super) fn is_in(&self) -> bool {
        self.is_in
    }

    /// Takes up how the printer wants a login, and says whether it would be another one than that
    /// which it refused just now.
    fn logs_in(&mut self, answer: &Response, was_proved: bool) -> Result<bool, CameraError> {
        let unknown = || CameraError::NotThisKind("it wants an unknown kind of login".to_owned());
        let wanted = Challenge::best_of(&answer.headers).ok_or_else(unknown)?;
        let is_new = self.challenge.as_ref() != Some(&wanted);
        let is_stale = matches!(&wanted, Challenge::Digest(digest) if digest.is_stale);
        self.challenge = Some(wanted);
        self.count.uses = 0;
        // Who was let in with the same code may be asked anew, without a word about why.
        let was_in = std::mem::take(&mut self.is_in);
        Ok(!was_proved || (is_new && (is_stale || was_in)))
    }

    /// Queues a request and says whether it proves the login.
    fn send(&mut self, method: &str, uri: &str, headers: &Headers) -> bool {
        self.sequence = self.sequence.wrapping_add(1);
        let mut request = Request::new(method, uri);
        request.headers.push("CSeq", self.sequence.to_string());
        if let Some(challenge) = &self.challenge {
            self.count.uses = self.count.uses.wrapping_add(1);
            let proof = challenge.answer(&self.login, method, uri, &self.count);
            request.headers.push("Authorization", proof);
        }
        request.headers.push("User-Agent", concat!("bambu/", env!("CARGO_PKG_VERSION")));
        if let Some((session, _)) = &self.session {
            request.headers.push("Session", session);
        }
        for (name, value) in headers.iter() {
            request.headers.push(name, value);
        }
        self.queue(&request.encode());
        self.challenge.is_some()
    }

    async fn answer(
        &mut self,
        taken: &mut (dyn FnMut(Interleaved) -> Result<(), CameraError> + Send),
    ) -> Result<Response, CameraError> {
        loop {
            while let Some(message) = self.message()? {
                match message {
                    Message::Interleaved(frame) => taken(frame)?,
                    Message::Request(request) => self.refuse(&request)?,
                    Message::Response(response) if self.is_mine(&response) => return Ok(response),
                    Message::Response(_) => {}
                }
            }
            self.read().await?;
        }
    }

    /// Whether it answers the last request. One without a number answers it, too.
    fn is_mine(&self, response: &Response) -> bool {
        let number = response.headers.value("CSeq");
        number.is_none_or(|number| number.parse() == Ok(self.sequence))
    }

    /// Tells that somebody is still there.
    pub(super) fn keep(&mut self) {
        let uri = self.session.as_ref().map_or("*", |(_, uri)| uri).to_owned();
        self.send(self.keep_by, &uri, &Headers::default());
    }

    /// The answer to [`Talk::keep`].
    pub(super) fn kept(&mut self, response: &Response) -> Result<(), CameraError> {
        match response.status {
            401 if !self.logs_in(response, true)? => {
                return Err(CameraError::Lost("it refuses the login now".to_owned()));
            }
            // The next one has the new login.
            401 => {}
            404 | 454 => return Err(CameraError::Lost("it has ended the session".to_owned())),
            400..=599 => self.keep_by = "OPTIONS",
            _ => self.is_in = true,
        }
        Ok(())
    }

    /// Answers what the printer wants from us, which is nothing that we do.
    pub(super) fn refuse(&mut self, request: &Request) -> Result<(), CameraError> {
        if request.method == "TEARDOWN" {
            return Err(CameraError::Lost("it ended the stream".to_owned()));
        }
        let mut response = Response::new(501, "Not Implemented");
        if let Some(number) = request.headers.value("CSeq") {
            response.headers.push("CSeq", number);
        }
        self.queue(&response.encode());
        Ok(())
    }

    /// What has come whole; `None` until more is read.
    pub(super) fn message(&mut self) -> Result<Option<Message>, CameraError> {
        let message = self.reader.message().map_err(|bad| self.odd(bad))?;
        self.has_spoken |= message.is_some();
        Ok(message)
    }

    fn odd(&self, bad: BadMessage) -> CameraError {
        match self.has_spoken {
            true => CameraError::Malformed(bad.to_string()),
            false => CameraError::NotThisKind(bad.to_string()),
        }
    }

    /// Waits for bytes. May be dropped and called again without losing any.
    pub(super) async fn read(&mut self) -> Result<(), CameraError> {
        let hung_up = || CameraError::Lost("it hung up".to_owned());
        let length = match self.stream.fill_buf().await {
            Ok([]) => return Err(hung_up()),
            Ok(bytes) => {
                self.reader.extend(bytes);
                bytes.len()
            }
            // Printers hang up without a word of TLS.
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Err(hung_up());
            }
            Err(error) => return Err(CameraError::Lost(error.to_string())),
        };
        self.stream.consume(length);
        Ok(())
    }

    /// Puts bytes behind those that wait for [`Talk::flush`]; none where the printer reads nothing.
    pub(super) fn queue(&mut self, bytes: &[u8]) {
        if self.outbox.len().saturating_add(bytes.len()) <= OUTBOX {
            self.outbox.extend_from_slice(bytes);
        }
    }

    /// Sends what waits. May be dropped and called again.
    pub(super) async fn flush(&mut self) -> Result<(), CameraError> {
        if self.outbox.is_empty() {
            return Ok(());
        }
        let sent = timeout(self.patience, async {
            self.stream.write_all_buf(&mut self.outbox).await?;
            self.stream.flush().await
        });
        match sent.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(CameraError::Lost(error.to_string())),
            Err(_) => Err(CameraError::Lost("it takes nothing any more".to_owned())),
        }
    }

    /// Ends the session, if there is one, and hangs up.
    pub(super) async fn close(mut self) {
        let _ = timeout(GOODBYE, async {
            if let Some((_, uri)) = self.session.clone() {
                self.send("TEARDOWN", &uri, &Headers::default());
                // What is not read makes the system cut the connection, and the goodbye with it.
                if self.flush().await.is_ok() {
                    let _ = self.answer(&mut |_| Ok(())).await;
                }
            }
            let _ = self.stream.shutdown().await;
        })
        .await;
    }
}
