//! Fleet files.
//!
//! What is wrong is told within bounds and within the file; what is right is a plan that changes nothing
//! in itself, whose services a supervisor starts and ends.

use abi::Instant;
use fleet::{Command, Entry, FAULTS_MAX, News, Plan, SERVICES_MAX, Supervisor, Surroundings};
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// Services of a plan that is also played.
const PLAYED_MAX: usize = 1000;

/// Reads the input as a fleet file.
pub fn fleet_file(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    match fleet::read(&text, "fleet.toml", &Machine) {
        Ok(plan) => check(plan),
        Err(faults) => {
            assert!((1..=FAULTS_MAX).contains(&faults.len()));
            let lines = text.matches('\n').count() + 1;
            for fault in &faults {
                assert!((1..=lines).contains(&fault.line) && fault.column > 0);
                assert!(!fault.to_string().chars().any(char::is_control), "{fault}");
            }
        }
    }
}

/// A machine on which every directory has two images and a directory.
struct Machine;

impl Surroundings for Machine {
    fn list(&self, directory: &Path) -> io::Result<Vec<Entry>> {
        if directory.components().count() > 4 {
            return Err(io::ErrorKind::NotFound.into());
        }
        let entry = |name: &str| Entry { name: name.into(), is_directory: name == "d" };
        Ok(["a.img", "b.img", "d"].map(entry).to_vec())
    }
}

fn check(plan: Plan) {
    assert!(plan.services.len() <= SERVICES_MAX);
    let names: BTreeSet<&str> = plan.services.iter().map(|service| &*service.name).collect();
    assert_eq!(names.len(), plan.services.len(), "two services have one name");
    assert_eq!(fleet::changes(&plan, &plan), Ok(Vec::new()));
    if plan.services.len() <= PLAYED_MAX {
        play(plan);
    }
}

fn play(plan: Plan) {
    let wanted = plan.services.iter().filter(|service| service.start).count();
    let mut supervisor = Supervisor::new(1, 1);
    supervisor.apply(plan).expect("a first plan changes nothing that runs");
    while let Some(command) = supervisor.next_command() {
        let Command::Start(id, _) = command else { panic!("nothing but starts") };
        supervisor.report(id, News::Serving, Instant(0));
    }
    assert_eq!(supervisor.overview().serving, wanted, "services of one plan wait for each other");
    supervisor.end();
    while let Some(command) = supervisor.next_command() {
        let Command::Stop(id) = command else { panic!("nothing but stops") };
        supervisor.report(id, News::Stopped, Instant(0));
    }
    assert!(supervisor.is_over());
}
