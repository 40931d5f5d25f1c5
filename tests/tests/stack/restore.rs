//! The monthly restore of `backup-check`, with real servers: it says so when a backup is good, and why when it is not.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::machine::{Image, Tree};
use crate::render::{Rendered, each, rendered};
use crate::workload::{Workload, list};

/// A backup, and what is said of it.
struct Backup {
    name: &'static str,
    content: Vec<u8>,
    hours: u64,
    said: &'static str,
}

/// Orders as a shop's dump has them, the newest this old.
fn dump(age: &str) -> String {
    format!(
        "CREATE TABLE ps_orders (id INT PRIMARY KEY, date_add DATETIME NOT NULL);\n\
         INSERT INTO ps_orders VALUES (1, '2026-01-01 12:00:00'), (2, NOW() - INTERVAL {age});\n"
    )
}

fn packed(text: &str) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(text.as_bytes()).unwrap();
    packer.finish().unwrap()
}

fn case() -> Option<&'static Rendered> {
    rendered().iter().find(|rendered| rendered.case.chart == "backup-check" && rendered.case.values.contains("default"))
}

#[test]
fn a_backup_is_restored_and_asked() {
    let Some(rendered) = case() else { return }; // without Helm, which is named
    let Some(image) = Image::of(&["usr/sbin/mariadbd", "usr/bin", "usr/share/mysql"]) else { return };
    let good = packed(&dump("1 HOUR"));
    let cut = good[..good.len() - 9].to_vec();
    let restored = "orders of the last two days: 1\nthe backup was restored and answers\n";
    let backups = [
        Backup { name: "shop.sql.gz", content: good.clone(), hours: 1, said: restored },
        Backup { name: "shop.sql", content: dump("1 HOUR").into_bytes(), hours: 25, said: restored },
        Backup { name: "shop.sql.gz", content: cut, hours: 1, said: "FAILED: the backup cannot be restored\n" },
        Backup {
            name: "shop.sql",
            content: dump("10 DAY").into_bytes(),
            hours: 1,
            said: "FAILED: orders of the last two days: 0, and not at least 1\n",
        },
        Backup {
            name: "shop.sql",
            content: b"-- Dump completed\n".to_vec(),
            hours: 1,
            said: "FAILED: 0 tables were restored, fewer than 1\n",
        },
        Backup {
            name: "shop.sql.gz",
            content: good,
            hours: 30,
            said: "FAILED: the newest backup is 30 hours old, more than 26\n",
        },
    ];
    each(&backups, |backup| check(&image, rendered, Some(backup), backup.said));
    check(&image, rendered, None, "FAILED: there is no backup below");
}

fn check(image: &Image, rendered: &Rendered, backup: Option<&Backup>, said: &str) {
    let workload = Workload::all(rendered).into_iter().find(|workload| workload.kind() == "CronJob").unwrap();
    let container = &workload.main_containers()[0];
    let tree = Tree::of(rendered, workload);
    let place = |path: &str| tree.path(path).display().to_string();
    let mut environment: BTreeMap<&str, String> = list(&container["env"])
        .iter()
        .map(|variable| (variable["name"].as_str().unwrap(), variable["value"].as_str().unwrap()))
        .map(|(name, value)| (name, if value.starts_with('/') { place(value) } else { value.to_owned() }))
        .collect();
    // Where the programs are; in the image they find themselves. The last one runs in the background, as itself.
    tree.write(
        "programs",
        &format!(
            "mariadb-install-db() {{ command mariadb-install-db \"$@\" --basedir={base}; }}\n\
             mariadbd() {{ exec {base}/sbin/mariadbd \"$@\" --basedir={base}; }}\n",
            base = image.path("usr").display()
        ),
    );
    environment.insert("BASH_ENV", place("programs"));
    environment.insert("TMPDIR", place("/tmp"));
    tree.write("/scratch/backup/.keep/empty", "");
    std::fs::remove_dir_all(tree.path("/scratch/backup/.keep")).unwrap();
    if let Some(backup) = backup {
        let path = format!("/scratch/backup/nightly/{}", backup.name);
        tree.write(&path, "");
        std::fs::write(tree.path(&path), &backup.content).unwrap();
        let written = SystemTime::now() - Duration::from_secs(backup.hours * 3600 + 60);
        File::options().write(true).open(tree.path(&path)).unwrap().set_modified(written).unwrap();
    }
    tree.seal();
    let command: Vec<_> = list(&container["command"]).iter().map(|word| word.as_str().unwrap()).collect();
    assert_eq!(command, ["bash", "/scripts/check.sh"]);
    let mut check = tree.start(image, "/bin/bash", &[place(command[1])], &environment);
    let good = check.end().success();
    let log = check.log();
    assert_eq!(good, said.contains("answers"), "{log}");
    assert!(log.contains(said), "not said: {said}\n{log}");
}
