//! The name of this program as it was called, for commands that people paste: what they typed once works again.

use std::path::Path;

/// How this program is called from here, such as `./ece-check` or `.\ece-check.exe`.
#[must_use]
pub fn name() -> String {
    let typed = std::env::args_os().next().unwrap_or_default();
    let here = std::env::current_dir().unwrap_or_default();
    shown(&typed.to_string_lossy(), &here.to_string_lossy(), cfg!(windows))
}

/// `PowerShell` and `cmd` look only in `PATH` for a bare name, and `PowerShell` hands the whole path to the program: below
/// the current folder the short way is shown. A path with spaces is quoted for the shell of the system.
fn shown(typed: &str, here: &str, windows: bool) -> String {
    const USUAL: &str = "ece-check";
    if typed.is_empty() || typed.contains(char::is_control) {
        return USUAL.to_owned();
    }
    let (separator, quoted) = if windows { ('\\', "& '") } else { ('/', "'") };
    let below = typed.strip_prefix(here).and_then(|rest| rest.strip_prefix(separator)).filter(|_| !here.is_empty());
    let path = match below {
        Some(rest) => format!(".{separator}{rest}"),
        None => typed.to_owned(),
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./\\:~+".contains(c);
    match () {
        () if path.chars().all(|c| is_plain(c) && (windows || c != '\\')) => path,
        () if path.contains('\'') => Path::new(USUAL).display().to_string(), // no quoting that every shell reads alike
        () => format!("{quoted}{path}'"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_what_was_typed_or_its_short_way() {
        for (typed, here, windows, expected) in [
            ("ece-check", "/opt", false, "ece-check"),
            ("./ece-check", "/opt", false, "./ece-check"),
            ("/opt/tools/ece-check", "/opt", false, "./tools/ece-check"),
            ("/opt/ece-check", "/home", false, "/opt/ece-check"),
            ("/opt/my tools/ece-check", "/home", false, "'/opt/my tools/ece-check'"),
            ("/opt/it's/ece-check", "/home", false, "ece-check"),
            ("C:\\Tools\\ece-check.exe", "C:\\Tools", true, ".\\ece-check.exe"),
            ("C:\\My Tools\\ece-check.exe", "D:\\", true, "& 'C:\\My Tools\\ece-check.exe'"),
            ("ece-check.exe", "C:\\Tools", true, "ece-check.exe"),
            ("", "/opt", false, "ece-check"),
            ("ece\u{1b}[2J", "/opt", false, "ece-check"),
            ("$(calc)", "/opt", false, "'$(calc)'"),
        ] {
            assert_eq!(shown(typed, here, windows), expected, "{typed}");
        }
    }
}
