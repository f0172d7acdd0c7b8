//! The till's days, told as what happens and what it wants done.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use std::sync::Arc;

use super::*;
use crate::barcode;
use crate::basket::{LINES_MAX, Line, Trace};
use crate::catalogue::{
    Audience, Found, Item, KitPart, LookUpError, PriceBounds, PriceCut, PriceRow, PriceScope, Promotion,
    SaleUnit, Unit,
};
use crate::money::{AMOUNT_MAX, Quantity, TaxRate};

// The shop.

const COLA: &str = "9520000000011";
const EGG: &str = "9520000000028";
const BEER: &str = "9520000000035";
const GOLD: &str = "9520000000042";
const ODD: &str = "9520000000059";
const TEA: &str = "9520000000066";
const TEA_SIX: &str = "9520000000073";
const TEA_CASE: &str = "9520000000080";
const EGG_TRAY: &str = "9520000000141";
const GIFT_SET: &str = "9520000000103";
const NO_PRICE: &str = "9520000000110";
const BAG: &str = "9520000000127";
const LOOSE: &str = "9520000000134";
const APPLE: &str = "10001";
/// Apples that a supplier packed: of variable measure.
const APPLES: &str = "99520000000069";
const APPLE_WEIGHED: &str = "2110001012358";
const APPLE_PRICED: &str = "2310001015810";
const APPLE_BOTH: &str = "221000100684005342";
const APPLE_DIFFERS: &str = "221000100683005343";

struct Goods {
    fails: bool,
}

impl Goods {
    fn find(&self, is: impl Fn(&Good) -> bool) -> Result<Option<Arc<Item>>, LookUpError> {
        if self.fails {
            return Err(LookUpError("the file is gone".into()));
        }
        Ok(GOODS.iter().find(|good| is(good)).map(|good| Arc::new(good.item())))
    }
}

struct Good {
    sku: &'static str,
    name: &'static str,
    gtin: &'static str,
    plu: &'static str,
    price: i64,
}

const GOODS: [Good; 11] = [
    Good { sku: "cola", name: "cola", gtin: COLA, plu: "", price: 350 },
    Good { sku: "egg", name: "egg", gtin: EGG, plu: "", price: 250 },
    Good { sku: "beer", name: "beer", gtin: BEER, plu: "", price: 1_000 },
    Good { sku: "gold", name: "gold", gtin: GOLD, plu: "", price: AMOUNT_MAX },
    Good { sku: "odd", name: "odd", gtin: ODD, plu: "", price: -1 },
    Good { sku: "tea", name: "tea", gtin: TEA, plu: "", price: 500 },
    Good { sku: "set", name: "set", gtin: GIFT_SET, plu: "", price: 1_990 },
    Good { sku: "free", name: "free", gtin: NO_PRICE, plu: "", price: 0 },
    Good { sku: "bag", name: "bag", gtin: BAG, plu: "", price: 0 },
    Good { sku: "loose", name: "loose", gtin: LOOSE, plu: "", price: 0 },
    Good { sku: "apple", name: "apple", gtin: APPLES, plu: APPLE, price: 1_280 },
];

impl Good {
    fn item(&self) -> Item {
        Item {
            weighed: self.name == "apple",
            code: if self.plu.is_empty() { self.gtin } else { self.plu }.into(),
            age_restricted: self.name == "beer",
            gift: self.name == "bag",
            units: match self.name {
                "tea" => vec![pack("six", 6, None), pack("case", 24, Some(10_000))],
                "egg" => vec![pack("tray", 30, None)],
                _ => Vec::new(),
            },
            prices: if self.name == "tea" { tea_prices() } else { Vec::new() },
            kit: if self.name == "set" { gift_set() } else { Vec::new() },
            open_price: (self.name == "loose")
                .then_some(PriceBounds { min: Money::from_minor(10), max: Money::from_minor(50_000) }),
            ..Item::plain(
                self.sku,
                Money::from_minor(self.price),
                rate(if self.name == "apple" { 900 } else { 1_300 }),
            )
        }
    }
}

fn rate(points: u32) -> TaxRate {
    TaxRate::from_basis_points(points).expect("in range")
}

fn pack(id: &str, factor: u32, price: Option<i64>) -> SaleUnit {
    let unit = Unit { id: id.into(), name_zh: id.into(), name_en: id.into(), factor };
    SaleUnit { unit, price: price.map(Money::from_minor) }
}

/// 4.50 from noon to one o'clock and 5.50 afterwards; the case 110.00 from noon on.
fn tea_prices() -> Vec<PriceRow> {
    let row = |unit: &str, from_hour: i64, until_hour: Option<i64>, price| PriceRow {
        list: "l1".into(),
        unit: unit.into(),
        scope: PriceScope::Chain,
        audience: Audience::Everyone,
        from_ms: MORNING_MS + from_hour * HOUR_MS,
        until_ms: until_hour.map(|hour| MORNING_MS + hour * HOUR_MS),
        price: Money::from_minor(price),
    };
    vec![row("", 3, None, 550), row("case", 2, None, 11_000), row("", 2, Some(3), 450)]
}

/// Wine at 16.80 with 13 %, two books at 2.60 with 9 %.
fn gift_set() -> Vec<KitPart> {
    let part = |sku: &str, pieces, price, points| KitPart {
        sku: sku.into(),
        quantity: Quantity::from_pieces(pieces).expect("in range"),
        price: Money::from_minor(price),
        tax_rate: rate(points),
    };
    vec![part("wine", 1, 1_680, 1_300), part("book", 2, 260, 900)]
}

impl Catalogue for Goods {
    fn version(&self) -> u64 {
        7
    }

    fn item_by_gtin(&self, gtin: &barcode::Gtin) -> Result<Option<Found>, LookUpError> {
        let packs = [(TEA_SIX, "tea", "six"), (TEA_CASE, "tea", "case"), (EGG_TRAY, "egg", "tray")];
        if let Some((_, sku, unit)) = packs.iter().find(|(code, ..)| gtin.as_str().ends_with(code)) {
            let item = self.find(|good| good.sku == *sku)?;
            return Ok(item.map(|item| Found { unit: item.unit(unit).cloned(), item }));
        }
        let item = self.find(|good| !good.gtin.is_empty() && gtin.as_str().ends_with(good.gtin))?;
        Ok(item.map(Found::from))
    }

    fn item_by_department(&self, department: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        self.find(|good| good.sku == "loose" && department == "7")
    }

    fn item_by_plu(&self, plu: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        self.find(|good| !good.plu.is_empty() && good.plu == plu)
    }

    fn item_by_sku(&self, sku: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        self.find(|good| good.sku == sku)
    }

    fn promotions_of(&self, sku: &str) -> Result<Vec<Promotion>, LookUpError> {
        let cut = Promotion {
            id: "p1".into(),
            name_zh: "早餐".into(),
            name_en: "breakfast".into(),
            cut: PriceCut::FixedPrice(Money::from_minor(200)),
            from_ms: None,
            until_ms: None,
        };
        Ok((sku == "egg").then_some(cut).into_iter().collect())
    }
}

fn settings() -> Settings {
    Settings {
        currency: yuan(),
        cash_rounding: Money::from_minor(10),
        change_max: Money::from_minor(100_000),
        codes: codes(),
        prints_receipts: true,
    }
}

fn codes() -> Codes {
    let mut codes = Codes::default();
    for layout in ["21IIIIIWWWWWC", "23IIIIIPPPPPC", "22IIIIIPPPPPWWWWWC"] {
        let pattern = barcode::ScalePattern::parse(layout).expect("a good layout");
        codes.add_scale(pattern).expect("no other is like it");
    }
    codes
}

fn yuan() -> Currency {
    Currency { code: "CNY".into(), symbol: "¥".into(), exponent: 2 }
}

fn staff(id: &str) -> Staff {
    Staff { id: id.into(), number: "01".into(), name: id.into() }
}

/// 2026-03-02, 10:00 at the lane.
const MORNING_MS: i64 = 1_772_416_800_000;
const SECOND_MS: i64 = 1_000;
const HOUR_MS: i64 = 3_600 * SECOND_MS;
const DAY_MS: i64 = 86_400 * SECOND_MS;

// What happens.

#[derive(Debug, Clone)]
enum Happens {
    In(Input),
    /// The disk has the sale.
    Saved,
    /// Time passes, milliseconds; or the clock is set back.
    Later(i64),
    /// The clock says this, milliseconds UTC.
    Clock(i64),
    /// The goods cannot be asked any more.
    GoodsGone,
    /// The lane has no printer.
    NoPrinter,
}

use Happens::{GoodsGone, In, Later, NoPrinter, Saved};

fn pin(id: &str, matches: bool) -> Happens {
    In(Input::PinChecked { staff: staff(id), matches })
}

fn scan(code: &str) -> Happens {
    In(Input::Code(code.into()))
}

fn choose(sku: &str, count: i64) -> Happens {
    In(Input::Choose { sku: sku.into(), count: Some(count) })
}

fn choose_priced(sku: &str, price: &str) -> Happens {
    In(Input::ChoosePriced { sku: sku.into(), price: yuan().parse(price).expect("an amount") })
}

fn department(code: &str, price: &str) -> Happens {
    In(Input::Department { code: code.into(), price: yuan().parse(price).expect("an amount") })
}

fn pieces(line: u32, pieces: i64) -> Happens {
    In(Input::SetQuantity { line, pieces })
}

fn price(line: u32, price: &str) -> Happens {
    In(Input::SetPrice { line, unit_price: yuan().parse(price).expect("an amount") })
}

fn void(line: u32) -> Happens {
    In(Input::Void { line })
}

fn cash(amount: &str) -> Happens {
    In(Input::TakeCash(yuan().parse(amount).expect("an amount")))
}

fn paper(document: u64, outcome: PaperOutcome) -> Happens {
    In(Input::PaperEnded { document, outcome })
}

fn reprint(document: Option<u64>) -> Happens {
    In(Input::Reprint { document })
}

const PAY: Happens = In(Input::Pay);
const BACK: Happens = In(Input::Back);
const CANCEL: Happens = In(Input::Cancel);
const CONFIRM_AGE: Happens = In(Input::ConfirmAge);
const SIGN_OUT: Happens = In(Input::SignOut);
const PRINTER_READY: Happens = In(Input::PrinterReady);

fn selling() -> Vec<Happens> {
    vec![pin("li", true)]
}

fn paying(codes: &[&str]) -> Vec<Happens> {
    selling().into_iter().chain(codes.iter().map(|code| scan(code))).chain([PAY]).collect()
}

/// A cola sold for exact cash; the sale is record 4.
fn sold() -> Vec<Happens> {
    paying(&[COLA]).into_iter().chain([cash("3.50"), Saved]).collect()
}

fn then(given: Vec<Happens>, more: impl IntoIterator<Item = Happens>) -> Vec<Happens> {
    given.into_iter().chain(more).collect()
}

// The lane around the till.

/// What stands in for the lane: it writes every commit at once.
struct Lane {
    till: Till,
    settings: Settings,
    goods: Goods,
    now_ms: i64,
    journal: Vec<(u64, i64, Record)>,
    sale: u64,
}

impl Lane {
    fn new() -> Self {
        Self {
            till: Till::default(),
            settings: settings(),
            goods: Goods { fails: false },
            now_ms: MORNING_MS,
            journal: Vec::new(),
            sale: 0,
        }
    }

    fn take(&mut self, happens: Happens) -> Vec<Effect> {
        let input = match happens {
            In(input) => input,
            Saved => Input::Committed { seq: self.sale },
            Later(ms) => {
                self.now_ms = self.now_ms.saturating_add(ms);
                return Vec::new();
            }
            Happens::Clock(ms) => {
                self.now_ms = ms;
                return Vec::new();
            }
            GoodsGone => {
                self.goods.fails = true;
                return Vec::new();
            }
            NoPrinter => {
                self.settings.prints_receipts = false;
                return Vec::new();
            }
        };
        let context = Context {
            now_ms: self.now_ms,
            offset_minutes: 480,
            catalogue: &self.goods,
            settings: &self.settings,
        };
        let (till, effects) = self.till.step(&context, input);
        self.till = till;
        for effect in &effects {
            if let Effect::Commit(record) = effect {
                let seq = self.journal.len() as u64 + 1;
                if matches!(record, Record::SaleCompleted { .. }) {
                    self.sale = seq;
                }
                self.journal.push((seq, self.now_ms, record.clone()));
            }
        }
        effects
    }

    /// A till made from the journal from a number on.
    fn restarted_from(&self, first: u64) -> Till {
        let mut till = Till::default();
        for (seq, at_ms, record) in self.journal.iter().filter(|(seq, ..)| *seq >= first) {
            till.restore(*seq, *at_ms, record);
        }
        till.wake(&self.settings);
        till
    }
}

/// Plays `given` silently and `inputs` aloud: every effect is a line, the till
/// at the end is the last one.
fn check(given: Vec<Happens>, inputs: &[Happens], expected: Expect) {
    let mut lane = Lane::new();
    for happens in given {
        lane.take(happens);
    }
    let mut told = String::new();
    for happens in inputs {
        for effect in lane.take(happens.clone()) {
            told.push_str(&effect_line(&effect));
            told.push('\n');
        }
    }
    told.push_str(&till_line(&lane.till));
    told.push('\n');
    expected.assert_eq(&told);
}

fn effect_line(effect: &Effect) -> String {
    match effect {
        Effect::Commit(record) => format!("commit {}", record_words(record)),
        Effect::Sound(sound) => format!("sound {sound:?}"),
        Effect::OpenDrawer => "open drawer".into(),
        Effect::Print { document, reprint } => {
            format!("print #{document}{}", if *reprint { " again" } else { "" })
        }
        Effect::Tell(message) => format!("tell {}", message_words(message)),
    }
}

fn message_words(message: &Message) -> String {
    match message {
        Message::AgeRestricted(item) => format!("age of {}", item.sku),
        Message::LabelPriceDiffers(item) => format!("label price of {} differs", item.sku),
        Message::PriceNeeded(item) => format!("price of {} needed", item.sku),
        Message::PriceRange { item, bounds } => {
            format!("price of {} is {} to {}", item.sku, yuan().format(bounds.min), yuan().format(bounds.max))
        }
        Message::PriceListed(item) => format!("{} has a price", item.sku),
        Message::PriceMissing(item) => format!("{} has no price", item.sku),
        Message::WeightNeeded(item) => format!("weight of {} needed", item.sku),
        Message::LineVoided(item) => format!("{} voided", item.sku),
        Message::TooLittle { missing } => format!("{} missing", yuan().format(*missing)),
        Message::WrongPin { wait_seconds } => format!("wrong PIN, wait {wait_seconds}"),
        Message::Reprinting { document } => format!("reprinting #{document}"),
        Message::Fault(fault) => fault.to_string(),
        Message::Malformed { error, .. } => error.to_string(),
        Message::Expired { item, expiry } => format!("{} expired {expiry}", item.sku),
        Message::PastBest { item, date } => format!("{} best before {date}", item.sku),
        Message::SerialInBasket { item, serial } => format!("{} {serial} in the basket", item.sku),
        Message::MemberCode(_)
        | Message::CouponCode(_)
        | Message::StaffCode(_)
        | Message::ReceiptCode(_)
        | Message::LabelCode(_)
        | Message::LabelRange(_)
        | Message::UnknownCode(_)
        | Message::PaymentCode
        | Message::NotGoods(_)
        | Message::Misread(_)
        | Message::BasketFull
        | Message::QuantityRange
        | Message::QuantityWeighed
        | Message::NoLine
        | Message::BasketCancelled
        | Message::AgeCheckFirst
        | Message::ChangeTooLarge
        | Message::ScanWhilePaying
        | Message::SignInFirst
        | Message::NothingToReprint => format!("{message:?}"),
    }
}

fn record_words(record: &Record) -> String {
    let amount = |money: Money| yuan().format(money);
    match record {
        Record::ShiftOpened { number, business_date, staff, .. } => {
            format!("shift {number} of {business_date} opened by {staff}")
        }
        Record::ShiftClosed { staff } => format!("shift closed by {staff}"),
        Record::SignedIn { staff } => format!("{} signed in", staff.id),
        Record::SignInRefused { staff } => format!("{staff} refused"),
        Record::SignedOut { staff } => format!("{staff} signed out"),
        Record::LineAdded { line } => format!("line {}", line_words(line)),
        Record::LineQuantitySet { line, quantity, net } => {
            format!("line {line} quantity {quantity} net {}", amount(*net))
        }
        Record::LinePriceSet { line, unit_price, net, staff } => {
            format!("line {line} price {} net {} by {staff}", amount(*unit_price), amount(*net))
        }
        Record::LinePriceLowered { lowered, net } => format!(
            "line {} lowered to {} of {} net {}",
            lowered.line,
            amount(lowered.unit_price),
            amount(lowered.list_price),
            amount(*net)
        ),
        Record::LineVoided { line, staff } => format!("line {line} voided by {staff}"),
        Record::AgeConfirmed { staff } => format!("age confirmed by {staff}"),
        Record::BasketCancelled { staff, total } => {
            format!("basket of {} cancelled by {staff}", amount(*total))
        }
        Record::SaleCompleted { sale } => format!(
            "sale of {} lines: {} {} = {}, tendered {}, change {}, tax {}",
            sale.lines.len(),
            amount(sale.total),
            amount(sale.rounding),
            amount(sale.payable),
            amount(sale.tenders.iter().map(crate::sale::Tender::amount).sum()),
            amount(sale.change),
            sale.taxes
                .iter()
                .map(|tax| format!("{} {} of {}", tax.rate, amount(tax.tax), amount(tax.net)))
                .collect::<Vec<_>>()
                .join(" "),
        ),
        Record::PaperBegun { document, reprint } => {
            format!("paper #{document} begun{}", if *reprint { " again" } else { "" })
        }
        Record::PaperEnded { document, outcome } => format!("paper #{document} ended {outcome:?}"),
    }
}

fn line_words(line: &Line) -> String {
    let amount = |money: Money| yuan().format(money);
    let promotion =
        line.promotion.as_ref().map(|promotion| format!(" by {}", promotion.name_en)).unwrap_or_default();
    let unit = line.unit.as_ref().map(|unit| format!(" {}", unit.id)).unwrap_or_default();
    let mut words = format!(
        "{} {} {}{unit} x {}{promotion} = {}",
        line.number,
        line.item.sku,
        line.quantity,
        amount(line.unit_price),
        amount(line.net())
    );
    let Trace { batch, expiry, serial } = &line.trace;
    for (what, value) in
        [("batch", batch), ("expiry", &expiry.map(|day| day.to_string())), ("serial", serial)]
    {
        if let Some(value) = value {
            words.push_str(&format!(", {what} {value}"));
        }
    }
    words
}

fn till_line(till: &Till) -> String {
    let desk = match &till.desk {
        Desk::SignedOut => "signed out".to_owned(),
        Desk::Selling(staff) => format!("{} selling", staff.id),
        Desk::Paying(staff) => format!("{} paying", staff.id),
        Desk::Saving(staff, _) => format!("{} saving", staff.id),
        Desk::Done(staff, sale, seq) => {
            format!("{} done #{seq}, change {}", staff.id, yuan().format(sale.change))
        }
    };
    let shift = till
        .shift
        .map_or("no shift".into(), |shift| format!("shift {} of {}", shift.number, shift.business_date));
    let basket = match till.basket.lines() {
        [] => String::new(),
        lines => format!("; {} lines {}", lines.len(), yuan().format(till.basket.total())),
    };
    let papers = match till.papers.len() {
        0 => String::new(),
        1..=4 => format!(
            "; paper {}",
            till.papers
                .iter()
                .map(|(document, paper)| match paper {
                    Paper::Waiting { reprint: false } => format!("#{document} waiting"),
                    Paper::Waiting { reprint: true } => format!("#{document} waiting again"),
                    Paper::Begun => format!("#{document} begun"),
                    Paper::InDoubt => format!("#{document} in doubt"),
                })
                .collect::<Vec<_>>()
                .join(", ")
        ),
        many => format!("; {many} papers from #{}", till.papers.keys().next().expect("many")),
    };
    format!("= {shift}, {desk}{basket}{papers}")
}

// Signing in.

#[test]
fn the_first_sign_in_opens_a_shift() {
    check(
        vec![],
        &[pin("li", true)],
        expect![[r#"
            commit shift 1 of 2026-03-02 opened by li
            commit li signed in
            sound Accepted
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}

#[test]
fn a_second_sign_in_on_the_same_day_goes_on_in_the_shift() {
    check(
        then(selling(), [SIGN_OUT]),
        &[pin("wang", true)],
        expect![[r#"
            commit wang signed in
            sound Accepted
            = shift 1 of 2026-03-02, wang selling
        "#]],
    );
}

#[test]
fn the_next_days_sign_in_closes_the_shift_and_opens_one() {
    check(
        then(selling(), [SIGN_OUT, Later(DAY_MS)]),
        &[pin("wang", true)],
        expect![[r#"
            commit shift closed by wang
            commit shift 2 of 2026-03-03 opened by wang
            commit wang signed in
            sound Accepted
            = shift 2 of 2026-03-03, wang selling
        "#]],
    );
}

#[test]
fn a_shift_is_not_closed_over_an_open_basket() {
    check(
        then(selling(), [scan(COLA), SIGN_OUT, Later(DAY_MS)]),
        &[pin("wang", true), PAY, cash("3.50"), Saved, SIGN_OUT, pin("wang", true)],
        expect![[r#"
            commit wang signed in
            sound Accepted
            commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 3.50, change 0.00, tax 13% 0.40 of 3.50
            open drawer
            sound Accepted
            commit wang signed out
            commit shift closed by wang
            commit paper #6 ended Waived
            commit shift 2 of 2026-03-03 opened by wang
            commit wang signed in
            sound Accepted
            = shift 2 of 2026-03-03, wang selling
        "#]],
    );
}

#[test]
fn the_business_day_is_the_lanes_not_greenwichs() {
    // 10:00 + 13 h 59 min is still today at the lane; one minute later is not.
    check(
        vec![Later((13 * 60 + 59) * 60 * SECOND_MS)],
        &[pin("li", true), SIGN_OUT, Later(60 * SECOND_MS), pin("li", true)],
        expect![[r#"
            commit shift 1 of 2026-03-02 opened by li
            commit li signed in
            sound Accepted
            commit li signed out
            commit shift closed by li
            commit shift 2 of 2026-03-03 opened by li
            commit li signed in
            sound Accepted
            = shift 2 of 2026-03-03, li selling
        "#]],
    );
}

#[test]
fn wrong_pins_wait_longer_and_longer() {
    let mut day = Vec::new();
    for seconds in [0, 1, 2, 4, 8, 16, 32, 60, 60] {
        day.extend([Later(seconds * SECOND_MS), pin("li", false)]);
    }
    check(
        vec![],
        &day,
        expect![[r#"
            commit li refused
            sound Blocked
            tell wrong PIN, wait 0
            commit li refused
            sound Blocked
            tell wrong PIN, wait 1
            commit li refused
            sound Blocked
            tell wrong PIN, wait 2
            commit li refused
            sound Blocked
            tell wrong PIN, wait 4
            commit li refused
            sound Blocked
            tell wrong PIN, wait 8
            commit li refused
            sound Blocked
            tell wrong PIN, wait 16
            commit li refused
            sound Blocked
            tell wrong PIN, wait 32
            commit li refused
            sound Blocked
            tell wrong PIN, wait 60
            commit li refused
            sound Blocked
            tell wrong PIN, wait 60
            = no shift, signed out
        "#]],
    );
}

#[test]
fn while_waiting_not_even_the_right_pin_is_looked_at() {
    let twice_wrong = || vec![pin("li", false), pin("li", false)];
    check(
        twice_wrong(),
        &[pin("li", true), Later(999), pin("li", true)],
        expect![[r#"
            sound Blocked
            tell wrong PIN, wait 1
            sound Blocked
            tell wrong PIN, wait 1
            = no shift, signed out
        "#]],
    );
    check(
        twice_wrong(),
        &[Later(SECOND_MS), pin("li", true)],
        expect![[r#"
            commit shift 1 of 2026-03-02 opened by li
            commit li signed in
            sound Accepted
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}

#[test]
fn one_persons_slips_do_not_keep_another_waiting_and_a_right_pin_forgets_them() {
    check(
        vec![pin("li", false), pin("li", false)],
        &[pin("wang", true), SIGN_OUT, Later(SECOND_MS), pin("li", true), SIGN_OUT, pin("li", false)],
        expect![[r#"
            commit shift 1 of 2026-03-02 opened by wang
            commit wang signed in
            sound Accepted
            commit wang signed out
            commit li signed in
            sound Accepted
            commit li signed out
            commit li refused
            sound Blocked
            tell wrong PIN, wait 0
            = shift 1 of 2026-03-02, signed out
        "#]],
    );
}

#[test]
fn a_clock_set_back_locks_nobody_out() {
    check(
        vec![pin("li", false), pin("li", false), pin("li", false)],
        &[Later(-DAY_MS), pin("li", true)],
        expect![[r#"
            commit shift 1 of 2026-03-01 opened by li
            commit li signed in
            sound Accepted
            = shift 1 of 2026-03-01, li selling
        "#]],
    );
}

#[test]
fn nobody_signs_in_over_somebody_else() {
    check(
        selling(),
        &[pin("wang", true), pin("wang", false)],
        expect![[r#"
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}

#[test]
fn nothing_is_sold_before_somebody_signs_in() {
    check(
        vec![],
        &[scan(COLA), choose("cola", 1), PAY, cash("1"), void(1), CANCEL, BACK, SIGN_OUT, reprint(None)],
        expect![[r#"
            sound Blocked
            tell SignInFirst
            sound Blocked
            tell SignInFirst
            sound Blocked
            tell SignInFirst
            = no shift, signed out
        "#]],
    );
}

#[test]
fn signing_out_keeps_the_basket() {
    check(
        then(selling(), [scan(COLA), PAY]),
        &[SIGN_OUT, pin("wang", true)],
        expect![[r#"
            commit li signed out
            commit wang signed in
            sound Accepted
            = shift 1 of 2026-03-02, wang selling; 1 lines 3.50
        "#]],
    );
}

// Ringing up.

#[test]
fn goods_are_found_by_every_code_they_have() {
    check(
        selling(),
        &[
            scan(COLA),
            scan(&format!("0{COLA}")),
            scan(" cola \r"),
            In(Input::Choose { sku: "cola".into(), count: None }),
            choose("cola", 12),
            choose("apple", 500),
        ],
        expect![[r#"
            commit line 1 cola 1 x 3.50 = 3.50
            sound Accepted
            commit line 2 cola 1 x 3.50 = 3.50
            sound Accepted
            commit line 3 cola 1 x 3.50 = 3.50
            sound Accepted
            commit line 4 cola 1 x 3.50 = 3.50
            sound Accepted
            commit line 5 cola 12 x 3.50 = 42.00
            sound Accepted
            commit line 6 apple 0.500 x 12.80 = 6.40
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 6 lines 62.40
        "#]],
    );
}

#[test]
fn a_scale_label_brings_its_weight_or_its_amount() {
    check(
        selling(),
        &[scan(APPLE_WEIGHED), scan(APPLE_PRICED), scan(APPLE_BOTH)],
        expect![[r#"
            commit line 1 apple 1.235 x 12.80 = 15.81
            sound Accepted
            commit line 2 apple 1.235 x 12.80 = 15.81
            sound Accepted
            commit line 3 apple 0.534 x 12.80 = 6.84
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 3 lines 38.46
        "#]],
    );
}

#[test]
fn a_label_that_is_not_weight_times_price_stands_and_is_told() {
    check(
        selling(),
        &[scan(APPLE_DIFFERS)],
        expect![[r#"
            commit line 1 apple 0.534 x 12.80 = 6.83
            sound Accepted
            tell label price of apple differs
            = shift 1 of 2026-03-02, li selling; 1 lines 6.83
        "#]],
    );
}

#[test]
fn a_weighed_item_without_weight_is_not_sold() {
    check(
        selling(),
        &[scan(APPLE), In(Input::Choose { sku: "apple".into(), count: None })],
        expect![[r#"
            sound Blocked
            tell weight of apple needed
            sound Blocked
            tell weight of apple needed
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}

#[test]
fn a_running_promotion_sets_the_price() {
    check(
        selling(),
        &[scan(EGG)],
        expect![[r#"
            commit line 1 egg 1 x 2.00 by breakfast = 2.00
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 1 lines 2.00
        "#]],
    );
}

#[test]
fn what_is_no_goods_changes_nothing() {
    check(
        selling(),
        &[
            scan("9520000000097"),
            scan("9520000000012"),
            scan("134567890123456789"),
            scan("https://example.com/x"),
            scan("99999"),
            scan(""),
            choose("nothing", 1),
        ],
        expect![[r#"
            sound Unknown
            tell UnknownCode("9520000000097")
            sound Unknown
            tell Misread("9520000000012")
            sound Blocked
            tell PaymentCode
            sound Unknown
            tell NotGoods("https://example.com/x")
            sound Unknown
            tell UnknownCode("99999")
            sound Unknown
            tell NotGoods("")
            sound Unknown
            tell UnknownCode("nothing")
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}

#[test]
fn goods_that_cannot_be_asked_are_a_fault_that_is_told() {
    check(
        then(selling(), [GoodsGone]),
        &[scan(COLA), choose("cola", 1)],
        expect![[r#"
            sound Blocked
            tell look up goods: the file is gone
            sound Blocked
            tell look up goods: the file is gone
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}

#[test]
fn a_price_that_no_document_may_carry_is_not_charged() {
    check(
        selling(),
        &[
            scan(ODD),
            choose("gold", 1),
            choose("gold", 2),
            pieces(1, 2),
            scan(COLA),
            In(Input::SetPrice { line: 2, unit_price: Money::from_minor(-1) }),
            In(Input::SetPrice { line: 2, unit_price: Money::from_minor(i64::MAX) }),
            price(2, "1000000000000"),
            pieces(2, 99_999),
        ],
        expect![[r#"
            sound Blocked
            tell look up goods: the price of odd is out of range
            commit line 1 gold 1 x 1000000000000.00 = 1000000000000.00
            sound Accepted
            sound Blocked
            tell QuantityRange
            sound Blocked
            tell QuantityRange
            commit line 2 cola 1 x 3.50 = 3.50
            sound Accepted
            sound Blocked
            tell QuantityRange
            sound Blocked
            tell QuantityRange
            commit line 2 price 1000000000000.00 net 1000000000000.00 by li
            sound Blocked
            tell QuantityRange
            = shift 1 of 2026-03-02, li selling; 2 lines 2000000000000.00
        "#]],
    );
}

#[test]
fn ten_scans_are_ten_lines_in_order() {
    check(
        selling(),
        &[COLA, EGG, COLA, COLA, EGG, COLA, COLA, COLA, EGG, COLA].map(scan),
        expect![[r#"
            commit line 1 cola 1 x 3.50 = 3.50
            sound Accepted
            commit line 2 egg 1 x 2.00 by breakfast = 2.00
            sound Accepted
            commit line 3 cola 1 x 3.50 = 3.50
            sound Accepted
            commit line 4 cola 1 x 3.50 = 3.50
            sound Accepted
            commit line 5 egg 1 x 2.00 by breakfast = 2.00
            sound Accepted
            commit line 6 cola 1 x 3.50 = 3.50
            sound Accepted
            commit line 7 cola 1 x 3.50 = 3.50
            sound Accepted
            commit line 8 cola 1 x 3.50 = 3.50
            sound Accepted
            commit line 9 egg 1 x 2.00 by breakfast = 2.00
            sound Accepted
            commit line 10 cola 1 x 3.50 = 3.50
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 10 lines 30.50
        "#]],
    );
}

#[test]
fn a_full_basket_takes_no_more() {
    check(
        then(selling(), (0..LINES_MAX).map(|_| scan(COLA))),
        &[scan(COLA), choose("cola", 1), void(1), scan(COLA)],
        expect![[r#"
            sound Blocked
            tell BasketFull
            sound Blocked
            tell BasketFull
            commit line 1 voided by li
            tell cola voided
            commit line 2001 cola 1 x 3.50 = 3.50
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 2000 lines 7000.00
        "#]],
    );
}

// Changing lines.

#[test]
fn a_quantity_is_set_within_its_range() {
    check(
        then(selling(), [scan(COLA)]),
        &[
            pieces(1, 6),
            pieces(1, 0),
            pieces(1, -1),
            pieces(1, 99_999),
            pieces(1, 100_000),
            pieces(1, i64::MAX),
            pieces(2, 1),
            choose("cola", 0),
            choose("cola", i64::MIN),
        ],
        expect![[r#"
            commit line 1 quantity 6 net 21.00
            sound Blocked
            tell QuantityRange
            sound Blocked
            tell QuantityRange
            commit line 1 quantity 99999 net 349996.50
            sound Blocked
            tell QuantityRange
            sound Blocked
            tell QuantityRange
            sound Blocked
            tell NoLine
            sound Blocked
            tell QuantityRange
            sound Blocked
            tell QuantityRange
            = shift 1 of 2026-03-02, li selling; 1 lines 349996.50
        "#]],
    );
}

#[test]
fn what_a_scale_weighed_is_not_typed() {
    check(
        then(selling(), [scan(APPLE_WEIGHED), scan(APPLE_PRICED)]),
        &[pieces(1, 2), pieces(2, 2)],
        expect![[r#"
            sound Blocked
            tell QuantityWeighed
            sound Blocked
            tell QuantityWeighed
            = shift 1 of 2026-03-02, li selling; 2 lines 31.62
        "#]],
    );
}

#[test]
fn a_price_is_set_and_takes_the_place_of_promotion_and_label() {
    check(
        then(selling(), [scan(EGG), scan(APPLE_PRICED)]),
        &[price(1, "1.80"), price(2, "10"), price(3, "1"), price(1, "0")],
        expect![[r#"
            commit line 1 price 1.80 net 1.80 by li
            commit line 2 price 10.00 net 12.35 by li
            sound Blocked
            tell NoLine
            commit line 1 price 0.00 net 0.00 by li
            = shift 1 of 2026-03-02, li selling; 2 lines 12.35
        "#]],
    );
}

#[test]
fn the_number_of_a_voided_line_is_not_given_again() {
    check(
        then(selling(), [scan(COLA), scan(EGG)]),
        &[void(2), void(2), pieces(2, 3), price(2, "1"), scan(COLA), void(1), void(3), scan(EGG)],
        expect![[r#"
            commit line 2 voided by li
            tell egg voided
            sound Blocked
            tell NoLine
            sound Blocked
            tell NoLine
            sound Blocked
            tell NoLine
            commit line 3 cola 1 x 3.50 = 3.50
            sound Accepted
            commit line 1 voided by li
            tell cola voided
            commit line 3 voided by li
            tell cola voided
            commit line 4 egg 1 x 2.00 by breakfast = 2.00
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 1 lines 2.00
        "#]],
    );
}

#[test]
fn a_cancelled_basket_is_gone_and_an_empty_one_cannot_be_cancelled() {
    check(
        then(selling(), [scan(COLA), scan(BEER), CONFIRM_AGE]),
        &[CANCEL, CANCEL, scan(BEER)],
        expect![[r#"
            commit basket of 13.50 cancelled by li
            tell BasketCancelled
            sound Blocked
            tell NoLine
            commit line 1 beer 1 x 10.00 = 10.00
            sound Accepted
            tell age of beer
            = shift 1 of 2026-03-02, li selling; 1 lines 10.00
        "#]],
    );
}

// Paying.

#[test]
fn an_empty_basket_is_not_paid() {
    check(
        selling(),
        &[PAY, cash("1")],
        expect![[r#"
            sound Blocked
            tell NoLine
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}

#[test]
fn ages_are_looked_at_before_payment() {
    check(
        then(selling(), [CONFIRM_AGE]),
        &[scan(BEER), PAY, CONFIRM_AGE, CONFIRM_AGE, scan(BEER), PAY],
        expect![[r#"
            commit line 1 beer 1 x 10.00 = 10.00
            sound Accepted
            tell age of beer
            sound Blocked
            tell AgeCheckFirst
            commit age confirmed by li
            commit line 2 beer 1 x 10.00 = 10.00
            sound Accepted
            = shift 1 of 2026-03-02, li paying; 2 lines 20.00
        "#]],
    );
}

#[test]
fn cash_pays_exactly_or_gives_change() {
    check(
        paying(&[COLA]),
        &[cash("3.50")],
        expect![[r#"
            commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 3.50, change 0.00, tax 13% 0.40 of 3.50
            = shift 1 of 2026-03-02, li saving
        "#]],
    );
    check(
        paying(&[COLA, APPLE_WEIGHED]),
        &[cash("20")],
        expect![[r#"
            commit sale of 2 lines: 19.31 -0.01 = 19.30, tendered 20.00, change 0.70, tax 13% 0.40 of 3.50 9% 1.31 of 15.81
            = shift 1 of 2026-03-02, li saving
        "#]],
    );
}

#[test]
fn cash_is_rounded_down_for_the_customer() {
    // 6.84 is paid with 6.80; one fen less is too little.
    check(
        paying(&[APPLE_BOTH]),
        &[cash("6.79"), cash("6.80")],
        expect![[r#"
            sound Blocked
            tell 0.01 missing
            commit sale of 1 lines: 6.84 -0.04 = 6.80, tendered 6.80, change 0.00, tax 9% 0.56 of 6.84
            = shift 1 of 2026-03-02, li saving
        "#]],
    );
}

#[test]
fn too_little_or_far_too_much_cash_is_not_taken() {
    check(
        paying(&[COLA]),
        &[
            cash("0"),
            cash("3.49"),
            cash("1003.51"),
            In(Input::TakeCash(Money::from_minor(i64::MIN))),
            In(Input::TakeCash(Money::from_minor(i64::MAX))),
            cash("1003.50"),
        ],
        expect![[r#"
            sound Blocked
            tell 3.50 missing
            sound Blocked
            tell 0.01 missing
            sound Blocked
            tell ChangeTooLarge
            sound Blocked
            tell 3.50 missing
            sound Blocked
            tell ChangeTooLarge
            commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 1003.50, change 1000.00, tax 13% 0.40 of 3.50
            = shift 1 of 2026-03-02, li saving
        "#]],
    );
}

#[test]
fn no_set_up_takes_more_cash_than_a_document_may_carry() {
    let mut lane = Lane::new();
    lane.settings.change_max = Money::from_minor(i64::MAX);
    paying(&[COLA]).into_iter().for_each(|happens| drop(lane.take(happens)));
    let told = lane.take(In(Input::TakeCash(Money::from_minor(AMOUNT_MAX + 1))));
    assert_eq!(told, [Effect::Sound(Sound::Blocked), Effect::Tell(Message::ChangeTooLarge)]);
    let taken = lane.take(In(Input::TakeCash(Money::from_minor(AMOUNT_MAX))));
    assert!(matches!(taken[..], [Effect::Commit(Record::SaleCompleted { .. })]));
}

#[test]
fn what_is_scanned_while_paying_is_refused() {
    check(
        paying(&[COLA]),
        &[
            scan(EGG),
            choose("egg", 1),
            pieces(1, 2),
            void(1),
            CANCEL,
            PAY,
            cash("3.50"),
            scan(EGG),
            cash("3.50"),
        ],
        expect![[r#"
            sound Blocked
            tell ScanWhilePaying
            sound Blocked
            tell ScanWhilePaying
            commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 3.50, change 0.00, tax 13% 0.40 of 3.50
            sound Blocked
            tell ScanWhilePaying
            = shift 1 of 2026-03-02, li saving
        "#]],
    );
}

#[test]
fn back_from_payment_to_the_goods() {
    check(
        paying(&[COLA]),
        &[BACK, cash("3.50"), scan(EGG)],
        expect![[r#"
            commit line 2 egg 1 x 2.00 by breakfast = 2.00
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 2 lines 5.50
        "#]],
    );
}

#[test]
fn drawer_and_paper_wait_for_the_disk() {
    check(
        paying(&[COLA]),
        &[cash("5"), PRINTER_READY, BACK, SIGN_OUT, Saved, PRINTER_READY],
        expect![[r#"
            commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 5.00, change 1.50, tax 13% 0.40 of 3.50
            open drawer
            sound Accepted
            commit paper #4 begun
            print #4
            = shift 1 of 2026-03-02, li done #4, change 1.50; paper #4 begun
        "#]],
    );
}

#[test]
fn a_sale_is_committed_once() {
    check(
        sold(),
        &[Saved, In(Input::Committed { seq: 99 }), SIGN_OUT, Saved],
        expect![[r#"
            commit li signed out
            = shift 1 of 2026-03-02, signed out; paper #4 waiting
        "#]],
    );
}

#[test]
fn the_next_scan_begins_a_new_basket() {
    check(
        sold(),
        &[scan(EGG)],
        expect![[r#"
            commit line 1 egg 1 x 2.00 by breakfast = 2.00
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 1 lines 2.00; paper #4 waiting
        "#]],
    );
    check(
        sold(),
        &[BACK, BACK, PAY],
        expect![[r#"
            sound Blocked
            tell NoLine
            = shift 1 of 2026-03-02, li selling; paper #4 waiting
        "#]],
    );
}

#[test]
fn a_lane_without_a_printer_queues_no_paper() {
    check(
        then(vec![NoPrinter], paying(&[COLA])),
        &[cash("3.50"), Saved, PRINTER_READY, reprint(None), reprint(Some(4))],
        expect![[r#"
            commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 3.50, change 0.00, tax 13% 0.40 of 3.50
            open drawer
            sound Accepted
            sound Blocked
            tell NothingToReprint
            sound Blocked
            tell NothingToReprint
            = shift 1 of 2026-03-02, li done #4, change 0.00
        "#]],
    );
}

// Paper.

#[test]
fn a_paper_is_begun_once_and_ended_once() {
    check(
        sold(),
        &[
            paper(4, PaperOutcome::Confirmed),
            PRINTER_READY,
            PRINTER_READY,
            paper(9, PaperOutcome::Confirmed),
            paper(4, PaperOutcome::Confirmed),
            paper(4, PaperOutcome::Confirmed),
            PRINTER_READY,
        ],
        expect![[r#"
            commit paper #4 begun
            print #4
            commit paper #4 ended Confirmed
            = shift 1 of 2026-03-02, li done #4, change 0.00
        "#]],
    );
}

#[test]
fn papers_are_printed_one_by_one_in_order() {
    check(
        then(sold(), [scan(EGG), PAY, cash("2"), Saved]),
        &[PRINTER_READY, PRINTER_READY, paper(4, PaperOutcome::SentUnconfirmed), PRINTER_READY],
        expect![[r#"
            commit paper #4 begun
            print #4
            commit paper #4 ended SentUnconfirmed
            commit paper #6 begun
            print #6
            = shift 1 of 2026-03-02, li done #6, change 0.00; paper #6 begun
        "#]],
    );
}

#[test]
fn a_doubtful_paper_is_waived_or_printed_again_by_a_person() {
    let in_doubt = || then(sold(), [PRINTER_READY, paper(4, PaperOutcome::InDoubt)]);
    check(
        in_doubt(),
        &[PRINTER_READY, In(Input::WaivePaper { document: 4 }), In(Input::WaivePaper { document: 4 })],
        expect![[r#"
            commit paper #4 ended Waived
            = shift 1 of 2026-03-02, li done #4, change 0.00
        "#]],
    );
    check(
        in_doubt(),
        &[reprint(Some(4)), In(Input::WaivePaper { document: 4 }), PRINTER_READY],
        expect![[r#"
            tell reprinting #4
            commit paper #4 begun again
            print #4 again
            = shift 1 of 2026-03-02, li done #4, change 0.00; paper #4 begun
        "#]],
    );
}

#[test]
fn the_last_sale_is_printed_again() {
    check(
        then(sold(), [PRINTER_READY, paper(4, PaperOutcome::Confirmed)]),
        &[reprint(None), PRINTER_READY, reprint(None)],
        expect![[r#"
            tell reprinting #4
            commit paper #4 begun again
            print #4 again
            tell reprinting #4
            = shift 1 of 2026-03-02, li done #4, change 0.00; paper #4 begun
        "#]],
    );
}

#[test]
fn a_paper_that_still_waits_is_not_marked_as_a_reprint() {
    check(
        sold(),
        &[reprint(None), PRINTER_READY],
        expect![[r#"
            tell reprinting #4
            commit paper #4 begun
            print #4
            = shift 1 of 2026-03-02, li done #4, change 0.00; paper #4 begun
        "#]],
    );
}

#[test]
fn without_a_sale_nothing_is_printed_again() {
    check(
        selling(),
        &[reprint(None)],
        expect![[r#"
            sound Blocked
            tell NothingToReprint
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}

#[test]
fn of_too_many_papers_the_oldest_is_waived() {
    let one = || [scan(EGG), PAY, cash("2"), Saved];
    check(
        then(selling(), (0..PAPERS_WAITING_MAX).flat_map(|_| one())),
        &one(),
        expect![[r#"
            commit line 1 egg 1 x 2.00 by breakfast = 2.00
            sound Accepted
            commit sale of 1 lines: 2.00 0.00 = 2.00, tendered 2.00, change 0.00, tax 13% 0.23 of 2.00
            open drawer
            sound Accepted
            commit paper #4 ended Waived
            = shift 1 of 2026-03-02, li done #132, change 0.00; 64 papers from #6
        "#]],
    );
}

#[test]
fn nobody_waits_for_yesterdays_paper() {
    let doubtful = then(sold(), [PRINTER_READY, paper(4, PaperOutcome::InDoubt)]);
    let begun = then(doubtful, [scan(EGG), PAY, cash("2"), Saved, PRINTER_READY]);
    let waiting = then(begun, [scan(EGG), PAY, cash("2"), Saved, SIGN_OUT]);
    check(
        waiting,
        &[Later(DAY_MS), pin("li", true), paper(8, PaperOutcome::Confirmed)],
        expect![[r#"
            commit shift closed by li
            commit paper #4 ended Waived
            commit paper #11 ended Waived
            commit shift 2 of 2026-03-03 opened by li
            commit li signed in
            sound Accepted
            commit paper #8 ended Confirmed
            = shift 2 of 2026-03-03, li selling
        "#]],
    );
}

// Prices, packs and kits.

#[test]
fn a_pack_is_sold_at_its_own_price_or_that_of_its_pieces() {
    check(
        selling(),
        &[scan(TEA), scan(TEA_SIX), scan(TEA_CASE), pieces(3, 2), pieces(3, 9_999)],
        expect![[r#"
            commit line 1 tea 1 x 5.00 = 5.00
            sound Accepted
            commit line 2 tea 1 six x 30.00 = 30.00
            sound Accepted
            commit line 3 tea 1 case x 100.00 = 100.00
            sound Accepted
            commit line 3 quantity 2 net 200.00
            sound Blocked
            tell QuantityRange
            = shift 1 of 2026-03-02, li selling; 3 lines 235.00
        "#]],
    );
}

#[test]
fn a_promotion_of_a_piece_holds_for_each_piece_of_a_pack() {
    check(
        selling(),
        &[scan(EGG_TRAY)],
        expect![[r#"
            commit line 1 egg 1 tray x 60.00 by breakfast = 60.00
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 1 lines 60.00
        "#]],
    );
}

#[test]
fn a_price_changes_at_its_instant_by_the_tills_own_clock() {
    check(
        selling(),
        &[Later(2 * HOUR_MS - 1), scan(TEA), Later(1), scan(TEA), Later(HOUR_MS), scan(TEA)],
        expect![[r#"
            commit line 1 tea 1 x 5.00 = 5.00
            sound Accepted
            commit line 2 tea 1 x 4.50 = 4.50
            sound Accepted
            commit line 3 tea 1 x 5.50 = 5.50
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 3 lines 15.00
        "#]],
    );
}

#[test]
fn a_basket_open_across_a_change_keeps_the_lower_price() {
    check(
        then(selling(), [scan(TEA), pieces(1, 3), scan(TEA_CASE), scan(COLA)]),
        &[Later(2 * HOUR_MS), PAY, BACK, Later(HOUR_MS), PAY, cash("150")],
        expect![[r#"
            commit line 1 lowered to 4.50 of 4.50 net 13.50
            commit sale of 3 lines: 117.00 0.00 = 117.00, tendered 150.00, change 33.00, tax 13% 13.45 of 117.00
            = shift 1 of 2026-03-02, li saving
        "#]],
    );
    // A price that a person set stays, up and down.
    check(
        then(selling(), [scan(TEA), price(1, "4.80"), Later(2 * HOUR_MS)]),
        &[PAY],
        expect![[r#"
            = shift 1 of 2026-03-02, li paying; 1 lines 4.80
        "#]],
    );
    // Where the goods cannot be asked, the price at scanning stands.
    check(
        then(selling(), [scan(TEA), Later(2 * HOUR_MS), GoodsGone]),
        &[PAY],
        expect![[r#"
            = shift 1 of 2026-03-02, li paying; 1 lines 5.00
        "#]],
    );
}

#[test]
fn a_lowered_price_survives_a_power_cut() {
    check_restart(
        then(selling(), [scan(TEA), Later(2 * HOUR_MS), PAY]),
        expect![[r#"
            = shift 1 of 2026-03-02, signed out; 1 lines 4.50
        "#]],
    );
}

#[test]
fn the_cashier_types_the_price_of_what_asks_for_it() {
    check(
        selling(),
        &[
            scan(LOOSE),
            choose_priced("loose", "12.50"),
            department("7", "3"),
            choose_priced("loose", "0.09"),
            department("7", "500.01"),
            department("8", "3"),
            choose_priced("cola", "3"),
        ],
        expect![[r#"
            sound Blocked
            tell price of loose needed
            commit line 1 loose 1 x 12.50 = 12.50
            sound Accepted
            commit line 2 loose 1 x 3.00 = 3.00
            sound Accepted
            sound Blocked
            tell price of loose is 0.10 to 500.00
            sound Blocked
            tell price of loose is 0.10 to 500.00
            sound Unknown
            tell UnknownCode("8")
            sound Blocked
            tell cola has a price
            = shift 1 of 2026-03-02, li selling; 2 lines 15.50
        "#]],
    );
}

#[test]
fn what_has_no_price_is_not_sold_unless_it_is_a_gift() {
    check(
        selling(),
        &[scan(NO_PRICE), scan(BAG)],
        expect![[r#"
            sound Blocked
            tell free has no price
            commit line 1 bag 1 x 0.00 = 0.00
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 1 lines 0.00
        "#]],
    );
}

#[test]
fn a_kit_is_one_line_with_the_tax_of_its_parts() {
    // 19.90 falls to 15.20 of wine and 4.70 of books.
    check(
        paying(&[GIFT_SET]),
        &[cash("19.90")],
        expect![[r#"
            commit sale of 1 lines: 19.90 0.00 = 19.90, tendered 19.90, change 0.00, tax 13% 1.75 of 15.20 9% 0.39 of 4.70
            = shift 1 of 2026-03-02, li saving
        "#]],
    );
}

// After a stop.

/// Plays a day, cuts the power, and says what the till is then.
fn check_restart(day: Vec<Happens>, expected: Expect) {
    let mut lane = Lane::new();
    for happens in day {
        lane.take(happens);
    }
    expected.assert_eq(&format!("{}\n", till_line(&lane.restarted_from(1))));
}

#[test]
fn a_basket_survives_a_power_cut() {
    check_restart(
        paying(&[COLA, EGG]),
        expect![[r#"
            = shift 1 of 2026-03-02, signed out; 2 lines 5.50
        "#]],
    );
}

#[test]
fn a_sale_that_reached_the_disk_is_sold_and_its_paper_waits() {
    check_restart(
        then(paying(&[COLA]), [cash("5")]),
        expect![[r#"
            = shift 1 of 2026-03-02, signed out; paper #4 waiting
        "#]],
    );
}

#[test]
fn paper_under_way_is_in_doubt() {
    check_restart(
        then(sold(), [PRINTER_READY]),
        expect![[r#"
            = shift 1 of 2026-03-02, signed out; paper #4 in doubt
        "#]],
    );
    check_restart(
        then(sold(), [PRINTER_READY, paper(4, PaperOutcome::Confirmed)]),
        expect![[r#"
            = shift 1 of 2026-03-02, signed out
        "#]],
    );
}

#[test]
fn a_lane_that_gets_a_printer_does_not_print_all_its_past() {
    let mut lane = Lane::new();
    let day = (0..=PAPERS_WAITING_MAX).flat_map(|_| [scan(EGG), PAY, cash("2"), Saved]);
    for happens in [NoPrinter].into_iter().chain(selling()).chain(day) {
        lane.take(happens);
    }
    assert_eq!(lane.till.papers().len(), 0);
    assert_eq!(lane.restarted_from(1).papers().len(), 0);
    lane.settings.prints_receipts = true;
    assert_eq!(lane.restarted_from(1).papers().len(), PAPERS_WAITING_MAX);
}

#[test]
fn wrong_pins_are_remembered_over_a_power_cut() {
    let mut lane = Lane::new();
    for happens in [pin("li", false), pin("li", false), Later(SECOND_MS), pin("li", false)] {
        lane.take(happens);
    }
    assert_eq!(lane.restarted_from(1).pin_wait_seconds("li", lane.now_ms), 2);
    assert_eq!(lane.till.pin_wait_seconds("li", lane.now_ms + 1_999), 1);
    assert_eq!(lane.till.pin_wait_seconds("li", lane.now_ms + 2_000), 0);
    assert_eq!(lane.till.pin_wait_seconds("wang", lane.now_ms), 0);
}

#[test]
fn only_so_many_people_are_remembered() {
    let mut lane = Lane::new();
    for person in 0..=PIN_REFUSALS_MAX {
        lane.take(pin(&person.to_string(), false));
    }
    assert_eq!(lane.till.pin_refusals.len(), PIN_REFUSALS_MAX);
}

// Any day.

fn any_amount() -> impl Strategy<Value = Money> {
    prop_oneof![
        6 => 0i64..3_000,
        1 => Just(AMOUNT_MAX),
        1 => any::<i64>(),
    ]
    .prop_map(Money::from_minor)
}

fn any_count() -> impl Strategy<Value = i64> {
    prop_oneof![6 => -1i64..20, 1 => Just(99_999), 1 => any::<i64>()]
}

fn any_happening() -> impl Strategy<Value = Happens> {
    let code = prop_oneof![
        8 => prop::sample::select(vec![COLA, EGG, BEER, APPLE_WEIGHED, APPLE_PRICED, APPLE_DIFFERS]).prop_map(String::from),
        6 => prop::sample::select(vec![TEA, TEA_SIX, TEA_CASE, EGG_TRAY, GIFT_SET, NO_PRICE, BAG, LOOSE]).prop_map(String::from),
        2 => prop::sample::select(vec![GOLD, ODD, APPLE, "9520000000012", "134567890123456789", ""]).prop_map(String::from),
        1 => any::<String>(),
        1 => "2[123][0-9]{11}",
    ];
    let sku = prop::sample::select(vec!["cola", "apple", "gold", "none"]);
    let outcome = prop::sample::select(vec![
        PaperOutcome::Confirmed,
        PaperOutcome::SentUnconfirmed,
        PaperOutcome::InDoubt,
        PaperOutcome::Waived,
    ]);
    let document = prop_oneof![20 => 1u64..60, 1 => any::<u64>()];
    let line = prop_oneof![20 => 0u32..8, 1 => any::<u32>()];
    prop_oneof![
        12 => code.prop_map(|code| In(Input::Code(code))),
        3 => (sku, prop::option::of(any_count()))
            .prop_map(|(sku, count)| In(Input::Choose { sku: sku.into(), count })),
        2 => (prop::sample::select(vec!["loose", "cola", "none"]), any_amount())
            .prop_map(|(sku, price)| In(Input::ChoosePriced { sku: sku.into(), price })),
        1 => (prop::sample::select(vec!["7", "8"]), any_amount())
            .prop_map(|(code, price)| In(Input::Department { code: code.into(), price })),
        3 => (line.clone(), any_count()).prop_map(|(line, pieces)| In(Input::SetQuantity { line, pieces })),
        2 => (line.clone(), any_amount()).prop_map(|(line, unit_price)| In(Input::SetPrice { line, unit_price })),
        2 => line.prop_map(void),
        1 => Just(CANCEL),
        3 => Just(CONFIRM_AGE),
        8 => Just(PAY),
        2 => Just(BACK),
        8 => any_amount().prop_map(|amount| In(Input::TakeCash(amount))),
        8 => Just(Saved),
        3 => prop::option::of(document.clone()).prop_map(reprint),
        5 => Just(PRINTER_READY),
        5 => (document.clone(), outcome).prop_map(|(document, outcome)| paper(document, outcome)),
        1 => document.prop_map(|document| In(Input::WaivePaper { document })),
        8 => (prop::sample::select(vec!["li", "wang"]), prop::bool::weighted(0.8))
            .prop_map(|(id, matches)| pin(id, matches)),
        3 => Just(SIGN_OUT),
        3 => (0i64..70_000).prop_map(Later),
        2 => (-DAY_MS..2 * DAY_MS).prop_map(Later),
        2 => (-HOUR_MS..2 * HOUR_MS).prop_map(Later),
    ]
}

/// Where [`Lane::restarted_from`] must begin at the latest: the last shift but
/// one, or the last sale where that is older.
fn needed_from(lane: &Lane) -> u64 {
    let newest = |is: fn(&Record) -> bool, skipped: usize| {
        lane.journal.iter().rev().filter(|(.., record)| is(record)).nth(skipped).map(|(seq, ..)| *seq)
    };
    let shift = newest(|record| matches!(record, Record::ShiftOpened { .. }), 1).unwrap_or(1);
    newest(|record| matches!(record, Record::SaleCompleted { .. }), 0).map_or(shift, |sale| sale.min(shift))
}

/// Takes one step and checks what holds after every one.
fn check_step(lane: &mut Lane, happens: Happens) -> Result<(), TestCaseError> {
    let before = lane.till.clone();
    let said = happens.clone();
    let effects = lane.take(happens);
    let waiting = lane.till.papers.values().filter(|paper| matches!(paper, Paper::Waiting { .. })).count();
    prop_assert!(waiting <= PAPERS_WAITING_MAX);
    prop_assert!(lane.till.basket.lines().windows(2).all(|pair| pair[0].number < pair[1].number));
    // None of these may overflow.
    let due = lane.till.cash_due(&lane.settings);
    prop_assert!(due.payable <= lane.till.basket.total() && Money::ZERO <= due.payable);
    prop_assert!(Money::ZERO <= lane.till.basket.saved() && 0 <= lane.till.basket.pieces());
    crate::sale::likely_cash(due.payable, &lane.settings.currency);
    for effect in &effects {
        match effect {
            Effect::Commit(Record::LinePriceLowered { lowered, .. }) => {
                let line = before.basket.line(lowered.line).expect("a line of the basket");
                prop_assert!(lowered.unit_price <= line.unit_price && lowered.list_price <= line.item.price);
                prop_assert!(line.follows_price_list());
            }
            Effect::Commit(Record::SaleCompleted { sale }) => {
                prop_assert!(sale.adds_up());
                prop_assert_eq!(sale.taxes.iter().map(|tax| tax.net).sum::<Money>(), sale.total);
                prop_assert!(!sale.lines.is_empty());
            }
            Effect::OpenDrawer => {
                prop_assert!(matches!((&said, &before.desk), (Saved, Desk::Saving(..))));
            }
            Effect::Print { document, .. } => {
                prop_assert_eq!(
                    before.papers.get(document).map(|paper| matches!(paper, Paper::Waiting { .. })),
                    Some(true)
                );
            }
            Effect::Commit(_) | Effect::Sound(_) | Effect::Tell(_) => {}
        }
    }
    // What was refused changed nothing but where the cashier stands after a sale.
    let refused = effects.first() == Some(&Effect::Sound(Sound::Blocked));
    if refused || effects.is_empty() {
        let after = Till { desk: before.desk.clone(), ..lane.till.clone() };
        prop_assert_eq!(after, before);
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_day_adds_up_and_survives_a_power_cut(
        prints in prop::bool::weighted(0.9),
        day in prop::collection::vec(any_happening(), 0..200),
    ) {
        let mut lane = Lane::new();
        lane.settings.prints_receipts = prints;
        for happens in selling().into_iter().chain(day) {
            check_step(&mut lane, happens)?;
        }
        lane.take(Saved);

        let begun: Vec<u64> =
            lane.till.papers.iter().filter(|(_, paper)| **paper == Paper::Begun).map(|(document, _)| *document).collect();
        let asked_again: Vec<u64> = lane
            .till
            .papers
            .iter()
            .filter(|(_, paper)| **paper == Paper::Waiting { reprint: true })
            .map(|(document, _)| *document)
            .collect();
        let mut live = lane.till.clone();
        live.wake(&lane.settings);
        live.papers.retain(|document, _| !asked_again.contains(document));

        let mut restarted = lane.restarted_from(1);
        restarted.papers.retain(|document, _| !asked_again.contains(document));
        prop_assert_eq!(&restarted, &live);

        // Two shifts of the journal are as good as all of it, but for who
        // mistyped before them and for paper that takes longer than a shift.
        let mut restarted = lane.restarted_from(needed_from(&lane));
        restarted.papers.retain(|document, _| !asked_again.contains(document) && !begun.contains(document));
        live.papers.retain(|document, _| !begun.contains(document));
        restarted.pin_refusals.clone_from(&live.pin_refusals);
        prop_assert_eq!(&restarted, &live);
    }

    #[test]
    fn no_clock_stops_a_till(day in prop::collection::vec(
        prop_oneof![1 => any::<i64>().prop_map(Happens::Clock), 3 => any_happening()],
        0..100,
    )) {
        let mut lane = Lane::new();
        for happens in day {
            check_step(&mut lane, happens)?;
        }
    }
}

// Codes that say more than what it is.

const COLA_UNTIL_TODAY: &str = "]d2010952000000001110A1\u{1d}17260302";
const COLA_UNTIL_YESTERDAY: &str = "(01)09520000000011(17)260301";
const COLA_SERIAL: &str = "]C1010952000000001121S7";
const APPLE_CASE: &str = "]e0019952000000006931030012343922001599";

#[test]
fn batch_expiry_and_serial_come_with_the_line() {
    check(
        selling(),
        &[scan(COLA_UNTIL_TODAY), scan("https://id.gs1.org/01/09520000000028/10/E2/21/9")],
        expect![[r#"
            commit line 1 cola 1 x 3.50 = 3.50, batch A1, expiry 2026-03-02
            sound Accepted
            commit line 2 egg 1 x 2.00 by breakfast = 2.00, batch E2, serial 9
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 2 lines 5.50
        "#]],
    );
}

#[test]
fn what_has_expired_is_not_sold() {
    check(
        selling(),
        &[scan(COLA_UNTIL_YESTERDAY)],
        expect![[r#"
        sound Blocked
        tell cola expired 2026-03-01
        = shift 1 of 2026-03-02, li selling
    "#]],
    );
    // Until 09:59, and it is 10:00.
    check(
        selling(),
        &[scan("(01)09520000000011(7003)2603020959")],
        expect![[r#"
        sound Blocked
        tell cola expired 2026-03-02
        = shift 1 of 2026-03-02, li selling
    "#]],
    );
    check(
        selling(),
        &[scan("(01)09520000000011(7003)2603021000")],
        expect![[r#"
        commit line 1 cola 1 x 3.50 = 3.50, expiry 2026-03-02
        sound Accepted
        = shift 1 of 2026-03-02, li selling; 1 lines 3.50
    "#]],
    );
    // A day without a day is the month's last.
    check(
        selling(),
        &[scan("(01)09520000000011(17)260200")],
        expect![[r#"
        sound Blocked
        tell cola expired 2026-02-28
        = shift 1 of 2026-03-02, li selling
    "#]],
    );
    check(
        selling(),
        &[scan(COLA_UNTIL_TODAY), Later(DAY_MS), scan(COLA_UNTIL_TODAY)],
        expect![[r#"
        commit line 1 cola 1 x 3.50 = 3.50, batch A1, expiry 2026-03-02
        sound Accepted
        sound Blocked
        tell cola expired 2026-03-02
        = shift 1 of 2026-03-02, li selling; 1 lines 3.50
    "#]],
    );
}

#[test]
fn what_is_past_its_best_is_sold_and_said() {
    check(
        selling(),
        &[scan("(01)09520000000011(15)260301")],
        expect![[r#"
        commit line 1 cola 1 x 3.50 = 3.50
        sound Accepted
        tell cola best before 2026-03-01
        = shift 1 of 2026-03-02, li selling; 1 lines 3.50
    "#]],
    );
    check(
        selling(),
        &[scan("(01)09520000000011(16)260301")],
        expect![[r#"
        commit line 1 cola 1 x 3.50 = 3.50
        sound Accepted
        tell cola best before 2026-03-01
        = shift 1 of 2026-03-02, li selling; 1 lines 3.50
    "#]],
    );
    check(
        selling(),
        &[scan("(01)09520000000011(15)260302")],
        expect![[r#"
        commit line 1 cola 1 x 3.50 = 3.50
        sound Accepted
        = shift 1 of 2026-03-02, li selling; 1 lines 3.50
    "#]],
    );
}

#[test]
fn a_piece_with_a_number_is_sold_once() {
    check(
        selling(),
        &[scan(COLA_SERIAL), scan(COLA_SERIAL), pieces(1, 2), pieces(1, 1), void(1), scan(COLA_SERIAL)],
        expect![[r#"
            commit line 1 cola 1 x 3.50 = 3.50, serial S7
            sound Accepted
            sound Blocked
            tell cola S7 in the basket
            sound Blocked
            tell cola S7 in the basket
            commit line 1 quantity 1 net 3.50
            commit line 1 voided by li
            tell cola voided
            commit line 2 cola 1 x 3.50 = 3.50, serial S7
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 1 lines 3.50
        "#]],
    );
}

#[test]
fn a_code_may_carry_measure_and_price() {
    check(
        selling(),
        &[scan(APPLE_CASE)],
        expect![[r#"
        commit line 1 apple 1.234 x 12.80 = 15.99
        sound Accepted
        tell label price of apple differs
        = shift 1 of 2026-03-02, li selling; 1 lines 15.99
    "#]],
    );
    check(
        selling(),
        &[scan("]e001995200000000693103001234")],
        expect![[r#"
        commit line 1 apple 1.234 x 12.80 = 15.80
        sound Accepted
        = shift 1 of 2026-03-02, li selling; 1 lines 15.80
    "#]],
    );
    // In Hong Kong dollars.
    check(
        selling(),
        &[scan("]e00199520000000069310300123439323441599")],
        expect![[r#"
        sound Unknown
        tell read GS1 data, character 1: a price in another currency
        = shift 1 of 2026-03-02, li selling
    "#]],
    );
    check(
        selling(),
        &[scan("]e00199520000000069")],
        expect![[r#"
            sound Blocked
            tell weight of apple needed
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
    check(
        selling(),
        &[scan("]e00109520000000011306")],
        expect![[r#"
        commit line 1 cola 6 x 3.50 = 21.00
        sound Accepted
        = shift 1 of 2026-03-02, li selling; 1 lines 21.00
    "#]],
    );
    check(
        selling(),
        &[scan("]e00109520000000011306\u{1d}39222150")],
        expect![[r#"
            commit line 1 cola 6 x 3.50 = 21.50
            sound Accepted
            tell label price of cola differs
            = shift 1 of 2026-03-02, li selling; 1 lines 21.50
        "#]],
    );
}

#[test]
fn a_code_that_is_no_goods_is_said_to_be_what_it_is() {
    check(
        selling(),
        &[
            scan("M000001W"),
            scan("CSPRING26K"),
            scan("S0101K"),
            scan("L0000021E7A3F4C596"),
            scan("RS001-2-1-41-H"),
            scan("281234567890123456"),
            scan("]C1010952000000001117991332"),
            scan("2110001000003"),
            scan("2110001012359"),
            scan("69O1028075763"),
        ],
        expect![[r#"
            sound Blocked
            tell MemberCode("M000001W")
            sound Blocked
            tell CouponCode("CSPRING26K")
            sound Blocked
            tell StaffCode("S0101K")
            sound Blocked
            tell LabelCode("L0000021E7A3F4C596")
            sound Blocked
            tell ReceiptCode(ReceiptCode { store: "S001", lane: 2, epoch: 1, seq: 41 })
            sound Blocked
            tell PaymentCode
            sound Unknown
            tell read GS1 data, AI (17), character 21: it has no such month
            sound Blocked
            tell LabelRange("2110001000003")
            sound Unknown
            tell Misread("2110001012359")
            sound Unknown
            tell Misread("69O1028075763")
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}
