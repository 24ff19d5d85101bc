//! The nodes in memory: those used most, and all that somebody holds.

use crate::inodes::Node;
use abi::InodeNo;
use alloc::collections::BTreeMap;
use alloc::rc::{Rc, Weak};
use block::Clock;

/// Nodes by number; never two for one inode.
pub(crate) struct NodeTable {
    kept: Clock<InodeNo, Rc<Node>>,
    /// Every node that is not dropped yet, and places of some that are.
    live: BTreeMap<InodeNo, Weak<Node>>,
    /// How many places there may be before those of dropped nodes are cleared away.
    places_max: usize,
}

impl NodeTable {
    /// A table that keeps at most `entries` nodes that nobody holds.
    pub(crate) fn new(entries: u32) -> Self {
        let places_max = 2 * entries.max(8) as usize;
        Self { kept: Clock::new(entries.into()), live: BTreeMap::new(), places_max }
    }

    pub(crate) fn get(&mut self, number: InodeNo) -> Option<Rc<Node>> {
        self.kept.get(number).or_else(|| {
            let node = self.live.get(&number)?.upgrade()?;
            self.kept.insert(number, node.clone(), 1);
            Some(node)
        })
    }

    /// Takes in a node that is not there.
    pub(crate) fn insert(&mut self, number: InodeNo, node: &Rc<Node>) {
        if self.live.len() >= self.places_max {
            self.live.retain(|_, node| node.strong_count() > 0);
            self.places_max = self.places_max.max(2 * self.live.len());
        }
        self.live.insert(number, Rc::downgrade(node));
        self.kept.insert(number, node.clone(), 1);
    }

    /// The inode is free: who holds its node holds nothing.
    pub(crate) fn remove(&mut self, number: InodeNo) {
        self.kept.remove(number);
        self.live.remove(&number);
    }
}
