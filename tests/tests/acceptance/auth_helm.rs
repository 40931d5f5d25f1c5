//! The real Helm with credentials: it has only a user and a password, and sends them only to its repository's host.

use acceptance::{Chart, HELM_3, HELM_4, Helm, Launch, Server, TokenService};

const SETTINGS: [&str; 2] = ["--basic-auth-user=me", "--basic-auth-pass=secret"];
/// `me:secret`.
const ME: &str = "Basic bWU6c2VjcmV0";

fn helms() -> impl Iterator<Item = Helm> {
    [HELM_3, HELM_4].into_iter().filter_map(Helm::release)
}

/// Adds a repository; Helm reads its index at once.
fn add(helm: &Helm, name: &str, url: &str, user: &str, password: &str, more: &[&str]) -> bool {
    let arguments = ["repo", "add", name, url, "--username", user, "--password", password];
    helm.run(&[&arguments, more].concat()).success
}

async fn filled(server: &mut Server, authorization: &str) -> Chart {
    let chart = Chart::new("one", "1.0.0");
    server.authorize(authorization);
    server.publish("org", &chart).await;
    server.post("/api/org/prov", chart.provenance()).await.expect(201);
    chart
}

#[tokio::test]
async fn a1_helm_adds_and_pulls_with_a_user_and_a_password() {
    let mut server = Server::with(&[&SETTINGS[..], &["--depth=1"]].concat()).await;
    let chart = filled(&mut server, ME).await;
    for helm in helms() {
        assert!(!add(&helm, "museum", &server.url("/org"), "me", "wrong", &[]));
        assert!(!helm.run(&["repo", "add", "museum", &server.url("/org")]).success);
        assert!(add(&helm, "museum", &server.url("/org"), "me", "secret", &[]));
        helm.ok(&["repo", "update"]);
        // the package and its provenance are where the repository is, so the credentials go with the request
        helm.pull(&["museum/one", "--prov"], "pulled");
        assert_eq!(helm.read("pulled/one-1.0.0.tgz"), chart.bytes);
        assert_eq!(helm.read("pulled/one-1.0.0.tgz.prov"), chart.provenance().as_bytes());
        let url = server.url("/org");
        helm.pull(&["one", "--repo", &url, "--username", "me", "--password", "secret"], "direct");
        assert_eq!(helm.read("direct/one-1.0.0.tgz"), chart.bytes);
        assert!(!helm.run(&["pull", "one", "--repo", &url]).success);
        assert!(add(&helm, "latest", &server.url("/-/latest/1/org"), "me", "secret", &[]));
        helm.pull(&["latest/one"], "view");
        assert_eq!(helm.read("view/one-1.0.0.tgz"), chart.bytes);
    }
}

#[tokio::test]
async fn a1_helm_sends_a_token_as_the_password() {
    let service = TokenService::default();
    let mut settings = service.settings();
    settings.push("--depth=1".to_owned());
    let mut server = Server::with(&settings.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let chart = filled(&mut server, &format!("Bearer {}", service.token("org", &["pull", "push"]))).await;
    let (pull, push) = (service.token("org", &["pull"]), service.token("org", &["push"]));
    for helm in helms() {
        assert!(!add(&helm, "museum", &server.url("/org"), "token", &push, &[]));
        assert!(add(&helm, "museum", &server.url("/org"), "token", &pull, &[]));
        helm.pull(&["museum/one"], "pulled");
        assert_eq!(helm.read("pulled/one-1.0.0.tgz"), chart.bytes);
    }
}

/// With `--chart-url` the packages may lie under another host, where Helm sends no credentials unless it is told to.
#[tokio::test]
async fn a2_helm_passes_credentials_to_another_host_only_if_told_to() {
    let mut packages = Server::with(&[&SETTINGS[..], &["--depth=1"]].concat()).await;
    let chart = filled(&mut packages, ME).await;
    let url = format!("--chart-url=http://localhost:{}", packages.address().port());
    let launch = SETTINGS.into_iter().chain(["--depth=1", "--read-freshness=strict", &url]);
    let mut server = launch.fold(Launch::default().on_storage_of(&packages), Launch::with).start().await;
    server.authorize(ME);
    let index = server.index("org").await;
    assert!(index.url("one", "1.0.0").starts_with("http://localhost:"), "{index:?}");
    for helm in helms() {
        assert!(add(&helm, "museum", &server.url("/org"), "me", "secret", &[]));
        assert!(!helm.run(&["pull", "museum/one"]).success, "the credentials went to another host");
        assert!(add(&helm, "passing", &server.url("/org"), "me", "secret", &["--pass-credentials"]));
        helm.pull(&["passing/one", "--pass-credentials"], "pulled");
        assert_eq!(helm.read("pulled/one-1.0.0.tgz"), chart.bytes);
    }
}

#[tokio::test]
async fn helm_reads_without_credentials_if_reading_is_free() {
    let mut server = Server::with(&[&SETTINGS[..], &["--depth=1", "--auth-anonymous-get"]].concat()).await;
    let chart = filled(&mut server, ME).await;
    for helm in helms() {
        helm.ok(&["repo", "add", "museum", &server.url("/org")]);
        helm.pull(&["museum/one"], "pulled");
        assert_eq!(helm.read("pulled/one-1.0.0.tgz"), chart.bytes);
        assert!(
            add(&helm, "old", &server.url("/org"), "me", "an old password", &[]),
            "ChartMuseum does not look at it"
        );
    }
}
