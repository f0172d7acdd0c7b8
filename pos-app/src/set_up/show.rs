//! Each step of the set-up as a sheet: what it asks, what can be chosen, and the one key that goes on.

use ui::view::{
    Bar, Figure, Language, Screen, Script, SetUp as SetUpView, Sheet, SheetField, SheetKey, SheetRow, Theme,
    Tone, View,
};

use super::progress::Step;
use super::screens::Side;
use super::words::Told;
use super::{Field, SetUp, Waiting};
use crate::config::Mode;
use crate::present;
use crate::sheet::say;

/// HQ's clock and this machine's may differ by so much, milliseconds.
const CLOCK_OFF_MS: i64 = 5 * 60_000;

/// The longest value that stands as a large number, characters.
const FIGURE_MAX: usize = 14;

impl SetUp {
    /// What the screen shows now.
    pub fn view(&self) -> View {
        let sheet = match self.step() {
            Step::Language => self.show_language(),
            Step::Hq => self.show_hq(),
            Step::Store => self.show_store(),
            Step::Printer
            | Step::Scanner
            | Step::Scale
            | Step::BaggingScale
            | Step::Display
            | Step::Customer => self.show_device(),
            Step::Goods => self.show_goods(),
        };
        let sheet = if self.has_help { self.show_help() } else { self.telling(sheet) };
        let steps = Step::of(self.mode).map(|step| self.name(step)).collect();
        View {
            language: self.language,
            theme: self.theme,
            bar: Bar::default(),
            screen: Screen::SetUp(SetUpView { steps, at: self.step().place(self.mode), hints: self.hints() }),
            sheet: Some(sheet),
            notice: None,
        }
    }

    pub(super) fn words(&self, chinese: &str, english: &str) -> String {
        say(self.language, chinese, english)
    }

    /// The name of a step, as it stands across the top.
    pub(super) fn name(&self, step: Step) -> String {
        match step {
            Step::Language => self.words("语言", "Language"),
            Step::Hq => self.words("总部", "HQ"),
            Step::Store => self.words("门店", "Store"),
            Step::Printer => self.words("打印机", "Printer"),
            Step::Scanner => self.words("扫码枪", "Scanner"),
            Step::Scale => self.words("电子秤", "Scale"),
            Step::BaggingScale => self.words("装袋秤", "Bagging"),
            Step::Display => self.words("客显", "Display"),
            Step::Customer => self.words("顾客屏", "Customer"),
            Step::Goods => self.words("商品", "Goods"),
        }
    }

    /// What is to be told stands in place of what the step asks.
    fn telling(&self, sheet: Sheet) -> Sheet {
        let Some(told) = &self.told else { return sheet };
        let figure = self.figure(told).or(sheet.figure);
        Sheet { tone: told.tone, text: told.in_language(self.language).to_owned(), figure, ..sheet }
    }

    fn figure(&self, told: &Told) -> Option<Figure> {
        let value: String = told.value.chars().take(FIGURE_MAX).collect();
        (!value.is_empty()).then(|| Figure { label: self.name(self.step()), value, tone: told.tone })
    }

    pub(super) fn blank(&self, title: String) -> Sheet {
        Sheet {
            title,
            back: self.words("返回", "Back"),
            go: self.words("下一步", "Next"),
            ..Sheet::default()
        }
    }

    /// The keys beside the sheet.
    pub(super) fn keys(&self) -> Vec<SheetKey> {
        let key = |label: String, shortcut: &str| SheetKey {
            label,
            shortcut: shortcut.to_owned(),
            enabled: true,
            ..SheetKey::default()
        };
        match self.step() {
            Step::Language => vec![key(
                match self.theme {
                    Theme::Light => self.words("深色", "Dark"),
                    Theme::Dark => self.words("浅色", "Light"),
                },
                "F4",
            )],
            Step::Store if self.agent.identity.is_some() && self.invited.is_none() => {
                vec![key(self.words("换一个注册码", "Another code"), "F8")]
            }
            Step::Hq | Step::Store | Step::Goods => Vec::new(),
            Step::Printer
            | Step::Scanner
            | Step::Scale
            | Step::BaggingScale
            | Step::Display
            | Step::Customer => {
                let second = match self.step() {
                    Step::Customer => self.words("再找一遍", "Look again"),
                    Step::Language
                    | Step::Hq
                    | Step::Store
                    | Step::Printer
                    | Step::Scanner
                    | Step::Scale
                    | Step::BaggingScale
                    | Step::Display
                    | Step::Goods => self.words("输入地址", "Type address"),
                };
                let mut keys = vec![key(self.test_words(), "F5"), key(second, "F2")];
                for (index, model) in self.device.models().iter().enumerate() {
                    let shortcut = format!("F{}", index + 6);
                    let on = index == self.device.model;
                    let detail = self.model_words(model);
                    keys.push(SheetKey { on, detail, ..key((*model).to_owned(), &shortcut) });
                }
                keys
            }
        }
    }

    fn test_words(&self) -> String {
        match self.step() {
            Step::Printer => self.words("打一张试试", "Test print"),
            Step::Scanner => self.words("扫一下试试", "Test scan"),
            Step::Scale | Step::BaggingScale => self.words("称一下试试", "Test weighing"),
            Step::Display => self.words("显示一下", "Test display"),
            Step::Customer => self.words("显示一下", "Test picture"),
            Step::Language | Step::Hq | Step::Store | Step::Goods => String::new(),
        }
    }

    fn show_language(&self) -> Sheet {
        let row = |name: &str, language| SheetRow {
            key: String::new(),
            name: name.to_owned(),
            detail: String::new(),
            value: if self.language == language { "✓".to_owned() } else { String::new() },
            tone: Tone::Quiet,
            share: 0,
        };
        Sheet {
            text: "选择语言，随时可换。 Choose a language; it can be changed at any time.".to_owned(),
            rows: vec![row("中文", Language::Chinese), row("English", Language::English)],
            selected: Some(usize::from(self.language == Language::English)),
            keys: self.keys(),
            back: String::new(),
            ..self.blank("语言 Language".to_owned())
        }
    }

    fn show_hq(&self) -> Sheet {
        let field =
            |label: String, value: &str, focused| SheetField { label, value: value.to_owned(), focused };
        let (address, code) =
            (self.words("总部地址", "Address of HQ"), self.words("一次性注册码", "One-time code"));
        let (entry_label, entry, placeholder) = match self.field {
            Field::Address => (address.clone(), self.progress.hq.clone(), "hq.example".to_owned()),
            Field::Code => (code.clone(), self.code.clone(), "XXXX-XXXX-XXXX".to_owned()),
        };
        let text = match self.waiting {
            None => self.words(
                "扫总部给的二维码，就不用打字。没有就输入地址和注册码。",
                "Scan the square code from HQ and type nothing. Without one, type address and code.",
            ),
            Some(Waiting::Look) => self.words("正在问总部……", "Asking HQ …"),
            Some(Waiting::Exchange) => self.words("正在注册……", "Enrolling …"),
        };
        Sheet {
            text,
            fields: vec![
                field(address, &self.progress.hq, self.field == Field::Address),
                field(code, &self.code, self.field == Field::Code),
            ],
            letters: true,
            script: Script::Address,
            can_go: self.waiting.is_none(),
            entry_label,
            entry,
            placeholder,
            ..self.blank(self.words("总部在哪里", "Where is HQ?"))
        }
    }

    fn show_store(&self) -> Sheet {
        let fact = |name: String, value: String| SheetRow {
            key: String::new(),
            name,
            detail: String::new(),
            value,
            tone: Tone::Quiet,
            share: 0,
        };
        let (store, lane) = (self.words("门店", "Store"), self.words("收银台", "Lane"));
        let (hq, address) = (self.words("总部", "HQ"), self.progress.hq.clone());
        let Some(invited) = &self.invited else {
            let identity = self.agent.identity.as_ref();
            let told =
                |text: fn(&ledger::journal::Identity) -> String| identity.map(text).unwrap_or_default();
            return Sheet {
                text: self.words("本台已注册。", "This till is enrolled."),
                rows: vec![
                    fact(store, told(|identity| identity.store.clone())),
                    fact(lane, told(|identity| identity.lane.to_string())),
                    fact(hq, address),
                ],
                keys: self.keys(),
                ..self.blank(self.words("门店和台号", "Store and lane"))
            };
        };
        let name = match self.language {
            Language::Chinese => &invited.name_zh,
            Language::English => &invited.name_en,
        };
        let mut rows = vec![
            SheetRow { detail: invited.store.clone(), ..fact(store, name.clone()) },
            fact(lane, invited.lane.to_string()),
            fact(hq, address),
        ];
        if let Some(enrolled_ms) = invited.enrolled_at_ms {
            let since = present::local_time(enrolled_ms, self.moment.offset_minutes, "%Y-%m-%d");
            rows.push(SheetRow {
                tone: Tone::Attend,
                detail: self.words(
                    "换机器才继续；原来那台还在用就会停",
                    "Only where this one replaces it: the other will stop",
                ),
                ..fact(self.words("这个台号已有一台", "There is a till of this number"), since)
            });
        }
        let difference_ms = invited.now_ms - self.moment.now_ms;
        if difference_ms.abs() > CLOCK_OFF_MS {
            let at = |at_ms| present::local_time(at_ms, self.moment.offset_minutes, "%m-%d %H:%M");
            let (here, there) = (at(self.moment.now_ms), at(invited.now_ms));
            rows.push(SheetRow {
                tone: Tone::Stop,
                detail: self.words(
                    &format!("本机 {here}，总部 {there}。校准：sudo timedatectl set-ntp true"),
                    &format!("Here {here}, HQ {there}. Set it: sudo timedatectl set-ntp true"),
                ),
                ..fact(self.words("本机时间不对", "This machine's clock is off"), String::new())
            });
        }
        let waits = self.waiting.is_some();
        Sheet {
            text: if waits {
                self.words("正在注册……", "Enrolling …")
            } else {
                self.words("注册以后，本台就是：", "After this, this till is:")
            },
            rows,
            go: self.words("对，就是这台", "Yes, this one"),
            can_go: !waits,
            back: if waits { String::new() } else { self.words("不对", "No") },
            ..self.blank(self.words("是这家店、这个台吗？", "Is it this store and lane?"))
        }
    }

    fn show_device(&self) -> Sheet {
        let none = match self.step() {
            Step::Scanner => self.words("像键盘一样接，或没有", "Acts as a keyboard, or none"),
            Step::Language
            | Step::Hq
            | Step::Store
            | Step::Printer
            | Step::Scale
            | Step::BaggingScale
            | Step::Display
            | Step::Customer
            | Step::Goods => self.words("没有", "None"),
        };
        let row = |name: String, detail: String| SheetRow {
            key: String::new(),
            name,
            detail,
            value: String::new(),
            tone: Tone::Quiet,
            share: 0,
        };
        let found = self.device.found.iter().enumerate().map(|(index, port)| {
            if let Some(screen) = self.device.screen(index) {
                let size = format!("{} × {}", screen.width, screen.height);
                return row(self.side(screen.side), format!("{size} · {}", screen.name));
            }
            if self.other_scale() == Some(port.path.as_str()) {
                let name = self.other_scale_name();
                return row(name, port.path.clone());
            }
            match port.name.as_str() {
                "" if self.step() == Step::Customer => {
                    row(self.words("现在的位置", "Where it is now"), port.path.clone())
                }
                "" => row(port.path.clone(), String::new()),
                name => row(name.to_owned(), port.path.clone()),
            }
        });
        let typed = (!self.device.typed.is_empty()).then(|| {
            let place = self.device.place_typed();
            if self.other_scale() == Some(place.as_str()) {
                return row(self.other_scale_name(), place);
            }
            row(place, self.words("网络地址", "address on the network"))
        });
        let mut rows: Vec<SheetRow> =
            std::iter::once(row(none, String::new())).chain(found).chain(typed).collect();
        if let Some(chosen) = rows.get_mut(self.device.row()) {
            chosen.value = "✓".to_owned();
        }
        let title = match self.step() {
            Step::Printer => self.words("小票打印机接在哪里？", "Where is the receipt printer?"),
            Step::Scanner => self.words("扫码枪接在哪里？", "Where is the scanner?"),
            Step::Scale if self.mode == Mode::Kiosk => {
                self.words("顾客称散货的秤接在哪里？", "Where is the scale for loose goods?")
            }
            Step::Scale => self.words("电子秤接在哪里？", "Where is the scale?"),
            Step::BaggingScale => {
                self.words("装袋区的秤接在哪里？", "Where is the scale under the bagging area?")
            }
            Step::Customer => self.words("顾客看哪块屏幕？", "Which screen is the customer's?"),
            Step::Display | Step::Language | Step::Hq | Step::Store | Step::Goods => {
                self.words("客显接在哪里？", "Where is the customer display?")
            }
        };
        let text = match self.step() {
            Step::Scanner => self.words(
                "大多数扫码枪像键盘：现在扫一个商品，响了就好。",
                "Most scanners act as keyboards: scan something now; if it is read, all is well.",
            ),
            Step::BaggingScale => self.words(
                "选一个，点“称一下试试”，放一样东西到装袋区。没有装袋秤就选“没有”。",
                "Choose one, test it, and put something in the bagging area. Choose None where there is none.",
            ),
            Step::Customer if self.device.found.is_empty() => self.words(
                "只找到这一块屏幕。有顾客屏就接上，再点“再找一遍”；没有就下一步。",
                "No other screen was found. Plug the customer's in and look again, or go on where there is none.",
            ),
            Step::Customer => self.words(
                "选一块，点“显示一下”，看测试画面出现在哪里。没有顾客屏就选“没有”。",
                "Choose one, test it, and look where the picture is. Choose None where the customer has none.",
            ),
            Step::Language
            | Step::Hq
            | Step::Store
            | Step::Printer
            | Step::Scale
            | Step::Display
            | Step::Goods => self.words(
                "选它接在哪里和型号，试一下，再到下一步。没有就选“没有”。",
                "Choose where it is and its model, test it, go on. Choose None where there is none.",
            ),
        };
        let (entry_label, placeholder) = if self.step() == Step::Customer {
            // A screen has no address.
            (String::new(), String::new())
        } else {
            let example = if self.step() == Step::Printer { "192.168.1.87" } else { "192.168.1.88:4001" };
            (self.words("网络地址", "Address on the network"), example.to_owned())
        };
        Sheet {
            text,
            rows,
            selected: Some(self.device.row()),
            keys: self.keys(),
            letters: self.device.has_letters,
            script: Script::Address,
            entry_label,
            entry: self.device.typed.clone(),
            placeholder,
            ..self.blank(title)
        }
    }

    /// A screen by where it is, seen from this one.
    fn side(&self, side: Side) -> String {
        match side {
            Side::Left => self.words("左边的屏幕", "Screen at the left"),
            Side::Right => self.words("右边的屏幕", "Screen at the right"),
            Side::Above => self.words("上面的屏幕", "Screen above"),
            Side::Below => self.words("下面的屏幕", "Screen below"),
        }
    }

    /// What a line is that has the lane's other scale.
    fn other_scale_name(&self) -> String {
        if self.step() == Step::BaggingScale {
            self.words("称重的秤", "The scale for loose goods")
        } else {
            self.words("装袋区的秤", "The scale of the bagging area")
        }
    }

    fn show_goods(&self) -> Sheet {
        let fact = |name: String, value: String, tone| SheetRow {
            key: String::new(),
            name,
            detail: String::new(),
            value,
            tone,
            share: 0,
        };
        let contact = self.agent.contact_ms.map_or_else(
            || self.words("还没有", "not yet"),
            |at_ms| present::local_time(at_ms, self.moment.offset_minutes, "%H:%M:%S"),
        );
        let here = self.goods.is_some();
        let agent = match self.agent_away {
            None => self.words("在运行", "running"),
            Some(_) => self.words("正在起动", "starting"),
        };
        let mut rows = vec![
            fact(self.words("同步程序", "Sync program"), agent, Tone::Quiet),
            fact(self.words("总部应答", "HQ answered"), contact, Tone::Quiet),
        ];
        if let Some(alarm) = &self.agent.alarm {
            rows.push(SheetRow {
                detail: alarm.clone(),
                ..fact(self.words("总部不收", "HQ refuses"), String::new(), Tone::Stop)
            });
        }
        Sheet {
            tone: if here { Tone::Good } else { Tone::Quiet },
            text: if here {
                self.words("全部就绪。", "All is ready.")
            } else {
                self.words(
                    "正从总部取商品和价格，几分钟就好。可以离开，断电也不怕。",
                    "Goods and prices are on their way from HQ; it takes minutes. You may leave; a power cut does no harm.",
                )
            },
            figure: Some(Figure {
                label: self.words("已有商品", "Goods here"),
                value: self.goods.unwrap_or(0).to_string(),
                tone: if here { Tone::Good } else { Tone::Quiet },
            }),
            rows,
            go: self.words("开始收银", "Begin selling"),
            can_go: here,
            ..self.blank(self.words("商品", "Goods"))
        }
    }
}
