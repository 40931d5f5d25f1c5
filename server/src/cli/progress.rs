//! How far a long command is: a bar on a terminal, log lines elsewhere.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::config::Settings;

/// How often a log line tells it.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Told what is done of how much.
pub(super) fn progress(settings: &Settings, what: &'static str) -> Arc<dyn Fn(u64, u64) + Send + Sync> {
    if !settings.log.json && std::io::stderr().is_terminal() {
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(0).with_style(style).with_message(what);
        return Arc::new(move |done, total| {
            bar.set_length(total);
            bar.set_position(done);
            if done >= total {
                bar.finish_and_clear();
            }
        });
    }
    let next = Mutex::new(Instant::now() + LINE_EVERY); // what is done sooner needs no line
    Arc::new(move |done, total| {
        let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if now >= *next {
            *next = now + LINE_EVERY;
            tracing::info!(done, total, "{what}");
        }
    })
}
