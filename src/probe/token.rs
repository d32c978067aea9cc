//! The token of an account: how it is come by, and what stands in it. The token itself goes into the wallet only.
//!
//! In: where the token or the refresh token is kept, and the application. Out: facts. A token that cannot be read gives
//! no facts of what stands in it, so that nothing is judged that was not seen.

use std::{sync::Arc, time::Instant};

use base64::encoded_len;
use jiff::Timestamp;

use super::{Fact, Shape, World, fact};
use crate::{
    net::tls::moment,
    oauth::{
        Application, Credential, Held,
        claims::{Audience, Claims, Kind},
        endpoint::Errand,
        grant::{self, Client, Grant},
    },
    secret::Secret,
    seen::{Facts, Observation, Protocol, Stop, Value},
};

/// Clocks of Microsoft's servers may differ by so much, and tokens are made out from a little before they are given.
const GRACE_SECONDS: i64 = 300;

/// What a look at a token can measure.
pub const FACTS: &[Fact] = &[
    fact("token.issued", Shape::Bool, "token at hand"),
    fact("token.come_by", Shape::Text, "come by"),
    fact("token.kind", Shape::Text, "kind of token"),
    fact("token.readable", Shape::Bool, "claims can be read"),
    fact("token.version", Shape::Text, "version"),
    fact("token.length_bytes", Shape::Int, "length (bytes)"),
    fact("token.pop3_line_bytes", Shape::Int, "length of the POP3 sign-in line (bytes)"),
    fact("token.audience", Shape::Text, "made out for"),
    fact("token.audience_name", Shape::Text, "that is"),
    fact("token.audience_is_exchange", Shape::Bool, "made out for Exchange Online"),
    fact("token.user", Shape::Text, "signed in as"),
    fact("token.user_expected", Shape::Text, "should be"),
    fact("token.user_matches", Shape::Bool, "the right user signed in"),
    fact("token.tenant", Shape::Text, "tenant"),
    fact("token.tenant_matches", Shape::Bool, "tenant as configured"),
    fact("token.application", Shape::Text, "application"),
    fact("token.application_matches", Shape::Bool, "application as configured"),
    fact("token.object_id", Shape::Text, "object id"),
    fact("token.not_before", Shape::Text, "valid from"),
    fact("token.expires", Shape::Text, "valid until"),
    fact("token.valid_now", Shape::Bool, "valid now"),
    fact("token.minutes_left", Shape::Int, "minutes left"),
    fact("token.lifetime_minutes", Shape::Int, "lifetime (minutes)"),
    fact("token.scopes", Shape::List, "delegated permissions"),
    fact("token.roles", Shape::List, "application permissions"),
    fact("token.smtp_permission", Shape::Bool, "permission for SMTP"),
    fact("token.smtp_permission_usual", Shape::Bool, "under the usual name"),
    fact("token.imap_permission", Shape::Bool, "permission for IMAP"),
    fact("token.pop3_permission", Shape::Bool, "permission for POP3"),
    fact("token.requests", Shape::Int, "requests to the token endpoint"),
    fact("token.refreshed", Shape::Bool, "refreshed"),
    fact("token.new_refresh_token", Shape::Text, "new refresh token"),
];

/// A look at the token of an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    /// The account, as ECE has it.
    pub account: String,
    /// How its token is come by.
    pub credential: Credential,
    /// The application in Entra.
    pub application: Application,
    /// The scopes that are asked for, such as `https://outlook.office.com/IMAP.AccessAsUser.All`.
    pub scopes: Vec<String>,
    /// Who should have signed in.
    pub signs_in_as: Option<String>,
    /// The mailboxes that it is to open.
    pub mailboxes: Vec<String>,
}

/// Comes by the token, keeps it in the wallet and tells what stands in it. `earlier` may hold the look at the login
/// host, which knows how far this host's clock is off.
pub async fn observe(look: &Look, earlier: &[Arc<Observation>], world: &World) -> Observation {
    let began = Instant::now();
    let mut errand = Errand::new(&world.network, &world.wallet.net);
    let mut facts = Facts::default();
    facts.set("token.come_by", come_by(&look.credential));
    let got = get(look, &mut facts, &mut errand, world).await;
    facts.set("token.issued", got.is_ok());
    if errand.questions > 0 {
        facts.set("token.requests", i64::from(errand.questions));
    }
    let stop = match got {
        Ok(token) => {
            let ahead = clock_ahead_ms(earlier).or(errand.clock_ahead_ms).unwrap_or_default();
            note(&token, look, true_time(ahead), &mut facts);
            keep(token, look, world);
            None
        }
        Err(stop) => Some(stop),
    };
    Observation {
        probe: "token".to_owned(),
        subject: look.account.clone(),
        own: false,
        road: "direct".to_owned(),
        facts,
        stop,
        paths: Vec::new(),
        transcript: errand.transcript.into_lines(),
        steps: errand.steps,
        duration_ms: began.elapsed().as_secs_f64() * 1000.0,
    }
}

/// Writes down what stands in a token. `now` is the true time, in seconds since 1970.
pub fn note(token: &Secret, look: &Look, now: i64, facts: &mut Facts) {
    facts.set("token.length_bytes", whole(token.len()));
    facts.set("token.pop3_line_bytes", whole(longest_line(token, look)));
    let claims = Claims::read(token.expose());
    facts.set("token.readable", claims.is_some());
    facts.set("token.kind", claims.as_ref().map_or("opaque", |claims| claims.kind().name()));
    if let Some(expected) = &look.signs_in_as {
        facts.set("token.user_expected", expected.as_str());
    }
    let Some(claims) = claims else { return };
    note_texts(&claims, facts);
    note_matches(&claims, look, facts);
    note_times(&claims, now, facts);
    note_permissions(&claims, facts);
}

/// The true time in seconds since 1970, by a clock that is so far ahead.
#[must_use]
pub fn true_time(clock_ahead_ms: i64) -> i64 {
    Timestamp::now().as_millisecond().saturating_sub(clock_ahead_ms).div_euclid(1000)
}

fn come_by(credential: &Credential) -> &'static str {
    match credential {
        Credential::AccessToken(_) => "ready access token",
        Credential::RefreshToken(_) => "refresh token",
        Credential::ClientCredentials => "client credentials",
    }
}

async fn get(look: &Look, facts: &mut Facts, errand: &mut Errand<'_>, world: &World) -> Result<Secret, Stop> {
    let (grant, given) = match &look.credential {
        Credential::AccessToken(source) => return errand.secret(source).await,
        Credential::RefreshToken(source) => {
            let token = errand.secret(source).await?;
            (Grant::Refresh(token.clone()), Some(token))
        }
        Credential::ClientCredentials => (Grant::Client, None),
    };
    if given.is_some() {
        facts.set("token.refreshed", false);
    }
    let place = grant::token_endpoint(&look.application)?;
    let client = Client::of(&look.application, errand).await?;
    let granted = grant::ask(&client, &grant, &look.scopes, &place, errand).await?;
    if let Some(given) = given {
        facts.set("token.refreshed", true);
        let new = granted.refresh.filter(|new| *new != given);
        let fingerprint = |new: Secret| format!("yes, {} bytes, sha256 {}…", new.len(), world.wallet.fingerprint(&new));
        facts.set("token.new_refresh_token", new.map_or_else(|| "no".to_owned(), fingerprint));
    }
    Ok(granted.access)
}

fn keep(token: Secret, look: &Look, world: &World) {
    let claims = Claims::read(token.expose());
    let application = claims.as_ref().map_or_else(
        || look.credential == Credential::ClientCredentials,
        |claims| claims.kind() == Kind::Application,
    );
    let user = claims.as_ref().filter(|_| !application).and_then(Claims::user);
    world.wallet.keep(&look.account, Held { token, user, application });
}

/// The sign-in line of POP3 in base64, for the longest name that it will carry. Exchange Online takes lines up to 4,096
/// bytes there ("Protocol error. 10" beyond).
fn longest_line(token: &Secret, look: &Look) -> usize {
    let names = look.mailboxes.iter().chain(&look.signs_in_as).map(String::len);
    let frame = "user=\x01auth=Bearer \x01\x01".len();
    encoded_len(frame + names.max().unwrap_or_default() + token.len(), true).unwrap_or(usize::MAX)
}

fn note_texts(claims: &Claims, facts: &mut Facts) {
    let texts = [
        ("token.version", claims.version()),
        ("token.audience", claims.audience()),
        ("token.user", claims.user()),
        ("token.tenant", claims.tenant()),
        ("token.application", claims.application()),
        ("token.object_id", claims.object_id()),
        ("token.not_before", claims.not_before().map(moment)),
        ("token.expires", claims.expires().map(moment)),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            facts.set(name, text);
        }
    }
    facts.set("token.audience_name", claims.service().name());
    facts.set("token.audience_is_exchange", claims.service() == Audience::Exchange);
    facts.set("token.scopes", claims.scopes());
    facts.set("token.roles", claims.roles());
}

/// A tenant that the user's file gives as a domain cannot be compared with the GUID in the token.
fn note_matches(claims: &Claims, look: &Look, facts: &mut Facts) {
    let same = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
    if let (Kind::Delegated, Some(expected)) = (claims.kind(), &look.signs_in_as) {
        facts.set("token.user_matches", claims.users().iter().any(|user| same(user, expected)));
    }
    let tenant = look.application.tenant.as_deref().filter(|tenant| uuid::Uuid::try_parse(tenant).is_ok());
    if let (Some(named), Some(expected)) = (claims.tenant(), tenant) {
        facts.set("token.tenant_matches", same(&named, expected));
    }
    if let (Some(named), Some(expected)) = (claims.application(), &look.application.client_id) {
        facts.set("token.application_matches", same(&named, expected));
    }
}

fn note_times(claims: &Claims, now: i64, facts: &mut Facts) {
    let Some(expires) = claims.expires() else { return };
    let begun = claims.not_before().is_none_or(|begin| begin.saturating_sub(GRACE_SECONDS) <= now);
    facts.set("token.valid_now", begun && now < expires);
    facts.set("token.minutes_left", expires.saturating_sub(now).div_euclid(60));
    if let Some(issued) = claims.issued() {
        facts.set("token.lifetime_minutes", expires.saturating_sub(issued).div_euclid(60));
    }
}

fn note_permissions(claims: &Claims, facts: &mut Facts) {
    facts.set("token.smtp_permission", claims.permits(Protocol::Smtp));
    facts.set("token.smtp_permission_usual", claims.permits_as_usual(Protocol::Smtp));
    facts.set("token.imap_permission", claims.permits(Protocol::Imap));
    facts.set("token.pop3_permission", claims.permits(Protocol::Pop3));
}

fn clock_ahead_ms(earlier: &[Arc<Observation>]) -> Option<i64> {
    let units = earlier.iter().flat_map(|seen| seen.units());
    let mut ahead = units.filter_map(|unit| match unit.fact("https.clock_ahead_ms") {
        Some(Value::Int(ahead)) => Some(*ahead),
        _ => None,
    });
    ahead.next()
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
