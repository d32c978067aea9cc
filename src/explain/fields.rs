//! The fields of a line of a log, in the form of any maker.
//!
//! In: a line. Out: its pairs `name=value`, `name="value"`, `name:value` and `"name":"value"`, however they are separated.

/// So many signs of a line are looked at.
const MOST_SIGNS: usize = 200;

/// The fields of one line, in their order.
pub struct Fields<'l>(Vec<(&'l str, &'l str)>);

impl<'l> Fields<'l> {
    /// Reads a line.
    #[must_use]
    pub fn of(line: &'l str) -> Self {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let signs = line.match_indices(['=', ':']).take(MOST_SIGNS);
        let pairs = signs.filter_map(|(at, _)| {
            let name = line[..at].trim_end_matches('"').rsplit(|c| !is_name(c)).next().unwrap_or_default();
            let rest = line[at + 1..].trim_start_matches(['"', '\'', ' ']);
            let end = rest.find(['"', '\'', ' ', ',', ';', '|', ']', '}']).unwrap_or(rest.len());
            (!name.is_empty() && end > 0).then_some((name, &rest[..end]))
        });
        Self(pairs.collect())
    }

    /// The value of the first field that has one of these names.
    #[must_use]
    pub fn value(&self, names: &[&str]) -> Option<&'l str> {
        self.0.iter().find(|(name, _)| names.contains(name)).map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_the_form_of_each_maker() {
        for line in [
            "a dst=52.97.1.2 b",
            "a=1,dst=\"52.97.1.2\"",
            "{\"a\":1,\"dst\": \"52.97.1.2\"}",
            "[x dst:52.97.1.2]",
            "a|dst=52.97.1.2|b",
        ] {
            assert_eq!(Fields::of(line).value(&["dst"]), Some("52.97.1.2"), "{line}");
        }
        for line in ["", "srcdst=1", "dst=", "x_dst=1", "dst 52.97.1.2"] {
            assert_eq!(Fields::of(line).value(&["dst"]), None, "{line}");
        }
        assert_eq!(Fields::of("act=1 action=2").value(&["action", "act"]), Some("1"));
    }
}
