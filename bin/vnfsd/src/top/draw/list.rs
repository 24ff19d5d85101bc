//! Services, one a line.

use super::super::columns::{COLUMNS, Column, Row as Data};
use super::super::view::View;
use control::model::{Histogram, Services, State};
use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Cell, Row, Table};
use std::collections::BTreeMap;

/// Draws those that are on the screen. While other lines were asked for and have not come, theirs
/// are empty.
pub fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    view: &View,
    services: &Services,
    recent: &BTreeMap<String, Histogram>,
) {
    let columns: Vec<&Column> =
        COLUMNS.iter().filter(|column| column.screen_columns_min <= area.width).collect();
    let titles = columns.iter().map(|column| title(column, view));
    let rows = (view.first..view.first + view.lines).map(|line| {
        let place = line.checked_sub(view.picture_first);
        let service = place.and_then(|place| services.items.get(place));
        let Some(service) = service else { return Row::default() };
        let data = Data { service, recent: recent.get(&service.name) };
        let cells = columns.iter().map(|column| cell(column, (column.cell)(data)));
        let chosen = if line == view.line { Modifier::REVERSED } else { Modifier::empty() };
        Row::new(cells).style(colour(service.state).add_modifier(chosen))
    });
    let widths = columns.iter().map(|column| match column.width {
        0 => Constraint::Min(8),
        width => Constraint::Length(width),
    });
    let header = Row::new(titles).style(Style::new().add_modifier(Modifier::BOLD));
    frame.render_widget(Table::new(rows, widths).header(header), area);
}

/// The column that sorts is marked.
fn title(column: &Column, view: &View) -> Cell<'static> {
    let cell = cell(column, column.title.to_owned());
    let is_sorting = column.order == Some(view.order);
    cell.style(if is_sorting {
        Style::new().add_modifier(Modifier::UNDERLINED)
    } else {
        Style::new()
    })
}

fn cell(column: &Column, text: String) -> Cell<'static> {
    let alignment = if column.is_figure() { Alignment::Right } else { Alignment::Left };
    Cell::new(Line::from(text).alignment(alignment))
}

fn colour(state: State) -> Style {
    match state {
        State::Failed => Style::new().fg(Color::Red),
        State::Waiting | State::Starting | State::Stopping | State::Paused => {
            Style::new().fg(Color::Yellow)
        }
        State::Resting | State::Stopped => Style::new().add_modifier(Modifier::DIM),
        State::Serving => Style::new(),
    }
}
