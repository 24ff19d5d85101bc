//! Arguments that are none: cut short, or of anybody's making.

use crate::world::{MOUNT, NFS, World, handle_of, mode, packed, place};
use nfs3_types::mount::dirpath;
use nfs3_types::nfs3::{
    ACCESS3args, COMMIT3args, CREATE3args, GETATTR3args, LINK3args, LOOKUP3args, MKDIR3args,
    MKNOD3args, Nfs3Option, READ3args, READDIR3args, READDIRPLUS3args, RENAME3args, SETATTR3args,
    SYMLINK3args, WRITE3args, cookieverf3, createhow3, devicedata3, mknoddata3, sattr3, set_atime,
    set_mtime, specdata3, stable_how, symlinkdata3,
};
use nfs3_types::xdr_codec::Opaque;
use proptest::collection::vec;
use proptest::prelude::{any, prop, proptest};
use proptest::strategy::Strategy;
use rpc::{Facts, Fault, Needs, Replay};

/// Well-formed arguments of every procedure of NFS, by number.
fn arguments(world: &World) -> Vec<Vec<u8>> {
    let root = || world.root();
    let place = || place(&root(), "name");
    let all = sattr3 {
        mode: Nfs3Option::Some(0o644),
        uid: Nfs3Option::Some(1),
        gid: Nfs3Option::Some(1),
        size: Nfs3Option::Some(1),
        atime: set_atime::SET_TO_CLIENT_TIME(crate::world::time(1, 2)),
        mtime: set_mtime::SET_TO_CLIENT_TIME(crate::world::time(1, 2)),
    };
    let guard = Nfs3Option::Some(crate::world::time(1, 2));
    let spec = specdata3 { specdata1: 1, specdata2: 2 };
    let verifier = cookieverf3([0; 8]);
    let handle = packed(&GETATTR3args { object: root() });
    vec![
        vec![],
        handle.clone(),
        packed(&SETATTR3args { object: root(), new_attributes: all.clone(), guard }),
        packed(&LOOKUP3args { what: place() }),
        packed(&ACCESS3args { object: root(), access: 63 }),
        handle.clone(),
        packed(&READ3args { file: root(), offset: 0, count: 9 }),
        packed(&WRITE3args {
            file: root(),
            offset: 0,
            count: 5,
            stable: stable_how::FILE_SYNC,
            data: Opaque::borrowed(b"hello"),
        }),
        packed(&CREATE3args { where_: place(), how: createhow3::UNCHECKED(all.clone()) }),
        packed(&MKDIR3args { where_: place(), attributes: all.clone() }),
        packed(&SYMLINK3args {
            where_: place(),
            symlink: symlinkdata3 {
                symlink_attributes: all.clone(),
                symlink_data: b"target".as_slice().into(),
            },
        }),
        packed(&MKNOD3args {
            where_: place(),
            what: mknoddata3::NF3CHR(devicedata3 { dev_attributes: mode(0), spec }),
        }),
        packed(&LOOKUP3args { what: place() }),
        packed(&LOOKUP3args { what: place() }),
        packed(&RENAME3args { from: place(), to: place() }),
        packed(&LINK3args { file: root(), link: place() }),
        packed(&READDIR3args { dir: root(), cookie: 0, cookieverf: verifier, count: 512 }),
        packed(&READDIRPLUS3args {
            dir: root(),
            cookie: 0,
            cookieverf: verifier,
            dircount: 512,
            maxcount: 4096,
        }),
        handle.clone(),
        handle.clone(),
        handle,
        packed(&COMMIT3args { file: root(), offset: 0, count: 0 }),
    ]
}

#[test]
fn every_procedure_is_in_the_table() {
    let world = World::new();
    let count = |index: usize| {
        (0..).take_while(|&number| world.programs[index].procedure(3, number).is_some()).count()
    };
    assert_eq!((count(0), count(1)), (22, 6));
    assert_eq!(arguments(&world).len(), 22);
    for version in [0, 1, 2, 4] {
        assert!(world.programs.iter().all(|program| program.procedure(version, 1).is_none()));
    }
}

#[test]
fn what_may_be_repeated_and_what_may_not() {
    let world = World::new();
    let remembered = (0..22).filter(|&number| {
        let Facts { replay, needs, .. } = world.programs[0].procedure(3, number).unwrap();
        assert_eq!(needs, if number == 0 { Needs::Nothing } else { Needs::Handle });
        assert_eq!(replay == Replay::RememberData, [2, 7].contains(&number));
        replay != Replay::Rerun
    });
    assert_eq!(remembered.collect::<Vec<_>>(), [2, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
    let mount = (0..6).map(|number| world.programs[1].procedure(3, number).unwrap());
    assert!(mount.into_iter().all(|facts| facts.needs == Needs::Nothing));
}

#[test]
fn arguments_cut_short_are_garbage() {
    let world = World::new();
    for (number, arguments) in arguments(&world).into_iter().enumerate() {
        for length in 0..arguments.len() {
            let call = world.message(NFS, number as u32, arguments[..length].to_vec());
            let fault = world.run(&call).unwrap_err();
            assert_eq!(fault, Fault::GarbageArguments, "{number}, {length} bytes");
        }
        let call = world.message(NFS, number as u32, arguments);
        assert!(world.run(&call).is_ok(), "{number}");
    }
    for number in [1, 3] {
        let path = packed(&dirpath(Opaque::borrowed(b"/path")));
        for length in 0..path.len() {
            let call = world.message(MOUNT, number, path[..length].to_vec());
            assert_eq!(world.run(&call).unwrap_err(), Fault::GarbageArguments);
        }
    }
}

#[test]
fn discriminants_nobody_defined_are_garbage() {
    let world = World::new();
    let place = packed(&place(&world.root(), "x"));
    let with = |number: u32| [&place[..], &number.to_be_bytes(), &[0; 64]].concat();
    for (procedure, number) in [(8, 3), (8, u32::MAX), (11, 0), (11, 8), (9, 2)] {
        let call = world.message(NFS, procedure, with(number));
        assert_eq!(world.run(&call).unwrap_err(), Fault::GarbageArguments, "{procedure} {number}");
    }
    let long = packed(&GETATTR3args { object: handle_of(&[0; 65]) });
    assert_eq!(world.run(&world.message(NFS, 1, long)).unwrap_err(), Fault::GarbageArguments);
}

#[test]
fn bytes_behind_the_arguments_do_not_matter() {
    let world = World::new();
    let mut arguments = packed(&GETATTR3args { object: world.root() });
    arguments.extend([0xff; 40]);
    assert!(world.run(&world.message(NFS, 1, arguments)).is_ok());
}

/// Arguments of some procedure with some bytes overwritten.
fn damaged() -> impl Strategy<Value = (usize, Vec<(prop::sample::Index, u8)>)> {
    (0..22_usize, vec((any::<prop::sample::Index>(), any::<u8>()), 0..8))
}

proptest! {
    #[test]
    fn noise_is_answered_or_garbage(number in 0..22_u32, noise in vec(any::<u8>(), 0..256)) {
        let world = World::new();
        let fault = world.run(&world.message(NFS, number, noise)).err();
        assert!(fault.is_none_or(|fault| fault == Fault::GarbageArguments));
    }

    #[test]
    fn damage_is_answered_or_garbage((number, damage) in damaged()) {
        let world = World::new();
        let mut bytes = arguments(&world).swap_remove(number);
        for (index, value) in damage {
            if !bytes.is_empty() {
                let at = index.index(bytes.len());
                bytes[at] = value;
            }
        }
        let fault = world.run(&world.message(NFS, number as u32, bytes)).err();
        assert!(fault.is_none_or(|fault| fault == Fault::GarbageArguments));
    }
}
