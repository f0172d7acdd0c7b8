//! The till as the screen shows it: everything formatted, nothing decided.

use chrono::{DateTime, FixedOffset};
use domain::basket::{AppliedPromotion, Basket, Line};
use domain::catalogue::{Buyer, Catalogue, Item};
use domain::coupon::CouponRefusal;
use domain::money::{Currency, Money, Quantity};
use domain::payment::Belongs;
use domain::record::PaperOutcome;
use domain::refund::ReturnedLine;
use domain::sale;
use domain::tender::{Tender, TenderKind, Wallet};
use domain::till::after::NotNamed;
use domain::till::{Desk, Message, Paper, ScaleFault};
use domain::{price_list, pricing};
use drivers::frame::{Health, Reason};
use ui::view::{
    Bar, Done, EntryHint, GoodsPicture, Language, Notice, Pages, PaperState, Pay, PrinterState, Screen, Sell,
    Side, SignIn, Span, StaffTile, SyncState, TenderLine, Tile, View,
};

use crate::entry::{RESULTS_MAX, TILES_MAX, is_number};
use crate::lane::{Lane, Moment, OpenLane, State, sale_number};
use crate::sheet::{say, why_not};

/// After so long without an answer of HQ the lane calls itself offline, milliseconds.
pub const OFFLINE_AFTER_MS: i64 = 30_000;

/// Events that HQ has not acknowledged are mentioned when it has not answered
/// for so long, milliseconds,
const SENDING_AFTER_MS: i64 = 12_000;

/// or when there are more than so many.
const SENDING_FROM: u64 = 100;

/// The longest code that a message repeats.
const CODE_SHOWN_MAX: usize = 32;

/// Everything that is on the screen now.
pub(crate) fn view(lane: &Lane) -> View {
    View {
        language: lane.front.language,
        theme: lane.front.theme,
        bar: bar(lane),
        screen: match &lane.state {
            State::Closed(closed) => Screen::Closed(closed.clone()),
            State::Open(open) => match open.till().desk() {
                Desk::SignedOut | Desk::Locked(_) => Screen::SignIn(sign_in(lane, open)),
                Desk::Selling(_) | Desk::Done(..) if lane.labels.is_some() => {
                    Screen::Labels(Box::new(lane.labels_view(open)))
                }
                Desk::Selling(_) => Screen::Sell(sell(lane, open)),
                Desk::Paying(_) | Desk::Saving(..) => Screen::Pay(pay(lane, open)),
                Desk::Done(_, sale, seq) => Screen::Done(done(lane, open, sale, *seq)),
            },
        },
        sheet: lane.sheet_view(),
        notice: lane.front.notice.clone(),
    }
}

/// The place of the line that keys act on: the chosen one, or else the last.
pub(crate) fn selected(lines: &[Line], chosen: Option<u32>) -> usize {
    chosen
        .and_then(|number| lines.iter().position(|line| line.number == number))
        .unwrap_or_else(|| lines.len().saturating_sub(1))
}

fn bar(lane: &Lane) -> Bar {
    let mut bar = Bar { clock: clock(lane, lane.moment.now_ms), printer: printer(lane), ..Bar::default() };
    if let State::Open(open) = &lane.state {
        let store = open.store();
        bar.store = match lane.front.language {
            Language::Chinese => store.name_zh.clone(),
            Language::English => store.name_en.clone(),
        };
        bar.lane = open.journal().identity().lane.to_string();
        bar.cashier = open.till().desk().staff().map(|staff| staff.name.clone()).unwrap_or_default();
        bar.sync = sync(lane, open);
    }
    bar.shelf = lane.labels_bar();
    bar.orders = lane.orders_bar();
    bar
}

fn clock(lane: &Lane, at_ms: i64) -> String {
    local_time(at_ms, lane.moment.offset_minutes, "%H:%M")
}

pub(crate) fn local_time(at_ms: i64, offset_minutes: i32, form: &str) -> String {
    FixedOffset::east_opt(offset_minutes * 60)
        .zip(DateTime::from_timestamp_millis(at_ms))
        .map(|(offset, at)| at.with_timezone(&offset).format(form).to_string())
        .unwrap_or_default()
}

pub(crate) fn sync(lane: &Lane, open: &OpenLane) -> SyncState {
    if lane.config.training {
        return SyncState::Training;
    }
    let waiting = open.journal().head().seq.saturating_sub(lane.agent.position.acknowledged);
    let Some(contact_ms) = lane.agent.contact_ms else { return SyncState::Unknown };
    let silent_ms = lane.moment.now_ms - contact_ms;
    if silent_ms > OFFLINE_AFTER_MS || lane.agent.alarm.is_some() {
        return SyncState::Offline { since: span(silent_ms), waiting: waiting.to_string() };
    }
    // What was just rung up is on its way for a moment; that is no news.
    if waiting > 0 && (silent_ms > SENDING_AFTER_MS || waiting > SENDING_FROM) {
        SyncState::Sending { waiting: waiting.to_string() }
    } else {
        SyncState::Synced { at: clock(lane, contact_ms) }
    }
}

fn span(ms: i64) -> Span {
    let seconds = u32::try_from(ms.max(0) / 1_000).unwrap_or(u32::MAX);
    match seconds {
        0..120 => Span::Seconds(seconds),
        120..7_200 => Span::Minutes(seconds / 60),
        7_200..172_800 => Span::Hours(seconds / 3_600),
        _ => Span::Days(seconds / 86_400),
    }
}

pub(crate) fn printer(lane: &Lane) -> PrinterState {
    if lane.config.printer.is_none() {
        return PrinterState::Absent;
    }
    let waiting = lane.till().map_or(0, |till| till.papers().len());
    match &lane.printer.health {
        None | Some(Health::Connecting) => PrinterState::Connecting,
        Some(Health::Offline { .. }) => PrinterState::Offline { waiting: waiting.to_string() },
        Some(Health::Degraded(Reason::PaperOut)) => PrinterState::PaperOut,
        Some(Health::Degraded(Reason::CoverOpen)) => PrinterState::CoverOpen,
        Some(Health::Degraded(Reason::Error | Reason::Garbled)) => {
            PrinterState::Offline { waiting: waiting.to_string() }
        }
        Some(Health::Degraded(Reason::PaperLow)) => PrinterState::PaperLow,
        Some(Health::Ready | Health::Unknown) if lane.printer.sending => PrinterState::Printing,
        Some(Health::Ready) => PrinterState::Ready,
        Some(Health::Unknown) => PrinterState::Unknown,
    }
}

fn sign_in(lane: &Lane, open: &OpenLane) -> SignIn {
    let member = open.staff().iter().find(|member| Some(&member.id) == lane.front.chosen.as_ref());
    let typed = &lane.front.entry;
    SignIn {
        staff: open
            .staff()
            .iter()
            .map(|member| StaffTile { number: member.number.clone(), name: member.name.clone() })
            .collect(),
        chosen: member.map(|member| member.name.clone()).unwrap_or_default(),
        number: if member.is_none() { typed.clone() } else { String::new() },
        pin_digits: if member.is_some() { u32::try_from(typed.len()).unwrap_or(0) } else { 0 },
        wait_seconds: member.map_or(0, |member| open.till().pin_wait_seconds(&member.id, lane.moment.now_ms)),
    }
}

fn sell(lane: &Lane, open: &OpenLane) -> Sell {
    let basket = open.basket();
    let currency = &open.settings().currency;
    let entry = lane.front.entry.clone();
    let back = basket.returns().len();
    let due = open.till().due(open.settings()).payable;
    let refund = back > 0 && due < Money::ZERO;
    let total = if refund { -due } else { basket.total() };
    let parked = open.till().parked().len();
    let last = basket.lines().last().map(|line| &line.item);
    let last = last.or_else(|| basket.returns().last().map(|back| &back.item));
    let returned = basket.returns().iter().enumerate();
    let returned = returned.map(|(index, back)| returned_line(lane, open, index, back));
    Sell {
        lines: returned.chain(basket.lines().iter().map(|line| basket_line(lane, open, line))).collect(),
        picture: last.map_or(GoodsPicture::Absent, |item| picture_or_sign(lane, item)),
        selected: back + selected(basket.lines(), lane.front.line),
        pieces: basket.pieces().to_string(),
        saved: saved(basket, currency),
        currency: currency.symbol.clone(),
        total: currency.format(total),
        entry_hint: match entry.trim() {
            "" => EntryHint::Idle,
            text if is_number(text) => EntryHint::Number,
            _ => EntryHint::Search,
        },
        entry,
        side: side(lane, open),
        can_pay: !basket.lines().is_empty() || back > 0,
        scale: lane.scale_view(),
        buyer: buyer(basket, lane.front.language),
        buyer_detail: buyer_detail(lane, open),
        almost: crate::sheet::almost(lane, open),
        parked: if parked == 0 { String::new() } else { parked.to_string() },
        refund,
    }
}

/// What the customer saves; empty for nothing.
fn saved(basket: &Basket, currency: &Currency) -> String {
    let saved = basket.saved();
    if saved.is_positive() { currency.format(saved) } else { String::new() }
}

/// The member who buys, and their tier.
fn buyer(basket: &Basket, language: Language) -> String {
    let said = |member: &std::sync::Arc<domain::member::Member>| {
        let parts = [member.shown.clone(), tier(&member.tier, language)];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    };
    basket.member().map(said).unwrap_or_default()
}

/// What is to be known of who buys, what they have and brought, and who sells.
fn buyer_detail(lane: &Lane, open: &OpenLane) -> String {
    let (basket, language) = (open.basket(), lane.front.language);
    let [off, has] = brought(basket, &open.settings().currency, language);
    // What takes money off is never cut.
    let parts = [off, note_of_member(lane, open), sold_by(basket, language), has];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// What is to be known of who buys; empty for nothing.
pub(crate) fn note_of_member(lane: &Lane, open: &OpenLane) -> String {
    let Some(member) = open.basket().member() else { return String::new() };
    // Whatever is wrong with the row, the sale goes on without it.
    let known = open.reference().note_of_member(&member.id).unwrap_or_default();
    match &lane.front.asked_about {
        Some((id, note)) if known.is_empty() && *id == member.id => note.clone(),
        _ => known,
    }
}

/// Who is credited for the basket, and what is noted of it.
fn sold_by(basket: &Basket, language: Language) -> String {
    let seller =
        basket.seller().map(|seller| format!("{} {}", say(language, "导购", "Sold by"), seller.name));
    let note =
        (!basket.note().is_empty()).then(|| format!("{} {}", say(language, "备注", "Note"), basket.note()));
    seller.into_iter().chain(note).collect::<Vec<_>>().join(" · ")
}

/// A tier as people say it; HQ names tiers by ids.
pub(crate) fn tier(id: &str, language: Language) -> String {
    let (chinese, english) = match id {
        "regular" => ("普通", "Regular"),
        "silver" => ("银卡", "Silver"),
        "gold" => ("金卡", "Gold"),
        "super" => ("超级会员", "Super"),
        other => (other, other),
    };
    say(language, chinese, english)
}

/// What coupons and points take off, and what a member has.
fn brought(basket: &Basket, currency: &Currency, language: Language) -> [String; 2] {
    let say = |chinese: &str, english: &str| say(language, chinese, english);
    let off =
        |what: String, off: Money| off.is_positive().then(|| format!("{what} −{}", currency.format(off)));
    let reckoning = basket.reckoning();
    let points = basket.member().and_then(|member| member.points);
    let points = points.map(|points| format!("{} {points}", say("积分", "Points")));
    let laid = basket.coupons().len();
    let coupons: Money = reckoning.coupons.iter().copied().sum();
    let idle = (laid > 0 && !coupons.is_positive()).then(|| format!("{} {laid}", say("券", "Coupons")));
    let taken_off =
        [off(say("积分抵现", "Points spent"), reckoning.points.value), off(say("券", "Coupons"), coupons)];
    [taken_off, [idle, points]].map(|parts| parts.into_iter().flatten().collect::<Vec<_>>().join(" · "))
}

/// A kind of tender as people say it.
pub(crate) fn tender_name(kind: TenderKind, language: Language) -> String {
    let (chinese, english) = match kind {
        TenderKind::Cash => ("现金", "Cash"),
        TenderKind::ForeignCash => ("外币", "Foreign cash"),
        TenderKind::Wallet(Wallet::WeChat) => ("微信支付", "WeChat Pay"),
        TenderKind::Wallet(Wallet::Alipay) => ("支付宝", "Alipay"),
        TenderKind::Wallet(Wallet::UnionPay) => ("云闪付", "UnionPay"),
        TenderKind::Wallet(Wallet::Card) => ("银行卡", "Card"),
        TenderKind::Voucher => ("代金券", "Voucher"),
        TenderKind::StoredValue => ("储值", "Stored value"),
    };
    say(language, chinese, english)
}

/// The store's name.
pub(crate) fn store_name(store: &protocol::pull::Store, language: Language) -> String {
    say(language, &store.name_zh, &store.name_en)
}

/// A promotion's name.
pub(crate) fn promotion_name(promotion: &AppliedPromotion, language: Language) -> String {
    say(language, &promotion.name_zh, &promotion.name_en)
}

fn returned_line(lane: &Lane, open: &OpenLane, index: usize, back: &ReturnedLine) -> ui::view::Line {
    let currency = &open.settings().currency;
    ui::view::Line {
        number: (index + 1).to_string(),
        name: name(&back.item, lane.front.language),
        detail: back.reason.clone(),
        promotion: String::new(),
        quantity: format!("−{}", back.quantity),
        unit_price: String::new(),
        net: amount(currency, -back.amount),
        age_open: false,
        returned: true,
    }
}

pub(crate) fn name(item: &Item, language: Language) -> String {
    match language {
        Language::Chinese => item.name_zh.clone(),
        Language::English => item.name_en.clone(),
    }
}

/// Size or pack, where people who read this language can read it.
pub(crate) fn spec(item: &Item, language: Language) -> &str {
    match language {
        Language::Chinese => &item.spec,
        Language::English
            if item.spec.chars().any(|character| character.is_alphabetic() && !character.is_ascii()) =>
        {
            ""
        }
        Language::English => &item.spec,
    }
}

fn basket_line(lane: &Lane, open: &OpenLane, line: &Line) -> ui::view::Line {
    let currency = &open.settings().currency;
    let item = &line.item;
    let detail = if item.weighed {
        format!("{} kg × {}/kg", line.quantity, currency.format(line.unit_price))
    } else {
        let pack = line.unit.as_ref().map(|unit| format!("×{}    ", unit.factor)).unwrap_or_default();
        format!("{pack}{}    {}", line.code, spec(item, lane.front.language)).trim_end().to_owned()
    };
    let member_price = match (&line.walk_in, &line.promotion) {
        // A shelf label still shows less than price lists say.
        _ if line.kept.is_some() => Some(lane.words("价签价", "Shelf label price")),
        (None, _) | (_, Some(_)) => None,
        (Some(_), None) => Some(lane.words("会员价", "Member price")),
    };
    let member_off = line.gross() - line.price();
    let member_price = member_price.filter(|_| member_off.is_positive());
    let by_hand = Some((lane.words("手工优惠", "By hand"), line.discounted()));
    let mut offs: Vec<(String, Money)> = by_hand
        .into_iter()
        .filter(|(_, off)| off.is_positive())
        .chain(
            taken_off(line)
                .into_iter()
                .map(|(promotion, off)| (promotion_name(promotion, lane.front.language), off)),
        )
        .chain(member_price.map(|name| (name, member_off)))
        .collect();
    let rest = line.gross() - line.net() - offs.iter().map(|(_, off)| *off).sum();
    if rest.is_positive() {
        offs.push((lane.words("积分抵现", "Points"), rest));
    }
    let promotion = offered(&offs, currency)
        .into_iter()
        .chain(
            line.seller.as_ref().map(|seller| format!("{} {}", lane.words("导购", "Sold by"), seller.name)),
        )
        .chain((!line.note.is_empty()).then(|| format!("{} {}", lane.words("备注", "Note"), line.note)))
        .collect::<Vec<_>>()
        .join(" · ");
    ui::view::Line {
        number: line.number.to_string(),
        name: name(item, lane.front.language),
        detail,
        promotion,
        quantity: match (&line.unit, lane.front.language) {
            (Some(unit), Language::Chinese) => format!("{} {}", line.quantity, unit.name_zh),
            (Some(unit), Language::English) => format!("{} {}", line.quantity, unit.name_en),
            (None, _) => line.quantity.to_string(),
        },
        unit_price: currency.format(line.unit_price),
        net: currency.format(line.net()),
        age_open: item.age_restricted && open.basket().age_open().any(|open| open.number == line.number),
        returned: false,
    }
}

/// What is taken off a line, in few words; of several the sum stands first, which is never cut.
fn offered(offs: &[(String, Money)], currency: &Currency) -> Option<String> {
    match offs {
        [] => None,
        [(name, off)] => Some(format!("{name} −{}", currency.format(*off))),
        several => {
            let sum: Money = several.iter().map(|(_, off)| *off).sum();
            let names: Vec<&str> = several.iter().map(|(name, _)| name.as_str()).collect();
            Some(format!("−{} {}", currency.format(sum), names.join(" + ")))
        }
    }
}

/// What promotions take off a line: that of its tag, and those of the whole basket.
pub(crate) fn taken_off(line: &Line) -> Vec<(&AppliedPromotion, Money)> {
    let on_the_tag = line.promotion.as_ref().map(|promotion| (promotion, line.gross() - line.price()));
    let savings = line.savings.iter().map(|saving| (&saving.promotion, saving.off));
    on_the_tag.into_iter().filter(|(_, off)| off.is_positive()).chain(savings).collect()
}

fn side(lane: &Lane, open: &OpenLane) -> Side {
    let picture = |item: &Item| lane.pictures.of(&item.sku).map_or(GoodsPicture::Absent, GoodsPicture::Is);
    let pictured = |item: &std::sync::Arc<Item>| Tile { picture: picture(item), ..tile(lane, open, item) };
    let found = |item: &std::sync::Arc<Item>| Tile {
        picture: picture_or_sign(lane, item),
        ..with_size_below(tile(lane, open, item))
    };
    if !lane.front.results.is_empty() {
        return Side::Results {
            results: lane.front.results.iter().take(RESULTS_MAX).map(found).collect(),
            selected: lane.front.result,
            more: lane.front.results.len() > RESULTS_MAX,
        };
    }
    let tiles = lane.front.tiles.as_deref().unwrap_or_default();
    let pinned = match lane.front.language {
        Language::Chinese => "常用",
        Language::English => "Pinned",
    };
    let tabs = open.categories().iter().map(|category| match lane.front.language {
        Language::Chinese => category.name_zh.clone(),
        Language::English => category.name_en.clone(),
    });
    Side::Grid {
        tabs: std::iter::once(pinned.to_owned()).chain(tabs).collect(),
        tab: lane.front.tab,
        tiles: tiles.iter().take(TILES_MAX).map(pictured).collect(),
        chosen: lane.front.grid,
        pages: Pages { before: lane.front.page > 0, after: tiles.len() > TILES_MAX },
    }
}

/// What goods look like where a place is left for it: as in all of a shop's goods, or in none.
fn picture_or_sign(lane: &Lane, item: &Item) -> GoodsPicture {
    match lane.pictures.of(&item.sku) {
        Some(picture) => GoodsPicture::Is(picture),
        None if lane.pictures.any() => {
            let name = name(item, lane.front.language);
            GoodsPicture::Sign(name.chars().next().map(String::from).unwrap_or_default())
        }
        None => GoodsPicture::Absent,
    }
}

/// Results that differ in size only must not be cut where they differ.
fn with_size_below(tile: Tile) -> Tile {
    let code = format!("{}  {}", tile.code, tile.spec).trim_end().to_owned();
    Tile { code, spec: String::new(), ..tile }
}

pub(crate) fn tile(lane: &Lane, open: &OpenLane, item: &Item) -> Tile {
    let (language, currency) = (lane.front.language, &open.settings().currency);
    let [_, price] = prices_now(open, item, lane.moment);
    let price = match item.open_price {
        Some(_) => String::new(),
        None => currency.format(price),
    };
    let unit = if item.weighed { "/kg" } else { "" };
    Tile {
        name: name(item, language),
        spec: spec(item, language).to_owned(),
        code: item.code.clone(),
        price: format!("{price}{unit}"),
        picture: GoodsPicture::Absent,
    }
}

/// What the lists say that one costs a walk-in now, and what one is sold for, with promotions; where those cannot be
/// asked, the list says.
pub(crate) fn prices_now(open: &OpenLane, item: &Item, moment: Moment) -> [Money; 2] {
    let listed = price_list::list_price(item, None, Buyer::WalkIn, moment.now_ms).unwrap_or(item.price);
    let occasion = open.settings().occasion(moment.now_ms, moment.offset_minutes);
    let sold = match open.reference().promotions() {
        Ok(set) => pricing::tag_price(&set, &item.at_price(listed), 1, &occasion).price,
        Err(_) => listed,
    };
    [listed, sold]
}

fn pay(lane: &Lane, open: &OpenLane) -> Pay {
    let currency = &open.settings().currency;
    if let Desk::Saving(_, sale) = open.till().desk() {
        return Pay {
            currency: currency.symbol.clone(),
            total: currency.format(sale.total),
            due: currency.format(sale.payable),
            saving: true,
            ..Pay::default()
        };
    }
    let whole = open.till().due(open.settings());
    let refund = whole.payable < Money::ZERO;
    let typed = currency.parse(&lane.front.entry).ok();
    let change = typed.map(|typed| typed - whole.cash).filter(|_| !refund);
    let shown = |amount: Option<Money>| amount.map(|amount| currency.format(amount)).unwrap_or_default();
    let tenders = if refund { &whole.payout[..] } else { open.till().tenders() };
    Pay {
        currency: currency.symbol.clone(),
        saved: saved(open.basket(), currency),
        total: amount(currency, whole.total),
        rounding: if whole.rounding == Money::ZERO {
            String::new()
        } else {
            signed(currency, whole.rounding)
        },
        due: currency.format(if refund { -whole.payable } else { whole.cash }),
        tendered: lane.front.entry.clone(),
        change: shown(change.filter(|change| *change >= Money::ZERO)),
        missing: shown(change.filter(|change| *change < Money::ZERO).map(|change| -change)),
        quick: if refund {
            Vec::new()
        } else {
            sale::likely_cash(whole.cash, currency)
                .into_iter()
                .map(|amount| currency.format(amount))
                .collect()
        },
        saving: false,
        tenders: tenders.iter().map(|tender| tender_line(lane, currency, tender)).collect(),
        kinds: lane.tender_kinds(open),
        refund,
        waiting: open.till().payments().iter().any(|payment| payment.belongs == Belongs::Open),
    }
}

/// An amount with the sign that screens have for minus.
fn signed(currency: &Currency, amount: Money) -> String {
    if amount < Money::ZERO {
        format!("−{}", currency.format(-amount))
    } else {
        format!("+{}", currency.format(amount))
    }
}

/// An amount, below nothing with the sign that screens have for minus.
pub(crate) fn amount(currency: &Currency, amount: Money) -> String {
    if amount < Money::ZERO { signed(currency, amount) } else { currency.format(amount) }
}

fn tender_line(lane: &Lane, currency: &Currency, tender: &Tender) -> TenderLine {
    let detail = match tender {
        Tender::Cash(_) => String::new(),
        Tender::ForeignCash { currency: foreign, amount, .. } => {
            format!("{foreign} {}", currency.format(*amount))
        }
        Tender::Wallet { payment, reference, card, .. } => {
            let parts = [
                Some(format!("#{payment}")),
                card.map(|card| format!("*{card}")),
                Some(reference.clone()).filter(|reference| !reference.is_empty()),
            ];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
        }
        Tender::Voucher { number, .. } => number.clone(),
        Tender::StoredValue(stored) => {
            let whole = |part: Money| currency.format(if part < Money::ZERO { -part } else { part });
            let (principal, bonus) = (whole(stored.part.principal), whole(stored.part.bonus));
            say(
                lane.front.language,
                &format!("本金 {principal} · 赠金 {bonus}"),
                &format!("principal {principal} · bonus {bonus}"),
            )
        }
    };
    let amount = tender.amount();
    TenderLine {
        name: tender_name(tender.kind(), lane.front.language),
        detail,
        amount: currency.format(if amount < Money::ZERO { -amount } else { amount }),
    }
}

fn done(lane: &Lane, open: &OpenLane, sale: &sale::Sale, seq: u64) -> Done {
    let currency = &open.settings().currency;
    let refund = sale.payable < Money::ZERO;
    let in_cash = sale.tenders.iter().any(Tender::is_cash);
    let (great_label, great) = if refund {
        (lane.words("已退", "Paid back"), -sale.payable)
    } else if in_cash {
        (lane.words("找零", "Change"), sale.change)
    } else {
        (lane.words("已收", "Received"), sale.payable)
    };
    Done {
        currency: currency.symbol.clone(),
        number: sale_number(open, seq),
        payable: currency.format(if refund { sale.returned() } else { sale.payable }),
        tendered: currency.format(sale.payable + sale.change),
        great_label,
        change: currency.format(great),
        refund,
        paper: paper(lane, open, seq),
    }
}

/// How the paper of a sale stands.
pub(crate) fn paper(lane: &Lane, open: &OpenLane, seq: u64) -> PaperState {
    match open.till().papers().get(&seq) {
        None if lane.config.printer.is_none() => PaperState::None,
        None => match lane.paper_told(seq) {
            // In doubt, and then looked at.
            Some(PaperOutcome::Confirmed | PaperOutcome::InDoubt) => PaperState::Printed,
            Some(PaperOutcome::SentUnconfirmed) => PaperState::Sent,
            Some(PaperOutcome::Waived) | None => PaperState::NotPrinted,
        },
        Some(Paper::Waiting { .. }) => PaperState::Waiting,
        // Handed over; a printer that is away or out of paper has it waiting.
        Some(Paper::Begun) if !lane.printer.takes_documents() => PaperState::Waiting,
        Some(Paper::Begun) => PaperState::Printing,
        Some(Paper::InDoubt) => PaperState::InDoubt,
    }
}

/// A paid sale has a member now.
fn buyer_named(shown: &str, earned: i64, language: Language) -> Notice {
    Notice::Said {
        tone: ui::view::Tone::Good,
        what: say(language, &format!("会员已补上：{shown}"), &format!("The sale is of {shown} now")),
        rest: say(
            language,
            &format!("得积分 {earned}，价钱不变。重打的小票上有会员和积分。"),
            &format!("{earned} points; the price stays. A receipt printed again shows both."),
        ),
    }
}

/// A paid sale is given no member.
fn buyer_not_named(why: NotNamed, language: Language) -> Notice {
    let (chinese, english) = why_not(why);
    Notice::Said {
        tone: ui::view::Tone::Attend,
        what: say(language, chinese, english),
        rest: say(language, "什么都没有改。", "Nothing was changed."),
    }
}

/// A basket makes one person a paid member.
fn one_membership(item: &Item, language: Language) -> Notice {
    Notice::Said {
        tone: ui::view::Tone::Attend,
        what: say(language, "一单只能卖一份会员资格", "One membership a sale"),
        rest: say(
            language,
            &format!("没有加上“{}”。请先结这一单，下一位另开一单。", item.name_zh),
            &format!(
                "{} was not added. Finish this sale, and begin another for the next person.",
                item.name_en
            ),
        ),
    }
}

/// What a membership gave is known by its receipt only.
fn membership_needs_receipt(item: &Item, language: Language) -> Notice {
    Notice::Said {
        tone: ui::view::Tone::Attend,
        what: say(language, "会员费要凭小票退", "A membership comes back by its receipt"),
        rest: say(
            language,
            &format!("没有退“{}”的钱。请扫原小票，或在“退货”里找到这一单。", item.name_zh),
            &format!(
                "Nothing was given for {}. Scan its receipt, or find the sale under Return.",
                item.name_en
            ),
        ),
    }
}

/// Why stored value does not pay, or is not paid in.
#[allow(clippy::wildcard_enum_match_arm)]
fn value_refused(message: &Message, currency: &Currency, language: Language) -> Notice {
    let (what, rest) = match message {
        Message::ValueOver => (
            ("储值额度过期，已取下", "The hold on stored value is over"),
            (
                "没有扣储值。请按“储值”再付一次，或用别的方式付。",
                "Nothing was taken from the account. Choose stored value again, or another means.",
            ),
        ),
        Message::TopUpAlone => (
            ("充值要单独一单", "Money is paid in by itself"),
            (
                "充值单里不加商品，也不能用储值、券、积分付。没有改动。",
                "No goods beside it, and no stored value, voucher, coupon or points for it. Nothing changed.",
            ),
        ),
        Message::TopUpRange { most } => {
            let most = currency.format_with_symbol(*most);
            return Notice::Said {
                tone: ui::view::Tone::Attend,
                what: say(language, "这个金额不能充", "This amount cannot be paid in"),
                rest: say(
                    language,
                    &format!("只收整数金额，最多 {most}。没有收钱。"),
                    &format!("Whole amounts only, at most {most}. No money was taken."),
                ),
            };
        }
        Message::ValueBackFirst => (
            ("储值付的单：退货单独一单", "Paid with stored value: the return by itself"),
            (
                "请先退货，钱回到储值账户，再另开一单卖。没有改动。",
                "Take the goods back first, into the account, then sell anew. Nothing changed.",
            ),
        ),
        Message::TopUpAtHq => (
            ("储值退款请到总部办理", "HQ pays stored value back"),
            (
                "还剩多少只有总部知道。这里没有退钱。",
                "Only HQ knows how much is left. Nothing was paid out here.",
            ),
        ),
        _ => (
            ("储值现在不能付", "Stored value cannot pay now"),
            (
                "没有扣储值。请看会员对不对、余额够不够，或用别的方式付。",
                "Nothing was taken from the account. Look at the member and what is left, or take another means.",
            ),
        ),
    };
    Notice::Said {
        tone: ui::view::Tone::Attend,
        what: say(language, what.0, what.1),
        rest: say(language, rest.0, rest.1),
    }
}

/// What becomes of coupons whose goods all came back.
fn coupons_back(codes: &[String], language: Language) -> Notice {
    let codes: Vec<String> = codes.iter().map(|code| short(code)).collect();
    let codes = codes.join(" ");
    Notice::Said {
        tone: ui::view::Tone::Good,
        what: say(language, &format!("优惠券退回：{codes}"), &format!("Coupons given back: {codes}")),
        rest: say(
            language,
            "在有效期内可以再用；总部收到退货后生效。",
            "They can be used again while they are valid, once HQ has this return.",
        ),
    }
}

/// What is missing for a coupon, as the screen says it.
fn coupon_refused(open: &OpenLane, offset_minutes: i32, refusal: &CouponRefusal) -> Notice {
    let currency = &open.settings().currency;
    let time = |at_ms: i64| local_time(at_ms, offset_minutes, "%Y-%m-%d %H:%M");
    match refusal {
        CouponRefusal::Expired { until_ms, .. } => Notice::CouponExpired { until: time(*until_ms) },
        CouponRefusal::NotYet { from_ms, .. } => Notice::CouponNotYet { from: time(*from_ms) },
        CouponRefusal::Used(code) => Notice::CouponUsed { code: short(code) },
        CouponRefusal::Reserved(code) => Notice::CouponReserved { code: short(code) },
        CouponRefusal::Withdrawn(code) => Notice::CouponWithdrawn { code: short(code) },
        CouponRefusal::Twice(_) => Notice::CouponTwice,
        CouponRefusal::OtherMember(_) => Notice::CouponOtherMember,
        CouponRefusal::TooMany { most, .. } => Notice::CouponTooMany { most: most.to_string() },
        CouponRefusal::Unknown(code) => Notice::CouponUnknown { code: short(code) },
        CouponRefusal::OtherGoods(_) => Notice::CouponOtherGoods,
        CouponRefusal::BelowThreshold { missing, .. } => {
            Notice::CouponBelow { missing: currency.format_with_symbol(*missing) }
        }
        CouponRefusal::Condition { .. } => Notice::CouponCondition,
        CouponRefusal::Outdone(_) => Notice::CouponOutdone,
    }
}

/// Why goods were not weighed, as the screen says it.
fn not_weighed(name: String, fault: ScaleFault) -> Notice {
    match fault {
        ScaleFault::Away => Notice::NotWeighed { name },
        ScaleFault::Empty | ScaleFault::BelowMinimum => Notice::ScaleEmpty { name },
        ScaleFault::Moving => Notice::ScaleMoving { name },
        ScaleFault::OverRange => Notice::ScaleOverRange { name },
        ScaleFault::UnderRange => Notice::ScaleUnderRange { name },
        ScaleFault::Unchanged => Notice::ScaleUnchanged { name },
        ScaleFault::Unit | ScaleFault::Refused => Notice::ScaleRefused { name },
    }
}

fn short(code: &str) -> String {
    code.chars().filter(|character| !character.is_control()).take(CODE_SHOWN_MAX).collect()
}

/// A message of the till as the screen says it.
pub(crate) fn notice(
    message: &Message,
    open: &OpenLane,
    language: Language,
    offset_minutes: i32,
) -> Option<Notice> {
    let currency = &open.settings().currency;
    Some(match message {
        Message::UnknownCode(code) => Notice::UnknownCode { code: short(code) },
        Message::PaymentCode => Notice::PaymentCode,
        Message::NotGoods(code) => Notice::NotGoods { code: short(code) },
        Message::Misread(code) => Notice::Misread { code: short(code) },
        Message::Malformed { code, error } => {
            Notice::MalformedCode { at: error.ai.map_or_else(|| short(code), |ai| format!("({ai})")) }
        }
        Message::LabelRange(code) => Notice::LabelRange { code: short(code) },
        Message::MemberUnknown(code) => Notice::MemberUnknown { code: short(code) },
        Message::BuyerUnknown { code, .. } => Notice::MemberUnknown { code: short(code) },
        Message::BuyerNamed { member, earned, .. } => buyer_named(&member.shown, *earned, language),
        Message::BuyerNotNamed(why) => buyer_not_named(*why, language),
        Message::MemberJoined(member) => Notice::MemberJoined { member: member.shown.clone() },
        Message::MemberFirst => Notice::MemberFirst,
        Message::OneMembership(item) => one_membership(item, language),
        Message::MembershipNeedsReceipt(item) => membership_needs_receipt(item, language),
        Message::PointsNotSpent => Notice::PointsNotSpent,
        Message::ValueNotSpent
        | Message::ValueOver
        | Message::TopUpAlone
        | Message::TopUpRange { .. }
        | Message::TopUpAtHq
        | Message::ValueBackFirst => value_refused(message, currency, language),
        Message::CouponLaid { off, .. } => Notice::CouponLaid { off: currency.format_with_symbol(*off) },
        Message::CouponsBack(codes) => coupons_back(codes, language),
        Message::CouponRefused(refusal) => coupon_refused(open, offset_minutes, refusal),
        Message::CouponsFull => Notice::CouponsFull,
        Message::StaffCode(code) => Notice::StaffCode { code: short(code) },
        Message::ReceiptCode(code) => Notice::ReceiptCode { code: short(&code.to_string()) },
        Message::LabelCode(code) => Notice::LabelCode { code: short(code) },
        Message::Expired { item, expiry } => {
            Notice::Expired { name: format!("{} {expiry}", name(item, language)) }
        }
        Message::PastBest { item, date } => {
            Notice::PastBest { name: format!("{} {date}", name(item, language)) }
        }
        Message::SerialInBasket { item, serial } => {
            Notice::SerialInBasket { name: format!("{} {}", name(item, language), short(serial)) }
        }
        Message::AgeRestricted(item) => Notice::AgeRestricted { name: name(item, language) },
        Message::LabelPriceDiffers(item) => Notice::LabelPriceDiffers { name: name(item, language) },
        Message::WeightNeeded(item) => Notice::WeightNeeded { name: name(item, language) },
        Message::NotWeighed { item, fault } => not_weighed(name(item, language), *fault),
        Message::WeightByScaleOnly(item) => Notice::WeightByScaleOnly { name: name(item, language) },
        Message::PriceNeeded(item) => Notice::PriceNeeded { name: name(item, language) },
        Message::PriceRange { item: _, bounds } => {
            let [min, max] = [bounds.min, bounds.max].map(|bound| currency.format_with_symbol(bound));
            Notice::PriceRange { range: format!("{min}–{max}") }
        }
        Message::PriceListed(item) => Notice::PriceListed { name: name(item, language) },
        Message::PriceMissing(item) => Notice::PriceMissing { name: name(item, language) },
        Message::BasketFull => Notice::BasketFull { lines: domain::basket::LINES_MAX.to_string() },
        Message::QuantityRange => Notice::QuantityRange { max: Quantity::MAX.to_string() },
        Message::QuantityWeighed => Notice::QuantityWeighed,
        Message::NoLine => Notice::NoLine,
        Message::LineVoided(item) => Notice::LineVoided { name: name(item, language) },
        Message::BasketCancelled => Notice::BasketCancelled,
        // A sheet asks instead.
        Message::AgeCheckFirst => return None,
        Message::TooLittle { missing } => {
            Notice::TooLittle { missing: currency.format_with_symbol(*missing) }
        }
        Message::ChangeTooLarge => {
            Notice::ChangeTooLarge { max: currency.format_with_symbol(open.settings().change_max) }
        }
        Message::ScanWhilePaying => Notice::ScanWhilePaying,
        Message::SignInFirst => Notice::SignInFirst,
        Message::WrongPin { wait_seconds } => Notice::WrongPin { wait_seconds: *wait_seconds },
        Message::NothingToReprint => Notice::NothingToReprint,
        Message::Reprinting { document } => Notice::Reprinting { number: sale_number(open, *document) },
        Message::Fault(fault) => Notice::ReferenceFault { reason: fault.0.clone() },
        Message::Locked => Notice::Locked,
        Message::MayNotApprove => Notice::MayNotApprove,
        Message::NothingToApprove => Notice::NothingToApprove,
        Message::ReasonNeeded => Notice::ReasonNeeded,
        Message::DiscountRange => Notice::DiscountRange,
        Message::NotReducible(item) => Notice::NotReducible { name: name(item, language) },
        Message::ParkedFull => Notice::ParkedFull,
        Message::NotParked => Notice::NotParked,
        Message::BasketTaken { lane, coupons } => Notice::Said {
            tone: if *coupons == 0 { ui::view::Tone::Good } else { ui::view::Tone::Attend },
            what: say(
                language,
                &format!("已取来 {lane} 号收银台的单"),
                &format!("The basket of lane {lane} is here"),
            ),
            rest: match coupons {
                0 => say(language, "价格已按本台重算。", "Prices were worked out here."),
                count => say(
                    language,
                    &format!("那边放的 {count} 张券没有带来：请顾客再出示。"),
                    &format!("{count} coupons lay on it there: ask the customer to show them again."),
                ),
            },
        },
        Message::BasketGone { basket, lane } => Notice::Said {
            tone: ui::view::Tone::Attend,
            what: say(
                language,
                &format!("{basket} 号单已在 {lane} 号收银台取走"),
                &format!("Basket {basket} was taken up at lane {lane}"),
            ),
            rest: say(language, "不要再收一次。", "Do not take the money twice."),
        },
        Message::StockCounted { document, items } => Notice::Said {
            tone: ui::view::Tone::Good,
            what: say(
                language,
                &format!("盘点已记账：{items} 种"),
                &format!("Count written down: {items} items"),
            ),
            rest: say(
                language,
                &format!("单号 {document}。总部收齐各收银台的销售后，库存按差额调整。"),
                &format!("Document {document}. HQ posts the difference once it has every lane's sales."),
            ),
        },
        Message::BasketParked { basket } => Notice::BasketParked { number: basket.to_string() },
        Message::BasketParkedMoneyBack { basket, back } => {
            let back = currency.format_with_symbol(*back);
            Notice::Said {
                tone: ui::view::Tone::Attend,
                what: say(
                    language,
                    &format!("{basket} 号单已挂起 · 退还顾客 {back}"),
                    &format!("Basket {basket} parked · give {back} back"),
                ),
                rest: say(
                    language,
                    "现金和券已从这一单取下；已付成功的留在单上。按 F10 取单。",
                    "Cash and vouchers are off the basket; what was paid by code or card stays on it. F10 recalls it.",
                ),
            }
        }
        Message::BasketFirst => Notice::BasketFirst,
        Message::TendersFirst => Notice::TendersFirst,
        Message::TendersFull => Notice::TendersFull,
        Message::NoTender => Notice::NoTender,
        Message::MoreThanDue { due } => Notice::MoreThanDue { due: currency.format_with_symbol(*due) },
        Message::UnknownCurrency => Notice::UnknownCurrency,
        Message::AmountRange => Notice::AmountRange,
        Message::PayOutDue { amount } => Notice::PayOutDue { amount: currency.format_with_symbol(*amount) },
        Message::PaymentOpen => Notice::PaymentOpen,
        Message::NoTerminal => Notice::NoTerminal,
        Message::PaymentDeclined { reason } => Notice::PaymentDeclined { reason: reason.clone() },
        Message::PaymentNotTaken => Notice::PaymentNotTaken,
        Message::PaymentInDoubt { number } => Notice::PaymentInDoubt { number: number.to_string() },
        Message::TooManyInDoubt => Notice::TooManyInDoubt,
        Message::NoPayment => Notice::NoPayment,
        Message::RecallFirst => Notice::RecallFirst,
        Message::ReturnOpen => Notice::ReturnOpen,
        Message::NothingToReturn => Notice::NothingToReturn,
        Message::ReturnTooMuch { left } => Notice::ReturnTooMuch {
            left: Quantity::from_thousandths(*left).map_or_else(|| "0".into(), |left| left.to_string()),
        },
        Message::NotReturnable | Message::ReturnElsewhere => Notice::NotReturnable,
        Message::ReturnedElsewhere => Notice::ReturnedElsewhere,
        Message::ShelfLabelRefused(refused) => crate::labels::refused(refused, language),
        Message::StockRefused(refusal) => Lane::stock_refused(language, *refusal),
        Message::OpenShiftFirst => Notice::OpenShiftFirst,
        Message::ShiftIsOpen => Notice::ShiftIsOpen,
        // Their own window, or sheet, says it.
        Message::Kiosk(_) | Message::Phone(_) => return None,
        Message::OrderRefused(refused) => crate::orders::refused(refused, language, offset_minutes),
    })
}
