//! Sells as fast as the disk allows until it is killed, and says the number
//! of each sale on a line of its own once the journal has answered for it.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::Parser;
use ledger::journal::Journal;
use trials::counter::{Counter, Day, Goods, Outside, PaperOrder, identity, restore, settings};

/// Sells with the journal in a folder, without end.
#[derive(Parser)]
struct Arguments {
    /// Where the lane's files are.
    folder: PathBuf,
    /// The same seed, the same customers.
    seed: u64,
}

fn main() -> Result<()> {
    let Arguments { folder, seed } = Arguments::parse();
    let (goods, settings) = (Goods::demo(), settings());
    let journal = Journal::open(&folder.join("journal.db"), &identity())?;
    let restored = restore(&journal, &settings)?;
    let mut outside = Outside { now_ms: 1_772_416_800_000, ..Outside::default() };
    let mut counter =
        Counter::start(journal, restored, &goods, &settings, PaperOrder::AfterTheDisk, &mut outside);
    let mut day = Day::new(seed);
    let mut out = std::io::stdout().lock();
    let mut told = counter.till().last_sale();
    loop {
        day.go_on(&mut counter)?;
        let last = counter.till().last_sale();
        if let Some(seq) = last.filter(|_| last != told) {
            writeln!(out, "{seq}")?;
            out.flush()?;
            told = last;
        }
    }
}
