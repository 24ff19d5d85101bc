//! Who mounted what.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::net::IpAddr;

/// Most mounts remembered.
pub(super) const MOUNTS_MAX: usize = 256;

/// Most bytes of their paths.
pub(super) const PATHS_BYTES_MAX: usize = 16 << 10;

/// One client's mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mounted {
    pub(crate) client: IpAddr,
    pub(crate) path: Box<[u8]>,
}

/// The mounts, oldest first. Bounded: clients add to it as they like.
#[derive(Debug, Default)]
pub(crate) struct MountList {
    mounts: VecDeque<Mounted>,
    paths_bytes: usize,
}

impl MountList {
    /// Remembers a mount; one that is known becomes the newest.
    pub(crate) fn add(&mut self, client: IpAddr, path: &[u8]) {
        self.remove(client, path);
        self.paths_bytes += path.len();
        self.mounts.push_back(Mounted { client, path: path.into() });
        while self.mounts.len() > MOUNTS_MAX || self.paths_bytes > PATHS_BYTES_MAX {
            let oldest = self.mounts.pop_front();
            self.paths_bytes -= oldest.map_or(0, |mounted| mounted.path.len());
        }
    }

    /// Forgets a mount.
    pub(crate) fn remove(&mut self, client: IpAddr, path: &[u8]) {
        self.retain(|mounted| mounted.client != client || *mounted.path != *path);
    }

    /// Forgets every mount of a client.
    pub(crate) fn remove_all(&mut self, client: IpAddr) {
        self.retain(|mounted| mounted.client != client);
    }

    fn retain(&mut self, keeps: impl Fn(&Mounted) -> bool) {
        self.mounts.retain(keeps);
        self.paths_bytes = self.mounts.iter().map(|mounted| mounted.path.len()).sum();
    }

    /// The mounts, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Mounted> {
        self.mounts.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::Ipv4Addr;

    fn client(number: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(10, 0, 0, number))
    }

    #[test]
    fn a_mount_is_listed_once_and_forgotten_when_told() {
        let mut list = MountList::default();
        list.add(client(1), b"/a");
        list.add(client(2), b"/a");
        list.add(client(1), b"/b");
        list.add(client(1), b"/a");
        assert_eq!(list.iter().count(), 3);
        list.remove(client(1), b"/a");
        list.remove(client(9), b"/a");
        assert_eq!(list.iter().count(), 2);
        list.remove_all(client(1));
        assert_eq!(list.iter().map(|mounted| mounted.client).next(), Some(client(2)));
        assert_eq!(list.paths_bytes, 2);
    }

    #[test]
    fn it_is_bounded_in_number_and_in_bytes() {
        let mut list = MountList::default();
        for number in 0..=255 {
            list.add(client(number), b"/");
            list.add(client(number), b"/a");
        }
        assert_eq!(list.iter().count(), MOUNTS_MAX);
        for number in 0..=255 {
            list.add(client(number), &[b'x'; 1024]);
        }
        assert_eq!(list.iter().count(), PATHS_BYTES_MAX / 1024);
        assert!(list.paths_bytes <= PATHS_BYTES_MAX);
    }
}
