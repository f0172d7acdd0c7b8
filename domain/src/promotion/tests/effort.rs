//! What is proved, and with how little work: steps are the same on every machine.

use super::*;

fn of(category: &str, rule: OrderRule) -> Promotion {
    let mut own = promotion(category, Rule::Order(rule));
    own.scope = Scope { categories: BTreeSet::from([category.to_owned()]), ..Scope::default() };
    own
}

/// A line of eight in which nine promotions meet, a quantity tier among them:
/// unit by unit they could be filled in more ways than there is room for.
#[test]
fn a_few_units_in_which_many_promotions_meet_are_proved() {
    let fen = Money::from_minor;
    let several = |n, amount| ItemRule::XForY { n, amount: fen(amount), same_sku: true };
    let free = |same_sku, spread| ItemRule::BuyNGetM { n: 2, m: 1, same_sku, spread };
    let step = |units, pay_percent| QuantityStep { units, pay_percent };
    let rules = [
        (free(true, false), None),
        (several(3, 324), None),
        (free(false, true), None),
        (several(2, 231), Some(1)),
        (several(2, 270), None),
        (ItemRule::QuantityTier { tiers: vec![step(2, 80), step(4, 70)] }, None),
        (several(2, 210), Some(2)),
        (free(false, true), None),
        (several(2, 231), None),
    ];
    let named = rules.into_iter().enumerate().map(|(place, (rule, most))| {
        let mut own = promotion(&format!("p{place}"), Rule::Item(rule));
        own.applications_max = most;
        own
    });
    let promotions: Vec<Promotion> = named.collect();
    let tea = Goods::Pieces { count: 8, price: fen(150) };
    let found = priced(&promotions, vec![line(1, "tea", tea)]);
    // Twice three for the price of two, and a pair for 2.10.
    assert_eq!((found.total, found.is_optimal()), (fen(810), true), "{found:?}");
    assert!(found.work < 1_000, "{} steps", found.work);
}

/// Of two per cents with caps one reaches its cap, just about, by rice that is
/// left at its regular price; the other does not. All of it is proved, though
/// there are a billion ways, and the least is beside what is cheapest by the piece.
#[test]
fn a_cap_is_reached_at_the_least_cost() {
    let capped = |pay_percent, min, cap| OrderRule::Percent { pay_percent, min, cap: Some(cap) };
    let fen = Money::from_minor;
    let mut promotions =
        vec![of("tea", capped(88, yuan(8), yuan(5))), of("rice", capped(81, yuan(15), yuan(14)))];
    let mut lines = Vec::new();
    let mut sell = |category: &str, place: i64, (price, off): (i64, i64)| {
        let sku = format!("{category}{place}");
        let mut special = promotion(&format!("s-{sku}"), Rule::Price(PriceRule::Off(fen(off))));
        special.scope = Scope::of([sku.as_str()]);
        special.stacking.allow_order = category == "tea";
        promotions.push(special);
        let number = u32::try_from(lines.len() + 1).expect("few lines");
        let goods = Goods::Pieces { count: 1, price: fen(price) };
        lines.push(TicketLine { category: category.into(), ..line(number, &sku, goods) });
    };
    let tea = |place: i64| (300 + place, 7 + 3 * place);
    let rice = |place: i64| (400 + 11 * place, 7 + 3 * place);
    (0..4).for_each(|place| sell("tea", place, tea(place)));
    (0..30).for_each(|place| sell("rice", place, rice(place)));
    let found = priced(&promotions, lines);
    // By what of the rice counts for its per cent, the least that the other rice comes to.
    let mut others: std::collections::BTreeMap<i64, i64> = [(0, 0)].into();
    for (price, off) in (0..30).map(rice) {
        let mut next = std::collections::BTreeMap::new();
        for (counted, other) in others {
            for (counted, other) in [(counted + price, other), (counted, other + price - off)] {
                next.entry(counted).and_modify(|least: &mut i64| *least = other.min(*least)).or_insert(other);
            }
        }
        others = next;
    }
    let of_rice = |(counted, other): (&i64, &i64)| {
        let base = fen(*counted);
        let off = if base < yuan(15) { Money::ZERO } else { (base - base.percent(81)).min(yuan(14)) };
        base - off + fen(*other)
    };
    let of_tea = fen((0..4).map(tea).map(|(price, off)| price - off).sum()).percent(88);
    let least = others.iter().map(of_rice).min().expect("some rice") + of_tea;
    assert_eq!((found.total, found.is_optimal()), (least, true));
}

/// More units than are searched, whatever the rule: the price adds up, and what
/// is open is no more than rewards of all of them could come to.
#[test]
fn more_units_than_are_searched_have_an_honest_bound() {
    let fen = Money::from_minor;
    let tea = |count: u32| line(1, "tea", Goods::Pieces { count, price: fen(300) });
    let one_slot = vec![Slot { scope: Scope::of(["tea"]), units: 2 }];
    let bundle = |reward| ItemRule::Bundle { slots: one_slot.clone(), reward };
    let half = BundleReward::Slots { pay_percents: vec![50], spread: false };
    let tier = QuantityStep { units: 3, pay_percent: 80 };
    // Of 2,500 at 3.00 each, the least that there is.
    let rules = [
        (ItemRule::BuyNGetM { n: 2, m: 1, same_sku: false, spread: false }, 750_000 - 833 * 300),
        (ItemRule::NthUnit { n: 2, pay_percent: 50, same_sku: false, spread: false }, 750_000 - 1_250 * 150),
        (ItemRule::XForY { n: 4, amount: fen(1_000), same_sku: false }, 750_000 - 625 * 200),
        (ItemRule::QuantityTier { tiers: vec![tier] }, 600_000),
        (bundle(BundleReward::Off(fen(50))), 750_000 - 1_250 * 50),
        (bundle(BundleReward::Percent(90)), 675_000),
        (bundle(half), 375_000),
    ];
    for (rule, least) in rules {
        let found = priced(&[promotion("p", Rule::Item(rule.clone()))], vec![tea(2_500)]);
        assert!(!found.is_optimal() && fen(least) <= found.total, "{rule:?}: {}", found.total.minor());
        let bound = found.bound.minor();
        assert!((least - 6_000..=least).contains(&bound), "{rule:?}: {bound}, and {least} can be reached");
    }
    let within = priced(
        &[promotion("p", Rule::Item(ItemRule::XForY { n: 4, amount: fen(1_000), same_sku: false }))],
        vec![tea(2_000)],
    );
    assert!(within.is_optimal());
}

/// What no document could carry has nothing taken off it, and nothing is said of it.
#[test]
fn a_ticket_beyond_any_document_is_left_alone() {
    let most = Money::from_minor(crate::money::AMOUNT_MAX);
    let free = promotion("p", Rule::Price(PriceRule::Percent(50)));
    let tea = |count, price| line(1, "tea", Goods::Pieces { count, price });
    let pieces = |count, minor| vec![tea(count, Money::from_minor(minor))];
    for lines in [
        pieces(u32::MAX, most.minor()),
        pieces(2, most.minor()),
        pieces(1, i64::MAX),
        pieces(u32::MAX, i64::MIN),
        vec![tea(1, most), tea(1, most)],
    ] {
        let found = priced(std::slice::from_ref(&free), lines);
        assert!(found.applied.is_empty() && !found.is_optimal(), "{found:?}");
    }
    let found = priced(&[free], vec![tea(1, most)]);
    assert_eq!((found.total, found.is_optimal()), (most.percent(50), true));
}

/// A basket in which offers overlap line by line, and what is live on it.
fn overlapping() -> (PromotionSet, Vec<TicketLine>) {
    let fen = Money::from_minor;
    let mut promotions = Vec::new();
    let scoped = |name: &str, rule, from: i64, step: usize| {
        let skus: Vec<String> = (from..24).step_by(step).map(|place| format!("g{place}")).collect();
        let scope = Scope::of(skus.iter().map(String::as_str));
        Promotion { scope, ..promotion(&format!("{name}{from}"), rule) }
    };
    let tiers = vec![QuantityStep { units: 3, pay_percent: 95 }, QuantityStep { units: 6, pay_percent: 90 }];
    for from in 0..4 {
        let several = ItemRule::XForY { n: 3, amount: fen(900 + 10 * from), same_sku: false };
        let pair = ItemRule::NthUnit { n: 2, pay_percent: 50, same_sku: false, spread: false };
        promotions.push(scoped("x", Rule::Item(several), from, 3));
        promotions.push(scoped("n", Rule::Item(pair), from, 5));
        promotions.push(scoped("t", Rule::Item(ItemRule::QuantityTier { tiers: tiers.clone() }), from, 2));
        promotions.push(scoped("p", Rule::Price(PriceRule::Percent(93)), from, 7));
    }
    promotions.push(promotion("off", threshold(50, 5)));
    let (set, refused) = PromotionSet::load(1, promotions);
    assert!(refused.is_empty(), "{refused:?}");
    let goods = |place: i64| Goods::Pieces { count: 1, price: fen(400 + 17 * (place * 7 % 24)) };
    let lines =
        (0..24).map(|place| line(u32::try_from(place + 1).unwrap_or(0), &format!("g{place}"), goods(place)));
    (set, lines.collect())
}

/// One item on many lines, with three offers that fit one another badly.
fn together() -> (PromotionSet, Vec<TicketLine>) {
    let fen = Money::from_minor;
    let offers = [(3, 500), (4, 640), (5, 750)].into_iter().map(|(n, amount)| {
        let rule = ItemRule::XForY { n, amount: fen(amount), same_sku: false };
        promotion(&format!("b{n}"), Rule::Item(rule))
    });
    let (set, refused) = PromotionSet::load(2, offers.chain([promotion("off", threshold(20, 1))]));
    assert!(refused.is_empty(), "{refused:?}");
    let cola = Goods::Pieces { count: 1, price: fen(350) };
    (set, (1..=24).map(|number| line(number, "cola", cola)).collect())
}

/// Scan by scan: a glance is honest and takes few steps, the full price is never dearer and the same
/// whatever was asked before, and it may be broken off anywhere without a trace in any answer.
#[test]
fn a_glance_is_honest_and_the_full_price_is_never_dearer() {
    let always = || true;
    let (mut open, mut better) = (0, 0);
    let baskets = [
        (overlapping(), Objective::CustomerBest),
        (overlapping(), Objective::TagPriceBinding),
        (together(), Objective::CustomerBest),
    ];
    for ((set, lines), objective) in baskets {
        let mut memory = Memory::default();
        for length in (1..=lines.len()).filter(|length| *length < 6 || length % 6 == 0) {
            let ticket = Ticket { lines: lines[..length].to_vec(), ..Ticket::default() };
            let at_once = glance(&set, &ticket, objective, &mut memory);
            assert_eq!(at_once, glance(&set, &ticket, objective, &mut Memory::default()), "{length} lines");
            // A component is looked at once, promotion by promotion where it is too large.
            assert!(at_once.work <= 4 * GLANCE_WORK_MAX, "{} steps for {length} lines", at_once.work);
            let cold =
                price_fully(&set, &ticket, objective, &mut Memory::default(), &always).expect("wanted");
            for asked_max in [0, 1, 7, 40] {
                let asked = std::cell::Cell::new(0);
                let goes_on = || {
                    asked.set(asked.get() + 1);
                    asked.get() <= asked_max
                };
                let answer = price_fully(&set, &ticket, objective, &mut memory, &goes_on);
                assert_eq!(answer.is_none(), asked.get() > asked_max, "{length} lines");
                assert!(answer.is_none_or(|answer| answer == cold));
            }
            let full = price_fully(&set, &ticket, objective, &mut memory, &always).expect("wanted");
            assert_eq!(full, cold, "{length} lines");
            assert_eq!(price_fully(&set, &ticket, objective, &mut memory, &|| false), Some(full.clone()));
            assert!(full.total <= at_once.total && at_once.bound <= full.bound && full.bound <= full.total);
            let searched = price(&set, &ticket, objective, &mut memory, WORK_MAX);
            assert!(full.total <= searched.total);
            open += usize::from(!at_once.is_optimal());
            better += usize::from(full.total < at_once.total || full.bound > at_once.bound);
        }
    }
    assert!(open > 0 && better > 0, "nothing of it is hard: {open} open, {better} better");
}
