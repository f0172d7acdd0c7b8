//! What returns kept back for gifts, held against what follows from the sale.

use domain::gift::KeptGift;
use domain::refund::PastSale;
use domain::tax::TaxRules;
use protocol::event::{Origin, Sale};
use serde::{Deserialize, Serialize};

use super::LaneId;
use super::keeper::{Keeper, origin_of, receipt_part};
use crate::store::{BookKey, BookKind, StoreError};

/// What a document kept back for gifts of a sale is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct GiftsDiffer {
    /// What the document says: lines and amounts, minor units.
    kept_back: Vec<(u32, i64)>,
    /// What follows from the sale and what came back of it.
    should_be: Vec<(u32, i64)>,
}

fn gifts_differ(origin: &Origin, sold: &Sale, later: &[Sale], document: &Sale) -> Option<GiftsDiffer> {
    let understood = |sale: &Sale| sale.understand(origin.seq).ok();
    let later: Vec<_> = later.iter().filter_map(understood).collect();
    let document = understood(document)?;
    // Amounts do not depend on how tax is reckoned.
    let rules = TaxRules::default();
    let past = PastSale::new(origin.into(), &understood(sold)?, &later, rules);
    let back: Vec<_> =
        document.returns.iter().filter(|back| back.origin.as_ref() == Some(&past.origin)).cloned().collect();
    let said = |kept: &[KeptGift]| -> Vec<(u32, i64)> {
        kept.iter()
            .filter(|kept| kept.origin == past.origin)
            .map(|kept| (kept.line, kept.amount.minor()))
            .collect()
    };
    let (kept_back, should_be) = (said(&document.kept), said(&past.kept_gifts(&back, rules)));
    (kept_back != should_be).then_some(GiftsDiffer { kept_back, should_be })
}

impl Keeper<'_, '_> {
    /// A document that gave something back kept back what gifts are worth that
    /// did not come with it. Where it is not what HQ comes to, it is listed.
    pub(super) fn check_gifts(
        &self,
        lane: &LaneId,
        origin: &Origin,
        source: &str,
        document: &Sale,
    ) -> Result<(), StoreError> {
        let (kept, sold) = self.open_receipt(origin)?;
        let Some(sold) = sold else { return Ok(()) };
        if sold.gifts.is_empty() && document.kept.is_empty()
            || kept.state.documents.iter().any(|known| known == source)
        {
            return Ok(());
        }
        let mut later = Vec::new();
        for known in &kept.state.documents {
            if let Some(of) = origin_of(known) {
                later.extend(self.sale(&of)?);
            }
        }
        let differ = gifts_differ(origin, &sold, &later, document);
        if let Some(differ) = differ {
            let part = receipt_part(origin);
            let key = BookKey { owner: &origin.store, kind: BookKind::Receipt, part: &part };
            self.list(&lane.store, source, key, &differ)?;
        }
        Ok(())
    }
}
