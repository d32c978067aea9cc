//! How PowerShell and the Entra portal write objects into files.
//!
//! In: a [`Table`]. Out: the bytes of a file: JSON and CSV of PowerShell 5.1 and 7, CLIXML ([MS-PSRP] section 2.2.5),
//! Format-List, and the portal's CSV.

use std::fmt::Write;

use serde_json::Value;

use crate::lab::directory::exchange::Table;

/// How wide a console is.
const CONSOLE: usize = 80;
/// How many elements of a list Format-List prints (`$FormatEnumerationLimit`).
const LISTED: usize = 4;

/// `ConvertTo-Json > file` in PowerShell 7: UTF-8, one object without an array around it.
pub(super) fn json_of_powershell_7(table: &Table) -> Vec<u8> {
    let whole = whole(table);
    if whole.is_null() { Vec::new() } else { format!("{}\n", pretty(&whole)).into_bytes() }
}

/// The same in Windows PowerShell 5.1: UTF-16 with a byte order mark, CRLF, lists of objects inside `value` and `Count`.
pub(super) fn json_of_powershell_5(table: &Table) -> Vec<u8> {
    let whole = whole(table);
    let whole = match whole.as_array().map(Vec::len) {
        Some(count) => serde_json::json!({ "value": whole, "Count": count }),
        None => whole,
    };
    if whole.is_null() { Vec::new() } else { utf16(&format!("{}\n", pretty(&whole))) }
}

/// One object, an array of several, or null.
fn whole(table: &Table) -> Value {
    match &table.rows[..] {
        [] => Value::Null,
        [one] => one.clone(),
        several => several.to_vec().into(),
    }
}

/// `Export-Csv` of PowerShell 5.1: ASCII, with the type in the first line. Lists are joined, as `select` with an
/// expression does.
pub(super) fn csv(table: &Table) -> Vec<u8> {
    if table.rows.is_empty() {
        return Vec::new();
    }
    let mut text = format!("#TYPE Selected.{}\r\n", table.kind);
    text.push_str(&line(table.columns.iter().map(|column| (*column).to_owned())));
    for row in &table.rows {
        text.push_str(&line(table.columns.iter().map(|column| cell(&row[*column]))));
    }
    let ascii = |letter: char| if letter.is_ascii() { letter } else { '?' };
    text.chars().map(ascii).collect::<String>().into_bytes()
}

/// The portal's CSV: UTF-8 with a byte order mark.
pub(super) fn portal_csv(columns: &[&str], rows: &[Value]) -> Vec<u8> {
    let mut text = line(columns.iter().map(|column| (*column).to_owned()));
    for row in rows {
        text.push_str(&line(columns.iter().map(|column| cell(&row[*column]))));
    }
    utf8_with_mark(&text)
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let quoted: Vec<_> = cells.map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect();
    format!("{}\r\n", quoted.join(","))
}

/// A value as PowerShell turns it into text.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// `Format-List > file` in PowerShell 5.1: values wrap at the width of the console, lists are cut.
pub(super) fn format_list(table: &Table) -> Vec<u8> {
    let width = table.columns.iter().map(|column| column.len()).max().unwrap_or(0);
    let mut text = String::from("\n\n");
    for row in &table.rows {
        for column in table.columns {
            let value: Vec<char> = listed(&row[*column]).chars().collect();
            let mut lines = value.chunks(CONSOLE - width - 4);
            let first: String = lines.next().unwrap_or_default().iter().collect();
            let _ = writeln!(text, "{column:width$} : {first}");
            for rest in lines {
                let _ = writeln!(text, "{:indent$}{}", "", rest.iter().collect::<String>(), indent = width + 3);
            }
        }
        text.push('\n');
    }
    text.push_str("\n\n");
    utf16(&text)
}

fn listed(value: &Value) -> String {
    let Some(all) = value.as_array() else { return cell(value) };
    let more = if all.len() > LISTED { "..." } else { "" };
    format!("{{{}{more}}}", all.iter().take(LISTED).map(cell).collect::<Vec<_>>().join(", "))
}

/// `Export-Clixml` of selected properties in PowerShell 5.1.
pub(super) fn clixml(table: &Table) -> Vec<u8> {
    let mut text = String::from("<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">");
    let mut next = 0;
    for row in &table.rows {
        let id = next;
        next += 1;
        let _ = write!(text, "<Obj RefId=\"{id}\">");
        text.push_str(if id == 0 {
            "<TN RefId=\"0\"><T>System.Management.Automation.PSCustomObject</T><T>System.Object</T></TN>"
        } else {
            "<TNRef RefId=\"0\" />"
        });
        text.push_str("<MS>");
        for column in table.columns {
            property(&mut text, column, &row[*column], &mut next);
        }
        text.push_str("</MS></Obj>");
    }
    text.push_str("</Objs>");
    utf16(&text)
}

fn property(text: &mut String, name: &str, value: &Value, next: &mut usize) {
    let _ = match value {
        Value::Null => write!(text, "<Nil N=\"{name}\" />"),
        Value::Bool(is) => write!(text, "<B N=\"{name}\">{is}</B>"),
        Value::Array(all) => {
            let id = *next;
            *next += 1;
            let items: Vec<_> = all.iter().map(|one| format!("<S>{}</S>", escaped(&cell(one)))).collect();
            let items = items.concat();
            write!(
                text,
                "<Obj N=\"{name}\" RefId=\"{id}\"><TN RefId=\"{id}\"><T>System.Collections.ArrayList</T>\
                 <T>System.Object</T></TN><LST>{items}</LST></Obj>"
            )
        }
        other => write!(text, "<S N=\"{name}\">{}</S>", escaped(&cell(other))),
    };
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// JSON over several lines.
pub(super) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// UTF-8 with a byte order mark.
pub(super) fn utf8_with_mark(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").into_bytes()
}

/// UTF-16, little end first, with a byte order mark and CRLF.
fn utf16(text: &str) -> Vec<u8> {
    let text = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
