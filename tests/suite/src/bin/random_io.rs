//! Random reads, writes and truncations of files, compared byte for byte with a model in memory.
//!
//! `random-io FOLDER SEED OPERATIONS` works on a few files in FOLDER, for a file system under
//! test to be mounted there, and fails at the first byte that is not what was written. What it
//! did up to then is printed, so that a failure can be read; the seed repeats it.

use fastrand::Rng;
use std::collections::VecDeque;
use std::error::Error;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const FILES: usize = 3;
const FILE_BYTES_MAX: usize = 2 << 20;
const TRANSFER_BYTES_MAX: usize = 200 << 10;
const HISTORY: usize = 30;

/// One file and what it should hold.
struct Subject {
    path: PathBuf,
    file: File,
    model: Vec<u8>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut history = VecDeque::new();
    match work(&arguments, &mut history) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            history.iter().for_each(|line| eprintln!("{line}"));
            eprintln!("random-io: {error}");
            ExitCode::FAILURE
        }
    }
}

fn work(arguments: &[String], history: &mut VecDeque<String>) -> Result<(), Box<dyn Error>> {
    let [folder, seed, operations] = arguments else {
        return Err("usage: random-io FOLDER SEED OPERATIONS".into());
    };
    let mut rng = Rng::with_seed(seed.parse()?);
    let subjects = (0..FILES).map(|number| Subject::new(Path::new(folder), number));
    let mut subjects = subjects.collect::<io::Result<Vec<_>>>()?;
    for number in 0..operations.parse()? {
        let index = rng.usize(..FILES);
        let (what, outcome) = subjects[index].step(&mut rng);
        if history.len() == HISTORY {
            history.pop_front();
        }
        history.push_back(format!("{number}: file {index}: {what}"));
        outcome?;
    }
    subjects.into_iter().try_for_each(Subject::finish)
}

impl Subject {
    fn new(folder: &Path, number: usize) -> io::Result<Self> {
        let path = folder.join(format!("random-{number}"));
        let _ = fs::remove_file(&path);
        Ok(Self { file: open(&path)?, path, model: Vec::new() })
    }

    /// One operation: what it was, and whether it went as the model says.
    fn step(&mut self, rng: &mut Rng) -> (String, Result<(), Box<dyn Error>>) {
        let offset = rng.usize(..FILE_BYTES_MAX);
        let length = transfer_length(rng).min(FILE_BYTES_MAX - offset);
        match rng.u32(..100) {
            0..40 => (format!("read {offset}+{length}"), self.read(offset, length)),
            40..75 => (format!("write {offset}+{length}"), self.write(offset, length, rng)),
            75..82 => (format!("append {length}"), self.append(length, rng)),
            82..90 => (format!("truncate to {offset}"), self.truncate(offset)),
            90..95 => ("sync".into(), self.file.sync_all().map_err(Into::into)),
            95..98 => ("reopen".into(), self.reopen()),
            _ => ("check all".into(), self.check()),
        }
    }

    fn read(&mut self, offset: usize, length: usize) -> Result<(), Box<dyn Error>> {
        let mut bytes = vec![0; length];
        let mut count = 0;
        while count < length {
            match self.file.read_at(&mut bytes[count..], (offset + count) as u64)? {
                0 => break,
                more => count += more,
            }
        }
        let end = self.model.len().min(offset + length);
        same(offset, &bytes[..count], self.model.get(offset..end).unwrap_or_default())
    }

    fn write(&mut self, offset: usize, length: usize, rng: &mut Rng) -> Result<(), Box<dyn Error>> {
        let mut bytes = vec![0; length];
        rng.fill(&mut bytes);
        self.file.write_all_at(&bytes, offset as u64)?;
        if length > 0 {
            self.model.resize(self.model.len().max(offset + length), 0);
            self.model[offset..offset + length].copy_from_slice(&bytes);
        }
        self.check_size()
    }

    fn append(&mut self, length: usize, rng: &mut Rng) -> Result<(), Box<dyn Error>> {
        let offset = self.model.len();
        self.write(offset, length.min(FILE_BYTES_MAX - offset), rng)
    }

    fn truncate(&mut self, length: usize) -> Result<(), Box<dyn Error>> {
        self.file.set_len(length as u64)?;
        self.model.resize(length, 0);
        self.check_size()
    }

    fn reopen(&mut self) -> Result<(), Box<dyn Error>> {
        self.file = open(&self.path)?;
        self.check()
    }

    fn check(&mut self) -> Result<(), Box<dyn Error>> {
        same(0, &fs::read(&self.path)?, &self.model)
    }

    fn check_size(&self) -> Result<(), Box<dyn Error>> {
        let (size, expected) = (self.file.metadata()?.len(), self.model.len() as u64);
        if size == expected { Ok(()) } else { Err(format!("size {size}, not {expected}").into()) }
    }

    fn finish(mut self) -> Result<(), Box<dyn Error>> {
        self.file.sync_all()?;
        self.reopen()?;
        Ok(fs::remove_file(&self.path)?)
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
}

/// Mostly small, sometimes large, sometimes whole pages.
fn transfer_length(rng: &mut Rng) -> usize {
    match rng.u32(..4) {
        0 => rng.usize(..600),
        1 => 4096 * rng.usize(1..8),
        _ => rng.usize(..TRANSFER_BYTES_MAX),
    }
}

fn same(offset: usize, found: &[u8], expected: &[u8]) -> Result<(), Box<dyn Error>> {
    if found == expected {
        return Ok(());
    }
    let (lengths, pairs) = ((found.len(), expected.len()), found.iter().zip(expected));
    let at = offset + pairs.take_while(|(found, expected)| found == expected).count();
    let (length, expected) = lengths;
    Err(format!("differs at {at}; {length} bytes from {offset}, expected {expected}").into())
}
