//! The grants: what is asked of the token endpoint, and what it gives.
//!
//! In: a [`Client`], a [`Grant`], scopes. Out: [`Granted`], or the stop. Refresh and client credentials are RFC 6749,
//! sections 6 and 4.4; authorization code with PKCE RFC 6749, section 4.1.3, and RFC 7636, section 4.5; device code
//! RFC 8628, section 3.4. Entra's parameters:
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow>

use serde_json::{Map, Value};

use super::{
    Application,
    certificate::{self, Signer},
    endpoint::{Endpoint, Form, TokenRequest},
};
use crate::{
    evidence::{Direction, Failure, FailureKind, Protocol, Stage},
    oauth,
    secret::{LONGEST, Redactor, Secret},
};

/// Who asks.
#[derive(Clone, Debug)]
pub struct Client {
    /// The application (client) id.
    pub id: String,
    /// What it proves itself with; none for a public client.
    pub proof: Option<ClientCredential>,
}

/// What a client proves itself with.
#[derive(Clone, Debug)]
pub enum ClientCredential {
    /// Its secret.
    Secret(Secret),
    /// The key of its certificate.
    Certificate(Signer),
}

/// On what ground a token is asked for.
#[derive(Clone, Debug)]
pub enum Grant {
    /// A refresh token.
    Refresh(Secret),
    /// The application itself.
    Client,
    /// The device code of a sign-in that somebody completes in a browser elsewhere.
    Device(Secret),
    /// The code that the sign-in page sent back.
    Code {
        /// The code.
        code: Secret,
        /// What proves that it was we who asked for it.
        verifier: Secret,
        /// The redirect URL of the first question, to the letter.
        redirect: String,
    },
}

/// What the token endpoint gave.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The access token.
    pub access: Secret,
    /// A new refresh token.
    pub refresh: Option<Secret>,
}

impl Client {
    /// The client of an application, with its secret or its certificate read.
    ///
    /// # Errors
    /// When the user's file gives no client id, or what it proves itself with cannot be read.
    pub async fn of(application: &Application, errand: &mut TokenRequest<'_>) -> Result<Self, Failure> {
        let id = application.client_id.clone().ok_or_else(|| missing("no application (client) id is given"))?;
        let proof = match &application.proof {
            Some(oauth::ClientCredential::Secret(source)) => {
                Some(ClientCredential::Secret(errand.secret(source).await?))
            }
            Some(oauth::ClientCredential::Certificate(papers)) => {
                Some(ClientCredential::Certificate(Signer::of(papers, errand).await?))
            }
            None => None,
        };
        Ok(Self { id, proof })
    }

    /// A form that says who asks. Assertions are made out for the token endpoint, wherever they are shown.
    ///
    /// # Errors
    /// When the assertion cannot be signed.
    pub fn form(&self, token_endpoint: &Endpoint, net: &Redactor) -> Result<Form, Failure> {
        let form = Form::default().open("client_id", self.id.clone());
        match &self.proof {
            Some(ClientCredential::Secret(secret)) => Ok(form.hidden("client_secret", secret)),
            Some(ClientCredential::Certificate(signer)) => {
                let assertion = signer.assertion(&self.id, &token_endpoint.address())?;
                net.add(&assertion);
                Ok(form.open("client_assertion_type", certificate::KIND).hidden("client_assertion", &assertion))
            }
            None => Ok(form),
        }
    }
}

/// The token endpoint of an application's tenant.
///
/// # Errors
/// When no tenant is given, or the login host is none.
pub fn token_endpoint(application: &Application) -> Result<Endpoint, Failure> {
    let tenant = application.tenant.as_deref().ok_or_else(|| missing("no tenant is given"))?;
    Endpoint::of_tenant(&application.login_host, tenant, "oauth2/v2.0/token")
        .ok_or_else(|| missing("the login host is not a host name"))
}

/// Asks for a token. What comes is made known to the net before anything else is done with it.
///
/// # Errors
/// The failure on the way there, the refusal, or an answer without a token.
pub async fn ask(
    client: &Client,
    grant: &Grant,
    scopes: &[String],
    place: &Endpoint,
    errand: &mut TokenRequest<'_>,
) -> Result<Granted, Failure> {
    let form = form(client.form(place, errand.net)?, grant, &scopes.join(" "));
    let answer = errand.ask(place, &form).await?;
    let access = secret(&answer, "access_token", errand);
    let access = access.ok_or_else(|| gibberish("the answer gives no access_token that can be one"))?;
    let refresh = secret(&answer, "refresh_token", errand);
    if !answer.get("token_type").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("Bearer")) {
        errand.transcript.note(Direction::Remark, "the answer does not say that the token is a bearer token");
    }
    Ok(Granted { access, refresh })
}

fn form(form: Form, grant: &Grant, scope: &str) -> Form {
    let named = |kind: &str| form.open("grant_type", kind);
    match grant {
        Grant::Refresh(token) => named("refresh_token").open("scope", scope).hidden("refresh_token", token),
        Grant::Client => named("client_credentials").open("scope", scope),
        Grant::Device(code) => named("urn:ietf:params:oauth:grant-type:device_code").hidden("device_code", code),
        Grant::Code { code, verifier, redirect } => named("authorization_code")
            .open("scope", scope)
            .open("redirect_uri", redirect.clone())
            .hidden("code", code)
            .hidden("code_verifier", verifier),
    }
}

/// A text of an answer that is a secret; none when it is not there, or when no sign-in could carry it.
pub(super) fn secret(answer: &Map<String, Value>, name: &str, errand: &TokenRequest<'_>) -> Option<Secret> {
    let text = answer.get(name)?.as_str()?;
    let secret = Secret::new(text);
    errand.net.add(&secret);
    let fit = (1..=LONGEST).contains(&text.len()) && !text.contains(|c: char| c.is_control() || c.is_whitespace());
    fit.then_some(secret)
}

pub(super) fn gibberish(words: &str) -> Failure {
    Failure::new(Protocol::Token, Stage::Grant, FailureKind::MalformedReply, words)
}

fn missing(words: &str) -> Failure {
    Failure::new(Protocol::Token, Stage::Credential, FailureKind::Missing, words)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{
        net::SocketAddr,
        sync::{Arc, Mutex},
        time::Duration,
    };

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::{
        net::{
            ConnectOverrides, ConnectTo, Family, Network, dns,
            limit::for_tests,
            tls::{
                TrustStores,
                tests::{GOOD, Papers, Recipe, acceptor, issued, serve},
            },
        },
        secret::Source,
    };

    /// A token endpoint of the tests: gives its answers one by one, the last for ever, and keeps what it was asked.
    pub(crate) struct Entra {
        pub(crate) network: Network,
        pub(crate) asked: Arc<Mutex<Vec<String>>>,
    }

    impl Entra {
        pub(crate) async fn answering(answers: &[String]) -> Self {
            Self::with_papers(&issued(Recipe { name: "login.test", ..GOOD }), answers).await
        }

        async fn with_papers(papers: &Papers, answers: &[String]) -> Self {
            let (acceptor, answers) = (acceptor(papers), answers.to_vec());
            let asked = Arc::new(Mutex::new(Vec::new()));
            let told = Arc::clone(&asked);
            let server = serve(move |stream| {
                let (acceptor, answers, told) = (acceptor.clone(), answers.clone(), Arc::clone(&told));
                async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let Some(request) = request(&mut stream).await else { return };
                    let count = {
                        let mut told = told.lock().unwrap();
                        told.push(request);
                        told.len()
                    };
                    let _ = stream.write_all(answers[count.min(answers.len()) - 1].as_bytes()).await;
                    let _ = stream.shutdown().await;
                }
            })
            .await;
            Self { network: network(papers, server), asked }
        }

        pub(crate) fn asked(&self) -> Vec<String> {
            self.asked.lock().unwrap().clone()
        }
    }

    fn network(papers: &Papers, server: SocketAddr) -> Network {
        let turn = ConnectTo {
            host: "login.test".to_owned(),
            port: 443,
            to_host: server.ip().to_string(),
            to_port: server.port(),
        };
        Network {
            resolver: Arc::new(dns::Resolver::with_servers(Vec::new())),
            overrides: ConnectOverrides { connect_to: vec![turn], ..ConnectOverrides::default() },
            family: Family::Both,
            trust: Arc::new(TrustStores::of_roots([papers.root.clone()])),
            firewall: None,
            limits: for_tests(Duration::from_secs(20)),
        }
    }

    /// Head and body of one request, as long as its head says.
    async fn request(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<String> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8_lossy(&bytes).to_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body).await.ok()?;
        Some(String::from_utf8([bytes, body].concat()).unwrap())
    }

    pub(crate) fn json(status: &str, body: &str) -> String {
        answer(status, "Content-Type: application/json; charset=utf-8", body)
    }

    fn answer(status: &str, header: &str, body: &str) -> String {
        format!("HTTP/1.1 {status}\r\n{header}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    pub(crate) fn application() -> Application {
        Application {
            login_host: "login.test".to_owned(),
            tenant: Some("contoso.example/x".to_owned()),
            client_id: Some("app-1".to_owned()),
            proof: None,
        }
    }

    const GRANTED: &str = r#"{"token_type":"Bearer","expires_in":3599,"access_token":"marked-access-token-0001","refresh_token":"marked-refresh-token-0002"}"#;
    const REVOKED: &str =
        r#"{"error":"invalid_grant","error_description":"AADSTS50173: The grant was revoked.","error_codes":[50173]}"#;

    /// What came of one grant: the outcome, the transcript, and the requests.
    async fn asked(entra: &Entra, grant: &Grant) -> (Result<Granted, Failure>, String) {
        let net = Redactor::default();
        let mut errand = TokenRequest::new(&entra.network, &net);
        let client = Client {
            id: "app-1".to_owned(),
            proof: Some(ClientCredential::Secret(Secret::new("marked client+secret"))),
        };
        let place = token_endpoint(&application()).unwrap();
        let scopes = ["https://outlook.office.com/SMTP.Send".to_owned(), "offline_access".to_owned()];
        let outcome = ask(&client, grant, &scopes, &place, &mut errand).await;
        let said: Vec<String> = errand.transcript.iter().map(|line| line.text.clone()).collect();
        (outcome, said.join("\n"))
    }

    fn refresh() -> Grant {
        Grant::Refresh(Secret::new("marked-refresh-token-0001"))
    }

    async fn refused(answers: &[String]) -> (Failure, Entra) {
        let entra = Entra::answering(answers).await;
        let stop = asked(&entra, &refresh()).await.0.unwrap_err();
        (stop, entra)
    }

    #[tokio::test]
    async fn refresh_as_ece_does_it() {
        let entra = Entra::answering(&[json("200 OK", GRANTED)]).await;
        let (granted, said) = asked(&entra, &refresh()).await;
        let granted = granted.unwrap();
        assert_eq!(granted.access.expose(), "marked-access-token-0001");
        assert_eq!(granted.refresh.unwrap().expose(), "marked-refresh-token-0002");
        let request = entra.asked().remove(0);
        assert!(request.starts_with("POST /contoso.example%2Fx/oauth2/v2.0/token HTTP/1.1\r\n"), "{request}");
        let body = "\r\n\r\nclient_id=app-1&client_secret=marked+client%2Bsecret&grant_type=refresh_token\
                    &scope=https%3A%2F%2Foutlook.office.com%2FSMTP.Send+offline_access\
                    &refresh_token=marked-refresh-token-0001";
        assert!(request.ends_with(body), "{request}");
        assert!(request.contains("host: login.test\r\n"), "{request}");
        assert!(said.contains("refresh_token=<secret, 25 bytes>") && !said.contains("marked"), "{said}");
    }

    #[tokio::test]
    async fn every_grant_sends_its_own_fields() {
        let secret = |text: &str| Secret::new(text);
        for (grant, fields) in [
            (Grant::Client, "grant_type=client_credentials&scope="),
            (Grant::Device(secret("d-1")), "device_code&scope=placeholder"),
            (
                Grant::Code {
                    code: secret("c-1"),
                    verifier: secret("v-1"),
                    redirect: "http://localhost:5/".to_owned(),
                },
                "&redirect_uri=http%3A%2F%2Flocalhost%3A5%2F&code=c-1&code_verifier=v-1",
            ),
        ] {
            let entra = Entra::answering(&[json("200 OK", GRANTED)]).await;
            asked(&entra, &grant).await.0.unwrap();
            let request = entra.asked().remove(0);
            let fields = fields.replace("device_code&scope=placeholder", "device_code&device_code=d-1");
            assert!(request.contains(&fields), "{request}");
        }
    }

    #[tokio::test]
    async fn permanent_refusal_is_final() {
        let (stop, entra) = refused(&[json("400 Bad Request", REVOKED)]).await;
        assert_eq!((stop.protocol, stop.stage, stop.kind), (Protocol::Token, Stage::Grant, FailureKind::Rejected));
        assert_eq!((stop.code, stop.error.as_deref(), stop.aadsts), (Some(400), Some("invalid_grant"), vec![50173]));
        assert_eq!(entra.asked().len(), 1);
    }

    #[tokio::test]
    async fn busy_server_is_asked_again_as_it_wishes() {
        let busy = answer("429 Too Many Requests", "Retry-After: 0", "{}");
        let dated = answer(
            "503 Service Unavailable",
            "Date: Mon, 23 Nov 2026 04:00:00 GMT\r\nRetry-After: Mon, 23 Nov 2026 04:00:00 GMT",
            "",
        );
        let entra = Entra::answering(&[busy.clone(), dated, json("200 OK", GRANTED)]).await;
        assert!(asked(&entra, &refresh()).await.0.is_ok());
        let (stop, entra) = refused(&[busy]).await;
        assert_eq!((stop.kind, stop.code, entra.asked().len()), (FailureKind::BadStatus, Some(429), 3));
    }

    #[tokio::test]
    async fn wait_beyond_the_deadline_is_not_waited() {
        let (stop, entra) = refused(&[answer("429 Too Many Requests", "Retry-After: 3600", REVOKED)]).await;
        assert_eq!((stop.code, stop.aadsts, entra.asked().len()), (Some(429), vec![50173], 1));
    }

    #[tokio::test]
    async fn answers_that_are_no_answer() {
        let page = "<html><head><title>Blocked by policy</title></head></html>";
        for (answer, kind, words) in [
            (answer("403 Forbidden", "Content-Type: text/html", page), FailureKind::WebPage, "Blocked by policy"),
            (answer("200 OK", "Content-Type: text/plain", page), FailureKind::WebPage, "a page without a title"),
            (json("200 OK", r#"{"token_type":"Bearer"}"#), FailureKind::MalformedReply, "access_token"),
            (json("200 OK", r#"{"access_token":""}"#), FailureKind::MalformedReply, "access_token"),
            (json("200 OK", r#"{"access_token":"a\u0001auth=x"}"#), FailureKind::MalformedReply, "access_token"),
            (json("200 OK", "[]"), FailureKind::MalformedReply, "neither"),
            (json("302 Found", ""), FailureKind::BadStatus, "302"),
            (json("200 OK", REVOKED), FailureKind::Rejected, "revoked"),
            ("no http\r\n\r\n".to_owned(), FailureKind::MalformedReply, ""),
            (String::new(), FailureKind::Closed, ""),
        ] {
            let (stop, _) = refused(std::slice::from_ref(&answer)).await;
            assert_eq!(stop.kind, kind, "{answer}");
            assert!(stop.words.contains(words), "{answer}: {}", stop.words);
        }
    }

    #[tokio::test]
    async fn endless_answer_is_bounded() {
        let (stop, _) = refused(&[json("200 OK", &format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20)))]).await;
        assert_eq!(stop.kind, FailureKind::ReplyTooLarge);
    }

    #[tokio::test]
    async fn nothing_is_sent_to_a_server_that_is_not_trusted() {
        for papers in [issued(GOOD), issued(Recipe { name: "login.test", from: 2020, until: 2021 })] {
            let entra = Entra::with_papers(&papers, &[json("200 OK", GRANTED)]).await;
            let stop = asked(&entra, &refresh()).await.0.unwrap_err();
            assert_eq!((stop.protocol, stop.stage), (Protocol::Tls, Stage::Certificate));
            assert!(matches!(stop.kind, FailureKind::WrongName | FailureKind::Expired), "{:?}", stop.kind);
            assert!(entra.asked().is_empty());
        }
    }

    #[tokio::test]
    async fn what_comes_is_known_to_the_net() {
        let entra = Entra::answering(&[json("200 OK", GRANTED)]).await;
        let net = Redactor::default();
        let mut errand = TokenRequest::new(&entra.network, &net);
        let client = Client { id: "app-1".to_owned(), proof: None };
        let place = token_endpoint(&application()).unwrap();
        ask(&client, &Grant::Client, &[], &place, &mut errand).await.unwrap();
        assert_eq!(net.clean("marked-access-token-0001 marked-refresh-token-0002").1, 2);
    }

    #[tokio::test]
    async fn what_the_file_does_not_give_is_missing() {
        let entra = Entra::answering(&[json("200 OK", GRANTED)]).await;
        let net = Redactor::default();
        let mut errand = TokenRequest::new(&entra.network, &net);
        let no_tenant = Application { tenant: None, ..application() };
        assert_eq!(token_endpoint(&no_tenant).unwrap_err().kind, FailureKind::Missing);
        let no_secret = oauth::ClientCredential::Secret(Source::Env("ECE_CHECK_NO_SUCH_VARIABLE".to_owned()));
        let no_secret = Application { proof: Some(no_secret), ..application() };
        let stop = Client::of(&no_secret, &mut errand).await.unwrap_err();
        assert_eq!((stop.stage, stop.kind), (Stage::Credential, FailureKind::Missing));
        assert!(stop.words.contains("ECE_CHECK_NO_SUCH_VARIABLE is not set"), "{}", stop.words);
    }
}
