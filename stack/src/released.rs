use jiff::Timestamp;

/// When the charts were released: the time of every file in every package, and of the packages. Not the time of a build,
/// which would make other bytes of the same charts.
pub const RELEASED: Timestamp = Timestamp::constant(1_795_564_800, 0); // 2026-11-25T00:00:00Z
