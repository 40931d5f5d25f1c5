use std::process::ExitCode;
use std::time::Duration;

use crate::config::Settings;
use crate::log::Log;
use crate::serve::{Stop, room_for, stop_on_signals};
use crate::startup::Server;

/// Threads for files and packages. Each may hold a package's memory, and a disk is not faster with more.
const BLOCKING_THREADS: usize = 64;

/// What still runs on such a thread when the server has stopped (a write to a hanging network file system) is left.
const LEFT_BEHIND_AFTER: Duration = Duration::from_secs(1);

pub(super) fn run(mut settings: Settings) -> ExitCode {
    let log = Log::to_standard_error(&settings.log);
    log.install();
    settings.listen.max_connections = room_for(settings.listen.max_connections);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().max_blocking_threads(BLOCKING_THREADS).build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fatal(&log, &error.to_string()),
    };
    let outcome = runtime.block_on(async {
        let stop = Stop::default();
        stop_on_signals(stop.clone()).map_err(|error| error.to_string())?;
        let server = Server::listen(settings, log.clone(), stop).await.map_err(|error| error.to_string())?;
        server.run().await.map_err(|error| error.to_string())
    });
    runtime.shutdown_timeout(LEFT_BEHIND_AFTER);
    match outcome {
        Ok(()) => {
            log.flush();
            ExitCode::SUCCESS
        }
        Err(reason) => fatal(&log, &reason),
    }
}

fn fatal(log: &Log, reason: &str) -> ExitCode {
    log.fatal(reason);
    ExitCode::from(super::FAILURE)
}
