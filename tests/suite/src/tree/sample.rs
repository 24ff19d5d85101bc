//! The tree with everything that a file system can get wrong in it.

use super::{Content, Node, Tree};
use crate::require::is_root;

impl Tree {
    /// Files at every boundary of a file system with these block and fragment sizes, every kind
    /// of file, every kind of name.
    pub fn sample(block_bytes: usize, fragment_bytes: usize) -> Self {
        let mut tree = Self::empty();
        tree.add_sizes(block_bytes, fragment_bytes);
        tree.add_symbolic_links();
        tree.add_special_files();
        tree.add_hard_links();
        tree.add_names();
        tree.add_modes();
        tree.add_times();
        tree.add_directories();
        tree
    }

    fn add_sizes(&mut self, block_bytes: usize, fragment_bytes: usize) {
        self.add_directory("sizes");
        let direct = 12 * block_bytes;
        let mut sizes = vec![0, 1, 511, 512, 513, 1023, 1024, 1025];
        for boundary in [fragment_bytes, block_bytes, block_bytes + fragment_bytes, direct] {
            sizes.extend([boundary - 1, boundary, boundary + 1]);
        }
        sizes.extend([block_bytes - fragment_bytes, direct - fragment_bytes + 1]);
        sizes.extend([direct + fragment_bytes + 1, direct + 3 * block_bytes - 7]);
        sizes.sort_unstable();
        sizes.dedup();
        for size in sizes {
            self.add_noise(format!("sizes/{size}"), size);
        }
        self.add_indirect(block_bytes);
    }

    /// Double indirect blocks begin after as many blocks as one block holds pointers (of four
    /// bytes or eight); where blocks are large that is far, and tests of holes go there.
    fn add_indirect(&mut self, block_bytes: usize) {
        for pointer_bytes in [4, 8] {
            let boundary = (12 + block_bytes / pointer_bytes) * block_bytes;
            if boundary < 9 << 20 {
                for size in [boundary, boundary + 1, boundary + 2 * block_bytes + 100] {
                    self.add_noise(format!("sizes/{size}"), size);
                }
            }
        }
    }

    /// Targets shorter than 60 bytes (FFSv1) or 120 (FFSv2) are kept in the inode.
    fn add_symbolic_links(&mut self) {
        self.add_directory("links");
        for length in [1, 2, 58, 59, 60, 61, 118, 119, 120, 121, 511, 512, 513, 1022] {
            let target: Vec<u8> = b"abcdefghi/".iter().copied().cycle().take(length).collect();
            let node = Node::new(Content::SymbolicLink(target)).owner(1000, 100);
            self.add(format!("links/{length}"), node);
        }
        self.add("links/odd", Node::new(Content::SymbolicLink("../ü\n \\".into())));
    }

    fn add_special_files(&mut self) {
        self.add_directory("special");
        self.add("special/fifo", Node::new(Content::Fifo).mode(0o600));
        if !is_root() {
            return;
        }
        let devices = [(0, 0), (1, 3), (8, 255), (8, 256), (255, 65535), (300, 70000)];
        for (major, minor) in devices {
            let [block, character] =
                [Content::BlockDevice(major, minor), Content::CharacterDevice(major, minor)];
            self.add(format!("special/block-{major}-{minor}"), Node::new(block));
            self.add(format!("special/character-{major}-{minor}"), Node::new(character));
        }
    }

    fn add_hard_links(&mut self) {
        self.add_directory("hard");
        self.add_directory("hard/elsewhere");
        self.add_noise("hard/first", 5000);
        for name in ["hard/second", "hard/elsewhere/third", "linked"] {
            self.add(name, Node::new(Content::HardLink(b"hard/first".to_vec())));
        }
    }

    fn add_names(&mut self) {
        self.add_directory("names");
        let long = [b'n'; 255];
        let bytes: Vec<u8> = (1..=255).filter(|&byte| byte != b'/').collect();
        let names: [&[u8]; 14] = [
            b" ",
            b"with space",
            b"new\nline",
            b"-dash",
            b"...",
            b".hidden",
            b"a",
            b"\xff",
            b"not\xc3\x28utf8",
            "grüße 你好 🦀".as_bytes(),
            b"quo\"te's",
            b"back\\slash",
            &long,
            &bytes,
        ];
        for name in names {
            self.add_noise([b"names/", name].concat(), name.len());
        }
        for length in [1, 2, 3, 4, 5, 6, 7, 8, 253, 254] {
            self.add_noise([b"names/".as_slice(), &vec![b'x'; length]].concat(), length);
        }
    }

    /// Without being root, only what its owner can read: makefs has to.
    fn add_modes(&mut self) {
        self.add_directory("modes");
        let modes = [0, 0o111, 0o222, 0o444, 0o755, 0o1777, 0o2755, 0o4755, 0o7777];
        for mode in modes.into_iter().filter(|mode| is_root() || mode & 0o400 != 0) {
            self.add(format!("modes/{mode:04o}"), Node::new(Content::Noise(16)).mode(mode));
            let folder = Node::new(Content::Directory).mode(mode | 0o100);
            self.add(format!("modes/d{mode:04o}"), folder);
        }
        for (uid, gid) in [(0, 0), (1, 2), (65534, 65535), (65536, 70000), (u32::MAX - 1, 1 << 31)]
        {
            let node = Node::new(Content::Noise(32)).owner(uid, gid);
            self.add(format!("modes/{uid}-{gid}"), node);
        }
    }

    fn add_times(&mut self) {
        self.add_directory("times");
        let end_of_2037 = 2_145_916_799;
        for seconds in [0, 1, 86_400, i32::MAX.into(), end_of_2037, 1_700_000_000] {
            let node = Node::new(Content::Noise(64)).modified(seconds);
            self.add(format!("times/{seconds}"), node);
        }
    }

    fn add_directories(&mut self) {
        self.add_directory("empty");
        let mut path = String::from("deep");
        self.add_directory(&path);
        for level in 0..60 {
            path = format!("{path}/{level}");
            self.add_directory(&path);
        }
        self.add_noise(format!("{path}/bottom"), 700);
        self.add_directory("many");
        for number in 0..700 {
            self.add_noise(format!("many/entry number {number}"), number % 3);
        }
    }
}
