//! Java's trust stores: the ones that decide for ECE, whatever Windows trusts.
//!
//! In: a file in the formats JKS or PKCS12 (`cacerts` is one of the two) and perhaps a password. Out: its roots, and the
//! version of the Java around it. JKS is
//! read here: certificates stand in it in clear, and the password only guards against change, by a SHA-1 digest over
//! password, a fixed phrase and the content (`sun.security.provider.JavaKeyStore`). PKCS12 is read by a library.

mod pfx;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc::sync_channel,
    thread,
    time::Duration,
};

use p12_keystore::{KeyStore, KeyStoreEntry, Pkcs12ImportPolicy};
use ring::digest;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::{files, secret::Secret};

/// The password that Java gives its own store, and that hardly anybody changes.
pub const DEFAULT_PASSWORD: &str = "changeit";
/// A larger file is no trust store.
const LARGEST: u64 = 32 * 1024 * 1024;
/// A store with more entries is none of Java's.
const MOST_ENTRIES: u32 = 20_000;
/// Java refuses a store that asks for more rounds (`PKCS12KeyStore.MAX_ITERATION_COUNT`).
const MOST_ROUNDS: u64 = 5_000_000;
/// So long one password is tried.
const PATIENCE: Duration = Duration::from_secs(20);
/// A file `release` is never so large, in bytes.
const LARGEST_RELEASE: u64 = 64 * 1024;
/// No version is longer.
const LONGEST_VERSION: usize = 40;
/// So deep below ECE's root stores are looked for.
const DEEPEST: usize = 10;
/// So many folders are looked into at the most.
const MOST_FOLDERS: usize = 20_000;

/// A Java trust store.
#[derive(Clone, Debug)]
pub struct Store {
    /// The file.
    pub file: PathBuf,
    /// `JKS`, `JCEKS` or `PKCS12`.
    pub format: &'static str,
    /// The version of the Java that it belongs to, such as `1.8.0_121` or `11.0.2`, where that can be told.
    pub version: Option<String>,
    /// The certificates that Java trusts by it, with the password that was given or without.
    pub roots: Vec<CertificateDer<'static>>,
    /// True when Java reads none of its certificates as things are: for want of a password or of a store type.
    pub unread: bool,
    /// True when it opens with Java's own default password.
    pub default_password: bool,
    /// A reservation: what Java does not read of it, or that its integrity could not be checked.
    pub note: Option<String>,
}

/// A trust store that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}\n  {right}", file.display())]
pub struct BadStore {
    file: PathBuf,
    why: String,
    right: String,
}

/// Reads a store as Java does. Without a password Java reads what stands in clear: all of a JKS file, and of a PKCS12
/// file only the certificates that are not encrypted (`sun.security.ssl.TrustStoreManager` loads `cacerts` without a
/// password unless `javax.net.ssl.trustStorePassword` is set). Java counts the certificates that are marked as trusted,
/// and the first certificate behind a private key (`sun.security.validator.TrustStoreUtil`).
///
/// # Errors
/// When the file cannot be read, is no store, or the password that was given is wrong.
pub fn read(file: &Path, password: Option<&Secret>) -> Result<Store, BadStore> {
    let bad = |why: &str, right: &str| BadStore { file: file.to_owned(), why: why.to_owned(), right: right.to_owned() };
    let bytes = files::read(file, LARGEST)
        .map_err(|error| bad(&error.to_string(), "name a JKS or PKCS12 file, such as cacerts"))?;
    let store = |format, default_password, roots, note| {
        let version = version(file);
        Store { file: file.to_owned(), format, version, unread: false, roots, default_password, note }
    };
    // Java cannot tell the two apart either: "Keystore was tampered with, or password was incorrect"
    let wrong = || {
        bad(
            "the password is wrong, or the file is damaged",
            "give the store's password (Java's own default is changeit), or copy the file anew",
        )
    };
    let default = fits(&bytes, DEFAULT_PASSWORD);
    match format(&bytes) {
        Some(format @ ("JKS" | "JCEKS")) => {
            let roots =
                jks(&bytes).ok_or_else(|| bad("is damaged: it ends in the middle of an entry", "copy it anew"))?;
            if password.is_some_and(|password| !fits(&bytes, password.expose())) {
                return Err(wrong());
            }
            if format == "JCEKS" {
                let note =
                    format!("Java reads none of its {} roots unless it is told the store type JCEKS", roots.len());
                return Ok(Store { unread: true, ..store(format, default, Vec::new(), Some(note)) });
            }
            let unproved = password.is_none() && !default;
            let note = unproved.then(|| "its password is not known, so it may have been changed".to_owned());
            Ok(store(format, default, roots, note))
        }
        Some(format) => {
            if let Some(password) = password {
                let roots = pkcs12(&bytes, password.expose()).map_err(|why| why.told(bad, wrong))?;
                return Ok(store(format, default, roots, None));
            }
            let right = "name the variable that holds it: --java-trust-store-password-env";
            let unknown = || bad("has a password that is not Java's default, changeit", right);
            let (roots, note) = without_password(&bytes, default).map_err(|why| why.told(bad, unknown))?;
            Ok(Store { unread: note.is_some(), ..store(format, default, roots, note) })
        }
        None => Err(match bytes.trim_ascii_start() {
            [0x30, ..] if X509Certificate::from_der(&bytes).is_ok() => {
                bad("is a single certificate (DER), not a store", "import it into a store with keytool -importcert")
            }
            [0x30, ..] => bad("is not a PKCS12 store", "name a Java trust store, such as cacerts"),
            text if text.starts_with(b"-----BEGIN ") => {
                bad("is a PEM file, not a store", "import it into a store with keytool -importcert, or use --ca-file")
            }
            _ => bad("is neither JKS nor PKCS12", "name a Java trust store, such as cacerts"),
        }),
    }
}

/// `JKS`, `JCEKS` or `PKCS12`, by the first bytes.
fn format(bytes: &[u8]) -> Option<&'static str> {
    match bytes.get(..4)? {
        [0xFE, 0xED, 0xFE, 0xED] => Some("JKS"),
        [0xCE, 0xCE, 0xCE, 0xCE] => Some("JCEKS"),
        [0x30, ..] if pfx::parts(bytes).is_some() => Some("PKCS12"),
        _ => None,
    }
}

/// What Java reads of a PKCS12 file for which it has no password, and a word about the rest.
fn without_password(bytes: &[u8], default: bool) -> Result<(Vec<CertificateDer<'static>>, Option<String>), NotOpened> {
    let encrypted = pfx::parts(bytes).is_some_and(|parts| parts.encrypted);
    if !encrypted {
        let tried = if default { DEFAULT_PASSWORD } else { "" };
        return pkcs12(bytes, tried).map(|roots| (roots, None));
    }
    let inside = if default { pkcs12(bytes, DEFAULT_PASSWORD)? } else { Vec::new() };
    let number = if default { format!("its {} roots", inside.len()) } else { "its roots".to_owned() };
    let note =
        format!("its certificates are encrypted: without javax.net.ssl.trustStorePassword Java reads none of {number}");
    Ok((Vec::new(), Some(note)))
}

/// Whether a store opens with a password.
fn fits(bytes: &[u8], password: &str) -> bool {
    match format(bytes) {
        Some("PKCS12") => pkcs12(bytes, password).is_ok(),
        Some(_) => is_intact(bytes, password),
        None => false,
    }
}

/// The trusted certificates of a JKS file; none when it is damaged.
fn jks(bytes: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let mut rest = Reader { bytes: bytes.get(4..bytes.len().checked_sub(digest::SHA1_OUTPUT_LEN)?)? };
    let version = rest.number()?;
    let entries = rest.number().filter(|entries| *entries <= MOST_ENTRIES)?;
    let mut roots = Vec::new();
    for _ in 0..entries {
        let kind = rest.number()?;
        rest.name()?;
        rest.take(8)?; // when the entry was made
        match kind {
            PRIVATE_KEY => {
                rest.block()?;
                for place in 0..rest.number()? {
                    let certificate = rest.certificate(version)?;
                    roots.extend(Some(certificate).filter(|_| place == 0)); // Java trusts the key's own
                }
            }
            SECRET_KEY => return Some(roots), // an object of Java's, of unknown length
            TRUSTED => roots.push(rest.certificate(version)?),
            _ => return None,
        }
    }
    Some(roots)
}

const PRIVATE_KEY: u32 = 1;
const TRUSTED: u32 = 2;
/// In JCEKS only.
const SECRET_KEY: u32 = 3;

/// What is left of a JKS file.
struct Reader<'b> {
    bytes: &'b [u8],
}

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    fn name(&mut self) -> Option<&'b [u8]> {
        let length = u16::from_be_bytes(self.take(2)?.try_into().ok()?);
        self.take(usize::from(length))
    }

    fn block(&mut self) -> Option<&'b [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    fn certificate(&mut self, version: u32) -> Option<CertificateDer<'static>> {
        if version == 2 {
            self.name()?; // the kind of certificate: X.509
        }
        Some(CertificateDer::from(self.block()?.to_vec()))
    }
}

/// Whether the digest at the end of a JKS file fits the password.
fn is_intact(bytes: &[u8], password: &str) -> bool {
    let Some(end) = bytes.len().checked_sub(digest::SHA1_OUTPUT_LEN) else { return false };
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    context.update(&password.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>());
    context.update(b"Mighty Aphrodite"); // the phrase that Java adds
    context.update(&bytes[..end]);
    context.finish().as_ref() == &bytes[end..]
}

/// Why a PKCS12 file was not opened.
#[derive(Debug)]
enum NotOpened {
    /// The password does not fit, or the content is damaged.
    Password,
    /// More rounds than this program has time for.
    Slow,
}

impl NotOpened {
    fn told(self, bad: impl Fn(&str, &str) -> BadStore, wrong: impl Fn() -> BadStore) -> BadStore {
        match self {
            Self::Password => wrong(),
            Self::Slow => {
                bad("takes more rounds to open than any honest store", "copy it anew from the Java it belongs to")
            }
        }
    }
}

/// The certificates of a PKCS12 file that Java trusts. The work is done by a thread of its own: the file says how many
/// rounds it takes.
fn pkcs12(bytes: &[u8], password: &str) -> Result<Vec<CertificateDer<'static>>, NotOpened> {
    if pfx::parts(bytes).is_none_or(|parts| parts.rounds > MOST_ROUNDS) {
        return Err(NotOpened::Slow);
    }
    let (give, opened) = sync_channel(1);
    let (bytes, password) = (bytes.to_vec(), password.to_owned());
    let open = move || drop(give.send(opened_pkcs12(&bytes, &password)));
    let opening = thread::Builder::new().spawn(open).map_err(|_| NotOpened::Slow)?;
    let certificates = opened.recv_timeout(PATIENCE).map_err(|_| NotOpened::Slow)?;
    drop(opening.join()); // it has answered: this waits for nothing, and leaves nothing of it behind
    certificates.ok_or(NotOpened::Password)
}

fn opened_pkcs12(bytes: &[u8], password: &str) -> Option<Vec<CertificateDer<'static>>> {
    let store = KeyStore::from_pkcs12(bytes, password, Pkcs12ImportPolicy::Strict).ok()?;
    let certificate = |entry: &KeyStoreEntry| match entry {
        KeyStoreEntry::Certificate(certificate) => Some(certificate.as_der().to_vec()),
        KeyStoreEntry::PrivateKeyChain(chain) => chain.certs().first().map(|own| own.as_der().to_vec()),
        KeyStoreEntry::Secret(_) => None,
    };
    Some(store.entries().filter_map(|(_, entry)| certificate(entry)).map(CertificateDer::from).collect())
}

/// The version of the Java around a store: what its file `release` says (JEP 223; Java 8 has that file in the folder of
/// the JDK, one above the JRE's), or else what the name of its folder does.
fn version(store: &Path) -> Option<String> {
    let home = store.parent()?.parent()?.parent()?; // lib/security/cacerts
    let told = [Some(home), home.parent()].into_iter().flatten().find_map(|folder| released(&folder.join("release")));
    let named = || home.ancestors().take(2).find_map(|folder| of_folder(&folder.file_name()?.to_string_lossy()));
    told.or_else(named)
}

fn released(file: &Path) -> Option<String> {
    let bytes = files::read(file, LARGEST_RELEASE).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let line = text.lines().find_map(|line| line.trim().strip_prefix("JAVA_VERSION="))?;
    plausible(line.trim().trim_matches('"'))
}

/// The version in the name of a folder, as Java's own installers make it: `jre1.8.0_121`, `jdk-11.0.2`.
fn of_folder(name: &str) -> Option<String> {
    let rest = name.strip_prefix("jre").or_else(|| name.strip_prefix("jdk"))?;
    plausible(rest.trim_start_matches('-'))
}

/// The text, when it can be a version and no more.
fn plausible(text: &str) -> Option<String> {
    let fits = text.starts_with(|first: char| first.is_ascii_digit())
        && text.len() <= LONGEST_VERSION
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c));
    fits.then(|| text.to_owned())
}

/// Every file named `cacerts` below a folder, in the order of their names. Links are not followed.
#[must_use]
pub fn discover(home: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![(home.to_owned(), 0)];
    let mut looked = 0;
    while let Some((folder, depth)) = open.pop() {
        looked += 1;
        if looked > MOST_FOLDERS {
            break;
        }
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < DEEPEST => open.push((entry.path(), depth + 1)),
                Ok(kind) if kind.is_file() && entry.file_name().eq_ignore_ascii_case("cacerts") => {
                    found.push(entry.path());
                }
                _ => {}
            }
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    /// A store made by Java's own keytool, with one certificate.
    fn made_by_keytool(format: &str, password: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let made = rcgen::generate_simple_self_signed(vec!["root.test".to_owned()]).expect("a certificate");
        let pem = folder.path().join("root.pem");
        fs::write(&pem, made.cert.pem()).expect("a file");
        let store = folder.path().join("store");
        let status = Command::new("keytool")
            .args(["-importcert", "-noprompt", "-trustcacerts", "-alias", "root", "-storetype", format])
            .arg("-file")
            .arg(&pem)
            .arg("-keystore")
            .arg(&store)
            .args(["-storepass", password])
            .output()
            .expect("keytool is needed: apt-get install default-jre-headless");
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
        (folder, store)
    }

    #[test]
    fn stores_of_keytool_with_the_right_password_a_wrong_one_and_none() {
        for (format, without) in [("JKS", 1), ("PKCS12", 0)] {
            let (_folder, file) = made_by_keytool(format, "changeit");
            let right = read(&file, Some(&Secret::new("changeit"))).unwrap();
            assert_eq!((right.format, right.roots.len(), right.note), (format, 1, None));
            let none = read(&file, None).unwrap();
            assert_eq!((none.roots.len(), none.default_password), (without, true), "{format}: {:?}", none.note);
            assert_eq!(none.note.is_some(), without == 0);
            let wrong = read(&file, Some(&Secret::new("hunter22"))).unwrap_err().to_string();
            assert!(wrong.contains("password is wrong") && !wrong.contains("hunter22"), "{wrong}");
        }
    }

    #[test]
    fn store_with_an_unknown_password_is_read_with_a_reservation() {
        let (_folder, file) = made_by_keytool("JKS", "something-else");
        let read_anyway = read(&file, None).unwrap();
        assert_eq!(read_anyway.roots.len(), 1);
        assert!(read_anyway.note.is_some());
        let (_folder, file) = made_by_keytool("PKCS12", "something-else");
        let nothing = read(&file, None).unwrap();
        assert_eq!(nothing.roots.len(), 0);
        assert!(nothing.note.is_some_and(|note| note.contains("trustStorePassword")));
    }

    #[test]
    fn jceks_is_no_jks_to_java() {
        let (_folder, file) = made_by_keytool("JCEKS", "changeit");
        let store = read(&file, Some(&Secret::new("changeit"))).unwrap();
        assert_eq!((store.format, store.roots.len()), ("JCEKS", 0));
        assert!(store.note.is_some_and(|note| note.contains("none of its 1 roots")));
    }

    #[test]
    fn certificate_of_a_key_counts_for_java() {
        for format in ["JKS", "PKCS12"] {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let file = folder.path().join("store");
            let made = Command::new("keytool")
                .args(["-genkeypair", "-alias", "own", "-keyalg", "EC", "-dname", "CN=own.test", "-storetype", format])
                .args(["-storepass", "changeit", "-keypass", "changeit", "-keystore"])
                .arg(&file)
                .output()
                .expect("keytool is needed: apt-get install default-jre-headless");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
            assert_eq!(read(&file, Some(&Secret::new("changeit"))).unwrap().roots.len(), 1, "{format}");
        }
    }

    #[test]
    fn rounds_without_end_are_not_begun() {
        let (_folder, file) = made_by_keytool("PKCS12", "changeit");
        let bytes = fs::read(&file).unwrap();
        let parts = pfx::parts(&bytes).expect("a PKCS12 file");
        assert!(parts.encrypted && (1..=MOST_ROUNDS).contains(&parts.rounds), "{parts:?}");
    }

    #[test]
    fn other_files_are_told() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("cacerts");
        assert!(read(&file, None).is_err());
        fs::write(&file, "-----BEGIN CERTIFICATE-----").unwrap();
        assert!(read(&file, None).unwrap_err().to_string().contains("is a PEM file"));
        fs::write(&file, "store").unwrap();
        assert!(read(&file, None).unwrap_err().to_string().contains("neither JKS nor PKCS12"));
        let made = rcgen::generate_simple_self_signed(vec!["root.test".to_owned()]).unwrap();
        fs::write(&file, made.cert.der()).unwrap();
        assert!(read(&file, None).unwrap_err().to_string().contains("single certificate"));
        fs::write(&file, [0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2, 0, 0, 0, 9]).unwrap();
        assert!(read(&file, None).unwrap_err().to_string().contains("damaged"));
        assert!(read(folder.path(), None).unwrap_err().to_string().contains("is a folder"));
        assert_eq!(discover(folder.path()), [file]);
    }

    #[test]
    fn version_of_the_java_around_a_store() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let java = |home: &str, release: Option<(&str, &str)>| {
            let security = folder.path().join(home).join("lib").join("security");
            fs::create_dir_all(&security).expect("a folder");
            if let Some((place, text)) = release {
                fs::write(folder.path().join(place).join("release"), text).expect("a file");
            }
            version(&security.join("cacerts"))
        };
        let eleven = java("a", Some(("a", "IMPLEMENTOR=\"Oracle\"\nJAVA_VERSION=\"11.0.2\"\r\n")));
        assert_eq!(eleven.as_deref(), Some("11.0.2"));
        assert_eq!(java("b/jre", Some(("b", "JAVA_VERSION=\"1.8.0_121\"\n"))).as_deref(), Some("1.8.0_121"));
        assert_eq!(java("jre1.8.0_121", None).as_deref(), Some("1.8.0_121"));
        assert_eq!(java("jdk-11.0.2/jre", None).as_deref(), Some("11.0.2"));
        assert_eq!(java("c", Some(("c", "JAVA_VERSION=\"\u{1b}[2J11\"\n"))), None, "no version");
        assert_eq!(java("d", Some(("d", &"x".repeat(100_000)))), None);
        assert_eq!(java("jrelease", None), None);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let whole = [&[0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2][..], &bytes].concat();
            let _ = jks(&whole);
            let _ = is_intact(&bytes, "x");
            let _ = pfx::parts(&[&[0x30, 0x81, 200][..], &bytes].concat());
        }
    }
}
