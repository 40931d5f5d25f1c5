use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::watch;

/// What a server wrote to its standard error, line by line, over all its lives.
#[derive(Debug, Clone)]
pub struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    /// How many lines there are. Waking up on it is how tests wait for a line.
    count: watch::Sender<usize>,
}

impl Default for Log {
    fn default() -> Self {
        Self { lines: Arc::default(), count: watch::Sender::new(0) }
    }
}

impl Log {
    /// Takes over a process's standard error until it ends.
    pub(crate) fn collect(&self, source: impl Read + Send + 'static) {
        let log = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(source).lines().map_while(Result::ok) {
                log.push(line);
            }
        });
    }

    fn push(&self, line: String) {
        let mut lines = self.locked();
        lines.push(line);
        let count = lines.len();
        drop(lines);
        self.count.send_replace(count);
    }

    fn locked(&self) -> MutexGuard<'_, Vec<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many lines there are by now: a mark to look behind later.
    pub fn mark(&self) -> usize {
        self.locked().len()
    }

    /// All lines from a mark on.
    pub fn since(&self, mark: usize) -> Vec<String> {
        self.locked()[mark..].to_vec()
    }

    /// The whole text.
    pub fn text(&self) -> String {
        self.locked().join("\n")
    }

    /// Waits for a JSON line after the mark that the question finds an answer in. Never ends if none comes: callers
    /// bound it.
    pub async fn find<T>(&self, mark: usize, question: impl Fn(&Value) -> Option<T>) -> T {
        let mut count = self.count.subscribe();
        let mut seen = mark;
        loop {
            for line in self.since(seen) {
                seen += 1;
                if let Some(answer) = serde_json::from_str(&line).ok().as_ref().and_then(&question) {
                    return answer;
                }
            }
            count.wait_for(|count| *count > seen).await.expect("the log holds the sender");
        }
    }
}
