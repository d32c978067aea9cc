//! The causes that stand in the user's file: the level of ECE, and the addresses it is known by.

use std::collections::BTreeSet;

use ece_check::{
    catalogue::Catalogue,
    ece::{levels::OAuth, release::Package},
    finding::{Report, SkipReason, Status},
};

use crate::walk::{of_check, walk_file};

fn of_level(ece: &str) -> String {
    format!("[ece]\n{ece}\n")
}

fn of_urls(external: &str, console: &str, redirect: &str, registered: &str) -> String {
    format!(
        "[ece]\nrelease = \"12.6(1)_ES12_ET1\"\nexternal_url = \"{external}\"\nconsole_url = \"{console}\"\n\
         redirect_url = \"{redirect}\"\n[entra]\nredirect_urls = [\"{registered}\"]\n"
    )
}

/// The check came out like this for the site, and this cause is named for it.
#[track_caller]
fn shows(report: &Report, check: &str, status: Status, cause: &str) {
    let findings = of_check(report, check);
    assert_eq!(findings.iter().map(|finding| finding.status).collect::<Vec<_>>(), [status], "{findings:#?}");
    let named: Vec<&str> = findings[0].causes.iter().map(|named| named.cause.as_str()).collect();
    assert_eq!(named, [cause], "{findings:#?}");
    assert!(report.summary.fix_first.iter().any(|fix| fix.cause == cause), "{:#?}", report.summary.fix_first);
}

#[tokio::test]
async fn level_below_the_minimum_of_each_release() {
    for level in ["12.0(1)_ES5a", "12.5(1) ES2", "11.6(1)_ES11", "12.6(1)_ET3"] {
        let report = walk_file(&of_level(&format!("release = \"{level}\""))).await;
        shows(&report, "version.minimum-level", Status::Fail, "ece-level-too-low");
        assert_eq!(report.summary.exit_code, 1, "{level}");
    }
}

#[tokio::test]
async fn one_of_two_packages_on_11_6() {
    let report = walk_file(&of_level("release = \"11.6(1)\"\ninstalled = [\"ES12\"]")).await;
    shows(&report, "version.minimum-level", Status::Fail, "ece-level-half-installed");
}

#[tokio::test]
async fn both_packages_on_11_6() {
    let report = walk_file(&of_level("release = \"11.6(1)\"\ninstalled = [\"ES12\", \"ES12_ET1\"]")).await;
    assert_eq!(of_check(&report, "version.minimum-level")[0].status, Status::Pass);
}

#[tokio::test]
async fn release_that_never_learnt_oauth() {
    let report = walk_file(&of_level("release = \"11.5(1)_ES1\"")).await;
    shows(&report, "version.minimum-level", Status::Fail, "ece-release-without-oauth");
}

#[tokio::test]
async fn release_number_of_contact_center_enterprise() {
    let report = walk_file(&of_level("release = \"12.6(2)\"")).await;
    shows(&report, "docs.release-guides", Status::Fail, "ece-release-unknown");
    let minimum = of_check(&report, "version.minimum-level")[0];
    assert_eq!(minimum.status, Status::Skip, "{minimum:#?}");
    assert!(minimum.next.as_deref().is_some_and(|next| next.contains("its 12.6(2) runs ECE 12.6(1)")), "{minimum:#?}");
}

#[tokio::test]
async fn later_level_is_known() {
    let report = walk_file(&of_level("release = \"12.6(1)_ES6\"")).await;
    assert_eq!(of_check(&report, "version.minimum-level")[0].status, Status::Pass);
    shows(&report, "version.newest-level", Status::Warn, "ece-level-not-newest");
    assert_eq!(report.summary.exit_code, 0, "a warning is no failure");
}

#[tokio::test]
async fn base_release_with_nothing_installed_is_too_low() {
    let report = walk_file(&of_level("release = \"12.6(1)\"\ninstalled = []")).await;
    shows(&report, "version.minimum-level", Status::Fail, "ece-level-too-low");
}

#[tokio::test]
async fn release_without_its_packages_is_asked_about() {
    for release in ["12.6(1)", "15.0(1) SU1"] {
        let report = walk_file(&of_level(&format!("release = \"{release}\""))).await;
        for check in ["version.minimum-level", "version.newest-level", "version.known-defects"] {
            let finding = of_check(&report, check)[0];
            assert_eq!((finding.status, finding.reason), (Status::Skip, Some(SkipReason::NeedsInput)), "{check}");
        }
    }
}

#[tokio::test]
async fn release_that_no_source_knows_is_not_judged() {
    for level in ["15.0(1)ES202511_ET1", "12.7(1)_ES6", "20.0(1)_ES6"] {
        let report = walk_file(&of_level(&format!("release = \"{level}\""))).await;
        shows(&report, "version.minimum-level", Status::Warn, "ece-level-not-documented");
        let newest = of_check(&report, "version.newest-level")[0];
        assert_ne!(newest.status, Status::Pass, "{level}");
    }
}

#[tokio::test]
async fn package_with_a_name_of_another_release_is_told() {
    for level in ["15 ES2", "12.5(1)ES202511"] {
        let report = walk_file(&of_level(&format!("release = \"{level}\""))).await;
        shows(&report, "version.minimum-level", Status::Warn, "ece-package-misnamed");
        let found = &of_check(&report, "version.minimum-level")[0].found;
        assert!(!found.contains("no source") && found.contains("are named by"), "{found}");
    }
}

#[tokio::test]
async fn level_that_no_table_has_passes_no_check_of_defects() {
    for level in ["20.0(1)_ES6", "12.6(1)_ES99", "12.5(1)ES202511"] {
        let report = walk_file(&of_level(&format!("release = \"{level}\""))).await;
        let finding = of_check(&report, "version.known-defects")[0];
        assert_eq!((finding.status, finding.reason), (Status::Skip, Some(SkipReason::NeedsInput)), "{level}");
        assert!(finding.next.as_deref().is_some_and(|next| next.contains("Bug Search")), "{level}: {finding:#?}");
    }
}

#[tokio::test]
async fn level_above_the_table_is_not_called_the_newest() {
    let report = walk_file(&of_level("release = \"12.6(1)_ES13\"")).await;
    assert_eq!(of_check(&report, "version.minimum-level")[0].status, Status::Pass);
    shows(&report, "version.newest-level", Status::Warn, "ece-level-table-old");
}

#[tokio::test]
async fn defect_that_a_later_level_fixes() {
    let report = walk_file(&of_level("release = \"11.6(1)_ES12\"")).await;
    shows(&report, "version.known-defects", Status::Warn, "ece-defect-with-fix");
    let report = walk_file(&of_level("release = \"12.6(1)_ES12_ET1\"")).await;
    // an old table rules out neither a newer level nor a newer defect
    let status = |check: &str| of_check(&report, check)[0].status;
    assert_eq!(status("version.known-defects"), status("version.newest-level"));
}

#[tokio::test]
async fn too_low_a_level_is_told_once() {
    let report = walk_file(&of_level("release = \"12.5(1)_ES2\"")).await;
    let named: Vec<&str> = report.summary.fix_first.iter().map(|fix| fix.cause.as_str()).collect();
    assert_eq!(named, ["ece-level-too-low"], "the newest level goes without saying");
}

#[tokio::test]
async fn nothing_stated_is_asked_for() {
    let report = walk_file("[ece]\n").await;
    for finding in report.findings {
        assert_eq!(finding.status, Status::Skip, "{}", finding.check);
        let asks = |next: &str| ["Give ", "Set ", "Add "].iter().any(|verb| next.contains(verb));
        assert!(finding.next.as_deref().is_some_and(asks), "{} says what to give", finding.check);
    }
    assert_eq!(report.summary.exit_code, 3, "nothing seen is not healthy");
}

#[tokio::test]
async fn external_url_in_a_wrong_form() {
    for external in [
        "http://ece.example.com",
        "https://ece.example.com/",
        "https://ece.example.com/system",
        "https://ece.example.com:8443",
        "https://ece",
        "https://10.1.2.3",
        "https://ece.example.com?x=1",
        "https://localhost",
        "ece.example.com",
        "see ticket",
        "",
    ] {
        let registered = if external.is_empty() { "none" } else { external };
        let report = walk_file(&of_urls(external, external, external, registered)).await;
        shows(&report, "url.external-form", Status::Fail, "external-url-form");
    }
}

#[tokio::test]
async fn console_under_another_host() {
    let (ours, other) = ("https://ece.example.com", "https://ece01.example.com/system");
    let report = walk_file(&of_urls(ours, other, ours, ours)).await;
    shows(&report, "url.console-match", Status::Fail, "console-url-mismatch");
    assert_eq!(of_check(&report, "url.external-form")[0].status, Status::Pass);
}

#[tokio::test]
async fn redirect_under_another_host() {
    let (ours, other) = ("https://ece.example.com", "https://ece01.example.com/oauth");
    let report = walk_file(&of_urls(ours, ours, other, other)).await;
    shows(&report, "url.redirect-match", Status::Fail, "redirect-url-mismatch");
}

#[tokio::test]
async fn redirect_registered_with_one_letter_of_another_size() {
    let (ours, sent, registered) =
        ("https://ece.example.com", "https://ece.example.com/system/oauth2", "https://ece.example.com/System/oauth2");
    let report = walk_file(&of_urls(ours, ours, sent, registered)).await;
    shows(&report, "url.redirect-match", Status::Fail, "redirect-url-mismatch");
}

#[tokio::test]
async fn addresses_that_agree() {
    let report = walk_file(&of_urls(
        "https://ece.example.com",
        "https://ECE.example.com:443/system/",
        "https://ece.example.com/oauth",
        "https://ece.example.com/oauth",
    ))
    .await;
    for check in ["url.external-form", "url.console-match", "url.redirect-match"] {
        assert_eq!(of_check(&report, check)[0].status, Status::Pass, "{check}");
    }
}

/// The builds that Cisco's CVE records name up to 2026-05-06 (CVE-2026-20172, CVE-2025-20310, CVE-2025-20139,
/// CVE-2024-20484), and for 15.0(1) the release notes of Contact Center Enterprise; copied by hand, not from the table.
const BUILDS: &[(&str, &str)] = &[
    ("11.5(1)", "ES1 ES1_ET1"),
    ("11.6(1)", "ES1 ES2 ES3 ES4 ES5 ES6 ES6_ET1 ES7 ES8 ES8_ET1 ES9 ES9a ES10 ES11 ES12 ES12_ET1"),
    ("12.0(1)", "ES1 ES2 ES3 ES4 ES5 ES5a ES6 ES6_ET1 ES6_ET2 ES6_ET3 ES7 ES7_ET1"),
    (
        "12.5(1)",
        "ET1 ES1 ES2 ES3 ES3_ET1 ES3_ET2 ES3_ET3 ES4 ES4_ET1 ES4_ET2 ES5 ES5_ET1 ES5_ET2 ES6 ES6_ET1 ES7 ES7_ET1 ES8 ES8_ET1 ES9 ES10",
    ),
    (
        "12.6(1)",
        "ET1 ET2 ET3 ES1 ES1_ET1 ES1_ET2 ES2 ES2_ET1 ES2_ET2 ES2_ET3 ES2_ET4 ES2_ET5 ES3 ES3_ET1 ES3_ET2 ES3_ET3 ES4 ES4_ET1 ES4_ET2 ES5 ES5_ET1 ES5_ET2 ES5_ET3 ES6 ES6_ET1 ES6_ET2 ES6_ET3 ES7 ES7_ET1 ES8 ES8_ET1 ES8_ET2 ES9 ES9_ET1 ES9_ET2 ES9_ET3 ES10 ES10_ET1 ES11 ES11_ET1 ES11_ET2 ES12 ES12_ET1",
    ),
    ("15.0(1)", "ET1 ES202508 ES202511 ES202511_ET1 ES202603 ES202607"),
];
/// The lowest levels with OAuth 2.0 of Cisco document 218453.
const MINIMUM: &[(&str, &str)] =
    &[("11.6(1)", "ES12 ES12_ET1"), ("12.0(1)", "ES6"), ("12.5(1)", "ES3"), ("12.6(1)", "ES1")];

#[test]
fn table_of_levels_holds_what_its_sources_name_and_nothing_else() {
    let catalogue = Catalogue::built_in();
    let releases = &catalogue.tables.levels.releases;
    let words = |packages: &[Package]| -> BTreeSet<String> { packages.iter().map(ToString::to_string).collect() };
    let split = |names: &str| -> BTreeSet<String> { names.split(' ').map(str::to_owned).collect() };
    for (release, builds) in BUILDS {
        let known = releases.iter().find(|one| one.release.to_string() == *release).expect(release);
        assert_eq!(words(&known.packages), split(builds), "{release}");
        let minimum = MINIMUM.iter().find(|(of, _)| of == release).map(|(_, levels)| split(levels));
        let told = if let OAuth::From(packages) = &known.oauth { Some(words(packages)) } else { None };
        assert_eq!(told, minimum, "{release}");
    }
    assert_eq!(releases.len(), BUILDS.len());
}
