//! Days at a shop: real programs, real files, a real window on a virtual screen.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use domain::record::{PaperOutcome, Record};
use drivers::printer::{Line, Profile, lay_out};
use fixtures::emupos::Emupos;
use fixtures::printer::Fault;
use ledger::journal::JournalReader;
use ledger::reference::Reference;
use pos_app::config::Language;
use pos_app::receipt::{self, Heading};
use tests::display::Display;
use tests::process::{PATIENCE, program, run, wait_for};
use tests::shop::{Counter, STORE, code_of, open_demo};

const WATER: &str = "100001";
const COLA: &str = "100010";
const JUICE: &str = "100028";

fn added(record: &Record) -> bool {
    matches!(record, Record::LineAdded { .. })
}

#[test]
fn one_sale_from_scan_to_hq_with_every_plug_pulled() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut headquarters, files) = open_demo(folder.path())?;
    let mut counter = Counter::set_up(files, None)?;
    let display = Display::start(1_024, 768)?;
    counter.start_till(&display, "1024x768")?;

    // Scans before anybody signed in change nothing.
    counter.scanner.scan(&code_of(WATER)?)?;
    counter.sign_in(&display, "101", "1234")?;
    assert_eq!(counter.files.count(added)?, 0);

    // Ten scans in a burst are ten lines in order; an unknown one in their
    // midst is none.
    let burst = [WATER, COLA, JUICE, WATER, COLA, JUICE, WATER, COLA, JUICE, WATER];
    for (index, sku) in burst.iter().enumerate() {
        counter.scanner.scan(&code_of(sku)?)?;
        if index == 4 {
            counter.scanner.scan("9529999999994")?;
        }
    }
    counter.wait_for_lines(10)?;
    display.scan(&code_of(COLA)?)?;
    counter.wait_for_lines(11)?;

    // The till's plug is pulled; the basket is there again.
    counter.kill_till()?;
    counter.start_till(&display, "1024x768")?;
    counter.sign_in(&display, "101", "1234")?;
    // HQ's and the agent's plugs are pulled while the sale is made.
    headquarters.kill()?;
    counter.files.kill_agent()?;
    display.keys(&["space"])?;
    display.type_text("100")?;
    display.keys(&["Return"])?;
    counter.wait_for_sales(1)?;
    assert_eq!(counter.printer.wait_for_drawer_openings(1, PATIENCE), 1);
    let receipts = counter.printer.wait_for_receipts(1, PATIENCE);
    assert_eq!(receipts.len(), 1);

    let records = counter.files.records()?;
    let sale = records
        .iter()
        .find_map(|stored| match &stored.record {
            Record::SaleCompleted { sale } => Some(sale),
            _ => None,
        })
        .context("the sale is on disk")?;
    let sold: Vec<&str> = sale.lines.iter().map(|line| line.item.sku.as_str()).collect();
    assert_eq!(sold, [&burst[..], &[COLA]].concat());
    let payable = format!("{}.{:02}", sale.payable.minor() / 100, sale.payable.minor() % 100);
    assert!(receipts[0].text.contains(&payable), "{} is not on:\n{}", payable, receipts[0].text);

    // The next customer is served although nobody else is there.
    counter.scanner.scan(&code_of(WATER)?)?;
    counter.wait_for_lines(12)?;
    display.keys(&["space"])?;
    display.type_text("5")?;
    display.keys(&["Return"])?;
    counter.wait_for_sales(2)?;

    // Everything arrives once, whoever is killed while it does.
    headquarters.start()?;
    for _ in 0..3 {
        counter.files.start_agent()?;
        std::thread::yield_now();
        counter.files.kill_agent()?;
        headquarters.kill()?;
        headquarters.start()?;
    }
    counter.files.start_agent()?;
    counter.files.wait_for_acknowledgement()?;
    assert_eq!(headquarters.sums()?, counter.files.sums()?);
    assert_eq!(headquarters.sums()?.0, 2);
    assert!(headquarters.alarms()?.contains("0 alarms, 0 events in quarantine"));

    // A price changed at HQ is in use from the next basket on.
    let version = counter.files.agent_state()?.version;
    counter.scanner.scan(&code_of(COLA)?)?;
    counter.wait_for_lines(13)?;
    headquarters.set_price(COLA, "9.90")?;
    counter.files.wait_for_goods(version)?;
    counter.scanner.scan(&code_of(COLA)?)?;
    counter.wait_for_lines(14)?;
    display.keys(&["space"])?;
    display.type_text("50")?;
    display.keys(&["Return"])?;
    counter.wait_for_sales(3)?;
    counter.scanner.scan(&code_of(COLA)?)?;
    counter.wait_for_lines(15)?;
    let prices: Vec<i64> = counter
        .files
        .records()?
        .iter()
        .filter_map(|stored| match &stored.record {
            Record::LineAdded { line } => Some(line.unit_price.minor()),
            _ => None,
        })
        .skip(12)
        .collect();
    assert_eq!(prices[0], prices[1], "the price changed within a basket");
    // 9.90, less the 0.50 of the promotion that runs on it.
    assert_eq!(prices[2], 940);

    counter.check()?;
    let verified = run(Command::new(program("pos-app")?)
        .args(["journal", "verify", "--data"])
        .arg(&counter.files.paths.data))?;
    assert!(verified.contains("chain whole"), "{verified}");
    Ok(())
}

#[test]
fn the_printer_may_be_off_and_every_receipt_comes_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (_headquarters, files) = open_demo(folder.path())?;
    let mut counter = Counter::set_up(files, None)?;
    counter.printer.set_fault(Fault::Off);
    let display = Display::start(1_024, 768)?;
    counter.start_till(&display, "1024x768")?;
    counter.sign_in(&display, "101", "1234")?;
    for sale in 1..=2 {
        counter.scanner.scan(&code_of(WATER)?)?;
        counter.wait_for_lines(sale)?;
        display.keys(&["space"])?;
        display.type_text("10")?;
        display.keys(&["Return"])?;
        counter.wait_for_sales(sale)?;
    }
    // Stopped with two receipts waiting, of which nothing was sent.
    counter.kill_till()?;
    counter.start_till(&display, "1024x768")?;
    counter.printer.set_fault(Fault::None);
    let receipts = counter.printer.wait_for_receipts(2, PATIENCE);
    counter.files.wait_for_count("both papers to end", 2, |record| {
        matches!(record, Record::PaperEnded { outcome: PaperOutcome::Confirmed, .. })
    })?;
    assert_eq!(receipts.len(), 2);
    assert_eq!(counter.printer.receipts().len(), 2);
    assert!(!receipts.iter().any(|receipt| receipt.text.contains("REPRINT")));
    Ok(())
}

#[test]
fn an_outside_printer_prints_the_receipt_exactly() -> Result<()> {
    let Some(emupos) = std::env::var_os("GUITAI_EMUPOS").map(PathBuf::from) else {
        println!("not run: GUITAI_EMUPOS does not name the outside printer");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let printer = Emupos::start(&emupos, &folder.path().join("emupos"))?;
    let (_headquarters, files) = open_demo(folder.path())?;
    let mut counter = Counter::set_up(files, None)?;
    counter.configure(&printer.addr().to_string())?;
    let display = Display::start(1_024, 768)?;
    counter.start_till(&display, "1024x768")?;
    counter.sign_in(&display, "101", "1234")?;
    for sku in [WATER, COLA, JUICE] {
        counter.scanner.scan(&code_of(sku)?)?;
    }
    counter.wait_for_lines(3)?;
    display.keys(&["space"])?;
    display.type_text("50")?;
    display.keys(&["Return"])?;
    counter.wait_for_sales(1)?;
    let printed = printer.wait_for_receipts(1, PATIENCE)?;
    wait_for("the drawer", || Ok((printer.drawer_openings() > 0).then_some(())))?;
    counter.files.wait_for_count("the paper to end", 1, |record| {
        matches!(record, Record::PaperEnded { outcome: PaperOutcome::Confirmed, .. })
    })?;
    assert_eq!(printer.complaints(), Vec::<String>::new());

    let records = counter.files.records()?;
    let (stored, sale) = records
        .iter()
        .find_map(|stored| match &stored.record {
            Record::SaleCompleted { sale } => Some((stored, sale)),
            _ => None,
        })
        .context("the sale is on disk")?;
    let reference = Reference::open(&counter.files.paths.reference())?.context("the goods are there")?;
    let store = reference.store(STORE)?.context("the store is there")?;
    let identity =
        JournalReader::open(&counter.files.paths.journal())?.context("a journal")?.identity().clone();
    let heading = Heading {
        store: &store,
        identity: &identity,
        seq: stored.seq,
        stamp: stored.stamp,
        language: Language::Zh,
        reprint: false,
        exit: None,
    };
    let currency = domain::money::Currency {
        code: store.currency.clone(),
        symbol: store.currency_symbol.clone(),
        exponent: store.currency_exponent,
    };
    let profile = Profile::parse("xprinter-xp80")?;
    let document = receipt::document(&heading, sale, &currency);
    let wanted: Vec<String> = lay_out(&document, profile.columns, profile.charset)
        .iter()
        .filter_map(|line| match line {
            Line::Text { text, .. } => Some(text.trim().to_owned()),
            _ => None,
        })
        .filter(|line| !line.is_empty())
        .collect();
    let lines: Vec<&str> = printed[0].lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    for line in &wanted {
        assert!(lines.contains(&line.as_str()), "{line:?} is not among {lines:#?}");
    }
    Ok(())
}

#[test]
fn the_demo_works_without_a_display() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let out = run(Command::new(program("shop-in-a-box")?)
        .env_remove("DISPLAY")
        .args(["demo", "--headless", "--folder"])
        .arg(folder.path().join("demo")))?;
    assert!(out.contains("till and HQ agree"), "{out}");
    let entries: Vec<String> = std::fs::read_dir(folder.path().join("demo"))?
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let pictures = entries.iter().filter(|name| name.ends_with(".png")).count();
    assert!(pictures >= 15, "{entries:?}");
    let receipts = std::fs::read_dir(folder.path().join("demo/receipts"))?.count();
    assert!(receipts >= 8, "{receipts} files of receipts");
    Ok(())
}

/// A xorshift generator: the moments differ, and a failure can be repeated.
struct Moments(u64);

impl Moments {
    fn next_below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[test]
fn no_sale_is_lost_or_doubled_whoever_is_killed_whenever() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut headquarters, mut files) = open_demo(folder.path())?;
    let mut moments = Moments(0x9E37_79B9_7F4A_7C15);
    let mut told: Vec<(u64, i64)> = Vec::new();
    for round in 0..24 {
        let mut ringing = Command::new(program("shop-in-a-box")?)
            .args(["ring", "--data"])
            .arg(&files.paths.data)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut out = BufReader::new(ringing.stdout.take().context("its output")?).lines();
        // So many sales, and then at any moment of the next one.
        for _ in 0..=moments.next_below(20) {
            told.push(parse(&out.next().context("it ended by itself")??)?);
        }
        let spin = moments.next_below(200_000);
        (0..spin).for_each(|turn| {
            std::hint::black_box(turn);
        });
        ringing.kill()?;
        ringing.wait()?;
        // What it said before it died was on disk.
        for line in out {
            let line = line?;
            if let Ok(sale) = parse(&line) {
                told.push(sale);
            }
        }
        match round % 3 {
            0 => {
                files.kill_agent()?;
                files.start_agent()?;
            }
            1 => {
                headquarters.kill()?;
                headquarters.start()?;
            }
            _ => {}
        }
    }
    let stored: Vec<(u64, i64)> = files
        .records()?
        .iter()
        .filter_map(|stored| match &stored.record {
            Record::SaleCompleted { sale } => Some((stored.seq, sale.total.minor())),
            _ => None,
        })
        .collect();
    for sale in &told {
        ensure!(stored.contains(sale), "sale {sale:?} was told and is not on disk");
    }
    // One sale a kill may be on disk without having been told.
    ensure!(stored.len() <= told.len() + 24, "{} told, {} stored", told.len(), stored.len());
    JournalReader::open(&files.paths.journal())?.context("a journal")?.verify()?;
    files.wait_for_acknowledgement()?;
    assert_eq!(headquarters.sums()?, files.sums()?);
    assert!(headquarters.alarms()?.contains("0 alarms, 0 events in quarantine"));
    Ok(())
}

fn parse(line: &str) -> Result<(u64, i64)> {
    let (seq, total) = line.split_once(' ').context("SEQ TOTAL")?;
    Ok((seq.parse()?, total.parse()?))
}

#[test]
fn real_logs_come_out_equal_on_both_sides() -> Result<()> {
    if fixtures::logs::data_folder().is_none() && !PathBuf::from("../../shared/data").is_dir() {
        println!("not run: neither GUITAI_DATA nor ../shared/data is there");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    for (name, tickets) in [("cn-supermarket", "1500"), ("online-retail", "150")] {
        let mut command = Command::new(program("shop-in-a-box")?);
        // Tests run in their crate's folder, the data lies beside the workspace.
        command.current_dir("..").args(["replay", name, "--tickets", tickets, "--folder"]);
        let out = run(command.arg(folder.path().join(name)))?;
        assert!(out.contains("\"differing_days\":0"), "{out}");
    }
    Ok(())
}

#[test]
fn a_refused_file_is_named_on_the_screen_and_left_alone() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (_headquarters, files) = open_demo(folder.path())?;
    let journal = files.paths.journal();
    std::fs::write(&journal, "this is no database, and it must stay as it is")?;
    let mut counter = Counter::set_up(files, None)?;
    let display = Display::start(1_024, 768)?;
    let before = display.settled()?;
    counter.start_till(&display, "1024x768")?;
    ensure!(display.settled()? != before, "nothing was shown");
    let doctor = Command::new(program("pos-app")?)
        .args(["doctor", "--data"])
        .arg(&counter.files.paths.data)
        .output()?;
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(!doctor.status.success());
    assert!(said.contains("journal.db: it is not a Guitai journal file"), "{said}");
    counter.check()?;
    assert_eq!(std::fs::read_to_string(&journal)?, "this is no database, and it must stay as it is");
    Ok(())
}
