//! What sellers earn, from the rules to the sums.

use hq::store::{CommissionEntry, CommissionOfDay};
use protocol::ask::{Answer, Earnings, Question};
use protocol::event::{Line, Origin, Returned, Sale, Seller, Stored, Tender, Value};

use super::lane::{cash, line, sale};
use super::*;

/// 3 % of drinks, and half a yuan for each bottle of item 2 that a guide sells.
const RULES: &str = r#"{"commission_rules": [
    {"id": "drinks", "category": "drinks", "rate_bp": 300, "from": "2026-03-01"},
    {"id": "tea", "sku": "2", "level": "guide", "fixed": 50, "from": "2026-03-01", "until": "2026-12-31"}
]}"#;

fn seller(id: &str) -> Option<Seller> {
    let (number, name) = (format!("no. {id}"), id.to_owned());
    Some(Seller { id: id.into(), number, name, level: "guide".into() })
}

/// So many of an item at a price.
fn goods(number: u32, sku: &str, pieces: i64, price: i64) -> Line {
    let quantity = pieces * 1_000;
    Line { line: number, quantity, list_price: price, unit_price: price, ..line(sku, pieces * price) }
}

/// So many pieces of a line of lane 1's first document come back.
fn back(of: &Sale, number: u32, before: i64, pieces: i64) -> Sale {
    let sold = of.lines.iter().find(|line| line.line == number).expect("a line");
    let share = |pieces: i64| (sold.net * pieces * 2_000 + sold.quantity) / (sold.quantity * 2);
    let amount = share(before + pieces) - share(before);
    let returned = Returned {
        origin: Some(Origin { store: "S1".into(), lane: 1, epoch: 1, seq: 1 }),
        line: number,
        sku: sold.sku.clone(),
        code: sold.code.clone(),
        name_zh: sold.name_zh.clone(),
        name_en: sold.name_en.clone(),
        spec: String::new(),
        category: sold.category.clone(),
        weighed: false,
        quantity: pieces * 1_000,
        stock: Vec::new(),
        before: before * 1_000,
        amount,
        tax: 10,
        tax_rate: 1_300,
        reason: "stale".into(),
        seller: sold.seller.clone().or(of.seller.clone()),
        membership: sold.membership,
    };
    Sale {
        returns: vec![returned],
        total: -amount,
        payable: -amount,
        tenders: vec![cash(-amount)],
        ..sale(vec![])
    }
}

impl Shop {
    async fn import_text(&self, text: &str) -> Result<Outcome, String> {
        let path = self.folder.path().join("rules.json");
        std::fs::write(&path, text).expect("a file");
        self.ask(Command::Import { path, replace: false, dry_run: false }).await
    }

    async fn commission(&self, of: Option<&str>) -> (Vec<CommissionOfDay>, Vec<CommissionEntry>) {
        let seller = of.map(str::to_owned);
        let entries = of.is_some();
        let asked = Command::Commission { seller, store: None, from: None, to: None, entries };
        match self.ask(asked).await {
            Ok(Outcome::Commission { days, entries, .. }) => (days, entries),
            other => panic!("no commission: {other:?}"),
        }
    }

    /// Seller, lines, net and what is earned.
    async fn earned(&self) -> Vec<(String, u64, i64, i64)> {
        let (days, _) = self.commission(None).await;
        days.into_iter().map(|row| (row.seller, row.entries, row.net, row.amount)).collect()
    }
}

/// Two sellers' sale of three drinks: mei has the ticket, tao its second line.
fn sold() -> Sale {
    let tao = Line { seller: seller("tao"), ..goods(2, "2", 3, 400) };
    Sale { seller: seller("mei"), ..sale(vec![goods(1, "1", 2, 998), tao]) }
}

#[tokio::test]
async fn what_a_seller_earns_comes_back_to_the_unit_when_goods_do() {
    let shop = Shop::open().await;
    shop.import_text(RULES).await.expect("rules");
    let mut one = shop.enrol(1).await;
    let mut two = shop.enrol(2).await;
    let sold = sold();
    one.complete(sold.clone());
    shop.push(&one, 1, 1).await.expect("filed");
    // 3 % of 19.96 is 0.5988; three bottles are 1.50.
    let before = vec![("mei".into(), 1, 1_996, 60), ("tao".into(), 1, 1_200, 150)];
    assert_eq!(shop.earned().await, before);
    // One water comes back here, the other with a bottle of tea at another lane.
    one.complete(back(&sold, 1, 0, 1));
    shop.push(&one, 1, 2).await.expect("filed");
    assert_eq!(shop.earned().await[0], ("mei".into(), 2, 998, 30));
    two.complete(back(&sold, 1, 1, 1));
    two.complete(back(&sold, 2, 0, 1));
    shop.push(&two, 1, 2).await.expect("filed");
    let after = vec![("mei".into(), 3, 0, 0), ("tao".into(), 2, 800, 100)];
    assert_eq!(shop.earned().await, after);
    // Each entry names its document, and a reversal the sale that it reverses.
    let (_, entries) = shop.commission(Some("mei")).await;
    let said: Vec<_> =
        entries.iter().map(|row| (row.source.as_str(), row.of_document.as_str(), row.amount)).collect();
    assert_eq!(
        said,
        [("S1/1-1-2", "S1/1/1/1", -30), ("S1/1-1-1", "S1/1/1/1", 60), ("S1/2-1-1", "S1/1/1/1", -30)]
    );
    assert_eq!(entries.iter().map(|row| row.amount).sum::<i64>(), 0, "a balance is the sum of its entries");
    // What is made again from the events is the same.
    let Ok(Outcome::Rebuilt(rebuilt)) = shop.ask(Command::Rebuild).await else { panic!("not rebuilt") };
    assert_eq!(rebuilt.differing, []);
    assert_eq!(shop.earned().await, after);
}

/// What the chain gave on top of a member's money earns nobody anything.
#[tokio::test]
async fn a_bonus_of_stored_value_earns_no_seller_anything() {
    let shop = Shop::open().await;
    shop.import_text(RULES).await.expect("rules");
    let mut one = shop.enrol(1).await;
    let part = Value { principal: 1_500, bonus: 500 };
    let (member, lease) = ("m1".to_owned(), "v:m1.1".to_owned());
    let stored = Stored { member, lease, until_ms: 0, part, of: None, left: None };
    let tender = Tender { kind: "stored_value".into(), stored: Some(stored), ..cash(2_000) };
    let sold = Sale {
        seller: seller("mei"),
        tenders: vec![tender],
        ..sale(vec![goods(1, "1", 2, 750), goods(2, "3", 1, 500)])
    };
    one.complete(sold.clone());
    one.complete(back(&sold, 1, 0, 2));
    shop.push(&one, 1, 1).await.expect("filed");
    // 3 % of 15.00 less 3.75, and of 5.00 less 1.25.
    assert_eq!(shop.earned().await, [("mei".into(), 2, 2_000, 34 + 11)]);
    shop.push(&one, 2, 2).await.expect("filed");
    assert_eq!(shop.earned().await, [("mei".into(), 3, 500, 11)]);
}

#[tokio::test]
async fn a_lane_asks_what_a_seller_earned_on_a_day_and_in_its_month() {
    let shop = Shop::open().await;
    shop.import_text(RULES).await.expect("rules");
    let mut one = shop.enrol(1).await;
    one.complete(sold());
    shop.push(&one, 1, 1).await.expect("filed");
    let earned = |net, commission| Earnings { net, commission };
    for (who, day, answer) in [
        ("mei", "2026-03-01", (earned(1_996, 60), earned(1_996, 60))),
        ("mei", "2026-03-31", (earned(0, 0), earned(1_996, 60))),
        ("mei", "2026-04-01", (earned(0, 0), earned(0, 0))),
        ("nobody", "2026-03-01", (earned(0, 0), earned(0, 0))),
    ] {
        let question = Question::Earned { seller: who.into(), day: day.parse().expect("a day") };
        let url = format!("{}/v1/lanes/S1/1/ask", shop.running.url());
        let asked = shop.client.post(url).bearer_auth(&one.identity.key).json(&question).send();
        let told: Answer = asked.await.expect("an answer").json().await.expect("an answer");
        assert_eq!(told, Answer::Earned { day: answer.0, month: answer.1 }, "{who} {day}");
    }
}

#[tokio::test]
async fn goods_that_are_given_back_twice_take_back_no_more_than_was_earned() {
    let shop = Shop::open().await;
    shop.import_text(RULES).await.expect("rules");
    let (mut one, mut two) = (shop.enrol(1).await, shop.enrol(2).await);
    let sold = sold();
    one.complete(sold.clone());
    one.complete(back(&sold, 1, 0, 2));
    one.complete(back(&sold, 1, 0, 2));
    two.complete(back(&sold, 1, 0, 2));
    shop.push(&one, 1, 3).await.expect("filed");
    shop.push(&two, 1, 1).await.expect("filed");
    let (_, entries) = shop.commission(Some("mei")).await;
    assert_eq!(entries.iter().map(|row| row.amount).sum::<i64>(), 0);
    let Ok(Outcome::Rebuilt(rebuilt)) = shop.ask(Command::Rebuild).await else { panic!("not rebuilt") };
    assert_eq!(rebuilt.differing, []);
}

#[tokio::test]
async fn without_a_rule_nothing_is_earned_and_what_was_sold_is_told() {
    let shop = Shop::open().await;
    let mut one = shop.enrol(1).await;
    one.complete(sold());
    one.sell(350);
    shop.push(&one, 1, 2).await.expect("filed");
    assert_eq!(shop.earned().await, [("mei".into(), 1, 1_996, 0), ("tao".into(), 1, 1_200, 0)]);
    // What is filed stays reckoned as it was: a rule begins after it.
    let refused = shop.import_text(RULES).await.expect_err("refused");
    assert!(refused.contains("sales of days up to 2026-03-01 are reckoned already"), "{refused}");
    shop.import_text(&RULES.replace("2026-03-01", "2026-03-02")).await.expect("ahead");
    assert_eq!(shop.earned().await[0].3, 0);
}

#[tokio::test]
async fn a_rule_that_cannot_work_is_refused_with_its_place() {
    let shop = Shop::open().await;
    for (from, to, words) in [
        (r#""rate_bp": 300"#, r#""rate_bp": 5001"#, "commission_rules[0]: use commission rule drinks"),
        (r#""fixed": 50"#, r#""fixed": 50, "rate_bp": 1"#, "commission_rules[1]: commission rule tea"),
        (r#""id": "tea""#, r#""id": "drinks""#, "there twice"),
        ("2026-12-31", "2026-02-28", "before it begins"),
        (r#""rate_bp": 300"#, r#""rate": 300"#, "correct the place"),
    ] {
        let refused = shop.import_text(&RULES.replace(from, to)).await.expect_err("refused");
        assert!(refused.contains(words), "{refused}");
    }
    assert_eq!(shop.earned().await, []);
}
