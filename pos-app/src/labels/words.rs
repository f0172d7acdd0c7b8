//! How things stand with a label, in words of both languages.

use domain::label::{LabelItem, LabelNumber};
use ledger::reference::shelf::{HeldBack, LabelCondition, LabelState, PanelAccent, PanelSeen};
use ui::view::{LabelStage, Language, Tone};

use super::seen::{Priced, Seen};
use crate::lane::Lane;
use crate::present;
use crate::sheet::say;

/// Characters of a label's number that people look at: the last ones differ.
const NUMBER_SHOWN: usize = 12;

/// How a label is, in a row.
pub(super) struct Standing {
    pub what: String,
    pub detail: String,
    pub tone: Tone,
}

/// A label's number as it stands on it, without the zeros in front.
pub(super) fn short(number: &LabelNumber) -> String {
    let digits = number.as_str();
    let digits = digits.strip_prefix("0000").filter(|rest| rest.len() == NUMBER_SHOWN).unwrap_or(digits);
    digits.to_owned()
}

/// The same in pairs, as printed.
pub(super) fn spaced(number: &LabelNumber) -> String {
    let digits: Vec<char> = short(number).chars().collect();
    digits.chunks(2).map(|pair| pair.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// A panel's size and ink.
pub(super) fn panel(seen: PanelSeen, language: Language) -> String {
    if seen.width == 0 {
        let kind = seen.hw_type;
        return say(
            language,
            &format!("型号 {kind:02X}，尺寸未知"),
            &format!("type {kind:02X}, size not known"),
        );
    }
    let ink = match seen.accent {
        PanelAccent::None => ("黑白", "black and white"),
        PanelAccent::Red => ("黑白红", "with red"),
        PanelAccent::Yellow => ("黑白黄", "with yellow"),
    };
    let (width, height) = (seen.width, seen.height);
    say(language, &format!("{width}×{height} {}", ink.0), &format!("{width}×{height} {}", ink.1))
}

/// For whom a lower price waits.
pub(super) fn held(held: Option<&HeldBack>, language: Language) -> String {
    match held {
        Some(HeldBack::Lanes { lanes }) => {
            let lanes = lanes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            say(language, &format!("等 {lanes} 号机收到新价"), &format!("waits for lane {lanes}"))
        }
        Some(HeldBack::Hq {}) => say(language, "等总部说其他收银机已更新", "waits for HQ's word on lanes"),
        None => say(language, "等收银机收到新价", "waits for tills"),
    }
}

/// Why a gateway does not work, or works badly: the agent says it as its driver has it.
pub(super) fn gateway_why(english: &str, language: Language) -> String {
    let (chinese, english) = match english {
        "" => return String::new(),
        why if why.starts_with("Connecting") => ("正在连接", "Connecting"),
        why if why.starts_with("Offline") => {
            ("连不上，看看电源和网线", "Not reached: check its power and its cable")
        }
        why if why.starts_with("Unknown") => ("还没有应答", "No answer yet"),
        _ => ("工作不正常，请重启它", "It does not work well: restart it"),
    };
    say(language, chinese, english)
}

/// Why a label has no face, or will not show it, and what to do: short, in both languages. What the agent says that
/// is not known here is said in its own words.
pub(super) fn why(english: &str, language: Language) -> String {
    let known = WHY.iter().find(|(part, _, _)| english.contains(part));
    known.map_or_else(|| english.to_owned(), |(_, zh, en)| say(language, zh, en))
}

/// A part of what the agent says, and what the staff is told. The first that fits counts.
const WHY: &[(&str, &str, &str)] = &[
    ("is not sold here", "有商品本店不卖，请换商品", "An item is not sold here: bind another"),
    ("is not sold in pack", "没有这个包装，请换商品", "There is no such pack: bind another"),
    (
        "has no price of its own",
        "这个商品的价格要手输，不能上价签",
        "Its price is typed at the till: no label can show it",
    ),
    ("has no price", "商品没有价格，请总部定价", "It has no price: HQ sets one"),
    ("has no room", "这种尺寸放不下，请换大的或换模板", "No room on this size: another template or label"),
    ("cannot be made", "这种尺寸放不下，请换大的或换模板", "No room on this size: another template or label"),
    ("there is no template", "没有这个模板，请换模板", "There is no such template: choose another"),
    ("did not confirm", "多次没有应答，看看电池和距离", "It did not answer: check battery and distance"),
    ("had no effect", "基站收下了但没有效果，请重启基站", "The gateway did nothing: restart it"),
    ("does not know the label", "基站不认识它，拿近一些并唤醒", "Bring it close to a gateway and wake it"),
    ("sleeps", "价签休眠了，按它的按钮唤醒", "It sleeps: wake it by its button"),
    (
        "neither we nor the access point know",
        "不认识这种型号，请换价签",
        "An unknown type: take another label",
    ),
    ("refuses", "基站拒绝了，请叫技术人员", "The gateway refuses: call for help"),
];

impl Lane {
    /// A clock time of today, or a date with it.
    pub(super) fn labels_time(&self, at_ms: i64) -> String {
        let offset = self.moment.offset_minutes;
        let day = |at_ms| present::local_time(at_ms, offset, "%m-%d");
        let form = if day(at_ms) == day(self.moment.now_ms) { "%H:%M" } else { "%m-%d %H:%M" };
        present::local_time(at_ms, offset, form)
    }

    /// How long ago something was.
    pub(super) fn labels_ago(&self, ms: i64) -> String {
        let minutes = ms.max(0) / 60_000;
        match minutes {
            0 => self.words("刚才", "just now"),
            1..120 => self.words(&format!("{minutes} 分钟前"), &format!("{minutes} min ago")),
            120..2_880 => self.words(&format!("{} 小时前", minutes / 60), &format!("{} h ago", minutes / 60)),
            _ => self.words(&format!("{} 天前", minutes / 1_440), &format!("{} d ago", minutes / 1_440)),
        }
    }

    /// What a label stands for, in one line.
    pub(super) fn labels_names(&self, seen: &Seen) -> String {
        let names: Vec<String> = seen.items.iter().map(|priced| self.item_name(priced)).collect();
        match names.as_slice() {
            [] => self.words("（没绑商品）", "(no item)"),
            [one] => one.clone(),
            [first, rest @ ..] => {
                let more = rest.len();
                self.words(&format!("{first} 等 {} 种", more + 1), &format!("{first} and {more} more"))
            }
        }
    }

    /// An item's name, with its size and its pack.
    pub(super) fn item_name(&self, priced: &Priced) -> String {
        let Some(found) = &priced.found else { return unknown_item(&priced.item, self.front.language) };
        let language = self.front.language;
        let (name, spec) = (present::name(found, language), present::spec(found, language).to_owned());
        let unit = found.unit(&priced.item.unit);
        let unit = unit.map(|sold| say(language, &sold.unit.name_zh, &sold.unit.name_en)).unwrap_or_default();
        [name, spec, unit].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }

    /// How it stands with a label.
    pub(super) fn standing(&self, seen: &Seen) -> Standing {
        let language = self.front.language;
        let Some(state) = &seen.state else {
            let what = self.words("没有基站听到", "Not heard yet");
            return Standing { what, detail: String::new(), tone: Tone::Attend };
        };
        let low = state.battery_is_low().then(|| self.battery(state));
        let (what, detail, tone) = match state.condition {
            LabelCondition::Shown if seen.is_confirmed() => {
                let at = state.shown_ms.map(|at_ms| self.labels_time(at_ms)).unwrap_or_default();
                (self.words(&format!("已确认 {at}"), &format!("Confirmed {at}")), String::new(), Tone::Good)
            }
            // What it stands for was written down just now.
            LabelCondition::Shown => {
                (self.words("等同步程序", "Agent is at it"), String::new(), Tone::Attend)
            }
            LabelCondition::Unbound if !seen.bound_items().is_empty() => {
                (self.words("等同步程序", "Agent is at it"), String::new(), Tone::Attend)
            }
            LabelCondition::Sending => {
                let tries = state.tries;
                let detail = if tries > 0 {
                    self.words(&format!("已试 {tries} 次"), &format!("{tries} tries"))
                } else {
                    String::new()
                };
                (self.words("传送中", "On its way"), detail, Tone::Attend)
            }
            LabelCondition::Held => (
                self.words("先等收银机", "Waits for tills"),
                held(state.held.as_ref(), language),
                Tone::Attend,
            ),
            LabelCondition::NotSeen => {
                (self.words("没有基站听到", "Not heard yet"), String::new(), Tone::Attend)
            }
            LabelCondition::GivenUp => {
                let tries = state.tries;
                let what = if tries > 0 {
                    self.words(&format!("{tries} 次无应答"), &format!("No answer, {tries} tries"))
                } else {
                    self.words("送不到", "Not reached")
                };
                (what, why(&state.why, language), Tone::Stop)
            }
            LabelCondition::NoFace => {
                (self.words("画不出来", "No picture"), why(&state.why, language), Tone::Stop)
            }
            LabelCondition::Unbound => (self.words("没绑商品", "No item"), String::new(), Tone::Quiet),
        };
        match (low, tone) {
            // What asks for a hand is said first.
            (Some(low), Tone::Good | Tone::Quiet) => Standing { what: low, detail: what, tone: Tone::Attend },
            (Some(low), Tone::Attend | Tone::Stop) if detail.is_empty() => {
                Standing { what, detail: low, tone }
            }
            (Some(_) | None, _) => Standing { what, detail, tone },
        }
    }

    /// A battery's reading.
    pub(super) fn battery(&self, state: &LabelState) -> String {
        let Some(millivolts) = state.battery_mv else { return self.words("没有读数", "No reading") };
        let volts = format!("{}.{:02} V", millivolts / 1_000, millivolts % 1_000 / 10);
        if state.battery_is_low() {
            self.words(&format!("电量低 {volts}"), &format!("Low battery {volts}"))
        } else {
            volts
        }
    }

    /// How far a binding has come on its way to the shelf.
    pub(super) fn stages(&self, seen: &Seen) -> Vec<LabelStage> {
        let language = self.front.language;
        let stage = |chinese: &str, english: &str, tone: Tone, detail: String| LabelStage {
            name: self.words(chinese, english),
            detail,
            tone,
        };
        let Some(bound) = seen.bound.as_ref().filter(|bound| !bound.items.is_empty()) else {
            return Vec::new();
        };
        let mut stages = vec![stage("已绑定", "Bound", Tone::Good, self.labels_time(bound.at_ms))];
        let blank = String::new;
        let condition = seen.state.as_ref().map(|state| state.condition);
        let no_face = condition == Some(LabelCondition::NoFace);
        let drawn = seen.wanted().is_some() && !no_face;
        let tries = seen.state.as_ref().map_or(0, |state| state.tries);
        let tries = if tries > 0 {
            self.words(&format!("试了 {tries} 次"), &format!("{tries} tries"))
        } else {
            blank()
        };
        stages.push(match (drawn, no_face) {
            (true, _) => stage("已出图", "Drawn", Tone::Good, blank()),
            (false, true) => stage("画不出来", "No picture", Tone::Stop, blank()),
            (false, false) => {
                stage("出图", "Drawn", Tone::Attend, self.words("等同步程序", "agent is at it"))
            }
        });
        let state = seen.state.as_ref().filter(|_| drawn);
        let waits = condition == Some(LabelCondition::Held);
        let sent = state.filter(|_| !waits).is_some_and(|state| {
            seen.is_confirmed()
                || state.sent.last().is_some_and(|sent| Some(&sent.face) == state.wanted.as_ref())
        });
        stages.push(match (sent, condition) {
            (_, Some(LabelCondition::GivenUp)) if drawn => {
                stage("没有送到", "Not reached", Tone::Stop, tries)
            }
            (true, _) => {
                let at = state.and_then(|state| state.sent.last()).map(|sent| self.labels_time(sent.at_ms));
                stage("已推送", "Pushed", Tone::Good, at.unwrap_or_default())
            }
            (false, Some(LabelCondition::Held)) if drawn => {
                let state = state.and_then(|state| state.held.as_ref());
                stage("推送", "Pushed", Tone::Attend, held(state, language))
            }
            (false, Some(LabelCondition::NotSeen) | None) if drawn || condition.is_none() => {
                stage("推送", "Pushed", Tone::Attend, self.words("没有基站听到", "no gateway hears it"))
            }
            (false, _) => stage("推送", "Pushed", Tone::Quiet, blank()),
        });
        stages.push(match (seen.is_confirmed(), sent, condition) {
            (true, _, _) => {
                let at = seen.state.as_ref().and_then(|state| state.shown_ms);
                stage(
                    "已确认",
                    "Confirmed",
                    Tone::Good,
                    at.map(|at_ms| self.labels_time(at_ms)).unwrap_or_default(),
                )
            }
            (false, true, Some(LabelCondition::Sending)) => {
                stage("确认", "Confirmed", Tone::Attend, self.words("等价签醒来", "when the label wakes"))
            }
            (false, _, _) => stage("确认", "Confirmed", Tone::Quiet, blank()),
        });
        stages
    }
}

/// An item that is not sold here, by its code.
fn unknown_item(item: &LabelItem, language: Language) -> String {
    say(language, &format!("{}（本店不卖）", item.sku), &format!("{} (not sold here)", item.sku))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_shown_as_it_is_printed() {
        let number = |text: &str| LabelNumber::parse(text).expect("a number");
        assert_eq!(spaced(&number("0218A3F5C611")), "02 18 A3 F5 C6 11");
        assert_eq!(short(&number("0011223344556677")), "0011223344556677");
    }

    #[test]
    fn a_gateway_that_is_down_says_what_to_do() {
        use drivers::frame::Health;
        for health in [Health::Connecting, Health::Unknown] {
            let why = gateway_why(&format!("{health:?}"), Language::English);
            assert!(why == "Connecting" || why == "No answer yet", "{why}");
        }
        assert!(gateway_why("Offline { reason: Refused }", Language::Chinese).starts_with("连不上"));
        assert_eq!(gateway_why("", Language::Chinese), "");
    }

    /// What the agent says must have its words.
    #[test]
    fn every_reason_of_the_agent_has_chinese_words() {
        for english in [
            "item 1 is not sold here",
            "item 1 is not sold in pack case",
            "item 1 has no price of its own: it is typed",
            "item 1 has no price",
            "\"x\" has no room on 1x1; shorten it, or give it more room in template t",
            "the face cannot be made",
            "there is no template t; load it first",
            "3 tries, and the label did not confirm; look whether it is in range and its battery good",
            "3 uploads had no effect; look at the access point's log",
            "the access point does not know the label; bring it in range and wake it",
            "the label sleeps and must be woken by its button",
            "the label is of type 07, which neither we nor the access point know",
            "the access point refuses: no",
        ] {
            let (chinese, said) = (why(english, Language::Chinese), why(english, Language::English));
            assert!(!chinese.is_ascii(), "{english}: {chinese}");
            assert!(said.is_ascii() && said != english && said.len() <= 56, "{english}: {said}");
        }
    }
}
