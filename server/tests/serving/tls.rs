//! Encrypted connections and their limits.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use server::config::{Settings, TlsFiles};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::{BETWEEN_LOOKS, Client, Running, soon};

const SHORT: Duration = Duration::from_millis(100);

/// Papers of a server that vouches for itself.
pub struct Papers {
    folder: TempDir,
    certificate: CertificateDer<'static>,
}

impl Papers {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        std::fs::write(folder.path().join("tls.crt"), certificate.pem()).unwrap();
        std::fs::write(folder.path().join("tls.key"), key.serialize_pem()).unwrap();
        Self { folder, certificate: certificate.der().clone() }
    }

    /// Makes a server serve with them.
    pub fn set(&self, settings: &mut Settings) {
        let file = |name| self.folder.path().join(name);
        settings.tls.files = Some(TlsFiles { certificate: file("tls.crt"), key: file("tls.key"), client_ca: None });
    }

    /// A connection on which a handshake is done.
    pub async fn connect(&self, server: &Running, protocol: &[u8]) -> TlsStream<TcpStream> {
        self.try_connect(server, protocol).await.unwrap()
    }

    async fn try_connect(&self, server: &Running, protocol: &[u8]) -> io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let stream = TcpStream::connect(server.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    pub async fn client(&self, server: &Running) -> Client<TlsStream<TcpStream>> {
        Client::over(self.connect(server, b"http/1.1").await)
    }
}

/// A server with papers that is ready.
pub async fn start(papers: &Papers, change: impl FnOnce(&mut Settings)) -> Running {
    let server = Running::start_closed(|settings| {
        papers.set(settings);
        change(settings);
    })
    .await;
    soon("readiness", async {
        while papers.client(&server).await.exchange("GET /-/ready HTTP/1.1\r\nhost: test\r\n\r\n").await.status() != 200
        {
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    })
    .await;
    server
}

#[tokio::test]
async fn requests_are_answered_one_after_another() {
    let papers = Papers::new();
    let server = start(&papers, |_| {}).await;
    let mut client = papers.client(&server).await;
    for _ in 0..10 {
        assert_eq!(client.exchange("GET /info HTTP/1.1\r\nhost: test\r\n\r\n").await.status(), 200);
    }
}

#[tokio::test]
async fn a_handshake_or_a_head_that_does_not_come_is_not_waited_for() {
    let papers = Papers::new();
    let server = Running::start_closed(|settings| {
        papers.set(settings);
        settings.listen.header_read_timeout = SHORT;
    })
    .await;
    let mut silent = server.connect().await;
    let mut half_a_handshake = server.connect().await;
    half_a_handshake.send("\x16\x03\x01\x02\0\x01").await;
    assert_eq!(silent.closed().await, "");
    assert_eq!(half_a_handshake.closed().await, "");
    for head in ["", "GET /info HTTP/1.1\r\nhost: test\r\nx-half: "] {
        // on a busy machine even the handshake may take too long, which is the same to this test
        let Ok(stream) = papers.try_connect(&server, b"http/1.1").await else { continue };
        let mut client = Client::over(stream);
        let _ = client.stream.write_all(head.as_bytes()).await;
        assert_eq!(client.closed().await, "");
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let papers = Papers::new();
    let server = start(&papers, |settings| settings.listen.keep_alive_timeout = SHORT).await;
    let mut client = papers.client(&server).await;
    assert_eq!(client.exchange("GET /info HTTP/1.1\r\nhost: test\r\n\r\n").await.status(), 200);
    assert_eq!(client.closed().await, "");
}

#[tokio::test]
async fn a_body_that_stalls_is_answered_and_cut() {
    let papers = Papers::new();
    let server = start(&papers, |settings| settings.listen.read_timeout = SHORT).await;
    let mut client = papers.client(&server).await;
    let answer = client.exchange("POST /api/charts HTTP/1.1\r\nhost: test\r\ncontent-length: 1000\r\n\r\nhalf").await;
    assert_eq!(answer.status(), 408, "{answer:?}");
    client.closed().await;
}

#[tokio::test]
async fn a_client_that_takes_no_answers_is_cut() {
    let papers = Papers::new();
    let server = start(&papers, |settings| settings.listen.write_timeout = SHORT).await;
    let mut client = papers.client(&server).await;
    let requests = "GET /info HTTP/1.1\r\nhost: test\r\n\r\n".repeat(100);
    soon("the server to lose patience", async { while client.stream.write_all(requests.as_bytes()).await.is_ok() {} })
        .await;
}

#[tokio::test]
async fn a_running_request_is_finished_when_the_server_stops() {
    let papers = Papers::new();
    let mut server = start(&papers, |settings| settings.listen.shutdown_timeout = Duration::from_secs(3600)).await;
    let mut running = papers.client(&server).await;
    let half = "POST /api/prov HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n";
    assert_eq!(running.exchange(half).await.status(), 100);
    server.stop.ask();
    running.send("body").await;
    let answer = running.answer().await;
    assert_eq!((answer.status(), answer.header("connection")), (400, Some("close")));
    running.closed().await;
    server.ended().await;
}
