//! The site file, read from what people write.

use super::{
    left_over::{holds_secret, sample_in, uncommented},
    *,
};
use crate::{
    oauth::Papers,
    table::{Mistake, Table},
};

const GOOD: &str = r#"
[ece]
release      = "12.6(1)"
installed    = ["ES6", "12.6_ES6_ET1"]
role         = "services"
external_url = "http://ECE/"
java_trust_store = 'C:\ECE\jre\lib\security\cacerts'
console_url  = "https://ece.bigshop.test/system"
redirect_url = "https://ece.bigshop.test/x"

[entra]
cloud          = "gcc-high"
tenant         = "BigShop.onmicrosoft.com"           # not contoso.onmicrosoft.com
client_id      = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
client_secret  = { env = "ECE_CLIENT_SECRET" }
secret_expires = 2027-01-31
redirect_urls  = ["https://ece.bigshop.test/x"]

[[account]]
name          = "sales é"
signs_in_as   = "sales@bigshop.test"
access_token  = { file = 'C:\ECE\token.txt' }
inbound       = "imap"
mailboxes     = ["sales@bigshop.test", "help@bigshop.test"]

[[account]]
name          = "returns"
refresh_token = { command = "vault read returns" }
mailboxes     = ["returns@bigshop.test"]

[[endpoint]]
name = "proxy PAC"
host = "WPAD.bigshop.test"
port = 443

[[endpoint]]
name = "relay"
host = "10.0.0.1"
port = 587
protocol = "tcp"
"#;

#[test]
fn everything_that_can_be_said_is_read() {
    let read = Deployment::parse("good.toml", GOOD).unwrap();
    assert_eq!(read.ece.stated.unwrap().to_string(), "12.6(1)_ES6 + ES6_ET1");
    assert_eq!(read.ece.external_url.as_deref(), Some("http://ECE/"), "the form is not judged here");
    assert_eq!(read.entra.cloud, Some(Cloud::GccHigh));
    assert_eq!(read.entra.tenant.as_deref(), Some("bigshop.onmicrosoft.com"));
    assert_eq!(read.entra.secret_expires, Some(Date::constant(2027, 1, 31)));
    assert_eq!(read.entra.proof, Some(ClientCredential::Secret(Source::Env("ECE_CLIENT_SECRET".to_owned()))));
    let tokens: Vec<_> = read.accounts.iter().map(|account| account.credential.clone().unwrap()).collect();
    assert_eq!(tokens[0], TokenSource::AccessToken(Source::File(r"C:\ECE\token.txt".into())));
    assert_eq!(tokens[1], TokenSource::RefreshToken(Source::Command("vault read returns".to_owned())));
    assert_eq!(read.endpoints[0].host, "wpad.bigshop.test");
    let protocols: Vec<_> = read.endpoints.iter().map(|endpoint| endpoint.protocol).collect();
    assert_eq!(protocols, [Protocol::Https, Protocol::Tcp]);
}

#[test]
fn certificate_stands_in_the_place_of_the_secret() {
    let papers = "client_certificate = { file = 'app.pfx' }\nclient_key_password = { env = \"APP_PASSWORD\" }";
    let read = Deployment::parse("a.toml", &format!("[entra]\n{papers}\n")).unwrap();
    let papers = Papers {
        certificate: Source::File("app.pfx".into()),
        key: None,
        password: Some(Source::Env("APP_PASSWORD".to_owned())),
    };
    assert_eq!(read.entra.proof, Some(ClientCredential::Certificate(Box::new(papers))));
    assert!(read.gives("entra.client_certificate") && !read.gives("entra.client_secret"));
}

#[test]
fn everything_may_be_missing() {
    let read = Deployment::parse("empty.toml", "").unwrap();
    assert_eq!(read, Deployment::default());
    assert!(KEYS.iter().all(|key| !read.gives(key)));
}

#[test]
fn each_key_that_a_check_may_want_is_given_by_a_full_file() {
    let read = Deployment::parse("good.toml", GOOD).unwrap();
    let given = |key: &&&str| **key != "entra.client_certificate" && !key.starts_with("webex");
    for key in KEYS.iter().filter(given) {
        assert!(read.gives(key), "{key}");
    }
    assert!(!read.gives("entra.client_certificate"), "it stands in the place of the secret");
    assert!(read.gives("ece.nothing or entra.tenant"));
    assert!(!read.gives("ece.nothing"));
}

#[test]
fn release_alone_carries_the_package_too() {
    for release in ["12.6(1)_ES6_ET1", "12.6_es6 et1", "12.6.1 ES6_ET1"] {
        let read = Deployment::parse("a.toml", &format!("[ece]\nrelease = \"{release}\"\n")).unwrap();
        assert_eq!(read.ece.stated.unwrap().to_string(), "12.6(1)_ES6_ET1");
    }
    let read = Deployment::parse("a.toml", "[ece]\ninstalled = [\"11.6(1)_ES12\", \"ES12 ET1\"]\n").unwrap();
    assert_eq!(read.ece.stated.unwrap().to_string(), "11.6(1)_ES12 + ES12_ET1");
}

#[test]
fn every_bad_file_is_told_its_line_and_its_remedy() {
    for (name, line, says) in expected() {
        let mistakes = Deployment::read(&files().join(format!("{name}.toml"))).expect_err(&name);
        let told = |mistake: &&Mistake| mistake.line == Some(line) && mistake.to_string().contains(&says);
        assert!(mistakes.all().iter().any(|mistake| told(&mistake)), "{name}: {mistakes}");
        for mistake in mistakes.all() {
            assert!(!mistake.right.is_empty() && mistake.to_string().lines().count() == 2, "{name}: {mistake}");
            assert!(mistake.line.is_some(), "{name}: {mistake}");
        }
        assert!(!format!("{mistakes} {mistakes:?}").contains("hunter2"), "{name} repeats a secret");
    }
}

#[test]
fn all_mistakes_are_told_at_once_and_unknown_keys_first() {
    let text = r#"
[ece]
relase       = "12.6(1)"
role         = "boss"
external_url = "see ticket"
[entra]
tenant       = "common"
client_id    = "7"
secret_expires = "31.01.2027"
[[account]]
name      = "sales"
mailbox   = "sales@bigshop.test"
mailboxes = ["a b@bigshop.test",
  "b", "C@bigshop.test", "c@bigshop.test"]
[[account]]
inbound = "imap4"
[[endpoint]]
name = "relay"
host = "https://x"
port = "443"
[nowhere]
"#;
    let mistakes = Deployment::parse("a.toml", text).unwrap_err();
    let lines: Vec<usize> = mistakes.all().iter().map(|mistake| mistake.line.unwrap()).collect();
    assert_eq!(lines, [3, 12, 21, 4, 7, 8, 9, 13, 14, 14, 15, 15, 16, 19, 20], "{mistakes}");
    let first: Vec<&str> = mistakes.all()[..2].iter().map(|mistake| mistake.right.as_str()).collect();
    assert_eq!(first, ["did you mean release?", "did you mean mailboxes?"]);
}

#[test]
fn mistakes_in_misspelt_tables_are_told_together_with_their_names() {
    let text = "[Entra]\ncloud = \"wordwide\"\nclient_id = \"7\"\n[[accounts]]\nname = \"sales\"\nsigns_in_as = \"sales\"\n\
        [[acount]]\ninbound = \"imap4\"\n[endpoints]\nport = \"443\"\n";
    let told = Deployment::parse("a.toml", text).unwrap_err().to_string();
    for wrong in [
        "line 1: unknown table Entra",
        "line 2: invalid entra.cloud",
        "line 3: entra.client_id is not a GUID",
        "line 4: unknown table accounts",
        "line 6: account.signs_in_as is not a mail address",
        "line 7: unknown table acount",
        "line 8: invalid account.inbound",
        "line 9: unknown table endpoints",
        "line 10: endpoint.port must be a whole number",
    ] {
        assert!(told.contains(wrong), "{wrong}: {told}");
    }
}

#[test]
fn mistakes_of_writing_and_of_meaning_are_told_together() {
    let text = "[ece]\nrole = boss\nrelese = \"12.6(1)\"\n[entra]\ncloud = \"chna\"\n[[account]]\nname = \"a\n";
    let mistakes = Deployment::parse("a.toml", text).unwrap_err();
    let lines: Vec<usize> = mistakes.all().iter().map(|mistake| mistake.line.unwrap()).collect();
    assert_eq!(lines, [3, 2, 7, 5], "{mistakes}");
}

#[test]
fn what_can_be_no_host_and_no_mailbox_is_refused() {
    let endpoint = |host: &str| format!("[[endpoint]]\nname = \"a\"\nport = 1\nhost = \"{host}\"");
    for host in
        ["10.1.2.300", "-a.bigshop.test", "a..bigshop.test", "big\u{200b}shop.test", "EwBIA8l6BAAUbDba3x2OMJElkF7gJ4z"]
    {
        let mistakes = Deployment::parse("a.toml", &endpoint(host)).expect_err(host).to_string();
        assert!(!mistakes.contains(host), "{mistakes}");
    }
    let said = |text: &str| Deployment::parse("a.toml", text).expect_err(text).to_string();
    assert!(said("[entra]\ntenant = \"big\u{200b}shop.test\"").contains("neither a GUID nor a domain"));
    let boxes = |list: &str| said(&format!("[[account]]\nname = \"a\"\nmailboxes = [{list}]"));
    assert!(boxes("\"mailto:a@bigshop.test\"").contains("there is a : in it"));
    let second = boxes("\"a@bigshop.test\", \"b\"");
    assert!(second.contains("account.mailboxes, entry 2 is not a mail address: there is no @ in it"), "{second}");
    assert!(
        said("[[endpoint]]\nname = \"a\"\nhost = \"a\"\nport = 443.5").contains("write port = 443, without quotes")
    );
    assert!(said("[entra]\nclient_secret = { file = \"C:\\temp\\a\" }").contains("single quotes"));
}

#[test]
fn each_file_that_a_site_file_names_is_known() {
    let text = "[ece]\njava_trust_store = \"cacerts\"\n[entra]\nclient_certificate = { file = \"app.pem\" }\nclient_key = { \
                file = \"app.key\" }\ngraph_token = { env = \"TOKEN\" }\n[[account]]\nname = \"a\"\nsigns_in_as = \
                \"a@bigshop.test\"\nmailboxes = [\"a@bigshop.test\"]\nrefresh_token = { file = \"token\" }\n[webex]\ntoken = \
                { file = \"scim\" }\n[evidence]\nfiles = [\"users.csv\"]\n";
    let deployment = Deployment::parse("a.toml", text).unwrap();
    let files: Vec<_> = deployment.files().map(|file| file.to_str().unwrap()).collect();
    assert_eq!(files, ["cacerts", "users.csv", "app.pem", "app.key", "token", "scim"]);
}

#[test]
fn what_was_pasted_in_the_wrong_place_is_never_repeated() {
    let texts = [
        "hunter2Secret = 1",
        "[hunter2Secret]\na = 1",
        "[ece]\nrelease = \"hunter2Secret\"",
        "[ece]\nrole = \"hunter2Secret\"",
        "[ece]\ninstalled = [\"hunter2Secret\"]",
        "[ece]\n\"hunter2Secret\" = 1",
        "[entra]\ncloud = \"hunter2Secret\"",
        "[entra]\ntenant = \"hunter2Secret\"",
        "[entra]\nclient_id = \"hunter2Secret\"",
        "[entra]\nclient_secret = \"hunter2Secret\"",
        "[entra]\nclient_secret = { hunter2Secret = \"env\" }",
        "[entra]\nclient_secret = { env = \"hunter2Secret!\" }",
        "[entra]\nclient_secret = hunter2Secret",
        "[entra]\nsecret_expires = \"hunter2Secret\"",
        "[ece]\nexternal_url = \"u:hunter2Secret@ece.bigshop.test\"",
        "[ece]\nconsole_url = \"https://u:hunter2Secret@ece.bigshop.test/x\"",
        "[entra]\nredirect_urls = [\"https://u:hunter2Secret@ece.bigshop.test/x\"]",
        "[[account]]\nname = \"a\"\nmailboxes = [\"hunter2Secret\"]",
        "[[account]]\nname = \"a\"\nmailboxes = [\"P@hunter2Secret\"]",
        "[[account]]\nname = \"a\"\ninbound = \"hunter2Secret\"\nmailboxes = [\"a@bigshop.test\"]",
        "[[account]]\nname = \"a\"\nsigns_in_as = \"hunter2Secret\"\nmailboxes = [\"a@bigshop.test\"]",
        "[[endpoint]]\nname = \"a\"\nport = 1\nhost = \"hunter2 Secret\"",
        "[[endpoint]]\nname = \"a\"\nport = 1\nhost = \"a\"\nprotocol = \"hunter2Secret\"",
        "[[account]]\nname = \"9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c\"\nmailboxes = [\"hunter2Secret\"]",
        "[webex]\nintegration = \"hunter2Secret\"",
        "[webex]\ntoken = \"hunter2Secret\"",
        "[[waiver]]\nuntil = \"hunter2Secret\"",
        "hunter2Secret",
        "\"hunter2Secret\" = 1\n\"hunter2Secret\" = 2",
        "[hunter2Secret]\n[hunter2Secret]",
        "a = \"\\hunter2Secret\"",
    ];
    for text in texts {
        let mistakes = Deployment::parse("a.toml", text).expect_err(text);
        let told = format!("{mistakes} {mistakes:?}");
        assert!(!told.contains("hunter2") && !told.contains("9f8e7d6c"), "{text}\n{mistakes}");
    }
}

#[test]
fn addresses_of_ece_are_evidence_whatever_they_are() {
    for text in ["ece.bigshop.test", "ece", "", " ", "see ticket", "https//ece.bigshop.test", "ftp://x", "a\u{200b}b"] {
        let file = format!("[ece]\nexternal_url = '{text}'\nconsole_url = '{text}'\nredirect_url = '{text}'\n");
        let read = Deployment::parse("a.toml", &file).unwrap_or_else(|mistakes| panic!("{text:?}: {mistakes}"));
        assert_eq!(read.ece.external_url.as_deref(), Some(text));
        assert!(read.gives("ece.external_url") && read.gives("ece.console_url"));
    }
}

#[test]
fn release_without_its_packages_is_asked_about() {
    let gives = |text: &str| Deployment::parse("a.toml", &format!("[ece]\n{text}\n")).unwrap().gives("ece.installed");
    assert!(!gives("release = \"12.6(1)\"") && !gives("release = \"15.0(1) SU1\"") && !gives("role = \"all\""));
    for text in [
        "release = \"12.6(1)\"\ninstalled = []",
        "release = \"12.6(1)_ES6\"",
        "release = \"11.5(1)\"",
        "release = \"12.6(2)\"",
    ] {
        assert!(gives(text), "{text}");
    }
}

#[test]
fn webex_and_the_name_of_the_site_are_read() {
    let text = r#"
site = "Rotterdam"
[webex]
integration    = "gallery"
org_id         = "1eb65fdf-9643-417f-9974-ad72cae0e10f"
tenant_url     = "api.ciscospark.com/v1/scim/x"
token_redirect = { file = "address.txt" }
token_issued   = 2026-11-01
user_name_from = "userPrincipalName"
"#;
    let read = Deployment::parse("a.toml", text).unwrap();
    assert_eq!(read.site.as_deref(), Some("Rotterdam"));
    let webex = read.webex.as_ref().unwrap();
    assert_eq!(
        (webex.integration, webex.token_issued),
        (Some(Integration::Gallery), Some(Date::constant(2026, 11, 1)))
    );
    assert!(read.gives("webex.tenant_url") && read.gives("webex.token_redirect") && !read.gives("webex.token"));
    let both = Deployment::parse("a.toml", &text.replace("org_id", "token = { env = \"T\" }\norg_id")).unwrap_err();
    assert!(both.to_string().contains("both token and token_redirect"));
}

#[test]
fn every_bad_file_is_expected() {
    let expected: Vec<String> = expected().into_iter().map(|(name, ..)| name).collect();
    assert!(expected.len() >= 30);
    let entries = std::fs::read_dir(files()).unwrap().map(|entry| entry.unwrap().path());
    for file in entries.filter(|path| path.is_file()) {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        assert!(name == "expected" || expected.contains(&name), "{name} is not in expected.toml");
    }
}

#[test]
fn sample_values_are_accepted_when_they_are_meant() {
    let text = std::fs::read_to_string(files().join("sample-in-several-lines.toml")).unwrap();
    assert!(Deployment::parse_sample("lab", &text).is_ok());
    assert!(Deployment::parse("lab", &text).is_err());
}

#[test]
fn what_only_looks_like_the_sample_is_no_sample() {
    for host in ["myexample.com", "example.com.au", "example.company", "notcontoso.onmicrosoft.com"] {
        assert_eq!(sample_in(&format!("tenant = \"{host}\"")), None, "{host}");
    }
    for text in ["\"a@example.com\"", "\"https://a.example.com:8443/x\"", "\"example.com.\""] {
        assert_eq!(sample_in(text), Some("example.com"), "{text}");
    }
    assert_eq!(uncommented("a = \"x#y\" # z"), "a = \"x#y\" ");
}

#[test]
fn names_and_paths_of_people_are_no_secrets() {
    for line in [
        "client_id = \"1b4e28ba-2fa1-11d2-883f-0016d3cca427\"",
        r"file = 'C:\Program Files\Cisco\ECE Services 12\Secrets\2027\Customer Care\client-secret-of-ECE.txt'",
        "host = \"a-very-long-name-of-a-host-in-a-very-long-zone.of-a-department-2.of-a-company.bigshop.test\"",
        "command = \"powershell -Command Get-Secret -Name EceClientSecret -AsPlainText -Vault CompanyVault2027\"",
        "# ======================================================================================",
        "name = \"eyJ\"",
    ] {
        assert!(!holds_secret(line), "{line}");
    }
}

#[test]
fn notepad_powershell_and_windows_line_ends_are_read() {
    let utf16 =
        |mark: &[u8], unit: fn(u16) -> [u8; 2]| [mark.to_vec(), GOOD.encode_utf16().flat_map(unit).collect()].concat();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ece-check.toml");
    let good = Deployment::parse("good.toml", GOOD);
    for bytes in [
        GOOD.as_bytes().to_vec(),
        GOOD.replace('\n', "\r\n").into_bytes(),
        [b"\xEF\xBB\xBF", GOOD.as_bytes()].concat(),
        utf16(b"\xFF\xFE", u16::to_le_bytes),
        utf16(b"\xFE\xFF", u16::to_be_bytes),
    ] {
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(Deployment::read(&file), good);
    }
}

#[test]
fn the_example_of_the_readme_is_read_and_is_no_site() {
    let readme = include_str!("../../docs/configuration.md");
    let (_, example) = readme.split_once("```toml\n").expect("an example");
    let (example, _) = example.split_once("```").expect("its end");
    let read = Deployment::parse_sample("docs/configuration.md", example).unwrap_or_else(|mistake| panic!("{mistake}"));
    assert_eq!((read.accounts.len(), read.endpoints.len()), (1, 1));
    assert!(Deployment::parse("docs/configuration.md", example).unwrap_err().to_string().contains("sample"));
}

#[test]
fn windows_line_ends_do_not_shift_the_line() {
    let mistake = Deployment::parse("a.toml", "[ece]\r\n\r\nrole = \"boss\"\r\n").unwrap_err();
    assert_eq!(mistake.all()[0].line, Some(3));
}

#[test]
fn what_is_no_text_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let says = |path: &Path, words: &str| {
        let mistake = Deployment::read(path).unwrap_err().to_string();
        assert!(mistake.contains(words), "{mistake}");
    };
    let file = folder.path().join("ece-check.toml");
    says(&file, "cannot be read");
    says(folder.path(), "is a folder");
    std::fs::write(&file, vec![b'#'; 20_000_000]).unwrap();
    says(&file, "20000000 bytes");
    std::fs::write(&file, b"MZ\x90\x00\x03\x00").unwrap();
    says(&file, "not text");
    std::fs::write(&file, b"\xFF\xFEa").unwrap();
    says(&file, "not text");
    #[cfg(unix)]
    says(Path::new("/dev/zero"), "has more than");
}

proptest::proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,60}", key in "(external_url|release|installed|role)") {
        drop(Deployment::parse("a.toml", &text));
        drop(Deployment::parse("a.toml", &format!("[ece]\n{key} = '''{text}'''\n")));
        let _ = holds_secret(&text);
    }
}

fn files() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files")
}

/// Name, line, and a piece of the message, of each bad file.
fn expected() -> Vec<(String, usize, String)> {
    let document = Document::read(&files().join("expected.toml")).unwrap();
    let tables = document.table().unwrap().tables("file").unwrap();
    let row = |mut table: Table<'_>| {
        let line = usize::try_from(table.int("line").unwrap().unwrap().value).unwrap();
        let says = table.text("says").unwrap().map_or_else(String::new, |at| at.value);
        (table.required("name").unwrap().value, line, says)
    };
    tables.into_iter().map(row).collect()
}
