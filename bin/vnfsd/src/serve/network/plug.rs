//! Opening the link, and what the world reaches it by.

use crate::cli;
use crate::process::manager;
use anyhow::{Context, Result, ensure};
use fleet::Mac;
use posix::{LinkOptions, LinkSpec, OpenLink, SharedSwitch, Uplink, Vlan};

/// A link, and the uplinks of the switch that it may be on.
pub type Plugged = (OpenLink, Vec<Uplink>);

/// Opens what the flags name. On a switch nobody else can have `mac`.
pub fn plug_in(spec: &LinkSpec, asked: &cli::Network, mac: Mac) -> Result<Plugged> {
    if let LinkSpec::Switch { name, vlan } = spec {
        return plug_into_switch(name, *vlan, asked, mac);
    }
    ensure!(asked.uplink.is_empty(), "--uplink is of a switch, and {spec} is none");
    let options = LinkOptions { mtu_bytes: asked.mtu, trace: asked.pcap.clone() };
    let link = match spec {
        LinkSpec::Tap(name) => open_tap(name, options)?,
        other => OpenLink::open(other, options)?,
    };
    Ok((link, Vec::new()))
}

/// Takes over a tap that was kept while the service was restarted, or attaches to one and has it
/// kept. One whose interface was deleted is of no use to anybody.
fn open_tap(name: &str, options: LinkOptions) -> Result<OpenLink> {
    let label = format!("tap-{name}");
    let Some(number) = manager::kept(&label) else { return attach_to_tap(name, &label, options) };
    OpenLink::open(&LinkSpec::TapDescriptor(number), options.clone()).or_else(|of_kept| {
        manager::give_up(&label);
        let attached = attach_to_tap(name, &label, options);
        attached.with_context(|| format!("the tap that was kept: {of_kept}; and anew"))
    })
}

fn attach_to_tap(name: &str, label: &str, options: LinkOptions) -> Result<OpenLink> {
    let link = OpenLink::open(&LinkSpec::Tap(name.to_owned()), options)?;
    if let Some(tap) = link.tap() {
        manager::keep(label, tap);
    }
    Ok(link)
}

fn plug_into_switch(name: &str, vlan: Vlan, asked: &cli::Network, mac: Mac) -> Result<Plugged> {
    ensure!(
        !asked.uplink.is_empty(),
        "nobody else is on switch {name}: add --uplink tap:NAME or --uplink unix:PATH"
    );
    let switch = SharedSwitch::new(name, asked.mtu)?;
    let options = LinkOptions { mtu_bytes: None, trace: asked.pcap.clone() };
    let link = switch.card(vlan, mac.0, options)?;
    let uplinks = asked.uplink.iter().map(|uplink| switch.uplink(uplink, None, None));
    Ok((link, uplinks.collect::<Result<_, _>>()?))
}
