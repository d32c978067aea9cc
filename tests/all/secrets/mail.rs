//! Mail servers of the tests: they offer XOAUTH2, refuse every sign-in, and repeat all that they were given, as it came
//! and decoded. IMAP and POP3 over TLS, SMTP with STARTTLS.

use std::{
    io::{BufRead as _, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    Smtp,
    Imap,
    Pop3,
}

/// Starts a server, and gives its port.
pub fn start(speaks: Speaks, config: &Arc<ServerConfig>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Arc::clone(config);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let config = Arc::clone(&config);
            thread::spawn(move || serve(speaks, stream.unwrap(), config));
        }
    });
    port
}

/// Ends where the client goes away.
fn serve(speaks: Speaks, mut tcp: TcpStream, config: Arc<ServerConfig>) -> Option<()> {
    if speaks == Speaks::Smtp {
        tcp.write_all(b"220 mail.test ESMTP\r\n").ok()?;
        let mut lines = BufReader::new(tcp.try_clone().ok()?);
        loop {
            let mut line = String::new();
            lines.read_line(&mut line).ok().filter(|read| *read > 0)?;
            if line.starts_with("STARTTLS") {
                break;
            }
            tcp.write_all(b"250-mail.test\r\n250 STARTTLS\r\n").ok()?;
        }
        tcp.write_all(b"220 go\r\n").ok()?;
    }
    let tls = StreamOwned::new(ServerConnection::new(config).ok()?, tcp);
    talk(speaks, &mut BufReader::new(tls))
}

fn talk(speaks: Speaks, stream: &mut BufReader<StreamOwned<ServerConnection, TcpStream>>) -> Option<()> {
    let say = |stream: &mut BufReader<StreamOwned<_, _>>, text: &str| {
        stream.get_mut().write_all(text.as_bytes()).and_then(|()| stream.get_mut().flush()).ok()
    };
    match speaks {
        Speaks::Smtp => {}
        Speaks::Imap => say(stream, "* OK ready\r\n")?,
        Speaks::Pop3 => say(stream, "+OK ready\r\n")?,
    }
    loop {
        let line = read(stream)?;
        let (tag, command) = match speaks {
            Speaks::Imap => line.split_once(' ').unwrap_or((&line, "")),
            _ => ("", line.as_str()),
        };
        let Some(behind) = command.to_uppercase().find("XOAUTH2").map(|at| command[at + 7..].trim().to_owned()) else {
            say(stream, &usual(speaks, tag, command))?;
            continue;
        };
        let given = if behind.is_empty() {
            say(stream, if speaks == Speaks::Smtp { "334 \r\n" } else { "+ \r\n" })?;
            read(stream)?
        } else {
            behind
        };
        let decoded = String::from_utf8_lossy(&STANDARD.decode(&given).unwrap_or_default()).replace('\u{1}', " ");
        let words = format!("you said {given}, that is {decoded}");
        say(
            stream,
            &match speaks {
                Speaks::Smtp => format!("535 5.7.3 Authentication unsuccessful, {words}\r\n"),
                Speaks::Imap => format!("{tag} NO AUTHENTICATE failed, {words}\r\n"),
                Speaks::Pop3 => format!("-ERR Authentication failure: {words}\r\n"),
            },
        )?;
    }
}

fn usual(speaks: Speaks, tag: &str, command: &str) -> String {
    match speaks {
        Speaks::Smtp if command.starts_with("EHLO") => "250-mail.test\r\n250 AUTH XOAUTH2\r\n".to_owned(),
        Speaks::Smtp => "250 well\r\n".to_owned(),
        Speaks::Imap => format!("* CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2\r\n{tag} OK done\r\n"),
        Speaks::Pop3 if command.starts_with("CAPA") => "+OK\r\nUSER\r\nSASL XOAUTH2\r\n.\r\n".to_owned(),
        Speaks::Pop3 => "+OK\r\n".to_owned(),
    }
}

fn read(stream: &mut impl std::io::BufRead) -> Option<String> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
    Some(line.trim_end().to_owned())
}
