//! What a kiosk shows: one thing to do on each page, derived from the till and from where the customer stands.

mod thanks;

use domain::basket::Line;
use domain::catalogue::Catalogue;
use domain::payment::Belongs;
use domain::till::Desk;
use domain::till::kiosk::Cause;
use ui::customer::Picture;
use ui::kiosk::{Go, Goods, KioskBar, KioskKey, KioskPage, KioskView, Row};
use ui::view::{Closed, PrinterState, ScaleState, Tone};

use super::{Kiosk, Page, saying, shelf};
use crate::lane::{Lane, OpenLane, State};
use crate::present;
pub(super) use thanks::paper_is_missing;

/// A page with its ways and keys; the bar and the notice are put around it.
pub(super) struct Shown {
    pub(super) page: KioskPage,
    pub(super) title: String,
    pub(super) back: String,
    pub(super) go: Option<Go>,
    pub(super) keys: Vec<KioskKey>,
    /// Whether the customer may change how it looks and call somebody.
    pub(super) helps: bool,
    /// Whether the attendant's place is there.
    pub(super) staff: bool,
}

pub(super) fn plain(title: String, text: String) -> KioskPage {
    KioskPage::Plain { title, text, great_label: String::new(), great: String::new(), code: None }
}

fn go(label: String) -> Option<Go> {
    Some(Go { label, enabled: true, ..Go::default() })
}

pub(super) fn key(label: String, tone: Tone) -> KioskKey {
    KioskKey { label, detail: String::new(), tone, enabled: true }
}

impl Lane {
    /// What the kiosk's window shows now; nothing where this is none.
    pub fn kiosk_view(&self) -> KioskView {
        let Some(kiosk) = &self.kiosk else { return KioskView::default() };
        let shown = self.kiosk_shown(kiosk);
        let helps = |zh: &str, en: &str| if shown.helps { self.words(zh, en) } else { String::new() };
        let called = self.is_help_called();
        let store = if let State::Open(open) = &self.state {
            present::store_name(open.store(), self.front.language)
        } else {
            String::new()
        };
        KioskView {
            store,
            look: kiosk.look,
            bar: KioskBar {
                title: shown.title,
                language: helps("English", "中文"),
                large: if kiosk.look.large {
                    helps("小字", "Small type")
                } else {
                    helps("大字", "Large type")
                },
                contrast: if kiosk.look.contrast {
                    helps("普通", "Plain")
                } else {
                    helps("高对比", "Contrast")
                },
                help: if called { helps("已呼叫", "Called") } else { helps("呼叫店员", "Call staff") },
                staff: if shown.staff { self.words("店员", "Staff") } else { String::new() },
            },
            page: shown.page,
            // What was said before is not what the question is about.
            notice: kiosk
                .notice
                .clone()
                .or_else(|| self.bag_notice())
                .filter(|_| self.warned_seconds().is_none()),
            back: shown.back,
            go: shown.go,
            keys: shown.keys,
        }
    }

    fn kiosk_shown(&self, kiosk: &Kiosk) -> Shown {
        let blank = Shown {
            page: plain(String::new(), String::new()),
            title: String::new(),
            back: String::new(),
            go: None,
            keys: Vec::new(),
            helps: true,
            staff: true,
        };
        let open = match &self.state {
            State::Closed(closed) => return self.show_out_of_service(closed, blank),
            State::Open(open) => open,
        };
        if kiosk.gate.is_some() {
            return self.show_gate(open, blank);
        }
        if kiosk.session.is_some() {
            return self.show_session(open, blank);
        }
        if let Some(seconds) = self.warned_seconds() {
            return self.show_warning(seconds, blank);
        }
        if kiosk.asks {
            return self.show_help_question(blank);
        }
        match open.till().desk() {
            Desk::SignedOut | Desk::Locked(_) => Shown {
                page: plain(
                    self.words("本机暂未开放", "This kiosk is closed"),
                    self.words("请到其他自助机或人工收银台。", "Please use another kiosk or a manned till."),
                ),
                go: go(self.words("店员开机", "Staff: open it")),
                helps: false,
                staff: false,
                ..blank
            },
            Desk::Saving(..) => Shown {
                page: plain(self.words("正在保存…", "Saving…"), String::new()),
                helps: false,
                staff: false,
                ..blank
            },
            Desk::Done(_, sale, seq) => self.show_thanks(open, kiosk, sale.payable, *seq, blank),
            Desk::Paying(_) => self.show_payment_page(open, blank),
            Desk::Selling(_) => self.show_goods_page(open, kiosk, blank),
        }
    }

    fn show_out_of_service(&self, closed: &Closed, blank: Shown) -> Shown {
        let (text, detail) = match closed {
            Closed::NotEnrolled { command } => {
                (("本机还没有登记。", "This lane is not enrolled."), command.clone())
            }
            Closed::WaitingForGoods => (("商品资料还没有到。", "Goods have not arrived yet."), String::new()),
            Closed::DiskFailed { reason, .. } => (
                ("磁盘写不进去，已有的销售都在。", "The disk refused a write; past sales are kept."),
                reason.clone(),
            ),
            Closed::EndLost { at_hq, here, .. } => (
                ("账本缺了末尾，总部那里有。", "The ledger lacks its end; HQ has it."),
                format!("{here} / {at_hq}"),
            ),
            Closed::Ledger { reason, .. } => (
                ("账本出了问题，已有的销售都在。", "The ledger refuses; past sales are kept."),
                reason.clone(),
            ),
        };
        let detail: String = detail.chars().take(160).collect();
        Shown {
            page: plain(
                self.words("本机暂停服务", "This kiosk is out of service"),
                self.words(
                    &format!("请到其他自助机或人工收银台。\n\n{}{detail}", text.0),
                    &format!("Please use another kiosk or a manned till.\n\n{} {detail}", text.1),
                ),
            ),
            helps: false,
            staff: false,
            ..blank
        }
    }

    fn show_warning(&self, seconds: i64, blank: Shown) -> Shown {
        let any = self.till().is_some_and(|till| !till.basket().lines().is_empty());
        let text = if any {
            self.words("之后商品会替您搁下，由店员保管。", "Then your goods are put aside for the staff.")
        } else {
            self.words("之后回到首页。", "Then it starts over.")
        };
        Shown {
            page: KioskPage::Plain {
                title: self.words("您还在吗？", "Are you still there?"),
                text,
                great_label: self.words("剩下的秒数", "Seconds left"),
                great: seconds.to_string(),
                code: None,
            },
            back: self.words("我走了", "I am leaving"),
            go: go(self.words("继续", "Go on")),
            ..blank
        }
    }

    fn show_gate(&self, open: &OpenLane, blank: Shown) -> Shown {
        let Some(gate) = self.kiosk.as_ref().and_then(|kiosk| kiosk.gate.as_ref()) else { return blank };
        let (title, typed) = match &gate.number {
            None => (self.words("店员工号", "Staff number"), gate.typed.clone()),
            Some(_) => (self.words("密码", "PIN"), "●".repeat(gate.typed.chars().count())),
        };
        let member = gate
            .number
            .as_ref()
            .and_then(|number| open.staff().iter().find(|member| member.number == *number));
        let wait = member.map_or(0, |member| open.till().pin_wait_seconds(&member.id, self.moment.now_ms));
        let text = match member {
            _ if wait > 0 => {
                self.words(&format!("密码不对，{wait} 秒后再试。"), &format!("Wrong PIN: wait {wait} s."))
            }
            Some(member) => member.name.clone(),
            None => self.words("仅限店员。顾客请按“返回”。", "For staff. Customers, touch Back."),
        };
        Shown {
            page: KioskPage::Pad { title, text, typed, erase: self.words("退格", "Delete one digit") },
            back: self.words("返回", "Back"),
            go: Some(Go {
                label: self.words("确定", "OK"),
                enabled: !gate.typed.is_empty() && wait == 0,
                ..Go::default()
            }),
            staff: false,
            ..blank
        }
    }

    fn show_session(&self, open: &OpenLane, blank: Shown) -> Shown {
        let Some(kiosk) = &self.kiosk else { return blank };
        let name = kiosk.session.as_ref().map(|session| session.staff.name.clone()).unwrap_or_default();
        if let Some(audit) = kiosk.audit {
            let found = audit.found;
            let row = |zh: &str, en: &str, count: u32| Row {
                name: self.words(zh, en),
                count: count.to_string(),
                less: self.words(&format!("{zh}：减一"), &format!("{en}: one less")),
                more: self.words(&format!("{zh}：加一"), &format!("{en}: one more")),
                ..Row::default()
            };
            return Shown {
                page: KioskPage::List {
                    title: self.words("抽查", "Spot check"),
                    text: self.words(
                        "数一数看过几件、发现什么。漏扫的随后请顾客补扫。",
                        "Count what you looked at and found. What was missed is scanned afterwards.",
                    ),
                    rows: vec![
                        row("看过", "Looked at", found.checked),
                        row("漏扫", "Not rung up", found.missed),
                        row("扫成别的", "Rung up as something else", found.wrong),
                        row("多扫", "Rung up too often", found.overcharged),
                    ],
                },
                back: self.words("返回", "Back"),
                go: Some(Go {
                    label: self.words("记下", "Write it down"),
                    enabled: found.checked > 0,
                    ..Go::default()
                }),
                helps: false,
                staff: false,
                ..blank
            };
        }
        let basket = open.basket();
        let total = open.settings().currency.format_with_symbol(basket.total());
        let printer = match present::printer(self) {
            PrinterState::PaperOut => self.words(" · 打印机缺纸", " · printer out of paper"),
            PrinterState::CoverOpen => self.words(" · 打印机盖开着", " · printer cover open"),
            PrinterState::Offline { .. } => self.words(" · 打印机离线", " · printer offline"),
            PrinterState::PaperLow => self.words(" · 纸快用完", " · paper low"),
            PrinterState::Absent
            | PrinterState::Connecting
            | PrinterState::Ready
            | PrinterState::Printing
            | PrinterState::Unknown => String::new(),
        };
        let bagging = if self.is_bagging_away() {
            self.words(" · 装袋秤离线", " · bagging scale offline")
        } else {
            String::new()
        };
        let text = self.words(
            &format!("{name} · 当前 {} 件 {total}{printer}{bagging}", basket.pieces()),
            &format!("{name} · {} pieces {total}{printer}{bagging}", basket.pieces()),
        );
        Shown {
            page: KioskPage::List {
                title: self.words("店员操作", "Attendant"),
                text,
                rows: self.attendant_rows(open),
            },
            go: go(self.words("离开", "Leave")),
            helps: false,
            staff: false,
            ..blank
        }
    }

    fn show_goods_page(&self, open: &OpenLane, kiosk: &Kiosk, blank: Shown) -> Shown {
        if !kiosk.begun && open.basket().is_untouched() {
            return Shown {
                page: plain(
                    self.words("自助收银", "Self-checkout"),
                    self.words(
                        "1   扫描商品，或手机购物篮\n2   手机付款\n3   取走小票和商品\n\n扫第一件就开始",
                        "1   Scan your items, or your phone's basket\n2   Pay by phone\n3   Take receipt and goods\n\nScan the first one to begin",
                    ),
                ),
                title: present::store_name(open.store(), self.front.language),
                go: go(self.words("触摸开始", "Touch to start")),
                ..blank
            };
        }
        if self.scale.is_waiting() {
            return self.show_weighing(blank);
        }
        if let Some(question) = self.bag_question(open) {
            return Shown {
                page: plain(self.words(question.title.0, question.title.1), question.text),
                title: self.words("装袋区", "Bagging area"),
                keys: question.keys.into_iter().map(|(_, label)| key(label, Tone::Quiet)).collect(),
                ..blank
            };
        }
        match &kiosk.page {
            Page::Scan => self.show_scan(open, blank),
            Page::Goods { tab, typed } => self.show_shelf(open, kiosk, *tab, typed, blank),
            Page::Bags => self.show_bags(open, blank),
            Page::Member { typed } => self.show_member_page(open, typed, blank),
            Page::Phones => self.show_phones_page(open, blank),
            Page::Wait(cause) => self.show_wait(*cause, blank),
        }
    }

    fn show_phones_page(&self, open: &OpenLane, blank: Shown) -> Shown {
        let row = |row: crate::phone::Differing| Row {
            name: row.name,
            detail: row.detail,
            value: row.value,
            tone: Some(row.tone),
            ..Row::default()
        };
        Shown {
            page: KioskPage::List {
                title: self.words("和手机上的不一样", "Not what your phone showed"),
                text: self.words(
                    "还没有收钱。不要的商品可以取出，再付款。",
                    "Nothing was charged. Take out what you do not want, then pay.",
                ),
                rows: self.differing(open).into_iter().map(row).collect(),
            },
            title: self.words("手机购物篮", "Your phone's basket"),
            back: self.words("返回", "Back"),
            go: Some(Go {
                label: self.words("知道了", "I see"),
                value: open.settings().currency.format_with_symbol(open.basket().total()),
                detail: String::new(),
                enabled: true,
            }),
            ..blank
        }
    }

    fn show_scan(&self, open: &OpenLane, blank: Shown) -> Shown {
        let basket = open.basket();
        let currency = &open.settings().currency;
        let lines: Vec<Goods> = basket.lines().iter().rev().map(|line| self.goods_of(open, line)).collect();
        let saved = basket.saved();
        let pieces = basket.pieces();
        let items = if pieces == 1 { "1 item".to_owned() } else { format!("{pieces} items") };
        let detail = if saved.is_positive() {
            let saved = currency.format(saved);
            self.words(&format!("{pieces} 件，已省 {saved}"), &format!("{items}, you save {saved}"))
        } else {
            self.words(&format!("{pieces} 件"), &items)
        };
        let member = basket.member();
        let mut keys = vec![
            key(self.words("无条码商品", "Goods without a code"), Tone::Quiet),
            match member {
                None => key(self.words("会员码 / 优惠券", "Member / coupon"), Tone::Quiet),
                Some(member) => KioskKey {
                    detail: member.shown.clone(),
                    ..key(self.words("会员", "Member"), Tone::Good)
                },
            },
        ];
        if !self.config.kiosk.bags.is_empty() {
            keys.push(key(self.words("购物袋", "Bags"), Tone::Quiet));
        }
        if self.is_waiting_for_bagging() {
            keys.push(key(self.words("放不下，叫店员", "It does not fit"), Tone::Quiet));
        }
        let any = !lines.is_empty();
        Shown {
            page: KioskPage::Scan {
                lines, empty: self.words("请扫描商品条码", "Scan the code of an item")
            },
            title: self.words("请扫描商品条码", "Scan your items"),
            go: Some(Go {
                label: self.words("去付款", "Pay"),
                value: currency.format_with_symbol(basket.total()),
                detail,
                enabled: any,
            }),
            keys,
            ..blank
        }
    }

    fn goods_of(&self, open: &OpenLane, line: &Line) -> Goods {
        let currency = &open.settings().currency;
        let name = present::name(&line.item, self.front.language);
        let unit = currency.format(line.unit_price);
        let count = match &line.unit {
            Some(unit) => {
                let name = self.words(&unit.name_zh, &unit.name_en);
                format!(" ×{} {name}", line.quantity)
            }
            None if line.item.weighed => format!(" {} kg", line.quantity),
            None if line.quantity.pieces() == Some(1) => String::new(),
            None => format!(" ×{}", line.quantity),
        };
        let spec = present::spec(&line.item, self.front.language);
        let detail = if line.item.weighed {
            format!("{unit}/kg")
        } else if count.is_empty() {
            spec.to_owned()
        } else {
            format!("{spec}  {unit}").trim_start().to_owned()
        };
        let saving: Vec<String> = present::taken_off(line)
            .into_iter()
            .map(|(promotion, off)| {
                format!(
                    "{} −{}",
                    present::promotion_name(promotion, self.front.language),
                    currency.format(off)
                )
            })
            .collect();
        let open_age = open.basket().age_open().any(|open| open.number == line.number);
        Goods {
            detail: if open_age {
                self.words("需店员确认年满 18 岁", "Staff must confirm 18+")
            } else {
                detail
            },
            saving: saving.join(" · "),
            price: currency.format(line.net()),
            sign: shelf::sign(&name),
            kind: shelf::ground(&line.item.category),
            picture: self.picture_of(&line.item.sku),
            remove: self.words(&format!("取出{name}"), &format!("Take out {name}")),
            name: format!("{name}{count}"),
        }
    }

    /// The kiosk's own picture goes before that of HQ.
    fn picture_of(&self, sku: &str) -> Option<Picture> {
        let own = self.kiosk.as_ref().and_then(|kiosk| kiosk.shelf.picture(sku));
        own.or_else(|| self.pictures.of(sku))
    }

    fn show_weighing(&self, blank: Shown) -> Shown {
        let Some(scale) = self.scale_view() else { return blank };
        let (title, text) = match scale.state {
            ScaleState::Idle | ScaleState::Still | ScaleState::BelowMinimum => (
                ("请把商品放到秤上", "Put it on the scale"),
                ("放稳就会自动加上。", "It is added as soon as it lies still."),
            ),
            ScaleState::Moving => (("请放稳", "Keep it still"), ("正在称重…", "Weighing…")),
            ScaleState::Sold => (
                ("请先拿走刚才的商品", "Take the last goods off first"),
                ("再放上新的。", "Then put the next ones on."),
            ),
            ScaleState::OverRange => {
                (("太重了", "Too heavy"), ("请按“呼叫店员”。", "Please call the staff."))
            }
            ScaleState::UnderRange => {
                (("请先清空秤", "Empty the scale"), ("再放上商品。", "Then put the goods on."))
            }
            ScaleState::Away => (
                ("秤现在用不了", "The scale does not answer"),
                ("请按“呼叫店员”。", "Please call the staff."),
            ),
        };
        Shown {
            page: KioskPage::Plain {
                title: self.words(title.0, title.1),
                text: self.words(text.0, text.1),
                great_label: format!("{} · {}", scale.goods, scale.price),
                great: if scale.weight.is_empty() { "– kg".to_owned() } else { scale.weight },
                code: None,
            },
            title: self.words("称重", "Weighing"),
            back: self.words("不要了", "Leave it out"),
            ..blank
        }
    }

    fn show_shelf(&self, open: &OpenLane, kiosk: &Kiosk, tab: usize, typed: &str, blank: Shown) -> Shown {
        let tabs = kiosk.shelf.kinds().iter().map(|kind| self.words(&kind.name_zh, &kind.name_en)).collect();
        let tile = |item: &std::sync::Arc<domain::catalogue::Item>| {
            let tile = present::tile(self, open, item);
            Goods {
                sign: shelf::sign(&tile.name),
                kind: shelf::ground(&item.category),
                picture: self.picture_of(&item.sku),
                name: tile.name,
                price: format!("{}  {}", tile.price, tile.spec).trim_end().to_owned(),
                detail: String::new(),
                saving: String::new(),
                remove: String::new(),
            }
        };
        let offered = kiosk.shelf.offered(open, tab, typed);
        Shown {
            page: KioskPage::Goods {
                tabs,
                tab: if typed.is_empty() { i32::try_from(tab).unwrap_or(-1) } else { -1 },
                tiles: offered.iter().map(tile).collect(),
                empty: self.words("没有这样的商品", "No such goods"),
                erase: self.words("退格", "Delete one letter"),
            },
            title: if typed.is_empty() {
                self.words("选商品或点首字母", "Choose goods")
            } else {
                self.words(&format!("首字母：{typed}"), &format!("Initials: {typed}"))
            },
            back: self.words("返回", "Back"),
            ..blank
        }
    }

    fn show_bags(&self, open: &OpenLane, blank: Shown) -> Shown {
        let currency = &open.settings().currency;
        let mut bags = 0;
        let rows = self
            .config
            .kiosk
            .bags
            .iter()
            .map(|sku| {
                let item = open.reference().item_by_sku(sku).ok().flatten();
                let count = self.bag_line(sku).map_or(0, |(_, count)| count);
                bags += count;
                let name = item
                    .as_ref()
                    .map_or_else(|| sku.clone(), |item| present::name(item, self.front.language));
                let spec = item.as_ref().map(|item| item.spec.clone()).unwrap_or_default();
                let price =
                    item.as_ref().map(|item| present::tile(self, open, item).price).unwrap_or_default();
                let full = format!("{name} {spec}").trim_end().to_owned();
                Row {
                    detail: if price.is_empty() {
                        String::new()
                    } else {
                        format!("{}{price}", currency.symbol)
                    },
                    count: count.to_string(),
                    less: self.words(&format!("{full}：减一"), &format!("{full}: one less")),
                    more: self.words(&format!("{full}：加一"), &format!("{full}: one more")),
                    name: full,
                    ..Row::default()
                }
            })
            .collect();
        let any = !open.basket().lines().is_empty();
        let on = if bags > 0 { self.words("继续", "Go on") } else { self.words("不用袋子", "No bag") };
        Shown {
            page: KioskPage::List {
                title: self.words("要购物袋吗？", "Do you need a bag?"),
                text: self.words(
                    "塑料袋按规定收费，也可以用自己的袋子。",
                    "Bags are charged for. Your own are welcome.",
                ),
                rows,
            },
            back: self.words("返回", "Back"),
            go: any.then(|| Go {
                label: on,
                value: currency.format_with_symbol(open.basket().total()),
                detail: String::new(),
                enabled: true,
            }),
            ..blank
        }
    }

    fn show_member_page(&self, open: &OpenLane, typed: &str, blank: Shown) -> Shown {
        let member = open.basket().member();
        let any = !open.basket().lines().is_empty();
        let (title, text, label) = match member {
            Some(member) => (
                self.words("欢迎，会员", "Welcome, member"),
                member.shown.clone(),
                self.words("继续", "Go on"),
            ),
            None if typed.is_empty() => (
                self.words("是会员吗？", "Are you a member?"),
                self.words(
                    "请扫会员码或优惠券，或输入手机号。",
                    "Scan your member code or coupon, or type your phone number.",
                ),
                if any {
                    self.words("不是会员，去付款", "Not a member: pay")
                } else {
                    self.words("不是会员", "Not a member")
                },
            ),
            None => (self.words("手机号", "Phone number"), String::new(), self.words("查找", "Look up")),
        };
        // A telephone number is nobody else's to read.
        let digits = typed.chars().count();
        let hidden: String = typed
            .chars()
            .enumerate()
            .map(|(at, digit)| if digits.saturating_sub(at) > 4 { '●' } else { digit })
            .collect();
        if member.is_some() {
            return Shown {
                page: plain(title, text),
                title: self.words("会员与优惠券", "Member and coupons"),
                back: self.words("返回", "Back"),
                go: go(label),
                keys: vec![key(self.words("不用会员", "Without it"), Tone::Quiet)],
                ..blank
            };
        }
        Shown {
            page: KioskPage::Pad {
                title,
                text,
                typed: hidden,
                erase: self.words("退格", "Delete one digit"),
            },
            title: self.words("会员与优惠券", "Member and coupons"),
            back: self.words("返回", "Back"),
            go: go(label),
            ..blank
        }
    }

    fn show_wait(&self, cause: Cause, blank: Shown) -> Shown {
        let (title, text) = saying::wait_words(cause);
        let keys = match cause {
            Cause::Age => vec![key(self.words("不要了，放回去", "Put it back instead"), Tone::Quiet)],
            Cause::Removal
            | Cause::Pieces
            | Cause::Total
            | Cause::Payment
            | Cause::NotBagged
            | Cause::WrongWeight
            | Cause::Unexpected
            | Cause::TakenOff
            | Cause::Audit
            | Cause::Cash
            | Cause::Help
            | Cause::PriceQuery
            | Cause::CouponQuery => Vec::new(),
        };
        Shown {
            page: plain(self.words(title.0, title.1), self.words(text.0, text.1)),
            title: self.words("已呼叫店员", "The staff is called"),
            back: match cause {
                Cause::Removal => self.words("不取了", "Keep it"),
                _ => self.words("返回", "Back"),
            },
            keys,
            ..blank
        }
    }

    fn show_payment_page(&self, open: &OpenLane, blank: Shown) -> Shown {
        let till = open.till();
        let currency = &open.settings().currency;
        let due = currency.format_with_symbol(till.due(open.settings()).exact);
        let payment = till.payments().iter().find(|payment| payment.belongs == Belongs::Open);
        let called = |cause| till.kiosk().is_called(cause);
        if let Some(payment) = payment.filter(|payment| payment.is_active()) {
            let wallet =
                present::tender_name(domain::tender::TenderKind::Wallet(payment.wallet), self.front.language);
            let (title, text) = if payment.is_reversing() {
                (
                    ("正在取消付款", "Cancelling the payment"),
                    ("请稍等，确认没有扣款。", "One moment: making sure that nothing is charged."),
                )
            } else {
                (
                    ("请在手机上确认", "Confirm it on your phone"),
                    ("正在等钱包答复，请不要离开。", "Waiting for the wallet. Please stay."),
                )
            };
            return Shown {
                page: KioskPage::Plain {
                    title: self.words(title.0, title.1),
                    text: self.words(text.0, text.1),
                    great_label: wallet,
                    great: currency.format_with_symbol(payment.amount),
                    code: None,
                },
                title: self.words("付款中", "Paying"),
                back: if payment.is_reversing() {
                    String::new()
                } else {
                    self.words("取消付款", "Cancel the payment")
                },
                ..blank
            };
        }
        if called(Cause::Payment) {
            let wait = self.show_wait(Cause::Payment, blank);
            let keys = match payment {
                Some(_) => vec![key(self.words("再查一次", "Check again"), Tone::Quiet)],
                None => Vec::new(),
            };
            // What was asked for in a payment that nobody knows the end of stays as it is.
            let back = if payment.is_some() { String::new() } else { wait.back.clone() };
            return Shown { keys, back, ..wait };
        }
        if called(Cause::Cash) {
            return self.show_wait(Cause::Cash, blank);
        }
        Shown {
            page: KioskPage::Plain {
                title: self.words("请出示付款码", "Show your payment code"),
                text: self.words(
                    "微信或支付宝的付款码，对准扫描口。",
                    "WeChat Pay or Alipay: hold the code to the scanner.",
                ),
                great_label: self.words("应付", "To pay"),
                great: due,
                code: None,
            },
            title: self.words("付款", "Payment"),
            back: self.words("返回", "Back"),
            keys: vec![key(self.words("付现金（店员来收）", "Cash (the staff takes it)"), Tone::Quiet)],
            ..blank
        }
    }
}
