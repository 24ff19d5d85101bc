//! From sections to services: placeholders filled, ranges handed out, nothing claimed twice.

use crate::address::Mac;
use crate::claims::{self, Claim, Claims};
use crate::fault::{At, Faults, Given, quoted};
use crate::identity;
use crate::pattern::{Names, Pattern};
use crate::plan::{
    ImagePlan, Isolation, LinkPlan, NetworkPlan, SERVICES_MAX, ServicePlan, SourcePlan, SwitchPlan,
};
use crate::ranges::{nth_address, nth_mac};
use crate::section::{Members, Section};
use crate::table::expected_one_of;
use crate::values::TEXT_BYTES_MAX;
use net::AddressSource;
use posix::LinkSpec;
use service::Opening;
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uuid::Uuid;

/// Text of all services together: a file cannot make more of itself.
const PLAN_TEXT_BYTES_MAX: usize = 64 << 20;

/// Longest name of a service, and longest label, in bytes.
const NAME_BYTES_MAX: usize = 255;

/// In which names are made into UUIDs (RFC 9562 §5.5).
const NAMESPACE: Uuid = Uuid::from_u128(0x9d4c_6d1e_7a52_5f0b_8c3e_6e66_7364_0001);

/// The weight of a service that says nothing.
const WEIGHT: u32 = 100;

/// Services, one after another.
pub(crate) struct Expander<'e, 'f> {
    pub(crate) faults: &'e mut Faults<'f>,
    pub(crate) folder: &'e Path,
    pub(crate) switches: &'e [SwitchPlan],
    services: Vec<Arc<ServicePlan>>,
    names: HashMap<String, usize>,
    uuids: HashMap<Uuid, usize>,
    claims: Claims,
    text_bytes: usize,
}

/// One service of a section.
struct Member<'m> {
    section: &'m Section,
    position: u64,
    names: Names<'m>,
}

/// Labels, made once for all services of a section if they are the same.
type Labels = Option<Arc<BTreeMap<String, String>>>;

impl<'e, 'f> Expander<'e, 'f> {
    pub(crate) fn new(
        faults: &'e mut Faults<'f>,
        folder: &'e Path,
        switches: &'e [SwitchPlan],
    ) -> Self {
        let mut claims = Claims::default();
        let uplinks = switches.iter().flat_map(claims::of_switch);
        uplinks.for_each(|wish| claims.take(wish, usize::MAX));
        let (services, names, uuids, text_bytes) = <_>::default();
        Self { faults, folder, switches, services, names, uuids, claims, text_bytes }
    }

    pub(crate) fn into_services(self) -> Vec<Arc<ServicePlan>> {
        self.services
    }

    /// Services so far.
    pub(crate) fn len(&self) -> usize {
        self.services.len()
    }

    /// Adds the services of a section.
    pub(crate) fn add(&mut self, section: &Section) {
        self.check_said(section);
        let mut labels = None;
        for position in 0..section.members.len() {
            if self.services.len() >= SERVICES_MAX || self.text_bytes > PLAN_TEXT_BYTES_MAX {
                let most = format!(
                    "at most {SERVICES_MAX} services with {PLAN_TEXT_BYTES_MAX} bytes of text"
                );
                return self.faults.tell(&section.at, most, "more");
            }
            self.add_one(section, position, &mut labels);
        }
    }

    /// Tells what no layer says.
    fn check_said(&mut self, section: &Section) {
        let said = section.settings.said;
        let has_images = matches!(section.members, Members::Images(..));
        for (is_said, what) in [
            (said.source || has_images, "`image` or `memory`"),
            (said.network, "`listen` or `link`"),
            (said.exports, "`exports`"),
        ] {
            if !is_said {
                let key = format!("{}: {}", section.at.key, what.replace('`', ""));
                let at = At { key: key.into(), ..section.at };
                self.faults.tell(&at, what, "nothing of it, nor in a template or the defaults");
            }
        }
    }

    fn add_one(&mut self, section: &Section, position: u64, labels: &mut Labels) {
        let stem = section.members.image(position).and_then(Path::file_stem);
        let index = section.members.index_first().map(|first| first.saturating_add(position));
        let names = Names { name: None, index, stem: stem.and_then(|stem| stem.to_str()) };
        let Some(name) = self.name(section, &names) else { return };
        let names = Names { name: Some(&name), ..names };
        let member = Member { section, position, names };
        if let Some(plan) = self.service(&member, labels) {
            self.claim(&member, &plan);
            self.services.push(Arc::new(plan));
        }
    }

    /// The name, which nobody else has.
    fn name(&mut self, section: &Section, names: &Names<'_>) -> Option<String> {
        let Given { value, at } = &section.name;
        let name = self.faults.kept(at, "a placeholder", value.fill(names))?;
        let is_plain =
            name.trim() == name && !name.is_empty() && !name.chars().any(char::is_control);
        if name.len() > NAME_BYTES_MAX || !is_plain {
            let expected =
                format!("a name of 1 to {NAME_BYTES_MAX} bytes, without spaces around it");
            self.faults.tell(at, expected, quoted(&name));
            return None;
        }
        self.text_bytes += name.len();
        if self.names.insert(name.clone(), self.services.len()).is_some() {
            let expected = "a name that no other service has";
            self.faults.tell(at, expected, format!("{}, a second time", quoted(&name)));
            return None;
        }
        Some(name)
    }

    fn service(&mut self, member: &Member<'_>, labels: &mut Labels) -> Option<ServicePlan> {
        let settings = &member.section.settings;
        let name = member.names.name?.to_owned();
        let uuid = member.section.uuid.as_ref().map(|given| given.value);
        let labels = labels.clone().or_else(|| {
            let made = self.labels(member);
            let is_same = settings.labels.values().all(|given| given.value.is_plain());
            is_same.then(|| *labels = Some(made.clone()));
            Some(made)
        });
        Some(ServicePlan {
            uuid: uuid.unwrap_or_else(|| Uuid::new_v5(&NAMESPACE, name.as_bytes())),
            name,
            source: self.source(member)?,
            exports: settings.exports.as_ref()?.value.clone(),
            network: self.network(member)?,
            limits: settings.limits.plan(),
            weight: settings.weight.unwrap_or(WEIGHT),
            labels: labels?,
            isolation: settings.isolation.unwrap_or(Isolation::Thread),
            opening: settings.opening.unwrap_or(Opening::WhenUsed),
            start: settings.start.unwrap_or(true),
        })
    }

    /// Text for one service, of at most so many bytes.
    fn fill(
        &mut self,
        pattern: &Given<Pattern>,
        member: &Member<'_>,
        most: usize,
    ) -> Option<String> {
        let filled = pattern.value.fill(&member.names);
        let text = self.faults.kept(&pattern.at, "a placeholder", filled)?;
        self.text_bytes += text.len();
        if text.len() > most || text.is_empty() {
            self.faults.tell(&pattern.at, format!("1 to {most} bytes"), quoted(&text));
            return None;
        }
        Some(text)
    }

    fn path(&mut self, pattern: &Given<Pattern>, member: &Member<'_>) -> Option<PathBuf> {
        let text = self.fill(pattern, member, TEXT_BYTES_MAX)?;
        Some(self.folder.join(text))
    }

    fn labels(&mut self, member: &Member<'_>) -> Arc<BTreeMap<String, String>> {
        let mut labels = BTreeMap::new();
        for (key, pattern) in &member.section.settings.labels {
            let value = self.fill(pattern, member, NAME_BYTES_MAX);
            self.text_bytes += key.len();
            labels.extend(value.map(|value| (key.clone(), value)));
        }
        Arc::new(labels)
    }

    fn source(&mut self, member: &Member<'_>) -> Option<SourcePlan> {
        let source = &member.section.settings.source;
        let path = match (member.section.members.image(member.position), &source.image) {
            (Some(path), _) => path.to_owned(),
            (None, Some(image)) => self.path(image, member)?,
            (None, None) => {
                return source
                    .memory
                    .as_ref()
                    .map(|given| SourcePlan::Memory { size_bytes: given.value });
            }
        };
        self.text_bytes += path.as_os_str().len();
        let flag =
            |given: &Option<Given<bool>>, usual| given.as_ref().map_or(usual, |given| given.value);
        Some(SourcePlan::Image(ImagePlan {
            path,
            read_only: flag(&source.read_only, false),
            journal: flag(&source.journal, true),
            discard: flag(&source.discard, false),
            create_bytes: source.create.as_ref().map(|given| given.value),
        }))
    }

    fn network(&mut self, member: &Member<'_>) -> Option<NetworkPlan> {
        let network = &member.section.settings.network;
        if let Some(link) = &network.link {
            return self.link(link, member).map(|link| NetworkPlan::Link(Box::new(link)));
        }
        let mut listen = Vec::new();
        for range in network.listen.as_ref()?.value.iter() {
            let address = range.value.nth(member.position, &member.names);
            let found = format!("service {} of it", member.position.saturating_add(1));
            listen.push(self.faults.kept(&range.at, &found, address)?);
        }
        Some(NetworkPlan::Listen(listen))
    }

    fn link(&mut self, link: &Given<Pattern>, member: &Member<'_>) -> Option<LinkPlan> {
        let network = &member.section.settings.network;
        let text = self.fill(link, member, TEXT_BYTES_MAX)?;
        let spec = text.parse().map_err(|error: posix::LinkError| error.to_string());
        let spec = self.faults.kept(&link.at, &quoted(&text), spec)?;
        let (spec, switch_mtu) = self.place(spec, link, member)?;
        let addresses = self.addresses(member)?;
        let gateways = self.gateways(member, &addresses);
        let own_mtu = network.mtu.as_ref().map(|given| given.value);
        if let Some(wide) =
            identity::too_wide_for(&addresses, own_mtu.or(switch_mtu).unwrap_or(u32::MAX))
        {
            let at = network.mtu.as_ref().map_or(&link.at, |given| &given.at);
            self.faults.tell(at, "an MTU of at least 1280, for IPv6", crate::address::shown(wide));
        }
        let pcap = match &network.pcap {
            Some(pcap) => Some(self.path(pcap, member)?),
            None => None,
        };
        let mac = self.mac(member);
        Some(LinkPlan { spec, addresses, gateways, mac, mtu_bytes: own_mtu, pcap })
    }

    /// Where on a switch a link is, if it is on one: the switch is there, and the VLAN said once.
    fn place(
        &mut self,
        spec: LinkSpec,
        link: &Given<Pattern>,
        member: &Member<'_>,
    ) -> Option<(LinkSpec, Option<u32>)> {
        let network = &member.section.settings.network;
        let LinkSpec::Switch { name, vlan } = spec else {
            if let Some(vlan) = &network.vlan {
                self.faults.tell(
                    &vlan.at,
                    "no `vlan` but with switch:NAME",
                    quoted(&spec.to_string()),
                );
            }
            return Some((spec, None));
        };
        if let Some(mtu) = &network.mtu {
            self.faults.tell(&mtu.at, format!("`mtu` of [switch.{name}] instead"), "it here");
        }
        let Some(switch) = self.switches.iter().find(|switch| switch.name == name) else {
            let names = self.switches.iter().map(|switch| &*switch.name);
            let expected = format!("a switch that is described: {}", expected_one_of(&name, names));
            self.faults.tell(&link.at, expected, format!("switch {}", quoted(&name)));
            return None;
        };
        let vlan = match &network.vlan {
            None => vlan,
            Some(given) => {
                if vlan != posix::Vlan::DEFAULT {
                    self.faults.tell(&given.at, "the VLAN in `link` or in `vlan`", "both");
                }
                let found = format!("service {} of it", member.position.saturating_add(1));
                self.faults.kept(&given.at, &found, given.value.nth(member.position))?
            }
        };
        Some((LinkSpec::Switch { name, vlan }, switch.mtu_bytes))
    }

    fn addresses(&mut self, member: &Member<'_>) -> Option<Vec<AddressSource>> {
        let given = &member.section.settings.network.address;
        let Some(given) = given.as_ref().filter(|given| !given.value.is_empty()) else {
            return Some(vec![AddressSource::Dhcp, AddressSource::Advertisements]);
        };
        let steps = member.position.saturating_mul(member.section.address_step);
        let mut addresses: Vec<AddressSource> = Vec::new();
        for first in given.value.iter() {
            let found = format!("service {} of it", member.position.saturating_add(1));
            let address = self.faults.kept(&first.at, &found, nth_address(first.value, steps))?;
            if addresses.iter().any(|other| identity::is_same(other, &address)) {
                self.faults.tell(&first.at, "each address once", crate::address::shown(&address));
            }
            addresses.push(address);
        }
        Some(addresses)
    }

    fn gateways(&mut self, member: &Member<'_>, addresses: &[AddressSource]) -> Vec<IpAddr> {
        let given = member.section.settings.network.gateway.as_ref();
        let mut gateways: Vec<IpAddr> = Vec::new();
        for gateway in given.into_iter().flat_map(|given| given.value.iter()) {
            let address = gateway.value;
            if gateways.iter().any(|other| other.is_ipv4() == address.is_ipv4()) {
                self.faults.tell(&gateway.at, "one gateway for IPv4 and one for IPv6", "a second");
            }
            if let Err(why) = identity::check_gateway(address, addresses) {
                self.faults.tell(
                    &gateway.at,
                    "a neighbour of the service",
                    format!("{address}: {why}"),
                );
            }
            gateways.push(address);
        }
        gateways
    }

    fn mac(&mut self, member: &Member<'_>) -> Option<Mac> {
        let first = member.section.settings.network.mac.as_ref()?;
        let found = format!("service {} of it", member.position.saturating_add(1));
        self.faults.kept(&first.at, &found, nth_mac(first.value, member.position))
    }

    /// Tells what another service has already.
    fn claim(&mut self, member: &Member<'_>, plan: &ServicePlan) {
        let own = self.services.len();
        if let Some(other) = self.uuids.insert(plan.uuid, own) {
            let at = member.section.uuid.as_ref().map_or(&member.section.at, |given| &given.at);
            let found = format!("that of {}", self.holder(other, own));
            self.faults.tell(at, "a UUID that no other service has", found);
        }
        for wish in claims::of_service(plan) {
            match self.claims.conflict(&wish) {
                Some(other) => {
                    let found = format!("{}, which {} has", wish.0, self.holder(other, own));
                    self.faults.tell(
                        place_of(member.section, &wish.0),
                        "what nobody else has",
                        found,
                    );
                }
                None => self.claims.take(wish, own),
            }
        }
    }

    fn holder(&self, who: usize, own: usize) -> String {
        match self.services.get(who) {
            Some(service) => format!("service {}", quoted(&service.name)),
            None if who == own => "this service itself".to_owned(),
            None => "an uplink".to_owned(),
        }
    }
}

/// Where the file says what leads to a claim.
fn place_of<'s>(section: &'s Section, claim: &Claim) -> &'s At {
    let (source, network) = (&section.settings.source, &section.settings.network);
    let at = match claim {
        Claim::Image(_) => source.image.as_ref().map(|given| &given.at),
        Claim::Socket(_) => network.listen.as_ref().map(|given| &given.at),
        Claim::Link(_) => network.link.as_ref().map(|given| &given.at),
        Claim::Station(..) => network.mac.as_ref().map(|given| &given.at),
        Claim::Address(..) => network.address.as_ref().map(|given| &given.at),
        Claim::Trace(_) => network.pcap.as_ref().map(|given| &given.at),
    };
    at.unwrap_or(&section.at)
}
