//! Arguments put together from pieces.

use crate::input::Input;
use xdr::Writer;

const PIECES_MAX: u8 = 24;
const NAMES: [&[u8]; 8] = [b"a", b"b", b"c", b".", b"..", b"", b"with/slash", &[b'n'; 256]];
const NUMBERS: [u64; 8] = [0, 1, 2, 4096, 1 << 20, 1 << 32, i64::MAX as u64, u64::MAX];

/// The next call's arguments, up to a piece that says they end.
pub(super) fn arguments(input: &mut Input<'_>, handles: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Writer::with_capacity(128);
    for _ in 0..PIECES_MAX {
        match input.u8() % 10 {
            0 => break,
            1 | 2 => handle(input, handles, &mut out),
            3 => out.opaque(input.choose(&NAMES)),
            4 => out.u32(input.u8().into()),
            5 => out.u64(input.choose(&NUMBERS)),
            6 => out.u32(input.choose(&NUMBERS) as u32),
            7 => {
                let count = usize::from(input.u8());
                out.opaque(input.take(count));
            }
            8 => no_attributes(&mut out),
            _ => {
                let count = usize::from(input.u8() % 32);
                out.fixed(input.take(count));
            }
        }
    }
    out.into_pieces().concat()
}

/// A handle the service gave; sometimes with one byte changed.
fn handle(input: &mut Input<'_>, handles: &[Vec<u8>], out: &mut Writer) {
    let choice = input.u8();
    let Some(known) = handles.get(usize::from(choice & 0x1f) % handles.len().max(1)) else {
        return out.opaque(&[]);
    };
    let mut handle = known.clone();
    if choice >= 0xe0 {
        let at = usize::from(input.u8()) % handle.len();
        handle[at] ^= input.u8();
    }
    out.opaque(&handle);
}

/// A sattr3 that sets nothing.
fn no_attributes(out: &mut Writer) {
    (0..6).for_each(|_| out.u32(0));
}
