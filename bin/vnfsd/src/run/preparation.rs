//! What may take long before a service can be added, away from the steward: images are made, taps and
//! sockets opened.

use super::events::{Event, Events};
use super::switches::Switches;
use crate::newfs;
use crate::serve::network::{self, Known};
use anyhow::{Context, Result, ensure};
use fleet::{Command, ImagePlan, Isolation, LinkPlan, NetworkPlan, ServicePlan, SourcePlan};
use posix::{Access, LinkOptions, LinkSpec, OpenLink, ServiceId, ServiceSpec, SharedSwitch, Site};
use service::{Config, ImageOptions, Source};
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

/// Services that are prepared at a time.
const THREADS: usize = 4;

/// A service that can be added; or why not.
pub type Prepared = Result<ServiceSpec, String>;

/// A service to be prepared.
struct Task {
    id: ServiceId,
    plan: Arc<ServicePlan>,
    switch: Option<SharedSwitch>,
}

/// See the module's text.
pub struct Preparation {
    tasks: Sender<Task>,
    /// What else is to be done with those that are not ready yet.
    later: HashMap<ServiceId, Vec<Command>>,
}

impl Preparation {
    /// With its threads, which tell what came of it.
    ///
    /// # Errors
    /// If one cannot be started.
    pub fn new(events: &Events) -> Result<Self> {
        let (tasks, inbox) = channel();
        let inbox = Arc::new(Mutex::new(inbox));
        for _ in 0..THREADS {
            let (inbox, events) = (inbox.clone(), events.clone());
            let thread = Builder::new().name("preparation".to_owned());
            thread.spawn(move || work(&inbox, &events)).context("a thread cannot be started")?;
        }
        Ok(Self { tasks, later: HashMap::new() })
    }

    /// Begins with a service.
    pub fn begin(&mut self, id: ServiceId, plan: Arc<ServicePlan>, switches: &Switches) {
        let switch = switch_of(&plan).and_then(|name| switches.get(name)).cloned();
        self.later.insert(id, Vec::new());
        // The threads live as long as this.
        let _ = self.tasks.send(Task { id, plan, switch });
    }

    /// Keeps a command for a service that is not ready; gives back those for others.
    pub fn keep(&mut self, command: Command) -> Option<Command> {
        match self.later.get_mut(&command.id()) {
            Some(later) => {
                later.push(command);
                None
            }
            None => Some(command),
        }
    }

    /// A service is ready, or never will be. Returns what is to be done with it next.
    pub fn end(&mut self, id: ServiceId) -> Vec<Command> {
        self.later.remove(&id).unwrap_or_default()
    }
}

fn work(inbox: &Mutex<Receiver<Task>>, events: &Events) {
    let next = || inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(Task { id, plan, switch }) = next() {
        let prepared = prepare(&plan, switch.as_ref()).map_err(|error| format!("{error:#}"));
        events.tell(Event::Prepared(id, prepared));
    }
}

fn switch_of(plan: &ServicePlan) -> Option<&str> {
    match &plan.network {
        NetworkPlan::Link(link) => match &link.spec {
            LinkSpec::Switch { name, .. } => Some(name),
            _ => None,
        },
        NetworkPlan::Listen(_) => None,
    }
}

fn prepare(plan: &Arc<ServicePlan>, switch: Option<&SharedSwitch>) -> Result<ServiceSpec> {
    ensure!(
        plan.isolation == Isolation::Thread,
        "isolation = \"process\" is not carried out yet: leave it out, or run it by `vnfsd serve`"
    );
    if let SourcePlan::Image(image) = &plan.source {
        make_missing(image)?;
    }
    let (listen, own) = match &plan.network {
        NetworkPlan::Listen(addresses) => (addresses.clone(), None),
        NetworkPlan::Link(link) => (Vec::new(), Some(plug_in(&plan.name, link, switch)?)),
    };
    let (link, identity) = own.unzip();
    let (name, plan) = (plan.name.clone(), plan.clone());
    let (connections_max, weight) = (plan.limits.connections_max, plan.weight);
    let spec = ServiceSpec::service(name, listen, move |site| configure(&plan, site, identity));
    Ok(ServiceSpec { link, connections_max, weight, ..spec })
}

/// An image that is not there is made if the plan says how large.
fn make_missing(image: &ImagePlan) -> Result<()> {
    let exists = image.path.try_exists();
    let exists = exists.with_context(|| format!("{}: cannot be seen", image.path.display()))?;
    match image.create_bytes {
        Some(size_bytes) if !exists => newfs::create(&image.path, size_bytes),
        None if !exists => {
            ensure!(exists, "{}: no such image; `create` makes one", image.path.display());
            Ok(())
        }
        _ => Ok(()),
    }
}

fn plug_in(
    name: &str,
    plan: &LinkPlan,
    switch: Option<&SharedSwitch>,
) -> Result<(OpenLink, net::Config)> {
    let known = Known::new(name, &plan.spec.to_string());
    let mac = plan.mac.unwrap_or_else(|| known.mac());
    let options = LinkOptions { mtu_bytes: plan.mtu_bytes, trace: plan.pcap.clone() };
    let link = match (&plan.spec, switch) {
        (LinkSpec::Switch { vlan, .. }, Some(switch)) => switch.card(*vlan, mac.0, options)?,
        (spec, _) => OpenLink::open(spec, options)?,
    };
    Ok((link, network::config(&known, mac, plan.addresses.clone(), plan.gateways.clone())))
}

/// What the service is made of, on its worker's thread.
fn configure(
    plan: &ServicePlan,
    site: &Site,
    identity: Option<net::Config>,
) -> Result<Config, String> {
    Ok(Config {
        name: plan.name.clone(),
        source: source(plan, site),
        opening: plan.opening,
        exports: plan.nfs_exports(),
        limits: plan.limits.of_service(),
        network: network::of_service(site, identity)?,
    })
}

fn source(plan: &ServicePlan, site: &Site) -> Source {
    match &plan.source {
        SourcePlan::Memory { size_bytes } => {
            Source::Memory { size_bytes: *size_bytes, id: site.host.random.next_u64() }
        }
        SourcePlan::Image(image) => {
            let ImagePlan { read_only, journal, discard, .. } = *image;
            let access = if read_only { Access::ReadOnly } else { Access::ReadWrite };
            let options = ImageOptions { read_only, log: journal, discard };
            Source::Image { backing: site.image(image.path.clone(), access), options }
        }
    }
}
