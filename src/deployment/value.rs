//! Single values of the site file. What is refused is repeated only when it cannot be a secret in the wrong line.

use std::net::IpAddr;

use jiff::civil::Date;
use uuid::Uuid;

use super::{Cloud, mistakes::Collector};
use crate::{
    ece::external_url::{is_invisible, normal},
    import::rules::webex::tenant_url,
    secret::{Source, suspect},
    table::{At, Mistake, Scalar, Table, may_be_quoted},
};

/// What is wrong, and what would be right.
pub(super) type Refusal = (String, String);

/// The longest value that is accepted, in bytes.
const LONGEST: usize = 2000;

/// The text at a key: of one line, and of a length that a person writes.
pub(super) fn text<'d>(table: &mut Table<'d>, key: &str, mistakes: &mut Collector) -> Option<At<'d, String>> {
    let found = mistakes.keep(table.text(key))?;
    mistakes.keep(found.parse(|text| decent(text)).map(Some))
}

/// The text at a key, be it empty or with control characters: what somebody found in a setting is evidence as it is.
pub(super) fn text_or_empty<'d>(table: &mut Table<'d>, key: &str, mistakes: &mut Collector) -> Option<At<'d, String>> {
    let found = mistakes.keep(table.scalar(key))?;
    let full = table.full(key);
    let read = found.parse(|value| match value {
        Scalar::Text(text) => short(text),
        _ => Err((format!("{full} is not a text"), format!("write {key} = \"…\", in quotes"))),
    });
    mistakes.keep(read.map(Some))
}

/// The text at a key that must be there.
pub(super) fn required<'d>(
    table: &mut Table<'d>,
    key: &str,
    of: &str,
    mistakes: &mut Collector,
) -> Option<At<'d, String>> {
    if !table.has(key) {
        mistakes.missing(table.mistake(format!("{of}.{key} is missing"), format!("add {key} = \"…\"")));
    }
    text(table, key, mistakes)
}

const A_LINE: &str = "write it in one line, and a path in single quotes, as in 'C:\\temp\\token.txt': in double quotes a \
                      backslash begins an escape";

pub(super) fn decent(text: &str) -> Result<String, Refusal> {
    if text.chars().any(char::is_control) {
        return Err(("there is a control character in this value".to_owned(), A_LINE.to_owned()));
    }
    short(text)
}

fn short(text: &str) -> Result<String, Refusal> {
    if text.len() > LONGEST {
        let right = format!("write at most {LONGEST}; a secret does not belong in this file");
        return Err((format!("this value has {} bytes", text.len()), right));
    }
    Ok(text.to_owned())
}

/// The list of texts at a key, each turned by `turn`, with a mistake for each that cannot be.
pub(super) fn each(
    table: &mut Table<'_>,
    key: &str,
    turn: impl Fn(&str) -> Result<String, Refusal>,
    mistakes: &mut Collector,
) -> Option<Vec<String>> {
    let full = table.full(key);
    let (found, wrong) = table.items(key);
    let is_whole = wrong.is_empty();
    mistakes.all_wrong(wrong);
    let found = found?;
    if found.value.is_empty() && is_whole {
        mistakes.wrong(found.mistake(format!("{full} is an empty list"), "fill it, or leave the line out"));
    }
    let turned = found.value.into_iter().filter_map(|item| mistakes.keep(item.parse(|text| turn(text)).map(Some)));
    Some(turned.map(|at| at.value).collect())
}

/// A web address as typed, whatever its form. A user name with a password is refused: it would be printed.
pub(super) fn address(key: &str, text: &str) -> Result<String, Refusal> {
    if has_password(text) {
        let right = "remove what is between :// and @, and change that password";
        return Err((format!("{key}: there is a password in this address"), right.to_owned()));
    }
    short(text)
}

fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

/// The name of the site, which every report repeats. It is not repeated when it may be a secret.
pub(super) fn name_of_site(text: &str) -> Result<String, Refusal> {
    if suspect::is_no_name(text) {
        let right = "write a name for people to read, as in site = \"Rotterdam\"";
        return Err(("site looks like a URL or a secret".to_owned(), right.to_owned()));
    }
    Ok(text.to_owned())
}

/// A tenant's GUID or domain. The value is not repeated when it is neither: it may be a secret in the wrong line.
pub(super) fn tenant(text: &str) -> Result<String, Refusal> {
    if is_guid(text) {
        return Ok(text.to_ascii_lowercase());
    }
    if ["common", "organizations", "consumers"].contains(&text.to_ascii_lowercase().as_str()) {
        let wrong = format!("entra.tenant: \"{text}\" is not a tenant; it means any tenant");
        return Err((wrong, TENANT.to_owned()));
    }
    domain(text).ok_or_else(|| ("entra.tenant is neither a GUID nor a domain".to_owned(), TENANT.to_owned()))
}

/// A name that DNS can have, and no IP address.
fn domain(text: &str) -> Option<String> {
    normal(text).filter(|name| name.contains('.') && name.parse::<IpAddr>().is_err())
}

const TENANT: &str = "write the directory (tenant) ID, or the domain as in yourcompany.onmicrosoft.com";

/// An application id. The value is not repeated: it may be a secret in the wrong line.
pub(super) fn guid(text: &str) -> Result<Uuid, Refusal> {
    let found = if is_guid(text) { Uuid::try_parse(text).ok() } else { None };
    found.ok_or_else(|| {
        let right = "copy the application (client) ID from Entra: 32 hexadecimal digits in groups of 8-4-4-4-12";
        ("entra.client_id is not a GUID".to_owned(), right.to_owned())
    })
}

/// An organization ID of Webex as typed; of its long form, which developer pages show, the GUID in it.
#[expect(clippy::unnecessary_wraps, reason = "read as every value is")]
pub(super) fn organization(text: &str) -> Result<String, Refusal> {
    Ok(tenant_url::decoded(text.trim()).map_or_else(|| text.to_owned(), |id| id.to_string()))
}

fn is_guid(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

/// A mail address, in small letters: what files say of a mailbox is found by them. It is not repeated when it is none; what
/// is wrong with it is said instead.
pub(super) fn mail_address(key: &str, text: &str) -> Result<String, Refusal> {
    let refuse = |what: &str| {
        Err((format!("{key} is not a mail address: {what}"), "write it as in sales@yourcompany.com".to_owned()))
    };
    if text.contains(char::is_whitespace) {
        return refuse("there is a space in it");
    }
    if let Some(hidden) = text.chars().find(|c| is_invisible(*c)) {
        return refuse(&format!("there is an invisible character in it (U+{:04X})", u32::from(hidden)));
    }
    let Some((user, domain)) = text.rsplit_once('@') else { return refuse("there is no @ in it") };
    if user.is_empty() {
        return refuse("there is no name before the @");
    }
    if user.contains('@') {
        return refuse("there are two @ in it");
    }
    // RFC 5321, section 4.1.2: only in quotes, which no mailbox of Exchange Online has
    if let Some(mark) = user.chars().find(|c| "():;<>[]\\,\"".contains(*c)) {
        return refuse(&format!("there is a {mark} in it"));
    }
    if domain.ends_with('.') {
        return refuse("there is a dot at its end");
    }
    if let Some(letter) = of_another_script(text) {
        return refuse(&format!(
            "the letter {letter} (U+{:04X}) is not Latin, although it may look so",
            u32::from(letter)
        ));
    }
    match normal(domain).filter(|domain| domain.contains('.')) {
        Some(_) => Ok(text.to_lowercase()),
        None => refuse("there is no domain after the @"),
    }
}

/// A Greek or Cyrillic letter in a name or a label that has Latin letters too: nobody writes so on purpose.
fn of_another_script(text: &str) -> Option<char> {
    let is_other = |c: &char| ('\u{370}'..='\u{52f}').contains(c);
    let labels = text.split(['@', '.', '-', '_']).filter(|label| label.contains(|c: char| c.is_ascii_alphabetic()));
    labels.flat_map(str::chars).find(is_other)
}

/// A Microsoft cloud.
pub(super) fn cloud(text: &str) -> Result<Cloud, Refusal> {
    let shown = if may_be_quoted(text) { format!(" \"{text}\"") } else { String::new() };
    text.parse().map_err(|right| (format!("invalid entra.cloud{shown}"), right))
}

pub(super) fn host(text: &str) -> Result<String, Refusal> {
    let refuse = |wrong: &str, right: &str| Err((format!("endpoint.host: {wrong}"), right.to_owned()));
    if text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    if text.contains("://") || text.contains('/') {
        return refuse("this is an address, not a host", "write the name alone, without https:// and without a path");
    }
    if text.contains('*') {
        return refuse("a pattern cannot be looked up", "write one endpoint for each name that is needed");
    }
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Some(inner) = inner.filter(|inner| inner.parse::<IpAddr>().is_ok()) {
        return refuse("an IPv6 address has no brackets here", &format!("write host = \"{inner}\""));
    }
    if text.contains(':') {
        return refuse("the port does not belong here", "write host = \"…\" and port = 443 in two lines");
    }
    match normal(text) {
        Some(name) if text.len() <= LONGEST && !suspect::is_no_host(text) => Ok(name),
        _ => refuse("this cannot be the name of a host", "write it as in proxy.yourcompany.com"),
    }
}

/// The date at a key.
pub(super) fn date(table: &mut Table<'_>, section: &str, key: &str, mistakes: &mut Collector) -> Option<Date> {
    let found = mistakes.keep(table.scalar(key))?;
    let full = format!("{section}.{key}");
    let read = match &found.value {
        Scalar::Date(text) if text.len() == 10 => found
            .clone()
            .parse(|_| text.parse().map_err(|_| (format!("{full}: there is no such day"), A_DATE.to_owned()))),
        Scalar::Date(_) => Err(found.mistake(format!("{full} must be a date without a time"), A_DATE)),
        Scalar::Text(text) => Err(found.mistake(format!("{full} must be a date, not a text"), as_date(text))),
        _ => Err(found.mistake(format!("{full} is not a date"), A_DATE)),
    };
    mistakes.keep(read.map(Some)).map(|at| at.value)
}

const A_DATE: &str = "write it as in 2027-01-31, year-month-day, without quotes";

/// The remedy for a date in quotes; day.month.year is turned round, as there is no other way to read it.
fn as_date(text: &str) -> String {
    let parts: Vec<&str> = text.trim().split('.').collect();
    let turned = match parts[..] {
        [day, month, year] => format!("{year}-{month:0>2}-{day:0>2}"),
        _ => text.trim().to_owned(),
    };
    turned.parse::<Date>().map_or_else(|_| A_DATE.to_owned(), |date| format!("write {date} without quotes"))
}

/// Where a secret is kept.
pub(super) fn secret(table: &mut Table<'_>, key: &str, mistakes: &mut Collector) -> Option<Source> {
    let full = table.full(key);
    let found = table.table(key).map_err(|mistake| Mistake {
        wrong: format!("{full} must be a reference, not the secret itself"),
        right: format!("write {key} = {{ env = \"NAME\" }}, {{ file = \"PATH\" }} or {{ command = \"…\" }}"),
        ..mistake
    });
    let mut table = mistakes.keep(found)?;
    let sources = [
        text(&mut table, "env", mistakes)
            .and_then(|at| mistakes.keep(at.parse(|name| variable(name)).map(Some)))
            .map(|at| at.value),
        text(&mut table, "file", mistakes).map(|at| Source::File(at.value.into())),
        text(&mut table, "command", mistakes).map(|at| Source::Command(at.value)),
    ];
    let mut sources = sources.into_iter().flatten();
    let (first, second) = (sources.next(), sources.next());
    let right = "give one of env, file and command";
    if second.is_some() {
        mistakes.wrong(table.mistake(format!("{full} names two places"), right));
    }
    if table.is_empty() {
        mistakes.wrong(table.mistake(format!("{full} names no place"), right));
    }
    mistakes.close(table);
    first
}

/// The name of a variable. It is not repeated when it is none: it may be the secret itself.
fn variable(name: &str) -> Result<Source, Refusal> {
    let is_name = name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.as_bytes()[0].is_ascii_digit();
    if is_name && !is_like_a_secret(name) {
        return Ok(Source::Env(name.to_owned()));
    }
    let right = "write the name only, as in ECE_CLIENT_SECRET: letters, digits and underscores, no $ and no %";
    Err(("env is not the name of a variable".to_owned(), right.to_owned()))
}

/// A run of capitals, small letters and digits as programs make them, where a person would put underscores.
fn is_like_a_secret(name: &str) -> bool {
    let has = |test: fn(&u8) -> bool| name.as_bytes().iter().any(test);
    name.len() >= 16
        && !name.contains('_')
        && !may_be_quoted(name)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && name.bytes().filter(u8::is_ascii_digit).count() >= 3
}
