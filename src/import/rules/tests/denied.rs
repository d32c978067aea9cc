//! A right that is denied to more than the user, or that is held by others than groups.

use super::*;

const SID: &str = "S-1-5-21-1111111111-2222222222-333333333-44444";

/// A row of `Get-MailboxPermission`: user, denied, inherited.
type Row<'r> = (&'r str, bool, bool);

fn full(mailbox: &str, rows: &[Row<'_>]) -> String {
    let row = |(user, deny, inherited): &Row<'_>| {
        let user = user.replace('\\', "\\\\");
        format!(
            r#"{{"Mailbox":"{mailbox}","User":"{user}","AccessRights":["FullAccess"],"Deny":{deny},"IsInherited":{inherited}}}"#
        )
    };
    format!("[{}]", rows.iter().map(row).collect::<Vec<_>>().join(","))
}

fn send(rows: &[Row<'_>]) -> String {
    let row = |(user, deny, _): &Row<'_>| {
        let (user, control) = (user.replace('\\', "\\\\"), if *deny { "Deny" } else { "Allow" });
        format!(
            r#"{{"Mailbox":"info@acme.test","Trustee":"{user}","AccessRights":["SendAs"],"AccessControlType":"{control}"}}"#
        )
    };
    format!("[{}]", rows.iter().map(row).collect::<Vec<_>>().join(","))
}

#[test]
fn denial_for_everybody_fails_and_one_for_a_group_leaves_it_open() {
    let team = ("team@acme.test", false, false);
    for (denied, outcome) in [
        ("Everyone", Outcome::Fail),
        ("NT AUTHORITY\\Authenticated Users", Outcome::Fail),
        ("S-1-1-0", Outcome::Fail),
        ("team@acme.test", Outcome::Fail),
        ("ACME\\team", Outcome::Warn),
        (SID, Outcome::Warn),
        ("ECE Agents", Outcome::Warn),
        ("agents@acme.test", Outcome::Warn),
        ("NT AUTHORITY\\SELF", Outcome::Pass),
        ("NT AUTHORITY\\SYSTEM", Outcome::Pass),
    ] {
        for rows in [[team, (denied, true, false)], [(denied, true, false), team]] {
            for (text, check) in
                [(full("info@acme.test", &rows), "mailbox.full-access"), (send(&rows), "mailbox.send-as")]
            {
                let seen = settled(&text, check);
                assert_eq!(seen.outcome, outcome, "{denied}: {seen:#?}");
                let is_named = seen.reason.to_string().contains(denied);
                assert!(is_named || outcome == Outcome::Pass || denied == team.0, "{denied}: {seen:#?}");
            }
        }
    }
}

#[test]
fn denial_for_a_listed_mailbox_is_no_group_and_an_inherited_one_comes_after_a_grant_of_its_own() {
    let rows = full("info@acme.test", &[("team@acme.test", false, false), ("anna@acme.test", true, false)]);
    let anna = r#"{"PrimarySmtpAddress":"anna@acme.test","RecipientTypeDetails":"UserMailbox"}"#;
    let with_anna = rows.replacen('[', &format!("[{anna},"), 1);
    assert_eq!(settled(&rows, "mailbox.full-access").outcome, Outcome::Warn);
    assert_eq!(settled(&with_anna, "mailbox.full-access").outcome, Outcome::Pass);
    for (is_inherited, outcome) in [(false, Outcome::Pass), (true, Outcome::Fail)] {
        let rows = [("team@acme.test", false, is_inherited), ("Everyone", true, true)];
        assert_eq!(settled(&full("info@acme.test", &rows), "mailbox.full-access").outcome, outcome);
    }
    let rows = [("team@acme.test", false, false), ("ACME\\Domain Admins", true, true)];
    assert_eq!(settled(&full("info@acme.test", &rows), "mailbox.full-access").outcome, Outcome::Pass);
}

#[test]
fn owner_is_told_only_what_is_denied() {
    let of = |rows: &[Row<'_>]| {
        let all = settle(&[file(&full("sales@acme.test", rows))], &question());
        let is_it = |one: &Settled| one.check == "mailbox.full-access" && one.subject == *"sales@acme.test";
        all.into_iter().find(is_it).map(|one| one.outcome)
    };
    let own = ("NT AUTHORITY\\SELF", false, false);
    assert_eq!(of(&[own]), None);
    assert_eq!(of(&[own, ("ECE Agents", true, false)]), None);
    for denied in ["NT AUTHORITY\\SELF", "Everyone", "sales@acme.test"] {
        assert_eq!(of(&[own, (denied, true, false)]), Some(Outcome::Fail), "{denied}");
    }
}

#[test]
fn address_of_another_domain_is_no_group() {
    let of = |user: &str| settled(&full("info@acme.test", &[(user, false, false)]), "mailbox.full-access").reason;
    assert_eq!(of("team@acme.test.au"), Reason::OtherDomain(vec!["team@acme.test.au".to_owned()]));
    for name in ["agents@acme.test", "agents@acme.onmicrosoft.com", "ECE Agents"] {
        assert_eq!(of(name), Reason::MaybeGroup(vec![name.to_owned()]));
    }
}

#[test]
fn cut_cells_of_a_table_are_named() {
    let head = "Identity  User            AccessRights  IsInherited Deny\n\
                --------  ----            ------------  ----------- ----\n";
    let cut = "info      team@acme.t...  {FullAccess}  False       False\n";
    let whole = "info      sales@acme.test {FullAccess}  False       False\n";
    let file = file(&[head, whole, cut].concat());
    let told: Vec<String> = file.problems.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("line 4: the value of User is missing, or cut") && told[0].contains("CSV"), "{told:?}");
    let alone = parse("f", [head, cut].concat().as_bytes(), &Stated::default()).unwrap_err().to_string();
    assert!(alone.starts_with("f, line 3: the value of User is missing, or cut"), "{alone}");
}
