//! The last page of a kiosk's sale: thanks, and the receipt on paper or as a code.

use domain::money::Money;
use domain::refund::Origin;
use ui::kiosk::KioskPage;
use ui::view::{PaperState, Picture, Tone};

use super::{Shown, go, key};
use crate::kiosk::{Kiosk, Receipt};
use crate::lane::{Lane, OpenLane};
use crate::present;

impl Lane {
    pub(super) fn show_thanks(
        &self,
        open: &OpenLane,
        kiosk: &Kiosk,
        paid: Money,
        seq: u64,
        blank: Shown,
    ) -> Shown {
        let currency = &open.settings().currency;
        let prints = open.till().kiosk().offered() == Some(seq);
        let exit = self.exit_code(open, seq);
        let exit_squares = exit.as_deref().and_then(squares);
        let leave = self.words(
            "出门时请出示这个离店码，只能用一次。",
            "Show this exit code at the exit; it works once. ",
        );
        let with_leave = |text: String| if exit.is_some() { format!("{leave}{text}") } else { text };
        let (text, code, keys) = match kiosk.receipt {
            Receipt::Asked => {
                let mut keys = Vec::new();
                if prints {
                    keys.push(key(self.words("打印小票", "Print the receipt"), Tone::Good));
                }
                // The first key is paper, where there is paper.
                keys.push(key(self.words("电子小票（扫码）", "Receipt as a code"), Tone::Quiet));
                let text = self.words("需要小票吗？", "Do you want a receipt?");
                (with_leave(text), exit_squares, keys)
            }
            Receipt::Paper => {
                let (words, is_missing) = paper_words(present::paper(self, open, seq));
                let keys = if is_missing {
                    vec![key(self.words("电子小票（扫码）", "Receipt as a code"), Tone::Good)]
                } else {
                    Vec::new()
                };
                (with_leave(self.words(words.0, words.1)), exit_squares, keys)
            }
            Receipt::Leaving if exit.is_some() => {
                let keys = vec![key(self.words("电子小票（扫码）", "Receipt as a code"), Tone::Quiet)];
                (leave, exit_squares, keys)
            }
            Receipt::Code | Receipt::Leaving => {
                let identity = open.journal().identity();
                let origin =
                    Origin { store: identity.store.clone(), lane: identity.lane, epoch: identity.epoch, seq };
                let code = self.code_of_document(open, &origin);
                let keys = match &exit {
                    Some(_) => vec![key(self.words("离店码", "Exit code"), Tone::Good)],
                    None => Vec::new(),
                };
                (
                    self.words("请拍下这个码，退换货凭它。", "Take a picture of it: returns go by it."),
                    squares(&code),
                    keys,
                )
            }
        };
        Shown {
            page: KioskPage::Plain {
                title: self.words("谢谢惠顾", "Thank you"),
                text,
                great_label: self.words("已付", "Paid"),
                great: currency.format_with_symbol(paid),
                code,
            },
            title: self.words("付款成功", "Paid"),
            go: go(self.words("完成", "Done")),
            keys,
            ..blank
        }
    }
}

fn squares(code: &str) -> Option<Picture> {
    drivers::printer::qr_squares(code).map(|(width, dark)| Picture { width, dark })
}

/// What a customer who waits for a receipt is told, and whether a code may take its place.
fn paper_words(paper: PaperState) -> ((&'static str, &'static str), bool) {
    match paper {
        PaperState::Printed | PaperState::Sent => (("请取走小票。", "Please take your receipt."), false),
        PaperState::Printing => (("小票正在打印。", "Your receipt is being printed."), false),
        PaperState::Waiting => (
            (
                "打印机现在打不了。可以改要电子小票，或按“呼叫店员”。",
                "The printer cannot print now. Take the receipt as a code, or touch “Call staff”.",
            ),
            true,
        ),
        PaperState::None | PaperState::NotPrinted | PaperState::InDoubt => (
            (
                "小票没有打出来，付款已经保存。可以改要电子小票，或按“呼叫店员”。",
                "The receipt was not printed; your payment is saved. Take it as a code, or touch “Call staff”.",
            ),
            true,
        ),
    }
}

/// Whether a code may take the place of a paper.
pub(in crate::kiosk) fn paper_is_missing(paper: PaperState) -> bool {
    paper_words(paper).1
}
