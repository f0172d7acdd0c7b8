//! The check of a whole journal: SQLite's own, then every epoch's chain, form
//! and signatures. What lies in archived files is checked where they are read.

use domain::record::Record;
use protocol::chain::ChainHash;
use protocol::head::PublicKey;

use super::kind::kind_of;
use super::reading::{self, JournalReader, SignedRow};
use super::{Entry, Head, Identity, ReadJournalError};

/// How many rows are read at a time.
const ROWS_AT_A_TIME: usize = 1_000;

/// What was found of a whole journal, where nothing is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Its epochs, oldest first; never empty.
    pub epochs: Vec<EpochAudit>,
}

/// What was found of one epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochAudit {
    /// Whose it is.
    pub identity: Identity,
    /// Where its chain stands.
    pub head: Head,
    /// The last number that lies in an archived segment; 0 for none.
    pub archived: u64,
    /// Documents among the events that were read.
    pub documents: u64,
    /// Signed heads that hold.
    pub signatures: u64,
    /// The last number that a signature vouches for; 0 for none.
    pub signed: u64,
    /// The keys that signed, in order of their first signature.
    pub keys: Vec<KeySeen>,
}

/// A key that signed heads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeySeen {
    /// The key.
    pub key: PublicKey,
    /// The first number that it signed.
    pub from_seq: u64,
}

impl Audit {
    /// Where the last epoch's chain stands.
    pub fn head(&self) -> Head {
        self.epochs.last().map_or(Head { seq: 0, hash: ChainHash::from_bytes([0; 32]) }, |epoch| epoch.head)
    }
}

impl JournalReader {
    /// Reads the whole file and says what is in it; the first fault ends it.
    pub fn audit(&self) -> Result<Audit, ReadJournalError> {
        self.quick_check()?;
        // One state of the file, whatever the lane writes meanwhile.
        let transaction = self.connection.unchecked_transaction()?;
        let mut epochs: Vec<EpochAudit> = Vec::new();
        for epoch in self.epochs()? {
            let identity = Identity { epoch, ..self.identity.clone() };
            let audited = self.audit_epoch(identity, epochs.last())?;
            epochs.push(audited);
        }
        transaction.finish()?;
        Ok(Audit { epochs })
    }

    /// SQLite's own check of the file.
    pub fn quick_check(&self) -> Result<(), ReadJournalError> {
        let answer: String = self.connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
        if answer == "ok" {
            return Ok(());
        }
        let error = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
        Err(rusqlite::Error::SqliteFailure(error, Some(answer)).into())
    }

    fn audit_epoch(
        &self,
        identity: Identity,
        before: Option<&EpochAudit>,
    ) -> Result<EpochAudit, ReadJournalError> {
        let epoch = identity.epoch;
        let mut head = reading::hash_at(&self.connection, &identity, 0)?;
        for segment in reading::segments(&self.connection, epoch)? {
            if (segment.first_seq, segment.previous) != (head.seq + 1, head.hash) {
                return Err(ReadJournalError::SegmentBroken { epoch });
            }
            head = Head { seq: segment.last_seq, hash: segment.hash };
        }
        let archived = head.seq;
        let mut audit =
            EpochAudit { identity, head, archived, documents: 0, signatures: 0, signed: 0, keys: Vec::new() };
        loop {
            let from = (epoch, audit.head.seq);
            let entries = reading::entries_after(&self.connection, from, ROWS_AT_A_TIME, usize::MAX)?;
            let Some(last) = entries.last().map(|entry| entry.seq) else { break };
            // Signatures over archived events are checked with their files.
            let heads = reading::heads_between(&self.connection, epoch, audit.head.seq, last)?;
            let mut heads = heads.into_iter().peekable();
            for entry in entries {
                let record = self.audit_entry(&mut audit, &entry)?;
                if entry.seq == 1 && !follows(&record, before) {
                    return Err(ReadJournalError::EpochBroken { epoch });
                }
                if let Some(signed) = heads.next_if(|signed| signed.seq <= entry.seq) {
                    audit.take_signature(signed)?;
                }
            }
        }
        if let Some(signed) =
            reading::heads_between(&self.connection, epoch, audit.head.seq, u64::MAX)?.first()
        {
            // It vouches for what is not there.
            return Err(ReadJournalError::WrongSignature { epoch, seq: signed.seq });
        }
        Ok(audit)
    }

    /// Checks that an event follows and says what it is filed as.
    fn audit_entry(&self, audit: &mut EpochAudit, entry: &Entry) -> Result<Record, ReadJournalError> {
        let next = Head { seq: audit.head.seq + 1, hash: audit.head.hash.extend(&entry.bytes) };
        if (entry.seq, entry.hash) != (next.seq, next.hash) {
            return Err(ReadJournalError::ChainBroken { seq: next.seq });
        }
        let ((identity, seq), stored) = reading::understand(entry.seq, &entry.bytes)?;
        let kind = reading::kind_at(&self.connection, audit.identity.epoch, entry.seq)?;
        if (&identity, seq) != (&audit.identity, entry.seq) || kind != kind_of(&stored.record) {
            return Err(ReadJournalError::Misfiled { seq: entry.seq });
        }
        audit.documents += u64::from(matches!(stored.record, Record::SaleCompleted { .. }));
        audit.head = next;
        Ok(stored.record)
    }
}

impl EpochAudit {
    fn take_signature(&mut self, signed: SignedRow) -> Result<(), ReadJournalError> {
        if (signed.seq, signed.hash) != (self.head.seq, self.head.hash) || !signed.holds(&self.identity) {
            return Err(ReadJournalError::WrongSignature { epoch: self.identity.epoch, seq: signed.seq });
        }
        self.signatures += 1;
        self.signed = signed.seq;
        if !self.keys.iter().any(|seen| seen.key == signed.key) {
            self.keys.push(KeySeen { key: signed.key, from_seq: signed.seq });
        }
        Ok(())
    }
}

/// Whether an epoch's first record ties it to the epoch before. A lane's first
/// epoch on this disk follows none.
fn follows(first: &Record, before: Option<&EpochAudit>) -> bool {
    let Some(before) = before else { return true };
    let Record::EpochBegun { previous_epoch, previous_seq, previous_hash } = first else { return false };
    (*previous_epoch, *previous_seq, previous_hash)
        == (before.identity.epoch, before.head.seq, &before.head.hash.to_string())
}
