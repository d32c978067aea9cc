//! Reading the site file: each table, with every mistake in it.

use std::collections::{BTreeSet, HashMap, HashSet, hash_map::Entry};

use super::{
    Account, Deployment, Ece, Endpoint, Entra, Inbound, Integration, Mistakes, Role, Waiver, Webex, evidence,
    left_over::{self, quoted},
    mistakes::Collector,
    saved,
    value::{self, date, decent, each, name_of_site, required, secret, text, text_or_empty},
    waiver::Place,
};
use crate::{
    ece::release::{Level, NotALevel, Release, Stated},
    evidence::Protocol,
    oauth::{ClientCredential, Papers, TokenSource},
    secret::suspect,
    table::{At, Document, Table},
};

/// Structure first, then left-overs: whoever misspelt a key learns of that before learning that the file is still a
/// sample.
pub(super) fn checked(document: &Document) -> Result<Deployment, Mistakes> {
    match (parsed(document), left_over::samples(document)) {
        (read, None) => read,
        (Ok(_), Some(samples)) => Err(samples.into()),
        (Err(mistakes), Some(samples)) => Err(mistakes.and(samples)),
    }
}

pub(super) fn parsed(document: &Document) -> Result<Deployment, Mistakes> {
    let (mut top, syntax) = document.table_as_far_as_possible();
    let mut mistakes = Collector::new(left_over::secrets(document), syntax);
    let deployment = deployment(&mut top, &mut mistakes);
    let deployment = Deployment { file: saved::text(document.text()), ..deployment };
    mistakes.close(top);
    mistakes.finish().map_or(Ok(deployment), Err)
}

fn deployment(top: &mut Table<'_>, mistakes: &mut Collector) -> Deployment {
    let site = text(top, "site", mistakes).and_then(|at| mistakes.keep(at.parse(|name| name_of_site(name)).map(Some)));
    let site = site.map(|at| at.value);
    let ece = one(top, "ece", mistakes).map(|table| ece(table, mistakes)).unwrap_or_default();
    let entra = one(top, "entra", mistakes).map(|table| entra(table, mistakes)).unwrap_or_default();
    let webex = one(top, "webex", mistakes).map(|table| webex(table, mistakes));
    let accounts = accounts(many(top, "account", mistakes), mistakes);
    let endpoints = endpoints(many(top, "endpoint", mistakes), mistakes);
    let waivers = many(top, "waiver", mistakes).into_iter().filter_map(|table| waiver(table, mistakes)).collect();
    let evidence = one(top, "evidence", mistakes).map(|table| evidence::evidence(table, mistakes)).unwrap_or_default();
    let attestations = many(top, "attestation", mistakes);
    let attestations: Vec<_> =
        attestations.into_iter().filter_map(|table| evidence::attestation(table, mistakes)).collect();
    evidence::contradictions(&attestations, mistakes);
    Deployment { site, ece, entra, accounts, endpoints, webex, waivers, evidence, attestations, file: String::new() }
}

/// What a site file has at its top.
const TOP: [&str; 9] = ["site", "ece", "entra", "account", "endpoint", "webex", "waiver", "evidence", "attestation"];

fn one<'d>(top: &mut Table<'d>, key: &str, mistakes: &mut Collector) -> Option<Table<'d>> {
    let (table, mistake) = top.table_forgiving(key);
    mistakes.all_wrong(mistake);
    table.or_else(|| top.misspelt(key, &TOP).into_iter().next())
}

fn many<'d>(top: &mut Table<'d>, key: &str, mistakes: &mut Collector) -> Vec<Table<'d>> {
    let (mut tables, wrong) = top.tables_forgiving(key);
    mistakes.all_wrong(wrong);
    tables.extend(top.misspelt(key, &TOP));
    tables
}

fn ece(mut table: Table<'_>, mistakes: &mut Collector) -> Ece {
    let (stated, states_packages) = stated(&mut table, mistakes);
    let ece = Ece {
        stated,
        states_packages,
        role: choice(&mut table, "role", Role::WORDS, mistakes),
        external_url: address(&mut table, "external_url", mistakes),
        console_url: address(&mut table, "console_url", mistakes),
        redirect_url: address(&mut table, "redirect_url", mistakes),
        home: text(&mut table, "home", mistakes).map(|at| at.value.into()),
        logs: text(&mut table, "logs", mistakes).map(|at| at.value.into()),
        java_trust_store: text(&mut table, "java_trust_store", mistakes).map(|at| at.value.into()),
        java_trust_store_password: secret(&mut table, "java_trust_store_password", mistakes),
    };
    mistakes.close(table);
    ece
}

fn entra(mut table: Table<'_>, mistakes: &mut Collector) -> Entra {
    let entra = Entra {
        cloud: parsed_text(&mut table, "cloud", value::cloud, mistakes),
        tenant: parsed_text(&mut table, "tenant", value::tenant, mistakes),
        client_id: parsed_text(&mut table, "client_id", value::guid, mistakes),
        proof: proof(&mut table, mistakes),
        secret_expires: date(&mut table, "entra", "secret_expires", mistakes),
        redirect_urls: each(&mut table, "redirect_urls", |text| value::address("entra.redirect_urls", text), mistakes)
            .unwrap_or_default(),
        graph_token: secret(&mut table, "graph_token", mistakes),
    };
    mistakes.close(table);
    entra
}

fn webex(mut table: Table<'_>, mistakes: &mut Collector) -> Webex {
    let (token, token_redirect) =
        (secret(&mut table, "token", mistakes), secret(&mut table, "token_redirect", mistakes));
    if token.is_some() && token_redirect.is_some() {
        mistakes.wrong(table.mistake(
            "[webex] has both token and token_redirect",
            "give one: token for the token itself, token_redirect for the address at which the browser ended",
        ));
    }
    let webex = Webex {
        integration: choice(&mut table, "integration", Integration::WORDS, mistakes),
        org_id: parsed_text(&mut table, "org_id", value::organization, mistakes),
        tenant_url: address(&mut table, "tenant_url", mistakes),
        token,
        token_redirect,
        token_issued: evidence::past_day(&mut table, "webex", "token_issued", mistakes),
        user_name_from: text(&mut table, "user_name_from", mistakes).map(|at| at.value),
    };
    mistakes.close(table);
    webex
}

fn accounts(tables: Vec<Table<'_>>, mistakes: &mut Collector) -> Vec<Account> {
    let (mut accounts, mut names): (Vec<Account>, _) = (Vec::new(), HashSet::new());
    let mut owners = HashMap::new();
    for mut table in tables {
        let name = name(&mut table, "account", &mut names, mistakes);
        let account = Account {
            name: name.unwrap_or_default(),
            signs_in_as: parsed_text(
                &mut table,
                "signs_in_as",
                |text| value::mail_address("account.signs_in_as", text),
                mistakes,
            ),
            credential: credential(&mut table, mistakes),
            inbound: choice(&mut table, "inbound", &[("imap", Inbound::Imap), ("pop3", Inbound::Pop3)], mistakes),
            mailboxes: mailboxes(&mut table, &mut owners, &accounts, mistakes),
        };
        mistakes.close(table);
        accounts.push(account);
    }
    accounts
}

fn endpoints(tables: Vec<Table<'_>>, mistakes: &mut Collector) -> Vec<Endpoint> {
    let (mut endpoints, mut names): (Vec<Endpoint>, _) = (Vec::new(), HashSet::new());
    for mut table in tables {
        let name = name(&mut table, "endpoint", &mut names, mistakes);
        let host = required(&mut table, "host", "endpoint", mistakes);
        let host = host.and_then(|host| mistakes.keep(host.parse(|text| value::host(text)).map(Some)));
        let port = port(&mut table, mistakes);
        let protocol = choice(&mut table, "protocol", PROTOCOLS, mistakes);
        mistakes.close(table);
        endpoints.push(Endpoint {
            name: name.unwrap_or_default(),
            host: host.map(|at| at.value).unwrap_or_default(),
            port,
            protocol: protocol.unwrap_or_else(|| usual_protocol(port)),
        });
    }
    endpoints
}

fn waiver(mut table: Table<'_>, mistakes: &mut Collector) -> Option<Waiver> {
    let check = required(&mut table, "check", "waiver", mistakes);
    let cause = text(&mut table, "cause", mistakes);
    let subject = text(&mut table, "subject", mistakes);
    let reason = required(&mut table, "reason", "waiver", mistakes);
    let by = required(&mut table, "by", "waiver", mistakes);
    let is_dated = table.has("until");
    let until = date(&mut table, "waiver", "until", mistakes);
    if !is_dated {
        let right = "add until = 2027-01-31, the last day on which the finding is accepted";
        mistakes.missing(table.mistake("waiver.until is missing", right));
    }
    let file = table.file().to_owned();
    mistakes.close(table);
    let check = check?;
    mistakes.names("waiver.check", &file, &check);
    if let Some(cause) = &cause {
        mistakes.names("waiver.cause", &file, cause);
    }
    Some(Waiver {
        place: Place {
            file,
            check: Some(check.line()),
            cause: cause.as_ref().map(At::line),
            subject: subject.as_ref().map(At::line),
        },
        check: check.value,
        subject: subject.map(|at| at.value),
        cause: cause.map(|at| at.value),
        reason: reason?.value,
        by: by?.value,
        until: until?,
    })
}

const PROTOCOLS: &[(&str, Protocol)] = &[
    ("https", Protocol::Https),
    ("smtp", Protocol::Smtp),
    ("imap", Protocol::Imap),
    ("pop3", Protocol::Pop3),
    ("tcp", Protocol::Tcp),
];

/// What is spoken on a port by its registration (IANA): 587 submission, 993 imaps, 995 pop3s.
fn usual_protocol(port: u16) -> Protocol {
    match port {
        443 => Protocol::Https,
        587 => Protocol::Smtp,
        993 => Protocol::Imap,
        995 => Protocol::Pop3,
        _ => Protocol::Tcp,
    }
}

// ---- level ----

/// `release` and `installed`, which may each carry what the other says; and whether the packages are said at all.
fn stated(table: &mut Table<'_>, mistakes: &mut Collector) -> (Option<Stated>, bool) {
    let release = text(table, "release", mistakes);
    let release = release.and_then(|at| mistakes.keep(at.parse(|text| level("ece.release", text)).map(Some)));
    let (installed, wrong) = table.items("installed");
    let is_broken = !wrong.is_empty();
    mistakes.all_wrong(wrong);
    let place = release.as_ref().map(At::place).or_else(|| installed.as_ref().map(At::place));
    let states_packages = installed.is_some();
    let mut levels: Vec<Level> = Vec::new();
    for item in installed.into_iter().flat_map(|list| list.value) {
        levels.extend(mistakes.keep(item.parse(|text| level("ece.installed", text)).map(Some)).map(|at| at.value));
    }
    if let Some(at) = release.as_ref().filter(|at| at.value.release.is_none()) {
        mistakes.wrong(at.mistake(
            "ece.release names a package and no release",
            "write release = \"12.6(1)\", and the package under installed",
        ));
        return (None, states_packages);
    }
    let Some(place) = place else { return (None, false) };
    levels.extend(release.iter().map(|at| at.value));
    let releases: BTreeSet<Release> = levels.iter().filter_map(|level| level.release).collect();
    let packages: BTreeSet<_> = levels.iter().filter_map(|level| level.package).collect();
    let states_packages = states_packages || !packages.is_empty();
    match releases.iter().copied().collect::<Vec<_>>()[..] {
        [release] => (Some(Stated { release, packages }), states_packages),
        [] if is_broken || levels.is_empty() && release.is_none() && !states_packages => (None, states_packages),
        [] => {
            let mistake =
                place.mistake("ece.installed names packages, but of which release?", "add release = \"12.6(1)\"");
            mistakes.missing(mistake);
            (None, states_packages)
        }
        [first, second, ..] => {
            mistakes.wrong(place.mistake(
                format!("ece.release and ece.installed name two releases, {first} and {second}"),
                "name only the packages under installed, as in [\"ES6\", \"ES6_ET1\"]",
            ));
            (None, states_packages)
        }
    }
}

fn level(key: &str, text: &str) -> Result<Level, value::Refusal> {
    let text = decent(text)?;
    text.parse().map_err(|_: NotALevel| {
        let is_like_one = text.len() <= 40 && text.contains(|c: char| c.is_ascii_digit()) && {
            let letters: String = text.chars().filter(char::is_ascii_alphabetic).collect();
            letters.len() <= 4
        };
        let name = if is_like_one { format!("\"{text}\"") } else { quoted(&text, "the value") };
        (format!("{key}: {name} is not a level of ECE"), NotALevel::REMEDY.to_owned())
    })
}

// ---- values of a table ----

fn parsed_text<T>(
    table: &mut Table<'_>,
    key: &str,
    turn: impl Fn(&str) -> Result<T, value::Refusal>,
    mistakes: &mut Collector,
) -> Option<T> {
    let found = text(table, key, mistakes)?;
    mistakes.keep(found.parse(|text| turn(text)).map(Some)).map(|at| at.value)
}

fn choice<T: Copy>(table: &mut Table<'_>, key: &str, words: &[(&str, T)], mistakes: &mut Collector) -> Option<T> {
    mistakes.keep(table.choice(key, words)).map(|at| at.value)
}

/// A web address as somebody typed it: any text, for it is evidence. A password in it is refused.
fn address(table: &mut Table<'_>, key: &str, mistakes: &mut Collector) -> Option<String> {
    let full = table.full(key);
    let found = text_or_empty(table, key, mistakes)?;
    mistakes.keep(found.parse(|text| value::address(&full, text)).map(Some)).map(|at| at.value)
}

/// The name of an account or an endpoint; `others` are those before it, in small letters.
fn name(table: &mut Table<'_>, what: &str, others: &mut HashSet<String>, mistakes: &mut Collector) -> Option<String> {
    let found = required(table, "name", what, mistakes)?;
    if found.value.split_whitespace().any(suspect::is_key) {
        let right = format!("write the name that people know this {what} by");
        mistakes.wrong(found.mistake(format!("{what}.name looks like a secret"), right));
        return None;
    }
    if !others.insert(found.value.to_ascii_lowercase()) {
        mistakes.wrong(found.mistake(
            format!("there are two {what}s of the name \"{}\"", found.value),
            format!("give each {what} its own name"),
        ));
    }
    Some(found.value)
}

/// The mailboxes of an account. `owners` has those of the accounts before it, in small letters, each with its account.
fn mailboxes(
    table: &mut Table<'_>,
    owners: &mut HashMap<String, usize>,
    others: &[Account],
    mistakes: &mut Collector,
) -> Vec<String> {
    if !table.has("mailboxes") {
        let right = "add mailboxes = [\"sales@yourcompany.com\"]";
        mistakes.missing(table.mistake("account.mailboxes is missing", right));
    }
    let (found, wrong) = table.items("mailboxes");
    let is_whole = wrong.is_empty();
    mistakes.all_wrong(wrong);
    let Some(found) = found else { return Vec::new() };
    if found.value.is_empty() && is_whole {
        let right = "write mailboxes = [\"sales@yourcompany.com\"]";
        mistakes.wrong(found.mistake("account.mailboxes is an empty list", right));
    }
    let mut addresses: Vec<String> = Vec::new();
    let is_list = found.value.len() > 1;
    for (place_in_list, item) in found.value.into_iter().enumerate() {
        let place = item.place();
        // a wrong address may be a secret and is not repeated; its place tells which one it is
        let called = if is_list {
            format!("account.mailboxes, entry {}", place_in_list + 1)
        } else {
            "account.mailboxes".to_owned()
        };
        let parsed = item.parse(|text| decent(text).and_then(|text| value::mail_address(&called, &text)));
        let Some(address) = mistakes.keep(parsed.map(Some)) else { continue };
        let address = address.value;
        match owners.entry(address.to_ascii_lowercase()) {
            Entry::Vacant(free) => {
                free.insert(others.len());
            }
            Entry::Occupied(taken) => mistakes.wrong(match others.get(*taken.get()) {
                Some(other) => place.mistake(
                    format!("\"{address}\" is a mailbox of the account \"{}\" too", other.name),
                    "name each mailbox under the one account that ECE uses for it",
                ),
                None => place.mistake(format!("account.mailboxes names \"{address}\" twice"), "name it once"),
            }),
        }
        addresses.push(address);
    }
    addresses
}

fn port(table: &mut Table<'_>, mistakes: &mut Collector) -> u16 {
    if !table.has("port") {
        mistakes.missing(table.mistake("endpoint.port is missing", "add port = 443"));
    }
    let Some(found) = mistakes.keep(table.int("port")) else { return 0 };
    match u16::try_from(found.value) {
        Ok(port) if port > 0 => port,
        _ => {
            mistakes.wrong(found.mistake(format!("endpoint.port is {}", found.value), "ports are 1 to 65535"));
            0
        }
    }
}

// ---- secrets ----

fn credential(table: &mut Table<'_>, mistakes: &mut Collector) -> Option<TokenSource> {
    let access = secret(table, "access_token", mistakes).map(TokenSource::AccessToken);
    let refresh = secret(table, "refresh_token", mistakes).map(TokenSource::RefreshToken);
    let own = mistakes.keep(table.bool("application_token"));
    let own = own.is_some_and(|at| at.value).then_some(TokenSource::ClientCredentials);
    let mut given = [access, refresh, own].into_iter().flatten();
    let (first, second) = (given.next(), given.next());
    if second.is_some() {
        mistakes.wrong(table.mistake(
            "this account has more than one of access_token, refresh_token and application_token",
            "give one: refresh_token to have it renewed, access_token to test an existing one, application_token for \
             the application's own",
        ));
    }
    first
}

/// Secret or certificate; a certificate may hold its key, or have it in a file of its own.
fn proof(table: &mut Table<'_>, mistakes: &mut Collector) -> Option<ClientCredential> {
    let client_secret = secret(table, "client_secret", mistakes);
    let certificate = secret(table, "client_certificate", mistakes);
    let (key, password) = (secret(table, "client_key", mistakes), secret(table, "client_key_password", mistakes));
    match (client_secret, certificate) {
        (Some(_), Some(_)) => {
            mistakes.wrong(table.mistake(
                "the application has both client_secret and client_certificate",
                "give the one that ECE uses: Entra accepts one per request",
            ));
            None
        }
        (client_secret, None) if key.is_some() || password.is_some() => {
            let wrong = if client_secret.is_some() {
                "client_key does not belong to client_secret"
            } else {
                "client_key without client_certificate"
            };
            mistakes.wrong(table.mistake(wrong, "add client_certificate = { file = \"PATH\" }, or leave the key out"));
            None
        }
        (_, Some(certificate)) => Some(ClientCredential::Certificate(Box::new(Papers { certificate, key, password }))),
        (client_secret, None) => client_secret.map(ClientCredential::Secret),
    }
}
