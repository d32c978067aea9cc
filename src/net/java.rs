//! Java's trust stores: the ones that decide for ECE, whatever Windows trusts.
//!
//! In: a file in the formats JKS or PKCS12 (`cacerts` is one of the two) and perhaps a password. Out: its roots, and the
//! version of the Java around it. JKS is
//! read here: certificates stand in it in clear, and the password only guards against change, by a SHA-1 digest over
//! password, a fixed phrase and the content (`sun.security.provider.JavaKeyStore`). PKCS12 is read by a library.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use p12_keystore::{KeyStore, KeyStoreEntry, Pkcs12ImportPolicy};
use ring::digest;
use rustls::pki_types::CertificateDer;

use crate::secret::Secret;

/// The password that Java gives its own store, and that hardly anybody changes.
pub const DEFAULT_PASSWORD: &str = "changeit";
/// A larger file is no trust store.
const LARGEST: u64 = 32 * 1024 * 1024;
/// A store with more entries is none of Java's.
const MOST_ENTRIES: u32 = 20_000;
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
    /// `JKS` or `PKCS12`.
    pub format: &'static str,
    /// The version of the Java that it belongs to, such as `1.8.0_121` or `11.0.2`, where that can be told.
    pub version: Option<String>,
    /// The certificates that it trusts.
    pub roots: Vec<CertificateDer<'static>>,
    /// True when it opens with Java's own default password.
    pub default_password: bool,
    /// A reservation: the integrity could not be checked, for want of the password.
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

/// Reads a store. Without a password Java's own default is tried, then none.
///
/// # Errors
/// When the file cannot be read, is no store, or the password that was given is wrong.
pub fn read(file: &Path, password: Option<&Secret>) -> Result<Store, BadStore> {
    let bad = |why: &str, right: &str| BadStore { file: file.to_owned(), why: why.to_owned(), right: right.to_owned() };
    let bytes = bytes(file).map_err(|error| bad(&error.to_string(), "name a JKS or PKCS12 file, such as cacerts"))?;
    let store = |format, roots, note| {
        let default_password = opens(format, &bytes, DEFAULT_PASSWORD);
        Store { file: file.to_owned(), format, version: version(file), roots, default_password, note }
    };
    let wrong = || bad("the password is wrong", "give the store's password; Java's own default is changeit");
    match bytes.get(..4) {
        Some([0xFE, 0xED, 0xFE, 0xED] | [0xCE, 0xCE, 0xCE, 0xCE]) => {
            let roots =
                jks(&bytes).ok_or_else(|| bad("is damaged: it ends in the middle of an entry", "copy it anew"))?;
            let fits = |password: &str| is_intact(&bytes, password);
            match password {
                Some(password) if fits(password.expose()) => Ok(store("JKS", roots, None)),
                Some(_) => Err(wrong()),
                None if fits(DEFAULT_PASSWORD) => Ok(store("JKS", roots, None)),
                None => {
                    Ok(store("JKS", roots, Some("its password is not known, so it may have been changed".to_owned())))
                }
            }
        }
        Some([0x30, ..]) => {
            let tried = password.map_or_else(|| vec![DEFAULT_PASSWORD, ""], |password| vec![password.expose()]);
            let opened = tried.into_iter().find_map(|password| pkcs12(&bytes, password));
            opened.map(|roots| store("PKCS12", roots, None)).ok_or_else(wrong)
        }
        _ => Err(bad("is neither JKS nor PKCS12", "name a Java trust store, such as cacerts")),
    }
}

fn opens(format: &str, bytes: &[u8], password: &str) -> bool {
    if format == "JKS" { is_intact(bytes, password) } else { pkcs12(bytes, password).is_some() }
}

fn bytes(file: &Path) -> io::Result<Vec<u8>> {
    let about = fs::metadata(file)?;
    if about.is_dir() {
        return Err(io::Error::other("is a folder"));
    }
    if about.len() > LARGEST {
        return Err(io::Error::other(format!("has {} bytes: too many for a trust store", about.len())));
    }
    fs::read(file)
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
                for _ in 0..rest.number()? {
                    rest.certificate(version)?;
                }
            }
            TRUSTED => roots.push(rest.certificate(version)?),
            _ => return None,
        }
    }
    Some(roots)
}

const PRIVATE_KEY: u32 = 1;
const TRUSTED: u32 = 2;

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

/// The trusted certificates of a PKCS12 file; none when the password does not fit.
fn pkcs12(bytes: &[u8], password: &str) -> Option<Vec<CertificateDer<'static>>> {
    let store = KeyStore::from_pkcs12(bytes, password, Pkcs12ImportPolicy::Strict).ok()?;
    let certificate = |entry: &KeyStoreEntry| match entry {
        KeyStoreEntry::Certificate(certificate) => Some(CertificateDer::from(certificate.as_der().to_vec())),
        _ => None,
    };
    Some(store.entries().filter_map(|(_, entry)| certificate(entry)).collect())
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
    let about = fs::metadata(file).ok().filter(|about| about.is_file() && about.len() < LARGEST_RELEASE)?;
    let mut text = String::new();
    fs::File::open(file).ok()?.take(about.len()).read_to_string(&mut text).ok()?;
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
        for format in ["JKS", "PKCS12"] {
            let (_folder, file) = made_by_keytool(format, "changeit");
            let right = read(&file, Some(&Secret::new("changeit"))).unwrap();
            assert_eq!((right.format, right.roots.len(), right.note), (format, 1, None));
            assert_eq!(read(&file, None).unwrap().roots.len(), 1);
            let wrong = read(&file, Some(&Secret::new("hunter22"))).unwrap_err().to_string();
            assert!(wrong.contains("password is wrong") && !wrong.contains("hunter22"), "{wrong}");
        }
    }

    #[test]
    fn jks_with_an_unknown_password_is_read_with_a_reservation_and_pkcs12_is_not() {
        let (_folder, file) = made_by_keytool("JKS", "something-else");
        let read_anyway = read(&file, None).unwrap();
        assert_eq!(read_anyway.roots.len(), 1);
        assert!(read_anyway.note.is_some());
        let (_folder, file) = made_by_keytool("PKCS12", "something-else");
        assert!(read(&file, None).is_err());
    }

    #[test]
    fn other_files_are_told() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("cacerts");
        assert!(read(&file, None).is_err());
        fs::write(&file, "-----BEGIN CERTIFICATE-----").unwrap();
        assert!(read(&file, None).unwrap_err().to_string().contains("neither JKS nor PKCS12"));
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
        }
    }
}
