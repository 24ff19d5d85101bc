//! What is on the screen: a machine of keys and pictures.

use super::draw::detail;
use super::picture::{Picture, Question, Subject};
use control::selection::{Order, Selection};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Characters of a filter, at most.
const FILTER_CHARS_MAX: usize = 64;
/// Lines around the list: the process above, the columns' titles, keys below.
pub const LINES_AROUND: u16 = 5;

/// What a key asks of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Nothing but to show what changed.
    Show,
    /// To be stopped until the shell goes on with it.
    Suspend,
    /// To end.
    Quit,
}

/// What is on the screen.
#[derive(Debug)]
pub struct View {
    /// The service that is looked into.
    pub inside: Option<String>,
    /// In which order services are.
    pub order: Order,
    /// Part of the names that are shown, or a pattern.
    pub filter: String,
    /// Whether keys go to the filter.
    pub is_typing: bool,
    /// The line that keys work on, counted over all services, or over the lines of one.
    pub line: usize,
    /// The first line on the screen.
    pub first: usize,
    /// Lines that fit.
    pub lines: usize,
    /// The last answer that was a picture.
    pub picture: Option<Picture>,
    /// How many services stand before the first one of it.
    pub picture_first: usize,
    /// Why there is none since.
    pub trouble: Option<String>,
    /// The line on the list to which the way back leads.
    list_line: usize,
}

impl View {
    /// The fleet by operations, on a screen of so many lines.
    pub fn new(screen_lines: u16) -> Self {
        let mut view = Self {
            inside: None,
            order: Order::Calls,
            filter: String::new(),
            is_typing: false,
            line: 0,
            first: 0,
            lines: 1,
            picture: None,
            picture_first: 0,
            trouble: None,
            list_line: 0,
        };
        view.resize(screen_lines);
        view
    }

    /// The screen has so many lines now.
    pub fn resize(&mut self, screen_lines: u16) {
        self.lines = usize::from(screen_lines.saturating_sub(LINES_AROUND)).max(1);
        self.follow();
    }

    /// What is to be asked.
    pub fn question(&self) -> Question {
        match &self.inside {
            Some(name) => Question::Service(name.clone()),
            None => Question::Fleet(self.selection()),
        }
    }

    fn selection(&self) -> Selection {
        let mut selection = Selection {
            order: self.order,
            skip: self.first,
            limit: Some(self.lines),
            ..Selection::default()
        };
        if !self.filter.is_empty() {
            // A pattern that is none yet, because more will be typed, is not asked for.
            let _ = selection.take("name", &self.pattern());
        }
        selection
    }

    fn pattern(&self) -> String {
        if self.filter.contains(['*', '?', '[']) {
            return self.filter.clone();
        }
        format!("*{}*", self.filter)
    }

    /// What came of asking. An answer to what is not asked any more is not shown.
    pub fn take(&mut self, question: &Question, answer: anyhow::Result<Picture>) {
        if *question != self.question() {
            return;
        }
        match answer {
            Ok(picture) => {
                self.picture = Some(picture);
                self.picture_first = self.first;
                self.trouble = None;
                self.follow();
            }
            Err(error) => self.trouble = Some(format!("{error:#}")),
        }
    }

    /// Lines that there are, on the screen or not; those of one service are few, and all there.
    pub fn total(&self) -> usize {
        match self.picture.as_ref().map(|picture| &picture.subject) {
            Some(Subject::Services { services, .. }) if self.inside.is_none() => {
                services.total as usize
            }
            Some(Subject::Service(detail)) if self.inside.is_some() => detail::lines(detail).len(),
            _ => 0,
        }
    }

    /// The name under the cursor, if it is on the screen.
    fn name(&self) -> Option<&str> {
        let Subject::Services { services, .. } = &self.picture.as_ref()?.subject else {
            return None;
        };
        let service = services.items.get(self.line.checked_sub(self.picture_first)?)?;
        Some(&service.name)
    }

    /// A key was pressed.
    pub fn key(&mut self, key: KeyEvent) -> Act {
        match key.code {
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Act::Quit,
            KeyCode::Char('z') if key.modifiers.contains(KeyModifiers::CONTROL) => Act::Suspend,
            code if self.is_typing => self.type_key(code),
            code => self.command(code),
        }
    }

    fn type_key(&mut self, code: KeyCode) -> Act {
        match code {
            KeyCode::Enter => self.is_typing = false,
            KeyCode::Esc => {
                self.is_typing = false;
                self.filter.clear();
            }
            KeyCode::Backspace => drop(self.filter.pop()),
            KeyCode::Char(typed) if self.filter.chars().count() < FILTER_CHARS_MAX => {
                self.filter.push(typed);
            }
            _ => {}
        }
        self.go(0);
        Act::Show
    }

    fn command(&mut self, code: KeyCode) -> Act {
        match code {
            KeyCode::Char('q') => return Act::Quit,
            KeyCode::Up | KeyCode::Char('k') => self.go(self.line.saturating_sub(1)),
            KeyCode::Down | KeyCode::Char('j') => self.go(self.line.saturating_add(1)),
            KeyCode::PageUp => self.go(self.line.saturating_sub(self.lines)),
            KeyCode::PageDown | KeyCode::Char(' ') => self.go(self.line.saturating_add(self.lines)),
            KeyCode::Home => self.go(0),
            KeyCode::End => self.go(usize::MAX),
            KeyCode::Enter if self.inside.is_none() => self.enter(),
            KeyCode::Esc | KeyCode::Backspace | KeyCode::Left => self.leave(),
            KeyCode::Char('/') if self.inside.is_none() => self.is_typing = true,
            KeyCode::Char(letter) => self.sort(letter),
            _ => {}
        }
        Act::Show
    }

    fn sort(&mut self, letter: char) {
        let order = match letter {
            'n' => Order::Name,
            'o' => Order::Calls,
            'l' => Order::Latency,
            'm' => Order::Memory,
            'c' => Order::Busy,
            _ => return,
        };
        if self.inside.is_none() {
            self.order = order;
            self.go(0);
        }
    }

    fn enter(&mut self) {
        self.inside = self.name().map(str::to_owned);
        if self.inside.is_some() {
            self.list_line = self.line;
            (self.line, self.first) = (0, 0);
        }
    }

    /// Back to the list; from there, without a filter.
    fn leave(&mut self) {
        if self.inside.take().is_some() {
            self.line = self.list_line;
        } else {
            self.filter.clear();
            self.line = 0;
        }
        self.first = (self.line + 1).saturating_sub(self.lines);
    }

    fn go(&mut self, line: usize) {
        self.line = line;
        self.follow();
    }

    /// Keeps the line among those that there are, and on the screen. Looking into a service, the
    /// line is the first on the screen.
    fn follow(&mut self) {
        let total = self.total();
        if self.inside.is_some() {
            self.line = self.line.min(total.saturating_sub(self.lines));
            self.first = self.line;
            return;
        }
        if total > 0 {
            self.line = self.line.min(total - 1);
        }
        let least = self.line.saturating_add(1).saturating_sub(self.lines);
        self.first = self.first.clamp(least, self.line);
    }
}

#[cfg(test)]
mod tests;
