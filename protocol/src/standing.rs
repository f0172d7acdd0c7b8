//! A store's relay to HQ: points that are lent to the whole store, so that they can be spent while HQ is out of reach.
//!
//! `POST /v1/relays/{store}/standing`, with the relay's key, takes a [`StandingAsk`] and gives a [`StandingTold`]. The relay
//! lends parts of what it was told to the lanes of its store, under ids of their own ([`PartId`]).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ask::ASKED_LENGTH_MAX;
use crate::event::{Member, Position};

/// The version that this program writes.
pub const STANDING_VERSION: u16 = 1;

/// The most standing leases of one store.
pub const STANDING_MEMBERS_MAX: usize = 2_000;

/// The most members of one page.
pub const STANDING_PAGE_MAX: usize = 100;

/// The most leases that are said to be over at one time.
pub const STANDING_ENDED_MAX: usize = 100;

/// The most parts of one lease; a new lease takes the place of one with more.
pub const STANDING_PARTS_MAX: usize = 32;

/// The most places in journals by which the parts of one lease are accounted for: two for each.
pub const STANDING_JOURNALS_MAX: usize = 2 * STANDING_PARTS_MAX;

/// The longest that a standing lease lasts unless it is renewed, milliseconds: two days.
pub const STANDING_TERM_MAX_MS: i64 = 48 * 3_600_000;

/// The most codes of one guest.
pub const STANDING_CODES_MAX: usize = 8;

/// The longest place in HQ's list, bytes.
const AFTER_LENGTH_MAX: usize = 4 * ASKED_LENGTH_MAX;

/// The longest id of a lease, bytes.
const LEASE_LENGTH_MAX: usize = 2 * ASKED_LENGTH_MAX;

/// What a relay says, and asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingAsk {
    /// [`STANDING_VERSION`] in what this program writes.
    pub v: u16,
    /// Which book the relay keeps: drawn when it was begun. A relay that lost its book has another one, and is told of no
    /// lease that the book before may have lent parts of.
    pub instance: String,
    /// Leases of which the relay lends nothing any more; said again until HQ has ended them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<StandingEnded>,
    /// The page of leases that is asked for: empty for the first, else [`StandingTold::next`]; absent where none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl StandingAsk {
    /// Whether every text in it is as short, and every list as small, as it must be.
    pub fn is_within_bounds(&self) -> bool {
        let short = |text: &str, most: usize| !text.is_empty() && text.len() <= most;
        short(&self.instance, ASKED_LENGTH_MAX)
            && self.after.as_ref().is_none_or(|after| after.len() <= AFTER_LENGTH_MAX)
            && self.ended.len() <= STANDING_ENDED_MAX
            && self.ended.iter().all(|ended| {
                short(&ended.lease, LEASE_LENGTH_MAX)
                    && short(&ended.member, ASKED_LENGTH_MAX)
                    && ended.journals.len() <= STANDING_JOURNALS_MAX
                    && ended.journals.iter().all(|at| i64::try_from(at.seq).is_ok())
            })
    }
}

/// A lease of which the relay lends nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingEnded {
    /// HQ's id of it.
    pub lease: String,
    /// Whose points they are, by HQ's id.
    pub member: String,
    /// What lanes spent of its parts stands in their journals up to these numbers; none where it never lent a part. HQ takes
    /// the rest back once it has filed all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub journals: Vec<Position>,
    /// A part of it is out still, with a lane that has not been heard of for long: HQ lends another beside it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub waits: bool,
}

/// What HQ says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StandingTold {
    /// A page of the store's leases of this relay's book.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leases: Vec<StandingLease>,
    /// Those of [`StandingAsk::ended`] that are over for HQ as well. The others wait for journals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ended: Vec<String>,
    /// Where the next page begins; absent after the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The relay asks for the first page again after so long, milliseconds.
    #[serde(default)]
    pub again_ms: u64,
}

/// Points of one member that a store may spend.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingLease {
    /// HQ's id of it.
    pub lease: String,
    /// HQ's id of the member.
    pub member: String,
    /// How many were lent under this id, whatever was spent of them.
    pub points: i64,
    /// None of it is spent from this instant on, milliseconds UTC.
    pub until_ms: i64,
    /// Who the member is, where the store's lanes are not told of them anyway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guest: Option<Box<StandingGuest>>,
}

/// A member of another store, who shops in this one as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingGuest {
    /// What a sale needs to know of them.
    pub member: Member,
    /// By what they are found: cards' codes, and hashes of telephone numbers as [`Question`](crate::ask::Question) has them;
    /// at most [`STANDING_CODES_MAX`].
    pub codes: Vec<String>,
}

/// The id of a part of a standing lease: `LEASE/LANE/NUMBER`. No other lease's id ends like that, since each ends with a
/// full stop and a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartId<'a> {
    /// The whole.
    pub lease: &'a str,
    /// The lane that it was lent to.
    pub lane: u32,
    /// Counts the parts of that lane, from 1.
    pub number: u32,
}

impl<'a> PartId<'a> {
    /// Reads the id of a lease; `None` where it is that of a whole one.
    pub fn parse(id: &'a str) -> Option<Self> {
        let number_of = |text: &str| text.parse().ok().filter(|number: &u32| number.to_string() == text);
        let (before, number) = id.rsplit_once('/')?;
        let (lease, lane) = before.rsplit_once('/')?;
        Some(Self { lease, lane: number_of(lane)?, number: number_of(number)? })
    }
}

impl fmt::Display for PartId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.lease, self.lane, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_names_its_whole_and_nothing_else_does() {
        let part = PartId { lease: "m/1/2.7", lane: 3, number: 12 };
        assert_eq!(part.to_string(), "m/1/2.7/3/12");
        assert_eq!(PartId::parse("m/1/2.7/3/12"), Some(part));
        for whole in
            ["m1.4", "m/1/2.7", "v:m/3/1.2", "", "m.1/3", "m.1/3/", "m.1/03/1", "m.1/3/+1", "m.1/-3/1"]
        {
            assert_eq!(PartId::parse(whole), None, "{whole}");
        }
    }

    /// What stands here stays as it is: a relay and an HQ of other versions speak it.
    #[test]
    fn the_form_is_what_it_was() {
        let position = Position { lane: 2, epoch: 1, seq: 40 };
        let ended = StandingEnded {
            lease: "m1.4".into(),
            member: "m1".into(),
            journals: vec![position],
            waits: false,
        };
        let waiting = StandingEnded { waits: true, journals: Vec::new(), ..ended.clone() };
        let waits = r#"{"lease":"m1.4","member":"m1","waits":true}"#;
        assert_eq!(serde_json::to_string(&waiting).expect("JSON"), waits);
        let ask = StandingAsk { v: 1, instance: "0a".into(), ended: vec![ended], after: Some(String::new()) };
        let asked = r#"{"v":1,"instance":"0a","ended":[{"lease":"m1.4","member":"m1","journals":[{"lane":2,"epoch":1,"seq":40}]}],"after":""}"#;
        assert_eq!(serde_json::to_string(&ask).expect("JSON"), asked);
        assert_eq!(serde_json::from_str::<StandingAsk>(asked).expect("read"), ask);
        let least: StandingAsk = serde_json::from_str(r#"{"v":1,"instance":"0a"}"#).expect("read");
        assert_eq!(least, StandingAsk { ended: Vec::new(), after: None, ..ask });
        let lease =
            StandingLease { lease: "m1.5".into(), member: "m1".into(), points: 30, until_ms: 9, guest: None };
        let told = StandingTold {
            leases: vec![lease],
            ended: vec!["m1.4".into()],
            next: Some("x".into()),
            again_ms: 900_000,
        };
        let said = r#"{"leases":[{"lease":"m1.5","member":"m1","points":30,"until_ms":9}],"ended":["m1.4"],"next":"x","again_ms":900000}"#;
        assert_eq!(serde_json::to_string(&told).expect("JSON"), said);
        assert_eq!(serde_json::from_str::<StandingTold>(said).expect("read"), told);
        let guest = r#"{"lease":"m1.5","member":"m1","points":30,"until_ms":9,"guest":{"member":{"id":"m1","shown":"A"},"codes":["C1"]}}"#;
        let read: StandingLease = serde_json::from_str(guest).expect("read");
        assert_eq!(read.guest.as_ref().map(|guest| guest.codes.as_slice()), Some(&["C1".to_owned()][..]));
        assert_eq!(serde_json::to_string(&read).expect("JSON"), guest);
        assert_eq!(serde_json::from_str::<StandingTold>("{}").expect("read"), StandingTold::default());
    }

    #[test]
    fn what_is_too_much_is_not_within_bounds() {
        let ask = StandingAsk { v: 1, instance: "0a".into(), ended: Vec::new(), after: None };
        assert!(ask.is_within_bounds());
        assert!(!StandingAsk { instance: String::new(), ..ask.clone() }.is_within_bounds());
        assert!(
            !StandingAsk { after: Some("x".repeat(AFTER_LENGTH_MAX + 1)), ..ask.clone() }.is_within_bounds()
        );
        let ended = |lease: &str, journals: usize| StandingEnded {
            lease: lease.to_owned(),
            member: "m1".into(),
            journals: vec![Position { lane: 1, epoch: 1, seq: 1 }; journals],
            waits: false,
        };
        let with = |ended: Vec<StandingEnded>| StandingAsk { ended, ..ask.clone() };
        assert!(with(vec![ended("m1.1", STANDING_JOURNALS_MAX)]).is_within_bounds());
        assert!(!with(vec![ended("m1.1", STANDING_JOURNALS_MAX + 1)]).is_within_bounds());
        assert!(!with(vec![ended("", 0)]).is_within_bounds());
        assert!(!with(vec![ended("m1.1", 0); STANDING_ENDED_MAX + 1]).is_within_bounds());
    }
}
