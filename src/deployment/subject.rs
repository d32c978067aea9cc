//! The subjects that waivers and attestations name: one that the site does not have would never take effect.

use std::{cell::Cell, collections::BTreeSet};

use super::{Account, Deployment, left_over::holds_secret};
use crate::{
    import::rules::{About, about},
    table::{Mistake, nearest},
};

impl Deployment {
    /// The mistakes in the subjects of waivers and attestations, each with its line and the nearest subject. `hosts` are
    /// those that a run can have besides those of the file.
    pub(super) fn unknown_subjects(&self, hosts: &[&str]) -> Vec<Mistake> {
        let known = KnownSubjects::of(self, hosts);
        let mistake = |key: &str, file: &str, line, (wrong, right): (&str, String), subject: &str| Mistake {
            file: file.to_owned(),
            line,
            wrong: format!("invalid {key}.subject {}: {wrong}", shown(subject)),
            right,
        };
        let waived = self.waivers.iter().filter_map(|waiver| {
            let subject = waiver.subject.as_deref()?;
            let said = known.unknown_to_waive(subject)?;
            Some(mistake("waiver", &waiver.place.file, waiver.place.subject, said, subject))
        });
        let attested = self.attestations.iter().filter_map(|one| {
            let subject = one.subject.as_deref()?;
            let said = known.unknown_to_attest(&one.check, subject)?;
            Some(mistake("attestation", &one.file, one.subject_line, said, subject))
        });
        waived.chain(attested).collect()
    }
}

/// So many names are compared for suggestions.
const MOST_COMPARED: usize = 200_000;

/// What a site has, in small letters: thousands of statements may each ask for one of thousands of mailboxes.
struct KnownSubjects<'d> {
    deployment: &'d Deployment,
    mailboxes: BTreeSet<String>,
    accounts: BTreeSet<String>,
    hosts: BTreeSet<String>,
    /// The names of endpoints, and what has no other name.
    names: BTreeSet<String>,
    /// How many names were compared so far.
    compared: Cell<usize>,
}

impl<'d> KnownSubjects<'d> {
    fn of(deployment: &'d Deployment, more: &[&str]) -> Self {
        let of_account = |account: &'d Account| account.mailboxes.iter().chain(&account.signs_in_as);
        let of_ece = deployment.ece.external_url.as_deref().and_then(|url| url::Url::parse(url.trim()).ok());
        let of_ece = of_ece.as_ref().and_then(|url| url.host_str()).map(|host| host.trim_end_matches('.'));
        let hosts = deployment.endpoints.iter().map(|endpoint| endpoint.host.as_str());
        let hosts: BTreeSet<String> = hosts.chain(of_ece).chain(more.iter().copied()).map(str::to_lowercase).collect();
        let names = deployment.endpoints.iter().map(|endpoint| endpoint.name.to_lowercase());
        Self {
            deployment,
            mailboxes: deployment.accounts.iter().flat_map(of_account).map(|one| one.to_lowercase()).collect(),
            accounts: deployment.accounts.iter().map(|account| account.name.to_lowercase()).collect(),
            hosts,
            names: names.chain(["site", "application"].map(str::to_owned)).collect(),
            compared: Cell::new(0),
        }
    }

    /// A host may be one of any cloud: a flag decides which one a run has.
    fn unknown_to_waive(&self, subject: &str) -> Option<(&'static str, String)> {
        let subject = subject.to_lowercase();
        let subject = subject.rsplit_once(':').map_or(subject.as_str(), |(host, _)| host);
        let all = [&self.mailboxes, &self.accounts, &self.hosts, &self.names];
        if all.iter().any(|known| known.contains(subject)) {
            return None;
        }
        let is_host = !subject.contains('@') && subject.contains(['.', ':']);
        let near = if is_host { self.nearest(subject, &[&self.hosts]) } else { self.nearest(subject, &all) };
        let right = match near {
            Some(near) => format!("did you mean {near}?"),
            None if is_host => format!("hosts: {}", self.hosts.iter().cloned().collect::<Vec<_>>().join(", ")),
            None => "write a mailbox, an account, or a host or HOST:PORT of this site, as a report names it".to_owned(),
        };
        Some(("no mailbox, account, endpoint or host of this site", right))
    }

    /// The nearest of these; of many subjects that are wrong only the first are compared with all that there is.
    fn nearest<'k>(&self, subject: &str, known: &[&'k BTreeSet<String>]) -> Option<&'k str> {
        let known: Vec<&str> = known.iter().copied().flatten().map(String::as_str).collect();
        self.compared.set(self.compared.get().saturating_add(known.len()));
        if self.compared.get() > MOST_COMPARED { None } else { nearest(subject, &known) }
    }

    fn unknown_to_attest(&self, check: &str, subject: &str) -> Option<(&'static str, String)> {
        let (known, wrong, list) = match about(check) {
            About::Whole => {
                let right = "leave subject out".to_owned();
                return (!["site", "application"].contains(&subject))
                    .then_some(("this check has one subject only", right));
            }
            About::Account => (&self.accounts, "no account of this file has this name", "account"),
            About::Mailbox => (&self.mailboxes, "no mailbox of this file", "mailbox"),
        };
        let subject = subject.to_lowercase();
        if known.contains(&subject) {
            return None;
        }
        let of_account = self.deployment.accounts.iter().find(|account| account.name.eq_ignore_ascii_case(&subject));
        let near = of_account.and_then(|account| {
            let own = account.mailboxes.iter().chain(&account.signs_in_as).map(|one| one.to_lowercase());
            own.into_iter().find(|one| known.contains(one))
        });
        let right = near.or_else(|| self.nearest(&subject, &[known]).map(str::to_owned)).map_or_else(
            || format!("write the {list} as it is under [[account]]"),
            |near| format!("did you mean {near}?"),
        );
        Some((wrong, right))
    }
}

/// What was written, unless it may be a secret.
fn shown(subject: &str) -> String {
    if subject.len() > 100 || holds_secret(subject) { "value".to_owned() } else { format!("{subject:?}") }
}

#[cfg(test)]
mod tests {
    use crate::deployment::{Deployment, KnownIds};

    const SITE: &str = "[ece]\nexternal_url = \"https://ece.b.test\"\n[[account]]\nname = \"sales\"\nsigns_in_as = \"team@b.test\"\nmailboxes = [\"sales@b.test\"]\n\
                        [[endpoint]]\nname = \"relay\"\nhost = \"relay.b.test\"\nport = 25\n";

    fn told(text: &str) -> Option<String> {
        let checks = ["tls.name", "imap.sign-in"];
        let of_evidence = ["mailbox.smtp-enabled", "directory.consent", "webex.consent", "ece.log-token"];
        let known =
            KnownIds { checks: &checks, causes: &[], of_evidence: &of_evidence, hosts: &["outlook.office365.com"] };
        let read = Deployment::parse("a.toml", &format!("{SITE}{text}")).expect("it is read");
        read.with_known_ids(known).err().map(|mistakes| mistakes.to_string())
    }

    #[test]
    fn attestation_of_what_the_site_does_not_have_is_refused_with_its_line() {
        let stated = |check: &str, subject: &str| {
            told(&format!(
                "[[attestation]]\ncheck = \"{check}\"\nsubject = \"{subject}\"\nholds = true\nsaw = \"s\"\nby = \"ops\"\non = 2026-11-02\n"
            ))
        };
        for (check, subject) in [
            ("mailbox.smtp-enabled", "SALES@b.test"),
            ("mailbox.smtp-enabled", "team@b.test"),
            ("ece.log-token", "sales"),
            ("directory.consent", "application"),
        ] {
            assert_eq!(stated(check, subject), None, "{check} {subject}");
        }
        for (check, subject, right) in [
            ("mailbox.smtp-enabled", "salse@b.test", "did you mean sales@b.test?"),
            ("mailbox.smtp-enabled", "sales", "did you mean sales@b.test?"),
            ("mailbox.smtp-enabled", "boss@other.example", "write the mailbox as it is under [[account]]"),
            ("directory.consent", "sales@b.test", "leave subject out"),
            ("webex.consent", "sales@b.test", "leave subject out"),
            ("ece.log-token", "sales@b.test", "write the account"),
        ] {
            let told = stated(check, subject).unwrap_or_default();
            assert!(told.contains("line 13") && told.contains(right), "{check} {subject}: {told}");
        }
    }

    #[test]
    fn waiver_of_what_the_site_does_not_have_is_refused_with_its_line() {
        let waived = |subject: &str| {
            told(&format!(
                "[[waiver]]\ncheck = \"tls.name\"\nsubject = \"{subject}\"\nreason = \"r\"\nby = \"ops\"\nuntil = 2027-01-01\n"
            ))
        };
        for subject in [
            "sales@b.test",
            "sales",
            "relay",
            "relay.b.test",
            "ECE.b.test:443",
            "site",
            "outlook.office365.com",
            "outlook.office365.com:993",
        ] {
            assert_eq!(waived(subject), None, "{subject}");
        }
        for (subject, right) in [
            ("slaes@b.test", "did you mean sales@b.test?"),
            ("relai.b.test", "did you mean relay.b.test?"),
            ("crm.customer.example", "hosts: ece.b.test, outlook.office365.com, relay.b.test"),
            ("crm.customer.example:443", "hosts: ece.b.test, outlook.office365.com, relay.b.test"),
            ("nothing", "write a mailbox, an account"),
        ] {
            let told = waived(subject).unwrap_or_default();
            assert!(told.contains("line 13") && told.contains(right), "{subject}: {told}");
        }
    }

    #[test]
    fn thousands_of_statements_about_thousands_of_mailboxes_are_read() {
        let mailboxes: Vec<String> = (0..16_000).map(|number| format!("\"m{number}@b.test\"")).collect();
        let site = format!("[[account]]\nname = \"a\"\nmailboxes = [{}]\n", mailboxes.join(", "));
        let waivers = |letter: char| -> String {
            let one = |number| {
                format!(
                    "[[waiver]]\ncheck = \"tls.name\"\nsubject = \"{letter}{number}@b.test\"\nreason = \"r\"\nby = \"o\"\nuntil = 2027-01-01\n"
                )
            };
            (0..2_000).map(one).collect()
        };
        let known = KnownIds { checks: &["tls.name"], ..KnownIds::default() };
        let read = |letter| Deployment::parse("a.toml", &format!("{site}{}", waivers(letter))).expect("it is read");
        assert!(read('m').with_known_ids(known).is_ok());
        let told = read('x').with_known_ids(known).err().map(|mistakes| mistakes.to_string()).unwrap_or_default();
        assert!(told.contains("did you mean m0@b.test?") && told.contains("invalid waiver.subject"), "{told}");
    }
}
