mod recovery;
mod restart;
mod schema;

use std::path::Path;
use std::sync::Arc;

use chart::index::Page;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;
use crate::history::{Moment, choices, history, storage};
use crate::view::View;
use crate::{IndexOptions, snapshot};

const FINGERPRINT: &str = "1/defaults";

/// A history and the views that follow it.
struct Followed {
    moments: Vec<Moment>,
    updates: Vec<Update>,
    view: View,
}

fn follow(moments: Vec<Moment>) -> Followed {
    let nothing = Arc::new(State::empty(storage()));
    let mut view = View::render(nothing, Arc::new(IndexOptions::default()), StoredRegions::new());
    let updates = moments.iter().map(|Moment { state, touched }| {
        let regions;
        (view, regions) = view.follow(state.clone(), touched);
        Update { state: state.clone(), touched: touched.clone(), regions }
    });
    let updates = updates.collect();
    Followed { moments, updates, view }
}

/// The same history in every run, with about so many entries.
fn some_history(entries: usize) -> Followed {
    let choices = prop::collection::vec(choices(entries), 1).new_tree(&mut TestRunner::deterministic()).unwrap();
    follow(history(&choices.current()[0]))
}

/// Everything that a file told, comparable.
fn told(loaded: &Loaded) -> (String, Vec<u8>, String) {
    let hashes = |pages: &Vec<Page>| pages.iter().map(Page::hash).collect::<Vec<_>>();
    let regions = loaded.regions.as_ref();
    let regions = regions.map(|regions| regions.iter().map(|(key, pages)| (key, hashes(pages))).collect::<Vec<_>>());
    (format!("{:?}", loaded.state), snapshot::encode(&loaded.state), format!("{regions:?}"))
}

/// The same of a view.
fn shown(view: &View) -> (String, Vec<u8>, String) {
    let regions = view.regions().map(|changed| ((changed.repository, changed.region), changed.pages)).collect();
    told(&Loaded { state: (*view.state).clone(), regions: Some(regions) })
}

async fn open(folder: &Path) -> Database {
    open_for(folder, storage()).await
}

async fn open_for(folder: &Path, storage: Uuid) -> Database {
    Database::open(folder, storage).await.unwrap()
}

/// What a process finds that starts now.
async fn reopened(folder: &Path) -> Option<Loaded> {
    let database = open(folder).await;
    let loaded = database.load(FINGERPRINT).await.unwrap();
    database.close().await;
    loaded
}

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

#[test]
fn a_new_file_holds_nothing() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        assert!(reopened(&folder.path().join("made/on/the/way")).await.is_none());
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However the updates are cut into transactions and between processes, the file holds what one made at once holds.
    #[test]
    fn partial_updates_lead_where_one_whole_write_does(
        choices in choices(20),
        cuts in prop::collection::vec(0..4_u8, 20),
    ) {
        run(async {
            let Followed { updates, view, .. } = follow(history(&choices));
            let (partial, whole) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());

            let mut database = open(partial.path()).await;
            let nothing = Arc::new(State::empty(storage()));
            database.replace(nothing, Vec::new(), FINGERPRINT);
            for (update, cut) in updates.into_iter().zip(cuts) {
                let state = update.state.clone();
                database.record(update);
                match cut {
                    0 => database.flush().await,
                    1 => {
                        database.close().await;
                        database = open(partial.path()).await;
                        let loaded = database.load(FINGERPRINT).await.unwrap().unwrap();
                        prop_assert_eq!(loaded.state.sequence, state.sequence);
                    }
                    _ => {}
                }
            }
            database.close().await;
            prop_assert_eq!(database.failure(), None);

            let database = open(whole.path()).await;
            database.replace(view.state.clone(), view.regions().collect(), FINGERPRINT);
            database.close().await;

            let expected = shown(&view);
            prop_assert_eq!(&told(&reopened(whole.path()).await.unwrap()), &expected);
            prop_assert_eq!(&told(&reopened(partial.path()).await.unwrap()), &expected);
            Ok(())
        })?;
    }
}

#[test]
fn updates_without_a_base_write_the_whole_state() {
    run(async {
        let Followed { moments, updates, .. } = some_history(12);
        let folder = tempfile::tempdir().unwrap();
        let database = open(folder.path()).await;
        database.record(updates.last().unwrap().clone());
        database.close().await;
        let loaded = reopened(folder.path()).await.unwrap();
        assert_eq!(format!("{:?}", loaded.state), format!("{:?}", moments.last().unwrap().state));
        assert!(loaded.regions.is_none(), "they are not known to be all pages");
    });
}

#[test]
fn pages_that_were_rendered_otherwise_are_not_returned_and_never_mixed() {
    run(async {
        let Followed { updates, view, .. } = some_history(12);
        let folder = tempfile::tempdir().unwrap();
        let database = open(folder.path()).await;
        database.replace(view.state.clone(), view.regions().collect(), "1/another");
        database.close().await;

        let database = open(folder.path()).await;
        let loaded = database.load(FINGERPRINT).await.unwrap().unwrap();
        assert_eq!(loaded.state.sequence, view.state.sequence);
        assert!(loaded.regions.is_none());
        database.record(updates.last().unwrap().clone());
        database.close().await;
        assert!(reopened(folder.path()).await.unwrap().regions.is_none());

        let database = open(folder.path()).await;
        database.load(FINGERPRINT).await.unwrap();
        database.replace(view.state.clone(), view.regions().collect(), FINGERPRINT);
        database.close().await;
        assert_eq!(told(&reopened(folder.path()).await.unwrap()), shown(&view));
    });
}

#[test]
fn what_waits_is_written_when_the_last_handle_is_dropped() {
    run(async {
        let Followed { updates, view, .. } = some_history(12);
        let folder = tempfile::tempdir().unwrap();
        let database = open(folder.path()).await;
        let other = database.clone();
        for update in updates {
            database.record(update);
        }
        drop(database);
        drop(other);
        assert_eq!(reopened(folder.path()).await.unwrap().state.sequence, view.state.sequence);
    });
}

#[test]
fn nothing_is_recorded_after_closing() {
    run(async {
        let Followed { updates, .. } = some_history(12);
        let folder = tempfile::tempdir().unwrap();
        let database = open(folder.path()).await;
        database.record(updates[0].clone());
        database.close().await;
        database.record(updates[1].clone());
        database.flush().await;
        database.close().await;
        database.replace(updates[1].state.clone(), Vec::new(), FINGERPRINT);
        database.flush().await;
        assert_eq!(reopened(folder.path()).await.unwrap().state.sequence, 1);
    });
}
