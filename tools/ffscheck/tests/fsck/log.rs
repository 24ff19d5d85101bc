//! The log: what it holds counts, and nothing else does.

use crate::builder::superblock_place;
use crate::clean::LAYOUTS;
use crate::support::{classes, lines, look, repair};
use abi::{FileSystemId, InodeNo, Timestamp};
use ffs::layout::log::{Extent, Header, ListKind, Place, Unlinked, emit_extents, emit_inodes};
use ffs::layout::{
    BlockArea, ByteOrder, DirectoryEntry, DirectoryShape, Field, Format, FragNo, Geometry, Inode,
    Kind, Pointers, SUPERBLOCK_BYTES, Superblock, flags, mode,
};
use ffscheck::Image;
use ffscheck::fsck::{Class, Outcome, Report};
use ffscheck::newfs::{Memory, Options, newfs};

const SECTOR: usize = 512;
/// The first inode behind the log's own.
const FILE: u32 = 4;

/// An image with a log, before and after a file was made, written and removed while it was open.
struct World {
    kind: Kind,
    before: Memory,
    after: Memory,
    superblock: Superblock,
    place: Place,
}

impl World {
    fn new(format: Format, order: ByteOrder) -> Self {
        let options = Options {
            format,
            byte_order: order,
            log_bytes: Some(1 << 20),
            ..Options::new(16 << 20)
        };
        let mut before = Memory::default();
        newfs(&mut before, &options, FileSystemId(7), Timestamp::default()).expect("an image");
        let mut bytes = [0; SUPERBLOCK_BYTES];
        before.read_at(superblock_place(format), &mut bytes);
        let (kind, superblock) = Superblock::parse(&bytes).expect("a superblock");
        let geometry = Geometry::new(kind, &superblock, before.size_bytes()).expect("sound");
        let place = Place::of(&superblock, &geometry, before.size_bytes());
        let place = place.expect("sound").expect("a log");
        let mut world = Self { kind, after: before.clone(), before, superblock, place };
        world.make_file(&geometry);
        world
    }

    /// Makes the file with a name, lets fsck put maps and counts in order, and takes the name
    /// away as a removal does.
    fn make_file(&mut self, geometry: &Geometry) {
        let frag_bytes = u64::from(geometry.frag_bytes());
        let root = self.root_chunk(geometry);
        let bare = self.bytes(root, SECTOR);
        let names = DirectoryShape { order: self.kind.order, has_types: true };
        let mut chunk = bare.clone();
        (12_u16).put(&mut chunk[16..], names.order);
        DirectoryEntry { inode: FILE, record_bytes: SECTOR - 24, type_code: 8, name: b"f" }
            .emit(&mut chunk[24..], names);
        self.after.write_at(root, &chunk).expect("inside");
        let last = FragNo(geometry.size_frags - 2 * u64::from(geometry.frags_per_block()));
        let mut pointers = Pointers::default();
        pointers.direct[0] = last;
        let inode = Inode {
            mode: mode::REGULAR | 0o600,
            links: 1,
            size_bytes: frag_bytes,
            sectors: frag_bytes / 512,
            area: BlockArea::Pointers(pointers),
            ..Inode::free()
        };
        self.store(geometry, &inode);
        assert_eq!(repair(&mut self.after).outcome, Outcome::Repaired);
        self.after.write_at(root, &bare).expect("inside");
        self.store(geometry, &Inode { links: 0, ..inode });
    }

    fn bytes(&self, at: u64, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.after.read_at(at, &mut bytes);
        bytes
    }

    fn inode_place(&self, geometry: &Geometry, number: u32) -> u64 {
        let (frag, inside) = geometry.inode_place(InodeNo(number.into())).expect("an inode");
        (frag.0 << geometry.frag_shift) + inside as u64
    }

    fn root_chunk(&self, geometry: &Geometry) -> u64 {
        let shape = geometry.inode_shape();
        let bytes = self.bytes(self.inode_place(geometry, 2), shape.bytes());
        let BlockArea::Pointers(pointers) = shape.parse(&bytes).area else { panic!("the root") };
        pointers.direct[0].0 << geometry.frag_shift
    }

    fn store(&mut self, geometry: &Geometry, inode: &Inode) {
        let place = self.inode_place(geometry, FILE);
        let shape = geometry.inode_shape();
        let mut bytes = vec![0; shape.bytes()];
        shape.store(inode, &mut bytes);
        self.after.write_at(place, &bytes).expect("inside");
    }

    /// The sectors that differ, but for the superblock and the table of summaries, which are
    /// never logged.
    fn changes(&self) -> Vec<(u64, Vec<u8>)> {
        let (old, new) = (self.before.to_vec(), self.after.to_vec());
        let frag_bytes = self.superblock.frag_bytes as usize;
        let summaries = self.superblock.summary_frag as usize * frag_bytes;
        let superblock = superblock_place(self.kind.format) as usize;
        let is_logged = |&at: &usize| {
            old[at..at + SECTOR] != new[at..at + SECTOR]
                && !(superblock..superblock + 8192).contains(&at)
                && !(summaries..summaries + self.superblock.summary_bytes as usize).contains(&at)
        };
        let places = (0..new.len()).step_by(SECTOR).filter(is_logged);
        places.map(|at| (at as u64, new[at..at + SECTOR].to_vec())).collect()
    }

    /// The image before, unclean, with these records in its log, the oldest so many bytes into
    /// the circle.
    fn with_log(&self, records: &Records, skip_bytes: u64) -> Memory {
        let mut image = self.before.clone();
        let mut superblock = self.superblock;
        (superblock.clean, superblock.flags) = (0, superblock.flags | flags::WAPBL);
        let bytes = superblock.to_bytes(self.kind.order);
        image.write_at(superblock_place(self.kind.format), &bytes).expect("inside");
        let mut header = Header::empty(&self.place, self.kind.order, Timestamp::default());
        (header.generation, header.used_bytes) = (7, records.bytes.len() as u64);
        header.tail = header.circle.advance(header.tail, skip_bytes);
        self.write_header(&mut image, &header);
        let older = Header { generation: 6, used_bytes: header.used_bytes - 512, ..header };
        self.write_header(&mut image, &older);
        let [first, second] = header.circle.pieces(header.tail, header.used_bytes);
        let (one, two) = records.bytes.split_at((first.end - first.start) as usize);
        image.write_at(self.place.offset_bytes + first.start, one).expect("inside");
        image.write_at(self.place.offset_bytes + second.start, two).expect("inside");
        image
    }

    fn write_header(&self, image: &mut Memory, header: &Header) {
        let mut block = vec![0; self.place.block_bytes as usize];
        header.emit(&mut block);
        let offset = Header::offset_bytes(header.generation, self.place.block_bytes);
        image.write_at(self.place.offset_bytes + offset, &block).expect("inside");
    }
}

/// Records, one after another.
struct Records {
    order: ByteOrder,
    bytes: Vec<u8>,
}

impl Records {
    fn new(world: &World) -> Self {
        Self { order: world.kind.order, bytes: Vec::new() }
    }

    fn blocks(mut self, changes: &[(u64, Vec<u8>)]) -> Self {
        for part in changes.chunks(31) {
            self = self.extents(ListKind::Blocks, part);
            part.iter().for_each(|(_, bytes)| self.bytes.extend(bytes));
        }
        self
    }

    fn revoke(mut self, changes: &[(u64, Vec<u8>)]) -> Self {
        for part in changes.chunks(31) {
            self = self.extents(ListKind::Revocations, part);
        }
        self
    }

    fn extents(mut self, kind: ListKind, part: &[(u64, Vec<u8>)]) -> Self {
        let extents: Vec<_> = part
            .iter()
            .map(|(at, _)| Extent { offset_bytes: *at, length_bytes: SECTOR as u32 })
            .collect();
        let mut block = vec![0; SECTOR];
        emit_extents(kind, &extents, &mut block, self.order);
        self.bytes.extend(block);
        self
    }

    fn inodes(mut self, inodes: &[u32]) -> Self {
        let inodes: Vec<_> = inodes
            .iter()
            .map(|&inode| Unlinked { inode: InodeNo(inode.into()), mode: 0o100_600 })
            .collect();
        let mut block = vec![0; SECTOR];
        emit_inodes(&inodes, true, &mut block, self.order);
        self.bytes.extend(block);
        self
    }
}

fn garbage(changes: &[(u64, Vec<u8>)]) -> Vec<(u64, Vec<u8>)> {
    changes.iter().map(|(at, _)| (*at, vec![0xa5; SECTOR])).collect()
}

fn assert_replayed(mut image: Memory, files: u64) -> Report {
    let seen = look(&image);
    assert_eq!((lines(&seen), seen.outcome), (vec![], Outcome::Clean));
    assert_eq!(seen.replay.expect("a replay").files, files);
    let report = repair(&mut image);
    assert_eq!(report.outcome, Outcome::Clean);
    report
}

#[test]
fn a_removed_file_is_freed() {
    for (format, order) in LAYOUTS {
        let world = World::new(format, order);
        let changes = world.changes();
        let records = Records::new(&world).blocks(&changes).inodes(&[FILE]);
        // In one piece, and around the end of the circle.
        for skip_bytes in [0, world.place.size_bytes - 5 * 512] {
            let report = assert_replayed(world.with_log(&records, skip_bytes), 1);
            assert_eq!(report.usage.files, 1, "the log's owner is left");
        }
    }
}

#[test]
fn later_contents_win_and_revoked_ones_do_not_count() {
    for (format, order) in LAYOUTS {
        let world = World::new(format, order);
        let changes = world.changes();
        let records = Records::new(&world).blocks(&garbage(&changes)).blocks(&changes);
        assert_replayed(world.with_log(&records.inodes(&[9]).inodes(&[FILE]), 0), 1);
        let records = Records::new(&world).blocks(&garbage(&changes)).revoke(&changes);
        assert_replayed(world.with_log(&records.inodes(&[]), 0), 0);
    }
}

#[test]
fn a_file_that_the_log_forgot_is_found() {
    for (format, order) in LAYOUTS {
        let world = World::new(format, order);
        let records = Records::new(&world).blocks(&world.changes()).inodes(&[]);
        let mut image = world.with_log(&records, 0);
        assert!(classes(&look(&image)).contains(&Class::UnreferencedFile));
        assert_eq!(repair(&mut image).outcome, Outcome::Repaired);
    }
}

#[test]
fn a_clean_image_is_not_replayed() {
    let world = World::new(Format::Ufs2, ByteOrder::Little);
    let records = Records::new(&world).blocks(&garbage(&world.changes()));
    let mut image = world.with_log(&records, 0);
    let bytes = world.superblock.to_bytes(ByteOrder::Little);
    image.write_at(superblock_place(Format::Ufs2), &bytes).expect("inside");
    let report = look(&image);
    assert_eq!((lines(&report), report.replay), (vec![], None));
}

#[test]
fn a_log_that_cannot_be_read_is_told_of() {
    for (format, order) in LAYOUTS {
        let world = World::new(format, order);
        let records = Records::new(&world).blocks(&world.changes()).inodes(&[FILE]);
        type Damage = fn(&World, &mut Memory);
        let cases: [(&str, Damage); 4] = [
            ("neither header of the log holds", |world, image| {
                image.write_at(world.place.offset_bytes, &[0; 1024]).expect("inside");
            }),
            ("record at byte 1024 of the log: wc_type", |world, image| {
                image.write_at(world.place.offset_bytes + 1024, &[0; 4]).expect("inside");
            }),
            ("fs_journallocs[1] at byte 880 is 3", |world, image| {
                let mut superblock = world.superblock;
                superblock.journal_places[1] = 3;
                let bytes = superblock.to_bytes(world.kind.order);
                image.write_at(superblock_place(world.kind.format), &bytes).expect("inside");
            }),
            ("inode 9 does not own the blocks of the log", |world, image| {
                let mut superblock = world.superblock;
                superblock.journal_places[3] = 9;
                let bytes = superblock.to_bytes(world.kind.order);
                image.write_at(superblock_place(world.kind.format), &bytes).expect("inside");
            }),
        ];
        for (expected, damage) in cases {
            let mut image = world.with_log(&records, 0);
            damage(&world, &mut image);
            let report = repair(&mut image);
            let text = lines(&report);
            assert!(text.iter().any(|line| line.contains(expected)), "{expected}: {text:#?}");
            assert!(classes(&report).contains(&Class::Log));
            assert_eq!(report.outcome, Outcome::Repaired, "{text:#?}");
        }
    }
}
