//! What the steward is told, and the way for other threads to ask it something.

use super::preparation::Prepared;
use super::steward::Steward;
use posix::{Report, ServiceId};
use std::sync::mpsc::{Receiver, Sender, channel};

/// Something the steward acts on.
pub enum Event {
    /// A worker tells of a service.
    Report(Report),
    /// A service can be added, or not.
    Prepared(ServiceId, Prepared),
    /// Somebody asks.
    Ask(Box<dyn FnOnce(&mut Steward) + Send>),
    /// The file is to be read again.
    Reload,
    /// Everything is to end.
    End,
}

/// The way to the steward. Cheap to clone: all clones lead to the same one.
#[derive(Clone)]
pub struct Events(Sender<Event>);

impl Events {
    /// The way, and its end.
    pub fn new() -> (Self, Receiver<Event>) {
        let (sender, receiver) = channel();
        (Self(sender), receiver)
    }

    /// Tells it something. Once it has ended, nobody needs to know.
    pub fn tell(&self, event: Event) {
        let _ = self.0.send(event);
    }

    /// Asks it something, and waits for the answer; `None` once it has ended.
    pub fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut Steward) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, answered) = channel();
        self.tell(Event::Ask(Box::new(move |steward| {
            // Whoever does not wait any more needs no answer.
            let _ = answer.send(question(steward));
        })));
        answered.recv().ok()
    }
}
