//! What every table begins with: the date of its newest source, and its sources.

use jiff::civil::Date;

use crate::table::{At, Mistake, Scalar, Table};

/// The date and the sources of a table.
pub(super) fn dated(table: &mut Table<'_>) -> Result<(Date, Vec<String>), Mistake> {
    let right = "add date = 2026-11-22, the day of the newest source";
    let Some(found) = table.scalar("date")? else { return Err(table.mistake("date is missing", right)) };
    let date = match &found.value {
        Scalar::Date(text) => text.parse().map_err(|_| found.mistake("this is not a day", right))?,
        _ => return Err(found.mistake("this is not a date", right)),
    };
    Ok((date, sources(table)?))
}

/// The sources of a table.
pub(super) fn sources(table: &mut Table<'_>) -> Result<Vec<String>, Mistake> {
    texts(table, "sources").map(|at| at.value)
}

/// A list of texts that must be there.
pub(super) fn texts<'d>(table: &mut Table<'d>, key: &str) -> Result<At<'d, Vec<String>>, Mistake> {
    let found = table.texts(key)?;
    found.ok_or_else(|| table.mistake(format!("{key} is missing"), format!("add {key} = [\"…\"]")))
}
