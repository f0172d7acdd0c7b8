//! Goods that are counted while the lane sells on: which count is open, what was found, and where the store's lanes were.
//!
//! What was found lies on the disk after every act ([`ledger::counting`]). How it is shown and worked at, in the sheets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::barcode::Barcode;
use domain::catalogue::{Catalogue, Item};
use domain::record::Record;
use domain::stock::STOCK_LINES_MAX;
use drivers::sound::Tone as Sound;
use ledger::counting::{CountRefused, DRAFTS_MAX, Draft, DraftLine, Drafts, Scope};
use ledger::journal::JournalReader;
use protocol::event::Position;
use ui::view::Tone;

use crate::lane::{Command, Lane, State, words};
use crate::sheet::say;

/// The most lists of goods that are offered.
const LISTS_MAX: usize = 20;

/// The most bytes of a list of goods.
const LIST_BYTES_MAX: u64 = 1 << 20;

/// Goods that are read of a category at one time.
const GOODS_AT_A_TIME: usize = 500;

/// Events that are looked through for a count that may have been written down.
const EVENTS_LOOKED_AT: usize = 64;

/// What the lane knows of the count that is open.
#[derive(Debug, Default)]
pub(crate) struct Counting {
    /// The count that is open on the screen.
    pub(crate) draft: Option<Draft>,
    /// What can be begun or gone on with.
    pub(crate) choices: Vec<Begin>,
    /// Goods of the open count by their codes, as far as the store has them.
    items: BTreeMap<String, Arc<Item>>,
    /// The goods that are to be counted; `None` where it is whatever is scanned.
    wanted: Option<Vec<Arc<Item>>>,
    /// Items that were found since the other lanes were asked about.
    waiting: Vec<String>,
    /// What was said of other lanes last; `None` before anybody was asked.
    pub(crate) said: Option<Said>,
}

/// What was said of the store's other lanes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// Nobody answered.
    Nothing,
    /// All are known but these.
    But(Vec<u32>),
}

/// A count to begin, or to go on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Begin {
    /// One that is not finished.
    Resume(Box<Draft>),
    /// Whatever is scanned.
    Free,
    /// The goods of a file.
    List { name: String, file: PathBuf },
    /// The goods of a category.
    Category { id: String, chinese: String, english: String },
}

impl Lane {
    fn drafts(&self) -> Drafts {
        Drafts::new(self.paths.counts())
    }

    /// Reads what can be begun or gone on with.
    pub(crate) fn find_counts(&mut self) {
        let (drafts, errors) = self.drafts().list();
        let (done, drafts): (Vec<Draft>, Vec<Draft>) =
            drafts.into_iter().partition(|draft| draft.lines.is_empty() || self.is_written_down(draft));
        for draft in done {
            self.drop_draft(&draft.document);
        }
        let mut choices: Vec<Begin> =
            drafts.into_iter().map(|draft| Begin::Resume(Box::new(draft))).collect();
        choices.push(Begin::Free);
        let State::Open(open) = &self.state else { return };
        choices.extend(lists_in(&self.paths.count_lists()));
        match open.reference().categories() {
            Ok(categories) => choices.extend(categories.into_iter().map(|category| Begin::Category {
                id: category.id,
                chinese: category.name_zh,
                english: category.name_en,
            })),
            Err(error) => tracing::warn!(error = words(&error), "categories not read"),
        }
        self.counting.choices = choices;
        if let Some(error) = errors.first() {
            tracing::error!(error = words(error), "a count that was begun cannot be read");
            self.front.say(
                Tone::Attend,
                ("有一张没盘完的单读不出来", "别的照常能盘。文件没有动，请找技术人员看日志。"),
                (
                    "A count that was begun cannot be read",
                    "Others can be counted. The file is as it was; a technician finds its name in the log.",
                ),
            );
        }
    }

    /// Whether a count is in the journal already: the lane was stopped between writing it down and letting the file go.
    fn is_written_down(&self, draft: &Draft) -> bool {
        let Some(after) = draft.ends_after else { return false };
        let Ok(Some(reader)) = JournalReader::open(&self.paths.journal()) else { return false };
        let Ok(entries) = reader.entries_after(after, EVENTS_LOOKED_AT, usize::MAX) else { return false };
        entries.iter().filter_map(|entry| reader.stored(entry).ok()).any(|stored| match stored.record {
            Record::StockCounted { count, .. } => count.document == draft.document,
            _ => false,
        })
    }

    fn drop_draft(&mut self, document: &str) {
        if let Err(error) = self.drafts().drop(document) {
            // It would be offered again, and HQ takes a number once.
            tracing::error!(error = words(&error), "a count that is over is still there");
        }
    }

    /// A count that is not finished is not wanted any more.
    pub(crate) fn discard_count(&mut self, document: &str) {
        self.drop_draft(document);
        self.find_counts();
    }

    /// Begins a count, or goes on with one. Whether one is open now.
    pub(crate) fn begin_count(&mut self, begin: Begin) -> bool {
        let State::Open(open) = &self.state else { return false };
        let scope = match begin {
            Begin::Resume(draft) => return self.open_draft(*draft),
            Begin::Free => Scope::Free {},
            Begin::Category { id, .. } => Scope::Category { id },
            Begin::List { name, file } => match goods_of_list(open.reference(), &file) {
                Ok((skus, unknown)) => {
                    if unknown > 0 {
                        let what = say(
                            self.front.language,
                            &format!("清单里有 {unknown} 行不认识"),
                            &format!("{unknown} lines of the list are no goods here"),
                        );
                        let rest = say(self.front.language, "其余照常盘。", "The others are counted.");
                        self.front.notice = Some(ui::view::Notice::Said { tone: Tone::Attend, what, rest });
                    }
                    Scope::List { name, skus }
                }
                Err(reason) => {
                    tracing::warn!(reason, "a list of goods is not read");
                    self.front.say(
                        Tone::Attend,
                        ("清单读不了", "每行一个编码的文本文件，不超过 1 MB、2000 行。先自由盘点也行。"),
                        (
                            "The list cannot be read",
                            "A text file, one code a line, 1 MB and 2000 lines at most. Or count freely.",
                        ),
                    );
                    self.commands.push(Command::Play(Sound::Blocked));
                    return false;
                }
            },
        };
        let drafts = self.counting.choices.iter().filter(|choice| matches!(choice, Begin::Resume(_))).count();
        if drafts >= DRAFTS_MAX {
            self.front.say(
                Tone::Attend,
                ("没盘完的单太多", "先完成或丢弃一张，再开新的。"),
                ("Too many counts are begun", "Finish or drop one, then begin another."),
            );
            self.commands.push(Command::Play(Sound::Blocked));
            return false;
        }
        let head = open.journal().head();
        let identity = open.journal().identity();
        let number = format!("C{}-{}-{}", identity.lane, identity.epoch, head.seq + 1);
        let is_taken = |number: &str| {
            self.counting
                .choices
                .iter()
                .any(|choice| matches!(choice, Begin::Resume(draft) if draft.document == number))
        };
        // Two may be begun after the same event.
        let document = std::iter::once(number.clone())
            .chain((2..).map(|again| format!("{number}-{again}")))
            .find(|number| !is_taken(number))
            .unwrap_or(number);
        let staff = open.till().desk().staff().map(|staff| staff.id.clone()).unwrap_or_default();
        let draft = Draft {
            document,
            begun_ms: self.moment.now_ms,
            staff,
            scope,
            lines: Vec::new(),
            counts_missing: false,
            ends_after: None,
        };
        self.keep_draft(&draft) && self.open_draft(draft)
    }

    fn open_draft(&mut self, draft: Draft) -> bool {
        let State::Open(open) = &self.state else { return false };
        let reference = open.reference();
        let by_sku = |sku: &str| reference.item_by_sku(sku).ok().flatten();
        let items =
            draft.lines.iter().filter_map(|line| Some((line.sku.clone(), by_sku(&line.sku)?))).collect();
        let wanted = match &draft.scope {
            Scope::Free {} => None,
            Scope::List { skus, .. } => Some(skus.iter().filter_map(|sku| by_sku(sku)).collect()),
            Scope::Category { id } => {
                let mut goods: Vec<Arc<Item>> = Vec::new();
                // One more than can be counted shows that not all of them fit.
                while goods.len() <= STOCK_LINES_MAX {
                    match reference.in_category(id, goods.len(), GOODS_AT_A_TIME) {
                        Ok(page) if page.is_empty() => break,
                        Ok(page) => goods.extend(page),
                        Err(error) => {
                            tracing::warn!(error = words(&error), "the goods of a category are not read");
                            break;
                        }
                    }
                }
                Some(goods)
            }
        };
        self.counting = Counting { draft: Some(draft), items, wanted, ..Counting::default() };
        true
    }

    /// Puts the count on the disk; whether it is there. Where the disk refuses nothing of it changed.
    fn keep_draft(&mut self, draft: &Draft) -> bool {
        let Err(error) = self.drafts().keep(draft) else { return true };
        tracing::error!(error = words(&error), "a count is not kept");
        self.front.say(
            Tone::Stop,
            ("盘点没存上", "刚才这一下没记；之前的都在。请看磁盘是否满了，再来一次。"),
            (
                "The count was not kept",
                "The last act did not count; what was before is safe. See whether the disk is full, then again.",
            ),
        );
        self.commands.push(Command::Play(Sound::Blocked));
        false
    }

    /// Changes the open count; what the disk does not take did not happen.
    pub(crate) fn change_count(
        &mut self,
        change: impl FnOnce(&mut Draft) -> Result<(), CountRefused>,
    ) -> bool {
        let Some(draft) = &self.counting.draft else { return false };
        let mut changed = draft.clone();
        match change(&mut changed) {
            Ok(()) if self.keep_draft(&changed) => {
                self.counting.draft = Some(changed);
                true
            }
            Ok(()) => false,
            Err(refused) => {
                self.refuse_count(refused);
                false
            }
        }
    }

    fn refuse_count(&mut self, refused: CountRefused) {
        match refused {
            CountRefused::Full => self.front.say(
                Tone::Attend,
                ("这张盘点单满了", "按 F8 核对记账，再开一张继续盘。"),
                ("This count is full", "F8 checks it and writes it down; then begin another."),
            ),
            CountRefused::Quantity => self.front.say(
                Tone::Attend,
                ("数量不对", "一种商品最多 99,999；重新输一个数。"),
                ("That quantity cannot be", "99,999 of one item at most; type another."),
            ),
        }
        self.commands.push(Command::Play(Sound::Blocked));
    }

    /// So much more of some goods was found. Gives the line's place.
    pub(crate) fn find_goods_counted(&mut self, item: &Arc<Item>, more: i64) -> Option<usize> {
        let State::Open(open) = &self.state else { return None };
        let (identity, head) = (open.journal().identity(), open.journal().head());
        let own = Position { lane: identity.lane, epoch: identity.epoch, seq: head.seq };
        let now_ms = self.moment.now_ms;
        let is_new = self.counting.draft.as_ref()?.lines.iter().all(|line| line.sku != item.sku);
        let sku = item.sku.clone();
        let line = || DraftLine { sku, quantity: 0, go: 0, at_ms: now_ms, own, others: Vec::new() };
        let mut place = None;
        self.counting.items.insert(item.sku.clone(), item.clone());
        let is_kept = self.change_count(|draft| {
            place = Some(draft.find(&item.sku, more, line)?);
            Ok(())
        });
        if is_kept && is_new {
            self.counting.waiting.push(item.sku.clone());
            self.ask_for_positions();
        }
        place.filter(|_| is_kept)
    }

    /// How far the store's other lanes were, as somebody said or nobody did.
    pub(crate) fn hear_positions(&mut self, said: Option<(Vec<Position>, Vec<u32>)>) {
        let waiting = std::mem::take(&mut self.counting.waiting);
        let own = self.journal().map_or(0, |journal| journal.identity().lane);
        let Some((known, unknown)) = said else {
            self.counting.said = Some(Said::Nothing);
            return;
        };
        self.counting.said = Some(Said::But(unknown.into_iter().filter(|lane| *lane != own).collect()));
        if waiting.is_empty() {
            return;
        }
        self.change_count(|draft| {
            waiting.iter().for_each(|sku| draft.hear(sku, &known));
            Ok(())
        });
    }

    /// A count was written down: the journal has it.
    pub(crate) fn end_count(&mut self, document: &str) {
        self.drop_draft(document);
        if self.counting.draft.as_ref().is_some_and(|draft| draft.document == document) {
            self.counting = Counting::default();
        }
    }

    /// The goods that the open count is about and that were not found.
    pub(crate) fn goods_not_found(&self) -> Vec<Arc<Item>> {
        let (Some(draft), Some(wanted)) = (&self.counting.draft, &self.counting.wanted) else {
            return Vec::new();
        };
        let found: BTreeSet<&str> = draft.lines.iter().map(|line| line.sku.as_str()).collect();
        wanted.iter().filter(|item| !found.contains(item.sku.as_str())).cloned().collect()
    }

    /// Whether the open count is about these goods.
    pub(crate) fn is_wanted(&self, sku: &str) -> bool {
        self.counting.wanted.as_ref().is_none_or(|wanted| wanted.iter().any(|item| item.sku == sku))
    }

    /// The goods of a line, where the store still has them.
    pub(crate) fn counted_item(&self, sku: &str) -> Option<&Arc<Item>> {
        self.counting.items.get(sku)
    }

    /// The open count as it is written down, with what was not found where that counts as none; `None` where it has too
    /// many lines then.
    pub(crate) fn draft_to_write(&self) -> Option<Draft> {
        let State::Open(open) = &self.state else { return None };
        let mut draft = self.counting.draft.clone()?;
        if draft.counts_missing {
            let (identity, head) = (open.journal().identity(), open.journal().head());
            let own = Position { lane: identity.lane, epoch: identity.epoch, seq: head.seq };
            // That there are none is known since the shelves were gone through: where lanes were then, the last line knows.
            let (at_ms, own, others) =
                draft.lines.last().map_or((self.moment.now_ms, own, Vec::new()), |last| {
                    (last.at_ms, last.own, last.others.clone())
                });
            let missing = self.goods_not_found();
            if draft.lines.len() + missing.len() > STOCK_LINES_MAX {
                return None;
            }
            draft.lines.extend(missing.into_iter().map(|item| DraftLine {
                sku: item.sku.clone(),
                quantity: 0,
                go: 0,
                at_ms,
                own,
                others: others.clone(),
            }));
        }
        Some(draft)
    }

    /// Goods of the stock room by their code, with how much a scan of it stands for, thousandths: a case is the pieces in it,
    /// a scale's label what it weighs; of weighed goods without a weight, nothing yet.
    pub(crate) fn goods_of_stock(&self, text: &str) -> Option<(Arc<Item>, i64)> {
        let State::Open(open) = &self.state else { return None };
        let reference = open.reference();
        let of_item = |item: Arc<Item>| {
            let one = if item.weighed { 0 } else { 1_000 };
            (item, one)
        };
        match self.recognised(text)? {
            Barcode::Goods(goods) => {
                let found = match (reference.item_by_gtin(&goods.gtin), &goods.also) {
                    (Ok(None), Some(also)) => reference.item_by_gtin(also),
                    (answer, _) => answer,
                };
                let found = found.ok()??;
                let measured = if found.item.weighed { goods.weight } else { goods.count };
                let factor = found.unit.as_ref().map_or(1, |sold| i64::from(sold.unit.factor));
                let (item, one) = of_item(found.item);
                let units = measured.map_or(one, domain::money::Quantity::thousandths);
                Some((item, units.saturating_mul(factor)))
            }
            Barcode::ItemCode(code) | Barcode::Misread(code, _) => {
                let item = match reference.item_by_plu(&code) {
                    Ok(None) => reference.item_by_sku(&code),
                    answer => answer,
                };
                item.ok()?.map(of_item)
            }
            Barcode::Scale(label) => {
                let (item, one) = of_item(reference.item_by_plu(&label.plu).ok()??);
                Some((item, label.weight.map_or(one, domain::money::Quantity::thousandths)))
            }
            Barcode::Member(_)
            | Barcode::Coupon(_)
            | Barcode::Staff(_)
            | Barcode::Receipt(_)
            | Barcode::Label(_)
            | Barcode::Phone(_)
            | Barcode::Payment
            | Barcode::Malformed(_)
            | Barcode::Other(_) => None,
        }
    }
}

/// The lists of goods in a folder, by name.
fn lists_in(folder: &Path) -> Vec<Begin> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let is_list = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "txt" || ending == "csv");
    let mut files: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(is_list).collect();
    files.sort();
    files.truncate(LISTS_MAX);
    let named = |file: PathBuf| {
        let name = file.file_stem()?.to_string_lossy().into_owned();
        Some(Begin::List { name, file })
    };
    files.into_iter().filter_map(named).collect()
}

/// The item codes that a list names, and how many of its lines are no goods. A line begins with an item's code or
/// barcode; what follows a comma, semicolon or tab is not read.
fn goods_of_list(
    reference: &ledger::reference::Reference,
    file: &Path,
) -> Result<(Vec<String>, usize), String> {
    let length = std::fs::metadata(file).map_err(|error| error.to_string())?.len();
    if length > LIST_BYTES_MAX {
        return Err(format!("{length} bytes are more than {LIST_BYTES_MAX}"));
    }
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    let (mut skus, mut unknown) = (Vec::new(), 0);
    let mut seen = BTreeSet::new();
    for line in text.trim_start_matches('\u{feff}').lines() {
        let code = line.split([',', ';', '\t']).next().unwrap_or_default().trim().trim_matches('"');
        if code.is_empty() {
            continue;
        }
        let by_gtin = domain::barcode::Gtin::parse(code)
            .ok()
            .and_then(|gtin| Some(reference.item_by_gtin(&gtin).ok()??.item));
        match by_gtin.or_else(|| reference.item_by_sku(code).ok().flatten()) {
            Some(item) if seen.insert(item.sku.clone()) => skus.push(item.sku.clone()),
            Some(_) => {}
            None => unknown += 1,
        }
        if skus.len() > STOCK_LINES_MAX {
            return Err(format!("it names more than {STOCK_LINES_MAX} goods"));
        }
    }
    if skus.is_empty() {
        return Err("it names no goods of this store".to_owned());
    }
    Ok((skus, unknown))
}
