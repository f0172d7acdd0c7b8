//! Receipts as golden files, and what a customer with a pencil finds.
//!
//! `UPDATE_EXPECT=1` writes the files of `fixtures/receipts` that are missing;
//! one that is there is never overwritten.

use std::path::Path;
use std::sync::Arc;

use domain::basket::{AppliedPromotion, Cut, Discount, Line, PriceFrom, Saving, Trace, WalkInPrice};
use domain::catalogue::{Item, Unit};
use domain::gift::KeptGift;
use domain::member::{PointsBack, PointsMoved};
use domain::money::{Currency, Money, Quantity, TaxRate};
use domain::phone::CodeId;
use domain::points::EarnRule;
use domain::promotion::Layer;
use domain::promotion::grant::{Given, Gives};
use domain::receipt::{Heading, Language, Receipt, Row, receipt};
use domain::record::Staff;
use domain::refund::{Origin, ReturnedLine};
use domain::sale::{Sale, SaleBuyer, Tender};
use domain::seller::Seller;
use domain::tax::{TaxMode, TaxRules, Taxable, summaries};
use domain::tender::Wallet;
use domain::value::{StoredTender, TopUp, Value, top_up_item};
use proptest::prelude::*;

fn money(minor: i64) -> Money {
    Money::from_minor(minor)
}

fn yuan() -> Currency {
    Currency { code: "CNY".into(), symbol: "¥".into(), exponent: 2 }
}

fn promotion(id: &str, name_zh: &str, name_en: &str) -> AppliedPromotion {
    AppliedPromotion { id: id.into(), name_zh: name_zh.into(), name_en: name_en.into() }
}

fn item(name_zh: &str, name_en: &str, spec: &str, price: i64, rate: u32) -> Item {
    Item {
        name_zh: name_zh.into(),
        name_en: name_en.into(),
        spec: spec.into(),
        ..Item::plain(
            name_en,
            money(price),
            TaxRate::from_basis_points(rate).expect("no rate is above 100 %"),
        )
    }
}

/// So many thousandths of an item at its list price.
fn line(code: &str, item: Item, thousandths: i64) -> Line {
    Line {
        number: 1,
        code: code.into(),
        unit: None,
        quantity: Quantity::from_thousandths(thousandths).expect("a quantity"),
        unit_price: item.price,
        item: Arc::new(item),
        price_from: PriceFrom::List,
        promotion: None,
        walk_in: None,
        kept: None,
        weighed_by: None,
        label_amount: None,
        trace: Trace::default(),
        savings: Vec::new(),
        points_off: Money::ZERO,
        discount: None,
        basket_discount: Money::ZERO,
        seller: None,
        note: String::new(),
    }
}

fn saving(promotion: AppliedPromotion, layer: Layer, off: i64) -> Saving {
    Saving { promotion, layer, units: 1, off: money(off) }
}

fn returned(code: &str, item: Item, thousandths: i64, amount: i64, origin: Option<u64>) -> ReturnedLine {
    ReturnedLine {
        origin: origin.map(|seq| Origin { store: "S001".into(), lane: 1, epoch: 1, seq }),
        line: 1,
        tax: money(amount).tax_contained(item.tax_rate),
        item: Arc::new(item),
        code: code.into(),
        quantity: Quantity::from_thousandths(thousandths).expect("a quantity"),
        stock: Vec::new(),
        before: 0,
        amount: money(amount),
        reason: "不想要".into(),
        seller: None,
    }
}

/// A sale of these lines; `payable` is what is left after rounding.
fn sale(
    mode: TaxMode,
    lines: Vec<Line>,
    returns: Vec<ReturnedLine>,
    payable: impl Fn(Money) -> Money,
    tenders: Vec<Tender>,
) -> Sale {
    let taxables: Vec<Taxable> = lines.iter().flat_map(Line::taxables).collect();
    let shares = TaxRules { mode, ..TaxRules::default() }.shares(&taxables);
    let back =
        returns.iter().map(|back| (Taxable { rate: back.item.tax_rate, net: -back.amount }, -back.tax));
    let taxes = summaries(taxables.into_iter().zip(shares).chain(back));
    let tax_added = match mode {
        TaxMode::Inclusive => Money::ZERO,
        TaxMode::Exclusive => taxes.iter().map(|tax| tax.tax).sum(),
    };
    let nets: Money = lines.iter().map(Line::net).sum();
    let total = nets - returns.iter().map(|back| back.amount).sum() + tax_added;
    let payable = payable(total);
    let rounding = payable - total;
    let sale = Sale {
        currency: "CNY".into(),
        reference_version: 1,
        staff: Staff { id: "u1".into(), number: "101".into(), name: "李敏".into() },
        rounding_returned: if rounding > Money::ZERO { rounding } else { Money::ZERO },
        change: tenders.iter().map(Tender::amount).sum::<Money>() - payable,
        lines,
        returns,
        total,
        tax_added,
        rounding,
        payable,
        tenders,
        taxes,
        buyer: None,
        coupons: Vec::new(),
        given: Vec::new(),
        points_back: None,
        gifts: Vec::new(),
        kept: Vec::new(),
        seller: None,
        note: String::new(),
        uses: Vec::new(),
        uses_back: Vec::new(),
        borne: Vec::new(),
        borne_back: Vec::new(),
        coupons_back: Vec::new(),
        price_gap: Money::ZERO,
        engine: 0,
        phones: Vec::new(),
        top_up: None,
    };
    assert!(sale.adds_up(), "{sale:?}");
    sale
}

fn water() -> Item {
    item("清泉饮用天然水", "Clear Spring water", "550ml", 200, 1_300)
}

fn apples() -> Item {
    Item { weighed: true, ..item("散装红富士苹果", "Fuji apples, loose", "", 1_180, 900) }
}

fn milk() -> Item {
    item(
        "草原牧歌高钙低脂纯牛奶礼盒装",
        "Prairie Song high-calcium low-fat milk gift box",
        "12×250ml",
        5_990,
        1_300,
    )
}

fn to_the_jiao(total: Money) -> Money {
    total.floor_to(money(10))
}

fn wechat(amount: i64) -> Tender {
    Tender::Wallet {
        wallet: Wallet::WeChat,
        payment: 7,
        reference: "4200002315202601317712345678".into(),
        amount: money(amount),
        card: None,
    }
}

/// Everything at once: weighed goods, a pack, a tag's promotion, savings of
/// lines and of the ticket, discounts by a person, two rates, rounding.
fn rich(tenders: Vec<Tender>) -> Sale {
    let order = promotion("p-100", "满100减15", "15 off 100");
    let coupon = promotion("c-5", "会员券减5元", "Member coupon 5 off");
    let mut water = Line {
        unit_price: money(180),
        promotion: Some(promotion("p-1", "周末特价", "Weekend special")),
        savings: vec![saving(promotion("p-2", "第二件半价", "Second at half price"), Layer::Item, 90)],
        ..line("6901234567892", water(), 3_000)
    };
    let mut apples = Line {
        savings: vec![saving(promotion("p-3", "水果会员价", "Fruit for members"), Layer::Price, 101)],
        ..line("2100321008564", apples(), 856)
    };
    let mut milk = Line {
        unit: Some(Unit { id: "box".into(), name_zh: "提".into(), name_en: "box".into(), factor: 12 }),
        ..line("6907992512570", milk(), 2_000)
    };
    let mut noodles = Line {
        discount: Some(Discount { cut: Cut::Part(1_000), most: 2_000, reason: "外包装破损".into() }),
        ..line("6920152400012", item("红烧牛肉面", "Braised beef noodles", "5×80g", 1_450, 1_300), 1_000)
    };
    for (line, (order_off, coupon_off, share)) in [&mut water, &mut apples, &mut milk, &mut noodles]
        .into_iter()
        .zip([(50, 16, 10), (98, 33, 20), (1_205, 402, 240), (147, 49, 30)])
    {
        line.savings.push(saving(order.clone(), Layer::Order, order_off));
        line.savings.push(saving(coupon.clone(), Layer::Coupon, coupon_off));
        line.basket_discount = money(share);
        line.points_off = money(50);
    }
    let bag = Line {
        unit_price: money(20),
        price_from: PriceFrom::Set,
        ..line("B-30", item("购物袋", "Carrier bag", "大", 30, 1_300), 1_000)
    };
    sale(TaxMode::Inclusive, vec![water, apples, milk, noodles, bag], Vec::new(), to_the_jiao, tenders)
}

fn cash_sale() -> Sale {
    rich(vec![Tender::Cash(money(15_000))])
}

/// A member's: one line at the member's price, points earned and spent, a chance to draw.
fn of_a_member(sale: Sale) -> Sale {
    let mut lines = sale.lines.clone();
    let noodles = &mut lines[3];
    noodles.walk_in =
        Some(WalkInPrice { list_price: money(1_580), unit_price: money(1_580), promotion: None });
    let points = PointsMoved {
        earned: 121,
        rule: EarnRule { money_per_point: money(100), multiplier: 10_000 },
        spent: 200,
        value: money(200),
        lease: "lease-7".into(),
    };
    let buyer = SaleBuyer {
        member: "m1".into(),
        shown: "赵** *0001".into(),
        tier: "gold".into(),
        points: Some(points),
    };
    let given = Given {
        promotion: promotion("g-1", "抽奖机会", "Chances to draw"),
        gives: Gives::DrawChances(3),
        times: 2,
    };
    Sale { lines, buyer: Some(buyer), given: vec![given], ..sale }
}

fn split_tender() -> Sale {
    rich(vec![
        wechat(5_000),
        Tender::Voucher { number: "V20260131-0042".into(), amount: money(1_000) },
        Tender::ForeignCash {
            currency: "USD".into(),
            amount: money(1_000),
            rate: 7_123_400,
            value: money(7_123),
        },
        Tender::Cash(money(1_000)),
    ])
}

fn refund() -> Sale {
    let back = vec![
        returned("6907992512570", milk(), 1_000, 5_066, Some(41)),
        returned("2100321008564", apples(), 856, 742, Some(41)),
        returned("6901234567892", water(), 1_000, 180, None),
    ];
    let out = vec![
        Tender::Wallet {
            wallet: Wallet::Alipay,
            payment: 9,
            reference: "2026013122001498765432109876".into(),
            amount: money(-5_000),
            card: None,
        },
        Tender::Cash(money(-990)),
    ];
    sale(TaxMode::Inclusive, Vec::new(), back, to_the_jiao, out)
}

fn exchange() -> Sale {
    let back = vec![returned("6901234567892", water(), 2_000, 400, Some(41))];
    let lines = vec![line("6907992512570", milk(), 1_000)];
    sale(TaxMode::Inclusive, lines, back, to_the_jiao, vec![Tender::Cash(money(6_000))])
}

fn tax_on_top() -> Sale {
    let lines = vec![line("6907992512570", milk(), 1_000), line("2100321008564", apples(), 500)];
    let card = |amount| Tender::Wallet {
        wallet: Wallet::Card,
        payment: 3,
        reference: String::new(),
        amount: money(amount),
        card: domain::tender::CardEnd::parse("0042").ok(),
    };
    sale(TaxMode::Exclusive, lines, Vec::new(), |total| total, vec![card(7_412)])
}

fn written(sale: &Sale, language: Language, reprint: bool, points_balance: Option<i64>) -> Receipt {
    let header = ["上海市静安区文林路 1266 号".to_owned(), "电话 021-5555 0123".to_owned()];
    let footer = ["谢谢惠顾，欢迎再次光临".to_owned(), "七日内凭小票退换".to_owned()];
    let heading = Heading {
        store_zh: "柜台便利店 文林路店",
        store_en: "Guitai Wenlin Road",
        header: &header,
        footer: &footer,
        lane: 2,
        number: "S001-2-1-000042",
        qr: "R1-S001-2-1-42",
        at_ms: 1_769_853_900_000,
        offset_minutes: 480,
        reprint,
        points_balance,
        exit: (!sale.phones.is_empty()).then_some("GTXCODE"),
    };
    receipt(&heading, sale, &yuan(), language)
}

fn check(name: &str, sale: &Sale, reprint: bool, balance: Option<i64>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/receipts");
    for (language, short) in [(Language::Chinese, "zh"), (Language::English, "en")] {
        let receipt = written(sale, language, reprint, balance);
        pencil(&receipt, sale);
        for columns in [32, 48] {
            let mut text = receipt.text(columns).join("\n");
            text.push('\n');
            let path = folder.join(format!("{name}_{short}_{columns}.txt"));
            if !path.exists() && std::env::var_os("UPDATE_EXPECT").is_some() {
                std::fs::write(&path, &text).expect("the folder can be written");
            }
            let wanted = std::fs::read_to_string(&path)
                .unwrap_or_else(|error| panic!("{}: {error}; UPDATE_EXPECT=1 writes it", path.display()));
            assert_eq!(text, wanted, "{} is another paper", path.display());
        }
    }
}

/// Adds up what stands at the right edge between the first rule and what is
/// to pay, as a customer does.
fn pencil(receipt: &Receipt, sale: &Sale) {
    let mut sum = Money::ZERO;
    let mut totals = 0;
    for row in receipt.rows.iter().skip_while(|row| **row != Row::Rule) {
        match row {
            Row::Pair { left, right } => {
                let amount = right.rsplit(' ').next().expect("an amount");
                let (sign, digits) = match amount.strip_prefix('-') {
                    Some(digits) => (-1, digits),
                    None => (1, amount),
                };
                let amount = money(sign * yuan().parse(digits).expect("an amount").minor());
                // The subtotal, the total: what stands above comes to it.
                let is_sum = ["件数", "Pieces", "合计", "Total"].iter().any(|word| left.starts_with(word));
                if is_sum {
                    assert_eq!(amount, sum, "{left} {right}");
                    totals += 1;
                } else {
                    sum += amount;
                }
            }
            Row::Strong { right, .. } => {
                let amount = yuan().parse(right.trim_start_matches('¥')).expect("an amount");
                assert_eq!(amount, if sum < Money::ZERO { -sum } else { sum });
                assert_eq!(sum, sale.payable);
                assert!((1..=2).contains(&totals), "{totals}");
                return;
            }
            Row::Title(_) | Row::Centred(_) | Row::Text(_) | Row::Rule | Row::Qr(_) | Row::End => {}
        }
    }
    panic!("nothing is to pay");
}

#[test]
fn a_sale_shows_what_it_is_made_of() {
    check("sale", &of_a_member(cash_sale()), false, Some(3_456));
}

#[test]
fn a_split_tender_shows_each_and_how_to_find_it() {
    check("split_tender", &split_tender(), false, None);
}

#[test]
fn a_refund_shows_where_the_goods_and_the_money_came_from() {
    let points_back = Some(PointsBack { member: "m1".into(), reversed: 58, restored: 40 });
    check("refund", &Sale { points_back, ..refund() }, false, None);
}

#[test]
fn coupons_whose_goods_all_came_back_are_on_the_paper() {
    let coupons_back = vec!["CDEMO0001R".to_owned(), "CSPRING26K".to_owned()];
    check("coupon_back", &Sale { coupons_back, ..refund() }, false, None);
}

#[test]
fn an_exchange_shows_both_and_a_reprint_says_so() {
    check("exchange", &exchange(), true, None);
}

/// A membership is told where its fee stands, and where it comes back.
#[test]
fn a_membership_is_on_the_paper_and_so_is_its_end() {
    let fee = |number| Item {
        membership: true,
        no_points: true,
        ..item("超级会员", "Super member", "", number, 600)
    };
    let mut paid = exchange();
    paid.lines[0].item = Arc::new(fee(paid.lines[0].item.price.minor()));
    check("membership", &paid, false, None);
    let mut back = refund();
    back.returns[0].item = Arc::new(fee(0));
    check("membership_back", &back, false, None);
}

/// What was paid with stored value says of which balances, and what is left; what goes back says so too.
#[test]
fn stored_value_says_of_which_balances_it_is() {
    let stored = |principal: i64, bonus: i64, left: Option<i64>| {
        let part = Value { principal: money(principal), bonus: money(bonus) };
        let of = if principal < 0 { Value { principal: money(8_000), bonus: money(1_000) } } else { part };
        let (member, lease) = ("m1".to_owned(), "v:m1.1".to_owned());
        Tender::StoredValue(StoredTender { member, lease, until_ms: 0, part, of, left: left.map(money) })
    };
    let paid = rich(vec![stored(8_000, 1_000, Some(41_000)), Tender::Cash(money(5_000))]);
    check("stored_value", &of_a_member(paid), false, None);
    let back = vec![returned("6907992512570", milk(), 1_000, 5_066, Some(41))];
    let out = vec![stored(-4_503, -563, None)];
    check("stored_value_back", &sale(TaxMode::Inclusive, Vec::new(), back, |total| total, out), false, None);
}

/// Money that is paid in is no goods: no pieces, no tax.
#[test]
fn what_is_paid_into_an_account_is_no_goods() {
    let amount = money(50_000);
    let paid_in =
        Line { price_from: PriceFrom::Typed, item: top_up_item(amount), ..line("", water(), 1_000) };
    let paid_in = Line { unit_price: amount, ..paid_in };
    let top_up = TopUp { member: "m1".into(), value: Value { principal: amount, bonus: money(5_000) } };
    let mut document = cash_sale();
    let tax = domain::sale::TaxSummary { rate: TaxRate::ZERO, net: amount, tax: Money::ZERO };
    document = Sale {
        lines: vec![paid_in],
        total: amount,
        rounding: Money::ZERO,
        payable: amount,
        tenders: vec![wechat(50_000)],
        change: Money::ZERO,
        taxes: vec![tax],
        top_up: Some(top_up),
        buyer: of_a_member(cash_sale()).buyer.map(|buyer| SaleBuyer { points: None, ..buyer }),
        ..document
    };
    assert!(document.adds_up());
    // What pays in is not paid with stored value, and nothing is beside it.
    assert!(!Sale { top_up: None, ..document.clone() }.adds_up());
    check("top_up", &document, false, None);
}

/// Who sold it and what was noted stand where they belong: with the ticket, and with a line.
#[test]
fn who_sold_it_and_what_was_noted_are_on_the_paper() {
    let seller = |number: &str| {
        let (id, name, level) = (format!("e{number}"), "王强".to_owned(), "cashier".to_owned());
        Some(Arc::new(Seller { id, number: number.into(), name, level }))
    };
    let sold = exchange();
    let mut lines = sold.lines.clone();
    lines[0].seller = seller("205");
    lines[0].note = "礼盒包装".into();
    let sold =
        Sale { lines, seller: seller("102"), note: "送货上门，下午三点以后".into(), ..sold };
    check("sold_by", &sold, false, None);
}

/// One of two drinks came back without the bag that they had earned.
#[test]
fn a_gift_that_is_kept_is_taken_off_what_is_paid_out() {
    let back = vec![returned("6907992512570", milk(), 1_000, 5_990, Some(41))];
    let mut sale = sale(TaxMode::Inclusive, Vec::new(), back, to_the_jiao, vec![Tender::Cash(money(-5_990))]);
    let kept = KeptGift {
        origin: Origin { store: "S001".into(), lane: 1, epoch: 1, seq: 41 },
        line: 3,
        item: Arc::new(water()),
        thousandths: 1_000,
        amount: money(200),
        tax: money(23),
    };
    sale.total += kept.amount;
    sale.payable += kept.amount;
    sale.tenders = vec![Tender::Cash(sale.payable)];
    sale.kept = vec![kept];
    assert!(sale.adds_up());
    check("gift_kept", &sale, false, None);
}

#[test]
fn tax_on_top_stands_above_the_total() {
    check("tax_on_top", &tax_on_top(), false, None);
}

#[test]
fn notes_of_a_currency_without_decimals_are_not_hundredths() {
    let notes = |currency: &str, rate| Tender::ForeignCash {
        currency: currency.into(),
        amount: money(1_000),
        rate,
        value: money(4_700),
    };
    for (currency, rate, amount, worth) in [
        ("JPY", 4_700_000, "现金 JPY 1000", "  汇率: 1 JPY = 0.047 CNY"),
        ("USD", 4_700_000, "现金 USD 10.00", "  汇率: 1 USD = 4.7 CNY"),
        ("KWD", 4_700_000, "现金 KWD 1.000", "  汇率: 1 KWD = 47 CNY"),
    ] {
        let bought = sale(
            TaxMode::Inclusive,
            vec![line("1", water(), 1_000)],
            Vec::new(),
            to_the_jiao,
            vec![notes(currency, rate)],
        );
        let rows = written(&bought, Language::Chinese, false, None).rows;
        assert!(rows.contains(&Row::Pair { left: amount.into(), right: "47.00".into() }), "{rows:?}");
        assert!(rows.contains(&Row::Text(worth.into())), "{rows:?}");
    }
}

#[test]
fn a_sale_that_a_phone_scanned_has_its_exit_code_below_the_receipts_own() {
    let scanned = Sale { phones: vec![CodeId([7; 12])], ..cash_sale() };
    for (language, word) in [(Language::Chinese, "离店码"), (Language::English, "Exit code")] {
        let plain = written(&cash_sale(), language, false, None).rows;
        let rows = written(&scanned, language, false, None).rows;
        let (end, before) = plain.split_last().expect("an end");
        assert_eq!(&rows[..before.len()], before, "all that a receipt says");
        let [Row::Rule, Row::Centred(says), Row::Qr(code), last] = &rows[before.len()..] else {
            panic!("{rows:?}")
        };
        assert!(says.contains(word) && code == "GTXCODE" && last == end, "{rows:?}");
    }
}

#[test]
fn a_receipt_without_a_valid_time_is_a_receipt() {
    let heading = Heading {
        store_zh: "店",
        store_en: "Store",
        header: &[],
        footer: &[],
        lane: 1,
        number: "1",
        qr: "1",
        at_ms: i64::MAX,
        offset_minutes: i32::MAX,
        reprint: false,
        points_balance: None,
        exit: None,
    };
    assert_eq!(receipt(&heading, &exchange(), &yuan(), Language::English).text(32)[2], "No.: 1");
}

fn any_line() -> impl Strategy<Value = Line> {
    let off = (0i64..40, 0i64..40, 0i64..40, 0i64..40);
    let discount = prop_oneof![
        Just(None),
        (1u32..5_000).prop_map(|points| Some(Cut::Part(points))),
        (1i64..30).prop_map(|minor| Some(Cut::Amount(money(minor)))),
    ];
    (500i64..20_000, 1i64..9, any::<bool>(), off, discount, 0i64..40).prop_map(
        |(price, count, weighed, (price_off, item_off, order_off, coupon_off), discount, share)| {
            let goods = Item { weighed, ..item("面", "Noodles", "", price, 1_300) };
            let saving = |id: &str, layer, off| saving(promotion(id, id, id), layer, off);
            Line {
                unit_price: money(price - price_off),
                promotion: (price_off > 0).then(|| promotion("t", "特价", "Special")),
                savings: vec![
                    saving("a", Layer::Price, price_off),
                    saving("b", Layer::Item, item_off),
                    saving("c", Layer::Order, order_off),
                    saving("d", Layer::Coupon, coupon_off),
                ],
                discount: discount.map(|cut| Discount { cut, most: 5_000, reason: "旧".into() }),
                basket_discount: money(share),
                ..line("1", goods, count * if weighed { 857 } else { 1_000 })
            }
        },
    )
}

proptest! {
    #[test]
    fn a_customer_with_a_pencil_comes_to_what_is_to_pay(
        lines in prop::collection::vec(any_line(), 1..8),
        back in prop::collection::vec(1i64..9_000, 0..4),
        on_top in any::<bool>(),
    ) {
        let mode = if on_top { TaxMode::Exclusive } else { TaxMode::Inclusive };
        let back: Vec<_> = back.into_iter().map(|amount| returned("2", water(), 1_000, amount, None)).collect();
        let free = sale_of(mode, lines, back);
        for language in [Language::Chinese, Language::English] {
            pencil(&written(&free, language, false, None), &free);
        }
    }
}

/// A sale that is paid, or paid out, in cash.
fn sale_of(mode: TaxMode, lines: Vec<Line>, back: Vec<ReturnedLine>) -> Sale {
    let mut due = Money::ZERO;
    let taxables: Vec<Taxable> = lines.iter().flat_map(Line::taxables).collect();
    if mode == TaxMode::Exclusive {
        due += TaxRules { mode, ..TaxRules::default() }.shares(&taxables).into_iter().sum();
        due = due - back.iter().map(|back| back.tax).sum();
    }
    due += lines.iter().map(Line::net).sum();
    due = to_the_jiao(due - back.iter().map(|back| back.amount).sum());
    let tenders = if due == Money::ZERO { Vec::new() } else { vec![Tender::Cash(due)] };
    sale(mode, lines, back, to_the_jiao, tenders)
}
