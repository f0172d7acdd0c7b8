//! How often kiosks called somebody: counted from what they have filed, by business date, and tills are left out.

use hq::interventions::KioskInterventions;
use protocol::event::{CallEnd, Cause, Kiosk};

use super::*;

fn called(cause: Cause) -> Fact {
    Fact::Kiosk(Kiosk::Called { cause })
}

fn answered(cause: Cause, end: CallEnd) -> Fact {
    Fact::Kiosk(Kiosk::Answered { cause, end, level: 0 })
}

async fn counted(shop: &Shop, from: Option<&str>, to: Option<&str>) -> Vec<KioskInterventions> {
    let day = |text: &str| text.parse().expect("a day");
    let command = Command::Interventions { store: "S1".into(), from: from.map(day), to: to.map(day) };
    match shop.ask(command).await.expect("counted") {
        Outcome::Interventions { kiosks } => kiosks,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn calls_of_kiosks_are_counted_by_business_date() {
    let shop = Shop::open().await;
    let (mut till, mut kiosk) = (shop.enrol(1).await, shop.enrol(2).await);
    let event = till.event(Fact::PaperBegun { document: 1, reprint: false });
    till.write(event::encode(&event));
    shop.push(&till, 1, 1).await.expect("filed");
    // Many days of one thing, so that the first one is looked for.
    for (date, times) in [("2026-03-01", 1_500), ("2026-03-02", 1), ("2026-03-03", 700)] {
        for _ in 0..times {
            for fact in [called(Cause::PriceQuery), answered(Cause::PriceQuery, CallEnd::Refused)] {
                let event = event::Event { business_date: date.parse().expect("a day"), ..kiosk.event(fact) };
                kiosk.write(event::encode(&event));
            }
        }
        let event = kiosk.event(called(Cause::CouponQuery));
        kiosk.write(event::encode(&event::Event { business_date: date.parse().expect("a day"), ..event }));
    }
    let last = kiosk.events.len();
    for first in (1..=last).step_by(400) {
        shop.push(&kiosk, first, last.min(first + 399)).await.expect("filed");
    }
    for (from, to, times, days) in [
        (None, None, 2_201, 3),
        (Some("2026-03-02"), Some("2026-03-02"), 1, 1),
        (Some("2026-03-02"), None, 701, 2),
        (None, Some("2026-03-01"), 1_500, 1),
    ] {
        let kiosks = counted(&shop, from, to).await;
        let [kiosk] = &kiosks[..] else { panic!("{kiosks:?}") };
        assert_eq!((kiosk.lane, kiosk.baskets, kiosk.calls_in_hundred_tenths), (2, 0, 0));
        let [price, coupon] = &kiosk.calls[..] else { panic!("{kiosk:?}") };
        assert_eq!((price.cause.as_str(), price.called, price.refused), ("price_query", times, times));
        assert_eq!((coupon.cause.as_str(), coupon.called, coupon.gone), ("coupon_query", days, 0));
    }
    assert_eq!(counted(&shop, Some("2026-03-04"), None).await, []);
}
