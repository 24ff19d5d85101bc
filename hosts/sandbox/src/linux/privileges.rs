//! Capabilities, user and groups: what makes root root.

use super::failed;
use crate::{Capability, Confinement, Error, Identity, Rules};
use rustix::io::Errno;
use rustix::process::{Gid, Uid, geteuid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_keep_capabilities, set_no_new_privs,
    set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};

/// More than any kernel has capabilities.
const CAPABILITIES_MAX: u32 = 64;

/// Becomes who the rules say, and keeps the capabilities that they name.
pub fn give_up(rules: &Rules, confinement: &mut Confinement) -> Result<(), Error> {
    let held = capabilities(None).map_err(|error| failed("capabilities")(&error))?.permitted;
    let kept =
        rules.capabilities.iter().map(bit).fold(CapabilitySet::empty(), |all, bit| all | bit)
            & held;
    shrink_bounding_set(held, kept)?;
    if let Some(identity) = &rules.identity {
        become_another(identity)?;
    }
    keep_only(kept).map_err(|error| failed("capabilities cannot be given up")(&error))?;
    set_no_new_privs(true).map_err(|error| failed("no_new_privs")(&error))?;
    confinement.in_force.push(shown(kept));
    Ok(())
}

fn bit(capability: &Capability) -> CapabilitySet {
    match capability {
        Capability::NetworkAdministration => CapabilitySet::NET_ADMIN,
        Capability::LowPorts => CapabilitySet::NET_BIND_SERVICE,
        Capability::FilesOfAllUsers => CapabilitySet::DAC_OVERRIDE,
    }
}

fn shown(kept: CapabilitySet) -> String {
    let user = geteuid().as_raw();
    match kept.is_empty() {
        true => format!("user {user} without privileges"),
        false => {
            let names: Vec<_> = kept.iter_names().map(|(name, _)| format!("CAP_{name}")).collect();
            format!("user {user} with {}", names.join(" and "))
        }
    }
}

/// What programs run by us could gain. It takes a privilege to give that up.
fn shrink_bounding_set(held: CapabilitySet, kept: CapabilitySet) -> Result<(), Error> {
    if !held.contains(CapabilitySet::SETPCAP) {
        return Ok(());
    }
    for number in 0..CAPABILITIES_MAX {
        let one = CapabilitySet::from_bits_retain(1 << number);
        match remove_if(!kept.contains(one), one) {
            // The kernel has no capability of this number, nor of a higher one.
            Err(Errno::INVAL) => break,
            removed => removed.map_err(|error| failed("the bounding set")(&error))?,
        }
    }
    Ok(())
}

fn remove_if(is_wanted: bool, one: CapabilitySet) -> Result<(), Errno> {
    if is_wanted { remove_capability_from_bounding_set(one) } else { Ok(()) }
}

fn become_another(identity: &Identity) -> Result<(), Error> {
    let change = || {
        let group = Gid::from_raw(identity.group);
        let groups: Vec<_> = identity.groups.iter().copied().map(Gid::from_raw).collect();
        let user = Uid::from_raw(identity.user);
        // Or else what is kept would be lost with the user.
        set_keep_capabilities(true)?;
        set_thread_groups(&groups)?;
        set_thread_res_gid(group, group, group)?;
        set_thread_res_uid(user, user, user)
    };
    let what = format!("this process cannot become user {}", identity.user);
    change().map_err(|error: Errno| failed(&what)(&error))
}

fn keep_only(kept: CapabilitySet) -> Result<(), Errno> {
    clear_ambient_capability_set()?;
    let inheritable = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: kept, permitted: kept, inheritable })
}
