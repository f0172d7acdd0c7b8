//! What a store's relay is lent of its members' points, for its lanes to spend while HQ is out of reach.
//!
//! Members who shopped in the store lately have a share of their points lent to it, those of the last day first. A page is
//! looked at in one reading, and each lease that is to be made or renewed has a transaction of its own, so that no relay
//! keeps lanes from filing. The same page asked for again is told the same.

use chrono::{DateTime, Days, NaiveDate};
use protocol::ask::Answer;
use protocol::enrol::RELAY_LANE;
use protocol::standing::{
    STANDING_CODES_MAX, STANDING_MEMBERS_MAX, STANDING_PAGE_MAX, STANDING_TERM_MAX_MS, STANDING_VERSION,
    StandingAsk, StandingGuest, StandingLease, StandingTold,
};

use crate::books::LaneId;
use crate::books::keeper::{ALIAS, Keeper, STANDING_SETTING, points_now, points_terms};
use crate::books::points::{PointsTerms, StandingSetting, StandingTerms};
use crate::store::{BookKind, LaneRow, Reading, Store, StoreError, Writing};
use crate::{asking, import};

/// So many days back somebody shopped lately.
const LATELY_DAYS: u32 = 30;

/// The soonest, and the latest, that a relay asks again, milliseconds.
const AGAIN_MS: (i64, i64) = (1_000, 6 * 3_600_000);

/// The most points that one lease can be set to.
const POINTS_MAX: i64 = 1_000_000_000;

/// Why a relay is not answered.
#[derive(Debug, thiserror::Error)]
pub enum StandingError {
    /// It is of another form.
    #[error("answer a relay about points: {0}")]
    Form(&'static str),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where a page begins: who was looked at before, on which business date, and how many.
struct Place {
    seen: usize,
    day: NaiveDate,
    after: String,
}

impl Place {
    fn parse(text: &str, today: NaiveDate) -> Option<Self> {
        if text.is_empty() {
            // A store east of here may have a day more.
            return Some(Self { seen: 0, day: today.succ_opt()?, after: String::new() });
        }
        let (seen, rest) = text.split_once('/')?;
        let (day, after) = rest.split_once('/')?;
        Some(Self { seen: seen.parse().ok()?, day: day.parse().ok()?, after: after.to_owned() })
    }

    fn text(&self) -> String {
        format!("{}/{}/{}", self.seen, self.day, self.after)
    }
}

/// Answers the relay of a store. `now_ms` is HQ's clock, milliseconds UTC.
pub fn answer(
    store: &Store,
    relay: &LaneRow,
    ask: &StandingAsk,
    now_ms: i64,
) -> Result<StandingTold, StandingError> {
    if ask.v != STANDING_VERSION || !ask.is_within_bounds() {
        return Err(StandingError::Form("it is of another version, or something in it is too long"));
    }
    let code = relay.store.as_str();
    let mut told = StandingTold::default();
    for ended in &ask.ended {
        let is_over = store.write::<_, StoreError>(|writing| {
            Keeper::new(writing, now_ms)?.end_accounted(code, &ask.instance, ended)
        })?;
        if is_over {
            told.ended.push(ended.lease.clone());
        }
    }
    let terms = store.read::<_, StoreError>(|reading| points_terms(reading))?;
    told.again_ms = terms.standing_every_ms.clamp(AGAIN_MS.0, AGAIN_MS.1).unsigned_abs();
    let Some(after) = &ask.after else { return Ok(told) };
    if after.is_empty() {
        store.write::<_, StoreError>(|writing| Keeper::new(writing, now_ms)?.end_standing(code, now_ms))?;
    }
    let Some(standing) = terms.standing() else { return Ok(told) };
    let today = DateTime::from_timestamp_millis(now_ms).unwrap_or_default().date_naive();
    let place = Place::parse(after, today).ok_or(StandingError::Form("after is no next of a page"))?;
    let asks = Asks { store: code, ask, standing, now_ms };
    let page = store.read(|reading| asks.page(reading, today, &place))?;
    told.leases = page.known;
    for member in &page.due {
        let lent = store.write(|writing| Keeper::new(writing, now_ms)?.stand(code, member, &ask.instance))?;
        told.leases.extend(lent);
    }
    store.read::<_, StoreError>(|reading| {
        for lease in &mut told.leases {
            lease.guest = guest(reading, code, &lease.member, now_ms)?.map(Box::new);
        }
        Ok(())
    })?;
    told.next = page.next.map(|next| next.text());
    Ok(told)
}

/// Who a member is, for a store whose lanes are told of its own members only.
fn guest(
    reading: &Reading<'_>,
    store: &str,
    id: &str,
    now_ms: i64,
) -> Result<Option<StandingGuest>, StoreError> {
    let told_to = reading.member(id)?.and_then(|row| import::member_told(id, &row, None));
    if told_to.is_some_and(|(home, _)| home == store) {
        return Ok(None);
    }
    let Answer::Member { member, .. } = asking::member(reading, id, now_ms)? else { return Ok(None) };
    let limit = u32::try_from(STANDING_CODES_MAX + 1).unwrap_or(u32::MAX);
    let mut codes = reading.codes_of_member(id, "", limit)?;
    codes.retain(|code| !code.starts_with(ALIAS));
    codes.truncate(STANDING_CODES_MAX);
    Ok(Some(StandingGuest { member, codes }))
}

/// One question.
struct Asks<'a> {
    store: &'a str,
    ask: &'a StandingAsk,
    standing: StandingTerms,
    now_ms: i64,
}

/// A page of members.
#[derive(Default)]
struct Page {
    /// What the relay's book has, as it is.
    known: Vec<StandingLease>,
    /// Whose leases are to be made, or renewed.
    due: Vec<String>,
    next: Option<Place>,
}

impl Asks<'_> {
    fn page(&self, reading: &Reading<'_>, today: NaiveDate, place: &Place) -> Result<Page, StoreError> {
        let relay = LaneId { store: self.store.to_owned(), lane: RELAY_LANE };
        let held = usize::try_from(reading.count_holds(&relay, BookKind::Points)?).unwrap_or(usize::MAX);
        let mut room = STANDING_MEMBERS_MAX.saturating_sub(held);
        let mut page = Page::default();
        let (ids, next) = self.lately(reading, today, place)?;
        let mut members: Vec<String> = Vec::new();
        for id in ids {
            // One that was given at a till may have become another's.
            let own = reading.members_of_code(&format!("{ALIAS}{id}"))?.into_iter().next();
            let member = own.unwrap_or(id);
            if !members.contains(&member) {
                members.push(member);
            }
        }
        for member in members {
            let Some(row) = reading.member(&member)? else { continue };
            let account = points_now(reading, &member, self.now_ms)?;
            let Some(account) = account else {
                // What was imported is entered when something first moves it.
                if import::member_points(&row).is_some_and(|had| had > 0) && room > 0 {
                    room -= 1;
                    page.due.push(member);
                }
                continue;
            };
            let known = account.standing_of(&relay, &self.ask.instance);
            let is_due = account.is_standing_due(self.standing, (&relay, &self.ask.instance), self.now_ms);
            match known {
                _ if is_due && (known.is_some() || room > 0) => {
                    room -= usize::from(known.is_none());
                    page.due.push(member);
                }
                Some((id, lease)) => page.known.push(StandingLease {
                    lease: id.to_owned(),
                    points: lease.points,
                    until_ms: lease.until_ms,
                    guest: None,
                    member,
                }),
                None => {}
            }
        }
        page.next = next;
        Ok(page)
    }

    /// Who shopped here lately, those of the last day first, and where the next page begins.
    fn lately(
        &self,
        reading: &Reading<'_>,
        today: NaiveDate,
        place: &Place,
    ) -> Result<(Vec<String>, Option<Place>), StoreError> {
        let first = today.checked_sub_days(Days::new(LATELY_DAYS.into())).unwrap_or(today);
        let (mut day, mut after) = (place.day.min(today.succ_opt().unwrap_or(today)), place.after.clone());
        let mut found: Vec<String> = Vec::new();
        while day >= first {
            let wanted = STANDING_PAGE_MAX - found.len();
            let limit = u32::try_from(wanted).unwrap_or(u32::MAX);
            let of_day = reading.members_of_day(self.store, day, &after, limit)?;
            let is_full = of_day.len() == wanted;
            found.extend(of_day);
            if is_full {
                let seen = place.seen.saturating_add(found.len());
                let last = found.last().cloned().unwrap_or_default();
                let next = (seen < STANDING_MEMBERS_MAX).then_some(Place { seen, day, after: last });
                return Ok((found, next));
            }
            let Some(before) = day.pred_opt() else { break };
            (day, after) = (before, String::new());
        }
        Ok((found, None))
    }
}

/// What is to be another from now on of what is lent to stores; absent as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Change {
    /// How much of what a member may spend, per cent; 0 for none.
    pub percent: Option<i64>,
    /// The most points of one lease.
    pub points_max: Option<i64>,
    /// How long a lease lasts, milliseconds.
    pub term_ms: Option<i64>,
    /// How often relays ask, milliseconds.
    pub every_ms: Option<i64>,
}

impl Change {
    /// Whether all stays as it is.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Changes what is lent to stores, and says how points are kept then; the inner error says what cannot be. Leases that are
/// out stay as they are until they end.
pub fn change(
    writing: &Writing<'_>,
    change: &Change,
) -> Result<Result<PointsTerms, &'static str>, StoreError> {
    let before = points_terms(writing)?;
    let said = StandingSetting {
        percent: change.percent.unwrap_or(before.standing_percent),
        points_max: change.points_max.unwrap_or(before.standing_points_max),
        term_ms: change.term_ms.unwrap_or(before.standing_ms),
        every_ms: change.every_ms.unwrap_or(before.standing_every_ms),
    };
    let terms = before.with_standing(said);
    if !(0..=100).contains(&terms.standing_percent) {
        return Ok(Err("0 to 100 per cent can be lent"));
    }
    if !(1..=POINTS_MAX).contains(&terms.standing_points_max) {
        return Ok(Err("1 to 1000000000 points can be lent"));
    }
    if !(1..=STANDING_TERM_MAX_MS).contains(&terms.standing_ms) {
        return Ok(Err("a lease lasts 1 to 48 hours"));
    }
    if !(AGAIN_MS.0..=AGAIN_MS.1).contains(&terms.standing_every_ms) {
        return Ok(Err("relays ask every 1 to 21600 seconds"));
    }
    if !change.is_none() {
        let body = serde_json::to_string(&said).expect("plain data serialises");
        writing.put_setting(STANDING_SETTING, &body)?;
    }
    Ok(Ok(terms))
}
