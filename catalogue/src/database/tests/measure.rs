//! What a start costs with a hundred thousand versions. Prints, asserts no times; to be run by hand:
//! `cargo test --release -p catalogue --lib measure -- --ignored --nocapture`

use std::time::Instant;

use chart::{ChartName, ChartVersion, Digest};
use jiff::Timestamp;

use super::*;
use crate::change::StoredFile;
use crate::{Chart, FileFacts, Repository, RepositoryPath, Version, layout};

const CHARTS: usize = 1000;
const VERSIONS: usize = 100;

fn large() -> State {
    let path = RepositoryPath::parse("team/platform").unwrap();
    let at = Timestamp::UNIX_EPOCH;
    let mut repository = Repository::empty(path.clone(), at);
    for chart in 0..CHARTS {
        let name = ChartName::parse(&format!("chart-{chart}")).unwrap();
        let mut versions = Vec::new();
        for number in 0..VERSIONS {
            let version = ChartVersion::parse(&format!("1.{number}.0")).unwrap();
            let file: Arc<str> = format!("{name}-{version}.tgz").into();
            let digest = Digest::of(file.as_bytes());
            let metadata = format!(
                r#"{{"name":"{name}","version":"{version}","description":"{}","apiVersion":"v2","appVersion":"{number}"}}"#,
                "describes what it is \\\"for\\\" ".repeat(11)
            );
            let listed = Some((name.clone(), version.clone()));
            let facts = FileFacts { flat_used: true, digests: vec![digest], listed, ..FileFacts::default() };
            repository.files.insert(file.clone(), Arc::new(facts));
            versions.push(Arc::new(Version {
                name: name.clone(),
                version,
                package: StoredFile { key: layout::flat(&path, &file).unwrap(), digest, size: 4567 },
                file,
                created: at,
                metadata: metadata.into(),
                replaced: false,
            }));
        }
        repository.charts.insert(name, Arc::new(Chart::of(versions)));
    }
    let mut state = State::empty(storage());
    state.repositories.insert(path, Arc::new(repository));
    state
}

/// Processor time of this process so far.
fn processor_milliseconds() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    // user and system time, in hundredths of a second on every Linux
    (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()) * 10
}

async fn measured<T>(what: &str, work: impl Future<Output = T>) -> T {
    let (began, processor) = (Instant::now(), processor_milliseconds());
    let result = work.await;
    println!("{what}: {} ms, processor {} ms", began.elapsed().as_millis(), processor_milliseconds() - processor);
    result
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints what a start costs; to be run with --release"]
async fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let state = Arc::new(large());
    let options = Arc::new(IndexOptions::default());
    let nothing = StoredRegions::new();
    let view = measured("render", async { View::render(state.clone(), options.clone(), nothing) }).await;
    let regions: Vec<_> = view.regions().collect();
    println!("{} versions, {} pages", state.version_count(), regions.iter().map(|r| r.pages.len()).sum::<usize>());

    let database = open(folder.path()).await;
    database.replace(state.clone(), regions, FINGERPRINT);
    measured("replace", database.flush()).await;
    measured("close", database.close()).await;
    println!("file: {} bytes", std::fs::metadata(folder.path().join("catalogue.sqlite")).unwrap().len());
    for _ in 0..5 {
        let database = measured("open", open(folder.path())).await;
        let loaded = measured("load", database.load(FINGERPRINT)).await.unwrap().unwrap();
        let loaded_state = Arc::new(loaded.state);
        let regions = loaded.regions.unwrap();
        let view = measured("view", async { View::render(loaded_state, options.clone(), regions) }).await;
        assert_eq!(view.state.version_count(), CHARTS * VERSIONS);
        database.close().await;
    }

    let encoded = measured("encode", async { snapshot::encode(&state) }).await;
    println!("snapshot: {} bytes", encoded.len());
    let decoded = measured("decode", async { snapshot::decode(&encoded) }).await.unwrap();
    assert_eq!(decoded.version_count(), CHARTS * VERSIONS);

    // ten thousand versions at once, as an adoption has them
    let database = open(folder.path()).await;
    database.load(FINGERPRINT).await.unwrap();
    let mut touched = Touched::default();
    let repository = state.repositories.values().next().unwrap();
    for version in repository.charts.values().take(10_000 / VERSIONS).flat_map(|chart| &chart.versions) {
        let path = repository.path.clone();
        touched.versions.insert((path.clone(), version.name.to_string(), version.version.to_string()));
        touched.files.insert((path, version.file.clone()));
    }
    database.record(Update { state: state.clone(), touched, regions: Vec::new() });
    measured("10 000 versions again", database.flush()).await;
    assert_eq!(database.failure(), None);
}
