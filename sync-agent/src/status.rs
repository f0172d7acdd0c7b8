//! What the agent last knew, for people: read from the lane's files, whether
//! an agent runs or not.

use std::fmt;
use std::path::Path;

use chrono::{DateTime, SecondsFormat, Utc};
use ledger::journal::{JournalReader, OpenJournalError, ReadJournalError};
use ledger::reference::{AgentWatch, ReferenceError};
use serde::Serialize;

use crate::place::{Place, PlaceError};
use crate::snapshot::Coming;

/// Why there is nothing to report.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// A file cannot be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The reference cannot be read.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// The journal cannot be opened.
    #[error(transparent)]
    OpenJournal(#[from] OpenJournalError),
    /// The journal cannot be read.
    #[error(transparent)]
    ReadJournal(#[from] ReadJournalError),
}

/// Where the lane stands with HQ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Who the lane is; `None` before it was enrolled.
    pub lane: Option<LaneReport>,
    /// The base of HQ's routes.
    pub hq: Option<String>,
    /// The journal; `None` while the lane has not begun one.
    pub journal: Option<JournalReport>,
    /// The last event that HQ has filed, as far as the lane was told.
    pub acknowledged: u64,
    /// How many events HQ has not filed.
    pub backlog: u64,
    /// How many events HQ has set aside.
    pub quarantined: u64,
    /// The version of the goods in use; 0 before the first.
    pub reference_version: u64,
    /// A whole new reference that is on its way as files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coming: Option<ComingReport>,
    /// When HQ last answered, milliseconds since 1970-01-01 UTC.
    pub contact_ms: Option<i64>,
    /// By how much this machine's clock was ahead of HQ's then, milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apart_ms: Option<i64>,
    /// Why a person must look.
    pub alarm: Option<String>,
}

/// Who the lane is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LaneReport {
    /// The store's code.
    pub store: String,
    /// The lane's number.
    pub lane: u32,
    /// The epoch it was enrolled for.
    pub epoch: u32,
}

/// Where the journal stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalReport {
    /// Its epoch.
    pub epoch: u32,
    /// The number of its last event.
    pub last: u64,
    /// The number up to which the lane has signed it; `None` where it does not sign.
    pub signed: Option<u64>,
}

/// How much of a whole new reference is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ComingReport {
    /// Bytes that are here.
    pub bytes: u64,
    /// Bytes in all.
    pub of: u64,
}

/// Reads the lane's files.
pub fn report(data: &Path) -> Result<Report, StatusError> {
    let place = Place::new(data);
    let state = match AgentWatch::open(&place.reference())? {
        Some(watch) => watch.state()?,
        None => ledger::reference::AgentState::default(),
    };
    let journal = match JournalReader::open(&place.journal())? {
        Some(reader) => Some(JournalReport {
            epoch: reader.identity().epoch,
            last: reader.head()?.seq,
            signed: reader.signed_at(u64::MAX)?.map(|row| row.seq),
        }),
        None => None,
    };
    let acknowledged = state.position.acknowledged;
    Ok(Report {
        lane: state.identity.map(|identity| LaneReport {
            store: identity.store,
            lane: identity.lane,
            epoch: identity.epoch,
        }),
        hq: place.settings()?.map(|settings| settings.hq),
        backlog: journal.as_ref().map_or(0, |journal| journal.last.saturating_sub(acknowledged)),
        journal,
        acknowledged,
        quarantined: state.position.quarantined,
        reference_version: state.version,
        coming: Coming::new(place.coming(), place.next_reference())
            .progress()
            .map(|(bytes, of)| ComingReport { bytes, of }),
        contact_ms: state.contact_ms,
        apart_ms: state.apart_ms,
        alarm: state.alarm,
    })
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.lane {
            Some(lane) => {
                writeln!(f, "lane       store {} lane {} epoch {}", lane.store, lane.lane, lane.epoch)?;
            }
            None => writeln!(f, "lane       not enrolled")?,
        }
        writeln!(f, "hq         {}", self.hq.as_deref().unwrap_or("none"))?;
        match &self.journal {
            Some(journal) => {
                let signed = match journal.signed {
                    Some(seq) => format!("signed up to {seq}"),
                    None => "not signed".to_owned(),
                };
                writeln!(f, "journal    epoch {}, {} events, {signed}", journal.epoch, journal.last)?;
            }
            None => writeln!(f, "journal    none yet")?,
        }
        writeln!(
            f,
            "pushed     {}, backlog {}, quarantined {}",
            self.acknowledged, self.backlog, self.quarantined
        )?;
        writeln!(f, "reference  version {}", self.reference_version)?;
        if let Some(ComingReport { bytes, of }) = self.coming {
            writeln!(f, "coming     {} of {} kB of a whole new reference", bytes / 1_000, of / 1_000)?;
        }
        let contact = self.contact_ms.and_then(DateTime::<Utc>::from_timestamp_millis);
        let contact = contact.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
        writeln!(f, "contact    {}", contact.as_deref().unwrap_or("never"))?;
        if let Some(apart_ms) = self.apart_ms {
            writeln!(f, "clock      {:+} s from HQ's", apart_ms / 1_000)?;
        }
        write!(f, "alarm      {}", self.alarm.as_deref().unwrap_or("none"))
    }
}
