//! Modes as chmod(1) takes them: octal, or `who op permissions` with commas between.
//!
//! As POSIX has it, but for an image there is no umask: nobody named means everybody.

use std::str::FromStr;

/// Permission, set-id and sticky bits.
const ALL: u32 = 0o7777;
const SET_USER_ID: u32 = 0o4000;
const SET_GROUP_ID: u32 = 0o2000;
const STICKY: u32 = 0o1000;

/// A change of a file's mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// To this one.
    Octal(u32),
    /// By these steps, one after another.
    Symbolic(Vec<Step>),
}

/// Bits that are added, removed or set, for some of user, group and others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The bits that the named ones have.
    who: u32,
    how: How,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Add,
    Remove,
    Set,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// These, for everybody; `if_any` more if it is a directory, or anybody may execute it.
    Bits { bits: u32, if_any: u32 },
    /// What the class at this shift has.
    CopyOf(u32),
}

impl Mode {
    /// The mode of a file that has `mode`.
    pub fn apply(&self, mode: u32, is_directory: bool) -> u32 {
        match self {
            Self::Octal(bits) => *bits,
            Self::Symbolic(steps) => {
                steps.iter().fold(mode & ALL, |mode, step| step.apply(mode, is_directory))
            }
        }
    }
}

impl Step {
    fn apply(&self, mode: u32, is_directory: bool) -> u32 {
        let bits = self.who
            & match self.what {
                What::Bits { bits, if_any } if is_directory || mode & 0o111 != 0 => bits | if_any,
                What::Bits { bits, .. } => bits,
                What::CopyOf(shift) => (mode >> shift & 0o7) * 0o111,
            };
        match self.how {
            How::Add => mode | bits,
            How::Remove => mode & !bits,
            // A directory keeps its set-id bits unless they are named, as everywhere.
            How::Set if is_directory => mode & !(self.who & !(SET_USER_ID | SET_GROUP_ID)) | bits,
            How::Set => mode & !self.who | bits,
        }
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with(|first: char| first.is_ascii_digit()) {
            let bits = u32::from_str_radix(text, 8).ok().filter(|bits| bits & !ALL == 0);
            return bits.map(Self::Octal).ok_or_else(expected);
        }
        let mut steps = Vec::new();
        for clause in text.split(',') {
            parse_clause(clause, &mut steps)?;
        }
        Ok(Self::Symbolic(steps))
    }
}

/// `who` and one or more of `op permissions`.
fn parse_clause(clause: &str, steps: &mut Vec<Step>) -> Result<(), String> {
    let is_op = |letter: char| "+-=".contains(letter);
    let start = clause.find(is_op).ok_or_else(expected)?;
    let who = who(&clause[..start])?;
    let mut rest = &clause[start..];
    while !rest.is_empty() {
        let how = match rest.as_bytes()[0] {
            b'+' => How::Add,
            b'-' => How::Remove,
            _ => How::Set,
        };
        let end = rest[1..].find(is_op).map_or(rest.len(), |end| end + 1);
        steps.push(Step { who, how, what: what(&rest[1..end])? });
        rest = &rest[end..];
    }
    Ok(())
}

fn who(letters: &str) -> Result<u32, String> {
    if letters.is_empty() {
        return Ok(ALL);
    }
    letters.chars().try_fold(0, |who, letter| {
        Ok(who
            | match letter {
                'u' => 0o700 | SET_USER_ID,
                'g' => 0o070 | SET_GROUP_ID,
                'o' => 0o007,
                'a' => ALL,
                _ => return Err(expected()),
            })
    })
}

fn what(letters: &str) -> Result<What, String> {
    match letters {
        "u" => return Ok(What::CopyOf(6)),
        "g" => return Ok(What::CopyOf(3)),
        "o" => return Ok(What::CopyOf(0)),
        _ => {}
    }
    let (mut bits, mut if_any) = (0, 0);
    for letter in letters.chars() {
        match letter {
            'r' => bits |= 0o444,
            'w' => bits |= 0o222,
            'x' => bits |= 0o111,
            'X' => if_any |= 0o111,
            's' => bits |= SET_USER_ID | SET_GROUP_ID,
            't' => bits |= STICKY,
            _ => return Err(expected()),
        }
    }
    Ok(What::Bits { bits, if_any })
}

fn expected() -> String {
    "expected an octal mode such as 0644, or a symbolic one such as u+x,go=rX".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(text: &str, mode: u32, is_directory: bool) -> u32 {
        text.parse::<Mode>().unwrap().apply(mode, is_directory)
    }

    #[test]
    fn octal_modes_replace() {
        assert_eq!(changed("644", 0o7777, false), 0o644);
        assert_eq!(changed("4755", 0, false), 0o4755);
        assert_eq!(changed("0", 0o777, true), 0);
    }

    #[test]
    fn symbolic_modes_change() {
        for (text, before, after) in [
            ("u+x", 0o644, 0o744),
            ("go-rwx", 0o755, 0o700),
            ("a=r", 0o777, 0o444),
            ("+x", 0o644, 0o755),
            ("=", 0o4755, 0),
            ("u=rwx,g=rx,o=", 0o644, 0o750),
            ("g=u", 0o640, 0o660),
            ("u-w+x", 0o644, 0o544),
            ("u+s,g+s", 0o755, 0o6755),
            ("+t", 0o755, 0o1755),
            ("u+t", 0o755, 0o755),
            ("a-s", 0o6755, 0o755),
            ("go=rX", 0o600, 0o644),
            ("go=rX", 0o700, 0o755),
        ] {
            assert_eq!(changed(text, before, false), after, "{text} of {before:o}");
        }
    }

    #[test]
    fn directories_keep_what_is_not_named() {
        assert_eq!(changed("go=rX", 0o600, true), 0o655);
        assert_eq!(changed("g=rx", 0o2770, true), 0o2750);
        assert_eq!(changed("g-s", 0o2770, true), 0o770);
    }

    #[test]
    fn what_is_no_mode_is_refused() {
        for text in ["", "9", "77777", "u", "x+u", "u+q", "rwx", "0o644", "u+x,"] {
            assert!(text.parse::<Mode>().is_err(), "{text}");
        }
    }
}
