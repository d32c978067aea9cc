//! The SCIM half of Webex, and the page that gives its token.
//!
//! In: requests to `api.ciscospark.com/v1/scim/{organization}` with the token that Entra ID was given. Out: users of
//! Control Hub, as SCIM 2.0 writes them (RFC 7643, RFC 7644), or what a fault makes of the answer. That Webex answers in
//! just this way is not published; the shapes are those that Entra ID expects of every SCIM service
//! (<https://learn.microsoft.com/en-us/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups>).

pub(super) mod hub;
mod patch;
mod schema;

use jiff::Timestamp;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::{
    exchange::Cloud,
    fault::{Answer, Moment, Scim},
    hosts::{WEBEX_ORG, object_of},
    http::{CHANGING, Request, page, sent_on, typed},
    webex::Webex,
};
use hub::{BASE, resource};

const KIND: &str = "application/scim+json";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// How many users a page has at most, and how many users the organization holds.
const PAGE: usize = 100;
const MOST_USERS: usize = 20_000;

/// Why something is not done: status, the type of RFC 7644 section 3.12, words.
struct Refused(u16, &'static str, &'static str);

impl Refused {
    fn render(&self) -> Answer {
        let Self(status, kind, words) = self;
        let mut body = json!({ "schemas": [ERROR], "status": status.to_string(), "detail": words });
        if !kind.is_empty() {
            body["scimType"] = (*kind).into();
        }
        let mut answer = typed(*status, KIND, body.to_string());
        if *status == 401 {
            answer.headers.insert("WWW-Authenticate".into(), "Bearer".into());
        }
        answer
    }
}

/// Answers a request to the SCIM interface.
pub(super) fn answer(cloud: &Cloud, request: &Request, now: Timestamp) -> (Moment, Answer) {
    cloud.counters.command(&request.method, CHANGING);
    cloud.counters.api(&format!("{} api.ciscospark.com{}", request.method, request.path));
    let webex = &cloud.tenant.webex;
    let answer = match webex.scim {
        Scim::Html => page(200, "Access to this site is restricted"),
        Scim::Unavailable => page(503, "Service Unavailable"),
        Scim::Throttled => {
            let mut answer = Refused(429, "", "Too many requests.").render();
            answer.headers.insert("Retry-After".into(), "2".into());
            answer
        }
        _ => respond(cloud, request, now).unwrap_or_else(|refused| refused.render()),
    };
    (Moment::Scim, answer)
}

fn respond(cloud: &Cloud, request: &Request, now: Timestamp) -> Result<Answer, Refused> {
    authenticate(cloud, request.authorization.as_deref(), now)?;
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let ["v1", "scim", org, rest @ ..] = &parts[..] else { return Err(Refused(404, "", "Resource not found.")) };
    if *org != WEBEX_ORG || cloud.tenant.webex.scim == Scim::NotFound {
        return Err(Refused(404, "", "Organization not found."));
    }
    let base = format!("{BASE}/{org}");
    match (request.method.as_str(), rest) {
        ("GET", ["ServiceProviderConfig"]) => Ok(document(200, &schema::service(&base))),
        ("GET", ["ResourceTypes"]) => Ok(list(&[schema::resource_type(&base)], 1)),
        ("GET", ["ResourceTypes", "User"]) => Ok(document(200, &schema::resource_type(&base))),
        ("GET", ["Schemas"]) => Ok(list(&[schema::user(&base)], 1)),
        ("GET", ["Schemas", schema::USER]) => Ok(document(200, &schema::user(&base))),
        ("GET", ["Users"]) => cloud.find_users(query),
        ("POST", ["Users"]) => cloud.create_user(&request.body, now),
        ("POST", [".search"] | ["Users", ".search"]) => cloud.find_users(&query_of(&request.body)?),
        ("GET", ["ResourceTypes" | "Schemas", _]) => Err(Refused(404, "", "Resource not found.")),
        (_, ["ServiceProviderConfig"] | ["ResourceTypes" | "Schemas", ..]) => {
            Err(Refused(405, "", "What the service says of itself can only be read."))
        }
        ("GET", ["Users", id]) => cloud.read_user(id, query),
        ("PUT" | "PATCH" | "DELETE", ["Users", id]) => cloud.change_user(&request.method, id, &request.body, now),
        _ => Err(Refused(404, "", "Resource not found.")),
    }
}

fn authenticate(cloud: &Cloud, authorization: Option<&str>, now: Timestamp) -> Result<(), Refused> {
    let webex = &cloud.tenant.webex;
    let token = authorization.and_then(|header| header.strip_prefix("Bearer ")).unwrap_or_default();
    let is_known = cloud.token_issuer.unsealed("webex", token).is_some() && webex.scim != Scim::TokenRefused;
    if !is_known || webex.is_token_expired(now) {
        return Err(Refused(401, "", "Authorization failure."));
    }
    if webex.scim == Scim::Forbidden {
        return Err(Refused(403, "", "The token's user is not a full administrator of this organization."));
    }
    Ok(())
}

/// The users.
impl Cloud {
    fn find_users(&self, query: &str) -> Result<Answer, Refused> {
        let options: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let option = |name: &str| option(&options, name);
        let filter = option("filter").filter(|_| self.tenant.webex.scim != Scim::FilterIgnored);
        let filter = filter.map(equals).transpose()?;
        let start = numbered(option("startIndex"), 1)?.max(1);
        let count = numbered(option("count"), PAGE)?.min(PAGE);
        let found: Vec<Value> = self.hub.act(|users| {
            let is_meant = |user: &&Value| filter.as_ref().is_none_or(|(path, value)| is_equal(user, path, value));
            users.iter().filter(is_meant).cloned().collect()
        });
        let page: Vec<_> = found.iter().skip(start - 1).take(count).map(|user| shown(user, &option)).collect();
        let body = json!({
            "schemas": [LIST], "totalResults": found.len(), "startIndex": start, "itemsPerPage": page.len(),
            "Resources": page,
        });
        Ok(document(200, &body))
    }

    fn create_user(&self, body: &str, now: Timestamp) -> Result<Answer, Refused> {
        let given = active(read(body)?);
        self.hub.act(|users| {
            if users.len() >= MOST_USERS {
                return Err(Refused(507, "", "The organization is full."));
            }
            free(users, &given, "")?;
            let user = resource(given, &object_of(&format!("webex {} {now}", users.len())), now);
            users.push(user.clone());
            Ok(located(201, &user))
        })
    }

    fn read_user(&self, id: &str, query: &str) -> Result<Answer, Refused> {
        let options: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        self.hub.act(|users| {
            let user = users.iter().find(|user| user["id"] == id).ok_or(Refused(404, "", "User not found."))?;
            Ok(located(200, &shown(user, &|name| option(&options, name))))
        })
    }

    fn change_user(&self, method: &str, id: &str, body: &str, now: Timestamp) -> Result<Answer, Refused> {
        self.hub.act(|users| {
            let at = users.iter().position(|user| user["id"] == id).ok_or(Refused(404, "", "User not found."))?;
            let changed = match method {
                "DELETE" => {
                    users.remove(at);
                    return Ok(typed(204, KIND, String::new()));
                }
                "PUT" => active(read(body)?),
                _ => patch::apply(&users[at], &json_of(body)?).ok_or(Refused(400, "invalidPath", "Not understood."))?,
            };
            free(users, &changed, id)?;
            let mut changed = resource(changed, id, now);
            changed["meta"]["created"] = users[at]["meta"]["created"].clone();
            users[at] = changed;
            Ok(located(200, &users[at]))
        })
    }
}

/// A user name is there once, whatever its case.
fn free(users: &[Value], given: &Value, but: &str) -> Result<(), Refused> {
    let name = given["userName"].as_str().unwrap_or_default();
    let is_same = |user: &Value| user["id"] != but && is_equal(user, "userName", name);
    if users.iter().any(is_same) {
        return Err(Refused(409, "uniqueness", "User already exists."));
    }
    Ok(())
}

fn json_of(body: &str) -> Result<Value, Refused> {
    serde_json::from_str(body).map_err(|_| Refused(400, "invalidSyntax", "The body is not JSON."))
}

/// A user as a client sends it.
fn read(body: &str) -> Result<Value, Refused> {
    let given = json_of(body)?;
    if !given.is_object() || given["userName"].as_str().is_none_or(str::is_empty) {
        return Err(Refused(400, "invalidValue", "userName is required."));
    }
    Ok(given)
}

/// A user who is not said to be inactive is active.
fn active(mut given: Value) -> Value {
    if given["active"].is_null() {
        given["active"] = true.into();
    }
    given
}

/// The options of a search, as a query would write them (RFC 7644 section 3.4.3).
fn query_of(body: &str) -> Result<String, Refused> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in json_of(body)?.as_object().into_iter().flatten() {
        match value {
            Value::String(text) => query.append_pair(name, text),
            Value::Number(number) => query.append_pair(name, &number.to_string()),
            Value::Array(names) if name != "schemas" => {
                let names: Vec<_> = names.iter().filter_map(Value::as_str).collect();
                query.append_pair(name, &names.join(","))
            }
            _ => &mut query,
        };
    }
    Ok(query.finish())
}

fn option<'o>(options: &'o [(String, String)], name: &str) -> Option<&'o str> {
    options.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// The user, with the attributes that were asked for.
fn shown<'a>(user: &Value, option: &impl Fn(&str) -> Option<&'a str>) -> Value {
    let names = |name: &str| option(name).map(|names| names.split(',').map(str::trim).collect::<Vec<_>>());
    let (only, without) = (names("attributes"), names("excludedAttributes").unwrap_or_default());
    let is_shown = |name: &String| {
        ["id", "schemas"].contains(&name.as_str())
            || (only.as_ref().is_none_or(|only| only.contains(&name.as_str())) && !without.contains(&name.as_str()))
    };
    let all = user.as_object().into_iter().flatten();
    all.filter(|(name, _)| is_shown(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The one form of filter that Entra ID sends: `attribute eq "value"`.
fn equals(filter: &str) -> Result<(String, String), Refused> {
    let refused = Refused(400, "invalidFilter", "The filter is not understood.");
    let Some((path, value)) = filter.split_once(" eq ") else { return Err(refused) };
    let value: Value = serde_json::from_str(value.trim()).map_err(|_| refused)?;
    Ok((path.trim().to_owned(), value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)))
}

fn is_equal(user: &Value, path: &str, value: &str) -> bool {
    let known = path.split('.').fold(user, |object, part| &object[part]);
    match known {
        Value::String(known) => known.eq_ignore_ascii_case(value),
        Value::Bool(known) => known.to_string() == value,
        _ => false,
    }
}

fn numbered(text: Option<&str>, usual: usize) -> Result<usize, Refused> {
    let number = text.map_or(Ok(i64::try_from(usual).unwrap_or(0)), str::parse::<i64>);
    let number = number.map_err(|_| Refused(400, "invalidValue", "startIndex and count are numbers."))?;
    Ok(usize::try_from(number).unwrap_or(0))
}

fn document(status: u16, body: &Value) -> Answer {
    typed(status, KIND, body.to_string())
}

fn located(status: u16, user: &Value) -> Answer {
    let mut answer = document(status, user);
    if let Some(location) = user["meta"]["location"].as_str() {
        answer.headers.insert("Location".into(), location.into());
    }
    answer
}

fn list(all: &[Value], start: usize) -> Answer {
    let count = all.len();
    let body = json!({
        "schemas": [LIST], "totalResults": count, "startIndex": start, "itemsPerPage": count, "Resources": all,
    });
    document(200, &body)
}

/// The page that gives a token: it sends the browser on with the token behind `#`
/// (<https://help.webex.com/aumpbz>).
pub(super) fn sign_in(cloud: &Cloud, request: &Request) -> (Moment, Answer) {
    let path = request.path.split('?').next().unwrap_or_default();
    let token = cloud.secrets().into_iter().find(|(name, _)| name == super::webex::TOKEN).map(|(_, token)| token);
    match (path, token) {
        ("/idb/oauth2/v1/authorize", Some(token)) => (Moment::Page, sent_on(&Webex::redirect(&token))),
        _ => (Moment::Page, page(404, "Not Found")),
    }
}
