use std::sync::OnceLock;

/// Names that are told apart: clients choose them, so there must be an end.
const NAMES: usize = 15;
/// Counters for one thing by host: the names, and all others together.
pub(super) const SLOTS: usize = NAMES + 1;
/// The longest name that DNS knows, with a port.
const LONGEST: usize = 259;

/// The first host names that clients have asked for.
#[derive(Debug, Default)]
pub(super) struct Hosts([OnceLock<Box<str>>; NAMES]);

impl Hosts {
    /// The slot of a host. A new name gets a slot of its own as long as there are some.
    pub(super) fn slot(&self, host: &str) -> usize {
        for (slot, name) in self.0.iter().enumerate() {
            let name = match name.get() {
                Some(name) => name,
                None if is_name(host) => name.get_or_init(|| host.into()),
                None => break,
            };
            if **name == *host {
                return slot;
            }
        }
        NAMES
    }

    /// How the slot's host is called.
    pub(super) fn name(&self, slot: usize) -> &str {
        self.0.get(slot).and_then(OnceLock::get).map_or("other", |name| name)
    }
}

fn is_name(host: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    (1..=LONGEST).contains(&host.len()) && host.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_until_there_are_too_many() {
        let hosts = Hosts::default();
        for slot in 0..NAMES {
            assert_eq!(hosts.slot(&format!("h{slot}:8080")), slot);
        }
        assert_eq!(hosts.slot("one-more"), NAMES);
        assert_eq!((hosts.slot("h3:8080"), hosts.name(3), hosts.name(NAMES)), (3, "h3:8080", "other"));
    }

    #[test]
    fn what_is_no_name_takes_no_slot() {
        let hosts = Hosts::default();
        for odd in ["", "a b", "a\"b", "ä", &"x".repeat(LONGEST + 1)] {
            assert_eq!(hosts.slot(odd), NAMES, "{odd:?}");
        }
        assert_eq!(hosts.slot("[::1]:80"), 0);
    }
}
