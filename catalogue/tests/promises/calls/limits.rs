//! Limits of a repository, and uploads of several files: each is one commit.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use catalogue::{Catalogue, CommitError, PublishOutcome, Terms, Upload};
use chart::Package;
use storage::Operation;
use storage::faulty::{Faulty, Plan};

use crate::packages::{package, provenance};
use crate::site::{Site, bytes, overwrite, publish, root, signature, version};

fn versions_per_chart(limit: usize) -> Terms {
    Terms { versions_per_chart: NonZeroUsize::new(limit), ..Terms::default() }
}

fn files_per_repository(limit: usize) -> Terms {
    Terms { files_per_repository: NonZeroUsize::new(limit), ..Terms::default() }
}

/// Packages, each with a provenance if so.
fn upload(packages: &[&Package], signed: bool) -> Upload {
    let provenances = packages.iter().filter(|_| signed).map(|package| provenance(package, 7)).collect();
    Upload { packages: packages.iter().map(|package| (*package).clone()).collect(), provenances }
}

async fn put(replica: &Catalogue, name: &str, text: &str, terms: Terms) -> Result<PublishOutcome, CommitError> {
    replica.upload(&root(), upload(&[&package(name, text, "")], true), terms).await
}

async fn versions(replica: &Catalogue, name: &str) -> Vec<String> {
    let view = replica.checked().await.unwrap().view;
    let chart = view.state.repository(&root()).and_then(|repository| repository.chart(name)).cloned();
    chart.iter().flat_map(|chart| &chart.versions).map(|version| version.version.to_string()).collect()
}

/// Q-F13: by version order, complete with provenance, in the upload's own commit, and as many as there are too many.
#[tokio::test(start_paused = true)]
async fn q_f13_the_lowest_versions_give_way() {
    let site = Site::new();
    let replica = site.replica().await;
    for text in ["1.10.0", "1.9.0", "2.0.0-rc.1", "0.1.0"] {
        put(&replica, "web", text, Terms::default()).await.unwrap();
    }
    put(&replica, "web-service", "0.0.1", Terms::default()).await.unwrap();
    let before = replica.view().state.sequence;
    put(&replica, "web", "1.11.0", versions_per_chart(3)).await.unwrap();
    assert_eq!(replica.view().state.sequence, before + 1, "one commit");
    assert_eq!(versions(&replica, "web").await, ["2.0.0-rc.1", "1.11.0", "1.10.0"]);
    assert_eq!(versions(&replica, "web-service").await, ["0.0.1"]);
    assert!(site.keys("web-0.1.0").await.is_empty() && site.keys("web-1.9.0").await.is_empty());
    assert_eq!(site.keys(".chandlery/trash/").await.len(), 4, "packages and provenances");
    replica.restore(&root(), "web", "1.9.0").await.unwrap();
    assert!(signature(&replica, &package("web", "1.9.0", "")).await.is_some());
}

/// Q-F12: what was just uploaded stays, whatever its version; an overwrite adds no version.
#[tokio::test(start_paused = true)]
async fn q_f12_the_version_just_uploaded_never_gives_way() {
    let site = Site::new();
    let replica = site.replica().await;
    let limit = versions_per_chart(2);
    for text in ["2.0.0", "3.0.0", "1.0.0"] {
        put(&replica, "web", text, limit).await.unwrap();
    }
    assert_eq!(versions(&replica, "web").await, ["3.0.0", "1.0.0"]);
    let new = package("web", "1.0.0", "new");
    let terms = Terms { overwrite: true, ..limit };
    assert_eq!(replica.upload(&root(), upload(&[&new], false), terms).await, Ok(PublishOutcome::Replaced));
    assert_eq!(versions(&replica, "web").await, ["3.0.0", "1.0.0"]);
    assert_eq!(bytes(&replica, "web", "1.0.0").await.unwrap(), new.bytes());
    let (four, five) = (package("web", "0.4.0", ""), package("web", "0.5.0", ""));
    replica.upload(&root(), upload(&[&four, &five], false), versions_per_chart(1)).await.unwrap();
    assert_eq!(versions(&replica, "web").await, ["0.5.0", "0.4.0"], "both were just uploaded");
}

#[tokio::test(start_paused = true)]
async fn racing_uploads_on_two_replicas_keep_the_limits() {
    let site = Site::new();
    let replicas = [site.replica().await, site.replica().await];
    let at_once = |terms: Terms, name: &'static str| {
        let uploads = (0..16).map(|n| {
            let replica = replicas[n % 2].clone();
            tokio::spawn(async move { put(&replica, name, &format!("1.{n}.0"), terms).await })
        });
        futures_util::future::join_all(uploads.collect::<Vec<_>>())
    };
    for answer in at_once(versions_per_chart(3), "web").await {
        assert_eq!(answer.unwrap(), Ok(PublishOutcome::Created));
    }
    for replica in &replicas {
        assert_eq!(versions(replica, "web").await.len(), 3);
    }
    // three packages with their provenance are there
    let answers = at_once(files_per_repository(11), "other").await;
    let created = answers.iter().filter(|answer| *answer.as_ref().unwrap() == Ok(PublishOutcome::Created)).count();
    let full = answers.iter().filter(|answer| *answer.as_ref().unwrap() == Err(CommitError::Full)).count();
    assert_eq!((created, full), (2, 14));
    assert_eq!(site.keys("other").await.len(), 4, "a refusal leaves nothing");
}

/// Q-F14: packages and provenances count, nothing else; what replaces a file adds none.
#[tokio::test(start_paused = true)]
async fn q_f14_a_full_repository_takes_no_further_file() {
    let site = Site::new();
    site.place("index-cache.yaml", "apiVersion: v1\nentries: {}\n").await;
    site.place("notes.txt", "a stray").await;
    let replica = site.replica().await;
    let limit = files_per_repository(2);
    let one = package("web", "1.0.0", "");
    replica.upload(&root(), upload(&[&one], false), limit).await.unwrap();
    assert_eq!(put(&replica, "web", "2.0.0", limit).await, Err(CommitError::Full), "it is two files");
    assert_eq!(site.keys("web-2").await, [""; 0]);
    let (signed, text) = provenance(&one, 1);
    let alone =
        |text: &bytes::Bytes| Upload { packages: Vec::new(), provenances: vec![(signed.clone(), text.clone())] };
    replica.upload(&root(), alone(&text), limit).await.unwrap();
    let before = replica.view().state.sequence;
    for refused in [upload(&[&package("other", "1.0.0", "")], false), upload(&[&one, &package("x", "1.0.0", "")], true)]
    {
        let terms = Terms { overwrite: true, ..limit };
        assert_eq!(replica.upload(&root(), refused, terms).await, Err(CommitError::Full));
    }
    assert_eq!(replica.view().state.sequence, before, "nobody fills the journal with refusals");
    let terms = Terms { overwrite: true, ..limit };
    replica.upload(&root(), alone(&provenance(&one, 2).1), terms).await.unwrap();
    let new = package("web", "1.0.0", "new");
    assert_eq!(replica.upload(&root(), upload(&[&new], true), terms).await, Ok(PublishOutcome::Replaced));
    // a lower limit than what is there: nothing may be added, all may be replaced
    let full = Terms { overwrite: true, ..files_per_repository(1) };
    replica.upload(&root(), upload(&[&one], true), full).await.unwrap();
    assert_eq!(
        replica.upload(&root(), upload(&[&package("x", "1.0.0", "")], false), full).await,
        Err(CommitError::Full)
    );
    // what gives way makes room
    let both = Terms { files_per_repository: NonZeroUsize::new(2), ..versions_per_chart(1) };
    put(&replica, "web", "3.0.0", both).await.unwrap();
    assert_eq!(versions(&replica, "web").await, ["3.0.0"]);
    replica.upload(&crate::site::path("team"), upload(&[&one], false), full).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn several_files_are_one_commit_or_nothing() {
    let site = Site::new();
    let replica = site.replica().await;
    let (web, db) = (package("web", "1.0.0", ""), package("db", "1.0.0", ""));
    let stranger = package("stranger", "1.0.0", "");
    let mut all = upload(&[&web, &db], true);
    all.provenances.push(provenance(&stranger, 1));
    let before = replica.view().state.sequence;
    assert_eq!(replica.upload(&root(), all.clone(), Terms::default()).await, Ok(PublishOutcome::Created));
    assert_eq!(replica.view().state.sequence, before + 1);
    for package in [&web, &db, &stranger] {
        assert!(signature(&replica, package).await.is_some());
    }
    assert_eq!(bytes(&replica, "db", "1.0.0").await.unwrap(), db.bytes());
    // any of them is enough for a refusal of all
    let before = site.keys("").await;
    let new = package("new", "1.0.0", "");
    let mut one_exists = upload(&[&new], true);
    one_exists.provenances.push(provenance(&stranger, 2));
    for refused in [upload(&[&new, &db], false), one_exists] {
        assert_eq!(replica.upload(&root(), refused, Terms::default()).await, Err(CommitError::Exists));
    }
    assert_eq!(site.keys("").await, before, "a refusal leaves nothing");
    assert_eq!(version(&replica, "new", "1.0.0").await, None);
}

/// The provenance is the first to exist: the upload that brings another one with its package is refused, not half done.
#[tokio::test(start_paused = true)]
async fn a_provenance_that_exists_refuses_the_upload_that_brings_another() {
    let site = Site::new();
    let slow = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
    let here = Catalogue::open(slow.clone(), site.options()).await.unwrap();
    let there = site.replica().await;
    let package = package("web", "1.0.0", "");
    // between the first look of one upload and its commit the other commits
    slow.set_plan(Plan::delay(Duration::from_secs(5)).only([Operation::PutNew]).under(["web-1.0.0.tgz"]));
    let late = upload(&[&package], true);
    let late = tokio::spawn(async move { here.upload(&root(), late, Terms::default()).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (signed, first) = provenance(&package, 1);
    there.publish_provenance(&root(), &signed, first.clone(), false).await.unwrap();
    assert_eq!(late.await.unwrap(), Err(CommitError::Exists));
    assert_eq!(version(&there, "web", "1.0.0").await, None);
    assert_eq!(signature(&there, &package).await.unwrap(), first);
    // with what is there already it may come: a crash may have left it
    there.publish(&root(), &package, Some((&signed, first.clone())), false).await.unwrap();
    assert_eq!(signature(&there, &package).await.unwrap(), first);
}

/// Two removals of one file in one entry would be one in the trash.
#[tokio::test(start_paused = true)]
async fn what_is_removed_twice_at_once_is_in_two_entries() {
    let site = Site::new();
    let slow = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
    let replica = Catalogue::open(slow.clone(), site.options()).await.unwrap();
    let delay = Plan::delay(Duration::from_secs(8)).only([Operation::PutNew]).under([".chandlery/journal/"]);
    slow.set_plan(delay);
    let before = replica.view().state.sequence;
    // while the first is being committed the others gather
    let mut steps =
        vec![spawn(&replica, |replica| async move { publish(&replica, &package("first", "1.0.0", "")).await.is_ok() })];
    for (n, step) in ["publish", "remove", "overwrite", "remove"].into_iter().enumerate() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let done = spawn(&replica, move |replica| async move {
            match step {
                "remove" => replica.remove(&root(), "web", "1.0.0").await.is_ok(),
                "publish" => publish(&replica, &package("web", "1.0.0", "")).await.is_ok(),
                _ => overwrite(&replica, &package("web", "1.0.0", &n.to_string())).await.is_ok(),
            }
        });
        steps.push(done);
    }
    for step in steps {
        assert!(step.await.unwrap());
    }
    assert_eq!(replica.view().state.sequence, before + 3);
    assert_eq!(replica.view().state.repository(&root()).unwrap().trash.len(), 2, "each can be restored");
    assert_eq!(version(&replica, "web", "1.0.0").await, None);
}

fn spawn<F>(replica: &Catalogue, step: impl FnOnce(Catalogue) -> F) -> tokio::task::JoinHandle<bool>
where
    F: Future<Output = bool> + Send + 'static,
{
    tokio::spawn(step(replica.clone()))
}
