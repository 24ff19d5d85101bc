//! The interface, described for programs: OpenAPI 3.1, made of the table of routes and of the types
//! that are sent. `docs/openapi.json` is a copy, kept the same by a test.

use crate::model::{Code, Problem};
use crate::route::{Condition, Content, Method, Route, json_of};
use crate::routes::ROUTES;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

/// The media type of problems (RFC 9457).
pub const PROBLEM: &str = "application/problem+json";

/// The description.
pub fn describe() -> Value {
    let settings = SchemaSettings::draft2020_12();
    let settings =
        settings.with(|settings| settings.definitions_path = "/components/schemas".into());
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for route in ROUTES {
        let operations = paths.entry(route.path).or_insert_with(|| json!({}));
        operations[route.method.word().to_lowercase()] = operation(route, &mut generator);
    }
    let problem = json!({ "schema": json_of::<Problem>(&mut generator) });
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "vnfsd",
            "version": env!("CARGO_PKG_VERSION"),
            "description": INTRODUCTION,
            "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "responses": { "Problem": {
                "description": "Why that was not done (RFC 9457).",
                "content": { PROBLEM: problem },
            } },
            "schemas": generator.take_definitions(true),
        },
    })
}

const INTRODUCTION: &str = "The services of a running vnfsd: what they are at, and what they are to \
    do. On the control socket all of it; over TCP what GET tells. Requests are idempotent: to want \
    what is already so is no failure, and the answer says whether anything was changed.";

fn operation(route: &Route, generator: &mut SchemaGenerator) -> Value {
    let name = route.path.contains("{name}").then(|| {
        json!({
            "name": "name", "in": "path", "required": true, "schema": { "type": "string" },
            "description": "The name of a service, percent-encoded.",
        })
    });
    let parameters: Vec<Value> =
        name.into_iter().chain(route.query.iter().map(condition)).collect();
    let mut operation = json!({
        "summary": route.summary,
        "operationId": operation_id(route),
        "parameters": parameters,
        "responses": {
            "200": { "description": route.summary, "content": content(&route.answer, generator) },
            "default": { "$ref": "#/components/responses/Problem" },
        },
    });
    for (status, code) in likely(route) {
        operation["responses"][status.to_string()] = json!({
            "description": format!("{}.", code.status().1),
            "content": { PROBLEM: { "schema": json_of::<Problem>(generator) } },
        });
    }
    if let Some(status) = route.other_status {
        operation["responses"][status.to_string()] = operation["responses"]["200"].clone();
    }
    if let Some(body) = &route.body {
        let content = content(body, generator);
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    operation
}

/// Such as `get_services_name_clients`.
fn operation_id(route: &Route) -> String {
    let path = route.path.trim_start_matches("/v1").replace(['{', '}', '/'], "_");
    let words: Vec<&str> = path.split(['_', '.', '-']).filter(|word| !word.is_empty()).collect();
    format!("{}_{}", route.method.word().to_lowercase(), words.join("_"))
}

fn condition((name, description): &Condition) -> Value {
    let schema = match *name {
        "limit" => {
            json!({ "type": "integer", "minimum": 1, "maximum": crate::selection::PAGE_MAX })
        }
        "skip" => json!({ "type": "integer", "minimum": 0 }),
        "state" | "label" => json!({ "type": "array", "items": { "type": "string" } }),
        _ => json!({ "type": "string" }),
    };
    json!({ "name": name, "in": "query", "description": description, "schema": schema })
}

fn content(content: &Content, generator: &mut SchemaGenerator) -> Value {
    let schema = match content {
        Content::Json(describe) => describe(generator).to_value(),
        Content::Text(_) => json!({}),
    };
    json!({ content.media_type(): { "schema": schema } })
}

/// Problems that a row is known for.
fn likely(route: &Route) -> Vec<(u16, Code)> {
    let is_named = route.path.contains("{name}");
    let changes = is_named && route.method != Method::Get;
    let is_file = matches!(route.path, "/v1/reload") || route.body.is_some() && !is_named;
    let codes = [
        (is_named, Code::NoSuchService),
        (changes, Code::NotPossible),
        (is_file && route.method == Method::Post, Code::FaultyFile),
        (!route.query.is_empty(), Code::BadRequest),
    ];
    codes.iter().filter(|(is, _)| *is).map(|(_, code)| (code.status().0, *code)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn operations_have_names_of_their_own() {
        let names: BTreeSet<String> = ROUTES.iter().map(operation_id).collect();
        assert_eq!(names.len(), ROUTES.len(), "{names:?}");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let description = describe();
        let mut open = vec![&description];
        while let Some(value) = open.pop() {
            match value {
                Value::Object(fields) => {
                    let reference = fields.get("$ref").and_then(Value::as_str);
                    let pointer = reference.map(|reference| reference.trim_start_matches('#'));
                    assert!(
                        pointer.is_none_or(|at| description.pointer(at).is_some()),
                        "{pointer:?}"
                    );
                    open.extend(fields.values());
                }
                Value::Array(items) => open.extend(items),
                _ => {}
            }
        }
    }
}
