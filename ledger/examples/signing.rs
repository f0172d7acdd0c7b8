//! Measures what signing adds to a commit: the same records into two journals,
//! one signed with every transaction and one without a key, taken in turns.
//!
//! `cargo run --release -p ledger --example signing [COMMITS]`

use std::error::Error;
use std::time::{Duration, Instant};

use domain::record::Record;
use ledger::journal::{Identity, Journal, Stamp};
use protocol::chain::ChainHash;
use protocol::head::{HeadClaim, SigningKey};

fn main() -> Result<(), Box<dyn Error>> {
    let commits: u32 = std::env::args().nth(1).map_or(Ok(2_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let identity = Identity { store: "S001".into(), lane: 1, epoch: 1 };
    let (key, secret) = SigningKey::draw()?;
    let signed = folder.path().join("signed");
    std::fs::create_dir(&signed)?;
    std::fs::write(signed.join("journal.key"), secret)?;
    let mut journals = [
        Journal::open(&folder.path().join("plain/journal.db"), &identity)?,
        Journal::open(&signed.join("journal.db"), &identity)?,
    ];
    let stamp = Stamp {
        at_ms: 1_772_416_800_000,
        offset_minutes: 480,
        business_date: chrono::NaiveDate::from_ymd_opt(2026, 3, 2).ok_or("a day")?,
        shift: 1,
    };
    // A closed shift is signed at once, as a sale is.
    let record = Record::ShiftClosed { staff: "e1".into(), report: None };
    let mut took = [Vec::new(), Vec::new()];
    for _ in 0..commits {
        for (journal, took) in journals.iter_mut().zip(&mut took) {
            let begun = Instant::now();
            journal.append(&[(stamp, record.clone())])?;
            took.push(begun.elapsed());
        }
    }
    let median = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let [plain, signed] = &mut took;
    let (plain, signed) = (median(plain), median(signed));
    let claim =
        HeadClaim { store: "S001", lane: 1, epoch: 1, seq: 1, hash: ChainHash::genesis("S001", 1, 1) };
    let time = |act: &dyn Fn() -> bool| {
        let begun = Instant::now();
        let done = (0..commits).filter(|_| act()).count();
        (begun.elapsed() / commits, done)
    };
    let (sign, _) = time(&|| key.sign(&claim) != [0; 64]);
    let signature = key.sign(&claim);
    let (check, held) = time(&|| key.public().check(&claim, &signature).is_ok());
    println!("commit without a key   {plain:?} (median of {commits})");
    println!(
        "commit with signature  {signed:?}, {} % of the one without",
        signed.as_nanos() * 100 / plain.as_nanos()
    );
    println!("sign alone             {sign:?}");
    println!("check alone            {check:?} ({held} held)");
    Ok(())
}
