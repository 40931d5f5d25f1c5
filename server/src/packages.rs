//! Packages that were read lately, by digest.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use catalogue::{Catalogue, LoadError, PackageLocation};
use chart::Digest;
use http::HeaderValue;
use moka::future::Cache;

/// A cache of package bytes, bounded by their sum. Bytes that are asked for by many at once are loaded once.
pub struct PackageCache {
    packages: Cache<Digest, Arc<CachedFile>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// A file's bytes, and what every answer with them says.
#[derive(Debug)]
pub struct CachedFile {
    /// The bytes, verified against their digest.
    pub bytes: Bytes,
    /// The digest, quoted.
    pub etag: HeaderValue,
}

impl CachedFile {
    /// Bytes that nothing vouches for.
    pub fn of(bytes: Bytes) -> Self {
        Self { etag: etag(Digest::of(&bytes)), bytes }
    }
}

/// What an entry costs beside its bytes: key, tag, counters, and the cache's own nodes.
const ENTRY_OVERHEAD: usize = 512;

impl PackageCache {
    /// An empty cache of at most `size` bytes; 0 keeps nothing.
    pub fn new(size: u64) -> Self {
        let weigh = |_: &Digest, file: &Arc<CachedFile>| {
            u32::try_from(file.bytes.len().saturating_add(ENTRY_OVERHEAD)).unwrap_or(u32::MAX)
        };
        let packages = Cache::builder().max_capacity(size).weigher(weigh).build();
        Self { packages, hits: AtomicU64::new(0), misses: AtomicU64::new(0) }
    }

    /// How often a file was in memory.
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// How often a file was not in memory.
    pub fn misses(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }

    /// What the files in memory take, about.
    pub fn bytes(&self) -> u64 {
        self.packages.weighted_size()
    }

    /// The bytes of a file, from memory or from the storage.
    ///
    /// # Errors
    /// As [`Catalogue::load`].
    pub async fn get(&self, catalogue: &Catalogue, location: &PackageLocation) -> Result<Arc<CachedFile>, LoadError> {
        if let Some(file) = self.packages.get(&location.digest).await {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(file);
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        let load = async {
            let bytes = catalogue.load(location).await?;
            Ok(Arc::new(CachedFile { bytes, etag: etag(location.digest) }))
        };
        // boxed: a request that finds the file in memory does not carry the future of one that does not
        Box::pin(self.packages.try_get_with(location.digest, load))
            .await
            .map_err(|error: Arc<LoadError>| (*error).clone())
    }
}

fn etag(digest: Digest) -> HeaderValue {
    HeaderValue::try_from(format!("\"{digest}\"")).expect("quoted hexadecimal digits are a header value")
}
