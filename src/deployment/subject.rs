//! The subjects that waivers and attestations name: one that the site does not have would never take effect.

use std::collections::BTreeSet;

use super::{Deployment, left_over::holds_secret};
use crate::{
    import::rules::{About, about},
    table::{Mistake, nearest},
};

impl Deployment {
    /// The mistakes in the subjects of waivers and attestations, each with its line and the nearest subject.
    pub(super) fn unknown_subjects(&self) -> Vec<Mistake> {
        let mistake = |key: &str, file: &str, line, (wrong, right): (&str, String), subject: &str| Mistake {
            file: file.to_owned(),
            line,
            wrong: format!("invalid {key}.subject {}: {wrong}", shown(subject)),
            right,
        };
        let waived = self.waivers.iter().filter_map(|waiver| {
            let subject = waiver.subject.as_deref()?;
            let said = self.unknown_to_waive(subject)?;
            Some(mistake("waiver", &waiver.place.file, waiver.place.subject, said, subject))
        });
        let attested = self.attestations.iter().filter_map(|one| {
            let subject = one.subject.as_deref()?;
            let said = self.unknown_to_attest(&one.check, subject)?;
            Some(mistake("attestation", &one.file, one.subject_line, said, subject))
        });
        waived.chain(attested).collect()
    }

    /// A host is not asked for: which hosts a run has, flags and the cloud decide too. One that is nearly a host of the
    /// site is a slip.
    fn unknown_to_waive(&self, subject: &str) -> Option<(&'static str, String)> {
        let known: BTreeSet<String> = self
            .mailboxes()
            .chain(self.accounts())
            .chain(self.hosts())
            .chain(["site", "application"])
            .map(str::to_lowercase)
            .collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let subject = subject.to_lowercase();
        let subject = subject.rsplit_once(':').map_or(subject.as_str(), |(host, _)| host).to_owned();
        let near = nearest(&subject, &known);
        let is_host = !subject.contains('@') && subject.contains(['.', ':']);
        if known.contains(&subject.as_str()) || (is_host && near.is_none_or(|near| near.contains('@'))) {
            return None;
        }
        let right = near.map_or_else(
            || "write a mailbox, an account, or a host or HOST:PORT of this site, as a report names it".to_owned(),
            |near| format!("did you mean {near}?"),
        );
        Some(("no mailbox, account, endpoint or host of this site", right))
    }

    fn unknown_to_attest(&self, check: &str, subject: &str) -> Option<(&'static str, String)> {
        let (known, wrong, list): (Vec<&str>, _, _) = match about(check) {
            About::Whole => {
                let right = "leave subject out".to_owned();
                return (!["site", "application"].contains(&subject))
                    .then_some(("this check has one subject only", right));
            }
            About::Account => (self.accounts().collect(), "no account of this file has this name", "account"),
            About::Mailbox => (self.mailboxes().collect(), "no mailbox of this file", "mailbox"),
        };
        if known.iter().any(|own| own.eq_ignore_ascii_case(subject)) {
            return None;
        }
        let of_account = self.accounts.iter().find(|account| account.name.eq_ignore_ascii_case(subject));
        let near = of_account.and_then(|account| known.iter().find(|one| account.owns(one)).copied());
        let right = near.or_else(|| nearest(subject, &known)).map_or_else(
            || format!("write the {list} as it is under [[account]]"),
            |near| format!("did you mean {near}?"),
        );
        Some((wrong, right))
    }

    /// Every mailbox, and everybody who signs in.
    fn mailboxes(&self) -> impl Iterator<Item = &str> {
        let of = self.accounts.iter().flat_map(|account| account.mailboxes.iter().chain(&account.signs_in_as));
        of.map(String::as_str)
    }

    fn accounts(&self) -> impl Iterator<Item = &str> {
        self.accounts.iter().map(|account| account.name.as_str())
    }

    fn hosts(&self) -> impl Iterator<Item = &str> {
        self.endpoints.iter().flat_map(|endpoint| [endpoint.name.as_str(), endpoint.host.as_str()])
    }
}

/// What was written, unless it may be a secret.
fn shown(subject: &str) -> String {
    if subject.len() > 100 || holds_secret(subject) { "value".to_owned() } else { format!("{subject:?}") }
}

impl super::Account {
    fn owns(&self, address: &str) -> bool {
        self.mailboxes.iter().chain(&self.signs_in_as).any(|own| own == address)
    }
}

#[cfg(test)]
mod tests {
    use crate::deployment::{Deployment, KnownIds};

    const SITE: &str = "[[account]]\nname = \"sales\"\nsigns_in_as = \"team@b.test\"\nmailboxes = [\"sales@b.test\"]\n\
                        [[endpoint]]\nname = \"relay\"\nhost = \"relay.b.test\"\nport = 25\n";

    fn told(text: &str) -> Option<String> {
        let checks = ["tls.name", "imap.sign-in"];
        let of_evidence = ["mailbox.smtp-enabled", "directory.consent", "webex.consent", "ece.log-token"];
        let known = KnownIds { checks: &checks, causes: &[], of_evidence: &of_evidence };
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
            assert!(told.contains("line 11") && told.contains(right), "{check} {subject}: {told}");
        }
    }

    #[test]
    fn waiver_of_what_the_site_does_not_have_is_refused_with_its_line() {
        let waived = |subject: &str| {
            told(&format!(
                "[[waiver]]\ncheck = \"tls.name\"\nsubject = \"{subject}\"\nreason = \"r\"\nby = \"ops\"\nuntil = 2027-01-01\n"
            ))
        };
        for subject in ["sales@b.test", "sales", "relay.b.test", "site", "outlook.office365.com:993"] {
            assert_eq!(waived(subject), None, "{subject}");
        }
        for (subject, right) in [
            ("slaes@b.test", "did you mean sales@b.test?"),
            ("relai.b.test", "did you mean relay.b.test?"),
            ("nothing", "write a mailbox, an account"),
        ] {
            let told = waived(subject).unwrap_or_default();
            assert!(told.contains("line 11") && told.contains(right), "{subject}: {told}");
        }
    }
}
