use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The name of an object: segments joined by `/`, each non-empty, none of them `.` or `..`, no NUL.
///
/// So a key can never leave the root it is resolved under.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

/// The beginning of keys: empty, or text that some key could begin with. It need not end at a `/`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(Arc<str>);

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no storage key: {reason}")]
pub struct KeyError {
    text: String,
    reason: &'static str,
}

/// S3's limit on the length of a key, in bytes.
pub const MAX_KEY_LENGTH: usize = 1024;
/// What common file systems take as one name, in bytes.
pub const MAX_SEGMENT_LENGTH: usize = 255;

fn segment_fault(segment: &str) -> Option<&'static str> {
    match segment {
        "" => Some("it has an empty segment"),
        "." | ".." => Some("it has a relative segment"),
        _ if segment.len() > MAX_SEGMENT_LENGTH => Some("a segment is longer than 255 bytes"),
        _ if segment.contains('\0') => Some("it contains a NUL"),
        _ => None,
    }
}

impl Key {
    /// Checks and takes the text.
    ///
    /// # Errors
    /// [`KeyError`] says which rule the text breaks.
    pub fn new(text: impl AsRef<str>) -> Result<Self, KeyError> {
        let text = text.as_ref();
        let fault = |reason| KeyError { text: text.chars().take(200).collect(), reason };
        if text.len() > MAX_KEY_LENGTH {
            return Err(fault("it is longer than 1024 bytes"));
        }
        match text.split('/').find_map(segment_fault) {
            Some(reason) => Err(fault(reason)),
            None => Ok(Self(text.into())),
        }
    }

    /// The whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The segments in order.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

impl Prefix {
    /// The beginning of every key.
    pub fn root() -> Self {
        Self("".into())
    }

    /// Checks and takes the text: whole segments before the last `/` follow the rules of [`Key`].
    ///
    /// # Errors
    /// [`KeyError`] says which rule the text breaks.
    pub fn new(text: impl AsRef<str>) -> Result<Self, KeyError> {
        let text = text.as_ref();
        let whole = text.rsplit_once('/').map_or("", |(whole, _)| whole);
        let fault = |reason| KeyError { text: text.chars().take(200).collect(), reason };
        if text.starts_with('/') || text.contains('\0') {
            return Err(fault("it is absolute or contains a NUL"));
        }
        if !whole.is_empty() {
            Key::new(whole)?;
        }
        Ok(Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

macro_rules! text_like {
    ($type:ty) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }
        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}
text_like!(Key);
text_like!(Prefix);

/// Sound because keys compare and hash as their text does.
impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}
