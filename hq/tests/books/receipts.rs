//! Receipts that are looked for without the paper, and what a day earned on its goods.

use hq::store::CostRow;
use protocol::ask::{Knows, MarginsRefused, RECEIPTS_TOLD_MAX, ReceiptShown, Sought};
use protocol::event::{Line, Tender};

use super::lane::{cash, line, sale};
use super::*;

/// 2026-03-01 21:46 in Shanghai, the day of every document here.
const EVENING_MS: i64 = 1_772_372_760_000;

fn receipts(shop: &Shop, at: &At, sought: Sought, goods: &[&str]) -> (Vec<ReceiptShown>, bool) {
    let goods = goods.iter().map(|sku| (*sku).to_owned()).collect();
    match shop.ask(at, Question::Receipts { sought, goods }) {
        Answer::Receipts { receipts, more, knows: Knows::Chain, .. } => (receipts, more),
        other => panic!("receipts, not {other:?}"),
    }
}

fn of_member(code: &str) -> Sought {
    Sought::Member { code: code.into() }
}

fn numbers(found: &[ReceiptShown]) -> Vec<(String, u32, u64, i64)> {
    let row = |row: &ReceiptShown| (row.origin.store.clone(), row.origin.lane, row.origin.seq, row.left);
    found.iter().map(row).collect()
}

fn bought_by(at: &mut At, member: &str, sku: &str) -> Origin {
    at.lane.at_ms += 1_000;
    at.sale(|sale| {
        sale.lines[0].sku = sku.into();
        sale.buyer =
            Some(Buyer { member: member.into(), shown: String::new(), tier: String::new(), points: None });
    })
}

pub(super) fn a_members_receipts_are_found_in_every_store_and_say_what_is_left(mut shop: Shop) {
    shop.now_ms = EVENING_MS;
    let (mut one, mut two, mut far) = (shop.lane("S1", 1), shop.lane("S1", 2), shop.lane("S2", 1));
    let water = bought_by(&mut one, "m1", "1");
    bought_by(&mut one, "m2", "1");
    // A lane that was cut off knew them by another id.
    shop.write(|writing| writing.add_member_code("id:n77", "m1"));
    two.lane.at_ms += 60_000;
    bought_by(&mut two, "n77", "2");
    far.lane.at_ms += 120_000;
    bought_by(&mut far, "m1", "1");
    for at in [&mut one, &mut two, &mut far] {
        shop.file(at);
    }
    let newest_first =
        [("S2".to_owned(), 1, 1, 1_000), ("S1".to_owned(), 2, 1, 1_000), ("S1".to_owned(), 1, 1, 1_000)];
    let by_phone = format!("phone:{}", phone_hash(PHONE));
    for code in ["m1", "M1CARD", by_phone.as_str(), "n77"] {
        let (found, more) = receipts(&shop, &two, of_member(code), &[]);
        assert_eq!((numbers(&found).as_slice(), more), (&newest_first[..], false), "{code}");
    }
    assert_eq!(receipts(&shop, &two, of_member("nobody"), &[]).0, []);
    // Goods narrow it, and nothing else says what lies in one.
    assert_eq!(numbers(&receipts(&shop, &two, of_member("m1"), &["2", "3"]).0), newest_first[1..2]);
    assert_eq!(receipts(&shop, &two, of_member("m1"), &["9"]).0, []);
    // Some of it came back at another lane.
    two.gives_back(&water, 1_000, None);
    shop.file(&mut two);
    assert_eq!(numbers(&receipts(&shop, &one, of_member("m1"), &[]).0)[2].3, 900);
    // A member with more than a list takes, and what is older than anybody looks.
    for _ in 0..RECEIPTS_TOLD_MAX {
        bought_by(&mut one, "m1", "1");
    }
    shop.file(&mut one);
    let (found, more) = receipts(&shop, &one, of_member("m1"), &[]);
    assert_eq!((found.len(), more), (RECEIPTS_TOLD_MAX, true));
    shop.now_ms += 91 * 86_400_000;
    assert_eq!(receipts(&shop, &one, of_member("m1"), &[]).0, []);
    assert!(shop.exceptions().is_empty());
}

pub(super) fn a_card_that_paid_finds_its_receipt_on_its_day_and_an_amount_those_of_the_store(mut shop: Shop) {
    shop.now_ms = EVENING_MS;
    let (mut one, mut far) = (shop.lane("S1", 1), shop.lane("S2", 1));
    let by_card = |amount: i64, card: &str| Tender {
        kind: "card".into(),
        payment: Some(1),
        card: card.into(),
        ..cash(amount)
    };
    one.sale(|sale| sale.tenders = vec![cash(400), by_card(600, "0042")]);
    one.sale(|sale| sale.tenders = vec![by_card(1_000, "")]);
    far.sale(|sale| sale.tenders = vec![by_card(1_000, "0042")]);
    shop.file(&mut one);
    shop.file(&mut far);
    let sought = |card: &str, day: &str, amount| Sought::Payment {
        card: card.into(),
        day: day.parse().expect("a day"),
        amount,
    };
    let found = |sought| {
        let found = receipts(&shop, &one, sought, &[]).0;
        let mut found: Vec<_> = found.into_iter().map(|row| (row.origin.store, row.origin.seq)).collect();
        found.sort();
        found
    };
    let at = |store: &str, seq| (store.to_owned(), seq);
    assert_eq!(found(sought("0042", "2026-03-01", None)), [at("S1", 1), at("S2", 1)]);
    assert_eq!(found(sought("0042", "2026-03-01", Some(600))), [at("S1", 1)]);
    assert_eq!(found(sought("0042", "2026-02-28", None)), []);
    assert_eq!(found(sought("0043", "2026-03-01", None)), []);
    // Without digits: by what was to be paid, or was paid by one means, in this store alone.
    assert_eq!(found(sought("", "2026-03-01", Some(1_000))), [at("S1", 1), at("S1", 2)]);
    assert_eq!(found(sought("", "2026-03-01", Some(600))), [at("S1", 1)]);
    assert_eq!(found(sought("0042", "2025-11-01", None)), [], "longer ago than anybody looks");
    // A lane that says more of a card than its end is not believed: the document is set aside.
    far.sale(|sale| sale.tenders = vec![by_card(1_000, "6222020000000042")]);
    shop.file(&mut far);
    let set_aside = shop.store.read::<_, StoreError>(|reading| reading.quarantined(10)).expect("a read");
    assert_eq!(set_aside.len(), 1);
    assert!(set_aside[0].reason.contains("exactly four digits"), "{}", set_aside[0].reason);
}

pub(super) fn a_days_margins_stay_when_a_cost_changes_and_are_told_to_whoever_may(mut shop: Shop) {
    shop.now_ms = EVENING_MS;
    let mut one = shop.lane("S1", 1);
    let place = r#"{"code":"S1","name_zh":"一店","name_en":"One","currency":"CNY","currency_symbol":"¥",
        "currency_exponent":2,"cash_rounding":1}"#;
    let person = |id: &str, role: &str| {
        format!(r#"{{"id":"{id}","number":"1","name":"n","role":"{role}","pin_hash":"x"}}"#)
    };
    let goods = |sku: &str, category: &str| {
        format!(
            r#"{{"sku":"{sku}","name_zh":"货{sku}","name_en":"Goods {sku}","category":"{category}","price":1,"tax_rate":1300}}"#
        )
    };
    let sold_ms = one.lane.at_ms;
    let cost = |sku: &str, from_ms, cost| CostRow { sku: sku.into(), from_ms, cost };
    shop.write(|writing| {
        writing.put_entity(Kind::Store, "S1", place)?;
        writing.put_entity(Kind::Staff, "boss", &person("boss", "manager"))?;
        writing.put_entity(Kind::Staff, "lead", &person("lead", "supervisor"))?;
        writing.put_entity(
            Kind::Category,
            "c1",
            r#"{"id":"c1","name_zh":"饮料","name_en":"Drinks","position":1}"#,
        )?;
        writing.put_entity(Kind::Product, "1", &goods("1", "c1"))?;
        writing.put_entity(Kind::Product, "2", &goods("2", "c1"))?;
        assert!(writing.put_cost(&cost("1", sold_ms - 10, Some(300)))?);
        assert!(!writing.put_cost(&cost("1", sold_ms - 10, Some(300)))?, "the same again is nothing new");
        writing.put_cost(&cost("1", sold_ms + 60_000, Some(999)))
    });
    // Two of goods 1 for 11.30 with 13 % of tax in it, and one whose cost nobody said.
    let two = Line { quantity: 2_000, list_price: 565, unit_price: 565, ..line("1", 1_130) };
    let other = Line { line: 2, ..line("2", 226) };
    let document = sale(vec![two, other]);
    let origin = one.fact(Fact::SaleCompleted { sale: document });
    shop.file(&mut one);
    let ask = |shop: &Shop, at: &At, staff: &str, day: &str| {
        shop.ask(at, Question::Margins { staff: staff.into(), day: day.parse().expect("a day") })
    };
    let Answer::Margins { margins } = ask(&shop, &one, "boss", "2026-03-01") else { panic!("not told") };
    assert_eq!((margins.all.net, margins.all.cost), (1_000, 600));
    assert_eq!((margins.categories.len(), margins.categories[0].name.1.as_str()), (1, "Drinks"));
    assert_eq!((margins.goods.len(), margins.goods[0].of.as_str()), (1, "1"));
    assert_eq!((margins.uncosted_count, margins.uncosted_net), (1, 200));
    assert_eq!(margins.uncosted[0].sku, "2");
    // The cost changes; what was sold before cost what it cost.
    shop.write(|writing| writing.put_cost(&cost("1", sold_ms + 1, Some(400))));
    let Answer::Margins { margins: again } = ask(&shop, &one, "boss", "2026-03-01") else {
        panic!("not told")
    };
    assert_eq!(again, margins);
    // One comes back, at what it costs when it does: less is sold, and less was spent.
    one.lane.at_ms += 10;
    one.gives_back(&origin, 1_000, None);
    shop.file(&mut one);
    let Answer::Margins { margins } = ask(&shop, &one, "boss", "2026-03-01") else { panic!("not told") };
    assert_eq!((margins.all.net, margins.all.cost), (1_000 - 88, 600 - 400));
    // Nobody else is told, whatever the lane believes of them.
    for staff in ["lead", "nobody"] {
        assert_eq!(
            ask(&shop, &one, staff, "2026-03-01"),
            Answer::MarginsNotTold { why: MarginsRefused::NoRight },
            "{staff}"
        );
    }
    let Answer::Margins { margins } = ask(&shop, &one, "boss", "2026-02-28") else { panic!("not told") };
    assert_eq!((margins.all.net, margins.uncosted_count), (0, 0));
}
