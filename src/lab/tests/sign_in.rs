//! Tokens and sign-ins, asked for with raw requests.

use std::collections::BTreeMap;

use serde_json::Value;
use url::form_urlencoded;

use super::{assertion::by_certificate, *};
use crate::lab::{
    hosts::{CLIENT_ID, PRINCIPAL_ID, REDIRECT_URL, TENANT_ID},
    token_issuer,
};

pub(super) const LOGIN: &str = "login.microsoftonline.com";
const SMTP: &str = "smtp.office365.com";
const OUTLOOK: &str = "outlook.office365.com";
const SCOPE: &str = "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/POP.AccessAsUser.All \
                     https://outlook.office.com/SMTP.Send offline_access";
const ALL_OF_EXCHANGE: &str = "https://outlook.office365.com/.default";

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

async fn post(lab: &Lab, path: &str, pairs: &[(&str, &str)]) -> (u16, Value) {
    let body = encoded(pairs);
    let mut stream = open_tls(lab, LOGIN, 443).await.expect("TLS");
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {LOGIN}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.expect("writable");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("readable");
    if answer.is_empty() {
        return (0, Value::Null); // a fault may close without an answer
    }
    let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
    (head[9..12].parse().expect("a status"), serde_json::from_str(body).unwrap_or_default()) // a fault may answer without JSON
}

async fn ask_token(lab: &Lab, pairs: &[(&str, &str)]) -> (u16, Value) {
    post(lab, "/contoso.onmicrosoft.com/oauth2/v2.0/token", pairs).await
}

pub(super) fn secret(lab: &Lab, variable: &str) -> String {
    lab.secrets().into_iter().find(|(name, _)| *name == variable).expect("a variable of the deployment").1
}

/// Asks as ECE does, with some fields that differ; an empty one is left out.
pub(super) async fn refresh(lab: &Lab, variable: &str, other: &[(&str, &str)]) -> (u16, Value) {
    let (token, client_secret) = (secret(lab, variable), secret(lab, "ECE_CHECK_LAB_SECRET"));
    let usual = [
        ("grant_type", "refresh_token"),
        ("client_id", CLIENT_ID),
        ("client_secret", &client_secret),
        ("refresh_token", &token),
        ("scope", SCOPE),
    ];
    let kept = usual.iter().filter(|(name, _)| other.iter().all(|(one, _)| one != name));
    let pairs: Vec<_> = kept.chain(other.iter().filter(|(_, value)| !value.is_empty())).copied().collect();
    ask_token(lab, &pairs).await
}

async fn access_token(lab: &Lab, variable: &str) -> String {
    let (status, body) = refresh(lab, variable, &[]).await;
    assert_eq!(status, 200, "{body}");
    body["access_token"].as_str().expect("a token").to_owned()
}

fn claims(token: &str) -> Value {
    token_issuer::unverified(token).expect("a token of three parts").1
}

fn blob(user: &str, token: &str) -> String {
    base64(format!("user={user}\u{1}auth=Bearer {token}\u{1}\u{1}").as_bytes())
}

async fn smtp(lab: &Lab) -> TlsStream<TcpStream> {
    let mut plain = connect(lab, SMTP, 587).await;
    until(&mut plain, "\r\n").await;
    ask(&mut plain, "EHLO ece.example.com", "250 SMTPUTF8\r\n").await;
    ask(&mut plain, "STARTTLS", "\r\n").await;
    let mut stream = encrypt(lab, SMTP, plain).await.expect("TLS");
    ask(&mut stream, "EHLO ece.example.com", "250 SMTPUTF8\r\n").await;
    stream
}

async fn imap(lab: &Lab) -> TlsStream<TcpStream> {
    let mut stream = open_tls(lab, OUTLOOK, 993).await.expect("TLS");
    until(&mut stream, "\r\n").await;
    stream
}

async fn pop3(lab: &Lab) -> TlsStream<TcpStream> {
    let mut stream = open_tls(lab, OUTLOOK, 995).await.expect("TLS");
    until(&mut stream, "\r\n").await;
    stream
}

async fn smtp_sign_in(lab: &Lab, user: &str, token: &str) -> (TlsStream<TcpStream>, String) {
    let mut stream = smtp(lab).await;
    let answer = ask(&mut stream, &format!("AUTH XOAUTH2 {}", blob(user, token)), "\r\n").await;
    (stream, answer)
}

async fn imap_sign_in(lab: &Lab, user: &str, token: &str) -> (TlsStream<TcpStream>, String) {
    let mut stream = imap(lab).await;
    let answer = ask(&mut stream, &format!("a1 AUTHENTICATE XOAUTH2 {}", blob(user, token)), "\r\n").await;
    (stream, answer)
}

async fn pop3_sign_in(lab: &Lab, user: &str, token: &str) -> (TlsStream<TcpStream>, String) {
    let mut stream = pop3(lab).await;
    ask(&mut stream, "AUTH XOAUTH2", "+ \r\n").await;
    let answer = ask(&mut stream, &blob(user, token), "\r\n").await;
    (stream, answer)
}

#[tokio::test]
async fn a_refresh_token_gives_the_token_of_its_user() {
    let lab = lab(&[]).await;
    let (status, body) = refresh(&lab, "ECE_CHECK_LAB_SALES", &[]).await;
    assert_eq!(status, 200, "{body}");
    assert_ne!(body["refresh_token"], secret(&lab, "ECE_CHECK_LAB_SALES"));
    let claims = claims(body["access_token"].as_str().expect("a token"));
    for (name, value) in [
        ("aud", "https://outlook.office.com"),
        ("iss", &format!("https://sts.windows.net/{TENANT_ID}/")),
        ("appid", CLIENT_ID),
        ("upn", "sales@example.com"),
        ("unique_name", "sales@example.com"),
        ("tid", TENANT_ID),
        ("scp", "IMAP.AccessAsUser.All POP.AccessAsUser.All SMTP.Send"),
        ("ver", "1.0"),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    let minutes = (claims["exp"].as_i64().expect("exp") - claims["iat"].as_i64().expect("iat")) / 60;
    assert!((60..=90).contains(&minutes), "{minutes}");
    let left = claims["exp"].as_i64().expect("exp") - jiff::Timestamp::now().as_second();
    assert!((left - body["expires_in"].as_i64().expect("seconds")).abs() < 5, "{left}: {body}");
    assert_eq!(lab.counts().tokens, [("sales@example.com".to_owned(), 1)].into());
}

#[tokio::test]
async fn a_bad_request_for_a_token_is_refused_in_entras_words() {
    let lab = lab(&[]).await;
    let two = "https://outlook.office.com/SMTP.Send https://graph.microsoft.com/User.Read";
    for (name, value, status, error, code) in [
        ("grant_type", "", 400, "invalid_request", 900_144),
        ("grant_type", "magic", 400, "unsupported_grant_type", 70_003),
        ("client_id", "", 400, "invalid_request", 900_144),
        ("client_id", "00000000-0000-0000-0000-000000000001", 400, "unauthorized_client", 700_016),
        ("client_secret", "", 401, "invalid_client", 7_000_218),
        ("client_secret", "something", 401, "invalid_client", 7_000_215),
        ("refresh_token", "", 400, "invalid_request", 900_144),
        ("refresh_token", "1.Acut", 400, "invalid_request", 9_002_313),
        ("scope", "", 400, "invalid_request", 900_144),
        ("scope", two, 400, "invalid_request", 28_000),
        ("scope", "https://outlook.office.com/Nothing", 400, "invalid_scope", 70_011),
        ("scope", "https://elsewhere.example/.default", 400, "invalid_resource", 500_011),
        ("scope", "https://outlook.office.com/EWS.AccessAsUser.All", 400, "invalid_grant", 65_001),
    ] {
        let (got, body) = refresh(&lab, "ECE_CHECK_LAB_SALES", &[(name, value)]).await;
        assert_eq!((got, body["error"].as_str(), body["error_codes"][0].as_u64()), (status, Some(error), Some(code)));
        let words = body["error_description"].as_str().expect("words");
        assert!(words.starts_with(&format!("AADSTS{code}: ")) && words.contains(" Trace ID: "), "{words}");
    }
    let (status, body) = post(&lab, "/nobody.example/oauth2/v2.0/token", &[]).await;
    assert_eq!((status, &body["error_codes"][0]), (400, &Value::from(90_002)));
    assert!(lab.counts().tokens.is_empty());
}

#[tokio::test]
async fn each_fault_of_the_token_endpoint_has_its_number() {
    for (fault, code) in [
        ("refresh-token-expired", 700_082),
        ("refresh-token-revoked", 50_173),
        ("refresh-token-expired.not-rotated", 700_082),
        ("client-secret-expired", 7_000_222),
        ("client-secret-invalid", 7_000_215),
        ("client-secret-missing", 7_000_218),
        ("app-not-found-in-tenant", 700_016),
        ("tenant-not-found.token", 90_002),
        ("consent-missing", 65_001),
        ("mfa-required", 50_076),
        ("conditional-access-blocked", 53_003),
        ("account-disabled", 50_057),
        ("public-client-with-secret", 700_025),
        ("sign-in-frequency-expired", 70_043),
        ("user-not-found", 50_034),
        ("account-locked", 50_053),
        ("device-not-compliant", 53_000),
    ] {
        let (status, body) = refresh(&lab(&[fault]).await, "ECE_CHECK_LAB_SALES", &[]).await;
        assert!(status >= 400 && body["error_codes"][0] == code, "{fault}: {body}");
        assert!(!body["error_description"].as_str().expect("words").contains('{'), "{fault}: {body}");
    }
    let other = refresh(&lab(&["account-disabled"]).await, "ECE_CHECK_LAB_TEAM", &[]).await;
    assert_eq!(other.0, 200, "{}", other.1);
}

#[tokio::test]
async fn a_transient_refusal_passes_when_it_should() {
    let lab = lab(&["throttled.token-once"]).await;
    assert_eq!(refresh(&lab, "ECE_CHECK_LAB_SALES", &[]).await.0, 429);
    assert_eq!(refresh(&lab, "ECE_CHECK_LAB_SALES", &[]).await.0, 200);
}

#[tokio::test]
async fn the_application_gets_a_token_of_its_own() {
    let lab = lab(&[]).await;
    let client_secret = secret(&lab, "ECE_CHECK_LAB_SECRET");
    let ask = |scope| {
        [
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT_ID),
            ("client_secret", &client_secret),
            ("scope", scope),
        ]
    };
    let (status, body) = ask_token(&lab, &ask(ALL_OF_EXCHANGE)).await;
    assert_eq!(status, 200, "{body}");
    let claims = claims(body["access_token"].as_str().expect("a token"));
    assert_eq!((&claims["idtyp"], &claims["oid"]), (&"app".into(), &PRINCIPAL_ID.into()));
    assert!(claims["roles"].as_array().expect("roles").contains(&"SMTP.SendAsApp".into()) && claims["upn"].is_null());
    assert!(body["refresh_token"].is_null());
    let (_, body) = ask_token(&lab, &ask("https://outlook.office365.com/SMTP.SendAsApp")).await;
    assert_eq!(body["error_codes"][0], 1_002_012);
}

async fn authorize(lab: &Lab, pairs: &[(&str, &str)]) -> String {
    let request = format!("GET /{TENANT_ID}/oauth2/v2.0/authorize?{} HTTP/1.1", encoded(pairs));
    fetch(lab, LOGIN, &request).await
}

fn code_in(answer: &str) -> (String, String) {
    let location = answer.lines().find_map(|line| line.strip_prefix("Location: ")).expect("sent on");
    let url = url::Url::parse(location).expect("a URL");
    let value = |name: &str| url.query_pairs().find(|(one, _)| one == name).expect(name).1.into_owned();
    (value("code"), value("state"))
}

#[tokio::test]
async fn a_code_is_redeemed_once_and_with_its_verifier_only() {
    let lab = lab(&[]).await;
    let verifier = "dBjftJeZ4CVP-mBtc30lyRk2nPGwZpAXvVgRP1mE6-k";
    assert_eq!(
        token_issuer::challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
    let challenge = token_issuer::challenge(verifier);
    let redirect = "http://localhost:49152/";
    let answer = authorize(
        &lab,
        &[
            ("client_id", CLIENT_ID),
            ("response_type", "code"),
            ("redirect_uri", redirect),
            ("scope", SCOPE),
            ("state", "a b&c"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("login_hint", "sales@example.com"),
            ("prompt", "select_account"),
        ],
    )
    .await;
    let (code, state) = code_in(&answer);
    assert_eq!(state, "a b&c");
    let client_secret = secret(&lab, "ECE_CHECK_LAB_SECRET");
    for (redirect, verifier, outcome) in [
        ("http://localhost:1/", verifier, 500_112.into()),
        (redirect, "other", 501_481.into()),
        (redirect, verifier, Value::Null),
        (redirect, verifier, 54_005.into()),
    ] {
        let pairs = [
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT_ID),
            ("client_secret", &client_secret),
            ("code", &code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ];
        let (_, body) = ask_token(&lab, &pairs).await;
        assert_eq!(body["error_codes"][0], outcome, "{body}");
    }
}

#[tokio::test]
async fn a_browser_that_names_no_account_is_signed_in_as_whoever_sits_there() {
    let lab = lab(&[]).await;
    let usual = [("client_id", CLIENT_ID), ("response_type", "code"), ("redirect_uri", REDIRECT_URL), ("scope", SCOPE)];
    let (code, _) = code_in(&authorize(&lab, &[&usual[..], &[("state", "1")]].concat()).await);
    assert_eq!(lab.cloud.token_issuer.unsealed("code", &code).expect("a code")["user"], "admin@example.com");
    let choice = authorize(&lab, &[&usual[..], &[("prompt", "select_account")]].concat()).await;
    assert!(choice.starts_with("HTTP/1.1 200 ") && choice.contains("&amp;login_hint=sales@example.com\""), "{choice}");
    let wrong = [
        ("client_id", CLIENT_ID),
        ("response_type", "code"),
        ("redirect_uri", "https://ece.example.com/System/oauth2"),
        ("scope", SCOPE),
    ];
    assert!(authorize(&lab, &wrong).await.contains("AADSTS50011: "));
    let nobody = [&usual[..], &[("login_hint", "nobody@example.com")]].concat();
    assert!(authorize(&lab, &nobody).await.contains("AADSTS50034: "));
}

#[tokio::test]
async fn a_device_code_is_pending_first() {
    let lab = lab(&[]).await;
    let path = format!("/{TENANT_ID}/oauth2/v2.0/devicecode");
    let (_, device) = post(&lab, &path, &[("client_id", CLIENT_ID), ("scope", SCOPE)]).await;
    let code = device["device_code"].as_str().expect("a code").to_owned();
    let grant = "urn:ietf:params:oauth:grant-type:device_code";
    let pairs = [("grant_type", grant), ("client_id", CLIENT_ID), ("device_code", code.as_str())];
    assert_eq!(ask_token(&lab, &pairs).await.1["error"], "authorization_pending");
    let user_code = device["user_code"].as_str().expect("a code");
    let approve = encoded(&[("user_code", user_code), ("login_hint", "team@example.com")]);
    let page = fetch(&lab, LOGIN, &format!("GET /common/oauth2/deviceauth?{approve} HTTP/1.1")).await;
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    let (status, body) = ask_token(&lab, &pairs).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(claims(body["access_token"].as_str().expect("a token"))["upn"], "team@example.com");
    assert_eq!(ask_token(&lab, &pairs).await.1["error"], "bad_verification_code");
}

#[tokio::test]
async fn each_protocol_lets_the_mailbox_user_in() {
    let lab = lab(&[]).await;
    let token = access_token(&lab, "ECE_CHECK_LAB_SALES").await;
    let user = "sales@example.com";
    let (mut stream, answer) = smtp_sign_in(&lab, user, &token).await;
    assert_eq!(answer, "235 2.7.0 Authentication successful\r\n");
    assert!(ask(&mut stream, &format!("MAIL FROM:<{user}>"), "\r\n").await.starts_with("250 "));
    assert!(ask(&mut stream, &format!("RCPT TO:<{user}>"), "\r\n").await.starts_with("250 "));
    assert!(ask(&mut stream, "RSET", "\r\n").await.starts_with("250 "));
    let mut stream = smtp(&lab).await;
    assert_eq!(ask(&mut stream, "AUTH XOAUTH2", "\r\n").await, "334 \r\n");
    assert!(ask(&mut stream, &blob(user, &token), "\r\n").await.starts_with("235 "));
    let (mut stream, answer) = imap_sign_in(&lab, user, &token).await;
    assert_eq!(answer, "a1 OK AUTHENTICATE completed.\r\n");
    let opened = ask(&mut stream, "a2 EXAMINE INBOX", "a2 ").await;
    assert!(opened.contains("* 1 EXISTS\r\n") && opened.contains("a2 OK [READ-ONLY] EXAMINE completed."), "{opened}");
    assert!(ask(&mut stream, "a3 STATUS \"INBOX\" (MESSAGES UNSEEN)", "a3 ").await.contains("(MESSAGES 1 UNSEEN 1)"));
    let mut stream = imap(&lab).await;
    assert_eq!(ask(&mut stream, "a1 AUTHENTICATE XOAUTH2", "\r\n").await, "+ \r\n");
    assert!(ask(&mut stream, &blob(user, &token), "\r\n").await.starts_with("a1 OK "));
    let (mut stream, answer) = pop3_sign_in(&lab, user, &token).await;
    assert_eq!(answer, "+OK User successfully authenticated.\r\n");
    assert!(ask(&mut stream, "STAT", "\r\n").await.starts_with("+OK 1 "));
    assert_eq!(ask(&mut stream, "UIDL", ".\r\n").await, "+OK\r\n1 1\r\n.\r\n");
    let counts = lab.counts();
    let twice = |protocol| (("sales@example.com".to_owned(), protocol), 2);
    assert_eq!(counts.sign_ins, [twice("smtp"), twice("imap"), (("sales@example.com".to_owned(), "pop3"), 1)].into());
    assert!(counts.changing.is_empty() && counts.refused.is_empty());
    assert!(
        counts.most_for_mailbox[&("sales@example.com".to_owned(), "smtp")] >= 2 && counts.most_for_host[OUTLOOK] >= 2
    );
}

#[tokio::test]
async fn who_may_name_whom_is_as_exchange_has_it() {
    let lab = lab(&[]).await;
    let token = access_token(&lab, "ECE_CHECK_LAB_TEAM").await;
    for (user, smtp, imap, pop3) in [
        ("team@example.com", "235 2.7.0 ", "OK", "+OK "),
        ("TEAM@Example.com", "235 2.7.0 ", "OK", "+OK "),
        ("info@example.com", "535 5.7.3 ", "OK", "+OK "),
        ("sales@example.com", "535 5.7.3 ", "not connected", "-ERR Authentication failure: unknown user name or bad"),
        ("nobody@example.com", "535 5.7.3 ", "not connected", "-ERR Authentication failure: "),
    ] {
        assert!(smtp_sign_in(&lab, user, &token).await.1.starts_with(smtp), "{user}");
        let (mut stream, answer) = imap_sign_in(&lab, user, &token).await;
        assert_eq!(answer, "a1 OK AUTHENTICATE completed.\r\n", "{user}");
        let opened = ask(&mut stream, "a2 EXAMINE INBOX", "a2 ").await;
        assert!(opened.contains(imap), "{user}: {opened}");
        assert!(pop3_sign_in(&lab, user, &token).await.1.starts_with(pop3), "{user}");
    }
    assert!(smtp_sign_in(&lab, "team", &token).await.1.starts_with("501 5.5.124 "));
}

#[tokio::test]
async fn a_token_that_is_not_right_opens_nothing() {
    let lab = lab(&[]).await;
    let token = access_token(&lab, "ECE_CHECK_LAB_SALES").await;
    let graph = refresh(&lab, "ECE_CHECK_LAB_SALES", &[("scope", "https://graph.microsoft.com/.default")]).await.1;
    let graph = graph["access_token"].as_str().expect("a token").to_owned();
    let foreign = super::lab(&[]).await;
    let foreign = access_token(&foreign, "ECE_CHECK_LAB_SALES").await;
    let mut changed = token.clone();
    changed.replace_range(200..201, if &token[200..201] == "A" { "B" } else { "A" });
    for bad in [&graph, &foreign, &changed, "EwBAAl3BAAUF"] {
        assert!(smtp_sign_in(&lab, "sales@example.com", bad).await.1.starts_with("535 5.7.3 Authentication unsucc"));
        assert_eq!(imap_sign_in(&lab, "sales@example.com", bad).await.1, "a1 NO AUTHENTICATE failed.\r\n");
        assert!(pop3_sign_in(&lab, "sales@example.com", bad).await.1.starts_with("-ERR Authentication failure: "));
    }
    let mut stream = pop3(&lab).await;
    let answer = ask(&mut stream, &format!("AUTH XOAUTH2 {}", blob("sales@example.com", &token)), "\r\n").await;
    assert_eq!(answer, "-ERR Protocol error. Connection is closed. 10\r\n");
    assert_eq!(lab.counts().refused, [("smtp", 4), ("imap", 4), ("pop3", 4)].into());
}

#[tokio::test]
async fn claims_alone_close_the_door() {
    for fault in ["token-expired", "token-wrong-audience", "token-wrong-audience.by-number", "token-wrong-scope.none"] {
        let lab = lab(&[fault]).await;
        let token = secret(&lab, "ECE_CHECK_LAB_SALES");
        assert!(lab.deployment().contains("access_token  = { env = \"ECE_CHECK_LAB_SALES\" }"), "{fault}");
        assert!(smtp_sign_in(&lab, "sales@example.com", &token).await.1.starts_with("535 5.7.3 "), "{fault}");
        assert!(imap_sign_in(&lab, "sales@example.com", &token).await.1.starts_with("a1 NO "), "{fault}");
        assert!(pop3_sign_in(&lab, "sales@example.com", &token).await.1.starts_with("-ERR "), "{fault}");
    }
}

#[tokio::test]
async fn one_switch_closes_one_door() {
    for (fault, user, words) in [
        (
            "smtp-auth-disabled-tenant",
            "sales",
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. ",
        ),
        (
            "smtp-auth-disabled-mailbox",
            "sales",
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. ",
        ),
        ("smtp-auth-disabled-tenant.but-one-mailbox", "sales", "235 "),
        ("no-exchange-licence", "sales", "535 5.7.3 "),
        ("imap-disabled-for-mailbox", "sales", "235 "),
    ] {
        let lab = lab(&[fault]).await;
        let token = access_token(&lab, &format!("ECE_CHECK_LAB_{}", user.to_ascii_uppercase())).await;
        let user = format!("{user}@example.com");
        let answer = smtp_sign_in(&lab, &user, &token).await.1;
        assert!(answer.starts_with(words), "{fault}: {answer}");
        let (mut stream, answer) = imap_sign_in(&lab, &user, &token).await;
        assert_eq!(answer, "a1 OK AUTHENTICATE completed.\r\n", "{fault}");
        let opened = ask(&mut stream, "a2 EXAMINE INBOX", "a2 ").await;
        let is_closed = fault.starts_with("imap") || fault.starts_with("no-exchange");
        assert_eq!(opened == "a2 BAD User is authenticated but not connected.\r\n", is_closed, "{fault}: {opened}");
    }
    let lab = lab(&["exchange-service-principal-missing"]).await;
    let token = secret(&lab, "ECE_CHECK_LAB_ARCHIVE");
    assert!(smtp_sign_in(&lab, "archive@example.com", &token).await.1.starts_with("535 5.7.3 "));
    assert_eq!(imap_sign_in(&lab, "archive@example.com", &token).await.1, "a1 NO AUTHENTICATE failed.\r\n");
    assert!(pop3_sign_in(&lab, "archive@example.com", &token).await.1.starts_with("-ERR Authentication failure: "));
}

#[tokio::test]
async fn a_fourth_smtp_session_is_one_too_many() {
    let lab = lab(&[]).await;
    let token = access_token(&lab, "ECE_CHECK_LAB_SALES").await;
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(smtp_sign_in(&lab, "sales@example.com", &token).await.0);
    }
    let (_, answer) = smtp_sign_in(&lab, "sales@example.com", &token).await;
    assert!(answer.starts_with("432 4.3.2 Concurrent connections limit exceeded."), "{answer}");
    ask(&mut open[0], "QUIT", "\r\n").await;
    assert!(smtp_sign_in(&lab, "sales@example.com", &token).await.1.starts_with("235 "));
    assert_eq!(lab.counts().most_for_mailbox[&("sales@example.com".to_owned(), "smtp")], 3);
}

#[tokio::test]
async fn a_message_that_is_sent_is_found_and_put_away() {
    let lab = lab(&[]).await;
    let token = access_token(&lab, "ECE_CHECK_LAB_TEAM").await;
    let (mut stream, _) = smtp_sign_in(&lab, "team@example.com", &token).await;
    for (line, start) in [
        ("MAIL FROM:<sales@example.com>", "550 5.7.60 SMTP; Client does not have permissions to send as this sender"),
        ("MAIL FROM:<info@example.com> SIZE=100", "250 "),
        ("DATA", "503 "),
        ("RCPT TO:<info@example.com>", "250 "),
        ("DATA", "354 "),
        ("From: <info@example.com>\r\nSubject: mark\r\nX-Mark: 4711\r\n\r\n..dot\r\n.", "250 2.0.0 OK"),
    ] {
        assert!(ask(&mut stream, line, "\r\n").await.starts_with(start), "{line}");
    }
    let (mut stream, _) = imap_sign_in(&lab, "info@example.com", &token).await;
    let opened = ask(&mut stream, "a2 SELECT INBOX", "a2 OK").await;
    assert!(opened.contains("* 2 EXISTS\r\n"), "{opened}");
    assert!(ask(&mut stream, "a3 UID SEARCH HEADER X-Mark {4+}\r\n4711", "a3 OK").await.starts_with("* SEARCH 2\r\n"));
    let fetched = ask(&mut stream, "a4 UID FETCH 2 (FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])", "a4 OK").await;
    assert!(
        fetched.contains("* 2 FETCH (UID 2 FLAGS () BODY[HEADER.FIELDS (SUBJECT)] {17}\r\nSubject: mark\r\n\r\n)"),
        "{fetched}"
    );
    assert!(ask(&mut stream, "a5 FETCH 2 BODY[]", "a5 OK").await.contains("\r\n\r\n.dot\r\n"));
    let (mut other, _) = pop3_sign_in(&lab, "info@example.com", &token).await;
    assert!(ask(&mut other, "TOP 2 0", ".\r\n").await.contains("X-Mark: 4711\r\n\r\n"));
    assert_eq!(
        ask(&mut stream, "a6 UID MOVE 2 \"Deleted Items\"", "a6 ").await,
        "* 2 EXPUNGE\r\na6 OK MOVE completed.\r\n"
    );
    assert!(ask(&mut stream, "a7 STATUS \"Deleted Items\" (MESSAGES)", "a7 ").await.contains("MESSAGES 1)"));
    let counts = lab.counts();
    assert_eq!(counts.changing, [("DATA", 2), ("MOVE", 1), ("SELECT", 1)].into());
    assert_eq!(counts.delivered, [("info@example.com".to_owned(), 1)].into());
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_counted() {
    let lab = lab(&[]).await;
    let token = access_token(&lab, "ECE_CHECK_LAB_SALES").await;
    let (mut stream, _) = pop3_sign_in(&lab, "sales@example.com", &token).await;
    assert_eq!(ask(&mut stream, "DELE 1", "\r\n").await, "+OK\r\n");
    assert!(ask(&mut stream, "RETR 1", "\r\n").await.starts_with("-ERR "));
    ask(&mut stream, "QUIT", "\r\n").await;
    let (mut stream, _) = imap_sign_in(&lab, "sales@example.com", &token).await;
    assert!(ask(&mut stream, "a2 SELECT INBOX", "a2 OK").await.contains("* 0 EXISTS\r\n"));
    let append = "a3 APPEND INBOX {15+}\r\nSubject: x\r\n\r\n.";
    assert!(ask(&mut stream, append, "\r\n").await.starts_with("a3 OK "));
    let stored = ask(&mut stream, "a4 STORE 1 +FLAGS (\\Deleted)", "a4 OK").await;
    assert!(stored.starts_with("* 1 FETCH (UID 2 FLAGS (\\Deleted))\r\n"), "{stored}");
    assert_eq!(ask(&mut stream, "a5 EXPUNGE", "a5 ").await, "* 1 EXPUNGE\r\na5 OK EXPUNGE completed.\r\n");
    let counts = lab.counts().changing;
    assert_eq!(counts, [("APPEND", 1), ("DELE", 1), ("EXPUNGE", 1), ("SELECT", 1), ("STORE", 1)].into());
}

#[tokio::test]
async fn five_hundred_mailboxes_are_one_account() {
    let settings = Settings { mailboxes: 500, ..Settings::default() };
    let lab = Lab::start(&settings).await.expect("the lab starts");
    let file: toml::Table = lab.deployment().parse().expect("TOML");
    let accounts = file["account"].as_array().expect("accounts");
    let boxes = accounts.iter().find(|account| account["name"].as_str() == Some("boxes")).expect("boxes");
    assert_eq!(boxes["mailboxes"].as_array().expect("mailboxes").len(), 500);
    let token = access_token(&lab, "ECE_CHECK_LAB_BOXES").await;
    let (mut stream, _) = imap_sign_in(&lab, "box0500@example.com", &token).await;
    assert!(ask(&mut stream, "a2 EXAMINE INBOX", "a2 ").await.contains("* 1 EXISTS"));
}

/// Walks over the deployment as a careful client does, and tells how each check came out: false when it failed once.
async fn walk(lab: &Lab) -> BTreeMap<&'static str, bool> {
    let file: toml::Table = lab.deployment().parse().expect("TOML");
    let mut outcomes = BTreeMap::new();
    for account in file["account"].as_array().expect("accounts") {
        let credential = |key: &str| Some(account.get(key)?["env"].as_str().expect("a name"));
        let issued = match (credential("access_token"), credential("refresh_token")) {
            (Some(variable), _) => Some(secret(lab, variable)),
            (None, variable) => ask_patiently(lab, variable.expect("a credential")).await,
        };
        note(&mut outcomes, "token.issued", issued.is_some());
        if let Some(token) = issued {
            let expected = account.get("signs_in_as").and_then(|user| user.as_str());
            let mailboxes = account["mailboxes"].as_array().expect("mailboxes");
            let mailboxes: Vec<_> = mailboxes.iter().map(|one| one.as_str().expect("an address")).collect();
            look_into(&mut outcomes, &claims(&token), expected);
            try_out(lab, &mut outcomes, &token, &mailboxes, account["inbound"].as_str() == Some("pop3")).await;
        }
    }
    outcomes
}

async fn ask_patiently(lab: &Lab, variable: &str) -> Option<String> {
    for _ in 0..2 {
        let signed = by_certificate(lab);
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let other = [("client_secret", ""), ("client_assertion_type", kind), ("client_assertion", &signed)];
        let by_secret = !lab.deployment().contains("client_certificate");
        let (_, body) = refresh(lab, variable, if by_secret { &[] } else { &other }).await;
        if let Some(token) = body["access_token"].as_str() {
            return Some(token.to_owned());
        }
    }
    None
}

fn note(outcomes: &mut BTreeMap<&'static str, bool>, check: &'static str, is_well: bool) {
    *outcomes.entry(check).or_insert(true) &= is_well;
}

fn look_into(outcomes: &mut BTreeMap<&'static str, bool>, claims: &Value, expected: Option<&str>) {
    let now = jiff::Timestamp::now().as_second();
    let permissions = format!("{} {}", claims["scp"], claims["roles"]);
    note(
        outcomes,
        "token.audience",
        ["https://outlook.office.com", "https://outlook.office365.com"].contains(&claims["aud"].as_str().expect("aud")),
    );
    let is_of_tenant = claims["tid"] == crate::lab::hosts::TENANT_ID;
    note(outcomes, "token.identity", expected.is_none() || claims["upn"].as_str() == expected && is_of_tenant);
    let has_begun = claims["nbf"].as_i64().is_none_or(|begin| begin <= now);
    note(outcomes, "token.valid-now", has_begun && claims["exp"].as_i64().expect("exp") > now);
    let lifetime = (claims["exp"].as_i64().expect("exp") - claims["iat"].as_i64().expect("iat")) / 60;
    note(outcomes, "token.lifetime", (55..=95).contains(&lifetime));
    note(outcomes, "token.smtp-permission", permissions.contains("SMTP.Send"));
    note(outcomes, "token.imap-permission", permissions.contains("IMAP.AccessAs"));
    note(outcomes, "token.pop3-permission", permissions.contains("POP.AccessAs"));
}

async fn try_out(
    lab: &Lab,
    outcomes: &mut BTreeMap<&'static str, bool>,
    token: &str,
    mailboxes: &[&str],
    by_pop3: bool,
) {
    let claims = claims(token);
    for mailbox in mailboxes {
        let (mut stream, answer) = smtp_sign_in(lab, claims["upn"].as_str().unwrap_or(mailbox), token).await;
        note(outcomes, "smtp.sign-in", answer.starts_with("235 "));
        if answer.starts_with("235 ") {
            let sender = ask(&mut stream, &format!("MAIL FROM:<{mailbox}>"), "\r\n").await;
            let recipient = ask(&mut stream, &format!("RCPT TO:<{mailbox}>"), "\r\n").await;
            note(outcomes, "smtp.sender-accepted", sender.starts_with("250 ") && recipient.starts_with("250 "));
        }
        let (sign_in, opens) =
            if by_pop3 { pop3_walk(lab, mailbox, token).await } else { imap_walk(lab, mailbox, token).await };
        note(outcomes, if by_pop3 { "pop3.sign-in" } else { "imap.sign-in" }, sign_in);
        if sign_in {
            note(outcomes, if by_pop3 { "pop3.mailbox-opens" } else { "imap.mailbox-opens" }, opens);
        }
    }
}

async fn imap_walk(lab: &Lab, mailbox: &str, token: &str) -> (bool, bool) {
    let (mut stream, answer) = imap_sign_in(lab, mailbox, token).await;
    let signed_in = answer.starts_with("a1 OK ");
    (signed_in, signed_in && ask(&mut stream, "a2 EXAMINE INBOX", "a2 ").await.contains("a2 OK "))
}

async fn pop3_walk(lab: &Lab, mailbox: &str, token: &str) -> (bool, bool) {
    let (mut stream, answer) = pop3_sign_in(lab, mailbox, token).await;
    let signed_in = answer.starts_with("+OK ");
    (signed_in, signed_in && ask(&mut stream, "STAT", "\r\n").await.starts_with("+OK "))
}

#[tokio::test]
async fn all_is_well_in_the_healthy_tenant_and_nothing_is_changed() {
    let settings = Settings { mailboxes: 3, application_account: true, ..Settings::default() };
    let lab = Lab::start(&settings).await.expect("the lab starts");
    let outcomes = walk(&lab).await;
    assert_eq!(outcomes.len(), 14, "{outcomes:?}");
    assert!(outcomes.values().all(|is_well| *is_well), "{outcomes:?}");
    let counts = lab.counts();
    assert!(counts.changing.is_empty() && counts.refused.is_empty() && counts.delivered.is_empty(), "{counts:?}");
    assert!(counts.tokens.values().all(|count| *count == 1), "{counts:?}");
}

#[tokio::test]
async fn every_fault_of_tokens_and_mailboxes_is_seen_where_it_says() {
    let shown =
        ["token.", "smtp.sign-in", "smtp.sender", "imap.sign-in", "imap.mailbox", "pop3.sign-in", "pop3.mailbox"];
    let mut seen = 0;
    for fault in faults().into_iter().filter(|fault| shown.iter().any(|start| fault.check.starts_with(start))) {
        let outcomes = walk(&lab(&[&fault.name]).await).await;
        let is_well = outcomes.get(fault.check.as_str()).copied();
        assert_eq!(is_well, Some(fault.status == "pass"), "{}: {} of {outcomes:?}", fault.name, fault.check);
        seen += 1;
    }
    assert!(seen > 60, "{seen}");
}
