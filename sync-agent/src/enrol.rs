//! How a lane gets its identity and its key: a one-time code from HQ's
//! operator, exchanged once.

use std::path::Path;

use ledger::file::{OpenFileError, WriterLock};
use ledger::journal::Identity;
use ledger::reference::{ReferenceError, ReferenceWriter};

use protocol::enrol::{EnrolFailure, EnrolOutcome, EnrolRefusal, Invited};
use protocol::head::{HeadError, SigningKey};

use crate::hq::{CertificateWrong, ConnectError, Hq, RequestError};
use crate::place::{Place, PlaceError, Settings};
use crate::snapshot::Coming;

/// Why a lane was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// It is somebody already.
    #[error("enrol the lane: this directory is enrolled as {0}; add --replace to enrol it anew")]
    Enrolled(Identity),
    /// A file cannot be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// A till runs on this directory.
    #[error(transparent)]
    Till(#[from] OpenFileError),
    /// The reference cannot be used, or an agent runs.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// No key can be drawn.
    #[error(transparent)]
    Draw(#[from] HeadError),
    /// HQ's address is not one.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// HQ did not exchange the code. If its answer was lost, the code may be
    /// used up: the operator makes a new one.
    #[error(transparent)]
    Request(#[from] RequestError),
}

/// What to enrol.
#[derive(Debug, Clone)]
pub struct Enrolling<'a> {
    /// The lane's data directory; made when it does not exist.
    pub data: &'a Path,
    /// The base of HQ's routes.
    pub hq: &'a str,
    /// The base of the relay's routes, where the store has one.
    pub relay: Option<&'a str>,
    /// A file with roots of the chain's own.
    pub ca: Option<&'a Path>,
    /// The one-time code as HQ printed it.
    pub code: &'a str,
    /// Whether an earlier enrolment may be given up.
    pub replace: bool,
}

/// Asks HQ what a code is for. Nothing is spent, and nothing is written.
pub async fn look(enrolling: Enrolling<'_>) -> Result<Invited, EnrolError> {
    let ca = enrolling.ca.map(Path::to_owned);
    let hq = Hq::of(&Settings { hq: enrolling.hq.to_owned(), relay: None, ca, pictures_mib: None })?;
    Ok(hq.look(enrolling.code).await?)
}

/// What came of it, for the till that started this program.
pub fn outcome(done: Result<EnrolOutcome, EnrolError>) -> EnrolOutcome {
    let error = match done {
        Ok(outcome) => return outcome,
        Err(error) => error,
    };
    let reason = reason(&error);
    let failure = match error {
        EnrolError::Enrolled(_) => EnrolFailure::Enrolled,
        EnrolError::Till(OpenFileError::InUse { .. })
        | EnrolError::Reference(ReferenceError::File(OpenFileError::InUse { .. })) => EnrolFailure::InUse,
        EnrolError::Place(_) | EnrolError::Till(_) | EnrolError::Reference(_) => EnrolFailure::File,
        EnrolError::Connect(ConnectError::Address(_)) => EnrolFailure::Address,
        EnrolError::Connect(ConnectError::Root { .. }) => EnrolFailure::CertificateUntrusted,
        EnrolError::Request(RequestError::Unreachable { .. } | RequestError::Form(_)) => {
            EnrolFailure::Unreachable
        }
        EnrolError::Request(RequestError::Certificate { wrong, .. }) => match wrong {
            CertificateWrong::Name => EnrolFailure::CertificateName,
            CertificateWrong::Time => EnrolFailure::CertificateTime,
            CertificateWrong::Signer => EnrolFailure::CertificateUntrusted,
        },
        EnrolError::Request(RequestError::OldHq) => EnrolFailure::OldHq,
        EnrolError::Request(RequestError::Enrol(EnrolRefusal::Code)) => EnrolFailure::Code,
        EnrolError::Request(RequestError::Enrol(EnrolRefusal::Wait { seconds })) => {
            EnrolFailure::Wait { seconds }
        }
        EnrolError::Draw(_) | EnrolError::Connect(_) | EnrolError::Request(RequestError::Push(_)) => {
            EnrolFailure::Other
        }
    };
    EnrolOutcome::Failed { failure, reason }
}

/// An error with all its causes.
fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Exchanges the code, and keeps what HQ answers. No agent may run meanwhile,
/// and no till: it would go on signing with the key before.
///
/// HQ is told the public half of a fresh key; the other half never leaves the
/// directory.
///
/// Goods that came from another HQ or for another store are forgotten, so
/// that the first pull brings all of the new ones.
pub async fn enrol(enrolling: Enrolling<'_>) -> Result<Identity, EnrolError> {
    let place = Place::new(enrolling.data);
    place.make()?;
    let ca = enrolling.ca.map(std::path::absolute).transpose();
    let ca = ca.map_err(|source| PlaceError::Io { path: enrolling.data.to_owned(), source })?;
    let earlier = place.settings()?;
    let mut settings = Settings {
        hq: enrolling.hq.to_owned(),
        relay: enrolling.relay.map(str::to_owned),
        ca,
        // How large the lane's disk is has not changed.
        pictures_mib: earlier.as_ref().and_then(|settings| settings.pictures_mib),
    };
    let hq = Hq::of(&settings)?;
    // Taken before the code is spent, so that it is not spent in vain.
    let mut writer = ReferenceWriter::open(&place.reference())?;
    let before = writer.state()?.identity;
    let earlier_hq = earlier.map(|settings| settings.hq);
    if let Some(identity) = before.clone().filter(|_| !enrolling.replace) {
        return Err(EnrolError::Enrolled(identity));
    }
    // A till holds the key that is about to be replaced.
    let _no_till = WriterLock::take(&place.journal())?;
    let (journal_key, secret) = SigningKey::draw()?;
    let enrolment = hq.enrol(enrolling.code, &journal_key.public()).await?;
    let identity = Identity { store: enrolment.store, lane: enrolment.lane, epoch: enrolment.epoch };
    place.set_key(&enrolment.key)?;
    place.set_journal_key(&secret)?;
    settings.hq = hq.address().to_owned();
    place.set_settings(&settings)?;
    // Files on their way may be of another HQ.
    Coming::new(place.coming(), place.next_reference()).forget();
    let is_elsewhere = before.is_some_and(|before| before.store != identity.store)
        || earlier_hq.is_some_and(|earlier| earlier != hq.address());
    if is_elsewhere {
        let update = writer.begin()?;
        update.clear()?;
        update.commit(0)?;
    }
    writer.set_identity(&identity)?;
    Ok(identity)
}
