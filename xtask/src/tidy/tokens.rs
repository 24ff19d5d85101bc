//! Rust source as tokens, so that comments and strings fool nobody.

use proc_macro2::{TokenStream, TokenTree};
use std::str::FromStr;

/// One word, mark or literal, and its line. Brackets are marks of their own; text in quotes and
/// documentation is a literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// How it is written.
    pub text: String,
    /// Its line, from 1.
    pub line: usize,
}

/// The tokens of `source`.
///
/// # Errors
/// If it is not Rust.
pub fn tokens(source: &str) -> Result<Vec<Token>, String> {
    let mut flat = Vec::new();
    let stream = TokenStream::from_str(source).map_err(|error| error.to_string())?;
    flatten(stream, &mut flat);
    Ok(flat)
}

fn flatten(stream: TokenStream, flat: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Group(group) => {
                let (open, close) = brackets(group.delimiter());
                flat.push(Token { text: open.to_owned(), line });
                flatten(group.stream(), flat);
                flat.push(Token { text: close.to_owned(), line: group.span_close().start().line });
            }
            other => flat.push(Token { text: other.to_string(), line }),
        }
    }
}

fn brackets(delimiter: proc_macro2::Delimiter) -> (&'static str, &'static str) {
    match delimiter {
        proc_macro2::Delimiter::Parenthesis => ("(", ")"),
        proc_macro2::Delimiter::Brace => ("{", "}"),
        proc_macro2::Delimiter::Bracket => ("[", "]"),
        proc_macro2::Delimiter::None => ("", ""),
    }
}

/// The lines where `words` stand, one after another.
pub fn lines_of<'a>(tokens: &'a [Token], words: &'a [&str]) -> impl Iterator<Item = usize> + 'a {
    let stand =
        move |window: &&[Token]| window.iter().zip(words).all(|(token, word)| token.text == *word);
    tokens.windows(words.len()).filter(stand).map(|window| window[0].line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_hold_no_words() {
        let source = "// unsafe {}\n/// unsafe\nfn f() { \"unsafe\"; }\nunsafe fn g() {}\n";
        let tokens = tokens(source).unwrap();
        assert_eq!(lines_of(&tokens, &["unsafe"]).collect::<Vec<_>>(), [4]);
        assert_eq!(lines_of(&tokens, &["fn", "f", "(", ")"]).collect::<Vec<_>>(), [3]);
    }
}
