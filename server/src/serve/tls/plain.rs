//! Clients that do not know that the connection is to be encrypted.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::serve::pulse::{Phase, Pulse};

/// The first byte of every handshake.
const HANDSHAKE: u8 = 0x16;

/// Go's answer, to the letter: people search for it.
const ANSWER: &[u8] = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/// True if the client begins a handshake. Waits for its first byte, which stays to be read.
pub(in crate::serve) async fn is_handshake(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    Ok(stream.peek(&mut first).await? == 1 && first == [HANDSHAKE])
}

/// Tells a client that speaks HTTP what is wrong; others are cut.
pub(in crate::serve) async fn refuse(mut stream: TcpStream, pulse: &Pulse) -> io::Result<()> {
    let mut buffer = [0; 4096];
    let length = stream.read(&mut buffer).await?;
    if !buffer[..length].first().is_some_and(u8::is_ascii_uppercase) {
        return Ok(());
    }
    pulse.enter(Phase::Lingering); // the timer ends it if that takes long
    stream.write_all(ANSWER).await?;
    stream.shutdown().await?;
    // a socket that is closed with bytes unread is reset, and the reset overtakes the answer
    while stream.read(&mut buffer).await? > 0 {}
    Ok(())
}
