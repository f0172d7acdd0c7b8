//! Receipts that are looked for without the paper, to give goods back: a member's, or those that a card paid on a day.
//! This lane's own are listed at once; HQ, or the store's relay, adds those of others. What lies in one is not shown:
//! goods that are scanned or typed leave the receipts that hold them.

use std::cmp::Reverse;
use std::sync::Arc;

use chrono::{Days, NaiveDate};
use domain::barcode::{Barcode, ReceiptCode};
use domain::catalogue::{Catalogue as _, Item};
use domain::money::Money;
use domain::record::Record;
use domain::refund::{Origin, PastSale};
use domain::sale::Sale;
use domain::tender::CardEnd;
use drivers::sound::Tone as Sound;
use ledger::journal::Stored;
use protocol::ask::{
    Answer, Knows, Question, RECEIPT_GOODS_MAX, RECEIPTS_BACK_DAYS, RECEIPTS_TOLD_MAX, ReceiptShown, Sought,
};
use ui::view::{self, Figure, Notice, SheetKey, Tone};

use super::{Kind, Open, key, numbered};
use crate::lane::{Command, Lane, OpenLane, State};
use crate::present;

/// How far back this lane looks through its own journal, milliseconds.
const BACK_MS: i64 = RECEIPTS_BACK_DAYS as i64 * 86_400_000;

/// A Chinese mobile number: 1 and ten digits more. No receipt has a number so long.
const MOBILE_LENGTH: usize = 11;

/// By what receipts are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BoughtBy {
    /// By who bought.
    Member,
    /// By the card, the day and the amount.
    Payment,
}

impl BoughtBy {
    /// The field for goods that a receipt is to hold.
    const fn goods_field(self) -> usize {
        match self {
            Self::Member => 1,
            Self::Payment => 2,
        }
    }
}

/// Who has said which receipts there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Heard {
    /// Nothing was looked for yet.
    #[default]
    Nothing,
    /// This lane's own; others are being asked.
    Asked,
    /// This lane's own; nobody else answered.
    Alone,
    /// These have.
    Told(Knows),
    /// HQ knows of no such member.
    Nobody,
}

/// Receipts that are looked for.
#[derive(Debug, Default)]
pub(crate) struct Bought {
    /// Which search it is; answers to others are for nobody.
    number: u64,
    /// What stood in the fields then, and on which day; another Enter then chooses.
    typed: Vec<String>,
    /// Item codes of which a receipt is to hold one.
    goods: Vec<String>,
    heard: Heard,
    rows: Vec<ReceiptShown>,
    more: bool,
    /// Nobody here knows a member by what was typed, so nothing of this lane's own was looked through.
    unknown_here: bool,
    /// How a member may be shown.
    shown: String,
    /// So many days before this one.
    days_back: u64,
}

impl Lane {
    fn bought_day(&self) -> NaiveDate {
        let shift = self.till().and_then(|till| till.shift()).map(|shift| shift.business_date);
        let today = shift.unwrap_or_else(|| self.today());
        today.checked_sub_days(Days::new(self.bought.days_back)).unwrap_or(today)
    }

    /// What stands in the fields, with the day.
    fn typed_bought(&self, sheet: &Open) -> Vec<String> {
        let texts = sheet.fields.iter().map(|field| field.text.trim().to_owned());
        texts.chain([self.bought.days_back.to_string()]).collect()
    }

    pub(super) fn show_bought(&self, open: &OpenLane, sheet: &Open, by: BoughtBy) -> view::Sheet {
        let currency = &open.settings().currency;
        let own = open.journal().identity();
        let rows: Vec<_> = self
            .bought
            .rows
            .iter()
            .enumerate()
            .map(|(index, receipt)| {
                let origin = Origin::from(&receipt.origin);
                let time = present::local_time(receipt.at_ms, self.moment.offset_minutes, "%m-%d %H:%M");
                let (store, lane) = (&origin.store, origin.lane);
                let place = match *store == own.store {
                    true if lane == own.lane => self.words("本台", "this lane"),
                    true => super::say(self.front.language, &format!("{lane} 号台"), &format!("lane {lane}")),
                    false => super::say(
                        self.front.language,
                        &format!("{store} 店 {lane} 号台"),
                        &format!("store {store}, lane {lane}"),
                    ),
                };
                let (left, number) = (Money::from_minor(receipt.left), domain::receipt::number(&origin));
                let left_words = match receipt.left {
                    0 => self.words("已全部退完", "all of it came back"),
                    _ => format!("{} {}", self.words("可退", "can go back:"), currency.format(left)),
                };
                view::SheetRow {
                    tone: if receipt.left == 0 { Tone::Stop } else { Tone::Quiet },
                    ..numbered(
                        index,
                        format!("{time} · {place}"),
                        format!("{left_words} · {number}"),
                        present::amount(currency, Money::from_minor(receipt.payable)),
                    )
                }
            })
            .collect();
        let chooses = !rows.is_empty() && self.bought.typed == self.typed_bought(sheet);
        let labels: &[(&str, &str)] = match by {
            BoughtBy::Member => &[
                ("会员号、卡号或手机", "Number, card or telephone"),
                ("里面有这件商品", "Holds these goods"),
            ],
            BoughtBy::Payment => &[
                ("卡号末四位", "Card: last four digits"),
                ("金额（可不填）", "Amount (may be empty)"),
                ("里面有这件商品", "Holds these goods"),
            ],
        };
        let day = self.bought_day();
        let is_last = self.bought.days_back >= RECEIPTS_BACK_DAYS;
        view::Sheet {
            tone: Tone::Attend,
            text: self.bought_words(by),
            figure: (by == BoughtBy::Payment).then(|| Figure {
                label: match self.bought.days_back {
                    0 => self.words("营业日（今天）", "Today"),
                    back => super::say(
                        self.front.language,
                        &format!("营业日（{back} 天前）"),
                        &format!("{back} days ago"),
                    ),
                },
                value: day.format("%Y-%m-%d").to_string(),
                tone: Tone::Quiet,
            }),
            fields: self.fields(sheet, labels),
            selected: (!rows.is_empty()).then_some(sheet.row),
            rows,
            empty: match self.bought.heard {
                Heard::Nothing => String::new(),
                Heard::Asked => self.words("正在查……", "Looking …"),
                Heard::Alone | Heard::Told(_) | Heard::Nobody => {
                    self.words("没有找到小票", "No receipt was found")
                }
            },
            keys: match by {
                BoughtBy::Member => Vec::new(),
                BoughtBy::Payment => vec![
                    SheetKey { enabled: !is_last, ..key(self.words("前一天", "Day before"), "F2") },
                    SheetKey {
                        enabled: self.bought.days_back > 0,
                        ..key(self.words("后一天", "Day after"), "F3")
                    },
                ],
            },
            go: if chooses {
                self.words("退这一张", "Return from it")
            } else {
                self.words("查小票", "Find")
            },
            can_go: chooses || sheet.fields.iter().any(|field| !field.text.trim().is_empty()),
            letters: sheet.focus == by.goods_field(),
            ..self.blank(match by {
                BoughtBy::Member => self.words("退货 · 会员的小票", "Return · a member's receipts"),
                BoughtBy::Payment => self.words("退货 · 按刷卡找小票", "Return · by card and date"),
            })
        }
    }

    fn bought_words(&self, by: BoughtBy) -> String {
        let days = RECEIPTS_BACK_DAYS;
        let about = match by {
            BoughtBy::Member if !self.bought.shown.is_empty() => format!("{} · ", self.bought.shown),
            BoughtBy::Member | BoughtBy::Payment => String::new(),
        };
        let more = if self.bought.more {
            self.words("只列出最近的，扫商品来缩小。", "Only the newest are listed: scan goods to narrow it.")
        } else {
            self.words("扫商品，只留下有它的小票。", "Scan goods to keep the receipts that hold them.")
        };
        match (self.bought.heard, by) {
            (Heard::Nothing, BoughtBy::Member) => super::say(
                self.front.language,
                &format!("扫会员码，或输入卡号、会员号、手机号，回车。查最近 {days} 天。"),
                &format!("Scan the card, or type number or telephone, Enter. The last {days} days are looked at."),
            ),
            (Heard::Nothing, BoughtBy::Payment) => self.words(
                "看顾客的卡，输末四位，回车。不是今天：F2 往前。没有卡：只输金额也能查。",
                "Type the card's last four digits, Enter. Not today: F2 goes back. Without the card the amount will do.",
            ),
            (Heard::Asked, _) => format!(
                "{about}{}",
                self.words("本台的先列出，正在问总部……", "This lane's own so far; HQ is being asked …")
            ),
            (Heard::Alone, BoughtBy::Member) if self.bought.unknown_here => self.words(
                "总部没有应答，本台不认识这个号码：请扫会员卡，或找到小票。",
                "HQ did not answer, and this lane does not know the number: scan the member's card, or bring the receipt.",
            ),
            (Heard::Alone, _) => format!(
                "{about}{}",
                self.words(
                    "总部没有应答：只列出本台自己的小票。别台的请找到小票，或等连上再查。",
                    "HQ did not answer: only this lane's own receipts. For others bring the receipt, or look again later.",
                )
            ),
            (Heard::Told(Knows::Store), _) => format!(
                "{about}{}{more}",
                self.words("总部没有应答：只列出本店的小票。", "HQ did not answer: only this store's receipts. ")
            ),
            (Heard::Told(Knows::Chain), BoughtBy::Member) => {
                format!("{about}{}{more}", self.words("选一张，回车。", "Choose one, Enter. "))
            }
            (Heard::Told(Knows::Chain), BoughtBy::Payment) => {
                format!("{}{more}", self.words("选一张，回车。和顾客核对金额。", "Choose one, Enter. Check the amount with the customer. "))
            }
            (Heard::Nobody, _) => self.words(
                "没有这个会员。核对号码再试，或按刷卡、小票退。",
                "Nobody has this number. Check it, or return by card or receipt.",
            ),
        }
    }

    /// Opens the list; whoever buys already is who brings goods back.
    pub(super) fn open_bought(&mut self, by: BoughtBy, code: &str) {
        let buyer = self.till().and_then(|till| till.basket().member()).map(|member| member.id.clone());
        let code = match by {
            BoughtBy::Member if code.is_empty() => buyer.unwrap_or_default(),
            BoughtBy::Member | BoughtBy::Payment => code.to_owned(),
        };
        self.bought = Bought { number: self.bought.number + 1, ..Bought::default() };
        self.open_sheet(Kind::Bought(by));
        if !code.is_empty()
            && let Some(field) = self.sheet_mut().and_then(Open::focused)
        {
            field.text = code;
            self.look_for_bought(by);
        }
    }

    /// Whether a text on the return sheet names a member and no receipt.
    pub(super) fn names_member(&self, text: &str) -> bool {
        let is_mobile = text.len() == MOBILE_LENGTH
            && text.starts_with('1')
            && text.bytes().all(|byte| byte.is_ascii_digit());
        is_mobile || matches!(self.recognised(text), Some(Barcode::Member(_)))
    }

    pub(super) fn go_bought(&mut self, by: BoughtBy) {
        let Some(sheet) = self.sheet() else { return };
        let chosen = self.bought.rows.get(sheet.row).map(|receipt| Origin::from(&receipt.origin));
        match chosen.filter(|_| self.bought.typed == self.typed_bought(sheet)) {
            Some(origin) => self.return_bought(origin),
            None => self.look_for_bought(by),
        }
    }

    /// Gives back of a receipt as if it had been scanned. The list stays below until the return has begun.
    fn return_bought(&mut self, origin: Origin) {
        let Origin { store, lane, epoch, seq } = origin;
        self.front.sheets.retain(|sheet| sheet.kind != Kind::GiveBack);
        self.open_sheet(Kind::GiveBack);
        self.claim_receipt(ReceiptCode { store, lane, epoch, seq });
    }

    fn look_for_bought(&mut self, by: BoughtBy) {
        let State::Open(open) = &self.state else { return };
        let Some(sheet) = self.sheet() else { return };
        let typed = self.typed_bought(sheet);
        let text = |field: usize| typed.get(field).map(String::as_str).unwrap_or_default();
        let mut shown = String::new();
        let (sought, own) = match by {
            BoughtBy::Member => {
                let code = match self.recognised(text(0)) {
                    Some(Barcode::Member(code)) => code,
                    Some(_) | None => text(0).to_owned(),
                };
                if code.is_empty() {
                    return;
                }
                match open.reference().member(&code) {
                    Err(error) => {
                        let reason = crate::lane::words(&error);
                        return self.notice(Notice::ReferenceFault { reason });
                    }
                    Ok(Some(member)) => {
                        shown.clone_from(&member.shown);
                        (Sought::Member { code: member.id.clone() }, true)
                    }
                    // A telephone number leaves the lane as its hash.
                    Ok(None) => {
                        let Question::Member { code } = Question::member(&code) else { return };
                        (Sought::Member { code }, false)
                    }
                }
            }
            BoughtBy::Payment => {
                let amount = match text(1) {
                    "" => None,
                    amount => self.amount(amount).filter(|amount| amount.is_positive()),
                };
                if !text(1).is_empty() && amount.is_none()
                    || !text(0).is_empty() && CardEnd::parse(text(0)).is_err()
                {
                    self.commands.push(Command::Play(Sound::Blocked));
                    return self.front.say(
                        Tone::Attend,
                        ("查不了", "卡号末四位是四个数字；金额写如 12.50。已输入的都保留。"),
                        (
                            "That cannot be looked for",
                            "A card's end is four digits; write an amount as 12.50. What was typed stays.",
                        ),
                    );
                }
                let (card, day) = (text(0).to_owned(), self.bought_day());
                (Sought::Payment { card, day, amount: amount.map(Money::minor) }, true)
            }
        };
        let goods = match text(by.goods_field()) {
            "" => Vec::new(),
            text => {
                let items = self.goods_meant(text);
                if items.is_empty() {
                    let text = text.to_owned();
                    return self.notice(Notice::NothingFound { text });
                }
                items.iter().map(|item| item.sku.clone()).collect()
            }
        };
        let question = Question::Receipts { sought: sought.clone(), goods: goods.clone() };
        if !question.is_within_bounds() {
            return;
        }
        let number = self.bought.number + 1;
        self.bought = Bought {
            number,
            typed,
            goods,
            heard: Heard::Asked,
            unknown_here: !own,
            shown,
            days_back: self.bought.days_back,
            ..Bought::default()
        };
        if let Some(sheet) = self.sheet_mut() {
            sheet.row = 0;
        }
        if own {
            self.list_own_bought(&sought);
        }
        self.ask_for_receipts(question, number);
    }

    /// Goods by a code, or the best finds of a name.
    fn goods_meant(&mut self, text: &str) -> Vec<Arc<Item>> {
        if let Some(item) = self.goods_of_code(text) {
            return vec![item];
        }
        let State::Open(open) = &self.state else { return Vec::new() };
        match open.reference().search(text, RECEIPT_GOODS_MAX) {
            Ok(items) => items,
            Err(error) => {
                self.notice(Notice::ReferenceFault { reason: crate::lane::words(&error) });
                Vec::new()
            }
        }
    }

    /// Lists what this lane sold itself, which no answer can take away.
    fn list_own_bought(&mut self, sought: &Sought) {
        let State::Open(open) = &self.state else { return };
        let goods = &self.bought.goods;
        let since_ms = self.moment.now_ms - BACK_MS;
        let text = match sought {
            Sought::Member { code } => format!("\"member\":{code:?}"),
            Sought::Payment { card, amount, .. } if card.is_empty() => {
                format!(":{}", amount.unwrap_or_default())
            }
            Sought::Payment { card, .. } => format!("\"card\":{card:?}"),
        };
        let counts = |stored: &Stored| {
            let Record::SaleCompleted { sale } = &stored.record else { return false };
            let day = stored.stamp.business_date;
            stored.stamp.at_ms >= since_ms && is_sought(sale, day, sought) && holds_one(sale, goods)
        };
        let is_member = matches!(sought, Sought::Member { .. });
        let found = match open.journal().sought((&text, is_member), RECEIPTS_TOLD_MAX, counts) {
            Ok(found) => found,
            Err(error) => return self.notice(Notice::LedgerFault { reason: crate::lane::words(&error) }),
        };
        let sale_of = |stored: Stored| match stored.record {
            Record::SaleCompleted { sale } => Some(*sale),
            // Nothing else is a document.
            _ => None,
        };
        let later: Vec<Sale> = found.later.into_iter().filter_map(sale_of).collect();
        let identity = open.journal().identity().clone();
        let rows: Vec<ReceiptShown> = found
            .found
            .into_iter()
            .filter_map(|(epoch, stored)| {
                let (seq, at_ms) = (stored.seq, stored.stamp.at_ms);
                let sale = sale_of(stored)?;
                let origin = Origin { store: identity.store.clone(), lane: identity.lane, epoch, seq };
                let left = PastSale::left_of(origin.clone(), &sale, &later).minor();
                let (currency, payable) = (sale.currency, sale.payable.minor());
                Some(ReceiptShown { origin: (&origin).into(), at_ms, currency, payable, left })
            })
            .collect();
        self.add_bought(rows);
    }

    /// Adds receipts to the list, the newest first; the chosen one stays chosen.
    fn add_bought(&mut self, more: Vec<ReceiptShown>) {
        let State::Open(open) = &self.state else { return };
        let currency = open.settings().currency.code.clone();
        let sheet = self.front.sheets.iter().find(|sheet| matches!(sheet.kind, Kind::Bought(_)));
        let row = sheet.map_or(0, |sheet| sheet.row);
        let chosen = self.bought.rows.get(row).map(|receipt| receipt.origin.clone());
        for receipt in more {
            let rows = &mut self.bought.rows;
            match rows.iter_mut().find(|known| known.origin == receipt.origin) {
                // Each knows of what came back to itself.
                Some(known) => known.left = known.left.min(receipt.left),
                // Of another currency nothing can be given back here.
                None if receipt.currency == currency => rows.push(receipt),
                None => {}
            }
        }
        self.bought.rows.sort_by_key(|receipt| Reverse(receipt.at_ms));
        self.bought.rows.truncate(RECEIPTS_TOLD_MAX);
        let row = chosen.and_then(|chosen| self.bought.rows.iter().position(|known| known.origin == chosen));
        if let Some(sheet) = self.front.sheets.iter_mut().find(|sheet| matches!(sheet.kind, Kind::Bought(_)))
        {
            sheet.row = row.unwrap_or(0);
        }
    }

    /// What others know of the receipts that are looked for, or that nobody answered.
    pub(crate) fn hear_receipts(&mut self, number: u64, answer: Option<Answer>) {
        let is_open = self.front.sheets.iter().any(|sheet| matches!(sheet.kind, Kind::Bought(_)));
        if number != self.bought.number || !is_open {
            return;
        }
        let Some(Answer::Receipts { member, receipts, more, knows }) = answer else {
            self.bought.heard = Heard::Alone;
            return;
        };
        let by_member = self.front.sheets.iter().any(|sheet| sheet.kind == Kind::Bought(BoughtBy::Member));
        self.bought.heard = match (&member, knows) {
            (None, Knows::Chain) if by_member && self.bought.shown.is_empty() => Heard::Nobody,
            _ => Heard::Told(knows),
        };
        self.bought.more |= more;
        if let Some(member) = member {
            // Somebody whom only HQ knows may have bought here all the same.
            if self.bought.shown.is_empty() {
                self.list_own_bought(&Sought::Member { code: member.id });
            }
            self.bought.shown = member.shown;
        }
        self.add_bought(receipts);
    }

    pub(super) fn key_bought(&mut self, by: BoughtBy, index: usize) {
        let back = self.bought.days_back;
        self.bought.days_back = match index {
            0 => (back + 1).min(RECEIPTS_BACK_DAYS),
            _ => back.saturating_sub(1),
        };
        let asks = self.sheet().is_some_and(|sheet| !(sheet.text(0).is_empty() && sheet.text(1).is_empty()));
        if asks {
            self.look_for_bought(by);
        }
    }

    /// A receipt, a member's card, or goods that the receipt is to hold.
    pub(super) fn scan_for_bought(&mut self, by: BoughtBy, text: &str) -> bool {
        let Some(barcode) = self.recognised(text) else { return false };
        let field = match (&barcode, by) {
            (Barcode::Receipt(code), _) => {
                let ReceiptCode { store, lane, epoch, seq } = code.clone();
                self.return_bought(Origin { store, lane, epoch, seq });
                return true;
            }
            (Barcode::Member(_), BoughtBy::Member) => 0,
            (Barcode::Member(code), BoughtBy::Payment) => {
                let code = code.clone();
                self.pop_sheet();
                self.open_bought(BoughtBy::Member, &code);
                return true;
            }
            _ if self.goods_of_code(text).is_some() => by.goods_field(),
            _ => {
                let code = text.chars().filter(|character| !character.is_control()).take(32).collect();
                self.notice(Notice::UnknownCode { code });
                return true;
            }
        };
        if let Some(field) = self.sheet_mut().and_then(|sheet| sheet.fields.get_mut(field)) {
            field.text = text.trim().to_owned();
        }
        self.commands.push(Command::Play(Sound::Accepted));
        self.look_for_bought(by);
        true
    }
}

/// Whether a document is one that is looked for.
fn is_sought(sale: &Sale, of: NaiveDate, sought: &Sought) -> bool {
    if sale.lines.is_empty() {
        return false;
    }
    match sought {
        Sought::Member { code } => sale.buyer.as_ref().is_some_and(|buyer| buyer.member == *code),
        Sought::Payment { card, day, amount } => {
            let paid = |amount: i64| {
                sale.payable.minor() == amount
                    || sale.tenders.iter().any(|tender| tender.amount().minor() == amount)
            };
            let by_card = card.is_empty()
                || sale
                    .tenders
                    .iter()
                    .any(|tender| tender.card().is_some_and(|end| end.to_string() == *card));
            of == *day && by_card && amount.is_none_or(paid)
        }
    }
}

/// Whether a document holds one of these goods; any does where none are asked for.
fn holds_one(sale: &Sale, goods: &[String]) -> bool {
    goods.is_empty() || sale.lines.iter().any(|line| goods.contains(&line.item.sku))
}
