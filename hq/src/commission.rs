//! What sellers earn on a filed document, and what goods that come back take
//! from it. The amounts are `domain::seller`'s; here stands whose they are and
//! what they follow from.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::money::Money;
use domain::seller::{
    COMMISSION_RULES_MAX, CommissionBase, CommissionGoods, CommissionRule, CommissionRuleError, Earns, Sold,
    rule_for,
};
use protocol::event::{self, Event, Fact, Line, Origin, Sale, Seller};
use serde::{Deserialize, Serialize};

use crate::books::keeper;
use crate::store::{CommissionRow, JournalKey, Reading, StoreError};

/// A rule as an import says it; amounts are minor units, days `YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleForm {
    /// HQ's id.
    pub id: String,
    /// Sellers of this level only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Goods of this category only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// This item only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Basis points of what is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_bp: Option<u32>,
    /// So much for each piece or kilogram.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<i64>,
    /// At most so much on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<i64>,
    /// The first business date.
    pub from: NaiveDate,
    /// The last business date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<NaiveDate>,
    /// Of rules that are as specific, the lower comes first.
    #[serde(default)]
    pub priority: i32,
}

/// Why a rule is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleRefused {
    /// A rule is about goods of one kind.
    #[error("commission rule {0}: name a category or a sku, not both")]
    Goods(String),
    /// It says how much in one way.
    #[error("commission rule {0}: it needs either rate_bp or fixed")]
    Earns(String),
    /// It cannot work.
    #[error(transparent)]
    Rule(#[from] CommissionRuleError),
    /// What was sold under it is filed.
    #[error(
        "commission rule {id}: sales of days up to {filed} are reckoned already; let it begin later, and change \
         of a rule that has begun nothing but its end, to {filed} or later"
    )]
    Begun {
        /// Which rule.
        id: String,
        /// The last day that is filed.
        filed: String,
    },
    /// There are too many.
    #[error("a chain has at most {COMMISSION_RULES_MAX} commission rules")]
    TooMany,
}

impl RuleForm {
    /// The rule, where it can work.
    pub fn rule(&self) -> Result<CommissionRule, RuleRefused> {
        let id = || self.id.clone();
        let rule = CommissionRule {
            id: id(),
            level: self.level.clone(),
            goods: match (&self.category, &self.sku) {
                (None, None) => CommissionGoods::All,
                (Some(category), None) => CommissionGoods::Category(category.clone()),
                (None, Some(sku)) => CommissionGoods::Item(sku.clone()),
                (Some(_), Some(_)) => return Err(RuleRefused::Goods(id())),
            },
            earns: match (self.rate_bp, self.fixed) {
                (Some(points), None) => Earns::Part(points),
                (None, Some(amount)) => Earns::Fixed(Money::from_minor(amount)),
                (None, None) | (Some(_), Some(_)) => return Err(RuleRefused::Earns(id())),
            },
            cap: self.cap.map(Money::from_minor),
            from: self.from,
            until: self.until,
            priority: self.priority,
        };
        rule.check()?;
        Ok(rule)
    }

    /// Whether the rule may take the place of what there is of this id: what
    /// is filed up to a day was reckoned by it, and stays so.
    pub fn may_follow(&self, before: Option<&Self>, filed: Option<&str>) -> Result<(), RuleRefused> {
        let Some(filed) = filed else { return Ok(()) };
        // Both are written year first, so they compare as days do.
        let is_later = |day: NaiveDate| day.to_string().as_str() > filed;
        let ends_late =
            |until: Option<NaiveDate>| until.is_none_or(|until| until.to_string().as_str() >= filed);
        let same_but_the_end = |before: &Self| Self { until: self.until, ..before.clone() } == *self;
        let fits = match before {
            None => is_later(self.from),
            Some(before) if before == self => true,
            Some(before) if is_later(before.from) => is_later(self.from),
            Some(before) => same_but_the_end(before) && ends_late(before.until) && ends_late(self.until),
        };
        if fits { Ok(()) } else { Err(RuleRefused::Begun { id: self.id.clone(), filed: filed.to_owned() }) }
    }
}

/// The rules that HQ has.
pub fn rules(reading: &Reading<'_>) -> Result<Vec<CommissionRule>, StoreError> {
    let unreadable = |id: &str, error: &dyn std::fmt::Display| StoreError::Row {
        table: "commission_rule",
        reason: format!("rule {id}: {error}"),
    };
    let mut rules = Vec::new();
    for (id, body) in reading.commission_rules()? {
        let form: RuleForm = serde_json::from_str(&body).map_err(|error| unreadable(&id, &error))?;
        rules.push(form.rule().map_err(|error| unreadable(&id, &error))?);
    }
    Ok(rules)
}

/// Whether anybody is credited for anything in a document.
pub fn is_credited(sale: &Sale) -> bool {
    sale.seller.is_some()
        || sale.lines.iter().any(|line| line.seller.is_some())
        || sale.returns.iter().any(|back| back.seller.is_some())
}

/// Works out what new documents of one journal credit to sellers.
pub struct Reckoner<'r, 'c> {
    reading: &'r Reading<'c>,
    key: JournalKey<'r>,
    rules: Vec<CommissionRule>,
    /// What was taken back by rows that are not in the table yet.
    taken_back: BTreeMap<(String, u32), i64>,
    /// What was worked out.
    pub rows: Vec<CommissionRow>,
}

/// A line of a filed sale with what it earned.
struct Credited<'s> {
    line: &'s Line,
    /// What was paid for it, less what a bonus of stored value paid: that is the chain's own money.
    base: Money,
    seller: &'s Seller,
    rule: Option<&'s CommissionRule>,
}

impl Credited<'_> {
    /// What there is of the line after so much of it came back.
    fn left(&self, back: i64) -> CommissionBase {
        let whole = self.line.quantity;
        let net = self.base;
        let factor = self.line.unit.as_ref().map_or(1, |unit| i64::from(unit.factor));
        CommissionBase {
            net: net - net.cumulative(back.clamp(0, whole), whole).unwrap_or(Money::ZERO),
            thousandths: (whole - back.clamp(0, whole)).saturating_mul(factor),
        }
    }

    fn earned(&self, back: i64) -> Money {
        self.rule.map_or(Money::ZERO, |rule| rule.earned(self.left(back)))
    }
}

fn credited<'s>(
    sale: &'s Sale,
    line: &'s Line,
    day: NaiveDate,
    rules: &'s [CommissionRule],
) -> Option<Credited<'s>> {
    // What a fee earns its seller is in the book of memberships.
    // What is paid in is credited when goods are bought with it.
    if line.membership || line.is_top_up() {
        return None;
    }
    let seller = line.seller.as_ref().or(sale.seller.as_ref())?;
    let sold = Sold { level: &seller.level, sku: &line.sku, category: &line.category, day };
    let base = Money::from_minor(line.net) - bonus_on(sale, line);
    Some(Credited { line, base, seller, rule: rule_for(rules, sold) })
}

/// What a bonus of stored value paid of a line: its share by the lines' nets.
fn bonus_on(sale: &Sale, line: &Line) -> Money {
    let stored = sale.tenders.iter().filter_map(|tender| tender.stored.as_ref());
    let bonus: Money = stored.map(|stored| Money::from_minor(stored.part.bonus.max(0))).sum();
    let nets: Vec<i64> = sale.lines.iter().map(|line| line.net).collect();
    let shares = bonus.prorate(&nets).unwrap_or_default();
    let place = sale.lines.iter().position(|other| other.line == line.line);
    let share = place.and_then(|place| shares.get(place).copied()).unwrap_or(Money::ZERO);
    share.min(Money::from_minor(line.net)).max(Money::ZERO)
}

impl<'r, 'c> Reckoner<'r, 'c> {
    /// Begins with the rules as they are now.
    pub fn new(reading: &'r Reading<'c>, key: JournalKey<'r>) -> Result<Self, StoreError> {
        let rules = rules(reading)?;
        Ok(Self { reading, key, rules, taken_back: BTreeMap::new(), rows: Vec::new() })
    }

    /// Credits a document: its lines to who sold them, and what came back
    /// against who sold that.
    pub fn reckon(&mut self, event: &Event, sale: &Sale) -> Result<(), StoreError> {
        let source = keeper::document(self.key, event.seq);
        let mut position = 0;
        for line in &sale.lines {
            let Some(credited) = credited(sale, line, event.business_date, &self.rules) else { continue };
            self.rows.push(CommissionRow {
                seq: event.seq,
                position,
                seller: credited.seller.id.clone(),
                day: event.business_date,
                currency: sale.currency.clone(),
                sku: line.sku.clone(),
                net: line.net,
                rule: credited.rule.map(|rule| rule.id.clone()).unwrap_or_default(),
                amount: credited.earned(0).minor(),
                of_document: source.clone(),
                of_line: line.line,
            });
            position += 1;
        }
        for back in sale.returns.iter().filter(|back| back.seller.is_some()) {
            let Some(origin) = &back.origin else { continue };
            let Some((day, sold)) = self.sale(origin)? else { continue };
            let line = sold.lines.iter().find(|line| line.line == back.line);
            let Some(credited) = line.and_then(|line| credited(&sold, line, day, &self.rules)) else {
                continue;
            };
            let of = (keeper::document_of(origin), back.line);
            let before = self.reading.commission_taken_back(&of.0, of.1)?
                + self.taken_back.get(&of).copied().unwrap_or_default();
            // Whatever is said to have come back, no more is taken than was given.
            let left = credited.earned(0).minor() + before;
            let reversed =
                credited.earned(back.before) - credited.earned(back.before.saturating_add(back.quantity));
            let amount = -reversed.minor().clamp(0, left.max(0));
            self.rows.push(CommissionRow {
                seq: event.seq,
                position,
                seller: credited.seller.id.clone(),
                day: event.business_date,
                currency: sale.currency.clone(),
                sku: back.sku.clone(),
                net: -back.amount,
                rule: credited.rule.map(|rule| rule.id.clone()).unwrap_or_default(),
                amount,
                of_document: of.0.clone(),
                of_line: of.1,
            });
            *self.taken_back.entry(of).or_default() += amount;
            position += 1;
        }
        Ok(())
    }

    /// A filed sale and its business date. A return follows its sale: the lane
    /// has it in its own journal, or HQ claimed it from what was filed.
    fn sale(&self, origin: &Origin) -> Result<Option<(NaiveDate, Sale)>, StoreError> {
        let Some(before) = origin.seq.checked_sub(1) else { return Ok(None) };
        let key = JournalKey { store: &origin.store, lane: origin.lane, epoch: origin.epoch };
        let events = self.reading.events_after(key, before, 1)?;
        let found = events.into_iter().find(|(seq, _)| *seq == origin.seq);
        let event = found.and_then(|(_, bytes)| event::decode(&bytes).ok());
        // Nothing but a sale is given back.
        Ok(event.and_then(|event| {
            let day = event.business_date;
            if let Fact::SaleCompleted { sale } = event.fact { Some((day, sale)) } else { None }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> RuleForm {
        serde_json::from_str(text).expect("a form")
    }

    #[test]
    fn a_rule_says_one_thing_and_what_is_wrong_is_named() {
        let said = |text: &str| form(text).rule().map_err(|error| error.to_string()).err();
        assert_eq!(said(r#"{"id": "a", "rate_bp": 300, "from": "2026-03-01"}"#), None);
        assert_eq!(said(r#"{"id": "b", "sku": "tea", "fixed": 50, "cap": 500, "from": "2026-03-01"}"#), None);
        for (text, words) in [
            (r#"{"id": "a", "from": "2026-03-01"}"#, "either rate_bp or fixed"),
            (r#"{"id": "a", "rate_bp": 1, "fixed": 1, "from": "2026-03-01"}"#, "either rate_bp or fixed"),
            (r#"{"id": "a", "rate_bp": 6000, "from": "2026-03-01"}"#, "not between 1 and 5000"),
            (r#"{"id": "a", "rate_bp": 1, "sku": "t", "category": "c", "from": "2026-03-01"}"#, "not both"),
        ] {
            assert!(said(text).is_some_and(|why| why.contains(words)), "{text}");
        }
    }

    #[test]
    fn what_is_filed_stays_reckoned_as_it_was() {
        let rule = |from: &str, until: Option<&str>, rate: u32| RuleForm {
            from: from.parse().expect("a day"),
            until: until.map(|day| day.parse().expect("a day")),
            rate_bp: Some(rate),
            ..form(r#"{"id": "a", "from": "2026-03-01"}"#)
        };
        let filed = Some("2026-03-05");
        let begun = rule("2026-03-01", None, 300);
        let ahead = rule("2026-03-06", None, 300);
        assert!(ahead.may_follow(None, filed).is_ok());
        assert!(rule("2026-03-05", None, 300).may_follow(None, filed).is_err());
        assert!(rule("2026-03-05", None, 300).may_follow(None, None).is_ok());
        assert!(begun.may_follow(Some(&begun), filed).is_ok(), "the same again");
        assert!(rule("2026-03-01", Some("2026-03-05"), 300).may_follow(Some(&begun), filed).is_ok());
        assert!(rule("2026-03-01", Some("2026-03-04"), 300).may_follow(Some(&begun), filed).is_err());
        assert!(rule("2026-03-01", None, 400).may_follow(Some(&begun), filed).is_err());
        let over = rule("2026-03-01", Some("2026-03-04"), 300);
        assert!(begun.may_follow(Some(&over), filed).is_err(), "it had ended");
        assert!(rule("2026-03-07", None, 900).may_follow(Some(&ahead), filed).is_ok());
        assert!(rule("2026-03-02", None, 300).may_follow(Some(&ahead), filed).is_err());
    }
}
