//! A whole store's day, for somebody at one of its tills.

use hq::store::Writing;
use protocol::ask::{StoreDay, StoreDayBy, StoreDayException, StoreDayRefused};
use protocol::event::{Line, Tender};

use super::lane::{cash, line, sale};
use super::*;

/// 2026-03-01 10:20 in Shanghai, the day of every document here.
const MORNING_MS: i64 = 1_772_331_600_000;
const HOUR_MS: i64 = 3_600_000;
const OFFSET_MINUTES: i32 = 480;

fn people_and_goods(writing: &Writing<'_>) -> Result<(), StoreError> {
    let place = r#"{"code":"S1","name_zh":"一店","name_en":"One","currency":"CNY","currency_symbol":"¥",
        "currency_exponent":2,"cash_rounding":1}"#;
    writing.put_entity(Kind::Store, "S1", place)?;
    for (id, name, role) in
        [("boss", "王强", "manager"), ("lead", "陈静", "supervisor"), ("u1", "李明", "cashier")]
    {
        let person =
            format!(r#"{{"id":"{id}","number":"1","name":"{name}","role":"{role}","pin_hash":"x"}}"#);
        writing.put_entity(Kind::Staff, id, &person)?;
    }
    for (id, zh, en) in [("c1", "饮料", "Drinks"), ("c2", "面包", "Bread")] {
        let category = format!(r#"{{"id":"{id}","name_zh":"{zh}","name_en":"{en}","position":1}}"#);
        writing.put_entity(Kind::Category, id, &category)?;
    }
    for (sku, category) in [("1", "c1"), ("2", "c2")] {
        let goods = format!(
            r#"{{"sku":"{sku}","name_zh":"货{sku}","name_en":"Goods {sku}","category":"{category}","price":1,"tax_rate":1300}}"#
        );
        writing.put_entity(Kind::Product, sku, &goods)?;
    }
    Ok(())
}

fn ask(shop: &Shop, at: &At, staff: &str, by: StoreDayBy) -> Answer {
    let day = "2026-03-01".parse().expect("a day");
    shop.ask(at, Question::StoreDay { staff: staff.into(), day, by, offset_minutes: OFFSET_MINUTES })
}

fn told(shop: &Shop, at: &At, by: StoreDayBy) -> StoreDay {
    match ask(shop, at, "lead", by) {
        Answer::StoreDay { day } => *day,
        other => panic!("a day, not {other:?}"),
    }
}

/// What rows are of, how many, and what they come to.
fn rows(day: &StoreDay) -> Vec<(&str, u64, i64)> {
    day.rows.iter().map(|row| (row.of.as_str(), row.count, row.amount)).collect()
}

fn sold(at: &mut At, lines: Vec<Line>, tenders: Vec<Tender>, change: i64) -> Origin {
    let document = sale(lines);
    let document = Sale { tenders, change, ..document };
    at.fact(Fact::SaleCompleted { sale: document })
}

pub(super) fn a_stores_day_is_that_of_all_its_lanes_from_every_side(shop: Shop) {
    let (mut one, mut two, mut far) = (shop.lane("S1", 1), shop.lane("S1", 2), shop.lane("S2", 1));
    shop.write(people_and_goods);
    for at in [&mut one, &mut two, &mut far] {
        at.lane.at_ms = MORNING_MS;
    }
    let card = |amount: i64| Tender { kind: "card".into(), payment: Some(1), ..cash(amount) };
    let water =
        sold(&mut one, vec![line("1", 500), Line { line: 2, ..line("2", 300) }], vec![cash(1_000)], 200);
    two.lane.at_ms += 3 * HOUR_MS;
    sold(&mut two, vec![line("2", 700)], vec![card(400), cash(300)], 0);
    // Another store is another day.
    sold(&mut far, vec![line("1", 9_900)], vec![cash(9_900)], 0);
    // One comes back for a yuan, at the other lane.
    two.gives_back(&water, 1_000, None);
    // Who pays in buys nothing yet.
    two.tops_up(5_000, 0);
    for at in [&mut one, &mut two, &mut far] {
        shop.file(at);
    }
    assert!(shop.store.read::<_, StoreError>(|reading| reading.quarantined(10)).expect("a read").is_empty());

    let hours = told(&shop, &one, StoreDayBy::Hour);
    assert_eq!(
        (hours.currency.as_str(), hours.lanes, hours.payable, hours.paid_in),
        ("CNY", 2, 1_400, 5_000)
    );
    let ten = MORNING_MS - MORNING_MS % HOUR_MS;
    let (ten, one_o_clock) = (ten.to_string(), (ten + 3 * HOUR_MS).to_string());
    assert_eq!(rows(&hours), [(ten.as_str(), 1, 800), (one_o_clock.as_str(), 2, 600)]);
    let tenders = told(&shop, &one, StoreDayBy::Tender);
    assert_eq!(rows(&tenders), [("cash", 4, 1_000 - 200 + 300 - 100 + 5_000), ("card", 1, 400)]);
    let cashiers = told(&shop, &one, StoreDayBy::Cashier);
    assert_eq!(rows(&cashiers), [("u1", 3, 1_400)]);
    assert_eq!(cashiers.rows[0].name.0, "李明");
    let goods = told(&shop, &one, StoreDayBy::Goods);
    assert_eq!(rows(&goods), [("2", 2, 1_000), ("1", 1, 400)]);
    assert_eq!(goods.rows[0].name, ("货2".to_owned(), "Goods 2".to_owned()));
    let categories = told(&shop, &two, StoreDayBy::Category);
    assert_eq!(rows(&categories), [("c2", 2, 1_000), ("c1", 1, 400)]);
    assert_eq!(categories.rows[0].name.1, "Bread");

    // Nobody is told who may not look at reports, whatever their lane believes of them.
    for staff in ["u1", "nobody"] {
        let answer = ask(&shop, &one, staff, StoreDayBy::Hour);
        assert_eq!(answer, Answer::StoreDayNotTold { why: StoreDayRefused::NoRight }, "{staff}");
    }
    assert!(
        matches!(ask(&shop, &far, "lead", StoreDayBy::Hour), Answer::Refused { .. }),
        "a store of no name"
    );
    assert!(rows(&told_on(&shop, &one, "2026-02-28")).is_empty());
}

fn told_on(shop: &Shop, at: &At, day: &str) -> StoreDay {
    let day = day.parse().expect("a day");
    let question = Question::StoreDay {
        staff: "boss".into(),
        day,
        by: StoreDayBy::Exceptions,
        offset_minutes: OFFSET_MINUTES,
    };
    match shop.ask(at, question) {
        Answer::StoreDay { day } => *day,
        other => panic!("a day, not {other:?}"),
    }
}

pub(super) fn what_was_out_of_the_usual_in_a_store_is_counted_by_kind_and_person(shop: Shop) {
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    shop.write(people_and_goods);
    let added = |number: u32, net: i64| Fact::LineAdded { line: Line { line: number, ..line("1", net) } };
    let voided = |line: u32| Fact::LineVoided { line, staff: "u1".into(), reason: String::new() };
    // Many usual lines before: only what somebody must know the price of is read.
    for number in 1..=1_200 {
        one.fact(added(number, 100));
    }
    one.fact(Fact::LineQuantitySet { line: 1_200, quantity: 3_000, net: 300 });
    one.fact(voided(1_200));
    one.fact(voided(3));
    one.sale(|_| {});
    // The numbers of the basket before mean nothing any more.
    one.fact(added(1, 250));
    one.fact(voided(1));
    one.fact(voided(2));
    one.fact(Fact::DrawerOpened { staff: "lead".into(), reason: "换零".into() });
    two.fact(added(1, 900));
    two.fact(Fact::BasketCancelled { staff: "u1".into(), total: 900, reason: String::new() });
    two.fact(voided(1));
    // Yesterday's and tomorrow's are none of this day's.
    for day in ["2026-02-28", "2026-03-02"] {
        let mut event = two.lane.event(Fact::DrawerOpened { staff: "u9".into(), reason: String::new() });
        event.business_date = day.parse().expect("a day");
        two.lane.write(event::encode(&event));
    }
    for at in [&mut one, &mut two] {
        shop.file(at);
    }
    let day = told_on(&shop, &two, "2026-03-01");
    let row = |kind: &str, staff: &str, name: &str, count, amount| StoreDayException {
        kind: kind.into(),
        staff: staff.into(),
        name: name.into(),
        count,
        amount,
    };
    let expected = [
        row("void", "u1", "李明", 5, Some(300 + 100 + 250)),
        row("cancel", "u1", "李明", 1, Some(900)),
        row("drawer", "lead", "陈静", 1, None),
    ];
    assert_eq!(day.exceptions, expected);
    let day = told_on(&shop, &two, "2026-03-02");
    assert_eq!(day.exceptions, [row("drawer", "u9", "", 1, None)]);
}
