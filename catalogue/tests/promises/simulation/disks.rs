//! The local disks of replicas, and what a process may find there when it starts.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use catalogue::Catalogue;
use rand::RngExt;
use rand::rngs::StdRng;
use tempfile::TempDir;

use super::world::REPLICAS;
use crate::disk::copy;
use crate::packages::package;
use crate::site::{Site, publish};

/// What SQLite reads and writes at once.
const PAGE: usize = 4096;

/// What a process finds of the one before.
#[derive(Debug, Clone, Copy)]
enum Found {
    Kept,
    /// As it was some starts ago, as after a restored disk.
    Older,
    Nothing,
    /// Of another storage.
    Foreign,
    /// With a page of zeros.
    Spoilt,
    /// Cut off in the middle.
    Short,
}

pub struct Disks {
    root: TempDir,
    /// The folders that each replica used, newest last.
    used: Vec<Vec<PathBuf>>,
    count: u32,
}

impl Disks {
    pub async fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let site = Site::new();
        let options = catalogue::Options { database: Some(root.path().join("foreign")), ..site.options() };
        let replica = Catalogue::open(Arc::new(site.store.clone()), options).await.unwrap();
        publish(&replica, &package("foreign", "1.0.0", "")).await.unwrap();
        replica.close().await;
        Self { root, used: vec![Vec::new(); REPLICAS], count: 0 }
    }

    /// A folder for the next process of the replica. Each has its own, because one that was killed here does not let go
    /// of its files.
    pub fn next(&mut self, at: usize, rng: &mut StdRng) -> (PathBuf, String) {
        use Found::{Foreign, Kept, Nothing, Older, Short, Spoilt};
        self.count += 1;
        let folder = self.root.path().join(self.count.to_string());
        fs::create_dir_all(&folder).unwrap();
        let found = [Kept, Kept, Kept, Older, Nothing, Foreign, Spoilt, Short][rng.random_range(0..8)];
        let used = &self.used[at];
        let before = match found {
            Foreign => Some(self.root.path().join("foreign")),
            Older if !used.is_empty() => Some(used[rng.random_range(0..used.len())].clone()),
            _ => used.last().cloned(),
        };
        if let Some(before) = before.filter(|_| !matches!(found, Nothing)) {
            copy(&before, &folder);
        }
        let file = folder.join("catalogue.sqlite");
        if let Ok(mut bytes) = fs::read(&file) {
            match found {
                Spoilt if bytes.len() >= PAGE => {
                    let lost = rng.random_range(0..bytes.len() / PAGE) * PAGE;
                    bytes[lost..lost + PAGE].fill(0);
                    fs::write(&file, bytes).unwrap();
                }
                Short => fs::write(&file, &bytes[..bytes.len() / 2]).unwrap(),
                _ => {}
            }
        }
        self.used[at].push(folder.clone());
        (folder, format!("{found:?}"))
    }
}
