//! What the lanes of one store have in common: the stock room, which is counted while they sell, and the baskets that they
//! put aside. Real programs for HQ, relay and agents; the lanes are worked at by keys and scans.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

use std::path::Path;
use std::process::Command as Program;

use anyhow::{Context, Result};
use domain::money::Quantity;
use domain::record::Record;
use domain::stock::{Movement, StockLine, StockMove};
use domain::till::Input;
use fixtures::shop;
use protocol::ask::{Answer, Question};
use tests::process::{program, run, wait_for};
use tests::shop::{Headquarters, Relay, STORE, code_of};
use tests::till::Till;
use ui::Key;

const CHIPS: &str = "180001";
const RICE: &str = "200022";

fn open(folder: &Path) -> Result<Headquarters> {
    let demo = folder.join("shop.json");
    std::fs::write(&demo, shop::demo().import_json())?;
    Headquarters::open(&folder.join("hq"), &[&demo])
}

/// What a command of HQ's says, as JSON.
fn said_by_hq(folder: &Path, arguments: &[&str]) -> Result<serde_json::Value> {
    let mut command = Program::new(program("hq")?);
    command.args(arguments).arg("--data").arg(folder.join("hq")).args(["--store", STORE, "--json"]);
    Ok(serde_json::from_str(&run(&mut command)?)?)
}

/// What HQ's books have of an item, thousandths.
fn in_stock(folder: &Path, sku: &str) -> Result<i64> {
    let books = said_by_hq(folder, &["books"])?;
    let rows = books["stock"].as_array().context("stock")?;
    let row = rows.iter().find(|row| row["sku"] == sku).context("the item")?;
    row["quantity"].as_i64().context("a quantity")
}

fn receive(till: &mut Till, sku: &str, pieces: u32) {
    let quantity = Quantity::from_pieces(pieces.into()).expect("pieces");
    till.feed(Input::MoveStock(Box::new(Movement {
        kind: StockMove::Receive,
        document: "L-1".into(),
        other: "farm".into(),
        lines: vec![StockLine { sku: sku.into(), quantity }],
        reason: String::new(),
    })));
}

fn sells(till: &mut Till, sku: &str, pieces: i64) {
    till.choose(sku, pieces);
    till.pay();
}

/// Waits until somebody can say how far the lanes 1 and 2 are.
fn wait_for_positions(till: &Till) -> Result<()> {
    wait_for("both lanes to be heard of", || {
        Ok(match till.ask(Question::Positions {}) {
            Some(Answer::Positions { known, .. }) if known.len() == 2 => Some(()),
            _ => None,
        })
    })
}

#[test]
fn goods_are_counted_while_both_lanes_sell_and_the_count_outlives_the_till() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let headquarters = open(folder.path())?;
    let mut one = Till::open(&folder.path().join("one"), &headquarters, 1)?;
    let mut two = Till::open(&folder.path().join("two"), &headquarters, 2)?;
    receive(&mut one, CHIPS, 20);
    sells(&mut two, CHIPS, 2);
    // A new price makes agents come at once; with it they say how far their journals are.
    headquarters.set_price(RICE, "9.90")?;
    wait_for_positions(&one)?;

    // 18 should lie there; 17 do.
    one.menu("盘点");
    one.choose_row("自由盘点");
    one.scan(&code_of(CHIPS)?);
    one.hear(1);
    one.type_text("12");
    one.key(Key::Function(4));
    // Five more at the till; each scan adds one.
    one.scan(&code_of(CHIPS)?);
    one.type_text("5");
    one.key(Key::Function(4));
    assert_eq!(one.sheet_rows()[0].2, "17");
    // Nothing of the books is shown, and nothing is written down yet.
    assert_eq!(one.files.count(|record| matches!(record, Record::StockCounted { .. }))?, 0);

    // The other lane sells on, and this one's till is stopped and started again.
    sells(&mut two, CHIPS, 1);
    let mut one = one.restart()?;
    sells(&mut one, CHIPS, 1);
    one.menu("盘点");
    one.choose_row("继续");
    assert_eq!(one.sheet_rows()[0].2, "17");
    one.key(Key::Function(8));
    one.key(Key::Function(3));
    one.key(Key::Function(8));
    assert_eq!(one.title(), "");
    let records = one.files.records()?;
    let count = records.iter().find_map(|stored| match &stored.record {
        Record::StockCounted { count, .. } => Some(count.clone()),
        _ => None,
    });
    let count = count.context("a count")?;
    assert_eq!((count.reason.as_str(), count.positions.len()), ("抽盘", 2));

    // HQ has what both lanes sold, and the difference is what was missing on the shelf.
    for till in [&one, &two] {
        till.files.wait_for_acknowledgement()?;
    }
    let said = said_by_hq(folder.path(), &["counts"])?;
    assert_eq!(said["waiting"], serde_json::json!([]));
    let difference = &said["posted"][0]["count"]["differences"][0];
    assert_eq!(
        (difference["sku"].as_str(), difference["book"].as_i64(), difference["counted"].as_i64()),
        (Some(CHIPS), Some(18_000), Some(17_000)),
        "{said}"
    );
    assert_eq!(in_stock(folder.path(), CHIPS)?, 15_000);
    // The count is over: there is nothing to go on with.
    one.menu("盘点");
    assert!(one.sheet_rows().iter().all(|(name, ..)| !name.starts_with("继续")));
    Ok(())
}

#[test]
fn cut_off_goods_are_counted_all_the_same_and_hq_waits_for_the_other_lane() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut headquarters = open(folder.path())?;
    let mut one = Till::open(&folder.path().join("one"), &headquarters, 1)?;
    let mut two = Till::open(&folder.path().join("two"), &headquarters, 2)?;
    receive(&mut one, CHIPS, 20);
    sells(&mut two, CHIPS, 2);
    for till in [&one, &two] {
        till.files.wait_for_acknowledgement()?;
    }
    headquarters.kill()?;
    two.files.kill_agent()?;
    sells(&mut two, CHIPS, 1);
    one.menu("盘点");
    one.choose_row("自由盘点");
    one.scan(&code_of(CHIPS)?);
    one.hear(1);
    let text = one.lane.view().sheet.context("the count")?.text;
    assert!(text.contains("问不到别的收银台"), "{text}");
    one.type_text("16");
    one.key(Key::Function(4));
    one.key(Key::Function(8));
    one.key(Key::Function(8));
    assert_eq!(one.title(), "");

    headquarters.start()?;
    one.files.wait_for_acknowledgement()?;
    let said = said_by_hq(folder.path(), &["counts"])?;
    assert_eq!(said["waiting"][0]["waits_for"], serde_json::json!([2]), "{said}");
    // What the other lane sold before the count comes late, and what it sold after.
    sells(&mut two, CHIPS, 1);
    two.files.start_agent()?;
    two.files.wait_for_acknowledgement()?;
    let said = said_by_hq(folder.path(), &["counts"])?;
    let count = &said["posted"][0]["count"];
    assert_eq!(count["by_clock"], serde_json::json!([2]), "{said}");
    assert_eq!(count["differences"][0]["book"], 17_000, "{said}");
    assert_eq!(in_stock(folder.path(), CHIPS)?, 15_000);
    Ok(())
}

/// Puts what lies on the counter aside, under a name.
fn parks(till: &mut Till, note: &str) -> Result<()> {
    till.key(Key::Function(10));
    till.type_text(note);
    till.key(Key::Enter);
    assert_eq!(till.title(), "");
    let lines = till.basket().lines().len();
    anyhow::ensure!(lines == 0, "{lines} lines lie there still");
    Ok(())
}

/// Opens the parked baskets and hears which other lanes put aside: their names.
fn looks_for_parked(till: &mut Till) -> Vec<String> {
    till.key(Key::Function(10));
    till.hear(1);
    till.sheet_rows().into_iter().map(|(name, ..)| name).collect()
}

/// Takes up the parked basket of a name, and hears whether it may.
fn takes_up(till: &mut Till, name: &str) {
    till.choose_row(name);
    till.hear(1);
}

#[test]
fn a_basket_is_parked_at_one_lane_and_paid_at_another() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut headquarters = open(folder.path())?;
    let mut one = Till::open(&folder.path().join("one"), &headquarters, 1)?;
    let mut two = Till::open(&folder.path().join("two"), &headquarters, 2)?;
    one.choose(CHIPS, 2);
    one.choose(RICE, 1);
    let total = one.basket().total();
    parks(&mut one, "hong yifu")?;
    one.choose(CHIPS, 1);
    parks(&mut one, "lao wang")?;
    one.files.wait_for_acknowledgement()?;

    assert_eq!(looks_for_parked(&mut two), ["lao wang", "hong yifu"]);
    takes_up(&mut two, "hong yifu");
    assert_eq!((two.title().as_str(), two.basket().lines().len()), ("", 2));
    assert_eq!(two.basket().total(), total);
    two.pay();
    assert_eq!(two.last_sale()?.total, total);
    two.files.wait_for_acknowledgement()?;

    // The lane that parked it learns of it, and its other one it still has.
    assert_eq!(looks_for_parked(&mut one), ["lao wang"]);
    assert_eq!(one.files.count(|record| matches!(record, Record::BasketGone { basket: 1, lane: 2 }))?, 1);
    takes_up(&mut one, "lao wang");
    assert_eq!(one.basket().lines().len(), 1);
    one.pay();
    one.files.wait_for_acknowledgement()?;
    assert_eq!(looks_for_parked(&mut two), Vec::<String>::new());
    two.key(Key::Escape);

    // Cut off, a lane has its own, and nobody waits for long; another's it does not see.
    one.choose(CHIPS, 3);
    parks(&mut one, "zhao")?;
    one.files.wait_for_acknowledgement()?;
    headquarters.kill()?;
    assert_eq!(looks_for_parked(&mut two), Vec::<String>::new());
    two.key(Key::Escape);
    assert_eq!(looks_for_parked(&mut one), ["zhao"]);
    takes_up(&mut one, "zhao");
    assert_eq!(one.basket().lines().len(), 1);
    one.pay();
    headquarters.start()?;
    one.files.wait_for_acknowledgement()?;
    let listed = exceptions(folder.path())?;
    assert!(!listed.contains("taken_up_twice"), "{listed}");
    Ok(())
}

#[test]
fn a_basket_that_a_lane_asked_for_and_never_took_is_its_own_lanes_by_a_second_enter() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let headquarters = open(folder.path())?;
    let mut one = Till::open(&folder.path().join("one"), &headquarters, 1)?;
    let mut two = Till::open(&folder.path().join("two"), &headquarters, 2)?;
    one.choose(CHIPS, 2);
    parks(&mut one, "hong yifu")?;
    one.files.wait_for_acknowledgement()?;
    looks_for_parked(&mut two);
    // It is given to lane 2, which is dead before it hears of that.
    two.choose_row("hong yifu");
    two.loses_answer();
    assert_eq!(looks_for_parked(&mut one), ["hong yifu"]);
    takes_up(&mut one, "hong yifu");
    assert_eq!(one.basket().lines().len(), 0);
    drop(two);
    let said = format!("{:?}", one.lane.view().notice);
    assert!(said.contains("再按一次回车"), "{said}");
    one.key(Key::Enter);
    one.hear(1);
    assert_eq!(one.basket().lines().len(), 1, "{:?}", one.lane.view().notice);
    one.pay();
    one.files.wait_for_acknowledgement()?;
    assert_eq!(headquarters.sums()?.0, 1);
    let listed = exceptions(folder.path())?;
    assert!(!listed.contains("taken_up_twice"), "{listed}");
    Ok(())
}

fn exceptions(folder: &Path) -> Result<String> {
    run(Program::new(program("hq")?).arg("exceptions").arg("--data").arg(folder.join("hq")))
}

#[test]
fn what_its_own_lane_took_up_cut_off_while_it_was_lent_is_listed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let headquarters = open(folder.path())?;
    let mut one = Till::open(&folder.path().join("one"), &headquarters, 1)?;
    let mut two = Till::open(&folder.path().join("two"), &headquarters, 2)?;
    one.choose(CHIPS, 2);
    parks(&mut one, "hong yifu")?;
    one.files.wait_for_acknowledgement()?;
    one.files.kill_agent()?;
    looks_for_parked(&mut two);
    takes_up(&mut two, "hong yifu");
    two.pay();
    two.files.wait_for_acknowledgement()?;
    assert_eq!(looks_for_parked(&mut one), ["hong yifu"]);
    takes_up(&mut one, "hong yifu");
    let said = format!("{:?}", one.lane.view().notice);
    assert!(said.contains("没问到别的收银台"), "{said}");
    one.pay();
    one.files.start_agent()?;
    one.files.wait_for_acknowledgement()?;
    assert_eq!(headquarters.sums()?.0, 2, "both sales stand");
    let listed = exceptions(folder.path())?;
    assert!(listed.contains("taken_up_twice"), "{listed}");
    Ok(())
}

#[test]
fn cut_off_from_hq_a_stores_lanes_still_take_up_one_anothers_baskets_each_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut headquarters = open(folder.path())?;
    let relay = Relay::open(&folder.path().join("relay"), &headquarters)?;
    let mut one = Till::open_by(&folder.path().join("one"), &headquarters, Some(&relay), 1)?;
    let mut two = Till::open_by(&folder.path().join("two"), &headquarters, Some(&relay), 2)?;
    one.files.wait_for_acknowledgement()?;
    two.files.wait_for_acknowledgement()?;
    headquarters.kill()?;
    one.choose(CHIPS, 2);
    parks(&mut one, "hong yifu")?;
    let parked = one.lane.journal().context("a journal")?.head().seq;
    wait_for("a copy", || Ok((relay.copied(1)? >= parked).then_some(())))?;
    assert_eq!(looks_for_parked(&mut two), ["hong yifu"]);
    // Its own lane asks for it first, and does not get it once the other has it.
    looks_for_parked(&mut one);
    takes_up(&mut two, "hong yifu");
    assert_eq!(two.basket().lines().len(), 1);
    takes_up(&mut one, "hong yifu");
    assert_eq!(one.basket().lines().len(), 0);
    two.pay();
    let sold = two.lane.journal().context("a journal")?.head().seq;
    wait_for("a copy", || Ok((relay.copied(2)? >= sold).then_some(())))?;
    one.key(Key::Escape);
    assert_eq!(looks_for_parked(&mut one), Vec::<String>::new());

    headquarters.start()?;
    for till in [&one, &two] {
        till.files.wait_for_acknowledgement()?;
    }
    assert_eq!(headquarters.sums()?.0, 1);
    let listed = exceptions(folder.path())?;
    assert!(!listed.contains("taken_up_twice"), "{listed}");
    Ok(())
}
