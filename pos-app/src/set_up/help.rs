//! What is good to know at a step of the set-up, and its keys for whoever has a keyboard.

use drivers::printer::{Charset, Profile};
use ui::view::{Sheet, SheetRow, Tone};

use super::SetUp;
use super::progress::Step;

impl SetUp {
    /// A few lines for whoever does not know what to choose; each fits below what the step asks.
    pub(super) fn hints(&self) -> Vec<String> {
        if self.has_help {
            return Vec::new();
        }
        let hints: &[(&str, &str)] = match self.step() {
            Step::Language => &[
                ("语言和深浅色以后随时可换。", "Language and colours can be changed later."),
                (
                    "中途断电或关机没关系，下次从停下的那一步接着来。",
                    "A power cut does no harm: the next start goes on at the step where it stopped.",
                ),
            ],
            Step::Hq => &[
                (
                    "二维码，或者地址和注册码，都由总部发给你。",
                    "The square code, or address and one-time code, come from HQ.",
                ),
                (
                    "注册码用一次就作废；过期了请总部再发一个。",
                    "A code works once. Where its time is over, HQ gives another.",
                ),
            ],
            Step::Store => &[(
                "不是这家店或这个台号就返回，请总部换一个注册码。",
                "Where it is another store or lane, go back and ask HQ for another code.",
            )],
            Step::Printer => &[
                (
                    "USB 打印机插好就在列表里；网络打印机输入它的地址。",
                    "A printer at USB stands in the list; of one on the network type the address.",
                ),
                (
                    "型号不知道：80 毫米的纸选 generic-80，58 毫米选 generic-58。",
                    "Model not known: generic-80 for paper 80 mm wide, generic-58 for 58 mm.",
                ),
            ],
            Step::Scanner => &[(
                "只有接串口的扫码枪才在列表里选。",
                "Only a scanner at a serial line is chosen in the list.",
            )],
            Step::Scale | Step::BaggingScale => &[
                (
                    "型号不知道就一个一个试：数字对了就是它。",
                    "Model not known: test one after the other until the weight is right.",
                ),
                (
                    "串口服务器上的秤输入地址和端口。",
                    "Of a scale behind a serial server type address and port.",
                ),
            ],
            Step::Display => &[(
                "型号不知道就一个一个试，看客显上出现什么。",
                "Model not known: test one after the other and look at the display.",
            )],
            Step::Customer => &[(
                "屏幕接上、点亮以后才找得到。",
                "A screen is found once it is plugged in and switched on.",
            )],
            Step::Goods => {
                &[("商品到了以后，断网也照样卖。", "Once goods are here, selling needs no line to HQ.")]
            }
        };
        hints.iter().map(|(chinese, english)| self.words(chinese, english)).collect()
    }

    /// What the keys do here.
    pub(super) fn show_help(&self) -> Sheet {
        let row = |key: &str, chinese: &str, english: &str| SheetRow {
            key: String::new(),
            name: self.words(chinese, english),
            detail: String::new(),
            value: key.to_owned(),
            tone: Tone::Quiet,
            share: 0,
        };
        let mut rows = vec![
            row("Enter", "下一步", "Go on"),
            row("Esc", "退回一步；输入的先留着", "One step back; what was typed stays"),
        ];
        match self.step() {
            Step::Hq => {
                rows.push(row("Tab ↑ ↓", "换到另一个空格", "The other field"));
                rows.push(row("Delete", "清空这一格", "Empty the field"));
            }
            Step::Language => rows.push(row("↑ ↓", "选择", "Choose")),
            Step::Printer
            | Step::Scanner
            | Step::Scale
            | Step::BaggingScale
            | Step::Display
            | Step::Customer => {
                rows.push(row("↑ ↓", "选接在哪里", "Choose where it is"));
                if !self.device.models().is_empty() {
                    rows.push(row("← →", "选型号", "Choose the model"));
                }
                if self.step() != Step::Customer {
                    rows.push(row("0–9 A–Z", "直接输入网络地址", "Type an address on the network"));
                    rows.push(row("Delete", "清掉输入的地址", "Take the address out"));
                }
            }
            Step::Store | Step::Goods => {}
        }
        // Of models there are the keys themselves.
        let acts = self.keys().into_iter().filter(|key| key.detail.is_empty());
        rows.extend(
            acts.take(ACTS_MAX).map(|key| SheetRow { name: key.label, ..row(&key.shortcut, "", "") }),
        );
        rows.push(row("F1", "收起帮助", "Put this away"));
        Sheet {
            text: self.words(
                "用鼠标或手指点也一样。右上角换语言和深浅色。",
                "A finger or a mouse does all of it too. At the top right are language and colours.",
            ),
            rows,
            go: self.words("知道了", "Done"),
            ..self.blank(format!("{} · {}", self.words("帮助", "Help"), self.name(self.step())))
        }
    }

    /// What a model is, beside its id; empty where that says no more.
    pub(super) fn model_words(&self, model: &str) -> String {
        if self.step() != Step::Printer {
            return String::new();
        }
        let Ok(profile) = Profile::parse(model) else { return String::new() };
        let paper = if profile.columns > COLUMNS_58_MM { "80 mm" } else { "58 mm" };
        let cutter =
            if profile.cutter { self.words("切纸", "cuts") } else { self.words("手撕", "uncut") };
        let charset = match profile.charset {
            Charset::Gbk => "GBK",
            Charset::Gb18030 => "GB18030",
            Charset::Utf8 => "UTF-8",
        };
        format!("{paper} {cutter} {charset}")
    }
}

/// Lines on paper 58 mm wide have no more columns.
const COLUMNS_58_MM: usize = 32;

/// The test and the letters; what follows are models.
const ACTS_MAX: usize = 2;
