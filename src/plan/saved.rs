//! What a plan was made from, to and from the form that a report keeps.
//!
//! In: the site, what the user chose, the overrides. Out: a [`SavedSite`]; and back again.

use std::time::Duration;

use super::{Selection, Site};
use crate::{
    catalogue::tables::Tables,
    deployment::{Cloud, Deployment, Role},
    evidence::{SavedConnectTo, SavedProxy, SavedResolve, SavedSite},
    import::rules::Exported,
    net::{ConnectOverrides, ConnectTo, Proxy, Resolve, proxy::ProxyKind},
};

/// What a plan is made from.
#[derive(Debug)]
pub struct Basis {
    /// The site.
    pub site: Site,
    /// What the user chose.
    pub selection: Selection,
    /// The overrides, without the password of a proxy.
    pub overrides: ConnectOverrides,
}

/// The form that a report keeps.
#[must_use]
pub fn save(site: &Site, selection: &Selection, overrides: &ConnectOverrides) -> SavedSite {
    SavedSite {
        file: site.deployment.file.clone(),
        role: site.role.word().to_owned(),
        cloud: site.cloud.word().to_owned(),
        java: site.java,
        send_mail_ms: site.send_mail.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        only: selection.only.clone(),
        skip: selection.skip.clone(),
        pre_install: selection.pre_install,
        sample: selection.sample,
        evidence: site.exported.iter().map(Exported::saved).collect(),
        resolve: overrides.resolve.iter().map(save_resolve).collect(),
        connect_to: overrides.connect_to.iter().map(save_connect_to).collect(),
        proxy: overrides.proxy.as_ref().map(|proxy| SavedProxy {
            host: proxy.host.clone(),
            port: proxy.port,
            socks5: proxy.kind == ProxyKind::Socks5,
            learned_from: proxy.learnt_from.clone(),
            not_for: proxy.not_for.clone(),
        }),
    }
}

fn save_resolve(rule: &Resolve) -> SavedResolve {
    SavedResolve { host: rule.host.clone(), port: rule.port, addresses: rule.addresses.clone() }
}

fn save_connect_to(rule: &ConnectTo) -> SavedConnectTo {
    let (to_host, to_port) = (rule.to_host.clone(), rule.to_port);
    SavedConnectTo { host: rule.host.clone(), port: rule.port, to_host, to_port }
}

/// What the plan of a report was made from.
///
/// # Errors
/// In words, when this version does not understand what the report keeps.
pub fn restore(saved: &SavedSite, tables: &Tables) -> Result<Basis, String> {
    let deployment =
        Deployment::parse_sample("the site in the report", &saved.file).map_err(|wrong| wrong.to_string())?;
    let (cloud, role): (Cloud, Role) = (saved.cloud.parse()?, saved.role.parse()?);
    let site = Site::of(&deployment, tables, cloud, role);
    let send_mail = saved.send_mail_ms.map(Duration::from_millis);
    let exported = saved.evidence.iter().filter_map(Exported::restored).collect();
    let (only, skip) = (saved.only.clone(), saved.skip.clone());
    Ok(Basis {
        site: Site { java: saved.java, send_mail, exported, ..site },
        selection: Selection { only, skip, pre_install: saved.pre_install, sample: saved.sample },
        overrides: ConnectOverrides {
            resolve: saved.resolve.iter().map(restore_resolve).collect(),
            connect_to: saved.connect_to.iter().map(restore_connect_to).collect(),
            proxy: saved.proxy.as_ref().map(|proxy| Proxy {
                host: proxy.host.clone(),
                port: proxy.port,
                kind: if proxy.socks5 { ProxyKind::Socks5 } else { ProxyKind::Http },
                learnt_from: proxy.learned_from.clone(),
                credentials: None,
                not_for: proxy.not_for.clone(),
            }),
            only_mapped: true, // nothing is dialed when a report is judged again
        },
    })
}

fn restore_resolve(rule: &SavedResolve) -> Resolve {
    Resolve { host: rule.host.clone(), port: rule.port, addresses: rule.addresses.clone() }
}

fn restore_connect_to(rule: &SavedConnectTo) -> ConnectTo {
    let (to_host, to_port) = (rule.to_host.clone(), rule.to_port);
    ConnectTo { host: rule.host.clone(), port: rule.port, to_host, to_port }
}
