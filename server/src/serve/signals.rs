use std::io;

use tokio::signal::unix::{SignalKind, signal};

use super::Stop;

/// Asks the server to stop at each SIGTERM and SIGINT. Must be called within the runtime.
///
/// # Errors
/// If the signals cannot be caught.
pub fn stop_on_signals(stop: Stop) -> io::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::spawn(async move {
        loop {
            let name = tokio::select! {
                Some(()) = terminate.recv() => "SIGTERM",
                Some(()) = interrupt.recv() => "SIGINT",
                else => return,
            };
            tracing::info!(signal = name, "Stopping Chandlery");
            stop.ask();
        }
    });
    Ok(())
}
