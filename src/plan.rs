//! What will be looked at and judged, before anything is opened.
//!
//! In: the catalogue, the endpoints of the site, what the user chose. Out: a [`Plan`]: every look, and for every check
//! and subject one planned finding, so that nothing can be lost on the way.

pub mod endpoint;

use std::collections::HashMap;

pub use endpoint::{Endpoint, Site};

use crate::{
    catalogue::{
        Catalogue, Check,
        check::{Of, SubjectKind},
    },
    deployment::{Account, Inbound},
    evidence::Protocol,
    finding::SkipReason,
    net::{ConnectOverrides, RouteChoice},
    oauth::TokenSource,
    probe::{
        self, Look,
        https::Ask,
        tcp::{Depth, Service},
    },
    table::did_you_mean,
};

/// How often a host that takes turns with its chains is connected to once more.
const FURTHER: usize = 3;

/// All looks and all findings to come, in order.
#[derive(Debug)]
pub struct Plan<'c> {
    /// The looks; each comes after the look that it depends on.
    pub looks: Vec<PlannedLook>,
    /// The findings, in the order of the catalogue.
    pub findings: Vec<PlannedFinding<'c>>,
}

/// One look.
#[derive(Debug)]
pub struct PlannedLook {
    /// How to look.
    pub look: Look,
    /// What is looked at.
    pub subject: String,
    /// True for a service of the site itself.
    pub own: bool,
    /// Why ECE needs it.
    pub why: String,
    /// The looks that this one depends on.
    pub after: Vec<usize>,
    /// The findings that must not have failed.
    pub gates: Vec<usize>,
}

/// One finding to come.
#[derive(Debug)]
pub struct PlannedFinding<'c> {
    /// The check.
    pub check: &'c Check,
    /// What it is made for.
    pub subject: String,
    /// The look that it reads; none when it is skipped.
    pub look: Option<usize>,
    /// Why it is skipped, and what would change that.
    pub skip: Option<(SkipReason, String)>,
    /// The findings that must hold before this one is worth a look.
    pub needs: Vec<usize>,
    /// The account whose token it is about, or that the mailbox belongs to.
    pub account: Option<String>,
    /// The subjects whose findings can be needs of this one: its own, and those that it is part of.
    circle: Vec<String>,
}

/// What the user chose.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Ids, leading parts of ids, or sections; empty is all. What they need comes along.
    pub only: Vec<String>,
    /// Ids, leading parts of ids, or sections that are left out.
    pub skip: Vec<String>,
    /// Only what makes sense before ECE is installed.
    pub pre_install: bool,
}

/// A word in `--only` or `--skip` that names nothing.
#[derive(Debug, thiserror::Error)]
#[error("{flag} {word} names no check and no section; {nearest}")]
pub struct UnknownWord {
    flag: &'static str,
    word: String,
    nearest: String,
}

impl<'c> Plan<'c> {
    /// Plans a run.
    ///
    /// # Errors
    /// When the selection names something that is not there.
    pub fn make(
        catalogue: &'c Catalogue,
        site: &Site,
        selection: &Selection,
        roads: &ConnectOverrides,
    ) -> Result<Self, UnknownWord> {
        known_words(catalogue, "--only", &selection.only)?;
        known_words(catalogue, "--skip", &selection.skip)?;
        let chosen = choose(catalogue, selection);
        let mut draft =
            Draft { plan: Plan { looks: Vec::new(), findings: Vec::new() }, site, roads, looks: HashMap::new() };
        for check in chosen {
            draft.add(check, selection);
        }
        Ok(draft.finish())
    }
}

fn known_words(catalogue: &Catalogue, flag: &'static str, words: &[String]) -> Result<(), UnknownWord> {
    let names = |word: &String| catalogue.checks.iter().any(|check| matches(check, word));
    let Some(word) = words.iter().find(|word| !names(word)) else { return Ok(()) };
    let mut known: Vec<&str> =
        catalogue.checks.iter().flat_map(|check| [check.id.as_str(), check.section.name()]).collect();
    known.dedup();
    Err(UnknownWord { flag, word: word.clone(), nearest: did_you_mean(word, &known) })
}

fn matches(check: &Check, word: &str) -> bool {
    let leading = check.id.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    leading || check.section.name() == word
}

/// The chosen checks and what they need, in the order of the catalogue.
fn choose<'c>(catalogue: &'c Catalogue, selection: &Selection) -> Vec<&'c Check> {
    let asked = |check: &&Check| selection.only.is_empty() || selection.only.iter().any(|word| matches(check, word));
    let mut wanted: Vec<&Check> = catalogue.checks.iter().filter(asked).collect();
    let mut at = 0;
    while at < wanted.len() {
        let missing: Vec<&Check> = wanted[at].needs.iter().filter_map(|need| catalogue.check(need)).collect();
        for check in missing {
            if !wanted.iter().any(|known| known.id == check.id) {
                wanted.push(check);
            }
        }
        at += 1;
    }
    let left_out = |check: &Check| selection.skip.iter().any(|word| matches(check, word));
    let is_wanted = |check: &&Check| wanted.iter().any(|known| known.id == check.id) && !left_out(check);
    catalogue.checks.iter().filter(is_wanted).collect()
}

/// A plan in the making.
struct Draft<'c, 's> {
    plan: Plan<'c>,
    site: &'s Site,
    roads: &'s ConnectOverrides,
    /// Looks by what makes them one: a name, a name with port, a source.
    looks: HashMap<String, usize>,
}

/// What one finding is made for.
enum Subject<'s> {
    Site,
    Name(&'s Endpoint),
    Endpoint(&'s Endpoint),
    Account(&'s Account),
    Mailbox(&'s Account, &'s str, &'s Endpoint),
}

impl Subject<'_> {
    /// True for ECE's own web pages: they are not there before ECE is.
    fn is_ece(&self) -> bool {
        match self {
            Self::Site | Self::Account(_) | Self::Mailbox(..) => false,
            Self::Name(endpoint) | Self::Endpoint(endpoint) => endpoint.of_ece,
        }
    }

    fn name(&self, check: &Check) -> String {
        match (self, &check.probe.place) {
            (Self::Site, Some((host, port))) => format!("{host}:{port}"),
            (Self::Site, None) => probe::SITE.to_owned(),
            (Self::Name(endpoint), _) => endpoint.host.clone(),
            (Self::Endpoint(endpoint), _) => endpoint.subject(),
            (Self::Account(account), _) => account.name.clone(),
            (Self::Mailbox(_, mailbox, _), _) => (*mailbox).to_owned(),
        }
    }

    fn account(&self) -> Option<String> {
        match self {
            Self::Account(account) | Self::Mailbox(account, ..) => Some(account.name.clone()),
            Self::Site | Self::Name(_) | Self::Endpoint(_) => None,
        }
    }

    /// The subjects that this one is part of, itself first.
    fn circle(&self, check: &Check) -> Vec<String> {
        let mut circle = vec![self.name(check)];
        match self {
            Self::Endpoint(endpoint) => circle.push(endpoint.host.clone()),
            Self::Mailbox(account, _, endpoint) => {
                circle.extend([account.name.clone(), endpoint.subject(), endpoint.host.clone()]);
            }
            Self::Site => circle.extend(check.probe.place.as_ref().map(|(host, _)| host.clone())),
            Self::Name(_) | Self::Account(_) => {}
        }
        circle.push(probe::SITE.to_owned());
        circle
    }
}

impl<'c, 's> Draft<'c, 's> {
    fn add(&mut self, check: &'c Check, selection: &Selection) {
        for subject in self.subjects(check) {
            let skip = self.skip(check, &subject, selection);
            let look = if skip.is_none() { self.look(check, &subject) } else { None };
            let mut circle = subject.circle(check);
            circle.extend(self.login_of(&subject));
            let (account, subject) = (subject.account(), subject.name(check));
            self.plan.findings.push(PlannedFinding { check, subject, account, look, skip, needs: Vec::new(), circle });
        }
    }

    /// Where the token of an account comes from, unless it is at hand already.
    fn login_of(&self, subject: &Subject<'_>) -> Option<String> {
        let Subject::Account(account) = subject else { return None };
        let is_at_hand = matches!(account.credential, None | Some(TokenSource::AccessToken(_)));
        let login = self.site.endpoints.iter().find(|endpoint| endpoint.name == "login")?;
        (!is_at_hand).then(|| login.subject())
    }

    fn subjects(&self, check: &Check) -> Vec<Subject<'s>> {
        let endpoints: Vec<&Endpoint> = self.site.endpoints.iter().filter(|endpoint| is_for(check, endpoint)).collect();
        match check.subject {
            SubjectKind::Site => vec![Subject::Site],
            SubjectKind::Endpoint => endpoints.into_iter().map(Subject::Endpoint).collect(),
            SubjectKind::Account | SubjectKind::Mailbox if self.site.deployment.accounts.is_empty() => {
                vec![Subject::Site]
            }
            SubjectKind::Account => self.site.deployment.accounts.iter().map(Subject::Account).collect(),
            SubjectKind::Mailbox => self.mailboxes(check),
            SubjectKind::Name => {
                let first = |(at, endpoint): &(usize, &&Endpoint)| {
                    !endpoints[..*at].iter().any(|earlier| earlier.host.eq_ignore_ascii_case(&endpoint.host))
                };
                endpoints.iter().enumerate().filter(first).map(|(_, endpoint)| Subject::Name(endpoint)).collect()
            }
        }
    }

    /// Every mailbox, with the endpoint that the check's protocol is spoken to.
    fn mailboxes(&self, check: &Check) -> Vec<Subject<'s>> {
        let speaks = |endpoint: &&Endpoint| endpoint.microsoft && protocol(check.probe.name) == endpoint.protocol;
        let Some(endpoint) = self.site.endpoints.iter().find(speaks) else { return Vec::new() };
        let of = |account: &'s Account| {
            account.mailboxes.iter().map(move |mailbox| Subject::Mailbox(account, mailbox.as_str(), endpoint))
        };
        self.site.deployment.accounts.iter().flat_map(of).collect()
    }

    fn skip(&self, check: &Check, subject: &Subject<'_>, selection: &Selection) -> Option<(SkipReason, String)> {
        let not_applicable = |text: &str| Some((SkipReason::NotApplicable, text.to_owned()));
        if !check.roles.is_empty() && !check.roles.iter().any(|role| self.site.has_role(role)) {
            return not_applicable("not for the role of this server");
        }
        if selection.pre_install && (!check.pre_install || subject.is_ece()) {
            return not_applicable("only after ECE is installed");
        }
        if check.wants.iter().any(|key| !self.gives(key, subject)) {
            return Some((SkipReason::NeedsInput, check.words.input.clone().unwrap_or_default()));
        }
        match subject {
            Subject::Endpoint(endpoint) if !endpoint.used => {
                not_applicable("no account of this site uses this protocol")
            }
            Subject::Name(endpoint) if !self.is_looked_up(&endpoint.host) => {
                not_applicable("the addresses come from --resolve, --connect-to or the proxy")
            }
            Subject::Account(account) | Subject::Mailbox(account, ..) if !fetches(check, account) => {
                not_applicable("this account fetches its mail another way")
            }
            _ => None,
        }
    }

    /// Whether the user's file says something; keys that begin with `account.` are looked for in the subject's account.
    fn gives(&self, key: &str, subject: &Subject<'_>) -> bool {
        match (key.strip_prefix("account."), subject) {
            (Some(key), Subject::Account(account) | Subject::Mailbox(account, ..)) => match key {
                "token" => account.credential.is_some(),
                "inbound" => account.inbound.is_some(),
                "signs_in_as" => account.signs_in_as.is_some() || account.mailboxes.len() == 1,
                _ => false,
            },
            (Some(_), _) => false,
            (None, _) if key == "ece.java_trust_store" => self.site.java,
            (None, _) if key == "run.send_mail" => self.site.send_mail.is_some(),
            (None, _) => self.site.deployment.gives(key),
        }
    }

    /// Whether any port of a name is dialled by what DNS says.
    fn is_looked_up(&self, host: &str) -> bool {
        let same = self.site.endpoints.iter().filter(|endpoint| endpoint.host.eq_ignore_ascii_case(host));
        same.filter(|endpoint| endpoint.used).any(|endpoint| self.asks_dns(RouteChoice::InForce, endpoint))
    }

    fn asks_dns(&self, way: RouteChoice, endpoint: &Endpoint) -> bool {
        let (host, port) = (&endpoint.host, endpoint.port);
        let is_proxied = endpoint.protocol == Some(Protocol::Https) && self.roads.proxy_on(way, host, port).is_some();
        self.roads.resolved(host, port).is_none() && self.roads.turned(host, port).is_none() && !is_proxied
    }

    fn look(&mut self, check: &Check, subject: &Subject<'_>) -> Option<usize> {
        match (check.probe.name, subject) {
            ("version", _) => self.site.version.clone().map(|look| self.note("version", Look::Version(look), None)),
            ("directory", _) => Some(self.note("directory", Look::Directory(self.site.proof()), None)),
            ("url", _) => Some(self.note("url", Look::Url(self.site.url.clone()), None)),
            ("dns", Subject::Name(endpoint) | Subject::Endpoint(endpoint)) => Some(self.look_up(endpoint)),
            ("dns", Subject::Site) => check.probe.place.as_ref().map(|(host, port)| {
                let endpoint = Endpoint::of_a_check(host, *port, None, &check.title);
                self.look_up(&endpoint)
            }),
            (probe, Subject::Site) => check.probe.place.as_ref().map(|(host, port)| {
                let endpoint = Endpoint::of_a_check(host, *port, protocol(probe), &check.title);
                self.dial(&endpoint, depth(probe))
            }),
            (probe, Subject::Name(endpoint) | Subject::Endpoint(endpoint)) => Some(self.dial(endpoint, depth(probe))),
            (_, Subject::Account(account)) => self.ask_for_token(account),
            ("delivery", Subject::Mailbox(account, mailbox, endpoint)) => self.round_trip(account, mailbox, endpoint),
            (probe, Subject::Mailbox(account, mailbox, endpoint)) => self.sign_in(probe, account, mailbox, endpoint),
        }
    }

    fn look_up(&mut self, endpoint: &Endpoint) -> usize {
        let look = probe::dns::Look { name: endpoint.host.clone(), published: endpoint.published.clone() };
        self.note(&endpoint.host.to_lowercase(), Look::Dns(look), Some(endpoint))
    }

    /// The look at an endpoint on the road in force. Where a web service has another road, that is looked at beside it.
    fn dial(&mut self, endpoint: &Endpoint, depth: Depth) -> usize {
        let at = self.dial_on(RouteChoice::InForce, endpoint, depth);
        let is_web = endpoint.protocol == Some(Protocol::Https);
        if is_web && self.roads.has_two(&endpoint.host, endpoint.port) {
            self.dial_on(RouteChoice::Beside, endpoint, depth);
        }
        at
    }

    fn dial_on(&mut self, way: RouteChoice, endpoint: &Endpoint, depth: Depth) -> usize {
        let after = self.asks_dns(way, endpoint).then(|| self.look_up(endpoint));
        let look = probe::tcp::Look {
            host: endpoint.host.clone(),
            port: endpoint.port,
            service: service(endpoint),
            depth,
            way,
            again: if self.takes_turns(way, endpoint) { FURTHER } else { 0 },
            public_issuers: if endpoint.microsoft { self.site.public_issuers.clone() } else { Vec::new() },
        };
        let beside = if way == RouteChoice::Beside { " beside" } else { "" };
        let key = format!("{}{beside}", endpoint.subject().to_lowercase());
        let at = self.note(&key, Look::Service(look), Some(endpoint));
        let planned = &mut self.plan.looks[at];
        planned.after = after.into_iter().collect();
        if let Look::Service(known) = &mut planned.look {
            known.depth = known.depth.max(depth);
        }
        at
    }

    /// Whether a host may show another chain at each connection, and somebody is asked who may not know all of them.
    /// `login.microsoftonline.com` had two in turn in 2025.
    fn takes_turns(&self, way: RouteChoice, endpoint: &Endpoint) -> bool {
        self.site.java && way == RouteChoice::InForce && endpoint.microsoft && endpoint.name.starts_with("login")
    }

    fn ask_for_token(&mut self, account: &Account) -> Option<usize> {
        let look = self.site.token(account)?;
        let login = self.site.endpoints.iter().find(|endpoint| endpoint.name == "login")?;
        let after = self.dial(login, Depth::Service);
        let at = self.note(&format!("token of {}", account.name), Look::Token(look), None);
        let planned = &mut self.plan.looks[at];
        planned.after = vec![after];
        planned.subject.clone_from(&account.name);
        "the token of this account: ECE refreshes it about every hour".clone_into(&mut planned.why);
        Some(at)
    }

    fn sign_in(&mut self, probe: &str, account: &Account, mailbox: &str, endpoint: &Endpoint) -> Option<usize> {
        let token = self.ask_for_token(account)?;
        let service = self.dial(endpoint, Depth::Service);
        let look = sign_in(account, mailbox, endpoint)?;
        let at = self.note(&format!("{probe} {mailbox}"), Look::Mailbox(look), None);
        let planned = &mut self.plan.looks[at];
        planned.after = vec![service, token];
        mailbox.clone_into(&mut planned.subject);
        endpoint.why.clone_into(&mut planned.why);
        Some(at)
    }

    /// A message from a mailbox to itself, after the sign-ins over which it goes.
    fn round_trip(&mut self, account: &Account, mailbox: &str, outward: &Endpoint) -> Option<usize> {
        let wait = self.site.send_mail?;
        let first = self.sign_in("smtp", account, mailbox, outward)?;
        let mut after = vec![first];
        let inward = self.site.inbound(account)?;
        after.push(self.sign_in(inward.protocol?.name(), account, mailbox, inward)?);
        let way = |endpoint| sign_in(account, mailbox, endpoint);
        let (outward, inward) = (way(outward)?, way(inward)?);
        after.extend(after.clone().iter().flat_map(|look| self.plan.looks[*look].after.clone()));
        let look = probe::delivery::Look { outward, inward, wait };
        let at = self.note(&format!("round trip {mailbox}"), Look::Delivery(look), None);
        let planned = &mut self.plan.looks[at];
        planned.after = after;
        mailbox.clone_into(&mut planned.subject);
        "one message from the mailbox to itself, as --send-mail asks".clone_into(&mut planned.why);
        Some(at)
    }

    /// The look that goes by this key: the one already planned, or a new one.
    fn note(&mut self, key: &str, look: Look, endpoint: Option<&Endpoint>) -> usize {
        if let Some(known) = self.looks.get(key) {
            return *known;
        }
        let subject = match (&look, endpoint) {
            (Look::Service(_), Some(endpoint)) => endpoint.subject(),
            (_, Some(endpoint)) => endpoint.host.clone(),
            (_, None) => probe::SITE.to_owned(),
        };
        let why = endpoint.map_or_else(String::new, |endpoint| endpoint.why.clone());
        let at_microsoft = matches!(look, Look::Token(_) | Look::Mailbox(_) | Look::Delivery(_));
        let own = !at_microsoft && endpoint.is_none_or(|endpoint| !endpoint.microsoft);
        self.plan.looks.push(PlannedLook { look, subject, own, why, after: Vec::new(), gates: Vec::new() });
        self.looks.insert(key.to_owned(), self.plan.looks.len() - 1);
        self.plan.looks.len() - 1
    }

    /// Ties needs to findings, and looks to the findings that must hold before them.
    fn finish(mut self) -> Plan<'c> {
        for at in 0..self.plan.findings.len() {
            let planned = &self.plan.findings[at];
            let needs: Vec<usize> =
                planned.check.needs.iter().flat_map(|need| self.findings_of(need, &planned.circle)).collect();
            self.plan.findings[at].needs = needs;
        }
        self.pass_on_what_is_not_given();
        for at in 0..self.plan.looks.len() {
            let gates = self.gates(at);
            self.plan.looks[at].gates = gates;
        }
        self.plan
    }

    /// What needs something that the user has not given, waits for it too. The order of the catalogue puts needs first
    /// within a section only, so this goes on until nothing changes.
    fn pass_on_what_is_not_given(&mut self) {
        let waits =
            |planned: &PlannedFinding<'_>| planned.skip.clone().filter(|(reason, _)| *reason == SkipReason::NeedsInput);
        loop {
            let found = (0..self.plan.findings.len()).find_map(|at| {
                let planned = &self.plan.findings[at];
                let waiting = planned.needs.iter().find_map(|need| waits(&self.plan.findings[*need]));
                waiting.filter(|_| planned.skip.is_none()).map(|skip| (at, skip))
            });
            let Some((at, skip)) = found else { return };
            self.plan.findings[at].skip = Some(skip);
            self.plan.findings[at].look = None;
        }
    }

    /// The findings of a check for any of these subjects.
    fn findings_of(&self, check: &str, circle: &[String]) -> Vec<usize> {
        let fits = |planned: &PlannedFinding<'_>| planned.check.id == check && circle.contains(&planned.subject);
        (0..self.plan.findings.len()).filter(|at| fits(&self.plan.findings[*at])).collect()
    }

    /// What every finding of a look needs from other looks that come before it.
    fn gates(&self, look: usize) -> Vec<usize> {
        let after = &self.plan.looks[look].after;
        let readers = self.plan.findings.iter().filter(|planned| planned.look == Some(look));
        let mut gates: Vec<usize> = readers.flat_map(|planned| planned.needs.iter().copied()).collect();
        gates.retain(|gate| self.plan.findings[*gate].look.is_some_and(|look| after.contains(&look)));
        gates.sort_unstable();
        gates.dedup();
        gates
    }
}

/// Whether a check of IMAP or POP3 concerns an account: ECE fetches over one of the two, by design.
fn fetches(check: &Check, account: &Account) -> bool {
    let over = |protocol| check.protocols.contains(&protocol) || check.probe.name == protocol.name();
    match account.inbound {
        Some(Inbound::Imap) => !over(Protocol::Pop3),
        Some(Inbound::Pop3) => !over(Protocol::Imap),
        None => true,
    }
}

fn sign_in(account: &Account, mailbox: &str, endpoint: &Endpoint) -> Option<probe::mailbox::Look> {
    Some(probe::mailbox::Look {
        account: account.name.clone(),
        mailbox: mailbox.to_owned(),
        signs_in_as: account.signs_in_as.clone(),
        protocol: endpoint.protocol?,
        host: endpoint.host.clone(),
        port: endpoint.port,
    })
}

fn is_for(check: &Check, endpoint: &Endpoint) -> bool {
    let of = match check.of {
        None => true,
        Some(Of::Microsoft) => endpoint.microsoft,
        Some(Of::Site) => !endpoint.microsoft,
    };
    let protocol = check.protocols.is_empty() || endpoint.protocol.is_some_and(|own| check.protocols.contains(&own));
    let speaks = endpoint.protocol.is_some() || matches!(check.probe.name, "dns" | "tcp");
    let named = check.endpoints.is_empty() || check.endpoints.contains(&endpoint.name);
    of && protocol && speaks && named
}

fn depth(probe: &str) -> Depth {
    match probe {
        "tcp" => Depth::Tcp,
        "tls" => Depth::Tls,
        _ => Depth::Service,
    }
}

fn protocol(probe: &str) -> Option<Protocol> {
    match probe {
        "tls" | "https" => Some(Protocol::Https),
        "smtp" | "delivery" => Some(Protocol::Smtp), // a message begins its way there
        "imap" => Some(Protocol::Imap),
        "pop3" => Some(Protocol::Pop3),
        _ => None,
    }
}

fn service(endpoint: &Endpoint) -> Service {
    match endpoint.protocol {
        Some(Protocol::Smtp) => Service::Smtp,
        Some(Protocol::Imap) => Service::Imap,
        Some(Protocol::Pop3) => Service::Pop3,
        _ => Service::Https(endpoint.ask.clone().unwrap_or_else(|| Ask::Answer { path: "/".to_owned() })),
    }
}
