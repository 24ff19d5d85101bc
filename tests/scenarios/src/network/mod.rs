//! Seeded scenarios of the network: two hosts of their own, and all that can happen between them.
//!
//! | file | what is in it |
//! |---|---|
//! | `content.rs`, `ledger.rs`, `talk.rs` | what one side of a conversation says, is told, and does |
//! | `station.rs`, `world.rs` | stacks with cards, cables, somebody in the middle |
//! | `plan.rs`, `play.rs` | what a seed means, and what must hold |
//! | `pace.rs` | how long things may take |
//! | `moving.rs` | stacks that are replaced in the middle of it |
//! | `stranger.rs`, `with_stranger.rs` | a peer by another hand |
//! | `forge.rs` | frames that nobody sent |
//! | `attacker.rs`, `liar.rs`, `narrow.rs` | who knows all but the numbers, who lies, who has no room |
//! | `kinds.rs` | all of these, by number |

pub mod attacker;
pub mod content;
pub mod forge;
pub mod kinds;
pub mod ledger;
pub mod liar;
pub mod moving;
pub mod narrow;
pub mod pace;
pub mod plan;
pub mod play;
pub mod station;
pub mod stranger;
pub mod talk;
pub mod with_stranger;
pub mod world;
