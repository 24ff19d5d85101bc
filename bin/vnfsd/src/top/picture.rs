//! What is asked, and what was answered.

use control::model::{Clients, Fleet, Histogram, Procedures, Service, Services, Slowest};
use control::selection::Selection;
use std::collections::BTreeMap;

/// What the screen wants to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Some services of the fleet.
    Fleet(Selection),
    /// One service.
    Service(String),
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The process.
    pub fleet: Fleet,
    /// What was asked for.
    pub subject: Subject,
}

/// What was asked for.
#[derive(Clone, Debug)]
pub enum Subject {
    /// Some services.
    Services {
        /// These.
        services: Services,
        /// How long calls took since the last picture, by name; without who answered none.
        recent: BTreeMap<String, Histogram>,
    },
    /// One service.
    Service(Box<Detail>),
}

/// One service.
#[derive(Clone, Debug)]
pub struct Detail {
    /// It.
    pub service: Service,
    /// Who uses it.
    pub clients: Clients,
    /// What was called.
    pub procedures: Procedures,
    /// What took longest.
    pub slowest: Slowest,
}
