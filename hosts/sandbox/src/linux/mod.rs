//! Linux: capabilities, Landlock and seccomp.

mod calls;
mod files;
mod filter;
mod privileges;

use super::{Confinement, Error, Rules};
use std::fmt::Display;
use std::fs;

/// In this order: becoming somebody needs privileges, opening the folders of the rules may need those
/// that are kept, and the filter refuses what made everything before it.
pub fn enter(rules: &Rules) -> Result<Confinement, Error> {
    be_alone()?;
    let mut confinement = Confinement::default();
    privileges::give_up(rules, &mut confinement)?;
    files::restrict(rules, &mut confinement)?;
    match filter_calls()? {
        None => confinement.in_force.push(format!("{} system calls", calls::count())),
        Some(why) => confinement.lacks.push(format!("every system call can be made: {why}")),
    }
    Ok(confinement)
}

pub fn seal() -> Result<(), Error> {
    match filter::without_rings() {
        Ok(filters) => filter::apply(&filters).map(drop),
        // `enter` has said so.
        Err(_) => Ok(()),
    }
}

/// Leaves the calls of the table. Says why not, if this machine cannot do it.
fn filter_calls() -> Result<Option<String>, Error> {
    match filter::of_server() {
        Ok(filters) => filter::apply(&filters),
        Err(why) => Ok(Some(why)),
    }
}

/// Checks that no other thread would stay outside.
fn be_alone() -> Result<(), Error> {
    let threads = fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    match threads {
        0 | 1 => Ok(()),
        more => Err(Error(format!("{more} threads run already: only the first can be confined"))),
    }
}

/// An error of a step that has a name.
fn failed(what: &str) -> impl Fn(&dyn Display) -> Error + '_ {
    move |error| Error(format!("{what}: {error}"))
}
