//! The descriptors of links, and what of them is handed to the driver.

use super::{Kind, LinkState};
use crate::clock::HostClock;
use crate::driver::{Driver, SocketKey};
use crate::link::{Plug, PlugStep, Role, pieces_of};
use crate::network::{Network, Socket};
use hyper::Clock;
use std::os::fd::OwnedFd;

impl Network {
    /// Gives a link one more descriptor.
    pub(super) fn plug_in(&mut self, link: usize, role: Role, descriptor: OwnedFd) {
        let Some(state) = self.links.links.get(link) else { return };
        let plug = Plug::new(state.tenant, link, role, descriptor);
        let key = self.insert(Socket::Link(plug));
        let state = &mut self.links.links[link];
        state.plugs.push(key);
        if role != Role::Listener {
            state.carrier = Some(key);
        }
        self.dirty.push(key);
    }

    /// Lets go of one.
    pub(super) fn unplug(&mut self, key: SocketKey, at_once: bool) {
        if let Some(Socket::Link(plug)) = self.sockets.get_mut(key.0) {
            plug.end(at_once);
            self.dirty.push(key);
        }
    }

    /// Starts what a descriptor needs done next.
    pub(in crate::network) fn flush_link(&mut self, key: SocketKey, driver: &mut dyn Driver) {
        let Some(Socket::Link(plug)) = self.sockets.get_mut(key.0) else { return };
        if let Some(descriptor) = plug.unadopted.take()
            && let Err(error) = driver.adopt(key, descriptor)
        {
            tracing::error!("a link cannot be used: {error}");
            return self.remove_plug(key, driver);
        }
        self.send_frames(key, driver);
        let Some(Socket::Link(plug)) = self.sockets.get_mut(key.0) else { return };
        match (plug.next_step(), plug.role) {
            (None, _) => {}
            (Some(PlugStep::Start), Role::Tap) => driver.receive_frames(key),
            (Some(PlugStep::Start), Role::Listener) => driver.accept(key),
            (Some(PlugStep::Start), Role::Stream) => driver.receive(key, false),
            (Some(PlugStep::Cancel), _) => driver.cancel(key),
            (Some(PlugStep::Release), _) => self.remove_plug(key, driver),
        }
    }

    /// Sends what the link's queue holds, if `key` is what it goes through.
    fn send_frames(&mut self, key: SocketKey, driver: &mut dyn Driver) {
        let Some(Socket::Link(plug)) = self.sockets.get_mut(key.0) else { return };
        let Some(state) = self.links.links.get_mut(plug.link) else { return };
        if state.carrier != Some(key) || !plug.can_send() {
            return;
        }
        let LinkState { queue, trace, kind, .. } = state;
        let mut taken = || {
            let frames = queue.borrow_mut().take();
            if let Some(trace) = trace {
                frames.iter().for_each(|frame| trace.frame(frame, HostClock.wall()));
            }
            frames
        };
        match kind {
            Kind::Card => {}
            Kind::Tap { has_header } => {
                for frame in taken() {
                    plug.sending();
                    driver.send_frame(key, pieces_of(&frame, *has_header));
                }
            }
            Kind::Listen { peer, .. } | Kind::Connect { peer, .. } => {
                let pieces = peer.next_send(taken);
                if !pieces.is_empty() {
                    plug.sending();
                    driver.send(key, pieces);
                }
            }
        }
    }

    fn remove_plug(&mut self, key: SocketKey, driver: &mut dyn Driver) {
        let Some(Socket::Link(plug)) = self.sockets.get(key.0) else { return };
        let link = plug.link;
        if let Some(state) = self.links.links.get_mut(link) {
            state.plugs.retain(|&own| own != key);
            state.carrier = state.carrier.filter(|&carrier| carrier != key);
        }
        self.remove(key, driver);
        self.lose_frames(link);
        self.remove_link_if_over(link);
    }
}
