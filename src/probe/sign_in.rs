//! Signing in to a mailbox over one protocol and opening it. Reads only: EXAMINE, STAT, MAIL FROM and RSET. The delivery
//! probe has other errands here, see `MailboxAction`.
//!
//! The sign-in goes to one address, the first that the look at the service found well; Microsoft sees one sign-in for
//! each mailbox and protocol. Who is named in the sign-in follows the identity rule: SMTP takes nobody but the token's
//! own user; IMAP and POP3 take the mailbox that is to be opened; a token of the application takes the mailbox always.
//!
//! The token is sent inside TLS only, to a server whose certificate is trusted and covers the name. A refusal is final
//! here, also one for the moment: who asks again is not this file.

use std::{net::SocketAddr, time::Instant};

use super::{
    Change, Earlier, FactGroup, Presented, Probe, ProbeContext, ServiceTouch, Touch,
    connection::{self, Ready},
    delivery::Search,
    dns, imap,
    mail::{MailDialect, Offer},
    pop3,
    second_opinion::{self, Comparison, Opinion},
    service::{self, Depth, Service, ServiceProbe},
    smtp, token,
};
use crate::{
    evidence::{Attempt, Failure, FailureKind, Observation, ProbeKey, Protocol, Route, Stage, Subject, Transcript},
    net::{
        Network, RouteChoice,
        limiter::Permit,
        reach::Addresses,
        session::{self, Session, Stream},
    },
    oauth::CachedToken,
    wire::{line, xoauth2::Presentation},
};

/// Sign-ins at once at one host and port.
const MOST_PER_HOST: usize = 8;
/// SMTP sign-ins at once of one user. Exchange Online takes three for each mailbox (`432 4.3.2 Concurrent connections
/// limit exceeded`, <https://aka.ms/concurrent_sending>); ECE's own dispatcher needs one.
const MOST_PER_SENDER: usize = 2;

/// A look into a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SignInProbe {
    /// The account whose token is presented.
    pub account: String,
    /// Whose token it should be; used for SMTP when the token does not say.
    pub signs_in_as: Option<String>,
    /// The mailbox.
    pub mailbox: String,
    /// The user principal names that files give the mailbox's own user.
    pub owners: Vec<String>,
    /// SMTP, IMAP or POP3.
    pub protocol: Protocol,
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// True when a library signs in once more and the two results are compared.
    pub second_opinion: bool,
}

impl Probe for SignInProbe {
    const NAME: &str = "sign-in";
    const FACTS: &[FactGroup] = &[("smtp", smtp::FACTS), ("imap", imap::FACTS), ("pop3", pop3::FACTS)];

    fn subject(&self) -> Subject {
        Subject::Mailbox(self.mailbox.as_str().into())
    }

    fn variant(&self) -> &'static str {
        self.protocol.name()
    }

    fn deepest(&self) -> &'static str {
        self.protocol.name()
    }

    fn needs(&self) -> Vec<ProbeKey> {
        vec![self.service(), token::key(&self.account)]
    }

    fn touches(&self) -> Vec<Touch> {
        vec![Touch::Service(self.touch(Change::None))]
    }

    async fn observe(&self, earlier: &Earlier, context: &ProbeContext) -> Observation {
        observe(self, earlier, context).await
    }
}

impl SignInProbe {
    /// The probe of the service that is signed in to.
    fn service(&self) -> ProbeKey {
        service::key(&self.host, self.port)
    }

    /// What a sign-in touches that changes so much.
    pub(super) fn touch(&self, change: Change) -> ServiceTouch {
        let presented = vec![Presented::AccessToken(self.account.clone())];
        let repeats = usize::from(self.second_opinion && second_opinion::library(self.protocol).is_some());
        ServiceTouch { repeats, presented, change, ..ServiceTouch::new(&self.host, self.port, self.protocol.name()) }
    }

    /// Who is named in the sign-in.
    fn user<'a>(&'a self, held: &'a CachedToken) -> &'a str {
        let own = held.user.as_deref().or(self.signs_in_as.as_deref());
        match self.protocol {
            Protocol::Smtp if !held.application => own.unwrap_or(&self.mailbox),
            _ => &self.mailbox,
        }
    }

    /// True for the mailbox's own user, by the mailbox's address or by a name that a file gives that user.
    fn is_owned_by(&self, user: &str) -> bool {
        [&self.mailbox].into_iter().chain(&self.owners).any(|name| name.to_lowercase() == user.to_lowercase())
    }

    fn stop(&self, stage: Stage, kind: FailureKind, words: impl Into<String>) -> Failure {
        Failure::new(self.protocol, stage, kind, words)
    }

    fn dialect(&self) -> &'static MailDialect {
        connection::dialect(self.protocol)
    }
}

/// Signs in and opens. `earlier` holds the looks at the service and at the token.
pub async fn observe(look: &SignInProbe, earlier: &Earlier, world: &ProbeContext) -> Observation {
    let mut observation = Observation::new(look.protocol.name(), look.subject(), Route::Direct);
    match prepare(look, earlier, world).await {
        Ok(visit) => {
            let began = Instant::now();
            observation.route.clone_from(&visit.places.route);
            observation.attempts.push(pay(look, visit, MailboxAction::Open, world).await);
            observation.duration_ms = service::ms(began);
        }
        Err(stop) => observation.failure = Some(stop),
    }
    observation
}

/// What is done behind the sign-in.
#[derive(Clone, Copy)]
pub(super) enum MailboxAction<'e> {
    /// The mailbox is opened; nothing is changed.
    Open,
    /// One message, line by line, is sent over SMTP from the mailbox to itself.
    Send(&'e [String]),
    /// A message is looked for over IMAP or POP3.
    Find(&'e Search),
}

/// All that a sign-in needs before anything is dialled.
pub(super) struct SignIn {
    user: String,
    presented: Presentation,
    held: CachedToken,
    way: ServiceProbe,
    pub(super) places: Addresses,
    address: SocketAddr,
    /// Given back when the connection is closed on both sides.
    turns: Vec<Permit>,
}

/// Gets ready, and waits for a turn.
///
/// # Errors
/// The [`Failure`] when there is no token, no address, or no time.
pub(super) async fn prepare(look: &SignInProbe, earlier: &Earlier, world: &ProbeContext) -> Result<SignIn, Failure> {
    let Some(held) = world.wallet.held(&look.account) else {
        let words = format!("there is no token for the account {}", look.account);
        return Err(look.stop(Stage::Credential, FailureKind::Missing, line::shorten(&words, line::MOST_WORDS)));
    };
    let user = look.user(&held).to_owned();
    let presented = Presentation::new(&user, &held.token).ok_or_else(|| {
        // an input that is wrong, of which no server was asked
        let words = format!("the token of {} or its user is empty, too long or holds control characters", look.account);
        look.stop(Stage::Credential, FailureKind::Missing, line::shorten(&words, line::MOST_WORDS))
    })?;
    let way = way(look)?;
    let (places, address) = address(look, earlier, &world.network).await?;
    let turns = turn(look, &user, world).await?;
    Ok(SignIn { user, presented, held, way, places, address, turns })
}

/// How the service is reached, where mail is spoken.
fn way(look: &SignInProbe) -> Result<ServiceProbe, Failure> {
    let service = Service::over(Some(look.protocol), None);
    if matches!(service, Service::Https(_)) {
        let words = format!("{} opens no mailbox", look.protocol.name());
        return Err(look.stop(Stage::Connect, FailureKind::Internal, words));
    }
    Ok(ServiceProbe {
        host: look.host.clone(),
        port: look.port,
        service,
        depth: Depth::Service,
        looks_up: false,
        way: RouteChoice::InForce,
        hands_over: false,
        again: 0,
        public_issuers: Vec::new(),
    })
}

/// The route and the address: the first that the probe of this service found good and offering XOAUTH2, or what the name
/// resolves to.
async fn address(look: &SignInProbe, earlier: &Earlier, network: &Network) -> Result<(Addresses, SocketAddr), Failure> {
    let service = earlier.get(&look.service());
    if let Some(service) = service.filter(|service| !service.attempts.is_empty()) {
        let is_good = |attempt: &&Attempt| attempt.failure.is_none();
        let good =
            service.attempts.iter().find(|one| is_good(one) && one.facts.is(look.dialect().facts.xoauth2_offered));
        let good = good.or_else(|| service.attempts.iter().find(is_good)).unwrap_or(&service.attempts[0]);
        let address = good.address;
        let turned = network.overrides.turned(&look.host, look.port).is_some();
        return Ok((
            Addresses { route: service.route.clone(), addresses: vec![address], turned, proxy: None },
            address,
        ));
    }
    let known = earlier.get(&dns::key(&look.host)).map(dns::addresses);
    let places = Addresses::find(&look.host, look.port, None, known, network).await?;
    let (used, _) = places.by_family(network);
    let address = used.first().or(places.addresses.first()).copied();
    let address =
        address.ok_or_else(|| Failure::new(Protocol::Dns, Stage::Lookup, FailureKind::NoData, "no address"))?;
    Ok((places, address))
}

/// Waits for a turn: first among the sign-ins of one sender, then among those at the host. Always in this order, so that
/// no two wait for each other.
async fn turn(look: &SignInProbe, user: &str, world: &ProbeContext) -> Result<Vec<Permit>, Failure> {
    let sender = format!("smtp {}", user.to_lowercase());
    let host = format!("{}:{}", look.host.to_lowercase(), look.port);
    let wanted = [(look.protocol == Protocol::Smtp, sender, MOST_PER_SENDER), (true, host, MOST_PER_HOST)];
    let mut places = Vec::new();
    for (_, key, most) in wanted.iter().filter(|(counts, ..)| *counts) {
        let place = world.limits.take(key, *most, &world.network.limits).await;
        places.push(place.map_err(|halt| look.stop(Stage::Connect, halt.kind, halt.words))?);
    }
    Ok(places)
}

/// Connects, signs in, does the errand, and hangs up.
pub(super) async fn pay(look: &SignInProbe, visit: SignIn, errand: MailboxAction<'_>, world: &ProbeContext) -> Attempt {
    let ready = world.connections.take(&look.service());
    let ready = ready.filter(|ready| ready.session.attempt.address == visit.address);
    let (mut attempt, open) = match ready {
        Some(ready) => go_on(look, &visit, errand, ready, world).await,
        None => connect(look, &visit, errand, world).await,
    };
    let is_asked_again = look.second_opinion && matches!(errand, MailboxAction::Open);
    let open = if is_asked_again { confirm(look, &visit, &mut attempt, open, world).await } else { open };
    hang_up(open, visit.turns);
    if attempt.failure.is_none() && !world.keep_transcripts && matches!(errand, MailboxAction::Open) {
        let results = look.dialect().facts.results;
        attempt.facts.retain(|name| results.iter().any(|fact| fact.name == name));
        attempt.transcript = Transcript::new();
    }
    attempt
}

/// The finding need not wait until the server has hung up; whoever comes next to a crowded place must. A connection that
/// broke before anybody signed in is closed already.
fn hang_up(open: Option<Box<dyn Stream>>, places: Vec<Permit>) {
    let Some(stream) = open else { return };
    #[expect(clippy::disallowed_methods, reason = "closing has a time limit of its own, and the permits go with it")]
    tokio::spawn(async move {
        session::close(stream).await;
        drop(places);
    });
}

/// What the connection showed, and the connection itself if it got as far as words inside TLS.
type Seen = (Attempt, Option<Box<dyn Stream>>);

/// Goes on from the connection that the service probe opened. A server may have hung up meanwhile, or do so at the first
/// word: that says nothing about the token, and the sign-in is made on a connection of its own.
async fn go_on(
    look: &SignInProbe,
    visit: &SignIn,
    errand: MailboxAction<'_>,
    mut ready: Ready,
    world: &ProbeContext,
) -> Seen {
    if !ready.session.is_quiet() {
        return connect(look, visit, errand, world).await;
    }
    ready.session.attempt.timings.clear(); // they are the service probe's
    let seen = walk(look, visit, errand, ready.session, Some(ready.offer)).await;
    let has_gone = |failure: &Failure| {
        failure.stage == Stage::Authenticate && matches!(failure.kind, FailureKind::Closed | FailureKind::Reset)
    };
    if seen.0.failure.as_ref().is_some_and(has_gone) { connect(look, visit, errand, world).await } else { seen }
}

/// Signs in on a connection of its own: an untrusted server ends it before the token is sent.
async fn connect(look: &SignInProbe, visit: &SignIn, errand: MailboxAction<'_>, world: &ProbeContext) -> Seen {
    let mut attempt = Attempt::new(visit.address);
    match reach(visit, &world.network, &mut attempt).await {
        Ok(stream) => {
            let session = Session::new(stream, world.network.limits.clone(), attempt).inside_tls();
            walk(look, visit, errand, session, None).await
        }
        Err(stop) => {
            attempt.end(stop);
            (attempt, None)
        }
    }
}

/// Has a library sign in once more, when our own session is closed, and compares. Where the two differ nothing is known:
/// the sign-in is then neither good nor refused.
async fn confirm(
    look: &SignInProbe,
    visit: &SignIn,
    attempt: &mut Attempt,
    open: Option<Box<dyn Stream>>,
    world: &ProbeContext,
) -> Option<Box<dyn Stream>> {
    let own = &look.dialect().facts;
    let is_refused = |stop: &Failure| stop.stage == Stage::Authenticate && stop.kind == FailureKind::Rejected;
    let accepted = attempt.facts.is(own.signed_in);
    let is_comparable = accepted || attempt.failure.as_ref().is_some_and(is_refused);
    let (Some(library), Some(fact), true) = (second_opinion::library(look.protocol), own.second_opinion, is_comparable)
    else {
        return open;
    };
    if let Some(stream) = open {
        session::close(stream).await;
    }
    let opinion = match reach(visit, &world.network, &mut Attempt::new(visit.address)).await {
        Ok(stream) => {
            let (user, token, frame) = (&visit.user, &visit.held.token, visit.presented.frame());
            second_opinion::ask(look.protocol, stream, user, token, frame, &world.network.limits).await
        }
        Err(stop) => Opinion::Unknown(stop.words),
    };
    let harmless = |words: &str| {
        let (clean, _) = world.wallet.net.clean(&words.replace(visit.held.token.expose(), "***"));
        line::shorten(&clean, line::MOST_WORDS)
    };
    match second_opinion::compare(accepted, library, opinion) {
        Comparison::Agree => attempt.set(fact, format!("{library} agrees")),
        Comparison::Alone(words) => attempt.set(fact, harmless(&words)),
        Comparison::Differ(words) => {
            attempt.facts.retain(|name| !own.results.iter().any(|result| result.name == name));
            attempt.end(look.stop(Stage::Authenticate, FailureKind::CannotJudge, harmless(&words)));
        }
    }
    None
}

/// Connects and encrypts.
async fn reach(visit: &SignIn, network: &Network, attempt: &mut Attempt) -> Result<Box<dyn Stream>, Failure> {
    let stream = service::connect(&visit.way, &visit.places, network, attempt).await?;
    let stream = service::before_tls(&visit.way, stream, network, attempt).await?;
    let handshake = Box::pin(network.trust.handshake_again(stream, &visit.way.host, &network.limits));
    service::encrypt(&visit.way, handshake, network, attempt).await
}

async fn walk(
    look: &SignInProbe,
    visit: &SignIn,
    errand: MailboxAction<'_>,
    mut session: Session,
    offer: Option<Offer>,
) -> Seen {
    let went = speak(look, visit, errand, &mut session, offer).await;
    let (stream, mut attempt) = session.into_parts();
    if let Err(stop) = went {
        attempt.end(stop);
    }
    (attempt, Some(stream))
}

async fn speak(
    look: &SignInProbe,
    visit: &SignIn,
    errand: MailboxAction<'_>,
    session: &mut Session,
    offer: Option<Offer>,
) -> Result<(), Failure> {
    session.hide(&visit.held.token);
    let own = &look.dialect().facts;
    session.attempt.set(own.signed_in_as, visit.user.clone());
    let owner = visit.held.user.as_deref().or(look.signs_in_as.as_deref()).filter(|_| !visit.held.application);
    session.attempt.set(own.as_application, visit.held.application);
    session.attempt.set(own.own_mailbox, owner.is_some_and(|owner| look.is_owned_by(owner)));
    let went = enter(look, visit, errand, session, offer).await;
    let listens =
        went.as_ref().err().is_none_or(|stop| matches!(stop.kind, FailureKind::Rejected | FailureKind::NotOffered));
    if listens {
        look.dialect().leave(session).await;
    }
    went
}

async fn enter(
    look: &SignInProbe,
    visit: &SignIn,
    errand: MailboxAction<'_>,
    session: &mut Session,
    offer: Option<Offer>,
) -> Result<(), Failure> {
    let offer = match offer {
        Some(known) => known,
        None => connection::offered(look.protocol, session).await?,
    };
    look.dialect().sign_in(session, &offer, &visit.presented).await?;
    match (errand, look.protocol) {
        (MailboxAction::Open, Protocol::Smtp) => smtp::open(session, &offer, &look.mailbox).await,
        (MailboxAction::Open, Protocol::Imap) => imap::open(session).await,
        (MailboxAction::Open, _) => pop3::open(session).await,
        (MailboxAction::Send(message), Protocol::Smtp) => smtp::send(session, &offer, &look.mailbox, message).await,
        (MailboxAction::Find(search), Protocol::Imap) => imap::find(session, search).await,
        (MailboxAction::Find(search), Protocol::Pop3) => pop3::find(session, search).await,
        _ => Err(look.stop(Stage::Open, FailureKind::Internal, "this protocol is not for this errand")),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test opens what the program then reaches")]
pub(super) mod tests {
    use std::{fmt::Debug, sync::Arc};

    use base64::{Engine, prelude::BASE64_STANDARD};
    use tokio::{
        io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream},
        net::TcpListener,
        sync::{mpsc, watch},
    };

    use super::*;
    use crate::{
        evidence::Value,
        net::{
            ConnectOverrides, Resolve,
            tls::tests::{GOOD, Papers, Recipe, acceptor, issued, serve},
        },
        oauth::TokenCache,
        probe::service::tests::{network, override_to},
        secret::Secret,
    };

    pub(in crate::probe) const TOKEN: &str =
        "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJub3QiOiJ0byBiZSBzZWVuIGFueXdoZXJlIn0.Tm90IGEgc2lnbmF0dXJlIGF0IGFsbA";
    const PERSON: &str = "anna@mail.test";
    const MAILBOX: &str = "sales@mail.test";

    pub(in crate::probe) fn presented() -> Presentation {
        Presentation::new(MAILBOX, &Secret::new(TOKEN)).unwrap()
    }

    /// Nothing that is printed of this holds sixteen bytes of the token, plain or in base64 however it is aligned.
    pub(in crate::probe) fn clean(seen: &impl Debug) {
        let printed = format!("{seen:?}");
        let coded = |before: &str, cut: usize| BASE64_STANDARD.encode([before, TOKEN].concat())[cut..].to_owned();
        let line = presented().line().expose().to_owned();
        for form in [TOKEN.to_owned(), coded("", 0), coded("x", 2), coded("xx", 3), line] {
            for piece in form.as_bytes().windows(16) {
                let piece = std::str::from_utf8(piece).unwrap();
                assert!(!printed.contains(piece), "{piece} stands in {printed}");
            }
        }
    }

    fn look(protocol: Protocol) -> SignInProbe {
        SignInProbe {
            account: "sales".to_owned(),
            signs_in_as: None,
            owners: Vec::new(),
            mailbox: MAILBOX.to_owned(),
            protocol,
            host: "mail.test".to_owned(),
            port: 443,
            second_opinion: false,
        }
    }

    fn held(user: Option<&str>, application: bool) -> CachedToken {
        CachedToken { token: Secret::new(TOKEN), user: user.map(str::to_owned), application }
    }

    fn world(papers: &Papers, overrides: ConnectOverrides) -> ProbeContext {
        let wallet = TokenCache::default();
        wallet.keep("sales", held(Some(PERSON), false));
        ProbeContext {
            network: network(papers, overrides),
            wallet,
            keep_transcripts: true,
            ..ProbeContext::new(network(papers, ConnectOverrides::default()))
        }
    }

    async fn seen(look: &SignInProbe, earlier: &Earlier, world: &ProbeContext) -> Observation {
        let observation = observe(look, earlier, world).await;
        clean(&observation);
        clean(&serde_json::to_string(&observation).unwrap());
        assert_eq!((observation.subject.as_str(), observation.probe.as_str()), (MAILBOX, look.protocol.name()));
        observation
    }

    async fn say(stream: &mut (impl AsyncWrite + Unpin), text: &str) {
        let _ = stream.write_all(text.as_bytes()).await;
        let _ = stream.flush().await;
    }

    /// A server that answers line after line from its script, inside TLS, and tells every line that it hears.
    async fn server(
        papers: &Papers,
        greeting: &'static str,
        script: &'static [(&'static str, &'static str)],
    ) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
        let acceptor = acceptor(papers);
        let (tell, heard) = mpsc::unbounded_channel();
        let address = serve(move |stream| {
            let (acceptor, tell) = (acceptor.clone(), tell.clone());
            async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let mut stream = BufStream::new(stream);
                say(&mut stream, greeting).await;
                answer(&mut stream, script, &tell).await;
            }
        });
        (address.await, heard)
    }

    async fn answer(
        stream: &mut (impl AsyncBufRead + AsyncWrite + Unpin),
        script: &[(&str, &str)],
        tell: &mpsc::UnboundedSender<String>,
    ) {
        let mut line = String::new();
        while stream.read_line(&mut line).await.is_ok_and(|length| length > 0) {
            let _ = tell.send(line.trim_end().to_owned());
            if let Some((_, answer)) = script.iter().find(|(begins, _)| line.starts_with(begins)) {
                say(stream, answer).await;
            }
            line.clear();
        }
    }

    /// All lines that came until the client left.
    async fn lines(mut heard: mpsc::UnboundedReceiver<String>, last: &str) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(line) = heard.recv().await {
            let ended = line == last;
            lines.push(line);
            if ended {
                break;
            }
        }
        lines
    }

    /// Who is named in a line with the token.
    fn named(line: &str) -> String {
        let whole = BASE64_STANDARD.decode(line.rsplit(' ').next().unwrap()).unwrap();
        let whole = String::from_utf8(whole).unwrap();
        assert!(whole.ends_with(&format!("\x01auth=Bearer {TOKEN}\x01\x01")));
        whole.split('\x01').next().unwrap().strip_prefix("user=").unwrap().to_owned()
    }

    const IMAP_GREETING: &str = "* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR] ready\r\n";
    const IMAP: &[(&str, &str)] = &[
        ("A2 AUTHENTICATE", "A2 OK AUTHENTICATE completed.\r\n"),
        ("A3 EXAMINE", "* 3 EXISTS\r\nA3 OK [READ-ONLY] done\r\n"),
    ];
    const POP3: &[(&str, &str)] = &[
        ("CAPA", "+OK\r\nSASL XOAUTH2\r\n.\r\n"),
        ("AUTH", "+ \r\n"),
        ("dXNlcj", "+OK in\r\n"),
        ("STAT", "+OK 3 99\r\n"),
    ];
    const SMTP: &[(&str, &str)] = &[
        ("EHLO", "250-me\r\n250 AUTH XOAUTH2\r\n"),
        ("AUTH", "334 \r\n"),
        ("dXNlcj", "235 2.7.0 Authentication successful\r\n"),
        ("MAIL", "250 ok\r\n"),
        ("RCPT", "250 ok\r\n"),
        ("RSET", "250 ok\r\n"),
    ];

    /// A submission server: STARTTLS first, then as [`server`].
    async fn submission(papers: &Papers) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
        submission_that_stays(papers, watch::channel(false).1).await
    }

    /// The same, which hangs up only when it need no longer stay.
    async fn submission_that_stays(
        papers: &Papers,
        stay: watch::Receiver<bool>,
    ) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
        let acceptor = acceptor(papers);
        let (tell, heard) = mpsc::unbounded_channel();
        let address = serve(move |stream| {
            let (acceptor, tell, mut stay) = (acceptor.clone(), tell.clone(), stay.clone());
            async move {
                let mut plain = BufStream::new(stream);
                let mut line = String::new();
                say(&mut plain, "220 mail.test ready\r\n").await;
                let _ = plain.read_line(&mut line).await;
                say(&mut plain, "250-mail.test\r\n250 STARTTLS\r\n").await;
                let _ = plain.read_line(&mut line).await;
                say(&mut plain, "220 go\r\n").await;
                assert!(!line.contains("AUTH"), "{line}");
                let Ok(stream) = acceptor.accept(plain.into_inner()).await else { return };
                let mut stream = BufStream::new(stream);
                answer(&mut stream, SMTP, &tell).await;
                let _ = stay.wait_for(|stay| !stay).await;
            }
        });
        (address.await, heard)
    }

    fn facts(observation: &Observation) -> Vec<String> {
        let facts = &observation.attempts[0].facts;
        facts.iter().map(|(name, value)| format!("{name}={value}")).collect()
    }

    #[tokio::test]
    async fn imap_names_the_mailbox() {
        let papers = issued(GOOD);
        let (address, heard) = server(&papers, IMAP_GREETING, IMAP).await;
        let mut world = world(&papers, override_to(address));
        world.keep_transcripts = false;
        let observation = seen(&look(Protocol::Imap), &Earlier::default(), &world).await;
        let results = [
            "imap.as_application=no",
            "imap.mailbox_open=yes",
            "imap.message_count=3",
            "imap.own_mailbox=no",
            "imap.signed_in=yes",
            "imap.signed_in_as=sales@mail.test",
        ];
        assert_eq!(facts(&observation), results, "and nothing else is kept");
        assert_eq!((&observation.attempts[0].failure, observation.attempts[0].transcript.len()), (&None, 0));
        let lines = lines(heard, "A4 LOGOUT").await;
        assert_eq!(named(&lines[0]), MAILBOX);
        assert_eq!(lines[1..], ["A3 EXAMINE INBOX", "A4 LOGOUT"]);
    }

    #[tokio::test]
    async fn pop3_names_the_mailbox() {
        let papers = issued(GOOD);
        let (address, heard) = server(&papers, "+OK ready\r\n", POP3).await;
        let observation = seen(&look(Protocol::Pop3), &Earlier::default(), &world(&papers, override_to(address))).await;
        assert_eq!(observation.attempts[0].failure, None);
        assert!(facts(&observation).contains(&"pop3.message_count=3".to_owned()), "{observation:?}");
        let lines = lines(heard, "QUIT").await;
        assert_eq!(named(&lines[2]), MAILBOX);
        assert_eq!([&lines[..2], &lines[3..]].concat(), ["CAPA", "AUTH XOAUTH2", "STAT", "QUIT"]);
    }

    #[tokio::test]
    async fn smtp_names_the_tokens_own_user_and_sends_from_the_mailbox() {
        let papers = issued(GOOD);
        let (address, heard) = submission(&papers).await;
        let observation = seen(&look(Protocol::Smtp), &Earlier::default(), &world(&papers, override_to(address))).await;
        let path = &observation.attempts[0];
        assert_eq!(path.failure, None);
        assert!(path.transcript.iter().any(|line| line.text.ends_with("user=anna@mail.test>")), "{path:?}");
        let stages: Vec<Stage> = path.timings.iter().map(|step| step.name).collect();
        assert_eq!(stages[5..], [Stage::Capabilities, Stage::Authenticate, Stage::Sender, Stage::Recipient]);
        let lines = lines(heard, "QUIT").await;
        assert_eq!((lines[1].as_str(), named(&lines[2]).as_str()), ("AUTH XOAUTH2", PERSON));
        assert_eq!(lines[3..], ["MAIL FROM:<sales@mail.test>", "RCPT TO:<sales@mail.test>", "RSET", "QUIT"]);
    }

    #[test]
    fn who_is_named_follows_the_identity_rule() {
        let other = Some("eve@mail.test".to_owned());
        for (protocol, signs_in_as, held, user) in [
            (Protocol::Smtp, &other, held(Some(PERSON), false), PERSON),
            (Protocol::Smtp, &other, held(None, false), "eve@mail.test"),
            (Protocol::Smtp, &None, held(None, false), MAILBOX),
            (Protocol::Smtp, &other, held(Some(PERSON), true), MAILBOX),
            (Protocol::Imap, &other, held(Some(PERSON), false), MAILBOX),
            (Protocol::Pop3, &other, held(Some(PERSON), false), MAILBOX),
            (Protocol::Imap, &None, held(None, true), MAILBOX),
        ] {
            let look = SignInProbe { signs_in_as: signs_in_as.clone(), ..look(protocol) };
            assert_eq!(look.user(&held), user, "{protocol:?} {held:?}");
        }
    }

    #[test]
    fn mailbox_is_owned_by_who_is_named_as_it_or_as_a_file_names_its_user() {
        let look = SignInProbe { owners: vec!["anna.m@corp.test".to_owned()], ..look(Protocol::Imap) };
        for (user, owns) in [(MAILBOX, true), ("Anna.M@corp.test", true), (PERSON, false)] {
            assert_eq!(look.is_owned_by(user), owns, "{user}");
        }
    }

    /// What a server with such a certificate receives inside TLS, in bytes, and what was seen of it.
    async fn bad_certificate(recipe: Recipe, trusted: bool, protocol: Protocol) -> (Observation, Vec<u8>) {
        let papers = issued(recipe);
        let acceptor = acceptor(&papers);
        let (tell, mut received) = mpsc::unbounded_channel();
        let address = serve(move |stream| {
            let (acceptor, tell) = (acceptor.clone(), tell.clone());
            async move {
                let mut plain = BufStream::new(stream);
                if protocol == Protocol::Smtp {
                    let mut line = String::new();
                    say(&mut plain, "220 ready\r\n").await;
                    let _ = plain.read_line(&mut line).await;
                    say(&mut plain, "250-me\r\n250 STARTTLS\r\n").await;
                    let _ = plain.read_line(&mut line).await;
                    say(&mut plain, "220 go\r\n").await;
                }
                let mut bytes = Vec::new();
                if let Ok(stream) = acceptor.accept(plain.into_inner()).await {
                    let mut stream = BufStream::new(stream);
                    say(&mut stream, IMAP_GREETING).await; // invites the token
                    let _ = stream.read_to_end(&mut bytes).await;
                }
                let _ = tell.send(bytes);
            }
        });
        let overrides = override_to(address.await);
        let world = if trusted { world(&papers, overrides) } else { world(&issued(GOOD), overrides) };
        let observation = seen(&look(protocol), &Earlier::default(), &world).await;
        (observation, received.recv().await.unwrap())
    }

    #[tokio::test]
    async fn nothing_reaches_a_server_with_a_bad_certificate() {
        for (recipe, trusted, kind) in [
            (GOOD, false, FailureKind::UnknownIssuer),
            (Recipe { until: 2021, ..GOOD }, true, FailureKind::Expired),
            (Recipe { name: "other.test", ..GOOD }, true, FailureKind::WrongName),
        ] {
            for protocol in [Protocol::Imap, Protocol::Pop3, Protocol::Smtp] {
                let (observation, received) = bad_certificate(recipe, trusted, protocol).await;
                let stop = observation.attempts[0].failure.as_ref().unwrap();
                assert_eq!(stop.stage, Stage::Certificate, "{protocol:?} {stop:?}");
                assert!(
                    trusted || matches!(stop.kind, FailureKind::UnknownIssuer | FailureKind::BadCertificate),
                    "{stop:?}"
                );
                assert!(!trusted || stop.kind == kind, "{stop:?}");
                assert_eq!(received, b"", "{protocol:?} {kind:?}");
                assert_eq!(observation.attempts[0].facts.get(look(protocol).dialect().facts.signed_in), None);
            }
        }
    }

    #[tokio::test]
    async fn nothing_is_sent_in_plain_text() {
        for (protocol, greeting) in [
            (Protocol::Smtp, "220 me\r\n250-me\r\n250 AUTH XOAUTH2\r\n"),
            (Protocol::Imap, IMAP_GREETING),
            (Protocol::Pop3, "+OK ready\r\n"),
        ] {
            let (tell, mut received) = mpsc::unbounded_channel();
            let address = serve(move |mut stream| {
                let tell = tell.clone();
                async move {
                    say(&mut stream, greeting).await;
                    let mut bytes = Vec::new();
                    let _ = stream.read_to_end(&mut bytes).await;
                    let _ = tell.send(String::from_utf8_lossy(&bytes).into_owned());
                }
            });
            let world = world(&issued(GOOD), override_to(address.await));
            let observation = seen(&look(protocol), &Earlier::default(), &world).await;
            assert!(observation.attempts[0].failure.is_some(), "{protocol:?}");
            clean(&received.recv().await.unwrap());
        }
    }

    #[tokio::test]
    async fn no_token_is_said_before_anything_is_dialled() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut world = world(&issued(GOOD), override_to(listener.local_addr().unwrap()));
        world.wallet = TokenCache::default();
        let stop = seen(&look(Protocol::Imap), &Earlier::default(), &world).await.failure.unwrap();
        assert_eq!((stop.stage, stop.kind), (Stage::Credential, FailureKind::Missing));
        world.wallet.keep("sales", held(Some("a\x01auth=x"), false));
        let stop = seen(&look(Protocol::Smtp), &Earlier::default(), &world).await.failure.unwrap();
        assert_eq!((stop.stage, stop.kind), (Stage::Credential, FailureKind::Missing));
        assert!(stop.words.contains("control characters"), "{}", stop.words);
        let dialled = tokio::time::timeout(std::time::Duration::from_millis(20), listener.accept()).await;
        assert!(dialled.is_err(), "nobody came");
    }

    #[tokio::test]
    async fn address_is_the_first_that_the_look_at_the_service_found_well() {
        let papers = issued(GOOD);
        let (good, _heard) = server(&papers, IMAP_GREETING, IMAP).await;
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let resolve = Resolve {
            host: "mail.test".to_owned(),
            port: 443,
            addresses: vec![[192, 0, 2, 1].into(), [192, 0, 2, 2].into()],
        };
        let turn = |host: &str, to: SocketAddr| crate::net::ConnectTo {
            host: host.to_owned(),
            port: 443,
            to_host: to.ip().to_string(),
            to_port: to.port(),
        };
        let overrides = ConnectOverrides {
            resolve: vec![resolve],
            connect_to: vec![turn("192.0.2.1", closed), turn("192.0.2.2", good)],
            only_mapped: true,
            proxy: None,
        };
        let world = world(&papers, overrides);
        let service = service::tests::look(Service::Imap, Depth::Service);
        let earlier = Arc::new(service::observe(&service, None, &world.network).await);
        let observation =
            seen(&look(Protocol::Imap), &Earlier::of([(service::key("mail.test", 443), earlier.clone())]), &world)
                .await;
        assert_eq!(observation.attempts.len(), 1);
        let path = &observation.attempts[0];
        assert_eq!((path.address.ip().to_string().as_str(), path.dialled), ("192.0.2.2", Some(good)));
        assert_eq!((&path.failure, &observation.route), (&None, &earlier.route));

        let alone = seen(&look(Protocol::Imap), &Earlier::default(), &world).await;
        assert_eq!(alone.attempts[0].address.ip().to_string(), "192.0.2.1", "without that look, the first address");
        assert_eq!(alone.attempts[0].failure.as_ref().unwrap().kind, FailureKind::Refused);
    }

    #[tokio::test]
    async fn refusal_keeps_its_words_and_its_transcript() {
        let papers = issued(GOOD);
        let script = &[
            ("A2 ", "A2 OK AUTHENTICATE completed.\r\n"),
            ("A3 ", "A3 BAD User is authenticated but not connected.\r\n"),
        ];
        let (address, heard) = server(&papers, IMAP_GREETING, script).await;
        let mut world = world(&papers, override_to(address));
        world.keep_transcripts = false;
        let observation = seen(&look(Protocol::Imap), &Earlier::default(), &world).await;
        let path = &observation.attempts[0];
        let stop = path.failure.as_ref().unwrap();
        assert_eq!((stop.stage, stop.kind), (Stage::Open, FailureKind::Rejected));
        assert!(path.transcript.iter().any(|line| line.text == stop.words), "{path:?}");
        assert_eq!(path.facts.value("tls.trusted"), Some(&Value::Bool(true)));
        assert_eq!(lines(heard, "A4 LOGOUT").await.len(), 3, "it was left in good order");
    }

    #[tokio::test]
    async fn place_is_free_only_when_the_server_has_hung_up() {
        let papers = issued(GOOD);
        let (stay, staying) = watch::channel(true);
        let (address, _heard) = submission_that_stays(&papers, staying).await;
        let world = world(&papers, override_to(address));
        for _ in 0..MOST_PER_SENDER {
            assert_eq!(
                seen(&look(Protocol::Smtp), &Earlier::default(), &world).await.attempts[0].failure,
                None,
                "the finding is there"
            );
        }
        let look = look(Protocol::Smtp);
        let mut next = std::pin::pin!(turn(&look, PERSON, &world));
        assert!(futures_util::poll!(&mut next).is_pending(), "the server is still there");
        stay.send(false).unwrap();
        assert!(next.await.is_ok());
    }

    #[tokio::test]
    async fn five_hundred_mailboxes_never_crowd_a_host_or_a_sender() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static NOW: AtomicUsize = AtomicUsize::new(0);
        static PEAK: AtomicUsize = AtomicUsize::new(0);
        let world = world(&issued(GOOD), ConnectOverrides::default());
        let one = async |protocol: Protocol, most: usize| {
            let places = turn(&look(protocol), PERSON, &world).await.unwrap();
            assert!(NOW.fetch_add(1, Ordering::Relaxed) < most);
            PEAK.fetch_max(NOW.load(Ordering::Relaxed), Ordering::Relaxed);
            tokio::task::yield_now().await;
            NOW.fetch_sub(1, Ordering::Relaxed);
            drop(places);
        };
        for (protocol, most) in [(Protocol::Imap, MOST_PER_HOST), (Protocol::Smtp, MOST_PER_SENDER)] {
            PEAK.store(0, Ordering::Relaxed);
            futures_util::future::join_all((0..500).map(|_| one(protocol, most))).await;
            assert_eq!(PEAK.load(Ordering::Relaxed), most);
        }
    }

    /// The service probe whose connection a sign-in goes on from.
    fn service_probe() -> ServiceProbe {
        let service = crate::probe::service::tests::look(Service::Imap, Depth::Service);
        ServiceProbe { hands_over: true, ..service }
    }

    /// What a service probe and then so many sign-ins see, in turn.
    async fn in_turn(papers: &Papers, server: SocketAddr, sign_ins: usize) -> (Observation, Vec<Observation>) {
        let world = world(papers, override_to(server));
        let probe = service_probe();
        let service = Arc::new(Probe::observe(&probe, &Earlier::default(), &world).await);
        let earlier = Earlier::of([(probe.key(), service.clone())]);
        let mut all = Vec::new();
        for _ in 0..sign_ins {
            all.push(seen(&look(Protocol::Imap), &earlier, &world).await);
        }
        world.connections.close().await;
        ((*service).clone(), all)
    }

    #[tokio::test]
    async fn token_goes_on_the_judged_connection_and_never_to_an_evil_second_one() {
        let (good, evil) = (issued(GOOD), issued(GOOD)); // the second is of an authority that nobody trusts
        let acceptors = [acceptor(&good), acceptor(&evil)];
        let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let (tell, mut heard) = mpsc::unbounded_channel();
        let server = serve(move |stream| {
            let at = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let (acceptor, tell) = (acceptors[at.min(1)].clone(), tell.clone());
            async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let mut stream = BufStream::new(stream);
                say(&mut stream, IMAP_GREETING).await;
                let mut line = String::new();
                while stream.read_line(&mut line).await.is_ok_and(|length| length > 0) {
                    let _ = tell.send((at, line.trim_end().to_owned()));
                    if let Some((_, answer)) = IMAP.iter().find(|(begins, _)| line.starts_with(begins)) {
                        say(&mut stream, answer).await;
                    }
                    line.clear();
                }
            }
        });
        let (service, sign_ins) = in_turn(&good, server.await, 2).await;
        assert_eq!(service.attempts[0].failure, None);
        assert_eq!(sign_ins[0].attempts[0].failure, None);
        let stop = sign_ins[1].attempts[0].failure.as_ref().expect("the second certificate is judged too");
        assert_eq!(stop.stage, Stage::Certificate, "{stop:?}");
        let mut lines = Vec::new();
        while let Ok(line) = heard.try_recv() {
            lines.push(line);
        }
        assert!(lines.iter().all(|(at, _)| *at == 0), "nothing may reach the second: {lines:?}");
        let words: Vec<&str> = lines.iter().map(|(_, line)| line.split(' ').nth(1).unwrap_or_default()).collect();
        assert_eq!(words, ["AUTHENTICATE", "EXAMINE", "LOGOUT"], "on the connection of the service probe");
    }

    #[tokio::test]
    async fn server_that_hung_up_meanwhile_is_connected_to_again() {
        for answers_the_first in [false, true] {
            let papers = issued(GOOD);
            let acceptor = acceptor(&papers);
            let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
            let server = serve(move |stream| {
                let (acceptor, at) = (acceptor.clone(), count.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
                async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    let mut stream = BufStream::new(stream);
                    say(&mut stream, IMAP_GREETING).await;
                    if at == 0 && answers_the_first {
                        let _ = stream.read_line(&mut String::new()).await; // the token is heard, and not answered
                    }
                    if at > 0 {
                        answer(&mut stream, IMAP, &mpsc::unbounded_channel().0).await;
                    }
                }
            });
            let (_, sign_ins) = in_turn(&papers, server.await, 1).await;
            assert_eq!(sign_ins[0].attempts[0].failure, None, "{answers_the_first}");
        }
    }

    /// A server that answers the first sign-in so and the second so, and what is seen of it with a second opinion.
    async fn twice(answers: [&'static str; 2]) -> (Observation, usize) {
        let papers = issued(GOOD);
        let acceptor = acceptor(&papers);
        let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = count.clone();
        let server = serve(move |stream| {
            let (acceptor, at) = (acceptor.clone(), count.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
            async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let mut stream = BufStream::new(stream);
                say(&mut stream, IMAP_GREETING).await;
                let mut line = String::new();
                while stream.read_line(&mut line).await.is_ok_and(|length| length > 0) {
                    let tag = line.split(' ').next().unwrap_or_default().to_owned();
                    let answer = match line.split(' ').nth(1).unwrap_or_default().trim_end() {
                        "AUTHENTICATE" if at == 0 => format!("{tag} {}\r\n", answers[0]),
                        "AUTHENTICATE" => {
                            say(&mut stream, "+ \r\n").await;
                            let _ = stream.read_line(&mut String::new()).await;
                            format!("{tag} {}\r\n", answers[1])
                        }
                        "LOGOUT" => format!("* BYE\r\n{tag} OK bye\r\n"),
                        _ => format!("* 3 EXISTS\r\n{tag} OK [READ-ONLY] done\r\n"),
                    };
                    say(&mut stream, &answer).await;
                    line.clear();
                }
            }
        });
        let look = SignInProbe { second_opinion: true, ..look(Protocol::Imap) };
        let observation = seen(&look, &Earlier::default(), &world(&papers, override_to(server.await))).await;
        (observation, counted.load(std::sync::atomic::Ordering::Relaxed))
    }

    #[tokio::test]
    async fn second_opinion_agrees_or_nothing_is_known() {
        let (good, bad) = ("OK done", "NO AUTHENTICATE failed.");
        for (answers, agrees) in [([good, good], true), ([bad, bad], true), ([good, bad], false), ([bad, good], false)]
        {
            let (observation, connections) = twice(answers).await;
            let attempt = &observation.attempts[0];
            assert_eq!(connections, 2, "{answers:?}");
            let told = attempt.facts.get(imap::SECOND_OPINION).map(String::as_str);
            assert_eq!(told == Some("async-imap agrees"), agrees, "{answers:?} {told:?} {:?}", attempt.failure);
            let kind = attempt.failure.as_ref().map(|stop| stop.kind);
            assert_eq!(kind == Some(FailureKind::CannotJudge), !agrees, "{answers:?} {kind:?}");
            assert!(agrees || attempt.facts.get(imap::SIGNED_IN).is_none(), "{answers:?}");
        }
    }
}
