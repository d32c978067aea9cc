//! Who issued the certificate that a text shows for a name of Microsoft.
//!
//! In: the output of `openssl s_client`, curl, keytool or `PowerShell`: subject and issuer in lines of their own. Out: whether
//! the issuer is none that Microsoft's certificates come from (`checks/tables/issuers.toml`), as behind a device that
//! inspects TLS. Names are written as in RFC 4514, with `/` or with `;`. Subject and issuer count only together where they are
//! those of one certificate: programs list several, some with the issuer first. An issuer without an organization proves nothing.

use super::restate;
use crate::catalogue::tables::Issuers;

/// Longer texts are no output of such a command, in bytes.
const LONGEST: usize = 64 << 10;
/// What a line with a subject begins with.
const SUBJECTS: [&str; 3] = ["s", "subject", "owner"];
/// What a line with an issuer begins with.
const ISSUERS: [&str; 2] = ["i", "issuer"];
/// What the line begins with that ends the record of one certificate.
const NEW_RECORD: [&str; 5] = ["---", "thumbprint", "pspath", "alias name", "certificate["];
/// How openssl names a subject and an issuer; version 1.1.1 has an empty line between them.
const OF_OPENSSL: [&str; 2] = ["subject=", "issuer="];
/// What stands between the attributes of a name.
const SEPARATORS: [char; 3] = [',', ';', '/'];

/// Whether the certificate of a name of Microsoft comes from another issuer.
#[must_use]
pub fn is_foreign(text: &str, issuers: &Issuers) -> bool {
    if text.len() > LONGEST {
        return false;
    }
    let text = unwrapped(text);
    certificates(&text).iter().any(|(subject, issuer)| is_of_microsoft(subject) && is_of_another(issuer, issuers))
}

/// A text with each name in one line: where `PowerShell` wraps a value, what goes on is indented deeper than the line's begin.
fn unwrapped(text: &str) -> String {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut joined = String::new();
    let mut within = None;
    for line in text.lines() {
        let is_field = field(line).is_some();
        let goes_on = within.is_some_and(|begin| !is_field && !line.trim().is_empty() && indent(line) > begin);
        if goes_on {
            joined.push(' ');
            joined.push_str(line.trim());
            continue;
        }
        within = is_field.then(|| indent(line));
        if !joined.is_empty() {
            joined.push('\n');
        }
        joined.push_str(line);
    }
    joined
}

/// A line with a subject or an issuer: its name in small letters, and its value.
type Field<'t> = (String, &'t str);

/// Subject and issuer of each certificate that is listed.
fn certificates(text: &str) -> Vec<(&str, &str)> {
    let (mut found, mut record) = (Vec::new(), Vec::new());
    let mut before = "";
    let mut is_behind_gap = false;
    for line in text.lines() {
        if line.trim().is_empty() {
            is_behind_gap = true;
            continue;
        }
        let goes_on = before.starts_with(OF_OPENSSL[0]) && line.starts_with(OF_OPENSSL[1]);
        let small = line.trim_start().to_lowercase();
        if (is_behind_gap && !goes_on) || NEW_RECORD.iter().any(|begin| small.starts_with(begin)) {
            found.extend(paired(&record));
            record.clear();
        }
        record.extend(field(line));
        (before, is_behind_gap) = (line, false);
    }
    found.extend(paired(&record));
    found
}

/// The subjects of a record with their issuers, where each has one and all are in the same order. Of a list whose begin or end is
/// missing it is not known which belong together, except in openssl's list of a chain: there the subject is first.
fn paired<'t>(record: &[Field<'t>]) -> Vec<(&'t str, &'t str)> {
    let is_subject = |field: &Field<'_>| SUBJECTS.contains(&&*field.0);
    let Some(first) = record.first() else { return Vec::new() };
    let is_chain = first.0 == SUBJECTS[0];
    let record = if is_chain { &record[..record.len() / 2 * 2] } else { record };
    let pairs = record.chunks(2).map(|pair| match pair {
        [one, other] if is_subject(one) == is_subject(first) && is_subject(other) != is_subject(first) => {
            Some(if is_subject(one) { (one.1, other.1) } else { (other.1, one.1) })
        }
        _ => None,
    });
    pairs.collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// A line such as ` 0 s:C = US`, `subject=C = US`, `*  issuer: C=US`, `Issuer : CN=a`.
fn field(line: &str) -> Option<(String, &str)> {
    let line = line.trim_start_matches(|c: char| c == '*' || c == ' ' || c == '\t' || c.is_ascii_digit());
    let (name, value) = line.split_once([':', '='])?;
    let name = name.trim().to_lowercase();
    let is_name = value.contains('=') && (SUBJECTS.contains(&&*name) || ISSUERS.contains(&&*name));
    is_name.then_some((name, value.trim()))
}

/// The values of one attribute of a name.
fn attribute<'v>(name: &'v str, wanted: &str) -> impl Iterator<Item = &'v str> {
    let parts = name.split(SEPARATORS).filter_map(|part| part.split_once('='));
    parts
        .filter(move |(key, _)| key.trim().eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value.trim().trim_matches(['"', '\\']))
}

fn is_of_microsoft(subject: &str) -> bool {
    attribute(subject, "CN").any(|name| restate::is_of_microsoft(&format!(".{}", name.to_lowercase())))
}

/// Whether an issuer has an organization that is no public one.
fn is_of_another(issuer: &str, issuers: &Issuers) -> bool {
    let mut organizations = attribute(issuer, "O").filter(|organization| !organization.is_empty()).peekable();
    let is_known = |organization: &str| {
        issuers.microsoft.iter().chain(&issuers.public).any(|known| is_name_of(organization, known))
    };
    organizations.peek().is_some() && !organizations.any(is_known)
}

/// Whether a name is the known one. A list is cut at a comma inside a name, and a screen cuts with dots: then the begin counts.
fn is_name_of(name: &str, known: &str) -> bool {
    let begin = name.trim_end_matches(['.', '…', ' ']);
    let is_cut = name.ends_with("...") || name.ends_with('…');
    let begins = |begin: &str| known.get(..begin.len()).is_some_and(|known| known.eq_ignore_ascii_case(begin));
    let rest = |begin: &str| known.get(begin.len()..).unwrap_or_default();
    (is_cut && begins(begin)) || (begins(name) && (rest(name).is_empty() || rest(name).starts_with(',')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    fn foreign(text: &str) -> bool {
        is_foreign(text, &Catalogue::built_in().tables.issuers)
    }

    #[test]
    fn a_name_of_microsoft_from_another_issuer_in_the_form_of_each_program() {
        for text in [
            " 0 s:C = US, O = Microsoft Corporation, CN = outlook.com\n   i:C = US, O = Zscaler Inc., CN = \"Zscaler CA\"",
            "subject=/C=US/CN=*.office365.com\nissuer=/O=Example Corp/CN=Proxy CA",
            "*  subject: CN=smtp.office365.com\n*  start date: Jan  1\n*  issuer: C=DE; O=Example GmbH; CN=Inspection CA",
            "Owner: CN=login.microsoftonline.com, O=Microsoft Corporation\nIssuer: CN=FortiGate CA, O=Fortinet",
            "Subject : CN=outlook.office365.com\nIssuer  : CN=corp-ca, O=D",
            "Subject : CN=outlook.com, O=Microsoft Corporation,\n          L=Redmond\nIssuer  : CN=Inspection CA,\n          O=Example Corp",
            "Issuer  : O=Example Corp, CN=CA\nSubject : CN=outlook.office365.com\n\nIssuer  : O=DigiCert Inc\nSubject : CN=a.example.com",
            "subject=C = US, CN = outlook.com\n\nissuer=C = US, O = Example Corp\n\n---",
            " 0 s:CN = outlook.com\n   i:O = Example Corp, CN = CA\n 1 s:O = Example Corp, CN = CA",
        ] {
            assert!(foreign(text), "{text}");
        }
    }

    #[test]
    fn public_issuers_and_other_names_prove_nothing() {
        for text in [
            " 0 s:C = US, CN = outlook.com\n   i:C = US, O = DigiCert Inc, CN = DigiCert Cloud Services CA-1",
            "Subject: CN=outlook.com\nIssuer: CN=x, O=\"Entrust, Inc.\"",
            " 0 s:CN = ece.example.com\n   i:O = Example Corp, CN = Issuing CA",
            "issuer: O=Example Corp",
            "Subject : CN=outlook.office365.com\n\nIssuer  : O=Example Corp\nSubject : CN=ece.example.com",
            "Subject : CN=outlook.office365.com\nIssuer  : O=Example Corp\nSubject : CN=ece.example.com",
            "Issuer: O=DigiCert Inc\nSubject: CN=outlook.com\nIssuer: O=Example Corp\nSubject: CN=ece.example.com",
            "Subject : CN=outlook.com\nThumbprint : 00FF\nIssuer : O=Example Corp\nSubject : CN=ece.example.com",
            "* issuer: O=Example Corp\n* subject: CN=outlook.com\n* issuer: O=DigiCert Inc",
            "subject: outlook",
            "subject=CN=outlook.com\nissuer=CN=DigiCert Cloud Services CA-1",
            "Subject: CN=login.microsoftonline.com\nIssuer: CN=Microsoft Azure RSA TLS Issuing CA 03",
            "Subject : CN=outlook.office365.com\nIssuer  : CN=corp-ca",
            "Subject : CN=graph.microsoft.com\nIssuer  : CN=Microsoft Azure RSA TLS Issuing CA 08,\n          O=Microsoft Corporation",
            "Subject : CN=graph.microsoft.com,\n          O=Microsoft\nIssuer  : CN=Microsoft Azure RSA TLS Issuing\n          CA 08, O=Microsoft Corporation, C=US",
            "Subject : CN=outlook.com\nIssuer  : CN=DigiCert Cloud Services CA-1, O=DigiCert...",
            "Subject : CN=outlook.com\nIssuer  : CN=x, O=DigiCert\\, Inc.",
        ] {
            assert!(!foreign(text), "{text}");
        }
    }
}
