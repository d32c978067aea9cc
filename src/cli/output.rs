//! Files that a command writes, and what can be wrong with them.

use std::{io, path::Path};

use super::{CliError, print};
use crate::files::Destination;

/// The place of a file that is to be written, found writable now.
pub fn prepared(file: &Path) -> Result<Destination, CliError> {
    if file == Path::new("-") {
        let right = "use --output for standard output, or write ./- for a file of that name";
        return Err(CliError::Usage("-: a file is wanted here, not standard output".to_owned(), right.to_owned()));
    }
    Destination::prepare(file).map_err(|error| unwritable(file, &error))
}

/// The mistake of a place that cannot be written to.
pub fn unwritable(file: &Path, error: &io::Error) -> CliError {
    CliError::Usage(format!("{}: {error}", file.display()), "name a place where this user may write".to_owned())
}

/// Refuses an output in place of a file that is read: it would be lost.
pub fn spared<'a>(
    places: impl Iterator<Item = &'a Destination>,
    read: impl Iterator<Item = &'a Path>,
) -> Result<(), CliError> {
    let read: Vec<&Path> = read.collect();
    for place in places {
        if read.iter().any(|file| place.is(file)) {
            let wrong = format!("{}: this file is read; the output would replace it", place.path().display());
            return Err(CliError::Usage(wrong, "name another file for the output".to_owned()));
        }
    }
    Ok(())
}

/// No file is replaced without a word.
pub fn told_of_replacing(place: &Destination, told: bool) {
    if told && place.replaces() {
        print::note(&format!("{}: the file that was there is replaced", place.path().display()));
    }
}

/// The mistake of asking for a summary in a format that has none.
pub fn summary_is_text() -> CliError {
    CliError::Usage("--summary is text".to_owned(), "leave --output out, or leave --summary out".to_owned())
}
