//! Parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    match pricewatch::cli::dispatch() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pricewatch: {error:#}");
            ExitCode::from(1)
        }
    }
}
