//! Files batches of events: contiguous prefixes only, each event once however
//! often it is sent, forks alarmed, and what cannot be read set aside without
//! holding up what follows.
//!
//! Whoever calls has checked that the sender is the lane.

use std::io::Read;

use domain::money::AMOUNT_MAX;
use protocol::chain::ChainHash;
use protocol::event::{self, EVENT_BYTES_MAX, Event, Fact, Sale, SavingLayer};
use protocol::head::{HeadClaim, PublicKey, SignedHead};
use protocol::push::{
    BATCH_BYTES_MAX, Batch, BatchContext, BatchHead, CONTEXT_BYTES_MAX, PushAnswer, PushRefusal,
    UNSIGNED_TAIL_MAX, decode_batch, take_context,
};
use tracing::warn;

use crate::books::keeper::Keeper;
use crate::projection;
use crate::store::{
    AlarmKind, EventRow, JournalHead, JournalKey, LaneRow, NewEvent, Reading, Store, StoreError, Writing,
};

/// The largest zstd window that is accepted, as a power of two: a batch is
/// not larger than 16 MiB.
const WINDOW_LOG_MAX: u32 = 24;

/// The most events of one epoch that are set aside as branches: several
/// batches of evidence, and no way to fill HQ's disk.
const BRANCH_EVENTS_MAX: u64 = 20_000;

/// Longest reason kept with a quarantined event, in characters.
const REASON_LENGTH_MAX: usize = 500;

/// Why a batch was not filed.
#[derive(Debug, thiserror::Error)]
pub enum IntakeError {
    /// The lane must do something else; it is told what.
    #[error(transparent)]
    Refused(#[from] PushRefusal),
    /// The body inflates to more than a batch may have.
    #[error("inflate a batch: it has more than {BATCH_BYTES_MAX} bytes")]
    TooLarge,
    /// HQ could not; the lane sends it again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An event taken apart before the database is touched.
struct Arrived<'a> {
    hash: ChainHash,
    bytes: &'a [u8],
    reading: Result<Event, String>,
}

/// Says how far an epoch of a lane's journal is filed.
pub fn position(store: &Store, lane: &LaneRow, epoch: u32) -> Result<PushAnswer, IntakeError> {
    refuse_epoch(lane, epoch)?;
    let key = lane.journal(epoch);
    Ok(store.read(|reading| {
        let head = reading.journal_head(key)?;
        Ok::<_, StoreError>(answer(epoch, &head, signed_up_to(reading, key)?))
    })?)
}

/// Files the body of a push and answers how far the journal is filed now.
///
/// `now_ms` is when HQ got it, milliseconds since 1970-01-01 UTC.
pub fn file(store: &Store, lane: &LaneRow, body: &[u8], now_ms: i64) -> Result<PushAnswer, IntakeError> {
    let inflated = inflate_with_context(store, lane, body)?;
    let batch = decode_batch(&inflated)?;
    let epoch = batch.head.epoch;
    refuse_epoch(lane, epoch)?;
    let first_seq = batch.head.first_seq;
    let last_seq = first_seq.checked_add(batch.events.len() as u64);
    if first_seq == 0 || last_seq.is_none_or(|last| i64::try_from(last).is_err()) {
        return Err(malformed(format!("no event has the number {first_seq}")));
    }
    if let Some(signed) = &batch.head.signed
        && (signed.seq == 0 || i64::try_from(signed.seq).is_err())
    {
        return Err(malformed(format!("no event has the signed number {}", signed.seq)));
    }
    let arrived = take_apart(lane, &batch);
    // A fork is both filed as an alarm and refused, so the transaction
    // commits a refusal.
    let filing = Filing {
        key: lane.journal(epoch),
        batch: &batch,
        is_part: false,
        is_past: epoch < lane.epoch,
        now_ms,
    };
    let outcome = match store.write(|writing| filing.file(writing, &arrived)) {
        // Something in it does not go into the tables, for a reason that was
        // not foreseen: one after the other shows which event it is.
        Err(error) if error.is_of_data() => {
            warn!(store = lane.store, lane = lane.lane, %error, "a batch is filed event by event");
            file_one_by_one(store, &filing, arrived)
        }
        outcome => outcome,
    };
    match outcome {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(refusal)) => Err(refusal.into()),
        Err(error) => Err(IntakeError::Store(error)),
    }
}

/// Why the tables do not take an event, in what the database said.
fn unfit(error: &StoreError) -> String {
    let source = std::error::Error::source(error).map(|source| format!(": {source}"));
    let reason = format!("HQ's tables do not take it: {error}{}", source.unwrap_or_default());
    reason.chars().take(REASON_LENGTH_MAX).collect()
}

/// What became of a batch, where the database did not fail.
type Filed = Result<PushAnswer, PushRefusal>;

/// Files each event in a transaction of its own, and sets aside those that
/// the tables do not take; then the batch as a whole, for its signature, which
/// was held against the lane's key before.
fn file_one_by_one(
    store: &Store,
    filing: &Filing<'_>,
    mut arrived: Vec<Arrived<'_>>,
) -> Result<Filed, StoreError> {
    let batch = filing.batch;
    let mut previous = batch.previous;
    for (place, first_seq) in (0..arrived.len()).zip(batch.head.first_seq..) {
        let alone = Batch {
            head: BatchHead { first_seq, signed: None, ..batch.head.clone() },
            previous,
            events: vec![batch.events[place]],
        };
        previous = arrived[place].hash;
        let filing = Filing { batch: &alone, is_part: true, ..*filing };
        let mut tried = store.write(|writing| filing.file(writing, &arrived[place..=place]));
        if let Err(error) = &tried
            && error.is_of_data()
        {
            arrived[place].reading = Err(unfit(error));
            tried = store.write(|writing| filing.file(writing, &arrived[place..=place]));
        }
        if let Err(refusal) = tried? {
            return Ok(Err(refusal));
        }
    }
    store.write(|writing| filing.file(writing, &arrived))
}

/// Up to where the lane's signature is filed, where HQ knows its key.
fn signed_up_to(reading: &Reading<'_>, key: JournalKey<'_>) -> Result<Option<u64>, StoreError> {
    match reading.public_key(key)? {
        Some(_) => Ok(Some(reading.signed_seq(key)?)),
        None => Ok(None),
    }
}

fn answer(epoch: u32, head: &JournalHead, signed: Option<u64>) -> PushAnswer {
    PushAnswer {
        epoch,
        acknowledged: head.acknowledged,
        head: head.head.to_string(),
        quarantined: head.quarantined,
        signed,
        takes_bare: true,
        takes_context: true,
    }
}

fn malformed(reason: String) -> IntakeError {
    IntakeError::Refused(PushRefusal::Malformed { reason })
}

fn refuse_epoch(lane: &LaneRow, epoch: u32) -> Result<(), IntakeError> {
    if (1..=lane.epoch).contains(&epoch) {
        Ok(())
    } else {
        Err(malformed(format!("the lane was enrolled for epoch {}, not {epoch}", lane.epoch)))
    }
}

/// Inflates a body that may have been compressed with events of the lane that are filed.
fn inflate_with_context(store: &Store, lane: &LaneRow, body: &[u8]) -> Result<Vec<u8>, IntakeError> {
    let (context, compressed) = take_context(body)?;
    let Some(context) = context else { return inflate(compressed) };
    refuse_epoch(lane, context.epoch)?;
    let known = store.read(|reading| context_bytes(reading, lane.journal(context.epoch), &context))?;
    inflate_by(compressed, &known.ok_or(PushRefusal::Context)?)
}

/// The bytes of a context, where they are filed as the lane has them.
fn context_bytes(
    reading: &Reading<'_>,
    key: JournalKey<'_>,
    context: &BatchContext,
) -> Result<Option<Vec<u8>>, StoreError> {
    let BatchContext { first_seq, last_seq, .. } = *context;
    if i64::try_from(last_seq).is_err() {
        return Ok(None);
    }
    let hash = reading.event_hash(key, last_seq)?;
    let count = last_seq - first_seq + 1;
    // One that is too large is not read, whoever asks for it.
    let bytes = reading.events_size(key, first_seq..=last_seq)?.saturating_add(count - 1);
    if hash.is_none_or(|hash| hash.to_string() != context.hash) || bytes > CONTEXT_BYTES_MAX as u64 {
        return Ok(None);
    }
    let events = reading.events_after(key, first_seq - 1, u32::try_from(count).unwrap_or(u32::MAX))?;
    let is_whole = events.len() as u64 == count && events.last().is_some_and(|(seq, _)| *seq == last_seq);
    let lines: Vec<Vec<u8>> = events.into_iter().map(|(_, bytes)| bytes).collect();
    Ok(is_whole.then(|| lines.join(&b'\n')))
}

pub(crate) fn inflate(body: &[u8]) -> Result<Vec<u8>, IntakeError> {
    inflate_by(body, &[])
}

fn inflate_by(body: &[u8], dictionary: &[u8]) -> Result<Vec<u8>, IntakeError> {
    let refuse = |error: std::io::Error| malformed(format!("the body does not inflate: {error}"));
    let mut decoder = zstd::stream::read::Decoder::with_dictionary(body, dictionary).map_err(refuse)?;
    decoder.window_log_max(WINDOW_LOG_MAX).map_err(refuse)?;
    let mut inflated = Vec::new();
    decoder.take(BATCH_BYTES_MAX as u64 + 1).read_to_end(&mut inflated).map_err(refuse)?;
    if inflated.len() > BATCH_BYTES_MAX {
        return Err(IntakeError::TooLarge);
    }
    Ok(inflated)
}

fn take_apart<'a>(lane: &LaneRow, batch: &Batch<'a>) -> Vec<Arrived<'a>> {
    batch
        .events
        .iter()
        .zip(batch.head.first_seq..)
        .map(|((hash, bytes), seq)| Arrived {
            hash: *hash,
            bytes,
            reading: read_event(lane.journal(batch.head.epoch), seq, bytes)
                .map_err(|reason| reason.chars().take(REASON_LENGTH_MAX).collect()),
        })
        .collect()
}

/// One batch on its way into one journal.
#[derive(Clone, Copy)]
struct Filing<'a> {
    key: JournalKey<'a>,
    batch: &'a Batch<'a>,
    /// It is one event of a batch whose signature holds.
    is_part: bool,
    /// It is of an epoch before the one that the lane is enrolled for: nothing can sign it any more.
    is_past: bool,
    /// When HQ got it, milliseconds since 1970-01-01 UTC.
    now_ms: i64,
}

/// A signature that was checked: number, hash, bytes.
type Checked = (u64, ChainHash, [u8; 64]);

impl<'a> Filing<'a> {
    fn row<'r>(&'r self, seq: u64, hash: &'r ChainHash, bytes: &'r [u8]) -> EventRow<'r> {
        EventRow {
            store: self.key.store,
            lane: self.key.lane,
            epoch: self.key.epoch,
            seq,
            hash,
            bytes,
            received_at_ms: self.now_ms,
        }
    }

    /// Moves the journal by what is new in the batch. The inner refusal has
    /// its alarm beside it and is committed.
    fn file(&self, writing: &Writing<'_>, arrived: &[Arrived<'_>]) -> Result<Filed, StoreError> {
        let head = writing.lock_journal(self.key)?;
        let first_seq = self.batch.head.first_seq;
        if first_seq > head.acknowledged + 1 {
            return Ok(Err(PushRefusal::Gap { acknowledged: head.acknowledged }));
        }
        if let Some(refusal) = self.find_fork(writing, &head, arrived)? {
            return Ok(Err(refusal));
        }
        let public = writing.public_key(self.key)?;
        let signed = match (&public, &self.batch.head.signed) {
            (Some(public), Some(signed)) => match self.check_signed(writing, public, signed, arrived)? {
                Some(checked) => Some(checked),
                None => {
                    let sent = ChainHash::parse(&signed.hash).unwrap_or(self.batch.previous);
                    writing.raise_alarm(AlarmKind::Signature, &self.row(signed.seq, &sent, &[]))?;
                    self.set_aside(writing, head.acknowledged + 1)?;
                    return Ok(Err(PushRefusal::Signature { seq: signed.seq }));
                }
            },
            // Nothing to check with, or nothing to check.
            (None, _) | (Some(_), None) => None,
        };
        if public.is_some()
            && !self.is_part
            && let Some(refusal) = self.find_unsigned(writing, &head, signed.as_ref(), arrived)?
        {
            return Ok(Err(refusal));
        }
        let moved = self.add_new(writing, head, arrived)?;
        if let Some((seq, hash, signature)) = &signed {
            writing.add_signed_head(&self.row(*seq, hash, &[]), signature)?;
        }
        let signed_seq = match public {
            Some(_) => Some(writing.signed_seq(self.key)?),
            None => None,
        };
        Ok(Ok(answer(self.key.epoch, &moved, signed_seq)))
    }

    /// Whether a batch leaves more events behind the lane's last signature than an honest lane ever has there: then nobody
    /// can tell who wrote them, and nothing of it is filed until a signature comes with it.
    fn find_unsigned(
        &self,
        writing: &Writing<'_>,
        head: &JournalHead,
        signed: Option<&Checked>,
        arrived: &[Arrived<'_>],
    ) -> Result<Option<PushRefusal>, StoreError> {
        let first_seq = self.batch.head.first_seq;
        let last = first_seq - 1 + arrived.len() as u64;
        let signed_before = writing.signed_seq(self.key)?;
        let signed_seq = signed.map_or(0, |(seq, ..)| *seq).max(signed_before);
        if last <= head.acknowledged || last.saturating_sub(signed_seq) <= UNSIGNED_TAIL_MAX {
            return Ok(None);
        }
        // One alarm for all that is sent behind one signature, whatever that is.
        let last_signed = match signed_before {
            0 => None,
            seq => writing.event_hash(self.key, seq)?,
        };
        let hash =
            last_signed.unwrap_or_else(|| ChainHash::genesis(self.key.store, self.key.lane, self.key.epoch));
        writing.raise_alarm(AlarmKind::Unsigned, &self.row(signed_before + 1, &hash, &[]))?;
        // Of an epoch that is over, and of a lane that owed more before HQ knew this bound, all is filed and looked at.
        let owed = head.acknowledged.saturating_sub(signed_before);
        if self.is_past || owed > UNSIGNED_TAIL_MAX {
            return Ok(None);
        }
        Ok(Some(PushRefusal::Unsigned { signed: signed_seq }))
    }

    /// The number before the batch, and every number of it that is filed
    /// already, must have the hash that is filed.
    fn find_fork(
        &self,
        writing: &Writing<'_>,
        head: &JournalHead,
        arrived: &[Arrived<'_>],
    ) -> Result<Option<PushRefusal>, StoreError> {
        let first_seq = self.batch.head.first_seq;
        let before = first_seq - 1;
        let known: Vec<(u64, ChainHash)> = if before == head.acknowledged {
            vec![(before, head.head)]
        } else {
            let last = head.acknowledged.min(before + arrived.len() as u64);
            let mut known = writing.event_hashes(self.key, before..=last)?;
            if before == 0 {
                known.insert(0, (0, JournalHead::at_genesis(self.key).head));
            }
            known
        };
        let sent = std::iter::once((before, &self.batch.previous))
            .chain((first_seq..).zip(arrived.iter().map(|event| &event.hash)))
            .take_while(|(seq, _)| *seq <= head.acknowledged);
        let mut filed = known.into_iter().peekable();
        for (seq, hash) in sent {
            let same = filed.next_if(|(number, _)| *number == seq).is_some_and(|(_, filed)| filed == *hash);
            if same {
                continue;
            }
            if seq == 0 {
                let reason = "the journal does not begin with this lane's identity".to_owned();
                return Ok(Some(PushRefusal::Malformed { reason }));
            }
            writing.raise_alarm(AlarmKind::Fork, &self.row(seq, hash, &[]))?;
            self.set_aside(writing, seq)?;
            return Ok(Some(PushRefusal::Fork { seq }));
        }
        Ok(None)
    }

    /// Holds a signed head against the lane's key and the chain; `None` when
    /// it is not of them.
    fn check_signed(
        &self,
        writing: &Writing<'_>,
        public: &PublicKey,
        signed: &SignedHead,
        arrived: &[Arrived<'_>],
    ) -> Result<Option<Checked>, StoreError> {
        let hash = match signed.seq.checked_sub(self.batch.head.first_seq) {
            Some(place) => arrived.get(usize::try_from(place).unwrap_or(usize::MAX)).map(|event| event.hash),
            None => writing.event_hash(self.key, signed.seq)?,
        };
        let JournalKey { store, lane, epoch } = self.key;
        Ok(hash.and_then(|hash| {
            let claim = HeadClaim { store, lane, epoch, seq: signed.seq, hash };
            let signature = signed.signature().ok()?;
            (signed.hash == hash.to_string() && public.check(&claim, &signature).is_ok())
                .then_some((signed.seq, hash, signature))
        }))
    }

    /// Files what is not filed yet, and what can be read out of it. Only what
    /// passed the gate now is read, so that nothing is in a sum twice.
    fn add_new(
        &self,
        writing: &Writing<'_>,
        head: JournalHead,
        arrived: &[Arrived<'_>],
    ) -> Result<JournalHead, StoreError> {
        let mut moved = head.clone();
        let new: Vec<(u64, &Arrived<'_>)> =
            (self.batch.head.first_seq..).zip(arrived).filter(|(seq, _)| *seq > head.acknowledged).collect();
        let Some((last, newest)) = new.last() else { return Ok(moved) };
        let rows: Vec<NewEvent<'_>> = new
            .iter()
            .map(|(seq, event)| NewEvent { seq: *seq, hash: &event.hash, bytes: event.bytes })
            .collect();
        let passed = writing.add_events(self.key, &rows, self.now_ms)?;
        if passed.len() != rows.len() {
            self.refuse_other(writing, &rows)?;
        }
        let mut readable = Vec::with_capacity(passed.len());
        for place in passed {
            let (seq, event) = new[place];
            match &event.reading {
                Ok(event) => readable.push(event),
                Err(reason) => {
                    writing.add_quarantine(self.key, seq, reason)?;
                    moved.quarantined += 1;
                }
            }
        }
        projection::project(writing, self.key, &readable)?;
        moved.acknowledged = *last;
        moved.head = newest.hash;
        writing.set_journal_head(self.key, &moved)?;
        Keeper::new(writing, self.now_ms)?.file(self.key, &readable)?;
        Ok(moved)
    }

    /// Events beyond the journal's head are filed only where a database was
    /// put together from parts of different age: their hashes must be these.
    fn refuse_other(&self, writing: &Writing<'_>, rows: &[NewEvent<'_>]) -> Result<(), StoreError> {
        for row in rows {
            if writing.event_hash(self.key, row.seq)?.as_ref() != Some(row.hash) {
                let reason = format!("event {} is filed beyond its journal's head, and is another", row.seq);
                return Err(StoreError::Row { table: "event", reason });
            }
        }
        Ok(())
    }

    /// Keeps the batch's events from a number on that are not of the filed
    /// journal, as evidence; they are in no sum.
    fn set_aside(&self, writing: &Writing<'_>, from_seq: u64) -> Result<(), StoreError> {
        let kept = writing.branch_events(self.key)?;
        let room = usize::try_from(BRANCH_EVENTS_MAX.saturating_sub(kept)).unwrap_or(usize::MAX);
        let events = (self.batch.head.first_seq..).zip(&self.batch.events);
        for (seq, (hash, bytes)) in events.filter(|(seq, _)| *seq >= from_seq).take(room) {
            writing.add_branch_event(&self.row(seq, hash, bytes))?;
        }
        Ok(())
    }
}

/// Decodes an event and checks that it is where it says and adds up; an error
/// is a reason for quarantine.
pub(crate) fn read_event(key: JournalKey<'_>, seq: u64, bytes: &[u8]) -> Result<Event, String> {
    if bytes.len() > EVENT_BYTES_MAX {
        return Err(format!("{} bytes are more than {EVENT_BYTES_MAX}", bytes.len()));
    }
    let event = event::decode(bytes).map_err(|error| {
        let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
        format!("{error}{}", source.unwrap_or_default())
    })?;
    let says = (event.store.as_str(), event.lane, event.epoch, event.seq);
    if says != (key.store, key.lane, key.epoch, seq) {
        return Err(format!(
            "it says store {} lane {} epoch {} number {}, but came as number {seq}",
            event.store, event.lane, event.epoch, event.seq
        ));
    }
    if let Fact::SaleCompleted { sale } = &event.fact {
        check_sums(sale)?;
        check_applications(sale, seq)?;
    }
    projection::refuse_unfit(&event)?;
    Ok(event)
}

/// Sum of line nets - returns + tax on top + rounding = payable = sum of
/// tenders - change; rounding takes nothing from the customer, and money is
/// paid out only for what came back.
fn check_sums(sale: &Sale) -> Result<(), String> {
    let amounts = sale
        .lines
        .iter()
        .flat_map(|line| [line.net, line.list_price, line.unit_price, line.quantity])
        .chain(sale.returns.iter().flat_map(|back| [back.amount, back.tax, back.quantity]))
        .chain(sale.tenders.iter().map(|tender| tender.amount))
        .chain(sale.taxes.iter().flat_map(|tax| [tax.net, tax.tax]))
        .chain(sale.kept.iter().flat_map(|kept| [kept.amount, kept.tax, kept.quantity]))
        .chain([sale.total, sale.tax_added, sale.rounding, sale.rounding_returned])
        .chain([sale.payable, sale.change, sale.price_gap]);
    for amount in amounts {
        if amount.unsigned_abs() > AMOUNT_MAX.unsigned_abs() {
            return Err(format!("the amount {amount} is beyond {AMOUNT_MAX}"));
        }
    }
    if i64::try_from(sale.reference_version).is_err() {
        return Err(format!("there is no reference version {}", sale.reference_version));
    }
    let sum = |amounts: &mut dyn Iterator<Item = i64>| amounts.map(i128::from).sum::<i128>();
    let nets = sum(&mut sale.lines.iter().map(|line| line.net));
    let returned = sum(&mut sale.returns.iter().map(|back| back.amount));
    let kept = sum(&mut sale.kept.iter().map(|kept| kept.amount));
    let total = nets - returned + kept + i128::from(sale.tax_added);
    let tendered = sum(&mut sale.tenders.iter().map(|tender| tender.amount));
    for line in sale.lines.iter().filter(|line| !line.kit.is_empty()) {
        let shares = sum(&mut line.kit.iter().map(|part| part.net));
        if shares != i128::from(line.net) {
            let (number, net) = (line.line, line.net);
            return Err(format!("the parts of line {number} come to {shares}, but the line says {net}"));
        }
    }
    let equal = |what: &str, found: i128, says: i64| {
        if found == i128::from(says) {
            Ok(())
        } else {
            Err(format!("{what} come to {found}, but the sale says {says}"))
        }
    };
    equal("line nets less returns, with what is kept back for gifts,", total, sale.total)?;
    equal("line nets and rounding", total + i128::from(sale.rounding), sale.payable)?;
    equal("tenders less change", tendered - i128::from(sale.change), sale.payable)?;
    check_stored_value(sale)?;
    check_points(sale)?;
    check_returns(sale)
}

/// Points are earned, spent, taken back and given back, and never fewer than none: what is below nothing would move a
/// member's points the other way, and nobody would see it.
fn check_points(sale: &Sale) -> Result<(), String> {
    let moved = sale.buyer.iter().filter_map(|buyer| buyer.points.as_ref());
    let moved = moved.flat_map(|points| {
        [
            ("points are earned", points.earned),
            ("points are spent", points.spent),
            ("is paid with points", points.value),
        ]
    });
    let undone = sale.points_back.iter();
    let undone = undone.flat_map(|back| {
        [("points are taken back", back.reversed), ("points are given back", back.restored)]
    });
    for (what, points) in moved.chain(undone) {
        if points < 0 {
            return Err(format!("{points} {what}, which is below nothing"));
        }
        if points > AMOUNT_MAX {
            return Err(format!("{points} {what}, which is beyond {AMOUNT_MAX}"));
        }
    }
    Ok(())
}

/// A payment out of an account, or back to it, says of which of its balances, both the same way; what is paid in is the
/// one line of its sale.
fn check_stored_value(sale: &Sale) -> Result<(), String> {
    let sum = |principal: i64, bonus: i64| i128::from(principal) + i128::from(bonus);
    for tender in &sale.tenders {
        match &tender.stored {
            Some(stored) if tender.kind == "stored_value" => {
                let event::Value { principal, bonus } = stored.part;
                let ways = [principal.signum(), bonus.signum()];
                let one_way = !ways.contains(&1) || !ways.contains(&-1);
                if !one_way || sum(principal, bonus) != i128::from(tender.amount) {
                    let amount = tender.amount;
                    return Err(format!("{principal} and {bonus} of stored value are not the {amount} paid"));
                }
            }
            None if tender.kind != "stored_value" => {}
            Some(_) | None => return Err(format!("a tender of {} does not fit an account", tender.kind)),
        }
    }
    match (&sale.top_up, sale.lines.as_slice()) {
        (None, lines) if !lines.iter().any(event::Line::is_top_up) => Ok(()),
        (Some(top_up), [line]) if line.is_top_up() && sale.returns.is_empty() => {
            let event::Value { principal, bonus } = top_up.value;
            let whole = principal >= 0 && bonus >= 0 && sum(principal, bonus) <= i128::from(AMOUNT_MAX);
            if whole && principal == line.net {
                Ok(())
            } else {
                Err(format!("{principal} and {bonus} are paid in for {}", line.net))
            }
        }
        (None | Some(_), _) => Err("what is paid into an account is not one line of its own".to_owned()),
    }
}

/// What promotions did stands in the sale, and is reckoned again from there:
/// each line costs its price less what the sale says was taken off, no piece
/// takes part twice in one layer, and gifts were there to be given. Whether
/// another choice would have cost less is not asked.
fn check_applications(sale: &Sale, seq: u64) -> Result<(), String> {
    for line in &sale.lines {
        let pieces = if line.weighed { 1 } else { u64::try_from(line.quantity / 1_000).unwrap_or(0) };
        for layer in [SavingLayer::Price, SavingLayer::Item] {
            let own = line.savings.iter().filter(|saving| saving.layer == layer);
            let units: u64 = own.map(|saving| u64::from(saving.units)).sum();
            if units > pieces.max(1) {
                let number = line.line;
                return Err(format!("promotions take {units} pieces of line {number}, which has {pieces}"));
            }
        }
    }
    let understood = sale.understand(seq).map(|_| ());
    understood.map_err(|error| format!("its lines do not come to what their promotions leave: {error}"))
}

fn check_returns(sale: &Sale) -> Result<(), String> {
    let is_negative = |back: &protocol::event::Returned| {
        back.amount < 0
            || back.tax < 0
            || back.quantity <= 0
            || back.stock.iter().any(|line| line.quantity <= 0)
    };
    if sale.returns.iter().any(is_negative) {
        return Err("what came back is below nothing".into());
    }
    if sale.rounding > sale.rounding_returned {
        return Err(format!("the rounding {} takes money from the customer", sale.rounding));
    }
    if sale.returns.is_empty() && (sale.payable < 0 || sale.rounding_returned != 0) {
        return Err(format!("nothing came back, but {} is paid", sale.payable));
    }
    let pays_out = sale.payable < 0;
    if sale.tenders.iter().any(|tender| (tender.amount < 0) != pays_out) {
        return Err("money goes both ways".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::event::{KitShare, Returned, Staff, Tender};

    fn cash(amount: i64) -> Tender {
        let (reference, card) = (String::new(), String::new());
        Tender { kind: "cash".into(), amount, payment: None, reference, foreign: None, card, stored: None }
    }

    fn back(amount: i64) -> Returned {
        Returned {
            origin: None,
            line: 1,
            sku: "1".into(),
            code: "1".into(),
            name_zh: "水".into(),
            name_en: "Water".into(),
            spec: String::new(),
            category: String::new(),
            weighed: false,
            quantity: 1_000,
            stock: Vec::new(),
            before: 0,
            amount,
            tax: 0,
            tax_rate: 1_300,
            reason: "stale".into(),
            seller: None,
            membership: false,
        }
    }

    fn sale(nets: &[i64], rounding: i64, tendered: i64, change: i64) -> Sale {
        let line = |net: &i64| protocol::event::Line {
            line: 1,
            sku: "1".into(),
            code: "1".into(),
            name_zh: "水".into(),
            name_en: "Water".into(),
            spec: String::new(),
            category: String::new(),
            weighed: false,
            quantity: 1_000,
            list_price: *net,
            unit_price: *net,
            kept: None,
            weighed_by: None,
            label_amount: None,
            unit: None,
            price_from: None,
            promotion: None,
            net: *net,
            tax_rate: 1_300,
            tax_class: None,
            kit: Vec::new(),
            age_restricted: false,
            no_points: false,
            membership: false,
            batch: None,
            expiry: None,
            best_before: None,
            serial: None,
            no_promotion: false,
            discount: None,
            savings: Vec::new(),
            basket_discount: 0,
            seller: None,
            note: String::new(),
            walk_in: None,
            points_off: 0,
        };
        let total = nets.iter().sum();
        Sale {
            currency: "CNY".into(),
            reference_version: 1,
            staff: Staff { id: "1".into(), number: "1".into(), name: "李".into() },
            lines: nets.iter().map(line).collect(),
            returns: Vec::new(),
            total,
            tax_added: 0,
            rounding,
            rounding_returned: 0,
            payable: total + rounding,
            tenders: vec![cash(tendered)],
            change,
            taxes: Vec::new(),
            buyer: None,
            coupons: Vec::new(),
            given: Vec::new(),
            points_back: None,
            gifts: Vec::new(),
            kept: Vec::new(),
            seller: None,
            note: String::new(),
            uses: Vec::new(),
            uses_back: Vec::new(),
            borne: Vec::new(),
            borne_back: Vec::new(),
            coupons_back: Vec::new(),
            price_gap: 0,
            engine: 0,
            phones: Vec::new(),
            top_up: None,
        }
    }

    #[test]
    fn a_sale_adds_up_or_says_what_does_not() {
        assert_eq!(check_sums(&sale(&[199, 304], -3, 1_000, 500)), Ok(()));
        let short = check_sums(&sale(&[199, 304], -3, 400, 0)).expect_err("too little");
        assert!(short.contains("tenders less change come to 400"), "{short}");
        let mut kit = sale(&[199], 0, 199, 0);
        let part = |net| KitShare { sku: "2".into(), quantity: 1_000, price: net, tax_rate: 900, net };
        kit.lines[0].kit = vec![part(100), part(99)];
        assert_eq!(check_sums(&kit), Ok(()));
        kit.lines[0].kit = vec![part(100), part(98)];
        let short = check_sums(&kit).expect_err("too little");
        assert!(short.contains("the parts of line 1 come to 198"), "{short}");
        let mut wrong = sale(&[199], 0, 199, 0);
        wrong.total = 200;
        assert!(check_sums(&wrong).is_err());
        wrong.total = i64::MAX;
        assert!(check_sums(&wrong).is_err());
    }

    #[test]
    fn points_are_never_below_nothing() {
        let moved = |earned, spent, value| {
            let points = event::PointsMoved {
                earned,
                money_per_point: 100,
                multiplier: 10_000,
                spent,
                value,
                lease: String::new(),
            };
            let buyer = event::Buyer {
                member: "m1".into(),
                shown: String::new(),
                tier: String::new(),
                points: Some(points),
            };
            check_sums(&Sale { buyer: Some(buyer), ..sale(&[199], 0, 199, 0) })
        };
        let undone = |reversed, restored| {
            let back = event::PointsBack { member: "m1".into(), reversed, restored };
            check_sums(&Sale { points_back: Some(back), ..refund(&[199], 0, 199) })
        };
        assert_eq!((moved(5, 0, 0), moved(0, 7, 7), undone(5, 7)), (Ok(()), Ok(()), Ok(())));
        for (refused, words) in [
            (moved(-5, 0, 0), "-5 points are earned"),
            (moved(0, -7, 0), "-7 points are spent"),
            (moved(0, 7, -7), "-7 is paid with points"),
            (moved(i64::MAX, 0, 0), "points are earned, which is beyond"),
            (undone(-5, 0), "-5 points are taken back, which is below nothing"),
            (undone(0, i64::MIN), "points are given back, which is below nothing"),
        ] {
            let says = refused.expect_err(words);
            assert!(says.contains(words), "{says}");
        }
    }

    /// A return of `amounts` with nothing else, paid out in cash.
    fn refund(amounts: &[i64], rounding: i64, paid_out: i64) -> Sale {
        let total = -amounts.iter().sum::<i64>();
        let payable = total + rounding;
        let returns = amounts.iter().map(|amount| back(*amount)).collect();
        Sale { returns, total, payable, rounding_returned: rounding, ..sale(&[], rounding, -paid_out, 0) }
    }

    #[test]
    fn money_goes_out_only_for_what_came_back() {
        assert_eq!(check_sums(&refund(&[199, 304], 3, 500)), Ok(()));
        assert_eq!(check_sums(&refund(&[199], -1, 200)), Ok(()));
        assert!(check_sums(&refund(&[199], 0, 200)).is_err());
        assert!(check_sums(&refund(&[-199], 0, -199)).is_err());
        // An exchange.
        let mut exchange = sale(&[500], 0, 400, 99);
        exchange.returns = vec![back(199)];
        (exchange.total, exchange.payable) = (301, 301);
        assert_eq!(check_sums(&exchange), Ok(()));
        // Money in and out at once, money out for nothing, rounding up.
        let mut both = refund(&[199], 0, 199);
        both.tenders = vec![cash(100), cash(-299)];
        assert!(check_sums(&both).is_err());
        let mut nothing = refund(&[199], 0, 199);
        nothing.returns.clear();
        nothing.lines = sale(&[-199], 0, 0, 0).lines;
        assert!(check_sums(&nothing).is_err());
        assert!(check_sums(&sale(&[199], 1, 200, 0)).is_err());
    }
}
