//! The commands in a document.

/// How a block's commands are run.
#[derive(Debug, PartialEq, Eq)]
pub enum Run {
    /// Not at all.
    Never,
    /// To their end.
    Once,
    /// To their end, where this program is installed.
    IfThere(String),
    /// Beside everything that follows.
    Server,
}

/// The commands between two fences.
#[derive(Debug, PartialEq, Eq)]
pub struct Block {
    /// Document and line, for people.
    pub place: String,
    /// How they are run.
    pub run: Run,
    /// The commands.
    pub commands: String,
}

impl Block {
    /// Whether its commands are run at all.
    pub fn is_run(&self) -> bool {
        self.run != Run::Never
    }
}

/// The `sh` blocks of a document.
///
/// # Panics
/// If a fence does not name its language, or says what is not understood.
pub fn blocks(document: &str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    let mut is_inside = false;
    for (index, line) in text.lines().enumerate() {
        let Some(info) = line.trim_start().strip_prefix("```") else {
            if let Some(block) = &mut open {
                block.commands.push_str(line);
                block.commands.push('\n');
            }
            continue;
        };
        if is_inside {
            blocks.extend(open.take());
        } else {
            open = begin(&format!("{document}:{}", index + 1), info);
        }
        is_inside = !is_inside;
    }
    blocks
}

fn begin(place: &str, info: &str) -> Option<Block> {
    assert!(!info.is_empty(), "{place}: a fence names its language; `text` if it has none");
    let (language, rest) = info.split_once(' ').unwrap_or((info, ""));
    let run = match rest.split_once([' ', ':']).unwrap_or((rest, "")) {
        _ if language != "sh" => return None,
        ("", "") => Run::Once,
        ("server", "") => Run::Server,
        ("needs", program) if !program.is_empty() => Run::IfThere(program.to_owned()),
        ("norun", reason) if !reason.trim().is_empty() => Run::Never,
        _ => panic!("{place}: `{info}`: not one of sh, sh server, sh needs X, sh norun: REASON"),
    };
    Some(Block { place: place.to_owned(), run, commands: String::new() })
}

#[test]
fn fences_say_how_to_run() {
    let text = "a\n```sh\nb\nc\n```\n```text\nd\n```\n```sh norun: far away\ne\n```\n\
                ```sh needs git\ngit\n```\n";
    let found = blocks("x.md", text);
    let runs: Vec<_> = found.iter().map(|block| (&*block.place, &block.run)).collect();
    let git = Run::IfThere("git".to_owned());
    assert_eq!(runs, [("x.md:2", &Run::Once), ("x.md:9", &Run::Never), ("x.md:12", &git)]);
    assert_eq!(found[0].commands, "b\nc\n");
}
