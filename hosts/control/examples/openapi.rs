//! Prints the description of the interface: `docs/openapi.json` is its output.

use std::io::{Result, Write, stdout};

fn main() -> Result<()> {
    let mut text = serde_json::to_string_pretty(&control::openapi::describe())?;
    text.push('\n');
    stdout().write_all(text.as_bytes())
}
