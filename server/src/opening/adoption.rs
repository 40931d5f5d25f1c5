use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a log line tells how far the adoption is.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// How far a first adoption is, told to whoever watches: a bar on a terminal, lines in the log elsewhere.
pub struct Adoption {
    bar: Option<ProgressBar>,
    next_line: Mutex<Instant>,
    told: Box<dyn Fn(String) + Send + Sync>,
}

impl Adoption {
    /// `told` gets a sentence for those who ask whether the server is ready.
    pub fn new(log_is_json: bool, told: impl Fn(String) + Send + Sync + 'static) -> Self {
        let bar = (!log_is_json && std::io::stderr().is_terminal()).then(|| {
            let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}");
            ProgressBar::new(0)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
                .with_message("Adopting packages")
        });
        Self { bar, next_line: Mutex::new(Instant::now()), told: Box::new(told) }
    }

    /// As the catalogue wants it: packages read, packages found.
    pub(super) fn into_progress(self: Arc<Self>) -> Arc<dyn Fn(u64, u64) + Send + Sync> {
        Arc::new(move |read, found| self.tell(read, found))
    }

    /// There is nothing to adopt from yet.
    pub(super) fn wait_for_storage(&self) {
        (self.told)("the storage does not answer yet".to_owned());
    }

    fn tell(&self, read: u64, found: u64) {
        (self.told)(format!("packages found in the storage are being adopted: {read} of {found}"));
        let is_done = read >= found;
        if let Some(bar) = &self.bar {
            bar.set_length(found);
            bar.set_position(read);
            if is_done {
                bar.finish_and_clear();
            }
            return;
        }
        let mut next_line = self.next_line.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if is_done || now >= *next_line {
            *next_line = now + LINE_EVERY;
            tracing::info!(read, found, "Adopting packages");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_ask_are_told_how_far_it_is() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let adoption = {
            let told = Arc::clone(&told);
            Adoption::new(true, move |doing| told.lock().unwrap().push(doing))
        };
        let progress = Arc::new(adoption).into_progress();
        progress(1, 3);
        progress(3, 3);
        assert_eq!(
            *told.lock().unwrap(),
            [
                "packages found in the storage are being adopted: 1 of 3",
                "packages found in the storage are being adopted: 3 of 3"
            ]
        );
    }
}
