//! What an error text means: which causes it can have, how sure that is, and what would settle it.
//!
//! In: a text that somebody copied, or whole logs. Out: causes, best first. The same signs serve here that serve a run
//! (see [`crate::diagnose`]); what a run knows of host, port and stage must here be read out of the words, so a text
//! alone settles less.

pub mod hear;
mod idiom;
pub mod log;
pub mod mask;
mod sample;

use clap::ValueEnum;

use crate::{
    catalogue::{Catalogue, cause::Shows},
    diagnose::{self, Heard, Meant},
    finding::Certainty,
    seen::Protocol,
};

/// What was being spoken, as the person who asks knows it. A hint: it puts causes first and takes none away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Channel {
    /// Mail submission
    Smtp,
    /// Mail access
    Imap,
    /// Mail pick-up
    Pop3,
    /// Entra's token endpoint
    Token,
    /// Entra's sign-in page
    Authorize,
    /// Microsoft Graph
    Graph,
    /// User provisioning
    Scim,
    /// Encryption and certificates
    Tls,
    /// The connection itself
    Tcp,
    /// Name lookup
    Dns,
    /// HTTP and its proxies
    Http,
}

impl Channel {
    fn protocol(self) -> Protocol {
        match self {
            Self::Smtp => Protocol::Smtp,
            Self::Imap => Protocol::Imap,
            Self::Pop3 => Protocol::Pop3,
            Self::Token => Protocol::Token,
            Self::Authorize => Protocol::Authorize,
            Self::Graph => Protocol::Graph,
            Self::Scim => Protocol::Scim,
            Self::Tls => Protocol::Tls,
            Self::Tcp => Protocol::Tcp,
            Self::Dns => Protocol::Dns,
            Self::Http => Protocol::Https,
        }
    }
}

/// What a text means.
#[derive(Clone, Debug, Default)]
pub struct Meaning<'c> {
    /// The causes it can have, best first; none when it says nothing that is known.
    pub causes: Vec<Meant<'c>>,
    /// What the text says, in the terms of the signs.
    pub heard: Option<Heard>,
    /// What would settle it, when it does not settle itself.
    pub next: Option<String>,
}

/// Tells what a text means. The innermost refusal that is known decides; what libraries put around it does not count.
/// A text without any refusal may still read like one of our own samples.
#[must_use]
pub fn explain<'c>(text: &str, channel: Option<Channel>, catalogue: &'c Catalogue) -> Meaning<'c> {
    let meaning = of_refusals(text, channel, catalogue);
    if meaning.causes.is_empty() { sample::resembling(text, channel, catalogue) } else { meaning }
}

/// The same, of refusals alone.
fn of_refusals<'c>(text: &str, channel: Option<Channel>, catalogue: &'c Catalogue) -> Meaning<'c> {
    for heard in hear::hear(text) {
        let mut causes = diagnose::of_text(&heard, catalogue);
        if causes.is_empty() {
            continue;
        }
        if let Some(channel) = channel {
            causes.sort_by_key(|meant| (meant.certainty, !speaks(meant, channel.protocol())));
        }
        let next = next(&causes, &heard, channel);
        return Meaning { causes, heard: Some(heard), next };
    }
    Meaning::default()
}

/// What was heard, in a few words: codes first.
#[must_use]
pub fn said(heard: &Heard) -> String {
    let mut said: Vec<String> = heard.aadsts.iter().take(3).map(|number| format!("AADSTS{number}")).collect();
    said.extend(heard.code.map(|code| code.to_string()));
    said.extend(heard.enhanced.clone());
    said.extend(heard.error.clone());
    let quoted: String = mask::mask(&heard.words).chars().take(160).collect();
    said.push(format!("\"{}\"", quoted.trim()));
    said.join(" ")
}

/// Whether a sign of the cause is of this protocol.
fn speaks(meant: &Meant<'_>, protocol: Protocol) -> bool {
    meant.cause.signs.iter().any(|sign| matches!(&sign.shows, Shows::Stop(stop) if stop.protocol == Some(protocol)))
}

/// The look that would tell the causes apart.
fn next(causes: &[Meant<'_>], heard: &Heard, channel: Option<Channel>) -> Option<String> {
    if causes.first().is_none_or(|first| first.certainty == Certainty::Certain) {
        return None;
    }
    let only = |checks: &str| format!("ece-check run --only {checks}");
    let token_then = |check: &str| {
        format!(
            "{} : it looks into the token first (for whom, whose, until when, for what), then signs in with it",
            only(&format!("token,{check}"))
        )
    };
    let next = match channel.map(Channel::protocol).or(heard.protocol) {
        Some(Protocol::Dns) => format!("{} on the server itself, as the user that runs ECE", only("dns")),
        Some(Protocol::Tcp) => format!("{} : it tries every address and port of the list", only("dns,tcp")),
        Some(Protocol::Tls) => format!("{} : it shows who signed the certificate", only("tcp,tls")),
        Some(Protocol::Https | Protocol::Proxy) => only("https"),
        Some(Protocol::Smtp) => token_then("smtp"),
        Some(Protocol::Imap) => token_then("imap"),
        Some(Protocol::Pop3) => token_then("pop3"),
        Some(Protocol::Token | Protocol::Authorize) => {
            "Entra admin centre > Sign-in logs: find the correlation id of the text; failure reason and policy stand there"
                .to_owned()
        }
        Some(Protocol::Graph) => only("directory,mailbox"),
        Some(Protocol::Scim) => "Entra admin centre > the Webex application > Provisioning > Test connection".to_owned(),
        None => "ece-check run : it looks at each part by itself".to_owned(),
    };
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another cause may be as sure, never surer: the same words can be a sample of several.
    #[test]
    fn every_sample_finds_its_own_cause() {
        let catalogue = Catalogue::built_in();
        let mut wrong = Vec::new();
        for (cause, sign) in catalogue.signs() {
            let meaning = explain(&sign.sample, None, &catalogue);
            let at = meaning.causes.iter().position(|meant| meant.cause.code == cause.code);
            let best = meaning.causes.first().map(|first| first.certainty);
            let found = at.is_some_and(|at| Some(meaning.causes[at].certainty) == best);
            if !found {
                let named: Vec<&str> = meaning.causes.iter().map(|meant| meant.cause.code.as_str()).collect();
                wrong.push(format!("{}: \"{}\" finds {named:?}", cause.code, sign.sample));
            }
        }
        assert!(wrong.is_empty(), "{} samples:\n{}", wrong.len(), wrong.join("\n"));
    }
}
