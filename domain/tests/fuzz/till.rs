//! The till on days of any kind, told line by line as a script: none stops it, and what must hold does after each step.

use std::cell::RefCell;
use std::sync::Arc;

use chrono::NaiveDate;
use domain::barcode::{Codes, Gtin};
use domain::basket::{Cut, Trace};
use domain::catalogue::{Catalogue, Found, Item, LookUpError};
use domain::coupon::{Coupon, CouponState};
use domain::label::{LabelBinding, LabelItem, LabelNumber};
use domain::member::{Member, NewMember, PointsGrant, PointsRules, Spending};
use domain::money::{Currency, Money, Quantity, TaxRate};
use domain::order::desk::{OrderAsk, ToldOrder};
use domain::order::{OrderLine, OrderState};
use domain::payment::Answer;
use domain::promotion::rule::{Conditions, ItemRule, OrderRule, PriceRule, Promotion, Rule, Scope, Stacking};
use domain::promotion::{Objective, PromotionSet};
use domain::quota::{Counts, Limit, Quota, QuotaHeard, Whose};
use domain::record::{PaperOutcome, Record, Staff};
use domain::refund::{Origin, PastSale};
use domain::rights::Rights;
use domain::seller::Seller;
use domain::shift::{CashMove, Denomination, PARKED_MAX, Parked, ParkedId};
use domain::stock::{CountedLine, Movement, StockCount, StockLine, StockMove};
use domain::tender::{ForeignRate, Wallet};
use domain::till::after::{Named, PaidSale};
use domain::till::kiosk::KioskInput;
use domain::till::{
    Context, Effect, Input, Offer, PAPERS_WAITING_MAX, Rules, ScaleAnswer, Settings, Till, ToWeigh,
};
use domain::value::{SpendOrder, Value, ValueGrant, ValueRules};

use crate::harness::fuzz_times;

/// Days that are made of the seeds unless asked for more: each has many steps.
const DAYS: u64 = 1_500;

/// The most steps of a day.
const STEPS_MAX: usize = 200;

/// What scripts are made of.
const FRAGMENTS: &[&str] = &[
    "in manager\n",
    "in cashier\n",
    "approve manager\n",
    "out\n",
    "lock\n",
    "scan tea\n",
    "scan milk\n",
    "scan 2110001012358\n",
    "choose apple 1200\n",
    "qty 1 3\n",
    "seller 1 mei guide\n",
    "seller 0 tao\n",
    "seller 0\n",
    "note 1 cold\n",
    "note 0 gate\n",
    "qty 2 -1\n",
    "price 1 250\n",
    "cut 1 1000\n",
    "cut 0 500\n",
    "void 1\n",
    "cancel\n",
    "park\n",
    "recall 1\n",
    "pay\n",
    "back\n",
    "cash 10000\n",
    "cash 1\n",
    "voucher 500\n",
    "foreign 100\n",
    "foreign 9999999\n",
    "charge\n",
    "answer paid\n",
    "answer unknown\n",
    "answer declined\n",
    "card 0042\n",
    "card\n",
    "give-up\n",
    "ask 1\n",
    "resolve 1\n",
    "saved\n",
    "return\n",
    "back-line 1 1000\n",
    "blind 500\n",
    "take-up 1\n",
    "gone 1\n",
    "drop\n",
    "payout\n",
    "open 10000\n",
    "move in 500\n",
    "move out 500\n",
    "move drop 500\n",
    "drawer\n",
    "count 100 3\n",
    "x\n",
    "z\n",
    "tick\n",
    "later 60000\n",
    "later -99999999999\n",
    "reprint\n",
    "ready\n",
    "paper\n",
    "waive\n",
    "stop\n",
    "member gold\n",
    "no-member\n",
    "names gold\n",
    "names gold back\n",
    "names nobody\n",
    "scan CSPRING26K\n",
    "uncoupon CSPRING26K\n",
    "points 500\n",
    "value 20000 3000\n",
    "top-up 10000\n",
    "lease-back 500\n",
    "is-member silver\n",
    "priced tea 300\n",
    "department 7 400\n",
    "unbind 0123456789AB\n",
    "waive-labels tea\n",
    "bind 0000000000000001 tea\n",
    "replace 0000000000000001 0000000000000002\n",
    "stock in 3\n",
    "counted 2500\n",
    "joins\n",
    "held CSPRING26K\n",
    "heard 1 2\n",
    "weighs 300\n",
    "kiosk\n",
    "order accept\n",
    "order 1 2000 find\n",
    "order ready\n",
    "order 482915 give\n",
    "order refuse\n",
    "order absent\n",
    "99999",
    "9223372036854775807",
    "-9223372036854775808",
];

#[test]
fn days_of_the_till() {
    fuzz_times("till", FRAGMENTS, DAYS, |bytes| {
        let script = String::from_utf8_lossy(bytes).into_owned();
        let mut lane = Lane::new();
        for line in script.lines().take(STEPS_MAX) {
            lane.play(line);
        }
    });
}

/// No word of the scripts is passed over because nothing was made of it.
#[test]
fn every_word_of_the_scripts_is_an_input() {
    let lane = Lane::new();
    let scripts = FRAGMENTS.iter().filter_map(|fragment| fragment.strip_suffix('\n'));
    // Without a sale nothing can come back, and nobody be named for it.
    let others = ["later", "stop", "return", "names"];
    let mut known = 0;
    for script in scripts {
        let mut words = script.split_whitespace();
        let verb = words.next().unwrap_or_default();
        let rest: Vec<&str> = words.collect();
        let is_known = others.contains(&verb) || lane.input(verb, &rest).is_some();
        assert!(is_known, "nothing is made of {script:?}");
        known += 1;
    }
    assert!(known > 60, "{known}");
}

struct Goods {
    promotions: Arc<PromotionSet>,
}

impl Goods {
    fn new() -> Self {
        let promotion = |id: &str, rule| Promotion {
            id: id.into(),
            name_zh: id.into(),
            name_en: id.into(),
            rule,
            scope: Scope::of(["tea", "milk"]),
            conditions: Conditions::default(),
            quota: None,
            quotas: Vec::new(),
            bearers: Vec::new(),
            applications_max: None,
            stacking: Stacking::default(),
        };
        let pair = ItemRule::NthUnit { n: 2, pay_percent: 50, same_sku: false, spread: false };
        let off = Money::from_minor(300);
        let threshold = OrderRule::ThresholdOff { min: Money::from_minor(2_000), off, repeat_max: 3 };
        let five = OrderRule::ThresholdOff {
            min: Money::from_minor(100),
            off: Money::from_minor(50),
            repeat_max: 1,
        };
        let coupon = Rule::Coupon { rule: five.clone(), regular_price_only: false };
        let conditions = Conditions { tenders: ["wechat".to_owned()].into(), ..Conditions::default() };
        let all = [
            promotion("pair", Rule::Item(pair)),
            promotion("off", Rule::Order(threshold)),
            promotion("coupon", coupon),
            Promotion { conditions, ..promotion("wechat", Rule::Order(five)) },
            Promotion {
                quotas: vec![
                    Quota { whose: Whose::Member, daily: true, limit: Limit::Units(2) },
                    Quota { whose: Whose::Store, daily: false, limit: Limit::Off(Money::from_minor(500)) },
                ],
                ..promotion("flash", Rule::Price(PriceRule::Fixed(Money::from_minor(500))))
            },
        ];
        Self { promotions: Arc::new(PromotionSet::load(1, all).0) }
    }

    fn item(&self, sku: &str) -> Option<Arc<Item>> {
        let (price, weighed) = match sku {
            "tea" => (550, false),
            "milk" => (801, false),
            "apple" | "10001" => (1_280, true),
            _ => return None,
        };
        let rate = TaxRate::from_basis_points(1_300).expect("in range");
        Some(Arc::new(Item { weighed, ..Item::plain(sku, Money::from_minor(price), rate) }))
    }
}

impl Catalogue for Goods {
    fn version(&self) -> u64 {
        1
    }

    fn item_by_gtin(&self, _: &Gtin) -> Result<Option<Found>, LookUpError> {
        Ok(None)
    }

    fn item_by_plu(&self, plu: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        Ok(self.item(plu))
    }

    fn item_by_sku(&self, sku: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        Ok(self.item(sku))
    }

    fn item_by_department(&self, code: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        Ok(self.item(if code == "7" { "milk" } else { "none" }))
    }

    fn promotions(&self) -> Result<Arc<PromotionSet>, LookUpError> {
        Ok(self.promotions.clone())
    }

    fn member(&self, code: &str) -> Result<Option<Arc<Member>>, LookUpError> {
        let member = Member { id: code.into(), tier: code.into(), ..Member::default() };
        Ok((code != "nobody").then(|| Arc::new(member)))
    }

    fn coupon(&self, code: &str) -> Result<Option<Coupon>, LookUpError> {
        Ok(Some(Coupon {
            code: code.into(),
            promotion: "coupon".into(),
            state: CouponState::Issued,
            from_ms: None,
            until_ms: Some(1_772_500_000_000),
            owner: None,
            group: String::new(),
            together_max: 1,
        }))
    }
}

struct Lane {
    goods: Goods,
    settings: Settings,
    till: Till,
    now_ms: i64,
    journal: RefCell<Vec<(u64, i64, Record)>>,
    sale: u64,
}

impl Lane {
    fn new() -> Self {
        let (codes, _) = Codes::configured(&["21IIIIIWWWWWC".to_owned()], &[]);
        let rules = Rules {
            wallets: vec![Wallet::WeChat],
            objective: Objective::TagPriceBinding,
            points: PointsRules {
                money_per_point: Some(Money::from_minor(100)),
                tier_multipliers: Vec::new(),
                spending: Some(Spending { step: 100, points_per_hundred: 100, percent_max: 50 }),
            },
            foreign: vec![ForeignRate { currency: "HKD".into(), rate: 920_000 }],
            value: Some(ValueRules { order: SpendOrder::ProRata, ..ValueRules::default() }),
            ..Rules::default()
        };
        Self {
            goods: Goods::new(),
            settings: Settings {
                currency: Currency { code: "CNY".into(), symbol: "¥".into(), exponent: 2 },
                cash_rounding: Money::from_minor(10),
                change_max: Money::from_minor(100_000),
                codes,
                prints_receipts: true,
                rules,
            },
            till: Till::default(),
            now_ms: 1_772_416_800_000,
            journal: RefCell::default(),
            sale: 0,
        }
    }

    fn context(&self) -> Context<'_> {
        Context { now_ms: self.now_ms, offset_minutes: 480, catalogue: &self.goods, settings: &self.settings }
    }

    fn play(&mut self, line: &str) {
        let mut words = line.split_whitespace();
        let verb = words.next().unwrap_or_default();
        let rest: Vec<&str> = words.collect();
        match verb {
            "later" => self.now_ms = self.now_ms.saturating_add(number(&rest, 0)),
            "stop" => {
                let mut till = Till::default();
                for (seq, at_ms, record) in self.journal.borrow().iter() {
                    till.restore(*seq, *at_ms, record);
                }
                till.wake(&self.settings);
                self.till = till.repriced(&self.context());
            }
            _ => {
                if let Some(input) = self.input(verb, &rest) {
                    self.step(input);
                }
            }
        }
    }

    fn input(&self, verb: &str, rest: &[&str]) -> Option<Input> {
        let text = |place: usize| rest.get(place).copied().unwrap_or_default().to_owned();
        let money = |place: usize| Money::from_minor(number(rest, place));
        let small = |place: usize| u32::try_from(number(rest, place)).unwrap_or(u32::MAX);
        let big = |place: usize| u64::try_from(number(rest, place)).unwrap_or(u64::MAX);
        let who = || (staff(&text(0)), Rights::of_role(&text(0), &self.settings.currency));
        let reason = || "why".to_owned();
        Some(match verb {
            "in" => {
                let (staff, rights) = who();
                Input::PinChecked { staff, rights, matches: rest.len() < 2 }
            }
            "approve" => {
                let (staff, rights) = who();
                Input::Approve { staff, rights, matches: rest.len() < 2, reason: reason() }
            }
            "no" => Input::Disapprove,
            "out" => Input::SignOut,
            "lock" => Input::Lock,
            "scan" => Input::Code(rest.join(" ")),
            "choose" => Input::Choose { sku: text(0), count: rest.get(1).map(|_| number(rest, 1)) },
            "qty" => Input::SetQuantity { line: small(0), pieces: number(rest, 1) },
            "price" => Input::SetPrice { line: small(0), unit_price: money(1), reason: reason() },
            "cut" => Input::Discount {
                line: Some(small(0)).filter(|line| *line > 0),
                cut: Some(if rest.len() > 2 { Cut::Amount(money(1)) } else { Cut::Part(small(1)) }),
                reason: reason(),
            },
            "void" => Input::Void { line: small(0), reason: reason() },
            "seller" => Input::NameSeller {
                line: Some(small(0)).filter(|line| *line > 0),
                seller: (rest.len() > 1).then(|| {
                    Arc::new(Seller { id: text(1), number: text(1), name: text(1), level: text(2) })
                }),
            },
            "note" => Input::Note { line: Some(small(0)).filter(|line| *line > 0), note: rest.join(" ") },
            "cancel" => Input::Cancel { reason: reason() },
            "park" => Input::Park { note: text(0) },
            "recall" => Input::Recall { basket: small(0) },
            "take-up" => {
                let basket = self.till.parked().first().map(|parked| parked.basket.clone());
                Input::TakeUp {
                    from: ParkedId { lane: 2, epoch: 1, number: small(0) },
                    parked: Box::new(Parked {
                        number: small(0),
                        staff: "wang".into(),
                        at_ms: 0,
                        note: String::new(),
                        basket: basket.unwrap_or_default(),
                        tenders: Vec::new(),
                    }),
                }
            }
            "gone" => Input::ParkedGone { basket: small(0), lane: 2 },
            "member" => Input::FindMember(text(0)),
            "no-member" => Input::DropMember,
            "names" => {
                let sale = |(seq, at_ms, record): &(u64, i64, Record)| match record {
                    Record::SaleCompleted { sale } => Some((*seq, *at_ms, sale.as_ref().clone())),
                    _ => None,
                };
                let (seq, at_ms, sale) = self.journal.borrow().iter().rev().find_map(sale)?;
                let shift = self.till.shift().map_or(0, |shift| shift.number);
                let came_back = rest.len() > 1;
                let paid = PaidSale { seq, shift, at_ms, sale, came_back };
                Input::NameBuyer { paid: Box::new(paid), who: Named::Code(text(0)) }
            }
            "uncoupon" => Input::TakeCouponBack { code: text(0) },
            "points" => Input::OfferPoints(Some(PointsGrant {
                lease: "l".into(),
                member: "gold".into(),
                points: number(rest, 0),
                until_ms: 1_772_500_000_000,
            })),
            "age" => Input::ConfirmAge,
            "pay" => Input::Pay,
            "back" => Input::Back,
            "cash" => Input::TakeCash(money(0)),
            "voucher" => Input::Tender(Offer::Voucher { number: text(1), face: money(0) }),
            "value" => Input::Tender(Offer::StoredValue {
                grant: ValueGrant {
                    lease: "v".into(),
                    member: "gold".into(),
                    lent: Value { principal: money(0), bonus: money(1) },
                    balance: money(0),
                    until_ms: 1_772_500_000_000,
                },
                amount: None,
            }),
            "top-up" => Input::TopUp {
                amount: money(0),
                balance: (rest.len() > 1).then(|| Value { principal: money(1), bonus: money(1) }),
            },
            "tender-back" => Input::TakeTenderBack { place: usize::try_from(small(0)).unwrap_or(0) },
            "payout" => Input::PayOut,
            "charge" => Input::Charge { wallet: Wallet::WeChat, code: text(1), amount: None },
            "answer" => Input::PaymentAnswered {
                number: big(1).max(1),
                answer: match rest.first().copied() {
                    Some("paid") => Answer::Paid { reference: text(2) },
                    Some("declined") => Answer::Declined { reason: reason() },
                    _ => Answer::Unknown,
                },
            },
            "card" => Input::CardAccepted {
                number: big(1).max(1),
                reference: text(2),
                card: domain::tender::CardEnd::parse(rest.first().copied().unwrap_or_default()).ok(),
            },
            "give-up" => Input::GiveUpPayment,
            "ask" => Input::AskPayment { number: big(0) },
            "resolve" => Input::ResolvePayment { number: big(0), paid: rest.len() < 2, reason: reason() },
            "return" => Input::BeginReturn { past: Box::new(self.past_sale()?) },
            "back-line" => {
                Input::ReturnLine { line: small(0), thousandths: number(rest, 1), reason: reason() }
            }
            "blind" => Input::ReturnBlind {
                sku: "tea".into(),
                count: number(rest, 1).max(1),
                unit_price: Some(money(0)),
                reason: reason(),
            },
            "drop" => Input::DropReturn,
            "open" => Input::OpenShift { float: money(0) },
            "move" => Input::MoveCash {
                kind: match rest.first().copied() {
                    Some("in") => CashMove::PayIn,
                    Some("out") => CashMove::PayOut,
                    _ => CashMove::Drop,
                },
                amount: money(1),
                reason: reason(),
            },
            "foreign" => Input::Tender(Offer::ForeignCash { currency: "HKD".into(), amount: money(0) }),
            "count" => {
                Input::CountCash { denominations: vec![Denomination { value: money(0), count: small(1) }] }
            }
            "lease-back" => Input::ReturnLease(PointsGrant {
                lease: "l".into(),
                member: "gold".into(),
                points: number(rest, 0),
                until_ms: 1_772_500_000_000,
            }),
            "is-member" => {
                Input::Member(Arc::new(Member { id: text(0), tier: text(0), ..Member::default() }))
            }
            "priced" => Input::ChoosePriced { sku: text(0), price: money(1) },
            "department" => Input::Department { code: text(0), price: money(1) },
            "unbind" => Input::UnbindLabel { label: LabelNumber::parse(&text(0)).ok()?, reason: reason() },
            "waive-labels" => Input::WaiveLabels { item: LabelItem::of(&text(0)), reason: reason() },
            "bind" => Input::BindLabel(Box::new(binding(&text(0), &text(1))?)),
            "replace" => Input::ReplaceLabel {
                old: LabelNumber::parse(&text(0)).ok()?,
                binding: Box::new(binding(&text(1), "tea")?),
                reason: reason(),
            },
            "stock" => Input::MoveStock(Box::new(Movement {
                kind: if rest.first() == Some(&"in") { StockMove::Receive } else { StockMove::Damage },
                document: "L-1".into(),
                other: "farm".into(),
                lines: Quantity::from_thousandths(number(rest, 1).saturating_mul(1_000))
                    .map(|quantity| StockLine { sku: "tea".into(), quantity })
                    .into_iter()
                    .collect(),
                reason: reason(),
            })),
            "counted" => Input::CountStock(Box::new(StockCount {
                document: "C-1".into(),
                lines: vec![CountedLine { sku: "tea".into(), thousandths: number(rest, 0) }],
                positions: Vec::new(),
                steps: Vec::new(),
                reason: reason(),
            })),
            "joins" => Input::RegisterMember(Box::new(NewMember {
                id: "new".into(),
                phone_hash: "0".repeat(64),
                shown: text(0),
                card: String::new(),
            })),
            "held" => Input::Coupon(Box::new(self.goods.coupon(&text(0)).ok()??)),
            "heard" => {
                let all = |units| Counts { member_today: units, store: units, ..Counts::default() };
                Input::QuotasHeard(vec![QuotaHeard {
                    promotion: "flash".into(),
                    member: "gold".into(),
                    day: NaiveDate::from_ymd_opt(2026, 3, 2)?,
                    elsewhere: all(number(rest, 0)),
                    here: all(number(rest, 1)),
                    off_elsewhere: all(number(rest, 2)),
                    off_here: all(number(rest, 3)),
                }])
            }
            "weighs" => Input::Weighed {
                goods: Box::new(ToWeigh {
                    item: self.goods.item("apple")?,
                    code: "10001".into(),
                    unit_price: Money::from_minor(1_280),
                    trace: Trace::default(),
                }),
                answer: ScaleAnswer::Weighed { grams: number(rest, 0), net: rest.len() > 1 },
            },
            "kiosk" => Input::Kiosk(KioskInput::Pay { random: small(0) }),
            "order" => Input::Order {
                told: Box::new(told_order()?),
                ask: match rest.last().copied() {
                    Some("accept") => OrderAsk::Accept,
                    Some("refuse") => OrderAsk::Refuse { reason: reason() },
                    Some("ready") => OrderAsk::Ready { reason: reason() },
                    Some("absent") => OrderAsk::NotCollected,
                    Some("give") => OrderAsk::HandOver { code: text(0), matches: rest.len() > 1 },
                    _ => OrderAsk::Find { line: small(0), thousandths: number(rest, 1) },
                },
            },
            "drawer" => Input::OpenDrawer { reason: reason() },
            "x" => Input::Report,
            "z" => Input::CloseShift,
            "tick" => Input::Tick,
            "saved" => Input::Committed { seq: self.sale },
            "reprint" => Input::Reprint { document: rest.first().map(|_| big(0)) },
            "ready" => Input::PrinterReady,
            "paper" => Input::PaperEnded { document: self.sale, outcome: PaperOutcome::Confirmed },
            "waive" => Input::WaivePaper { document: big(0) },
            _ => return None,
        })
    }

    #[allow(clippy::wildcard_enum_match_arm)]
    fn past_sale(&self) -> Option<PastSale> {
        let journal = self.journal.borrow();
        let sales = || {
            journal.iter().filter_map(|(seq, _, record)| match record {
                Record::SaleCompleted { sale } => Some((*seq, sale.as_ref().clone())),
                _ => None,
            })
        };
        let (seq, sale) = sales().find(|(_, sale)| !sale.lines.is_empty())?;
        let origin = Origin { store: "S001".into(), lane: 1, epoch: 1, seq };
        let later: Vec<_> = sales().filter(|(own, _)| *own > seq).map(|(_, sale)| sale).collect();
        Some(PastSale::new(origin, &sale, &later, self.settings.rules.tax))
    }

    // Sounds and words are not looked at.
    #[allow(clippy::wildcard_enum_match_arm)]
    fn step(&mut self, input: Input) {
        let (till, effects) = self.till.step(&self.context(), input);
        let mut physical = false;
        for effect in &effects {
            match effect {
                Effect::Commit(record) => {
                    let mut journal = self.journal.borrow_mut();
                    let seq = journal.len() as u64 + 1;
                    if let Record::SaleCompleted { sale } = record {
                        assert!(sale.adds_up());
                        assert!(!physical, "nothing physical before the sale is written");
                        self.sale = seq;
                    }
                    journal.push((seq, self.now_ms, record.clone()));
                }
                Effect::OpenDrawer | Effect::Print { .. } => physical = true,
                _ => {}
            }
        }
        let basket = till.basket();
        for line in basket.lines() {
            assert!(line.is_within_bounds() && line.net() >= Money::ZERO, "{line:?}");
            assert!(line.net() <= line.price(), "{line:?}");
        }
        assert!(till.papers().len() <= PAPERS_WAITING_MAX + 1);
        assert!(till.parked().len() <= PARKED_MAX);
        self.till = till;
    }
}

fn number(rest: &[&str], place: usize) -> i64 {
    rest.get(place).and_then(|word| word.parse().ok()).unwrap_or(0)
}

fn staff(role: &str) -> Staff {
    let id = if role.is_empty() { "cashier" } else { role };
    Staff { id: id.into(), number: "1".into(), name: id.into() }
}

/// An order of two teas that is paid.
fn told_order() -> Option<ToldOrder> {
    let line = OrderLine {
        number: 1,
        sku: "tea".into(),
        quantity: Quantity::from_pieces(2)?,
        net: Money::from_minor(500),
        tax_rate: TaxRate::from_basis_points(1_300)?,
    };
    Some(ToldOrder {
        id: "o1".into(),
        channel: "mini_program".into(),
        state: OrderState::Paid,
        lines: vec![line],
        kept: Money::from_minor(500),
        promised_ms: Some(0),
        shown: String::new(),
    })
}

fn binding(label: &str, sku: &str) -> Option<LabelBinding> {
    let label = LabelNumber::parse(label).ok()?;
    Some(LabelBinding {
        label,
        items: vec![LabelItem::of(sku)],
        template: String::new(),
        slot: String::new(),
    })
}
