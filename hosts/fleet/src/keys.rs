//! Every key that a fleet file may have. The reader knows no other, and the reference
//! (`docs/fleet.md`) has these rows.

/// A part of the file that has keys of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// `[process]`
    Process,
    /// `[switch.NAME]`
    Switch,
    /// A table in `uplinks` of `[switch.NAME]`.
    Uplink,
    /// `[defaults]`
    Defaults,
    /// `[template.NAME]`
    Template,
    /// `[[service]]`
    Service,
    /// `[[services]]`
    Services,
    /// A table in `exports` of a service.
    Export,
    /// `limits` of a service.
    Limits,
}

use Section::{Defaults, Export, Limits, Process, Service, Services, Switch, Template, Uplink};

const ANYWHERE: &[Section] = &[Defaults, Template, Service, Services];
const NOT_DEFAULTS: &[Section] = &[Template, Service, Services];
const ONE_OR_MANY: &[Section] = &[Service, Services];

/// A key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// Where it may be.
    pub sections: &'static [Section],
    /// What its value is.
    pub takes: &'static str,
    /// What it is without it.
    pub default: &'static str,
    /// What it means.
    pub what: &'static str,
}

impl Key {
    /// Its row in the reference.
    pub fn row(&self) -> String {
        let Self { name, takes, default, what, .. } = self;
        format!("| `{name}` | {takes} | {default} | {what} |")
    }
}

/// The keys of a section.
pub fn of(section: Section) -> impl Iterator<Item = &'static Key> + Clone {
    KEYS.iter().filter(move |key| key.sections.contains(&section))
}

const fn key(
    name: &'static str,
    sections: &'static [Section],
    takes: &'static str,
    default: &'static str,
    what: &'static str,
) -> Key {
    Key { name, sections, takes, default, what }
}

/// All keys, in the order of the reference.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key("workers", &[Process], "1 to 1024 threads", "one for each core", "threads that turn services"),
    key("backend", &[Process], "`auto`, `uring`, `poll`", "`auto`", "how sockets and disks are reached"),
    key("control", &[Process], "path", "the program's", "the socket that commands go to"),
    key("metrics", &[Process], "address:port", "none", "where figures and the page are served over HTTP"),
    key("dirty", &[Process], "size", "`256M`", "changed data of all services together that disks do not have yet"),
    key("received", &[Process], "size", "`256M`", "what arrived through links of services' own and waits, of all together"),
    key("open_images_max", &[Process], "1 to 1000000 images", "three quarters of the descriptors that are left", "images open at a time; the least used is closed for another"),
    key("starts_max", &[Process], "1 to 10000 services", "64", "services that start at a time"),
    key("log_level", &[Process], "`off`, `error`, `warn`, `info`, `debug`", "that of the command line", "least important lines of the log"),
    key("user", &[Process], "user", "whoever started it", "who the process is once everything is open"),

    key("uplinks", &[Switch], "list of links or tables", "none", "what leads to the world"),
    key("mtu", &[Switch], "68 to 65521 bytes", "1500", "the largest packet"),
    key("link", &[Uplink], "`tap:NAME`, `tap-fd:N`, `unix:PATH`, `unix-connect:PATH`", "must be said", "the link"),
    key("vlan", &[Uplink], "1 to 4094", "a trunk: all VLANs, tagged but for 1", "the one VLAN that it carries, without tags"),
    key("pcap", &[Uplink], "path", "none", "a file that what crosses it is written to"),

    key("uuid", &[Service], "UUID", "made of the name", "what the service is called where names may change"),
    key("images", &[Services], "path with `*`, `?`, `[...]`", "`images` or `count` must be said", "one service for each image that is there, in the order of names"),
    key("count", &[Services], "1 to 100000 services", "`images` or `count` must be said", "so many services"),
    key("index_first", &[Services], "number", "0", "the first `{index}`"),
    key("address_step", &[Services], "number", "1", "how far the addresses of a service and the next are apart; 0 gives all the same, for VLANs of their own"),
    key("name", ONE_OR_MANY, "text*", "`{stem}` with `images`, otherwise must be said", "what the service is called; each has a name of its own"),
    key("template", NOT_DEFAULTS, "name", "none", "the `[template.NAME]` that says what is not said here"),

    key("image", &[Defaults, Template, Service, Services], "path*", "`image` or `memory` must be said", "the FFS image or disk device; if it is not there, the service fails and is tried again"),
    key("memory", ANYWHERE, "size", "`image` or `memory` must be said", "an empty file system in memory instead"),
    key("create", ANYWHERE, "size", "none is made", "an image of this size is made where none is"),
    key("read_only", ANYWHERE, "true or false", "false", "nothing is changed, whatever clients ask"),
    key("journal", ANYWHERE, "true or false", "true", "changes go through the image's log"),
    key("discard", ANYWHERE, "true or false", "false", "space of removed files is given back to the disk"),
    key("exports", ANYWHERE, "list of `PATH:OPTIONS` or tables", "must be said", "what clients may mount, in the words of exports(5)"),
    key("listen", ANYWHERE, "list of address:port*", "`listen` or `link` must be said", "where it answers, on addresses of this machine; a range of ports gives each service the next"),
    key("link", ANYWHERE, "`switch:NAME`, `tap:NAME`, `tap-fd:N`, `unix:PATH`, `unix-connect:PATH`*", "`listen` or `link` must be said", "a link of its own, where it is a network host of its own"),
    key("vlan", ANYWHERE, "1 to 4094, or a range such as `\"100-199\"`", "1", "the switch's VLAN; a range gives each service the next"),
    key("address", ANYWHERE, "list of address/prefix, `dhcp`, `slaac`", "`dhcp` and `slaac`", "its addresses on the link; in `[[services]]` those of the first, and each takes the next"),
    key("gateway", ANYWHERE, "list of addresses", "none", "routers: one for IPv4, one for IPv6"),
    key("mac", ANYWHERE, "Ethernet address", "made of the names of machine, service and link", "its Ethernet address; in `[[services]]` that of the first"),
    key("mtu", ANYWHERE, "68 to 65521 bytes", "the link's", "the largest packet; not on a switch, which has its own"),
    key("pcap", ANYWHERE, "path*", "none", "a file that what crosses the link is written to"),
    key("limits", ANYWHERE, "table", "those below", "what it may take, see below"),
    key("weight", ANYWHERE, "1 to 10000", "100", "its share of a full machine, beside those of others"),
    key("opening", ANYWHERE, "`when-used`, `at-once`", "`when-used`", "when its image is opened: with the first call, or at the start"),
    key("isolation", ANYWHERE, "`thread`, `process`", "`thread`", "whether it has a process of its own"),
    key("start", ANYWHERE, "true or false", "true", "whether it is started with the fleet"),
    key("labels", ANYWHERE, "table of text*", "none", "words for people and programs; those of defaults, templates and services are put together"),

    key("path", &[Export], "path", "must be said", "the directory, from the root of the file system"),
    key("clients", &[Export], "list of addresses and networks", "everybody", "who may mount it: a word `client=` for each"),
    key("options", &[Export], "list of words, or one text of them", "none", "the other words, as in `PATH:OPTIONS`"),

    key("cache", &[Limits], "size", "`256M`", "blocks of the image in memory"),
    key("dirty", &[Limits], "size", "`32M`", "changed data that the disk does not have yet"),
    key("memory", &[Limits], "size, at least 16M", "unlimited", "all memory of the service together, but not files in memory"),
    key("connections", &[Limits], "1 to 1000000", "16384", "connections at a time"),
    key("calls", &[Limits], "1 to 1000000", "1024", "calls at work at a time"),
    key("operations_per_second", &[Limits], "number", "unlimited", "calls in a second"),
    key("bytes_per_second", &[Limits], "size", "unlimited", "bytes in a second, of both ways together"),
    key("save_age", &[Limits], "time", "`5s`", "how long a change may stay in memory alone"),
    key("rest_after", &[Limits], "time", "never", "without calls for so long, with nothing unsaved, its image is closed until the next"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_once_in_a_section() {
        for (index, key) in KEYS.iter().enumerate() {
            for other in &KEYS[..index] {
                let shared = key.sections.iter().any(|section| other.sections.contains(section));
                assert!(!shared || key.name != other.name, "{} stands twice", key.name);
            }
        }
    }
}
