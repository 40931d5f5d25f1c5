//! oras: artifacts of any kind, what is attached to them, and copies of both.

use acceptance::Client;
use serde_json::{Value, json};

use super::{AUTHORITY, PASSWORD, Registry, USER, WAYS, Way};

const THING: &str = "application/vnd.example.thing";
const SBOM: &str = "application/spdx+json";

struct Oras {
    client: Client,
    registry: Registry,
}

impl Oras {
    async fn start(way: Way) -> Option<Self> {
        let client = Client::oras()?;
        let registry = Registry::start(way).await;
        client.write(AUTHORITY, &registry.authority);
        let oras = Self { client, registry };
        if way == Way::Authenticated {
            oras.ok(&["login", &oras.registry.host(), "-u", USER, "-p", PASSWORD]);
        }
        Some(oras)
    }

    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> String {
        self.client.ok(&[arguments, self.registry.flags()].concat())
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.ok(&[arguments, &["--format", "json"]].concat())).unwrap()
    }

    /// Pushes the artifact `v1` of a name, one file of it, and returns the manifest's digest.
    fn push(&self, name: &str) -> String {
        self.client.write("thing.txt", "what it is\n");
        let reference = self.registry.reference(&format!("{name}:v1"));
        let pushed = self.json(&["push", &reference, "thing.txt:text/plain", "--artifact-type", THING]);
        pushed["digest"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn artifacts_are_pushed_attached_to_discovered_copied_and_pulled() {
    for way in WAYS {
        let Some(oras) = Oras::start(way).await else { return };
        let digest = oras.push("tools/thing");
        let name = |text: &str| oras.registry.reference(text);
        oras.client.write("sbom.json", r#"{"spdxVersion":"SPDX-2.3"}"#);
        let file = format!("sbom.json:{SBOM}");
        let attached = oras.json(&["attach", &name("tools/thing:v1"), &file, "--artifact-type", SBOM]);

        // the server lists referrers itself, so that no client leaves a tag in its place
        let tags = oras.ok(&["repo", "tags", &name("tools/thing")]);
        assert_eq!(tags.split_whitespace().collect::<Vec<_>>(), ["v1"]);
        let found = oras.json(&["discover", &name("tools/thing:v1")]);
        assert_eq!(found["referrers"].as_array().map(Vec::len), Some(1), "{found}");
        assert_eq!(found["referrers"][0]["digest"], attached["digest"]);
        assert_eq!(found["referrers"][0]["artifactType"], SBOM);
        let filtered = oras.json(&["discover", &name("tools/thing:v1"), "--artifact-type", "application/other"]);
        assert_eq!(filtered["referrers"], json!([]), "{filtered}");

        let flags: &[&str] = match way {
            Way::Encrypted => &["--from-ca-file", AUTHORITY, "--to-ca-file", AUTHORITY],
            _ => &["--from-plain-http", "--to-plain-http"],
        };
        let (from, to) = (name("tools/thing:v1"), name("mirror/deep/down/thing:v1"));
        oras.client.ok(&[&["cp", "-r", &from, &to], flags].concat());
        let resolved = oras.ok(&["resolve", &to]);
        assert_eq!(resolved.trim(), digest);
        let found = oras.json(&["discover", &to]);
        assert_eq!(found["referrers"][0]["digest"], attached["digest"]);
        oras.ok(&["pull", &to, "-o", "out"]);
        assert_eq!(oras.client.read("out/thing.txt"), b"what it is\n");

        let repositories = oras.ok(&["repo", "ls", &oras.registry.host()]);
        assert_eq!(repositories.split_whitespace().collect::<Vec<_>>(), ["mirror/deep/down/thing", "tools/thing"]);
    }
}

#[tokio::test]
async fn tags_are_moved_and_artifacts_deleted() {
    let Some(oras) = Oras::start(Way::Plain).await else { return };
    let digest = oras.push("tools/thing");
    let name = |text: &str| oras.registry.reference(text);
    oras.ok(&["tag", &name("tools/thing:v1"), "latest", "stable"]);
    let tags = oras.ok(&["repo", "tags", &name("tools/thing")]);
    assert_eq!(tags.split_whitespace().collect::<Vec<_>>(), ["latest", "stable", "v1"]);

    oras.client.write("thing.txt", "something newer\n");
    let newer = oras.json(&["push", &name("tools/thing:latest"), "thing.txt:text/plain", "--artifact-type", THING]);
    assert_ne!(newer["digest"], digest.as_str());
    assert_eq!(oras.ok(&["resolve", &name("tools/thing:latest")]).trim(), newer["digest"]);
    // what a tag has left is there as long as its digest is asked for
    assert_eq!(oras.ok(&["resolve", &name(&format!("tools/thing@{digest}"))]).trim(), digest);

    oras.ok(&["manifest", "delete", "--force", &name(&format!("tools/thing@{digest}"))]);
    let tags = oras.ok(&["repo", "tags", &name("tools/thing")]);
    assert_eq!(tags.split_whitespace().collect::<Vec<_>>(), ["latest"]);
    let blob = |text: &str| oras.client.run(&["blob", "fetch", "--plain-http", "-o", "-", &name(text)]);
    let sha = |text: &[u8]| format!("tools/thing@sha256:{}", chart::Digest::of(text));
    assert_eq!(blob(&sha(b"something newer\n")).stdout, "something newer\n");
    oras.ok(&["blob", "delete", "--force", &name(&sha(b"something newer\n"))]);
    assert!(!blob(&sha(b"something newer\n")).success);
}

#[tokio::test]
async fn a_blob_of_many_chunks_comes_back_whole() {
    let Some(oras) = Oras::start(Way::Plain).await else { return };
    let content: Vec<u8> = (0..20_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    oras.client.write("big.bin", &content);
    let name = oras.registry.reference("tools/big");
    let pushed = oras.ok(&["blob", "push", &name, "big.bin"]);
    let digest = format!("sha256:{}", chart::Digest::of(&content));
    assert!(pushed.contains(&digest), "{pushed}");
    oras.ok(&["blob", "fetch", "-o", "back.bin", &format!("{name}@{digest}")]);
    assert!(oras.client.read("back.bin") == content);
}
