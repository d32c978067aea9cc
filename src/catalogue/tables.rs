//! The dated tables in `checks/tables`: levels of ECE, clouds and endpoints, certificate issuers, documents.
//!
//! In: the files, read strictly. Out: [`Tables`]. Each table carries the date of its newest source and the sources
//! themselves, so that a report can say how old its knowledge is.

use std::{collections::HashSet, net::IpAddr, num::NonZeroU16};

use ipnet::IpNet;
use jiff::civil::Date;

use super::{
    built_in::{own_table, sound},
    dated::{dated, sources, texts},
    lazy::Lazy,
    phrases::{self, MailCodes, Phrases},
};
use crate::{
    ece::{
        levels::{self, Affected, Defect, Known, Mistaken, OAuth},
        release::{Level, NotALevel, Package, Release},
    },
    evidence::Protocol,
    table::{At, Document, Mistake, Table},
};

/// All tables.
#[derive(Clone, Debug)]
pub struct Tables {
    /// `ece-levels.toml`
    pub levels: Lazy<levels::Table>,
    /// `clouds.toml`
    pub clouds: Lazy<Clouds>,
    /// `issuers.toml`
    pub issuers: Lazy<Issuers>,
    /// `documents.toml`
    pub documents: Lazy<Documents>,
    /// `aadsts.toml`
    pub numbers: Lazy<Numbers>,
    /// `phrases.toml`
    pub phrases: Lazy<Phrases>,
    /// `mail-codes.toml`
    pub codes: Lazy<MailCodes>,
}

impl Tables {
    /// The names of the files in `tables`.
    pub const FILES: [&str; 7] = [
        "ece-levels.toml",
        "clouds.toml",
        "issuers.toml",
        "documents.toml",
        "aadsts.toml",
        "phrases.toml",
        "mail-codes.toml",
    ];

    /// Reads the tables; `open` gives the document of each of [`Tables::FILES`].
    ///
    /// # Errors
    /// The first mistake, with file, line and remedy.
    pub fn read<'f>(open: impl Fn(&str) -> Result<&'f Document, Mistake>) -> Result<Self, Mistake> {
        let [levels, clouds, issuers, documents, numbers, phrases, codes] = Self::FILES;
        Ok(Self {
            levels: self::levels(open(levels)?)?.into(),
            clouds: self::clouds(open(clouds)?)?.into(),
            issuers: self::issuers(open(issuers)?)?.into(),
            documents: self::documents(open(documents)?)?.into(),
            numbers: self::numbers(open(numbers)?)?.into(),
            phrases: self::phrases::read(open(phrases)?)?.into(),
            codes: self::phrases::read_codes(open(codes)?)?.into(),
        })
    }

    /// The date of the newest table.
    #[must_use]
    pub fn date(&self) -> Date {
        self.levels.date.max(self.clouds.date).max(self.issuers.date).max(self.documents.date)
    }
}

/// The built-in tables, of which each is read when it is first asked for.
pub(super) fn built_in() -> Tables {
    Tables {
        levels: Lazy::new(|| sound(levels(&own_table(Tables::FILES[0])))),
        clouds: Lazy::new(|| sound(clouds(&own_table(Tables::FILES[1])))),
        issuers: Lazy::new(|| sound(issuers(&own_table(Tables::FILES[2])))),
        documents: Lazy::new(|| sound(documents(&own_table(Tables::FILES[3])))),
        numbers: Lazy::new(|| sound(numbers(&own_table(Tables::FILES[4])))),
        phrases: Lazy::new(|| sound(phrases::read(&own_table(Tables::FILES[5])))),
        codes: Lazy::new(|| sound(phrases::read_codes(&own_table(Tables::FILES[6])))),
    }
}

/// What Entra's numbers mean that no cause's sign names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// The date of the newest source.
    pub date: Date,
    /// Where it is said.
    pub sources: Vec<String>,
    /// The number behind `AADSTS`, and its meaning.
    pub rows: Vec<(u32, String)>,
}

impl Numbers {
    /// What a number means, in half a sentence.
    #[must_use]
    pub fn means(&self, number: u32) -> Option<&str> {
        self.rows.iter().find(|(of, _)| *of == number).map(|(_, means)| means.as_str())
    }
}

/// Microsoft's clouds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clouds {
    /// The date of the newest source.
    pub date: Date,
    /// Where it is said.
    pub sources: Vec<String>,
    /// The clouds.
    pub clouds: Vec<Cloud>,
}

impl Clouds {
    /// The cloud of this id, as `--cloud` names it.
    #[must_use]
    pub fn named(&self, id: &str) -> Option<&Cloud> {
        self.clouds.iter().find(|cloud| cloud.id == id)
    }

    /// Whether an address is in a range that Microsoft publishes for one of the clouds.
    #[must_use]
    pub fn publish(&self, address: IpAddr) -> bool {
        let ranges = self.clouds.iter().flat_map(|cloud| &cloud.ranges);
        ranges.flat_map(|range| &range.nets).any(|net| net.contains(&address))
    }
}

/// The keys of where administrators of a cloud work: portals, and the commands that connect.
const ADMIN: [&str; 8] =
    ["entra", "office", "exchange", "restricted", "connect_exchange", "connect_graph", "azure_cli", "azure_rest"];

/// One of Microsoft's clouds: its names, the endpoints that ECE needs, the published ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// `worldwide`, `gcc-high`, `dod` or `china`.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// The date of its source.
    pub date: Date,
    /// Where it is said.
    pub sources: Vec<String>,
    /// The host of the token endpoint.
    pub login: String,
    /// The host of Microsoft Graph.
    pub graph: String,
    /// The host of the Azure portal.
    pub portal: String,
    /// What Exchange's scopes begin with, ending in a slash.
    pub scopes: String,
    /// The scope of the application's own token for Exchange.
    pub application_scope: String,
    /// The hosts by which Exchange is named in tokens of this cloud.
    pub audiences: Vec<String>,
    /// Where its administrators work, and how: in the order of the keys of `[cloud.admin]`.
    pub admin: [Option<String>; ADMIN.len()],
    /// What ECE must reach.
    pub endpoints: Vec<Endpoint>,
    /// Which addresses Microsoft publishes for which hosts.
    pub ranges: Vec<Published>,
}

impl Cloud {
    /// The ranges that are published for a host, each once; empty when none are.
    #[must_use]
    pub fn published(&self, host: &str) -> Vec<IpNet> {
        let rows = self.ranges.iter().filter(|row| row.names(host));
        let mut nets: Vec<IpNet> = rows.flat_map(|row| row.nets.iter().copied()).collect();
        nets.sort_unstable();
        nets.dedup();
        nets
    }
}

/// A service that ECE must reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name, such as `smtp-alt`.
    pub name: String,
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What is spoken there.
    pub protocol: Protocol,
    /// What is asked for, when that is HTTPS.
    pub question: Option<Question>,
    /// What ECE needs it for.
    pub why: String,
}

/// What is asked of a web server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The tenant's discovery document.
    Discovery,
    /// One GET of this path.
    Path(String),
}

/// The address ranges that Microsoft publishes for some hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The row's number in Microsoft's list.
    pub row: i64,
    /// The hosts.
    pub hosts: Vec<String>,
    /// The ports, where the row is not for all that the host offers.
    pub ports: Vec<u16>,
    /// IPv4 and IPv6.
    pub nets: Vec<IpNet>,
}

impl Published {
    /// True for the row of this name and port.
    #[must_use]
    pub fn is_of(&self, host: &str, port: u16) -> bool {
        let has_port = self.ports.is_empty() || self.ports.contains(&port);
        has_port && self.names(host)
    }

    fn names(&self, host: &str) -> bool {
        self.hosts.iter().any(|name| name.eq_ignore_ascii_case(host))
    }
}

/// Organisations that issue certificates to public services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuers {
    /// The date of the newest source.
    pub date: Date,
    /// Where it is said.
    pub sources: Vec<String>,
    /// Those that Microsoft's hosts use.
    pub microsoft: Vec<String>,
    /// Others, for hosts that are not Microsoft's.
    pub public: Vec<String>,
}

/// What each release calls things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Documents {
    /// The date of the newest source.
    pub date: Date,
    /// Where it is said.
    pub sources: Vec<String>,
    /// The releases, oldest first; never empty.
    pub releases: Vec<Naming>,
}

/// What one release calls things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// The first release of which this is true.
    pub release: Release,
    /// The name of the setting that holds the external URL.
    pub setting: String,
    /// Where in the console it stands.
    pub place: String,
    /// The guide to mail accounts, with Unified CCE.
    pub guide_ucce: String,
    /// The guide to mail accounts, with Packaged CCE.
    pub guide_pcce: String,
}

impl Documents {
    /// What a release calls things: the row of that release, or of the last one before it.
    #[must_use]
    pub fn naming(&self, release: Release) -> Option<&Naming> {
        self.releases.iter().rev().find(|row| row.release <= release).or(self.releases.first())
    }

    /// The guides that tell of mail accounts in a release, one where they have the same title for both products.
    #[must_use]
    pub fn guides(&self, release: Release) -> Vec<String> {
        let Some(naming) = self.naming(release) else { return Vec::new() };
        let (ucce, pcce) = (&naming.guide_ucce, &naming.guide_pcce);
        if ucce == pcce {
            return vec![format!("{ucce}, Release {release}")];
        }
        vec![format!("{ucce}, Release {release} (UCCE)"), format!("{pcce}, Release {release} (PCCE)")]
    }

    /// The name of the setting that holds the external URL; all names in use when the release is not known.
    #[must_use]
    pub fn setting(&self, release: Option<Release>) -> String {
        if let Some(row) = release.and_then(|release| self.naming(release)) {
            return format!("{} ({})", row.setting, row.place);
        }
        let mut names: Vec<&str> = self.releases.iter().rev().map(|row| row.setting.as_str()).collect();
        names.dedup();
        names.join(", in older releases ")
    }
}

fn levels(document: &Document) -> Result<levels::Table, Mistake> {
    let mut top = document.table()?;
    let (date, sources) = dated(&mut top)?;
    let releases = ascending(top.tables("release")?, |table| known(table), |known| known.release)?;
    let mistaken = top.tables("mistaken")?.into_iter().map(mistaken).collect::<Result<_, _>>()?;
    let defects = top.tables("defect")?.into_iter().map(defect).collect::<Result<_, _>>()?;
    top.close()?;
    Ok(levels::Table { date, sources, releases, mistaken, defects })
}

fn known(table: &mut Table<'_>) -> Result<Known, Mistake> {
    let release = release(table)?;
    let packages = packages(table, "packages")?.map_or_else(Vec::new, |at| at.value);
    let oauth = oauth(table, &packages)?;
    sources(table)?;
    Ok(Known { release, oauth, packages })
}

/// `minimum`, or in its place `oauth`: false when no level has it, true when no source names the lowest level.
fn oauth(table: &mut Table<'_>, known: &[Package]) -> Result<OAuth, Mistake> {
    let oauth = table.bool("oauth")?;
    let minimum = packages(table, "minimum")?;
    match (oauth, minimum) {
        (Some(oauth), None) => Ok(if oauth.value { OAuth::NotDocumented } else { OAuth::Never }),
        (None, Some(minimum)) => match minimum.value.iter().find(|wanted| !known.contains(wanted)) {
            Some(unknown) => Err(minimum.mistake(format!("{unknown} is not among packages"), "add it there")),
            None => Ok(OAuth::From(minimum.value)),
        },
        _ => Err(table.mistake(
            "does this release have OAuth?",
            "write one of minimum = [\"ES…\"], oauth = false, or oauth = true when no source names the lowest level",
        )),
    }
}

fn defect(mut table: Table<'_>) -> Result<Defect, Mistake> {
    let affected = |(release, highest), and_below| Affected { release, highest, and_below };
    let exactly = builds(&mut table, "affects")?.into_iter().map(|build| affected(build, false));
    let and_below = builds(&mut table, "affects_up_to")?.into_iter().map(|build| affected(build, true));
    let defect = Defect {
        affects: exactly.chain(and_below).collect(),
        fixed: table.text("fixed")?.map(|at| at.parse(|text| build(text))).transpose()?.map(|at| at.value),
        id: table.required("id")?.value,
        about: table.required("about")?.value,
    };
    if defect.affects.is_empty() {
        return Err(table.mistake("no level has this defect", "write affects = [\"12.6(1)_ES6\"] or affects_up_to"));
    }
    sources(&mut table)?;
    table.close()?;
    Ok(defect)
}

fn builds(table: &mut Table<'_>, key: &str) -> Result<Vec<(Release, Package)>, Mistake> {
    let Some(found) = table.texts(key)? else { return Ok(Vec::new()) };
    found.parse(|texts| texts.iter().map(|text| build(text)).collect()).map(|at| at.value)
}

/// A release with its package, such as `12.6(1)_ES6_ET1`.
fn build(text: &str) -> Result<(Release, Package), (String, String)> {
    let level: Level = text.parse().map_err(|_: NotALevel| not_a_level(text))?;
    level.release.zip(level.package).ok_or_else(|| not_a_level(text))
}

fn packages<'d>(table: &mut Table<'d>, key: &str) -> Result<Option<At<'d, Vec<Package>>>, Mistake> {
    let Some(found) = table.texts(key)? else { return Ok(None) };
    let packages = found.parse(|texts| {
        let parse = |text: &String| text.parse().map_err(|_: NotALevel| not_a_level(text));
        texts.iter().map(parse).collect::<Result<Vec<Package>, _>>()
    })?;
    if packages.value.is_sorted_by(|low, high| low < high) {
        return Ok(Some(packages));
    }
    Err(packages
        .mistake(format!("{key} are out of order"), "write the lowest first: ET1, ES1, ES1_ET1, ES9, ES9a, ES10"))
}

fn mistaken(mut table: Table<'_>) -> Result<Mistaken, Mistake> {
    let mistaken = Mistaken { release: release(&mut table)?, truth: table.required("truth")?.value };
    sources(&mut table)?;
    table.close()?;
    Ok(mistaken)
}

fn clouds(document: &Document) -> Result<Clouds, Mistake> {
    let mut top = document.table()?;
    let (date, sources) = dated(&mut top)?;
    let mut clouds: Vec<Cloud> = Vec::new();
    for table in top.tables("cloud")? {
        let head = table.head();
        let cloud = cloud(table)?;
        if clouds.iter().any(|other| other.id == cloud.id) {
            return Err(head.mistake(format!("there are two clouds {}", cloud.id), "write each once"));
        }
        clouds.push(cloud);
    }
    top.close()?;
    Ok(Clouds { date, sources, clouds })
}

fn cloud(mut table: Table<'_>) -> Result<Cloud, Mistake> {
    let (date, sources) = dated(&mut table)?;
    let mut admin = [const { None }; ADMIN.len()];
    if let Some(mut places) = table.table("admin")? {
        for (place, key) in admin.iter_mut().zip(ADMIN) {
            *place = places.text(key)?.map(|at| at.value);
        }
        places.close()?;
    }
    let cloud = Cloud {
        id: table.required("id")?.value,
        title: table.required("title")?.value,
        date,
        sources,
        login: table.required("login")?.value,
        graph: table.required("graph")?.value,
        portal: table.required("portal")?.value,
        scopes: table.required("scopes")?.value,
        application_scope: table.required("application_scope")?.value,
        audiences: table.texts("audiences")?.map(|at| at.value).unwrap_or_default(),
        admin,
        endpoints: endpoints(table.tables("endpoint")?)?,
        ranges: table.tables("range")?.into_iter().map(published).collect::<Result<_, _>>()?,
    };
    table.close()?;
    Ok(cloud)
}

fn endpoints(tables: Vec<Table<'_>>) -> Result<Vec<Endpoint>, Mistake> {
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for mut table in tables {
        let name = table.required("name")?;
        if endpoints.iter().any(|other| other.name == name.value) {
            return Err(name.mistake(format!("there are two endpoints {}", name.value), "give each its own name"));
        }
        endpoints.push(endpoint(name.value, &mut table)?);
        table.close()?;
    }
    Ok(endpoints)
}

fn endpoint(name: String, table: &mut Table<'_>) -> Result<Endpoint, Mistake> {
    const PROTOCOLS: &[(&str, Protocol)] =
        &[("https", Protocol::Https), ("smtp", Protocol::Smtp), ("imap", Protocol::Imap), ("pop3", Protocol::Pop3)];
    let host = table.required("host")?.value;
    let port = number(table, "port")?;
    let port =
        port.parse(|n| u16::try_from(*n).map_err(|_| refusal("this is not a port", "ports are 1 to 65535")))?.value;
    let Some(protocol) = table.choice("protocol", PROTOCOLS)? else {
        return Err(table.mistake("protocol is missing", "add protocol = \"https\""));
    };
    let question = question(table, protocol.value)?;
    Ok(Endpoint { name, host, port, protocol: protocol.value, question, why: table.required("why")?.value })
}

/// `ask`, which goes with HTTPS and with nothing else.
fn question(table: &mut Table<'_>, protocol: Protocol) -> Result<Option<Question>, Mistake> {
    let right = "write ask = \"discovery\" or a path such as ask = \"/\", for https only";
    match (table.text("ask")?, protocol) {
        (None, Protocol::Https) => Err(table.mistake("ask is missing", right)),
        (None, _) => Ok(None),
        (Some(ask), Protocol::Https) if ask.value == "discovery" => Ok(Some(Question::Discovery)),
        (Some(ask), Protocol::Https) if ask.value.starts_with('/') => Ok(Some(Question::Path(ask.value))),
        (Some(ask), _) => Err(ask.mistake("this cannot be asked", right)),
    }
}

fn published(mut table: Table<'_>) -> Result<Published, Mistake> {
    let row = number(&mut table, "row")?.value;
    let hosts = texts(&mut table, "hosts")?.value;
    let nets = texts(&mut table, "nets")?.parse(|texts| {
        let parse = |text: &String| {
            text.parse().map_err(|_| (format!("\"{text}\" is not a range"), "write it as in 40.96.0.0/13".to_owned()))
        };
        texts.iter().map(parse).collect::<Result<Vec<IpNet>, _>>()
    })?;
    let no_port = |text: &str| refusal(&format!("\"{text}\" is not a port"), "ports are 1 to 65535, such as [\"443\"]");
    let ports = table.texts("ports")?.map(|ports| {
        ports.parse(|texts| {
            texts.iter().map(|text| text.parse::<NonZeroU16>().map(u16::from).map_err(|_| no_port(text))).collect()
        })
    });
    let ports = ports.transpose()?.map_or_else(Vec::new, |ports| ports.value);
    table.close()?;
    Ok(Published { row, hosts, ports, nets: nets.value })
}

fn issuers(document: &Document) -> Result<Issuers, Mistake> {
    let mut top = document.table()?;
    let (date, sources) = dated(&mut top)?;
    let microsoft = organisations(&mut top, "microsoft")?;
    let public = organisations(&mut top, "public")?;
    top.close()?;
    Ok(Issuers { date, sources, microsoft, public })
}

fn organisations(top: &mut Table<'_>, key: &str) -> Result<Vec<String>, Mistake> {
    let Some(mut table) = top.table(key)? else {
        return Err(top.mistake(format!("[{key}] is missing"), format!("add [{key}] with organisations = [\"…\"]")));
    };
    let organisations = texts(&mut table, "organisations")?.value;
    table.texts("sources")?;
    table.close()?;
    Ok(organisations)
}

fn documents(document: &Document) -> Result<Documents, Mistake> {
    let mut top = document.table()?;
    let (date, sources) = dated(&mut top)?;
    let releases = ascending(top.tables("release")?, |table| naming(table), |row| row.release)?;
    top.close()?;
    Ok(Documents { date, sources, releases })
}

fn numbers(document: &Document) -> Result<Numbers, Mistake> {
    let mut top = document.table()?;
    let (date, sources) = dated(&mut top)?;
    let (mut rows, mut seen) = (Vec::new(), HashSet::new());
    for mut table in top.tables("number")? {
        let number = number(&mut table, "aadsts")?.parse(|number| {
            let fresh = u32::try_from(*number).ok().filter(|number| seen.insert(*number));
            fresh.ok_or_else(|| {
                (format!("{number} is not a number, or is there twice"), "write aadsts = 50000".to_owned())
            })
        })?;
        rows.push((number.value, table.required("means")?.value));
        table.close()?;
    }
    top.close()?;
    Ok(Numbers { date, sources, rows })
}

fn naming(table: &mut Table<'_>) -> Result<Naming, Mistake> {
    Ok(Naming {
        release: release(table)?,
        setting: table.required("setting")?.value,
        place: table.required("place")?.value,
        guide_ucce: table.required("guide_ucce")?.value,
        guide_pcce: table.required("guide_pcce")?.value,
    })
}

/// Reads rows that must stand in the order of their releases, each release once.
fn ascending<'d, T>(
    tables: Vec<Table<'d>>,
    read: impl Fn(&mut Table<'d>) -> Result<T, Mistake>,
    release: impl Fn(&T) -> Release,
) -> Result<Vec<T>, Mistake> {
    let mut rows: Vec<T> = Vec::new();
    for mut table in tables {
        let row = read(&mut table)?;
        if rows.last().is_some_and(|last| release(last) >= release(&row)) {
            return Err(table
                .mistake(format!("{} is out of order", release(&row)), "write the oldest release first, each once"));
        }
        table.close()?;
        rows.push(row);
    }
    Ok(rows)
}

fn number<'d>(table: &mut Table<'d>, key: &str) -> Result<At<'d, i64>, Mistake> {
    let found = table.int(key)?;
    found.ok_or_else(|| table.mistake(format!("{key} is missing"), format!("add {key} = 1")))
}

fn release(table: &mut Table<'_>) -> Result<Release, Mistake> {
    let found = table.required("release")?;
    found.parse(|text| text.parse().map_err(|_: NotALevel| not_a_level(text))).map(|at| at.value)
}

fn not_a_level(text: &str) -> (String, String) {
    refusal(&format!("\"{text}\" is not a level"), NotALevel::REMEDY)
}

fn refusal(wrong: &str, right: &str) -> (String, String) {
    (wrong.to_owned(), right.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables() -> Tables {
        crate::catalogue::Catalogue::built_in().tables
    }

    #[test]
    fn levels_are_those_of_document_218453() {
        let required = |release: &str| {
            let release = release.parse().unwrap();
            let levels = tables().levels;
            let row = levels.releases.iter().find(|row| row.release == release).unwrap();
            let OAuth::From(minimum) = &row.oauth else { return String::new() };
            minimum.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(required("11.5(1)"), "");
        assert_eq!(required("11.6(1)"), "ES12 ES12_ET1");
        assert_eq!(required("12.0(1)"), "ES6");
        assert_eq!(required("12.5(1)"), "ES3");
        assert_eq!(required("12.6(1)"), "ES1");
        let newest = tables().levels.releases.pop().unwrap().packages.pop().unwrap();
        assert_eq!(newest.to_string(), "ES202607");
    }

    #[test]
    fn every_cloud_of_the_command_line_has_its_row() {
        let clouds = tables().clouds;
        for (id, _) in crate::deployment::Cloud::WORDS {
            let cloud = clouds.named(id).unwrap_or_else(|| panic!("{id}"));
            assert!(cloud.scopes.ends_with('/') && cloud.application_scope.ends_with("/.default"), "{id}");
            for named in [&cloud.scopes, &cloud.application_scope] {
                let is_of = |host: &String| named.starts_with(&format!("https://{host}/"));
                assert!(cloud.audiences.iter().any(is_of), "{id}: a token for {named} must be one of its own");
            }
            assert!(!cloud.published(&cloud.login).is_empty(), "{id}");
            for name in ["login", "outlook-web", "smtp", "imap", "pop3"] {
                assert!(cloud.endpoints.iter().any(|endpoint| endpoint.name == name), "{id} {name}");
            }
        }
        assert_eq!(clouds.clouds.len(), crate::deployment::Cloud::WORDS.len());
    }

    #[test]
    fn each_release_with_oauth_meets_its_own_minimum_with_its_newest_package() {
        let levels = tables().levels;
        for known in &levels.releases {
            let newest = known.packages.last().copied();
            if let OAuth::From(minimum) = &known.oauth {
                assert!(minimum.iter().all(|wanted| newest.is_some_and(|newest| newest.brings(*wanted))), "{known:?}");
            }
        }
        let of = |id: &str| levels.defects.iter().find(|defect| defect.id.starts_with(id)).unwrap();
        assert_eq!(of("CSCws79262").affects.len(), levels.releases.len(), "every release is named");
        assert!(of("CSCwd61276").fixed.is_some());
    }

    #[test]
    fn worldwide_endpoints_are_those_of_the_contract() {
        let clouds = tables().clouds;
        let worldwide = clouds.named("worldwide").unwrap();
        let places: Vec<String> = worldwide
            .endpoints
            .iter()
            .map(|endpoint| format!("{} {}:{} {:?}", endpoint.name, endpoint.host, endpoint.port, endpoint.protocol))
            .collect();
        assert_eq!(
            places,
            [
                "login login.microsoftonline.com:443 Https",
                "login-alt login.microsoft.com:443 Https",
                "outlook-web outlook.office365.com:443 Https",
                "smtp smtp.office365.com:587 Smtp",
                "smtp-alt outlook.office365.com:587 Smtp",
                "imap outlook.office365.com:993 Imap",
                "pop3 outlook.office365.com:995 Pop3",
            ]
        );
        let nets = worldwide.published("OUTLOOK.office365.com");
        assert!(nets.iter().any(|net| net.contains(&"52.97.1.2".parse::<std::net::IpAddr>().unwrap())));
        assert!(nets.iter().any(|net| net.contains(&"2603:1026::1".parse::<std::net::IpAddr>().unwrap())));
        assert!(worldwide.published("ece.example.com").is_empty());
    }

    #[test]
    fn setting_is_named_as_the_release_names_it() {
        let documents = tables().documents;
        let setting = |release: &str| documents.setting(Some(release.parse().unwrap()));
        assert!(setting("12.5(1)").starts_with("Web server URL or load balancer URL"));
        assert!(setting("12.6(1)").starts_with("External URL of Application (Partition > Apps"));
        assert!(setting("15.0(1)").starts_with("External URL of Application"));
        assert!(setting("11.0(1)").starts_with("Web server URL"));
        assert_eq!(
            documents.setting(None),
            "External URL of Application, in older releases Web server URL or load balancer URL"
        );
    }

    #[test]
    fn guide_is_named_once_where_both_products_share_it() {
        let documents = tables().documents;
        for naming in &documents.releases {
            let guides = documents.guides(naming.release);
            let titles = [&naming.guide_ucce, &naming.guide_pcce];
            assert_eq!(guides.len(), if titles[0] == titles[1] { 1 } else { 2 }, "{guides:?}");
            assert!(guides.iter().zip(titles).all(|(guide, title)| guide.starts_with(title.as_str())), "{guides:?}");
        }
    }

    #[test]
    fn date_is_that_of_the_newest_table() {
        let tables = tables();
        assert!(tables.date() >= tables.clouds.date && tables.date() >= tables.levels.date);
    }

    #[test]
    fn mistakes_in_tables_have_their_line() {
        let head = "date = 2026-01-01\nsources = [\"x\"]\n";
        for (text, line, words) in [
            ("[[release]]\nrelease = \"12.6(1)\"\npackages = [\"ES2\", \"ES1\"]\noauth = false\n", 5, "out of order"),
            (
                "[[release]]\nrelease = \"12.6(1)\"\npackages = [\"ES2\", \"ECE ES2\"]\noauth = false\n",
                5,
                "out of order",
            ),
            ("[[release]]\nrelease = \"12.6(1)\"\npackages = [\"ES2\"]\nminimum = [\"ES3\"]\n", 6, "not among"),
            ("[[release]]\nrelease = \"12.6(1)\"\npackages = [\"ES2\"]\n", 3, "have OAuth?"),
            ("[[release]]\nrelease = \"SP1\"\n", 4, "not a level"),
            ("[[relase]]\n", 3, "release?"),
            ("[[defect]]\nid = \"x\"\nabout = \"x\"\n", 3, "no level has"),
            ("[[defect]]\nid = \"x\"\nabout = \"x\"\naffects = [\"ES6\"]\n", 6, "not a level"),
        ] {
            let mistake = levels(&Document::new("t.toml", &format!("{head}{text}"))).unwrap_err();
            assert_eq!(mistake.line, Some(line), "{mistake}");
            assert!(mistake.to_string().contains(words), "{mistake}");
        }
        let endpoint = "[[cloud]]\nid = \"x\"\n[[cloud.range]]\nrow = 1\nhosts = [\"a\"]\nnets = [\"10.0.0.0/40\"]\n";
        let text = format!("{head}{endpoint}").replace(
            "id =",
            "date = 2026-01-01\nsources = [\"x\"]\ntitle = \"x\"\n\
            login = \"x\"\ngraph = \"x\"\nportal = \"x\"\nscopes = \"x\"\napplication_scope = \"x\"\nid =",
        );
        let mistake = clouds(&Document::new("t.toml", &text)).unwrap_err();
        assert!(mistake.to_string().contains("is not a range"), "{mistake}");
    }
}
