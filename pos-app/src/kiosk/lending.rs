//! Baskets that were put aside: the store's tills may take them up, so the kiosk asks before the attendant does, and
//! hears which are gone.

use domain::till::Input;
use protocol::ask::ParkedRefused;
use ui::view::Tone;

use crate::lane::Lane;
use crate::sheet::Claimed;

/// So often a kiosk with baskets that may be taken up elsewhere asks which were, milliseconds.
const LOOK_MS: i64 = 60_000;

impl Lane {
    /// Whether there is a basket that another lane may take up.
    fn lends_baskets(&self) -> bool {
        self.till().is_some_and(|till| till.parked().iter().any(|parked| till.is_lendable(parked.number)))
    }

    /// Asks which of the baskets that were put aside were taken up elsewhere.
    pub(super) fn look_after_parked(&mut self) {
        let now_ms = self.moment.now_ms;
        if self.kiosk.is_some() && self.lends_baskets() {
            self.with_kiosk(|kiosk| kiosk.parked_asked_ms = Some(now_ms));
            self.ask_for_parked();
        }
    }

    /// The same, where it was long ago.
    pub(super) fn look_after_parked_at_times(&mut self) {
        let now_ms = self.moment.now_ms;
        let asked_ms = self.kiosk.as_ref().and_then(|kiosk| kiosk.parked_asked_ms);
        // A clock that was set back asks anew.
        if asked_ms.is_none_or(|asked_ms| !(0..LOOK_MS).contains(&(now_ms - asked_ms))) {
            self.look_after_parked();
        }
    }

    /// The attendant takes a basket up again; one that another lane may have been lent is asked for first.
    pub(super) fn take_basket_back(&mut self, basket: u32) {
        if self.till().is_some_and(|till| till.is_lendable(basket)) {
            self.ask_for_own_parked(basket);
        } else {
            self.recall_here(basket);
        }
    }

    fn recall_here(&mut self, basket: u32) {
        self.attend(Input::Recall { basket }, "取回挂单", "Taking it up again");
    }

    /// Says that another lane may have the same basket.
    fn warn_of_others(&mut self, answer: &Claimed) {
        match answer {
            Claimed::Nobody => self.kiosk_says(
                Tone::Attend,
                ("已取回；没问到别的收银台", "Taken up; nobody else could be asked"),
                (
                    "现在连不上。顾客带着商品在这里就照常结账。",
                    "There is no line now. With the customer and the goods here, sell as ever.",
                ),
            ),
            Claimed::Not(ParkedRefused::Held { lane }) => {
                let rest = (
                    format!("{lane} 号收银台也在取这一单：告诉那边不要收钱。"),
                    format!("Lane {lane} was taking it up too: tell them not to take money."),
                );
                self.kiosk_says(Tone::Attend, ("已取回", "Taken up"), (&rest.0, &rest.1));
            }
            Claimed::Yes(_) | Claimed::Not(_) => {}
        }
    }

    /// What was said to that; nobody's answer is none against it.
    pub(crate) fn end_kiosk_recall(&mut self, basket: u32, answer: Claimed) {
        match answer {
            Claimed::Not(ParkedRefused::Held { lane }) if self.held_elsewhere != Some(basket) => {
                self.held_elsewhere = Some(basket);
                let what =
                    (format!("{lane} 号收银台正在取这一单"), format!("Lane {lane} is taking this basket up"));
                self.kiosk_says(
                    Tone::Attend,
                    (&what.0, &what.1),
                    (
                        "问一下那边。顾客和商品都在这里的话，再按一次照样取回。",
                        "Ask there. With customer and goods here, touch again to take it all the same.",
                    ),
                );
            }
            Claimed::Not(ParkedRefused::Gone { lane }) => {
                self.input(Input::ParkedGone { basket, lane });
                self.flush();
                let what =
                    (format!("这一单已在 {lane} 号收银台取走"), format!("Lane {lane} took this basket up"));
                self.kiosk_says(
                    Tone::Attend,
                    (&what.0, &what.1),
                    ("不要再收一次。", "Do not take the money twice."),
                );
            }
            Claimed::Yes(_)
            | Claimed::Nobody
            | Claimed::Not(ParkedRefused::Held { .. } | ParkedRefused::Unknown {}) => {
                self.held_elsewhere = None;
                let parked = |lane: &Self| {
                    lane.till().is_some_and(|till| till.parked().iter().any(|parked| parked.number == basket))
                };
                let was_here = parked(self);
                self.recall_here(basket);
                if was_here && !parked(self) {
                    self.warn_of_others(&answer);
                }
                // The attendant may have left meanwhile.
                if self.till().is_some_and(|till| till.is_lendable(basket)) {
                    self.release_own_parked(basket);
                }
            }
        }
    }
}
