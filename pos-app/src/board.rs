//! The attendant's board at a till: how the store's kiosks are, who waits there, and what is said to them from here.
//!
//! What is shown is what the store's relay said last, with how long ago that was. What is said is signed with this lane's
//! key; the kiosk decides whether it still is as it was seen, and writes it down. Where the relay is away nothing is shown
//! as it was: the attendant goes to the kiosk.

use std::collections::{BTreeSet, VecDeque};

use domain::till::Desk;
use domain::till::kiosk::Cause;
use drivers::sound::Tone as Sound;
use protocol::ask::{ActNotTaken, Answer, Question};
use protocol::board::{ActOutcome, BoardAct, Deed, KioskStand, LOST_MS, StandCall};
use protocol::event;
use ui::view::{Notice, OrderCount, Tone};

use crate::config::Mode;
use crate::entry::CALM_MS;
use crate::kiosk::answers::cause_words;
use crate::lane::{Command, Lane, State};
use crate::sheet::{Kind, say};

/// Between two looks, milliseconds.
const LOOK_EVERY_MS: i64 = 900;

/// The same where nobody answers.
const ALONE_EVERY_MS: i64 = 5_000;

/// After so long without an answer the relay is shown as away, milliseconds.
const AWAY_MS: i64 = 6_000;

/// So many of the last acts are followed to their end.
const SAID_MAX: usize = 32;

/// What the board knows.
#[derive(Debug, Default)]
pub(crate) struct Board {
    kiosks: Vec<KioskStand>,
    asked: bool,
    next_ms: i64,
    /// When the relay answered last; `None` before it did.
    heard_ms: Option<i64>,
    /// Calls that were told of, by lane, cause and beginning.
    told: BTreeSet<(u32, String, i64)>,
    /// The number that was given last.
    number: u64,
    /// What was said, and to which kiosk.
    said: VecDeque<(u64, u32)>,
}

/// A call of one kiosk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// The kiosk's number.
    pub lane: u32,
    /// What waits there.
    pub call: StandCall,
    /// How long it has waited, milliseconds.
    pub for_ms: i64,
}

impl Lane {
    /// Whether the attendant looks after kiosks from here.
    pub(crate) fn has_board(&self) -> bool {
        self.config.board && self.config.mode == Mode::Till && !self.config.training
    }

    fn is_attended(&self) -> bool {
        self.till()
            .is_some_and(|till| matches!(till.desk(), Desk::Selling(_) | Desk::Paying(_) | Desk::Done(..)))
    }

    /// Looks at the kiosks, where it is time and somebody is there.
    pub(crate) fn look_at_board(&mut self) {
        if !self.has_board() || !self.is_attended() {
            return;
        }
        let now_ms = self.moment.now_ms;
        let waits = now_ms < self.board.next_ms && self.board.next_ms - now_ms <= ALONE_EVERY_MS;
        if self.board.asked || waits {
            return;
        }
        self.board.asked = true;
        self.ask_board(Question::Kiosks {});
    }

    /// The relay answered, or nobody did.
    pub(crate) fn hear_kiosks(&mut self, answer: Option<Answer>) {
        let now_ms = self.moment.now_ms;
        self.board.asked = false;
        let Some(Answer::Kiosks { kiosks }) = answer else {
            self.board.next_ms = now_ms + ALONE_EVERY_MS;
            return;
        };
        self.board.next_ms = now_ms + LOOK_EVERY_MS;
        self.board.heard_ms = Some(now_ms);
        let before = std::mem::replace(&mut self.board.kiosks, kiosks);
        self.warn_of_change(&before);
        self.hear_outcomes();
        self.tell_of_calls();
    }

    /// Other calls, or another basket, than somebody is about to answer: the key that they were about to press would be another.
    fn warn_of_change(&mut self, before: &[KioskStand]) {
        let Some(Kind::KioskAt(lane)) = self.front.sheets.last().map(|sheet| sheet.kind.clone()) else {
            return;
        };
        let choices = |kiosks: &[KioskStand]| -> Vec<_> {
            let kiosk = kiosks.iter().find(|kiosk| kiosk.lane == lane);
            kiosk
                .into_iter()
                .map(|kiosk| {
                    let calls: Vec<_> =
                        kiosk.stand.calls.iter().map(|call| (call.cause, call.at_ms, call.seen)).collect();
                    (calls, kiosk.stand.state, kiosk.stand.pieces, kiosk.stand.total)
                })
                .collect()
        };
        if choices(before) != choices(&self.board.kiosks) {
            self.front.calm_until_ms = self.moment.now_ms + CALM_MS;
            self.say_of_kiosk(
                lane,
                Tone::Attend,
                ("情况变了", "请再看一次再办。"),
                ("It has changed", "Look again before you answer."),
            );
        }
    }

    /// Who waits at a kiosk that was not told of before is told of, with a sound.
    fn tell_of_calls(&mut self) {
        let now: BTreeSet<_> = self
            .waiting_at_kiosks()
            .into_iter()
            .map(|waiting| (waiting.lane, format!("{:?}", waiting.call.cause), waiting.call.at_ms))
            .collect();
        let new = now.difference(&self.board.told).count();
        self.board.told = now;
        if new == 0 {
            return;
        }
        self.commands.push(Command::Play(Sound::Order));
        let first = self.waiting_at_kiosks().pop();
        let at_goods = self.till().is_some_and(|till| matches!(till.desk(), Desk::Selling(_)));
        // Nothing that the cashier is being told is put away for it; the bar keeps the count.
        if let Some(waiting) = first
            && at_goods
            && self.front.notice.is_none()
            && self.front.sheets.is_empty()
        {
            let (chinese, english) = cause_words(waiting.call.cause.into());
            let lane = waiting.lane;
            let what =
                self.words(&format!("{lane} 号自助机：{chinese}"), &format!("Kiosk {lane}: {english}"));
            let rest = self.words(
                "点上面的“自助机”，或按 Tab 再选自助机。",
                "Tap Kiosks above, or press Tab and choose Kiosks.",
            );
            self.front.notice = Some(Notice::Said { tone: Tone::Attend, what, rest });
        }
    }

    /// What became of what was said from here.
    fn hear_outcomes(&mut self) {
        let State::Open(open) = &self.state else { return };
        let own = open.journal().identity().lane;
        let ended = self.board.kiosks.iter().flat_map(|kiosk| {
            kiosk.stand.done.iter().filter(|done| done.board == own).map(|done| (done.number, done.outcome))
        });
        let ended: Vec<(u64, ActOutcome)> = ended.collect();
        for (number, outcome) in ended {
            let Some(place) = self.board.said.iter().position(|(said, _)| *said == number) else { continue };
            let Some((_, lane)) = self.board.said.remove(place) else { continue };
            self.say_outcome(lane, outcome);
        }
    }

    fn say_outcome(&mut self, lane: u32, outcome: ActOutcome) {
        let (tone, zh, en) = match outcome {
            ActOutcome::Done => {
                (Tone::Good, ("已办好", "记在那台的账本里。"), ("Done", "It stands in its journal."))
            }
            ActOutcome::Stale => (
                Tone::Attend,
                ("情况变了，没有办", "请再看一次，或到机器旁处理。"),
                ("It has changed: nothing was done", "Look again, or go there."),
            ),
            ActOutcome::NotKnown => (
                Tone::Stop,
                ("不知道办没办成", "那台重新启动过。请到机器旁看清楚，不要退钱也不要再收。"),
                ("Not known whether it was done", "It was started anew. Go and look before any money moves."),
            ),
            ActOutcome::Refused => (
                Tone::Attend,
                ("那台现在不能这样办", "您可能没有权限，或到机器旁处理。"),
                ("Not possible there now", "You may not, or go there."),
            ),
            ActOutcome::UnknownStaff => (
                Tone::Stop,
                ("那台还不认识您", "没有办。请到机器旁处理。"),
                ("It does not know you yet", "Nothing was done. Go there."),
            ),
            ActOutcome::Forged => (
                Tone::Stop,
                ("那台不认本台的签名", "没有办。请到机器旁处理，并叫技术员。"),
                ("It does not know this lane's key", "Nothing was done. Go there, and call a technician."),
            ),
        };
        self.say_of_kiosk(lane, tone, zh, en);
        self.commands.push(Command::Play(if tone == Tone::Good { Sound::Accepted } else { Sound::Blocked }));
    }

    fn say_of_kiosk(&mut self, lane: u32, tone: Tone, zh: (&str, &str), en: (&str, &str)) {
        let what = self.words(&format!("{lane} 号自助机：{}", zh.0), &format!("Kiosk {lane}: {}", en.0));
        let rest = self.words(zh.1, en.1);
        self.front.notice = Some(Notice::Said { tone, what, rest });
    }

    /// Says something to a kiosk, as whoever is signed in.
    pub(crate) fn say_to_kiosk(&mut self, lane: u32, deed: Deed, reason: String) {
        let State::Open(open) = &self.state else { return };
        let (Some(staff), Some(kiosk)) = (open.till().desk().staff(), self.kiosk_at(lane)) else { return };
        let identity = open.journal().identity();
        // The clock makes it another number after a stop.
        let number = u64::try_from(self.moment.now_ms).unwrap_or_default().max(self.board.number + 1);
        let act = BoardAct {
            store: identity.store.clone(),
            kiosk: lane,
            board: identity.lane,
            epoch: identity.epoch,
            number,
            seen_ms: kiosk.stand.at_ms,
            staff: staff.id.clone(),
            reason,
            deed,
        };
        let Some(act) = open.journal().hand().sign_act(&act) else {
            self.say_of_kiosk(
                lane,
                Tone::Stop,
                ("本台没有签名钥匙", "没有办。请到机器旁处理，并叫技术员。"),
                ("This lane has no key to sign with", "Nothing was done. Go there, and call a technician."),
            );
            return;
        };
        self.board.number = number;
        self.board.said.push_back((number, lane));
        while self.board.said.len() > SAID_MAX {
            self.board.said.pop_front();
        }
        self.ask_board(Question::Act { act });
        self.say_of_kiosk(lane, Tone::Quiet, ("已发出", "等那台办好。"), ("Sent", "Waiting for the kiosk."));
    }

    /// The relay took it, or did not.
    pub(crate) fn hear_act_taken(&mut self, number: u64, answer: Option<Answer>) {
        let why = match answer {
            Some(Answer::ActTaken {}) => {
                // What comes of it is looked for at once.
                self.board.next_ms = 0;
                return;
            }
            Some(Answer::ActNotTaken { why }) => Some(why),
            _ => None,
        };
        let Some(place) = self.board.said.iter().position(|(said, _)| *said == number) else { return };
        let Some((_, lane)) = self.board.said.remove(place) else { return };
        let (zh, en) = match why {
            Some(ActNotTaken::NotThere) => ("那台没有应答", "It does not answer"),
            Some(ActNotTaken::Busy) => ("那台还有事没办完", "It is busy"),
            Some(ActNotTaken::Form) | None => ("没有送到", "It was not delivered"),
        };
        // Whether a question that nobody answered arrived is not known: the kiosk does it once, and soon or never.
        self.say_of_kiosk(
            lane,
            Tone::Stop,
            (zh, "请到机器旁处理，按工号和密码。"),
            (en, "Go there: number and PIN work without a network."),
        );
        self.commands.push(Command::Play(Sound::Blocked));
    }

    /// Whether the relay is heard.
    pub(crate) fn is_board_heard(&self) -> bool {
        self.board.heard_ms.is_some_and(|heard_ms| self.moment.now_ms - heard_ms < AWAY_MS)
    }

    /// The store's kiosks, by their numbers.
    pub(crate) fn kiosks(&self) -> &[KioskStand] {
        &self.board.kiosks
    }

    /// One of them.
    pub(crate) fn kiosk_at(&self, lane: u32) -> Option<&KioskStand> {
        self.board.kiosks.iter().find(|kiosk| kiosk.lane == lane)
    }

    /// Who waits at which kiosk, the longest first; nobody at one that is lost.
    pub(crate) fn waiting_at_kiosks(&self) -> Vec<Waiting> {
        if !self.is_board_heard() {
            return Vec::new();
        }
        let mut all: Vec<Waiting> = self
            .board
            .kiosks
            .iter()
            .filter(|kiosk| kiosk.age_ms < LOST_MS)
            .flat_map(|kiosk| {
                kiosk.stand.calls.iter().map(|call| Waiting {
                    lane: kiosk.lane,
                    call: call.clone(),
                    for_ms: kiosk.stand.at_ms.saturating_sub(call.at_ms).saturating_add(kiosk.age_ms).max(0),
                })
            })
            .collect();
        all.sort_by_key(|waiting| (-waiting.for_ms, waiting.lane));
        all
    }

    /// What the bar says of them, where somebody waits.
    pub(crate) fn board_bar(&self) -> Option<OrderCount> {
        let count = self.waiting_at_kiosks().len();
        if !self.has_board() || !self.is_attended() || count == 0 {
            return None;
        }
        let text = say(self.front.language, &format!("自助机 {count}"), &format!("Kiosks {count}"));
        Some(OrderCount { text, calls: true })
    }

    /// The board, where a person at the counter asks for it and somebody waits.
    pub(crate) fn open_board(&mut self) -> bool {
        let opens = self.board_bar().is_some() && self.is_attended();
        if opens {
            self.open_sheet(Kind::Board);
        }
        opens
    }
}

/// What a cause of the wire is to the rules.
pub(crate) fn cause_of(call: &StandCall) -> Cause {
    let cause: event::Cause = call.cause;
    cause.into()
}
