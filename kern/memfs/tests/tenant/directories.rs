//! Reading a directory while it changes.

use crate::world::{ALICE, ROOT, World, list, list_some, make, name, regular, run};
use abi::Errno;
use proptest::prelude::{Strategy, any, prop, proptest};
use proptest::prop_assert_eq;
use std::ops::ControlFlow;
use vfs::{NewKind, Vnode};

#[test]
fn cookies_lead_on_and_foreign_ones_are_refused() {
    let world = World::of_size(1 << 20);
    for text in ["c", "a", "b"] {
        regular(&world.root, text);
    }
    let (first, cookie, end) = list_some(&world.root, 0, 3);
    assert_eq!((first, end), (vec![".".into(), "..".into(), "c".into()], false));
    assert_eq!(list_some(&world.root, cookie, 9).0, ["a", "b"]);
    let far = run(world.root.read_directory(&ROOT, 99, &mut |_| ControlFlow::Break(())));
    assert_eq!(far.result, Err(Errno::BadCookie));
    let last = list_some(&world.root, 5, 9);
    assert_eq!(last, (vec![], 5, true));
}

#[test]
fn reading_needs_the_right_to_read() {
    let world = World::of_size(1 << 20);
    let private = make(&world.root, "private", NewKind::Directory, 0o711).unwrap();
    let ask = run(private.read_directory(&ALICE, 0, &mut |_| ControlFlow::Continue(())));
    assert_eq!(ask.result, Err(Errno::AccessDenied));
}

#[derive(Clone, Debug)]
enum Step {
    Read(usize),
    Add(u8),
    Remove(u8),
    Rename(u8, u8),
}

fn step() -> impl Strategy<Value = Step> {
    proptest::prop_oneof![
        (1..5_usize).prop_map(Step::Read),
        (0..12_u8).prop_map(Step::Add),
        (0..12_u8).prop_map(Step::Remove),
        (0..12_u8, 0..12_u8).prop_map(|(from, to)| Step::Rename(from, to)),
    ]
}

/// Names that come and go. Whether the step succeeds does not matter.
fn disturb(directory: &Vnode, step: &Step) -> bool {
    let passing = |number: &u8| format!("passing{number}");
    match step {
        Step::Read(_) => true,
        Step::Add(number) => make(directory, &passing(number), NewKind::Regular, 0).is_ok(),
        Step::Remove(number) => run(directory.remove(&ROOT, name(&passing(number)))).result.is_ok(),
        Step::Rename(from, to) => {
            let (from, to) = (passing(from), passing(to));
            run(directory.rename(&ROOT, name(&from), directory, name(&to))).result.is_ok()
        }
    }
}

proptest! {
    #[test]
    fn what_stays_is_seen_exactly_once(
        order in prop::collection::vec(any::<bool>(), 0..40),
        steps in prop::collection::vec(step(), 0..80),
    ) {
        let world = World::of_size(1 << 20);
        let mut staying = Vec::new();
        for (number, stays) in order.iter().enumerate() {
            let text = if *stays { format!("staying{number}") } else { format!("passing{number}") };
            regular(&world.root, &text);
            staying.extend(stays.then_some(text));
        }
        let (mut seen, mut after) = (Vec::new(), 0);
        for step in &steps {
            disturb(&world.root, step);
            if let Step::Read(chunk) = step {
                let names;
                (names, after, _) = list_some(&world.root, after, *chunk);
                seen.extend(names);
            }
        }
        seen.extend(list_some(&world.root, after, usize::MAX).0);
        seen.retain(|text| text.starts_with("staying"));
        prop_assert_eq!(&seen, &staying);
        prop_assert_eq!(list(&world.root, 1), list(&world.root, 100));
    }
}
