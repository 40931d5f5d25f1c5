use std::io::Write;

/// Names a test that did not run, and why, past the test runner's capture of output.
pub fn skipped(reason: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    // A closed standard error must not fail a test that did not even run.
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {reason}");
}
