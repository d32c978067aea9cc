//! What the facts of a token mean. The checks of the catalogue judge, as in `run`; what is added here is what only a
//! person can answer, and what nobody has said: which protocols the token is for, and who should have signed in.

use serde::Serialize;

use crate::{
    catalogue::{Catalogue, Check, check::SubjectKind},
    evidence::{Fact, Facts, Observation, Route, Subject},
    finding::Status,
    judge::{Judgement, judge},
    probe::token,
    report::prose,
};

/// The checks that are about obtaining a token, and not about the token.
const OF_THE_SOURCE: [&str; 2] = ["token.issued", "token.refresh"];

/// One thing that a token shows.
#[derive(Debug, PartialEq, Serialize)]
pub struct Sentence {
    /// How it comes out; `skip` for what is only told.
    pub status: Status,
    /// The words.
    pub text: String,
    /// The check that says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// A command that the owner of the mailbox server needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// Who may have issued a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Issuers {
    /// Microsoft Entra ID alone.
    Entra,
    /// The provider that the user has named in its place.
    Named,
}

/// What the facts mean.
pub fn judgement(facts: &Facts, issuers: Issuers, catalogue: &Catalogue) -> Vec<Sentence> {
    let observation = Observation {
        facts: facts.clone(),
        ..Observation::new("token", Subject::Account("token".into()), Route::File)
    };
    let is_asked = |check: &&Check| {
        check.probe.name == "token"
            && check.subject == SubjectKind::Account
            && !OF_THE_SOURCE.contains(&check.id.as_str())
    };
    let mut sentences: Vec<Sentence> =
        catalogue.checks.iter().filter(is_asked).filter_map(|check| of_check(check, &observation)).collect();
    sentences.sort_by_key(|sentence| !is_of(sentence, &["token.well-formed", "token.audience"])); // what decides, first
    if issuers == Issuers::Entra {
        foreign(&mut sentences);
    }
    permissions(&mut sentences);
    sealed(&mut sentences);
    sentences.extend(user(facts).into_iter().chain(application(facts)));
    sentences
}

fn of_check(check: &Check, observation: &Observation) -> Option<Sentence> {
    let Judgement::Seen { status, found, .. } = judge(check, observation) else { return None };
    let statement = match status {
        Status::Pass | Status::Skip => &check.title,
        Status::Warn => {
            check.warns.as_ref().unwrap_or(if check.expect.is_empty() { &check.fails } else { &check.title })
        }
        Status::Fail | Status::Error => &check.fails,
    };
    let found = prose::found(&found, Some(observation), &[]);
    let text = if found.is_empty() { format!("{statement}.") } else { format!("{statement}: {found}.") };
    Some(Sentence { status, text, check: Some(check.id.to_string()), command: None })
}

fn is_of(sentence: &Sentence, checks: &[&str]) -> bool {
    sentence.check.as_deref().is_some_and(|check| checks.contains(&check))
}

/// A run only warns of a token that Entra ID does not issue, since the servers that it asks decide. Here no server is asked.
fn foreign(sentences: &mut [Sentence]) {
    let warned = |sentence: &&mut Sentence| is_of(sentence, &["token.well-formed"]) && sentence.status == Status::Warn;
    for sentence in sentences.iter_mut().filter(warned) {
        sentence.status = Status::Fail;
    }
}

/// One missing permission may be intended; none at all cannot. Permissions and the length of what no mail server accepts
/// are only told.
fn permissions(sentences: &mut [Sentence]) {
    const PERMISSIONS: [&str; 3] = ["token.smtp-permission", "token.imap-permission", "token.pop3-permission"];
    let is_refused = sentences
        .iter()
        .any(|sentence| is_of(sentence, &["token.well-formed", "token.audience"]) && sentence.status == Status::Fail);
    let some = sentences
        .iter()
        .any(|sentence| is_of(sentence, &PERMISSIONS) && matches!(sentence.status, Status::Pass | Status::Warn));
    for sentence in sentences.iter_mut().filter(|sentence| is_refused && is_of(sentence, &["token.pop3-line"])) {
        sentence.status = Status::Skip;
    }
    for sentence in sentences.iter_mut().filter(|sentence| is_of(sentence, &PERMISSIONS)) {
        sentence.status = match sentence.status {
            Status::Fail if some => Status::Warn,
            Status::Pass | Status::Warn if is_refused => Status::Skip,
            status => status,
        };
    }
}

/// True when the token could be read, so that it was compared with what mail servers accept.
pub fn is_compared(sentences: &[Sentence]) -> bool {
    sentences.iter().any(|sentence| is_of(sentence, &["token.audience"]))
}

/// No tick stands beside a token of which nothing can be read.
fn sealed(sentences: &mut Vec<Sentence>) {
    if is_compared(sentences) || sentences.iter().any(|sentence| sentence.status == Status::Fail) {
        return;
    }
    sentences.retain(|sentence| !is_of(sentence, &["token.well-formed"]));
    let words = "The token is sealed: its audience, permissions, user and expiry cannot be read, and nothing was compared. Test \
                 it with ece-check run.";
    sentences.insert(0, told(words.to_owned()));
}

fn user(facts: &Facts) -> Option<Sentence> {
    let user = text(facts, token::USER);
    if facts.get(token::USER_READABLE) == Some(&false) && facts.get(token::READABLE) == Some(&true) {
        let words =
            "User: not readable; the token has no upn, unique_name or preferred_username. Compare the user by hand.";
        return Some(told(words.to_owned()));
    }
    let is_open = !user.is_empty() && facts.get(token::USER_MATCHES).is_none();
    is_open.then(|| told(format!("User: {user} (expected user not given; add --user).")))
}

/// The object id is the enterprise application's, which is the one that Exchange needs.
fn application(facts: &Facts) -> Option<Sentence> {
    if text(facts, token::KIND) != "application" {
        return None;
    }
    let (application, object) = (text(facts, token::APPLICATION), text(facts, token::OBJECT_ID));
    let plain = |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let command = (plain(&application) && plain(&object))
        .then(|| format!("New-ServicePrincipal -AppId {application} -ObjectId {object}"));
    let words = "This is an app-only token: register the service principal in Exchange Online by the object ID in it, and \
                 grant it Full Access to the mailboxes.";
    Some(Sentence { command, ..told(words.to_owned()) })
}

fn told(text: String) -> Sentence {
    Sentence { status: Status::Skip, text, check: None, command: None }
}

fn text(facts: &Facts, fact: Fact<String>) -> String {
    facts.get(fact).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Value;

    fn facts(changes: &[(&str, Value)]) -> Facts {
        let mut facts = Facts::default();
        for name in [
            "readable",
            "user_readable",
            "user_judged",
            "expiry_readable",
            "audience_is_exchange",
            "audience_of_cloud",
            "user_matches",
            "valid_now",
        ] {
            facts.put(&format!("token.{name}"), true);
        }
        for name in ["smtp_permission", "imap_permission", "pop3_permission", "smtp_permission_usual"] {
            facts.put(&format!("token.{name}"), true);
        }
        facts.put("token.form_faults", Vec::<String>::new());
        facts.put("token.origin_faults", Vec::<String>::new());
        facts.put("token.user_remarks", Vec::<String>::new());
        facts.put("token.kind", "delegated");
        facts.put("token.user_expected", "sales@example.com");
        facts.put("token.minutes_left", 40);
        facts.put("token.lifetime_minutes", 75);
        for (name, value) in changes {
            facts.put(&format!("token.{name}"), value.clone());
        }
        facts
    }

    fn wrong(changes: &[(&str, Value)]) -> Vec<(Status, String)> {
        let sentences = judgement(&facts(changes), Issuers::Entra, &Catalogue::built_in());
        let wrong = sentences.into_iter().filter(|sentence| matches!(sentence.status, Status::Warn | Status::Fail));
        wrong.map(|sentence| (sentence.status, sentence.check.unwrap_or_default())).collect()
    }

    #[test]
    fn good_token_passes_every_check() {
        let sentences = judgement(&facts(&[]), Issuers::Entra, &Catalogue::built_in());
        assert!(sentences.iter().all(|sentence| sentence.status == Status::Pass), "{sentences:?}");
        assert!(sentences.len() >= 8, "{sentences:?}");
    }

    #[test]
    fn each_thing_that_is_wrong_is_said_by_its_check() {
        let no = || Value::Bool(false);
        for (change, status, check) in [
            (("audience_is_exchange", no()), Status::Fail, "token.audience"),
            (("audience_of_cloud", no()), Status::Fail, "token.audience"),
            (("user_matches", no()), Status::Fail, "token.identity"),
            (("valid_now", no()), Status::Fail, "token.valid-now"),
            (("lifetime_minutes", Value::Int(54)), Status::Warn, "token.lifetime"),
            (("lifetime_minutes", Value::Int(96)), Status::Warn, "token.lifetime"),
            (("pop3_permission", no()), Status::Warn, "token.pop3-permission"),
            (("smtp_permission_usual", no()), Status::Warn, "token.smtp-permission"),
            (("form_faults", Value::List(vec!["cut".into()])), Status::Fail, "token.well-formed"),
            (("origin_faults", Value::List(vec!["another issuer".into()])), Status::Fail, "token.well-formed"),
            (("user_remarks", Value::List(vec!["guest".into()])), Status::Warn, "token.service-account"),
        ] {
            assert_eq!(wrong(std::slice::from_ref(&change)), [(status, check.to_owned())], "{change:?}");
        }
        for minutes in [55, 95] {
            assert!(
                wrong(&[("lifetime_minutes", Value::Int(minutes))]).is_empty(),
                "the limits are those of the check"
            );
        }
    }

    #[test]
    fn no_tick_stands_beside_a_token_that_mail_servers_refuse() {
        for change in [("audience_is_exchange", Value::Bool(false)), ("form_faults", Value::List(vec!["cut".into()]))] {
            let sentences = judgement(&facts(&[change]), Issuers::Entra, &Catalogue::built_in());
            let permitted = |one: &&Sentence| one.check.as_deref().is_some_and(|id| id.ends_with("-permission"));
            assert!(sentences.iter().filter(permitted).all(|one| one.status == Status::Skip), "{sentences:?}");
        }
    }

    #[test]
    fn sealed_token_is_told_and_not_ticked() {
        let mut sealed = Facts::default();
        sealed.put("token.form_faults", Vec::<String>::new());
        sealed.put("token.origin_faults", Vec::<String>::new());
        let sentences = judgement(&sealed, Issuers::Entra, &Catalogue::built_in());
        assert!(!is_compared(&sentences) && sentences[0].text.starts_with("The token is sealed"), "{sentences:?}");
        assert!(!sentences.iter().any(|one| is_of(one, &["token.well-formed"])), "{sentences:?}");
        assert!(is_compared(&judgement(&facts(&[]), Issuers::Entra, &Catalogue::built_in())));
    }

    #[test]
    fn token_without_any_permission_fails() {
        let none = ["smtp_permission", "imap_permission", "pop3_permission"].map(|name| (name, Value::Bool(false)));
        let failed: Vec<Status> = wrong(&none).into_iter().map(|(status, _)| status).collect();
        assert_eq!(failed, [Status::Fail; 3]);
    }

    #[test]
    fn user_without_an_expectation_is_told_and_not_ticked() {
        let mut facts = facts(&[("user", "sales@example.com".into())]);
        facts = {
            let mut open = Facts::default();
            for (name, value) in facts.iter().filter(|(name, _)| *name != "token.user_matches") {
                open.put(name, value.clone());
            }
            open
        };
        let sentences = judgement(&facts, Issuers::Entra, &Catalogue::built_in());
        let user = sentences.iter().find(|sentence| sentence.text.starts_with("User:")).unwrap();
        assert_eq!(user.status, Status::Skip);
        assert!(!sentences.iter().any(|sentence| is_of(sentence, &["token.identity"])));
    }

    #[test]
    fn command_for_the_application_holds_only_ids() {
        let with = |object: &str| {
            let changes = [("kind", "application".into()), ("application", "a-1".into()), ("object_id", object.into())];
            judgement(&facts(&changes), Issuers::Entra, &Catalogue::built_in())
                .into_iter()
                .find_map(|sentence| sentence.command)
        };
        assert_eq!(with("o-2").as_deref(), Some("New-ServicePrincipal -AppId a-1 -ObjectId o-2"));
        assert_eq!(with("o; Remove-Mailbox"), None);
    }
}
