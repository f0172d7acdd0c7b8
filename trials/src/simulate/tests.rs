//! The shop as it is shipped breaks nothing, and a weaker one is found out.

use super::*;

fn plan(seed: u64, days: u32, weakness: Weakness) -> Plan {
    Plan { seed, days, stores: 2, tills: 2, weakness }
}

fn simulate(seed: u64, days: u32, weakness: Weakness) -> Outcome {
    run(&plan(seed, days, weakness), &mut Pool::default())
}

fn broken(outcome: &Outcome) -> Option<Invariant> {
    outcome.broken.as_ref().map(|broken| broken.finding.invariant)
}

/// `GUITAI_LANE_DAYS` lane-days, or as many as take some seconds.
fn days() -> u32 {
    let lane_days = std::env::var("GUITAI_LANE_DAYS").ok().and_then(|days| days.parse::<u32>().ok());
    lane_days.map_or(3, |lane_days| lane_days.div_ceil(4))
}

#[test]
fn nothing_is_lost_doubled_or_miscounted_whatever_goes_wrong() {
    for seed in 1..=3 {
        let outcome = simulate(seed, days(), Weakness::None);
        assert_eq!(outcome.broken, None, "seed {seed}");
        assert!(outcome.sales > 20 && outcome.account.at_hq > 20, "{outcome:?}");
        assert!(outcome.labels_checked > 20, "{outcome:?}");
    }
}

#[test]
fn the_same_seed_is_the_same_run() {
    let one = simulate(7, 2, Weakness::None);
    assert_eq!(one, simulate(7, 2, Weakness::None));
    assert_ne!(one.hash, simulate(8, 2, Weakness::None).hash);
}

/// Seeds until one finds the weakness out, and what it finds.
fn found_out(weakness: Weakness, days: u32) -> Option<(u64, Invariant)> {
    let mut pool = Pool::default();
    (1..=6).find_map(|seed| {
        let outcome = run(&plan(seed, days, weakness), &mut pool);
        broken(&outcome).map(|invariant| (seed, invariant))
    })
}

#[test]
fn an_hq_that_forgets_what_it_filed_is_found_out() {
    let found = found_out(Weakness::NoDedupe, 2);
    let is_of_hq =
        |invariant| matches!(invariant, Invariant::MoneyAtHq | Invariant::StockAtHq | Invariant::NothingLost);
    assert!(found.is_some_and(|(_, invariant)| is_of_hq(invariant)), "{found:?}");
}

#[test]
fn an_agent_that_waits_for_the_next_sale_is_found_out() {
    let found = found_out(Weakness::EdgeTriggered, 1);
    assert!(found.is_some_and(|(_, invariant)| invariant == Invariant::Level), "{found:?}");
}

#[test]
fn a_commit_that_does_not_wait_for_the_disk_is_found_out() {
    let found = found_out(Weakness::NormalSync, 2);
    let is_loss =
        |invariant| matches!(invariant, Invariant::NothingLost | Invariant::Chain | Invariant::ForkAlarmed);
    assert!(found.is_some_and(|(_, invariant)| is_loss(invariant)), "{found:?}");
}

#[test]
fn paper_before_the_disk_is_found_out() {
    let found = found_out(Weakness::PaperFirst, 1);
    assert!(found.is_some_and(|(_, invariant)| invariant == Invariant::PaperAfterCommit), "{found:?}");
}

#[test]
fn a_till_that_does_not_know_what_labels_show_is_found_out() {
    let found = found_out(Weakness::NoCaps, 3);
    assert!(found.is_some_and(|(_, invariant)| invariant == Invariant::LabelHolds), "{found:?}");
}

#[test]
fn labels_that_are_given_their_price_before_the_tills_are_found_out() {
    let found = found_out(Weakness::LabelsFirst, 3);
    assert!(found.is_some_and(|(_, invariant)| invariant == Invariant::LabelHolds), "{found:?}");
}

#[test]
fn an_hq_that_lends_what_is_lent_is_found_out() {
    let found = found_out(Weakness::LeasesOverlap, 3);
    assert!(found.is_some_and(|(_, invariant)| invariant == Invariant::PointsOnce), "{found:?}");
}

#[test]
fn an_hq_that_counts_away_what_is_sold_meanwhile_is_found_out() {
    let found = found_out(Weakness::CountsOnArrival, 3);
    assert!(found.is_some_and(|(_, invariant)| invariant == Invariant::StockAtHq), "{found:?}");
}

#[test]
fn a_failing_seed_becomes_a_short_story() {
    let (seed, _) = found_out(Weakness::EdgeTriggered, 1).expect("it is found out");
    let plan = plan(seed, 1, Weakness::EdgeTriggered);
    let shrunk = shrink::shrink(&plan, 40, &mut Pool::default()).expect("it fails");
    let (whole, left) = (Script::draw(&plan).faults.len(), shrunk.script.faults.len());
    assert_eq!(broken(&shrunk.outcome), Some(Invariant::Level));
    assert!(left * 4 <= whole, "{left} of {whole}");
    let story = shrunk.outcome.broken.expect("it fails").story;
    assert!(story.iter().any(|line| line.contains("nothing goes wrong any more")), "{story:?}");
}

#[test]
fn the_line_for_machines_is_as_agreed() {
    let outcome = simulate(1, 1, Weakness::None);
    let line: serde_json::Value = serde_json::from_str(&outcome.json()).expect("JSON");
    assert_eq!(line["seed"], 1);
    assert_eq!(line["hash"].as_str().map(str::len), Some(64));
    assert!(line["sales"].as_u64().is_some_and(|sales| sales > 0));
    assert_eq!(line["faults"].as_object().map(serde_json::Map::len), Some(BadDay::ALL.len()));
}

/// What somebody does to the machines, at these hours after the beginning.
fn told(seed: u64, days: u32, faults: &[(i64, usize, script::Fault)]) -> Outcome {
    let plan = plan(seed, days, Weakness::None);
    let faults = faults.iter().map(|(hour, machine, fault)| script::Planned {
        at_ms: hour * 60 * 60_000,
        machine: *machine,
        fault: fault.clone(),
    });
    let script = Script { faults: faults.collect(), idle: vec![false; 4], days };
    tell(&plan, &script, &mut Pool::default())
}

#[test]
fn a_copy_of_a_lane_is_alarmed_and_the_lane_goes_on() {
    let outcome = told(3, 2, &[(5, 0, script::Fault::Clone)]);
    assert_eq!(outcome.broken, None);
    for day in [BadDay::Clone, BadDay::ForkAlarmed] {
        assert!(outcome.days.count(day) > 0, "{day:?} was not met: {}", outcome.json());
    }
}

#[test]
fn an_old_image_locks_or_is_alarmed_and_no_number_is_given_twice() {
    let faults = [(5, 0, script::Fault::TakeImage), (9, 0, script::Fault::OldImage)];
    let outcome = told(4, 2, &faults);
    assert_eq!(outcome.broken, None);
    assert!(outcome.days.count(BadDay::OldImage) > 0 && outcome.days.count(BadDay::EnrolledAnew) > 0);
}

#[test]
fn a_new_disk_and_an_hq_from_its_backup_lose_what_they_had_and_no_more() {
    let faults = [
        (3, 0, script::Fault::HqBackUp),
        (5, 1, script::Fault::NewDisk),
        (9, 0, script::Fault::HqRestore),
        (12, 2, script::Fault::NewDisk),
    ];
    let outcome = told(5, 2, &faults);
    assert_eq!(outcome.broken, None);
    assert_eq!((outcome.days.count(BadDay::NewDisk), outcome.days.count(BadDay::HqRestored)), (2, 1));
    assert!(outcome.days.count(BadDay::Unauthorised) > 0, "{}", outcome.json());
}

#[test]
fn goods_come_and_go_and_are_counted_while_lanes_sell() {
    // Of the second lane of the first store nobody can say for hours where it is.
    let faults = [(2, 1, script::Fault::NoLine(9 * 60 * 60_000))];
    let mut days = Days::default();
    for seed in 1..=3 {
        let outcome = told(seed, 1, &faults);
        assert_eq!(outcome.broken, None, "seed {seed}");
        days.add(&outcome.days);
    }
    for day in [
        BadDay::GoodsReceived,
        BadDay::GoodsWasted,
        BadDay::GoodsTransferred,
        BadDay::TransferShort,
        BadDay::CountedDuringSales,
        BadDay::CountByClock,
    ] {
        assert!(days.count(day) > 0, "{day:?} was not met: {}", days.json());
    }
}

/// A day of three lanes of a store that is cut off, whose relay stops now and then.
fn cut_off(seed: u64, weakness: Weakness) -> Outcome {
    let plan = Plan { seed, days: 1, stores: 1, tills: 3, weakness };
    let stops = [6, 9, 12].map(|hour| (hour * 60, script::Fault::RelayAway(60_000)));
    let cut = (30, script::Fault::StoreCut(15 * 60 * 60_000));
    let faults = [cut].into_iter().chain(stops).map(|(minute, fault)| script::Planned {
        at_ms: minute * 60_000,
        machine: 0,
        fault,
    });
    let script = Script { faults: faults.collect(), idle: vec![false; 3], days: 1 };
    tell(&plan, &script, &mut Pool::default())
}

#[test]
fn a_store_that_is_cut_off_shares_what_it_has() {
    let mut days = Days::default();
    for seed in 1..=2 {
        let outcome = cut_off(seed, Weakness::None);
        assert_eq!(outcome.broken, None, "seed {seed}");
        days.add(&outcome.days);
    }
    for day in [
        BadDay::RelayAnswered,
        BadDay::LentByRelay,
        BadDay::RefusedByRelay,
        BadDay::BackAtAnotherLane,
        BadDay::ParkedAcrossCutOff,
        BadDay::BothAway,
    ] {
        assert!(days.count(day) > 0, "{day:?} was not met: {}", days.json());
    }
}

/// Seeds of such days until one finds the weakness out, and what it finds.
fn found_out_cut_off(weakness: Weakness) -> Option<(u64, Invariant)> {
    let found = (1..=12).find_map(|seed| Some((seed, broken(&cut_off(seed, weakness))?)));
    found.filter(|(_, invariant)| {
        matches!(invariant, Invariant::ReceiptOnce | Invariant::ParkedOnce | Invariant::CouponOnce)
    })
}

#[test]
fn a_relay_that_lends_to_two_lanes_is_found_out() {
    let found = found_out_cut_off(Weakness::RelayLendsTwice);
    assert!(found.is_some(), "{found:?}");
}

#[test]
fn a_relay_that_forgets_is_found_out() {
    let found = found_out_cut_off(Weakness::RelayForgets);
    assert!(found.is_some(), "{found:?}");
}

#[test]
fn lanes_that_do_not_ask_again_for_what_they_need_are_found_out() {
    let found = found_out_cut_off(Weakness::LanesForget);
    assert!(found.is_some(), "{found:?}");
}
