//! Every command of every cause, with values that nobody would choose: a shell reads each value as one argument and
//! nothing else.

use std::process::Command as Process;

use ece_check::{
    catalogue::Catalogue,
    command::{Effect, Encryption, Shell, Template, placeholders},
};
use tree_sitter::Parser;

/// A mailbox as it should be: what the shape of a command is compared with.
const ORDINARY: &str = "sales@contoso.com";
/// Values that would run something, or be taken for an option, where they are not quoted.
const HOSTILE: &[&str] = &[
    "$(calc)@contoso.com",
    "a`b@contoso.com",
    "a;calc@contoso.com",
    "a|calc@contoso.com",
    "a&calc@contoso.com",
    "-Identity@contoso.com",
    "o'brien@contoso.com",
    "o\u{2019}brien@contoso.com",
    "a\"b@contoso.com",
    "$env:TEMP@contoso.com",
    "@args@contoso.com",
    "a b@contoso.com",
    "#a@contoso.com",
    "{a}@contoso.com",
    "%PATH%@contoso.com",
    "a>b@contoso.com",
    "\\\\server\\share",
];
/// Values that must not be printed at all.
const UNSEEN: &[&str] =
    &["a\u{202e}moc@contoso.com", "a\u{200b}@contoso.com", "a\r\ncalc@contoso.com", "a\x1b[8m@contoso.com"];

fn templates() -> Vec<(String, Template)> {
    let catalogue = Catalogue::built_in();
    let of = |cause: &ece_check::catalogue::Cause| -> Vec<(String, Template)> {
        let others = [&cause.site, &cause.webex].into_iter().flatten().flat_map(|other| &other.commands);
        cause.commands.iter().chain(others).map(|template| (cause.code.clone(), template.clone())).collect()
    };
    catalogue.causes.iter().flat_map(of).collect()
}

/// The command with this value at every placeholder but the port.
fn filled(template: &Template, value: &str) -> String {
    let values = |name: &str| vec![if name == "port" { "587".to_owned() } else { value.to_owned() }];
    template.fill(None, values, ToOwned::to_owned).text
}

fn shape(text: &str) -> String {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_pwsh::LANGUAGE.into()).expect("the grammar fits the library");
    let tree = parser.parse(text, None).expect("a tree");
    assert!(!tree.root_node().has_error(), "PowerShell cannot read: {text}");
    tree.root_node().to_sexp()
}

#[test]
fn powershell_reads_a_hostile_value_as_it_reads_an_ordinary_one() {
    for (code, template) in templates().iter().filter(|(_, template)| template.shell.is_powershell()) {
        let ordinary = shape(&filled(template, ORDINARY));
        for value in HOSTILE {
            let line = filled(template, value);
            assert_eq!(shape(&line), ordinary, "{code}: {line}");
        }
    }
}

#[test]
fn the_shape_tells_an_unquoted_value_from_a_quoted_one() {
    assert_ne!(shape("Get-Mailbox -Identity 'a;calc'"), shape("Get-Mailbox -Identity a;calc"));
    assert_ne!(shape("Get-Mailbox -Identity 'a$(calc)'"), shape("Get-Mailbox -Identity a$(calc)"));
}

#[test]
fn a_posix_shell_reads_every_value_as_one_argument() {
    let is_posix =
        |template: &Template| template.shell == Shell::Sh || (template.shell == Shell::EceCheck && cfg!(unix));
    for (code, template) in templates().iter().filter(|(_, template)| is_posix(template)) {
        let names: Vec<&str> =
            placeholders(&template.text).filter(|name| !["port", "starttls"].contains(name)).collect();
        for value in HOSTILE {
            let line = filled(template, value);
            let output = Process::new("sh").args(["-c", &format!("printf '%s\\n' {line}")]).output().expect("a shell");
            let arguments = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && output.stderr.is_empty(), "{code}: {line}");
            let stands_alone = arguments.lines().any(|argument| argument == *value);
            let kept_out = line.contains("'<");
            assert!(names.is_empty() || stands_alone || kept_out, "{code}: {line} gives {arguments}");
        }
    }
}

#[test]
fn what_cannot_be_seen_enters_no_command() {
    for (code, template) in templates() {
        for value in UNSEEN {
            let values = |_: &str| vec![(*value).to_owned()];
            let command = template.fill(Some(value), values, ToOwned::to_owned);
            let printed = [Some(command.text), command.target, command.confirms_if].into_iter().flatten();
            for text in printed {
                assert!(!text.replace('\n', "").chars().any(ece_check::command::is_unseen), "{code}: {text:?}");
            }
        }
    }
}

#[test]
fn a_pasted_command_names_one_target() {
    for (code, template) in templates().iter().filter(|(_, template)| template.shell.is_pasted()) {
        let two = |name: &str| vec![format!("one-{name}"), format!("two-{name}")];
        let line = template.fill(None, two, ToOwned::to_owned).text;
        assert!(!line.contains("one-") && !line.contains("two-"), "{code}: {line}");
        assert!(!line.contains('…') && !line.contains('\n'), "{code}: {line}");
    }
}

#[test]
fn port_587_is_asked_with_starttls() {
    for (code, template) in templates().iter().filter(|(_, template)| template.text.starts_with("openssl s_client")) {
        let fits = template.when.is_none_or(|when| when == Encryption::Starttls);
        let begins_with_tls = code == "tls-on-starttls-port"; // it asks whether TLS comes without STARTTLS
        let line = filled(template, "h.example");
        assert!(!fits || begins_with_tls || line.contains("-starttls smtp"), "{code}: {line}");
    }
}

#[test]
fn what_can_be_asked_on_windows_is_asked_there_first() {
    let for_windows = |shell: Shell| shell.is_powershell() || matches!(shell, Shell::Cmd | Shell::EceCheck);
    for cause in &Catalogue::built_in().causes {
        let others = [&cause.site, &cause.webex].into_iter().flatten().map(|other| &other.commands);
        for commands in [&cause.commands].into_iter().chain(others) {
            for (at, sh) in commands.iter().enumerate().filter(|(_, command)| command.shell == Shell::Sh) {
                for port in [Encryption::ImplicitTls, Encryption::Starttls] {
                    let fits = |command: &Template| command.when.is_none_or(|when| when == port);
                    let before = commands[..at].iter().any(|command| for_windows(command.shell) && fits(command));
                    assert!(
                        before || !fits(sh),
                        "{}: ECE runs on Windows, and has nothing before {}",
                        cause.code,
                        sh.text
                    );
                }
            }
        }
    }
}

#[test]
fn no_command_does_other_than_it_says() {
    for (code, template) in templates() {
        let text = &template.text;
        assert!(!text.contains("generateSSTFromWU"), "{code}: it only downloads");
        let verb = text.split(['-', ' ']).next().unwrap_or_default();
        let removes = text.contains("ForEach-Object { Remove-");
        let reads = !removes && ["Get", "Test", "Resolve", "Select"].contains(&verb);
        let writes = ["Set", "Add", "New", "Remove", "Update", "Grant", "Enable", "Disable"].contains(&verb);
        if template.shell.is_powershell() {
            assert!(!(reads && template.effect != Effect::Check), "{code} is called a change: {text}");
            assert!(!(writes && template.effect == Effect::Check), "{code} is called a check: {text}");
        }
    }
}

#[test]
fn firewall_rules_of_a_plan_are_commands_that_others_can_read() {
    let network = ["plan", "--for", "network", "--dns-server", "10.9.9.53"];
    let plan = crate::program::call(&network);
    assert_eq!(plan.code, Some(0), "{plan:?}");
    let lines = |begins: &str| -> Vec<String> {
        let lines = plan.stdout.lines().map(str::trim).filter(|line| line.starts_with(begins));
        lines.map(str::to_owned).collect()
    };
    let powershell = lines("New-NetFirewallRule ");
    assert!(powershell.len() > 4, "{plan:?}");
    assert!(powershell.iter().any(|line| line.contains("-RemotePort 443,587,993,995 ")), "{powershell:?}");
    for line in &powershell {
        shape(line);
    }
    assert!(powershell.iter().any(|line| line.contains("'ECE to 10.9.9.53 UDP 53 (IPv4)'")), "{powershell:?}");
    assert!(!plan.stdout.contains("more characters"), "nothing is cut: {plan:?}");
    let on_itself = crate::program::call(&["plan", "--for", "network", "--dns-server", "127.0.0.53"]);
    assert!(on_itself.stdout.contains("DNS is left out of the rules"), "{on_itself:?}");
    for begins in ["netsh advfirewall ", "access-list ECE-OUTBOUND ", "set rulebase security rules "] {
        assert!(!lines(begins).is_empty(), "{begins} in {plan:?}");
    }
    let mut seen = std::collections::BTreeSet::new();
    assert!(powershell.iter().all(|line| seen.insert(line)), "a rule twice: {powershell:?}");
    let csv = plan.stdout.split("CSV\n---\n").nth(1).expect("the CSV is last");
    let csv: Vec<&str> = csv.lines().map(str::trim).collect();
    let text = csv.join("\n");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.expect("a row")).collect();
    assert!(rows.len() > powershell.len(), "a row a port: {text}");
    let alone = crate::program::call(&[&network[..], &["-o", "csv"]].concat());
    let as_one = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(as_one(&alone.stdout), as_one(&text), "one table, wherever it is printed");
    crate::program::call(&["plan", "--for", "exchange"]).refused("network");
}
