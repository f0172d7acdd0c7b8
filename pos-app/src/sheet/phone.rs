//! Sheets about customers' phones: where phone and till differ, the right to leave as a code, and whoever leaves.

use domain::phone::{ExitRight, PhoneInput};
use domain::refund::Origin;
use domain::till::Input;
use domain::till::kiosk::AuditFound;
use ui::view::{self, Figure, Picture, SheetRow, Tone};

use super::{Open, fact};
use crate::lane::{Lane, OpenLane};
use crate::present;

impl Lane {
    pub(super) fn show_phones(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let currency = &open.settings().currency;
        let rows: Vec<SheetRow> = self
            .differing(open)
            .into_iter()
            .map(|row| SheetRow { detail: row.detail, tone: row.tone, ..fact(row.name, row.value) })
            .collect();
        view::Sheet {
            tone: Tone::Attend,
            text: self.words(
                "请先给顾客看。不要的可以删除，再付款。",
                "Show it to the customer first. What they do not want is voided before payment.",
            ),
            figure: Some(Figure {
                label: self.words("现在合计", "Total now"),
                value: currency.format(open.basket().total()),
                tone: Tone::Quiet,
            }),
            selected: (!rows.is_empty()).then_some(sheet.row),
            rows,
            empty: self.words("没有不同。", "No difference."),
            go: self.words("顾客看过了", "They have seen it"),
            ..self.blank(self.words("和手机上的不一样", "Not what the phone showed"))
        }
    }

    pub(super) fn go_phones(&mut self) {
        self.pop_sheet();
        self.input(Input::Phone(Box::new(PhoneInput::Look)));
        self.flush();
    }

    pub(super) fn show_leave(&self, origin: &Origin, code: &str) -> view::Sheet {
        view::Sheet {
            text: self.words(
                "顾客拍下这个码，出门时出示，只能用一次。小票上也有。",
                "The customer takes a picture and shows it at the exit; it works once. The receipt has it too.",
            ),
            picture: drivers::printer::qr_squares(code).map(|(width, dark)| Picture { width, dark }),
            go: self.words("好了", "Done"),
            ..self.blank(format!("{} · {}", self.words("离店码", "Exit code"), domain::receipt::number(origin)))
        }
    }

    pub(super) fn show_exit(
        &self,
        open: &OpenLane,
        sheet: &Open,
        exit: &ExitRight,
        audit: bool,
    ) -> view::Sheet {
        let currency = &open.settings().currency;
        let identity = open.journal().identity();
        let origin =
            Origin { store: identity.store.clone(), lane: exit.lane, epoch: exit.epoch, seq: exit.seq };
        let at = present::local_time(exit.made_ms, self.moment.offset_minutes, "%m-%d %H:%M");
        let rows = vec![
            fact(self.words("件数", "Pieces"), exit.pieces.to_string()),
            fact(self.words("付款时间", "Paid at"), at),
            fact(self.words("收银台", "Lane"), exit.lane.to_string()),
            fact(self.words("小票", "Receipt"), domain::receipt::number(&origin)),
        ];
        let figure = Some(Figure {
            label: self.words("已付款", "Paid"),
            value: currency.format(exit.total),
            tone: Tone::Good,
        });
        if audit {
            return view::Sheet {
                tone: Tone::Attend,
                text: self.words(
                    "抽到这位顾客：请看一看袋子里的商品。",
                    "This customer was drawn: look at the goods in the bag.",
                ),
                figure,
                rows,
                fields: self
                    .fields(sheet, &[("没付款的件数，没有就是 0", "Pieces not paid for; 0 for none")]),
                can_go: !sheet.text(0).is_empty(),
                go: self.words("记下", "Keep it"),
                ..self.blank(self.words("抽检", "Spot check"))
            };
        }
        view::Sheet {
            tone: Tone::Good,
            text: self
                .words("离店码有效，已用掉。请放行。", "The exit code holds and is used up. Let them leave."),
            figure,
            rows,
            go: self.words("好了", "Done"),
            ..self.blank(self.words("可以离店", "May leave"))
        }
    }

    pub(super) fn go_exit(&mut self, exit: &ExitRight, audit: bool) {
        let typed = self.sheet().map(|sheet| sheet.text(0).trim().to_owned()).unwrap_or_default();
        let missed = typed.parse::<u32>().ok();
        if audit && missed.is_none() && !typed.is_empty() {
            return self.front.say(
                ui::view::Tone::Attend,
                ("这个数太大", "请输入没付钱的件数，再按回车。"),
                ("That number is too large", "Type how many pieces were not paid for, then Enter."),
            );
        }
        self.pop_sheet();
        if let Some(missed) = missed.filter(|_| audit) {
            let found = AuditFound { checked: exit.pieces, missed, ..AuditFound::default() };
            self.input(Input::Phone(Box::new(PhoneInput::Audited { id: exit.id, found })));
            self.flush();
        }
    }
}
