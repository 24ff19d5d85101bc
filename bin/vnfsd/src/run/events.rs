//! What the steward is told, and the way to tell it.

use super::preparation::Prepared;
use posix::{Report, ServiceId};
use std::sync::mpsc::{Receiver, Sender, channel};

/// Something the steward acts on.
pub enum Event {
    /// A worker tells of a service.
    Report(Report),
    /// A service can be added, or not.
    Prepared(ServiceId, Prepared),
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
}
