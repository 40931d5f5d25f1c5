use std::fs::{self, File};
use std::path::{Path, PathBuf};

use acceptance::{Chart, Server, sha256};
use serde_json::json;

use super::operate;

/// Flips a bit, as a disk does that forgets: nobody wrote the file, so that its time stays.
fn flip(path: PathBuf) {
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    File::options().write(true).open(path).unwrap().set_modified(modified).unwrap();
}

#[tokio::test]
async fn a_flipped_byte_is_found_and_mended_if_the_trash_has_the_package() {
    let server = Server::start().await;
    let (twice, once) = (Chart::new("twice", "1.0.0"), Chart::new("once", "1.0.0"));
    server.publish("", &once).await;
    server.publish("", &twice).await;
    server.delete("/api/charts/twice/1.0.0").await.expect(200);
    server.publish("", &twice).await;
    let sound = operate(&server, &["scrub", "--output=json"]).await.expect(0).json();
    let nothing = json!([]);
    assert_eq!((&sound["files"], &sound["repaired"], &sound["damaged"]), (&json!(3), &nothing, &nothing), "{sound}");
    let index = server.get("/index.yaml").await.expect(200).json();

    // published again, it lies in a place of its own; the trash has the first one
    let objects = fs::read_dir(server.file(".chandlery/objects")).unwrap();
    let folder = objects.map(|entry| entry.unwrap().path()).next().unwrap();
    let folder = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
    flip(folder.join("twice-1.0.0.tgz"));
    flip(server.file("once-1.0.0.tgz"));

    let dry = operate(&server, &["scrub", "--dry-run", "--output=json"]).await.expect(1).json();
    assert_eq!((dry["dryRun"].as_bool(), dry["repaired"].as_array().unwrap().len()), (Some(true), 1), "{dry}");
    let report = operate(&server, &["scrub", "--output=json"]).await.expect(1).json();
    assert_eq!(report["repaired"], dry["repaired"]);
    assert_eq!(report["repaired"][0]["file"], "twice-1.0.0.tgz");
    assert!(report["repaired"][0]["source"].as_str().unwrap().starts_with(".chandlery/trash/"), "{report}");
    let damaged = report["damaged"].as_array().unwrap();
    assert_eq!(damaged.len(), 1, "{report}");
    assert_eq!(damaged[0]["file"], "once-1.0.0.tgz");
    assert_eq!(damaged[0]["reason"], "its bytes are not those that were published");

    server
        .until("the server follows", async |server| {
            (server.get("/charts/twice-1.0.0.tgz").await.status == 200).then_some(())
        })
        .await;
    assert_eq!(server.pull("", "twice", "1.0.0").await, twice.bytes);
    assert_eq!(server.get("/index.yaml").await.expect(200).json()["entries"], index["entries"]);
    let text = operate(&server, &["scrub"]).await.expect(1).out;
    let expected = "damaged     once-1.0.0.tgz: its bytes are not those that were published\n";
    assert!(
        text.starts_with(expected) && text.ends_with(": 0 repaired, 0 withdrawn, 1 damaged, 0 not read\n"),
        "{text}"
    );
}

/// The file that holds these bytes, wherever it is.
fn holding(folder: &Path, bytes: &[u8]) -> Option<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).find_map(|path| match path.is_dir() {
        true => holding(&path, bytes),
        false => (fs::read(&path).unwrap() == bytes).then_some(path),
    })
}

#[tokio::test]
async fn a_blob_that_went_bad_is_absent_until_it_is_pushed_again() {
    let server = Server::start().await;
    let chart = Chart::new("mychart", "1.0.0");
    server.publish("", &chart).await;
    server.push_image("org/app", "v1", "layer").await;
    // one that can be mended: a package lies elsewhere too
    let package = server.push_blob("org/app", chart.bytes.clone()).await;
    let layer = sha256(b"layer");
    let objects = server.file(".chandlery/objects");
    flip(holding(&objects, b"layer").unwrap());
    flip(holding(&objects, &chart.bytes).unwrap());

    let report = operate(&server, &["scrub", "--output=json"]).await.expect(1).json();
    assert_eq!(report["withdrawn"].as_array().unwrap().len(), 1, "{report}");
    assert_eq!(report["withdrawn"][0]["digest"], layer);
    assert_eq!(report["withdrawn"][0]["blobOf"], json!(["org/app"]));
    assert_eq!((&report["damaged"], report["repaired"].as_array().unwrap().len()), (&json!([]), 1), "{report}");
    assert_eq!(report["repaired"][0]["source"], "mychart-1.0.0.tgz");
    operate(&server, &["scrub"]).await.expect(0);

    let (lost, mended) = (format!("/v2/org/app/blobs/{layer}"), format!("/v2/org/app/blobs/{package}"));
    let absent = async |server: &Server| (server.head(&lost).await.status == 404).then_some(());
    server.until("a client that asks is told to push it", absent).await;
    let whole = async |server: &Server| (server.get(&mended).await.body == chart.bytes).then_some(());
    server.until("the blob is served from its new place", whole).await;
    server.get("/v2/org/app/manifests/v1").await.expect(200);
    server.push_blob("org/app", "layer").await;
    assert_eq!(server.get(&lost).await.expect(200).text(), "layer");
    operate(&server, &["scrub"]).await.expect(0);
}
