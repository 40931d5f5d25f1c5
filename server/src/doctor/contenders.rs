//! Two processes that race for the same objects: what orders the changes of all replicas must have one winner each time.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use storage::{Key, ObjectStore, StorageError};

use super::{Probe, Report, Status};

/// Objects that are raced for.
const ROUNDS: usize = 20;
/// A contender that is silent for longer hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a contender says when it may be asked.
const READY: &str = "ready";

/// A process that creates objects as it is told. Ended with the value.
struct Contender {
    process: Child,
    orders: ChildStdin,
    answers: Receiver<String>,
}

impl Contender {
    fn start(mut command: Command) -> Result<Self, String> {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().map_err(|error| format!("a second process cannot be started: {error}"))?;
        let (Some(orders), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("a second process has no pipes".to_owned());
        };
        let (sender, answers) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { process, orders, answers })
    }

    fn order(&mut self, order: &str) -> Result<(), String> {
        let written = writeln!(self.orders, "{order}").and_then(|()| self.orders.flush());
        written.map_err(|error| format!("a second process ended: {error}"))
    }

    fn answer(&mut self) -> Result<String, String> {
        let line = self.answers.recv_timeout(PATIENCE).map_err(|_| "a second process does not answer".to_owned())?;
        match line.strip_prefix("failed ") {
            Some(reason) => Err(reason.to_owned()),
            None => Ok(line),
        }
    }

    fn ask(&mut self, order: &str) -> Result<String, String> {
        self.order(order)?;
        self.answer()
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Lets two processes race, and looks whether each sees at once what the other did.
pub(super) async fn examine(probe: Probe, commands: [Command; 2], report: &mut Report) -> Result<(), String> {
    let raced = tokio::task::spawn_blocking(move || race(probe, commands)).await;
    let Race { winners, unseen } = raced.map_err(|error| error.to_string())??;
    let (both, none) = (count(&winners, 2), count(&winners, 0));
    let facts =
        json!({ "rounds": ROUNDS, "roundsWithTwoWinners": both, "roundsWithoutWinner": none, "unseen": unseen });
    let (status, message) = match (both, none) {
        (0, 0) if unseen == 0 => (
            Status::Ok,
            format!("two processes raced for {ROUNDS} objects: one of them won each, and both saw it at once"),
        ),
        (0, 0) => (
            Status::Warning,
            format!("of {ROUNDS} objects that one process created another one did not see {unseen} at once"),
        ),
        (0, none) => (Status::Failed, format!("of {ROUNDS} objects that two processes raced for {none} had no winner")),
        (both, _) => (
            Status::Failed,
            format!("of {ROUNDS} objects that two processes raced for {both} had two winners: changes would be lost"),
        ),
    };
    report.add("exclusive-create", status, message, facts);
    Ok(())
}

fn count(winners: &[usize], wanted: usize) -> usize {
    winners.iter().filter(|winners| **winners == wanted).count()
}

struct Race {
    /// Of each round.
    winners: Vec<usize>,
    /// Objects that a process which had looked for them before did not see after the other one made them.
    unseen: usize,
}

fn race(probe: Probe, [one, other]: [Command; 2]) -> Result<Race, String> {
    let (mut one, mut other) = (Contender::start(one)?, Contender::start(other)?);
    for contender in [&mut one, &mut other] {
        let first = contender.answer()?;
        if first != READY {
            return Err(format!("a second process answers {first:?}"));
        }
    }
    let mut race = Race { winners: Vec::new(), unseen: 0 };
    for round in 0..ROUNDS {
        let order = format!("create {}", probe.key(&format!("race-{round}")));
        one.order(&order)?;
        other.order(&order)?;
        let won = [one.answer()?, other.answer()?].iter().filter(|answer| *answer == "created").count();
        race.winners.push(won);
        // a network file system may remember that a name was not there
        let name = probe.key(&format!("seen-{round}"));
        let (maker, looker) = if round % 2 == 0 { (&mut one, &mut other) } else { (&mut other, &mut one) };
        looker.ask(&format!("look {name}"))?;
        maker.ask(&format!("create {name}"))?;
        if looker.ask(&format!("look {name}"))? != "there" {
            race.unseen += 1;
        }
    }
    Ok(race)
}

/// What a contender does: orders from standard input, answers to standard output, until the input ends.
///
/// # Errors
/// If input or output fail.
pub async fn contend(store: Result<std::sync::Arc<dyn ObjectStore>, String>) -> std::io::Result<()> {
    let mut output = std::io::stdout();
    let store = match store {
        Ok(store) => store,
        Err(reason) => {
            writeln!(output, "failed {}", one_line(&reason))?;
            return output.flush();
        }
    };
    writeln!(output, "{READY}")?;
    output.flush()?;
    let own = Bytes::from(std::process::id().to_string());
    for order in std::io::stdin().lines() {
        let order = order?;
        let (verb, key) = order.split_once(' ').unwrap_or((&*order, ""));
        let answer = match (verb, Key::new(key)) {
            ("create", Ok(key)) => match store.put_new(&key, own.clone()).await {
                Ok(_) => "created".to_owned(),
                Err(StorageError::AlreadyExists(_)) => "taken".to_owned(),
                Err(error) => format!("failed {}", one_line(&error.to_string())),
            },
            ("look", Ok(key)) => match store.get(&key, None).await {
                Ok(_) => "there".to_owned(),
                Err(StorageError::NotFound(_)) => "absent".to_owned(),
                Err(error) => format!("failed {}", one_line(&error.to_string())),
            },
            _ => "failed that is no order".to_owned(),
        };
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}
