//! Routes about members, their points, and coupons.

use axum::http::Method;
use protocol::ask::CouponRefused;
use protocol::{event, pull};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::catalogue::known_store;
use super::forms::{Changed, ID_PATTERN, Millis, Page, PageQuery, page, page_limit};
use super::route::{Call, Done, Nothing, Route, change, question};
use crate::access::Scope;
use crate::books::keeper::{
    Keeper, PointsRefused, ValueRefused, points_key, points_now, value_account_of, value_key,
};
use crate::books::value::ValueAccount;
use crate::import;
use crate::orders::is_id;
use crate::server::refusal::Refusal;
use crate::store::{BookKey, BookKind, Kind, Put, Reading, StoreError, Writing, scope_of};

const READ: (&str, Scope) = ("members", Scope::MembersRead);
const WRITE: (&str, Scope) = ("members", Scope::MembersWrite);

/// The most points of one movement.
const POINTS_MAX: i64 = 1_000_000_000;

/// The most of either balance of one movement, minor units.
const VALUE_MOVED_MAX: u64 = 1_000_000_000;

/// The longest reason or document, in bytes.
const TEXT_LENGTH_MAX: usize = 128;

pub(super) fn routes() -> Vec<Route> {
    vec![
        question("/v1/members", READ, "Lists members, or finds one by a card or a telephone's hash.", list),
        question("/v1/members/{id}", READ, "A member.", get),
        change(
            Method::PUT,
            "/v1/members/{id}",
            WRITE,
            ("member.put", "Registers a member, or makes them what is sent."),
            put,
        ),
        question("/v1/members/{id}/points", READ, "The points of a member, as they are now.", points),
        question(
            "/v1/members/{id}/points/entries",
            READ,
            "What moved a member's points, oldest first.",
            entries,
        ),
        change(
            Method::POST,
            "/v1/members/{id}/points",
            WRITE,
            ("member.points", "Gives a member points, or takes some that are free; once for each document."),
            move_points,
        ),
        question("/v1/members/{id}/value", READ, "The stored value of a member.", value),
        question(
            "/v1/members/{id}/value/entries",
            READ,
            "What moved a member's stored value, oldest first.",
            value_entries,
        ),
        change(
            Method::POST,
            "/v1/members/{id}/value",
            WRITE,
            (
                "member.value",
                "Gives a member stored value, or takes some that is free; once for each document.",
            ),
            move_value,
        ),
        question(
            "/v1/stores/{store}/coupons",
            READ,
            "Lists the coupons of a store, or those of a member there.",
            coupons,
        ),
        question("/v1/stores/{store}/coupons/{code}", READ, "A coupon.", get_coupon),
        change(
            Method::PUT,
            "/v1/stores/{store}/coupons/{code}",
            WRITE,
            ("coupon.put", "Gives a coupon out, or freezes or voids one that is not used."),
            put_coupon,
        ),
        change(
            Method::POST,
            "/v1/stores/{store}/coupons/{code}/redeem",
            WRITE,
            ("coupon.redeem", "Spends a coupon in a channel; once for each document."),
            redeem,
        ),
    ]
}

/// A member. The telephone number itself is never stored.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MemberForm {
    /// 1 to 64 letters, digits, - and _.
    id: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    name: String,
    /// SHA-256 of the telephone number's digits, lower-case hex; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    phone_hash: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    phone_last4: String,
    /// The codes of their cards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cards: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    tier: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    stage: String,
    /// Whether nothing was bought before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    first_order: bool,
    /// What whoever serves them at a counter should know, 40 characters at most; shown to cashiers only. What the law
    /// calls sensitive (health, beliefs) needs the member's own consent (个人信息保护法 art. 29).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    note: String,
    /// The store whose lanes know them by themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    store: Option<String>,
}

/// What of a stored row the form stands for: what it leaves out goes.
const FORM_FIELDS: &[&str] =
    &["name", "phone_hash", "phone_last4", "cards", "tier", "tags", "stage", "first_order", "note", "store"];

/// A member as stored; rows that were imported may have fields of their own,
/// which are kept and not told here.
fn form_of(id: &str, body: &str) -> Result<MemberForm, Refusal> {
    #[derive(Deserialize)]
    #[serde(default)]
    #[derive(Default)]
    struct Stored {
        name: String,
        phone_hash: String,
        phone_last4: String,
        cards: Vec<String>,
        tier: String,
        tags: Vec<String>,
        stage: String,
        first_order: bool,
        note: String,
        store: Option<String>,
    }
    let row: Stored = serde_json::from_str(body)?;
    Ok(MemberForm {
        id: id.to_owned(),
        name: row.name,
        phone_hash: row.phone_hash,
        phone_last4: row.phone_last4,
        cards: row.cards,
        tier: row.tier,
        tags: row.tags,
        stage: row.stage,
        first_order: row.first_order,
        note: row.note,
        store: row.store,
    })
}

/// Which members.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MemberQuery {
    /// Only who has this card, or `phone:` and the hash of this telephone number.
    code: Option<String>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
    /// How many at most, 1 to 1000; 200 where absent.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
}

fn list(reading: &Reading<'_>, _: &Call, query: MemberQuery) -> Result<Page<MemberForm>, Refusal> {
    let limit = page_limit(query.limit)?;
    let Some(code) = query.code else {
        let rows = reading.members_after(query.after.as_deref().unwrap_or_default(), limit + 1)?;
        let members = rows.iter().map(|(id, body)| form_of(id, body)).collect::<Result<Vec<_>, _>>()?;
        return Ok(page(members, limit, |member| member.id.clone()));
    };
    let mut items = Vec::new();
    for id in reading.members_of_code(&code)? {
        if let Some(body) = reading.member(&id)? {
            items.push(form_of(&id, &body)?);
        }
    }
    Ok(Page { items, next: None })
}

fn stored(reading: &Reading<'_>, id: &str) -> Result<String, Refusal> {
    reading.member(id)?.ok_or_else(|| Refusal::Unknown("there is no such member".to_owned()))
}

fn get(reading: &Reading<'_>, call: &Call, _: Nothing) -> Result<MemberForm, Refusal> {
    let id = call.param("id");
    form_of(id, &stored(reading, id)?)
}

fn put(writing: &Writing<'_>, call: &Call, sent: &MemberForm) -> Result<Done<Changed>, Refusal> {
    let id = call.param("id");
    if sent.id != id || !is_id(id) {
        return Err(Refusal::Unfit(
            "the id in path and body are the same: 1 to 64 letters, digits, - and _".into(),
        ));
    }
    if let Some(store) = &sent.store {
        known_store(writing, store)?;
    }
    // What an import gave beside is kept.
    let mut row = match writing.member(id)? {
        Some(body) => serde_json::from_str::<Value>(&body)?,
        None => json!({}),
    };
    let fields = serde_json::to_value(sent)?;
    if let (Some(row), Some(fields)) = (row.as_object_mut(), fields.as_object()) {
        for name in FORM_FIELDS {
            row.remove(*name);
        }
        row.extend(fields.clone());
    }
    let changed = import::put_member(writing, id, &row)?;
    Ok(Done::new(Changed { changed }, id))
}

/// The points of a member.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Points {
    member: String,
    /// May be spent or lent; below nothing where more was taken back than there was.
    available: i64,
    /// Waits for the end of the time in which goods come back.
    pending: i64,
    /// Lent to lanes and stores, and not known to be spent.
    lent: i64,
    /// Of that, lent to stores, so that their lanes can spend it while HQ is out of reach.
    standing: i64,
    /// All of it.
    balance: i64,
    /// The tier that spending led to; null where none did.
    tier: Option<String>,
}

fn points(reading: &Reading<'_>, call: &Call, _: Nothing) -> Result<Points, Refusal> {
    let id = call.param("id");
    let body = stored(reading, id)?;
    let member = id.to_owned();
    Ok(match points_now(reading, id, call.now_ms)? {
        Some(account) => Points {
            member,
            available: account.available(),
            pending: account.pending(),
            lent: account.lent(),
            standing: account.standing(),
            balance: account.balance(),
            tier: account.tier().map(str::to_owned),
        },
        None => {
            // What was imported is entered when something first moves it.
            let had = import::member_points(&body).unwrap_or(0);
            Points { member, available: had, pending: 0, lent: 0, standing: 0, balance: had, tier: None }
        }
    })
}

/// What moved a member's points.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Entry {
    /// Counts from 1.
    number: u64,
    /// The document behind it.
    source: String,
    at_ms: Millis,
    heard_at_ms: Millis,
    /// By how much the balance moved.
    points: i64,
}

/// The number of the last entry of the page before.
fn entry_after(query: &PageQuery) -> Result<u64, Refusal> {
    let Some(text) = query.after.as_deref() else { return Ok(0) };
    let number = text.parse::<u64>().ok().filter(|number| i64::try_from(*number).is_ok());
    number.ok_or_else(|| Refusal::Form(format!("the query: after {text:?} is no next of a page")))
}

fn entries(reading: &Reading<'_>, call: &Call, query: PageQuery) -> Result<Page<Entry>, Refusal> {
    let id = call.param("id");
    stored(reading, id)?;
    let limit = page_limit(query.limit)?;
    let rows = reading.book_entries(points_key(id), entry_after(&query)?, limit + 1)?;
    let rows = rows.into_iter().map(|entry| Entry {
        number: entry.number,
        source: entry.source,
        at_ms: entry.at_ms,
        heard_at_ms: entry.heard_at_ms,
        points: entry.amount,
    });
    Ok(page(rows.collect(), limit, |entry: &Entry| entry.number.to_string()))
}

/// Points to be given or taken.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MovePoints {
    /// The caller's document: it moves this member's points once.
    #[schemars(regex(pattern = ID_PATTERN))]
    document: String,
    /// Above nothing to give, below to take.
    #[schemars(range(min = -1_000_000_000, max = 1_000_000_000))]
    points: i64,
    /// Why.
    #[schemars(length(max = 128))]
    reason: String,
}

fn move_points(writing: &Writing<'_>, call: &Call, sent: &MovePoints) -> Result<Done<Points>, Refusal> {
    let id = call.param("id");
    if !is_id(&sent.document) || sent.reason.len() > TEXT_LENGTH_MAX {
        return Err(Refusal::Unfit(
            "a document has 1 to 64 letters, digits, - and _; a reason 128 bytes".into(),
        ));
    }
    if sent.points == 0 || sent.points.abs() > POINTS_MAX {
        return Err(Refusal::Unfit(format!("move 1 to {POINTS_MAX} points")));
    }
    let keeper = Keeper::new(writing, call.now_ms)?;
    // Documents of callers and of lanes are kept apart.
    let document = format!("api/{}", sent.document);
    match keeper.move_points(id, &document, sent.points, &sent.reason)? {
        Ok(_) => {}
        Err(PointsRefused::Unknown) => return Err(Refusal::Unknown("there is no such member".into())),
        Err(PointsRefused::TooFew { available }) => {
            return Err(Refusal::Conflict(format!("{available} points are free")));
        }
        Err(PointsRefused::Moved) => {
            return Err(Refusal::Conflict(format!("{:?} moved points of this member before", sent.document)));
        }
    }
    let account = keeper.account(&keeper.member_of(id)?)?;
    let answer = Points {
        member: id.to_owned(),
        available: account.available(),
        pending: account.pending(),
        lent: account.lent(),
        standing: account.standing(),
        balance: account.balance(),
        tier: account.tier().map(str::to_owned),
    };
    Ok(Done::new(answer, id).with(json!({ "points": sent.points, "document": sent.document })))
}

/// Principal and bonus of stored value, minor units.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Parts {
    /// What was paid in.
    principal: i64,
    /// What was given on top.
    bonus: i64,
}

impl From<event::Value> for Parts {
    fn from(value: event::Value) -> Self {
        Self { principal: value.principal, bonus: value.bonus }
    }
}

/// The stored value of a member.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct StoredValue {
    member: String,
    /// May be spent or lent; below nothing where more was spent than there was.
    free: Parts,
    /// Lent to lanes, and not known to be spent.
    lent: Parts,
    /// All of it.
    balance: Parts,
}

impl StoredValue {
    fn of(member: &str, account: &ValueAccount) -> Self {
        Self {
            member: member.to_owned(),
            free: account.free().into(),
            lent: account.lent().into(),
            balance: account.balance().into(),
        }
    }
}

fn value(reading: &Reading<'_>, call: &Call, _: Nothing) -> Result<StoredValue, Refusal> {
    let id = call.param("id");
    stored(reading, id)?;
    let account = match reading.book(value_key(id))? {
        Some(book) => value_account_of(&book)?,
        None => ValueAccount::default(),
    };
    Ok(StoredValue::of(id, &account))
}

/// What moved a member's stored value.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ValueEntry {
    /// Counts from 1.
    number: u64,
    /// The document behind it.
    source: String,
    at_ms: Millis,
    heard_at_ms: Millis,
    /// By how much both balances together moved, minor units.
    amount: i64,
}

fn value_entries(reading: &Reading<'_>, call: &Call, query: PageQuery) -> Result<Page<ValueEntry>, Refusal> {
    let id = call.param("id");
    stored(reading, id)?;
    let limit = page_limit(query.limit)?;
    let rows = reading.book_entries(value_key(id), entry_after(&query)?, limit + 1)?;
    let rows = rows.into_iter().map(|entry| ValueEntry {
        number: entry.number,
        source: entry.source,
        at_ms: entry.at_ms,
        heard_at_ms: entry.heard_at_ms,
        amount: entry.amount,
    });
    Ok(page(rows.collect(), limit, |entry: &ValueEntry| entry.number.to_string()))
}

/// Stored value to be given or taken.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MoveValue {
    /// The caller's document: it moves this member's stored value once.
    #[schemars(regex(pattern = ID_PATTERN))]
    document: String,
    /// Minor units; above nothing to give, below to take.
    #[schemars(range(min = -1_000_000_000, max = 1_000_000_000))]
    principal: i64,
    /// The same of the bonus.
    #[schemars(range(min = -1_000_000_000, max = 1_000_000_000))]
    bonus: i64,
    /// Why.
    #[schemars(length(min = 1, max = 128))]
    reason: String,
}

fn move_value(writing: &Writing<'_>, call: &Call, sent: &MoveValue) -> Result<Done<StoredValue>, Refusal> {
    let id = call.param("id");
    let has_reason = !sent.reason.trim().is_empty() && sent.reason.len() <= TEXT_LENGTH_MAX;
    if !is_id(&sent.document) || !has_reason {
        return Err(Refusal::Unfit(
            "a document has 1 to 64 letters, digits, - and _; a reason 1 to 128 bytes".into(),
        ));
    }
    let is_amount = |part: i64| part.unsigned_abs() <= VALUE_MOVED_MAX;
    if !is_amount(sent.principal) || !is_amount(sent.bonus) || (sent.principal, sent.bonus) == (0, 0) {
        return Err(Refusal::Unfit(format!("move 1 to {VALUE_MOVED_MAX} minor units")));
    }
    let keeper = Keeper::new(writing, call.now_ms)?;
    let document = format!("api/{}", sent.document);
    let moved = event::Value { principal: sent.principal, bonus: sent.bonus };
    match keeper.move_value(id, &document, moved, &sent.reason)? {
        Ok(_) => {}
        Err(ValueRefused::Unknown) => return Err(Refusal::Unknown("there is no such member".into())),
        Err(ValueRefused::TooLittle { free }) => {
            let (principal, bonus) = (free.principal, free.bonus);
            return Err(Refusal::Conflict(format!("{principal} of principal and {bonus} of bonus are free")));
        }
        Err(ValueRefused::Moved) => {
            return Err(Refusal::Conflict(format!(
                "{:?} moved stored value of this member before",
                sent.document
            )));
        }
    }
    let account = keeper.value_account(&keeper.member_of(id)?)?;
    let done = Done::new(StoredValue::of(id, &account), id);
    Ok(done.with(json!({
        "principal": sent.principal, "bonus": sent.bonus, "document": sent.document, "reason": sent.reason,
    })))
}

/// A coupon of a store.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CouponForm {
    /// Its number.
    code: String,
    /// The id of the promotion that it stands for.
    promotion: String,
    /// issued, reserved, redeemed, frozen or void.
    #[serde(default = "issued")]
    state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from_ms: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until_ms: Option<Millis>,
    /// The id of the member it was given to; whoever has it may use it where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    /// Of one group at most `together_max` go on a ticket.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    group: String,
    #[serde(default = "one")]
    together_max: u32,
}

fn issued() -> String {
    "issued".to_owned()
}

fn one() -> u32 {
    1
}

/// Which coupons.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CouponQuery {
    /// Only those of this member, of the page.
    owner: Option<String>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
    /// How many are looked at, 1 to 1000; 200 where absent.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
}

fn coupons(reading: &Reading<'_>, call: &Call, query: CouponQuery) -> Result<Page<CouponForm>, Refusal> {
    let store = call.param("store");
    known_store(reading, store)?;
    let limit = page_limit(query.limit)?;
    let scope = scope_of(&pull::PriceScope::Store(store.to_owned()));
    let rows = reading.entities_after(
        &scope,
        Kind::Coupon,
        query.after.as_deref().unwrap_or_default(),
        limit + 1,
    )?;
    let Page { items, next } = page(rows, limit, |(code, ..)| code.clone());
    let coupons = items.iter().map(|(_, _, body)| serde_json::from_str::<CouponForm>(body));
    let mut items = coupons.collect::<Result<Vec<_>, _>>()?;
    if let Some(owner) = &query.owner {
        items.retain(|coupon| coupon.owner.as_ref() == Some(owner));
    }
    Ok(Page { items, next })
}

fn find_coupon(reading: &Reading<'_>, store: &str, code: &str) -> Result<CouponForm, Refusal> {
    let body = reading.entity_of_store(Kind::Coupon, store, code)?;
    let body = body.ok_or_else(|| Refusal::Unknown("the store has no such coupon".to_owned()))?;
    Ok(serde_json::from_str(&body)?)
}

fn get_coupon(reading: &Reading<'_>, call: &Call, _: Nothing) -> Result<CouponForm, Refusal> {
    find_coupon(reading, call.param("store"), call.param("code"))
}

fn is_spent(reading: &Reading<'_>, store: &str, code: &str) -> Result<bool, StoreError> {
    let key = BookKey { owner: store, kind: BookKind::Coupon, part: code };
    Ok(reading.book_sum(key)? > 0)
}

fn put_coupon(writing: &Writing<'_>, call: &Call, sent: &CouponForm) -> Result<Done<Changed>, Refusal> {
    let (store, code) = (call.param("store"), call.param("code"));
    known_store(writing, store)?;
    if sent.code != code || !is_id(code) {
        return Err(Refusal::Unfit(
            "the number in path and body are the same: 1 to 64 letters, digits, - and _".into(),
        ));
    }
    if !["issued", "frozen", "void"].contains(&sent.state.as_str()) {
        return Err(Refusal::Unfit(format!(
            "the state {:?} cannot be set; use issued, frozen or void",
            sent.state
        )));
    }
    let coupon: pull::Coupon = serde_json::from_value(serde_json::to_value(sent)?)?;
    import::check_coupon_of(&coupon, store).map_err(Refusal::Unfit)?;
    if is_spent(writing, store, code)? {
        return Err(Refusal::Conflict("the coupon was used; it stays as it is".to_owned()));
    }
    if let Some(owner) = &sent.owner {
        stored(writing, owner)?;
    }
    let put = writing.put_of_store(Kind::Coupon, store, code, &serde_json::to_string(&coupon)?)?;
    let done = Done::new(Changed { changed: put != Put::Same }, format!("{store}/{code}"));
    Ok(done.with(json!({ "state": sent.state, "promotion": sent.promotion })))
}

/// A coupon to be spent.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Redeem {
    /// The channel's document: an order.
    #[schemars(regex(pattern = ID_PATTERN))]
    document: String,
    /// The id of the member who brings it.
    member: Option<String>,
}

fn redeem(writing: &Writing<'_>, call: &Call, sent: &Redeem) -> Result<Done<CouponForm>, Refusal> {
    let (store, code) = (call.param("store"), call.param("code"));
    if !is_id(&sent.document) {
        return Err(Refusal::Unfit("a document has 1 to 64 letters, digits, - and _".into()));
    }
    let document = format!("api/{}", sent.document);
    let keeper = Keeper::new(writing, call.now_ms)?;
    if let Err(why) = keeper.redeem_coupon(store, code, sent.member.as_deref(), &document)? {
        return Err(match why {
            CouponRefused::Unknown => Refusal::Unknown("the store has no such coupon".to_owned()),
            CouponRefused::Used => Refusal::Conflict("the coupon was used".to_owned()),
            CouponRefused::Reserved => Refusal::Conflict("a till holds the coupon now".to_owned()),
            CouponRefused::Withdrawn => {
                Refusal::Conflict("the coupon is withdrawn, or this is not its time".to_owned())
            }
            CouponRefused::OtherMember => Refusal::Conflict("the coupon is another member's".to_owned()),
        });
    }
    let done = Done::new(find_coupon(writing, store, code)?, format!("{store}/{code}"));
    Ok(done.with(json!({ "document": sent.document })))
}
