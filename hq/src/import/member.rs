//! Members and coupons of an import, as the lanes of their store hear of them.

use protocol::ask::PHONE;
use protocol::pull::{Coupon, MEMBER_NOTE_MAX, Member};
use serde::Deserialize;

/// The most cards of one member.
const CARDS_MAX: usize = 16;

/// The most tags of one member.
const TAGS_MAX: usize = 64;

/// The most points that a member had before this HQ kept them.
const POINTS_MAX: i64 = 1_000_000_000;

/// The longest of any text of a member or coupon, bytes.
const TEXT_LENGTH_MAX: usize = 128;

/// What of a member's row is told to lanes; the rest of the row is kept.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct MemberSource {
    name: String,
    /// What may be shown, where the row has no name to make it of.
    shown: String,
    phone_hash: String,
    phone_last4: String,
    cards: Vec<String>,
    tier: String,
    tags: Vec<String>,
    stage: String,
    first_order: bool,
    note: String,
    points: Option<i64>,
    store: Option<String>,
    /// Who they are where they work here, by HQ's id.
    staff: Option<String>,
}

/// A coupon as an import says it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct CouponSource {
    /// The store in which it may be used; that of the file where absent.
    pub store: Option<String>,
    #[serde(flatten)]
    pub coupon: Coupon,
}

/// A member as the lanes of their store hear of one, and which store that is:
/// `of_file` where the row does not say. `None` where no store is theirs.
pub(super) fn told(
    id: &str,
    row: &serde_json::Value,
    of_file: Option<&str>,
) -> Result<Option<(String, Member)>, String> {
    let source = MemberSource::deserialize(row).map_err(|error| error.to_string())?;
    let Some(store) = source.store.as_deref().or(of_file).filter(|store| !store.is_empty()) else {
        return Ok(None);
    };
    if source.cards.len() > CARDS_MAX || source.tags.len() > TAGS_MAX {
        return Err(format!("it has more than {CARDS_MAX} cards or {TAGS_MAX} tags"));
    }
    let texts = source.cards.iter().chain(&source.tags).chain([&source.tier, &source.stage]);
    for text in texts.chain([&source.phone_hash]) {
        if text.len() > TEXT_LENGTH_MAX {
            return Err(format!("a text has more than {TEXT_LENGTH_MAX} bytes: {text}"));
        }
    }
    if source.note.chars().count() > MEMBER_NOTE_MAX || source.note.chars().any(char::is_control) {
        return Err(format!("\"note\" is one line of at most {MEMBER_NOTE_MAX} characters"));
    }
    if !source.phone_hash.is_empty() && !is_sha256(&source.phone_hash) {
        return Err("\"phone_hash\" is not a SHA-256 in lower-case hex".to_owned());
    }
    Ok(Some((store.to_owned(), source.member(id))))
}

/// What is wrong with a member's row of an import.
pub(super) fn check(id: &str, row: &serde_json::Value, of_file: Option<&str>) -> Result<(), String> {
    told(id, row, of_file)?;
    let points = MemberSource::deserialize(row).map_err(|error| error.to_string())?.points.unwrap_or(0);
    if (0..=POINTS_MAX).contains(&points) {
        Ok(())
    } else {
        Err(format!("\"points\" is {points}; use 0 to {POINTS_MAX}"))
    }
}

impl MemberSource {
    /// The member as lanes hear of one.
    fn member(self, id: &str) -> Member {
        let source = self;
        let shown = match shown(&source.name, &source.phone_last4) {
            made if made.is_empty() => source.shown,
            made => made,
        };
        Member {
            id: id.to_owned(),
            shown,
            cards: source.cards,
            phone_hash: source.phone_hash,
            tier: source.tier,
            tags: source.tags,
            stage: source.stage,
            first_order: source.first_order,
            note: source.note,
            points: source.points,
        }
    }
}

/// What of a stored member may be shown at any till; their tier, where
/// spending led to another than the row says.
pub(crate) fn member_shown(id: &str, body: &str, tier: Option<&str>) -> Option<Member> {
    let source: MemberSource = serde_json::from_str(body).ok()?;
    let mut member = source.member(id);
    if let Some(tier) = tier {
        tier.clone_into(&mut member.tier);
    }
    Some(member)
}

/// The same, with the store whose lanes are told of the member by themselves.
pub(crate) fn member_told(id: &str, body: &str, tier: Option<&str>) -> Option<(String, Member)> {
    let source: MemberSource = serde_json::from_str(body).ok()?;
    let store = source.store.filter(|store| !store.is_empty())?;
    Some((store, member_shown(id, body, tier)?))
}

/// The points that a stored member had before this HQ kept them.
pub(crate) fn member_points(body: &str) -> Option<i64> {
    serde_json::from_str::<MemberSource>(body).ok()?.points
}

/// The hash of a stored member's telephone number.
pub(crate) fn member_phone(body: &str) -> Option<String> {
    let source = serde_json::from_str::<MemberSource>(body).ok()?;
    Some(source.phone_hash).filter(|hash| !hash.is_empty())
}

/// Who a stored member is where they work here, by HQ's id.
pub(crate) fn member_staff(body: &str) -> Option<String> {
    serde_json::from_str::<MemberSource>(body).ok()?.staff
}

/// Everything by which a stored member is found, beside their id.
pub(super) fn member_codes(row: &serde_json::Value) -> Vec<String> {
    let Ok(source) = MemberSource::deserialize(row) else { return Vec::new() };
    let phone = (!source.phone_hash.is_empty()).then(|| format!("{PHONE}{}", source.phone_hash));
    source.cards.into_iter().chain(phone).collect()
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The first character of a name and the last digits of a telephone number: a
/// customer knows it for theirs, and nobody else learns anything.
fn shown(name: &str, last4: &str) -> String {
    let digits = if last4.len() <= 4 && last4.bytes().all(|byte| byte.is_ascii_digit()) { last4 } else { "" };
    let parts = [
        name.trim().chars().next().map(|first| format!("{first}**")),
        (!digits.is_empty()).then(|| format!("*{digits}")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// What is wrong with a coupon of a store.
pub(crate) fn check_coupon_of(coupon: &Coupon, store: &str) -> Result<(), String> {
    check_coupon(&CouponSource { store: Some(store.to_owned()), coupon: coupon.clone() }, None)
}

/// What is wrong with a coupon.
pub(super) fn check_coupon(source: &CouponSource, of_file: Option<&str>) -> Result<(), String> {
    let coupon = &source.coupon;
    let store = source.store.as_deref().or(of_file).unwrap_or_default();
    if store.is_empty() {
        return Err("it names no store; give it a \"store\", or the file one".to_owned());
    }
    let texts = [&coupon.code, &coupon.promotion, &coupon.group];
    if texts.iter().any(|text| text.len() > TEXT_LENGTH_MAX) {
        return Err(format!("a text has more than {TEXT_LENGTH_MAX} bytes"));
    }
    if coupon.code.is_empty() || coupon.promotion.is_empty() {
        return Err("it needs a \"code\" and a \"promotion\"".to_owned());
    }
    if coupon.together_max == 0 {
        return Err("\"together_max\" is 0: it could never be used".to_owned());
    }
    if coupon.from_ms.zip(coupon.until_ms).is_some_and(|(from, until)| until <= from) {
        return Err("it ends before it begins".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_hear_neither_name_nor_number() {
        let row = serde_json::json!({
            "id": "m1", "name": "赵一鸣", "phone_last4": "0001", "phone_hash": "0".repeat(64),
            "cards": ["M00000001K"], "tier": "gold", "points": 12, "birthday": "1990-01-01"
        });
        let (store, member) = told("m1", &row, Some("S001")).expect("a member").expect("a store");
        assert_eq!((store.as_str(), member.shown.as_str()), ("S001", "赵** *0001"));
        let text = serde_json::to_string(&member).expect("plain data serialises");
        assert!(!text.contains("一鸣") && !text.contains("1990"), "{text}");
        assert!(told("m1", &row, None).expect("a member").is_none());
    }

    #[test]
    fn a_member_that_cannot_be_is_refused() {
        let refused = |row: serde_json::Value| told("m1", &row, Some("S001")).is_err();
        assert!(refused(serde_json::json!({"phone_hash": "138"})));
        assert!(refused(serde_json::json!({"cards": "M1"})));
        assert!(refused(serde_json::json!({"tier": "g".repeat(200)})));
        let points = |points: serde_json::Value| check("m1", &serde_json::json!({ "points": points }), None);
        assert_eq!((points(0.into()), points(1_000_000_000.into())), (Ok(()), Ok(())));
        assert_eq!(points((-1).into()), Err("\"points\" is -1; use 0 to 1000000000".to_owned()));
        assert!(points(1_000_000_001.into()).is_err() && points("12".into()).is_err());
    }

    #[test]
    fn a_coupon_that_could_never_be_used_is_refused() {
        let check = |text: &str| {
            let source: CouponSource = serde_json::from_str(text).expect("a coupon");
            check_coupon(&source, Some("S001")).is_ok()
        };
        assert!(check(r#"{"code":"C1","promotion":"K1"}"#));
        assert!(!check(r#"{"code":"","promotion":"K1"}"#));
        assert!(!check(r#"{"code":"C1","promotion":"K1","together_max":0}"#));
        assert!(!check(r#"{"code":"C1","promotion":"K1","from_ms":5,"until_ms":5}"#));
    }
}
