//! Microsoft Graph, as much of it as the checklist asks: users, licenses, applications, consent, logs, provisioning.
//!
//! In: GET requests to `graph.microsoft.com` with a token of this tenant. Out: objects of the [`directory`], paged, or one
//! of Graph's errors (<https://learn.microsoft.com/en-us/graph/errors>). Each path wants one of the permissions that
//! <https://learn.microsoft.com/en-us/graph/permissions-reference> names for it. Nothing can be changed.

pub(super) mod permission;

use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{
    directory::{self, applications, date, logs, people, webex},
    exchange::Cloud,
    fault::{Answer, Moment},
    hosts::{TENANT_ID, object_of},
    http::{CHANGING, JSON, Request, typed},
    odata::{self, Filter},
};

/// How many objects a page has, and the most that `$top` may ask for.
const PAGE: usize = 100;
const LARGEST_PAGE: usize = 999;

const READ_USERS: &[&str] = &["User.Read.All", "Directory.Read.All", "User.ReadWrite.All"];
const READ_LICENSES: &[&str] =
    &["LicenseAssignment.Read.All", "User.Read.All", "Directory.Read.All", "Organization.Read.All"];
const READ_APPLICATIONS: &[&str] = &["Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All"];
const READ_GRANTS: &[&str] = &["Directory.Read.All", "DelegatedPermissionGrant.ReadWrite.All"];
const READ_LOGS: &[&str] = &["AuditLog.Read.All"];
const READ_JOBS: &[&str] = &["Synchronization.Read.All", "Synchronization.ReadWrite.All"];
const READ_POLICIES: &[&str] = &["Policy.Read.All"];

/// What a path leads to.
enum Found {
    List(Vec<Value>),
    One(Value),
    Nothing(String),
}

/// Why an answer is none.
struct Refused {
    status: u16,
    code: &'static str,
    words: String,
}

impl Refused {
    fn new(status: u16, code: &'static str, words: impl Into<String>) -> Self {
        Self { status, code, words: words.into() }
    }

    /// The document, in Graph's shape.
    fn render(&self, now: Timestamp) -> Answer {
        let id = object_of(&now.to_string());
        let inner = json!({ "date": date(now).trim_end_matches('Z'), "request-id": id, "client-request-id": id });
        let body = json!({ "error": { "code": self.code, "message": self.words, "innerError": inner } });
        let mut answer = typed(self.status, JSON, body.to_string());
        if self.status == 401 {
            answer.headers.insert("WWW-Authenticate".into(), "Bearer realm=\"\", error=\"invalid_token\"".into());
        }
        answer
    }
}

/// Answers a request to Graph.
pub(super) fn answer(cloud: &Cloud, request: &Request, now: Timestamp) -> (Moment, Answer) {
    cloud.counters.command(&request.method, CHANGING);
    cloud.counters.api(&format!("{} graph.microsoft.com{}", request.method, request.path));
    (Moment::Graph, respond(cloud, request, now).unwrap_or_else(|refused| refused.render(now)))
}

fn respond(cloud: &Cloud, request: &Request, now: Timestamp) -> Result<Answer, Refused> {
    if request.method != "GET" {
        let words = "Specified HTTP method is not allowed for the request target.";
        return Err(Refused::new(405, "Request_BadRequest", words));
    }
    let claims = claims(cloud, request.authorization.as_deref(), now)?;
    let query = Query::read(&request.path);
    let parts: Vec<&str> = query.parts.iter().map(String::as_str).collect();
    let Some((version @ ("v1.0" | "beta"), path)) = parts.split_first().map(|(version, path)| (*version, path)) else {
        return Err(Refused::new(400, "BadRequest", "Invalid version."));
    };
    let Some((wanted, found)) = find(cloud, path, version == "beta", now) else {
        let words = format!("Resource not found for the segment '{}'.", path.last().unwrap_or(&""));
        return Err(Refused::new(400, "BadRequest", words));
    };
    permit(&claims, wanted, path)?;
    match found {
        Found::Nothing(id) => {
            let words = format!(
                "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
            );
            Err(Refused::new(404, "Request_ResourceNotFound", words))
        }
        Found::One(object) => {
            let mut object = odata::select(&object, &query.select());
            object["@odata.context"] = query.context(version, &parts, "/$entity").into();
            Ok(typed(200, JSON, object.to_string()))
        }
        Found::List(objects) => Ok(typed(200, JSON, query.page(version, &parts, objects)?.to_string())),
    }
}

/// The claims of the token, when it is one for Graph, of this tenant and of now.
fn claims(cloud: &Cloud, authorization: Option<&str>, now: Timestamp) -> Result<Value, Refused> {
    let refused = |words: &str| Refused::new(401, "InvalidAuthenticationToken", words);
    let token = authorization.and_then(|header| header.strip_prefix("Bearer ")).unwrap_or_default();
    if token.is_empty() {
        return Err(refused("Access token is empty."));
    }
    let Some(claims) = cloud.token_issuer.claims(token) else {
        let is_token = token.split('.').count() == 3;
        return Err(refused(if is_token {
            "Access token validation failure. Invalid signature."
        } else {
            "CompactToken parsing failed with error code: 80049217"
        }));
    };
    let audience = claims["aud"].as_str().unwrap_or_default().trim_end_matches('/');
    if !permission::AUDIENCES.contains(&audience) || claims["tid"] != TENANT_ID {
        return Err(refused("Access token validation failure. Invalid audience."));
    }
    if claims["exp"].as_i64().unwrap_or(0) <= now.as_second() {
        return Err(refused("Lifetime validation failed, the token is expired."));
    }
    Ok(claims)
}

/// Refuses in one of three shapes, as the services behind Graph do.
fn permit(claims: &Value, wanted: &[&str], path: &[&str]) -> Result<(), Refused> {
    let scopes = claims["scp"].as_str().unwrap_or_default().split(' ');
    let roles = claims["roles"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let given: Vec<&str> = scopes.chain(roles).collect();
    let acts_as_user = given.contains(&"Directory.AccessAsUser.All") && wanted.contains(&"Directory.Read.All");
    if acts_as_user || wanted.iter().any(|one| given.contains(one)) {
        return Ok(());
    }
    let missing = wanted.join(",");
    Err(if path.contains(&"synchronization") || path.first() == Some(&"identity") {
        let inner = json!({
            "errorCode": "PermissionScopeNotGranted", "instanceAnnotations": [],
            "message": format!("Authorization failed due to missing permission scope {missing}."),
        });
        Refused::new(403, "UnknownError", inner.to_string())
    } else if path.first() == Some(&"policies") {
        let words = "You cannot perform the requested operation, required scopes are missing in the token.";
        Refused::new(403, "AccessDenied", words)
    } else {
        Refused::new(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
    })
}

/// What a path leads to, and one of the permissions that it wants; none for a path that the lab does not know.
fn find(cloud: &Cloud, path: &[&str], is_beta: bool, now: Timestamp) -> Option<(&'static [&'static str], Found)> {
    let tenant = &cloud.tenant;
    Some(match path {
        ["organization"] => (READ_LICENSES, Found::List(vec![directory::organization()])),
        ["subscribedSkus"] => (READ_LICENSES, Found::List(people::subscribed_skus(tenant))),
        ["users"] => (READ_USERS, Found::List(people::users(tenant, now))),
        ["users", id] => (READ_USERS, one(people::users(tenant, now), &["id", "userPrincipalName"], id)),
        ["users", id, "licenseDetails"] => (READ_LICENSES, licenses(cloud, id, now)),
        ["applications"] => (READ_APPLICATIONS, Found::List(applications::applications(tenant, now))),
        ["applications", id] => (READ_APPLICATIONS, one(applications::applications(tenant, now), &["id"], id)),
        ["servicePrincipals"] => (READ_APPLICATIONS, Found::List(applications::service_principals(tenant, now))),
        ["servicePrincipals", id] => {
            (READ_APPLICATIONS, one(applications::service_principals(tenant, now), &["id"], id))
        }
        ["servicePrincipals", id, rest @ ..] => return of_principal(cloud, id, rest, now),
        ["oauth2PermissionGrants"] => (READ_GRANTS, Found::List(applications::grants(tenant))),
        ["directory", "deletedItems", kind] => (READ_APPLICATIONS, Found::List(deleted(cloud, kind, now)?)),
        ["auditLogs", "directoryAudits"] => (READ_LOGS, Found::List(logs::audits(tenant, now))),
        ["auditLogs", "signIns"] => {
            let rows = logs::sign_ins(tenant, now).into_iter().filter(|row| is_beta || row["isInteractive"] == true);
            (READ_LOGS, Found::List(rows.collect()))
        }
        ["auditLogs", "provisioning"] => (READ_LOGS, Found::List(Vec::new())),
        ["policies", "tokenLifetimePolicies"] => (READ_POLICIES, Found::List(applications::lifetime_policies(tenant))),
        ["policies", "identitySecurityDefaultsEnforcementPolicy"] => {
            (READ_POLICIES, Found::One(logs::security_defaults(tenant)))
        }
        ["identity", "conditionalAccess", "policies"] => (READ_POLICIES, Found::List(logs::conditional_access(tenant))),
        _ => return None,
    })
}

/// What belongs to one enterprise application.
fn of_principal(cloud: &Cloud, id: &str, rest: &[&str], now: Timestamp) -> Option<(&'static [&'static str], Found)> {
    let tenant = &cloud.tenant;
    let Found::One(principal) = one(applications::service_principals(tenant, now), &["id"], id) else {
        return Some((READ_APPLICATIONS, Found::Nothing(plain(id).to_owned())));
    };
    let id = principal["id"].as_str().unwrap_or_default();
    let jobs = || if id == webex::gallery_id() { webex::jobs(&tenant.webex, now) } else { Vec::new() };
    Some(match rest {
        ["appRoleAssignments"] => (READ_APPLICATIONS, Found::List(applications::role_assignments(tenant, id, now))),
        ["appRoleAssignedTo"] => (READ_APPLICATIONS, Found::List(applications::assigned_to(tenant, id, now))),
        ["oauth2PermissionGrants"] => {
            let grants = applications::grants(tenant).into_iter().filter(|grant| grant["clientId"] == id);
            (READ_GRANTS, Found::List(grants.collect()))
        }
        ["tokenLifetimePolicies"] => (READ_POLICIES, Found::List(applications::lifetime_policies(tenant))),
        ["synchronization", "jobs"] => (READ_JOBS, Found::List(jobs())),
        ["synchronization", "jobs", job] => (READ_JOBS, one(jobs(), &["id"], job)),
        ["synchronization", "jobs", job, "schema"] => match one(jobs(), &["id"], job) {
            Found::One(_) => (READ_JOBS, Found::One(webex::schema(&tenant.webex))),
            found => (READ_JOBS, found),
        },
        _ => return None,
    })
}

fn licenses(cloud: &Cloud, id: &str, now: Timestamp) -> Found {
    let Found::One(user) = one(people::users(&cloud.tenant, now), &["id", "userPrincipalName"], id) else {
        return Found::Nothing(id.to_owned());
    };
    let mailbox = user["mail"].as_str().and_then(|mail| cloud.tenant.mailbox(mail));
    Found::List(mailbox.map(people::license_details).unwrap_or_default())
}

fn deleted(cloud: &Cloud, kind: &str, now: Timestamp) -> Option<Vec<Value>> {
    match kind.trim_start_matches("microsoft.graph.") {
        "servicePrincipal" => Some(webex::deleted(&cloud.tenant.webex, now)),
        "user" => Some(webex::deleted_users(&cloud.tenant.webex, now)),
        "application" => Some(Vec::new()),
        _ => None,
    }
}

/// The object with this key: one of `keys`, or an alternate key such as `appId='…'`.
fn one(objects: Vec<Value>, keys: &[&str], id: &str) -> Found {
    let (keys, wanted) = match id.split_once('=') {
        Some((key, _)) => (vec![key], plain(id)),
        None => (keys.to_vec(), id),
    };
    let is_it = |object: &Value| {
        keys.iter().any(|key| object[*key].as_str().is_some_and(|known| known.eq_ignore_ascii_case(wanted)))
    };
    objects.into_iter().find(is_it).map_or_else(|| Found::Nothing(wanted.to_owned()), Found::One)
}

/// The value of an alternate key, or the key itself.
fn plain(id: &str) -> &str {
    id.split_once('=').map_or(id, |(_, value)| value.trim_matches('\''))
}

/// A path in parts, and the options behind it.
struct Query {
    parts: Vec<String>,
    options: Vec<(String, String)>,
}

impl Query {
    fn read(target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        let mut parts = Vec::new();
        for part in path.split('/').filter(|part| !part.is_empty()).map(decoded) {
            match part.strip_suffix(')').and_then(|part| part.split_once('(')) {
                Some((name, key)) => parts.extend([name.to_owned(), key.to_owned()]),
                None => parts.push(part),
            }
        }
        Self { parts, options: form_urlencoded::parse(query.as_bytes()).into_owned().collect() }
    }

    fn option(&self, name: &str) -> Option<&str> {
        let is_it = |key: &str| key.trim_start_matches('$').eq_ignore_ascii_case(name);
        self.options.iter().find(|(key, _)| is_it(key)).map(|(_, value)| value.as_str())
    }

    fn select(&self) -> Vec<&str> {
        self.option("select").map(|names| names.split(',').map(str::trim).collect()).unwrap_or_default()
    }

    fn context(&self, version: &str, parts: &[&str], end: &str) -> String {
        let names = self.select().join(",");
        let names = if names.is_empty() { String::new() } else { format!("({names})") };
        let path = match parts[1..] {
            ["users", id, "licenseDetails"] => format!("users('{}')/licenseDetails", id.replace('@', "%40")),
            _ => parts[1..].join("/"),
        };
        format!("https://graph.microsoft.com/{version}/$metadata#{path}{names}{end}")
    }

    /// One page of the objects that are meant.
    fn page(&self, version: &str, parts: &[&str], mut objects: Vec<Value>) -> Result<Value, Refused> {
        let unsupported =
            || Refused::new(400, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause.");
        if let Some(text) = self.option("filter") {
            let filter = Filter::read(text).ok_or_else(unsupported)?;
            objects.retain(|object| filter.takes(object));
        }
        if let Some(by) = self.option("orderby") {
            odata::order(&mut objects, by).then_some(()).ok_or_else(unsupported)?;
        }
        let top = self.option("top").map_or(Ok(PAGE), str::parse);
        let top = top.ok().filter(|top| (1..=LARGEST_PAGE).contains(top)).ok_or_else(|| {
            Refused::new(400, "Request_UnsupportedQuery", "Invalid page size specified: it must be between 1 and 999.")
        })?;
        let from: usize = self.option("skiptoken").and_then(|from| from.parse().ok()).unwrap_or(0);
        let (names, count) = (self.select(), objects.len());
        let page: Vec<_> = objects.iter().skip(from).take(top).map(|object| odata::select(object, &names)).collect();
        let mut body = json!({ "@odata.context": self.context(version, parts, ""), "value": page });
        if self.option("count") == Some("true") {
            body["@odata.count"] = count.into();
        }
        if from + top < count {
            body["@odata.nextLink"] = self.next(parts, from + top).into();
        }
        Ok(body)
    }

    fn next(&self, parts: &[&str], from: usize) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.options.iter().filter(|(name, _)| name != "$skiptoken"));
        query.append_pair("$skiptoken", &from.to_string());
        format!("https://graph.microsoft.com/{}?{}", parts.join("/"), query.finish())
    }
}
