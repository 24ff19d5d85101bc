//! The rules, one table at a time.

use super::*;
use crate::testing::file_of;
use abi::Timestamp;

const OWNER: Credentials = Credentials::new(10, 20);
const OTHER: Credentials = Credentials::new(11, 21);

fn regular(mode: u32) -> Attributes {
    file_of(FileType::Regular, mode, 10, 20)
}

fn ask(mode: u32, who: &Credentials, change: SetAttributes) -> Result<SetAttributes> {
    attribute_change(&regular(mode), who, &change)
}

fn chmod(mode: u32) -> SetAttributes {
    SetAttributes { mode: Some(mode), ..Default::default() }
}

fn chown(uid: Option<u32>, gid: Option<u32>) -> SetAttributes {
    SetAttributes { uid, gid, ..Default::default() }
}

fn resize(size_bytes: u64) -> SetAttributes {
    SetAttributes { size_bytes: Some(size_bytes), ..Default::default() }
}

#[test]
fn only_the_owner_changes_the_mode() {
    assert_eq!(ask(0o777, &OTHER, chmod(0o600)), Err(Errno::NotPermitted));
    assert_eq!(ask(0, &OWNER, chmod(0o17_600)), Ok(chmod(0o7600)));
    assert_eq!(ask(0, &Credentials::ROOT, chmod(0o600)), Ok(chmod(0o600)));
}

#[test]
fn set_group_id_is_only_for_members() {
    let stranger = Credentials::new(10, 99);
    assert_eq!(ask(0, &stranger, chmod(0o6755)), Ok(chmod(0o4755)));
    assert_eq!(ask(0, &OWNER, chmod(0o6755)), Ok(chmod(0o6755)));
}

#[test]
fn owners_give_files_to_their_groups_and_nobody_else() {
    let member = OWNER.with_groups(&[30]).unwrap();
    let refused = Err(Errno::NotPermitted);
    assert_eq!(ask(0, &OWNER, chown(Some(11), None)), refused);
    assert_eq!(ask(0, &OTHER, chown(Some(10), None)), refused);
    assert_eq!(ask(0, &OWNER, chown(None, Some(30))), refused);
    assert_eq!(ask(0, &OTHER, chown(None, Some(21))), refused);
    assert_eq!(ask(0, &member, chown(Some(10), Some(30))), Ok(chown(Some(10), Some(30))));
    assert!(ask(0, &Credentials::ROOT, chown(Some(1), Some(2))).is_ok());
}

#[test]
fn set_id_bits_go_with_the_group_and_the_contents() {
    let cleared = |change| SetAttributes { mode: Some(0o755), ..change };
    let group = chown(None, Some(20));
    assert_eq!(ask(0o6755, &OWNER, group), Ok(cleared(group)));
    assert_eq!(ask(0o6755, &OWNER, resize(0)), Ok(cleared(resize(0))));
    assert_eq!(ask(0o6755, &Credentials::ROOT, group), Ok(group));
    assert_eq!(ask(0o755, &OWNER, group), Ok(group));
    let both = SetAttributes { mode: Some(0o4755), ..group };
    assert_eq!(ask(0o755, &OWNER, both), Ok(both));
}

#[test]
fn sizes_and_the_present_time_are_for_writers() {
    let touch = SetAttributes {
        accessed: SetTime::Now,
        modified: SetTime::Now,
        ..SetAttributes::default()
    };
    for change in [touch, resize(5)] {
        assert_eq!(ask(0o444, &OTHER, change), Err(Errno::AccessDenied));
        assert_eq!(ask(0o446, &OTHER, change), Ok(change));
        assert_eq!(ask(0o444, &OWNER, change), Ok(change));
    }
    let given = SetAttributes { accessed: SetTime::To(Timestamp::default()), ..touch };
    assert_eq!(ask(0o666, &OTHER, given), Err(Errno::NotPermitted));
    assert_eq!(ask(0o444, &OWNER, given), Ok(given));
}

#[test]
fn only_regular_files_have_a_size_to_set() {
    let directory = file_of(FileType::Directory, 0o777, 10, 20);
    let fifo = file_of(FileType::Fifo, 0o777, 10, 20);
    assert_eq!(attribute_change(&directory, &OWNER, &resize(0)), Err(Errno::IsDirectory));
    assert_eq!(attribute_change(&fifo, &OWNER, &resize(0)), Err(Errno::Invalid));
}

#[test]
fn reading_is_for_readers_executors_and_the_owner() {
    assert_eq!(read(&regular(0), &OWNER), Ok(()));
    assert_eq!(read(&regular(0o774), &OTHER), Ok(()));
    assert_eq!(read(&regular(0o771), &OTHER), Ok(()));
    assert_eq!(read(&regular(0o772), &OTHER), Err(Errno::AccessDenied));
}

#[test]
fn a_sticky_directory_protects_names() {
    let directory = file_of(FileType::Directory, 0o1777, 1, 1);
    assert_eq!(unstick(&directory, &regular(0o666), &OTHER), Err(Errno::NotPermitted));
    assert_eq!(unstick(&directory, &regular(0o666), &OWNER), Ok(()));
    assert_eq!(unstick(&directory, &regular(0o666), &Credentials::new(1, 9)), Ok(()));
    assert_eq!(unstick(&directory, &regular(0o666), &Credentials::ROOT), Ok(()));
}

fn make(directory_mode: u32, who: &Credentials, kind: NewKind<'static>) -> NewFile<'static> {
    let directory = file_of(FileType::Directory, directory_mode, 1, 77);
    let new = NewFile {
        kind,
        mode: 0o2755,
        uid: 5,
        gid: who.gid,
        accessed: SetTime::Keep,
        modified: SetTime::Keep,
    };
    new_file(&directory, who, &new).unwrap()
}

#[test]
fn new_files_belong_to_their_maker() {
    let file = make(0o777, &OWNER, NewKind::Regular);
    assert_eq!((file.uid, file.gid, file.mode), (10, 20, 0o2755));
    assert_eq!(make(0o777, &Credentials::ROOT, NewKind::Regular).uid, 5);
}

#[test]
fn a_set_group_id_directory_passes_its_group_on() {
    let file = make(0o2777, &OWNER, NewKind::Regular);
    assert_eq!((file.gid, file.mode), (77, 0o755));
    let directory = make(0o2777, &OWNER, NewKind::Directory);
    assert_eq!((directory.gid, directory.mode), (77, 0o2755));
}

#[test]
fn device_nodes_are_the_superusers() {
    let directory = file_of(FileType::Directory, 0o777, 10, 20);
    let kind = NewKind::BlockDevice(abi::DeviceNumber { major: 1, minor: 2 });
    let new = NewFile { kind, ..make(0o777, &OWNER, NewKind::Regular) };
    assert_eq!(new_file(&directory, &OWNER, &new), Err(Errno::NotPermitted));
    assert!(new_file(&directory, &Credentials::ROOT, &new).is_ok());
}
