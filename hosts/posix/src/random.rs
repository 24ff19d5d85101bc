//! The host's source of unpredictable bytes.

use hyper::Random;

/// The kernel's random number generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostRandom;

impl Random for HostRandom {
    /// # Panics
    /// If the kernel has no randomness to give. It has once it is booted; a service could not go
    /// on without: its file handles and verifiers would be guessable.
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the kernel's random number generator answers");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        assert_ne!((HostRandom.next_u64(), 1), (HostRandom.next_u64(), 1));
    }
}
