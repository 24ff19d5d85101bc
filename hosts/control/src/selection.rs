//! Which services a question is about, in which order, and how many at a time.

use crate::model::{Code, Failure, State};
use glob::Pattern;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

/// Services in an answer, at most.
pub const PAGE_MAX: usize = 1000;
/// Services in an answer if nothing is said.
pub const PAGE_USUAL: usize = 100;
/// Labels that a question names, at most.
const LABELS_MAX: usize = 16;
/// Bytes of a name's pattern, at most.
const PATTERN_BYTES_MAX: usize = 255;

/// In which order services are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By name; a page begins behind the last name of the one before.
    #[default]
    Name,
    /// Those with the most calls in a second first.
    Calls,
    /// Those with the slowest calls first.
    Latency,
    /// Those that hold the most memory first.
    Memory,
    /// Those that use the most of a processor first.
    Busy,
}

impl Order {
    /// All of them, as questions say them.
    pub const WORDS: [(&str, Self); 5] = [
        ("name", Self::Name),
        ("calls", Self::Calls),
        ("latency", Self::Latency),
        ("memory", Self::Memory),
        ("busy", Self::Busy),
    ];
}

/// Which services are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// In one of these states; in any if there are none.
    pub states: Vec<State>,
    /// With all of these labels; a value of `None` is any.
    pub labels: Vec<(String, Option<String>)>,
    /// With a name like this.
    pub name: Option<Pattern>,
    /// In which order.
    pub order: Order,
    /// Behind this name, in the order of names.
    pub after: Option<String>,
    /// How many are passed over before the first, in whatever order.
    pub skip: usize,
    /// How many.
    pub limit: Option<usize>,
}

/// Services that were picked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picked<T> {
    /// In order.
    pub items: Vec<T>,
    /// How many there are in all pages.
    pub total: u64,
    /// After which name the next page begins, if there is one.
    pub next: Option<String>,
}

/// What has to be known of a service to see whether it is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'c, T> {
    /// Its name.
    pub name: &'c str,
    /// Its state.
    pub state: State,
    /// Its labels.
    pub labels: &'c BTreeMap<String, String>,
    /// How much it has of what [`Selection::order`] is about; 0 by name.
    pub rank: f64,
    /// What is picked.
    pub item: T,
}

impl Selection {
    /// Takes one condition, as a query has it: a key and a value.
    ///
    /// # Errors
    /// If it is none.
    pub fn take(&mut self, key: &str, value: &str) -> Result<(), Failure> {
        match key {
            "state" => self.states.push(state(value)?),
            "label" if self.labels.len() < LABELS_MAX => self.labels.push(label(value)),
            "label" => return Err(bad(format!("label: at most {LABELS_MAX} are compared"))),
            "name" => self.name = Some(pattern(value)?),
            "order" => self.order = order(value)?,
            "after" => self.after = Some(value.to_owned()),
            "skip" => self.skip = skip(value)?,
            "limit" => self.limit = Some(limit(value)?),
            _ => return Err(bad(format!("{key}: no such condition"))),
        }
        if self.after.is_some() && self.order != Order::Name {
            return Err(bad("after: only in the order of names is there a next page".to_owned()));
        }
        Ok(())
    }

    /// The conditions as a query has them.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs: Vec<(&'static str, String)> = Vec::new();
        pairs.extend(self.states.iter().map(|state| ("state", state.to_string())));
        pairs.extend(self.labels.iter().map(|(key, value)| match value {
            Some(value) => ("label", format!("{key}={value}")),
            None => ("label", key.clone()),
        }));
        pairs.extend(self.name.as_ref().map(|name| ("name", name.as_str().to_owned())));
        let order = Order::WORDS.iter().find(|(_, order)| *order == self.order);
        pairs.extend(order.map(|(word, _)| ("order", (*word).to_owned())));
        pairs.extend(self.after.as_ref().map(|after| ("after", after.clone())));
        pairs.extend((self.skip > 0).then(|| ("skip", self.skip.to_string())));
        pairs.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        pairs
    }

    /// Services in the answer, at most.
    pub fn limit(&self) -> usize {
        self.limit.unwrap_or(PAGE_USUAL).min(PAGE_MAX)
    }

    /// Whether a service is asked for, on whatever page.
    pub fn wants<T>(&self, candidate: &Candidate<'_, T>) -> bool {
        let is_state = self.states.is_empty() || self.states.contains(&candidate.state);
        let has = |(key, wanted): &(String, Option<String>)| match candidate.labels.get(key) {
            Some(value) => wanted.as_ref().is_none_or(|wanted| wanted == value),
            None => false,
        };
        let is_name = || self.name.as_ref().is_none_or(|name| name.matches(candidate.name));
        is_state && self.labels.iter().all(has) && is_name()
    }

    /// Those of the page, in order, in one look at each candidate; memory is taken for the page and
    /// what it passes over.
    pub fn pick<'c, T>(&self, candidates: impl Iterator<Item = Candidate<'c, T>>) -> Picked<T> {
        let limit = self.skip.saturating_add(self.limit());
        let mut page: BinaryHeap<Place<'c, T>> = BinaryHeap::new();
        let (mut total, mut is_more) = (0, false);
        for candidate in candidates.filter(|candidate| self.wants(candidate)) {
            total += 1;
            if self.after.as_deref().is_some_and(|after| candidate.name <= after) {
                continue;
            }
            let Candidate { name, rank, item, .. } = candidate;
            page.push(Place { key: (Reverse(Rank(rank)), name), item });
            if page.len() > limit {
                page.pop();
                is_more = true;
            }
        }
        let page = page.into_sorted_vec();
        let last = page.last().map(|place| place.key.1.to_owned());
        let next = last.filter(|_| is_more && self.order == Order::Name);
        let items = page.into_iter().skip(self.skip).map(|place| place.item).collect();
        Picked { items, total, next }
    }
}

/// A number that can be sorted.
#[derive(Clone, Copy, Debug)]
struct Rank(f64);

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rank {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Rank {}

/// A place on a page: whoever has most comes first, and of equals the first name.
struct Place<'c, T> {
    key: (Reverse<Rank>, &'c str),
    item: T,
}

impl<T> Ord for Place<'_, T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl<T> PartialOrd for Place<'_, T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Place<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Place<'_, T> {}

fn bad(detail: String) -> Failure {
    Failure::new(Code::BadRequest, detail)
}

fn state(value: &str) -> Result<State, Failure> {
    let found = State::ALL.into_iter().find(|state| state.word() == value);
    found.ok_or_else(|| {
        let words = State::ALL.map(State::word).join(", ");
        bad(format!("state: one of {words} is expected"))
    })
}

fn label(value: &str) -> (String, Option<String>) {
    match value.split_once('=') {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (value.to_owned(), None),
    }
}

fn pattern(value: &str) -> Result<Pattern, Failure> {
    if value.len() > PATTERN_BYTES_MAX {
        return Err(bad(format!("name: at most {PATTERN_BYTES_MAX} bytes are compared")));
    }
    Pattern::new(value).map_err(|error| bad(format!("name: {error}")))
}

fn order(value: &str) -> Result<Order, Failure> {
    let found = Order::WORDS.iter().find(|(word, _)| *word == value);
    found.map(|(_, order)| *order).ok_or_else(|| {
        let words = Order::WORDS.map(|(word, _)| word).join(", ");
        bad(format!("order: one of {words} is expected"))
    })
}

fn skip(value: &str) -> Result<usize, Failure> {
    value.parse().map_err(|_| bad("skip: a number is expected".to_owned()))
}

fn limit(value: &str) -> Result<usize, Failure> {
    let limit = value.parse().ok().filter(|limit| (1..=PAGE_MAX).contains(limit));
    limit.ok_or_else(|| bad(format!("limit: a number from 1 to {PAGE_MAX} is expected")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(conditions: &[(&str, &str)]) -> Selection {
        let mut selection = Selection::default();
        for (key, value) in conditions {
            selection.take(key, value).expect("a condition");
        }
        selection
    }

    /// Ten services: s0 to s9, those of odd numbers resting, with their number as rank.
    fn picked(conditions: &[(&str, &str)]) -> Picked<usize> {
        let names: Vec<String> = (0..10).map(|number| format!("s{number}")).collect();
        let labels: Vec<BTreeMap<String, String>> =
            (0..10).map(|number| [("half".to_owned(), (number / 5).to_string())].into()).collect();
        let selection = selection(conditions);
        let candidates = (0..10).rev().map(|number| Candidate {
            name: &names[number],
            state: if number % 2 == 1 { State::Resting } else { State::Serving },
            labels: &labels[number],
            rank: if selection.order == Order::Name { 0.0 } else { number as f64 },
            item: number,
        });
        selection.pick(candidates)
    }

    #[test]
    fn pages_go_on_where_the_one_before_ended() {
        let first = picked(&[("limit", "4")]);
        assert_eq!((first.items, first.total), (vec![0, 1, 2, 3], 10));
        assert_eq!(first.next.as_deref(), Some("s3"));
        let last = picked(&[("limit", "4"), ("after", "s7")]);
        assert_eq!((last.items, last.total, last.next), (vec![8, 9], 10, None));
        let exact = picked(&[("limit", "2"), ("after", "s7")]);
        assert_eq!((exact.items, exact.next), (vec![8, 9], None));
    }

    #[test]
    fn conditions_hold_together() {
        let found = picked(&[("state", "resting"), ("label", "half=1"), ("name", "s[5-8]")]);
        assert_eq!((found.items, found.total), (vec![5, 7], 2));
        assert_eq!(picked(&[("label", "half")]).total, 10);
        assert_eq!(picked(&[("label", "other")]).total, 0);
        assert_eq!(picked(&[("state", "resting"), ("state", "serving")]).total, 10);
    }

    #[test]
    fn the_most_come_first() {
        let found = picked(&[("order", "memory"), ("limit", "3")]);
        assert_eq!((found.items, found.next), (vec![9, 8, 7], None));
    }

    #[test]
    fn some_may_be_passed_over_in_any_order() {
        let third = picked(&[("order", "memory"), ("skip", "6"), ("limit", "3")]);
        assert_eq!((third.items, third.total), (vec![3, 2, 1], 10));
        let second = picked(&[("skip", "8"), ("limit", "3")]);
        assert_eq!((second.items, second.next), (vec![8, 9], None));
        let beyond = picked(&[("skip", &usize::MAX.to_string())]);
        assert_eq!((beyond.items, beyond.total), (vec![], 10));
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for (key, value) in [
            ("state", "asleep"),
            ("limit", "0"),
            ("limit", "1001"),
            ("limit", "-1"),
            ("skip", "-1"),
            ("order", "size"),
            ("name", "***"),
            ("colour", "red"),
        ] {
            assert!(Selection::default().take(key, value).is_err(), "{key}={value}");
        }
        let long = "*a".repeat(200);
        assert!(Selection::default().take("name", &long).is_err());
        let mut both = selection(&[("order", "calls")]);
        assert!(both.take("after", "s1").is_err());
    }

    #[test]
    fn a_selection_survives_its_query() {
        let conditions =
            [("state", "failed"), ("label", "a=b"), ("label", "c"), ("name", "x*"), ("skip", "3")];
        let selection = selection(&conditions);
        let mut again = Selection::default();
        for (key, value) in selection.pairs() {
            again.take(key, &value).expect("a condition");
        }
        assert_eq!(again, selection);
    }
}
