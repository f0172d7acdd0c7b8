//! What a technician does with a journal: check it, copy it, hand it to an
//! auditor, and go on from a copy. Every command prints what it found.

mod interventions;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use chrono::NaiveDate;
use clap::Subcommand;
use domain::clock::{EARLIEST_MS, LATEST_MS};
use domain::money::Currency;
use domain::record::Record;
use ledger::archive::{self, ArchiveRules, KEEP_DAYS_MIN, SEGMENT_EVENTS_MIN};
use ledger::backup;
use ledger::export;
use ledger::journal::{Audit, Hand, Identity, Journal, JournalReader};
use ledger::rebuild::{self, Rebuilt};
use ledger::reference::{AgentState, AgentWatch, Reference};
use protocol::export::SectionReport;
use protocol::head::PublicKey;

use crate::config::{Language, Paths};
use crate::lane::Moment;
use crate::recovery;

/// The most differences that are printed one by one.
const DIFFERENCES_SHOWN_MAX: usize = 20;

/// What can be done with a journal.
#[derive(Debug, Clone, Subcommand)]
pub enum JournalCommand {
    /// Read the whole journal with its archive: chain, signatures, sums, and
    /// what is derived. Changes nothing; the till may run.
    Verify,
    /// Derive everything from the first event and hold it against what the
    /// till uses. Changes nothing; the till may run.
    Rebuild,
    /// Copy the journal into a new folder on a stick or disk, and check the
    /// copy. The till may run.
    Backup {
        /// An existing folder, such as where a stick is mounted.
        folder: PathBuf,
    },
    /// Go on from a backup, in a new epoch. End the till first, and enrol the
    /// lane anew.
    Restore {
        /// The folder that backup made.
        folder: PathBuf,
        /// Put a journal that is there aside; it is kept.
        #[arg(long)]
        replace: bool,
    },
    /// Write the whole journal as signed JSON lines, for an auditor. The till
    /// may run.
    Export {
        /// The file to write.
        file: PathBuf,
    },
    /// Check a file that export or archive wrote. Needs no lane.
    VerifyExport {
        /// The file.
        file: PathBuf,
        /// The public key that must have signed, as HQ shows it; otherwise
        /// the file's own is taken, and shown.
        #[arg(long)]
        key: Option<String>,
    },
    /// Move old events that HQ has into checked files beside the journal. End
    /// the till first.
    Archive {
        /// Keep what is younger than so many days.
        #[arg(long, default_value_t = 90)]
        keep_days: u32,
        /// Of an earlier epoch, instead of the present one.
        #[arg(long, requires = "acknowledged")]
        epoch: Option<u32>,
        /// The last event of that epoch that HQ has, as `hq lanes` shows it.
        #[arg(long, requires = "epoch")]
        acknowledged: Option<u64>,
    },
    /// Say how often a kiosk called somebody, by kind and per 100 baskets, and
    /// how often for nothing. The till may run.
    Interventions {
        /// The first business day, such as 2026-11-01.
        #[arg(long)]
        from: Option<NaiveDate>,
        /// The last one.
        #[arg(long)]
        to: Option<NaiveDate>,
    },
}

/// Does it; gives what to print, and whether all is well.
pub fn perform(paths: &Paths, command: &JournalCommand) -> anyhow::Result<(String, bool)> {
    match command {
        JournalCommand::Verify => verify(paths),
        JournalCommand::Rebuild => rebuild(paths),
        JournalCommand::Backup { folder } => {
            let made = backup::back_up(&paths.journal(), folder)?;
            let mut out = audit_words(&made.audit);
            writeln!(out, "backed up to {}, read back and checked", made.folder.display())?;
            if made.segments > 0 {
                writeln!(out, "{} archived files with it", made.segments)?;
            }
            Ok((out, true))
        }
        JournalCommand::Restore { folder, replace } => restore(paths, folder, *replace),
        JournalCommand::Export { file } => {
            let mut reader = open(paths)?;
            let hand = Hand::beside(&paths.journal());
            let key = match &hand {
                Hand::Key(key) => Some(key),
                Hand::None | Hand::Unreadable { .. } => None,
            };
            let found = export::export(&mut reader, &archive::folder_beside(&paths.journal()), key, file)?;
            Ok((export_words(file, &found)?, true))
        }
        JournalCommand::VerifyExport { file, key } => verify_export(file, key.as_deref()),
        JournalCommand::Archive { keep_days, epoch, acknowledged } => {
            archive_old(paths, *keep_days, epoch.zip(*acknowledged))
        }
        JournalCommand::Interventions { from, to } => interventions::interventions(paths, *from, *to),
    }
}

fn open(paths: &Paths) -> anyhow::Result<JournalReader> {
    JournalReader::open(&paths.journal())?
        .with_context(|| format!("open {}: there is no journal yet", paths.journal().display()))
}

fn agent_state(paths: &Paths) -> anyhow::Result<AgentState> {
    let watch = AgentWatch::open(&paths.reference())?
        .with_context(|| format!("open {}: the lane is not enrolled", paths.reference().display()))?;
    Ok(watch.state()?)
}

fn enrolled(paths: &Paths) -> anyhow::Result<Identity> {
    agent_state(paths)?.identity.context("the lane is not enrolled; run sync-agent enrol first")
}

fn audit_words(audit: &Audit) -> String {
    let mut out = String::new();
    for epoch in &audit.epochs {
        let _ = writeln!(
            out,
            "{}: {} events, {} documents, sums hold, chain whole, head {}",
            epoch.identity, epoch.head.seq, epoch.documents, epoch.head.hash
        );
        if epoch.archived > 0 {
            let _ = writeln!(out, "  events 1 to {} are archived", epoch.archived);
        }
        let _ = match epoch.signatures {
            0 => writeln!(out, "  not signed"),
            count => writeln!(out, "  {count} signatures hold, the last over event {}", epoch.signed),
        };
        for seen in &epoch.keys {
            let _ = writeln!(out, "  signed from event {} on by {}", seen.from_seq, seen.key);
        }
    }
    out
}

fn verify(paths: &Paths) -> anyhow::Result<(String, bool)> {
    let mut reader = open(paths)?;
    let audit = reader.audit()?;
    let mut out = audit_words(&audit);
    let folder = archive::folder_beside(&paths.journal());
    for segment in reader.all_segments()? {
        let section = archive::check(&folder, reader.identity(), &segment)?;
        writeln!(
            out,
            "archive {}: events {} to {}, {} documents, chain whole, signed up to {}",
            segment.file, segment.first_seq, segment.last_seq, section.documents, section.signed
        )?;
    }
    let hand = Hand::beside(&paths.journal());
    match &hand {
        Hand::Key(key) => writeln!(out, "this lane signs with {}", key.public())?,
        Hand::None => {
            writeln!(out, "this lane has no key: its journal is not signed; enrol it anew to sign")?
        }
        Hand::Unreadable { reason } => writeln!(out, "this lane's key cannot be read: {reason}")?,
    }
    let rebuilt = rebuild::rebuild(&mut reader, &folder)?;
    let agrees = rebuilt.differences.is_empty();
    if !rebuilt.value_of_leases.is_empty() {
        let value: i64 = rebuilt.value_of_leases.values().sum();
        writeln!(out, "stored value spent of leases: {value} of {}", rebuilt.value_of_leases.len())?;
    }
    out.push_str(&differences_words(&rebuilt));
    Ok((out, agrees))
}

fn differences_words(rebuilt: &Rebuilt) -> String {
    let mut out = String::new();
    if rebuilt.differences.is_empty() {
        let _ = writeln!(out, "derived from all {} events: equal to what the till uses", rebuilt.events);
    }
    for difference in rebuilt.differences.iter().take(DIFFERENCES_SHOWN_MAX) {
        let _ = writeln!(out, "DIFFERS  {difference}");
    }
    let more = rebuilt.differences.len().saturating_sub(DIFFERENCES_SHOWN_MAX);
    if more > 0 {
        let _ = writeln!(out, "DIFFERS  and {more} more");
    }
    out
}

fn rebuild(paths: &Paths) -> anyhow::Result<(String, bool)> {
    let mut reader = open(paths)?;
    let identity = reader.identity().clone();
    let rebuilt = rebuild::rebuild(&mut reader, &archive::folder_beside(&paths.journal()))?;
    let currency = currency(paths, &identity);
    let money = |minor: i64| currency.format(domain::money::Money::from_minor(minor));
    let mut out = String::new();
    for (epoch, last) in &rebuilt.epochs {
        writeln!(out, "epoch {epoch}: numbers 1 to {last}")?;
    }
    let till = &rebuilt.till;
    match till.shift() {
        Some(shift) => writeln!(out, "shift {} of {} is open", shift.number, shift.business_date)?,
        None => writeln!(out, "no shift is open")?,
    }
    writeln!(
        out,
        "open basket {} lines, parked {}, unfinished payments {}, unprinted paper {}",
        till.basket().lines().len(),
        till.parked().len(),
        till.payments().len(),
        till.papers().len()
    )?;
    for thing in recovery::unfinished(till, &identity, None) {
        writeln!(out, "  {}", thing.words(Language::En, &currency))?;
    }
    if rebuilt.papers_forgotten > 0 {
        writeln!(out, "unprinted paper of shifts that are long over: {}", rebuilt.papers_forgotten)?;
    }
    for ((date, currency), sums) in &rebuilt.days {
        let (documents, total, payable, tax) =
            (sums.documents, money(sums.total), money(sums.payable), money(sums.tax));
        writeln!(
            out,
            "day {date}: {documents} documents, total {total}, payable {payable}, tax {tax} {currency}"
        )?;
    }
    for (number, sums) in &rebuilt.shifts {
        let (sold, returned) = (money(sums.sold), money(sums.returned));
        writeln!(out, "shift {number}: {} documents, sold {sold}, returned {returned}", sums.documents)?;
    }
    let moved: i128 = rebuilt.stock.values().map(|quantity| i128::from(*quantity)).sum();
    writeln!(
        out,
        "stock moves: {} items, {}.{:03} base units; returnable lines: {}",
        rebuilt.stock.len(),
        moved / 1_000,
        (moved % 1_000).abs(),
        rebuilt.returnable_lines
    )?;
    if !rebuilt.points_of_leases.is_empty() {
        let points: i64 = rebuilt.points_of_leases.values().sum();
        writeln!(out, "points spent of leases: {points} of {}", rebuilt.points_of_leases.len())?;
    }
    out.push_str(&differences_words(&rebuilt));
    Ok((out, rebuilt.differences.is_empty()))
}

/// The store's currency, where the goods are there to say it.
fn currency(paths: &Paths, identity: &Identity) -> Currency {
    let store = Reference::open(&paths.reference())
        .ok()
        .flatten()
        .and_then(|reference| reference.store(&identity.store).ok().flatten());
    match store {
        Some(store) => Currency {
            code: store.currency,
            symbol: store.currency_symbol,
            exponent: store.currency_exponent,
        },
        None => Currency { code: String::new(), symbol: String::new(), exponent: 2 },
    }
}

fn restore(paths: &Paths, folder: &Path, replace: bool) -> anyhow::Result<(String, bool)> {
    let identity = enrolled(paths)?;
    let restored = backup::restore(folder, &paths.journal(), &identity, replace)?;
    let mut out = audit_words(&restored.audit);
    if let Some(aside) = &restored.put_aside {
        writeln!(out, "the journal that was here is kept in {}", aside.display())?;
    }
    writeln!(
        out,
        "restored: {identity} begins at event {} in {}",
        restored.head.seq,
        paths.journal().display()
    )?;
    writeln!(
        out,
        "sales after the backup are at HQ or on the old disk only; an open basket of then may be paid long since"
    )?;
    Ok((out, true))
}

fn export_words(file: &Path, found: &[SectionReport]) -> anyhow::Result<String> {
    let mut out = String::new();
    for section in found {
        let head = &section.head;
        writeln!(
            out,
            "store {} lane {} epoch {}: events {} to {}, {} documents, sums hold, chain whole, head {}",
            head.store,
            head.lane,
            head.epoch,
            head.first_seq,
            section.last_seq,
            section.documents,
            section.hash
        )?;
        match section.signed {
            0 => writeln!(out, "  not signed")?,
            signed => writeln!(out, "  signed up to event {signed}")?,
        }
        for key in &section.keys {
            writeln!(out, "  by {key}")?;
        }
    }
    writeln!(out, "{} is whole", file.display())?;
    Ok(out)
}

fn verify_export(file: &Path, key: Option<&str>) -> anyhow::Result<(String, bool)> {
    let found = export::check_file(file, |_, _| {})?;
    let mut out = export_words(file, &found)?;
    let Some(key) = key else {
        writeln!(out, "hold the keys against those that HQ shows (hq lanes), or give one with --key")?;
        return Ok((out, true));
    };
    let key = PublicKey::parse(key)?;
    let mut good = true;
    for section in &found {
        let is_signed = section.signed == section.last_seq;
        let is_theirs = section.keys.last() == Some(&key);
        if !is_signed || !is_theirs {
            good = false;
            writeln!(
                out,
                "NOT SIGNED BY THIS KEY: epoch {} up to event {}",
                section.head.epoch, section.last_seq
            )?;
        }
    }
    Ok((out, good))
}

/// Archives of the present epoch what the agent knows that HQ has; of an
/// earlier one what somebody says that it has.
fn archive_old(paths: &Paths, keep_days: u32, earlier: Option<(u32, u64)>) -> anyhow::Result<(String, bool)> {
    if keep_days < KEEP_DAYS_MIN {
        bail!(
            "--keep-days {keep_days}: at least {KEEP_DAYS_MIN} days stay in the journal, so that goods can come back"
        );
    }
    let state = agent_state(paths)?;
    let identity = state.identity.context("the lane is not enrolled; run sync-agent enrol first")?;
    // The books' day, not the clock's: a clock that is ahead archives nothing more.
    let last = open(paths)?.last_stamp()?.context("the journal is empty")?;
    let before = last.business_date - chrono::Days::new(u64::from(keep_days));
    let (epoch, acknowledged) = earlier.unwrap_or((identity.epoch, state.position.acknowledged));
    if earlier.is_some() && epoch >= identity.epoch {
        bail!("--epoch {epoch}: the lane is in epoch {}; leave it out for that one", identity.epoch);
    }
    let rules = ArchiveRules { epoch, acknowledged, before, events_min: SEGMENT_EVENTS_MIN };
    let segments = archive::archive(&paths.journal(), &identity, rules)?;
    let mut out = String::new();
    let folder = archive::folder_beside(&paths.journal());
    for segment in &segments {
        writeln!(
            out,
            "archived events {} to {} into {}",
            segment.first_seq,
            segment.last_seq,
            folder.join(&segment.file).display()
        )?;
    }
    if segments.is_empty() {
        writeln!(
            out,
            "nothing to archive: at least {SEGMENT_EVENTS_MIN} events before {before} that HQ has (it has {acknowledged})"
        )?;
    }
    Ok((out, true))
}

/// Writes down that a person has looked at the machine's clock and that it is
/// right: stamps follow it from here on, also where the journal is ahead.
///
/// # Errors
/// The clock shows a time that cannot be, or the lane is not enrolled, or runs.
pub fn trust_clock(paths: &Paths) -> anyhow::Result<String> {
    trust_clock_at(paths, Moment::now())
}

/// The same with a given reading of the clock.
///
/// # Errors
/// As [`trust_clock`].
pub fn trust_clock_at(paths: &Paths, now: Moment) -> anyhow::Result<String> {
    let shown = chrono::DateTime::from_timestamp_millis(now.now_ms).unwrap_or_default();
    let shown = shown.format("%Y-%m-%d %H:%M UTC");
    if !(EARLIEST_MS..LATEST_MS).contains(&now.now_ms) {
        bail!("the clock shows {shown}, which cannot be: set the machine's clock first, then trust it");
    }
    let identity = enrolled(paths)?;
    let mut journal = Journal::open(&paths.journal(), &identity)?;
    let mut last =
        open(paths)?.last_stamp()?.context("the journal is empty: its first event follows the clock")?;
    let (shown_ms, reckoned_ms) = (now.now_ms, last.at_ms);
    last.at_ms = shown_ms;
    last.offset_minutes = now.offset_minutes;
    let staff = "technician".to_owned();
    journal.append(&[(last, Record::ClockTrusted { shown_ms, reckoned_ms, staff })])?;
    Ok(format!("the clock is trusted from here on: {shown}\n"))
}
