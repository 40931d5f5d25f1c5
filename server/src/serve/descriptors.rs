use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors that are no clients': files being read and written, the catalogue, the listener, buckets.
const OWN: u64 = 512;

/// Asks the system for as many file descriptors as it may give, and says how many connections of those wanted there is
/// room for.
pub fn room_for(connections: usize) -> usize {
    let limit = getrlimit(Resource::Nofile);
    // what it refuses is seen when the limit is read again
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    let Some(limit) = getrlimit(Resource::Nofile).current else { return connections };
    let room = limit.saturating_sub(OWN).max(limit / 2);
    let possible = connections.min(usize::try_from(room).unwrap_or(usize::MAX));
    if possible < connections {
        tracing::warn!(
            possible,
            wanted = connections,
            descriptors = limit,
            "There are not enough file descriptors for max-connections (see ulimit -n)"
        );
    }
    possible
}
