//! What people and ChartMuseum do to the storage without asking anybody.

use bytes::Bytes;
use catalogue::layout;
use futures_util::FutureExt;
use rand::RngExt;
use rand::seq::IndexedRandom;
use storage::{Key, ObjectStore};

use super::corpus::Coordinates;
use super::world::World;

impl World {
    /// Lays a file into a repository, over whatever is there.
    fn lay(&mut self, key: &Key, bytes: Bytes) {
        self.tell(format!("a hand writes {key}"));
        self.tamper_with(key);
        self.store.put(key, bytes).now_or_never().expect("memory does not wait").unwrap();
    }

    fn tamper_with(&mut self, key: &Key) {
        let is_at = |at: &&Coordinates| layout::flat(&at.repository, &at.file()).unwrap() == *key;
        let tampered: Vec<_> = self.coordinates.iter().filter(is_at).cloned().collect();
        let mut history = self.history();
        history.touched_by_hand.insert(key.clone());
        history.deeds.tampered.extend(tampered);
    }

    /// Lays a package of the version into its repository, under its own or another name.
    pub fn place(&mut self, to: &Coordinates) {
        let package = if self.rng.random_bool(0.3) { self.old_bytes(to) } else { self.new_bytes(to) };
        let file = if self.rng.random_bool(0.8) {
            to.file()
        } else {
            format!("copy of {} ({}).tgz", to.name, self.rng.random_range(0..3))
        };
        let key = layout::flat(&to.repository, &file).unwrap();
        {
            let mut history = self.history();
            history.follow();
            let facts = history.state().repository(&to.repository).and_then(|r| r.file(&file)).cloned();
            // bytes that the file name had before are nobody's wish
            if facts.is_none_or(|facts| !facts.digests.contains(&package.digest())) {
                *history.deeds.placed.entry((to.clone(), package.digest())).or_default() += 1;
            }
        }
        self.lay(&key, package.bytes().clone());
    }

    /// Lays something that is no package where one should be.
    pub fn spoil(&mut self, to: &Coordinates) {
        self.count += 1;
        let key = layout::flat(&to.repository, &to.file()).unwrap();
        self.lay(&key, format!("no package {}", self.count).into());
    }

    /// Deletes a file.
    pub fn take_away(&mut self) {
        let own = self.rng.random_bool(0.15);
        let keys = self.history().keys().into_iter();
        let theirs = |key: &Key| {
            // races are for clients alone
            let race = key.file_name().starts_with("race-");
            if own {
                key.as_str().starts_with(layout::objects_folder().as_str())
            } else {
                layout::is_flat(key) && !race
            }
        };
        let keys: Vec<_> = keys.filter(theirs).collect();
        let Some(key) = keys.choose(&mut self.rng) else { return };
        let key = key.clone();
        self.tell(format!("a hand deletes {key}"));
        self.tamper_with(&key);
        self.store.delete(&key).now_or_never().expect("memory does not wait").unwrap();
    }
}
