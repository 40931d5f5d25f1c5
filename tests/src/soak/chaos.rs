use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rand::RngExt;
use rand::rngs::StdRng;

use super::Site;
use crate::Server;

/// Between two disturbances.
const INTERVAL: Duration = Duration::from_secs(1);
/// Replicas that are left alone at any time: somebody must serve.
const UNDISTURBED: usize = 1;
/// Before a replica that gave up its start is started again, as service managers do it.
const START_PAUSE: Duration = Duration::from_secs(1);
/// Starts in a row that a replica may give up: the storage was away for minutes then, or the replica is broken.
const MOST_STARTS: usize = 10;
/// A start that neither succeeds nor gives up hangs.
const LONGEST_START: Duration = Duration::from_mins(4);
/// Actors are numbered.
const CHAOS: u64 = 200;

impl Site {
    /// Kills or pauses one replica after another until the soak is over; all of them run then.
    pub(super) async fn disturb(&self) {
        let mut random = self.random(CHAOS);
        let mut disturbed = BTreeSet::new();
        let mut under_way = FuturesUnordered::new();
        while !self.is_over() {
            tokio::select! {
                () = tokio::time::sleep(INTERVAL) => {
                    let free: Vec<usize> = (0..self.servers.len()).filter(|replica| !disturbed.contains(replica)).collect();
                    if free.len() > UNDISTURBED {
                        let replica = free[random.random_range(0..free.len())];
                        disturbed.insert(replica);
                        under_way.push(self.disturb_one(replica, self.choose(&mut random)));
                    }
                }
                Some(replica) = under_way.next(), if !under_way.is_empty() => drop(disturbed.remove(&replica)),
            }
        }
        while under_way.next().await.is_some() {}
    }

    /// For how long to pause; killed if not at all.
    fn choose(&self, random: &mut StdRng) -> Option<Duration> {
        let pauses = &self.soak.pauses;
        // one after the other at first, so that a short soak has both
        let kill = match self.counts.kills.get() + self.counts.pauses.get() {
            0 => true,
            1 => false,
            _ => random.random_ratio(1, 2),
        };
        (!kill).then(|| pauses[random.random_range(0..pauses.len())])
    }

    async fn disturb_one(&self, replica: usize, pause: Option<Duration>) -> usize {
        let mut server = self.servers[replica].lock().await;
        if !server.is_running() {
            self.miss(format!("a replica ended by itself; its log:\n{}", server.log().text()));
        }
        match pause {
            Some(time) => {
                server.pause();
                tokio::time::sleep(time).await;
                server.resume();
                self.counts.pauses.add();
            }
            None => {
                // its clients find out by themselves
                server.kill();
                self.rotation.take_out(replica);
                self.start_again(&mut server).await;
                self.rotation.put_back(replica, server.address());
                self.counts.kills.add();
            }
        }
        replica
    }

    /// Starts a replica as often as it takes: on a machine that is busy enough the storage may not answer it in time.
    async fn start_again(&self, server: &mut Server) {
        for _ in 0..MOST_STARTS {
            match tokio::time::timeout(LONGEST_START, server.run_unless_it_gives_up()).await {
                Ok(true) => return,
                Ok(false) => self.counts.given_up.add(),
                Err(_) => panic!("a replica does not become ready:\n{}", server.diagnosis()),
            }
            tokio::time::sleep(START_PAUSE).await;
        }
        panic!("a replica gave up {MOST_STARTS} starts in a row:\n{}", server.log().text());
    }
}
