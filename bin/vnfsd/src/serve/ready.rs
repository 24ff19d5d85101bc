//! The ready line: what is served, and exactly how to mount it.
//!
//! `vnfsd: serving WHAT (FORMAT, BYTE ORDER, SIZE, read-write) export PATH (RULES) | mount ... |
//! nfs://...`
//!
//! A service on a link of its own is found at well-known ports; addresses that it still has to ask
//! for are told by its log.

use super::exports;
use super::network::Place;
use crate::size;
use nfs::Exports;
use service::Description;
use std::fmt::Write as _;
use std::io::{Write as _, stdout};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What the line says beside what the service tells of itself.
pub struct Announcement {
    /// What is served, as the administrator called it.
    pub source: String,
    /// What is exported.
    pub exports: Exports,
    /// Its own link, if it has one.
    pub place: Option<Place>,
}

impl Announcement {
    /// Prints the line, so that whoever waits for it reads it now.
    pub fn make(&self, description: &Description, addresses: &[SocketAddr]) {
        let line = self.line(description, addresses);
        let mut output = stdout().lock();
        if let Err(error) = writeln!(output, "{line}").and_then(|()| output.flush()) {
            tracing::warn!("the ready line reached nobody: {error}: {line}");
        }
    }

    fn line(&self, description: &Description, addresses: &[SocketAddr]) -> String {
        let Self { source, exports, .. } = self;
        let plural = if exports.list().len() == 1 { "" } else { "s" };
        let mut line = format!(
            "vnfsd: serving {source} ({}) export{plural} {}",
            facts(description),
            exports::shown(exports)
        );
        let path = description.exports.first().map_or("/", String::as_str);
        line += &match &self.place {
            None => at_sockets(addresses, path),
            Some(place) => at_own(place, path),
        };
        line
    }
}

/// How to reach sockets of this machine.
fn at_sockets(addresses: &[SocketAddr], path: &str) -> String {
    let [first, others @ ..] = addresses else { return String::new() };
    let mut text = String::new();
    for other in others {
        // Writing to a string cannot fail.
        let _ = write!(text, " also at {other}");
    }
    let at = reachable(*first);
    let _ = write!(text, " | {} | {}", mount_command(at, path), url(at, path));
    text
}

/// How to reach a service at addresses of its own.
fn at_own(place: &Place, path: &str) -> String {
    let mut text = format!(" on {}", place.link);
    for uplink in &place.uplinks {
        // Writing to a string cannot fail.
        let _ = write!(text, " through {uplink}");
    }
    let _ = write!(text, " as {}", place.mac);
    let mut fixed = place.fixed();
    let first = fixed.next();
    for other in fixed {
        let _ = write!(text, " also at {other}");
    }
    let asked_of: Vec<_> = place.asked_of().collect();
    if !asked_of.is_empty() {
        let _ = write!(text, ", addresses by {} are told in the log", asked_of.join(" and "));
    }
    if let Some(first) = first {
        let host = host(SocketAddr::new(first, 0));
        let what = quoted(&format!("{host}:{path}"));
        let _ = write!(text, " | mount -t nfs {what} /mnt | nfs://{host}{}", percent_encoded(path));
    }
    text
}

fn facts(description: &Description) -> String {
    let byte_order = description.byte_order.map(|order| order.to_string());
    let mut facts = vec![description.format.clone()];
    facts.extend(byte_order);
    facts.push(size::show(description.size_bytes));
    facts.push(match &description.read_only {
        Some(reason) => format!("read-only: {reason}"),
        None => "read-write".to_owned(),
    });
    facts.join(", ")
}

/// An address that this host reaches a listening socket at.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

/// An address without its port, as mount(8) and URLs write it (RFC 3986 §3.2.2). libnfs 4 takes an
/// IPv6 address only without its brackets.
fn host(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(address) => address.ip().to_string(),
        SocketAddr::V6(address) if address.scope_id() == 0 => format!("[{}]", address.ip()),
        SocketAddr::V6(address) => format!("[{}%{}]", address.ip(), address.scope_id()),
    }
}

fn mount_command(address: SocketAddr, path: &str) -> String {
    let (host, port) = (host(address), address.port());
    let tcp = if address.is_ipv4() { "tcp" } else { "tcp6" };
    let what = quoted(&format!("{host}:{path}"));
    format!(
        "mount -t nfs -o vers=3,proto={tcp},port={port},mountport={port},mountproto={tcp},nolock \
         {what} /mnt"
    )
}

fn url(address: SocketAddr, path: &str) -> String {
    let (host, port) = (host(address), address.port());
    format!("nfs://{host}{}?nfsport={port}&mountport={port}", percent_encoded(path))
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:@%+=,".contains(&byte);
    match word.bytes().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// A path as a URL holds it (RFC 3986 §2.1).
fn percent_encoded(path: &str) -> String {
    path.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte) {
            encoded.push(byte.into());
        } else {
            // Writing to a string cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fleet::address::parse;
    use nfs::Export;
    use posix::LinkSpec;
    use service::ByteOrder;

    fn line(export: &str, read_only: Option<&str>, addresses: &[&str]) -> String {
        let export: Export = export.parse().unwrap();
        let description = Description {
            format: "FFSv2".to_owned(),
            byte_order: Some(ByteOrder::Big),
            size_bytes: 512 << 20,
            read_only: read_only.map(str::to_owned),
            exports: vec![export.path_text()],
        };
        let addresses: Vec<_> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        let source = "disk.img".to_owned();
        let exports = Exports::new(vec![export]).unwrap();
        Announcement { source, exports, place: None }.line(&description, &addresses)
    }

    fn own(addresses: &[&str]) -> String {
        let addresses = addresses.iter().map(|text| parse(text).unwrap()).collect();
        let mac = "02:00:00:00:00:02".parse().unwrap();
        at_own(
            &Place { link: LinkSpec::Tap("vnfs0".into()), uplinks: Vec::new(), mac, addresses },
            "/",
        )
    }

    #[test]
    fn at_addresses_of_its_own_no_ports_are_needed() {
        assert_eq!(
            own(&["10.1.0.2/24", "fd00::2/64"]),
            " on tap:vnfs0 as 02:00:00:00:00:02 also at fd00::2 | mount -t nfs 10.1.0.2:/ /mnt | \
             nfs://10.1.0.2/"
        );
        let six = own(&["fd00::2/64"]);
        assert!(six.ends_with(" | mount -t nfs '[fd00::2]:/' /mnt | nfs://[fd00::2]/"), "{six}");
    }

    #[test]
    fn addresses_to_come_are_told_elsewhere() {
        assert_eq!(
            own(&["dhcp", "slaac"]),
            " on tap:vnfs0 as 02:00:00:00:00:02, addresses by DHCP and SLAAC are told in the log"
        );
        assert!(own(&["dhcp", "fd00::2/64"]).contains("addresses by DHCP are told"));
    }

    #[test]
    fn everything_is_on_one_line() {
        assert_eq!(
            line("/:ro", Some("it was not unmounted cleanly"), &["127.0.0.1:20490"]),
            "vnfsd: serving disk.img (FFSv2, big-endian, 512 MiB, read-only: it was not \
             unmounted cleanly) export / (ro,root_squash) | mount -t nfs -o \
             vers=3,proto=tcp,port=20490,mountport=20490,mountproto=tcp,nolock 127.0.0.1:/ /mnt \
             | nfs://127.0.0.1/?nfsport=20490&mountport=20490"
        );
    }

    #[test]
    fn ipv6_is_bracketed_and_has_transports_of_its_own() {
        let line = line("/", None, &["[::]:7", "10.0.0.1:7"]);
        assert!(line.contains("proto=tcp6,port=7,mountport=7,mountproto=tcp6,nolock"), "{line}");
        assert!(line.contains(" '[::1]:/' /mnt | nfs://[::1]/?nfsport=7"), "{line}");
        assert!(line.contains(" also at 10.0.0.1:7 |"), "{line}");
    }

    #[test]
    fn paths_survive_shells_and_urls() {
        let line = line("/it's", None, &["127.0.0.1:7"]);
        assert!(line.contains(r" '127.0.0.1:/it'\''s' /mnt | nfs://127.0.0.1/it%27s?"), "{line}");
    }
}
