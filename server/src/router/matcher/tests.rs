use http::Method;

use super::super::{decode, routes};
use super::*;
use crate::config::Repository;

const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn matcher(depth: Depth, context_path: &str) -> Matcher {
    let repository = Repository { depth, context_path: context_path.to_owned(), ..Repository::default() };
    Matcher::new(routes(), &Settings { repository, ..Settings::default() })
}

/// `operation repository name version filename`, with `-` for what is empty; or `404`.
fn find(matcher: &Matcher, method: &Method, raw: &str) -> String {
    let Some(path) = decode(raw) else { return "404".to_owned() };
    let Some(found) = matcher.find(method, &path) else { return "404".to_owned() };
    let shown = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let Parameters { name, version, filename, .. } = found.parameters;
    let words = [shown(found.repository.as_str()), shown(name), shown(version), shown(filename)];
    let line = format!("{:?} {}", found.route.operation, words.join(" "));
    line.trim_end_matches(" -").to_owned()
}

fn check(matcher: &Matcher, cases: &[(&str, &str)]) {
    for (request, expected) in cases {
        let (method, path) = request.split_once(' ').unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(find(matcher, &method, path), expected.trim_end_matches(" -"), "{request} with {:?}", matcher.depth);
    }
}

/// What ChartMuseum's own router tests ask, for every depth and context path, and in both orders of the API.
#[test]
fn every_route_at_every_depth_below_every_context_path() {
    for context in ["", "/x", "/x/y", "/x/y/z"] {
        for repository in ["", "org1", "org1/team1", "org1/team1/repo1"] {
            let depth = repository.split('/').filter(|segment| !segment.is_empty()).count();
            for depth in [Depth::Fixed(depth), Depth::Dynamic] {
                let matcher = matcher(depth, context);
                let below = if repository.is_empty() { String::new() } else { format!("/{repository}") };
                let shown = if repository.is_empty() { "-" } else { repository };
                let mut cases = vec![
                    (format!("GET {context}/"), "ShowWelcome".to_owned()),
                    (format!("GET {context}/health"), "ShowHealth".to_owned()),
                    (format!("GET {context}/info"), "ShowInfo".to_owned()),
                    (format!("GET {context}{below}/nothing/of/ours"), page(depth, &format!("{below}/nothing/of/ours"))),
                ];
                let files = "/charts/a-1.0.0.tgz";
                for (path, expected) in [
                    ("/index.yaml".to_owned(), format!("ShowIndex {shown}")),
                    (files.to_owned(), format!("DownloadFile {shown} - - a-1.0.0.tgz")),
                    ("/charts/a-1.0.0.tgz.prov".to_owned(), format!("DownloadFile {shown} - - a-1.0.0.tgz.prov")),
                    (format!("/charts/{DIGEST}/a.tgz"), format!("DownloadFile {shown} - - a.tgz")),
                ] {
                    cases.push((format!("GET {context}{below}{path}"), expected.clone()));
                    cases.push((format!("HEAD {context}{below}{path}"), expected));
                    cases.push((format!("PUT {context}{below}{path}"), "404".to_owned()));
                }
                for (view, operation, name) in [
                    ("latest/3", "ShowLatestIndex", "-"),
                    ("stable", "ShowStableIndex", "-"),
                    ("chart/mine", "ShowChartIndex", "mine"),
                ] {
                    let expected = format!("{operation} {shown} {name}");
                    cases.push((format!("GET {context}/-/{view}{below}/index.yaml"), expected));
                    let expected = format!("DownloadFile {shown} {name} - a-1.0.0.tgz");
                    cases.push((format!("GET {context}/-/{view}{below}{files}"), expected));
                }
                for api in [format!("{context}/api{below}"), format!("{context}{below}/api")] {
                    for (request, expected) in [
                        ("GET {}/charts", "ListCharts {}"),
                        ("HEAD {}/charts", "ListCharts {}"),
                        ("GET {}/charts/mychart", "ShowChart {} mychart"),
                        ("HEAD {}/charts/mychart", "ShowChart {} mychart"),
                        ("GET {}/charts/mychart/0.1.0", "ShowVersion {} mychart 0.1.0"),
                        ("HEAD {}/charts/mychart/0.1.0", "ShowVersion {} mychart 0.1.0"),
                        ("GET {}/charts/mychart/1.0.0+b/templates", "ShowTemplates {} mychart 1.0.0+b"),
                        ("GET {}/charts/mychart/1.0.0%2Bb/values", "ShowValues {} mychart 1.0.0+b"),
                        ("POST {}/charts", "UploadChart {}"),
                        ("POST {}/prov", "UploadProvenance {}"),
                        ("DELETE {}/charts/mychart/0.1.0", "DeleteVersion {} mychart 0.1.0"),
                        ("DELETE {}/charts/mychart", "DeleteChart {} mychart"),
                        ("PUT {}/charts", "404"),
                        ("OPTIONS {}/charts", "404"),
                        ("PATCH {}/charts/mychart/0.1.0", "404"),
                        ("DELETE {}/charts", "404"),
                    ] {
                        let expected = expected.replace("{}", shown);
                        cases.push((request.replace("{}", &api), expected));
                    }
                }
                let cases: Vec<_> = cases.iter().map(|(request, expected)| (&**request, &**expected)).collect();
                check(&matcher, &cases);
            }
        }
    }
}

/// What a path that names nothing else is: with a dynamic depth it may be a repository's page.
fn page(depth: Depth, repository: &str) -> String {
    match depth {
        Depth::Dynamic => format!("ShowRepository {}", repository.trim_start_matches('/')),
        Depth::Fixed(_) => "404".to_owned(),
    }
}

#[test]
fn only_paths_of_the_right_length_are_repositories() {
    check(
        &matcher(Depth::Fixed(0), ""),
        &[
            ("GET /anything", "404"),
            ("GET /charts", "404"),
            ("GET /charts/", "DownloadFile"),
            ("GET /charts/index-cache.yaml", "DownloadFile - - - index-cache.yaml"),
            ("GET /org1/index.yaml", "404"),
            ("GET /api/org1/charts", "404"),
            ("GET /api/charts/", "ShowChart"),
            ("GET /api/charts/foo/", "ShowVersion - foo"),
            ("DELETE /api/charts/foo/", "DeleteVersion - foo"),
            ("GET /api/charts/foo/1.0.0/", "404"),
            ("GET /api/prov", "404"),
            ("GET /api", "404"),
            ("GET /info/", "404"),
            ("GET /health/", "404"),
            ("POST /health", "404"),
            ("DELETE /index.yaml", "404"),
        ],
    );
    check(
        &matcher(Depth::Fixed(1), ""),
        &[
            ("GET /index.yaml", "404"),
            ("GET /org1", "ShowRepository org1"),
            ("HEAD /org1/", "ShowRepository org1"),
            ("GET /info", "ShowInfo"),
            ("GET /info/", "ShowRepository info"),
            ("GET /info/index.yaml", "ShowIndex info"),
            ("GET /org1/info", "ShowInfo org1"),
            ("GET /org1/health", "ShowHealth org1"),
            ("GET /org1/nothing", "404"),
            ("GET /o/r/index.yaml", "404"),
            ("GET /o/charts/r/index.yaml", "404"),
            ("POST /org1", "404"),
        ],
    );
    check(
        &matcher(Depth::Fixed(2), ""),
        &[
            ("GET /index.yaml", "404"),
            ("GET /o", "404"),
            ("GET /o/", "404"),
            ("GET /o/r", "ShowRepository o/r"),
            ("GET /o/r/", "ShowRepository o/r"),
            ("GET /o/index.yaml", "404"),
            ("GET /info", "ShowInfo"),
            ("GET /o/info", "ShowRepository o/info"),
            ("GET /o/r/info", "ShowInfo o/r"),
            ("GET /o/index.yaml/index.yaml", "ShowIndex o/index.yaml"),
        ],
    );
    check(
        &matcher(Depth::Dynamic, ""),
        &[
            ("GET /info", "ShowInfo"),
            ("GET /o/info", "ShowRepository o/info"),
            ("GET /o", "ShowRepository o"),
            ("GET /a/b/c/d/e/index.yaml", "ShowIndex a/b/c/d/e"),
            ("GET /index.yaml", "ShowIndex"),
            ("GET /a/charts/x.txt", "DownloadFile a - - x.txt"),
        ],
    );
}

/// ChartMuseum's router tests have these repositories; a class of path never hides one.
#[test]
fn repositories_with_the_names_of_routes() {
    let one = matcher(Depth::Fixed(1), "");
    for name in ["api", "apix", "health", "info", "static", "staticx", "charts", "prov", "v2"] {
        for (request, expected) in [
            ("GET /{}/index.yaml", "ShowIndex {}"),
            ("GET /{}/charts/x-1.tgz", "DownloadFile {} - - x-1.tgz"),
            ("GET /{}/charts/x-1.tgz.prov", "DownloadFile {} - - x-1.tgz.prov"),
            ("GET /api/{}/charts", "ListCharts {}"),
            ("POST /{}/api/charts", "UploadChart {}"),
            ("GET /api/{}/charts/charts", "ShowChart {} charts"),
        ] {
            check(&one, &[(&request.replace("{}", name), &expected.replace("{}", name))]);
        }
    }
    check(
        &matcher(Depth::Fixed(2), ""),
        &[
            ("GET /api/xyz/index.yaml", "ShowIndex api/xyz"),
            ("GET /api/xyz/charts/a.tgz", "DownloadFile api/xyz - - a.tgz"),
            ("GET /api/api/xyz/charts", "ListCharts api/xyz"),
            // both orders fit: ChartMuseum's is first
            ("GET /api/a/api/charts", "ListCharts a/api"),
        ],
    );
    check(
        &matcher(Depth::Dynamic, ""),
        &[
            ("GET /api/charts/charts", "ListCharts charts"),
            ("GET /api/charts/charts/foo", "ShowChart charts foo"),
            ("GET /api/index.yaml", "ShowIndex api"),
            ("GET /api/charts/x-1.tgz", "DownloadFile api - - x-1.tgz"),
            ("GET /api/o/charts/a.tgz", "DownloadFile api/o - - a.tgz"),
            ("GET /api/charts/index.yaml", "ShowIndex api/charts"),
            ("GET /team/api/charts/charts", "ShowChart team charts"),
            ("GET /api/charts/prov", "ShowChart - prov"),
            ("POST /api/charts/prov", "UploadProvenance charts"),
            ("POST /api/charts/charts", "UploadChart charts"),
            // of the two readings the one that deletes less
            ("DELETE /api/charts/charts/1.0.0", "DeleteVersion - charts 1.0.0"),
            ("DELETE /api/charts/charts", "DeleteChart - charts"),
        ],
    );
}

/// Q-C13: what ends like a file is still a name where nothing else is meant.
#[test]
fn versions_that_end_like_files() {
    check(
        &matcher(Depth::Fixed(0), ""),
        &[
            ("GET /api/charts/foo/1.0.0-a.tgz", "ShowVersion - foo 1.0.0-a.tgz"),
            ("DELETE /api/charts/foo/1.0.0-a.prov", "DeleteVersion - foo 1.0.0-a.prov"),
            ("GET /api/charts/foo.yaml", "ShowChart - foo.yaml"),
            ("GET /charts/footgz", "DownloadFile - - - footgz"),
        ],
    );
    check(&matcher(Depth::Fixed(1), ""), &[("GET /api/o/charts/a.tgz", "ShowChart o a.tgz")]);
}

/// Q-S1, and what is ours alone.
#[test]
fn no_repository_leaves_the_storage_or_hides_what_is_ours() {
    for depth in [Depth::Fixed(0), Depth::Fixed(1), Depth::Fixed(2), Depth::Dynamic] {
        let matcher = matcher(depth, "");
        for path in [
            "/../index.yaml",
            "/%2e%2e/index.yaml",
            "/a/%2e%2e/index.yaml",
            "/a%2f..%2fb/index.yaml",
            "/./index.yaml",
            "//index.yaml",
            "/a//index.yaml",
            "/.chandlery/index.yaml",
            "/.chandlery/journal/index.yaml",
            "/.hidden/charts/a.tgz",
            "/a/.b/charts/a.tgz",
            "/%00/index.yaml",
            "/a%5Cb/index.yaml",
            "/-/index.yaml",
            "/-/-/index.yaml",
            "/-/charts/a.tgz",
            "/-/a/charts/a.tgz",
            "/-",
            "/-/",
            "/-/x",
            "/-/live",
            "/-/live/",
            "/-/latest/0/index.yaml",
            "/-/latest/01/index.yaml",
            "/-/latest/+1/index.yaml",
            "/-/latest/x/index.yaml",
            "/-/latest/index.yaml",
            "/-/latest/99999999999999999999999/index.yaml",
            "/-/latest/3/-/index.yaml",
            "/v2",
            "/v2/",
            "/v2/library",
            "/api/../charts",
            "/api/%2e%2e/charts",
            "/api/.chandlery/charts",
            "/-/api/charts",
        ] {
            for method in [Method::GET, Method::HEAD, Method::POST, Method::DELETE] {
                assert_eq!(find(&matcher, &method, path), "404", "{method} {path} with {depth:?}");
            }
        }
    }
}

#[test]
fn the_api_has_no_repository_below_the_dash() {
    check(&matcher(Depth::Fixed(1), ""), &[("GET /api/-/charts", "404"), ("POST /api/-/charts", "404")]);
    check(
        &matcher(Depth::Dynamic, ""),
        &[("GET /api/-/charts", "ShowRepository api/-/charts"), ("POST /api/-/charts", "404")],
    );
}

#[test]
fn the_context_path_is_whole_segments() {
    check(
        &matcher(Depth::Fixed(0), "/foo/bar"),
        &[
            ("GET /foo/bar", "ShowWelcome"),
            ("GET /foo/bar/", "ShowWelcome"),
            ("GET /foo/bar/index.yaml", "ShowIndex"),
            ("GET /foo/bar/health", "ShowHealth"),
            ("GET /foo/bar/api/charts", "ListCharts"),
            ("GET /foo/bar/-/live", "404"),
            ("GET /-/live", "404"),
            ("GET /", "404"),
            ("GET /health", "404"),
            ("GET /index.yaml", "404"),
            ("GET /foo/barx/index.yaml", "404"),
            ("GET /foo/barindex.yaml", "404"),
            ("GET /foo/index.yaml", "404"),
        ],
    );
}

#[test]
fn routes_that_settings_bring() {
    let web = crate::config::Web {
        template_folder: Some("pages".into()),
        artifact_hub_ids: [(RepositoryPath::root(), "1".to_owned())].into(),
        ..Default::default()
    };
    let with = |depth| {
        let repository = Repository { depth, context_path: "/foo".to_owned(), ..Repository::default() };
        Matcher::new(routes(), &Settings { repository, web: web.clone(), ..Settings::default() })
    };
    for depth in [Depth::Fixed(1), Depth::Dynamic] {
        let matcher = with(depth);
        check(
            &matcher,
            &[
                ("GET /foo/a/artifacthub-repo.yml", "ShowArtifactHub a"),
                ("GET /foo/static/index.yaml", "ShowIndex static"),
                ("GET /foo/static/charts/a.tgz", "DownloadFile static - - a.tgz"),
                ("GET /foo/static/style.css", "ShowStaticFile"),
                ("GET /foo/static/img/a/b.png", "ShowStaticFile"),
                ("POST /foo/static/style.css", "404"),
            ],
        );
        assert_eq!(matcher.find(&Method::GET, "/foo/static/img/a/b.png").unwrap().parameters.path, "img/a/b.png");
        assert!(matcher.find(&Method::GET, "/foo/static").is_none_or(|found| found.repository.as_str() == "static"));
        assert!(matcher.find(&Method::GET, "/foo/staticx/y.css").is_none_or(|found| found.parameters.path.is_empty()));
    }
    for path in ["/artifacthub-repo.yml", "/static/style.css"] {
        assert_eq!(find(&matcher(Depth::Fixed(0), ""), &Method::GET, path), "404");
    }
}

#[test]
fn routes_that_were_switched_off() {
    let settings = |api, delete| Settings {
        repository: Repository { api, delete, ..Repository::default() },
        ..Settings::default()
    };
    let without_delete = Matcher::new(routes(), &settings(true, false));
    check(
        &without_delete,
        &[
            ("DELETE /api/charts/a/1.0.0", "404"),
            ("DELETE /api/charts/a", "404"),
            ("GET /api/charts/a/1.0.0", "ShowVersion - a 1.0.0"),
            ("POST /api/charts", "UploadChart"),
        ],
    );
    let without_api = Matcher::new(routes(), &settings(false, true));
    for (method, path) in [
        (Method::GET, "/api/charts"),
        (Method::GET, "/api/charts/a"),
        (Method::GET, "/api/charts/a/1.0.0"),
        (Method::POST, "/api/charts"),
        (Method::POST, "/api/prov"),
        (Method::DELETE, "/api/charts/a/1.0.0"),
        (Method::DELETE, "/api/charts/a"),
    ] {
        assert_eq!(find(&without_api, &method, path), "404", "{method} {path}");
    }
    check(&without_api, &[("GET /index.yaml", "ShowIndex"), ("GET /charts/a.tgz", "DownloadFile - - - a.tgz")]);
}

#[test]
fn the_digest_and_the_count_are_read() {
    let matcher = matcher(Depth::Dynamic, "");
    let by_digest = format!("/a/b/charts/{DIGEST}/x.tgz");
    let found = matcher.find(&Method::GET, &by_digest).unwrap();
    assert_eq!(found.parameters.digest, Some(DIGEST.parse().unwrap()));
    assert_eq!(found.repository.as_str(), "a/b");
    let found = matcher.find(&Method::GET, "/-/latest/12/a/index.yaml").unwrap();
    assert_eq!(found.parameters.count, 12);
    let upper = format!("/a/b/charts/{}/x.tgz", DIGEST.to_uppercase());
    assert_eq!(find(&matcher, &Method::GET, &upper), page(Depth::Dynamic, &upper));
}
