//! `values.yaml`: of no use to a repository, but Helm refuses a chart whose values it cannot read.

use super::DecodeError;
use super::decode::root_mismatch;
use crate::yaml::{self, Kind};

/// Only counters grow with the nodes of a document that is checked, so this bounds time: one node for each two bytes
/// of a file of Helm's size, and as many again behind aliases.
const NODES: u64 = 5 * 1024 * 1024;

/// Refuses what Helm could not read as a chart's values: anything but a mapping or nothing.
pub(crate) fn check_values(bytes: &[u8], size: u64) -> Result<(), DecodeError> {
    let limits =
        yaml::Limits { bytes: usize::try_from(size).unwrap_or(usize::MAX), nodes: NODES, ..Default::default() };
    let kind = match yaml::check(bytes, &limits)? {
        Kind::Null | Kind::Mapping => return Ok(()),
        Kind::Boolean => "bool",
        Kind::Number => "number",
        Kind::String => "string",
        Kind::Sequence => "array",
    };
    Err(DecodeError::Type(root_mismatch(kind, "map[string]interface {}")))
}
