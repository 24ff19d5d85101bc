//! Fair turns: a deficit round robin (Shreedhar and Varghese, 1995) over the time that tenants use.
//!
//! A turn is over when the tenant says so, and how long it took is known only then. So a tenant is
//! given its time afterwards: what it used is a debt, of which each round of the worker lets it off a
//! quantum, by its weight. Who is in debt is passed over while there is anybody else to turn. Rounds
//! in which nobody would be turned are not waited for: time that nobody else wants costs nothing.
//!
//! ```text
//!            turned, 2 ms                         owes nothing: turned
//!  greedy    ██░░░░░░░░░░░░░░░░░░░░ passed over ░░██
//!  modest    ▪   ▪   ▪   ▪   ▪   ▪   ▪   ▪   ▪   ▪      a round each
//! ```

/// What a service weighs if nothing is said.
pub const WEIGHT_USUAL: u32 = 100;

/// Time that a round lets a tenant of usual weight off, in nanoseconds: a few small calls. Turns that
/// are shorter count as long as this.
const QUANTUM_NS: u64 = 5_000;

/// Rounds after which a debt is nobody's concern any more; also bounds the sums below.
const ROUNDS_MAX: u64 = 1 << 20;

/// What the kernel is reckoned to do for one operation, beside what it does for each byte: it is
/// done at its own time, when nobody can tell whose it is.
const OPERATION_NS: u64 = 500;
const BYTES_PER_NS: usize = 8;

/// The price of one operation of so many bytes in the kernel, in nanoseconds.
pub(crate) fn price_ns(bytes: usize) -> u64 {
    OPERATION_NS + (bytes / BYTES_PER_NS) as u64
}

/// One tenant's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    /// Less than nothing by what is left of the last quantum.
    owed_ns: i64,
    /// The round up to which it was let off.
    round: u64,
    quantum_ns: u64,
}

impl Share {
    /// Of a tenant that owes nothing.
    pub(crate) fn new(weight: u32) -> Self {
        let mut share = Self { owed_ns: 0, round: 0, quantum_ns: 0 };
        share.set_weight(weight);
        share
    }

    /// The same, of a tenant that comes to a worker in this round.
    pub(crate) fn at_round(self, round: u64) -> Self {
        Self { round, ..self }
    }

    /// It weighs so much from now on.
    pub(crate) fn set_weight(&mut self, weight: u32) {
        let quantum_ns = QUANTUM_NS * u64::from(weight) / u64::from(WEIGHT_USUAL);
        self.quantum_ns = quantum_ns.max(1);
    }

    /// It has used so much.
    pub(crate) fn used(&mut self, time_ns: u64) {
        let time_ns = i64::try_from(time_ns).unwrap_or(i64::MAX);
        self.owed_ns = self.owed_ns.saturating_add(time_ns);
    }

    /// How many rounds it is to be passed over from this one on.
    pub(crate) fn rounds_owed(&mut self, round: u64) -> u64 {
        let rounds = (round - self.round).min(ROUNDS_MAX);
        self.round = round;
        let forgiven = i64::try_from(rounds * self.quantum_ns).unwrap_or(i64::MAX);
        self.owed_ns = self.owed_ns.saturating_sub(forgiven).max(1 - self.quantum_ns as i64);
        let owed_ns = u64::try_from(self.owed_ns).unwrap_or_default();
        owed_ns.div_ceil(self.quantum_ns).min(ROUNDS_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Turns each of these for as long as it likes while all want to be turned, until `total_ns` have
    /// passed. Returns the time each got.
    fn all_busy(tenants: &[(u32, u64)], total_ns: u64) -> Vec<u64> {
        let mut shares: Vec<_> = tenants.iter().map(|&(weight, _)| Share::new(weight)).collect();
        let mut used_ns = vec![0; tenants.len()];
        let mut round = 0;
        while used_ns.iter().sum::<u64>() < total_ns {
            let owed = shares.iter_mut().map(|share| share.rounds_owed(round)).min();
            round += owed.unwrap_or_default().max(1);
            for (index, &(_, turn_ns)) in tenants.iter().enumerate() {
                if shares[index].rounds_owed(round) == 0 {
                    shares[index].used(turn_ns);
                    used_ns[index] += turn_ns;
                }
            }
        }
        used_ns
    }

    #[test]
    fn whoever_takes_long_turns_gets_no_more_than_others() {
        let mut tenants = vec![(WEIGHT_USUAL, 2_000_000)];
        tenants.extend([(WEIGHT_USUAL, 15_000); 9]);
        let used = all_busy(&tenants, 1_000_000_000);
        assert!(used[0].abs_diff(used[1]) <= 2_000_000, "{used:?}");
        assert!(used[1..].windows(2).all(|pair| pair[0].abs_diff(pair[1]) <= 15_000), "{used:?}");
    }

    #[test]
    fn weights_are_ratios_of_time() {
        let used = all_busy(&[(300, 50_000), (100, 1_000_000), (50, 10_000)], 1_000_000_000);
        let ratio = |one: usize, other: usize| used[one] as f64 / used[other] as f64;
        assert!((2.9..3.1).contains(&ratio(0, 1)), "{used:?}");
        assert!((1.9..2.1).contains(&ratio(1, 2)), "{used:?}");
    }

    #[test]
    fn an_idle_tenant_saves_nothing_up_and_debts_are_forgiven_in_time() {
        let mut share = Share::new(WEIGHT_USUAL);
        assert_eq!(share.rounds_owed(1_000_000), 0);
        share.used(QUANTUM_NS * 4);
        assert_eq!(share.rounds_owed(1_000_000), 4, "what is left of one quantum, and no more");
        assert_eq!(share.rounds_owed(1_000_003), 1);
        assert_eq!(share.rounds_owed(1_000_004), 0);
        share.used(u64::MAX);
        assert_eq!(share.rounds_owed(1_000_004), ROUNDS_MAX);
        share.set_weight(0);
        assert_eq!(share.rounds_owed(u64::MAX), ROUNDS_MAX);
    }
}
