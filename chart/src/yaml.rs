//! YAML as Helm reads it.
