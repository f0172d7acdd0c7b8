//! One suite for every engine of the store: what callers may count on,
//! whichever database answers.

#[path = "lane/mod.rs"]
mod lane;
#[path = "postgres/mod.rs"]
mod postgres;

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use hq::access::keys::{self, Wanted};
use hq::access::{self, Scopes};
use hq::books::LaneId;
use hq::books::keeper::HQ_LANE;
use hq::enrolment::{self, ExchangeError};
use hq::feed::snapshot::Snapshots;
use hq::intake::{self, IntakeError};
use hq::projection;
use hq::secret::SecretHash;
use hq::store::{
    Address, AlarmKind, BookKind, CodeRow, EventRow, Exception, ExceptionPlace, HoldRow, JournalKey, Kind,
    LaneRow, NewEvent, PersonRow, PhoneBasketRow, Put, Replay, SalesRange, ScanGoKeyRow, Store, StoreError,
};
use lane::Lane;
use protocol::chain::ChainHash;
use protocol::enrol::Enrolment;
use protocol::event::{Fact, LabelItem};
use protocol::pull::{Audience, PriceRow, PriceScope, ShelfCap};
use protocol::push::{BatchContext, PushAnswer, PushRefusal, put_context};

macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                let folder = tempfile::tempdir().expect("a folder");
                let store = hq::store::Store::open(&folder.path().join("hq.db")).expect("a database");
                super::$name(&store);
            })*
        }
        mod postgresql {
            $(#[test]
            fn $name() {
                if let Some(store) = super::on_postgres() {
                    super::$name(&store);
                }
            })*
        }
    };
}

on_both!(
    an_event_passes_the_gate_once,
    what_ends_badly_leaves_no_trace,
    versions_come_in_the_order_of_commits,
    a_store_is_told_its_own_and_the_chains,
    what_is_the_same_makes_no_version,
    deletions_are_forgotten_by_day,
    what_is_put_back_while_its_deletion_is_forgotten_stays,
    a_snapshot_is_of_one_place,
    a_phones_baskets_are_counted_and_forgotten,
    keys_that_nobody_told_are_told_once,
    the_newest_key_of_scan_and_go_comes_first,
    what_a_relay_is_told_has_hqs_versions,
    a_stores_relay_is_none_of_its_lanes,
    what_labels_may_show_lies_by_store_and_item,
    prices_lie_by_item_and_place,
    names_are_only_names,
    a_code_is_taken_once_and_one_lane_has_one,
    people_have_names_of_their_own,
    a_key_is_good_until_its_end_and_knows_its_scopes,
    what_is_over_is_found_by_store,
    an_answer_is_kept_under_its_callers_key,
    two_products_with_one_code_are_found,
    what_an_import_does_not_name_goes,
    a_picture_lies_there_for_as_long_as_goods_have_it,
    lanes_file_at_one_time_and_everything_adds_up,
    one_batch_from_many_hands_is_filed_once,
    what_follows_from_events_can_be_made_again,
    a_book_that_was_changed_by_hand_is_found_and_set_right,
    an_event_that_the_tables_refuse_holds_up_nothing,
    a_lane_may_be_asked_for_anything_about_its_epochs,
    a_batch_may_be_compressed_with_what_is_filed,
    alarms_and_branches_are_kept_once,
    what_people_look_at_is_told_once_in_pages_of_any_size,
);

fn on_postgres() -> Option<Store> {
    let address = Address { url: postgres::shared()?.database(), authority: None };
    Some(Store::connect(&address).expect("a database"))
}

const KEY: JournalKey<'static> = JournalKey { store: "S1", lane: 1, epoch: 1 };

fn write<T>(store: &Store, change: impl FnMut(&hq::store::Writing<'_>) -> Result<T, StoreError>) -> T {
    store.write(change).expect("a write")
}

fn read<T>(store: &Store, ask: impl FnOnce(&hq::store::Reading<'_>) -> Result<T, StoreError>) -> T {
    store.read(ask).expect("a read")
}

/// A lane of the first store that HQ knows, and its journal.
fn enrolled(store: &Store, lane: u32) -> (LaneRow, Lane) {
    let row = LaneRow {
        store: "S1".into(),
        lane,
        key_hash: SecretHash::of(&format!("key of lane {lane}")),
        epoch: 1,
        enrolled_at_ms: 0,
    };
    write(store, |writing| writing.put_lane(&row));
    (row, Lane::new(Enrolment { store: "S1".into(), lane, epoch: 1, key: String::new() }))
}

fn file(store: &Store, row: &LaneRow, lane: &Lane, from: usize, to: usize) -> PushAnswer {
    intake::file(store, row, &lane.batch(from, to), 7).expect("a batch is filed")
}

/// Sales and what was paid for them, over all days.
fn sums(store: &Store) -> (u64, i64) {
    let rows = read(store, |reading| reading.sales_of_days(&SalesRange::default()));
    rows.iter().fold((0, 0), |(sales, payable), row| (sales + row.sales, payable + row.payable))
}

fn a_picture_lies_there_for_as_long_as_goods_have_it(store: &Store) {
    let (red, blue) = (vec![0u8, 255, 7], vec![9u8; 40_000]);
    let put = |sku: &str, file: &[u8]| write(store, |writing| writing.put_picture(sku, file));
    let lies = |file: &[u8]| {
        let name = protocol::pull::picture_name(file);
        read(store, |reading| reading.picture_file(&name)).is_some_and(|found| found == file)
    };
    let version = || read(store, |reading| reading.reference_version());
    assert!(matches!(put("1", &red), Put::Changed(_)) && matches!(put("2", &red), Put::Changed(_)));
    let before = version();
    assert_eq!((put("1", &red), version()), (Put::Same, before), "what is the same makes no version");
    let told = read(store, |reading| reading.picture_of("1")).expect("a picture");
    assert_eq!((told.sku.as_str(), told.bytes, told.is_sound()), ("1", 3, true));
    assert_eq!(put("1", &blue), Put::Changed(before + 1));
    assert!(lies(&red) && lies(&blue), "the other goods have it");
    write(store, |writing| writing.put_entity(Kind::Product, "2", "{}"));
    write(store, |writing| writing.delete_entity(Kind::Product, "2"));
    assert!(!lies(&red), "nobody has it any more");
    assert_eq!(read(store, |reading| reading.picture_of("2")), None);
    assert!(matches!(write(store, |writing| writing.delete_picture("1")), Put::Changed(_)));
    assert_eq!(write(store, |writing| writing.delete_picture("1")), Put::Same);
    assert_eq!((lies(&blue), read(store, |reading| reading.picture_files())), (false, 0));
    // Lanes hear that it is gone.
    let mut gone = Vec::new();
    read(store, |reading| {
        reading.changes_after(&[String::new()], before, true, 100, |change| {
            gone.push((change.kind, change.key, change.body.is_none()));
            true
        })
    });
    assert!(gone.contains(&("picture".into(), "1".into(), true)), "{gone:?}");
    write(store, |writing| {
        writing.set_product_codes("7", ["06901028075763", "plu:10001"])?;
        assert_eq!(writing.sku_of_code("06901028075763")?.as_deref(), Some("7"));
        assert_eq!(writing.sku_of_code("06901028075770")?, None);
        Ok(())
    });
}

fn deletions_are_forgotten_by_day(store: &Store) {
    const NOBODY: Option<String> = None;
    let delete = |key: &str| {
        write(store, |writing| {
            writing.put_entity(Kind::Category, key, "{}")?;
            writing.delete_entity(Kind::Category, key)
        })
    };
    let rows = || {
        let mut found = Vec::new();
        read(store, |reading| {
            reading.changes_after(&[String::new()], 0, true, 100, |change| {
                found.push((change.key, change.body));
                true
            })
        });
        found
    };
    write(store, |writing| writing.note_reference_day(10));
    delete("a");
    write(store, |writing| writing.note_reference_day(11));
    delete("b");
    // What was noted of a day first stands.
    write(store, |writing| writing.note_reference_day(11));
    assert_eq!(write(store, |writing| writing.forget_deletions_before(9)), 0);
    assert_eq!(write(store, |writing| writing.forget_deletions_before(10)), 0);
    assert_eq!(write(store, |writing| writing.drop_deleted(9)), 0);
    // Of a day on which nobody looked, the one before is known.
    assert_eq!(write(store, |writing| writing.forget_deletions_before(12)), 2);
    assert_eq!(write(store, |writing| writing.drop_deleted(9)), 1);
    assert_eq!(rows(), [("b".to_owned(), NOBODY)]);
    assert_eq!(write(store, |writing| writing.forget_deletions_before(12)), 2, "it never goes back");
    delete("c");
    write(store, |writing| writing.note_reference_day(13));
    assert_eq!(write(store, |writing| writing.forget_deletions_before(14)), 6);
    assert_eq!(write(store, |writing| writing.drop_deleted(1)), 1, "some at a time");
    assert_eq!(write(store, |writing| writing.drop_deleted(9)), 1);
    assert_eq!(rows(), []);
    // Something of the same name is new again.
    assert_eq!(write(store, |writing| writing.put_entity(Kind::Category, "a", "{}")), Put::Changed(7));
}

fn what_is_put_back_while_its_deletion_is_forgotten_stays(store: &Store) {
    write(store, |writing| {
        writing.put_entity(Kind::Category, "a", "{}")?;
        writing.delete_entity(Kind::Category, "a")?;
        writing.note_reference_day(10)?;
        writing.forget_deletions_before(10)
    });
    let (put, is_put) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            write(store, |writing| {
                writing.put_entity(Kind::Category, "a", "{\"id\":\"a\"}")?;
                put.send(()).expect("somebody waits");
                // So that who forgets finds it in the midst of this.
                std::thread::sleep(std::time::Duration::from_millis(500));
                Ok(())
            });
        });
        is_put.recv().expect("it is put");
        write(store, |writing| writing.drop_deleted(9));
    });
    let mut found = Vec::new();
    read(store, |reading| {
        reading.changes_after(&[String::new()], 0, true, 100, |change| {
            found.push(change.body);
            true
        })
    });
    assert_eq!(found, [Some("{\"id\":\"a\"}".to_owned())]);
}

fn a_snapshot_is_of_one_place(store: &Store) {
    write(store, |writing| {
        for number in 0..30 {
            writing.put_entity(Kind::Category, &format!("{number}"), "{}")?;
        }
        writing.put_of_store(Kind::Coupon, "S1", "c", "{}")
    });
    let more = |scopes: &[&str], after, count| {
        let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        read(store, |reading| reading.has_more_changes(&scopes, after, count))
    };
    assert!(more(&[""], 0, 29) && !more(&[""], 0, 30));
    assert!(more(&["", "S1"], 0, 30) && !more(&["", "S1"], 0, 31));
    assert!(more(&[""], 10, 19) && !more(&[""], 10, 20) && !more(&["S2"], 0, 0));
    let folder = tempfile::tempdir().expect("a folder");
    let snapshots = Snapshots::open(folder.path()).expect("a folder");
    let offer = snapshots.offer(store, "S1").expect("an offer");
    let said: Vec<(&str, u64)> = offer.parts.iter().map(|part| (&*part.place, part.changes)).collect();
    assert_eq!(said, [("", 30), ("S1", 1)]);
}

fn an_event_passes_the_gate_once(store: &Store) {
    let genesis = ChainHash::genesis("S1", 1, 1);
    let bodies: Vec<Vec<u8>> = (0..5u8).map(|number| vec![b'{', number, b'}']).collect();
    let hashes: Vec<ChainHash> = bodies.iter().map(|bytes| genesis.extend(bytes)).collect();
    let events: Vec<NewEvent<'_>> = (1..)
        .zip(hashes.iter().zip(&bodies))
        .map(|(seq, (hash, bytes))| NewEvent { seq, hash, bytes })
        .collect();
    let first = write(store, |writing| writing.add_events(KEY, &events[..3], 5));
    assert_eq!(first, [0, 1, 2]);
    let second = write(store, |writing| writing.add_events(KEY, &events, 6));
    assert_eq!(second, [3, 4], "places of what is new, and of nothing else");
    let none = write(store, |writing| writing.add_events(KEY, &events, 6));
    assert_eq!(none, [0usize; 0]);
    assert_eq!(write(store, |writing| writing.add_events(KEY, &[], 6)), [0usize; 0]);
    let read_back = read(store, |reading| reading.events_after(KEY, 1, 3));
    let expected: Vec<(u64, Vec<u8>)> = (2..5).zip(bodies[1..4].iter().cloned()).collect();
    assert_eq!(read_back, expected);
    assert_eq!(read(store, |reading| reading.event_hash(KEY, 4)), Some(hashes[3]));
    assert_eq!(read(store, |reading| reading.event_hash(KEY, 9)), None);
    let other = JournalKey { store: "S2", ..KEY };
    assert_eq!(read(store, |reading| reading.events_after(other, 0, 9)), []);
}

fn what_ends_badly_leaves_no_trace(store: &Store) {
    let refused: Result<(), StoreError> = store.write(|writing| {
        writing.put_member("m1", "{}")?;
        writing.put_entity(Kind::Category, "c", "{}")?;
        Err(StoreError::Row { table: "member", reason: "on purpose".into() })
    });
    assert!(refused.is_err());
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _: Result<(), StoreError> = store.write(|writing| {
            writing.put_member("m1", "{}")?;
            panic!("on purpose");
        });
    }));
    assert!(panicked.is_err());
    assert_eq!(read(store, |reading| reading.member("m1")), None);
    assert_eq!(read(store, |reading| reading.reference_version()), 0);
    assert!(write(store, |writing| writing.put_member("m1", "{}")), "the member was not there");
}

fn versions_come_in_the_order_of_commits(store: &Store) {
    const WRITERS: usize = 4;
    const EACH: usize = 25;
    let done = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            let mut after = 0;
            loop {
                let was_done = done.load(Ordering::SeqCst);
                let scopes = [String::new()];
                read(store, |reading| {
                    reading.changes_after(&scopes, after, true, 10, |change| {
                        assert!(change.version > after, "in the order of versions");
                        after = change.version;
                        seen.insert(change.version);
                        true
                    })
                });
                if was_done && after == read(store, |reading| reading.reference_version()) {
                    return seen;
                }
            }
        });
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                scope.spawn(move || {
                    for number in 0..EACH {
                        let key = format!("{writer}-{number}");
                        write(store, |writing| {
                            writing.put_entity(Kind::Category, &key, r#"{"a":1}"#)?;
                            writing.put_entity(Kind::Category, &format!("{key}b"), r#"{"a":1}"#)
                        });
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.join().expect("a writer");
        }
        done.store(true, Ordering::SeqCst);
        reader.join().expect("a reader")
    });
    // Whoever follows a cursor while others write has missed nothing.
    let all: BTreeSet<u64> = (1..=(2 * WRITERS * EACH) as u64).collect();
    assert_eq!(seen, all);
}

fn a_store_is_told_its_own_and_the_chains(store: &Store) {
    let shop = r#"{"code":"S1","name_zh":"一","name_en":"One","currency":"CNY","currency_symbol":"¥",
        "currency_exponent":2,"cash_rounding":1,"groups":["north"]}"#;
    write(store, |writing| {
        writing.put_entity(Kind::Store, "S1", shop)?;
        writing.put_entity(Kind::Category, "c", "1")?;
        writing.put_of_store(Kind::Coupon, "S1", "k", "2")?;
        writing.put_of_store(Kind::Coupon, "S2", "k", "3")?;
        writing.put_of_store(Kind::Coupon, "S1", "gone", "4")?;
        writing.delete_of_store(Kind::Coupon, "S1", "gone")
    });
    let scopes = read(store, |reading| reading.scopes_of_store("S1"));
    assert_eq!(scopes, ["", "S1", "group:north"]);
    let told = |after, with_deleted, limit| {
        let mut told = Vec::new();
        let more = read(store, |reading| {
            reading.changes_after(&scopes, after, with_deleted, limit, |change| {
                told.push((change.version, change.key, change.body.is_some()));
                true
            })
        });
        (told, more)
    };
    let (all, more) = told(0, false, 10);
    assert_eq!(all, [(1, "S1".into(), true), (2, "c".into(), true), (3, "k".into(), true)]);
    assert!(!more);
    assert_eq!(told(3, true, 10), (vec![(6, "gone".into(), false)], false));
    assert_eq!(told(0, true, 2).0.len(), 2);
    assert!(told(0, true, 2).1, "there are more");
    assert_eq!(told(u64::MAX, true, 2), (vec![], false));
}

fn what_is_the_same_makes_no_version(store: &Store) {
    write(store, |writing| {
        assert_eq!(writing.put_entity(Kind::Category, "c", "1")?, Put::Changed(1));
        assert_eq!(writing.put_entity(Kind::Category, "c", "1")?, Put::Same);
        assert_eq!(writing.put_entity(Kind::Category, "c", "2")?, Put::Changed(2));
        assert_eq!(writing.delete_entity(Kind::Category, "c")?, Put::Changed(3));
        assert_eq!(writing.delete_entity(Kind::Category, "c")?, Put::Same);
        assert_eq!(writing.entity(Kind::Category, "c")?, None);
        assert_eq!(writing.put_entity(Kind::Category, "c", "2")?, Put::Changed(4));
        Ok(())
    });
    assert_eq!(read(store, |reading| reading.reference_version()), 4);
    assert_eq!(read(store, |reading| reading.entities(Kind::Category)), [("c".into(), "2".into())]);
}

fn prices_lie_by_item_and_place(store: &Store) {
    let row = |sku: &str, from_ms, scope: &PriceScope| PriceRow {
        list: "main".into(),
        sku: sku.into(),
        unit: String::new(),
        scope: scope.clone(),
        audience: Audience::Everyone,
        from_ms,
        until_ms: None,
        price: 100,
    };
    let group = PriceScope::Group("north".into());
    write(store, |writing| {
        for sku in ["1", "10", "2", "水"] {
            writing.put_price(&row(sku, 5, &PriceScope::Chain))?;
            writing.put_price(&row(sku, 3, &PriceScope::Chain))?;
            writing.put_price(&row(sku, 3, &group))?;
        }
        writing.delete_price(&row("1", 5, &PriceScope::Chain))
    });
    let prices = |sku, scope: &PriceScope| {
        let rows = read(store, |reading| reading.prices_of(sku, scope));
        rows.into_iter().map(|row| (row.sku, row.from_ms)).collect::<Vec<_>>()
    };
    assert_eq!(prices("1", &PriceScope::Chain), [("1".into(), 3)]);
    assert_eq!(prices("10", &PriceScope::Chain), [("10".into(), 3), ("10".into(), 5)]);
    assert_eq!(prices("水", &group), [("水".into(), 3)]);
    let before = read(store, |reading| reading.reference_version());
    write(store, |writing| writing.tell_group_again("north"));
    assert_eq!(read(store, |reading| reading.reference_version()), before + 4);
}

fn names_are_only_names(store: &Store) {
    let names =
        ["'; DROP TABLE person; --", "\\", "%_\"`$1 ?1", "名 字", "a", "B", "é", "😀", "{\"x\":null}"];
    for name in names {
        write(store, |writing| {
            let row = PersonRow {
                name: name.into(),
                role: "owner".into(),
                password_hash: name.into(),
                added_at_ms: 1,
                wrong_passwords: 0,
                locked_until_ms: 0,
            };
            assert!(writing.add_person(&row)?);
            assert!(writing.put_member(name, name)?);
            writing.put_entity(Kind::Category, name, name)
        });
        assert_eq!(read(store, |reading| reading.member(name)).as_deref(), Some(name));
        assert_eq!(read(store, |reading| reading.entity(Kind::Category, name)).as_deref(), Some(name));
        let person = read(store, |reading| reading.person(name));
        assert_eq!(person.map(|person| person.password_hash).as_deref(), Some(name));
    }
    let mut sorted = names.map(str::to_owned).to_vec();
    sorted.sort();
    let people = read(store, |reading| reading.people());
    let found: Vec<String> = people.into_iter().map(|person| person.name).collect();
    assert_eq!(found, sorted, "in the order of their bytes");
}

fn a_code_is_taken_once_and_one_lane_has_one(store: &Store) {
    let code = |text: &str, lane, expires_at_ms| CodeRow {
        code_hash: SecretHash::of(text),
        store: "S1".into(),
        lane,
        expires_at_ms,
    };
    write(store, |writing| {
        writing.put_code(&code("old", 1, 100), 0)?;
        writing.put_code(&code("spent", 2, 40), 0)?;
        writing.put_code(&code("new", 1, 100), 50)?;
        writing.put_code(&code("stolen", 3, 100), 50)?;
        writing.void_code("S1", 3)
    });
    let take = |text: &str| write(store, |writing| writing.take_code(&SecretHash::of(text)));
    assert_eq!(take("old"), None, "a new one stands in its place");
    assert_eq!(take("spent"), None, "forgotten when the next was made");
    assert_eq!(take("stolen"), None, "whoever has the till may have that as well");
    assert_eq!(take("new"), Some(code("new", 1, 100)));
    assert_eq!(take("new"), None);
}

fn people_have_names_of_their_own(store: &Store) {
    let person = |role: &str| PersonRow {
        name: "li".into(),
        role: role.into(),
        password_hash: String::new(),
        added_at_ms: 1,
        wrong_passwords: 0,
        locked_until_ms: 0,
    };
    assert!(write(store, |writing| writing.add_person(&person("owner"))));
    assert!(!write(store, |writing| writing.add_person(&person("operator"))));
    assert!(write(store, |writing| writing.set_role("li", "accountant")));
    assert_eq!(read(store, |reading| reading.person("li")).map(|row| row.role), Some("accountant".into()));
    for number in 0..5u8 {
        let hash = SecretHash::of(&number.to_string());
        write(store, |writing| writing.add_session(&hash, "li", i64::from(number), 100, 3));
    }
    let is_there =
        |number: u8| read(store, |reading| reading.session(&SecretHash::of(&number.to_string()))).is_some();
    assert_eq!((0..5).map(is_there).collect::<Vec<_>>(), [false, false, true, true, true]);
    assert!(write(store, |writing| writing.forget_access(0, 100)) == 3, "they are over");
    assert!(write(store, |writing| writing.remove_person("li")));
    assert!(!write(store, |writing| writing.remove_person("li")));
}

fn a_key_is_good_until_its_end_and_knows_its_scopes(store: &Store) {
    let scopes = Scopes::parse("sales:read goods:read").expect("scopes");
    let make = |id: &str, secret: &str, days: u32| {
        let wanted = Wanted { name: "erp", scopes: &scopes, days };
        store.write(|writing| keys::make(writing, ("li", &Scopes::all()), &wanted, (id, secret), 1_000))
    };
    let made = make("k1", "the secret", 1).expect("a key");
    assert_eq!(made.expires_at_ms, 1_000 + 86_400_000);
    let good = |now_ms| access::caller_of(store, "the secret", now_ms).expect("a read");
    assert_eq!(
        good(made.expires_at_ms - 1).map(|caller| (caller.name, caller.scopes)),
        Some(("key k1".into(), scopes.clone()))
    );
    assert_eq!(good(made.expires_at_ms), None, "its time is over");
    assert_eq!(access::caller_of(store, "the secre", 1_000).expect("a read"), None);
    assert!(make("k2", "another", 0).is_err() && make("k2", "another", 731).is_err());
    let few = Scopes::parse("sales:read").expect("scopes");
    let wanted = Wanted { name: "erp", scopes: &scopes, days: 1 };
    let beyond = store.write(|writing| keys::make(writing, ("li", &few), &wanted, ("k3", "a third"), 1_000));
    assert!(beyond.is_err_and(|error| error.to_string().contains("goods:read")));
    store.write(|writing| keys::revoke(writing, "k1", 2_000)).expect("revoked");
    assert_eq!(good(2_000), None);
    assert!(store.write(|writing| keys::revoke(writing, "k1", 2_000)).is_err(), "once");
}

fn what_is_over_is_found_by_store(store: &Store) {
    let hold = |of: &str, part: &str, until_ms| HoldRow {
        lane: LaneId { store: of.into(), lane: HQ_LANE },
        owner: of.into(),
        kind: BookKind::Reservation,
        part: part.into(),
        id: String::new(),
        until_ms,
    };
    write(store, |writing| {
        writing.put_hold(&hold("S1", "a", 10))?;
        writing.put_hold(&hold("S1", "b", 10))?;
        writing.put_hold(&hold("S2", "a", 11))?;
        writing.put_hold(&HoldRow { lane: LaneId { store: "S3".into(), lane: 1 }, ..hold("S3", "a", 1) })
    });
    let due = |now_ms| read(store, |reading| reading.stores_with_due(HQ_LANE, now_ms));
    assert_eq!((due(9), due(10), due(11)), (vec![], vec!["S1".to_owned()], vec!["S1".into(), "S2".into()]));
}

fn an_answer_is_kept_under_its_callers_key(store: &Store) {
    let hash = |text: &str| SecretHash::of(text);
    let begin = |caller: &str, key: &str, body: &str| {
        write(store, |writing| writing.begin_replay(caller, key, &hash(body), 5))
    };
    assert_eq!(begin("a", "k", "x"), Replay::New);
    write(store, |writing| writing.end_replay("a", "k", Some("done")));
    assert_eq!(begin("a", "k", "x"), Replay::Done(Some("done".into())));
    assert_eq!(begin("a", "k", "y"), Replay::Other);
    assert_eq!(begin("b", "k", "y"), Replay::New, "another caller's keys are its own");
    assert_eq!(write(store, |writing| writing.forget_access(6, 0)), 2);
    assert_eq!(begin("a", "k", "y"), Replay::New, "long ago");
}

fn two_products_with_one_code_are_found(store: &Store) {
    let kit = r#"{"kit":[{"sku":"a","quantity":1},{"sku":"gone","quantity":1}]}"#;
    write(store, |writing| {
        writing.set_product_codes("a", ["1", "2", "2"])?;
        writing.set_product_codes("b", ["3"])?;
        assert_eq!(writing.code_claimed_twice()?, None);
        writing.set_product_codes("b", ["3", "2"])?;
        assert_eq!(writing.code_claimed_twice()?, Some(("2".into(), "a".into(), "b".into())));
        writing.set_product_codes("a", [])?;
        assert_eq!(writing.code_claimed_twice()?, None);
        writing.put_entity(Kind::Product, "a", "{}")?;
        assert_eq!(writing.kit_without_part()?, None);
        writing.put_entity(Kind::Product, "k", kit)?;
        assert_eq!(writing.kit_without_part()?, Some(("k".into(), "gone".into())));
        Ok(())
    });
}

fn what_an_import_does_not_name_goes(store: &Store) {
    write(store, |writing| {
        for key in ["a", "b", "c"] {
            writing.put_entity(Kind::Category, key, "1")?;
        }
        Ok(())
    });
    for _ in 0..2 {
        write(store, |writing| {
            writing.begin_named()?;
            writing.note_named(Kind::Category, "b")?;
            writing.note_named(Kind::Category, "b")?;
            writing.note_named(Kind::Product, "a")?;
            writing.delete_unnamed(Kind::Category)
        });
        let left = read(store, |reading| reading.entities(Kind::Category));
        assert_eq!(left, [("b".into(), "1".into())]);
    }
}

fn lanes_file_at_one_time_and_everything_adds_up(store: &Store) {
    const LANES: u32 = 6;
    const SALES: usize = 40;
    let lanes: Vec<(LaneRow, Lane)> = (1..=LANES)
        .map(|number| {
            let (row, mut lane) = enrolled(store, number);
            for net in 1..=SALES {
                lane.sell(net as i64);
            }
            (row, lane)
        })
        .collect();
    std::thread::scope(|scope| {
        for (row, lane) in &lanes {
            scope.spawn(move || {
                for from in (1..=SALES).step_by(7) {
                    file(store, row, lane, from, SALES.min(from + 9));
                }
            });
        }
    });
    let each = (1..=SALES as i64).sum::<i64>();
    assert_eq!(sums(store), (u64::from(LANES) * SALES as u64, i64::from(LANES) * each));
    let stock = read(store, |reading| reading.stock("S1", true, 10));
    let sold = -1_000 * i64::from(LANES) * SALES as i64;
    assert_eq!(stock.iter().map(|row| (row.sku.as_str(), row.quantity)).collect::<Vec<_>>(), [("1", sold)]);
}

fn one_batch_from_many_hands_is_filed_once(store: &Store) {
    let (row, mut lane) = enrolled(store, 1);
    for net in 1..=30 {
        lane.sell(net);
    }
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                assert!(file(store, &row, &lane, 1, 20).acknowledged >= 20);
                assert_eq!(file(store, &row, &lane, 11, 30).acknowledged, 30);
            });
        }
    });
    assert_eq!(sums(store), (30, (1..=30).sum()));
}

/// A day of a lane: a shift with sales, a return and something unreadable.
fn a_day(store: &Store, number: u32) -> (LaneRow, Lane) {
    let (row, mut lane) = enrolled(store, number);
    let open = lane.event(Fact::ShiftOpened { staff: "u1".into(), float: 20_000, carried: None });
    lane.write(protocol::event::encode(&open));
    lane.sell(250);
    lane.sell(700);
    lane.write(br#"{"v":9,"what":"nobody knows"}"#.to_vec());
    lane.refund(250, 250);
    let close = lane.event(Fact::ShiftClosed { staff: "u2".into(), report: None });
    lane.write(protocol::event::encode(&close));
    let answer = file(store, &row, &lane, 1, lane.events.len());
    assert_eq!((answer.acknowledged, answer.quarantined), (6, 1));
    (row, lane)
}

fn what_follows_from_events_can_be_made_again(store: &Store) {
    a_day(store, 1);
    a_day(store, 2);
    let shifts = read(store, |reading| reading.shifts("S1", 10));
    let shift = &shifts[0];
    assert_eq!(shifts.len(), 2);
    assert_eq!((shift.opened_by.as_deref(), shift.closed_by.as_deref()), (Some("u1"), Some("u2")));
    assert_eq!(shift.opening_cash, Some(20_000));
    let before = sums(store);
    assert_eq!(before, (6, 2 * 700));
    for _ in 0..2 {
        let rebuilt = projection::rebuild(store, 1_000).expect("made again");
        assert_eq!((rebuilt.lanes, rebuilt.events, rebuilt.released), (2, 12, 0));
        assert_eq!(rebuilt.differing, []);
        assert_eq!(rebuilt.rows, 2 * (3 + 3 + 3 + 3 + 1 + 1 + 1));
        assert_eq!(sums(store), before);
    }
}

fn a_book_that_was_changed_by_hand_is_found_and_set_right(store: &Store) {
    let (row, _) = a_day(store, 1);
    let moved = [("1", -5_000)].into();
    write(store, |writing| writing.move_stock(row.journal(1), &moved));
    let rebuilt = projection::rebuild(store, 1_000).expect("made again");
    assert_eq!(rebuilt.differing, [("S1".to_owned(), 1, "stock".to_owned())]);
    let stock = read(store, |reading| reading.stock("S1", false, 10));
    assert_eq!(stock[0].quantity, -1_000, "two were sold, one came back");
    assert_eq!(projection::rebuild(store, 1_000).expect("made again").differing, []);
}

fn an_event_that_the_tables_refuse_holds_up_nothing(store: &Store) {
    let (row, mut lane) = enrolled(store, 1);
    lane.sell(1);
    // Sums of a day beyond 63 bits: nobody foresaw it, and it is told apart all the same.
    const MOST: i64 = 100_000_000_000_000;
    lane.sell(MOST);
    lane.sell(2);
    write(store, |writing| writing.lock_journal(row.journal(1)));
    let whole = lane.batch(1, 3);
    // As if the day had almost all that a number can hold already.
    let mut other = Lane::new(Enrolment { store: "S1".into(), lane: 1, epoch: 1, key: String::new() });
    other.sell(MOST);
    let event = protocol::event::decode(&other.events[0].1).expect("an event");
    let Fact::SaleCompleted { sale } = &event.fact else { panic!("a sale") };
    let mut sale = sale.clone();
    (sale.total, sale.payable) = (i64::MAX - MOST, i64::MAX - MOST);
    let event = protocol::event::Event { seq: 1_000, ..event.clone() };
    write(store, |writing| {
        let filed = NewEvent { seq: 1_000, hash: &other.events[0].0, bytes: b"{}" };
        writing.add_events(row.journal(1), &[filed], 0)?;
        writing.add_sales(row.journal(1), &[(&event, &sale)])
    });
    let answer = intake::file(store, &row, &whole, 7).expect("filed");
    assert_eq!((answer.acknowledged, answer.quarantined), (3, 1));
    let aside = read(store, |reading| reading.quarantined(10));
    assert_eq!(aside.iter().map(|event| event.seq).collect::<Vec<_>>(), [2]);
    assert!(aside[0].reason.contains("HQ's tables do not take it"), "{}", aside[0].reason);
}

fn a_lane_may_be_asked_for_anything_about_its_epochs(store: &Store) {
    let (row, mut lane) = enrolled(store, 1);
    lane.sell(5);
    assert_eq!(read(store, |reading| reading.newest_epoch_filed("S1", 1)), 0);
    file(store, &row, &lane, 1, 1);
    assert_eq!(read(store, |reading| reading.newest_epoch_filed("S1", 1)), 1);
    let (key, _) = protocol::head::SigningKey::draw().expect("a key");
    let next = LaneRow { epoch: 2, ..row.clone() };
    write(store, |writing| {
        writing.put_lane(&next)?;
        writing.add_public_key(&next, &key.public())
    });
    assert_eq!(read(store, |reading| reading.public_key(next.journal(1))), None);
    assert_eq!(read(store, |reading| reading.public_key(next.journal(2))), Some(key.public()));
    assert_eq!(read(store, |reading| reading.lane("S1", 1)), Some(next.clone()));
    assert_eq!(read(store, |reading| reading.lane_of_key(&row.key_hash)), Some(next.clone()));
    assert_eq!(read(store, |reading| reading.lanes()), [next]);
    let epochs = read(store, |reading| reading.lane_epochs());
    let told: Vec<_> = epochs.iter().map(|epoch| (epoch.epoch, epoch.acknowledged, epoch.signed)).collect();
    assert_eq!(told, [(1, 1, 0), (2, 0, 0)]);
    assert_eq!(epochs[1].public_key, key.public().to_string());
}

fn a_batch_may_be_compressed_with_what_is_filed(store: &Store) {
    let (row, mut lane) = enrolled(store, 1);
    for number in 1..=40 {
        lane.sell(number);
    }
    assert!(file(store, &row, &lane, 1, 20).takes_context);
    let body = |from: usize, to: usize, first: usize, hash: ChainHash| {
        let lines: Vec<&[u8]> =
            lane.events[first - 1..from - 1].iter().map(|(_, bytes)| bytes.as_slice()).collect();
        let dictionary = lines.join(&b'\n');
        let whole = zstd::decode_all(&lane.batch(from, to)[..]).expect("a batch");
        let mut encoder =
            zstd::stream::write::Encoder::with_dictionary(Vec::new(), 6, &dictionary).expect("zstd");
        encoder.write_all(&whole).expect("zstd");
        let (first_seq, last_seq) = (first as u64, from as u64 - 1);
        let context = BatchContext { epoch: 1, first_seq, last_seq, hash: hash.to_string() };
        put_context(&context, &encoder.finish().expect("zstd"))
    };
    let shorter = body(21, 25, 1, lane.hash(20));
    assert!(shorter.len() < lane.batch(21, 25).len(), "{} bytes", shorter.len());
    let answer = intake::file(store, &row, &shorter, 7).expect("a batch is filed");
    assert_eq!((answer.acknowledged, answer.quarantined), (25, 0));
    assert_eq!(sums(store), (25, (1..=25).sum()));
    // HQ was put back from its backup, or has another journal's events: nobody knows what the batch says.
    for unknown in [body(31, 35, 1, lane.hash(30)), body(26, 30, 1, lane.hash(24))] {
        let refused = intake::file(store, &row, &unknown, 8);
        assert!(
            matches!(refused, Err(IntakeError::Refused(PushRefusal::Context))),
            "{:?}",
            refused.map(|answer| answer.acknowledged)
        );
    }
    let from_the_third = intake::file(store, &row, &body(26, 30, 3, lane.hash(25)), 8);
    assert_eq!(from_the_third.expect("a whole batch").acknowledged, 30);
    let mut cut = body(31, 35, 1, lane.hash(30));
    cut.truncate(cut.len() - 9);
    let refused = intake::file(store, &row, &cut, 8);
    assert!(matches!(refused, Err(IntakeError::Refused(PushRefusal::Malformed { .. }))));
    assert_eq!(sums(store), (30, (1..=30).sum()));
}

fn alarms_and_branches_are_kept_once(store: &Store) {
    let (row, mut lane) = enrolled(store, 1);
    let mut other = lane.clone();
    lane.sell(5);
    other.sell(6);
    file(store, &row, &lane, 1, 1);
    for _ in 0..2 {
        let refused = intake::file(store, &row, &other.batch(1, 1), 9);
        assert!(matches!(refused, Err(IntakeError::Refused(PushRefusal::Fork { seq: 1 }))));
    }
    let alarms = read(store, |reading| reading.alarms(10));
    assert_eq!(alarms.len(), 1);
    assert_eq!((alarms[0].kind, alarms[0].seq, alarms[0].found_at_ms), (AlarmKind::Fork, 1, 9));
    assert_eq!(read(store, |reading| reading.branch_events(row.journal(1))), 1);
    let head = EventRow {
        store: "S1",
        lane: 1,
        epoch: 1,
        seq: 1,
        hash: &lane.events[0].0,
        bytes: &[],
        received_at_ms: 9,
    };
    for _ in 0..2 {
        write(store, |writing| writing.add_signed_head(&head, &[7; 64]));
    }
    assert_eq!(read(store, |reading| reading.signed_seq(row.journal(1))), 1);
}

fn what_people_look_at_is_told_once_in_pages_of_any_size(store: &Store) {
    let one = |found_at_ms: i64, of: &str, source: &str, what: &str| Exception {
        store: of.into(),
        source: source.into(),
        kind: BookKind::Receipt,
        owner: of.into(),
        part: "1/1/1".into(),
        what: format!("{{\"why\":\"{what}\"}}"),
        found_at_ms,
    };
    let mut listed = vec![one(1, "S1", "S1/1/1/1", "a"), one(3, "S2", "S2/1/1/1", "a")];
    // Several things are wrong with one document, and several were found at one moment.
    listed.extend(["a", "b", "c", "d", "e"].map(|what| one(2, "S1", "S1/1/1/2", what)));
    listed.extend(["a", "b"].map(|what| one(2, "S1", "S1/1/1/3", what)));
    listed.push(one(2, "S2", "S2/1/1/9", "a"));
    write(store, |writing| listed.iter().try_for_each(|row| writing.add_exception(row)));
    let whole = read(store, |reading| reading.exceptions(100));
    let (first, last) = (&whole[0], &whole[whole.len() - 1]);
    assert_eq!((whole.len(), first.found_at_ms, last.found_at_ms), (10, 3, 1));
    for size in 1..=11 {
        let (mut told, mut place) = (Vec::new(), None);
        loop {
            let page = read(store, |reading| reading.exceptions_after(place.as_ref(), size));
            let Some(end) = ExceptionPlace::end_of(&page, place.as_ref()) else { break };
            told.extend(page);
            place = Some(end);
            // What comes meanwhile is newer, and in no page that follows.
            let meanwhile = one(1_000 + i64::from(size), "S1", "S1/1/1/8", "a");
            write(store, |writing| writing.add_exception(&meanwhile));
        }
        assert_eq!(
            told.iter().filter(|row| row.found_at_ms < 1_000).collect::<Vec<_>>(),
            whole.iter().collect::<Vec<_>>()
        );
        assert_eq!(told.iter().filter(|row| row.found_at_ms == 1_000 + i64::from(size)).count(), 0);
    }
    let (row, mut lane) = enrolled(store, 1);
    lane.sell(5);
    file(store, &row, &lane, 1, 1);
    for number in 1..=5u8 {
        let hash = ChainHash::from_bytes([number; 32]);
        let forged = EventRow {
            store: "S1",
            lane: 1,
            epoch: 1,
            seq: 1,
            hash: &hash,
            bytes: &[],
            received_at_ms: i64::from(number / 3),
        };
        write(store, |writing| writing.raise_alarm(AlarmKind::Fork, &forged));
        write(store, |writing| writing.raise_alarm(AlarmKind::Signature, &forged));
    }
    let whole = read(store, |reading| reading.alarms(100));
    for size in 1..=4 {
        let mut told: Vec<hq::store::Alarm> = Vec::new();
        loop {
            let page = read(store, |reading| reading.alarms_after(told.last(), size));
            if page.is_empty() {
                break;
            }
            told.extend(page);
        }
        assert_eq!((told.len(), &told), (10, &whole));
    }
}

/// The tables of version 3, with somebody who had a key then.
#[test]
fn a_server_of_before_keeps_its_people() {
    let Some(server) = postgres::shared() else { return };
    let address = Address { url: server.database(), authority: None };
    let mut client = ::postgres::Client::connect(&address.url, ::postgres::NoTls).expect("a line");
    client
        .batch_execute(
            "CREATE TABLE guitai_hq (one BIGINT PRIMARY KEY, version BIGINT NOT NULL);
             INSERT INTO guitai_hq VALUES (1, 3);",
        )
        .expect("a version");
    for tables in [
        include_str!("../schemas/postgres/1.sql"),
        include_str!("../schemas/postgres/2.sql"),
        include_str!("../schemas/postgres/3.sql"),
    ] {
        client.batch_execute(tables).expect("tables");
    }
    let hash = SecretHash::of("the key of before");
    client
        .execute("INSERT INTO person VALUES ('li', 'operator', $1, 7)", &[&hash.as_bytes().to_vec()])
        .expect("a person");
    drop(client);
    let store = Store::connect(&address).expect("upgraded");
    let now_ms = chrono::Utc::now().timestamp_millis();
    let caller = access::caller_of(&store, "the key of before", now_ms).expect("a read").expect("a caller");
    assert_eq!(caller.scopes.to_string(), "goods:read goods:write stock:read sales:read watch:read");
    let person = read(&store, |reading| reading.person("li")).expect("li");
    assert_eq!(
        (person.role.as_str(), person.password_hash.as_str(), person.added_at_ms),
        ("operator", "", 7)
    );
}

/// The key and the row that says who has it are one transaction.
#[test]
fn nobody_is_enrolled_of_whom_the_trail_says_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hq.db");
    let store = Store::open(&path).expect("a database");
    let place = r#"{"code":"S1","name_zh":"一店","name_en":"One","currency":"CNY","currency_symbol":"¥",
        "currency_exponent":2,"cash_rounding":1}"#;
    write(&store, |writing| writing.put_entity(Kind::Store, "S1", place));
    let code = enrolment::make_code(&store, "S1", 1, 5).expect("a code");
    let by_hand = |words: &str| {
        rusqlite::Connection::open(&path).and_then(|file| file.execute_batch(words)).expect("done by hand");
    };
    by_hand("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'the disk is full'); END");
    let exchange = || enrolment::exchange(&store, &code, None, "10.0.0.9", 6);
    assert!(matches!(exchange(), Err(ExchangeError::Store(_))));
    assert!(read(&store, |reading| reading.lane("S1", 1)).is_none());
    by_hand("DROP TRIGGER full");
    assert_eq!(exchange().expect("the code is good still").epoch, 1);
    let trail = read(&store, |reading| reading.audit_before((i64::MAX, ""), None, None, 10));
    let [row] = trail.as_slice() else { panic!("one row, not {trail:?}") };
    assert_eq!((row.who.as_str(), row.origin.as_str()), ("lane S1/1", "10.0.0.9"));
    assert_eq!((row.act.as_str(), row.subject.as_str(), row.at_ms), ("lane.enrolled", "S1/1", 6));
}

/// Keys that begin with nothing that a row could be put on a node by: table, first column, and whose they are (decision 19).
const KEYS_OF_THE_CHAIN: &[(&str, &str, &str)] = &[
    ("api_key", "id", "a program's"),
    ("api_key", "key_hash", "a program's, found by its hash"),
    ("audit", "at_ms", "everybody's, by time"),
    ("commission_rule", "id", "the chain's"),
    ("counter", "name", "the chain's"),
    ("guitai_hq", "one", "the version of these tables"),
    ("item_cost", "sku", "the chain's"),
    ("member", "id", "the member"),
    ("person", "name", "somebody at HQ"),
    ("picture_file", "sha256", "the chain's"),
    ("picture_use", "sku", "the chain's"),
    ("price_batch", "id", "the chain's"),
    ("reference_day", "day", "the chain's"),
    ("replay", "caller", "a program's or a person's"),
    ("scan_go_key", "public_key", "the chain's"),
    ("session", "token_hash", "a person's, found by its hash"),
    ("setting", "name", "the chain's"),
    ("transfer", "number", "two stores'"),
];

/// Every primary or unique key begins with what its rows belong to, so that no table has to be moved by hand when there are
/// several nodes; what does not is named above, and in decision 19.
#[test]
fn keys_begin_with_whose_rows_they_are() {
    let Some(server) = postgres::shared() else { return };
    let address = Address { url: server.database(), authority: None };
    drop(Store::connect(&address).expect("a database"));
    let mut client = ::postgres::Client::connect(&address.url, ::postgres::NoTls).expect("a line");
    let rows = client
        .query(
            "SELECT c.relname::text, a.attname::text FROM pg_index x
             JOIN pg_class c ON c.oid = x.indrelid
             JOIN pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = x.indkey[0]
             WHERE x.indisunique AND n.nspname = current_schema() ORDER BY 1, 2",
            &[],
        )
        .expect("its keys");
    let keys: BTreeSet<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert!(keys.len() > 30, "{keys:?}");
    let begins_well = |column: &str| ["store", "owner", "lane", "member"].contains(&column);
    let others: Vec<(&str, &str)> = keys
        .iter()
        .filter(|(_, column)| !begins_well(column))
        .map(|(table, column)| (table.as_str(), column.as_str()))
        .collect();
    let named: Vec<(&str, &str)> =
        KEYS_OF_THE_CHAIN.iter().map(|(table, column, _)| (*table, *column)).collect();
    assert_eq!(others, named, "a key that begins with none of these is named, or begins with one");
    let decision = include_str!("../../docs/decisions/0019-thirty-thousand-stores.md");
    for (table, ..) in KEYS_OF_THE_CHAIN.iter().filter(|(table, ..)| *table != "guitai_hq") {
        assert!(decision.contains(&format!("`{table}`")), "decision 19 does not name {table}");
    }
}

/// The tables of version 10, with accounts of points of then.
#[test]
fn accounts_on_a_server_of_before_time_passed_are_looked_at_once() {
    let Some(server) = postgres::shared() else { return };
    let address = Address { url: server.database(), authority: None };
    let mut client = ::postgres::Client::connect(&address.url, ::postgres::NoTls).expect("a line");
    client
        .batch_execute(
            "CREATE TABLE guitai_hq (one BIGINT PRIMARY KEY, version BIGINT NOT NULL);
             INSERT INTO guitai_hq VALUES (1, 10);",
        )
        .expect("a version");
    for tables in [
        include_str!("../schemas/postgres/1.sql"),
        include_str!("../schemas/postgres/2.sql"),
        include_str!("../schemas/postgres/3.sql"),
        include_str!("../schemas/postgres/4.sql"),
        include_str!("../schemas/postgres/5.sql"),
        include_str!("../schemas/postgres/6.sql"),
        include_str!("../schemas/postgres/7.sql"),
        include_str!("../schemas/postgres/8.sql"),
        include_str!("../schemas/postgres/9.sql"),
        include_str!("../schemas/postgres/10.sql"),
    ] {
        client.batch_execute(tables).expect("tables");
    }
    client
        .batch_execute(
            "INSERT INTO book (owner, kind, part, body) VALUES ('m1', 'points', '', '{}'), ('m2', 'points', '', ''),
             ('m1', 'points_sale', 'S1/1/1/1', '{}')",
        )
        .expect("accounts");
    drop(client);
    let store = Store::connect(&address).expect("upgraded");
    assert_eq!(read(&store, |reading| reading.points_due(0, 10)), ["m1"]);
}

fn a_phones_baskets_are_counted_and_forgotten(store: &Store) {
    let basket = |number: u8, device: &str, made_ms| PhoneBasketRow {
        store: "S1".into(),
        id: [number; 12],
        device: SecretHash::of(device),
        made_ms,
        until_ms: made_ms + 10,
        total: 1_250,
        lines: 3,
    };
    let put = |row: &PhoneBasketRow| store.write::<_, StoreError>(|writing| writing.put_phone_basket(row));
    for row in [basket(1, "a", 100), basket(2, "a", 200), basket(3, "b", 300)] {
        assert!(put(&row).expect("put"));
    }
    assert!(!put(&basket(1, "b", 400)).expect("put"), "a number is given once");
    let count = |device: &str, after_ms| {
        let device = SecretHash::of(device);
        store.read::<_, StoreError>(|reading| reading.phone_baskets_of(&device, after_ms)).expect("counted")
    };
    assert_eq!((count("a", 0), count("a", 100), count("b", 0), count("c", 0)), (2, 1, 1, 0));
    let gone = store.write::<_, StoreError>(|writing| writing.forget_phone_baskets(200)).expect("forgotten");
    assert_eq!((gone, count("a", 0)), (1, 1));
}

fn keys_that_nobody_told_are_told_once(store: &Store) {
    use protocol::pull::{CodeKey, CodeSigner};
    // As a program left it that knew of no such keys.
    let (row, _) = enrolled(store, 3);
    let (key, _) = protocol::head::SigningKey::draw().expect("a key");
    let own =
        |byte: u8, made_ms| ScanGoKeyRow { public_key: [byte; 32], secret: format!("{byte:064}"), made_ms };
    write(store, |writing| {
        writing.add_public_key(&row, &key.public())?;
        writing.put_scan_go_key(&own(1, 10))?;
        writing.put_scan_go_key(&own(2, 20))
    });
    let told = |scope: &str| -> Vec<CodeKey> {
        let rows = read(store, |reading| reading.entities_after(scope, Kind::CodeKey, "", 9));
        rows.iter().map(|(_, _, body)| serde_json::from_str(body).expect("a key")).collect()
    };
    assert_eq!((told(""), told("S1")), (vec![], vec![]));
    write(store, hq::scan_go::keys::tell);
    let version = read(store, |reading| reading.reference_version());
    write(store, hq::scan_go::keys::tell);
    assert_eq!(read(store, |reading| reading.reference_version()), version, "nothing is left to tell");
    let of_lane = told("S1");
    assert_eq!(of_lane.len(), 1);
    assert_eq!(of_lane[0].signs, CodeSigner::Exits { lane: 3, epoch: row.epoch });
    assert_eq!(of_lane[0].public_key, key.public().to_string());
    let ends: Vec<_> = told("").iter().map(|key| (key.from_ms, key.until_ms.is_some())).collect();
    assert_eq!(ends, [(10, true), (20, false)]);
}

fn the_newest_key_of_scan_and_go_comes_first(store: &Store) {
    let key =
        |byte: u8, made_ms| ScanGoKeyRow { public_key: [byte; 32], secret: format!("{byte:064}"), made_ms };
    for row in [key(2, 20), key(1, 10), key(3, 30), key(2, 99)] {
        store.write::<_, StoreError>(|writing| writing.put_scan_go_key(&row)).expect("put");
    }
    let keys = store.read::<_, StoreError>(|reading| reading.scan_go_keys()).expect("read");
    assert_eq!(keys, [key(3, 30), key(2, 20), key(1, 10)]);
    assert!(!format!("{keys:?}").contains("0003"), "no secret is written out");
}

fn what_a_relay_is_told_has_hqs_versions(store: &Store) {
    let all = || {
        let mut found = Vec::new();
        let scopes = ["".to_owned(), "S1".to_owned(), "group:north".to_owned()];
        read(store, |reading| {
            reading.changes_after(&scopes, 0, true, 100, |change| {
                found.push((change.version, change.key, change.body));
                true
            })
        });
        found
    };
    write(store, |writing| {
        writing.put_told(("", Kind::Product, "1"), 70, Some("{}"))?;
        writing.put_told(("S1", Kind::CodeKey, "lane/1/1"), 71, Some("7"))?;
        writing.put_told(("", Kind::CodeKey, "hq/a"), 72, Some("8"))?;
        writing.put_told(("group:north", Kind::Price, "p"), 73, Some("9"))?;
        writing.put_told(("", Kind::Product, "1"), 74, Some("[]"))?;
        writing.set_product_codes("1", ["plu:7"])?;
        writing.set_told_version(99)
    });
    assert_eq!(read(store, |reading| reading.reference_version()), 99);
    let row = |version, key: &str, body: &str| (version, key.to_owned(), Some(body.to_owned()));
    assert_eq!(
        all(),
        [row(71, "lane/1/1", "7"), row(72, "hq/a", "8"), row(73, "p", "9"), row(74, "1", "[]")]
    );
    let keys = |of: &str, begin: &str| read(store, |reading| reading.code_keys(of, begin));
    assert_eq!(keys("", "hq/"), [("hq/a".into(), "8".into())]);
    assert_eq!(keys("S1", "lane/1/"), [("lane/1/1".into(), "7".into())]);
    assert_eq!((keys("S1", "hq/"), keys("S1", "lane/11/")), (vec![], vec![]));
    write(store, |writing| {
        writing.put_told(("", Kind::CodeKey, "hq/a"), 100, None)?;
        writing.forget_group_told("north")
    });
    assert_eq!(all(), [row(71, "lane/1/1", "7"), row(74, "1", "[]")]);
    write(store, |writing| writing.forget_told());
    assert_eq!((all(), read(store, |reading| reading.reference_version())), (vec![], 0));
    assert_eq!(read(store, |reading| reading.sku_by_code("plu:7")), None);
}

fn a_stores_relay_is_none_of_its_lanes(store: &Store) {
    let (relay, _) = enrolled(store, protocol::enrol::RELAY_LANE);
    let (lane, _) = enrolled(store, 3);
    let (key, _) = protocol::head::SigningKey::draw().expect("a key");
    write(store, |writing| writing.add_public_key(&relay, &key.public()));
    assert_eq!(read(store, |reading| reading.lanes_of("S1")), [lane]);
    let versions = read(store, |reading| reading.lane_versions("S1", 1));
    assert_eq!(versions.iter().map(|lane| lane.lane).collect::<Vec<_>>(), [3], "nobody waits for it");
    assert_eq!(read(store, |reading| reading.lane_keys_untold()), [], "it signs no exits");
    assert_eq!(read(store, |reading| reading.lane_of_key(&relay.key_hash)), Some(relay.clone()));
}

fn what_labels_may_show_lies_by_store_and_item(store: &Store) {
    let cap = |sku: &str, price| ShelfCap {
        item: LabelItem { sku: sku.into(), unit: String::new() },
        lane: 1,
        from_ms: None,
        price: Some(price),
        member_price: None,
        label: "7".into(),
    };
    let put = |of_store: &str, cap: &ShelfCap| {
        let body = serde_json::to_string(cap).expect("JSON");
        store.write::<_, StoreError>(|writing| {
            writing.put_of_store(Kind::ShelfCap, of_store, &cap.key(), &body).map(drop)
        })
    };
    for (of_store, cap) in [("S1", cap("1", 100)), ("S1", cap("10", 200)), ("S2", cap("1", 300))] {
        put(of_store, &cap).expect("put");
    }
    let of = |of_store: &str, sku: &str| {
        store.read::<_, StoreError>(|reading| reading.shelf_caps_of(of_store, sku)).expect("read")
    };
    assert_eq!(of("S1", "1"), [cap("1", 100)]);
    assert_eq!(of("S1", "10"), [cap("10", 200)]);
    assert_eq!(of("S2", "1"), [cap("1", 300)]);
    assert_eq!(of("S2", "10"), []);
    // A code is found by what an import wrote.
    let written =
        store.write::<_, StoreError>(|writing| writing.set_product_codes("1", ["06901028075763", "plu:7"]));
    written.expect("written");
    let sku = |code: &str| store.read::<_, StoreError>(|reading| reading.sku_by_code(code)).expect("read");
    assert_eq!((sku("plu:7"), sku("06901028075763"), sku("7")), (Some("1".into()), Some("1".into()), None));
}
