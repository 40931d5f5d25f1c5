use bytes::Bytes;
use rand::RngExt;
use rand::rngs::StdRng;
use reqwest::Method;

use super::Site;
use super::ask::Ask;
use super::blobs::put_manifest;
use super::model::Name;
use crate::{descriptor, image, sha256};

/// Tags that a pusher keeps.
const KEPT: usize = 20;
/// Layers are this large at most, in bytes.
const LARGEST: usize = 60_000;
/// Actors are numbered.
const PUSHER: u64 = 300;

/// A tag of a pusher.
struct Own {
    tag: String,
    /// The manifest that it stands at.
    manifest: Option<String>,
    /// An attempt whose end nobody knows may still be under way somewhere.
    is_final: bool,
}

struct Pusher<'a> {
    site: &'a Site,
    random: StdRng,
    repository: String,
    /// The next tag, and the next content.
    next: u64,
    own: Vec<Own>,
}

impl Site {
    /// Pushes, tags and deletes what is no chart until the soak is over. Nobody else changes this name.
    pub(super) async fn push(&self, number: u64) {
        let (random, repository) = (self.random(PUSHER + number), format!("artifacts/of{number}"));
        let mut pusher = Pusher { site: self, random, repository, next: 0, own: Vec::new() };
        while !self.is_over() {
            pusher.act().await;
        }
    }
}

impl Pusher<'_> {
    async fn act(&mut self) {
        if self.own.iter().filter(|own| own.manifest.is_some()).count() > KEPT {
            let oldest = self.own.iter().position(|own| own.manifest.is_some()).expect("there are many");
            return self.remove(oldest).await;
        }
        let changeable = |exists: bool| {
            let chosen =
                self.own.iter().enumerate().filter(|(_, own)| own.manifest.is_some() == exists && !own.is_final);
            chosen.map(|(index, _)| index).collect::<Vec<_>>()
        };
        let (present, absent) = (changeable(true), changeable(false));
        let any = self.random.random_range(0..=usize::MAX >> 1);
        let changes = &self.site.counts.artifacts;
        match self.random.random_range(0..100) {
            0..20 if !present.is_empty() => {
                self.put(present[any % present.len()]).await;
                self.site.counts.tags_moved.add();
            }
            20..35 if !present.is_empty() => self.remove(present[any % present.len()]).await,
            35..50 if !absent.is_empty() => {
                self.put(absent[any % absent.len()]).await;
                changes.published_again.add();
            }
            _ => {
                self.next += 1;
                let tag = format!("build-{}", self.next);
                self.own.push(Own { tag, manifest: None, is_final: false });
                self.put(self.own.len() - 1).await;
                changes.published.add();
            }
        }
    }

    fn name(&self, reference: &str) -> Name {
        (self.repository.clone(), reference.to_owned())
    }

    /// Pushes a new manifest and lets the tag stand at it.
    async fn put(&mut self, index: usize) {
        let (site, tag) = (self.site, self.own[index].tag.clone());
        self.next += 1;
        let size = self.random.random_range(0..LARGEST);
        let layer = format!("{} {} {}", site.soak.seed, self.next, "layer".repeat(size / 5));
        site.push_blob(&mut self.random, &self.repository, Bytes::from_static(b"{}")).await;
        site.push_blob(&mut self.random, &self.repository, layer.clone().into()).await;
        let config = descriptor("application/vnd.example.config.v1+json", b"{}");
        let manifest = image(config, &[descriptor("application/vnd.example.layer.v1", layer.as_bytes())]).to_string();
        let digest = sha256(manifest.as_bytes());
        let names = [self.name(&tag), self.name(&digest)];
        for name in &names {
            site.artifacts.borrow_mut().begin(name, Some(digest.clone()));
        }
        let ask = put_manifest(&self.repository, &tag, manifest);
        let (answer, is_doubtful) = site.ask(&mut self.random, &ask).await;
        site.expect(&answer, &[201]);
        for name in &names {
            match answer.status {
                201 => site.artifacts.borrow_mut().settle(name, Some(digest.clone())),
                _ => site.artifacts.borrow_mut().open(name),
            }
        }
        let own = &mut self.own[index];
        (own.manifest, own.is_final) = (Some(digest), own.is_final || is_doubtful);
        self.read_back(&names).await;
    }

    /// Deletes the tag alone, or the manifest that it stands at.
    async fn remove(&mut self, index: usize) {
        let (site, tag) = (self.site, self.own[index].tag.clone());
        let digest = self.own[index].manifest.take().expect("only what exists is removed");
        let mut names = vec![self.name(&tag)];
        if self.random.random_range(0..2) == 0 {
            names.push(self.name(&digest));
        }
        for name in &names {
            site.artifacts.borrow_mut().begin(name, None);
        }
        let reference = &names[names.len() - 1].1;
        let path = format!("/v2/{}/manifests/{reference}", self.repository);
        let (answer, is_doubtful) = site.ask(&mut self.random, &Ask::new(Method::DELETE, path)).await;
        let own = &mut self.own[index];
        match answer.status {
            202 => {}
            404 if is_doubtful || own.is_final => {}
            _ => site.expect(&answer, &[202]),
        }
        for name in &names {
            site.artifacts.borrow_mut().settle(name, None);
            if own.is_final {
                // a push that is still under way brings it back, and rightly so
                site.artifacts.borrow_mut().open(name);
            }
        }
        own.is_final |= is_doubtful;
        site.counts.artifacts.removed.add();
        self.read_back(&names).await;
    }

    /// What was just answered is true wherever one asks.
    async fn read_back(&mut self, names: &[Name]) {
        let site = self.site;
        for name in names {
            site.read_artifact(&mut self.random, name).await;
        }
        site.list_tags(&mut self.random, &site.artifacts, &self.repository).await;
    }
}
