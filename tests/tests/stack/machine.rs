//! A pod's container on this machine: programs of Debian's packages, the files that the chart mounts, and a user without rights.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use acceptance::skipped;
use rustix::process::{Pid, Signal, geteuid, kill_process_group};
use serde_json::Value;
use storage_s3::gateway::tools;
use tempfile::TempDir;

use crate::render::Rendered;
use crate::workload::{Workload, list};

/// What does not happen by then is taken to hang. It takes a second; build machines are slow and busy.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Ports that are tried: one that is free now may be another's a moment later.
const PORTS: usize = 20;
/// Runs a program and asks it to end when the standard input is closed: by us, or by our end. A program may ask its whole
/// process group, to which the shell belongs, so that all of it can be ended.
const SCRIPT: &str = r#"
exec 3<&0
trap : TERM
"$@" 3<&- </dev/null &
program=$!
(cat <&3 >/dev/null; kill -TERM $program) 2>/dev/null &
watcher=$!
exec 3<&-
while :; do
  wait $program
  status=$?
  kill -0 $program 2>/dev/null || break
done
kill $watcher 2>/dev/null
exit $status
"#;

/// Programs with their libraries, where everybody can read them: the tools may lie in somebody's home.
pub struct Image(TempDir);

impl Image {
    /// A copy of these files and folders of the packages. None if there are no packages: the test that asks is named as skipped.
    pub fn of(paths: &[&str]) -> Option<Self> {
        let packages = tools().join("debian");
        if !packages.join("origin").is_file() {
            skipped("there are no Debian packages; `cargo xtask tools` fetches them, where there is apt");
            return None;
        }
        let folder = temporary("image-");
        for path in ["lib", "usr/lib"].iter().chain(paths) {
            // what the system has installed was not fetched
            let source = [packages.join(path), Path::new("/").join(path)].into_iter().find(|source| source.exists());
            let source = source.unwrap_or_else(|| panic!("the packages have no {path}"));
            if path.ends_with("lib") && !source.starts_with(&packages) {
                continue; // the system's own libraries are found anyway
            }
            copy(&source, &folder.path().join(path));
        }
        Some(Self(folder))
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Folders of libraries, as the linker takes them.
    pub fn libraries(&self) -> String {
        let mut folders = Vec::new();
        for parent in ["lib", "usr/lib"] {
            for entry in fs::read_dir(self.path(parent)).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.to_str().unwrap().contains("-linux-gnu") {
                    folders.push(path.display().to_string());
                }
            }
        }
        folders.join(":")
    }
}

/// A temporary folder that everybody can reach, unlike the one of tests may be.
fn temporary(prefix: &str) -> TempDir {
    let reachable = |folder: &PathBuf| {
        let open = |path: &Path| fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o001 != 0);
        folder.is_absolute() && folder.ancestors().all(open)
    };
    let places = [std::env::temp_dir(), PathBuf::from("/tmp"), PathBuf::from("/var/tmp")];
    let place = places.into_iter().find(reachable).expect("there is a folder for everybody's temporary files");
    let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(place).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

/// By a process of its own: a program that this one has open for writing, it or a child that is just being made, cannot be run.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    let copied = Command::new("cp").args(["-R", "-P", "-p"]).arg(from).arg(to).stdin(Stdio::null()).status();
    assert!(copied.is_ok_and(|status| status.success()), "cannot copy {}", from.display());
}

/// The files of a container below a folder. Only what the chart mounts as empty volumes or claims can be written.
pub struct Tree {
    folder: TempDir,
    user: u32,
    writable: BTreeSet<String>,
}

impl Tree {
    /// What is mounted into the first container of this workload. Of ConfigMaps the files are there, of Secrets only the place.
    pub fn of(rendered: &Rendered, workload: Workload<'_>) -> Self {
        let container = &workload.main_containers()[0];
        let user = u32::try_from(container["securityContext"]["runAsUser"].as_u64().unwrap()).unwrap();
        let folder = temporary("pod-");
        let mut tree = Self { folder, user, writable: BTreeSet::new() };
        let mut mounts: Vec<_> = list(&container["volumeMounts"]).iter().collect();
        mounts.sort_by_key(|mount| mount["mountPath"].as_str().unwrap());
        for mount in mounts {
            let place = mount["mountPath"].as_str().unwrap();
            let volume = workload.volumes().iter().find(|volume| volume["name"] == mount["name"]);
            let configuration = volume.and_then(|volume| volume["configMap"]["name"].as_str());
            if let Some(name) = configuration {
                let map = rendered
                    .objects
                    .iter()
                    .find(|object| object["kind"] == "ConfigMap" && object["metadata"]["name"] == name);
                let data = &map.unwrap()["data"];
                match mount["subPath"].as_str() {
                    Some(key) => tree.write(place, data[key].as_str().unwrap()),
                    None => {
                        for (key, text) in data.as_object().unwrap() {
                            tree.write(&format!("{place}/{key}"), text.as_str().unwrap());
                        }
                    }
                }
            } else {
                fs::create_dir_all(tree.path(place)).unwrap();
                // a volume of a StatefulSet is none of the pod's
                let kept = |volume: &Value| {
                    ["emptyDir", "ephemeral", "persistentVolumeClaim"].iter().any(|kind| !volume[*kind].is_null())
                };
                if mount["readOnly"] != true && volume.is_none_or(kept) {
                    tree.writable.insert(place.to_owned());
                }
            }
        }
        tree
    }

    pub fn path(&self, inside: &str) -> PathBuf {
        self.folder.path().join(inside.trim_start_matches('/'))
    }

    pub fn read(&self, inside: &str) -> String {
        fs::read_to_string(self.path(inside)).unwrap_or_else(|error| panic!("{inside}: {error}"))
    }

    pub fn write(&self, inside: &str, text: &str) {
        let path = self.path(inside);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Mounted places that the container can write to.
    pub fn writable(&self) -> &BTreeSet<String> {
        &self.writable
    }

    /// Takes a place's volume away.
    pub fn without_volume(&mut self, place: &str) {
        assert!(self.writable.remove(place), "{place} is no volume");
    }

    /// Whom the container runs as: a user without rights, or whoever runs the tests.
    pub fn user(&self) -> u32 {
        if geteuid().is_root() { self.user } else { geteuid().as_raw() }
    }

    /// Gives everything the rights that it has in the container.
    pub fn seal(&self) {
        self.seal_below(self.folder.path(), false);
    }

    fn seal_below(&self, path: &Path, within_volume: bool) {
        let inside = format!("/{}", path.strip_prefix(self.folder.path()).unwrap().display());
        let volume = within_volume || self.writable.contains(&inside);
        let kind = fs::symlink_metadata(path).unwrap().file_type();
        if kind.is_symlink() {
            return;
        }
        if kind.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                self.seal_below(&entry.unwrap().path(), volume);
            }
        }
        if volume && geteuid().is_root() {
            chown(path, Some(self.user), Some(self.user)).unwrap();
        }
        let mode = if volume { 0o755 } else { 0o555 };
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    /// A command as the container's user, with the image's programs first, these variables and nothing else.
    pub fn command(&self, image: &Image, program: &str, environment: &BTreeMap<&str, String>) -> Command {
        let mut command = Command::new(program);
        self.confine(&mut command, image, environment);
        command
    }

    fn confine(&self, command: &mut Command, image: &Image, environment: &BTreeMap<&str, String>) {
        command
            .current_dir("/")
            .env_clear()
            .env("PATH", format!("{}:/usr/bin:/bin", image.path("usr/bin").display()))
            .env("LD_LIBRARY_PATH", image.libraries())
            .envs(environment)
            .stdin(Stdio::null());
        if geteuid().is_root() {
            command.uid(self.user).gid(self.user);
        }
    }

    /// Starts a program of the image, or of the system by its path, until it is ended. What it writes is in a file that it owns, as a container's output is its own.
    pub fn start(
        &self,
        image: &Image,
        program: &str,
        arguments: &[String],
        environment: &BTreeMap<&str, String>,
    ) -> Daemon {
        let log = tempfile::NamedTempFile::new().unwrap();
        if geteuid().is_root() {
            chown(log.path(), Some(self.user), Some(self.user)).unwrap();
        }
        let output = || File::options().append(true).open(log.path()).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "sh"]).arg(image.path(program)).args(arguments);
        self.confine(&mut command, image, environment);
        let child = command.process_group(0).stdin(Stdio::piped()).stdout(output()).stderr(output()).spawn().unwrap();
        Daemon { child, log, ended: None }
    }
}

impl Drop for Tree {
    /// Folders that cannot be written cannot be emptied.
    fn drop(&mut self) {
        fn open(path: &Path) {
            if fs::symlink_metadata(path).is_ok_and(|data| data.is_dir()) {
                fs::set_permissions(path, fs::Permissions::from_mode(0o755)).ok();
                fs::read_dir(path).into_iter().flatten().flatten().for_each(|entry| open(&entry.path()));
            }
        }
        open(self.folder.path());
    }
}

/// A running program, ended with the value or with this process.
pub struct Daemon {
    child: Child,
    log: tempfile::NamedTempFile,
    ended: Option<ExitStatus>,
}

impl Daemon {
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.log.path()).unwrap()).into_owned()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.ended.is_none() {
            self.ended = self.child.try_wait().unwrap();
        }
        self.ended
    }

    /// Waits for its end.
    pub fn end(&mut self) -> ExitStatus {
        let patience = Patience::new();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            patience.look_again("it ends", self);
        }
    }

    /// Asks it to end, as Kubernetes does, and waits.
    pub fn stop(&mut self) -> ExitStatus {
        drop(self.child.stdin.take());
        self.end()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let begun = Instant::now();
        while self.child.try_wait().is_ok_and(|status| status.is_none()) {
            if begun.elapsed() > PATIENCE {
                if let Some(group) = Pid::from_raw(self.child.id().cast_signed()) {
                    kill_process_group(group, Signal::KILL).ok();
                }
                self.child.wait().ok();
                return;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}

/// How long something is waited for.
pub struct Patience(Instant);

impl Patience {
    pub fn new() -> Self {
        Self(Instant::now())
    }

    /// Lets a moment pass; fails with the program's output when there were too many.
    #[track_caller]
    pub fn look_again(&self, what: &str, daemon: &Daemon) {
        assert!(self.0.elapsed() < PATIENCE, "waited too long until {what}:\n{}", daemon.log());
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Starts something on a port that is free; `None` from it says that the port was another's.
pub fn on_free_port<T>(start: impl Fn(u16) -> Option<T>) -> T {
    for _ in 0..PORTS {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        if let Some(started) = start(port) {
            return started;
        }
    }
    panic!("no port is free for long enough");
}
