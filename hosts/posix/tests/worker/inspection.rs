//! Looking at services while they work.

use crate::files::{self, Client};
use crate::harness::{Actor, Home, with_every_backend};
use posix::{Answer, Inquiry, PoolOptions, Progress, ServiceId, ServiceStatus};
use service::{Limits, State};
use std::collections::BTreeSet;
use std::sync::mpsc::channel;

/// All answers to an inquiry, in the order in which they came.
fn answers(home: &Home, inquiry: Inquiry) -> Vec<Answer> {
    let (sender, answers) = channel();
    home.pool.inspect(inquiry, &sender).unwrap();
    drop(sender);
    answers.iter().collect()
}

fn statuses(home: &Home, inquiry: Inquiry) -> Vec<ServiceStatus> {
    let services = |answer| match answer {
        Answer::Services(page) => page,
        Answer::Clients(_) => panic!("services were asked for"),
    };
    answers(home, inquiry).into_iter().flat_map(services).collect()
}

#[test]
fn everybody_is_looked_at_once_in_pages() {
    let home = Home::with(|options| PoolOptions { workers: 3, ..options });
    let all: BTreeSet<_> = (0..100).map(|_| home.add(files::memory(Limits::default()))).collect();
    all.iter().for_each(|_| assert!(matches!(home.report().progress, Progress::Serving { .. })));
    // What is no service has nothing to tell.
    home.serve(Actor::echo);
    let pages = answers(&home, Inquiry::Everybody);
    assert!(pages.len() >= 6, "a part at a time");
    let statuses = statuses(&home, Inquiry::Everybody);
    assert_eq!(statuses.len(), all.len());
    assert_eq!(statuses.iter().map(|status| status.service).collect::<BTreeSet<_>>(), all);
    assert!(statuses.iter().all(|status| matches!(status.statistics.state, State::Serving(_))));
    let workers: BTreeSet<_> = statuses.iter().map(|status| status.worker).collect();
    assert_eq!(workers.len(), 3);
    home.pool.join().unwrap();
}

#[test]
fn one_service_tells_of_its_calls_and_clients_and_an_unknown_one_of_nothing() {
    with_every_backend(|home| {
        let id = home.add(files::memory(Limits::default()));
        let Progress::Serving { addresses, .. } = home.report().progress else { panic!("serves") };
        let mut client = Client::new(addresses[0]);
        let root = client.mount();
        assert!((0..10).all(|_| client.attributes_status(&root) == 0));
        let status = &statuses(home, Inquiry::Service(id))[0];
        assert_eq!((status.service, status.statistics.rpc.calls), (id, 11));
        assert!(status.used_ns > 0 && status.statistics.connections == 1);
        match &answers(home, Inquiry::Clients(id))[..] {
            [Answer::Clients(clients)] => {
                assert_eq!(clients.len(), 1);
                assert_eq!(
                    (clients[0].connections, &clients[0].mounted[..]),
                    (1, &["/".into()][..])
                );
            }
            other => panic!("{other:?}"),
        }
        assert!(answers(home, Inquiry::Service(ServiceId(99))).is_empty());
    });
}

#[test]
fn who_does_not_listen_holds_nobody_up() {
    with_every_backend(|home| {
        for _ in 0..200 {
            files::address(home);
        }
        for _ in 0..100 {
            let (sender, answers) = channel();
            drop(answers);
            home.pool.inspect(Inquiry::Everybody, &sender).unwrap();
        }
        let mut client = Client::new(files::address(home));
        client.mount();
    });
}
