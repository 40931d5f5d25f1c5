//! The operator's commands, beside a running server.

mod backup;
mod bucket;
mod collect;
mod doctor;
mod restore;
mod scrub;
mod stack;
mod upgrade_storage;

use std::path::Path;
use std::process::Output;

use acceptance::Server;
use serde_json::Value;

/// What a command printed, and how it ended.
#[derive(Debug)]
struct Operated {
    code: i32,
    out: String,
    err: String,
}

impl Operated {
    fn new(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(output.stdout), text(output.stderr));
        Self { code: output.status.code().unwrap_or_else(|| panic!("ended by a signal:\n{err}")), out, err }
    }

    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Runs a command on the storage of a server, which goes on serving.
async fn operate(server: &Server, arguments: &[&str]) -> Operated {
    operate_on(server, server.settings().storage(), arguments).await
}

/// Runs a command on another storage, in a server's folder and environment.
async fn operate_on(server: &Server, storage: &Path, arguments: &[&str]) -> Operated {
    let mut command = server.settings().bare_command();
    command.args(arguments).arg(format!("--storage-local-rootdir={}", storage.display()));
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    Operated::new(output.expect("the binary can be started"))
}
