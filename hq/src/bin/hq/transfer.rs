//! Transfers between stores on the command line.

use std::io::Write;

use anyhow::Context;
use clap::Subcommand;
use hq::command::Command;
use hq::secret;
use hq::transfers::{Asked, AskedLine, Shown, State};

use super::{At, run};
use crate::print::thousandths;

/// What is done with a transfer.
#[derive(Subcommand)]
pub(crate) enum TransferAct {
    /// Order a transfer: both stores' tills are told, and offer it in their stock room.
    Order {
        #[command(flatten)]
        at: At,
        /// The code of the store that sends.
        #[arg(long)]
        from: String,
        /// The code of the store that receives.
        #[arg(long)]
        to: String,
        /// How much of an item, such as 100001=12 or 200003=1.5 (kilograms); once for each item.
        #[arg(long = "line", required = true, value_name = "ITEM=QUANTITY")]
        lines: Vec<String>,
        /// Its number, one in the chain; drawn where it is left out.
        #[arg(long)]
        number: Option<String>,
        /// A line for the people in both stores.
        #[arg(long, default_value = "")]
        note: String,
        /// Reserve the goods at the sender until they leave, so that no channel sells them.
        #[arg(long)]
        hold: bool,
        /// As JSON, thousandths.
        #[arg(long)]
        json: bool,
    },
    /// Take a transfer back of which nothing left.
    Cancel {
        #[command(flatten)]
        at: At,
        /// Its number.
        number: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Write off what left and did not come: it is on its way no more.
    WriteOff {
        #[command(flatten)]
        at: At,
        /// Its number.
        number: String,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// Show a transfer: what was asked for, what left, what came, what differs.
    Show {
        #[command(flatten)]
        at: At,
        /// Its number.
        number: String,
        /// As JSON, thousandths.
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn run_transfer(act: TransferAct) -> anyhow::Result<()> {
    match act {
        TransferAct::Order { at, from, to, lines, number, note, hold, json } => {
            let lines = lines.iter().map(|line| parse_line(line)).collect::<Result<_, _>>()?;
            let number = match number {
                Some(number) => number,
                None => format!("T-{}", secret::draw_code()?),
            };
            run(at, Command::OrderTransfer { asked: Asked { number, from, to, lines, note, hold } }, json)
        }
        TransferAct::Cancel { at, number, reason } => {
            run(at, Command::CancelTransfer { number, reason }, false)
        }
        TransferAct::WriteOff { at, number, reason } => {
            run(at, Command::WriteOffTransfer { number, reason }, false)
        }
        TransferAct::Show { at, number, json } => {
            run(at, Command::Transfers { number: Some(number), store: None, state: None }, json)
        }
    }
}

/// Reads the name of a state.
pub(crate) fn parse_state(text: &str) -> Result<State, String> {
    let names = State::ALL.map(State::name).join(", ");
    State::parse(text).ok_or_else(|| format!("{text:?} is no state of a transfer; use {names}"))
}

fn parse_line(text: &str) -> anyhow::Result<AskedLine> {
    let wrong = || format!("--line {text}: such as 100001=12, or 200003=1.5 with three decimals at most");
    let (sku, quantity) = text.rsplit_once('=').with_context(wrong)?;
    let (whole, part) = quantity.split_once('.').unwrap_or((quantity, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    anyhow::ensure!(
        !sku.is_empty() && !whole.is_empty() && part.len() <= 3 && digits(whole) && digits(part),
        wrong()
    );
    let quantity: i64 = format!("{whole}{part:0<3}").parse().ok().with_context(wrong)?;
    Ok(AskedLine { sku: sku.to_owned(), quantity })
}

/// Prints transfers for people.
pub(crate) fn print(out: &mut impl Write, transfers: &[Shown]) -> std::io::Result<()> {
    for transfer in transfers {
        let at = chrono::DateTime::from_timestamp_millis(transfer.ordered_at_ms).unwrap_or_default();
        writeln!(
            out,
            "{}  {} -> {}  {}  ordered {} by {}{}{}",
            transfer.number,
            transfer.from,
            transfer.to,
            transfer.state.name(),
            at.format("%Y-%m-%d %H:%M:%SZ"),
            transfer.ordered_by,
            if transfer.held { ", held" } else { "" },
            if transfer.note.is_empty() { String::new() } else { format!(": {}", transfer.note) },
        )?;
        for line in &transfer.lines {
            writeln!(
                out,
                "  {:<20} asked {:>12}  sent {:>12}  arrived {:>12}",
                line.sku,
                thousandths(line.asked),
                thousandths(line.sent),
                thousandths(line.arrived)
            )?;
        }
        for difference in &transfer.differences {
            let (differs, quantity) = (difference.differs.name(), thousandths(difference.quantity));
            writeln!(out, "  differs: {} of {}: {quantity}", differs, difference.sku)?;
        }
        for moved in &transfer.elsewhere {
            let quantity = thousandths(moved.quantity);
            writeln!(
                out,
                "  elsewhere: {} of {}, store {} to {}",
                quantity, moved.sku, moved.store, moved.place
            )?;
        }
        for (what, deed) in [("cancelled", &transfer.cancelled), ("written off", &transfer.written_off)] {
            if let Some(deed) = deed {
                writeln!(out, "  {what} by {}: {}", deed.by, deed.reason)?;
            }
        }
    }
    writeln!(out, "{} transfers", transfers.len())
}
