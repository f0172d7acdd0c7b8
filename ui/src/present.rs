//! Puts a [`View`] into the window's globals. Slint itself skips what has not
//! changed; lists are changed row by row.

mod labels;

use std::rc::Rc;

use slint::{ComponentHandle, Model, ModelRc, SelectBundledTranslationError, SharedString, VecModel};

use crate::below;
use crate::generated as window;
use crate::generated::{
    ClosedKind, EntryKind, FieldRow, GoodsFace, KindRow, LineRow, NoticeKind, PaperKind, PrinterKind,
    ScaleKind, ScreenKind, SheetKeyRow, SheetRow, SpanUnit, StaffRow, SyncKind, TenderRow, TileRow,
    TillWindow,
};
use crate::view::{
    Bar, Closed, Done, EntryHint, GoodsPicture, Language, Line, Notice, PaperState, Pay, Picture,
    PrinterState, Scale, ScaleState, Screen, Script, Sell, Sheet, SheetField, SheetKey, Side, SignIn, Span,
    StaffTile, SyncState, TenderLine, Theme, Tile, Tone, View,
};

/// Replaces the preview data by empty lists that rows can be put into.
pub fn prepare(till: &TillWindow) -> Result<(), SelectBundledTranslationError> {
    let sell = till.global::<window::Sell>();
    sell.set_earlier(empty());
    sell.set_tabs(empty());
    sell.set_tiles(empty());
    sell.set_results(empty());
    till.global::<window::SignIn>().set_staff(empty());
    let pay = till.global::<window::Pay>();
    pay.set_quick(empty());
    pay.set_tenders(empty());
    pay.set_kinds(empty());
    let sheet = till.global::<window::Sheet>();
    sheet.set_fields(empty());
    sheet.set_rows(empty());
    sheet.set_keys(empty());
    till.global::<window::SetUp>().set_steps(empty());
    till.global::<window::SetUp>().set_hints(empty());
    labels::prepare(till);
    slint::select_bundled_translation(locale(Language::English))?;
    slint::select_bundled_translation(locale(Language::Chinese))
}

/// Shows the view.
pub fn present(till: &TillWindow, view: &View) {
    // `prepare` has proved that both languages are there.
    let _ = slint::select_bundled_translation(locale(view.language));
    till.global::<window::Theme>().set_dark(view.theme == Theme::Dark);
    bar(till, &view.bar);
    below::listen(view.sheet.as_ref().is_some_and(is_written));
    let kind = match &view.screen {
        Screen::Closed(screen) => {
            closed(till, screen);
            ScreenKind::Closed
        }
        Screen::SignIn(screen) => {
            sign_in(till, screen);
            ScreenKind::SignIn
        }
        Screen::Sell(screen) => {
            sell(till, screen);
            ScreenKind::Sell
        }
        Screen::Pay(screen) => {
            pay(till, screen);
            ScreenKind::Pay
        }
        Screen::Done(screen) => {
            done(till, screen);
            ScreenKind::Done
        }
        Screen::Labels(screen) => {
            labels::labels(till, screen);
            ScreenKind::Labels
        }
        Screen::SetUp(screen) => {
            let global = till.global::<window::SetUp>();
            update(&global.get_steps(), &screen.steps);
            global.set_at(position(screen.at));
            update(&global.get_hints(), &screen.hints);
            ScreenKind::SetUp
        }
    };
    sheet(till, view.sheet.as_ref());
    notice(till, view.notice.as_ref());
    till.set_screen(kind);
}

fn locale(language: Language) -> &'static str {
    match language {
        Language::Chinese => "zh_CN",
        Language::English => "en",
    }
}

fn bar(till: &TillWindow, bar: &Bar) {
    let global = till.global::<window::Bar>();
    global.set_store(text(&bar.store));
    global.set_lane(text(&bar.lane));
    global.set_cashier(text(&bar.cashier));
    global.set_clock(text(&bar.clock));
    global.set_shelf(bar.shelf.as_ref().map(|shelf| text(&shelf.text)).unwrap_or_default());
    global.set_shelf_tone(bar.shelf.as_ref().map_or(window::Tone::Quiet, |shelf| tone(shelf.tone)));
    global.set_orders(bar.orders.as_ref().map(|orders| text(&orders.text)).unwrap_or_default());
    global.set_orders_call(bar.orders.as_ref().is_some_and(|orders| orders.calls));
    global.set_sync(match &bar.sync {
        SyncState::Unknown => SyncKind::Unknown,
        SyncState::Training => SyncKind::Training,
        SyncState::Synced { at } => {
            global.set_synced_at(text(at));
            SyncKind::Synced
        }
        SyncState::Sending { waiting } => {
            global.set_waiting(text(waiting));
            SyncKind::Sending
        }
        SyncState::Offline { since, waiting } => {
            let (unit, count) = match since {
                Span::Seconds(count) => (SpanUnit::Seconds, count),
                Span::Minutes(count) => (SpanUnit::Minutes, count),
                Span::Hours(count) => (SpanUnit::Hours, count),
                Span::Days(count) => (SpanUnit::Days, count),
            };
            global.set_since_unit(unit);
            global.set_since(number(*count));
            global.set_waiting(text(waiting));
            SyncKind::Offline
        }
    });
    global.set_printer(match &bar.printer {
        PrinterState::Absent => PrinterKind::Absent,
        PrinterState::Connecting => PrinterKind::Connecting,
        PrinterState::Ready => PrinterKind::Ready,
        PrinterState::Printing => PrinterKind::Printing,
        PrinterState::Unknown => PrinterKind::Unknown,
        PrinterState::PaperLow => PrinterKind::PaperLow,
        PrinterState::PaperOut => PrinterKind::PaperOut,
        PrinterState::CoverOpen => PrinterKind::CoverOpen,
        PrinterState::Offline { waiting } => {
            global.set_receipts_waiting(text(waiting));
            PrinterKind::Offline
        }
    });
}

fn closed(till: &TillWindow, closed: &Closed) {
    let global = till.global::<window::Closed>();
    global.set_kind(match closed {
        Closed::NotEnrolled { command } => {
            global.set_command(text(command));
            ClosedKind::NotEnrolled
        }
        Closed::WaitingForGoods => ClosedKind::WaitingForGoods,
        Closed::Ledger { file, reason } => {
            global.set_file(text(file));
            global.set_reason(text(reason));
            ClosedKind::Ledger
        }
        Closed::DiskFailed { file, reason } => {
            global.set_file(text(file));
            global.set_reason(text(reason));
            ClosedKind::DiskFailed
        }
        Closed::EndLost { file, at_hq, here } => {
            global.set_file(text(file));
            global.set_at_hq(text(at_hq));
            global.set_here(text(here));
            global.set_reason(text(""));
            ClosedKind::EndLost
        }
    });
}

fn sign_in(till: &TillWindow, sign_in: &SignIn) {
    let global = till.global::<window::SignIn>();
    update(&global.get_staff(), &sign_in.staff);
    global.set_chosen(text(&sign_in.chosen));
    global.set_number(text(&sign_in.number));
    global.set_pin_digits(number(sign_in.pin_digits));
    global.set_wait_seconds(number(sign_in.wait_seconds));
}

fn sell(till: &TillWindow, sell: &Sell) {
    let global = till.global::<window::Sell>();
    let earlier = match sell.lines.split_last() {
        Some((last, earlier)) => {
            global.set_last(LineRow::from(last));
            earlier
        }
        None => &[],
    };
    update(&global.get_earlier(), earlier);
    global.set_picture(face(&sell.picture));
    global.set_any_line(!sell.lines.is_empty());
    global.set_selected(position(sell.selected.min(earlier.len())));
    global.set_pieces(text(&sell.pieces));
    global.set_saved(text(&sell.saved));
    global.set_buyer(text(&sell.buyer));
    global.set_buyer_detail(text(&sell.buyer_detail));
    global.set_almost(text(&sell.almost));
    global.set_parked(text(&sell.parked));
    global.set_refund(sell.refund);
    global.set_currency(text(&sell.currency));
    global.set_total(text(&sell.total));
    global.set_entry(text(&sell.entry));
    global.set_entry_kind(match sell.entry_hint {
        EntryHint::Idle => EntryKind::Idle,
        EntryHint::Number => EntryKind::Number,
        EntryHint::Search => EntryKind::Search,
    });
    match &sell.side {
        Side::Grid { tabs, tab, tiles, chosen, pages } => {
            update(&global.get_tabs(), tabs);
            global.set_tab(position(*tab));
            update(&global.get_tiles(), tiles);
            global.set_tile_chosen(chosen.map_or(-1, position));
            global.set_page_before(pages.before);
            global.set_page_after(pages.after);
            global.set_searching(false);
        }
        Side::Results { results, selected, more } => {
            update(&global.get_results(), results);
            global.set_result(position(*selected));
            global.set_more_results(*more);
            global.set_searching(true);
        }
    }
    global.set_can_pay(sell.can_pay);
    scale(till, sell.scale.as_ref());
}

/// What stands where goods have their picture.
fn face(picture: &GoodsPicture) -> GoodsFace {
    match picture {
        GoodsPicture::Absent => GoodsFace::default(),
        GoodsPicture::Sign(sign) => GoodsFace { there: true, sign: text(sign), ..GoodsFace::default() },
        GoodsPicture::Is(picture) => {
            GoodsFace { there: true, has_picture: true, picture: picture.image(), ..GoodsFace::default() }
        }
    }
}

fn scale(till: &TillWindow, scale: Option<&Scale>) {
    let global = till.global::<window::Scale>();
    global.set_there(scale.is_some());
    let Some(scale) = scale else { return };
    global.set_kind(match scale.state {
        ScaleState::Idle => ScaleKind::Idle,
        ScaleState::Still => ScaleKind::Still,
        ScaleState::Moving => ScaleKind::Moving,
        ScaleState::Sold => ScaleKind::Sold,
        ScaleState::OverRange => ScaleKind::OverRange,
        ScaleState::UnderRange => ScaleKind::UnderRange,
        ScaleState::BelowMinimum => ScaleKind::BelowMinimum,
        ScaleState::Away => ScaleKind::Away,
    });
    global.set_weight(text(&scale.weight));
    global.set_net(scale.net);
    global.set_goods(text(&scale.goods));
    global.set_price(text(&scale.price));
}

fn sheet(till: &TillWindow, sheet: Option<&Sheet>) {
    let global = till.global::<window::Sheet>();
    let Some(sheet) = sheet else {
        global.set_open(false);
        global.set_writing(false);
        return;
    };
    global.set_tone(tone(sheet.tone));
    global.set_title(text(&sheet.title));
    global.set_text(text(&sheet.text));
    global.set_figure_label(sheet.figure.as_ref().map(|figure| text(&figure.label)).unwrap_or_default());
    global.set_figure(sheet.figure.as_ref().map(|figure| text(&figure.value)).unwrap_or_default());
    global.set_figure_tone(sheet.figure.as_ref().map_or(window::Tone::Quiet, |figure| tone(figure.tone)));
    update(&global.get_fields(), &sheet.fields);
    update(&global.get_rows(), &sheet.rows);
    global.set_selected(sheet.selected.map_or(-1, position));
    global.set_empty(text(&sheet.empty));
    update(&global.get_keys(), &sheet.keys);
    global.set_go(text(&sheet.go));
    global.set_go_value(text(&sheet.go_value));
    global.set_can_go(sheet.can_go && !sheet.go.is_empty());
    global.set_back(text(&sheet.back));
    global.set_letters(sheet.letters);
    global.set_address(sheet.script == Script::Address);
    global.set_capitals(sheet.script == Script::Capitals);
    global.set_writing(is_written(sheet));
    global.set_entry_label(text(&sheet.entry_label));
    global.set_entry(text(&sheet.entry));
    global.set_placeholder(text(&sheet.placeholder));
    global.set_has_picture(sheet.picture.is_some());
    if let Some(code) = &sheet.picture {
        global.set_picture(picture(code));
    }
    global.set_open(true);
}

/// Whether an input method may write into it.
fn is_written(sheet: &Sheet) -> bool {
    sheet.letters && sheet.script == Script::Words
}

/// A code as an image, one pixel a square.
pub(crate) fn picture(code: &Picture) -> slint::Image {
    let width = u32::try_from(code.width).unwrap_or(0);
    let height = u32::try_from(code.dark.len() / code.width.max(1)).unwrap_or(0);
    let mut pixels = slint::SharedPixelBuffer::<slint::Rgb8Pixel>::new(width, height);
    for (pixel, dark) in pixels.make_mut_slice().iter_mut().zip(&code.dark) {
        let shade = if *dark { 0 } else { 255 };
        *pixel = slint::Rgb8Pixel { r: shade, g: shade, b: shade };
    }
    slint::Image::from_rgb8(pixels)
}

fn tone(tone: Tone) -> window::Tone {
    match tone {
        Tone::Good => window::Tone::Good,
        Tone::Attend => window::Tone::Attend,
        Tone::Stop => window::Tone::Stop,
        Tone::Quiet => window::Tone::Quiet,
    }
}

fn pay(till: &TillWindow, pay: &Pay) {
    let global = till.global::<window::Pay>();
    global.set_currency(text(&pay.currency));
    global.set_total(text(&pay.total));
    global.set_rounding(text(&pay.rounding));
    global.set_due(text(&pay.due));
    global.set_tendered(text(&pay.tendered));
    global.set_change(text(&pay.change));
    global.set_missing(text(&pay.missing));
    update(&global.get_quick(), &pay.quick);
    update(&global.get_tenders(), &pay.tenders);
    update(&global.get_kinds(), &pay.kinds);
    global.set_refund(pay.refund);
    global.set_waiting(pay.waiting);
    global.set_saving(pay.saving);
}

fn done(till: &TillWindow, done: &Done) {
    let global = till.global::<window::Done>();
    global.set_currency(text(&done.currency));
    global.set_number(text(&done.number));
    global.set_payable(text(&done.payable));
    global.set_tendered(text(&done.tendered));
    global.set_great_label(text(&done.great_label));
    global.set_change(text(&done.change));
    global.set_refund(done.refund);
    global.set_paper(match done.paper {
        PaperState::None => PaperKind::None,
        PaperState::Waiting => PaperKind::Waiting,
        PaperState::Printing => PaperKind::Printing,
        PaperState::Printed => PaperKind::Printed,
        PaperState::Sent => PaperKind::Sent,
        PaperState::NotPrinted => PaperKind::NotPrinted,
        PaperState::InDoubt => PaperKind::InDoubt,
    });
}

fn notice(till: &TillWindow, notice: Option<&Notice>) {
    let global = till.global::<window::Notice>();
    let Some(notice) = notice else {
        global.set_kind(NoticeKind::None);
        return;
    };
    let (kind, subject) = match notice {
        Notice::UnknownCode { code } => (NoticeKind::UnknownCode, code.as_str()),
        Notice::PaymentCode => (NoticeKind::PaymentCode, ""),
        Notice::NotGoods { code } => (NoticeKind::NotGoods, code.as_str()),
        Notice::Misread { code } => (NoticeKind::Misread, code.as_str()),
        Notice::MalformedCode { at } => (NoticeKind::MalformedCode, at.as_str()),
        Notice::LabelRange { code } => (NoticeKind::LabelRange, code.as_str()),
        Notice::StaffCode { code } => (NoticeKind::StaffCode, code.as_str()),
        Notice::ReceiptCode { code } => (NoticeKind::ReceiptCode, code.as_str()),
        Notice::LabelCode { code } => (NoticeKind::LabelCode, code.as_str()),
        Notice::Expired { name } => (NoticeKind::Expired, name.as_str()),
        Notice::PastBest { name } => (NoticeKind::PastBest, name.as_str()),
        Notice::SerialInBasket { name } => (NoticeKind::SerialInBasket, name.as_str()),
        Notice::WeightNeeded { name } => (NoticeKind::WeightNeeded, name.as_str()),
        Notice::NotWeighed { name } => (NoticeKind::NotWeighed, name.as_str()),
        Notice::ScaleEmpty { name } => (NoticeKind::ScaleEmpty, name.as_str()),
        Notice::ScaleMoving { name } => (NoticeKind::ScaleMoving, name.as_str()),
        Notice::ScaleOverRange { name } => (NoticeKind::ScaleOverRange, name.as_str()),
        Notice::ScaleUnderRange { name } => (NoticeKind::ScaleUnderRange, name.as_str()),
        Notice::ScaleUnchanged { name } => (NoticeKind::ScaleUnchanged, name.as_str()),
        Notice::ScaleRefused { name } => (NoticeKind::ScaleRefused, name.as_str()),
        Notice::WeightByScaleOnly { name } => (NoticeKind::WeightByScaleOnly, name.as_str()),
        Notice::StillWeighing { name } => (NoticeKind::StillWeighing, name.as_str()),
        Notice::ScaleAway => (NoticeKind::ScaleAway, ""),
        Notice::ScaleOwnKey => (NoticeKind::ScaleOwnKey, ""),
        Notice::ScaleNotSet => (NoticeKind::ScaleNotSet, ""),
        Notice::PriceNeeded { name } => (NoticeKind::PriceNeeded, name.as_str()),
        Notice::PriceRange { range } => (NoticeKind::PriceRange, range.as_str()),
        Notice::PriceListed { name } => (NoticeKind::PriceListed, name.as_str()),
        Notice::PriceMissing { name } => (NoticeKind::PriceMissing, name.as_str()),
        Notice::LabelPriceDiffers { name } => (NoticeKind::LabelPriceDiffers, name.as_str()),
        Notice::AgeRestricted { name } => (NoticeKind::AgeRestricted, name.as_str()),
        Notice::BasketFull { lines } => (NoticeKind::BasketFull, lines.as_str()),
        Notice::QuantityRange { max } => (NoticeKind::QuantityRange, max.as_str()),
        Notice::QuantityWeighed => (NoticeKind::QuantityWeighed, ""),
        Notice::NoLine => (NoticeKind::NoLine, ""),
        Notice::LineVoided { name } => (NoticeKind::LineVoided, name.as_str()),
        Notice::BasketCancelled => (NoticeKind::BasketCancelled, ""),
        Notice::NothingFound { text } => (NoticeKind::NothingFound, text.as_str()),
        Notice::TooLittle { missing } => (NoticeKind::TooLittle, missing.as_str()),
        Notice::ChangeTooLarge { max } => (NoticeKind::ChangeTooLarge, max.as_str()),
        Notice::ScanWhilePaying => (NoticeKind::ScanWhilePaying, ""),
        Notice::WrongPin { wait_seconds } => {
            global.set_seconds(number(*wait_seconds));
            (NoticeKind::WrongPin, "")
        }
        Notice::UnknownStaff { number } => (NoticeKind::UnknownStaff, number.as_str()),
        Notice::SignInFirst => (NoticeKind::SignInFirst, ""),
        Notice::DiskFull => (NoticeKind::DiskFull, ""),
        Notice::LedgerFault { reason } => (NoticeKind::LedgerFault, reason.as_str()),
        Notice::ReferenceFault { reason } => (NoticeKind::ReferenceFault, reason.as_str()),
        Notice::BasketRestored { lines } => (NoticeKind::BasketRestored, lines.as_str()),
        Notice::ReceiptUnconfirmed { number } => (NoticeKind::ReceiptUnconfirmed, number.as_str()),
        Notice::Unfinished { list } => (NoticeKind::Unfinished, list.as_str()),
        Notice::ClockWrong { shown } => (NoticeKind::ClockWrong, shown.as_str()),
        Notice::NothingToReprint => (NoticeKind::NothingToReprint, ""),
        Notice::LastSale { change } => (NoticeKind::LastSale, change.as_str()),
        Notice::Reprinting { number } => (NoticeKind::Reprinting, number.as_str()),
        Notice::ApprovalNeeded => (NoticeKind::ApprovalNeeded, ""),
        Notice::MayNotApprove => (NoticeKind::MayNotApprove, ""),
        Notice::NothingToApprove => (NoticeKind::NothingToApprove, ""),
        Notice::ReasonNeeded => (NoticeKind::ReasonNeeded, ""),
        Notice::Locked => (NoticeKind::Locked, ""),
        Notice::DiscountRange => (NoticeKind::DiscountRange, ""),
        Notice::NotReducible { name } => (NoticeKind::NotReducible, name.as_str()),
        Notice::ParkedFull => (NoticeKind::ParkedFull, ""),
        Notice::NotParked => (NoticeKind::NotParked, ""),
        Notice::BasketParked { number } => (NoticeKind::BasketParked, number.as_str()),
        Notice::BasketFirst => (NoticeKind::BasketFirst, ""),
        Notice::TendersFirst => (NoticeKind::TendersFirst, ""),
        Notice::TendersFull => (NoticeKind::TendersFull, ""),
        Notice::NoTender => (NoticeKind::NoTender, ""),
        Notice::MoreThanDue { due } => (NoticeKind::MoreThanDue, due.as_str()),
        Notice::UnknownCurrency => (NoticeKind::UnknownCurrency, ""),
        Notice::AmountRange => (NoticeKind::AmountRange, ""),
        Notice::PayOutDue { amount } => (NoticeKind::PayOutDue, amount.as_str()),
        Notice::PaymentOpen => (NoticeKind::PaymentOpen, ""),
        Notice::NoTerminal => (NoticeKind::NoTerminal, ""),
        Notice::MemberJoined { member } => (NoticeKind::MemberJoined, member.as_str()),
        Notice::MemberUnknown { code } => (NoticeKind::MemberUnknown, code.as_str()),
        Notice::MemberFirst => (NoticeKind::MemberFirst, ""),
        Notice::PointsNotSpent => (NoticeKind::PointsNotSpent, ""),
        Notice::CouponLaid { off } => (NoticeKind::CouponLaid, off.as_str()),
        Notice::CouponUnknown { code } => (NoticeKind::CouponUnknown, code.as_str()),
        Notice::CouponExpired { until } => (NoticeKind::CouponExpired, until.as_str()),
        Notice::CouponNotYet { from } => (NoticeKind::CouponNotYet, from.as_str()),
        Notice::CouponUsed { code } => (NoticeKind::CouponUsed, code.as_str()),
        Notice::CouponReserved { code } => (NoticeKind::CouponReserved, code.as_str()),
        Notice::CouponWithdrawn { code } => (NoticeKind::CouponWithdrawn, code.as_str()),
        Notice::CouponTwice => (NoticeKind::CouponTwice, ""),
        Notice::CouponOtherMember => (NoticeKind::CouponOtherMember, ""),
        Notice::CouponTooMany { most } => (NoticeKind::CouponTooMany, most.as_str()),
        Notice::CouponOtherGoods => (NoticeKind::CouponOtherGoods, ""),
        Notice::CouponBelow { missing } => (NoticeKind::CouponBelow, missing.as_str()),
        Notice::CouponCondition => (NoticeKind::CouponCondition, ""),
        Notice::CouponOutdone => (NoticeKind::CouponOutdone, ""),
        Notice::CouponsFull => (NoticeKind::CouponsFull, ""),
        Notice::PaymentDeclined { reason } => (NoticeKind::PaymentDeclined, reason.as_str()),
        Notice::PaymentNotTaken => (NoticeKind::PaymentNotTaken, ""),
        Notice::PaymentInDoubt { number } => (NoticeKind::PaymentInDoubt, number.as_str()),
        Notice::TooManyInDoubt => (NoticeKind::TooManyInDoubt, ""),
        Notice::NoPayment => (NoticeKind::NoPayment, ""),
        Notice::RecallFirst => (NoticeKind::RecallFirst, ""),
        Notice::ReturnOpen => (NoticeKind::ReturnOpen, ""),
        Notice::NothingToReturn => (NoticeKind::NothingToReturn, ""),
        Notice::ReturnTooMuch { left } => (NoticeKind::ReturnTooMuch, left.as_str()),
        Notice::NotReturnable => (NoticeKind::NotReturnable, ""),
        Notice::ReturnedElsewhere => (NoticeKind::ReturnedElsewhere, ""),
        Notice::OpenShiftFirst => (NoticeKind::OpenShiftFirst, ""),
        Notice::ShiftIsOpen => (NoticeKind::ShiftIsOpen, ""),
        Notice::Said { tone: _, what, rest } => {
            global.set_said(text(rest));
            (NoticeKind::Said, what.as_str())
        }
    };
    global.set_subject(text(subject));
    global.set_tone(tone(notice.tone()));
    global.set_kind(kind);
}

fn text(text: &str) -> SharedString {
    SharedString::from(text)
}

fn number(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn position(position: usize) -> i32 {
    i32::try_from(position).unwrap_or(i32::MAX)
}

fn empty<Row: Clone + 'static>() -> ModelRc<Row> {
    ModelRc::from(Rc::new(VecModel::<Row>::default()))
}

/// A row of a list in the window, made from `Item`.
trait Shows<Item>: Clone + 'static {
    fn shows(&self, item: &Item) -> bool;
    fn of(item: &Item) -> Self;
}

impl Shows<Line> for LineRow {
    fn shows(&self, line: &Line) -> bool {
        self.number == line.number
            && self.name == line.name
            && self.detail == line.detail
            && self.promotion == line.promotion
            && self.quantity == line.quantity
            && self.unit_price == line.unit_price
            && self.net == line.net
            && self.age_open == line.age_open
            && self.returned == line.returned
    }

    fn of(line: &Line) -> Self {
        Self::from(line)
    }
}

impl From<&Line> for LineRow {
    fn from(line: &Line) -> Self {
        Self {
            number: text(&line.number),
            name: text(&line.name),
            detail: text(&line.detail),
            promotion: text(&line.promotion),
            quantity: text(&line.quantity),
            unit_price: text(&line.unit_price),
            net: text(&line.net),
            age_open: line.age_open,
            returned: line.returned,
        }
    }
}

impl Shows<Tile> for TileRow {
    fn shows(&self, tile: &Tile) -> bool {
        self.name == tile.name
            && self.spec == tile.spec
            && self.code == tile.code
            && self.price == tile.price
            && self.face == face(&tile.picture)
    }

    fn of(tile: &Tile) -> Self {
        Self {
            name: text(&tile.name),
            spec: text(&tile.spec),
            code: text(&tile.code),
            price: text(&tile.price),
            face: face(&tile.picture),
        }
    }
}

impl Shows<StaffTile> for StaffRow {
    fn shows(&self, person: &StaffTile) -> bool {
        self.number == person.number && self.name == person.name
    }

    fn of(person: &StaffTile) -> Self {
        Self { number: text(&person.number), name: text(&person.name) }
    }
}

impl Shows<SheetField> for FieldRow {
    fn shows(&self, field: &SheetField) -> bool {
        self.label == field.label && self.value == field.value && self.focused == field.focused
    }

    fn of(field: &SheetField) -> Self {
        Self { label: text(&field.label), value: text(&field.value), focused: field.focused }
    }
}

impl Shows<crate::view::SheetRow> for SheetRow {
    fn shows(&self, row: &crate::view::SheetRow) -> bool {
        self.key == row.key
            && self.name == row.name
            && self.detail == row.detail
            && self.value == row.value
            && self.tone == tone(row.tone)
            && self.share == number(row.share)
    }

    fn of(row: &crate::view::SheetRow) -> Self {
        Self {
            key: text(&row.key),
            name: text(&row.name),
            detail: text(&row.detail),
            value: text(&row.value),
            tone: tone(row.tone),
            share: number(row.share),
        }
    }
}

impl Shows<SheetKey> for SheetKeyRow {
    fn shows(&self, key: &SheetKey) -> bool {
        *self == Self::of(key)
    }

    fn of(key: &SheetKey) -> Self {
        Self {
            label: text(&key.label),
            shortcut: text(&key.shortcut),
            detail: text(&key.detail),
            on: key.on,
            stop: key.stop,
            enabled: key.enabled,
        }
    }
}

impl Shows<SheetKey> for KindRow {
    fn shows(&self, key: &SheetKey) -> bool {
        *self == Self::of(key)
    }

    fn of(key: &SheetKey) -> Self {
        Self { label: text(&key.label), shortcut: text(&key.shortcut), enabled: key.enabled }
    }
}

impl Shows<TenderLine> for TenderRow {
    fn shows(&self, tender: &TenderLine) -> bool {
        *self == Self::of(tender)
    }

    fn of(tender: &TenderLine) -> Self {
        Self { name: text(&tender.name), detail: text(&tender.detail), amount: text(&tender.amount) }
    }
}

impl Shows<String> for SharedString {
    fn shows(&self, item: &String) -> bool {
        self == item
    }

    fn of(item: &String) -> Self {
        Self::from(item)
    }
}

/// Makes the list show these items, touching only the rows between the first
/// and the last difference.
fn update<Item, Row: Shows<Item>>(list: &ModelRc<Row>, items: &[Item]) {
    let Some(rows) = list.as_any().downcast_ref::<VecModel<Row>>() else {
        debug_assert!(false, "`prepare` puts a VecModel into every list");
        return;
    };
    let shows = |row: usize, item: &Item| rows.row_data(row).is_some_and(|row| row.shows(item));
    let before = rows.row_count();
    let shorter = before.min(items.len());
    let head = (0..shorter).take_while(|&row| shows(row, &items[row])).count();
    let tail = (0..shorter - head)
        .take_while(|&back| shows(before - 1 - back, &items[items.len() - 1 - back]))
        .count();

    let (old_end, new_end) = (before - tail, items.len() - tail);
    let common_end = old_end.min(new_end);
    for (row, item) in items.iter().enumerate().take(common_end).skip(head) {
        rows.set_row_data(row, Row::of(item));
    }
    for _ in common_end..old_end {
        rows.remove(common_end);
    }
    for (row, item) in items.iter().enumerate().take(new_end).skip(common_end) {
        rows.insert(row, Row::of(item));
    }
}

#[cfg(test)]
mod tests {
    use super::{Shows, empty, update};
    use slint::{Model, ModelRc, SharedString};

    /// Shows one list after the other and looks at the rows each time.
    fn check(days: &[&[&str]]) {
        let list: ModelRc<SharedString> = empty();
        for items in days {
            let items: Vec<String> = items.iter().map(ToString::to_string).collect();
            update(&list, &items);
            assert_eq!(list.row_count(), items.len());
            assert!(list.iter().zip(&items).all(|(row, item)| row.shows(item)), "{items:?}");
        }
    }

    #[test]
    fn lines_are_added_taken_back_and_changed() {
        check(&[
            &[],
            &["milk"],
            &["milk", "tea"],
            &["tea"],
            &["tea", "tea", "milk"],
            &["tea", "milk"],
            &["rice", "milk"],
            &[],
        ]);
    }

    #[test]
    fn a_whole_new_basket_replaces_the_old_one() {
        check(&[
            &["milk", "tea", "rice"],
            &["salt"],
            &["milk", "salt", "oil", "tea", "rice"],
            &["rice", "tea", "oil", "salt", "milk"],
        ]);
    }
}
