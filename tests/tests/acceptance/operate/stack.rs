//! `chandlery stack`: what comes with the program.

use acceptance::{HELM_3, HELM_4, Helm, Launch, Server};
use serde_json::{Value, json};

use super::Operated;

async fn stack(arguments: &[&str]) -> Operated {
    let launch = Launch::default(); // has the folder that the command runs in
    let mut command = launch.bare_command();
    command.arg("stack").args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    Operated::new(output.expect("the binary can be started"))
}

async fn publish(server: &Server, path: &str, further: &[&str]) -> Operated {
    let url = server.url(path);
    stack(&[&["publish", "--to", &url, "--output=json"], further].concat()).await
}

/// The outcome of each chart, each once.
fn outcomes(published: &Operated) -> Vec<String> {
    let report = published.json();
    let mut outcomes: Vec<_> = report["charts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|chart| chart["outcome"].as_str().unwrap().to_owned())
        .collect();
    outcomes.dedup();
    outcomes
}

#[tokio::test]
async fn charts_are_listed_with_the_digests_that_are_served() {
    let server = Server::start().await;
    let index = server.index("stack").await;
    let listed = stack(&["list", "--output=json"]).await.expect(0).json();
    let listed = listed["charts"].as_array().unwrap();
    assert_eq!(listed.len(), index.entries().count());
    for chart in listed {
        let entry = &index.value["entries"][chart["name"].as_str().unwrap()][0];
        assert_eq!(entry["digest"], chart["digest"]);
        assert_eq!(entry["version"], chart["version"]);
    }
    let text = stack(&["list"]).await.expect(0).out;
    assert_eq!(text.lines().count(), listed.len());
}

#[tokio::test]
async fn charts_are_published_on_another_server_once() {
    let server =
        Server::with(&["--depth=2", "--basic-auth-user=me", "--basic-auth-pass=$secret", "--context-path=/x"]).await;
    let access = ["--username=me", "--password=$secret", "--server-context-path=/x"];
    let first = publish(&server, "/x/org/team", &access).await.expect(0);
    assert_eq!(outcomes(&first), ["published"]);
    assert_eq!(first.json()["to"], server.url("/x/org/team"));
    let again = publish(&server, "/x/org/team", &access).await.expect(0);
    assert_eq!(outcomes(&again), ["present"]);

    let refused = publish(&server, "/x/org/team", &["--username=me", "--password=wrong", access[2]]).await.expect(1);
    assert_eq!(outcomes(&refused), ["failed"]);
    assert_eq!(refused.json()["charts"][0]["reason"], "401 Unauthorized: unauthorized");
    assert!(!refused.out.contains("wrong") && !refused.err.contains("wrong"), "{refused:?}");
}

#[tokio::test]
async fn charts_are_published_in_a_registry_once() {
    let server = Server::with(&["--depth=2", "--basic-auth-user=me", "--basic-auth-pass=$secret"]).await;
    let to = format!("oci://{}/org/team", server.address());
    let publish = async |password: &str| {
        let access = ["--username=me", password, "--plain-http", "--output=json"];
        stack(&[&["publish", "--to", &to][..], &access].concat()).await
    };
    let refused = publish("--password=wrong").await.expect(1);
    assert_eq!(outcomes(&refused), ["failed"]);
    assert!(refused.json()["charts"][0]["reason"].as_str().unwrap().starts_with("401 Unauthorized: "), "{refused:?}");
    assert_eq!(outcomes(&publish("--password=$secret").await.expect(0)), ["published"]);
    assert_eq!(outcomes(&publish("--password=$secret").await.expect(0)), ["present"]);

    let mut server = server;
    server.authorize("Basic bWU6JHNlY3JldA==");
    let own = stack(&["list", "--output=json"]).await.json();
    let index = server.index("org/team").await;
    for chart in own["charts"].as_array().unwrap() {
        let (name, version) = (chart["name"].as_str().unwrap(), chart["version"].as_str().unwrap());
        assert_eq!(index.entry(name, version)["digest"], chart["digest"]);
        let manifest = server.get(&format!("/v2/org/team/{name}/manifests/{version}")).await.expect(200).json();
        assert_eq!(manifest["layers"][0]["digest"], format!("sha256:{}", chart["digest"].as_str().unwrap()));
    }
    let gateway = own["charts"].as_array().unwrap().iter().find(|chart| chart["name"] == "gateway").unwrap();
    let other = acceptance::Chart::new("gateway", gateway["version"].as_str().unwrap());
    server.publish("org/other", &other).await;
    let to = format!("oci://{}/org/other", server.address());
    let more = ["--chart=gateway", "--username=me", "--password=$secret", "--plain-http", "--output=json"];
    let differs = stack(&[&["publish", "--to", &to][..], &more].concat()).await.expect(1);
    assert_eq!(outcomes(&differs), ["differs"]);
}

#[tokio::test]
async fn other_bytes_are_replaced_only_if_that_is_asked_for() {
    let server = Server::start().await;
    let own = stack(&["list", "--output=json"]).await.json();
    let version = own["charts"].as_array().unwrap().iter().find(|chart| chart["name"] == "gateway").unwrap().clone();
    let other = acceptance::Chart::new("gateway", version["version"].as_str().unwrap());
    server.publish("", &other).await;
    let only = ["--chart=gateway"];
    let differs = publish(&server, "", &only).await.expect(1);
    assert_eq!(
        differs.json()["charts"],
        json!([{
            "name": "gateway",
            "version": version["version"],
            "digest": version["digest"],
            "outcome": "differs",
            "reason": format!("the version is there with the digest {}", other.digest),
        }])
    );
    let forced = publish(&server, "", &[only[0], "--force"]).await.expect(0);
    assert_eq!(outcomes(&forced), ["published"]);
    let entry = &server.index("").await.value["entries"]["gateway"][0];
    assert_eq!(entry["digest"], version["digest"]);
}

#[tokio::test]
async fn what_cannot_be_meant_is_told() {
    for (arguments, expected) in [
        (&["publish", "--to=host"][..], "--to: relative URL without a base"),
        (
            &["publish", "--to=http://me:pw@127.0.0.1"][..],
            "--to: user and password belong into --username and --password",
        ),
        (&["publish", "--to=http://127.0.0.1", "--chart=nothing"][..], "there is no chart nothing"),
        (&["publish", "--to=http://127.0.0.1", "--password=x"][..], "--username"),
        (&["plan"][..], "--profile"),
        (&[][..], "Usage"),
    ] {
        let told = stack(arguments).await.expect(2);
        assert!(told.err.contains(expected), "{arguments:?}: {told:?}");
    }
    for arguments in [&["plan", "--profile=none"][..], &["helmfile", "--profile=none"], &["flux", "--profile=none"]] {
        let told = stack(arguments).await.expect(1);
        assert!(told.err.contains("there is no profile none, but lab, production, standby"), "{told:?}");
    }
    let told = stack(&["check", "--file=/nowhere/stack.yaml"]).await.expect(1);
    assert!(told.err.contains("/nowhere/stack.yaml: No such file or directory"), "{told:?}");
}

#[tokio::test]
async fn a_check_tells_what_is_unresolved_and_a_release_refuses_it() {
    let checked = stack(&["check", "--output=json"]).await.expect(0).json();
    assert_eq!(checked["faults"], json!([]));
    let unresolved = checked["unresolved"].as_array().unwrap();
    assert!(unresolved.iter().any(|entry| entry["name"] == "cert-manager" && entry["used"] == true));
    let text = stack(&["check"]).await.expect(0).out;
    assert!(text.contains("unresolved  cert-manager 1.21.1 of oci://quay.io/jetstack/charts/cert-manager\n"), "{text}");
    stack(&["check", "--refuse-unresolved"]).await.expect(1);
}

#[tokio::test]
async fn a_file_of_ones_own_is_checked_planned_and_generated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stack.yaml");
    let file = format!("--file={}", path.display());
    let text = include_str!("../../../../deploy/stack/stack.yaml");
    std::fs::write(&path, text.replace("wordpressHost: blog.example.com", "wordpressHost: blog.example.org")).unwrap();
    let plan = stack(&["plan", "--profile=lab", &file, "--output=json"]).await.expect(0).json();
    let releases = plan["releases"].as_array().unwrap();
    let place = |name: &str| releases.iter().position(|release| release["name"] == name).unwrap();
    assert!(place("chandlery") < place("baseline") && place("baseline") < place("wordpress"));
    let generated = stack(&["helmfile", "--profile=lab", &file]).await.expect(0).out;
    assert!(generated.contains("wordpressHost: blog.example.org"), "{generated}");

    std::fs::write(&path, text.replace("wordpressHost: blog.example.com", "wordpressHost: {}")).unwrap();
    let checked = stack(&["check", &file, "--output=json"]).await.expect(1).json();
    let faults: Vec<&str> = checked["faults"].as_array().unwrap().iter().map(|fault| fault.as_str().unwrap()).collect();
    assert!(faults.iter().all(|fault| fault.contains("wordpressHost: {} is not of type")), "{faults:?}");
    stack(&["flux", "--profile=lab", &file]).await.expect(1);
}

/// The values of the stack file are what its charts take, not only what their schemas take.
async fn every_release_of_ours_is_rendered(helm: Helm) {
    let server = Server::start().await;
    helm.ok(&["repo", "add", "stack", &server.url("/stack")]);
    for profile in ["lab", "production", "standby"] {
        let generated = stack(&["helmfile", "--profile", profile]).await.expect(0).out;
        let document: Value = serde_yaml::from_str(&generated).unwrap();
        let releases = document["releases"].as_array().unwrap();
        let ours: Vec<_> =
            releases.iter().filter(|release| release["chart"].as_str().unwrap().starts_with("stack/")).collect();
        assert!(ours.len() >= 4, "{profile}: {ours:?}");
        for release in ours {
            let text = |key: &str| release[key].as_str().unwrap().to_owned();
            helm.write("values.yaml", serde_json::to_string(&release["values"][0]).unwrap());
            let rendered = helm.ok(&[
                "template",
                &text("name"),
                &text("chart"),
                "--version",
                &text("version"),
                "--namespace",
                &text("namespace"),
                "--kube-version",
                "1.36.0",
                "--values",
                "values.yaml",
            ]);
            assert!(rendered.contains("\nkind: "), "{profile}: {release}: {rendered}");
        }
    }
}

#[tokio::test]
async fn helm_3_renders_every_release_of_ours() {
    if let Some(helm) = Helm::release(HELM_3) {
        every_release_of_ours_is_rendered(helm).await;
    }
}

#[tokio::test]
async fn helm_4_renders_every_release_of_ours() {
    if let Some(helm) = Helm::release(HELM_4) {
        every_release_of_ours_is_rendered(helm).await;
    }
}
