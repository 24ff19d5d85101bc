//! A small disk that remembers what was written since its last flush, and what all of it would
//! have left had the power failed.

use abi::Errno;
use alloc::collections::VecDeque;
use alloc::rc::Rc;
use alloc::vec::Vec;
use block::Device;
use core::cell::RefCell;
use hyper::{Disk, DiskCompletion, DiskOperation, DiskRequest, Geometry};

const SECTOR: usize = 512;

enum Event {
    Write {
        at: usize,
        bytes: Vec<u8>,
    },
    /// Makes durable as many writes as had completed when it was asked for.
    Flush {
        covered: usize,
    },
}

struct State {
    image: Vec<u8>,
    pending: VecDeque<(DiskRequest, usize)>,
    tape: Vec<Event>,
    writes: usize,
}

/// See the top of the file. Requests complete when they are collected.
pub struct TinyDisk {
    first: Vec<u8>,
    state: RefCell<State>,
}

impl TinyDisk {
    pub fn new(image: Vec<u8>) -> Rc<Self> {
        let (pending, tape) = (VecDeque::new(), Vec::new());
        let state = RefCell::new(State { image: image.clone(), pending, tape, writes: 0 });
        Rc::new(Self { first: image, state })
    }

    pub fn device(self: &Rc<Self>) -> Rc<Device> {
        Device::new(self.clone())
    }

    /// What reads see.
    pub fn image(&self) -> Vec<u8> {
        self.state.borrow().image.clone()
    }

    /// Writes and flushes that have completed.
    pub fn events(&self) -> usize {
        self.state.borrow().tape.len()
    }

    /// What is left if the power fails after so many events: what was flushed, and of what was
    /// not, each sector or not, as `seed` has it.
    pub fn cut(&self, events: usize, seed: u64) -> Vec<u8> {
        let state = self.state.borrow();
        let tape = &state.tape[..events];
        let covered = tape.iter().map(|event| match event {
            Event::Flush { covered } => *covered,
            Event::Write { .. } => 0,
        });
        let mut durable = covered.max().unwrap_or(0);
        let (mut image, mut luck) = (self.first.clone(), Luck(seed));
        for event in tape {
            let Event::Write { at, bytes } = event else { continue };
            for (index, sector) in bytes.chunks(SECTOR).enumerate() {
                if durable > 0 || luck.flip() {
                    let at = at + index * SECTOR;
                    image[at..at + sector.len()].copy_from_slice(sector);
                }
            }
            durable = durable.saturating_sub(1);
        }
        image
    }
}

impl State {
    fn carry_out(&mut self, operation: DiskOperation, covered: usize) -> DiskResult {
        match operation {
            DiskOperation::Read { offset_bytes, mut buffers } => {
                let mut at = offset_bytes as usize;
                for buffer in &mut buffers {
                    let bytes = self.image.get(at..at + buffer.len()).ok_or(Errno::Io)?;
                    buffer.copy_from_slice(bytes);
                    at += buffer.len();
                }
                Ok(buffers)
            }
            DiskOperation::Write { offset_bytes, data } => {
                let (at, bytes) = (offset_bytes as usize, data.concat());
                let place = self.image.get_mut(at..at + bytes.len()).ok_or(Errno::Io)?;
                place.copy_from_slice(&bytes);
                self.tape.push(Event::Write { at, bytes });
                self.writes += 1;
                Ok(Vec::new())
            }
            DiskOperation::Discard { .. } => Err(Errno::NotSupported),
            DiskOperation::Flush => {
                self.tape.push(Event::Flush { covered });
                Ok(Vec::new())
            }
        }
    }
}

type DiskResult = abi::Result<Vec<bytes::BytesMut>>;

impl Disk for TinyDisk {
    fn geometry(&self) -> Geometry {
        Geometry { size_bytes: self.first.len() as u64, sector_bytes: 512, read_only: false }
    }

    fn submit(&self, request: DiskRequest) {
        let mut state = self.state.borrow_mut();
        let completed = state.writes;
        state.pending.push_back((request, completed));
    }

    fn next_completion(&self) -> Option<DiskCompletion> {
        let mut state = self.state.borrow_mut();
        let (request, covered) = state.pending.pop_front()?;
        let result = state.carry_out(request.operation, covered);
        Some(DiskCompletion { token: request.token, result })
    }
}

/// Numbers that look like chance, from a seed (xorshift64*).
pub struct Luck(pub u64);

impl Luck {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.max(1);
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn flip(&mut self) -> bool {
        self.next().is_multiple_of(2)
    }
}
