//! The interface: every path, what is done there, and what that answers. The server, its description
//! in OpenAPI and the tests go by this table, and there is no other.

use crate::health::Health;
use crate::metrics::{self, Scope};
use crate::model::{
    Changes, Clients, Fleet, LogLevels, Outcome, Procedures, Service, Services, Slowest, Trace,
    TraceWish,
};
use crate::openapi;
use crate::operator::{Answer, Operator, Verb};
use crate::page;
use crate::route::Method::{Delete, Get, Post, Put};
use crate::route::{Asked, Condition, Content, JSON, Reply, Route, json_of};

/// A description of services, as the fleet's file has it.
pub const TOML: &str = "application/toml";

const SELECTION: &[Condition] = &[
    ("state", "In this state; may be said several times, for any of them."),
    ("label", "With this label: `key=value`, or `key` for any value; all that are said."),
    ("name", "With a name like this pattern of `*`, `?` and `[...]`."),
    ("order", "By `name`, or who has most of `calls`, `latency`, `memory` or `busy` first."),
    ("after", "Behind this name: the `next` of the page before."),
    ("skip", "Without so many at the beginning, in whatever order."),
    ("limit", "At most so many, from 1 to 1000; 100 if it is not said."),
];

const METRICS: &[Condition] = &[
    ("service", "Of this service, with its procedures; may be said ten times."),
    ("services", "Of so many with the most calls, up to 1000, or of `all`; 20 if it is not said."),
    SELECTION[0],
    SELECTION[1],
    SELECTION[2],
    SELECTION[3],
    SELECTION[4],
    SELECTION[5],
    SELECTION[6],
];

/// JSON of a type.
macro_rules! json {
    ($type:ty) => {
        Content::Json(json_of::<$type>)
    };
}

/// The table.
pub const ROUTES: &[Route] = &[
    Route::new(Get, "/", "A page for people.", Content::Text(page::MEDIA_TYPE), people),
    Route::new(
        Get,
        "/healthz",
        "Whether every service that is wanted lets clients in.",
        json!(Health),
        health,
    )
    .query(&[("service", "Only this service.")])
    .or(503),
    Route::new(
        Get,
        "/metrics",
        "Figures for Prometheus and its like.",
        Content::Text(metrics::MEDIA_TYPE),
        figures,
    )
    .query(METRICS),
    Route::new(Get, "/v1/openapi.json", "This description.", Content::Text(JSON), description),
    Route::new(Get, "/v1/fleet", "The process and all its services together.", json!(Fleet), fleet),
    Route::new(Get, "/v1/services", "Services, in pages.", json!(Services), services)
        .query(SELECTION),
    Route::new(Post, "/v1/services", "Adds the services of a text.", json!(Changes), add)
        .body(Content::Text(TOML)),
    Route::new(Get, "/v1/services/{name}", "A service.", json!(Service), service),
    Route::new(
        Delete,
        "/v1/services/{name}",
        "Stops a service and forgets it.",
        json!(Outcome),
        remove,
    ),
    Route::new(Get, "/v1/services/{name}/clients", "Who uses it.", json!(Clients), clients),
    Route::new(
        Get,
        "/v1/services/{name}/procedures",
        "What was called.",
        json!(Procedures),
        procedures,
    ),
    Route::new(Get, "/v1/services/{name}/slowest", "Its slowest calls.", json!(Slowest), slowest),
    Route::new(Post, "/v1/services/{name}/start", "Has it run.", json!(Outcome), start),
    Route::new(Post, "/v1/services/{name}/stop", "Ends it in order.", json!(Outcome), stop),
    Route::new(Post, "/v1/services/{name}/pause", "Has its clients wait.", json!(Outcome), pause),
    Route::new(Post, "/v1/services/{name}/resume", "Lets them go on.", json!(Outcome), resume),
    Route::new(
        Put,
        "/v1/services/{name}/trace",
        "Writes its frames to a file.",
        json!(Trace),
        trace,
    )
    .body(json!(TraceWish)),
    Route::new(Delete, "/v1/services/{name}/trace", "Ends that.", json!(Trace), no_trace),
    Route::new(
        Get,
        "/v1/procedures",
        "What was called, of all services.",
        json!(Procedures),
        all_calls,
    ),
    Route::new(
        Get,
        "/v1/slowest",
        "The slowest calls of all services.",
        json!(Slowest),
        all_slowest,
    ),
    Route::new(Get, "/v1/log-level", "How much is told in the log.", json!(LogLevels), log_level),
    Route::new(Put, "/v1/log-level", "Changes that.", json!(LogLevels), set_log_level)
        .body(json!(LogLevels)),
    Route::new(Post, "/v1/reload", "Reads the fleet's file again.", json!(Changes), reload),
    Route::new(Post, "/v1/end", "Stops all services and the process.", json!(Fleet), end),
];

fn people(_: &dyn Operator, _: &Asked) -> Answer<Reply> {
    Ok(Reply { headers: page::HEADERS, ..Reply::text(page::MEDIA_TYPE, page::PAGE) })
}

fn health(operator: &dyn Operator, asked: &Asked) -> Answer<Reply> {
    let health = match asked.query.first() {
        Some((_, name)) => Health::of_service(operator, name)?,
        None => Health::of_fleet(operator)?,
    };
    Ok(Reply { status: health.status(), ..Reply::json(&health)? })
}

fn figures(operator: &dyn Operator, asked: &Asked) -> Answer<Reply> {
    let text = metrics::exposition(operator, &Scope::of_query(&asked.query)?)?;
    Ok(Reply::text(metrics::MEDIA_TYPE, text))
}

fn description(_: &dyn Operator, _: &Asked) -> Answer<Reply> {
    Reply::json(&openapi::describe())
}

fn fleet(operator: &dyn Operator, _: &Asked) -> Answer<Reply> {
    Reply::json(&operator.fleet()?)
}

fn services(operator: &dyn Operator, asked: &Asked) -> Answer<Reply> {
    Reply::json(&operator.services(&asked.selection()?)?)
}

fn add(operator: &dyn Operator, asked: &Asked) -> Answer<Reply> {
    Reply::json(&operator.add(asked.text()?)?)
}

fn service(operator: &dyn Operator, asked: &Asked) -> Answer<Reply> {
    Reply::json(&operator.service(&asked.name)?)
}

fn remove(operator: &dyn Operator, asked: &Asked) -> Answer<Reply> {
    Reply::json(&operator.remove(&asked.name)?)
}

fn clients(operator: &dyn Operator, asked: &Asked) -> Answer<Reply> {
    Reply::json(&operator.clients(&asked.name)?)
}

fn procedures(operator: &dyn Operator, asked: &Asked) -> Answer<Reply> {
    Reply::json(&operator.procedures(Some(&asked.name))?)
}

fn slowest(operator: &dyn Operator, asked: &Asked) -> Answer<Reply> {
    Reply::json(&operator.slowest(Some(&asked.name))?)
}

fn start(operator: &dyn Operator, asked: &Asked) -> Answer<Reply> {
    Reply::json(&operator.act(&asked.name, Verb::Start)?)
}

fn stop(operator: &dyn Operator, asked: &Asked) -> Answer<Reply> {
    Reply::json(&operator.act(&asked.name, Verb::Stop)?)
}

fn pause(operator: &dyn Operator, asked: &Asked) -> Answer<Reply> {
    Reply::json(&operator.act(&asked.name, Verb::Pause)?)
}

fn resume(operator: &dyn Operator, asked: &Asked) -> Answer<Reply> {
    Reply::json(&operator.act(&asked.name, Verb::Resume)?)
}

fn trace(operator: &dyn Operator, asked: &Asked) -> Answer<Reply> {
    let wish: TraceWish = asked.json()?;
    Reply::json(&operator.trace(&asked.name, Some(&wish.file))?)
}

fn no_trace(operator: &dyn Operator, asked: &Asked) -> Answer<Reply> {
    Reply::json(&operator.trace(&asked.name, None)?)
}

fn all_calls(operator: &dyn Operator, _: &Asked) -> Answer<Reply> {
    Reply::json(&operator.procedures(None)?)
}

fn all_slowest(operator: &dyn Operator, _: &Asked) -> Answer<Reply> {
    Reply::json(&operator.slowest(None)?)
}

fn log_level(operator: &dyn Operator, _: &Asked) -> Answer<Reply> {
    Reply::json(&operator.log_level()?)
}

fn set_log_level(operator: &dyn Operator, asked: &Asked) -> Answer<Reply> {
    let wish: LogLevels = asked.json()?;
    Reply::json(&operator.set_log_level(wish.level)?)
}

fn reload(operator: &dyn Operator, _: &Asked) -> Answer<Reply> {
    Reply::json(&operator.reload()?)
}

fn end(operator: &dyn Operator, _: &Asked) -> Answer<Reply> {
    Reply::json(&operator.end()?)
}
