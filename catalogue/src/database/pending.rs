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
    Now(Option<Box<Batch>>, Vec<oneshot::Sender<()>>),
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
        if self.closing {
            return;
        }
        let touched = Touched::default();
        let regions = keyed(regions).collect();
        self.batch = Some(Batch { state, whole: true, fingerprint: Some(fingerprint), touched, regions });
        self.based = true;
        self.since.get_or_insert_with(Instant::now);
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
        Due::Now(self.batch.take().map(Box::new), std::mem::take(&mut self.waiting))
    }
}

fn keyed(regions: Vec<ChangedRegion>) -> impl Iterator<Item = ((RepositoryPath, RegionKey), Vec<Page>)> {
    regions.into_iter().map(|changed| ((changed.repository, changed.region), changed.pages))
}

fn merge(all: &mut Touched, more: Touched) {
    let Touched { charts, versions, files, trash, objects, manifests, tags, blobs, contents } = more;
    all.charts.extend(charts);
    all.versions.extend(versions);
    all.files.extend(files);
    all.trash.extend(trash);
    all.objects.extend(objects);
    all.manifests.extend(manifests);
    all.tags.extend(tags);
    all.blobs.extend(blobs);
    all.contents.extend(contents);
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn update(sequence: u64, object: &str, region: &str) -> Update {
        let mut state = State::empty(Uuid::nil());
        state.sequence = sequence;
        let objects = [storage::Key::new(object).unwrap()].into();
        let page = Page::of_charts(chart::index::Format::Json, &[]);
        let (repository, region) = (RepositoryPath::root(), RegionKey(region.into()));
        let pages = vec![page; usize::try_from(sequence).unwrap()];
        let touched = Touched { objects, ..Touched::default() };
        Update { state: Arc::new(state), touched, regions: vec![ChangedRegion { repository, region, pages }] }
    }

    fn batch(pending: &mut Pending, now: Instant) -> Batch {
        match pending.due(now) {
            Due::Now(Some(batch), _) => *batch,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_waits_is_one_batch_with_the_newest_of_everything() {
        let mut pending = Pending::default();
        pending.set_based();
        for sequence in 1..=5 {
            pending.record(update(sequence, &format!("object-{}", sequence % 2), if sequence < 3 { "a" } else { "b" }));
        }
        assert!(matches!(pending.due(Instant::now() - GATHERING), Due::At(_)), "more may come");
        let batch = batch(&mut pending, Instant::now() + GATHERING);
        assert_eq!(batch.state.sequence, 5);
        assert!(!batch.whole);
        assert_eq!(batch.touched.objects.len(), 2);
        let pages: Vec<_> = batch.regions.iter().map(|((_, region), pages)| (&*region.0, pages.len())).collect();
        assert_eq!(pages, [("a", 2), ("b", 5)]);
        assert!(matches!(pending.due(Instant::now() + GATHERING), Due::Later));
    }

    #[test]
    fn nobody_who_waits_waits_for_more() {
        let mut pending = Pending::default();
        pending.record(update(1, "object", "a"));
        let written = pending.written();
        assert!(batch(&mut pending, Instant::now() - GATHERING).whole, "there was nothing before it");
        drop(written);
        pending.record(update(2, "object", "a"));
        pending.close();
        pending.record(update(3, "object", "a"));
        let batch = batch(&mut pending, Instant::now() - GATHERING);
        assert_eq!((batch.state.sequence, batch.whole), (2, false));
        assert!(matches!(pending.due(Instant::now()), Due::Never));
    }

    #[test]
    fn a_whole_state_takes_the_place_of_what_waits_and_later_updates_join_it() {
        let mut pending = Pending::default();
        pending.set_based();
        pending.record(update(1, "object", "a"));
        let Update { state, regions, .. } = update(2, "object", "b");
        pending.replace(state, regions, "1".to_owned());
        pending.record(update(3, "object", "c"));
        let batch = batch(&mut pending, Instant::now() + GATHERING);
        assert_eq!((batch.state.sequence, batch.whole, batch.fingerprint.as_deref()), (3, true, Some("1")));
        assert_eq!(batch.regions.keys().map(|(_, region)| &*region.0).collect::<Vec<_>>(), ["b", "c"]);
    }
}
