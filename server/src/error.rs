//! The one place where a failure gets its HTTP status.
