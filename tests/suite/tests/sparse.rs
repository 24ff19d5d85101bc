//! Holes, indirect blocks of all three levels, and files far larger than their image.

use std::path::{Path, PathBuf};
use suite::image::Format;
use suite::nfs::Client;
use suite::server::{Backend, Server};
use suite::surgery::Patient;
use suite::tree::Tree;
use suite::{look, process, require};
use tempfile::TempDir;

/// An image with one sparse file: at which logical blocks its data is, and what data.
struct Sparse {
    _folder: TempDir,
    image: PathBuf,
    block_bytes: u64,
    places: Vec<u64>,
    contents: Vec<u8>,
    size: u64,
}

impl Sparse {
    /// A file with a block of data at the beginning and behind each level of indirection.
    fn new(format: Format) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut tree = Tree::empty();
        tree.add_noise("sparse", 12 * format.block_bytes);
        tree.add_noise("other", 100);
        tree.lay(&folder.path().join("tree"));
        let image = folder.path().join("image");
        format.make(&image, &folder.path().join("tree"));

        let mut patient = Patient::open(&image);
        let file = patient.file_of_size(12 * format.block_bytes as u64);
        let mut places = vec![0, 5, 12];
        places.extend([1, 2].map(|level| patient.first_behind(level) + 3));
        let block_bytes = format.block_bytes as u64;
        let size = (places[4] + 9) * block_bytes + 77;
        patient.make_sparse(file, &places, size);
        patient.save(&image);
        Self {
            image,
            block_bytes,
            places,
            contents: tree.contents(b"sparse"),
            size,
            _folder: folder,
        }
    }

    /// What should be read at a byte.
    fn expected(&self, from: u64, count: u64) -> Vec<u8> {
        let end = self.size.min(from.saturating_add(count));
        (from..end).map(|at| self.byte(at)).collect()
    }

    fn byte(&self, at: u64) -> u8 {
        let (place, within) = (at / self.block_bytes, at % self.block_bytes);
        let data = self.places.iter().position(|&data| data == place);
        data.map_or(0, |index| self.contents[index * self.block_bytes as usize + within as usize])
    }

    /// Offsets around every edge between data and hole, and around 4 GiB.
    fn edges(&self) -> Vec<u64> {
        let of_blocks = self
            .places
            .iter()
            .flat_map(|place| [place * self.block_bytes, (place + 1) * self.block_bytes]);
        let edges = of_blocks.chain([1 << 32, self.size]);
        edges.flat_map(|edge| [edge.saturating_sub(100), edge.saturating_sub(1), edge]).collect()
    }

    fn judge(&self, backend: Backend) {
        let server = Server::image(&self.image, backend);
        let (mut client, root) = Client::mount(server.address());
        let file = client.find(&root, b"sparse").expect("a file");
        assert_eq!(client.attributes(&file).expect("attributes").size, self.size);
        for from in self.edges() {
            for count in [1, 200, 5000, 200_000] {
                let read = client.read(&file, from, count).expect("data");
                let expected = self.expected(from, count.into());
                assert!(*read.data.0 == *expected, "{count} bytes from {from}");
                assert_eq!(read.eof, from + u64::from(count) >= self.size, "{count} from {from}");
            }
        }
        let other = client.find(&root, b"other").expect("a file");
        assert_eq!(client.attributes(&other).expect("attributes").size, 100);
    }
}

fn every_format(block_bytes: usize, fragment_bytes: usize) {
    if !require::tools(&["makefs"]) {
        return;
    }
    for (format, backend) in
        Format::all(block_bytes, fragment_bytes).zip(Backend::ALL.iter().cycle())
    {
        Sparse::new(format).judge(*backend);
    }
}

#[test]
fn holes_and_indirect_blocks_of_4_kib() {
    every_format(4096, 512);
}

#[test]
fn holes_and_indirect_blocks_of_8_kib() {
    every_format(8192, 8192);
}

#[test]
fn holes_and_indirect_blocks_of_64_kib() {
    every_format(65536, 8192);
}

/// A copy has the holes too: it is far smaller than the file is long.
#[test]
fn a_copy_keeps_its_holes() {
    if !require::tools(&["makefs"]) {
        return;
    }
    let sparse = Sparse::new(Format { block_bytes: 4096, fragment_bytes: 512, ..Format::usual() });
    assert!(sparse.size > 1 << 30, "behind the second level of indirection");
    let copy = sparse.image.with_file_name("copy");
    process::run(look::command("get", &sparse.image).arg("/sparse").arg(&copy));
    let (size, used) = sizes(&copy);
    assert_eq!(size, sparse.size);
    assert!(used < 1 << 20, "{used} bytes on disk");
    let file = std::fs::File::open(&copy).expect("the copy");
    for from in sparse.edges() {
        let expected = sparse.expected(from, 300);
        let mut found = vec![0; expected.len()];
        std::os::unix::fs::FileExt::read_exact_at(&file, &mut found, from).expect("data");
        assert!(found == expected, "300 bytes from {from}");
    }
}

fn sizes(path: &Path) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    let metadata = std::fs::metadata(path).expect("the copy");
    (metadata.size(), metadata.blocks() * 512)
}
