//! The lane as it is shipped loses nothing, and a weaker one is found out.

use super::*;

fn cut(cuts: u64, seed: u64, weakness: Weakness) -> Outcome {
    run(&Plan { cuts, seed, weakness })
}

/// `GUITAI_CUTS` cuts, or as many as take some seconds.
fn cuts() -> u64 {
    std::env::var("GUITAI_CUTS").ok().and_then(|cuts| cuts.parse().ok()).unwrap_or(600)
}

#[test]
fn no_cut_of_the_power_loses_or_spoils_a_sale() {
    let outcome = cut(cuts(), 20_260_302, Weakness::None);
    assert!(outcome.is_sound(), "{:#?}", outcome.words);
    assert_eq!(outcome.cuts, cuts());
    // It was no idle run: sales, cuts into starts, sectors that went back and
    // tore, and both ends of what was under way.
    let Outcome { acknowledged, cuts_at_start, sectors_lost, sectors_torn, .. } = outcome;
    assert!(acknowledged > cuts(), "{outcome:?}");
    assert!(cuts_at_start * 10 > cuts() && sectors_lost > cuts() / 2 && sectors_torn > 0, "{outcome:?}");
    assert!(outcome.under_way_kept > 0 && outcome.under_way_gone > 0, "{outcome:?}");
    assert!(outcome.flushes_failed > 0, "{outcome:?}");
}

#[test]
fn the_same_seed_cuts_the_same() {
    assert_eq!(cut(60, 7, Weakness::None), cut(60, 7, Weakness::None));
    assert_ne!(cut(60, 7, Weakness::None), cut(60, 8, Weakness::None));
}

#[test]
fn a_commit_that_does_not_wait_for_the_disk_is_found_out() {
    let outcome = cut(200, 1, Weakness::NormalSync);
    assert!(outcome.lost > 0, "{outcome:?}");
    assert!(outcome.words.iter().any(|words| words.contains("were acknowledged")), "{outcome:?}");
}

#[test]
fn paper_before_the_disk_is_found_out() {
    let outcome = cut(200, 1, Weakness::PaperFirst);
    assert!(outcome.lost > 0, "{outcome:?}");
    assert!(outcome.words.iter().any(|words| words.contains("papers are of no sale")), "{outcome:?}");
}

#[test]
fn a_drive_that_ignores_flushes_is_found_out() {
    let outcome = cut(200, 1, Weakness::DriveIgnoresFlush);
    assert!(!outcome.is_sound(), "{outcome:?}");
}

#[test]
fn the_line_for_machines_is_as_agreed() {
    let outcome = Outcome { cuts: 3, acknowledged: 7, lost: 1, ..Outcome::default() };
    assert_eq!(outcome.json(), r#"{"cuts":3,"acknowledged":7,"lost":1,"corrupt":0}"#);
    assert!(!outcome.is_sound());
}
