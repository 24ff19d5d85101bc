//! The description against the server: what is described is there, and what comes is described.

use crate::harness::{Place, asking, status};
use control::model::Code;
use control::openapi;
use serde_json::Value;

/// The copy that people read is of this server.
#[test]
fn the_document_is_the_servers() {
    let copy = include_str!("../../../../docs/openapi.json");
    let copy: Value = serde_json::from_str(copy).expect("JSON");
    let again = "cargo run -p vnfsd-control --example openapi > docs/openapi.json";
    assert!(copy == openapi::describe(), "docs/openapi.json is of another version: {again}");
}

/// Every operation is asked for, and what it answers is as described: every field, and no other.
#[test]
fn every_answer_is_as_described() {
    let place = Place::new(30);
    let description = openapi::describe();
    let paths = description["paths"].as_object().expect("paths");
    let (mut asked, mut last) = (0, Vec::new());
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().expect("operations") {
            let request = (path.as_str(), method.as_str(), operation);
            // What takes something away comes last.
            let takes_away = method == "delete" || path == "/v1/end";
            match takes_away {
                true => last.push(request),
                false => try_out(&place, &description, request),
            }
            asked += 1;
        }
    }
    last.into_iter().rev().for_each(|request| try_out(&place, &description, request));
    assert_eq!(asked, control::routes::ROUTES.len());
}

fn try_out(place: &Place, description: &Value, request: (&str, &str, &Value)) {
    let (path, method, operation) = request;
    let target = path.replace("{name}", "s00004");
    let body = match (path, operation.get("requestBody")) {
        (_, None) => "",
        ("/v1/services", _) => "[[services]]\nname = \"new\"\n",
        ("/v1/log-level", _) => r#"{"level":"debug"}"#,
        (_, Some(_)) => r#"{"file":"/tmp/a.pcap"}"#,
    };
    let method = method.to_uppercase();
    let length = body.len();
    let head = format!("{method} {target} HTTP/1.1\r\nHost: v\r\nContent-Length: {length}\r\n\r\n");
    let answer = place.say(format!("{head}{body}").as_bytes());
    let status = status(&answer);
    let is_known = status == 200 || (target.as_str(), status) == ("/healthz", 503);
    assert!(is_known, "{method} {target}: {answer}");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let content =
        operation["responses"][status.to_string()]["content"].as_object().expect("content");
    let (media_type, content) = content.iter().next().expect("a media type");
    assert!(head.contains(&format!("content-type: {media_type}\r\n")), "{head}");
    if media_type == "application/json" && content["schema"] != serde_json::json!({}) {
        let value = serde_json::from_str(body).expect("JSON");
        compare(description, &content["schema"], &value, &target);
    }
}

#[test]
fn problems_are_as_described() {
    let place = Place::new(1);
    let description = openapi::describe();
    let problem = description.pointer("/components/responses/Problem/content").expect("problems");
    let schema = &problem["application/problem+json"]["schema"];
    for target in ["/nothing", "/v1/services/nobody", "/v1/services?limit=0"] {
        let answer = place.say(&asking("GET", target));
        let (_, body) = answer.split_once("\r\n\r\n").expect("a head");
        let value: Value = serde_json::from_str(body).expect("JSON");
        compare(&description, schema, &value, target);
        assert_eq!(value["status"], status(&answer));
    }
    assert!(Code::ALL.iter().all(|code| (400..600).contains(&code.status().0)));
}

/// That a value is what a schema says, with all its fields and no others. Knows of JSON Schema what
/// descriptions of Rust types use.
fn compare(description: &Value, schema: &Value, value: &Value, place: &str) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let found = description.pointer(reference.trim_start_matches('#')).expect("a schema");
        return compare(description, found, value, place);
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(choices) = schema.get(choice).and_then(Value::as_array) {
            let choice = choices.iter().find(|choice| may_be(description, choice, value));
            let choice =
                choice.unwrap_or_else(|| panic!("{place}: {value} is none of {choices:?}"));
            return compare(description, choice, value, place);
        }
    }
    assert!(may_be(description, schema, value), "{place}: {value} is not {schema}");
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            let own = schema["properties"].get(key).or(schema.get("additionalProperties"));
            let own = own.unwrap_or_else(|| panic!("{place}.{key} is not described"));
            compare(description, own, value, &format!("{place}.{key}"));
        }),
        Value::Array(items) => items.iter().for_each(|value| {
            compare(description, &schema["items"], value, &format!("{place}[]"));
        }),
        _ => {}
    }
}

/// Whether a value may be of a schema by its type and the fields it must have.
fn may_be(description: &Value, schema: &Value, value: &Value) -> bool {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let found = description.pointer(reference.trim_start_matches('#')).expect("a schema");
        return may_be(description, found, value);
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(choices) = schema.get(choice).and_then(Value::as_array) {
            return choices.iter().any(|choice| may_be(description, choice, value));
        }
    }
    if let Some(constant) = schema.get("const") {
        return constant == value;
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words.contains(value);
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.clone(),
        one => vec![one.clone()],
    };
    let is = |kind: &Value| match kind.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("number") => value.is_number(),
        Some("null") => value.is_null(),
        _ => false,
    };
    let required = schema.get("required").and_then(Value::as_array);
    let has = |key: &Value| value.get(key.as_str().unwrap_or_default()).is_some();
    types.iter().any(is) && (value.is_null() || required.is_none_or(|keys| keys.iter().all(has)))
}
