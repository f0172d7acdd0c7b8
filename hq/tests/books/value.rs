//! Stored value: paid in, lent, spent, given back, adjusted; to the fen, in any order.

use hq::books::keeper::{CLOCK_SKEW_MS, Keeper, ValueRefused, value_key};
use hq::books::rebuild;
use hq::books::value::{VALUE_LEASE_MS, total};
use hq::daybook::{self, Account};
use hq::store::{BookKind, Kind, SalesRange, StoreError};
use protocol::ask::{Answer, Question};
use protocol::event::{Fact, Origin, PointsGrant, Stored, Tender, TopUp, Value, ValueGrant};

use super::lane::{cash, line};
use super::{At, MORNING_MS, Shop};

fn value(principal: i64, bonus: i64) -> Value {
    Value { principal, bonus }
}

impl Shop {
    /// The chain keeps stored value, both balances in proportion.
    pub(super) fn keeps_value(&self) {
        let body = r#"{"code":"S1","name_zh":"一店","name_en":"One","currency":"CNY","currency_symbol":"¥",
            "currency_exponent":2,"cash_rounding":10,"rules":{"stored_value":{"order":"pro_rata"}}}"#;
        self.write(|writing| {
            for store in ["S1", "S2"] {
                writing.put_entity(Kind::Store, store, &body.replace("S1", store))?;
            }
            Ok(())
        });
    }

    pub(super) fn lend_value(&self, at: &At, amount: i64) -> (Option<ValueGrant>, Value) {
        match self.ask(at, Question::LendValue { member: "m1".into(), amount }) {
            Answer::ValueLent { grant, balance } => (Some(grant), balance),
            Answer::ValueNotLent { balance } => (None, balance),
            other => panic!("stored value or none, not {other:?}"),
        }
    }

    /// Free, lent and balance of the first member.
    pub(super) fn value(&self) -> (Value, Value, Value) {
        let (account, sum) = self.write(|writing| {
            let account = Keeper::new(writing, self.now_ms)?.value_account("m1")?;
            Ok((account, writing.book_sum(value_key("m1"))?))
        });
        assert_eq!(total(account.balance()), sum, "the balance is the sum of its entries");
        (account.free(), account.lent(), account.balance())
    }
}

impl At {
    /// The first member pays money in.
    pub(super) fn tops_up(&mut self, principal: i64, bonus: i64) -> Origin {
        self.sale(|sale| {
            let mut paid_in = line(domain::value::TOP_UP_SKU, principal);
            paid_in.tax_rate = 0;
            paid_in.no_points = true;
            sale.lines = vec![paid_in];
            (sale.total, sale.payable) = (principal, principal);
            sale.tenders = vec![cash(principal)];
            sale.taxes.clear();
            sale.top_up = Some(TopUp { member: "m1".into(), value: value(principal, bonus) });
        })
    }

    /// The first member pays so much of a sale of 10.00, the rest in cash.
    pub(super) fn pays(&mut self, lease: &str, part: Value) -> Origin {
        let lease = lease.to_owned();
        self.sale(move |sale| {
            let rest = sale.payable - total(part);
            sale.tenders = vec![stored(&lease, part, None)];
            if rest > 0 {
                sale.tenders.push(cash(rest));
            }
        })
    }

    /// Goods of a sale come back, and so much goes to the account.
    fn pays_back(&mut self, origin: &Origin, part: Value, of: Value) -> Origin {
        self.lane.refund(total(part), total(part));
        let (_, bytes) = self.lane.events.pop().expect("a document");
        let Fact::SaleCompleted { mut sale } = protocol::event::decode(&bytes).expect("an event").fact else {
            panic!("a document was written")
        };
        sale.returns[0].origin = Some(origin.clone());
        sale.returns[0].quantity = 100;
        sale.tenders = vec![stored("v:m1.1", value(-part.principal, -part.bonus), Some(of))];
        self.fact(Fact::SaleCompleted { sale })
    }

    fn returns_value(&mut self, grant: &ValueGrant, points: i64) {
        let (lease, member) = (grant.lease.clone(), grant.member.clone());
        let grant = PointsGrant { lease, member, points, until_ms: grant.until_ms };
        self.fact(Fact::LeaseReturned { grant });
    }
}

fn stored(lease: &str, part: Value, of: Option<Value>) -> Tender {
    let (member, lease) = ("m1".to_owned(), lease.to_owned());
    let stored = Stored { member, lease, until_ms: MORNING_MS + VALUE_LEASE_MS, part, of, left: None };
    Tender { kind: "stored_value".into(), stored: Some(stored), ..cash(total(part)) }
}

pub(super) fn stored_value_is_lent_spent_and_comes_back(mut shop: Shop) {
    shop.keeps_value();
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S2", 1));
    assert_eq!(shop.lend_value(&one, 500), (None, value(0, 0)));
    one.tops_up(10_000, 2_000);
    shop.file(&mut one);
    assert_eq!(shop.value(), (value(10_000, 2_000), value(0, 0), value(10_000, 2_000)));
    // Whoever only asks is told, and lent nothing.
    assert_eq!(shop.lend_value(&two, 0), (None, value(10_000, 2_000)));
    let grant = shop.lend_value(&two, 600).0.expect("there is some");
    assert_eq!((grant.lent, grant.balance), (value(500, 100), 12_000));
    assert_eq!(shop.lend_value(&two, 600).0.map(|again| again.lease), Some(grant.lease.clone()));
    assert_eq!(shop.value(), (value(9_500, 1_900), value(500, 100), value(10_000, 2_000)));
    let sold = two.pays(&grant.lease, value(400, 80));
    two.returns_value(&grant, 120);
    shop.file(&mut two);
    assert_eq!(shop.value(), (value(9_600, 1_920), value(0, 0), value(9_600, 1_920)));
    // Half of it comes back at the other store, the rest in another document.
    one.pays_back(&sold, value(200, 40), value(400, 80));
    one.pays_back(&sold, value(200, 40), value(400, 80));
    shop.file(&mut one);
    assert_eq!(shop.value(), (value(10_000, 2_000), value(0, 0), value(10_000, 2_000)));
    assert!(shop.exceptions().is_empty());
    // A lane that is cut off keeps what it was lent until its own journal says so.
    let grant = shop.lend_value(&one, 1_200).0.expect("there is some");
    shop.now_ms += 7 * 86_400_000;
    assert_eq!(shop.value().1, value(1_000, 200));
    one.lane.at_ms = grant.until_ms + CLOCK_SKEW_MS;
    one.fact(Fact::SignedOut { staff: "u1".into() });
    shop.file(&mut one);
    assert_eq!(shop.value(), (value(10_000, 2_000), value(0, 0), value(10_000, 2_000)));
}

pub(super) fn what_of_stored_value_was_too_much_is_listed_and_stands(shop: Shop) {
    shop.keeps_value();
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    one.tops_up(1_000, 0);
    shop.file(&mut one);
    let grant = shop.lend_value(&one, 1_000).0.expect("there is some");
    let lost = hq::books::LaneId { store: "S1".into(), lane: 1 };
    shop.write(|writing| Keeper::new(writing, shop.now_ms)?.write_off(&lost, "stolen"));
    let other = shop.lend_value(&two, 1_000).0.expect("it is free again");
    // Both spend it: both sales stand, and the account is below nothing.
    let sold = two.pays(&other.lease, value(1_000, 0));
    one.pays(&grant.lease, value(1_000, 0));
    shop.file(&mut two);
    shop.file(&mut one);
    assert_eq!(shop.value(), (value(-1_000, 0), value(0, 0), value(-1_000, 0)));
    two.pays_back(&sold, value(1_000, 0), value(1_000, 0));
    two.pays_back(&sold, value(300, 0), value(1_000, 0));
    two.tops_up(600_000, 0);
    shop.file(&mut two);
    let listed = shop.exceptions();
    let said = |what: &str| {
        listed.iter().filter(|one| one.kind == BookKind::Value && one.what.contains(what)).count()
    };
    assert_eq!(said("value_overspent"), 1, "{listed:?}");
    assert_eq!(said("too_much_value_back"), 1, "{listed:?}");
    assert_eq!(said("above_limit"), 1, "{listed:?}");
}

pub(super) fn what_is_paid_in_is_owed_and_no_revenue(shop: Shop) {
    shop.keeps_value();
    let mut one = shop.lane("S1", 1);
    one.tops_up(50_000, 5_000);
    shop.file(&mut one);
    let grant = shop.lend_value(&one, 1_000).0.expect("there is some");
    one.pays(&grant.lease, value(500, 50));
    shop.file(&mut one);
    let (days, journals, on_hand) = shop
        .store
        .read::<_, StoreError>(|reading| {
            let days = reading.sales_of_days(&SalesRange::default())?;
            let date = days.first().map(|day| day.date.to_string()).unwrap_or_default();
            let stock = reading.stock_in_store("S1", domain::value::TOP_UP_SKU)?;
            Ok((days, daybook::of_day(reading, "S1", &date)?, stock))
        })
        .expect("a read");
    let sold: Vec<(u64, i64)> = days.iter().map(|day| (day.sales, day.total)).collect();
    assert_eq!(sold, [(1, 1_000)], "what is paid in is no sale");
    assert_eq!(on_hand, 0, "and moves no stock");
    let journal = &journals[0];
    let of = |account: &Account| {
        let posting = journal.postings.iter().find(|posting| posting.account == *account);
        posting.map(|posting| (posting.debit, posting.credit))
    };
    assert_eq!(of(&Account::StoredValue), Some((0, 50_000)), "owed to the member");
    assert_eq!(of(&Account::Tender("stored_value".into())), Some((550, 0)), "and no more of it");
    assert_eq!(of(&Account::Tender("cash".into())), Some((50_450, 0)));
    assert_eq!(of(&Account::Unexplained), None);
    let credits: i64 = journal.postings.iter().map(|posting| posting.credit).sum();
    assert_eq!(journal.sum, credits);
}

pub(super) fn stored_value_is_adjusted_with_a_reason_and_once(shop: Shop) {
    shop.keeps_value();
    let moves = |document: &str, principal, bonus| {
        shop.write(|writing| {
            let keeper = Keeper::new(writing, shop.now_ms)?;
            Ok(keeper.move_value("m1", document, value(principal, bonus), "a claim")?.map(|_| ()))
        })
    };
    assert_eq!(moves("api/1", 2_000, 100), Ok(()));
    assert_eq!(moves("api/1", 2_000, 100), Err(ValueRefused::Moved));
    assert_eq!(moves("api/2", -2_001, 0), Err(ValueRefused::TooLittle { free: value(2_000, 100) }));
    assert_eq!(moves("api/3", -2_000, -100), Ok(()));
    assert_eq!(shop.value().2, value(0, 0));
    let nobody = shop.write(|writing| {
        Ok(Keeper::new(writing, shop.now_ms)?.move_value("nobody", "api/4", value(1, 0), "why")?.map(|_| ()))
    });
    assert_eq!(nobody, Err(ValueRefused::Unknown));
}

pub(super) fn books_of_stored_value_that_were_changed_by_hand_are_made_again(shop: Shop) {
    shop.keeps_value();
    let mut one = shop.lane("S1", 1);
    one.tops_up(10_000, 2_000);
    shop.file(&mut one);
    let grant = shop.lend_value(&one, 600).0.expect("there is some");
    let sold = one.pays(&grant.lease, value(400, 80));
    one.pays_back(&sold, value(100, 20), value(400, 80));
    shop.file(&mut one);
    let before = shop.value();
    assert_eq!(rebuild::rebuild(&shop.store, shop.now_ms).expect("made again").differing, 0);
    shop.write(|writing| {
        let body = writing.book(value_key("m1"))?.expect("a book");
        writing.put_book(value_key("m1"), &body.replace("9600", "9601"))
    });
    let rebuilt = rebuild::rebuild(&shop.store, shop.now_ms).expect("made again");
    assert_eq!((rebuilt.differing, rebuilt.missing), (1, 0));
    assert_eq!(shop.value(), before);
}
