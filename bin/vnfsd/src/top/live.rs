//! The screen of a terminal, from the first picture to the last key.

use super::asker::Asker;
use super::draw;
use super::view::{Act, View};
use super::watched::Watched;
use anyhow::{Context, Result};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEventKind};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;
use signal_hook::low_level;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{Builder, sleep};
use std::time::{Duration, Instant};

/// How long keys are waited for before signals and answers are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long an end in order may take once a signal came.
const ORDERLY: Duration = Duration::from_secs(1);

/// Shows services until somebody has seen enough. Whatever ends it, keys, a signal or a panic, the
/// terminal is as it was.
pub fn run(watched: impl Watched + Send + 'static, interval: Duration) -> Result<()> {
    let signal = listen()?;
    let asker = Asker::start(watched)?;
    let terminal = ratatui::try_init().context("the terminal cannot be used")?;
    let outcome = Live::new(terminal, asker, interval).and_then(|live| live.run(&signal));
    // Where the terminal is gone there is nothing to be put in order.
    let _ = ratatui::try_restore();
    outcome?;
    match signal.load(Ordering::Relaxed) {
        0 => Ok(()),
        signal => low_level::emulate_default_handler(signal as i32).context("ended by a signal"),
    }
}

/// The signal that came, if one came. Whoever looks there ends the program in order; where nobody
/// does in time, because the terminal is gone and waiting for its keys never ends, it is ended here.
fn listen() -> Result<Arc<AtomicUsize>> {
    let came = Arc::new(AtomicUsize::new(0));
    let mut signals =
        Signals::new([SIGHUP, SIGINT, SIGTERM]).context("signals cannot be listened to")?;
    let told = came.clone();
    let wait = move || {
        if let Some(signal) = signals.forever().next() {
            told.store(signal as usize, Ordering::Relaxed);
            sleep(ORDERLY);
            // Where there is no terminal any more there is nothing to be put in order.
            let _ = ratatui::try_restore();
            let _ = low_level::emulate_default_handler(signal);
        }
    };
    Builder::new().name("signals".to_owned()).spawn(wait).context("a thread cannot be started")?;
    Ok(came)
}

struct Live {
    terminal: DefaultTerminal,
    asker: Asker,
    view: View,
    interval: Duration,
    /// When to ask again; `None` while an answer is waited for.
    due: Option<Instant>,
}

impl Live {
    fn new(terminal: DefaultTerminal, asker: Asker, interval: Duration) -> Result<Self> {
        let view = View::new(terminal.size().context(TERMINAL)?.height);
        Ok(Self { terminal, asker, view, interval, due: Some(Instant::now()) })
    }

    fn run(mut self, signal: &AtomicUsize) -> Result<()> {
        self.show()?;
        while signal.load(Ordering::Relaxed) == 0 {
            if self.due.is_some_and(|due| due <= Instant::now()) {
                self.ask();
            }
            self.take_answers()?;
            if event::poll(LOOK_EVERY).context(TERMINAL)? && !self.take_event()? {
                break;
            }
        }
        Ok(())
    }

    fn ask(&mut self) {
        self.asker.ask(self.view.question());
        self.due = None;
    }

    fn take_answers(&mut self) -> Result<()> {
        while let Some((question, answer)) = self.asker.answer()? {
            // Who answers something old has a newer question already.
            if question == self.view.question() {
                self.due = Some(Instant::now() + self.interval);
            }
            self.view.take(&question, answer);
            self.show()?;
        }
        Ok(())
    }

    /// Says whether it goes on.
    fn take_event(&mut self) -> Result<bool> {
        let before = self.view.question();
        match event::read().context(TERMINAL)? {
            Event::Key(key) if key.kind != KeyEventKind::Release => match self.view.key(key) {
                Act::Quit => return Ok(false),
                Act::Suspend => self.suspend()?,
                Act::Show => {}
            },
            Event::Resize(_, lines) => self.view.resize(lines),
            _ => {}
        }
        if self.view.question() != before {
            self.ask();
        }
        self.show()?;
        Ok(true)
    }

    /// Back to the shell, until it goes on with us.
    fn suspend(&mut self) -> Result<()> {
        ratatui::restore();
        low_level::emulate_default_handler(SIGTSTP).context("it cannot be stopped")?;
        self.terminal = ratatui::try_init().context(TERMINAL)?;
        self.view.resize(self.terminal.size().context(TERMINAL)?.height);
        Ok(())
    }

    fn show(&mut self) -> Result<()> {
        let view = &self.view;
        self.terminal.draw(|frame| draw::screen(frame, view)).map(drop).context(TERMINAL)
    }
}

const TERMINAL: &str = "the terminal";
