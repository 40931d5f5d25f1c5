use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, Uri};

use crate::auth::Origin;
use crate::config::Settings;

/// What a proxy says of the request that it got.
const FORWARDED_HOST: &str = "x-forwarded-host";
const FORWARDED_PROTO: &str = "x-forwarded-proto";

/// How the client reaches this server: as the settings say, else as the request says. A client that lies is told its own lie.
pub(super) fn of(settings: &Settings, head: &Parts) -> Origin {
    let set = settings.index.chart_url.as_ref().and_then(|url| url.parse::<Uri>().ok());
    if let Some(uri) = &set
        && let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority())
    {
        return Origin { scheme: scheme.to_owned(), authority: authority.to_string() };
    }
    let is_encrypted = settings.tls.files.is_some()
        || first(&head.headers, FORWARDED_PROTO).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    let of_request = head.uri.authority().map(ToString::to_string);
    let authority = first(&head.headers, FORWARDED_HOST)
        .or_else(|| first(&head.headers, HOST.as_str()))
        .map(str::to_owned)
        .or(of_request)
        .filter(|authority| is_plain(authority));
    Origin {
        scheme: if is_encrypted { "https" } else { "http" }.to_owned(),
        authority: authority.unwrap_or_else(|| "localhost".to_owned()),
    }
}

/// The client's own proxy stands first.
fn first<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let text = headers.get(name)?.to_str().ok()?;
    text.split(',').next().map(str::trim).filter(|text| !text.is_empty())
}

fn is_plain(authority: &str) -> bool {
    authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn origin(settings: &Settings, headers: &[(&str, &str)]) -> String {
        let request = headers.iter().fold(Request::get("/v2/"), |request, (name, value)| request.header(*name, *value));
        let Origin { scheme, authority } = of(settings, &request.body(()).unwrap().into_parts().0);
        format!("{scheme}://{authority}")
    }

    #[test]
    fn it_is_what_the_client_typed() {
        let plain = Settings::default();
        for (headers, expected) in [
            (&[("host", "charts.example:8080")][..], "http://charts.example:8080"),
            (&[("host", "[::1]:8080")], "http://[::1]:8080"),
            (&[("host", "pod"), ("x-forwarded-proto", "https")], "https://pod"),
            (
                &[("host", "pod"), ("x-forwarded-proto", "https,http"), ("x-forwarded-host", "charts.example, pod")],
                "https://charts.example",
            ),
            (&[("host", "a\"b")], "http://localhost"),
            (&[], "http://localhost"),
        ] {
            assert_eq!(origin(&plain, headers), expected, "{headers:?}");
        }
        let mut set = Settings::default();
        set.index.chart_url = Some("https://charts.example/below".to_owned());
        assert_eq!(origin(&set, &[("host", "pod"), ("x-forwarded-host", "evil")]), "https://charts.example");
    }
}
