//! Images made by a hand not ours: Debian's `makefs`.

use std::fs;
use std::path::Path;
use std::process::Command;

/// What to ask of `makefs`.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub version: u8,
    pub order: &'static str,
    pub block_bytes: u32,
    pub frag_bytes: u32,
}

/// Both formats, both orders, all block sizes and several ratios to fragments.
pub fn shapes() -> Vec<Shape> {
    let sizes = [(4096, 512), (8192, 1024), (16384, 2048), (32768, 32768), (65536, 8192)];
    let mut shapes = Vec::new();
    for version in [1, 2] {
        for order in ["le", "be"] {
            for (block_bytes, frag_bytes) in sizes {
                shapes.push(Shape { version, order, block_bytes, frag_bytes });
            }
        }
    }
    shapes
}

/// An image of a tree; `None`, with a line that says why, where there is no `makefs`.
pub fn image(shape: Shape, tree: &Path) -> Option<Vec<u8>> {
    let directory = tempfile::tempdir().expect("a directory for the image");
    let path = directory.path().join("image");
    let Shape { version, block_bytes, frag_bytes, order } = shape;
    let options = format!("version={version},bsize={block_bytes},fsize={frag_bytes}");
    let output = Command::new("makefs")
        .args(["-t", "ffs", "-B", order, "-b", "10%", "-f", "100", "-o", &options])
        .args([&path, tree])
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            eprintln!("skipped: makefs cannot be run ({error}); apt-get install makefs");
            return None;
        }
    };
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "makefs {shape:?}: {complaint}");
    Some(fs::read(path).expect("the image"))
}
