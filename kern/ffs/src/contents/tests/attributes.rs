//! Extended attributes, which this room does not read.

use super::world::{World, layouts};
use crate::allocate::Near;
use crate::layout::{CylGroup, ExtendedAttributes, Format};

#[test]
fn extended_attributes_go_with_their_file() {
    for layout in layouts() {
        let mut world = World::new(&layout);
        if world.fs.ffs.geometry.format == Format::Ufs1 {
            continue;
        }
        let file = world.create();
        world.write(file, 0, &[1; 5000]).expect("space");
        let geometry = world.fs.ffs.geometry;
        let attributes = world.fs.wait(world.fs.ffs.transact(world.time(), |one| {
            let near = Near { group: CylGroup(0), frag: None };
            let first = one.allocate_block(file, near)?;
            let second = one.allocate_frags(file, near, 1)?;
            one.add_frags(file, geometry.frags_per_block() + 1)?;
            let mut inode = one.inode(file)?;
            let size_bytes = geometry.block_bytes() + 9;
            inode.extended = ExtendedAttributes { size_bytes, blocks: [first, second] };
            one.set_inode(file, inode)
        }));
        attributes.expect("attributes");
        world.remove(file);
        world.check();
    }
}
