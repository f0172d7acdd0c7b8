//! What a label says of goods in each condition, and when a price is struck.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::barcode::Gtin;
use domain::catalogue::{Audience, Found, PriceRow, PriceScope};
use domain::coupon::Coupon;
use domain::label::LabelNumber;
use domain::member::Member;
use domain::money::TaxRate;
use domain::promotion::rule::{Conditions, PriceRule, Rule, Scope, Stacking};
use expect_test::{Expect, expect};

use super::*;
use crate::labels::LabelsConfig;

const NOW_MS: i64 = 1_772_416_800_000;
const BEGUN_MS: i64 = NOW_MS - DAY_MS;

/// A store with one item.
struct Shop {
    item: Arc<Item>,
    product: pull::Product,
    promotions: Arc<PromotionSet>,
    deal: Option<Deal>,
    is_sold_out: bool,
}

impl Catalogue for Shop {
    fn version(&self) -> u64 {
        1
    }
    fn item_by_gtin(&self, _: &Gtin) -> Result<Option<Found>, LookUpError> {
        Ok(None)
    }
    fn item_by_plu(&self, _: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        Ok(None)
    }
    fn item_by_sku(&self, sku: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        Ok((sku == self.item.sku).then(|| self.item.clone()))
    }
    fn item_by_department(&self, _: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        Ok(None)
    }
    fn promotions(&self) -> Result<Arc<PromotionSet>, LookUpError> {
        Ok(self.promotions.clone())
    }
    fn member(&self, _: &str) -> Result<Option<Arc<Member>>, LookUpError> {
        Ok(None)
    }
    fn coupon(&self, _: &str) -> Result<Option<Coupon>, LookUpError> {
        Ok(None)
    }
}

impl Goods for Shop {
    fn product(&self, _: &str) -> Result<Option<pull::Product>, LookUpError> {
        Ok(Some(self.product.clone()))
    }
    fn is_sold_out(&self, _: &str) -> bool {
        self.is_sold_out
    }
    fn deal(&self, item: &LabelItem, until_ms: i64) -> Option<Deal> {
        self.deal.clone().filter(|deal| deal.item == *item && deal.until_ms == until_ms)
    }
}

fn shop() -> Shop {
    let rate = TaxRate::from_basis_points(900).expect("in range");
    let item = Item {
        name_zh: "苹果".into(),
        name_en: "Apple".into(),
        spec: "500g".into(),
        category: "fruit".into(),
        ..Item::plain("apple", Money::from_minor(800), rate)
    };
    let product = serde_json::json!({
        "sku": "apple", "name_zh": "苹果", "name_en": "Apple", "price": 800, "tax_rate": 900,
        "origin": "烟台", "grade": "一级", "codes": ["6901209255083"]
    });
    Shop {
        item: Arc::new(item),
        product: serde_json::from_value(product).expect("a product"),
        promotions: Arc::new(PromotionSet::load(1, []).0),
        deal: None,
        is_sold_out: false,
    }
}

impl Shop {
    fn with(mut self, change: impl FnOnce(&mut Item)) -> Self {
        change(Arc::make_mut(&mut self.item));
        self
    }

    fn special(mut self, id: &str, from_ms: Option<i64>) -> Self {
        let promotion = Promotion {
            id: id.into(),
            name_zh: "周末特价".into(),
            name_en: "Weekend".into(),
            rule: Rule::Price(PriceRule::Fixed(Money::from_minor(500))),
            scope: Scope::of(["apple"]),
            conditions: Conditions { from_ms, until_ms: Some(NOW_MS + 3 * DAY_MS), ..Conditions::default() },
            quota: None,
            quotas: Vec::new(),
            bearers: Vec::new(),
            applications_max: None,
            stacking: Stacking::default(),
        };
        let (set, refused) = PromotionSet::load(2, [promotion]);
        assert_eq!(refused, []);
        self.promotions = Arc::new(set);
        self
    }

    fn sold(mut self, lowest: Option<i64>, last: Option<i64>) -> Self {
        let item = LabelItem::of("apple");
        self.deal =
            Some(Deal { item, from_ms: BEGUN_MS - STRUCK_WITHIN_MS, until_ms: BEGUN_MS, lowest, last });
        self
    }

    fn members_pay(self, price: i64) -> Self {
        self.with(|item| {
            item.prices.push(PriceRow {
                list: "usual".into(),
                unit: String::new(),
                scope: PriceScope::Chain,
                audience: Audience::Members,
                from_ms: 0,
                until_ms: None,
                price: Money::from_minor(price),
            });
        })
    }
}

fn planned(shop: &Shop, config: &str) -> Planned {
    let config: LabelsConfig = toml::from_str(config).expect("read");
    let fonts = drivers::label::Fonts::new(
        include_bytes!("../../../../ui/fonts/NotoSansSC-Regular.otf"),
        include_bytes!("../../../../ui/fonts/NotoSansSC-Bold.otf"),
    );
    let language = drivers::label::Language::Chinese;
    let press = drivers::label::built_in(fonts.expect("fonts"), language).expect("templates");
    let choice = Choice::new(&config, press.templates());
    let trade = Trade {
        store: "S1".into(),
        currency: Currency { code: "CNY".into(), symbol: "¥".into(), exponent: 2 },
        member_days: Vec::new(),
        offset_minutes: 480,
    };
    let label = BoundLabel {
        number: LabelNumber::parse("00000218A3F5C611").expect("a number"),
        items: vec![LabelItem::of("apple")],
        template: String::new(),
        slot: String::new(),
        taken_down: false,
        at_ms: 0,
        lane: 1,
    };
    wanted(shop, &trade, &choice, &label, NOW_MS).expect("planned")
}

/// The template, what is said apart from the name, and what is not struck.
fn check(shop: &Shop, config: &str, says: Expect) {
    let planned = planned(shop, config);
    let face = planned.wanted.face.expect("a face");
    assert!(!face.drawing.is_empty(), "the face knows its drawing");
    let mut texts: BTreeMap<String, String> = face.texts;
    for usual in ["name", "spec", "unit", "currency", "sku", "label", "ean", "unit_price", "origin", "grade"]
    {
        assert!(texts.remove(usual).is_some() || usual == "unit_price", "{usual}");
    }
    let mut lines = vec![face.template];
    lines.extend(texts.iter().map(|(field, text)| format!("{field}: {text}")));
    lines.extend(planned.wanted.not_struck.map(|not| format!("{} is not struck: {:?}", not.was, not.why)));
    lines.extend(
        planned
            .asks
            .map(|asked| format!("asks for {} days before", (asked.until_ms - asked.from_ms) / DAY_MS)),
    );
    says.assert_eq(&lines.join("\n"));
}

#[test]
fn goods_choose_their_template_by_what_holds_of_them() {
    check(
        &shop(),
        "",
        expect![[r#"
        normal
        price: 8.00"#]],
    );
    check(
        &shop().with(|item| item.weighed = true),
        "",
        expect![[r#"
        fresh
        price: 8.00"#]],
    );
    check(
        &shop().members_pay(700),
        "",
        expect![[r#"
        member
        member_price: 7.00
        price: 8.00"#]],
    );
    check(
        &shop().members_pay(400).special("p", Some(BEGUN_MS)).sold(Some(800), None),
        "",
        expect![[r#"
        promotion
        member_price: 4.00
        price: 5.00
        promo: 周末特价 会员 ¥4.00
        valid: 至 03-05
        was_basis: 7日最低成交价
        was_price: 8.00"#]],
    );
    let clears = "clearance = [\"p\"]";
    check(
        &shop().special("p", Some(BEGUN_MS)).sold(Some(800), None),
        clears,
        expect![[r#"
        clearance
        price: 5.00
        promo: 周末特价
        valid: 至 03-05
        was_basis: 7日最低成交价
        was_price: 8.00"#]],
    );
}

#[test]
fn goods_that_are_sold_out_say_so_where_the_shop_keeps_books_of_its_stock() {
    let shop = Shop { is_sold_out: true, ..shop().members_pay(700) };
    let sold_out = expect![[r#"
        out-of-stock
        member_price: 7.00
        price: 8.00
        stock: 缺货"#]];
    check(&shop, "out_of_stock = true", sold_out);
    // What HQ has none of on paper may lie on the shelf all the same.
    let usual = expect![[r#"
        member
        member_price: 7.00
        price: 8.00"#]];
    check(&shop, "", usual);
    let own = expect![[r#"
        normal
        member_price: 7.00
        price: 8.00
        stock: 缺货"#]];
    check(&shop, "out_of_stock = true\n[category.fruit]\nout_of_stock = \"normal\"\n", own);
}

#[test]
fn a_category_has_templates_of_its_own_and_the_usual_one_where_those_are_not_there() {
    let own =
        "[category.fruit]\nnormal = \"fresh\"\nmember = \"nowhere\"\n[category.wine]\nnormal = \"member\"\n";
    check(
        &shop(),
        own,
        expect![[r#"
        fresh
        price: 8.00"#]],
    );
    check(
        &shop().members_pay(700),
        own,
        expect![[r#"
        member
        member_price: 7.00
        price: 8.00"#]],
    );
}

#[test]
fn a_link_names_the_item() {
    check(
        &shop(),
        "link = \"https://shop.example/01/{gtin}?s={sku}\"",
        expect![[r#"
        normal
        link: https://shop.example/01/06901209255083?s=apple
        price: 8.00"#]],
    );
}

#[test]
fn a_price_is_struck_only_where_nobody_paid_less_in_the_seven_days_before() {
    let special = || shop().special("p", Some(BEGUN_MS));
    check(
        &special().sold(Some(799), None),
        "",
        expect![[r#"
        promotion
        price: 5.00
        promo: 周末特价
        valid: 至 03-05
        800 is not struck: SoldForLess(799)"#]],
    );
    check(
        &special().sold(None, Some(800)),
        "",
        expect![[r#"
        promotion
        price: 5.00
        promo: 周末特价
        valid: 至 03-05
        was_basis: 最近成交价
        was_price: 8.00"#]],
    );
    check(
        &special().sold(None, None),
        "",
        expect![[r#"
        promotion
        price: 5.00
        promo: 周末特价
        valid: 至 03-05
        800 is not struck: NeverSold"#]],
    );
    check(
        &special(),
        "",
        expect![[r#"
        promotion
        price: 5.00
        promo: 周末特价
        valid: 至 03-05
        800 is not struck: NotKnownYet
        asks for 7 days before"#]],
    );
    check(
        &shop().special("p", None),
        "",
        expect![[r#"
        promotion
        price: 5.00
        promo: 周末特价
        valid: 至 03-05
        800 is not struck: NoBeginning"#]],
    );
    // What was heard of another promotion is no ground for this one.
    check(
        &shop().special("p", Some(BEGUN_MS + 1)).sold(Some(800), None),
        "",
        expect![[r#"
        promotion
        price: 5.00
        promo: 周末特价
        valid: 至 03-05
        800 is not struck: NotKnownYet
        asks for 7 days before"#]],
    );
}

#[test]
fn an_english_shop_reads_english() {
    let deal = shop().members_pay(400).special("p", Some(BEGUN_MS)).sold(Some(800), None);
    check(
        &deal,
        "english = true",
        expect![[r#"
        promotion
        member_price: 4.00
        price: 5.00
        promo: Weekend members ¥4.00
        valid: until 03-05
        was_basis: 7-day low
        was_price: 8.00"#]],
    );
}
