//! Every chore of the project, one door: `cargo xtask CHORE`.

mod bench;
mod check;
mod fuzz;
mod release;
mod sim;
mod soak;
mod test;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A chore: its name, what it does, and the function that does it, given the repository's root
/// and the arguments behind the name.
struct Chore {
    name: &'static str,
    help: &'static str,
    run: fn(&Path, &[String]) -> Result<(), String>,
}

const CHORES: &[Chore] = &[
    Chore {
        name: "tidy",
        help: "keep the walls: edges, lints, format, the freestanding link",
        run: tidy::run,
    },
    Chore {
        name: "test",
        help: "install what the tests need, where it may, and run them all",
        run: test::run,
    },
    Chore { name: "check", help: "tidy, then test: what lands passes both", run: check::run },
    Chore {
        name: "bench",
        help: "measure beside nfs-ganesha and write SPECIFICATION.md's figures [--quick] [--only files|network] [--seconds N] [--repeats N]",
        run: bench::run,
    },
    Chore {
        name: "sim",
        help: "cut the power of simulated disks, thousands of times [--long | --cuts N] [--from N] [--seed N | --sequence N]",
        run: sim::run,
    },
    Chore {
        name: "fuzz",
        help: "build the fuzz targets and run them [TARGET] [--seconds N | --long]",
        run: fuzz::run,
    },
    Chore {
        name: "soak",
        help: "disorder in a fleet while clients work, for ten minutes or [--minutes N] [--seed N]",
        run: soak::run,
    },
    Chore {
        name: "release",
        help: "a Debian package and a tar archive of the program [--output DIR] [--program FILE]",
        run: release::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.first().map(String::as_str).unwrap_or_default();
    let Some(chore) = CHORES.iter().find(|chore| chore.name == name) else {
        eprintln!("usage: cargo xtask CHORE");
        CHORES.iter().for_each(|chore| eprintln!("  {:8} {}", chore.name, chore.help));
        return ExitCode::from(2);
    };
    match (chore.run)(&root(), &arguments[1..]) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask {name}: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The repository's root: the folder above this crate's.
fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}
