//! Blobs that clients push in sessions: in parts, at any replica, given up or forgotten.

use std::time::Duration;

use bytes::Bytes;
use catalogue::{DigestAlgorithm, UploadError, UploadRange};
use chart::oci::{ContentDigest, RegistryName};
use rand::RngExt;
use tokio::time::Instant;
use uuid::Uuid;

use super::pushed::Push;
use super::pushers::{Pusher, Told, is_unknown};

/// A session in which something happened so short a time ago is open: it is over after an hour.
const RESTS: Duration = Duration::from_secs(3000);
/// A session that was begun so short a time ago is open, if something happens in it: it is over after 20 hours.
const LIVES: Duration = Duration::from_secs(19 * 3600);
/// How often a client tries to bring a part.
const TRIES: usize = 3;

/// A session as its client knows it.
struct Session {
    name: RegistryName,
    id: Uuid,
    size: u64,
    begun: Instant,
    /// When the last request that was answered began.
    last: Instant,
    /// An answer was lost: what it asked for may happen still.
    is_blurred: bool,
}

impl Pusher {
    /// Pushes a blob in a session.
    pub async fn by_session(&mut self, name: &RegistryName, digest: ContentDigest, bytes: &Bytes) -> Told<()> {
        let mut session = self.begin(name).await?;
        let parts = self.split(bytes);
        // what is left comes with the last request
        let by_parts = self.dice.random_range(0..=parts.len());
        for part in &parts[..by_parts] {
            self.append(&mut session, part).await?;
            self.rest().await;
        }
        let rest = Bytes::from(parts[by_parts..].concat());
        let began = Instant::now();
        let (of, id, body) = (name.clone(), session.id, self.body(&rest));
        let push = Push::Blob { name: name.clone(), digest };
        let told =
            self.ask(push, |catalogue| async move { catalogue.finish_upload(&of, id, None, body, digest).await }).await;
        match &told {
            Err(UploadError::Unknown) => self.was_lost(&session),
            // what was believed lost has arrived: another digest, or another place
            Err(UploadError::OutOfOrder { .. } | UploadError::Digest(_)) if session.is_blurred => {
                return Err(UploadError::Unavailable("it was not as it seemed".to_owned()));
            }
            _ => session.last = began,
        }
        told
    }

    /// Begins a session and does not finish it.
    pub async fn leave(&mut self, name: &RegistryName, bytes: &Bytes) -> Told<()> {
        let mut session = self.begin(name).await?;
        for part in self.split(bytes) {
            self.append(&mut session, &part).await?;
            self.rest().await;
        }
        if self.dice.random_bool(0.5) {
            return Ok(());
        }
        let (name, id) = (name.clone(), session.id);
        let of = name.clone();
        let told = self.call(|catalogue| async move { catalogue.cancel_upload(&of, id).await }).await;
        self.tell(format!("    session {id} is given up: {told:?}"));
        match told {
            Ok(()) => {
                let found = self.call(|catalogue| async move { catalogue.upload_session(&name, id).await }).await;
                if found.is_ok() {
                    self.fault(format!("session {id} was given up and is open"));
                }
            }
            Err(UploadError::Unknown) => self.was_lost(&session),
            Err(_) => {}
        }
        Ok(())
    }

    async fn begin(&mut self, name: &RegistryName) -> Told<Session> {
        let began = Instant::now();
        let algorithm = if self.dice.random_bool(0.8) { DigestAlgorithm::Sha256 } else { DigestAlgorithm::Sha512 };
        let of = name.clone();
        let begun = self.call(|catalogue| async move { catalogue.begin_upload(&of, algorithm).await }).await?;
        self.tell(format!("    session {} of {name} is begun", begun.id));
        Ok(Session { name: name.clone(), id: begun.id, size: 0, begun: began, last: began, is_blurred: false })
    }

    fn split(&mut self, bytes: &Bytes) -> Vec<Bytes> {
        let parts = self.dice.random_range(1..=3);
        let length = bytes.len().div_ceil(parts).max(1);
        (0..bytes.len()).step_by(length).map(|at| bytes.slice(at..bytes.len().min(at + length))).collect()
    }

    /// Brings the next bytes, again if nobody knows whether they came.
    async fn append(&mut self, session: &mut Session, part: &Bytes) -> Told<()> {
        let (before, after) = (session.size, session.size + part.len() as u64);
        for _ in 0..TRIES {
            let began = Instant::now();
            let range = UploadRange { first: before, last: after - 1 };
            let range = self.dice.random_bool(0.7).then_some(range);
            let (name, id, body) = (session.name.clone(), session.id, self.body(part));
            let told = self
                .call(|catalogue| async move { catalogue.append_upload(&name, id, range, body).await })
                .await
                .map(|session| session.size);
            self.tell(format!("    session {} has {before} bytes and is brought {}: {told:?}", session.id, part.len()));
            match told {
                Ok(size) if size == after => {
                    (session.size, session.last) = (size, began);
                    return Ok(());
                }
                // without a place it was added to what had arrived
                Ok(size) if session.is_blurred => {
                    session.size = size;
                    return Err(UploadError::Unavailable("it was brought twice".to_owned()));
                }
                Ok(size) => {
                    self.fault(format!("session {} has {size} bytes, not {after}", session.id));
                    return Err(UploadError::Unknown);
                }
                Err(UploadError::OutOfOrder { size }) if session.is_blurred && size == after => {
                    session.size = size;
                    return Ok(());
                }
                Err(UploadError::Unknown) => {
                    self.was_lost(session);
                    return Err(UploadError::Unknown);
                }
                Err(UploadError::Body(_)) => {}
                told if is_unknown(&told) => {
                    session.is_blurred = true;
                    if self.arrived(session, before, after).await? == after {
                        session.size = after;
                        return Ok(());
                    }
                }
                Err(error) => {
                    self.fault(format!("bytes of session {} are refused: {error}", session.id));
                    return Err(error);
                }
            }
        }
        Err(UploadError::Unavailable("it cannot be brought".to_owned()))
    }

    /// How many bytes have come, after an answer was lost.
    async fn arrived(&mut self, session: &mut Session, before: u64, after: u64) -> Told<u64> {
        let (name, id) = (session.name.clone(), session.id);
        let told = self.call(|catalogue| async move { catalogue.upload_session(&name, id).await }).await;
        self.tell(format!("    session {id} is looked at: {told:?}"));
        match told {
            Ok(found) if found.size == before || found.size == after => Ok(found.size),
            Ok(found) => {
                self.fault(format!("session {id} has {} bytes, not {before} or {after}", found.size));
                Err(UploadError::Unknown)
            }
            Err(error) => {
                if error == UploadError::Unknown {
                    self.was_lost(session);
                }
                Err(error)
            }
        }
    }

    /// There is no such session: was there one a moment ago?
    fn was_lost(&self, session: &Session) {
        let is_open = session.last.elapsed() < RESTS && session.begun.elapsed() < LIVES && !session.is_blurred;
        let mut history = self.history.lock().unwrap();
        if is_open && !history.clocks_jumped && !history.touched_objects() {
            history.fault(format!("session {} is over before its time", session.id));
        }
    }
}
