//! In which order groups are searched: `ffs_hashalloc`.
//!
//! The preferred one; then a quadratic rehash, which spreads what overflows over the disk; then
//! all the others in a row.

use crate::layout::CylGroup;

/// Every group of `count`, some of them twice, `first` first.
pub(super) fn groups_from(first: CylGroup, count: u32) -> impl Iterator<Item = CylGroup> {
    let steps = (0..).map_while(move |power| (1_u64 << power < count.into()).then_some(power));
    let quadratic = steps.map(|power| (2_u64 << power) - 1);
    let offsets = core::iter::once(0).chain(quadratic).chain(2..count.into());
    offsets.map(move |offset| {
        let group = (u64::from(first.0) + offset) % u64::from(count);
        CylGroup(group as u32)
    })
}

/// Every group once, beginning with `first`.
pub(super) fn groups_after(first: CylGroup, count: u32) -> impl Iterator<Item = CylGroup> {
    let first = first.0 % count;
    (first..count).chain(0..first).map(CylGroup)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::vec::Vec;

    #[test]
    fn no_group_is_left_out() {
        for count in 1..40 {
            for first in [0, count / 2, count - 1] {
                let order: Vec<_> = groups_from(CylGroup(first), count).collect();
                assert_eq!(order[0], CylGroup(first));
                assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), count as usize);
                assert_eq!(groups_after(CylGroup(first), count).count(), count as usize);
            }
        }
    }

    #[test]
    fn overflow_is_spread() {
        let order: Vec<_> = groups_from(CylGroup(8), 10).take(5).map(|group| group.0).collect();
        assert_eq!(order, [8, 9, 1, 5, 3]);
    }
}
