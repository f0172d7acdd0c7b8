//! A lane with its journal in memory, as HQ's tests have one.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::sync::Arc;

use chrono::NaiveDate;
use protocol::chain::ChainHash;
use protocol::enrol::Enrolment;
use protocol::event::{self, Event, Fact, Line, Origin, Returned, Sale, Staff, TaxSummary, Tender};
use protocol::head::{HeadClaim, SignedHead, SigningKey};
use protocol::push::encode_batch;

/// The public half of the key of RFC 8032's first test, which is nobody's.
pub const PUBLIC_KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

/// A lane with its journal in memory.
#[derive(Clone)]
pub struct Lane {
    pub identity: Enrolment,
    pub events: Vec<(ChainHash, Vec<u8>)>,
    pub key: Option<Arc<SigningKey>>,
    /// Its clock, milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
}

pub fn cash(amount: i64) -> Tender {
    let (reference, card) = (String::new(), String::new());
    Tender { kind: "cash".into(), amount, payment: None, reference, foreign: None, card, stored: None }
}

impl Lane {
    pub fn new(identity: Enrolment) -> Self {
        Self { identity, events: Vec::new(), key: None, at_ms: 1_700_000_000_000 }
    }

    pub fn hash(&self, seq: usize) -> ChainHash {
        match seq {
            0 => ChainHash::genesis(&self.identity.store, self.identity.lane, self.identity.epoch),
            _ => self.events[seq - 1].0,
        }
    }

    pub fn sign(&self, seq: usize) -> Option<SignedHead> {
        let Enrolment { store, lane, epoch, .. } = &self.identity;
        let (seq, hash) = (seq as u64, self.hash(seq));
        let claim = HeadClaim { store, lane: *lane, epoch: *epoch, seq, hash };
        let key = self.key.as_ref().filter(|_| seq > 0)?;
        Some(SignedHead::new(seq, &hash, &key.sign(&claim)))
    }

    pub fn write(&mut self, bytes: Vec<u8>) {
        self.events.push((self.hash(self.events.len()).extend(&bytes), bytes));
    }

    pub fn event(&self, fact: Fact) -> Event {
        Event {
            v: 1,
            store: self.identity.store.clone(),
            lane: self.identity.lane,
            epoch: self.identity.epoch,
            seq: self.events.len() as u64 + 1,
            at_ms: self.at_ms,
            offset_minutes: 480,
            business_date: NaiveDate::from_ymd_opt(2026, 3, 1).expect("a date"),
            shift: 1,
            fact,
        }
    }

    pub fn sell(&mut self, net: i64) {
        self.sell_saying(net, net);
    }

    pub fn sell_saying(&mut self, net: i64, payable: i64) {
        self.sell_line("1", net, payable);
    }

    /// One of an item with this code.
    pub fn sell_named(&mut self, sku: &str, net: i64) {
        self.sell_line(sku, net, net);
    }

    fn sell_line(&mut self, sku: &str, net: i64, payable: i64) {
        self.complete(Sale { payable, tenders: vec![cash(payable)], ..sale(vec![line(sku, net)]) });
    }

    /// Writes a document down.
    pub fn complete(&mut self, sale: Sale) {
        let event = self.event(Fact::SaleCompleted { sale });
        self.write(event::encode(&event));
    }

    /// Water for so much comes back, and so much is paid out.
    pub fn refund(&mut self, amount: i64, paid_out: i64) {
        self.give_back(amount, paid_out, &[]);
    }

    /// The same, and these coupons are good again.
    pub fn refund_with_coupons(&mut self, amount: i64, coupons: &[&str]) {
        self.give_back(amount, amount, coupons);
    }

    fn give_back(&mut self, amount: i64, paid_out: i64, coupons: &[&str]) {
        let returned = Returned {
            origin: Some(Origin { store: self.identity.store.clone(), lane: 1, epoch: 1, seq: 1 }),
            line: 1,
            sku: "1".into(),
            code: "6901028075763".into(),
            name_zh: "清泉水".into(),
            name_en: "Water".into(),
            spec: String::new(),
            category: "drinks".into(),
            weighed: false,
            quantity: 1_000,
            stock: Vec::new(),
            before: 0,
            amount,
            tax: 10,
            tax_rate: 1_300,
            reason: "stale".into(),
            seller: None,
            membership: false,
        };
        let sale = Sale {
            currency: "CNY".into(),
            reference_version: 5,
            staff: Staff { id: "u1".into(), number: "1001".into(), name: "李明".into() },
            lines: Vec::new(),
            returns: vec![returned],
            total: -amount,
            tax_added: 0,
            rounding: 0,
            rounding_returned: 0,
            payable: -amount,
            tenders: vec![cash(-paid_out)],
            change: 0,
            taxes: vec![TaxSummary { rate: 1_300, net: -amount, tax: -10 }],
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
            coupons_back: coupons.iter().map(|code| (*code).to_owned()).collect(),
            price_gap: 0,
            engine: 0,
            phones: Vec::new(),
            top_up: None,
        };
        let event = self.event(Fact::SaleCompleted { sale });
        self.write(event::encode(&event));
    }

    /// The events from one number to another, both included.
    pub fn batch(&self, from: usize, to: usize) -> Vec<u8> {
        let events = self.events[from - 1..to].iter().map(|(hash, bytes)| (hash, bytes.as_slice()));
        let body =
            encode_batch(self.identity.epoch, from as u64, &self.hash(from - 1), self.sign(to), events);
        zstd::encode_all(&body[..], 3).expect("zstd")
    }
}

/// One of an item with this code.
pub fn line(sku: &str, net: i64) -> Line {
    Line {
        line: 1,
        sku: sku.into(),
        code: "6901028075763".into(),
        name_zh: "清泉水".into(),
        name_en: "Water".into(),
        spec: String::new(),
        category: "drinks".into(),
        weighed: false,
        quantity: 1_000,
        list_price: net,
        unit_price: net,
        kept: None,
        weighed_by: None,
        label_amount: None,
        unit: None,
        price_from: None,
        promotion: None,
        net,
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
    }
}

/// These lines, paid in cash.
pub fn sale(lines: Vec<Line>) -> Sale {
    let net = lines.iter().map(|line| line.net).sum();
    Sale {
        currency: "CNY".into(),
        reference_version: 5,
        staff: Staff { id: "u1".into(), number: "1001".into(), name: "李明".into() },
        lines,
        returns: Vec::new(),
        total: net,
        tax_added: 0,
        rounding: 0,
        rounding_returned: 0,
        payable: net,
        tenders: vec![cash(net)],
        change: 0,
        taxes: vec![TaxSummary { rate: 1_300, net, tax: 10 }],
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
