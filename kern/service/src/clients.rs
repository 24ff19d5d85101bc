//! Who uses a service: connections and mounts, put together by address.

use crate::statistics::Client;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use rpc::ConnectionUse;

/// The clients there are, in the order of their addresses.
pub(crate) fn clients(
    connections: &[ConnectionUse],
    mounted: Vec<(IpAddr, Vec<u8>)>,
) -> Vec<Client> {
    let mut clients = BTreeMap::new();
    for connection in connections {
        let client = find(&mut clients, connection.remote.ip());
        client.connections += 1;
        client.calls += u64::from(connection.calls);
        client.bytes += connection.bytes;
        client.last_call = client.last_call.max(connection.last_call);
    }
    for (address, path) in mounted {
        find(&mut clients, address).mounted.push(String::from_utf8_lossy(&path).into_owned());
    }
    clients.into_values().collect()
}

fn find(clients: &mut BTreeMap<IpAddr, Client>, address: IpAddr) -> &mut Client {
    let address = address.to_canonical();
    clients.entry(address).or_insert_with(|| Client {
        address,
        connections: 0,
        mounted: Vec::new(),
        calls: 0,
        bytes: 0,
        last_call: None,
    })
}
