//! What a call costs in allocations. Those of the frequent procedures are counted, because each
//! one is a good part of what they take.

use crate::world::{NFS, World, mode, packed, place};
use allocation_counter::measure;
use nfs3_types::nfs3::{
    ACCESS3args, GETATTR3args, LOOKUP3args, Nfs3Option, READ3args, SETATTR3args, SETATTR3res,
};
use rpc::Facts;
use xdr::Writer;

/// Allocations of one call, its reply's buffer not counted.
fn allocations(world: &World, procedure: u32, arguments: Vec<u8>) -> u64 {
    let call = world.message(NFS, procedure, arguments);
    let program = &world.programs[0];
    let Facts { result_bytes, .. } = program.procedure(3, procedure).unwrap();
    let run = || {
        let mut result = Writer::with_capacity(result_bytes);
        let count = measure(|| {
            task::drive(program.run(&call, &mut result), || ()).unwrap();
        });
        count.count_total
    };
    run();
    run()
}

#[test]
fn frequent_procedures_allocate_little() {
    let world = World::new();
    let file = world.create(&world.root(), "a");
    world.write(&file, 0, &[1; 4096]);
    world.call::<SETATTR3res>(
        2,
        &SETATTR3args {
            object: file.clone(),
            new_attributes: mode(0o666),
            guard: Nfs3Option::None,
        },
    );
    let get_attributes = allocations(&world, 1, packed(&GETATTR3args { object: file.clone() }));
    let lookup = allocations(&world, 3, packed(&LOOKUP3args { what: place(&world.root(), "a") }));
    let access = allocations(&world, 4, packed(&ACCESS3args { object: file.clone(), access: 63 }));
    let read =
        allocations(&world, 6, packed(&READ3args { file: file.clone(), offset: 0, count: 4096 }));
    // A call: its future. A file: its vnode, and a future for its attributes. What is done: one
    // more future; of a READ, also the list of pieces, here and in the reply.
    assert_eq!((get_attributes, access), (3, 3));
    assert_eq!((lookup, read), (6, 6));
}
