//! What goods weigh: what the kiosks of the chain have weighed is added up once, and every lane is told.

use protocol::event::Kiosk;
use protocol::pull::Weight;

use super::*;

fn weighed(sku: &str, grams: i64) -> Fact {
    Fact::Kiosk(Kiosk::Weighed { sku: sku.into(), unit: String::new(), grams })
}

/// The weights that a lane is told of from the beginning.
async fn told(shop: &Shop, lane: &Lane) -> Vec<Weight> {
    let (_, changes) = shop.page(lane, 0, 1_000).await;
    let of = |change: Change| match change.entity {
        Entity::Weight(weight) => {
            weight.inspect(|weight| assert_eq!(change.key, Weight::key(&weight.sku, "")))
        }
        _ => None,
    };
    changes.into_iter().filter_map(of).collect()
}

#[tokio::test]
async fn what_kiosks_weigh_is_added_up_once_and_told_to_all_lanes() {
    let shop = Shop::open().await;
    let reader = shop.enrol(9).await;
    let (mut one, mut two) = (shop.enrol(1).await, shop.enrol(2).await);
    let days = [(&mut one, vec![570, 572, 60_000]), (&mut two, vec![568])];
    for (lane, weighings) in days {
        for grams in weighings {
            let event = lane.event(weighed("1", grams));
            lane.write(event::encode(&event));
        }
        let last = lane.events.len();
        // Sent twice, it is the same.
        for _ in 0..2 {
            shop.push(lane, 1, last).await.expect("filed");
        }
    }
    let all = Weight { sku: "1".into(), unit: String::new(), count: 3, grams: 1_710, squares: 974_708 };
    assert_eq!(told(&shop, &reader).await, [all.clone()]);
    assert!(all.understand().is_some_and(|weight| weight.is_known()));
    // Made again from the events, it is the same.
    shop.ask(Command::Rebuild).await.expect("rebuilt");
    assert_eq!(told(&shop, &reader).await, [all]);
    // A code that no key can have goes into quarantine.
    let event = one.event(weighed(&"x".repeat(201), 500));
    one.write(event::encode(&event));
    let last = one.events.len();
    shop.push(&one, last, last).await.expect("filed");
    let (_, reasons) = shop.alarms().await;
    assert!(matches!(&reasons[..], [reason] if reason.contains("longer than 200")), "{reasons:?}");
}
