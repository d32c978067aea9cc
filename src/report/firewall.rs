//! Firewall rules in the forms that firewalls take: Windows, Cisco ASA, Palo Alto Networks PAN-OS, and CSV.
//!
//! In: the rules that a site needs. Out: lines to paste, one form each. A host name that holds anything but letters, digits,
//! dots, hyphens and underscores enters none of them.
//!
//! Sources: `netsh advfirewall firewall add rule`
//! (<https://learn.microsoft.com/windows-server/administration/windows-commands/netsh-advfirewall>), `New-NetFirewallRule`
//! (<https://learn.microsoft.com/powershell/module/netsecurity/new-netfirewallrule>), the ASA command reference
//! (`object network`, `fqdn`, `object-group network`, `access-list extended`), the PAN-OS CLI (`set address`,
//! `set service`, `set rulebase security rules`).

use std::{collections::BTreeSet, fmt::Write as _, net::IpAddr};

use ring::digest;

use super::{Symbols, csv};
use crate::finding::FirewallRule;

/// A form, its name, and what to know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// What takes it.
    pub title: &'static str,
    /// The lines.
    pub text: String,
}

/// All forms of some rules. `servers` are the addresses that the connections leave from.
#[must_use]
pub fn forms(rules: &[FirewallRule], servers: &[String]) -> Vec<Form> {
    let rules = usable(rules);
    let rules: Vec<&FirewallRule> = rules.iter().collect();
    if rules.is_empty() {
        return Vec::new();
    }
    let servers: Vec<IpAddr> =
        servers.iter().filter_map(|server| server.parse().ok()).filter(|ip: &IpAddr| !ip.is_loopback()).collect();
    vec![
        Form { title: "Windows PowerShell on the ECE server (as administrator)", text: powershell(&rules) },
        Form { title: "Command Prompt on the ECE server (as administrator)", text: netsh(&rules) },
        Form { title: "Cisco ASA", text: asa(&rules, &servers) },
        Form { title: "Palo Alto Networks PAN-OS", text: pan_os(&rules, &servers) },
        Form { title: "CSV", text: comma_separated(&rules) },
    ]
}

/// What is to be known of these rules.
pub const LEAD: &str = "Outbound rules for the destinations that failed. Windows rules help only where the Windows \
                        Firewall blocks outbound traffic; a blocking rule there outranks them. Adapt the names of access \
                        lists and zones to your firewall.";

/// The same of the rules that a site needs, before anything was tested.
pub const LEAD_OF_PLAN: &str = "Outbound rules for every destination of ECE. Nothing was tested. Windows rules help only \
                                where the Windows Firewall blocks outbound traffic; a blocking rule there outranks them. \
                                Adapt the names of access lists and zones to your firewall. Mail ports need a direct \
                                connection. A name without published address ranges is allowed to any address in the \
                                Windows rules, and is an FQDN object elsewhere.";

/// The rules that every form can hold, each once: an address has a range of one and its own family, and a name from
/// outside stays out.
fn usable(rules: &[FirewallRule]) -> Vec<FirewallRule> {
    let is_range = |range: &String| range.parse::<ipnet::IpNet>().is_ok();
    let mut usable: Vec<FirewallRule> = Vec::new();
    for rule in rules {
        let rule = match rule.destination.parse::<IpAddr>() {
            Ok(address) => of_address(rule, address),
            Err(_) if is_host(&rule.destination) && rule.ranges.iter().all(is_range) => rule.clone(),
            Err(_) => continue,
        };
        if !usable.contains(&rule) {
            usable.push(rule);
        }
    }
    usable
}

fn of_address(rule: &FirewallRule, address: IpAddr) -> FirewallRule {
    FirewallRule {
        destination: address.to_string(),
        ranges: vec![ipnet::IpNet::from(address).to_string()],
        ip_version: if address.is_ipv4() { "IPv4" } else { "IPv6" }.to_owned(),
        ..rule.clone()
    }
}

fn is_host(host: &str) -> bool {
    let plain = host.strip_prefix("*.").unwrap_or(host);
    !plain.is_empty() && plain.len() < 254 && plain.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
}

/// A rule of Windows: one destination and address family, with all its ports.
struct WindowsRule<'r> {
    first: &'r FirewallRule,
    ports: Vec<String>,
}

impl WindowsRule<'_> {
    fn name(&self) -> String {
        let FirewallRule { destination, protocol, ip_version, .. } = self.first;
        format!("ECE to {destination} {protocol} {} ({ip_version})", self.ports.join(" "))
    }
}

fn of_windows<'r>(rules: &[&'r FirewallRule]) -> Vec<WindowsRule<'r>> {
    let mut merged: Vec<WindowsRule<'r>> = Vec::new();
    let key = |rule: &'r FirewallRule| (&rule.destination, &rule.ip_version, &rule.protocol, &rule.ranges);
    for rule in rules {
        let port = rule.port.to_string();
        match merged.iter_mut().find(|known| key(known.first) == key(rule)) {
            Some(known) if known.ports.contains(&port) => {}
            Some(known) => known.ports.push(port),
            None => merged.push(WindowsRule { first: rule, ports: vec![port] }),
        }
    }
    merged
}

fn netsh(rules: &[&FirewallRule]) -> String {
    let line = |rule: &WindowsRule<'_>| {
        let ranges = &rule.first.ranges;
        let remote = if ranges.is_empty() { "any".to_owned() } else { ranges.join(",") };
        format!(
            "netsh advfirewall firewall add rule name=\"{}\" dir=out action=allow protocol={} remoteport={} remoteip={remote}",
            rule.name(),
            rule.first.protocol,
            rule.ports.join(",")
        )
    };
    of_windows(rules).iter().map(line).collect::<Vec<_>>().join("\n")
}

fn powershell(rules: &[&FirewallRule]) -> String {
    let line = |rule: &WindowsRule<'_>| {
        let ranges: Vec<String> = rule.first.ranges.iter().map(|range| format!("'{range}'")).collect();
        let remote = if ranges.is_empty() { "Any".to_owned() } else { ranges.join(",") };
        format!(
            "New-NetFirewallRule -DisplayName '{}' -Direction Outbound -Action Allow -Protocol {} -RemotePort {} -RemoteAddress {remote}",
            rule.name(),
            rule.first.protocol,
            rule.ports.join(",")
        )
    };
    of_windows(rules).iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The longest name of an object: 64 characters on an ASA, 63 in PAN-OS.
const LONGEST_NAME: usize = 60;

/// A name for an object of a firewall: letters, digits, dots, hyphens and underscores. What is cut off a long one is told
/// by a checksum, so that two long names stay two objects.
fn object(text: &str, end: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || ".-_".contains(c) { c } else { '-' };
    let name: String = format!("ECE-{text}").replace("*.", "all-").chars().map(allowed).collect();
    let room = LONGEST_NAME - end.len();
    if name.len() <= room {
        return name + end;
    }
    let sum = digest::digest(&digest::SHA256, name.as_bytes());
    let [first, second, third, fourth, ..] = sum.as_ref() else { return name + end };
    let sum = format!("-{first:02x}{second:02x}{third:02x}{fourth:02x}");
    format!("{}{sum}{end}", &name[..room - sum.len()])
}

/// Address ranges as an object group where Microsoft publishes them, otherwise the name as an FQDN object.
fn asa(rules: &[&FirewallRule], servers: &[IpAddr]) -> String {
    let mut text = String::new();
    let source = asa_servers(&mut text, servers);
    let mut known = BTreeSet::new();
    for rule in rules {
        let version = if rule.ip_version == "IPv6" { "v6" } else { "v4" };
        let group = object(&rule.destination, &format!("-{version}"));
        let by_name = rule.ranges.is_empty() && !rule.destination.starts_with("*.");
        if rule.ranges.is_empty() && !by_name {
            let _ =
                writeln!(text, "! {}: no address ranges are published; allow the names behind it", rule.destination);
            continue;
        }
        if known.insert(group.clone()) {
            if by_name {
                let _ = writeln!(text, "object network {group}\n fqdn {version} {}", rule.destination);
            } else {
                let _ = writeln!(text, "object-group network {group}");
                for range in &rule.ranges {
                    let _ = writeln!(text, " network-object {}", asa_network(range));
                }
            }
        }
        let kind = if by_name { "object" } else { "object-group" };
        let protocol = rule.protocol.to_lowercase();
        let line =
            format!("access-list ECE-OUTBOUND extended permit {protocol} {source} {kind} {group} eq {}", rule.port);
        if known.insert(line.clone()) {
            let _ = writeln!(text, "{line}");
        }
    }
    text.trim_end().to_owned()
}

fn asa_servers(text: &mut String, servers: &[IpAddr]) -> &'static str {
    if servers.is_empty() {
        return "any";
    }
    text.push_str("object-group network ECE-SERVERS\n");
    for server in servers {
        let _ = match server {
            IpAddr::V4(address) => writeln!(text, " network-object host {address}"),
            IpAddr::V6(address) => writeln!(text, " network-object {address}/128"),
        };
    }
    "object-group ECE-SERVERS"
}

/// A network as the ASA writes it: IPv4 with its mask, IPv6 with its prefix.
fn asa_network(range: &str) -> String {
    match range.parse::<ipnet::IpNet>() {
        Ok(ipnet::IpNet::V4(net)) => format!("{} {}", net.network(), net.netmask()),
        _ => range.to_owned(),
    }
}

fn pan_os(rules: &[&FirewallRule], servers: &[IpAddr]) -> String {
    let mut text = String::new();
    let mut known = BTreeSet::new();
    let mut once = |line: String| if known.insert(line.clone()) { line + "\n" } else { String::new() };
    let source = match servers {
        [] => "any".to_owned(),
        some => format!("[ {} ]", some.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")),
    };
    for rule in rules {
        let protocol = rule.protocol.to_lowercase();
        let service = format!("ECE-{protocol}-{}", rule.port);
        text += &once(format!("set service {service} protocol {protocol} port {}", rule.port));
        let is_address = rule.destination.parse::<IpAddr>().is_ok();
        let destination = if rule.destination.starts_with("*.") || is_address {
            if rule.ranges.is_empty() {
                continue; // PAN-OS has no address object for a wildcard name
            }
            format!("[ {} ]", rule.ranges.join(" "))
        } else {
            let address = object(&rule.destination, "");
            text += &once(format!("set address {address} fqdn {}", rule.destination));
            address
        };
        let title = object(&rule.destination, &format!("-{protocol}-{}", rule.port));
        text += &once(format!(
            "set rulebase security rules {title} from any to any source {source} destination {destination} application any service {service} action allow"
        ));
    }
    text.trim_end().to_owned()
}

fn comma_separated(rules: &[&FirewallRule]) -> String {
    let header = ["source", "destination", "port", "protocol", "ip_version", "direction", "purpose", "address_ranges"];
    let row = |rule: &&FirewallRule| {
        [
            rule.source.clone(),
            rule.destination.clone(),
            rule.port.to_string(),
            rule.protocol.clone(),
            rule.ip_version.clone(),
            "outbound".to_owned(),
            rule.purpose.clone(),
            rule.ranges.join(" "),
        ]
    };
    csv::rows(&header, rules.iter().map(row), Symbols::Unicode).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(destination: &str, ranges: &[&str]) -> FirewallRule {
        FirewallRule {
            source: "ece".to_owned(),
            destination: destination.to_owned(),
            ranges: ranges.iter().map(|range| (*range).to_owned()).collect(),
            port: 993,
            protocol: "TCP".to_owned(),
            ip_version: "IPv4".to_owned(),
            purpose: "mail".to_owned(),
        }
    }

    fn form(rules: &[FirewallRule], title: &str) -> String {
        let forms = forms(rules, &["10.1.2.3".to_owned(), "127.0.0.1".to_owned()]);
        forms.into_iter().find(|form| form.title.contains(title)).expect("the form").text
    }

    #[test]
    fn published_ranges_are_used_where_there_are_any() {
        let rules = [rule("outlook.office365.com", &["13.107.6.152/31"])];
        assert!(form(&rules, "PowerShell").ends_with("-RemotePort 993 -RemoteAddress '13.107.6.152/31'"));
        assert!(form(&rules, "Command Prompt").ends_with("remoteport=993 remoteip=13.107.6.152/31"));
        assert_eq!(
            form(&rules, "ASA"),
            "object-group network ECE-SERVERS\n network-object host 10.1.2.3\nobject-group network \
             ECE-outlook.office365.com-v4\n network-object 13.107.6.152 255.255.255.254\naccess-list ECE-OUTBOUND extended \
             permit tcp object-group ECE-SERVERS object-group ECE-outlook.office365.com-v4 eq 993"
        );
    }

    #[test]
    fn names_without_ranges_are_names() {
        let rules = [rule("ece.example.com", &[])];
        assert!(form(&rules, "ASA").contains("\n fqdn v4 ece.example.com\n"));
        assert!(form(&rules, "PAN-OS").contains("set address ECE-ece.example.com fqdn ece.example.com\n"));
    }

    #[test]
    fn ports_of_one_destination_are_one_rule_of_windows() {
        let ports = [587, 993, 993].map(|port| FirewallRule { port, ..rule("smtp.office365.com", &["40.96.0.0/13"]) });
        let powershell = form(&ports, "PowerShell");
        assert_eq!(powershell.lines().count(), 1, "{powershell}");
        assert!(powershell.contains("'ECE to smtp.office365.com TCP 587 993 (IPv4)'"), "{powershell}");
        assert!(powershell.contains(" -RemotePort 587,993 "), "{powershell}");
        assert!(form(&ports, "Command Prompt").contains(" remoteport=587,993 "));
    }

    #[test]
    fn addresses_are_ranges_of_one() {
        let six = FirewallRule { ip_version: "IPv6".to_owned(), ..rule("2001:db8::53", &[]) };
        let rules = [rule("10.1.1.53", &[]), six];
        let asa = form(&rules, "ASA");
        assert!(asa.contains(" network-object 10.1.1.53 255.255.255.255\n"), "{asa}");
        assert!(asa.contains("object-group network ECE-2001-db8--53-v6\n network-object 2001:db8::53/128"), "{asa}");
        assert!(form(&rules, "PAN-OS").contains("destination [ 2001:db8::53/128 ]"));
        assert!(form(&rules, "PowerShell").contains("-RemoteAddress '10.1.1.53/32'"));
    }

    #[test]
    fn addresses_stay_addresses_and_have_one_family() {
        let twice =
            ["IPv4", "IPv6"].map(|version| FirewallRule { ip_version: version.to_owned(), ..rule("2001:db8::5", &[]) });
        let csv = form(&twice, "CSV");
        assert!(csv.lines().count() == 2 && csv.contains("\"2001:db8::5\"") && csv.contains("\"IPv6\""), "{csv}");
        assert!(form(&twice, "PowerShell").starts_with("New-NetFirewallRule -DisplayName 'ECE to 2001:db8::5 TCP 993"));
        assert!(!form(&twice, "ASA").contains("-v4"), "{}", form(&twice, "ASA"));
        // a host whose name only resembles an address stays a name
        let alike = form(&[rule("2001-db8--5", &[])], "PAN-OS");
        assert!(alike.contains(" fqdn 2001-db8--5\n"), "{alike}");
    }

    #[test]
    fn long_names_stay_two_objects() {
        let long = |end: &str| rule(&format!("{}.{end}.example.com", "a".repeat(60)), &[]);
        let asa = form(&[long("one"), long("two")], "ASA");
        let objects: BTreeSet<&str> = asa.lines().filter(|line| line.starts_with("object network ")).collect();
        assert!(objects.len() == 2 && objects.iter().all(|line| line.ends_with("-v4") && line.len() < 80), "{asa}");
    }

    #[test]
    fn range_from_outside_becomes_no_command() {
        assert_eq!(forms(&[rule("a.test", &["1.2.3.4/32'; calc"])], &[]), []);
    }

    #[test]
    fn no_name_from_outside_becomes_a_command() {
        let rules = [rule("a.test'; Remove-Item C:\\", &[]), rule("a\"&calc", &[])];
        assert_eq!(forms(&rules, &[]), []);
    }
}
