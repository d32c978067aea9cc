//! The flags that say where and how to look; `run` and `plan` share them.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::Args;
use tokio::{sync::watch, time::Instant};

use super::{Trouble, catalogue, option};
use crate::{
    catalogue::Catalogue,
    deployment::{Cloud, Deployment, Role},
    lab::Lab,
    net::{ConnectTo, Family, Limits, Network, Resolve, Roads, dns::Resolver, tls::Trust},
    plan::{Selection, Site},
};

/// The user's file, when none is named and it is there.
const DEFAULT_FILE: &str = "ece-check.toml";

#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct Arguments {
    /// The file that describes this site [default: ece-check.toml when it is there]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The role of this server in ECE: services, application or all
    #[arg(long, value_parser = role)]
    role: Option<Role>,
    /// The Microsoft cloud: worldwide, gcc-high, dod or china
    #[arg(long, value_parser = cloud)]
    cloud: Option<Cloud>,
    /// Only what makes sense before ECE is installed
    #[arg(long)]
    pre_install: bool,
    /// Only these checks or sections, and what they need
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    only: Vec<String>,
    /// Leave these checks or sections out
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    skip: Vec<String>,
    #[command(flatten)]
    pub reach: Reach,
    #[command(flatten)]
    pub catalogue: catalogue::Arguments,
}

/// The flags that say how the network is used; every command has them that opens a connection.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct Reach {
    /// Use this address for a name and port, as curl does
    #[arg(long, value_name = "HOST:PORT:ADDR", value_parser = option::resolve)]
    resolve: Vec<Resolve>,
    /// Connect to another place in its stead, as curl does
    #[arg(long, value_name = "HOST:PORT:HOST2:PORT2", value_parser = option::connect_to)]
    connect_to: Vec<ConnectTo>,
    /// Ask this resolver, not the system's
    #[arg(long, value_name = "ADDR[:PORT]", value_parser = option::dns_server)]
    dns_server: Vec<SocketAddr>,
    /// IPv4 only
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// IPv6 only
    #[arg(short = '6', long)]
    ipv6: bool,
    /// Trust the certificates in this PEM file too
    #[arg(long, value_name = "PEM")]
    ca_file: Vec<PathBuf>,
}

fn role(text: &str) -> Result<Role, String> {
    text.parse()
}

pub fn cloud(text: &str) -> Result<Cloud, String> {
    text.parse()
}

impl Arguments {
    /// The user's file, the lab's own, or nothing.
    ///
    /// # Errors
    /// The first mistake in the file.
    pub fn deployment(&self, lab: Option<&Lab>) -> Result<Deployment, Trouble> {
        Ok(match (&self.config, lab) {
            (Some(file), None) => Deployment::read(file)?,
            (Some(file), Some(_)) => Deployment::read_sample(file)?,
            (None, Some(lab)) => Deployment::parse_sample("the lab's own file", lab.deployment())?,
            (None, None) if Path::new(DEFAULT_FILE).exists() => Deployment::read(Path::new(DEFAULT_FILE))?,
            (None, None) => Deployment::default(),
        })
    }

    /// The role of this server: the flag's, the file's, or both roles.
    pub fn role(&self, deployment: &Deployment) -> Role {
        self.role.or(deployment.ece.role).unwrap_or(Role::All)
    }

    /// The Microsoft cloud: the flag's, the file's, or the worldwide one.
    pub fn cloud(&self, deployment: &Deployment) -> Cloud {
        self.cloud.or(deployment.entra.cloud).unwrap_or(Cloud::Worldwide)
    }

    /// What the plan needs to know of the site.
    pub fn site(&self, deployment: &Deployment, catalogue: &Catalogue) -> Site {
        Site::of(deployment, &catalogue.tables, self.cloud(deployment), self.role(deployment))
    }

    /// What the user chose.
    pub fn selection(&self) -> Selection {
        Selection { only: self.only.clone(), skip: self.skip.clone(), pre_install: self.pre_install }
    }
}

impl Reach {
    /// The overrides, with those of the lab behind the user's own.
    pub fn roads(&self, lab: Option<&Lab>) -> Roads {
        let of_lab = lab.into_iter().flat_map(Lab::connections).map(|connection| ConnectTo {
            host: connection.address.ip().to_string(),
            port: connection.address.port(),
            to_host: connection.to.ip().to_string(),
            to_port: connection.to.port(),
        });
        Roads {
            resolve: self.resolve.clone(),
            connect_to: self.connect_to.iter().cloned().chain(of_lab).collect(),
            only_mapped: lab.is_some(),
        }
    }

    pub fn family(&self) -> Family {
        match (self.ipv4, self.ipv6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Both,
        }
    }

    /// The resolvers that will be asked; reads the system's settings and asks nobody.
    pub fn resolver(&self, lab: Option<&Lab>) -> Resolver {
        match lab {
            _ if !self.dns_server.is_empty() => Resolver::with_servers(self.dns_server.clone()),
            Some(lab) => Resolver::with_servers(vec![lab.dns_server()]),
            None => Resolver::system(),
        }
    }

    /// The network as the user wants it used.
    ///
    /// # Errors
    /// When the file of `--ca-file` cannot be read.
    pub fn network(&self, lab: Option<&Lab>, limits: Limits) -> Result<Network, Trouble> {
        let trust = match lab {
            Some(lab) => Trust::of_pem(lab.ca_pem()).with_ca_files(&self.ca_file)?,
            None => Trust::load(&self.ca_file)?,
        };
        Ok(Network {
            resolver: Arc::new(self.resolver(lab)),
            roads: self.roads(lab),
            family: self.family(),
            trust: Arc::new(trust),
            limits,
        })
    }
}

/// Limits that begin now, and what ends them early.
pub fn limits(step: Duration, deadline: Duration) -> (Limits, watch::Sender<bool>) {
    let (stop, stopped) = watch::channel(false);
    (Limits::new(step, Instant::now() + deadline, stopped), stop)
}
