//! The same text as 26 programs write it into their logs: what it means must not change.

/// A way to write a text down.
pub type Wrap = fn(&str) -> String;

/// One line of the text, as logs that write one line for one message do.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t")
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The ways, each with its name.
pub const WRAPS: [(&str, Wrap); 26] = [
    ("syslog of RFC 3164", |text| format!("Nov 23 04:01:20 ece01 mailer[10061]: {}", flat(text))),
    ("syslog of RFC 5424", |text| format!("<165>1 2026-11-23T04:01:20.003Z ece01 mailer 10060 ID47 - {}", flat(text))),
    ("Docker", |text| {
        format!("{{\"log\":\"{}\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-23T04:01:20.1Z\"}}", escaped(text))
    }),
    ("Kubernetes", |text| format!("2026-11-23T04:01:20.123456789Z stderr F {}", flat(text))),
    ("JSON", |text| format!("{{\"level\":\"error\",\"pid\":10054,\"message\":\"{}\"}}", escaped(text))),
    ("JSON in JSON", |text| {
        format!("{{\"log\":\"{{\\\"msg\\\":\\\"{}\\\"}}\"}}", escaped(&flat(text).replace('"', "'")))
    }),
    ("HTML", |text| format!("<td>{}</td>", html(text))),
    ("HTML with line breaks", |text| html(text).replace('\n', "<br/>")),
    ("CSV", |text| format!("4711,error,\"{}\",10061", text.replace('"', "\"\""))),
    ("quoted mail", |text| format!("> {}", text.replace('\n', "\n> "))),
    ("single quotes", |text| format!("msg='{text}'")),
    ("double quotes", |text| format!("error=\"{}\"", flat(text).replace('"', "'"))),
    ("indented", |text| format!("    {}", text.replace('\n', "\n    "))),
    ("capitals", str::to_uppercase),
    ("hard spaces", |text| text.replace(' ', "\u{a0}")),
    ("CRLF", |text| text.replace('\n', "\r\n")),
    ("a blank line between lines", |text| text.replace('\n', "\n\n")),
    ("log4j", |text| format!("2026-11-23 04:01:20,006 ERROR [pool-7-thread-10060] com.example.Mailer - {text}")),
    ("ECE", |text| {
        format!(
            "2026-11-23 04:01:20.006 GMT+0000 <@> ERROR <@> [67:RxInstance id : 10061] <@> ProcessId:10060 <@> PID:1 <@> UID:12 \
             <@> HttpSessionId:  <@> com.egain.mail.module.retriever.service.RxInstance <@> startInstance <@> {} <@> ",
            flat(text)
        )
    }),
    ("Windows event", |text| format!("<Event><EventData><Data>{}</Data></EventData></Event>", html(text))),
    (".NET wrapper", |text| format!("Unhandled exception. System.Exception: mail job failed ---> {text}")),
    ("Java wrapper", |text| format!("com.example.MailException: job 10061 failed\nCaused by: {text}")),
    ("logfmt", |text| format!("time=\"2026-11-23T04:01:20Z\" level=error msg=\"{}\"", escaped(text))),
    ("Markdown", |text| format!("```\n{text}\n```")),
    ("PowerShell", |text| format!("Invoke-Thing : {text}\nAt line:1 char:1")),
    ("journal", |text| format!("-- Logs begin --\nNov 23 04:01:20 ece01 app[4711]: {text}")),
];
