//! What the application proves itself with, as the user's file states it, and how long that lasts. Nobody is contacted.
//!
//! In: where the certificate is kept, or the last day of the client secret. Out: facts. Entra lets a secret live two
//! years at the most, and neither Entra nor ECE says a word before the day on which mail stops.
//! <https://learn.microsoft.com/entra/identity-platform/how-to-add-credentials>

use std::time::Instant;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{FILE, Fact, SITE, Shape, World, fact};
use crate::{
    oauth::{Papers, Proof, certificate::Signer, endpoint::Errand},
    seen::{Facts, Observation, Stop},
};

/// What a look at the application's secret or certificate can measure.
pub const FACTS: &[Fact] = &[
    fact("application.proof", Shape::Text, "the application signs in with"),
    fact("application.ends", Shape::Text, "last day"),
    fact("application.days_left", Shape::Int, "days left"),
];

/// A look at what the application proves itself with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    /// Secret or certificate.
    pub proof: Option<Proof>,
    /// The last day of the client secret, as the file states it.
    pub secret_expires: Option<Date>,
}

/// Looks when it ends. A certificate says so itself.
pub async fn observe(look: &Look, world: &World) -> Observation {
    let began = Instant::now();
    let mut errand = Errand::new(&world.network, &world.wallet.net);
    let mut facts = Facts::default();
    let (proof, ends) = match &look.proof {
        Some(Proof::Certificate(papers)) => ("certificate", last_day(papers, &mut errand).await.map(Some)),
        _ => ("client secret", Ok(look.secret_expires)),
    };
    facts.set("application.proof", proof);
    if let Ok(Some(ends)) = ends {
        facts.set("application.ends", ends.to_string());
        facts.set("application.days_left", days_until(ends));
    }
    Observation {
        probe: "application".to_owned(),
        subject: SITE.to_owned(),
        own: true,
        road: FILE.to_owned(),
        facts,
        stop: ends.err(),
        paths: Vec::new(),
        beside: false,
        tried: Vec::new(),
        transcript: Vec::new(),
        steps: Vec::new(),
        duration_ms: began.elapsed().as_secs_f64() * 1000.0,
    }
}

async fn last_day(papers: &Papers, errand: &mut Errand<'_>) -> Result<Date, Stop> {
    let signer = Signer::of(papers, errand).await?;
    Ok(Timestamp::from_second(signer.not_after).unwrap_or(Timestamp::MAX).to_zoned(TimeZone::UTC).date())
}

/// Days from today; of a day that is over, below zero.
fn days_until(day: Date) -> i64 {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    day.duration_since(today).as_hours() / 24
}
