//! What no service and no client can see.

use super::*;
use crate::driver::{self, Backend};
use crate::slot::Stage;
use hyper::Division;
use service::Next;

use crate::tenant::{MakeTenant, Tenant};
use service::{Description, State};
use std::net::{Shutdown, TcpStream};

use std::sync::mpsc::channel;

/// Connections enough.
const ALL: Division = Division { total_bytes: 100, least_bytes: 4 };

/// A tenant that always has something to do.
struct Busy(State);

impl Tenant for Busy {
    fn stream_event(&mut self, _: StreamEvent<'_>) {}

    fn turn(&mut self) -> Next {
        Next::Again
    }

    fn state(&self) -> &State {
        &self.0
    }

    fn stop(&mut self) {}

    fn is_stopped(&self) -> bool {
        true
    }
}

fn busy() -> ServiceSpec {
    let description = Description {
        format: "test".into(),
        byte_order: None,
        size_bytes: 0,
        read_only: None,
        exports: Vec::new(),
    };
    let address = "127.0.0.1:0".parse().expect("an address");
    let make: MakeTenant = Box::new(|_| Ok(Box::new(Busy(State::Serving(description)))));
    ServiceSpec::new("busy".into(), vec![address], make)
}

#[test]
fn a_busy_tenant_keeps_nothing_of_streams_that_are_closed() {
    let (reports, _inbox) = channel();
    let (mut driver, _) = driver::open(Backend::Auto).expect("a driver");
    let roster = Arc::new(Roster::new(Vec::new()));
    let opener = Opener::new(None, roster.clone());
    let (budgets, connections) = (Budgets::default(), SharedBudget::new(ALL));
    let means = Means { reports, roster, budgets, opener, connections };
    let mut tenants = Tenants::new(0, means, driver.waker());
    tenants.add(ServiceId(0), busy());
    let index = tenants.indexes[&ServiceId(0)];
    let mut run_while = |holds: &dyn Fn(&Slot) -> bool| {
        let deadline = HostClock.now() + Duration::from_secs(20);
        while holds(&tenants.slots[index]) {
            assert!(HostClock.now() < deadline, "for too long");
            driver.wait(tenants.timeout(), &mut |event| tenants.event(event)).expect("waits");
            tenants.advance();
            tenants.turn();
            tenants.flush(&mut *driver);
        }
        tenants.slots[index].site.addresses[0]
    };
    let address = run_while(&|slot| slot.stage != Stage::Serving);
    let client = TcpStream::connect(address).expect("it listens");
    client.shutdown(Shutdown::Write).expect("connected");
    run_while(&|slot| slot.half_closed.is_empty());
    run_while(&|slot| !slot.half_closed.is_empty());
}
