//! From the setting of a storage to the storage.

use std::sync::Arc;

use storage::filesystem::FileStore;
use storage::{ObjectStore, StorageError};
use storage_s3::probe::{Finding, probe};
use storage_s3::{About, OpenError, S3Store, SingleWriter, Turn, read_only};

use super::{OpeningError, blocking};
use crate::config;

/// Opens a storage of any kind, to read it, or to write where nobody else does.
///
/// # Errors
/// If it cannot be used; the error names the setting.
pub async fn open_storage(storage: &config::Storage) -> Result<Arc<dyn ObjectStore>, OpeningError> {
    Ok(match storage {
        config::Storage::Local { root } => {
            let root = root.clone();
            let opened = blocking(move || FileStore::open(root)).await;
            Arc::new(opened.map_err(|error| OpeningError::Storage {
                subject: "setting storage-local-rootdir",
                reason: error.to_string(),
            })?)
        }
        config::Storage::Amazon(amazon) => Arc::new(open_bucket(amazon).await?),
    })
}

async fn open_bucket(amazon: &config::Amazon) -> Result<S3Store, OpeningError> {
    let opened = S3Store::open(amazon.options.clone()).await;
    opened.map_err(|OpenError { about, reason }| OpeningError::Storage { subject: subject(about), reason })
}

fn subject(about: About) -> &'static str {
    match about {
        About::Bucket => "setting storage-amazon-bucket",
        About::Region => "setting storage-amazon-region",
        About::Endpoint => "setting storage-amazon-endpoint",
        About::CaFile => "setting storage-amazon-ca-file",
        About::Credentials => "credentials",
        About::Clock => "clock",
    }
}

/// A storage that others may write to at the same time, and what it must be watched for.
#[derive(Clone)]
pub struct SharedStore {
    /// The storage. It may refuse to write.
    pub store: Arc<dyn ObjectStore>,
    mode: Mode,
}

#[derive(Clone)]
enum Mode {
    /// Any number of replicas write.
    Shared,
    /// One replica writes, because of this.
    Alone(SingleWriter, String),
    /// None writes, because of this.
    ReadOnly(String),
}

impl SharedStore {
    /// Opens a storage and finds out how it may be shared.
    ///
    /// # Errors
    /// If it cannot be used; the error names the setting.
    pub async fn open(storage: &config::Storage) -> Result<Self, OpeningError> {
        let config::Storage::Amazon(amazon) = storage else {
            return Ok(Self { store: open_storage(storage).await?, mode: Mode::Shared });
        };
        let bucket = open_bucket(amazon).await?;
        let store: Arc<dyn ObjectStore> = Arc::new(bucket.clone());
        let finding = probe(&store).await.map_err(|error| OpeningError::Storage {
            subject: "setting storage-amazon-bucket",
            reason: format!("it cannot be written to: {error}"),
        })?;
        Ok(match finding {
            Finding::Exclusive => {
                tracing::info!("The storage keeps writers apart: any number of replicas may write");
                Self { store, mode: Mode::Shared }
            }
            Finding::NotExclusive(reason) => {
                tracing::warn!(
                    reason,
                    "The storage cannot keep two writers apart: one replica writes at a time, and one that was paused \
                     may still harm it; run one replica, with the strategy Recreate"
                );
                let writer = SingleWriter::begin(Arc::new(bucket.without_conditions()), amazon.heartbeat);
                writer.decided().await;
                Self { store: writer.store(), mode: Mode::Alone(writer, reason) }
            }
            Finding::ReadOnly(reason) => {
                tracing::warn!(reason, "The storage refuses to be written to: nothing can be uploaded or deleted");
                Self { store: read_only(store, reason.clone()), mode: Mode::ReadOnly(reason) }
            }
        })
    }

    /// What those who ask whether the server is ready are told; none if all is well.
    pub fn trouble(&self) -> Option<String> {
        match &self.mode {
            Mode::Shared => None,
            Mode::Alone(writer, reason) => Some(match writer.turn() {
                Turn::Ours => format!("the storage cannot keep two writers apart: {reason}; this replica writes"),
                _ => format!("the storage cannot keep two writers apart: {reason}; another replica writes"),
            }),
            Mode::ReadOnly(reason) => Some(format!("the storage refuses to be written to: {reason}")),
        }
    }

    /// Waits until something that failed is worth another try: the replica that writes may have made what is missing, or
    /// be gone. False if it is not.
    pub(super) async fn may_write_later(&self, error: &StorageError) -> bool {
        match (&self.mode, error) {
            (Mode::Alone(writer, _), StorageError::Unavailable(_)) if writer.turn() != Turn::Ours => {
                tracing::info!("Waiting for the replica that writes: the storage is not ready to be read yet");
                writer.pause().await;
                true
            }
            _ => false,
        }
    }

    /// Lets another replica write at once, where only one does. Nothing can be written after it.
    pub async fn release(&self) {
        if let Mode::Alone(writer, _) = &self.mode {
            writer.release().await;
        }
    }
}
