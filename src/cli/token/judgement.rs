//! What the facts of a token mean, in words. `run` judges by the catalogue; this is for one token by itself, where
//! nobody has said which protocols it is for.

use serde::Serialize;

use crate::{
    evidence::{Facts, Value},
    finding::Status,
};

/// Microsoft gives access tokens so many minutes, at random, where no policy says otherwise.
/// <https://learn.microsoft.com/entra/identity-platform/configurable-token-lifetimes>
const USUAL_MINUTES: std::ops::RangeInclusive<i64> = 59..=96; // tokens are made out from up to five minutes before
/// Exchange Online's POP3 takes no longer line.
const POP3_LINE: i64 = 4096;

/// One thing that a token shows.
#[derive(Debug, PartialEq, Serialize)]
pub struct Sentence {
    /// Whether that is well.
    pub status: Status,
    /// The words.
    pub text: String,
    /// A command that the owner of the mailbox server needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// What the facts mean.
pub fn judgement(facts: &Facts) -> Vec<Sentence> {
    if !is(facts, "token.readable") {
        let text = "Nothing in it can be read: it is sealed, as tokens of personal accounts are, or no token. Only a sign-in tells.";
        return vec![said(Status::Skip, text)].into_iter().chain(length(facts)).collect();
    }
    let parts = [Some(audience(facts)), user(facts), application(facts), validity(facts), lifetime(facts)];
    let matches = ["tenant", "application"].into_iter().filter_map(|what| other(facts, what));
    parts.into_iter().flatten().chain(matches).chain(permissions(facts)).chain(length(facts)).collect()
}

fn audience(facts: &Facts) -> Sentence {
    let (name, audience) = (text(facts, "token.audience_name"), text(facts, "token.audience"));
    if is(facts, "token.audience_is_exchange") {
        return said(Status::Pass, format!("It is made out for {name} ({audience})."));
    }
    let why = "mail servers refuse it. Ask for scopes of Exchange Online, such as https://outlook.office.com/IMAP.AccessAsUser.All";
    said(Status::Fail, format!("It is made out for {name} ({audience}): {why}."))
}

fn user(facts: &Facts) -> Option<Sentence> {
    let user = text(facts, "token.user");
    match (facts.get("token.user_matches"), facts.get("token.user_expected")) {
        (Some(Value::Bool(true)), _) => Some(said(Status::Pass, format!("It is the token of {user}."))),
        (Some(_), Some(expected)) => Some(said(
            Status::Fail,
            format!(
                "It is the token of {user}, not of {expected}. Outside a private window the sign-in takes whoever is \
                 logged on to Windows, without asking: sign in again in a private window."
            ),
        )),
        _ if user.is_empty() => None,
        _ => Some(said(Status::Pass, format!("It is the token of {user}. Is that who should sign in?"))),
    }
}

/// The object id is the enterprise application's, which is the one that Exchange wants.
fn application(facts: &Facts) -> Option<Sentence> {
    if text(facts, "token.kind") != "application" {
        return None;
    }
    let (application, object) = (text(facts, "token.application"), text(facts, "token.object_id"));
    let plain = |id: &str| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    let command = (plain(&application) && plain(&object))
        .then(|| format!("New-ServicePrincipal -AppId {application} -ObjectId {object}"));
    let words = "It is a token of the application itself: Exchange must know the application by the object id in it, and \
                 give it full access to the mailboxes.";
    Some(Sentence { command, ..said(Status::Pass, words) })
}

fn validity(facts: &Facts) -> Option<Sentence> {
    let left = number(facts, "token.minutes_left")?;
    Some(if is(facts, "token.valid_now") {
        said(Status::Pass, format!("It is valid for {left} more minutes."))
    } else if left < 0 {
        said(Status::Fail, format!("It ran out at {}.", text(facts, "token.expires")))
    } else {
        let (begin, end) = (text(facts, "token.not_before"), text(facts, "token.expires"));
        said(Status::Fail, format!("It is not valid now, but from {begin} until {end}: is this host's clock right?"))
    })
}

fn lifetime(facts: &Facts) -> Option<Sentence> {
    let minutes = number(facts, "token.lifetime_minutes")?;
    let words = "Microsoft gives about 60 to 90 where no policy says otherwise";
    (!USUAL_MINUTES.contains(&minutes)).then(|| said(Status::Warn, format!("It lives {minutes} minutes; {words}.")))
}

fn other(facts: &Facts, what: &str) -> Option<Sentence> {
    let same = facts.get(&format!("token.{what}_matches"))?;
    let found = text(facts, &format!("token.{what}"));
    (*same != Value::Bool(true))
        .then(|| said(Status::Fail, format!("Its {what} is {found}, not the one that is given.")))
}

/// One missing permission may be meant so; none at all cannot.
fn permissions(facts: &Facts) -> Vec<Sentence> {
    let all = [("SMTP", "token.smtp_permission"), ("IMAP", "token.imap_permission"), ("POP3", "token.pop3_permission")];
    let none = all.iter().all(|(_, fact)| !is(facts, fact));
    let sentence = |(name, fact): (&str, &str)| match (is(facts, fact), none) {
        (true, _) => said(Status::Pass, format!("It may be used for {name}.")),
        (false, false) => said(Status::Warn, format!("It may not be used for {name}.")),
        (false, true) => said(Status::Fail, format!("It may not be used for {name}.")),
    };
    let mut sentences: Vec<Sentence> = all.map(sentence).into();
    if is(facts, "token.smtp_permission") && !is(facts, "token.smtp_permission_usual") {
        sentences.push(said(
            Status::Warn,
            "SMTP is permitted under the name SMTP.SendAsApp only; users' tokens usually say SMTP.Send.",
        ));
    }
    sentences
}

fn length(facts: &Facts) -> Option<Sentence> {
    let line = number(facts, "token.pop3_line_bytes")?;
    let words = format!("Its sign-in line has {line} bytes; POP3 on Exchange Online takes {POP3_LINE} at the most.");
    (line > POP3_LINE).then(|| said(Status::Warn, words))
}

fn said(status: Status, text: impl Into<String>) -> Sentence {
    Sentence { status, text: text.into(), command: None }
}

fn is(facts: &Facts, name: &str) -> bool {
    facts.get(name) == Some(&Value::Bool(true))
}

fn text(facts: &Facts, name: &str) -> String {
    facts.get(name).map(ToString::to_string).unwrap_or_default()
}

fn number(facts: &Facts, name: &str) -> Option<i64> {
    match facts.get(name) {
        Some(Value::Int(number)) => Some(*number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(changes: &[(&str, Value)]) -> Facts {
        let mut facts = Facts::default();
        for name in ["readable", "audience_is_exchange", "user_matches", "valid_now", "smtp_permission"] {
            facts.set(&format!("token.{name}"), true);
        }
        for name in ["imap_permission", "pop3_permission", "smtp_permission_usual"] {
            facts.set(&format!("token.{name}"), true);
        }
        facts.set("token.user_expected", "sales@example.com");
        facts.set("token.minutes_left", 40);
        facts.set("token.lifetime_minutes", 75);
        facts.set("token.pop3_line_bytes", 2000);
        for (name, value) in changes {
            facts.set(&format!("token.{name}"), value.clone());
        }
        facts
    }

    #[test]
    fn good_token_is_all_well() {
        assert!(judgement(&facts(&[])).iter().all(|sentence| sentence.status == Status::Pass));
    }

    #[test]
    fn each_thing_that_is_wrong_is_said() {
        let no = || Value::Bool(false);
        for (change, status, words) in [
            (("audience_is_exchange", no()), Status::Fail, "mail servers refuse it"),
            (("user_matches", no()), Status::Fail, "private window"),
            (("tenant_matches", no()), Status::Fail, "tenant"),
            (("valid_now", no()), Status::Fail, "clock"),
            (("lifetime_minutes", Value::Int(1440)), Status::Warn, "1440 minutes"),
            (("pop3_permission", no()), Status::Warn, "POP3"),
            (("smtp_permission_usual", no()), Status::Warn, "SMTP.SendAsApp"),
            (("pop3_line_bytes", Value::Int(5000)), Status::Warn, "4096"),
            (("readable", no()), Status::Skip, "Only a sign-in tells"),
        ] {
            let (name, _) = change;
            let found = judgement(&facts(&[change]));
            let wrong: Vec<&Sentence> = found.iter().filter(|sentence| sentence.status != Status::Pass).collect();
            assert_eq!(wrong.len(), 1, "{name}: {wrong:?}");
            assert!(wrong[0].status == status && wrong[0].text.contains(words), "{name}: {wrong:?}");
        }
    }

    #[test]
    fn command_for_the_application_holds_only_ids() {
        let with = |object: &str| {
            let changes = [("kind", "application".into()), ("application", "a-1".into()), ("object_id", object.into())];
            judgement(&facts(&changes)).into_iter().find_map(|sentence| sentence.command)
        };
        assert_eq!(with("o-2").as_deref(), Some("New-ServicePrincipal -AppId a-1 -ObjectId o-2"));
        assert_eq!(with("o; Remove-Mailbox"), None);
    }
}
