//! The clients of OCI registries that people use, each by plain HTTP, by HTTPS with an authority of their own, and with
//! credentials.

mod crane;
mod helm;
mod oras;
mod two_doors;

use acceptance::{Authority, Launch, Server};

/// How a registry is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// By HTTP, without credentials.
    Plain,
    /// By HTTPS, with a certificate that only this authority vouches for.
    Encrypted,
    /// By HTTP, with a user and a password.
    Authenticated,
}

const WAYS: [Way; 3] = [Way::Plain, Way::Encrypted, Way::Authenticated];
const USER: &str = "me";
const PASSWORD: &str = "secret";
/// `me:secret`.
const CREDENTIALS: &str = "Basic bWU6c2VjcmV0";
/// The file in a client's working folder that holds the authority's certificate.
const AUTHORITY: &str = "authority.crt";

/// A server with a registry, and what clients must know of it.
struct Registry {
    server: Server,
    way: Way,
    authority: String,
}

impl Registry {
    async fn start(way: Way) -> Self {
        let authority = Authority::new("founders");
        let launch = Launch::default().with("--depth=1").with("--stack-repository=");
        let launch = match way {
            Way::Plain => launch,
            Way::Encrypted => launch.with_tls(&authority),
            Way::Authenticated => {
                launch.with(format!("--basic-auth-user={USER}")).with(format!("--basic-auth-pass={PASSWORD}"))
            }
        };
        let mut server = launch.start().await;
        if way == Way::Authenticated {
            server.authorize(CREDENTIALS);
        }
        Self { server, way, authority: authority.certificate() }
    }

    /// `host:port`, as clients name a registry.
    fn host(&self) -> String {
        self.server.address().to_string()
    }

    /// `host:port/<name>`.
    fn reference(&self, name: &str) -> String {
        format!("{}/{name}", self.host())
    }

    /// The flags by which Helm and oras reach it.
    fn flags(&self) -> &'static [&'static str] {
        match self.way {
            Way::Plain | Way::Authenticated => &["--plain-http"],
            Way::Encrypted => &["--ca-file", AUTHORITY],
        }
    }
}
