//! A proxy between a server and its store that does what is asked of it to some of the requests, by their number and
//! never by the clock.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// Pieces that a slow body comes in.
const SLOW_PIECES: usize = 20;
/// Between two of them.
const SLOW_PAUSE: Duration = Duration::from_millis(20);

/// A request on its way to the store.
#[derive(Debug, Clone)]
pub struct Passing {
    /// In upper case.
    pub method: String,
    /// Path and query as they were sent.
    pub target: String,
    /// It asks for a free key.
    pub is_conditional: bool,
}

impl Passing {
    /// It writes an object whose key has this in it.
    pub fn writes(&self, part: &str) -> bool {
        self.method == "PUT" && self.target.contains(part)
    }

    /// It reads an object whose key has this in it.
    pub fn reads(&self, part: &str) -> bool {
        self.method == "GET" && !self.lists() && self.target.contains(part)
    }

    /// It asks for a listing.
    pub fn lists(&self) -> bool {
        self.method == "GET" && self.target.contains("list-type=2")
    }
}

/// What is done to a request.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// Answered so, with this code of S3; the store is not asked.
    Answer(u16, &'static str),
    /// Done by the store, and then answered so.
    AnswerAfter(u16, &'static str),
    /// The connection breaks before the store is asked.
    CutBefore,
    /// Done by the store; the connection breaks before a byte of the answer.
    CutAfter,
    /// Half of the answer's body comes, and then the connection breaks.
    CutBody,
    /// The answer's body comes in small pieces.
    SlowBody,
    /// Half of the answer's body comes, and then nothing more.
    StalledBody,
    /// Done by the store, and never answered.
    Silence,
}

struct Rule {
    name: String,
    matches: Box<dyn Fn(&Passing) -> bool + Send>,
    /// Matching requests that pass before.
    skip: usize,
    left: usize,
    fault: Fault,
}

/// A running proxy. It ends with the value.
pub struct Proxy {
    address: SocketAddr,
    scheme: &'static str,
    rules: Arc<Mutex<Vec<Rule>>>,
    done: watch::Sender<usize>,
    task: JoinHandle<()>,
}

/// A connection of the server, with TLS or without.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Proxy {
    /// Starts in front of a port of the loopback device.
    pub async fn before(port: u16) -> Self {
        Self::start(port, None).await
    }

    /// Starts with TLS, and returns the certificate (PEM) to trust.
    pub async fn with_tls(port: u16) -> (Self, String) {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate can be made");
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()).into();
        let provider = rustls::crypto::aws_lc_rs::default_provider().into();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key))
            .expect("the certificate is its key's");
        (Self::start(port, Some(Arc::new(config).into())).await, made.cert.pem())
    }

    async fn start(port: u16, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let rules = Arc::<Mutex<Vec<Rule>>>::default();
        let done = watch::Sender::new(0);
        let scheme = if tls.is_some() { "https" } else { "http" };
        let task = {
            let (rules, done) = (Arc::clone(&rules), done.clone());
            tokio::spawn(async move {
                while let Ok((client, _)) = listener.accept().await {
                    let (rules, done, tls) = (Arc::clone(&rules), done.clone(), tls.clone());
                    tokio::spawn(async move {
                        let client: Box<dyn Stream> = match tls {
                            None => Box::new(client),
                            Some(tls) => match tls.accept(client).await {
                                Ok(client) => Box::new(client),
                                Err(_) => return, // it does not trust us
                            },
                        };
                        Link { client: BufReader::new(client), store: None, port, rules, done }.serve().await;
                    });
                }
            })
        };
        Self { address, scheme, rules, done, task }
    }

    /// Its URL.
    pub fn endpoint(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    fn rules(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does this to the next requests that match, after so many have passed. Earlier rules go first.
    pub fn plan(&self, fault: Fault, skip: usize, times: usize, matches: impl Fn(&Passing) -> bool + Send + 'static) {
        let rule = Rule { name: format!("{fault:?}"), matches: Box::new(matches), skip, left: times, fault };
        self.rules().push(rule);
    }

    /// Lets everything pass again; returns what was planned and did not happen.
    pub fn calm(&self) -> Vec<String> {
        let rules = std::mem::take(&mut *self.rules());
        rules.into_iter().filter(|rule| rule.left > 0).map(|rule| rule.name).collect()
    }

    /// How often something was done to a request.
    pub fn count(&self) -> usize {
        *self.done.borrow()
    }

    /// Waits until something was done so often.
    pub async fn reached(&self, count: usize) {
        let mut done = self.done.subscribe();
        done.wait_for(|done| *done >= count).await.expect("the proxy holds the sender");
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One connection of the server.
struct Link {
    client: BufReader<Box<dyn Stream>>,
    store: Option<BufReader<TcpStream>>,
    port: u16,
    rules: Arc<Mutex<Vec<Rule>>>,
    done: watch::Sender<usize>,
}

impl Link {
    /// Until one side has enough; what breaks off here is meant to, or the server's to notice.
    async fn serve(mut self) {
        while let Ok(true) = self.pass().await {}
    }

    /// Passes one request on. False if the connection is to be closed.
    async fn pass(&mut self) -> io::Result<bool> {
        let Some(head) = read_head(&mut self.client).await? else { return Ok(false) };
        if head.has("expect", "100-continue") {
            self.client.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let body = read_body(&mut self.client, &head, false).await?;
        let fault = self.fault(&head);
        if fault.is_some() {
            self.done.send_modify(|count| *count += 1);
        }
        match fault {
            Some(Fault::CutBefore) => return Ok(false),
            Some(Fault::Answer(status, code)) => {
                self.client.write_all(&made_up(status, code, &head)).await?;
                self.client.flush().await?;
                return Ok(true);
            }
            _ => {}
        }
        let (answer, content) = self.ask(&head, &body).await?;
        match fault {
            Some(Fault::CutAfter) => return Ok(false),
            Some(Fault::Silence) => {
                let _ = self.client.read_u8().await; // until the server has enough of it
                return Ok(false);
            }
            Some(Fault::AnswerAfter(status, code)) => {
                self.client.write_all(&made_up(status, code, &head)).await?;
                self.client.flush().await?;
                return Ok(true);
            }
            _ => self.client.write_all(&answer.bytes).await?,
        }
        match fault {
            Some(Fault::CutBody) => {
                self.client.write_all(&content[..content.len() / 2]).await?;
                return Ok(false);
            }
            Some(Fault::StalledBody) => {
                self.client.write_all(&content[..content.len() / 2]).await?;
                self.client.flush().await?;
                // until the server has enough of it
                let _ = self.client.read_u8().await;
                return Ok(false);
            }
            Some(Fault::SlowBody) => {
                for piece in content.chunks((content.len() / SLOW_PIECES).max(1)) {
                    self.client.write_all(piece).await?;
                    self.client.flush().await?;
                    tokio::time::sleep(SLOW_PAUSE).await;
                }
            }
            _ => self.client.write_all(&content).await?,
        }
        self.client.flush().await?;
        Ok(!answer.has("connection", "close"))
    }

    fn fault(&self, head: &Head) -> Option<Fault> {
        let mut words = head.first.split(' ');
        let passing = Passing {
            method: words.next().unwrap_or_default().to_owned(),
            target: words.next().unwrap_or_default().to_owned(),
            is_conditional: head.header("if-none-match").is_some(),
        };
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let rule = rules.iter_mut().find(|rule| rule.left > 0 && (rule.matches)(&passing))?;
        if rule.skip > 0 {
            rule.skip -= 1;
            return None;
        }
        rule.left -= 1;
        Some(rule.fault)
    }

    async fn ask(&mut self, head: &Head, body: &[u8]) -> io::Result<(Head, Vec<u8>)> {
        let mut store = match self.store.take() {
            Some(store) => store,
            None => BufReader::new(TcpStream::connect(("127.0.0.1", self.port)).await?),
        };
        store.write_all(&head.bytes).await?;
        store.write_all(body).await?;
        let mut answer = read_head(&mut store).await?.ok_or(ErrorKind::UnexpectedEof)?;
        while answer.first.contains(" 100 ") {
            answer = read_head(&mut store).await?.ok_or(ErrorKind::UnexpectedEof)?;
        }
        let is_bare =
            head.first.starts_with("HEAD ") || answer.first.contains(" 204 ") || answer.first.contains(" 304 ");
        let content = if is_bare { Vec::new() } else { read_body(&mut store, &answer, true).await? };
        if !answer.has("connection", "close") {
            self.store = Some(store);
        }
        Ok((answer, content))
    }
}

/// The head of a request or an answer, as it came.
struct Head {
    first: String,
    headers: Vec<(String, String)>,
    bytes: Vec<u8>,
}

impl Head {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| &**value)
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.header(name).is_some_and(|own| own.eq_ignore_ascii_case(value))
    }
}

/// None at the end of the connection.
async fn read_head<S: AsyncRead + Unpin>(source: &mut BufReader<S>) -> io::Result<Option<Head>> {
    let (mut bytes, mut first, mut headers) = (Vec::new(), String::new(), Vec::new());
    loop {
        let begin = bytes.len();
        if source.read_until(b'\n', &mut bytes).await? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&bytes[begin..]).trim_end().to_owned();
        match line.split_once(':') {
            _ if line.is_empty() => return Ok(Some(Head { first, headers, bytes })),
            _ if first.is_empty() => first = line,
            Some((name, value)) => headers.push((name.to_lowercase(), value.trim().to_owned())),
            None => return Err(ErrorKind::InvalidData.into()),
        }
    }
}

/// The body as it came. Without a length, a request has none, and an answer goes on to the end of the connection.
async fn read_body<S: AsyncRead + Unpin>(
    source: &mut BufReader<S>,
    head: &Head,
    is_answer: bool,
) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    if let Some(length) = head.header("content-length") {
        body.resize(length.parse().map_err(|_| ErrorKind::InvalidData)?, 0);
        source.read_exact(&mut body).await?;
    } else if head.has("transfer-encoding", "chunked") {
        loop {
            let begin = body.len();
            source.read_until(b'\n', &mut body).await?;
            let line = String::from_utf8_lossy(&body[begin..]).trim_end().to_owned();
            let size = usize::from_str_radix(line.split(';').next().unwrap_or_default(), 16);
            let size = size.map_err(|_| ErrorKind::InvalidData)?;
            let begin = body.len();
            body.resize(begin + size + 2, 0);
            source.read_exact(&mut body[begin..]).await?;
            if size == 0 {
                break;
            }
        }
    } else if is_answer {
        source.read_to_end(&mut body).await?;
    }
    Ok(body)
}

fn made_up(status: u16, code: &str, request: &Head) -> Vec<u8> {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>made up</Message></Error>"
    );
    let body = if request.first.starts_with("HEAD ") || status < 300 { "" } else { &text };
    format!(
        "HTTP/1.1 {status} Made Up\r\ncontent-type: application/xml\r\netag: \"made-up\"\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
