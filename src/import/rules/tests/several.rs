//! Several files about one thing: the newest counts, and of two of one date none is the newest, in whatever order they are
//! given.

use super::*;

fn of_day(name: &str, text: &str, made: Made) -> File {
    File { name: name.to_owned(), made, ..file(text) }
}

fn at(text: &str) -> Made {
    Made::FileSystem(text.parse().unwrap())
}

const OLD: &str = "2026-11-30T01:00:00Z";
const NEW: &str = "2026-11-30T11:00:00Z";

/// What these files settle, and the same in the other order.
fn both_orders(files: &[File; 2], check: &str, subject: &str) -> Settled {
    let of = |files: &[File]| {
        let all = settle(files, &question());
        let found = all.into_iter().find(|one| one.check == check && one.subject == *subject);
        found.unwrap_or_else(|| panic!("{check} of {subject}"))
    };
    let [one, other] = files;
    let (first, second) = (of(&[one.clone(), other.clone()]), of(&[other.clone(), one.clone()]));
    assert_eq!((&first.outcome, &first.reason), (&second.outcome, &second.reason), "the order decides");
    first
}

/// Two texts that say different things of a check, and what the second says.
fn pairs() -> Vec<(&'static str, &'static str, String, String, Outcome)> {
    let full = |user: &str, deny: bool| {
        format!(r#"[{{"Mailbox":"info@acme.test","User":"{user}","AccessRights":["FullAccess"],"Deny":{deny}}}]"#)
    };
    let send = |trustee: &str, control: &str| {
        format!(
            r#"[{{"Mailbox":"info@acme.test","Trustee":"{trustee}","AccessRights":["SendAs"],"AccessControlType":"{control}"}}]"#
        )
    };
    let license = |plans: &str| {
        let context = "https://graph.microsoft.com/v1.0/$metadata#users('sales%40acme.test')/licenseDetails";
        format!(r#"{{"@odata.context":"{context}","value":[{plans}]}}"#)
    };
    let e3 = r#"{"skuPartNumber":"SPE_E3","servicePlans":[{"servicePlanId":"efb87545-963c-4e0d-99df-69c6916d9eb0","servicePlanName":"EXCHANGE_S_ENTERPRISE","provisioningStatus":"Success"}]}"#;
    let cas =
        |on: bool| format!(r#"[{{"PrimarySmtpAddress":"sales@acme.test","ImapEnabled":{on},"PopEnabled":true}}]"#);
    let secret = |end: &str| {
        let end = format!(r#"{{"startDateTime":"2026-01-01T00:00:00Z","endDateTime":"{end}T00:00:00Z"}}"#);
        format!(r#"{{"id":"r","appId":"{APP}","web":{{"redirectUris":[]}},"passwordCredentials":[{end}]}}"#)
    };
    let grant = |scope: &str| {
        let principal =
            format!(r#"{{"id":"b","appId":"{APP}","servicePrincipalType":"Application","accountEnabled":true}}"#);
        format!(r#"[{principal},{{"clientId":"b","consentType":"AllPrincipals","scope":"{scope}","resourceId":"r"}}]"#)
    };
    let (me, own) = ("team@acme.test", "NT AUTHORITY\\\\SELF");
    let (info, sales, app) = ("info@acme.test", "sales@acme.test", "application");
    let whole = "IMAP.AccessAsUser.All SMTP.Send";
    vec![
        ("mailbox.full-access", info, full(me, false), full(own, false), Outcome::Fail),
        ("mailbox.full-access", info, full(me, true), full(me, false), Outcome::Pass),
        ("mailbox.send-as", info, send(me, "Allow"), send(own, "Allow"), Outcome::Fail),
        ("mailbox.send-as", info, send(me, "Deny"), send(me, "Allow"), Outcome::Pass),
        ("directory.licence", sales, license(e3), license(""), Outcome::Fail),
        ("directory.licence", sales, license(""), license(e3), Outcome::Pass),
        ("mailbox.imap-enabled", sales, cas(true), cas(false), Outcome::Fail),
        ("directory.secret-lifetime", app, secret("2027-11-30"), secret("2026-11-01"), Outcome::Fail),
        ("directory.consent", app, grant(whole), grant("SMTP.Send"), Outcome::Fail),
    ]
}

#[test]
fn newest_file_that_lists_it_decides_and_the_older_one_is_told() {
    for (check, subject, old, new, outcome) in pairs() {
        let files = [of_day("x/old.json", &old, at(OLD)), of_day("x/new.json", &new, at(NEW))];
        let seen = both_orders(&files, check, subject);
        let outcome = if outcome == Outcome::Pass { Outcome::Warn } else { outcome };
        assert_eq!(seen.outcome, outcome, "{check}: {seen:#?}");
        assert!(seen.reason.to_string().contains("files disagree, and new.json is the newest"), "{check}: {seen:#?}");
        let same = [files[1].clone(), of_day("x/old.json", &new, at(OLD))];
        assert!(!both_orders(&same, check, subject).reason.to_string().contains("disagree"), "{check}");
    }
}

#[test]
fn files_of_one_date_that_differ_settle_nothing() {
    let day = |text: &str| Made::Stated(text.parse().unwrap());
    let dates = [(at(NEW), at(NEW)), (day("2026-11-30T00:00:00Z"), at(NEW)), (Made::Unknown, at(NEW))];
    for (check, subject, one, other, _) in pairs() {
        for (first, second) in dates {
            let files = [of_day("x/b.json", &one, first), of_day("x/a.json", &other, second)];
            let seen = both_orders(&files, check, subject);
            let told = "a.json and b.json differ, and none of them is of a later date";
            assert_eq!((seen.outcome, seen.cause), (Outcome::NeedsInput, None), "{check}: {seen:#?}");
            assert!(seen.reason.to_string().starts_with(told), "{check}: {seen:#?}");
        }
        let same = [of_day("x/b.json", &other, at(NEW)), of_day("x/a.json", &other, at(NEW))];
        assert_ne!(both_orders(&same, check, subject).outcome, Outcome::NeedsInput, "{check}");
    }
}

#[test]
fn organization_of_two_files_of_one_date_is_not_known() {
    let cas = r#"{"PrimarySmtpAddress":"sales@acme.test","ImapEnabled":true,"PopEnabled":true,"SmtpClientAuthenticationDisabled":null}"#;
    let of = |disabled: bool| {
        let organization = format!(r#"{{"Name":"Transport Settings","SmtpClientAuthenticationDisabled":{disabled}}}"#);
        of_day(if disabled { "off.json" } else { "on.json" }, &format!("[{cas},{organization}]"), at(NEW))
    };
    let seen = both_orders(&[of(true), of(false)], "mailbox.smtp-enabled", "sales@acme.test");
    assert_eq!(seen.reason, Reason::FilesDiffer(vec!["off.json".to_owned(), "on.json".to_owned()]), "{seen:#?}");
}

#[test]
fn statement_against_a_file_is_told_and_the_file_counts_more() {
    let statement = |holds: bool, days: i64| Attestation {
        check: "mailbox.imap-enabled".to_owned(),
        subject: Some("sales@acme.test".to_owned()),
        holds,
        by: "ops".to_owned(),
        on: now().to_zoned(jiff::tz::TimeZone::UTC).date().saturating_sub(jiff::Span::new().days(days)),
    };
    let of = |on: bool, statement: Attestation| {
        let cas = format!(r#"[{{"PrimarySmtpAddress":"sales@acme.test","ImapEnabled":{on},"PopEnabled":true}}]"#);
        let all = exported(&[file(&cas)], &[statement], &question(), false);
        let found = all.into_iter().find(|one| one.settled.check == "mailbox.imap-enabled").unwrap().settled;
        (found.outcome, found.reason.to_string().contains("ops has stated"))
    };
    for days in [0, 20] {
        assert_eq!(of(true, statement(true, days)), (Outcome::Pass, false));
        assert_eq!(of(true, statement(false, days)), (Outcome::Warn, true));
        assert_eq!(of(false, statement(true, days)), (Outcome::Fail, true));
        assert_eq!(of(false, statement(false, days)), (Outcome::Fail, false));
    }
    assert_eq!(of(true, statement(false, 91)), (Outcome::Pass, false));
}
