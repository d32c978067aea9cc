//! `lab` in a process of its own: what it prints is what other commands read, and nothing of it is left behind.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::Child,
};

use serde_json::Value;

use crate::program::{Place, wait};

/// A tenant in a process of its own, with what it printed.
struct Tenant {
    child: Option<Child>,
    told: Value,
    place: Place,
}

impl Tenant {
    /// Starts it, and saves its site file as it says.
    fn start() -> Self {
        let place = Place::new();
        let mut child = place.start(&["lab", "-o", "json"]);
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let mut text = String::new();
        let told: Value = loop {
            text.push_str(&lines.next().expect("JSON to its end"));
            text.push('\n');
            if let Ok(told) = serde_json::from_str(&text) {
                break told;
            }
        };
        place.write("ece-check-lab.toml", told["deployment"].as_str().expect("a site file"));
        Self { child: Some(child), told, place }
    }

    /// The flags that lead to it.
    fn flags(&self) -> Vec<&str> {
        let command = self.told["command"].as_str().expect("a command");
        command.split_whitespace().skip_while(|word| !word.starts_with("--")).collect()
    }
}

impl Drop for Tenant {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

#[test]
fn site_file_of_the_lab_is_read_by_every_command() {
    let tenant = Tenant::start();
    let place = &tenant.place;
    let site = "ece-check-lab.toml";
    let plan = place.call(&["plan", "-c", site]);
    assert!(plan.code == Some(0) && plan.stdout.contains("outlook.office365.com"), "{plan:#?}");
    let check = place.call(&["config", "check", site]);
    assert!(check.code == Some(0) && check.stdout.contains("no mistakes found"), "{check:#?}");
    place.write("token", "eyJhbGciOiJSUzI1NiJ9.e30.AAAA");
    let token = place.call(&["token", "show", "-c", site, "--file", "token"]);
    assert!(token.code == Some(1) && token.stdout.contains("Assessment"), "{token:#?}");
    let show = ["token", "show", "-c", site, "--account", "sales"];
    // Entra ID itself is asked by no command that has the lab's accounts
    for connects in [&show[..], &["run", "-c", site]] {
        place.call(connects).refused("add the flags that ece-check lab prints");
    }
    let variables = tenant.told["environment"].as_object().expect("variables");
    let mut command = place.command(&[&show[..], &tenant.flags()].concat());
    command.envs(variables.iter().map(|(name, value)| (name, value.as_str().expect("a text"))));
    let shown = wait(command.spawn().expect("the program starts"));
    assert!(shown.code == Some(0) && shown.stdout.contains("sales@example.com"), "{shown:#?}");
}

#[cfg(target_os = "linux")]
#[test]
fn lab_that_is_told_to_end_takes_its_ca_file_with_it() {
    let mut tenant = Tenant::start();
    let ca = tenant.told["ca_file"].as_str().expect("a file").to_owned();
    assert!(Path::new(&ca).exists(), "{ca}");
    let child = tenant.child.take().expect("it runs");
    let sent = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    assert!(sent.expect("kill is there").success());
    let outcome = wait(child);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(!Path::new(&ca).exists(), "{ca} is left");
}

/// A pipe can be read once: read again it is an empty site file, which is none of a lab.
#[cfg(unix)]
#[test]
fn site_file_that_comes_through_a_pipe_is_read_once() {
    use std::io::Write as _;

    if std::env::var_os("ECE_CHECK_PROGRAM").is_some() {
        return; // Wine has no /dev/stdin
    }
    for command in [&["run", "--only", "version"][..], &["token", "show", "--account", "sales"], &["plan"]] {
        let place = Place::new();
        let mut command = place.command(&[command, &["-c", "/dev/stdin"]].concat());
        let mut child = command.stdin(std::process::Stdio::piped()).spawn().expect("the program starts");
        let mut pipe = child.stdin.take().expect("it is piped");
        pipe.write_all(b"[ece]\nreleas = \"12.6(1)\"\n").expect("the program reads it");
        drop(pipe);
        let outcome = crate::program::wait(child);
        outcome.refused("line 2: unknown key ece.releas");
        assert!(!outcome.stderr.contains("lab"), "{outcome:?}");
    }
}
