//! `openapi.yaml`, walked both ways: every route is documented, everything documented is so. The registry's operations are
//! walked in `registry_contract`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use acceptance::{Answer, Chart, ChartBuilder, Contract, Launch, Operation, Server, TokenService, gateway};
use reqwest::{Method, multipart};

/// Uploads above this are too large, so that the test need not send megabytes.
const UPLOAD_LIMIT: usize = 20_000;
/// A repository that is there at any depth, and that nothing changes.
const OF_THE_PROGRAM: &[(&str, &str)] = &[("repository", "stack")];

#[test]
fn every_route_of_the_server_is_documented_and_every_documented_route_is_there() {
    let output = Launch::default().bare_command().arg("routes").output().unwrap();
    assert!(output.status.success());
    let listed = String::from_utf8(output.stdout).unwrap();
    let routes: BTreeSet<(String, String)> = listed
        .lines()
        .map(|line| {
            let mut words = line.split_whitespace().map(str::to_owned);
            (words.next().unwrap(), words.next().unwrap())
        })
        .collect();
    let operations = Contract::read().operations();
    let documented: BTreeSet<(String, String)> =
        operations.iter().map(|operation| (operation.method.clone(), operation.path.clone())).collect();
    let missing: Vec<_> = routes.difference(&documented).collect();
    let stale: Vec<_> = documented.difference(&routes).collect();
    assert!(missing.is_empty() && stale.is_empty(), "not documented: {missing:?}; documented, but no route: {stale:?}");
    assert_eq!(listed.lines().count(), routes.len(), "a route is listed twice");
    let ids: BTreeSet<&String> = operations.iter().map(|operation| &operation.id).collect();
    assert_eq!(ids.len(), operations.len(), "an operation's id is there twice");
}

/// The walk: a server, a repository that it has, and what was seen so far.
struct Walk<'a> {
    contract: &'a Contract,
    server: &'a Server,
    values: BTreeMap<&'static str, String>,
    seen: &'a mut BTreeSet<(String, u16)>,
}

impl Walk<'_> {
    /// Sends a request to an operation and holds the answer to the contract.
    async fn send(
        &mut self,
        operation: &Operation,
        change: &[(&'static str, &str)],
        body: Option<reqwest::Body>,
    ) -> Answer {
        let mut values = self.values.clone();
        let mut headers = Vec::new();
        let parameters = self.contract.parameters(operation);
        // our own API has the repository in the query
        let repository = parameters.iter().any(|parameter| *parameter == ("query".to_owned(), "repository".to_owned()));
        let asked = repository.then(|| "repository".to_owned());
        let asked = asked.into_iter().chain(self.contract.required_in_query(operation));
        let mut query: BTreeMap<String, String> = asked.map(|name| (name.clone(), values[&*name].clone())).collect();
        for (name, value) in change {
            let place = parameters.iter().find(|(_, parameter)| parameter == name).map(|(place, _)| &**place);
            match place {
                Some("header") => headers.push((*name, *value)),
                Some("query") => drop(query.insert((*name).to_owned(), (*value).to_owned())),
                _ => drop(values.insert(name, (*value).to_owned())),
            }
        }
        let mut path = operation.path.clone();
        for (name, value) in &values {
            // the repository at the root has no segment, and no slash behind it
            let (from, to) = match value.is_empty() {
                true => (format!("/{{{name}}}"), String::new()),
                false => (format!("{{{name}}}"), value.clone()),
            };
            path = path.replace(&from, &to);
        }
        assert!(!path.contains('{'), "{path} has a parameter that this test does not know");
        let path = if path.is_empty() { "/".to_owned() } else { path };
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let method: Method = operation.method.parse().unwrap();
        let mut request = self.server.request(method, &format!("{path}{query}"));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let answer = self.server.send(request).await;
        self.contract.check(operation, &answer);
        self.seen.insert((operation.id.clone(), answer.status));
        answer
    }

    /// Reads an operation in every way that its parameters offer, and asks for its head each time.
    async fn read(&mut self, operation: &Operation) {
        let has =
            |name: &str, parameters: &[(String, String)]| parameters.iter().any(|(_, parameter)| parameter == name);
        let parameters = self.contract.parameters(operation);
        let zeros = "0".repeat(64);
        let ways: [&[(&'static str, &str)]; 23] = [
            &[],
            &[("repository", "never/heard")],
            &[("repository", ".hidden/team")],
            &[("name", "nothing")],
            &[("version", "9.9.9")],
            &[("range", "^9")],
            &[("range", "LATEST")],
            &[("version", "LATEST")],
            &[("version", "latest")],
            &[("filename", "one-1.0.0.tgz.prov")],
            &[("filename", "nothing-1.0.0.tgz")],
            &[("filename", "one-1.0.0.zip")],
            &[("digest", &zeros)],
            &[("path", "none.css")],
            &[("Accept-Encoding", "gzip")],
            &[("If-None-Match", "*")],
            &[("Range", "bytes=0-9")],
            &[("Range", "bytes=99999999-")],
            &[("Range", "bytes=0-9"), ("If-Range", "\"other\"")],
            &[("offset", "1")],
            &[("offset", "-1")],
            &[("limit", "1")],
            &[("limit", "0")],
        ];
        for way in ways {
            let applies = way.iter().all(|(name, _)| has(name, &parameters));
            // A repository of other depth is no repository.
            let of_same_depth = way.iter().all(|(name, value)| {
                *name != "repository" || value.split('/').count() == self.values["repository"].split('/').count()
            });
            if applies && of_same_depth && !self.values["repository"].is_empty() || way.is_empty() {
                let get = self.send(operation, way, None).await;
                self.check_head(operation, way, &get).await;
            }
        }
    }

    async fn check_head(&mut self, operation: &Operation, way: &[(&'static str, &str)], get: &Answer) {
        if way.iter().any(|(name, _)| *name == "Range") {
            return; // only GET has ranges
        }
        let path = get.request.strip_prefix("GET ").unwrap();
        let mut request = self.server.request(Method::HEAD, path);
        for (name, value) in way {
            if self.contract.parameters(operation).contains(&("header".to_owned(), (*name).to_owned())) {
                request = request.header(*name, *value);
            }
        }
        let head = self.server.send(request).await;
        assert_eq!(head.status, get.status, "HEAD {path}");
        assert!(head.body.is_empty());
        // those of numbers differ from one time to the next
        let lengths = if operation.id == "show_metrics" { &[][..] } else { &["content-length"] };
        for name in lengths.iter().chain(&["content-type", "etag", "vary", "cache-control", "content-encoding"]) {
            assert_eq!(head.header(name), get.header(name), "{name} of HEAD {path}");
        }
    }

    /// Uploads in every way.
    async fn upload(&mut self, operation: &Operation) {
        if operation.path.starts_with("/-/api/v1/") {
            return self.change(operation).await;
        }
        let chart = Chart::new(&operation.id, "1.0.0");
        let prov = chart.provenance();
        let good = if operation.path.ends_with("prov") { prov.clone().into() } else { chart.bytes.clone() };
        for (body, status) in
            [(good.clone(), 201), (good.clone(), 409), ("neither".into(), 400), (vec![0; UPLOAD_LIMIT + 1].into(), 413)]
        {
            let answer = self.send(operation, &[], Some(body.into())).await;
            assert_eq!(answer.status, status, "{answer:?}");
        }
        if !self.values["repository"].is_empty() {
            let hidden = [("repository", ".hidden/team")];
            let answer = self.send(operation, &hidden, Some(good.clone().into())).await;
            assert_eq!(answer.status, 404, "{answer:?}");
            self.send(operation, OF_THE_PROGRAM, Some(good.clone().into())).await.expect(403);
        }
        let answer = self.send(operation, &[("force", "")], Some(good.into())).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        if operation.path.ends_with("prov") {
            return;
        }
        let form = multipart::Form::new().part("prov", multipart::Part::bytes(prov.into_bytes()).file_name("p"));
        let path = operation.path.replace("{repository}", &self.values["repository"]).replace("//", "/");
        let answer = self.server.send(self.server.request(Method::POST, &path).multipart(form)).await;
        self.contract.check(operation, &answer);
        assert_eq!(answer.status, 201, "{answer:?}");
    }

    /// Asks our own API for a change in every way.
    async fn change(&mut self, operation: &Operation) {
        if operation.id == "reconcile" {
            for (way, status) in [(&[][..], 200), (&[("acceptLoss", "maybe")], 400)] {
                self.send(operation, way, None).await.expect(status);
            }
            return;
        }
        assert_eq!(operation.id, "restore_version", "not walked");
        let chart = Chart::new(&operation.id, "1.0.0");
        let repository = self.values["repository"].clone();
        let api = format!("/api/{repository}/charts").replace("//", "/");
        self.server.publish(&repository, &chart).await;
        for status in [200, 409] {
            self.server.delete(&format!("{api}/{}/{}", chart.name, chart.version)).await.expect(200);
            if status == 409 {
                self.server.publish(&repository, &chart).await;
            }
            self.send(operation, &[("name", &chart.name)], None).await.expect(status);
        }
        self.send(operation, &[("name", "nothing")], None).await.expect(404);
        self.send(operation, &[("version", "")], None).await.expect(400);
        self.send(operation, OF_THE_PROGRAM, None).await.expect(403);
    }

    /// Deletes what is there, and again.
    async fn delete(&mut self, operation: &Operation) {
        let chart = Chart::new(&operation.id, "1.0.0");
        self.server.publish(&self.values["repository"], &chart).await;
        if !self.values["repository"].is_empty() {
            self.send(operation, OF_THE_PROGRAM, None).await.expect(403);
        }
        for status in [200, 404] {
            let answer = self.send(operation, &[("name", &operation.id)], None).await;
            assert_eq!(answer.status, status, "{answer:?}");
        }
    }

    async fn all(&mut self, except: &[&str]) {
        for operation in self.contract.classic_operations() {
            if except.contains(&&*operation.id) {
                continue;
            }
            match &*operation.method {
                "GET" => self.read(&operation).await,
                "POST" => self.upload(&operation).await,
                "DELETE" => self.delete(&operation).await,
                other => panic!("{other} is documented, but not walked"),
            }
        }
    }
}

/// The setting for a folder with a page and a file of the operator's own.
fn own_pages(launch: &Launch) -> String {
    let folder = launch.storage().with_file_name("pages");
    fs::create_dir_all(folder.join("static")).unwrap();
    fs::write(folder.join("index.html"), "<h1>Our charts</h1>").unwrap();
    fs::write(folder.join("static/site.css"), "h1 { color: teal }").unwrap();
    format!("--web-template-path={}", folder.display())
}

fn artifact_hub_id(repository: &str) -> String {
    format!("--artifact-hub-repo-id={repository}=94a7a4b3-8a2b-4c7e-9d4e-2f1a5c6b7d8e")
}

/// What the walk finds in its repository.
async fn fill(server: &Server, repository: &str) -> BTreeMap<&'static str, String> {
    let chart = Chart::new("one", "1.0.0");
    for chart in [&chart, &Chart::new("one", "2.0.0"), &Chart::new("two", "1.0.0-rc.1")] {
        server.publish(repository, chart).await;
    }
    let api = format!("/api/{repository}/prov").replace("//", "/");
    server.post(&api, chart.provenance()).await.expect(201);
    values(repository, chart)
}

/// The parameters that lead to a chart.
fn values(repository: &str, chart: Chart) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        ("repository", repository.to_owned()),
        ("name", chart.name.clone()),
        ("version", chart.version.clone()),
        ("filename", chart.file_name()),
        ("digest", chart.digest),
        ("count", "1".to_owned()),
        ("path", "site.css".to_owned()),
    ])
}

#[tokio::test]
async fn everything_documented_is_answered_and_everything_answered_is_documented() {
    let contract = Contract::read();
    let mut seen = BTreeSet::new();
    let limit = format!("--max-upload-size={UPLOAD_LIMIT}");
    for (depth, repository, except) in [
        ("--depth=2", "org/team", &[][..]),
        ("--depth=0", "", &["show_repository"]),
        ("--depth-dynamic", "org/team", &["show_repository_info", "show_repository_health"]),
    ] {
        let metrics = format!("--enable-metrics={}", repository.is_empty());
        let launch = Launch::default().with(depth).with(&limit).with(metrics);
        let pages = own_pages(&launch);
        let server = launch.with(pages).with(artifact_hub_id(repository)).start().await;
        let values = fill(&server, repository).await;
        Walk { contract: &contract, server: &server, values, seen: &mut seen }.all(except).await;
    }
    without_storage(&contract, &mut seen).await;
    without_room(&contract, &mut seen).await;
    while_not_ready(&contract, &mut seen).await;
    without_credentials(&contract, &mut seen).await;
    with_redirects(&contract, &mut seen).await;
    let mut never = Vec::new();
    for operation in contract.classic_operations() {
        for status in contract.statuses(&operation) {
            if !seen.contains(&(operation.id.clone(), status)) {
                never.push(format!("{} {status}", operation.id));
            }
        }
    }
    assert!(never.is_empty(), "documented, but never answered: {never:#?}");
}

/// Whoever needs the storage must say that it is away.
async fn without_storage(contract: &Contract, seen: &mut BTreeSet<(String, u16)>) {
    let launch = ["--depth=2", "--read-freshness=strict", "--stale-while-down=0", "--enable-metrics"]
        .iter()
        .fold(Launch::default(), Launch::with);
    let pages = own_pages(&launch);
    let server = launch.with(pages).with(artifact_hub_id("org/team")).start().await;
    let values = fill(&server, "org/team").await;
    fs::rename(server.settings().storage(), server.settings().storage().with_file_name("hidden")).unwrap();
    let mut walk = Walk { contract, server: &server, values, seen };
    for operation in contract.classic_operations() {
        let chart = Chart::new(&operation.id, "1.0.0");
        let body = match &operation.method[..] {
            "POST" if operation.path.ends_with("prov") => Some(chart.provenance().into()),
            "POST" => Some(chart.bytes.into()),
            _ => None,
        };
        let answer = walk.send(&operation, &[], body).await;
        let expected =
            if contract.statuses(&operation).contains(&503) && operation.id != "show_ready" { 503 } else { 200 };
        assert_eq!(answer.status, expected, "{}: {answer:?}", operation.id);
    }
}

/// Whoever adds to a repository must say that it is full.
async fn without_room(contract: &Contract, seen: &mut BTreeSet<(String, u16)>) {
    let server = Server::with(&["--depth=2", "--max-storage-objects=1"]).await;
    server.publish("org/team", &Chart::new("one", "1.0.0")).await;
    let values = BTreeMap::from([("repository", "org/team".to_owned())]);
    let mut walk = Walk { contract, server: &server, values, seen };
    for operation in contract.classic_operations() {
        if !contract.statuses(&operation).contains(&507) {
            continue;
        }
        let chart = Chart::new(&operation.id, "1.0.0");
        let body = if operation.path.ends_with("prov") { chart.provenance().into() } else { chart.bytes };
        let answer = walk.send(&operation, &[], Some(body.into())).await.expect(507);
        assert_eq!(answer.text(), r#"{"error":"repo has reached storage limit"}"#);
    }
}

/// Whoever gives out packages may send clients to the store for those that it replaced.
async fn with_redirects(contract: &Contract, seen: &mut BTreeSet<(String, u16)>) {
    let operations: Vec<_> =
        contract.operations().into_iter().filter(|operation| contract.statuses(operation).contains(&307)).collect();
    let Some(gateway) = gateway() else {
        seen.extend(operations.into_iter().map(|operation| (operation.id, 307)));
        return;
    };
    let launch = Launch::default().in_bucket(gateway).with("--depth=2").with("--storage-redirect");
    let server = launch.with("--allow-overwrite").start().await;
    server.publish("org/team", &Chart::new("one", "1.0.0")).await;
    let chart = ChartBuilder::new("one", "1.0.0").file("more", "of it").build();
    server.publish("org/team", &chart).await;
    let mut walk = Walk { contract, server: &server, values: values("org/team", chart), seen };
    for operation in operations {
        walk.send(&operation, &[], None).await.expect(307);
    }
}

/// Whatever is not public asks for credentials, in the form that clients know; reading does not where it is free.
async fn without_credentials(contract: &Contract, seen: &mut BTreeSet<(String, u16)>) {
    let service = TokenService::default();
    let basic = ["--basic-auth-user=me", "--basic-auth-pass=secret"].map(str::to_owned).to_vec();
    let bearer = service.settings();
    for (method, is_bearer, is_reading_free) in
        [(&basic, false, false), (&basic, false, true), (&bearer, true, false), (&bearer, true, true)]
    {
        let free = is_reading_free.then_some("--auth-anonymous-get");
        let server = with_every_route(method.iter().map(String::as_str).chain(free)).await;
        let values = values("org/team", Chart::new("one", "1.0.0"));
        for operation in contract.classic_operations() {
            let mut walk = Walk { contract, server: &server, values: values.clone(), seen };
            let answer = walk.send(&operation, &[], None).await;
            let Some(action) = contract.action(&operation).filter(|action| !(is_reading_free && action == "pull"))
            else {
                assert_ne!(answer.status, 401, "{answer:?}");
                assert_eq!(answer.header("www-authenticate"), None);
                continue;
            };
            let answer = answer.expect_error(401, "unauthorized");
            assert_eq!(answer.header("x-request-id").map(str::len), Some(36));
            let challenge = match (is_bearer, action.as_str(), names_repository(contract, &operation)) {
                (false, ..) => "Basic realm=\"ChartMuseum\"".to_owned(),
                (true, "admin", _) => challenge("server", "*", "admin"),
                (true, action, true) => challenge("artifact-repository", "org/team", action),
                (true, action, false) => challenge("artifact-repository", "repo", action),
            };
            assert_eq!(answer.header("www-authenticate"), Some(&*challenge), "{}", operation.id);
        }
    }
}

/// A request to the operation says which repository it means: in its path, or in the query.
fn names_repository(contract: &Contract, operation: &Operation) -> bool {
    contract.parameters(operation).iter().any(|(_, name)| name == "repository")
}

/// A server with nothing in it that has every route.
async fn with_every_route<'a>(settings: impl Iterator<Item = &'a str>) -> Server {
    let launch = settings.fold(Launch::default().with("--depth=2").with("--enable-metrics"), Launch::with);
    let pages = own_pages(&launch);
    launch.with(pages).with(artifact_hub_id("org/team")).start().await
}

fn challenge(kind: &str, name: &str, action: &str) -> String {
    let (realm, service) = (TokenService::REALM, TokenService::SERVICE);
    format!("Bearer realm=\"{realm}\",service=\"{service}\",scope=\"{kind}:{name}:{action}\"")
}

/// The action that the contract names is the one that the server asks for, and no other.
#[tokio::test]
async fn every_operation_takes_a_token_for_its_own_action_only() {
    const ACTIONS: [&str; 3] = ["pull", "push", "admin"];
    let contract = Contract::read();
    let service = TokenService::default();
    let mut server = with_every_route(service.settings().iter().map(String::as_str)).await;
    let values = values("org/team", Chart::new("one", "1.0.0"));
    let mut seen = BTreeSet::new();
    for operation in contract.classic_operations() {
        let Some(action) = contract.action(&operation) else { continue };
        let name = if names_repository(&contract, &operation) { "org/team" } else { "repo" };
        let token = |actions: &[&str]| match actions.contains(&"admin") {
            // who may administer may do nothing else
            true => service.token_of("server", "*", &ACTIONS),
            false => service.token(name, actions),
        };
        let others: Vec<&str> = ACTIONS.into_iter().filter(|other| *other != action && *other != "admin").collect();
        for (token, is_enough) in [
            (token(&[&action]), true),
            (token(&others), false),
            (service.token_of("server", "*", &ACTIONS), action == "admin"),
            (service.token("other/team", &ACTIONS), false),
            (service.token(name, &["admin", "*"]), false),
        ] {
            server.authorize(format!("Bearer {token}"));
            let mut walk = Walk { contract: &contract, server: &server, values: values.clone(), seen: &mut seen };
            let answer = walk.send(&operation, &[], None).await;
            assert_eq!(answer.status != 401, is_enough, "{}: {answer:?}", operation.id);
        }
    }
}

/// A replica that finds a foreign entry in its journal stops, and says so.
async fn while_not_ready(contract: &Contract, seen: &mut BTreeSet<(String, u16)>) {
    let server = Server::with(&["--depth=2"]).await;
    let values = fill(&server, "org/team").await;
    let journal = server.file(".chandlery/journal");
    let mut entries: Vec<_> = fs::read_dir(&journal).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let last = entries.last().unwrap();
    let number: u64 = last.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    fs::copy(last, journal.join(format!("{:020}.json", number + 1))).unwrap();
    server
        .until("it has met the foreign entry", async |server| {
            (server.get("/-/ready").await.status == 503).then_some(())
        })
        .await;
    let ready = contract.classic_operations().into_iter().find(|operation| operation.id == "show_ready").unwrap();
    Walk { contract, server: &server, values, seen }.send(&ready, &[], None).await.expect(503);
}
