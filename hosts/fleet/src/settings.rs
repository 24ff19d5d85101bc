//! What one layer of the file says of services: the defaults, a template, or a service itself. A
//! nearer layer goes before a farther one.

use crate::address::{self, Mac};
use crate::exports;
use crate::fault::{At, Faults, Given, quoted};
use crate::limits::Limits;
use crate::pattern::Pattern;
use crate::plan::{ExportPlan, Isolation};
use crate::ranges::{ListenRange, VlanRange};
use crate::table::{Table, describe};
use crate::values::{self, Read, explained, flag, number, parsed, word};
use net::AddressSource;
use service::Opening;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use toml::de::DeValue;

/// The largest packet a link may carry, and the smallest that it has to (RFC 791).
pub(crate) const MTU_BYTES: (u64, u64) = (68, 65521);

/// Labels of one service, and bytes of the key of one.
const LABELS_MAX: usize = 32;
const LABEL_BYTES_MAX: usize = 63;

/// Elements of a list that nobody has more of, and that checks may go through one by one.
pub(crate) const LIST_MAX: usize = 16;

/// A list as it was given.
pub(crate) type List<T> = Arc<[Given<T>]>;

/// What a layer says.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) template: Option<Given<String>>,
    pub(crate) source: Source,
    pub(crate) exports: Option<Given<Arc<[ExportPlan]>>>,
    pub(crate) network: Network,
    pub(crate) limits: Limits,
    pub(crate) weight: Option<u32>,
    pub(crate) isolation: Option<Isolation>,
    pub(crate) opening: Option<Opening>,
    pub(crate) start: Option<bool>,
    pub(crate) labels: BTreeMap<String, Given<Pattern>>,
    pub(crate) said: Said,
}

/// What a layer says something of, be it right or wrong.
#[derive(Clone, Copy, Default)]
pub(crate) struct Said {
    pub(crate) source: bool,
    pub(crate) network: bool,
    pub(crate) exports: bool,
}

impl Said {
    fn read(table: &Table<'_>) -> Self {
        let any = |names: [&str; 2]| names.iter().any(|name| table.value(name).is_some());
        Self {
            source: any(["image", "memory"]),
            network: any(["listen", "link"]),
            exports: any(["exports", "exports"]),
        }
    }

    fn over(self, far: Self) -> Self {
        Self {
            source: self.source || far.source,
            network: self.network || far.network,
            exports: self.exports || far.exports,
        }
    }
}

/// What a layer says of where files come from.
#[derive(Clone, Default)]
pub(crate) struct Source {
    pub(crate) image: Option<Given<Pattern>>,
    pub(crate) memory: Option<Given<u64>>,
    pub(crate) create: Option<Given<u64>>,
    pub(crate) read_only: Option<Given<bool>>,
    pub(crate) journal: Option<Given<bool>>,
    pub(crate) discard: Option<Given<bool>>,
}

/// What a layer says of how clients reach a service.
#[derive(Clone, Default)]
pub(crate) struct Network {
    pub(crate) listen: Option<Given<List<ListenRange>>>,
    pub(crate) link: Option<Given<Pattern>>,
    pub(crate) vlan: Option<Given<VlanRange>>,
    pub(crate) address: Option<Given<List<AddressSource>>>,
    pub(crate) gateway: Option<Given<List<IpAddr>>>,
    pub(crate) mac: Option<Given<Mac>>,
    pub(crate) mtu: Option<Given<u32>>,
    pub(crate) pcap: Option<Given<Pattern>>,
}

impl Settings {
    /// Reads the keys that all layers may have.
    pub(crate) fn read(table: &Table<'_>, has_template: bool, faults: &mut Faults<'_>) -> Self {
        let weight = table.take("weight", faults, number(1, 10_000));
        let isolation = [("thread", Isolation::Thread), ("process", Isolation::Process)];
        let opening = [("when-used", Opening::WhenUsed), ("at-once", Opening::AtOnce)];
        let template = has_template.then(|| table.take("template", faults, own_text)).flatten();
        let limits = table.value("limits").and_then(|given| Limits::read(given, faults));
        Self {
            template,
            source: Source::read(table, !has_template, faults),
            exports: table.value("exports").and_then(|given| exports::read(given, faults)),
            network: Network::read(table, !has_template, faults),
            limits: limits.unwrap_or_default(),
            weight: weight.map(|given| given.value as u32),
            isolation: table.take("isolation", faults, word(&isolation)).map(|given| given.value),
            opening: table.take("opening", faults, word(&opening)).map(|given| given.value),
            start: table.take("start", faults, flag).map(|given| given.value),
            labels: table.value("labels").map(|given| labels(given, faults)).unwrap_or_default(),
            said: Said::read(table),
        }
    }

    /// This layer, and where it says nothing a farther one.
    pub(crate) fn over(mut self, far: &Self) -> Self {
        for (key, value) in &far.labels {
            self.labels.entry(key.clone()).or_insert_with(|| value.clone());
        }
        Self {
            template: self.template,
            source: self.source.over(&far.source),
            exports: self.exports.or_else(|| far.exports.clone()),
            network: self.network.over(&far.network),
            limits: self.limits.over(&far.limits),
            weight: self.weight.or(far.weight),
            isolation: self.isolation.or(far.isolation),
            opening: self.opening.or(far.opening),
            start: self.start.or(far.start),
            labels: self.labels,
            said: self.said.over(far.said),
        }
    }
}

impl Source {
    fn read(table: &Table<'_>, is_defaults: bool, faults: &mut Faults<'_>) -> Self {
        let read = Self {
            image: table.take("image", faults, pattern),
            memory: table.take("memory", faults, values::some_bytes),
            create: table.take("create", faults, values::some_bytes),
            read_only: table.take("read_only", faults, flag),
            journal: table.take("journal", faults, flag),
            discard: table.take("discard", faults, flag),
        };
        read.check(is_defaults, faults);
        read
    }

    /// Tells what makes no sense beside something of the same layer. The defaults are for services of
    /// every kind: there only the choice is made once.
    fn check(&self, is_defaults: bool, faults: &mut Faults<'_>) {
        let discards = self.discard.as_ref().filter(|given| given.value);
        let of_writing = [
            self.create.as_ref().map(|given| ("create", &given.at)),
            discards.map(|given| ("discard", &given.at)),
        ];
        let of_images = [
            self.image.as_ref().map(|given| ("image", &given.at)),
            self.read_only.as_ref().map(|given| ("read_only", &given.at)),
            self.journal.as_ref().map(|given| ("journal", &given.at)),
        ];
        if self.memory.is_some() {
            let others = of_images.into_iter().chain(of_writing).flatten();
            for (name, at) in others.filter(|(name, _)| !is_defaults || *name == "image") {
                faults.tell(at, format!("no `{name}` beside `memory`"), "both");
            }
        }
        if self.read_only.as_ref().is_some_and(|given| given.value) {
            for (name, at) in of_writing.into_iter().flatten().filter(|_| !is_defaults) {
                faults.tell(at, format!("no `{name}` of what is read only"), "both");
            }
        }
    }

    /// Whether files come from an image or memory is of one layer.
    fn over(self, far: &Self) -> Self {
        let is_said = self.image.is_some() || self.memory.is_some();
        let (image, memory) = match is_said {
            true => (self.image, self.memory),
            false => (far.image.clone(), far.memory.clone()),
        };
        Self {
            image,
            memory,
            create: self.create.or_else(|| far.create.clone()),
            read_only: self.read_only.or_else(|| far.read_only.clone()),
            journal: self.journal.or_else(|| far.journal.clone()),
            discard: self.discard.or_else(|| far.discard.clone()),
        }
    }
}

impl Network {
    fn read(table: &Table<'_>, is_defaults: bool, faults: &mut Faults<'_>) -> Self {
        let ip = parsed("an address without a prefix, such as 10.1.0.1 or fd00::1");
        let mtu = number(MTU_BYTES.0, MTU_BYTES.1);
        let address = |value: &DeValue<'_>| values::text(value).and_then(address::parse);
        let read = Self {
            listen: list(table, "listen", faults, ListenRange::read),
            link: table.take("link", faults, pattern),
            vlan: table.take("vlan", faults, VlanRange::read),
            address: list(table, "address", faults, address),
            gateway: list(table, "gateway", faults, ip),
            mac: table.take("mac", faults, explained),
            mtu: table.take("mtu", faults, |value| Ok(mtu(value)? as u32)),
            pcap: table.take("pcap", faults, pattern),
        };
        read.check(is_defaults, faults);
        read
    }

    /// Tells what is of a link, beside `listen` in the same layer; of the defaults as above.
    fn check(&self, is_defaults: bool, faults: &mut Faults<'_>) {
        let of_links = [
            self.link.as_ref().map(|given| ("link", &given.at)),
            self.vlan.as_ref().map(|given| ("vlan", &given.at)),
            self.address.as_ref().map(|given| ("address", &given.at)),
            self.gateway.as_ref().map(|given| ("gateway", &given.at)),
            self.mac.as_ref().map(|given| ("mac", &given.at)),
            self.mtu.as_ref().map(|given| ("mtu", &given.at)),
            self.pcap.as_ref().map(|given| ("pcap", &given.at)),
        ];
        if self.listen.is_some() {
            let others = of_links.into_iter().flatten();
            for (name, at) in others.filter(|(name, _)| !is_defaults || *name == "link") {
                faults.tell(at, format!("no `{name}` beside `listen`"), "both");
            }
        }
    }

    /// Whether a service has a link of its own is of one layer.
    fn over(self, far: &Self) -> Self {
        let is_said = self.listen.is_some() || self.link.is_some();
        let (listen, link) = match is_said {
            true => (self.listen, self.link),
            false => (far.listen.clone(), far.link.clone()),
        };
        Self {
            listen,
            link,
            vlan: self.vlan.or_else(|| far.vlan.clone()),
            address: self.address.or_else(|| far.address.clone()),
            gateway: self.gateway.or_else(|| far.gateway.clone()),
            mac: self.mac.or_else(|| far.mac.clone()),
            mtu: self.mtu.or_else(|| far.mtu.clone()),
            pcap: self.pcap.or_else(|| far.pcap.clone()),
        }
    }
}

pub(crate) fn own_text(value: &DeValue<'_>) -> Read<String> {
    values::text(value).map(str::to_owned)
}

pub(crate) fn pattern(value: &DeValue<'_>) -> Read<Pattern> {
    values::text(value).and_then(Pattern::read)
}

/// A list that is not empty and not long.
fn list<T>(
    table: &Table<'_>,
    name: &str,
    faults: &mut Faults<'_>,
    read: impl Fn(&DeValue<'_>) -> Read<T>,
) -> Option<Given<List<T>>> {
    let Given { value, at } = table.take_list(name, faults, read)?;
    if value.len() > LIST_MAX {
        faults.tell(&at, format!("at most {LIST_MAX} of them"), value.len().to_string());
    }
    Some(Given { value: value.into(), at })
}

fn labels(
    (at, value): (At, &DeValue<'_>),
    faults: &mut Faults<'_>,
) -> BTreeMap<String, Given<Pattern>> {
    let DeValue::Table(entries) = value else {
        faults.tell(&at, "a table", describe(value));
        return BTreeMap::new();
    };
    if entries.len() > LABELS_MAX {
        faults.tell(&at, format!("at most {LABELS_MAX} labels"), entries.len().to_string());
        return BTreeMap::new();
    }
    let mut labels = BTreeMap::new();
    for entry in Table::own_entries(&at, entries) {
        if !is_label(entry.name) {
            let expected = format!("letters, digits, `-`, `_` and `.`, at most {LABEL_BYTES_MAX}");
            faults.tell(&entry.key, expected, quoted(entry.name));
        }
        let read = faults.kept(&entry.at, &describe(entry.value), pattern(entry.value));
        let given = read.map(|value| (entry.name.to_owned(), Given { value, at: entry.at }));
        labels.extend(given);
    }
    labels
}

fn is_label(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=LABEL_BYTES_MAX).contains(&name.len()) && name.bytes().all(is_plain)
}
