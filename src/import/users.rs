//! Lists of the users of Entra ID and of Control Hub as CSV. They may have a hundred thousand rows and more, so each row
//! becomes a record at once, and nothing of the text is searched for what people paste around data.
//!
//! In: text. Out: [`Row`]s, as any other table would give them.

use super::{
    Container, Problem, Rejected, Row, Sheet,
    cell::{Cell, Place, Switch, is_replaced},
    csv::Table,
    entra,
    record::{ControlHubUser, EntraUser, Record},
};

/// The column by which a list of Control Hub is known.
pub(super) const OF_HUB: &str = "User ID/Email (Required)";

/// No header is longer, in bytes.
const LONGEST_HEADER: usize = 64 << 10;

/// True when a text is such a list, by its header.
pub(super) fn is_list(text: &str) -> bool {
    let begin = &text[..text.floor_char_boundary(LONGEST_HEADER)];
    if begin.trim_start().starts_with(['{', '[', '<']) || (begin.len() < text.len() && !begin.contains('\n')) {
        return false;
    }
    let table = Table::open(begin);
    let has = |names: &[&str]| table.column(names).is_some();
    has(&[OF_HUB]) || (has(&["userPrincipalName"]) && has(&["mail"]) && has(&["id", "objectId"]))
}

/// Reads such a list.
///
/// # Errors
/// When it has too many rows.
pub(super) fn read(name: &str, text: &str) -> Result<(Sheet, Vec<Row>), Rejected> {
    let mut table = Table::open(text);
    let mut sheet = Sheet::new(Container::Csv);
    let columns = Columns::of(&table);
    let mut rows = Vec::new();
    while let Some((record, line)) = table.next(name, &mut sheet)? {
        let place = Place::Line(line);
        match columns.record(record) {
            Some(record) => rows.push(Row { place, record }),
            None => note_nameless(place, &mut sheet),
        }
    }
    rows.shrink_to_fit();
    sheet.header = table.header;
    Ok((sheet, rows))
}

fn note_nameless(place: Place, sheet: &mut Sheet) {
    let (wrong, right) = ("has no user name".to_owned(), "download the list again".to_owned());
    sheet.leave_out(Problem { place, wrong, right });
}

/// Where the columns are.
enum Columns {
    Hub { user: usize, status: Option<usize> },
    Entra(OfEntra),
}

struct OfEntra {
    name: Option<usize>,
    mail: Option<usize>,
    aliases: Option<usize>,
    id: Option<usize>,
    kind: Option<usize>,
    enabled: Option<usize>,
    deleted: Option<usize>,
}

impl Columns {
    fn of(table: &Table<'_>) -> Self {
        if let Some(user) = table.column(&[OF_HUB]) {
            return Self::Hub { user, status: table.column(&["User Status"]) };
        }
        Self::Entra(OfEntra {
            name: table.column(&["userPrincipalName"]),
            mail: table.column(&["mail"]),
            aliases: table.column(&["proxyAddresses"]),
            id: table.column(&["id", "objectId"]),
            kind: table.column(&["userType"]),
            enabled: table.column(&["accountEnabled"]),
            deleted: table.column(&["deletedDateTime"]),
        })
    }

    fn record(&self, row: &csv::StringRecord) -> Option<Record> {
        match self {
            Self::Hub { user, status } => Some(Record::ControlHubUser(ControlHubUser {
                user: text(row, Some(*user))?.to_owned(),
                status: text(row, *status).map(str::to_owned),
            })),
            Self::Entra(columns) => columns.user(row).map(Record::EntraUser),
        }
    }
}

impl OfEntra {
    fn user(&self, row: &csv::StringRecord) -> Option<EntraUser> {
        let (name, mail) = (text(row, self.name)?, text(row, self.mail));
        let aliases = text(row, self.aliases).map(|joined| Cell::of_text(joined).texts()).unwrap_or_default();
        Some(EntraUser {
            aliases: entra::aliases(&aliases, name, mail),
            user_principal_name: name.to_owned(),
            mail: mail.map(str::to_owned),
            object_id: text(row, self.id).map(str::to_lowercase),
            guest: text(row, self.kind).is_some_and(|kind| kind.eq_ignore_ascii_case("Guest")),
            enabled: self
                .enabled
                .and_then(|at| row.get(at))
                .map_or(Switch::Missing, |cell| Cell::of_text(cell).switch()),
            deleted_at: text(row, self.deleted).and_then(entra::moment),
        })
    }
}

/// A cell that holds a text.
fn text(row: &csv::StringRecord, column: Option<usize>) -> Option<&str> {
    let text = row.get(column?)?.trim();
    (!text.is_empty() && !is_replaced(text)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{Incomplete, Stated, parse};

    fn records(text: &str) -> Vec<Record> {
        let file = parse("f", text.as_bytes(), &Stated::default()).unwrap();
        file.rows.into_iter().map(|row| row.record).collect()
    }

    #[test]
    fn list_says_the_same_as_its_json() {
        let csv = "sep=;\nMail;userPrincipalName;id;userType;AccountEnabled;proxyAddresses;deletedDateTime\n\
            A@example.com;a@contoso.com;0A;Member;WAAR;SMTP:A@example.com,smtp:b@example.com,X500:/o=x;\n\
            ;g#EXT#@contoso.com;0b;Guest;;;2026-11-01T00:00:00Z\n";
        let json = r#"[{"userPrincipalName":"a@contoso.com","mail":"A@example.com","id":"0A","userType":"Member","accountEnabled":true,
            "proxyAddresses":["SMTP:A@example.com","smtp:b@example.com","X500:/o=x"],"deletedDateTime":null},
            {"userPrincipalName":"g#EXT#@contoso.com","mail":null,"id":"0b","userType":"Guest","accountEnabled":null,
            "proxyAddresses":[],"deletedDateTime":"2026-11-01T00:00:00Z"}]"#;
        assert!(is_list(csv) && !is_list(json));
        assert_eq!(records(csv), records(json));
    }

    #[test]
    fn rows_without_a_name_and_of_another_length_are_named() {
        let text =
            "First Name,User ID/Email (Required),User Status\na,a@example.com,Active\nb,,Active\nc,c@example.com\n";
        let (sheet, rows) = read("f", text).unwrap();
        let places: Vec<Place> = sheet.problems.iter().map(|problem| problem.place).collect();
        assert_eq!((rows.len(), &places[..]), (1, &[Place::Line(3), Place::Line(4)][..]));
        assert!(sheet.incomplete.contains(&Incomplete::BadRows));
    }

    #[test]
    fn list_without_rows_is_refused() {
        let error = parse("f", b"userPrincipalName,mail,id\n", &Stated::default()).unwrap_err();
        assert!(error.to_string().contains("no rows"), "{error}");
    }
}
