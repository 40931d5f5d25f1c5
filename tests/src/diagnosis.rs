use std::fmt::Write;
use std::fs;

/// What Linux says of a process that does not answer: what each thread waits in, and which connections of the port have
/// bytes that nobody has read.
pub(crate) fn of_process(pid: u32, port: u16) -> String {
    let read = |path: String| fs::read_to_string(path).unwrap_or_default();
    let mut text = String::new();
    for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        let task = task.path().display().to_string();
        let state = read(format!("{task}/stat")).rsplit(") ").next().and_then(|rest| rest.chars().next());
        let (name, place) = (read(format!("{task}/comm")), read(format!("{task}/wchan")));
        let _ = writeln!(text, "thread {} is {} in {place}", name.trim(), state.unwrap_or('?'));
        for line in read(format!("{task}/stack")).lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
    // local and remote address, state, and the lengths of the queues: all in hexadecimal
    let port = format!(":{port:04X}");
    for line in read("/proc/net/tcp".to_owned()).lines().filter(|line| line.contains(&port)) {
        let _ = writeln!(text, "socket {}", line.split_whitespace().take(5).collect::<Vec<_>>().join(" "));
    }
    text
}
