use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::text::{Labels, Text, seconds};

/// An upper bound as it is written, and in nanoseconds.
type Bound = (&'static str, u64);

const MICROSECOND: u64 = 1_000;
const MILLISECOND: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;

/// ChartMuseum's, which are those of Prometheus' libraries: for what clients wait for.
pub(super) const OF_REQUESTS: &[Bound] = &[
    ("0.005", 5 * MILLISECOND),
    ("0.01", 10 * MILLISECOND),
    ("0.025", 25 * MILLISECOND),
    ("0.05", 50 * MILLISECOND),
    ("0.1", 100 * MILLISECOND),
    ("0.25", 250 * MILLISECOND),
    ("0.5", 500 * MILLISECOND),
    ("1", SECOND),
    ("2.5", 2_500 * MILLISECOND),
    ("5", 5 * SECOND),
    ("10", 10 * SECOND),
];

/// From a cached file to a bucket far away.
pub(super) const OF_STORAGE: &[Bound] = &[
    ("0.0001", 100 * MICROSECOND),
    ("0.00025", 250 * MICROSECOND),
    ("0.001", MILLISECOND),
    ("0.0025", 2_500 * MICROSECOND),
    ("0.01", 10 * MILLISECOND),
    ("0.025", 25 * MILLISECOND),
    ("0.1", 100 * MILLISECOND),
    ("0.25", 250 * MILLISECOND),
    ("1", SECOND),
    ("2.5", 2_500 * MILLISECOND),
    ("10", 10 * SECOND),
];

/// Durations, counted by bounds.
#[derive(Debug)]
pub(super) struct Histogram {
    bounds: &'static [Bound],
    /// One per bound, and one for what is above the last.
    counts: Box<[AtomicU64]>,
    nanoseconds: AtomicU64,
}

impl Histogram {
    pub(super) fn new(bounds: &'static [Bound]) -> Self {
        Self { bounds, counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(), nanoseconds: AtomicU64::new(0) }
    }

    pub(super) fn observe(&self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let position = self.bounds.iter().take_while(|(_, bound)| nanoseconds > *bound).count();
        self.counts[position].fetch_add(1, Ordering::Relaxed);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// Writes buckets, sum and count, with these labels; the count is that of the buckets even while others observe.
    pub(super) fn write(&self, text: &mut Text, name: &str, labels: Labels) {
        let (bucket, mut count) = (format!("{name}_bucket"), 0);
        let mut labels = labels.to_vec();
        let bounds = self.bounds.iter().map(|(bound, _)| *bound).chain(["+Inf"]);
        for (bound, own) in bounds.zip(&self.counts) {
            count += own.load(Ordering::Relaxed);
            labels.push(("le", bound));
            text.sample(&bucket, &labels, count);
            labels.pop();
        }
        let sum = Duration::from_nanos(self.nanoseconds.load(Ordering::Relaxed));
        text.sample(&format!("{name}_sum"), &labels, seconds(sum));
        text.sample(&format!("{name}_count"), &labels, count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_equals_a_bound_is_within_it_and_buckets_add_up() {
        let histogram = Histogram::new(OF_REQUESTS);
        for milliseconds in [0, 5, 6, 10_000, 10_001] {
            histogram.observe(Duration::from_millis(milliseconds));
        }
        let mut text = Text::default();
        histogram.write(&mut text, "h", &[("a", "b")]);
        let text = text.into_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "h_bucket{a=\"b\",le=\"0.005\"} 2");
        assert_eq!(lines[1], "h_bucket{a=\"b\",le=\"0.01\"} 3");
        assert_eq!(lines[10], "h_bucket{a=\"b\",le=\"10\"} 4");
        assert_eq!(lines[11], "h_bucket{a=\"b\",le=\"+Inf\"} 5");
        assert_eq!(lines[12..], ["h_sum{a=\"b\"} 20.012", "h_count{a=\"b\"} 5"]);
    }
}
