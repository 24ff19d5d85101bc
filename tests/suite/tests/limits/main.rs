//! Quotas and full images, as clients meet them: what is refused, and that space comes back.

mod quotas;
mod space;
mod world;
