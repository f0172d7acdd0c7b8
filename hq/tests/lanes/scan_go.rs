//! What a store's lanes are told of keys of scan-and-go, and codes that two of them took.

use protocol::event::{CodeRefused, Drawn, ExitRight, Phone, PhoneCode, PhoneTaken};
use protocol::head::PublicKey;
use protocol::pull::{CodeKey, CodeSigner};

use super::*;

/// The keys that a lane is told of from the beginning, by what they are known by.
async fn keys(shop: &Shop, lane: &Lane) -> Vec<CodeKey> {
    let (_, changes) = shop.page(lane, 0, 1_000).await;
    let told = |change: Change| match change.entity {
        Entity::CodeKey(key) => key.inspect(|key| assert_eq!(change.key, key.key())),
        _ => None,
    };
    let mut keys: Vec<CodeKey> = changes.into_iter().filter_map(told).collect();
    keys.sort_by_key(|key| (key.key(), key.from_ms));
    keys
}

fn public(lane: &Lane) -> String {
    lane.key.as_ref().expect("it signs").public().to_string()
}

#[tokio::test]
async fn a_stores_lanes_are_told_the_keys_that_sign_codes() {
    let shop = Shop::open().await;
    let reader = shop.enrol(9).await;
    assert_eq!(keys(&shop, &reader).await, []);
    let first = shop.enrol_signing(1).await;
    let told = keys(&shop, &reader).await;
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].signs, &told[0].public_key),
        (CodeSigner::Exits { lane: 1, epoch: 1 }, &public(&first))
    );
    assert_eq!(told[0].until_ms, None);

    // One that is enrolled anew has another; what the one before signed is taken for a while.
    let again = shop.enrol_signing(1).await;
    let told = keys(&shop, &reader).await;
    let ends: Vec<_> = told.iter().map(|key| (key.public_key.clone(), key.until_ms.is_some())).collect();
    assert_eq!(ends, [(public(&first), true), (public(&again), false)]);

    // One that was stolen lets nobody leave from now on.
    let revoked = shop.ask(Command::Revoke { store: "S1".into(), lane: 1 }).await;
    assert_eq!(revoked, Ok(Outcome::Removed));
    let now_ms = chrono::Utc::now().timestamp_millis();
    assert!(keys(&shop, &reader).await.iter().all(|key| key.at(now_ms) == Ok(None)));
}

#[tokio::test]
async fn a_new_key_of_hq_takes_the_place_of_the_one_before_within_the_hour() {
    let shop = Shop::open().await;
    let reader = shop.enrol(9).await;
    let mut public = Vec::new();
    for _ in 0..2 {
        match shop.ask(Command::ScanGoKey).await {
            Ok(Outcome::ScanGoKeys { public: told }) => public = told,
            other => panic!("no keys: {other:?}"),
        }
    }
    let told = keys(&shop, &reader).await;
    assert!(told.iter().all(|key| key.signs == CodeSigner::Baskets));
    let of = |text: &str| told.iter().find(|key| key.public_key == text).expect("told");
    assert_eq!((told.len(), of(&public[0]).until_ms), (2, None));
    let (newest, before) = (of(&public[0]).from_ms, of(&public[1]).until_ms.expect("an end"));
    assert!((newest + hq::scan_go::BASKET_LASTS_MS..newest + 3_600_000).contains(&before));
    assert!(PublicKey::parse(&public[0]).is_ok());
}

fn basket(id: &str) -> Fact {
    let basket =
        PhoneTaken { id: id.into(), until_ms: 9, shown: 250, charged: 250, lines: Vec::new(), seen: false };
    Fact::Phone(Phone::BasketTaken { basket })
}

fn exit(id: &str) -> Fact {
    let exit = ExitRight {
        id: id.into(),
        made_ms: 1,
        until_ms: 9,
        lane: 1,
        epoch: 1,
        seq: 1,
        pieces: 2,
        total: 250,
    };
    let drawn = Some(Drawn { random: 7, chance: 200, due: true });
    Fact::Phone(Phone::ExitChecked { exit, staff: "u1".into(), drawn })
}

#[tokio::test]
async fn a_phones_code_that_two_lanes_took_is_an_exception() {
    let shop = Shop::open().await;
    let (mut one, mut two) = (shop.enrol(1).await, shop.enrol(2).await);
    let (twice, once, leaves) = ("07".repeat(12), "08".repeat(12), "09".repeat(12));
    let refused = Fact::Phone(Phone::Refused {
        code: PhoneCode::Exit,
        why: CodeRefused::UsedBefore,
        lane: None,
        used_ms: None,
        held: false,
    });
    let days = [
        (&mut one, vec![basket(&twice), basket(&once), exit(&leaves)]),
        (&mut two, vec![basket(&twice), refused, exit(&leaves), basket("not a number")]),
    ];
    for (lane, facts) in days {
        for fact in facts {
            let event = lane.event(fact);
            lane.write(event::encode(&event));
        }
        let last = lane.events.len();
        for _ in 0..2 {
            shop.push(lane, 1, last).await.expect("filed");
        }
    }
    let Ok(Outcome::Exceptions { exceptions }) = shop.ask(Command::Exceptions).await else {
        panic!("no exceptions")
    };
    let mut listed: Vec<_> =
        exceptions.iter().map(|one| (one.source.as_str(), one.part.as_str(), one.what.as_str())).collect();
    listed.sort_unstable();
    assert_eq!(
        listed,
        [
            ("S1/2/1/1", twice.as_str(), r#"{"phone_code":"basket","used_before":["S1/1/1/1"]}"#),
            ("S1/2/1/3", leaves.as_str(), r#"{"phone_code":"exit","used_before":["S1/1/1/3"]}"#),
        ]
    );
    let (_, reasons) = shop.alarms().await;
    assert!(matches!(&reasons[..], [reason] if reason.contains("no code of a phone")), "{reasons:?}");
    // Made again from the events, the books are the same.
    let Ok(Outcome::RebuiltBooks(rebuilt)) = shop.ask(Command::RebuildBooks).await else {
        panic!("not rebuilt")
    };
    assert_eq!((rebuilt.missing, rebuilt.differing), (0, 0), "{rebuilt:?}");
}
