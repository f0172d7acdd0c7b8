//! Kiosks and the attendant's board: what a kiosk says of itself, and what somebody at a till says to it.
//!
//! Both go as questions ([`crate::ask`]) to the store's relay, which keeps what each kiosk said last and hands on what is
//! for it. Nobody at a counter waits for either. What is said to a kiosk is signed by the lane at which the attendant
//! gave their PIN, with the key of its journal: a relay that is not what it seems to be can drop it, and no more. Nothing of
//! a member, a payment code or a customer is in it.

use serde::{Deserialize, Serialize};

use crate::event::{CallEnd, Cause};
use crate::head::{PublicKey, SigningKey};

/// The most calls that a kiosk tells of.
pub const CALLS_MAX: usize = 16;

/// The most item codes that are told with a call.
pub const GOODS_MAX: usize = 6;

/// The most kiosks that a relay keeps.
pub const KIOSKS_MAX: usize = 64;

/// The most things that wait to be told to one kiosk.
pub const ACTS_MAX: usize = 16;

/// The most of what became of them that is told at one time.
pub const DONE_MAX: usize = 32;

/// The longest text in a stand or an act, bytes.
pub const TEXT_MAX: usize = 200;

/// The longest act, bytes.
pub const ACT_BYTES_MAX: usize = 2_048;

/// So long after the attendant saw it an act counts, milliseconds of the kiosk's own clock. Whoever approves looks at it
/// now: later, other goods may lie there.
pub const ACT_LASTS_MS: i64 = 30_000;

/// A kiosk that was not heard for so long is shown as lost, milliseconds.
pub const LOST_MS: i64 = 10_000;

/// What is signed begins with this line, so that no signature made for one thing passes for another.
const SIGNED: &str = "guitai board act 1\n";

/// How a kiosk is at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stand {
    /// Its clock, milliseconds UTC. An act says by which stand it was decided.
    pub at_ms: i64,
    /// What happens there.
    pub state: StandState,
    /// Pieces in the basket.
    pub pieces: u32,
    /// What it comes to, minor units of the store's currency.
    pub total: i64,
    /// Who waits for the attendant, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<StandCall>,
    /// What is not as it should be with its devices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub troubles: Vec<Trouble>,
    /// Baskets that were left there.
    #[serde(default)]
    pub parked: u32,
    /// What became of the last acts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<ActDone>,
}

/// What happens at a kiosk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StandState {
    /// Nobody has opened it.
    Closed,
    /// Nobody is there.
    Free,
    /// Somebody rings up goods.
    Serving,
    /// Somebody pays.
    Paying,
    /// Somebody has paid.
    Paid,
}

/// Something that waits for the attendant. It is known by its cause and when it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandCall {
    /// Why.
    pub cause: Cause,
    /// Since when, milliseconds UTC of the kiosk's clock.
    pub at_ms: i64,
    /// What it is about, as a number: pieces, minor units, grams, the line of a bottle. An answer counts for that only.
    pub seen: i64,
    /// Item codes that it is about, some of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goods: Vec<String>,
}

/// What is wrong with a kiosk's devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// No paper, or its cover is open.
    PaperOut,
    /// Little paper is left.
    PaperLow,
    /// The printer does not answer.
    PrinterAway,
    /// The scale of its counter does not answer.
    ScaleAway,
    /// The scale of its bagging area does not answer.
    BaggingAway,
    /// Nobody knows whether a receipt came out.
    PaperInDoubt,
    /// What a newer kiosk knows and this program does not.
    #[serde(other)]
    Other,
}

/// A kiosk as a board sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KioskStand {
    /// The lane's number within its store.
    pub lane: u32,
    /// How long ago it was heard, milliseconds.
    pub age_ms: i64,
    /// How it was then.
    pub stand: Stand,
}

/// What somebody says to a kiosk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardAct {
    /// The store's code.
    pub store: String,
    /// The kiosk's number within it.
    pub kiosk: u32,
    /// The lane at which it was said.
    pub board: u32,
    /// The epoch of that lane's journal, which tells its key.
    pub epoch: u32,
    /// Counted on that lane, never twice.
    pub number: u64,
    /// The stand by which it was decided: [`Stand::at_ms`].
    pub seen_ms: i64,
    /// HQ's id of who says it. The kiosk looks up what they may do.
    pub staff: String,
    /// Why.
    pub reason: String,
    /// What.
    #[serde(flatten)]
    pub deed: Deed,
}

/// What may be said to a kiosk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "deed", rename_all = "snake_case")]
pub enum Deed {
    /// What comes of a call.
    Answer {
        /// Which: its cause,
        cause: Cause,
        /// when it began,
        at_ms: i64,
        /// and what was seen of it ([`StandCall::seen`]).
        seen: i64,
        /// What comes of it.
        end: CallEnd,
    },
    /// The customer paid in cash at the board's till.
    Cash {
        /// When that call began.
        at_ms: i64,
        /// Exactly this was taken, minor units.
        seen: i64,
    },
    /// The wallet is asked again about a payment.
    AskWallet {
        /// When that call began.
        at_ms: i64,
        /// The payment's number.
        seen: i64,
    },
    /// The basket is put aside, so that the attendant takes it over and the kiosk is free.
    PutAside {
        /// What it came to, minor units.
        total: i64,
    },
    /// The kiosk is closed to customers.
    Close {},
}

/// An act with its signature, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedAct {
    /// The act as JSON: the bytes that are signed.
    pub body: String,
    /// The signature, 128 hexadecimal digits.
    pub signature: String,
}

/// What became of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActDone {
    /// The lane at which it was said.
    pub board: u32,
    /// Its number there.
    pub number: u64,
    /// What became of it.
    pub outcome: ActOutcome,
}

/// What became of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActOutcome {
    /// It was done, and stands in the kiosk's journal.
    Done,
    /// It is not any more as it was seen: look again.
    Stale,
    /// The kiosk was started anew since it was seen: it may have been done before that.
    NotKnown,
    /// Who said it may not, or the kiosk cannot now.
    Refused,
    /// The kiosk does not know who said it.
    UnknownStaff,
    /// It is not signed by a lane of this store.
    Forged,
}

/// Why an act is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadActError {
    /// It is too long, or of another form.
    #[error("read what a board says: it is damaged, or of a newer board")]
    Form,
    /// No key that is known here signed it.
    #[error("read what a board says: no lane of this store signed it")]
    Signature,
}

impl Stand {
    /// Whether all of it is as short as it must be.
    pub fn is_within_bounds(&self) -> bool {
        let goods = |call: &StandCall| {
            call.goods.len() <= GOODS_MAX && call.goods.iter().all(|sku| sku.len() <= TEXT_MAX)
        };
        self.calls.len() <= CALLS_MAX
            && self.calls.iter().all(goods)
            && self.troubles.len() <= CALLS_MAX
            && self.done.len() <= DONE_MAX
    }
}

impl SignedAct {
    /// Writes an act down and signs it with the key of the board's lane.
    pub fn sign(act: &BoardAct, key: &SigningKey) -> Self {
        let body = serde_json::to_string(act).expect("plain data serialises");
        let signature = key.sign_bytes(&signed(&body));
        Self { signature: signature.iter().map(|byte| format!("{byte:02x}")).collect(), body }
    }

    /// Whether it is as short as it must be.
    pub fn is_within_bounds(&self) -> bool {
        self.body.len() <= ACT_BYTES_MAX && self.signature.len() == 128
    }

    /// What it says, unchecked: for whoever only hands it on.
    ///
    /// # Errors
    /// It is too long, or of another form.
    pub fn read(&self) -> Result<BoardAct, ReadActError> {
        if !self.is_within_bounds() {
            return Err(ReadActError::Form);
        }
        let act: BoardAct = serde_json::from_str(&self.body).map_err(|_| ReadActError::Form)?;
        let short = [&act.store, &act.staff, &act.reason].iter().all(|text| text.len() <= TEXT_MAX);
        if short { Ok(act) } else { Err(ReadActError::Form) }
    }

    /// What it says, where one of these keys signed it.
    ///
    /// # Errors
    /// It is too long, of another form, or none of them did.
    pub fn open(&self, keys: &[PublicKey]) -> Result<BoardAct, ReadActError> {
        let act = self.read()?;
        let signature = self.signature_bytes().ok_or(ReadActError::Form)?;
        let bytes = signed(&self.body);
        let is_signed = keys.iter().any(|key| key.check_bytes(&bytes, &signature));
        if is_signed { Ok(act) } else { Err(ReadActError::Signature) }
    }

    fn signature_bytes(&self) -> Option<[u8; 64]> {
        let mut bytes = [0; 64];
        for (index, byte) in bytes.iter_mut().enumerate() {
            let digits = self.signature.get(index * 2..index * 2 + 2)?;
            *byte = u8::from_str_radix(digits, 16).ok()?;
        }
        Some(bytes)
    }
}

fn signed(body: &str) -> Vec<u8> {
    format!("{SIGNED}{body}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret key of RFC 8032, section 7.1, test 1.
    const SECRET: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

    fn act() -> BoardAct {
        BoardAct {
            store: "S001".into(),
            kiosk: 7,
            board: 2,
            epoch: 1,
            number: 41,
            seen_ms: 1_795_226_400_000,
            staff: "E102".into(),
            reason: "看过，已满18岁".into(),
            deed: Deed::Answer { cause: Cause::Age, at_ms: 1_795_226_390_000, seen: 2, end: CallEnd::Passed },
        }
    }

    #[test]
    fn an_act_counts_as_it_was_signed_and_by_no_other_key() {
        let key = SigningKey::parse(SECRET).expect("a key");
        let other = SigningKey::draw().expect("a key").0;
        let signed = SignedAct::sign(&act(), &key);
        assert_eq!(signed.open(&[other.public(), key.public()]), Ok(act()));
        assert_eq!(signed.open(&[other.public()]), Err(ReadActError::Signature));
        let altered = SignedAct { body: signed.body.replace("\"kiosk\":7", "\"kiosk\":8"), ..signed.clone() };
        assert_eq!(altered.open(&[key.public()]), Err(ReadActError::Signature));
        for signature in ["", "é", &"g".repeat(128)] {
            let broken = SignedAct { signature: (*signature).into(), ..signed.clone() };
            assert_eq!(broken.open(&[key.public()]), Err(ReadActError::Form), "{signature}");
        }
        let long = SignedAct { body: " ".repeat(ACT_BYTES_MAX + 1), ..signed };
        assert_eq!(long.read(), Err(ReadActError::Form));
    }

    #[test]
    fn how_kiosks_and_boards_talk_never_changes() {
        let key = SigningKey::parse(SECRET).expect("a key");
        let stand = Stand {
            at_ms: 1_795_226_400_000,
            state: StandState::Serving,
            pieces: 3,
            total: 4_550,
            calls: vec![StandCall {
                cause: Cause::Age,
                at_ms: 1_795_226_390_000,
                seen: 2,
                goods: vec!["110003".into()],
            }],
            troubles: vec![Trouble::PaperLow],
            parked: 1,
            done: vec![ActDone { board: 2, number: 40, outcome: ActOutcome::Stale }],
        };
        assert!(stand.is_within_bounds());
        let lines = [
            serde_json::to_string(&stand).expect("JSON"),
            serde_json::to_string(&SignedAct::sign(&act(), &key)).expect("JSON"),
        ];
        expect_test::expect_file!["../../fixtures/wire/board-v1/board.txt"].assert_eq(&lines.join("\n"));
        let newer: Trouble = serde_json::from_str("\"on_fire\"").expect("read");
        assert_eq!(newer, Trouble::Other);
    }
}
