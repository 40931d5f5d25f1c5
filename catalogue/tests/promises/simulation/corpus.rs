//! What clients upload: made once for all seeds, because making a package costs more than a step.

use std::sync::OnceLock;

use catalogue::RepositoryPath;
use chart::Package;

use crate::packages::package;

/// Charts and versions that meet in the histories. Two of them make the same file name, two differ in build metadata
/// only.
const VERSIONS: [(&str, &str); 7] = [
    ("web", "1.0.0"),
    ("web", "1.1.0"),
    ("web", "1.1.0+build"),
    ("web", "2.0.0-rc.1"),
    ("foo", "1.0.0-2.0.0"),
    ("foo-1.0.0", "2.0.0"),
    ("tool", "0.1.0"),
];
/// Different bytes of each version.
const VARIANTS: usize = 24;
/// Races for a version of their own in one history.
const RACES: usize = 12;
/// Clients in a race at most.
pub const RACERS: usize = 4;

/// A version's full name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coordinates {
    pub repository: RepositoryPath,
    pub name: String,
    pub version: String,
}

impl Coordinates {
    pub fn of(repository: &RepositoryPath, name: impl ToString, version: impl ToString) -> Self {
        Self { repository: repository.clone(), name: name.to_string(), version: version.to_string() }
    }

    pub fn file(&self) -> String {
        format!("{}-{}.tgz", self.name, self.version)
    }
}

/// Every version that clients and hands may touch.
pub fn all() -> Vec<Coordinates> {
    let repositories = ["", "team"].map(|text| RepositoryPath::parse(text).unwrap());
    let of = |repository: &RepositoryPath| VERSIONS.map(|(name, version)| Coordinates::of(repository, name, version));
    repositories.iter().flat_map(of).collect()
}

/// The n-th bytes of a version.
pub fn variant(coordinates: &Coordinates, n: usize) -> &'static Package {
    static PACKAGES: OnceLock<Vec<Vec<Package>>> = OnceLock::new();
    let variants = |(name, version): (&str, &str)| -> Vec<_> {
        (0..VARIANTS).map(|n| package(name, version, &format!("variant {n}"))).collect()
    };
    let packages = PACKAGES.get_or_init(|| VERSIONS.map(variants).into());
    let is_it = |(name, version): &(&str, &str)| (*name, *version) == (&coordinates.name, &coordinates.version);
    let at = VERSIONS.iter().position(is_it).expect("only versions of the corpus are asked for");
    &packages[at][n % VARIANTS]
}

/// What the client uploads in the n-th race; `None` if there have been enough races.
pub fn racer(race: usize, client: usize) -> Option<&'static Package> {
    static PACKAGES: OnceLock<Vec<Vec<Package>>> = OnceLock::new();
    let packages = PACKAGES.get_or_init(|| {
        let racer = |race: usize, client: usize| package("race", &format!("1.0.{race}"), &format!("client {client}"));
        (0..RACES).map(|race| (0..RACERS).map(|client| racer(race, client)).collect()).collect()
    });
    packages.get(race)?.get(client)
}

/// What the client uploads in the n-th form: two packages that nothing else has; `None` if there have been enough.
pub fn form(number: usize) -> Option<&'static [Package; 2]> {
    static PACKAGES: OnceLock<Vec<[Package; 2]>> = OnceLock::new();
    let packages = PACKAGES.get_or_init(|| {
        let version = |number: usize| format!("3.{number}.0");
        (0..RACES).map(|n| [package("form", &version(n), ""), package("web", &version(n), "")]).collect()
    });
    packages.get(number)
}
