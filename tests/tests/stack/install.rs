//! The jobs that install shops and the pods of `helm test`, which ask a real database: what they do when it answers, and when
//! it does not. The shops' own installers are not here; a word in the output stands for their run.

use std::collections::BTreeMap;
use std::fs;

use acceptance::skipped;
use serde_json::Value;

use crate::machine::{Daemon, Image, Tree};
use crate::mariadb::{self, PASSWORD, Server};
use crate::render::{Rendered, rendered};
use crate::workload::{Workload, list};

/// Said in place of an installer's run.
const INSTALLER: &str = "INSTALLER";
/// A port of the loopback device that nothing listens on: that of a service that nobody has.
const NOBODY: u16 = 1;
/// Programs that are asked to change files of an image that is not here.
const ABSENT: &[&str] = &["cd", "cp", "find", "mv", "rm", "touch"];

/// The command of a container, run with PHP and the client of a database.
struct Job<'a> {
    image: &'a Image,
    tree: Tree,
    command: Vec<String>,
    environment: BTreeMap<&'a str, String>,
}

impl<'a> Job<'a> {
    fn of(image: &'a Image, rendered: &'a Rendered, workload: Workload<'a>) -> Self {
        let container = &workload.main_containers()[0];
        let tree = Tree::of(rendered, workload);
        let secrets = tree.path("/run/secrets").display().to_string();
        let place = |value: &Value| value.as_str().unwrap_or_default().replace("/run/secrets", &secrets);
        let command = list(&container["command"]).iter().map(place).collect();
        let mut environment: BTreeMap<_, _> = list(&container["env"])
            .iter()
            .map(|variable| (variable["name"].as_str().unwrap(), place(&variable["value"])))
            .collect();
        let absent: String = ABSENT.iter().map(|name| format!("{name}() {{ :; }}\n")).collect();
        let php = php(image).join(" ");
        // `php -r` is real, and everything else of PHP an installer.
        tree.write(
            "programs",
            &format!("{absent}php() {{ if [ \"$1\" = -r ]; then {php} \"$@\"; else echo {INSTALLER}; fi; }}\n"),
        );
        environment.insert("BASH_ENV", tree.path("programs").display().to_string());
        let secrets = workload.volumes().iter().flat_map(|volume| list(&volume["projected"]["sources"]));
        for item in secrets.flat_map(|source| list(&source["secret"]["items"])) {
            let path = item["path"].as_str().unwrap();
            tree.write(&format!("/run/secrets/application/{path}"), &format!("{PASSWORD}\n"));
        }
        Self { image, tree, command, environment }
    }

    fn set(&mut self, name: &'static str, value: impl ToString) {
        self.environment.insert(name, value.to_string());
    }

    /// Whether it succeeded, and what it wrote.
    fn run(&self) -> (bool, String) {
        self.tree.seal();
        let mut words = self.command.clone();
        if words[0] == "php" {
            words.splice(..1, php(self.image));
        } else {
            words[0] = "/bin/bash".to_owned();
        }
        let mut daemon: Daemon = self.tree.start(self.image, &words[0], &words[1..], &self.environment);
        let good = daemon.end().success();
        (good, daemon.log())
    }
}

/// PHP with what speaks to a database, as words of a command.
fn php(image: &Image) -> Vec<String> {
    let names = |folder: &str| -> Vec<String> {
        fs::read_dir(image.path(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    let program = names("usr/bin")
        .into_iter()
        .find(|name| name.starts_with("php") && name.ends_with(|c: char| c.is_ascii_digit()));
    let extensions = names("usr/lib/php").into_iter().find(|name| name.starts_with("20")).unwrap();
    let mut words = vec![image.path(&format!("usr/bin/{}", program.unwrap())).display().to_string(), "-n".to_owned()];
    words.extend([
        "-d".to_owned(),
        format!("extension_dir={}", image.path(&format!("usr/lib/php/{extensions}")).display()),
    ]);
    for extension in ["mysqlnd", "pdo", "pdo_mysql"] {
        words.extend(["-d".to_owned(), format!("extension={extension}")]);
    }
    words
}

/// The first case of a chart that has such an object.
fn find(chart: &str, kind: &str, name: &str) -> (&'static Rendered, Workload<'static>) {
    let mut cases = rendered().iter().filter(|rendered| rendered.case.chart == chart);
    let found = cases.find_map(|rendered| {
        let workload = Workload::all(rendered)
            .into_iter()
            .find(|workload| workload.kind() == kind && workload.name().ends_with(name));
        Some((rendered, workload?))
    });
    found.unwrap_or_else(|| panic!("{chart} has no {kind} {name}"))
}

#[test]
fn jobs_and_tests_ask_the_database() {
    if rendered().is_empty() {
        return; // without Helm, which is named
    }
    let Some(image) = Image::of(&["usr/sbin/mariadbd", "usr/bin", "usr/share/mysql"]) else { return };
    if !image.path("usr/lib/php").is_dir() {
        return skipped("PHP is the system's own here, and not among the packages");
    }
    let mut server = mariadb::primary(&image);
    for chart in ["joomla", "opencart", "prestashop"] {
        installs_once(&image, chart, &server);
    }
    signs_in(&image, &server);
    server.stop();
    for chart in ["joomla", "opencart", "prestashop"] {
        let (good, log) = job(&image, chart, NOBODY).run();
        assert!(!good && log.contains("the database does not answer") && !log.contains(INSTALLER), "{chart}: {log}");
    }
}

/// A job of a chart that asks this database.
fn job<'a>(image: &'a Image, chart: &str, port: u16) -> Job<'a> {
    let (rendered, workload) = find(chart, "Job", "-install");
    let mut job = Job::of(image, rendered, workload);
    job.set("DATABASE_HOST", "127.0.0.1");
    job.set("DATABASE_PORT", port);
    job.set("DATABASE_USER", "shop");
    job.set("DATABASE_NAME", "shop");
    job
}

/// Into an empty database, and not into one that has its table.
fn installs_once(image: &Image, chart: &str, server: &Server<'_>) {
    let job = job(image, chart, server.port());
    let table = &job.environment["TABLE"];
    let (_, log) = job.run();
    assert!(log.contains(INSTALLER), "{chart}: {log}");
    server.ask("root", &format!("CREATE TABLE shop.{table} (id INT PRIMARY KEY)"));
    let (good, log) = job.run();
    assert!(!log.contains(INSTALLER), "{chart}: {log}");
    // A shop whose volume is lost is nobody's to install.
    assert_eq!(good, chart != "prestashop", "{chart}: {log}");
    server.ask("root", &format!("DROP TABLE shop.{table}"));
}

/// The pod of `helm test` of MariaDB.
fn signs_in(image: &Image, server: &Server<'_>) {
    let (rendered, workload) = find("mariadb", "Pod", "-test");
    let mut job = Job::of(image, rendered, workload);
    job.set("HOST", "127.0.0.1");
    job.set("MYSQL_TCP_PORT", server.port());
    job.set("USERNAME", "shop");
    job.set("DATABASE", "shop");
    let secret = "/run/secrets/mariadb/mariadb-password";
    job.tree.write(secret, &format!("{PASSWORD}\n"));
    let (good, log) = job.run();
    assert!(good && log.contains("MariaDB"), "{log}");
    let (rendered, workload) = find("mariadb", "Pod", "-test");
    let mut stranger = Job::of(image, rendered, workload);
    stranger.environment.clone_from(&job.environment);
    stranger.tree.write(secret, "another\n");
    let (good, log) = stranger.run();
    assert!(!good && log.contains("Access denied"), "{log}");
}
