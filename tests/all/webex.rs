//! Webex: each fault of the lab live and by files, the connection, Microsoft Graph, the text of Control Hub.

use std::{fs, sync::Mutex};

use ece_check::{
    catalogue::Catalogue,
    explain::explain,
    finding::{Certainty, Report, Status},
    lab::{FaultInfo, Settings, directory_faults, evidence},
};

use crate::{accuracy::agree, program::Place};

/// Names of the lab's users; of the lists nothing but the first ten names of a finding may be in a report.
const ONLY: [&str; 4] = ["--only", "webex", "-o", "json"];

/// The faults of Webex.
fn faults_of_webex() -> Vec<FaultInfo> {
    let of_webex: Vec<_> = directory_faults().into_iter().filter(|fault| fault.check.starts_with("webex.")).collect();
    assert!(of_webex.len() >= 20, "{of_webex:?}");
    of_webex
}

/// The files that colleagues hand over about the lab with these faults.
fn files(place: &Place, faults: &[&str]) -> String {
    let settings =
        Settings { faults: faults.iter().map(|name| (*name).to_owned()).collect(), webex: true, ..Settings::default() };
    for file in evidence(&settings).expect("the lab knows the fault") {
        place.write(&format!("evidence/{}", file.name), &file.bytes);
    }
    place.path().join("evidence").to_str().expect("UTF-8").to_owned()
}

/// A run with the files alone.
fn by_files(fault: &str) -> Report {
    let place = Place::new();
    let folder = files(&place, if fault.is_empty() { &[] } else { std::slice::from_ref(&fault) });
    place.call(&[&["run", &format!("--lab={fault}"), "--evidence", &folder][..], &ONLY].concat()).report()
}

/// A run that asks Microsoft Graph and Webex; only the list of Control Hub's users is a file.
fn live(fault: &str) -> Report {
    let place = Place::new();
    let faults: &[&str] = if fault.is_empty() { &[] } else { &[fault] };
    let folder = files(&place, faults);
    let hub = format!("{folder}/control-hub-users.csv");
    let lab = format!("--lab={fault}");
    let arguments = ["run", &lab, "--graph", "--webex-connect", "--evidence", &hub];
    place.call(&[&arguments[..], &ONLY].concat()).report()
}

fn names_it_first(report: &Report, fault: &FaultInfo) -> Result<(), String> {
    let status = |text: &str| serde_json::from_value::<Status>(text.into()).expect("a status");
    let finding = report.findings.iter().find(|finding| finding.check.as_str() == fault.check);
    let found = finding.map(|finding| (finding.status, finding.found.clone()));
    if finding.is_none_or(|finding| finding.status != status(&fault.status)) {
        return Err(format!("{}: {} is {found:?}", fault.name, fault.check));
    }
    let first = report.summary.fix_first.first().map(|fix| fix.cause.as_str());
    if first == Some(fault.cause.as_str()) { Ok(()) } else { Err(format!("{}: {first:?}, {found:?}", fault.name)) }
}

/// Runs over all faults, two at once.
fn each(faults: Vec<FaultInfo>, run: impl Fn(&str) -> Report + Sync) -> Vec<String> {
    let (left, wrong) = (Mutex::new(faults), Mutex::new(Vec::new()));
    let work = || {
        while let Some(fault) = { left.lock().expect("no panic").pop() } {
            let report = run(&fault.name);
            let disagrees = agree::wrong(&report).into_iter().map(|words| format!("{}: {words}", fault.name));
            wrong.lock().expect("no panic").extend(names_it_first(&report, &fault).err().into_iter().chain(disagrees));
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    wrong.into_inner().expect("no panic")
}

#[test]
fn every_fault_is_named_first_live() {
    let wrong = each(faults_of_webex(), live);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_fault_is_named_first_by_files() {
    // how Webex answers, no file tells
    let faults = faults_of_webex().into_iter().filter(|fault| fault.check != "webex.connection");
    let wrong = each(faults.collect(), by_files);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_proof_of_webex_is_a_fault_of_its_check() {
    let faults = faults_of_webex();
    for check in Catalogue::built_in().checks.iter().filter(|check| check.id.starts_with("webex.")) {
        assert!(!check.proofs.is_empty(), "{}", check.id);
        for proof in &check.proofs {
            let fault = faults.iter().find(|fault| fault.name == proof.fault);
            let fault = fault.unwrap_or_else(|| panic!("{}: no fault {}", check.id, proof.fault));
            assert_eq!(fault.check, check.id, "{}", fault.name);
        }
    }
}

#[test]
fn healthy_lab_has_nothing_to_fix() {
    let files = by_files("");
    assert!(files.summary.fix_first.is_empty(), "{:#?}", files.summary.fix_first);
    let report = live("");
    assert!(report.summary.fix_first.is_empty(), "{:#?}", report.summary.fix_first);
    let made: Vec<(&str, Status)> =
        report.findings.iter().map(|finding| (finding.check.as_str(), finding.status)).collect();
    assert_eq!(made.len(), 9, "{made:?}");
    for finding in &report.findings {
        assert_eq!(finding.status, Status::Pass, "{}: {}", finding.check, finding.found);
    }
}

#[test]
fn site_without_webex_sees_none_of_it() {
    let report = Place::new().call(&["run", "--lab", "--only", "version,url", "-o", "json"]).report();
    assert!(report.findings.iter().all(|finding| !finding.check.starts_with("webex.")));
    let place = Place::new();
    let site = place.write("site.toml", "[ece]\nrelease = \"12.6(1)\"\n");
    let plan = place.call(&["plan", "-c", site.to_str().expect("UTF-8"), "-o", "json"]);
    assert!(!plan.stdout.contains("webex"), "{plan:?}");
}

#[test]
fn checks_of_the_other_integration_do_not_apply() {
    for (integration, own, other) in
        [("wizard", "webex.consent", "webex.mapping"), ("gallery", "webex.mapping", "webex.consent")]
    {
        let place = Place::new();
        let site = place.write("site.toml", format!("[webex]\nintegration = \"{integration}\"\n"));
        let arguments = ["run", "--lab", "-c", site.to_str().expect("UTF-8")];
        let report = place.call(&[&arguments[..], &ONLY].concat()).report();
        let reason = |check: &str| {
            let finding = report.findings.iter().find(|finding| finding.check == check).expect("a finding");
            serde_json::to_value(finding.reason).expect("a word")
        };
        assert_eq!((reason(own), reason(other)), ("needs-input".into(), "not-applicable".into()), "{integration}");
    }
}

#[test]
fn removed_application_blocks_its_consent_and_no_file_of_it_is_asked_for() {
    let place = Place::new();
    let folder = files(&place, &["webex-integration-app-removed"]);
    // without a site file, as the page about Webex has it
    let outcome = place.call(&["run", "--only", "webex", "--evidence", &folder, "-o", "json"]);
    let report = outcome.report();
    let finding = |check: &str| report.findings.iter().find(|one| one.check == check).expect("it is planned");
    let (present, consent) = (finding("webex.applications-present"), finding("webex.consent"));
    assert_eq!((present.status, consent.status), (Status::Fail, Status::Skip), "{consent:#?}");
    assert_eq!(consent.blocked_by.map(|at| report.findings[at].check.as_str()), Some("webex.applications-present"));
    let reason = "an empty list of users in a file does not say of which users it is";
    assert_eq!(finding("webex.deleted-users").status, Status::Skip, "{reason}");
    let commands: Vec<&str> =
        report.summary.fix_first[0].commands.iter().map(|command| command.text.as_str()).collect();
    assert!(commands.iter().any(|text| text.contains("microsoftonline.com/common/adminconsent")), "{commands:?}");
    let request = place.call(&["evidence", "request", "--for", "webex"]).stdout;
    assert!(request.trim_end().ends_with("ece-check run --only webex --evidence FOLDER"), "{request}");
}

#[test]
fn token_and_lists_are_in_no_output() {
    let place = Place::new();
    let folder = files(&place, &["webex-user-names-differ.doubled"]);
    let outcome = place.call(&[
        "run",
        "--lab=webex-user-names-differ.doubled",
        "--graph",
        "--webex-connect",
        "--evidence",
        &folder,
        "--only",
        "webex",
        "-o",
        "json",
        "-v",
    ]);
    let report = outcome.report();
    let doubled = report.findings.iter().find(|finding| finding.check == "webex.user-names").expect("a finding");
    assert!(doubled.found.contains("reception@contoso.onmicrosoft.com"), "{}", doubled.found);
    assert!(!doubled.found.contains("billing@example.com"), "{}", doubled.found);
    for listed in ["access_token", "eyJ"] {
        assert!(!outcome.stdout.contains(listed) && !outcome.stderr.contains(listed), "{listed}");
    }
}

#[test]
fn text_of_control_hub_names_three_causes_and_is_sure_of_none() {
    let catalogue = Catalogue::built_in();
    let family = ["webex-integration-app-removed", "webex-integration-app-disabled", "consent-missing"];
    for name in ["debug.full.txt", "debug.cut.txt", "debug.ocr-markdown.txt", "debug.toast-only.txt"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/evidence/webex").join(name);
        let answer = explain(&fs::read_to_string(path).expect("a sample"), None, &catalogue);
        let causes: Vec<&str> = answer.causes.iter().map(|cause| cause.cause.code.as_str()).collect();
        for cause in family {
            assert!(causes.contains(&cause), "{name}: {causes:?}");
        }
        assert!(answer.causes.iter().all(|cause| cause.certainty != Certainty::Certain), "{name}: {:?}", answer.causes);
        assert_eq!(causes.first(), Some(&family[0]), "{name}");
    }
}

#[test]
fn graph_token_without_a_permission_is_told_with_its_name() {
    let place = Place::new();
    let opaque = place.write("token.txt", "not-a-token-of-graph");
    let site = format!(
        "[entra]\ntenant = \"contoso.onmicrosoft.com\"\ngraph_token = {{ file = {:?} }}\n\n[webex]\norg_id = \"22222222-3333-4444-8555-666666666666\"\n",
        opaque.to_str().expect("UTF-8")
    );
    let site = place.write("site.toml", site);
    let outcome = place.call(&[&["run", "--lab", "-c", site.to_str().expect("UTF-8"), "--graph"][..], &ONLY].concat());
    let report = outcome.report();
    let finding = report.findings.iter().find(|finding| finding.check == "webex.applications-present");
    let next = finding.and_then(|finding| finding.next.clone()).unwrap_or_default();
    assert!(next.contains("does not accept the token"), "{next}\n{}", outcome.stderr);
    assert!(!outcome.stdout.contains("not-a-token-of-graph") && !outcome.stderr.contains("not-a-token-of-graph"));
}

#[test]
fn plan_lists_every_path_of_graph_and_only_gets() {
    let place = Place::new();
    let site = place.write(
        "site.toml",
        "[entra]\nclient_id = \"11111111-2222-4333-8444-555555555555\"\n\n[webex]\norg_id = \"22222222-3333-4444-8555-666666666666\"\n",
    );
    let site = site.to_str().expect("UTF-8");
    let plan = place.call(&["plan", "-c", site, "--graph", "-o", "json"]);
    for part in
        ["graph.microsoft.com", "GET /v1.0/servicePrincipals", "synchronization/jobs", "GET /beta/auditLogs/signIns"]
    {
        assert!(plan.stdout.contains(part), "{part}: {}", plan.stdout);
    }
    assert!(!place.call(&["plan", "-c", site, "-o", "json"]).stdout.contains("GET /v1.0"));
}

#[test]
fn user_who_is_asked_for_by_name_is_found_with_state_and_external_id() {
    let object = "evidence/users.json"; // the lab's own: its IDs are those of Entra ID
    for (fault, user, says) in [
        ("", "Reception@example.com", "that user in Webex: active, external ID: "),
        ("webex-deleted-user-clock", "former@example.com", "that user in Webex: inactive"),
        ("", "nobody.here@example.com", "that user in Webex: not there"),
    ] {
        let place = Place::new();
        files(&place, &[]);
        let (lab, asked) = (format!("--lab={fault}"), format!("--webex-connect={user}"));
        let report = place.call(&["run", &lab, &asked, "--only", "webex.connection", "-o", "json"]).report();
        let connection = report.findings.iter().find(|one| one.check == "webex.connection").expect("it is planned");
        assert_eq!(connection.status, Status::Pass, "{connection:#?}");
        assert!(connection.found.contains(says), "{says:?} is not in {}", connection.found);
        if says.contains("external ID") {
            let id = connection.found.split("external ID: ").nth(1).expect("an ID");
            assert!(place.read(object).contains(id), "{id} is no object of Entra ID");
        }
    }
    let wrong = Place::new().call(&["run", "--lab", "--webex-connect=a\" or \"b@c", "--only", "webex.connection"]);
    wrong.refused("write the mail address under which Webex knows the user");
}

/// What stands around the text in the Dutch, Chinese and Korean editions of Cisco document 220476.
const AROUND: [(&str, &str); 3] = [
    ("De fout die in Control Hub wordt weergegeven:\n\n", "\nControleer of de toepassing in Azure is verwijderd.\n"),
    ("在Control Hub中显示的错误：\n\n", "\n检查应用程序是否已从Azure中删除。\n"),
    ("Control Hub에 표시되는 오류:\n\n", "\nAzure에서 애플리케이션이 삭제되었는지 확인하십시오.\n"),
];

/// What browsers, mail programs and text recognition make of it.
const CHANGES: [fn(&str) -> String; 5] = [
    str::to_owned,
    |text| text.replace('\n', "\r\n"),
    |text| text.replace(": ", ":\u{a0}"),
    |text| text.lines().map(|line| line.replacen(": ", "：", 1) + "\n").collect(),
    |text| text.lines().map(|line| String::from("> ") + line + "\n").collect(),
];

#[test]
fn text_of_control_hub_gives_the_same_facts_in_every_edition_and_form() {
    use ece_check::import::{Stated, debug_block::DebugBlock, parse, record::Record};
    let read = |text: &str| -> Vec<DebugBlock> {
        let file = parse("f", text.as_bytes(), &Stated::default()).unwrap_or_else(|error| panic!("{error}: {text}"));
        let blocks = file.rows.into_iter().map(|row| row.record);
        blocks.filter_map(|record| if let Record::WebexDebug(block) = record { Some(block) } else { None }).collect()
    };
    for name in ["debug.full.txt", "debug.cut.txt", "debug.ocr-markdown.txt"] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/evidence/webex").join(name);
        let text = fs::read_to_string(&path).expect("a sample");
        let plain = read(&text);
        let [block] = &plain[..] else { panic!("{name}: {plain:?}") };
        assert_eq!((block.status, block.code.as_deref()), (Some(401), Some("701018")), "{name}");
        for (fact, value) in [("organization", &block.org), ("request", &block.client_request), ("clock", &block.at)] {
            assert!(value.is_some(), "{name}: no {fact}");
        }
        for (above, below) in AROUND {
            for change in CHANGES {
                let pasted = format!("{above}{}{below}", change(&text));
                let (mut one, mut other) = (read(&pasted), plain.clone());
                // a message goes on to the end of its line, which is changed too
                one.iter_mut().chain(&mut other).for_each(|block| block.message = None);
                assert_eq!(one, other, "{name}: {pasted}");
            }
        }
        assert_eq!(read(&format!("{text}\n{text}")).len(), 2, "{name}: two in one paste");
    }
}
