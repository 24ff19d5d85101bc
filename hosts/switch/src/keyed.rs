//! A hash under a key, so that nobody outside can foresee what collides.

use core::hash::BuildHasher;
use siphasher::sip::SipHasher13;

/// Makes hashers of one key.
#[derive(Clone)]
pub(crate) struct Keyed([u8; 16]);

impl Keyed {
    /// With this key, which nobody else knows.
    pub(crate) fn new(secret: [u8; 16]) -> Self {
        Self(secret)
    }
}

impl BuildHasher for Keyed {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_key(&self.0)
    }
}
