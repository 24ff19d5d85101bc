//! What `makefs` cannot make, made by hand.

use crate::support::craft::{Craft, Shape};
use crate::support::{Mounted, mount};
use abi::{DeviceNumber, Errno, FileSystemId, FileType};
use ffs::layout::{
    BlockArea, ByteOrder, CylGroup, Format, FragNo, Inode, Pointers, device_raw, flags, mode,
};
use ffs::{Condition, MountError};
use std::collections::BTreeMap;
use vfs::FileSystem;

fn shapes() -> Vec<Shape> {
    let mut shapes = Vec::new();
    for order in [ByteOrder::Little, ByteOrder::Big] {
        for (block, frag) in [(4096, 512), (8192, 1024), (16384, 16384), (65536, 8192)] {
            for format in [Format::Ufs1, Format::Ufs2] {
                shapes.push(Shape::new(format, order, block, frag));
            }
            let ufs1 = Shape::new(Format::Ufs1, order, block, frag);
            shapes.push(Shape { stagger_blocks: 3, ..ufs1 });
            shapes.push(Shape { is_old: true, stagger_blocks: 2, ..ufs1 });
        }
    }
    shapes
}

fn mounted(craft: &Craft) -> Mounted {
    mount(&craft.disk).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_kind_of_file_in_every_shape() {
    for shape in shapes() {
        let mut craft = Craft::new(shape);
        let device = DeviceNumber { major: 259, minor: 70003 };
        let direct = [FragNo(device_raw(device).into()); 1];
        let mut pointers = Pointers::default();
        pointers.direct[..1].copy_from_slice(&direct);
        let node = Inode { area: BlockArea::Pointers(pointers), sectors: 0, ..Craft::inode(0o600) };
        let block = craft.add(&Inode { mode: mode::BLOCK_DEVICE | 0o600, ..node });
        let socket = craft.add(&Craft::inode(mode::SOCKET | 0o777));
        let fifo = craft.add(&Craft::inode(mode::FIFO | 0o640));
        let owned = Inode { uid: 501, gid: 65000, ..Craft::inode(mode::REGULAR) };
        let file = craft.add(&owned);
        let long = craft.contents(mode::SYMBOLIC_LINK, "long".repeat(200).as_bytes());
        craft.root(&[
            (block, 6, "block"),
            (socket, 12, "socket"),
            (fifo, 1, "fifo"),
            (file, 8, "file"),
            (long, 10, "long"),
        ]);
        let fs = mounted(&craft);
        let look = |name| fs.attributes(fs.path(name).unwrap()).unwrap();
        assert_eq!(
            (look("block").file_type, look("block").device),
            (FileType::BlockDevice, device)
        );
        assert_eq!(look("socket").file_type, FileType::Socket);
        assert_eq!((look("fifo").file_type, look("fifo").mode), (FileType::Fifo, 0o640));
        assert_eq!((look("file").uid, look("file").gid), (501, 65000), "{shape:?}");
        let target = fs.wait(fs.ffs.read_link(fs.path("long").unwrap())).unwrap();
        assert_eq!(&target[..], "long".repeat(200).as_bytes());
        let (entries, _) = fs.list(fs.ffs.root(), 0, 100).unwrap();
        let kind = (!shape.is_old).then_some(FileType::Socket);
        assert_eq!((&entries[3].name[..], entries[3].file_type), (&b"socket"[..], kind));
        assert_eq!(fs.ffs.id(), FileSystemId(0x1234_5678_9abc_def0));
        assert_eq!(*fs.damage.borrow(), Vec::<String>::new(), "{shape:?}");
    }
}

#[test]
fn short_links_follow_the_rule_of_their_format() {
    let ufs1 = Shape::new(Format::Ufs1, ByteOrder::Little, 8192, 1024);
    let ufs2 = Shape::new(Format::Ufs2, ByteOrder::Big, 8192, 1024);
    for (shape, length) in [(ufs1, 59), (ufs2, 119), (Shape { is_old: true, ..ufs1 }, 60)] {
        let mut craft = Craft::new(shape);
        let mut text = [0; 120];
        text[..length].fill(b't');
        let inode = Craft::inode(mode::SYMBOLIC_LINK | 0o777);
        let area = BlockArea::Text(text);
        let link = craft.add(&Inode { size_bytes: length as u64, sectors: 0, area, ..inode });
        craft.root(&[(link, 10, "link")]);
        let fs = mounted(&craft);
        let target = fs.wait(fs.ffs.read_link(fs.path("link").unwrap())).unwrap();
        assert_eq!(target, text[..length], "{shape:?}");
    }
}

#[test]
fn a_sparse_file_far_above_4_gib() {
    let tib = 1 << 40;
    for (format, size) in [(Format::Ufs1, 6 << 30), (Format::Ufs2, 6 << 30), (Format::Ufs2, tib)] {
        let block = if size == tib { 16384 } else { 4096 };
        let mut craft = Craft::new(Shape::new(format, ByteOrder::Big, block, block));
        let last = size / u64::from(block) - 1;
        let blocks = [0, 11, 12, 5000, last].map(|lbn| (lbn, vec![lbn as u8 | 1; block as usize]));
        let file = craft.file(mode::REGULAR | 0o644, size, &BTreeMap::from(blocks));
        craft.root(&[(file, 8, "sparse")]);
        let fs = mounted(&craft);
        let sparse = fs.path("sparse").unwrap();
        assert_eq!(fs.attributes(sparse).unwrap().size_bytes, size);
        let tail = fs.read(sparse, size - 8192, 10_000).unwrap();
        assert_eq!(tail.len(), 8192);
        assert!(tail[8192 - 4096..].iter().all(|&byte| byte == last as u8 | 1));
        assert_eq!(fs.read(sparse, size / 2, 100_000).unwrap(), vec![0; 100_000]);
        assert_eq!(fs.read(sparse, 5000 * u64::from(block), 3).unwrap(), [5000_u64 as u8 | 1; 3]);
        assert_eq!(fs.read(sparse, size, 3).unwrap(), []);
        assert_eq!(fs.read(sparse, u64::MAX, 3).unwrap(), []);
        let data = |offset| fs.wait(fs.ffs.next_data(sparse, offset)).unwrap();
        let block = u64::from(block);
        fs.disk.reads.set(0);
        assert_eq!([data(0), data(1)], [Some(0), Some(1)]);
        assert_eq!(
            [data(block), data(12 * block), data(13 * block + 7)],
            [11, 12, 5000].map(|lbn| Some(lbn * block))
        );
        assert_eq!([data(5001 * block), data(size - 1)], [Some(last * block), Some(size - 1)]);
        assert_eq!([data(size), data(u64::MAX)], [None, None]);
        assert!(fs.disk.reads.get() < 10, "holes are passed in one step");
    }
}

fn large_directory(names: u32) -> Craft {
    let mut craft = Craft::new(Shape::new(Format::Ufs2, ByteOrder::Little, 16384, 2048));
    let file = craft.contents(mode::REGULAR | 0o644, b"one file");
    let mut entries = vec![(3, 4, b".".to_vec()), (2, 4, b"..".to_vec())];
    entries.extend((0..names).map(|number| (file, 8, format!("entry {number:06}").into_bytes())));
    let directory = craft.add(&Craft::inode(mode::DIRECTORY));
    craft.directory(directory, &entries);
    craft.root(&[(directory, 4, "large")]);
    craft
}

#[test]
fn a_hundred_thousand_names() {
    let craft = large_directory(100_000);
    let fs = mounted(&craft);
    let large = fs.path("large").unwrap();
    fs.lookup(large, b"entry 077777").unwrap();
    assert_eq!(fs.lookup(large, b"absent"), Err(Errno::NoEntry));
    let before = fs.disk.reads.get();
    for number in (0..100_000).step_by(7) {
        fs.lookup(large, format!("entry {number:06}").as_bytes()).unwrap();
    }
    assert_eq!(fs.disk.reads.get(), before, "all in memory");
    let (mut seen, mut cookie, mut end) = (0, 0, false);
    while !end {
        let (entries, at_end) = fs.list(large, cookie, 1000).unwrap();
        seen += entries.len();
        (cookie, end) = (entries.last().map_or(cookie, |entry| entry.cookie), at_end);
    }
    assert_eq!(seen, 100_002);
}

#[test]
fn an_index_beyond_its_budget_is_done_without() {
    let craft = large_directory(5000);
    let options = ffs::Options { directory_index_bytes: 10_000, ..Default::default() };
    let fs = crate::support::mount_with(&craft.disk, options).unwrap();
    let large = fs.path("large").unwrap();
    for _ in 0..2 {
        assert!(fs.lookup(large, b"entry 004999").is_ok());
        assert_eq!(fs.lookup(large, b"entry 005000"), Err(Errno::NoEntry));
    }
}

#[test]
fn cookies_resume_anywhere_within_the_directory() {
    let craft = large_directory(500);
    let fs = mounted(&craft);
    let large = fs.path("large").unwrap();
    let (all, _) = fs.list(large, 0, usize::MAX).unwrap();
    for (index, entry) in all.iter().enumerate() {
        let (rest, end) = fs.list(large, entry.cookie, usize::MAX).unwrap();
        assert!(end && rest == all[index + 1..]);
    }
    // A record that was merged away: what begins behind it is shown.
    let inside = all[10].cookie + 4;
    assert_eq!(fs.list(large, inside, usize::MAX).unwrap().0, all[12..]);
    let size = fs.attributes(large).unwrap().size_bytes;
    // It may have been longer when a client came so far.
    for cookie in [size, size + 4, size + 4096] {
        assert_eq!(fs.list(large, cookie, 9), Ok((vec![], true)));
    }
    for cookie in [2, size + 1, u64::MAX, u64::MAX - 3] {
        assert_eq!(fs.list(large, cookie, 9), Err(Errno::BadCookie));
    }
}

#[test]
fn kinds_are_not_mistaken_for_each_other() {
    let mut craft = Craft::new(Shape::new(Format::Ufs1, ByteOrder::Big, 8192, 1024));
    let file = craft.contents(mode::REGULAR, b"text");
    craft.root(&[(file, 8, "file")]);
    let fs = mounted(&craft);
    let (root, file) = (fs.ffs.root(), fs.path("file").unwrap());
    assert_eq!(fs.read(root, 0, 1), Err(Errno::IsDirectory));
    assert_eq!(fs.list(file, 0, 1), Err(Errno::NotDirectory));
    assert_eq!(fs.lookup(file, b"x"), Err(Errno::NotDirectory));
    assert_eq!(fs.wait(fs.ffs.read_link(file)), Err(Errno::Invalid));
    assert_eq!(fs.lookup(root, &[b'x'; 256]), Err(Errno::NameTooLong));
    let other = abi::FileId { generation: 78, ..file };
    assert_eq!(fs.read(other, 0, 1), Err(Errno::Stale));
    for inode in [0, 1, 50, 1 << 40] {
        assert_eq!(fs.wait(fs.ffs.identify(abi::InodeNo(inode))), Err(Errno::Stale));
    }
}

#[test]
fn an_inode_that_was_never_written_is_stale() {
    let mut craft = Craft::new(Shape::new(Format::Ufs2, ByteOrder::Little, 8192, 1024));
    let file = craft.contents(mode::REGULAR, b"text");
    craft.root(&[(file, 8, "file")]);
    let group = craft.place(craft.geometry.group_block(CylGroup(0)));
    craft.disk.write(group + 120, &3_u32.to_le_bytes());
    let fs = mounted(&craft);
    assert_eq!(fs.wait(fs.ffs.identify(abi::InodeNo(3))), Err(Errno::Stale));
    assert_eq!(fs.path("file"), Err(Errno::Io));
}

#[test]
fn conditions_are_told_apart() {
    let cases = [
        (1, 0, 0, Condition::Clean),
        (0, 0, 0, Condition::NotUnmounted),
        (2, flags::WAPBL, 1, Condition::LogPending),
        (2, flags::WAPBL, 0, Condition::NotUnmounted),
        (0, flags::SOFT_UPDATES, 0, Condition::SoftUpdates),
        (0, flags::SOFT_UPDATES | flags::SOFT_UPDATES_JOURNAL, 0, Condition::SoftUpdatesJournal),
        (0, flags::GEOM_JOURNAL, 0, Condition::GeomJournal),
        (1, flags::NEEDS_CHECK, 0, Condition::NeedsCheck),
        (1, flags::UNCLEAN, 0, Condition::NotUnmounted),
    ];
    for (clean, flags, journal_version, expected) in cases {
        let mut craft = Craft::new(Shape::new(Format::Ufs2, ByteOrder::Big, 8192, 1024));
        craft.root(&[]);
        (craft.superblock.clean, craft.superblock.flags) = (clean, flags);
        craft.superblock.journal_version = journal_version;
        craft.write_superblock();
        let fs = mounted(&craft);
        assert_eq!(fs.ffs.description().condition, expected);
        assert!(fs.ffs.writable().is_none());
    }
}

#[test]
fn a_copy_is_not_taken_for_the_superblock() {
    // With blocks of 64 KiB the first copy stands where UFS2 would have its superblock.
    for is_old in [false, true] {
        let ufs1 = Shape::new(Format::Ufs1, ByteOrder::Little, 65536, 8192);
        let mut craft = Craft::new(Shape { is_old, ..ufs1 });
        craft.root(&[]);
        let mut copy = craft.superblock;
        copy.volume_name[..4].copy_from_slice(b"copy");
        craft.disk.write(65536, &copy.to_bytes(ByteOrder::Little));
        let fs = mounted(&craft);
        assert_eq!(fs.ffs.description().label, "");
    }
}

#[test]
fn superblocks_are_found_wherever_bsd_looks() {
    for offset in [65536, 8192, 0, 262_144] {
        let mut craft = Craft::new(Shape::new(Format::Ufs2, ByteOrder::Big, 16384, 2048));
        craft.root(&[]);
        craft.disk.write(craft.superblock_offset, &[0; 1376]);
        craft.superblock_offset = offset;
        craft.superblock.superblock_offset_bytes = offset as i64;
        craft.write_superblock();
        assert_eq!(mounted(&craft).ffs.description().condition, Condition::Clean);
    }
}

#[test]
fn refusals_say_which_field_and_why() {
    let craft = || Craft::new(Shape::new(Format::Ufs2, ByteOrder::Big, 8192, 1024));
    let refusal = |change: fn(&mut Craft)| {
        let mut craft = craft();
        craft.root(&[]);
        change(&mut craft);
        craft.write_superblock();
        mount(&craft.disk).err().map(|error| error.to_string()).unwrap_or_default()
    };
    assert_eq!(
        refusal(|craft| craft.superblock.block_bytes = 12288),
        "superblock at byte 65536: fs_bsize at byte 48 is 12288, expected a power of two from \
         4096 to 65536"
    );
    assert!(refusal(|craft| craft.superblock.size_frags *= 2).contains("the size of the disk"));
    assert!(refusal(|craft| craft.superblock.groups = u32::MAX).contains("fs_ncg at byte 44"));
    assert!(refusal(|craft| craft.superblock.inode_frag += 1).contains("fs_iblkno at byte 16"));
    assert!(refusal(|craft| craft.superblock.magic = 7).contains("no UFS superblock"));
    let mut craft = craft();
    craft.directory_of(2, &[]);
    craft.write_inode(2, &Craft::inode(mode::REGULAR));
    assert_eq!(mount(&craft.disk).err(), Some(MountError::Root(Errno::NotDirectory)));
    craft.write_inode(2, &Inode::free());
    assert_eq!(mount(&craft.disk).err(), Some(MountError::Root(Errno::Stale)));
}

#[test]
fn without_an_identity_the_digest_stays_the_same() {
    let identity = |clean| {
        let mut craft = Craft::new(Shape::new(Format::Ufs1, ByteOrder::Big, 8192, 1024));
        craft.root(&[]);
        (craft.superblock.id, craft.superblock.clean) = ([0, 0], clean);
        craft.superblock.time += i64::from(clean);
        craft.write_superblock();
        mounted(&craft).ffs.id()
    };
    assert_eq!(identity(0), identity(1));
    assert_ne!(identity(0), FileSystemId(0));
}

#[test]
fn a_sequential_reader_finds_its_pages_on_their_way() {
    let mut craft = Craft::new(Shape::new(Format::Ufs2, ByteOrder::Little, 16384, 2048));
    let size = 32 << 20;
    let file = craft.contents(mode::REGULAR, &vec![7; size]);
    craft.root(&[(file, 8, "file")]);
    let fs = mounted(&craft);
    let file = fs.path("file").unwrap();
    fs.disk.reads.set(0);
    for offset in (0..size as u64).step_by(65536) {
        assert_eq!(fs.read(file, offset, 65536).unwrap().len(), 65536);
    }
    // Whole megabytes, two pages of pointers, and the small requests of the beginning.
    let requests = fs.disk.reads.get();
    assert!(requests < 60, "{requests} requests for 512 reads of 64 KiB");
}

#[test]
fn read_ahead_goes_on_behind_each_indirect_block() {
    let mut craft = Craft::new(Shape::new(Format::Ufs2, ByteOrder::Little, 4096, 512));
    let size = 24 << 20;
    let file = craft.contents(mode::REGULAR, &vec![7; size]);
    craft.root(&[(file, 8, "file")]);
    let fs = mounted(&craft);
    let file = fs.path("file").unwrap();
    fs.disk.reads.set(0);
    for offset in (0..size as u64).step_by(16384) {
        fs.read(file, offset, 16384).unwrap();
    }
    // 2 MiB lie behind each of 12 indirect blocks.
    let requests = fs.disk.reads.get();
    assert!(requests < 120, "{requests} requests for 1536 reads of 16 KiB");
}

#[test]
fn a_random_reader_reads_what_it_asks_for() {
    let mut craft = Craft::new(Shape::new(Format::Ufs1, ByteOrder::Big, 8192, 1024));
    let file = craft.contents(mode::REGULAR, &vec![7; 16 << 20]);
    craft.root(&[(file, 8, "file")]);
    let fs = mounted(&craft);
    let file = fs.path("file").unwrap();
    fs.disk.bytes_read.set(0);
    for number in 1..100 {
        fs.read(file, number * 7_654_321 % (16 << 20), 1).unwrap();
    }
    let pages = fs.disk.bytes_read.get() / 8192;
    assert!(pages <= 103, "{pages} pages for 99 bytes and their pointers");
}

#[test]
fn large_pieces_are_shared_with_the_cache_and_small_ones_pin_no_page() {
    let mut craft = Craft::new(Shape::new(Format::Ufs2, ByteOrder::Big, 8192, 1024));
    let file = craft.contents(mode::REGULAR, &vec![7; 40_000]);
    craft.root(&[(file, 8, "file")]);
    let fs = mounted(&craft);
    let file = fs.path("file").unwrap();
    let read = |offset, length| fs.wait(fs.ffs.read(file, offset, length)).unwrap();
    let (whole, part, small) = (read(0, 40_000), read(8192 + 100, 5000), read(8192 + 100, 50));
    assert_eq!(
        whole.iter().map(bytes::Bytes::len).collect::<Vec<_>>(),
        [8192, 8192, 8192, 8192, 7232]
    );
    assert_eq!(whole[1][100..].as_ptr(), part[0].as_ptr());
    assert_eq!(whole[1][100..150], small[0]);
    assert_ne!(part[0].as_ptr(), small[0].as_ptr());
}
