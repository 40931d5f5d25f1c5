//! crane: images, beside the charts.

use acceptance::{Chart, Client, Outcome};

use super::{AUTHORITY, PASSWORD, Registry, USER, WAYS, Way};

struct Crane {
    client: Client,
    registry: Registry,
}

impl Crane {
    async fn start(way: Way) -> Option<Self> {
        let client = Client::crane()?;
        let registry = Registry::start(way).await;
        client.write(AUTHORITY, &registry.authority);
        let authority = client.folder().join(AUTHORITY);
        // Go reads its authorities from there
        let client = if way == Way::Encrypted { client.environment("SSL_CERT_FILE", authority) } else { client };
        let crane = Self { client, registry };
        if way == Way::Authenticated {
            crane.ok(&["auth", "login", &crane.registry.host(), "-u", USER, "-p", PASSWORD]);
        }
        Some(crane)
    }

    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> String {
        self.client.ok(arguments).trim().to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.client.run(arguments)
    }

    fn name(&self, text: &str) -> String {
        self.registry.reference(text)
    }

    /// Makes an image of one layer.
    fn make_image(&self, tag: &str) {
        let mut layer = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(6);
        header.set_mode(0o644);
        layer.append_data(&mut header, "hello.txt", &b"hello\n"[..]).unwrap();
        self.client.write("layer.tar", layer.into_inner().unwrap());
        self.ok(&["append", "-f", "layer.tar", "-t", &self.name(tag)]);
    }
}

#[tokio::test]
async fn images_are_pushed_copied_listed_checked_and_deleted() {
    for way in WAYS {
        let Some(crane) = Crane::start(way).await else { return };
        crane.make_image("images/a:1");
        let digest = crane.ok(&["digest", &crane.name("images/a:1")]);
        assert_eq!(crane.ok(&["validate", "--remote", &crane.name("images/a:1")]).split(':').next(), Some("PASS"));

        crane.ok(&["copy", &crane.name("images/a:1"), &crane.name("others/b:2")]);
        assert_eq!(crane.ok(&["digest", &crane.name("others/b:2")]), digest);
        crane.ok(&["validate", "--remote", &crane.name("others/b:2")]);
        crane.ok(&["tag", &crane.name("others/b:2"), "three"]);
        assert_eq!(crane.ok(&["ls", &crane.name("others/b")]).lines().collect::<Vec<_>>(), ["2", "three"]);
        assert_eq!(
            crane.ok(&["catalog", &crane.registry.host()]).lines().collect::<Vec<_>>(),
            ["images/a", "others/b"]
        );

        crane.ok(&["delete", &format!("{}@{digest}", crane.name("others/b"))]);
        assert!(!crane.run(&["digest", &crane.name("others/b:2")]).success);
        // the other name has it still
        crane.ok(&["validate", "--remote", &crane.name("images/a:1")]);
    }
}

#[tokio::test]
async fn a_chart_is_copied_to_another_repository_and_is_a_chart_there() {
    let Some(crane) = Crane::start(Way::Plain).await else { return };
    let chart = Chart::new("mychart", "1.0.0");
    crane.registry.server.publish("org", &chart).await;
    assert_eq!(crane.ok(&["ls", &crane.name("org/mychart")]), "1.0.0");
    let digest = crane.ok(&["digest", &crane.name("org/mychart:1.0.0")]);
    crane.ok(&["copy", &crane.name("org/mychart:1.0.0"), &crane.name("mirror/mychart:1.0.0")]);
    assert_eq!(crane.ok(&["digest", &crane.name("mirror/mychart:1.0.0")]), digest);
    assert_eq!(crane.registry.server.pull("mirror", "mychart", "1.0.0").await, chart.bytes);
    // gone in one, it stays in the other
    crane.registry.server.delete("/api/org/charts/mychart/1.0.0").await.expect(200);
    assert!(!crane.run(&["digest", &crane.name("org/mychart:1.0.0")]).success);
    let blob = crane.run(&["blob", &format!("{}@sha256:{}", crane.name("mirror/mychart"), chart.digest)]);
    assert!(blob.success, "{blob:?}");
    assert_eq!(crane.registry.server.pull("mirror", "mychart", "1.0.0").await, chart.bytes);
}
