//! Who sits on the wire: it loses frames, keeps and repeats them, spoils them, and writes its own.

use super::{Carried, World};
use crate::input::Input;
use crate::net::host::mac;
use crate::net::packet::{ETHERNET_BYTES, FIN, is_discarded, repair, seen};

/// What a change to a frame may have done, the worse the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    /// What bad wires do: a frame is lost, late, early, or there again.
    Bad,
    /// Somebody may believe of a connection, a neighbour or a path what is not so.
    Misled,
    /// Somebody may take other bytes for those that were sent.
    Forged,
}

impl World {
    pub(super) fn step_adversary(&mut self, input: &mut Input<'_>) {
        match input.u8() % 14 {
            0 | 1 => drop(self.wire.pop_front()),
            2 => self.wire.clear(),
            3 => {
                let late = self.wire.pop_front();
                self.wire.extend(late);
            }
            4 => self.wire.make_contiguous().reverse(),
            5 => {
                let again = self.wire.front().cloned();
                self.wire.extend(again);
            }
            6 | 7 => {
                if let Some(again) = self.remembered(input) {
                    self.wire.push_front(again);
                }
            }
            8 => {
                if let Some(front) = self.wire.pop_front() {
                    self.spoil(front, input);
                }
            }
            9 | 10 => {
                if let Some(old) = self.remembered(input) {
                    self.spoil(old, input);
                }
            }
            11 => self.inject(input),
            _ => {
                if let Some(old) = self.remembered(input) {
                    self.wire.extend(piece(&old, input));
                }
            }
        }
    }

    fn remembered(&self, input: &mut Input<'_>) -> Option<Carried> {
        let back = usize::from(input.u8()) % self.past.len().max(1);
        self.past.iter().rev().nth(back).cloned()
    }

    /// Changes a frame, and puts its checksums right, or not.
    fn spoil(&mut self, old: Carried, input: &mut Input<'_>) {
        let changes = input.u8();
        let mut bytes = old.bytes.clone();
        for _ in 0..=changes % 4 {
            let (at, value) = (usize::from(input.u8()), input.u8());
            let place = bytes.len().min(at);
            if let Some(byte) = bytes.get_mut(place) {
                *byte = if changes & 0x40 == 0 { *byte ^ value } else { value };
            }
        }
        if let Some(packet) = bytes.get_mut(ETHERNET_BYTES..).filter(|_| changes & 0x80 != 0) {
            repair(packet);
        }
        self.effect = self.effect.max(effect(&old.bytes, &bytes));
        self.wire.push_front(Carried { bytes, ..old });
    }

    fn inject(&mut self, input: &mut Input<'_>) {
        let (to, length) = (usize::from(input.u8() % 2), input.u8());
        let bytes = [&mac(to as u8 + 1)[..], input.take(usize::from(length))].concat();
        self.effect = self.effect.max(effect(&[], &bytes));
        self.wire.push_front(Carried { to, bytes });
    }
}

/// A part of the bytes of a segment that was sent, as if its sender had cut there.
fn piece(old: &Carried, input: &mut Input<'_>) -> Option<Carried> {
    let segment = seen(&old.bytes).filter(|segment| !segment.is_syn)?;
    let (whole, seq) = (segment.payload, segment.seq);
    let start = usize::from(input.u16()) % whole.len().max(1);
    let end = start + (usize::from(input.u16()) % (whole.len() - start + 1));
    let head_bytes = old.bytes.len().checked_sub(whole.len())?;
    let mut bytes = [&old.bytes[..head_bytes], &whole[start..end]].concat();
    let tcp = if bytes[12..14] == [8, 0] { ETHERNET_BYTES + 20 } else { ETHERNET_BYTES + 40 };
    let (length_at, packet_bytes) = if tcp == ETHERNET_BYTES + 20 {
        (16, bytes.len() - ETHERNET_BYTES)
    } else {
        (18, bytes.len() - tcp)
    };
    bytes[length_at..length_at + 2].copy_from_slice(&(packet_bytes as u16).to_be_bytes());
    bytes[tcp + 4..tcp + 8].copy_from_slice(&seq.wrapping_add(start as u32).to_be_bytes());
    if end < whole.len() {
        bytes[tcp + 13] &= !FIN;
    }
    repair(&mut bytes[ETHERNET_BYTES..]);
    Some(Carried { bytes, to: old.to })
}

/// What may come of it that one frame became another.
fn effect(old: &[u8], new: &[u8]) -> Effect {
    if old == new || is_discarded(new) {
        return Effect::Bad;
    }
    let says = |frame| {
        let segment = seen(frame)?;
        Some((segment.from, segment.to, segment.seq, segment.is_syn, segment.payload))
    };
    match (says(old), says(new)) {
        (before, after @ Some(_)) if before == after => Effect::Misled,
        (None, None) if !is_packet(new) => Effect::Misled,
        _ => Effect::Forged,
    }
}

fn is_packet(frame: &[u8]) -> bool {
    matches!(frame.get(12..14), Some([8, 0] | [0x86, 0xdd]))
}
