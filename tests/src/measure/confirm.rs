//! From the key that confirms a payment to the drawer and to the receipt, at the real window with real programs beside it:
//! with HQ there, with nobody listening where it was, and with an HQ that takes calls and answers nothing.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use domain::record::Record;
use fixtures::bench::{Effort, Report, quantile};

use super::eye::Eye;
use super::{BREATH, STILL, TILL, micros};
use crate::display::Display;
use crate::process::PATIENCE;
use crate::shop::{Counter, code_of, open_demo};

/// Sales with HQ in each of its ways.
const SALES: usize = 30;

/// What the key to the drawer, or to the whole receipt, may take.
const CONFIRMED_US: i64 = 50_000;

/// What costs less than a coin of two.
const WATER: &str = "100001";

/// Somebody pays in cash, and waits for their receipt.
struct Payer {
    counter: Counter,
    display: Display,
    eye: Eye,
    drawer: Vec<i64>,
    receipt: Vec<i64>,
}

pub(super) fn run(report: &mut Report, effort: Effort) -> Result<()> {
    std::fs::create_dir_all("target")?;
    let folder = tempfile::Builder::new().prefix("bench-confirm-").tempdir_in("target")?;
    let folder = folder.path().canonicalize()?;
    let (mut headquarters, files) = open_demo(&folder)?;
    let display = Display::start(TILL.width.into(), TILL.height.into())?;
    let eye = Eye::open(&display, TILL.part)?;
    let mut counter = Counter::set_up(files, None)?;
    counter.start_till(&display, &format!("{}x{}", TILL.width, TILL.height))?;
    eye.watch_window(TILL.width, TILL.height)?;
    counter.sign_in(&display, "101", "1234")?;
    let mut payer = Payer { counter, display, eye, drawer: Vec::new(), receipt: Vec::new() };
    payer.eye.until_still(STILL)?;
    let sales = effort.rounds_max.min(SALES);
    // What is opened at the first sale is opened.
    payer.pays()?;
    payer.tell(None);

    payer.sells(report, sales, "HQ answers")?;
    let halted = headquarters.halt()?;
    payer.sells(report, sales, "HQ hangs")?;
    drop(halted);
    headquarters.kill()?;
    payer.sells(report, sales, "HQ is away")?;
    headquarters.start()?;
    payer.counter.files.wait_for_acknowledgement()?;
    let (till, hq) = (payer.counter.files.sums()?, headquarters.sums()?);
    ensure!(till == hq, "the till has {till:?}, HQ {hq:?}");
    Ok(())
}

impl Payer {
    fn sells(&mut self, report: &mut Report, sales: usize, how: &str) -> Result<()> {
        for _ in 0..sales {
            self.pays()?;
        }
        self.tell(Some((report, how)));
        Ok(())
    }

    /// Says what was measured, where it counts, and forgets it.
    fn tell(&mut self, report: Option<(&mut Report, &str)>) {
        let (mut drawer, mut receipt) = (std::mem::take(&mut self.drawer), std::mem::take(&mut self.receipt));
        let Some((report, how)) = report else { return };
        for (which, thousandths) in [("median", 500), ("the longest", 1_000)] {
            for (what, times) in [("drawer", &mut drawer), ("whole receipt at the printer", &mut receipt)] {
                report.add(
                    format!("ui: the key to the {what}, {how}, {which}"),
                    (quantile(times, thousandths), "us"),
                    ("what it may take", CONFIRMED_US),
                );
            }
        }
    }

    fn pays(&mut self) -> Result<()> {
        let lines = self.counter.files.count(|record| matches!(record, Record::LineAdded { .. }))?;
        self.counter.scanner.scan(&code_of(WATER)?)?;
        self.counter.wait_for_lines(lines + 1)?;
        self.display.keys(&["space"])?;
        self.eye.until_still(BREATH)?;
        let printer = &self.counter.printer;
        let (opened, printed) = (printer.drawer_openings() + 1, printer.receipts().len() + 1);
        let sent = self.eye.type_line("2")?;
        let until = |there: bool, what: &str| {
            ensure!(there, "after {PATIENCE:?} there is no {what}");
            Ok(micros(sent.elapsed()))
        };
        let drawer = until(printer.wait_for_drawer_openings(opened, PATIENCE) == opened, "open drawer")?;
        let receipt = until(printer.wait_for_receipts(printed, PATIENCE).len() == printed, "receipt")?;
        self.drawer.push(drawer);
        self.receipt.push(receipt);
        // Enter is taken again a moment after a sale.
        let calm = Duration::from_millis(u64::try_from(pos_app::entry::CALM_MS)? + 200);
        let until = Instant::now() + calm;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            std::thread::sleep(left);
        }
        Ok(())
    }
}
