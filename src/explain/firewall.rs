//! A firewall's line about a connection that it denied, in the form of each maker.
//!
//! In: one line in small letters. Out: whether it says that a connection to a mail port outside the site was denied. Makers put
//! action, destination and port into fields of many names, or into a sentence; what they have in common is read, not each form.

use std::net::Ipv4Addr;

/// Every string of this module that a text is searched for.
pub fn searched() -> impl Iterator<Item = &'static str> {
    let lists: [&[&str]; 7] = [&DENIES, &DROPS, &ACTIONS, &DESTINATIONS, &PORTS, &NETFILTER, &ARROWS];
    lists.into_iter().flatten().copied().chain(["tcp", "traffic"])
}

/// Strings of which each such line of a log holds one that ordinary lines do not hold.
pub const NEEDLES: [&str; 12] = [
    "-106023: deny",
    "-106100: access-list",
    "ipaccesslogp",
    "rt_flow_session_deny",
    ",traffic,deny,",
    ",traffic,drop,",
    "action=\"deny\"",
    "action=\"drop\"",
    "action=deny",
    "action=drop",
    "act=deny",
    "act=drop",
];

/// Words of a line that say that a connection was denied.
const DENIES: [&str; 7] =
    [" deny ", " denied ", "session denied", "session_deny", " block out ", " block in ", "dropped by "];
/// What the field of the action says where a connection was denied.
const DROPS: [&str; 13] = [
    "deny",
    "denied",
    "drop",
    "dropped",
    "block",
    "blocked",
    "reject",
    "rejected",
    "reset-both",
    "reset-client",
    "reset-server",
    "server-rst",
    "discard",
];
/// The fields of the action.
const ACTIONS: [&str; 7] = ["action", "act", "disposition", "fw_action", "result", "status", "log_subtype"];
/// The fields of the destination's address.
const DESTINATIONS: [&str; 11] = [
    "dst",
    "dstip",
    "dst_ip",
    "dest",
    "destip",
    "dest_ip",
    "destination",
    "destinationip",
    "destination_ip",
    "dst-ip",
    "destination-address",
];
/// The fields of the destination's port.
const PORTS: [&str; 11] = [
    "dpt",
    "dport",
    "dstport",
    "dst_port",
    "destport",
    "dest_port",
    "destinationport",
    "destination_port",
    "dst-port",
    "destination-port",
    "service",
];
/// The mail ports of Exchange Online, see <https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/pop3-and-imap4/pop3-and-imap4>.
const MAIL: [u16; 3] = [587, 993, 995];

/// Whether a line in small letters says that a firewall denied a connection to a mail port outside the site.
#[must_use]
pub fn is_denied(line: &str) -> bool {
    let fields = fields(line);
    let field = |names: &[&str]| fields.iter().find(|(name, _)| names.contains(name)).map(|(_, value)| *value);
    let by_field = field(&ACTIONS).is_some_and(|action| DROPS.contains(&action));
    let by_word = DENIES.iter().any(|word| line.contains(word)) || is_netfilter_drop(line, &fields);
    let to = || {
        let port = field(&PORTS)?.parse().ok()?;
        Some((field(&DESTINATIONS)?.parse().ok()?, port))
    };
    let denied = |(address, port): (Ipv4Addr, u16)| MAIL.contains(&port) && is_outside(address);
    if (by_field || by_word) && to().or_else(|| target(line)).is_some_and(denied) {
        return true;
    }
    panorama_drop(line).is_some_and(denied)
}

fn is_outside(address: Ipv4Addr) -> bool {
    !address.is_private() && !address.is_loopback() && !address.is_unspecified() && !address.is_link_local()
}

/// Pairs `name=value`, `name="value"` and `name:value`, however they are separated.
fn fields(line: &str) -> Vec<(&str, &str)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let signs = line.match_indices(['=', ':']).take(200);
    let pairs = signs.filter_map(|(at, _)| {
        let name = line[..at].trim_end_matches('"').rsplit(|c| !is_name(c)).next().unwrap_or_default();
        let rest = line[at + 1..].trim_start_matches(['"', '\'', ' ']);
        let end = rest.find(['"', '\'', ' ', ',', ';', '|', ']', '}']).unwrap_or(rest.len());
        (!name.is_empty() && end > 0).then_some((name, &rest[..end]))
    });
    pairs.collect()
}

/// The fields of a line of netfilter.
const NETFILTER: [&str; 4] = ["in=", "out=", "proto=", "dpt="];

/// The prefix of a rule of netfilter is free text; it stands before the fields.
fn is_netfilter_drop(line: &str, fields: &[(&str, &str)]) -> bool {
    let is_netfilter = NETFILTER.iter().all(|field| line.contains(field));
    let prefix = line.split(" in=").next().unwrap_or_default();
    is_netfilter
        && fields.iter().any(|(name, value)| *name == "proto" && *value == "tcp")
        && ["drop", "deny", "denied", "reject", "block"].iter().any(|word| prefix.contains(word))
}

/// Behind these stands the destination.
const ARROWS: [&str; 4] = ["->", " > ", " dst ", " to "];

/// The destination behind an arrow or `dst`: `outside:52.96.0.10/587`, `52.96.0.10(587)`, `52.96.0.10.587`, `52.96.0.10:587`.
fn target(line: &str) -> Option<(Ipv4Addr, u16)> {
    let begin = ARROWS.iter().find_map(|sign| Some(line.find(sign)? + sign.len()))?;
    let word = line[begin..].split_whitespace().next()?;
    let word = word.trim_start_matches(|c: char| !c.is_ascii_digit());
    let word = &word[..word.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(word.len())];
    let numbers: Vec<&str> = word.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    let [a, b, c, d, port, ..] = numbers[..] else { return None };
    Some((format!("{a}.{b}.{c}.{d}").parse().ok()?, port.parse().ok()?))
}

/// A traffic log of PAN-OS: destination, port and action in the fields 9, 26 and 31, see
/// <https://docs.paloaltonetworks.com/ngfw/administration/monitoring/use-syslog-for-monitoring/syslog-field-descriptions/traffic-log-fields>.
fn panorama_drop(line: &str) -> Option<(Ipv4Addr, u16)> {
    let fields: Vec<&str> = line.split(',').collect();
    let is_denied = fields.get(3) == Some(&"traffic") && DROPS.contains(fields.get(30)?);
    if is_denied { Some((fields.get(8)?.parse().ok()?, fields.get(25)?.parse().ok()?)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_connection_in_the_form_of_each_maker() {
        for line in [
            "%FTD-4-106023: Deny tcp src dmz:10.1.1.1/50123 dst outside:40.101.1.2/587 by access-group \"x\" [0x0, 0x0]",
            "%ASA-6-106100: access-list IN denied tcp inside/10.1.1.1(51234) -> outside/52.96.1.1(993) hit-cnt 1",
            "action=\"Drop\" ifdir=\"inbound\" src=\"10.1.1.1\" dst=\"52.96.1.1\" proto=\"tcp\" service=\"993\" rule=\"88\"",
            "rule 4/0(match): block out on em0: 10.1.1.1.51234 > 52.96.1.1.587: Flags [S], seq 1",
            "CEF:0|x|y|1|z|traffic|5|act=blocked src=10.1.1.1 spt=51234 dst=52.96.1.1 dpt=995 proto=TCP",
            "{\"action\":\"REJECT\",\"dest_ip\":\"52.96.1.1\",\"dest_port\":\"587\",\"proto\":\"TCP\"}",
            "kernel: [UFW BLOCK] IN=eth1 OUT=eth0 SRC=10.1.1.1 DST=52.96.1.1 PROTO=TCP SPT=1 DPT=993 SYN",
            "RT_FLOW - RT_FLOW_SESSION_DENY [junos@2636 source-address=\"10.1.2.3\" destination-address=\"52.97.1.2\" destination-port=\"993\"]",
            "log_component=\"Firewall Rule\" log_subtype=\"Denied\" status=\"Deny\" src_ip=10.1.2.3 dst_ip=52.97.1.2 dst_port=587",
            "RT_FLOW_SESSION_DENY: session denied 10.1.1.1/51234->52.96.1.1/587 junos-smtps 6(0) deny-all",
        ] {
            assert!(is_denied(&line.to_lowercase()), "{line}");
        }
    }

    #[test]
    fn allowed_and_other_connections_are_no_denial() {
        for line in [
            "action=\"accept\" dst=\"52.96.1.1\" proto=\"tcp\" service=\"993\"",
            "%ASA-4-106023: Deny tcp src outside:198.51.100.7/51234 dst inside:10.1.1.1/587 by access-group \"x\"",
            "%ASA-4-106023: Deny tcp src inside:10.1.1.1/993 dst outside:198.51.100.7/22 by access-group \"x\"",
            "kernel: IN=eth1 OUT=eth0 SRC=10.1.1.1 DST=52.96.1.1 PROTO=TCP SPT=1 DPT=993 SYN",
        ] {
            assert!(!is_denied(&line.to_lowercase()), "{line}");
        }
    }
}
