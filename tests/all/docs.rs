//! The documentation as it is read: what it shows as output is what the program prints, and what it tells people to type
//! is a command of the program.
//!
//! A block of the kind `console` holds commands, each after `$ `, and below each what it prints. `…` on a line of its own
//! stands for lines that are left out. A comment before the block, `<!-- file: NAME = PATH -->`, lays a file of this
//! repository beside the program; commands that write files (`ece-check lab --evidence FOLDER`) are run too. Times,
//! addresses of this machine and random numbers may differ.
//!
//! `UPDATE_DOCS=1 cargo test --test all docs` writes what the program prints now into the files: a part between two `…`
//! begins where its first line is printed, and keeps its number of lines.

use std::{
    collections::{BTreeMap, HashMap},
    env, fs,
    path::{Path, PathBuf},
};

use clap::{CommandFactory as _, error::ErrorKind};
use ece_check::cli::Cli;

use crate::program::{Place, finish};

/// Stands for lines that are left out.
const LEFT_OUT: &str = "…";
/// What a command begins with in a block with output.
const PROMPT: &str = "$ ";
/// The environment variable that renews the files.
const UPDATE: &str = "UPDATE_DOCS";
/// What a block holds that shows no output: something to type, or a file.
const NO_OUTPUT: [&str; 8] = ["sh", "powershell", "toml", "json", "diff", "csv", "markdown", "yaml"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The prose of a page, without blocks and code.
pub fn prose(page: &Path) -> String {
    let text = fs::read_to_string(page).expect("a page");
    let outside: String = text.split("```").step_by(2).collect();
    outside.split('`').step_by(2).collect()
}

/// README.md, CONTRIBUTING.md and what is in docs/.
pub fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).expect("docs/").map(|entry| entry.expect("a file").path());
    let mut pages: Vec<PathBuf> = docs.filter(|file| file.extension().is_some_and(|kind| kind == "md")).collect();
    pages.sort();
    pages.extend([root().join("README.md"), root().join("CONTRIBUTING.md")]);
    assert!(pages.len() > 15, "{pages:?}");
    pages
}

/// A fenced block of a page: its kind, its place in the lines of the page, and the comments right above it.
struct Block<'p> {
    kind: &'p str,
    first: usize,
    lines: Vec<&'p str>,
    comments: Vec<&'p str>,
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let lines: Vec<&str> = text.lines().collect();
    let (mut blocks, mut at) = (Vec::new(), 0);
    while at < lines.len() {
        if let Some(kind) = lines[at].trim_start().strip_prefix("```") {
            let length = lines[at + 1..].iter().position(|line| line.trim() == "```").expect("a block ends");
            let above = lines[..at].iter().rev().skip_while(|line| line.is_empty());
            let comments = above.take_while(|line| line.starts_with("<!--")).copied().collect();
            blocks.push(Block { kind, first: at + 1, lines: lines[at + 1..=at + length].to_vec(), comments });
            at += length + 1;
        }
        at += 1;
    }
    blocks
}

/// A command of a block, and what the page says that it prints.
struct Sample<'b> {
    command: &'b str,
    output: Vec<&'b str>,
}

fn samples<'b>(block: &Block<'b>) -> Vec<Sample<'b>> {
    let mut samples: Vec<Sample<'b>> = Vec::new();
    for &line in &block.lines {
        match (line.strip_prefix(PROMPT), samples.last_mut()) {
            (Some(command), _) => samples.push(Sample { command, output: Vec::new() }),
            (None, Some(sample)) => sample.output.push(line),
            (None, None) => panic!("output without a command above it: {line}"),
        }
    }
    samples
}

/// The words of a command as a shell splits them: by spaces, with quotes.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in command.chars() {
        match (c, quote) {
            ('"' | '\'', None) => (quote, word) = (Some(c), Some(word.unwrap_or_default())),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// One folder for all pages, in which each command is called once.
struct Calls {
    place: Place,
    printed: HashMap<String, Vec<String>>,
}

impl Calls {
    fn printed(&mut self, command: &str) -> &[String] {
        let place = &self.place;
        self.printed.entry(command.to_owned()).or_insert_with(|| call(place, command))
    }
}

/// Calls the program by its name, as people do, and not by its path, which would be in what it prints.
fn call(place: &Place, command: &str) -> Vec<String> {
    let words = words(command);
    assert_eq!(words.first().map(String::as_str), Some("ece-check"), "{command}");
    let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
    let mut called = place.command(&arguments);
    called.env("LANG", "C.UTF-8");
    #[cfg(unix)]
    std::os::unix::process::CommandExt::arg0(&mut called, "ece-check");
    let outcome = finish(called);
    assert!(outcome.code != Some(2) && outcome.code != Some(70), "{command}: {outcome:?}");
    outcome.stdout.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// A line without what differs from run to run: each number of a time, an address of this machine or an id becomes `#`.
fn steady(line: &str) -> String {
    if ["Server ", "Clock ", "DNS "].iter().any(|label| line.starts_with(label)) {
        return line.split(' ').next().unwrap_or_default().to_owned();
    }
    let words: Vec<String> = line.split(' ').map(steady_word).collect();
    let follows_number =
        |at: usize| at > 0 && words[at - 1] == "#" && ["ms", "s"].contains(&words[at].trim_end_matches('.'));
    let words: Vec<&str> =
        (0..words.len()).map(|at| if follows_number(at) { "ms" } else { words[at].as_str() }).collect();
    words.join(" ").trim_end().to_owned()
}

fn steady_word(word: &str) -> String {
    let core = word.trim_matches(|c: char| ",;.()\"'".contains(c));
    let is = |kept: &str| {
        core.chars().any(|c| c.is_ascii_digit()) && core.chars().all(|c| c.is_ascii_digit() || kept.contains(c))
    };
    let is_day = core.len() >= 10
        && core.as_bytes().get(4) == Some(&b'-')
        && core.as_bytes().get(7) == Some(&b'-')
        && is("-T:Z.");
    let is_hash = core.len() >= 32 && core.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let is_number = !core.is_empty() && is(".");
    let is_here = core.starts_with("127.0.0.1:");
    if is_day || is_hash || is_number && core.contains('.') && core.matches('.').count() == 1 || is_here {
        return word.replace(core, "#");
    }
    word.to_owned()
}

fn is_same(shown: &str, printed: &str) -> bool {
    steady(shown) == steady(printed)
}

/// The parts of a sample between what is left out, in order.
fn parts<'o>(output: &[&'o str]) -> Vec<Vec<&'o str>> {
    output.split(|line| *line == LEFT_OUT).map(<[&str]>::to_vec).collect()
}

/// What the page should show, as the program prints now; `Err` names the line that is printed nowhere.
fn renewed(output: &[&str], printed: &[String]) -> Result<Vec<String>, String> {
    let parts = parts(output);
    let last = parts.len() - 1;
    let (mut all, mut at): (Vec<String>, usize) = (Vec::new(), 0);
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            all.push(LEFT_OUT.to_owned());
        }
        let Some(first) = part.first() else { continue };
        let begin = if number == 0 {
            0
        } else {
            let found = printed[at..].iter().position(|line| is_same(first, line));
            at + found.ok_or_else(|| format!("not printed: {first}"))?
        };
        let end = if number == last { printed.len() } else { (begin + part.len()).min(printed.len()) };
        let lines = printed[begin..end].iter().zip(part.iter().map(Some).chain(std::iter::repeat(None)));
        all.extend(lines.map(|(now, shown)| match shown {
            Some(shown) if is_same(shown, now) => (*shown).to_owned(),
            _ => now.clone(),
        }));
        at = end;
    }
    Ok(all)
}

/// The page with all its samples renewed, and what differs.
fn renew(file: &Path, calls: &mut Calls) -> (String, Vec<String>) {
    let text = fs::read_to_string(file).expect("a page");
    let name = file.strip_prefix(root()).expect("a page of this repository").display().to_string();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut wrong = Vec::new();
    let mut changes: BTreeMap<usize, (usize, Vec<String>)> = BTreeMap::new();
    for block in blocks(&text) {
        for comment in &block.comments {
            if let Some((target, source)) =
                comment.trim_start_matches("<!-- file: ").trim_end_matches(" -->").split_once(" = ")
            {
                calls
                    .place
                    .write(target, fs::read(root().join(source)).unwrap_or_else(|error| panic!("{source}: {error}")));
            }
        }
        if block.kind != "console" {
            if !NO_OUTPUT.contains(&block.kind) {
                wrong.push(format!(
                    "{name}, line {}: a block of the kind \"{}\" is proved by nothing",
                    block.first, block.kind
                ));
            }
            continue;
        }
        let mut new = Vec::new();
        for sample in samples(&block) {
            new.push(format!("{PROMPT}{}", sample.command));
            match renewed(&sample.output, calls.printed(sample.command)) {
                Ok(lines) => new.extend(lines),
                Err(error) => {
                    wrong.push(format!("{name}: {}: {error}", sample.command));
                    new.extend(sample.output.iter().map(|line| (*line).to_owned()));
                }
            }
        }
        if new != block.lines {
            let differs = new.iter().zip(&block.lines).find(|(new, old)| new != *old);
            wrong.push(format!("{name}, line {}: {differs:?}", block.first));
            changes.insert(block.first, (block.lines.len(), new));
        }
    }
    for (first, (length, new)) in changes.into_iter().rev() {
        lines.splice(first..first + length, new);
    }
    (lines.join("\n") + "\n", wrong)
}

#[test]
fn what_the_pages_show_is_what_the_program_prints() {
    if env::var_os("ECE_CHECK_PROGRAM").is_some() {
        return; // another system has other marks and another way to call the program
    }
    let mut calls = Calls { place: Place::new(), printed: HashMap::new() };
    let mut wrong = Vec::new();
    for page in pages() {
        let (text, differs) = renew(&page, &mut calls);
        if env::var_os(UPDATE).is_some() {
            fs::write(&page, text).expect("a page");
        }
        wrong.extend(differs);
    }
    assert!(
        wrong.is_empty(),
        "{}\nRenew them with {UPDATE}=1 cargo test --test all docs, and read the difference.",
        wrong.join("\n")
    );
}

/// What a page tells people to type: lines of blocks, and code within a line that begins with the program's name.
fn typed(text: &str) -> Vec<String> {
    let mut typed: Vec<String> = Vec::new();
    for block in blocks(text).iter().filter(|block| ["sh", "powershell", "console"].contains(&block.kind)) {
        typed.extend(block.lines.iter().map(|line| line.trim().trim_start_matches(PROMPT).to_owned()));
    }
    let prose = text.split("```").step_by(2);
    typed.extend(prose.flat_map(|prose| prose.split('`').skip(1).step_by(2)).map(str::to_owned));
    let own = typed.iter().filter_map(|line| {
        let line = line.strip_prefix(".\\ece-check.exe").or_else(|| line.strip_prefix("ece-check"))?;
        (line.is_empty() || line.starts_with(' ')).then(|| format!("ece-check{line}"))
    });
    // what follows a pipe or `#` is not ours
    let alone = |line: String| {
        let end = [" | ", " # "].iter().filter_map(|mark| line.find(mark)).min().unwrap_or(line.len());
        line[..end].trim().to_owned()
    };
    own.map(alone).collect()
}

/// Stands for what people put in.
fn filled(line: &str) -> String {
    let values = [
        ("[--causes]", "--causes"),
        ("[=FAULT,…]", "=port-refused"),
        ("[--fault F,…]", "--fault port-refused"),
        ("[--list]", "--list"),
        ("-o FORMAT", "-o json"),
        ("FILE…", "FILE"),
        ("COMMAND", "run"),
        ("SHELL", "bash"),
    ];
    values.into_iter().fold(line.to_owned(), |line, (from, to)| line.replace(from, to))
}

#[test]
fn what_the_pages_tell_people_to_type_is_a_command() {
    let mut wrong = Vec::new();
    let mut all = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        for line in typed(&text) {
            all += 1;
            if let Err(error) = Cli::command().try_get_matches_from(words(&filled(&line))) {
                // a page may name a command without what it needs
                if error.use_stderr() && error.kind() != ErrorKind::MissingRequiredArgument {
                    wrong.push(format!("{}: {line}\n  {error}", page.display()));
                }
            }
        }
    }
    assert!(all > 60, "{all}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every link from a page to a file or a heading of this repository.
#[test]
fn links_of_the_pages_have_a_target() {
    let mut wrong = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a page");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let file = if file.is_empty() { page.clone() } else { page.parent().expect("a folder").join(file) };
            let there = fs::read_to_string(&file).unwrap_or_default();
            let has =
                |heading: &str| there.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == heading);
            if !file.exists() || !heading.is_empty() && !has(heading) {
                wrong.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The anchor that a Markdown page gives a heading.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn these_tests_can_fail() {
    let now: Vec<String> = ["a 1.5 s", "b", "c", "d"].map(str::to_owned).to_vec();
    assert_eq!(renewed(&["a 9.9 s", "b", "…", "d"], &now), Ok(["a 9.9 s", "b", "…", "d"].map(str::to_owned).to_vec()));
    assert_eq!(renewed(&["a 9.9 s", "x", "…", "d"], &now), Ok(["a 9.9 s", "b", "…", "d"].map(str::to_owned).to_vec()));
    assert_eq!(renewed(&["a 1 s", "…"], &now), Ok(["a 1.5 s", "…"].map(str::to_owned).to_vec()));
    assert!(renewed(&["a 1.5 s", "…", "x"], &now).is_err());
    assert!(
        !is_same("found 3 of 4", "found 2 of 4") && is_same("on 2026-11-29T17:11:35Z.", "on 2027-01-01T00:00:00Z.")
    );
}
