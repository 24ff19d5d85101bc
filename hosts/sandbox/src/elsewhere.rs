//! Systems whose means we do not use: pledge(2), Capsicum and sandbox_init(3) ask for a program of
//! another shape.

use super::{Confinement, Error, Rules};

/// Says that nothing is in force.
pub fn enter(_: &Rules) -> Result<Confinement, Error> {
    let why = "this system has neither Landlock nor seccomp: run the server as a user of its own";
    Ok(Confinement { lacks: vec![why.to_owned()], ..Confinement::default() })
}

/// There are no rings.
pub fn seal() -> Result<(), Error> {
    Ok(())
}
