//! Scans, and what they stand for.

use expect_test::{Expect, expect};

use super::*;

fn codes() -> Codes {
    let mut codes = Codes::default();
    for layout in ["21IIIIIWWWWWC", "23IIIIIPPPPPC", "22IIIIIPPPPPWWWWWC", "02IIIIIPPPPPC"] {
        codes.add_scale(ScalePattern::parse(layout).expect("a good layout")).expect("no other is like it");
    }
    let members = ShopPattern::parse(ShopKind::Member, "29 N10").expect("a good pattern");
    codes.add_shop(members).expect("no other is like it");
    codes
}

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day")
}

fn told(barcode: &Barcode) -> String {
    match barcode {
        Barcode::Goods(goods) => goods_words(goods),
        Barcode::Scale(label) => {
            let weight = label.weight.map_or_else(String::new, |weight| format!(" {weight} kg"));
            let amount = label.amount.map_or_else(String::new, |amount| format!(" for {}", amount.minor()));
            format!("scale {}{weight}{amount}", label.plu)
        }
        Barcode::Member(code) => format!("member {code}"),
        Barcode::Coupon(code) => format!("coupon {code}"),
        Barcode::Staff(code) => format!("staff {code}"),
        Barcode::Receipt(code) => format!("receipt {} {} {} {}", code.store, code.lane, code.epoch, code.seq),
        Barcode::Label(code) => format!("label {code}"),
        Barcode::Phone(PhoneCode::Basket(code)) => format!("phone's basket {}", code.len()),
        Barcode::Phone(PhoneCode::Exit(code)) => format!("phone's exit {}", code.len()),
        Barcode::Payment => "payment".into(),
        Barcode::ItemCode(code) => format!("item {code}"),
        Barcode::Misread(code, why) => format!("misread {code}: {why}"),
        Barcode::Malformed(error) => format!("malformed: {error}"),
        Barcode::Other(text) => format!("other {text}"),
    }
}

fn goods_words(goods: &Goods) -> String {
    let mut words = vec![format!("goods {}", goods.gtin.as_str())];
    let mut say =
        |word: &str, value: Option<String>| words.extend(value.map(|value| format!("{word} {value}")));
    say("or", goods.also.map(|gtin| gtin.as_str().to_owned()));
    say("batch", goods.batch.clone());
    say("expiry", goods.expiry.map(|day| day.to_string()));
    say("at", goods.expiry_time.map(|time| time.to_string()));
    say("best before", goods.best_before.map(|day| day.to_string()));
    say("sell by", goods.sell_by.map(|day| day.to_string()));
    say("serial", goods.serial.clone());
    say("weight", goods.weight.map(|weight| weight.to_string()));
    say("count", goods.count.map(|count| count.to_string()));
    let price = |price: Price| {
        format!(
            "{}e-{}{}",
            price.digits,
            price.decimals,
            price.currency.map_or(String::new(), |number| format!(" in {number}"))
        )
    };
    say("price", goods.price.map(price));
    words.join(", ")
}

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&told(&recognise(text, &codes(), today())));
}

fn with_check(body: &str) -> String {
    format!("{body}{}", gtin::check_digit(body.as_bytes()))
}

#[test]
fn a_retail_code_is_goods() {
    check("6901028075763", expect!["goods 06901028075763"]);
    check(" 036000291452 ", expect!["goods 00036000291452"]);
    check("]E0036000291452", expect!["goods 00036000291452"]);
    check("16901028075760", expect!["goods 16901028075760"]);
    check("]I116901028075760", expect!["goods 16901028075760"]);
    check("]E36901028075763", expect!["goods 06901028075763"]);
    check("]E3977167498001112", expect!["goods 09771674980011"]);
    check("]E305", expect!["misread 05: read a GTIN: 8, 12, 13 or 14 digits are needed, found 2"]);
    check("]E105", expect!["other 05"]);
}

#[test]
fn eight_digits_may_be_two_things() {
    check("96385074", expect!["goods 00000096385074"]);
    check("04252614", expect!["goods 00042100005264"]);
    check("]E004252614", expect!["goods 00042100005264"]);
    check("]E404252614", expect!["misread 04252614: read a GTIN: the check digit should be 0, found 4"]);
    // Good as both.
    check("01234565", expect!["goods 00000001234565, or 00012345000065"]);
    check("]E401234565", expect!["goods 00000001234565"]);
}

#[test]
fn a_scale_label_carries_weight_or_amount() {
    check(&with_check("211000101235"), expect!["scale 10001 1.235 kg"]);
    check(&with_check("231000101235"), expect!["scale 10001 for 1235"]);
    check(&with_check("22100010123500534"), expect!["scale 10001 0.534 kg for 1235"]);
    check(&with_check("021000101235"), expect!["scale 10001 for 1235"]);
    check(&with_check("021000101235")[1..], expect!["scale 10001 for 1235"]);
}

#[test]
fn a_label_that_cannot_be_is_refused() {
    check(
        &with_check("211000100000"),
        expect!["misread 2110001000003: read a scale's label: a weight of 0 g cannot be"],
    );
    check(
        &with_check("231000100000"),
        expect!["misread 2310001000007: read a scale's label: an amount of nothing cannot be"],
    );
    check(
        "2110001012359",
        expect!["misread 2110001012359: read a scale's label: the check digit should be 8, found 9"],
    );
    let mut few = codes();
    few.set_weight_max(Quantity::from_thousandths(15_000).expect("in range"));
    let heavy = recognise(&with_check("211000115001"), &few, today());
    expect!["misread 2110001150012: read a scale's label: a weight of 15001 g cannot be"]
        .assert_eq(&told(&heavy));
}

#[test]
fn a_payment_code_is_never_goods() {
    for code in ["134567890123456789", "281234567890123456", "6212345678901234567", "]C0281234567890123456"] {
        assert_eq!(recognise(code, &codes(), today()), Barcode::Payment, "{code}");
    }
}

#[test]
fn the_shops_own_codes_are_told_apart() {
    let codes = codes();
    let issue = |at: usize, body: &str| codes.shop[at].issue(body).expect("a body of this form");
    check(&issue(0, "000001"), expect!["member M000001W"]);
    check(&issue(1, "SPRING26"), expect!["coupon CSPRING26K"]);
    check(&issue(2, "0101"), expect!["staff S0101K"]);
    check(&issue(3, "0000021E7A3F4C59"), expect!["label L0000021E7A3F4C596"]);
    check(&issue(4, "0000000042"), expect!["member 2900000000421"]);
    check("rS001-2-1-41-h", expect!["receipt S001 2 1 41"]);
    let token = "0123456789abcdef0123456789abcdef";
    check(&format!("https://hq.example/r/RS001-2-1-41-H/{token}"), expect!["receipt S001 2 1 41"]);
    check(&format!("]Q1HTTPS://HQ.EXAMPLE/r/RS001-2-1-41-H/{token}"), expect!["receipt S001 2 1 41"]);
    check(
        "M0000011",
        expect!["misread M0000011: read a code of the shop: the check should be 'W', found '1'"],
    );
    // Of the prefixes for coupons, but not configured.
    check("9900000000011", expect!["goods 09900000000011"]);
    let mut few = codes;
    few.add_shop(ShopPattern::parse(ShopKind::Coupon, "99 N10").expect("a good pattern")).expect("no other");
    assert_eq!(recognise("9900000000011", &few, today()), Barcode::Coupon("9900000000011".into()));
}

#[test]
fn gs1_data_says_what_is_special_about_this_piece() {
    check(
        "]C1010952000000001110A1\u{1d}1727033121S7",
        expect!["goods 09520000000011, batch A1, expiry 2027-03-31, serial S7"],
    );
    check(
        "]d20109520000000011172702001527010016270110",
        expect!["goods 09520000000011, expiry 2027-02-28, best before 2027-01-31, sell by 2027-01-10"],
    );
    check("010952000000001110A1\u{1d}17270331", expect!["goods 09520000000011, batch A1, expiry 2027-03-31"]);
    check("0109520000000011172703311012", expect!["goods 09520000000011, batch 12, expiry 2027-03-31"]);
    check("(01)09520000000011(17)270331", expect!["goods 09520000000011, expiry 2027-03-31"]);
    check(
        "]Q1https://id.gs1.org/01/09520000000011/10/A1?17=270331",
        expect!["goods 09520000000011, batch A1, expiry 2027-03-31"],
    );
    check(
        "]e00199520000000014310300123439220001599",
        expect!["goods 99520000000014, weight 1.234, price 1599e-2"],
    );
    check(
        "]e001995200000000143104012345393315600001599",
        expect!["goods 99520000000014, weight 1.235, price 1599e-3 in 156"],
    );
    check(
        "]e0019952000000001430",
        expect!["malformed: read GS1 data, AI (30), character 19: nothing is there"],
    );
    check("]e00199520000000014306", expect!["goods 99520000000014, count 6"]);
    check(
        "]d2010952000000001170032703311830\u{1d}17261231",
        expect!["goods 09520000000011, expiry 2026-12-31"],
    );
    check(
        "]d201095200000000111727033170032703311830",
        expect!["goods 09520000000011, expiry 2027-03-31, at 18:30:00"],
    );
}

#[test]
fn gs1_data_that_is_no_goods_is_said_to_be_what_it_is() {
    check("]C18112001234561234560123456", expect!["coupon 001234561234560123456"]);
    check("]C18110012345612345611110123", expect!["coupon 012345612345611110123"]);
    check("8110012345612345611110123", expect!["coupon 012345612345611110123"]);
    check("]C12559520000000011123", expect!["coupon 9520000000011123"]);
    check("]C18018952000000000000002", expect!["member 952000000000000002"]);
    check("]C100095200000000000004", expect!["other (00)095200000000000004"]);
    check(
        "]C10209520000000011373",
        expect![
            "malformed: read GS1 data, AI (37), character 17: one of these must stand beside it: 00+02 00+8026"
        ],
    );
}

#[test]
fn bad_gs1_data_is_refused_with_its_place() {
    check(
        "]C1010952000000001117991332",
        expect!["malformed: read GS1 data, AI (17), character 21: it has no such month"],
    );
    check("]C1", expect!["other "]);
    check(
        "]C1HELLO",
        expect![[r#"malformed: read GS1 data, character 1: "HELL" is no application identifier"#]],
    );
    check(
        "]C10109520000000012",
        expect!["malformed: read GS1 data, AI (01), character 16: it has a wrong check digit"],
    );
    check(
        "]C10109520000000011310300000017270331",
        expect![
            "malformed: read GS1 data, AI (3103), character 17: an amount of nothing, or too large a one"
        ],
    );
    check("0109520000000011991", expect!["goods 09520000000011"]);
    check(
        "0109520000000011881",
        expect![[r#"malformed: read GS1 data, character 17: "881" is no application identifier"#]],
    );
}

#[test]
fn everything_else_is_said_to_be_what_it_is() {
    check("10001", expect!["item 10001"]);
    check("85123A", expect!["item 85123A"]);
    check("2101234012505", expect!["scale 01234 1.250 kg"]);
    check(
        " 9520000000012 ",
        expect!["misread 9520000000012: read a GTIN: the check digit should be 1, found 2"],
    );
    check("69O1028075763", expect!["misread 69O1028075763: read a GTIN: 'O' is not a digit"]);
    check("]E069O10280", expect!["misread 69O10280: read a GTIN: 'O' is not a digit"]);
    check("https://example.com/x", expect!["other https://example.com/x"]);
    check("RED-BULL", expect!["item RED-BULL"]);
    check("会员", expect!["other 会员"]);
    check("", expect!["other "]);
    check("]E0", expect!["other "]);
    assert!(
        matches!(recognise(&"9".repeat(5_000), &codes(), today()), Barcode::Other(text) if text.len() == 256)
    );
}

#[test]
fn patterns_whose_codes_would_be_mistaken_are_refused() {
    let check = |kind: ShopKind, shop: &str, collides: bool| {
        let pattern = ShopPattern::parse(kind, shop).expect("a good pattern");
        assert_eq!(codes().add_shop(pattern).is_err(), collides, "{shop}");
    };
    check(ShopKind::Coupon, "29 N10", true);
    check(ShopKind::Coupon, "290 N9", true);
    check(ShopKind::Coupon, "28 N10", false);
    check(ShopKind::Coupon, "21 N10", true);
    check(ShopKind::Coupon, "MC X6", true);
    check(ShopKind::Coupon, "V X6", false);
    check(ShopKind::Staff, "S1 X4", true);
    // A body of digits has no A.
    check(ShopKind::Staff, "SA N6", false);
    let scale =
        |layout: &str| codes().add_scale(ScalePattern::parse(layout).expect("a good layout")).is_err();
    assert!(scale("210IIIIWWWWWC"));
    assert!(scale("29IIIIIWWWWWC"));
    assert!(!scale("24IIIIIWWWWWC"));
}

#[test]
fn a_store_that_configured_something_impossible_still_has_the_rest() {
    let list = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let (codes, left_out) = Codes::configured(
        &list(&["21IIIIIWWWWWC", "21IIIIIPPPPPC", "28IIIIIPPPPPWWWWWC"]),
        &list(&["member 29 N10", "coupon 290 N9", "friend F N4"]),
    );
    let told: Vec<String> = left_out.iter().map(ToString::to_string).collect();
    expect![[r#"
        add a code pattern with prefix 21: its codes would look like those with prefix 21
        read scale pattern "28IIIIIPPPPPWWWWWC": its codes would look like payment codes; choose another prefix
        add a code pattern with prefix 290: its codes would look like those with prefix 29
        read code pattern "friend F N4": a prefix of digits or capital letters, a blank, N or X and a length of 1 to 24 are needed, such as M X4..20"#]].assert_eq(&told.join("\n"));
    assert_eq!((codes.scale.len(), codes.shop.len()), (1, 1));
    assert_eq!(Codes::configured(&[], &[]), (Codes::default(), Vec::new()));
}

#[test]
fn what_a_phone_shows_is_told_from_everything_else() {
    let of = |prefix: &str, length: usize| format!("{prefix}{}", "A7".repeat(length / 2));
    check(&of("GTB", 120), expect!["phone's basket 123"]);
    check(&format!("]Q1{}", of("gtx", 120)), expect!["phone's exit 123"]);
    // Another code, one that is too short or too long, and one with a character that none has.
    assert_eq!(phone::read(&of("GTC", 120)), None);
    assert_eq!(phone::read(&of("GTB", phone::LENGTH_MIN - 4)), None);
    assert!(phone::read(&of("GTB", phone::LENGTH_MAX - 4)).is_some());
    assert_eq!(phone::read(&of("GTB", phone::LENGTH_MAX - 2)), None);
    assert_eq!(phone::read(&of("GTB", 120).replace('7', "8")), None);
    // A scanner that saw GS1 data saw no code of ours.
    assert!(!matches!(recognise(&format!("]Q3{}", of("GTB", 120)), &codes(), today()), Barcode::Phone(_)));
    // No code of the shop's own is as long, whatever its prefix.
    let longest = shop::PREFIX_LENGTH_MAX + shop::BODY_LENGTH_MAX + 1;
    assert!(longest < phone::LENGTH_MIN);
}
