//! The till's days, told as what happens and what it wants done.

// A test looks at the few records and effects that it is about.
#![allow(clippy::wildcard_enum_match_arm)]

use expect_test::{Expect, expect};
use proptest::prelude::*;

use std::sync::Arc;

use super::*;
use crate::barcode;
use crate::basket::{Cut, Discount, LINES_MAX, Line, LoweredPrice, Trace};
use crate::catalogue::{
    Audience, Found, Item, KitPart, LookUpError, PriceBounds, PriceRow, PriceScope, SaleUnit, Unit,
};
use crate::coupon::{Coupon, CouponState};
use crate::member::{Member, PointsGrant, Spending};
use crate::money::{AMOUNT_MAX, Quantity, TaxRate};
use crate::payment::Answer;
use crate::promotion::explain::{Lacking, Missed};
use crate::promotion::rule::{Conditions, ItemRule, OrderRule, PriceRule, Rule as Works, Scope, Stacking};
use crate::promotion::ticket::Unmet;
use crate::promotion::{Promotion, PromotionSet};
use crate::refund::{Origin, PastSale};
use crate::shift::{CashMove, Denomination, PARKED_MAX};

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
const YOGHURT: &str = "9520000000158";
const MILK: &str = "9520000000165";
const APPLE: &str = "10001";
/// Apples that a supplier packed: of variable measure.
const APPLES: &str = "99520000000069";
const APPLE_WEIGHED: &str = "2110001012358";
const APPLE_PRICED: &str = "2310001015810";
const APPLE_BOTH: &str = "221000100684005342";
const APPLE_DIFFERS: &str = "221000100683005343";

struct Goods {
    fails: bool,
    /// Whether promotions bound to tenders are live, and gifts.
    festival: bool,
    /// Whether promotions are live of which there are so many.
    flash: bool,
    /// Whether offers of several colas are live, which are hard to reckon.
    bundles: bool,
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

const GOODS: [Good; 14] = [
    Good { sku: "yoghurt", name: "yoghurt", gtin: YOGHURT, plu: "", price: 801 },
    Good { sku: "milk", name: "milk", gtin: MILK, plu: "", price: 650 },
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
    Good { sku: "plus", name: "plus", gtin: membership::FEE, plu: "", price: 990 },
];

impl Good {
    fn item(&self) -> Item {
        Item {
            weighed: self.name == "apple",
            code: if self.plu.is_empty() { self.gtin } else { self.plu }.into(),
            age_restricted: self.name == "beer",
            gift: self.name == "bag",
            membership: self.name == "plus",
            units: match self.name {
                "tea" => vec![pack("six", 6, None), pack("case", 24, Some(10_000))],
                "egg" => vec![pack("tray", 30, None)],
                _ => Vec::new(),
            },
            prices: match self.name {
                "tea" => tea_prices(),
                "milk" => buyer::milk_prices(),
                _ => Vec::new(),
            },
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

    fn promotions(&self) -> Result<Arc<PromotionSet>, LookUpError> {
        if self.fails {
            return Err(LookUpError("the file is gone".into()));
        }
        let breakfast = promotion(
            "p1",
            "早餐",
            "breakfast",
            &["egg"],
            Works::Price(PriceRule::Fixed(Money::from_minor(200))),
        );
        let pair = ItemRule::NthUnit { n: 2, pay_percent: 50, same_sku: false, spread: false };
        let half =
            promotion("p2", "第二件半价", "second at half price", &["yoghurt", "milk"], Works::Item(pair));
        let off = OrderRule::ThresholdOff {
            min: Money::from_minor(2_000),
            off: Money::from_minor(300),
            repeat_max: 1,
        };
        let dairy = promotion("p3", "满20减3", "3 off 20", &["yoghurt", "milk"], Works::Order(off));
        let mut all = vec![breakfast, half, dairy];
        all.extend(buyer::promotions(self.festival));
        if self.flash {
            all.extend(quotas::promotions());
        }
        if self.bundles {
            all.extend(reckoning::promotions());
        }
        let set = PromotionSet::load(7, all).0;
        Ok(Arc::new(if self.festival { set.with_grants(buyer::grants()) } else { set }))
    }

    fn member(&self, code: &str) -> Result<Option<Arc<Member>>, LookUpError> {
        if self.fails { Err(LookUpError("the file is gone".into())) } else { Ok(buyer::member(code)) }
    }

    fn coupon(&self, code: &str) -> Result<Option<Coupon>, LookUpError> {
        if self.fails { Err(LookUpError("the file is gone".into())) } else { Ok(buyer::coupon(code)) }
    }
}

fn promotion(id: &str, name_zh: &str, name_en: &str, skus: &[&str], rule: Works) -> Promotion {
    Promotion {
        id: id.into(),
        name_zh: name_zh.into(),
        name_en: name_en.into(),
        rule,
        scope: Scope::of(skus.iter().copied()),
        conditions: Conditions::default(),
        quota: None,
        quotas: Vec::new(),
        bearers: Vec::new(),
        applications_max: None,
        stacking: Stacking::default(),
    }
}

fn settings() -> Settings {
    Settings {
        currency: yuan(),
        cash_rounding: Money::from_minor(10),
        change_max: Money::from_minor(100_000),
        codes: codes(),
        prints_receipts: true,
        rules: Rules {
            foreign: vec![ForeignRate { currency: "HKD".into(), rate: 915_300 }],
            wallets: vec![Wallet::WeChat, Wallet::Alipay],
            value: Some(value::rules()),
            ..Rules::default()
        },
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
    /// The customer brings the goods of the last sale back.
    BringsBack,
    /// The customer pays, or is paid, exactly what is due.
    PaysRest,
    /// The wallet answers to the last payment.
    Answers(Answer),
    /// The scale answers to what it was last asked.
    ScaleSays(ScaleAnswer),
    /// The customer of the oldest parked basket is back.
    Recalls,
    /// The disk has the sale.
    Saved,
    /// A member is named for the last sale that sold goods, after it was paid.
    NamesBuyer(&'static str),
    /// Somebody becomes a member with the sale that was paid last.
    NamesNewBuyer(Box<crate::member::NewMember>),
    /// Time passes, milliseconds; or the clock is set back.
    Later(i64),
    /// The clock says this, milliseconds UTC.
    Clock(i64),
    /// The goods cannot be asked any more.
    GoodsGone,
    /// Promotions bound to tenders are live, and gifts.
    Festival,
    /// Promotions are live of which there are so many.
    Flash,
    /// The lane has no printer.
    NoPrinter,
    /// The chain sets its rules.
    Rule(fn(&mut Rules)),
    /// The power is cut and comes back.
    PowerCut,
}

use Happens::{BringsBack, GoodsGone, In, Later, NoPrinter, PowerCut, Rule, Saved};

fn pin(id: &str, matches: bool) -> Happens {
    In(Input::PinChecked { staff: staff(id), rights: Rights::ALL, matches })
}

/// What the role lets somebody do.
fn rights(role: &str) -> Rights {
    Rights::of_role(role, &yuan())
}

fn signs_in(id: &str, role: &str) -> Happens {
    In(Input::PinChecked { staff: staff(id), rights: rights(role), matches: true })
}

fn approves(id: &str, role: &str, reason: &str) -> Happens {
    In(Input::Approve { staff: staff(id), rights: rights(role), matches: true, reason: reason.into() })
}

fn money(amount: &str) -> Money {
    yuan().parse(amount).expect("an amount")
}

fn cut(line: Option<u32>, cut: Cut) -> Happens {
    In(Input::Discount { line, cut: Some(cut), reason: "bruised".into() })
}

fn hands_over(offer: Offer) -> Happens {
    In(Input::Tender(offer))
}

fn some_cash(amount: &str) -> Happens {
    hands_over(Offer::Cash(money(amount)))
}

fn voucher(number: &str, face: &str) -> Happens {
    hands_over(Offer::Voucher { number: number.into(), face: money(face) })
}

fn answered(number: u64, answer: Answer) -> Happens {
    In(Input::PaymentAnswered { number, answer })
}

fn paid() -> Answer {
    Answer::Paid { reference: "4200".into() }
}

fn brings_back(line: u32, thousandths: i64) -> Happens {
    In(Input::ReturnLine { line, thousandths, reason: "stale".into() })
}

fn recall(basket: u32) -> Happens {
    In(Input::Recall { basket })
}

fn moves(kind: CashMove, amount: &str) -> Happens {
    In(Input::MoveCash { kind, amount: money(amount), reason: "stamps".into() })
}

fn counts(value: &str, count: u32) -> Happens {
    In(Input::CountCash { denominations: vec![Denomination { value: money(value), count }] })
}

const PAY_CODE: &str = "134567890123456789";
const CHARGE: fn() -> Happens = || scan(PAY_CODE);
const PARK: Happens = In(Input::Park { note: String::new() });
const LOCK: Happens = In(Input::Lock);
const TICK: Happens = In(Input::Tick);
const RECKON: Happens = In(Input::Reckon);
const PAY_OUT: Happens = In(Input::PayOut);
const CLOSE_SHIFT: Happens = In(Input::CloseShift);
const REPORT: Happens = In(Input::Report);

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
    In(Input::SetPrice { line, unit_price: yuan().parse(price).expect("an amount"), reason: "tag".into() })
}

fn void(line: u32) -> Happens {
    In(Input::Void { line, reason: String::new() })
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
const CANCEL: Happens = In(Input::Cancel { reason: String::new() });
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
    to_weigh: Option<Box<ToWeigh>>,
}

impl Lane {
    fn new() -> Self {
        Self {
            till: Till::default(),
            settings: settings(),
            goods: Goods { fails: false, festival: false, flash: false, bundles: false },
            now_ms: MORNING_MS,
            journal: Vec::new(),
            sale: 0,
            to_weigh: None,
        }
    }

    fn take(&mut self, happens: Happens) -> Vec<Effect> {
        match self.input_of(happens) {
            Some(input) => self.step(input),
            None => Vec::new(),
        }
    }

    /// What the till is told of what happens; nothing where that is about the world around it.
    fn input_of(&mut self, happens: Happens) -> Option<Input> {
        Some(match happens {
            In(input) => input,
            Saved => Input::Committed { seq: self.sale },
            Happens::PaysRest => {
                let due = self.till.due(&self.settings);
                if due.payable < Money::ZERO { Input::PayOut } else { Input::TakeCash(due.cash) }
            }
            Happens::Answers(answer) => {
                let number = self.till.payments.last().map_or(0, |payment| payment.number);
                Input::PaymentAnswered { number, answer }
            }
            Happens::Recalls => {
                Input::Recall { basket: self.till.parked.first().map_or(0, |parked| parked.number) }
            }
            Happens::ScaleSays(answer) => {
                let Some(goods) = self.to_weigh.take() else { return None };
                Input::Weighed { goods, answer }
            }
            BringsBack => {
                let Some(past) = self.past_sale() else { return None };
                Input::BeginReturn { past: Box::new(past) }
            }
            Happens::NamesBuyer(code) => {
                let Some(paid) = self.paid_sale() else { return None };
                Input::NameBuyer { paid: Box::new(paid), who: after::Named::Code(code.into()) }
            }
            Happens::NamesNewBuyer(member) => {
                let Some(paid) = self.paid_sale() else { return None };
                Input::NameBuyer { paid: Box::new(paid), who: after::Named::New(member) }
            }
            Later(ms) => {
                self.now_ms = self.now_ms.saturating_add(ms);
                return None;
            }
            Happens::Clock(ms) => {
                self.now_ms = ms;
                return None;
            }
            GoodsGone => {
                self.goods.fails = true;
                return None;
            }
            Happens::Flash => {
                self.goods.flash = true;
                return None;
            }
            Happens::Festival => {
                self.goods.festival = true;
                return None;
            }
            NoPrinter => {
                self.settings.prints_receipts = false;
                return None;
            }
            Rule(set) => {
                set(&mut self.settings.rules);
                return None;
            }
            PowerCut => {
                self.till = self.restarted_from(needed_from(self));
                return None;
            }
        })
    }

    fn step(&mut self, input: Input) -> Vec<Effect> {
        let (till, effects) = self.till.step(&self.context(), input);
        self.till = till;
        for effect in &effects {
            if let Effect::Weigh(goods) = effect {
                self.to_weigh = Some(goods.clone());
            }
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

    fn context(&self) -> Context<'_> {
        Context { now_ms: self.now_ms, offset_minutes: 480, catalogue: &self.goods, settings: &self.settings }
    }

    /// What is left of the last sale that sold goods, as the lane finds it in its journal.
    fn past_sale(&self) -> Option<PastSale> {
        let sales = || {
            self.journal.iter().filter_map(|(seq, _, record)| match record {
                Record::SaleCompleted { sale } => Some((*seq, sale.as_ref())),
                _ => None,
            })
        };
        let (seq, sale) = sales().rfind(|(_, sale)| !sale.lines.is_empty())?;
        let origin = Origin { store: "S001".into(), lane: 1, epoch: 1, seq };
        let sale = sale.clone().bought_by(self.named_after(seq));
        let later: Vec<Sale> =
            sales().filter(|(later, _)| *later > seq).map(|(_, sale)| sale.clone()).collect();
        Some(PastSale::new(origin, &sale, &later, self.settings.rules.tax))
    }

    /// Who was named for a sale after it was paid.
    fn named_after(&self, sale: u64) -> Option<crate::sale::SaleBuyer> {
        self.journal.iter().find_map(|(.., record)| match record {
            Record::BuyerNamed { document, buyer, .. } if *document == sale => Some(buyer.clone()),
            _ => None,
        })
    }

    /// The last sale that sold goods, as the lane finds it in its journal.
    fn paid_sale(&self) -> Option<after::PaidSale> {
        let past = self.past_sale()?;
        let mut shift = 0;
        let found = self.journal.iter().find_map(|(seq, at_ms, record)| match record {
            Record::ShiftOpened { number, .. } => {
                shift = *number;
                None
            }
            Record::SaleCompleted { sale } if *seq == past.origin.seq => {
                Some((*at_ms, sale.as_ref().clone()))
            }
            _ => None,
        });
        let (at_ms, sale) = found?;
        let came_back = past.lines.iter().any(|line| line.returned > 0);
        Some(after::PaidSale { seq: past.origin.seq, shift, at_ms, sale, came_back })
    }

    /// A till made from the journal from a number on.
    fn restarted_from(&self, first: u64) -> Till {
        let mut till = Till::default();
        for (seq, at_ms, record) in self.journal.iter().filter(|(seq, ..)| *seq >= first) {
            till.restore(*seq, *at_ms, record);
        }
        till.wake(&self.settings);
        // No basket is shown before it is priced.
        till.repriced(&self.context())
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
        Effect::Weigh(goods) => format!("weigh {} at {}", goods.item.sku, yuan().format(goods.unit_price)),
        Effect::OpenDrawer => "open drawer".into(),
        Effect::Print { document, reprint } => {
            format!("print #{document}{}", if *reprint { " again" } else { "" })
        }
        Effect::Tell(message) => format!("tell {}", message_words(message)),
        Effect::Charge { payment, code } => {
            format!("charge {} {} to {code}", payment_words(payment), yuan().format(payment.amount))
        }
        Effect::Refund(payment) => {
            format!("refund {} {}", payment_words(payment), yuan().format(payment.amount))
        }
        Effect::QueryPayment(payment) => format!("query {}", payment_words(payment)),
        Effect::ReversePayment(payment) => format!("reverse {}", payment_words(payment)),
        Effect::Ask(act) => format!("ask for {act:?}"),
        Effect::Report(report) => format!("report {}", report_words(report)),
    }
}

fn payment_words(payment: &Payment) -> String {
    format!("{:?} payment {}", payment.wallet, payment.number)
}

fn report_words(report: &ShiftReport) -> String {
    let amount = |money: Money| yuan().format(money);
    let takings = &report.takings;
    let tenders: Vec<String> =
        takings.tenders.iter().map(|(kind, sum)| format!("{kind:?} {}", amount(*sum))).collect();
    let mut words = format!(
        "{} documents, sold {}, returned {}, rounding {}; {}; drawer {}",
        takings.documents,
        amount(takings.sold),
        amount(takings.returned.amount),
        amount(takings.rounding),
        tenders.join(", "),
        amount(takings.expected_cash()),
    );
    if let (Some(counted), Some(variance)) = (report.counted, report.variance()) {
        words.push_str(&format!(", counted {}, variance {}", amount(counted), amount(variance)));
    }
    words.push_str(&format!("; ever {} in {}", amount(report.totals.net()), report.totals.documents));
    if !report.parked.is_empty() || !report.in_doubt.is_empty() {
        words.push_str(&format!("; parked {:?}, in doubt {:?}", report.parked, report.in_doubt));
    }
    words
}

fn tender_words(tender: &Tender) -> String {
    let amount = yuan().format(tender.amount());
    match tender {
        Tender::Cash(_) => format!("cash {amount}"),
        Tender::ForeignCash { currency, amount: theirs, .. } => {
            format!("{currency} {} worth {amount}", yuan().format(*theirs))
        }
        Tender::Wallet { wallet, payment, .. } => format!("{wallet:?} payment {payment} {amount}"),
        Tender::Voucher { number, .. } => format!("voucher {number} {amount}"),
        Tender::StoredValue(stored) => {
            let (principal, bonus) = (yuan().format(stored.part.principal), yuan().format(stored.part.bonus));
            format!("stored value of {} {principal} and {bonus}", stored.member)
        }
    }
}

fn discount_words(discount: Option<&Discount>) -> String {
    match discount {
        None => "nothing".into(),
        Some(Discount { cut: Cut::Part(points), reason, .. }) => format!("{points} parts for {reason}"),
        Some(Discount { cut: Cut::Amount(amount), reason, .. }) => {
            format!("{} for {reason}", yuan().format(*amount))
        }
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
        Message::NotWeighed { item, fault } => format!("{} not weighed: {fault:?}", item.sku),
        Message::WeightByScaleOnly(item) => format!("weight of {} by the scale only", item.sku),
        Message::LineVoided(item) => format!("{} voided", item.sku),
        Message::TooLittle { missing } => format!("{} missing", yuan().format(*missing)),
        Message::WrongPin { wait_seconds } => format!("wrong PIN, wait {wait_seconds}"),
        Message::Reprinting { document } => format!("reprinting #{document}"),
        Message::Fault(fault) => fault.to_string(),
        Message::NotReducible(item) => format!("{} is not reduced", item.sku),
        Message::BasketTaken { lane, coupons } => format!("basket of lane {lane}, {coupons} coupons left"),
        Message::BasketGone { basket, lane } => format!("basket {basket} is at lane {lane}"),
        Message::StockCounted { document, items } => format!("{document} counted, {items} items"),
        Message::BasketParked { basket } => format!("basket {basket} parked"),
        Message::BasketParkedMoneyBack { basket, back } => {
            format!("basket {basket} parked, {} back", yuan().format(*back))
        }
        Message::MoreThanDue { due } => format!("more than the {} due", yuan().format(*due)),
        Message::PayOutDue { amount } => format!("{} to be paid out", yuan().format(*amount)),
        Message::PaymentDeclined { reason } => format!("payment declined: {reason}"),
        Message::PaymentInDoubt { number } => format!("payment {number} in doubt"),
        Message::ReturnTooMuch { left } => format!("only {left} thousandths left"),
        Message::Malformed { error, .. } => error.to_string(),
        Message::Expired { item, expiry } => format!("{} expired {expiry}", item.sku),
        Message::PastBest { item, date } => format!("{} best before {date}", item.sku),
        Message::SerialInBasket { item, serial } => format!("{} {serial} in the basket", item.sku),
        Message::MemberJoined(member) => format!("member {}", member.id),
        Message::CouponLaid { code, off } => format!("coupon {code} takes off {}", yuan().format(*off)),
        Message::CouponsBack(codes) => format!("coupons {} given back", codes.join(", ")),
        Message::CouponRefused(refusal) => refusal.to_string(),
        Message::TopUpRange { most } => format!("top up at most {}", yuan().format(*most)),
        Message::OneMembership(item) => format!("one membership: not {}", item.sku),
        Message::MembershipNeedsReceipt(item) => format!("the receipt of {} is needed", item.sku),
        Message::BuyerUnknown { document, code } => format!("nobody is {code} for #{document}"),
        Message::BuyerNamed { document, member, earned } => {
            format!("#{document} is of {}, {earned} points", member.id)
        }
        Message::BuyerNotNamed(why) => format!("not named: {why:?}"),
        Message::MemberUnknown(_)
        | Message::MemberFirst
        | Message::PointsNotSpent
        | Message::ValueNotSpent
        | Message::ValueOver
        | Message::TopUpAlone
        | Message::TopUpAtHq
        | Message::ValueBackFirst
        | Message::CouponsFull
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
        | Message::NothingToReprint
        | Message::Locked
        | Message::MayNotApprove
        | Message::NothingToApprove
        | Message::ReasonNeeded
        | Message::DiscountRange
        | Message::ParkedFull
        | Message::NotParked
        | Message::BasketFirst
        | Message::TendersFirst
        | Message::TendersFull
        | Message::NoTender
        | Message::UnknownCurrency
        | Message::AmountRange
        | Message::PaymentOpen
        | Message::NoTerminal
        | Message::PaymentNotTaken
        | Message::TooManyInDoubt
        | Message::NoPayment
        | Message::RecallFirst
        | Message::ReturnOpen
        | Message::NothingToReturn
        | Message::NotReturnable
        | Message::StockRefused(_)
        | Message::ShelfLabelRefused(_)
        | Message::ReturnElsewhere
        | Message::ReturnedElsewhere
        | Message::OpenShiftFirst
        | Message::ShiftIsOpen => format!("{message:?}"),
        Message::Kiosk(message) => kiosk::message_words(message),
        Message::Phone(message) => format!("{message:?}"),
        Message::OrderRefused(refused) => format!("order refused: {refused:?}"),
    }
}

fn record_words(record: &Record) -> String {
    let amount = |money: Money| yuan().format(money);
    match record {
        Record::ShiftOpened { number, business_date, staff, .. } => {
            format!("shift {number} of {business_date} opened by {staff}")
        }
        Record::ShiftClosed { staff, .. } => format!("shift closed by {staff}"),
        Record::CashMoved { kind, amount: moved, staff, reason } => {
            format!("{kind:?} of {} by {staff} for {reason}", amount(*moved))
        }
        Record::CashCounted { total, staff, .. } => format!("{} counted by {staff}", amount(*total)),
        Record::DrawerOpened { staff, reason } => format!("drawer opened by {staff} for {reason}"),
        Record::Locked { staff } => format!("locked by {staff}"),
        Record::Unlocked { staff } => format!("unlocked by {staff}"),
        Record::Approved { act, staff, approver, reason } => {
            format!("{act:?} of {staff} approved by {approver} for {reason}")
        }
        Record::LineDiscounted { line, discount, staff } => {
            format!("line {line} less {} by {staff}", discount_words(discount.as_ref()))
        }
        Record::BasketDiscounted { discount, staff } => {
            format!("basket less {} by {staff}", discount_words(discount.as_ref()))
        }
        Record::MemberJoined { member, prices } => {
            let price =
                |price: &LoweredPrice| format!(", line {} at {}", price.line, amount(price.unit_price));
            format!("member {} joined{}", member.id, prices.iter().map(price).collect::<String>())
        }
        Record::MemberLeft => "member left".into(),
        Record::CouponLaid { coupon } => format!("coupon {} laid", coupon.code),
        Record::CouponTakenBack { code } => format!("coupon {code} taken back"),
        Record::PointsOffered { grant: Some(grant) } => format!("{} points offered", grant.points),
        Record::PointsOffered { grant: None } => "no points offered".into(),
        Record::StockMoved { movement, .. } => format!("{:?} {}", movement.kind, movement.document),
        Record::StockCounted { count, .. } => format!("counted {}", count.document),
        Record::LabelBound { binding, .. } => format!("label {} bound", binding.label),
        Record::LabelUnbound { label, reason, .. } => format!("label {label} unbound for {reason}"),
        Record::LabelReplaced { old, binding, reason, .. } => {
            format!("label {} in place of {old} for {reason}", binding.label)
        }
        Record::LabelsWaived { item, reason, .. } => format!("labels of {} waived for {reason}", item.sku),
        Record::MemberRegistered { member, .. } => format!("{} registered", member.id),
        Record::QuotasHeard { heard } => {
            let words = heard.iter().map(|heard| format!(" {}", heard.promotion));
            format!("heard of{}", words.collect::<String>())
        }
        Record::LeaseReturned { grant } => format!("{} goes back", grant.lease),
        Record::TenderChosen { tender } => match tender {
            Some(kind) => format!("all by {}", kind.name()),
            None => "by several tenders".into(),
        },
        Record::BasketParked { basket, staff, .. } => format!("basket {basket} parked by {staff}"),
        Record::BasketRecalled { basket, staff } => format!("basket {basket} recalled by {staff}"),
        Record::BasketOffered { parked } => format!("basket {} offered", parked.number),
        Record::BasketTaken { from, staff, .. } => {
            format!("basket {} of lane {} taken by {staff}", from.number, from.lane)
        }
        Record::BasketGone { basket, lane } => format!("basket {basket} gone to lane {lane}"),
        Record::ReturnBegun { past } => {
            format!("return of #{} begun, {} left", past.origin.seq, amount(past.left))
        }
        Record::LineReturned { returned, staff } => format!(
            "line {} returned: {} {} = {}, tax {}, to {staff} for {}",
            returned.line,
            returned.item.sku,
            returned.quantity,
            amount(returned.amount),
            amount(returned.tax),
            returned.reason
        ),
        Record::ReturnDropped { staff } => format!("return dropped by {staff}"),
        Record::TenderAdded { tender } => format!("tender {}", tender_words(tender)),
        Record::TenderRemoved { place } => format!("tender {place} handed back"),
        Record::PaymentBegun { number, wallet, amount: asked, purpose } => match purpose {
            Purpose::Charge => format!("{wallet:?} payment {number} of {} begun", amount(*asked)),
            Purpose::Refund { payment, .. } => {
                format!("{wallet:?} payment {number} of {} begun, back to {payment}", amount(*asked))
            }
        },
        Record::PaymentEnded { number, outcome, .. } => format!("payment {number} ended {outcome:?}"),
        Record::SignedIn { staff } => format!("{} signed in", staff.id),
        Record::SignInRefused { staff } => format!("{staff} refused"),
        Record::SignedOut { staff } => format!("{staff} signed out"),
        Record::LineAdded { line } => format!("line {}", line_words(line)),
        Record::LineQuantitySet { line, quantity, net } => {
            format!("line {line} quantity {quantity} net {}", amount(*net))
        }
        Record::LinePriceSet { line, unit_price, net, staff, reason } => {
            format!("line {line} price {} net {} by {staff} for {reason}", amount(*unit_price), amount(*net))
        }
        Record::LinePriceLowered { lowered, net } => format!(
            "line {} lowered to {} of {} net {}",
            lowered.line,
            amount(lowered.unit_price),
            amount(lowered.list_price),
            amount(*net)
        ),
        Record::SellerNamed { line, seller, staff } => {
            let who = seller.as_ref().map_or("nobody", |seller| seller.id.as_str());
            let line = line.map(|line| format!(" for line {line}")).unwrap_or_default();
            format!("{who} credited{line} by {staff}")
        }
        Record::NoteWritten { line, note, staff } => {
            let line = line.map(|line| format!(" at line {line}")).unwrap_or_default();
            format!("noted{line} by {staff}: {note}")
        }
        Record::LineVoided { line, staff, .. } => format!("line {line} voided by {staff}"),
        Record::AgeConfirmed { staff } => format!("age confirmed by {staff}"),
        Record::BasketCancelled { staff, total, .. } => {
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
        Record::BuyerNamed { document, buyer, staff } => {
            let points = buyer.points.as_ref().map_or(0, |points| points.earned);
            format!("#{document} is of {} by {staff}, {points} points", buyer.member)
        }
        Record::PaperBegun { document, reprint } => {
            format!("paper #{document} begun{}", if *reprint { " again" } else { "" })
        }
        Record::PaperEnded { document, outcome } => format!("paper #{document} ended {outcome:?}"),
        Record::EpochBegun { previous_epoch, previous_seq, .. } => {
            format!("numbers begin again after {previous_seq} of epoch {previous_epoch}")
        }
        Record::ClockRefused { shown_ms, reckoned_ms } => {
            format!("clock refused at {shown_ms}, reckoned {reckoned_ms}")
        }
        Record::ClockTrusted { shown_ms, reckoned_ms, staff } => {
            format!("clock trusted at {shown_ms} by {staff:?}, reckoned {reckoned_ms}")
        }
        Record::Kiosk(record) => kiosk::record_words(record),
        Record::Phone(record) => phone::record_words(record),
        Record::Order(record) => format!("order {}: {:?}", record.order, record.deed),
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
    if let Some(by) = line.weighed_by {
        words.push_str(&format!(", weighed by {by:?}"));
    }
    let Trace { batch, expiry, best_before: _, serial } = &line.trace;
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
        Desk::Locked(staff) => format!("{} locked", staff.id),
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
    let returns = match till.basket.returns().len() {
        0 => String::new(),
        count => format!("; {count} back {}", yuan().format(till.basket.total())),
    };
    let tenders: String = till.tenders.iter().map(|tender| format!("; {}", tender_words(tender))).collect();
    let parked = match till.parked.len() {
        0 => String::new(),
        count => format!("; {count} parked"),
    };
    let payments: String = till
        .payments
        .iter()
        .map(|payment| {
            format!("; payment {}{}", payment.number, if payment.in_doubt { " in doubt" } else { "" })
        })
        .collect();
    format!("= {shift}, {desk}{basket}{returns}{tenders}{parked}{payments}{papers}")
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
            commit line 6 apple 0.500 x 12.80 = 6.40, weighed by Person
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
fn a_basket_costs_the_least_that_promotions_allow() {
    let priced = |inputs: &[Happens]| {
        let mut lane = Lane::new();
        for happens in then(selling(), inputs.to_vec()) {
            lane.take(happens);
        }
        lane
    };
    let nets = |lane: &Lane| lane.till.basket().lines().iter().map(|l| l.net().minor()).collect::<Vec<_>>();
    // 8.01 and 6.50: the cheaper at half price.
    let lane = priced(&[scan(YOGHURT), scan(MILK)]);
    assert_eq!(nets(&lane), [801, 325]);
    assert_eq!(lane.till.basket().total(), money("11.26"));
    // Pairs of a kind come to 12.02 and 9.75, and 20.00 are reached.
    let lane = priced(&[scan(YOGHURT), scan(MILK), scan(YOGHURT), scan(MILK)]);
    assert_eq!(lane.till.basket().total(), money("18.77"));
    let saved: Vec<&str> =
        lane.till.basket().lines()[3].savings.iter().map(|saving| &*saving.promotion.id).collect();
    assert_eq!(saved, ["p2", "p3"]);
    assert_eq!(lane.till.basket().reckoning().gap, Money::ZERO);
    // A pair of one line, then one more of it.
    let lane = priced(&[scan(YOGHURT), pieces(1, 3)]);
    assert_eq!(nets(&lane), [801 * 3 - 400 - 300]);
    // 20.03 were reached before, so nothing lacks; with one less, 7.98 do.
    let lacks_more = |missed: &Missed| missed.lacking != Lacking::Condition(Unmet::Coupon);
    let almost = &lane.till.basket().reckoning().almost;
    assert!(!almost.iter().any(|(_, missed)| lacks_more(missed)), "{almost:?}");
    let lane = priced(&[scan(YOGHURT), pieces(1, 2)]);
    let (promotion, missed) = &lane.till.basket().reckoning().almost[0];
    let lacking = Lacking::Amount { missing: money("7.98"), off: money("3.00") };
    assert_eq!((&*promotion.id, missed.lacking), ("p3", lacking));
    // A line that is taken back takes its promotions along.
    let lane = priced(&[scan(YOGHURT), scan(MILK), void(1)]);
    assert_eq!(nets(&lane), [650]);
}

#[test]
fn a_sale_holds_what_promotions_took_off() {
    let mut lane = Lane::new();
    let basket = [scan(YOGHURT), scan(MILK), scan(EGG), In(Input::Pay), cash("20.00"), Saved];
    for happens in then(selling(), basket) {
        lane.take(happens);
    }
    let Desk::Done(_, sale, _) = lane.till.desk() else { panic!("{:?}", lane.till.desk()) };
    assert!(sale.adds_up());
    assert_eq!((sale.total, sale.change), (money("13.26"), money("6.80")));
    let line = &sale.lines[1];
    assert_eq!(
        (line.price(), line.net(), line.savings[0].off),
        (money("6.50"), money("3.25"), money("3.25"))
    );
    // The tag of the egg was lower, and that is no saving of the basket.
    assert!(sale.lines[2].savings.is_empty() && sale.lines[2].promotion.is_some());
    // What comes back is worth what was paid for it.
    let past = lane.past_sale().expect("a sale");
    assert_eq!(past.lines[1].line.net(), money("3.25"));
}

#[test]
fn a_basket_that_was_open_at_a_stop_costs_what_it_did() {
    let mut lane = Lane::new();
    for happens in then(selling(), [scan(YOGHURT), scan(MILK), PowerCut]) {
        lane.take(happens);
    }
    assert_eq!(lane.till.basket().total(), money("11.26"));
}

#[test]
fn a_price_that_a_person_made_is_no_promotions() {
    let mut lane = Lane::new();
    let manager = [signs_in("102", "manager"), scan(YOGHURT), scan(MILK), cut(Some(2), Cut::Part(1_000))];
    for happens in manager {
        lane.take(happens);
    }
    assert_eq!(lane.till.basket().total(), money("13.86"));
}

#[test]
fn the_customers_best_price_may_leave_a_tag_alone() {
    let mut lane = Lane::new();
    lane.settings.rules.objective = Objective::CustomerBest;
    for happens in then(selling(), [scan(EGG), scan(YOGHURT)]) {
        lane.take(happens);
    }
    let egg = &lane.till.basket().lines()[0];
    assert_eq!((egg.unit_price, egg.net(), egg.savings.len()), (money("2.50"), money("2.00"), 1));
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
            In(Input::SetPrice { line: 2, unit_price: Money::from_minor(-1), reason: String::new() }),
            In(Input::SetPrice { line: 2, unit_price: Money::from_minor(i64::MAX), reason: String::new() }),
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
            commit line 2 price 1000000000000.00 net 1000000000000.00 by li for tag
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
            commit line 1 price 1.80 net 1.80 by li for tag
            commit line 2 price 10.00 net 12.35 by li for tag
            sound Blocked
            tell NoLine
            commit line 1 price 0.00 net 0.00 by li for tag
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

// Tenders.

#[test]
fn a_basket_is_paid_with_several_tenders() {
    check(
        paying(&[COLA, APPLE_WEIGHED]),
        &[
            voucher("v1", "5"),
            voucher("v1", "5"),
            some_cash("10"),
            BACK,
            CHARGE(),
            answered(1, paid()),
            Saved,
        ],
        expect![[r#"
            commit tender voucher v1 5.00
            sound Accepted
            sound Blocked
            tell NoTender
            commit tender cash 10.00
            sound Accepted
            sound Blocked
            tell TendersFirst
            commit WeChat payment 1 of 4.31 begun
            charge WeChat payment 1 4.31 to 134567890123456789
            commit payment 1 ended Paid
            sound Accepted
            commit sale of 2 lines: 19.31 0.00 = 19.31, tendered 19.31, change 0.00, tax 13% 0.40 of 3.50 9% 1.31 of 15.81
            open drawer
            sound Accepted
            = shift 1 of 2026-03-02, li done #9, change 0.00; paper #9 waiting
        "#]],
    );
}

#[test]
fn only_the_part_paid_in_cash_is_rounded_and_only_cash_gives_change() {
    // 19.31: 10.01 by voucher leaves 9.30, which needs no rounding; 10.00 leaves 9.31, paid with 9.30.
    check(
        paying(&[COLA, APPLE_WEIGHED]),
        &[voucher("v1", "10"), cash("20")],
        expect![[r#"
        commit tender voucher v1 10.00
        sound Accepted
        commit sale of 2 lines: 19.31 -0.01 = 19.30, tendered 30.00, change 10.70, tax 13% 0.40 of 3.50 9% 1.31 of 15.81
        = shift 1 of 2026-03-02, li saving
    "#]],
    );
    check(
        paying(&[COLA, APPLE_WEIGHED]),
        &[voucher("v1", "100"), Saved],
        expect![[r#"
        commit sale of 2 lines: 19.31 0.00 = 19.31, tendered 19.31, change 0.00, tax 13% 0.40 of 3.50 9% 1.31 of 15.81
        sound Accepted
        = shift 1 of 2026-03-02, li done #5, change 0.00; paper #5 waiting
    "#]],
    );
    check(
        paying(&[COLA, APPLE_WEIGHED]),
        &[CHARGE(), answered(1, paid())],
        expect![[r#"
        commit WeChat payment 1 of 19.31 begun
        charge WeChat payment 1 19.31 to 134567890123456789
        commit payment 1 ended Paid
        sound Accepted
        commit sale of 2 lines: 19.31 0.00 = 19.31, tendered 19.31, change 0.00, tax 13% 0.40 of 3.50 9% 1.31 of 15.81
        = shift 1 of 2026-03-02, li saving
    "#]],
    );
}

#[test]
fn foreign_notes_are_worth_their_rate_and_change_is_ours() {
    let dollars =
        |amount: &str| hands_over(Offer::ForeignCash { currency: "HKD".into(), amount: money(amount) });
    check(
        paying(&[COLA, APPLE_WEIGHED]),
        &[dollars("10"), dollars("20"), Saved],
        expect![[r#"
        commit tender HKD 10.00 worth 9.15
        sound Accepted
        commit sale of 2 lines: 19.31 -0.01 = 19.30, tendered 27.46, change 8.16, tax 13% 0.40 of 3.50 9% 1.31 of 15.81
        open drawer
        sound Accepted
        = shift 1 of 2026-03-02, li done #6, change 8.16; paper #6 waiting
    "#]],
    );
    check(
        paying(&[COLA]),
        &[
            hands_over(Offer::ForeignCash { currency: "XAU".into(), amount: money("1") }),
            dollars("9999999"),
            dollars("0"),
        ],
        expect![[r#"
            sound Blocked
            tell UnknownCurrency
            sound Blocked
            tell ChangeTooLarge
            sound Blocked
            tell AmountRange
            = shift 1 of 2026-03-02, li paying; 1 lines 3.50
        "#]],
    );
}

#[test]
fn a_barcode_typed_as_cash_is_no_tender_either() {
    check(
        paying(&[COLA]),
        &[
            hands_over(Offer::Cash(Money::from_minor(6_901_028_075_763))),
            some_cash("0"),
            hands_over(Offer::Cash(Money::from_minor(-100))),
            hands_over(Offer::Voucher { number: " ".into(), face: money("1") }),
            hands_over(Offer::Voucher { number: "v1".into(), face: Money::from_minor(-1) }),
        ],
        expect![[r#"
            sound Blocked
            tell ChangeTooLarge
            sound Blocked
            tell AmountRange
            sound Blocked
            tell AmountRange
            sound Blocked
            tell NoTender
            sound Blocked
            tell AmountRange
            = shift 1 of 2026-03-02, li paying; 1 lines 3.50
        "#]],
    );
}

#[test]
fn a_tender_is_handed_back_before_the_goods_change() {
    check(
        then(paying(&[COLA, COLA]), [some_cash("1"), voucher("v1", "2")]),
        &[
            BACK,
            In(Input::TakeTenderBack { place: 2 }),
            In(Input::TakeTenderBack { place: 0 }),
            In(Input::TakeTenderBack { place: 0 }),
            BACK,
            scan(EGG),
        ],
        expect![[r#"
            sound Blocked
            tell TendersFirst
            sound Blocked
            tell NoTender
            commit tender 0 handed back
            open drawer
            commit tender 0 handed back
            commit line 3 egg 1 x 2.00 by breakfast = 2.00
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 3 lines 9.00
        "#]],
    );
}

#[test]
fn a_basket_takes_so_many_tenders_and_no_more() {
    let mut day = paying(&[COLA, COLA, COLA, COLA, COLA]);
    day.extend((1..crate::tender::TENDERS_MAX).map(|_| some_cash("1")));
    check(
        day,
        &[some_cash("1"), cash("2.50")],
        expect![[r#"
        sound Blocked
        tell TendersFull
        commit sale of 5 lines: 17.50 0.00 = 17.50, tendered 17.50, change 0.00, tax 13% 2.00 of 17.50
        = shift 1 of 2026-03-02, li saving
    "#]],
    );
}

#[test]
fn tenders_survive_a_power_cut_and_the_payment_goes_on() {
    check(
        then(paying(&[COLA]), [some_cash("1")]),
        &[PowerCut, pin("wang", true), scan(EGG), cash("2.50")],
        expect![[r#"
            commit wang signed in
            sound Accepted
            sound Blocked
            tell ScanWhilePaying
            commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 3.50, change 0.00, tax 13% 0.40 of 3.50
            = shift 1 of 2026-03-02, wang saving
        "#]],
    );
}

// Payments by code.

#[test]
fn a_payment_is_on_disk_before_it_is_asked_for() {
    check(
        paying(&[COLA]),
        &[CHARGE(), answered(1, paid()), answered(1, paid()), Saved],
        expect![[r#"
        commit WeChat payment 1 of 3.50 begun
        charge WeChat payment 1 3.50 to 134567890123456789
        commit payment 1 ended Paid
        sound Accepted
        commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 3.50, change 0.00, tax 13% 0.40 of 3.50
        sound Accepted
        = shift 1 of 2026-03-02, li done #6, change 0.00; paper #6 waiting
    "#]],
    );
}

#[test]
fn while_a_payment_is_open_nothing_else_is_taken() {
    check(
        then(paying(&[COLA]), [CHARGE()]),
        &[CHARGE(), cash("3.50"), some_cash("1"), BACK, SIGN_OUT, PAY_OUT],
        expect![[r#"
            sound Blocked
            tell PaymentOpen
            sound Blocked
            tell PaymentOpen
            sound Blocked
            tell PaymentOpen
            sound Blocked
            tell PaymentOpen
            sound Blocked
            tell PaymentOpen
            sound Blocked
            tell PaymentOpen
            = shift 1 of 2026-03-02, li paying; 1 lines 3.50; payment 1
        "#]],
    );
}

#[test]
fn a_declined_payment_leaves_the_basket_to_be_paid_otherwise() {
    check(
        then(paying(&[COLA]), [CHARGE()]),
        &[answered(1, Answer::Declined { reason: "no money".into() }), cash("3.50")],
        expect![[r#"
            commit payment 1 ended Declined
            sound Blocked
            tell payment declined: no money
            commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 3.50, change 0.00, tax 13% 0.40 of 3.50
            = shift 1 of 2026-03-02, li saving
        "#]],
    );
}

#[test]
fn a_customer_who_never_types_the_password_is_reversed() {
    check(
        then(paying(&[COLA]), [CHARGE(), answered(1, Answer::Waiting)]),
        &[
            Later(10 * SECOND_MS),
            TICK,
            TICK,
            Later(20 * SECOND_MS),
            TICK,
            answered(1, paid()),
            answered(1, Answer::Reversed),
            cash("3.50"),
        ],
        expect![[r#"
            query WeChat payment 1
            reverse WeChat payment 1
            commit payment 1 ended Reversed
            sound Blocked
            tell PaymentNotTaken
            commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 3.50, change 0.00, tax 13% 0.40 of 3.50
            = shift 1 of 2026-03-02, li saving
        "#]],
    );
}

/// A payment that nobody knows the end of.
fn in_doubt() -> Vec<Happens> {
    let mut day = then(paying(&[COLA]), [CHARGE()]);
    for _ in 0..30 {
        day.extend([Later(5 * SECOND_MS), TICK]);
    }
    day
}

#[test]
fn a_payment_in_doubt_blocks_its_basket_and_survives_a_power_cut() {
    check(
        in_doubt(),
        &[
            CHARGE(),
            cash("3.50"),
            PowerCut,
            signs_in("li", "cashier"),
            cash("3.50"),
            TICK,
            In(Input::AskPayment { number: 1 }),
            answered(1, Answer::Unknown),
            In(Input::AskPayment { number: 9 }),
            In(Input::AskPayment { number: 1 }),
            answered(1, paid()),
        ],
        expect![[r#"
            sound Blocked
            tell payment 1 in doubt
            sound Blocked
            tell payment 1 in doubt
            commit li signed in
            sound Accepted
            sound Blocked
            tell payment 1 in doubt
            query WeChat payment 1
            sound Blocked
            tell NoPayment
            query WeChat payment 1
            commit payment 1 ended PaidAfterAll
            sound Accepted
            commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 3.50, change 0.00, tax 13% 0.40 of 3.50
            = shift 1 of 2026-03-02, li saving
        "#]],
    );
}

#[test]
fn who_knows_from_elsewhere_ends_a_doubt_with_a_reason() {
    let resolve = |paid, reason: &str| In(Input::ResolvePayment { number: 1, paid, reason: reason.into() });
    check(
        then(in_doubt(), [PowerCut, signs_in("li", "cashier")]),
        &[
            resolve(false, ""),
            resolve(false, "not in the app"),
            approves("zhao", "supervisor", "seen the app"),
            cash("3.50"),
        ],
        expect![[r#"
            sound Blocked
            tell ReasonNeeded
            sound Blocked
            ask for ResolvePayment
            commit ResolvePayment of li approved by zhao for seen the app
            commit payment 1 ended Closed
            sound Blocked
            tell PaymentNotTaken
            commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 3.50, change 0.00, tax 13% 0.40 of 3.50
            = shift 1 of 2026-03-02, li saving
        "#]],
    );
    check(
        then(in_doubt(), []),
        &[resolve(true, "seen the app")],
        expect![[r#"
        commit payment 1 ended PaidAfterAll
        sound Accepted
        commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 3.50, change 0.00, tax 13% 0.40 of 3.50
        = shift 1 of 2026-03-02, li saving
    "#]],
    );
}

#[test]
fn a_basket_is_parked_with_its_doubt_and_recalled_with_it() {
    check(
        then(in_doubt(), [BACK]),
        &[
            PARK,
            In(Input::AskPayment { number: 1 }),
            answered(1, paid()),
            scan(EGG),
            PAY,
            CHARGE(),
            answered(2, paid()),
            Saved,
            recall(1),
            PAY,
            In(Input::AskPayment { number: 1 }),
            answered(1, paid()),
        ],
        expect![[r#"
            commit basket 1 parked by li
            tell basket 1 parked
            sound Blocked
            tell RecallFirst
            commit line 1 egg 1 x 2.00 by breakfast = 2.00
            sound Accepted
            commit WeChat payment 2 of 2.00 begun
            charge WeChat payment 2 2.00 to 134567890123456789
            commit payment 2 ended Paid
            sound Accepted
            commit sale of 1 lines: 2.00 0.00 = 2.00, tendered 2.00, change 0.00, tax 13% 0.23 of 2.00
            sound Accepted
            commit basket 1 recalled by li
            sound Accepted
            query WeChat payment 1
            commit payment 1 ended PaidAfterAll
            sound Accepted
            commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 3.50, change 0.00, tax 13% 0.40 of 3.50
            = shift 1 of 2026-03-02, li saving; paper #10 waiting
        "#]],
    );
}

#[test]
fn what_was_paid_of_a_basket_in_doubt_is_parked_with_it_but_cash_goes_back() {
    let part = || Input::Charge { wallet: Wallet::WeChat, code: PAY_CODE.into(), amount: Some(money("1")) };
    let mut day = then(paying(&[COLA]), [In(part()), answered(1, paid()), some_cash("0.50"), CHARGE()]);
    for _ in 0..30 {
        day.extend([Later(5 * SECOND_MS), TICK]);
    }
    check(
        day,
        &[
            BACK,
            PARK,
            scan(EGG),
            PAY,
            cash("2"),
            Saved,
            PowerCut,
            signs_in("li", "cashier"),
            recall(1),
            scan(EGG),
            cash("2.50"),
            In(Input::ResolvePayment { number: 2, paid: false, reason: "not in the app".into() }),
            approves("zhao", "supervisor", "seen the app"),
            cash("2.50"),
        ],
        expect![[r#"
            sound Blocked
            tell TendersFirst
            commit tender 1 handed back
            open drawer
            commit basket 1 parked by li
            tell basket 1 parked, 0.50 back
            commit line 1 egg 1 x 2.00 by breakfast = 2.00
            sound Accepted
            commit sale of 1 lines: 2.00 0.00 = 2.00, tendered 2.00, change 0.00, tax 13% 0.23 of 2.00
            open drawer
            sound Accepted
            commit li signed in
            sound Accepted
            commit basket 1 recalled by li
            sound Accepted
            sound Blocked
            tell ScanWhilePaying
            sound Blocked
            tell payment 2 in doubt
            sound Blocked
            ask for ResolvePayment
            commit ResolvePayment of li approved by zhao for seen the app
            commit payment 2 ended Closed
            sound Blocked
            tell PaymentNotTaken
            commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 3.50, change 0.00, tax 13% 0.40 of 3.50
            = shift 1 of 2026-03-02, li saving; paper #12 waiting
        "#]],
    );
}

#[test]
fn a_payment_in_doubt_holds_its_basket_as_it_is() {
    check(
        then(in_doubt(), [BACK]),
        &[scan(EGG), pieces(1, 2), price(1, "1"), void(1), cut(None, Cut::Part(100)), BringsBack],
        expect![[r#"
            sound Blocked
            tell payment 1 in doubt
            sound Blocked
            tell payment 1 in doubt
            sound Blocked
            tell payment 1 in doubt
            sound Blocked
            tell payment 1 in doubt
            sound Blocked
            tell payment 1 in doubt
            = shift 1 of 2026-03-02, li selling; 1 lines 3.50; payment 1 in doubt
        "#]],
    );
}

#[test]
fn money_for_a_cancelled_basket_goes_back() {
    check(
        then(in_doubt(), [BACK, CANCEL]),
        &[In(Input::AskPayment { number: 1 }), answered(1, paid()), TICK, answered(1, Answer::Reversed)],
        expect![[r#"
            query WeChat payment 1
            reverse WeChat payment 1
            commit payment 1 ended Reversed
            sound Blocked
            tell PaymentNotTaken
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}

#[test]
fn a_power_cut_in_the_middle_of_a_payment_asks_first() {
    check(
        then(paying(&[COLA]), [CHARGE(), PowerCut]),
        &[TICK, answered(1, paid()), pin("li", true), cash("0")],
        expect![[r#"
            query WeChat payment 1
            commit payment 1 ended Paid
            sound Accepted
            commit li signed in
            sound Accepted
            commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 3.50, change 0.00, tax 13% 0.40 of 3.50
            = shift 1 of 2026-03-02, li saving
        "#]],
    );
}

#[test]
fn a_wallet_that_paid_some_gets_it_back_when_the_basket_is_left() {
    let some = In(Input::Charge { wallet: Wallet::WeChat, code: PAY_CODE.into(), amount: Some(money("1")) });
    let more =
        In(Input::Charge { wallet: Wallet::WeChat, code: PAY_CODE.into(), amount: Some(money("3.51")) });
    let card = In(Input::Charge { wallet: Wallet::Card, code: String::new(), amount: None });
    check(
        paying(&[COLA]),
        &[
            card,
            more,
            some,
            answered(1, paid()),
            In(Input::TakeTenderBack { place: 0 }),
            BACK,
            answered(2, paid()),
        ],
        expect![[r#"
            sound Blocked
            tell NoTerminal
            sound Blocked
            tell more than the 3.50 due
            commit WeChat payment 1 of 1.00 begun
            charge WeChat payment 1 1.00 to 134567890123456789
            commit payment 1 ended Paid
            sound Accepted
            commit tender 0 handed back
            commit WeChat payment 2 of 1.00 begun, back to 1
            refund WeChat payment 2 1.00
            commit payment 2 ended Paid
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 1 lines 3.50
        "#]],
    );
}

// Goods that come back.

/// Two colas and an apple for cash, 22.81 less 0.01.
fn sold_more() -> Vec<Happens> {
    then(paying(&[COLA, COLA, APPLE_WEIGHED]), [cash("50"), Saved])
}

#[test]
fn goods_come_back_with_their_receipt_and_the_rounding_with_the_last() {
    check(
        sold_more(),
        &[
            BringsBack,
            brings_back(1, 1_000),
            PAY,
            PAY_OUT,
            Saved,
            BringsBack,
            brings_back(1, 1_000),
            brings_back(2, 1_000),
            brings_back(3, 1_235),
            PAY,
            PAY_OUT,
            Saved,
            BringsBack,
        ],
        expect![[r#"
            commit return of #6 begun, 22.80 left
            sound Accepted
            commit line 1 returned: cola 1 = 3.50, tax 0.40, to li for stale
            sound Accepted
            commit sale of 0 lines: -3.50 0.00 = -3.50, tendered -3.50, change 0.00, tax 13% -0.40 of -3.50
            open drawer
            sound Accepted
            commit return of #6 begun, 19.30 left
            sound Accepted
            sound Blocked
            tell NothingToReturn
            commit line 2 returned: cola 1 = 3.50, tax 0.40, to li for stale
            sound Accepted
            commit line 3 returned: apple 1.235 = 15.81, tax 1.31, to li for stale
            sound Accepted
            commit sale of 0 lines: -19.31 0.01 = -19.30, tendered -19.30, change 0.00, tax 13% -0.40 of -3.50 9% -1.31 of -15.81
            open drawer
            sound Accepted
            sound Blocked
            tell NothingToReturn
            = shift 1 of 2026-03-02, li selling; paper #6 waiting, #9 waiting, #13 waiting
        "#]],
    );
}

#[test]
fn no_more_comes_back_than_was_sold() {
    check(
        then(selling(), [choose("cola", 3), PAY, cash("10.50"), Saved, BringsBack, brings_back(1, 1_000)]),
        &[
            brings_back(1, 3_000),
            brings_back(1, 500),
            brings_back(1, 0),
            brings_back(1, -1_000),
            brings_back(2, 1_000),
            In(Input::ReturnLine { line: 1, thousandths: 1_000, reason: "".into() }),
            brings_back(1, 2_000),
            brings_back(1, 1_000),
            BringsBack,
            PARK,
            PAY,
            cash("10.50"),
            PAY_OUT,
        ],
        expect![[r#"
            sound Blocked
            tell only 2000 thousandths left
            sound Blocked
            tell QuantityRange
            sound Blocked
            tell QuantityRange
            sound Blocked
            tell QuantityRange
            sound Blocked
            tell NothingToReturn
            sound Blocked
            tell ReasonNeeded
            commit line 1 returned: cola 2 = 7.00, tax 0.81, to li for stale
            sound Accepted
            sound Blocked
            tell NothingToReturn
            sound Blocked
            tell ReturnOpen
            sound Blocked
            tell ReturnOpen
            sound Blocked
            tell 10.50 to be paid out
            commit sale of 0 lines: -10.50 0.00 = -10.50, tendered -10.50, change 0.00, tax 13% -1.21 of -10.50
            = shift 1 of 2026-03-02, li saving; paper #4 waiting
        "#]],
    );
}

#[test]
fn an_exchange_is_one_document() {
    check(
        sold_more(),
        &[BringsBack, brings_back(1, 1_000), scan(BEER), CONFIRM_AGE, PAY, PAY_OUT, cash("10"), Saved],
        expect![[r#"
            commit return of #6 begun, 22.80 left
            sound Accepted
            commit line 1 returned: cola 1 = 3.50, tax 0.40, to li for stale
            sound Accepted
            commit line 1 beer 1 x 10.00 = 10.00
            sound Accepted
            tell age of beer
            commit age confirmed by li
            sound Blocked
            tell 6.50 missing
            commit sale of 1 lines: 6.50 0.00 = 6.50, tendered 10.00, change 3.50, tax 13% 0.75 of 6.50
            open drawer
            sound Accepted
            = shift 1 of 2026-03-02, li done #11, change 3.50; paper #6 waiting, #11 waiting
        "#]],
    );
    check(
        sold_more(),
        &[BringsBack, brings_back(3, 1_235), scan(COLA), PAY, PAY_OUT, Saved],
        expect![[r#"
            commit return of #6 begun, 22.80 left
            sound Accepted
            commit line 3 returned: apple 1.235 = 15.81, tax 1.31, to li for stale
            sound Accepted
            commit line 1 cola 1 x 3.50 = 3.50
            sound Accepted
            commit sale of 1 lines: -12.31 -0.09 = -12.40, tendered -12.40, change 0.00, tax 13% 0.40 of 3.50 9% -1.31 of -15.81
            open drawer
            sound Accepted
            = shift 1 of 2026-03-02, li done #10, change 0.00; paper #6 waiting, #10 waiting
        "#]],
    );
    check(
        sold_more(),
        &[BringsBack, brings_back(1, 1_000), scan(COLA), PAY, cash("0"), Saved],
        expect![[r#"
            commit return of #6 begun, 22.80 left
            sound Accepted
            commit line 1 returned: cola 1 = 3.50, tax 0.40, to li for stale
            sound Accepted
            commit line 1 cola 1 x 3.50 = 3.50
            sound Accepted
            commit sale of 1 lines: 0.00 0.00 = 0.00, tendered 0.00, change 0.00, tax 13% 0.00 of 0.00
            open drawer
            sound Accepted
            = shift 1 of 2026-03-02, li done #10, change 0.00; paper #6 waiting, #10 waiting
        "#]],
    );
}

#[test]
fn what_was_given_for_other_goods_is_not_paid_out_to_the_wallet_again() {
    let mut lane = Lane::new();
    let sold = then(paying(&[COLA, COLA]), [CHARGE(), answered(1, paid()), Saved]);
    let exchange = [BringsBack, brings_back(1, 1_000), scan(EGG), scan(EGG), PAY, cash("0.50"), Saved];
    then(sold, exchange).into_iter().for_each(|happens| drop(lane.take(happens)));
    let sales: Vec<(u64, Sale)> = lane
        .journal
        .iter()
        .filter_map(|(seq, _, record)| match record {
            Record::SaleCompleted { sale } => Some((*seq, sale.as_ref().clone())),
            _ => None,
        })
        .collect();
    let origin = Origin { store: "S001".into(), lane: 1, epoch: 1, seq: sales[0].0 };
    let past = PastSale::new(origin, &sales[0].1, &[sales[1].1.clone()], lane.settings.rules.tax);
    assert_eq!((past.left, past.quantity_left(1, &[])), (money("3.50"), 0));
    assert_eq!(past.tenders.iter().map(Tender::amount).sum::<Money>(), money("3.50"));
}

#[test]
fn money_goes_back_to_the_wallet_it_came_from() {
    check(
        then(paying(&[COLA]), [CHARGE(), answered(1, paid()), Saved, BringsBack, brings_back(1, 1_000), PAY]),
        &[
            PAY_OUT,
            Saved,
            answered(2, Answer::Declined { reason: "closed".into() }),
            scan(EGG),
            PAY,
            cash("2"),
        ],
        expect![[r#"
            commit WeChat payment 2 of 3.50 begun, back to 1
            refund WeChat payment 2 3.50
            commit sale of 0 lines: -3.50 0.00 = -3.50, tendered -3.50, change 0.00, tax 13% -0.40 of -3.50
            sound Accepted
            commit payment 2 ended InDoubt
            sound Blocked
            tell payment 2 in doubt
            commit line 1 egg 1 x 2.00 by breakfast = 2.00
            sound Accepted
            commit sale of 1 lines: 2.00 0.00 = 2.00, tendered 2.00, change 0.00, tax 13% 0.23 of 2.00
            = shift 1 of 2026-03-02, li saving; payment 2 in doubt; paper #6 waiting, #10 waiting
        "#]],
    );
}

#[test]
fn a_return_without_receipt_needs_a_right_and_a_reason_and_todays_price_at_most() {
    let blind = |count, price: Option<&str>, reason: &str| {
        In(Input::ReturnBlind {
            sku: "egg".into(),
            count,
            unit_price: price.map(money),
            reason: reason.into(),
        })
    };
    check(
        vec![signs_in("li", "cashier")],
        &[
            blind(1, None, ""),
            blind(1, None, "stale"),
            approves("zhao", "supervisor", "saw it"),
            blind(1, Some("2.01"), "stale"),
            blind(0, None, "stale"),
            In(Input::Disapprove),
            PAY,
            PAY_OUT,
            Saved,
        ],
        expect![[r#"
            sound Blocked
            tell ReasonNeeded
            sound Blocked
            ask for BlindReturn
            commit BlindReturn of li approved by zhao for saw it
            commit line 1 returned: egg 1 = 2.00, tax 0.23, to li for stale
            sound Accepted
            sound Blocked
            tell AmountRange
            sound Blocked
            tell QuantityRange
            commit sale of 0 lines: -2.00 0.00 = -2.00, tendered -2.00, change 0.00, tax 13% -0.23 of -2.00
            open drawer
            sound Accepted
            = shift 1 of 2026-03-02, li done #5, change 0.00; paper #5 waiting
        "#]],
    );
}

#[test]
fn a_refund_above_a_persons_limit_is_approved_by_somebody_with_a_higher_one() {
    check(
        vec![
            pin("li", true),
            choose("beer", 60),
            CONFIRM_AGE,
            PAY,
            cash("600"),
            Saved,
            SIGN_OUT,
            signs_in("wang", "supervisor"),
        ],
        &[
            BringsBack,
            brings_back(1, 50_000),
            brings_back(1, 1_000),
            approves("zhao", "supervisor", "ok"),
            approves("chen", "manager", "ok"),
        ],
        expect![[r#"
            commit return of #5 begun, 600.00 left
            sound Accepted
            commit line 1 returned: beer 50 = 500.00, tax 57.53, to wang for stale
            sound Accepted
            sound Blocked
            ask for Return
            sound Blocked
            tell MayNotApprove
            commit Return of wang approved by chen for ok
            commit line 1 returned: beer 1 = 10.00, tax 1.15, to wang for stale
            sound Accepted
            = shift 1 of 2026-03-02, wang selling; 2 back -510.00; paper #5 waiting
        "#]],
    );
}

#[test]
fn a_return_survives_a_power_cut() {
    check(
        then(sold_more(), [BringsBack, brings_back(1, 1_000), PowerCut, pin("li", true)]),
        &[brings_back(1, 1_000), In(Input::DropReturn), In(Input::DropReturn)],
        expect![[r#"
            sound Blocked
            tell NothingToReturn
            commit return dropped by li
            sound Blocked
            tell NothingToReturn
            = shift 1 of 2026-03-02, li selling; paper #6 waiting
        "#]],
    );
}

#[test]
fn tax_on_top_is_paid_and_comes_back() {
    check(
        vec![
            Rule(|rules| rules.tax.mode = crate::tax::TaxMode::Exclusive),
            pin("li", true),
            choose("cola", 3),
            PAY,
        ],
        &[
            cash("20"),
            Saved,
            BringsBack,
            brings_back(1, 1_000),
            PAY,
            PAY_OUT,
            Saved,
            BringsBack,
            brings_back(1, 2_000),
            PAY,
            PAY_OUT,
        ],
        expect![[r#"
            commit sale of 1 lines: 11.87 -0.07 = 11.80, tendered 20.00, change 8.20, tax 13% 1.37 of 10.50
            open drawer
            sound Accepted
            commit return of #4 begun, 11.80 left
            sound Accepted
            commit line 1 returned: cola 1 = 3.50, tax 0.46, to li for stale
            sound Accepted
            commit sale of 0 lines: -3.96 -0.04 = -4.00, tendered -4.00, change 0.00, tax 13% -0.46 of -3.50
            open drawer
            sound Accepted
            commit return of #4 begun, 7.80 left
            sound Accepted
            commit line 1 returned: cola 2 = 7.00, tax 0.91, to li for stale
            sound Accepted
            commit sale of 0 lines: -7.91 0.11 = -7.80, tendered -7.80, change 0.00, tax 13% -0.91 of -7.00
            = shift 1 of 2026-03-02, li saving; paper #4 waiting, #7 waiting
        "#]],
    );
}

// Rights.

#[test]
fn what_a_cashier_may_not_do_a_supervisor_lets_them_with_a_reason() {
    check(
        vec![signs_in("li", "cashier"), scan(COLA)],
        &[
            approves("zhao", "supervisor", "early"),
            price(1, "3"),
            approves("zhao", "cashier", "dented"),
            approves("zhao", "supervisor", " "),
            In(Input::Approve {
                staff: staff("zhao"),
                rights: rights("supervisor"),
                matches: false,
                reason: "dented".into(),
            }),
            approves("zhao", "supervisor", "dented"),
            price(1, "2"),
            scan(EGG),
            approves("zhao", "supervisor", "dented"),
            price(1, "0"),
            approves("zhao", "supervisor", "free"),
            approves("chen", "manager", "free"),
        ],
        expect![[r#"
            sound Blocked
            tell NothingToApprove
            sound Blocked
            ask for SetPrice
            sound Blocked
            tell MayNotApprove
            sound Blocked
            tell ReasonNeeded
            commit zhao refused
            sound Blocked
            tell wrong PIN, wait 0
            commit SetPrice of li approved by zhao for dented
            commit line 1 price 3.00 net 3.00 by li for tag
            sound Blocked
            ask for SetPrice
            commit line 2 egg 1 x 2.00 by breakfast = 2.00
            sound Accepted
            sound Blocked
            tell NothingToApprove
            sound Blocked
            ask for GiveAway
            sound Blocked
            tell MayNotApprove
            commit GiveAway of li approved by chen for free
            commit line 1 price 0.00 net 0.00 by li for tag
            = shift 1 of 2026-03-02, li selling; 2 lines 2.00
        "#]],
    );
}

#[test]
fn a_discount_is_within_somebodys_limit_and_never_below_nothing() {
    check(
        vec![signs_in("li", "supervisor"), scan(COLA), scan(COLA)],
        &[
            cut(Some(1), Cut::Part(1_500)),
            cut(Some(1), Cut::Part(3_001)),
            cut(Some(1), Cut::Amount(money("1.05"))),
            cut(Some(1), Cut::Amount(money("3.51"))),
            cut(Some(1), Cut::Part(0)),
            cut(Some(1), Cut::Part(10_001)),
            cut(Some(9), Cut::Part(100)),
            In(Input::Discount { line: Some(1), cut: Some(Cut::Part(100)), reason: String::new() }),
            In(Input::Discount { line: Some(1), cut: None, reason: String::new() }),
            In(Input::Discount { line: Some(1), cut: None, reason: String::new() }),
        ],
        expect![[r#"
            commit line 1 less 1500 parts for bruised by li
            sound Blocked
            ask for Discount
            commit line 1 less 1.05 for bruised by li
            sound Blocked
            tell DiscountRange
            sound Blocked
            tell DiscountRange
            sound Blocked
            tell DiscountRange
            sound Blocked
            tell NoLine
            sound Blocked
            tell ReasonNeeded
            commit line 1 less nothing by li
            sound Blocked
            tell DiscountRange
            = shift 1 of 2026-03-02, li selling; 2 lines 7.00
        "#]],
    );
}

#[test]
fn a_discount_on_the_basket_is_spread_over_its_lines_and_shrinks_with_them() {
    check(
        vec![signs_in("li", "supervisor"), choose("cola", 1), choose("cola", 2), scan(EGG)],
        &[cut(None, Cut::Amount(money("3"))), PAY, cash("9.50"), Saved],
        expect![[r#"
            commit basket less 3.00 for bruised by li
            commit sale of 3 lines: 9.50 0.00 = 9.50, tendered 9.50, change 0.00, tax 13% 1.09 of 9.50
            open drawer
            sound Accepted
            = shift 1 of 2026-03-02, li done #7, change 0.00; paper #7 waiting
        "#]],
    );
    check(
        vec![signs_in("li", "supervisor"), choose("cola", 1), choose("cola", 10)],
        &[
            cut(None, Cut::Amount(money("10"))),
            void(2),
            cut(None, Cut::Part(5_000)),
            In(Input::Discount { line: None, cut: None, reason: String::new() }),
        ],
        expect![[r#"
            commit basket less 10.00 for bruised by li
            commit line 2 voided by li
            tell cola voided
            sound Blocked
            ask for Discount
            commit basket less nothing by li
            = shift 1 of 2026-03-02, li selling; 1 lines 3.50
        "#]],
    );
}

#[test]
fn voids_and_cancels_beyond_what_the_chain_lets_everybody_need_a_right() {
    check(
        vec![
            Rule(|rules| {
                rules.free_voids = 1;
                rules.free_void_net = Money::from_minor(500);
                rules.cancel_by_right = true;
            }),
            signs_in("li", "cashier"),
            scan(COLA),
            scan(COLA),
            scan(BEER),
        ],
        &[
            void(3),
            void(1),
            void(2),
            In(Input::Cancel { reason: "left".into() }),
            approves("zhao", "supervisor", "gone"),
        ],
        expect![[r#"
            sound Blocked
            ask for Void
            commit line 1 voided by li
            tell cola voided
            sound Blocked
            ask for Void
            sound Blocked
            ask for Cancel
            commit Cancel of li approved by zhao for gone
            commit basket of 13.50 cancelled by li
            tell BasketCancelled
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}

#[test]
fn a_locked_lane_opens_to_its_cashier_or_changes_hands() {
    check(
        then(selling(), [scan(COLA), PAY, some_cash("1")]),
        &[
            LOCK,
            scan(EGG),
            reprint(None),
            signs_in("wang", "cashier"),
            pin("li", false),
            pin("li", true),
            LOCK,
            signs_in("zhao", "supervisor"),
        ],
        expect![[r#"
            commit locked by li
            sound Blocked
            tell Locked
            sound Blocked
            tell Locked
            sound Blocked
            tell Locked
            commit li refused
            sound Blocked
            tell wrong PIN, wait 0
            commit unlocked by li
            sound Accepted
            commit locked by li
            commit li signed out
            commit zhao signed in
            sound Accepted
            = shift 1 of 2026-03-02, zhao paying; 1 lines 3.50; cash 1.00
        "#]],
    );
}

#[test]
fn a_locked_lane_with_nothing_on_its_counter_is_anybodys() {
    let cashier =
        |matches| In(Input::PinChecked { staff: staff("wang"), rights: rights("cashier"), matches });
    check(
        vec![signs_in("li", "cashier"), scan(COLA), void(1), LOCK],
        &[cashier(false), cashier(true), scan(COLA)],
        expect![[r#"
            commit wang refused
            sound Blocked
            tell wrong PIN, wait 0
            commit li signed out
            commit wang signed in
            sound Accepted
            commit line 2 cola 1 x 3.50 = 3.50
            sound Accepted
            = shift 1 of 2026-03-02, wang selling; 1 lines 3.50
        "#]],
    );
    // Whatever lies there is somebody's work.
    for on_the_counter in [
        vec![scan(COLA)],
        vec![scan(COLA), PAY, CHARGE()],
        vec![scan(COLA), PAY, some_cash("1")],
        vec![scan(COLA), PAY, cash("3.50"), Saved, BringsBack],
        vec![In(Input::FindMember("m1".into()))],
    ] {
        let mut lane = Lane::new();
        let words = format!("{on_the_counter:?}");
        for happens in then(selling(), on_the_counter).into_iter().chain([LOCK, cashier(true)]) {
            lane.take(happens);
        }
        assert_eq!(lane.till.desk, Desk::Locked(staff("li")), "{words}");
    }
}

// Parking.

#[test]
fn a_basket_is_put_aside_and_taken_up_again_by_anybody() {
    check(
        then(selling(), [scan(BEER), CONFIRM_AGE]),
        &[
            PARK,
            PARK,
            scan(COLA),
            recall(1),
            PARK,
            SIGN_OUT,
            PowerCut,
            pin("wang", true),
            recall(3),
            recall(1),
            PAY,
            BACK,
            scan(BEER),
            PAY,
        ],
        expect![[r#"
            commit basket 1 parked by li
            commit basket 1 offered
            tell basket 1 parked
            sound Blocked
            tell NoLine
            commit line 1 cola 1 x 3.50 = 3.50
            sound Accepted
            sound Blocked
            tell BasketFirst
            commit basket 2 parked by li
            commit basket 2 offered
            tell basket 2 parked
            commit li signed out
            commit wang signed in
            sound Accepted
            sound Blocked
            tell NotParked
            commit basket 1 recalled by wang
            sound Accepted
            commit line 2 beer 1 x 10.00 = 10.00
            sound Accepted
            = shift 1 of 2026-03-02, wang paying; 2 lines 20.00; 1 parked
        "#]],
    );
}

#[test]
fn only_so_much_is_parked() {
    let full = (0..PARKED_MAX).flat_map(|_| [scan(COLA), PARK]);
    check(
        then(selling(), full),
        &[scan(COLA), PARK],
        expect![[r#"
        commit line 1 cola 1 x 3.50 = 3.50
        sound Accepted
        sound Blocked
        tell ParkedFull
        = shift 1 of 2026-03-02, li selling; 1 lines 3.50; 16 parked
    "#]],
    );
    let long = (0..LINES_MAX).map(|_| scan(COLA)).chain([PARK]);
    check(
        then(selling(), long),
        &[scan(COLA), PARK],
        expect![[r#"
        commit line 1 cola 1 x 3.50 = 3.50
        sound Accepted
        sound Blocked
        tell ParkedFull
        = shift 1 of 2026-03-02, li selling; 1 lines 3.50; 1 parked
    "#]],
    );
}

// The shift.

#[test]
fn a_shift_counts_its_cash_and_a_difference_stops_nobody() {
    check(
        vec![Rule(|rules| rules.shift_opens_itself = false), pin("li", true)],
        &[
            scan(COLA),
            REPORT,
            In(Input::OpenShift { float: Money::from_minor(-1) }),
            In(Input::OpenShift { float: money("200") }),
            In(Input::OpenShift { float: money("200") }),
            scan(COLA),
            CLOSE_SHIFT,
            PAY,
            cash("5"),
            Saved,
            moves(CashMove::PayIn, "10"),
            moves(CashMove::PayOut, "3"),
            moves(CashMove::Drop, "100"),
            moves(CashMove::PayOut, "0"),
            In(Input::MoveCash { kind: CashMove::PayOut, amount: money("3"), reason: String::new() }),
            In(Input::OpenDrawer { reason: "stuck".into() }),
            REPORT,
            counts("50", 2),
            counts("0", 2),
            CLOSE_SHIFT,
        ],
        expect![[r#"
            sound Blocked
            tell OpenShiftFirst
            sound Blocked
            tell OpenShiftFirst
            sound Blocked
            tell AmountRange
            commit shift 1 of 2026-03-02 opened by li
            open drawer
            sound Accepted
            sound Blocked
            tell ShiftIsOpen
            commit line 1 cola 1 x 3.50 = 3.50
            sound Accepted
            sound Blocked
            tell BasketFirst
            commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 5.00, change 1.50, tax 13% 0.40 of 3.50
            open drawer
            sound Accepted
            commit PayIn of 10.00 by li for stamps
            open drawer
            commit PayOut of 3.00 by li for stamps
            open drawer
            commit Drop of 100.00 by li for stamps
            open drawer
            sound Blocked
            tell AmountRange
            sound Blocked
            tell ReasonNeeded
            commit drawer opened by li for stuck
            open drawer
            report 1 documents, sold 3.50, returned 0.00, rounding 0.00; Cash 3.50; drawer 110.50; ever 3.50 in 1
            commit 100.00 counted by li
            sound Accepted
            sound Blocked
            tell AmountRange
            commit shift closed by li
            commit li signed out
            report 1 documents, sold 3.50, returned 0.00, rounding 0.00; Cash 3.50; drawer 110.50, counted 100.00, variance -10.50; ever 3.50 in 1
            = no shift, signed out; paper #4 waiting
        "#]],
    );
}

#[test]
fn a_blind_count_shows_the_expected_cash_to_who_may_see_it() {
    check(
        vec![Rule(|rules| rules.blind_count = true), signs_in("li", "cashier")],
        &[
            REPORT,
            approves("zhao", "supervisor", "audit"),
            moves(CashMove::PayOut, "1"),
            counts("1", 1),
            CLOSE_SHIFT,
        ],
        expect![[r#"
            sound Blocked
            ask for Report
            commit Report of li approved by zhao for audit
            report 0 documents, sold 0.00, returned 0.00, rounding 0.00; ; drawer 0.00; ever 0.00 in 0
            sound Blocked
            ask for TakeOut
            commit 1.00 counted by li
            sound Accepted
            commit shift closed by li
            commit li signed out
            report 0 documents, sold 0.00, returned 0.00, rounding 0.00; ; drawer 0.00, counted 1.00, variance 1.00; ever 0.00 in 0
            = no shift, signed out
        "#]],
    );
}

#[test]
fn a_refund_belongs_to_the_shift_that_pays_it_and_totals_run_on() {
    check(
        then(sold_more(), [CLOSE_SHIFT, pin("li", true)]),
        &[BringsBack, brings_back(1, 1_000), PAY, PAY_OUT, Saved, REPORT, CLOSE_SHIFT],
        expect![[r#"
            commit return of #6 begun, 22.80 left
            sound Accepted
            commit line 1 returned: cola 1 = 3.50, tax 0.40, to li for stale
            sound Accepted
            commit sale of 0 lines: -3.50 0.00 = -3.50, tendered -3.50, change 0.00, tax 13% -0.40 of -3.50
            open drawer
            sound Accepted
            report 1 documents, sold 0.00, returned 3.50, rounding 0.00; Cash -3.50; drawer -3.50; ever 19.31 in 2
            commit shift closed by li
            commit li signed out
            report 1 documents, sold 0.00, returned 3.50, rounding 0.00; Cash -3.50; drawer -3.50; ever 19.31 in 2
            = no shift, signed out; paper #14 waiting
        "#]],
    );
}

#[test]
fn what_is_parked_or_in_doubt_goes_on_into_shifts_that_no_start_reads_back_to() {
    let shift = || [CLOSE_SHIFT, pin("li", true), scan(EGG), PAY, cash("2"), Saved];
    let days = then(in_doubt(), [BACK, PARK]).into_iter().chain(shift()).chain(shift()).chain(shift());
    check(
        days.collect(),
        &[
            PowerCut,
            TICK,
            pin("li", true),
            REPORT,
            recall(1),
            PAY,
            In(Input::AskPayment { number: 1 }),
            answered(1, paid()),
        ],
        expect![[r#"
            commit li signed in
            sound Accepted
            report 1 documents, sold 2.00, returned 0.00, rounding 0.00; Cash 2.00; drawer 2.00; ever 6.00 in 3; parked [1], in doubt [1]
            commit basket 1 recalled by li
            sound Accepted
            query WeChat payment 1
            commit payment 1 ended PaidAfterAll
            sound Accepted
            commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 3.50, change 0.00, tax 13% 0.40 of 3.50
            = shift 4 of 2026-03-02, li saving; paper #26 waiting
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
fn what_was_not_sold_yet_is_not_printed_again() {
    check(
        then(sold(), [PRINTER_READY, paper(4, PaperOutcome::Confirmed)]),
        &[reprint(Some(5)), PRINTER_READY],
        expect![[r#"
            sound Blocked
            tell NothingToReprint
            = shift 1 of 2026-03-02, li done #4, change 0.00
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
        8 => prop::sample::select(vec![COLA, EGG, YOGHURT, MILK, BEER, APPLE_WEIGHED, APPLE_PRICED, APPLE_DIFFERS]).prop_map(String::from),
        1 => Just(membership::FEE.to_owned()),
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
        2 => (line.clone(), any_amount()).prop_map(|(line, unit_price)| In(Input::SetPrice { line, unit_price, reason: String::new() })),
        2 => line.clone().prop_map(void),
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
        8 => (prop::sample::select(vec!["li", "wang"]), any_rights(), prop::bool::weighted(0.8))
            .prop_map(|(id, rights, matches)| In(Input::PinChecked { staff: staff(id), rights, matches })),
        20 => any_exception(line),
        12 => any_tender(),
        8 => any_drawer_work(),
        12 => buyer::any_buyer(),
        6 => value::any_value(),
        6 => everything::any_goods_work(),
        6 => weighing::any_weighing(),
        4 => selling::any_words(0u32..6),
        5 => phone::any_phone(),
        3 => Just(SIGN_OUT),
        3 => (0i64..70_000).prop_map(Later),
        3 => (0i64..6_000).prop_map(Later),
        2 => (-DAY_MS..2 * DAY_MS).prop_map(Later),
        2 => (-HOUR_MS..2 * HOUR_MS).prop_map(Later),
    ]
}

fn any_rights() -> impl Strategy<Value = Rights> {
    prop::sample::select(vec!["cashier", "supervisor", "manager", "manager"]).prop_map(rights)
}

fn any_reason() -> impl Strategy<Value = String> {
    prop_oneof![9 => Just("stale".to_owned()), 1 => Just(" ".to_owned())]
}

/// What is no everyday sale: discounts, parking, returns, locks and approvals.
fn any_exception(line: impl Strategy<Value = u32> + Clone + 'static) -> impl Strategy<Value = Happens> {
    let cut = prop_oneof![
        3 => (0u32..12_000).prop_map(Cut::Part),
        3 => any_amount().prop_map(Cut::Amount),
    ];
    let thousandths = prop_oneof![4 => (1i64..4).prop_map(|pieces| pieces * 1_000), 1 => any::<i64>()];
    prop_oneof![
        3 => (prop::option::of(line.clone()), prop::option::of(cut), any_reason())
            .prop_map(|(line, cut, reason)| In(Input::Discount { line, cut, reason })),
        3 => Just(PARK),
        3 => (0u32..6).prop_map(recall),
        4 => Just(BringsBack),
        5 => (line, thousandths.clone(), any_reason())
            .prop_map(|(line, thousandths, reason)| In(Input::ReturnLine { line, thousandths, reason })),
        1 => (any_count(), prop::option::of(any_amount()), any_reason()).prop_map(|(count, unit_price, reason)| {
            In(Input::ReturnBlind { sku: "cola".into(), count, unit_price, reason })
        }),
        1 => Just(In(Input::DropReturn)),
        2 => Just(LOCK),
        3 => (any_rights(), prop::bool::weighted(0.8), any_reason()).prop_map(|(rights, matches, reason)| {
            In(Input::Approve { staff: staff("zhao"), rights, matches, reason })
        }),
        1 => Just(In(Input::Disapprove)),
    ]
}

fn any_tender() -> impl Strategy<Value = Happens> {
    let number = prop_oneof![9 => 1u64..12, 1 => any::<u64>()];
    prop_oneof![
        3 => any_amount().prop_map(|amount| hands_over(Offer::Cash(amount))),
        1 => (prop::sample::select(vec!["HKD", "XXX"]), any_amount()).prop_map(|(currency, amount)| {
            hands_over(Offer::ForeignCash { currency: currency.into(), amount })
        }),
        2 => (0u32..4, any_amount())
            .prop_map(|(number, face)| hands_over(Offer::Voucher { number: number.to_string(), face })),
        2 => value::any_payment(),
        1 => (0usize..4).prop_map(|place| In(Input::TakeTenderBack { place })),
        3 => Just(PAY_OUT),
        4 => Just(CHARGE()),
        2 => (prop::sample::select(vec![Wallet::WeChat, Wallet::Card]), prop::option::of(any_amount()))
            .prop_map(|(wallet, amount)| In(Input::Charge { wallet, code: String::new(), amount })),
        8 => (number.clone(), any_answer()).prop_map(|(number, answer)| answered(number, answer)),
        6 => Just(TICK),
        6 => Just(RECKON),
        2 => number.clone().prop_map(|number| {
            let card = crate::tender::CardEnd::parse("0042").ok();
            In(Input::CardAccepted { number, reference: "000123".into(), card })
        }),
        1 => Just(In(Input::GiveUpPayment)),
        1 => number.clone().prop_map(|number| In(Input::AskPayment { number })),
        2 => (number, any::<bool>(), any_reason())
            .prop_map(|(number, paid, reason)| In(Input::ResolvePayment { number, paid, reason })),
    ]
}

fn any_drawer_work() -> impl Strategy<Value = Happens> {
    let kind = prop::sample::select(vec![CashMove::PayIn, CashMove::PayOut, CashMove::Drop]);
    prop_oneof![
        2 => any_amount().prop_map(|float| In(Input::OpenShift { float })),
        2 => (kind, any_amount(), any_reason())
            .prop_map(|(kind, amount, reason)| In(Input::MoveCash { kind, amount, reason })),
        1 => any_reason().prop_map(|reason| In(Input::OpenDrawer { reason })),
        1 => (any_amount(), any::<u32>()).prop_map(|(value, count)| {
            In(Input::CountCash { denominations: vec![Denomination { value, count }] })
        }),
        1 => Just(REPORT),
        2 => Just(CLOSE_SHIFT),
    ]
}

fn any_answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        3 => Just(paid()),
        1 => Just(Answer::Declined { reason: "no money".into() }),
        2 => Just(Answer::Waiting),
        2 => Just(Answer::Unknown),
        1 => Just(Answer::Closed),
        1 => Just(Answer::Reversed),
        1 => Just(Answer::NotReversed { reference: "4201".into() }),
    ]
}

/// Something that belongs together: a sale with its tenders, a payment with
/// its waits, goods that come back. So that days get somewhere.
fn any_scene() -> impl Strategy<Value = Vec<Happens>> {
    let goods = || {
        let codes = vec![COLA, EGG, YOGHURT, MILK, YOGHURT, BEER, APPLE_WEIGHED, APPLE_DIFFERS];
        prop::collection::vec(prop::sample::select(codes).prop_map(scan), 1..4)
    };
    let line = || 1u32..4;
    let wait = || {
        prop_oneof![
            4 => any_answer().prop_map(|answer| vec![Happens::Answers(answer)]),
            4 => (1i64..40).prop_map(|seconds| vec![Later(seconds * SECOND_MS), TICK]),
            1 => Just(vec![In(Input::GiveUpPayment)]),
            1 => Just((0..20).flat_map(|_| [Later(9 * SECOND_MS), TICK]).collect()),
            1 => Just(vec![BACK, PARK]),
            1 => Just(vec![BACK, CANCEL]),
            1 => (1u64..9).prop_map(|number| vec![In(Input::AskPayment { number }), TICK]),
        ]
    };
    let to_payment = || goods().prop_map(|goods| then(goods, [CONFIRM_AGE, PAY]));
    let sale = (to_payment(), prop::collection::vec(any_tender(), 0..3))
        .prop_map(|(day, tenders)| then(then(day, tenders), [Happens::PaysRest, Saved, PRINTER_READY]));
    let by_wallet = (to_payment(), prop::collection::vec(wait(), 0..6)).prop_map(|(day, waits)| {
        then(then(day, [CHARGE()]), waits.into_iter().flatten().chain([Happens::PaysRest, Saved]))
    });
    let back = prop::collection::vec((line(), 1i64..3), 1..4).prop_map(|lines| {
        let lines = lines.into_iter().map(|(line, pieces)| brings_back(line, pieces * 1_000));
        then(vec![BringsBack], lines)
    });
    let returned = (back, prop::option::weighted(0.3, goods())).prop_map(|(day, bought)| {
        let more = bought.into_iter().flatten().chain([CONFIRM_AGE, PAY, Happens::PaysRest, Saved]);
        then(then(day, more), [BACK, In(Input::DropReturn)])
    });
    let by_right = (goods(), any_rights(), any_exception(line()), any_rights()).prop_map(
        |(goods, own, exception, other)| {
            let approve =
                Input::Approve { staff: staff("zhao"), rights: other, matches: true, reason: "ok".into() };
            let sign_in = Input::PinChecked { staff: staff("wang"), rights: own, matches: true };
            then(then(vec![SIGN_OUT, In(sign_in)], goods), [exception, In(approve)])
        },
    );
    let parked = (goods(), goods()).prop_map(|(first, second)| {
        let named = [selling::names(None, "mei"), selling::notes(Some(1), "cold"), PARK];
        then(then(then(first, named), second), [PAY, Happens::PaysRest, Saved, Happens::Recalls])
    });
    let member = (goods(), prop::collection::vec(buyer::any_buyer(), 1..4), goods(), any_tender()).prop_map(
        |(first, brought, second, tender)| {
            then(then(then(first, brought), second), [CONFIRM_AGE, PAY, tender, Happens::PaysRest, Saved])
        },
    );
    let named = (to_payment(), prop::sample::select(vec!["m1", "m2", "nobody"]), any_rights(), 0i64..9)
        .prop_map(|(day, code, rights, minutes)| {
            let approve =
                Input::Approve { staff: staff("zhao"), rights, matches: true, reason: "late".into() };
            let names = [Happens::NamesBuyer(code), In(approve), Happens::NamesBuyer("m1")];
            then(then(day, [Happens::PaysRest, Saved, Later(minutes * 60_000)]), names)
        });
    let next_shift = (0i64..50_000).prop_map(|float| {
        vec![CLOSE_SHIFT, pin("li", true), In(Input::OpenShift { float: Money::from_minor(float) })]
    });
    prop_oneof![
        8 => any_happening().prop_map(|happens| vec![happens]),
        5 => sale,
        4 => by_wallet,
        4 => returned,
        3 => by_right,
        2 => parked,
        5 => member,
        4 => value::any_scene(goods()),
        2 => next_shift,
        4 => Just(vec![pin("li", true)]),
        3 => any_answer().prop_map(|answer| {
            let back = || In(Input::TakeTenderBack { place: 0 });
            vec![Happens::Answers(answer), back(), back(), BACK, CANCEL]
        }),
        2 => named,
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

/// What the drawer should hold by the journal alone.
fn drawer_by_journal(lane: &Lane) -> Money {
    let mut drawer = Money::ZERO;
    for (.., record) in &lane.journal {
        match record {
            Record::ShiftOpened { float, .. } => drawer = *float,
            Record::CashMoved { kind: CashMove::PayIn, amount, .. } => drawer += *amount,
            Record::CashMoved { amount, .. } => drawer = drawer - *amount,
            Record::SaleCompleted { sale } => {
                let cash = sale.tenders.iter().filter(|tender| matches!(tender, Tender::Cash(_)));
                drawer = drawer + cash.map(Tender::amount).sum() - sale.change;
            }
            _ => {}
        }
    }
    drawer
}

/// What was spent of every lease, by the journal alone.
fn most_spent_of_a_lease(lane: &Lane) -> i64 {
    let mut spent: BTreeMap<&str, i64> = BTreeMap::new();
    for (.., record) in &lane.journal {
        if let Record::SaleCompleted { sale } = record
            && let Some(points) = sale.buyer.as_ref().and_then(|buyer| buyer.points.as_ref())
        {
            *spent.entry(&points.lease).or_default() += points.spent;
        }
    }
    spent.into_values().max().unwrap_or(0)
}

fn charges_under_way(till: &Till) -> usize {
    till.payments.iter().filter(|payment| payment.purpose == Purpose::Charge && payment.is_active()).count()
}

/// A till without what a refusal may touch: where the cashier stands after a
/// sale, what waits for an approval, and what no journal knows of payments.
fn unasked(till: &Till) -> Till {
    let mut till = Till { desk: Desk::SignedOut, pending: None, ..till.clone() };
    till.payments.iter_mut().for_each(Payment::wake);
    till
}

/// Takes one step and checks what holds after every one.
fn check_step(lane: &mut Lane, happens: Happens) -> Result<(), TestCaseError> {
    let before = lane.till.clone();
    let said = happens.clone();
    let effects = lane.take(happens);
    let waiting = lane.till.papers.values().filter(|paper| matches!(paper, Paper::Waiting { .. })).count();
    prop_assert!(waiting <= PAPERS_WAITING_MAX);
    prop_assert!(lane.till.parked.len() <= PARKED_MAX);
    prop_assert!(lane.till.tenders.len() <= crate::tender::TENDERS_MAX);
    prop_assert!(lane.till.payments.len() <= crate::payment::PAYMENTS_IN_DOUBT_MAX);
    // One that was in doubt may come to life again beside it; none is begun.
    let begins = effects.iter().any(|effect| matches!(effect, Effect::Charge { .. }));
    prop_assert!(!begins || charges_under_way(&before) == 0);
    prop_assert!(lane.till.basket.lines().windows(2).all(|pair| pair[0].number < pair[1].number));
    prop_assert!(lane.till.basket.lines().iter().all(|line| Money::ZERO <= line.net()));
    prop_assert_eq!(lane.till.takings.expected_cash(), drawer_by_journal(lane));
    prop_assert!(most_spent_of_a_lease(lane) <= buyer::LENT);
    prop_assert!(value::LENT.less(value::spent_by_journal(lane)).is_amount());
    // None of these may overflow.
    let due = lane.till.due(&lane.settings);
    if lane.till.basket.returns().is_empty() {
        prop_assert!(Money::ZERO <= due.payable && due.payable <= due.total);
    }
    prop_assert!(Money::ZERO <= due.cash && due.cash <= due.exact);
    prop_assert!(Money::ZERO <= lane.till.basket.saved() && 0 <= lane.till.basket.pieces());
    crate::sale::likely_cash(due.cash, &lane.settings.currency);
    for (place, effect) in effects.iter().enumerate() {
        let committed = || {
            effects[..place].iter().rev().find_map(|effect| match effect {
                Effect::Commit(record) => Some(record),
                _ => None,
            })
        };
        match effect {
            Effect::Commit(Record::LinePriceLowered { lowered, .. }) => {
                let line = before.basket.line(lowered.line).expect("a line of the basket");
                prop_assert!(lowered.unit_price <= line.unit_price && lowered.list_price <= line.item.price);
                prop_assert!(line.follows_price_list());
            }
            Effect::Commit(Record::SaleCompleted { sale }) => {
                prop_assert!(sale.adds_up());
                prop_assert_eq!(
                    sale.taxes.iter().map(|tax| tax.net).sum::<Money>(),
                    sale.total - sale.tax_added
                );
                prop_assert!(!sale.lines.is_empty() || !sale.returns.is_empty());
                let mut memberships = sale.lines.iter().filter(|line| line.item.membership);
                if let Some(fee) = memberships.next() {
                    prop_assert!(sale.buyer.is_some() && fee.quantity == Quantity::ONE);
                    prop_assert!(memberships.next().is_none() && lane.settings.rules.kiosk.is_none());
                }
                prop_assert!(!sale.returns.iter().any(|back| back.item.membership && back.origin.is_none()));
                let points = sale.buyer.as_ref().and_then(|buyer| buyer.points.as_ref());
                if let Some(spent) = points.map(|points| points.spent).filter(|spent| *spent > 0) {
                    prop_assert!(before.basket.grant().is_some_and(|grant| spent <= grant.points));
                }
                for coupon in &sale.coupons {
                    prop_assert!(!before.coupons_spent.contains(&coupon.code));
                }
                let more = effects[place + 1..].iter().any(|effect| matches!(effect, Effect::Commit(_)));
                prop_assert!(!more, "a sale is the last record of its step");
            }
            Effect::OpenDrawer => {
                let saved = matches!((&said, &before.desk), (Saved, Desk::Saving(..)));
                prop_assert!(saved || committed().is_some());
            }
            Effect::Print { document, .. } => {
                prop_assert_eq!(
                    before.papers.get(document).map(|paper| matches!(paper, Paper::Waiting { .. })),
                    Some(true)
                );
            }
            Effect::Charge { payment, .. } => {
                let begun = matches!(committed(), Some(Record::PaymentBegun { number, .. }) if *number == payment.number);
                prop_assert!(begun && charges_under_way(&before) == 0);
                prop_assert!(before.payment_of_basket().is_none());
            }
            Effect::Refund(payment) => {
                let is_begun = |effect: &Effect| matches!(effect, Effect::Commit(Record::PaymentBegun { number, .. }) if *number == payment.number);
                prop_assert!(effects[..place].iter().any(is_begun));
            }
            Effect::Ask(_) => prop_assert!(lane.till.pending.is_some()),
            Effect::Commit(_)
            | Effect::Sound(_)
            | Effect::Weigh(_)
            | Effect::Tell(_)
            | Effect::QueryPayment(_)
            | Effect::ReversePayment(_)
            | Effect::Report(_) => {}
        }
    }
    // What was refused changed nothing.
    let refused = effects.first() == Some(&Effect::Sound(Sound::Blocked));
    if refused
        || !effects.iter().any(|effect| matches!(effect, Effect::Commit(_)))
            && !matches!(said, Saved | In(Input::Reprint { .. }))
    {
        // What it costs may have been worked out fully meanwhile.
        let fully = |till: &Till| unasked(&till.repriced(&lane.context()));
        let (mut after, mut before) = (fully(&lane.till), fully(&before));
        // Where strangers buy, a refusal may call the attendant, and leave a paper that nobody chose.
        let document = before.kiosk.offered().unwrap_or_default();
        let waived = Record::PaperEnded { document, outcome: PaperOutcome::Waived };
        let called = |effect: &Effect| matches!(effect, Effect::Commit(record) if matches!(record, Record::Kiosk(_)) || *record == waived);
        after.kiosk = kiosk::untouched();
        before.kiosk = kiosk::untouched();
        if refused {
            let changes = |effect: &Effect| matches!(effect, Effect::Commit(_)) && !called(effect);
            prop_assert!(!effects.iter().any(changes));
        }
        // A reprint that is asked for is on no disk yet.
        after.papers.clear();
        before.papers.clear();
        prop_assert_eq!(after, before);
    }
    Ok(())
}

/// Two shifts of the journal bring back what the lane knows.
fn check_restart_now(lane: &Lane) -> Result<(), TestCaseError> {
    let papers = |till: &mut Till, is: fn(&Paper) -> bool| {
        let found: Vec<u64> =
            till.papers.iter().filter(|(_, paper)| is(paper)).map(|(document, _)| *document).collect();
        found
    };
    // One that starts anew works out fully what its basket costs.
    let mut live = lane.till.repriced(&lane.context());
    let begun = papers(&mut live, |paper| *paper == Paper::Begun);
    let asked_again = papers(&mut live, |paper| *paper == Paper::Waiting { reprint: true });
    live.wake(&lane.settings);
    live.papers.retain(|document, _| !asked_again.contains(document));

    let mut restarted = lane.restarted_from(1);
    restarted.papers.retain(|document, _| !asked_again.contains(document));
    prop_assert_eq!(&restarted, &live);

    // Two shifts of the journal are as good as all of it, but for who
    // mistyped before them and for paper that takes longer than a shift.
    let mut restarted = lane.restarted_from(needed_from(lane));
    restarted.papers.retain(|document, _| !asked_again.contains(document) && !begun.contains(document));
    live.papers.retain(|document, _| !begun.contains(document));
    restarted.pin_refusals.clone_from(&live.pin_refusals);
    prop_assert_eq!(&restarted, &live);
    Ok(())
}

proptest! {
    #[test]
    fn any_day_adds_up_and_survives_a_power_cut(
        prints in prop::bool::weighted(0.9),
        opens_itself in prop::bool::weighted(0.8),
        festival in any::<bool>(),
        flash in any::<bool>(),
        has_scale in any::<bool>(),
        day in prop::collection::vec(any_scene(), 0..60),
    ) {
        let mut lane = Lane::new();
        lane.settings.prints_receipts = prints;
        lane.settings.rules.shift_opens_itself = opens_itself;
        lane.settings.rules.has_scale = has_scale;
        lane.goods.festival = festival;
        lane.goods.flash = flash;
        lane.settings.rules.points = buyer::points_rules();
        for (at, happens) in selling().into_iter().chain(day.into_iter().flatten()).enumerate() {
            check_step(&mut lane, happens)?;
            if at % 25 == 24 && !matches!(lane.till.desk, Desk::Saving(..)) {
                check_restart_now(&lane)?;
            }
        }
        lane.take(Saved);
        check_restart_now(&lane)?;
        prop_assert!(quotas::most_given_holds(&lane));
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

    /// However the goods come back: what was paid is paid out once.
    #[test]
    fn what_was_paid_is_paid_out_once(
        pieces_sold in prop::collection::vec((0usize..3, 1i64..5), 1..6),
        order in prop::collection::vec((1u32..7, 1i64..4), 0..40),
        step in prop::sample::select(vec![1i64, 10, 100]),
        step_of_returns in prop::sample::select(vec![1i64, 10, 100]),
        by_wechat in any::<bool>(),
        exclusive in any::<bool>(),
    ) {
        let mut lane = Lane::new();
        lane.settings.cash_rounding = Money::from_minor(step);
        if exclusive {
            lane.settings.rules.tax.mode = crate::tax::TaxMode::Exclusive;
        }
        let goods = ["cola", "egg", "apple"];
        for happens in selling() {
            check_step(&mut lane, happens)?;
        }
        for (good, pieces) in &pieces_sold {
            let count = if *good == 2 { pieces * 377 } else { *pieces };
            check_step(&mut lane, choose(goods[*good], count))?;
        }
        check_step(&mut lane, PAY)?;
        if by_wechat {
            check_step(&mut lane, CHARGE())?;
            check_step(&mut lane, answered(1, paid()))?;
        } else {
            let due = lane.till.due(&lane.settings).cash;
            check_step(&mut lane, In(Input::TakeCash(due)))?;
        }
        check_step(&mut lane, Saved)?;
        let Some((.., Record::SaleCompleted { sale })) = lane.journal.last().cloned() else {
            return Err(TestCaseError::fail("nothing was sold"));
        };
        let rest = (1..=pieces_sold.len()).flat_map(|line| {
            let line = u32::try_from(line).expect("small");
            std::iter::repeat_n((line, 0), 2)
        });
        lane.settings.cash_rounding = Money::from_minor(step_of_returns);
        let mut paid_out = Money::ZERO;
        for (line, pieces) in order.into_iter().chain(rest) {
            let Some(past) = lane.past_sale() else { break };
            let left = past.quantity_left(line, &[]);
            let weighed = past.lines.iter().any(|past| past.line.number == line && past.line.item.weighed);
            let whole = if weighed { 250 } else { 1_000 };
            let thousandths = if pieces == 0 { left } else { (pieces * whole).min(left) };
            for happens in [BringsBack, brings_back(line, thousandths), PAY, PAY_OUT, Saved, In(Input::DropReturn)] {
                for effect in lane.take(happens) {
                    if let Effect::Commit(Record::SaleCompleted { sale: back }) = effect {
                        prop_assert!(back.adds_up());
                        paid_out = paid_out - back.payable;
                        prop_assert!(paid_out <= sale.payable);
                    }
                }
            }
            lane.take(BACK);
        }
        prop_assert_eq!(paid_out, sale.payable);
        prop_assert!(lane.past_sale().is_some_and(|past| past.is_all_back(&[]) && past.left == Money::ZERO));
        prop_assert_eq!(lane.till.totals.net(), Money::ZERO);
    }
}

mod buyer;
mod everything;
mod gifts;
mod holds;
mod kiosk;
mod lent;
mod membership;
mod named;
mod phone;
mod quotas;
mod reckoning;
mod selling;
mod value;
mod weighing;

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
            tell NoLine
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
