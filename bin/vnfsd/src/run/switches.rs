//! The switches of the file, and what leads from them to the world.

use anyhow::{Context, Result};
use fleet::{Plan, SwitchPlan};
use posix::{Pool, ServiceId, ServiceSpec, SharedSwitch};
use std::collections::HashMap;

/// Numbers of uplinks; services have higher ones.
pub const UPLINKS_MAX: u64 = 1 << 20;

/// Switches by name.
#[derive(Default)]
pub struct Switches {
    by_name: HashMap<String, SharedSwitch>,
    uplinks: HashMap<ServiceId, String>,
    next: u64,
}

impl Switches {
    /// One of them.
    pub fn get(&self, name: &str) -> Option<&SharedSwitch> {
        self.by_name.get(name)
    }

    /// Makes those of a plan that are not there yet, with their uplinks.
    ///
    /// # Errors
    /// If an uplink cannot be opened; those before it are there then.
    pub fn make(&mut self, plan: &Plan, pool: &Pool) -> Result<()> {
        for switch in &plan.switches {
            if !self.by_name.contains_key(&switch.name) {
                let made = self.make_one(switch, pool);
                made.with_context(|| format!("switch {}", switch.name))?;
            }
        }
        Ok(())
    }

    fn make_one(&mut self, plan: &SwitchPlan, pool: &Pool) -> Result<()> {
        let switch = SharedSwitch::new(&plan.name, plan.mtu_bytes)?;
        for uplink in &plan.uplinks {
            let link = switch.uplink(&uplink.link, uplink.vlan, uplink.pcap.clone())?;
            let id = ServiceId(self.next);
            self.next += 1;
            pool.add(id, ServiceSpec::uplink(link))?;
            self.uplinks.insert(id, format!("{} of switch {}", uplink.link, plan.name));
        }
        self.by_name.insert(plan.name.clone(), switch);
        Ok(())
    }

    /// What an uplink is called, if this is one.
    pub fn uplink(&self, id: ServiceId) -> Option<&str> {
        self.uplinks.get(&id).map(String::as_str)
    }

    /// An uplink has ended.
    pub fn forget(&mut self, id: ServiceId) {
        self.uplinks.remove(&id);
    }

    /// Uplinks that have not ended.
    pub fn uplinks(&self) -> impl Iterator<Item = ServiceId> {
        self.uplinks.keys().copied()
    }
}
