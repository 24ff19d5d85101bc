//! One descriptor of a link, as a machine that starts no operation itself.

use std::os::fd::OwnedFd;

/// What a descriptor is to its link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A tap: a frame a read, a frame a write.
    Tap,
    /// Where peers connect.
    Listener,
    /// A connection to a peer.
    Stream,
}

/// How a descriptor is let go of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    NotYet,
    /// Once what is being sent has left.
    Politely,
    AtOnce,
}

/// What a descriptor needs done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlugStep {
    /// Take what arrives.
    Start,
    Cancel,
    Release,
}

/// See the module's text.
#[derive(Debug)]
pub(crate) struct Plug {
    pub(crate) tenant: usize,
    /// The index of its link among the worker's.
    pub(crate) link: usize,
    pub(crate) role: Role,
    /// The descriptor, until the driver has taken it over.
    pub(crate) unadopted: Option<OwnedFd>,
    is_receiving: bool,
    sends_under_way: usize,
    end: End,
    is_canceled: bool,
    /// Nothing is taken for a while: there was trouble.
    pub(crate) is_resting: bool,
}

impl Plug {
    pub(crate) fn new(tenant: usize, link: usize, role: Role, descriptor: OwnedFd) -> Self {
        Self {
            tenant,
            link,
            role,
            unadopted: Some(descriptor),
            is_receiving: false,
            sends_under_way: 0,
            end: End::NotYet,
            is_canceled: false,
            is_resting: false,
        }
    }

    /// Lets go of the descriptor: at once, or when what is being sent has left.
    pub(crate) fn end(&mut self, at_once: bool) {
        self.end = self.end.max(if at_once { End::AtOnce } else { End::Politely });
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.end != End::NotYet
    }

    /// The operation that takes what arrives has ended.
    pub(crate) fn received(&mut self) {
        self.is_receiving = false;
    }

    /// Whether something can be sent now. On a stream one send follows another.
    pub(crate) fn can_send(&self) -> bool {
        self.unadopted.is_none()
            && !self.is_canceled
            && (self.role == Role::Tap || self.sends_under_way == 0)
    }

    pub(crate) fn sending(&mut self) {
        self.sends_under_way += 1;
    }

    pub(crate) fn sent(&mut self) {
        self.sends_under_way -= 1;
    }

    /// The next step, which is taken to be done.
    pub(crate) fn next_step(&mut self) -> Option<PlugStep> {
        let is_idle = !self.is_receiving && self.sends_under_way == 0;
        match self.end {
            End::NotYet if self.is_receiving || self.is_resting => None,
            End::NotYet => {
                self.is_receiving = true;
                Some(PlugStep::Start)
            }
            _ if is_idle => Some(PlugStep::Release),
            End::Politely if self.sends_under_way > 0 => None,
            _ if std::mem::replace(&mut self.is_canceled, true) => None,
            _ => Some(PlugStep::Cancel),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plug(role: Role) -> Plug {
        let mut plug = Plug::new(0, 0, role, std::fs::File::open("/dev/null").unwrap().into());
        plug.unadopted = None;
        plug
    }

    #[test]
    fn it_receives_again_and_again_and_goes_when_nothing_is_under_way() {
        let mut plug = plug(Role::Stream);
        assert_eq!(plug.next_step(), Some(PlugStep::Start));
        assert_eq!(plug.next_step(), None);
        plug.received();
        assert_eq!(plug.next_step(), Some(PlugStep::Start));
        plug.sending();
        assert!(!plug.can_send());
        plug.end(false);
        assert_eq!(plug.next_step(), None, "what is being sent leaves first");
        plug.sent();
        assert_eq!(plug.next_step(), Some(PlugStep::Cancel));
        assert_eq!(plug.next_step(), None);
        plug.received();
        assert_eq!(plug.next_step(), Some(PlugStep::Release));
    }

    #[test]
    fn at_once_is_at_once() {
        let mut plug = plug(Role::Tap);
        assert_eq!(plug.next_step(), Some(PlugStep::Start));
        plug.sending();
        plug.sending();
        plug.end(true);
        plug.end(false);
        assert_eq!(plug.next_step(), Some(PlugStep::Cancel));
        plug.received();
        plug.sent();
        assert_eq!(plug.next_step(), None);
        plug.sent();
        assert_eq!(plug.next_step(), Some(PlugStep::Release));
    }
}
