//! The binary `chandlery`: see the library.

fn main() -> std::process::ExitCode {
    server::cli::run(std::env::args_os())
}
