//! What stands in one of Microsoft's clouds where a text names something of the worldwide one: all texts are written for
//! that one, and hosts, portals and ways to connect differ in the others.
//!
//! In: `checks/tables/clouds.toml`. Out: a [`Wording`], which goes over a text before the values of the site are in it. Pure.

use super::tables::{Cloud, Clouds};
use crate::{command::Wording, evidence::Protocol};

/// The cloud for which all texts are written.
const WORLDWIDE: &str = "worldwide";

/// The wording of a cloud; that of the worldwide one where it is not known.
#[must_use]
pub fn of(clouds: &Clouds, id: &str) -> Wording {
    let (Some(usual), Some(cloud)) = (clouds.named(WORLDWIDE), clouds.named(id)) else { return Wording::default() };
    let pairs = names(usual).into_iter().zip(names(cloud));
    let known = pairs.filter_map(|(usual, own)| Some((usual?, own?)));
    Wording { pairs: known.filter(|(usual, own)| usual != own).collect() }
}

/// What differs from cloud to cloud, a longer name before the one that begins it.
fn names(cloud: &Cloud) -> Vec<Option<String>> {
    let host = |protocol| {
        let mut of_protocol = cloud.endpoints.iter().filter(|endpoint| endpoint.protocol == protocol);
        of_protocol.next().map(|endpoint| endpoint.host.clone())
    };
    let resource = cloud.scopes.trim_start_matches("https://").trim_end_matches('/');
    let some = |name: &str| Some(name.to_owned());
    let mut names = vec![
        some(&cloud.application_scope),
        some(resource),
        host(Protocol::Smtp),
        host(Protocol::Imap),
        some(&cloud.login),
        some(&cloud.graph),
        some(&cloud.portal),
    ];
    names.extend(cloud.admin.clone());
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    fn said(cloud: &str, text: &str) -> String {
        of(&Catalogue::built_in().tables.clouds, cloud).text(text).into_owned()
    }

    #[test]
    fn names_are_those_of_the_cloud() {
        let text = "Connect-ExchangeOnline; https://entra.microsoft.com > Users; https://outlook.office365.com/.default; \
                    https://outlook.office.com/SMTP.Send; outlook.office365.com:993; Connect-MgGraph -Scopes A";
        assert_eq!(said("worldwide", text), text);
        assert_eq!(said("nowhere", text), text);
        let dod = "Connect-ExchangeOnline -ExchangeEnvironmentName O365USGovDoD; https://entra.microsoft.us > Users; \
                   https://outlook-dod.office365.us/.default; https://outlook.office365.us/SMTP.Send; \
                   outlook-dod.office365.us:993; Connect-MgGraph -Environment USGovDoD -Scopes A";
        assert_eq!(said("dod", text), dod);
        let china = said("china", text);
        for name in ["O365China;", "https://entra.microsoftonline.cn >", "https://partner.outlook.cn/SMTP.Send"] {
            assert!(china.contains(name), "{china}");
        }
    }

    #[test]
    fn no_text_of_a_cause_names_another_cloud() {
        let catalogue = Catalogue::built_in();
        let worldwide = catalogue.tables.clouds.named(WORLDWIDE).expect("the cloud");
        for cloud in catalogue.tables.clouds.clouds.iter().filter(|cloud| cloud.id != WORLDWIDE) {
            let wording = of(&catalogue.tables.clouds, &cloud.id);
            for cause in &catalogue.causes {
                let texts = cause.commands.iter().map(|command| &command.text).chain([&cause.title, &cause.fix]);
                for text in texts {
                    let own = wording.text(text);
                    let names = names(worldwide).into_iter().flatten().filter(|name| name.contains('.'));
                    let foreign: Vec<String> = names.filter(|name| own.contains(name.as_str())).collect();
                    assert!(foreign.is_empty(), "{} of {}: {foreign:?} in {own}", cause.code, cloud.id);
                }
            }
        }
    }
}
