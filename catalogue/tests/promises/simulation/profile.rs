//! What kind of world a history happens in.

use std::num::NonZeroUsize;
use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;
use storage::faulty::Rates;

use super::audit::Pace;

#[derive(Debug, Clone)]
pub struct Profile {
    pub rates: Rates,
    pub pace: Pace,
    pub follow_interval: Duration,
    pub reconcile_interval: Duration,
    pub trash_window: Duration,
    /// Versions that an upload leaves of a chart.
    pub versions_per_chart: Option<NonZeroUsize>,
    /// Packages that lie in the storage before the first start.
    pub lying_there: usize,
    pub steps: usize,
}

impl Profile {
    pub fn choose(rng: &mut StdRng) -> Self {
        let seconds = |rng: &mut StdRng, some: &[u64]| Duration::from_secs(some[rng.random_range(0..some.len())]);
        let rate = [0, 20, 60, 150][rng.random_range(0..4)];
        let rates =
            Rates { fail_before: rate, fail_after: rate, short_listing: rate * 4, ghost: rate / 4, ..Rates::default() };
        let paces = [
            Pace { usual: 0, slow: 0, slow_calls: 0 },
            Pace { usual: 5, slow: 1000, slow_calls: 20 },
            Pace { usual: 50, slow: 15_000, slow_calls: 50 },
        ];
        Self {
            rates,
            pace: paces[rng.random_range(0..paces.len())],
            follow_interval: seconds(rng, &[0, 0, 1, 7]),
            reconcile_interval: seconds(rng, &[0, 0, 0, 300]),
            trash_window: seconds(rng, &[0, 24 * 3600, 7 * 24 * 3600, 7 * 24 * 3600]),
            versions_per_chart: NonZeroUsize::new([0, 0, 1, 2, 3][rng.random_range(0..5)]),
            lying_there: [0, 0, 1, 4][rng.random_range(0..4)],
            steps: rng.random_range(25..=50),
        }
    }
}
