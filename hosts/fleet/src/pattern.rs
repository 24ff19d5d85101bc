//! Text with placeholders, which differs from one service of a group to the next.
//!
//! | placeholder | stands for |
//! |---|---|
//! | `{name}` | the service's name |
//! | `{index}` | which service of its group it is |
//! | `{index:05}` | the same with five digits at least, the first of them zeros |
//! | `{stem}` | the file name of its image without what follows the last dot |
//! | `{{`, `}}` | a brace |

use std::fmt::Write;

/// Digits that an index may be given.
const WIDTH_MAX: usize = 20;

/// Text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Name,
    Index { width: usize },
    Stem,
}

/// What placeholders stand for, for one service.
#[derive(Clone, Copy, Default)]
pub(crate) struct Names<'n> {
    pub(crate) name: Option<&'n str>,
    pub(crate) index: Option<u64>,
    pub(crate) stem: Option<&'n str>,
}

impl Pattern {
    /// Reads text.
    ///
    /// # Errors
    /// What was expected.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            push(&mut parts, &rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                push(&mut parts, brace);
                rest = after;
                continue;
            }
            let (inside, after) = rest.split_once('}').filter(|_| brace == "{").unzip();
            parts.push(inside.and_then(placeholder).ok_or_else(expected)?);
            rest = after.unwrap_or_default();
        }
        push(&mut parts, rest);
        Ok(Self(parts))
    }

    /// Whether it is the same for all services.
    pub(crate) fn is_plain(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Text(_)))
    }

    /// The text for one service.
    ///
    /// # Errors
    /// What was expected in place of a placeholder that stands for nothing here.
    pub(crate) fn fill(&self, names: &Names<'_>) -> Result<String, String> {
        let mut filled = String::new();
        for part in &self.0 {
            let name = |name: Option<&str>| name.map(str::to_owned);
            let text = match part {
                Part::Text(text) => Some(text.clone()),
                Part::Name => name(names.name),
                Part::Stem => name(names.stem),
                Part::Index { width } => names.index.map(|index| format!("{index:0width$}")),
            };
            filled.push_str(&text.ok_or_else(|| why_nothing(part))?);
        }
        Ok(filled)
    }
}

/// Adds text to the part before, if that is text.
fn push(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        // Writing to a string cannot fail.
        Some(Part::Text(last)) => drop(last.write_str(text)),
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

fn placeholder(inside: &str) -> Option<Part> {
    match inside {
        "name" => Some(Part::Name),
        "stem" => Some(Part::Stem),
        "index" => Some(Part::Index { width: 0 }),
        _ => {
            let width = inside.strip_prefix("index:0")?.parse().ok();
            width.filter(|&width| width <= WIDTH_MAX).map(|width| Part::Index { width })
        }
    }
}

fn expected() -> String {
    "{name}, {index}, {index:05} or {stem} in braces, or {{ and }} for braces".to_owned()
}

fn why_nothing(part: &Part) -> String {
    match part {
        Part::Name => "no {name} in the name itself",
        Part::Index { .. } => {
            "no {index} but in [[services]], and in templates that only those use"
        }
        _ => "no {stem} but in [[services]] with `images`, and in templates that only those use",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: Names<'_> = Names { name: Some("n"), index: Some(7), stem: Some("s") };

    fn filled(text: &str) -> Result<String, String> {
        Pattern::read(text)?.fill(&NAMES)
    }

    #[test]
    fn placeholders_are_filled() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("{stem}-{index}/{name}", "s-7/n"),
            ("{index:05}", "00007"),
            ("{{{stem}}}", "{s}"),
            ("{{}}", "{}"),
        ] {
            assert_eq!(filled(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn other_braces_are_refused() {
        for text in [
            "{",
            "}",
            "{}",
            "{foo}",
            "{index",
            "{index:5}",
            "{index:0}",
            "{index:099}",
            "{name:05}",
            "a}b",
            "{stem:0x}",
        ] {
            assert!(filled(text).unwrap_err().contains("in braces"), "{text}");
        }
    }

    #[test]
    fn what_stands_for_nothing_is_told() {
        let pattern = Pattern::read("{stem}").unwrap();
        assert!(pattern.fill(&Names::default()).unwrap_err().contains("`images`"));
        assert!(!pattern.is_plain() && Pattern::read("{{}}").unwrap().is_plain());
    }
}
