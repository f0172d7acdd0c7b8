//! Paid memberships, from the fee at the counter to the books: R06 of the
//! worked cases, and what goes with it.

use hq::books::membership::{Memberships, Party, Reward};
use protocol::ask::{Answer, CouponRefused, Question};
use protocol::event::{Buyer, Line, Origin, Returned, Sale, Seller};
use protocol::pull::phone_hash;

use super::lane::{cash, line, sale};
use super::*;

fn setting_up() -> String {
    let hash = phone_hash("13900000001");
    serde_json::json!({
        "store": {"code": "S1", "name_zh": "一店", "name_en": "One", "currency": "CNY",
                  "currency_symbol": "¥", "currency_exponent": 2, "cash_rounding": 1},
        "products": [{"sku": "M1", "name_zh": "超级会员", "name_en": "Super member", "price": 990,
                      "tax_rate": 600, "membership": true}],
        "promotion_rules": [{"id": "c5", "layer": "coupon", "type": "threshold_off", "min": 1000, "off": 500}],
        "members": [
            {"id": "m1", "shown": "王**", "phone_hash": hash, "cards": ["M000001W"], "store": "S1", "tags": ["old"]},
            {"id": "m2", "shown": "王**", "phone_hash": hash, "cards": ["M0000023"], "store": "S1"},
            {"id": "m3", "shown": "梅**", "store": "S1", "staff": "mei"},
        ],
        "memberships": [{"sku": "M1", "employee": 500, "store": 490, "tag": "plus",
                         "coupons": [{"promotion": "c5", "count": 2, "days": 30}]}],
    })
    .to_string()
}

fn seller(id: &str) -> Option<Seller> {
    let (number, name) = (format!("no. {id}"), id.to_owned());
    Some(Seller { id: id.into(), number, name, level: "guide".into() })
}

/// The fee, sold to a member by somebody.
fn fee(member: &str, by: &str) -> Sale {
    let fee = Line { membership: true, category: String::new(), ..line("M1", 990) };
    let buyer = Buyer { member: member.into(), shown: "王**".into(), tier: String::new(), points: None };
    Sale { seller: seller(by), buyer: Some(buyer), ..sale(vec![fee]) }
}

/// The fee of a document of lane 1 comes back.
fn fee_back(seq: u64) -> Sale {
    let sold = line("M1", 990);
    let returned = Returned {
        origin: Some(Origin { store: "S1".into(), lane: 1, epoch: 1, seq }),
        line: 1,
        sku: sold.sku,
        code: sold.code,
        name_zh: sold.name_zh,
        name_en: sold.name_en,
        spec: String::new(),
        category: String::new(),
        weighed: false,
        quantity: 1_000,
        stock: Vec::new(),
        before: 0,
        amount: 990,
        tax: 10,
        tax_rate: 1_300,
        reason: "regrets it".into(),
        seller: None,
        membership: true,
    };
    Sale { returns: vec![returned], total: -990, payable: -990, tenders: vec![cash(-990)], ..sale(vec![]) }
}

impl Shop {
    async fn put_in(&self, text: &str) -> Result<Outcome, String> {
        let path = self.folder.path().join("memberships.json");
        std::fs::write(&path, text).expect("a file");
        self.ask(Command::Import { path, replace: false, dry_run: false }).await
    }

    async fn members(&self, member: &str) -> (Vec<Reward>, Memberships) {
        match self.ask(Command::Memberships { member: Some(member.into()) }).await {
            Ok(Outcome::Memberships { rewards, member: Some(member), .. }) => (rewards, member),
            other => panic!("no memberships: {other:?}"),
        }
    }

    /// Balances and entries of mei and of the store.
    async fn given(&self) -> Vec<(String, i64, u64)> {
        let (rewards, _) = self.members("m1").await;
        let name = |party: Party| match party {
            Party::Employee(id) => format!("employee {id}"),
            Party::Store(code) => format!("store {code}"),
        };
        rewards.into_iter().map(|reward| (name(reward.party), reward.balance, reward.entries)).collect()
    }

    async fn question(&self, lane: &Lane, question: Question) -> Answer {
        let url = format!("{}/v1/lanes/S1/{}/ask", self.running.url(), lane.identity.lane);
        let asked = self.client.post(url).bearer_auth(&lane.identity.key).json(&question).send();
        asked.await.expect("an answer").json().await.expect("an answer")
    }

    async fn tags(&self, lane: &Lane, code: &str) -> Vec<String> {
        match self.question(lane, Question::Member { code: code.into() }).await {
            Answer::Member { member, .. } => member.tags,
            other => panic!("no member: {other:?}"),
        }
    }

    async fn coupon(&self, lane: &Lane, code: &str) -> Answer {
        self.question(lane, Question::ClaimCoupon { code: code.into(), member: Some("m1".into()) }).await
    }
}

fn said(all: &[(&str, i64, u64)]) -> Vec<(String, i64, u64)> {
    all.iter().map(|(who, balance, entries)| ((*who).to_owned(), *balance, *entries)).collect()
}

#[tokio::test]
async fn what_a_membership_gives_is_taken_back_with_its_fee() {
    let shop = Shop::open().await;
    shop.put_in(&setting_up()).await.expect("an import");
    let mut one = shop.enrol(1).await;
    one.complete(fee("m1", "mei"));
    shop.push(&one, 1, 1).await.expect("filed");
    shop.push(&one, 1, 1).await.expect("filed twice");
    assert_eq!(shop.given().await, said(&[("store S1", 490, 1), ("employee mei", 500, 1)]));
    assert_eq!(shop.tags(&one, "M000001W").await, ["old", "plus"]);
    // Importing the member again takes nothing from them.
    shop.put_in(&setting_up()).await.expect("an import");
    assert_eq!(shop.tags(&one, "m1").await, ["old", "plus"]);
    let (_, book) = shop.members("m1").await;
    assert_eq!(
        book.binding.as_ref().map(|bound| (bound.seller.as_str(), bound.ended_ms)),
        Some(("mei", None))
    );
    let codes: Vec<&str> = book.terms[0].coupons.iter().map(|(_, code)| code.as_str()).collect();
    assert_eq!(codes.len(), 2);
    assert!(matches!(shop.coupon(&one, codes[0]).await, Answer::CouponClaimed { .. }));
    // It comes back at another lane.
    let mut two = shop.enrol(2).await;
    two.complete(fee_back(1));
    shop.push(&two, 1, 1).await.expect("filed");
    shop.push(&two, 1, 1).await.expect("filed twice");
    assert_eq!(shop.given().await, said(&[("store S1", 0, 2), ("employee mei", 0, 2)]));
    assert_eq!(shop.tags(&one, "m1").await, ["old"]);
    let (_, book) = shop.members("m1").await;
    assert!(book.binding.is_some_and(|bound| bound.ended_ms.is_some()), "the binding is ended");
    for code in codes {
        let refused = shop.coupon(&one, code).await;
        assert!(matches!(refused, Answer::CouponNotClaimed { why: CouponRefused::Withdrawn }), "{refused:?}");
    }
    // What is made again from the events is the same.
    let Ok(Outcome::RebuiltBooks(done)) = shop.ask(Command::RebuildBooks).await else {
        panic!("not rebuilt")
    };
    assert_eq!((done.missing, done.differing), (0, 0));
    let Ok(Outcome::Rebuilt(rebuilt)) = shop.ask(Command::Rebuild).await else { panic!("not rebuilt") };
    assert_eq!(rebuilt.differing, []);
}

#[tokio::test]
async fn a_person_is_rewarded_for_once_and_nobody_for_himself() {
    let shop = Shop::open().await;
    shop.put_in(&setting_up()).await.expect("an import");
    let mut one = shop.enrol(1).await;
    one.complete(fee("m1", "mei"));
    one.complete(fee_back(1));
    // Another card of the same telephone number, another seller.
    one.complete(fee("m2", "tao"));
    // Mei buys from herself.
    one.complete(fee("m3", "mei"));
    shop.push(&one, 1, 4).await.expect("filed");
    assert_eq!(shop.given().await, said(&[("store S1", 490, 3), ("employee mei", 0, 2)]));
    assert_eq!(shop.tags(&one, "m1").await, ["old", "plus"], "one person");
    assert_eq!(shop.tags(&one, "m3").await, ["plus"]);
    let (_, book) = shop.members("m3").await;
    assert_eq!(book.binding, None);
}

#[tokio::test]
async fn a_fee_that_came_back_before_its_sale_was_heard_of_gives_nothing() {
    let shop = Shop::open().await;
    shop.put_in(&setting_up()).await.expect("an import");
    let (mut one, mut two) = (shop.enrol(1).await, shop.enrol(2).await);
    one.complete(fee("m1", "mei"));
    two.complete(fee_back(1));
    shop.push(&two, 1, 1).await.expect("filed");
    shop.push(&one, 1, 1).await.expect("filed");
    // One of which no membership is set up is listed, and missing in no book.
    one.complete(Sale { lines: vec![Line { membership: true, ..line("1", 990) }], ..fee("m1", "mei") });
    shop.push(&one, 2, 2).await.expect("filed");
    assert_eq!(shop.given().await, []);
    assert_eq!(shop.tags(&one, "m1").await, ["old"]);
    let Ok(Outcome::RebuiltBooks(done)) = shop.ask(Command::RebuildBooks).await else {
        panic!("not rebuilt")
    };
    assert_eq!(done.missing, 0);
}

#[tokio::test]
async fn a_fee_that_nobody_is_named_for_is_listed_and_moves_no_stock() {
    let shop = Shop::open().await;
    shop.put_in(&setting_up()).await.expect("an import");
    let mut one = shop.enrol(1).await;
    one.complete(Sale { buyer: None, ..fee("m1", "mei") });
    shop.push(&one, 1, 1).await.expect("filed");
    let Ok(Outcome::Exceptions { exceptions }) = shop.ask(Command::Exceptions).await else {
        panic!("a list")
    };
    assert!(exceptions.iter().any(|listed| listed.what.contains("nobody who is named")), "{exceptions:?}");
    let Ok(Outcome::Books { stock, .. }) = shop.ask(Command::Books { store: "S1".into() }).await else {
        panic!("no books")
    };
    assert!(stock.iter().all(|row| row.sku != "M1"), "{stock:?}");
}

#[tokio::test]
async fn a_membership_that_cannot_be_is_refused_with_its_place() {
    let shop = Shop::open().await;
    for (from, to, words) in [
        (r#""store":490"#, r#""store":491"#, "memberships[0]: membership \"M1\": share a fee"),
        (r#""membership":true"#, r#""membership":false"#, "is no item that is marked as membership"),
        (r#""membership":true"#, r#""membership":true,"weighed":true"#, "products[0]: it is a membership"),
        (r#""promotion":"c5""#, r#""promotion":"c6""#, "there is no promotion \"c6\""),
        (r#""count":2"#, r#""count":99"#, "1 to 50 coupons"),
    ] {
        let text = setting_up().replace(from, to);
        assert_ne!(text, setting_up(), "{from}");
        let refused = shop.put_in(&text).await.expect_err("refused");
        assert!(refused.contains(words), "{refused}");
    }
    assert_eq!(shop.given().await, []);
}

#[tokio::test]
async fn another_card_of_the_same_person_moves_no_book_and_has_the_same_tag() {
    let shop = Shop::open().await;
    shop.put_in(&setting_up()).await.expect("an import");
    let mut one = shop.enrol(1).await;
    one.complete(fee("m2", "mei"));
    shop.push(&one, 1, 1).await.expect("filed");
    assert_eq!(shop.tags(&one, "m1").await, ["old", "plus"], "the other card is the same person's");
    // A third card comes later; its id is before both.
    let hash = phone_hash("13900000001");
    let third = serde_json::json!({
        "members": [{"id": "a0", "shown": "王**", "phone_hash": hash, "cards": ["M0000031"], "store": "S1"}],
    });
    shop.put_in(&third.to_string()).await.expect("an import");
    for card in ["a0", "m2"] {
        assert_eq!(shop.tags(&one, card).await, ["plus"], "{card}");
    }
    // Nobody is rewarded again, and all is taken back.
    one.complete(fee("a0", "mei"));
    shop.push(&one, 2, 2).await.expect("filed");
    assert_eq!(shop.given().await, said(&[("store S1", 490, 1), ("employee mei", 500, 1)]));
    one.complete(fee_back(1));
    one.complete(fee_back(2));
    shop.push(&one, 3, 4).await.expect("filed");
    assert_eq!(shop.tags(&one, "m1").await, ["old"]);
    assert!(shop.given().await.iter().all(|(_, balance, _)| *balance == 0));
}

#[tokio::test]
async fn a_fee_is_no_part_of_a_kit() {
    let shop = Shop::open().await;
    shop.put_in(&setting_up()).await.expect("an import");
    let kit = serde_json::json!({
        "products": [{"sku": "K1", "name_zh": "礼包", "name_en": "Pack", "price": 1990, "tax_rate": 600,
                      "kit": [{"sku": "M1", "quantity": 1000}]}],
    });
    let refused = shop.put_in(&kit.to_string()).await.expect_err("it is sold alone");
    assert!(refused.contains("M1 is a paid membership"), "{refused}");
}
