use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::step;

/// Programs that the charts configure, as the system's own packages: Apache with PHP, MariaDB.
const PACKAGES: &[&str] = &[
    "apache2",
    "apache2-bin",
    "libapache2-mod-php",
    "php-cli",
    "php-mysql",
    "mariadb-server-core",
    "mariadb-client-core",
];
/// A file of the folder that says what it was made of.
const ORIGIN: &str = "origin";

/// Fetches the packages and what they need into a folder of their own; nothing is installed into the system, no rights are
/// needed and no script of a package runs. Where apt is not, or cannot fetch, says so and goes on: the tests that run these
/// programs are then named as skipped, since they are the system's and not ours to build.
pub fn install(tools: &Path) -> Result<()> {
    let place = tools.join("debian");
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let origin = format!("{}\n{release}", PACKAGES.join(" "));
    if fs::read_to_string(place.join(ORIGIN)).is_ok_and(|made| made == origin) {
        return Ok(());
    }
    let unfinished = tools.join(format!(".debian.{}", std::process::id()));
    if let Err(error) = build(&unfinished, &origin) {
        fs::remove_dir_all(&unfinished).ok();
        eprintln!("    no Debian packages can be had, so the tests of Apache and MariaDB will be skipped: {error:#}");
        return Ok(());
    }
    fs::remove_dir_all(&place).ok();
    let renamed = fs::rename(&unfinished, &place);
    if renamed.is_err() {
        // another run may have been faster; its packages are as good
        fs::remove_dir_all(&unfinished).ok();
    }
    if place.join(ORIGIN).is_file() { Ok(()) } else { renamed.context(format!("cannot create {}", place.display())) }
}

fn build(place: &Path, origin: &str) -> Result<()> {
    let work = place.join("apt");
    for folder in ["lists/partial", "archives/partial"] {
        fs::create_dir_all(work.join(folder)).with_context(|| format!("cannot create {}", work.display()))?;
    }
    step::run("ask for Debian packages", apt(&work).arg("update"))?;
    step::run(
        "fetch Debian packages",
        apt(&work)
            .args(["install", "--yes", "--no-install-recommends", "--reinstall", "--download-only"])
            .args(PACKAGES),
    )?;
    let archives = archives(&work.join("archives"))?;
    ensure!(!archives.is_empty(), "apt fetched nothing");
    for archive in archives {
        step::output(Command::new("dpkg-deb").arg("--extract").arg(&archive).arg(place))?;
    }
    fs::remove_dir_all(&work)?;
    fs::write(place.join(ORIGIN), origin)?;
    Ok(())
}

/// apt with the system's sources and keys, knowing what is installed, and with all that it writes in the folder.
fn apt(work: &Path) -> Command {
    let mut command = Command::new("apt-get");
    let option = |key: &str, value: String| ["-o".to_owned(), format!("{key}={value}")];
    command
        .arg("-qq")
        .args(option("Dir::State::Lists", work.join("lists").display().to_string()))
        .args(option("Dir::Cache::Archives", work.join("archives").display().to_string()))
        .args(option("Dir::Cache::pkgcache", String::new()))
        .args(option("Dir::Cache::srcpkgcache", String::new()))
        .args(option("Debug::NoLocking", "1".to_owned()))
        // the folder may be where apt's own user cannot go
        .args(option("APT::Sandbox::User", "root".to_owned()))
        // an unreachable source is found out soon
        .args(option("Acquire::Retries", "1".to_owned()))
        .args(option("Acquire::http::Timeout", "20".to_owned()))
        .args(option("Acquire::https::Timeout", "20".to_owned()))
        .env("LC_ALL", "C")
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn archives(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut archives = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            archives.push(path);
        }
    }
    archives.sort();
    Ok(archives)
}
