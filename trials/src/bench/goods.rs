//! A million goods: looked up, searched, and opened by a lane that starts.

use std::collections::HashMap;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use domain::barcode::Gtin;
use domain::catalogue::Catalogue;
use fixtures::bench::{Dice, Effort, REFERENCE, Report, quantile, reference_ns, timed};
use fixtures::shop;
use ledger::journal::Journal;
use ledger::reference::{Reference, ReferenceWriter, Update};
use protocol::pull::{Audience, Change, Entity, PriceRow, PriceScope, Product};

use super::waited;
use crate::counter::{identity, restore, settings};

/// How many goods.
const GOODS: usize = 1_000_000;

/// One in this many is looked up and searched for.
const SAMPLED_EVERY: usize = 499;

/// One in this many stands on two price lists, for everybody and for members.
const PRICED_EVERY: usize = 3;

/// So many of the sampled goods sell, some more than others.
const SOLD: usize = 1_500;

/// As many as a page of the screen shows.
const PAGE: usize = 20;

/// Names the folder of a lane's files, where this program is to start as one.
const COLD_START: &str = "GUITAI_BENCH_COLD_START";

/// Starts that are measured.
const STARTS: usize = 15;

pub(super) fn run(report: &mut Report, effort: Effort) -> Result<()> {
    let folder = super::folder()?;
    let (taken, sample) = fill(&folder.path().join("reference.db"))?;
    report.note(format!("{GOODS} goods were taken in in {} s.", taken / 1_000_000_000));
    let reference = Reference::open(&folder.path().join("reference.db"))?.context("the goods are there")?;
    look_up(report, &reference, &sample)?;
    search(report, &reference, &sample)?;
    drop(reference);
    start(report, effort, folder.path())
}

/// Takes in all goods; gives the time, nanoseconds, and some of the goods.
fn fill(path: &Path) -> Result<(i64, Vec<Product>)> {
    let mut sample = Vec::new();
    let (taken, done) = waited(|| -> Result<()> {
        let mut writer = ReferenceWriter::open(path)?;
        writer.set_identity(&identity())?;
        let update = writer.begin()?;
        let shop = shop::demo();
        let classes: Vec<String> = shop.tax_classes.iter().map(|class| class.id.clone()).collect();
        ensure!(!classes.is_empty(), "the demo shop has tax classes");
        let store = Entity::Store(Some(shop.store));
        update.apply(&Change { version: 1, key: identity().store, entity: store })?;
        for class in shop.tax_classes {
            let (key, entity) = (class.id.clone(), Entity::TaxClass(Some(class)));
            update.apply(&Change { version: 1, key, entity })?;
        }
        for (number, product) in shop::generate(1, GOODS).enumerate() {
            let product = Product { tax_class: classes[number % classes.len()].clone(), ..product };
            if number % PRICED_EVERY == 0 {
                list_prices(&update, &product)?;
            }
            if number % SAMPLED_EVERY == 0 {
                sample.push(product.clone());
            }
            let key = product.sku.clone();
            update.apply(&Change {
                version: number as u64 + 2,
                key,
                entity: Entity::Product(Some(product)),
            })?;
        }
        update.commit(1)?;
        Ok(writer.tidy()?)
    });
    done?;
    Ok((taken, sample))
}

/// Puts a product on two price lists.
fn list_prices(update: &Update<'_>, product: &Product) -> Result<()> {
    for audience in [Audience::Everyone, Audience::Members] {
        let row = PriceRow {
            list: format!("{audience:?}"),
            sku: product.sku.clone(),
            unit: String::new(),
            scope: PriceScope::Chain,
            audience,
            from_ms: 1_772_416_800_000,
            until_ms: None,
            price: product.price,
        };
        let key = format!("{} {}", row.list, row.sku);
        update.apply(&Change { version: 1, key, entity: Entity::Price(Some(row)) })?;
    }
    Ok(())
}

fn look_up(report: &mut Report, reference: &Reference, sample: &[Product]) -> Result<()> {
    let mut gtins: Vec<Gtin> =
        sample.iter().flat_map(|product| &product.codes).filter_map(|code| Gtin::parse(code).ok()).collect();
    shuffle(&mut gtins);
    let beside: HashMap<Gtin, usize> = shop::generate(1, GOODS)
        .enumerate()
        .filter_map(|(at, product)| Some((Gtin::parse(product.codes.first()?).ok()?, at)))
        .collect();
    let (mut times, mut walls, mut hashed) = (Vec::new(), Vec::new(), Vec::new());
    // Twice: the first time brings the pages in.
    for _ in 0..2 {
        times.clear();
        walls.clear();
        hashed.clear();
        for gtin in &gtins {
            // What the till asks for a scan: the item with prices and taxes.
            let (wall, (time, found)) = waited(|| timed(|| reference.item_by_gtin(gtin)));
            ensure!(found?.is_some(), "{} is not there", gtin.as_str());
            times.push(time);
            walls.push(wall);
            hashed.push(timed(|| black_box(beside.get(gtin))).0);
        }
    }
    let map = "a hash map of as many";
    for (name, thousandths) in [("median", 500), ("99 %", 990)] {
        let beside = quantile(&mut hashed, thousandths);
        report.add(
            format!("ledger: barcode among a million, {name}"),
            (quantile(&mut times, thousandths), "ns"),
            (map, beside),
        );
        report.add(
            format!("ledger: barcode among a million, by the clock on the wall, {name}"),
            (quantile(&mut walls, thousandths), "ns"),
            (map, beside),
        );
    }
    Ok(())
}

/// What somebody types to find a product.
type Typed = fn(&Product) -> Option<String>;

fn search(report: &mut Report, reference: &Reference, sample: &[Product]) -> Result<()> {
    let texts = |make: Typed| {
        let mut texts: Vec<String> = sample.iter().filter_map(make).collect();
        shuffle(&mut texts);
        texts
    };
    let two = |product: &Product| {
        let hanzi: Vec<char> = product.name_zh.chars().collect();
        // A different place of the name for each.
        let at = product.price.unsigned_abs() as usize % hanzi.len().saturating_sub(1).max(1);
        hanzi.get(at..at + 2).map(|pair| pair.iter().collect())
    };
    let kinds: [(&str, Typed); 6] = [
        ("two hanzi", two),
        ("one hanzi", |product| product.name_zh.chars().next().map(String::from)),
        ("two initials", |product| product.initials.get(..2).map(str::to_owned)),
        ("four initials", |product| product.initials.get(..4).map(str::to_owned)),
        ("three latin letters", |product| product.name_en.get(..3).map(str::to_owned)),
        ("five latin letters", |product| product.name_en.get(..5).map(str::to_owned)),
    ];
    let beside = reference_ns();
    for (number, product) in sample.iter().take(SOLD).enumerate() {
        (0..=number % 7).for_each(|_| reference.count_sold(&product.sku));
    }
    while reference.learn_words()? {}
    for (kind, make) in kinds {
        let texts = texts(make);
        let mut times = Vec::new();
        for _ in 0..2 {
            times.clear();
            for text in &texts {
                let (time, found) = timed(|| reference.search(text, PAGE));
                ensure!(!found?.is_empty(), "nothing is found for {text}");
                times.push(time);
            }
        }
        for (name, thousandths) in [("median", 500), ("99 %", 990)] {
            let time = quantile(&mut times, thousandths);
            report.add(
                format!("ledger: search by {kind}, {name}"),
                (time / 1_000, "us"),
                (REFERENCE, beside / 1_000),
            );
        }
    }
    Ok(())
}

/// A lane's start, as a process of its own that has the goods from the disk.
fn start(report: &mut Report, effort: Effort, folder: &Path) -> Result<()> {
    let (mut ready, mut alone, mut ready_kb, mut alone_kb) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..STARTS.min(effort.rounds_max) {
        forget(&folder.join("reference.db"))?;
        for (folder, times, sizes) in
            [(Some(folder), &mut ready, &mut ready_kb), (None, &mut alone, &mut alone_kb)]
        {
            let mut command = Command::new(std::env::current_exe()?);
            command.env(COLD_START, folder.unwrap_or(Path::new("")));
            let (time, out) = waited(|| command.output());
            let out = out?;
            ensure!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
            times.push(time);
            sizes.push(String::from_utf8_lossy(&out.stdout).trim().parse()?);
        }
    }
    let program = "the program alone";
    report.add(
        "ledger: cold start with a million goods, median",
        (quantile(&mut ready, 500) / 1_000, "us"),
        (program, quantile(&mut alone, 500) / 1_000),
    );
    report.add(
        "ledger: memory of it at its most",
        (quantile(&mut ready_kb, 1_000), "kB"),
        (program, quantile(&mut alone_kb, 1_000)),
    );
    Ok(())
}

/// Lets the machine forget what it has read of a file.
fn forget(path: &Path) -> Result<()> {
    let file = std::fs::File::open(path)?;
    file.sync_all()?;
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
    Ok(())
}

/// Where this program was started as a lane: opens its files, looks one good
/// up, says how much memory it took at the most in kB, and ends.
pub fn cold_start() -> Option<ExitCode> {
    let folder = std::env::var_os(COLD_START)?;
    let done = if folder.is_empty() { Ok(()) } else { be_a_lane(Path::new(&folder)) };
    match done.and_then(|()| memory_kb_max()) {
        Ok(kb) => {
            println!("{kb}");
            Some(ExitCode::SUCCESS)
        }
        Err(error) => {
            eprintln!("{error:#}");
            Some(ExitCode::FAILURE)
        }
    }
}

fn be_a_lane(folder: &Path) -> Result<()> {
    let reference = Reference::open(&folder.join("reference.db"))?.context("the goods are there")?;
    let store = reference.store(&identity().store)?;
    ensure!(store.is_some(), "the store is there");
    reference.staff()?;
    reference.categories()?;
    reference.pinned(0, PAGE)?;
    let journal = Journal::open(&folder.join("journal.db"), &identity())?;
    restore(&journal, &settings())?;
    let product =
        shop::generate(1, 100).find(|product| !product.codes.is_empty()).context("goods with a code")?;
    ensure!(reference.item_by_gtin(&Gtin::parse(&product.codes[0])?)?.is_some(), "it is there");
    ensure!(!reference.search("sp", PAGE)?.is_empty(), "something is found");
    Ok(())
}

fn memory_kb_max() -> Result<i64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("how much memory it took")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn shuffle<T>(list: &mut [T]) {
    let mut dice = Dice::new(1);
    for at in (1..list.len()).rev() {
        list.swap(at, dice.index(at + 1));
    }
}
