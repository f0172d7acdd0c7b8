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
        import(&self.store, &folder, replace, &mut |_| {}).map_err(|error| {
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
    assert_eq!((first.named, first.changed, first.members_changed, first.version), (5, 5, 1, 5));
    let again = desk.import(STORE, &rows, false).expect("an import");
    assert_eq!((again.named, again.changed, again.members_changed, again.version), (5, 0, 0, 5));
    let water = desk.product("1").expect("a product");
    assert_eq!((water.price, water.initials.as_str()), (250, "qqs550ml"));
    assert_eq!(desk.product("2").map(|apple| (apple.price, apple.tax_rate)), Some((990, 900)));
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
        assert_eq!(check::initials(name), expected, "{name}");
    }
}
