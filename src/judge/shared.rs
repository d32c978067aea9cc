//! What Entra refuses one account and gives another: the same application, proved in the same way.
//!
//! In: the observations of a run. Out: the refused requests for a token, each with the facts that speak against a fault of
//! what all accounts share. Pure.

use crate::{
    evidence::{Observation, Stage},
    probe::token,
};

/// Notes at each refused request which other account has a token of the same application.
pub fn note(looks: &mut [Observation]) {
    let issued: Vec<Issued> = looks.iter().filter_map(Issued::of).collect();
    for refused in looks.iter_mut().filter(|look| is_refused(look)) {
        let Some(client) = refused.facts.get(token::CLIENT_ID) else { continue };
        let proof = refused.facts.get(token::PROOF);
        let is_same = |one: &&Issued| one.application.eq_ignore_ascii_case(client);
        let requested = issued.iter().filter(is_same).find(|one| one.proof.is_some() && one.proof.as_ref() == proof);
        let Some(other) = requested.or_else(|| issued.iter().find(is_same)) else { continue };
        refused.facts.set(token::SAME_REQUEST_ISSUED, requested.is_some());
        refused.facts.set(token::SAME_APPLICATION_ISSUED, true);
        refused.facts.set(token::ISSUED_TO_ANOTHER, other.account.as_str());
        refused.facts.set(token::ISSUED_WITH, other.with.as_str());
    }
}

/// A token that another account has.
struct Issued {
    account: String,
    application: String,
    /// What proved the application where the run requested the token; none where the token was there before.
    proof: Option<String>,
    /// The same in words; of a token that was there before, where it is from.
    with: String,
}

impl Issued {
    fn of(look: &Observation) -> Option<Self> {
        let facts = &look.facts;
        if !is_of_token(look) || !facts.is(token::ISSUED) {
            return None;
        }
        let is_requested = facts.get(token::CLIENT_ID).is_some();
        if !is_requested && !facts.is(token::VALID_NOW) {
            return None;
        }
        let application = facts.get(token::CLIENT_ID).or_else(|| facts.get(token::APPLICATION))?;
        let proof = facts.get(token::PROOF).filter(|_| is_requested);
        let with = match proof.map(String::as_str) {
            Some("nothing") => "no credential".to_owned(),
            Some(proof) => proof.to_owned(),
            None => facts.get(token::COME_BY).cloned().unwrap_or_default(),
        };
        let account = look.subject.to_string();
        Some(Self { account, application: application.clone(), proof: proof.cloned(), with })
    }
}

fn is_of_token(look: &Observation) -> bool {
    look.probe == "token" && look.source.is_live()
}

fn is_refused(look: &Observation) -> bool {
    is_of_token(look) && look.failure.as_ref().is_some_and(|failure| failure.stage == Stage::Grant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Failure, FailureKind, Protocol, Route, Subject};

    fn look(account: &str, client: Option<&str>, proof: &str, is_issued: bool) -> Observation {
        let mut look = Observation::new("token", Subject::Account(account.into()), Route::Direct);
        look.facts.set(token::ISSUED, is_issued);
        if let Some(client) = client {
            look.facts.set(token::CLIENT_ID, client);
            look.facts.set(token::PROOF, proof);
        } else {
            look.facts.set(token::APPLICATION, "APP-1");
            look.facts.set(token::VALID_NOW, is_issued);
        }
        let refused = || Failure::new(Protocol::Token, Stage::Grant, FailureKind::Rejected, "AADSTS7000215");
        look.failure = (!is_issued).then(refused);
        look
    }

    #[test]
    fn token_of_another_account_speaks_against_a_fault_of_both() {
        const SECRET: &str = "client secret";
        for (other, facts) in [
            (look("sales", Some("app-1"), SECRET, true), Some(true)),
            (look("sales", Some("app-1"), "certificate", true), Some(false)),
            (look("sales", None, "", true), Some(false)),
            (look("sales", Some("app-2"), SECRET, true), None),
            (look("sales", Some("app-1"), SECRET, false), None),
            (look("sales", None, "", false), None),
        ] {
            let mut looks = [other, look("billing", Some("app-1"), SECRET, false)];
            note(&mut looks);
            let noted = &looks[1].facts;
            assert_eq!(noted.get(token::SAME_REQUEST_ISSUED).copied(), facts, "{:#?}", looks[0]);
            assert_eq!(noted.get(token::SAME_APPLICATION_ISSUED).copied(), facts.map(|_| true));
            assert_eq!(noted.get(token::ISSUED_TO_ANOTHER).map(String::as_str), facts.map(|_| "sales"));
            assert_eq!(noted.get(token::ISSUED_WITH).is_some(), facts.is_some());
            assert_eq!(looks[0].facts.get(token::ISSUED_TO_ANOTHER), None, "who is served is not refused");
        }
    }
}
