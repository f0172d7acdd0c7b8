//! The paid memberships of one person: what each gave to whom, and who the
//! person is bound to.
//!
//! Pure. A membership begins with the sale of its fee and ends with the return
//! of it; what it gave is taken back to the unit. A person is rewarded for
//! once, whatever is sold and given back after that.

use domain::membership::FeeShares;
use domain::money::Money;
use serde::{Deserialize, Serialize};

/// The most memberships of one person that are kept; of more, the oldest that
/// have ended are forgotten.
pub const TERMS_MAX: usize = 64;

/// Whose account it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// An employee's, by HQ's id.
    Employee(String),
    /// A store's, by its code.
    Store(String),
}

/// Something that a party is given, or that is taken back from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// Whose.
    pub party: Party,
    /// Minor units; below nothing for what is taken back.
    pub amount: i64,
}

/// One membership, from the sale of its fee on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// The document that sold it.
    pub sale: String,
    /// The line of that document.
    pub line: u32,
    /// The item.
    pub sku: String,
    /// The tag that the member has of it.
    pub tag: String,
    /// When it was sold, milliseconds UTC.
    pub at_ms: i64,
    /// What was given.
    pub given: Vec<Posting>,
    /// The coupons that came with it, by store and number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coupons: Vec<(String, String)>,
    /// The document that gave its fee back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}

/// To whom the person is bound (终身绑定): who sold them their first membership.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// HQ's id of the employee.
    pub seller: String,
    /// The store's code.
    pub store: String,
    /// The document that sold the membership.
    pub sale: String,
    /// From when on, milliseconds UTC.
    pub at_ms: i64,
    /// When it ended, milliseconds UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<i64>,
}

/// A fee that was paid.
#[derive(Debug, Clone, Copy)]
pub struct Paid<'a> {
    /// The document.
    pub sale: &'a str,
    /// Its line.
    pub line: u32,
    /// The item.
    pub sku: &'a str,
    /// The tag that it gives.
    pub tag: &'a str,
    /// When, milliseconds UTC.
    pub at_ms: i64,
    /// The store's code.
    pub store: &'a str,
    /// Who sold it; `None` where that is the person who buys: nobody is
    /// rewarded for himself, nor bound to himself.
    pub seller: Option<&'a str>,
    /// What was paid.
    pub paid: Money,
    /// How it is shared for the first time, and afterwards.
    pub shares: [FeeShares; 2],
}

/// What a party was given of fees, less what was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reward {
    /// Whose account.
    pub party: Party,
    /// Its balance, minor units: the sum of its entries.
    pub balance: i64,
    /// How many entries.
    pub entries: u64,
}

/// The paid memberships of one person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memberships {
    /// Whether anybody was rewarded for the person, ever.
    #[serde(default)]
    pub rewarded: bool,
    /// In the order in which HQ heard of them.
    #[serde(default)]
    pub terms: Vec<Term>,
    /// To whom they are or were bound last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,
}

impl Memberships {
    /// A fee was paid: what is given for it.
    pub fn begin(&mut self, paid: Paid<'_>, coupons: Vec<(String, String)>) -> Vec<Posting> {
        let [first, later] = paid.shares;
        let shares = if self.rewarded { later } else { first }.of_paid(paid.paid);
        let employee = paid.seller.map(|seller| (Party::Employee(seller.to_owned()), shares.employee));
        let store = Some((Party::Store(paid.store.to_owned()), shares.store));
        let given: Vec<Posting> = employee
            .into_iter()
            .chain(store)
            .filter(|(_, share)| share.is_positive())
            .map(|(party, share)| Posting { party, amount: share.minor() })
            .collect();
        self.rewarded |= !given.is_empty();
        if let Some(seller) = paid.seller
            && self.binding.as_ref().is_none_or(|binding| binding.ended_ms.is_some())
        {
            self.binding = Some(Binding {
                seller: seller.to_owned(),
                store: paid.store.to_owned(),
                sale: paid.sale.to_owned(),
                at_ms: paid.at_ms,
                ended_ms: None,
            });
        }
        if self.terms.len() >= TERMS_MAX
            && let Some(old) = self.terms.iter().position(|term| term.ended.is_some())
        {
            self.terms.remove(old);
        }
        self.terms.push(Term {
            sale: paid.sale.to_owned(),
            line: paid.line,
            sku: paid.sku.to_owned(),
            tag: paid.tag.to_owned(),
            at_ms: paid.at_ms,
            given: given.clone(),
            coupons,
            ended: None,
        });
        given
    }

    /// A fee was given back by a document: what is taken back, and the coupons
    /// that came with it. `None` where it is not known, or ended before.
    pub fn end(&mut self, sale: &str, line: u32, by: &str, at_ms: i64) -> Option<(Vec<Posting>, Term)> {
        let is_it = |term: &&mut Term| term.sale == sale && term.line == line && term.ended.is_none();
        let term = self.terms.iter_mut().find(is_it)?;
        term.ended = Some(by.to_owned());
        let back = term.given.iter().map(|given| Posting { amount: -given.amount, ..given.clone() });
        let ended = (back.collect(), term.clone());
        if let Some(binding) = &mut self.binding
            && binding.sale == sale
            && binding.ended_ms.is_none()
        {
            binding.ended_ms = Some(at_ms);
        }
        Some(ended)
    }

    /// The tags that the person has of memberships that hold, each once.
    pub fn tags(&self) -> Vec<&str> {
        let held = self.terms.iter().filter(|term| term.ended.is_none());
        let mut tags: Vec<&str> = held.map(|term| term.tag.as_str()).collect();
        tags.sort_unstable();
        tags.dedup();
        tags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: FeeShares = FeeShares { employee: Money::ZERO, store: Money::ZERO };

    fn paid<'a>(sale: &'a str, seller: Option<&'a str>) -> Paid<'a> {
        let first = FeeShares { employee: Money::from_minor(500), store: Money::from_minor(490) };
        let paid = Money::from_minor(990);
        Paid {
            sale,
            line: 1,
            sku: "M1",
            tag: "plus",
            at_ms: 7,
            store: "S1",
            seller,
            paid,
            shares: [first, NONE],
        }
    }

    fn employee(id: &str, amount: i64) -> Posting {
        Posting { party: Party::Employee(id.into()), amount }
    }

    fn store(amount: i64) -> Posting {
        Posting { party: Party::Store("S1".into()), amount }
    }

    /// R06 of the worked cases: 9.90 are 5.00 for the employee and 4.90 for the
    /// store; both are taken back with the fee, and the binding ends.
    #[test]
    fn what_a_membership_gave_is_taken_back_with_its_fee() {
        let mut book = Memberships::default();
        assert_eq!(book.begin(paid("a", Some("mei")), Vec::new()), [employee("mei", 500), store(490)]);
        assert_eq!(book.tags(), ["plus"]);
        assert_eq!(book.binding.as_ref().map(|bound| bound.seller.as_str()), Some("mei"));
        let (back, _) = book.end("a", 1, "b", 9).expect("it ends");
        assert_eq!(back, [employee("mei", -500), store(-490)]);
        assert_eq!(book.tags(), Vec::<&str>::new());
        assert_eq!(book.binding.as_ref().and_then(|bound| bound.ended_ms), Some(9));
        assert_eq!(book.end("a", 1, "c", 10), None, "once");
        assert_eq!(book.end("x", 1, "c", 10), None, "unknown");
    }

    #[test]
    fn a_person_is_rewarded_for_once() {
        let mut book = Memberships::default();
        book.begin(paid("a", Some("mei")), Vec::new());
        book.end("a", 1, "b", 9).expect("it ends");
        assert_eq!(book.begin(paid("c", Some("tao")), Vec::new()), []);
        assert_eq!(book.tags(), ["plus"], "a member all the same");
        assert_eq!(book.binding.as_ref().map(|bound| bound.seller.as_str()), Some("tao"));
        // A renewal has its own rule, and leaves the binding alone.
        let renewal = FeeShares { employee: Money::from_minor(100), store: Money::ZERO };
        let again = Paid { shares: [NONE, renewal], ..paid("d", Some("mei")) };
        assert_eq!(book.begin(again, Vec::new()), [employee("mei", 100)]);
        assert_eq!(book.binding.as_ref().map(|bound| bound.seller.as_str()), Some("tao"));
        let (back, _) = book.end("d", 1, "e", 9).expect("it ends");
        assert_eq!(back, [employee("mei", -100)]);
        assert_eq!(book.tags(), ["plus"], "that of the other");
        assert_eq!(book.binding.as_ref().and_then(|bound| bound.ended_ms), None);
    }

    #[test]
    fn nobody_is_rewarded_for_himself() {
        let mut book = Memberships::default();
        assert_eq!(book.begin(paid("a", None), Vec::new()), [store(490)]);
        assert_eq!(book.binding, None);
    }

    #[test]
    fn what_has_ended_is_forgotten_before_what_holds() {
        let mut book = Memberships::default();
        for number in 0..TERMS_MAX {
            book.begin(paid(&number.to_string(), Some("mei")), Vec::new());
        }
        book.end("3", 1, "x", 9).expect("it ends");
        book.begin(paid("new", Some("mei")), Vec::new());
        assert_eq!(book.terms.len(), TERMS_MAX);
        assert!(book.terms.iter().all(|term| term.sale != "3"));
    }
}
