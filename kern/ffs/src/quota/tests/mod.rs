//! Quotas on every layout, counted again by hand and by `fsck`.

mod limits;
mod usage;
mod world;
