use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

/// As much of a Kubernetes API server as Helm 3 asks for `install --dry-run=client`: version, discovery, and that
/// nothing is installed yet. It ends with the value.
#[derive(Debug)]
pub struct Cluster {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

impl Cluster {
    /// Starts on a free port of the loopback device.
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let stopped = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopped);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                std::thread::spawn(move || serve(&stream));
            }
        });
        Self { address, stopped }
    }

    /// What `kubectl` and Helm need to know to come here.
    pub fn configuration(&self) -> String {
        json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": format!("http://{}", self.address)}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": {}}],
            "current-context": "c",
        })
        .to_string()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // The listener looks at the sign when somebody comes; if nobody can, it has ended already.
        let _ = TcpStream::connect(self.address);
    }
}

/// Answers one request and closes.
fn serve(stream: &TcpStream) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(request) = lines.next() else { return };
    for line in lines {
        if line.is_empty() {
            break;
        }
    }
    let target = request.split(' ').nth(1).unwrap_or_default();
    let path = target.split('?').next().unwrap_or_default();
    let (status, body) = match resource(path) {
        Some(body) => ("200 OK", body),
        None => {
            let status =
                json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404});
            ("404 Not Found", status)
        }
    };
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let mut stream = stream;
    // A client that has gone away is no concern of ours.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

fn resource(path: &str) -> Option<Value> {
    let resources = |group: &str, kinds: &[(&str, &str)]| {
        let resources: Vec<Value> = kinds
            .iter()
            .map(|(name, kind)| {
                json!({"name": name, "singularName": "", "namespaced": true, "kind": kind, "verbs": ["create", "get", "list"]})
            })
            .collect();
        json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group, "resources": resources})
    };
    let group = |name: &str, version: &str| {
        let version = json!({"groupVersion": format!("{name}/{version}"), "version": version});
        json!({"name": name, "versions": [version], "preferredVersion": version})
    };
    Some(match path {
        "/version" => json!({"major": "1", "minor": "34", "gitVersion": "v1.34.0"}),
        "/api" => json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}),
        "/apis" => json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": [group("apps", "v1")]}),
        "/api/v1" => resources(
            "v1",
            &[
                ("configmaps", "ConfigMap"),
                ("pods", "Pod"),
                ("secrets", "Secret"),
                ("services", "Service"),
                ("serviceaccounts", "ServiceAccount"),
            ],
        ),
        "/apis/apps/v1" => resources("apps/v1", &[("deployments", "Deployment")]),
        _ => return None,
    })
}
