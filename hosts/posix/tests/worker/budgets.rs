//! What all services of a process share: the contract, on many threads, and after a service broke.

use crate::harness::{Actor, eventually, spec, with_every_backend};
use hyper::{Division, testkit};
use posix::{Progress, Report, SharedBudget};
use service::Next;
use std::thread;

#[test]
fn budgets_keep_their_contract() {
    for (total_bytes, least_bytes) in [(256 << 20, 128 << 10), (1 << 20, 128 << 10)] {
        let division = Division { total_bytes, least_bytes };
        let budget = SharedBudget::new(division);
        testkit::check_budget(division, &mut || budget.part(), &|| budget.taken_bytes());
    }
}

/// Services of several threads take and give back what they can, at the same time.
#[test]
fn no_thread_takes_what_is_not_there() {
    let division = Division { total_bytes: 1 << 20, least_bytes: 1 << 10 };
    let budget = SharedBudget::new(division);
    let flood = || {
        let part = budget.part();
        let mut held_bytes = 0;
        for step in 0..100_000_u64 {
            let wanted_bytes = 512 + step % 7 * 100;
            if part.take(wanted_bytes) {
                held_bytes += wanted_bytes;
                assert!(budget.taken_bytes() <= division.total_bytes, "more than there is");
            } else {
                assert!(held_bytes + wanted_bytes > division.least_bytes, "the least is granted");
                part.give_back(held_bytes / 2);
                held_bytes -= held_bytes / 2;
            }
        }
    };
    thread::scope(|scope| (0..8).for_each(|_| drop(scope.spawn(flood))));
    assert_eq!(budget.taken_bytes(), 0, "whatever ended gave everything back");
}

#[test]
fn a_service_that_breaks_gives_everything_back() {
    with_every_backend(|home| {
        home.serve(|site| {
            let grant = site.host.dirty.take(3 << 20).expect("room");
            Actor::echo(site).turning(move |_| {
                assert_eq!(grant.bytes(), 3 << 20);
                Next::Idle
            })
        });
        assert_eq!(home.budgets.dirty.taken_bytes(), 3 << 20);
        home.add(spec("127.0.0.1:0", |site| {
            let grant = site.host.dirty.take_anyway(5 << 20);
            Actor::echo(site).turning(move |_| panic!("with {} bytes", grant.bytes()))
        }));
        let report = home.report();
        assert!(matches!(report, Report { progress: Progress::Failed(_), .. }), "{report:?}");
        eventually("given back", || home.budgets.dirty.taken_bytes() == 3 << 20);
    });
}
