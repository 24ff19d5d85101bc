//! Calls that are not what they should be (RFC 5531 §9).

use crate::calls;
use fastrand::Rng;
use nfs3_types::nfs3::nfs_fh3;
use suite::nfs::{Client, MOUNT, NFS};
use suite::rpc::{AUTH_BADCRED, AUTH_TOOWEAK, Answer, Connection, Credential, call, record};
use suite::server::{Backend, Server};

const PORTMAP: (u32, u32) = (100_000, 2);

fn memory() -> (Server, Client, nfs_fh3) {
    let server = Server::memory("64M", Backend::Uring);
    let (client, root) = Client::mount(server.address());
    (server, client, root)
}

#[test]
fn every_program_answers_null() {
    let (_server, mut client, _) = memory();
    for program in [PORTMAP, MOUNT, NFS] {
        assert_eq!(client.ask(program, 0, &[]), Answer::Success(vec![]), "{program:?}");
    }
}

#[test]
fn unknown_programs_versions_and_procedures() {
    let (_server, mut client, _) = memory();
    assert_eq!(client.ask((200_000, 1), 0, &[]), Answer::ProgramUnavailable);
    assert_eq!(client.ask(NFS, 22, &[]), Answer::ProcedureUnavailable);
    assert_eq!(client.ask(NFS, u32::MAX, &[]), Answer::ProcedureUnavailable);
    assert_eq!(client.ask(MOUNT, 6, &[]), Answer::ProcedureUnavailable);
    for version in [0, 5, u32::MAX] {
        let answer = client.ask((NFS.0, version), 0, &[]);
        let Answer::ProgramMismatch(low, high) = answer else { panic!("{answer:?}") };
        assert!((low..=high).contains(&3) && high <= 4, "versions {low} to {high}");
    }
}

#[test]
fn another_version_of_rpc() {
    let (_server, mut client, _) = memory();
    let mut message = client.message(NFS, 0, &[]);
    message[8..12].copy_from_slice(&3_u32.to_be_bytes());
    client.connection().send(&message);
    assert_eq!(Answer::parse(&client.connection().receive()).1, Answer::RpcMismatch(2, 2));
}

#[test]
fn credentials_that_do_not_suffice() {
    let (server, _, root) = memory();
    let (procedure, arguments) = calls::looking(&root, &root).swap_remove(0);
    let mut anonymous = Client::open_as(server.address(), Credential::None);
    let refused = anonymous.ask(NFS, procedure as u32, &arguments);
    assert_eq!(refused, Answer::AuthError(AUTH_TOOWEAK));
    assert_eq!(anonymous.ask(NFS, 0, &[]), Answer::Success(vec![]));
}

#[test]
fn credentials_that_cannot_be_decoded() {
    let (server, _, root) = memory();
    let (procedure, arguments) = calls::looking(&root, &root).swap_remove(0);
    let groups = (0..17).collect();
    let crowd = Credential::Sys { uid: 0, gid: 0, groups };
    let answer = Client::open_as(server.address(), crowd).ask(NFS, procedure as u32, &arguments);
    assert_eq!(answer, Answer::AuthError(AUTH_BADCRED), "17 groups");

    let groups: Vec<u32> = (0..16).collect();
    let full = Credential::Sys { uid: 0, gid: 0, groups };
    let answer = Client::open_as(server.address(), full).ask(NFS, procedure as u32, &arguments);
    assert!(matches!(answer, Answer::Success(_)), "16 groups: {answer:?}");
}

#[test]
fn flavours_nobody_knows() {
    let (mut server_and_client, flavours) = (memory(), [2, 3, 6, 390_003, u32::MAX]);
    let connection = server_and_client.1.connection();
    for flavour in flavours {
        let mut message = call(9, (NFS.0, NFS.1, 1), &Credential::None, &[]);
        message[24..28].copy_from_slice(&flavour.to_be_bytes());
        connection.send(&message);
        let (xid, answer) = Answer::parse(&connection.receive());
        assert!(xid == 9 && matches!(answer, Answer::AuthError(_)), "{flavour}: {answer:?}");
    }
}

/// Arguments cut off anywhere are garbage. Padding may be all that is missing, which is no less
/// so.
#[test]
fn arguments_cut_short() {
    let (_server, mut client, root) = memory();
    let file = client.put(&root, b"file", b"contents").expect("a file");
    let looking = calls::looking(&root, &file).into_iter();
    for (procedure, arguments) in looking.chain(calls::changing(&root, &file)) {
        for length in (0..arguments.len()).step_by(4) {
            let answer = client.ask(NFS, procedure as u32, &arguments[..length]);
            assert_eq!(answer, Answer::GarbageArguments, "{procedure} cut at {length}");
        }
    }
    assert_eq!(client.read_all(&file, 100), Ok(b"contents".to_vec()), "nothing was done");
}

/// Lengths that promise more than there is.
#[test]
fn arguments_with_absurd_lengths() {
    let (_server, mut client, root) = memory();
    for (procedure, mut arguments) in calls::changing(&root, &root) {
        for length in [65, 0x7fff_ffff, u32::MAX] {
            arguments[..4].copy_from_slice(&length.to_be_bytes());
            let answer = client.ask(NFS, procedure as u32, &arguments);
            assert_eq!(answer, Answer::GarbageArguments, "{procedure}, handle of {length}");
        }
    }
}

#[test]
fn noise_as_arguments() {
    let (_server, mut client, root) = memory();
    let mut rng = Rng::with_seed(1);
    let templates: Vec<_> = [calls::looking(&root, &root), calls::changing(&root, &root)].concat();
    for _ in 0..3000 {
        let (procedure, arguments) = &templates[rng.usize(..templates.len())];
        let mut arguments = arguments.clone();
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(..arguments.len());
            arguments[at] = rng.u8(..);
        }
        client.ask(NFS, *procedure as u32, &arguments);
    }
    client.attributes(&root).expect("the server is well");
}

#[test]
fn noise_as_records() {
    let (server, mut client, root) = memory();
    let mut rng = Rng::with_seed(2);
    for _ in 0..500 {
        let mut message = call(1, (NFS.0, NFS.1, 1), &Credential::ROOT, &[0; 40]);
        for _ in 0..rng.usize(1..8) {
            let at = rng.usize(..message.len());
            message[at] = rng.u8(..);
        }
        message.truncate(rng.usize(..=message.len()));
        let _ = Connection::open(server.address()).send_raw(&record(&message));
    }
    client.attributes(&root).expect("the server is well");
}

/// A reply is no call: nobody answers it.
#[test]
fn replies_as_calls() {
    let (server, mut client, root) = memory();
    let mut connection = Connection::open(server.address());
    let mut message = call(1, (NFS.0, NFS.1, 0), &Credential::None, &[]);
    message[4..8].copy_from_slice(&1_u32.to_be_bytes());
    connection.send(&message);
    client.attributes(&root).expect("the server is well");
}
