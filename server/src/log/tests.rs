use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;
use std::time::Duration;

use http::{HeaderValue, Method, StatusCode, Uri};
use tracing_subscriber::layer::SubscriberExt;

use super::*;

/// Keeps what was written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn lines(settings: &config::Log, coloured: bool, work: impl FnOnce(&Log)) -> Vec<String> {
    let kept = Kept::default();
    let log = Log::new(settings, coloured, Box::new(kept.clone()));
    work(&log);
    log.flush();
    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn json() -> config::Log {
    config::Log { json: true, ..Default::default() }
}

fn serve(log: &Log, status: u16, uri: &'static str, cause: Option<&str>) {
    let cause = cause.map(|cause| Cause(cause.to_owned()));
    log.request(&Served {
        number: log.number(),
        method: &Method::GET,
        uri: &Uri::from_static(uri),
        client: IpAddr::from([10, 200, 0, 1]),
        status: StatusCode::from_u16(status).unwrap(),
        latency: Duration::from_nanos(41_698),
        bytes: 17,
        id: &HeaderValue::from_static("abc-123"),
        caller: None,
        cause: cause.as_ref(),
    });
}

/// Without the time, which is tested by itself.
fn untimed(line: &str) -> String {
    let start = line.find(|c: char| c.is_ascii_digit()).unwrap();
    format!("{}{}", &line[..start], &line[start + "2026-11-23T02:59:58.536Z".len()..])
}

#[test]
fn a_request_is_one_line_in_chartmuseums_shape() {
    let written = lines(&json(), false, |log| serve(log, 200, "/charts/a-1.tgz?x=1", None));
    assert_eq!(
        untimed(&written[0]),
        r#"{"L":"INFO","T":"","M":"[1] Request served","path":"/charts/a-1.tgz","comment":"","clientIP":"10.200.0.1","method":"GET","statusCode":200,"latency":"41.698µs","reqID":"abc-123","bytes":17,"caller":"anonymous"}"#
    );
    assert_eq!(written.len(), 1);

    let written = lines(&config::Log::default(), false, |log| serve(log, 503, "/index.yaml", Some("disk\nfull")));
    assert_eq!(
        untimed(&written[0]),
        "\tERROR\t[1] Request served\t{\"path\": \"/index.yaml\", \"comment\": \"disk\\nfull\", \"clientIP\": \"10.200.0.1\", \"method\": \"GET\", \"statusCode\": 503, \"latency\": \"41.698µs\", \"reqID\": \"abc-123\", \"bytes\": 17, \"caller\": \"anonymous\"}"
    );

    let integer = config::Log { latency_integer: true, ..json() };
    let written = lines(&integer, false, |log| serve(log, 200, "/", None));
    assert!(written[0].contains(r#""latency":41698,"#), "{}", written[0]);
}

#[test]
fn levels_are_chartmuseums() {
    let written = lines(&json(), false, |log| {
        for status in [200, 201, 206, 304, 404, 400, 401, 409, 413, 500, 503] {
            serve(log, status, "/", None);
        }
    });
    let level =
        |line: &String| serde_json::from_str::<serde_json::Value>(line).unwrap()["L"].as_str().unwrap().to_owned();
    let levels: Vec<String> = written.iter().map(level).collect();
    let expected = ["INFO", "INFO", "INFO", "INFO", "WARN", "ERROR", "ERROR", "ERROR", "ERROR", "ERROR", "ERROR"];
    assert_eq!(levels, expected);
}

#[test]
fn successful_health_checks_are_left_out_unless_asked_for() {
    let checks = |log: &Log| {
        serve(log, 200, "/health", None);
        serve(log, 200, "/org/health", None);
        serve(log, 200, "/-/live", None);
        serve(log, 200, "/-/ready", None);
        serve(log, 503, "/-/ready", None);
        serve(log, 200, "/healthy", None);
    };
    assert_eq!(lines(&json(), false, checks).len(), 2);
    assert_eq!(lines(&config::Log { health: true, ..json() }, false, checks).len(), 6);
}

#[test]
fn only_a_terminal_gets_colours() {
    let plain = lines(&config::Log::default(), false, |log| serve(log, 404, "/", None));
    assert!(plain[0].contains("\tWARN\t") && !plain[0].contains('\x1b'));
    let coloured = lines(&config::Log::default(), true, |log| serve(log, 404, "/", None));
    assert!(coloured[0].contains("\t\x1b[33mWARN\x1b[0m\t"));
    assert!(!lines(&json(), true, |log| serve(log, 404, "/", None))[0].contains('\x1b'));
}

#[test]
fn a_client_is_written_whatever_its_family() {
    let written = lines(&json(), false, |log| {
        log.request(&Served {
            number: 1,
            method: &Method::HEAD,
            uri: &Uri::from_static("/"),
            client: IpAddr::from(Ipv6Addr::LOCALHOST),
            status: StatusCode::OK,
            latency: Duration::ZERO,
            bytes: 0,
            id: &HeaderValue::from_static("x"),
            caller: Some(&Caller("ci".to_owned())),
            cause: None,
        });
    });
    assert!(written[0].contains(r#""clientIP":"::1","method":"HEAD""#), "{}", written[0]);
    assert!(written[0].ends_with(r#""caller":"ci"}"#), "{}", written[0]);
}

#[test]
fn events_have_the_same_shape() {
    let written = lines(&json(), false, |log| {
        let subscriber = tracing_subscriber::registry().with(events::Events(log.clone()));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(host = "0.0.0.0", port = 8080, ready = true, behind = -1, "Starting {}", "Chandlery");
            tracing::warn!(error = %"no \"such\" file", "Invalid package in storage");
            tracing::debug!("nothing else");
        });
        log.fatal("port 80 is taken");
    });
    let untimed: Vec<String> = written.iter().map(|line| untimed(line)).collect();
    assert_eq!(
        untimed,
        [
            r#"{"L":"INFO","T":"","M":"Starting Chandlery","host":"0.0.0.0","port":8080,"ready":true,"behind":-1}"#,
            r#"{"L":"WARN","T":"","M":"Invalid package in storage","error":"no \"such\" file"}"#,
            r#"{"L":"DEBUG","T":"","M":"nothing else"}"#,
            r#"{"L":"FATAL","T":"","M":"port 80 is taken"}"#,
        ]
    );
    let text = lines(&config::Log::default(), false, |log| log.fatal("no \"quotes\" lost,\nno line broken"));
    assert!(text[0].ends_with("\tFATAL\tno \"quotes\" lost, no line broken"), "{}", text[0]);
}
