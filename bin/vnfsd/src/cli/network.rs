//! Flags of a service that is a network host of its own.

use clap::Args;
use fleet::{Mac, address};
use net::AddressSource;
use posix::LinkSpec;
use std::net::IpAddr;
use std::path::PathBuf;

/// Who the service is on a link of its own.
#[derive(Debug, Args)]
#[command(next_help_heading = "A network host of its own")]
pub struct Network {
    /// Be a network host of its own on this link, with portmap on port 111 and NFS on 2049, and no
    /// port of this machine: tap:NAME (a tap device, made if it is not there), tap-fd:N (one that is
    /// open already), unix:PATH (a socket that a virtual machine connects to), unix-connect:PATH (one
    /// that it listens at), switch:NAME or switch:NAME.VLAN (a switch within this process)
    #[arg(long, value_name = "LINK", conflicts_with = "listen")]
    pub link: Option<LinkSpec>,
    /// What connects the switch to the world: a trunk, on which all VLANs but 1 are tagged
    #[arg(long, value_name = "LINK", requires = "link")]
    pub uplink: Vec<LinkSpec>,
    /// An address there, with the length of its prefix (10.1.0.2/24, fd00::2/64); dhcp asks a server
    /// for one, slaac the routers for IPv6 [default: dhcp and slaac]
    #[arg(long, value_name = "CIDR|dhcp|slaac", requires = "link", value_parser = address::parse)]
    pub address: Vec<AddressSource>,
    /// The router for all that is not on the link; one for each of IPv4 and IPv6
    #[arg(long, value_name = "IP", requires = "link")]
    pub gateway: Vec<IpAddr>,
    /// Its Ethernet address [default: one made of this machine's id and the names of service and link]
    #[arg(long, requires = "link")]
    pub mac: Option<Mac>,
    /// The largest packet [default: the tap's, or 1500]
    #[arg(long, value_name = "BYTES", requires = "link")]
    pub mtu: Option<u32>,
    /// Write what crosses the link into this file, for Wireshark and tcpdump
    #[arg(long, value_name = "FILE", requires = "link")]
    pub pcap: Option<PathBuf>,
}
