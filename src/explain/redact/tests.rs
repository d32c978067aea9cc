//! Tables of texts as people paste them: which part is a secret, and which texts have none.

use super::*;

const JWT: &str =
    "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL291dGxvb2sub2ZmaWNlMzY1LmNvbSJ9.c2lnbmF0dXJl";

#[test]
fn a_token_in_any_dress() {
    for line in [
        format!("Authorization: Bearer {JWT}"),
        format!("token={JWT}&state=1"),
        format!("{{\"access_token\":\"{JWT}\"}}"),
        format!("user=a@b.c\u{1}auth=Bearer {JWT}\u{1}\u{1}"),
    ] {
        let masked = redact(&line);
        assert!(!masked.contains("eyJ") && !masked.contains("c2ln"), "{masked}");
        assert!(masked.contains(MASKED), "{masked}");
    }
}

#[test]
fn bytes_in_hexadecimal_are_one_secret() {
    let masked = redact("refused: secret=61 42 63 38 51 7e\nnext 12 34 56 78");
    assert_eq!(masked, format!("refused: secret={MASKED}\nnext 12 34 56 78"));
}

#[test]
fn secrets_by_their_name() {
    for line in [
        "client_secret=Abc8Q~abcdefghijk",
        "\"password\": \"hunter2222\"",
        "refresh_token=0.AXoAabcdef1234",
        "code=M.C507_BAY.2.U.x9",
        "password=Hunter2Secret!",
        "{\"password\": \"sesame\"}",
        "Password: Hunter!",
        "C: AUTH LOGIN cGFzc3dvcmQ=",
        "A1 AUTHENTICATE PLAIN AGEAYgBj",
    ] {
        assert!(redact(line).contains(MASKED), "{line}");
    }
}

/// What stands for a password in the texts below: no form of its own tells that it is one.
const PASSWORDS: &[&str] = &[
    "Summer2024!",
    "hunter2",
    "p:a@ss/w#rd9",
    "Passw0rd,x;y",
    "sesame",
    "48151623",
    "5550123",
    "Zürich-Käse",
    "пароль9",
];

/// Whether the begin or the end of a password is left.
fn left(masked: &str, password: &str, text: &str) -> bool {
    let letters: Vec<char> = password.chars().collect();
    let parts = [&letters[..4], &letters[letters.len() - 4..]].map(|part| part.iter().collect::<String>());
    parts.iter().any(|part| masked.contains(part.as_str()) && !text.contains(part.as_str()))
}

/// Each password in each text leaves nothing but the mark, and nothing else goes.
fn assert_masked(texts: &[&str], passwords: &[&str]) {
    let mut wrong = Vec::new();
    for text in texts {
        for password in passwords {
            let line = text.replace("{}", password);
            let masked = redact(&line);
            if left(&masked, password, text)
                || !masked.contains(MASKED)
                || masked.len() > text.replace("{}", MASKED).len() + 8
            {
                wrong.push(format!("{line}\n    {masked}"));
            }
            if text.contains("535 5.7.3") && !masked.contains("535 5.7.3") {
                wrong.push(format!("{line}\n    lost its code: {masked}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_password_by_what_stands_around_it() {
    assert_masked(
        &[
            "proxy http://svc:{}@proxy.example.com:8080 returned 407 Proxy Authentication Required",
            "HTTP_PROXY=http://DOM\\svc:{}@proxy.example.com:8080 535 5.7.3",
            "imaps://sales:{}@outlook.office365.com/ AUTHENTICATE failed.",
            "{\"proxy\":\"http:\\/\\/svc:{}@proxy:8080\\/\"}",
            "git+https://{}@host.example/x",
            "svc:{}@proxy:8080 failed",
            "[smtp.office365.com]:587 sales:{}",
            "smtp.office365.com sales@example.com:{}",
            "sales:{PLAIN}{}",
            "machine imap.example.com login sales password {}",
            "host smtp.office365.com\nuser sales\npassword {}\n",
        ],
        PASSWORDS,
    );
}

#[test]
fn a_password_behind_a_name() {
    assert_masked(
        &[
            "mail.smtp.password={} 535 5.7.3",
            "-Dhttp.proxyPassword={} -Dx=y",
            "password: \"{}\"",
            "{\\\"password\\\": \\\"{}\\\"}",
            "client_id=x&client_secret={}&grant_type=password",
            "Server=x;User Id=sa;Password={};Encrypt=yes",
            "pwd: '{}'",
            "Password: {}",
            "pwd:{}",
            "Enter password: {}",
            "password1={} 535 5.7.3",
            "password[0]={}",
            "password_value={}",
            "PASSWORD_SALES={}",
            "clientSecretValue: {}",
            "secretKey={}",
            "SECRET_KEY='{}'",
            "api key: {}",
            "X-Api-Key: {}",
            "Ocp-Apim-Subscription-Key: {}",
            "X-Auth-Token: {}",
            "dbpass={}",
            "userpass: {}",
            "set imap_pass=\"{}\"",
            "mail.smtp.user=x\nspring.mail.password={}\n",
            "spring:\n  mail:\n    password: {}\n    port: 587",
            "\"client_secret\":[\"{}\"]",
            "{\"error\":\"x\",\"passwords\":[\"{}\", \"other\"]}",
            "?token={}&x=1",
            "let password: &str = \"{}\";",
            "$password = \"{}\"",
            "'password' => '{}',",
            "define('SMTP_PASSWORD', '{}');",
            "\"SmtpPassword\"=\"{}\"",
            "Environment=\"A=1\" \"MAIL_PASSWORD={}\"",
            "docker run -e SMTP_PASSWORD={} image",
            "resource x { client_secret = \"{}\" }",
            "setPassword(\"{}\")",
            "CREATE USER x WITH PASSWORD '{}'",
            "password for sales@example.com: {}",
            "Password for svc: {}",
            "Client secret (value): {}",
            "Password....: {}",
            "New password is: {}",
            "bindpw={}",
            "sales@example.com's password: {}",
            "Passwort: {}",
            "mot_de_passe={}",
            "パスワード：{}",
        ],
        PASSWORDS,
    );
}

#[test]
fn a_password_in_markup_and_in_lists_of_names() {
    assert_masked(
        &[
            "<password>{}</password> 535 5.7.3",
            "<ns:Password type=\"text\">{}</ns:Password>",
            "&lt;password&gt;{}&lt;/password&gt;",
            "<entry key=\"mail.smtp.password\">{}</entry>",
            "<add key=\"SmtpPassword\" value=\"{}\"/>",
            "<add value=\"{}\" key=\"SmtpPassword\"/>",
            "<input type=\"password\" name=\"p\" value=\"{}\">",
            "<name>mail.password</name>\n <value>{}</value>",
            "<key>password</key><string>{}</string>",
            "<tr><td>Password:</td><td>{}</td></tr>",
            "{\"name\":\"password\",\"value\":\"{}\"}",
            "{\"name\":\"password\",\"type\":\"string\",\"value\":\"{}\"}",
            "{\"value\":\"{}\",\"name\":\"password\"}",
            "- name: SMTP_PASSWORD\n  value: {}\n",
            "Name  : SmtpPassword\nValue : {}\n",
        ],
        PASSWORDS,
    );
}

#[test]
fn a_password_on_a_command_line() {
    assert_masked(
        &[
            "curl -u svc:{} smtps://smtp.office365.com:465 535 5.7.3",
            "curl -vsu 'svc:{}' x",
            "curl -xu svc:{} x",
            "curl -4u svc:{} x",
            "curl -Ou svc:{} x",
            "curl -ju svc:{} x",
            "curl -usvc:{} x",
            "curl --user \"svc:{}\" --proxy-user=svc:{} x",
            "curl -E c.pem:{} https://x.example",
            "curl --cert C:\\c.pem:{} https://x.example",
            "subprocess.run(['curl', '-u', 'svc:{}', 'x'])",
            "keytool -storepass {} -list",
            "openssl pkcs12 -passin pass:{}",
            "swaks --auth-user sales --auth-password {} --tls",
            "swaks -au sales -ap {} --tls",
            "sshpass -p {} ssh x",
            "sshpass -p'{}' ssh x",
            "mysql -h x -u sa -p{} db",
            "net use \\\\server\\share /user:DOM\\svc {}",
            "net use Z: \\\\server\\share {} /user:DOM\\svc",
            "az login --service-principal -u x -p {} --tenant y",
            "az login --client-secret {}",
            "cmdkey /add:x /user:y /pass:{}",
            "tool --password {}",
            "tool --password1={}",
            "Connect-ExchangeOnline -Password (ConvertTo-SecureString '{}' -AsPlainText)",
            "ConvertTo-SecureString -String {} -AsPlainText -Force",
            "ConvertTo-SecureString -AsPlainText -Force \"{}\"",
            "$s = ConvertTo-SecureString -AsPlainText '{}' -Force",
            "\"{}\" | ConvertTo-SecureString -AsPlainText -Force",
            "New-Object System.Net.NetworkCredential(\"sales\",\"{}\")",
            "[System.Net.NetworkCredential]::new('sales', '{}')",
            "New-Object PSCredential -ArgumentList 'sales', '{}'",
            "imap.login(\"sales\", \"{}\")",
            "requests.get(x, auth=('sales', '{}'))",
            "store.connect(\"outlook.office365.com\", \"sales\", \"{}\")",
        ],
        PASSWORDS,
    );
}

#[test]
fn a_password_in_a_command_of_a_protocol() {
    assert_masked(
        &[
            "USER sales\nPASS {}\n-ERR Logon failure",
            "2026-11-30 10:01:02 C: PASS {}",
            "10:01:02.123 PASS {}",
            "DEBUG POP3: C: PASS {}",
            "user sales\npass {}\n-ERR Logon failure",
            "a1 LOGIN sales@example.com {}",
            "A LOGIN sales {}",
            "1 LOGIN sales {}\n1 NO LOGIN failed.",
            "a1 Login sales {}",
            ". login sales {}",
            "10:01:02.123 C: LOGIN sales@example.com {}",
            "2026-11-30T10:01:02Z A LOGIN sales {}",
            "[10:01:02] C: 1 login sales {}",
            "2026-11-30 10:01:02 DEBUG imap - A0001 LOGIN sales {}",
            "C: a1 LOGIN \"sales\" \"{}\"",
            "a1 LOGIN sales {7}\n{}\na1 NO LOGIN failed.",
            "C: a1 LOGIN {5}\nS: + go ahead\nC: sales {7}\nS: + OK\nC: {}\nS: a1 NO LOGIN failed.",
        ],
        &["Summer2", "hunter2", "sesames", "4815162", "Zürich"],
    );
}

#[test]
fn a_password_over_the_end_of_a_line_and_in_escapes() {
    let simple = &["Summer2024!", "hunter2", "sesame", "48151623", "5550123"];
    assert_masked(
        &[
            "\"password\":\n  \"{}\"",
            "password=\\\n{}\n",
            "tool --password\n{}\n",
            "tool --password \\\n  {} --x",
            "password: |\n  {}\n",
            "<password>\n  {}\n</password>",
            "password%3D{}%26x%3D1",
            "%22password%22%3A%22{}%22",
            "%2522password%2522%253A%2522{}%2522",
            "&quot;password&quot;:&quot;{}&quot;",
            "\\u0022password\\u0022:\\u0022{}\\u0022",
            "https%3A%2F%2Fsvc%3A{}%40proxy%3A8080%2Fx",
            "{\"text\":\"{\\\"password\\\":\\\"{}\\\"}\"}",
        ],
        simple,
    );
    assert_masked(&["Enter password:\n{}\n535 5.7.3 x"], &["Summer2024!", "hunter2"]);
}

#[test]
fn a_password_with_spaces_where_its_line_holds_nothing_else() {
    let words = &["correct horse battery staple", "my dog 7 eats", "zwei kleine Hunde"];
    assert_masked(
        &[
            "password = {}",
            "x=1\nmail.password={}\ny=2",
            "Password: {}",
            "  password: {}\n",
            "PASS {}\n",
            "SMTP password: {}",
        ],
        words,
    );
    assert_masked(
        &["\"password\": \"{}\"", "Password='{}'", "--password \"{}\"", "ConvertTo-SecureString \"{}\" -Force"],
        words,
    );
}

#[test]
fn a_password_in_base64_by_what_stands_around_it() {
    for (text, part) in [
        ("AUTH LOGIN\n334 VXNlcm5hbWU6\nc2FsZXM=\n334 UGFzc3dvcmQ6\nC: U3VtbWVyMjAyNCE=\n535 5.7.3 x", "U3VtbWVy"),
        ("10:01 S: 334 UGFzc3dvcmQ6\n10:01 C: c2VzYW1l\n10:02 S: 535 5.7.3 x", "c2VzYW1l"),
        ("334 UGFzc3dvcmQ6 -> c2VzYW1l", "c2VzYW1l"),
        ("Proxy-Authorization: Basic c3ZjOlN1bW1lcg==", "c3ZjOlN1"),
        ("Authorization: Basic\r\n c3ZjOlN1bW1lcg==", "c3ZjOlN1"),
        ("AUTH LOGIN c2FsZXM= U3VtbWVyMjAyNCE=", "U3VtbWVy"),
        ("the password for sales is hunter2x9.", "hunter2x9"),
        ("sent AHNhbGVzAHBhc3N3b3Jk to the server", "AHNhbGVz"),
        ("https%3A%2F%2Fsvc%3ASummer2024%40proxy%3A8080%2Fx", "Summer"),
        ("334 PDE4OTYuNjk3MTcwOTUyQHg+\ndGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw\n535", "dGltIGI5"),
        ("Authorization: Bearer opaque-Token_19\n401", "opaque-Token_19"),
        (
            "Authorization: Digest username=\"svc\", realm=\"x\", response=\"6629fae49393a05397450978507c4ef1\"",
            "6629fae4",
        ),
        ("Authorization: 9f8a7c6b5d4e", "9f8a7c6b5d4e"),
        ("Cookie: a=b1c2; SESSION=zzTop9\r\nHost: x", "zzTop9"),
        ("Set-Cookie: ESTSAUTH=0.AbC; path=/; secure", "0.AbC"),
        ("curl -b 'sid=zzTop9' x", "zzTop9"),
        ("curl --cookie sid=zzTop9 x", "zzTop9"),
        ("https://x.blob.core.windows.net/c?sv=2024&sig=aB3%2Fd4Ef&se=1", "aB3%2F"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE/a+b\nx/Yz=\n-----END PRIVATE KEY-----", "x/Yz="),
        ("{\"auths\":{\"r\":{\"auth\":\"c3ZjOlN1bW1lcjEy\"}}}", "c3ZjOlN1"),
    ] {
        let masked = redact(text);
        assert!(!masked.contains(part) && masked.contains(MASKED), "{masked}");
        assert!(!text.contains("535 5.7.3") || masked.contains("535 5.7.3"), "{masked}");
    }
}

#[test]
fn the_part_that_is_shown_is_masked_by_the_whole() {
    let text = "curl -u svc:Summer2024! 535 5.7.3 Authentication unsuccessful";
    assert_eq!(redact_words(text, "Summer2024! 535 5.7.3"), "[masked] 535 5.7.3");
    assert_eq!(redact_words(text, "mer2024!"), "[masked]");
    assert_eq!(redact_words(text, "other words"), "other words");
}

#[test]
fn the_words_of_a_refusal_stay() {
    let mut wrong = Vec::new();
    for line in [
        "CannotUpdateLockedServicePrincipalPropertyWithEnforcementScope: Property passwordCredentials is invalid.",
        "org.example.ServiceNotAvailableAuthenticationExceptionFactory: null",
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled",
        "AUTH PLAIN LOGIN XOAUTH2 is offered, password expired, the password: expired",
        "AADSTS50126: invalid username or password. Trace ID: 0f8fad5b-d9cb-469f-a165-70867728950e",
        "javax.net.ssl.SSLHandshakeException: sun.security.validator.ValidatorException",
        "The user name or password is incorrect. Invalid password: 535 5.7.139 the client secret keys for app",
        "250-AUTH LOGIN XOAUTH2, A1 NO LOGIN failed. basic authentication is disabled for user:sales@example.com",
        "GET https://graph.microsoft.com/v1.0/users/sales@example.com 403 at 2026-11-23T04:01:20 smtp.office365.com:587",
        "https://login.example.com:8443/x?login_hint=sales@example.com [from:sales@example.com] imaps://sales@mail.example.com",
        "PASS is not supported; password is required: set client_secret = { env = \"NAME\" }",
        "User:Sales1@example.com FROM:sales1@example.com user:sales1@example.com Reply-To:a.b1@example.com",
        "imap:sales1@example.com recipientAddress:s.2@example.com orig_to:s2@example.com service:s2@example.com owner:s2@x.com id:s2@x.com",
        "imaps://joe.doe2@outlook.office365.com outlook.office365.com:993@proxy sales@example.com:993",
        "http://proxy/users/sales@example.com http://graph:8080/v1/users/sales@example.com failed",
        "password=expired password=null secret=none client_secret=env:NAME client_secret={ env = \"X\" }",
        "The secret: rejected, password: denied, Password: ok, password authenticate failed",
        "Syntax: LOGIN <user> <password> 535 5.7.3 Authentication unsuccessful",
        "password: javax.mail.AuthenticationFailedException: 535 5.7.3",
        "SPF: PASS with IP 40.107.1.2; spf=pass smtp.mailfrom=example.com; dkim=pass header.d=example.com",
        "Error code: CAA2000B, error code 0x80070005, error_code=80070005, \"code\":\"InvalidAuthenticationToken\",\"token_type\":\"Bearer\"",
        "error%3Dinvalid_client%26error_description%3DAADSTS7000215%3a+Invalid+client+secret+provided.+Ensure+the+secret+is+valid",
        "Invalid client secret: AADSTS7000222: The provided client secret keys are expired. secret_expires=2026-11-01",
        "WWW-Authenticate: Bearer realm=\"\", error=\"invalid_token\" Authorization: denied, Basic Authentication is disabled",
        "A1 NO LOGIN failed. 1 login attempt remaining, user login failed for sales, Login from 10.1.2.3 denied",
        "* CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 LOGINDISABLED; S: + ; AUTH LOGIN Authentication unsuccessful",
        "Password: wrong for this account, contact your administrator",
        "instead of a password OAuth2 is required; password 535 5.7.3; use -p 587 -u sales -b main",
        "2026-11-30T10:01:02:sales@example.com 10:01:02:sales1@example.com {\"name\":\"password\",\"value\":null,\"message\":\"x\"}",
        "\"claims\":\"{\\\"access_token\\\":{\\\"nbf\\\":1}}\"",
        "{\"passwordCredentials\":[{\"endDateTime\":\"2026-11-01\",\"keyId\":\"0f8fad5b-d9cb-469f-a165-70867728950e\"}]}",
    ] {
        let masked = redact(line);
        if masked != line {
            wrong.push(format!("{line}\n    {masked}"));
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// Texts in which each place of a name, a mark or a quote made the rest be read again: the first five took minutes.
#[test]
fn the_cost_grows_with_the_text() {
    let long = ["pass:", "password=", "UGFzc3dvcmQ6", "password=a,", "<password>"].map(|piece| (piece, 1 << 18));
    let short = [
        "password=\"",
        "password='",
        "password=a&",
        "<password",
        "a:@",
        "pass",
        "pass ",
        "LOGIN ",
        "a1 LOGIN \"",
        "PASS ",
        "-u a:",
        "-u",
        "=-u",
        "/user:",
        "cookie:",
        "Cookie: a; ",
        "Authorization: Digest ",
        "basic ",
        "bearer ",
        "login(\"",
        "convertto-securestring ",
        "{PLAIN}",
        "PRIVATE KEY-----",
        "password%3D",
        "%25",
        "\\u0022",
        "&quot;",
        "://a:",
        "@",
        ":",
        "\"name\":\"password\",",
        "password: |\n",
        "password \\\n",
        "a1 LOGIN {7}\n",
        "password ",
        "key=",
        "x=\\",
        "\\\\\"",
        "AUTH PLAIN ",
        "token\n",
        "user a password ",
        "password=***",
        "code=",
        "token:",
        "authorization:",
        "bearer\\",
        "a1 LOGIN {7} ",
        "UGFzc3dvcmQ6 ",
        "x: pass ",
        "password for a: ",
        "password_x=a://",
        "name=password|value=",
        "password=“***",
        "Cookie: a=\"b; ",
    ];
    for (piece, size) in long.into_iter().chain(short.map(|piece| (piece, 1 << 14))) {
        let masked = redact(&piece.repeat(size / piece.len()));
        assert!(masked.len() < 12 * size, "{piece}");
    }
    // a run of backslashes behind a quote that one of them is a part of
    let masked = redact(&format!("password=\\\"{}", "\\".repeat(1 << 18)));
    assert_eq!(masked, "password=\\\"[masked]");
}
