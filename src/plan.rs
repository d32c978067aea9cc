//! What will be looked at and judged, before anything is opened.
//!
//! In: the catalogue, the endpoints of the site, what the user chose. Out: a [`Plan`]: every look, and for every check
//! and subject one planned finding, so that nothing can be lost on the way.

mod choose;
pub mod endpoint;
mod exported;
pub mod firewall;
mod needs;
mod prepared;
mod reduce;
pub mod saved;
mod target;
mod webex;

use std::collections::{HashMap, HashSet};

pub use endpoint::{Endpoint, Site};

use self::{
    choose::{Chosen, choose, is_asked, known_words},
    needs::{Circle, Number, Numbers},
    prepared::{Account, Mailbox, Place, Prepared},
    target::Target,
};
use crate::{
    catalogue::{
        Catalogue, Check,
        check::{Of, SubjectKind},
    },
    deployment::{self, Inbound},
    evidence::{ProbeKey, Protocol, SavedSite, SharedText, Subject},
    finding::{NotApplicable, Owner},
    import::rules::Exported,
    net::{ConnectOverrides, RouteChoice},
    oauth::TokenSource,
    probe::{
        AnyProbe,
        dns::DnsProbe,
        round_trip::{self, RoundTripProbe},
        service::{self, Depth, Service, ServiceProbe},
        sign_in::SignInProbe,
        version,
    },
};

/// Why a look at evidence is planned.
const EXPORTED: &str = "what colleagues have exported or confirmed";

/// How often a host that takes turns with its chains is connected to once more.
const FURTHER: usize = 3;

/// All looks and all findings to come, in order.
#[derive(Debug)]
pub struct Plan<'c> {
    /// The looks; each comes after the look that it depends on.
    pub looks: Vec<PlannedLook>,
    /// The findings, in the order of the catalogue.
    pub findings: Vec<PlannedFinding<'c>>,
    /// What it was made from, as a report keeps it.
    pub site: SavedSite,
}

/// One look.
#[derive(Debug)]
pub struct PlannedLook {
    /// How to look.
    pub probe: AnyProbe,
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
    pub subject: Subject,
    /// The look that it reads; none when it is skipped.
    pub look: Option<usize>,
    /// Why it is skipped.
    pub skip: Option<Skip>,
    /// True for a check that the user named by its id.
    pub asked: bool,
    /// The findings that must hold before this one is worth a look.
    pub needs: Vec<usize>,
    /// The account whose token it is about, or that the mailbox belongs to.
    pub account: Option<SharedText>,
}

/// Why a finding is known to be skipped before anything is opened.
#[derive(Clone, Debug, PartialEq)]
pub enum Skip {
    /// The check does not apply.
    NotApplicable(NotApplicable),
    /// The user has not given what it needs.
    NeedsInput {
        /// What to give, in the check's own words.
        text: SharedText,
        /// True when nothing is missing: the check is made only when it is asked for.
        optional: bool,
        /// Whose file is missing, where that is not who the check asks.
        from: Option<Owner>,
    },
}

/// What the user chose.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Ids, leading parts of ids, or sections; empty is all. What they need comes along, and of accounts and mailboxes what
    /// rules their causes out without another connection.
    pub only: Vec<String>,
    /// Ids, leading parts of ids, or sections that are left out.
    pub skip: Vec<String>,
    /// Only what makes sense before ECE is installed.
    pub pre_install: bool,
    /// So many mailboxes are tested, chosen evenly from all; none tests each.
    pub sample: Option<u32>,
}

impl Selection {
    /// The mailboxes that are tested, by account and address; none when each is.
    fn sampled<'s>(&self, accounts: &'s [deployment::Account]) -> Option<HashSet<(&'s str, &'s str)>> {
        let of = |account: &'s deployment::Account| {
            account.mailboxes.iter().map(|mailbox| (account.name.as_str(), mailbox.as_str()))
        };
        let all: Vec<_> = accounts.iter().flat_map(of).collect();
        let wanted = usize::try_from(self.sample?).unwrap_or(usize::MAX).min(all.len());
        Some((0..wanted).map(|nth| all[nth * all.len() / wanted]).collect())
    }
}

/// Why a selection of `--only` and `--skip` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadSelection {
    /// A word names nothing.
    #[error("{flag} {word}: unknown check or section; {nearest}")]
    UnknownWord {
        /// The flag.
        flag: &'static str,
        /// The word.
        word: String,
        /// What may have been meant.
        nearest: String,
    },
    /// No check is left of those that were asked for.
    #[error(
        "--skip or --pre-install leaves out every check that is asked for; name fewer in --skip, or others in --only"
    )]
    NothingLeft,
}

impl<'c> Plan<'c> {
    /// Plans a run.
    ///
    /// # Errors
    /// When the selection names something that is not there, or leaves nothing.
    pub fn make(
        catalogue: &'c Catalogue,
        site: &Site,
        selection: &Selection,
        overrides: &ConnectOverrides,
    ) -> Result<Self, BadSelection> {
        known_words(catalogue, "--only", &selection.only)?;
        known_words(catalogue, "--skip", &selection.skip)?;
        let chosen = choose(catalogue, selection);
        let is_left = |check: &Check| is_asked(check, selection) && (check.pre_install || !selection.pre_install);
        if !chosen.iter().any(|one| is_left(one.check)) {
            return Err(BadSelection::NothingLeft);
        }
        let empty = Plan { looks: Vec::new(), findings: Vec::new(), site: saved::save(site, selection, overrides) };
        let mut numbers = Numbers::default();
        let prepared = Prepared::of(site, &mut numbers);
        let mut draft = Draft {
            plan: empty,
            site,
            prepared: &prepared,
            numbers,
            circles: Vec::new(),
            overrides,
            looks: HashMap::new(),
            tokens: HashMap::new(),
            sign_ins: HashMap::new(),
            stated: site.stated(),
            settled: exported::settled(&site.exported),
            sampled: selection.sampled(&site.deployment.accounts),
        };
        let mut ends = Vec::new();
        for one in &chosen {
            draft.add(one, selection);
            ends.push(draft.plan.findings.len());
        }
        let Draft { mut plan, circles, .. } = draft;
        let checks: Vec<&Check> = chosen.iter().map(|one| one.check).collect();
        needs::tie(&mut plan.findings, &circles, &checks, &ends);
        needs::pass_on_what_is_not_given(&mut plan.findings);
        if !selection.only.is_empty() {
            plan = plan.reduced(|check| is_asked(check, selection));
        }
        plan.tie_gates();
        Ok(plan)
    }
}

/// A plan in the making.
struct Draft<'c, 's> {
    plan: Plan<'c>,
    site: &'s Site,
    prepared: &'s Prepared<'s>,
    numbers: Numbers,
    /// Of each finding, what it is part of.
    circles: Vec<Circle>,
    overrides: &'s ConnectOverrides,
    /// The looks by the keys of their probes.
    looks: HashMap<ProbeKey, usize>,
    /// The looks at the tokens of accounts.
    tokens: HashMap<Number, usize>,
    /// The sign-ins to mailboxes.
    sign_ins: HashMap<(Number, Option<Protocol>), usize>,
    /// The probes that read the user's file, by the group of facts that it states.
    stated: Vec<(&'static str, AnyProbe)>,
    /// What evidence has settled, the first of each check.
    settled: HashMap<&'s str, &'s Exported>,
    /// The mailboxes that are tested; none when each is.
    sampled: Option<HashSet<(&'s str, &'s str)>>,
}

impl<'c, 's> Draft<'c, 's> {
    fn add(&mut self, chosen: &Chosen<'c>, selection: &Selection) {
        let check = chosen.check;
        for target in self.targets(chosen, selection) {
            let skip = self.skip(chosen, &target, selection);
            let look = if skip.is_none() { self.look(chosen, &target) } else { None };
            let login = self.login_of(&target);
            self.circles.push(target.circle(check, self.prepared.site, login, &mut self.numbers));
            let (account, subject) = (target.account(), target.subject(check));
            let (asked, needs) = (chosen.is_asked_by_id, Vec::new());
            self.plan.findings.push(PlannedFinding { check, subject, look, skip, asked, needs, account });
        }
    }

    /// Where the token of an account comes from, unless it is at hand already.
    fn login_of(&self, target: &Target<'_>) -> Option<Number> {
        let Target::Account(account) = target else { return None };
        let is_at_hand = matches!(account.stated.credential, None | Some(TokenSource::AccessToken(_)));
        let login = self.prepared.places.iter().find(|place| place.endpoint.name == "login")?;
        (!is_at_hand).then_some(login.number)
    }

    fn targets(&self, chosen: &Chosen<'_>, selection: &Selection) -> Vec<Target<'s>> {
        let (check, prepared) = (chosen.check, self.prepared);
        if webex::is_left_out(check, self.site, selection) {
            return Vec::new();
        }
        if chosen.is_of_evidence {
            return self.exported(check, selection);
        }
        let places = || prepared.places.iter().filter(|place| is_for(chosen, place.endpoint));
        match check.subject {
            SubjectKind::Site => vec![Target::Site],
            SubjectKind::Endpoint => places().map(Target::Endpoint).collect(),
            SubjectKind::Account | SubjectKind::Mailbox if prepared.accounts.is_empty() => vec![Target::Site],
            SubjectKind::Account => prepared.accounts.iter().map(Target::Account).collect(),
            SubjectKind::Mailbox => self.mailboxes(chosen),
            SubjectKind::Name => {
                let is_first = |(at, place): &(usize, &Place<'_>)| {
                    !places().take(*at).any(|earlier| earlier.endpoint.host.eq_ignore_ascii_case(&place.endpoint.host))
                };
                places().enumerate().filter(is_first).map(|(_, place)| Target::Name(place)).collect()
            }
        }
    }

    /// Every mailbox, with the endpoint that the check's protocol is spoken to.
    fn mailboxes(&self, chosen: &Chosen<'_>) -> Vec<Target<'s>> {
        let speaks = |place: &&Place<'_>| place.endpoint.microsoft && chosen.protocol == place.endpoint.protocol;
        let Some(place) = self.prepared.places.iter().find(speaks) else { return Vec::new() };
        let of = |account: &'s Account<'s>| {
            account.mailboxes.iter().map(move |mailbox| Target::Mailbox(account, mailbox, place))
        };
        self.prepared.accounts.iter().flat_map(of).collect()
    }

    fn skip(&self, chosen: &Chosen<'_>, subject: &Target<'_>, selection: &Selection) -> Option<Skip> {
        let check = chosen.check;
        if !check.roles.is_empty() && !check.roles.iter().any(|role| self.site.has_role(role)) {
            return Some(Skip::NotApplicable(NotApplicable::Role));
        }
        if selection.pre_install && (!check.pre_install || subject.is_ece()) {
            return Some(Skip::NotApplicable(NotApplicable::PreInstall));
        }
        if webex::is_of_other_integration(check, self.site) {
            return Some(Skip::NotApplicable(NotApplicable::OtherIntegration));
        }
        let is_optional = check.optional && (selection.only.is_empty() || !is_asked(check, selection));
        let missing = |key: &&String| !self.gives(key, subject);
        if selection.pre_install && check.wants.iter().filter(missing).any(|key| key.starts_with("ece.")) {
            return Some(Skip::NotApplicable(NotApplicable::PreInstall));
        }
        if check.wants.iter().any(|key| missing(&key)) && self.better_known(check).is_none() {
            let text = check.words.input.clone().unwrap_or_default();
            return Some(Skip::input(text, is_optional));
        }
        if let Target::Mailbox(account, mailbox, _) = subject
            && !self.is_sampled(account, mailbox.address)
        {
            let text = "it is not in the sample: test it without --sample".into();
            return Some(Skip::input(text, true));
        }
        let reason = match subject {
            Target::Exported(exported) => return exported.skip(check.words.input.as_deref()),
            Target::Site if chosen.is_of_evidence => {
                let text = check.words.input.clone().unwrap_or_default();
                return Some(Skip::input(text, is_optional));
            }
            Target::Endpoint(place) if !place.endpoint.used => NotApplicable::ProtocolUnused,
            Target::Name(place) if !self.is_looked_up(&place.endpoint.host) => NotApplicable::AddressesGiven,
            Target::Account(account) | Target::Mailbox(account, ..) if !fetches(chosen, account.stated) => {
                NotApplicable::FetchesOtherwise { unused: unused(account.stated) }
            }
            _ => return None,
        };
        Some(Skip::NotApplicable(reason))
    }

    /// Whether the user's file says something; keys that begin with `account.` are looked for in the subject's account.
    fn gives(&self, key: &str, subject: &Target<'_>) -> bool {
        match (key.strip_prefix("account."), subject) {
            (Some(key), Target::Account(account) | Target::Mailbox(account, ..)) => match key {
                "token" => account.stated.credential.is_some(),
                "inbound" => account.stated.inbound.is_some(),
                "signs_in_as" => account.stated.signs_in_as.is_some() || account.mailboxes.len() == 1,
                _ => false,
            },
            (Some(_), _) => false,
            (None, _) if key == "ece.java_trust_store" => self.site.java,
            (None, _) if key == "run.send_mail" => self.site.send_mail.is_some(),
            (None, _) if key == "run.webex_connect" => self.site.scim.is_some(),
            (None, _) => self.site.deployment.gives(key),
        }
    }

    /// Whether a mailbox is tested.
    fn is_sampled(&self, account: &Account<'_>, mailbox: &str) -> bool {
        self.sampled.as_ref().is_none_or(|sampled| sampled.contains(&(account.stated.name.as_str(), mailbox)))
    }

    /// Whether any port of a name is dialled by what DNS says.
    fn is_looked_up(&self, host: &str) -> bool {
        let same = self.site.endpoints.iter().filter(|endpoint| endpoint.host.eq_ignore_ascii_case(host));
        same.filter(|endpoint| endpoint.used).any(|endpoint| self.asks_dns(RouteChoice::InForce, endpoint))
    }

    fn asks_dns(&self, way: RouteChoice, endpoint: &Endpoint) -> bool {
        let (host, port) = (&endpoint.host, endpoint.port);
        let is_proxied =
            endpoint.protocol == Some(Protocol::Https) && self.overrides.proxy_on(way, host, port).is_some();
        self.overrides.resolved(host, port).is_none() && self.overrides.turned(host, port).is_none() && !is_proxied
    }

    fn look(&mut self, chosen: &Chosen<'_>, target: &Target<'_>) -> Option<usize> {
        let check = chosen.check;
        if let Some(exported) = self.better_known(check) {
            let probe = exported.probe(check.probe.name, Vec::new());
            return Some(self.note(probe, false, EXPORTED));
        }
        let stated_group = if check.probe.name == version::DOCS { "version" } else { check.probe.name }; // the level tells both
        let stated = self.stated.iter().find(|(group, _)| *group == stated_group);
        if let Some(probe) = stated.map(|(_, probe)| probe.clone()) {
            let asks = match &probe {
                AnyProbe::Scim(probe) if probe.user.is_some() => {
                    "asked for a user that does not exist, and for the one that is named (--webex-connect)"
                }
                AnyProbe::Scim(_) => "asked for a user that does not exist (--webex-connect)",
                _ => "",
            };
            return Some(self.note(probe, true, asks));
        }
        if let Some(probe) = AnyProbe::of(check.probe.name, &target.subject(check)) {
            return Some(self.note(probe, target.is_own(), &check.title));
        }
        let placed;
        let endpoint = match target {
            Target::Exported(exported) => {
                let same = self.same_as(exported);
                let probe = exported.probe(check.probe.name, same);
                return Some(self.note(probe, false, EXPORTED));
            }
            Target::Account(account) => return self.ask_for_token(account),
            Target::Mailbox(account, mailbox, place) if check.probe.name == round_trip::ENTRY.0 => {
                return self.round_trip(account, mailbox, place.endpoint);
            }
            Target::Mailbox(account, mailbox, place) => return self.sign_in(account, mailbox, place.endpoint),
            Target::Name(place) | Target::Endpoint(place) => place.endpoint,
            Target::Site => {
                let (host, port) = check.probe.place.as_ref()?;
                placed = Endpoint::of_a_check(host, *port, chosen.protocol, &check.title);
                &placed
            }
        };
        Some(match chosen.layer {
            Some(layer) => self.dial(endpoint, layer.depth),
            None => self.look_up(endpoint),
        })
    }

    fn look_up(&mut self, endpoint: &Endpoint) -> usize {
        let probe = DnsProbe { name: endpoint.host.clone(), published: endpoint.published.clone() };
        self.note(probe, !endpoint.microsoft, &endpoint.why)
    }

    /// The probe of an endpoint over the route in force. Where a web service has another route, that is tested beside it.
    fn dial(&mut self, endpoint: &Endpoint, depth: Depth) -> usize {
        let at = self.dial_on(RouteChoice::InForce, endpoint, depth);
        let is_web = endpoint.protocol == Some(Protocol::Https);
        if is_web && self.overrides.has_two(&endpoint.host, endpoint.port) {
            self.dial_on(RouteChoice::Beside, endpoint, depth);
        }
        at
    }

    fn dial_on(&mut self, way: RouteChoice, endpoint: &Endpoint, depth: Depth) -> usize {
        let looks_up = self.asks_dns(way, endpoint);
        if looks_up {
            self.look_up(endpoint);
        }
        let probe = ServiceProbe {
            host: endpoint.host.clone(),
            port: endpoint.port,
            service: Service::over(endpoint.protocol, endpoint.ask.as_ref()),
            depth,
            looks_up,
            way,
            hands_over: false,
            again: if self.takes_turns(way, endpoint) { FURTHER } else { 0 },
            public_issuers: if endpoint.microsoft { self.site.public_issuers.clone() } else { Vec::new() },
        };
        let at = self.note(probe, !endpoint.microsoft, &endpoint.why);
        if let AnyProbe::Service(known) = &mut self.plan.looks[at].probe {
            known.depth = known.depth.max(depth);
        }
        at
    }

    /// Whether a host may show another chain at each connection, and somebody is asked who may not know all of them.
    /// `login.microsoftonline.com` had two in turn in 2025.
    fn takes_turns(&self, way: RouteChoice, endpoint: &Endpoint) -> bool {
        self.site.java && way == RouteChoice::InForce && endpoint.microsoft && endpoint.name.starts_with("login")
    }

    fn ask_for_token(&mut self, account: &Account<'_>) -> Option<usize> {
        if let Some(known) = self.tokens.get(&account.number) {
            return Some(*known);
        }
        let probe = self.site.token(account.stated)?;
        let login = self.site.endpoints.iter().find(|endpoint| endpoint.name == "login")?;
        self.dial(login, Depth::Service);
        let at = self.note(probe, false, "the token of this account: ECE refreshes it about every hour");
        self.tokens.insert(account.number, at);
        Some(at)
    }

    fn sign_in(&mut self, account: &Account<'_>, mailbox: &Mailbox<'_>, endpoint: &Endpoint) -> Option<usize> {
        let key = (mailbox.number, endpoint.protocol);
        if let Some(known) = self.sign_ins.get(&key) {
            return Some(*known);
        }
        self.ask_for_token(account)?;
        let at = match self.looks.get(&service::key(&endpoint.host, endpoint.port)) {
            Some(known) => *known,
            None => self.dial(endpoint, Depth::Service),
        };
        if let AnyProbe::Service(known) = &mut self.plan.looks[at].probe {
            known.hands_over = true;
        }
        let owners = self.site.principal_names(mailbox.address);
        let second_opinion = self.site.second_opinion;
        let probe = SignInProbe { owners, second_opinion, ..sign_in(account, mailbox, endpoint)? };
        let at = self.note(probe, false, &endpoint.why);
        self.sign_ins.insert(key, at);
        Some(at)
    }

    /// A message from a mailbox to itself, after the sign-ins over which it goes.
    fn round_trip(&mut self, account: &Account<'_>, mailbox: &Mailbox<'_>, outward: &Endpoint) -> Option<usize> {
        let wait = self.site.send_mail?;
        let site = self.site;
        let inward = site.inbound(account.stated)?;
        self.sign_in(account, mailbox, outward)?;
        self.sign_in(account, mailbox, inward)?;
        let (outward, inward) = (sign_in(account, mailbox, outward)?, sign_in(account, mailbox, inward)?);
        let probe = RoundTripProbe { outward, inward, wait };
        Some(self.note(probe, false, "one message from the mailbox to itself, as --send-mail asks"))
    }

    /// The look of this probe: the one already planned, or a new one.
    fn note(&mut self, probe: impl Into<AnyProbe>, own: bool, why: &str) -> usize {
        let probe = probe.into();
        let key = probe.key();
        if let Some(known) = self.looks.get(&key) {
            return *known;
        }
        let after = probe.needs().iter().filter_map(|need| self.looks.get(need).copied()).collect();
        self.plan.looks.push(PlannedLook { probe, own, why: why.to_owned(), after, gates: Vec::new() });
        self.looks.insert(key, self.plan.looks.len() - 1);
        self.plan.looks.len() - 1
    }
}

/// Whether a check of IMAP or POP3 concerns an account: ECE fetches over one of the two, by design.
fn fetches(chosen: &Chosen<'_>, account: &deployment::Account) -> bool {
    let over = |protocol| chosen.check.protocols.contains(&protocol) || chosen.protocol == Some(protocol);
    match account.inbound {
        Some(Inbound::Imap) => !over(Protocol::Pop3),
        Some(Inbound::Pop3) => !over(Protocol::Imap),
        None => true,
    }
}

/// The protocol over which an account does not fetch its mail.
fn unused(account: &deployment::Account) -> Option<Protocol> {
    match account.inbound? {
        Inbound::Imap => Some(Protocol::Pop3),
        Inbound::Pop3 => Some(Protocol::Imap),
    }
}

fn sign_in(account: &Account<'_>, mailbox: &Mailbox<'_>, endpoint: &Endpoint) -> Option<SignInProbe> {
    Some(SignInProbe {
        account: account.stated.name.clone(),
        mailbox: mailbox.address.to_owned(),
        signs_in_as: account.stated.signs_in_as.clone(),
        protocol: endpoint.protocol?,
        host: endpoint.host.clone(),
        port: endpoint.port,
        owners: Vec::new(),    // the round trip does not note whose mailbox it is
        second_opinion: false, // and asks nobody
    })
}

fn is_for(chosen: &Chosen<'_>, endpoint: &Endpoint) -> bool {
    let check = chosen.check;
    let of = match check.of {
        None => true,
        Some(Of::Microsoft) => endpoint.microsoft,
        Some(Of::Site) => !endpoint.microsoft,
    };
    let fits = check.protocols.is_empty() || endpoint.protocol.is_some_and(|own| check.protocols.contains(&own));
    let speaks = endpoint.protocol.is_some() || chosen.protocol.is_none();
    let named = check.endpoints.is_empty() || check.endpoints.contains(&endpoint.name);
    of && fits && speaks && named
}
