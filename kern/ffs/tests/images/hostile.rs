//! Damage of every kind: errors and nothing else, and never more work than the image justifies.

use crate::support::craft::{Craft, Shape};
use crate::support::{Luck, MemoryDisk, Mounted, mount};
use abi::{Errno, FileId, FileType};
use ffs::layout::{
    BlockArea, ByteOrder, CylGroup, Format, FragNo, Inode, Pointers, mode, type_code,
};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use vfs::FileSystem;

const BLOCK: u32 = 4096;

fn crafted(format: Format, order: ByteOrder, is_old: bool) -> Craft {
    let shape = Shape { is_old, ..Shape::new(format, order, BLOCK, 512) };
    let mut craft = Craft::new(shape);
    let small = craft.contents(mode::REGULAR | 0o644, &[b's'; 700]);
    let medium = craft.contents(mode::REGULAR | 0o644, &[b'm'; 30 * BLOCK as usize]);
    let lbns = [3, 40, 1100, 2000, 300_000].map(|lbn| (lbn, vec![9; BLOCK as usize]));
    let sparse = craft.file(mode::REGULAR, 300_001 * u64::from(BLOCK), &BTreeMap::from(lbns));
    let link = craft.contents(mode::SYMBOLIC_LINK | 0o777, &[b'l'; 500]);
    let directory = craft.add(&Craft::inode(mode::DIRECTORY));
    let mut entries = vec![(directory, 4, b".".to_vec()), (2, 4, b"..".to_vec())];
    entries.extend((0..300).map(|number| (small, 8, format!("name {number}").into_bytes())));
    craft.directory(directory, &entries);
    craft.root(&[
        (small, 8, "small"),
        (medium, 8, "medium"),
        (sparse, 8, "sparse"),
        (link, 10, "link"),
        (directory, 4, "directory"),
    ]);
    craft
}

/// Where the metadata of a crafted image is: offset and length of each piece.
fn metadata(craft: &Craft) -> Vec<(u64, u64)> {
    let geometry = &craft.geometry;
    let inodes = craft.geometry.inode_place(abi::InodeNo(0)).expect("the first inode").0;
    let mut pieces = vec![
        (craft.superblock_offset, 1376),
        (craft.place(geometry.group_block(CylGroup(0))), 168),
        (craft.place(inodes), 10 * u64::from(geometry.format.inode_bytes())),
    ];
    // Everything after the inodes that is not file data: directories and indirect blocks.
    let first = craft.place(FragNo(geometry.data_frag.into()));
    let mut block = vec![0; BLOCK as usize];
    for index in 0..120 {
        let offset = first + index * u64::from(BLOCK);
        craft.disk.read(offset, &mut block);
        let is_data = block.iter().all(|&byte| byte == block[0]);
        if !is_data {
            pieces.push((offset, BLOCK.into()));
        }
    }
    pieces
}

/// Overwrites a few bytes of metadata, and gives what stood there.
fn damage(disk: &MemoryDisk, pieces: &[(u64, u64)], luck: &mut Luck) -> Vec<(u64, Vec<u8>)> {
    let mut undo = Vec::new();
    for _ in 0..=luck.below(3) {
        let (start, length) = pieces[luck.below(pieces.len() as u64) as usize];
        // Blocks are long and mostly empty: prefer their beginnings.
        let span = if luck.below(2) == 0 { length.min(64) } else { length };
        let width = [1, 2, 4, 8, 16][luck.below(5) as usize].min(span);
        let offset = start + luck.below(span - width + 1) / width * width;
        let mut old = vec![0; width as usize];
        disk.read(offset, &mut old);
        let new = match luck.below(4) {
            0 => old.iter().map(|byte| byte ^ (1 << luck.below(8))).collect(),
            1 => vec![[0, 0xff, 0x7f, 0x80][luck.below(4) as usize]; width as usize],
            2 => (0..width).map(|_| luck.next() as u8).collect(),
            _ => copied(disk, pieces, luck, width),
        };
        disk.write(offset, &new);
        undo.push((offset, old));
    }
    undo
}

/// Bytes of some other piece: pointers, numbers and records where they do not belong.
fn copied(disk: &MemoryDisk, pieces: &[(u64, u64)], luck: &mut Luck, width: u64) -> Vec<u8> {
    let (start, length) = pieces[luck.below(pieces.len() as u64) as usize];
    let mut bytes = vec![0; width as usize];
    disk.read(start + luck.below(length - width + 1) / width * width, &mut bytes);
    bytes
}

/// Walks and reads everything; the errors do not matter here.
fn walk(fs: &Mounted) {
    let (mut todo, mut seen) = (vec![fs.ffs.root()], BTreeSet::new());
    while let Some(file) = todo.pop() {
        if !seen.insert(file.inode) || seen.len() > 1000 {
            continue;
        }
        match fs.attributes(file).map(|attributes| attributes.file_type) {
            Ok(FileType::Directory) => todo.extend(names(fs, file)),
            Ok(FileType::Regular) => contents(fs, file),
            _ => drop(fs.wait(fs.ffs.read_link(file))),
        }
    }
    fs.wait(fs.ffs.usage()).unwrap();
}

fn names(fs: &Mounted, directory: FileId) -> Vec<FileId> {
    let (mut found, mut cookie) = (Vec::new(), 0);
    for _ in 0..40 {
        let Ok((entries, end)) = fs.list(directory, cookie, 50) else { break };
        for entry in &entries {
            assert!(entry.cookie > cookie, "cookies grow");
            cookie = entry.cookie;
            found.extend(fs.lookup(directory, &entry.name));
        }
        if end {
            break;
        }
    }
    assert!(fs.lookup(directory, b"absent").is_err());
    found
}

fn contents(fs: &Mounted, file: FileId) {
    let size = fs.attributes(file).map_or(0, |attributes| attributes.size_bytes);
    for offset in [0, 1 << 20, size / 2, size.saturating_sub(70_000), 300_000 << 12] {
        let Ok(bytes) = fs.read(file, offset, 1 << 17) else { continue };
        assert_eq!(bytes.len() as u64, size.saturating_sub(offset).min(1 << 17));
    }
}

#[test]
fn random_damage_gives_errors_and_bounded_work() {
    let cases = [
        (Format::Ufs1, ByteOrder::Little, false),
        (Format::Ufs1, ByteOrder::Big, true),
        (Format::Ufs2, ByteOrder::Big, false),
        (Format::Ufs2, ByteOrder::Little, false),
    ];
    for (seed, (format, order, is_old)) in cases.into_iter().enumerate() {
        let craft = crafted(format, order, is_old);
        let pieces = metadata(&craft);
        walk(&mount(&craft.disk).unwrap());
        let (reads, bytes) = (craft.disk.reads.get(), craft.disk.bytes_read.get());
        let mut luck = Luck(1000 + seed as u64);
        let mut mounts = 0;
        for round in 0..1500 {
            let undo = damage(&craft.disk, &pieces, &mut luck);
            craft.disk.reads.set(0);
            craft.disk.bytes_read.set(0);
            if let Ok(fs) = mount(&craft.disk) {
                walk(&fs);
                mounts += 1;
            }
            // A directory may have grown to the size of the image.
            let limit = 4 * bytes + 2 * (craft.geometry.size_frags << 9);
            assert!(craft.disk.bytes_read.get() <= limit, "round {round} read too much");
            assert!(craft.disk.reads.get() <= 20 * reads + 2000, "round {round} read too often");
            for (offset, old) in undo.iter().rev() {
                craft.disk.write(*offset, old);
            }
        }
        assert!(mounts > 600, "{mounts} of 1500 damaged images could be mounted");
    }
}

fn file_of(area: Pointers, size: u64) -> (Mounted, FileId) {
    let mut craft = Craft::new(Shape::new(Format::Ufs2, ByteOrder::Big, BLOCK, 512));
    let area = BlockArea::Pointers(area);
    let file = craft.add(&Inode { size_bytes: size, area, ..Craft::inode(mode::REGULAR | 0o644) });
    craft.root(&[(file, 8, "file")]);
    let fs = mount(&craft.disk).unwrap();
    let file = fs.path("file").unwrap();
    (fs, file)
}

fn says(fs: &Mounted, text: &str) {
    let damage = fs.damage.borrow();
    assert!(damage.iter().any(|line| line.contains(text)), "{text:?} not in {damage:?}");
}

#[test]
fn pointers_are_checked_and_named() {
    let mut pointers = Pointers::default();
    pointers.indirect[1] = FragNo(99_999_999);
    let far = (12 + 512) * u64::from(BLOCK);
    let (fs, file) = file_of(pointers, far + 10);
    assert_eq!(fs.read(file, far, 10), Err(Errno::Io));
    assert_eq!(fs.read(file, 0, 10), Ok(vec![0; 10]));
    let size = fs.ffs.description().size_bytes / 512;
    says(
        &fs,
        &format!(
            "inode 3: double indirect block for block 524 at fragment 99999999 lies outside the \
             file system (0..{size} fragments)"
        ),
    );
    for (frag, text) in [(8, "own blocks"), (-5_i64 as u64, "at fragment -5 lies outside")] {
        pointers.direct[0] = FragNo(frag);
        let (fs, file) = file_of(pointers, far);
        assert_eq!(fs.read(file, 0, 1), Err(Errno::Io));
        says(&fs, text);
    }
    // A full block that does not begin a block.
    pointers.direct[0] = FragNo(4001);
    let (fs, file) = file_of(pointers, far);
    assert_eq!(fs.read(file, 0, 1), Err(Errno::Io));
    let (fs, file) = file_of(pointers, 7 * 512);
    assert_eq!(fs.read(file, 0, 1), Ok(vec![0]));
}

#[test]
fn an_indirect_block_that_leads_to_itself_ends() {
    let mut craft = Craft::new(Shape::new(Format::Ufs1, ByteOrder::Little, BLOCK, 512));
    let block = craft.allocate(8);
    for slot in 0..1024 {
        craft.write_pointer(block, slot, block);
    }
    let area = BlockArea::Pointers(Pointers { indirect: [block; 3], direct: [block; 12] });
    let inode = Craft::inode(mode::REGULAR);
    let file = craft.add(&Inode { size_bytes: 1 << 42, area, ..inode });
    craft.root(&[(file, 8, "file")]);
    let fs = mount(&craft.disk).unwrap();
    let file = fs.path("file").unwrap();
    let bytes = fs.read(file, 1 << 41, 1 << 20).unwrap();
    assert_eq!(bytes.len(), 1 << 20);
    assert!(fs.disk.reads.get() < 20);
}

#[test]
fn impossible_inodes_fail_alone() {
    let mut craft = Craft::new(Shape::new(Format::Ufs2, ByteOrder::Little, BLOCK, 512));
    let huge = craft.add(&Inode { size_bytes: u64::MAX, ..Craft::inode(mode::REGULAR) });
    let odd = craft.add(&Craft::inode(0o150_644));
    let wide = craft.add(&Inode { size_bytes: 1 << 30, ..Craft::inode(mode::DIRECTORY) });
    let link = craft.add(&Inode { size_bytes: 1 << 30, ..Craft::inode(mode::SYMBOLIC_LINK) });
    let fine = craft.contents(mode::REGULAR, b"fine");
    let directory = type_code(FileType::Directory);
    craft.root(&[
        (huge, 8, "huge"),
        (odd, 8, "odd"),
        (wide, directory, "wide"),
        (link, 10, "link"),
        (200, 8, "free"),
        (fine, 8, "fine"),
    ]);
    let fs = mount(&craft.disk).unwrap();
    for name in ["huge", "odd", "free", "wide/x"] {
        assert_eq!(fs.path(name), Err(Errno::Io), "{name}");
    }
    assert_eq!(fs.list(fs.path("wide").unwrap(), 0, 9), Err(Errno::Io));
    let link = fs.path("link").unwrap();
    assert_eq!(fs.wait(fs.ffs.read_link(link)), Err(Errno::Io));
    assert_eq!(fs.read(fs.path("fine").unwrap(), 0, 9), Ok(b"fine".to_vec()));
    for text in
        ["inode 3: size 18446744073709551615", "inode 4: mode 0o150644", "leads to free inode 200"]
    {
        says(&fs, text);
    }
}

/// The names in the root directory, so many at a time: all readable ones, and then an error.
fn lists_what_is_readable(fs: &Mounted, count_max: usize) -> Vec<Vec<u8>> {
    let (mut names, mut cookie) = (Vec::new(), 0);
    loop {
        match fs.list(fs.ffs.root(), cookie, count_max) {
            Ok((entries, is_end)) => {
                assert!(!is_end, "taken for complete");
                cookie = entries.last().expect("an entry or an error").cookie;
                names.extend(entries.into_iter().map(|entry| entry.name));
            }
            Err(errno) => {
                assert_eq!(errno, Errno::Io);
                return names;
            }
        }
    }
}

#[test]
fn a_block_that_cannot_be_read_costs_its_own_names() {
    let mut craft = Craft::new(Shape::new(Format::Ufs2, ByteOrder::Big, BLOCK, 512));
    let file = craft.contents(mode::REGULAR, b"x");
    let entries: Vec<_> =
        (0..1000).map(|number| (file, 8, format!("n{number}").into_bytes())).collect();
    let bytes = craft.directory_bytes(&entries);
    let blocks = bytes.chunks(BLOCK as usize).map(<[u8]>::to_vec);
    let size = bytes.len() as u64;
    let mut pointers = craft.pointers(size, &(0..).zip(blocks).collect());
    pointers.direct[1] = FragNo(99_999_999);
    let area = BlockArea::Pointers(pointers);
    craft.write_inode(2, &Inode { size_bytes: size, area, ..Craft::inode(mode::DIRECTORY) });
    let fs = mount(&craft.disk).unwrap();
    let names = lists_what_is_readable(&fs, 100);
    assert!(names.contains(&b"n0".to_vec()) && names.contains(&b"n999".to_vec()));
    assert_eq!(lists_what_is_readable(&fs, 10_000), names);
    assert!(fs.path("n0").is_ok() && fs.path("n999").is_ok());
    assert_eq!(fs.path("absent"), Err(Errno::Io));
}

#[test]
fn a_directory_with_a_block_twice_is_refused() {
    let mut craft = Craft::new(Shape::new(Format::Ufs2, ByteOrder::Little, BLOCK, 512));
    let entries = [(2, 4, b".".to_vec()), (2, 4, b"..".to_vec())];
    let (names, pointers) = (craft.allocate(8), craft.allocate(8));
    let chunk = craft.directory_bytes(&entries).repeat(8);
    craft.disk.write(craft.place(names), &chunk);
    for slot in 0..512 {
        craft.write_pointer(pointers, slot, names);
    }
    let area = BlockArea::Pointers(Pointers { direct: [names; 12], indirect: [pointers; 3] });
    let folded = Inode { size_bytes: 16 << 20, area, ..Craft::inode(mode::DIRECTORY) };
    let folded = craft.add(&folded);
    craft.root(&[(folded, 4, "folded")]);
    let fs = mount(&craft.disk).unwrap();
    let folded = fs.path("folded").unwrap();
    assert_eq!(fs.list(folded, 0, 9), Err(Errno::Io));
    assert_eq!(fs.lookup(folded, b"x"), Err(Errno::Io));
    says(&fs, "inode 3: a directory with a block twice");
}

#[test]
fn a_damaged_chunk_costs_its_own_names() {
    for names in [60, 4000] {
        let mut craft = Craft::new(Shape::new(Format::Ufs1, ByteOrder::Big, BLOCK, 512));
        let file = craft.contents(mode::REGULAR, b"x");
        let mut entries = vec![(2, 4, b".".to_vec()), (2, 4, b"..".to_vec())];
        entries.extend((0..names).map(|number| (file, 8, format!("n{number}").into_bytes())));
        let mut bytes = craft.directory_bytes(&entries);
        // The second chunk's first record leads nowhere.
        bytes[512 + 4..512 + 6].copy_from_slice(&[0, 3]);
        craft.directory_of(2, &bytes);
        let fs = mount(&craft.disk).unwrap();
        assert!(fs.path("n0").is_ok());
        assert!(names == 60 || fs.path("n3999").is_ok());
        assert_eq!(fs.path("absent"), Err(Errno::Io));
        let everything = lists_what_is_readable(&fs, 10_000);
        assert_eq!(everything, lists_what_is_readable(&fs, 10));
        let named = |number| format!("n{number}").into_bytes();
        assert!(everything.contains(&named(0)));
        assert!(names == 60 || everything.contains(&named(names - 1)));
        says(&fs, "inode 2: directory entry at byte 512: record length 3");
    }
}

#[test]
fn a_damaged_group_block_is_named() {
    let mut craft = Craft::new(Shape::new(Format::Ufs2, ByteOrder::Little, BLOCK, 512));
    craft.root(&[(craft.geometry.inodes_per_group + 5, 8, "elsewhere")]);
    let group = craft.geometry.group_block(CylGroup(1));
    craft.disk.write(craft.place(group), &[0; 168]);
    let fs = mount(&craft.disk).unwrap();
    assert_eq!(fs.path("elsewhere"), Err(Errno::Io));
    says(&fs, &format!("cylinder group 1: no group block at fragment {group}"));
}

#[test]
fn disks_of_any_size_are_refused_or_mounted() {
    for size in [0, 1, 1375, 1376, 8192, 9567, 9568, 66_911, 66_912, 1 << 20] {
        assert!(mount(&MemoryDisk::new(size)).is_err());
        let disk: Rc<MemoryDisk> = MemoryDisk::of(&vec![0x19; size as usize]);
        assert!(mount(&disk).is_err());
    }
}
