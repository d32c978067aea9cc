//! The questions of `init`, and the lines of the file that the flags and the answers come to.
//!
//! What a flag gives is judged before anything is asked, and each answer right away, so that no answer is lost at the
//! end. Where the reader of the file misses a key, its question is asked again.

use clap::Args;

use crate::{
    cli::{CliError, print, site},
    deployment::{Cloud, Deployment, Mistakes, holds_secret},
    ece::external_url::faults,
    secret::suspect::may_be_secret,
    table::Mistake,
};

/// What is not asked, because a flag gives it.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The name of the site
    #[arg(long, value_name = "NAME")]
    site: Option<String>,
    /// The release of ECE, such as 12.6(1)
    #[arg(long)]
    release: Option<String>,
    /// The installed packages, such as `ES6,ES6_ET1`; empty when none is installed
    #[arg(long, value_name = "ES,…")]
    installed: Option<String>,
    /// The role of this server in ECE: services, application or all
    #[arg(long)]
    role: Option<String>,
    /// The external URL exactly as it is in ECE's settings
    #[arg(long, value_name = "URL")]
    pub(super) external_url: Option<String>,
    /// The Microsoft cloud: worldwide, gcc-high, dod or china
    #[arg(long, value_parser = site::cloud)]
    cloud: Option<Cloud>,
    /// The tenant: a GUID or a domain [default: found by the domain of the first mailbox]
    #[arg(long)]
    tenant: Option<String>,
    /// The application (client) ID
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Environment variable that will hold the client secret
    #[arg(long, value_name = "NAME")]
    client_secret_env: Option<String>,
    /// The name of the account in ECE
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// The user whose token the account has
    #[arg(long, value_name = "ADDRESS")]
    signs_in_as: Option<String>,
    /// The mailboxes of the account
    #[arg(long, value_name = "ADDRESS,…", value_delimiter = ',')]
    mailbox: Vec<String>,
    /// How mail is fetched: imap or pop3
    #[arg(long)]
    inbound: Option<String>,
    /// Environment variable that will hold the refresh token of the account
    #[arg(long, value_name = "NAME")]
    refresh_token_env: Option<String>,
}

/// Asks one question; an empty answer leaves it out.
pub(super) type Ask<'a> = &'a mut dyn FnMut(&str) -> Result<String, CliError>;

/// The answer that leaves the account out where a mailbox is missing.
const NO_ACCOUNT: &str = "-";

/// One key of the file: its question, and its value as TOML.
type Line = (&'static Question, String);

/// A key of the file, the flag that gives it, and what is asked for it.
#[derive(Debug)]
pub(super) struct Question {
    table: &'static str,
    key: &'static str,
    flag: &'static str,
    text: &'static str,
    given: fn(&Flags) -> Option<String>,
    written: fn(&str) -> String,
}

/// In the order in which they are asked.
static QUESTIONS: [Question; 14] = [
    Question {
        table: "",
        key: "site",
        flag: "--site \"NAME\"",
        text: "Name of this site",
        given: |flags| flags.site.clone(),
        written: quoted,
    },
    Question {
        table: "ece",
        key: "release",
        flag: "--release \"12.6(1)\"",
        text: "Release of ECE, such as 12.6(1)",
        given: |flags| flags.release.clone(),
        written: quoted,
    },
    Question {
        table: "ece",
        key: "installed",
        flag: "--installed ES6,ES6_ET1",
        text: "Installed packages, separated by commas (- when none is installed)",
        given: |flags| flags.installed.clone(),
        written: list,
    },
    Question {
        table: "ece",
        key: "role",
        flag: "--role services",
        text: "Role of this server: services, application or all",
        given: |flags| flags.role.clone(),
        written: word,
    },
    Question {
        table: "ece",
        key: "external_url",
        flag: "--external-url URL",
        text: "External URL, exactly as in ECE's settings",
        given: |flags| flags.external_url.clone(),
        written: quoted,
    },
    Question {
        table: "entra",
        key: "cloud",
        flag: "--cloud worldwide",
        text: "Microsoft cloud: worldwide, gcc-high, dod or china",
        given: |flags| flags.cloud.map(|cloud| cloud.word().to_owned()),
        written: word,
    },
    Question {
        table: "entra",
        key: "client_id",
        flag: "--client-id ID",
        text: "Application (client) ID",
        given: |flags| flags.client_id.clone(),
        written: quoted,
    },
    Question {
        table: "account",
        key: "name",
        flag: "--account \"NAME\"",
        text: "Name of the mail account in ECE",
        given: |flags| flags.account.clone(),
        written: quoted,
    },
    Question {
        table: "account",
        key: "mailboxes",
        flag: "--mailbox sales@yourcompany.com",
        text: "Mailboxes of the account, separated by commas",
        given: |flags| (!flags.mailbox.is_empty()).then(|| flags.mailbox.join(",")),
        written: list,
    },
    Question {
        table: "account",
        key: "signs_in_as",
        flag: "--signs-in-as sales@yourcompany.com",
        text: "User whose token the account has",
        given: |flags| flags.signs_in_as.clone(),
        written: quoted,
    },
    Question {
        table: "account",
        key: "inbound",
        flag: "--inbound imap",
        text: "How mail is fetched: imap or pop3",
        given: |flags| flags.inbound.clone(),
        written: inbound,
    },
    Question {
        table: "entra",
        key: "tenant",
        flag: "--tenant yourcompany.onmicrosoft.com",
        text: "Tenant: its ID or a domain",
        given: |flags| flags.tenant.clone(),
        written: quoted,
    },
    Question {
        table: "entra",
        key: "client_secret",
        flag: "--client-secret-env NAME",
        text: "Environment variable of the client secret (its name only)",
        given: |flags| flags.client_secret_env.clone(),
        written: variable,
    },
    Question {
        table: "account",
        key: "refresh_token",
        flag: "--refresh-token-env NAME",
        text: "Environment variable of the refresh token (its name only)",
        given: |flags| flags.refresh_token_env.clone(),
        written: variable,
    },
];

/// The text of the file: what the flags give, and what is answered where there is someone to ask.
pub(super) fn answered(flags: &Flags, ask: Option<Ask<'_>>) -> Result<String, CliError> {
    let given: Vec<Line> =
        QUESTIONS.iter().filter_map(|one| Some((one, (one.written)(&(one.given)(flags)?)))).collect();
    refuse(&given, ask.is_some())?;
    let lines = match ask {
        Some(ask) => Asking { given, lines: Vec::new() }.all(ask)?,
        None => with_tenant(given),
    };
    Ok(file(&lines))
}

/// Every flag that is wrong, or that another one needs; what is only missing can still be asked for.
fn refuse(given: &[Line], asks: bool) -> Result<(), CliError> {
    let alone = given.iter().filter_map(|line| {
        Some(told(pasted_secret(line).or_else(|| wrong(std::slice::from_ref(line)).into_iter().next())?, line.0))
    });
    let mut mistakes: Vec<Mistake> = alone.collect();
    if mistakes.is_empty() {
        mistakes.extend(wrong(given).into_iter().map(|mistake| told(mistake, given[0].0)));
    }
    if !asks {
        let missing = QUESTIONS.iter().filter(|question| misses(given, question));
        mistakes.extend(missing.map(|question| Mistake {
            right: format!("add {}", question.flag),
            ..told(question.is_missing(), question)
        }));
    }
    Mistakes::of(mistakes).map_or(Ok(()), |mistakes| Err(mistakes.into()))
}

/// A mistake of a flag: there is no file yet that has a line.
fn told(mistake: Mistake, question: &Question) -> Mistake {
    let flag = question.flag.split(' ').next().unwrap_or_default();
    Mistake { file: flag.to_owned(), line: None, ..mistake }
}

impl Question {
    fn is_missing(&self) -> Mistake {
        let wrong = match (self.table, self.key) {
            ("account", "name") => "the account has no name",
            ("account", "mailboxes") => "the account has no mailbox",
            _ => "the installed packages are of no release",
        };
        Mistake { file: String::new(), line: None, wrong: wrong.to_owned(), right: format!("give it: {}", self.text) }
    }
}

/// The questions that are left, with the answers so far.
struct Asking {
    given: Vec<Line>,
    lines: Vec<Line>,
}

impl Asking {
    fn all(mut self, ask: Ask<'_>) -> Result<Vec<Line>, CliError> {
        print::note("Press Enter to leave an answer out. No secret is asked for.");
        for question in &QUESTIONS {
            if self.is_given(question) || self.is_pointless(question) {
                continue;
            }
            match tenant(question, &self.whole()) {
                Some(line) => self.lines.push(line),
                None => self.one(question, ask)?,
            }
        }
        Ok(self.whole())
    }

    /// Asks until the answer can be used, or is left out and not needed.
    fn one(&mut self, question: &'static Question, ask: Ask<'_>) -> Result<(), CliError> {
        loop {
            let answer = ask(&self.text(question))?;
            let is_needed = misses(&self.whole(), question);
            if is_needed && answer == NO_ACCOUNT && self.leave_account_out(question) {
                return Ok(());
            }
            if answer.is_empty() && !is_needed {
                return Ok(());
            }
            let usual = self.usual(question).filter(|_| answer.is_empty());
            if let (true, None) = (answer.is_empty(), &usual) {
                print::sentences(&self.needed(question));
                continue;
            }
            let answer = usual.unwrap_or(answer);
            let line = (question, (question.written)(&answer));
            let Some(mistake) = self.refused(&line) else {
                note_form(question, &answer);
                self.lines.push(line);
                return Ok(());
            };
            print::sentences(&format!("  {}\n  {}", mistake.wrong, mistake.right));
        }
    }

    /// What is asked; what Enter gives is said where it gives something.
    fn text(&self, question: &Question) -> String {
        match self.usual(question) {
            Some(usual) => format!("{} [{usual}]", question.text),
            None => question.text.to_owned(),
        }
    }

    /// What an empty answer means where one is needed: an account of which the mailbox was given is called as it is.
    fn usual(&self, question: &Question) -> Option<String> {
        if (question.table, question.key) != ("account", "name") {
            return None;
        }
        let (_, mailboxes) = self.given.iter().find(|(given, _)| given.key == "mailboxes")?;
        let (local, _) = mailboxes.split_once('@')?;
        let name = local.trim_start_matches(['[', '"', ' ']);
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// What the reader of the file says of an answer, by itself and with the others.
    fn refused(&self, line: &Line) -> Option<Mistake> {
        let with_others: Vec<Line> = self.whole().into_iter().chain([line.clone()]).collect();
        let of_form = pasted_secret(line).into_iter().chain(wrong(std::slice::from_ref(line)));
        of_form.chain(wrong(&with_others)).next()
    }

    fn needed(&self, question: &Question) -> String {
        let otherwise = match question.table {
            "account" if self.may_leave_account_out() => ", or - to leave the account out",
            _ => "",
        };
        format!("  {}\n  write an answer{otherwise}", question.is_missing().wrong)
    }

    fn may_leave_account_out(&self) -> bool {
        !self.given.iter().any(|(question, _)| question.table == "account")
    }

    fn leave_account_out(&mut self, question: &Question) -> bool {
        let leaves = question.table == "account" && self.may_leave_account_out();
        if leaves {
            self.lines.retain(|(question, _)| question.table != "account");
        }
        leaves
    }

    fn is_given(&self, question: &Question) -> bool {
        self.given.iter().any(|(given, _)| given.key == question.key)
    }

    /// True for a question about an account that was left out, or about packages of a release that was.
    fn is_pointless(&self, question: &Question) -> bool {
        let whole = self.whole();
        match (question.table, question.key) {
            ("account", "name") => false,
            ("account", _) => !whole.iter().any(|(other, _)| other.table == "account"),
            ("ece", "installed") => !whole.iter().any(|(other, _)| other.key == "release"),
            _ => false,
        }
    }

    fn whole(&self) -> Vec<Line> {
        self.given.iter().chain(&self.lines).cloned().collect()
    }
}

/// A secret where an address, an ID or the name of a variable belongs. It is not repeated.
fn pasted_secret((question, value): &Line) -> Option<Mistake> {
    let (expected, right) = match question.key {
        "mailboxes" | "signs_in_as" => ("an address", "write the address, such as sales@yourcompany.com"),
        "client_id" => ("an application ID", "write the GUID of the application"),
        "client_secret" | "refresh_token" => ("the name of a variable", "write the name, such as ECE_CLIENT_SECRET"),
        _ if holds_secret(value) => ("an answer", "answer the question"),
        _ => return None,
    };
    let of_word = |c: char| !c.is_whitespace() && !"\"',[]{}=".contains(c);
    let is_secret = |word: &str| !word.contains('@') && may_be_secret(word);
    (holds_secret(value) || value.split(|c| !of_word(c)).any(is_secret)).then(|| Mistake {
        file: String::new(),
        line: None,
        wrong: format!("this looks like a secret, not {expected}"),
        right: format!("{right}; no secret is asked for or written"),
    })
}

/// What is wrong with these lines as the only ones of a file, without what is only missing.
fn wrong(lines: &[Line]) -> Vec<Mistake> {
    mistakes(lines).into_iter().filter(|mistake| !is_missing(mistake)).collect()
}

/// True where the reader of a file of these lines wants that key too.
fn misses(lines: &[Line], question: &Question) -> bool {
    let missing = match question.key {
        "release" => "ece.installed names packages".to_owned(),
        key => format!("{}.{key} is missing", question.table),
    };
    mistakes(lines).iter().any(|mistake| is_missing(mistake) && mistake.wrong.starts_with(&missing))
}

fn mistakes(lines: &[Line]) -> Vec<Mistake> {
    Deployment::parse("answers", &file(lines)).err().map(|mistakes| mistakes.all().to_vec()).unwrap_or_default()
}

fn is_missing(mistake: &Mistake) -> bool {
    mistake.right.starts_with("add ")
}

fn with_tenant(mut lines: Vec<Line>) -> Vec<Line> {
    if !lines.iter().any(|(question, _)| question.key == "tenant") {
        let found = QUESTIONS.iter().find_map(|question| tenant(question, &lines));
        lines.extend(found);
    }
    lines
}

/// The tenant by the domain of the first mailbox, by which Entra ID finds it.
fn tenant(question: &'static Question, lines: &[Line]) -> Option<Line> {
    let (_, mailboxes) = lines.iter().find(|(other, _)| question.key == "tenant" && other.key == "mailboxes")?;
    let (_, rest) = mailboxes.split_once('@')?;
    let end = rest.find(['"', ',', ' ']).unwrap_or(rest.len());
    let line = (question, quoted(&rest[..end]));
    wrong(std::slice::from_ref(&line)).is_empty().then_some(line)
}

/// Says at once where a URL has not the form that ECE needs: it is evidence, so that it is written as it is.
fn note_form(question: &Question, answer: &str) {
    if question.key == "external_url" {
        form(answer);
    }
}

/// Says where the external URL has not the form that ECE needs.
pub(super) fn form(url: &str) {
    for fault in faults(url) {
        print::sentences(&format!(
            "external_url: {fault}. The form must be https:// and the full host name. It is written as it is; run says how \
             to correct it in ECE."
        ));
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// One of a few words, which are small letters with hyphens in the file.
fn word(text: &str) -> String {
    quoted(&text.trim().to_ascii_lowercase().replace([' ', '_'], "-"))
}

/// The protocols are called with and without their numbers.
fn inbound(text: &str) -> String {
    match text.trim().to_ascii_lowercase().as_str() {
        "imap4" | "imap4rev1" => quoted("imap"),
        "pop" => quoted("pop3"),
        _ => word(text),
    }
}

fn list(text: &str) -> String {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty() && *item != "-");
    format!("[{}]", items.map(quoted).collect::<Vec<_>>().join(", "))
}

fn variable(name: &str) -> String {
    format!("{{ env = {} }}", quoted(name))
}

/// The file: each table once, in the order of the sample.
fn file(lines: &[Line]) -> String {
    let mut text = String::new();
    for (table, head) in [("", ""), ("ece", "[ece]\n"), ("entra", "[entra]\n"), ("account", "[[account]]\n")] {
        let of_table: Vec<&Line> = lines.iter().filter(|(question, _)| question.table == table).collect();
        if of_table.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(head);
        for (question, value) in of_table {
            text.extend([question.key, " = ", value.as_str(), "\n"]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Called {
        #[command(flatten)]
        flags: Flags,
    }

    fn flags(flags: &[&str]) -> Flags {
        Called::parse_from([&["init"], flags].concat()).flags
    }

    /// The file for these flags where each question that holds one of these words gets its answers, one after another.
    fn asked(given: &[&str], answers: &[(&str, &str)]) -> (String, Vec<String>) {
        let (mut left, mut questions) = (answers.to_vec(), Vec::new());
        let mut ask = |question: &str| {
            questions.push(question.to_owned());
            assert!(questions.len() < 40, "asked again and again: {questions:?}");
            let at = left.iter().position(|(words, _)| question.contains(words));
            Ok(at.map(|at| left.remove(at).1.to_owned()).unwrap_or_default())
        };
        let text = answered(&flags(given), Some(&mut ask)).unwrap_or_else(|error| panic!("{error}"));
        Deployment::parse("a.toml", &text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        (text, questions)
    }

    fn refused(given: &[&str]) -> String {
        answered(&flags(given), None).expect_err("refused").to_string()
    }

    #[test]
    fn file_is_read_back_as_it_was_meant() {
        let given =
            ["--mailbox", "sales@bigshop.test, help@bigshop.test", "--account", "sales \"one\"", "--site", "Rotterdam"];
        let more = ["--refresh-token-env", "SALES_TOKEN", "--release", "12.6(1)", "--installed", "-"];
        let text = answered(&flags(&[&given[..], &more].concat()), None).unwrap();
        let read = Deployment::parse("a.toml", &text).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        assert_eq!(read.accounts[0].mailboxes.len(), 2);
        assert_eq!(read.accounts[0].name, "sales \"one\"");
        assert!(read.gives("ece.installed") && read.site.as_deref() == Some("Rotterdam"));
        assert_eq!(read.entra.tenant.as_deref(), Some("bigshop.test"));
    }

    #[test]
    fn mailboxes_left_out_are_asked_for_again() {
        let answers = [
            ("Name of the mail account", "sales"),
            ("Mailboxes", ""),
            ("Mailboxes", "a"),
            ("Mailboxes", "a@bigshop.test"),
        ];
        let (text, questions) = asked(&[], &answers);
        assert!(text.contains("a@bigshop.test"), "{text}");
        assert_eq!(questions.iter().filter(|question| question.starts_with("Mailboxes")).count(), 3, "{questions:?}");
        let (text, questions) =
            asked(&[], &[("Name of the mail account", "sales"), ("Mailboxes", ""), ("Mailboxes", "-")]);
        assert_eq!(text, "");
        assert!(!questions.iter().any(|question| question.contains("refresh token")), "{questions:?}");
        let (text, _) = asked(&["--mailbox", "a@bigshop.test"], &[("Name of the mail account in ECE [a]", "")]);
        assert!(text.contains("name = \"a\""), "Enter takes what is in brackets: {text}");
    }

    #[test]
    fn words_are_read_in_any_case() {
        let given = ["--role", "Services", "--inbound", "IMAP4", "--account", "s", "--mailbox", "a@bigshop.test"];
        let text = answered(&flags(&[&given[..], &["--cloud", "Worldwide"]].concat()), None).unwrap();
        for line in ["role = \"services\"", "inbound = \"imap\"", "cloud = \"worldwide\""] {
            assert!(text.contains(line), "{line} in {text}");
        }
        let said = refused(&["--account", "s", "--mailbox", "h8Q~x.7abcDEFghiJKL"]);
        assert!(said.contains("looks like a secret, not an address") && !said.contains("h8Q"), "{said}");
    }

    #[test]
    fn packages_are_asked_for_after_the_release_and_judged_with_it() {
        let answers = [("Release", "12.6(1)"), ("Installed", "12.5(1)"), ("Installed", "ES6")];
        let (text, questions) = asked(&[], &answers);
        assert!(
            text.contains("installed = [\"ES6\"]") && questions[2].starts_with("Installed"),
            "{text} {questions:?}"
        );
        assert_eq!(questions.iter().filter(|question| question.starts_with("Installed")).count(), 2, "{questions:?}");
        assert!(!asked(&[], &[]).1.iter().any(|question| question.starts_with("Installed")));
        assert!(asked(&["--installed", "ES6"], &[("Release", ""), ("Release", "12.6(1)")]).0.contains("12.6(1)"));
    }

    #[test]
    fn flags_that_are_wrong_or_missing_are_named_all_at_once() {
        let text = refused(&["--account", "sales", "--installed", "-"]);
        assert!(text.contains("--mailbox: the account has no mailbox\n  add --mailbox sales@"), "{text}");
        assert!(text.contains("--release: ") && !text.contains("line "), "{text}");
        let text = refused(&["--role", "boss", "--mailbox", "sales", "--client-secret-env", "abc8Q~hunter2"]);
        for flag in ["--role: ", "--mailbox: ", "--client-secret-env: ", "--account: the account has no name"] {
            assert!(text.contains(flag), "{flag} in {text}");
        }
        assert!(!text.contains("hunter2"), "{text}");
        let two = refused(&["--release", "12.6(1)", "--installed", "12.5(1)"]);
        assert!(two.contains("two releases"), "{two}");
    }
}
