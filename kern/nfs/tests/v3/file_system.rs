//! FSSTAT, FSINFO, PATHCONF.

use crate::world::{World, refused, stale};
use nfs3_types::nfs3::{
    FSINFO3args, FSINFO3res, FSSTAT3args, FSSTAT3res, PATHCONF3args, PATHCONF3res, nfsstat3,
};
use vfs::FileSystem;

fn information(world: &World) -> nfs3_types::nfs3::FSINFO3resok {
    world.call::<FSINFO3res>(19, &FSINFO3args { fsroot: world.root() }).unwrap()
}

#[test]
fn usage_is_the_file_systems() {
    let world = World::new();
    let usage = task::drive(world.memfs.usage(), || ()).unwrap();
    let told = world.call::<FSSTAT3res>(18, &FSSTAT3args { fsroot: world.root() }).unwrap();
    assert!(told.obj_attributes.is_some());
    assert_eq!((told.tbytes, told.fbytes), (usage.total_bytes, usage.free_bytes));
    assert_eq!(told.abytes, usage.available_bytes);
    assert_eq!((told.tfiles, told.ffiles), (usage.total_files, usage.free_files));
    assert_eq!((told.afiles, told.invarsec), (usage.free_files, 0));
}

#[test]
fn limits_are_the_file_systems() {
    let world = World::new();
    let limits = world.memfs.limits();
    let told = information(&world);
    assert!(told.obj_attributes.is_some());
    assert_eq!(told.maxfilesize, limits.file_bytes_max);
    assert_eq!(told.rtmult, limits.block_bytes);
    assert_eq!(told.time_delta.nseconds, limits.time_step_nanoseconds);
    assert_eq!(told.properties, 0x1b);
    let told = world.call::<PATHCONF3res>(20, &PATHCONF3args { object: world.root() }).unwrap();
    assert_eq!((told.linkmax, told.name_max), (limits.links_max, limits.name_bytes_max));
    assert!(told.no_trunc && told.chown_restricted && told.case_preserving);
    assert!(!told.case_insensitive);
}

#[test]
fn transfers_are_as_large_as_the_transport_allows() {
    let world = World::new();
    let stream = information(&world);
    assert_eq!((stream.rtmax, stream.wtmax, stream.dtpref), (1 << 20, 1 << 20, 64 << 10));
    assert_eq!((stream.rtpref, stream.wtpref), (1 << 20, 1 << 20));
    world.datagram.set(true);
    let datagram = information(&world);
    assert_eq!((datagram.rtmax, datagram.wtmax, datagram.dtpref), (32 << 10, 32 << 10, 32 << 10));
}

#[test]
fn a_stale_handle_has_no_file_system() {
    let world = World::new();
    let fsroot = stale(&world);
    let (status, body) = refused(world.call::<FSSTAT3res>(18, &FSSTAT3args { fsroot }));
    assert_eq!(status, nfsstat3::NFS3ERR_STALE);
    assert!(body.obj_attributes.is_none());
    let fsroot = stale(&world);
    let (status, _) = refused(world.call::<FSINFO3res>(19, &FSINFO3args { fsroot }));
    assert_eq!(status, nfsstat3::NFS3ERR_STALE);
    let object = stale(&world);
    let (status, _) = refused(world.call::<PATHCONF3res>(20, &PATHCONF3args { object }));
    assert_eq!(status, nfsstat3::NFS3ERR_STALE);
}
