//! Receipts that are looked for without the paper: a member's, or those that were paid so. Which they are and what of
//! them is left, never what lies in them.

use std::cmp::Reverse;

use chrono::{DateTime, Days, NaiveDate};
use domain::money::Money;
use domain::refund::PastSale;
use protocol::ask::{Answer, Knows, PHONE, RECEIPTS_BACK_DAYS, RECEIPTS_TOLD_MAX, ReceiptShown, Sought};
use protocol::event::{self, Fact, Origin, Sale};

use super::{ALIAS, Kept, origin_of, read, receipt_part};
use crate::asking;
use crate::books::LaneId;
use crate::books::held::ReceiptBook;
use crate::store::{BookKey, BookKind, FoundSale, Reading, SaleKey, StoreError};

/// The most receipts that are looked at for one question: those of a member on which somebody puts every sale.
const LOOKED_AT_MAX: u32 = 400;

/// The most other ids of one member that are looked for.
const ALIASES_MAX: u32 = 8;

/// The receipts that a lane looks for.
pub fn receipts_listed(
    reading: &Reading<'_>,
    lane: &LaneId,
    sought: &Sought,
    goods: &[String],
    now_ms: i64,
) -> Result<Answer, StoreError> {
    // A lane's day may be one ahead of HQ's, by its place on the globe.
    let today = DateTime::from_timestamp_millis(now_ms).unwrap_or_default().date_naive();
    let first = today.checked_sub_days(Days::new(RECEIPTS_BACK_DAYS)).unwrap_or(NaiveDate::MIN);
    let last = today.checked_add_days(Days::new(1)).unwrap_or(today);
    let nobody = Answer::Receipts { member: None, receipts: Vec::new(), more: false, knows: Knows::Chain };
    let (member, found) = match sought {
        Sought::Member { code } => {
            let led = reading.members_of_code(&format!("{ALIAS}{code}"))?;
            let id = led.first().unwrap_or(code);
            let Answer::Member { member, .. } = asking::member(reading, id, now_ms)? else {
                return Ok(nobody);
            };
            // What lanes that were cut off called them, and what the lane that asks does.
            let mut ids = vec![member.id.clone()];
            if !code.starts_with(PHONE) && *code != member.id {
                ids.push(code.clone());
            }
            let aliases = reading.codes_of_member(&member.id, ALIAS, ALIASES_MAX)?;
            ids.extend(aliases.iter().filter_map(|alias| alias.strip_prefix(ALIAS)).map(str::to_owned));
            ids.sort();
            ids.dedup();
            let mut found = Vec::new();
            for id in &ids {
                found.extend(reading.sales_with(SaleKey::Member(id), (first, last), LOOKED_AT_MAX)?);
            }
            (Some(Box::new(member)), found)
        }
        Sought::Payment { card: _, day, amount: _ } if !(first..=last).contains(day) => return Ok(nobody),
        Sought::Payment { card, day, amount } => match (card.as_str(), amount) {
            ("", None) => return Ok(nobody),
            ("", Some(amount)) => (None, reading.sales_of_amount(&lane.store, *day, *amount, LOOKED_AT_MAX)?),
            (card, _) => (None, reading.sales_with(SaleKey::Card(card), (*day, *day), LOOKED_AT_MAX)?),
        },
    };
    let amount = if let Sought::Payment { amount, .. } = sought { *amount } else { None };
    let mut found: Vec<FoundSale> = found;
    found.sort_by_key(|(_, at_ms)| Reverse(*at_ms));
    let mut more = found.len() >= usize::try_from(LOOKED_AT_MAX).unwrap_or(usize::MAX);
    found.truncate(usize::try_from(LOOKED_AT_MAX).unwrap_or(usize::MAX));
    let mut receipts = Vec::new();
    for (origin, at_ms) in found {
        let Some(sale) = document(reading, &origin)? else { continue };
        if !is_sought(&sale, amount, goods) {
            continue;
        }
        if receipts.len() == RECEIPTS_TOLD_MAX {
            more = true;
            break;
        }
        let later = gave_back(reading, &origin)?;
        receipts.extend(shown(origin, at_ms, &sale, &later));
    }
    Ok(Answer::Receipts { member, receipts, more, knows: Knows::Chain })
}

/// Whether a sale was paid by an amount, and holds one of the goods that are asked for.
pub(crate) fn is_sought(sale: &Sale, amount: Option<i64>, goods: &[String]) -> bool {
    let paid =
        |amount: i64| sale.payable == amount || sale.tenders.iter().any(|tender| tender.amount == amount);
    let holds = |sku: &String| sale.lines.iter().any(|line| line.sku == *sku);
    !sale.lines.is_empty() && amount.is_none_or(paid) && (goods.is_empty() || goods.iter().any(holds))
}

/// What a list shows of a sale; `None` of one that the rules cannot reckon with, which nobody can give back either.
pub(crate) fn shown(origin: Origin, at_ms: i64, sale: &Sale, later: &[Sale]) -> Option<ReceiptShown> {
    let seq = origin.seq;
    let understood = sale.understand(seq).ok()?;
    let later: Vec<_> = later.iter().map(|sale| sale.understand(seq)).collect::<Result<_, _>>().ok()?;
    let left = PastSale::left_of((&origin).into(), &understood, &later);
    let (currency, payable) = (sale.currency.clone(), sale.payable);
    Some(ReceiptShown { origin, at_ms, currency, payable, left: left.max(Money::ZERO).minor() })
}

fn document(reading: &Reading<'_>, origin: &Origin) -> Result<Option<Sale>, StoreError> {
    let event = reading.event_bytes(origin)?.and_then(|bytes| event::decode(&bytes).ok());
    Ok(match event.map(|event| event.fact) {
        Some(Fact::SaleCompleted { sale }) => Some(sale),
        Some(_) | None => None,
    })
}

/// What gave some of a sale back, as its book says.
fn gave_back(reading: &Reading<'_>, origin: &Origin) -> Result<Vec<Sale>, StoreError> {
    let part = receipt_part(origin);
    let book = reading.book(BookKey { owner: &origin.store, kind: BookKind::Receipt, part: &part })?;
    let Some(book) = book else { return Ok(Vec::new()) };
    let kept: Kept<ReceiptBook> = read("book", &book)?;
    let mut later = Vec::new();
    for source in &kept.state.documents {
        if let Some(origin) = origin_of(source) {
            later.extend(document(reading, &origin)?);
        }
    }
    Ok(later)
}
