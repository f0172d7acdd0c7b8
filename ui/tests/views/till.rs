//! Preview data: every screen of the till, every sheet and every message.

use ui::view::{
    Bar, Closed, Done, EntryHint, Figure, GoodsPicture, Language, Line, Notice, Pages, Pay, Picture, Scale,
    Screen, Script, Sell, SetUp, Sheet, SheetField, SheetKey, SheetRow, Side, SignIn, StaffTile, TenderLine,
    Theme, Tile, Tone, View,
};

pub fn view(screen: Screen, notice: Option<Notice>) -> View {
    let bar = Bar {
        cashier: "Li Min".into(),
        store: "Wenlin Road".into(),
        lane: "2".into(),
        clock: "12:42".into(),
        ..Bar::default()
    };
    View { language: Language::English, theme: Theme::Light, bar, screen, sheet: None, notice }
}

pub fn line(name: &str) -> Line {
    Line {
        number: "1".into(),
        name: name.into(),
        detail: "6921168509256".into(),
        promotion: String::new(),
        quantity: "1".into(),
        unit_price: "2.00".into(),
        net: "2.00".into(),
        age_open: false,
        returned: false,
    }
}

pub fn tile(name: &str) -> Tile {
    Tile {
        name: name.into(),
        spec: String::new(),
        code: "20001".into(),
        price: "2.00".into(),
        picture: GoodsPicture::Absent,
    }
}

pub fn sell() -> Sell {
    Sell {
        lines: ["milk", "tea", "bread"].map(line).to_vec(),
        selected: 2,
        pieces: "3".into(),
        currency: "¥".into(),
        total: "6.00".into(),
        side: Side::Grid {
            tabs: vec!["Pinned".into(), "Fruit".into()],
            tab: 0,
            tiles: vec![tile("bananas"), tile("apples")],
            chosen: None,
            pages: Pages { before: true, after: true },
        },
        can_pay: true,
        buyer: "赵** *0001 · 金卡".into(),
        buyer_detail: "券 −5.00 · 积分 −2.00".into(),
        ..Sell::default()
    }
}

pub fn sign_in() -> SignIn {
    let staff = [("101", "Wang"), ("102", "Zhao")]
        .map(|(number, name)| StaffTile { number: number.into(), name: name.into() });
    SignIn { staff: staff.to_vec(), ..SignIn::default() }
}

pub fn pay() -> Pay {
    Pay {
        due: "6.00".into(),
        quick: ["6.00", "10.00", "20.00", "50.00"].map(String::from).to_vec(),
        tenders: vec![TenderLine { name: "WeChat".into(), detail: "#7".into(), amount: "2.00".into() }],
        kinds: vec![key("Card", "F3"), key("Voucher", "F7")],
        ..Pay::default()
    }
}

pub fn key(label: &str, shortcut: &str) -> SheetKey {
    SheetKey { label: label.into(), shortcut: shortcut.into(), enabled: true, ..SheetKey::default() }
}

pub fn row(name: &str, value: &str) -> SheetRow {
    SheetRow {
        key: "1".into(),
        name: name.into(),
        detail: "12:42".into(),
        value: value.into(),
        tone: Tone::Quiet,
        share: 500,
    }
}

/// A question, a form, a list, a search and a code.
pub fn every_sheet() -> Vec<Sheet> {
    let form = Sheet {
        tone: Tone::Attend,
        title: "A discount needs approval".into(),
        text: "Nothing was done yet, the basket is kept.".into(),
        figure: Some(Figure { label: "Line now".into(), value: "9.90".into(), tone: Tone::Quiet }),
        fields: ["Number", "PIN"]
            .map(|label| SheetField { label: label.into(), value: "201".into(), focused: label == "PIN" })
            .to_vec(),
        rows: vec![row("Damaged pack", ""), row("Goodwill", "")],
        selected: Some(1),
        keys: vec![key("Unit price", "F4"), SheetKey { enabled: false, ..key("Undo discount", "Del") }],
        go: "Approve".into(),
        back: "Cancel".into(),
        entry_label: "PIN".into(),
        entry: "●●●".into(),
        ..Sheet::default()
    };
    let question = Sheet {
        title: "Is the buyer 18 or older?".into(),
        go: "Yes, 18 or older".into(),
        back: "No, or not sure".into(),
        ..Sheet::default()
    };
    let list = Sheet {
        title: "Parked baskets".into(),
        rows: (0..20).map(|number| row(&format!("basket {number}"), "9.90")).collect(),
        selected: Some(19),
        go: "Recall".into(),
        back: "Back".into(),
        ..Sheet::default()
    };
    let search = Sheet {
        title: "Find goods".into(),
        empty: "Nothing found".into(),
        letters: true,
        go: "Add".into(),
        back: "Back".into(),
        can_go: false,
        ..Sheet::default()
    };
    let code = Sheet {
        title: "Receipt".into(),
        picture: Some(Picture { width: 2, dark: vec![true, false, false, true] }),
        go: "Done".into(),
        back: "Back".into(),
        ..Sheet::default()
    };
    vec![question, form, list, search, code]
}

pub fn over(screen: Screen, mut sheet: Sheet) -> View {
    // Over a till something is typed in every sheet, if it is but the number of a row.
    if sheet.entry_label.is_empty() && !matches!(screen, Screen::SetUp(_)) {
        sheet.entry_label.clone_from(&sheet.title);
    }
    View { sheet: Some(sheet), ..view(screen, None) }
}

/// A till that is being set up, at each kind of step.
pub fn every_step() -> Vec<View> {
    let step = |at, sheet: Sheet| {
        let steps =
            ["Language", "HQ", "Store", "Printer", "Scanner", "Scale", "Display", "Customer", "Goods"];
        let hints = [
            "A printer at USB stands in the list; of one on the network type the address.",
            "Model not known: generic-80 for paper 80 mm wide, generic-58 for 58 mm.",
        ];
        let hints = hints.map(String::from).to_vec();
        let screen = SetUp { steps: steps.map(String::from).to_vec(), at, hints };
        over(Screen::SetUp(screen), Sheet { go: "Next".into(), back: "Back".into(), ..sheet })
    };
    let fields = [("Address of HQ", "https://hq.example:7070"), ("One-time code", "7F3K-22QX-")];
    let hq = Sheet {
        title: "Where is HQ?".into(),
        text: "Scan the square code from HQ and type nothing. Without one, type address and code.".into(),
        fields: fields
            .map(|(label, value)| SheetField {
                label: label.into(),
                value: value.into(),
                focused: label == "One-time code",
            })
            .to_vec(),
        letters: true,
        script: Script::Address,
        entry_label: "One-time code".into(),
        entry: "7F3K-22QX-".into(),
        ..Sheet::default()
    };
    let printers = ["generic-80", "generic-58", "epson-tm-t88", "epson-tm-t20", "xprinter-xp80", "sunmi-v2"];
    let printer = Sheet {
        tone: Tone::Stop,
        title: "Where is the receipt printer?".into(),
        text: "The till may not use /dev/usb/lp0. An administrator runs: sudo usermod -aG lp guitai; then sign in to this \
               machine anew."
            .into(),
        rows: vec![row("None", ""), row("Receipt Printer 80", "✓")],
        selected: Some(1),
        keys: [("Test print", "F5"), ("Type address", "F2")]
            .into_iter()
            .map(|(label, shortcut)| key(label, shortcut))
            .chain((6..).zip(printers).map(|(number, name)| SheetKey {
                on: number == 6,
                detail: "80 mm, cuts, GBK".into(),
                ..key(name, &format!("F{number}"))
            }))
            .chain(std::iter::once(key("gprinter-gp58", "F12")))
            .collect(),
        entry_label: "Address on the network".into(),
        placeholder: "192.168.1.87".into(),
        ..Sheet::default()
    };
    let goods = Sheet {
        tone: Tone::Good,
        title: "Goods".into(),
        text: "All is ready.".into(),
        figure: Some(Figure { label: "Goods here".into(), value: "10482".into(), tone: Tone::Good }),
        rows: vec![row("Sync program", "running"), row("HQ answered", "12:41:07")],
        ..Sheet::default()
    };
    let device = |title: &str, text: &str, rows, keys: &[(&str, &str)]| Sheet {
        title: title.into(),
        text: text.into(),
        rows,
        selected: Some(1),
        keys: keys.iter().map(|(label, shortcut)| key(label, shortcut)).collect(),
        ..Sheet::default()
    };
    let other = SheetRow { detail: "/dev/ttyUSB0".into(), ..row("The scale for loose goods", "") };
    let bagging = Sheet {
        tone: Tone::Attend,
        figure: Some(Figure { label: "Bagging".into(), value: "0".into(), tone: Tone::Attend }),
        entry_label: "Address on the network".into(),
        placeholder: "192.168.1.88:4001".into(),
        ..device(
            "Where is the scale under the bagging area?",
            "Nothing lies on this scale. Put something in the bagging area; if it still says 0, it is the other scale: \
             choose another.",
            vec![row("None", ""), row("USB Scale", "✓"), other],
            &[
                ("Test weighing", "F5"),
                ("Type address", "F2"),
                ("toledo-8217", "F6"),
                ("cas-pd2", "F7"),
                ("nci", "F8"),
            ],
        )
    };
    let screen = SheetRow { detail: "1280 × 800 · HDMI-2".into(), ..row("Screen at the right", "✓") };
    let customer = device(
        "Which screen is the customer's?",
        "Look at the customer's screen: two lines of goods and a total of 1,234.51.",
        vec![row("None", ""), screen],
        &[("Test picture", "F5"), ("Look again", "F2")],
    );
    vec![step(1, hq), step(3, printer), step(5, bagging), step(7, customer), step(8, goods)]
}

/// A fruit of a colour on white, as HQ makes pictures of goods.
pub fn fruit(colour: [u8; 3]) -> GoodsPicture {
    const SIDE: i32 = 96;
    let mut rgba = Vec::new();
    for y in 0..SIDE {
        for x in 0..SIDE {
            let (right, down) = (x - SIDE / 2, y - SIDE / 2);
            let is_fruit = right * right + down * down < 40 * 40;
            let [red, green, blue] = if is_fruit { colour } else { [255; 3] };
            rgba.extend([red, green, blue, 255]);
        }
    }
    GoodsPicture::Is(ui::customer::Picture::new(96, 96, rgba).expect("a picture"))
}

/// The grid, a basket and a search of a shop whose goods have pictures, but for some.
pub fn pictured() -> Vec<(&'static str, View)> {
    let pictured = |name: &str, picture: GoodsPicture| Tile { picture, ..tile(name) };
    let goods = [
        pictured("bananas", fruit([242, 200, 50])),
        pictured("Red Fuji apples of the first grade from Yantai", fruit([207, 47, 47])),
        pictured("红富士苹果", fruit([207, 47, 47])),
        tile("carrier bag"),
    ];
    let side = Side::Grid {
        tabs: vec!["Pinned".into(), "Fruit".into()],
        tab: 0,
        tiles: goods
            .iter()
            .cycle()
            .take(12)
            .enumerate()
            .map(|(place, tile)| match place {
                0..4 => tile.clone(),
                _ => Tile { name: format!("{} {place}", tile.name), ..tile.clone() },
            })
            .collect(),
        chosen: None,
        pages: Pages { before: false, after: true },
    };
    let found = goods.into_iter().map(|tile| match tile.picture {
        GoodsPicture::Absent => Tile { picture: GoodsPicture::Sign("袋".into()), ..tile },
        GoodsPicture::Sign(_) | GoodsPicture::Is(_) => tile,
    });
    let results = Side::Results { results: found.collect(), selected: 1, more: true };
    let grid = Sell { side, picture: fruit([242, 200, 50]), ..sell() };
    let search = Sell {
        side: results,
        entry: "ban".into(),
        entry_hint: EntryHint::Search,
        picture: GoodsPicture::Sign("面".into()),
        ..sell()
    };
    vec![("grid", view(Screen::Sell(grid), None)), ("search", view(Screen::Sell(search), None))]
}

/// Every screen, and every sheet over each screen that can have one.
pub fn every_view() -> Vec<View> {
    let bare = every_screen().into_iter().map(|screen| view(screen, None));
    let under =
        [Screen::Sell(sell()), Screen::Pay(pay()), Screen::Done(Done::default()), Screen::SignIn(sign_in())];
    let covered = under
        .into_iter()
        .flat_map(|screen| every_sheet().into_iter().map(move |sheet| over(screen.clone(), sheet)));
    bare.chain(covered).chain(every_step()).collect()
}

pub fn every_screen() -> Vec<Screen> {
    let search = Side::Results { results: vec![tile("bananas")], selected: 0, more: false };
    vec![
        Screen::Closed(Closed::WaitingForGoods),
        Screen::Closed(Closed::NotEnrolled { command: "enrol".into() }),
        Screen::Closed(Closed::Ledger { file: "journal.db".into(), reason: "damaged".into() }),
        Screen::Closed(Closed::DiskFailed { file: "journal.db".into(), reason: "disk I/O error".into() }),
        Screen::Closed(Closed::EndLost { file: "journal.db".into(), at_hq: "7".into(), here: "3".into() }),
        Screen::SignIn(sign_in()),
        Screen::SignIn(SignIn { chosen: "Wang".into(), pin_digits: 2, ..sign_in() }),
        Screen::Sell(Sell::default()),
        Screen::Sell(sell()),
        Screen::Sell(Sell { side: search, entry: "ban".into(), entry_hint: EntryHint::Search, ..sell() }),
        Screen::Pay(pay()),
        Screen::Pay(Pay { saving: true, ..pay() }),
        Screen::Done(Done::default()),
        Screen::Done(Done { refund: true, ..Done::default() }),
        Screen::Sell(Sell { scale: Some(Scale::default()), ..sell() }),
    ]
}

pub fn every_notice() -> Vec<Notice> {
    let text = || "X".to_owned();
    vec![
        Notice::UnknownCode { code: text() },
        Notice::PaymentCode,
        Notice::NotGoods { code: text() },
        Notice::Misread { code: text() },
        Notice::MalformedCode { at: text() },
        Notice::LabelRange { code: text() },
        Notice::StaffCode { code: text() },
        Notice::ReceiptCode { code: text() },
        Notice::LabelCode { code: text() },
        Notice::Expired { name: text() },
        Notice::PastBest { name: text() },
        Notice::SerialInBasket { name: text() },
        Notice::WeightNeeded { name: text() },
        Notice::PriceNeeded { name: text() },
        Notice::PriceRange { range: text() },
        Notice::PriceListed { name: text() },
        Notice::PriceMissing { name: text() },
        Notice::LabelPriceDiffers { name: text() },
        Notice::AgeRestricted { name: text() },
        Notice::BasketFull { lines: text() },
        Notice::QuantityRange { max: text() },
        Notice::QuantityWeighed,
        Notice::NoLine,
        Notice::LineVoided { name: text() },
        Notice::BasketCancelled,
        Notice::NothingFound { text: text() },
        Notice::TooLittle { missing: text() },
        Notice::ChangeTooLarge { max: text() },
        Notice::ScanWhilePaying,
        Notice::WrongPin { wait_seconds: 0 },
        Notice::WrongPin { wait_seconds: 30 },
        Notice::UnknownStaff { number: text() },
        Notice::SignInFirst,
        Notice::DiskFull,
        Notice::LedgerFault { reason: text() },
        Notice::ReferenceFault { reason: text() },
        Notice::BasketRestored { lines: text() },
        Notice::ReceiptUnconfirmed { number: text() },
        Notice::Unfinished { list: text() },
        Notice::ClockWrong { shown: text() },
        Notice::NothingToReprint,
        Notice::Reprinting { number: text() },
        Notice::LastSale { change: text() },
        Notice::ApprovalNeeded,
        Notice::MayNotApprove,
        Notice::NothingToApprove,
        Notice::ReasonNeeded,
        Notice::Locked,
        Notice::DiscountRange,
        Notice::NotReducible { name: text() },
        Notice::ParkedFull,
        Notice::NotParked,
        Notice::BasketParked { number: text() },
        Notice::BasketFirst,
        Notice::TendersFirst,
        Notice::TendersFull,
        Notice::NoTender,
        Notice::MoreThanDue { due: text() },
        Notice::UnknownCurrency,
        Notice::AmountRange,
        Notice::PayOutDue { amount: text() },
        Notice::PaymentOpen,
        Notice::NoTerminal,
        Notice::MemberJoined { member: text() },
        Notice::MemberUnknown { code: text() },
        Notice::MemberFirst,
        Notice::PointsNotSpent,
        Notice::CouponLaid { off: text() },
        Notice::CouponUnknown { code: text() },
        Notice::CouponExpired { until: text() },
        Notice::CouponNotYet { from: text() },
        Notice::CouponUsed { code: text() },
        Notice::CouponReserved { code: text() },
        Notice::CouponWithdrawn { code: text() },
        Notice::CouponTwice,
        Notice::CouponOtherMember,
        Notice::CouponTooMany { most: text() },
        Notice::CouponOtherGoods,
        Notice::CouponBelow { missing: text() },
        Notice::CouponCondition,
        Notice::CouponOutdone,
        Notice::CouponsFull,
        Notice::PaymentDeclined { reason: text() },
        Notice::PaymentNotTaken,
        Notice::PaymentInDoubt { number: text() },
        Notice::TooManyInDoubt,
        Notice::NoPayment,
        Notice::RecallFirst,
        Notice::ReturnOpen,
        Notice::NothingToReturn,
        Notice::ReturnedElsewhere,
        Notice::ReturnTooMuch { left: text() },
        Notice::NotReturnable,
        Notice::OpenShiftFirst,
        Notice::ShiftIsOpen,
        Notice::NotWeighed { name: text() },
        Notice::ScaleEmpty { name: text() },
        Notice::ScaleMoving { name: text() },
        Notice::ScaleOverRange { name: text() },
        Notice::ScaleUnderRange { name: text() },
        Notice::ScaleUnchanged { name: text() },
        Notice::ScaleRefused { name: text() },
        Notice::WeightByScaleOnly { name: text() },
        Notice::StillWeighing { name: text() },
        Notice::ScaleAway,
        Notice::ScaleOwnKey,
        Notice::ScaleNotSet,
    ]
}
