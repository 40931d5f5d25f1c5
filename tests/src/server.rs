use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::time::Duration;

use bytes::Bytes;
use reqwest::{Method, RequestBuilder, multipart};
use serde_json::Value;

use crate::{Answer, Chart, Index, Launch, Log};

/// Beyond this a server is taken to hang. Starts take milliseconds; build machines are slow and busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at something that gives no sign of its own.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A running server, ended with the value. Its folder survives restarts.
#[derive(Debug)]
pub struct Server {
    launch: Launch,
    process: Option<Child>,
    address: SocketAddr,
    client: reqwest::Client,
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

    pub(crate) async fn launch(launch: Launch) -> Self {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .build()
            .expect("a client without TLS can always be made");
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut server = Self { launch, process: None, address, client, log: Log::default() };
        server.run().await;
        server
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

    /// Starts the process and learns its address from its log.
    pub async fn run_until_listening(&mut self) {
        assert!(self.process.is_none(), "the server runs already");
        let mark = self.log.mark();
        let mut process =
            self.launch.command().stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the server is built");
        self.log.collect(process.stderr.take().expect("it was asked for"));
        self.process = Some(process);
        let log = self.log.clone();
        let address = log.find(mark, listening_address);
        tokio::select! {
            address = address => self.address = address,
            () = self.ended() => panic!("the server ended at its start:\n{}", self.log.text()),
            () = tokio::time::sleep(PATIENCE) => panic!("the server names no address:\n{}", self.log.text()),
        }
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
            Err(_) => panic!("waited too long until {what}:\n{}", self.log.text()),
        }
    }

    /// Ends the process at once, as a power cut would.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it is our child");
            process.wait().expect("it is our child");
        }
    }

    /// Asks the process to end (SIGTERM).
    pub fn terminate(&self) {
        let process = self.process.as_ref().expect("the server runs");
        let pid = rustix::process::Pid::from_child(process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it is our child");
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
        format!("http://{}{path}", self.address)
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

    /// Puts a file into the storage by hand, as people and ChartMuseum do.
    pub fn place(&self, key: &str, content: &[u8]) {
        let path = self.file(key);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("the storage can be written");
        fs::write(&path, content).expect("the storage can be written");
    }
}

/// Requests.
impl Server {
    /// A request to be finished by the caller. The path is normalised on its way: for odd ones use [`crate::exchange`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    /// Sends a request and takes the whole answer; fails if there is none.
    pub async fn send(&self, request: RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap_or_else(|error| panic!("{error:?}\n{}", self.log.text()))
    }

    /// Sends a request and takes the whole answer, if the server lives to give one.
    pub async fn try_send(&self, request: RequestBuilder) -> reqwest::Result<Answer> {
        let request = request.build()?;
        let name = format!("{} {}", request.method(), request.url().path());
        let response = self.client.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { request: name, status, headers, body: response.bytes().await? })
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// GET with one header.
    pub async fn get_with(&self, path: &str, header: &str, value: &str) -> Answer {
        self.send(self.request(Method::GET, path).header(header, value)).await
    }

    /// HEAD.
    pub async fn head(&self, path: &str) -> Answer {
        self.send(self.request(Method::HEAD, path)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    /// POST of a raw body, as `curl --data-binary` sends it.
    pub async fn post(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.into());
        self.send(request).await
    }

    /// POST of a form of files, as `curl -F field=@file` sends it.
    pub async fn post_form(&self, path: &str, parts: &[(&str, &[u8])]) -> Answer {
        let form = parts.iter().fold(multipart::Form::new(), |form, (field, content)| {
            form.part((*field).to_owned(), multipart::Part::bytes(content.to_vec()).file_name("any.name"))
        });
        self.send(self.request(Method::POST, path).multipart(form)).await
    }

    /// Uploads a package to the repository at the root.
    pub async fn upload(&self, chart: &Chart) -> Answer {
        self.post("/api/charts", chart.bytes.clone()).await
    }

    /// Uploads a package to a repository. It must be taken.
    pub async fn publish(&self, repository: &str, chart: &Chart) {
        let answer = self.post(&format!("{}/charts", api(repository)), chart.bytes.clone()).await.expect(201);
        assert_eq!(answer.text(), r#"{"saved":true}"#);
    }

    /// Reads a repository's index; the name is a path without slashes around it, empty for the root.
    pub async fn index(&self, repository: &str) -> Index {
        Index::read(self.get(&format!("{}/index.yaml", below(repository))).await)
    }

    /// The API's list of a repository.
    pub async fn listing(&self, repository: &str) -> Value {
        self.get(&format!("{}/charts", api(repository))).await.expect(200).json()
    }

    /// Downloads what the repository's index names for a version, and holds it to the digest there.
    pub async fn pull(&self, repository: &str, name: &str, version: &str) -> Bytes {
        let index = self.index(repository).await;
        let url = index.url(name, version);
        let answer = self.get(&format!("{}/{url}", below(repository))).await.expect(200);
        let digest = chart::Digest::of(&answer.body).to_string();
        assert_eq!(
            index.entry(name, version)["digest"],
            digest,
            "{name} {version} has other bytes than the index says"
        );
        answer.body
    }
}

fn below(repository: &str) -> String {
    if repository.is_empty() { String::new() } else { format!("/{repository}") }
}

fn api(repository: &str) -> String {
    format!("/api{}", below(repository))
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
