//! Licenses of which a file says less than Graph does.

use super::*;

fn license(plan: &str) -> Settled {
    let context = "https://graph.microsoft.com/v1.0/$metadata#users('sales%40acme.test')/licenseDetails";
    let text = format!(
        r#"{{"@odata.context":"{context}","value":[{{"skuPartNumber":"SPE_E3","servicePlans":[{{{plan}"provisioningStatus":"Success"}}]}}]}}"#
    );
    settled(&text, "directory.licence")
}

#[test]
fn names_of_plans_count_where_there_are_no_ids() {
    for (plan, outcome) in [
        (r#""servicePlanName":"EXCHANGE_S_ENTERPRISE","#, Outcome::Pass),
        (r#""servicePlanName":"EXCHANGE_S_STANDARD","#, Outcome::Warn),
        (r#""servicePlanName":"EXCHANGE_S_DESKLESS","#, Outcome::Fail),
        (r#""servicePlanName":"EXCHANGE_S_FOUNDATION","#, Outcome::Fail),
        (r#""servicePlanName":"EXCHANGE_X_FUTURE","#, Outcome::Warn),
        (
            r#""servicePlanId":"d42bdbd6-c335-4231-ab3d-c8f348d5aff5","servicePlanName":"EXCHANGE_L_STANDARD","#,
            Outcome::Warn,
        ),
        (
            r#""servicePlanId":"90927877-dcff-4af6-b346-2332c0b15bb7","servicePlanName":"EXCHANGE_B_STANDARD","#,
            Outcome::Warn,
        ),
        ("", Outcome::NeedsInput),
    ] {
        let seen = license(plan);
        assert_eq!(seen.outcome, outcome, "{plan}: {seen:#?}");
    }
}

#[test]
fn what_get_mailbox_says_of_a_license_is_told() {
    for (row, outcome, told) in [
        (r#""RecipientTypeDetails":"UserMailbox","SKUAssigned":false"#, Outcome::Fail, "SKUAssigned is False"),
        (
            r#""RecipientTypeDetails":"UserMailbox","SKUAssigned":false,"AccountDisabled":true"#,
            Outcome::Fail,
            "AccountDisabled is True",
        ),
        (
            r#""RecipientTypeDetails":"SharedMailbox","SKUAssigned":false"#,
            Outcome::Warn,
            "shared mailbox without a license",
        ),
        (r#""RecipientTypeDetails":"MailUser","SKUAssigned":null"#, Outcome::Fail, "RecipientTypeDetails is MailUser"),
        (r#""RecipientTypeDetails":"GroupMailbox""#, Outcome::Fail, "RecipientTypeDetails is GroupMailbox"),
        (r#""RecipientTypeDetails":"UserMailbox","SKUAssigned":true"#, Outcome::NeedsInput, "no row for it"),
    ] {
        let seen = settled(
            &format!(r#"[{{"PrimarySmtpAddress":"sales@acme.test","UserPrincipalName":"sales@acme.test",{row}}}]"#),
            "directory.licence",
        );
        assert_eq!(seen.outcome, outcome, "{row}: {seen:#?}");
        assert!(seen.reason.to_string().contains(told), "{row}: {seen:#?}");
    }
}
