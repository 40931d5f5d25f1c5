//! The order of a profile's releases.

use crate::{Release, StackFile};

/// The releases of a profile in an order in which each comes after what it needs, and otherwise in that of the file. What
/// is in a circle, or needs what the profile does not have, is left out: [`crate::check`] names it.
pub fn plan<'a>(file: &'a StackFile, profile: &str) -> Vec<&'a Release> {
    let mut waiting: Vec<&Release> =
        file.releases.iter().filter(|release| release.profiles.contains_key(profile)).collect();
    let mut planned: Vec<&Release> = Vec::new();
    let is_planned = |planned: &[&Release], name: &str| planned.iter().any(|release| release.name == name);
    while let Some(next) =
        waiting.iter().position(|release| release.needs_in(profile).all(|need| is_planned(&planned, need)))
    {
        planned.push(waiting.remove(next));
    }
    planned
}
