use std::sync::Arc;

use server::log::Log;
use server::middleware::Front;
use server::serve::{self, Stop};
use server::startup::{Server, StartError};

use crate::support::{Running, settings, soon};

#[tokio::test]
async fn until_the_catalogue_is_open_only_probes_are_answered() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&folder);
    settings.repository.context_path = "/helm".to_owned();
    let (stop, log) = (Stop::default(), Log::new(&settings.log, false, Box::new(std::io::sink())));
    let (listener, address) = serve::listen(&settings.listen).await.unwrap();
    let front = Arc::new(Front::new(&settings, log, stop.clone(), None));
    front.set_doing("packages are being adopted: 3 of 9".to_owned());
    let serving = tokio::spawn({
        let stop = stop.clone();
        async move { serve::serve(listener, None, front, &settings.listen, &stop).await }
    });

    let mut client = crate::support::Client::connect(address).await;
    for prefix in ["", "/helm"] {
        for path in ["/health", "/info", "/-/live"] {
            let answer = client.exchange(&format!("GET {prefix}{path} HTTP/1.1\r\nhost: test\r\n\r\n")).await;
            assert_eq!(answer.status(), 200, "{answer:?}");
        }
        let ready = client.exchange(&format!("GET {prefix}/-/ready HTTP/1.1\r\nhost: test\r\n\r\n")).await;
        assert_eq!(ready.status(), 503);
        assert_eq!(ready.body, r#"{"ready":false,"notReady":["packages are being adopted: 3 of 9"]}"#);
        let index = client.exchange(&format!("GET {prefix}/index.yaml HTTP/1.1\r\nhost: test\r\n\r\n")).await;
        assert_eq!((index.status(), index.body.as_str()), (503, r#"{"error":"the server is starting"}"#));
        assert!(index.header("retry-after").is_some() && index.header("x-request-id").is_some());
    }
    stop.ask();
    soon("the end", serving).await.unwrap();
}

#[tokio::test]
async fn ipv6_is_listened_on() {
    let server = Running::start_closed(|settings| settings.listen.host = "::1".to_owned()).await;
    assert!(server.address.is_ipv6() && server.address.port() != 0);
    assert_eq!(server.connect().await.exchange("GET /health HTTP/1.1\r\nhost: test\r\n\r\n").await.status(), 200);
}

#[tokio::test]
async fn a_taken_port_is_told() {
    let server = Running::start_closed(|_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(&folder);
    settings.listen.port = server.address.port();
    let log = Log::new(&settings.log, false, Box::new(std::io::sink()));
    let Err(StartError::Listen(error)) = Server::listen(settings, log, Stop::default()).await else { panic!() };
    let expected = format!("cannot listen on 127.0.0.1 port {} (settings listen-host, port): ", server.address.port());
    assert!(error.to_string().starts_with(&expected), "{error}");
}

#[tokio::test]
async fn a_storage_that_cannot_be_opened_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("charts"), "a file, not a folder").unwrap();
    let settings = settings(&folder);
    let log = Log::new(&settings.log, false, Box::new(std::io::sink()));
    let server = Server::listen(settings, log, Stop::default()).await.unwrap();
    let error = soon("the server's end", server.run()).await.unwrap_err().to_string();
    assert!(error.starts_with("cannot open the storage (setting storage-local-rootdir): "), "{error}");
}

#[tokio::test]
async fn a_catalogue_folder_of_another_server_is_refused() {
    let server = Running::start(|_| {}).await;
    let other = tempfile::tempdir().unwrap();
    let mut settings = settings(&other);
    settings.catalogue.folder = Some(server.folder.path().join("catalogue"));
    let log = Log::new(&settings.log, false, Box::new(std::io::sink()));
    let server = Server::listen(settings, log, Stop::default()).await.unwrap();
    let error = soon("the server's end", server.run()).await.unwrap_err().to_string();
    assert!(error.starts_with("setting catalogue: ") && error.ends_with("is used by another process"), "{error}");
}
