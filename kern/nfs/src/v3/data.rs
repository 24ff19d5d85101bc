//! READLINK, READ, WRITE, COMMIT.

use super::types::{
    CommitArguments, Committed, FileArguments, PostAttributes, ReadArguments, ReadHead, Stable,
    Target, WriteArguments, Wrote,
};
use crate::ops::{Request, Stored};
use abi::{Errno, Result};
use bytes::Bytes;
use vfs::{ReadData, Stability};
use xdr::{Opaque, Writer, Xdr};

/// RFC 1813 §3.3.5.
pub(super) async fn read_link(
    request: &Request<'_>,
    arguments: FileArguments<'_>,
    result: &mut Writer,
) {
    let seen = request.read_link(arguments.file.0).await;
    let reply =
        request.seen(&seen, |attributes, target| Target { attributes, target: Opaque(target) });
    reply.encode(result);
}

/// RFC 1813 §3.3.6. The data stays where the cache keeps it.
pub(super) async fn read(request: &Request<'_>, arguments: ReadArguments<'_>, result: &mut Writer) {
    let seen = request.read(arguments.file.0, arguments.offset_bytes, arguments.count_bytes).await;
    request.seen(&seen, read_head).encode(result);
    if let Ok(data) = seen.result {
        result.splice(data.pieces);
    }
}

/// RFC 1813 §3.3.7.
pub(super) async fn write(
    request: &Request<'_>,
    arguments: WriteArguments<'_>,
    result: &mut Writer,
) {
    let changed = request
        .write(
            arguments.file.0,
            arguments.offset_bytes,
            agreed_data(&arguments).map(|data| request.call.share(data)),
            arguments.stable.into(),
        )
        .await;
    let wrote = |file, stored: &Stored| Wrote {
        file,
        count_bytes: stored.written.count_bytes,
        committed: stored.written.stability.into(),
        verifier: stored.verifier,
    };
    request.changed(&changed, wrote).encode(result);
}

/// RFC 1813 §3.3.21.
pub(super) async fn commit(
    request: &Request<'_>,
    arguments: CommitArguments<'_>,
    result: &mut Writer,
) {
    let length_bytes = u64::from(arguments.count_bytes);
    let changed = request.commit(arguments.file.0, arguments.offset_bytes, length_bytes).await;
    let committed = |file, verifier: &u64| Committed { file, verifier: *verifier };
    request.changed(&changed, committed).encode(result);
}

fn read_head(attributes: PostAttributes, data: &ReadData) -> ReadHead {
    let count_bytes = data.pieces.iter().map(Bytes::len).sum::<usize>() as u32;
    ReadHead { attributes, count_bytes, end_of_file: data.end_of_file }
}

/// The data, if the two lengths that a WRITE carries agree.
fn agreed_data<'a>(arguments: &WriteArguments<'a>) -> Result<&'a [u8]> {
    let data = arguments.data.0;
    let agree = data.len() == arguments.count_bytes as usize;
    agree.then_some(data).ok_or(Errno::Invalid)
}

impl From<Stable> for Stability {
    fn from(stable: Stable) -> Self {
        match stable {
            Stable::Unstable => Self::Unstable,
            Stable::Data => Self::Data,
            Stable::File => Self::File,
        }
    }
}

impl From<Stability> for Stable {
    fn from(stability: Stability) -> Self {
        match stability {
            Stability::Unstable => Self::Unstable,
            Stability::Data => Self::Data,
            Stability::File => Self::File,
        }
    }
}
