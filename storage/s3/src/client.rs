//! The SDK's client, from our options.

use std::fs;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    Builder, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation, SharedHttpClient,
    StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::open::{About, OpenError};
use crate::options::{Checksums, Options};

/// Before the second attempt, about; doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// Between two attempts at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The slowest line that a body may take, in bytes per second.
const SLOWEST_LINE: u64 = 256 * 1024;

/// A client with the standard chain of credentials: environment, shared files, web identity, container, instance. They
/// are renewed before they expire. `given` ones are used instead.
pub(crate) async fn client(options: &Options, given: Option<Credentials>) -> Result<Client, OpenError> {
    let http = http_client(options)?;
    let timeouts = timeouts(options, 0);
    let mut shared = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(options.region.clone()))
        .http_client(http)
        .timeout_config(timeouts.clone());
    if let Some(given) = given {
        shared = shared.credentials_provider(given);
    }
    let shared = shared.load().await;
    let retries = RetryConfig::standard()
        .with_max_attempts(options.retries.saturating_add(1))
        .with_initial_backoff(FIRST_PAUSE)
        .with_max_backoff(LONGEST_PAUSE);
    let everywhere = match options.checksums {
        Checksums::ByEndpoint => options.is_aws(),
        Checksums::WhenRequired => false,
        Checksums::WhenSupported => true,
    };
    let (send, verify) = match everywhere {
        true => (RequestChecksumCalculation::WhenSupported, ResponseChecksumValidation::WhenSupported),
        false => (RequestChecksumCalculation::WhenRequired, ResponseChecksumValidation::WhenRequired),
    };
    let mut config = Builder::from(&shared)
        .force_path_style(options.path_style)
        .retry_config(retries)
        .timeout_config(timeouts)
        // bodies are watched where they are read, and sent from memory under the attempt's own limit
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .request_checksum_calculation(send)
        .response_checksum_validation(verify);
    if let Some(endpoint) = options.endpoint_url() {
        config = config.endpoint_url(endpoint);
    }
    Ok(Client::from_conf(config.build()))
}

/// The limits of a call that sends this many bytes.
pub(crate) fn timeouts(options: &Options, bytes: usize) -> TimeoutConfig {
    let more = Duration::from_secs(bytes as u64 / SLOWEST_LINE);
    TimeoutConfig::builder()
        .connect_timeout(options.connect_timeout)
        .operation_attempt_timeout(options.attempt_timeout + more)
        .operation_timeout(options.operation_timeout + more)
        .build()
}

fn http_client(options: &Options) -> Result<SharedHttpClient, OpenError> {
    let mut trusted = TrustStore::default();
    if let Some(path) = &options.ca_file {
        let wrong = |reason: String| OpenError::new(About::CaFile, format!("{}: {reason}", path.display()));
        let pem = fs::read(path).map_err(|error| wrong(error.to_string()))?;
        check_certificates(&pem).map_err(wrong)?;
        trusted = trusted.with_pem_certificate(pem);
    }
    let tls = TlsContext::builder().with_trust_store(trusted).build();
    let tls = tls.map_err(|error| OpenError::new(About::CaFile, error.to_string()))?;
    let provider = Provider::Rustls(CryptoMode::AwsLc);
    Ok(aws_smithy_http_client::Builder::new().tls_provider(provider).tls_context(tls).build_https())
}

/// The client takes whatever it is given for certificates, and panics at the first connection if it is none.
fn check_certificates(pem: &[u8]) -> Result<(), String> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| error.to_string())?;
        store.add(certificate).map_err(|error| error.to_string())?;
    }
    if store.is_empty() { Err("no certificate in it".to_owned()) } else { Ok(()) }
}
