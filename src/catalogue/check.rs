//! A check: a statement that should hold, with its section, its needs, its words and its proofs.
//!
//! In: one file below `checks/`; the file's place is the check's id. Out: a [`Check`] whose facts and words are valid.

use serde::{Deserialize, Serialize};

use super::{
    Section,
    expect::{self, Expectation},
};
use crate::{
    evidence::{Protocol, SharedText, Stage},
    finding::{Owner, Severity, Status},
    probe::FACTS,
    table::{At, Mistake, Table, choose, did_you_mean},
};

/// A declared statement that should hold.
#[derive(Clone, Debug)]
pub struct Check {
    /// Its id, such as `smtp.starttls`.
    pub id: SharedText,
    /// A statement that is true when all is well.
    pub title: SharedText,
    /// The same turned round: what is true when it does not hold.
    pub fails: SharedText,
    /// The same where it fails at some addresses only, where that is to be said otherwise.
    pub fails_some: Option<SharedText>,
    /// The same where a proxy refused and the service was not reached.
    pub fails_proxy: Option<SharedText>,
    /// The same where the other side ended or was not understood, so that what it is about was never answered.
    pub fails_cut_off: Option<SharedText>,
    /// What is true when it holds with a reservation, where it has one to make beside a failure.
    pub warns: Option<SharedText>,
    /// Its section of the checklist.
    pub section: Section,
    /// What it is made for.
    pub subject: SubjectKind,
    /// Whose endpoints it is made for; none is everybody's.
    pub of: Option<Of>,
    /// The protocols of the endpoints it is made for; none is all.
    pub protocols: Vec<Protocol>,
    /// The names of the endpoints it is made for; none is all.
    pub endpoints: Vec<String>,
    /// The roles of the servers it is made for; none is all.
    pub roles: Vec<String>,
    /// Whether it makes sense before ECE is installed.
    pub pre_install: bool,
    /// The checks that must hold before this one is worth a look.
    pub needs: Vec<String>,
    /// The checks of this run that know better, where this one reads a file: what a service did counts before what a file
    /// says.
    pub outranked_by: Vec<String>,
    /// The checks of this run whose refusal knows better, while their pass proves nothing of what the file says.
    pub refused_by: Vec<String>,
    /// Who is asked for the file that this check reads; none for a check that reads none.
    pub asks: Option<Owner>,
    /// What must be given in the user's file, such as `ece.release`.
    pub wants: Vec<String>,
    /// True for a check that is made only when it is asked for.
    pub optional: bool,
    /// How much depends on it.
    pub severity: Severity,
    /// Where its look goes.
    pub probe: ProbeTable,
    /// The stages at which a stop speaks against this check, and no other.
    pub stages: Vec<Stage>,
    /// What must hold for the check to say anything: the kind of token, the way it was come by.
    pub applies: Vec<Expectation>,
    /// What the facts must be for the check to be possible; otherwise the user is asked for what is missing.
    pub given: Vec<Expectation>,
    /// What must hold.
    pub expect: Vec<Expectation>,
    /// What should hold; a miss is a warning.
    pub prefer: Vec<Expectation>,
    /// The facts that are printed as what was found.
    pub shows: Vec<String>,
    /// Its words.
    pub words: Words,
    /// The faults of the lab that show it failing.
    pub proofs: Vec<Proof>,
}

impl Check {
    /// True for a word that names the check on the command line: its id, the id's leading part, or its section.
    #[must_use]
    pub fn is_named(&self, word: &str) -> bool {
        let leading = self.id.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        leading || self.section.name() == word
    }

    /// The title of evidence that is contradicted: what the evidence says, and that this run shows something else. The
    /// title of what holds would contradict what was found in a file.
    #[must_use]
    pub fn contradicted(&self, is_failure: bool) -> String {
        format!("This run contradicts the evidence \"{}\"", if is_failure { &self.fails } else { &self.title })
    }
}

/// What a check is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubjectKind {
    /// Once, for the whole site.
    Site,
    /// Once for each name.
    Name,
    /// Once for each name and port.
    Endpoint,
    /// Once for each account of ECE.
    Account,
    /// Once for each mailbox.
    Mailbox,
}

/// Whose endpoints a check is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Of {
    /// Microsoft's.
    Microsoft,
    /// The site's own.
    Site,
}

/// The probe table of a check: which probe, and where to when it is not the subject's own place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeTable {
    /// The probe: one of the names in [`FACTS`].
    pub name: &'static str,
    /// A place of the check's own, for checks of the whole site.
    pub place: Option<(String, u16)>,
}

/// The words of a check.
#[derive(Clone, Debug)]
pub struct Words {
    /// What should be seen.
    pub expected: SharedText,
    /// What it means for ECE when the check fails.
    pub why: SharedText,
    /// What a reservation means; nothing where it has no effect.
    pub why_warn: Option<SharedText>,
    /// What it means when some addresses fail and others do not.
    pub why_some: Option<SharedText>,
    /// What it means when a proxy refused.
    pub why_proxy: Option<SharedText>,
    /// What it means where what it is about was never answered.
    pub why_cut_off: Option<SharedText>,
    /// What it means when a server of the site itself shows it.
    pub why_site: Option<SharedText>,
    /// What to give when something is missing from the user's file.
    pub input: Option<SharedText>,
    /// What to give when what is there is not as `given` has it.
    pub instead: Option<SharedText>,
    /// Pages that say so.
    pub sources: Vec<String>,
}

/// A fault of the lab under which the check comes out otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The fault.
    pub fault: String,
    /// How the check comes out.
    pub status: Status,
}

/// The words that may stand for a place in a probe table.
const PLACEHOLDERS: &[&str] = &["{endpoint.host}", "{endpoint.port}", "{name}"];

/// Reads one check. `known` are the ids of all checks.
///
/// # Errors
/// The first mistake in the file.
pub fn read(id: &str, mut table: Table<'_>, known: &[&str]) -> Result<Check, Mistake> {
    let subject = choose(&table.required("for")?)?;
    let probe = read_probe(&mut table, subject)?;
    let expect = read_expectations(&mut table, "expect", probe.name)?;
    let prefer = read_expectations(&mut table, "prefer", probe.name)?;
    if expect.is_empty() && prefer.is_empty() {
        return Err(table.mistake("nothing is expected", "add [expect] with at least one fact"));
    }
    let section: Section = choose(&table.required("section")?)?;
    let check = Check {
        id: id.into(),
        title: table.required("title")?.value.into(),
        fails: table.required("fails")?.value.into(),
        fails_some: table.text("fails_some")?.map(|at| at.value.into()),
        fails_proxy: table.text("fails_proxy")?.map(|at| at.value.into()),
        fails_cut_off: table.text("fails_cut_off")?.map(|at| at.value.into()),
        warns: table.text("warns")?.map(|at| at.value.into()),
        section,
        subject,
        of: table.text("of")?.map(|of| choose(&of)).transpose()?,
        protocols: read_choices(&mut table, "protocols")?,
        endpoints: table.texts("endpoints")?.map_or_else(Vec::new, |at| at.value),
        roles: read_roles(&mut table)?,
        pre_install: table.bool("pre_install")?.is_none_or(|at| at.value),
        needs: read_needs(&mut table, "needs", id, known)?,
        asks: table.text("asks")?.map(|owner| choose(&owner)).transpose()?,
        outranked_by: read_needs(&mut table, "outranked_by", id, known)?,
        refused_by: read_needs(&mut table, "refused_by", id, known)?,
        wants: table.texts("wants")?.map_or_else(Vec::new, |at| at.value),
        optional: table.bool("optional")?.is_some_and(|at| at.value),
        severity: table.text("severity")?.map(|at| choose(&at)).transpose()?.unwrap_or_else(|| usual(section)),
        stages: read_choices(&mut table, "stages")?,
        applies: read_expectations(&mut table, "applies", probe.name)?,
        given: read_expectations(&mut table, "given", probe.name)?,
        expect,
        prefer,
        shows: read_shows(&mut table, probe.name)?,
        words: read_words(&mut table)?,
        proofs: table.tables("proof")?.into_iter().map(read_proof).collect::<Result<_, _>>()?,
        probe,
    };
    if !check.wants.is_empty() && check.words.input.is_none() {
        return Err(
            table.mistake("wants is given and words.input is not", "say in words.input what to write in the file")
        );
    }
    if check.given.is_empty() != check.words.instead.is_none() {
        return Err(table.mistake("given and words.instead belong together", "give both, or neither"));
    }
    table.close()?;
    Ok(check)
}

/// What depends on a check of a section that does not say it: mail, except for what Webex alone needs.
fn usual(section: Section) -> Severity {
    match section {
        Section::WebexIntegration | Section::WebexProvisioning => Severity::Improvement,
        _ => Severity::StopsMail,
    }
}

fn read_probe(table: &mut Table<'_>, subject: SubjectKind) -> Result<ProbeTable, Mistake> {
    let Some(mut probes) = table.table("probe")? else {
        return Err(table.mistake("no probe", "add a table such as [probe.tcp]"));
    };
    let Some(key) = probes.keys().into_iter().next() else {
        return Err(probes.mistake("no probe", "add a table such as [probe.tcp]"));
    };
    let names: Vec<&str> = FACTS.iter().map(|(name, _)| *name).collect();
    let name = names.iter().find(|name| **name == key.value);
    let name = *name.ok_or_else(|| key.mistake(format!("no probe {}", key.value), did_you_mean(&key.value, &names)))?;
    let place = match probes.table(&key.value)? {
        Some(place) => read_place(place, subject)?,
        None => None,
    };
    probes.close()?;
    Ok(ProbeTable { name, place })
}

fn read_place(mut table: Table<'_>, subject: SubjectKind) -> Result<Option<(String, u16)>, Mistake> {
    let host = table.text("host")?;
    if let Some(host) = host.as_ref().filter(|host| host.value.contains('{')) {
        known_placeholder(host)?;
    }
    let port = match table.text_or_int("port")? {
        Some(port) if port.value.parse::<u16>().is_ok_and(|port| port > 0) => port.value.parse().ok(),
        Some(port) => {
            known_placeholder(&port)?;
            None
        }
        None => None,
    };
    table.close()?;
    match (subject, host, port) {
        (SubjectKind::Site, Some(host), Some(port)) if !host.value.contains('{') => Ok(Some((host.value, port))),
        (SubjectKind::Site, Some(host), _) => {
            Err(host.mistake("a place needs host and port", "write host = \"…\" and port = …"))
        }
        (_, Some(host), _) if !host.value.contains('{') => {
            Err(host
                .mistake("a place of its own is for checks with for = \"site\"", "write host = \"{endpoint.host}\""))
        }
        _ => Ok(None),
    }
}

fn known_placeholder(word: &At<'_, String>) -> Result<(), Mistake> {
    if PLACEHOLDERS.contains(&word.value.as_str()) {
        return Ok(());
    }
    Err(word.mistake(format!("unknown placeholder {}", word.value), did_you_mean(&word.value, PLACEHOLDERS)))
}

fn read_expectations(table: &mut Table<'_>, key: &str, probe: &str) -> Result<Vec<Expectation>, Mistake> {
    table.table(key)?.map_or_else(|| Ok(Vec::new()), |expectations| expect::read(expectations, probe))
}

fn read_choices<T: serde::de::DeserializeOwned>(table: &mut Table<'_>, key: &str) -> Result<Vec<T>, Mistake> {
    let Some(words) = table.texts(key)? else { return Ok(Vec::new()) };
    words.each().iter().map(choose).collect()
}

fn read_roles(table: &mut Table<'_>) -> Result<Vec<String>, Mistake> {
    let Some(roles) = table.texts("roles")? else { return Ok(Vec::new()) };
    let known = ["services", "application"];
    for role in roles.each() {
        if !known.contains(&role.value.as_str()) {
            return Err(role.mistake(format!("no role {}", role.value), did_you_mean(&role.value, &known)));
        }
    }
    Ok(roles.value)
}

fn read_needs(table: &mut Table<'_>, key: &str, id: &str, known: &[&str]) -> Result<Vec<String>, Mistake> {
    let Some(needs) = table.texts(key)? else { return Ok(Vec::new()) };
    for need in needs.each() {
        if need.value == id {
            return Err(need.mistake("a check cannot need itself", "leave it out"));
        }
        if !known.contains(&need.value.as_str()) {
            return Err(need.mistake(format!("no check {}", need.value), did_you_mean(&need.value, known)));
        }
    }
    Ok(needs.value)
}

fn read_shows(table: &mut Table<'_>, probe: &str) -> Result<Vec<String>, Mistake> {
    let Some(shows) = table.texts("shows")? else { return Ok(Vec::new()) };
    shows.each().iter().map(|name| expect::declared(name, probe).map(|fact| fact.name.to_owned())).collect()
}

fn read_words(table: &mut Table<'_>) -> Result<Words, Mistake> {
    let Some(mut words) = table.table("words")? else {
        return Err(table.mistake("no words", "add [words] with expected, why and sources"));
    };
    let Some(sources) = words.texts("sources")? else {
        return Err(words.mistake("no sources", "add sources = [\"https://…\"]"));
    };
    let read = Words {
        expected: words.required("expected")?.value.into(),
        why: words.required("why")?.value.into(),
        why_warn: words.text("why_warn")?.map(|at| at.value.into()),
        why_some: words.text("why_some")?.map(|at| at.value.into()),
        why_proxy: words.text("why_proxy")?.map(|at| at.value.into()),
        why_cut_off: words.text("why_cut_off")?.map(|at| at.value.into()),
        why_site: words.text("why_site")?.map(|at| at.value.into()),
        input: words.text("input")?.map(|at| at.value.into()),
        instead: words.text("instead")?.map(|at| at.value.into()),
        sources: sources.value,
    };
    words.close()?;
    Ok(read)
}

fn read_proof(mut table: Table<'_>) -> Result<Proof, Mistake> {
    let proof = Proof { fault: table.required("fault")?.value, status: choose(&table.required("status")?)? };
    table.close()?;
    Ok(proof)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Document;

    const CHECK: &str = r#"title   = "The port is open"
fails   = "The port is closed"
section = "network-ports"
for     = "endpoint"
needs   = ["dns.resolves"]

[probe.tcp]
host = "{endpoint.host}"
port = "{endpoint.port}"

[expect]
open = true

[words]
expected = "open"
why      = "ECE cannot connect."
sources  = ["https://www.rfc-editor.org/rfc/rfc9293"]
"#;

    fn check(changes: &[(&str, &str)]) -> Result<Check, Mistake> {
        let mut text = CHECK.to_owned();
        for (there, instead) in changes {
            assert!(text.contains(there), "{there}");
            text = text.replace(there, instead);
        }
        read("tcp.mine", Document::new("mine.toml", &text).table().unwrap(), &["dns.resolves"])
    }

    #[test]
    fn check_that_says_something_else_is_read_or_refused() {
        let needs = "needs   = [\"dns.resolves\"]";
        for (there, instead, says) in [
            ("{endpoint.port}", "65535", None),
            ("{endpoint.port}", "65536", Some("unknown placeholder 65536")),
            ("{endpoint.port}", "{endpoint.prot}", Some("unknown placeholder {endpoint.prot}")),
            ("{endpoint.host}", "{name}", None),
            ("{endpoint.host}", "{endpoint}", Some("unknown placeholder {endpoint}")),
            ("{endpoint.host}", "one.example", Some("a place of its own is for checks with for = \"site\"")),
            ("\"endpoint\"", "\"site\"", Some("a place needs host and port")),
            (needs, "wants = [\"tenant\"]", Some("wants is given and words.input is not")),
            ("[expect]", "[given]\nopen = true\n[expect]", Some("given and words.instead belong together")),
            ("[expect]", "[prefer]", None),
        ] {
            let mistake = check(&[(there, instead)]).err().map(|mistake| mistake.to_string());
            match says {
                None => assert_eq!(mistake, None, "{instead}"),
                Some(says) => {
                    assert!(mistake.as_ref().is_some_and(|told| told.contains(says)), "{instead}: {mistake:?}");
                }
            }
        }
    }

    #[test]
    fn only_a_check_of_the_site_has_a_place_of_its_own() {
        let of_site = [("\"endpoint\"", "\"site\""), ("{endpoint.host}", "one.example"), ("{endpoint.port}", "8443")];
        assert_eq!(check(&of_site).unwrap().probe.place, Some(("one.example".to_owned(), 8443)));
        assert_eq!(check(&[]).unwrap().probe.place, None);
    }
}
