//! Whose line of an export is whose: the longest prefix decides.
//!
//! Networks contain each other or are disjoint, so together they cut all addresses into stretches,
//! each of which belongs to the innermost network around it. One search finds a client's.
//!
//! ```text
//! 10.0.0.0/8             |--------------------|
//! 10.1.0.0/16               |----|
//! everybody        |---------------------------------
//! stretches        |     |  |    |            |
//! ```

use super::Network;
use super::network::successor;
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

/// The lowest address there is.
const LOWEST: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// A place among the lines of all exports.
type Line = usize;

/// The lines of one path by clients. A stretch ends where the next begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clients {
    stretches: Vec<(IpAddr, Option<Line>)>,
}

impl Clients {
    /// Each network with its line, in any order but none twice, and the line for whoever is in none
    /// of them.
    pub(super) fn new(mut networks: Vec<(Network, Line)>, everybody: Option<Line>) -> Self {
        networks.sort_unstable();
        let mut clients = Self { stretches: vec![(LOWEST, everybody)] };
        let mut around: Vec<(Network, Line)> = Vec::new();
        for (network, line) in networks {
            clients.leave(&mut around, everybody, |outer| outer.last() < network.first());
            clients.begin(network.first(), Some(line));
            around.push((network, line));
        }
        clients.leave(&mut around, everybody, |_| true);
        clients.stretches.shrink_to_fit();
        clients
    }

    /// Ends the innermost networks for as long as `is_over`.
    fn leave(
        &mut self,
        around: &mut Vec<(Network, Line)>,
        everybody: Option<Line>,
        is_over: impl Fn(&Network) -> bool,
    ) {
        while let Some((ended, _)) = around.pop_if(|(network, _)| is_over(network)) {
            let line = around.last().map_or(everybody, |&(_, line)| Some(line));
            if let Some(next) = successor(ended.last()) {
                self.begin(next, line);
            }
        }
    }

    /// From `start` on it is this line.
    fn begin(&mut self, start: IpAddr, line: Option<Line>) {
        match self.stretches.last_mut() {
            Some(last) if last.0 == start => last.1 = line,
            _ => self.stretches.push((start, line)),
        }
    }

    /// The line of a client.
    pub(super) fn line(&self, client: IpAddr) -> Option<Line> {
        let client = client.to_canonical();
        let behind = self.stretches.partition_point(|(start, _)| *start <= client);
        self.stretches[..behind].last().and_then(|&(_, line)| line)
    }
}
