//! What an operator sees of an import.

use std::fs;

use super::*;
use crate::store::FILE_NAME;

const STORE: &str = r#"{
    "store": {"code": "S1", "name_zh": "一店", "name_en": "One", "currency": "CNY",
              "currency_symbol": "¥", "currency_exponent": 2, "cash_rounding": 10},
    "categories": [{"id": "drinks", "name_zh": "饮料", "name_en": "Drinks", "position": 1}],
    "staff": [{"id": "u1", "number": "1001", "name": "李明", "role": "cashier", "pin": "1234"}],
    "members": [{"id": "m1", "phone": "13800000000"}]
}"#;

/// 2026-03-01, 08:00 in China.
const NOW_MS: i64 = 1_772_323_200_000;

const HEADER: &str = "sku,name_zh,name_en,category,price,tax_rate,codes,plu";

struct Desk {
    folder: tempfile::TempDir,
    store: Store,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join(FILE_NAME)).expect("a database");
        Self { folder, store }
    }

    fn import(&self, shop: &str, rows: &[&str], replace: bool) -> Result<Imported, String> {
        let folder = self.folder.path().join("in");
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(SHOP_FILE), shop).expect("a file");
        let goods = std::iter::once(HEADER).chain(rows.iter().copied()).collect::<Vec<_>>().join("\n");
        fs::write(folder.join("products.csv"), goods).expect("a file");
        import(&self.store, &folder, replace, NOW_MS, &mut |_| {}).map_err(|error| {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
            format!("{error}{}", source.unwrap_or_default())
        })
    }

    fn product(&self, sku: &str) -> Option<Product> {
        let body =
            self.store.read::<_, StoreError>(|reading| reading.entity(Kind::Product, sku)).expect("a read");
        body.map(|body| serde_json::from_str(&body).expect("a product"))
    }
}

#[test]
fn the_same_import_again_changes_nothing() {
    let desk = Desk::new();
    let rows =
        ["1,清泉水550ml,Water,drinks,2.50,1300,6901028075763;9520001003035,", "2,苹果,Apple,,9.9,9%,,00102"];
    let first = desk.import(STORE, &rows, false).expect("an import");
    assert_eq!((first.named, first.changed, first.members_changed, first.version), (5, 5, 1, 6));
    let again = desk.import(STORE, &rows, false).expect("an import");
    assert_eq!((again.named, again.changed, again.members_changed, again.version), (5, 0, 0, 6));
    let water = desk.product("1").expect("a product");
    assert_eq!((water.price, water.initials.as_str()), (250, "qqs550ml"));
    assert_eq!(desk.product("2").map(|apple| (apple.price, apple.tax_rate)), Some((990, 900)));
}

/// A folder with goods in all columns, and prices.
fn import_files(
    desk: &Desk,
    shop: &str,
    goods: &str,
    prices: &str,
    replace: bool,
) -> Result<Imported, String> {
    let folder = desk.folder.path().join("all");
    fs::create_dir_all(&folder).expect("a folder");
    for (name, text) in [(SHOP_FILE, shop), ("products.csv", goods), (PRICES_FILE, prices)] {
        match text {
            "" => drop(fs::remove_file(folder.join(name))),
            text => fs::write(folder.join(name), text).expect("a file"),
        }
    }
    import(&desk.store, &folder, replace, NOW_MS, &mut |_| {}).map_err(|error| error.to_string())
}

const SPECIAL_STORE: &str = r#"{
    "store": {"code": "S1", "name_zh": "一店", "name_en": "One", "currency": "CNY",
              "currency_symbol": "¥", "currency_exponent": 2, "cash_rounding": 10, "groups": ["north"]},
    "tax_classes": [{"id": "t13", "name_zh": "一般", "name_en": "General", "treatment": "taxed", "rate": 1300},
                    {"id": "veg", "name_zh": "蔬菜", "name_en": "Vegetables", "treatment": "exempt"}]
}"#;

const SPECIAL_HEADER: &str =
    "sku,name_zh,name_en,weighed,price,tax_rate,tax_class,codes,units,kit,open_price,department,gift";

/// A bottle, an apple, a gift set and a department.
fn special(more: &[&str]) -> String {
    let rows = [
        SPECIAL_HEADER,
        "1,啤酒,Beer,,5,,t13,6901028075763,six:提:Six-pack:6;case:箱:Case:24:98.00:16901028075760,,,,",
        "2,苹果,Apple,true,9.90,,veg,,,,,,",
        "3,礼盒,Gift set,,20,1300,,,,1*3;2*0.5,,,",
        "7,散货,Loose,,0,1300,,,,,0.10-500,10,",
        "8,袋,Bag,,0,1300,,,,,,,true",
    ];
    rows.iter().chain(more).copied().collect::<Vec<_>>().join("\n")
}

#[test]
fn packs_kits_departments_and_tax_classes_come_with_the_goods() {
    let desk = Desk::new();
    import_files(&desk, SPECIAL_STORE, &special(&[]), "", false).expect("an import");
    let beer = desk.product("1").expect("a product");
    let units: Vec<_> = beer.units.iter().map(|unit| (unit.id.as_str(), unit.factor, unit.price)).collect();
    assert_eq!(units, [("six", 6, None), ("case", 24, Some(9_800))]);
    assert_eq!(beer.units[1].codes, ["16901028075760"]);
    assert_eq!((beer.tax_rate, beer.tax_class.as_str()), (1_300, "t13"), "the rate of its class");
    assert_eq!(desk.product("2").expect("a product").tax_rate, 0);
    let parts = desk.product("3").expect("a kit").kit;
    let parts: Vec<_> = parts.iter().map(|part| (part.sku.as_str(), part.quantity)).collect();
    assert_eq!(parts, [("1", 3_000), ("2", 500)]);
    let loose = desk.product("7").expect("a department");
    assert_eq!(loose.open_price.map(|bounds| (bounds.min, bounds.max)), Some((10, 50_000)));
    assert_eq!(loose.department, "10");
    assert!(desk.product("8").expect("a bag").gift);
    let again = import_files(&desk, SPECIAL_STORE, &special(&[]), "", false).expect("an import");
    assert_eq!(again.changed, 0);
}

#[test]
fn every_mistake_of_special_goods_names_its_row_and_what_to_do() {
    let cases = [
        ("9,水,Water,,1,1300,,,case:箱:24,,,,", "units \"case:箱:24\": write id:name:English name:number"),
        ("9,水,Water,,1,1300,,,case:箱:Case:1,,,,", "write 2 to 9999"),
        ("9,水,Water,,1,1300,,,case:箱:Case:many,,,,", "write id:name"),
        ("9,水,Water,,1,1300,,,a:箱:A:2;a:箱:B:3,,,,", "the unit \"a\" is there twice"),
        ("9,水,Water,,1,1300,,,case:箱:Case:24:-1,,,,", "is negative"),
        ("9,水,Water,,1,1300,,,case:箱:Case:24:0,,,,", "not above 0"),
        ("9,水,Water,,1,1300,,,case:箱:Case:24::16901028075760,,,,", "is that of row 2 as well"),
        ("9,水,Water,true,1,1300,,,case:箱:Case:24,,,,", "weighed and has units"),
        ("9,水,Water,,1,1300,,,,99*1,,,", "kit: there is no product \"99\""),
        ("9,水,Water,,1,1300,,,,3*1,,,", "kit: 3 is a kit itself"),
        ("9,水,Water,,1,1300,,,,9*1,,,", "has itself as a part"),
        ("9,水,Water,,1,1300,,,,1*1;1*2,,,", "the kit part \"1\" is there twice"),
        ("9,水,Water,,1,1300,,,,1*0,,,", "write sku*quantity"),
        ("9,水,Water,,1,1300,,,,1,,,", "write sku*quantity"),
        ("9,水,Water,,1,1300,,,,,5-1,,", "write a least above 0"),
        ("9,水,Water,,1,1300,,,,,0-1,,", "write a least above 0"),
        ("9,水,Water,,1,1300,,,,,5,,", "write the least and the most"),
        ("9,水,Water,,1,1300,,,,,,11,", "without a price to type; fill in open_price"),
        ("9,水,Water,,1,1300,,,,,1-2,A,", "department \"A\": write up to 6 digits"),
        ("9,水,Water,,1,1300,,,,,1-2,10,", "the code 10 is that of row 5 as well"),
        ("9,水,Water,,1,900,t13,,,,,,", "tax_rate 900 is not that of its class, 1300"),
        ("9,水,Water,,1,,t6,,,,,,", "there is no tax class \"t6\""),
    ];
    for (row, expected) in cases {
        let desk = Desk::new();
        let refusal = import_files(&desk, SPECIAL_STORE, &special(&[row]), "", false).expect_err(expected);
        assert!(refusal.contains("products.csv row 7: ") && refusal.contains(expected), "{row}: {refusal}");
        assert!(desk.product("1").is_none(), "nothing is half applied");
    }
}

#[test]
fn a_part_is_not_deleted_while_its_kit_stays() {
    let desk = Desk::new();
    import_files(&desk, SPECIAL_STORE, &special(&[]), "", false).expect("an import");
    let kit_alone = [SPECIAL_HEADER, "3,礼盒,Gift set,,20,1300,,,,1*3,,,"].join("\n");
    let refusal = import_files(&desk, "", &kit_alone, "", true).expect_err("the part is deleted");
    assert!(refusal.contains("there is no product \"1\""), "{refusal}");
    assert!(desk.product("1").is_some());
}

const PRICES: &str = "list,sku,unit,store,group,tier,from,until,price
main,1,,,,,2026-03-02T07:00+08:00,,4.80
main,1,case,S1,,,2026-03-02T07:00+08:00,2026-03-09T07:00+08:00,90
main,1,,,north,gold,2026-03-01 07:00+08:00,,4.50
main,1,,,,*,2026-03-01T07:00+08:00,,4.70
";

fn prices_of(desk: &Desk, sku: &str, scope: &PriceScope) -> Vec<(String, i64, i64)> {
    let rows = desk.store.read::<_, StoreError>(|reading| reading.prices_of(sku, scope)).expect("a read");
    rows.into_iter().map(|row| (row.unit, row.from_ms, row.price)).collect()
}

#[test]
fn prices_come_with_their_place_time_and_tier() {
    let desk = Desk::new();
    let first = import_files(&desk, SPECIAL_STORE, &special(&[]), PRICES, false).expect("an import");
    let store = PriceScope::Store("S1".into());
    let morning = NOW_MS + 23 * 3_600_000;
    assert_eq!(prices_of(&desk, "1", &store), [("case".into(), morning, 9_000)]);
    assert_eq!(prices_of(&desk, "1", &PriceScope::Group("north".into())).len(), 1);
    assert_eq!(prices_of(&desk, "1", &PriceScope::Chain).len(), 2);
    // The same again changes nothing; a price in the place of another is put there.
    let again = import_files(&desk, "", "", PRICES, false).expect("an import");
    assert_eq!((again.named, again.changed, again.version), (4, 0, first.version));
    import_files(&desk, "", "", &PRICES.replace(",90\n", ",88\n"), false).expect("an import");
    assert_eq!(prices_of(&desk, "1", &store), [("case".into(), morning, 8_800)]);
    // One that is not named any more goes where the import replaces, and only then.
    let less: Vec<&str> = PRICES.lines().take(2).collect();
    import_files(&desk, "", "", &less.join("\n"), false).expect("an import");
    assert_eq!(prices_of(&desk, "1", &store).len(), 1);
    let replaced = import_files(&desk, "", "", &less.join("\n"), true).expect("an import");
    assert_eq!((replaced.deleted, prices_of(&desk, "1", &store).len()), (3, 0));
    assert!(desk.product("1").is_some(), "goods are not what it names");
}

#[test]
fn every_mistake_of_a_price_names_its_row_and_what_to_do() {
    let cases = [
        ("main,99,,,,,2026-03-02T07:00+08:00,,1", "sku: there is no product \"99\""),
        ("main,1,box,,,,2026-03-02T07:00+08:00,,1", "unit: 1 has no unit \"box\""),
        ("main,1,,S9,,,2026-03-02T07:00+08:00,,1", "store: there is no store \"S9\""),
        ("main,1,,,south,,2026-03-02T07:00+08:00,,1", "group: no store is in the group \"south\""),
        ("main,1,,S1,north,,2026-03-02T07:00+08:00,,1", "leave one of them empty"),
        ("main,1,,,,,2026-03-02 07:00,,1", "from \"2026-03-02 07:00\": write the time with its offset"),
        ("main,1,,,,,2026-03-02T07:00+08:00,2026-03-02T07:00+08:00,1", "until: it ends before it begins"),
        ("main,1,,,,,2026-03-02T07:00+08:00,,0", "price: 0 is not between 1"),
        ("main,1,,,,,2026-03-02T07:00+08:00,,-1", "the price -1 is negative"),
        ("main,1,,,,,2026-03-02T07:00+08:00,,1.234", "2 decimals at most"),
        ("main,1,,,,,2026-03-02T07:00+08:00,,4.80", "it is there twice"),
    ];
    for (row, expected) in cases {
        let desk = Desk::new();
        let prices = format!("{PRICES}{row}\n");
        let refusal = import_files(&desk, SPECIAL_STORE, &special(&[]), &prices, false).expect_err(expected);
        assert!(refusal.contains("prices.csv row 6: ") && refusal.contains(expected), "{row}: {refusal}");
        assert!(desk.product("1").is_none(), "nothing is half applied");
    }
}

#[test]
fn a_price_list_alone_is_told_from_goods_by_its_first_row() {
    let desk = Desk::new();
    import_files(&desk, SPECIAL_STORE, &special(&[]), "", false).expect("an import");
    let path = desk.folder.path().join("march.csv");
    fs::write(&path, PRICES).expect("a file");
    let done = import(&desk.store, &path, false, NOW_MS, &mut |_| {}).expect("an import");
    assert_eq!(done.changed, 4);
}

fn put_price(store: &Store, text: &PriceText, now_ms: i64) -> Result<Imported, ImportError> {
    store.write(|writing| put_price_text(writing, text, now_ms))
}

#[test]
fn prices_that_can_never_count_again_are_taken_off_after_a_week() {
    let desk = Desk::new();
    import_files(&desk, SPECIAL_STORE, &special(&[]), PRICES, false).expect("an import");
    let price = |from: &str, price: &str| PriceText {
        sku: "1".into(),
        from: from.into(),
        price: price.into(),
        ..PriceText::default()
    };
    put_price(&desk.store, &price("2026-03-10T07:00+08:00", "4.60"), NOW_MS).expect("a price");
    assert_eq!(prices_of(&desk, "1", &PriceScope::Chain).len(), 3);
    let later = NOW_MS + 20 * 24 * 3_600_000;
    put_price(&desk.store, &price("2026-04-01T07:00+08:00", "4.40"), later).expect("a price");
    // That of March 2nd made room; the one for members stays beside the others.
    let left = prices_of(&desk, "1", &PriceScope::Chain);
    let mut left: Vec<_> = left.into_iter().map(|(.., price)| price).collect();
    left.sort_unstable();
    assert_eq!(left, [440, 460, 470]);
}

#[test]
fn an_item_has_only_so_many_prices_in_one_place() {
    let desk = Desk::new();
    let mut prices = "sku,from,price\n".to_owned();
    for minute in 0..=PRICES_PER_PLACE_MAX {
        prices.push_str(&format!("1,2026-03-02T07:{minute:02}+08:00,1\n"));
    }
    let refusal = import_files(&desk, SPECIAL_STORE, &special(&[]), &prices, false).expect_err("too many");
    assert!(refusal.contains("51 prices in one place; at most 50"), "{refusal}");
    assert!(desk.product("1").is_none(), "nothing is half applied");
}

#[test]
fn a_pin_is_never_stored() {
    let desk = Desk::new();
    desk.import(STORE, &[], false).expect("an import");
    let body = desk.store.read::<_, StoreError>(|reading| reading.entity(Kind::Staff, "u1")).expect("a read");
    let body = body.expect("a member of staff");
    assert!(body.contains("$argon2id$") && !body.contains("1234\""), "{body}");
}

#[test]
fn what_is_not_named_stays_unless_the_import_replaces() {
    let desk = Desk::new();
    desk.import(STORE, &["1,水,Water,,1,1300,,", "2,茶,Tea,,1,1300,,"], false).expect("an import");
    desk.import(STORE, &["1,水,Water,,1,1300,,"], false).expect("an import");
    assert!(desk.product("2").is_some());
    let replaced = desk.import(STORE, &["1,水,Water,,1,1300,,"], true).expect("an import");
    assert_eq!((replaced.changed, replaced.deleted), (0, 1));
    assert!(desk.product("2").is_none() && desk.product("1").is_some());
}

#[test]
fn a_code_may_move_from_one_product_to_another_within_an_import() {
    let desk = Desk::new();
    desk.import(STORE, &["1,水,Water,,1,1300,6901028075763,", "2,茶,Tea,,1,1300,,"], false)
        .expect("an import");
    desk.import(STORE, &["2,茶,Tea,,1,1300,6901028075763,", "1,水,Water,,1,1300,,"], false)
        .expect("an import");
    let refusal = desk.import(STORE, &["3,酒,Wine,,1,1300,06901028075763,"], false).expect_err("a duplicate");
    assert!(refusal.contains("sku 2 and 3: both have the code 06901028075763"), "{refusal}");
    assert!(desk.product("3").is_none());
}

#[test]
fn every_mistake_names_its_row_and_what_to_do() {
    let cases = [
        ("9,水,Water,drinks,-1,1300,,", "the price -1 is negative; write 0 or more"),
        ("9,水,Water,drinks,1.234,1300,,", "2 decimals at most"),
        ("9,水,Water,drinks,free,1300,,", "write it such as 3.50"),
        ("9,水,Water,nowhere,1,1300,,", "there is no category \"nowhere\""),
        ("9,水,Water,drinks,1,13,,", "write basis points such as 1300"),
        ("9,水,Water,drinks,1,10001,,", "more than 100 %"),
        ("9,水,Water,drinks,1,1300,6901028075764,", "the check digit should be 3, found 4"),
        ("9,水,Water,drinks,1,1300,6.9E+12,", "copy it from the pack, as text"),
        ("1,水,Water,drinks,1,1300,,", "the sku \"1\" is there twice"),
        ("9,水,Water,drinks,1,1300,9520001003035,", "is that of row 2 as well"),
        ("9,水,Water,drinks,1,1300,,00102", "the code 00102 is that of row 2 as well"),
        ("9,,,drinks,1,1300,,", "it has no name"),
        ("9,水,drinks,1,1300,,", "put texts with commas into quotes"),
        (",水,Water,drinks,1,1300,,", "sku \"\""),
    ];
    for (row, expected) in cases {
        let desk = Desk::new();
        let first = "1,泉,Spring,drinks,1,1300,9520001003035,102";
        let refusal = desk.import(STORE, &[first, row], false).expect_err(row);
        assert!(refusal.contains("products.csv row 3: ") && refusal.contains(expected), "{row}: {refusal}");
        assert!(desk.product("1").is_none(), "nothing is half applied");
    }
}

#[test]
fn mistakes_of_the_shop_file_name_their_place() {
    let cases = [
        (r#""cash_rounding": 10"#, r#""cash_rounding": 0"#, "store: cash_rounding 0"),
        (r#""code": "S1""#, r#""code": "S 1""#, "store: code \"S 1\""),
        (r#""pin": "1234""#, r#""pin": "12""#, "staff[0]: pin: use 4 to 12 digits"),
        (r#""role": "cashier""#, r#""role": "boss""#, "staff[0]: role \"boss\""),
        (r#""id": "m1", "#, "", "members[0]: it has no \"id\""),
        (
            r#""members""#,
            r#""membres""#,
            "shop.json: correct the place that is named: unknown field `membres`",
        ),
    ];
    for (from, to, expected) in cases {
        let refusal = Desk::new().import(&STORE.replace(from, to), &[], false).expect_err(expected);
        assert!(refusal.contains(expected), "{expected}: {refusal}");
    }
}

#[test]
fn goods_without_a_store_have_no_currency() {
    let desk = Desk::new();
    let refusal = desk.import("{}", &["1,水,Water,,1,1300,,"], false).expect_err("no store");
    assert!(refusal.contains("import a store first"), "{refusal}");
}

#[test]
fn a_second_store_with_another_currency_is_refused() {
    let desk = Desk::new();
    desk.import(STORE, &[], false).expect("an import");
    let other = STORE.replace("\"S1\"", "\"S2\"");
    let refusal = desk.import(&other.replace("CNY", "USD"), &[], false).expect_err("another currency");
    assert!(refusal.contains("the other stores use CNY"), "{refusal}");
    desk.import(&other, &[], false).expect("the same currency");
}

#[test]
fn initials_are_those_that_a_cashier_types() {
    for (name, expected) in
        [("可口可乐", "kkkl"), ("AD钙奶", "adgn"), ("７喜 330ml", "7x330ml"), ("绿茶", "lc")]
    {
        assert_eq!(complete::initials(name), expected, "{name}");
    }
}

/// What the lanes of a store are told of one kind: keys, and whether each is still there.
fn told(desk: &Desk, store: &str, kind: &str) -> Vec<(String, bool)> {
    let mut told = Vec::new();
    let scopes = [store.to_owned()];
    desk.store
        .read::<_, StoreError>(|reading| {
            reading.changes_after(&scopes, 0, true, usize::MAX, |change| {
                if change.kind == kind {
                    told.push((change.key, change.body.is_some()));
                }
                true
            })
        })
        .expect("a read");
    told
}

#[test]
fn members_and_coupons_are_told_to_their_store_alone() {
    let desk = Desk::new();
    let shop = |members: &str, coupons: &str| {
        let members = format!(r#""members": [{members}], "coupons": [{coupons}]"#);
        STORE.replace(r#""members": [{"id": "m1", "phone": "13800000000"}]"#, &members)
    };
    let both = shop(r#"{"id": "m1"}, {"id": "m2", "store": "S2"}"#, r#"{"code": "C1", "promotion": "K1"}"#);
    desk.import(&both, &[], false).expect("an import");
    let here = |key: &str| vec![(key.to_owned(), true)];
    assert_eq!((told(&desk, "S1", "member"), told(&desk, "S2", "member")), (here("m1"), here("m2")));
    assert_eq!((told(&desk, "S1", "coupon"), told(&desk, "S2", "coupon")), (here("C1"), Vec::new()));

    // A member moves, and a coupon is not named any more.
    let moved = shop(r#"{"id": "m1", "store": "S2"}"#, r#"{"code": "C2", "promotion": "K1"}"#);
    desk.import(&moved, &[], true).expect("an import");
    assert_eq!(told(&desk, "S1", "member"), [("m1".to_owned(), false)]);
    assert_eq!(told(&desk, "S2", "member"), [("m2".to_owned(), true), ("m1".to_owned(), true)]);
    assert_eq!(told(&desk, "S1", "coupon"), [("C2".to_owned(), true), ("C1".to_owned(), false)]);
    for (members, coupons, expected) in [
        (r#"{"id": "m1", "tier": 3}"#, "", "members[0]"),
        ("", r#"{"code": "", "promotion": "K1"}"#, "coupons[0]"),
        ("", r#"{"code": "C1", "promotion": "K"}, {"code": "C1", "promotion": "K"}"#, "C1 is there twice"),
    ] {
        let refusal = desk.import(&shop(members, coupons), &[], false).expect_err(expected);
        assert!(refusal.contains(expected), "{refusal}");
    }
}

#[test]
fn a_promotion_that_references_nothing_is_refused_with_what_it_names() {
    let desk = Desk::new();
    let with = |rules: &str| {
        let shop = STORE.trim_end().trim_end_matches('}');
        desk.import(
            &format!("{shop}, \"promotion_rules\": [{rules}]}}"),
            &["1,水,Water,drinks,2.50,1300,,"],
            false,
        )
    };
    let off = |id: &str, more: &str| {
        format!(r#"{{"id": "{id}", "layer": "order", "type": "threshold_off", "min": 100, "off": 10{more}}}"#)
    };
    let refused = |more: &str| with(&off("a", more)).expect_err("it names nothing that there is");
    let says = [
        (r#", "categories": ["snaks"]"#, r#"there is no category "snaks""#),
        (r#", "not_categories": ["snaks"]"#, r#"there is no category "snaks""#),
        (r#", "stores": ["S9"]"#, r#"there is no store "S9""#),
        (r#", "excludes": "b""#, r#"it excludes "b", which is no promotion"#),
        (r#", "excludes": ["a2", "b"]"#, r#"it excludes "a2""#),
        (r#", "skus": ["nothing"]"#, r#"there is no product "nothing""#),
        (r#", "quotas": [{"for": "shop", "units": 1}]"#, r#""shop" is no quota; use member, store or chain"#),
        (r#", "quotas": [{"for": "store", "units": 0}]"#, "the units of a quota is 0"),
        (r#", "quotas": [{"for": "store", "off": 0}]"#, "the money of a quota is 0"),
        (r#", "quotas": [{"for": "store"}]"#, "a quota is either of `units` or of money taken `off`"),
        (
            r#", "quotas": [{"for": "store", "units": 1, "off": 1}]"#,
            "a quota is either of `units` or of money",
        ),
        (
            r#", "bearers": [{"who": "bank", "share": 10000}]"#,
            r#""bank" is no bearer; use chain, store or supplier"#,
        ),
        (
            r#", "bearers": [{"who": "supplier", "share": 10000}]"#,
            "is no bearer; use chain, store or supplier",
        ),
        (r#", "bearers": [{"who": "chain", "share": 9999}]"#, "must sum to 10000 basis points"),
    ];
    for (more, words) in says {
        let error = refused(more);
        assert!(error.contains(words), "{more}: {error}");
    }
    // A slot of a bundle is looked at too.
    let slot = r#"{"id": "s", "layer": "item", "type": "bundle", "amount": 100,
                   "slots": [{"categories": ["snaks"], "qty": 2}]}"#;
    assert!(with(slot).expect_err("the slot has no goods").contains("snaks"));
    // Two that exclude one another come together; later ones may name them.
    let both = [off("a", r#", "excludes": "b""#), off("b", r#", "excludes": "a", "categories": ["drinks"]"#)];
    with(&both.join(", ")).expect("each is there");
    with(&off("c", r#", "excludes": ["a", "b"], "stores": ["S1"]"#)).expect("both are known");
    with(&off("d", r#", "quotas": [{"for": "member", "daily": true, "units": 2}]"#)).expect("it can be kept");
}
