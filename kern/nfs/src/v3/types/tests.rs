//! Decoding undoes encoding, for every type: what decodes from noise must encode to as many
//! bytes, and decode from them to the same value. The noise is of words that are likely to mean
//! something, and every type must have been met.

use super::*;
use alloc::vec::Vec;
use core::cell::RefCell;
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::prop_oneof;
use proptest::test_runner::{Config, TestRunner};

/// Whether a value decodes from the noise; if so, it has been there and back.
type Check = fn(&[u8]) -> bool;

macro_rules! checks {
    ($($type:ty),* $(,)?) => {
        [$((stringify!($type), (|noise| {
            let mut reader = Reader::new(noise);
            let Ok(value) = <$type>::decode(&mut reader) else { return false };
            let encoded = encoded(&value);
            assert_eq!(encoded.len(), noise.len() - reader.rest().len());
            let mut reader = Reader::new(&encoded);
            assert_eq!(<$type>::decode(&mut reader).as_ref(), Ok(&value));
            assert!(reader.rest().is_empty());
            true
        }) as Check)),*]
    };
}

const CHECKS: [(&str, Check); 53] = checks![
    FileType,
    Device,
    Time,
    FileAttributes,
    Before,
    Consistency,
    NewTime,
    NewAttributes,
    Where<'_>,
    Stable,
    FileArguments<'_>,
    SetAttributesArguments<'_>,
    AccessArguments<'_>,
    ReadArguments<'_>,
    WriteArguments<'_>,
    CommitArguments<'_>,
    NewFileHow,
    CreateArguments<'_>,
    MakeDirectoryArguments<'_>,
    MakeLinkArguments<'_>,
    NewDevice,
    NewNode,
    MakeNodeArguments<'_>,
    RenameArguments<'_>,
    LinkArguments<'_>,
    ReadDirectoryArguments<'_>,
    ReadDirectoryPlusArguments<'_>,
    Status,
    Found<'_>,
    Granted,
    Target<'_>,
    ReadHead,
    Wrote,
    Committed,
    Made<'_>,
    Moved,
    LinkMade,
    ListingHead,
    ListedName<'_>,
    ListedFile<'_>,
    FileSystemUsage,
    FileSystemInformation,
    PathLimits,
    Reply<FileAttributes, ()>,
    Reply<Consistency, Consistency>,
    Reply<Found<'_>, PostAttributes>,
    Reply<Granted, PostAttributes>,
    Reply<Wrote, Consistency>,
    Reply<Made<'_>, Consistency>,
    Reply<Moved, Moved>,
    Reply<LinkMade, LinkMade>,
    Reply<ListingHead, PostAttributes>,
    Reply<FileSystemInformation, PostAttributes>,
];

fn encoded<'a>(value: &impl Xdr<'a>) -> Vec<u8> {
    let mut writer = Writer::default();
    value.encode(&mut writer);
    writer.into_pieces().concat()
}

fn noise() -> impl Strategy<Value = Vec<u8>> {
    let word = prop_oneof![4 => 0..2_u32, 2 => 1..8_u32, 1 => any::<u32>()];
    let bytes = |words: Vec<u32>| words.into_iter().flat_map(u32::to_be_bytes).collect();
    vec(word, 0..128).prop_map(bytes)
}

#[test]
fn decoding_undoes_encoding() {
    let met = RefCell::new([0; CHECKS.len()]);
    let mut runner = TestRunner::new(Config { cases: 8192, ..Config::default() });
    let run = runner.run(&noise(), |noise| {
        for (met, (_, check)) in met.borrow_mut().iter_mut().zip(CHECKS) {
            *met += usize::from(check(&noise));
        }
        Ok(())
    });
    run.unwrap();
    for (count, (name, _)) in met.into_inner().into_iter().zip(CHECKS) {
        assert!(count >= 10, "{name} was met {count} times");
    }
}

#[test]
fn times_are_checked() {
    let time = |nanoseconds| Time { seconds: u32::MAX, nanoseconds }.timestamp();
    let last = Timestamp { seconds: 0xffff_ffff, nanoseconds: 999_999_999 };
    assert_eq!(time(999_999_999), Ok(last));
    assert_eq!(time(1_000_000_000), Err(Errno::Invalid));
    assert_eq!(Time::from(last), Time { seconds: u32::MAX, nanoseconds: 999_999_999 });
    let before_1970 = Timestamp { seconds: -1, nanoseconds: 0 };
    assert_eq!(Time::from(before_1970).seconds, u32::MAX);
}
