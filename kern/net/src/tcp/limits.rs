//! What one connection, and all of them together, may cost.

use core::time::Duration;

/// The least segment that everybody takes when nothing else is said, in bytes (RFC 9293 §3.7.1).
pub const MSS_DEFAULT_BYTES: u16 = 536;

/// What a connection may be sent before it has shown how fast its peer is, in bytes.
pub const RECEIVE_INITIAL_BYTES: u32 = 64 << 10;

/// What a connection may be sent at most without being heard, in bytes.
pub const RECEIVE_MAX_BYTES: u32 = 4 << 20;

/// By how many bits our windows are shifted: the least that can name all of the above.
pub const WINDOW_SCALE: u8 = 7;

/// Bytes out of order are kept in pieces of this size, in bytes.
pub const CHUNK_BYTES: usize = 16 << 10;

/// What a piece costs besides its bytes, in bytes.
pub const CHUNK_COST_BYTES: u32 = 64;

/// Gaps between bytes out of order, for one connection.
pub const GAPS_MAX: usize = 256;

/// The longest time for which an acknowledgement waits for company.
pub const DELAYED_ACK: Duration = Duration::from_millis(40);

/// Segments at the start of a connection that are acknowledged at once, because their sender is
/// still finding out how fast it may be.
pub const QUICK_ACKS: u8 = 16;

const _: () = assert!(RECEIVE_MAX_BYTES <= (u16::MAX as u32) << WINDOW_SCALE);
