//! The site file of commands that connect nowhere, or to the lab that printed it.

use std::path::Path;

use crate::{
    deployment::{Deployment, Mistakes},
    lab,
};

/// A site file without values of the sample, or the one that `ece-check lab` prints.
///
/// # Errors
/// Every mistake in the file.
pub fn read_own_or_of_a_lab(file: &Path) -> Result<Deployment, Mistakes> {
    read(file).map(|(site, _)| site)
}

/// The same, and whether it is the one of a lab.
///
/// # Errors
/// Every mistake in the file.
pub fn read(file: &Path) -> Result<(Deployment, bool), Mistakes> {
    Deployment::read_or_sample(file, |site| site.entra.client_id.is_some_and(|id| id.to_string() == lab::CLIENT_ID))
}
