//! What the application proves itself with, as the user's file states it, and how long that lasts. Nobody is contacted.
//!
//! In: where the certificate is kept, or the last day of the client secret. Out: facts. Entra lets a secret live two
//! years at the most, and neither Entra nor ECE says a word before the day on which mail stops.
//! <https://learn.microsoft.com/entra/identity-platform/how-to-add-credentials>

use std::time::Instant;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{Earlier, FactGroup, Probe, ProbeContext};
use crate::{
    evidence::{Facts, Failure, Observation, Route, Subject},
    import::facts::directory,
    oauth::{ClientCredential, Papers, certificate::Signer, endpoint::TokenRequest},
};

/// A look at what the application proves itself with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AppCredentialProbe {
    /// Secret or certificate.
    pub proof: Option<ClientCredential>,
    /// The last day of the client secret, as the file states it.
    pub secret_expires: Option<Date>,
}

impl Probe for AppCredentialProbe {
    const NAME: &str = "app-credential";
    const FACTS: &[FactGroup] = &[("directory", directory::FACTS)];

    fn subject(&self) -> Subject {
        Subject::Application
    }

    fn deepest(&self) -> &'static str {
        "directory"
    }

    async fn observe(&self, _: &Earlier, context: &ProbeContext) -> Observation {
        observe(self, context).await
    }
}

/// Looks when it ends. A certificate says so itself.
pub async fn observe(look: &AppCredentialProbe, world: &ProbeContext) -> Observation {
    let began = Instant::now();
    let mut errand = TokenRequest::new(&world.network, &world.wallet.net);
    let mut facts = Facts::default();
    let ends = match &look.proof {
        Some(ClientCredential::Certificate(papers)) => last_day(papers, &mut errand).await.map(Some),
        _ => Ok(look.secret_expires),
    };
    facts.set(directory::PROOF, look.proof.as_ref().map_or("client secret", ClientCredential::name)); // nothing else has a last day
    if let Ok(Some(ends)) = ends {
        facts.set(directory::ENDS, ends.to_string());
        let left = days_until(ends);
        facts.set(directory::DAYS_LEFT, left);
        facts.set(directory::OVER, left < 0);
        if left < 0 {
            facts.set(directory::DAYS_SINCE, -left);
        }
    }
    Observation {
        own: true,
        facts,
        failure: ends.err(),
        duration_ms: began.elapsed().as_secs_f64() * 1000.0,
        ..Observation::new("directory", Subject::Site, Route::File)
    }
}

async fn last_day(papers: &Papers, errand: &mut TokenRequest<'_>) -> Result<Date, Failure> {
    let signer = Signer::of(papers, errand).await?;
    Ok(Timestamp::from_second(signer.not_after).unwrap_or(Timestamp::MAX).to_zoned(TimeZone::UTC).date())
}

/// Days from today; of a day that is over, below zero.
fn days_until(day: Date) -> i64 {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    day.duration_since(today).as_hours() / 24
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::{FailureKind, Stage},
        oauth::{certificate::tests::certificate, grant::tests::Entra},
        secret::Source,
    };

    async fn seen(look: AppCredentialProbe) -> Observation {
        let entra = Entra::answering(&[String::new()]).await;
        let seen = observe(&look, &ProbeContext::new(entra.network.clone())).await;
        assert!(entra.asked().is_empty());
        seen
    }

    fn text(seen: &Observation, name: &str) -> String {
        seen.facts.value(name).map_or_else(|| "absent".to_owned(), ToString::to_string)
    }

    #[tokio::test]
    async fn last_day_of_the_secret_is_the_stated_one() {
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        for (days, left) in [(0, "0"), (31, "31"), (-2, "-2")] {
            let ends = today.saturating_add(jiff::Span::new().days(days));
            let seen = seen(AppCredentialProbe { proof: None, secret_expires: Some(ends) }).await;
            assert_eq!((text(&seen, "directory.days_left").as_str(), seen.failure.is_none()), (left, true));
            assert_eq!(text(&seen, "directory.ends"), ends.to_string());
        }
    }

    #[tokio::test]
    async fn certificate_says_itself_when_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            Source::File(file)
        };
        let own = write("own.pem", &certificate(2999).pem());
        let key = write("own.key", include_str!("../lab/application.key"));
        let look = |certificate: &Source, key: &Source| {
            let papers = Papers { certificate: certificate.clone(), key: Some(key.clone()), password: None };
            AppCredentialProbe { proof: Some(ClientCredential::Certificate(Box::new(papers))), secret_expires: None }
        };
        let seen_own = seen(look(&own, &key)).await;
        assert_eq!((text(&seen_own, "directory.ends").as_str(), seen_own.failure), ("2999-01-01", None));
        let other = rcgen::KeyPair::generate().unwrap();
        let other = rcgen::CertificateParams::default().self_signed(&other).unwrap();
        let seen_other = seen(look(&write("other.pem", &other.pem()), &key)).await;
        let stop = seen_other.failure.clone().unwrap();
        assert_eq!((stop.stage, stop.kind), (Stage::Credential, FailureKind::BadCertificate));
        assert_eq!(text(&seen_other, "directory.days_left"), "absent");
    }
}
