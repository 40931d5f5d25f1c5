//! Folders of chart packages, the same bytes every time.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

/// Versions of each chart: as in a repository that has been used for a while.
const VERSIONS_OF_A_CHART: usize = 50;

/// A folder with so many versions, made if it is not there yet.
pub fn folder(under: &Path, versions: usize) -> Result<PathBuf> {
    let folder = under.join(format!("corpus-{versions}"));
    let finished = folder.join(".finished");
    if finished.exists() {
        return Ok(folder);
    }
    fs::create_dir_all(&folder)?;
    for number in 0..versions {
        let (name, version) = name_and_version(number);
        let path = folder.join(format!("{name}-{version}.tgz"));
        fs::write(&path, package(&name, &version, 0)?).with_context(|| path.display().to_string())?;
    }
    fs::write(finished, "")?;
    Ok(folder)
}

/// A copy of a corpus that a server may write to: hard links, because packages are never changed in place.
pub fn storage(under: &Path, versions: usize) -> Result<PathBuf> {
    let corpus = folder(under, versions)?;
    let storage = under.join(format!("storage-{versions}"));
    fs::remove_dir_all(&storage).ok();
    fs::create_dir_all(&storage)?;
    for file in fs::read_dir(corpus)? {
        let file = file?;
        if file.path().extension().is_some_and(|extension| extension == "tgz") {
            fs::hard_link(file.path(), storage.join(file.file_name()))?;
        }
    }
    Ok(storage)
}

/// The version with this number, of a chart with others.
pub fn name_and_version(number: usize) -> (String, String) {
    let (chart, version) = (number / VERSIONS_OF_A_CHART, number % VERSIONS_OF_A_CHART);
    (format!("chart-{chart:05}"), format!("{}.{}.{}", version / 20, version / 5 % 4, version % 5))
}

/// A chart package with a file of so many bytes that do not compress.
pub fn package(name: &str, version: &str, ballast: usize) -> Result<Vec<u8>> {
    // level 1 and no time stamp: quick to make, and the same bytes every time
    let gzip: GzEncoder<Vec<u8>> = GzBuilder::new().mtime(0).write(Vec::new(), Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    let chart = format!(
        "apiVersion: v2\nname: {name}\nversion: {version}\nappVersion: \"{version}\"\n\
         description: Everything that {name} needs to run in a cluster\nhome: https://example.com/{name}\n\
         keywords: [commerce, {name}]\nmaintainers:\n- name: Platform Team\n  email: platform@example.com\n\
         sources: [\"https://example.com/source/{name}\"]\ntype: application\n"
    );
    let values = "replicaCount: 1\nimage:\n  repository: example.com/image\n  tag: \"\"\n";
    let template = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n";
    add(&mut tar, &format!("{name}/Chart.yaml"), chart.as_bytes())?;
    add(&mut tar, &format!("{name}/values.yaml"), values.as_bytes())?;
    add(&mut tar, &format!("{name}/templates/configmap.yaml"), template.as_bytes())?;
    if ballast > 0 {
        add(&mut tar, &format!("{name}/files/ballast"), &noise(ballast))?;
    }
    Ok(tar.into_inner()?.finish()?)
}

fn add<W: Write>(tar: &mut tar::Builder<W>, path: &str, content: &[u8]) -> Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_mtime(0);
    tar.append_data(&mut header, path, content)?;
    Ok(())
}

/// Bytes that no compressor can shorten (xorshift), the same every time.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}
