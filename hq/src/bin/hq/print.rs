//! What the command line says of an outcome, for people and as JSON.

use std::io::Write;

use domain::money::{Currency, Money};
use hq::books::counting::{Posted, WaitingCount};
use hq::books::membership::{Memberships, Party, Reward};
use hq::books::points::PointsTerms;
use hq::command::{AccessOutcome, LeaseShown, Outcome};
use hq::interventions::{CallsOfCause, KioskInterventions};
use hq::points_terms::{DAY_MS, MINUTE_MS};
use hq::projection::Rebuilt;
use hq::store::{AlarmKind, CommissionEntry, CommissionOfDay, PromotionCost, StockRow};
use protocol::answer::SalesAnswer;
use protocol::enrol::RELAY_LANE;
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;

/// An instant as people read it, in UTC.
fn time(at_ms: i64) -> String {
    let at = chrono::DateTime::from_timestamp_millis(at_ms).unwrap_or_default();
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Draws a QR code on the terminal, two modules a character, light around it.
pub(crate) fn print_picture(text: &str) -> anyhow::Result<()> {
    let code = QrCode::new(text)?;
    // Scanners want dark on light; terminals are light on dark more often than not.
    let picture = code.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
    writeln!(std::io::stdout().lock(), "\n{picture}")?;
    Ok(())
}

/// Prints an outcome.
pub(crate) fn print(outcome: &Outcome, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match outcome {
        Outcome::Imported(done) => writeln!(
            out,
            "imported: {} named, {} changed, {} deleted, {} members changed; reference version {}",
            done.named, done.changed, done.deleted, done.members_changed, done.version
        )?,
        Outcome::Tried(done) => writeln!(
            out,
            "nothing is changed; an import would: {} named, {} changed, {} deleted, {} members changed",
            done.named, done.changed, done.deleted, done.members_changed
        )?,
        Outcome::Wrong(wrong) => {
            for problem in &wrong.problems {
                writeln!(out, "{} {}: {}", problem.file, problem.place, problem.what)?;
            }
        }
        Outcome::PriceSet { before, after, version } => {
            writeln!(out, "price: {before} -> {after}; reference version {version}")?;
        }
        Outcome::Code { code } => writeln!(out, "{code}")?,
        Outcome::Access(outcome) => print_access(&mut out, outcome, json)?,
        Outcome::ScanGoLink { path } => writeln!(out, "{path}")?,
        Outcome::ScanGoKeys { public } => {
            for key in public {
                writeln!(out, "{key}")?;
            }
        }
        Outcome::Removed => writeln!(out, "removed")?,
        Outcome::RebuiltBooks(rebuilt) => writeln!(out, "{}", serde_json::to_string(rebuilt)?)?,
        Outcome::WrittenOff => writeln!(out, "written off")?,
        Outcome::Points { available, pending, lent, balance, leases } if json => {
            let all = serde_json::json!({ "available": available, "pending": pending, "lent": lent, "balance": balance,
                "leases": leases });
            writeln!(out, "{all}")?;
        }
        Outcome::Points { available, pending, lent, balance, leases } => {
            writeln!(out, "balance {balance}: {available} free, {pending} pending, {lent} lent")?;
            for LeaseShown { lease, store, lane, points, until_ms } in leases {
                let until = time(*until_ms);
                let whose = match *lane {
                    RELAY_LANE => format!("store {store}, for when HQ is out of reach"),
                    lane => format!("{store}/{lane}"),
                };
                writeln!(out, "lent {points} to {whose} until {until} ({lease})")?;
            }
        }
        Outcome::UnsignedLanes { allowed } => {
            let may = if *allowed { "may" } else { "may not" };
            writeln!(out, "lanes that bring no key to sign their journals with {may} be enrolled")?;
        }
        Outcome::Standing { percent, points_max, term_ms, every_ms, stores } if json => {
            let all = serde_json::json!({ "percent": percent, "points_max": points_max, "term_ms": term_ms,
                "every_ms": every_ms, "stores": stores });
            writeln!(out, "{all}")?;
        }
        Outcome::Standing { percent, points_max, term_ms, every_ms, stores } => {
            writeln!(
                out,
                "{percent} per cent, at most {points_max} points, for {} hours; relays ask every {} seconds",
                term_ms / 3_600_000,
                every_ms / 1_000
            )?;
            for (store, leases) in stores {
                writeln!(out, "{store}: {leases} leases")?;
            }
        }
        Outcome::PointsTerms { terms, .. } if json => writeln!(out, "{}", serde_json::to_string(terms)?)?,
        Outcome::PointsTerms { terms, exponent } => print_points_terms(&mut out, terms, *exponent)?,
        Outcome::Value { free, lent, balance } if json => {
            let all = serde_json::json!({ "free": free, "lent": lent, "balance": balance });
            writeln!(out, "{all}")?;
        }
        Outcome::Value { free, lent, balance } => {
            for (what, value) in [("balance", balance), ("free", free), ("lent", lent)] {
                writeln!(out, "{what}: principal {}, bonus {}", value.principal, value.bonus)?;
            }
        }
        Outcome::Labels { rows } if json => writeln!(out, "{}", serde_json::to_string(rows)?)?,
        Outcome::Labels { rows } => {
            for row in rows {
                let counts = row.counts.clone().unwrap_or_default();
                writeln!(
                    out,
                    "{}/{}: {} bound; {} shown, {} sending, {} held, {} not seen, {} given up, {} without face; \
                     {} differing, {} below the till; {} prices not struck; {} batteries low; gateways {} of {} up",
                    row.store,
                    row.lane,
                    row.bound,
                    counts.shown,
                    counts.sending,
                    counts.held,
                    counts.not_seen,
                    counts.given_up,
                    counts.no_face,
                    counts.differing,
                    counts.below,
                    counts.not_struck,
                    counts.low_battery,
                    counts.gateways - counts.gateways_down.min(counts.gateways),
                    counts.gateways,
                )?;
                if let Some(batch) = &counts.batch {
                    let how = if batch.ended_ms.is_some() { "ended" } else { "under way" };
                    writeln!(
                        out,
                        "  last change {how}: {} of {} shown, {} given up",
                        batch.shown, batch.labels, batch.given_up
                    )?;
                }
                for lane in &row.lanes {
                    writeln!(out, "  lane {} has version {}", lane.lane, lane.version)?;
                }
            }
            writeln!(out, "{} agents with gateways", rows.len())?;
        }
        Outcome::Counts { waiting, posted } if json => {
            let posted: Vec<_> = posted
                .iter()
                .map(|(document, count)| serde_json::json!({ "document": document, "count": count }))
                .collect();
            writeln!(out, "{}", serde_json::json!({ "waiting": waiting, "posted": posted }))?;
        }
        Outcome::Counts { waiting, posted } => print_counts(&mut out, waiting, posted)?,
        Outcome::Exceptions { exceptions } if json => {
            writeln!(out, "{}", serde_json::to_string(exceptions)?)?;
        }
        Outcome::Exceptions { exceptions } => {
            for exception in exceptions {
                let found =
                    chrono::DateTime::from_timestamp_millis(exception.found_at_ms).unwrap_or_default();
                writeln!(
                    out,
                    "{}  {} of {} {}  by {}: {}",
                    found.format("%Y-%m-%d %H:%M:%SZ"),
                    exception.kind.name(),
                    exception.owner,
                    exception.part,
                    exception.source,
                    exception.what
                )?;
            }
        }
        Outcome::Sales { answer, .. } if json => {
            serde_json::to_writer(&mut out, answer)?;
            writeln!(out)?;
        }
        Outcome::Sales { answer, exponent } => print_sales(&mut out, answer, *exponent)?,
        Outcome::Costs { costs, .. } if json => {
            serde_json::to_writer(&mut out, costs)?;
            writeln!(out)?;
        }
        Outcome::Costs { costs, exponent } => print_costs(&mut out, costs, *exponent)?,
        Outcome::Interventions { kiosks } if json => {
            serde_json::to_writer(&mut out, kiosks)?;
            writeln!(out)?;
        }
        Outcome::Interventions { kiosks } => print_interventions(&mut out, kiosks)?,
        Outcome::Commission { days, entries, .. } if json => {
            let both = serde_json::json!({ "days": days, "entries": entries });
            writeln!(out, "{both}")?;
        }
        Outcome::Commission { days, entries, exponent } => {
            print_commission(&mut out, days, entries, *exponent)?;
        }
        Outcome::Memberships { rewards, member, .. } if json => {
            let both = serde_json::json!({ "rewards": rewards, "member": member });
            writeln!(out, "{both}")?;
        }
        Outcome::Memberships { rewards, member, exponent } => {
            print_memberships(&mut out, rewards, member.as_ref(), *exponent)?;
        }
        Outcome::Lanes { epochs } if json => {
            serde_json::to_writer(&mut out, epochs)?;
            writeln!(out)?;
        }
        Outcome::Lanes { epochs } => {
            for row in epochs {
                let key = if row.public_key.is_empty() { "not signed" } else { &row.public_key };
                writeln!(
                    out,
                    "store {} lane {} epoch {}: filed up to {}, signed up to {}, key {key}",
                    row.store, row.lane, row.epoch, row.acknowledged, row.signed
                )?;
            }
        }
        Outcome::Rebuilt(done) => print_rebuilt(&mut out, done)?,
        Outcome::Books { shifts, stock } if json => {
            let both = serde_json::json!({ "shifts": shifts, "stock": stock });
            writeln!(out, "{both}")?;
        }
        Outcome::Books { shifts, stock } => {
            for row in shifts {
                let end = row.closed_by.as_deref().unwrap_or("open");
                writeln!(
                    out,
                    "shift {}  lane {} epoch {}  {}  {end}",
                    row.shift, row.lane, row.epoch, row.business_date
                )?;
            }
            print_stock(&mut out, stock)?;
        }
        Outcome::Transfers { transfers } if json => {
            writeln!(out, "{}", serde_json::to_string(transfers)?)?;
        }
        Outcome::Transfers { transfers } => crate::transfer::print(&mut out, transfers)?,
        Outcome::Stock { stock } if json => writeln!(out, "{}", serde_json::to_string(stock)?)?,
        Outcome::Stock { stock } => print_stock(&mut out, stock)?,
        Outcome::Alarms { alarms, quarantined } if json => {
            let both = serde_json::json!({ "alarms": alarms, "quarantined": quarantined });
            writeln!(out, "{both}")?;
        }
        Outcome::Alarms { alarms, quarantined } => {
            for alarm in alarms {
                let found = chrono::DateTime::from_timestamp_millis(alarm.found_at_ms).unwrap_or_default();
                let kind = match alarm.kind {
                    AlarmKind::Fork => "FORK",
                    AlarmKind::Signature => "SIGNATURE",
                    AlarmKind::Unsigned => "UNSIGNED",
                };
                writeln!(
                    out,
                    "{kind}  store {} lane {} epoch {} number {}  {}",
                    alarm.store,
                    alarm.lane,
                    alarm.epoch,
                    alarm.seq,
                    found.to_rfc3339()
                )?;
            }
            for event in quarantined {
                writeln!(
                    out,
                    "QUARANTINE  store {} lane {} epoch {} number {}  {}",
                    event.store, event.lane, event.epoch, event.seq, event.reason
                )?;
            }
            writeln!(out, "{} alarms, {} events in quarantine", alarms.len(), quarantined.len())?;
        }
    }
    Ok(())
}

fn print_rebuilt(out: &mut impl Write, done: &Rebuilt) -> std::io::Result<()> {
    for (store, lane, table) in &done.differing {
        writeln!(out, "DIFFERED  store {store} lane {lane}: {table} said something else before")?;
    }
    writeln!(
        out,
        "rebuilt: {} lanes, {} events, {} rows; {} events left quarantine; {} tables differed",
        done.lanes,
        done.events,
        done.rows,
        done.released,
        done.differing.len()
    )
}

fn print_commission(
    out: &mut impl Write,
    days: &[CommissionOfDay],
    entries: &[CommissionEntry],
    exponent: u8,
) -> std::io::Result<()> {
    let written = |minor| {
        let currency = Currency { code: String::new(), symbol: String::new(), exponent };
        currency.format(Money::from_minor(minor))
    };
    for row in days {
        writeln!(
            out,
            "{:<16} {:<10} {:<12} {:<4} {:>6} lines {:>14} sold {:>12} earned",
            row.seller,
            row.day,
            row.store,
            row.currency,
            row.entries,
            written(row.net),
            written(row.amount)
        )?;
    }
    for row in entries {
        writeln!(
            out,
            "{}  {:<24} {:<16} {:>12} at {:<12} {:>10}  of {} line {}",
            row.day,
            row.source,
            row.sku,
            written(row.net),
            if row.rule.is_empty() { "no rule" } else { &row.rule },
            written(row.amount),
            row.of_document,
            row.of_line
        )?;
    }
    let sum =
        |of: &dyn Fn(&CommissionOfDay) -> i64| days.iter().fold(0i64, |sum, row| sum.saturating_add(of(row)));
    writeln!(out, "{} sold, {} earned", written(sum(&|row| row.net)), written(sum(&|row| row.amount)))
}

fn print_costs(out: &mut impl Write, costs: &[PromotionCost], exponent: u8) -> std::io::Result<()> {
    let currency = Currency { code: String::new(), symbol: String::new(), exponent };
    for PromotionCost { store, promotion, who, supplier, currency: code, amount } in costs {
        let amount = currency.format(Money::from_minor(*amount));
        writeln!(out, "{store:<12} {promotion:<24} {who:<8} {supplier:<16} {code:<4} {amount:>14}")?;
    }
    Ok(())
}

fn print_interventions(out: &mut impl Write, kiosks: &[KioskInterventions]) -> std::io::Result<()> {
    for kiosk in kiosks {
        let KioskInterventions { lane, baskets, calls_in_hundred_tenths: tenths, drawn, due, .. } = kiosk;
        let KioskInterventions { audited, audited_wrong, missed, wrong_draws, .. } = kiosk;
        writeln!(out, "lane {lane}: {baskets} baskets, {}.{} calls per 100", tenths / 10, tenths % 10)?;
        writeln!(out, "{:>9}{:>9}{:>9}{:>9}{:>9}  why", "called", "right", "passed", "false", "gone")?;
        for CallsOfCause { cause, called, passed, refused, false_alarms, gone } in &kiosk.calls {
            writeln!(out, "{called:>9}{refused:>9}{passed:>9}{false_alarms:>9}{gone:>9}  {cause}")?;
        }
        writeln!(
            out,
            "spot checks: {drawn} draws, {due} due, {audited} done, {audited_wrong} with errors, {missed} pieces not rung up"
        )?;
        if *wrong_draws > 0 {
            writeln!(out, "{wrong_draws} DRAWS DO NOT FOLLOW FROM THEIR NUMBER: look into this kiosk")?;
        }
    }
    if kiosks.is_empty() {
        writeln!(out, "no kiosk of this store has filed anything of these days")?;
    }
    Ok(())
}

fn print_memberships(
    out: &mut impl Write,
    rewards: &[Reward],
    member: Option<&Memberships>,
    exponent: u8,
) -> std::io::Result<()> {
    let currency = Currency { code: String::new(), symbol: String::new(), exponent };
    let written = |minor| currency.format(Money::from_minor(minor));
    for Reward { party, balance, entries } in rewards {
        let (what, whose) = match party {
            Party::Employee(id) => ("employee", id),
            Party::Store(code) => ("store", code),
        };
        writeln!(out, "{what:<8} {whose:<16} {entries:>6} entries {:>12}", written(*balance))?;
    }
    let Some(member) = member else { return Ok(()) };
    for term in &member.terms {
        let ended = term.ended.as_ref().map_or_else(String::new, |by| format!(", ended by {by}"));
        writeln!(out, "{} since {} by {} line {}{ended}", term.tag, time(term.at_ms), term.sale, term.line)?;
        for given in &term.given {
            writeln!(out, "  {:?} {}", given.party, written(given.amount))?;
        }
        for (store, code) in &term.coupons {
            writeln!(out, "  coupon {code} of store {store}")?;
        }
    }
    if let Some(bound) = &member.binding {
        let ended = bound.ended_ms.map_or_else(String::new, |ended| format!(", ended {}", time(ended)));
        writeln!(
            out,
            "bound to {} of store {} since {}{ended}",
            bound.seller,
            bound.store,
            time(bound.at_ms)
        )?;
    }
    Ok(())
}

fn print_sales(out: &mut impl Write, answer: &SalesAnswer, exponent: u8) -> std::io::Result<()> {
    let written = |minor| {
        let currency = Currency { code: String::new(), symbol: String::new(), exponent };
        currency.format(Money::from_minor(minor))
    };
    writeln!(
        out,
        "{:<12} {:>5} {:<10} {:<4} {:>7} {:>8} {:>14} {:>14} {:>12}",
        "store", "lane", "date", "cur", "sales", "lines", "total", "payable", "tax"
    )?;
    for row in &answer.rows {
        writeln!(
            out,
            "{:<12} {:>5} {:<10} {:<4} {:>7} {:>8} {:>14} {:>14} {:>12}",
            row.store,
            row.lane,
            row.date.to_string(),
            row.currency,
            row.sales,
            row.lines,
            written(row.total),
            written(row.payable),
            written(row.tax)
        )?;
    }
    Ok(())
}

fn print_access(out: &mut impl Write, outcome: &AccessOutcome, json: bool) -> anyhow::Result<()> {
    match outcome {
        AccessOutcome::Done => writeln!(out, "done")?,
        // These alone, so that a script can take them.
        AccessOutcome::Drawn { password } => writeln!(out, "{}", password.0)?,
        AccessOutcome::Key { id, key, expires_at_ms } => {
            writeln!(out, "{}", key.0)?;
            eprintln!("key {id}, good until {}; it is not shown again", time(*expires_at_ms));
        }
        AccessOutcome::Users { users } if json => writeln!(out, "{}", serde_json::to_string(users)?)?,
        AccessOutcome::Users { users } => {
            for user in users {
                let password = if user.has_password { "" } else { "\tno password" };
                writeln!(out, "{}\t{}{password}", user.name, user.role)?;
            }
        }
        AccessOutcome::Keys { keys } if json => writeln!(out, "{}", serde_json::to_string(keys)?)?,
        AccessOutcome::Keys { keys } => {
            for key in keys {
                let end = match key.revoked_at_ms {
                    Some(at_ms) => format!("revoked {}", time(at_ms)),
                    None => format!("until {}", time(key.expires_at_ms)),
                };
                writeln!(out, "{}\t{}\t{}\t{end}\tby {}", key.id, key.name, key.scopes, key.made_by)?;
            }
        }
        AccessOutcome::Audit { rows } if json => writeln!(out, "{}", serde_json::to_string(rows)?)?,
        AccessOutcome::Audit { rows } => {
            for row in rows {
                writeln!(
                    out,
                    "{}  {} from {}: {} {} {}",
                    time(row.at_ms),
                    row.who,
                    row.origin,
                    row.act,
                    row.subject,
                    row.detail
                )?;
            }
        }
    }
    Ok(())
}

/// A quantity of pieces or kilograms.
pub(crate) fn thousandths(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", value.unsigned_abs() / 1_000, value.unsigned_abs() % 1_000)
}

fn print_stock(out: &mut impl Write, stock: &[StockRow]) -> std::io::Result<()> {
    for row in stock {
        writeln!(out, "{:<20} {:>18}", row.sku, thousandths(row.quantity))?;
    }
    Ok(())
}

/// How points are kept, in the units in which it is said.
fn print_points_terms(out: &mut impl Write, terms: &PointsTerms, exponent: u8) -> std::io::Result<()> {
    let days = |span_ms: i64| match span_ms % DAY_MS {
        0 => format!("{} days", span_ms / DAY_MS),
        _ => format!("{} minutes", span_ms / MINUTE_MS),
    };
    match terms.return_window_ms {
        0 => writeln!(out, "earned points may be spent at once")?,
        window_ms => writeln!(out, "earned points may be spent after {}", days(window_ms))?,
    }
    match terms.valid_ms {
        Some(valid_ms) => writeln!(
            out,
            "they are good for {}; what comes back for at least {}",
            days(valid_ms),
            days(terms.restored_valid_ms)
        )?,
        None => writeln!(out, "they are good for ever")?,
    }
    let minutes = terms.lease_ms / MINUTE_MS;
    writeln!(out, "a lane is lent at most {} for {minutes} minutes", terms.lease_points_max)?;
    if terms.tiers.is_empty() {
        return writeln!(out, "no tiers by spending");
    }
    let currency = Currency { code: String::new(), symbol: String::new(), exponent };
    for step in &terms.tiers {
        writeln!(out, "tier {}: from {}", step.tier, currency.format(Money::from_minor(step.net)))?;
    }
    let (window, kept) = (days(terms.tier_window_ms), days(terms.tier_kept_ms));
    writeln!(out, "spending of the last {window} counts; a tier is kept for {kept}")
}

fn print_counts(
    out: &mut impl Write,
    waiting: &[WaitingCount],
    posted: &[(String, Posted)],
) -> anyhow::Result<()> {
    for count in waiting {
        let lanes: Vec<String> = count.waits_for.iter().map(ToString::to_string).collect();
        writeln!(
            out,
            "{} of {}: {} items, waits for lane {}; post it without with --post {}",
            count.document,
            count.source,
            count.items,
            lanes.join(", "),
            count.document
        )?;
    }
    for (document, count) in posted {
        let mut notes = String::new();
        for (lanes, what) in [(&count.by_clock, "by clock"), (&count.without, "without")] {
            for lane in lanes {
                notes.push_str(&format!("  lane {lane} {what}"));
            }
        }
        writeln!(out, "{document} of {}  {}{notes}", count.source, count.reason)?;
        for row in &count.differences {
            writeln!(
                out,
                "  {:<20} book {:>12}  counted {:>12}  difference {:>12}",
                row.sku,
                thousandths(row.book),
                thousandths(row.counted),
                thousandths(row.moved())
            )?;
        }
    }
    Ok(())
}
