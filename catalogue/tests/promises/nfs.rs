//! Replicas on a shared volume, each on a machine of its own whose NFS client does what it may.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use catalogue::{Catalogue, DigestAlgorithm, Freshness, Options, PublishOutcome};
use chart::Package;
use chart::oci::{ContentDigest, Reference};
use futures_util::future::{join, join_all};
use futures_util::{StreamExt, stream};
use storage::filesystem::FileStore;
use storage::filesystem::nfs::Client;

use crate::calls::registry;
use crate::packages::package;
use crate::site::{bytes, index_text, overwrite, publish, root, version};
use crate::time::mix;

const WRITERS: u64 = 6;
const ROUNDS: u64 = 12;

async fn replica(root: &std::path::Path, client: &Arc<Client>) -> Catalogue {
    let (root, client) = (root.to_owned(), client.clone());
    let store = tokio::task::spawn_blocking(move || FileStore::open_over(root, client)).await.unwrap().unwrap();
    let options = Options {
        freshness: Freshness::Strict,
        stale_while_down: Duration::ZERO,
        follow_interval: Duration::ZERO,
        reconcile_interval: Duration::ZERO,
        ..Options::default()
    };
    Catalogue::open(Arc::new(store), options).await.unwrap()
}

/// A blob in a session of three requests, its manifest, and the end of both: each at a replica of its own.
async fn push_and_delete(replicas: &[&Catalogue; 5], name: &str, round: u64) {
    let [one, two, three, four, five] = replicas;
    let (to, tag) = (format!("org/{name}"), format!("r{round}"));
    let [first, second, third] = ["first ", "second ", "third "].map(|part| format!("{part}{round} of {name} "));
    let layer = [&*first, &*second, &*third].concat();
    let body = |text: &str| stream::iter([Ok(Bytes::copy_from_slice(text.as_bytes()))]).boxed();
    let of = registry::name(&to);
    let id = one.begin_upload(&of, DigestAlgorithm::Sha256).await.unwrap().id;
    two.append_upload(&of, id, None, body(&first)).await.unwrap();
    let session = three.append_upload(&of, id, None, body(&second)).await.unwrap();
    assert_eq!(session.size, (first.len() + second.len()) as u64);
    let digest = ContentDigest::of(layer.as_bytes());
    four.finish_upload(&of, id, None, body(&third), digest).await.unwrap();
    assert_eq!(registry::blob(five, &to, digest).await.unwrap(), layer);
    registry::add(one, &to, "{}").await;
    let manifest = registry::artifact("{}", &[&layer]);
    registry::put(two, &to, registry::tagged(&tag), &manifest).await.unwrap();
    let found = registry::manifest(three, &to, registry::tagged(&tag)).await;
    assert_eq!(found.unwrap(), manifest.to_string(), "{to}:{tag}");
    if !round.is_multiple_of(3) {
        let reference = Reference::Digest(registry::digest_of(&manifest));
        four.delete_manifest(&of, &reference).await.unwrap();
        assert!(!registry::tags(five, &to).await.unwrap().contains(&tag), "{to}:{tag}");
    }
}

#[tokio::test]
async fn what_one_machine_was_answered_all_machines_see() {
    let folder = tempfile::tempdir().unwrap();
    let clients = [1, 2, 3].map(|seed| Arc::new(Client::new(seed)));
    let replicas = join_all(clients.iter().map(|client| replica(folder.path(), client))).await;
    let at_work = AtomicUsize::new(WRITERS as usize);
    let write = async |writer: u64| {
        let chart = format!("chart{writer}");
        for round in 0..ROUNDS {
            let any = |n: u64| &replicas[(mix(writer, 10 * round + n) % 3) as usize];
            let text = format!("1.{round}.0");
            let (first, second) = (package(&chart, &text, "first"), package(&chart, &text, "second"));
            let is_there = async |n: u64, expected: &Package| {
                assert_eq!(bytes(any(n), &chart, &text).await.as_ref(), Some(expected.bytes()), "{chart} {text}");
            };
            assert_eq!(publish(any(0), &first).await, Ok(PublishOutcome::Created));
            is_there(1, &first).await;
            assert_eq!(overwrite(any(2), &second).await, Ok(PublishOutcome::Replaced));
            is_there(3, &second).await;
            if round % 3 > 0 {
                any(4).remove(&root(), &chart, &text).await.unwrap();
                assert_eq!(version(any(5), &chart, &text).await, None, "{chart} {text}");
            }
            if round % 3 > 1 {
                any(6).restore(&root(), &chart, &text).await.unwrap();
                is_there(7, &second).await;
            }
            push_and_delete(&[any(0), any(1), any(2), any(3), any(4)], &chart, round).await;
        }
        at_work.fetch_sub(1, Ordering::Relaxed);
    };
    let keep_house = async {
        let mut turn = 0;
        while at_work.load(Ordering::Relaxed) > 0 {
            let report = replicas[turn % 3].reconcile(false).await.unwrap();
            assert!(report.adopted.is_empty() && report.missing.is_empty() && report.ignored.is_empty(), "{report:?}");
            replicas[turn % 3].collect().await.unwrap();
            clients[turn % 3].forget();
            turn += 1;
        }
    };
    join(join_all((0..WRITERS).map(write)), keep_house).await;

    let texts = join_all(replicas.iter().map(async |replica| index_text(replica, &root()).await)).await;
    assert!(texts.iter().all(|text| *text == texts[0]));
    let kept = ROUNDS - ROUNDS / 3;
    assert_eq!(replicas[0].view().state.version_count() as u64, WRITERS * kept);
    assert_eq!(replicas[0].view().state.registry.tags.len() as u64, WRITERS * ROUNDS / 3);
    for (replica, client) in replicas.iter().zip(&clients) {
        assert_eq!(replica.view().state, replicas[0].view().state);
        let oddities = client.oddities();
        assert!(oddities.stale > 0 && oddities.repeated > 0 && oddities.kept > 0, "{oddities:?}");
        client.forget();
    }
    let report = replicas[1].scrub(true, Arc::new(|_, _| {})).await.unwrap();
    assert!(report.is_sound(), "{report:?}");
}

/// Why `strict` is refused on such a volume.
#[tokio::test]
async fn a_machine_that_remembers_absence_overlooks_for_a_while_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (there, here) = (Arc::new(Client::new(1)), Arc::new(Client::remembering_absence(2)));
    let (one, other) = (replica(folder.path(), &there).await, replica(folder.path(), &here).await);
    publish(&one, &package("web", "1.0.0", "")).await.unwrap();
    here.forget();
    assert!(version(&other, "web", "1.0.0").await.is_some());
    publish(&one, &package("web", "1.1.0", "")).await.unwrap();
    assert_eq!(version(&other, "web", "1.1.0").await, None, "the next entry was not there when it looked before");
    // its own entry finds the number taken, and what it overlooked
    publish(&other, &package("web", "1.2.0", "")).await.unwrap();
    assert!(version(&other, "web", "1.1.0").await.is_some());
    assert!(version(&one, "web", "1.2.0").await.is_some());
    assert_eq!(one.view().state, other.view().state);
}
