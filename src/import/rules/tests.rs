//! What is not understood, stands twice, is dated in the future or is not whole settles nothing.

use super::*;
use crate::import::{Stated, parse};

const NOW: &str = "2026-11-30T12:00:00Z";
const APP: &str = "aaaaaaaa-0000-4000-8000-00000000000a";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// Team signs in and opens info; sales is its own.
fn question() -> Question {
    let account = |user: &str, mailbox: &str| Account {
        name: user.split('@').next().unwrap_or_default().to_owned(),
        signs_in_as: Some(user.to_owned()),
        imap: Some(true),
        mailboxes: vec![mailbox.to_owned()],
        ..Account::default()
    };
    Question {
        now: now(),
        client_id: Some(APP.to_owned()),
        redirect_url: None,
        secret_expires: None,
        accounts: vec![account("sales@acme.test", "sales@acme.test"), account("team@acme.test", "info@acme.test")],
    }
}

fn file(text: &str) -> File {
    let stated = Stated { as_of: Some(now()), ..Stated::default() };
    parse("file", text.as_bytes(), &stated).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn settled(text: &str, check: &str) -> Settled {
    let all = settle(&[file(text)], &question());
    let with_files = all.iter().find(|one| one.check == check && !one.from.is_empty());
    with_files
        .or_else(|| all.iter().find(|one| one.check == check))
        .unwrap_or_else(|| panic!("{check}: {all:#?}"))
        .clone()
}

#[test]
fn rights_count_only_where_the_row_is_understood() {
    let full = |rights: &str, deny: &str| {
        format!(r#"[{{"Mailbox":"info@acme.test","User":"team@acme.test","AccessRights":{rights}{deny}}}]"#)
    };
    let send = |rights: &str, control: &str| {
        format!(r#"[{{"Mailbox":"info@acme.test","Trustee":"team@acme.test","AccessRights":{rights}{control}}}]"#)
    };
    let (whole, no) = (r#"["FullAccess"]"#, r#","Deny":false"#);
    for (rights, deny, outcome) in [
        (whole, no, Outcome::Pass),
        (whole, r#","Deny":{"IsPresent":false}"#, Outcome::Pass),
        (r#"{"value":["FullAccess"],"Count":1}"#, no, Outcome::Pass),
        (whole, r#","Deny":{"IsPresent":true}"#, Outcome::Fail),
        (whole, r#","Deny":"Wahr""#, Outcome::Fail),
        (r#"["ReadPermission"]"#, no, Outcome::Fail),
        (whole, r#","Deny":1"#, Outcome::NeedsInput),
        (whole, r#","Deny":"???""#, Outcome::NeedsInput),
        (whole, r#","Deny":null"#, Outcome::NeedsInput),
        (whole, "", Outcome::NeedsInput),
        ("[1]", no, Outcome::NeedsInput),
        ("[]", no, Outcome::NeedsInput),
        (r#"["Vollzugriff"]"#, no, Outcome::NeedsInput),
        (r#""System.Collections.ArrayList""#, no, Outcome::NeedsInput),
    ] {
        let seen = settled(&full(rights, deny), "mailbox.full-access");
        assert_eq!(seen.outcome, outcome, "{rights}{deny}: {seen:#?}");
    }
    let (whole, allow) = (r#"["SendAs"]"#, r#","AccessControlType":"Allow""#);
    for (rights, control, outcome) in [
        (whole, allow, Outcome::Pass),
        (whole, r#","AccessControlType":0"#, Outcome::Pass),
        (r#"{"value":["SendAs"],"Count":1}"#, allow, Outcome::Pass),
        (whole, r#","AccessControlType":"deny""#, Outcome::Fail),
        (whole, r#","AccessControlType":1"#, Outcome::Fail),
        (whole, r#","AccessControlType":{"value":1,"Value":"Deny"}"#, Outcome::NeedsInput),
        (whole, r#","AccessControlType":"Verweigern""#, Outcome::NeedsInput),
        (whole, r#","AccessControlType":"Den""#, Outcome::NeedsInput),
        (whole, "", Outcome::NeedsInput),
        ("[1]", allow, Outcome::NeedsInput),
    ] {
        let seen = settled(&send(rights, control), "mailbox.send-as");
        assert_eq!(seen.outcome, outcome, "{rights}{control}: {seen:#?}");
    }
}

#[test]
fn last_row_of_a_console_counts_and_two_of_another_file_settle_nothing() {
    let shown = |on: &str| {
        format!("PS C:\\> Get-CASMailbox sales@acme.test | fl imap*,pop*\n\nImapEnabled : {on}\nPopEnabled : True\n\n")
    };
    let change = "PS C:\\> Set-CASMailbox sales@acme.test -ImapEnabled $true\n";
    for (first, last, outcome) in [("False", "True", Outcome::Pass), ("True", "False", Outcome::Fail)] {
        let seen = settled(&format!("{}{change}{}", shown(first), shown(last)), "mailbox.imap-enabled");
        assert_eq!((seen.outcome, seen.disagree), (outcome, None), "{first}, {last}: {seen:#?}");
    }
    let row = |on: bool| format!(r#"{{"PrimarySmtpAddress":"sales@acme.test","ImapEnabled":{on},"PopEnabled":true}}"#);
    let seen = settled(&format!("[{},{}]", row(true), row(false)), "mailbox.imap-enabled");
    assert_eq!((seen.outcome, seen.reason), (Outcome::NeedsInput, Reason::Differs("ImapEnabled")));
    assert_eq!(settled(&format!("[{},{}]", row(true), row(true)), "mailbox.imap-enabled").outcome, Outcome::Pass);
}

#[test]
fn date_inside_that_is_not_understood_makes_the_age_unknown() {
    let bundle = |made: &str| {
        let cas = r#"[{"PrimarySmtpAddress":"sales@acme.test","ImapEnabled":true,"PopEnabled":true}]"#;
        parse("file", format!(r#"{{"made":{made},"cas":{cas}}}"#).as_bytes(), &Stated::default()).unwrap()
    };
    let wrapped =
        r#"{"value":"\/Date(1796036400000)\/","DisplayHint":2,"DateTime":"maandag 30 november 2026 11:00:00"}"#;
    assert!(matches!(bundle(wrapped).made, Made::Inside(_)));
    for made in [r#""30-11-2026 10:00:00""#, r#""11/30/2026 10:00:00 AM""#, r#""gisteren""#, "7"] {
        let file = bundle(made);
        assert_eq!(file.made, Made::Strange, "{made}");
        let all = settle(&[file], &question());
        let imap = all.iter().find(|one| one.check == "mailbox.imap-enabled").unwrap();
        assert_eq!((imap.outcome, &imap.reason), (Outcome::NeedsInput, &Reason::StrangeDate), "{made}");
    }
}

#[test]
fn failed_sign_in_of_days_ago_is_told_as_of_then() {
    let failed = |at: &str| {
        let row = format!(
            r#"[{{"id":"s","createdDateTime":"{at}","userPrincipalName":"sales@acme.test","appId":"{APP}","appliedConditionalAccessPolicies":[],"status":{{"errorCode":53003}}}}]"#
        );
        settled(&row, "entra.sign-in-failures")
    };
    assert_eq!(failed("2026-11-30T11:00:00Z").outcome, Outcome::Fail);
    let then = failed("2026-11-05T11:00:00Z");
    assert_eq!((then.outcome, then.cause, refusal(&then)), (Outcome::Warn, None, None), "{then:#?}");
    assert!(then.reason.to_string().contains("that was on 2026-11-05"), "{then:#?}");
}

#[test]
fn secret_counts_only_from_the_day_on_which_it_begins() {
    let of = |credentials: &str| {
        let text = format!(
            r#"{{"id":"r","appId":"{APP}","web":{{"redirectUris":[]}},"passwordCredentials":[{credentials}]}}"#
        );
        settled(&text, "directory.secret-lifetime")
    };
    let later = r#"{"startDateTime":"2027-01-01T00:00:00Z","endDateTime":"2028-11-29T00:00:00Z"}"#;
    let now = r#"{"startDateTime":"2026-01-01T00:00:00Z","endDateTime":"2027-11-29T00:00:00Z"}"#;
    let over = r#"{"startDateTime":"2026-01-01T00:00:00Z","endDateTime":"2026-11-29T00:00:00Z"}"#;
    for (credentials, outcome, cause) in [
        (now.to_owned(), Outcome::Pass, None),
        (format!("{now},{later}"), Outcome::Pass, None),
        (format!("{over},{later}"), Outcome::Fail, Some("client-secret-expired")),
        (later.to_owned(), Outcome::Fail, Some("client-secret-invalid")),
        (String::new(), Outcome::Fail, Some("client-secret-invalid")),
    ] {
        let seen = of(&credentials);
        assert_eq!((seen.outcome, seen.cause), (outcome, cause), "{credentials}: {seen:#?}");
        let is_refused = cause == Some("client-secret-invalid");
        assert_eq!(refusal(&seen).is_some(), is_refused, "{credentials}");
    }
}

#[test]
fn further_pages_prove_no_absence() {
    let of = |link: &str| {
        let context = "https://graph.microsoft.com/v1.0/$metadata#users('sales%40acme.test')/licenseDetails";
        let plan = r#"{"servicePlanId":"113feb6c-3fe4-4440-bddc-54d774bf0318","servicePlanName":"EXCHANGE_S_FOUNDATION","provisioningStatus":"Success"}"#;
        let text = format!(
            r#"{{"@odata.context":"{context}","value":[{{"skuId":"x","skuPartNumber":"Y","servicePlans":[{plan}]}}]{link}}}"#
        );
        settled(&text, "directory.licence").outcome
    };
    assert_eq!(of(""), Outcome::Fail);
    for name in ["@odata.nextLink", "odata.nextLink"] {
        assert_eq!(of(&format!(r#","{name}":"https://graph.microsoft.com/x""#)), Outcome::NeedsInput, "{name}");
    }
}

#[test]
fn provisioning_of_another_application_is_foreign() {
    let job = |template: &str| {
        format!(r#"[{{"id":"{template}.1","templateId":"{template}","schedule":{{}},"status":{{}}}}]"#)
    };
    let map = |directory: &str| {
        format!(
            r#"{{"synchronizationRules":[{{"targetDirectoryName":"{directory}","objectMappings":[{{"targetObjectName":"User","attributeMappings":[{{"targetAttributeName":"userName"}}]}}]}}]}}"#
        )
    };
    for (text, told) in [
        (job("gsuite"), Some("gsuite")),
        (map("Google Apps"), Some("Google Apps")),
        (job("ciscowebex"), None),
        (map("CiscoWebEx"), None),
    ] {
        let files = [file(&text)];
        let said = foreign(&files, &question()).into_iter().next().map(|(_, rejected)| rejected.wrong);
        assert_eq!(said.is_some(), told.is_some(), "{text}");
        assert!(told.is_none_or(|told| said.unwrap_or_default().ends_with(told)), "{text}");
    }
}

#[test]
fn statement_leaves_the_other_mailboxes_waiting_and_adds_none() {
    let statement = |check: &str, subject: Option<&str>| Attestation {
        check: check.to_owned(),
        subject: subject.map(str::to_owned),
        holds: true,
        by: "ops".to_owned(),
        on: now().to_zoned(jiff::tz::TimeZone::UTC).date(),
    };
    let planned = |statement: Attestation| {
        let all = exported(&[], &[statement], &question(), false);
        let told = all.into_iter().map(|one| format!("{} {}", one.settled.subject, one.settled.outcome.word()));
        told.collect::<Vec<_>>()
    };
    let (smtp, sales, team) = ("mailbox.smtp-enabled", "sales@acme.test", "team@acme.test");
    assert_eq!(planned(statement(smtp, Some(sales))), [format!("{sales} pass"), format!("{team} needs-input")]);
    assert_eq!(planned(statement(smtp, None)), [format!("{sales} pass"), format!("{team} pass")]);
    assert_eq!(
        planned(statement(smtp, Some("x@y.test"))),
        [format!("{sales} needs-input"), format!("{team} needs-input")]
    );
    let sign_ins = statement("entra.sign-in-failures", Some(team));
    assert_eq!(planned(sign_ins), [format!("{sales} needs-input"), format!("{team} pass")]);
    assert_eq!(planned(statement("directory.consent", None)), ["application pass"]);
    assert_eq!(planned(statement("ece.log-token", Some("sales"))), ["sales pass", "team needs-input"]);
}

#[test]
fn data_below_the_marks_of_mails_and_chats_is_read() {
    let list = "PrimarySmtpAddress : sales@acme.test\nImapEnabled : True\nPopEnabled : True\n";
    let linked = list.replace("sales@acme.test", "sales@acme.test<mailto:sales@acme.test>");
    for text in [
        format!("[EXTERNAL] Be careful with attachments\n\nHi,\n\n{list}"),
        format!("[09:14] Piet Exchange\n{list}"),
        format!("{{code}}\n{list}{{code}}\n"),
        linked,
        list.replace(' ', "\u{a0}"),
    ] {
        assert_eq!(settled(&text, "mailbox.imap-enabled").outcome, Outcome::Pass, "{text}");
    }
    let cut =
        parse("f", b"[\n {\"PrimarySmtpAddress\": \"sales@acme.test\",\n \"ImapEn", &Stated::default()).unwrap_err();
    assert!(cut.to_string().contains("the file was cut"), "{cut}");
}

#[test]
fn application_is_not_taken_for_enabled_where_that_is_not_understood() {
    let of = |enabled: &str| {
        let principal =
            format!(r#"{{"id":"b","appId":"{APP}","servicePrincipalType":"Application","accountEnabled":{enabled}}}"#);
        let grant = r#"{"clientId":"b","consentType":"AllPrincipals","scope":"IMAP.AccessAsUser.All SMTP.Send","resourceId":"r"}"#;
        settled(&format!("[{principal},{grant}]"), "directory.consent").outcome
    };
    assert_eq!((of("true"), of("false"), of("\"Tru\"")), (Outcome::Pass, Outcome::Fail, Outcome::NeedsInput));
}

mod denied;
mod license;
mod several;
mod sign_ins;

#[test]
fn user_principal_name_is_known_where_a_file_of_the_last_month_has_it_beside_the_address() {
    let mailbox = r#"[{"PrimarySmtpAddress":"Sales@acme.test","UserPrincipalName":"S.Meier@corp.acme.test","RecipientTypeDetails":"UserMailbox"}]"#;
    let user = r#"[{"id":"1","userPrincipalName":"t.meier@corp.acme.test","mail":"team@acme.test","proxyAddresses":["smtp:info@acme.test"]}]"#;
    let two = r#"[{"id":"1","userPrincipalName":"a@corp.acme.test","mail":"sales@acme.test"},{"id":"2","userPrincipalName":"b@corp.acme.test","mail":"sales@acme.test"}]"#;
    let guest = r#"[{"id":"1","userPrincipalName":"sales_acme.test#EXT#@corp.test","mail":"sales@acme.test","userType":"Guest"}]"#;
    let old = Made::Stated("2026-10-30T00:00:00Z".parse().unwrap());
    for (text, made, address, known) in [
        (mailbox, None, "sales@acme.test", Some("s.meier@corp.acme.test")),
        (mailbox, None, "info@acme.test", None),
        (mailbox, Some(old), "sales@acme.test", None),
        (mailbox, Some(Made::Unknown), "sales@acme.test", None),
        (user, None, "team@acme.test", Some("t.meier@corp.acme.test")),
        (user, None, "info@acme.test", Some("t.meier@corp.acme.test")),
        (two, None, "sales@acme.test", None),
        (guest, None, "sales@acme.test", None),
    ] {
        let mut file = file(text);
        file.made = made.unwrap_or(file.made);
        let names = principal::names([&file].into_iter(), &question());
        let seen = names.get(address).map(Vec::as_slice).unwrap_or_default();
        assert_eq!(seen, known.map(str::to_owned).as_slice(), "{address}: {made:?}");
    }
}
