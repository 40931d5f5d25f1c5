//! The way out: lines are put into a buffer, and a thread of its own writes them.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long the thread lets lines gather once the first is there. Nobody notices, and under load a thousand lines
/// cost one system call.
const GATHERING: Duration = Duration::from_millis(10);

/// What may wait if the reader of the log does not read: a few seconds' lines under full load.
const LARGEST_BUFFER: usize = 16 * 1024 * 1024;

/// Keeps an idle server from holding what a burst of lines needed.
const KEPT_CAPACITY: usize = 256 * 1024;

/// Takes lines and returns at once, whatever the writer does. If the writer cannot keep up, lines are lost, and a line
/// says how many.
pub(super) struct Sink(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// There is something to write.
    filled: Condvar,
    /// Something was written.
    emptied: Condvar,
}

#[derive(Default)]
struct State {
    lines: Vec<u8>,
    /// Lines that found no room.
    lost: u64,
    /// The thread waits for the first line.
    is_asleep: bool,
    /// Somebody waits, or the sink is gone: do not gather.
    is_urgent: bool,
    is_closed: bool,
    /// How often the buffer was taken, and how often what was taken was written.
    taken: u64,
    written: u64,
}

impl Sink {
    pub(super) fn new(writer: Box<dyn Write + Send>) -> Self {
        let shared = Arc::new(Shared { state: Mutex::default(), filled: Condvar::new(), emptied: Condvar::new() });
        let own = Arc::clone(&shared);
        // without a thread there is no log, and nothing to say it with
        let _ = std::thread::Builder::new().name("log".to_owned()).spawn(move || own.run(writer));
        Self(shared)
    }

    /// Adds a line, which ends in a line break.
    pub(super) fn write(&self, line: &[u8]) {
        let mut state = self.0.lock();
        if state.lines.len() + line.len() > LARGEST_BUFFER {
            state.lost += 1;
            return;
        }
        state.lines.extend_from_slice(line);
        if std::mem::take(&mut state.is_asleep) {
            drop(state);
            self.0.filled.notify_one();
        }
    }

    /// Returns when everything added before this call was written, or the writer takes longer than anybody waits.
    pub(super) fn flush(&self) {
        const PATIENCE: Duration = Duration::from_secs(5);
        let mut state = self.0.lock();
        state.is_urgent = true;
        self.0.filled.notify_one();
        let goal = state.taken + u64::from(!state.lines.is_empty());
        let _ = self.0.emptied.wait_timeout_while(state, PATIENCE, |state| state.written < goal);
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.filled.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // nothing panics while it holds the lock, and a log that goes on is better than none
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut writer: Box<dyn Write + Send>) {
        let mut lines = Vec::new();
        loop {
            let mut state = self.lock();
            while state.lines.is_empty() && state.lost == 0 {
                if state.is_closed {
                    return;
                }
                state.is_asleep = true;
                state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.is_asleep = false;
            let waits = |state: &mut State| !state.is_urgent && !state.is_closed;
            let gathered = self.filled.wait_timeout_while(state, GATHERING, waits);
            let (mut state, _) = gathered.unwrap_or_else(PoisonError::into_inner);
            state.is_urgent = false;
            std::mem::swap(&mut lines, &mut state.lines);
            let lost = std::mem::take(&mut state.lost);
            state.taken += 1;
            drop(state);

            if lost > 0 {
                let _ = writeln!(lines, "{lost} log lines were lost: they were not read fast enough");
            }
            // if the log cannot be written, there is nobody to tell
            let _ = writer.write_all(&lines);
            let _ = writer.flush();
            lines.clear();
            lines.shrink_to(KEPT_CAPACITY);
            self.lock().written += 1;
            self.emptied.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Hands each write to a test, which may let it wait.
    struct Writes(mpsc::SyncSender<Vec<u8>>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(std::io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_come_out_whole_and_in_order() {
        let (sender, writes) = mpsc::sync_channel(1000);
        let sink = Sink::new(Box::new(Writes(sender)));
        for number in 0..1000 {
            sink.write(format!("{number}\n").as_bytes());
        }
        sink.flush();
        let text: Vec<u8> = writes.try_iter().flatten().collect();
        let expected: String = (0..1000).map(|number| format!("{number}\n")).collect();
        assert_eq!(String::from_utf8(text).unwrap(), expected);
    }

    #[test]
    fn what_was_written_before_the_end_comes_out() {
        let (sender, writes) = mpsc::sync_channel(10);
        let sink = Sink::new(Box::new(Writes(sender)));
        sink.write(b"last words\n");
        drop(sink);
        assert_eq!(writes.iter().flatten().collect::<Vec<u8>>(), b"last words\n");
    }

    #[test]
    fn a_reader_that_does_not_read_costs_lines_and_not_requests() {
        let (sender, writes) = mpsc::sync_channel(0); // the writer waits for each of its writes to be read
        let sink = Sink::new(Box::new(Writes(sender)));
        let line = vec![b'x'; 1024 * 1024];
        for _ in 0..64 {
            sink.write(&line); // returns
        }
        drop(sink);
        let text: Vec<u8> = writes.iter().flatten().collect();
        let kept = text.iter().filter(|byte| **byte == b'x').count() / line.len();
        let told = String::from_utf8(text.into_iter().filter(|byte| *byte != b'x').collect()).unwrap();
        assert!((16..=32).contains(&kept), "{kept}");
        assert_eq!(told, format!("{} log lines were lost: they were not read fast enough\n", 64 - kept));
    }
}
