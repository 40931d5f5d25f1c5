use std::time::Duration;

use chart::Digest;
use futures_util::future::join_all;
use rand::rngs::StdRng;

use super::Site;
use super::ask::Ask;
use super::model::Name;
use super::reader::Listed;
use crate::{Answer, Server};

/// Requests that clients gave up may still be under way on a replica that was paused.
const LOOKS: usize = 600;
const LOOK_AGAIN: Duration = Duration::from_millis(100);

impl Site {
    /// When nothing is disturbed any more, all replicas say the same, it is what was answered, and every listed package is there.
    pub(super) async fn end(&self) {
        let mut random = self.random(u64::MAX);
        let since = self.model.borrow().moment();
        let answers = self.same_everywhere().await;
        for answer in &answers {
            let Some(index) = self.check_index(answer, &since) else { continue };
            for (name, listed) in &index {
                let (answer, _) = self.ask(&mut random, &Ask::get(format!("/{}", listed.url))).await;
                self.check_listed(&answer, &since, name, listed);
            }
        }
        if let Some(index) = answers.first().and_then(|answer| self.check_index(answer, &since)) {
            for (name, listed) in &index {
                self.compare_doors(&mut random, name, listed).await;
            }
        }
        let artifacts: Vec<Name> = self.artifacts.borrow().names().cloned().collect();
        for name in &artifacts {
            self.read_artifact(&mut random, name).await;
        }
        for server in &self.servers {
            let server = server.lock().await;
            if let Some(panic) = server.log().text().lines().find(|line| line.contains("panic")) {
                self.miss(format!("a replica panicked: {panic}"));
            }
        }
        let server = self.servers[0].lock().await;
        let scrubbed = scrub(&server).await;
        if !scrubbed.0 {
            self.miss(format!("the storage is not sound: {}", scrubbed.1));
        }
    }

    /// Both doors serve the bytes whose digest the index lists.
    async fn compare_doors(&self, random: &mut StdRng, name: &Name, listed: &Listed) {
        let (answer, _) = self.ask(random, &Ask::get(format!("/charts/{}-{}.tgz", name.0, name.1))).await;
        let classic = (answer.status == 200).then(|| Digest::of(&answer.body).to_string());
        let registry = self.pull(random, name).await.map(|bytes| Digest::of(&bytes).to_string());
        if [&classic, &registry].map(Option::as_deref) == [Some(&*listed.digest); 2] {
            return self.counts.compared.add();
        }
        // what a client gave up may have come at this moment
        if self.look(random, name).await.as_ref() == Some(&listed.digest) {
            let digest = &listed.digest;
            self.miss(format!("{name:?} is listed as {digest}, downloaded as {classic:?}, pulled as {registry:?}"));
        }
    }

    /// The index of every replica, as soon as they are the same bytes under the same entity tag.
    async fn same_everywhere(&self) -> Vec<Answer> {
        let indexes = async || {
            join_all(self.servers.iter().map(async |server| server.lock().await.get("/index.yaml").await)).await
        };
        let is_same = |answers: &[Answer]| {
            let first = &answers[0];
            let same = |answer: &Answer| answer.body == first.body && answer.header("etag") == first.header("etag");
            answers.iter().all(same)
        };
        let mut answers = indexes().await;
        for _ in 0..LOOKS {
            if is_same(&answers) {
                return answers;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
            answers = indexes().await;
        }
        let lengths: Vec<usize> = answers.iter().map(|answer| answer.body.len()).collect();
        self.miss(format!("the indexes of the replicas differ for good: {lengths:?} bytes"));
        answers
    }
}

/// Reads everything that is stored again, beside the servers.
async fn scrub(server: &Server) -> (bool, String) {
    let mut command = server.settings().command_of("scrub");
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("it does not panic");
    let output = output.expect("the binary can be started");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}
