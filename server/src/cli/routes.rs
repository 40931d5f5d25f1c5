use std::process::ExitCode;

use crate::router;

pub(super) fn print() -> ExitCode {
    for route in router::routes() {
        println!("{:7} {:58} {}", route.method, route.path, route.purpose);
    }
    ExitCode::SUCCESS
}
