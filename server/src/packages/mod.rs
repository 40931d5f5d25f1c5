//! Packages on their way to clients: small ones from memory, by digest; large ones from the local disk.

mod flights;
mod kept;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use catalogue::{Catalogue, LoadError, PackageLocation, Spooled};
use chart::Digest;
use http::HeaderValue;
use tokio::sync::Semaphore;

use crate::config;
use flights::Flights;
use kept::Kept;

/// Large packages that are copied to the local disk at the same time: each holds a piece of its package in memory.
const COPIES: usize = 8;

/// What packages may take in memory beside those that are kept, while they are sent to clients who take their time. What
/// is asked for beyond that goes the way of large packages.
const IN_PASSING: u64 = 64 * 1024 * 1024;

/// A cache of package bytes, bounded by their sum. Bytes that are asked for by many at once are loaded once.
pub struct PackageCache {
    settings: config::Packages,
    kept: Kept,
    loads: Flights<Digest, Result<Option<Arc<CachedFile>>, LoadError>>,
    /// What loaded files take, whether they are kept or only being sent.
    in_memory: Arc<AtomicU64>,
    copies: Flights<Digest, Result<Arc<Spooled>, LoadError>>,
    /// Large packages that are being sent: who comes meanwhile shares the copy.
    on_disk: Mutex<HashMap<Digest, Weak<Spooled>>>,
    copying: Semaphore,
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
    /// Given back with the bytes.
    _share: Option<Share>,
}

impl CachedFile {
    /// Bytes that nothing vouches for.
    pub fn of(bytes: Bytes) -> Self {
        Self { etag: etag(Digest::of(&bytes)), bytes, _share: None }
    }
}

/// A file to be sent.
#[derive(Debug, Clone)]
pub enum Package {
    /// From memory.
    Whole(Arc<CachedFile>),
    /// From the local disk.
    Large(Arc<Spooled>),
}

/// A part of the memory for packages.
#[derive(Debug)]
struct Share {
    of: Arc<AtomicU64>,
    size: u64,
}

impl Share {
    /// Takes a part, if all parts together then stay within a bound.
    fn take(of: &Arc<AtomicU64>, size: u64, bound: u64) -> Option<Self> {
        let more = |taken: u64| taken.checked_add(size).filter(|sum| *sum <= bound);
        of.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Self { of: Arc::clone(of), size })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.of.fetch_sub(self.size, Ordering::Relaxed);
    }
}

impl PackageCache {
    /// An empty cache.
    pub fn new(settings: config::Packages) -> Self {
        Self {
            kept: Kept::new(settings.cache_size),
            settings,
            loads: Flights::default(),
            in_memory: Arc::default(),
            copies: Flights::default(),
            on_disk: Mutex::default(),
            copying: Semaphore::new(COPIES),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    /// How often a file was in memory.
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::Relaxed)
    }

    /// How often a file was not in memory.
    pub fn misses(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }

    /// What the files take that are kept in memory.
    pub fn bytes(&self) -> u64 {
        self.kept.bytes()
    }

    /// Whether a file of this size is never held in memory to be sent.
    pub fn is_large(&self, size: u64) -> bool {
        size > self.settings.stream_above
    }

    /// The bytes of a file, for those who read them as a whole.
    ///
    /// # Errors
    /// As [`Catalogue::load`].
    pub async fn get(&self, catalogue: &Catalogue, location: &PackageLocation) -> Result<Arc<CachedFile>, LoadError> {
        match self.look(location) {
            Some(file) => Ok(file),
            // boxed: a request that finds the file in memory does not carry the future of one that does not
            None => loop {
                // none if it was joined to a load that had no room
                if let Some(file) = Box::pin(self.load(catalogue, location, u64::MAX)).await? {
                    return Ok(file);
                }
            },
        }
    }

    /// A file, to be sent. Memory holds it only while there is room for it.
    ///
    /// # Errors
    /// As [`Catalogue::load`] and [`Catalogue::spool`].
    pub async fn open(&self, catalogue: &Catalogue, location: &PackageLocation) -> Result<Package, LoadError> {
        if self.is_large(location.size) {
            return Box::pin(self.copy(catalogue, location)).await.map(Package::Large);
        }
        if let Some(file) = self.look(location) {
            return Ok(Package::Whole(file));
        }
        let bound = self.settings.cache_size.saturating_add(IN_PASSING);
        match Box::pin(self.load(catalogue, location, bound)).await? {
            Some(file) => Ok(Package::Whole(file)),
            None => Box::pin(self.copy(catalogue, location)).await.map(Package::Large),
        }
    }

    fn look(&self, location: &PackageLocation) -> Option<Arc<CachedFile>> {
        let found = self.kept.find(&location.digest);
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    /// None if all files together would then be above the bound.
    async fn load(
        &self,
        catalogue: &Catalogue,
        location: &PackageLocation,
        bound: u64,
    ) -> Result<Option<Arc<CachedFile>>, LoadError> {
        let load = async {
            // another may have landed since this one looked
            if let Some(file) = self.kept.find(&location.digest) {
                return Ok(Some(file));
            }
            let Some(share) = Share::take(&self.in_memory, location.size, bound) else { return Ok(None) };
            let bytes = catalogue.load(location).await?;
            let file = Arc::new(CachedFile { bytes, etag: etag(location.digest), _share: Some(share) });
            self.kept.keep(location.digest, &file);
            Ok(Some(file))
        };
        self.loads.join(location.digest, load).await
    }

    async fn copy(&self, catalogue: &Catalogue, location: &PackageLocation) -> Result<Arc<Spooled>, LoadError> {
        let shared = || self.on_disk.lock().unwrap_or_else(PoisonError::into_inner);
        let copy = async {
            if let Some(copy) = shared().get(&location.digest).and_then(Weak::upgrade) {
                return Ok(copy);
            }
            // never closed
            let _turn = self.copying.acquire().await;
            let copy = Arc::new(catalogue.spool(location).await?);
            let mut shared = shared();
            shared.retain(|_, copy| copy.strong_count() > 0);
            shared.insert(location.digest, Arc::downgrade(&copy));
            Ok(copy)
        };
        self.copies.join(location.digest, copy).await
    }
}

/// The entity tag of bytes with this digest.
pub fn etag(digest: Digest) -> HeaderValue {
    HeaderValue::try_from(format!("\"{digest}\"")).expect("quoted hexadecimal digits are a header value")
}
