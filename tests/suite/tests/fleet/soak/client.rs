//! Who works while services come and go: writes stable pieces, and knows what has to be in each file.

use crate::sample;
use nfs3_types::nfs3::{
    NFS_PROGRAM, Nfs3Result, READ3args, READ3res, WRITE3args, WRITE3res, nfs_fh3, nfsstat3,
    stable_how,
};
use nfs3_types::xdr_codec::Opaque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};
use suite::nfs::Client;
use suite::server::PATIENCE;

const PIECE_BYTES: u32 = 4096;

/// Files of each service.
const FILES: usize = 4;

/// Between attempts at a service that is not there.
const PAUSE: Duration = Duration::from_millis(5);

/// A file, and which of its contents may be in it: the one acknowledged last, or a later one whose
/// answer never came.
struct File {
    handle: nfs_fh3,
    seed: u64,
    acknowledged: u64,
    attempted: u64,
}

impl File {
    /// Its contents of a generation, which they begin with.
    fn contents(&self, generation: u64) -> Vec<u8> {
        let noise = sample(self.seed ^ generation, PIECE_BYTES as usize - 8);
        [&generation.to_be_bytes()[..], &noise].concat()
    }

    /// `None` if the service went away before it answered.
    fn write(&mut self, client: &mut Client) -> Option<()> {
        self.attempted += 1;
        let data = self.contents(self.attempted);
        let arguments = WRITE3args {
            file: self.handle.clone(),
            offset: 0,
            count: PIECE_BYTES,
            stable: stable_how::FILE_SYNC,
            data: Opaque::borrowed(&data),
        };
        let result: WRITE3res = client.try_call(NFS_PROGRAM::NFSPROC3_WRITE, &arguments)?;
        let written = done(result)?;
        assert_eq!(written.count, PIECE_BYTES, "a whole write");
        self.acknowledged = self.attempted;
        Some(())
    }

    /// As [`File::write`].
    fn verify(&mut self, client: &mut Client) -> Option<()> {
        let arguments = READ3args { file: self.handle.clone(), offset: 0, count: PIECE_BYTES };
        let result: READ3res<'static> = client.try_call(NFS_PROGRAM::NFSPROC3_READ, &arguments)?;
        let read = done(result)?;
        let (first, _) = read.data.split_first_chunk().expect("all of it is there");
        let generation = u64::from_be_bytes(*first);
        let known = self.acknowledged..=self.attempted;
        assert!(known.contains(&generation), "{generation} is not of {known:?}");
        assert_eq!(read.data.as_ref(), self.contents(generation), "generation {generation}");
        Some(())
    }
}

/// What a procedure returns; `None` if it is to be called again later.
fn done<T, E>(result: Nfs3Result<T, E>) -> Option<T> {
    match result {
        Nfs3Result::Ok(value) => Some(value),
        Nfs3Result::Err((nfsstat3::NFS3ERR_JUKEBOX, _)) => None,
        Nfs3Result::Err((why, _)) => panic!("{why:?}"),
    }
}

/// A service, as its client knows it.
struct Place {
    address: SocketAddr,
    client: Option<Client>,
    files: Vec<File>,
}

impl Place {
    fn new(address: SocketAddr, luck: &mut fastrand::Rng) -> Self {
        let (mut client, root) = Client::mount(address);
        let make = |number| {
            let (seed, name) = (luck.u64(..), format!("file{number}"));
            let handle = client.create(&root, name.as_bytes()).expect("it is made");
            let mut file = File { handle, seed, acknowledged: 0, attempted: 0 };
            file.write(&mut client).expect("it is written");
            file
        };
        let files = (0..FILES).map(make).collect();
        Self { address, client: Some(client), files }
    }

    /// Does something, with a new connection if need be; `None` if that is not possible now.
    fn try_do(
        &mut self,
        number: usize,
        act: impl FnOnce(&mut File, &mut Client) -> Option<()>,
    ) -> Option<()> {
        let open = self.client.take().or_else(|| Client::try_open(self.address));
        let mut client = open?;
        act(&mut self.files[number], &mut client)?;
        self.client = Some(client);
        Some(())
    }

    /// All that has to be there is, within [`PATIENCE`]; leaves.
    fn find_all(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        for number in 0..FILES {
            while self.try_do(number, File::verify).is_none() {
                assert!(Instant::now() < deadline, "{} is not back", self.address);
                sleep(PAUSE);
            }
        }
        self.client = None;
    }
}

/// The work of one client at all services that are its own.
pub struct Work {
    places: Vec<Place>,
    luck: fastrand::Rng,
}

impl Work {
    /// At these services, all of which let clients in.
    pub fn new(seed: u64, addresses: impl Iterator<Item = SocketAddr>) -> Self {
        let mut luck = fastrand::Rng::with_seed(seed);
        let places = addresses.map(|address| Place::new(address, &mut luck)).collect();
        Self { places, luck }
    }

    /// Works until that is over, and finds everything then.
    pub fn go_on(&mut self, is_over: &AtomicBool) {
        while !is_over.load(Ordering::Relaxed) {
            let (place, file) = (self.luck.usize(..self.places.len()), self.luck.usize(..FILES));
            let act = if self.luck.bool() { File::write } else { File::verify };
            if self.places[place].try_do(file, act).is_none() {
                sleep(PAUSE);
            }
        }
        self.places.iter_mut().for_each(Place::find_all);
    }

    /// Writes that were acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.places.iter().flat_map(|place| &place.files).map(|file| file.acknowledged).sum()
    }
}
