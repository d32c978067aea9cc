//! The shape of the source: imports go one way, the same file names in each layer, nothing unfinished left behind.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use ece_check::{catalogue::Catalogue, probe::FACTS};

/// The layers, lowest first. A module may use what stands in an earlier row, and itself.
const LAYERS: &[&[&str]] = &[
    &["files"],
    &["command", "secret", "evidence", "table", "ece"],
    &["wire", "import"],
    &["finding", "net"],
    &["oauth"],
    &["probe", "graph"],
    &["catalogue", "deployment"],
    &["plan"],
    &["judge"],
    &["diagnose"],
    &["report"],
    &["engine", "explain"],
    &["lab"],
    &["cli"],
];

/// The lab shares no code with the client: one mistake must not cancel another.
const NOT_FOR_THE_LAB: &[&str] =
    &["wire", "net", "oauth", "probe", "catalogue", "deployment", "plan", "judge", "diagnose", "engine"];

/// No file that a person should read in one sitting is longer, tests at its end left out.
const LONGEST: usize = 600;

struct Source {
    path: PathBuf,
    /// What is compiled into the program: without tests and comments.
    code: String,
    lines: usize,
}

impl Source {
    /// The module just below the crate, such as `net`.
    fn module(&self) -> String {
        let first = self.path.components().next().expect("a path has a part");
        first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources() -> Vec<Source> {
    let is_of_tests = |part: Component<'_>| Path::new(part.as_os_str()).file_stem().is_some_and(|stem| stem == "tests");
    let is_test = |path: &Path| path.strip_prefix(root()).expect("below src").components().any(is_of_tests);
    let paths =
        files(&root()).into_iter().filter(|path| path.extension().is_some_and(|end| end == "rs") && !is_test(path));
    paths.map(|path| read(&path)).collect()
}

fn read(path: &Path) -> Source {
    let text = fs::read_to_string(path).expect("a source file is text");
    let own = text.split("\n#[cfg(test)]\n").next().unwrap_or_default();
    let code: Vec<&str> = own.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let path = path.strip_prefix(root()).expect("below src").to_owned();
    Source { path, code: code.join("\n"), lines: own.lines().count() }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The modules of this crate that a text names: `crate::a::…` and `use crate::{a::…, b};`, however deep `crate` stands.
fn used(code: &str) -> Vec<String> {
    let dense: String = code.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut names = Vec::new();
    for after in dense.split("crate::").skip(1) {
        match after.strip_prefix('{') {
            Some(list) => names.extend(tops(list)),
            None => names.push(word(after)),
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The first words of the parts of a list of imports, up to its closing bracket.
fn tops(list: &str) -> Vec<String> {
    let (mut names, mut depth, mut begins) = (Vec::new(), 0, true);
    for (at, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => begins = true,
            ' ' => {}
            _ if begins && depth == 0 => {
                names.push(word(&list[at..]));
                begins = false;
            }
            _ => {}
        }
    }
    names
}

fn word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

#[test]
fn imports_are_read_from_every_form() {
    let code = "use crate::{\n    net::{Halt, tls},\n    evidence::Failure, table,\n};\nlet x = crate::judge::judge(pub(crate) y);";
    assert_eq!(used(code), ["net", "evidence", "table", "judge"]);
}

#[test]
fn imports_go_one_way() {
    let mut wrong = Vec::new();
    for source in sources() {
        let module = source.module();
        if ["lib", "main", "decisions"].contains(&module.as_str()) {
            continue;
        }
        let Some(own) = layer(&module) else { panic!("{module} stands in no layer: add it to LAYERS") };
        for name in used(&source.code) {
            if name != module && layer(&name).is_none_or(|other| other >= own) {
                wrong.push(format!("{} uses {name}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn lab_shares_nothing_with_the_client() {
    for source in sources().into_iter().filter(|source| source.module() == "lab") {
        for name in used(&source.code) {
            assert!(!NOT_FOR_THE_LAB.contains(&name.as_str()), "{} uses {name}", source.path.display());
        }
    }
}

#[test]
fn every_protocol_has_a_probe_and_a_half_in_the_lab() {
    for protocol in ["smtp", "imap", "pop3", "https", "dns"] {
        for half in ["probe", "lab"] {
            assert!(root().join(half).join(format!("{protocol}.rs")).is_file(), "{half}/{protocol}.rs is missing");
        }
        let checks = Catalogue::built_in().checks;
        assert!(checks.iter().any(|check| check.probe.name == protocol), "no check looks with {protocol}");
    }
}

#[test]
fn every_declared_fact_is_measured_and_stands_once_as_a_text() {
    let sources = sources();
    let checks: BTreeSet<String> = Catalogue::built_in().checks.into_iter().map(|check| check.id.to_string()).collect();
    let mut wrong: Vec<String> = Vec::new();
    for (group, facts) in FACTS.iter() {
        for fact in *facts {
            assert_eq!(fact.name.split('.').next(), Some(*group), "{} stands with {group}", fact.name);
            let quoted = format!("\"{}\"", fact.name);
            let times = sources.iter().map(|source| source.code.matches(&quoted).count()).sum::<usize>();
            let is_id_too = checks.contains(fact.name) && times > 1; // the id of a check, where a check is meant
            if times != 1 && !is_id_too {
                wrong.push(format!("{} stands {times} times as a text", fact.name));
            }
            let constant = fact.name.split('.').nth(1).unwrap_or_default().to_uppercase();
            let home = sources.iter().find(|source| source.code.contains(&quoted)).expect("declared somewhere");
            let module = home.path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
            let elsewhere = [format!("{module}::{constant}"), format!("{group}::{constant}")];
            let is_used = |source: &Source| elsewhere.iter().any(|name| words(&source.code, name) > 0);
            let is_measured = words(&home.code, &constant) > 1 || sources.iter().any(is_used);
            if !is_measured {
                wrong.push(format!("{} is declared and never written down", fact.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// How often a name stands in a text, as a whole word.
fn words(code: &str, name: &str) -> usize {
    let is_part = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let whole = |at: &(usize, &str)| {
        !is_part(code[..at.0].chars().next_back()) && !is_part(code[at.0 + name.len()..].chars().next())
    };
    code.match_indices(name).filter(whole).count()
}

#[test]
fn every_fact_of_a_check_is_declared_by_its_probe() {
    let declared = |name: &str| FACTS.iter().any(|(_, facts)| facts.iter().any(|fact| fact.name == name));
    for check in Catalogue::built_in().checks {
        let judged = check.expect.iter().chain(&check.prefer).map(|expectation| expectation.fact.as_str());
        for fact in judged.chain(check.shows.iter().map(String::as_str)) {
            assert!(declared(fact), "{} reads {fact}", check.id);
        }
    }
}

#[test]
fn no_file_is_longer_than_one_sitting() {
    for source in sources() {
        assert!(source.lines <= LONGEST, "{} has {} lines", source.path.display(), source.lines);
    }
}

#[test]
fn nothing_unfinished_is_left_behind() {
    for source in sources() {
        for word in ["todo!", "unimplemented!", "dbg!", ".unwrap()", "FIXME", "XXX:", "println!"] {
            assert!(!source.code.contains(word), "{} holds {word}", source.path.display());
        }
    }
}

/// Whose machine this is must not be seen: no home, no place of work, in anything that is handed on.
#[test]
fn no_file_names_a_place_of_this_machine() {
    let here = env!("CARGO_MANIFEST_DIR");
    let top = Path::new(here);
    for folder in ["src", "checks", "tests"] {
        for file in files(&top.join(folder)) {
            let Ok(text) = fs::read_to_string(&file) else { continue };
            for place in [here, concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/")] {
                assert!(!text.contains(place), "{} names {place}", file.display());
            }
        }
    }
}

/// What one file imports of this crate's other files. A file and the folder of the same name belong together: the one
/// names its parts, and the parts use what it declares.
fn imports(source: &Source, all: &[Vec<String>]) -> Vec<Vec<String>> {
    let own = module_path(&source.path);
    let dense: String = source.code.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut found: Vec<Vec<String>> = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in dense.match_indices(start) {
            if dense[..at].ends_with("super::") {
                continue; // read from its beginning
            }
            let mut rest = &dense[at..];
            let mut base = own.clone();
            while let Some(after) = rest.strip_prefix("super::") {
                base.pop();
                rest = after;
            }
            if let Some(after) = rest.strip_prefix("crate::") {
                (base, rest) = (Vec::new(), after);
            }
            for path in branches(rest) {
                let full = [base.clone(), path].concat();
                let known =
                    (1..=full.len()).rev().map(|length| full[..length].to_vec()).find(|path| all.contains(path));
                found.extend(known.filter(|path| !path.starts_with(&own) && !own.starts_with(path)));
            }
        }
    }
    found
}

/// `a::{b, c::d}` as its paths.
fn branches(text: &str) -> Vec<Vec<String>> {
    let first = word(text);
    let rest = &text[first.len()..];
    if let Some(list) = text.strip_prefix('{') {
        return parts(list).into_iter().flat_map(|part| branches(part.trim())).collect();
    }
    match rest.strip_prefix("::") {
        Some(after) if !first.is_empty() => {
            branches(after).into_iter().map(|path| [vec![first.clone()], path].concat()).collect()
        }
        _ => vec![if first.is_empty() { Vec::new() } else { vec![first] }],
    }
}

/// The parts of a list, up to its closing bracket.
fn parts(list: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut begin) = (Vec::new(), 0, 0);
    for (at, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&list[begin..at]);
                return parts;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts
}

fn module_path(path: &Path) -> Vec<String> {
    path.with_extension("").components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect()
}

/// Those that can be reached from a file, itself only by way of others.
fn reached(from: &[String], graph: &[(Vec<String>, Vec<Vec<String>>)]) -> Vec<Vec<String>> {
    let mut seen: Vec<Vec<String>> = Vec::new();
    let mut open = vec![from.to_vec()];
    while let Some(next) = open.pop() {
        let imported = graph.iter().find(|(file, _)| *file == next).map_or(&[][..], |(_, imported)| imported);
        for file in imported {
            if !seen.contains(file) {
                seen.push(file.clone());
                open.push(file.clone());
            }
        }
    }
    seen
}

#[test]
fn lists_of_imports_are_read_to_their_end() {
    let path = |text: &str| branches(text).iter().map(|path| path.join("::")).collect::<Vec<_>>();
    assert_eq!(path("net::{Halt, tls::{self, trust}}, x"), ["net::Halt", "net::tls::self", "net::tls::trust"]);
    assert_eq!(path("a::b::c(d)"), ["a::b::c"]);
}

#[test]
fn files_do_not_import_each_other_in_circles() {
    let sources: Vec<Source> = sources().into_iter().filter(|source| !is_a_root(&source.path)).collect();
    let all: Vec<Vec<String>> = sources.iter().map(|source| module_path(&source.path)).collect();
    let graph: Vec<(Vec<String>, Vec<Vec<String>>)> =
        all.iter().cloned().zip(sources.iter().map(|source| imports(source, &all))).collect();
    let edges: usize = graph.iter().map(|(_, imported)| imported.len()).sum();
    assert!(edges > 500, "only {edges} imports were found: they are not read");
    let in_circles: Vec<String> =
        all.iter().filter(|file| reached(file, &graph).contains(file)).map(|file| file.join("/")).collect();
    assert!(in_circles.is_empty(), "these files import each other: {}", in_circles.join(", "));
}

fn is_a_root(path: &Path) -> bool {
    ["lib.rs", "main.rs"].iter().any(|root| path == Path::new(root))
}

/// How many texts of three words and more stand in a file that judges, plans or looks, and what they are. Sentences are
/// written in `report`, from values; what is quoted as evidence or written down as a remark is a value.
const ENGLISH: &[(&str, usize, &str)] = &[
    ("diagnose/fill.rs", 17, "names of places and placeholders of commands"),
    ("diagnose/weigh.rs", 1, "a panic"),
    ("judge/all.rs", 1, "a panic"),
    ("plan.rs", 8, "an error of the command line and why a probe is planned"),
    ("plan/choose.rs", 2, "an error of the command line"),
    ("plan/endpoint.rs", 3, "why an endpoint is needed"),
    ("plan/firewall.rs", 6, "the cells of a change request"),
    ("plan/saved.rs", 1, "the name of a source in an error"),
    ("plan/exported.rs", 1, "what the user is to give, and the command that makes it"),
    ("probe/exported.rs", 1, "a remark that a person reads beside the evidence"),
    ("probe/https.rs", 5, "commands, words of failures and remarks of transcripts"),
    ("probe/imap.rs", 15, "commands, words of failures and remarks of transcripts"),
    ("probe/mail.rs", 3, "commands, words of failures and remarks of transcripts"),
    ("probe/pop3.rs", 3, "commands, words of failures and remarks of transcripts"),
    ("probe/round_trip.rs", 14, "commands, words of failures and remarks of transcripts"),
    ("probe/scim.rs", 12, "words of failures"),
    ("probe/scim_token.rs", 3, "words of failures"),
    ("probe/second_opinion.rs", 5, "commands, words of failures and remarks of transcripts"),
    ("probe/service.rs", 5, "commands, words of failures and remarks of transcripts"),
    ("probe/sign_in.rs", 5, "commands, words of failures and remarks of transcripts"),
    ("probe/smtp.rs", 1, "commands, words of failures and remarks of transcripts"),
    ("probe/token.rs", 3, "commands, words of failures and remarks of transcripts"),
    ("probe/url.rs", 1, "commands, words of failures and remarks of transcripts"),
    ("probe/version.rs", 5, "commands, words of failures and remarks of transcripts"),
];

/// The texts in a piece of code.
fn literals(code: &str) -> Vec<String> {
    let (mut texts, mut letters) = (Vec::new(), code.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '\'' if letters.peek() == Some(&'"') => {
                letters.next(); // a quotation mark as a letter
            }
            '"' => {
                let mut text = String::new();
                while let Some(letter) = letters.next() {
                    match letter {
                        '\\' => text.extend(letters.next()),
                        '"' => break,
                        letter => text.push(letter),
                    }
                }
                texts.push(text);
            }
            _ => {}
        }
    }
    texts
}

#[test]
fn sentences_are_not_written_where_values_are_made() {
    assert_eq!(literals(r#"f('"', "a \" b", "c")"#), ["a \" b", "c"]);
    for source in sources()
        .into_iter()
        .filter(|source| ["judge", "diagnose", "plan", "probe"].contains(&source.module().as_str()))
    {
        let declared = source.code.split("\nfacts! {").next().unwrap_or_default();
        let behind =
            source.code.split("\nfacts! {").nth(1).and_then(|rest| rest.split_once("\n}")).map_or("", |(_, rest)| rest);
        let texts: Vec<String> = [declared, behind].into_iter().flat_map(literals).collect();
        let sentences: Vec<&String> = texts.iter().filter(|text| text.matches(' ').count() >= 2).collect();
        let path = source.path.to_string_lossy().replace('\\', "/");
        let allowed = ENGLISH.iter().find(|(file, ..)| *file == path).map_or(0, |(_, count, _)| *count);
        assert!(sentences.len() <= allowed, "{path} holds {} sentences: {sentences:#?}", sentences.len());
    }
}
