use super::{get, pages, publish};
use crate::classic::tests::fixtures::TestServer;

async fn four_charts() -> TestServer {
    let server = TestServer::start().await;
    for (name, version, lines) in [
        ("nginx", "1.0.0", "description: A Web Server\nkeywords: [http, Proxy]\n"),
        ("nginx", "1.1.0", "description: A better web server\nkeywords: [http]\ntype: application\n"),
        ("nginx-lib", "0.1.0", "type: library\nkeywords: [\"lib, http\"]\n"),
        ("Old", "9.0.0", "deprecated: true\ndescription: É la nginx\n"),
        ("pre", "1.0.0-rc.1", "deprecated: false\n"),
    ] {
        publish(&server, "", name, version, lines).await;
    }
    server
}

#[tokio::test]
async fn each_filter_finds_what_fits() {
    let server = four_charts().await;
    let all = ["Old 9.0.0", "nginx 1.1.0", "nginx 1.0.0", "nginx-lib 0.1.0", "pre 1.0.0-rc.1"];
    for (query, expected) in [
        ("", &all[..]),
        ("name=nginx", &all[1..3]),
        ("name=nginx*", &all[1..4]),
        ("name=*n*x", &all[1..3]),
        ("name=NGINX", &[]),
        ("keyword=proxy", &all[2..3]),
        ("keyword=http", &all[1..3]),
        ("keyword=Lib,+HTTP", &all[3..4]),
        ("keyword=htt", &[]),
        ("text=NGINX", &all[..4]),
        ("text=%C3%A9", &all[..1]),
        ("text=server+better", &all[1..2]),
        ("text=web+prox", &all[2..3]),
        ("text=better+proxy", &[]),
        ("deprecated=true", &all[..1]),
        ("deprecated=false", &all[1..]),
        ("type=library", &all[3..4]),
        ("type=application&name=nginx*", &all[1..3]),
        ("range=>=1.0.0+<2", &all[1..3]),
        ("range=>=1.0.0-0+<2", &[all[1], all[2], all[4]]),
        ("range=^1.0&keyword=http&text=better", &all[1..2]),
        ("since=2020-01-01T00:00:00Z", &all),
        ("since=2020-01-01T00:00:00+02:00", &all),
        ("since=9000-01-01T00:00:00Z", &[]),
    ] {
        for limit in [1, 100] {
            let (lines, _) = pages(&server, "versions", &format!("{query}&limit={limit}")).await;
            assert_eq!(lines, expected, "{query}");
        }
    }
}

#[tokio::test]
async fn o18_who_has_a_digest_can_be_asked() {
    let server = four_charts().await;
    let shown = get(&server, "charts/nginx?range=1.0.0&fields=digest").await.json();
    let digest = shown["digest"].as_str().unwrap().to_owned();
    for text in [digest.clone(), format!("sha256:{digest}")] {
        let (lines, _) = pages(&server, "versions", &format!("digest={text}&limit=10")).await;
        assert_eq!(lines, ["nginx 1.0.0"]);
    }
    let (lines, _) = pages(&server, "versions", &format!("digest={}&limit=10", "0".repeat(64))).await;
    assert_eq!(lines, [""; 0]);
    let sentence = "digest is a SHA-256: 64 hexadecimal digits, with or without sha256:";
    server.get("/-/api/v1/versions?digest=sha512:00").await.is_error(400, sentence);
}

#[tokio::test]
async fn filters_of_charts_look_at_the_version_that_is_shown() {
    let server = four_charts().await;
    for (query, expected) in [
        ("", &["Old 9.0.0", "nginx 1.1.0", "nginx-lib 0.1.0", "pre 1.0.0-rc.1"][..]),
        ("keyword=proxy", &[]),
        ("keyword=proxy&range=1.0.x", &["nginx 1.0.0"]),
        ("keyword=http", &["nginx 1.1.0"]),
        ("range=*", &["Old 9.0.0", "nginx 1.1.0", "nginx-lib 0.1.0"]),
        ("range=*&devel=true", &["Old 9.0.0", "nginx 1.1.0", "nginx-lib 0.1.0"]),
        ("name=pre&range=1.0.0-0", &[]),
        ("name=pre&range=>=1.0.0-0", &["pre 1.0.0-rc.1"]),
    ] {
        assert_eq!(pages(&server, "charts", query).await.0, expected, "{query}");
    }
}

#[tokio::test]
async fn since_is_the_time_of_publishing() {
    let server = TestServer::start().await;
    server.publish("web", "2.0.0").await;
    server.publish("web", "1.0.0").await;
    let newer = get(&server, "charts/web?range=1.0.0&fields=created").await.json();
    let newer = newer["created"].as_str().unwrap();
    assert_eq!(pages(&server, "versions", &format!("since={newer}")).await.0, ["web 1.0.0"]);
    // the chart is shown by 2.0.0, which is older
    assert_eq!(pages(&server, "charts", &format!("since={newer}")).await.0, [""; 0]);
}

#[tokio::test]
async fn a_range_is_resolved_as_helm_does() {
    let server = TestServer::start().await;
    for version in ["1.2.0", "1.2.3", "1.3.0-rc.1", "2.0.0-rc.1"] {
        server.publish("web", version).await;
    }
    for (query, version) in [
        ("", "1.2.3"),
        ("range=^1.2", "1.2.3"),
        ("range=1.2.0", "1.2.0"),
        ("range=%3E%3D1-0", "2.0.0-rc.1"),
        ("range=^1.3.0-0", "1.3.0-rc.1"),
        ("range=2.0.0-rc.1", "2.0.0-rc.1"),
        ("devel=true", "2.0.0-rc.1"),
        ("devel=false", "1.2.3"),
        ("devel=true&range=*", "1.2.3"),
    ] {
        let shown = get(&server, &format!("charts/web?fields=version&{query}")).await.json();
        assert_eq!(shown["version"], version, "{query}");
    }
    server.get("/-/api/v1/charts/web?range=^9").await.is_error(404, "no chart version found for web-^9");
    server.get("/-/api/v1/charts/nothing").await.is_error(404, "chart not found");
    server.get("/-/api/v1/charts/").await.is_error(404, "chart not found");
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_with_what_it_should_be() {
    let server = TestServer::start().await;
    let fields = "fields are some of repository,name,version,apiVersion,appVersion,type,description,keywords,home,sources,icon,maintainers,dependencies,kubeVersion,annotations,condition,tags,deprecated,created,digest,size,url,provenance, and not";
    let cursor = "cursor is taken from the next of a page of the same list, as it is";
    let limit = "limit is a number from 1 to 1000";
    let since = "since is a time such as 2026-01-31T00:00:00Z (RFC 3339)";
    for (query, sentence) in [
        ("limit=0", limit),
        ("limit=1001", limit),
        ("limit=-1", limit),
        ("limit=%2B1", limit),
        ("limit=", limit),
        ("limit=99999999999999999999999", limit),
        ("cursor=", cursor),
        ("cursor=x", cursor),
        ("name=", "name is empty"),
        ("keyword=", "keyword is empty"),
        ("text", "text is empty"),
        ("deprecated=yes", "deprecated is true or false"),
        ("type=operator", "type is application or library"),
        ("since=yesterday", since),
        ("since=2026-01-01", since),
        ("range=", "range is empty"),
        ("range=LATEST", r#"range is one of Helm's, such as ^1.2 or \u003e=1.0.0 \u003c2, and not \"LATEST\""#),
        ("fields=", &format!(r#"{fields} \"\""#)),
        ("fields=name,nme", &format!(r#"{fields} \"nme\""#)),
        ("fields=versions", &format!(r#"{fields} \"versions\""#)),
        ("repository=a", "repository is empty: this server has one repository, at its root"),
        (
            "nme=x",
            r#"there is no parameter \"nme\" here, but repository, fields, limit, cursor, name, keyword, text, deprecated, type, since, range, digest"#,
        ),
        ("name=a&name=b", "name is there twice"),
        (&format!("name={}", "a".repeat(1025)), "name is longer than 1024 bytes"),
    ] {
        server.get(&format!("/-/api/v1/versions?{query}")).await.is_error(400, sentence);
    }
    let charts = get(&server, "charts").await;
    charts.is(200, r#"{"charts":[]}"#);
    server.publish("web", "1.0.0").await;
    server.publish("app", "1.0.0").await;
    let next = get(&server, "charts?limit=1").await.json()["next"].as_str().unwrap().to_owned();
    server.get(&format!("/-/api/v1/versions{next}")).await.is_error(400, cursor);
}
