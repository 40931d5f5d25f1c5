//! HTTPS: who is shown what, HTTP/2, and files that change under a running server.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Output};

use acceptance::{
    Authority, Chart, Connection, HELM_3, HELM_4, Helm, Launch, Papers, Server, client, skipped, write_papers,
};
use reqwest::Version;

/// What a client that believes this authority, and shows these papers, is answered.
async fn ask(server: &Server, authority: &Authority, papers: Option<&Papers>) -> reqwest::Result<u16> {
    let client = client(Some((&authority.certificate(), papers))).build().unwrap();
    Ok(client.get(server.url("/health")).send().await?.status().as_u16())
}

#[tokio::test]
async fn https_is_spoken_in_both_versions_of_http() {
    let authority = Authority::new("ours");
    let server = Launch::default().with_tls(&authority).start().await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("", &chart).await;
    assert_eq!(server.pull("", "one", "1.0.0").await, chart.bytes);

    let certificate = authority.certificate();
    let either = client(Some((&certificate, None))).build().unwrap();
    assert_eq!(either.get(server.url("/index.yaml")).send().await.unwrap().version(), Version::HTTP_2);
    let old = client(Some((&certificate, None))).http1_only().build().unwrap();
    let answer = old.get(server.url("/index.yaml")).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, Version::HTTP_11));
    // an authority that the client does not know, and a version that nobody should speak any more
    assert!(ask(&server, &Authority::new("other"), None).await.is_err());
}

#[tokio::test]
async fn many_requests_share_one_connection() {
    let authority = Authority::new("ours");
    let server = Launch::default().with_tls(&authority).start().await;
    let charts: Vec<Chart> = (0..40).map(|n| Chart::new(&format!("chart-{n}"), "1.0.0")).collect();
    let uploads = futures_util::future::join_all(charts.iter().map(|chart| server.upload(chart))).await;
    uploads.into_iter().for_each(|answer| drop(answer.expect(201)));
    let pulls = futures_util::future::join_all(charts.iter().map(|chart| server.pull("", &chart.name, "1.0.0"))).await;
    assert!(pulls.iter().zip(&charts).all(|(pulled, chart)| *pulled == chart.bytes));
}

#[tokio::test]
async fn plain_http_on_an_encrypted_port_is_told_what_is_wrong() {
    let server = Launch::default().with_tls(&Authority::new("ours")).start().await;
    let mut plain = Connection::open(&server).await;
    plain.send(b"GET /index.yaml HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    let answer = plain.answer().await.expect(400);
    assert_eq!(answer.text(), "Client sent an HTTP request to an HTTPS server.\n");
    let mut noise = Connection::open(&server).await;
    noise.send(b"\0\0\0\0").await.unwrap();
    assert!(noise.closed().await);
}

#[tokio::test]
async fn clients_need_papers_for_everything_if_an_authority_is_named() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let papers = theirs.issue("client");
    let server = Launch::default().with_tls(&ours).with_client_authority(&theirs, Some(papers.clone())).start().await;
    server.publish("", &Chart::new("one", "1.0.0")).await;
    assert_eq!(ask(&server, &ours, Some(&papers)).await.unwrap(), 200);
    for refused in [None, Some(ours.issue("client"))] {
        assert!(ask(&server, &ours, refused.as_ref()).await.is_err(), "{refused:?}");
    }
}

/// What each Helm says to a server of this authority.
fn with_each_helm(authority: &Authority, papers: Option<&Papers>, work: impl Fn(&Helm, &[&str])) {
    for release in [HELM_3, HELM_4] {
        let Some(helm) = Helm::release(release) else { continue };
        helm.write("ca.crt", authority.certificate());
        let mut flags = vec!["--ca-file", "ca.crt"];
        if let Some(papers) = papers {
            helm.write("client.crt", &papers.certificate);
            helm.write("client.key", &papers.key);
            flags.extend(["--cert-file", "client.crt", "--key-file", "client.key"]);
        }
        work(&helm, &flags);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn helm_pulls_over_https() {
    let authority = Authority::new("ours");
    let server = Launch::default().with_tls(&authority).start().await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("", &chart).await;
    let url = server.url("");
    with_each_helm(&authority, None, |helm, flags| {
        assert!(!helm.run(&["repo", "add", "ours", &url]).success, "nobody knows the authority");
        helm.ok(&[&["repo", "add", "ours", &url], flags].concat());
        helm.pull(&["ours/one", "--version=1.0.0"], "known");
        assert_eq!(helm.read("known/one-1.0.0.tgz"), chart.bytes);
        helm.pull(&["one", "--repo", &url, "--insecure-skip-tls-verify"], "unasked");
        assert_eq!(helm.read("unasked/one-1.0.0.tgz"), chart.bytes);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn helm_shows_its_papers() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let papers = theirs.issue("helm");
    let server = Launch::default().with_tls(&ours).with_client_authority(&theirs, Some(papers.clone())).start().await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("", &chart).await;
    let url = server.url("");
    with_each_helm(&ours, Some(&papers), |helm, flags| {
        assert!(!helm.run(&[&["repo", "add", "ours", &url], &flags[..2]].concat()).success, "it showed no papers");
        helm.ok(&[&["repo", "add", "ours", &url], flags].concat());
        helm.pull(&["ours/one"], "shown");
        assert_eq!(helm.read("shown/one-1.0.0.tgz"), chart.bytes);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_speaks_both_versions() {
    let authority = Authority::new("ours");
    let server = Launch::default().with_tls(&authority).start().await;
    let ca = server.settings().papers().join("ca.crt");
    fs::write(&ca, authority.certificate()).unwrap();
    for (flag, version) in [("--http2", "2"), ("--http1.1", "1.1")] {
        let mut curl = Command::new("curl");
        curl.args(["-sS", "-o", "/dev/null", "-w", "%{http_version} %{http_code}", flag, "--cacert"]).arg(&ca);
        match curl.arg(server.url("/index.yaml")).output() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return skipped("there is no curl"),
            Err(error) => panic!("{error}"),
            Ok(Output { stdout, stderr, .. }) => {
                let said = String::from_utf8(stdout).unwrap();
                assert_eq!(said, format!("{version} 200"), "{}", String::from_utf8_lossy(&stderr));
            }
        }
    }
}

/// Replaces the folder of papers as Kubernetes does: a link is swapped, the files are never written to.
fn swap(folder: &Path, generation: &str, papers: &Papers) {
    let (next, link) = (folder.join(generation), folder.join("..next"));
    write_papers(&next, papers);
    symlink(&next, &link).unwrap();
    fs::rename(&link, folder.join("..data")).unwrap();
}

/// A server whose papers are mounted as Kubernetes mounts a secret.
async fn mounted(authority: &Authority, arguments: &[&str]) -> Server {
    let launch = Launch::default().with_tls(authority);
    let folder = launch.papers();
    swap(&folder, "..first", &authority.issue("127.0.0.1"));
    for name in ["tls.crt", "tls.key"] {
        fs::remove_file(folder.join(name)).unwrap();
        symlink(Path::new("..data").join(name), folder.join(name)).unwrap();
    }
    arguments.iter().fold(launch, Launch::with).start().await
}

async fn until_known(server: &Server, authority: &Authority) {
    server
        .until("the new certificate is shown", async |server| {
            matches!(ask(server, authority, None).await, Ok(200)).then_some(())
        })
        .await;
}

#[tokio::test]
async fn new_papers_are_noticed_by_themselves() {
    let (before, after) = (Authority::new("before"), Authority::new("after"));
    let server = mounted(&before, &["--tls-reload-interval=20ms"]).await;
    assert_eq!(ask(&server, &before, None).await.unwrap(), 200);
    swap(&server.settings().papers(), "..second", &after.issue("127.0.0.1"));
    until_known(&server, &after).await;
    assert!(ask(&server, &before, None).await.is_err());
    // the client that was there before goes on on its connection
    server.get("/health").await.expect(200);
}

#[tokio::test]
async fn new_papers_are_read_at_a_signal_and_broken_ones_are_not_believed() {
    let (before, after) = (Authority::new("before"), Authority::new("after"));
    let server = mounted(&before, &["--tls-reload-interval=0"]).await;
    let papers = server.settings().papers();
    let (good, other) = (after.issue("127.0.0.1"), after.issue("127.0.0.1"));
    let no_certificate = Papers { certificate: "-----BEGIN".to_owned(), ..good.clone() };
    let no_key = Papers { key: String::new(), ..good.clone() };
    let of_another = Papers { key: other.key, ..good.clone() };
    for (generation, broken, setting) in
        [("..a", no_certificate, "tls-cert"), ("..b", no_key, "tls-key"), ("..c", of_another, "tls-key")]
    {
        let mark = server.log().mark();
        swap(&papers, generation, &broken);
        server.hang_up();
        let told = server.log().find(mark, |line| {
            let is_it = line["M"] == "The files of TLS cannot be used; those before stay in use";
            is_it.then(|| line["error"].as_str().unwrap().to_owned())
        });
        let told = tokio::time::timeout(std::time::Duration::from_secs(60), told).await.expect("it is told");
        assert!(told.starts_with(&format!("setting {setting}: ")), "{told}");
        assert_eq!(ask(&server, &before, None).await.unwrap(), 200);
    }
    swap(&papers, "..d", &good);
    server.hang_up();
    until_known(&server, &after).await;
}

fn refusal(launch: &Launch, arguments: &[String]) -> (i32, String) {
    let output = launch.command().args(arguments).output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn half_of_the_settings_never_means_plain_http() {
    let launch = Launch::default();
    for (flag, setting) in
        [("--tls-cert=a", "tls-cert"), ("--tls-key=a", "tls-key"), ("--tls-ca-cert=a", "tls-ca-cert")]
    {
        let (code, said) = refusal(&launch, &[flag.to_owned()]);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains(&format!("chandlery: {setting}: it needs ")), "{said}");
    }
}

#[test]
fn files_that_cannot_be_used_are_named_at_the_start() {
    let authority = Authority::new("ours");
    let launch = Launch::default().with_tls(&authority);
    let garbage = launch.papers().join("garbage");
    let key = authority.issue("127.0.0.1").key;
    for (setting, content) in [
        ("tls-ca-cert", Some("no certificate at all")),
        ("tls-ca-cert", Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")),
        ("tls-ca-cert", None),
        ("tls-cert", Some("")),
        ("tls-cert", None),
        ("tls-key", Some("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")),
        ("tls-key", Some(&*key)),
    ] {
        match content {
            Some(content) => fs::write(&garbage, content).unwrap(),
            None => fs::remove_file(&garbage).unwrap(),
        }
        let (code, said) = refusal(&launch, &[format!("--{setting}={}", garbage.display())]);
        assert_eq!(code, 1, "{said}");
        let named = format!("setting {setting}: {}: ", garbage.display());
        assert!(said.contains(&named), "{content:?}: {said}");
    }
}
