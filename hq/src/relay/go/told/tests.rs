use protocol::pull::PriceRow;
use serde_json::json;

use super::*;
use crate::store::price_key;

fn page(head: (u64, bool), changes: &[Value]) -> Vec<u8> {
    let (through, more) = head;
    let mut text = json!({ "through": through, "latest": through, "more": more }).to_string();
    for change in changes {
        text.push('\n');
        text.push_str(&change.to_string());
    }
    zstd::encode_all(text.as_bytes(), 3).expect("compressed")
}

fn change(version: u64, kind: &str, key: &str, body: Value) -> Value {
    json!({ "version": version, "key": key, "kind": kind, "body": body })
}

fn shop(version: u64, groups: &[&str]) -> Value {
    let body = json!({
        "code": "S1", "name_zh": "一店", "name_en": "One", "currency": "CNY", "currency_symbol": "¥",
        "currency_exponent": 2, "cash_rounding": 1, "groups": groups
    });
    change(version, "store", "S1", body)
}

fn price(version: u64, scope: PriceScope) -> Value {
    let row = PriceRow {
        list: "main".into(),
        sku: "1".into(),
        unit: String::new(),
        scope,
        audience: Default::default(),
        from_ms: 0,
        until_ms: None,
        price: i64::try_from(version).expect("small"),
    };
    change(version, "price", &price_key(&row), serde_json::to_value(&row).expect("JSON"))
}

fn water(version: u64, codes: &[&str]) -> Value {
    let body = json!({
        "sku": "1", "name_zh": "水", "name_en": "Water", "price": 250, "tax_rate": 1300, "codes": codes, "plu": "00007"
    });
    change(version, "product", "1", body)
}

/// A relay's goods, and what comes of pulls.
struct Place {
    folder: tempfile::TempDir,
    goods: Store,
}

impl Place {
    fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let goods = Store::open(&folder.path().join("goods.db")).expect("goods");
        Self { folder, goods }
    }

    fn coming(&self) -> PathBuf {
        self.folder.path().join("coming")
    }

    fn pull(&self, version: u64, is_anew: bool, changes: &[Value]) -> u64 {
        let mut coming = Coming::begin(self.coming());
        let head = coming.take(&page((version, false), changes)).expect("taken");
        assert_eq!(head.through, version);
        let count = coming.apply(&self.goods, "S1", (version, is_anew)).expect("applied");
        assert!(!self.coming().exists(), "nothing is left aside");
        count
    }

    fn read<T>(&self, ask: impl FnOnce(&crate::store::Reading<'_>) -> Result<T, StoreError>) -> T {
        self.goods.read(ask).expect("read")
    }

    fn sku(&self, code: &str) -> Option<String> {
        self.read(|reading| reading.sku_by_code(code))
    }

    /// What an item costs, by the places in which it does.
    fn prices(&self, groups: &[&str]) -> Vec<i64> {
        let shop: Shop = serde_json::from_value(shop(0, groups)["body"].clone()).expect("a store");
        let mut prices: Vec<i64> =
            self.read(|reading| reading.prices_for("1", &shop)).iter().map(|row| row.price).collect();
        prices.sort_unstable();
        prices
    }
}

#[test]
fn goods_lie_where_hq_has_them_and_go_when_it_says_so() {
    let place = Place::open();
    let north = || PriceScope::Group("north".into());
    let told = [
        shop(1, &["north"]),
        water(2, &["6901028075763"]),
        price(3, PriceScope::Chain),
        price(4, PriceScope::Store("S1".into())),
        price(5, north()),
    ];
    assert_eq!(place.pull(9, false, &told), 5);
    assert_eq!(place.read(|reading| reading.reference_version()), 9);
    assert_eq!(place.sku("06901028075763"), Some("1".into()));
    assert_eq!(place.sku("plu:7"), Some("1".into()));
    assert_eq!(place.prices(&["north"]), [3, 4, 5]);
    // Another code in the place of the first, and a price that is off its list.
    let gone = price(11, PriceScope::Store("S1".into()));
    let gone = change(11, "price", gone["key"].as_str().expect("a key"), Value::Null);
    place.pull(12, false, &[water(10, &["9520001003035"]), gone]);
    assert_eq!((place.sku("06901028075763"), place.sku("09520001003035")), (None, Some("1".into())));
    assert_eq!(place.prices(&["north"]), [3, 5]);
    // A store that leaves a group and comes back pays nothing of what was off the list meanwhile.
    place.pull(13, false, &[shop(13, &[])]);
    place.pull(14, false, &[shop(14, &["north"])]);
    assert_eq!(place.prices(&["north"]), [3]);
    place.pull(15, false, &[change(15, "product", "1", Value::Null)]);
    assert_eq!(place.sku("09520001003035"), None);
    assert_eq!(place.read(|reading| reading.entity(Kind::Product, "1")), None);
    // Begun anew, nothing of before is there.
    place.pull(3, true, &[water(2, &[])]);
    assert_eq!(place.prices(&["north"]), [0; 0]);
    assert_eq!(place.read(|reading| reading.reference_version()), 3);
    assert!(place.read(|reading| reading.entity(Kind::Product, "1")).is_some());
}

#[test]
fn several_pages_are_in_use_at_once_or_not_at_all() {
    let place = Place::open();
    let mut coming = Coming::begin(place.coming());
    assert!(coming.take(&page((2, true), &[water(2, &["6901028075763"])])).expect("taken").more);
    assert_eq!(place.sku("06901028075763"), None);
    drop(coming);
    assert!(!place.coming().exists(), "a pull that was given up leaves nothing");
    let mut coming = Coming::begin(place.coming());
    coming.take(&page((2, true), &[water(2, &["6901028075763"])])).expect("taken");
    coming.take(&page((4, false), &[price(4, PriceScope::Chain)])).expect("taken");
    assert_eq!(coming.apply(&place.goods, "S1", (4, false)).expect("applied"), 2);
    assert_eq!((place.sku("06901028075763"), place.prices(&[])), (Some("1".into()), vec![4]));
}

#[test]
fn of_members_and_people_nothing_is_written_down() {
    let place = Place::open();
    let mut coming = Coming::begin(place.coming());
    let others = [
        change(1, "member", "m1", json!({ "id": "SECRET", "cards": ["SECRET"] })),
        change(2, "staff", "e1", json!({ "id": "SECRET" })),
        change(3, "coupon", "SECRET", Value::Null),
        change(4, "unheard_of", "SECRET", json!("SECRET")),
        water(5, &[]),
    ];
    coming.take(&page((5, false), &others)).expect("taken");
    coming.file.as_mut().expect("something is kept").flush().expect("written");
    let kept = std::fs::read_to_string(place.coming()).expect("a file");
    assert!(!kept.contains("SECRET") && kept.contains("Water"), "{kept}");
}

#[test]
fn what_is_no_page_changes_nothing() {
    let place = Place::open();
    place.pull(5, false, &[water(5, &["6901028075763"])]);
    let mut coming = Coming::begin(place.coming());
    assert!(coming.take(b"no page").is_err());
    assert!(coming.take(&zstd::encode_all(&b"{}"[..], 3).expect("compressed")).is_err(), "no head");
    let bomb = vec![b' '; PAGE_BYTES_MAX + 1];
    assert!(coming.take(&zstd::encode_all(&bomb[..], 3).expect("compressed")).is_err(), "too large");
    let many: Vec<Value> = (0..=PAGE_CHANGES_MAX).map(|_| change(6, "staff", "e", Value::Null)).collect();
    assert!(coming.take(&page((6, false), &many)).is_err(), "too many");
    drop(coming);
    assert_eq!(place.sku("06901028075763"), Some("1".into()));
}
