//! Format-Table: columns as wide as the window allowed.
//!
//! In: text. Out: a [`Sheet`]. Columns are found by the line of dashes. A header or a cell that ends in an ellipsis was cut.
//! An empty cell cannot be told from one that the window had no room for, so it counts as cut and never as "not set".
//! <https://learn.microsoft.com/powershell/module/microsoft.powershell.utility/format-table>

use super::{
    Container, Incomplete, Sheet,
    cell::{Cell, Object, Place},
    format_list::{Typed, is_first_thousand, typed},
};

/// True when a text has a header above a line of dashes.
#[must_use]
pub fn is_format_table(text: &str) -> bool {
    text.lines().any(is_rule)
}

fn is_rule(line: &str) -> bool {
    let line = line.trim_end();
    line.starts_with("--") && line.bytes().all(|byte| byte == b'-' || byte == b' ')
}

/// Reads a text.
#[must_use]
pub fn read(text: &str) -> Sheet {
    let mut sheet = Sheet::new(Container::FormatTable);
    let lines: Vec<&str> = text.lines().collect();
    let mut columns: Vec<Column> = Vec::new();
    let mut asked = Typed::default();
    for (above, line) in lines.iter().enumerate() {
        if is_first_thousand(line) {
            sheet.incomplete.push(Incomplete::FirstThousand);
        } else if line.trim().is_empty() {
            columns.clear();
        } else if is_rule(line) {
            columns = columns_of(lines.get(above.wrapping_sub(1)).copied().unwrap_or_default(), line);
        } else if let (true, Some(command)) = (columns.is_empty(), typed(line)) {
            asked = command;
        } else if !columns.is_empty() {
            let fields = columns.iter().map(|column| (column.name.as_str().into(), column.cell(line))).collect();
            let object = Object::new(fields, Place::Line(above + 1));
            sheet.objects.push(Object { asked: asked.cmdlet.clone(), whom: asked.whom.clone(), ..object });
        }
    }
    sheet
}

/// A column: its name and the letters in which it begins and ends.
struct Column {
    name: String,
    from: usize,
    to: usize,
}

impl Column {
    fn cell(&self, line: &str) -> Cell {
        let text: String = line.chars().skip(self.from).take(self.to - self.from).collect();
        let text = text.trim();
        let cut = text.is_empty() || text.ends_with("...") || text.ends_with('…');
        if cut { Cell::Cut } else { Cell::of_text(text) }
    }
}

fn columns_of(header: &str, rule: &str) -> Vec<Column> {
    let letters: Vec<char> = rule.chars().collect();
    let begins: Vec<usize> =
        (0..letters.len()).filter(|at| letters[*at] == '-' && (*at == 0 || letters[at - 1] == ' ')).collect();
    let ends = begins.iter().skip(1).copied().chain([usize::MAX]);
    let named = begins.iter().zip(ends).map(|(from, to)| {
        let name: String = header.chars().skip(*from).take(to - from).collect();
        Column { name: name.trim().to_owned(), from: *from, to }
    });
    named.filter(|column| !column.name.ends_with("...") && !column.name.ends_with('…')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_cells_are_cut_and_cut_headers_are_no_columns() {
        let text = "\nName  On    Smtp...\n----  --    -------\nsales True  True\ninfo        \n\n";
        let sheet = read(text);
        assert!(is_format_table(text));
        assert_eq!(sheet.objects.len(), 2);
        assert_eq!(sheet.objects[0].switch(&["on"]).known(), Some(true));
        assert_eq!(sheet.objects[1].get("on"), Some(&Cell::Cut));
        assert!(!sheet.objects[0].has("Smtp..."));
    }
}
