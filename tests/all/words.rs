//! What people read: no word that the field does not use, titles of one line, fixes that begin with a verb.
//!
//! `words/left.txt` holds what the texts said once and must not say again: section, tab, text. Where the notes on
//! style are beside the sources, their left columns are read too.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use crate::{docs, program::Place};
use clap::CommandFactory as _;
use ece_check::{
    catalogue::{Catalogue, Cause, check::SubjectKind},
    cli::Cli,
    diagnose::{Names, fill_names},
    probe::FACTS,
};

/// Words and phrases of no administrator.
const BANNED: &[&str] = &[
    "road",
    "roads",
    "a look",
    "the look",
    "looks at",
    "look at",
    "worth a look",
    "looked at",
    "mend",
    "mends",
    "mended",
    "all is well",
    "is well",
    "not well",
    "takes the",
    "take the token",
    "does not take",
    "stands",
    "lies",
    "switch on",
    "switch off",
    "switched on",
    "switched off",
    "stays shut",
    "shut",
    "come by",
    "comes by",
    "come about",
    "comes about",
    "at hand",
    "can be had",
    "made out for",
    "leads to",
    "lead to",
    "lead in",
    "leads nowhere",
    "run out",
    "runs out",
    "second factor",
    "somebody",
    "nobody",
    "at the most",
    "at the least",
    "of its own",
    "blank",
    "blanks",
    "wanted",
    "for want of",
    "on the way",
    "let the",
    "let it",
    "see that",
    "remedy",
    "organisation",
    "licence",
    "authorise",
    "colour",
    "centre",
    "synchronise",
];
/// The longest title, in characters; a placeholder counts as its name.
const LONGEST_TITLE: usize = 60;
/// The most sentences of a fix.
const MOST_SENTENCES: usize = 3;
/// The verbs that a fix begins with.
const VERBS: &[&str] = &[
    "Add",
    "Allow",
    "Assign",
    "Bind",
    "Change",
    "Check",
    "Convert",
    "Compare",
    "Configure",
    "Connect",
    "Copy",
    "Correct",
    "Create",
    "Delete",
    "Disable",
    "Do not",
    "Enable",
    "Enter",
    "Exclude",
    "Exempt",
    "Find",
    "Generate",
    "Grant",
    "Identify",
    "Import",
    "Increase",
    "Install",
    "Keep",
    "Limit",
    "List",
    "Look for",
    "Make",
    "Migrate",
    "Open",
    "Plan",
    "Read",
    "Reduce",
    "Regenerate",
    "Register",
    "Remove",
    "Renew",
    "Replace",
    "Request",
    "Restore",
    "Run",
    "Search",
    "Select",
    "Send",
    "Set",
    "Sign",
    "Start",
    "Stop",
    "Switch",
    "Synchronize",
    "Update",
    "Upgrade",
    "Upload",
    "Use",
    "Wait",
];

/// A text that people read, and where it is.
struct Text {
    place: String,
    text: String,
}

fn text(place: &str, key: &str, text: &str) -> Text {
    Text { place: format!("{place} {key}"), text: text.to_owned() }
}

fn of_cause(cause: &Cause) -> Vec<Text> {
    let code = &cause.code;
    let mut texts =
        vec![text(code, "title", &cause.title), text(code, "fix", &cause.fix), text(code, "takes", &cause.takes)];
    texts.extend(cause.site.iter().map(|site| text(code, "site.fix", &site.fix)));
    let commands = cause.commands.iter().chain(cause.site.iter().flat_map(|site| &site.commands));
    for command in commands {
        let others = [&command.confirms_if, &command.note, &command.role];
        texts.extend(others.into_iter().flatten().map(|words| text(code, "command", words)));
    }
    texts
}

fn of_catalogue() -> Vec<Text> {
    let catalogue = Catalogue::built_in();
    let mut texts: Vec<Text> = catalogue.causes.iter().flat_map(of_cause).collect();
    for check in &catalogue.checks {
        let id = &check.id;
        let words = &check.words;
        texts.extend([text(id, "title", &check.title), text(id, "fails", &check.fails)]);
        texts.extend([text(id, "expected", &words.expected), text(id, "why", &words.why)]);
        let others = [&check.warns, &words.input, &words.why_warn, &words.why_some, &words.why_proxy, &words.why_site];
        texts.extend(others.into_iter().flatten().map(|words| text(id, "words", words)));
        texts.extend(words.why_cut_off.iter().map(|why| text(id, "why_cut_off", why)));
        let titles = [&check.fails_some, &check.fails_proxy, &check.fails_cut_off];
        texts.extend(titles.into_iter().flatten().map(|title| text(id, "title", title)));
    }
    for table in ["aadsts", "mail-codes"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("checks/tables/{table}.toml"));
        let lines = fs::read_to_string(file).expect("a table");
        texts.extend(lines.lines().filter(|line| line.starts_with("means")).map(|line| text(table, "means", line)));
    }
    texts
}

fn of_help() -> Vec<Text> {
    fn walk(command: &mut clap::Command, texts: &mut Vec<Text>) {
        texts.push(text(command.get_name(), "--help", &command.clone().render_long_help().to_string()));
        let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
        for name in names.iter().filter(|name| *name != "help") {
            walk(command.find_subcommand_mut(name).expect("it was listed"), texts);
        }
    }
    let mut texts = Vec::new();
    walk(&mut Cli::command(), &mut texts);
    texts
}

/// Small letters with one space between words, and one at each end.
fn plain(text: &str) -> String {
    let kept = |c: char| if c.is_alphanumeric() || c == '\'' { c.to_ascii_lowercase() } else { ' ' };
    let text: String = text.chars().map(kept).collect();
    format!(" {} ", text.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn holds(text: &str, phrase: &str) -> bool {
    plain(text).contains(&plain(phrase))
}

/// The banned words in a text.
pub fn banned_in(text: &str) -> impl Iterator<Item = &'static str> {
    static PLAIN: LazyLock<Vec<String>> = LazyLock::new(|| BANNED.iter().map(|word| plain(word)).collect());
    let text = plain(text);
    BANNED.iter().zip(&*PLAIN).filter(move |(_, word)| text.contains(*word)).map(|(word, _)| *word)
}

/// What must not be said again and is, of a text.
pub fn said_again(text: &str) -> impl Iterator<Item = &'static str> {
    static LEFT: LazyLock<Vec<(String, String)>> =
        LazyLock::new(|| left().into_iter().map(|words| (plain(&words), words)).collect());
    let text = plain(text);
    LEFT.iter().filter(move |(plain, _)| text.contains(plain.as_str())).map(|(_, words)| words.as_str())
}

/// What must not be said again.
fn left() -> Vec<String> {
    let kept = include_str!("words/left.txt").lines().filter_map(|line| line.split_once('\t'));
    kept.map(|(_, words)| words.to_owned()).collect()
}

#[test]
fn no_text_holds_a_word_that_the_field_does_not_use() {
    let texts = of_catalogue().into_iter().chain(of_help());
    let wrong: Vec<String> = texts
        .flat_map(|text| {
            let banned = banned_in(&text.text);
            banned.map(|word| format!("{}: \"{word}\" in {}", text.place, text.text)).collect::<Vec<_>>()
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_text_says_again_what_was_replaced() {
    assert!(left().len() > 400, "the list is there");
    let texts = of_catalogue().into_iter().chain(of_help());
    let wrong: Vec<String> = texts
        .flat_map(|text| said_again(&text.text).map(|words| format!("{}: {words}", text.place)).collect::<Vec<_>>())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_page_holds_a_word_that_the_field_does_not_use() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let others = ["CHANGELOG.md", "SECURITY.md", "checks/README.md", "src/lab/faults/README.md"];
    let mut wrong = Vec::new();
    for page in docs::pages().into_iter().chain(others.map(|page| root.join(page))) {
        let text = docs::prose(&page);
        wrong.extend(banned_in(&text).chain(said_again(&text)).map(|words| format!("{}: {words}", page.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What commands print that no catalogue holds: labels, hints and mistakes.
#[test]
fn no_command_prints_a_word_that_the_field_does_not_use() {
    let place = Place::new();
    place.write("healthy.log", "2026-11-23 04:01:20 start\n2026-11-23 04:01:21 stop\n");
    place.write("failing.log", "2026-11-23 04:01:20 read failed: 535 5.7.3 Authentication unsuccessful\n".repeat(200));
    place.write("wrong.toml", WRONG_SITE);
    place.write("token", "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL2dyYXBoLm1pY3Jvc29mdC5jb20iLCJleHAiOjF9.AAAA");
    let calls: &[&[&str]] = &[
        &["explain", "smtp.sign-in"],
        &["explain", "smtp"],
        &["explain", "smtp-auth-disabled-mailbox"],
        &["explain", "smtp-auth-disabled"],
        &["explain", "535 5.7.3 Authentication unsuccessful"],
        &["explain", "550 5.6.3 Conversion failed"],
        &["explain", "AADSTS50058: Session information is not sufficient"],
        &["explain", "AADSTS99999: unknown"],
        &["explain", "java.net.SocketTimeoutException: connect timed out"],
        &["explain", "S: 220 ready\nC: EHLO ece"],
        &["explain", "Good morning."],
        &["explain", "--file", "healthy.log"],
        &["explain", "--file", "failing.log"],
        &["token", "show", "--file", "token"],
        &["token", "show", "--account", "sales"],
        &["token", "sign-in"],
        &["config", "check", "wrong.toml"],
        &["run", "--only", "nosuch"],
        &["run", "--lab=nosuch"],
        &["report", "healthy.log"],
        &["plan"],
        &["lab", "--list"],
        &["list", "--causes"],
        &["evidence", "request", "--for", "exchange"],
    ];
    let mut wrong = Vec::new();
    for arguments in calls {
        let said = place.call(arguments);
        let said = without_ids(&format!("{}\n{}", said.stdout, said.stderr));
        assert!(said.len() > 20, "{arguments:?}: {said}");
        wrong.extend(banned_in(&said).map(|word| format!("{arguments:?}: {word}")));
        wrong.extend(said_again(&said).map(|words| format!("{arguments:?}: {words}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Ids are names that programs rely on; they keep their spelling.
fn without_ids(text: &str) -> String {
    let is_id =
        |word: &str| word.contains(['-', '.']) && word.chars().all(|c| c.is_ascii_lowercase() || "-.".contains(c));
    let ends = |c: char| !(c.is_ascii_alphanumeric() || "-.".contains(c));
    text.split_inclusive(ends).filter(|word| !is_id(word.trim_end_matches(ends).trim_end_matches('.'))).collect()
}

/// A mistake in every line.
const WRONG_SITE: &str = r#"site = 3
hue = "x"
[ece]
role = "service"
[entra]
tenant = "common"
client_secret = "abc"
password = "hunter2"
[[account]]
name = "sales"
mailbox = "a@b.com"
signs_in_as = "not-an-address"
inbound = "imaps"
refresh_token = { fil = "x" }
[[account]]
name = "sales"
mailboxes = "x@y.com"
[[waiver]]
check = "smtp.signin"
until = "soon"
"#;

#[test]
fn a_title_is_one_short_line() {
    let catalogue = Catalogue::built_in();
    let causes = catalogue.causes.iter().map(|cause| (cause.code.as_str(), cause.title.as_str()));
    let checks = catalogue.checks.iter().flat_map(|check| {
        [Some(&check.title), Some(&check.fails), check.warns.as_ref()]
            .into_iter()
            .flatten()
            .map(move |title| (check.id.as_str(), title.as_str()))
    });
    for (place, title) in causes.chain(checks) {
        let length = title.replace(['{', '}'], "").chars().count();
        assert!(length <= LONGEST_TITLE, "{place}: {length} characters: {title}");
        assert!(!title.ends_with('.'), "{place}: {title}");
    }
}

#[test]
fn a_fix_begins_with_a_verb_and_has_three_sentences_at_most() {
    for cause in &Catalogue::built_in().causes {
        let fixes = std::iter::once(&cause.fix).chain(cause.site.iter().map(|site| &site.fix));
        for fix in fixes {
            assert!(VERBS.iter().any(|verb| fix.starts_with(&format!("{verb} "))), "{}: {fix}", cause.code);
            let sentences = fix.matches(". ").count() + 1;
            assert!(sentences <= MOST_SENTENCES, "{}: {sentences} sentences: {fix}", cause.code);
            assert!(fix.ends_with('.') && !fix.contains('…'), "{}: {fix}", cause.code);
        }
    }
}

#[test]
fn a_warning_has_an_impact_of_its_own() {
    for check in &Catalogue::built_in().checks {
        let words = &check.words;
        assert_eq!(words.why_warn.is_some(), !check.prefer.is_empty(), "{}: why_warn", check.id);
        assert_ne!(words.why_warn.as_ref(), Some(&words.why), "{}: a warning in the words of a failure", check.id);
        let several = check.subject == SubjectKind::Endpoint;
        assert_eq!(words.why_some.is_some(), several, "{}: why_some, for some of the addresses", check.id);
    }
}

#[test]
fn no_measured_fact_is_named_by_a_word_that_the_field_does_not_use() {
    for fact in FACTS.iter().flat_map(|(_, facts)| *facts) {
        let banned: Vec<&str> = banned_in(fact.label).collect();
        assert!(banned.is_empty(), "{}: {banned:?} in {}", fact.name, fact.label);
    }
}

#[test]
fn two_causes_have_two_titles() {
    let titles: Vec<String> =
        Catalogue::built_in().causes.iter().map(|cause| fill_names(&cause.title, &Names::default())).collect();
    let different: BTreeSet<&String> = titles.iter().collect();
    assert_eq!(different.len(), titles.len());
}

/// Where sentences are written.
const WRITERS: [&str; 3] = ["src/report", "src/cli", "src/explain"];

/// A plural made of a noun and a letter: `{noun}s`, or an `s` that is put in where there are several.
fn glues_a_plural(code: &str) -> bool {
    let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    // a number with a format of its own has a unit behind it, as in `time=1.250s`
    let is_word = |at: usize| code[..at].rfind('{').is_some_and(|open| !code[open..at].contains(':'));
    let after_value = code.match_indices("}s").any(|(at, _)| is_word(at) && code[at + 2..].starts_with(is_end));
    after_value || ["{ \"s\" }", "{ \"es\" }", "{ \"ies\" }"].iter().any(|glue| code.contains(glue))
}

/// A language that has more than two forms, or another order of words, needs whole sentences.
#[test]
fn one_and_several_are_whole_sentences() {
    fn files(folder: &Path, all: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { files(&path, all) } else { all.push(path) }
        }
    }
    let mut all = Vec::new();
    for folder in WRITERS {
        files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut all);
    }
    for file in all.iter().filter(|file| file.extension().is_some_and(|kind| kind == "rs")) {
        let code = fs::read_to_string(file).expect("a source file");
        let glued: Vec<&str> = code.lines().filter(|line| glues_a_plural(line)).collect();
        assert!(glued.is_empty(), "{}: {glued:#?}", file.display());
    }
    assert!(glues_a_plural("format!(\"{number} {noun}s\")") && glues_a_plural("if n == 1 { \"\" } else { \"s\" }"));
    assert!(!glues_a_plural("format!(\"{n} checks\")") && !glues_a_plural("format!(\"{}see\", 1)"));
}

#[test]
fn the_tests_of_words_can_fail() {
    assert!(holds("There is no road, from here", "no road") && !holds("the broadest", "road"));
}
