//! What is looked at and judged, and the key by which an observation is found again.

use std::{borrow::Cow, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::SharedText;

/// What is looked at and judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The site as a whole: what the user's file states.
    #[default]
    Site,
    /// A name in DNS.
    Name(SharedText),
    /// A service on a port.
    Endpoint(Endpoint),
    /// An account of ECE, by its name there.
    Account(SharedText),
    /// A mailbox, by its address in lower case: a report of a version that kept capitals is read as this one writes it.
    Mailbox(#[serde(deserialize_with = "in_lower_case")] SharedText),
    /// The application in Entra.
    Application,
}

/// A service on a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(from = "Place", into = "Place")]
#[schemars(with = "Place")]
pub struct Endpoint {
    /// Its host.
    pub host: SharedText,
    /// Its port.
    pub port: u16,
    /// Both as one text, so that it can be lent.
    text: SharedText,
}

impl Endpoint {
    fn new(host: &str, port: u16) -> Self {
        Self { host: host.into(), port, text: format!("{host}:{port}").into() }
    }
}

/// An [`Endpoint`] in a saved key.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Place {
    /// The host.
    host: SharedText,
    /// The port.
    port: u16,
}

impl From<Place> for Endpoint {
    fn from(place: Place) -> Self {
        Self::new(&place.host, place.port)
    }
}

impl From<Endpoint> for Place {
    fn from(endpoint: Endpoint) -> Self {
        Self { host: endpoint.host, port: endpoint.port }
    }
}

fn in_lower_case<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SharedText, D::Error> {
    Cow::<str>::deserialize(deserializer).map(|text| text.to_lowercase().into())
}

impl Subject {
    /// A service on a port.
    #[must_use]
    pub fn endpoint(host: &str, port: u16) -> Self {
        Self::Endpoint(Endpoint::new(host, port))
    }

    /// The subject that a report names with this text. The text of a report does not tell an account from a name: one
    /// with a dot is read as a name. What must know better reads the key of the observation, which says it.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        if text == Self::Site.as_str() {
            return Self::Site;
        }
        if text == Self::Application.as_str() {
            return Self::Application;
        }
        if text.contains('@') {
            return Self::Mailbox(text.to_lowercase().into());
        }
        let place = text.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        let service = place.and_then(|(host, port)| Some(Self::endpoint(host, port.parse().ok()?)));
        match service {
            Some(service) if service.as_str() == text => service,
            _ if text.contains('.') => Self::Name(text.into()),
            _ => Self::Account(text.into()),
        }
    }

    /// Its text, as a report writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Site => "site",
            Self::Application => "application",
            Self::Name(text) | Self::Account(text) | Self::Mailbox(text) => text,
            Self::Endpoint(endpoint) => &endpoint.text,
        }
    }

    /// The host, of a name or of a service.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            Self::Endpoint(endpoint) => Some(&endpoint.host),
            Self::Site | Self::Account(_) | Self::Mailbox(_) | Self::Application => None,
        }
    }

    /// The port of a service.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        if let Self::Endpoint(endpoint) = self { Some(endpoint.port) } else { None }
    }

    /// The address of a mailbox.
    #[must_use]
    pub fn mailbox(&self) -> Option<&str> {
        if let Self::Mailbox(address) = self { Some(address) } else { None }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq<str> for Subject {
    fn eq(&self, text: &str) -> bool {
        self.as_str() == text
    }
}

impl PartialEq<&str> for Subject {
    fn eq(&self, text: &&str) -> bool {
        self.as_str() == *text
    }
}

/// A [`Subject`] in the field of a report, which is its text.
pub(crate) mod as_text {
    use serde::Serializer;

    use super::{Cow, Deserialize, Deserializer, Subject};

    /// Writes the text.
    pub(crate) fn serialize<S: Serializer>(subject: &Subject, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(subject.as_str())
    }

    /// Reads the text.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Subject, D::Error> {
        Cow::<str>::deserialize(deserializer).map(|text| Subject::of_text(&text))
    }
}

/// What tells one probe of a plan from every other: by it a later probe finds what it needs, and a saved observation its
/// place in a new plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ProbeKey {
    /// The kind of probe, such as `dns` or `service`.
    pub probe: String,
    /// What it looks at; host names in lower case.
    pub subject: Subject,
    /// What tells it from the others of its kind and subject: a protocol, another route. Mostly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub variant: String,
}

impl ProbeKey {
    /// The key of a probe.
    #[must_use]
    pub fn new(probe: &str, subject: Subject, variant: &str) -> Self {
        let subject = match subject {
            Subject::Name(name) => Subject::Name(name.to_lowercase().into()),
            Subject::Endpoint(at) => Subject::endpoint(&at.host.to_lowercase(), at.port),
            other => other,
        };
        Self { probe: probe.to_owned(), subject, variant: variant.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_a_report_is_read_back() {
        let subjects = [
            Subject::Site,
            Subject::Application,
            Subject::Name("outlook.office365.com".into()),
            Subject::endpoint("outlook.office365.com", 993),
            Subject::Account("sales".into()),
            Subject::Mailbox("sales@example.com".into()),
        ];
        for subject in subjects {
            assert_eq!(Subject::of_text(subject.as_str()), subject);
        }
        for text in ["", ":25", "host:", "host:smtp", "host:025", "host:+25", "a:b:70000", "john.doe"] {
            assert_eq!(Subject::of_text(text).as_str(), text);
        }
    }

    #[test]
    fn mailbox_of_a_report_that_kept_capitals_is_the_same() {
        let small = Subject::Mailbox("sales@example.com".into());
        assert_eq!(Subject::of_text("Sales@Example.com"), small);
        let key: ProbeKey =
            serde_json::from_str(r#"{"probe":"sign-in","subject":{"mailbox":"Sales@Example.com"}}"#).unwrap();
        assert_eq!(key.subject, small);
    }
}
