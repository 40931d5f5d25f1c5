//! Settings of ChartMuseum that nothing here is left to be told by. They are taken, and the log says why they are not
//! needed.

use super::{Kind, Setting};

const NO_CACHE: &str = "replicas agree through the journal in the storage, without a cache server";

pub(super) const SETTINGS: &[&Setting] = &[
    &Setting::new("cache", Kind::Choice(&["redis"]), "The server of a cache that replicas share.")
        .key("cache.store")
        .unneeded(NO_CACHE),
    &Setting::new("cache-redis-addr", Kind::Text, "Address of the cache server.")
        .key("cache.redis.addr")
        .unneeded(NO_CACHE),
    &Setting::new("cache-redis-password", Kind::Text, "Password for the cache server.")
        .key("cache.redis.password")
        .unneeded(NO_CACHE)
        .secret(),
    &Setting::new("cache-redis-db", Kind::Integer(0, u32::MAX as u64), "Database of the cache server.")
        .key("cache.redis.db")
        .default("0")
        .unneeded(NO_CACHE),
    &Setting::new("index-limit", Kind::Integer(0, u32::MAX as u64), "How many packages are read side by side.")
        .key("indexlimit")
        .default("0")
        .unneeded("packages are read side by side within a bound that suits the machine"),
    &Setting::new("disable-statefiles", Kind::Boolean, "No index-cache.yaml.")
        .key("disablestatefiles")
        .default("false")
        .unneeded("index-cache.yaml is read once, for its publish times, and never written while serving"),
    &Setting::new("storage-timestamp-tolerance", Kind::Duration, "Differences of clocks that are overlooked.")
        .key("storage.timestamptolerance")
        .default("0")
        .unneeded("no clock decides whether a file has changed"),
    &Setting::new("enforce-semver2", Kind::Boolean, "Nothing, in ChartMuseum either.")
        .key("enforce-semver2")
        .default("false")
        .deprecated(),
];
