//! A storage in a bucket: what is wrong at the start, a store that fails, and stores that cannot keep two writers apart.
//! What the classic door promises is shown there by the other tests, run once more with
//! `CHANDLERY_TEST_STORAGE=bucket`.

mod backup;
mod faults;
mod modes;
mod redirect;
mod start;

use acceptance::{Answer, Launch, Proxy, gateway};

/// A proxy before the S3 server, and the start of a server behind it. None if there is no S3 server.
async fn behind_a_proxy() -> Option<(Proxy, Launch)> {
    let gateway = gateway()?;
    let proxy = Proxy::before(gateway.port()).await;
    let launch = Launch::default().in_bucket(gateway).environment("STORAGE_AMAZON_ENDPOINT", proxy.endpoint());
    Some((proxy, launch))
}

#[track_caller]
fn expect_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() > 0, "{answer:?}");
    assert!(answer.json()["error"].is_string(), "{answer:?}");
}
