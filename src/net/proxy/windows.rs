//! The proxy that Windows has stored: for the machine (`WinHTTP`, as `netsh winhttp show proxy` prints it) and for this
//! user (Internet settings). A script that chooses the proxy (PAC) is named and never fetched or run.
//!
//! In: values of the registry ([`Stored`]). Out: a [`Proxy`] and the address of the script. `WinHTTP` goes first: it is
//! what services of this machine use, the other is what this user's browser does.

use super::Proxy;

/// A longer setting is none.
const LONGEST: usize = 4096;
/// The longest address of a script that is told, in characters.
const LONGEST_ADDRESS: usize = 300;

/// What the registry has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// `WinHttpSettings` of the machine.
    pub winhttp: Option<Vec<u8>>,
    /// `ProxyEnable` of the user.
    pub enabled: bool,
    /// `ProxyServer` of the user: one server, or one for each scheme.
    pub server: String,
    /// `ProxyOverride` of the user: names that are reached without it.
    pub bypass: String,
    /// `AutoConfigURL` of the user.
    pub script: Option<String>,
}

impl Stored {
    /// The proxy for web services; none when none is set, or what is set is no HTTP proxy.
    #[must_use]
    pub fn proxy(&self) -> Option<Proxy> {
        self.of_winhttp().or_else(|| self.of_user())
    }

    /// The address of the script that chooses a proxy, without user and password.
    #[must_use]
    pub fn script(&self) -> Option<String> {
        let script = self.script.as_deref().map(str::trim).filter(|script| !script.is_empty())?;
        let told = match url::Url::parse(script) {
            Ok(mut url) => {
                let _ = url.set_username("");
                let _ = url.set_password(None);
                url.to_string()
            }
            Err(_) => "an invalid address".to_owned(),
        };
        Some(told.chars().take(LONGEST_ADDRESS).collect())
    }

    fn of_winhttp(&self) -> Option<Proxy> {
        let (server, bypass) = winhttp(self.winhttp.as_deref()?)?;
        read(&server, &bypass, "Windows, WinHTTP")
    }

    fn of_user(&self) -> Option<Proxy> {
        if self.enabled { read(&self.server, &self.bypass, "Windows, Internet settings") } else { None }
    }
}

/// Server and exceptions of `WinHttpSettings`: four bytes each of magic number (0x18), zero and flags (2: a proxy), then
/// both texts, each behind its length. Not documented by Microsoft; Wine's `WinHttpGetDefaultProxyConfiguration` reads it
/// so.
fn winhttp(bytes: &[u8]) -> Option<(String, String)> {
    const MAGIC: u32 = 0x18;
    const HAS_PROXY: u32 = 2;
    let mut rest = bytes;
    let header = (number(&mut rest)?, number(&mut rest)?, number(&mut rest)?);
    let (MAGIC, 0, flags) = header else { return None };
    if flags & HAS_PROXY == 0 {
        return None;
    }
    Some((text(&mut rest)?, text(&mut rest).unwrap_or_default()))
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (first, behind) = rest.split_first_chunk::<4>()?;
    *rest = behind;
    Some(u32::from_le_bytes(*first))
}

fn text(rest: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(number(rest)?).ok().filter(|length| *length <= LONGEST)?;
    let (text, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(String::from_utf8_lossy(text).into_owned())
}

/// One server for all (`proxy:8080`), or one for each scheme (`http=a:80;https=b:8080`).
fn read(server: &str, bypass: &str, learnt_from: &str) -> Option<Proxy> {
    let parts = |text: &str| -> Vec<String> {
        let text: String = text.chars().take(LONGEST).collect();
        text.split([';', ' ']).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let servers = parts(server);
    let of_https = servers.iter().find_map(|server| server.strip_prefix("https="));
    let setting = of_https.or_else(|| servers.iter().find(|server| !server.contains('=')).map(String::as_str))?;
    let names = parts(bypass).into_iter().filter(|name| name != "<-loopback>");
    let not_for = names.map(|name| name.trim_start_matches('*').to_owned()).filter(|name| !name.is_empty()).collect();
    Some(Proxy { not_for, ..Proxy::read(setting, learnt_from).ok()? })
}

/// What Windows has stored. Where the policy "proxy settings per machine" is on (`ProxySettingsPerUser` is 0), the
/// machine's Internet settings stand in for the user's.
#[cfg(windows)]
#[must_use]
pub fn stored() -> Stored {
    use windows_registry::{CURRENT_USER, LOCAL_MACHINE};
    const SETTINGS: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Internet Settings";
    const POLICY: &str = r"SOFTWARE\Policies\Microsoft\Windows\CurrentVersion\Internet Settings";
    let connections = LOCAL_MACHINE.open(format!("{SETTINGS}\\Connections"));
    let winhttp = connections.and_then(|key| key.get_value("WinHttpSettings")).map(|value| value.to_vec()).ok();
    let per_user = LOCAL_MACHINE.open(POLICY).and_then(|key| key.get_u32("ProxySettingsPerUser")) != Ok(0);
    let Ok(user) = if per_user { CURRENT_USER } else { LOCAL_MACHINE }.open(SETTINGS) else {
        return Stored { winhttp, ..Stored::default() };
    };
    Stored {
        winhttp,
        enabled: user.get_u32("ProxyEnable").is_ok_and(|enabled| enabled != 0),
        server: user.get_string("ProxyServer").unwrap_or_default(),
        bypass: user.get_string("ProxyOverride").unwrap_or_default(),
        script: user.get_string("AutoConfigURL").ok(),
    }
}

/// There is no registry here.
#[cfg(not(windows))]
#[must_use]
pub fn stored() -> Stored {
    Stored::default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `netsh winhttp set proxy` writes this.
    fn blob(flags: u32, server: &str, bypass: &str) -> Vec<u8> {
        let numbers = [0x18_u32, 0, flags].into_iter().flat_map(u32::to_le_bytes);
        let text = |text: &str| [&u32::try_from(text.len()).unwrap().to_le_bytes()[..], text.as_bytes()].concat();
        numbers.chain(text(server)).chain(text(bypass)).collect()
    }

    fn machine(bytes: Vec<u8>) -> Option<Proxy> {
        Stored { winhttp: Some(bytes), ..Stored::default() }.proxy()
    }

    #[test]
    fn the_machines_proxy() {
        let proxy = machine(blob(3, "proxy.test:8080", "*.inside.test;<local>")).unwrap();
        assert_eq!((proxy.to_string().as_str(), proxy.learnt_from.as_str()), ("proxy.test:8080", "Windows, WinHTTP"));
        assert!(!proxy.is_for("a.inside.test") && proxy.is_for("login.microsoftonline.com"));
        assert!(!proxy.is_for("intranet"), "<local> means names without a dot");
        let proxy = machine(blob(3, "proxy.test:8080", "10.*;192.168.*;ece*.test")).unwrap();
        assert!(["10.1.2.3", "192.168.0.1", "ece7.test"].iter().all(|host| !proxy.is_for(host)));
        assert!(["110.1.2.3", "172.16.0.1", "intranet", "ece7.test.other"].iter().all(|host| proxy.is_for(host)));
        assert_eq!(machine(blob(1, "", "")), None, "direct");
    }

    #[test]
    fn damaged_settings_of_the_machine_are_none() {
        let whole = blob(3, "proxy.test:8080", "<local>");
        for end in 0..31 {
            assert_eq!(machine(whole[..end].to_vec()), None, "cut at {end}");
        }
        let mut endless = whole.clone();
        endless[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(machine(endless), None);
        let mut other = whole;
        other[0] = 0x46;
        assert_eq!(machine(other), None);
        assert_eq!(machine(blob(3, "socks=proxy.test:1080", "")), None);
    }

    #[test]
    fn the_users_proxy() {
        let stored = Stored {
            enabled: true,
            server: "http=a.test:80;https=p.test:8080".to_owned(),
            bypass: "*.inside.test;<local>".to_owned(),
            ..Stored::default()
        };
        let proxy = stored.proxy().unwrap();
        assert_eq!(proxy.route().to_string(), "proxy p.test:8080 (Windows, Internet settings)");
        assert!(!proxy.is_for("a.inside.test"));
        assert_eq!(Stored { enabled: false, ..stored.clone() }.proxy(), None);
        let machine = Stored { winhttp: Some(blob(3, "m.test:80", "")), ..stored };
        assert_eq!(machine.proxy().unwrap().host, "m.test", "the machine's goes first");
    }

    #[test]
    fn script_is_named_without_its_password() {
        let script = |text: &str| Stored { script: Some(text.to_owned()), ..Stored::default() }.script();
        assert_eq!(script("http://u:hunter2@wpad.test/wpad.dat").as_deref(), Some("http://wpad.test/wpad.dat"));
        assert_eq!(script(" "), None);
        assert_eq!(script("hunter2").as_deref(), Some("an invalid address"));
        assert!(script(&format!("http://a.test/{}", "x".repeat(9_000))).unwrap().len() <= LONGEST_ADDRESS);
    }
}
