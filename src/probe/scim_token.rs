//! The bearer token with which Entra ID writes to Webex: how long it lives, by what the site file says. Nobody is contacted.
//!
//! In: where the address is kept at which the browser ended when the token was issued, and the day. Out: facts. The address
//! holds the token behind `#`, and `expires_in` in seconds (RFC 6749, section 4.2.2). Cisco's pages speak of 365 days; the
//! address on the same pages says 3887999 seconds, which is 45 days, so it is always computed
//! (<https://help.webex.com/aumpbz>). Of the token itself nothing is kept.

use std::collections::HashMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use url::form_urlencoded;

use super::{Earlier, FactGroup, Probe, ProbeContext};
use crate::{
    evidence::{Facts, Failure, FailureKind, Observation, Protocol, Route, Stage, Subject, facts},
    oauth::endpoint::TokenRequest,
    secret::{Redactor, Secret, Source},
};

facts! {
    /// What can be said of the token.
    STATE: String = "scim_token.state", "token";
    LIFETIME_DAYS: i64 = "scim_token.lifetime_days", "lifetime in days";
    LIFETIME_ASSUMED: bool = "scim_token.lifetime_assumed", "lifetime assumed";
    ISSUED: String = "scim_token.issued", "issued";
    ENDS: String = "scim_token.ends", "expires";
    DAYS_LEFT: i64 = "scim_token.days_left", "days left";
    ERROR: String = "scim_token.error", "error";
}

/// The lifetime of the address on <https://help.webex.com/aumpbz>, in seconds: it is assumed where no address is given.
const USUAL_SECONDS: i64 = 3_887_999;
const DAY: i64 = 86_400;
/// With fewer days left it is a warning.
const SOON: i64 = 14;
/// A longer life is not plausible: the longest that Cisco's pages name is 365 days.
const LONGEST_DAYS: i64 = 366;

/// A look at the token's end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScimTokenProbe {
    /// Where the address is kept at which the browser ended.
    pub redirect: Option<Source>,
    /// The day on which the token was issued.
    pub issued: Option<Date>,
}

impl Probe for ScimTokenProbe {
    const NAME: &str = "scim-token";
    const FACTS: &[FactGroup] = &[("scim_token", FACTS)];

    fn subject(&self) -> Subject {
        Subject::Site
    }

    fn deepest(&self) -> &'static str {
        "scim_token"
    }

    fn secrets(&self) -> Vec<&Source> {
        self.redirect.iter().collect()
    }

    async fn observe(&self, _: &Earlier, context: &ProbeContext) -> Observation {
        let seen = Observation { own: true, ..Observation::new("scim_token", Subject::Site, Route::File) };
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        let address = match &self.redirect {
            None => None,
            Some(source) => match TokenRequest::new(&context.network, &context.wallet.net).secret(source).await {
                Ok(address) => Some(Address::read(&address, &context.wallet.net)),
                Err(failure) => return Observation { failure: Some(failure), ..seen },
            },
        };
        match facts(address.as_ref(), self.issued, today) {
            Ok(facts) => Observation { facts, ..seen },
            Err(failure) => Observation { failure: Some(failure), ..seen },
        }
    }
}

/// What the address says at which a browser ended.
#[derive(Debug, Default)]
pub struct Address {
    /// The token.
    pub token: Option<Secret>,
    /// `expires_in`, in seconds.
    expires_in: Option<i64>,
    /// `token_type`.
    token_type: Option<String>,
    /// `error`, where the sign-in was refused.
    error: Option<String>,
    has_state: bool,
    /// Why the text is not the address at which a browser ended.
    strange: Option<&'static str>,
}

impl Address {
    /// Reads an address line. The token in it is made known to the redactor before anything else is done with it.
    #[must_use]
    pub fn read(line: &Secret, redactor: &Redactor) -> Self {
        let line = line.expose().trim();
        let strange = strange(line);
        let fields = line.split_once('#').or_else(|| line.split_once('?')).map_or(line, |(_, fields)| fields);
        let mut fields: HashMap<String, String> = form_urlencoded::parse(fields.as_bytes()).into_owned().collect();
        let token = fields.remove("access_token").filter(|token| !token.is_empty()).map(Secret::new);
        if let Some(token) = &token {
            redactor.add(token);
        }
        Self {
            token,
            expires_in: fields.get("expires_in").and_then(|seconds| seconds.trim().parse().ok()),
            token_type: fields.remove("token_type"),
            error: fields.remove("error"),
            has_state: fields.contains_key("state"),
            strange,
        }
    }

    /// What makes it useless, as a word.
    fn fault(&self) -> Option<&'static str> {
        let is_bearer = self.token_type.as_ref().is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
        match self {
            Self { error: Some(_), .. } => Some("refused"),
            Self { token: None, .. } => Some("no-token"),
            _ if !is_bearer => Some("not-bearer"),
            _ => None,
        }
    }
}

/// Why a text is not the address at which a browser ended after the sign-in.
fn strange(line: &str) -> Option<&'static str> {
    let is_address = ["http://", "https://", "localhost"].iter().any(|start| line.starts_with(start));
    match line {
        _ if line.contains("response_type=") => Some("sign-in address"),
        _ if is_address && !line.contains(char::is_whitespace) => None,
        _ if line.starts_with('<') => Some("web page"),
        _ => Some("other text"),
    }
}

/// The end of a token.
fn facts(address: Option<&Address>, issued: Option<Date>, today: Date) -> Result<Facts, Failure> {
    let mut facts = Facts::default();
    if let Some(strange) = address.and_then(|address| address.strange) {
        return Err(missing(&format!(
            "token_redirect holds no address after a sign-in ({strange}); give the whole address line that the browser showed"
        )));
    }
    if let Some((fault, address)) = address.and_then(|address| Some((address.fault()?, address))) {
        facts.set(STATE, fault);
        if let Some(error) = &address.error {
            facts.set(ERROR, error.chars().filter(char::is_ascii_graphic).take(60).collect::<String>());
        }
        return Ok(facts);
    }
    let known = address.and_then(|address| address.expires_in);
    if address.is_some() && known.is_none() {
        let words = "the address has no expires_in in whole seconds, so the end of the token is not known; give the whole \
                     address line that the browser showed";
        return Err(missing(words));
    }
    let seconds = known.unwrap_or(USUAL_SECONDS);
    let days = seconds.saturating_add(DAY - 1) / DAY; // 44 d 23:59:59 is spoken of as 45 days
    let Some(issued) = issued else { return Err(issue_day_missing(days)) };
    let left = i64::from(today.until(issued).map_or(0, |span| span.get_days())).saturating_add(days);
    facts.set(ISSUED, issued.to_string());
    facts.set(LIFETIME_DAYS, days);
    facts.set(LIFETIME_ASSUMED, known.is_none());
    facts.set(DAYS_LEFT, left);
    if let Ok(ends) = issued.checked_add(jiff::SignedDuration::from_hours(24 * days.min(100_000))) {
        facts.set(ENDS, ends.to_string());
    }
    let lacks_state = address.is_some_and(|address| !address.has_state);
    let state = match left {
        _ if !(1..=LONGEST_DAYS).contains(&days) => "implausible",
        ..=0 if known.is_none() => "expired-by-assumption",
        ..=0 => "expired",
        1..SOON => "ends-soon",
        _ if lacks_state => "without-state",
        _ => "valid",
    };
    facts.set(STATE, state);
    Ok(facts)
}

fn issue_day_missing(days: i64) -> Failure {
    let words =
        format!("the token lives {days} days; state the day on which it was issued as token_issued under [webex]");
    missing(&words)
}

fn missing(words: &str) -> Failure {
    Failure::new(Protocol::Scim, Stage::Credential, FailureKind::Missing, words)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: &str = "2026-11-29";

    fn seen(line: Option<&str>, issued: Option<&str>) -> (String, String) {
        let address = line.map(|line| Address::read(&Secret::new(line), &Redactor::default()));
        match facts(address.as_ref(), issued.map(|day| day.parse().unwrap()), TODAY.parse().unwrap()) {
            Ok(facts) => {
                let text = |name: &str| facts.value(name).map(ToString::to_string).unwrap_or_default();
                (text("scim_token.state"), text("scim_token.days_left"))
            }
            Err(failure) => ("not given".to_owned(), failure.words),
        }
    }

    #[test]
    fn end_is_computed_from_the_address_and_the_day() {
        let line = |seconds: i64| {
            format!(
                "http://localhost:3000/auth/code#state=x&expires_in={seconds}&token_type=Bearer&access_token=Zq7secret"
            )
        };
        for (seconds, issued, state, left) in [
            (3_887_999, "2026-11-19", "valid", "35"),
            (3_887_999, "2026-10-20", "ends-soon", "5"),
            (3_887_999, "2026-10-15", "expired", "0"),
            (31_536_000, "2026-10-15", "valid", "320"),
            (1, "2026-11-29", "ends-soon", "1"),
            (0, "2026-11-29", "implausible", "0"),
            (i64::MAX, "2026-11-29", "implausible", ""),
        ] {
            let (seen_state, seen_left) = seen(Some(&line(seconds)), Some(issued));
            assert_eq!(seen_state, state, "{seconds} {issued}");
            assert!(left.is_empty() || seen_left == left, "{seconds} {issued}: {seen_left}");
        }
        assert_eq!(seen(None, Some("2026-11-19")), ("valid".to_owned(), "35".to_owned()));
        assert_eq!(seen(None, Some("2026-09-19")).0, "expired-by-assumption");
        let (state, words) = seen(Some(&line(3_887_999)), None);
        assert!(state == "not given" && words.contains("lives 45 days"), "{words}");
    }

    #[test]
    fn addresses_that_give_no_token_say_why() {
        for (line, state) in [
            ("http://localhost:3000/auth/code#error=access_denied&error_description=x&state=y", "refused"),
            ("http://localhost:3000/auth/code?error=access_denied", "refused"),
            ("http://localhost:3000/auth/code", "no-token"),
            ("http://localhost:3000/auth/code#access_token=&expires_in=5", "no-token"),
            ("http://localhost:3000/auth/code#access_token=a%2Bb&token_type=mac&expires_in=3887999", "not-bearer"),
            ("http://localhost:3000/auth/code#access_token=a%2Bb&expires_in=3887999", "without-state"),
        ] {
            assert_eq!(seen(Some(line), Some("2026-11-28")).0, state, "{line}");
        }
    }

    #[test]
    fn text_that_is_no_whole_address_waits_for_one() {
        let token = "ZDI3MGEyYzQtNmFlNS00NDNhLWFlNzAtZGVjNjE0MGU1OGZm";
        let address = format!("http://localhost:3000/auth/code#access_token={token}&token_type=Bearer&state=x");
        for (text, said) in [
            (token.to_owned(), "(other text)"),
            ("<html>This site can\u{2019}t be reached</html>".to_owned(), "(web page)"),
            (
                "https://idbroker.webex.com/idb/oauth2/v1/authorize?response_type=token&state=x".to_owned(),
                "(sign-in address)",
            ),
            (address.clone(), "no expires_in"),
            (format!("{address}&expires_in=3887999.0"), "no expires_in"),
            (format!("{address}&expires_in=99999999999999999999"), "no expires_in"),
        ] {
            let (state, words) = seen(Some(&text), Some("2026-11-28"));
            assert!(state == "not given" && words.contains(said), "{text}: {state} {words}");
        }
    }

    #[test]
    fn token_of_the_address_is_hidden_at_once() {
        let redactor = Redactor::default();
        let line = Secret::new("http://localhost:3000/#access_token=Zq7%2Bsecret-of-webex&token_type=Bearer");
        let address = Address::read(&line, &redactor);
        assert_eq!(address.token.unwrap().expose(), "Zq7+secret-of-webex");
        assert_eq!(redactor.clean("say Zq7+secret-of-webex").1, 1);
    }
}
