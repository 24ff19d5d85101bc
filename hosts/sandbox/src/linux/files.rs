//! Landlock: which files, ports and processes are within reach.
//!
//! The rights are those of ABI 7, which is what this has been tested with; an older kernel knows
//! fewer of them. Not among them, and so not held back: chmod(2) and its like by path, which the filter
//! of calls refuses; UDP; and connecting to unix sockets that have a path.

use super::failed;
use crate::{Confinement, Error, Rules, TcpPorts};
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, NetPort, PathBeneath, PathFd,
    RestrictionStatus, Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError,
    RulesetStatus, Scope, make_bitflags,
};
use std::path::{Path, PathBuf};

const TESTED: ABI = ABI::V7;

/// What C libraries read at any time: how much memory may be promised says whether to give some back.
const READ_BY_LIBRARIES: &str = "/proc/sys/vm/overcommit_memory";

/// Lets the process reach what the rules name, and nothing else.
pub fn restrict(rules: &Rules, confinement: &mut Confinement) -> Result<(), Error> {
    let ruleset = create(rules).map_err(|error| failed("Landlock")(&error))?;
    let ruleset = add_files(ruleset, rules, confinement)?;
    let status = ruleset.restrict_self().map_err(|error| failed("Landlock")(&error))?;
    tell(&status, confinement);
    Ok(())
}

/// A set of rules that allows nothing yet.
fn create(rules: &Rules) -> Result<RulesetCreated, RulesetError> {
    let scope = match rules.abstract_peers {
        true => BitFlags::from(Scope::Signal),
        false => Scope::from_all(TESTED),
    };
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(TESTED))?
        .handle_access(AccessNet::ConnectTcp)?
        .scope(scope)?;
    if let TcpPorts::Only(_) = rules.tcp_ports {
        ruleset = ruleset.handle_access(AccessNet::BindTcp)?;
    }
    let mut created = ruleset.create()?;
    if let TcpPorts::Only(ports) = &rules.tcp_ports {
        for &port in ports {
            created = created.add_rule(NetPort::new(port, AccessNet::BindTcp))?;
        }
    }
    Ok(created)
}

fn add_files(
    mut ruleset: RulesetCreated,
    rules: &Rules,
    confinement: &mut Confinement,
) -> Result<RulesetCreated, Error> {
    let reading = make_bitflags!(AccessFs::{ReadFile | ReadDir});
    let changing = make_bitflags!(AccessFs::{
        WriteFile | MakeReg | RemoveFile | Refer | Truncate | IoctlDev
    });
    let making = make_bitflags!(AccessFs::{MakeSock | RemoveFile});
    let libraries = Some(PathBuf::from(READ_BY_LIBRARIES)).filter(|path| path.exists());
    let reaches = [
        (&rules.read_write[..], reading | changing),
        (&rules.read_only[..], reading),
        (&rules.sockets[..], making),
        (libraries.as_slice(), reading),
    ];
    for (paths, access) in reaches {
        for path in paths {
            match rule(path, access) {
                Ok(rule) => {
                    let added = ruleset.add_rule(rule);
                    ruleset = added.map_err(|error| failed(&path.display().to_string())(&error))?;
                }
                Err(why) => confinement.lacks.push(why),
            }
        }
    }
    Ok(ruleset)
}

/// A rule for what is at `path`. A file has fewer rights than a folder.
fn rule(path: &Path, access: BitFlags<AccessFs>) -> Result<PathBeneath<PathFd>, String> {
    let door = PathFd::new(path)
        .map_err(|error| format!("{}: stays out of reach: {error}", path.display()))?;
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(TESTED) };
    Ok(PathBeneath::new(door, access))
}

fn tell(status: &RestrictionStatus, confinement: &mut Confinement) {
    let abi = match status.landlock {
        LandlockStatus::Available { effective_abi, .. } => effective_abi as i32,
        LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => 0,
    };
    match status.ruleset {
        RulesetStatus::FullyEnforced => confinement.in_force.push("Landlock".to_owned()),
        RulesetStatus::PartiallyEnforced => {
            confinement.in_force.push(format!("Landlock of ABI {abi}"));
            confinement.lacks.push(format!(
                "the kernel's Landlock (ABI {abi}) holds back less than one of ABI {}: {}",
                TESTED as i32,
                missing(abi)
            ));
        }
        RulesetStatus::NotEnforced => confinement.lacks.push(
            "every file that this user may open can be reached: the kernel has no Landlock \
             (CONFIG_SECURITY_LANDLOCK, and landlock in its lsm= list)"
                .to_owned(),
        ),
    }
}

/// What came with later versions than this.
fn missing(abi: i32) -> String {
    let versions = [
        (2, "renames between folders"),
        (3, "truncation"),
        (4, "TCP ports"),
        (5, "ioctl on devices"),
        (6, "signals and abstract sockets"),
    ];
    let later = versions.iter().filter(|(version, _)| *version > abi);
    later.map(|(_, what)| *what).collect::<Vec<_>>().join(", ")
}
