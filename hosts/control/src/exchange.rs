//! One request and its response: the row is found, what it wants is read, and the operator asked.

use crate::model::{Code, Failure, Problem};
use crate::openapi::PROBLEM;
use crate::operator::{Answer, Operator};
use crate::route::{Asked, Method, Reply, Route};
use crate::routes::ROUTES;
use http_body_util::{BodyExt, Full, Limited};
use http_hyper::body::{Body, Bytes};
use http_hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use http_hyper::{Request, Response, StatusCode};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// Bytes that a request may bring.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// Where requests of a door are answered.
pub(crate) struct Desk {
    /// Who answers.
    pub(crate) operator: Arc<dyn Operator>,
    /// How many questions may still be asked.
    pub(crate) questions: Arc<Semaphore>,
    /// Whether anything may be changed.
    pub(crate) may_change: bool,
    /// How long an answer may take.
    pub(crate) patience: Duration,
}

/// What came of a request.
type Made = Response<Full<Bytes>>;

/// Answers a request, whatever it is.
pub(crate) async fn answer<B>(desk: &Desk, request: Request<B>) -> Made
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let found = match find(request.method(), request.uri().path(), desk.may_change) {
        Ok(found) => found,
        Err(missing) => return missing.made(),
    };
    match run(desk, found, request).await {
        Ok(reply) => replied(reply),
        Err(failure) => problem(failure),
    }
}

async fn run<B>(desk: &Desk, found: (&'static Route, String), request: Request<B>) -> Answer<Reply>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (route, name) = found;
    let query = query(route, request.uri().query())?;
    let asked = Asked { name, query, body: body(request).await? };
    let answered = timeout(desk.patience, ask(desk, route, asked)).await;
    answered.unwrap_or_else(|_| {
        let detail = "nobody answered in time: what was asked for may still happen";
        Err(Failure::new(Code::Unavailable, detail))
    })
}

/// Asks on a thread that may wait. Who gives up before it is his turn asks nothing.
async fn ask(desk: &Desk, route: &'static Route, asked: Asked) -> Answer<Reply> {
    let permit = desk.questions.clone().acquire_owned().await;
    let operator = desk.operator.clone();
    let asking = spawn_blocking(move || {
        let answer = (route.run)(&*operator, &asked);
        drop(permit);
        answer
    });
    asking.await.unwrap_or_else(|_| {
        Err(Failure::new(Code::Internal, "the answer broke off: the log says more"))
    })
}

/// Why there is no row for a request.
enum Missing {
    Path,
    Method(Vec<Method>),
}

impl Missing {
    fn made(self) -> Made {
        match self {
            Self::Path => {
                problem(Failure::new(Code::NoSuchPath, "no such path: see /v1/openapi.json"))
            }
            Self::Method(methods) => {
                let words = methods.iter().map(|method| method.word());
                let words = words.collect::<Vec<_>>().join(", ");
                let detail = format!("the methods here are {words}");
                let mut made = problem(Failure::new(Code::WrongMethod, detail));
                let words = HeaderValue::try_from(words);
                words.into_iter().for_each(|words| drop(made.headers_mut().insert(ALLOW, words)));
                made
            }
        }
    }
}

/// The row of a request, and the name in its path. HEAD is GET, whose body HTTP leaves out.
fn find(
    method: &http_hyper::Method,
    path: &str,
    may_change: bool,
) -> Result<(&'static Route, String), Missing> {
    let word = if method == http_hyper::Method::HEAD { "GET" } else { method.as_str() };
    let rows = ROUTES.iter().filter(|route| may_change || route.method == Method::Get);
    let mut others = Vec::new();
    for route in rows {
        match route.name_in(path) {
            Some(name) if route.method.word() == word => return Ok((route, name)),
            Some(_) => others.push(route.method),
            None => {}
        }
    }
    Err(if others.is_empty() { Missing::Path } else { Missing::Method(others) })
}

/// A query, if the row knows all of its keys.
fn query(route: &Route, query: Option<&str>) -> Answer<Vec<(String, String)>> {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let known = |(key, value): (String, String)| {
        if route.query.iter().any(|(name, _)| *name == key) {
            return Ok((key, value));
        }
        let names: Vec<&str> = route.query.iter().map(|(name, _)| *name).collect();
        let expected = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let detail = format!("{key:.40}: no such key; expected: {expected}");
        Err(Failure::new(Code::BadRequest, detail))
    };
    pairs.into_owned().map(known).collect()
}

async fn body<B>(request: Request<B>) -> Answer<Vec<u8>>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let collected = Limited::new(request.into_body(), BODY_BYTES_MAX).collect().await;
    collected.map(|body| body.to_bytes().to_vec()).map_err(|error| {
        if error.is::<http_body_util::LengthLimitError>() {
            let detail = format!("the body: at most {BODY_BYTES_MAX} bytes are read");
            return Failure::new(Code::TooLarge, detail);
        }
        Failure::new(Code::BadRequest, format!("the body: {error}"))
    })
}

fn replied(reply: Reply) -> Made {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut made = made(status, reply.media_type, reply.body);
    for (name, value) in reply.headers {
        let name = HeaderName::from_static(name);
        made.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    made
}

fn problem(failure: Failure) -> Made {
    let problem = Problem::from(failure);
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    made(status, PROBLEM, serde_json::to_vec(&problem).unwrap_or_default())
}

fn made(status: StatusCode, media_type: &'static str, body: Vec<u8>) -> Made {
    let mut made = Response::new(Full::new(Bytes::from(body)));
    *made.status_mut() = status;
    let headers = made.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    made
}
