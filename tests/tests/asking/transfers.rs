//! HQ orders goods from one store to another: real HQ, real agents, and lanes of two stores that find it in their stock room.

use super::*;
use domain::stock::StockMove;
use serde_json::Value;

/// The demo shop's headquarters, and what is asked of its command line.
struct Network<'a> {
    headquarters: Headquarters,
    folder: &'a Path,
}

impl Network<'_> {
    fn hq(&self, arguments: &[&str]) -> Result<String> {
        run(Program::new(program("hq")?).args(arguments).arg("--data").arg(self.folder.join("hq")))
    }

    fn transfer(&self, number: &str) -> Result<Value> {
        let said: Value = serde_json::from_str(&self.hq(&["transfer", "show", number, "--json"])?)?;
        Ok(said[0].clone())
    }
}

/// Goes on until the menu says that so many transfers wait under these words.
fn wait_for_transfers(till: &mut Till, words: &str, count: &str) -> Result<()> {
    wait_for("the lane to be told of transfers", || {
        till.turn(vec![pos_app::lane::Event::Tick]);
        till.key(Key::Tab);
        let row = till.sheet_rows().into_iter().find(|(name, ..)| name.starts_with(words));
        till.key(Key::Escape);
        Ok(row.filter(|(_, _, value)| value == count).map(drop))
    })
}

/// Where there is any of some goods: store, on hand, reserved, on its way; thousandths.
fn stock(till: &Till, sku: &str) -> Vec<(String, i64, i64, i64)> {
    match till.ask(Question::Stock { sku: sku.into() }) {
        Some(Answer::Stock { places }) => {
            let row = |place: protocol::ask::StockAt| {
                (place.store, place.on_hand, place.reserved, place.in_transit)
            };
            let mut rows: Vec<_> = places.into_iter().map(row).collect();
            rows.retain(|(_, on_hand, reserved, in_transit)| (*on_hand, *reserved, *in_transit) != (0, 0, 0));
            rows.sort();
            rows
        }
        other => panic!("stock, not {other:?}"),
    }
}

#[test]
fn what_hq_orders_from_one_store_to_another_is_sent_received_and_its_differences_are_exact() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut network = Network { headquarters: open(folder.path())?, folder: folder.path() };
    let mut sender = Till::open(&folder.path().join("sender"), &network.headquarters, 1)?;
    let mut beside = Till::open(&folder.path().join("beside"), &network.headquarters, 2)?;
    let mut receiver = Till::open_in(&folder.path().join("receiver"), &network.headquarters, ("S002", 1))?;
    // Ten and four lie in the first store.
    sender.menu("收货");
    for (sku, count) in [(CHIPS, "10"), (TISSUES, "4")] {
        sender.scan(&code_of(sku)?);
        sender.key(Key::Tab);
        sender.type_text(count);
        sender.key(Key::Enter);
    }
    for _ in 0..3 {
        sender.key(Key::Tab);
    }
    sender.type_text("supplier");
    sender.key(Key::Function(8));
    sender.files.wait_for_acknowledgement()?;
    let lines = [format!("{CHIPS}=6"), format!("{TISSUES}=4")];
    let between = ["--from", STORE, "--to", "S002"];
    let order = ["transfer", "order", "--number", "T1", "--note", "周五前", "--hold"];
    let order = [&order[..], &between, &["--line", &lines[0], "--line", &lines[1]]].concat();
    network.hq(&order)?;
    assert_eq!(stock(&sender, CHIPS), [(STORE.to_owned(), 10_000, 6_000, 0)], "no channel sells them now");

    // Every lane of both stores is told.
    for till in [&mut sender, &mut beside] {
        wait_for_transfers(till, "调出到别的店", "1")?;
    }
    wait_for_transfers(&mut receiver, "调入", "1")?;
    // Five are found of six; HQ is out of reach, and the store sends them all the same.
    network.headquarters.kill()?;
    sender.menu("调出到别的店");
    assert_eq!(sender.sheet_rows()[0].0, "调往 S002");
    sender.key(Key::Enter);
    sender.key(Key::Tab);
    sender.type_text("5");
    sender.key(Key::Enter);
    sender.key(Key::Function(8));
    assert_eq!(sender.title(), "");
    // At once this lane offers it no more; the other one does until HQ tells it.
    wait_for_transfers(&mut sender, "调出到别的店", "")?;
    wait_for_transfers(&mut beside, "调出到别的店", "1")?;
    // The lorry is there before the sender's journal: it is expected as it was ordered. One piece is missing.
    receiver.menu("调入");
    receiver.key(Key::Enter);
    let expected: Vec<String> = receiver.sheet_rows().into_iter().map(|(_, _, value)| value).collect();
    assert_eq!(expected, ["6", "4"]);
    receiver.key(Key::Tab);
    receiver.type_text("4");
    receiver.key(Key::Enter);
    receiver.key(Key::Function(8));
    assert_eq!(receiver.title(), "");
    network.headquarters.start()?;
    for till in [&mut sender, &mut receiver] {
        till.files.wait_for_acknowledgement()?;
    }
    wait_for_transfers(&mut beside, "调出到别的店", "")?;
    wait_for_transfers(&mut receiver, "调入", "")?;

    let closed = network.transfer("T1")?;
    assert_eq!((&closed["state"], &closed["held"]), (&"closed".into(), &false.into()));
    let line = |sku: &str, asked: i64, sent: i64, arrived: i64| serde_json::json!({ "sku": sku, "asked": asked, "sent": sent, "arrived": arrived });
    assert_eq!(
        closed["lines"],
        serde_json::json!([line(CHIPS, 6_000, 5_000, 4_000), line(TISSUES, 4_000, 4_000, 4_000)])
    );
    let differences = serde_json::json!([
        { "differs": "sent_less", "sku": CHIPS, "quantity": 1_000 },
        { "differs": "arrived_less", "sku": CHIPS, "quantity": 1_000 },
    ]);
    assert_eq!(closed["differences"], differences);
    let chips = [(STORE.to_owned(), 5_000, 0, 0), ("S002".to_owned(), 4_000, 0, 1_000)];
    let tissues = [("S002".to_owned(), 4_000, 0, 0)];
    assert_eq!((stock(&sender, CHIPS), stock(&sender, TISSUES)), (chips.to_vec(), tissues.to_vec()));
    let moved = |till: &Till, such: StockMove| {
        till.files
            .count(|record| matches!(record, Record::StockMoved { movement, .. } if movement.kind == such))
    };
    assert_eq!((moved(&sender, StockMove::TransferOut)?, moved(&receiver, StockMove::TransferIn)?), (1, 1));
    let listed = network.hq(&["transfers", "--store", "S002", "--state", "closed"])?;
    assert!(listed.contains(&format!("differs: arrived_less of {CHIPS}: 1.000")), "{listed}");
    assert!(!network.hq(&["exceptions"])?.contains("T1"), "nothing of it is odd");

    // What never came is written off: it is on its way no more. Making everything again finds nothing.
    network.hq(&["transfer", "write-off", "T1", "--reason", "fell off"])?;
    assert_eq!(stock(&sender, CHIPS)[1], ("S002".to_owned(), 4_000, 0, 0));
    let rebuilt = network.hq(&["rebuild"])?;
    assert!(rebuilt.contains("; 0 tables differed"), "{rebuilt}");
    let books = network.hq(&["rebuild-books"])?;
    assert!(books.contains("\"missing\":0") && books.contains("\"differing\":0"), "{books}");
    assert_eq!(network.transfer("T1")?["differences"], differences);
    Ok(())
}
