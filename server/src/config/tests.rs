use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use ::catalogue::Freshness;
use chart::index::Format;

use super::*;

mod chartmuseum;

/// The sources of one run.
#[derive(Default)]
struct Sources {
    flags: BTreeMap<&'static str, String>,
    environment: BTreeMap<String, String>,
    folder: Option<tempfile::TempDir>,
}

impl Sources {
    fn flag(mut self, name: &'static str, text: &str) -> Self {
        self.flags.insert(name, text.to_owned());
        self
    }

    fn variable(mut self, variable: &str, text: &str) -> Self {
        self.environment.insert(variable.to_owned(), text.to_owned());
        self
    }

    fn file_named(mut self, name: &str, text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        self.folder = Some(folder);
        self.flag("config", path.to_str().unwrap())
    }

    fn file(self, text: &str) -> Self {
        self.file_named("settings.yaml", text)
    }

    fn values(&self) -> Result<Values, Vec<SettingError>> {
        Values::collect(&self.flags, |variable| self.environment.get(variable).map(OsString::from))
    }

    fn settings(&self) -> Settings {
        Settings::from_values(&self.values().unwrap()).unwrap()
    }

    fn faults(&self) -> Vec<String> {
        let faults = match self.values() {
            Err(faults) => faults,
            Ok(values) => Settings::from_values(&values).unwrap_err(),
        };
        faults.iter().map(ToString::to_string).collect()
    }
}

/// A value that is not the default, and another one.
fn samples(setting: &Setting) -> (&'static str, &'static str) {
    match (setting.name, setting.kind) {
        ("listen-host", _) => ("127.0.0.1", "::1"),
        ("read-freshness", _) => ("strict", "3s"),
        ("cors-alloworigin", _) => ("*", "https://a.example"),
        ("storage", _) => ("local", "LOCAL"), // the other kinds need more
        ("storage-amazon-sse", _) => ("AES256", "aws:kms"),
        ("storage-amazon-part-size", _) => ("5Mi", "64Mi"),
        ("storage-amazon-checksums", _) => ("when_required", "when_supported"),
        ("chart-url", _) => ("https://a.example", "https://b.example"),
        (_, Kind::Boolean) if setting.default == "true" => ("false", "true"),
        (_, Kind::Boolean) => ("true", "false"),
        (_, Kind::Integer(..)) => ("7", "8"),
        (_, Kind::Size) => ("77", "1Ki"),
        (_, Kind::Duration | Kind::Seconds) => ("7m", "8m"),
        (_, Kind::Choice(words)) => (words[0], words[words.len() - 1]),
        (_, Kind::Text) => ("some", "other"),
        (_, Kind::Pairs) => ("one=1", "two=2"),
    }
}

/// What else must be set for a setting to be allowed.
fn companions(setting: &Setting) -> Sources {
    let bearer =
        [("bearer-auth", "true"), ("auth-realm", "realm"), ("auth-service", "service"), ("auth-cert-path", "keys.pem")];
    let redirect = [
        ("storage", "amazon"),
        ("storage-amazon-bucket", "charts"),
        ("storage-amazon-endpoint", "http://store:9000"),
        ("storage-redirect", "true"),
    ];
    let companions = match setting.name {
        "storage-redirect" => &redirect[..3],
        name if name.starts_with("storage-redirect-") => &redirect,
        "basic-auth-user" => &[("basic-auth-pass", "secret")][..],
        "basic-auth-pass" => &[("basic-auth-user", "me")],
        "auth-anonymous-get" => &[],
        "tls-cert" => &[("tls-key", "tls.key")],
        "tls-key" => &[("tls-cert", "tls.crt")],
        "tls-ca-cert" => &[("tls-cert", "tls.crt"), ("tls-key", "tls.key")],
        name if name == "bearer-auth" || name.starts_with("auth-") => &bearer,
        _ => &[],
    };
    let companions = companions.iter().filter(|(name, _)| *name != setting.name);
    companions.fold(Sources::default(), |sources, (name, text)| sources.variable(&variable(name), text))
}

fn variable(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}

#[test]
fn without_any_source_the_defaults_are_those_of_the_structs() {
    assert_eq!(Sources::default().settings(), Settings::default());
}

#[test]
fn names_are_unique_in_every_source() {
    let unique = |names: Vec<String>| {
        let set: std::collections::BTreeSet<_> = names.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(set.len(), names.len(), "{names:?}");
    };
    unique(SETTINGS.iter().map(|setting| setting.name.to_owned()).collect());
    unique(SETTINGS.iter().map(|setting| setting.variable()).collect());
    unique(SETTINGS.iter().filter_map(|setting| setting.key).map(str::to_owned).collect());
    for setting in SETTINGS {
        let shadowed = SETTINGS.iter().filter(|other| other.name != setting.name && other.key == Some(setting.name));
        assert_eq!(shadowed.count(), 0, "{}", setting.name);
        assert!(setting.name == "config" || setting.key.is_some(), "{}", setting.name);
    }
}

#[test]
fn every_setting_is_read_from_every_source_in_order() {
    for setting in SETTINGS.iter().filter(|setting| setting.name != "config") {
        let key = setting.key.unwrap();
        let (one, other) = samples(setting);
        let nested = key
            .rsplit('.')
            .fold(one.into(), |inner: serde_json::Value, part| serde_json::json!({ part.to_uppercase(): inner }));
        let text = |sources: &Sources| {
            let values = sources.values().unwrap();
            Settings::from_values(&values).unwrap();
            (values.given(setting).text.clone(), values.given(setting).source.to_string())
        };

        let (found, source) = text(&companions(setting).file_named("nested.json", &nested.to_string()));
        assert_eq!(found, one, "{}", setting.name);
        assert!(source.starts_with(&format!("key {} of ", key.to_uppercase())), "{source}");
        for key in [key, setting.name] {
            let (found, source) = text(&companions(setting).file(&format!("{key}: \"{one}\"")));
            assert_eq!(found, one, "{}", setting.name);
            assert!(source.starts_with(&format!("key {key} of ")), "{source}");
        }

        let with_file = || companions(setting).file(&format!("{key}: \"{one}\""));
        let (found, source) = text(&with_file().variable(&setting.variable(), other));
        assert_eq!((found.as_str(), source), (other, format!("environment variable {}", setting.variable())));

        let (found, source) = text(&with_file().variable(&setting.variable(), one).flag(setting.name, other));
        assert_eq!((found.as_str(), source), (other, format!("flag --{}", setting.name)));
    }
}

#[test]
fn every_setting_changes_what_the_server_runs_with() {
    let without_effect_alone = ["config", "storage"]; // read by the sources; the default
    let of_amazon = |setting: &&&Setting| setting.name.starts_with("storage-amazon-");
    for setting in
        SETTINGS.iter().filter(|setting| !of_amazon(setting) && !without_effect_alone.contains(&setting.name))
    {
        let (one, _) = samples(setting);
        let settings = companions(setting).flag(setting.name, one).settings();
        // some cannot be left out beside their companions
        let without = Settings::from_values(&companions(setting).values().unwrap());
        let has_no_effect = without.is_ok_and(|without| without == settings);
        // JSON is the default already
        assert_eq!(has_no_effect, setting.name == "index-format", "{}", setting.name);
    }
    for setting in SETTINGS.iter().filter(of_amazon) {
        let sources = || amazon().flag("storage-amazon-sse", "aws:kms");
        let (one, _) = samples(setting);
        assert_ne!(sources().flag(setting.name, one).settings(), sources().settings(), "{}", setting.name);
    }
}

/// As little as a bucket needs.
fn amazon() -> Sources {
    let sources = Sources::default().flag("storage", "Amazon").flag("storage-amazon-bucket", "charts");
    sources.flag("storage-amazon-endpoint", "http://store:9000")
}

#[test]
fn a_bucket_needs_what_chartmuseum_needs() {
    let Storage::Amazon(bucket) = amazon().settings().storage else { panic!("another storage") };
    let expected = storage_s3::Options {
        bucket: "charts".to_owned(),
        endpoint: Some("http://store:9000".to_owned()),
        ..storage_s3::Options::default()
    };
    assert_eq!((bucket.options, bucket.heartbeat), (expected, Duration::from_secs(5)));
    let faults = |sources: Sources| sources.faults().join("\n");
    assert_eq!(
        faults(Sources::default().flag("storage", "amazon")),
        "storage-amazon-bucket: it is needed for the storage amazon (default)"
    );
    assert_eq!(
        faults(Sources::default().flag("storage", "amazon").flag("storage-amazon-bucket", "charts")),
        "storage-amazon-region: it is needed where there is no endpoint (default)"
    );
    let at_home = Sources::default().flag("storage", "amazon").variable("STORAGE_AMAZON_BUCKET", "charts");
    let Storage::Amazon(bucket) = at_home.variable("STORAGE_AMAZON_REGION", "eu-west-1").settings().storage else {
        panic!("another storage")
    };
    assert_eq!((&*bucket.options.region, bucket.options.endpoint), ("eu-west-1", None));
    assert!(faults(amazon().flag("storage-amazon-sse", "rot13")).starts_with("storage-amazon-sse: expected AES256, "));
    assert!(
        faults(amazon().flag("storage-amazon-sse-kms-key-id", "k"))
            .ends_with("it needs --storage-amazon-sse=aws:kms (flag --storage-amazon-sse-kms-key-id)")
    );
    for size in ["4Mi", "2Gi"] {
        assert!(faults(amazon().flag("storage-amazon-part-size", size)).contains("from 5Mi to 1Gi"), "{size}");
    }
    assert!(faults(amazon().flag("storage-amazon-attempt-timeout", "0s")).contains("it must not be zero"));
    let redirecting = || amazon().flag("storage-redirect", "true");
    for life in ["0s", "169h"] {
        assert!(faults(redirecting().flag("storage-redirect-expiry", life)).contains("from 1s to 168h"), "{life}");
    }
    let folder = faults(Sources::default().flag("storage-redirect", "true"));
    assert_eq!(
        folder,
        "storage-redirect: a folder gives out no addresses: it needs --storage=amazon (flag --storage-redirect)"
    );
}

#[test]
fn values_in_a_file_need_no_quotes() {
    let settings = Sources::default()
        .file(
            "port: 18306\ndebug: true\nallowoverwrite: 1\ncacheinterval: 1h\nstorage:\n  local:\n    rootdir: /data\n",
        )
        .settings();
    assert_eq!(settings.listen.port, 18306);
    assert!(settings.log.debug && settings.repository.allow_overwrite);
    assert_eq!(settings.catalogue.reconcile_interval, Duration::from_secs(3600));
    assert_eq!(settings.storage, Storage::Local { root: "/data".into() });
}

#[test]
fn a_file_that_says_nothing_is_fine() {
    for text in ["", "# nothing\n", "{}", "port:\n"] {
        assert_eq!(Sources::default().file(text).settings(), Settings::default(), "{text:?}");
    }
}

#[test]
fn meanings_of_single_settings() {
    let with = |name, text: &str| Sources::default().flag(name, text).settings();
    assert_eq!(with("index-format", "yaml").index.format, Format::Yaml);
    assert_eq!(with("json-index", "false").index.format, Format::Yaml);
    let both = Sources::default().flag("json-index", "false").flag("index-format", "JSON").settings();
    assert_eq!(both.index.format, Format::Json);
    for text in ["foo/bar/", "/foo/bar", "foo/bar"] {
        assert_eq!(with("context-path", text).repository.context_path, "/foo/bar");
    }
    assert_eq!(with("context-path", "/").repository.context_path, "");
    assert_eq!(
        with("chart-url", "https://charts.example/x/").index.chart_url.as_deref(),
        Some("https://charts.example/x")
    );
    assert_eq!(with("listen-host", "[::1]").listen.host, "::1");
    assert_eq!(with("listen-host", "::1").listen.host, "::1");
    assert_eq!(with("read-freshness", "Strict").catalogue.freshness, Some(Freshness::Strict));
    assert_eq!(with("read-freshness", "0").catalogue.freshness, Some(Freshness::Strict));
    assert_eq!(
        with("read-freshness", "250ms").catalogue.freshness,
        Some(Freshness::Within(Duration::from_millis(250)))
    );
    assert_eq!(with("read-timeout", "0").listen.read_timeout, Duration::ZERO);
    assert_eq!(with("depth", "2").repository.depth, Depth::Fixed(2));
    let dynamic = Sources::default().flag("depth", "2").flag("depth-dynamic", "true").settings();
    assert_eq!(dynamic.repository.depth, Depth::Dynamic);
}

#[test]
fn what_is_wrong_is_told_by_setting_and_source() {
    let one = |sources: Sources| {
        let faults = sources.faults();
        assert_eq!(faults.len(), 1, "{faults:?}");
        faults[0].clone()
    };
    assert_eq!(
        one(Sources::default().variable("PORT", "abc")),
        r#"port: expected a whole number from 0 to 65535, not "abc" (environment variable PORT)"#
    );
    assert_eq!(
        one(Sources::default().variable("DEBUG", "yes")),
        r#"debug: expected true or false, not "yes" (environment variable DEBUG)"#
    );
    assert_eq!(
        one(Sources::default().flag("cache-interval", "5")),
        r#"cache-interval: expected a duration such as 5m or 1h30m, not "5" (flag --cache-interval)"#
    );
    assert_eq!(
        one(Sources::default().flag("storage", "floppy")),
        r#"storage: expected one of local, amazon, not "floppy" (flag --storage)"#
    );
    assert_eq!(
        one(Sources::default().variable("CACHE_INTERVAL", "")),
        "cache-interval: expected a duration such as 5m or 1h30m, and it is empty (environment variable CACHE_INTERVAL)"
    );
    assert!(one(Sources::default().flag("read-freshness", "soon")).starts_with("read-freshness: expected strict, or"));
    assert!(one(Sources::default().flag("chart-url", "charts.example")).starts_with("chart-url: expected an http"));
    assert!(one(Sources::default().flag("context-path", "/../x")).starts_with("context-path: expected a path"));
    assert!(one(Sources::default().flag("listen-host", "a b")).starts_with("listen-host: expected an address"));
    assert!(one(Sources::default().flag("config", "/nowhere/at/all.yaml")).ends_with("all.yaml: not found"));
    assert!(one(Sources::default().variable("CONFIG", "/nowhere.toml")).contains("it must have the extension"));
    assert!(
        one(Sources::default().file("cache-intervall: 5m")).ends_with("settings.yaml: unknown key cache-intervall")
    );
    assert!(one(Sources::default().file("storage:\n  lokal: x")).ends_with("unknown key storage.lokal"));
    assert!(one(Sources::default().file("config: other.yaml")).ends_with("unknown key config"));
    assert!(one(Sources::default().file("port: [1]")).ends_with("port: expected a whole number from 0 to 65535"));
    assert!(one(Sources::default().file("Port: 1\nport: 2")).ends_with("port is given twice (also as Port)"));
    assert!(one(Sources::default().file("- a")).ends_with("it must be a mapping of keys to values"));
    assert!(one(Sources::default().file("port: {")).contains("settings.yaml: "));
    assert!(one(Sources::default().file("port: x")).contains("(key port of "));
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let faults = Sources::default().flag("port", "x").variable("DEBUG", "y").file("a: 1\nb: 2").faults();
    assert_eq!(faults.len(), 4, "{faults:?}");
    assert_eq!(Sources::default().flag("chart-url", "x").flag("context-path", "..").faults().len(), 2);
}

#[test]
fn a_variable_in_another_encoding_is_not_guessed_at() {
    let odd = std::os::unix::ffi::OsStringExt::from_vec(b"/data/\xff".to_vec());
    let environment = |variable: &str| (variable == "STORAGE_LOCAL_ROOTDIR").then(|| OsString::clone(&odd));
    let faults = Values::collect(&BTreeMap::new(), environment).unwrap_err();
    let expected = "storage-local-rootdir: it is not UTF-8 (environment variable STORAGE_LOCAL_ROOTDIR)";
    assert_eq!(faults.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
}

#[test]
fn unknown_variables_do_not_matter() {
    let sources = Sources::default().variable("CHARTMUSEUM_PORT", "tcp://10.0.0.1:8080").variable("SOME", "thing");
    assert_eq!(sources.settings(), Settings::default());
}

#[test]
fn what_is_in_force_is_shown_with_its_source() {
    let text = in_force(&Sources::default().variable("PORT", "1234").values().unwrap());
    assert_eq!(text.lines().count(), SETTINGS.len());
    let line = |name: &str| {
        let line = text.lines().find(|line| line.split_whitespace().next() == Some(name)).unwrap();
        line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("port"), "1234 environment variable PORT");
    assert_eq!(line("depth"), "0 default");
    assert_eq!(line("chart-url"), "- default");
}

#[test]
fn the_readme_has_the_table_of_settings() {
    let readme = include_str!("../../../README.md");
    assert!(readme.contains(&markdown()), "put the output of `chandlery settings` into README.md");
}

#[test]
fn half_of_tls_is_told_with_the_setting_that_was_given() {
    for (given, missing) in [("tls-cert", "tls-key"), ("tls-key", "tls-cert"), ("tls-ca-cert", "tls-cert and tls-key")]
    {
        let faults = Sources::default().flag(given, "file").faults();
        assert_eq!(faults, [format!("{given}: it needs {missing} too (flag --{given})")]);
    }
}
