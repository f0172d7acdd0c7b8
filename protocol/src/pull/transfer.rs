//! Transfers that HQ ordered, as the lanes of both stores are told.

use serde::{Deserialize, Serialize};

/// Goods that HQ wants brought from one store to another. The sending store is
/// told of it until they left, the receiving one until they came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Its number, one in the chain: what the documents of both stores bear.
    pub number: String,
    /// The code of the store that sends.
    pub from: String,
    /// The code of the store that receives.
    pub to: String,
    /// What is asked for, and what else left under its number.
    pub lines: Vec<TransferLine>,
    /// When it was ordered, milliseconds UTC.
    pub ordered_ms: i64,
    /// Whether HQ knows what left: then lines say it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
    /// What HQ noted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// So much of an item, thousandths of its base unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferLine {
    /// HQ's item code.
    pub sku: String,
    /// What was asked for; nothing of what left without being asked for.
    pub asked: i64,
    /// What left, as far as HQ knows.
    #[serde(default, skip_serializing_if = "is_none")]
    pub sent: i64,
}

fn is_none(thousandths: &i64) -> bool {
    *thousandths == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pull::{Change, Entity};

    #[test]
    fn what_is_not_known_yet_is_left_out_of_its_form() {
        let line = |sku: &str, asked, sent| TransferLine { sku: sku.into(), asked, sent };
        let ordered = Transfer {
            number: "T-1".into(),
            from: "S001".into(),
            to: "S002".into(),
            lines: vec![line("100001", 6_000, 0)],
            ordered_ms: 1_795_226_400_000,
            left: false,
            note: String::new(),
        };
        let sent = Transfer {
            lines: vec![line("100001", 6_000, 5_000), line("200003", 0, 1_250)],
            left: true,
            note: "周五前".into(),
            ..ordered.clone()
        };
        let head = r#"{"version":7,"key":"T-1","kind":"transfer","body":"#;
        let of = r#"{"number":"T-1","from":"S001","to":"S002","lines":["#;
        for (transfer, rest) in [
            (Some(ordered), r#"{"sku":"100001","asked":6000}],"ordered_ms":1795226400000}"#),
            (
                Some(sent),
                r#"{"sku":"100001","asked":6000,"sent":5000},{"sku":"200003","asked":0,"sent":1250}],"ordered_ms":1795226400000,"left":true,"note":"周五前"}"#,
            ),
            (None, ""),
        ] {
            let body = if transfer.is_some() { format!("{of}{rest}") } else { "null".to_owned() };
            let change = Change { version: 7, key: "T-1".into(), entity: Entity::Transfer(transfer) };
            let text = serde_json::to_string(&change).expect("plain data");
            assert_eq!(text, format!("{head}{body}}}"));
            assert_eq!(serde_json::from_str::<Change>(&text).expect("its own form"), change);
        }
    }
}
