//! How much of everything: each queue, cache and loop of the stack has its bound here. What TCP
//! bounds stands with it.

use core::time::Duration;

/// The least MTU that a link may have, in bytes (RFC 791 §3.2); IPv6 wants more.
pub const MTU_BYTES_MIN: u32 = 68;
/// The most that a packet's length field can tell, in bytes.
pub const MTU_BYTES_MAX: u32 = 65_535;

/// Frames that wait to be taken by the link; further ones are lost.
pub const FRAMES_QUEUED_MAX: usize = 4096;
/// What those frames may hold, in bytes.
pub const FRAMES_QUEUED_BYTES_MAX: usize = 16 << 20;

/// Neighbours remembered, of both families.
pub const NEIGHBOURS_MAX: usize = 512;
/// Neighbours that are asked for and did not answer yet, and beside them gateways.
pub const NEIGHBOURS_UNRESOLVED_MAX: usize = 64;
/// Neighbours looked at to find one that can be forgotten, for each new one.
pub const NEIGHBOURS_PASSED_MAX: usize = 16;
/// Frames that wait for one neighbour's address: the largest datagram, cut for an MTU of 1500.
pub const FRAMES_WAITING_PER_NEIGHBOUR_MAX: usize = 48;
/// Frames that wait for neighbours, all together.
pub const FRAMES_WAITING_MAX: usize = 192;
/// How long a neighbour that we talk to and that answers is not forgotten for a new one.
pub const NEIGHBOUR_BUSY: Duration = Duration::from_secs(60);
/// How long a neighbour is remembered that nobody talks to.
pub const NEIGHBOUR_IDLE: Duration = Duration::from_secs(600);

/// Neighbours of which the link is told; with more of them we listen to everything.
pub const NEIGHBOURS_LISTENED_TO_MAX: usize = 128;

/// Addresses of our own, of both families.
pub const ADDRESSES_MAX: usize = 16;
/// Gateways, configured and announced.
pub const GATEWAYS_MAX: usize = 8;
/// How often a gateway that fell silent is asked for while another one is used.
pub const GATEWAY_RETRY: Duration = Duration::from_secs(30);

/// Prefixes announced to be on the link.
pub const PREFIXES_MAX: usize = 16;
/// Options read of one router's advertisement.
pub const ADVERTISED_OPTIONS_MAX: usize = 64;

/// Datagrams being put together of fragments.
pub const REASSEMBLIES_MAX: usize = 64;
/// Fragments of one of them: the largest, over the smallest MTU that we can meet on a path.
pub const FRAGMENTS_PER_DATAGRAM_MAX: usize = 140;
/// Memory of them all, in bytes, with [`FRAGMENT_OVERHEAD_BYTES`] for each fragment.
pub const REASSEMBLY_BYTES_MAX: usize = 1 << 20;
/// What a fragment costs beside its payload, in bytes.
pub const FRAGMENT_OVERHEAD_BYTES: usize = 128;
/// How long all fragments of an IPv4 datagram may take (Linux waits as long).
pub const REASSEMBLY_V4: Duration = Duration::from_secs(30);
/// How long all fragments of an IPv6 packet may take (RFC 8200 §4.5).
pub const REASSEMBLY_V6: Duration = Duration::from_secs(60);

/// Paths whose MTU is remembered to be less than the link's.
pub const PATHS_MAX: usize = 256;
/// How long: then the path may have become wider (RFC 8201 §4).
pub const PATH_MTU_AGE: Duration = Duration::from_secs(600);
/// Addresses to which datagrams left a moment ago that are too large for some path.
pub const LARGE_DATAGRAMS_MAX: usize = 64;
/// How long routers may tell of such a datagram: many round trips.
pub const LARGE_DATAGRAM_AGE: Duration = Duration::from_secs(10);
/// The least that is believed of an IPv4 path, in bytes; who says less wants tiny packets of us.
pub const PATH_MTU_V4_BYTES_MIN: u32 = 552;
/// The least MTU of IPv6, in bytes.
pub const PATH_MTU_V6_BYTES_MIN: u32 = 1280;

/// ICMP errors a second, and at once.
pub const ICMP_ERRORS_PER_SECOND: u32 = 100;
/// Answers to pings a second, and at once.
pub const ICMP_ECHOES_PER_SECOND: u32 = 10_000;
/// Questions for neighbours a second, and at once.
pub const QUESTIONS_PER_SECOND: u32 = 200;

/// Headers between an IPv6 header and what it carries.
pub const EXTENSION_HEADERS_MAX: usize = 8;
/// Options in one of them.
pub const EXTENSION_OPTIONS_MAX: usize = 32;

/// What all streams together keep of what arrived out of order or is held back, in bytes: further
/// such bytes are taken for lost.
pub const RECEIVED_BYTES_MAX: u64 = 64 << 20;

/// Sockets for datagrams.
pub const SOCKETS_MAX: usize = 64;
