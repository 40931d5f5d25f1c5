//! `helm push`, and everything that Helm does with `oci://`.

use acceptance::{Chart, ChartBuilder, HELM_3, HELM_4, Helm, Outcome};

use super::{AUTHORITY, PASSWORD, Registry, USER, WAYS, Way};

/// Helm in front of a registry, logged in if it must be.
struct Client {
    helm: Helm,
    registry: Registry,
}

impl Client {
    async fn start(helm: Helm, way: Way) -> Self {
        let registry = Registry::start(way).await;
        helm.write(AUTHORITY, &registry.authority);
        let client = Self { helm, registry };
        if way == Way::Authenticated {
            let host = client.registry.host();
            let refused = client.run(&["registry", "login", &host, "-u", USER, "-p", "wrong"]);
            assert!(!refused.success, "{refused:?}");
            client.ok(&["registry", "login", &host, "-u", USER, "-p", PASSWORD]);
        }
        client
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.helm.run(&[arguments, self.registry.flags()].concat())
    }

    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> Outcome {
        let outcome = self.run(arguments);
        assert!(outcome.success, "helm {arguments:?} failed:\n{}{}", outcome.stdout, outcome.stderr);
        outcome
    }

    fn oci(&self, name: &str) -> String {
        format!("oci://{}", self.registry.reference(name))
    }

    /// Pushes a package, with a provenance beside it, and returns the digest of its manifest.
    #[track_caller]
    fn push(&self, chart: &Chart) -> String {
        self.helm.write(&chart.file_name(), &chart.bytes);
        self.helm.write(&format!("{}.prov", chart.file_name()), chart.provenance());
        let pushed = self.ok(&["push", &chart.file_name(), &self.oci("org")]);
        let text = pushed.stdout + &pushed.stderr;
        let digest = text.split("Digest: ").nth(1).and_then(|rest| rest.split_whitespace().next());
        digest.unwrap_or_else(|| panic!("no digest: {text}")).to_owned()
    }

    /// Pulls into a new folder, where the package is then; by a digest, Helm names its file after that.
    #[track_caller]
    fn pull(&self, arguments: &[&str], folder: &str, chart: &Chart) {
        self.helm.pull(&[arguments, self.registry.flags()].concat(), folder);
        let files = std::fs::read_dir(self.helm.folder().join(folder)).unwrap().map(|file| file.unwrap().path());
        let packages: Vec<_> = files.filter(|file| file.extension().is_some_and(|end| end == "tgz")).collect();
        assert_eq!(packages.len(), 1, "{arguments:?}: {packages:?}");
        assert!(std::fs::read(&packages[0]).unwrap() == chart.bytes, "{arguments:?}");
    }
}

#[tokio::test]
async fn charts_are_pushed_found_pulled_shown_and_rendered() {
    for version in [HELM_3, HELM_4] {
        for way in WAYS {
            let Some(helm) = Helm::release(version) else { return };
            let client = Client::start(helm, way).await;
            let (old, new) = (Chart::new("mychart", "1.0.0"), Chart::new("mychart", "1.2.0"));
            client.push(&old);
            let digest = client.push(&new);
            client.push(&Chart::new("mychart", "2.0.0-rc.1"));

            let name = client.oci("org/mychart");
            client.pull(&[&name, "--version", "1.0.0", "--prov"], "exact", &old);
            assert_eq!(client.helm.read("exact/mychart-1.0.0.tgz.prov"), old.provenance().as_bytes());
            client.pull(&[&name, "--version", "^1.0.0"], "range", &new);
            client.pull(&[&name], "newest", &new);
            client.pull(&[&format!("{name}@{digest}")], "digest", &new);
            client.pull(&[&format!("{name}:1.0.0")], "tag", &old);
            let missing = client.run(&["pull", &name, "--version", "9.9.9"]);
            assert!(!missing.success, "{missing:?}");

            let shown = client.ok(&["show", "chart", &name, "--version", "1.2.0"]).stdout;
            assert!(shown.contains("version: 1.2.0"), "{shown}");
            let rendered = client.ok(&["template", "release", &name, "--set", "replicas=7"]).stdout;
            assert!(rendered.contains(r#"replicas: "7""#) && rendered.contains(r#"version: "1.2.0""#), "{rendered}");
        }
    }
}

#[tokio::test]
async fn o3_a_version_with_a_plus_comes_back_with_it() {
    for helm in [HELM_3, HELM_4].into_iter().filter_map(Helm::release) {
        let client = Client::start(helm, Way::Plain).await;
        let chart = Chart::new("mychart", "1.2.3+build.5");
        client.push(&chart);
        client.pull(&[&client.oci("org/mychart"), "--version", "1.2.3+build.5"], "built", &chart);
        let tags = client.registry.server.get("/v2/org/mychart/tags/list").await.expect(200).json();
        assert_eq!(tags["tags"], serde_json::json!(["1.2.3_build.5"]));
        let index = client.registry.server.index("org").await;
        assert_eq!(index.entry("mychart", "1.2.3+build.5")["digest"], chart.digest);
    }
}

#[tokio::test]
async fn dependencies_come_from_the_registry() {
    for version in [HELM_3, HELM_4] {
        for way in WAYS {
            let Some(helm) = Helm::release(version) else { return };
            let client = Client::start(helm, way).await;
            client.push(&Chart::new("lower", "1.0.0"));
            client.push(&Chart::new("lower", "1.5.0"));
            let repository = client.oci("org");
            client.helm.write("upper/Chart.yaml", format!(
                "apiVersion: v2\nname: upper\nversion: 0.1.0\ndependencies:\n- name: lower\n  version: ^1.0.0\n  repository: {repository}\n"
            ));
            client.ok(&["dependency", "update", "upper"]);
            assert!(client.helm.folder().join("upper/charts/lower-1.5.0.tgz").is_file());
            std::fs::remove_dir_all(client.helm.folder().join("upper/charts")).unwrap();
            client.ok(&["dependency", "build", "upper"]);
            client.helm.ok(&["package", "upper"]);
            let pushed = client.ok(&["push", "upper-0.1.0.tgz", &repository]);
            assert!((pushed.stdout + &pushed.stderr).contains("Digest: sha256:"));
            let rendered = client.ok(&["template", "release", &client.oci("org/upper")]).stdout;
            assert!(rendered.contains("release-lower"), "{rendered}");
        }
    }
}

#[tokio::test]
async fn o17_the_same_push_again_goes_well_and_another_one_is_refused() {
    for helm in [HELM_3, HELM_4].into_iter().filter_map(Helm::release) {
        let client = Client::start(helm, Way::Plain).await;
        let chart = Chart::new("mychart", "1.0.0");
        let other = ChartBuilder::new("mychart", "1.0.0").metadata("description: other").build();
        client.push(&chart);
        client.push(&chart);
        client.helm.write(&other.file_name(), &other.bytes);
        let refused = client.run(&["push", &other.file_name(), &client.oci("org")]);
        assert!(!refused.success, "{refused:?}");
        assert!(refused.stderr.contains("exist"), "{refused:?}");
        client.pull(&[&client.oci("org/mychart"), "--version", "1.0.0"], "pulled", &chart);
        // once it is gone, what is pushed is new
        client.registry.server.delete("/api/org/charts/mychart/1.0.0").await.expect(200);
        assert!(!client.run(&["pull", &client.oci("org/mychart"), "--version", "1.0.0"]).success);
        client.push(&other);
        client.pull(&[&client.oci("org/mychart"), "--version", "1.0.0"], "again", &other);
    }
}

#[tokio::test]
async fn o11_a_name_without_credentials_is_refused_and_with_them_just_absent() {
    for helm in [HELM_3, HELM_4].into_iter().filter_map(Helm::release) {
        let client = Client::start(helm, Way::Authenticated).await;
        client.push(&Chart::new("brandnew", "1.0.0"));
        client.helm.ok(&["registry", "logout", &client.registry.host()]);
        let refused = client.run(&["pull", &client.oci("org/brandnew"), "--version", "1.0.0"]);
        assert!(!refused.success, "{refused:?}");
        let refused = client.run(&["push", "brandnew-1.0.0.tgz", &client.oci("org")]);
        assert!(!refused.success, "{refused:?}");
    }
}
