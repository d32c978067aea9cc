//! What a firewall change request needs beside names and ports: which ECE server uses which protocol.
//!
//! In: `checks/tables/firewall.toml`. Out: a [`Firewall`].

use crate::{
    evidence::Protocol,
    table::{Document, Mistake, Table, choose},
};

/// The name of the table below `checks/tables`.
pub const TABLE: &str = "firewall.toml";

/// What ECE's servers use, and the domains that Cisco asks for as a whole.
#[derive(Clone, Debug)]
pub struct Firewall {
    /// Which server uses which protocol.
    pub uses: Vec<Use>,
    /// Domains that are no single host.
    pub wildcards: Vec<Wildcard>,
}

/// One protocol on one of ECE's servers.
#[derive(Clone, Debug)]
pub struct Use {
    /// The protocol.
    pub protocol: Protocol,
    /// The server: `services` or `application`.
    pub role: String,
    /// What is to be said of it beside the purpose of the name and port; empty where nothing is.
    pub note: String,
}

/// A domain that Cisco asks for as a whole.
#[derive(Clone, Debug)]
pub struct Wildcard {
    /// The Microsoft cloud that it belongs to.
    pub cloud: String,
    /// The domain, such as `*.office365.com`.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The protocol.
    pub protocol: Protocol,
    /// The number of its row in Microsoft's list of URLs and IP address ranges.
    pub row: i64,
    /// Why Cisco asks for it.
    pub why: String,
}

impl Firewall {
    /// Reads the table.
    ///
    /// # Errors
    /// The first mistake in it.
    pub fn read(document: &Document) -> Result<Self, Mistake> {
        let mut table = document.table()?;
        table.scalar("date")?;
        table.texts("sources")?;
        let firewall = Self {
            uses: table.tables("use")?.into_iter().map(read_use).collect::<Result<_, _>>()?,
            wildcards: table.tables("wildcard")?.into_iter().map(read_wildcard).collect::<Result<_, _>>()?,
        };
        table.close()?;
        Ok(firewall)
    }
}

fn read_use(mut table: Table<'_>) -> Result<Use, Mistake> {
    let used = Use {
        protocol: choose(&table.required("protocol")?)?,
        role: table.required("role")?.value,
        note: table.text("note")?.map_or_else(String::new, |note| note.value),
    };
    table.close()?;
    Ok(used)
}

fn read_wildcard(mut table: Table<'_>) -> Result<Wildcard, Mistake> {
    let Some(port) = table.int("port")? else {
        return Err(table.mistake("no port", "write port = 443"));
    };
    let range = |_: &i64| ("a port is 1 to 65535".to_owned(), "write port = 443".to_owned());
    let port = port.parse(|port| u16::try_from(*port).ok().filter(|port| *port > 0).ok_or_else(|| range(port)))?;
    let wildcard = Wildcard {
        cloud: table.required("cloud")?.value,
        host: table.required("host")?.value,
        port: port.value,
        protocol: choose(&table.required("protocol")?)?,
        row: table.int("row")?.map_or(0, |row| row.value),
        why: table.required("why")?.value,
    };
    table.close()?;
    Ok(wildcard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_of_a_wildcard_is_1_to_65535() {
        for (port, is_good) in [(0, false), (1, true), (65535, true), (65536, false)] {
            let text = format!(
                "cloud = \"worldwide\"\nhost = \"*.example.com\"\nport = {port}\nprotocol = \"tcp\"\nwhy = \"x\"\n"
            );
            let document = Document::new("firewall.toml", &text);
            assert_eq!(read_wildcard(document.table().unwrap()).is_ok(), is_good, "{port}");
        }
    }
}
