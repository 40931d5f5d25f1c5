//! What is written about requests and about the process.

/// Why a request was answered with an error, for the log line only: put it into the response's extensions.
#[derive(Debug, Clone)]
pub struct Cause(pub String);

/// Who asked, for the log line: put it into the response's extensions. Absent means anonymous.
#[derive(Debug, Clone)]
pub struct Caller(pub String);
