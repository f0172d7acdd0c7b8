//! Real transaction logs through scan, till, ledger, agent and HQ, and the sums compared on every side.
//!
//! The logs name no barcodes, so their goods are mapped: each item code of the
//! log stands for one item of the convenience-store catalogue beside it. What
//! is rung up is real in number, weight, price, order and day; which item it
//! is called is not.

mod mapped;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use chrono::{NaiveDate, TimeZone, Utc};
use domain::money::{Currency, Money};
use domain::till::{Desk, Input};
use drivers::scanner::Scan;
use fixtures::logs::{self, Log, Measure, Sums, Ticket, TicketLine, data_folder};
use indicatif::{ProgressBar, ProgressStyle};
use pos_app::config::{Config, Paths};
use pos_app::lane::{Event, Lane, Moment};
use ui::action::{Action, Button, Key};

use crate::process::wait_for;
use crate::shop::{Headquarters, LaneFiles};

/// The store that the replay sells in.
const STORE: &str = "R001";

/// The PIN of the replaying cashier, who exists in the replay's own shop only.
const PIN: &str = "8888";

/// Nine in the morning of a ticket's day: any hour of it would do.
const HOUR: u32 = 9;

/// Replays a log by name; at most `tickets_max` tickets of it where given.
/// Fails where any two sides differ.
pub fn replay(name: &str, work: &Path, tickets_max: Option<usize>) -> Result<()> {
    let data = data_folder()
        .context("the transaction logs are not here: set GUITAI_DATA to their folder (../shared/data is looked at too)")?;
    let began = Instant::now();
    let (log, currency) = match name {
        "cn-supermarket" => (logs::supermarket(&data)?, ("CNY", "¥")),
        "online-retail" => (logs::online_retail(&data)?, ("GBP", "£")),
        other => bail!("replay {other}: cn-supermarket and online-retail are known"),
    };
    let mut log = log;
    if let Some(max) = tickets_max {
        log.cut(max);
    }
    println!("{name}: {} tickets, {} lines read in {:.1?}", log.tickets.len(), log.lines(), began.elapsed());
    if work.exists() {
        std::fs::remove_dir_all(work)?;
    }
    std::fs::create_dir_all(work)?;
    let shop = mapped::Shop::map(&log, &data, STORE, currency, PIN)?;
    println!("mapped: {} item codes of the log onto {} catalogue items", shop.skus(), shop.items());
    let files = shop.write(work)?;
    let headquarters =
        Headquarters::open(&work.join("hq"), &files.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    let mut lane_files = LaneFiles::enrol(&work.join("lane"), &headquarters, STORE, 1)?;
    lane_files.wait_for_goods(0)?;

    let began = Instant::now();
    let rung = ring_up(&log, &shop, &lane_files)?;
    let elapsed = began.elapsed();
    let rate = u128::from(log.lines()) * 1_000 / elapsed.as_millis().max(1);
    println!("rung up in {elapsed:.1?}: {rate} lines a second, each line on disk before the next");
    wait_until_filed(&lane_files)?;
    report(&log, &rung, &lane_files, &headquarters)
}

fn bar(length: u64, what: &'static str) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{msg:<14} {wide_bar} {pos}/{len} {per_sec} {eta}")?;
    Ok(ProgressBar::new(length).with_style(style).with_message(what))
}

/// What could only be rung up in more than one line, or at a price of a person's.
#[derive(Debug, Default)]
struct Rung {
    lines: u64,
    priced: u64,
    split: u64,
}

fn ring_up(log: &Log, shop: &mapped::Shop, files: &LaneFiles) -> Result<Rung> {
    let paths = Paths { data: files.paths.data.clone() };
    let mut cashier =
        Cashier { lane: Lane::new(paths, Config::default()), moment: noon(NaiveDate::MIN), day: None };
    let progress = bar(log.tickets.len() as u64, "ringing up")?;
    let mut rung = Rung::default();
    for ticket in &log.tickets {
        cashier.turn_to(ticket.day)?;
        for line in &ticket.lines {
            cashier.ring(line, shop, &mut rung).with_context(|| format!("ticket {}", ticket.name))?;
        }
        cashier.take_payment(ticket, &shop.currency)?;
        progress.inc(1);
    }
    progress.finish();
    Ok(rung)
}

fn noon(day: NaiveDate) -> Moment {
    let at = day.and_hms_opt(HOUR, 0, 0).map(|at| Utc.from_utc_datetime(&at).timestamp_millis());
    Moment { now_ms: at.unwrap_or_default(), offset_minutes: 0 }
}

/// Hands at the till: codes come from a scanner, all else from the keyboard.
struct Cashier {
    lane: Lane,
    moment: Moment,
    day: Option<NaiveDate>,
}

impl Cashier {
    fn act(&mut self, events: Vec<Event>) {
        // No devices are configured, and sounds need not be heard.
        self.lane.turn(self.moment, events);
    }

    fn press(&mut self, button: Button) -> Event {
        Event::Action(Action::Press(button))
    }

    fn typed(&mut self, text: &str) -> Vec<Event> {
        text.chars().map(|character| self.press(Button::Digit(character))).collect()
    }

    /// Signs in anew where the day changes, so that the books turn their page.
    fn turn_to(&mut self, day: NaiveDate) -> Result<()> {
        if self.day == Some(day) {
            return Ok(());
        }
        self.moment = noon(day);
        let mut events = vec![self.press(Button::SignOut), self.press(Button::Staff(0))];
        events.extend(self.typed(PIN));
        events.push(Lane::key_now(Key::Enter));
        self.act(events);
        let desk = self.lane.till().map(|till| till.desk().clone());
        ensure!(
            matches!(desk, Some(Desk::Selling(_))),
            "the cashier could not sign in on {day}: {:?}",
            self.lane.view().screen
        );
        self.day = Some(day);
        Ok(())
    }

    fn ring(&mut self, line: &TicketLine, shop: &mapped::Shop, rung: &mut Rung) -> Result<()> {
        let item = shop.item(&line.sku)?;
        match line.measure {
            Measure::Weight { grams } => {
                let label = item.label(grams, line.amount)?;
                rung.lines += 1;
                self.scan_one(&label, line.amount)
            }
            Measure::Pieces { pieces } => {
                for (pieces, price) in split(pieces, line.amount) {
                    let mut events = vec![Event::Scan(Scan::parse(&item.code))];
                    if pieces != 1 {
                        events.extend(self.typed(&pieces.to_string()));
                        events.push(self.press(Button::Quantity));
                    }
                    let before = self.lines();
                    self.act(events);
                    ensure!(
                        self.lines() == before + 1,
                        "{} was not rung up: {:?}",
                        item.code,
                        self.lane.view().notice
                    );
                    if price != item.price {
                        let number = self.last_number();
                        self.lane.feed(Input::SetPrice {
                            line: number,
                            unit_price: Money::from_minor(price),
                            reason: String::new(),
                        });
                        rung.priced += 1;
                    }
                    rung.lines += 1;
                }
                if split(pieces, line.amount).count() > 1 {
                    rung.split += 1;
                }
                Ok(())
            }
        }
    }

    fn scan_one(&mut self, code: &str, amount: i64) -> Result<()> {
        let before = self.lines();
        self.act(vec![Event::Scan(Scan::parse(code))]);
        let lines = self.lane.till().map(|till| till.basket().lines().to_vec()).unwrap_or_default();
        ensure!(
            lines.len() == before + 1 && lines.last().is_some_and(|line| line.net().minor() == amount),
            "label {code} was not rung up at {amount}: {:?}",
            self.lane.view().notice
        );
        Ok(())
    }

    fn lines(&self) -> usize {
        self.lane.till().map_or(0, |till| till.basket().lines().len())
    }

    fn last_number(&self) -> u32 {
        self.lane.till().and_then(|till| till.basket().lines().last().map(|line| line.number)).unwrap_or(0)
    }

    fn take_payment(&mut self, ticket: &Ticket, currency: &Currency) -> Result<()> {
        let total = self.lane.till().map(|till| till.basket().total()).unwrap_or_default();
        let expected: i64 = ticket.lines.iter().map(|line| line.amount).sum();
        ensure!(
            total.minor() == expected,
            "ticket {}: the till says {}, the log {expected}",
            ticket.name,
            total.minor()
        );
        let mut events = vec![self.press(Button::Pay)];
        events.extend(self.typed(&currency.format(total)));
        events.push(self.press(Button::Finish));
        self.act(events);
        let desk = self.lane.till().map(|till| till.desk().clone());
        ensure!(
            matches!(desk, Some(Desk::Done(..))),
            "ticket {} was not paid: {:?}",
            ticket.name,
            self.lane.view().notice
        );
        Ok(())
    }
}

/// Pieces at one price, or, where the amount does not divide, some at one
/// minor unit more: the only way to charge exactly what the log says.
fn split(pieces: i64, amount: i64) -> impl Iterator<Item = (i64, i64)> {
    let (price, dearer) = (amount.div_euclid(pieces), amount.rem_euclid(pieces));
    [(pieces - dearer, price), (dearer, price + 1)].into_iter().filter(|(pieces, _)| *pieces > 0)
}

fn wait_until_filed(files: &LaneFiles) -> Result<()> {
    let head =
        ledger::journal::JournalReader::open(&files.paths.journal())?.context("open the journal")?.head()?;
    let progress = bar(head.seq, "HQ files")?;
    let mut best = 0;
    while best < head.seq {
        // Each further step may take its time; standing still may not.
        best = wait_for("HQ to file more events", || {
            let filed = files.agent_state()?.position.acknowledged;
            Ok((filed > best || filed == head.seq).then_some(filed))
        })?;
        progress.set_position(best);
    }
    progress.finish();
    Ok(())
}

fn report(log: &Log, rung: &Rung, files: &LaneFiles, headquarters: &Headquarters) -> Result<()> {
    let mut till: std::collections::BTreeMap<NaiveDate, Sums> = Default::default();
    for stored in files.records()? {
        if let domain::record::Record::SaleCompleted { sale } = &stored.record {
            till.entry(stored.stamp.business_date)
                .or_default()
                .add(sale.lines.len() as u64, sale.total.minor());
        }
    }
    let mut hq: std::collections::BTreeMap<NaiveDate, Sums> = Default::default();
    for row in headquarters.sales()?.rows {
        let sums = hq.entry(row.date).or_default();
        sums.sales += row.sales;
        sums.lines += row.lines;
        sums.total += row.total;
    }
    let days: std::collections::BTreeSet<_> = till.keys().chain(hq.keys()).chain(log.days.keys()).collect();
    let mut differing = 0;
    for day in days {
        let (till, hq, file) = (till.get(day), hq.get(day), log.days.get(day));
        let agrees = till == hq
            && till.map(|till| (till.sales, till.total)) == file.map(|file| (file.sales, file.total));
        if !agrees {
            differing += 1;
            println!("DIFFERS {day}: file {file:?}, till {till:?}, HQ {hq:?}");
        }
    }
    let sum = |side: &std::collections::BTreeMap<NaiveDate, Sums>| {
        side.values().fold(Sums::default(), |all, day| Sums {
            sales: all.sales + day.sales,
            lines: all.lines + day.lines,
            total: all.total + day.total,
        })
    };
    let (file, till, hq) = (sum(&log.days), sum(&till), sum(&hq));
    println!("{:<24} {:>9} {:>9} {:>18}", "", "sales", "lines", "minor units");
    for (side, sums) in [("file, what is rung up", file), ("till", till), ("HQ", hq)] {
        println!("{side:<24} {:>9} {:>9} {:>18}", sums.sales, sums.lines, sums.total);
    }
    println!(
        "of the till's lines {} at a price set by hand; {} lines of the file split over two prices",
        rung.priced, rung.split
    );
    println!("not rung up by this version, {} kinds:", log.unringable.len());
    for kind in &log.unringable {
        println!("  {:<46} {:>7} lines {:>18} ten-thousandths", kind.kind, kind.lines, kind.amount_e4);
    }
    let apart: i128 = log.unringable.iter().map(|kind| kind.amount_e4).sum();
    let whole = i128::from(file.total) * 100 + apart;
    println!(
        "file as a whole: {} lines, {} ten-thousandths; rung up + not rung up: {whole}",
        log.file_lines, log.file_amount_e4
    );
    ensure!(whole == log.file_amount_e4, "the parts of the file do not sum up to the file");
    ensure!(rung.lines == till.lines, "the till has {} lines, {} were rung up", till.lines, rung.lines);
    ensure!(differing == 0, "{differing} days differ");
    println!("{}", serde_json::json!({ "file": file, "till": till, "hq": hq, "differing_days": differing }));
    Ok(())
}
