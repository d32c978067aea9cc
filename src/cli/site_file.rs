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
    let is_of_a_lab = |site: &Deployment| site.entra.client_id.is_some_and(|id| id.to_string() == lab::CLIENT_ID);
    Deployment::read(file).or_else(|mistakes| Deployment::read_sample(file).ok().filter(is_of_a_lab).ok_or(mistakes))
}
