//! FSSTAT, FSINFO, PATHCONF: the file system's own answers.

use super::types::{
    FileArguments, FileSystemInformation, FileSystemUsage, PathLimits, PostAttributes, Time,
};
use crate::ops::Request;
use vfs::{Limits, Usage};
use xdr::{Writer, Xdr};

/// FSF3_LINK.
const HARD_LINKS: u32 = 0x01;
/// FSF3_SYMLINK.
const SYMBOLIC_LINKS: u32 = 0x02;
/// FSF3_HOMOGENEOUS: PATHCONF says the same of every file.
const HOMOGENEOUS: u32 = 0x08;
/// FSF3_CANSETTIME: SETATTR sets times.
const CAN_SET_TIMES: u32 = 0x10;

/// RFC 1813 §3.3.18.
pub(super) async fn usage(
    request: &Request<'_>,
    arguments: FileArguments<'_>,
    result: &mut Writer,
) {
    let seen = request.usage(arguments.file.0).await;
    let reply = request.seen(&seen, |attributes, usage: &Usage| FileSystemUsage {
        attributes,
        total_bytes: usage.total_bytes,
        free_bytes: usage.free_bytes,
        available_bytes: usage.available_bytes,
        total_files: usage.total_files,
        free_files: usage.free_files,
        available_files: usage.free_files,
        unchanged_seconds: 0,
    });
    reply.encode(result);
}

/// RFC 1813 §3.3.19.
pub(super) async fn file_system_information(
    request: &Request<'_>,
    arguments: FileArguments<'_>,
    result: &mut Writer,
) {
    let seen = request.limits(arguments.file.0).await;
    let reply = request.seen(&seen, |attributes, limits| information(request, attributes, limits));
    reply.encode(result);
}

/// RFC 1813 §3.3.20.
pub(super) async fn path_limits(
    request: &Request<'_>,
    arguments: FileArguments<'_>,
    result: &mut Writer,
) {
    let seen = request.limits(arguments.file.0).await;
    let reply = request.seen(&seen, |attributes, limits: &Limits| PathLimits {
        attributes,
        links_max: limits.links_max,
        name_bytes_max: limits.name_bytes_max,
        refuses_long_names: true,
        restricts_chown: true,
        ignores_case: false,
        preserves_case: true,
    });
    reply.encode(result);
}

fn information(
    request: &Request<'_>,
    attributes: PostAttributes,
    limits: &Limits,
) -> FileSystemInformation {
    let transfer = request.transfer_bytes_max();
    let multiple = limits.block_bytes.min(transfer);
    FileSystemInformation {
        attributes,
        read_bytes_max: transfer,
        read_bytes_best: transfer,
        read_bytes_multiple: multiple,
        write_bytes_max: transfer,
        write_bytes_best: transfer,
        write_bytes_multiple: multiple,
        listing_bytes_best: request.listing_bytes_max(),
        file_bytes_max: limits.file_bytes_max,
        time_step: time_step(limits.time_step_nanoseconds),
        properties: properties(limits),
    }
}

fn time_step(nanoseconds: u32) -> Time {
    Time { seconds: nanoseconds / 1_000_000_000, nanoseconds: nanoseconds % 1_000_000_000 }
}

fn properties(limits: &Limits) -> u32 {
    let links = if limits.hard_links { HARD_LINKS } else { 0 };
    let symbolic_links = if limits.symbolic_links { SYMBOLIC_LINKS } else { 0 };
    links | symbolic_links | HOMOGENEOUS | CAN_SET_TIMES
}
