//! Secrets in options of commands that have no name of their own: `curl -u`, `sshpass -p`, `mysql -p…`, `net use … /user:`.
//!
//! In: a text. Out: where the passwords are. Options with a name, such as `--password`, are in [`super::named`].

use std::ops::Range;

use super::value::{behind, is_of_sentence, line_before, places, quoted, skip, skip_space, walk};

/// Options that are given `user:password` (curl(1)).
const USER: &[&str] = &["--user", "--proxy-user", "--http-user", "--userpwd"];
/// Options that are given `certificate:password` (curl(1)).
const CERTIFICATE: &[&str] = &["-E", "--cert", "--proxy-cert"];
/// Options that are given cookies (curl(1)).
const COOKIE: &[&str] = &["-b", "--cookie"];
/// Programs in small letters, and their options that are given a password; one of a single letter also without a space.
const PROGRAMS: &[(&str, &[&str])] = &[
    ("sshpass", &["-p"]),
    ("swaks", &["-ap", "--ap"]),
    ("mysql", &["-p"]),
    ("mysqldump", &["-p"]),
    ("mysqladmin", &["-p"]),
    ("mariadb", &["-p"]),
    ("mongo", &["-p"]),
    ("mongosh", &["-p"]),
    ("psexec", &["-p"]),
    ("winexe", &["-p"]),
    ("plink", &["-pw"]),
    ("az", &["-p"]),
    ("docker", &["-p"]),
    ("podman", &["-p"]),
    ("oc", &["-p"]),
    ("sqlcmd", &["-P"]),
    ("bcp", &["-P"]),
    ("zip", &["-P"]),
    ("unzip", &["-P"]),
    ("7z", &["-p"]),
    ("ldapsearch", &["-w"]),
    ("ldapmodify", &["-w"]),
    ("ldapwhoami", &["-w"]),
    ("redis-cli", &["-a"]),
    ("sendemail", &["-xp"]),
    ("sendemail.pl", &["-xp"]),
    ("blat", &["-pw"]),
    ("mailsend", &["-pass"]),
    ("openssl", &["-k", "-K"]),
    ("schtasks", &["/p", "/rp"]),
];
/// Options of curl that are given nothing and may stand before `u` in one word.
const FLAGS: &[u8] = b"sSvkLfiIgGnN#46Ojx";
/// An option is no longer.
const LONGEST: usize = 40;

/// Where the passwords are.
pub(super) fn of(text: &str, small: &str) -> Vec<Range<usize>> {
    let mut found = walk(places(text, "-"), |sign| of_option(text, sign.start));
    found.extend(walk(places(text, "/"), |sign| of_option(text, sign.start)));
    found.extend(walk(places(small, "/user:"), |name| of_net_use(text, small, &name)));
    found
}

fn of_option(text: &str, at: usize) -> Option<Range<usize>> {
    let is_begin = text[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || "\"'([{,`=".contains(c));
    let near = &text[at..text.floor_char_boundary(at + LONGEST)];
    let name = near.find(|c: char| c.is_whitespace() || "=\"',:".contains(c)).unwrap_or(near.len());
    if !is_begin || name < 2 {
        return None;
    }
    let (option, end) = (&near[..name], at + name);
    if let Some(from) = of_user(option) {
        let argument = if from == name { argument(text, end)? } else { glued(text, at + from) };
        let is_flags = from == name || text[at + 2..argument.end].contains(':');
        return behind_colon(text, argument).filter(|_| is_flags);
    }
    if CERTIFICATE.contains(&option) {
        return behind_colon(text, argument(text, end)?)
            .filter(|password| !text[password.clone()].starts_with(['\\', '/']));
    }
    if COOKIE.contains(&option) {
        return argument(text, end).filter(|cookies| text[cookies.clone()].contains('='));
    }
    of_program(text, at, option)
}

/// What an option of a program is given that is a password.
fn of_program(text: &str, at: usize, option: &str) -> Option<Range<usize>> {
    let known = |own: &&&str| option == **own || (own.len() == 2 && option.starts_with(**own));
    if !PROGRAMS.iter().any(|(_, options)| options.iter().any(|own| known(&own))) {
        return None;
    }
    let line = line_before(text, at).to_lowercase();
    let is_run = |program: &str| {
        line.split(|c: char| c.is_whitespace() || "/\\\"'`|;&([,".contains(c))
            .any(|word| word.trim_end_matches(".exe") == program)
    };
    let own =
        PROGRAMS.iter().filter(|(program, _)| is_run(program)).find_map(|(_, options)| options.iter().find(known))?;
    let password = if option == *own { argument(text, at + option.len())? } else { glued(text, at + own.len()) };
    (!text[password.clone()].starts_with('-')).then_some(password)
}

/// What an option is given: in quotes, or the next word.
fn argument(text: &str, end: usize) -> Option<Range<usize>> {
    let sign = skip(text, end, &['"', '\'', ',', '=', ':']);
    let begin = skip(text, skip_space(text, sign), &['\n', '\r', ' ', '$']);
    if begin == end {
        return None;
    }
    let quote = ["\"", "'"].into_iter().find(|quote| text[begin..].starts_with(*quote));
    let argument = match quote {
        Some(quote) => begin + 1..begin + 1 + quoted(&text[begin + 1..], quote),
        None => glued(text, begin),
    };
    (!is_of_sentence(&text[argument.clone()])).then_some(argument)
}

/// A word without what closes around it.
fn glued(text: &str, begin: usize) -> Range<usize> {
    let begin = skip(text, begin, &['"', '\'']);
    let near = behind(text, begin);
    let end = near.find(char::is_whitespace).unwrap_or(near.len());
    begin..begin + near[..end].trim_end_matches(['"', '\'', ',', ']', ')', '`']).len()
}

fn behind_colon(text: &str, argument: Range<usize>) -> Option<Range<usize>> {
    let words = Some(&text[argument.clone()]).filter(|words| !words.contains("://"))?;
    let path = if words.get(1..3).is_some_and(|drive| [":\\", ":/"].contains(&drive)) { 3 } else { 0 };
    let sign = words[path..].find([':', '%', ','])?;
    Some(argument.start + path + sign + 1..argument.end)
}

/// Where the user begins that an option is given: at its end where it is the next word.
fn of_user(option: &str) -> Option<usize> {
    if USER.contains(&option) {
        return Some(option.len());
    }
    let letters = option.strip_prefix('-').filter(|letters| !letters.starts_with('-'))?;
    let at = letters.find(['u', 'U']).filter(|at| letters[..*at].bytes().all(|byte| FLAGS.contains(&byte)))?;
    let is_glued = letters.len() > at + 1;
    let is_plain = letters[..at].bytes().all(|byte| !b"Ojx".contains(&byte));
    (!is_glued || is_plain).then_some(at + 2)
}

/// `net use \\server\share … /user:name`: the word behind the user, or the one before it.
fn of_net_use(text: &str, small: &str, name: &Range<usize>) -> Option<Range<usize>> {
    let line = line_before(small, name.start);
    let command = line.rfind("net use ").or_else(|| line.rfind("net.exe use "))?;
    let is_word =
        |word: &str| !word.is_empty() && !word.starts_with(['/', '*', '\\']) && !word.ends_with(':') && word != "use";
    let user = name.end + behind(text, name.end).find(char::is_whitespace).unwrap_or(0);
    let next = glued(text, skip(text, user, &[' ', '\t']));
    if user > name.end && next.start > user && is_word(&text[next.clone()]) {
        return Some(next);
    }
    let command = &text[name.start - line.len() + command..name.start].trim_end_matches(' ');
    let end = name.start - (text[..name.start].len() - text[..name.start].trim_end_matches(' ').len());
    let word = command.rsplit(' ').next().filter(|word| is_word(word) && command.matches(' ').count() > 2)?;
    Some(end - word.len()..end)
}
