use std::collections::BTreeMap;

use bytes::Bytes;
use rand::RngExt;
use rand::rngs::StdRng;
use reqwest::Method;
use serde_json::Value;

use super::Site;
use super::model::{Moment, Name};
use super::rotation::Ask;
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
                0..5 => self.read_index(&mut random).await,
                5..8 => self.download(&mut random).await,
                _ => self.look_at_one(&mut random).await,
            }
        }
    }

    async fn read_index(&self, random: &mut StdRng) {
        let since = self.model.borrow().moment();
        let (answer, _) = self.ask(random, &get("/index.yaml")).await;
        let Some(index) = self.check_index(&answer, &since) else { return };
        self.counts.indexes.add();
        if index.is_empty() {
            return;
        }
        let chosen = random.random_range(0..index.len());
        if let Some((name, listed)) = index.iter().nth(chosen) {
            let (answer, _) = self.ask(random, &get(&format!("/{}", listed.url))).await;
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

    async fn download(&self, random: &mut StdRng) {
        let Some(name) = self.any(random) else { return };
        let since = self.model.borrow().moment();
        let (answer, _) = self.ask(random, &get(&format!("/charts/{}-{}.tgz", name.0, name.1))).await;
        let got = (answer.status == 200).then(|| chart::Digest::of(&answer.body).to_string());
        self.check(&answer, &since, &name, got);
        self.counts.downloads.add();
    }

    async fn look_at_one(&self, random: &mut StdRng) {
        let Some(name) = self.any(random) else { return };
        let since = self.model.borrow().moment();
        let (answer, _) = self.ask(random, &get(&format!("/api/charts/{}/{}", name.0, name.1))).await;
        let got = (answer.status == 200).then(|| answer.json()["digest"].as_str().unwrap_or_default().to_owned());
        self.check(&answer, &since, &name, got);
        self.counts.looks.add();
    }

    fn check(&self, answer: &Answer, since: &Moment, name: &Name, got: Option<String>) {
        let is_expected = [200, 404].contains(&answer.status);
        if !is_expected || !self.model.borrow().may_be(since, name, got.as_deref()) {
            let (status, expected) = (answer.status, self.model.borrow().explain(since, name));
            self.miss(format!("{} answered {status} {got:?}, expected {expected}", answer.request));
        }
    }

    fn any(&self, random: &mut StdRng) -> Option<Name> {
        let model = self.model.borrow();
        let mut names = model.names();
        let count = names.len();
        if count == 0 { None } else { names.nth(random.random_range(0..count)).cloned() }
    }
}

pub(super) fn get(path: &str) -> Ask {
    Ask { method: Method::GET, path: path.to_owned(), body: Bytes::new() }
}
