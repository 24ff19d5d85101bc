//! No loop over a hash table in the kernel: the order differs from run to run, and one seed would
//! no longer give one world.
//!
//! Clippy forbids the methods that iterate (kern/clippy.toml). It cannot see `for x in &table`,
//! whose method is hidden; this looks for loops over names that the same file declares as tables.

use super::tokens::{Token, tokens};
use super::{Finding, House};
use std::path::Path;

/// The types whose order means nothing.
const TABLES: [&str; 2] = ["HashMap", "HashSet"];

pub(super) fn defined(house: &House<'_>) -> Result<Vec<Finding>, String> {
    let mut findings = Vec::new();
    let is_kernel = |file: &Path| file.starts_with("base") || file.starts_with("kern");
    for file in house.rust_files().filter(|file| is_kernel(file)) {
        let tokens =
            tokens(&house.read(file)?).map_err(|why| format!("{}: {why}", file.display()))?;
        findings.extend(loops(&tokens).map(|line| Finding {
            file: file.clone(),
            line,
            what: "a loop over a hash table: keep an ordered list beside it".to_owned(),
        }));
    }
    Ok(findings)
}

/// Lines of loops `for PATTERN in [&] [mut] [self .] TABLE {`.
fn loops(tokens: &[Token]) -> impl Iterator<Item = usize> {
    let tables = tables(tokens);
    let prefix = ["&", "mut", "self", "."];
    tokens.iter().enumerate().filter(|(_, token)| token.text == "in").filter_map(move |(at, _)| {
        let rest = tokens[at + 1..].iter().skip_while(|token| prefix.contains(&&*token.text));
        let words: Vec<&Token> = rest.take(2).collect();
        let [name, end] = words[..] else { return None };
        (end.text == "{" && tables.contains(&&*name.text)).then_some(name.line)
    })
}

/// Names declared as `NAME: [PATH ::] HashMap`.
fn tables(tokens: &[Token]) -> Vec<&str> {
    let path = ["&", "mut", "hashbrown", ":", "hash_map"];
    let mut names = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if TABLES.contains(&&*token.text) {
            let before = &tokens[..at];
            let declared = before.iter().rposition(|token| !path.contains(&&*token.text));
            // A colon follows the name; `use hashbrown::HashMap` has no name before its path.
            if let Some(name) = declared.filter(|&name| before.get(name + 1).is_some_and(is_colon))
            {
                names.push(&*before[name].text);
            }
        }
    }
    names
}

fn is_colon(token: &Token) -> bool {
    token.text == ":"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<usize> {
        let tokens = tokens(source).unwrap();
        loops(&tokens).collect()
    }

    #[test]
    fn loops_over_tables_are_found() {
        let table = "struct S { files: hashbrown::HashMap<u32, u8>, list: Vec<u8> }\n";
        assert_eq!(found(&format!("{table}fn f(s: S) {{ for x in &self.files {{}} }}")), [2]);
        assert_eq!(found("fn f(set: &mut HashSet<u8>) {\nfor x in set {} }"), [2]);
    }

    #[test]
    fn other_loops_are_not() {
        let table = "use hashbrown::HashMap; struct S { files: HashMap<u32, u8>, list: Vec<u8> }\n";
        for tail in ["for x in &self.list {}", "for x in self.files.get(&1) {}", "for x in 0..2 {}"]
        {
            assert!(found(&format!("{table}fn f() {{ {tail} }}")).is_empty(), "{tail}");
        }
    }
}
