//! Every parser on bytes of any kind, and the till on days of any kind: none panics, and what each accepts is what it says.

mod harness;
mod till;

use chrono::NaiveDate;
use domain::barcode::element::{Elements, SEPARATOR};
use domain::barcode::lint::Lint;
use domain::barcode::{
    self, Barcode, Codes, Gtin, PhoneCode, ReceiptCode, ScalePattern, ShopKind, ShopPattern, link,
    looks_like_payment, recognise, symbology,
};
use domain::label::LabelNumber;
use domain::money::{AMOUNT_MAX, Currency, EXPONENT_MAX, Quantity};
use harness::fuzz;

/// What codes are made of.
const FRAGMENTS: &[&str] = &[
    "01",
    "02",
    "10",
    "15",
    "17",
    "21",
    "30",
    "37",
    "3103",
    "3922",
    "3932156",
    "7003",
    "8006",
    "8110",
    "8112",
    "8200",
    "00",
    "253",
    "255",
    "414",
    "8020",
    "\u{1d}",
    "\u{1d}\u{1d}",
    "]C1",
    "]E0",
    "]E3",
    "]E4",
    "]d2",
    "]Q1",
    "]Q3",
    "]e0",
    "]I1",
    "(01)",
    "(10)",
    "(17)",
    "(",
    ")",
    "\\(",
    "https://",
    "http://id.gs1.org/",
    "/01/",
    "/10/",
    "?17=",
    "&",
    ";",
    "=",
    "#",
    "%2F",
    "%",
    "%F0%9F",
    "+",
    "-",
    "*",
    "M",
    "R",
    "S",
    "C",
    "L",
    "A1",
    "991332",
    "270200",
    "000000",
    "09520000000011",
    "6901028075763",
    "134567890123456789",
    "281234567890123456",
    "2",
    "99",
    "é",
    "批",
    "\u{0}",
    " ",
    "\u{feff}",
    "９",
];

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn today() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day")
}

fn codes() -> Codes {
    let mut codes = Codes::default();
    for layout in ["21IIIIIWWWWWC", "23IIIIIPPPPPC", "22IIIIIPPPPPWWWWWC", "02IIIIIPPPPPC"] {
        codes.add_scale(ScalePattern::parse(layout).expect("a good layout")).expect("no other is like it");
    }
    for (kind, pattern) in [(ShopKind::Member, "29 N10"), (ShopKind::Coupon, "99 N10")] {
        let pattern = ShopPattern::parse(kind, pattern).expect("a good pattern");
        codes.add_shop(pattern).expect("no other is like it");
    }
    codes
}

fn is_number_of_goods(gtin: &Gtin) {
    assert_eq!(Gtin::parse(gtin.as_str()).as_ref(), Ok(gtin));
    assert_eq!(Gtin::parse(gtin.as_printed()).as_ref(), Ok(gtin));
}

#[test]
fn recognising() {
    let codes = codes();
    fuzz("recognise", FRAGMENTS, |bytes| {
        let text = text(bytes);
        let barcode = recognise(&text, &codes, today());
        assert_eq!(recognise(&format!(" {text}\r\n"), &codes, today()), barcode);
        if looks_like_payment(symbology::split(text.trim()).1) {
            assert!(
                !matches!(barcode, Barcode::Goods(_) | Barcode::Scale(_) | Barcode::ItemCode(_)),
                "{barcode:?}"
            );
        }
        match &barcode {
            Barcode::Goods(goods) => {
                is_number_of_goods(&goods.gtin);
                goods.also.iter().for_each(is_number_of_goods);
                let short =
                    |part: &Option<String>| part.as_ref().is_none_or(|part| (1..=20).contains(&part.len()));
                assert!(short(&goods.batch) && short(&goods.serial), "{goods:?}");
            }
            Barcode::Scale(label) => assert!(label.weight.is_some() || label.amount.is_some()),
            Barcode::Receipt(code) => {
                assert_eq!(ReceiptCode::read(&code.to_string()), Some(Ok(code.clone())))
            }
            Barcode::Malformed(error) => assert!(error.position <= text.len(), "{error:?}"),
            Barcode::Misread(_, why) => assert!(!why.to_string().is_empty()),
            Barcode::Other(kept) => assert!(kept.chars().count() <= barcode::OTHER_LENGTH_MAX),
            Barcode::Staff(code) | Barcode::Label(code) => {
                assert_eq!(recognise(code, &codes, today()), barcode);
            }
            Barcode::Phone(PhoneCode::Basket(code) | PhoneCode::Exit(code)) => {
                assert!(code.len() <= barcode::phone::LENGTH_MAX);
                assert_eq!(recognise(code, &codes, today()), barcode);
            }
            Barcode::Member(_) | Barcode::Coupon(_) | Barcode::Payment | Barcode::ItemCode(_) => {}
        }
        let _ = barcode::elements(&text);
    });
}

/// What elements say, whichever form they came in.
fn said(elements: &Elements<'_>) -> Vec<(String, String)> {
    let pair = |element: &domain::barcode::element::Element<'_>| {
        (element.ai.to_string(), element.value.clone().into_owned())
    };
    elements.list().iter().map(pair).collect()
}

#[test]
fn element_strings() {
    fuzz("elements", FRAGMENTS, |bytes| {
        let text = text(bytes);
        for read in [Elements::parse(&text), Elements::parse_bracketed(&text)] {
            let elements = match read {
                Ok(elements) => said(&elements),
                Err(error) => {
                    assert!(error.position <= text.len() && !error.to_string().is_empty(), "{error:?}");
                    continue;
                }
            };
            let string: String =
                elements.iter().map(|(ai, value)| format!("{ai}{value}{SEPARATOR}")).collect();
            assert_eq!(Elements::parse(&string).map(|again| said(&again)).as_ref(), Ok(&elements));
            let typed: String =
                elements.iter().map(|(ai, value)| format!("({ai}){}", value.replace('(', "\\("))).collect();
            assert_eq!(Elements::parse_bracketed(&typed).map(|again| said(&again)).as_ref(), Ok(&elements));
        }
    });
}

#[test]
fn digital_links() {
    fuzz("links", FRAGMENTS, |bytes| {
        let text = text(bytes);
        match link::parse(&text) {
            None => {}
            Some(Err(error)) => assert!(error.position <= text.len() && !error.to_string().is_empty()),
            Some(Ok(elements)) => {
                let elements = said(&elements);
                let string: String =
                    elements.iter().map(|(ai, value)| format!("{ai}{value}{SEPARATOR}")).collect();
                assert_eq!(Elements::parse(&string).map(|again| said(&again)), Ok(elements));
            }
        }
    });
}

#[test]
fn scale_patterns_and_labels() {
    let fragments = &["I", "W", "P", "C", "21", "0", "\n", "IIIII", "WWWWW", "PPPPP", "25", "62", "01", "é"];
    fuzz("scale", fragments, |bytes| {
        let text = text(bytes);
        let (layout, code) = text.split_once('\n').unwrap_or((&text, ""));
        let Ok(pattern) = ScalePattern::parse(layout) else { return };
        let most = Quantity::from_thousandths(30_000).expect("in range");
        let read = pattern.read(code, most);
        if let Some(Ok(label)) = &read {
            assert!(label.weight.is_none_or(|weight| weight <= most), "{label:?}");
            assert!(
                label.amount.is_none_or(|amount| amount.is_positive() && amount.is_amount()),
                "{label:?}"
            );
        }
        assert!(read.is_none() || !looks_like_payment(code));
        let mut codes = Codes::none();
        codes.add_scale(pattern.clone()).expect("the only one");
        assert!(codes.add_scale(pattern).is_err());
        let barcode = recognise(code, &codes, today());
        assert!(!looks_like_payment(code.trim()) || barcode == Barcode::Payment);
    });
}

#[test]
fn codes_of_the_shop() {
    let fragments =
        &["N", "X", "..", " ", "\n", "M", "29", "99", "20", "4", "-", "*", "é", "R", "69", "01", "25"];
    fuzz("shop", fragments, |bytes| {
        let text = text(bytes);
        let (pattern, code) = text.split_once('\n').unwrap_or((&text, ""));
        if let Some(Ok(receipt)) = ReceiptCode::read(code) {
            assert_eq!(ReceiptCode::read(&receipt.to_string()), Some(Ok(receipt)));
        }
        let Ok(pattern) = ShopPattern::parse(ShopKind::Member, pattern) else { return };
        if let Some(Ok(read)) = pattern.read(code) {
            assert_eq!(pattern.read(&read), Some(Ok(read.clone())));
            assert!(!looks_like_payment(&read));
        }
        if let Some(issued) = pattern.issue(code) {
            let mut codes = Codes::none();
            codes.add_shop(pattern.clone()).expect("the only one");
            assert_eq!(recognise(&issued, &codes, today()), Barcode::Member(issued));
        }
    });
}

#[test]
fn trade_item_numbers() {
    let fragments = &["0", "1", "9", "690", "O", "é", "00000", "4", "\u{0}"];
    fuzz("gtin", fragments, |bytes| {
        let text = text(bytes);
        for gtin in [Gtin::parse(&text), Gtin::parse_upc_e(&text)].into_iter().flatten() {
            is_number_of_goods(&gtin);
        }
    });
}

#[test]
fn amounts() {
    let fragments = &["0", "9", ".", "-", "+", "e", ",", "１", "00000000", "99999999", " ", "¥"];
    fuzz("amounts", fragments, |bytes| {
        let text = text(bytes);
        for exponent in [0, 2, EXPONENT_MAX, u8::MAX] {
            let currency = Currency { code: "CNY".into(), symbol: "¥".into(), exponent };
            if let Ok(amount) = currency.parse(&text) {
                assert!((0..=AMOUNT_MAX).contains(&amount.minor()));
                assert_eq!(currency.parse(&currency.format(amount)), Ok(amount));
            }
        }
    });
}

#[test]
fn rules_for_content() {
    let fragments = &[
        "0", "9", "A", "a", "=", "==", "%", "%f", "/", "-", "_", "é", "批", "\u{0}", "29", "CN", "156", "1A",
    ];
    fuzz("lints", fragments, |bytes| {
        let text = text(bytes);
        for lint in Lint::ALL {
            if let Err(failure) = lint.check(&text) {
                let wrong = text.get(failure.start..failure.start + failure.length);
                assert!(wrong.is_some(), "{lint:?}: {failure:?}");
                assert!(!failure.error.to_string().is_empty());
            }
        }
    });
}

#[test]
fn numbers_of_labels() {
    let fragments = &["0", "9", "A", "f", "G", ":", "-", " ", "0123456789AB", "é", "０", "\u{0}"];
    fuzz("labels", fragments, |bytes| {
        if let Ok(label) = LabelNumber::parse(&text(bytes)) {
            assert_eq!(label.as_str().len(), 16);
            assert_eq!(LabelNumber::parse(label.as_str()), Ok(label.clone()));
        }
    });
}
