//! Filters of system calls, for every thread.

use super::calls::{self, Demand, Guarded};
use super::failed;
use crate::Error;
use libc::c_long;
use rustix::process::getpid;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter_all_threads,
};
use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::io;

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;

/// What a refused call answers. The process is not killed: a C library that tries something new gets on
/// without it, and ten thousand services do not end for that; whoever broke in learns no more than
/// that it does not work.
const REFUSED: SeccompAction = SeccompAction::Errno(libc::EPERM as u32);

/// Filters that leave what the table lists.
///
/// # Errors
/// If the machine has no filters, in words.
pub fn of_server() -> Result<[BpfProgram; 2], String> {
    let mut rules: Rules = calls::free().map(|call| (call, Vec::new())).collect();
    for Guarded { call, demand } in calls::guarded(getpid().as_raw_nonzero().get() as u64) {
        rules.insert(call, alternatives(&demand)?);
    }
    // Its flags are in memory, where no filter looks: C libraries take clone(2) instead if it does
    // not exist.
    rules.insert(libc::SYS_clone3, Vec::new());
    let absent = SeccompAction::Errno(libc::ENOSYS as u32);
    Ok([
        compile(rules, REFUSED, SeccompAction::Allow)?,
        compile(only(libc::SYS_clone3), SeccompAction::Allow, absent)?,
    ])
}

/// A filter that takes the making of rings away.
///
/// # Errors
/// As of [`of_server`].
pub fn without_rings() -> Result<[BpfProgram; 1], String> {
    Ok([compile(only(libc::SYS_io_uring_setup), SeccompAction::Allow, REFUSED)?])
}

fn only(call: c_long) -> Rules {
    BTreeMap::from([(call, Vec::new())])
}

fn alternatives(demand: &Demand) -> Result<Vec<SeccompRule>, String> {
    let rule = |&value: &u64| {
        let condition = SeccompCondition::new(
            demand.argument,
            SeccompCmpArgLen::Dword,
            SeccompCmpOp::MaskedEq(demand.mask),
            value,
        )?;
        SeccompRule::new(vec![condition])
    };
    demand.allowed.iter().map(rule).collect::<Result<_, _>>().map_err(|error| error.to_string())
}

fn compile(
    rules: Rules,
    otherwise: SeccompAction,
    action: SeccompAction,
) -> Result<BpfProgram, String> {
    let machine: TargetArch =
        ARCH.try_into().map_err(|_| format!("there is no filter for a machine of kind {ARCH}"))?;
    let filter = SeccompFilter::new(rules, otherwise, action, machine);
    filter.and_then(TryInto::try_into).map_err(|error| error.to_string())
}

/// Puts filters before every thread. Says what the kernel lacks for that, if it lacks it.
///
/// # Errors
/// If the kernel has filters, and refuses these.
pub fn apply(filters: &[BpfProgram]) -> Result<Option<String>, Error> {
    let applied = filters.iter().try_for_each(|filter| apply_filter_all_threads(filter));
    match applied {
        Ok(()) => Ok(None),
        Err(seccompiler::Error::Seccomp(error)) if is_unknown(&error) => {
            Ok(Some("the kernel has no filters (CONFIG_SECCOMP_FILTER)".to_owned()))
        }
        Err(error) => Err(failed("the filter of system calls (seccomp)")(&error)),
    }
}

/// What kernels without filters answer.
fn is_unknown(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EINVAL))
}
