//! What went wrong or right, in the words of whoever sets a till up: what happened, and what to do. Both languages stand side
//! by side, as sheets have them.

use protocol::enrol::EnrolFailure;
use ui::view::{Language, Tone};

use super::SetUp;
use super::agent::ROOTS;
use super::ports::Denied;
use super::progress::Step;
use super::trial::{Said, Tried};
use crate::present;

/// Something that is told, in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    /// How urgent it is.
    pub(super) tone: Tone,
    chinese: String,
    english: String,
    /// A weight or a code: shown large.
    pub(super) value: String,
}

impl Told {
    /// In one language.
    pub(super) fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Chinese => &self.chinese,
            Language::English => &self.english,
        }
    }
}

fn told(tone: Tone, chinese: impl Into<String>, english: impl Into<String>) -> Told {
    Told { tone, chinese: chinese.into(), english: english.into(), value: String::new() }
}

/// Why HQ did not take the till in.
pub(super) fn failed(failure: &EnrolFailure, reason: &str, at: &SetUp) -> Told {
    let stop = |chinese: &str, english: &str| told(Tone::Stop, chinese, english);
    match failure {
        EnrolFailure::Code if at.progress.code_sent => stop(
            "注册码已经用掉了：上次注册没等到总部的回答。请总部再发一个新码，本机没有丢东西。",
            "The code is used up: HQ's answer was lost last time. Ask HQ for a new code; nothing on this till is lost.",
        ),
        EnrolFailure::Code => stop(
            "这个注册码不对、已用过，或已过期（一天）。核对一遍；还不行就请总部再发一个。",
            "This code is wrong, was used, or has expired (after a day). Check it; if it is right, ask HQ for a new one.",
        ),
        EnrolFailure::Wait { seconds } => told(
            Tone::Attend,
            format!("错了太多次，请等 {seconds} 秒再试。"),
            format!("Too many wrong codes. Wait {seconds} seconds, then try again."),
        ),
        EnrolFailure::Address => stop(
            "总部地址不对。应像 https://hq.example 这样，由总部告诉你。",
            "This is no address of an HQ. It looks like https://hq.example; HQ tells it to you.",
        ),
        EnrolFailure::Unreachable => stop(
            "连不上总部。看网线和地址是否正确，再按一次；什么都没有丢。",
            "HQ cannot be reached. Check the network cable and the address, then try again; nothing is lost.",
        ),
        EnrolFailure::CertificateName => stop(
            "应答的不是这个地址的总部：证书是别的名字。逐个字母核对地址；地址没错就告诉总部。",
            "Who answers is not the HQ of this address: its certificate has another name. Check the address letter by \
             letter; if it is right, tell HQ.",
        ),
        EnrolFailure::CertificateTime => {
            let now = present::local_time(at.moment.now_ms, at.moment.offset_minutes, "%Y-%m-%d %H:%M");
            told(
                Tone::Stop,
                format!(
                    "时间对不上：本机现在是 {now}。不对就校准（sudo timedatectl set-ntp true）再试；对的话告诉总部证书过期了。"
                ),
                format!(
                    "The time does not fit: this machine says {now}. If that is wrong, set it (sudo timedatectl set-ntp \
                     true) and try again; if it is right, tell HQ that its certificate has ended."
                ),
            )
        }
        EnrolFailure::CertificateUntrusted => {
            let file = at.paths.data.join(ROOTS).display().to_string();
            told(
                Tone::Stop,
                format!("不认识总部证书的签发者。总部自己签的证书，请把根证书存为 {file} 再试。"),
                format!(
                    "Nobody known here has signed HQ's certificate. Where the chain signs its own, put its root into {file} \
                     and try again."
                ),
            )
        }
        EnrolFailure::OldHq => stop(
            "总部的程序太旧，答不了。请总部先升级。",
            "HQ's program is older than this till and cannot answer. Ask HQ to update first.",
        ),
        EnrolFailure::Enrolled => stop(
            "本机已注册过。按返回，再选“换一个注册码”。",
            "This till is enrolled already. Go back and choose another code.",
        ),
        EnrolFailure::InUse => stop(
            "另一个程序还占着本台的文件，注册码没有用掉。关机再开，然后还用这个码。还是这样就叫技术员停掉 sync-agent 服务。",
            "Another program still has this till's files; the code is not used up. Switch the machine off and on, then use \
             the same code. If this comes again, a technician stops the service sync-agent.",
        ),
        EnrolFailure::File | EnrolFailure::Other => told(
            Tone::Stop,
            format!("没有注册成：{reason}。请叫技术员。"),
            format!("Not enrolled: {reason}. Call a technician."),
        ),
    }
}

pub(super) fn code_needed() -> Told {
    told(
        Tone::Attend,
        "还要一次性注册码：总部给的 12 个字母数字。",
        "The one-time code is needed too: 12 letters and digits from HQ.",
    )
}

pub(super) fn disk(reason: &str) -> Told {
    told(
        Tone::Stop,
        format!("写不进本机磁盘：{reason}。改好了再按一次，什么都没有丢。"),
        format!("This machine's disk refuses: {reason}. Put it right and try again; nothing is lost."),
    )
}

pub(super) fn no_agent(reason: &str) -> Told {
    told(
        Tone::Stop,
        format!("起动不了 sync-agent：{reason}。它应装在 pos-app 旁边，请叫技术员。"),
        format!("sync-agent cannot be started: {reason}. It belongs beside pos-app; call a technician."),
    )
}

pub(super) fn agent_ended(status: &str) -> Told {
    told(
        Tone::Stop,
        format!("sync-agent 自己停了（{status}），过一会儿再起动。总是这样就叫技术员看 agent.log。"),
        format!(
            "sync-agent has ended ({status}); it is started again soon. If it goes on so, a technician sees agent.log."
        ),
    )
}

/// The line that is chosen is that of the lane's other scale.
pub(super) fn other_scale(step: Step) -> Told {
    match step {
        Step::BaggingScale => told(
            Tone::Stop,
            "这是称重的秤，不是装袋区的。换一个。",
            "This is the scale that goods are weighed on, not that of the bagging area. Choose another.",
        ),
        Step::Language
        | Step::Hq
        | Step::Store
        | Step::Printer
        | Step::Scanner
        | Step::Scale
        | Step::Display
        | Step::Customer
        | Step::Goods => told(
            Tone::Stop,
            "这是装袋区的秤，不是称重的。换一个。",
            "This is the scale of the bagging area, not the one that goods are weighed on. Choose another.",
        ),
    }
}

/// What was typed for an address, by a hand or a slow scanner, and cannot be one.
pub(super) fn no_place(step: Step) -> Told {
    match step {
        Step::Scanner => told(
            Tone::Attend,
            "扫码枪打字太慢，被当成了手打。请技术员把 lane.toml 里 [wedge] 的 gap_ms 改大（如 60），再重开本机。",
            "The scanner types too slowly and is taken for a hand. A technician sets gap_ms under [wedge] in lane.toml \
             higher, such as 60, and starts the till again.",
        ),
        Step::Language
        | Step::Hq
        | Step::Store
        | Step::Printer
        | Step::Scale
        | Step::BaggingScale
        | Step::Display
        | Step::Customer
        | Step::Goods => told(
            Tone::Attend,
            "这不是地址：地址里有点、冒号或斜杠。清掉，再输入或选一个。",
            "This is no address: those have a dot, a colon or a slash. Clear it, then type or choose one.",
        ),
    }
}

pub(super) fn denied(place: &str, denied: &Denied) -> Told {
    match denied {
        Denied::Rights { command } => told(
            Tone::Stop,
            format!("没有权限用 {place}。请管理员执行：{command}，然后重新登录本机。"),
            format!(
                "The till may not use {place}. An administrator runs: {command}; then sign in to this machine anew."
            ),
        ),
        Denied::Absent => told(
            Tone::Stop,
            format!("{place} 不在。看线插好没有，再选一次。"),
            format!("{place} is not there. Check its plug, then choose again."),
        ),
    }
}

pub(super) fn not_tried(reason: &str) -> Told {
    told(Tone::Stop, format!("试不了：{reason}"), format!("It cannot be tried: {reason}"))
}

pub(super) fn trying(tried: &Tried) -> Told {
    match tried {
        Tried::Printer(_) => told(Tone::Quiet, "正在打测试页……", "Printing a test page …"),
        Tried::Scanner(_) => told(Tone::Quiet, "现在扫一个商品。", "Scan something now."),
        Tried::Scale(_) => told(Tone::Quiet, "放一样东西到秤上。", "Put something on the scale."),
        Tried::BaggingScale(_) => {
            told(Tone::Quiet, "放一样东西到装袋区。", "Put something in the bagging area.")
        }
        Tried::Customer(_) => told(
            Tone::Quiet,
            "看顾客屏：应有两行商品，合计 1,234.51。",
            "Look at the customer's screen: two lines of goods and a total of 1,234.51.",
        ),
        Tried::Display(_) => told(Tone::Quiet, "正在显示……", "Showing a picture …"),
    }
}

pub(super) fn nothing_to_try(step: Step) -> Told {
    match step {
        Step::Customer => told(
            Tone::Attend,
            "先选一块屏幕；没有顾客屏就直接下一步。",
            "First choose a screen; without one for the customer, just go on.",
        ),
        Step::Scanner => told(
            Tone::Quiet,
            "像键盘一样接的扫码枪：现在扫一个商品就行。",
            "A scanner that acts as a keyboard: just scan something now.",
        ),
        Step::Language
        | Step::Hq
        | Step::Store
        | Step::Printer
        | Step::Scale
        | Step::BaggingScale
        | Step::Display
        | Step::Goods => told(
            Tone::Attend,
            "先选它接在哪里，或输入网络地址。",
            "First choose where it is, or type its address.",
        ),
    }
}

/// What a device that is tried has said.
pub(super) fn said(step: Step, said: &Said) -> Told {
    match said {
        Said::Reached => told(Tone::Quiet, "接上了。", "It is connected."),
        Said::NotReached(reason) => told(
            Tone::Stop,
            format!("连不上：{reason}。看电源、线和型号。"),
            format!("Not reached: {reason}. Check its power, its cable and the model."),
        ),
        Said::Attend => told(
            Tone::Attend,
            "缺纸、开盖，或要人看一下。",
            "It has no paper, is open, or wants somebody to look.",
        ),
        Said::Printed { confirmed: true } => told(
            Tone::Good,
            "打印机说打好了。看字清不清楚，右边齐不齐。",
            "The printer says it is done. Look: letters whole, right side in line.",
        ),
        Said::Printed { confirmed: false } => told(
            Tone::Good,
            "已送去打印。看纸上字清不清楚；没出纸就换一个型号再试。",
            "Sent. Look at the paper; if none came, choose another model and try again.",
        ),
        Said::NotPrinted(reason) => {
            told(Tone::Stop, format!("没有打印：{reason}。"), format!("Not printed: {reason}."))
        }
        Said::Scanned(code) => Told { value: code.clone(), ..told(Tone::Good, "扫到了。", "Scanned.") },
        Said::Torn => told(
            Tone::Attend,
            "扫码枪没有结束符：把它设成扫完加回车。",
            "The scanner does not end its codes: set it to send Return after each.",
        ),
        Said::Weight(weight) if step == Step::BaggingScale => Told {
            value: weight.clone(),
            ..told(
                Tone::Good,
                "装袋秤正常。数字对不上放的东西，就是另一台秤：换一个。",
                "The bagging scale works. If this is not what you put there, it is the other scale: choose another.",
            )
        },
        Said::Weight(weight) => {
            Told { value: weight.clone(), ..told(Tone::Good, "秤正常。", "The scale works.") }
        }
        Said::Empty => Told {
            value: "0".to_owned(),
            ..told(
                Tone::Attend,
                "这台秤上没有东西。放一样到装袋区；放了还是 0，就是另一台秤：换一个。",
                "Nothing lies on this scale. Put something in the bagging area; if it still says 0, it is the other scale: \
                 choose another.",
            )
        },
        Said::NotGrams => told(
            Tone::Stop,
            "这台秤不按整克称，装袋区用不了。把它设成公斤或克。",
            "This scale does not weigh in whole grams, which a bagging area needs. Set it to kilograms or grams.",
        ),
        Said::PictureOver => told(
            Tone::Quiet,
            "测试画面已收起。看到了就下一步；没看到就换一块屏幕再试。",
            "The test picture is gone. If you saw it, go on; if not, choose another screen and test again.",
        ),
        Said::Moving => told(Tone::Quiet, "还在动……", "It still moves …"),
        Said::NoWeight => {
            told(Tone::Quiet, "秤有应答。放一样东西上去。", "The scale answers. Put something on it.")
        }
        Said::Shown => told(
            Tone::Good,
            "看客显：两行字，或 1234.50。不对就换一个型号。",
            "Look at the display: two lines, or 1234.50. If not, choose another model.",
        ),
    }
}
