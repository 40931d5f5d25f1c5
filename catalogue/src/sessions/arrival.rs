use bytes::Bytes;
use chart::oci::RegistryName;
use uuid::Uuid;

use super::intake::{Chunks, Intake, Pulse};
use super::record::OpenSession;
use super::{UploadBody, UploadError, UploadRange};
use crate::replica::Replica;

/// A request that brings bytes to a session, or none: what append and finish have in common.
pub(super) struct Arrival {
    pub(super) session: OpenSession,
    range: Option<UploadRange>,
    chunks: Chunks,
    next: Option<Bytes>,
    pulse: Pulse,
}

impl Replica {
    /// Opens the session, if the bytes continue it, and waits for the first of them.
    pub(super) async fn arrival(
        &self,
        name: &RegistryName,
        id: Uuid,
        range: Option<UploadRange>,
        body: UploadBody,
    ) -> Result<Arrival, UploadError> {
        let session = self.open_session(name, id).await?;
        let size = session.size();
        if range.is_some_and(|range| range.first != size) {
            return Err(UploadError::OutOfOrder { size });
        }
        let mut chunks = Chunks::new(body);
        let next = chunks.next().await?;
        let arrival = Arrival { session, range, chunks, next, pulse: Pulse::of(id) };
        if arrival.is_empty() {
            arrival.check(0)?;
        }
        Ok(arrival)
    }
}

impl Arrival {
    /// It brings no bytes.
    pub(super) fn is_empty(&self) -> bool {
        self.next.is_none()
    }

    /// Takes everything that comes, and the session goes on living meanwhile.
    pub(super) async fn pour(&mut self, replica: &Replica, intake: &mut Intake) -> Result<(), UploadError> {
        let before = intake.length();
        while let Some(bytes) = self.next.take() {
            intake.take(bytes).await?;
            self.beat(replica).await?;
            self.next = self.chunks.next().await?;
        }
        self.check(intake.length() - before)
    }

    pub(super) async fn beat(&mut self, replica: &Replica) -> Result<(), UploadError> {
        self.pulse.beat(replica).await
    }

    /// Compares how many bytes came with how many were said to come.
    fn check(&self, found: u64) -> Result<(), UploadError> {
        match self.range.map(|range| (range.last - range.first).saturating_add(1)) {
            Some(expected) if expected != found => Err(UploadError::Length { expected, found }),
            _ => Ok(()),
        }
    }
}
