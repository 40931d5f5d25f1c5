//! One random history.

use std::time::Duration;

use rand::RngExt;

use super::corpus::Coordinates;
use super::wire::Process;
use super::world::{REPLICAS, World};
use crate::site::DAY;
use crate::time::pass;

/// What can happen next.
#[derive(Debug, Clone, Copy)]
enum Step {
    Publish,
    Overwrite,
    Repeat,
    Race,
    Form,
    Sign,
    Remove,
    RemoveChart,
    Restore,
    PushArtifact,
    PushChart,
    PushBlob,
    Tag,
    Delete,
    DeleteBlob,
    Mount,
    Browse,
    Read,
    Reconcile,
    Collect,
    Snapshot,
    Restart,
    Pause,
    Resume,
    Outage,
    Oversleep,
    Wait,
    Sleep,
    Hibernate,
    Faults,
    Clock,
    Place,
    Spoil,
    TakeAway,
}

/// How often each is chosen, by its share of the sum.
const STEPS: [(u32, Step); 34] = [
    (16, Step::Publish),
    (6, Step::Overwrite),
    (5, Step::Repeat),
    (4, Step::Race),
    (3, Step::Form),
    (4, Step::Sign),
    (9, Step::Remove),
    (2, Step::RemoveChart),
    (5, Step::Restore),
    (8, Step::PushArtifact),
    (8, Step::PushChart),
    (4, Step::PushBlob),
    (2, Step::Tag),
    (5, Step::Delete),
    (2, Step::DeleteBlob),
    (2, Step::Mount),
    (6, Step::Browse),
    (8, Step::Read),
    (9, Step::Reconcile),
    (7, Step::Collect),
    (2, Step::Snapshot),
    (4, Step::Restart),
    (5, Step::Pause),
    (6, Step::Resume),
    (3, Step::Outage),
    (2, Step::Oversleep),
    (8, Step::Wait),
    (6, Step::Sleep),
    (1, Step::Hibernate),
    (4, Step::Faults),
    (2, Step::Clock),
    (6, Step::Place),
    (2, Step::Spoil),
    (3, Step::TakeAway),
];

impl World {
    /// Runs the history, then brings it to a good end. Stops at the first fault.
    pub async fn run(&mut self) {
        for _ in 0..self.profile.lying_there {
            let to = self.some_version();
            self.place(&to);
        }
        for at in 0..REPLICAS {
            self.open(at).await;
        }
        for _ in 0..self.profile.steps {
            self.step().await;
            self.check();
            if !self.history().faults.is_empty() {
                return;
            }
        }
        self.tell("the end begins".to_owned());
        self.end().await;
    }

    async fn step(&mut self) {
        let sum: u32 = STEPS.iter().map(|(share, _)| share).sum();
        let mut dice = self.rng.random_range(0..sum);
        let chosen = STEPS.iter().find(|(share, _)| {
            let found = dice < *share;
            dice = dice.saturating_sub(*share);
            found
        });
        let (_, step) = chosen.expect("the shares sum up");
        self.perform(*step).await;
        let moment = [0, 1, 10, 100, 1000][self.rng.random_range(0..5)];
        tokio::time::sleep(Duration::from_millis(moment)).await;
    }

    async fn perform(&mut self, step: Step) {
        let at = self.rng.random_range(0..REPLICAS);
        let version = self.some_version();
        match step {
            Step::Publish | Step::Overwrite => {
                let package = self.new_bytes(&version);
                self.publish(at, &version, package, matches!(step, Step::Overwrite));
            }
            Step::Repeat => {
                let package = self.old_bytes(&version);
                let overwrite = self.rng.random_bool(0.3);
                self.publish(at, &version, package, overwrite);
            }
            Step::Race => self.race(),
            Step::Form => self.form(at),
            Step::Sign => self.sign(at, &version),
            Step::Remove => drop(self.remove(at, &version)),
            Step::RemoveChart => self.remove_chart(at, &version),
            Step::Restore => drop(self.restore(at, &version)),
            Step::PushArtifact => self.push_artifact(at),
            Step::PushChart => self.push_chart(at, &version),
            Step::PushBlob => self.push_blob(at),
            Step::Tag => self.tag_again(at),
            Step::Delete => self.delete_reference(at),
            Step::DeleteBlob => self.delete_blob(at),
            Step::Mount => self.mount(at),
            Step::Browse => self.browse(at),
            Step::Read => self.read(at),
            Step::Reconcile => {
                let times = self.rng.random_range(1..=3);
                self.reconcile(at, times);
            }
            Step::Collect => self.collect(at),
            Step::Snapshot => self.write_snapshot(at),
            Step::Restart => {
                let gently = self.rng.random_bool(0.2);
                self.stop(at, gently).await;
                self.open(at).await;
            }
            Step::Pause => self.set_process(at, Process::Paused),
            Step::Resume => {
                for at in 0..REPLICAS {
                    self.set_process(at, Process::Running);
                }
            }
            Step::Outage => self.cut_off(at),
            Step::Oversleep => self.oversleep(at, &version).await,
            Step::Wait => {
                let seconds = self.rng.random_range(1..200);
                self.wait(seconds).await;
            }
            Step::Sleep => {
                let hours = [1, 12, 25, 49, 8 * 24][self.rng.random_range(0..5)];
                self.wait(hours * 3600 + 7).await;
            }
            Step::Hibernate => self.wait(40 * DAY).await,
            Step::Faults => self.set_faults(!self.has_faults()),
            Step::Clock => {
                let hours = self.rng.random_range(-30..=80);
                self.tell(format!("the clock of replica {at} is {hours} hours ahead"));
                self.history().clocks_jumped = true;
                self.clocks[at].set_ahead(hours * 3600);
            }
            Step::Place => self.place(&version),
            Step::Spoil => self.spoil(&version),
            Step::TakeAway => self.take_away(),
        }
    }

    /// A process is stopped for days in the middle of an upload, while others let go what nobody seems to need.
    async fn oversleep(&mut self, at: usize, version: &Coordinates) {
        match self.rng.random_range(0..3) {
            0 => self.push_artifact(at),
            1 => self.push_chart(at, version),
            _ => {
                let package = self.new_bytes(version);
                self.publish(at, version, package, true);
            }
        }
        let moment = self.rng.random_range(0..150);
        tokio::time::sleep(Duration::from_millis(moment)).await;
        self.set_process(at, Process::Paused);
        let other = (at + 1) % REPLICAS;
        for _ in 0..self.rng.random_range(1..=4) {
            let days = [1, 1, 2, 40][self.rng.random_range(0..4)];
            self.wait(days * DAY + 60).await;
            self.collect(other);
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        self.set_process(at, Process::Running);
    }

    pub async fn wait(&mut self, seconds: u64) {
        self.tell(format!("{seconds} seconds pass"));
        pass(seconds).await;
    }

    fn set_process(&mut self, at: usize, process: Process) {
        if let Some(replica) = &self.replicas[at] {
            self.tell(format!("replica {at} is {process:?}"));
            replica.wire.set(process);
        }
    }

    /// Everybody runs, all clocks are right, and the storage works.
    pub async fn calm(&mut self) {
        self.set_faults(false);
        for at in 0..REPLICAS {
            self.clocks[at].set_ahead(0);
            self.set_process(at, Process::Running);
            if self.replicas[at].is_none() {
                self.open(at).await;
            }
        }
    }
}
