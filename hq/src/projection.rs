//! Reads filed events into the tables that answers come from, in the
//! transaction that files them; and makes those tables again from the events.

use std::collections::{BTreeMap, HashSet};

use domain::bearer;
use domain::stock::StockMove;
use domain::tender::CardEnd;
use protocol::event::{self, Event, Fact, Kiosk, Line, Movement, Returned, StockLine};
use protocol::pull::{Label, LabelStamp, LabelWaiver};
use serde::{Deserialize, Serialize};

use crate::books::counting;
use crate::books::keeper::{Keeper, document, nameable};
use crate::commission::{self, Reckoner};
use crate::intake;
use crate::store::{
    Beside, BesideRow, JournalKey, PROJECTIONS, ShiftEnd, ShiftStart, Store, StoreError, Writing,
};
use crate::weights;

/// Events that are read back at one time.
const EVENTS_AT_A_TIME: u32 = 1_000;

/// The most that one row of a document moves of a stock, thousandths: as far
/// as sums of a store's lifetime stay within 63 bits.
pub const MOVED_MAX: i64 = 1_000_000_000_000;

/// The longest text of an event that is part of a key, in bytes; engines
/// refuse longer ones at their own bounds.
pub const KEY_TEXT_MAX: usize = 200;

/// Reads new events of one journal into their tables, in order. The caller
/// has checked each of them with [`refuse_unfit`].
pub(crate) fn project(
    writing: &Writing<'_>,
    key: JournalKey<'_>,
    events: &[&Event],
) -> Result<(), StoreError> {
    let mut sales = Vec::new();
    let mut named = Vec::new();
    let mut moved = BTreeMap::new();
    let mut beside = Vec::new();
    for event in events {
        for (sku, thousandths) in moved_by(event) {
            let sum = moved.entry(sku).or_insert(0i64);
            *sum = sum.saturating_add(thousandths);
        }
        match &event.fact {
            Fact::SaleCompleted { sale } => sales.push((*event, sale)),
            Fact::BuyerNamed { document, buyer, .. } => named.push((*document, buyer)),
            Fact::StockMoved { movement, .. } => beside.extend(beside_of(key.store, event.seq, movement)),
            Fact::ShiftOpened { staff, float, carried: _ } => {
                writing.open_shift(key, &ShiftStart { event, staff, opening_cash: *float })?;
            }
            Fact::ShiftClosed { staff, report } => {
                writing.close_shift(key, &ShiftEnd { event, staff, report: report.as_deref() })?;
            }
            Fact::LabelBound { binding, .. } => {
                writing.put_label(key.store, &binding.label, &Label::bound(binding, stamp(key, event)))?;
            }
            Fact::LabelUnbound { label, .. } => {
                writing.put_label(key.store, label, &Label::unbound(false, stamp(key, event)))?;
            }
            Fact::LabelReplaced { old, binding, .. } => {
                writing.put_label(key.store, old, &Label::unbound(true, stamp(key, event)))?;
                writing.put_label(key.store, &binding.label, &Label::bound(binding, stamp(key, event)))?;
            }
            Fact::LabelsWaived { item, .. } => {
                let waiver = LabelWaiver { item: item.clone(), stamp: stamp(key, event) };
                writing.put_label_waiver(key.store, &waiver)?;
            }
            Fact::SignedIn { .. }
            | Fact::SignInRefused { .. }
            | Fact::SignedOut { .. }
            | Fact::CashMoved { .. }
            | Fact::CashCounted { .. }
            | Fact::DrawerOpened { .. }
            | Fact::Locked { .. }
            | Fact::Unlocked { .. }
            | Fact::Approved { .. }
            | Fact::LineDiscounted { .. }
            | Fact::BasketDiscounted { .. }
            | Fact::BasketParked { .. }
            | Fact::BasketRecalled { .. }
            | Fact::BasketOffered { .. }
            | Fact::BasketTaken { .. }
            | Fact::BasketGone { .. }
            | Fact::ReturnBegun { .. }
            | Fact::LineReturned { .. }
            | Fact::ReturnDropped { .. }
            | Fact::TenderAdded { .. }
            | Fact::TenderRemoved { .. }
            | Fact::PaymentBegun { .. }
            | Fact::PaymentEnded { .. }
            | Fact::LineAdded { .. }
            | Fact::LineQuantitySet { .. }
            | Fact::LinePriceSet { .. }
            | Fact::LinePriceLowered { .. }
            | Fact::LineVoided { .. }
            | Fact::SellerNamed { .. }
            | Fact::NoteWritten { .. }
            | Fact::AgeConfirmed { .. }
            | Fact::MemberJoined { .. }
            | Fact::MemberLeft {}
            | Fact::CouponLaid { .. }
            | Fact::CouponTakenBack { .. }
            | Fact::PointsOffered { .. }
            | Fact::QuotasHeard { .. }
            | Fact::LeaseReturned { .. }
            | Fact::StockCounted { .. }
            | Fact::MemberRegistered { .. }
            | Fact::TenderChosen { .. }
            | Fact::BasketCancelled { .. }
            | Fact::PaperBegun { .. }
            | Fact::PaperEnded { .. }
            | Fact::EpochBegun { .. }
            | Fact::ClockRefused { .. }
            | Fact::Phone(_)
            | Fact::Order(_)
            | Fact::ClockTrusted { .. } => {}
            Fact::Kiosk(kiosk) => {
                if let Kiosk::Weighed { sku, unit, grams } = kiosk {
                    weights::hear(writing, key, event, (sku, unit, *grams))?;
                }
            }
        }
    }
    if sales.iter().any(|(_, sale)| commission::is_credited(sale)) {
        let mut reckoner = Reckoner::new(writing, key)?;
        for (event, sale) in &sales {
            reckoner.reckon(event, sale)?;
        }
        writing.add_commissions(key, &reckoner.rows)?;
    }
    writing.add_sales(key, &sales)?;
    for (document, buyer) in named {
        // What cannot be is listed by the books.
        if let Ok(sale) = nameable(writing, key, document, buyer)? {
            writing.add_buyer_key(key, &sale, &buyer.member)?;
        }
    }
    let documents: Vec<&event::Sale> = sales.iter().map(|(_, sale)| *sale).collect();
    writing.add_quota_uses(key, &documents)?;
    writing.add_promotion_costs(key, &sales)?;
    writing.add_stock_beside(key, &beside)?;
    writing.move_stock(key, &moved)
}

/// When and where something about a label was said.
fn stamp(key: JournalKey<'_>, event: &Event) -> LabelStamp {
    LabelStamp { at_ms: event.at_ms, lane: key.lane, epoch: key.epoch, seq: event.seq }
}

/// What an event moves of its store's stock, thousandths of base units.
pub(crate) fn moved_by(event: &Event) -> Vec<(&str, i64)> {
    if let Fact::SaleCompleted { sale } = &event.fact {
        return moves(&sale.lines, &sale.returns);
    }
    // Nothing else moves goods; a count is posted when every lane is here.
    let Fact::StockMoved { movement, .. } = &event.fact else { return Vec::new() };
    let sign = StockMove::from(movement.kind).sign();
    let lines = movement.lines.iter().filter(|_| sign != 0);
    lines.map(|line| (line.sku.as_str(), line.quantity.saturating_mul(sign))).collect()
}

/// What is on its way or waited for from now on, or not any more.
fn beside_of<'a>(store: &'a str, seq: u64, movement: &'a Movement) -> Vec<BesideRow<'a>> {
    let (kind, place, sign) = match movement.kind {
        event::StockMove::TransferOut => (Beside::Transit, movement.other.as_str(), 1),
        event::StockMove::TransferIn => (Beside::Transit, store, -1),
        event::StockMove::Reserve => (Beside::Reserved, store, 1),
        event::StockMove::Release => (Beside::Reserved, store, -1),
        event::StockMove::Receive
        | event::StockMove::ReturnToSupplier
        | event::StockMove::Damage
        | event::StockMove::Expiry
        | event::StockMove::InternalUse
        | event::StockMove::Tasting => return Vec::new(),
    };
    let row = |(position, line): (i64, &'a StockLine)| BesideRow {
        seq,
        position,
        sku: &line.sku,
        kind,
        place,
        document: &movement.document,
        quantity: line.quantity.saturating_mul(sign),
    };
    (0..).zip(&movement.lines).map(row).collect()
}

/// What lines and returns move of a stock, in base units. A kit moves its
/// parts and a pack its pieces, when they are sold and when they come back; a
/// membership, or what is paid into an account, moves nothing.
fn moves<'a>(lines: &'a [Line], returns: &'a [Returned]) -> Vec<(&'a str, i64)> {
    let mut moved = Vec::new();
    for line in lines.iter().filter(|line| !line.membership && !line.is_top_up()) {
        let factor = line.unit.as_ref().map_or(1, |unit| unit.factor);
        let sold = i128::from(line.quantity) * i128::from(factor);
        if line.kit.is_empty() {
            moved.push((line.sku.as_str(), narrow(-sold)));
        }
        for part in &line.kit {
            moved.push((part.sku.as_str(), narrow(-sold * i128::from(part.quantity) / 1_000)));
        }
    }
    for back in returns.iter().filter(|back| !back.membership) {
        if back.stock.is_empty() {
            moved.push((back.sku.as_str(), back.quantity));
        }
        moved.extend(back.stock.iter().map(|line| (line.sku.as_str(), line.quantity)));
    }
    moved
}

fn narrow(thousandths: i128) -> i64 {
    i64::try_from(thousandths).unwrap_or(if thousandths < 0 { i64::MIN } else { i64::MAX })
}

/// Says why an event cannot go into the tables, if it cannot: a reason for
/// quarantine, so that it holds up nothing that follows.
pub(crate) fn refuse_unfit(event: &Event) -> Result<(), String> {
    match &event.fact {
        Fact::SaleCompleted { sale } => {
            let stored = sale.tenders.iter().filter_map(|tender| tender.stored.as_ref());
            let keys = [sale.currency.as_str(), sale.staff.id.as_str()].into_iter();
            let mut keys = keys
                .chain(sale.lines.iter().map(|line| line.sku.as_str()))
                .chain(sale.lines.iter().filter_map(|line| line.unit.as_ref().map(|unit| unit.id.as_str())))
                .chain(sale.lines.iter().flat_map(|line| line.kit.iter().map(|part| part.sku.as_str())))
                .chain(sale.returns.iter().map(|back| back.sku.as_str()))
                .chain(sale.returns.iter().flat_map(|back| back.stock.iter().map(|line| line.sku.as_str())))
                .chain(sale.kept.iter().map(|kept| kept.sku.as_str()))
                .chain(sale.buyer.iter().map(|buyer| buyer.member.as_str()))
                .chain(sale.top_up.iter().map(|top_up| top_up.member.as_str()))
                .chain(stored.clone().flat_map(|stored| [stored.member.as_str(), stored.lease.as_str()]))
                .chain(sale.tenders.iter().map(|tender| tender.kind.as_str()));
            keys.try_for_each(refuse_text)?;
            // More of a card's number than its end is kept by nobody.
            let cards = sale.tenders.iter().map(|tender| tender.card.as_str());
            if cards.filter(|card| !card.is_empty()).any(|card| CardEnd::parse(card).is_err()) {
                return Err("what stands there of a card is not exactly four digits".to_owned());
            }
            refuse_uses(sale)?;
            let sellers = sale.seller.iter().chain(sale.lines.iter().filter_map(|line| line.seller.as_ref()));
            sellers.flat_map(|seller| [&seller.id, &seller.level]).try_for_each(|text| refuse_text(text))?;
            for (sku, thousandths) in moves(&sale.lines, &sale.returns) {
                if thousandths.unsigned_abs() > MOVED_MAX.unsigned_abs() {
                    return Err(format!("{thousandths} thousandths of {sku} are beyond {MOVED_MAX}"));
                }
            }
            Ok(())
        }
        Fact::ShiftOpened { staff, .. } | Fact::ShiftClosed { staff, .. } => refuse_text(staff),
        Fact::StockMoved { movement, .. } => {
            let texts = [&movement.document, &movement.other].into_iter();
            texts
                .chain(movement.lines.iter().map(|line| &line.sku))
                .try_for_each(|text| refuse_text(text))?;
            refuse_quantities(&movement.lines, 1)
        }
        Fact::StockCounted { count, .. } => {
            let texts = std::iter::once(&count.document).chain(count.lines.iter().map(|line| &line.sku));
            texts.into_iter().try_for_each(|text| refuse_text(text))?;
            if count.positions.iter().any(|at| i64::try_from(at.seq).is_err()) {
                return Err("a position is beyond 63 bits".to_owned());
            }
            refuse_quantities(&count.lines, 0)
        }
        Fact::Order(done) => [&done.order, &done.staff].into_iter().try_for_each(|text| refuse_text(text)),
        Fact::BuyerNamed { document, buyer, .. } => {
            if i64::try_from(*document).is_err() {
                return Err(format!("the number {document} of a sale is beyond 63 bits"));
            }
            [&buyer.member, &buyer.shown, &buyer.tier].into_iter().try_for_each(|text| refuse_text(text))?;
            refuse_named(event, buyer)
        }
        Fact::MemberRegistered { member, .. } => {
            [&member.id, &member.phone_hash, &member.shown, &member.card]
                .into_iter()
                .try_for_each(|text| refuse_text(text))
        }
        // Their numbers and items must be such as a label can have.
        Fact::LabelBound { .. }
        | Fact::LabelUnbound { .. }
        | Fact::LabelReplaced { .. }
        | Fact::LabelsWaived { .. } => match event.record() {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        },
        Fact::SignedIn { .. }
        | Fact::SignInRefused { .. }
        | Fact::SignedOut { .. }
        | Fact::CashMoved { .. }
        | Fact::CashCounted { .. }
        | Fact::DrawerOpened { .. }
        | Fact::Locked { .. }
        | Fact::Unlocked { .. }
        | Fact::Approved { .. }
        | Fact::LineDiscounted { .. }
        | Fact::BasketDiscounted { .. }
        | Fact::BasketParked { .. }
        | Fact::BasketRecalled { .. }
        | Fact::BasketGone { .. }
        | Fact::ReturnBegun { .. }
        | Fact::LineReturned { .. }
        | Fact::ReturnDropped { .. }
        | Fact::TenderAdded { .. }
        | Fact::TenderRemoved { .. }
        | Fact::PaymentBegun { .. }
        | Fact::PaymentEnded { .. }
        | Fact::LineAdded { .. }
        | Fact::LineQuantitySet { .. }
        | Fact::LinePriceSet { .. }
        | Fact::LinePriceLowered { .. }
        | Fact::LineVoided { .. }
        | Fact::SellerNamed { .. }
        | Fact::NoteWritten { .. }
        | Fact::AgeConfirmed { .. }
        | Fact::MemberJoined { .. }
        | Fact::MemberLeft {}
        | Fact::CouponLaid { .. }
        | Fact::CouponTakenBack { .. }
        | Fact::PointsOffered { .. }
        | Fact::QuotasHeard { .. }
        | Fact::LeaseReturned { .. }
        | Fact::TenderChosen { .. }
        | Fact::BasketCancelled { .. }
        | Fact::PaperBegun { .. }
        | Fact::PaperEnded { .. }
        | Fact::EpochBegun { .. }
        | Fact::ClockRefused { .. }
        | Fact::ClockTrusted { .. } => Ok(()),
        Fact::Kiosk(Kiosk::Weighed { sku, unit, .. }) => {
            [sku, unit].into_iter().try_for_each(|text| refuse_text(text))
        }
        Fact::Kiosk(_) => Ok(()),
        // What a number of theirs is must be known before it is one of a book.
        Fact::BasketOffered { .. } | Fact::BasketTaken { .. } | Fact::Phone(_) => {
            event.record().map(drop).map_err(|error| error.to_string())
        }
    }
}

/// Who is named after the payment is given points, and spends none.
fn refuse_named(event: &Event, buyer: &event::Buyer) -> Result<(), String> {
    if buyer.member.is_empty() {
        return Err("nobody is named".to_owned());
    }
    let spends =
        |points: &event::PointsMoved| points.spent != 0 || points.value != 0 || !points.lease.is_empty();
    if buyer.points.as_ref().is_some_and(spends) {
        return Err("points are spent on a sale that was paid before".to_owned());
    }
    event.record().map(drop).map_err(|error| error.to_string())
}

/// What a sale says of promotions with quotas and of coupons must be such as
/// can be counted, and comes back with goods only.
fn refuse_uses(sale: &event::Sale) -> Result<(), String> {
    let texts = sale.uses.iter().chain(&sale.uses_back).flat_map(|used| [&used.promotion, &used.member]);
    let borne = || sale.borne.iter().chain(&sale.borne_back);
    let shares = borne().flat_map(|borne| &borne.shares).map(|share| &share.supplier);
    let texts = texts.chain(borne().map(|borne| &borne.promotion)).chain(shares);
    texts.chain(&sale.coupons_back).try_for_each(|text| refuse_text(text))?;
    let all = u64::from(bearer::WHOLE);
    let is_whole =
        |borne: &event::Borne| borne.shares.iter().map(|share| u64::from(share.share)).sum::<u64>() == all;
    if !borne().all(is_whole) {
        return Err("what a promotion took off is not borne by shares that sum to all of it".to_owned());
    }
    let comes_back =
        !sale.uses_back.is_empty() || !sale.borne_back.is_empty() || !sale.coupons_back.is_empty();
    if comes_back && sale.returns.iter().all(|back| back.origin.is_none()) {
        return Err("promotions or coupons come back, but no goods of a sale do".to_owned());
    }
    Ok(())
}

fn refuse_quantities(lines: &[StockLine], least: i64) -> Result<(), String> {
    match lines.iter().find(|line| !(least..=MOVED_MAX).contains(&line.quantity)) {
        Some(line) => Err(format!("{} thousandths of {} cannot be", line.quantity, line.sku)),
        None => Ok(()),
    }
}

fn refuse_text(text: &str) -> Result<(), String> {
    if text.len() > KEY_TEXT_MAX {
        return Err(format!("a code of {} bytes is longer than {KEY_TEXT_MAX}", text.len()));
    }
    if text.contains('\0') {
        return Err("a code has a zero byte in it".to_owned());
    }
    Ok(())
}

/// What making the projections again has shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rebuilt {
    /// Lanes that were done.
    pub lanes: u64,
    /// Events that were read.
    pub events: u64,
    /// Rows that were written.
    pub rows: u64,
    /// Events that left quarantine, because this program can use them.
    pub released: u64,
    /// Tables that said something else before: store, lane and table.
    pub differing: Vec<(String, u32, String)>,
}

/// The most tables that are named as differing.
const DIFFERING_MAX: usize = 1_000;

/// Makes every projection again from the filed events, a transaction for each
/// lane, and compares: what follows from the same events is the same. What
/// leaves quarantine is entered into the books as well, in the transaction in
/// which it leaves. `now_ms` is HQ's clock, milliseconds UTC.
pub fn rebuild(store: &Store, now_ms: i64) -> Result<Rebuilt, StoreError> {
    let mut rebuilt = Rebuilt::default();
    let epochs = store.read::<_, StoreError>(|reading| reading.lane_epochs())?;
    let mut stores: BTreeMap<String, BTreeMap<u32, Vec<u32>>> = BTreeMap::new();
    for epoch in epochs {
        let lanes = stores.entry(epoch.store).or_default();
        lanes.entry(epoch.lane).or_default().push(epoch.epoch);
    }
    for (of_store, lanes) in stores {
        for (lane, epochs) in &lanes {
            let of_lane = store.write::<_, StoreError>(|writing| {
                rebuild_lane(writing, (&of_store, *lane), epochs, now_ms)
            })?;
            rebuilt.lanes += 1;
            rebuilt.events += of_lane.events;
            rebuilt.rows += of_lane.rows;
            rebuilt.released += of_lane.released;
            rebuilt.differing.extend(of_lane.differing);
            rebuilt.differing.truncate(DIFFERING_MAX);
        }
        rebuilt.released +=
            store.write::<_, StoreError>(|writing| release_counts(writing, &of_store, &lanes, now_ms))?;
    }
    Ok(rebuilt)
}

fn rebuild_lane(
    writing: &Writing<'_>,
    (store, lane): (&str, u32),
    epochs: &[u32],
    now_ms: i64,
) -> Result<Rebuilt, StoreError> {
    let mut done = Rebuilt::default();
    let mut heads = Vec::new();
    for epoch in epochs {
        let key = JournalKey { store, lane, epoch: *epoch };
        heads.push((key, writing.lock_journal(key)?));
    }
    let last: Vec<(u32, u64)> = heads.iter().map(|(key, head)| (key.epoch, head.acknowledged)).collect();
    let digests = || PROJECTIONS.iter().map(|of| writing.projection_digest(of, store, lane, &last));
    let before = digests().collect::<Result<Vec<_>, _>>()?;
    writing.clear_projections(store, lane)?;
    let mut released_of = Vec::new();
    for (key, head) in &mut heads {
        let mut released = HashSet::new();
        let mut after = 0;
        loop {
            let events = writing.events_after(*key, after, EVENTS_AT_A_TIME)?;
            let Some((newest, _)) = events.last() else { break };
            let of = after + 1..=*newest;
            after = *newest;
            done.events += events.len() as u64;
            let readable = readable(*key, &events);
            let readable: Vec<&Event> = readable.iter().collect();
            // A count leaves when every lane of the store is in the tables again.
            let usable = readable.iter().filter(|event| !is_count(event)).map(|event| event.seq);
            released.extend(writing.release_quarantined(*key, of, usable)?);
            project(writing, *key, &readable)?;
        }
        let count = released.len() as u64;
        head.quarantined = head.quarantined.saturating_sub(count);
        done.released += count;
        writing.set_journal_head(*key, head)?;
        released_of.push((*key, released));
    }
    let after = digests().collect::<Result<Vec<_>, _>>()?;
    for (of, (before, after)) in PROJECTIONS.iter().zip(before.iter().zip(&after)) {
        done.rows += after.0;
        if before != after {
            done.differing.push((store.to_owned(), lane, of.table.to_owned()));
        }
    }
    for (key, released) in released_of {
        file_released(writing, key, &released, now_ms)?;
    }
    Ok(done)
}

/// Those of filed events that this program can use.
fn readable(key: JournalKey<'_>, events: &[(u64, Vec<u8>)]) -> Vec<Event> {
    events.iter().filter_map(|(seq, bytes)| intake::read_event(key, *seq, bytes).ok()).collect()
}

fn is_count(event: &Event) -> bool {
    matches!(event.fact, Fact::StockCounted { .. })
}

/// Enters into the books what left quarantine of a journal, and what later events say now that it is there.
fn file_released(
    writing: &Writing<'_>,
    key: JournalKey<'_>,
    released: &HashSet<u64>,
    now_ms: i64,
) -> Result<(), StoreError> {
    let Some(first) = released.iter().min() else { return Ok(()) };
    let keeper = Keeper::new(writing, now_ms)?;
    let mut after = first - 1;
    loop {
        let events = writing.events_after(key, after, EVENTS_AT_A_TIME)?;
        let Some((newest, _)) = events.last() else { return Ok(()) };
        after = *newest;
        let readable = readable(key, &events);
        let readable: Vec<&Event> = readable.iter().filter(|event| !is_count(event)).collect();
        keeper.file_released(key, &readable, released)?;
    }
}

/// Takes a store's counts out of quarantine that can be used now, and posts those for which HQ has what they need. Says
/// how many left.
fn release_counts(
    writing: &Writing<'_>,
    store: &str,
    lanes: &BTreeMap<u32, Vec<u32>>,
    now_ms: i64,
) -> Result<u64, StoreError> {
    let mut left = 0;
    for (lane, epochs) in lanes {
        for epoch in epochs {
            let key = JournalKey { store, lane: *lane, epoch: *epoch };
            let aside = writing.quarantined_in(key, 1..=i64::MAX.unsigned_abs())?;
            if aside.is_empty() {
                continue;
            }
            let mut head = writing.lock_journal(key)?;
            let mut released = 0;
            for seq in aside {
                let events = writing.events_after(key, seq - 1, 1)?;
                for event in readable(key, &events).iter().filter(|event| event.seq == seq) {
                    let Fact::StockCounted { count, staff: _ } = &event.fact else { continue };
                    released += writing.release_quarantined(key, seq..=seq, [seq])?.len() as u64;
                    counting::take_in_late(writing, store, (&document(key, seq), event.at_ms), count)?;
                }
            }
            if released > 0 {
                head.quarantined = head.quarantined.saturating_sub(released);
                writing.set_journal_head(key, &head)?;
                left += released;
            }
        }
    }
    if left > 0 {
        counting::post_due(writing, store, now_ms)?;
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_that_a_key_cannot_hold_is_refused_in_words() {
        assert!(refuse_text("6901028075763'; DROP TABLE sale; --").is_ok());
        assert!(refuse_text("a\0b").is_err());
        assert!(refuse_text(&"x".repeat(KEY_TEXT_MAX + 1)).is_err());
    }
}
