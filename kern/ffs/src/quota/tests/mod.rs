//! Quotas on every layout, counted again by hand and by `fsck`.

mod administer;
mod hostile;
mod limits;
mod usage;
mod world;
