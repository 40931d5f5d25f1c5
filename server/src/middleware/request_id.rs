use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

use http::{HeaderMap, HeaderValue};
use uuid::{Builder, Uuid};

use super::X_REQUEST_ID;

/// Longer ones are not echoed: they would fill the log.
const LONGEST: usize = 128;

/// The request's own id if it has a decent one, else a new one.
pub(super) fn of(headers: &HeaderMap) -> HeaderValue {
    let is_decent =
        |id: &&HeaderValue| (1..=LONGEST).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic);
    headers.get(&X_REQUEST_ID).filter(is_decent).cloned().unwrap_or_else(new)
}

fn new() -> HeaderValue {
    let mut text = Uuid::encode_buffer();
    HeaderValue::from_str(random_uuid().hyphenated().encode_lower(&mut text))
        .unwrap_or(HeaderValue::from_static("unknown")) // hexadecimal digits and hyphens make a header
}

/// A version 4 UUID from a keyed hash of a counter: unguessable enough to name requests, and without the system call
/// that random bytes cost.
fn random_uuid() -> Uuid {
    thread_local! {
        static KEY: RandomState = RandomState::new();
        static COUNTER: Cell<u64> = const { Cell::new(0) };
    }
    let count = COUNTER.replace(COUNTER.get().wrapping_add(1));
    let (high, low) = KEY.with(|key| (key.hash_one((count, true)), key.hash_one((count, false))));
    Builder::from_random_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes()).into_uuid()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn of_header(id: &str) -> String {
        let headers = HeaderMap::from_iter([(X_REQUEST_ID.clone(), HeaderValue::from_str(id).unwrap())]);
        of(&headers).to_str().unwrap().to_owned()
    }

    #[test]
    fn a_decent_id_is_echoed_and_another_is_replaced() {
        assert_eq!(of_header("build-7/step:3"), "build-7/step:3");
        let long = "x".repeat(LONGEST);
        assert_eq!(of_header(&long), long);
        for odd in ["", "two words", "tab\tbed", &"x".repeat(LONGEST + 1)] {
            assert!(Uuid::parse_str(&of_header(odd)).is_ok(), "{odd:?}");
        }
    }

    #[test]
    fn new_ids_are_version_4_and_differ_between_requests_and_threads() {
        let make = || (0..1000).map(|_| random_uuid()).collect::<Vec<_>>();
        let ids: Vec<Uuid> =
            [std::thread::spawn(make), std::thread::spawn(make)].into_iter().flat_map(|t| t.join().unwrap()).collect();
        assert!(ids.iter().all(|id| id.get_version_num() == 4));
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
    }
}
