//! Points that HQ lends to a store: over real sockets, with HQ there, away, and back again.

use protocol::event::{Buyer, PointsGrant, PointsMoved};

use super::*;

const MEMBERS: &str =
    r#"{"members": [{"id": "m1", "name": "赵一鸣", "phone_last4": "0001", "points": 500}]}"#;

fn lend(points: i64) -> Question {
    Question::LendPoints { member: "m1".into(), points }
}

/// What a question was answered with, if it was.
fn granted(answer: Answer) -> Option<PointsGrant> {
    match answer {
        Answer::PointsLent { grant } => Some(grant),
        _ => None,
    }
}

/// The member buys today, and spends so many points of a lease.
fn buys(lane: &mut Lane, spent: i64, lease: &str) {
    let points = PointsMoved {
        earned: 0,
        money_per_point: 100,
        multiplier: 10_000,
        spent,
        value: spent,
        lease: lease.to_owned(),
    };
    let mut sale = lane::sale(vec![lane::line("1", 1_000)]);
    sale.buyer =
        Some(Buyer { member: "m1".into(), shown: String::new(), tier: String::new(), points: Some(points) });
    write(lane, Fact::SaleCompleted { sale });
}

fn write(lane: &mut Lane, fact: Fact) {
    let now = chrono::Utc::now();
    let mut event = lane.event(fact);
    (event.at_ms, event.business_date) = (now.timestamp_millis(), now.date_naive());
    lane.write(event::encode(&event));
}

impl Chain {
    /// Free, lent to lanes and stores, and how many leases stores have.
    async fn points(&self) -> (i64, i64, usize) {
        let asked = Command::Points { member: "m1".into(), adjust: None, reason: String::new() };
        match self.command(asked).await {
            Outcome::Points { available, lent, leases, .. } => {
                (available, lent, leases.iter().filter(|lease| lease.lane == 0).count())
            }
            other => panic!("points, not {other:?}"),
        }
    }

    async fn has_to_lend(&self, points: i64) {
        for _ in 0..500 {
            if self.health().await.standing_points == points {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the store has {} points to lend, not {points}", self.health().await.standing_points);
    }
}

#[tokio::test]
async fn a_stores_lanes_spend_a_members_points_while_hq_is_away_and_it_all_adds_up() {
    let mut chain = Chain::open().await;
    let path = chain.folder.path().join("members");
    std::fs::create_dir_all(&path).expect("a folder");
    std::fs::write(path.join("shop.json"), MEMBERS).expect("a file");
    chain.command(Command::Import { path, replace: false, dry_run: false }).await;
    let often = Command::Standing { percent: None, points_max: None, hours: None, every_seconds: Some(1) };
    let Outcome::Standing { percent: 30, every_ms: 1_000, .. } = chain.command(often).await else {
        panic!("what is set")
    };
    chain = chain.enrol_relay().await;
    let (mut one, mut two) = (chain.enrol(1).await, chain.enrol(2).await);
    buys(&mut one, 0, "");
    chain.send(&one, "", 1).await.expect("filed");
    chain.has_to_lend(150).await;
    assert_eq!((chain.points().await, chain.health().await.standing_leases), ((350, 150, 1), 1));
    // Nobody but the relay of the store asks for it.
    let hq = chain.hq.as_ref().expect("it is there").url();
    let body = serde_json::json!({ "v": 1, "instance": "a", "after": "" });
    for key in [one.identity.key.clone(), "0".repeat(64)] {
        let asked =
            chain.client.post(format!("{hq}/v1/relays/S1/standing")).bearer_auth(key).json(&body).send();
        assert_eq!(asked.await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
    }

    chain.hq_goes().await;
    chain.send(&one, "/copy", 1).await.expect("copied");
    let first = granted(chain.ask(&one, lend(100)).await).expect("a part");
    assert_eq!(first.points, 100);
    let second = granted(chain.ask(&two, lend(500)).await).expect("the rest");
    assert_eq!(second.points, 50);
    assert_eq!(granted(chain.ask(&two, Question::LendPoints { member: "m2".into(), points: 1 }).await), None);
    buys(&mut one, 80, &first.lease);
    write(&mut one, Fact::LeaseReturned { grant: first });
    chain.send(&one, "/copy", 2).await.expect("copied");
    let more = granted(chain.ask(&two, lend(500)).await).expect("what came back");
    assert_eq!((more.points, &more.lease), (70, &second.lease));
    buys(&mut two, 70, &more.lease);
    write(&mut two, Fact::LeaseReturned { grant: more });
    chain.send(&two, "/copy", 1).await.expect("copied");
    assert_eq!(granted(chain.ask(&one, lend(1)).await), None, "all of it is spent");

    chain.hq_comes().await;
    chain.send(&two, "", 1).await.expect("filed");
    chain.send(&one, "", 2).await.expect("filed");
    // A share of what is left, once the relay has asked again.
    chain.has_to_lend(105).await;
    assert_eq!(chain.points().await, (245, 105, 1));
    // At a counter of the store, with HQ there, all can be spent. No round comes between.
    let seldom = Command::Standing { percent: None, points_max: None, hours: None, every_seconds: Some(600) };
    chain.command(seldom).await;
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    let all = granted(chain.ask(&two, lend(500)).await).expect("everything");
    assert_eq!((all.points, chain.points().await), (350, (0, 350, 0)));
    assert_eq!(chain.health().await.standing_leases, 0);
    let Outcome::Exceptions { exceptions } = chain.command(Command::Exceptions).await else {
        panic!("no exceptions")
    };
    assert!(exceptions.is_empty(), "{exceptions:?}");
    write(&mut two, Fact::LeaseReturned { grant: all });
    chain.send(&two, "", 3).await.expect("filed");
    assert_eq!(chain.points().await, (350, 0, 0));
    chain.relay.stop().await.expect("stopped");
}
