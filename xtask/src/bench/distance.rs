//! A store that is further away: what is on this machine answers sooner than any store across a network, so that nobody
//! would see what is saved by asking it less often.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use anyhow::Result;

/// How much later a request arrives: that of a store in the same region.
pub const DELAY: Duration = Duration::from_millis(20);

/// Passes connections on to a port of this machine, and keeps back what is asked for a while. Returns its own port. It ends
/// with the process.
pub fn before(port: u16) -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let own = listener.local_addr()?.port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // a connection that breaks is the client's to notice
            thread::spawn(move || pass(client, port));
        }
    });
    Ok(own)
}

fn pass(client: TcpStream, port: u16) -> io::Result<()> {
    let store = TcpStream::connect(("127.0.0.1", port))?;
    store.set_nodelay(true)?;
    client.set_nodelay(true)?;
    let (answers, asks) = (store.try_clone()?, client.try_clone()?);
    thread::spawn(move || copy(answers, client, Duration::ZERO));
    copy(asks, store, DELAY)
}

fn copy(mut from: TcpStream, mut to: TcpStream, delay: Duration) -> io::Result<()> {
    let mut piece = vec![0; 1 << 16];
    loop {
        let read = from.read(&mut piece)?;
        if read == 0 {
            return to.shutdown(Shutdown::Write);
        }
        thread::sleep(delay);
        to.write_all(&piece[..read])?;
    }
}
