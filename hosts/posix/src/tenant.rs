//! What a worker turns.

use crate::disk::{DiskAccount, DiskQueue, FileDisk};
use crate::fairness::WEIGHT_USUAL;
use crate::image::{Access, Image};
use crate::link::OpenLink;
use crate::opener::{Customer, LazyImage};
use crate::uplink::{Carrier, Uplink};
use hyper::{Backing, Disk, Link, LinkEvent, StreamEvent};
use service::{Config, Host, Next, Parcel, Service, State};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;

/// One isolated server on a worker: a [`Service`], or what a test puts in its place.
///
/// The worker tells it everything that one wait brought, then turns it once. It never leaves the
/// worker's thread, and it is ended if it panics.
pub trait Tenant {
    /// Tells what happened on the network.
    fn stream_event(&mut self, event: StreamEvent<'_>);

    /// Tells what happened on the link. A tenant that was given none ([`Site::link`]) never hears
    /// of it.
    fn link_event(&mut self, _event: LinkEvent<'_>) {}

    /// Does a bounded amount of work. Says when it wishes to be called again.
    fn turn(&mut self) -> Next;

    /// How far it has come. Clients are let in once it serves.
    fn state(&self) -> &State;

    /// Refuses new calls from now on.
    fn stop(&mut self);

    /// Whether everything begun before [`Tenant::stop`] is finished.
    fn is_stopped(&self) -> bool;

    /// The service that it is, for what can be asked of services only.
    fn service(&mut self) -> Option<&mut Service> {
        None
    }

    /// The same as plain data, to be taken to another worker, if it is a service that can be packed.
    fn pack(self: Box<Self>) -> Option<Parcel> {
        None
    }
}

impl Tenant for Service {
    fn stream_event(&mut self, event: StreamEvent<'_>) {
        Self::stream_event(self, event);
    }

    fn link_event(&mut self, event: LinkEvent<'_>) {
        Self::link_event(self, event);
    }

    fn turn(&mut self) -> Next {
        Self::turn(self)
    }

    fn state(&self) -> &State {
        Self::state(self)
    }

    fn stop(&mut self) {
        Self::stop(self);
    }

    fn is_stopped(&self) -> bool {
        Self::is_stopped(self)
    }

    fn service(&mut self) -> Option<&mut Service> {
        Some(self)
    }

    fn pack(self: Box<Self>) -> Option<Parcel> {
        self.can_be_packed().then(|| Service::pack(*self))
    }
}

/// Where a tenant is made: the worker's thread, with all that the tenant will know of it.
pub struct Site {
    /// The hypercalls.
    pub host: Host,
    /// The tenant's own addresses, with their real ports.
    pub addresses: Vec<SocketAddr>,
    /// The tenant's own network card, if its specification has one.
    pub link: Option<Rc<dyn Link>>,
    pub(crate) account: DiskAccount,
    pub(crate) disks: DiskQueue,
    pub(crate) customer: Customer,
}

impl Site {
    /// The port of the tenant's first address; 0 if it has none.
    pub fn port(&self) -> u16 {
        self.addresses.first().map_or(0, SocketAddr::port)
    }

    /// Makes an image a disk of this tenant.
    pub fn attach(&self, image: Image) -> Rc<dyn Disk> {
        Rc::new(FileDisk::new(image, self.account.clone(), self.disks.clone()))
    }

    /// An image that is open only while the tenant uses it: by a thread that may wait, when there is
    /// room among all that are open ([`crate::PoolOptions::open_images_max`]).
    pub fn image(&self, path: PathBuf, access: Access) -> Rc<dyn Backing> {
        let (account, disks) = (self.account.clone(), self.disks.clone());
        Rc::new(LazyImage::new(self.customer.clone(), path, access, account, disks))
    }
}

/// Makes a tenant on its worker's thread. An error is a sentence for the administrator.
pub type MakeTenant = Box<dyn FnOnce(&Site) -> Result<Box<dyn Tenant>, String> + Send>;

/// What a service is made of, on whatever worker it finds itself. To be asked again after each move.
pub type Configure = Box<dyn Fn(&Site) -> Result<Config, String> + Send>;

/// Connections one service may have, unless its specification says otherwise.
pub const CONNECTIONS_MAX: usize = 16 << 10;

/// A tenant to be.
pub struct ServiceSpec {
    /// Its name, for people.
    pub name: String,
    /// Where it listens, TCP and UDP. Port 0 is one port of the host's choice, the same for all
    /// addresses that have it.
    pub listen: Vec<SocketAddr>,
    /// What its frames go through, if it is a network host of its own.
    pub link: Option<OpenLink>,
    /// Connections it may have; more are closed as they come.
    pub connections_max: usize,
    /// How much of a worker's time it gets when others want it too, beside [`WEIGHT_USUAL`].
    pub weight: u32,
    /// Makes it.
    pub make: MakeTenant,
    /// What it is made of, once it has moved to another worker; it stays if nothing is said.
    pub remake: Option<Configure>,
}

impl ServiceSpec {
    /// A tenant of usual limits, without a link.
    pub fn new(name: String, listen: Vec<SocketAddr>, make: MakeTenant) -> Self {
        let (connections_max, weight) = (CONNECTIONS_MAX, WEIGHT_USUAL);
        Self { name, listen, link: None, connections_max, weight, make, remake: None }
    }

    /// A [`Service`] that can be moved to other workers ([`crate::Pool::move_to`]), where `configure` is
    /// asked again.
    pub fn movable(
        name: String,
        listen: Vec<SocketAddr>,
        configure: impl Fn(&Site) -> Result<Config, String> + Send + Clone + 'static,
    ) -> Self {
        let remake = Some::<Configure>(Box::new(configure.clone()));
        Self { remake, ..Self::service(name, listen, configure) }
    }

    /// A [`Service`], from what `configure` makes of its site. It stays on the worker that it comes to.
    pub fn service(
        name: String,
        listen: Vec<SocketAddr>,
        configure: impl FnOnce(&Site) -> Result<Config, String> + Send + 'static,
    ) -> Self {
        let make: MakeTenant = Box::new(move |site| {
            let service = Service::new(site.host.clone(), configure(site)?);
            Ok(Box::new(service))
        });
        Self::new(name, listen, make)
    }

    /// What drives the uplink of a switch, and does nothing else. It reports as a service does.
    pub fn uplink(uplink: Uplink) -> Self {
        let Uplink(link) = uplink;
        let make: MakeTenant = Box::new(|_| Ok(Box::new(Carrier::new())));
        let spec = Self::new(link.name.clone(), Vec::new(), make);
        Self { link: Some(link), ..spec }
    }
}
