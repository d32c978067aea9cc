//! Rows of the sign-in log that are about something else, say nothing yet, or have the dates of Excel.

use super::*;

const EXCHANGE: &str = "00000002-0000-0ff1-ce00-000000000000";
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// Hour, resource, whether a person signed in, and the error code.
fn log(rows: &[(u8, &str, bool, i64)]) -> Settled {
    let row = |(hour, resource, interactive, code): &(u8, &str, bool, i64)| {
        format!(
            r#"{{"id":"s","createdDateTime":"2026-11-30T{hour:02}:00:00Z","userPrincipalName":"sales@acme.test","appId":"{APP}","resourceId":"{resource}","isInteractive":{interactive},"appliedConditionalAccessPolicies":[],"status":{{"errorCode":{code}}}}}"#
        )
    };
    let rows: Vec<String> = rows.iter().map(row).collect();
    settled(&format!("[{}]", rows.join(",")), "entra.sign-in-failures")
}

#[test]
fn only_a_sign_in_to_exchange_by_the_program_itself_ends_its_failure() {
    let failed = (9, EXCHANGE, false, 53003);
    for (rows, outcome) in [
        (vec![failed], Outcome::Fail),
        (vec![failed, (10, EXCHANGE, false, 0)], Outcome::Pass),
        (vec![failed, (10, GRAPH, false, 0)], Outcome::Fail),
        (vec![failed, (10, EXCHANGE, true, 0)], Outcome::Fail),
        (vec![(9, EXCHANGE, true, 53003), (10, EXCHANGE, true, 0)], Outcome::Pass),
        (vec![(9, GRAPH, false, 65001)], Outcome::NeedsInput),
        (vec![(8, EXCHANGE, false, 0), (9, GRAPH, false, 65001)], Outcome::Pass),
    ] {
        let seen = log(&rows);
        assert_eq!(seen.outcome, outcome, "{rows:?}: {seen:#?}");
    }
}

#[test]
fn interrupted_sign_in_is_no_failure_and_no_success() {
    for code in [50074, 50140] {
        let asked = (9, EXCHANGE, false, code);
        let seen = log(&[asked]);
        assert_eq!((seen.outcome, seen.cause, refusal(&seen)), (Outcome::Warn, None, None), "{seen:#?}");
        assert!(seen.reason.to_string().contains(&format!("AADSTS{code}")), "{seen:#?}");
        assert_eq!(log(&[asked, (10, EXCHANGE, false, 0)]).outcome, Outcome::Pass);
        assert_eq!(log(&[(8, EXCHANGE, false, 53003), asked]).outcome, Outcome::Fail);
        assert_eq!(log(&[(8, EXCHANGE, false, 0), asked]).outcome, Outcome::Warn);
    }
}

fn csv(column: &str, rows: &[(&str, &str, i64)]) -> String {
    let row = |(at, status, code): &(&str, &str, i64)| format!("{at};sales@acme.test;{APP};{status};{code};Failure\n");
    let header = format!("{column};Username;Application ID;Status;Sign-in error code;Conditional Access\n");
    header + &rows.iter().map(row).collect::<String>()
}

#[test]
fn dates_of_excel_are_read_in_utc_or_told_with_their_line() {
    let of = |column: &str, failed: &str, succeeded: &str| {
        settled(&csv(column, &[(failed, "Failure", 53003), (succeeded, "Success", 0)]), "entra.sign-in-failures")
            .outcome
    };
    let utc = "Date (UTC)";
    assert_eq!(of(utc, "11/30/2026 10:01:00 AM", "11/30/2026 9:05:00 AM"), Outcome::Fail);
    assert_eq!(of(utc, "30.11.2026 09:01", "30.11.2026 10:05"), Outcome::Pass);
    assert_eq!(of("Datum (UTC)", "30.11.2026 09:01", "30.11.2026 10:05"), Outcome::Pass);
    // one that is not understood may be the newest
    for (column, failed) in [(utc, "01/12/2026 10:01"), ("Date (local)", "30.11.2026 09:01"), (utc, "")] {
        assert_eq!(of(column, failed, "2026-11-30T08:00:00Z"), Outcome::NeedsInput, "{column} {failed}");
    }
    let told = file(&csv(utc, &[("2026-11-30T08:00:00Z", "Success", 0), ("01/12/2026 10:01", "Failure", 53003)]));
    let told: Vec<String> = told.problems.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("line 3: the date \"01/12/2026 10:01\" is not understood"), "{told:?}");
}

#[test]
fn interrupted_by_its_status_in_a_table() {
    let seen = settled(&csv("Date (UTC)", &[("2026-11-30T08:00:00Z", "Interrupted", 50072)]), "entra.sign-in-failures");
    assert_eq!(seen.outcome, Outcome::Warn, "{seen:#?}");
}
