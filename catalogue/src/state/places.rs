//! Finding a chart's version by the digest of something that it has, at eight bytes for each such thing.

use chart::Digest;

/// Which places among a chart's versions a digest leads to: the first bytes of digests, in order, each with a place. Others may
/// begin the same, so whoever is led to a place looks whether it is the one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Places(Vec<(u32, u32)>);

/// What one version usually adds: its package, its metadata and its manifest, and perhaps a provenance.
const OF_A_VERSION: usize = 4;

/// A copy is made to be changed.
impl Clone for Places {
    fn clone(&self) -> Self {
        let mut places = Vec::with_capacity(self.0.len() + OF_A_VERSION);
        places.extend_from_slice(&self.0);
        Self(places)
    }
}

impl Places {
    /// Of all versions in their order, with the digests of each.
    pub fn of<D: Iterator<Item = Digest>>(versions: impl Iterator<Item = D>) -> Self {
        let of_version = |(at, digests): (usize, D)| digests.map(move |digest| (beginning(digest), number(at)));
        let mut places: Vec<_> = versions.enumerate().flat_map(of_version).collect();
        places.sort_unstable();
        places.dedup();
        places.shrink_to_fit();
        Self(places)
    }

    /// Where something with the digest may be, in order.
    pub fn find(&self, digest: Digest) -> impl Iterator<Item = usize> {
        let beginning = beginning(digest);
        let first = self.0.partition_point(|(other, _)| *other < beginning);
        let same = self.0[first..].iter().take_while(move |(other, _)| *other == beginning);
        same.map(|(_, at)| *at as usize)
    }

    /// A version came to stand at the place: those from there on stand one further.
    pub fn insert(&mut self, at: usize, digests: impl Iterator<Item = Digest>) {
        shift_up(self.0.iter_mut().map(|(_, place)| place), at);
        self.put(at, digests);
    }

    /// The version at the place has other things now.
    pub fn replace(&mut self, at: usize, digests: impl Iterator<Item = Digest>) {
        let at_place = number(at);
        self.0.retain(|(_, place)| *place != at_place);
        self.put(at, digests);
    }

    /// The version at the place is gone: those behind it stand one nearer.
    pub fn remove(&mut self, at: usize) {
        let at_place = number(at);
        self.0.retain(|(_, place)| *place != at_place);
        shift_down(self.0.iter_mut().map(|(_, place)| place), at);
    }

    fn put(&mut self, at: usize, digests: impl Iterator<Item = Digest>) {
        for digest in digests {
            let place = (beginning(digest), number(at));
            if let Err(index) = self.0.binary_search(&place) {
                self.0.insert(index, place);
            }
        }
    }
}

/// Makes room at a place.
pub(super) fn shift_up<'a>(places: impl Iterator<Item = &'a mut u32>, at: usize) {
    let at = number(at);
    places.for_each(|place| *place += u32::from(*place >= at));
}

/// Closes the gap at a place that nothing stands at.
pub(super) fn shift_down<'a>(places: impl Iterator<Item = &'a mut u32>, at: usize) {
    let at = number(at);
    places.for_each(|place| *place -= u32::from(*place > at));
}

/// A place as it is kept.
pub(super) fn number(at: usize) -> u32 {
    // no memory holds so many versions
    u32::try_from(at).unwrap_or(u32::MAX)
}

fn beginning(digest: Digest) -> u32 {
    let [first, second, third, fourth, ..] = *digest.as_bytes();
    u32::from_be_bytes([first, second, third, fourth])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(beginning: u8, rest: u8) -> Digest {
        let mut bytes = [rest; 32];
        bytes[..4].fill(beginning);
        Digest::from_bytes(bytes)
    }

    fn found(places: &Places, digest: Digest) -> Vec<usize> {
        places.find(digest).collect()
    }

    #[test]
    fn places_move_with_the_versions() {
        let mut places = Places::of(
            [vec![digest(1, 0), digest(1, 0)], vec![digest(2, 0), digest(1, 9)]].map(Vec::into_iter).into_iter(),
        );
        assert_eq!(found(&places, digest(1, 0)), [0, 1], "one of them only begins the same");
        assert_eq!(found(&places, digest(2, 0)), [1]);
        assert_eq!(found(&places, digest(3, 0)), [0; 0]);
        places.insert(1, [digest(3, 0), digest(2, 0)].into_iter());
        assert_eq!(found(&places, digest(1, 0)), [0, 2]);
        assert_eq!(found(&places, digest(2, 0)), [1, 2]);
        places.replace(1, [digest(4, 0)].into_iter());
        assert_eq!(found(&places, digest(2, 0)), [2]);
        assert_eq!(found(&places, digest(3, 0)), [0; 0]);
        assert_eq!(found(&places, digest(4, 0)), [1]);
        places.remove(0);
        assert_eq!(found(&places, digest(1, 9)), [1]);
        assert_eq!(found(&places, digest(4, 0)), [0]);
    }
}
