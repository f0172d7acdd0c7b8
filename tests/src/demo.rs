//! The scripted day of `cargo xtask demo`: through the real window where there is no person to do it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::barcode::ReceiptCode;
use domain::record::Record;
use fixtures::shop as goods;

use crate::display::Display;
use crate::process::{PATIENCE, program, run, wait_at_most};
use crate::shop::{Counter, Headquarters, STORE, check_digit, code_of, open_demo};

/// How long HQ must be silent until the till calls itself offline, and a little more.
const OFFLINE_PATIENCE: Duration = Duration::from_secs(40);

/// Natural water, with a promotion-free price of 2.00.
const WATER: &str = "100001";
/// Cola in a can.
const COLA: &str = "100010";
/// Orange juice.
const JUICE: &str = "100028";
/// A gold member's card.
const GOLD_CARD: &str = "M00000005C";
/// 5 off 30.
const COUPON: &str = "CDEMO0001R";
/// Milk tea.
const TEA: &str = "100024";

/// Runs the demo in `folder`: with a person where there is a display, and by
/// itself, with pictures, where there is none or `headless` is asked for.
pub fn demo(folder: &Path, headless: bool) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    std::fs::create_dir_all(folder)?;
    // Programs that it starts run elsewhere.
    let folder = folder.canonicalize()?;
    if headless || std::env::var_os("DISPLAY").is_none() {
        by_itself(&folder)
    } else {
        with_a_person(&folder)
    }
}

fn with_a_person(folder: &Path) -> Result<()> {
    println!("opening the demo shop: HQ, an enrolled lane, its agent, a simulated printer and scanner");
    let (headquarters, files) = open_demo(folder)?;
    import_pictures(folder, &headquarters)?;
    let counter = Counter::set_up(files, Some(folder.join("receipts")))?;
    println!("sign in: 101, Enter, 1234, Enter  (cashier 李敏 of the demo shop)");
    println!("scan:    type a code and Enter, such as {} or {}", code_of(WATER)?, code_of(COLA)?);
    println!("receipts appear in {}", folder.join("receipts").display());
    println!("close the window to end the demo");
    let status = Command::new(program("pos-app")?).arg("--data").arg(&counter.files.paths.data).status()?;
    ensure!(status.success(), "the till ended with {status}");
    counter.files.wait_for_acknowledgement()?;
    Ok(())
}

/// Gives some of the goods their pictures.
fn import_pictures(folder: &Path, headquarters: &Headquarters) -> Result<()> {
    let pictures = folder.join("pictures");
    goods::write_pictures(&pictures)?;
    headquarters.import_pictures(&pictures)
}

/// A number on a scale, as goods.csv has it, for a label of so many grams.
fn weight_label(plu: &str, grams: u32) -> String {
    let body = format!("21{plu}{grams:05}");
    format!("{body}{}", check_digit(&body))
}

/// What the menu changes of how the till looks.
#[derive(Clone, Copy)]
enum Look {
    Language,
    Theme,
}

/// Chooses in the menu, counted from its end: what stands before changes with the basket.
fn choose_in_menu(display: &Display, from_end: usize) -> Result<()> {
    display.keys(&["Tab", "Next", "Next", "Next", "Next", "Next", "Next", "Next"])?;
    display.keys(&vec!["Up"; from_end])?;
    display.keys(&["Return"])
}

fn change_look(display: &Display, look: Look) -> Result<()> {
    choose_in_menu(
        display,
        match look {
            Look::Language => 3,
            Look::Theme => 2,
        },
    )?;
    display.keys(&["Escape"])
}

/// A supervisor approves on the spot.
fn approve(display: &Display, counter: &Counter) -> Result<()> {
    let approved = |record: &Record| matches!(record, Record::Approved { .. });
    let before = counter.files.count(approved)?;
    display.type_text("201")?;
    display.keys(&["Return"])?;
    display.type_text("3456")?;
    display.keys(&["Return"])?;
    counter.files.wait_for_count("an approval", before + 1, approved)
}

/// After an act that may not be done twice by one Enter too many, the till waits a moment.
fn wait_for_calm() -> Result<()> {
    let since = std::time::Instant::now();
    let calm = Duration::from_millis(u64::try_from(pos_app::entry::CALM_MS)? + 200);
    wait_at_most(PATIENCE, "the till to take Enter again", || Ok((since.elapsed() > calm).then_some(())))
}

/// What is not a plain sale: a basket parked and recalled, a split payment, a return, the end of the shift.
fn exceptions(day: &mut Day<'_>, counter: &Counter, display: &Display) -> Result<()> {
    counter.scanner.scan(&code_of(WATER)?)?;
    counter.scanner.scan(&code_of(COLA)?)?;
    counter.wait_for_lines(23)?;
    display.keys(&["F10"])?;
    display.type_text("blue cap")?;
    day.picture(display, "park")?;
    display.keys(&["Return"])?;
    counter
        .files
        .wait_for_count("a parked basket", 1, |record| matches!(record, Record::BasketParked { .. }))?;
    counter.scanner.scan(&code_of(TEA)?)?;
    counter.wait_for_lines(24)?;
    display.keys(&["space"])?;
    display.type_text("10")?;
    display.keys(&["Return"])?;
    counter.wait_for_sales(5)?;
    display.keys(&["F10"])?;
    day.picture(display, "recall")?;
    display.keys(&["Return"])?;
    counter
        .files
        .wait_for_count("a recalled basket", 1, |record| matches!(record, Record::BasketRecalled { .. }))?;
    day.say("a basket was parked, the next customer served, and the basket recalled");

    display.keys(&["space"])?;
    display.type_text("2")?;
    display.keys(&["F4"])?;
    counter.files.wait_for_count("a tender", 1, |record| matches!(record, Record::TenderAdded { .. }))?;
    day.picture(display, "pay-split")?;
    display.keys(&["F3"])?;
    counter.files.wait_for_count("a payment", 1, |record| matches!(record, Record::PaymentBegun { .. }))?;
    day.picture(display, "pay-card")?;
    display.keys(&["Return"])?;
    counter.wait_for_sales(6)?;
    day.say("it was paid in cash and by card");
    ends(day, counter, display)
}

/// Goods come back, and the shift ends.
fn ends(day: &mut Day<'_>, counter: &Counter, display: &Display) -> Result<()> {
    let records = counter.files.records()?;
    let sale = records.iter().rev().find(|stored| matches!(stored.record, Record::SaleCompleted { .. }));
    let seq = sale.context("find the last sale")?.seq;
    let code = ReceiptCode { store: STORE.to_owned(), lane: 1, epoch: 1, seq }.to_string();
    counter.scan_and_look(display, &code)?;
    approve(display, counter)?;
    counter.files.wait_for_count("a return", 1, |record| matches!(record, Record::ReturnBegun { .. }))?;
    day.picture(display, "return")?;
    wait_for_calm()?;
    display.keys(&["Return"])?;
    approve(display, counter)?;
    counter.files.wait_for_count("goods back", 1, |record| matches!(record, Record::LineReturned { .. }))?;
    display.keys(&["F8"])?;
    day.picture(display, "pay-back")?;
    display.keys(&["Return"])?;
    counter.wait_for_sales(7)?;
    day.picture(display, "refund-by-card")?;
    display.keys(&["Return"])?;
    counter.files.wait_for_count("a refund", 2, |record| matches!(record, Record::PaymentEnded { .. }))?;
    day.say("one piece came back by its receipt; the money went back to the card");

    choose_in_menu(display, 7)?;
    display.type_text("3")?;
    day.picture(display, "count")?;
    display.keys(&["F8"])?;
    counter.files.wait_for_count("a count", 1, |record| matches!(record, Record::CashCounted { .. }))?;
    day.picture(display, "close-shift")?;
    display.keys(&["Return"])?;
    counter
        .files
        .wait_for_count("the end of the shift", 1, |record| matches!(record, Record::ShiftClosed { .. }))?;
    day.picture(display, "z-report")?;
    day.say("the drawer was counted and the shift closed; its Z report is on paper");
    Ok(())
}

struct Day<'a> {
    folder: &'a Path,
    pictures: u32,
}

impl Day<'_> {
    fn say(&self, words: &str) {
        println!("  {words}");
    }

    fn picture(&mut self, display: &Display, name: &str) -> Result<()> {
        self.pictures += 1;
        let file = self.folder.join(format!("{:02}-{name}.png", self.pictures));
        let picture = display.screenshot(&file)?;
        let first = &picture.pixels[..3];
        ensure!(picture.pixels.chunks_exact(3).any(|pixel| pixel != first), "{} is blank", file.display());
        Ok(())
    }
}

// The day is one story: cut into functions it would read worse.
#[allow(clippy::too_many_lines)]
fn by_itself(folder: &Path) -> Result<()> {
    let mut day = Day { folder, pictures: 0 };
    println!("a day at the demo shop, on a virtual display");
    let (mut headquarters, files) = open_demo(folder)?;
    import_pictures(folder, &headquarters)?;
    let mut counter = Counter::set_up(files, Some(folder.join("receipts")))?;
    let display = Display::start(1_024, 768)?;
    counter.start_till(&display, "1024x768")?;
    day.say("HQ serves, the lane is enrolled, its agent has pulled the goods, the till stands");
    day.picture(&display, "sign-in")?;
    counter.sign_in(&display, "101", "1234")?;
    day.say("101 signed in");
    day.picture(&display, "sell-empty")?;

    let shop = goods::demo();
    let promoted = |index: usize| -> Result<&protocol::pull::Product> {
        let promotion = shop.promotions.get(index).context("find a promotion")?;
        shop.products.iter().find(|product| promotion.skus.contains(&product.sku)).context("find its goods")
    };
    let weighed = promoted(0)?;
    let reduced = shop
        .promotions
        .iter()
        .filter(|promotion| promotion.until_ms.is_none())
        .flat_map(|promotion| &promotion.skus)
        .find_map(|sku| shop.products.iter().find(|product| product.sku == *sku && !product.codes.is_empty()))
        .context("find goods with a promotion and a barcode")?;
    display.scan(&code_of(WATER)?)?;
    display.type_text("6")?;
    display.keys(&["F4"])?;
    display.scan(&weight_label(&weighed.plu, 1_235))?;
    counter.scanner.scan(&reduced.codes[0])?;
    counter.scanner.scan(&code_of(TEA)?)?;
    display.scan(&code_of(JUICE)?)?;
    counter.wait_for_lines(5)?;
    day.say("five lines: by keyboard wedge, by serial scanner, by scale label; six bottles with F4");
    day.picture(&display, "sell")?;

    display.type_text("pg")?;
    day.picture(&display, "search")?;
    display.keys(&["Escape"])?;
    display.scan("9529999999999")?;
    day.picture(&display, "misread")?;
    display.scan("95200010016")?;
    day.picture(&display, "unknown-code")?;
    display.keys(&["Escape", "Delete"])?;
    counter.files.wait_for_count("a void", 1, |record| matches!(record, Record::LineVoided { .. }))?;
    day.say("an unknown code changed nothing; a line was voided");

    display.keys(&["space"])?;
    display.type_text("100")?;
    day.picture(&display, "pay")?;
    display.keys(&["Return"])?;
    counter.wait_for_sales(1)?;
    ensure!(counter.printer.wait_for_receipts(1, PATIENCE).len() == 1, "no receipt was printed");
    ensure!(counter.printer.wait_for_drawer_openings(1, PATIENCE) == 1, "the drawer did not open");
    day.say("100.00 in cash: on disk, drawer open, receipt printed");
    day.picture(&display, "done")?;

    headquarters.kill()?;
    day.say("HQ's plug is pulled; selling goes on");
    let alcohol = shop
        .products
        .iter()
        .find(|product| product.age_restricted && !product.no_promotion && !product.codes.is_empty())
        .context("find alcohol")?;
    let tobacco = shop
        .products
        .iter()
        .find(|product| product.age_restricted && product.no_promotion && !product.codes.is_empty())
        .context("find tobacco")?;
    display.scan(&alcohol.codes[0])?;
    display.scan(&tobacco.codes[0])?;
    counter.wait_for_lines(7)?;
    day.picture(&display, "age-notice")?;
    display.keys(&["space"])?;
    day.picture(&display, "age-check")?;

    counter.kill_till()?;
    day.say("the till's plug is pulled with two lines in the basket");
    counter.start_till(&display, "1024x768")?;
    counter.sign_in(&display, "102", "2345")?;
    day.picture(&display, "restored")?;
    display.keys(&["space", "Return"])?;
    display.type_text("500")?;
    display.keys(&["Return"])?;
    counter.wait_for_sales(2)?;
    day.say("after the restart the basket was there, ages were confirmed, it was paid");
    counter.printer.wait_for_receipts(2, PATIENCE);

    change_look(&display, Look::Language)?;
    let burst = [WATER, COLA, JUICE, TEA, WATER, COLA, JUICE, TEA, WATER, COLA];
    for sku in burst {
        counter.scanner.scan(&code_of(sku)?)?;
    }
    counter.wait_for_lines(17)?;
    day.say("ten scans in a burst gave ten lines");
    day.picture(&display, "sell-english")?;
    change_look(&display, Look::Theme)?;
    day.picture(&display, "sell-english-dark")?;
    wait_at_most(OFFLINE_PATIENCE, "the till to call itself offline", || {
        let contact = counter.files.agent_state()?.contact_ms.unwrap_or_default();
        let silent = chrono::Utc::now().timestamp_millis() - contact;
        Ok((silent > pos_app::present::OFFLINE_AFTER_MS + 1_500).then_some(()))
    })?;
    display.keys(&["space"])?;
    day.picture(&display, "pay-english-dark-offline")?;
    display.keys(&["Escape"])?;
    change_look(&display, Look::Theme)?;
    change_look(&display, Look::Language)?;
    day.picture(&display, "sell-offline")?;
    display.keys(&["space"])?;
    display.type_text("50")?;
    display.keys(&["Return"])?;
    counter.wait_for_sales(3)?;
    counter.printer.wait_for_receipts(3, PATIENCE);

    headquarters.start()?;
    counter.files.wait_for_acknowledgement()?;
    day.say("HQ is back and has everything");
    let (till, hq) = (counter.files.sums()?, headquarters.sums()?);
    ensure!(till == hq, "the till has {till:?}, HQ {hq:?}");
    day.say(&format!("till and HQ agree: {} sales, {} fen", till.0, till.1));
    let version = counter.files.agent_state()?.version;
    headquarters.set_price(WATER, "1.80")?;
    counter.files.wait_for_goods(version)?;
    counter.kill_till()?;

    let wide = Display::start(1_920, 1_080)?;
    counter.start_till(&wide, "1920x1080")?;
    counter.sign_in(&wide, "101", "1234")?;
    for sku in [WATER, COLA, TEA, JUICE] {
        wide.scan(&code_of(sku)?)?;
    }
    counter.wait_for_lines(21)?;
    let cheaper =
        |record: &Record| matches!(record, Record::LineAdded { line } if line.unit_price.minor() == 180);
    ensure!(counter.files.count(cheaper)? == 1, "the price that HQ changed is not in use");
    day.say("a wide screen, and a price that HQ has changed meanwhile");
    day.picture(&wide, "sell-wide")?;
    wide.type_text("5")?;
    wide.keys(&["F4"])?;
    counter.scanner.scan(GOLD_CARD)?;
    counter.files.wait_for_count("a member", 1, |record| matches!(record, Record::MemberJoined { .. }))?;
    counter.scanner.scan(COUPON)?;
    counter.files.wait_for_count("a coupon", 1, |record| matches!(record, Record::CouponLaid { .. }))?;
    day.say("a member's card lowered a price, and a coupon took off 5.00");
    day.picture(&wide, "sell-wide-member")?;
    change_look(&wide, Look::Language)?;
    day.picture(&wide, "sell-wide-english")?;
    wide.keys(&["space"])?;
    wide.type_text("50")?;
    day.picture(&wide, "pay-wide-english")?;
    wide.keys(&["Return"])?;
    counter.wait_for_sales(4)?;
    let members = |record: &Record| match record {
        Record::SaleCompleted { sale } => sale.buyer.is_some() && sale.coupons.len() == 1,
        _ => false,
    };
    ensure!(counter.files.count(members)? == 1, "the last sale is not the member's, with a coupon");
    exceptions(&mut day, &counter, &wide)?;
    let receipts = counter.printer.wait_for_receipts(8, PATIENCE);
    ensure!(receipts.len() == 8, "{} papers were printed for seven documents and a report", receipts.len());
    ensure!(
        counter.printer.errors().is_empty(),
        "the printer did not understand: {:?}",
        counter.printer.errors()
    );
    counter.files.wait_for_acknowledgement()?;
    let report =
        run(Command::new(program("pos-app")?).arg("doctor").arg("--data").arg(&counter.files.paths.data));
    println!("{}", report.unwrap_or_else(|error| error.to_string()).trim_end());
    println!(
        "{} pictures and {} receipts in {}; HQ has {} sales",
        day.pictures,
        receipts.len(),
        folder.display(),
        headquarters.sums()?.0
    );
    Ok(())
}
