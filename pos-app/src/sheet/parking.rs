//! Baskets that are put aside, and taken up again.

use domain::till::Input;
use ui::view::{self, Tone};

use super::{Open, numbered};
use crate::lane::{Lane, OpenLane, State};
use crate::present;

/// By what a basket is known again, where nothing is typed.
const NOTES: [(&str, &str); 5] = [
    ("（不写备注）", "(no note)"),
    ("去拿忘了的东西", "Fetching something"),
    ("去取钱", "Getting money"),
    ("排队的先结", "Lets the next one pass"),
    ("电话订的", "Ordered by telephone"),
];

impl Lane {
    pub(super) fn show_park(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let basket = open.basket();
        view::Sheet {
            tone: Tone::Attend,
            text: self.words(
                "商品原样保存，断电也在。顾客回来按 F10 取单。",
                "The basket is kept as it is, also through a power cut. F10 brings it back.",
            ),
            figure: Some(view::Figure {
                label: super::say(
                    self.front.language,
                    &format!("{} 件", basket.pieces()),
                    &format!("{} pcs", basket.pieces()),
                ),
                value: open.settings().currency.format(basket.total()),
                tone: Tone::Quiet,
            }),
            fields: self.fields(sheet, &[("备注，如称呼、衣着", "Note, such as a name")]),
            rows: self.reason_rows(&NOTES),
            selected: Some(sheet.row),
            go: self.words("挂单", "Park"),
            ..self.blank(self.words("挂单", "Park the basket"))
        }
    }

    pub(super) fn go_park(&mut self) {
        let Some(sheet) = self.sheet() else { return };
        let note = match (sheet.text(0).trim(), sheet.row) {
            ("", 0) => String::new(),
            ("", _) => self.reason_of(sheet, &NOTES),
            (typed, _) => typed.to_owned(),
        };
        self.front.line = None;
        // What waits for the scale is not of the next basket.
        self.scale.forget();
        self.attempt_and_close(Input::Park { note });
    }

    pub(super) fn show_parked(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let currency = &open.settings().currency;
        let language = self.front.language;
        let name_of = |id: &str| {
            open.staff()
                .iter()
                .find(|member| member.id == id)
                .map_or(id, |member| member.name.as_str())
                .to_owned()
        };
        let rows: Vec<_> = open
            .till()
            .parked()
            .iter()
            .enumerate()
            .map(|(index, parked)| {
                let first = parked.basket.lines().first().map(|line| present::name(&line.item, language));
                let name =
                    if parked.note.is_empty() { first.unwrap_or_default() } else { parked.note.clone() };
                let time = present::local_time(parked.at_ms, self.moment.offset_minutes, "%H:%M");
                let lines = parked.basket.lines().len();
                let staff = name_of(&parked.staff);
                let detail = super::say(
                    language,
                    &format!("{}号 · {time} · {lines} 行 · {staff}", parked.number),
                    &format!("No. {} · {time} · {lines} lines · {staff}", parked.number),
                );
                numbered(index, name, detail, currency.format(parked.basket.total()))
            })
            .collect();
        let empty_counter = open.basket().is_bare();
        view::Sheet {
            text: if empty_counter {
                self.words("选一单，回车取回。", "Choose one; Enter takes it up again.")
            } else {
                self.words(
                    "台上还有商品：先结账或挂单，再取单。",
                    "There are goods on the counter: pay or park them first.",
                )
            },
            selected: (!rows.is_empty()).then_some(sheet.row),
            can_go: empty_counter && !rows.is_empty(),
            rows,
            empty: self.words("没有挂着的单", "No basket is parked"),
            go: self.words("取单", "Recall"),
            ..self.blank(self.words("取单", "Parked baskets"))
        }
    }

    pub(super) fn go_parked(&mut self) {
        let State::Open(open) = &self.state else { return };
        let row = self.front.sheets.last().map_or(0, |sheet| sheet.row);
        let Some(basket) = open.till().parked().get(row).map(|parked| parked.number) else { return };
        self.attempt_and_close(Input::Recall { basket });
    }
}
