//! Every setting of ChartMuseum 0.16, one a line, and what each source makes of it.

use super::*;

/// Flag, environment variable, key in a file, what it takes, default. What it takes: `b`oolean, whole number (`i`),
/// `d`uration, text (`s`), pairs (`k`).
const TABLE: &[(&str, &str, &str, char, &str)] = &[
    ("gen-index", "GEN_INDEX", "genindex", 'b', "false"),
    ("debug", "DEBUG", "debug", 'b', "false"),
    ("log-json", "LOG_JSON", "logjson", 'b', "false"),
    ("log-health", "LOG_HEALTH", "loghealth", 'b', "false"),
    ("log-latency-integer", "LOG_LATENCY_INTEGER", "loglatencyinteger", 'b', "false"),
    ("disable-api", "DISABLE_API", "disableapi", 'b', "false"),
    ("disable-delete", "DISABLE_DELETE", "disabledelete", 'b', "false"),
    ("disable-statefiles", "DISABLE_STATEFILES", "disablestatefiles", 'b', "false"),
    ("json-index", "JSON_INDEX", "json-index", 'b', "false"),
    ("allow-overwrite", "ALLOW_OVERWRITE", "allowoverwrite", 'b', "false"),
    ("disable-force-overwrite", "DISABLE_FORCE_OVERWRITE", "disableforceoverwrite", 'b', "false"),
    ("port", "PORT", "port", 'i', "8080"),
    ("listen-host", "LISTEN_HOST", "listen.host", 's', "0.0.0.0"),
    ("read-timeout", "READ_TIMEOUT", "readtimeout", 'i', "30"),
    ("write-timeout", "WRITE_TIMEOUT", "writetimeout", 'i', "30"),
    ("chart-url", "CHART_URL", "charturl", 's', ""),
    ("context-path", "CONTEXT_PATH", "contextpath", 's', ""),
    ("depth", "DEPTH", "depth", 'i', "0"),
    ("depth-dynamic", "DEPTH_DYNAMIC", "depthdynamic", 'b', "false"),
    ("basic-auth-user", "BASIC_AUTH_USER", "basicauth.user", 's', ""),
    ("basic-auth-pass", "BASIC_AUTH_PASS", "basicauth.pass", 's', ""),
    ("auth-anonymous-get", "AUTH_ANONYMOUS_GET", "authanonymousget", 'b', "false"),
    ("bearer-auth", "BEARER_AUTH", "bearerauth", 'b', "false"),
    ("auth-realm", "AUTH_REALM", "authrealm", 's', ""),
    ("auth-service", "AUTH_SERVICE", "authservice", 's', ""),
    ("auth-cert-path", "AUTH_CERT_PATH", "authcertpath", 's', ""),
    ("auth-actions-search-path", "AUTH_ACTIONS_SEARCH_PATH", "authactionssearchpath", 's', ""),
    ("max-storage-objects", "MAX_STORAGE_OBJECTS", "maxstorageobjects", 'i', "0"),
    ("per-chart-limit", "PER_CHART_LIMIT", "per-chart-limit", 'i', "0"),
    ("disable-metrics", "DISABLE_METRICS", "disablemetrics", 'b', "false"),
    ("enable-metrics", "ENABLE_METRICS", "enablemetrics", 'b', "false"),
    ("tls-cert", "TLS_CERT", "tls.cert", 's', ""),
    ("tls-key", "TLS_KEY", "tls.key", 's', ""),
    ("tls-ca-cert", "TLS_CA_CERT", "tls.cacert", 's', ""),
    ("cors-alloworigin", "CORS_ALLOW_ORIGIN", "cors.alloworigin", 's', ""),
    ("max-upload-size", "MAX_UPLOAD_SIZE", "maxuploadsize", 'i', "20971520"),
    ("index-limit", "INDEX_LIMIT", "indexlimit", 'i', "0"),
    ("cache-interval", "CACHE_INTERVAL", "cacheinterval", 'd', "5m"),
    ("always-regenerate-chart-index", "ALWAYS_REGENERATE_CHART_INDEX", "always-regenerate-chart-index", 'b', "false"),
    ("chart-post-form-field-name", "CHART_POST_FORM_FIELD_NAME", "chartpostformfieldname", 's', "chart"),
    ("prov-post-form-field-name", "PROV_POST_FORM_FIELD_NAME", "provpostformfieldname", 's', "prov"),
    ("web-template-path", "WEB_TEMPLATE_PATH", "web-template-path", 's', ""),
    ("artifact-hub-repo-id", "ARTIFACT_HUB_REPO_ID", "artifact-hub-repo-id", 'k', ""),
    ("enforce-semver2", "ENFORCE_SEMVER2", "enforce-semver2", 'b', "false"),
    ("cache", "CACHE", "cache.store", 's', ""),
    ("cache-redis-addr", "CACHE_REDIS_ADDR", "cache.redis.addr", 's', ""),
    ("cache-redis-password", "CACHE_REDIS_PASSWORD", "cache.redis.password", 's', ""),
    ("cache-redis-db", "CACHE_REDIS_DB", "cache.redis.db", 'i', "0"),
    ("storage", "STORAGE", "storage.backend", 's', ""),
    ("storage-timestamp-tolerance", "STORAGE_TIMESTAMP_TOLERANCE", "storage.timestamptolerance", 'd', "0"),
    ("storage-local-rootdir", "STORAGE_LOCAL_ROOTDIR", "storage.local.rootdir", 's', ""),
    ("storage-amazon-bucket", "STORAGE_AMAZON_BUCKET", "storage.amazon.bucket", 's', ""),
    ("storage-amazon-prefix", "STORAGE_AMAZON_PREFIX", "storage.amazon.prefix", 's', ""),
    ("storage-amazon-region", "STORAGE_AMAZON_REGION", "storage.amazon.region", 's', ""),
    ("storage-amazon-endpoint", "STORAGE_AMAZON_ENDPOINT", "storage.amazon.endpoint", 's', ""),
    ("storage-amazon-sse", "STORAGE_AMAZON_SSE", "storage.amazon.sse", 's', ""),
    (
        "storage-amazon-force-path-style",
        "STORAGE_AMAZON_FORCE_PATH_STYLE",
        "storage.amazon.forcepathstyle",
        'b',
        "true",
    ),
    ("storage-google-bucket", "STORAGE_GOOGLE_BUCKET", "storage.google.bucket", 's', ""),
    ("storage-google-prefix", "STORAGE_GOOGLE_PREFIX", "storage.google.prefix", 's', ""),
    ("storage-oracle-bucket", "STORAGE_ORACLE_BUCKET", "storage.oracle.bucket", 's', ""),
    ("storage-oracle-prefix", "STORAGE_ORACLE_PREFIX", "storage.oracle.prefix", 's', ""),
    ("storage-oracle-region", "STORAGE_ORACLE_REGION", "storage.oracle.region", 's', ""),
    ("storage-oracle-compartmentid", "STORAGE_ORACLE_COMPARTMENTID", "storage.oracle.compartmentid", 's', ""),
    ("storage-microsoft-container", "STORAGE_MICROSOFT_CONTAINER", "storage.microsoft.container", 's', ""),
    ("storage-microsoft-prefix", "STORAGE_MICROSOFT_PREFIX", "storage.microsoft.prefix", 's', ""),
    ("storage-alibaba-bucket", "STORAGE_ALIBABA_BUCKET", "storage.alibaba.bucket", 's', ""),
    ("storage-alibaba-prefix", "STORAGE_ALIBABA_PREFIX", "storage.alibaba.prefix", 's', ""),
    ("storage-alibaba-endpoint", "STORAGE_ALIBABA_ENDPOINT", "storage.alibaba.endpoint", 's', ""),
    ("storage-alibaba-sse", "STORAGE_ALIBABA_SSE", "storage.alibaba.sse", 's', ""),
    ("storage-openstack-container", "STORAGE_OPENSTACK_CONTAINER", "storage.openstack.container", 's', ""),
    ("storage-openstack-prefix", "STORAGE_OPENSTACK_PREFIX", "storage.openstack.prefix", 's', ""),
    ("storage-openstack-region", "STORAGE_OPENSTACK_REGION", "storage.openstack.region", 's', ""),
    ("storage-openstack-cacert", "STORAGE_OPENSTACK_CACERT", "storage.openstack.cacert", 's', ""),
    ("storage-openstack-auth", "STORAGE_OPENSTACK_AUTH", "storage.openstack.auth", 's', "auto"),
    ("storage-baidu-bucket", "STORAGE_BAIDU_BUCKET", "storage.baidu.bucket", 's', ""),
    ("storage-baidu-prefix", "STORAGE_BAIDU_PREFIX", "storage.baidu.prefix", 's', ""),
    ("storage-baidu-endpoint", "STORAGE_BAIDU_ENDPOINT", "storage.baidu.endpoint", 's', ""),
    ("storage-etcd-endpoint", "STORAGE_ETCD_ENDPOINT", "storage.etcd.endpoint", 's', "http://localhost:2379"),
    ("storage-etcd-cafile", "STORAGE_ETCD_CAFILE", "storage.etcd.cafile", 's', ""),
    ("storage-etcd-certfile", "STORAGE_ETCD_CERTFILE", "storage.etcd.certfile", 's', ""),
    ("storage-etcd-keyfile", "STORAGE_ETCD_KEYFILE", "storage.etcd.keyfile", 's', ""),
    ("storage-etcd-prefix", "STORAGE_ETCD_PREFIX", "storage.etcd.prefix", 's', ""),
    ("storage-tencent-bucket", "STORAGE_TENCENT_BUCKET", "storage.tencent.bucket", 's', ""),
    ("storage-tencent-prefix", "STORAGE_TENCENT_PREFIX", "storage.tencent.prefix", 's', ""),
    ("storage-tencent-endpoint", "STORAGE_TENCENT_ENDPOINT", "storage.tencent.endpoint", 's', ""),
];

/// Where Chandlery starts with what ChartMuseum refuses to start without, and with the index that Helm reads faster.
const OWN_DEFAULTS: &[(&str, &str)] =
    &[("json-index", "true"), ("storage", "local"), ("storage-local-rootdir", "./charts")];

/// What ChartMuseum takes for it: two texts, the second not the default.
fn samples(name: &str, kind: char) -> (&'static str, &'static str) {
    match (name, kind) {
        ("storage", _) => ("local", "LOCAL"),
        ("cache", _) => ("redis", "Redis"),
        ("chart-url", _) => ("http://a.example", "https://b.example/charts"),
        ("cors-alloworigin", _) => ("*", "https://a.example"),
        ("artifact-hub-repo-id", _) => ("94a7a4b3", "org1/repoa=94a7a4b3"),
        ("listen-host", _) => ("127.0.0.1", "[::1]"),
        (_, 'b') => ("false", "true"),
        (_, 'i') => ("12", "17"),
        (_, 'd') => ("1h30m", "90s"),
        _ => ("one", "other"),
    }
}

fn in_file(values: &Values, setting: &Setting) -> bool {
    matches!(values.given(setting).source, Source::File(..))
}

#[test]
fn every_setting_of_chartmuseum_is_known_by_all_its_names() {
    for (name, variable, key, kind, default) in TABLE {
        let setting = SETTINGS.iter().find(|setting| setting.name == *name);
        let setting = setting.unwrap_or_else(|| panic!("--{name} is not known"));
        let own = OWN_DEFAULTS.iter().find(|(own, _)| own == name).map(|(_, default)| default);
        assert_eq!(setting.variable(), *variable);
        assert_eq!(setting.key, Some(*key));
        assert_eq!(&setting.default, own.unwrap_or(default), "--{name}");
        let expected = match setting.kind {
            Kind::Boolean => "b",
            Kind::Integer(..) | Kind::Size => "i",
            Kind::Seconds => "id", // a number of seconds in ChartMuseum
            Kind::Duration => "d",
            Kind::Text | Kind::Choice(_) => "s",
            Kind::Pairs => "k",
        };
        assert!(expected.contains(*kind), "--{name} takes {:?}", setting.kind);
    }
}

#[test]
fn every_setting_of_chartmuseum_is_taken_from_every_source_in_its_order() {
    for (name, variable, key, kind, _) in TABLE {
        let setting = SETTINGS.iter().find(|setting| setting.name == *name).unwrap();
        let (one, other) = samples(name, *kind);
        let given = |sources: &Sources| {
            let values = sources.values().unwrap_or_else(|faults| panic!("--{name}: {faults:?}"));
            let given = values.given(setting);
            (given.text.clone(), given.source.clone())
        };
        // a file as ChartMuseum reads it: dotted or nested, in any case, bare values or texts
        let nested = |value: serde_json::Value| {
            let key = if *kind == 'k' { key.to_string() } else { key.to_uppercase() };
            key.rsplit('.').fold(value, |inner, part| serde_json::json!({ part: inner })).to_string()
        };
        let bare: serde_json::Value = serde_json::from_str(one).unwrap_or_else(|_| one.into());
        for file in [format!("{key}: \"{one}\""), nested(one.into()), nested(bare)] {
            let values = Sources::default().file(&file).values().unwrap_or_else(|faults| panic!("{file}: {faults:?}"));
            assert_eq!(values.given(setting).text, one, "{file}");
            assert!(in_file(&values, setting), "{file}");
        }
        let file = || Sources::default().file(&format!("{key}: \"{one}\""));
        let environment = Source::Environment((*variable).to_owned());
        assert_eq!(given(&file().variable(variable, other)), (other.to_owned(), environment));
        let flag = Source::Flag((*name).to_owned());
        assert_eq!(given(&file().variable(variable, one).flag(setting.name, other)), (other.to_owned(), flag));
    }
}

#[test]
fn a_file_may_name_the_artifact_hub_ids_of_repositories_in_capitals() {
    let of = |file: &str| Sources::default().file(file).settings().web.artifact_hub_ids;
    let ids = of("artifact-hub-repo-id:\n  Org1/RepoA: 94a7a4b3\n  two: 5\n");
    let paths: Vec<_> = ids.iter().map(|(path, id)| (path.as_str(), id.as_str())).collect();
    assert_eq!(paths, [("Org1/RepoA", "94a7a4b3"), ("two", "5")]);
    assert_eq!(
        of("artifact-hub-repo-id: one=94a7a4b3")[&::catalogue::RepositoryPath::parse("one").unwrap()],
        "94a7a4b3"
    );
    assert!(Sources::default().file("artifact-hub-repo-id:\n  one: [1]").faults()[0].contains("artifact-hub-repo-id"));
    assert!(Sources::default().file("artifact-hub-repo-id:\n  a=b: x").faults()[0].contains("artifact-hub-repo-id"));
}

#[test]
fn what_has_no_effect_is_taken_and_said_once() {
    let notices = |sources: Sources| sources.settings().notices;
    let quiet = Sources::default()
        .variable("INDEX_LIMIT", "0")
        .variable("CACHE", "")
        .variable("CACHE_REDIS_DB", "0")
        .variable("DISABLE_STATEFILES", "false");
    assert_eq!(notices(quiet), []);
    let lines = notices(Sources::default().flag("cache", "redis").flag("cache-redis-password", "hunter2"));
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().all(|line| matches!(line, Notice::Unneeded(_, reason) if reason.contains("journal"))));
    assert_eq!(
        notices(Sources::default().variable("ENFORCE_SEMVER2", "false")),
        [Notice::Deprecated("enforce-semver2")] // ChartMuseum warns of it too, whatever its value
    );
    let foreign = notices(Sources::default().file("storage:\n  google:\n    bucket: charts\n"));
    assert_eq!(foreign, [Notice::Unneeded("storage-google-bucket", "its storage is not supported")]);
}

#[test]
fn a_storage_that_chartmuseum_has_and_we_have_not_is_refused_with_those_that_there_are() {
    for word in ["google", "oracle", "microsoft", "alibaba", "openstack", "baidu", "etcd", "tencent", "Google", "none"]
    {
        let faults = Sources::default().variable("STORAGE", word).faults();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with("storage: ") && faults[0].contains("local"), "{faults:?}");
        assert!(faults[0].contains(word) && faults[0].ends_with("(environment variable STORAGE)"), "{faults:?}");
    }
    let cache = Sources::default().flag("cache", "memcached").faults();
    assert_eq!(cache, [r#"cache: expected "redis", not "memcached" (flag --cache)"#]);
}
