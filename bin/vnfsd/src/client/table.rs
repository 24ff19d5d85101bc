//! Tables for people: no lines, as wide as the terminal, nothing in them that moves a cursor.

use crate::text::escape;
use comfy_table::{ContentArrangement, Table, presets};
use std::fmt::Display;

/// A table with these heads.
pub fn table<const COLUMNS: usize>(
    heads: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(heads);
    table.add_rows(rows);
    table.trim_fmt()
}

/// What somebody else wrote, for a terminal.
pub fn plain(text: &str) -> String {
    escape(text.as_bytes())
}

/// Several of them in a cell.
pub fn listed(texts: &[String]) -> String {
    texts.iter().map(|text| plain(text)).collect::<Vec<_>>().join("\n")
}

/// What may not be there.
pub fn perhaps(value: Option<impl Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
