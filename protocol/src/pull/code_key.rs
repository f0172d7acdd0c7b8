//! Keys with which a lane checks codes of scan-and-go.

use serde::{Deserialize, Serialize};

use crate::head::{HeadError, PublicKey};
use crate::scan_go::CLOCK_AHEAD_MAX_MS;

/// A public key (Ed25519) that signs codes of scan-and-go. HQ's are told to every lane, a lane's and a relay's to those of
/// its store: nowhere else is taken what it signed.
/// Several hold at one time: of a key that another took the place of, codes are taken until the last one is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeKey {
    /// What it signs.
    #[serde(flatten)]
    pub signs: CodeSigner,
    /// The key, 64 hexadecimal digits.
    pub public_key: String,
    /// From when it signs, milliseconds UTC.
    pub from_ms: i64,
    /// From then on nothing that it signed is taken, milliseconds UTC; `None` for no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
    /// It is that of the store's relay, which signs baskets as HQ does, and nothing else of HQ's. A lane of before takes it
    /// for one of HQ's, which is the same to a lane.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub relay: bool,
}

/// What HQ's keys are known by begins with this.
pub const HQ_KEYS: &str = "hq/";

/// What keys of relays are known by begins with this: those of whoever signs baskets stand before those of lanes.
pub const RELAY_KEYS: &str = "hq-relay/";

/// Who signs what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "signs", rename_all = "snake_case")]
pub enum CodeSigner {
    /// HQ, or the store's relay, signs phones' baskets.
    Baskets,
    /// A lane of the store signs the right to leave, with the key of its journal.
    Exits {
        /// The lane's number within its store.
        lane: u32,
        /// The epoch of its journal.
        epoch: u32,
    },
}

impl CodeKey {
    /// What it is known by among those of its kind.
    pub fn key(&self) -> String {
        match self.signs {
            CodeSigner::Baskets if self.relay => format!("{RELAY_KEYS}{}", self.public_key),
            CodeSigner::Baskets => format!("{HQ_KEYS}{}", self.public_key),
            CodeSigner::Exits { lane, epoch } => format!("lane/{lane}/{epoch}"),
        }
    }

    /// The key itself, where it is one and holds at an instant, milliseconds UTC.
    ///
    /// # Errors
    /// It is no key.
    pub fn at(&self, now_ms: i64) -> Result<Option<PublicKey>, HeadError> {
        let has_begun = self.from_ms <= now_ms.saturating_add(CLOCK_AHEAD_MAX_MS);
        let holds = has_begun && self.until_ms.is_none_or(|until_ms| now_ms < until_ms);
        Ok(Some(PublicKey::parse(&self.public_key)?).filter(|_| holds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pull::{Change, Entity};

    const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    fn key(signs: CodeSigner, until_ms: Option<i64>) -> CodeKey {
        CodeKey { signs, public_key: PUBLIC.into(), from_ms: 1_000_000, until_ms, relay: false }
    }

    #[test]
    fn a_key_holds_for_its_time() {
        let at = |until_ms, now_ms| key(CodeSigner::Baskets, until_ms).at(now_ms).expect("a key").is_some();
        assert!(at(None, 1_000_000) && at(None, i64::MAX) && at(Some(2_000_000), 1_999_999));
        assert!(!at(Some(2_000_000), 2_000_000));
        assert!(at(None, 1_000_000 - CLOCK_AHEAD_MAX_MS), "clocks differ");
        assert!(!at(None, 1_000_000 - CLOCK_AHEAD_MAX_MS - 1));
        assert!(CodeKey { public_key: "12".into(), ..key(CodeSigner::Baskets, None) }.at(0).is_err());
    }

    #[test]
    fn how_keys_are_told_never_changes() {
        let told = |key: CodeKey| {
            let change = Change { version: 7, key: key.key(), entity: Entity::CodeKey(Some(key)) };
            let text = serde_json::to_string(&change).expect("JSON");
            assert_eq!(serde_json::from_str::<Change>(&text).expect("read"), change);
            text
        };
        let lines = [
            told(key(CodeSigner::Baskets, Some(2_000_000))),
            told(key(CodeSigner::Exits { lane: 3, epoch: 2 }, None)),
        ];
        expect_test::expect_file!["../../../fixtures/wire/scan-go-v1/keys.txt"].assert_eq(&lines.join("\n"));
        let of_relay = told(CodeKey { relay: true, ..key(CodeSigner::Baskets, None) });
        expect_test::expect_file!["../../../fixtures/wire/scan-go-v1/relay-key.txt"].assert_eq(&of_relay);
        // What a program of before reads of it, which does not know whose it is.
        let newer = of_relay.replace("\"relay\":true", "\"unheard_of\":true");
        let Ok(Change { entity: Entity::CodeKey(Some(read)), .. }) = serde_json::from_str(&newer) else {
            panic!("it is no key: {newer}")
        };
        assert_eq!(read, key(CodeSigner::Baskets, None));
    }
}
