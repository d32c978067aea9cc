//! Places in the console of ECE: what they are called in which release, and which of them a document confirms.
//!
//! In: `checks/tables/ece-console.toml`. Out: a [`Console`] that turns the name of a place into what to open.

use super::layer::Layer;
use crate::{
    command::{Effect, Shell, Template},
    finding::Owner,
    table::{At, Document, Mistake, Table, choose, did_you_mean},
};

/// The name of the table below `checks/tables`.
pub const TABLE: &str = "ece-console.toml";

/// All known places, and when an alias must be activated again.
#[derive(Clone, Debug)]
pub struct Console {
    places: Vec<Place>,
    reactivate: Reactivate,
}

/// What one place is called in some releases.
#[derive(Clone, Debug)]
struct Place {
    name: String,
    releases: String,
    path: String,
    confirmed: bool,
}

/// The causes after which ECE may have set an alias to inactive.
#[derive(Clone, Debug)]
struct Reactivate {
    place: String,
    layers: Vec<Layer>,
    owners: Vec<Owner>,
    also: Vec<String>,
    except: Vec<String>,
    note: String,
}

impl Console {
    /// Reads the table.
    ///
    /// # Errors
    /// The first mistake in it.
    pub fn read(document: &Document) -> Result<Self, Mistake> {
        let mut table = document.table()?;
        table.scalar("date")?;
        table.texts("sources")?;
        let places = table.tables("place")?.into_iter().map(read_place).collect::<Result<Vec<_>, _>>()?;
        let Some(reactivate) = table.table("reactivate")? else {
            return Err(table.mistake("no table reactivate", "add [reactivate] with place, layers, owners and note"));
        };
        let console = Self { reactivate: read_reactivate(reactivate)?, places };
        table.close()?;
        Ok(console)
    }

    /// What to open for the place of this name: one for each group of releases that calls it differently.
    ///
    /// # Errors
    /// When no row has this name.
    pub fn open(&self, name: &At<'_, String>) -> Result<Vec<Template>, Mistake> {
        let rows: Vec<Template> = self.rows(&name.value).map(|place| place.template(None)).collect();
        if rows.is_empty() {
            let names: Vec<&str> = self.places.iter().map(|place| place.name.as_str()).collect();
            return Err(name.mistake(format!("no place {}", name.value), did_you_mean(&name.value, &names)));
        }
        Ok(rows)
    }

    /// What is left to do in ECE after this cause is fixed.
    #[must_use]
    pub fn afterwards(&self, code: &str, layer: Layer, owner: Owner) -> Vec<Template> {
        let rule = &self.reactivate;
        let named = |codes: &[String]| codes.iter().any(|known| known == code);
        let applies = named(&rule.also) || (rule.layers.contains(&layer) && rule.owners.contains(&owner));
        if !applies || named(&rule.except) {
            return Vec::new();
        }
        self.rows(&rule.place).map(|place| place.template(Some(&rule.note))).collect()
    }

    fn rows(&self, name: &str) -> impl Iterator<Item = &Place> {
        self.places.iter().filter(move |place| place.name == name)
    }
}

impl Place {
    fn template(&self, before: Option<&str>) -> Template {
        let doubt = if self.confirmed { "" } else { "; from the help of eGain, not confirmed for ECE" };
        let releases = format!("ECE {}{doubt}", self.releases);
        Template {
            note: Some(before.map_or_else(|| releases.clone(), |before| format!("{before} ({releases})"))),
            ..Template::new(Shell::EceConsole, Effect::Change, &self.path)
        }
    }
}

fn read_place(mut table: Table<'_>) -> Result<Place, Mistake> {
    let place = Place {
        name: table.required("name")?.value,
        releases: table.required("releases")?.value,
        path: table.required("path")?.value,
        confirmed: table.bool("confirmed")?.is_some_and(|at| at.value),
    };
    table.close()?;
    Ok(place)
}

fn read_reactivate(mut table: Table<'_>) -> Result<Reactivate, Mistake> {
    let mut chosen = |key: &str| table.texts(key);
    let (layers, owners) = (chosen("layers")?, chosen("owners")?);
    let (also, except) = (chosen("also")?, chosen("except")?);
    let texts = |list: Option<At<'_, Vec<String>>>| list.map_or_else(Vec::new, |at| at.value);
    let rule = Reactivate {
        place: table.required("place")?.value,
        layers: layers.map_or_else(|| Ok(Vec::new()), |at| at.each().iter().map(choose).collect())?,
        owners: owners.map_or_else(|| Ok(Vec::new()), |at| at.each().iter().map(choose).collect())?,
        also: texts(also),
        except: texts(except),
        note: table.required("note")?.value,
    };
    table.close()?;
    Ok(rule)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn place_has_a_path_for_each_group_of_releases_and_no_other_name() {
        let table = include_str!("../../checks/tables/ece-console.toml");
        let console = Console::read(&Document::new("console.toml", table)).unwrap();
        let open = |name: &str| {
            let document = Document::new("x.toml", &format!("place = \"{name}\""));
            console.open(&document.table().unwrap().required("place").unwrap())
        };
        let notes: Vec<Option<String>> = open("external-url").unwrap().into_iter().map(|step| step.note).collect();
        assert_eq!(notes, ["ECE 12.6(1) and later", "ECE 11.5(1) to 12.5(1)"].map(|note| Some(note.to_owned())));
        assert!(open("external-urls").unwrap_err().to_string().contains("external-url"));
    }

    #[test]
    fn alias_is_set_active_again_after_what_ended_the_sign_in_of_ece() {
        let catalogue = Catalogue::built_in();
        for (code, reactivates) in [
            ("client-secret-expired", true),
            ("imap-disabled-for-mailbox", true),   // named beside the layers
            ("smtp-auth-disabled-mailbox", false), // the retriever's sign-in goes on
            ("port-blocked", false),
        ] {
            let commands = &catalogue.cause(code).expect(code).commands;
            let note = |note: &String| note.contains("set the alias to Inactive") && note.contains("(ECE 12.6(1)");
            let is_step =
                commands.iter().any(|step| step.shell == Shell::EceConsole && step.note.as_ref().is_some_and(note));
            assert_eq!(is_step, reactivates, "{code}");
        }
    }
}
