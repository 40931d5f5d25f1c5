//! Placeholder until the database lands.
use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use crate::State;
use crate::state::Touched;
use crate::view::{ChangedRegion, StoredRegions};

#[derive(Clone)]
pub struct Database;
pub struct Update {
    pub state: Arc<State>,
    pub touched: Touched,
    pub regions: Vec<ChangedRegion>,
}
pub struct Loaded {
    pub state: State,
    pub regions: StoredRegions,
}
impl Database {
    pub async fn open(_folder: &Path, _storage: Uuid) -> Result<Self, std::io::Error> {
        Ok(Self)
    }
    pub async fn load(&self, _fingerprint: &str) -> Result<Option<Loaded>, std::io::Error> {
        Ok(None)
    }
    pub fn record(&self, _update: Update) {}
    pub async fn replace(
        &self,
        _state: Arc<State>,
        _regions: Vec<ChangedRegion>,
        _fingerprint: &str,
    ) -> Result<(), std::io::Error> {
        Ok(())
    }
    pub async fn close(&self) {}
}
