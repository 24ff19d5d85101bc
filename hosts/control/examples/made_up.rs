//! Serves a fleet that does not exist, to look at what shows one: `made_up SOCKET COUNT [ADDRESS:PORT]`,
//! until standard input ends.

use control::made_up::MadeUp;
use control::{Doors, Patience, Server, Socket};
use std::env::args;
use std::error::Error;
use std::io::stdin;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = args().collect();
    let [_, path, count, reading @ ..] = &*arguments else {
        return Err("SOCKET and COUNT are expected".into());
    };
    let reading = reading.first().map(TcpListener::bind).transpose()?;
    let doors = Doors { control: Some(Socket::bind(Path::new(path))?), reading };
    let operator = Arc::new(MadeUp::new(count.parse()?));
    let server = Server::spawn(doors, operator, Patience::default())?;
    println!("listening");
    stdin().lines().for_each(drop);
    drop(server);
    Ok(())
}
