//! Writing exports as `PATH:OPTION,...`, so that reading gives the same again.
//!
//! Whether clients are read-only and whose claims are not believed is what people look for; the
//! second is always said. Other words are written where they differ from what is meant without.

use super::{Export, Rules, Squash};
use core::fmt::{Display, Formatter, Result, Write};

impl Display for Export {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        show_path(self.path(), formatter)?;
        write!(formatter, ":{}", self.rules)?;
        self.clients.iter().try_for_each(|client| write!(formatter, ",client={client}"))
    }
}

impl Display for Rules {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        formatter.write_str(if self.read_only { "ro," } else { "" })?;
        self.show_squash(formatter)?;
        let defaults = Self::default();
        if self.all_directories {
            formatter.write_str(",alldirs")?;
        }
        if self.flavors != defaults.flavors {
            write!(formatter, ",sec={}", self.flavors)?;
        }
        if self.reserved_port {
            formatter.write_str(",secure")?;
        }
        Ok(())
    }
}

impl Rules {
    /// Who is not believed, and who acts instead. Only BSD's words can say that somebody has
    /// supplementary groups.
    fn show_squash(&self, formatter: &mut Formatter<'_>) -> Result {
        let (anonymous, defaults) = (&self.anonymous, Self::default().anonymous);
        let mapping = match self.squash {
            Squash::Root => Some("maproot"),
            Squash::All => Some("mapall"),
            Squash::None => None,
        };
        if let Some(mapping) = mapping.filter(|_| !anonymous.groups().is_empty()) {
            write!(formatter, "{mapping}={}:{}", anonymous.uid, anonymous.gid)?;
            return anonymous.groups().iter().try_for_each(|group| write!(formatter, ":{group}"));
        }
        formatter.write_str(match self.squash {
            Squash::None => "no_root_squash",
            Squash::Root => "root_squash",
            Squash::All => "all_squash",
        })?;
        if anonymous.uid != defaults.uid {
            write!(formatter, ",anonuid={}", anonymous.uid)?;
        }
        if anonymous.gid != defaults.gid {
            write!(formatter, ",anongid={}", anonymous.gid)?;
        }
        Ok(())
    }
}

/// A path as reading takes it: what would end it, and what nobody can see, in octal digits.
fn show_path(path: &[u8], formatter: &mut Formatter<'_>) -> Result {
    for chunk in path.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                ':' | '\\' | ' ' => show_byte(character as u8, formatter)?,
                _ if character.is_ascii_control() => show_byte(character as u8, formatter)?,
                _ => formatter.write_char(character)?,
            }
        }
        chunk.invalid().iter().try_for_each(|&byte| show_byte(byte, formatter))?;
    }
    Ok(())
}

fn show_byte(byte: u8, formatter: &mut Formatter<'_>) -> Result {
    write!(formatter, "\\{byte:03o}")
}
