//! What promotions did, as a filed sale says it, is reckoned again.

use protocol::event::{
    Free, FreeGoods, KeptGift, Line, Origin, PromotionApplied, Returned, Sale, Saving, SavingLayer, Units,
};

use super::lane::{cash, line, sale};
use super::*;

fn promotion() -> PromotionApplied {
    PromotionApplied { id: "g".into(), name_zh: "买赠".into(), name_en: "Gift".into() }
}

fn saving(layer: SavingLayer, units: u32, off: i64) -> Saving {
    Saving { promotion: promotion(), layer, units, off }
}

fn goods(number: u32, sku: &str, pieces: i64, price: i64, savings: Vec<Saving>) -> Line {
    let net = pieces * price - savings.iter().map(|saving| saving.off).sum::<i64>();
    let quantity = pieces * 1_000;
    Line { line: number, quantity, list_price: price, unit_price: price, savings, net, ..line(sku, net) }
}

/// Two waters at 5.00 earn the tea at 4.00.
fn with_a_gift() -> Sale {
    let tea = goods(2, "2", 1, 400, vec![saving(SavingLayer::Item, 1, 400)]);
    let earned_by = vec![Units { line: 1, units: 2 }];
    let free = vec![Free { line: 2, units: 1, each: 400 }];
    let gifts = vec![FreeGoods { promotion: promotion(), times: 1, earned_by, free }];
    Sale { gifts, ..sale(vec![goods(1, "1", 2, 500, Vec::new()), tea]) }
}

/// One water comes back, and so much is kept back for the tea.
fn back(kept: i64) -> Sale {
    let origin = Origin { store: "S1".into(), lane: 1, epoch: 1, seq: 1 };
    let water = line("1", 500);
    let returned = Returned {
        origin: Some(origin.clone()),
        line: 1,
        sku: water.sku,
        code: water.code.clone(),
        name_zh: water.name_zh,
        name_en: water.name_en,
        spec: String::new(),
        category: String::new(),
        weighed: false,
        quantity: 1_000,
        stock: Vec::new(),
        before: 0,
        amount: 500,
        tax: 58,
        tax_rate: 1_300,
        reason: "stale".into(),
        seller: None,
        membership: false,
    };
    let gift = KeptGift {
        origin,
        line: 2,
        sku: "2".into(),
        code: water.code,
        name_zh: "绿茶".into(),
        name_en: "Green tea".into(),
        spec: String::new(),
        quantity: 1_000,
        amount: kept,
        tax: 46,
        tax_rate: 1_300,
    };
    let paid = 500 - kept;
    Sale {
        returns: vec![returned],
        kept: if kept == 0 { Vec::new() } else { vec![gift] },
        total: -paid,
        payable: -paid,
        tenders: vec![cash(-paid)],
        ..sale(Vec::new())
    }
}

async fn exceptions(shop: &Shop) -> Vec<String> {
    match shop.ask(Command::Exceptions).await {
        Ok(Outcome::Exceptions { exceptions }) => exceptions.into_iter().map(|one| one.what).collect(),
        other => panic!("no exceptions: {other:?}"),
    }
}

#[tokio::test]
async fn a_sale_whose_promotions_do_not_add_up_is_set_aside_and_what_follows_is_filed() {
    let shop = Shop::open().await;
    let mut lane = shop.enrol(1).await;
    let taking = |units: u32| goods(1, "1", 2, 500, vec![saving(SavingLayer::Item, units, 250)]);
    lane.complete(sale(vec![taking(2)]));
    // Three of two pieces take part.
    lane.complete(sale(vec![taking(3)]));
    // The line costs less than what its promotions leave of it.
    let cheap = Line { net: 700, ..taking(2) };
    lane.complete(sale(vec![cheap]));
    // A gift of a line that is not there.
    let mut ghost = with_a_gift();
    ghost.gifts[0].free[0].line = 9;
    lane.complete(ghost);
    lane.complete(with_a_gift());
    let answer = shop.push(&lane, 1, 5).await.expect("filed");
    assert_eq!((answer.acknowledged, answer.quarantined), (5, 3));
    let (_, reasons) = shop.alarms().await;
    let has = |words: &str| reasons.iter().filter(|reason| reason.contains(words)).count();
    assert_eq!(has("promotions take 3 pieces of line 1, which has 2"), 1, "{reasons:?}");
    assert_eq!(has("do not come to what their promotions leave"), 2, "{reasons:?}");
    assert_eq!(shop.sales().await, [("2026-03-01".to_owned(), 1, 2, 3, 750 + 1_000)]);
}

#[tokio::test]
async fn a_return_that_keeps_a_gift_back_wrongly_is_listed() {
    for (kept, listed) in [(400, 0), (0, 1), (300, 1)] {
        let shop = Shop::open().await;
        let mut lane = shop.enrol(1).await;
        lane.complete(with_a_gift());
        lane.complete(back(kept));
        let answer = shop.push(&lane, 1, 2).await.expect("filed");
        assert_eq!((answer.acknowledged, answer.quarantined), (2, 0));
        let what = exceptions(&shop).await;
        assert_eq!(what.len(), listed, "{kept}: {what:?}");
        assert!(what.iter().all(|what| what.contains(r#""should_be":[[2,400]]"#)), "{what:?}");
        // Either way it is money that moved.
        assert_eq!(shop.sales().await[0].4, 1_000 - 500 + kept);
    }
}
