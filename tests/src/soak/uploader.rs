use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use serde_json::Value;

use super::Site;
use super::model::Name;
use super::rotation::Ask;
use crate::{Answer, Chart, ChartBuilder};

/// Versions that an uploader keeps, so that indexes stay small.
const KEPT: usize = 30;
/// Uploads of one version at the same time.
const RACERS: usize = 20;
/// How long a racer waits.
const RACE_PATIENCE: Duration = Duration::from_secs(5);
/// Packages are this large at most, in bytes.
const LARGEST: usize = 20_000;

/// A version of an uploader.
struct Own {
    name: Name,
    exists: bool,
    /// An attempt whose end nobody knows may still be under way somewhere. It could not be told from a later one, so that nothing
    /// more is asked for.
    is_final: bool,
}

struct Uploader<'a> {
    site: &'a Site,
    random: StdRng,
    chart: String,
    /// The next version, and the next content.
    next: u64,
    own: Vec<Own>,
}

impl Site {
    /// Publishes, overwrites and removes until the soak is over. Nobody else changes this chart.
    pub(super) async fn upload(&self, number: u64) {
        let random = self.random(number);
        let mut uploader = Uploader { site: self, random, chart: format!("chart{number}"), next: 0, own: Vec::new() };
        while !self.is_over() {
            uploader.act().await;
        }
    }

    /// The digest that a version has now on some replica.
    pub(super) async fn look(&self, random: &mut StdRng, (chart, version): &Name) -> Option<String> {
        let path = format!("/api/charts/{chart}/{version}");
        let (answer, _) = self.ask(random, &Ask { method: Method::GET, path, body: Bytes::new() }).await;
        let value: Value = (answer.status == 200).then(|| answer.json())?;
        Some(value["digest"].as_str().unwrap_or_default().to_owned())
    }
}

impl Uploader<'_> {
    async fn act(&mut self) {
        let choice = self.random.random_range(0..100);
        if self.own.iter().filter(|own| own.exists).count() > KEPT {
            let oldest = self.own.iter().position(|own| own.exists).expect("there are many");
            return self.remove(oldest).await;
        }
        let changeable = |exists: bool| {
            let chosen = self.own.iter().enumerate().filter(|(_, own)| own.exists == exists && !own.is_final);
            chosen.map(|(index, _)| index).collect::<Vec<_>>()
        };
        let (present, absent) = (changeable(true), changeable(false));
        let any = self.random.random_range(0..=usize::MAX >> 1);
        match choice {
            0..20 if !present.is_empty() => self.overwrite(present[any % present.len()]).await,
            20..30 if !present.is_empty() => self.remove(present[any % present.len()]).await,
            30..45 if !absent.is_empty() => self.publish_again(absent[any % absent.len()]).await,
            45..50 => self.race().await,
            _ => self.publish().await,
        }
    }

    fn name(&mut self) -> Name {
        self.next += 1;
        (self.chart.clone(), format!("{}.{}.0", self.random.random_range(1..4), self.next))
    }

    /// A package of this version with bytes that no other one has.
    fn package(&mut self, name: &Name) -> Chart {
        self.next += 1;
        let ballast = self.random.random_range(0..LARGEST);
        let content = format!("{} {}", self.site.soak.seed, self.next);
        ChartBuilder::new(&name.0, &name.1).file("files/content", content).ballast(ballast).build()
    }

    async fn publish(&mut self) {
        let name = self.name();
        let is_final = self.send(&name, false).await;
        self.own.push(Own { name, exists: true, is_final });
        self.site.counts.published.add();
    }

    async fn overwrite(&mut self, index: usize) {
        let name = self.own[index].name.clone();
        self.own[index].is_final = self.send(&name, true).await;
        self.site.counts.overwritten.add();
    }

    async fn publish_again(&mut self, index: usize) {
        let name = self.own[index].name.clone();
        let is_final = self.send(&name, false).await;
        self.own[index] = Own { name, exists: true, is_final };
        self.site.counts.published_again.add();
    }

    /// Uploads a new package of the version until that is answered. True if an attempt may still be under way.
    async fn send(&mut self, name: &Name, force: bool) -> bool {
        let (site, chart) = (self.site, self.package(name));
        site.model.borrow_mut().begin(name, Some(chart.digest.clone()));
        let path = if force { "/api/charts?force" } else { "/api/charts" };
        let ask = Ask { method: Method::POST, path: path.to_owned(), body: chart.bytes };
        let (answer, is_doubtful) = site.ask(&mut self.random, &ask).await;
        match answer.status {
            201 => site.model.borrow_mut().settle(name, Some(chart.digest)),
            // an attempt before has done it; or it has left its file, which the reconcile will find
            409 if is_doubtful => match site.look(&mut self.random, name).await {
                Some(digest) if digest == chart.digest => site.model.borrow_mut().settle(name, Some(digest)),
                _ => site.model.borrow_mut().open(name),
            },
            _ => self.wrong(name, &answer),
        }
        is_doubtful
    }

    async fn remove(&mut self, index: usize) {
        let (site, name) = (self.site, self.own[index].name.clone());
        site.model.borrow_mut().begin(&name, None);
        let path = format!("/api/charts/{}/{}", name.0, name.1);
        let ask = Ask { method: Method::DELETE, path, body: Bytes::new() };
        let (answer, is_doubtful) = site.ask(&mut self.random, &ask).await;
        match answer.status {
            200 => site.model.borrow_mut().settle(&name, None),
            404 if is_doubtful || self.own[index].is_final => site.model.borrow_mut().settle(&name, None),
            _ => self.wrong(&name, &answer),
        }
        if self.own[index].is_final {
            // an upload that is still under way brings it back, and rightly so
            site.model.borrow_mut().open(&name);
        }
        self.own[index].exists = false;
        self.own[index].is_final |= is_doubtful;
        site.counts.removed.add();
    }

    /// Many uploads of one version: one of them wins.
    async fn race(&mut self) {
        let (site, name) = (self.site, self.name());
        let charts: Vec<Chart> = (0..RACERS).map(|_| self.package(&name)).collect();
        for chart in &charts {
            site.model.borrow_mut().begin(&name, Some(chart.digest.clone()));
        }
        let racers: Vec<_> = charts.iter().map(|chart| (chart, StdRng::from_rng(&mut self.random))).collect();
        let uploads = racers.into_iter().map(async |(chart, mut random)| {
            let ask = Ask { method: Method::POST, path: "/api/charts".to_owned(), body: chart.bytes.clone() };
            site.try_once(&mut random, &ask, RACE_PATIENCE).await
        });
        let statuses = join_all(uploads).await;
        let winners: Vec<&Chart> =
            charts.iter().zip(&statuses).filter(|(_, status)| **status == Some(201)).map(|(chart, _)| chart).collect();
        let all_answered = statuses.iter().all(Option::is_some);
        if statuses.iter().flatten().any(|status| ![201, 409].contains(status)) || winners.len() > 1 {
            site.miss(format!("{RACERS} uploads of {name:?} were answered with {statuses:?}"));
        }
        match &winners[..] {
            [winner, ..] => site.model.borrow_mut().settle(&name, Some(winner.digest.clone())),
            [] if all_answered => site.miss(format!("of {RACERS} uploads of {name:?} none was taken: {statuses:?}")),
            [] => site.model.borrow_mut().open(&name),
        }
        self.own.push(Own { name, exists: true, is_final: !all_answered });
        site.counts.races.add();
    }

    fn wrong(&self, name: &Name, answer: &Answer) {
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        self.site.miss(format!("{} of {name:?} was answered with {} {said}", answer.request, answer.status));
        self.site.model.borrow_mut().open(name);
    }
}
