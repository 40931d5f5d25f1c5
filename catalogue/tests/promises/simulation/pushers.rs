//! Clients of the registry. One stays with its replica, whatever becomes of it; another asks any replica that runs, and turns
//! to the next one when it has waited for too long.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use catalogue::{
    Catalogue, ManifestStored, PublishOutcome, PutManifest, RegistryError, Terms, UploadBody, UploadError,
};
use chart::oci::{ContentDigest, Reference, RegistryName, Tag};
use chart::{Digest, Package};
use futures_util::{StreamExt, stream};
use rand::RngExt;
use rand::rngs::StdRng;
use tokio::time::{Instant, timeout};

use super::content::Content;
use super::history::Shared;
use super::pushed::{Push, chart_of};
use super::requests::{Answer, Wish};

/// The replicas that run.
pub type Doors = Arc<Mutex<Vec<Option<Catalogue>>>>;

/// After which a client that asks any replica asks another one.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a client tries.
const TRIES: usize = 3;
/// So long a blob is kept for the manifest that will need it: a day, of which up to an hour is over when it is said again
/// that it is there.
const KEPT: Duration = Duration::from_secs(22 * 3600);

pub type Told<T> = Result<T, UploadError>;

pub struct Pusher {
    pub history: Shared,
    pub doors: Doors,
    /// The replica that it stays with, and the process's number.
    pub home: Option<(Catalogue, u64)>,
    /// The history comes to its end: nobody rests any more.
    pub hurry: Arc<AtomicBool>,
    pub dice: StdRng,
    /// Blobs that it was told are there, and when it had asked.
    pub told: BTreeMap<(RegistryName, ContentDigest), Instant>,
}

pub fn is_unknown<T>(told: &Told<T>) -> bool {
    matches!(
        told,
        Err(UploadError::Unavailable(_) | UploadError::Registry(RegistryError::Unavailable(_)) | UploadError::Body(_))
    )
}

fn answer<T>(told: &Told<T>) -> Answer {
    match told {
        Ok(_) => Answer::Done,
        told if is_unknown(told) => Answer::Unknown,
        Err(_) => Answer::Refused,
    }
}

impl Pusher {
    pub fn fault(&self, fault: String) {
        self.history.lock().unwrap().fault(fault);
    }

    pub fn tell(&self, line: String) {
        self.history.lock().unwrap().tell(line);
    }

    /// Asks a replica, of which nobody needs to know.
    pub async fn call<T, F>(&mut self, call: impl FnOnce(Catalogue) -> F) -> Told<T>
    where
        F: Future<Output = Told<T>>,
    {
        let nobody = || UploadError::Unavailable("nobody answers".to_owned());
        if let Some((catalogue, _)) = &self.home {
            return call(catalogue.clone()).await;
        }
        let running: Vec<Catalogue> = self.doors.lock().unwrap().iter().flatten().cloned().collect();
        if running.is_empty() {
            tokio::time::sleep(PATIENCE).await;
            return Err(nobody());
        }
        let catalogue = running[self.dice.random_range(0..running.len())].clone();
        timeout(PATIENCE, call(catalogue)).await.unwrap_or_else(|_| Err(nobody()))
    }

    /// Asks for something that the history judges.
    async fn ask_all<T, F>(
        &mut self,
        wishes: Vec<Wish>,
        answers: impl FnOnce(&Told<T>) -> Vec<Answer>,
        call: impl FnOnce(Catalogue) -> F,
    ) -> Told<T>
    where
        F: Future<Output = Told<T>>,
    {
        let life = self.home.as_ref().map_or(0, |(_, life)| *life);
        let requests: Vec<_> = {
            let mut history = self.history.lock().unwrap();
            wishes.into_iter().map(|wish| history.begin(life, wish)).collect()
        };
        let told = self.call(call).await;
        let answers = answers(&told);
        let mut history = self.history.lock().unwrap();
        for (request, answer) in requests.into_iter().zip(answers) {
            history.end(request, answer);
        }
        if let Err(error) = &told {
            history.tell(format!("        {error}"));
        }
        told
    }

    pub async fn ask<T, F>(&mut self, push: Push, call: impl FnOnce(Catalogue) -> F) -> Told<T>
    where
        F: Future<Output = Told<T>>,
    {
        self.ask_all(vec![Wish::Push(push)], |told| vec![answer(told)], call).await
    }

    /// Pushes a blob, in one request or in several. Returns whether it was told that it is there.
    pub async fn blob(&mut self, name: &RegistryName, bytes: &Bytes) -> bool {
        let digest = ContentDigest::of(bytes);
        for _ in 0..TRIES {
            let asked = Instant::now();
            let told = match self.dice.random_range(0..5) {
                0 => self.add_blob(name, digest, bytes).await,
                1 => self.upload_blob(name, digest, bytes).await,
                _ => self.by_session(name, digest, bytes).await,
            };
            match told {
                Ok(()) => {
                    self.told.insert((name.clone(), digest), asked);
                    return true;
                }
                told if is_unknown(&told) => {}
                // the session was over, which was judged there
                Err(UploadError::Unknown) => {}
                Err(error) => {
                    self.fault(format!("a blob of {name} is refused: {error}"));
                    return false;
                }
            }
        }
        false
    }

    async fn add_blob(&mut self, name: &RegistryName, digest: ContentDigest, bytes: &Bytes) -> Told<()> {
        let push = Push::Blob { name: name.clone(), digest };
        let (name, bytes) = (name.clone(), bytes.clone());
        self.ask(push, |catalogue| async move { Ok(catalogue.add_blob(&name, digest, bytes).await?) }).await
    }

    async fn upload_blob(&mut self, name: &RegistryName, digest: ContentDigest, bytes: &Bytes) -> Told<()> {
        let push = Push::Blob { name: name.clone(), digest };
        let (name, body) = (name.clone(), self.body(bytes));
        self.ask(push, |catalogue| async move { catalogue.upload_blob(&name, body, digest).await }).await
    }

    /// Bytes that arrive in pieces, one later than the other, and now and then break off.
    pub fn body(&mut self, bytes: &Bytes) -> UploadBody {
        let is_slow = !self.hurry.load(Ordering::Relaxed);
        let breaks_off = self.dice.random_bool(0.05) && is_slow;
        let moment = [0, 0, 10, 2000, 20_000][self.dice.random_range(0..5)] * u64::from(is_slow);
        let middle = if bytes.is_empty() { 0 } else { self.dice.random_range(0..bytes.len()) };
        let pieces = [bytes.slice(..middle), bytes.slice(middle..)];
        let pieces: Vec<_> = pieces.into_iter().filter(|piece| !piece.is_empty()).map(Ok).collect();
        let end = breaks_off.then(|| Err("the client went away".to_owned()));
        let pieces = stream::iter(pieces.into_iter().chain(end));
        pieces
            .then(move |piece| async move {
                tokio::time::sleep(Duration::from_millis(moment)).await;
                piece
            })
            .boxed()
    }

    /// Pushes what the manifest needs, and then the manifest.
    pub async fn artifact(&mut self, name: &RegistryName, content: &Content, tags: &[Tag]) -> Told<ManifestStored> {
        for bytes in &content.blobs {
            if !self.blob(name, bytes).await {
                return Err(UploadError::Unavailable("a blob could not be pushed".to_owned()));
            }
            self.rest().await;
        }
        self.manifest(name, content, tags).await
    }

    /// Puts a manifest of something that is no chart, or a chart's without a tag.
    pub async fn manifest(&mut self, name: &RegistryName, content: &Content, tags: &[Tag]) -> Told<ManifestStored> {
        let push = Push::Manifest { name: name.clone(), digest: content.digest, tags: tags.to_vec(), provenance: None };
        let put = put(content, tags);
        let of = name.clone();
        let call = |catalogue: Catalogue| async move { Ok(catalogue.put_manifest(&of, put, Terms::default()).await?) };
        let told = self.ask(push, call).await;
        self.was_robbed(name, &told);
        told
    }

    /// `helm push`: the manifest is put by its digest first, then by its tags.
    pub async fn chart(
        &mut self,
        package: &Package,
        name: &RegistryName,
        content: &Content,
        tags: &[Tag],
        terms: Terms,
    ) -> Told<ManifestStored> {
        for bytes in &content.blobs {
            if !self.blob(name, bytes).await {
                return Err(UploadError::Unavailable("a blob could not be pushed".to_owned()));
            }
        }
        self.rest().await;
        if self.dice.random_bool(0.5) {
            let _ = self.manifest(name, content, &[]).await;
            self.rest().await;
        }
        let at = chart_of(name, package.version());
        let provenance = content.blobs.get(2).map(|signed| Digest::of(signed));
        let publish = Wish::Publish { at, digest: package.digest(), provenance: None, overwrite: terms.overwrite };
        let push = Push::Manifest { name: name.clone(), digest: content.digest, tags: tags.to_vec(), provenance };
        let answers = |told: &Told<ManifestStored>| {
            let published = match told {
                Ok(ManifestStored { published: Some(PublishOutcome::Created), .. }) => Answer::Done,
                // or it was there
                Ok(_) => Answer::Replaced,
                told => answer(told),
            };
            vec![published, answer(told)]
        };
        let (put, of) = (put(content, tags), name.clone());
        let call = |catalogue: Catalogue| async move { Ok(catalogue.put_manifest(&of, put, terms).await?) };
        let told = self.ask_all(vec![publish, Wish::Push(push)], answers, call).await;
        self.was_robbed(name, &told);
        told
    }

    pub async fn delete(&mut self, name: &RegistryName, reference: &Reference) -> Told<()> {
        let push = Push::Delete { name: name.clone(), reference: reference.clone() };
        let (name, reference) = (name.clone(), reference.clone());
        self.ask(push, |catalogue| async move { Ok(catalogue.delete_manifest(&name, &reference).await?) }).await
    }

    pub async fn delete_blob(&mut self, name: &RegistryName, digest: ContentDigest) -> Told<()> {
        let push = Push::DeleteBlob { name: name.clone(), digest };
        let name = name.clone();
        self.ask(push, |catalogue| async move { Ok(catalogue.delete_blob(&name, digest).await?) }).await
    }

    /// Gives a name a blob of another one.
    pub async fn mount(&mut self, from: &RegistryName, to: &RegistryName, digest: ContentDigest) {
        let push = Push::Blob { name: to.clone(), digest };
        let (from, to) = (from.clone(), to.clone());
        let call = |catalogue: Catalogue| async move {
            match catalogue.mount_blob(&from, &to, digest).await? {
                true => Ok(()),
                false => Err(UploadError::Registry(RegistryError::BlobUnknown)),
            }
        };
        let _ = self.ask(push, call).await;
    }

    /// A manifest was refused because of a blob that the client was told is there.
    fn was_robbed(&self, name: &RegistryName, told: &Told<ManifestStored>) {
        let Err(UploadError::Registry(RegistryError::ReferenceUnknown(blob))) = told else { return };
        let is_kept = self.told.get(&(name.clone(), *blob)).is_some_and(|told| told.elapsed() < KEPT);
        let mut history = self.history.lock().unwrap();
        if is_kept && !history.may_be_gone(name, *blob) {
            history.fault(format!("{blob} of {name} is gone before its manifest came"));
        }
    }

    /// What a client does between two requests.
    pub async fn rest(&mut self) {
        let seconds = [0, 0, 0, 1, 30, 300][self.dice.random_range(0..6)];
        if self.hurry.load(Ordering::Relaxed) {
            return;
        }
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
}

fn put(content: &Content, tags: &[Tag]) -> PutManifest {
    let reference = match tags.first() {
        Some(tag) => Reference::Tag(tag.clone()),
        None => Reference::Digest(content.digest),
    };
    PutManifest {
        reference,
        tags: tags.iter().skip(1).cloned().collect(),
        content_type: Some(content.media_type.to_owned()),
        bytes: content.manifest.clone(),
        package_limit: 1 << 20,
    }
}
