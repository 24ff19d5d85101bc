//! `.` and `..`, which stand in a directory's first chunk, before all names.

use super::Check;
use super::census::DIRECTORY;
use super::class::Class;
use super::directory::{Entry, insert, records};
use super::error::Result;
use super::names::ROOT;
use super::scan::Scan;
use ffs::layout::{DirectoryShape, Field};

impl Check<'_> {
    /// Checks `.` and `..` in the first chunk; tells where the names behind them begin.
    pub(super) fn check_dots(&mut self, scan: &mut Scan, chunk: &mut [u8]) -> Result<usize> {
        let (dot, dot_dot) = dots(chunk, scan.shape);
        if dot.is_none() || dot_dot.is_none() {
            self.make_dots(scan, chunk, dot.is_none(), dot_dot.is_none())?;
        }
        let (first, second) = match dots(chunk, scan.shape) {
            (Some(first), Some(second)) => (first, second),
            _ => return Ok(0),
        };
        self.check_dot(scan, chunk)?;
        self.check_dot_dot(scan, &mut chunk[first..])?;
        Ok(first + second)
    }

    fn check_dot(&mut self, scan: &mut Scan, chunk: &mut [u8]) -> Result<()> {
        let leads_to = u32::get(chunk, scan.shape.order);
        if leads_to != scan.directory {
            scan.directory.put(chunk, scan.shape.order);
            let place = self.own_place(scan)?;
            let what = format!("`.` leads to inode {leads_to}");
            self.notes.fixed(Class::WrongDot, place, what, "corrected");
        }
        self.check_dot_type(scan, chunk, "`.`")
    }

    fn check_dot_dot(&mut self, scan: &mut Scan, record: &mut [u8]) -> Result<()> {
        let leads_to = u32::get(record, scan.shape.order);
        let parent = self.census.directory(scan.directory).parent;
        if scan.is_reached && leads_to != parent {
            parent.put(record, scan.shape.order);
            let place = self.own_place(scan)?;
            let what = format!("`..` leads to inode {leads_to}, not {parent}");
            self.notes.fixed(Class::WrongDotDot, place, what, "corrected");
        }
        let dot_dot = if scan.is_reached { parent } else { leads_to };
        self.census.directory_mut(scan.directory).dot_dot = dot_dot;
        self.check_dot_type(scan, record, "`..`")
    }

    fn check_dot_type(&mut self, scan: &mut Scan, record: &mut [u8], name: &str) -> Result<()> {
        if scan.shape.has_types && record[6] != DIRECTORY {
            let what = format!("{name} has type {}", record[6]);
            record[6] = DIRECTORY;
            let place = self.own_place(scan)?;
            self.notes.fixed(Class::EntryType, place, what, "corrected");
        }
        Ok(())
    }

    /// Writes the first chunk again with `.` and `..` in their places, and as many of its names
    /// behind them as fit.
    fn make_dots(
        &mut self,
        scan: &mut Scan,
        chunk: &mut [u8],
        lacks_dot: bool,
        lacks_dot_dot: bool,
    ) -> Result<()> {
        let entries: Vec<Entry> = records(chunk, scan.shape)
            .filter(|(_, entry)| entry.inode != 0)
            .map(|(_, entry)| Entry {
                inode: entry.inode,
                type_code: entry.type_code,
                name: entry.name.to_vec(),
            })
            .collect();
        let old_dot_dot = entries.iter().find(|entry| entry.name == b"..").map(|entry| entry.inode);
        let parent = match self.census.directory(scan.directory).parent {
            0 => old_dot_dot.unwrap_or(ROOT),
            parent => parent,
        };
        chunk.fill(0);
        self.write_dots(chunk, scan.directory, parent);
        for (lacks, class, what) in [
            (lacks_dot, Class::MissingDot, "no `.`"),
            (lacks_dot_dot, Class::MissingDotDot, "no `..`"),
        ] {
            if lacks {
                let place = self.own_place(scan)?;
                self.notes.fixed(class, place, what, "made again");
            }
        }
        let is_name = |entry: &Entry| entry.name != b"." && entry.name != b"..";
        for entry in entries.into_iter().filter(is_name) {
            if !insert(chunk, &entry, scan.shape) {
                scan.displaced.push(entry);
            }
        }
        Ok(())
    }
}

/// The lengths of the records of `.` and `..`, where they belong.
fn dots(chunk: &[u8], shape: DirectoryShape) -> (Option<usize>, Option<usize>) {
    let mut records = records(chunk, shape).map(|(_, entry)| entry);
    let mut next = |name: &[u8]| {
        let entry = records.next().filter(|entry| entry.inode != 0 && entry.name == name);
        entry.map(|entry| entry.record_bytes)
    };
    let dot = next(b".");
    let dot_dot = next(b"..");
    (dot, dot_dot)
}
