//! ChartMuseum's settings through the built binary: shown by `check-config`, felt where they have an effect.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Output};

use acceptance::{Chart, Launch, Server};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// `check-config` with these arguments: name, value and source of each line.
fn in_force(launch: &Launch, arguments: &[&str]) -> Vec<(String, String, String)> {
    let output = launch.bare_command().arg("check-config").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let columns = |line: &str| {
        let (name, rest) = line.split_once(' ').unwrap();
        let (value, source) = rest.trim_start().split_once("  ").unwrap();
        (name.to_owned(), value.trim().to_owned(), source.trim().to_owned())
    };
    text(&output.stdout).lines().map(columns).collect()
}

/// Every setting: flag, environment variable, key in a file, and something that may be set.
const TABLE: &[(&str, &str, &str, &str)] = &[
    ("gen-index", "GEN_INDEX", "genindex", "true"),
    ("debug", "DEBUG", "debug", "true"),
    ("log-json", "LOG_JSON", "logjson", "true"),
    ("log-health", "LOG_HEALTH", "loghealth", "true"),
    ("log-latency-integer", "LOG_LATENCY_INTEGER", "loglatencyinteger", "true"),
    ("disable-api", "DISABLE_API", "disableapi", "true"),
    ("disable-delete", "DISABLE_DELETE", "disabledelete", "true"),
    ("disable-statefiles", "DISABLE_STATEFILES", "disablestatefiles", "true"),
    ("json-index", "JSON_INDEX", "json-index", "true"),
    ("allow-overwrite", "ALLOW_OVERWRITE", "allowoverwrite", "true"),
    ("disable-force-overwrite", "DISABLE_FORCE_OVERWRITE", "disableforceoverwrite", "true"),
    ("port", "PORT", "port", "17"),
    ("listen-host", "LISTEN_HOST", "listen.host", "127.0.0.1"),
    ("read-timeout", "READ_TIMEOUT", "readtimeout", "17"),
    ("write-timeout", "WRITE_TIMEOUT", "writetimeout", "17"),
    ("chart-url", "CHART_URL", "charturl", "https://a.example"),
    ("context-path", "CONTEXT_PATH", "contextpath", "some"),
    ("depth", "DEPTH", "depth", "17"),
    ("depth-dynamic", "DEPTH_DYNAMIC", "depthdynamic", "true"),
    ("basic-auth-user", "BASIC_AUTH_USER", "basicauth.user", "some"),
    ("basic-auth-pass", "BASIC_AUTH_PASS", "basicauth.pass", "some"),
    ("auth-anonymous-get", "AUTH_ANONYMOUS_GET", "authanonymousget", "true"),
    ("bearer-auth", "BEARER_AUTH", "bearerauth", "true"),
    ("auth-realm", "AUTH_REALM", "authrealm", "some"),
    ("auth-service", "AUTH_SERVICE", "authservice", "some"),
    ("auth-cert-path", "AUTH_CERT_PATH", "authcertpath", "some"),
    ("auth-actions-search-path", "AUTH_ACTIONS_SEARCH_PATH", "authactionssearchpath", "some"),
    ("max-storage-objects", "MAX_STORAGE_OBJECTS", "maxstorageobjects", "17"),
    ("per-chart-limit", "PER_CHART_LIMIT", "per-chart-limit", "17"),
    ("disable-metrics", "DISABLE_METRICS", "disablemetrics", "true"),
    ("enable-metrics", "ENABLE_METRICS", "enablemetrics", "true"),
    ("tls-cert", "TLS_CERT", "tls.cert", "some"),
    ("tls-key", "TLS_KEY", "tls.key", "some"),
    ("tls-ca-cert", "TLS_CA_CERT", "tls.cacert", "some"),
    ("cors-alloworigin", "CORS_ALLOW_ORIGIN", "cors.alloworigin", "https://ui.example"),
    ("max-upload-size", "MAX_UPLOAD_SIZE", "maxuploadsize", "17"),
    ("index-limit", "INDEX_LIMIT", "indexlimit", "17"),
    ("cache-interval", "CACHE_INTERVAL", "cacheinterval", "90s"),
    ("always-regenerate-chart-index", "ALWAYS_REGENERATE_CHART_INDEX", "always-regenerate-chart-index", "true"),
    ("chart-post-form-field-name", "CHART_POST_FORM_FIELD_NAME", "chartpostformfieldname", "some"),
    ("prov-post-form-field-name", "PROV_POST_FORM_FIELD_NAME", "provpostformfieldname", "some"),
    ("web-template-path", "WEB_TEMPLATE_PATH", "web-template-path", "some"),
    ("artifact-hub-repo-id", "ARTIFACT_HUB_REPO_ID", "artifact-hub-repo-id", "org1=94a7a4b3"),
    ("enforce-semver2", "ENFORCE_SEMVER2", "enforce-semver2", "true"),
    ("cache", "CACHE", "cache.store", "redis"),
    ("cache-redis-addr", "CACHE_REDIS_ADDR", "cache.redis.addr", "some"),
    ("cache-redis-password", "CACHE_REDIS_PASSWORD", "cache.redis.password", "some"),
    ("cache-redis-db", "CACHE_REDIS_DB", "cache.redis.db", "17"),
    ("storage", "STORAGE", "storage.backend", "local"),
    ("storage-timestamp-tolerance", "STORAGE_TIMESTAMP_TOLERANCE", "storage.timestamptolerance", "90s"),
    ("storage-local-rootdir", "STORAGE_LOCAL_ROOTDIR", "storage.local.rootdir", "some"),
    ("storage-amazon-bucket", "STORAGE_AMAZON_BUCKET", "storage.amazon.bucket", "some"),
    ("storage-amazon-prefix", "STORAGE_AMAZON_PREFIX", "storage.amazon.prefix", "some"),
    ("storage-amazon-region", "STORAGE_AMAZON_REGION", "storage.amazon.region", "some"),
    ("storage-amazon-endpoint", "STORAGE_AMAZON_ENDPOINT", "storage.amazon.endpoint", "some"),
    ("storage-amazon-sse", "STORAGE_AMAZON_SSE", "storage.amazon.sse", "AES256"),
    ("storage-amazon-force-path-style", "STORAGE_AMAZON_FORCE_PATH_STYLE", "storage.amazon.forcepathstyle", "true"),
    ("storage-google-bucket", "STORAGE_GOOGLE_BUCKET", "storage.google.bucket", "some"),
    ("storage-google-prefix", "STORAGE_GOOGLE_PREFIX", "storage.google.prefix", "some"),
    ("storage-oracle-bucket", "STORAGE_ORACLE_BUCKET", "storage.oracle.bucket", "some"),
    ("storage-oracle-prefix", "STORAGE_ORACLE_PREFIX", "storage.oracle.prefix", "some"),
    ("storage-oracle-region", "STORAGE_ORACLE_REGION", "storage.oracle.region", "some"),
    ("storage-oracle-compartmentid", "STORAGE_ORACLE_COMPARTMENTID", "storage.oracle.compartmentid", "some"),
    ("storage-microsoft-container", "STORAGE_MICROSOFT_CONTAINER", "storage.microsoft.container", "some"),
    ("storage-microsoft-prefix", "STORAGE_MICROSOFT_PREFIX", "storage.microsoft.prefix", "some"),
    ("storage-alibaba-bucket", "STORAGE_ALIBABA_BUCKET", "storage.alibaba.bucket", "some"),
    ("storage-alibaba-prefix", "STORAGE_ALIBABA_PREFIX", "storage.alibaba.prefix", "some"),
    ("storage-alibaba-endpoint", "STORAGE_ALIBABA_ENDPOINT", "storage.alibaba.endpoint", "some"),
    ("storage-alibaba-sse", "STORAGE_ALIBABA_SSE", "storage.alibaba.sse", "some"),
    ("storage-openstack-container", "STORAGE_OPENSTACK_CONTAINER", "storage.openstack.container", "some"),
    ("storage-openstack-prefix", "STORAGE_OPENSTACK_PREFIX", "storage.openstack.prefix", "some"),
    ("storage-openstack-region", "STORAGE_OPENSTACK_REGION", "storage.openstack.region", "some"),
    ("storage-openstack-cacert", "STORAGE_OPENSTACK_CACERT", "storage.openstack.cacert", "some"),
    ("storage-openstack-auth", "STORAGE_OPENSTACK_AUTH", "storage.openstack.auth", "some"),
    ("storage-baidu-bucket", "STORAGE_BAIDU_BUCKET", "storage.baidu.bucket", "some"),
    ("storage-baidu-prefix", "STORAGE_BAIDU_PREFIX", "storage.baidu.prefix", "some"),
    ("storage-baidu-endpoint", "STORAGE_BAIDU_ENDPOINT", "storage.baidu.endpoint", "some"),
    ("storage-etcd-endpoint", "STORAGE_ETCD_ENDPOINT", "storage.etcd.endpoint", "some"),
    ("storage-etcd-cafile", "STORAGE_ETCD_CAFILE", "storage.etcd.cafile", "some"),
    ("storage-etcd-certfile", "STORAGE_ETCD_CERTFILE", "storage.etcd.certfile", "some"),
    ("storage-etcd-keyfile", "STORAGE_ETCD_KEYFILE", "storage.etcd.keyfile", "some"),
    ("storage-etcd-prefix", "STORAGE_ETCD_PREFIX", "storage.etcd.prefix", "some"),
    ("storage-tencent-bucket", "STORAGE_TENCENT_BUCKET", "storage.tencent.bucket", "some"),
    ("storage-tencent-prefix", "STORAGE_TENCENT_PREFIX", "storage.tencent.prefix", "some"),
    ("storage-tencent-endpoint", "STORAGE_TENCENT_ENDPOINT", "storage.tencent.endpoint", "some"),
];

/// Holds what is in force to the table; the source is `before`, the name that the source has for it, `behind`.
fn check_table(shown: &[(String, String, String)], source: impl Fn(&(&str, &str, &str, &str)) -> String) {
    for row in TABLE {
        let line = shown.iter().find(|line| line.0 == row.0).unwrap_or_else(|| panic!("{} is not shown", row.0));
        let value = if row.0.ends_with("password") || row.0.ends_with("pass") { "********" } else { row.3 };
        assert_eq!((&*line.1, line.2.clone()), (value, source(row)), "{}", row.0);
    }
}

#[test]
fn every_setting_is_in_force_from_a_flag_from_the_environment_and_from_a_file() {
    let by_flag: Vec<String> = TABLE.iter().map(|(flag, _, _, value)| format!("-{flag}={value}")).collect();
    let launch = TABLE.iter().fold(Launch::default(), |launch, (_, variable, _, value)| {
        launch.environment(variable, if *value == "17" { "18" } else { value })
    });
    let launch = launch.environment("SOMETHING_ELSE", "unknown");
    check_table(&in_force(&launch, &by_flag.iter().map(String::as_str).collect::<Vec<_>>()), |(flag, ..)| {
        format!("flag --{flag}")
    });

    let launch =
        TABLE.iter().fold(Launch::default(), |launch, (_, variable, _, value)| launch.environment(variable, *value));
    check_table(&in_force(&launch, &[]), |(_, variable, ..)| format!("environment variable {variable}"));

    let launch = Launch::default();
    let file = launch.storage().with_file_name("all.yaml");
    let lines: Vec<String> = TABLE.iter().map(|(_, _, key, value)| format!("{key}: {value}\n")).collect();
    fs::write(&file, lines.concat()).unwrap();
    let shown = in_force(&launch, &["--config", file.to_str().unwrap()]);
    check_table(&shown, |(_, _, key, _)| format!("key {key} of {}", file.display()));
}

/// A file as ChartMuseum's users have it, and what it sets.
const FILE: &str = r#"
debug: true
logjson: "1"
Port: 18306
Listen:
  Host: 127.0.0.1
storage.backend: Local
storage:
  local.rootdir: /data/charts
  google:
    bucket: old
depth: 1
disableapi: false
allowoverwrite: true
maxuploadsize: 1048576
cacheinterval: 1h30m
charturl: https://charts.example.com
cors:
  alloworigin: "*"
cache:
  store: redis
  redis:
    addr: redis:6379
    password: hunter2
artifact-hub-repo-id:
  org1: 94a7a4b3
"#;
const SET: [(&str, &str); 16] = [
    ("debug", "true"),
    ("log-json", "1"),
    ("port", "18306"),
    ("listen-host", "127.0.0.1"),
    ("storage", "Local"),
    ("storage-local-rootdir", "/data/charts"),
    ("storage-google-bucket", "old"),
    ("depth", "1"),
    ("allow-overwrite", "true"),
    ("max-upload-size", "1048576"),
    ("cache-interval", "1h30m"),
    ("chart-url", "https://charts.example.com"),
    ("cors-alloworigin", "*"),
    ("cache", "redis"),
    ("cache-redis-password", "********"),
    ("artifact-hub-repo-id", "org1=94a7a4b3"),
];

#[test]
fn a_file_of_chartmuseum_is_understood_in_yaml_and_in_json() {
    let launch = Launch::default();
    let yaml = launch.storage().with_file_name("chartmuseum.yaml");
    fs::write(&yaml, FILE).unwrap();
    let json = launch.storage().with_file_name("chartmuseum.json");
    let value: serde_json::Value = serde_yaml::from_str(FILE).unwrap();
    fs::write(&json, serde_json::to_string_pretty(&value).unwrap()).unwrap();
    for file in [&yaml, &json] {
        let shown = in_force(&launch, &["-c", file.to_str().unwrap()]);
        for (name, value) in SET {
            let line = shown.iter().find(|line| line.0 == name).unwrap_or_else(|| panic!("{name} is not shown"));
            assert_eq!(line.1, value, "{name}");
            assert!(line.2.starts_with("key ") && line.2.ends_with(file.to_str().unwrap()), "{line:?}");
        }
    }
}

#[test]
fn q_f22_what_cannot_be_is_refused_by_name_and_nothing_starts() {
    type Case<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a [&'a str]);
    let cases: [Case; 12] = [
        (&["--storage=google"], &[], &["storage: ", "local", "google"]),
        (&[], &[("STORAGE", "microsoft")], &["storage: ", "local", "microsoft"]),
        (&["--cache=memcached"], &[], &["cache: ", "redis", "memcached"]),
        (&[], &[("DEBUG", "yes")], &["debug: ", "yes"]),
        (&[], &[("PORT", "")], &["port: ", "empty"]),
        (&[], &[("CACHE_INTERVAL", "5")], &["cache-interval: ", "5m"]),
        (&[], &[("INDEX_LIMIT", "-1")], &["index-limit: ", "-1"]),
        (&["--chart-url=charts.example"], &[], &["chart-url: ", "http"]),
        (&["--cors-alloworigin=ui.example"], &[], &["cors-alloworigin: ", "ui.example"]),
        (&["--artifact-hub-repo-id=../x=1"], &[], &["artifact-hub-repo-id: ", "../x"]),
        (&["--artifact-hub-repo-id=a b"], &[], &["artifact-hub-repo-id: ", "a b"]),
        (&["--depth=many"], &[], &["depth: ", "many"]),
    ];
    for (arguments, environment, words) in cases {
        let launch =
            environment.iter().fold(Launch::default(), |launch, (name, value)| launch.environment(name, *value));
        let output = launch.bare_command().args(arguments).output().unwrap();
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?} {environment:?}: {message}");
        assert_eq!((output.stdout.len(), message.lines().count()), (0, 1), "{message}");
        assert!(words.iter().all(|word| message.contains(word)), "{arguments:?} {environment:?}: {message}");
    }
}

#[tokio::test]
async fn what_is_not_needed_is_taken_and_said_once_at_the_start() {
    let server = Launch::default()
        .with("--index-limit=10")
        .with("-cache=redis")
        .environment("CACHE_REDIS_ADDR", "redis:6379")
        .environment("CACHE_REDIS_PASSWORD", "hunter2")
        .environment("DISABLE_STATEFILES", "true")
        .environment("ENFORCE_SEMVER2", "true")
        .environment("STORAGE_GOOGLE_BUCKET", "old")
        .environment("CACHE_REDIS_DB", "0")
        .start()
        .await;
    server.publish("", &Chart::new("one", "1.0.0")).await;
    assert_eq!(server.index("").await.names(), ["one"]);
    let lines: Vec<serde_json::Value> =
        server.log().text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |level: &str, name: &str| {
        let name = format!("The configuration option {name} ");
        lines.iter().filter(|line| line["L"] == level && line["M"].as_str().unwrap().starts_with(&name)).count()
    };
    for name in [
        "index-limit",
        "cache",
        "cache-redis-addr",
        "cache-redis-password",
        "disable-statefiles",
        "storage-google-bucket",
    ] {
        assert_eq!(of("INFO", name), 1, "{name}: {}", server.log().text());
    }
    assert_eq!(of("INFO", "cache-redis-db"), 0);
    assert_eq!(of("WARN", "enforce-semver2"), 1);
    assert!(lines.iter().any(|line| line["M"] == "The configuration option enforce-semver2 has been deprecated"));
    assert!(!server.log().text().contains("hunter2"));
}

/// Runs with `--gen-index` on a server's storage, beside it.
fn printed(server: &Server, further: &[&str]) -> Output {
    let root = format!("--storage-local-rootdir={}", server.settings().storage().display());
    server.settings().bare_command().args(["--gen-index", &root]).args(further).output().unwrap()
}

#[tokio::test]
async fn q_f21_gen_index_prints_what_the_server_serves_and_nothing_else() {
    let server = Server::with(&["--context-path=/x"]).await;
    for version in ["1.0.0", "1.1.0"] {
        server.post("/x/api/charts", Chart::new("one", version).bytes).await.expect(201);
    }
    let served = server.get("/x/index.yaml").await.expect(200);
    let output = printed(&server, &["--context-path=/x", "--debug"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout), served.text());
    let yaml = printed(&server, &["--json-index=false"]);
    assert!(text(&yaml.stdout).starts_with("apiVersion: "), "{}", text(&yaml.stdout));

    let file = server.settings().storage().with_file_name("file");
    fs::write(&file, "no folder").unwrap();
    let root = format!("--storage-local-rootdir={}", file.display());
    let failed = printed(&server, &[&root]);
    assert_eq!((failed.status.code(), failed.stdout.len()), (Some(1), 0), "{}", text(&failed.stderr));

    let missing = server.settings().storage().with_file_name("missing");
    let failed = printed(&server, &[&format!("--storage-local-rootdir={}", missing.display())]);
    assert_eq!((failed.status.code(), failed.stdout.len()), (Some(1), 0), "{}", text(&failed.stderr));
    assert!(text(&failed.stderr).contains("is missing") && !missing.exists(), "{}", text(&failed.stderr));
}

#[tokio::test]
async fn gen_index_at_another_depth_serves() {
    let server = Server::with(&["--gen-index", "--depth=1"]).await;
    server.publish("org", &Chart::new("one", "1.0.0")).await;
}

#[tokio::test]
async fn with_always_regenerate_a_file_placed_by_hand_is_in_the_next_answer() {
    let server = Server::with(&["--always-regenerate-chart-index", "--cache-interval=0"]).await;
    server.publish("", &Chart::new("one", "1.0.0")).await;
    server.place("any-name.tgz", &Chart::new("two", "1.0.0").bytes);
    assert_eq!(server.index("").await.names(), ["one", "two"]);
    server.place("three-3.0.0.tgz", &Chart::new("three", "3.0.0").bytes);
    assert_eq!(server.listing("").await["three"][0]["version"], "3.0.0");
    fs::remove_file(server.file("three-3.0.0.tgz")).unwrap();
    server.index("").await; // it is believed to be gone when it was not there twice
    assert_eq!(server.index("").await.names(), ["one", "two"]);
    // readers at the same time share their looks
    let reads = (0..20).map(|_| server.index(""));
    for index in futures_util::future::join_all(reads).await {
        assert_eq!(index.names(), ["one", "two"]);
    }

    let server = Server::with(&["--cache-interval=0"]).await;
    server.publish("", &Chart::new("one", "1.0.0")).await;
    server.place("two-1.0.0.tgz", &Chart::new("two", "1.0.0").bytes);
    assert_eq!(server.index("").await.names(), ["one"]);
}

#[test]
fn called_chartmuseum_with_flags_only_it_works() {
    let launch = Launch::default();
    let other = launch.storage().with_file_name("chartmuseum");
    symlink(launch.bare_command().get_program(), &other).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&other);
        command.current_dir(other.parent().unwrap()).env_clear().env("HOME", other.parent().unwrap());
        command.args(arguments).output().unwrap()
    };
    let version = run(&["--version"]);
    assert_eq!(text(&version.stdout).split_whitespace().nth(2), Some(env!("CARGO_PKG_VERSION")));
    launch.place("one-1.0.0.tgz", &Chart::new("one", "1.0.0").bytes);
    let root = format!("-storage-local-rootdir={}", launch.storage().display());
    let index = run(&["-gen-index", "-storage", "local", &root]);
    assert_eq!(index.status.code(), Some(0), "{}", text(&index.stderr));
    let index: serde_json::Value = serde_json::from_slice(&index.stdout).unwrap();
    assert_eq!(index["entries"]["one"][0]["urls"][0], "charts/one-1.0.0.tgz");
}
