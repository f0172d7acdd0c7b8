//! Sales by cursor, the daily journal, and stock.

use protocol::event::{self, Fact, Movement, StockLine, StockMove, TaxSummary, Tender};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::desk::Desk;
use super::lane::{Lane, PUBLIC_KEY, cash};
use super::open;
use hq::command::{Command, Outcome};

pub async fn enrol(desk: &Desk, lane: u32) -> Lane {
    let made = desk.command(Command::Enrol { store: "S1".into(), lane }).await;
    let Ok(Outcome::Code { code }) = made else { panic!("no code: {made:?}") };
    let url = format!("{}/v1/enrol", desk.running.url());
    let answer = desk.client.post(url).json(&json!({ "code": code, "public_key": PUBLIC_KEY }));
    let answer = answer.send().await.expect("an answer");
    Lane::new(answer.json().await.expect("an enrolment"))
}

pub async fn push(desk: &Desk, lane: &Lane, from: usize) {
    let url = format!("{}/v1/lanes/S1/{}/events", desk.running.url(), lane.identity.lane);
    let body = lane.batch(from, lane.events.len());
    let answer = desk.client.post(url).bearer_auth(&lane.identity.key).body(body).send().await;
    let answer = answer.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.expect("a text"));
}

/// A supplier brings goods: item and thousandths.
pub async fn receive(desk: &Desk, lane: &mut Lane, goods: &[(&str, i64)]) {
    let lines = goods.iter().map(|(sku, quantity)| StockLine { sku: (*sku).to_owned(), quantity: *quantity });
    let movement = Movement {
        kind: StockMove::Receive,
        document: format!("R{}", lane.events.len()),
        other: "supplier".into(),
        lines: lines.collect(),
        reason: String::new(),
    };
    let from = lane.events.len() + 1;
    lane.write(event::encode(&lane.event(Fact::StockMoved { staff: "u1".into(), movement })));
    push(desk, lane, from).await;
}

#[tokio::test]
async fn every_sale_is_exported_once_whatever_comes_meanwhile() {
    let desk = open().await;
    let key = desk.key("sales:read").await;
    let mut lanes = [enrol(&desk, 1).await, enrol(&desk, 2).await];
    let (mut after, mut documents, mut sum) = (String::new(), Vec::new(), 0);
    for round in 0..6usize {
        for (index, lane) in lanes.iter_mut().enumerate() {
            let from = lane.events.len() + 1;
            for number in 0..(round + index * 2) {
                lane.sell(100 + number as i64);
                lane.write(event::encode(&lane.event(Fact::SignedOut { staff: "u1".into() })));
            }
            if lane.events.len() >= from {
                push(&desk, lane, from).await;
            }
            // A page that is smaller than what came.
            let page = desk.get(&key, &format!("/v1/stores/S1/sales?limit=3&after={after}")).await.ok();
            for sale in page["items"].as_array().expect("sales") {
                documents.push(sale["document"].as_str().expect("a document").to_owned());
                sum += sale["lines"][0]["net"].as_i64().expect("a net");
                assert_eq!(sale["tenders"][0]["amount"], sale["payable"]);
            }
            page["next"].as_str().expect("a cursor").clone_into(&mut after);
        }
    }
    loop {
        let page = desk.get(&key, &format!("/v1/stores/S1/sales?limit=5&after={after}")).await.ok();
        for sale in page["items"].as_array().expect("sales") {
            documents.push(sale["document"].as_str().expect("a document").to_owned());
            sum += sale["lines"][0]["net"].as_i64().expect("a net");
        }
        page["next"].as_str().expect("a cursor").clone_into(&mut after);
        if page["more"] == false {
            break;
        }
    }
    let sums = desk.get(&key, "/v1/sales?store=S1").await.ok();
    let filed: i64 =
        sums["rows"].as_array().expect("rows").iter().filter_map(|row| row["total"].as_i64()).sum();
    assert_eq!(sum, filed);
    assert_eq!(documents.len(), (0..6).map(|round| round * 2 + 2).sum::<usize>());
    documents.sort();
    documents.dedup();
    assert_eq!(documents.len(), 42, "none twice");
    let nothing = desk.get(&key, &format!("/v1/stores/S1/sales?after={after}")).await.ok();
    assert_eq!((nothing["items"].as_array().map(Vec::len), &nothing["more"]), (Some(0), &json!(false)));
    assert_eq!(desk.get(&key, "/v1/stores/S1/sales?after=1.2").await.problem().1, "form");
    assert_eq!(desk.get(&key, "/v1/stores/S9/sales").await.problem().1, "unknown");
}

/// The postings of a day: account, tender or rate, debit, credit.
fn postings(journal: &Value) -> Vec<(String, String, i64, i64)> {
    let rows = journal["postings"].as_array().expect("postings");
    rows.iter()
        .map(|row| {
            let of = row["tender"].as_str().map_or_else(|| row["tax_rate"].to_string(), str::to_owned);
            let amount = |side: &str| row[side].as_i64().expect("an amount");
            (row["account"].as_str().expect("an account").to_owned(), of, amount("debit"), amount("credit"))
        })
        .collect()
}

#[tokio::test]
async fn the_daily_journal_balances_to_the_fen() {
    let desk = open().await;
    let key = desk.key("sales:read").await;
    let mut lane = enrol(&desk, 1).await;
    // Paid in cash with change and rounding, by two means, and a refund.
    let change = |lane: &mut Lane, alter: &dyn Fn(&mut event::Sale)| {
        lane.sell(1_000);
        let (_, bytes) = lane.events.pop().expect("a sale");
        let mut event = event::decode(&bytes).expect("an event");
        let Fact::SaleCompleted { sale } = &mut event.fact else { panic!("a sale") };
        alter(sale);
        lane.write(event::encode(&event));
    };
    let tax = |rate, net, tax| TaxSummary { rate, net, tax };
    let by = |kind: &str, amount| Tender { kind: kind.into(), payment: Some(1), ..cash(amount) };
    change(&mut lane, &|sale| {
        (sale.rounding, sale.payable, sale.change) = (-3, 997, 1_003);
        sale.tenders = vec![cash(2_000)];
        sale.taxes = vec![tax(1_300, 700, 81), tax(900, 300, 25)];
    });
    change(&mut lane, &|sale| {
        sale.tenders = vec![by("wechat", 400), cash(600)];
        sale.taxes = vec![tax(1_300, 1_000, 115)];
    });
    // Prices without tax: it comes on top.
    change(&mut lane, &|sale| {
        (sale.tax_added, sale.total, sale.payable) = (130, 1_130, 1_130);
        sale.tenders = vec![by("card", 1_130)];
        sale.taxes = vec![tax(1_300, 1_000, 130)];
    });
    lane.refund(200, 200);
    push(&desk, &lane, 1).await;
    let day = desk.get(&key, "/v1/stores/S1/journal/2026-03-01").await.ok();
    let journal = &day["journals"][0];
    let row = |account: &str, of: &str, debit, credit| (account.to_owned(), of.to_owned(), debit, credit);
    assert_eq!(
        postings(journal),
        [
            row("tender", "card", 1_130, 0),
            row("tender", "cash", 1_397, 0),
            row("tender", "wechat", 400, 0),
            row("revenue", "1300", 0, 619 + 885 + 1_000 - 190),
            row("tax", "1300", 0, 81 + 115 + 130 - 10),
            row("revenue", "900", 0, 275),
            row("tax", "900", 0, 25),
            row("rounding", "null", 3, 0),
        ]
    );
    assert_eq!((&journal["debit"], &journal["credit"]), (&json!(2_930), &json!(2_930)));
    assert_eq!(journal["documents"], 4);
    // A lane whose taxes do not come to its total shows, and balances.
    change(&mut lane, &|sale| sale.taxes = vec![tax(1_300, 900, 100)]);
    push(&desk, &lane, 5).await;
    let day = desk.get(&key, "/v1/stores/S1/journal/2026-03-01").await.ok();
    let journal = &day["journals"][0];
    assert_eq!(postings(journal).last(), Some(&row("unexplained", "null", 0, 100)));
    assert_eq!(journal["debit"], journal["credit"]);
    let empty = desk.get(&key, "/v1/stores/S1/journal/2026-03-02").await.ok();
    assert_eq!(empty["journals"], json!([]));
    assert_eq!(desk.get(&key, "/v1/stores/S1/journal/yesterday").await.problem().1, "form");
}

/// All rows of a list, so many at a time, by its cursor.
async fn in_pages(desk: &Desk, key: &str, path: &str, limit: usize) -> Vec<Value> {
    let (mut rows, mut after) = (Vec::new(), String::new());
    loop {
        let page = desk.get(key, &format!("{path}?limit={limit}{after}")).await.ok();
        let items = page["items"].as_array().expect("rows");
        assert!(items.len() <= limit && !items.is_empty());
        rows.extend(items.iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return rows,
        }
    }
}

#[tokio::test]
async fn alarms_and_exceptions_are_told_in_pages() {
    let desk = open().await;
    let key = desk.key("lanes:write,sales:read").await;
    let mut lane = enrol(&desk, 1).await;
    let mut forks = [lane.clone(), lane.clone()];
    lane.sell(100);
    push(&desk, &lane, 1).await;
    for (fork, net) in forks.iter_mut().zip([200, 300]) {
        fork.sell(net);
        let url = format!("{}/v1/lanes/S1/1/events", desk.running.url());
        let answer =
            desk.client.post(url).bearer_auth(&lane.identity.key).body(fork.batch(1, 1)).send().await;
        assert_eq!(answer.expect("an answer").status(), StatusCode::CONFLICT);
    }
    for number in 0..4 {
        lane.write(format!("no event {number}").into_bytes());
    }
    for gap in 1..=5 {
        lane.sell(100);
        let (_, bytes) = lane.events.pop().expect("a sale");
        let Fact::SaleCompleted { mut sale } = event::decode(&bytes).expect("an event").fact else {
            panic!("a sale")
        };
        sale.price_gap = gap;
        lane.complete(sale);
    }
    push(&desk, &lane, 2).await;
    for (path, count) in [("/v1/alarms", 6), ("/v1/exceptions", 5)] {
        let whole = in_pages(&desk, &key, path, 1_000).await;
        assert_eq!(whole.len(), count, "{whole:?}");
        for limit in 1..=count {
            assert_eq!(in_pages(&desk, &key, path, limit).await, whole, "{path} by {limit}");
        }
        for no_place in ["x", "7b", "7b7d", "22c3", "225c753030303022"] {
            let asked = desk.get(&key, &format!("{path}?after={no_place}")).await;
            assert_eq!(asked.problem().1, "form", "{path} {no_place}");
        }
        assert_eq!(desk.get(&key, &format!("{path}?limit=0")).await.problem().1, "form");
    }
}

#[tokio::test]
async fn stock_is_told_by_store_and_by_item() {
    let desk = open().await;
    let key = desk.key("stock:read").await;
    let mut lane = enrol(&desk, 1).await;
    for sku in ["1", "2", "1"] {
        lane.sell_named(sku, 100);
    }
    push(&desk, &lane, 1).await;
    let first = desk.get(&key, "/v1/stores/S1/stock?limit=1").await.ok();
    assert_eq!((&first["items"][0]["sku"], &first["items"][0]["on_hand"]), (&json!("1"), &json!(-2_000)));
    let second = desk.get(&key, "/v1/stores/S1/stock?limit=1&after=1").await.ok();
    assert_eq!((&second["items"][0]["sku"], &second["next"]), (&json!("2"), &Value::Null));
    // Of the third there is enough; only the others are listed.
    receive(&desk, &mut lane, &[("3", 4_000), ("2", 1_000)]).await;
    let all = desk.get(&key, "/v1/stores/S1/stock?negative=false").await.ok();
    assert_eq!(all["items"].as_array().map(Vec::len), Some(3));
    let negative = desk.get(&key, "/v1/stores/S1/stock?negative=true").await.ok();
    assert_eq!(
        (negative["items"].as_array().map(Vec::len), &negative["items"][0]["sku"]),
        (Some(1), &json!("1"))
    );
    assert_eq!(desk.get(&key, "/v1/stores/S1/stock?negative=perhaps").await.problem().1, "form");
    let stock = |store: &str, negative| desk.command(Command::Stock { store: store.into(), negative });
    let skus = |outcome: Result<Outcome, String>| match outcome {
        Ok(Outcome::Stock { stock }) => {
            stock.into_iter().map(|row| (row.sku, row.quantity)).collect::<Vec<_>>()
        }
        other => panic!("stock, not {other:?}"),
    };
    assert_eq!(skus(stock("S1", true).await), [("1".to_owned(), -2_000)]);
    assert_eq!(skus(stock("S1", false).await).len(), 3);
    assert!(stock("S9", true).await.expect_err("no store").contains("there is no store \"S9\""));
    let everywhere = desk.get(&key, "/v1/goods/1/stock").await.ok();
    assert_eq!(everywhere["items"][0]["store"], "S1");
    let exported = desk.get(&key, "/v1/export/stock.csv?store=S1").await;
    let header = "store,sku,on_hand,reserved,in_transit,available";
    let rows = "S1,1,-2000,0,0,-2000\nS1,2,0,0,0,0\nS1,3,4000,0,0,4000\n";
    assert_eq!(exported.text, format!("{header}\n{rows}"));
    assert_eq!(desk.get(&key, "/v1/export/stock.csv?store=S9").await.problem().0, 404);
    assert_eq!(desk.get(&key, "/v1/export/stock.csv").await.problem().0, 400);
}
