//! The addresses of ECE's web pages, as the user's file states them. Nothing is contacted.
//!
//! In: a [`UrlProbe`] with the addresses as typed. Out: what is wrong with the form of the external URL, and how the others
//! differ from it. Cisco document 218453 wants `https://ece.example.com`, the same host in the console's address and in
//! the redirect URL. The parts of an address are those of RFC 3986, section 3; hosts are compared after IDNA
//! (UTS #46), which is also what a browser sends and what stands in a certificate.

use super::{Earlier, FactGroup, Probe, ProbeContext};
use crate::{
    ece::external_url::{differences, faults, shown},
    evidence::{Facts, Observation, Route, Subject, facts},
};

facts! {
    /// What the stated addresses can show.
    SETTING: String = "url.setting", "name of the setting";
    EXTERNAL: String = "url.external", "external URL";
    EXTERNAL_FAULTS: Vec<String> = "url.external_faults", "format errors";
    CONSOLE: String = "url.console", "console URL";
    CONSOLE_DIFFERS: Vec<String> = "url.console_differs", "differences from the console URL";
    REDIRECT: String = "url.redirect", "redirect URI sent by ECE";
    REGISTERED: Vec<String> = "url.registered", "redirect URIs registered in Entra";
    REDIRECT_DIFFERS: Vec<String> = "url.redirect_differs", "differences from the redirect URI";
}

/// The stated addresses, as typed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UrlProbe {
    /// What the release calls the setting that holds the external URL.
    pub setting: String,
    /// What stands in that setting.
    pub external: Option<String>,
    /// What people type to open the console.
    pub console: Option<String>,
    /// The redirect URL that ECE sends.
    pub redirect: Option<String>,
    /// The redirect URLs that are registered in Entra; empty when not stated.
    pub registered: Vec<String>,
}

impl Probe for UrlProbe {
    const NAME: &str = "url";
    const FACTS: &[FactGroup] = &[("url", FACTS)];

    fn subject(&self) -> Subject {
        Subject::Site
    }

    async fn observe(&self, _: &Earlier, _: &ProbeContext) -> Observation {
        observe(self)
    }
}

/// Compares the stated addresses.
#[must_use]
pub fn observe(look: &UrlProbe) -> Observation {
    Observation { own: true, facts: facts(look), ..Observation::new("url", Subject::Site, Route::File) }
}

fn facts(look: &UrlProbe) -> Facts {
    let mut facts = Facts::default();
    facts.set(SETTING, look.setting.as_str());
    if let Some(external) = &look.external {
        facts.set(EXTERNAL, shown(external));
        facts.set(EXTERNAL_FAULTS, faults(external));
    }
    if let Some(console) = &look.console {
        facts.set(CONSOLE, shown(console));
    }
    if let Some(redirect) = &look.redirect {
        facts.set(REDIRECT, shown(redirect));
    }
    if !look.registered.is_empty() {
        facts.set(REGISTERED, look.registered.iter().map(|url| shown(url)).collect::<Vec<_>>());
    }
    if let (Some(external), Some(console)) = (&look.external, &look.console) {
        facts.set(CONSOLE_DIFFERS, differences(external, console));
    }
    if let Some(differs) = redirect_differs(look) {
        facts.set(REDIRECT_DIFFERS, differs);
    }
    facts
}

/// How the redirect URL differs from the external URL, and from what is registered. None when nothing can be compared.
fn redirect_differs(look: &UrlProbe) -> Option<Vec<String>> {
    let external = look.external.as_ref()?;
    let Some(redirect) = &look.redirect else {
        let nearest = look.registered.iter().map(|url| differences(external, url)).min_by_key(Vec::len)?;
        return Some(nearest.into_iter().map(|words| format!("registered: {words}")).collect());
    };
    let mut differs = differences(external, redirect);
    // Entra compares the redirect URL letter by letter (AADSTS50011).
    if !look.registered.is_empty() && !look.registered.contains(redirect) {
        differs.push(format!("{} is not among the registered ones", shown(redirect)));
    }
    Some(differs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(external: &str, console: &str, redirect: &str, registered: &[&str]) -> Facts {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        observe(&UrlProbe {
            setting: "External URL of Application".to_owned(),
            external: some(external),
            console: some(console),
            redirect: some(redirect),
            registered: registered.iter().map(|url| (*url).to_owned()).collect(),
        })
        .facts
    }

    fn list(facts: &Facts, name: &str) -> String {
        facts.value(name).map_or_else(|| "absent".to_owned(), ToString::to_string)
    }

    #[test]
    fn good_form_has_no_faults() {
        for url in ["https://ece.example.com", "https://ece-1.dept.example.com", "HTTPS://xn--bcher-kva.example.com"] {
            assert_eq!(faults(url), Vec::<String>::new(), "{url}");
        }
    }

    #[test]
    fn each_fault_of_form_has_its_words() {
        for (url, words) in [
            ("http://ece.example.com", "begins with http://"),
            ("https://ece", "short name (ece)"),
            ("https://10.1.2.3", "IP address (10.1.2.3)"),
            ("https://[2001:db8::1]", "IP address"),
            ("https://ece.example.com:8443", "has a port (:8443)"),
            ("https://ece.example.com:443", ":443 is not needed"),
            ("https://ece.example.com/", "ends with a slash"),
            ("https://ece.example.com/system", "has a path (/system)"),
            ("https://ece.example.com?x=1", "query or a fragment"),
            ("https://ece.example.com/#x", "query or a fragment"),
            ("https://admin@ece.example.com", "user name"),
            ("https://ECE.example.com", "write ece.example.com"),
            ("https://ece.example.com.", "ends with a dot"),
            ("https://ece_1.example.com", "underscore"),
            ("https://bücher.example.com", "write xn--bcher-kva.example.com"),
            ("https://localhost", "localhost"),
            (" https://ece.example.com ", "spaces around"),
            ("https://ece..example.com", "cannot be a name"),
            ("https://ece.example.com\\system", "has a path"),
            ("ece.example.com", "https:// is missing"),
            ("https://", "not a web address"),
            ("https://ece.example.com:99999", "not a web address"),
            ("https://ece example.com", "not a web address"),
            ("", "empty"),
        ] {
            let faults = faults(url);
            assert_eq!(faults.len(), 1, "{url}: {faults:?}");
            assert!(faults[0].contains(words), "{url}: {faults:?}");
        }
    }

    #[test]
    fn several_faults_are_told_at_once() {
        assert_eq!(faults(" http://ECE:8080/system ").len(), 6);
    }

    #[test]
    fn same_server_in_another_spelling_is_no_difference() {
        for console in [
            "https://ece.example.com/system",
            "https://ECE.EXAMPLE.COM",
            "https://ece.example.com.",
            "https://ece.example.com:443/system/web/view?x=1",
        ] {
            let facts = look("https://ece.example.com", console, "", &[]);
            assert_eq!(list(&facts, "url.console_differs"), "none", "{console}");
        }
        let facts = look("https://bücher.example.com", "https://xn--bcher-kva.example.com", "", &[]);
        assert_eq!(list(&facts, "url.console_differs"), "none");
    }

    #[test]
    fn differences_are_told_with_both_values() {
        let facts = look("https://ece.example.com", "http://ece01.example.com", "https://ece.example.com:8443/x", &[]);
        assert_eq!(
            list(&facts, "url.console_differs"),
            "scheme: https against http, host: ece.example.com against ece01.example.com"
        );
        assert_eq!(list(&facts, "url.redirect_differs"), "port: 443 against 8443");
    }

    #[test]
    fn what_is_missing_is_never_equal() {
        let facts = look("", "", "", &[]);
        for name in ["url.external_faults", "url.console_differs", "url.redirect_differs", "url.external"] {
            assert_eq!(facts.value(name), None, "{name}");
        }
        assert_eq!(look("", "https://a.example.com", "https://a.example.com", &[]).value("url.console_differs"), None);
    }

    #[test]
    fn rubbish_on_both_sides_is_not_equal() {
        assert!(list(&look("ece", "ece", "", &[]), "url.console_differs").contains("cannot be compared"));
    }

    #[test]
    fn registered_redirect_is_compared_letter_by_letter() {
        let sent = "https://ece.example.com/system/oauth";
        let differs =
            |registered: &[&str]| list(&look("https://ece.example.com", "", sent, registered), "url.redirect_differs");
        assert_eq!(differs(&[sent]), "none");
        assert_eq!(differs(&["https://other.example.com/", sent]), "none");
        assert!(differs(&["https://ece.example.com/system/OAuth"]).contains("not among"));
    }

    #[test]
    fn registered_alone_is_held_against_the_external_url() {
        let differs =
            |registered: &[&str]| list(&look("https://ece.example.com", "", "", registered), "url.redirect_differs");
        assert_eq!(differs(&["https://old.example.com/x", "https://ece.example.com/x"]), "none");
        assert_eq!(
            differs(&["https://old.example.com/x"]),
            "registered: host: ece.example.com against old.example.com"
        );
        assert_eq!(differs(&[]), "absent");
    }

    #[test]
    fn passwords_and_codes_are_not_shown() {
        let facts =
            look("https://u:hunter2@ece.example.com/?code=hunter2", "ece/#hunter2", "", &["https://h@x/?hunter2"]);
        assert!(!format!("{facts:?}").contains("hunter2"), "{facts:?}");
        assert_eq!(list(&facts, "url.external"), "https://…@ece.example.com/?…");
    }

    #[test]
    fn every_fact_is_declared() {
        let facts = look("https://a.example.com", "https://a.example.com", "https://b.example.com", &["x"]);
        for (name, _) in facts.iter() {
            assert!(FACTS.iter().any(|fact| fact.name == name), "{name}");
        }
    }
}
