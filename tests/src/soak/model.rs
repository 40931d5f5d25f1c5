use std::collections::{BTreeMap, BTreeSet};

/// Chart and version, or what else has a name in two parts: a name of the registry and a tag or digest in it.
pub(super) type Name = (String, String);

/// What a version is at a time: the digest of its package, if it exists; of a tag or a manifest, the manifest's.
pub(super) type Fate = Option<String>;

/// What may be seen of every version, as far as its clients can know.
#[derive(Default)]
pub(super) struct Model {
    versions: BTreeMap<Name, History>,
    /// Digests of everything that was ever sent.
    sent: BTreeSet<String>,
}

struct History {
    /// In the order in which they were asked for. The first: it is not there.
    fates: Vec<Fate>,
    /// No earlier one can be seen by a request that begins now.
    settled: usize,
    /// A request whose end nobody knows may still change it.
    is_open: bool,
}

/// How far every version was when a request began.
pub(super) struct Moment(BTreeMap<Name, usize>);

impl Model {
    pub fn len(&self) -> usize {
        self.versions.len()
    }

    /// From now on this may be seen too.
    pub fn begin(&mut self, name: &Name, fate: Fate) {
        self.sent.extend(fate.clone());
        let absent = || History { fates: vec![None], settled: 0, is_open: false };
        self.versions.entry(name.clone()).or_insert_with(absent).fates.push(fate);
    }

    /// From now on only this can be seen.
    pub fn settle(&mut self, name: &Name, fate: Fate) {
        self.begin(name, fate);
        if let Some(history) = self.versions.get_mut(name) {
            history.settled = history.fates.len() - 1;
        }
    }

    /// What will be seen of it from now on nobody knows.
    pub fn open(&mut self, name: &Name) {
        if let Some(history) = self.versions.get_mut(name) {
            history.is_open = true;
        }
    }

    pub fn moment(&self) -> Moment {
        Moment(self.versions.iter().map(|(name, history)| (name.clone(), history.settled)).collect())
    }

    /// The moment of all versions with the same first part.
    pub fn moment_of_all(&self, first: &str) -> Moment {
        let settled = |name: &Name| self.versions.get(name).map_or(0, |history| history.settled);
        Moment(self.names_in(first).map(|name| (name.clone(), settled(name))).collect())
    }

    /// The moment of one version only.
    pub fn moment_of(&self, name: &Name) -> Moment {
        Moment(self.versions.get(name).map(|history| (name.clone(), history.settled)).into_iter().collect())
    }

    /// Whether a request that began at the moment and has ended now may have seen this.
    pub fn may_be(&self, since: &Moment, name: &Name, seen: Option<&str>) -> bool {
        let Some(history) = self.versions.get(name) else { return seen.is_none() };
        let first = since.0.get(name).copied().unwrap_or(0);
        let is_sent = seen.is_none_or(|digest| self.sent.contains(digest));
        is_sent && (history.is_open || history.fates[first..].iter().any(|fate| fate.as_deref() == seen))
    }

    /// Whether such a request may have seen anything else.
    pub fn may_differ(&self, since: &Moment, name: &Name, seen: Option<&str>) -> bool {
        self.may(since, name, |fate| fate != seen)
    }

    /// Whether such a request may have seen that it exists, or that it does not.
    pub fn may_exist(&self, since: &Moment, name: &Name, exists: bool) -> bool {
        match self.versions.get(name) {
            Some(_) => self.may(since, name, |fate| fate.is_some() == exists),
            None => !exists,
        }
    }

    fn may(&self, since: &Moment, name: &Name, question: impl Fn(Option<&str>) -> bool) -> bool {
        let Some(history) = self.versions.get(name) else { return false };
        let first = since.0.get(name).copied().unwrap_or(0);
        history.is_open || history.fates[first..].iter().any(|fate| question(fate.as_deref()))
    }

    /// What a request may have seen, for people.
    pub fn explain(&self, since: &Moment, name: &Name) -> String {
        match self.versions.get(name) {
            Some(history) => format!("{:?}", &history.fates[since.0.get(name).copied().unwrap_or(0)..]),
            None => "nothing".to_owned(),
        }
    }

    /// All with the same first part, whether they exist or not.
    pub fn names_in(&self, first: &str) -> impl Iterator<Item = &Name> {
        self.versions
            .range((first.to_owned(), String::new())..)
            .map(|(name, _)| name)
            .take_while(move |name| name.0 == first)
    }

    /// All versions, whether they exist or not.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &Name> {
        self.versions.keys()
    }
}
