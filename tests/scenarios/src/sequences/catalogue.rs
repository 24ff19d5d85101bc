//! Which sequences there are.
//!
//! A sequence has a number: its steps, as digits. Of all numbers only those count that no other one
//! stands for:
//! - Each step changes something, as far as the model can foresee. (A sequence with a step that is
//!   refused leaves what the same sequence without that step leaves.)
//! - The second free name of the root comes after the first: at the beginning they are
//!   interchangeable.

use super::alphabet::{SETUP, Step, alphabet};
use super::script::Script;
use crate::model::Model;

/// The steps of a sequence of this length and number.
pub fn steps(length: u32, number: u64) -> Vec<Step> {
    let alphabet = alphabet();
    let base = alphabet.len() as u64;
    let digit = |place| alphabet[(number / base.pow(place) % base) as usize];
    (0..length).rev().map(digit).collect()
}

/// Whether this number counts.
pub fn is_one(length: u32, number: u64) -> bool {
    let mut steps = steps(length, number).into_iter();
    steps.try_fold(Imagined::beginning(), |before, step| before.after(step)).is_some()
}

/// The numbers of all sequences of this length, in order.
pub fn all(length: u32) -> Vec<u64> {
    let alphabet = alphabet();
    let mut found = vec![(0, Imagined::beginning())];
    for _ in 0..length {
        let longer = found.iter().flat_map(|(number, before)| {
            let digits = (number * alphabet.len() as u64..).zip(&alphabet);
            digits.filter_map(|(number, step)| Some((number, before.after(*step)?)))
        });
        found = longer.collect();
    }
    found.into_iter().map(|(number, _)| number).collect()
}

/// What the world will be like after some steps.
struct Imagined {
    model: Model,
    script: Script<'static>,
    /// Whether the first free name has been used.
    is_used: bool,
}

impl Imagined {
    fn beginning() -> Self {
        let nothing = Self { model: Model::default(), script: Script::new(&[]), is_used: false };
        let step = |before: Self, step: &Step| before.after(*step).expect("a setup that works");
        Self { is_used: false, ..SETUP.iter().fold(nothing, step) }
    }

    /// The world after one more step, if that makes a sequence of its own.
    fn after(&self, step: Step) -> Option<Self> {
        if !self.is_used && step.names().any(|name| name == "e") {
            return None;
        }
        let (mut model, mut script) = (self.model.clone(), self.script.clone());
        let operation = script.operation(step, &model)?;
        let is_used = self.is_used || step.names().any(|name| name == "c");
        model.imagine(&operation).then_some(Self { model, script, is_used })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_its_steps() {
        let pairs = all(2);
        assert!(pairs.is_sorted());
        assert_eq!((all(1).len(), pairs.len()), (35, 1216), "docs/sim.md counts them, too");
        let removed = [Step::Remove("d/b"), Step::RemoveDirectory("d")];
        assert!(pairs.iter().any(|&number| steps(2, number) == removed));
        assert!(pairs.iter().step_by(9).all(|&number| is_one(2, number)));
        let ones = (0..3000).filter(|&number| is_one(2, number)).count();
        assert_eq!(ones, pairs.iter().filter(|&&number| number < 3000).count());
        let refused = [Step::RemoveDirectory("d"), Step::Remove("d/b")];
        assert!(pairs.iter().all(|&number| steps(2, number) != refused));
    }
}
