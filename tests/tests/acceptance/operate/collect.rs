//! `chandlery collect`: what nothing needs any more.

use acceptance::{Chart, Server};
use serde_json::{Value, json};

use super::operate;

fn reasons(report: &Value) -> Vec<&str> {
    report["collected"].as_array().unwrap().iter().map(|line| line["reason"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_dry_run_says_what_would_go_and_why_and_changes_nothing() {
    let server = Server::with(&["--cache-interval=0"]).await;
    let (kept, removed) = (Chart::new("one", "1.0.0"), Chart::new("one", "2.0.0"));
    server.publish("", &kept).await;
    server.publish("", &removed).await;
    let orphan = ".chandlery/objects/ab/ab000000000000000000000000000000/left";
    server.place(orphan, b"by a crash, long ago");
    let collect = async |more: &[&str]| {
        let arguments = [&["collect", "--trash-window=0", "--output=json"], more].concat();
        operate(&server, &arguments).await.expect(0).json()
    };
    let dry = collect(&["--dry-run"]).await;
    assert_eq!(dry["collected"], json!([{ "what": orphan, "reason": "never-referenced" }]));

    server.delete("/api/charts/one/2.0.0").await.expect(200);
    for _ in 0..2 {
        let dry = collect(&["--dry-run"]).await;
        assert_eq!(reasons(&dry), ["trash-ended", "never-referenced"], "{dry}");
        assert_eq!((&dry["dryRun"], &dry["deleted"]), (&json!(true), &json!(0)));
    }
    let text = operate(&server, &["collect", "--trash-window=0", "--dry-run"]).await.expect(0).out;
    assert!(text.contains("one-2.0.0.tgz: its time in the trash is over\n"), "{text}");
    assert!(text.ends_with("2 would be let go\n"), "{text}");

    let done = collect(&[]).await;
    assert_eq!(reasons(&done), ["trash-ended", "never-referenced"], "{done}");
    // an object waits a day between the commit that lets it go and its end
    assert!(server.file(orphan).is_file());
    assert_eq!(collect(&["--dry-run"]).await["collected"], json!([]));
    server.post("/-/api/v1/trash/restore?name=one&version=2.0.0", "").await.expect(404);
    assert_eq!(server.pull("", "one", "1.0.0").await, kept.bytes);
}
