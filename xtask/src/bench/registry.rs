//! The registry door: manifests and blobs against nginx serving the same bytes, tag lists, uploads and pushes.

use std::fs;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use super::load::Connection;
use super::report::{Budget, Report};
use super::servers::Sending;
use super::{Bench, corpus, load, servers};

/// Bytes of a package whose blob is read, and its name in the report.
const SIZES: [(usize, &str); 2] = [(200_000, "200 KB"), (4_900_000, "5 MB")];
/// Tags of the chart whose list is read.
const TAGS: usize = 10_000;
/// Charts of the run of pushes, and who pushes them.
const PUSHES: usize = 1_000;
const PUSHERS: usize = 16;
/// A blob beside which what a server holds in memory is nothing.
const BLOB: usize = 1 << 31;
/// What a server may grow while it takes the blob, in MiB.
const GROWTH: f64 = 64.0;

pub fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    reads(bench, report)?;
    tags(bench, report)?;
    pushes(bench, report)?;
    large_blob(bench, report)
}

/// The same bytes from us and, laid down as files, from nginx.
fn reads(bench: &Bench, report: &mut Report) -> Result<()> {
    let storage = bench.folder.join("storage-registry");
    let files = bench.folder.join("files-registry");
    for folder in [&storage, &files] {
        fs::remove_dir_all(folder).ok();
        fs::create_dir_all(folder)?;
    }
    for (bytes, _) in SIZES {
        let name = format!("package-{bytes}");
        fs::write(storage.join(format!("{name}-1.0.0.tgz")), corpus::package(&name, "1.0.0", bytes)?)?;
    }
    servers::forget_catalogue(&storage);
    let mut paths = Vec::new();
    {
        let server = servers::chandlery(bench, &storage, false, &[])?;
        for (bytes, size) in SIZES {
            let package = fs::read(storage.join(format!("package-{bytes}-1.0.0.tgz")))?;
            paths.push((format!("/v2/package-{bytes}/blobs/{}", digest(&package)), format!("blob of {size}")));
        }
        paths.push((format!("/v2/package-{}/manifests/1.0.0", SIZES[0].0), "manifest by tag".to_owned()));
        for (path, _) in &paths {
            let file = files.join(path.trim_start_matches('/'));
            fs::create_dir_all(file.parent().context("a path has a folder")?)?;
            fs::write(file, load::body(server.port, path)?)?;
        }
    }
    for (path, what) in paths {
        let ours = {
            let server = servers::chandlery(bench, &storage, true, &[])?;
            load::get(&server.process, server.port, &path, 16, bench.seconds)?
        };
        let mut theirs = f64::INFINITY;
        for sending in [Sending::Sendfile, Sending::Buffers] {
            let server = servers::nginx(bench, &files, sending)?;
            theirs = theirs.min(load::get(&server.process, server.port, &path, 16, bench.seconds)?.microseconds);
        }
        let ratio = ours.microseconds / theirs;
        report.note(
            format!("{what}: time against nginx"),
            format!(
                "{ratio:.2} ({:.1} µs against {theirs:.1} µs; {:.0} per second)",
                ours.microseconds, ours.per_second
            ),
        );
    }
    Ok(())
}

fn tags(bench: &Bench, report: &mut Report) -> Result<()> {
    let storage = bench.folder.join("storage-tags");
    if !storage.join("many-9.9.99.tgz").exists() {
        fs::create_dir_all(&storage)?;
        for number in 0..TAGS {
            let version = format!("{}.{}.{}", number / 1000, number / 100 % 10, number % 100);
            fs::write(storage.join(format!("many-{version}.tgz")), corpus::package("many", &version, 0)?)?;
        }
    }
    servers::forget_catalogue(&storage);
    let server = servers::chandlery(bench, &storage, true, &[])?;
    for (path, what) in [
        (format!("/v2/many/tags/list?n={TAGS}"), format!("all of {TAGS} tags in one list, in µs")),
        ("/v2/many/tags/list?n=100&last=5.0.0".to_owned(), format!("100 of {TAGS} tags, in µs")),
    ] {
        let cost = load::get(&server.process, server.port, &path, 4, bench.seconds)?;
        report.note(what, format!("{:.0}", cost.microseconds));
    }
    Ok(())
}

/// Charts as Helm pushes them: two blobs, a manifest.
fn pushes(bench: &Bench, report: &mut Report) -> Result<()> {
    let storage = bench.folder.join("storage-pushes");
    fs::remove_dir_all(&storage).ok();
    servers::forget_catalogue(&storage);
    let server = servers::chandlery(bench, &storage, false, &[])?;
    let port = server.port;
    let began = Instant::now();
    let threads: Vec<_> = (0..PUSHERS)
        .map(|pusher| {
            thread::spawn(move || -> Result<()> {
                let mut connection = Connection::open(port)?;
                for number in (pusher..PUSHES).step_by(PUSHERS) {
                    push(&mut connection, number)?;
                }
                Ok(())
            })
        })
        .collect();
    for thread in threads {
        thread.join().map_err(|_| anyhow::anyhow!("a pusher panicked"))??;
    }
    let per_second = PUSHES as f64 / began.elapsed().as_secs_f64();
    report.note(format!("charts pushed per second, {PUSHES} by {PUSHERS} clients"), format!("{per_second:.0}"));
    let index = String::from_utf8(load::body(port, "/index.yaml")?)?;
    let listed = index.matches("\"digest\":").count();
    if listed != PUSHES {
        bail!("{listed} of {PUSHES} pushed charts are in the index");
    }
    Ok(())
}

fn push(connection: &mut Connection, number: usize) -> Result<()> {
    let name = format!("chart-{number:05}");
    let package = corpus::package(&name, "1.0.0", 0)?;
    let config = format!(r#"{{"apiVersion":"v2","name":"{name}","version":"1.0.0"}}"#);
    for blob in [config.as_bytes(), &package] {
        let target = format!("/v2/{name}/blobs/uploads/");
        let (status, location, _) = connection.send_with("POST", &target, "", &[])?;
        let location = location.filter(|_| status == 202).with_context(|| format!("POST was answered {status}"))?;
        let separator = if location.contains('?') { '&' } else { '?' };
        let target = format!("{location}{separator}digest={}", digest(blob));
        let (status, ..) = connection.send_with("PUT", &target, "application/octet-stream", blob)?;
        if status != 201 {
            bail!("PUT of a blob was answered {status}");
        }
    }
    let manifest = format!(
        r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.cncf.helm.config.v1+json","digest":"{}","size":{}}},"layers":[{{"mediaType":"application/vnd.cncf.helm.chart.content.v1.tar+gzip","digest":"{}","size":{}}}]}}"#,
        digest(config.as_bytes()),
        config.len(),
        digest(&package),
        package.len()
    );
    let target = format!("/v2/{name}/manifests/1.0.0");
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let (status, _, body) = connection.send_with("PUT", &target, kind, manifest.as_bytes())?;
    if status != 201 {
        bail!("PUT of a manifest was answered {status}: {}", String::from_utf8_lossy(&body));
    }
    Ok(())
}

/// One blob that no memory should hold: how quick it is stored, and how much the server grows by it.
fn large_blob(bench: &Bench, report: &mut Report) -> Result<()> {
    let storage = bench.folder.join("storage-blob");
    fs::remove_dir_all(&storage).ok();
    servers::forget_catalogue(&storage);
    let server = servers::chandlery(bench, &storage, false, &["--registry-max-blob-size=4Gi"])?;
    let piece: Vec<u8> = (0..1_u32 << 20).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let pieces = BLOB / piece.len();
    let mut hash = Sha256::new();
    (0..pieces).for_each(|_| hash.update(&piece));
    let digest = format!("sha256:{}", hex::encode(hash.finalize()));
    let before = server.process.resident_mebibytes()?;
    let began = Instant::now();
    let mut connection = Connection::open(server.port)?;
    let (status, location, _) = connection.send_with("POST", "/v2/big/blob/blobs/uploads/", "", &[])?;
    let location = location.filter(|_| status == 202).with_context(|| format!("POST was answered {status}"))?;
    let separator = if location.contains('?') { '&' } else { '?' };
    let target = format!("{location}{separator}digest={digest}");
    let (status, ..) = connection.send_pieces("PUT", &target, &piece, pieces)?;
    if status != 201 {
        bail!("PUT of a large blob was answered {status}");
    }
    let per_second = BLOB as f64 / f64::from(1 << 20) / began.elapsed().as_secs_f64();
    report.note("upload of a blob of 2 GiB, MiB per second", format!("{per_second:.0}"));
    let grown = (server.process.peak_mebibytes()? - before).max(0.0);
    let what = "growth of memory while a blob of 2 GiB is stored, in MiB";
    report.add(what, format!("{grown:.0}"), grown, Budget::AtMost(GROWTH));
    fs::remove_dir_all(&storage).ok();
    Ok(())
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}
