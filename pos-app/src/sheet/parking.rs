//! Baskets that are put aside, and taken up again.

use domain::money::Money;
use domain::till::Input;
use protocol::ask::{ParkedGone, ParkedRefused, ParkedShown};
use protocol::event::{Parked, ParkedId};
use ui::view::{self, Notice, Tone};

use super::{Attempt, Open, numbered};
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
                    &format!("{} {}", basket.pieces(), if basket.pieces() == 1 { "pc" } else { "pcs" }),
                ),
                value: open.settings().currency.format(basket.total()),
                tone: Tone::Quiet,
            }),
            fields: self.fields(sheet, &[("备注，如称呼、衣着", "Note, such as a name")]),
            rows: self.reason_rows(&NOTES),
            selected: Some(sheet.row),
            letters: true,
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

    /// The list was opened: what other lanes put aside is asked for, once.
    pub(super) fn find_parked(&mut self) {
        self.elsewhere = Elsewhere::Asked;
        self.held_elsewhere = None;
        self.ask_for_parked();
    }

    /// What other lanes put aside, or nobody could say it; and which of this lane's own baskets are at others.
    pub(crate) fn hear_parked(&mut self, said: Option<(Vec<ParkedShown>, Vec<ParkedGone>)>) {
        let Some((mut baskets, gone)) = said else {
            self.elsewhere = Elsewhere::Unknown;
            return;
        };
        // What this journal put aside is in this lane's own list, or was taken up here and nobody has heard of it yet.
        let own = self.journal().map(|journal| (journal.identity().lane, journal.identity().epoch));
        baskets.retain(|basket| Some((basket.id.lane, basket.id.epoch)) != own);
        self.elsewhere = Elsewhere::Told(baskets);
        for ParkedGone { number, lane } in gone {
            if self.till().is_some_and(|till| till.is_lendable(number)) {
                self.attempt(Input::ParkedGone { basket: number, lane });
            }
        }
    }

    pub(super) fn show_parked(&self, open: &OpenLane, sheet: &Open) -> view::Sheet {
        let currency = &open.settings().currency;
        let language = self.front.language;
        let time = |at_ms: i64| present::local_time(at_ms, self.moment.offset_minutes, "%H:%M");
        let name_of = |id: &str| {
            open.staff()
                .iter()
                .find(|member| member.id == id)
                .map_or(id, |member| member.name.as_str())
                .to_owned()
        };
        let own = open.till().parked().iter().map(|parked| {
            let first = parked.basket.lines().first().map(|line| present::name(&line.item, language));
            let name = if parked.note.is_empty() { first.unwrap_or_default() } else { parked.note.clone() };
            let (at, lines, staff) =
                (time(parked.at_ms), parked.basket.lines().len(), name_of(&parked.staff));
            let detail = super::say(
                language,
                &format!("{}号 · {at} · {lines} 行 · {staff}", parked.number),
                &format!("No. {} · {at} · {lines} lines · {staff}", parked.number),
            );
            (name, detail, currency.format(parked.basket.total()))
        });
        let others = self.elsewhere.baskets().iter().map(|parked| {
            let first = super::say(language, &parked.first.0, &parked.first.1);
            let name = if parked.note.is_empty() { first } else { parked.note.clone() };
            let (id, at, lines) = (parked.id, time(parked.at_ms), parked.lines);
            let detail = super::say(
                language,
                &format!("{} 号收银台 {}号 · {at} · {lines} 行", id.lane, id.number),
                &format!("Lane {} no. {} · {at} · {lines} lines", id.lane, id.number),
            );
            (name, detail, currency.format(Money::from_minor(parked.total)))
        });
        let rows: Vec<_> = own
            .chain(others)
            .enumerate()
            .map(|(index, (name, detail, total))| numbered(index, name, detail, total))
            .collect();
        let empty_counter = open.basket().is_bare();
        let asking = self.is_taking_up();
        let text = match (&self.elsewhere, empty_counter) {
            (_, false) => self.words(
                "台上还有商品：先结账或挂单，再取单。",
                "There are goods on the counter: pay or park them first.",
            ),
            (_, true) if asking => {
                self.words("正在问别的收银台有没有取走……", "Asking whether another lane has it …")
            }
            (Elsewhere::Asked, true) => self.words(
                "选一单，回车取回。别的收银台挂的正在查……",
                "Choose one; Enter takes it up again. Looking for those of other lanes …",
            ),
            (Elsewhere::Unknown, true) => self.words(
                "选一单，回车取回。现在看不到别的收银台挂的单；本台的照常取。",
                "Choose one; Enter takes it up again. Those of other lanes cannot be seen now; this lane's can be taken.",
            ),
            (Elsewhere::Told(_), true) => self.words(
                "选一单，回车取回；别的收银台挂的也能取。",
                "Choose one; Enter takes it up, also one of another lane.",
            ),
        };
        view::Sheet {
            text,
            selected: (!rows.is_empty()).then_some(sheet.row),
            can_go: empty_counter && !rows.is_empty() && !asking,
            rows,
            empty: self.words("没有挂着的单", "No basket is parked"),
            go: self.words("取单", "Recall"),
            ..self.blank(self.words("取单", "Parked baskets"))
        }
    }

    pub(super) fn go_parked(&mut self) {
        let State::Open(open) = &self.state else { return };
        let row = self.front.sheets.last().map_or(0, |sheet| sheet.row);
        let own = open.till().parked();
        match own.get(row).map(|parked| parked.number) {
            // In one that nobody else can have been lent there is nothing to ask about.
            Some(basket) if !open.till().is_lendable(basket) => {
                self.attempt_and_close(Input::Recall { basket });
            }
            Some(basket) => self.ask_for_own_parked(basket),
            None => {
                let other = row.checked_sub(own.len());
                let id = other.and_then(|row| self.elsewhere.baskets().get(row)).map(|parked| parked.id);
                if let Some(id) = id {
                    self.ask_to_take_up(id);
                }
            }
        }
    }

    /// Whoever keeps parked baskets gave one of this lane's own back to it, or said why not, or nobody answered.
    pub(crate) fn end_recall(&mut self, basket: u32, answer: Claimed) {
        match answer {
            // The customer stands here, and whoever asked for it there may have gone.
            Claimed::Not(ParkedRefused::Held { lane }) if self.held_elsewhere == Some(basket) => {
                if self.attempt(Input::Recall { basket }) == Attempt::Done {
                    self.close_sheets();
                    let what = self.words("已取回", "Taken up");
                    let rest = self.words(
                        &format!("{lane} 号收银台也在取这一单：告诉那边不要收钱。"),
                        &format!("Lane {lane} was taking it up too: tell them not to take money."),
                    );
                    self.notice(Notice::Said { tone: Tone::Attend, what, rest });
                }
            }
            Claimed::Not(ParkedRefused::Held { lane }) => {
                self.held_elsewhere = Some(basket);
                let rest = self.words(
                    "问一下那边。顾客和商品都在这里的话，再按一次回车照样取回。",
                    "Ask there. With the customer and the goods here, Enter once more takes it up all the same.",
                );
                self.is_being_taken(lane, rest);
            }
            Claimed::Not(ParkedRefused::Gone { lane }) => {
                self.attempt(Input::ParkedGone { basket, lane });
            }
            Claimed::Yes(_) | Claimed::Not(ParkedRefused::Unknown {}) | Claimed::Nobody => {
                let nobody = matches!(answer, Claimed::Nobody);
                if self.attempt(Input::Recall { basket }) != Attempt::Done {
                    if matches!(self.state, State::Open(_)) {
                        self.release_own_parked(basket);
                    }
                    return;
                }
                self.close_sheets();
                if nobody {
                    self.front.say(
                        Tone::Attend,
                        ("已取回；没问到别的收银台", "现在连不上。顾客带着商品在这里就照常结账。"),
                        (
                            "Taken up; nobody else could be asked",
                            "There is no line now. With the customer and the goods here, sell as ever.",
                        ),
                    );
                }
            }
        }
    }

    /// A basket of another lane was given to this one, or not.
    pub(crate) fn end_take_up(&mut self, id: ParkedId, answer: Claimed) {
        match answer {
            Claimed::Yes(claimed) => {
                let (id, parked) = *claimed;
                // What cannot be read here is of a newer lane.
                let taken = parked.understand(0).is_ok_and(|parked| {
                    let taken = Input::TakeUp { from: id.into(), parked: Box::new(parked) };
                    self.attempt(taken) == Attempt::Done
                });
                if taken {
                    self.close_sheets();
                } else if matches!(self.state, State::Open(_)) {
                    // Of a lane whose disk failed nobody knows whether it has the basket.
                    self.release_parked(id);
                }
            }
            Claimed::Not(ParkedRefused::Held { lane }) => {
                let rest = self.words(
                    "问一下那边；没取成的话过一会儿再试，也可重新扫商品。",
                    "Ask there. If it did not work, try again later; or scan the goods anew.",
                );
                self.is_being_taken(lane, rest);
            }
            Claimed::Not(ParkedRefused::Gone { lane }) => {
                self.forget_elsewhere(id);
                let what = super::say(
                    self.front.language,
                    &format!("这一单已在 {lane} 号收银台取走"),
                    &format!("Lane {lane} took this basket up"),
                );
                let rest = super::say(self.front.language, "不要再收一次。", "Do not take the money twice.");
                self.notice(Notice::Said { tone: Tone::Attend, what, rest });
            }
            Claimed::Not(ParkedRefused::Unknown {}) => {
                self.forget_elsewhere(id);
                let what = super::say(
                    self.front.language,
                    &format!("这一单不在了：{} 号收银台已取回", id.lane),
                    &format!("This basket is gone: lane {} took it back", id.lane),
                );
                let rest = super::say(self.front.language, "请在那台结账。", "It is paid at that lane.");
                self.notice(Notice::Said { tone: Tone::Attend, what, rest });
            }
            Claimed::Nobody => {
                // It may have been given to this lane, and the word of it lost.
                self.release_parked(id);
                let what = super::say(
                    self.front.language,
                    "现在取不了别的收银台挂的单",
                    "A basket of another lane cannot be taken up now",
                );
                let rest = super::say(
                    self.front.language,
                    &format!("连不上。请到 {} 号收银台取，或把商品在这里重新扫一遍。", id.lane),
                    &format!(
                        "There is no line. Take it up at lane {}, or scan the goods here anew.",
                        id.lane
                    ),
                );
                self.notice(Notice::Said { tone: Tone::Attend, what, rest });
            }
        }
    }

    fn is_being_taken(&mut self, lane: u32, rest: String) {
        let what = super::say(
            self.front.language,
            &format!("{lane} 号收银台正在取这一单"),
            &format!("Lane {lane} is taking this basket up"),
        );
        self.notice(Notice::Said { tone: Tone::Attend, what, rest });
    }

    fn forget_elsewhere(&mut self, id: ParkedId) {
        if let Elsewhere::Told(baskets) = &mut self.elsewhere {
            baskets.retain(|basket| basket.id != id);
        }
    }
}

/// What was said to a claim of a parked basket.
pub(crate) enum Claimed {
    /// It may be taken up here.
    Yes(Box<(ParkedId, Parked)>),
    /// It may not.
    Not(ParkedRefused),
    /// Nobody answered.
    Nobody,
}

/// What is known of the baskets that other lanes put aside.
#[derive(Debug, Default)]
pub(crate) enum Elsewhere {
    /// They are being asked for.
    Asked,
    /// Nobody could say.
    #[default]
    Unknown,
    /// These.
    Told(Vec<ParkedShown>),
}

impl Elsewhere {
    fn baskets(&self) -> &[ParkedShown] {
        match self {
            Self::Told(baskets) => baskets,
            Self::Asked | Self::Unknown => &[],
        }
    }
}
