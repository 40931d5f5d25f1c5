//! Objects in memory, for tests and trials.
