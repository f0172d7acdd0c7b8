//! Preview data: every page of the kiosk.

use ui::kiosk::{Go, Goods, KioskBar, KioskKey, KioskNotice, KioskPage, KioskView, Look, Row};
use ui::view::Tone;

pub fn goods(name: &str) -> Goods {
    Goods {
        name: name.into(),
        detail: "550ml".into(),
        saving: "第二件半价 −1.00".into(),
        price: "12.00".into(),
        sign: "G".into(),
        kind: 1,
        picture: None,
        remove: format!("Take out {name}"),
    }
}

pub fn row(name: &str) -> Row {
    Row {
        name: name.into(),
        detail: "¥0.20".into(),
        count: "0".into(),
        less: format!("{name}: one less"),
        more: format!("{name}: one more"),
        ..Row::default()
    }
}

pub fn around(page: KioskPage) -> KioskView {
    KioskView {
        store: "Wenlin Road".into(),
        look: Look { contrast: false, large: true },
        bar: KioskBar {
            title: "Scan your items".into(),
            language: "中文".into(),
            large: "Small type".into(),
            contrast: "Contrast".into(),
            help: "Call staff".into(),
            staff: "Staff".into(),
        },
        page,
        notice: Some(KioskNotice {
            tone: Tone::Attend,
            what: "The code was not read".into(),
            rest: "Not added. Scan it again, with the code flat.".into(),
        }),
        back: "Back".into(),
        go: Some(Go {
            label: "Pay".into(),
            value: "¥1060.49".into(),
            detail: "11 items".into(),
            enabled: true,
        }),
        keys: ["Goods without a code", "Member / coupon", "Bags"]
            .map(|label| KioskKey {
                label: label.into(),
                detail: String::new(),
                tone: Tone::Quiet,
                enabled: true,
            })
            .to_vec(),
    }
}

pub fn pages() -> Vec<(&'static str, KioskPage)> {
    let (title, text) = (String::from("Do you need a bag?"), String::from("Bags are charged for."));
    vec![
        (
            "plain",
            KioskPage::Plain {
                title: title.clone(),
                text: text.clone(),
                great_label: "To pay".into(),
                great: "¥1060.49".into(),
                code: None,
            },
        ),
        (
            "scan",
            KioskPage::Scan { lines: ["one", "two", "three"].map(goods).to_vec(), empty: String::new() },
        ),
        (
            "goods",
            KioskPage::Goods {
                tabs: ["Fruit", "Vegetables & Tofu"].map(str::to_owned).to_vec(),
                tab: 0,
                tiles: ["Bananas", "Pears", "Apples"].map(goods).to_vec(),
                empty: String::new(),
                erase: "Delete one letter".into(),
            },
        ),
        (
            "pad",
            KioskPage::Pad {
                title: title.clone(),
                text: text.clone(),
                typed: "138".into(),
                erase: "Delete one digit".into(),
            },
        ),
        ("list", KioskPage::List { title, text, rows: ["Small bag", "Large bag"].map(row).to_vec() }),
    ]
}
