//! Keys with which a lane checks codes of scan-and-go.

use serde::{Deserialize, Serialize};

use crate::head::{HeadError, PublicKey};
use crate::scan_go::CLOCK_AHEAD_MAX_MS;

/// A public key (Ed25519) that signs codes of scan-and-go. HQ's are told to every lane, a lane's to those of its store.
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
}

/// Who signs what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "signs", rename_all = "snake_case")]
pub enum CodeSigner {
    /// HQ signs phones' baskets.
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
            CodeSigner::Baskets => format!("hq/{}", self.public_key),
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
        CodeKey { signs, public_key: PUBLIC.into(), from_ms: 1_000_000, until_ms }
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
    }
}
