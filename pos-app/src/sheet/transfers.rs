//! Transfers that HQ ordered, at the counter: the list of those to send or to receive, and the document that one begins.
//!
//! What is chosen lies in the sheet of the stock room as if it had been scanned there: the people who see the goods say
//! what leaves and what came.

use domain::catalogue::Catalogue as _;
use domain::stock::{Movement, StockMove};
use drivers::sound::Tone as Sound;
use protocol::pull;
use ui::view::{self, Figure, Notice, SheetRow, Tone};

use super::stock::{DOCUMENT, OTHER, StockWork};
use super::{Kind, Open, key, numbered, say};
use crate::lane::{Command, Lane, State};
use crate::present::local_time;

/// The transfer that a document of the stock room is about.
#[derive(Debug, Clone)]
pub(super) struct OfTransfer {
    /// As HQ told it when it was chosen.
    told: pull::Transfer,
    /// Whoever writes it down was told that HQ wants it no more.
    warned: bool,
}

impl OfTransfer {
    /// Its number, and the line that HQ wrote with it.
    pub(super) fn told(&self) -> &pull::Transfer {
        &self.told
    }

    /// How much of an item is wanted here, thousandths.
    pub(super) fn wanted(&self, kind: StockMove, sku: &str) -> Option<i64> {
        let line = self.told.lines.iter().find(|line| line.sku == sku)?;
        Some(wanted(&self.told, kind, line)).filter(|thousandths| *thousandths > 0)
    }

    /// In how many items a document is another than what is wanted.
    pub(super) fn differing(&self, movement: &Movement) -> usize {
        let has = |sku: &str| movement.lines.iter().any(|line| line.sku == sku);
        let left_out = self.told.lines.iter().filter(|line| wanted(&self.told, movement.kind, line) > 0);
        let other = movement
            .lines
            .iter()
            .filter(|line| self.wanted(movement.kind, &line.sku) != Some(line.quantity.thousandths()));
        left_out.filter(|line| !has(&line.sku)).count() + other.count()
    }
}

/// What is to leave, or what is expected: what left where that is known, else what was asked for.
fn wanted(told: &pull::Transfer, kind: StockMove, line: &pull::TransferLine) -> i64 {
    if kind == StockMove::TransferIn && told.left { line.sent } else { line.asked }
}

impl Lane {
    /// Goods that move in the stock room. Where HQ ordered transfers, those are offered first.
    pub(super) fn open_stock(&mut self, work: StockWork) {
        self.look_at_transfers();
        let offers = self.transfers_of(work.kind(0)).next().is_some();
        self.open_sheet(if offers { Kind::Transfers(work) } else { Kind::Stock(work) });
    }

    pub(super) fn show_transfers(&self, sheet: &Open, work: StockWork) -> view::Sheet {
        let kind = work.kind(0);
        let rows: Vec<SheetRow> = self
            .transfers_of(kind)
            .enumerate()
            .map(|(index, told)| self.transfer_row(index, told, kind))
            .collect();
        let (chinese, english) = work.name();
        view::Sheet {
            tone: Tone::Attend,
            text: if kind == StockMove::TransferIn {
                self.words(
                    "总部安排要来的货。↑↓ 选一张，回车打开；按实物点数。不在单上的按 F2。",
                    "What HQ has sent here. ↑ ↓ and Enter open one; count what is there. F2 for anything else.",
                )
            } else {
                self.words(
                    "总部要这些货。↑↓ 选一张，回车打开；数量可以改。不在单上的按 F2。",
                    "HQ asks for these goods. ↑ ↓ and Enter open one; quantities may be changed. F2 for anything else.",
                )
            },
            figure: Some(Figure {
                label: self.words("调拨单", "Transfers"),
                value: rows.len().to_string(),
                tone: Tone::Quiet,
            }),
            selected: (!rows.is_empty()).then_some(sheet.row),
            empty: self.words("没有要做的调拨单", "No transfer is left to do"),
            can_go: !rows.is_empty(),
            rows,
            keys: vec![key(self.words("不按单，自己填", "Without an order"), "F2")],
            go: self.words("打开", "Open"),
            ..self.blank(self.words(chinese, english))
        }
    }

    fn transfer_row(&self, index: usize, told: &pull::Transfer, kind: StockMove) -> SheetRow {
        let language = self.front.language;
        let ordered = local_time(told.ordered_ms, self.moment.offset_minutes, "%m-%d");
        let count = told.lines.iter().filter(|line| wanted(told, kind, line) > 0).count();
        let (name, value) = if kind == StockMove::TransferIn {
            let left = if told.left {
                self.words("已发出", "On its way")
            } else {
                self.words("还没听说发出", "Not heard that it left")
            };
            (say(language, &format!("来自 {}", told.from), &format!("From {}", told.from)), left)
        } else {
            (say(language, &format!("调往 {}", told.to), &format!("To {}", told.to)), ordered)
        };
        let lines = say(language, &format!("{count} 种"), &format!("{count} items"));
        let detail = [told.number.as_str(), lines.as_str(), told.note.as_str()];
        let detail: Vec<&str> = detail.into_iter().filter(|part| !part.is_empty()).collect();
        numbered(index, name, detail.join(" · "), value)
    }

    /// Enter on the list: the document of the transfer that is chosen.
    pub(super) fn go_transfers(&mut self, work: StockWork) {
        let kind = work.kind(0);
        let row = self.sheet().map_or(0, |sheet| sheet.row);
        let known: Vec<&pull::Transfer> = self.transfers_of(kind).collect();
        let Some(told) = known.get(row.min(known.len().saturating_sub(1))) else { return };
        let told = (*told).clone();
        let State::Open(open) = &self.state else { return };
        let (mut items, mut counts, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        for line in &told.lines {
            let thousandths = wanted(&told, kind, line);
            if thousandths <= 0 {
                continue;
            }
            match open.reference().item_by_sku(&line.sku) {
                Ok(Some(item)) => {
                    items.push(item);
                    counts.push(thousandths);
                }
                Ok(None) | Err(_) => unknown.push(line.sku.clone()),
            }
        }
        self.pop_sheet();
        self.open_sheet(Kind::Stock(work));
        let Some(sheet) = self.sheet_mut() else { return };
        (sheet.items, sheet.counts) = (items, counts);
        let other = if kind == StockMove::TransferIn { &told.from } else { &told.to };
        for (place, text) in [(DOCUMENT, &told.number), (OTHER, other)] {
            if let Some(field) = sheet.fields.get_mut(place) {
                field.text.clone_from(text);
            }
        }
        sheet.of_transfer = Some(OfTransfer { told, warned: false });
        self.commands.push(Command::Play(Sound::Accepted));
        if !unknown.is_empty() {
            let what = say(
                self.front.language,
                &format!("有 {} 种这里还不认识，没有列出", unknown.len()),
                &format!("{} items are not known here and left out", unknown.len()),
            );
            let rest = say(
                self.front.language,
                &format!("编码 {}。问总部；其余照常。", unknown.join("、")),
                &format!("Item codes {}. Ask HQ; the others go as ever.", unknown.join(", ")),
            );
            self.notice(Notice::Said { tone: Tone::Attend, what, rest });
        }
    }

    /// The list is left for a document without an order.
    pub(super) fn key_transfers(&mut self, work: StockWork) {
        self.pop_sheet();
        self.open_sheet(Kind::Stock(work));
    }

    /// Whether HQ wants a transfer no more whose document is about to be written down: the first time that is said, and
    /// nothing is written. Goods that are gone all the same are written down the second time.
    pub(super) fn warns_of_withdrawn(&mut self, kind: StockMove, document: &str) -> bool {
        let Some(of) = self.sheet().and_then(|sheet| sheet.of_transfer.as_ref()) else { return false };
        let is_same = of.told.number == document;
        let is_wanted = self.transfers_of(kind).any(|told| told.number == document);
        // A key that bounces or is held is no second time.
        if !is_same || is_wanted || of.warned && !self.is_calm() {
            return false;
        }
        if let Some(of) = self.sheet_mut().and_then(|sheet| sheet.of_transfer.as_mut()) {
            of.warned = true;
        }
        self.rest();
        self.front.say(
            Tone::Stop,
            (
                "总部已撤回这张单，或已经做过了",
                "什么都没有记。货没动就按 Esc 退出；真的发了或收了，再按一次 F8。",
            ),
            (
                "HQ took this transfer back, or it is done already",
                "Nothing was written. Esc if no goods moved; F8 again if they really did.",
            ),
        );
        self.commands.push(Command::Play(Sound::Blocked));
        true
    }
}
