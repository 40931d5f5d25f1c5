//! Limits of a repository, in ChartMuseum's words, and what is told of an upload that some client will not take.

use std::num::NonZeroUsize;

use super::fixtures::*;

const FULL: &str = "repo has reached storage limit";

async fn holding(files: usize) -> TestServer {
    TestServer::with(|settings| {
        settings.upload.files_per_repository = NonZeroUsize::new(files);
        settings.repository.allow_overwrite = true;
    })
    .await
}

async fn keeping(versions: usize) -> TestServer {
    TestServer::with(|settings| settings.upload.versions_per_chart = NonZeroUsize::new(versions)).await
}

/// ChartMuseum's own test, on every route (Q-F14: its multipart route had no limit).
#[tokio::test]
async fn q_f14_a_full_repository_answers_507_but_takes_what_it_has() {
    let server = holding(2).await;
    let package = server.publish("mychart", "0.1.0").await;
    let signed = provenance("mychart", "0.1.0", &package);
    server.post("/api/prov", signed.clone()).await.is(201, r#"{"saved":true}"#);
    let other = super::fixtures::package("otherchart", "0.1.0");
    let other_signed = provenance("otherchart", "0.1.0", &other);
    server.post("/api/charts", other.clone()).await.is_error(507, FULL);
    server.post("/api/prov", other_signed.clone()).await.is_error(507, FULL);
    let both = [("chart", "c", &*other), ("prov", "p", other_signed.as_bytes())];
    server.form("/api/charts", &both).await.is_error(507, FULL);
    server.form("/api/charts", &both[1..]).await.is_error(507, FULL);
    assert_eq!(server.files().await, ["mychart-0.1.0.tgz", "mychart-0.1.0.tgz.prov"]);
    let both = [("chart", "c", &*package), ("prov", "p", signed.as_bytes())];
    server.post("/api/charts", package.clone()).await.is(201, r#"{"saved":true}"#);
    server.post("/api/prov", signed.clone()).await.is(201, r#"{"saved":true}"#);
    server.form("/api/charts", &both).await.is(201, r#"{"saved":true}"#);
    // a conflict is told before the limit
    let strict = TestServer::with(|settings| settings.upload.files_per_repository = NonZeroUsize::new(1)).await;
    strict.publish("mychart", "0.1.0").await;
    strict.post("/api/charts", package.clone()).await.is_error(409, "file already exists");
    strict.post("/api/charts", other).await.is_error(507, FULL);
    strict.delete("/api/charts/mychart/0.1.0").await.is(200, r#"{"deleted":true}"#);
    strict.publish("mychart", "0.2.0").await;
}

/// ChartMuseum's own test, raw and by form, with provenance (Q-F13).
#[tokio::test]
async fn q_f13_a_chart_keeps_its_newest_versions() {
    for by_form in [false, true] {
        let server = keeping(2).await;
        server.publish("mychart-service", "0.0.1").await;
        for version in ["0.1.0", "0.2.0", "0.0.1"] {
            let package = package("mychart", version);
            let signed = provenance("mychart", version, &package);
            let answer = if by_form {
                server.form("/api/charts", &[("chart", "c", &*package), ("prov", "p", signed.as_bytes())]).await
            } else {
                server.post("/api/prov", signed.clone()).await.is(201, r#"{"saved":true}"#);
                server.post("/api/charts", package).await
            };
            answer.is(201, r#"{"saved":true}"#);
        }
        assert_eq!(server.listed().await, ["mychart 0.2.0", "mychart 0.0.1", "mychart-service 0.0.1"]);
        server.get("/api/charts/mychart/0.1.0").await.is_error(404, "no chart version found for mychart-0.1.0");
        for gone in ["/charts/mychart-0.1.0.tgz", "/charts/mychart-0.1.0.tgz.prov"] {
            server.get(gone).await.is_error(404, "object not found");
        }
        assert_eq!(server.get("/charts/mychart-0.0.1.tgz.prov").await.status, 200);
    }
}

/// U10, S7: accepted as ChartMuseum does, with its body to the byte, and told beside it.
#[tokio::test]
async fn s7_u10_what_a_client_will_not_take_is_told() {
    let server = TestServer::with(|settings| settings.upload.limits.file_size = 20 << 20).await;
    let warnings = async |body: bytes::Bytes| {
        let answer = server.post("/api/charts", body).await;
        answer.is(201, r#"{"saved":true}"#);
        let warnings = answer.headers.get_all("warning").iter();
        warnings.map(|warning| warning.to_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(warnings(package("fine", "1.0.0-rc.1")).await, [""; 0]);
    for version in ["1.2", "v1.2.3"] {
        let expected = format!(
            "299 - \"version {version} of loose is not strict SemVer, and Helm does not list it in OCI registries\""
        );
        assert_eq!(warnings(package("loose", version)).await, [expected]);
    }
    assert_eq!(warnings(package("twin", "1.0.0+a")).await, [""; 0]);
    assert_eq!(
        warnings(package("twin", "1.0.0+b")).await,
        ["299 - \"version 1.0.0+b of twin differs from 1.0.0+a in build metadata only, which no range tells apart\""]
    );
    // a name that a header cannot carry as it is
    let odd = warnings(package("日\"本\\", "1")).await;
    assert_eq!(
        odd,
        ["299 - \"version 1 of ?\\\"?\\\\ is not strict SemVer, and Helm does not list it in OCI registries\""]
    );
    let large = "x".repeat((5 << 20) + 1);
    let files = [("Chart.yaml", &*chart_yaml("large", "1.0.0")), ("large.txt", &large)];
    assert_eq!(
        warnings(packed(&files)).await,
        ["299 - \"large-1.0.0.tgz has a file of 5242881 bytes, and Helm and Flux take at most 5242880\""]
    );
    // text that does not compress well, from a fixed seed
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let noise: String = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b' ' + (state % 95) as u8)
    })
    .take(3 << 20)
    .collect();
    let files: Vec<_> = ["a", "b", "c", "d", "e"].iter().map(|name| (*name, &*noise)).collect();
    let yaml = chart_yaml("heavy", "1.0.0");
    let heavy = packed(&[&[("Chart.yaml", &*yaml)], &*files].concat());
    let expected = format!(
        "299 - \"heavy-1.0.0.tgz has {} bytes, and Flux takes packages of at most 10485760 by default\"",
        heavy.len()
    );
    assert_eq!(warnings(heavy).await, [expected]);
}
