//! From one plan to the next: what a changed file changes.
//!
//! A service is known by its name. What can be changed while its clients go on is changed so; what
//! cannot, restarts it; and what not even that can change, refuses the whole file.

use crate::plan::{NetworkPlan, Plan, ProcessPlan, ServicePlan, SourcePlan, SwitchPlan};
use serde::Serialize;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// What happens to one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its name.
    pub name: String,
    /// What happens.
    pub what: What,
}

/// What happens to a service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It is new.
    Add,
    /// It is gone.
    Remove,
    /// Clients may mount something else.
    Exports,
    /// It may take something else, or has another weight.
    Limits,
    /// Only people see it, or the next start: labels, opening, whether it is started.
    Labels,
    /// It is stopped and started, because these keys are others.
    Restart(Vec<&'static str>),
}

/// Something that only a restart of the process changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NeedsProcess {
    /// The key.
    pub key: String,
}

impl fmt::Display for NeedsProcess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} is another: only a restart of the process changes it", self.key)
    }
}

/// What it takes to get from `old` to `new`: removals first, then what is changed and added, in the
/// order of the new file. What only people see comes beside other changes of a service.
///
/// # Errors
/// All that a reload cannot change.
pub fn changes(old: &Plan, new: &Plan) -> Result<Vec<Change>, Vec<NeedsProcess>> {
    let refusals = refusals(old, new);
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let by_name = |plan: &Plan| -> HashMap<String, Arc<ServicePlan>> {
        plan.services.iter().map(|plan| (plan.name.clone(), plan.clone())).collect()
    };
    let (before, after) = (by_name(old), by_name(new));
    let change = |plan: &Arc<ServicePlan>, what| Change { name: plan.name.clone(), what };
    let gone = old.services.iter().filter(|plan| !after.contains_key(&plan.name));
    let mut changes: Vec<Change> = gone.map(|plan| change(plan, What::Remove)).collect();
    for plan in &new.services {
        match before.get(&plan.name) {
            None => changes.push(change(plan, What::Add)),
            Some(before) => {
                changes.extend(of_service(before, plan).into_iter().map(|what| change(plan, what)));
            }
        }
    }
    Ok(changes)
}

/// What happens to a service that stays.
fn of_service(old: &ServicePlan, new: &ServicePlan) -> Vec<What> {
    let reasons = reasons(old, new);
    if !reasons.is_empty() {
        return vec![What::Restart(reasons)];
    }
    let mut whats = Vec::new();
    if old.exports != new.exports {
        whats.push(What::Exports);
    }
    if old.limits != new.limits || old.weight != new.weight {
        whats.push(What::Limits);
    }
    if old.labels != new.labels || old.opening != new.opening || old.start != new.start {
        whats.push(What::Labels);
    }
    whats
}

/// The keys for which a service is restarted.
fn reasons(old: &ServicePlan, new: &ServicePlan) -> Vec<&'static str> {
    let mut reasons = Vec::new();
    if old.uuid != new.uuid {
        reasons.push("uuid");
    }
    match (&old.source, &new.source) {
        (SourcePlan::Image(old), SourcePlan::Image(new)) => {
            for (key, is_same) in [
                ("image", old.path == new.path),
                ("read_only", old.read_only == new.read_only),
                ("journal", old.journal == new.journal),
                ("discard", old.discard == new.discard),
            ] {
                reasons.extend((!is_same).then_some(key));
            }
        }
        (SourcePlan::Memory { size_bytes }, SourcePlan::Memory { size_bytes: other }) => {
            reasons.extend((size_bytes != other).then_some("memory"));
        }
        (_, SourcePlan::Image(_)) => reasons.push("image"),
        (_, SourcePlan::Memory { .. }) => reasons.push("memory"),
    }
    network_reasons(&old.network, &new.network, &mut reasons);
    reasons.extend((old.isolation != new.isolation).then_some("isolation"));
    reasons
}

fn network_reasons(old: &NetworkPlan, new: &NetworkPlan, reasons: &mut Vec<&'static str>) {
    match (old, new) {
        (NetworkPlan::Link(old), NetworkPlan::Link(new)) => {
            for (key, is_same) in [
                ("link", old.spec == new.spec),
                ("address", old.addresses == new.addresses),
                ("gateway", old.gateways == new.gateways),
                ("mac", old.mac == new.mac),
                ("mtu", old.mtu_bytes == new.mtu_bytes),
                ("pcap", old.pcap == new.pcap),
            ] {
                reasons.extend((!is_same).then_some(key));
            }
        }
        (NetworkPlan::Listen(old), NetworkPlan::Listen(new)) => {
            reasons.extend((old != new).then_some("listen"));
        }
        (_, NetworkPlan::Link(_)) => reasons.push("link"),
        (_, NetworkPlan::Listen(_)) => reasons.push("listen"),
    }
}

/// What a reload cannot change: the process itself, and switches that are there already.
fn refusals(old: &Plan, new: &Plan) -> Vec<NeedsProcess> {
    let mut keys = process_keys(&old.process, &new.process);
    let before: HashMap<&str, &SwitchPlan> =
        old.switches.iter().map(|switch| (&*switch.name, switch)).collect();
    for switch in &new.switches {
        let is_other = before.get(&*switch.name).is_some_and(|before| *before != switch);
        keys.extend(is_other.then(|| format!("switch.{}", switch.name)));
    }
    keys.into_iter().map(|key| NeedsProcess { key }).collect()
}

/// All but the level of the log and how many services start at a time.
fn process_keys(old: &ProcessPlan, new: &ProcessPlan) -> Vec<String> {
    let keys = [
        ("workers", old.workers == new.workers),
        ("backend", old.backend == new.backend),
        ("control", old.control == new.control),
        ("metrics", old.metrics == new.metrics),
        ("dirty", old.dirty_bytes == new.dirty_bytes),
        ("received", old.received_bytes == new.received_bytes),
        ("open_images_max", old.open_images_max == new.open_images_max),
        ("user", old.user == new.user),
    ];
    let others = keys.into_iter().filter(|(_, is_same)| !is_same);
    others.map(|(key, _)| format!("process.{key}")).collect()
}
