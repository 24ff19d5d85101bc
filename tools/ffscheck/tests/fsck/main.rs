//! fsck: sound images are found clean, and damage of every class is found, named and repaired.

mod builder;
mod clean;
mod log;
mod planted;
mod quotas;
mod random;
mod special;
mod support;
mod surgery;
