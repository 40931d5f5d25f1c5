//! The command line, the environment, the file, and what each says first.

use std::fs;
use std::process::{Command, Output};

use acceptance::{Chart, Launch};

fn run(launch: &Launch, arguments: &[&str]) -> Output {
    launch.bare_command().args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn the_configuration_in_force_can_be_shown_and_every_default_is_valid() {
    let output = run(&Launch::default(), &["check-config"]);
    assert!(output.status.success(), "{}", text(&output));
    let shown = text(&output);
    for (setting, value) in [("port", "8080"), ("storage", "local"), ("depth", "0"), ("json-index", "true")] {
        assert!(
            shown.lines().any(|line| line.contains(setting) && line.contains(value)),
            "{setting} is not shown as {value}:\n{shown}"
        );
    }
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let launch = Launch::default().environment("DEPTH", "2").environment("PORT", "7002");
    let file = launch.storage().with_file_name("settings.yaml");
    fs::write(&file, "depth: 1\nport: 7001\nchart.url: https://unknown.example.com\n").unwrap();
    let unknown = run(&launch, &["check-config", "--config", file.to_str().unwrap()]);
    assert!(!unknown.status.success(), "an unknown key goes unnoticed:\n{}", text(&unknown));

    fs::write(
        &file,
        "depth: 1\nport: 7001\ncharturl: https://file.example.com\nstorage:\n  local:\n    rootdir: ./elsewhere\n",
    )
    .unwrap();
    let output = run(&launch, &["check-config", "--config", file.to_str().unwrap(), "--port=7003"]);
    assert!(output.status.success(), "{}", text(&output));
    let shown = text(&output);
    let value = |setting: &str, value: &str| shown.lines().any(|line| line.contains(setting) && line.contains(value));
    assert!(value("port", "7003") && value("depth", "2"), "{shown}");
    assert!(value("chart-url", "https://file.example.com") && value("storage-local-rootdir", "./elsewhere"), "{shown}");
}

#[test]
fn a_bad_value_names_its_setting_and_starts_nothing() {
    for (name, bad) in [
        ("port", "abc"),
        ("port", "70000"),
        ("depth", "-1"),
        ("cache-interval", "5"),
        ("index-format", "xml"),
        ("read-freshness", "soon"),
        ("max-upload-size", "much"),
        ("storage", "floppy"),
        ("debug", "perhaps"),
    ] {
        let flag = format!("--{name}={bad}");
        let variable = name.to_ascii_uppercase().replace('-', "_");
        let by_flag = run(&Launch::default(), &["serve", &flag]);
        let by_environment = run(&Launch::default().environment(&variable, bad), &["check-config"]);
        for output in [by_flag, by_environment] {
            let shown = text(&output).to_ascii_lowercase();
            assert!(!output.status.success(), "{name}={bad} is taken:\n{shown}");
            let named = shown.contains(&format!("--{name}"))
                || shown.contains(&variable.to_ascii_lowercase())
                || shown.contains(name);
            assert!(named, "{name}={bad} is not named:\n{shown}");
        }
    }
    let unknown = run(&Launch::default(), &["--no-such-flag"]);
    assert!(!unknown.status.success());
    assert!(text(&unknown).contains("no-such-flag"));
}

#[tokio::test]
async fn flags_only_mean_serve_and_environment_variables_serve_alike() {
    let server = Launch::default().without("serve").with("--depth=1").start().await;
    server.publish("org", &Chart::new("one", "1.0.0")).await;
    let server = Launch::default().environment("DEPTH", "1").environment("CONTEXT_PATH", "/below").start().await;
    server.get("/below/org/index.yaml").await.expect(200);
}

#[test]
fn the_version_is_the_third_word() {
    for arguments in [&["--version"][..], &["version"]] {
        let output = run(&Launch::default(), arguments);
        assert!(output.status.success());
        let shown = String::from_utf8(output.stdout).unwrap();
        assert_eq!(shown.split_whitespace().nth(2), Some(env!("CARGO_PKG_VERSION")), "{shown}");
    }
}

#[test]
fn help_names_every_setting() {
    let output = run(&Launch::default(), &["serve", "--help"]);
    let shown = text(&output);
    assert!(output.status.success(), "{shown}");
    for flag in
        ["--port", "--storage-local-rootdir", "--depth-dynamic", "--chart-url", "--read-freshness", "--index-format"]
    {
        assert!(shown.contains(flag), "{flag}:\n{shown}");
    }
}

#[tokio::test]
async fn a_port_in_use_is_said_and_ends_the_start() {
    let server = acceptance::Server::start().await;
    let launch = Launch::default().without("--port").with(format!("--port={}", server.address().port()));
    let output = launch.command().output().unwrap();
    assert!(!output.status.success());
    assert!(text(&output).contains(&server.address().port().to_string()), "{}", text(&output));
}

#[tokio::test]
async fn a_storage_that_is_no_folder_is_said_at_the_start() {
    let launch = Launch::default();
    fs::write(launch.storage(), "a file").unwrap();
    let output = launch.command().output().unwrap();
    assert!(!output.status.success());
    assert!(text(&output).contains("storage"), "{}", text(&output));
}

#[tokio::test]
async fn reconcile_lists_what_it_could_not_read() {
    let launch = Launch::default();
    launch.place("good-1.0.0.tgz", &Chart::new("good", "1.0.0").bytes);
    launch.place("broken-1.0.0.tgz", b"no archive");
    let output = run(
        &launch,
        &[
            "reconcile",
            &format!("--storage-local-rootdir={}", launch.storage().display()),
            &format!("--catalogue={}", launch.catalogue().display()),
        ],
    );
    let shown = text(&output);
    assert!(output.status.success(), "{shown}");
    assert!(shown.contains("broken-1.0.0.tgz") && shown.contains("gzip: invalid header"), "{shown}");
    let server = launch.start().await;
    assert_eq!(server.index("").await.names(), ["good"]);
}

#[test]
fn nothing_of_a_start_goes_to_the_working_folder_but_the_default_storage() {
    let launch = Launch::default();
    let mut command: Command = launch.bare_command();
    let output = command.arg("check-config").output().unwrap();
    assert!(output.status.success());
    assert!(!launch.storage().with_file_name("charts").exists(), "check-config makes nothing");
}
