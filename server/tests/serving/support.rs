use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use server::config::{self, Settings, Storage};
use server::log::Log;
use server::serve::Stop;
use server::startup::{Server, StartError};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// Nothing here takes long; a test that waits this long has found a fault.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at a condition.
pub const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited too long for {what}"))
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A server in this process.
pub struct Running {
    pub address: SocketAddr,
    pub stop: Stop,
    pub folder: TempDir,
    ended: JoinHandle<Result<(), StartError>>,
    log: Log,
    kept: Kept,
}

/// Settings for a free port of the loopback device and a storage of its own.
pub fn settings(folder: &TempDir) -> Settings {
    let mut settings = Settings::default();
    settings.listen.host = "127.0.0.1".to_owned();
    settings.listen.port = 0;
    settings.storage = Storage::Local { root: folder.path().join("charts") };
    settings.catalogue.folder = Some(folder.path().join("catalogue"));
    settings.log = config::Log { json: true, ..config::Log::default() };
    settings
}

impl Running {
    /// A server that is ready.
    pub async fn start(change: impl FnOnce(&mut Settings)) -> Self {
        let server = Self::start_closed(change).await;
        soon("readiness", async {
            loop {
                let answer = server.connect().await.exchange("GET /-/ready HTTP/1.1\r\nhost: test\r\n\r\n").await;
                if answer.status() == 200 {
                    return;
                }
                // asking without a pause would keep the opening from the processor it needs
                tokio::time::sleep(BETWEEN_LOOKS).await;
            }
        })
        .await;
        server
    }

    /// A server that may not be ready yet.
    pub async fn start_closed(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(&folder);
        change(&mut settings);
        let (kept, stop) = (Kept::default(), Stop::default());
        let log = Log::new(&settings.log, false, Box::new(kept.clone()));
        let server = Server::listen(settings, log.clone(), stop.clone()).await.unwrap();
        Self { address: server.address(), ended: tokio::spawn(server.run()), stop, folder, log, kept }
    }

    pub async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    /// Waits for the server's own end.
    pub async fn ended(&mut self) {
        soon("the server's end", &mut self.ended).await.unwrap().unwrap();
    }

    /// The lines of all requests that are done.
    pub fn requests(&self) -> Vec<Value> {
        self.log.flush();
        let text = String::from_utf8(self.kept.0.lock().unwrap().clone()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|line| line["M"].as_str().unwrap().ends_with("Request served"))
            .collect()
    }

    /// Waits until a request of this path is in the log.
    pub async fn logged(&self, path: &str) -> Value {
        soon("a line in the log", async {
            loop {
                if let Some(line) = self.requests().into_iter().find(|line| line["path"] == path) {
                    return line;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }
}

/// A connection to a server.
pub struct Client<S = TcpStream> {
    pub stream: S,
    read: Vec<u8>,
}

#[derive(Debug)]
pub struct Answer {
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap())
    }

    /// True if nothing has come.
    pub fn is_silent(&self) -> bool {
        self.read.is_empty()
            && matches!(self.stream.try_read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub fn over(stream: S) -> Self {
        Self { stream, read: Vec::new() }
    }

    pub async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    pub async fn exchange(&mut self, request: &str) -> Answer {
        self.send(request).await;
        self.answer().await
    }

    /// The next answer.
    pub async fn answer(&mut self) -> Answer {
        self.read_answer(true).await
    }

    /// The next answer to a HEAD request.
    pub async fn head(&mut self) -> Answer {
        self.read_answer(false).await
    }

    async fn read_answer(&mut self, has_body: bool) -> Answer {
        soon("an answer", async {
            loop {
                if let Some(answer) = self.next(has_body) {
                    return answer;
                }
                let count = self.stream.read_buf(&mut self.read).await.unwrap();
                assert!(count > 0, "the connection was closed after {:?}", String::from_utf8_lossy(&self.read));
            }
        })
        .await
    }

    fn next(&mut self, has_body: bool) -> Option<Answer> {
        let end = self.read.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let head = String::from_utf8(self.read[..end].to_vec()).unwrap();
        let mut answer = Answer { head, body: String::new() };
        let length: usize =
            answer.header("content-length").filter(|_| has_body).map_or(0, |length| length.parse().unwrap());
        if self.read.len() < end + length {
            return None;
        }
        answer.body = String::from_utf8(self.read[end..end + length].to_vec()).unwrap();
        self.read.drain(..end + length);
        Some(answer)
    }

    /// Waits until the server has closed the connection, and returns what came before.
    pub async fn closed(&mut self) -> String {
        soon("the connection to be closed", async {
            loop {
                match self.stream.read_buf(&mut self.read).await {
                    Ok(0) => break,
                    Ok(_) => {}
                    // cut without a farewell, which a TLS client does not take for an end
                    Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof) => {
                        break;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        })
        .await;
        String::from_utf8(std::mem::take(&mut self.read)).unwrap()
    }
}
