//! One table, for a pipe or a file.

use super::asker::Memory;
use super::columns::{COLUMNS, Row};
use super::draw;
use super::picture::{Picture, Question, Subject};
use super::watched::Watched;
use anyhow::Result;
use comfy_table::{Cell, CellAlignment, Table, presets};
use control::selection::{Order, Selection};
use std::io::{Write, stdout};

/// Prints the services with the most operations; latencies are of all calls since their starts.
pub fn print(watched: impl Watched) -> Result<()> {
    let selection = Selection { order: Order::Calls, ..Selection::default() };
    let picture = Memory::new(watched).picture(&Question::Fleet(selection))?;
    Ok(stdout().write_all(text(&picture).as_bytes())?)
}

fn text(picture: &Picture) -> String {
    let Picture { fleet, subject } = picture;
    let head = [draw::head::services(fleet), draw::head::load(fleet), draw::head::memory(fleet)];
    let Subject::Services { services, recent } = subject else { return head.join("\n") };
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(COLUMNS.iter().map(|column| column.title));
    for service in &services.items {
        let row = Row { service, recent: recent.get(&service.name) };
        table.add_row(COLUMNS.iter().map(|column| Cell::new((column.cell)(row))));
    }
    let figures = COLUMNS.iter().enumerate().filter(|(_, column)| column.is_figure());
    for (index, _) in figures {
        table.column_mut(index).into_iter().for_each(|it| {
            it.set_cell_alignment(CellAlignment::Right);
        });
    }
    let left_out = services.total.saturating_sub(services.items.len() as u64);
    let more = if left_out > 0 { format!("and {left_out} more\n") } else { String::new() };
    format!("{}\n\n{table}\n{more}", head.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::super::watched::tests::Pretended;
    use super::*;

    #[test]
    fn the_busiest_come_first_and_the_rest_is_counted() {
        let selection = Selection { order: Order::Calls, limit: Some(2), ..Selection::default() };
        let question = Question::Fleet(selection);
        let picture = Memory::new(Pretended::new(300)).picture(&question).expect("an answer");
        let text = text(&picture);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].ends_with("300 services: 86 resting, 172 serving, 42 failed"), "{text}");
        assert!(lines[4].trim().starts_with("SERVICE"), "{text}");
        assert!(lines[5].contains("s00099") && lines[5].contains(" 990 "), "{text}");
        assert_eq!(lines.last(), Some(&"and 298 more"));
    }
}
