//! Files that a run reads and writes: no output replaces what is read, and nothing half is left behind.

use crate::program::{Place, finish};

const SITE: &str = "[[account]]\nname = \"sales\"\nsigns_in_as = \"sales@bigshop.test\"\nmailboxes = [\"sales@bigshop.test\"]\n\
                    inbound = \"imap\"\nrefresh_token = { file = \"token\" }\n\n[evidence]\nfiles = [\"users.csv\"]\n";
const KEY: &str = "a long secret of the team";

/// A folder with everything that a run can be told to read.
fn place() -> Place {
    let place = Place::new();
    for (name, text) in [
        ("site.toml", SITE),
        ("ece-check.toml", SITE),
        ("token", "1.AXoAkq3vT8mZ0uYpLw6sNdE1xC"),
        ("users.csv", "UserPrincipalName\nsales@bigshop.test\n"),
        ("roots.pem", "-----BEGIN CERTIFICATE-----\n"),
        ("cacerts", "no store"),
        ("redact.key", KEY),
        ("sign.key", KEY),
    ] {
        place.write(name, text);
    }
    place
}

#[test]
fn no_output_replaces_what_is_read() {
    let place = place();
    for (name, flags) in [
        ("site.toml", &["-c", "site.toml"] as &[&str]),
        ("./site.toml", &["-c", "site.toml"]),
        ("ece-check.toml", &[]),
        ("token", &["-c", "site.toml", "--lab"]),
        ("users.csv", &["-c", "site.toml", "--lab"]),
        ("users.csv", &["--lab", "--evidence", "users.csv"]),
        ("roots.pem", &["--ca-file", "roots.pem"]),
        ("cacerts", &["--java-trust-store", "cacerts"]),
        ("redact.key", &["--redact", "names", "--redact-key", "redact.key"]),
    ] {
        let before = place.read(name);
        for output in [&["--report", &format!("json={name}")], &["--transcript", name], &["--bundle", name]] {
            let said = place.call(&[&["run", "--only", "dns"], flags, output].concat());
            said.refused("this file is read; the output would replace it");
            assert_eq!(place.read(name), before, "{name} {flags:?} {output:?}");
        }
    }
}

#[test]
fn no_bundle_replaces_the_report_that_it_is_made_of() {
    let place = Place::new();
    let made = place.call(&["run", "--lab", "--only", "dns", "--report", "json=report.json"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    let before = place.read("report.json");
    place.call(&["report", "report.json", "--bundle", "./report.json"]).refused("this file is read");
    assert_eq!(place.read("report.json"), before);
}

#[cfg(unix)]
#[test]
fn two_names_of_one_file_are_one_output() {
    let place = Place::new();
    place.write("a", "old");
    std::fs::hard_link(place.path().join("a"), place.path().join("b")).expect("a second name");
    let said = place.call(&["run", "--lab", "--only", "dns", "--report", "json=a", "--report", "csv=b"]);
    said.refused("named for two outputs");
    assert_eq!(place.read("b"), "old");
}

/// A shell's limit of files ends a program that does not expect it, in the middle of a file.
#[cfg(target_os = "linux")]
#[test]
fn a_limit_of_files_is_named_and_nothing_half_is_left() {
    for output in ["--report json=out", "--bundle out", "--transcript out"] {
        let place = Place::new();
        let mut command = place.command(&[]);
        let program = command.get_program().to_owned();
        command = {
            let mut shell = std::process::Command::new("sh");
            let line = format!("ulimit -c 0; ulimit -f 1; exec \"$0\" run --lab {output}");
            shell.arg("-c").arg(line).arg(program).current_dir(place.path());
            shell
        };
        let said = finish(command);
        assert_eq!(said.code, Some(2), "{output}: {said:?}");
        assert!(said.stderr.contains("out: cannot be written: File too large"), "{output}: {}", said.stderr);
        let left: Vec<_> = std::fs::read_dir(place.path()).expect("the folder").flatten().collect();
        assert!(left.is_empty(), "{output}: {left:?}");
    }
}

/// "(os error 24)" says nothing to a reader, whichever library has put it into its sentence.
#[cfg(target_os = "linux")]
#[test]
fn what_the_system_says_is_told_without_its_number() {
    let place = Place::new();
    place.write("file", "");
    let program = place.command(&[]).get_program().to_owned();
    for line in [
        "ulimit -n 30; exec \"$0\" run --lab",
        "ulimit -n 12; exec \"$0\" run --lab",
        "ulimit -n 8; exec \"$0\" run --lab",
        "exec \"$0\" lab --evidence file/folder",
        "exec \"$0\" list >/dev/full",
    ] {
        let mut shell = std::process::Command::new("sh");
        shell.arg("-c").arg(line).arg(&program).current_dir(place.path());
        let said = finish(shell);
        assert_eq!(said.code, Some(2), "{line}: {said:?}");
        assert!(!said.stderr.is_empty() && !said.stderr.contains("os error"), "{line}: {}", said.stderr);
    }
    let said = place.call(&["token", "sign-in", "--tenant", "bigshop.test", "--client-id", ID, "--save", "file"]);
    said.refused("file cannot be written: it exists");
}

/// Planning was quadratic once: 16,000 mailboxes then took minutes of a processor, and take two seconds of it now.
#[cfg(target_os = "linux")]
#[test]
fn a_plan_grows_with_the_mailboxes_and_not_with_their_square() {
    let one = |number: usize| format!("\"m{number}@bigshop.test\"");
    let all: Vec<String> = (0..16_000).map(one).collect();
    let account = |mailboxes: &[String]| {
        let name = mailboxes[0].trim_matches('"');
        let head = format!("[[account]]\nname = \"{name}\"\nsigns_in_as = \"{name}\"\ninbound = \"imap\"");
        format!("{head}\naccess_token = {{ env = \"T\" }}\nmailboxes = [{}]\n", mailboxes.join(", "))
    };
    let in_one = account(&all);
    let in_many: String = all[..4_000].chunks(1).map(account).collect();
    for (accounts, mailboxes) in [(in_one, 16_000), (in_many, 4_000)] {
        let place = Place::new();
        place.write("site.toml", format!("[entra]\ntenant = \"bigshop.test\"\nclient_id = \"{ID}\"\n{accounts}"));
        let mut shell = std::process::Command::new("sh");
        let line = "ulimit -c 0; ulimit -t 40; exec \"$0\" plan -c site.toml --no-proxy";
        shell.arg("-c").arg(line).arg(place.command(&[]).get_program()).current_dir(place.path());
        let said = finish(shell);
        assert_eq!(said.code, Some(0), "{mailboxes} mailboxes: {:?} {}", said.code, said.stderr);
        assert!(said.stdout.contains(&format!("signs in to {mailboxes} mailboxes")), "{}", said.stdout);
    }
}

const ID: &str = "7d0a2f3e-1111-4c2b-9d3a-5a5a5a5a5a5a";
