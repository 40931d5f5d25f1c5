use crate::ChartVersion;

/// A range of versions as Helm understands it (the semantics of Go's Masterminds/semver 3).
#[derive(Debug, Clone)]
pub struct Constraint;

/// The text is no constraint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("improper constraint: {0}")]
pub struct ConstraintError(pub String);

impl Constraint {
    /// Reads a constraint such as `^1.2`, `>=1.0.0 <2 || 3.x`.
    ///
    /// # Errors
    /// If Helm would refuse it too.
    pub fn parse(_text: &str) -> Result<Self, ConstraintError> {
        todo!()
    }

    /// True if the version lies in the range.
    pub fn matches(&self, _version: &ChartVersion) -> bool {
        todo!()
    }
}
