//! Format-List: what a PowerShell window shows, redirected to a file or pasted with its prompts.
//!
//! In: text. Out: a [`Sheet`]. A line is `Name : value`, with the colon in one column for a whole object; a longer value
//! goes on in the next line, indented to its own column. An empty line ends an object, and so does a name that comes again.
//! A list in braces that ends in `...` was cut after four items. The line of a prompt says what was asked, and for whom.
//! <https://learn.microsoft.com/powershell/module/microsoft.powershell.utility/format-list>

use super::{
    Container, Incomplete, Rejected, Sheet,
    cell::{Cell, Object, Place},
    csv::MOST_ROWS,
};

/// True when a text has lines of this form.
#[must_use]
pub fn is_format_list(text: &str) -> bool {
    text.lines().any(|line| pair(line).is_some() || value_of_expression(line).is_some())
}

/// True when several lines are of this form, as in no table.
#[must_use]
pub fn is_mostly(text: &str) -> bool {
    text.lines().filter(|line| pair(line).is_some()).nth(1).is_some()
}

/// Reads a text.
///
/// # Errors
/// When it holds too many objects.
pub fn read(name: &str, text: &str) -> Result<Sheet, Rejected> {
    let mut reading = Reading::default();
    for (above, line) in text.lines().enumerate() {
        reading.line(above + 1, line.trim_end());
    }
    reading.end_object();
    let mut sheet = Sheet::new(Container::FormatList);
    sheet.objects = reading.objects;
    if reading.first_thousand {
        sheet.incomplete.push(Incomplete::FirstThousand);
    }
    if sheet.objects.len() > MOST_ROWS {
        return Err(Rejected::whole(name, "has more than a million objects", "export only the mailboxes of ECE"));
    }
    Ok(sheet)
}

/// A command that was typed at a prompt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Typed {
    /// The cmdlet.
    pub cmdlet: Option<String>,
    /// The value of `-Identity`, or the first argument.
    pub whom: Option<String>,
}

/// Reads the line of a prompt, such as `PS C:\> Get-CASMailbox -Identity a@example.com | fl`.
#[must_use]
pub fn typed(line: &str) -> Option<Typed> {
    let line = line.trim();
    let is_prompt = ["PS ", "PS>", "[PS]"].iter().any(|start| line.starts_with(start));
    let after = if is_prompt { line.split_once('>')?.1 } else { line };
    let first = after.split('|').next().unwrap_or_default().trim();
    let mut words = first.split_whitespace().map(|word| word.trim_matches(['"', '\'']));
    let cmdlet = words.next().filter(|word| word.starts_with("Get-") && word.len() > 6);
    if cmdlet.is_none() && after == line {
        return None;
    }
    let rest: Vec<&str> = words.collect();
    let named = rest
        .iter()
        .position(|word| ["-identity", "-userid", "-userprincipalname"].contains(&word.to_lowercase().as_str()));
    let whom = named.map_or_else(|| rest.first().filter(|word| !word.starts_with('-')), |at| rest.get(at + 1));
    let whom = whom.filter(|word| !word.starts_with('$')).map(|word| (*word).to_owned());
    Some(Typed { cmdlet: cmdlet.map(str::to_owned), whom })
}

/// A line `Name : value`, with the column in which its value begins. Names of properties have no spaces.
#[must_use]
pub fn pair(line: &str) -> Option<(&str, &str, usize)> {
    let colon = line.find(" :").map(|at| at + 1).or_else(|| line.find(':'))?;
    let name = line[..colon].trim_end();
    let is_name = name.len() > 1
        && name.len() < 80
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_alphanumeric() || "_.@".contains(c));
    let value = &line[colon + 1..];
    (is_name && (value.is_empty() || value.starts_with(' ')))
        .then(|| (name, value.trim(), line[..colon].chars().count() + 2))
}

/// The cmdlet and the property of `(Get-TransportConfig).SmtpClientAuthenticationDisabled`, which prints the value alone.
fn value_of_expression(line: &str) -> Option<(&str, &str)> {
    let (asked, property) = line.split_once("(Get-")?.1.split_once(").")?;
    let cmdlet = asked.split_whitespace().next()?;
    let property = property.trim();
    (!property.is_empty() && property.chars().all(char::is_alphanumeric)).then_some((cmdlet, property))
}

#[derive(Default)]
struct Reading {
    objects: Vec<Object>,
    fields: Vec<(String, String)>,
    begins: usize,
    column: usize,
    typed: Typed,
    /// The property whose value the next line is.
    property: Option<String>,
    first_thousand: bool,
}

impl Reading {
    fn line(&mut self, number: usize, line: &str) {
        if line.is_empty() {
            return self.end_object();
        }
        if is_first_thousand(line) {
            self.first_thousand = true;
            return;
        }
        if let Some((cmdlet, property)) = value_of_expression(line) {
            self.end_object();
            self.typed = Typed { cmdlet: Some(format!("Get-{cmdlet}")), whom: None };
            self.property = Some(property.to_owned());
            return;
        }
        if let Some(property) = self.property.take() {
            self.pair(number, &property, line.trim(), 0);
            return self.end_object();
        }
        let indent = line.chars().take_while(|c| *c == ' ').count();
        if !self.fields.is_empty() && indent >= self.column && self.column > 0 {
            let more = line.trim();
            if let Some((_, value)) = self.fields.last_mut() {
                value.push_str(more);
            }
            return;
        }
        if let Some(typed) = typed(line) {
            self.end_object();
            self.typed = typed;
        } else if let Some((name, value, column)) = pair(line) {
            self.pair(number, name, value, column);
        }
    }

    fn pair(&mut self, number: usize, name: &str, value: &str, column: usize) {
        if self.fields.iter().any(|(own, _)| own == name) {
            self.end_object();
        }
        if self.fields.is_empty() {
            self.begins = number;
        }
        self.column = column;
        self.fields.push((name.to_owned(), value.to_owned()));
    }

    fn end_object(&mut self) {
        if self.fields.is_empty() {
            return;
        }
        let fields = std::mem::take(&mut self.fields);
        let fields = fields.into_iter().map(|(name, value)| (name.into(), value_of(&value))).collect();
        let object = Object::new(fields, Place::Line(self.begins));
        self.objects.push(Object { asked: self.typed.cmdlet.clone(), whom: self.typed.whom.clone(), ..object });
    }
}

/// True for the warning that Exchange prints when there is more than it shows.
#[must_use]
pub fn is_first_thousand(line: &str) -> bool {
    line.contains("only the first 1000 items are returned")
}

fn value_of(text: &str) -> Cell {
    let Some(inner) = text.strip_prefix('{') else { return Cell::of_text(text) };
    let (inner, closed) = inner.strip_suffix('}').map_or((inner, false), |inner| (inner, true));
    let mut items: Vec<Cell> = inner.split(',').map(str::trim).filter(|item| !item.is_empty()).map(item).collect();
    if !closed && !items.contains(&Cell::Cut) {
        items.push(Cell::Cut);
    }
    Cell::List(items)
}

fn item(text: &str) -> Cell {
    if text.ends_with("...") || text.ends_with('…') { Cell::Cut } else { Cell::of_text(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_and_cut_values_are_told_apart() {
        let text = "\n\nName  : a\nAddrs : {SMTP:a@exa\n        mple.com, smtp:b@c}\nCut   : {a, b, c, d...}\nNone  : \n\nName  : b\n";
        let sheet = read("f", text).unwrap();
        assert_eq!(sheet.objects.len(), 2);
        assert_eq!(sheet.objects[0].texts(&["addrs"]), ["SMTP:a@example.com", "smtp:b@c"]);
        assert!(sheet.objects[0].is_cut("cut") && !sheet.objects[0].is_cut("addrs"));
        assert_eq!(sheet.objects[0].get("none"), Some(&Cell::Null));
        assert_eq!(sheet.objects[1].place, Place::Line(9));
    }

    #[test]
    fn value_that_was_asked_for_alone_has_its_name() {
        let text = "PS C:\\> (Get-TransportConfig).SmtpClientAuthenticationDisabled\nTrue\nPS C:\\>\n";
        let sheet = read("f", text).unwrap();
        assert_eq!(sheet.objects[0].switch(&["SmtpClientAuthenticationDisabled"]).known(), Some(true));
        assert_eq!(sheet.objects[0].asked.as_deref(), Some("Get-TransportConfig"));
    }

    #[test]
    fn prompts_say_what_was_asked_and_for_whom() {
        for (line, cmdlet, whom) in [
            ("PS C:\\> Get-CASMailbox -Identity a@example.com | fl", Some("Get-CASMailbox"), Some("a@example.com")),
            ("PS> Get-CASMailbox 'a@example.com'|fl", Some("Get-CASMailbox"), Some("a@example.com")),
            ("Get-TransportConfig | fl", Some("Get-TransportConfig"), None),
            ("PS C:\\Users\\admin>", None, None),
            ("[PS] C:\\Windows\\system32>Get-Mailbox a@example.com", Some("Get-Mailbox"), Some("a@example.com")),
        ] {
            let read = typed(line).unwrap();
            assert_eq!((read.cmdlet.as_deref(), read.whom.as_deref()), (cmdlet, whom), "{line}");
        }
        assert_eq!(typed("ImapEnabled : True"), None);
    }
}
