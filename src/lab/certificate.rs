//! Certificates, with authorities that are made anew at each start.
//!
//! In: the names of a host and what a fault says of its certificate. Out: what rustls shows. All keys are ECDSA P-256,
//! whatever the names of the authorities say: making RSA keys would take seconds.

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};

use super::{
    fault::{self, Authority, Chain, Tls},
    hosts::Host,
};

/// The authorities of one lab, and the key that all its servers share.
pub(super) struct CertificateAuthority {
    provider: Arc<CryptoProvider>,
    authorities: BTreeMap<Authority, Signer>,
    server_key: KeyPair,
}

struct Signer {
    root: rcgen::Certificate,
    root_issuer: Issuer<'static, KeyPair>,
    intermediate: Option<Intermediate>,
}

struct Intermediate {
    params: CertificateParams,
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl CertificateAuthority {
    /// Makes the keys. Authorities besides the two healthy ones are made when a certificate asks for them.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn open() -> Result<Self, rcgen::Error> {
        let mut authority = Self {
            provider: Arc::new(ring::default_provider()),
            authorities: BTreeMap::new(),
            server_key: KeyPair::generate()?,
        };
        authority.found(Authority::Microsoft)?;
        authority.found(Authority::Digicert)?;
        Ok(authority)
    }

    /// The roots to trust, as PEM.
    pub fn trusted(&self) -> String {
        self.authorities.iter().filter(|(name, _)| is_trusted(**name)).map(|(_, signer)| signer.root.pem()).collect()
    }

    /// What a server shows and how it speaks TLS. `place` is that of its address among the name's addresses: servers
    /// with odd and even places show different certificates, as a service that changes its authority does.
    ///
    /// # Errors
    /// When the description cannot be made into a certificate.
    pub fn server(
        &mut self,
        host: &Host,
        index: usize,
        wrong: Option<&fault::Certificate>,
        tls: &Tls,
    ) -> Result<Arc<ServerConfig>, Box<dyn std::error::Error + Send + Sync>> {
        let healthy = fault::Certificate::default();
        let chain = self.issue(host, index, wrong.unwrap_or(&healthy))?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.server_key.serialize_der()));
        let config =
            ServerConfig::builder_with_provider(self.provider.clone()).with_safe_default_protocol_versions()?;
        let config = if tls.client_certificate {
            config.with_client_cert_verifier(self.verifier()?)
        } else {
            config.with_no_client_auth()
        };
        Ok(Arc::new(config.with_single_cert(chain, key)?))
    }

    fn verifier(
        &self,
    ) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>, Box<dyn std::error::Error + Send + Sync>> {
        let mut roots = RootCertStore::empty();
        for signer in self.authorities.values() {
            roots.add(signer.root.der().clone())?;
        }
        Ok(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), self.provider.clone()).build()?)
    }

    fn issue(
        &mut self,
        host: &Host,
        index: usize,
        wish: &fault::Certificate,
    ) -> Result<Vec<CertificateDer<'static>>, rcgen::Error> {
        let authority = wish.issuer.unwrap_or(usual_authority(host, index));
        let params = leaf(host, index, wish)?;
        if authority == Authority::Itself {
            return Ok(vec![params.self_signed(&self.server_key)?.into()]);
        }
        self.found(authority)?;
        let signer = &self.authorities[&authority];
        let Some(intermediate) = &signer.intermediate else {
            return Ok(vec![params.signed_by(&self.server_key, &signer.root_issuer)?.into()]);
        };
        let leaf = params.signed_by(&self.server_key, &intermediate.issuer)?.into();
        let sent = match wish.issuer_days {
            Some(days) => signer.intermediate_valid(intermediate, days)?,
            None => intermediate.certificate.clone(),
        };
        Ok(match wish.chain {
            Chain::Intermediate => vec![leaf, sent.into()],
            Chain::Missing => vec![leaf],
            Chain::WithRoot => vec![leaf, sent.into(), signer.root.clone().into()],
            Chain::Foreign => vec![leaf, self.foreign(authority)],
        })
    }

    fn foreign(&self, authority: Authority) -> CertificateDer<'static> {
        let other = if authority == Authority::Microsoft { Authority::Digicert } else { Authority::Microsoft };
        let signer = &self.authorities[&other];
        signer.intermediate.as_ref().map_or(&signer.root, |intermediate| &intermediate.certificate).clone().into()
    }

    fn found(&mut self, authority: Authority) -> Result<(), rcgen::Error> {
        if self.authorities.contains_key(&authority) {
            return Ok(());
        }
        let (organisation, root_name, intermediate_name) = names(authority);
        let root_key = KeyPair::generate()?;
        let root_params = authority_params(organisation, root_name, (-3650, 3650));
        let root = root_params.self_signed(&root_key)?;
        let root_issuer = Issuer::new(root_params, root_key);
        let intermediate = intermediate_name
            .map(|name| -> Result<_, rcgen::Error> {
                let key = KeyPair::generate()?;
                let params = authority_params(organisation, name, (-365, 1460));
                let certificate = params.signed_by(&key, &root_issuer)?;
                Ok(Intermediate { params: params.clone(), certificate, issuer: Issuer::new(params, key) })
            })
            .transpose()?;
        self.authorities.insert(authority, Signer { root, root_issuer, intermediate });
        Ok(())
    }
}

impl Signer {
    /// The same intermediate, valid at another time.
    fn intermediate_valid(&self, same: &Intermediate, days: (i32, i32)) -> Result<rcgen::Certificate, rcgen::Error> {
        let mut params = same.params.clone();
        set_days(&mut params, days);
        params.signed_by(same.issuer.key(), &self.root_issuer)
    }
}

fn is_trusted(authority: Authority) -> bool {
    matches!(authority, Authority::Microsoft | Authority::Digicert | Authority::Appliance)
}

/// Two authorities in rotation were seen on login.microsoftonline.com in 2025.
fn usual_authority(host: &Host, index: usize) -> Authority {
    let only_one = host.addresses.len() == 1;
    if only_one || index % 2 == 1 { Authority::Digicert } else { Authority::Microsoft }
}

fn names(authority: Authority) -> (&'static str, &'static str, Option<&'static str>) {
    match authority {
        Authority::Digicert => (
            "DigiCert Inc",
            "DigiCert Global Root G2 (ece-check lab)",
            Some("DigiCert Cloud Services CA-1 (ece-check lab)"),
        ),
        Authority::Microsoft | Authority::Itself => (
            "Microsoft Corporation",
            "Microsoft TLS RSA Root G2 (ece-check lab)",
            Some("Microsoft TLS G2 RSA CA OCSP 02 (ece-check lab)"),
        ),
        Authority::Unknown => (
            "Microsoft Corporation",
            "Microsoft TLS RSA Root G3 (ece-check lab, not in the trust store)",
            Some("Microsoft TLS G3 RSA CA OCSP 01 (ece-check lab)"),
        ),
        Authority::Appliance | Authority::UnknownAppliance => {
            ("Contoso Security Appliance", "Contoso Security Appliance Root CA (ece-check lab)", None)
        }
    }
}

fn authority_params(organisation: &str, name: &str, days: (i32, i32)) -> CertificateParams {
    let mut params = CertificateParams::default();
    name_it(&mut params, organisation, name);
    set_days(&mut params, days);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params
}

fn leaf(host: &Host, index: usize, wish: &fault::Certificate) -> Result<CertificateParams, rcgen::Error> {
    let usual = || host.certificate_names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let names = wish.names.clone().unwrap_or_else(usual);
    let common_name = wish.common_name.clone().or_else(|| names.first().cloned());
    let mut params = CertificateParams::new(names)?;
    let organisation = if host.name.ends_with("example.com") { "Example Ltd" } else { "Microsoft Corporation" };
    name_it(&mut params, organisation, common_name.as_deref().unwrap_or(host.name));
    let usual_days = if index.is_multiple_of(2) { (-30, 150) } else { (-90, 275) };
    set_days(&mut params, wish.days.unwrap_or(usual_days));
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn name_it(params: &mut CertificateParams, organisation: &str, common_name: &str) {
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "US");
    params.distinguished_name.push(DnType::OrganizationName, organisation);
    params.distinguished_name.push(DnType::CommonName, common_name);
}

fn set_days(params: &mut CertificateParams, (from, until): (i32, i32)) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + since_epoch(from);
    params.not_after = epoch + since_epoch(until);
}

/// One moment for all: certificates that are made in two seconds would end at two moments.
static NOW: LazyLock<u64> =
    LazyLock::new(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs());

fn since_epoch(days_from_now: i32) -> Duration {
    let day = Duration::from_hours(24);
    let now = Duration::from_secs(*NOW);
    if days_from_now < 0 {
        now.saturating_sub(day * days_from_now.unsigned_abs())
    } else {
        now + day * days_from_now.unsigned_abs()
    }
}
