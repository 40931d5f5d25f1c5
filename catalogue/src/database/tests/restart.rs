//! A whole catalogue that stops and starts again on its file.

use bytes::Bytes;
use chart::{Limits, Package};
use flate2::Compression;
use flate2::write::GzEncoder;
use storage::ObjectStore;
use storage::memory::MemoryStore;

use super::*;
use crate::start::fingerprint;
use crate::{Catalogue, Options, RepositoryPath, Status};

fn package(version: &str) -> Package {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let chart = format!("apiVersion: v2\nname: redis\nversion: {version}\n");
    let mut header = tar::Header::new_gnu();
    header.set_size(chart.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "redis/Chart.yaml", chart.as_bytes()).unwrap();
    Package::parse(tar.into_inner().unwrap().finish().unwrap().into(), &Limits::default()).unwrap()
}

fn index(catalogue: &Catalogue) -> Vec<Bytes> {
    let view = catalogue.view();
    view.repository_or_empty(&RepositoryPath::root()).index().identity.frames.to_vec()
}

#[test]
fn a_catalogue_starts_where_it_stopped() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(MemoryStore::new());
        let root = RepositoryPath::root();
        let mut index_before = Vec::new();
        for (start, version) in ["1.0.0", "2.0.0", "1.0.1"].into_iter().enumerate() {
            let options = Options { database: Some(folder.path().to_owned()), ..Options::default() };
            let catalogue = Catalogue::open(store.clone(), options.clone()).await.unwrap();
            assert_eq!(catalogue.view().state.version_count(), start);
            assert!(start == 0 || index(&catalogue) == index_before);

            catalogue.publish(&root, &package(version), None, false).await.unwrap();
            catalogue.remove(&root, "redis", version).await.unwrap();
            catalogue.restore(&root, "redis", version).await.unwrap();
            index_before = index(&catalogue);
            let Status { sequence, degraded, .. } = catalogue.status();
            assert_eq!(degraded, [""; 0]);
            let view = catalogue.view();
            catalogue.close().await;

            let database = open_for(folder.path(), view.state.storage).await;
            let loaded = database.load(&fingerprint(&options.index)).await.unwrap().unwrap();
            database.close().await;
            assert_eq!(loaded.state.sequence, sequence);
            assert_eq!(told(&loaded), shown(&view));
        }
    });
}

#[test]
fn a_second_replica_on_the_same_folder_serves_without_a_file() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(MemoryStore::new());
        let root = RepositoryPath::root();
        let options = Options { database: Some(folder.path().to_owned()), ..Options::default() };
        let first = Catalogue::open(store.clone(), options.clone()).await.unwrap();
        let second = Catalogue::open(store, options).await.unwrap();
        second.publish(&root, &package("1.0.0"), None, false).await.unwrap();
        first.publish(&root, &package("2.0.0"), None, false).await.unwrap();
        second.close().await;
        let view = first.view();
        first.close().await;
        let database = open_for(folder.path(), view.state.storage).await;
        let loaded = database.load("any").await.unwrap().unwrap();
        assert_eq!((loaded.state.sequence, loaded.state.version_count()), (view.state.sequence, 2));
    });
}

/// The storage went back to an earlier copy, and another history began there: the file on disk knows entries that never
/// happened.
#[test]
fn a_catalogue_that_is_ahead_of_its_storage_is_not_believed() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(MemoryStore::new());
        let root = RepositoryPath::root();
        let kept = Options {
            database: Some(folder.path().to_owned()),
            reconcile_interval: std::time::Duration::ZERO,
            ..Options::default()
        };
        let before = Catalogue::open(store.clone(), kept.clone()).await.unwrap();
        before.publish(&root, &package("1.0.0"), None, false).await.unwrap();
        let rolled_back_to = before.status().sequence;
        before.publish(&root, &package("2.0.0"), None, false).await.unwrap();
        before.publish(&root, &package("3.0.0"), None, false).await.unwrap();
        let last = before.status().sequence;
        before.close().await;
        for sequence in rolled_back_to + 1..=last {
            store.delete(&crate::layout::journal(sequence)).await.unwrap();
        }
        for version in ["2.0.0", "3.0.0"] {
            let key = crate::layout::flat(&root, &format!("redis-{version}.tgz")).unwrap();
            store.delete(&key).await.unwrap();
        }
        let elsewhere = Options { database: None, ..kept.clone() };
        let other = Catalogue::open(store.clone(), elsewhere).await.unwrap();
        for version in ["7.0.0", "8.0.0", "9.0.0"] {
            other.publish(&root, &package(version), None, false).await.unwrap();
        }
        let again = Catalogue::open(store, kept).await.unwrap();
        assert_eq!(again.view().state.version_count(), 4);
        assert_eq!(index(&again), index(&other));
    });
}
