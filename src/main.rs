//! Arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    ece_check::cli::main()
}
