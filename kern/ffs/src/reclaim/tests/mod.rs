//! Files taken apart: who waits, who is told, and what is there afterwards.

mod huge;
mod sharing;
mod space;
mod stale;
mod stuck;
mod world;
