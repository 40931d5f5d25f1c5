//! Names that two readers take for different fields.
//!
//! Go's reader of JSON, which most clients have, takes `Digest` for `digest`, and the last of both for the value. So a manifest
//! with both would be one thing for this registry and another for who pulls it.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Every name that is read in a manifest.
const OF_MANIFEST: [&str; 8] =
    ["schemaVersion", "mediaType", "artifactType", "config", "layers", "manifests", "subject", "annotations"];
/// Those of them that hold descriptors.
const DESCRIPTORS: [&str; 4] = ["config", "layers", "manifests", "subject"];
/// Every name that is read in a descriptor.
const OF_DESCRIPTOR: [&str; 3] = ["mediaType", "digest", "size"];

/// Refuses a manifest with a name that is almost one of those that are read.
pub(super) fn check(text: &str) -> Result<(), serde_json::Error> {
    Part::Manifest.deserialize(&mut serde_json::Deserializer::from_str(text))
}

/// An object, or a list of them. What is neither is left to the one who reads.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Manifest,
    Descriptor,
}

impl Part {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Manifest => &OF_MANIFEST,
            Self::Descriptor => &OF_DESCRIPTOR,
        }
    }
}

impl<'de> DeserializeSeed<'de> for Part {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<Cow<'_, str>>()? {
            if let Some(known) = self.names().iter().find(|known| is_almost(&name, known)) {
                return Err(A::Error::custom(format!("some would take {name:?} for {known:?}")));
            }
            if self == Self::Manifest && DESCRIPTORS.contains(&&*name) {
                map.next_value_seed(Self::Descriptor)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

/// As Go compares names: in any case, and the long s and the sign of kelvin are letters like their own small ones.
fn is_almost(name: &str, known: &str) -> bool {
    let folded = name.chars().map(|letter| match letter {
        'ſ' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    });
    name != known && folded.eq(known.chars().map(|letter| letter.to_ascii_lowercase()))
}
