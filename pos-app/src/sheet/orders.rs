//! Orders of channels at the counter: the list, one order from accepting to its hand-over, and how one ends otherwise.
//!
//! One sheet is an order from beginning to end: what Enter does on it is always the next step. Goods that are scanned
//! over it go into its bag and never into the basket.

use domain::barcode::Barcode;
use domain::catalogue::{Catalogue, Item};
use domain::money::{Currency, Quantity};
use domain::order::OrderLine;
use domain::order::desk::{OrderAsk, OrderHere, OrderRefused, Standing, ToldOrder};
use domain::till::Input;
use drivers::sound::Tone as Sound;
use ui::view::{self, Figure, Notice, Script, SheetKey, SheetRow, Tone};

use super::{Attempt, Kind, Open, key, say};
use crate::lane::{Command, Lane, OpenLane, State};
use crate::orders::{code_of, refused, standing_words};
use crate::present::{self, local_time};

/// Where what lies in the bag is typed.
const QUANTITY: usize = 1;

/// Before the promised time an order is marked so early, milliseconds.
const SOON_MS: i64 = 15 * 60_000;

/// Why something is missing, as keys.
const REASONS: [(&str, &str, &str); 4] = [
    ("卖完了", "Sold out", "F2"),
    ("找不到", "Not found", "F3"),
    ("质量不好", "Not good enough", "F4"),
    ("重量不够", "Weighs less", "F5"),
];

/// Why the store does not do an order.
const REFUSALS: [(&str, &str); 4] = [
    ("卖完了", "Sold out"),
    ("来不及", "No time for it"),
    ("商品质量不好", "Goods are not good enough"),
    ("顾客要求取消", "The customer asked for it"),
];

/// A channel as people say it; HQ names channels by ids.
fn channel(id: &str, language: view::Language) -> String {
    let (chinese, english) = match id {
        "mini_program" => ("小程序", "Mini program"),
        "pickup" => ("自提", "Pick-up"),
        "express" => ("闪送", "Express"),
        "scheduled" => ("定时送", "Scheduled"),
        "subscription" => ("周期送", "Subscription"),
        "group_buy" => ("团购", "Group buy"),
        "takeaway" => ("外卖", "Take-away"),
        other => (other, other),
    };
    say(language, chinese, english)
}

/// So much of an item, as people read it.
fn amount(thousandths: i64) -> String {
    Quantity::from_thousandths(thousandths).map_or_else(|| "0".to_owned(), |quantity| quantity.to_string())
}

/// What a scan says of goods: the item, and how much of it, thousandths; of
/// weighed goods whose code says no weight, none.
struct Scanned {
    sku: String,
    thousandths: Option<i64>,
}

impl Lane {
    pub(super) fn show_orders(&self, sheet: &Open) -> view::Sheet {
        let rows: Vec<SheetRow> = self
            .open_orders_listed()
            .map(|(order, _, standing)| self.order_row(&order.told, standing))
            .collect();
        let late = self.open_orders_listed().filter(|(order, ..)| self.is_late(&order.told)).count();
        view::Sheet {
            tone: if late > 0 { Tone::Stop } else { Tone::Quiet },
            text: self.words(
                "顾客来取：扫取货码，或输入后回车。↑↓ 选一张单，回车打开。断网也能交付。",
                "Somebody comes: scan the pick-up code, or type it and Enter. ↑ ↓ and Enter open an order. Offline too.",
            ),
            figure: Some(Figure {
                label: if late > 0 { self.words("迟了", "Late") } else { self.words("订单", "Orders") },
                value: if late > 0 { late.to_string() } else { rows.len().to_string() },
                tone: if late > 0 { Tone::Stop } else { Tone::Quiet },
            }),
            selected: (!rows.is_empty()).then_some(sheet.row),
            empty: self.words("没有要做的订单", "No order waits for the store"),
            can_go: !rows.is_empty() || !sheet.text(0).is_empty(),
            rows,
            fields: self.fields(sheet, &[("取货码", "Pick-up code")]),
            letters: true,
            script: Script::Capitals,
            go: if sheet.text(0).is_empty() {
                self.words("打开", "Open")
            } else {
                self.words("查取货码", "Find the code")
            },
            ..self.blank(self.words("订单", "Orders"))
        }
    }

    fn is_late(&self, told: &ToldOrder) -> bool {
        told.promised_ms.is_some_and(|promised_ms| promised_ms < self.moment.now_ms)
    }

    /// When it was promised for: the time, with its day where that is another one.
    fn promised(&self, told: &ToldOrder) -> String {
        let Some(promised_ms) = told.promised_ms else { return self.words("不限时", "Any time") };
        let offset = self.moment.offset_minutes;
        let day = |ms| local_time(ms, offset, "%m-%d");
        let form = if day(promised_ms) == day(self.moment.now_ms) { "%H:%M" } else { "%m-%d %H:%M" };
        local_time(promised_ms, offset, form)
    }

    fn order_row(&self, told: &ToldOrder, standing: Standing) -> SheetRow {
        let language = self.front.language;
        let left_ms = told.promised_ms.map(|promised_ms| promised_ms.saturating_sub(self.moment.now_ms));
        let minutes = left_ms.map_or(0, |left_ms| (-left_ms).max(0) / 60_000);
        let mut detail = vec![channel(&told.channel, language)];
        detail.push(say(
            language,
            &format!("{} 种", told.lines.len()),
            &format!("{} lines", told.lines.len()),
        ));
        detail.push(told.id.clone());
        if self.is_late(told) {
            detail.push(say(language, &format!("迟了 {minutes} 分钟"), &format!("{minutes} min late")));
        }
        SheetRow {
            key: String::new(),
            name: format!("{}  {}", self.promised(told), told.shown).trim_end().to_owned(),
            detail: detail.join(" · "),
            value: standing_words(standing, language),
            tone: if self.is_late(told) {
                Tone::Stop
            } else if standing == Standing::Ready {
                Tone::Good
            } else if standing == Standing::New || left_ms.is_some_and(|left_ms| left_ms < SOON_MS) {
                Tone::Attend
            } else {
                Tone::Quiet
            },
            share: 0,
        }
    }

    /// Enter on the list: a code that was typed, or else the order that is chosen.
    pub(super) fn go_orders(&mut self) {
        let Some(sheet) = self.sheet() else { return };
        let (typed, row) = (sheet.text(0).trim().to_owned(), sheet.row);
        if !typed.is_empty() {
            if !self.open_by_code(&typed) {
                self.unknown_pick_up_code();
            }
            return;
        }
        let ids: Vec<String> = self.open_orders_listed().map(|(order, ..)| order.told.id.clone()).collect();
        let Some(id) = ids.get(row.min(ids.len().saturating_sub(1))) else { return };
        self.open_sheet(Kind::Order(id.clone()));
    }

    /// A scan over the list: a pick-up code; anything else leads back to selling.
    pub(super) fn scan_for_orders(&mut self, text: &str) -> bool {
        if self.open_by_code(text) {
            return true;
        }
        // What nobody sells here is a code that somebody hoped for.
        if self.scanned_goods(text).is_some() {
            return false;
        }
        self.unknown_pick_up_code();
        true
    }

    /// Nobody's code: what was typed stays to be compared, until the next is typed or scanned.
    fn unknown_pick_up_code(&mut self) {
        if let Some(sheet) = self.sheet_mut() {
            sheet.is_refused = true;
        }
        self.front.say(
            Tone::Stop,
            ("没有这个取货码", "可能已交付、已取消，或是别的门店的单。请顾客再看一下订单。"),
            (
                "No order here has this code",
                "It may be handed over, cancelled, or another store's. Ask for the order again.",
            ),
        );
        self.commands.push(Command::Play(Sound::Unknown));
    }

    /// Opens the order whose code this is, with the code put in.
    fn open_by_code(&mut self, code: &str) -> bool {
        let orders = self.orders_of_code(code);
        // Of two orders with one code, the one that lies ready.
        let here = self.till().map(domain::till::Till::orders);
        let standing = |told: &ToldOrder| told.standing(here.and_then(|here| here.get(&told.id)));
        let found = orders.iter().map(|order| (&order.told, standing(&order.told)));
        let first = found.clone().find(|(_, standing)| *standing == Standing::Ready).or(found.clone().next());
        let Some((id, standing)) = first.map(|(told, standing)| (told.id.clone(), standing)) else {
            return false;
        };
        if let Some(field) = self.sheet_mut().and_then(Open::focused) {
            field.text.clear();
        }
        self.open_sheet(Kind::Order(id));
        if let Some(field) = self.sheet_mut().and_then(|sheet| sheet.fields.first_mut()) {
            code.clone_into(&mut field.text);
        }
        self.rest();
        match standing {
            Standing::Ready => self.commands.push(Command::Play(Sound::Accepted)),
            // Nothing is given out: said at once, before anybody presses a key.
            Standing::New
            | Standing::Accepted
            | Standing::Picking
            | Standing::HandedOver
            | Standing::Ended => {
                let why = OrderRefused::OutOfTurn(standing);
                self.notice(refused(&why, self.front.language, self.moment.offset_minutes));
            }
        }
        true
    }

    pub(super) fn show_order(&self, open: &OpenLane, sheet: &Open, id: &str) -> view::Sheet {
        let Some((order, here)) = self.order(id) else {
            return view::Sheet {
                text: self.words(
                    "这张单已交付或已取消，不用再做。",
                    "It was handed over or cancelled: nothing is left to do.",
                ),
                go: self.words("知道了", "Done"),
                ..self.blank(self.words("订单", "Order"))
            };
        };
        let told = &order.told;
        let standing = told.standing(here);
        let currency = &open.settings().currency;
        let items: Vec<Option<std::sync::Arc<Item>>> =
            told.lines.iter().map(|line| open.reference().item_by_sku(&line.sku).ok().flatten()).collect();
        let rows: Vec<SheetRow> = told
            .lines
            .iter()
            .zip(&items)
            .map(|(line, item)| self.order_line(told, here, standing, (line, item.as_deref()), currency))
            .collect();
        let missing = told.missing(here);
        let picks = matches!(standing, Standing::Accepted | Standing::Picking);
        let back = if picks || standing == Standing::Ready {
            told.back_for(&missing)
        } else {
            domain::money::Money::ZERO
        };
        let restricted = items.iter().flatten().any(|item| item.age_restricted);
        let title = format!("{} · {}", self.promised(told), standing_words(standing, self.front.language));
        let figure = if back.is_positive() && standing != Standing::Accepted {
            Figure {
                label: self.words("缺货退款", "Paid back"),
                value: currency.format(back),
                tone: Tone::Attend,
            }
        } else {
            Figure {
                label: self.words("已付", "Paid"), value: currency.format(told.kept), tone: Tone::Quiet
            }
        };
        // What is missing has a reason, or nothing is: then the one big key does what ends the picking.
        let ends = picks && (missing.is_empty() || sheet.reason > 0);
        let (text, go, can_go) = self.order_next(sheet, standing, restricted, ends);
        let head = [told.shown.as_str(), told.id.as_str()].into_iter().filter(|part| !part.is_empty());
        view::Sheet {
            tone: if self.is_late(told) { Tone::Stop } else { Tone::Attend },
            text: format!("{}{}{text}", head.collect::<Vec<_>>().join(" · "), self.words("。", ". ")),
            figure: Some(figure),
            selected: Some(sheet.row),
            rows,
            fields: match standing {
                Standing::Accepted | Standing::Picking => {
                    self.fields(sheet, &[("商品（扫码）", "Item (scan it)"), ("实际数量", "In the bag")])
                }
                Standing::Ready | Standing::New | Standing::HandedOver | Standing::Ended => {
                    self.fields(sheet, &[("取货码（扫码）", "Pick-up code")])
                }
            },
            keys: self.order_keys(sheet, standing),
            letters: sheet.has_letters && standing == Standing::Ready,
            script: Script::Capitals,
            go,
            can_go,
            ..self.blank(title)
        }
    }

    fn order_line(
        &self,
        told: &ToldOrder,
        here: Option<&OrderHere>,
        standing: Standing,
        (line, item): (&OrderLine, Option<&Item>),
        currency: &Currency,
    ) -> SheetRow {
        let language = self.front.language;
        let ordered = line.quantity.thousandths();
        let found = told.found(here, line);
        let unit = if item.is_some_and(|item| item.weighed) { " kg" } else { "" };
        let name = item.map_or_else(|| line.sku.clone(), |item| present::name(item, language));
        let wanted = say(
            language,
            &format!("要 {}{unit}", amount(ordered)),
            &format!("wanted {}{unit}", amount(ordered)),
        );
        let code = item.map_or(line.sku.as_str(), |item| item.code.as_str());
        let (value, tone) = match standing {
            Standing::New => (format!("{}{unit}", amount(ordered)), Tone::Quiet),
            Standing::Accepted
            | Standing::Picking
            | Standing::Ready
            | Standing::HandedOver
            | Standing::Ended => (
                format!("{} / {}{unit}", amount(found), amount(ordered)),
                if found >= ordered {
                    Tone::Good
                } else if found > 0 || standing == Standing::Ready {
                    Tone::Attend
                } else {
                    Tone::Quiet
                },
            ),
        };
        SheetRow {
            key: String::new(),
            name,
            detail: format!("{wanted} · {code} · {}", currency.format(line.net)),
            value,
            tone,
            share: 0,
        }
    }

    /// What is next of an order: in words, on Enter, and whether it can be done.
    fn order_next(
        &self,
        sheet: &Open,
        standing: Standing,
        restricted: bool,
        ends: bool,
    ) -> (String, String, bool) {
        let typed = !sheet.text(sheet.focus).is_empty();
        let ends = ends && !typed && sheet.focus == 0;
        let age = if restricted {
            self.words(" 有限龄商品：看身份证。", " Age-restricted goods: look at the customer's age.")
        } else {
            String::new()
        };
        match standing {
            Standing::New => (
                self.words("能做就接单；做不了按 Del 拒单，全额退款。", "Accept it, or refuse it with Del: all of it is paid back."),
                self.words("接单", "Accept"),
                true,
            ),
            Standing::Accepted | Standing::Picking => (
                self.words(
                    "一件一件扫进袋；称重商品扫秤标，或 Tab 输实重。缺的选原因 F2–F5；拣完按回车或 F8。",
                    "Scan each piece into the bag; scan a scale's label, or Tab and type the weight. F2–F5 say why something is missing; Enter or F8 when done.",
                ),
                match sheet.focus {
                    QUANTITY => self.words("改这个数", "Set it"),
                    _ if ends => self.words("备好了", "Ready"),
                    _ => self.words("加一件", "Add it"),
                },
                typed || ends,
            ),
            Standing::Ready => (
                self.words("扫取货码，或输入后回车（点输入框出字母），货交给顾客。", "Scan the pick-up code, or type it and Enter (tap the field for letters), and give the goods out.") + &age,
                self.words("交付", "Hand over"),
                !sheet.text(0).is_empty(),
            ),
            Standing::HandedOver => (
                self.words("已经在这里交付过：货不要再给。", "It was handed over here: give nothing out again."),
                self.words("知道了", "Done"),
                true,
            ),
            Standing::Ended => (
                self.words("已经结束，不用再做。", "It has ended: nothing is left to do."),
                self.words("知道了", "Done"),
                true,
            ),
        }
    }

    fn order_keys(&self, sheet: &Open, standing: Standing) -> Vec<SheetKey> {
        let end = |chinese: &str, english: &str| SheetKey {
            stop: true,
            ..key(self.words(chinese, english), "Del")
        };
        match standing {
            Standing::New => vec![end("拒单", "Refuse")],
            Standing::Accepted | Standing::Picking => {
                let reason = |(index, (chinese, english, shortcut)): (usize, &(&str, &str, &str))| SheetKey {
                    on: index + 1 == sheet.reason,
                    ..key(self.words(chinese, english), shortcut)
                };
                let mut keys: Vec<SheetKey> = REASONS.iter().enumerate().map(reason).collect();
                keys.push(SheetKey { on: true, ..key(self.words("备好了", "Ready"), "F8") });
                keys.push(end("做不了 / 没来取", "Cannot, or nobody came"));
                keys
            }
            Standing::Ready => vec![end("没来取", "Nobody came")],
            Standing::HandedOver | Standing::Ended => Vec::new(),
        }
    }

    /// Enter on an order: its next step.
    pub(super) fn go_order(&mut self, id: &str) {
        let Some((order, here)) = self.order(id) else { return self.pop_sheet() };
        let (told, standing) = (order.told.clone(), order.told.standing(here));
        let Some(sheet) = self.sheet() else { return };
        let typed = sheet.text(sheet.focus).trim().to_owned();
        match standing {
            Standing::New => {
                self.ask_order(&told, OrderAsk::Accept);
                self.rest();
                self.note_added();
            }
            Standing::Accepted | Standing::Picking if sheet.focus == QUANTITY => {
                self.set_found(&told, &typed)
            }
            Standing::Accepted | Standing::Picking if typed.is_empty() => {
                if !self.was_just_added() {
                    self.make_ready(&told);
                }
            }
            Standing::Accepted | Standing::Picking => {
                self.pick(&told, &typed);
            }
            Standing::Ready => {
                let code = sheet.text(0).trim().to_owned();
                self.hand_over(id, &code);
            }
            Standing::HandedOver | Standing::Ended => self.pop_sheet(),
        }
    }

    pub(super) fn key_order(&mut self, id: &str, index: usize) {
        let Some((order, here)) = self.order(id) else { return };
        let (told, standing) = (order.told.clone(), order.told.standing(here));
        let picks = matches!(standing, Standing::Accepted | Standing::Picking);
        if picks && index < REASONS.len() {
            if let Some(sheet) = self.sheet_mut() {
                sheet.reason = if sheet.reason == index + 1 { 0 } else { index + 1 };
            }
        } else if picks && index == REASONS.len() {
            self.make_ready(&told);
        } else {
            self.open_sheet(Kind::EndOrder(id.to_owned()));
        }
    }

    fn make_ready(&mut self, told: &ToldOrder) {
        let Some(sheet) = self.sheet() else { return };
        let chosen = sheet.reason.checked_sub(1).and_then(|index| REASONS.get(index));
        let reason = chosen.map(|(chinese, english, _)| self.words(chinese, english)).unwrap_or_default();
        let here = self.till().and_then(|till| till.orders().get(&told.id));
        let back = told.back_for(&told.missing(here));
        if self.ask_order(told, OrderAsk::Ready { reason }) != Attempt::Done {
            return;
        }
        self.pop_sheet();
        let State::Open(open) = &self.state else { return };
        let back = back.is_positive().then(|| open.settings().currency.format_with_symbol(back));
        let rest = match back {
            None => self.words(
                "放到取货处。顾客来了扫取货码。",
                "Put it where orders wait. Scan the code when somebody comes.",
            ),
            Some(back) => say(
                self.front.language,
                &format!("缺货的 {back} 由渠道退给顾客。放到取货处。"),
                &format!("The channel pays {back} back. Put it where orders wait."),
            ),
        };
        let what = self.words("这张单备好了", "The order is ready");
        self.front.notice = Some(Notice::Said { tone: Tone::Good, what, rest });
    }

    /// A scan over an order: goods for its bag, or the code that somebody brought. It never joins the basket.
    pub(super) fn scan_for_order(&mut self, text: &str) -> bool {
        let Some(Kind::Order(id)) = self.sheet().map(|sheet| sheet.kind.clone()) else { return false };
        let Some((order, here)) = self.order(&id) else { return false };
        let (told, standing) = (order.told.clone(), order.told.standing(here));
        match standing {
            Standing::Accepted | Standing::Picking => {
                self.pick(&told, text);
            }
            Standing::Ready | Standing::HandedOver => self.hand_over(&id, text),
            Standing::New | Standing::Ended => self.block_scan(),
        }
        true
    }

    /// Compares the code, and hands the order over.
    fn hand_over(&mut self, id: &str, code: &str) {
        let State::Open(open) = &self.state else { return };
        let Some((order, _)) = self.order(id) else { return };
        let known = code_of(order, &open.store().code, code);
        let told = order.told.clone();
        let shown = [told.shown.as_str(), told.id.as_str()].into_iter().filter(|part| !part.is_empty());
        let shown = shown.collect::<Vec<_>>().join(" · ");
        let matches = known.is_some();
        let ask = OrderAsk::HandOver { code: known.unwrap_or_else(|| code.to_owned()), matches };
        if self.ask_order(&told, ask) != Attempt::Done {
            if let Some(sheet) = self.sheet_mut() {
                sheet.is_refused = true;
            }
            return;
        }
        self.pop_sheet();
        let what = self.words("已交付，货可以给顾客", "Handed over: give the goods out");
        self.front.notice = Some(Notice::Said { tone: Tone::Good, what, rest: shown });
    }

    /// Lets the till decide on an order.
    fn ask_order(&mut self, told: &ToldOrder, ask: OrderAsk) -> Attempt {
        self.attempt(Input::Order { told: Box::new(told.clone()), ask })
    }

    /// Goods that were scanned or whose number was typed go into the bag, one of them or as much as the code says.
    fn pick(&mut self, told: &ToldOrder, text: &str) {
        self.note_added();
        if let Some(field) = self.sheet_mut().and_then(|sheet| sheet.fields.first_mut()) {
            field.text.clear();
        }
        let Some(scanned) = self.scanned_goods(text) else {
            let code = text.chars().filter(|character| !character.is_control()).take(32).collect();
            self.commands.push(Command::Play(Sound::Unknown));
            self.front.notice = Some(Notice::UnknownCode { code });
            return;
        };
        let here = self.till().and_then(|till| till.orders().get(&told.id));
        let of_item = || told.lines.iter().enumerate().filter(|(_, line)| line.sku == scanned.sku);
        let open_line = of_item().find(|(_, line)| told.found(here, line) < line.quantity.thousandths());
        let Some((row, line)) = open_line.or_else(|| of_item().next()) else {
            self.front.say(
                Tone::Stop,
                ("这件不是这张单的", "没有加进袋里。放回去，看清单再拿。"),
                ("Not of this order", "It was not added. Put it back, and look at the list."),
            );
            return self.commands.push(Command::Play(Sound::Blocked));
        };
        let (number, before) = (line.number, told.found(here, line));
        if let Some(sheet) = self.sheet_mut() {
            sheet.row = row;
        }
        let Some(thousandths) = scanned.thousandths else {
            if let Some(sheet) = self.sheet_mut() {
                sheet.focus = QUANTITY;
            }
            self.front.say(
                Tone::Attend,
                ("这件要称重", "称一下，输入公斤数，如 0.512，回车。"),
                ("This is sold by weight", "Weigh it and type the kilograms, such as 0.512, then Enter."),
            );
            return self.commands.push(Command::Play(Sound::Blocked));
        };
        let ask = OrderAsk::Find { line: number, thousandths: before.saturating_add(thousandths) };
        self.ask_order(told, ask);
    }

    /// What lies in the bag of the chosen line, as typed.
    fn set_found(&mut self, told: &ToldOrder, typed: &str) {
        let Some(sheet) = self.sheet() else { return };
        let Some(line) = told.lines.get(sheet.row.min(told.lines.len().saturating_sub(1))) else { return };
        let State::Open(open) = &self.state else { return };
        let weighed = open.reference().item_by_sku(&line.sku).ok().flatten().is_some_and(|item| item.weighed);
        let nothing = typed.chars().all(|character| character == '0' || character == '.');
        let thousandths = if nothing { Some(0) } else { super::give_back::thousandths(typed) };
        let Some(thousandths) = thousandths.filter(|thousandths| weighed || thousandths % 1_000 == 0) else {
            return self.notice(Notice::QuantityRange { max: amount(line.quantity.thousandths()) });
        };
        let ask = OrderAsk::Find { line: line.number, thousandths };
        if self.ask_order(told, ask) == Attempt::Done
            && let Some(sheet) = self.sheet_mut()
        {
            sheet.fields[QUANTITY].text.clear();
            sheet.focus = 0;
            self.note_added();
        }
    }

    /// The goods that a scanned or typed code stands for.
    fn scanned_goods(&self, text: &str) -> Option<Scanned> {
        let barcode = self.recognised(text)?;
        let State::Open(open) = &self.state else { return None };
        let reference = open.reference();
        let pieces = |item: &Item, pieces: i64| {
            let thousandths = (!item.weighed).then(|| pieces.saturating_mul(1_000));
            Scanned { sku: item.sku.clone(), thousandths }
        };
        match &barcode {
            Barcode::Goods(goods) => {
                let found = reference.item_by_gtin(&goods.gtin).ok()??;
                let factor = found.unit.as_ref().map_or(1, |sold| i64::from(sold.unit.factor));
                let weight = goods.weight.filter(|_| found.item.weighed).map(Quantity::thousandths);
                let scanned = pieces(&found.item, factor);
                Some(Scanned { thousandths: weight.or(scanned.thousandths), ..scanned })
            }
            Barcode::ItemCode(code) | Barcode::Misread(code, _) => {
                let by_plu = reference.item_by_plu(code).ok()?;
                let item = match by_plu {
                    Some(item) => item,
                    None => reference.item_by_sku(code).ok()??,
                };
                Some(pieces(&item, 1))
            }
            Barcode::Scale(label) => {
                let item = reference.item_by_plu(&label.plu).ok()??;
                // A label that tells the amount alone tells the weight by today's price.
                let by_amount = || Quantity::from_amount(label.amount?, item.price);
                let weight = label.weight.or_else(by_amount).filter(|_| item.weighed);
                let scanned = pieces(&item, 1);
                Some(Scanned {
                    thousandths: weight.map(Quantity::thousandths).or(scanned.thousandths),
                    ..scanned
                })
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

    pub(super) fn show_end_order(&self, open: &OpenLane, sheet: &Open, id: &str) -> view::Sheet {
        let Some((order, here)) = self.order(id) else {
            return view::Sheet {
                go: self.words("知道了", "Done"),
                ..self.blank(self.words("订单", "Order"))
            };
        };
        let told = &order.told;
        let missing = told.missing(here);
        let is_ready = told.standing(here) == Standing::Ready;
        let back = told.kept - if is_ready { told.back_for(&missing) } else { domain::money::Money::ZERO };
        let figure = Figure {
            label: self.words("退给顾客", "Paid back"),
            value: open.settings().currency.format(back),
            tone: Tone::Stop,
        };
        if is_ready || self.may_be_uncollected(told) {
            return view::Sheet {
                tone: Tone::Stop,
                text: self.words(
                    "约定时间过了两小时，没有人来取。货放回货架，钱由渠道退。",
                    "Two hours after the promised time nobody came. The goods go back to the shelf; the channel pays back.",
                ),
                figure: Some(figure),
                go: self.words("没来取，退款", "Nobody came: pay back"),
                ..self.blank(self.words("没来取", "Nobody came"))
            };
        }
        view::Sheet {
            tone: Tone::Stop,
            text: self.words(
                "选原因。拒单以后不能再接，钱由渠道全额退给顾客。",
                "Choose why. It cannot be taken up again; the channel pays all of it back.",
            ),
            figure: Some(figure),
            rows: self.reason_rows(&REFUSALS),
            selected: Some(sheet.row),
            go: self.words("拒单退款", "Refuse, pay back"),
            ..self.blank(self.words("拒单", "Refuse the order"))
        }
    }

    /// Whether the customer is so late that nobody waits for them any more.
    fn may_be_uncollected(&self, told: &ToldOrder) -> bool {
        let over = |promised_ms: i64| {
            promised_ms.saturating_add(domain::order::desk::NOT_COLLECTED_AFTER_MS) <= self.moment.now_ms
        };
        let new = self.till().and_then(|till| till.orders().get(&told.id));
        told.standing(new) != Standing::New && told.promised_ms.is_some_and(over)
    }

    pub(super) fn go_end_order(&mut self, id: &str) {
        let Some((order, here)) = self.order(id) else { return self.close_sheets() };
        let told = order.told.clone();
        let uncollected = told.standing(here) == Standing::Ready || self.may_be_uncollected(&told);
        let Some(sheet) = self.sheet() else { return };
        let (ask, what) = if uncollected {
            (OrderAsk::NotCollected, self.words("没来取：已记下", "Nobody came: written down"))
        } else {
            let reason = self.reason_of(sheet, &REFUSALS);
            (OrderAsk::Refuse { reason }, self.words("已拒单", "Refused"))
        };
        if self.ask_order(&told, ask) != Attempt::Done {
            return;
        }
        // The question goes, and the order with it; the list stays.
        self.pop_sheet();
        self.pop_sheet();
        let rest = self.words(
            "钱由渠道退给顾客。已经拣的货放回货架。",
            "The channel pays the customer back. Put what was picked back on the shelf.",
        );
        self.front.notice = Some(Notice::Said { tone: Tone::Good, what, rest });
    }
}
