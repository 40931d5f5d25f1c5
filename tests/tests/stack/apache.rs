//! Apache with PHP as the charts configure it: each ConfigMap runs, as the pod's user, on what the chart mounts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::symlink;
use std::time::Duration;

use serde_json::{Value, json};

use crate::machine::{Daemon, Image, Patience, Tree, on_free_port};
use crate::render::{Rendered, each, rendered};
use crate::workload::Workload;

/// Modules that Debian enables with the package, or the shops' images by themselves.
const MODULES: &[&str] = &[
    "access_compat",
    "alias",
    "auth_basic",
    "authn_core",
    "authn_file",
    "authz_core",
    "authz_host",
    "authz_user",
    "autoindex",
    "deflate",
    "dir",
    "env",
    "expires",
    "filter",
    "mime",
    "mpm_prefork",
    "negotiation",
    "remoteip",
    "reqtimeout",
    "rewrite",
    "setenvif",
    "status",
];
/// What Debian's `envvars` says.
const FOLDERS: &[(&str, &str)] = &[
    ("APACHE_RUN_DIR", "run/apache2"),
    ("APACHE_LOCK_DIR", "run/lock/apache2"),
    ("APACHE_LOG_DIR", "var/log/apache2"),
];
/// Who the server says it is, what PHP was told, and which folders of the tree it can write to.
const PAGE: &str = r#"<?php
$file = tempnam(sys_get_temp_dir(), "page");
$folders = new RecursiveIteratorIterator(
    new RecursiveDirectoryIterator(getenv("TREE"), FilesystemIterator::SKIP_DOTS), RecursiveIteratorIterator::SELF_FIRST);
$writable = [];
foreach ($folders as $path => $entry) if ($entry->isDir() && !$entry->isLink() && is_writable($path)) $writable[] = $path;
header("Content-Type: application/json");
echo json_encode(["user" => fileowner($file), "temporary" => dirname($file), "https" => $_SERVER["HTTPS"] ?? null,
    "client" => $_SERVER["REMOTE_ADDR"], "memory_limit" => ini_get("memory_limit"), "writable" => $writable]);
"#;

/// The server of one case.
struct Apache {
    tree: Tree,
    image_port: u16,
    daemon: Daemon,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

fn deployment(rendered: &Rendered) -> Option<Workload<'_>> {
    let serves = |rendered: &Rendered| rendered.objects.iter().any(|object| !object["data"]["site.conf"].is_null());
    Workload::all(rendered).into_iter().find(|workload| workload.kind() == "Deployment" && serves(rendered))
}

fn cases() -> Vec<&'static Rendered> {
    rendered().iter().filter(|rendered| deployment(rendered).is_some()).collect()
}

fn image() -> Option<Image> {
    Image::of(&["usr/sbin/apache2", "etc/apache2"])
}

/// The folder that is served, in the container.
fn document_root(site: &str) -> &str {
    site.lines().find_map(|line| line.trim().strip_prefix("DocumentRoot ")).unwrap()
}

/// The container's files: the chart's, and around them what the image has.
fn tree(image: &Image, rendered: &Rendered) -> Tree {
    let tree = Tree::of(rendered, deployment(rendered).unwrap());
    let site = tree.read("/etc/apache2/sites-available/000-default.conf");
    let root = document_root(&site).to_owned();
    for (path, text) in [
        ("index.php", PAGE),
        (".env", "secret"),
        (".git/config", "secret"),
        (".well-known/owner", "public"),
        (".htaccess", "Redirect gone /gone\n"),
        ("listed/file", "text"),
    ] {
        tree.write(&format!("{root}/{path}"), text);
    }
    let original = image.path("etc/apache2");
    let place = |text: String| {
        text.replace("/usr/lib/apache2", image.path("usr/lib/apache2").to_str().unwrap())
            .replace("/etc/apache2", tree.path("etc/apache2").to_str().unwrap())
    };
    tree.write("etc/apache2/apache2.conf", &place(fs::read_to_string(original.join("apache2.conf")).unwrap()));
    let mut modules: Vec<_> = MODULES.iter().map(|name| (*name).to_owned()).collect();
    modules.extend(
        names(&original.join("mods-available"))
            .filter_map(|name| name.strip_suffix(".load").filter(|name| name.starts_with("php")).map(str::to_owned)),
    );
    assert_eq!(modules.len(), MODULES.len() + 1, "one PHP");
    for module in modules {
        for ending in ["load", "conf"] {
            let file = format!("{module}.{ending}");
            if let Ok(text) = fs::read_to_string(original.join("mods-available").join(&file)) {
                tree.write(&format!("etc/apache2/mods-enabled/{file}"), &place(text));
            }
        }
    }
    for folder in ["sites-enabled", "conf-enabled"] {
        fs::create_dir_all(tree.path("etc/apache2").join(folder)).unwrap();
    }
    symlink("../sites-available/000-default.conf", tree.path("etc/apache2/sites-enabled/000-default.conf")).unwrap();
    // In the image they lead to the container's output.
    fs::create_dir_all(tree.path("var/log/apache2")).unwrap();
    symlink("/proc/self/fd/2", tree.path("var/log/apache2/error.log")).unwrap();
    tree
}

fn names(folder: &std::path::Path) -> impl Iterator<Item = String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap())
}

fn start(image: &Image, tree: &Tree) -> Daemon {
    let variable = |(name, folder): &(&'static str, &str)| (*name, tree.path(folder).display().to_string());
    let mut environment: BTreeMap<_, _> = FOLDERS.iter().map(variable).collect();
    environment.insert("APACHE_PID_FILE", tree.path("run/apache2/apache2.pid").display().to_string());
    environment.insert("APACHE_RUN_USER", "www-data".to_owned());
    environment.insert("APACHE_RUN_GROUP", "www-data".to_owned());
    environment.insert("PHP_INI_SCAN_DIR", tree.path("usr/local/etc/php/conf.d").display().to_string());
    environment.insert("TMPDIR", tree.path("tmp").display().to_string());
    environment.insert("TREE", tree.path("").display().to_string());
    let folder = tree.path("etc/apache2").display().to_string();
    let arguments = ["-d", &folder, "-f", "apache2.conf", "-D", "FOREGROUND"].map(str::to_owned);
    tree.start(image, "usr/sbin/apache2", &arguments, &environment)
}

impl Apache {
    /// Serves a case on a port that stands for 8080; none if it is taken.
    fn try_serve(image: &Image, rendered: &Rendered, port: u16) -> Option<Self> {
        let tree = tree(image, rendered);
        let ports = tree.read("/etc/apache2/ports.conf");
        assert_eq!(ports.trim(), "Listen 8080", "{:?}", rendered.case);
        tree.write("/etc/apache2/ports.conf", &format!("Listen 127.0.0.1:{port}\n"));
        let site = tree.read("/etc/apache2/sites-available/000-default.conf");
        let root = document_root(&site);
        let placed = site.replace(root, tree.path(root).to_str().unwrap()).replace("*:8080", &format!("*:{port}"));
        tree.write("/etc/apache2/sites-available/000-default.conf", &placed);
        tree.seal();
        let daemon = start(image, &tree);
        let mut apache = Self { tree, image_port: port, daemon };
        let patience = Patience::new();
        loop {
            if apache.daemon.ended().is_some() {
                let log = apache.daemon.log();
                assert!(log.contains("Address already in use"), "{:?}: {log}", rendered.case);
                return None;
            }
            if apache.asked("GET", "/-/live", "").is_some_and(|answer| answer.status == 204) {
                return Some(apache);
            }
            patience.look_again("it answers", &apache.daemon);
        }
    }

    /// None if nobody answers.
    fn asked(&self, method: &str, path: &str, headers: &str) -> Option<Answer> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.image_port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).ok()?;
        write!(stream, "{method} {path} HTTP/1.0\r\nHost: shop.example.com\r\n{headers}\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.split_whitespace().nth(1)?.parse().ok()?;
        Some(Answer { status, head: head.to_owned(), body: body.to_owned() })
    }

    #[track_caller]
    fn get(&self, path: &str, headers: &str) -> Answer {
        self.asked("GET", path, headers).unwrap_or_else(|| panic!("no answer for {path}: {}", self.daemon.log()))
    }

    fn page(&self, headers: &str) -> Value {
        let answer = self.get("/", headers);
        assert_eq!(answer.status, 200, "{}\n{}", answer.body, self.daemon.log());
        serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {}", answer.body))
    }
}

#[test]
fn apache_serves_every_configuration_as_an_unprivileged_user_on_a_read_only_tree() {
    let cases = cases();
    if rendered().is_empty() {
        return; // without Helm, which is named
    }
    assert!(cases.len() >= 5, "{} cases have a site", cases.len());
    let Some(image) = image() else { return };
    each(&cases, |rendered| {
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(&image, rendered)));
        assert!(outcome.is_ok(), "in {:?}", rendered.case);
    });
}

fn check(image: &Image, rendered: &Rendered) {
    let mut apache = on_free_port(|port| Apache::try_serve(image, rendered, port));
    let configuration = apache.tree.read("/etc/apache2/sites-available/000-default.conf");

    let page = apache.page("");
    assert_ne!(page["user"], 0);
    assert_eq!(page["user"], apache.tree.user());
    let writable: BTreeSet<_> =
        page["writable"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    for volume in apache.tree.writable() {
        assert!(writable.contains(apache.tree.path(volume).to_str().unwrap()), "{volume} cannot be written");
    }
    let elsewhere: Vec<_> = writable
        .iter()
        .filter(|path| {
            !apache.tree.writable().iter().any(|volume| path.starts_with(apache.tree.path(volume).to_str().unwrap()))
        })
        .collect();
    assert!(elsewhere.is_empty(), "can be written: {elsewhere:?}");
    assert_eq!(page["temporary"], apache.tree.path("/tmp").to_str().unwrap());
    let settings = apache.tree.read("/usr/local/etc/php/conf.d/zz-chandlery.ini");
    let limit = settings.lines().find_map(|line| line.strip_prefix("memory_limit = ")).unwrap();
    assert_eq!(page["memory_limit"], limit);

    // TLS ends in front of it. Nobody but the proxy says who the client is, and we are none of its addresses.
    let proxied = configuration.contains("X-Forwarded-Proto");
    assert_eq!(page["https"], Value::Null);
    let behind = apache.page("X-Forwarded-Proto: https\r\nX-Forwarded-For: 203.0.113.9\r\n");
    assert_eq!(behind["https"], if proxied { json!("on") } else { Value::Null });
    assert_eq!(behind["client"], "127.0.0.1");
    assert_eq!(apache.page("X-Forwarded-Proto: http\r\n")["https"], Value::Null);

    let answer = apache.get("/", "");
    assert!(answer.head.contains("\r\nServer: Apache\r\n"), "{}", answer.head);
    assert!(!answer.head.to_lowercase().contains("x-powered-by"), "{}", answer.head);
    for (path, status) in [
        ("/.env", 403),
        ("/.git/config", 403),
        ("/.well-known/owner", 200),
        ("/gone", 410),
        ("/listed/", 403),
        ("/none", 404),
    ] {
        assert_eq!(apache.get(path, "").status, status, "{path}");
    }
    assert_eq!(apache.asked("TRACE", "/", "").unwrap().status, 405);
    for denied in configuration.lines().filter_map(|line| line.trim().strip_prefix("<Location \"")) {
        assert_eq!(apache.get(denied.trim_end_matches("\">"), "").status, 403, "{denied}");
    }

    let log = apache.daemon.log();
    assert!(log.contains("\"GET /.env HTTP/1.0\" 403"), "requests are not in the output: {log}");
    let status = apache.daemon.stop();
    assert!(status.success(), "{status}: {}", apache.daemon.log());
}

/// Why the chart mounts it.
#[test]
fn apache_does_not_start_without_its_volume() {
    let cases = cases();
    let Some(rendered) = cases.first() else { return };
    let Some(image) = image() else { return };
    let mut tree = tree(&image, rendered);
    tree.without_volume("/run/apache2");
    tree.seal();
    let mut daemon = start(&image, &tree);
    assert!(!daemon.end().success(), "it runs");
    assert!(daemon.log().contains("apache2.pid"), "{}", daemon.log());
}
