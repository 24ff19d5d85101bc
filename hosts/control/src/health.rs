//! Whether all is well, in a word: for whoever only wants to know that.

use crate::model::{Service, State};
use crate::operator::{Answer, Operator};
use crate::selection::Selection;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Services that are told of, at most.
const TOLD_MAX: usize = 20;
/// States of services that somebody wants to serve, and that do not.
const UNWELL: [State; 3] = [State::Failed, State::Waiting, State::Starting];

/// Whether every service that is wanted lets clients in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// Whether all is well.
    pub is_well: bool,
    /// That in a sentence.
    pub message: String,
    /// Services that let nobody in.
    pub unwell: Vec<Unwell>,
    /// How many these are in all.
    pub unwell_total: u64,
}

/// A service that lets nobody in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unwell {
    /// The service.
    pub name: String,
    /// How far it is.
    pub state: State,
    /// Why, if it failed.
    pub reason: Option<String>,
}

impl Health {
    /// Of the whole fleet. Services that somebody stopped or paused are well.
    ///
    /// # Errors
    /// Those of the operator.
    pub fn of_fleet(operator: &dyn Operator) -> Answer<Self> {
        let fleet = operator.fleet()?;
        let states = fleet.services.each().into_iter();
        let unwell_total = states.filter(|(state, _)| UNWELL.contains(state));
        let unwell_total = unwell_total.map(|(_, count)| count).sum();
        let unwell = if unwell_total > 0 { worst(operator)? } else { Vec::new() };
        let message = match (fleet.is_ending, unwell_total) {
            (true, _) => "the process is ending".to_owned(),
            (false, 0) => "every service that is wanted lets clients in".to_owned(),
            (false, some) => format!("{some} of {} services let nobody in", fleet.services.total()),
        };
        let is_well = !fleet.is_ending && unwell_total == 0;
        Ok(Self { is_well, message, unwell, unwell_total })
    }

    /// Of one service: whether it lets clients in.
    ///
    /// # Errors
    /// Those of the operator.
    pub fn of_service(operator: &dyn Operator, name: &str) -> Answer<Self> {
        let service = operator.service(name)?;
        let is_well = matches!(service.state, State::Serving | State::Resting);
        let message = format!("{name}: {}", service.state);
        let unwell: Vec<_> = if is_well { Vec::new() } else { vec![service.into()] };
        Ok(Self { is_well, message, unwell_total: unwell.len() as u64, unwell })
    }

    /// As HTTP says it.
    pub fn status(&self) -> u16 {
        if self.is_well { 200 } else { 503 }
    }
}

impl From<Service> for Unwell {
    fn from(service: Service) -> Self {
        Self { name: service.name, state: service.state, reason: service.reason }
    }
}

/// Those that failed before those that will be started.
fn worst(operator: &dyn Operator) -> Answer<Vec<Unwell>> {
    let mut told = Vec::new();
    for state in UNWELL {
        let limit = Some(TOLD_MAX - told.len());
        let selection = Selection { states: vec![state], limit, ..Selection::default() };
        told.extend(operator.services(&selection)?.items.into_iter().map(Unwell::from));
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made_up::MadeUp;
    use crate::model::Code;
    use crate::operator::Verb;

    #[test]
    fn all_is_well_while_every_wanted_service_serves_or_rests() {
        let health = Health::of_fleet(&MadeUp::new(6)).expect("an answer");
        assert!(health.is_well && health.status() == 200 && health.unwell.is_empty());
    }

    #[test]
    fn what_failed_is_told_with_its_reason_up_to_a_bound() {
        let health = Health::of_fleet(&MadeUp::new(700)).expect("an answer");
        assert_eq!((health.status(), health.unwell_total, health.unwell.len()), (503, 100, 20));
        assert_eq!(health.message, "100 of 700 services let nobody in");
        let reason = health.unwell[0].reason.as_deref();
        assert_eq!(reason, Some("/srv/s00006.img: no such file"));
    }

    #[test]
    fn what_somebody_stopped_or_paused_is_well() {
        let fleet = MadeUp::new(6);
        fleet.act("s00000", Verb::Stop).expect("it can be stopped");
        fleet.act("s00001", Verb::Pause).expect("it can be paused");
        assert!(Health::of_fleet(&fleet).expect("an answer").is_well);
        fleet.end().expect("it can end");
        assert_eq!(Health::of_fleet(&fleet).expect("an answer").message, "the process is ending");
    }

    #[test]
    fn one_service_may_be_asked_for() {
        let fleet = MadeUp::new(7);
        let of = |name| Health::of_service(&fleet, name);
        assert_eq!(of("s00001").expect("an answer").status(), 200);
        let failed = of("s00006").expect("an answer");
        assert_eq!((failed.status(), failed.message.as_str()), (503, "s00006: failed"));
        assert!(of("nobody").is_err_and(|failure| failure.code == Code::NoSuchService));
    }
}
