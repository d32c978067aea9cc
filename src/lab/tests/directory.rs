//! Graph, Webex and the evidence files, asked for with raw requests: they say what the mail protocols of the same tenant do.

use serde_json::Value;

use super::{
    sign_in::{LOGIN, refresh, secret},
    *,
};
use crate::lab::hosts::{CLIENT_ID, PRINCIPAL_ID, WEBEX_ORG};

const GRAPH: &str = "graph.microsoft.com";
const WEBEX: &str = "api.ciscospark.com";

/// An answer: status, headers, body.
async fn request(lab: &Lab, host: &str, start: &str, token: &str, body: &str) -> (u16, String, String) {
    let mut stream = open_tls(lab, host, 443).await.expect("TLS");
    let whole = format!(
        "{start} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(whole.as_bytes()).await.expect("writable");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("readable");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
    (head[9..12].parse().expect("a status"), head.to_owned(), body.to_owned())
}

/// What Graph answers to the administrator's token.
async fn graph(lab: &Lab, path: &str) -> (u16, Value) {
    let token = secret(lab, "ECE_CHECK_LAB_GRAPH_TOKEN");
    let (status, _, body) = request(lab, GRAPH, &format!("GET {path}"), &token, "").await;
    (status, serde_json::from_str(&body).expect("JSON"))
}

async fn objects(lab: &Lab, path: &str) -> Vec<Value> {
    let (status, body) = graph(lab, path).await;
    assert_eq!(status, 200, "{path}: {body}");
    body["value"].as_array().expect("a list").clone()
}

async fn scim(lab: &Lab, start: &str, body: &str) -> (u16, Value) {
    let token = secret(lab, "ECE_CHECK_LAB_WEBEX_TOKEN");
    let (status, _, body) = request(lab, WEBEX, start, &token, body).await;
    (status, serde_json::from_str(&body).unwrap_or(Value::String(body)))
}

fn users(query: &str) -> String {
    format!("GET /v1/scim/{WEBEX_ORG}/Users?{query}")
}

/// The evidence file of this name.
fn file(faults: &[&str], name: &str) -> String {
    let faults = faults.iter().map(ToString::to_string).collect();
    let files = evidence(&Settings { faults, ..Settings::default() }).expect("files");
    let file = files.into_iter().find(|file| file.name == name).unwrap_or_else(|| panic!("no {name}"));
    String::from_utf8(file.bytes).expect("UTF-8").trim_start_matches('\u{feff}').to_owned()
}

fn json_file(faults: &[&str], name: &str) -> Value {
    serde_json::from_str(&file(faults, name)).expect("JSON")
}

fn row<'a>(rows: &'a Value, key: &str, value: &str) -> &'a Value {
    rows.as_array()
        .expect("rows")
        .iter()
        .find(|row| row[key] == value)
        .unwrap_or_else(|| panic!("no row {value}: {rows}"))
}

#[tokio::test]
async fn graph_answers_by_key_by_filter_and_in_pages() {
    let lab = lab(&[]).await;
    let (status, application) =
        graph(&lab, &format!("/v1.0/applications(appId='{CLIENT_ID}')?$select=appId,web,passwordCredentials")).await;
    assert_eq!((status, &application["appId"]), (200, &Value::from(CLIENT_ID)));
    assert_eq!(application["web"]["redirectUris"][0], "https://ece.example.com/system/oauth2");
    assert_eq!(application["displayName"], Value::Null, "not selected");
    let principal = objects(&lab, &format!("/v1.0/servicePrincipals?$filter=appId%20eq%20'{CLIENT_ID}'")).await;
    assert_eq!(principal[0]["id"], PRINCIPAL_ID);
    let grants = objects(&lab, &format!("/v1.0/oauth2PermissionGrants?$filter=clientId%20eq%20'{PRINCIPAL_ID}'")).await;
    assert!(grants[0]["scope"].as_str().expect("a scope").contains("SMTP.Send"));
    let shared = "/v1.0/users?$filter=proxyAddresses/any(p:p%20eq%20'smtp:support@example.com')";
    assert_eq!(objects(&lab, shared).await[0]["userPrincipalName"], "support@contoso.onmicrosoft.com");
    assert_eq!(graph(&lab, "/v1.0/users/support@example.com").await.0, 404);

    let (mut path, mut seen) = ("/v1.0/users?$top=3&$select=userPrincipalName".to_owned(), 0);
    loop {
        let (_, page) = graph(&lab, &path).await;
        seen += page["value"].as_array().expect("a page").len();
        let Some(next) = page["@odata.nextLink"].as_str() else { break };
        path = next.strip_prefix("https://graph.microsoft.com").expect("the same host").to_owned();
    }
    assert_eq!(seen, objects(&lab, "/v1.0/users").await.len());
    assert_eq!(graph(&lab, "/v1.0/users?$filter=nonsense").await.1["error"]["code"], "Request_UnsupportedQuery");
}

#[tokio::test]
async fn graph_refuses_in_its_own_shapes() {
    let lab = lab(&[]).await;
    let with = async |token: &str, path: &str| {
        let (status, _, body) = request(&lab, GRAPH, &format!("GET {path}"), token, "").await;
        (status, serde_json::from_str::<Value>(&body).expect("JSON"))
    };
    for (token, words) in [("", "empty"), ("abc", "CompactToken"), ("a.b.c", "signature")] {
        let (status, body) = with(token, "/v1.0/users").await;
        assert_eq!(status, 401);
        assert!(body["error"]["message"].as_str().is_some_and(|message| message.contains(words)), "{body}");
    }
    let (_, mail) = refresh(&lab, "ECE_CHECK_LAB_SALES", &[]).await;
    let mail = mail["access_token"].as_str().expect("a token");
    assert!(with(mail, "/v1.0/users").await.1["error"]["message"].as_str().expect("words").contains("audience"));
    let narrow = lab
        .cloud
        .access_token("admin@example.com", "https://graph.microsoft.com", &["User.Read".into()], Timestamp::now())
        .0;
    for (path, code) in [
        ("/v1.0/users", "Authorization_RequestDenied"),
        ("/v1.0/policies/tokenLifetimePolicies", "AccessDenied"),
        ("/v1.0/identity/conditionalAccess/policies", "UnknownError"),
    ] {
        let (status, body) = with(&narrow, path).await;
        assert_eq!((status, &body["error"]["code"]), (403, &Value::from(code)), "{path}");
    }
    let token = secret(&lab, "ECE_CHECK_LAB_GRAPH_TOKEN");
    assert_eq!(request(&lab, GRAPH, "POST /v1.0/users", &token, "{}").await.0, 405);
    assert_eq!(lab.counts().changing.get("POST"), Some(&1));
    assert!(lab.counts().api.contains(&"GET graph.microsoft.com/v1.0/users".to_owned()));
}

#[tokio::test]
async fn microsofts_own_programs_get_tokens_for_graph() {
    let lab = lab(&["client-secret-expired"]).await;
    let post = async |path: &str, body: &str| {
        let mut stream = open_tls(&lab, LOGIN, 443).await.expect("TLS");
        let whole = format!(
            "POST {path} HTTP/1.1\r\nHost: {LOGIN}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(whole.as_bytes()).await.expect("writable");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("readable");
        serde_json::from_str::<Value>(answer.split_once("\r\n\r\n").expect("a body").1).expect("JSON")
    };
    let client = "client_id=14d82eec-204b-4c2f-b7e8-296a70dab67e";
    let scope = "scope=https%3A%2F%2Fgraph.microsoft.com%2FUser.Read.All%20offline_access";
    let device = post("/common/oauth2/v2.0/devicecode", &format!("{client}&{scope}")).await;
    let code = device["device_code"].as_str().expect("a code");
    let redeem = format!("{client}&grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code={code}");
    assert_eq!(post("/common/oauth2/v2.0/token", &redeem).await["error"], "authorization_pending");
    let token = post("/common/oauth2/v2.0/token", &redeem).await;
    let token = token["access_token"].as_str().unwrap_or_else(|| panic!("{token}"));
    assert_eq!(request(&lab, GRAPH, "GET /v1.0/users", token, "").await.0, 200);
    assert_eq!(request(&lab, GRAPH, "GET /v1.0/auditLogs/signIns", token, "").await.0, 403);
}

#[tokio::test]
async fn what_the_servers_refuse_stands_in_the_directory() {
    for (fault, path, pointer, value) in [
        ("client-secret-expired", "/beta/auditLogs/signIns", "/0/status/errorCode", Value::from(7_000_222)),
        ("conditional-access-blocked", "/beta/auditLogs/signIns", "/0/status/errorCode", Value::from(53_003)),
        (
            "conditional-access-blocked",
            "/beta/auditLogs/signIns",
            "/0/appliedConditionalAccessPolicies/0/displayName",
            Value::from("Block outside offices"),
        ),
        (
            "redirect-uri-registered-as-spa",
            "/v1.0/applications",
            "/0/spa/redirectUris/0",
            Value::from("https://ece.example.com/system/oauth2"),
        ),
        (
            "exchange-plan-too-low",
            "/v1.0/users/sales@example.com/licenseDetails",
            "/0/skuPartNumber",
            Value::from("DESKLESSPACK"),
        ),
        (
            "exchange-plan-switched-off",
            "/v1.0/users/sales@example.com/licenseDetails",
            "/0/servicePlans/0/provisioningStatus",
            Value::from("Disabled"),
        ),
        ("no-exchange-licence", "/v1.0/users/sales@example.com/licenseDetails", "/0", Value::Null),
        (
            "token-lifetime-policy",
            "/v1.0/policies/tokenLifetimePolicies",
            "/0/isOrganizationDefault",
            Value::from(true),
        ),
        ("app-disabled-in-tenant", "/v1.0/servicePrincipals", "/0/accountEnabled", Value::from(false)),
        (
            "webex-integration-app-removed",
            "/v1.0/directory/deletedItems/microsoft.graph.servicePrincipal",
            "/0/displayName",
            Value::from("Cisco Webex Identity Integration"),
        ),
        (
            "webex-integration-app-removed",
            "/v1.0/auditLogs/directoryAudits",
            "/0/activityDisplayName",
            Value::from("Remove service principal"),
        ),
    ] {
        let lab = lab(&[fault]).await;
        let found = Value::from(objects(&lab, path).await);
        assert_eq!(found.pointer(pointer).unwrap_or(&Value::Null), &value, "{fault} {path} {pointer}: {found}");
    }
    let healthy = lab(&[]).await;
    let rows = objects(&healthy, "/beta/auditLogs/signIns").await;
    assert!(rows.iter().all(|row| row["status"]["errorCode"] == 0), "{rows:?}");
    assert!(objects(&healthy, "/v1.0/auditLogs/signIns").await.iter().all(|row| row["isInteractive"] == true));
    assert_eq!(objects(&healthy, "/v1.0/directory/deletedItems/microsoft.graph.user").await.len(), 0);
}

#[test]
fn exchange_exports_say_what_the_faults_changed() {
    let healthy = json_file(&[], "ece-exchange.json");
    assert_eq!(
        row(&healthy["cas"], "PrimarySmtpAddress", "sales@example.com")["SmtpClientAuthenticationDisabled"],
        Value::Null
    );
    assert_eq!(healthy["org"]["SmtpClientAuthenticationDisabled"], false);
    let exported = |fault| json_file(&[fault], "ece-exchange.json");
    let off = exported("smtp-auth-disabled-mailbox");
    assert_eq!(row(&off["cas"], "PrimarySmtpAddress", "sales@example.com")["SmtpClientAuthenticationDisabled"], true);
    assert_eq!(exported("smtp-auth-disabled-tenant")["org"]["SmtpClientAuthenticationDisabled"], true);
    let off = exported("imap-disabled-for-mailbox");
    assert_eq!(row(&off["cas"], "PrimarySmtpAddress", "sales@example.com")["ImapEnabled"], false);
    let denied = exported("full-access-denied");
    assert!(
        denied["right"]
            .as_array()
            .expect("rows")
            .iter()
            .any(|row| row["Deny"] == true && row["User"] == "team@example.com")
    );
    let wrong = exported("exchange-service-principal-wrong-object");
    assert_ne!(wrong["sp"][0]["ObjectId"], PRINCIPAL_ID);
    assert_eq!(wrong["sp"][0]["ObjectId"], json_file(&[], "application.json")["id"]);
    assert_eq!(exported("exchange-service-principal-missing")["sp"], Value::from(Vec::<Value>::new()));
    assert_ne!(json_file(&["consent-missing"], "oauth2PermissionGrants.json")["value"][0]["clientId"], PRINCIPAL_ID);
}

#[tokio::test]
async fn a_denial_wins_over_a_grant_on_the_wire_too() {
    for fault in ["full-access-denied", "no-full-access-to-mailbox"] {
        let lab = lab(&[fault]).await;
        assert!(
            !lab.cloud.tenant.mailbox("info@example.com").expect("a mailbox").opens_to("team@example.com"),
            "{fault}"
        );
    }
}

#[test]
fn every_container_holds_the_same_rows() {
    let files = evidence(&Settings::default()).expect("files");
    let bytes = |name: &str| &files.iter().find(|file| file.name == name).unwrap_or_else(|| panic!("no {name}")).bytes;
    let utf16 = |name: &str| {
        let units: Vec<_> = bytes(name).chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        String::from_utf16(&units).expect("UTF-16")
    };
    let count =
        serde_json::from_slice::<Value>(bytes("forms/casmailbox.ps7.json")).expect("JSON").as_array().map(Vec::len);
    let count = count.expect("rows");
    let wrapped: Value =
        serde_json::from_str(utf16("forms/casmailbox.ps51.json").trim_start_matches('\u{feff}')).expect("JSON");
    assert_eq!(wrapped["Count"], count);
    assert_eq!(utf16("forms/casmailbox.clixml").matches("N=\"ImapEnabled\"").count(), count);
    assert_eq!(utf16("forms/casmailbox.format-list.txt").matches("ImapEnabled").count(), count);
    assert_eq!(String::from_utf8_lossy(bytes("forms/casmailbox.csv")).lines().count(), count + 2);
    assert!(files.iter().all(|file| !file.name.contains("..") && !file.name.starts_with('/')));
}

#[tokio::test]
async fn webex_finds_users_and_refuses_as_its_faults_say() {
    let lab = lab(&[]).await;
    let (status, found) = scim(&lab, &users("filter=userName%20eq%20%22sales@example.com%22"), "").await;
    assert_eq!((status, &found["totalResults"]), (200, &Value::from(1)), "{found}");
    let (status, found) = scim(&lab, &users("filter=userName%20eq%20%22none@example.com%22&count=1"), "").await;
    assert_eq!((status, &found["totalResults"]), (200, &Value::from(0)), "{found}");
    let post = format!("POST /v1/scim/{WEBEX_ORG}/Users");
    let (status, made) = scim(&lab, &post, r#"{"userName":"new@example.com"}"#).await;
    assert_eq!((status, &made["active"]), (201, &Value::from(true)), "{made}");
    assert_eq!(scim(&lab, &post, r#"{"userName":"NEW@example.com"}"#).await.0, 409);
    assert_eq!(request(&lab, WEBEX, &users(""), "wrong", "").await.0, 401);
    for (fault, status) in [
        ("scim-token-invalid", 401),
        ("scim-token-expired", 401),
        ("webex-forbidden", 403),
        ("scim-endpoint-unreachable", 404),
        ("scim-endpoint-unreachable.html", 200),
        ("webex-filter-ignored", 200),
    ] {
        let lab = super::lab(&[fault]).await;
        let (came, body) = scim(&lab, &users("filter=userName%20eq%20%22none@example.com%22"), "").await;
        assert_eq!(came, status, "{fault}: {body}");
        assert_eq!(body.is_string(), fault == "scim-endpoint-unreachable.html", "{fault}: {body}");
        assert!(fault != "webex-filter-ignored" || body["totalResults"].as_u64() > Some(1), "{body}");
    }
}

#[tokio::test]
async fn webex_hands_its_token_over_behind_the_number_sign() {
    let lab = lab(&[]).await;
    let answer = fetch(&lab, "idbroker.webex.com", "GET /idb/oauth2/v1/authorize?response_type=token HTTP/1.1").await;
    assert!(answer.starts_with("HTTP/1.1 302"), "{answer}");
    assert!(answer.contains("#access_token=") && answer.contains("&expires_in=3887999&"), "{answer}");
}

#[test]
fn faults_of_the_directory_are_told_from_those_of_the_wire() {
    let (wire, directory) = (faults(), directory_faults());
    assert!(wire.iter().all(|fault| !fault.check.starts_with("webex.")));
    assert!(directory.iter().any(|fault| fault.name == "webex-quarantined"));
    assert_eq!(wire.len() + directory.len(), fault::names().len());
    let deployment = topology::build(&read(&["webex-quarantined".into()]).expect("a fault"), &Settings::default());
    assert!(deployment.expect("a tenant").tenant.deployment().contains("[webex]"));
}
