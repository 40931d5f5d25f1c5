use std::path::PathBuf;
use std::time::Duration;

/// Where the bucket is and how it is talked to.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The bucket's name.
    pub bucket: String,
    /// What every key begins with, without slashes around it; empty for none. Whole segments: `charts` has nothing to do
    /// with `charts2/`.
    pub prefix: String,
    /// The region that requests are signed for.
    pub region: String,
    /// Another store than AWS, as a URL; `https://` is assumed.
    pub endpoint: Option<String>,
    /// How the store encrypts what it is given; its own default if absent.
    pub encryption: Option<Encryption>,
    /// `endpoint/bucket/key` instead of `bucket.endpoint/key`.
    pub path_style: bool,
    /// Certificates in PEM to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// When checksums beyond those that the protocol needs are sent and verified.
    pub checksums: Checksums,
    /// For a connection, its TLS handshake included.
    pub connect_timeout: Duration,
    /// For one attempt's answer to begin; bodies get more by their size, and each piece of an answer's body as much again.
    pub attempt_timeout: Duration,
    /// For all attempts of a call.
    pub operation_timeout: Duration,
    /// Attempts after the first.
    pub retries: u32,
    /// Larger objects go up in parts of this many bytes. S3 takes no part below 5 MiB but the last.
    pub part_size: usize,
    /// Parts of an object that was begun longer ago, and is none yet, belong to a process that died.
    pub leftover_age: Duration,
}

/// Encryption by the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encryption {
    /// `AES256`, `aws:kms` or `aws:kms:dsse`.
    pub algorithm: String,
    /// The key of the key service; its default key if absent.
    pub key: Option<String>,
}

/// When checksums are sent and verified that the protocol does not need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Checksums {
    /// With AWS always, with other endpoints only where needed: many of them refuse what they do not know.
    #[default]
    ByEndpoint,
    /// Only where the protocol needs them.
    WhenRequired,
    /// Wherever the protocol has them.
    WhenSupported,
}

/// S3's smallest part that is not the last.
pub const SMALLEST_PART: usize = 5 * 1024 * 1024;

impl Default for Options {
    fn default() -> Self {
        Self {
            bucket: String::new(),
            prefix: String::new(),
            region: "us-east-1".to_owned(),
            endpoint: None,
            encryption: None,
            path_style: true,
            ca_file: None,
            checksums: Checksums::ByEndpoint,
            connect_timeout: Duration::from_secs(2),
            attempt_timeout: Duration::from_secs(4),
            operation_timeout: Duration::from_secs(15),
            retries: 3,
            part_size: 8 * 1024 * 1024,
            leftover_age: Duration::from_secs(24 * 3600),
        }
    }
}

impl Options {
    /// Whether the endpoint is one of AWS's own.
    pub(crate) fn is_aws(&self) -> bool {
        self.endpoint.as_deref().is_none_or(|endpoint| {
            let host = endpoint.split("://").last().unwrap_or_default();
            let host = host.split(['/', ':']).next().unwrap_or_default();
            host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn")
        })
    }

    /// The endpoint as a URL.
    pub(crate) fn endpoint_url(&self) -> Option<String> {
        let endpoint = self.endpoint.as_deref()?.trim_end_matches('/');
        Some(if endpoint.contains("://") { endpoint.to_owned() } else { format!("https://{endpoint}") })
    }

    /// Where it is, for people.
    pub(crate) fn place(&self) -> String {
        self.endpoint_url().unwrap_or_else(|| "AWS".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_of_aws_are_known() {
        let at = |endpoint: &str| Options { endpoint: Some(endpoint.to_owned()), ..Options::default() };
        assert!(Options::default().is_aws());
        for endpoint in ["https://s3.eu-central-1.amazonaws.com", "s3.cn-north-1.amazonaws.com.cn:443/"] {
            assert!(at(endpoint).is_aws(), "{endpoint}");
        }
        for endpoint in ["http://127.0.0.1:9000", "amazonaws.com.example.org", "https://minio/amazonaws.com"] {
            assert!(!at(endpoint).is_aws(), "{endpoint}");
        }
        assert_eq!(at("minio:9000/").endpoint_url().as_deref(), Some("https://minio:9000"));
        assert_eq!(at("http://minio:9000").endpoint_url().as_deref(), Some("http://minio:9000"));
    }
}
