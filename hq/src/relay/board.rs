//! What each kiosk of the store said of itself last, and what waits to be told to it. All of it is of the moment: it lies in
//! memory, and a relay that is started again is told anew within a second.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use protocol::ask::ActNotTaken;
use protocol::board::{
    ACT_LASTS_MS, ACTS_MAX, ActDone, DONE_MAX, KIOSKS_MAX, KioskStand, LOST_MS, SignedAct, Stand,
};

/// A kiosk that was not heard for so long is not there any more, milliseconds: it was taken away, or is another lane now.
const FORGOTTEN_MS: i64 = 12 * 3_600_000;

/// The kiosks of the store.
#[derive(Debug, Default)]
pub struct Board {
    kiosks: Mutex<BTreeMap<u32, Kiosk>>,
}

#[derive(Debug)]
struct Kiosk {
    stand: Stand,
    heard_ms: i64,
    acts: VecDeque<Waiting>,
    /// What became of the last acts, newest last.
    done: VecDeque<ActDone>,
}

#[derive(Debug)]
struct Waiting {
    board: u32,
    number: u64,
    taken_ms: i64,
    act: SignedAct,
}

impl Board {
    /// A kiosk says how it is; it gets what waits for it, again until it says what became of it.
    pub fn stand(&self, lane: u32, stand: Stand, now_ms: i64) -> Vec<SignedAct> {
        let mut kiosks = self.kiosks.lock().unwrap_or_else(PoisonError::into_inner);
        kiosks.retain(|_, kiosk| now_ms - kiosk.heard_ms < FORGOTTEN_MS);
        if kiosks.len() >= KIOSKS_MAX && !kiosks.contains_key(&lane) {
            return Vec::new();
        }
        let kiosk = kiosks.entry(lane).or_insert_with(|| Kiosk {
            stand: stand.clone(),
            heard_ms: now_ms,
            acts: VecDeque::new(),
            done: VecDeque::new(),
        });
        let Kiosk { acts, done, .. } = kiosk;
        acts.retain(|waiting| {
            let ended = |done: &ActDone| (done.board, done.number) == (waiting.board, waiting.number);
            now_ms - waiting.taken_ms < ACT_LASTS_MS && !stand.done.iter().any(ended)
        });
        for ended in &stand.done {
            if !done.contains(ended) {
                done.push_back(*ended);
            }
        }
        while done.len() > DONE_MAX {
            done.pop_front();
        }
        (kiosk.stand, kiosk.heard_ms) = (stand, now_ms);
        kiosk.acts.iter().map(|waiting| waiting.act.clone()).collect()
    }

    /// Somebody at a lane says something to a kiosk. What it says is the kiosk's to check.
    ///
    /// # Errors
    /// It is not that lane's own, or the kiosk is not there, or hears too much already.
    pub fn say(&self, lane: u32, act: SignedAct, now_ms: i64) -> Result<(), ActNotTaken> {
        let said = act.read().map_err(|_| ActNotTaken::Form)?;
        if said.board != lane {
            return Err(ActNotTaken::Form);
        }
        let mut kiosks = self.kiosks.lock().unwrap_or_else(PoisonError::into_inner);
        let kiosk = kiosks.get_mut(&said.kiosk).filter(|kiosk| now_ms - kiosk.heard_ms < LOST_MS);
        let kiosk = kiosk.ok_or(ActNotTaken::NotThere)?;
        if kiosk.acts.iter().any(|waiting| (waiting.board, waiting.number) == (lane, said.number)) {
            return Ok(());
        }
        if kiosk.acts.len() >= ACTS_MAX {
            return Err(ActNotTaken::Busy);
        }
        kiosk.acts.push_back(Waiting { board: lane, number: said.number, taken_ms: now_ms, act });
        Ok(())
    }

    /// All kiosks, by their numbers.
    pub fn look(&self, now_ms: i64) -> Vec<KioskStand> {
        let kiosks = self.kiosks.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = kiosks.iter().filter(|(_, kiosk)| now_ms - kiosk.heard_ms < FORGOTTEN_MS);
        shown
            .map(|(lane, kiosk)| KioskStand {
                lane: *lane,
                age_ms: (now_ms - kiosk.heard_ms).max(0),
                stand: Stand { done: kiosk.done.iter().copied().collect(), ..kiosk.stand.clone() },
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::board::{ActOutcome, BoardAct, Deed, StandState};
    use protocol::head::SigningKey;

    fn stand(at_ms: i64, done: Vec<ActDone>) -> Stand {
        Stand {
            at_ms,
            state: StandState::Free,
            pieces: 0,
            total: 0,
            calls: Vec::new(),
            troubles: Vec::new(),
            parked: 0,
            done,
        }
    }

    fn act(kiosk: u32, board: u32, number: u64) -> SignedAct {
        let key = SigningKey::draw().expect("a key").0;
        let (store, staff, reason) = ("S001".into(), "E102".into(), String::new());
        let act = BoardAct {
            store,
            kiosk,
            board,
            epoch: 1,
            number,
            seen_ms: 0,
            staff,
            reason,
            deed: Deed::Close {},
        };
        SignedAct::sign(&act, &key)
    }

    #[test]
    fn what_is_said_to_a_kiosk_is_told_until_it_is_done() {
        let board = Board::default();
        assert!(board.stand(7, stand(1_000, Vec::new()), 1_000).is_empty());
        let close = act(7, 2, 41);
        assert_eq!(board.say(2, close.clone(), 1_500), Ok(()));
        // Said once more, it is the same.
        assert_eq!(board.say(2, close.clone(), 1_600), Ok(()));
        // An answer may be lost: it is told again.
        for now_ms in [2_000, 3_000] {
            assert_eq!(board.stand(7, stand(now_ms, Vec::new()), now_ms), [close.clone()]);
        }
        let done = ActDone { board: 2, number: 41, outcome: ActOutcome::Done };
        assert!(board.stand(7, stand(4_000, vec![done]), 4_000).is_empty());
        // The board hears of it though the kiosk says it once.
        assert!(board.stand(7, stand(5_000, Vec::new()), 5_000).is_empty());
        assert_eq!(board.look(5_500)[0].stand.done, [done]);
        assert_eq!(board.look(5_500)[0].age_ms, 500);
    }

    #[test]
    fn what_nobody_may_say_and_what_comes_too_late_is_not_told() {
        let board = Board::default();
        assert_eq!(board.say(2, act(7, 2, 1), 0), Err(ActNotTaken::NotThere));
        board.stand(7, stand(0, Vec::new()), 0);
        assert_eq!(board.say(3, act(7, 2, 1), 0), Err(ActNotTaken::Form), "another lane's words");
        assert_eq!(board.say(2, act(7, 2, 1), LOST_MS), Err(ActNotTaken::NotThere));
        for number in 0..u64::try_from(ACTS_MAX).unwrap_or_default() {
            assert_eq!(board.say(2, act(7, 2, number), 0), Ok(()));
        }
        assert_eq!(board.say(2, act(7, 2, 99), 0), Err(ActNotTaken::Busy));
        assert!(board.stand(7, stand(0, Vec::new()), ACT_LASTS_MS).is_empty());
        // A kiosk that is gone is not shown for ever.
        assert!(board.look(ACT_LASTS_MS + FORGOTTEN_MS).is_empty());
    }
}
