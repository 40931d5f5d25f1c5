//! Two MariaDB servers with the chart's arguments and settings: a primary, and a replica that follows it. The probes' command
//! is asked along the way.
//!
//! The image's entrypoint is not here. What it does on an empty volume with the chart's variables is done by hand.

use std::collections::BTreeMap;
use std::process::{Child, Command, Output, Stdio};

use crate::machine::{Daemon, Image, Patience, Tree, on_free_port};
use crate::render::{Rendered, rendered};
use crate::workload::{Workload, list};

const DATA: &str = "/var/lib/mysql";
const SOCKET: &str = "/run/mysqld/mysqld.sock";
const CONFIGURATION: &str = "/etc/mysql/my.cnf";
pub const PASSWORD: &str = "example of a password";
/// Not only letters, so that what arrives has the right characters.
const ROW: &str = "Größe 🛒";

/// One pod of a StatefulSet.
pub struct Server<'image> {
    image: &'image Image,
    tree: Tree,
    arguments: Vec<String>,
    variables: BTreeMap<String, String>,
    probe: Vec<String>,
    running: Option<(Daemon, u16)>,
}

fn replication() -> Option<&'static Rendered> {
    rendered().iter().find(|rendered| rendered.case.chart == "mariadb" && rendered.case.values.contains("replication"))
}

impl<'image> Server<'image> {
    /// With an empty volume that was made ready for the server.
    fn new(image: &'image Image, component: &str) -> Self {
        let rendered = replication().unwrap();
        let workloads = Workload::all(rendered);
        let workload =
            workloads.into_iter().find(|workload| workload.name().ends_with(&format!("-{component}"))).unwrap();
        let container = &workload.main_containers()[0];
        let texts = |key: &str, value: &serde_json::Value| -> Vec<String> {
            list(&value[key]).iter().map(|text| text.as_str().unwrap().to_owned()).collect()
        };
        let arguments = texts("args", container);
        assert_eq!(arguments[0], "mariadbd");
        let variables = list(&container["env"])
            .iter()
            .filter_map(|variable| {
                Some((variable["name"].as_str()?.to_owned(), variable["value"].as_str()?.to_owned()))
            })
            .collect();
        let mut server = Self {
            image,
            tree: Tree::of(rendered, workload),
            // the first pod's
            arguments: arguments[1..].iter().map(|argument| argument.replace("$(POD_INDEX)", "0")).collect(),
            variables,
            probe: texts("command", &container["readinessProbe"]["exec"]),
            running: None,
        };
        server.prepare();
        server
    }

    fn prepare(&mut self) {
        let place = |path: &str| self.tree.path(path).display().to_string();
        self.tree.write(
            CONFIGURATION,
            &format!(
                "[mariadbd]\nbasedir={}\ndatadir={}\nsocket={}\npid-file={}\nbind-address=127.0.0.1\n!includedir {}\n",
                self.image.path("usr").display(),
                place(DATA),
                place(SOCKET),
                place("/run/mysqld/mariadbd.pid"),
                place("/etc/mysql/mariadb.conf.d"),
            ),
        );
        let script = self.probe[1].clone();
        let probe = self.tree.read(&script).replace(DATA, &place(DATA));
        self.tree.write(&script, &probe);
        // As the image makes it with the user of the probes.
        let socket = place(SOCKET);
        self.tree.write(
            &format!("{DATA}/.my-healthcheck.cnf"),
            &format!("[mariadb-client]\nsocket={socket}\nuser=healthcheck\npassword={PASSWORD}\nprotocol=tcp\n"),
        );
        self.tree.seal();
        let installed = self
            .tree
            .command(self.image, "mariadb-install-db", &BTreeMap::new())
            .arg(format!("--defaults-file={}", place(CONFIGURATION)))
            .arg(format!("--basedir={}", self.image.path("usr").display()))
            .arg(format!("--datadir={}", place(DATA)))
            .args(["--rpm", "--auth-root-authentication-method=normal", "--skip-test-db"])
            .args(&self.arguments)
            .arg("--skip-log-bin")
            .output()
            .unwrap();
        assert!(installed.status.success(), "{}", text(&installed));
    }

    /// Starts it on a port that stands for 3306, and waits until it takes connections.
    fn start(&mut self) {
        let started = on_free_port(|port| {
            let mut arguments = vec![format!("--defaults-file={}", self.tree.path(CONFIGURATION).display())];
            arguments.push(format!("--port={port}"));
            arguments.extend(self.arguments.iter().cloned());
            let mut daemon = self.tree.start(self.image, "usr/sbin/mariadbd", &arguments, &BTreeMap::new());
            let patience = Patience::new();
            loop {
                if daemon.ended().is_some() {
                    assert!(daemon.log().contains("Address already in use"), "{}", daemon.log());
                    return None;
                }
                // once it says so, its port is its own
                if daemon.log().contains("ready for connections") {
                    return Some((daemon, port));
                }
                patience.look_again("it is ready for connections", &daemon);
            }
        });
        self.running = Some(started);
    }

    pub fn stop(&mut self) {
        let (mut daemon, _) = self.running.take().unwrap();
        let status = daemon.stop();
        assert!(status.success(), "{status}: {}", daemon.log());
    }

    pub fn port(&self) -> u16 {
        self.running.as_ref().unwrap().1
    }

    /// What the chart's values say of this.
    fn variable(&self, name: &str) -> &str {
        self.variables.get(name).unwrap_or_else(|| panic!("there is no {name}"))
    }

    fn client(&self, user: &str, password: &str) -> Command {
        let mut client =
            self.tree.command(self.image, "mariadb", &BTreeMap::from([("MYSQL_PWD", password.to_owned())]));
        client
            .args([
                "--no-defaults",
                "--protocol=socket",
                "--batch",
                "--skip-column-names",
                "--default-character-set=utf8mb4",
            ])
            .arg(format!("--socket={}", self.tree.path(SOCKET).display()))
            .arg(format!("--user={user}"));
        client
    }

    fn run(&self, user: &str, statement: &str) -> Output {
        self.client(user, PASSWORD).arg(format!("--execute={statement}")).output().unwrap()
    }

    #[track_caller]
    pub fn ask(&self, user: &str, statement: &str) -> String {
        let output = self.run(user, statement);
        assert!(output.status.success(), "{statement}: {}", text(&output));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// Users that the image makes on every server, and that are not passed on. Until then root has no password.
    fn secure(&self, grants: &str) {
        let statements = format!(
            "SET sql_log_bin = 0; CREATE USER healthcheck@localhost IDENTIFIED BY '{PASSWORD}'; \
             GRANT {grants} ON *.* TO healthcheck@localhost; SET PASSWORD FOR root@localhost = PASSWORD('{PASSWORD}')"
        );
        let output = self.client("root", "").arg(format!("--execute={statements}")).output().unwrap();
        assert!(output.status.success(), "{}", text(&output));
    }

    /// Whether the probe's command succeeds.
    fn ready(&self) -> bool {
        let mut command = self.tree.command(self.image, &self.probe[0], &BTreeMap::new());
        command.arg(self.tree.path(&self.probe[1])).args(&self.probe[2..]);
        command.output().unwrap().status.success()
    }

    #[track_caller]
    fn until(&self, what: &str, question: impl Fn(&Self) -> bool) {
        let (daemon, _) = self.running.as_ref().unwrap();
        let patience = Patience::new();
        while !question(self) {
            patience.look_again(what, daemon);
        }
    }
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_row_written_on_the_primary_arrives_on_the_replica() {
    if replication().is_none() {
        return; // without Helm, which is named
    }
    let Some(image) = Image::of(&["usr/sbin/mariadbd", "usr/bin", "usr/share/mysql"]) else { return };
    let primary = primary(&image);
    let mut replica = replica(&image, &primary);

    // A row arrives with its characters, and a user with the rights to write cannot do it there.
    primary.ask("shop", &format!("INSERT INTO shop.orders VALUES (1, '{ROW}')"));
    replica.until("the row arrives", |replica| replica.has(1));
    assert_eq!(replica.ask("shop", "SELECT name FROM shop.orders"), ROW);
    let refused = replica.run("shop", "INSERT INTO shop.orders VALUES (2, '')");
    assert!(!refused.status.success() && text(&refused).contains("--read-only"), "{}", text(&refused));
    replica.until("it is ready", Server::ready);

    // Not ready is who does not apply, does not read, or is late.
    for thread in ["SQL_THREAD", "IO_THREAD"] {
        replica.ask("root", &format!("STOP REPLICA {thread}"));
        assert!(!replica.ready(), "ready without its {thread}");
        replica.ask("root", &format!("START REPLICA {thread}"));
        replica.until("it follows again", Server::ready);
    }
    let mut reader = replica.hold("shop.orders");
    primary
        .ask("shop", &format!("SET timestamp = UNIX_TIMESTAMP() - 3600; INSERT INTO shop.orders VALUES (3, '{ROW}')"));
    replica.until("it is an hour late", |replica| !replica.ready());
    assert!(!replica.has(3));
    replica.ask("root", &format!("KILL {}", replica.reader().unwrap()));
    assert!(!reader.wait().unwrap().success());
    replica.until("it caught up", |replica| replica.has(3) && replica.ready());

    // After its own restart it follows from where it was.
    replica.stop();
    assert!(!replica.ready(), "ready when it is stopped");
    primary.ask("shop", "INSERT INTO shop.orders VALUES (4, '')");
    replica.start();
    replica.until("what it missed arrives", |replica| replica.has(4) && replica.ready());
    assert_eq!(replica.ask("root", "SELECT COUNT(*) FROM shop.orders"), "3");

    // Without a primary it is not ready. There is no failover.
    let mut primary = primary;
    primary.stop();
    replica.until("it lost its primary", |replica| !replica.ready());
    assert_eq!(replica.ask("shop", "SELECT COUNT(*) FROM shop.orders"), "3");
    replica.stop();
}

pub fn primary(image: &Image) -> Server<'_> {
    let mut primary = Server::new(image, "primary");
    assert!(!primary.ready(), "ready before it runs");
    primary.start();
    assert!(!primary.ready(), "ready before it has users");
    primary.secure("USAGE");
    assert!(primary.ready());
    let (replicator, database, user) = ("MARIADB_REPLICATION_USER", "MARIADB_DATABASE", "MARIADB_USER");
    let [replicator, database, user] = [replicator, database, user].map(|name| primary.variable(name));
    primary.ask(
        "root",
        &format!(
            "CREATE DATABASE {database}; CREATE USER {user}@'%' IDENTIFIED BY '{PASSWORD}'; \
             GRANT ALL ON {database}.* TO {user}@'%'; CREATE USER {replicator}@'%' IDENTIFIED BY '{PASSWORD}'; \
             GRANT REPLICATION REPLICA ON *.* TO {replicator}@'%'; \
             CREATE TABLE {database}.orders (id INT PRIMARY KEY, name VARCHAR(20))"
        ),
    );
    let settings = "SELECT @@server_id, @@innodb_flush_log_at_trx_commit, @@sync_binlog, @@binlog_format, @@gtid_strict_mode, \
        @@character_set_database, @@read_only";
    assert_eq!(primary.ask("root", settings), "10\t1\t1\tROW\t1\tutf8mb4\t0");
    primary
}

/// A replica that follows the primary from its first change, as the image tells it.
fn replica<'image>(image: &'image Image, primary: &Server<'_>) -> Server<'image> {
    let mut replica = Server::new(image, "secondary");
    replica.start();
    replica.secure(replica.variable("MARIADB_HEALTHCHECK_GRANTS"));
    assert!(!replica.ready(), "ready although it follows nobody");
    assert_eq!(replica.ask("root", "SELECT @@server_id, @@read_only"), "100\t1");
    let (user, port) = (replica.variable("MARIADB_REPLICATION_USER"), primary.port());
    replica.ask(
        "root",
        &format!(
            "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {port}, MASTER_USER = '{user}', \
             MASTER_PASSWORD = '{PASSWORD}', MASTER_CONNECT_RETRY = 1; START REPLICA"
        ),
    );
    replica.until("it follows", Server::ready);
    replica
}

impl Server<'_> {
    /// Whether a row is there; until the table has arrived it is not.
    fn has(&self, row: u32) -> bool {
        let output = self.run("root", &format!("SELECT COUNT(*) FROM shop.orders WHERE id = {row}"));
        output.status.success() && output.stdout == b"1\n"
    }

    /// Somebody who reads a table for long, so that nothing is written to it.
    fn hold(&self, table: &str) -> Child {
        let reader = self
            .client("root", PASSWORD)
            .arg(format!("--execute=LOCK TABLES {table} READ; DO SLEEP(3600)"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.until("the table is held", |server| server.reader().is_some());
        reader
    }

    /// The number of that connection.
    fn reader(&self) -> Option<String> {
        let id = self.ask("root", "SELECT id FROM information_schema.PROCESSLIST WHERE info = 'DO SLEEP(3600)'");
        (!id.is_empty()).then_some(id)
    }
}
