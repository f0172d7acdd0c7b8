//! Transfers that HQ ordered, in the stock room: they are offered, may be changed as the goods are, and are not offered
//! again once they are written down here.

use super::*;
use ledger::reference::ReferenceWriter;
use protocol::pull::{self, Change, Entity};
use ui::view::SheetRow;

/// The menu's words for what leaves and what comes.
const OUT: &str = "调出到别的店";
const IN: &str = "调入";

fn order(number: &str, (from, to): (&str, &str), lines: &[(&str, i64, i64)]) -> pull::Transfer {
    let line = |(sku, asked, sent): &(&str, i64, i64)| pull::TransferLine {
        sku: (*sku).into(),
        asked: asked * 1_000,
        sent: sent * 1_000,
    };
    pull::Transfer {
        number: number.into(),
        from: from.into(),
        to: to.into(),
        lines: lines.iter().map(line).collect(),
        ordered_ms: MORNING.now_ms - 3_600_000,
        left: lines.iter().any(|(_, _, sent)| *sent > 0),
        note: "周五前".into(),
    }
}

impl Lane {
    /// The agent writes what HQ told, and the lane looks around.
    fn told_transfers(&mut self, transfers: &[(&str, Option<pull::Transfer>)]) {
        let mut writer = ReferenceWriter::open(&self.folder.path().join("reference.db")).expect("a file");
        let version = writer.state().expect("read").version + 1;
        let update = writer.begin().expect("begun");
        for (number, transfer) in transfers {
            let entity = Entity::Transfer(transfer.clone());
            update.apply(&Change { version, key: (*number).to_owned(), entity }).expect("applied");
        }
        update.commit(version).expect("committed");
        drop(writer);
        self.stand.turn(vec![Event::Tick]);
    }

    fn sheet_rows(&self) -> Vec<SheetRow> {
        self.stand.lane.view().sheet.map(|sheet| sheet.rows).unwrap_or_default()
    }

    /// What stands beside the menu's words.
    fn waiting(&mut self, words: &str) -> String {
        self.stand.key(Key::Tab);
        let found =
            self.sheet_rows().into_iter().find(|row| row.name.starts_with(words)).expect("in the menu");
        self.stand.key(Key::Escape);
        found.value
    }

    /// What was written down of goods that moved: kind, number, other store, and each item's thousandths.
    fn moved(&self) -> Vec<(StockMove, String, String, Vec<(String, i64)>)> {
        let moved = self.records().into_iter().filter_map(|record| match record {
            Record::StockMoved { movement, .. } => {
                let lines = movement.lines.into_iter().map(|line| (line.sku, line.quantity.thousandths()));
                Some((movement.kind, movement.document, movement.other, lines.collect()))
            }
            _ => None,
        });
        moved.collect()
    }
}

#[test]
fn a_transfer_that_hq_ordered_is_sent_with_less_than_was_asked_by_keyboard() {
    let mut lane = Lane::open();
    assert_eq!(lane.waiting(OUT), "");
    lane.told_transfers(&[
        ("T1", Some(order("T1", ("S001", "S002"), &[(JUICE, 10, 0), (WATER, 6, 0), (TEA, 2, 0)]))),
        ("T2", Some(order("T2", ("S001", "S003"), &[(COLA, 1, 0)]))),
        ("T3", Some(order("T3", ("S002", "S001"), &[(COLA, 4, 3)]))),
    ]);
    assert_eq!((lane.waiting(OUT), lane.waiting(IN)), ("2".into(), "1".into()));
    lane.menu(OUT);
    let names: Vec<String> = lane.sheet_rows().iter().map(|row| row.name.clone()).collect();
    assert_eq!(names, ["调往 S002", "调往 S003"]);
    assert!(lane.sheet_rows()[0].detail.contains("T1 · 3 种 · 周五前"), "{:?}", lane.sheet_rows()[0]);
    lane.stand.key(Key::Down);
    lane.stand.key(Key::Up);
    lane.stand.key(Key::Enter);
    let sheet = lane.stand.lane.view().sheet.expect("the document");
    assert!(sheet.title == OUT && sheet.text.starts_with("T1 · 周五前"), "{}", sheet.text);
    assert_eq!((sheet.fields[2].value.as_str(), sheet.fields[3].value.as_str()), ("T1", "S002"));
    assert_eq!(sheet.rows.iter().map(|row| row.value.as_str()).collect::<Vec<_>>(), ["10", "6", "2"]);
    // Of the first eight are there, of the second none; of the third one more goes along.
    lane.stand.key(Key::Tab);
    lane.stand.enter("8");
    assert!(lane.sheet_rows()[0].detail.contains("单上 10"), "{:?}", lane.sheet_rows()[0]);
    lane.stand.key(Key::Down);
    lane.stand.key(Key::Delete);
    lane.scan(TEA);
    lane.stand.function(8);
    assert_eq!(lane.title(), "");
    let said = format!("{:?}", lane.stand.lane.view().notice);
    assert!(said.contains("T1") && said.contains("不同 3 种"), "{said}");
    let sent = vec![(JUICE.to_owned(), 8_000), (TEA.to_owned(), 3_000)];
    assert_eq!(lane.moved(), [(StockMove::TransferOut, "T1".into(), "S002".into(), sent)]);
    // It is not offered again, before HQ knows of it, and after the plug was pulled.
    assert_eq!(lane.waiting(OUT), "1");
    let mut lane = lane.restart();
    lane.stand.turn(vec![Event::Tick]);
    lane.menu(OUT);
    let names: Vec<String> = lane.sheet_rows().iter().map(|row| row.name.clone()).collect();
    assert_eq!(names, ["调往 S003"]);
    // HQ tells nobody of it any more; the last one is left for a document by hand.
    lane.told_transfers(&[("T1", None)]);
    lane.stand.function(2);
    assert_eq!((lane.title().as_str(), lane.sheet_rows().len()), (OUT, 0));
}

#[test]
fn what_is_expected_is_taken_in_as_it_is_there_by_touch() {
    let mut lane = Lane::open();
    lane.stand.press(Button::Language);
    lane.told_transfers(&[
        ("T3", Some(order("T3", ("S002", "S001"), &[(COLA, 4, 3), (JUICE, 2, 0), (WATER, 0, 5)]))),
        ("T4", Some(order("T4", ("S003", "S001"), &[(TEA, 7, 0)]))),
    ]);
    lane.menu("Transfer in");
    let rows: Vec<(String, String)> =
        lane.sheet_rows().into_iter().map(|row| (row.name, row.value)).collect();
    let row = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(rows, [row("From S002", "On its way"), row("From S003", "Not heard that it left")]);
    lane.stand.press(Button::Row(0));
    // What left is expected, and what did not is not.
    let values: Vec<(String, String)> = lane
        .sheet_rows()
        .into_iter()
        .map(|row| (row.detail.split(' ').next().unwrap_or_default().to_owned(), row.value))
        .collect();
    assert_eq!(values, [(COLA.to_owned(), "3".to_owned()), (WATER.to_owned(), "5".to_owned())]);
    // One of the second is missing.
    lane.stand.press(Button::Row(1));
    lane.stand.press(Button::Field(1));
    lane.stand.press(Button::Digit('4'));
    lane.stand.press(Button::Enter);
    let keys = lane.stand.lane.view().sheet.expect("the document").keys;
    let write = keys.iter().position(|key| key.shortcut == "F8").expect("a key");
    lane.stand.press(Button::SheetKey(write));
    let came = vec![(COLA.to_owned(), 3_000), (WATER.to_owned(), 4_000)];
    assert_eq!(lane.moved(), [(StockMove::TransferIn, "T3".into(), "S002".into(), came)]);
    // The other is taken in as ordered, since nobody heard that it left.
    lane.menu("Transfer in");
    assert_eq!(lane.sheet_rows().len(), 1);
    lane.stand.press(Button::Row(0));
    lane.stand.press(Button::SheetKey(write));
    assert_eq!(lane.moved()[1].3, [(TEA.to_owned(), 7_000)]);
    lane.menu("Transfer in");
    assert_eq!(
        (lane.title().as_str(), lane.sheet_rows().len()),
        ("Transfer in", 0),
        "nothing is expected any more"
    );
}

#[test]
fn a_transfer_that_hq_took_back_is_said_before_it_is_written_down() {
    let mut lane = Lane::open();
    lane.told_transfers(&[("T1", Some(order("T1", ("S001", "S002"), &[(JUICE, 10, 0)])))]);
    lane.menu(OUT);
    lane.stand.key(Key::Enter);
    lane.told_transfers(&[("T1", None)]);
    lane.stand.function(8);
    assert!(lane.title() == OUT && lane.said());
    assert_eq!(lane.moved(), []);
    // The lorry is gone: then it is written down.
    lane.stand.function(8);
    assert_eq!((lane.title().as_str(), lane.moved().len()), ("", 1));
    // Whoever gives the document another number does without the order.
    lane.told_transfers(&[("T5", Some(order("T5", ("S001", "S002"), &[(JUICE, 1, 0)])))]);
    lane.menu(OUT);
    lane.stand.key(Key::Enter);
    lane.told_transfers(&[("T5", None)]);
    lane.stand.key(Key::Tab);
    lane.stand.key(Key::Tab);
    lane.stand.type_text("-b");
    lane.stand.key(Key::Enter);
    lane.stand.function(8);
    assert_eq!(lane.moved()[1].1, "T5-b");
}

#[test]
fn goods_are_scanned_into_no_basket_from_the_list_of_transfers() {
    let mut lane = Lane::open();
    lane.told_transfers(&[("T1", Some(order("T1", ("S001", "S002"), &[(JUICE, 10, 0), ("no-such", 1, 0)])))]);
    lane.menu(OUT);
    lane.scan(WATER);
    assert!(lane.said() && lane.lines() == 0 && lane.sheet_rows().len() == 1);
    // What this lane does not know yet is left out, and said.
    lane.stand.key(Key::Enter);
    assert_eq!(lane.sheet_rows().len(), 1);
    let said = format!("{:?}", lane.stand.lane.view().notice);
    assert!(said.contains("no-such"), "{said}");
    // What was begun is there again for whoever began it, with its number.
    lane.stand.function(12);
    lane.stand.sign_in("102", "2345");
    assert_eq!(lane.title(), "");
    lane.stand.function(12);
    lane.stand.sign_in("101", "1234");
    assert_eq!(lane.title(), OUT);
    lane.stand.function(8);
    assert_eq!(lane.moved()[0].1, "T1");
}
