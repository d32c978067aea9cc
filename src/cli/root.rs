//! `ece-check root`: prints a root certificate that this host trusts, for the store of ECE's Java.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::{CliError, print};
use crate::net::tls::TrustStores;

#[derive(Debug, Args)]
pub struct Arguments {
    /// SHA-256 fingerprint of the root certificate, as shown in the report
    fingerprint: String,
    /// Also search this PEM file
    #[arg(long, value_name = "PEM")]
    ca_file: Vec<PathBuf>,
}

/// Prints the root in PEM.
pub fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    let trust = TrustStores::load(&arguments.ca_file)?;
    let unknown = || {
        let right = "take the fingerprint from the report, and the same --ca-file as the run had";
        CliError::Usage(
            format!("no root CA on this server has the fingerprint {}", arguments.fingerprint),
            right.to_owned(),
        )
    };
    print::data(&trust.pem_of(&arguments.fingerprint).ok_or_else(unknown)?);
    Ok(ExitCode::SUCCESS)
}
