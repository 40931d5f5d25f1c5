use bytes::Bytes;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// A whole answer: status, headers and body, with the request it belongs to for messages.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Method, path and query.
    pub request: String,
    /// HTTP status code.
    pub status: u16,
    /// As sent.
    pub headers: HeaderMap,
    /// Without chunk framing, otherwise as sent.
    pub body: Bytes,
}

impl Answer {
    /// A header's text, if it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("headers of the server are ASCII"))
    }

    /// The body as text.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_else(|_| panic!("{} answered no UTF-8", self.request))
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{} answered no JSON ({error}): {:?}", self.request, self.body))
    }

    /// Demands a status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{} answered {:?}", self.request, self.body);
        self
    }

    /// Demands the status and `{"error":"<text>"}`, byte for byte.
    #[track_caller]
    pub fn expect_error(self, status: u16, text: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.json(), serde_json::json!({ "error": text }), "{}", answer.request);
        let content_type = answer.header("content-type");
        assert_eq!(content_type, Some("application/json; charset=utf-8"), "{}", answer.request);
        answer
    }
}
