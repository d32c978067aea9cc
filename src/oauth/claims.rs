//! What stands in an access token: read for diagnosis, never believed.
//!
//! In: a token. Out: its [`Claims`], when it is a JWT (RFC 7519) whose payload can be read. The signature is not
//! checked: that is for Exchange Online, whose token it is; a wrong token shows itself here all the same. Names of claims
//! are those of both of Entra's versions: <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference>.
//! Tokens of personal accounts (`EwA…`, `EwB…`) are sealed, and nothing of them can be read.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use crate::evidence::Protocol;

/// A longer token is not taken apart. Real ones have one to ten thousand bytes.
const LONGEST_TOKEN: usize = 64 << 10;
/// A claim's text is cut at this many characters.
const LONGEST_TEXT: usize = 300;
/// Entries of one claim beyond these are left out.
const MOST_ENTRIES: usize = 100;

/// The id of Exchange Online as a resource.
const EXCHANGE_ID: &str = "00000002-0000-0ff1-ce00-000000000000";
/// The hosts by which Exchange Online is named as a resource, in all clouds: `audiences` in
/// `checks/tables/clouds.toml`. A token for another cloud is for Exchange Online too.
/// <https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth>
static EXCHANGE_HOSTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let table: toml::Table = include_str!("../../checks/tables/clouds.toml").parse().expect("a table of clouds");
    let clouds = table.get("cloud").and_then(toml::Value::as_array).into_iter().flatten();
    let audiences = clouds.filter_map(|cloud| cloud.get("audiences")?.as_array()).flatten();
    audiences.filter_map(|host| host.as_str().map(str::to_owned)).collect()
});
/// The tenant of personal Microsoft accounts.
/// <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference> (claims `tid`, `idp`)
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
/// Template ids of roles that no account for mail should hold.
/// <https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference>
const ADMINISTRATORS: [(&str, &str); 3] = [
    ("62e90394-69f5-4237-9190-012177145e10", "Global Administrator"),
    ("29232cdf-9323-42fd-ade2-1d097af3e4de", "Exchange Administrator"),
    ("e8611ab8-c189-46e8-94e1-60213ab1f814", "Privileged Role Administrator"),
];
/// The hosts that name Entra ID as the issuer: tokens of version 1 name the security token service, those of version 2 the
/// login host. <https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud>; the partner clouds of
/// France and Germany: <https://github.com/maester365/maester/discussions/1904>
const ISSUER_HOSTS: [&str; 10] = [
    "sts.windows.net",
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "sts.microsoftonline.us",
    "login.partner.microsoftonline.cn",
    "login.chinacloudapi.cn",
    "sts.chinacloudapi.cn",
    "login.windows.net",
    "login.sovcloud-identity.fr",
    "login.sovcloud-identity.de",
];
/// The issuer of version 1, which the worldwide cloud and those of the US government have.
const SHARED_ISSUER: &str = "sts.windows.net";
/// What stands in addresses of the token endpoint in place of a tenant, and in no token.
/// <https://learn.microsoft.com/entra/identity-platform/v2-protocols>
const ALIASES: [&str; 3] = ["common", "organizations", "consumers"];
/// The last second of the year 9999; a later moment is no moment.
const LATEST: f64 = 253_402_300_799.0;
/// The id of Microsoft Graph as a resource.
const GRAPH_ID: &str = "00000003-0000-0000-c000-000000000000";
/// The hosts of Microsoft Graph in all clouds. <https://learn.microsoft.com/graph/deployments>
const GRAPH_HOSTS: [&str; 4] =
    ["graph.microsoft.com", "graph.microsoft.us", "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"];

/// The claims of a token that can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Claims(Map<String, Value>);

/// Whom a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A user who let the application act for them (`scp`).
    Delegated,
    /// The application itself (`roles`, `idtyp` = `app`).
    Application,
}

/// The service that a token is made out for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Exchange Online: the mail servers take it.
    Exchange,
    /// Microsoft Graph: the mail servers refuse it.
    Graph,
    /// Something else.
    Other,
}

impl Claims {
    /// Reads a token; none when it is sealed, damaged or no JWT.
    #[must_use]
    pub fn read(token: &str) -> Option<Self> {
        if token.len() > LONGEST_TOKEN {
            return None;
        }
        let parts: Vec<&str> = token.splitn(4, '.').collect();
        let [_, payload, _] = parts[..] else { return None };
        let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        serde_json::from_slice(&payload).ok().map(Self)
    }

    /// The claims that a program printed as JSON.
    #[must_use]
    pub fn of_json(text: &str) -> Option<Self> {
        if text.len() > LONGEST_TOKEN { None } else { serde_json::from_str(text).ok().map(Self) }
    }

    /// All claims by name, as texts: shortened, not escaped.
    pub fn all(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().take(MOST_ENTRIES).map(|(name, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            (shortened(name), shortened(&value))
        })
    }

    /// `1.0` or `2.0`.
    #[must_use]
    pub fn version(&self) -> Option<String> {
        self.text("ver")
    }

    /// Whom it is for. Without `idtyp`, which is an optional claim, the permissions tell, and at last a user's name.
    #[must_use]
    pub fn kind(&self) -> Kind {
        let application = match (self.text("idtyp").as_deref(), self.scopes().is_empty(), self.roles().is_empty()) {
            (Some("app"), _, _) => true,
            (Some("user"), _, _) | (_, false, _) => false,
            (_, true, false) => true,
            (_, true, true) => self.user().is_none(),
        };
        if application { Kind::Application } else { Kind::Delegated }
    }

    /// The resource, as it stands there. Of several that of Exchange Online, which accepts a token that names it among
    /// others (RFC 7519, section 4.1.3), else the first.
    #[must_use]
    pub fn audience(&self) -> Option<String> {
        let audience = self.0.get("aud")?;
        let all = audience.as_array().map_or(std::slice::from_ref(audience), Vec::as_slice);
        let exchange = all.iter().filter_map(Value::as_str).find(|one| service(one) == Audience::Exchange);
        exchange.or_else(|| all.first()?.as_str()).map(shortened)
    }

    /// The host of the resource; none when it is named by its number.
    #[must_use]
    pub fn audience_host(&self) -> Option<String> {
        let audience = self.audience()?.to_ascii_lowercase();
        audience.strip_prefix("https://").map(|rest| rest.trim_end_matches('/').to_owned())
    }

    /// The service that the resource is.
    #[must_use]
    pub fn service(&self) -> Audience {
        service(&self.audience().unwrap_or_default())
    }

    /// Every name of the user that it gives, the one that signs in first.
    #[must_use]
    pub fn users(&self) -> Vec<String> {
        ["upn", "unique_name", "preferred_username"].iter().filter_map(|name| self.text(name)).collect()
    }

    /// The user who signed in.
    #[must_use]
    pub fn user(&self) -> Option<String> {
        self.users().into_iter().next()
    }

    /// The id of the tenant.
    #[must_use]
    pub fn tenant(&self) -> Option<String> {
        self.text("tid")
    }

    /// The id of the application that asked for it.
    #[must_use]
    pub fn application(&self) -> Option<String> {
        self.text("appid").or_else(|| self.text("azp"))
    }

    /// The object id of the user, or of the enterprise application: what `New-ServicePrincipal -ObjectId` wants.
    #[must_use]
    pub fn object_id(&self) -> Option<String> {
        self.text("oid")
    }

    /// Seconds since 1970 at which it was made.
    #[must_use]
    pub fn issued(&self) -> Option<i64> {
        self.moment("iat")
    }

    /// Seconds since 1970 from which it is valid.
    #[must_use]
    pub fn not_before(&self) -> Option<i64> {
        self.moment("nbf")
    }

    /// Seconds since 1970 until which it is valid.
    #[must_use]
    pub fn expires(&self) -> Option<i64> {
        self.moment("exp")
    }

    /// What is wrong with the moments in it, a sentence each. Each is a `NumericDate`: a number of seconds since 1970, which
    /// may have a fraction, and may be left out (RFC 7519, sections 2 and 4.1.4 to 4.1.6).
    #[must_use]
    pub fn moment_faults(&self) -> Vec<String> {
        let moments = [("exp", "4.1.4", "expiry time"), ("nbf", "4.1.5", "start time"), ("iat", "4.1.6", "issue time")];
        let faults = moments.into_iter().filter_map(|(name, section, means)| self.moment_fault(name, section, means));
        let faults: Vec<String> = faults.collect();
        if faults.is_empty() { self.order_fault().into_iter().collect() } else { faults }
    }

    /// A token that ends before it begins.
    fn order_fault(&self) -> Option<String> {
        let expires = self.expires()?;
        let ends_before = |begin: Option<i64>| begin.is_some_and(|begin| expires <= begin);
        let what = match () {
            () if ends_before(self.issued()) => "its expiry time (exp) is not after its issue time (iat)",
            () if ends_before(self.not_before()) => "its expiry time (exp) is not after its start time (nbf)",
            () => return None,
        };
        Some(what.to_owned())
    }

    fn moment_fault(&self, name: &str, section: &str, means: &str) -> Option<String> {
        let found = match self.0.get(name) {
            None => return None,
            Some(Value::Number(number)) if number.as_f64().is_some_and(|seconds| seconds.abs() <= LATEST) => {
                return None;
            }
            Some(Value::Number(number)) => {
                format!("is {}, a moment beyond the year 9999", shortened(&number.to_string()))
            }
            Some(Value::String(text)) => format!("is the text \"{}\"", shortened(text)),
            Some(Value::Bool(value)) => format!("is {value}"),
            Some(Value::Null) => "is null".to_owned(),
            Some(Value::Array(_)) => "is a list".to_owned(),
            Some(Value::Object(_)) => "is an object".to_owned(),
        };
        let rule = format!("a number of seconds since 1970 is required (NumericDate, RFC 7519, section {section})");
        Some(format!("its {means} ({name}) {found}: {rule}"))
    }

    /// Why it is none of Entra ID, whose tokens all say when they expire; none when it does.
    /// <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference> (claim `exp`)
    #[must_use]
    pub fn endless(&self) -> Option<String> {
        let is_there = self.0.contains_key("exp");
        (!is_there).then(|| "its expiry time (exp) is missing, which tokens of Microsoft Entra ID have".to_owned())
    }

    /// Why the issuer that it names cannot be Entra ID; none when it is Entra ID, or names none.
    /// <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference> (claim `iss`)
    #[must_use]
    pub fn issuer_fault(&self) -> Option<String> {
        let found = match self.0.get("iss")? {
            Value::String(issuer) if is_of_entra(issuer) => return self.issuer_tenant_fault(issuer),
            Value::String(issuer) => format!("\"{}\"", shortened(issuer)),
            _ => "not a text".to_owned(),
        };
        Some(format!("its issuer (iss) is {found}, not Microsoft Entra ID"))
    }

    /// The issuer names the tenant by the same ID as `tid` does, see the page of [`Self::issuer_fault`].
    fn issuer_tenant_fault(&self, issuer: &str) -> Option<String> {
        let named = issuer.split('/').nth(3).unwrap_or_default();
        let of_issuer = format!("its issuer (iss) names the tenant \"{}\"", shortened(named));
        match self.tenant() {
            Some(tenant) if tenant.eq_ignore_ascii_case(named) => None,
            Some(tenant) => Some(format!(
                "{of_issuer}, its tenant ID (tid) is {tenant}; Microsoft Entra ID writes the same ID in both"
            )),
            None if ALIASES.iter().any(|alias| named.eq_ignore_ascii_case(alias)) => {
                Some(format!("{of_issuer}; Microsoft Entra ID writes the tenant ID there"))
            }
            None => None,
        }
    }

    /// Why issuer and audience cannot be those of one token: they belong to different clouds.
    #[must_use]
    pub fn issuer_cloud_fault(&self) -> Option<String> {
        let issuer = self.text("iss").filter(|issuer| is_of_entra(issuer))?;
        let host = issuer.split('/').nth(2)?.to_ascii_lowercase();
        let audience = self.audience_host().filter(|_| self.service() == Audience::Exchange)?;
        let (of_issuer, of_audience) = (domain(&host), domain(&audience));
        let is_same = of_issuer == of_audience || (host == SHARED_ISSUER && of_audience == Some("us"));
        (!is_same).then(|| {
            format!("its issuer (iss) {host} and its audience {audience} belong to different Microsoft clouds")
        })
    }

    /// Why the audience is none of Entra ID: it is a list. Entra ID names one resource as a text, see the page of
    /// [`Self::issuer_fault`] (claim `aud`).
    #[must_use]
    pub fn audience_fault(&self) -> Option<String> {
        let all = self.0.get("aud")?.as_array()?;
        let named: Vec<String> = all
            .iter()
            .take(MOST_ENTRIES)
            .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
            .collect();
        let named = shortened(&named.join(", "));
        Some(format!("its audience (aud) is a list ({named}); tokens of Microsoft Entra ID name one audience"))
    }

    /// Why the token cannot be used now; none when it can, or when nothing is known of its end. Before it begins, clocks may
    /// differ by the grace.
    #[must_use]
    pub fn not_valid(&self, now: i64, grace: i64) -> Option<String> {
        let past = now.saturating_sub(self.expires()?);
        let to_begin = self.not_before().map_or(0, |begin| begin.saturating_sub(now));
        match () {
            () if past >= 0 => Some(format!("expired {} ago", span(past))),
            () if to_begin > grace => Some(format!("not valid for another {}", span(to_begin))),
            () => None,
        }
    }

    /// Who signed in, and who should have where it is another; none where the token names nobody.
    #[must_use]
    pub fn signed_in(&self, expected: Option<&String>) -> Option<String> {
        let user = self.user()?;
        Some(expected.map_or_else(|| user.clone(), |expected| format!("{user}, expected {expected}")))
    }

    /// The same for a user of another tenant.
    #[must_use]
    pub fn of_tenants(signed_in: &str, named: &str, expected: &str) -> String {
        format!("{signed_in} in tenant {named}, expected tenant {expected}")
    }

    /// Delegated permissions.
    #[must_use]
    pub fn scopes(&self) -> Vec<String> {
        self.words("scp")
    }

    /// Application permissions.
    #[must_use]
    pub fn roles(&self) -> Vec<String> {
        self.words("roles")
    }

    /// True when it may be used for a protocol.
    #[must_use]
    pub fn permits(&self, protocol: Protocol) -> bool {
        self.permits_as_usual(protocol)
            || (protocol == Protocol::Smtp && self.kind() == Kind::Delegated && has(&self.scopes(), "SMTP.SendAsApp"))
    }

    /// True when the permission is the one that has always been for this. Microsoft's newest page names `SMTP.SendAsApp`
    /// among the delegated permissions too, where all others have `SMTP.Send`.
    #[must_use]
    pub fn permits_as_usual(&self, protocol: Protocol) -> bool {
        let (delegated, application) = match protocol {
            Protocol::Smtp => ("SMTP.Send", "SMTP.SendAsApp"),
            Protocol::Imap => ("IMAP.AccessAsUser.All", "IMAP.AccessAsApp"),
            Protocol::Pop3 => ("POP.AccessAsUser.All", "POP.AccessAsApp"),
            _ => return false,
        };
        match self.kind() {
            Kind::Delegated => has(&self.scopes(), delegated),
            Kind::Application => has(&self.roles(), application),
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        let text = self.0.get(name)?.as_str()?;
        (!text.is_empty()).then(|| shortened(text))
    }

    fn moment(&self, name: &str) -> Option<i64> {
        let value = self.0.get(name)?;
        let seconds = value.as_f64().or_else(|| value.as_str()?.parse().ok())?;
        (-LATEST..=LATEST).contains(&seconds).then(|| whole(seconds))
    }

    /// What is unusual about the user: administrator roles, a guest, a personal account.
    #[must_use]
    pub fn user_remarks(&self) -> Vec<String> {
        let roles = self.words("wids");
        let held = ADMINISTRATORS.iter().filter(|(id, _)| has(&roles, id));
        let mut remarks: Vec<String> = held.map(|(_, name)| format!("holds the role {name}")).collect();
        let text = |name: &str| self.text(name).unwrap_or_default().to_ascii_lowercase();
        let is_foreign = !text("idp").is_empty() && text("idp") != text("iss") && !text("idp").contains(&text("tid"));
        let is_marked = self.0.get("acct").is_some_and(|acct| acct == 1 || acct == "1");
        if is_foreign || is_marked || self.users().iter().any(|user| user.to_ascii_uppercase().contains("#EXT#")) {
            remarks.push("is a guest in this tenant".to_owned());
        }
        if text("tid") == CONSUMERS {
            remarks.push("is a personal Microsoft account".to_owned());
        }
        remarks
    }

    /// A list of texts, or one text with blanks between.
    /// True where the client can be told that a token has ended: such tokens live up to 28 hours without a policy.
    /// <https://learn.microsoft.com/entra/identity-platform/app-resilience-continuous-access-evaluation>
    #[must_use]
    pub fn is_of_continuous_access(&self) -> bool {
        self.words("xms_cc").iter().any(|capability| capability.eq_ignore_ascii_case("cp1"))
    }

    fn words(&self, name: &str) -> Vec<String> {
        match self.0.get(name) {
            Some(Value::String(text)) => text.split_whitespace().take(MOST_ENTRIES).map(shortened).collect(),
            Some(Value::Array(list)) => {
                list.iter().filter_map(Value::as_str).take(MOST_ENTRIES).map(shortened).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Kind {
    /// Its name in facts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Delegated => "delegated",
            Self::Application => "application",
        }
    }
}

impl Audience {
    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Exchange => "Exchange Online",
            Self::Graph => "Microsoft Graph",
            Self::Other => "another service",
        }
    }
}

fn service(audience: &str) -> Audience {
    let lower = audience.to_ascii_lowercase();
    let host = lower.strip_prefix("https://").map(|rest| rest.trim_end_matches('/'));
    match (lower.as_str(), host) {
        (EXCHANGE_ID, _) => Audience::Exchange,
        (GRAPH_ID, _) => Audience::Graph,
        (_, Some(host)) if EXCHANGE_HOSTS.iter().any(|known| known == host) => Audience::Exchange,
        (_, Some(host)) if GRAPH_HOSTS.contains(&host) => Audience::Graph,
        _ => Audience::Other,
    }
}

/// A span of time in the unit that a person would choose.
fn span(seconds: i64) -> String {
    let (count, unit) = match seconds {
        ..60 => return "less than a minute".to_owned(),
        60..7_200 => (seconds / 60, "minute"),
        7_200..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// True for an address of Entra ID's token service in any cloud.
fn is_of_entra(issuer: &str) -> bool {
    let lower = issuer.to_ascii_lowercase();
    let host = lower.strip_prefix("https://").and_then(|rest| rest.split(['/', ':']).next());
    host.is_some_and(|host| ISSUER_HOSTS.contains(&host))
}

/// The national top-level domain of a host, which tells Microsoft's clouds apart; none for the worldwide one.
fn domain(host: &str) -> Option<&'static str> {
    ["us", "cn", "fr", "de"].into_iter().find(|domain| host.rsplit('.').next() == Some(domain))
}

/// Seconds without their fraction: a `NumericDate` may have one (RFC 7519, section 2).
#[expect(clippy::cast_possible_truncation, reason = "the range has been checked")]
fn whole(seconds: f64) -> i64 {
    seconds.floor() as i64
}

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|one| one.eq_ignore_ascii_case(wanted))
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

/// A token of the tests: these claims, no signature.
#[cfg(test)]
#[must_use]
pub(crate) fn unsigned(claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", encode(&serde_json::json!({"typ": "JWT", "alg": "RS256"})), encode(claims), "A".repeat(342))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn claims(value: &Value) -> Claims {
        Claims::read(&unsigned(value)).unwrap()
    }

    #[test]
    fn version_1_delegated() {
        let claims = claims(&json!({
            "aud": "https://outlook.office365.com/", "iss": "https://sts.windows.net/t/", "iat": 1000, "nbf": 1000,
            "exp": 4900, "appid": "app", "oid": "object", "scp": "IMAP.AccessAsUser.All SMTP.Send", "tid": "t",
            "unique_name": "Sales@example.com", "upn": "sales@example.com", "ver": "1.0"
        }));
        assert_eq!(
            (claims.kind(), claims.service(), claims.version().as_deref()),
            (Kind::Delegated, Audience::Exchange, Some("1.0"))
        );
        assert_eq!(
            (claims.user().as_deref(), claims.application().as_deref()),
            (Some("sales@example.com"), Some("app"))
        );
        assert_eq!((claims.issued(), claims.not_before(), claims.expires()), (Some(1000), Some(1000), Some(4900)));
        assert!(claims.permits(Protocol::Imap) && claims.permits(Protocol::Smtp) && !claims.permits(Protocol::Pop3));
    }

    #[test]
    fn version_2_of_the_application() {
        let claims = claims(&json!({
            "aud": "00000002-0000-0ff1-ce00-000000000000", "azp": "app", "oid": "object", "idtyp": "app",
            "roles": ["IMAP.AccessAsApp", "SMTP.SendAsApp"], "ver": "2.0"
        }));
        assert_eq!((claims.kind(), claims.service(), claims.user()), (Kind::Application, Audience::Exchange, None));
        assert!(claims.permits_as_usual(Protocol::Smtp) && !claims.permits(Protocol::Pop3));
        assert_eq!(claims.application().as_deref(), Some("app"));
    }

    #[test]
    fn permission_of_one_kind_is_none_of_the_other() {
        let delegated = claims(&json!({"scp": "IMAP.AccessAsApp SMTP.SendAsApp", "upn": "u@example.com"}));
        assert!(!delegated.permits(Protocol::Imap));
        assert!(delegated.permits(Protocol::Smtp) && !delegated.permits_as_usual(Protocol::Smtp));
        let application = claims(&json!({"roles": ["IMAP.AccessAsUser.All", "SMTP.Send"], "idtyp": "app"}));
        assert!(!application.permits(Protocol::Imap) && !application.permits(Protocol::Smtp));
    }

    #[test]
    fn kind_without_any_permission() {
        assert_eq!(claims(&json!({"upn": "u@example.com"})).kind(), Kind::Delegated);
        assert_eq!(claims(&json!({"oid": "object"})).kind(), Kind::Application);
        assert_eq!(claims(&json!({"scp": "x", "roles": ["y"]})).kind(), Kind::Delegated);
    }

    #[test]
    fn audiences_by_name() {
        for (audience, name) in [
            ("https://outlook.office365.com", Audience::Exchange),
            ("https://outlook.office365.com/", Audience::Exchange),
            ("https://OUTLOOK.office.com/", Audience::Exchange),
            ("https://ps.outlook.com/", Audience::Exchange),
            ("00000002-0000-0FF1-CE00-000000000000", Audience::Exchange),
            ("https://outlook.office365.us", Audience::Exchange),
            ("https://partner.outlook.cn", Audience::Exchange),
            ("00000003-0000-0000-c000-000000000000", Audience::Graph),
            ("https://graph.microsoft.com/", Audience::Graph),
            ("https://outlook.office365.com.example.com", Audience::Other),
            ("http://outlook.office365.com", Audience::Other),
            ("https://evil.example/https://graph.microsoft.com", Audience::Other),
            ("api://app", Audience::Other),
            ("", Audience::Other),
        ] {
            assert_eq!(service(audience), name, "{audience}");
        }
    }

    #[test]
    fn moments_are_numbers_with_or_without_a_fraction() {
        let expires = |value: Value| claims(&json!({ "exp": value })).expires();
        assert_eq!(expires(json!(1_800_000_000.75)), Some(1_800_000_000));
        for unreadable in [json!("soon"), json!(1e300), json!(null), json!([1])] {
            assert_eq!(expires(unreadable.clone()), None, "{unreadable}");
        }
    }

    #[test]
    fn moments_that_are_no_numeric_date_are_told() {
        let faults = |value: Value| claims(&value).moment_faults();
        let good = 1_800_000_000;
        for right in [json!(good), json!(1_800_000_000.75), json!(1)] {
            assert_eq!(faults(json!({ "exp": right, "iat": 0, "nbf": 0.5 })), Vec::<String>::new(), "{right}");
        }
        assert_eq!(
            faults(json!({ "exp": -5, "iat": good, "nbf": 0 })),
            ["its expiry time (exp) is not after its issue time (iat)"]
        );
        assert_eq!(
            faults(json!({ "exp": 5, "iat": 0, "nbf": 9 })),
            ["its expiry time (exp) is not after its start time (nbf)"]
        );
        assert_eq!(faults(json!({ "exp": good })), Vec::<String>::new());
        assert_eq!(faults(json!({})), Vec::<String>::new(), "the claim is optional (RFC 7519, section 4.1.4)");
        assert!(claims(&json!({})).endless().is_some_and(|words| words.contains("(exp) is missing")));
        assert_eq!(claims(&json!({ "exp": good })).endless(), None);
        for (wrong, words) in [
            (json!(u64::MAX), "is 18446744073709551615, a moment beyond the year 9999"),
            (json!(1e300), "beyond the year 9999"),
            (json!(true), "is true"),
            (json!([good]), "is a list"),
            (json!({ "at": good }), "is an object"),
            (json!(null), "is null"),
            (json!(good.to_string()), "is the text \"1800000000\""),
        ] {
            for name in ["exp", "nbf", "iat"] {
                let mut all = json!({ "exp": good, "nbf": 1, "iat": 1 });
                all[name] = wrong.clone();
                let faults = faults(all);
                assert_eq!(faults.len(), 1, "{name} {wrong}: {faults:?}");
                assert!(faults[0].contains(&format!("({name}) ")) && faults[0].contains(words), "{faults:?}");
                assert!(faults[0].contains("RFC 7519, section 4.1."), "{faults:?}");
            }
        }
    }

    #[test]
    fn issuer_and_audience_are_of_one_cloud() {
        for (issuer, audience, is_right) in [
            ("sts.windows.net", "https://outlook.office365.com", true),
            ("sts.windows.net", "https://outlook.office365.us", true),
            ("sts.windows.net", "https://partner.outlook.cn", false),
            ("login.microsoftonline.us", "https://outlook.office.com", false),
            ("login.microsoftonline.us", "https://outlook.office365.us", true),
            ("login.partner.microsoftonline.cn", "https://outlook.office365.com/", false),
            ("sts.chinacloudapi.cn", "https://partner.outlook.cn/", true),
            ("sts.chinacloudapi.cn", EXCHANGE_ID, true),
            ("accounts.google.com", "https://partner.outlook.cn", true),
        ] {
            let token = claims(&json!({ "iss": format!("https://{issuer}/t/"), "aud": audience }));
            assert_eq!(token.issuer_cloud_fault().is_none(), is_right, "{issuer} {audience}");
        }
    }

    #[test]
    fn list_of_audiences_is_told_with_all_of_them() {
        let token = claims(&json!({ "aud": ["https://outlook.office365.com", "https://graph.microsoft.com"] }));
        let fault = token.audience_fault().expect("a fault");
        assert!(fault.contains("(https://outlook.office365.com, https://graph.microsoft.com)"), "{fault}");
        assert_eq!(claims(&json!({ "aud": "https://outlook.office365.com" })).audience_fault(), None);
    }

    #[test]
    fn issuer_that_is_not_entra_id_is_told() {
        let fault = |issuer: Value| claims(&json!({ "iss": issuer })).issuer_fault();
        for right in [
            "https://sts.windows.net/9f8b6c1d-0000-4000-8000-000000000001/",
            "https://login.microsoftonline.com/9f8b6c1d-0000-4000-8000-000000000001/v2.0",
            "https://login.microsoftonline.us/t/v2.0",
            "https://sts.chinacloudapi.cn/t/",
        ] {
            assert_eq!(fault(json!(right)), None, "{right}");
        }
        assert_eq!(claims(&json!({})).issuer_fault(), None);
        assert!(
            fault(json!("https://login.microsoftonline.com/common/v2.0")).is_some_and(|words| words.contains("common"))
        );
        let (own, other) = ("9f8b6c1d-0000-4000-8000-000000000001", "9f8b6c1d-0000-4000-8000-000000000002");
        for (named, is_right) in [(own, true), (&own.to_uppercase(), true), (other, false), ("common", false)] {
            let issuer = format!("https://sts.windows.net/{named}/");
            assert_eq!(claims(&json!({ "iss": issuer, "tid": own })).issuer_fault().is_none(), is_right, "{named}");
        }
        for wrong in [
            json!("https://accounts.google.com"),
            json!("https://sts.windows.net.example.com/t/"),
            json!("http://sts.windows.net/t/"),
            json!("sts.windows.net"),
            json!(5),
        ] {
            assert!(fault(wrong.clone()).is_some_and(|said| said.contains("not Microsoft Entra ID")), "{wrong}");
        }
    }

    #[test]
    fn unusual_users_are_remarked_on() {
        let remarks = |value: Value| claims(&value).user_remarks().join("; ");
        let tid = "72f988bf-86f1-41af-91ab-2d7cd011db47";
        let own = format!("https://sts.windows.net/{tid}/");
        assert_eq!(
            remarks(
                json!({"upn": "a@b.test", "tid": tid, "iss": own, "idp": own, "wids": ["b79fbf4d-3ef9-4689-8143-76b194e85509"]})
            ),
            ""
        );
        assert!(remarks(json!({"wids": ["62e90394-69f5-4237-9190-012177145e10"]})).contains("Global Administrator"));
        for guest in [
            json!({"acct": 1}),
            json!({"idp": "live.com", "iss": own, "tid": tid}),
            json!({"upn": "a_b.test#EXT#@c.test"}),
        ] {
            assert!(remarks(guest.clone()).contains("guest"), "{guest}");
        }
        assert!(remarks(json!({"tid": "9188040d-6c67-4c5b-b112-36a304b66dad"})).contains("personal"));
    }

    #[test]
    fn sealed_and_damaged_tokens_have_no_claims() {
        let nested = "[".repeat(10_000);
        for token in [
            "",
            "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA",
            "a.b",
            "a.!!!.c",
            "a.bnVsbA.c",
            "e30.e30.e30.e30.e30",
            &format!("a.{}.c", URL_SAFE_NO_PAD.encode(nested)),
            &format!("a.{}.c", "e".repeat(LONGEST_TOKEN)),
        ] {
            assert!(Claims::read(token).is_none(), "{}", &token[..token.len().min(40)]);
        }
    }

    #[test]
    fn claims_of_another_shape_do_no_harm() {
        let odd = claims(&json!({
            "aud": ["https://graph.microsoft.com"], "exp": "4900", "iat": 1.5, "nbf": {"a": 1}, "upn": 5, "scp": ["a", 7],
            "roles": "x y", "tid": "\u{1b}[31m"
        }));
        assert_eq!(
            (odd.service(), odd.expires(), odd.issued(), odd.not_before()),
            (Audience::Graph, Some(4900), Some(1), None)
        );
        assert_eq!((odd.user(), odd.scopes(), odd.roles().len()), (None, vec!["a".to_owned()], 2));
        let long = claims(&json!({"upn": "é".repeat(5_000), "scp": "a ".repeat(5_000)}));
        assert_eq!((long.user().unwrap().chars().count(), long.scopes().len()), (LONGEST_TEXT, MOST_ENTRIES));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_harm(token in any::<String>()) {
            let _ = Claims::read(&token);
        }
    }
}
