//! Labels and tills of a store in one loop: nobody ever pays more than a label
//! shows, whatever is late, lost or begun anew.
//!
//! `GUITAI_SHELF_DAYS` plays more days than CI does.

use std::collections::VecDeque;

use ledger::reference::shelf::{HeldBack, ShelfChanges};

use super::*;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
const BEGIN_MS: i64 = 1_772_416_800_000;
const HOST: &str = "gateway";

fn number(last: u8) -> LabelNumber {
    LabelNumber::parse(&format!("{last:016X}")).expect("a number")
}

fn item(place: usize) -> LabelItem {
    LabelItem::of(&format!("item{place}"))
}

/// What members pay: a tenth less for every other item.
fn members_pay(place: usize, price: i64) -> Option<i64> {
    (place % 2 == 1).then_some(price - price / 10)
}

fn face(prices: &[(usize, i64)]) -> LabelFace {
    let shown = |&(place, price): &(usize, i64)| ShownPrice {
        item: (&item(place)).into(),
        price: Some(price),
        member_price: members_pay(place, price),
    };
    LabelFace {
        template: "normal".into(),
        prices: prices.iter().map(shown).collect(),
        ..LabelFace::default()
    }
}

fn wanted(prices: &[(usize, i64)]) -> Wanted {
    Wanted { face: Some(face(prices)), is_bound: true, ..Wanted::default() }
}

/// A reconciler whose labels were heard, of a store with these other lanes.
fn core(lanes: &[(u32, u64)]) -> ShelfCore {
    let mut core = ShelfCore::new(ShelfBeginning { lane: 1, ..ShelfBeginning::default() });
    core.lanes_told(0, known(lanes));
    for last in 1..=4 {
        hears(&mut core, last);
    }
    core
}

fn known(lanes: &[(u32, u64)]) -> Vec<LaneKnown> {
    lanes.iter().map(|&(lane, version)| LaneKnown { lane, version }).collect()
}

fn hears(core: &mut ShelfCore, last: u8) {
    hears_by(core, last, HOST);
}

fn hears_by(core: &mut ShelfCore, last: u8, gateway: &str) {
    let heard = Heard {
        gateway: gateway.into(),
        is_elsewhere: false,
        seen_ms: Some(0),
        battery_mv: Some(3_000),
        panel: None,
    };
    core.heard(0, &number(last), heard);
}

/// Writes all there is, and gives the caps that were written of an item.
fn writes(core: &mut ShelfCore) -> Vec<ShelfChanges> {
    let mut all = Vec::new();
    while let Some(changes) = core.write() {
        core.written(&changes, true);
        all.push(changes);
    }
    all
}

fn cap(core: &ShelfCore, place: usize) -> Option<i64> {
    core.caps.get(&item(place)).and_then(|caps| caps.iter().find(|cap| cap.from_ms.is_none())?.price)
}

fn condition(core: &ShelfCore, last: u8) -> LabelCondition {
    core.state(&number(last)).expect("known").condition
}

fn shows(core: &mut ShelfCore, given: &Given) {
    core.shown(1, &given.number, given.send, "00".repeat(8));
}

fn gives(core: &mut ShelfCore, now_ms: i64) -> Vec<Given> {
    core.is_to_look = true;
    core.give(now_ms)
}

#[test]
fn a_price_rises_on_the_label_first_and_then_at_the_till() {
    let mut core = core(&[]);
    core.want(0, &number(1), wanted(&[(0, 500)]));
    assert_eq!(gives(&mut core, 0), [], "nothing is given before it is on disk");
    writes(&mut core);
    let given = gives(&mut core, 0);
    assert_eq!((given.len(), given[0].is_first), (1, true));
    shows(&mut core, &given[0]);
    assert_eq!((cap(&core, 0), condition(&core, 1)), (Some(500), LabelCondition::Shown));

    core.want(1, &number(1), wanted(&[(0, 600)]));
    writes(&mut core);
    let given = gives(&mut core, 1);
    assert_eq!((cap(&core, 0), condition(&core, 1)), (Some(500), LabelCondition::Sending));
    shows(&mut core, &given[0]);
    assert_eq!((cap(&core, 0), condition(&core, 1)), (Some(600), LabelCondition::Shown));
}

#[test]
fn gateways_begin_together_however_many_faces_wait() {
    let mut core = core(&[]);
    let label = |gateway: usize, place: usize| {
        LabelNumber::parse(&format!("{:08X}{place:08X}", gateway + 1)).expect("a number")
    };
    for gateway in 0..4 {
        for place in 0..GIVEN_MAX {
            let number = label(gateway, place);
            let heard = Heard {
                gateway: format!("gateway{gateway}"),
                is_elsewhere: false,
                seen_ms: Some(0),
                battery_mv: None,
                panel: None,
            };
            core.heard(0, &number, heard);
            core.want(0, &number, wanted(&[(0, 500)]));
        }
    }
    writes(&mut core);
    let given = gives(&mut core, 0);
    assert_eq!(given.len(), GIVEN_MAX);
    for gateway in 0..4 {
        let of = given.iter().filter(|given| given.gateway == format!("gateway{gateway}"));
        assert_eq!(of.count(), GIVEN_MAX / 4, "gateway {gateway}");
    }
}

#[test]
fn a_price_falls_on_the_label_when_no_lane_asks_more() {
    let mut core = core(&[(2, 7)]);
    core.want(0, &number(1), wanted(&[(0, 500)]));
    writes(&mut core);
    assert_eq!(gives(&mut core, 0), []);
    assert_eq!(core.state(&number(1)).and_then(|state| state.held.clone()), Some(HeldBack::Hq {}));
    let published = core.publish().expect("the cap");
    assert_eq!(published.caps[0].1[0].price, Some(500));
    core.published(0, Some(LanesTold { version: 8, lanes: known(&[(2, 7)]) }));
    assert_eq!(gives(&mut core, 0), []);
    let held = core.state(&number(1)).and_then(|state| state.held.clone());
    assert_eq!(held, Some(HeldBack::Lanes { lanes: vec![2] }));
    core.lanes_told(0, known(&[(2, 8)]));
    writes(&mut core);
    assert_eq!(gives(&mut core, 0).len(), 1);
    // A lane that was written off is not told of any more.
    core.want(1, &number(1), wanted(&[(0, 400)]));
    writes(&mut core);
    assert_eq!(gives(&mut core, 1), []);
    core.lanes_told(1, known(&[]));
    writes(&mut core);
    assert_eq!(gives(&mut core, 1).len(), 1);
}

#[test]
fn a_lower_cap_that_is_on_its_way_counts_only_when_it_has_arrived() {
    let mut core = core(&[(2, 0)]);
    core.want(0, &number(1), wanted(&[(0, 600)]));
    core.publish().expect("the cap");
    core.published(0, Some(LanesTold { version: 1, lanes: known(&[(2, 1)]) }));
    writes(&mut core);
    let first = gives(&mut core, 0);
    shows(&mut core, &first[0]);
    core.want(1, &number(1), wanted(&[(0, 500)]));
    core.publish().expect("the lower cap");
    // Nobody knows whether HQ heard it.
    core.published(1, None);
    writes(&mut core);
    assert_eq!(gives(&mut core, 1), []);
    core.publish().expect("it is told again");
    core.published(1, Some(LanesTold { version: 3, lanes: known(&[(2, 2)]) }));
    assert_eq!(gives(&mut core, 1), []);
    core.lanes_told(2, known(&[(2, 3)]));
    writes(&mut core);
    assert_eq!(gives(&mut core, 2).len(), 1);
}

#[test]
fn a_switch_that_is_known_ahead_needs_no_hq() {
    let mut core = core(&[(2, 0)]);
    let later = vec![Later { from_ms: HOUR_MS, prices: face(&[(0, 500)]).prices }];
    core.want(0, &number(1), Wanted { later, ..wanted(&[(0, 600)]) });
    core.publish().expect("caps");
    core.published(0, Some(LanesTold { version: 1, lanes: known(&[(2, 1)]) }));
    writes(&mut core);
    let first = gives(&mut core, 0);
    shows(&mut core, &first[0]);
    // HQ is away at the instant: what was told ahead is in force everywhere.
    core.want(HOUR_MS, &number(1), wanted(&[(0, 500)]));
    writes(&mut core);
    assert_eq!(gives(&mut core, HOUR_MS).len(), 1);
    // A lower price that nobody was told of waits.
    core.want(HOUR_MS + 1, &number(1), wanted(&[(0, 400)]));
    writes(&mut core);
    assert_eq!(gives(&mut core, HOUR_MS + 1), []);
}

#[test]
fn a_waived_price_counts_although_the_label_shows_less_and_the_next_change_waits_again() {
    let mut core = core(&[]);
    core.want(0, &number(1), wanted(&[(0, 500)]));
    writes(&mut core);
    let first = gives(&mut core, 0);
    shows(&mut core, &first[0]);
    core.want(2, &number(1), wanted(&[(0, 600)]));
    assert_eq!(cap(&core, 0), Some(500));
    let stamp = protocol::pull::LabelStamp { at_ms: 3, lane: 1, epoch: 1, seq: 9 };
    core.waive(3, &LabelWaiver { item: (&item(0)).into(), stamp });
    assert_eq!(cap(&core, 0), Some(600));
    writes(&mut core);
    let second = gives(&mut core, 3);
    shows(&mut core, &second[0]);
    core.want(4, &number(1), wanted(&[(0, 700)]));
    assert_eq!(cap(&core, 0), Some(600));
}

#[test]
fn what_was_sent_counts_after_a_restart_until_a_newer_face_was_seen() {
    let mut before = core(&[]);
    before.want(0, &number(1), wanted(&[(0, 500)]));
    let mut states: BTreeMap<LabelNumber, LabelState> = BTreeMap::new();
    let mut keep = |changes: Vec<ShelfChanges>| {
        states.extend(changes.into_iter().flat_map(|changes| changes.states));
        states.clone()
    };
    keep(writes(&mut before));
    gives(&mut before, 0);
    let kept = keep(writes(&mut before));
    let summary = before.summary().clone();
    let beginning = ShelfBeginning { lane: 1, states: kept.into_iter().collect(), summary, echo: Vec::new() };
    let mut core = ShelfCore::new(beginning);
    core.want(1, &number(1), wanted(&[(0, 900)]));
    assert_eq!(cap(&core, 0), Some(500));
    writes(&mut core);
    let given = gives(&mut core, 1);
    assert!(given[0].is_first, "the gateway of the new process does not know the label");
    shows(&mut core, &given[0]);
    assert_eq!(cap(&core, 0), Some(900));
}

#[test]
fn caps_that_hq_kept_stand_where_the_agents_own_knowledge_was_lost() {
    let echo = ShelfCap {
        item: (&item(0)).into(),
        lane: 1,
        from_ms: None,
        price: Some(300),
        member_price: None,
        label: "L".into(),
    };
    let mut core = ShelfCore::new(ShelfBeginning { lane: 1, echo: vec![echo], ..ShelfBeginning::default() });
    core.lanes_told(0, Vec::new());
    hears(&mut core, 1);
    core.want(0, &number(1), wanted(&[(0, 900)]));
    assert_eq!(cap(&core, 0), Some(300));
    writes(&mut core);
    let given = gives(&mut core, 0);
    shows(&mut core, &given[0]);
    assert_eq!(cap(&core, 0), Some(900));
}

#[test]
fn an_unbound_label_counts_until_it_shows_nothing_and_one_taken_down_not_at_all() {
    let mut core = core(&[]);
    for last in [1, 2] {
        core.want(0, &number(last), wanted(&[(0, 500)]));
        writes(&mut core);
        let given = gives(&mut core, 0);
        shows(&mut core, &given[0]);
    }
    assert!(core.take_down(1, &number(1)));
    assert!(!core.take_down(1, &number(1)));
    core.want(1, &number(2), Wanted { face: Some(face(&[])), ..Wanted::default() });
    assert_eq!(cap(&core, 0), Some(500));
    writes(&mut core);
    let given = gives(&mut core, 1);
    shows(&mut core, &given[0]);
    assert_eq!((cap(&core, 0), condition(&core, 2)), (None, LabelCondition::Unbound));
}

#[test]
fn a_label_that_is_given_up_still_counts_and_its_end_is_told() {
    let mut core = core(&[]);
    core.want(0, &number(1), wanted(&[(0, 500)]));
    writes(&mut core);
    let given = gives(&mut core, 0);
    core.given_up(1, &number(1), given[0].send, (3, "no answer".into()));
    assert_eq!((cap(&core, 0), condition(&core, 1)), (Some(500), LabelCondition::GivenUp));
    assert_eq!(
        core.summary().batch.as_ref().map(|batch| (batch.given_up, batch.ended_ms)),
        Some((1, Some(1)))
    );
    assert_eq!(core.resend(2, &number(1)).as_deref(), Some(HOST));
    assert_eq!(condition(&core, 1), LabelCondition::Sending);
    shows(&mut core, &given[0]);
    assert_eq!(condition(&core, 1), LabelCondition::Shown);
}

#[test]
fn a_label_that_was_given_up_and_shows_its_face_after_all_is_given_up_no_more() {
    let mut core = core(&[]);
    core.want(0, &number(1), wanted(&[(0, 500)]));
    writes(&mut core);
    let given = gives(&mut core, 0);
    core.given_up(1, &number(1), given[0].send, (3, "no answer".into()));
    shows(&mut core, &given[0]);
    assert_eq!(condition(&core, 1), LabelCondition::Shown);
    let batch = core.summary().batch.clone().expect("one");
    assert_eq!((batch.labels, batch.shown, batch.given_up), (1, 1, 0));
}

#[test]
fn however_many_faces_a_dead_label_was_sent_the_least_price_counts() {
    let mut core = core(&[]);
    for price in 0..40 {
        core.want(price, &number(1), wanted(&[(0, 500 + price)]));
        writes(&mut core);
        gives(&mut core, price);
    }
    assert_eq!(cap(&core, 0), Some(500));
    assert_eq!(core.state(&number(1)).expect("known").sent.len(), SENT_MAX);
}

#[test]
fn a_price_change_goes_on_after_a_restart_and_tells_labels_that_show_it_nothing_new() {
    let mut before = core(&[(2, 0)]);
    let mut states: BTreeMap<LabelNumber, LabelState> = BTreeMap::new();
    for last in 1..=3 {
        before.want(0, &number(last), wanted(&[(0, 500)]));
    }
    before.publish().expect("the cap");
    before.published(0, Some(LanesTold { version: 1, lanes: known(&[(2, 1)]) }));
    states.extend(writes(&mut before).into_iter().flat_map(|changes| changes.states));
    let given = gives(&mut before, 0);
    assert_eq!(given.len(), 3);
    given[..2].iter().for_each(|given| shows(&mut before, given));
    states.extend(writes(&mut before).into_iter().flat_map(|changes| changes.states));
    let summary = before.summary().clone();
    assert_eq!(summary.batch.as_ref().map(|batch| (batch.labels, batch.shown)), Some((3, 2)));

    let beginning =
        ShelfBeginning { lane: 1, states: states.into_iter().collect(), summary, echo: Vec::new() };
    let mut core = ShelfCore::new(beginning);
    for last in 1..=3 {
        hears(&mut core, last);
        core.want(2, &number(last), wanted(&[(0, 500)]));
    }
    // With HQ away no face may leave, and what is shown is shown all the same.
    assert_eq!(gives(&mut core, 2), []);
    assert_eq!(
        [1, 2, 3].map(|last| condition(&core, last)),
        [LabelCondition::Shown, LabelCondition::Shown, LabelCondition::Held]
    );
    let batch = core.summary().batch.clone().expect("one");
    assert_eq!((batch.begun_ms, batch.labels, batch.shown, batch.ended_ms), (0, 3, 2, None));
    // A label that is taken down meanwhile was not shown.
    core.take_down(3, &number(3));
    let batch = core.summary().batch.clone().expect("one");
    assert_eq!((batch.labels, batch.shown, batch.given_up, batch.ended_ms), (2, 2, 0, Some(3)));
}

#[test]
fn a_cap_that_an_earlier_process_left_with_hq_is_taken_back() {
    let mut core = core(&[(2, 0)]);
    core.want(0, &number(1), wanted(&[(0, 500)]));
    core.publish().expect("the cap");
    core.published(0, Some(LanesTold { version: 1, lanes: known(&[(2, 1)]) }));
    core.told_of([item(0), item(3)]);
    let published = core.publish().expect("what holds no more");
    assert_eq!(published.caps, [(item(3), Vec::new())]);
    core.published(0, Some(LanesTold { version: 2, lanes: known(&[(2, 1)]) }));
    core.told_of([item(0), item(3)]);
    assert_eq!(core.publish(), None, "it is told once");
}

// Random days.

/// A small generator: the same seed, the same day.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, sides: u64) -> u64 {
        (self.roll() >> 11) % sides
    }

    fn one_in(&mut self, sides: u64) -> bool {
        self.below(sides) == 0
    }
}

const ITEMS: usize = 4;
const LABELS: u8 = 6;

/// Prices with their beginnings, in order.
type Prices = Vec<Vec<(i64, i64)>>;

fn price_at(prices: &Prices, place: usize, at_ms: i64) -> i64 {
    prices[place].iter().rev().find(|(from_ms, _)| *from_ms <= at_ms).map_or(1_000, |(_, price)| *price)
}

/// What HQ has: prices and caps, each with the version that brought it.
#[derive(Clone, Default)]
struct Told {
    version: u64,
    prices: Prices,
    caps: BTreeMap<LabelItem, Vec<ShelfCap>>,
}

/// A label as it hangs there.
#[derive(Default)]
struct Hanging {
    shows: LabelFace,
    /// Faces on the air, with the process and number that sent them.
    air: VecDeque<(u32, u64, LabelFace)>,
    /// In somebody's pocket.
    is_down: bool,
    /// It hangs again as soon as it shows its new face.
    is_coming: bool,
    /// It took no face since all that was known was lost: where it is in
    /// somebody's pocket, it hangs again only with a new face on it.
    is_forgotten: bool,
}

struct Day {
    dice: Dice,
    now_ms: i64,
    hq: Told,
    hq_up: bool,
    /// Lane 1 stands beside the agent, lane 2 elsewhere, with a clock of its own.
    pulled: [Told; 2],
    skew_ms: i64,
    said_by_lane_2: u64,
    core: ShelfCore,
    process: u32,
    /// The first process after all that was known was lost.
    lost_process: u32,
    /// The agent wrote its own caps since; until then HQ's echo stands.
    is_kept: bool,
    disk: BTreeMap<LabelNumber, LabelState>,
    disk_caps: BTreeMap<LabelItem, Vec<ShelfCap>>,
    disk_summary: ShelfSummary,
    /// A write, a publication: under way until they end.
    writing: Option<ShelfChanges>,
    publishing: Option<Publication>,
    labels: BTreeMap<LabelNumber, Hanging>,
    bound: BTreeMap<LabelNumber, Vec<usize>>,
    /// What gateways said and the agent has not heard yet.
    said: VecDeque<(u32, LabelNumber, u64)>,
    teeth: Teeth,
    checks: u64,
    lowered: u64,
}

/// Somebody paid more than a label showed.
#[derive(Debug)]
struct Overcharged {
    #[allow(dead_code)]
    what: String,
}

impl Day {
    fn new(seed: u64, teeth: Teeth) -> Self {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        let prices: Prices = (0..ITEMS).map(|_| vec![(0, 500 + dice.below(10) as i64 * 50)]).collect();
        let hq = Told { version: 1, prices, caps: BTreeMap::new() };
        let skew_ms = dice.below(2 * CLOCK_SKEW_MS as u64 - 10_000) as i64 - CLOCK_SKEW_MS + 5_000;
        let mut bound: BTreeMap<LabelNumber, Vec<usize>> = BTreeMap::new();
        for last in 1..=LABELS {
            let place = dice.below(ITEMS as u64) as usize;
            let both = vec![place, (place + 1) % ITEMS];
            bound.insert(number(last), if dice.one_in(4) { both } else { vec![place] });
        }
        let mut core = ShelfCore::new(ShelfBeginning { lane: 1, ..ShelfBeginning::default() });
        core.without(teeth);
        let mut day = Self {
            dice,
            now_ms: BEGIN_MS,
            pulled: [hq.clone(), hq.clone()],
            hq,
            hq_up: true,
            skew_ms,
            said_by_lane_2: 0,
            core,
            process: 0,
            lost_process: 0,
            is_kept: false,
            disk: BTreeMap::new(),
            disk_caps: BTreeMap::new(),
            disk_summary: ShelfSummary::default(),
            writing: None,
            publishing: None,
            labels: (1..=LABELS).map(|last| (number(last), Hanging::default())).collect(),
            bound,
            said: VecDeque::new(),
            teeth,
            checks: 0,
            lowered: 0,
        };
        day.hear_all();
        day
    }

    fn hear_all(&mut self) {
        for last in 1..=LABELS {
            hears(&mut self.core, last);
        }
    }

    /// What a lane asks for an item now.
    fn charge(&self, lane: usize, place: usize, is_member: bool) -> i64 {
        let at_ms = self.now_ms + if lane == 1 { self.skew_ms } else { 0 };
        let told = &self.pulled[lane];
        let caps = if lane == 0 { &self.disk_caps } else { &told.caps };
        let caps = caps.get(&item(place)).into_iter().flatten();
        let caps = caps.filter(|cap| cap.from_ms.is_none_or(|from_ms| from_ms <= at_ms));
        let price = price_at(&told.prices, place, at_ms);
        let price = members_pay(place, price).filter(|_| is_member).unwrap_or(price);
        let of_members = |cap: &ShelfCap| cap.member_price.filter(|_| is_member);
        caps.flat_map(|cap| [cap.price, of_members(cap)]).flatten().fold(price, i64::min)
    }

    fn check(&mut self) -> Result<(), Overcharged> {
        for (number, label) in self.labels.iter().filter(|(_, label)| !label.is_down) {
            for shown in &label.shows.prices {
                let place: usize = shown.item.sku[4..].parse().expect("an item of ours");
                for (lane, is_member) in [(0, false), (1, false), (0, true), (1, true)] {
                    self.checks += 1;
                    let charged = self.charge(lane, place, is_member);
                    let shows = shown.member_price.filter(|_| is_member).or(shown.price).expect("a price");
                    if charged > shows {
                        let lane = lane + 1;
                        return Err(Overcharged {
                            what: format!(
                                "lane {lane} asks {charged} for item {place}, {number} shows {shows}"
                            ),
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// What the planner says now.
    fn plan(&mut self) {
        let told = self.pulled[0].caps.iter().filter(|(_, caps)| !caps.is_empty());
        self.core.told_of(told.map(|(item, _)| item.clone()));
        for (number, places) in self.bound.clone() {
            if self.labels[&number].is_down && !self.labels[&number].is_coming {
                self.core.take_down(self.now_ms, &number);
                continue;
            }
            let prices = &self.pulled[0].prices;
            let at = |at_ms: i64| -> Vec<(usize, i64)> {
                places.iter().map(|place| (*place, price_at(prices, *place, at_ms))).collect()
            };
            let mut instants: BTreeSet<i64> = BTreeSet::new();
            for place in &places {
                instants.extend(
                    prices[*place].iter().map(|(from_ms, _)| *from_ms).filter(|from| *from > self.now_ms),
                );
            }
            let later = instants
                .into_iter()
                .map(|from_ms| Later { from_ms, prices: face(&at(from_ms)).prices })
                .collect();
            let wanted = match places.as_slice() {
                [] => Wanted { face: Some(face(&[])), ..Wanted::default() },
                _ => Wanted { later, ..wanted(&at(self.now_ms)) },
            };
            self.core.want(self.now_ms, &number, wanted);
        }
    }

    /// HQ changes a price: at once, or for a while at an instant ahead.
    fn reprice(&mut self) {
        let place = self.dice.below(ITEMS as u64) as usize;
        let price = 200 + self.dice.below(20) as i64 * 50;
        let rows = &mut self.hq.prices[place];
        if self.dice.one_in(2) {
            let now_ms = self.now_ms;
            rows.retain(|(from_ms, _)| *from_ms <= now_ms);
            rows.push((self.now_ms, price));
        } else {
            let from_ms = self.now_ms + 5 * MINUTE_MS + self.dice.below(4 * HOUR_MS as u64) as i64;
            let until_ms = from_ms + MINUTE_MS + self.dice.below(2 * HOUR_MS as u64) as i64;
            rows.retain(|(known_ms, _)| *known_ms <= self.now_ms);
            let usual = rows.last().map_or(1_000, |(_, price)| *price);
            rows.extend([(from_ms, price), (until_ms, usual)]);
        }
        self.hq.version += 1;
    }

    fn pull(&mut self, lane: usize) {
        if !self.hq_up {
            return;
        }
        if lane == 1 {
            // With the page it asks for, it says what it has.
            self.said_by_lane_2 = self.pulled[1].version;
        }
        self.pulled[lane] = self.hq.clone();
        if lane == 1 && self.dice.one_in(2) {
            self.said_by_lane_2 = self.hq.version;
        }
    }

    fn lanes(&self) -> Vec<LaneKnown> {
        known(&[(2, self.said_by_lane_2)])
    }

    /// One of the things that an agent does ends, or begins.
    fn agent(&mut self) {
        match self.dice.below(5) {
            0 => self.plan(),
            1 => match self.writing.take() {
                Some(changes) => {
                    let is_done = !self.dice.one_in(20);
                    if is_done {
                        self.is_kept = true;
                        self.disk.extend(changes.states.iter().cloned());
                        for (item, caps) in &changes.caps {
                            self.disk_caps.insert(item.clone(), caps.clone());
                        }
                        if let Some(summary) = &changes.summary {
                            self.disk_summary = summary.clone();
                        }
                    }
                    self.core.written(&changes, is_done);
                }
                None => self.writing = self.core.write(),
            },
            2 => match self.publishing.take() {
                Some(publication) => {
                    let is_heard = self.hq_up || self.dice.one_in(4);
                    if is_heard {
                        self.hq.caps.extend(publication.caps);
                        self.hq.version += 1;
                    }
                    let told = LanesTold { version: self.hq.version, lanes: self.lanes() };
                    let is_answered = self.hq_up && !self.dice.one_in(10);
                    self.core.published(self.now_ms, is_answered.then_some(told));
                }
                None => self.publishing = self.core.publish(),
            },
            3 => {
                if self.hq_up {
                    self.core.lanes_told(self.now_ms, self.lanes());
                }
            }
            _ => {
                self.core.is_to_look = true;
                for given in self.core.give(self.now_ms) {
                    if given.face.prices.iter().any(|shown| {
                        let label = &self.labels[&given.number];
                        let before = label.shows.prices.iter().find(|before| before.item == shown.item);
                        before.is_some_and(|before| below(shown.price, before.price))
                    }) {
                        self.lowered += 1;
                    }
                    let label = self.labels.get_mut(&given.number).expect("hangs there");
                    label.air.push_back((self.process, given.send, given.face));
                }
            }
        }
    }

    /// A label takes a face that is on the air: mostly the newest, sometimes
    /// an older one first.
    fn radio(&mut self) {
        let last = self.dice.below(u64::from(LABELS)) as u8 + 1;
        let newest = !self.dice.one_in(4);
        let label = self.labels.get_mut(&number(last)).expect("hangs there");
        let taken = if newest { label.air.back().cloned() } else { label.air.pop_front() };
        let Some((process, send, face)) = taken else { return };
        label.shows = face;
        label.is_forgotten &= process < self.lost_process;
        let is_wanted = self.core.state(&number(last)).is_some_and(|state| !state.is_down);
        if newest && label.is_coming && is_wanted && !label.is_forgotten {
            (label.is_down, label.is_coming) = (false, false);
        }
        if newest || label.air.is_empty() {
            label.air.clear();
            // Now and then what it says is lost; somebody sends it again later.
            if self.dice.one_in(5) {
                label.air.push_back((process, send, label.shows.clone()));
            } else {
                self.said.push_back((process, number(last), send));
            }
        }
    }

    /// The agent hears what a gateway said, not always in order.
    fn hear(&mut self) {
        if self.said.len() > 1 && self.dice.one_in(3) {
            let first = self.said.pop_front();
            self.said.extend(first);
        }
        let Some((process, number, send)) = self.said.pop_front() else { return };
        if process == self.process {
            self.core.shown(self.now_ms, &number, send, String::new());
        }
    }

    fn restart(&mut self, echo: Vec<ShelfCap>) {
        self.process += 1;
        (self.writing, self.publishing) = (None, None);
        self.core = ShelfCore::new(ShelfBeginning {
            lane: 1,
            states: self.disk.clone().into_iter().collect(),
            summary: self.disk_summary.clone(),
            echo,
        });
        self.core.without(self.teeth);
        self.hear_all();
    }

    /// The agent's file is lost, and pulled again: what labels may show is what
    /// HQ has of it.
    fn lose_everything(&mut self) {
        if !self.hq_up {
            return;
        }
        self.disk.clear();
        self.disk_summary = ShelfSummary::default();
        self.pulled[0] = self.hq.clone();
        self.disk_caps = self.hq.caps.clone();
        self.labels.values_mut().for_each(|label| label.is_forgotten = true);
        (self.is_kept, self.lost_process) = (false, self.process + 1);
        let echo = self.hq.caps.values().flatten().cloned().collect();
        self.restart(echo);
    }

    /// A person binds a label to something else, or takes it down.
    fn rebind(&mut self) {
        let last = self.dice.below(u64::from(LABELS)) as u8 + 1;
        let number = number(last);
        let places = match self.dice.below(6) {
            0 => Vec::new(),
            _ => vec![self.dice.below(ITEMS as u64) as usize],
        };
        if self.dice.one_in(6) {
            let label = self.labels.get_mut(&number).expect("hangs there");
            (label.is_down, label.is_coming) = (true, label.is_down);
        }
        self.bound.insert(number, places);
    }

    fn step(&mut self) -> Result<(), Overcharged> {
        self.now_ms += self.dice.below(20_000) as i64;
        match self.dice.below(60) {
            0 => self.reprice(),
            1 => self.hq_up = !self.dice.one_in(3),
            2 if self.dice.one_in(4) => match self.dice.one_in(5) {
                true => self.lose_everything(),
                false if self.disk_summary.is_recovering || !self.is_kept => {
                    self.restart(self.disk_caps.values().flatten().cloned().collect());
                }
                false => self.restart(Vec::new()),
            },
            3 if self.dice.one_in(3) => self.rebind(),
            4 if self.dice.one_in(3) => {
                // The access point begins anew: what was on the air is sent again.
                for label in self.labels.values_mut() {
                    let newest = label.air.pop_back();
                    label.air.clear();
                    label.air.extend(newest);
                }
            }
            5 if self.dice.one_in(3) => {
                // Another gateway hears a label better.
                let last = self.dice.below(u64::from(LABELS)) as u8 + 1;
                hears_by(&mut self.core, last, if self.dice.one_in(2) { HOST } else { "another" });
            }
            5..=8 => self.pull(0),
            9..=12 => self.pull(1),
            13..=20 => self.radio(),
            21..=28 => self.hear(),
            _ => self.agent(),
        }
        self.check()
    }

    /// Everything works again: labels and tills come to the price lists.
    fn settle(&mut self) -> Result<(), Overcharged> {
        self.hq_up = true;
        for _ in 0..6_000 {
            self.now_ms += 5_000;
            match self.dice.below(8) {
                0 => self.pull(0),
                1 => self.pull(1),
                2 | 3 => self.radio(),
                4 => self.hear(),
                _ => self.agent(),
            }
            self.check()?;
        }
        self.plan();
        for (number, places) in &self.bound {
            let label = &self.labels[number];
            for place in places.iter().filter(|_| !label.is_down) {
                let price = price_at(&self.hq.prices, *place, self.now_ms);
                let shown = price_of(&label.shows, &item(*place)).and_then(|shown| shown.price);
                assert_eq!(shown, Some(price), "label {number}, {:?}", self.core.state(number));
            }
        }
        for place in 0..ITEMS {
            let price = price_at(&self.hq.prices, place, self.now_ms);
            let of_members = members_pay(place, price).unwrap_or(price);
            for lane in 0..2 {
                let charged = [self.charge(lane, place, false), self.charge(lane, place, true)];
                assert_eq!(charged, [price, of_members], "item {place} at lane {lane}");
            }
        }
        Ok(())
    }
}

fn play(seed: u64, teeth: Teeth) -> (Day, Result<(), Overcharged>) {
    let mut day = Day::new(seed, teeth);
    while day.now_ms < BEGIN_MS + DAY_MS {
        if let Err(overcharged) = day.step() {
            return (day, Err(overcharged));
        }
    }
    let settled = if teeth == Teeth::default() { day.settle() } else { Ok(()) };
    (day, settled)
}

fn days() -> u64 {
    std::env::var("GUITAI_SHELF_DAYS").ok().and_then(|days| days.parse().ok()).unwrap_or(12)
}

#[test]
fn nobody_pays_more_than_a_label_shows() {
    let (mut checks, mut lowered) = (0, 0);
    for seed in 1..=days() {
        let (day, played) = play(seed, Teeth::default());
        played.unwrap_or_else(|overcharged| panic!("day {seed}: {overcharged:?}"));
        checks += day.checks;
        lowered += day.lowered;
    }
    // A day on which nothing happens proves nothing.
    assert!(checks > 1_000 * days() && lowered > days(), "{checks} checks, {lowered} lower faces");
}

#[test]
fn without_caps_somebody_pays_too_much() {
    let teeth = Teeth { no_caps: true, faces_first: true };
    assert!((1..=12).any(|seed| play(seed, teeth).1.is_err()));
}

#[test]
fn with_faces_sent_first_somebody_pays_too_much() {
    let teeth = Teeth { faces_first: true, ..Teeth::default() };
    assert!((1..=12).any(|seed| play(seed, teeth).1.is_err()));
}
