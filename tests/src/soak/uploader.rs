use std::time::Duration;

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;

use super::Site;
use super::ask::Ask;
use super::counts::Changes;
use super::model::Name;
use crate::{Answer, Chart, ChartBuilder, sha256};

/// Versions that an uploader keeps, so that indexes stay small.
const KEPT: usize = 30;
/// Uploads of one version at the same time.
const RACERS: usize = 20;
/// Of them those that come as pushes to the registry.
const RACING_PUSHES: usize = 5;
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

#[derive(Clone, Copy, PartialEq)]
enum Door {
    Classic,
    Registry,
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

    fn door(&mut self) -> Door {
        if self.random.random_range(0..2) == 0 { Door::Classic } else { Door::Registry }
    }

    fn changes(&self, door: Door) -> &Changes {
        match door {
            Door::Classic => &self.site.counts.classic,
            Door::Registry => &self.site.counts.registry,
        }
    }

    async fn publish(&mut self) {
        let (name, door) = (self.name(), self.door());
        let is_final = self.send(&name, door, false).await;
        self.own.push(Own { name, exists: true, is_final });
        self.changes(door).published.add();
    }

    async fn overwrite(&mut self, index: usize) {
        let name = self.own[index].name.clone();
        self.own[index].is_final = self.send(&name, Door::Classic, true).await;
        self.site.counts.overwritten.add();
    }

    async fn publish_again(&mut self, index: usize) {
        let (name, door) = (self.own[index].name.clone(), self.door());
        let is_final = self.send(&name, door, false).await;
        self.own[index] = Own { name, exists: true, is_final };
        self.changes(door).published_again.add();
    }

    /// The request that brings a package; by the registry everything else is brought before.
    async fn ask_for(&mut self, chart: &Chart, door: Door, force: bool) -> Ask {
        match door {
            Door::Classic => {
                let path = if force { "/api/charts?force" } else { "/api/charts" };
                Ask::new(Method::POST, path).body(chart.bytes.clone())
            }
            Door::Registry => self.site.push_chart_blobs(&mut self.random, chart).await,
        }
    }

    /// Uploads a new package of the version until that is answered. True if an attempt may still be under way.
    async fn send(&mut self, name: &Name, door: Door, force: bool) -> bool {
        let (site, chart) = (self.site, self.package(name));
        let ask = self.ask_for(&chart, door, force).await;
        site.model.borrow_mut().begin(name, Some(chart.digest.clone()));
        let (answer, is_doubtful) = site.ask(&mut self.random, &ask).await;
        match answer.status {
            201 => {
                site.model.borrow_mut().settle(name, Some(chart.digest));
                if door == Door::Registry {
                    self.read_manifest(name, &ask).await;
                }
                site.read_one(&mut self.random, name).await;
            }
            // an attempt before has done it; or it has left its file, which the reconcile will find
            409 if is_doubtful => match site.look(&mut self.random, name).await {
                Some(digest) if digest == chart.digest => site.model.borrow_mut().settle(name, Some(digest)),
                _ => site.model.borrow_mut().open(name),
            },
            _ => self.wrong(name, &answer),
        }
        is_doubtful
    }

    /// The manifest that was pushed is what its tag names, and its digest.
    async fn read_manifest(&mut self, (chart, version): &Name, pushed: &Ask) {
        for reference in [version.clone(), sha256(&pushed.body)] {
            let ask = Ask::get(format!("/v2/{chart}/manifests/{reference}"));
            let (answer, _) = self.site.ask(&mut self.random, &ask).await;
            self.site.expect(&answer, &[200]);
            if answer.status == 200 && answer.body != pushed.body {
                self.site.miss(format!("{} is not the manifest that was pushed", answer.request));
            }
        }
    }

    async fn remove(&mut self, index: usize) {
        let (site, name, door) = (self.site, self.own[index].name.clone(), self.door());
        site.model.borrow_mut().begin(&name, None);
        let (path, done) = match door {
            Door::Classic => (format!("/api/charts/{}/{}", name.0, name.1), 200),
            Door::Registry => (format!("/v2/{}/manifests/{}", name.0, self.reference(index).await), 202),
        };
        let (answer, is_doubtful) = site.ask(&mut self.random, &Ask::new(Method::DELETE, path)).await;
        match answer.status {
            status if status == done => site.model.borrow_mut().settle(&name, None),
            404 if is_doubtful || self.own[index].is_final => site.model.borrow_mut().settle(&name, None),
            _ => self.wrong(&name, &answer),
        }
        if self.own[index].is_final {
            // an upload that is still under way brings it back, and rightly so
            site.model.borrow_mut().open(&name);
        }
        self.own[index].exists = false;
        self.own[index].is_final |= is_doubtful;
        self.changes(door).removed.add();
        site.read_one(&mut self.random, &name).await;
    }

    /// What a version's manifest is deleted by: its tag, or its digest, unless that may be another one in a moment.
    async fn reference(&mut self, index: usize) -> String {
        let (chart, version) = self.own[index].name.clone();
        if self.own[index].is_final || self.random.random_range(0..2) == 0 {
            return version;
        }
        let ask = Ask::new(Method::HEAD, format!("/v2/{chart}/manifests/{version}"));
        let (answer, _) = self.site.ask(&mut self.random, &ask).await;
        self.site.expect(&answer, &[200]);
        answer.header("docker-content-digest").map_or(version, str::to_owned)
    }

    /// Many uploads of one version, by both doors: one of them wins.
    async fn race(&mut self) {
        let (site, name) = (self.site, self.name());
        let mut racers = Vec::new();
        for number in 0..RACERS {
            let chart = self.package(&name);
            let door = if number < RACING_PUSHES { Door::Registry } else { Door::Classic };
            let ask = self.ask_for(&chart, door, false).await;
            racers.push((chart, ask, StdRng::from_rng(&mut self.random)));
        }
        for (chart, ..) in &racers {
            site.model.borrow_mut().begin(&name, Some(chart.digest.clone()));
        }
        let uploads = racers.iter_mut().map(async |(_, ask, random)| site.try_once(random, ask, RACE_PATIENCE).await);
        let statuses = join_all(uploads).await;
        let won = racers.iter().zip(&statuses).filter(|(_, status)| **status == Some(201));
        let winners: Vec<&Chart> = won.map(|((chart, ..), _)| chart).collect();
        let all_answered = statuses.iter().all(Option::is_some);
        if statuses.iter().flatten().any(|status| ![201, 409].contains(status)) || winners.len() > 1 {
            site.miss(format!("{RACERS} uploads of {name:?} were answered with {statuses:?}"));
        }
        match &winners[..] {
            [winner, ..] => site.model.borrow_mut().settle(&name, Some(winner.digest.clone())),
            [] if all_answered => site.miss(format!("of {RACERS} uploads of {name:?} none was taken: {statuses:?}")),
            [] => site.model.borrow_mut().open(&name),
        }
        site.counts.races.add();
        site.read_one(&mut self.random, &name).await;
        self.own.push(Own { name, exists: true, is_final: !all_answered });
    }

    fn wrong(&self, name: &Name, answer: &Answer) {
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        self.site.miss(format!("{} of {name:?} was answered with {} {said}", answer.request, answer.status));
        self.site.model.borrow_mut().open(name);
    }
}
