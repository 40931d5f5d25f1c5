use std::cell::RefCell;
use std::collections::BTreeMap;

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::Value;

use super::Site;
use super::ask::Ask;
use super::model::{Model, Moment, Name};
use crate::Answer;

/// Actors are numbered; readers come after uploaders.
const READER: u64 = 100;

/// What an index says of a version.
pub(super) struct Listed {
    pub digest: String,
    pub url: String,
}

impl Site {
    /// Reads until the soak is over, and holds everything to what was answered before.
    pub(super) async fn read(&self, number: u64) {
        let mut random = self.random(READER + number);
        while !self.is_over() {
            match random.random_range(0..10) {
                0..4 => self.read_index(&mut random).await,
                4..8 => match self.any(&mut random, &self.model) {
                    Some(name) => self.read_one(&mut random, &name).await,
                    // nothing is there yet
                    None => self.read_index(&mut random).await,
                },
                _ => match self.any(&mut random, &self.artifacts) {
                    Some(name) => self.read_artifact(&mut random, &name).await,
                    None => self.read_index(&mut random).await,
                },
            }
        }
    }

    async fn read_index(&self, random: &mut StdRng) {
        let since = self.model.borrow().moment();
        let (answer, _) = self.ask(random, &Ask::get("/index.yaml")).await;
        let Some(index) = self.check_index(&answer, &since) else { return };
        self.counts.indexes.add();
        if index.is_empty() {
            return;
        }
        let chosen = random.random_range(0..index.len());
        if let Some((name, listed)) = index.iter().nth(chosen) {
            let (answer, _) = self.ask(random, &Ask::get(format!("/{}", listed.url))).await;
            self.check_listed(&answer, &since, name, listed);
            self.counts.downloads.add();
        }
    }

    /// What an index lists, after it was held to what must be seen since the moment.
    pub(super) fn check_index(&self, answer: &Answer, since: &Moment) -> Option<BTreeMap<Name, Listed>> {
        let document = (answer.status == 200).then(|| serde_json::from_slice::<Value>(&answer.body).ok()).flatten();
        let Some(document) = document else {
            self.miss(format!("{} answered {} and no index", answer.request, answer.status));
            return None;
        };
        let mut index = BTreeMap::new();
        for entry in document["entries"].as_object().into_iter().flat_map(|charts| charts.values()) {
            for entry in entry.as_array().into_iter().flatten() {
                let text = |field: &str| entry[field].as_str().unwrap_or_default().to_owned();
                let name = (text("name"), text("version"));
                let url = entry["urls"][0].as_str().unwrap_or_default().to_owned();
                if index.insert(name.clone(), Listed { digest: text("digest"), url }).is_some() {
                    self.miss(format!("{} lists {name:?} twice", answer.request));
                }
            }
        }
        let model = self.model.borrow();
        for name in model.names().chain(index.keys()) {
            let seen = index.get(name).map(|listed| &*listed.digest);
            if !model.may_be(since, name, seen) {
                let expected = model.explain(since, name);
                self.miss(format!("{} lists {name:?} as {seen:?}, expected one of {expected}", answer.request));
            }
        }
        Some(index)
    }

    /// Holds what a link of an index gave to what the index says.
    pub(super) fn check_listed(&self, answer: &Answer, since: &Moment, name: &Name, listed: &Listed) {
        let got = (answer.status == 200).then(|| chart::Digest::of(&answer.body).to_string());
        let names_content = listed.url.contains(&listed.digest);
        let is_right = match &got {
            // a link that does not name its content gives the newest
            Some(got) => *got == listed.digest || !names_content && self.model.borrow().may_be(since, name, Some(got)),
            None => answer.status == 404 && self.model.borrow().may_be(since, name, None),
        };
        if !is_right {
            let (digest, expected) = (&listed.digest, self.model.borrow().explain(since, name));
            let answered = format!("{} {got:?}", answer.status);
            self.miss(format!("{} answered {answered}, listed {digest}, expected {expected}", answer.request));
        }
    }

    /// One version in one of the ways that there are.
    pub(super) async fn read_one(&self, random: &mut StdRng, name: &Name) {
        match random.random_range(0..6) {
            0 | 1 => drop(self.pull(random, name).await),
            2 => self.list_tags(random, &self.model, &name.0).await,
            3 => drop(self.look(random, name).await),
            _ => self.download(random, name).await,
        }
    }

    async fn download(&self, random: &mut StdRng, name: &Name) {
        let since = self.model.borrow().moment_of(name);
        let (answer, _) = self.ask(random, &Ask::get(format!("/charts/{}-{}.tgz", name.0, name.1))).await;
        let got = (answer.status == 200).then(|| chart::Digest::of(&answer.body).to_string());
        self.check(&answer, &self.model, &since, name, got);
        self.counts.downloads.add();
    }

    /// The digest that a version has now on some replica.
    pub(super) async fn look(&self, random: &mut StdRng, name: &Name) -> Option<String> {
        let since = self.model.borrow().moment_of(name);
        let (answer, _) = self.ask(random, &Ask::get(format!("/api/charts/{}/{}", name.0, name.1))).await;
        let got = (answer.status == 200).then(|| answer.json()["digest"].as_str().unwrap_or_default().to_owned());
        self.check(&answer, &self.model, &since, name, got.clone());
        self.counts.looks.add();
        got
    }

    /// Holds what was got of a version to what may be seen of it since the moment.
    pub(super) fn check(
        &self,
        answer: &Answer,
        model: &RefCell<Model>,
        since: &Moment,
        name: &Name,
        got: Option<String>,
    ) {
        let is_expected = [200, 404].contains(&answer.status);
        if !is_expected || !model.borrow().may_be(since, name, got.as_deref()) {
            let (status, expected) = (answer.status, model.borrow().explain(since, name));
            self.miss(format!("{} answered {status} {got:?}, expected {expected}", answer.request));
        }
    }

    fn any(&self, random: &mut StdRng, model: &RefCell<Model>) -> Option<Name> {
        let model = model.borrow();
        let mut names = model.names();
        let count = names.len();
        if count == 0 { None } else { names.nth(random.random_range(0..count)).cloned() }
    }
}
