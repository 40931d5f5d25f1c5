//! What waits to be written: always one batch, however many commits it came from.

use std::collections::BTreeMap;
use std::sync::Arc;

use chart::index::Page;
use tokio::sync::oneshot;
use tokio::time::{Duration, Instant};

use super::Update;
use crate::view::{ChangedRegion, RegionKey};
use crate::{RepositoryPath, State, Touched};

/// How long changes gather before they are written. A transaction costs about as much as an upload, so a run of uploads
/// should not pay one each; nothing is lost by waiting, because the journal has it all.
const GATHERING: Duration = Duration::from_millis(100);

/// One transaction.
#[derive(Debug)]
pub(super) struct Batch {
    /// The state that the file will hold.
    pub state: Arc<State>,
    /// Write all of the state over whatever there is, not only what was touched.
    pub whole: bool,
    /// What rendered the pages, if all pages are here.
    pub fingerprint: Option<String>,
    /// What may differ between the file and the state.
    pub touched: Touched,
    /// Pages of regions, none for one that is no more.
    pub regions: BTreeMap<(RepositoryPath, RegionKey), Vec<Page>>,
}

#[derive(Debug, Default)]
pub(super) struct Pending {
    batch: Option<Batch>,
    since: Option<Instant>,
    waiting: Vec<oneshot::Sender<()>>,
    /// The file holds an earlier state of the same journal, or will once what is pending is written.
    based: bool,
    closing: bool,
    abandoned: bool,
}

/// What the writer does next.
#[derive(Debug)]
pub(super) enum Due {
    /// Write this, if there is anything, and tell them.
    Now(Option<Batch>, Vec<oneshot::Sender<()>>),
    /// Let more gather until then.
    At(Instant),
    /// Wait for something to do.
    Later,
    /// Nothing is left and nothing will come.
    Never,
}

impl Pending {
    /// The file holds this much already: changes can be written on top of it.
    pub(super) fn set_based(&mut self) {
        self.based = true;
    }

    pub(super) fn record(&mut self, update: Update) {
        if self.closing {
            return;
        }
        let Update { state, touched, regions } = update;
        let whole = !std::mem::replace(&mut self.based, true);
        match &mut self.batch {
            Some(batch) => {
                batch.state = state;
                batch.whole |= whole;
                merge(&mut batch.touched, touched);
                batch.regions.extend(keyed(regions));
            }
            None => {
                let regions = keyed(regions).collect();
                self.batch = Some(Batch { state, whole, fingerprint: None, touched, regions });
            }
        }
        self.since.get_or_insert_with(Instant::now);
    }

    pub(super) fn replace(&mut self, state: Arc<State>, regions: Vec<ChangedRegion>, fingerprint: String) {
        let touched = Touched::default();
        let regions = keyed(regions).collect();
        self.batch = Some(Batch { state, whole: true, fingerprint: Some(fingerprint), touched, regions });
        self.based = true;
    }

    /// Resolves when everything pending now is written; fails if it never will be.
    pub(super) fn written(&mut self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        if !self.abandoned {
            self.waiting.push(sender);
        }
        receiver
    }

    pub(super) fn close(&mut self) {
        self.closing = true;
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing
    }

    /// Forgets everything: nobody will write it.
    pub(super) fn abandon(&mut self) {
        *self = Self { closing: true, abandoned: true, ..Self::default() };
    }

    pub(super) fn due(&mut self, now: Instant) -> Due {
        let gathered = self.since.map(|since| since + GATHERING);
        match (&self.batch, gathered) {
            (None, _) if self.waiting.is_empty() => return if self.closing { Due::Never } else { Due::Later },
            (Some(_), Some(gathered)) if self.waiting.is_empty() && !self.closing && now < gathered => {
                return Due::At(gathered);
            }
            _ => {}
        }
        self.since = None;
        Due::Now(self.batch.take(), std::mem::take(&mut self.waiting))
    }
}

fn keyed(regions: Vec<ChangedRegion>) -> impl Iterator<Item = ((RepositoryPath, RegionKey), Vec<Page>)> {
    regions.into_iter().map(|changed| ((changed.repository, changed.region), changed.pages))
}

fn merge(all: &mut Touched, more: Touched) {
    let Touched { charts, versions, files, trash, objects } = more;
    all.charts.extend(charts);
    all.versions.extend(versions);
    all.files.extend(files);
    all.trash.extend(trash);
    all.objects.extend(objects);
}
