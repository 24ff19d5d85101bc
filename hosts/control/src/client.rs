//! Asking a process, from a program that may wait.

use crate::exchange::BODY_BYTES_MAX;
use crate::model::{Fleet, Problem, Services};
use crate::request::Request;
use crate::selection::Selection;
use http_body_util::{BodyExt, Full, Limited};
use http_hyper::body::Bytes;
use http_hyper::client::conn::http1;
use http_hyper::header::{CONTENT_TYPE, HOST};
use http_hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// How long an exchange may take: longer than a server takes at most.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of a response, at most: a page of services with all their exports.
const RESPONSE_BYTES_MAX: usize = 64 * BODY_BYTES_MAX;

/// Why something was not answered.
#[derive(Debug)]
pub enum Error {
    /// Nobody is there, or he went away.
    Unreachable(String),
    /// The process said why not.
    Refused(Problem),
    /// What it said is not understood.
    Misunderstood(String),
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(text) | Self::Misunderstood(text) => formatter.write_str(text),
            Self::Refused(problem) => problem.fmt(formatter),
        }
    }
}

impl std::error::Error for Error {}

/// The way to a process, by its control socket.
#[derive(Debug)]
pub struct Client {
    path: PathBuf,
    runtime: Runtime,
}

impl Client {
    /// By this socket. It is first looked for when something is asked.
    ///
    /// # Errors
    /// If there are no descriptors left.
    pub fn new(path: &Path) -> std::io::Result<Self> {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_io().enable_time().build()?;
        Ok(Self { path: path.to_owned(), runtime })
    }

    /// The fleet.
    ///
    /// # Errors
    /// If it was not told.
    pub fn fleet(&self) -> Result<Fleet, Error> {
        self.get(&Request::fleet())
    }

    /// A page of services.
    ///
    /// # Errors
    /// If it was not told.
    pub fn services(&self, selection: &Selection) -> Result<Services, Error> {
        self.get(&Request::services(selection))
    }

    /// What a request answers, as a type.
    ///
    /// # Errors
    /// If it was not answered, or with something else.
    pub fn get<T: DeserializeOwned>(&self, request: &Request) -> Result<T, Error> {
        understood(request, serde_json::from_value(self.ask(request)?))
    }

    /// What a request answers, as it was said.
    ///
    /// # Errors
    /// If it was not answered.
    pub fn ask(&self, request: &Request) -> Result<Value, Error> {
        let exchange = async { timeout(PATIENCE, self.exchange(request)).await };
        let (status, body) = self
            .runtime
            .block_on(exchange)
            .unwrap_or_else(|_| Err(self.unreachable(&"it does not answer")))?;
        if status.is_success() {
            return understood(request, serde_json::from_slice(&body));
        }
        Err(Error::Refused(understood(request, serde_json::from_slice(&body))?))
    }

    async fn exchange(&self, request: &Request) -> Result<(StatusCode, Bytes), Error> {
        let made = made(request).map_err(|error| Error::Misunderstood(error.to_string()))?;
        let stream = UnixStream::connect(&self.path).await;
        let stream = stream.map_err(|error| self.unreachable(&error))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| self.unreachable(&error))?;
        let connection = tokio::spawn(connection);
        let response = sender.send_request(made).await;
        let response = response.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let body = collected(response).await.map_err(|error| self.unreachable(&error))?;
        connection.abort();
        Ok((status, body))
    }

    fn unreachable(&self, why: &dyn fmt::Display) -> Error {
        Error::Unreachable(format!("{}: {why}; is it running?", self.path.display()))
    }
}

fn made(request: &Request) -> http_hyper::http::Result<http_hyper::Request<Full<Bytes>>> {
    let Request { method, target, body } = request;
    let mut made =
        http_hyper::Request::builder().method(method.word()).uri(target).header(HOST, "vnfsd");
    let mut content = Bytes::new();
    if let Some((media_type, body)) = body {
        made = made.header(CONTENT_TYPE, *media_type);
        content = Bytes::copy_from_slice(body);
    }
    made.body(Full::new(content))
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

async fn collected(response: Response<http_hyper::body::Incoming>) -> Result<Bytes, Failed> {
    Ok(Limited::new(response.into_body(), RESPONSE_BYTES_MAX).collect().await?.to_bytes())
}

fn understood<T>(request: &Request, read: serde_json::Result<T>) -> Result<T, Error> {
    read.map_err(|error| {
        let text = format!("{} is answered in another language: {error}", request.target);
        Error::Misunderstood(text)
    })
}
