//! A basket that is hard to price: at a glance while goods are rung up, fully before anything rests on it.

use std::cell::Cell;

use super::*;
use crate::basket::Savings;

/// So many colas at 3.50, of which three, four and five together have an offer each.
const COLAS: usize = 22;
/// What they come to where the best offer is taken as often as can be: four fives.
const GLANCED: i64 = 7_700 - 4 * 1_000;
/// What they come to at best: three fives, a four and a three.
const FULL: i64 = 7_700 - 3 * 1_000 - 760 - 550;

pub(super) fn promotions() -> Vec<Promotion> {
    [(3, 500), (4, 640), (5, 750)]
        .into_iter()
        .map(|(n, amount)| {
            let rule = ItemRule::XForY { n, amount: Money::from_minor(amount), same_sku: false };
            let id = format!("b{n}");
            promotion(&id, &format!("{n}件一口价"), "together", &["cola"], Works::Item(rule))
        })
        .collect()
}

/// A lane with all of them rung up; whether it pauses after each scan is up to `pauses`.
fn rung_up(pauses: impl Fn(usize) -> bool) -> Lane {
    let mut lane = Lane::new();
    lane.goods.bundles = true;
    for happens in selling() {
        lane.take(happens);
    }
    for scanned in 0..COLAS {
        lane.take(scan(COLA));
        if pauses(scanned) {
            assert_eq!(lane.take(RECKON), []);
        }
    }
    lane
}

fn state(lane: &Lane) -> (Savings, i64) {
    let basket = lane.till.basket();
    (basket.savings(), basket.total().minor())
}

fn journal(lane: &Lane) -> Vec<&Record> {
    lane.journal.iter().map(|(.., record)| record).collect()
}

#[test]
fn a_scan_is_answered_at_a_glance_and_a_pause_reckons_fully() {
    let mut lane = rung_up(|_| false);
    assert_eq!(state(&lane), (Savings::Glanced, GLANCED));
    let gap = lane.till.basket().reckoning().gap.minor();
    assert!(gap >= GLANCED - FULL, "{gap} is said to be open");
    let before = lane.journal.len();
    assert_eq!(lane.take(RECKON), []);
    assert_eq!((state(&lane), lane.journal.len()), ((Savings::Full, FULL), before));
    // The next scan is answered at a glance again.
    lane.take(scan(COLA));
    assert_eq!(state(&lane).0, Savings::Glanced);
}

#[test]
fn of_scans_that_come_together_the_last_alone_is_priced_and_all_is_as_if_each_were() {
    let lane = rung_up(|_| false);
    let code = || Input::Code(COLA.into());
    let (mut each, mut together) = (lane.till.clone(), lane.till.clone());
    for _ in 0..5 {
        let (till, effects) = each.step(&lane.context(), code());
        let (other, other_effects) = together.step_of_many(&lane.context(), code());
        assert_eq!(effects, other_effects);
        assert_eq!(other.basket().savings(), Savings::Due);
        (each, together) = (till, other);
    }
    assert_eq!(together.clone().glanced(&lane.context()), each);
    // What rests on a price has it, whoever looked at the basket before.
    for input in [Input::Pay, Input::Lock, Input::Reckon] {
        let (till, effects) = each.step(&lane.context(), input.clone());
        assert_eq!(together.step_of_many(&lane.context(), input), (till, effects));
    }
}

#[test]
fn what_is_paid_is_reckoned_fully_whatever_pauses_there_were() {
    let paid = |mut lane: Lane| {
        lane.take(PAY);
        assert_eq!(state(&lane), (Savings::Full, FULL));
        for happens in [Happens::PaysRest, Saved] {
            lane.take(happens);
        }
        lane
    };
    let never = paid(rung_up(|_| false));
    let patterns: [&dyn Fn(usize) -> bool; 4] =
        [&|_| true, &|scanned| scanned % 3 == 0, &|scanned| scanned < 9, &|scanned| scanned + 1 == COLAS];
    for pauses in patterns {
        assert_eq!(journal(&paid(rung_up(pauses))), journal(&never));
    }
    let sale = journal(&never).into_iter().find_map(|record| match record {
        Record::SaleCompleted { sale } => Some(sale.total.minor()),
        _ => None,
    });
    assert_eq!(sale, Some(FULL));
}

/// Whatever rests on a price is decided of the same price, pause or no pause.
#[test]
fn nothing_that_rests_on_a_price_is_decided_at_a_glance() {
    let inputs = [
        PAY,
        PARK,
        CANCEL,
        void(1),
        pieces(2, 3),
        In(Input::Lock),
        In(Input::Report),
        In(Input::Member(buyer::member("m1").unwrap_or_else(|| Arc::new(Member::default())))),
    ];
    for input in inputs {
        let one = |pauses: bool| {
            let mut lane = rung_up(|scanned| pauses && scanned + 1 == COLAS);
            let told: Vec<String> = lane.take(input.clone()).iter().map(effect_line).collect();
            lane.take(RECKON);
            (told, lane)
        };
        let ((told, lane), (other_told, other)) = (one(false), one(true));
        assert_eq!((told, journal(&lane)), (other_told, journal(&other)), "{input:?}");
        assert_eq!(state(&lane), state(&other), "{input:?}");
    }
}

/// Who is disturbed while reckoning leaves all as it was; a start reckons fully.
#[test]
fn reckoning_may_be_broken_off_and_a_start_reckons_fully() {
    let lane = rung_up(|_| false);
    let before = lane.till.clone();
    let asked = Cell::new(0);
    let disturbed = lane.till.consider(&lane.context(), &|| {
        asked.set(asked.get() + 1);
        asked.get() < 3
    });
    assert_eq!((disturbed, asked.get(), state(&lane)), (false, 3, (Savings::Glanced, GLANCED)));
    assert!(lane.till.consider(&lane.context(), &|| true));
    assert_eq!((state(&lane), lane.till == before), ((Savings::Glanced, GLANCED), true));
    let (till, effects) = lane.till.step(&lane.context(), Input::Reckon);
    assert_eq!((till.basket().total().minor(), effects), (FULL, vec![]));
    // What is known is not reckoned again.
    assert!(!till.consider(&lane.context(), &|| true));
    assert_eq!(lane.restarted_from(1).basket().total().minor(), FULL);
}
