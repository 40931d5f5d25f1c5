use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::{Answer, Server};

/// Beyond this an answer is taken not to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// The smallest receive buffer that Linux gives is about this.
const SMALL_WINDOW: u32 = 2048;

/// A connection on which every byte is the test's own: for requests that no HTTP library would send.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Connection {
    /// Connects to a server.
    pub async fn open(server: &Server) -> Self {
        Self::to(server.address()).await
    }

    /// Connects with so small a window that the server must wait for this side to read.
    pub async fn with_small_window(server: &Server) -> Self {
        let socket = TcpSocket::new_v4().expect("the system has sockets");
        socket.set_recv_buffer_size(SMALL_WINDOW).expect("a socket option");
        Self::over(socket.connect(server.address()).await.expect("the server listens"))
    }

    /// Connects to an address.
    pub async fn to(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.expect("the server listens"))
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("a TCP option");
        Self { stream, received: Vec::new() }
    }

    /// Sends bytes. The server may have closed its side: that is for the caller to find out by reading.
    pub async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        timeout(PATIENCE, self.stream.write_all(bytes)).await.expect("the server reads or closes")
    }

    /// Reads more bytes; false at the end of the stream, also if it was reset.
    async fn read_more(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        match timeout(PATIENCE, self.stream.read(&mut buffer)).await.expect("the server answers or closes") {
            Ok(0) | Err(_) => false,
            Ok(length) => {
                self.received.extend_from_slice(&buffer[..length]);
                true
            }
        }
    }

    /// Reads one answer, if there comes a whole one. `head` tells that it answers a HEAD request.
    pub async fn try_answer(&mut self, head: bool) -> Option<Answer> {
        let end = loop {
            if let Some(end) = find(&self.received, b"\r\n\r\n") {
                break end;
            }
            if !self.read_more().await {
                return None;
            }
        };
        let text = String::from_utf8(self.received.drain(..end + 4).collect()).expect("headers are ASCII");
        let mut lines = text.trim_end().split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers: HeaderMap = lines
            .map(|line| {
                let (name, value) = line.split_once(':').expect("a header has a colon");
                (
                    HeaderName::from_bytes(name.as_bytes()).expect("a header has a name"),
                    HeaderValue::from_str(value.trim()).expect("a header has a value"),
                )
            })
            .collect();
        let chunked = headers.get("transfer-encoding").is_some_and(|value| value == "chunked");
        let length =
            headers.get("content-length").map(|value| value.to_str().expect("ASCII").parse().expect("a number"));
        let body = if head || status == 304 || status == 204 {
            Bytes::new()
        } else if chunked {
            self.chunks().await?
        } else if let Some(length) = length {
            self.take(length).await?
        } else {
            while self.read_more().await {}
            std::mem::take(&mut self.received).into()
        };
        Some(Answer { request: "a raw request".to_owned(), status, headers, body })
    }

    /// Reads one answer to a request other than HEAD; fails if there is none.
    pub async fn answer(&mut self) -> Answer {
        self.try_answer(false).await.expect("the server answers before it closes")
    }

    /// True once the server has closed its side, whatever it still sent before.
    pub async fn closed(&mut self) -> bool {
        while self.read_more().await {}
        true
    }

    async fn take(&mut self, length: usize) -> Option<Bytes> {
        while self.received.len() < length {
            if !self.read_more().await {
                return None;
            }
        }
        Some(self.received.drain(..length).collect::<Vec<_>>().into())
    }

    async fn chunks(&mut self) -> Option<Bytes> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                if let Some(end) = find(&self.received, b"\r\n") {
                    break end;
                }
                if !self.read_more().await {
                    return None;
                }
            };
            let line = self.take(end + 2).await?;
            let digits = std::str::from_utf8(&line).ok()?.trim_end().split(';').next()?;
            let length = usize::from_str_radix(digits, 16).ok()?;
            let chunk = self.take(length + 2).await?;
            body.extend_from_slice(&chunk[..length]);
            if length == 0 {
                return Some(body.into());
            }
        }
    }
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
}

/// Sends a request without a body, its target exactly as given, on a connection of its own.
pub async fn exchange(server: &Server, method: &str, target: &str) -> Answer {
    let mut connection = Connection::open(server).await;
    let request = format!("{method} {target} HTTP/1.1\r\nhost: chandlery.test\r\nconnection: close\r\n\r\n");
    connection.send(request.as_bytes()).await.expect("a request of a few bytes is read");
    let answer = connection.try_answer(method == "HEAD").await.expect("the server answers before it closes");
    Answer { request: format!("{method} {target}"), ..answer }
}
