//! Bytes from an image, as text that is safe on a terminal.
//!
//! Names and link targets are whatever bytes somebody once wrote. What could move the cursor,
//! change colours or reverse the line is shown as an escape; so is what is not UTF-8, and the
//! backslash itself, so that no two names look alike.

use std::fmt::Write;

/// `bytes` with everything but plain characters escaped.
pub fn escape(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|character| push(&mut shown, character));
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

fn push(shown: &mut String, character: char) {
    if character == '\\' || character.is_control() || is_invisible(character) {
        shown.extend(character.escape_default());
    } else {
        shown.push(character);
    }
}

/// Line and paragraph separators, and marks that reorder or hide what stands around them.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays() {
        assert_eq!(escape("naïve 文件 'x'".as_bytes()), "naïve 文件 'x'");
    }

    #[test]
    fn the_rest_is_escaped() {
        assert_eq!(escape(b"a\x1b[31m\n\\"), r"a\u{1b}[31m\n\\");
        assert_eq!(escape(b"caf\xe9\xff"), r"caf\xe9\xff");
        assert_eq!(escape("\u{202e}gpj\u{9b}".as_bytes()), r"\u{202e}gpj\u{9b}");
    }
}
