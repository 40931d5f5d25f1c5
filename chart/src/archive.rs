//! The gzip and tar walk under [`crate::Limits`].
