//! What the Windows firewall of this host lets out: its profiles and its outbound rules, where they can be read.
//!
//! In: values of the registry. Out: for a TCP port, what shuts it. A rule is written as \[MS-GPFAS\], section 2.2.2.19,
//! has it: `v2.31|Action=Block|Active=TRUE|Dir=Out|Protocol=6|RPort=587|Name=No mail|`. Which profile is in force is not
//! in the registry, so each statement names the profiles that it is about. A blocking rule goes before an allowing one.

/// The values that a profile is made of, of one place; what is missing there is not configured there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Configured {
    /// `EnableFirewall`: 0 is off.
    pub enabled: Option<u32>,
    /// `DefaultOutboundAction`: 1 shuts what no rule allows.
    pub outbound: Option<u32>,
    /// `AllowLocalPolicyMerge`: 0 leaves this host's own rules out; only group policy says so.
    pub merge: Option<u32>,
}

/// The profiles by their name in rules, with their keys on the host and in group policy.
#[cfg(any(windows, test))]
const PROFILES: [(&str, &str, &str); 3] = [
    ("Domain", "DomainProfile", "DomainProfile"),
    ("Private", "StandardProfile", "PrivateProfile"),
    ("Public", "PublicProfile", "PublicProfile"),
];

/// TCP in a rule (IANA's protocol numbers).
const TCP: &str = "6";
/// More rules than a host has.
const MOST_RULES: usize = 10_000;
/// Names and paths are cut at this length, in characters.
const LONGEST_NAME: usize = 80;
/// So many rules are named for one port.
const NAMED: usize = 4;

/// The firewall of this host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Firewall {
    profiles: Vec<Profile>,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Profile {
    name: &'static str,
    lets_out: bool,
    heeds_own_rules: bool,
}

/// An active outbound rule for TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    name: String,
    blocks: bool,
    /// None is every profile.
    profiles: Vec<String>,
    /// None is every port.
    ports: Vec<(u16, u16)>,
    limit: Limit,
    of_policy: bool,
}

/// What a rule is for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Limit {
    /// Every connection.
    None,
    /// Connections of this program alone.
    Program(String),
    /// Some addresses, interfaces, users or services: what is not weighed here.
    Other,
}

impl Firewall {
    /// Puts a firewall together: for each profile its name, the host's own values and those of group policy; then the
    /// rules of the host and those of group policy.
    #[must_use]
    pub fn of(profiles: &[(&'static str, Configured, Configured)], own: &[String], policy: &[String]) -> Self {
        let profiles = profiles.iter().filter_map(|(name, own, policy)| Profile::of(name, *own, *policy)).collect();
        let own = own.iter().take(MOST_RULES).filter_map(|text| Rule::read(text, false));
        let policy = policy.iter().take(MOST_RULES).filter_map(|text| Rule::read(text, true));
        Self { profiles, rules: own.chain(policy).collect() }
    }

    /// What shuts a port for every program: rules, or a profile that lets nothing out by itself. Empty when nothing does.
    #[must_use]
    pub fn shuts(&self, port: u16) -> Vec<String> {
        self.told(|profile| {
            let rules = || self.of_profile(profile).filter(|rule| rule.covers(port) && rule.limit == Limit::None);
            let blocking: Vec<&str> = rules().filter(|rule| rule.blocks).map(|rule| rule.name.as_str()).collect();
            match blocking.as_slice() {
                [] if profile.lets_out || rules().any(|rule| !rule.blocks) => None,
                [] => Some("nothing goes out that no rule allows, and no rule allows it to every program".to_owned()),
                names => Some(format!("rule {}", quoted(names))),
            }
        })
    }

    /// What shuts a port for one program only, such as ECE's Java.
    #[must_use]
    pub fn shuts_for_some(&self, port: u16) -> Vec<String> {
        let program = |rule: &Rule| match &rule.limit {
            Limit::Program(path) if rule.blocks && rule.covers(port) => {
                Some(format!("rule \"{}\", for {path} alone", rule.name))
            }
            _ => None,
        };
        self.told(|profile| {
            let found: Vec<String> = self.of_profile(profile).filter_map(program).take(NAMED).collect();
            (!found.is_empty()).then(|| found.join(", "))
        })
    }

    fn of_profile(&self, profile: &Profile) -> impl Iterator<Item = &Rule> {
        let heeds_own_rules = profile.heeds_own_rules;
        let name = profile.name;
        self.rules.iter().filter(move |rule| (rule.of_policy || heeds_own_rules) && rule.is_in(name))
    }

    /// What is said of the profiles, each thing once, with the profiles that it is about.
    fn told(&self, say: impl Fn(&Profile) -> Option<String>) -> Vec<String> {
        let mut told: Vec<(String, Vec<&str>)> = Vec::new();
        for profile in &self.profiles {
            let Some(said) = say(profile) else { continue };
            match told.iter_mut().find(|(known, _)| *known == said) {
                Some((_, profiles)) => profiles.push(profile.name),
                None => told.push((said, vec![profile.name])),
            }
        }
        let noun = |profiles: &[&str]| if profiles.len() == 1 { "profile" } else { "profiles" };
        told.iter().map(|(said, of)| format!("{said} ({} {})", noun(of), of.join(", "))).collect()
    }
}

impl Profile {
    /// What group policy says goes before what the host says; where nobody says anything, Windows filters and lets out.
    /// None when the firewall is off.
    fn of(name: &'static str, own: Configured, policy: Configured) -> Option<Self> {
        let is_on = policy.enabled.or(own.enabled) != Some(0);
        is_on.then(|| Self {
            name,
            lets_out: policy.outbound.or(own.outbound) != Some(1),
            heeds_own_rules: policy.merge != Some(0),
        })
    }
}

impl Rule {
    /// Reads a rule; none when it is not about TCP connections that leave this host, or not active.
    fn read(text: &str, of_policy: bool) -> Option<Self> {
        let fields: Vec<(&str, &str)> = text.split('|').filter_map(|field| field.split_once('=')).collect();
        let all =
            |wanted: &'static str| fields.iter().filter(move |(name, _)| *name == wanted).map(|(_, value)| *value);
        let is = |name, value: &str| all(name).any(|said: &str| said.eq_ignore_ascii_case(value));
        let about_tcp = all("Protocol").next().is_none_or(|protocol| protocol == TCP);
        if !is("Active", "TRUE") || !is("Dir", "Out") || !about_tcp {
            return None;
        }
        let blocks = match all("Action").next() {
            Some(action) if action.eq_ignore_ascii_case("Block") => true,
            Some(action) if action.eq_ignore_ascii_case("Allow") => false,
            _ => return None,
        };
        let named_ports: Vec<&str> = all("RPort").chain(all("RPort2_10")).collect();
        let ports: Vec<(u16, u16)> = named_ports.iter().filter_map(|text| range(text)).collect();
        if ports.is_empty() && !named_ports.is_empty() {
            return None; // only keywords, such as IPTLSOut
        }
        Some(Self {
            name: shortened(all("Name").next().unwrap_or("without a name")),
            blocks,
            profiles: all("Profile").map(str::to_owned).collect(),
            ports,
            limit: limit(&fields),
            of_policy,
        })
    }

    fn covers(&self, port: u16) -> bool {
        self.ports.is_empty() || self.ports.iter().any(|(first, last)| (*first..=*last).contains(&port))
    }

    fn is_in(&self, profile: &str) -> bool {
        self.profiles.is_empty() || self.profiles.iter().any(|name| name.eq_ignore_ascii_case(profile))
    }
}

/// Everything that narrows a rule. What is not known here narrows it too: a rule is not called general by mistake.
fn limit(fields: &[(&str, &str)]) -> Limit {
    const GENERAL: [&str; 13] = [
        "Action",
        "Active",
        "Dir",
        "Protocol",
        "Profile",
        "RPort",
        "RPort2_10",
        "Name",
        "Desc",
        "EmbedCtxt",
        "Edge",
        "Defer",
        "App",
    ];
    if fields.iter().any(|(name, _)| !GENERAL.contains(name)) {
        return Limit::Other;
    }
    match fields.iter().find(|(name, _)| *name == "App") {
        Some((_, path)) => Limit::Program(shortened(path)),
        None => Limit::None,
    }
}

/// `587`, or `25-30`.
fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}

fn quoted(names: &[&str]) -> String {
    let mut shown: Vec<String> = names.iter().take(NAMED).map(|name| format!("\"{name}\"")).collect();
    if names.len() > NAMED {
        shown.push(format!("{} more", names.len() - NAMED));
    }
    shown.join(", ")
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_NAME).collect()
}

/// The firewall of this host; none where this user may not read its rules.
///
/// The host's own settings stand where `netsh advfirewall` keeps them; group policy's, as \[MS-GPFAS\], section 2.2 says.
#[cfg(windows)]
#[must_use]
pub fn of_windows() -> Option<Firewall> {
    const OWN: &str = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy";
    const POLICY: &str = r"SOFTWARE\Policies\Microsoft\WindowsFirewall";
    let open = |place: &str, key: &str| windows_registry::LOCAL_MACHINE.open(format!("{place}\\{key}"));
    let rules = |place| {
        let key = open(place, "FirewallRules").ok()?;
        let values = key.values().ok()?.take(MOST_RULES);
        Some(values.filter_map(|(_, value)| String::try_from(value).ok()).collect::<Vec<_>>())
    };
    let configured = |place, key| {
        open(place, key).map_or_else(
            |_| Configured::default(),
            |key| Configured {
                enabled: key.get_u32("EnableFirewall").ok(),
                outbound: key.get_u32("DefaultOutboundAction").ok(),
                merge: key.get_u32("AllowLocalPolicyMerge").ok(),
            },
        )
    };
    let own = rules(OWN)?;
    let profiles = PROFILES.map(|(name, key, policy)| (name, configured(OWN, key), configured(POLICY, policy)));
    Some(Firewall::of(&profiles, &own, &rules(POLICY).unwrap_or_default()))
}

/// There is no Windows firewall here.
#[cfg(not(windows))]
#[must_use]
pub fn of_windows() -> Option<Firewall> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_MAIL: &str =
        "v2.31|Action=Block|Active=TRUE|Dir=Out|Protocol=6|Profile=Domain|RPort=587|RPort2_10=990-995|Name=No mail|";

    fn untouched() -> Vec<(&'static str, Configured, Configured)> {
        PROFILES.map(|(name, ..)| (name, Configured::default(), Configured::default())).to_vec()
    }

    fn with_rules(own: &[&str]) -> Firewall {
        let own: Vec<String> = own.iter().map(|text| (*text).to_owned()).collect();
        Firewall::of(&untouched(), &own, &[])
    }

    #[test]
    fn untouched_windows_shuts_nothing() {
        assert!(with_rules(&[]).shuts(587).is_empty());
    }

    #[test]
    fn rule_that_blocks_is_named_with_its_profile() {
        let firewall = with_rules(&[NO_MAIL]);
        for port in [587, 990, 993, 995] {
            assert_eq!(firewall.shuts(port), ["rule \"No mail\" (profile Domain)"], "{port}");
        }
        assert!(firewall.shuts(443).is_empty() && firewall.shuts(996).is_empty());
        let everywhere = NO_MAIL.replace("Profile=Domain|", "");
        assert_eq!(with_rules(&[&everywhere]).shuts(587), ["rule \"No mail\" (profiles Domain, Private, Public)"]);
    }

    #[test]
    fn rules_about_something_else_shut_nothing() {
        for (was, is) in [
            ("Active=TRUE", "Active=FALSE"),
            ("Dir=Out", "Dir=In"),
            ("Protocol=6", "Protocol=17"),
            ("Action=Block", "Action=Allow"),
            ("Action=Block", "Action=Perhaps"),
            ("RPort=587", "RPort=25"),
            ("Name=", "RA4=10.0.0.0/255.0.0.0|Name="),
            ("Name=", "Svc=wuauserv|Name="),
            ("Name=", "NotKnownYet=1|Name="),
        ] {
            assert!(with_rules(&[&NO_MAIL.replace(was, is)]).shuts(587).is_empty(), "{is}");
        }
        assert!(with_rules(&["", "|||", "v2.31|Action=Block|", "\u{fffd}=\u{fffd}|"]).shuts(587).is_empty());
    }

    #[test]
    fn rule_without_ports_or_protocol_shuts_every_port() {
        let firewall = with_rules(&["v2.31|Action=Block|Active=TRUE|Dir=Out|Name=Offline|"]);
        assert_eq!(firewall.shuts(443).len(), 1);
        let keyword = with_rules(&["v2.31|Action=Block|Active=TRUE|Dir=Out|Protocol=6|RPort2_10=IPTLSOut|Name=x|"]);
        assert!(keyword.shuts(443).is_empty());
    }

    #[test]
    fn rule_for_one_program_is_told_apart() {
        let java = NO_MAIL.replace("Name=", r"App=C:\ECE\jre\bin\java.exe|Name=");
        let firewall = with_rules(&[&java]);
        assert!(firewall.shuts(587).is_empty());
        let said = firewall.shuts_for_some(587);
        assert_eq!(said, [r#"rule "No mail", for C:\ECE\jre\bin\java.exe alone (profile Domain)"#]);
        assert!(firewall.shuts_for_some(443).is_empty() && with_rules(&[NO_MAIL]).shuts_for_some(587).is_empty());
    }

    #[test]
    fn profile_that_lets_nothing_out_by_itself() {
        let mut profiles = untouched();
        profiles[0].1.outbound = Some(1);
        assert_eq!(Firewall::of(&profiles, &[], &[]).shuts(443).len(), 1);
        let allows = "v2.31|Action=Allow|Active=TRUE|Dir=Out|Protocol=6|RPort=443|Name=Web|".to_owned();
        let firewall = Firewall::of(&profiles, std::slice::from_ref(&allows), &[]);
        assert!(firewall.shuts(443).is_empty());
        assert!(firewall.shuts(587)[0].ends_with("(profile Domain)"), "{:?}", firewall.shuts(587));
        profiles[0].1.enabled = Some(0);
        assert!(Firewall::of(&profiles, &[], &[]).shuts(443).is_empty());
    }

    #[test]
    fn group_policy_goes_before_the_host() {
        let mut profiles = untouched();
        profiles[0].1.outbound = Some(1);
        profiles[0].2.outbound = Some(0);
        profiles[0].2.merge = Some(0);
        let rules = [NO_MAIL.to_owned()];
        assert!(Firewall::of(&profiles, &rules, &[]).shuts(587).is_empty(), "the host's own rules do not count");
        assert_eq!(Firewall::of(&profiles, &[], &rules).shuts(587).len(), 1);
    }

    #[test]
    fn many_rules_and_long_names_stay_short() {
        let long = NO_MAIL.replace("No mail", &"x".repeat(5_000));
        let rules: Vec<String> = std::iter::repeat_n(long, 50).collect();
        let said = Firewall::of(&untouched(), &rules, &[]).shuts(587);
        assert!(said[0].len() < 500 && said[0].contains("46 more"), "{}", said[0]);
    }
}
