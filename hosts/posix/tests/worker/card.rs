//! A tenant with a network card: it does with frames what its closure does.

use crate::harness::Home;
use bytes::Bytes;
use hyper::{Frame, Link, LinkEvent, StreamEvent};
use posix::{LinkOptions, OpenLink, Progress, ServiceId, ServiceSpec, Tenant};
use service::{Description, Next, State};
use std::rc::Rc;

type OnEvent = Box<dyn FnMut(&dyn Link, LinkEvent<'_>) + Send>;

/// See the module's text.
struct Card {
    link: Rc<dyn Link>,
    on_event: OnEvent,
    state: State,
    stopped: bool,
}

impl Tenant for Card {
    fn stream_event(&mut self, event: StreamEvent<'_>) {
        panic!("it has no sockets: {event:?}");
    }

    fn link_event(&mut self, event: LinkEvent<'_>) {
        (self.on_event)(&*self.link, event);
    }

    fn turn(&mut self) -> Next {
        Next::Idle
    }

    fn state(&self) -> &State {
        &self.state
    }

    fn stop(&mut self) {
        self.stopped = true;
    }

    fn is_stopped(&self) -> bool {
        self.stopped
    }
}

/// Opens a link.
pub fn open(link: &str, options: LinkOptions) -> OpenLink {
    OpenLink::open(&link.parse().unwrap(), options).unwrap()
}

/// Adds a tenant and waits until it serves.
pub fn serve(
    home: &Home,
    link: OpenLink,
    on_event: impl FnMut(&dyn Link, LinkEvent<'_>) + Send + 'static,
) -> ServiceId {
    let on_event = Box::new(on_event);
    let description = Description {
        format: "test".into(),
        byte_order: None,
        size_bytes: 0,
        read_only: None,
        exports: Vec::new(),
    };
    let service = home.add(ServiceSpec {
        name: "card".into(),
        listen: Vec::new(),
        link: Some(link),
        connections_max: 0,
        weight: posix::WEIGHT_USUAL,
        make: Box::new(move |site| {
            let link = site.link.clone().ok_or("it has no link")?;
            let state = State::Serving(description);
            Ok(Box::new(Card { link, on_event, state, stopped: false }))
        }),
        remake: None,
    });
    let progress = home.report().progress;
    assert!(matches!(progress, Progress::Serving { .. }), "{progress:?}");
    service
}

/// Stops it and waits for its end.
pub fn stop(home: &Home, service: ServiceId) {
    home.pool.stop(service).unwrap();
    let progress = home.report().progress;
    assert_eq!(progress, Progress::Stopped);
}

/// A frame in two pieces, which asks nothing of the link.
pub fn plain(bytes: &[u8]) -> Frame {
    let (head, payload) = bytes.split_at(bytes.len().min(14));
    let payload = vec![Bytes::copy_from_slice(payload)];
    Frame { head: Bytes::copy_from_slice(head), payload, checksum: None, cut: None }
}

/// Sends each frame back.
pub fn echo(link: &dyn Link, event: LinkEvent<'_>) {
    if let LinkEvent::Received { bytes, .. } = event {
        link.send(plain(bytes));
    }
}
