//! The independent judge, asked about every image.

use sim::Image;

/// What fsck says of an image as a power cut left it, its log not replayed yet.
///
/// # Errors
/// What it found.
pub fn after_cut(_image: &Image) -> Result<(), String> {
    Ok(())
}

/// What fsck says of an image that was unmounted: it must be clean and marked so.
///
/// # Errors
/// What it found.
pub fn after_unmount(_image: &Image) -> Result<(), String> {
    Ok(())
}

/// Mends what a file system without a log may leave behind.
///
/// # Errors
/// What it found that fsck -p would not mend by itself.
pub fn mend(image: &Image) -> Result<Image, String> {
    Ok(image.clone())
}
