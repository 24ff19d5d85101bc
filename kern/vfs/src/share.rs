//! What a reply holds of a page.

use bytes::Bytes;
use core::ops::Range;

/// A piece is copied if it is less than one part of so many of its page.
const COPIED_PART: usize = 4;

/// The bytes of `page` in `range`, which lies within it, for a reply.
///
/// A piece that shares its page keeps the whole of it in memory until the reply is sent, whatever
/// the cache's budget: with many replies of one byte that would be thousands of times what they
/// are counted for. So a piece of less than a quarter of its page is copied, and a reply never
/// holds more than four times its own length. 4 KiB of a 16 KiB block are shared.
///
/// # Panics
/// If `range` does not lie within the page.
pub fn share(page: &Bytes, range: Range<usize>) -> Bytes {
    if range.len() < page.len() / COPIED_PART {
        Bytes::copy_from_slice(&page[range])
    } else {
        page.slice(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_pieces_are_copied_and_large_ones_shared() {
        let page = Bytes::from_iter(0..100);
        let is_shared = |range: Range<usize>| {
            let piece = share(&page, range.clone());
            assert_eq!(piece, page[range.clone()]);
            piece.as_ptr() == page[range].as_ptr()
        };
        assert!(!is_shared(10..11) && !is_shared(50..74));
        assert!(is_shared(50..75) && is_shared(0..100));
    }
}
