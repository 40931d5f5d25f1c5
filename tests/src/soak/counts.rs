use std::cell::Cell;
use std::fmt::{self, Display, Formatter};

/// How often what happened.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub classic: Changes,
    pub registry: Changes,
    pub overwritten: Count,
    /// Twenty uploads of one version by both doors.
    pub races: Count,
    pub indexes: Count,
    pub downloads: Count,
    pub looks: Count,
    /// Blobs that came in several requests, and in one.
    pub blobs_in_parts: Count,
    pub blobs_whole: Count,
    /// Manifests that are no charts.
    pub artifacts: Changes,
    pub tags_moved: Count,
    /// Manifests by tag or digest, each with a blob that it names.
    pub pulls: Count,
    pub tag_lists: Count,
    pub kills: Count,
    pub pauses: Count,
    /// Starts after a kill in which a replica gave its storage up, so that it had to be started again.
    pub given_up: Count,
    /// Connections that were refused: nothing was sent.
    pub refused: Count,
    /// Connections that were cut.
    pub cut: Count,
    pub timed_out: Count,
    /// Answers with 503.
    pub unavailable: Count,
    /// Answers that say themselves that they may be old.
    pub stale: Count,
    /// Versions whose bytes were compared by both doors when all was over.
    pub compared: Count,
}

/// What was changed by one door.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub published: Count,
    pub published_again: Count,
    pub removed: Count,
}

/// One of them.
#[derive(Debug, Default)]
pub(super) struct Count(Cell<u64>);

impl Count {
    pub fn add(&self) {
        self.0.set(self.0.get() + 1);
    }

    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

impl Changes {
    fn sum(&self) -> u64 {
        self.published.get() + self.published_again.get() + self.removed.get()
    }
}

impl Counts {
    /// Requests of clients that were answered, of those that have a meaning for users.
    pub fn operations(&self) -> u64 {
        self.by_classic() + self.by_registry() + self.races.get()
    }

    fn by_classic(&self) -> u64 {
        let reads = [&self.overwritten, &self.indexes, &self.downloads, &self.looks];
        self.classic.sum() + reads.map(Count::get).iter().sum::<u64>()
    }

    fn by_registry(&self) -> u64 {
        let others = [&self.blobs_in_parts, &self.blobs_whole, &self.tags_moved, &self.pulls, &self.tag_lists];
        self.registry.sum() + self.artifacts.sum() + others.map(Count::get).iter().sum::<u64>()
    }
}

impl Display for Changes {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let [published, again, removed] = [&self.published, &self.published_again, &self.removed].map(Count::get);
        write!(f, "{published} published, {again} published again, {removed} removed")
    }
}

impl Display for Counts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { classic, registry, artifacts, .. } = self;
        let [overwritten, races] = [&self.overwritten, &self.races].map(Count::get);
        let [indexes, downloads, looks] = [&self.indexes, &self.downloads, &self.looks].map(Count::get);
        let [parts, whole, moved] = [&self.blobs_in_parts, &self.blobs_whole, &self.tags_moved].map(Count::get);
        let [pulls, lists] = [&self.pulls, &self.tag_lists].map(Count::get);
        let [kills, pauses, given_up] = [&self.kills, &self.pauses, &self.given_up].map(Count::get);
        let [refused, cut, timed_out, unavailable, stale] =
            [&self.refused, &self.cut, &self.timed_out, &self.unavailable, &self.stale].map(Count::get);
        writeln!(f, "operations: {}, of them {races} races of twenty uploads by both doors", self.operations())?;
        writeln!(
            f,
            "classic: {}: {classic}, {overwritten} overwritten; {indexes} indexes, {downloads} downloads, {looks} looks \
             at one version",
            self.by_classic()
        )?;
        writeln!(
            f,
            "registry: {}: charts: {registry}; artifacts: {artifacts}, {moved} tags moved; blobs: {parts} in parts, \
             {whole} in one request; {pulls} manifests read with a blob, {lists} lists of tags",
            self.by_registry()
        )?;
        writeln!(f, "kills: {kills}; pauses: {pauses}; starts given up and repeated: {given_up}")?;
        write!(
            f,
            "asked elsewhere: {refused} refused, {cut} cut, {timed_out} timed out, {unavailable} unavailable, {stale} stale"
        )
    }
}
