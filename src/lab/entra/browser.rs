//! What a person sees: the page that gives a code, and the one that takes the code of a device.
//!
//! In: what a browser asks for. Out: a page, or the way back to the application with a code or a refusal.

use std::fmt::Write;

use jiff::Timestamp;
use serde_json::json;
use url::form_urlencoded;

use super::{
    DEVICE_SECONDS, Outcome,
    form::{Asked, Form},
    issuer_tenant,
    memory::Device,
    no_such_tenant,
    refused::{Refused, shown},
};
use crate::lab::{
    exchange::Cloud,
    fault::Answer,
    hosts::{CLIENT_ID, TENANT_NAME},
    http::{HTML, JSON, page, sent_on, typed},
    tenant::ADMIN,
};

/// The field of the link with which a person cancels.
const CANCEL: &str = "cancel";

/// What Entra says then. <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>
pub(super) const DECLINED: &str = "User declined to consent to access the app.";

impl Cloud {
    /// The answer to a browser that wants to sign in.
    pub(super) fn authorize(&self, tenant: &str, form: &Form, path: &str, now: Timestamp) -> Answer {
        match self.begin(tenant, form, path, now) {
            Ok(answer) => answer,
            Err(refused) => refused.shown(now),
        }
    }

    fn begin(&self, tenant: &str, form: &Form, path: &str, now: Timestamp) -> Outcome {
        issuer_tenant(tenant).ok_or_else(|| no_such_tenant(tenant))?;
        self.know(form.required("client_id")?)?;
        let redirect = form.required("redirect_uri")?;
        if !is_registered(redirect, &self.tenant.application.redirect_url) {
            let words = format!(
                "The redirect URI '{}' specified in the request does not match the redirect URIs configured for the \
                 application '{CLIENT_ID}'. Make sure the redirect URI sent in the request matches one added to your \
                 application in the Azure portal. Navigate to https://aka.ms/redirectUriMismatchError to learn more about \
                 how to fix this.",
                shown(redirect)
            );
            return Err(Refused::new(400, "invalid_request", 50_011, words));
        }
        let back = |pairs: &[(&str, &str)]| go_back(redirect, pairs, form.given("state"));
        if form.required("response_type")? != "code"
            || form.given("code_challenge_method").is_some_and(|how| how != "S256")
        {
            return Ok(back(&[("error", "invalid_request")]));
        }
        Asked::read(form.required("scope")?)?;
        if form.given(CANCEL).is_some() {
            let refused = Refused::new(400, "access_denied", 65_004, DECLINED.to_owned());
            return Ok(back(&[("error", &refused.error), ("error_description", &refused.description(now))]));
        }
        if form.given("login_hint").is_none() && form.given("prompt").is_some_and(|prompt| prompt != "none") {
            return Ok(self.choice(path));
        }
        let hint = form.given("login_hint").unwrap_or(ADMIN);
        let Some(user) = self.tenant.user(hint) else {
            let words = format!(
                "The user account {} does not exist in the {TENANT_NAME} directory. To sign into this application, the \
                 account must be added to the directory.",
                shown(hint)
            );
            return Err(Refused::new(400, "invalid_grant", 50_034, words));
        };
        if let Err(refused) = self.refuse("authorize", user, form, now) {
            return Ok(back(&[("error", &refused.error), ("error_description", &refused.description(now))]));
        }
        let code = self.token_issuer.sealed(
            "code",
            &json!({
                "user": user, "redirect": redirect, "challenge": form.given("code_challenge").unwrap_or_default(),
                "scope": form.given("scope").unwrap_or_default(), "nonce": form.given("nonce").unwrap_or_default(),
                "at": now.as_second(), "no": self.token_issuer.word(16),
            }),
        );
        Ok(back(&[("code", &code), ("session_state", "5b6c1d7e-0a4f-4c62-9d83-1f2e3a4b5c6d")]))
    }

    /// The page on which somebody picks an account.
    fn choice(&self, path: &str) -> Answer {
        let path: String = path.replace('&', "&amp;").replace(['"', '<', '>'], "");
        let mut body = String::from("<!DOCTYPE html>\n<html><head><title>Sign in to your account</title></head><body>");
        body.push_str("<h1>Pick an account</h1><ul>");
        for user in self.tenant.users() {
            let _ = write!(body, "<li><a href=\"{path}&amp;login_hint={user}\">{user}</a></li>");
        }
        let _ = writeln!(body, "</ul><a href=\"{path}&amp;{CANCEL}=1\">Cancel</a></body></html>");
        typed(200, HTML, body)
    }

    /// The answer to a program that has no browser.
    pub(super) fn device_code(&self, tenant: &str, form: &Form, now: Timestamp) -> Outcome {
        issuer_tenant(tenant).ok_or_else(|| no_such_tenant(tenant))?;
        self.know(form.client()?)?;
        self.refuse("devicecode", "", form, now)?;
        let scope = form.required("scope")?;
        Asked::read(scope)?;
        let code = format!("DAQABIQEAAAD{}", self.token_issuer.word(120));
        let user_code: String = self.token_issuer.word(32).chars().filter(char::is_ascii_uppercase).take(9).collect();
        let address = "https://microsoft.com/devicelogin";
        self.entra.remember(Device {
            code: code.clone(),
            user_code: user_code.clone(),
            scope: scope.to_owned(),
            at: now.as_second(),
            asked: 0,
            user: None,
            is_declined: false,
        });
        let body = json!({
            "user_code": user_code, "device_code": code, "verification_uri": address, "expires_in": DEVICE_SECONDS,
            "interval": 1, // Entra says 5; nobody learns anything by waiting
            "message": format!(
                "To sign in, use a web browser to open the page {address} and enter the code {user_code} to authenticate."
            ),
        });
        Ok(typed(200, JSON, body.to_string()))
    }

    /// Somebody types the code of a device, and is signed in as the user that is named, or cancels.
    pub(super) fn approve(&self, form: &Form) -> Answer {
        let user = self.tenant.user(form.given("login_hint").unwrap_or(ADMIN));
        let code = form.given("user_code").or(form.given("otc"));
        if let (Some(code), Some(_)) = (code, form.given(CANCEL)) {
            self.entra.decline(code);
            return page(200, "You have canceled the sign-in");
        }
        match (user, code) {
            (Some(user), Some(code)) if self.entra.approve(code, user) => page(200, "You are signed in"),
            _ => page(400, "That code did not work"),
        }
    }
}

/// ECE's own address to the letter, or a port of this machine: Entra lets the port of `http://localhost` differ.
fn is_registered(redirect: &str, known: &str) -> bool {
    let local = ["http://localhost", "http://127.0.0.1"].iter().find_map(|start| redirect.strip_prefix(start));
    redirect == known || local.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
}

fn go_back(redirect: &str, pairs: &[(&str, &str)], state: Option<&str>) -> Answer {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    if let Some(state) = state {
        query.append_pair("state", state);
    }
    let mark = if redirect.contains('?') { '&' } else { '?' };
    sent_on(&format!("{}{mark}{}", redirect.replace(char::is_control, ""), query.finish()))
}
