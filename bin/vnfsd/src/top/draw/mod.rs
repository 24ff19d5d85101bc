//! The screen: the process above, services or one service below it, keys at the bottom.

pub mod detail;
pub mod head;
mod list;

use super::picture::Subject;
use super::view::View;
use crate::text::escape;
use control::selection::Order;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Stylize};
use ratatui::text::Line;

/// Lines about the process.
const HEAD_LINES: u16 = 3;

/// Draws all of it.
pub fn screen(frame: &mut Frame<'_>, view: &View) {
    let parts = [Constraint::Length(HEAD_LINES), Constraint::Min(1), Constraint::Length(1)];
    let [head, middle, foot] = Layout::vertical(parts).areas(frame.area());
    if let Some(picture) = &view.picture {
        head::draw(frame, head, &picture.fleet);
        match (&picture.subject, &view.inside) {
            (Subject::Services { services, recent }, None) => {
                list::draw(frame, middle, view, services, recent);
            }
            (Subject::Service(detail), Some(name)) if detail.service.name == *name => {
                detail::draw(frame, middle, view, detail);
            }
            _ => frame.render_widget(Line::from("...").dim(), middle),
        }
    }
    draw_foot(frame, foot, view);
}

fn draw_foot(frame: &mut Frame<'_>, area: Rect, view: &View) {
    let line = match &view.trouble {
        _ if view.is_typing => Line::from(format!("/{}_", shown(&view.filter))),
        Some(trouble) => Line::from(shown(trouble)).fg(Color::Red).bold(),
        None if view.inside.is_some() => Line::from("Esc back  Up/Down scroll  q quit").dim(),
        None => Line::from(keys(view)).dim(),
    };
    frame.render_widget(line, area);
}

fn keys(view: &View) -> String {
    let filter = if view.filter.is_empty() {
        "/ filter".to_owned()
    } else {
        format!("/ {} (Esc: all)", shown(&view.filter))
    };
    format!("q quit  Enter look into  {filter}  order: n o l m c ({})", word(view.order))
}

fn word(order: Order) -> &'static str {
    Order::WORDS.iter().find(|(_, known)| *known == order).map_or("", |(word, _)| word)
}

/// A stranger's text, on one line.
fn shown(text: &str) -> String {
    escape(text.as_bytes())
}

#[cfg(test)]
mod tests;
