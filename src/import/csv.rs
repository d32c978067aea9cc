//! CSV: what `Export-Csv`, Excel and the portals write.
//!
//! In: text. Out: a [`Sheet`]. A `#TYPE` line (PowerShell 5.1) and a `sep=` line (Excel) are read; the separator is a
//! comma, a semicolon, a tab or a bar, whichever the header has most of; cells of the header are trimmed, and of two columns with
//! one name the first counts. A row with more cells than the header is named and left out.

use std::sync::Arc;

use super::{
    Container, Problem, Rejected, Sheet,
    cell::{Cell, Object, Place},
    secrets::is_secret_text,
};

/// The most rows that are read.
pub const MOST_ROWS: usize = 1_000_000;

/// True when the first line of a text reads as the header of a table.
#[must_use]
pub fn is_csv(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    if is_preamble(first) || is_single_column(text) {
        return true;
    }
    let Some(separator) = separator(first) else { return false };
    let mut below = lines.take(5).peekable();
    below.peek().is_none() || below.any(|line| line.as_bytes().contains(&separator)) // a sentence has a comma too
}

/// One column of names and values in quotes, as `Export-Csv` writes the organization's setting.
fn is_single_column(text: &str) -> bool {
    let is_quoted =
        |line: &str| line.len() > 2 && line.starts_with('"') && line.ends_with('"') && !line.contains("\",");
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_name = |line: &str| is_quoted(line) && line.trim_matches('"').chars().all(char::is_alphanumeric);
    lines.next().is_some_and(is_name) && lines.next().is_some_and(is_quoted)
}

fn header_line(text: &str) -> &str {
    text.lines().find(|line| !is_preamble(line)).unwrap_or_default()
}

fn is_preamble(line: &str) -> bool {
    line.trim().is_empty() || line.trim_matches('"').starts_with("#TYPE ") || stated_separator(line).is_some()
}

/// The separator that a line `sep=;` states; a program that saves the file again may put it in quotes.
fn stated_separator(line: &str) -> Option<u8> {
    line.trim().trim_matches('"').to_lowercase().strip_prefix("sep=")?.bytes().next()
}

/// The separator of a header: what it has most of outside quotes.
fn separator(header: &str) -> Option<u8> {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b';', 0), (b'\t', 0), (b'|', 0)];
    for byte in header.bytes() {
        quoted ^= byte == b'"';
        if let (false, Some((_, count))) = (quoted, counts.iter_mut().find(|(separator, _)| *separator == byte)) {
            *count += 1;
        }
    }
    let words = header.split([',', ';', '\t', '|']).all(|cell| cell.len() < 120 && !cell.contains(['{', '<', '=']));
    counts
        .into_iter()
        .filter(|(_, count)| *count > 0 && words)
        .max_by_key(|(_, count)| *count)
        .map(|(separator, _)| separator)
}

/// The lines above the header, and the separator of the table below them.
fn layout(text: &str) -> (usize, u8) {
    let above = text.lines().take_while(|line| is_preamble(line)).count();
    let stated = text.lines().take(above).find_map(stated_separator);
    (above, stated.or_else(|| separator(header_line(text))).unwrap_or(b','))
}

/// The table with each cell as `turn` gives it, by the name of its column; the lines above its header are left out. None
/// when it cannot be read to its end.
pub(super) fn rewritten(text: &str, turn: impl Fn(&str, &str) -> String) -> Option<String> {
    let (above, separator) = layout(text);
    let body = after_lines(text, above);
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(body.as_bytes());
    let header = reader.headers().ok()?.clone();
    let mut writer = csv::WriterBuilder::new().delimiter(separator).flexible(true).from_writer(Vec::new());
    writer.write_record(&header).ok()?;
    for record in reader.records() {
        let record = record.ok()?;
        // a cell without a column may be the rest of a secret that holds the separator
        let cells = record.iter().enumerate().map(|(at, cell)| match header.get(at) {
            Some(column) => turn(column.trim(), cell),
            None => String::new(),
        });
        writer.write_record(cells).ok()?;
    }
    String::from_utf8(writer.into_inner().ok()?).ok()
}

/// A table, row by row.
pub(super) struct Table<'t> {
    /// The header, trimmed.
    pub header: Vec<String>,
    body: &'t str,
    above: usize,
    reader: csv::Reader<&'t [u8]>,
    record: csv::StringRecord,
    rows: usize,
}

impl<'t> Table<'t> {
    /// Reads the header.
    pub fn open(text: &'t str) -> Self {
        let (above, separator) = layout(text);
        let body = after_lines(text, above);
        let mut reader = csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(body.as_bytes());
        let header = reader.headers().map(|row| row.iter().map(|cell| cell.trim().to_owned()).collect());
        Self { header: header.unwrap_or_default(), body, above, reader, record: csv::StringRecord::new(), rows: 0 }
    }

    /// The place of the first column with one of these names.
    pub fn column(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.header.iter().position(|own| own.eq_ignore_ascii_case(name)))
    }

    /// The next row that has as many cells as the header, and its line. What is wrong with the rows before it is noted.
    ///
    /// # Errors
    /// When there are too many.
    pub fn next(&mut self, name: &str, sheet: &mut Sheet) -> Result<Option<(&csv::StringRecord, usize)>, Rejected> {
        loop {
            // the text is valid UTF-8 and rows may be of any length: nothing fails
            if !self.reader.read_record(&mut self.record).unwrap_or(false) {
                return Ok(None);
            }
            let line = self.above + self.record.position().map_or(1, |at| line_of(self.body, at));
            if is_rule(&self.record) {
                continue;
            }
            if self.record.len() == self.header.len() {
                break self.count(name, line);
            }
            let wrong = format!("{} cells, but the header has {}", self.record.len(), self.header.len());
            let right = "export the file again; cells with a separator need quotes".to_owned();
            sheet.leave_out(Problem { place: Place::Line(line), wrong, right });
        }
    }

    fn count(&mut self, name: &str, line: usize) -> Result<Option<(&csv::StringRecord, usize)>, Rejected> {
        self.rows += 1;
        if self.rows > MOST_ROWS {
            let wrong = format!("has more than {MOST_ROWS} rows");
            return Err(Rejected::whole(name, &wrong, "export only the mailboxes of ECE"));
        }
        Ok(Some((&self.record, line)))
    }
}

/// True for a row without text, also for that of dashes below the header of a table in Markdown.
fn is_rule(record: &csv::StringRecord) -> bool {
    record.iter().all(|cell| cell.trim().trim_matches(':').bytes().all(|byte| byte == b'-'))
}

/// Reads a text.
///
/// # Errors
/// When it has too many rows.
pub fn read(name: &str, text: &str) -> Result<Sheet, Rejected> {
    let mut table = Table::open(text);
    let asked = text.lines().take(table.above).find_map(|line| line.strip_prefix("#TYPE ")).map(str::to_owned);
    let mut sheet = Sheet::new(Container::Csv);
    let columns: Vec<Option<Arc<str>>> = (0..table.header.len())
        .map(|column| is_kept(&table.header, column).then(|| Arc::from(table.header[column].as_str())))
        .collect();
    while let Some((record, line)) = table.next(name, &mut sheet)? {
        sheet.objects.push(row(&columns, record, line, asked.as_deref()));
    }
    sheet.header = table.header;
    Ok(sheet)
}

/// Of two columns with one name the first is kept, and none that holds a secret.
fn is_kept(header: &[String], column: usize) -> bool {
    let name = &header[column];
    let double = header[..column].iter().any(|own| own.eq_ignore_ascii_case(name));
    !double && !is_secret_text(name)
}

fn row(columns: &[Option<Arc<str>>], record: &csv::StringRecord, line: usize, asked: Option<&str>) -> Object {
    let kept = columns.iter().zip(record).filter_map(|(name, cell)| Some((name.clone()?, cell)));
    let mut fields = Vec::with_capacity(columns.iter().flatten().count());
    fields.extend(kept.map(|(name, cell)| (name, Cell::of_text(cell))));
    Object { asked: asked.map(str::to_owned), ..Object::new(fields, Place::Line(line)) }
}

/// The line of a row, counted from 1: a reader that skips empty lines gives the first of them as its place.
fn line_of(body: &str, at: &csv::Position) -> usize {
    let from = usize::try_from(at.byte()).unwrap_or(usize::MAX).min(body.len());
    let ends = body.as_bytes()[from..].iter().take_while(|byte| [b'\r', b'\n'].contains(byte));
    usize::try_from(at.line()).unwrap_or(1) + ends.filter(|byte| **byte == b'\n').count()
}

/// What follows the first lines of a text.
fn after_lines(text: &str, count: usize) -> &str {
    let mut rest = text;
    for _ in 0..count {
        rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Incomplete;

    #[test]
    fn preambles_separators_and_doubles_are_read() {
        let text = "sep=;\r\nName ; On;On\r\n\"a;b\";WAAR;x\r\n\r\nc;;\r\n";
        assert!(is_csv(text));
        let sheet = read("f", text).unwrap();
        assert_eq!(sheet.objects.len(), 2);
        assert_eq!(sheet.objects[0].text(&["name"]).as_deref(), Some("a;b"));
        assert_eq!(sheet.objects[0].switch(&["on"]).known(), Some(true));
        assert_eq!(sheet.objects[1].place, Place::Line(5));
    }

    #[test]
    fn table_in_markdown_has_no_row_of_dashes() {
        let sheet = read("f", "| Name | On |\n|:---|---:|\n| a | True |\n").unwrap();
        let names: Vec<_> = sheet.objects.iter().filter_map(|object| object.text(&["Name"])).collect();
        assert_eq!((names, sheet.objects[0].place), (vec!["a".to_owned()], Place::Line(3)));
        assert!(sheet.problems.is_empty() && sheet.objects.len() == 1, "{sheet:#?}");
    }

    #[test]
    fn row_of_another_length_is_named_and_left_out() {
        let sheet = read("f", "a,b\n1,2\n1,2,3\n").unwrap();
        assert_eq!((sheet.objects.len(), sheet.problems.len()), (1, 1));
        assert_eq!(sheet.problems[0].place, Place::Line(3));
        assert_eq!(sheet.incomplete, [Incomplete::BadRows]);
    }
}
