//! Promotions of which there are so many beyond one ticket, coupons that come
//! back, and goods near their end.

use super::*;
use crate::bearer::{Bearer, Borne, CostShare};
use crate::quota::{Counts, Limit, Quota, QuotaHeard, QuotaUse, Whose};

/// Of the shop's flash sale: how many a member has of cola in a day, the store
/// of eggs in a day, and the chain of baskets with tea.
pub(super) const COLA_A_MEMBER: u32 = 2;
const EGGS_A_STORE: u32 = 3;
const TEA_A_CHAIN: u32 = 2;
/// What the chain has to take off gift sets, minor units, two yuan at a time.
const SETS_A_CHAIN: i64 = 300;

/// Cola at 1.00 for members, eggs at 1.50, 1 off 10 of tea, 2 off gift sets, of
/// which a supplier bears a third; milk at half price in its last two days.
pub(super) fn promotions() -> Vec<Promotion> {
    let fixed = |minor| Works::Price(PriceRule::Fixed(Money::from_minor(minor)));
    let off =
        OrderRule::ThresholdOff { min: Money::from_minor(1_000), off: Money::from_minor(100), repeat_max: 1 };
    let two =
        OrderRule::ThresholdOff { min: Money::from_minor(1_000), off: Money::from_minor(200), repeat_max: 1 };
    let share = |bearer, basis_points| CostShare { bearer, basis_points };
    let quota = |whose, daily, units| vec![Quota { whose, daily, limit: Limit::Units(units) }];
    let half = promotion("q4", "临期", "nearly over", &["milk"], Works::Price(PriceRule::Percent(50)));
    vec![
        Promotion {
            quotas: quota(Whose::Member, true, COLA_A_MEMBER),
            ..promotion("q1", "会员秒杀", "flash", &["cola"], fixed(100))
        },
        Promotion {
            quotas: quota(Whose::Store, true, EGGS_A_STORE),
            ..promotion("q2", "店秒杀", "store flash", &["egg"], fixed(150))
        },
        Promotion {
            quotas: quota(Whose::Chain, false, TEA_A_CHAIN),
            ..promotion("q3", "满10减1", "1 off 10", &["tea"], Works::Order(off))
        },
        Promotion {
            quotas: vec![Quota {
                whose: Whose::Chain,
                daily: false,
                limit: Limit::Off(Money::from_minor(SETS_A_CHAIN)),
            }],
            bearers: vec![share(Bearer::Supplier("T1".into()), 3_333), share(Bearer::Chain, 6_667)],
            ..promotion("q5", "礼盒减2", "2 off sets", &["set"], Works::Order(two))
        },
        Promotion { scope: Scope { expires_within_days: Some(2), ..half.scope.clone() }, ..half },
    ]
}

/// What HQ may say of them: never below nothing, so that no more is given than
/// there is.
pub(super) fn any_heard() -> impl Strategy<Value = Happens> {
    let promotion = prop::sample::select(vec!["q1", "q2", "q3", "q5", "none"]);
    let member = prop::sample::select(vec!["m1", "m2", ""]);
    (promotion, member, 0i64..3, 0i64..4).prop_map(|(promotion, member, elsewhere, here)| {
        In(Input::QuotasHeard(vec![heard(promotion, member, elsewhere, here)]))
    })
}

fn heard(promotion: &str, member: &str, elsewhere: i64, here: i64) -> QuotaHeard {
    let all = |units: i64| Counts {
        member: if member.is_empty() { 0 } else { units },
        member_today: if member.is_empty() { 0 } else { units },
        store: units,
        store_today: units,
        chain: units,
        chain_today: units,
    };
    QuotaHeard {
        promotion: promotion.into(),
        member: member.into(),
        day: NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day"),
        elsewhere: all(elsewhere),
        here: all(here),
        off_elsewhere: all(elsewhere * 100),
        off_here: all(here * 100),
    }
}

fn hears(promotion: &str, member: &str, elsewhere: i64) -> Happens {
    In(Input::QuotasHeard(vec![heard(promotion, member, elsewhere, 0)]))
}

fn paid_for() -> [Happens; 4] {
    [PAY, Happens::PaysRest, Saved, BACK]
}

/// A lane at the flash sale after a day.
fn after(day: impl IntoIterator<Item = Happens>) -> Lane {
    let mut lane = Lane::new();
    for happens in then(then(selling(), [Happens::Flash]), day) {
        lane.take(happens);
    }
    lane
}

fn total(lane: &Lane) -> String {
    yuan().format(lane.till.basket().total())
}

/// What almost applied, and why it did not.
fn lacking(lane: &Lane, promotion: &str) -> Option<Lacking> {
    let almost = &lane.till.basket().reckoning().almost;
    almost.iter().find(|(of, _)| &*of.id == promotion).map(|(_, missed)| missed.lacking)
}

fn used_up(whose: Whose, daily: bool) -> Option<Lacking> {
    Some(Lacking::Condition(Unmet::UsedUp { whose, daily }))
}

#[test]
fn a_member_has_so_many_in_a_day_and_is_told_when_they_had_them() {
    // Three colas: two at 1.00, one at 3.50.
    let bought = || then(vec![scan("m1"), In(Input::FindMember("m1".into())), choose("cola", 3)], paid_for());
    let card = |id: &str| In(Input::FindMember(id.into()));
    let mut lane = after([card("m1"), choose("cola", 3)]);
    assert_eq!(total(&lane), "5.50");
    for happens in paid_for().into_iter().chain([card("m1"), choose("cola", 1)]) {
        lane.take(happens);
    }
    assert_eq!(total(&lane), "3.50");
    assert_eq!(lacking(&lane, "q1"), used_up(Whose::Member, true));
    // Somebody else has theirs, a walk-in has none.
    lane.take(card("m2"));
    assert_eq!(total(&lane), "1.00");
    lane.take(In(Input::DropMember));
    assert_eq!(total(&lane), "3.50");
    assert_eq!(lacking(&lane, "q1"), Some(Lacking::Condition(Unmet::Customer)));
    // Two shifts and a power cut later it is still so; the next day it is not.
    let next = [CLOSE_SHIFT, pin("li", true), CLOSE_SHIFT, pin("li", true), PowerCut, pin("li", true)];
    let mut lane = after(then(bought(), next).into_iter().chain([card("m1"), choose("cola", 1)]));
    assert_eq!(total(&lane), "3.50");
    for happens in [CANCEL, Later(DAY_MS), SIGN_OUT, pin("li", true), card("m1"), choose("cola", 1)] {
        lane.take(happens);
    }
    assert_eq!(total(&lane), "1.00");
    assert_eq!(lane.till.quota_counts.iter().count(), 0, "yesterday's counts are forgotten");
}

#[test]
fn a_store_has_so_many_in_a_day_as_far_as_the_lane_knows() {
    let eggs = |count| then(vec![choose("egg", count)], paid_for());
    let mut lane = after(eggs(2).into_iter().chain([choose("egg", 2)]));
    // One is left at 1.50; breakfast makes the other 2.00.
    assert_eq!(total(&lane), "3.50");
    lane.take(hears("q2", "", 1));
    assert_eq!(total(&lane), "4.00");
    assert_eq!(lacking(&lane, "q2"), used_up(Whose::Store, true));
    // What was heard is this basket's; the next one asks again.
    for happens in paid_for().into_iter().chain([choose("egg", 2)]) {
        lane.take(happens);
    }
    assert_eq!(total(&lane), "3.50");
}

#[test]
fn a_ticket_of_a_promotion_about_the_whole_counts_once() {
    let tea = || then(vec![choose("tea", 3)], paid_for());
    let mut lane = after(tea().into_iter().chain(tea()).chain([choose("tea", 3)]));
    assert_eq!(total(&lane), "15.00");
    assert_eq!(lacking(&lane, "q3"), used_up(Whose::Chain, false));
    let uses: Vec<(u32, u32)> = lane
        .journal
        .iter()
        .filter_map(|(.., record)| match record {
            Record::SaleCompleted { sale } => Some(sale.uses.iter().map(|used| (used.line, used.units))),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(uses, [(0, 1), (0, 1)]);
    lane.take(CANCEL);
}

#[test]
fn what_is_heard_changes_no_basket_that_something_was_put_against() {
    let mut lane = after([choose("egg", 3), PAY, some_cash("1.00")]);
    lane.take(hears("q2", "", 3));
    assert_eq!(total(&lane), "4.50");
    let mut lane = after([choose("egg", 3), PAY]);
    lane.take(hears("q2", "", 3));
    assert_eq!(total(&lane), "6.00");
    // A parked basket forgets what others gave meanwhile.
    let mut lane = after([choose("egg", 3), hears("q2", "", 3), PARK, Happens::Recalls]);
    assert_eq!(total(&lane), "4.50");
    lane.take(hears("q2", "", 2));
    let restarted = lane.restarted_from(1);
    assert_eq!(restarted.basket().heard(), lane.till.basket().heard());
    assert_eq!(restarted.basket().total(), lane.till.basket().total());
}

#[test]
fn what_comes_back_may_be_had_again_pieces_kept_count_first() {
    let card = || In(Input::FindMember("m1".into()));
    let mut lane = after(then(vec![card(), choose("cola", 3)], paid_for()));
    let back = |lane: &mut Lane, pieces: i64| {
        for happens in [BringsBack, brings_back(1, pieces * 1_000)].into_iter().chain(paid_for()) {
            lane.take(happens);
        }
    };
    // The third had no part in it; then one of two, and the last.
    for (pieces, left) in [(1, "3.50"), (1, "1.00"), (1, "1.00")] {
        back(&mut lane, pieces);
        lane.take(card());
        lane.take(choose("cola", 1));
        assert_eq!(total(&lane), left);
        lane.take(CANCEL);
    }
    assert_eq!(lane.till.quota_counts.iter().count(), 0);
}

#[test]
fn a_ticket_is_used_until_nothing_of_it_is_left() {
    let mut lane = after(then(vec![choose("tea", 2), scan(COLA)], paid_for()));
    let count = |lane: &Lane| lane.till.quota_counts.iter().map(|(_, given)| given.units).sum::<i64>();
    for (line, pieces, left) in [(1, 2, 1), (2, 1, 0)] {
        for happens in [BringsBack, brings_back(line, pieces * 1_000)].into_iter().chain(paid_for()) {
            lane.take(happens);
        }
        assert_eq!(count(&lane), left);
    }
}

#[test]
fn a_coupon_comes_back_with_the_last_of_what_it_was_spent_on() {
    let coupon = buyer::number("COLA0001");
    let bought = then(vec![choose("cola", 4), scan(&coupon)], paid_for());
    let part = [BringsBack, brings_back(1, 1_000), PAY, PAY_OUT, Saved, BACK];
    let mut lane = after(then(bought, part));
    assert!(lane.till.has_spent(&coupon), "a part of it is still sold");
    let mut told = Vec::new();
    for happens in [BringsBack, brings_back(1, 3_000), PAY, PAY_OUT, Saved, BACK] {
        told.extend(lane.take(happens));
    }
    let said = Effect::Tell(Message::CouponsBack(vec![coupon.clone()]));
    assert!(told.contains(&said), "{told:?}");
    assert!(!lane.till.has_spent(&coupon));
    // The shop's goods say that it is good; it lies once more, and is spent once more.
    let mut lane = after(Vec::new());
    for happens in [choose("cola", 4), scan(&coupon)].into_iter().chain(paid_for()) {
        lane.take(happens);
    }
    for happens in
        [BringsBack, brings_back(1, 4_000), PAY, PAY_OUT, Saved, BACK, choose("cola", 4), scan(&coupon)]
    {
        lane.take(happens);
    }
    assert_eq!(total(&lane), "11.00");
    let restarted = lane.restarted_from(1);
    assert!(!restarted.has_spent(&coupon));
}

#[test]
fn goods_near_their_end_are_cheaper_whichever_date_their_code_says() {
    let milk = |dates: &str| format!("(01)09520000000165{dates}");
    let price = |dates: &str| total(&after([scan(&milk(dates))]));
    assert_eq!(price(""), "6.50");
    // Today is the second of March: to the fourth it is two days.
    assert_eq!(price("(17)260304"), "3.25");
    assert_eq!(price("(17)260305"), "6.50");
    assert_eq!(price("(15)260304"), "3.25", "best before");
    assert_eq!(price("(16)260304"), "3.25", "to be sold by");
    assert_eq!(price("(17)260601(15)260303"), "3.25", "the first of them counts");
    assert_eq!(price("(17)260601(15)260501"), "6.50");
    assert_eq!(price("(15)260301"), "3.25", "past its best, and sold with a word");
    let lane = after([scan(&milk("(15)260310")), Later(6 * DAY_MS), PAY]);
    assert_eq!(total(&lane), "3.25", "its end came near while the basket was open");
}

#[test]
fn a_price_that_was_proved_leaves_no_gap_and_says_by_which_engine() {
    let lane = after(then(vec![choose("cola", 2)], paid_for()));
    let sale = lane.journal.iter().rev().find_map(|(.., record)| match record {
        Record::SaleCompleted { sale } => Some((sale.price_gap, sale.engine)),
        _ => None,
    });
    assert_eq!(sale, Some((Money::ZERO, crate::promotion::ENGINE_VERSION)));
}

/// What a document took off by the promotion that somebody bears, and what came back, minor units.
fn borne(lane: &Lane) -> Vec<(i64, i64)> {
    let sum = |borne: &[Borne]| borne.iter().map(|borne| borne.off.minor()).sum::<i64>();
    let of = |record: &Record| match record {
        Record::SaleCompleted { sale } => Some((sum(&sale.borne), sum(&sale.borne_back))),
        _ => None,
    };
    lane.journal.iter().filter_map(|(.., record)| of(record)).collect()
}

#[test]
fn a_budget_is_given_whole_until_it_is_used_up_and_comes_back_with_goods() {
    let sets = |count| then(vec![choose("set", count)], paid_for());
    let mut lane = after(sets(2).into_iter().chain([choose("set", 1)]));
    // One yuan is left of three: whoever was promised two has two.
    assert_eq!(total(&lane), "17.90");
    for happens in paid_for().into_iter().chain([choose("set", 1)]) {
        lane.take(happens);
    }
    assert_eq!(total(&lane), "19.90");
    assert_eq!(lacking(&lane, "q5"), used_up(Whose::Chain, false));
    assert_eq!(borne(&lane), [(200, 0), (200, 0)]);
    // Half of a sale comes back, and with it half of what was taken off.
    let mut lane = after(sets(2));
    for happens in [BringsBack, brings_back(1, 1_000)].into_iter().chain(paid_for()) {
        lane.take(happens);
    }
    assert_eq!(borne(&lane), [(200, 0), (0, 100)]);
    assert_eq!(lane.till.quota_counts.iter().map(|(_, given)| given.off).sum::<i64>(), 100);
    for happens in [BringsBack, brings_back(1, 1_000)].into_iter().chain(paid_for()) {
        lane.take(happens);
    }
    assert_eq!(borne(&lane), [(200, 0), (0, 100), (0, 100)]);
    assert_eq!(lane.till.quota_counts.iter().count(), 0);
    // Others took off two, this lane one: as HQ says so, none is left.
    lane.take(choose("set", 1));
    assert_eq!(total(&lane), "17.90");
    lane.take(hears("q5", "", 3));
    assert_eq!(total(&lane), "19.90");
    assert_eq!(lane.restarted_from(1).basket().total(), lane.till.basket().total());
}

/// In no shift a promotion was given more often than there is of it, by what
/// the journal says alone.
pub(super) fn most_given_holds(lane: &Lane) -> bool {
    let mut shift: BTreeMap<(String, String, NaiveDate), i64> = BTreeMap::new();
    let mut sets = 0;
    lane.journal.iter().all(|(.., record)| match record {
        Record::ShiftOpened { .. } => {
            shift.clear();
            sets = 0;
            true
        }
        Record::SaleCompleted { sale } => {
            let off = |uses: &[QuotaUse]| {
                let of_sets = uses.iter().filter(|used| used.promotion == "q5");
                of_sets.map(|used| used.off.minor()).sum::<i64>()
            };
            let takes_off = off(&sale.uses);
            let held = takes_off == 0 || sets < SETS_A_CHAIN;
            sets += takes_off - off(&sale.uses_back);
            let same = |borne: &[Borne], uses: &[QuotaUse]| {
                off(uses) == borne.iter().map(|borne| borne.off.minor()).sum::<i64>()
            };
            let told = same(&sale.borne, &sale.uses) && same(&sale.borne_back, &sale.uses_back);
            for (used, sign) in
                sale.uses.iter().map(|used| (used, 1)).chain(sale.uses_back.iter().map(|back| (back, -1)))
            {
                let member = if used.promotion == "q1" { used.member.clone() } else { String::new() };
                let count = shift.entry((used.promotion.clone(), member, used.day)).or_default();
                *count += sign * i64::from(used.units);
            }
            let few = shift.iter().all(|((promotion, ..), count)| match promotion.as_str() {
                "q1" => *count <= i64::from(COLA_A_MEMBER),
                "q2" => *count <= i64::from(EGGS_A_STORE),
                "q3" => *count <= i64::from(TEA_A_CHAIN),
                _ => true,
            });
            held && told && few
        }
        _ => true,
    })
}
