//! Redaction that lets one still work: the same thing becomes the same token throughout, and stays of its kind.
//!
//! In: a report, what to hide, a key. Out: a report without it, and how much was hidden. An address stays an address, a
//! host a host and a mailbox a mailbox, so that the report can be read, judged and compared as before. Tokens are made with
//! HMAC-SHA-256 (RFC 2104) and a key that is thrown away, unless the user keeps one: without it no name can be found by trying.
//!
//! Hidden are: every IP address but loopback; the names of this server and of the site's own hosts, its DNS suffixes, its
//! tenant and application, and everything below their domains; every mailbox and the names of the accounts. Names of
//! Microsoft and Cisco stay, because they are the same for every site.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use aho_corasick::{AhoCorasick, Match};
use ring::{
    hmac,
    rand::{SecureRandom as _, SystemRandom},
};
use serde_json::Value;

use crate::finding::{Redacted, Report, Run, config_flag};

/// What is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Kind {
    /// IP addresses
    Addresses,
    /// Names of servers, domains, the tenant and the application
    Names,
    /// Mailboxes and accounts
    Mailboxes,
}

/// The domains that every site shares. Their hosts are no secret of any.
const SHARED: [&str; 16] = [
    "office365.com",
    "office.com",
    "office.de",
    "office365.us",
    "outlook.com",
    "microsoft.com",
    "microsoftonline.com",
    "microsoftonline.us",
    "windows.net",
    "partner.outlook.cn",
    "chinacloudapi.cn",
    "partner.microsoftonline.cn",
    "ciscospark.com",
    "webex.com",
    "cisco.com",
    "webexapis.com",
];

/// Words that name nothing of a site by themselves, also where an account is called so: a token in their place would take
/// the sense out of every sentence.
const COMMON: [&str; 20] = [
    "smtp",
    "imap",
    "pop3",
    "token",
    "https",
    "dns",
    "tls",
    "site",
    "all",
    "none",
    "shared",
    "mailbox",
    "mailboxes",
    "account",
    "user",
    "mail",
    "email",
    "inbox",
    "default",
    "exchange",
];

/// The end of every host and mailbox that stands for another (RFC 2606, section 2).
const END: &str = "redacted.invalid";

/// Why nothing can be redacted.
#[derive(Debug, thiserror::Error)]
pub enum NotRedacted {
    /// The system gives no random numbers.
    #[error("the system gives no random numbers for a key")]
    NoKey,
    /// Whoever has the report could try all secrets of this length.
    #[error("the key is shorter than {SHORTEST_SECRET} characters")]
    ShortKey,
    /// Our own report cannot be read back.
    #[error("the redacted report cannot be read back: {0}")]
    Unreadable(String),
}

/// The shortest secret that a key is made of, in bytes.
const SHORTEST_SECRET: usize = 20;

/// What placeholders are made with: used once, or kept in a file by whoever compares reports.
#[derive(Debug)]
pub struct Key(hmac::Key);

impl Key {
    /// A random key.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn random() -> Result<Self, NotRedacted> {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).map_err(|_| NotRedacted::NoKey)?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The key of several reports, which then have the same placeholders.
    ///
    /// # Errors
    /// When the secret is too short to keep anybody from trying all.
    pub fn of_secret(secret: &[u8]) -> Result<Self, NotRedacted> {
        if secret.len() < SHORTEST_SECRET {
            return Err(NotRedacted::ShortKey);
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, secret)))
    }

    fn of(&self, text: &str) -> [u8; 16] {
        let tag = hmac::sign(&self.0, text.to_lowercase().as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&tag.as_ref()[..16]);
        bytes
    }

    fn short(&self, text: &str) -> String {
        hexadecimal(&self.of(text)[..5])
    }
}

/// What is hidden of one site, wherever it is met: the same thing is the same token.
pub struct Redaction<'k>(Net<'k>);

impl<'k> Redaction<'k> {
    /// Learns from a report what the site's own names are.
    #[must_use]
    pub fn of(report: &Report, kinds: &'k [Kind], key: &'k Key) -> Self {
        Self(Net { known: Known::of(report), kinds, key, hidden: BTreeMap::new(), places: 0 })
    }

    /// The report without what is to be hidden.
    ///
    /// # Errors
    /// When what is left is no report, which would be a fault of this program.
    pub fn report(&mut self, report: &Report) -> Result<Report, NotRedacted> {
        let mut report = report.clone();
        if self.0.kinds.contains(&Kind::Names) {
            config_flag::hide(&mut report);
        }
        let mut json = serde_json::to_value(&report).map_err(|error| NotRedacted::Unreadable(error.to_string()))?;
        self.0.value(&mut json);
        self.0.host(&report.run.host, &mut json);
        let redacted = self.counted();
        let hidden: Report =
            serde_json::from_value(json).map_err(|error| NotRedacted::Unreadable(error.to_string()))?;
        // where a file is may tell whose it is, in words that the report has nowhere else
        let config = hidden.run.config.filter(|_| !self.0.kinds.contains(&Kind::Names));
        let (mut evidence_files, mut flags) = (hidden.run.evidence_files, hidden.run.flags);
        if self.0.kinds.contains(&Kind::Names) {
            evidence_files.iter_mut().chain(flags.files_mut()).for_each(String::clear);
        }
        Ok(Report { run: Run { redacted: Some(redacted), config, evidence_files, flags, ..hidden.run }, ..hidden })
    }

    /// Another text of the same site without what is to be hidden, and in how many places of it something was.
    pub fn text(&mut self, text: &str) -> (String, usize) {
        let before = self.0.places;
        let hidden = self.0.text(text);
        (hidden, self.0.places - before)
    }

    fn counted(&self) -> Redacted {
        let count = |kind| self.0.hidden.values().filter(|known| **known == kind).count();
        Redacted {
            addresses: count(Kind::Addresses),
            names: count(Kind::Names),
            mailboxes: count(Kind::Mailboxes),
            places: self.0.places,
            key: self.0.key.short("ece-check"),
        }
    }
}

/// The names that this site has for itself.
#[derive(Default)]
struct Known {
    /// Whole words, in lower case: servers without a domain, accounts, identifiers.
    words: BTreeMap<String, Kind>,
    /// Names of the site that are more than one word, as they are written, in capitals and in lower case, and as a text of
    /// PowerShell and one of a POSIX shell have them. A name of two kinds is hidden with either.
    phrases: BTreeSet<(String, Kind)>,
    /// What finds those, and which they are; none where there are none.
    finder: Option<(AhoCorasick, Vec<(String, Kind)>)>,
    /// Domains, in lower case, with all that is below them.
    domains: BTreeSet<String>,
    /// What stands before the @ of mailboxes, in lower case: files are called after it.
    local_parts: BTreeSet<String>,
    /// This server's name where it is too short to be looked for in sentences.
    short_host: Option<String>,
}

impl Known {
    fn of(report: &Report) -> Self {
        let run = &report.run;
        let short_host = Some(run.host.clone()).filter(|host| (1..SHORTEST_WORD).contains(&host.len()));
        let mut known = Self { short_host, ..Self::default() };
        known.host(&run.host);
        run.dns_suffixes.iter().for_each(|suffix| known.domain(suffix));
        run.site.iter().for_each(|site| known.word(site, Kind::Names));
        for account in report.findings.iter().filter_map(|finding| finding.account.as_deref()) {
            known.word(account, Kind::Mailboxes);
        }
        for look in report.looks.iter().filter(|look| look.own) {
            known.host(look.subject.host().unwrap_or(look.subject.as_str()));
        }
        for look in &report.looks {
            let of_attempts = look.attempts.iter().flat_map(|attempt| attempt.facts.iter());
            look.facts.iter().chain(of_attempts).for_each(|(fact, value)| known.identifiers(fact, &value.to_string()));
        }
        for finding in &report.findings {
            let mailbox = finding.subject.mailbox().and_then(|mailbox| mailbox.rsplit_once('@'));
            if let Some((local, domain)) = mailbox {
                known.domain(domain);
                known.local_parts.insert(local.to_lowercase());
            }
        }
        if let Some(site) = &report.site {
            site.file.parse::<toml::Table>().into_iter().for_each(|file| known.file(&file));
            site.proxy.iter().for_each(|proxy| known.host(&proxy.host));
            site.resolve.iter().for_each(|rule| known.host(&rule.host));
            site.connect_to.iter().for_each(|rule| {
                known.host(&rule.host);
                known.host(&rule.to_host);
            });
        }
        if !known.phrases.is_empty() {
            let phrases = Vec::from_iter(std::mem::take(&mut known.phrases));
            let find = AhoCorasick::builder().ascii_case_insensitive(true).build(phrases.iter().map(|one| &one.0));
            // names that cannot be looked for must not be shown
            known.finder = Some((find.expect("the names of a site fit into it"), phrases));
        }
        known
    }

    /// What the site file names: addresses of the web, hosts, mailboxes, the tenant and the application.
    fn file(&mut self, table: &toml::Table) {
        for (key, value) in table {
            match value {
                toml::Value::Table(table) => self.file(table),
                toml::Value::Array(items) => items.iter().for_each(|item| self.item(key, item)),
                other => self.item(key, other),
            }
        }
    }

    fn item(&mut self, key: &str, value: &toml::Value) {
        match value {
            toml::Value::Table(table) => self.file(table),
            toml::Value::String(text) => self.text(key, text),
            _ => {}
        }
    }

    fn text(&mut self, key: &str, text: &str) {
        match (key, url::Url::parse(text)) {
            (_, Ok(address)) if address.has_host() => address.host_str().into_iter().for_each(|host| self.host(host)),
            ("tenant" | "host", _) => self.host(text),
            ("client_id" | "org_id", _) => self.word(text, Kind::Names),
            ("name", _) => self.word(text, Kind::Mailboxes),
            _ => text.rsplit_once('@').into_iter().for_each(|(_, domain)| self.domain(domain)),
        }
    }

    /// The identifiers of the tenant, of applications and of users that a run learned. Those that are the same for every
    /// tenant stay, and so do those of single requests, which Microsoft's support asks for.
    fn identifiers(&mut self, fact: &str, value: &str) {
        if ["trace", "correlation", "request", "session", "token_id"].iter().any(|of_request| fact.contains(of_request))
        {
            return;
        }
        let kind = if fact.ends_with("object_id") { Kind::Mailboxes } else { Kind::Names };
        let words = value.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
        for word in words.filter(|word| is_guid(word) && !word.starts_with(OF_MICROSOFT)) {
            self.words.entry(word.to_lowercase()).or_insert(kind);
        }
    }

    fn word(&mut self, word: &str, kind: Kind) {
        if word.len() < SHORTEST_WORD || COMMON.contains(&word.to_lowercase().as_str()) {
            return;
        }
        if word.chars().all(is_of_word) {
            self.words.insert(word.to_lowercase(), kind);
        } else {
            for spelling in [word.to_owned(), word.to_lowercase(), word.to_uppercase()] {
                let quoted = ["'", QUOTED[0], QUOTED[1]].map(|quote| spelling.replace('\'', quote));
                self.phrases.extend(quoted.map(|one| (one.to_ascii_lowercase(), kind)));
            }
        }
    }

    /// A host and, where it has one, its domain.
    fn host(&mut self, host: &str) {
        let host = host.trim_end_matches('.').to_lowercase();
        if host.parse::<IpAddr>().is_ok() || is_shared(&host) {
            return;
        }
        match host.split_once('.') {
            None => self.word(&host, Kind::Names),
            Some((_, domain)) if domain.contains('.') && !is_shared(domain) && domain != "onmicrosoft.com" => {
                self.domain(domain);
            }
            Some(_) => self.domain(&host),
        }
    }

    fn domain(&mut self, domain: &str) {
        let domain = domain.trim_matches('.').to_lowercase();
        if domain.contains('.') && !is_shared(&domain) {
            self.domains.insert(domain);
        }
    }

    /// The kind of a name of the site that a word holds with something around it, as a file is called after a server or a
    /// mailbox.
    fn part_of(&self, word: &str) -> Option<Kind> {
        let is_bounded = |at: usize, length: usize| {
            let ends = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            ends(word[..at].chars().next_back()) && ends(word[at + length..].chars().next())
        };
        let holds = |name: &String| word.match_indices(name.as_str()).any(|(at, _)| is_bounded(at, name.len()));
        let names = self.words.iter().filter(|(_, kind)| **kind == Kind::Names).map(|(name, _)| name);
        if names.filter(|name| name.len() >= SHORTEST_PART).chain(&self.domains).any(holds) {
            return Some(Kind::Names);
        }
        let is_file = FILES.iter().any(|end| word.ends_with(end));
        (is_file && self.local_parts.iter().any(holds)).then_some(Kind::Mailboxes)
    }

    fn has_domain(&self, host: &str) -> bool {
        let mut rest = host;
        loop {
            if self.domains.contains(rest) {
                return true;
            }
            match rest.split_once('.') {
                Some((_, parent)) => rest = parent,
                None => return false,
            }
        }
    }
}

/// The shortest name that is looked for in sentences.
const SHORTEST_WORD: usize = 3;

/// How a text of a POSIX shell and one of PowerShell write an apostrophe within apostrophes.
const QUOTED: [&str; 2] = ["'\\''", "''"];

/// The shortest name that is looked for inside of longer words.
const SHORTEST_PART: usize = 4;

/// The ends of the names of exported files.
const FILES: [&str; 7] = [".json", ".csv", ".xml", ".clixml", ".txt", ".log", ".zip"];

/// What the identifiers of Exchange Online, Microsoft Graph and others of Microsoft's own applications begin with: they are
/// the same in every tenant.
/// Source: <https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in>
const OF_MICROSOFT: &str = "0000000";

fn is_shared(host: &str) -> bool {
    SHARED.iter().any(|shared| host == *shared || host.strip_suffix(shared).is_some_and(|rest| rest.ends_with('.')))
}

struct Net<'k> {
    known: Known,
    kinds: &'k [Kind],
    key: &'k Key,
    /// What was hidden, in lower case.
    hidden: BTreeMap<String, Kind>,
    places: usize,
}

impl Net<'_> {
    /// This server's name where it stands alone, also when it is too short or too common to be looked for in sentences.
    fn host(&mut self, host: &str, report: &mut Value) {
        let shown = &mut report["run"]["host"];
        if shown.as_str() == Some(host) && !host.is_empty() && self.kinds.contains(&Kind::Names) {
            *shown = format!("n-{}", self.key.short(host)).into();
            self.hidden.insert(host.to_lowercase(), Kind::Names);
            self.places += 1;
        }
    }

    fn value(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(entries) => {
                for (key, value) in entries.iter_mut() {
                    if !is_vocabulary(key) {
                        self.value(value);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// A text in which every run of the characters of names and addresses was looked up.
    fn text(&mut self, text: &str) -> String {
        let text = &*self.phrases(text);
        let mut whole = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(begin) = rest.find(is_of_word) {
            whole.push_str(&rest[..begin]);
            let end = rest[begin..].find(|c| !is_of_word(c)).map_or(rest.len(), |end| begin + end);
            let word = self.word(&rest[begin..end]);
            whole.push_str(&word);
            rest = &rest[end..];
        }
        self.greeting(whole + rest)
    }

    /// A text in which every name that is more than one word was looked up.
    fn phrases<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        let Some((finder, known)) = &self.known.finder else { return Cow::Borrowed(text) };
        let is_hidden = |found: &Match| {
            let is_part = text[..found.start()].ends_with(char::is_alphanumeric)
                || text[found.end()..].starts_with(char::is_alphanumeric);
            !is_part && self.kinds.contains(&known[found.pattern().as_usize()].1)
        };
        // a longer name that stays covers no shorter one that is hidden, and of names that overlap nothing is left
        let mut spans: Vec<(usize, usize, Kind)> = Vec::new();
        for found in finder.find_overlapping_iter(text).filter(is_hidden) {
            let mut start = found.start();
            while let Some((before, _, _)) = spans.pop_if(|(_, end, _)| *end > start) {
                start = start.min(before);
            }
            spans.push((start, found.end(), known[found.pattern().as_usize()].1));
        }
        let (mut whole, mut end) = (String::new(), 0);
        for (start, until, kind) in spans {
            let lower = QUOTED.iter().fold(text[start..until].to_lowercase(), |name, quote| name.replace(quote, "'"));
            whole.extend([&text[end..start], "n-", &self.key.short(&lower)]);
            end = until;
            self.hidden.insert(lower, kind);
            self.places += 1;
        }
        if end == 0 { Cow::Borrowed(text) } else { Cow::Owned(whole + &text[end..]) }
    }

    /// The name that this server gives itself in the greeting of SMTP (RFC 5321, section 4.1.1.1), where it is too short
    /// to be looked for by itself.
    fn greeting(&mut self, text: String) -> String {
        let Some(host) = self.known.short_host.clone().filter(|_| self.kinds.contains(&Kind::Names)) else {
            return text;
        };
        let said = format!("EHLO {host}");
        match text.find(&said) {
            Some(at) if !text[at + said.len()..].starts_with(is_of_word) => {
                self.places += 1;
                format!("{}EHLO n-{}{}", &text[..at], self.key.short(&host), &text[at + said.len()..])
            }
            _ => text,
        }
    }

    /// A word with what surrounds it in a sentence: a full stop, a port, the colon of a label.
    fn word(&mut self, word: &str) -> String {
        let core = word.trim_matches(|c| ".:-'".contains(c));
        let Some(begin) = word.find(core).filter(|_| !core.is_empty()) else { return word.to_owned() };
        let (before, after) = (&word[..begin], &word[begin + core.len()..]);
        if let Some((label, mailbox)) = labelled(core) {
            let token = self.token(mailbox).unwrap_or_else(|| mailbox.to_owned());
            return format!("{before}{label}:{token}{after}");
        }
        // the colons at the ends of an IPv6 address are its own
        let whole = word.parse::<IpAddr>().is_ok().then(|| self.token(word)).flatten();
        if let Some(token) = whole.or_else(|| self.token(core).map(|token| format!("{before}{token}{after}"))) {
            return token;
        }
        match core.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.chars().all(|c| c.is_ascii_digit()) => {
                self.token(host).or_else(|| self.part(host)).map(|token| format!("{before}{token}:{port}{after}"))
            }
            _ => self.part(core).map(|token| format!("{before}{token}{after}")),
        }
        .unwrap_or_else(|| word.to_owned())
    }

    /// A word that holds a name of the site with something around it.
    fn part(&mut self, word: &str) -> Option<String> {
        let lower = word.to_lowercase();
        let kind = self.known.part_of(&lower).filter(|kind| self.kinds.contains(kind))?;
        let token = format!("n-{}", self.key.short(&lower));
        self.hidden.insert(lower, kind);
        self.places += 1;
        Some(token)
    }

    fn token(&mut self, word: &str) -> Option<String> {
        // as an address of the web has it, and as a text of PowerShell
        let lower = word.to_lowercase().replace("%40", "@").replace("''", "'");
        let (kind, token) = if let Ok(address) = word.parse::<IpAddr>() {
            let shown = address.is_loopback() || address.is_unspecified();
            (Kind::Addresses, (!shown).then(|| self.address(address))?)
        } else if let Some((local, domain)) = lower.rsplit_once('@') {
            // an annotation of OData (JSON format 4.01, section 4.5) has the form too: `members@odata.context`
            let is_mailbox = !local.is_empty() && domain.contains('.') && !domain.starts_with("odata.");
            (Kind::Mailboxes, is_mailbox.then(|| format!("m-{}@{END}", self.key.short(&lower)))?)
        } else if let Some(kind) = self.known.words.get(&lower) {
            (*kind, if is_guid(&lower) { self.guid(&lower) } else { format!("n-{}", self.key.short(&lower)) })
        } else if self.known.has_domain(&lower) {
            (Kind::Names, format!("h-{}.{END}", self.key.short(&lower)))
        } else {
            return None;
        };
        if !self.kinds.contains(&kind) {
            return None;
        }
        self.hidden.insert(lower, kind);
        self.places += 1;
        Some(token)
    }

    /// An address that belongs to nobody: of class E (RFC 1112, section 4), or of the documentation prefix (RFC 3849).
    fn address(&self, address: IpAddr) -> String {
        let bytes = self.key.of(&address.to_string());
        match address {
            IpAddr::V4(_) => Ipv4Addr::new(0xf0 | (bytes[0] & 0x0f), bytes[1], bytes[2], bytes[3]).to_string(),
            IpAddr::V6(_) => {
                let mut octets = bytes;
                octets[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
                Ipv6Addr::from(octets).to_string()
            }
        }
    }

    fn guid(&self, text: &str) -> String {
        uuid::Uuid::from_bytes(self.key.of(text)).to_string()
    }
}

/// Bytes in lower-case hexadecimal.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A mailbox behind a label, as in `SMTP:sales@example.com` and `mailto:sales@example.com`: the same as without it.
fn labelled(word: &str) -> Option<(&str, &str)> {
    let (label, mailbox) = word.split_once(':')?;
    let is_label = !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric());
    (is_label && (mailbox.contains('@') || mailbox.contains("%40")) && !mailbox.contains(':'))
        .then_some((label, mailbox))
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || !c.is_ascii() && c.is_alphanumeric() || "._%+@:-'".contains(c)
}

fn is_guid(text: &str) -> bool {
    uuid::Uuid::parse_str(text).is_ok()
}

/// Values of these keys are words of this program.
fn is_vocabulary(key: &str) -> bool {
    const WORDS: [&str; 16] = [
        "check",
        "section",
        "status",
        "reason",
        "severity",
        "certainty",
        "cause",
        "owner",
        "probe",
        "variant",
        "is",
        "kind",
        "stage",
        "protocol",
        "mark",
        "schema_version",
    ];
    WORDS.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::json;

    fn redacted(kinds: &[Kind]) -> (Report, String) {
        let golden = include_str!("../../tests/all/reports/golden.json");
        let mut report = json::parse(golden).expect("the golden report");
        report.run.host = "ECE-SVC01.corp.local".to_owned();
        report.run.config = Some("/srv/acme.toml".to_owned());
        report.run.source_addresses = vec!["10.20.30.40".to_owned()];
        report.findings[0].found = "sales@example.com at ECE-SVC01.corp.local (10.20.30.40), relay.corp.local:25, \
            [2603:1036::1]:993, outlook.office365.com, 127.0.0.1"
            .into();
        report.findings[1].found = "10.20.30.40".into();
        let key = Key::random().expect("a key");
        let redacted = Redaction::of(&report, kinds, &key).report(&report).expect("a report");
        let found = redacted.findings[0].found.to_string();
        (redacted, found)
    }

    #[test]
    fn the_same_thing_is_the_same_token_and_stays_of_its_kind() {
        let (report, found) = redacted(&[Kind::Addresses, Kind::Names, Kind::Mailboxes]);
        for hidden in ["sales@", "SVC01", "corp.local", "10.20.30.40", "2603"] {
            assert!(!found.contains(hidden), "{found}");
        }
        for kept in ["outlook.office365.com", "127.0.0.1", ":25,", "]:993"] {
            assert!(found.contains(kept), "{found}");
        }
        assert!(found.contains(&report.run.host) && found.contains(&report.run.source_addresses[0]), "{found}");
        assert_eq!(report.findings[1].found.as_str(), report.run.source_addresses[0]);
        assert!(report.run.source_addresses[0].parse::<IpAddr>().is_ok());
        assert_eq!(report.run.config, None);
        let count = report.run.redacted.expect("it says what was hidden");
        assert!(count.addresses > 1 && count.names > 1 && count.mailboxes > 0 && count.places > 6, "{count:?}");
    }

    #[test]
    fn name_of_several_words_is_hidden_as_a_whole() {
        let golden = include_str!("../../tests/all/reports/golden.json");
        let mut report = json::parse(golden).expect("the golden report");
        report.findings[0].account = Some("Team EMEA".into());
        report.findings[1].account = Some("O'Brien & Söhne".into());
        report.findings[0].found =
            "account Team EMEA, 'O''Brien & Söhne' and O'Brien & Söhne; team emea; Team EMEAX; a Team; 'O'\\''Brien & Söhne' \
             O'BRIEN & SÖHNE"
                .into();
        let key = Key::random().expect("a key");
        let mailboxes = Redaction::of(&report, &[Kind::Mailboxes], &key).report(&report).expect("a report");
        let text = serde_json::to_string(&mailboxes).expect("a text");
        assert!(
            !text.contains("Team EMEA\"") && !text.to_lowercase().contains("brien") && !text.contains("team emea"),
            "{text}"
        );
        let account = mailboxes.findings[0].account.as_deref().expect("an account");
        let found = mailboxes.findings[0].found.as_str();
        assert!(account.starts_with("n-") && found.matches(account).count() == 2, "{found}");
        assert!(found.contains("Team EMEAX; a Team"), "{found}");
        let names = Redaction::of(&report, &[Kind::Names], &key).report(&report).expect("a report");
        assert_eq!(names.findings[0].account.as_deref(), Some("Team EMEA"));
    }

    #[test]
    fn name_that_stays_covers_none_that_is_hidden() {
        let golden = include_str!("../../tests/all/reports/golden.json");
        let mut report = json::parse(golden).expect("the golden report");
        report.run.site = Some("Team EMEA North".to_owned());
        report.findings[0].account = Some("Team EMEA".into());
        report.findings[1].account = Some("Team EMEA 1".into());
        report.findings[2].account = Some("PreTeam Team".into());
        let key = Key::random().expect("a key");
        for (text, left) in [
            ("q Team EMEA 12.csv", " 12.csv"),
            ("q Team EMEA 1.csv", ".csv"),
            ("q Team EMEA North", " North"),
            ("q XPreTeam Team EMEA.", "XPreTeam "),
            ("q PreTeam Team EMEA.", "."),
        ] {
            let mut redaction = Redaction::of(&report, &[Kind::Mailboxes], &key);
            let (hidden, places) = redaction.text(text);
            assert!(places == 1 && !hidden.contains("Team EMEA") && hidden.contains(left), "{text}: {hidden}");
        }
        report.run.site = Some("Team EMEA".to_owned());
        for kind in [Kind::Names, Kind::Mailboxes] {
            let (hidden, _) = Redaction::of(&report, &[kind], &key).text("of Team EMEA.");
            assert!(!hidden.contains("EMEA"), "{kind:?}: {hidden}");
        }
    }

    #[test]
    fn file_is_hidden_however_its_system_quotes_it() {
        let golden = include_str!("../../tests/all/reports/golden.json");
        for (file, quoted) in [
            ("/srv/acme/site.toml", "/srv/acme/site.toml"),
            ("our site.toml", "'our site.toml'"),
            ("C:\\acme\\o'brien.toml", "'C:\\acme\\o''brien.toml'"),
            ("/srv/o'brien.toml", "'/srv/o'\\''brien.toml'"),
        ] {
            let mut report = json::parse(golden).expect("the golden report");
            report.run.config = Some(file.to_owned());
            let action = &mut report.summary.fix_first[0];
            action.command = Some(format!("ece-check run -c {quoted} --only smtp"));
            config_flag::hide(&mut report);
            let shown = report.summary.fix_first[0].command.clone();
            assert_eq!(shown.as_deref(), Some("ece-check run -c '<site file>' --only smtp"), "{file}");
        }
    }

    #[test]
    fn what_was_not_asked_for_stays() {
        let (_, found) = redacted(&[Kind::Mailboxes]);
        assert!(found.contains("10.20.30.40") && found.contains("corp.local") && !found.contains("sales@"), "{found}");
    }

    #[test]
    fn other_texts_of_the_site_have_the_same_tokens() {
        let golden = include_str!("../../tests/all/reports/golden.json");
        let mut report = json::parse(golden).expect("the golden report");
        report.run.host = "ECE-SVC01.corp.local".to_owned();
        let key = Key::random().expect("a key");
        let kinds = [Kind::Addresses, Kind::Names, Kind::Mailboxes];
        let mut redaction = Redaction::of(&report, &kinds, &key);
        let hidden = redaction.report(&report).expect("a report");
        let (labels, _) = redaction.text("sales@example.com SMTP:sales@example.com mailto:Sales%40example.com");
        let words: Vec<&str> = labels.split(' ').collect();
        assert_eq!(words[1..], [format!("SMTP:{}", words[0]), format!("mailto:{}", words[0])], "{labels}");
        assert!(words[0].starts_with("m-"), "{labels}");
        let (text, places) = redaction.text("{\"Host\": \"ece-svc01.corp.local\", \"By\": \"New.Person@example.com\"}");
        assert!(text.contains(&hidden.run.host) && !text.contains("New.Person"), "{text}");
        assert_eq!(places, 2);
    }

    #[test]
    fn quotes_and_what_is_around_a_name_do_not_hide_it() {
        let golden = include_str!("../../tests/all/reports/golden.json");
        let mut report = json::parse(golden).expect("the golden report");
        report.run.host = "mail".to_owned();
        let key = Key::of_secret(b"a secret of twenty characters").expect("a key");
        let kinds = [Kind::Names, Kind::Mailboxes];
        let mut redaction = Redaction::of(&report, &kinds, &key);
        assert_ne!(redaction.report(&report).expect("a report").run.host, "mail");
        let (text, _) = redaction
            .text("sales@example.com -Identity 'sales@example.com' o'brien@example.com 'o''brien@example.com'");
        let words: Vec<&str> = text.split(' ').collect();
        assert_eq!(words[2], format!("'{}'", words[0]), "{text}");
        assert_eq!(words[4], format!("'{}'", words[3]), "{text}");
        let (name, places) = redaction.text("01-relay.example.com-cas.json");
        assert!(!name.contains("example.com") && places == 1, "{name}");
        assert!(Key::of_secret(b"short").is_err());
    }

    #[test]
    fn what_a_run_learned_is_hidden_too_and_what_names_nobody_stays() {
        let tenant = "7d0b6f3e-52a4-4c1b-9e68-2f6a1c93d7b5";
        let mut report = json::parse(include_str!("../../tests/all/reports/golden.json")).expect("the golden report");
        report.run.host = "vm".to_owned();
        report.looks[0].facts.set(crate::probe::token::TENANT, tenant.to_owned());
        let key = Key::random().expect("a key");
        let kinds = [Kind::Names, Kind::Mailboxes];
        let mut redaction = Redaction::of(&report, &kinds, &key);
        let mut hidden = |text: &str| redaction.text(text).0;
        let (issuer, greeting) = (hidden(&format!("https://sts.windows.net/{tenant}/")), hidden("EHLO vm"));
        assert!(!issuer.contains(tenant) && issuer.starts_with("https://sts.windows.net/"), "{issuer}");
        assert!(greeting.starts_with("EHLO n-"), "{greeting}");
        let local =
            report.findings.iter().find_map(|finding| finding.subject.mailbox()?.split_once('@')).expect("one").0;
        let file = hidden(&format!("licenseDetails.{local}.json"));
        assert!(file.starts_with("n-"), "{file}");
        for kept in ["\"@odata.context\"", "members@odata.type", "00000002-0000-0ff1-ce00-000000000000", "EHLO vmware"]
        {
            assert_eq!(hidden(kept), kept);
        }
    }

    #[test]
    fn another_key_gives_other_tokens() {
        assert_ne!(redacted(&[Kind::Names]).0.run.host, redacted(&[Kind::Names]).0.run.host);
    }
}
