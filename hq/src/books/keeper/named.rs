//! Who was named as the buyer of a sale after its payment: once, for a sale that HQ has and that had none. They get its
//! points as if they had been there. What came back of it meanwhile is reckoned here, whether or not whoever took it back
//! knew of them, so that in whatever order journals come the points that are left are those of the goods that are left.

use domain::refund::PastSale;
use domain::sale;
use domain::tax::{TaxMode, TaxRules};
use domain::till::after::NotNamed;
use protocol::event::{Buyer, Event, Fact, Origin, Sale};
use serde::{Deserialize, Serialize};

use super::{BACK, Keeper, Kept, document, document_of, origin_of, points_key, receipt_part};
use crate::books::points::{Operation, Trace};
use crate::store::{BookKey, BookKind, JournalKey, Reading, StoreError};

/// Who was named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct NamedBuyer {
    /// The event that says so.
    by: String,
    /// Who, and the points that the sale earns them.
    pub(super) buyer: Buyer,
}

/// Why nobody is named for a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum NotNameable {
    /// HQ has no such sale of this journal before it.
    NoSuchSale,
    /// It had a buyer when it was paid.
    HasMember,
    /// Nothing was bought with it alone.
    Return,
    /// It pays money into an account.
    TopUp,
    /// The points are not those that it earns.
    Points,
    /// Somebody was named for it before.
    NamedBefore,
}

/// The sale of which a buyer is named, where that can be: it is filed and had none, and the points are what it earns.
pub(crate) fn nameable(
    reading: &Reading<'_>,
    key: JournalKey<'_>,
    document: u64,
    buyer: &Buyer,
) -> Result<Result<Event, NotNameable>, StoreError> {
    let Some(before) = document.checked_sub(1) else { return Ok(Err(NotNameable::NoSuchSale)) };
    // One that is in quarantine is no sale yet.
    if reading.sales_after(key, before, 1)?.iter().all(|row| row.seq != document) {
        return Ok(Err(NotNameable::NoSuchSale));
    }
    let origin = Origin { store: key.store.to_owned(), lane: key.lane, epoch: key.epoch, seq: document };
    let event = reading.event_bytes(&origin)?.and_then(|bytes| protocol::event::decode(&bytes).ok());
    let Some(event) = event else { return Ok(Err(NotNameable::NoSuchSale)) };
    let Fact::SaleCompleted { sale } = &event.fact else { return Ok(Err(NotNameable::NoSuchSale)) };
    let Ok(understood) = sale.understand(document) else { return Ok(Err(NotNameable::NoSuchSale)) };
    let why = match understood.not_named_after() {
        None => None,
        Some(NotNamed::HasMember) => Some(NotNameable::HasMember),
        Some(NotNamed::TopUp) => Some(NotNameable::TopUp),
        // What else hinders, a till knows and no sale by itself.
        Some(
            NotNamed::Return | NotNamed::OtherShift | NotNamed::CameBack | NotNamed::Full | NotNamed::Paying,
        ) => Some(NotNameable::Return),
    };
    let earned = buyer.points.as_ref().is_none_or(|points| {
        let rule = domain::points::EarnRule {
            money_per_point: domain::money::Money::from_minor(points.money_per_point),
            multiplier: points.multiplier,
        };
        rule.held(sale::earning(&understood.lines)) == points.earned
    });
    Ok(match why {
        Some(why) => Err(why),
        None if !earned => Err(NotNameable::Points),
        None => Ok(event),
    })
}

fn named_key<'a>(origin: &'a Origin, part: &'a str) -> BookKey<'a> {
    BookKey { owner: &origin.store, kind: BookKind::BuyerNamed, part }
}

impl Keeper<'_, '_> {
    /// Who was named for a sale after its payment.
    pub(super) fn named_for(&self, origin: &Origin) -> Result<Option<NamedBuyer>, StoreError> {
        let part = receipt_part(origin);
        let kept: Option<Kept<NamedBuyer>> = self.take(named_key(origin, &part))?;
        Ok(kept.map(|kept| kept.state))
    }

    /// A lane named the buyer of a sale. What cannot be is listed, and moves no points. Says whether anything was entered.
    pub(super) fn name_buyer(
        &self,
        key: JournalKey<'_>,
        event: &Event,
        sale: u64,
        buyer: &Buyer,
    ) -> Result<bool, StoreError> {
        let source = document(key, event.seq);
        let origin = Origin { store: key.store.to_owned(), lane: key.lane, epoch: key.epoch, seq: sale };
        let part = receipt_part(&origin);
        let receipt = BookKey { owner: key.store, kind: BookKind::Receipt, part: &part };
        let refuse = |why: NotNameable| {
            let what = serde_json::json!({ "buyer_named": buyer.member, "why": why });
            self.list(key.store, &source, receipt, &what).map(|()| false)
        };
        let known = self.named_for(&origin)?;
        if known.as_ref().is_some_and(|named| named.by == source) {
            return Ok(false);
        }
        let filed = match nameable(self.writing, key, sale, buyer)? {
            Ok(filed) => filed,
            Err(why) => return refuse(why),
        };
        let book = named_key(&origin, &part);
        // A book that is lost has its entry still: whoever is named there is made the buyer again, and nobody else.
        let first = self.writing.book_entries(book, 0, 1)?.into_iter().next();
        if known.is_some() || first.as_ref().is_some_and(|first| first.source != source) {
            return refuse(NotNameable::NamedBefore);
        }
        let state = NamedBuyer { by: source.clone(), buyer: buyer.clone() };
        let kept = Kept { entries: 1, state, claim: None };
        let earned = buyer.points.as_ref().map_or(0, |points| points.earned);
        let done = serde_json::json!({ "do": "name", "member": buyer.member });
        if first.is_none() {
            self.enter(book, kept.entries, (&source, event.at_ms), earned, &done)?;
        }
        self.writing.put_book(book, &super::written(&kept))?;
        if let Fact::SaleCompleted { sale } = &filed.fact {
            let net = sale.lines.iter().map(|line| line.net).sum();
            let operation = Operation::Sale { earned, spent: 0, lease: String::new(), net };
            let member = self.member_of(&buyer.member)?;
            // As if they had been there: the entry is the sale's, and so is its moment.
            let of_sale = document_of(&origin);
            self.points(&member, key.store, (&of_sale, filed.at_ms), &operation)?;
        }
        self.take_back_of_named(&origin)?;
        Ok(true)
    }

    /// Takes back from whoever was named for a sale what its goods that came back had earned, for each document that did
    /// so once; whether anybody was named.
    pub(super) fn take_back_of_named(&self, origin: &Origin) -> Result<bool, StoreError> {
        let Some(NamedBuyer { by, buyer }) = self.named_for(origin)? else { return Ok(false) };
        let member = self.member_of(&buyer.member)?;
        let (receipt, sale) = self.open_receipt(origin)?;
        let Some(sale) = sale else { return Ok(true) };
        let of_sale = document_of(origin);
        let mut documents = Vec::new();
        for source in &receipt.state.documents {
            let event = origin_of(source).map(|origin| self.sale_event(&origin)).transpose()?.flatten();
            if let Some(Event { fact: Fact::SaleCompleted { sale }, at_ms, .. }) = event {
                documents.push((source, at_ms, sale));
            }
        }
        let later: Vec<&Sale> = documents.iter().map(|(.., document)| document).collect();
        let due = undone_in_all(origin, sale.bought_by(Some(buyer)), &later);
        let take_back = |source: &str, at_ms: i64, net: i64| {
            let trace = BookKey { owner: &member, kind: BookKind::PointsSale, part: &of_sale };
            let trace: Trace = self.take(trace)?.unwrap_or_default();
            let reversed = (due - trace.reversed()).max(0);
            let operation = Operation::Back { origin: of_sale.clone(), reversed, restored: 0, net };
            self.points(&member, &origin.store, (source, at_ms), &operation).map(drop)
        };
        for (source, at_ms, document) in &documents {
            let back = format!("{source}{BACK}");
            if !self.writing.has_book_source(points_key(&member), &back)? {
                let own = document.returns.iter().filter(|back| back.origin.as_ref() == Some(origin));
                take_back(&back, *at_ms, own.map(|back| back.amount).sum())?;
            }
        }
        // Lanes that knew of them, and not of each other, were taken at their word before the naming came.
        let trace = BookKey { owner: &member, kind: BookKind::PointsSale, part: &of_sale };
        let reversed = self.take::<Trace>(trace)?.unwrap_or_default().reversed();
        let rest = format!("{by}{BACK}");
        if due > reversed && !self.writing.has_book_source(points_key(&member), &rest)? {
            take_back(&rest, self.now_ms, 0)?;
        }
        Ok(true)
    }

    /// Whether the points of a document that took something of a sale back from a buyer who was named stand in no book.
    pub(super) fn misses_back_of_named(&self, origin: &Origin, source: &str) -> Result<bool, StoreError> {
        let Some(named) = self.named_for(origin)? else { return Ok(false) };
        let member = self.member_of(&named.buyer.member)?;
        Ok(!self.writing.has_book_source(points_key(&member), &format!("{source}{BACK}"))?)
    }
}

/// The points that a sale earned and that are not its buyer's any more after these documents.
fn undone_in_all(origin: &Origin, sale: Sale, later: &[&Sale]) -> i64 {
    let seq = origin.seq;
    let Ok(sale) = sale.understand(seq) else { return 0 };
    let later: Vec<_> = later.iter().filter_map(|sale| sale.understand(seq).ok()).collect();
    let on_top = sale.tax_added != domain::money::Money::ZERO;
    let mode = if on_top { TaxMode::Exclusive } else { TaxMode::Inclusive };
    let past = PastSale::new(origin.into(), &sale, &later, TaxRules { mode, ..TaxRules::default() });
    let earned = sale.buyer.and_then(|buyer| buyer.points).map_or(0, |points| points.earned);
    past.points.map_or(0, |points| earned - points.rule.held(points.earning_left))
}
