//! The binary as people and scripts call it: what it prints where, and how it exits.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without fails it")]

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// The binary in a folder and environment of its own.
fn chandlery(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chandlery"));
    command.current_dir(folder).env_clear().env("HOME", folder).env("TMPDIR", folder).stdin(Stdio::null());
    command.env("LISTEN_HOST", "127.0.0.1");
    command
}

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> (i32, String, String) {
    let folder = tempfile::tempdir().unwrap();
    let output: Output = chandlery(folder.path()).args(arguments).envs(environment.iter().copied()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn installer_scripts_find_the_version_in_the_third_word() {
    for arguments in [["--version"], ["-v"], ["--v"], ["-V"], ["-version"], ["version"]] {
        let (code, out, err) = run(&arguments, &[]);
        assert_eq!((code, err.as_str()), (0, ""));
        assert!(out.starts_with("Chandlery version "), "{out}");
        assert_eq!(out.split_whitespace().nth(2), Some(env!("CARGO_PKG_VERSION")));
        assert_eq!(out.lines().count(), 1);
    }
}

#[test]
fn help_names_every_setting() {
    for arguments in [["-h"], ["-help"], ["--h"], ["help"]] {
        let (code, out, _) = run(&arguments, &[]);
        assert!(code == 0 && out.contains("--storage "), "{arguments:?}: {out}");
    }
    let (code, out, _) = run(&["--help"], &[]);
    assert_eq!(code, 0);
    for setting in server::config::SETTINGS {
        assert!(
            out.contains(&format!("--{} ", setting.name)) || out.contains(&format!("--{}[", setting.name)),
            "{out}"
        );
        assert!(out.contains(&setting.variable()), "{}", setting.variable());
    }
}

#[test]
fn a_bad_setting_is_named_with_its_source_and_the_exit_is_2() {
    type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str);
    let cases: [Case; 5] = [
        (
            &["serve"],
            &[("PORT", "abc")],
            r#"port: expected a whole number from 0 to 65535, not "abc" (environment variable PORT)"#,
        ),
        (&["--debug=yes"], &[], r#"debug: expected true or false, not "yes" (flag --debug)"#),
        (
            &["check-config", "-storage", "floppy"],
            &[],
            r#"storage: expected one of local, amazon, not "floppy" (flag --storage)"#,
        ),
        (&["reconcile"], &[("CONFIG", "missing.yaml")], "config file missing.yaml: not found"),
        (&["--port", "-1"], &[], r#"port: expected a whole number from 0 to 65535, not "-1" (flag --port)"#),
    ];
    for (arguments, environment, message) in cases {
        let (code, out, err) = run(arguments, environment);
        assert_eq!((code, out.as_str(), err), (2, "", format!("chandlery: {message}\n")));
    }
}

#[test]
fn an_unknown_flag_or_word_is_told_and_the_exit_is_2() {
    for arguments in [["--no-such-flag"], ["no-such-word"], ["-nosuch"]] {
        let (code, out, err) = run(&arguments, &[]);
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(err.contains(arguments[0].trim_start_matches('-')), "{err}");
    }
}

#[test]
fn check_config_prints_what_is_in_force() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("settings.yaml"), "storage:\n  local:\n    rootdir: /data\ndepth: 2\n").unwrap();
    let output = chandlery(folder.path())
        .args(["check-config", "--config", "settings.yaml", "--debug"])
        .env("DEPTH", "3")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let out = String::from_utf8(output.stdout).unwrap();
    let line = |name: &str| {
        let line = out.lines().find(|line| line.split_whitespace().next() == Some(name)).unwrap();
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("storage-local-rootdir"), "storage-local-rootdir /data key storage.local.rootdir of settings.yaml");
    assert_eq!(line("depth"), "depth 3 environment variable DEPTH");
    assert_eq!(line("debug"), "debug true flag --debug");
    assert_eq!(line("port"), "port 8080 default");
    // it only looks
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn secrets_are_not_shown() {
    let (code, out, err) = run(&["check-config", "--cache-redis-password=hunter2"], &[]);
    assert_eq!((code, err.as_str()), (0, ""));
    let line = out.lines().find(|line| line.starts_with("cache-redis-password ")).unwrap();
    assert!(line.ends_with("  flag --cache-redis-password") && line.contains("  ********  "), "{line}");
    assert!(!out.contains("hunter2"), "{out}");
}

#[test]
fn the_route_table_is_printed() {
    let (code, out, _) = run(&["routes"], &[]);
    assert_eq!(code, 0);
    assert_eq!(out.lines().count(), server::router::routes().len());
    assert!(out.lines().any(|line| line.starts_with("POST") && line.contains("/api/{repository}/charts ")), "{out}");
}

#[test]
fn reconcile_reports_what_it_finds_and_fails_clearly() {
    let folder = tempfile::tempdir().unwrap();
    let output = chandlery(folder.path()).arg("reconcile").output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "0 adopted, 0 missing, 0 found again, 0 unreadable, 0 ignored\n"
    );

    let mut odd = File::create(folder.path().join("charts/odd-1.0.0.tgz")).unwrap();
    odd.write_all(b"no package").unwrap();
    odd.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap(); // a young file may still be growing
    let output = chandlery(folder.path()).arg("reconcile").output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    assert!(out.starts_with("unreadable  odd-1.0.0.tgz: "), "{out}");
    assert!(out.ends_with("\n0 adopted, 0 missing, 0 found again, 1 unreadable, 0 ignored\n"), "{out}");

    std::fs::write(folder.path().join("file"), "").unwrap();
    let output = chandlery(folder.path()).args(["reconcile", "--storage-local-rootdir=file"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(err.starts_with("chandlery: cannot open the storage (setting storage-local-rootdir): "), "{err}");
}

/// A server process, killed when a test fails.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a server and reads the line that names its address.
fn serve(folder: &Path, arguments: &[&str]) -> (Server, SocketAddr, BufReader<std::process::ChildStderr>) {
    let mut child =
        chandlery(folder).args(["--port=0", "-log-json"]).args(arguments).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let server = Server(child);
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let started: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?}"));
    assert_eq!((&started["L"], &started["M"]), (&"INFO".into(), &"Starting Chandlery".into()));
    assert_eq!(started["version"], env!("CARGO_PKG_VERSION"));
    let address: SocketAddr = started["address"].as_str().unwrap().parse().unwrap();
    assert_eq!((&started["host"], &started["port"]), (&address.ip().to_string().into(), &address.port().into()));
    (server, address, lines)
}

#[test]
fn with_an_address_alone_it_serves_the_folder_charts_until_it_is_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, address, mut lines) = serve(folder.path(), &[]);
    // read all the while: a server whose log nobody takes cannot write all of it before it ends
    let log = std::thread::spawn(move || {
        let mut rest = String::new();
        lines.read_to_string(&mut rest).map(|_| rest)
    });
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(b"GET /index.yaml HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        if answer.starts_with("HTTP/1.0 200 OK\r\n") {
            break;
        }
        assert!(answer.starts_with("HTTP/1.0 503 ") && Instant::now() < deadline, "{answer}");
    }
    assert!(folder.path().join("charts/.chandlery/format.json").is_file());
    assert!(folder.path().join(".cache/chandlery").is_dir());

    kill_process(Pid::from_child(&server.0), Signal::TERM).unwrap();
    let status = server.0.wait().unwrap();
    assert_eq!(status.code(), Some(0));
    let rest = log.join().unwrap().unwrap();
    let messages: Vec<String> = rest
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["M"].as_str().unwrap().to_owned())
        .collect();
    assert!(messages.iter().any(|message| message == "Chandlery is ready"), "{rest}");
    assert!(messages.iter().any(|message| message == "Stopping Chandlery"), "{rest}");
    assert!(messages.iter().any(|message| message.ends_with("Request served")), "{rest}");
}

#[test]
fn what_is_fatal_is_one_clear_line_and_the_exit_is_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let folder = tempfile::tempdir().unwrap();
    let output = chandlery(folder.path()).args(["--port", &port, "--log-json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(err.lines().count(), 1, "{err}");
    let line: Value = serde_json::from_str(&err).unwrap();
    assert_eq!(line["L"], "FATAL");
    let message = line["M"].as_str().unwrap();
    assert!(message.starts_with(&format!("cannot listen on 127.0.0.1 port {port} ")), "{message}");

    std::fs::write(folder.path().join("file"), "").unwrap();
    let output = chandlery(folder.path()).args(["--port=0", "--storage-local-rootdir=file"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let err = String::from_utf8(output.stderr).unwrap();
    let last = err.lines().last().unwrap();
    assert!(last.contains("\tFATAL\tcannot open the storage (setting storage-local-rootdir): "), "{err}");
}
