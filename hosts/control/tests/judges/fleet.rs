//! A server over services that do not exist, some of them with names that mean ill.

use control::made_up::MadeUp;
use control::operator::Operator;
use control::{Doors, Patience, Server};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

/// Names that a browser, a shell or a reader of figures might take for something else.
pub const NAMES: [&str; 7] = [
    "<img src=x onerror=window.taken=1>",
    "</script><script>window.taken=2</script>",
    "javascript:window.taken=3//",
    "' onmouseover='window.taken=4' x='",
    "a/../b?c=d#e&amp;%3Cb%3E",
    "back\\slash {quote} 'x' \u{202e}txet",
    "名前 ünïcode",
];

/// Made-up services and those names.
pub fn operator(count: u64) -> MadeUp {
    let operator = MadeUp::new(count);
    for name in NAMES {
        operator.add(&format!("name = \"{name}\"\n")).expect("it is added");
    }
    operator
}

/// Where these may only be looked at.
pub fn serve(operator: MadeUp) -> (Server, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let doors = Doors { control: None, reading: Some(listener) };
    let server = Server::spawn(doors, Arc::new(operator), Patience::default());
    (server.expect("a server"), address)
}
