//! The instance and its turn.

use crate::{Config, Host, Next, State};
use hyper::StreamEvent;

/// One isolated server. Everything it knows hangs here; nothing lives in a static.
pub struct Service {
    host: Host,
    config: Config,
    state: State,
}

impl Service {
    /// A service on `host`. Mounting is its first task: it answers once that is done.
    pub fn new(host: Host, config: Config) -> Self {
        Self { host, config, state: State::Mounting }
    }

    /// Tells what happened on the network. Nothing is run before the next turn.
    pub fn stream_event(&mut self, event: StreamEvent<'_>) {
        if let StreamEvent::Opened { stream, .. } = event {
            self.host.streams.close(stream);
        }
    }

    /// Does a bounded amount of work: collects what the disk completed, runs calls, sends
    /// replies. Says when it wishes to be called again.
    pub fn turn(&mut self) -> Next {
        Next::Idle
    }

    /// How far the service has come.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Refuses new calls from now on; see [`Service::is_stopped`].
    pub fn stop(&mut self) {
        self.config.exports.clear();
    }

    /// Whether everything begun before [`Service::stop`] is finished and its replies have left.
    pub fn is_stopped(&self) -> bool {
        self.config.exports.is_empty()
    }
}
