//! Bindings from a file: what is wrong is named row by row, and what is right is written, once.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

use std::path::Path;
use std::sync::OnceLock;
use std::time::Instant;

use domain::label::LabelBinding;
use domain::record::Record;
use ledger::reference::shelf::ShelfChanges;
use pos_app::config::Paths;
use pos_app::labels::import::{self, Import, ImportError, Imported};
use pos_app::lane::Moment;
use tests::labels::{MORNING, binding, config, facts, open, write};
use tests::stand::Stand;

thread_local! {
    /// Set once for each test, which has a thread of its own.
    static HEADLESS: () = i_slint_backend_testing::init_no_event_loop();
}

/// A while after the lane's till has ended, by a clock that goes: one that stands still is not believed.
fn later() -> Moment {
    static BEGUN: OnceLock<Instant> = OnceLock::new();
    let since = i64::try_from(BEGUN.get_or_init(Instant::now).elapsed().as_millis()).expect("not for ever");
    Moment { now_ms: MORNING.now_ms + 3_600_000 + since, ..MORNING }
}

/// What an import of this file says and does; the lane's till has ended.
fn import(
    folder: &Path,
    csv: &str,
    dry_run: bool,
    skip_bad: bool,
    pin: &str,
) -> (String, Result<Imported, ImportError>) {
    let file = folder.join("bindings.csv");
    std::fs::write(&file, csv).expect("written");
    let (number, pin) = ("101".into(), pin.into());
    let wanted = Import { file, number, pin, dry_run, skip_bad };
    let mut said = Vec::new();
    let paths = Paths { data: folder.to_owned() };
    let imported = import::import_at(&paths, &wanted, later, &mut said);
    (String::from_utf8(said).expect("words"), imported)
}

/// A lane of labels whose till has ended, so that its journal is free.
fn ended() -> tempfile::TempDir {
    let (stand, folder) = running();
    drop(stand);
    folder
}

fn running() -> (Stand, tempfile::TempDir) {
    HEADLESS.with(|()| ());
    let folder = tempfile::tempdir().expect("a folder");
    (open(folder.path(), config(), "101", "1234").expect("a lane of labels"), folder)
}

const BAD: &str = "label,item,slot,template,unit
00000218A3F50005,100015,B1,,
0218A3F5000B,9520002006066,B2,,
0218A3F5000B,100012,B2,,
xyz,100015,,,
0218A3F5000C,nothing,,,
0218A3F5000C,100015,,,
0218A3F50005,100016,B1,,
0218A3F5000D,100016,,no-such,
0218A3F5000E,100016,,,crate
0218A3F5000F,100016,B3,,
0218A3F5000F,100017,B4,,
0218A3F50001,100001,A1-1-01,,
0218A3F50010,100016,,clearance,
";

#[test]
fn an_import_names_every_bad_row_and_writes_nothing_by_halves() {
    let folder = ended();
    let before = facts(folder.path()).len();
    let (said, imported) = import(folder.path(), BAD, true, false, "");
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        [
            "row 5: \"xyz\" is no number of a label: 12 or 16 hexadecimal digits",
            "row 6: item \"nothing\" is not sold here: neither its code nor its barcode is known",
            "row 7: another row of label 00000218A3F5000C is wrong, so none of its rows counts",
            "row 8: label 00000218A3F50005 stands further up already: rows of one label stand one below the other",
            "row 9: there is no template \"no-such\"",
            "row 10: item 100016 is not sold in pack \"crate\"",
            "row 12: label 00000218A3F5000F has another place or template in the row above",
        ]
    );
    let imported = imported.expect("read");
    assert_eq!((imported.rows, imported.bad, imported.bindings, imported.held), (13, 7, 4, 1));
    assert_eq!((imported.unheard, imported.written), (2, 0));
    // With bad rows nothing is written.
    let (_, imported) = import(folder.path(), BAD, false, false, "1234");
    assert_eq!(imported.expect("read").written, 0);
    assert_eq!(facts(folder.path()).len(), before);
    // Nobody without the PIN.
    let (_, refused) = import(folder.path(), BAD, false, true, "9999");
    assert!(matches!(refused, Err(ImportError::SignIn(_))), "{refused:?}");
    assert_eq!(facts(folder.path()).len(), before);
    // What is right alone: three, each whole; the fourth holds already.
    let (_, imported) = import(folder.path(), BAD, false, true, "1234");
    assert_eq!(imported.expect("read").written, 3);
    let bound: Vec<LabelBinding> = facts(folder.path())
        .into_iter()
        .filter_map(|record| match record {
            Record::LabelBound { binding, .. } => Some(binding),
            _ => None,
        })
        .collect();
    let template = LabelBinding { template: "clearance".into(), ..binding(0x10, &["100016"], "") };
    assert_eq!(bound, [binding(5, &["100015"], "B1"), binding(0xB, &["100011", "100012"], "B2"), template]);
}

#[test]
fn an_import_says_which_column_is_missing_and_when_the_till_runs() {
    let (stand, folder) = running();
    let (_, closed) = import(folder.path(), BAD, true, false, "");
    assert!(matches!(closed, Err(ImportError::Closed(_))), "{closed:?}");
    drop(stand);
    for (header, column) in
        [("label\n", "item"), ("label,item,colour\n", "colour"), ("label,item,item\n", "item")]
    {
        let (_, refused) = import(folder.path(), header, true, false, "");
        assert!(
            matches!(&refused, Err(ImportError::Column { column: found, .. }) if found == column),
            "{refused:?}"
        );
    }
}

#[test]
fn a_label_that_is_too_small_for_its_goods_is_a_bad_row() {
    let folder = ended();
    let csv = "label,item\n0218A3F50009,100011\n0218A3F50005,100011\n";
    let (said, imported) = import(folder.path(), csv, true, false, "");
    assert_eq!(
        said.trim_end(),
        "row 2: label 00000218A3F50009 is too small for its goods in this template: take a larger one, or another template"
    );
    let imported = imported.expect("read");
    assert_eq!((imported.rows, imported.bad, imported.bindings), (2, 1, 1));
    let (_, imported) = import(folder.path(), csv, false, true, "1234");
    assert_eq!(imported.expect("read").written, 1);
    let bound = facts(folder.path()).into_iter().filter_map(|record| match record {
        Record::LabelBound { binding, .. } => Some(binding),
        _ => None,
    });
    assert_eq!(bound.collect::<Vec<_>>(), [binding(5, &["100011"], "")]);
}

#[test]
fn nothing_is_imported_by_a_clock_that_cannot_be() {
    let folder = ended();
    let before = facts(folder.path()).len();
    let file = folder.path().join("bindings.csv");
    std::fs::write(&file, "label,item\n0218A3F50005,100015\n").expect("written");
    let (number, pin) = ("101".into(), "1234".into());
    let wanted = Import { file, number, pin, dry_run: false, skip_bad: false };
    let paths = Paths { data: folder.path().to_owned() };
    let died = || Moment { now_ms: 1_000, offset_minutes: 480 };
    let refused = import::import_at(&paths, &wanted, died, &mut Vec::new()).expect_err("refused");
    assert!(refused.to_string().starts_with("the clock shows 1970-01-01 00:00 UTC"), "{refused}");
    assert_eq!(facts(folder.path()).len(), before);
}

/// Rows of the large file; half a million with `GUITAI_IMPORT_ROWS=500000`, by itself and in release.
fn rows_of_a_large_file() -> u64 {
    std::env::var("GUITAI_IMPORT_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(3_000)
}

/// The most memory that this process had so far, as the kernel says it.
fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM: not known");
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_large_file_is_read_row_by_row_and_a_broken_run_is_begun_again() {
    let folder = ended();
    let shop = fixtures::shop::demo();
    let rows = rows_of_a_large_file();
    let mut csv = String::from("label,item,slot\n");
    for row in 0..rows {
        let product = &shop.products[usize::try_from(row).expect("small") % shop.products.len()];
        // One in a thousand names goods that nobody has.
        let sku = if row % 1_000 == 999 { "nothing" } else { &product.sku };
        csv.push_str(&format!("{:016X},{sku},S{row}\n", 0xA000_0000_0000 + row));
    }
    let bad = rows / 1_000;
    let (said, checked) = import(folder.path(), &csv, true, false, "");
    let checked = checked.expect("read");
    assert_eq!((checked.rows, checked.bad, checked.bindings), (rows, bad, rows - bad));
    assert_eq!(said.lines().count() as u64, bad);
    let begun = Instant::now();
    let (_, imported) = import(folder.path(), &csv, false, true, "1234");
    assert_eq!(imported.expect("written").written, rows - bad);
    println!("{rows} rows were written in {:?}; {}", begun.elapsed(), peak_memory());
    // The agent has read them: a second run has nothing to do.
    let labels = facts(folder.path()).into_iter().filter_map(|record| match record {
        Record::LabelBound { binding, .. } => {
            let stamp = protocol::pull::LabelStamp { at_ms: 1, lane: 1, epoch: 1, seq: 1 };
            Some((binding.label.clone(), protocol::pull::Label::bound(&(&binding).into(), stamp)))
        }
        _ => None,
    });
    write(folder.path(), &ShelfChanges { labels: labels.collect(), ..ShelfChanges::default() })
        .expect("written");
    let (_, again) = import(folder.path(), &csv, false, true, "1234");
    let again = again.expect("read");
    assert_eq!((again.held, again.written), (rows - bad, 0));
}
