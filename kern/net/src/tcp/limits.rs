//! What one connection, and all of them together, may cost.

use core::time::Duration;

/// The least segment that everybody takes when nothing else is said, in bytes (RFC 9293 §3.7.1).
pub const MSS_DEFAULT_BYTES: u16 = 536;

/// What nearly every path carries behind the headers of IP and TCP, in bytes: what IPv6 demands.
pub const PATH_BYTES_SMALL: u16 = 1220;

/// What timestamps take of every segment, in bytes.
pub const TIMESTAMPS_BYTES: u16 = 12;

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

/// The shortest, however short the path: an answer to what arrived, which takes the acknowledgement
/// with it, is ready by then.
pub const DELAYED_ACK_MIN: Duration = Duration::from_millis(4);

/// Segments at the start of a connection, and after a loss, that are acknowledged at once, because
/// their sender is finding out how fast it may be.
pub const QUICK_ACKS: u8 = 16;

const _: () = assert!(RECEIVE_MAX_BYTES <= (u16::MAX as u32) << WINDOW_SCALE);

/// Connections being opened by peers, all listeners together; more are opened by cookies.
pub const BACKLOG_MAX: usize = 256;

/// How often a SYN is answered before it is forgotten; the first repetition comes after a second,
/// each further one after twice the time (RFC 6298 §2.1).
pub const SYN_ANSWERS_MAX: u8 = 5;

/// How long before a SYN or its answer is sent again, the first time (RFC 6298 §2.1).
pub const SYN_RETRANSMISSION: Duration = Duration::from_secs(1);

/// Connections that are over and remembered because segments of theirs may still arrive.
pub const TIME_WAIT_MAX: usize = 4096;

/// How long those are remembered: twice the time that a segment is taken to live (RFC 9293 §3.4.2).
pub const TIME_WAIT: Duration = Duration::from_secs(60);

/// Connections of one service; a further one takes the place of another ([`SAMPLE`]).
pub const CONNECTIONS_MAX: usize = 16 << 10;

/// Connections that are looked at, by luck, to find the one that makes room.
pub const SAMPLE: usize = 16;

/// Who has so many of those is a crowd, and makes room before all others: it holds about a quarter of
/// everything.
pub const CROWD_MIN: usize = 4;

/// Ports that are listened on.
pub const LISTENERS_MAX: usize = 64;

/// Answers a second, and at once, to segments that belong to no open connection: resets, and what is
/// said again of connections that are over.
pub const ANSWERS_TO_STRANGERS_PER_SECOND: u32 = 1000;

/// Challenges a second, and at once, of one connection (RFC 5961 §7). There is no common limit from
/// which one peer could learn of another.
pub const CHALLENGES_PER_SECOND: u32 = 10;

/// How often a SYN of our own is sent.
pub const SYNS_MAX: u8 = 6;

/// Ports from which connections of our own are opened (RFC 6335 §6).
pub const PORTS_OWN: core::ops::Range<u16> = 49_152..65_535;

/// How many of those are tried for one connection.
pub const PORTS_TRIED_MAX: usize = 64;

/// After so much silence a peer is asked whether it is there.
pub const KEEPALIVE: Duration = Duration::from_secs(300);

/// How long a peer may leave what was sent without an answer.
pub const USER_TIMEOUT: Duration = Duration::from_secs(300);

/// A connection that is looked at so much later than it asked for was suspended, or carried elsewhere.
pub const LATE: Duration = Duration::from_secs(10);

/// What a peer that was not asked meanwhile has at least to answer.
pub const LAST_CHANCE: Duration = Duration::from_secs(60);

/// Questions to a peer that has been silent, before it is given up.
pub const KEEPALIVE_PROBES_MAX: u8 = 9;

/// Time between those.
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(75);

/// How long a peer may take to close its half, once we have closed ours and read no more.
pub const FIN_WAIT_2: Duration = Duration::from_secs(60);
