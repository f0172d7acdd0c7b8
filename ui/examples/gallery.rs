//! Draws every screen, sheet and notice in both languages, both themes and two
//! sizes into a folder: `cargo run -p ui --example gallery -- FOLDER [PART OF A NAME]`.
//!
//! The pictures are what the window shows: the same renderer, without a display.

use std::error::Error;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;

use ui::TillScreen;
use ui::pixels::{Drawn, Pixels};
use ui::view::{
    Bar, Closed, Done, EntryHint, GoodsPicture, Language, Line, Notice, OrderCount, Pages, PaperState, Pay,
    PrinterState, Scale, ScaleState, Screen, Sell, SheetKey, Side, SignIn, Span, StaffTile, SyncState,
    TenderLine, Theme, Tile, Tone, View,
};

const SIZES: [(u32, u32); 2] = [(1024, 768), (1920, 1080)];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("which folder?")?;
    let wanted = arguments.next().unwrap_or_default();
    fs::create_dir_all(&folder)?;

    let pixels = Pixels::start()?;
    let screen = TillScreen::new(|_| {})?;
    screen.show()?;

    for (width, height) in SIZES {
        pixels.resize(width, height);
        for language in [Language::Chinese, Language::English] {
            for (name, content, notice) in pictures(language) {
                for theme in [Theme::Light, Theme::Dark] {
                    let name = format!("{width}-{}-{}-{name}", locale(language), shade(theme));
                    if !name.contains(&wanted) {
                        continue;
                    }
                    screen.apply(&View {
                        language,
                        theme,
                        bar: bar(language, &name),
                        screen: content.clone(),
                        sheet: None,
                        notice: notice.clone(),
                    });
                    save(&Path::new(&folder).join(format!("{name}.png")), &pixels.draw(&screen)?)?;
                }
            }
        }
    }
    Ok(())
}

fn save(path: &Path, picture: &Drawn) -> Result<(), Box<dyn Error>> {
    let mut encoder = png::Encoder::new(BufWriter::new(File::create(path)?), picture.width, picture.height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header()?.write_image_data(&picture.bytes)?;
    Ok(())
}

fn locale(language: Language) -> &'static str {
    match language {
        Language::Chinese => "zh",
        Language::English => "en",
    }
}

fn shade(theme: Theme) -> &'static str {
    match theme {
        Theme::Light => "light",
        Theme::Dark => "dark",
    }
}

/// Picks the text of a language.
fn say(language: Language, chinese: &str, english: &str) -> String {
    match language {
        Language::Chinese => chinese.into(),
        Language::English => english.into(),
    }
}

/// The bar; its states go with the name of the picture, so that each is seen.
fn bar(language: Language, name: &str) -> Bar {
    let (sync, printer) = if name.contains("pay") {
        (SyncState::Offline { since: Span::Hours(3), waiting: "214".into() }, PrinterState::Ready)
    } else if name.contains("many") {
        (
            SyncState::Offline { since: Span::Days(3), waiting: "12,408".into() },
            PrinterState::Offline { waiting: "3".into() },
        )
    } else if name.contains("long") {
        (SyncState::Offline { since: Span::Minutes(45), waiting: "16".into() }, PrinterState::PaperOut)
    } else if name.contains("search") {
        (SyncState::Sending { waiting: "7".into() }, PrinterState::PaperLow)
    } else if name.contains("closed") {
        (SyncState::Unknown, PrinterState::Absent)
    } else if name.contains("doubt") {
        (SyncState::Offline { since: Span::Seconds(95), waiting: "1".into() }, PrinterState::CoverOpen)
    } else {
        (SyncState::Synced { at: "12:41".into() }, PrinterState::Ready)
    };
    let nobody = name.contains("sign-in") || name.contains("closed");
    Bar {
        store: say(language, "文林路店", "Wenlin Road"),
        lane: "2".into(),
        cashier: if nobody { String::new() } else { say(language, "李敏", "Li Min") },
        sync,
        printer,
        clock: "12:42".into(),
        shelf: None,
        orders: (name.contains("many") || name.contains("pay")).then(|| OrderCount {
            text: say(language, "订单 12", "Orders 12"),
            calls: name.contains("many"),
        }),
    }
}

/// Every picture: its name, its screen, its notice.
fn pictures(language: Language) -> Vec<(String, Screen, Option<Notice>)> {
    let text = |chinese: &str, english: &str| say(language, chinese, english);
    let mut all: Vec<(String, Screen, Option<Notice>)> = Vec::new();
    let mut add =
        |name: &str, screen: Screen, notice: Option<Notice>| all.push((name.to_owned(), screen, notice));

    add(
        "closed-not-enrolled",
        Screen::Closed(Closed::NotEnrolled { command: "pos-app enrol 7F3K-22QX-9M1D".into() }),
        None,
    );
    add("closed-waiting", Screen::Closed(Closed::WaitingForGoods), None);
    let ledger = Closed::Ledger {
        file: "/var/lib/guitai/journal.db".into(),
        reason: "event 41 does not follow event 40: hash 9c1f… is not 77ab…".into(),
    };
    add("closed-ledger", Screen::Closed(ledger), None);
    let failed = Closed::DiskFailed {
        file: "/var/lib/guitai/journal.db".into(),
        reason: "append to the journal: disk I/O error".into(),
    };
    add("closed-disk-failed", Screen::Closed(failed), None);
    let lost = Closed::EndLost {
        file: "/var/lib/guitai/journal.db".into(),
        at_hq: "4711".into(),
        here: "4690".into(),
    };
    add("closed-end-lost", Screen::Closed(lost), None);

    let nobody = SignIn { staff: staff(language, 5), ..SignIn::default() };
    add("sign-in", Screen::SignIn(nobody.clone()), None);
    add(
        "sign-in-number",
        Screen::SignIn(SignIn { number: "10".into(), ..nobody.clone() }),
        Some(Notice::SignInFirst),
    );
    let chosen = SignIn { chosen: text("李敏", "Li Min"), pin_digits: 3, ..nobody };
    add("sign-in-pin", Screen::SignIn(chosen.clone()), Some(Notice::WrongPin { wait_seconds: 0 }));
    let waits = SignIn { staff: staff(language, 24), pin_digits: 0, wait_seconds: 28, ..chosen };
    add("sign-in-wait", Screen::SignIn(waits), Some(Notice::WrongPin { wait_seconds: 30 }));

    let basket = sell(language, five_lines(language));
    add(
        "sell-0",
        Screen::Sell(Sell {
            total: "0.00".into(),
            side: grid(language, 0),
            currency: "¥".into(),
            ..Sell::default()
        }),
        None,
    );
    add("sell-1", Screen::Sell(sell(language, five_lines(language).split_off(4))), None);
    add("sell-5", Screen::Sell(basket.clone()), None);
    add("sell-selected", Screen::Sell(Sell { selected: 2, ..basket.clone() }), None);
    let mut coming_back = five_lines(language);
    coming_back[0] = Line {
        returned: true,
        quantity: "−2".into(),
        net: "−4.00".into(),
        unit_price: String::new(),
        ..coming_back[0].clone()
    };
    let exchange = Sell { refund: true, total: "4.00".into(), ..sell(language, coming_back) };
    add("sell-return", Screen::Sell(exchange), None);
    add("sell-many", Screen::Sell(sell(language, many_lines(language))), None);
    add(
        "sell-many-selected",
        Screen::Sell(Sell { selected: 20, ..sell(language, many_lines(language)) }),
        None,
    );
    add(
        "sell-long",
        Screen::Sell(sell(language, long_lines(language))),
        Some(Notice::AgeRestricted { name: long_name(language) }),
    );
    add(
        "sell-number",
        Screen::Sell(Sell { entry: "12".into(), entry_hint: EntryHint::Number, ..basket.clone() }),
        None,
    );
    let search = Sell {
        entry: text("xj", "ban"),
        entry_hint: EntryHint::Search,
        side: results(language),
        ..basket.clone()
    };
    let scale = |state, weight: &str, goods: bool| Scale {
        state,
        weight: weight.into(),
        net: !goods,
        goods: if goods { text("红富士苹果", "Red Fuji apples") } else { String::new() },
        price: "12.80/kg".into(),
    };
    for (name, scale) in [
        ("scale-still", scale(ScaleState::Still, "1.235 kg", false)),
        ("scale-moving", scale(ScaleState::Moving, "", true)),
        ("scale-sold", scale(ScaleState::Sold, "0.856 kg", true)),
        ("scale-away", scale(ScaleState::Away, "", false)),
    ] {
        add(&format!("sell-{name}"), Screen::Sell(Sell { scale: Some(scale), ..basket.clone() }), None);
    }
    add("sell-search", Screen::Sell(search.clone()), None);
    let nothing = Side::Results { results: Vec::new(), selected: 0, more: false };
    add("sell-search-none", Screen::Sell(Sell { entry: "qqqq".into(), side: nothing, ..search }), None);

    let unpaid = Pay {
        currency: "¥".into(),
        total: "60.49".into(),
        rounding: "−0.09".into(),
        due: "60.40".into(),
        quick: ["60.40", "61.00", "70.00", "100.00"].map(String::from).to_vec(),
        kinds: kinds(language),
        ..Pay::default()
    };
    let split = Pay {
        tenders: tenders(language, 2),
        due: "28.10".into(),
        rounding: String::new(),
        quick: ["28.10", "30.00", "50.00", "100.00"].map(String::from).to_vec(),
        ..unpaid.clone()
    };
    add("pay-split", Screen::Pay(split.clone()), None);
    add("pay-split-many", Screen::Pay(Pay { tenders: tenders(language, 6), ..split.clone() }), None);
    let refund =
        Pay { refund: true, quick: Vec::new(), tenders: tenders(language, 1), due: "20.00".into(), ..split };
    add("pay-refund", Screen::Pay(refund), None);
    let short = Pay { tendered: "50".into(), missing: "10.40".into(), ..unpaid.clone() };
    let enough = Pay { tendered: "100.00".into(), change: "39.60".into(), ..unpaid.clone() };
    let large =
        Pay { due: "12,345.60".into(), tendered: "50".into(), missing: "12,295.60".into(), ..unpaid.clone() };
    let plain =
        Pay { rounding: String::new(), total: "12,345.60".into(), due: "12,345.60".into(), ..unpaid.clone() };
    add("pay", Screen::Pay(unpaid), None);
    add("pay-short", Screen::Pay(short), Some(Notice::TooLittle { missing: "¥ 10.40".into() }));
    add("pay-enough", Screen::Pay(enough.clone()), None);
    add("pay-short-large", Screen::Pay(large), None);
    add("pay-saving", Screen::Pay(Pay { saving: true, ..enough }), None);
    add("pay-large", Screen::Pay(plain), Some(Notice::ScanWhilePaying));

    let papers = [
        ("none", PaperState::None),
        ("waiting", PaperState::Waiting),
        ("printing", PaperState::Printing),
        ("printed", PaperState::Printed),
        ("sent", PaperState::Sent),
        ("not-printed", PaperState::NotPrinted),
        ("in-doubt", PaperState::InDoubt),
    ];
    for (name, paper) in papers {
        let done = Done {
            currency: "¥".into(),
            number: "2-000041".into(),
            payable: "60.40".into(),
            tendered: "100.00".into(),
            change: "39.60".into(),
            great_label: text("找零", "Change"),
            refund: false,
            paper,
        };
        add(&format!("done-{name}"), Screen::Done(done), None);
    }

    for (index, notice) in notices(language).into_iter().enumerate() {
        add(&format!("notice-{index:02}"), Screen::Sell(basket.clone()), Some(notice));
    }
    all
}

fn staff(language: Language, count: usize) -> Vec<StaffTile> {
    let people = [
        ("李敏", "Li Min"),
        ("王建国", "Wang Jianguo"),
        ("欧阳静怡", "Ouyang Jingyi"),
        ("Alexandra Papadopoulou", "Alexandra Papadopoulou"),
    ];
    (0..count)
        .map(|index| {
            let (chinese, english) = people[index % people.len()];
            let round =
                if index < people.len() { String::new() } else { format!(" {}", index / people.len() + 1) };
            StaffTile { number: format!("{}", 101 + index), name: say(language, chinese, english) + &round }
        })
        .collect()
}

fn sell(language: Language, lines: Vec<Line>) -> Sell {
    Sell {
        selected: lines.len() - 1,
        pieces: format!("{}", lines.len() + 6),
        lines,
        saved: "4.12".into(),
        currency: "¥".into(),
        total: "60.49".into(),
        side: grid(language, 0),
        can_pay: true,
        buyer: say(language, "赵** *0001 · 金卡", "赵** *0001 · Gold"),
        buyer_detail: say(language, "积分 2,350 · 券 −5.00", "Points 2,350 · Coupons −5.00"),
        almost: say(language, "满70减8 · 再买 ¥9.51，减 ¥8.00", "¥8 off ¥70 · ¥9.51 more takes off ¥8.00"),
        parked: "2".into(),
        ..Sell::default()
    }
}

fn line(number: usize, name: String, detail: &str, promotion: String, amounts: [&str; 3]) -> Line {
    let [quantity, unit_price, net] = amounts.map(String::from);
    Line {
        number: format!("{number}"),
        name,
        detail: detail.into(),
        promotion,
        quantity,
        unit_price,
        net,
        age_open: false,
        returned: false,
    }
}

fn kinds(language: Language) -> Vec<SheetKey> {
    let kinds = [
        ("银行卡", "Card", "F3"),
        ("先收部分现金", "Part in cash", "F4"),
        ("积分", "Points", "F5"),
        ("会员、券", "Member, coupon", "F6"),
        ("代金券", "Voucher", "F7"),
        ("外币", "Foreign cash", "F2"),
    ];
    let key = |(chinese, english, shortcut): (&str, &str, &str)| SheetKey {
        label: say(language, chinese, english),
        shortcut: shortcut.into(),
        enabled: shortcut != "F4",
        ..SheetKey::default()
    };
    kinds.into_iter().map(key).collect()
}

fn tenders(language: Language, count: usize) -> Vec<TenderLine> {
    let wallet = TenderLine {
        name: say(language, "微信支付", "WeChat Pay"),
        detail: "#7 · 4200001903202611285936127391".into(),
        amount: "20.00".into(),
    };
    let voucher = TenderLine {
        name: say(language, "代金券", "Voucher"),
        detail: "V20261128".into(),
        amount: "12.30".into(),
    };
    (0..count).map(|index| if index % 2 == 0 { wallet.clone() } else { voucher.clone() }).collect()
}

fn five_lines(language: Language) -> Vec<Line> {
    let text = |chinese: &str, english: &str| say(language, chinese, english);
    vec![
        line(
            1,
            text("清泉 饮用天然水", "Clear Spring water"),
            "6921168509256  550ml",
            String::new(),
            ["6", "2.00", "12.00"],
        ),
        line(
            2,
            text("红富士苹果", "Fuji apples"),
            "1.235 kg × 12.80/kg",
            text("会员85折 −2.37", "Member −15% −2.37"),
            ["1.235", "12.80", "13.44"],
        ),
        line(
            3,
            text("晨牧 鲜牛奶", "Morning Herd fresh milk"),
            "6901209255083  950ml",
            String::new(),
            ["1", "19.90", "19.90"],
        ),
        line(
            4,
            text("泡泡星 零度", "Bubble Star Cola Zero"),
            "6928804011197  500ml",
            text("第二件半价 −1.75", "2nd at half price −1.75"),
            ["2", "3.50", "5.25"],
        ),
        line(
            5,
            text("麦田里 醇熟切片面包", "Wheat Field sliced bread"),
            "6921294398720  400g",
            String::new(),
            ["1", "9.90", "9.90"],
        ),
    ]
}

fn many_lines(language: Language) -> Vec<Line> {
    (0..60)
        .map(|index| {
            let goods = five_lines(language);
            Line { number: format!("{}", index + 1), ..goods[index % goods.len()].clone() }
        })
        .collect()
}

fn long_name(language: Language) -> String {
    say(
        language,
        "老窖坊 酱香型白酒 53度 珍藏版礼盒装 500ml×6瓶 整箱",
        "Old Cellar sauce-aroma baijiu 53% collector's gift box 6 × 500 ml, full case",
    )
}

fn long_lines(language: Language) -> Vec<Line> {
    let promotion = say(
        language,
        "满300减50 会员专享 国庆特惠 −1,250.00",
        "¥50 off each ¥300, members, National Day −1,250.00",
    );
    let mut lines = vec![line(
        1,
        long_name(language),
        "6901234567892  500ml×6",
        promotion.clone(),
        ["12", "1,499.00", "16,738.00"],
    )];
    lines.extend([2, 3].map(|number| Line {
        age_open: true,
        ..line(
            number,
            long_name(language),
            "6901234567892  500ml×6",
            promotion.clone(),
            ["12.345", "1,499.00", "117,255.65"],
        )
    }));
    lines
}

fn tile(name: String, spec: &str, price: &str) -> Tile {
    Tile { name, spec: spec.into(), code: String::new(), price: price.into(), picture: GoodsPicture::Absent }
}

fn grid(language: Language, tab: usize) -> Side {
    let text = |chinese: &str, english: &str| say(language, chinese, english);
    let tabs = [
        ("常用", "Pinned"),
        ("水果", "Fruit"),
        ("蔬菜", "Vegetables"),
        ("面包", "Bakery"),
        ("熟食", "Deli"),
        ("服务", "Services"),
    ];
    Side::Grid {
        tabs: tabs.iter().map(|(chinese, english)| text(chinese, english)).collect(),
        tab,
        tiles: vec![
            tile(text("香蕉", "Bananas"), "", "7.98/kg"),
            tile(text("红富士苹果", "Fuji apples"), "", "12.80/kg"),
            tile(text("散装鸡蛋", "Loose eggs"), "", "11.60/kg"),
            tile(text("购物袋", "Carrier bag"), &text("大", "large"), "0.50"),
            tile(text("肉包", "Pork bun"), "", "3.00"),
            tile(text("茶叶蛋", "Tea egg"), "", "2.00"),
            tile(text("关东煮", "Oden"), &text("单串", "one stick"), "2.50"),
            tile(text("现磨豆浆", "Fresh soy milk"), "350ml", "4.00"),
            tile(text("现磨拿铁", "Caffè latte"), &text("大杯", "large"), "12.00"),
            tile(text("饭团 金枪鱼蛋黄酱", "Rice ball with tuna mayonnaise"), "", "6.80"),
            tile(text("烤肠", "Grilled sausage"), "", "5.00"),
            tile(text("报纸", "Newspaper"), "", "2.00"),
        ],
        chosen: None,
        pages: Pages { before: false, after: true },
    }
}

fn results(language: Language) -> Side {
    let goods = [
        ("香蕉", "Bananas", "", "20001", "7.98/kg"),
        ("香蕉牛奶", "Banana milk", "250ml", "6901209255090", "4.50"),
        ("小浣熊 香蕉脆片 家庭装", "Banana chips family pack with honey", "180g", "6921168500017", "9.90"),
        ("仙居杨梅", "Bayberries", "500g", "20044", "29.80"),
        ("鲜鸡蛋", "Fresh eggs", "15", "6928804010015", "16.90"),
        ("虾饺", "Shrimp dumplings", "200g", "6928804010022", "19.90"),
        ("香菇酱", "Mushroom sauce", "210g", "6928804010039", "8.90"),
        ("小酒杯", "Small glasses", "×6", "6928804010046", "25.00"),
    ];
    let results = goods.map(|(chinese, english, spec, code, price)| Tile {
        code: code.into(),
        ..tile(say(language, chinese, english), spec, price)
    });
    Side::Results { results: results.to_vec(), selected: 1, more: true }
}

/// One of each, with the longest subjects they may carry.
fn notices(language: Language) -> Vec<Notice> {
    let code = || "0112345678901231211712253728AB99".to_owned();
    let name = || long_name(language);
    let amount = || "¥ 10,000.00".to_owned();
    let number = || "2-000041".to_owned();
    vec![
        Notice::UnknownCode { code: "6921168509256".into() },
        Notice::PaymentCode,
        Notice::NotGoods { code: code() },
        Notice::Misread { code: code() },
        Notice::MalformedCode { at: "(17)".into() },
        Notice::LabelRange { code: code() },
        Notice::StaffCode { code: code() },
        Notice::ReceiptCode { code: code() },
        Notice::LabelCode { code: code() },
        Notice::Expired { name: name() },
        Notice::PastBest { name: name() },
        Notice::SerialInBasket { name: name() },
        Notice::WeightNeeded { name: name() },
        Notice::NotWeighed { name: name() },
        Notice::ScaleEmpty { name: name() },
        Notice::ScaleMoving { name: name() },
        Notice::ScaleOverRange { name: name() },
        Notice::ScaleUnderRange { name: name() },
        Notice::ScaleUnchanged { name: name() },
        Notice::ScaleRefused { name: name() },
        Notice::WeightByScaleOnly { name: name() },
        Notice::StillWeighing { name: name() },
        Notice::ScaleAway,
        Notice::ScaleOwnKey,
        Notice::ScaleNotSet,
        Notice::PriceNeeded { name: name() },
        Notice::PriceRange { range: "¥0.10–¥500.00".into() },
        Notice::PriceListed { name: name() },
        Notice::PriceMissing { name: name() },
        Notice::LabelPriceDiffers { name: say(language, "红富士苹果", "Fuji apples") },
        Notice::AgeRestricted { name: say(language, "海风啤酒 经典", "Sea Breeze beer classic") },
        Notice::BasketFull { lines: "1,000".into() },
        Notice::QuantityRange { max: "9,999".into() },
        Notice::QuantityWeighed,
        Notice::NoLine,
        Notice::LineVoided { name: say(language, "晨牧 鲜牛奶", "Morning Herd fresh milk") },
        Notice::BasketCancelled,
        Notice::NothingFound { text: "qqqq".into() },
        Notice::TooLittle { missing: amount() },
        Notice::ChangeTooLarge { max: amount() },
        Notice::ScanWhilePaying,
        Notice::WrongPin { wait_seconds: 30 },
        Notice::UnknownStaff { number: "999".into() },
        Notice::SignInFirst,
        Notice::DiskFull,
        Notice::LedgerFault { reason: "disk I/O error (code 1546)".into() },
        Notice::ReferenceFault { reason: "file is not a database".into() },
        Notice::BasketRestored { lines: "12".into() },
        Notice::ReceiptUnconfirmed { number: number() },
        Notice::Unfinished {
            list: say(
                language,
                "未结账购物篮 3 行 · 支付 7（¥39.60）结果不明",
                "open basket, 3 lines · payment 7 of ¥39.60 not known",
            ),
        },
        Notice::ClockWrong { shown: "1970-01-01 08:00".into() },
        Notice::NothingToReprint,
        Notice::Reprinting { number: number() },
        Notice::LastSale { change: "¥39.60".into() },
        Notice::ApprovalNeeded,
        Notice::MayNotApprove,
        Notice::NothingToApprove,
        Notice::ReasonNeeded,
        Notice::Locked,
        Notice::DiscountRange,
        Notice::NotReducible { name: name() },
        Notice::ParkedFull,
        Notice::NotParked,
        Notice::BasketParked { number: "7".into() },
        Notice::BasketFirst,
        Notice::TendersFirst,
        Notice::TendersFull,
        Notice::NoTender,
        Notice::MoreThanDue { due: amount() },
        Notice::UnknownCurrency,
        Notice::AmountRange,
        Notice::PayOutDue { amount: amount() },
        Notice::PaymentOpen,
        Notice::NoTerminal,
        Notice::MemberJoined { member: "赵** *0001".into() },
        Notice::MemberUnknown { code: code() },
        Notice::MemberFirst,
        Notice::PointsNotSpent,
        Notice::CouponLaid { off: amount() },
        Notice::CouponUnknown { code: code() },
        Notice::CouponExpired { until: "2026-10-07 21:59".into() },
        Notice::CouponNotYet { from: "2026-12-01 08:00".into() },
        Notice::CouponUsed { code: code() },
        Notice::CouponReserved { code: code() },
        Notice::CouponWithdrawn { code: code() },
        Notice::CouponTwice,
        Notice::CouponOtherMember,
        Notice::CouponTooMany { most: "1".into() },
        Notice::CouponOtherGoods,
        Notice::CouponBelow { missing: amount() },
        Notice::CouponCondition,
        Notice::CouponOutdone,
        Notice::CouponsFull,
        Notice::PaymentDeclined { reason: "no money".into() },
        Notice::PaymentNotTaken,
        Notice::PaymentInDoubt { number: "7".into() },
        Notice::TooManyInDoubt,
        Notice::NoPayment,
        Notice::RecallFirst,
        Notice::ReturnOpen,
        Notice::NothingToReturn,
        Notice::ReturnedElsewhere,
        Notice::ReturnTooMuch { left: "2".into() },
        Notice::NotReturnable,
        Notice::OpenShiftFirst,
        Notice::ShiftIsOpen,
        Notice::Said {
            tone: Tone::Attend,
            what: say(language, "刚才扫的没有加入", "That scan was not added"),
            rest: say(
                language,
                "这一步做完，或按 Esc 返回，再扫一次。",
                "Finish this, or press Esc to go back, then scan again.",
            ),
        },
    ]
}
