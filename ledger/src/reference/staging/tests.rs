//! A whole new reference takes the place of the one in use, for its readers
//! and for its writer.

use domain::barcode::Gtin;
use domain::catalogue::Catalogue;
use domain::label::{LabelItem, LabelNumber};
use protocol::event;
use protocol::pull::{Audience, Entity, LabelStamp, LabelWaiver, PriceRow, PriceScope, Product, ShelfCap};
use tempfile::TempDir;

use super::*;
use crate::journal::Identity;
use crate::reference::shelf::{LabelState, Shelf, ShelfChanges, ShelfPosition};
use crate::reference::{Position, Reference};

const CODE: &str = "06901028075763";

fn product(sku: &str, name_zh: &str, price: i64, code: &str) -> Change {
    let product: Product = serde_json::from_value(serde_json::json!({
        "sku": sku, "name_zh": name_zh, "name_en": "", "price": price, "tax_rate": 1300,
        "initials": "qqs", "codes": [code], "plu": sku, "category": "c", "pin": 1, "department": sku,
    }))
    .expect("a product");
    Change { version: 1, key: sku.to_owned(), entity: Entity::Product(Some(product)) }
}

fn price(sku: &str, price: i64) -> Change {
    let row = PriceRow {
        list: "l".into(),
        sku: sku.into(),
        unit: String::new(),
        scope: PriceScope::Chain,
        audience: Audience::Everyone,
        from_ms: 1_000,
        until_ms: None,
        price,
    };
    Change { version: 2, key: format!("[\"{sku}\",1]"), entity: Entity::Price(Some(row)) }
}

fn member(id: &str) -> Change {
    let member = serde_json::json!({ "id": id, "cards": ["C1"], "tier": "gold", "phone_hash": "x" });
    let entity = serde_json::json!({ "version": 3, "key": id, "kind": "member", "body": member });
    serde_json::from_value(entity).expect("a member")
}

fn changes() -> Vec<Change> {
    vec![
        product("1", "清泉水", 250, "6901028075763"),
        product("2", "乌龙茶", 400, "6901028075770"),
        price("1", 199),
        member("M1"),
        picture("1"),
    ]
}

fn picture(sku: &str) -> Change {
    let picture = pull::Picture { sku: sku.into(), sha256: "a".repeat(64), bytes: 9_000 };
    Change { version: 3, key: sku.into(), entity: Entity::Picture(Some(picture)) }
}

struct Lane {
    folder: TempDir,
    writer: ReferenceWriter,
}

impl Lane {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let mut writer = ReferenceWriter::open(&folder.path().join("reference.db")).expect("opens");
        let identity = Identity { store: "S1".into(), lane: 2, epoch: 3 };
        writer.set_identity(&identity).expect("written");
        writer.set_position(Position { acknowledged: 41, quarantined: 1 }, 7_000).expect("written");
        Self { folder, writer }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("reference.db")
    }

    fn pull(&mut self, version: u64, changes: &[Change]) {
        let update = self.writer.begin().expect("begun");
        changes.iter().for_each(|change| update.apply(change).expect("applied"));
        update.commit(version).expect("committed");
    }

    fn reader(&self) -> Reference {
        Reference::open(&self.path()).expect("opens").expect("there is one")
    }

    fn stage(&self, changes: &[Change]) -> Staging {
        let mut staging = Staging::begin(&self.folder.path().join("next.db")).expect("begun");
        staging.keep_free(0);
        changes.chunks(2).for_each(|some| staging.apply(some).expect("applied"));
        staging.finish().expect("finished");
        staging
    }
}

/// Tables, indexes and their columns; rows of every table that is told.
fn contents(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).expect("opened");
    let all = |sql: &str| -> Vec<String> {
        let mut select = connection.prepare(sql).expect("prepared");
        let rows = select.query_map([], |row| row.get(0)).expect("read");
        rows.collect::<Result<_, _>>().expect("read")
    };
    let mut found = all("SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema
         WHERE name NOT LIKE 'product_word_%' ORDER BY 1");
    for table in [
        "store",
        "category",
        "staff",
        "product",
        "code",
        "face",
        "promotion",
        "price",
        "tax_class",
        "member",
        "member_code",
        "coupon",
        "label",
        "label_item",
        "code_key",
        "channel_order",
        "weight",
        "picture",
        "transfer",
    ] {
        let columns =
            all(&format!("SELECT group_concat(name, ' || ''|'' || ') FROM pragma_table_info('{table}')"));
        let text = columns[0].replace("promised_ms", "coalesce(promised_ms, '')");
        found.extend(all(&format!("SELECT '{table}: ' || {text} FROM {table} ORDER BY 1")));
    }
    found
}

fn price_of(reference: &Reference) -> Option<i64> {
    let gtin = Gtin::parse(CODE).expect("a code");
    let found = reference.item_by_gtin(&gtin).expect("read")?;
    Some(found.item.prices.first().map_or(found.item.price, |price| price.price).minor())
}

#[test]
fn what_was_made_beside_is_what_pages_would_have_made() {
    let mut by_page = Lane::new();
    by_page.pull(9, &changes());
    let mut whole = Lane::new();
    let staging = whole.stage(&changes());
    whole.writer.put_in(staging, 9).expect("put in");
    assert_eq!(contents(&whole.path()), contents(&by_page.path()));
    assert!(contents(&whole.path()).iter().any(|line| line.contains("index product_by_plu")));
    let reader = whole.reader();
    assert_eq!(price_of(&reader), Some(199), "by the face that was made at the end");
    assert_eq!(reader.search("清泉", 5).expect("read").len(), 1);
    assert!(reader.member("C1").expect("read").is_some());
    assert!(!whole.folder.path().join("next.db").exists(), "nothing is left beside it");
    // It goes on by page as ever.
    whole.pull(10, &[product("1", "清泉水", 260, "6901028075763"), price("1", 188)]);
    assert_eq!(price_of(&whole.reader()), Some(188));
    assert_eq!(whole.reader().search("清泉", 5).expect("read").len(), 1);
}

#[test]
fn a_basket_that_is_open_keeps_its_prices_and_the_next_one_has_the_new_ones() {
    let mut lane = Lane::new();
    lane.pull(5, &[product("1", "清泉水", 300, "6901028075763"), product("9", "旧货", 1, "6901028075787")]);
    let till = lane.reader();
    assert_eq!((price_of(&till), till.search("旧货", 5).expect("read").len()), (Some(300), 1));
    let staging = lane.stage(&changes());
    assert_eq!(price_of(&till), Some(300));
    lane.writer.put_in(staging, 9).expect("put in beside an open basket");
    assert_eq!((price_of(&till), till.version()), (Some(300), 5));
    assert_eq!(till.search("旧货", 5).expect("read").len(), 1);
    till.refresh().expect("refreshed");
    assert_eq!((price_of(&till), till.version(), till.goods_version()), (Some(199), 9, 9));
    assert_eq!(till.search("旧货", 5).expect("read").len(), 0, "what HQ does not tell is gone");
    assert_eq!(till.search("乌龙", 5).expect("read").len(), 1);
}

#[test]
fn what_the_agent_itself_knows_stays() {
    let mut lane = Lane::new();
    let number = LabelNumber::parse("00000000000000A1").expect("a number");
    let item = event::LabelItem { sku: "1".into(), unit: String::new() };
    let stamp = |seq| LabelStamp { at_ms: 5, lane: 2, epoch: 3, seq };
    let label = |seq, slot: &str| pull::Label {
        items: vec![item.clone()],
        template: String::new(),
        slot: slot.to_owned(),
        taken_down: false,
        stamp: stamp(seq),
    };
    let cap = |lane, price| ShelfCap {
        item: item.clone(),
        lane,
        from_ms: None,
        price: Some(price),
        member_price: None,
        label: "a".into(),
    };
    let waiver = LabelWaiver { item: item.clone(), stamp: stamp(8) };
    let domain_item = LabelItem { sku: "1".into(), unit: String::new() };
    lane.writer
        .write_shelf(&ShelfChanges {
            states: vec![(number.clone(), LabelState::new(3))],
            caps: vec![(domain_item, vec![cap(2, 180)])],
            labels: vec![(number.clone(), label(9, "mine"))],
            waivers: vec![waiver.clone()],
            waivers_done: vec![waiver.clone()],
            position: Some(ShelfPosition { epoch: 3, seq: 9 }),
            is_kept: true,
            ..ShelfChanges::default()
        })
        .expect("written");
    lane.writer.set_alarm(Some("call")).expect("written");
    let told = |key: &str, entity| Change { version: 4, key: key.to_owned(), entity };
    // HQ has heard less of the label, and tells of other lanes' caps.
    let staging = lane.stage(&[
        told(number.as_str(), Entity::Label(Some(label(7, "old")))),
        told("w", Entity::LabelWaiver(Some(waiver))),
        told("c", Entity::ShelfCap(Some(cap(5, 170)))),
    ]);
    lane.writer.put_in(staging, 9).expect("put in");
    let state = lane.writer.state().expect("read");
    assert_eq!(state.identity, Some(Identity { store: "S1".into(), lane: 2, epoch: 3 }));
    assert_eq!((state.position.acknowledged, state.contact_ms, state.version), (41, Some(7_000), 9));
    assert_eq!(state.alarm.as_deref(), Some("call"));
    let shelf = Shelf::open(&lane.path()).expect("opens").expect("there");
    assert_eq!(shelf.bound(&number).expect("read").expect("bound").slot, "mine");
    assert!(shelf.state(&number).expect("read").is_some());
    assert_eq!(shelf.position().expect("read"), (ShelfPosition { epoch: 3, seq: 9 }, true));
    assert_eq!(shelf.waivers().expect("read"), [], "a waiver that was heeded stays so");
    let lanes: Vec<u32> = shelf.caps().expect("read").iter().map(|cap| cap.lane).collect();
    assert_eq!(lanes, [0, 5], "this agent's own, and those of another lane");
}

#[test]
fn a_disk_without_room_and_a_stop_in_the_middle_leave_the_old_one() {
    let mut lane = Lane::new();
    lane.pull(5, &[product("1", "清泉水", 300, "6901028075763")]);
    let mut staging = lane.stage(&changes());
    staging.keep_free(u64::MAX / 2);
    let refused = lane.writer.put_in(staging, 9).expect_err("no room");
    assert!(matches!(refused, ReferenceError::NoRoom { .. }), "{refused}");
    assert!(refused.to_string().contains("the goods in use stay"), "{refused}");
    let mut staging = Staging::begin(&lane.folder.path().join("next.db")).expect("begun");
    staging.keep_free(u64::MAX / 2);
    assert!(matches!(staging.apply(&changes()), Err(ReferenceError::NoRoom { .. })));
    drop(staging);
    // What somebody who was killed has left is in nobody's way.
    std::fs::write(lane.folder.path().join("next.db"), b"half a file").expect("written");
    drop(lane.stage(&changes()));
    assert_eq!((price_of(&lane.reader()), lane.reader().version()), (Some(300), 5));
    assert_eq!(lane.writer.state().expect("read").position.acknowledged, 41);
}
