use std::path::Path;

use super::*;
use crate::import::{Stated, parse, read};

fn now() -> Timestamp {
    "2026-11-29T12:00:00Z".parse().unwrap()
}

fn question() -> Question {
    Question { now: now(), integration: None, tenant: None, org_id: None, tenant_url: None, user_name_from: None }
}

fn sample(name: &str) -> File {
    let stated = Stated { as_of: Some(now()), ..Stated::default() };
    read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/evidence").join(name), &stated).unwrap()
}

fn file(name: &str, text: &str) -> File {
    parse(name, text.as_bytes(), &Stated { as_of: Some(now()), ..Stated::default() }).unwrap()
}

fn of(check: &str, files: &[File], question: &Question) -> Settled {
    settle(files, question).into_iter().find(|one| one.check == check).unwrap()
}

fn fact(settled: &Settled, name: &str) -> String {
    settled.facts.value(name).map(ToString::to_string).unwrap_or_default()
}

/// Enterprise applications as Graph gives them: name, application ID or none, enabled.
fn applications(rows: &[(&str, &str, bool)]) -> File {
    let row = |(at, (name, app, enabled)): (usize, &(&str, &str, bool))| {
        format!(
            r#"{{"id":"dddddddd-0000-4000-8000-00000000000{at}","appId":"{app}","displayName":"{name}","accountEnabled":{enabled}}}"#
        )
    };
    let rows: Vec<String> = rows.iter().enumerate().map(row).collect();
    let context = "https://graph.microsoft.com/v1.0/$metadata#servicePrincipals";
    file("apps", &format!(r#"{{"@odata.context":"{context}","value":[{}]}}"#, rows.join(",")))
}

const OTHER: &str = "dddddddd-0000-4000-8000-0000000000f1";
const BOTH: [(&str, &str, bool); 2] =
    [("Cisco Webex Identity - Azure AD", OTHER, true), ("Cisco Webex Identity Integration", INTEGRATION_APP, true)];

#[test]
fn applications_of_the_wizard_in_each_state() {
    const CHECK: &str = "webex.applications-present";
    let deleted = || sample("graph/deletedItems.webex.json");
    let audit = || sample("graph/directoryAudits.remove-sp.json");
    let without = || applications(&BOTH[..1]);
    for (files, outcome, verdict) in [
        (vec![applications(&BOTH)], Outcome::Pass, "present"),
        (vec![sample("graph/servicePrincipals.webex.json")], Outcome::Pass, "present"),
        // the list is newer than the deletion: it was restored
        (vec![applications(&BOTH), deleted(), audit()], Outcome::Pass, "present"),
        (vec![without(), deleted()], Outcome::Fail, "removed-restorable"),
        (vec![without(), audit()], Outcome::Fail, "removed"),
        (vec![without(), sample("portal/audit-log.csv")], Outcome::Fail, "removed"),
        (vec![without(), sample("portal/audit-log.es.csv")], Outcome::Fail, "removed"),
        (vec![without()], Outcome::Fail, "absent"),
        (vec![audit()], Outcome::Warn, "removed-once"),
        (vec![sample("webex/debug.full.txt")], Outcome::Warn, "not-authorized"),
        (vec![sample("webex/debug.toast-only.txt")], Outcome::Warn, "not-authorized"),
        (vec![applications(&[BOTH[0], (BOTH[1].0, INTEGRATION_APP, false)])], Outcome::Fail, "disabled"),
        (vec![applications(&BOTH[1..])], Outcome::Fail, "identity-missing"),
        (vec![], Outcome::NeedsInput, ""),
        // the list of another application proves no absence
        (vec![applications(&[("ECE", OTHER, true)])], Outcome::NeedsInput, ""),
        // a site with the gallery application alone has the other integration
        (vec![applications(&[("Cisco Webex", OTHER, true)])], Outcome::NotApplicable, ""),
    ] {
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let settled = of(CHECK, &files, &question());
        assert_eq!((settled.outcome, fact(&settled, "webex.applications").as_str()), (outcome, verdict), "{names:?}");
    }
    let settled = of(CHECK, &[without(), deleted(), audit()], &question());
    assert_eq!(fact(&settled, "webex.restorable_until"), "2026-12-21");
    assert!(fact(&settled, "webex.removed_by").contains('@'), "{settled:?}");
    assert!(fact(&settled, "webex.removed_at").starts_with("2026-11-21T09:14:07"), "{settled:?}");
}

#[test]
fn text_of_control_hub_never_says_which_of_the_three_it_is() {
    for name in
        ["webex/debug.full.txt", "webex/debug.cut.txt", "webex/debug.ocr-markdown.txt", "webex/debug.toast-only.txt"]
    {
        let settled = of("webex.applications-present", &[sample(name)], &question());
        assert_eq!((settled.outcome, settled.cause), (Outcome::Warn, None), "{name}");
    }
}

fn roles() -> File {
    sample("graph/appRoleAssignments.webex.json")
}

fn grants(scope: &str) -> File {
    file(
        "grants",
        &format!(
            r#"{{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#oauth2PermissionGrants","value":[{{"id":"g","clientId":"dddddddd-0000-4000-8000-000000000002","consentType":"AllPrincipals","principalId":null,"resourceId":"eeeeeeee-0000-4000-8000-00000000000e","scope":"{scope}"}}]}}"#
        ),
    )
}

#[test]
fn consent_is_eight_permissions_in_two_places() {
    let apps = || sample("graph/servicePrincipals.webex.json");
    let few = |keep: &[&str]| {
        let mut file = roles();
        file.rows
            .retain(|row| matches!(&row.record, Record::RoleAssignment(row) if keep.contains(&row.role_id.as_str())));
        file
    };
    let no_role = || few(&[]);
    let one_role = || few(&["df021288-bdef-4463-88db-98f22de89214"]);
    for (files, outcome, verdict) in [
        (vec![apps(), roles(), grants(" User.Read  openid")], Outcome::Pass, "granted"),
        (vec![roles()], Outcome::Warn, ""),
        (vec![apps(), grants("User.Read")], Outcome::NeedsInput, ""),
        (vec![apps(), one_role(), grants("User.Read")], Outcome::Fail, "missing"),
        (vec![apps(), one_role(), grants("User.Read Directory.Read.All")], Outcome::Fail, "missing"),
        (vec![apps(), no_role(), grants("User.Read")], Outcome::Fail, "only-user-read-likely"),
        (vec![], Outcome::NeedsInput, ""),
    ] {
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let settled = of("webex.consent", &files, &question());
        assert_eq!((settled.outcome, fact(&settled, "webex.consent_state").as_str()), (outcome, verdict), "{names:?}");
    }
    let settled = of("webex.consent", &[apps(), one_role(), grants("User.Read Directory.Read.All")], &question());
    let missing = "Place.Read.All, AuditLog.Read.All, Application.ReadWrite.OwnedBy";
    assert_eq!(fact(&settled, "webex.permissions_missing"), missing, "Directory.Read.All covers the others");
}

#[test]
fn tenant_urls_in_the_documented_form_and_in_others() {
    const ORG: &str = "22222222-3333-4444-8555-666666666666";
    let encoded = "Y2lzY29zcGFyazovL3VzL09SR0FOSVpBVElPTi8yMjIyMjIyMi0zMzMzLTQ0NDQtODU1NS02NjY2NjY2NjY2NjY";
    for (url, form) in [
        (format!("https://api.ciscospark.com/v1/scim/{ORG}"), "good"),
        (format!("https://API.ciscospark.com/v1/scim/{}/", ORG.to_uppercase()), "good"),
        ("https://api.ciscospark.com/v1/scim/{OrgId}".to_owned(), "sample"),
        ("https://api.ciscospark.com/v1/scim/[OrgId]".to_owned(), "sample"),
        ("https://api.ciscospark.com/v1/scim/a35bfbc6-ccbd-4a17-a488-72gf46c5420c".to_owned(), "sample"),
        (format!("https://api.ciscospark.com/v1/scim/{encoded}"), "encoded"),
        (format!("https://api.ciscowebex.com/v1/scim/{ORG}"), "host"),
        (format!("https://api.webex.com/v1/scim/{ORG}"), "host"),
        (format!("https://api.ciscospark.com.example.com/v1/scim/{ORG}"), "host"),
        (format!("https://webexapis.com/identity/scim/{ORG}/v2"), "newer"),
        (format!("http://api.ciscospark.com/v1/scim/{ORG}"), "form"),
        (format!(" https://api.ciscospark.com/v1/scim/{ORG}"), "form"),
        (format!("https://api.ciscospark.com/v1/scim/{ORG}/Users"), "form"),
        (format!("https://api.ciscospark.com/v1/scim/{ORG}?x=1"), "form"),
        (format!("https://api.ciscospark.com/scim/{ORG}"), "form"),
        ("api.ciscospark.com".to_owned(), "form"),
        (String::new(), "form"),
    ] {
        let question = Question { tenant_url: Some(url.clone()), ..question() };
        assert_eq!(fact(&of("webex.tenant-url", &[], &question), "webex.tenant_url_form"), form, "{url}");
    }
    let question = |org: Option<&str>| Question {
        tenant_url: Some(format!("https://api.ciscospark.com/v1/scim/{ORG}")),
        org_id: org.map(str::to_owned),
        integration: Some(Integration::Gallery),
        ..question()
    };
    let other = "99999999-3333-4444-8555-666666666666";
    assert_eq!(of("webex.tenant-url", &[], &question(Some(other))).outcome, Outcome::Fail);
    assert_eq!(of("webex.tenant-url", &[], &question(Some(encoded))).outcome, Outcome::Pass);
    assert_eq!(of("webex.tenant-url", &[sample("webex/debug.full.txt")], &question(None)).outcome, Outcome::Pass);
    let TenantUrl::Wrong(_, _, right) = tenant_url::read(&format!("https://api.ciscospark.com/v1/scim/{encoded}"))
    else {
        panic!("the long form is not usable");
    };
    assert_eq!(right.as_deref(), Some(&*format!("https://api.ciscospark.com/v1/scim/{ORG}")));
}

use tenant_url::TenantUrl;

#[test]
fn provisioning_job_in_each_state() {
    let job = |status: &str, schedule: &str| {
        file(
            "job",
            &format!(
                r#"[{{"id":"ciscowebex.1","schedule":{{"interval":"PT40M","state":"{schedule}"}},"status":{status}}}]"#
            ),
        )
    };
    let ran = |at: &str| {
        format!(r#"{{"code":"Active","lastSuccessfulExecution":{{"state":"Succeeded","timeEnded":"{at}"}}}}"#)
    };
    let quarantine = |reason: &str, error: &str| {
        format!(
            r#"{{"code":"Quarantine","quarantine":{{"reason":"{reason}","seriesBegan":"2026-11-20T04:00:00Z","error":{error}}}}}"#
        )
    };
    let credentials =
        r#"{"code":"SystemForCrossDomainIdentityManagementCredentialValidationUnavailable","tenantActionable":true}"#;
    for (status, schedule, outcome, verdict) in [
        (ran("2026-11-29T11:30:00Z"), "Active", Outcome::Pass, "on"),
        (ran("2026-11-29T01:30:00Z"), "Active", Outcome::Warn, "late"),
        (r#"{"code":"Active","lastSuccessfulExecution":null}"#.to_owned(), "Active", Outcome::Warn, "late"),
        (r#"{"code":"NotRun"}"#.to_owned(), "Active", Outcome::Warn, "not-run"),
        (r#"{"code":"NotConfigured"}"#.to_owned(), "Active", Outcome::Fail, "not-configured"),
        (r#"{"code":"Paused"}"#.to_owned(), "Paused", Outcome::Fail, "off"),
        (r#"{"code":"Active"}"#.to_owned(), "Disabled", Outcome::Fail, "off"),
        (r#"{"code":"Elsewhere"}"#.to_owned(), "Active", Outcome::NeedsInput, ""),
        (r#"{"code":"Active","countSuccessiveCompleteFailures":3}"#.to_owned(), "Active", Outcome::Warn, "failures"),
        (quarantine("EncounteredQuarantineException", credentials), "Active", Outcome::Fail, "credentials"),
        (quarantine("EncounteredEscrowProportionThreshold", "null"), "Active", Outcome::Fail, "many-users"),
        (quarantine("QuarantinedOnDemand", "null"), "Active", Outcome::Fail, "microsoft"),
        (quarantine("QuarantineOnDemand", "null"), "Active", Outcome::Fail, "microsoft"),
        (quarantine("TooManyDeletes", "null"), "Active", Outcome::Fail, "many-deletions"),
        (quarantine("Unknown", r#"{"code":"x","tenantActionable":false}"#), "Active", Outcome::Fail, "microsoft"),
    ] {
        let settled = of("webex.provisioning-on", &[job(&status, schedule)], &question());
        let seen = [fact(&settled, "webex.quarantine"), fact(&settled, "webex.provisioning")];
        let seen = seen.into_iter().find(|one| !one.is_empty()).unwrap_or_default();
        assert_eq!((settled.outcome, seen.as_str()), (outcome, verdict), "{status}");
    }
    // of several jobs the worst counts, and a day that has passed is not told as one to come
    let good = format!(r#"{{"id":"ciscowebex.1","status":{}}}"#, ran("2026-11-29T11:30:00Z"));
    let bad = |at: &str| {
        format!(r#"{{"id":"ciscowebex.2","status":{{"code":"Quarantine","quarantine":{{"seriesBegan":"{at}"}}}}}}"#)
    };
    let both = |jobs: [&str; 2]| {
        let rows = jobs.map(|job| job.replacen(r#""status""#, r#""schedule":{"state":"Active"},"status""#, 1));
        of("webex.provisioning-on", &[file("jobs", &format!("[{}]", rows.join(",")))], &question())
    };
    let recent = bad("2026-11-20T04:00:00Z");
    assert_eq!(both([&good, &recent]).outcome, Outcome::Fail);
    assert_eq!(both([&recent, &good]).outcome, Outcome::Fail);
    let over = both([&good, &bad("2026-10-01T04:00:00Z")]);
    assert_eq!(fact(&over, "webex.quarantine_ends"), "");
    assert!(over.reason.to_string().ends_with("ended on 2026-10-29"), "{over:?}");
    let ahead = of("webex.provisioning-on", &[job(&ran("2027-01-01T00:00:00Z"), "Active")], &question());
    assert_eq!((ahead.outcome, fact(&ahead, "webex.provisioning").as_str()), (Outcome::NeedsInput, ""));
    let other = job(&ran("2026-11-29T11:30:00Z"), "Active");
    let mut other_row = other.clone();
    if let Record::SyncJob(row) = &mut other_row.rows[0].record {
        row.id = Some("gsuite.1".to_owned());
    }
    assert_eq!(of("webex.provisioning-on", &[other_row], &question()).outcome, Outcome::NeedsInput);
    let settled = of("webex.provisioning-on", &[sample("graph/syncJobs.quarantine.json")], &question());
    assert_eq!(fact(&settled, "webex.quarantine_ends"), "2026-12-18");
    let none = r#"{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#servicePrincipals('x')/synchronization/jobs","value":[]}"#;
    let settled = of("webex.provisioning-on", &[file("jobs", none)], &question());
    assert_eq!(fact(&settled, "webex.provisioning"), "no-job");
}

#[test]
fn users_that_failed_are_told_beside_a_job_that_runs() {
    let row = |user: &str, at: &str, status: &str, details: &str| {
        format!(
            r#"{{"activityDateTime":"{at}","sourceIdentity":{{"displayName":"{user}"}},"provisioningStatusInfo":{{"status":"{status}","errorInformation":{{"errorCode":"DuplicateTargetEntries"}}}},"provisioningSteps":[{{"name":"x","details":{details}}}]}}"#
        )
    };
    let log = format!(
        "[{},{},{},{}]",
        row("Anna", "2026-11-29T10:00:00Z", "failure", "{}"),
        row("Anna", "2026-11-29T11:00:00Z", "Success", "{}"),
        row("Bram", "2026-11-29T10:00:00Z", "Failure", "{}"),
        row("Dora", "2026-11-29T10:00:00Z", "skipped", r#"{"SkipReason":"NotEffectivelyEntitled","IsActive":"False"}"#),
    );
    let job = r#"[{"id":"ciscowebex.1","schedule":{"state":"Active"},"status":{"code":"Active","lastSuccessfulExecution":{"timeEnded":"2026-11-29T11:30:00Z"}}}]"#;
    let settled = of("webex.provisioning-on", &[file("job", job), file("log", &log)], &question());
    assert_eq!(
        (settled.outcome, fact(&settled, "webex.user_errors").as_str()),
        (Outcome::Warn, "Bram: DuplicateTargetEntries")
    );
    assert_eq!(fact(&settled, "webex.users_skipped"), "Dora: the account is disabled");
}

#[test]
fn mapping_rows_matter_by_their_weight() {
    let whole = sample("graph/schema.webex-15.json");
    let changed = |target: &str, change: fn(&mut crate::import::record::AttributeMapping)| {
        let mut file = whole.clone();
        for row in &mut file.rows {
            if let Record::AttributeMapping(own) = &mut row.record
                && own.target == target
            {
                change(own);
            }
        }
        file
    };
    for (file, outcome, verdict) in [
        (whole.clone(), Outcome::Pass, "good"),
        (sample("graph/schema.webex-mail.json"), Outcome::Pass, "good"),
        (changed("userName", |row| row.source = Some("[employeeId]".to_owned())), Outcome::Fail, "user-name"),
        (changed("userName", |row| row.matching = false), Outcome::Fail, "not-matching"),
        (changed("active", |row| row.target = "x".to_owned()), Outcome::Fail, "active"),
        (changed("active", |row| row.source = Some("Not([IsSoftDeleted])".to_owned())), Outcome::Pass, "good"),
        (changed("title", |row| row.target = "x".to_owned()), Outcome::Pass, "good"),
        (changed("externalId", |row| row.source = Some("[mail]".to_owned())), Outcome::Warn, "rows"),
        (changed("userName", |row| row.creates_users = false), Outcome::Fail, "disabled"),
        (changed("externalId", |row| row.priority = Some(1)), Outcome::Warn, "precedence"),
    ] {
        let settled = of("webex.mapping", &[file], &question());
        assert_eq!((settled.outcome, fact(&settled, "webex.mapping_state").as_str()), (outcome, verdict));
    }
}

const HUB: &str = "First Name,Last Name,Display Name,User ID/Email (Required),User Status\n";

fn hub(rows: &[(&str, &str)]) -> File {
    let rows: Vec<String> = rows.iter().map(|(name, status)| format!("a,b,c,{name},{status}\n")).collect();
    file("hub", &(HUB.to_owned() + &rows.concat()))
}

fn entra(rows: &[(&str, &str, &str, &str)]) -> File {
    let row = |(at, (upn, mail, kind, enabled)): (usize, &(&str, &str, &str, &str))| {
        format!("{upn},{mail},{at},{kind},{enabled}\n")
    };
    let rows: Vec<String> = rows.iter().enumerate().map(row).collect();
    file("entra", &("userPrincipalName,mail,id,userType,accountEnabled\n".to_owned() + &rows.concat()))
}

#[test]
fn user_names_are_compared_by_what_becomes_the_webex_name() {
    let same = ("anna@example.com", "Anna@example.com", "Member", "True");
    let guest = ("c#EXT#@contoso.onmicrosoft.com", "c@example.org", "Guest", "True");
    let off = ("dora@contoso.example", "dora@example.com", "Member", "False");
    let bram = ("b.bakker@contoso.example", "Bram@example.com", "Member", "True");
    let new = ("new@example.com", "", "Member", "True");
    let anna = ("ANNA@example.com", "Active");
    let in_hub = ("bram@example.com", "Active");
    for (users, known, source, outcome, verdict) in [
        (vec![same, guest, off, new], vec![anna, ("dora@example.com", "Active")], "", Outcome::Pass, "same"),
        (vec![same, bram], vec![anna, in_hub], "", Outcome::Fail, "differ"),
        (vec![same, bram], vec![anna, in_hub], "[mail]", Outcome::Pass, "same"),
        (vec![same, bram], vec![anna, in_hub, ("b.bakker@contoso.example", "")], "", Outcome::Fail, "doubled"),
        (vec![same, new], vec![anna], "mail", Outcome::Fail, "without-name"),
        (vec![("x@c.onmicrosoft.com", "", "Member", "True")], vec![anna], "", Outcome::Warn, "initial-domain"),
        (vec![same], vec![anna], "employeeId", Outcome::NeedsInput, ""),
    ] {
        let question = Question { user_name_from: Some(source.to_owned()).filter(|one| !one.is_empty()), ..question() };
        let settled = of("webex.user-names", &[entra(&users), hub(&known)], &question);
        assert_eq!((settled.outcome, fact(&settled, "webex.user_names").as_str()), (outcome, verdict), "{users:?}");
    }
    let settled =
        of("webex.user-names", &[sample("portal/users.csv"), sample("webex/control-hub-users.csv")], &question());
    assert_eq!(fact(&settled, "webex.users_doubled"), "b.bakker@contoso.onmicrosoft.com and bram.bakker@example.com");
    assert_eq!((fact(&settled, "webex.users_same"), settled.outcome), ("1".to_owned(), Outcome::Fail));
}

#[test]
fn names_are_compared_in_one_form_of_unicode() {
    let settled = of(
        "webex.user-names",
        &[entra(&[("jose\u{301}@example.com", "", "Member", "True")]), hub(&[("JOS\u{c9}@example.com", "Active")])],
        &question(),
    );
    assert_eq!(fact(&settled, "webex.users_same"), "1");
}

#[test]
fn lists_of_names_are_never_kept_whole() {
    let users: Vec<(String, String)> =
        (0..40).map(|n| (format!("u{n}@a.example"), format!("m{n}@b.example"))).collect();
    let rows: Vec<_> = users.iter().map(|(upn, mail)| (upn.as_str(), mail.as_str(), "Member", "True")).collect();
    let known: Vec<_> = users.iter().map(|(_, mail)| (mail.as_str(), "Active")).collect();
    let settled = of("webex.user-names", &[entra(&rows), hub(&known)], &question());
    assert_eq!(fact(&settled, "webex.users_will_be_doubled").split(", ").count(), 10);
    assert!(settled.reason.to_string().ends_with(": 40"), "{}", settled.reason);
    assert!(!format!("{settled:?}").contains("m17@b.example"), "only the first ten");
}

#[test]
fn deleted_users_have_thirty_days() {
    let deleted = |at: &str| {
        file(
            "deleted",
            &format!(
                r#"[{{"id":"00000000-0000-4000-8000-000000000001","userPrincipalName":"00000000000040008000000000000001former@example.com","mail":null,"deletedDateTime":"{at}"}}]"#
            ),
        )
    };
    for (at, status, outcome, verdict) in [
        ("2026-11-04T12:00:00Z", "Inactive", Outcome::Warn, "soon"),
        ("2026-11-20T12:00:00Z", "Inactive", Outcome::Pass, "later"),
        ("2026-11-20T12:00:00Z", "Active", Outcome::Pass, ""),
        ("2026-10-01T12:00:00Z", "Inactive", Outcome::Pass, ""),
    ] {
        let settled = of("webex.deleted-users", &[deleted(at), hub(&[("Former@example.com", status)])], &question());
        assert_eq!((settled.outcome, fact(&settled, "webex.deleted_users_end").as_str()), (outcome, verdict), "{at}");
    }
    assert_eq!(
        of("webex.deleted-users", &[hub(&[("a@example.com", "Active")])], &question()).outcome,
        Outcome::NeedsInput
    );
}
