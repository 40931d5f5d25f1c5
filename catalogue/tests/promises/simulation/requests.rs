//! What clients asked for and were told, and what that allows to be in the journal.

use std::collections::{BTreeMap, BTreeSet};

use chart::Digest;
use chart::oci::{ContentDigest, Reference, RegistryName};

use super::corpus::Coordinates;
use super::pushed::{self, Push, Pushed};

/// What a client wants.
#[derive(Debug, Clone)]
pub enum Wish {
    Publish {
        at: Coordinates,
        digest: Digest,
        provenance: Option<Digest>,
        overwrite: bool,
    },
    Sign {
        digest: Digest,
    },
    Remove {
        at: Coordinates,
    },
    /// Of all versions; the version's text is empty.
    RemoveChart {
        at: Coordinates,
    },
    Restore {
        at: Coordinates,
    },
    Push(Push),
}

/// What the client was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Nothing yet.
    Waiting,
    /// It is so. For a publication: the version is new.
    Done,
    /// A publication replaced, or repeated, the version's bytes.
    Replaced,
    /// So many versions were removed.
    Removed(usize),
    /// It is not so and will not be.
    Refused,
    /// It may be so, now or later.
    Unknown,
}

#[derive(Debug)]
pub struct Request {
    pub wish: Wish,
    pub answer: Answer,
    /// Of the process that was asked.
    pub life: u64,
    /// The last entry when it was asked.
    pub began: usize,
}

/// How often something happened.
pub type Counts<K> = BTreeMap<K, usize>;

/// What the journal tells and what hands did, counted.
#[derive(Debug, Default)]
pub struct Deeds {
    pub published: Counts<(Coordinates, Digest)>,
    pub removed: Counts<Coordinates>,
    /// Removals that an upload brought about.
    pub pushed_out: Counts<Coordinates>,
    /// Removed, perhaps because an upload that a reconcile had taken in left too many.
    pub perhaps_pushed_out: Counts<Coordinates>,
    pub restored: Counts<Coordinates>,
    pub provenances: BTreeSet<Digest>,
    /// Packages that hands laid into a repository.
    pub placed: Counts<(Coordinates, Digest)>,
    /// Versions whose own places hands were at: two uploads of the same bytes may both have made the file.
    pub tampered: BTreeSet<Coordinates>,
    /// To the registry.
    pub pushed: Pushed,
}

#[derive(Debug, Default)]
pub struct Requests {
    pub all: Vec<Request>,
    /// Requests for one version that nobody else touches.
    pub races: Vec<Vec<usize>>,
    /// Packages that were uploaded together, by their digests.
    pub forms: Vec<[Digest; 2]>,
}

impl Requests {
    pub fn begin(&mut self, life: u64, wish: Wish, began: usize) -> usize {
        self.all.push(Request { wish, answer: Answer::Waiting, life, began });
        self.all.len() - 1
    }

    /// Notes an answer, if the client still listens.
    pub fn end(&mut self, request: usize, answer: Answer) {
        let request = &mut self.all[request];
        if request.answer == Answer::Waiting {
            request.answer = answer;
        }
    }

    /// The process died: its clients learn nothing.
    pub fn hang_up(&mut self, life: u64) {
        for request in self.all.iter_mut().filter(|request| request.life == life) {
            if request.answer == Answer::Waiting {
                request.answer = Answer::Unknown;
            }
        }
    }

    pub fn waiting(&self) -> usize {
        self.all.iter().filter(|request| request.answer == Answer::Waiting).count()
    }

    /// A client that uploaded these bytes does not know what became of them.
    pub fn is_unknown(&self, bytes: Digest) -> bool {
        self.all.iter().any(|request| match &request.wish {
            Wish::Publish { digest, .. } => *digest == bytes && request.answer == Answer::Unknown,
            _ => false,
        })
    }

    /// A client that may replace a version's bytes by these was not told that it did not happen.
    pub fn may_overwrite(&self, coordinates: &Coordinates, bytes: Digest) -> bool {
        self.all.iter().any(|request| match &request.wish {
            Wish::Publish { at, digest, overwrite: true, .. } => {
                at == coordinates && *digest == bytes && request.answer != Answer::Refused
            }
            _ => false,
        })
    }

    /// Provenances that no client was told are not there.
    pub fn possible_provenances(&self) -> BTreeSet<Digest> {
        let possible = self.all.iter().filter(|request| request.answer != Answer::Refused);
        let digest = |request: &Request| match &request.wish {
            Wish::Publish { provenance, .. } => *provenance,
            Wish::Sign { digest } => Some(*digest),
            Wish::Push(Push::Manifest { provenance, .. }) => *provenance,
            _ => None,
        };
        possible.filter_map(digest).collect()
    }

    /// A client that may delete the blob was not told that it did not happen.
    pub fn may_delete_blob(&self, of: &RegistryName, blob: ContentDigest) -> bool {
        self.may_have(|push| matches!(push, Push::DeleteBlob { name, digest } if name == of && *digest == blob))
    }

    /// The same of a manifest.
    pub fn may_delete(&self, of: &RegistryName, manifest: ContentDigest) -> bool {
        let reference = Reference::Digest(manifest);
        self.may_have(|push| matches!(push, Push::Delete { name, reference: to } if name == of && *to == reference))
    }

    fn may_have(&self, is_it: impl Fn(&Push) -> bool) -> bool {
        let is_it = |wish: &Wish| matches!(wish, Wish::Push(push) if is_it(push));
        self.all.iter().any(|request| request.answer != Answer::Refused && is_it(&request.wish))
    }

    /// Holds the answers against what happened.
    pub fn judge(&self, deeds: &Deeds) -> Vec<String> {
        let mut judgement = Judgement::default();
        for request in &self.all {
            judgement.count(request);
            if let Some(digest) = request.promised_provenance().filter(|digest| !deeds.provenances.contains(digest)) {
                judgement.faults.push(format!("provenance {digest} was accepted and is not in the journal"));
            }
        }
        judgement.hold(deeds);
        judgement.faults.extend(pushed::judge(&self.all, &deeds.pushed));
        for form in &self.forms {
            let published = |digest: &Digest| deeds.published.keys().any(|(_, published)| published == digest);
            if published(&form[0]) != published(&form[1]) {
                judgement.faults.push(format!("of {form:?}, uploaded together, one was published"));
            }
        }
        for race in &self.races {
            let answers: Vec<_> = race.iter().map(|request| self.all[*request].answer).collect();
            let won = answers.iter().filter(|answer| **answer == Answer::Done).count();
            // a version that is gone may be won again
            let removed = race.first().map_or(0, |first| match &self.all[*first].wish {
                Wish::Publish { at, .. } => deeds.removed.get(at).copied().unwrap_or(0),
                _ => 0,
            });
            let clear = !answers.iter().any(|answer| matches!(answer, Answer::Waiting | Answer::Unknown));
            if won > 1 + removed || (clear && won == 0 && !answers.is_empty()) {
                judgement.faults.push(format!("{won} winners of a race: {answers:?}"));
            }
        }
        judgement.faults
    }
}

impl Request {
    fn promised_provenance(&self) -> Option<Digest> {
        match (&self.wish, self.answer) {
            (Wish::Publish { provenance, .. }, Answer::Done | Answer::Replaced) => *provenance,
            (Wish::Sign { digest }, Answer::Done) => Some(*digest),
            _ => None,
        }
    }
}

/// At least so often, and at most, something has happened if all answers are true.
#[derive(Default)]
struct Judgement {
    published: BTreeMap<(Coordinates, Digest), (usize, usize)>,
    /// Of overwrites: it happened, be it before.
    present: BTreeSet<(Coordinates, Digest)>,
    removed: BTreeMap<Coordinates, (usize, usize)>,
    /// By chart: the version's text is empty.
    removed_of_chart: BTreeMap<Coordinates, (usize, usize)>,
    restored: BTreeMap<Coordinates, (usize, usize)>,
    faults: Vec<String>,
}

impl Judgement {
    fn count(&mut self, request: &Request) {
        let least = usize::from(matches!(request.answer, Answer::Done));
        let most = usize::from(request.answer != Answer::Refused);
        let add = |range: &mut (usize, usize), least, most| {
            range.0 += least;
            range.1 += most;
        };
        match &request.wish {
            Wish::Publish { at, digest, .. } => {
                let key = (at.clone(), *digest);
                if request.answer == Answer::Replaced {
                    self.present.insert(key.clone());
                }
                add(self.published.entry(key).or_default(), least, most);
            }
            Wish::Remove { at } => add(self.removed.entry(at.clone()).or_default(), least, most),
            Wish::RemoveChart { at } => {
                let least = if let Answer::Removed(count) = request.answer { count } else { 0 };
                add(self.removed_of_chart.entry(at.clone()).or_default(), least, most);
            }
            Wish::Restore { at } => add(self.restored.entry(at.clone()).or_default(), least, most),
            Wish::Push(push) => match push.removes() {
                Some(chart) if chart.version.is_empty() => {
                    add(self.removed_of_chart.entry(chart).or_default(), 0, most);
                }
                Some(version) => add(self.removed.entry(version).or_default(), 0, most),
                None => {}
            },
            Wish::Sign { .. } => {}
        }
    }

    fn hold(&mut self, deeds: &Deeds) {
        let mut faults = Vec::new();
        let zero = (0, 0);
        let asked = |at: &Coordinates| {
            let count = |counts: &Counts<Coordinates>| counts.get(at).copied().unwrap_or(0);
            count(&deeds.removed) - count(&deeds.pushed_out)
        };
        for key in self.published.keys().chain(deeds.published.keys()) {
            let (least, most) = self.published.get(key).unwrap_or(&zero);
            let happened = deeds.published.get(key).copied().unwrap_or(0);
            let placed = deeds.placed.get(key).copied().unwrap_or(0);
            let least = if deeds.tampered.contains(&key.0) { (*least).min(1) } else { *least };
            if happened < least || happened > most + placed {
                faults
                    .push(format!("{key:?} was published {happened} times: {least} to {most} asked, {placed} placed"));
            }
        }
        for key in self.present.iter().filter(|key| !deeds.published.contains_key(key)) {
            faults.push(format!("{key:?} was accepted and is not in the journal"));
        }
        for (at, (least, most)) in &self.restored {
            let happened = deeds.restored.get(at).copied().unwrap_or(0);
            if happened < *least || happened > *most {
                faults.push(format!("{at:?} was restored {happened} times: {least} to {most} asked"));
            }
        }
        for at in deeds.removed.keys() {
            let happened = asked(at);
            let chart = Coordinates { version: String::new(), ..at.clone() };
            let (_, most) = self.removed.get(at).unwrap_or(&zero);
            let (_, charts) = self.removed_of_chart.get(&chart).unwrap_or(&zero);
            let perhaps = deeds.perhaps_pushed_out.get(at).copied().unwrap_or(0);
            if happened > most + charts + perhaps {
                faults.push(format!("{at:?} was removed {happened} times: {most} and {charts} asked"));
            }
        }
        for (at, (least, _)) in &self.removed {
            if asked(at) < *least {
                faults.push(format!("{at:?} was removed less than {least} times"));
            }
        }
        for (chart, (least, _)) in &self.removed_of_chart {
            let is_of = |at: &Coordinates| (&at.repository, &at.name) == (&chart.repository, &chart.name);
            let happened: usize = deeds.removed.keys().filter(|at| is_of(at)).map(asked).sum();
            if happened < *least {
                faults.push(format!("of {chart:?} {happened} versions were removed, {least} were said to be"));
            }
        }
        self.faults.append(&mut faults);
    }
}
