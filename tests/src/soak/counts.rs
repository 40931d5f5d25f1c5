use std::cell::Cell;
use std::fmt::{self, Display, Formatter};

/// How often what happened.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub published: Count,
    pub overwritten: Count,
    pub removed: Count,
    pub published_again: Count,
    /// Twenty uploads of one version.
    pub races: Count,
    pub indexes: Count,
    pub downloads: Count,
    pub looks: Count,
    pub kills: Count,
    pub pauses: Count,
    /// Connections that were refused: nothing was sent.
    pub refused: Count,
    /// Connections that were cut.
    pub cut: Count,
    pub timed_out: Count,
    /// Answers with 503.
    pub unavailable: Count,
    /// Answers that say themselves that they may be old.
    pub stale: Count,
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

impl Counts {
    /// Requests of clients that were answered, of those that have a meaning for users.
    pub fn operations(&self) -> u64 {
        let Self { published, overwritten, removed, published_again, races, indexes, downloads, looks, .. } = self;
        [published, overwritten, removed, published_again, races, indexes, downloads, looks]
            .map(Count::get)
            .iter()
            .sum()
    }
}

impl Display for Counts {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let [published, overwritten, removed, again, races] =
            [&self.published, &self.overwritten, &self.removed, &self.published_again, &self.races].map(Count::get);
        let [indexes, downloads, looks] = [&self.indexes, &self.downloads, &self.looks].map(Count::get);
        let [kills, pauses] = [&self.kills, &self.pauses].map(Count::get);
        let [refused, cut, timed_out, unavailable, stale] =
            [&self.refused, &self.cut, &self.timed_out, &self.unavailable, &self.stale].map(Count::get);
        writeln!(
            f,
            "operations: {}: {published} published, {overwritten} overwritten, {removed} removed, {again} published again, \
             {races} races of twenty; {indexes} indexes, {downloads} downloads, {looks} looks at one version",
            self.operations()
        )?;
        writeln!(f, "kills: {kills}; pauses: {pauses}")?;
        write!(
            f,
            "asked elsewhere: {refused} refused, {cut} cut, {timed_out} timed out, {unavailable} unavailable, {stale} stale"
        )
    }
}
