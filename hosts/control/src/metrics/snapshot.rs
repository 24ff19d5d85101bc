//! What is asked of the operator for one exposition.

use super::Scope;
use super::sheet::Sheet;
use super::{fleet, services};
use crate::model::{Fleet, Procedures, Service};
use crate::operator::{Answer, Operator};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use std::fmt;

/// Everything that is told.
#[derive(Debug)]
pub(super) struct Snapshot {
    /// The process.
    pub(super) fleet: Fleet,
    /// What was called, of all services together.
    pub(super) procedures: Procedures,
    /// Services with series of their own.
    pub(super) services: Vec<Service>,
    /// How many services the question was about.
    pub(super) asked_for: u64,
    /// What was called of those that were named.
    pub(super) named: Vec<(String, Procedures)>,
}

impl Snapshot {
    pub(super) fn take(operator: &dyn Operator, scope: &Scope) -> Answer<Self> {
        let fleet = operator.fleet()?;
        let procedures = operator.procedures(None)?;
        let told = |name: &String| Ok((name.clone(), operator.procedures(Some(name))?));
        let named = scope.names.iter().map(told).collect::<Answer<Vec<_>>>()?;
        let (services, asked_for) = if named.is_empty() {
            let chosen = operator.services(&scope.selection)?;
            (chosen.items, chosen.total)
        } else {
            let services = scope.names.iter().map(|name| operator.service(name));
            (services.collect::<Answer<_>>()?, scope.names.len() as u64)
        };
        Ok(Self { fleet, procedures, services, asked_for, named })
    }
}

impl Collector for Snapshot {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut sheet = Sheet::new(encoder);
        fleet::write(&mut sheet, self)?;
        services::write(&mut sheet, self)
    }
}
