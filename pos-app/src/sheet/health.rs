//! How the lane, its devices and its line to HQ are, with what can be tried on the spot.

use std::sync::Arc;

use domain::barcode::Barcode;
use domain::catalogue::{Catalogue, Item};
use drivers::frame::Health;
use drivers::scale::Reading;
use drivers::sound::Tone as Sound;
use ui::view::{self, Language, PrinterState, SheetKey, SheetRow, SyncState, Tone};

use super::{Open, fact, key};
use crate::lane::{Command, Lane, OpenLane, State};
use crate::present;

/// The most characters of a code that was scanned to try a scanner.
const SCAN_SHOWN_MAX: usize = 48;

/// How many rows stand above those of scanners: HQ, what is sent and set aside, printer and papers.
const SCANNERS_ROW: usize = 5;

/// A clock that is farther from HQ's wants somebody: a price or a promotion would change too early or too late, ms.
pub(crate) const CLOCK_APART_MS: i64 = 60_000;

impl Lane {
    pub(super) fn show_health(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let journal = open.journal();
        let head = journal.head().seq;
        let waiting = head.saturating_sub(self.agent.position.acknowledged);
        let contact = self.agent.contact_ms.map_or_else(
            || self.words("还没有", "never"),
            |at_ms| present::local_time(at_ms, self.moment.offset_minutes, "%Y-%m-%d %H:%M"),
        );
        let sync = present::sync(self, open);
        let sync_tone = match sync {
            SyncState::Synced { .. } => Tone::Good,
            SyncState::Sending { .. } | SyncState::Unknown | SyncState::Training => Tone::Quiet,
            SyncState::Offline { .. } => Tone::Attend,
        };
        let (printer, printer_tone) = self.printer_words();
        let configured = |there: bool| {
            if there { self.words("已配置", "set up") } else { self.words("没有", "none") }
        };
        let wallets = [
            ("微信", "WeChat", self.config.payment.wechat.is_some()),
            ("支付宝", "Alipay", self.config.payment.alipay.is_some()),
        ];
        let wallets: Vec<String> = wallets
            .iter()
            .filter(|(.., there)| *there)
            .map(|(chinese, english, _)| self.words(chinese, english))
            .collect();
        let mut rows = vec![
            SheetRow {
                tone: sync_tone, ..fact(self.words("总部最后应答", "HQ last answered"), contact)
            },
            SheetRow {
                tone: if waiting > 0 && sync_tone == Tone::Attend { Tone::Attend } else { Tone::Quiet },
                ..fact(self.words("待上传", "Waiting to be sent"), waiting.to_string())
            },
            self.quarantine_row(),
            SheetRow {
                tone: printer_tone, ..fact(self.words("小票打印机", "Receipt printer"), printer)
            },
            fact(self.words("待打小票", "Receipts waiting"), open.till().papers().len().to_string()),
            fact(
                self.words("付款码", "Payment by code"),
                if wallets.is_empty() { configured(false) } else { wallets.join(" · ") },
            ),
            fact(self.words("商品版本", "Version of goods"), open.version().to_string()),
            fact(self.words("流水号", "Last number"), head.to_string()),
            self.clock_row(),
            fact(self.words("收银台", "Lane"), journal.identity().to_string()),
            fact(self.words("软件", "Program"), format!("Guitai {} · GPL-3.0", env!("CARGO_PKG_VERSION"))),
        ];
        let place = rows.len().min(SCANNERS_ROW);
        let devices = self.scanner_rows().into_iter().chain([self.scale_row(), self.pole_row()]);
        rows.splice(place..place, devices);
        if sheet.tries_scans {
            // What was read last stands first.
            let read = sheet.listed.first().cloned().unwrap_or_else(|| SheetRow {
                tone: Tone::Attend,
                detail: self
                    .words("现在扫到的只显示，不加入购物篮。", "What is scanned now is shown, and not sold."),
                ..fact(self.words("请扫一个码", "Scan something"), "")
            });
            rows.insert(0, read);
        }
        if let Some(alarm) = &self.agent.alarm {
            rows.insert(
                0,
                SheetRow {
                    tone: Tone::Stop,
                    detail: alarm.clone(),
                    ..fact(
                        self.words(
                            "总部不再收本台数据，请叫技术员",
                            "HQ takes no more from this lane: call a technician",
                        ),
                        "",
                    )
                },
            );
        }
        for reason in open.reference().refused_promotions().into_iter().take(4) {
            rows.push(SheetRow {
                tone: Tone::Attend,
                detail: reason,
                ..fact(self.words("有促销没用上", "A promotion was left out"), "")
            });
        }
        let (has_printer, has_pole) = (self.config.printer.is_some(), self.config.display.is_some());
        view::Sheet {
            text: self.words("卖货不用等这些：断网、没打印机也照常卖。", "Selling waits for none of these."),
            selected: Some(sheet.row),
            rows,
            keys: vec![
                SheetKey { enabled: has_printer, ..key(self.words("打测试页", "Test print"), "F5") },
                SheetKey { enabled: has_printer, ..key(self.words("试开钱箱", "Test drawer"), "F6") },
                key(self.words("试声音", "Test sound"), "F7"),
                SheetKey { on: sheet.tries_scans, ..key(self.words("试扫码枪", "Test scanner"), "F8") },
                SheetKey { enabled: has_pole, ..key(self.words("试客显", "Test display"), "F9") },
            ],
            go: self.words("好了", "Done"),
            ..self.blank(self.words("设备与状态", "Devices and state"))
        }
    }

    /// What time it is here, and how far that is from HQ's.
    fn clock_row(&self) -> SheetRow {
        let name = self.words("本机时间", "This machine's time");
        let now = present::local_time(self.moment.now_ms, self.moment.offset_minutes, "%Y-%m-%d %H:%M");
        let Some(apart_ms) = self.agent.apart_ms else { return fact(name, now) };
        let far = apart_ms.abs() >= CLOCK_APART_MS;
        let seconds = apart_ms.abs() / 1_000;
        let span = match (seconds / 60, self.front.language) {
            (0..5, Language::Chinese) => format!("{seconds} 秒"),
            (0..5, Language::English) => format!("{seconds} s"),
            (minutes @ 5..300, Language::Chinese) => format!("{minutes} 分钟"),
            (minutes @ 5..300, Language::English) => format!("{minutes} min"),
            (minutes, Language::Chinese) => format!("{} 小时", minutes / 60),
            (minutes, Language::English) => format!("{} h", minutes / 60),
        };
        let detail = match (far, apart_ms > 0) {
            (false, _) => self.words("和总部一致", "as HQ's"),
            (true, true) => super::say(
                self.front.language,
                &format!("比总部快 {span}。价格和促销按本机时间换，请叫技术员校时。"),
                &format!("{span} ahead of HQ. Prices change by this clock: have a technician set it."),
            ),
            (true, false) => super::say(
                self.front.language,
                &format!("比总部慢 {span}。价格和促销按本机时间换，请叫技术员校时。"),
                &format!("{span} behind HQ. Prices change by this clock: have a technician set it."),
            ),
        };
        SheetRow { tone: if far { Tone::Attend } else { Tone::Quiet }, detail, ..fact(name, now) }
    }

    /// How many of this lane's events HQ set aside, and what to do about them.
    fn quarantine_row(&self) -> SheetRow {
        let name = self.words("总部搁置（未入账）", "Set aside at HQ (not booked)");
        let aside = self.agent.position.quarantined;
        if aside == 0 {
            return fact(name, self.words("没有", "none"));
        }
        let detail = self.words(
            "照常卖货，记录都在。请把这个数告诉总部：升级总部程序后会自己入账。",
            "Go on selling: nothing is lost. Tell HQ this number: a newer program there books them by itself.",
        );
        SheetRow { tone: Tone::Attend, detail, ..fact(name, aside.to_string()) }
    }

    /// A row for each scanner that has a line of its own.
    fn scanner_rows(&self) -> Vec<SheetRow> {
        let name = || self.words("扫码枪", "Scanner");
        let rows: Vec<SheetRow> = self
            .config
            .all_scanners()
            .map(|scanner| self.device_row(name(), &scanner.path, self.scanners.get(&scanner.path)))
            .collect();
        if rows.is_empty() { vec![fact(name(), self.words("按键盘接", "as a keyboard"))] } else { rows }
    }

    fn scale_row(&self) -> SheetRow {
        let name = self.words("电子秤", "Scale");
        match &self.config.scale {
            None => fact(name, self.words("没有", "none")),
            Some(scale) => {
                let row = self.device_row(name, &scale.port, self.scale.health());
                // What lies on it, so that a weight one knows can be put there.
                match self.scale.reading() {
                    Some(Reading::Stable(load)) if row.tone == Tone::Good => {
                        SheetRow { value: format!("{} · {}", row.value, load.weight), ..row }
                    }
                    _ => row,
                }
            }
        }
    }

    /// What a scanner read while they are tried: what stands in the code, and what that is here.
    pub(super) fn scan_to_try(&mut self, text: &str) -> bool {
        let Some(barcode) = self.recognised(text) else { return false };
        let State::Open(open) = &self.state else { return false };
        let reference = open.reference();
        let named = |item: Option<Arc<Item>>| match item {
            Some(item) => present::name(&item, self.front.language),
            None => self.words("没有这个商品", "no such goods"),
        };
        let what = match &barcode {
            Barcode::Goods(goods) => {
                named(reference.item_by_gtin(&goods.gtin).ok().flatten().map(|found| found.item))
            }
            Barcode::Scale(label) => named(reference.item_by_plu(&label.plu).ok().flatten()),
            Barcode::ItemCode(code) => named(reference.item_by_plu(code).ok().flatten()),
            Barcode::Member(_) => self.words("会员码", "a member's card"),
            Barcode::Coupon(_) => self.words("券", "a coupon"),
            Barcode::Staff(_) => self.words("工牌", "a card of the staff"),
            Barcode::Receipt(_) => self.words("小票", "a receipt"),
            Barcode::Label(_) => self.words("价签", "a shelf label"),
            Barcode::Phone(_) => self.words("手机上的码", "a phone's code"),
            Barcode::Payment => self.words("付款码", "a payment code"),
            Barcode::Misread(..) | Barcode::Malformed(_) => {
                self.words("没读对，请再扫", "misread: scan again")
            }
            Barcode::Other(_) => self.words("别的码", "another code"),
        };
        // A payment code is money: no more of it than says that it was read.
        let shown: String = match barcode {
            Barcode::Payment => format!("{}…", text.chars().take(4).collect::<String>()),
            Barcode::Goods(_)
            | Barcode::Scale(_)
            | Barcode::ItemCode(_)
            | Barcode::Member(_)
            | Barcode::Coupon(_)
            | Barcode::Staff(_)
            | Barcode::Receipt(_)
            | Barcode::Label(_)
            | Barcode::Phone(_)
            | Barcode::Misread(..)
            | Barcode::Malformed(_)
            | Barcode::Other(_) => {
                text.chars().filter(|character| !character.is_control()).take(SCAN_SHOWN_MAX).collect()
            }
        };
        let row =
            SheetRow { tone: Tone::Good, detail: shown, ..fact(self.words("刚扫到", "Just read"), what) };
        if let Some(sheet) = self.sheet_mut() {
            sheet.listed = vec![row];
        }
        self.commands.push(Command::Play(Sound::Accepted));
        true
    }

    fn pole_row(&self) -> SheetRow {
        let name = self.words("客显", "Customer display");
        match (&self.config.display, &self.pole) {
            (None, _) => fact(name, self.words("没有", "none")),
            // A display never answers: what can be known is that its line is open.
            (Some(display), Some(Health::Ready | Health::Unknown)) => SheetRow {
                tone: Tone::Good,
                detail: display.port.clone(),
                ..fact(name, self.words("已接上", "connected"))
            },
            (
                Some(display),
                health @ (None | Some(Health::Connecting | Health::Degraded(_) | Health::Offline { .. })),
            ) => self.device_row(name, &display.port, health.as_ref()),
        }
    }

    /// How a device is that says so, and where it is.
    fn device_row(&self, name: String, place: &str, health: Option<&Health>) -> SheetRow {
        let (value, tone, detail) = match health {
            Some(Health::Ready) => (self.words("正常", "ready"), Tone::Good, None),
            Some(Health::Offline { reason }) => (self.words("连不上", "offline"), Tone::Stop, Some(reason)),
            Some(Health::Degraded(_)) => (self.words("要看一下", "look at it"), Tone::Attend, None),
            Some(Health::Connecting | Health::Unknown) | None => {
                (self.words("正在连接", "connecting"), Tone::Quiet, None)
            }
        };
        let detail = match detail {
            Some(reason) if reason.contains(place) => reason.clone(),
            Some(reason) => format!("{place}: {reason}"),
            None => place.to_owned(),
        };
        SheetRow { tone, detail, ..fact(name, value) }
    }

    fn printer_words(&self) -> (String, Tone) {
        match present::printer(self) {
            PrinterState::Absent => (self.words("没有", "none"), Tone::Quiet),
            PrinterState::Connecting => (self.words("正在连接", "connecting"), Tone::Quiet),
            PrinterState::Ready => (self.words("正常", "ready"), Tone::Good),
            PrinterState::Printing => (self.words("正在打印", "printing"), Tone::Good),
            PrinterState::Unknown => (self.words("不应答", "silent"), Tone::Attend),
            PrinterState::PaperLow => (self.words("纸快用完", "paper low"), Tone::Attend),
            PrinterState::PaperOut => (self.words("缺纸", "paper out"), Tone::Stop),
            PrinterState::CoverOpen => (self.words("盖子没关", "cover open"), Tone::Stop),
            PrinterState::Offline { .. } => (self.words("连不上", "offline"), Tone::Stop),
        }
    }

    pub(super) fn key_health(&mut self, index: usize) {
        match index {
            0 => {
                let words = self.words("测试页：打印机正常", "Test page: the printer works");
                let time =
                    present::local_time(self.moment.now_ms, self.moment.offset_minutes, "%Y-%m-%d %H:%M");
                let paper =
                    drivers::printer::Document::new().title("Guitai 柜台").centred(words).centred(time).cut();
                self.print_other(paper);
            }
            1 => self.open_sheet(super::Kind::Drawer),
            3 => {
                if let Some(sheet) = self.sheet_mut() {
                    sheet.tries_scans = !sheet.tries_scans;
                    sheet.listed.clear();
                }
            }
            4 => self.commands.push(Command::TryPole),
            _ => {
                for tone in [Sound::Accepted, Sound::Unknown, Sound::Blocked] {
                    self.commands.push(Command::Play(tone));
                }
            }
        }
    }
}
