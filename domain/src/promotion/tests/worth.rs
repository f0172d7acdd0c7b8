//! What units are worth to promotions that compete for them: a bound that no
//! way comes below, however the worths are chosen.

use proptest::prelude::*;

use super::super::component::Work;
use super::super::problem::Active;
use super::super::work::Asking;
use super::*;

/// The sum of what the components of a ticket come to at least: by what each
/// promotion takes off alone, and with units worth something.
fn bounds(promotions: &[Promotion], lines: &[TicketLine], known: Money) -> (Money, Money) {
    let (set, refused) = PromotionSet::load(1, promotions.iter().cloned());
    assert_eq!(refused, []);
    let ticket = Ticket { lines: lines.to_vec(), ..Ticket::default() };
    let asking = Asking::new(&|| true);
    let problem = Problem::new(&set, &ticket, Objective::CustomerBest, &asking, &mut Memory::default());
    let all = (0..set.promotions().len()).collect();
    let active = Active { promotions: all, add_ons: std::collections::BTreeMap::new() };
    let (components, _) = problem.components(&active, 1_000).expect("prices for all");
    let sum = |work_max: u64| {
        let one = |component: &super::super::component::Component| {
            let merged = component.in_regions(&mut |_, _| 0);
            let most = Work::new(100_000, &asking);
            merged.worth_bound(&set, most, (work_max, Some(known)), &mut 0)
        };
        components.iter().map(one).sum::<Money>()
    };
    (sum(0), sum(u64::MAX))
}

fn about(id: usize, rule: ItemRule, skus: &[&str]) -> Promotion {
    let mut own = promotion(&format!("p{id}"), Rule::Item(rule));
    own.scope = Scope::of(skus.iter().copied());
    own
}

/// Four times the second at half price, of the same two cups: alone they would
/// take off twice what they cost.
#[test]
fn what_many_promotions_want_is_taken_off_once() {
    let half = ItemRule::NthUnit { n: 2, pay_percent: 50, same_sku: false, spread: false };
    let promotions: Vec<Promotion> = (0..4).map(|id| about(id, half.clone(), &["cup"])).collect();
    let lines = [line(1, "cup", pieces(2, 10))];
    let (alone, worth) = bounds(&promotions, &lines, yuan(15));
    assert_eq!((alone, worth), (Money::ZERO, yuan(15)));
}

fn any_rule() -> impl Strategy<Value = ItemRule> {
    let fen = Money::from_minor;
    prop_oneof![
        (2u32..4, 0u32..90).prop_map(|(n, pay_percent)| ItemRule::NthUnit {
            n,
            pay_percent,
            same_sku: false,
            spread: false
        }),
        (2u32..4, 100i64..900).prop_map(move |(n, amount)| ItemRule::XForY {
            n,
            amount: fen(amount),
            same_sku: false
        }),
        (1u32..3).prop_map(|n| ItemRule::BuyNGetM { n, m: 1, same_sku: false, spread: false }),
        (2u32..4, 50u32..95).prop_map(|(units, pay_percent)| ItemRule::QuantityTier {
            tiers: vec![QuantityStep { units, pay_percent }]
        }),
    ]
}

proptest! {
    #[test]
    fn no_way_comes_below_it(
        rules in prop::collection::vec((any_rule(), 1usize..16), 2..5),
        goods in prop::collection::vec((1u32..4, 100i64..900), 4),
    ) {
        const SKUS: [&str; 4] = ["a", "b", "c", "d"];
        let promotions: Vec<Promotion> = rules
            .into_iter()
            .enumerate()
            .map(|(id, (rule, set))| {
                let skus: Vec<&str> =
                    SKUS.iter().enumerate().filter(|(at, _)| set & (1 << at) != 0).map(|(_, sku)| *sku).collect();
                about(id, rule, &skus)
            })
            .collect();
        let lines: Vec<TicketLine> = (1..)
            .zip(SKUS)
            .zip(goods)
            .map(|((number, sku), (count, price))| {
                line(number, sku, Goods::Pieces { count, price: Money::from_minor(price) })
            })
            .collect();
        let found = priced(&promotions, lines.clone());
        prop_assume!(found.is_optimal());
        let (alone, worth) = bounds(&promotions, &lines, found.total);
        prop_assert!(alone <= worth, "{alone:?} {worth:?}");
        prop_assert!(worth <= found.total, "{worth:?} is above {:?}", found.total);
    }
}
