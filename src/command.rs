//! Commands that people paste, and the places in a portal or console that they open.
//!
//! In: a [`Template`] from a cause in `checks/causes`, and this site's values. Out: a [`Command`] for one target, with
//! every value quoted for its shell. A value that holds a control character, a bidirectional control or an unseen
//! character never enters a command: its placeholder stays. Pure.
//!
//! Sources: the quoting rules of PowerShell (<https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules>),
//! of the POSIX shell (XCU section 2.2.2, single quotes), and the characters that `cmd` treats specially
//! (<https://learn.microsoft.com/windows-server/administration/windows-commands/cmd>).

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What takes a command, or where its text is to be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Shell {
    /// PowerShell with the Exchange Online module.
    Exchange,
    /// PowerShell with the Microsoft Graph module.
    Graph,
    /// Windows PowerShell on the server itself; no module to install.
    Powershell,
    /// The Windows Command Prompt.
    Cmd,
    /// A POSIX shell, on Linux or macOS.
    Sh,
    /// This program, in PowerShell on Windows and in a POSIX shell elsewhere.
    EceCheck,
    /// The command line of a network device.
    Device,
    /// A page of an admin portal, and where to click on it.
    Portal,
    /// A path in the console of ECE.
    EceConsole,
    /// A Windows program with a window.
    Windows,
    /// A rule of a firewall, proxy or inspection device: not a command, but what a change request says.
    Rule,
    /// One line of a settings file.
    Setting,
    /// A step in words, where no product has a command.
    Manual,
}

/// What a command does to the system that it runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It reads only.
    Check,
    /// It changes something.
    Change,
    /// It changes something, in place of the change before it.
    Alternative,
}

/// A command for one target, ready to paste.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Command {
    /// What takes it.
    pub shell: Shell,
    /// Whether it changes anything.
    pub effect: Effect,
    /// The command alone, never shortened; only a [`Shell::Rule`] has several lines.
    pub text: String,
    /// The mailbox, user, account or host that it is for, where there is one of each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// How to connect first, such as `Connect-ExchangeOnline`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<String>,
    /// The role that whoever runs it needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What a check shows when it is this cause, such as `ImapEnabled is False`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirms_if: Option<String>,
    /// What else to know about this target: whose mail the user sends, how many more targets there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What prints, for this site, what to ask a colleague for. `owner` is `exchange`, `entra`, `webex`, `network` or `ece`.
#[must_use]
pub fn evidence_request(owner: &str) -> Command {
    Command {
        shell: Shell::EceCheck,
        effect: Effect::Check,
        text: format!("ece-check evidence request --for {owner}"),
        target: None,
        connect: None,
        role: None,
        confirms_if: None,
        note: None,
    }
}

/// A command before this site's values are in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// What takes it.
    pub shell: Shell,
    /// Whether it changes anything.
    pub effect: Effect,
    /// The text, with placeholders such as `{mailbox}`.
    pub text: String,
    /// The placeholder of which each value gets a command of its own.
    pub each: Option<String>,
    /// Only for ports where encryption begins this way.
    pub when: Option<Encryption>,
    /// The permission that `Connect-MgGraph` asks for.
    pub scope: Option<String>,
    /// The role that whoever runs it needs.
    pub role: Option<String>,
    /// What a check shows when it is this cause. May hold placeholders.
    pub confirms_if: Option<String>,
    /// What else to know about it.
    pub note: Option<String>,
}

/// How encryption begins on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encryption {
    /// With the first byte.
    ImplicitTls,
    /// After STARTTLS.
    Starttls,
}

/// The ports that begin in plain text and change to TLS with STARTTLS (RFC 6409, RFC 5321).
const STARTTLS_PORTS: [&str; 2] = ["25", "587"];

impl Encryption {
    /// How encryption begins on this port.
    #[must_use]
    pub fn of_port(port: &str) -> Self {
        if STARTTLS_PORTS.contains(&port) { Self::Starttls } else { Self::ImplicitTls }
    }
}

impl Shell {
    /// The name that is printed above a command.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Exchange => "Exchange Online PowerShell",
            Self::Graph => "Microsoft Graph PowerShell",
            Self::Powershell => "Windows PowerShell",
            Self::Cmd => "Command Prompt",
            Self::Sh => "Linux shell",
            Self::EceCheck => "on this server",
            Self::Device => "network device",
            Self::Portal => "admin portal",
            Self::EceConsole => "ECE console",
            Self::Windows => "Windows",
            Self::Rule => "rule",
            Self::Setting => "setting",
            Self::Manual => "manual step",
        }
    }

    /// True where a person pastes the text and something runs it: every value is quoted there, and one at a time.
    #[must_use]
    pub fn is_pasted(self) -> bool {
        matches!(
            self,
            Self::Exchange | Self::Graph | Self::Powershell | Self::Cmd | Self::Sh | Self::EceCheck | Self::Device
        )
    }

    /// True for every kind of PowerShell.
    #[must_use]
    pub fn is_powershell(self) -> bool {
        matches!(self, Self::Exchange | Self::Graph | Self::Powershell)
    }

    /// How to connect before a command of this shell, with the permission it needs.
    fn connect(self, scope: Option<&str>) -> Option<String> {
        match self {
            Self::Exchange => Some("Connect-ExchangeOnline".to_owned()),
            Self::Graph => Some(format!("Connect-MgGraph -Scopes {}", scope.unwrap_or("Directory.Read.All"))),
            _ => None,
        }
    }

    /// A value as this shell reads it as one argument and as nothing else; none when that is not possible.
    #[must_use]
    pub fn quote(self, value: &str) -> Option<String> {
        if value.is_empty() || value.chars().any(is_unseen) {
            return None;
        }
        match self {
            Self::Exchange | Self::Graph | Self::Powershell => Some(powershell(value)),
            Self::EceCheck if cfg!(windows) => argument(value).then(|| powershell(value)),
            Self::Sh | Self::EceCheck => argument(value).then(|| posix(value)),
            Self::Cmd | Self::Device => is_plain(value).then(|| value.to_owned()),
            _ => Some(value.to_owned()),
        }
    }

    /// What stands in a command where no value is known or the value may not enter it: no shell runs this as something
    /// else.
    fn unknown(self, meaning: &str) -> String {
        match self {
            Self::Exchange | Self::Graph | Self::Powershell | Self::Sh | Self::EceCheck => format!("'<{meaning}>'"),
            Self::Cmd => format!("\"<{meaning}>\""),
            _ => format!("<{meaning}>"),
        }
    }
}

/// A literal string of PowerShell. It also takes the four typographic single quotes for quotes, so those are doubled too.
fn powershell(value: &str) -> String {
    if value.chars().all(|character| character.is_ascii_digit()) {
        return value.to_owned();
    }
    let mut quoted = String::from("'");
    for character in value.chars() {
        if matches!(character, '\'' | '\u{2018}'..='\u{201b}') {
            quoted.push(character);
        }
        quoted.push(character);
    }
    quoted + "'"
}

/// A word of the POSIX shell: as it is where nothing in it is special.
fn posix(value: &str) -> String {
    if is_plain(value) { value.to_owned() } else { format!("'{}'", value.replace('\'', r"'\''")) }
}

/// True for a value that a program cannot mistake for one of its options.
fn argument(value: &str) -> bool {
    !value.starts_with('-')
}

/// True for a value without any character that a shell treats specially.
fn is_plain(value: &str) -> bool {
    argument(value) && value.chars().all(|c| c.is_ascii_alphanumeric() || "._:@/-".contains(c))
}

/// True for a character that acts on a terminal, turns the direction of writing or stays unseen.
#[must_use]
pub fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// One part of a text with placeholders.
#[derive(Debug, PartialEq, Eq)]
pub enum Part<'t> {
    /// Words that stay.
    Text(&'t str),
    /// The name of a value.
    Placeholder(&'t str),
}

/// The parts of a text: a placeholder is a name of small letters, digits, `.`, `_` and `-` between braces, so that the
/// blocks of PowerShell (`{ $_.Name }`) stay as they are.
#[must_use]
pub fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let (mut begin, mut from) = (0, 0);
    while let Some(open) = text[from..].find('{').map(|at| from + at) {
        let name = text[open + 1..].split_once('}').map(|(name, _)| name).filter(|name| is_name(name));
        from = open + 1;
        if let Some(name) = name {
            if begin < open {
                parts.push(Part::Text(&text[begin..open]));
            }
            parts.push(Part::Placeholder(name));
            begin = open + name.len() + 2;
            from = begin;
        }
    }
    if begin < text.len() {
        parts.push(Part::Text(&text[begin..]));
    }
    parts
}

fn is_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c))
}

/// The placeholders of a text.
pub fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    parts(text).into_iter().filter_map(|part| match part {
        Part::Placeholder(name) => Some(name),
        Part::Text(_) => None,
    })
}

/// Puts a value in the place of every placeholder.
pub fn replace(text: &str, value: impl Fn(&str) -> String) -> String {
    let filled = parts(text).into_iter().map(|part| match part {
        Part::Text(text) => text.to_owned(),
        Part::Placeholder(name) => value(name),
    });
    filled.collect()
}

/// The names of one of Microsoft's clouds, each with what all texts have in its place: those of the worldwide cloud.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wording {
    /// The worldwide name, and the one of the cloud.
    pub pairs: Vec<(String, String)>,
}

impl Wording {
    /// A text as it is right in this cloud. It must hold no values of the site yet.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut own = Cow::Borrowed(text);
        for (usual, name) in self.pairs.iter().filter(|(usual, _)| text.contains(usual.as_str())) {
            own = Cow::Owned(own.replace(usual, name));
        }
        own
    }
}

/// The placeholder that becomes ` -starttls smtp` on a port that begins in plain text, and nothing elsewhere.
pub const STARTTLS: &str = "starttls";

impl Template {
    /// A template with nothing but its text.
    #[must_use]
    pub fn new(shell: Shell, effect: Effect, text: &str) -> Self {
        let (each, when, scope, role, confirms_if, note) = (None, None, None, None, None, None);
        Self { shell, effect, text: text.to_owned(), each, when, scope, role, confirms_if, note }
    }

    /// The command for one target. `values` gives all values of a placeholder, `meaning` what stands for one that has none.
    #[must_use]
    pub fn fill(
        &self,
        target: Option<&str>,
        values: impl Fn(&str) -> Vec<String>,
        meaning: impl Fn(&str) -> String,
    ) -> Command {
        let text = replace(&self.text, |name| {
            if name == STARTTLS {
                return starttls(&values("port")).to_owned();
            }
            self.argument(&values(name)).unwrap_or_else(|| self.shell.unknown(&meaning(name)))
        });
        let words = |text: &String| {
            replace(text, |name| joined(&values(name)).unwrap_or_else(|| format!("<{}>", meaning(name))))
        };
        Command {
            shell: self.shell,
            effect: self.effect,
            text,
            target: target.filter(|target| !target.chars().any(is_unseen)).map(ToOwned::to_owned),
            connect: self.shell.connect(self.scope.as_deref()),
            role: self.role.clone(),
            confirms_if: self.confirms_if.as_ref().map(words),
            note: self.note.clone(),
        }
    }

    /// The values as one argument: of several, a pasted command can take none.
    fn argument(&self, values: &[String]) -> Option<String> {
        match values {
            [] => None,
            [one] => self.shell.quote(one),
            _ if self.shell.is_pasted() => None,
            _ => joined(values),
        }
    }
}

/// Several values in words; what may not be printed is left out.
fn joined(values: &[String]) -> Option<String> {
    let printable: Vec<&str> =
        values.iter().map(String::as_str).filter(|value| !value.chars().any(is_unseen)).collect();
    (!printable.is_empty()).then(|| printable.join(", "))
}

fn starttls(ports: &[String]) -> &'static str {
    let begins_plain = ports.iter().any(|port| Encryption::of_port(port) == Encryption::Starttls);
    if begins_plain { " -starttls smtp" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(shell: Shell, text: &str) -> Template {
        Template::new(shell, Effect::Check, text)
    }

    fn filled(shell: Shell, text: &str, value: &str) -> String {
        let values = |name: &str| if name == "mailbox" { vec![value.to_owned()] } else { Vec::new() };
        template(shell, text).fill(None, values, ToOwned::to_owned).text
    }

    #[test]
    fn a_block_of_powershell_is_no_placeholder() {
        let names: Vec<&str> = placeholders("Where-Object { $_.User -eq {user} } {tls.issuer} {} {A}").collect();
        assert_eq!(names, ["user", "tls.issuer"]);
    }

    #[test]
    fn what_powershell_takes_for_a_quote_is_doubled() {
        let line = filled(Shell::Exchange, "Get-CASMailbox -Identity {mailbox}", "o'brien\u{2019}$(calc)`@x");
        assert_eq!(line, "Get-CASMailbox -Identity 'o''brien\u{2019}\u{2019}$(calc)`@x'");
    }

    #[test]
    fn a_posix_word_ends_and_begins_its_quotes_around_a_quote() {
        assert_eq!(filled(Shell::Sh, "echo {mailbox}", "o'brien;id"), r"echo 'o'\''brien;id'");
        assert_eq!(filled(Shell::Sh, "echo {mailbox}", "sales@contoso.com"), "echo sales@contoso.com");
    }

    #[test]
    fn what_cannot_be_an_argument_never_enters_a_command() {
        for value in ["a\u{202e}b@x", "a\nb@x", "a\u{200b}@x", ""] {
            for shell in [Shell::Exchange, Shell::Powershell, Shell::Sh, Shell::Cmd, Shell::Portal, Shell::Rule] {
                let line = filled(shell, "do {mailbox}", value);
                assert!(line.contains("<mailbox>"), "{shell:?}: {line:?}");
            }
        }
        for (shell, value) in [(Shell::Cmd, "a&calc@x"), (Shell::Cmd, "%PATH%@x"), (Shell::Sh, "-x@y")] {
            assert!(filled(shell, "do {mailbox}", value).contains("<mailbox>"), "{value}");
        }
    }

    #[test]
    fn a_pasted_command_never_holds_a_list() {
        let two = |_: &str| vec!["a@x".to_owned(), "b@x".to_owned()];
        let line = template(Shell::Exchange, "Get-Mailbox {mailbox}").fill(None, two, ToOwned::to_owned).text;
        assert_eq!(line, "Get-Mailbox '<mailbox>'");
    }

    #[test]
    fn starttls_stands_only_where_the_port_begins_in_plain_text() {
        let line = |port: &str| {
            let values = |name: &str| if name == "port" { vec![port.to_owned()] } else { vec!["h.example".to_owned()] };
            template(Shell::Sh, "openssl s_client{starttls} -connect {host}:{port}")
                .fill(None, values, ToOwned::to_owned)
                .text
        };
        assert_eq!(line("587"), "openssl s_client -starttls smtp -connect h.example:587");
        assert_eq!(line("993"), "openssl s_client -connect h.example:993");
    }
}
