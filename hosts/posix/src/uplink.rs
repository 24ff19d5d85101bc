//! An uplink of a switch, and the tenant that it belongs to on its worker, which carries the frames
//! by itself.

use crate::link::OpenLink;
use crate::tenant::Tenant;
use hyper::StreamEvent;
use service::{Description, Next, State};

/// A tap or a socket that is plugged into a switch ([`crate::SharedSwitch::uplink`]), to be given to a
/// worker ([`crate::ServiceSpec::uplink`]). Dropped, it is closed.
#[derive(Debug)]
pub struct Uplink(pub(crate) OpenLink);

/// The tenant, which only is there.
pub(crate) struct Carrier {
    state: State,
    is_stopped: bool,
}

impl Carrier {
    pub(crate) fn new() -> Self {
        let state = State::Serving(Description {
            format: "uplink".into(),
            byte_order: None,
            size_bytes: 0,
            read_only: None,
            exports: Vec::new(),
        });
        Self { state, is_stopped: false }
    }
}

impl Tenant for Carrier {
    /// It has no sockets.
    fn stream_event(&mut self, _: StreamEvent<'_>) {}

    fn turn(&mut self) -> Next {
        Next::Idle
    }

    fn state(&self) -> &State {
        &self.state
    }

    fn stop(&mut self) {
        self.is_stopped = true;
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped
    }
}
