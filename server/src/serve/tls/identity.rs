//! From files to what a handshake needs.

use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use rustls::crypto::aws_lc_rs::{self, Ticketer};
use rustls::server::{WebPkiClientVerifier, danger::ClientCertVerifier};
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;

/// Larger than any chain or bundle of authorities; keeps a mistaken path from filling the memory.
const LARGEST_FILE: u64 = 4 * 1024 * 1024;

/// What is offered to clients, best first.
const PROTOCOLS: [&[u8]; 2] = [super::HTTP_2, b"http/1.1"];

/// Why the files of TLS cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("setting {setting}: {reason}")]
pub struct TlsError {
    setting: &'static str,
    reason: String,
}

impl TlsError {
    pub(super) fn of_signals(error: &io::Error) -> Self {
        Self { setting: CERTIFICATE, reason: format!("SIGHUP cannot be caught: {error}") }
    }
}

/// The bytes of all files, as they were at one time.
#[derive(PartialEq, Eq)]
pub(super) struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_ca: Option<Vec<u8>>,
}

/// What a handshake needs, and until when the certificate is good.
pub(super) struct Identity {
    pub config: Arc<ServerConfig>,
    /// In seconds of Unix time.
    pub not_after: i64,
}

const CERTIFICATE: &str = "tls-cert";
const KEY: &str = "tls-key";
const CLIENT_CA: &str = "tls-ca-cert";

impl Contents {
    pub(super) fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self {
            certificate: read(CERTIFICATE, &files.certificate)?,
            key: read(KEY, &files.key)?,
            client_ca: files.client_ca.as_deref().map(|path| read(CLIENT_CA, path)).transpose()?,
        })
    }

    /// Everything is made anew, tickets included: a client that an authority of yesterday vouched for is asked again.
    pub(super) fn identity(&self, files: &TlsFiles) -> Result<Identity, TlsError> {
        let chain = certificates(CERTIFICATE, &files.certificate, &self.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|error| fault(KEY, &files.key, &format!("it holds no key: {error}")))?;
        let not_after = not_after(&chain[0]).map_err(|reason| fault(CERTIFICATE, &files.certificate, &reason))?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| fault(CERTIFICATE, &files.certificate, &error.to_string()))?;
        let builder = match (&files.client_ca, &self.client_ca) {
            (Some(path), Some(bytes)) => builder.with_client_cert_verifier(verifier(path, bytes, provider)?),
            _ => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                let reason = format!("it does not belong to the certificate in {}", files.certificate.display());
                fault(KEY, &files.key, &reason)
            }
            error => fault(KEY, &files.key, &error.to_string()),
        })?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        config.ticketer = Ticketer::new().map_err(|error| fault(KEY, &files.key, &error.to_string()))?;
        Ok(Identity { config: Arc::new(config), not_after })
    }
}

fn fault(setting: &'static str, path: &Path, reason: &str) -> TlsError {
    TlsError { setting, reason: format!("{}: {reason}", path.display()) }
}

fn read(setting: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    let bytes = match fs::metadata(path) {
        Ok(meta) if meta.len() > LARGEST_FILE => Err(io::Error::other("it is too large")),
        Ok(_) => fs::read(path),
        Err(error) => Err(error),
    };
    bytes.map_err(|error| fault(setting, path, &error.to_string()))
}

fn certificates(setting: &'static str, path: &Path, bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(fault(setting, path, "it holds no certificate")),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(fault(setting, path, &format!("it cannot be parsed: {error}"))),
    }
}

fn verifier(
    path: &Path,
    bytes: &[u8],
    provider: Arc<rustls::crypto::CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(CLIENT_CA, path, bytes)? {
        roots.add(certificate).map_err(|error| fault(CLIENT_CA, path, &error.to_string()))?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| fault(CLIENT_CA, path, &error.to_string()))
}

fn not_after(certificate: &CertificateDer<'_>) -> Result<i64, String> {
    let parsed = x509_parser::parse_x509_certificate(certificate);
    parsed
        .map(|(_, parsed)| parsed.validity().not_after.timestamp())
        .map_err(|error| format!("no certificate: {error}"))
}
