use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::{Launch, Log, Papers, diagnosis};

/// Beyond this a server is taken to hang. Starts take milliseconds; build machines are slow and busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at something that gives no sign of its own.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A client that waits no longer than any test does. For HTTPS it believes one authority and may show papers.
pub fn client(tls: Option<(&str, Option<&Papers>)>) -> reqwest::ClientBuilder {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE);
    let Some((authority, papers)) = tls else { return client };
    let authority = reqwest::Certificate::from_pem(authority.as_bytes()).expect("it is PEM");
    let client = client.tls_certs_only([authority]);
    match papers {
        None => client,
        Some(Papers { certificate, key }) => {
            let identity = reqwest::Identity::from_pem(format!("{certificate}{key}").as_bytes());
            client.identity(identity.expect("the papers are PEM"))
        }
    }
}

/// A running server, ended with the value. Its folder survives restarts.
#[derive(Debug)]
pub struct Server {
    launch: Launch,
    process: Option<Child>,
    address: SocketAddr,
    pub(crate) client: reqwest::Client,
    /// The credentials of every request.
    pub(crate) authorization: Option<String>,
    log: Log,
}

impl Server {
    /// With default settings.
    pub async fn start() -> Self {
        Launch::default().start().await
    }

    /// With these arguments.
    pub async fn with(arguments: &[&str]) -> Self {
        arguments.iter().fold(Launch::default(), Launch::with).start().await
    }

    pub(crate) fn new(launch: Launch) -> Self {
        let tls = launch.tls.as_ref();
        let client = client(tls.map(|(authority, papers)| (&**authority, papers.as_ref())));
        let client = client.build().expect("a client can be made of these papers");
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { launch, process: None, address, client, authorization: None, log: Log::default() }
    }

    /// Starts the process, learns its address from its log, and waits until it says that it is ready.
    pub async fn run(&mut self) {
        self.run_until_listening().await;
        self.until("it is ready", async |server| {
            let probe = server.request(Method::GET, "/-/ready").send().await;
            probe.is_ok_and(|answer| answer.status() == 200).then_some(())
        })
        .await;
    }

    /// Like [`Server::run`], but for as long as it takes, and a server that gives up at its start is no failure: false says
    /// that it did.
    pub async fn run_unless_it_gives_up(&mut self) -> bool {
        let listening = self.launch_process();
        tokio::select! {
            address = listening => self.address = address,
            () = self.ended() => return self.gave_up(),
        }
        let ready = self.request(Method::GET, "/-/ready");
        let is_ready = async {
            while !ready.try_clone().expect("it has no body").send().await.is_ok_and(|answer| answer.status() == 200) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        tokio::select! {
            () = is_ready => true,
            () = self.ended() => self.gave_up(),
        }
    }

    fn gave_up(&mut self) -> bool {
        self.process = None;
        false
    }

    /// Starts the process and learns its address from its log.
    pub async fn run_until_listening(&mut self) {
        let listening = self.launch_process();
        tokio::select! {
            address = listening => self.address = address,
            () = self.ended() => panic!("the server ended at its start:\n{}", self.log.text()),
            () = tokio::time::sleep(PATIENCE) => panic!("the server names no address:\n{}", self.log.text()),
        }
    }

    /// Starts the process. Resolves when its log names its address.
    fn launch_process(&mut self) -> impl Future<Output = SocketAddr> + use<> {
        assert!(self.process.is_none(), "the server runs already");
        let mark = self.log.mark();
        let mut process =
            self.launch.command().stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the server is built");
        self.log.collect(process.stderr.take().expect("it was asked for"));
        self.process = Some(process);
        let log = self.log.clone();
        async move { log.find(mark, listening_address).await }
    }

    /// Whether the process has not ended by itself.
    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.try_wait().expect("it is our child").is_none())
    }

    /// Resolves when the process has ended by itself.
    async fn ended(&mut self) {
        while let Some(process) = &mut self.process {
            if process.try_wait().expect("it is our child").is_some() {
                return;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Asks again and again until there is an answer; fails with the log when it takes too long.
    pub async fn until<T>(&self, what: &str, mut question: impl AsyncFnMut(&Self) -> Option<T>) -> T {
        let asked = async {
            loop {
                if let Some(answer) = question(self).await {
                    return answer;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(answer) => answer,
            Err(_) => panic!("waited too long until {what}:\n{}", self.diagnosis()),
        }
    }

    /// Ends the process at once, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it is our child");
            process.wait().expect("it is our child");
        }
    }

    /// Ends the process at once while requests on it are under way; [`Server::kill`] or a restart must follow.
    pub fn kill_while_used(&self) {
        self.signal(Signal::KILL);
    }

    /// Asks the process to read its files again (SIGHUP).
    pub fn hang_up(&self) {
        self.signal(Signal::HUP);
    }

    /// Asks the process to end (SIGTERM).
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Stops the process where it is (SIGSTOP), until [`Server::resume`].
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets the process go on (SIGCONT).
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let process = self.process.as_ref().expect("the server runs");
        kill_process(Pid::from_child(process), signal).expect("it is our child, and nobody has waited for it");
    }

    /// Runs a shell command that sees the disks that the server sees: for [`Launch::on_disk_of`].
    pub fn in_its_mounts(&self, command: &str) {
        let process = self.process.as_ref().expect("the server runs");
        let output = Command::new("nsenter")
            .args(["--mount", "--target", &process.id().to_string(), "sh", "-c", command])
            .output()
            .expect("nsenter comes with unshare");
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Waits until the process has ended by itself.
    pub async fn exit(&mut self) -> ExitStatus {
        tokio::time::timeout(PATIENCE, self.ended()).await.unwrap_or_else(|_| panic!("{}", self.log.text()));
        let mut process = self.process.take().expect("the server runs");
        process.wait().expect("it is our child")
    }

    /// Kills and starts again on the same folder; the port is another one.
    pub async fn restart(&mut self) {
        self.kill();
        self.run().await;
    }

    /// Kills and starts again with other settings on the same folder.
    pub async fn restart_with(&mut self, arguments: &[&str]) {
        self.kill();
        self.launch.settings = arguments.iter().map(Into::into).collect();
        self.run().await;
    }

    /// What can be told of a server that does not answer: its log, its threads, its connections.
    pub(crate) fn diagnosis(&self) -> String {
        let process = self.process.as_ref().map(|process| diagnosis::of_process(process.id(), self.address.port()));
        format!("{}\n{}", self.log.text(), process.unwrap_or_default())
    }

    /// Sends this `Authorization` with every request from now on.
    pub fn authorize(&mut self, authorization: impl Into<String>) {
        self.authorization = Some(authorization.into());
    }

    /// Sends no `Authorization` any more.
    pub fn forget_credentials(&mut self) {
        self.authorization = None;
    }

    /// How it was started.
    pub fn settings(&self) -> &Launch {
        &self.launch
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything it has logged.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// An absolute URL of a path.
    pub fn url(&self, path: &str) -> String {
        let scheme = if self.launch.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.address)
    }

    /// The path of a file in the storage.
    pub fn file(&self, key: &str) -> PathBuf {
        self.launch.storage().join(key)
    }

    /// The names of all packages and provenances in a folder of the storage, sorted.
    pub fn files(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = match fs::read_dir(self.file(folder)) {
            Ok(entries) => entries
                .map(|entry| entry.expect("the folder can be read").file_name().to_string_lossy().into_owned())
                .filter(|name| name.ends_with(".tgz") || name.ends_with(".prov"))
                .collect(),
            Err(_) => Vec::new(),
        };
        names.sort();
        names
    }

    /// Puts a file into the storage by hand: see [`Launch::place`].
    pub fn place(&self, key: &str, content: &[u8]) {
        self.launch.place(key, content);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Shown by the test runner together with the failure.
            eprintln!("--- the server's log ---\n{}", self.log.text());
        }
        self.kill();
    }
}

/// The address in the line that a server writes when it listens.
fn listening_address(line: &Value) -> Option<SocketAddr> {
    let message = ["M", "message", "msg"].iter().find_map(|key| line[key].as_str())?;
    if !message.starts_with("Starting Chandlery") {
        return None;
    }
    if let Some(address) = line["address"].as_str() {
        return address.parse().ok();
    }
    let host = line["host"].as_str()?.parse().ok()?;
    let port = match &line["port"] {
        Value::Number(number) => u16::try_from(number.as_u64()?).ok()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    Some(SocketAddr::new(host, port))
}
