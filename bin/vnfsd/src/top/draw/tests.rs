//! Screens as text, compared with what they were when somebody last looked at them.

use super::super::asker::Memory;
use super::super::view::View;
use super::super::watched::tests::Pretended;
use super::*;
use anyhow::anyhow;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

fn answer(view: &mut View, memory: &mut Memory<Pretended>) {
    let question = view.question();
    let answer = memory.picture(&question);
    view.take(&question, answer);
}

fn press(view: &mut View, code: KeyCode) {
    view.key(KeyEvent::new(code, KeyModifiers::NONE));
}

/// A screen of so many columns and lines, without spaces at the ends of lines.
fn drawn(view: &View, columns: u16, lines: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, lines)).expect("a screen");
    terminal.draw(|frame| screen(frame, view)).expect("it is drawn");
    let buffer = terminal.backend().buffer();
    let line = |y| (0..columns).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    let screen: String = (0..lines).map(|y| line(y).trim_end().to_owned() + "\n").collect();
    screen.replacen(env!("CARGO_PKG_VERSION"), "VERSION", 1)
}

fn assert_drawn(found: &str, expected: &str) {
    assert!(found == expected, "expected:\n{expected}\nfound:\n{found}");
}

#[test]
fn ten_thousand_services() {
    let mut memory = Memory::new(Pretended::new(10_000));
    let mut view = View::new(24);
    answer(&mut view, &mut memory);
    assert_drawn(&drawn(&view, 80, 24), include_str!("snapshots/fleet.txt"));
}

#[test]
fn one_service() {
    let mut memory = Memory::new(Pretended::new(100));
    let mut view = View::new(32);
    answer(&mut view, &mut memory);
    press(&mut view, KeyCode::Enter);
    answer(&mut view, &mut memory);
    assert_drawn(&drawn(&view, 80, 32), include_str!("snapshots/service.txt"));
}

#[test]
fn a_server_that_is_gone() {
    let mut memory = Memory::new(Pretended::new(3));
    let mut view = View::new(10);
    answer(&mut view, &mut memory);
    let question = view.question();
    view.take(&question, Err(anyhow!("control.sock: nobody is there \u{1b}[2J")));
    assert_drawn(&drawn(&view, 120, 10), include_str!("snapshots/gone.txt"));
}

#[test]
fn every_screen_can_be_drawn_on() {
    let mut memory = Memory::new(Pretended::new(30));
    let mut view = View::new(0);
    drawn(&view, 1, 1);
    answer(&mut view, &mut memory);
    for (columns, lines) in [(1, 1), (3, 2), (10, 5), (500, 3), (20, 200)] {
        view.resize(lines);
        answer(&mut view, &mut memory);
        drawn(&view, columns, lines);
    }
}
