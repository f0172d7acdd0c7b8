//! The reference as agent and lane see it, on a real file.

use tempfile::TempDir;

use domain::catalogue::{PriceBounds, PriceScope, TaxClass, TaxTreatment};
use domain::coupon::CouponState;
use domain::promotion::rule::{PriceRule, Rule};
use protocol::promotion::OneOrMany;

use super::*;

/// An agent that writes and a folder it writes into.
struct Agent {
    folder: TempDir,
    writer: ReferenceWriter,
}

impl Agent {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let writer = ReferenceWriter::open(&folder.path().join("reference.db")).expect("opens");
        Self { folder, writer }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("reference.db")
    }

    /// Takes in changes as one version.
    fn pull(&mut self, version: u64, changes: &[(&str, Entity)]) {
        let update = self.writer.begin().expect("begun");
        for (key, entity) in changes {
            update.apply(&Change { version, key: (*key).into(), entity: entity.clone() }).expect("applied");
        }
        update.commit(version).expect("committed");
    }

    fn lane(&self) -> Reference {
        Reference::open(&self.path()).expect("opens").expect("there is one")
    }

    fn with(goods: &[pull::Product]) -> Self {
        let mut agent = Self::new();
        let changes: Vec<_> = goods
            .iter()
            .map(|product| (product.sku.as_str(), Entity::Product(Some(product.clone()))))
            .collect();
        agent.pull(1, &changes);
        agent
    }
}

fn product(sku: &str, name_zh: &str, initials: &str) -> pull::Product {
    pull::Product {
        sku: sku.into(),
        name_zh: name_zh.into(),
        name_en: String::new(),
        spec: String::new(),
        origin: String::new(),
        grade: String::new(),
        category: "c1".into(),
        weighed: false,
        price: 350,
        tax_rate: 1_300,
        codes: Vec::new(),
        plu: String::new(),
        initials: initials.into(),
        age_restricted: false,
        no_promotion: false,
        no_points: false,
        pin: 0,
        units: Vec::new(),
        kit: Vec::new(),
        open_price: None,
        department: String::new(),
        tax_class: String::new(),
        gift: false,
        membership: false,
    }
}

fn apple() -> pull::Product {
    pull::Product {
        name_en: "Fuji apple".into(),
        plu: "10001".into(),
        weighed: true,
        ..product("a1", "红富士苹果", "hfspg")
    }
}

fn cola() -> pull::Product {
    pull::Product {
        name_en: "Coca-Cola".into(),
        spec: "330ml".into(),
        codes: vec!["036000291452".into(), "96385074".into(), "not a code".into()],
        pin: 2,
        ..product("c1", "可口可乐", "kkkl")
    }
}

fn juice() -> pull::Product {
    pull::Product { name_en: "Apple juice".into(), pin: 1, ..product("j1", "苹果汁", "pgz") }
}

fn shop() -> Agent {
    Agent::with(&[apple(), cola(), juice()])
}

fn sku(found: Result<Option<Arc<Item>>, LookUpError>) -> Option<String> {
    found.expect("answered").map(|item| item.sku.clone())
}

fn by_code(lane: &Reference, gtin: &Gtin) -> Result<Option<Arc<Item>>, LookUpError> {
    Ok(lane.item_by_gtin(gtin)?.map(|found| found.item))
}

fn skus(found: Result<Vec<Arc<Item>>, ReferenceError>) -> Vec<String> {
    found.expect("answered").iter().map(|item| item.sku.clone()).collect()
}

// Versions.

#[test]
fn there_is_nothing_to_read_before_the_agent_made_it() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("reference.db");
    assert!(Reference::open(&path).expect("nothing is refused").is_none());
    assert!(AgentWatch::open(&path).expect("nothing is refused").is_none());
    assert!(!path.exists());
}

#[test]
fn goods_are_new_after_a_commit_and_a_refresh_and_not_before() {
    let mut agent = shop();
    let lane = agent.lane();
    let price = |lane: &Reference| {
        let item = lane.item_by_sku("c1").expect("answered").expect("there");
        (lane.version(), item.price.minor())
    };
    let dearer = Change {
        version: 2,
        key: "c1".into(),
        entity: Entity::Product(Some(pull::Product { price: 400, ..cola() })),
    };

    let update = agent.writer.begin().expect("begun");
    update.apply(&dearer).expect("applied");
    lane.refresh().expect("refreshed");
    assert_eq!(price(&lane), (1, 350), "not committed");
    update.commit(2).expect("committed");
    assert_eq!(price(&lane), (1, 350), "not refreshed");
    assert_eq!(price(&agent.lane()), (2, 400), "one that begins now");
    lane.refresh().expect("refreshed");
    assert_eq!(price(&lane), (2, 400));
}

#[test]
fn a_basket_keeps_its_version_whatever_the_agent_does() {
    let mut agent = shop();
    let lane = agent.lane();
    agent.pull(2, &[("c1", Entity::Product(None)), ("n1", Entity::Product(Some(product("n1", "新", "x"))))]);
    agent.writer.tidy().expect("tidied");
    agent.pull(3, &[("j1", Entity::Product(None))]);
    assert_eq!(
        (lane.version(), sku(lane.item_by_sku("c1")), sku(lane.item_by_sku("n1"))),
        (1, Some("c1".into()), None)
    );
    assert_eq!(skus(lane.search("苹果", 9)), ["j1", "a1"]);
    lane.refresh().expect("refreshed");
    assert_eq!(
        (lane.version(), sku(lane.item_by_sku("c1")), sku(lane.item_by_sku("n1"))),
        (3, None, Some("n1".into()))
    );
    assert_eq!(skus(lane.search("苹果", 9)), ["a1"]);
}

#[test]
fn an_update_that_is_dropped_changes_nothing() {
    let mut agent = shop();
    let update = agent.writer.begin().expect("begun");
    update.clear().expect("cleared");
    drop(update);
    assert_eq!(agent.writer.state().expect("read").version, 1);
    assert_eq!(sku(agent.lane().item_by_sku("c1")).as_deref(), Some("c1"));
}

#[test]
fn a_full_pull_forgets_what_was_there() {
    let mut agent = shop();
    let update = agent.writer.begin().expect("begun");
    update.clear().expect("cleared");
    update
        .apply(&Change {
            version: 9,
            key: "n1".into(),
            entity: Entity::Product(Some(product("n1", "苹果干", "pgg"))),
        })
        .expect("applied");
    update.commit(9).expect("committed");
    let lane = agent.lane();
    assert_eq!((lane.version(), sku(lane.item_by_sku("c1"))), (9, None));
    assert_eq!(skus(lane.search("苹果", 9)), ["n1"]);
    assert_eq!(skus(lane.search("kkkl", 9)), [""; 0]);
}

#[test]
fn one_agent_writes_the_reference() {
    let agent = shop();
    let error = ReferenceWriter::open(&agent.path()).expect_err("refused").to_string();
    assert!(
        error.contains(&agent.path().display().to_string()) && error.contains("another process"),
        "{error}"
    );
}

// Goods.

#[test]
fn goods_are_found_by_every_form_of_their_codes() {
    let agent = shop();
    let lane = agent.lane();
    let by_gtin = |text: &str| sku(by_code(&lane, &Gtin::parse(text).expect("a GTIN")));
    for text in ["036000291452", "0036000291452", "00036000291452", "96385074"] {
        assert_eq!(by_gtin(text).as_deref(), Some("c1"), "{text}");
    }
    assert_eq!(by_gtin("9520000000011"), None);
    assert_eq!(sku(lane.item_by_plu("10001")).as_deref(), Some("a1"));
    assert_eq!(sku(lane.item_by_plu("10002")), None);
    assert_eq!(sku(lane.item_by_plu("")), None);
    assert_eq!(sku(lane.item_by_sku("j1")).as_deref(), Some("j1"));
    assert_eq!(sku(lane.item_by_sku("")), None);
}

#[test]
fn an_item_is_what_hq_said() {
    let item = shop().lane().item_by_plu("10001").expect("answered").expect("there");
    assert_eq!(
        (item.name_zh.as_str(), item.name_en.as_str(), item.code.as_str()),
        ("红富士苹果", "Fuji apple", "10001")
    );
    assert_eq!(
        (item.price, item.tax_rate.basis_points(), item.weighed),
        (Money::from_minor(350), 1_300, true)
    );
}

#[test]
fn a_replaced_item_is_not_found_by_what_it_was() {
    let mut agent = shop();
    let new = pull::Product {
        codes: vec!["9520000000011".into()],
        plu: "10002".into(),
        ..product("c1", "雪碧", "xb")
    };
    agent.pull(
        2,
        &[("c1", Entity::Product(Some(new))), ("a1", Entity::Product(None)), ("zz", Entity::Product(None))],
    );
    let lane = agent.lane();
    let by_gtin = |text: &str| sku(by_code(&lane, &Gtin::parse(text).expect("a GTIN")));
    assert_eq!((by_gtin("96385074"), by_gtin("9520000000011").as_deref()), (None, Some("c1")));
    assert_eq!(
        (sku(lane.item_by_plu("10001")), sku(lane.item_by_plu("10002")).as_deref()),
        (None, Some("c1"))
    );
    assert_eq!(skus(lane.search("可乐", 9)), [""; 0]);
    assert_eq!(skus(lane.search("kkkl", 9)), [""; 0]);
    assert_eq!(skus(lane.search("hfs", 9)), [""; 0]);
    assert_eq!(skus(lane.search("雪碧", 9)), ["c1"]);
}

#[test]
fn a_new_item_in_a_removed_ones_place_is_not_found_by_its_words() {
    let mut agent = shop();
    // The newest row's place is given again.
    agent.pull(
        2,
        &[("j1", Entity::Product(None)), ("x1", Entity::Product(Some(product("x1", "雪碧", "xb"))))],
    );
    let lane = agent.lane();
    assert_eq!(skus(lane.search("pgz", 9)), [""; 0]);
    assert_eq!(skus(lane.search("juice", 9)), [""; 0]);
    assert_eq!(skus(lane.search("xb", 9)), ["x1"]);
}

#[test]
fn of_two_items_with_one_code_the_same_one_is_always_found() {
    let mut agent = shop();
    let twin = pull::Product { codes: vec!["96385074".into()], ..product("b9", "双", "s") };
    agent.pull(2, &[("b9", Entity::Product(Some(twin)))]);
    let gtin = Gtin::parse("96385074").expect("a GTIN");
    assert_eq!(sku(by_code(&agent.lane(), &gtin)).as_deref(), Some("b9"));
    agent.pull(3, &[("b9", Entity::Product(None))]);
    assert_eq!(sku(by_code(&agent.lane(), &gtin)).as_deref(), Some("c1"));
}

#[test]
fn the_grid_shows_pinned_goods_and_categories_page_by_page() {
    let agent = shop();
    let lane = agent.lane();
    assert_eq!(skus(lane.pinned(0, 9)), ["j1", "c1"]);
    assert_eq!(skus(lane.pinned(1, 9)), ["c1"]);
    assert_eq!(skus(lane.in_category("c1", 0, 2)), ["a1", "c1"]);
    assert_eq!(skus(lane.in_category("c1", 2, 2)), ["j1"]);
    assert_eq!(skus(lane.in_category("c2", 0, 2)), [""; 0]);
}

#[test]
fn promotions_are_those_that_name_the_item() {
    let promotion = |id: &str, skus: &[&str]| {
        Entity::Promotion(Some(pull::Promotion {
            id: id.into(),
            name_zh: "周末".into(),
            name_en: "Weekend".into(),
            skus: skus.iter().map(|sku| (*sku).into()).collect(),
            cut: pull::PriceCut::Percent { pay_pct: 85 },
            from_ms: Some(1),
            until_ms: None,
        }))
    };
    let mut agent = shop();
    let of = |agent: &Agent, sku: &str| -> Vec<String> {
        let set = agent.lane().promotions().expect("answered");
        set.about([(sku, "")]).into_iter().map(|place| set.promotions()[place].id.clone()).collect()
    };
    agent.pull(2, &[("p2", promotion("p2", &["c1", "c1"])), ("p1", promotion("p1", &["c1", "a1"]))]);
    assert_eq!(
        (of(&agent, "c1"), of(&agent, "a1"), of(&agent, "j1")),
        (vec!["p1".into(), "p2".into()], vec!["p1".into()], vec![])
    );
    let set = agent.lane().promotions().expect("answered");
    let found = &set.promotions()[0];
    assert_eq!(found.rule, Rule::Price(PriceRule::Percent(85)));
    assert_eq!((found.conditions.from_ms, found.conditions.until_ms), (Some(1), None));
    agent.pull(3, &[("p1", promotion("p1", &["j1"])), ("p2", Entity::Promotion(None))]);
    assert_eq!((of(&agent, "c1"), of(&agent, "a1"), of(&agent, "j1")), (vec![], vec![], vec!["p1".into()]));
}

#[test]
fn a_promotion_that_cannot_work_leaves_the_others_live() {
    let rule = |id: &str, off: i64| {
        Entity::PromotionRule(Some(PromotionForm {
            id: id.into(),
            layer: "order".into(),
            kind: "threshold_off".into(),
            min: Some(10_000),
            off: Some(off),
            ..PromotionForm::default()
        }))
    };
    let mut agent = shop();
    agent.pull(2, &[("m1", rule("m1", 1_000)), ("m2", rule("m2", 0))]);
    let lane = agent.lane();
    let set = lane.promotions().expect("answered");
    assert_eq!((set.version(), set.promotions().len()), (2, 1));
    let why = "use promotion m2: what is taken off is 0; it must be above 0";
    assert_eq!(lane.refused_promotions(), [why]);
    agent.pull(3, &[("m1", Entity::PromotionRule(None)), ("m2", rule("m2", 500))]);
    lane.refresh().expect("refreshed");
    assert_eq!(lane.promotions().expect("answered").promotions()[0].id, "m2");
    assert!(lane.refused_promotions().is_empty());
}

// Packs, price lists, kits, departments and tax classes.

fn price(sku: &str, unit: &str, scope: pull::PriceScope, from_ms: i64, price: i64) -> Entity {
    Entity::Price(Some(pull::PriceRow {
        list: "l1".into(),
        sku: sku.into(),
        unit: unit.into(),
        scope,
        audience: pull::Audience::Everyone,
        from_ms,
        until_ms: None,
        price,
    }))
}

fn store(groups: &[&str]) -> Entity {
    let groups = serde_json::to_string(groups).expect("texts");
    let body = format!(
        r#"{{"code": "S1", "name_zh": "一店", "name_en": "One", "currency": "CNY", "currency_symbol": "¥",
            "currency_exponent": 2, "cash_rounding": 1, "groups": {groups}}}"#
    );
    Entity::Store(Some(serde_json::from_str(&body).expect("a store")))
}

fn case_of_cola() -> pull::Product {
    let case = pull::SaleUnit {
        id: "case".into(),
        name_zh: "箱".into(),
        name_en: "Case".into(),
        factor: 24,
        codes: vec!["19520001003032".into()],
        price: Some(7_200),
    };
    pull::Product { units: vec![case], ..cola() }
}

#[test]
fn a_packs_code_finds_the_item_and_the_pack() {
    let agent = Agent::with(&[case_of_cola()]);
    let lane = agent.lane();
    let found = |text: &str| {
        let found = lane.item_by_gtin(&Gtin::parse(text).expect("a GTIN")).expect("answered").expect("there");
        (found.item.sku.clone(), found.unit.map(|sold| (sold.unit.id, sold.unit.factor, sold.price)))
    };
    let price = Some(Money::from_minor(7_200));
    assert_eq!(found("19520001003032"), ("c1".into(), Some(("case".into(), 24, price))));
    assert_eq!(found("96385074"), ("c1".into(), None));
    assert_eq!(skus(lane.search("19520001003032", 9)), ["c1"]);
}

#[test]
fn an_item_has_the_prices_of_its_store_and_groups_and_of_no_other() {
    use pull::PriceScope::{Chain, Group, Store};
    let mut agent = shop();
    let identity = Identity { store: "S1".into(), lane: 1, epoch: 1 };
    agent.writer.set_identity(&identity).expect("set");
    let rows = [
        ("1", price("c1", "", Chain, 10, 340)),
        ("2", price("c1", "", Group("north".into()), 10, 330)),
        ("3", price("c1", "", Group("south".into()), 10, 320)),
        ("4", price("c1", "", Store("S1".into()), 10, 310)),
        ("5", price("c1", "", Store("S2".into()), 10, 300)),
        ("6", price("j1", "", Chain, 10, 1)),
        ("S1", store(&["north"])),
    ];
    agent.pull(2, &rows);
    let prices = |agent: &Agent| -> Vec<(PriceScope, i64)> {
        let item = agent.lane().item_by_sku("c1").expect("answered").expect("there");
        let mut prices: Vec<_> = item.prices.iter().map(|row| (row.scope, row.price.minor())).collect();
        prices.sort_unstable();
        prices
    };
    assert_eq!(
        prices(&agent),
        [(PriceScope::Chain, 340), (PriceScope::Group, 330), (PriceScope::Store, 310)]
    );
    // The store moves to another group; a price is taken back.
    agent.pull(3, &[("S1", store(&["south"])), ("4", Entity::Price(None))]);
    assert_eq!(prices(&agent), [(PriceScope::Chain, 340), (PriceScope::Group, 320)]);
}

/// What a scan finds is what the item code finds, whatever was pulled.
#[track_caller]
fn check_faces(agent: &Agent) {
    let lane = agent.lane();
    for code in ["036000291452", "96385074", "19520001003032"] {
        let gtin = Gtin::parse(code).expect("a GTIN");
        let scanned = by_code(&lane, &gtin).expect("answered");
        let asked = lane.item_by_sku("c1").expect("answered");
        assert_eq!(scanned, asked, "{code}");
    }
}

#[test]
fn a_scan_finds_the_prices_of_now_in_whatever_order_they_came() {
    use pull::PriceScope::{Chain, Store};
    let mut agent = Agent::with(&[case_of_cola()]);
    let identity = Identity { store: "S1".into(), lane: 1, epoch: 1 };
    agent.writer.set_identity(&identity).expect("set");
    check_faces(&agent);
    agent.pull(2, &[("S1", store(&[])), ("1", price("c1", "case", Chain, 10, 7_000))]);
    check_faces(&agent);
    let gtin = Gtin::parse("96385074").expect("a GTIN");
    let prices = |agent: &Agent| {
        let item = by_code(&agent.lane(), &gtin).expect("answered").expect("there");
        item.prices.iter().map(|row| row.price.minor()).collect::<Vec<_>>()
    };
    assert_eq!(prices(&agent), [7_000]);
    // A row becomes another item's, and another one comes before its item.
    let rows = [
        ("1", price("j1", "", Chain, 10, 1)),
        ("2", price("c1", "", Store("S1".into()), 20, 333)),
        ("c1", Entity::Product(None)),
        ("c1", Entity::Product(Some(pull::Product { price: 351, ..case_of_cola() }))),
    ];
    agent.pull(3, &rows);
    check_faces(&agent);
    assert_eq!(prices(&agent), [333]);
    let class = pull::TaxClass { id: "t".into(), rate: 600, ..tax_class() };
    let taxed = pull::Product { tax_class: "t".into(), ..case_of_cola() };
    agent.pull(4, &[("t", Entity::TaxClass(Some(class))), ("c1", Entity::Product(Some(taxed)))]);
    check_faces(&agent);
    let lane = agent.lane();
    let rate =
        |lane: &Reference| by_code(lane, &gtin).expect("answered").expect("there").tax_rate.basis_points();
    assert_eq!(rate(&lane), 600);
    // The law changes, and no good does.
    let class = pull::TaxClass { id: "t".into(), rate: 900, ..tax_class() };
    agent.pull(5, &[("t", Entity::TaxClass(Some(class))), ("2", Entity::Price(None))]);
    assert_eq!(rate(&lane), 600, "a basket keeps its version");
    lane.refresh().expect("refreshed");
    assert_eq!((rate(&lane), prices(&agent)), (900, vec![]));
    agent.pull(6, &[("c1", Entity::Product(None))]);
    check_faces(&agent);
}

fn tax_class() -> pull::TaxClass {
    serde_json::from_str(r#"{"id": "t", "name_zh": "税", "name_en": "Tax", "treatment": "taxed", "rate": 0}"#)
        .expect("a class")
}

#[test]
fn a_file_of_the_version_before_is_given_what_lies_behind_its_codes() {
    let agent = Agent::with(&[case_of_cola(), juice()]);
    let before = "DROP TABLE face; DROP TABLE compatibility; ALTER TABLE state DROP COLUMN faces;
                  ALTER TABLE state DROP COLUMN goods_version;
                  DROP TABLE label; DROP TABLE label_item; DROP TABLE label_waiver; DROP TABLE label_state;
                  DROP TABLE shelf_cap; DROP TABLE gateway; DROP TABLE shelf; DROP TABLE deal;
                  DROP TABLE code_key; DROP TABLE weight; DROP TABLE picture; DROP TABLE transfer;
                  ALTER TABLE state DROP COLUMN pictures_version;
                  DROP TABLE channel_order;
                  DROP INDEX product_by_amount; DROP INDEX price_by_amount; ALTER TABLE state DROP COLUMN apart_ms;
                  PRAGMA user_version = 3";
    agent.writer.connection.execute_batch(before).expect("as it was");
    let early = agent.lane();
    let gtin = Gtin::parse("19520001003032").expect("a GTIN");
    let found = early.item_by_gtin(&gtin).expect("answered").expect("there");
    assert!(found.unit.is_some());
    let Agent { folder, writer } = agent;
    drop(writer);
    let writer = ReferenceWriter::open(&folder.path().join("reference.db")).expect("upgraded");
    assert!(writer.is_outdated().expect("read"), "what HQ told of labels was passed over");
    early.refresh().expect("refreshed");
    assert!(early.view.borrow().has_faces);
    assert_eq!(early.item_by_gtin(&gtin).expect("answered"), Some(found));
    check_faces(&Agent { folder, writer });
}

#[test]
fn a_kit_knows_what_its_parts_cost_and_how_they_are_taxed() {
    let part = |sku: &str, quantity| pull::KitPart { sku: sku.into(), quantity };
    let set = pull::Product {
        kit: vec![part("c1", 6_000), part("a1", 500)],
        price: 2_000,
        ..product("k1", "礼盒", "lh")
    };
    let taxed = pull::Product { tax_class: "t9".into(), ..apple() };
    let mut agent = Agent::with(&[cola(), taxed, set]);
    let class = pull::TaxClass {
        id: "t9".into(),
        name_zh: "农产品".into(),
        name_en: "Farm goods".into(),
        treatment: pull::TaxTreatment::Taxed,
        rate: 900,
    };
    agent.pull(2, &[("t9", Entity::TaxClass(Some(class.clone())))]);
    let kit = agent.lane().item_by_sku("k1").expect("answered").expect("there").kit.clone();
    let parts: Vec<_> = kit
        .iter()
        .map(|part| {
            (part.sku.as_str(), part.quantity.thousandths(), part.price.minor(), part.tax_rate.basis_points())
        })
        .collect();
    assert_eq!(parts, [("c1", 6_000, 350, 1_300), ("a1", 500, 350, 900)]);
    // The law changes; the goods stay as they are.
    let exempt = pull::TaxClass { treatment: pull::TaxTreatment::Exempt, rate: 0, ..class };
    agent.pull(3, &[("t9", Entity::TaxClass(Some(exempt)))]);
    let item = agent.lane().item_by_sku("a1").expect("answered").expect("there");
    assert_eq!(item.tax_rate.basis_points(), 0);
    assert_eq!(item.tax_class, Some(TaxClass { id: "t9".into(), treatment: TaxTreatment::Exempt }));
    agent.pull(4, &[("c1", Entity::Product(None))]);
    let error = agent.lane().item_by_sku("k1").expect_err("a part is gone").to_string();
    assert!(error.contains("a part of item k1"), "{error}");
}

#[test]
fn a_department_is_found_by_its_code() {
    let loose = pull::Product {
        department: "7".into(),
        open_price: Some(pull::PriceBounds { min: 10, max: 50_000 }),
        ..product("d7", "散货", "sh")
    };
    let agent = Agent::with(&[loose]);
    let lane = agent.lane();
    let item = lane.item_by_department("7").expect("answered").expect("there");
    let bounds = PriceBounds { min: Money::from_minor(10), max: Money::from_minor(50_000) };
    assert_eq!((item.sku.as_str(), item.code.as_str(), item.open_price), ("d7", "7", Some(bounds)));
    assert_eq!(sku(lane.item_by_department("8")), None);
    assert_eq!(sku(lane.item_by_department("")), None);
}

/// The schemas as programs of each version made them. One that stands here never changes.
const RELEASED: &[&str] = &[
    include_str!("../../schemas/reference-1.sql"),
    include_str!("../../schemas/reference-2.sql"),
    include_str!("../../schemas/reference-3.sql"),
    include_str!("../../schemas/reference-4.sql"),
    include_str!("../../schemas/reference-5.sql"),
    include_str!("../../schemas/reference-6.sql"),
    include_str!("../../schemas/reference-7.sql"),
    include_str!("../../schemas/reference-8.sql"),
    include_str!("../../schemas/reference-9.sql"),
    include_str!("../../schemas/reference-10.sql"),
];

/// A file of a released version with a cola; what a program of that version left.
fn released(path: &Path, version: usize) {
    let connection = Connection::open(path).expect("a file");
    connection
        .execute_batch(&format!(
            "PRAGMA journal_mode = WAL; {}
             UPDATE state SET version = 7, store = 'S1', lane = 2, epoch = 3;
             INSERT INTO product (id, sku, plu, category, pin, body) VALUES (1, 'c1', '', 'c1', 0,
                 '{{\"sku\":\"c1\",\"name_zh\":\"可口可乐\",\"name_en\":\"Cola\",\"price\":350,\"tax_rate\":1300}}');
             INSERT INTO product_word (rowid, words) VALUES (1, 'c1');
             INSERT INTO code (gtin, sku) VALUES ('00000096385074', 'c1');
             PRAGMA application_id = {}; PRAGMA user_version = {version};",
            RELEASED[version - 1],
            KIND.application_id
        ))
        .expect("tables");
    if version >= 4 {
        // Nothing lies behind the code yet, as when the program before was stopped in the midst of it.
        connection.execute_batch("UPDATE state SET faces = 0").expect("told");
    }
}

/// What a file is made of, as SQLite understands it: tables with their columns, and what stands behind the name of others.
fn made_of(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).expect("a file");
    let mut rows = connection
        .prepare(
            "SELECT s.type || ' ' || s.name || ' ' || CASE
                 WHEN s.type = 'table' AND s.sql NOT LIKE 'CREATE VIRTUAL%' THEN
                     (SELECT group_concat(c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || c.pk, ', '
                                          ORDER BY c.name)
                      FROM pragma_table_xinfo(s.name) c)
                 ELSE coalesce(replace(replace(s.sql, char(10), ''), ' ', ''), '') END
             FROM sqlite_schema s ORDER BY 1",
        )
        .expect("prepared");
    rows.query_map([], |row| row.get(0)).expect("read").collect::<Result<_, _>>().expect("read")
}

#[test]
fn every_released_version_becomes_todays_and_finds_its_goods() {
    let agent = Agent::new();
    let today = made_of(&agent.folder.path().join("reference.db"));
    let version = usize::try_from(KIND.version).expect("above nothing");
    assert!(RELEASED.len() + 1 >= version, "each version before today's stands above");
    assert_eq!(KIND.upgrades.len() + 1, version);
    for version in 1..=RELEASED.len() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("reference.db");
        released(&path, version);
        drop(ReferenceWriter::open(&path).expect("upgraded"));
        assert_eq!(made_of(&path), today, "version {version}");
        let lane = Reference::open(&path).expect("opens").expect("there is one");
        let gtin = Gtin::parse("96385074").expect("a GTIN");
        assert_eq!(sku(by_code(&lane, &gtin)).as_deref(), Some("c1"), "version {version}");
        if version < 4 {
            // The words of what an earlier program wrote are made anew.
            assert_eq!(skus(lane.search("可乐", 9)), ["c1"], "version {version}");
        }
    }
}

#[test]
fn a_file_of_the_first_version_sells_until_the_agent_has_pulled_everything_anew() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("reference.db");
    released(&path, 1);
    let gtin = Gtin::parse("96385074").expect("a GTIN");
    // The agent has not been started since the update.
    let early = Reference::open(&path).expect("opens").expect("there is one");
    assert_eq!(sku(by_code(&early, &gtin)).as_deref(), Some("c1"));
    assert_eq!(sku(early.item_by_department("7")), None);

    let mut writer = ReferenceWriter::open(&path).expect("upgraded");
    assert!(writer.is_outdated().expect("read"));
    let state = writer.state().expect("read");
    assert_eq!((state.version, state.identity.map(|identity| identity.epoch)), (7, Some(3)));
    early.refresh().expect("refreshed");
    assert_eq!(sku(by_code(&early, &gtin)).as_deref(), Some("c1"));

    let update = writer.begin().expect("begun");
    update.clear().expect("cleared");
    let change = Change { version: 7, key: "c1".into(), entity: Entity::Product(Some(case_of_cola())) };
    update.apply(&change).expect("applied");
    update.commit(7).expect("committed");
    assert!(!writer.is_outdated().expect("read"));
    early.refresh().expect("refreshed");
    let case = Gtin::parse("19520001003032").expect("a GTIN");
    assert!(early.item_by_gtin(&case).expect("answered").expect("there").unit.is_some());
}

#[test]
fn keys_of_scan_and_go_are_kept_until_they_are_taken_back_and_an_older_file_has_none() {
    use pull::{CodeKey, CodeSigner};
    let mut agent = shop();
    let key =
        |signs, until_ms| CodeKey { signs, public_key: "ab".repeat(32), from_ms: 1, until_ms, relay: false };
    let (own, lane) = (key(CodeSigner::Baskets, None), key(CodeSigner::Exits { lane: 3, epoch: 2 }, Some(9)));
    let reader = agent.lane();
    let mut tell = |version, key: &CodeKey, told: Option<&CodeKey>| {
        let update = agent.writer.begin().expect("begun");
        let entity = Entity::CodeKey(told.cloned());
        update.apply(&Change { version, key: key.key(), entity }).expect("applied");
        update.commit(version).expect("committed");
        reader.refresh().expect("refreshed");
        reader.code_keys().expect("read")
    };
    assert_eq!(tell(100, &lane, Some(&lane)), [lane.clone()]);
    assert_eq!(tell(101, &own, Some(&own)), [own.clone(), lane.clone()]);
    let ended = CodeKey { until_ms: Some(7), ..own.clone() };
    assert_eq!(tell(102, &own, Some(&ended)), [ended, lane.clone()]);
    assert_eq!(tell(103, &own, None), [lane]);
    let update = agent.writer.begin().expect("begun");
    update.clear().expect("cleared");
    update.commit(104).expect("committed");
    reader.refresh().expect("refreshed");
    assert_eq!(reader.code_keys().expect("read"), []);
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("reference.db");
    released(&path, 7);
    let older = Reference::open(&path).expect("opens").expect("there is one");
    assert_eq!(older.code_keys().expect("read"), []);
    assert!(ReferenceWriter::open(&path).expect("upgraded").is_outdated().expect("read"), "passed over");
}

#[test]
fn what_hq_tells_of_weights_and_what_was_weighed_here_are_both_known() {
    use domain::till::kiosk::Weighing;
    let mut agent = shop();
    let reader = agent.lane();
    let mut tell = |version, told: Option<pull::Weight>| {
        let update = agent.writer.begin().expect("begun");
        let (key, entity) = (pull::Weight::key("c1", ""), Entity::Weight(told));
        update.apply(&Change { version, key, entity }).expect("applied");
        update.commit(version).expect("committed");
        reader.refresh().expect("refreshed");
        reader.security_weight("c1", "").expect("read").map(|weight| (weight.count(), weight.mean_grams()))
    };
    let weight =
        pull::Weight { sku: "c1".into(), unit: String::new(), count: 3, grams: 1_056, squares: 371_714 };
    assert_eq!(tell(100, Some(weight.clone())), Some((3, 352)));
    // Sums that no weighings have say nothing.
    assert_eq!(tell(101, Some(pull::Weight { squares: 1, ..weight })), None);
    let weighing = Weighing { sku: "c1".into(), unit: String::new(), grams: 340 };
    reader.learn_weights(&[weighing.clone(), weighing]);
    assert_eq!(tell(102, None), Some((2, 340)));
    assert_eq!(reader.security_weight("c1", "case").expect("read"), None);
}

#[test]
fn a_new_file_is_not_outdated() {
    assert!(!Agent::new().writer.is_outdated().expect("read"));
}

#[test]
fn promotions_are_worked_out_anew_only_where_goods_or_rules_are_others() {
    let mut agent = shop();
    let cap = pull::ShelfCap {
        item: protocol::event::LabelItem { sku: "c1".into(), unit: String::new() },
        lane: 2,
        from_ms: None,
        price: Some(100),
        member_price: None,
        label: "L1".into(),
    };
    let lane = agent.lane();
    let before = lane.promotions().expect("answered");
    let (version, goods_version) = (lane.version(), lane.goods_version());
    assert_eq!(version, goods_version);

    agent.pull(
        version + 1,
        &[(&cap.key(), Entity::ShelfCap(Some(cap.clone()))), ("m1", Entity::Member(None))],
    );
    lane.refresh().expect("refreshed");
    assert_eq!((lane.version(), lane.goods_version()), (version + 1, goods_version));
    assert!(Arc::ptr_eq(&before, &lane.promotions().expect("answered")));

    agent.pull(version + 2, &[("c1", Entity::Product(None))]);
    lane.refresh().expect("refreshed");
    assert_eq!((lane.version(), lane.goods_version()), (version + 2, version + 2));
    assert!(!Arc::ptr_eq(&before, &lane.promotions().expect("answered")));

    // Everything is pulled anew, and nothing is there any more.
    let update = agent.writer.begin().expect("begun");
    update.clear().expect("cleared");
    update.commit(version + 3).expect("committed");
    lane.refresh().expect("refreshed");
    assert_eq!(lane.goods_version(), version + 3);
}

// Searching.

#[test]
fn goods_are_found_by_what_people_type() {
    let agent = shop();
    let lane = agent.lane();
    let check = |text: &str, expected: &[&str]| assert_eq!(skus(lane.search(text, 9)), expected, "{text}");
    // Initials, from the beginning or the middle.
    check("hfspg", &["a1"]);
    check("HFS", &["a1"]);
    check("pg", &["j1", "a1"]);
    check("g", &["j1", "a1"]);
    // Hanzi: one, two, more; anywhere in the name.
    check("苹", &["j1", "a1"]);
    check("汁", &["j1"]);
    check("苹果", &["j1", "a1"]);
    check("富士苹", &["a1"]);
    check("可口可乐", &["c1"]);
    check("苹富", &[]);
    // English, the beginning of any word.
    check("app", &["j1", "a1"]);
    check("fuji app", &["a1"]);
    check("cola", &["c1"]);
    check("pple", &[]);
    // Codes and sizes.
    check("0360", &["c1"]);
    check("10001", &["a1"]);
    check("330", &["c1"]);
    check("a1", &["a1"]);
    // Nothing to look for.
    for text in ["", "  ", "\"", "*", "(苹果", "AND", "NEAR(a b)", "𰻝𰻝", "क ा", "苹果\0"] {
        lane.search(text, 9).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    }
    check("(苹果)", &["j1", "a1"]);
    assert_eq!(skus(lane.search("苹果", 1)), ["j1"]);
}

#[test]
fn what_sells_is_found_before_what_nobody_buys() {
    let mut agent = shop();
    let biscuits: Vec<(String, Entity)> = (0..1_000)
        .map(|number| {
            let sku = format!("s{number:05}");
            let name = if number == 990 { "苏打饼干大包装" } else { "苏打饼干" };
            (sku.clone(), Entity::Product(Some(product(&sku, name, "sdbg"))))
        })
        .collect();
    let changes: Vec<(&str, Entity)> =
        biscuits.iter().map(|(sku, entity)| (sku.as_str(), entity.clone())).collect();
    agent.pull(2, &changes);
    let lane = agent.lane();
    let two = |text: &str| skus(lane.search(text, 2));
    assert_eq!(two("饼干"), ["s00000", "s00001"]);
    assert_eq!(two("苹果"), ["j1", "a1"], "the pinned one first");
    // Far behind the first two hundred that fit, and longest of all.
    for _ in 0..3 {
        lane.count_sold("s00990");
    }
    ["s00995", "a1", "gone by now"].iter().for_each(|sku| lane.count_sold(sku));
    assert_eq!(two("饼干"), ["s00000", "s00001"], "words are read when it is quiet");
    assert!(!lane.learn_words().expect("read"));
    for text in ["饼干", "sdb", "s009"] {
        assert_eq!(two(text), ["s00990", "s00995"], "{text}");
    }
    assert_eq!(skus(lane.search("饼干", 3)), ["s00990", "s00995", "s00000"]);
    assert_eq!(two("苹果"), ["a1", "j1"], "what sells before what is pinned");
    assert_eq!(skus(lane.search("苹果", 9)), ["a1", "j1"], "nothing twice");
    // Its name changes, and another one goes.
    let juicy = product("s00990", "果汁", "gz");
    agent.pull(3, &[("s00990", Entity::Product(Some(juicy))), ("s00995", Entity::Product(None))]);
    lane.refresh().expect("refreshed");
    assert_eq!(skus(lane.search("饼干", 2)), ["s00000", "s00001"]);
    lane.learn_words().expect("read");
    assert_eq!(skus(lane.search("果汁", 2)), ["s00990", "j1"]);
}

#[test]
fn goods_are_found_by_what_they_cost() {
    let priced = |sku: &str, name: &str, price| pull::Product { price, ..product(sku, name, "x") };
    let mut agent = Agent::with(&[
        priced("b1", "白碗", 990),
        priced("b2", "花碗", 990),
        priced("b3", "瓷碗", 1_200),
        priced("k1", "筷子", 990),
    ]);
    let listed = |sku: &str, price| {
        let row = serde_json::json!({"list": "l", "sku": sku, "from_ms": 0, "price": price});
        Entity::Price(Some(serde_json::from_value(row).expect("a row")))
    };
    agent.pull(2, &[("l|b3", listed("b3", 990)), ("l|k1", listed("k1", 1_500))]);
    let lane = agent.lane();
    // What it costs now is what its list says.
    let costs = |item: &Item| {
        domain::price_list::list_price(item, None, domain::catalogue::Buyer::WalkIn, 1)
            .expect("a price")
            .minor()
            == 990
    };
    let found = |words: &str, limit| skus(lane.at_price(Money::from_minor(990), words, limit, costs));
    assert_eq!(found("", 9), ["b1", "b2", "b3"], "whose list says another price costs that");
    assert_eq!(found("碗", 2), ["b1", "b2"]);
    assert_eq!(found("瓷", 9), ["b3"]);
    lane.count_sold("b3");
    assert_eq!(found("", 2), ["b3", "b1"], "what sells first");
    assert_eq!(skus(lane.at_price(Money::from_minor(991), "", 9, |_| true)), [""; 0]);
    let plan: Vec<String> = lane
        .connection
        .prepare(&format!("EXPLAIN QUERY PLAN {}", priced::CANDIDATES))
        .and_then(|mut plan| plan.query_map([990, 9], |row| row.get(3))?.collect())
        .expect("a plan");
    for index in ["product_by_amount", "price_by_amount"] {
        assert!(plan.iter().any(|step| step.contains(&format!("COVERING INDEX {index}"))), "{plan:?}");
    }
}

#[test]
fn a_whole_assortment_is_taken_in_and_searched() {
    const GOODS: u32 = 20_000;
    let mut agent = shop();
    let update = agent.writer.begin().expect("begun");
    for number in 0..GOODS {
        let sku = format!("s{number:05}");
        let product =
            pull::Product { name_en: format!("Biscuit {number}"), ..product(&sku, "苏打饼干", "sdbg") };
        update
            .apply(&Change {
                version: u64::from(number) + 2,
                key: sku,
                entity: Entity::Product(Some(product)),
            })
            .expect("applied");
    }
    update.commit(u64::from(GOODS) + 1).expect("committed");
    let lane = agent.lane();
    assert_eq!(lane.version(), u64::from(GOODS) + 1);
    assert_eq!(sku(lane.item_by_sku("s19999")).as_deref(), Some("s19999"));
    assert_eq!(skus(lane.search("饼干", 20)).len(), 20);
    assert_eq!(skus(lane.search("19999", 20)), ["s19999"]);
    assert_eq!(skus(lane.search("苹果", 20)), ["j1", "a1"]);
}

// The rest of what HQ says.

#[test]
fn people_stores_and_categories_come_and_go() {
    let member = |id: &str, number: &str| {
        Entity::Staff(Some(pull::StaffMember {
            id: id.into(),
            number: number.into(),
            name: id.into(),
            role: "cashier".into(),
            pin_hash: "$argon2id$".into(),
        }))
    };
    let category = |id: &str, position| {
        Entity::Category(Some(pull::Category {
            id: id.into(),
            name_zh: id.into(),
            name_en: id.into(),
            position,
        }))
    };
    let store = Entity::Store(Some(pull::Store {
        code: "S001".into(),
        name_zh: "示范店".into(),
        name_en: "Demo".into(),
        currency: "CNY".into(),
        currency_symbol: "¥".into(),
        currency_exponent: 2,
        receipt_header: vec![],
        receipt_footer: vec![],
        cash_rounding: 10,
        scale_patterns: vec![],
        groups: vec![],
        code_patterns: vec![],
        rules: pull::StoreRules::default(),
        place: None,
        receipts_at: None,
    }));
    let mut agent = Agent::new();
    agent.pull(
        1,
        &[
            ("e2", member("e2", "02")),
            ("e1", member("e1", "03")),
            ("c1", category("c1", 2)),
            ("c2", category("c2", 1)),
            ("S001", store),
        ],
    );
    agent.pull(2, &[("e1", member("e1", "01")), ("c1", Entity::Category(None))]);
    let lane = agent.lane();
    let people: Vec<_> =
        lane.staff().expect("read").into_iter().map(|member| (member.id, member.number)).collect();
    assert_eq!(people, [("e1".into(), "01".into()), ("e2".into(), "02".into())]);
    let categories: Vec<_> =
        lane.categories().expect("read").into_iter().map(|category| category.id).collect();
    assert_eq!(categories, ["c2"]);
    assert_eq!(lane.store("S001").expect("read").map(|store| store.cash_rounding), Some(10));
    assert_eq!(lane.store("S002").expect("read"), None);
    agent.pull(3, &[("e1", Entity::Staff(None)), ("e2", Entity::Staff(None)), ("S001", Entity::Store(None))]);
    let lane = agent.lane();
    assert_eq!((lane.staff().expect("read"), lane.store("S001").expect("read")), (vec![], None));
}

#[test]
fn a_row_that_cannot_be_read_is_a_fault_not_an_unknown_item() {
    let agent = shop();
    agent.writer.connection.execute("UPDATE product SET body = '{}' WHERE sku = 'c1'", []).expect("damaged");
    let lane = agent.lane();
    assert!(lane.item_by_sku("c1").expect_err("a fault").to_string().contains("a row of product"));
    assert_eq!(sku(lane.item_by_sku("j1")).as_deref(), Some("j1"));
}

#[test]
fn the_lane_sees_at_once_what_its_agent_knows() {
    let mut agent = Agent::new();
    let watch = AgentWatch::open(&agent.path()).expect("opens").expect("there is one");
    let pinned = agent.lane();
    assert_eq!(watch.state().expect("read"), AgentState::default());
    let identity = Identity { store: "S001".into(), lane: 2, epoch: 3 };
    agent.writer.set_identity(&identity).expect("set");
    agent.writer.set_position(Position { acknowledged: 41, quarantined: 1 }, 1_000).expect("set");
    agent.writer.set_alarm(Some("fork at 42")).expect("set");
    agent.pull(7, &[]);
    agent.writer.set_contact(2_000).expect("set");
    agent.writer.set_apart(-61_000).expect("set");
    assert_eq!(
        watch.state().expect("read"),
        AgentState {
            identity: Some(identity.clone()),
            version: 7,
            position: Position { acknowledged: 41, quarantined: 1 },
            contact_ms: Some(2_000),
            apart_ms: Some(-61_000),
            alarm: Some("fork at 42".into()),
        }
    );
    assert_eq!(pinned.version(), 0);
    agent.writer.set_identity(&Identity { epoch: 4, ..identity }).expect("set");
    let state = watch.state().expect("read");
    assert_eq!(
        (state.position, state.alarm, state.version),
        (Position::default(), None, 7),
        "a new journal, the same goods"
    );
}

#[test]
fn a_member_is_found_by_card_number_or_telephone() {
    let member = |id: &str, card: &str, phone: &str| {
        Entity::Member(Some(pull::Member {
            id: id.into(),
            shown: "赵** *0001".into(),
            cards: vec![card.into()],
            phone_hash: pull::phone_hash(phone),
            tier: "gold".into(),
            tags: vec!["社群".into()],
            ..pull::Member::default()
        }))
    };
    let mut agent = shop();
    let two = [("m1", member("m1", "M00000001K", "00000000001")), ("m2", member("m2", "M2", "00000000002"))];
    agent.pull(2, &two);
    let lane = agent.lane();
    let found = |code: &str| lane.member(code).expect("answered").map(|member| member.id.clone());
    for code in ["m1", "M00000001K", "00000000001"] {
        assert_eq!(found(code).as_deref(), Some("m1"), "{code}");
    }
    assert_eq!((found("M2").as_deref(), found("00000000003"), found("000")), (Some("m2"), None, None));
    // Whoever asks for the hash itself, or for what marks one, finds nobody.
    assert_eq!(found(&format!("phone:{}", "0".repeat(64))), None);
    let full = lane.member("m1").expect("answered").expect("there");
    assert_eq!((full.tier.as_str(), full.tags.as_slice()), ("gold", ["社群".to_owned()].as_slice()));

    // Two of one number: nobody is taken for the other. One moves, one goes.
    agent.pull(3, &[("m2", member("m2", "M2", "00000000001"))]);
    lane.refresh().expect("refreshed");
    assert_eq!(found("00000000001"), None);
    agent.pull(4, &[("m2", Entity::Member(None)), ("m1", member("m1", "M9", "00000000001"))]);
    lane.refresh().expect("refreshed");
    assert_eq!((found("00000000001").as_deref(), found("M9").as_deref()), (Some("m1"), Some("m1")));
    assert_eq!((found("M00000001K"), found("M2"), found("m2")), (None, None, None));
}

#[test]
fn a_coupon_is_known_until_it_is_gone() {
    let coupon = |state| {
        Entity::Coupon(Some(pull::Coupon {
            code: "C1".into(),
            promotion: "K1".into(),
            state,
            from_ms: None,
            until_ms: Some(9),
            owner: Some("m1".into()),
            group: "cash".into(),
            together_max: 3,
        }))
    };
    let mut agent = shop();
    agent.pull(2, &[("C1", coupon(pull::CouponState::Issued))]);
    let lane = agent.lane();
    let state = || lane.coupon("C1").expect("answered").map(|coupon| coupon.state);
    assert_eq!(state(), Some(CouponState::Issued));
    let full = lane.coupon("C1").expect("answered").expect("there");
    assert_eq!((full.owner.as_deref(), full.until_ms, full.together_max), (Some("m1"), Some(9), 3));
    agent.pull(3, &[("C1", coupon(pull::CouponState::Redeemed))]);
    lane.refresh().expect("refreshed");
    assert_eq!(state(), Some(CouponState::Redeemed));
    agent.pull(4, &[("C1", Entity::Coupon(None))]);
    lane.refresh().expect("refreshed");
    assert_eq!(state(), None);
}

#[test]
fn what_a_ticket_is_given_lies_beside_the_promotions() {
    let form = |id: &str, kind: &str| PromotionForm {
        id: id.into(),
        layer: "grant".into(),
        kind: kind.into(),
        min: Some(1_000),
        draws: Some(1),
        ..PromotionForm::default()
    };
    let mut agent = shop();
    let two = [("g1", form("g1", "draw")), ("g2", form("g2", "no such gift"))];
    let two = two.map(|(id, form)| (id, Entity::PromotionRule(Some(form))));
    agent.pull(2, &two);
    let lane = agent.lane();
    let set = lane.promotions().expect("answered");
    assert_eq!(set.grants().iter().map(|grant| grant.id.as_str()).collect::<Vec<_>>(), ["g1"]);
    assert!(lane.refused_promotions()[0].contains("g2"), "{:?}", lane.refused_promotions());
}

#[test]
fn what_a_promotion_names_in_vain_is_said_and_it_stays_live() {
    let rule = |id: &str, skus: &[&str], excludes: &str| {
        let named = |text: &str| (!text.is_empty()).then(|| OneOrMany::One(text.to_owned()));
        Entity::PromotionRule(Some(PromotionForm {
            id: id.into(),
            layer: "order".into(),
            kind: "threshold_off".into(),
            min: Some(10_000),
            off: Some(500),
            skus: (!skus.is_empty()).then(|| skus.iter().map(|sku| (*sku).to_owned()).collect()),
            excludes: named(excludes),
            ..PromotionForm::default()
        }))
    };
    let mut agent = shop();
    let known = cola().sku;
    agent.pull(
        2,
        &[
            ("a", rule("a", &["nothing", "such"], "")),
            ("b", rule("b", &["nothing", &known], "c")),
            ("c", rule("c", &[], "gone")),
        ],
    );
    let lane = agent.lane();
    assert_eq!(lane.promotions().expect("answered").promotions().len(), 3, "all of them are live");
    assert_eq!(
        lane.refused_promotions(),
        [
            "look at promotion a: none of the goods that it names is known here",
            "look at promotion c: it excludes gone, which is no promotion here",
        ]
    );
}

/// An order of a channel, promised for an instant.
fn order(id: &str, promised_ms: Option<i64>, state: pull::OrderState) -> pull::Order {
    let line = |line, sku: &str, quantity| pull::OrderLine {
        line,
        sku: sku.into(),
        quantity,
        net: 700,
        tax_rate: 1_300,
    };
    pull::Order {
        id: id.into(),
        channel: "mini_program".into(),
        state,
        lines: vec![line(1, "c1", 2_000), line(2, "c1", 0)],
        kept: 700,
        code_hash: pull::pick_up_hash("S1", id, "482915"),
        promised_ms,
        shown: "赵** *0001".into(),
    }
}

#[test]
fn open_orders_are_read_by_their_time_always_the_newest() {
    let mut agent = shop();
    let lane = agent.lane();
    assert_eq!(lane.orders().expect("read"), []);
    let told = |id: &str, promised_ms, state| Entity::Order(Some(order(id, promised_ms, state)));
    agent.pull(
        2,
        &[
            ("o1", told("o1", None, pull::OrderState::Paid)),
            ("o2", told("o2", Some(9_000), pull::OrderState::Accepted)),
            ("o3", told("o3", Some(5_000), pull::OrderState::Picked)),
        ],
    );
    // The lane stands on the version before; orders are those of now.
    let ids = |lane: &Reference| {
        lane.orders().expect("read").into_iter().map(|order| order.told.id).collect::<Vec<_>>()
    };
    assert_eq!((lane.version(), ids(&lane)), (1, vec!["o3".to_owned(), "o2".into(), "o1".into()]));
    let picked = lane.orders().expect("read").remove(0);
    assert!(
        picked.is_code("S1", "482915") && !picked.is_code("S1", "482916") && !picked.is_code("S2", "482915")
    );
    assert_eq!(picked.told.lines.len(), 1, "what was not found is not handed over");
    agent.pull(3, &[("o3", Entity::Order(None)), ("o2", told("o2", Some(1), pull::OrderState::Picked))]);
    assert_eq!(ids(&lane), ["o2", "o1"]);
    lane.refresh().expect("refreshed");
    assert_eq!(lane.goods_version(), 1, "an order is nothing to prices");
    // Everything is pulled anew: what is not told again is gone.
    let update = agent.writer.begin().expect("begun");
    update.clear().expect("cleared");
    update.commit(4).expect("committed");
    assert_eq!(ids(&lane), Vec::<String>::new());
}

#[test]
fn a_file_of_an_agent_that_knew_no_orders_has_none() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("reference.db");
    released(&path, 7);
    let lane = Reference::open(&path).expect("opens").expect("there is one");
    assert_eq!(lane.orders().expect("read"), []);
    assert!(ReferenceWriter::open(&path).expect("upgraded").is_outdated().expect("read"));
    assert_eq!(lane.orders().expect("read"), []);
}

#[test]
fn pictures_are_wanted_in_the_order_of_their_use_and_an_older_file_has_none() {
    use super::pictures::PictureBook;
    let name = |digit: &str| digit.repeat(64);
    let picture =
        |sku: &str, digit: &str, bytes| pull::Picture { sku: sku.into(), sha256: name(digit), bytes };
    let pinned = pull::Product { pin: 1, ..product("z9", "梨", "l") };
    let mut agent = Agent::with(&[cola(), apple(), pinned]);
    let path = agent.folder.path().join("reference.db");
    let book = PictureBook::open(&path).expect("opens").expect("there is one");
    assert_eq!((book.version().expect("read"), book.wanted(1 << 20).expect("read")), (0, vec![]));
    assert!(!book.any().expect("read"));
    agent.pull(
        5,
        &[
            ("c1", Entity::Picture(Some(picture("c1", "1", 100)))),
            ("a1", Entity::Picture(Some(picture("a1", "2", 100)))),
            ("z9", Entity::Picture(Some(picture("z9", "3", 100)))),
            // The same picture for two goods is one file; a name that is a way elsewhere is none.
            ("b1", Entity::Picture(Some(picture("b1", "3", 100)))),
            ("b2", Entity::Picture(Some(pull::Picture { sha256: "../x".into(), ..picture("b2", "4", 100) }))),
        ],
    );
    let digits = |bytes_max| -> Vec<String> {
        let wanted = book.wanted(bytes_max).expect("read");
        wanted.into_iter().map(|picture| picture.sha256[..1].to_owned()).collect()
    };
    assert_eq!(book.version().expect("read"), 5);
    assert_eq!(digits(1 << 20), ["3", "1", "2"], "pinned, then weighed, then the others");
    assert_eq!(digits(299), ["3", "1"], "what does not go into the room stays away");
    assert_eq!(book.of("c1").expect("read"), Some(picture("c1", "1", 100)));
    assert_eq!((book.of("b2").expect("read"), book.of("q").expect("read")), (None, None));
    assert!(book.any().expect("read"));
    // Prices change and pictures do not; then one goes.
    agent.pull(6, &[("c1", Entity::Product(Some(cola())))]);
    assert_eq!(book.version().expect("read"), 5);
    agent.pull(7, &[("z9", Entity::Picture(None)), ("b1", Entity::Picture(None))]);
    assert_eq!((book.version().expect("read"), digits(1 << 20)), (7, vec!["1".into(), "2".into()]));
    let update = agent.writer.begin().expect("begun");
    update.clear().expect("cleared");
    update.commit(8).expect("committed");
    assert_eq!((book.version().expect("read"), book.wanted(1 << 20).expect("read")), (8, vec![]));
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("reference.db");
    released(&path, 9);
    let older = PictureBook::open(&path).expect("opens").expect("there is one");
    assert_eq!((older.any().expect("read"), older.of("c1").expect("read")), (false, None));
    assert!(ReferenceWriter::open(&path).expect("upgraded").is_outdated().expect("read"), "passed over");
}

#[test]
fn transfers_are_read_the_oldest_first_always_the_newest_told() {
    let mut agent = shop();
    let lane = agent.lane();
    let told = |number: &str, ordered_ms, left| {
        let lines =
            vec![pull::TransferLine { sku: "c1".into(), asked: 6_000, sent: if left { 5_000 } else { 0 } }];
        let (from, to, note) = ("S1".into(), "S2".into(), String::new());
        Entity::Transfer(Some(pull::Transfer {
            number: number.into(),
            from,
            to,
            lines,
            ordered_ms,
            left,
            note,
        }))
    };
    agent.pull(
        2,
        &[("T2", told("T2", 20, false)), ("T1", told("T1", 30, false)), ("T3", told("T3", 10, false))],
    );
    let known = |lane: &Reference| {
        let all = lane.transfers().expect("read");
        all.into_iter().map(|transfer| (transfer.number, transfer.left)).collect::<Vec<_>>()
    };
    let told_of = |numbers: &[(&str, bool)]| {
        numbers.iter().map(|(number, left)| ((*number).to_owned(), *left)).collect::<Vec<_>>()
    };
    // The lane stands on the version before; transfers are those of now.
    assert_eq!((lane.version(), known(&lane)), (1, told_of(&[("T3", false), ("T2", false), ("T1", false)])));
    agent.pull(3, &[("T3", Entity::Transfer(None)), ("T2", told("T2", 20, true))]);
    assert_eq!(known(&lane), told_of(&[("T2", true), ("T1", false)]));
    lane.refresh().expect("refreshed");
    assert_eq!(lane.goods_version(), 1, "a transfer is nothing to prices");
    let update = agent.writer.begin().expect("begun");
    update.clear().expect("cleared");
    update.commit(4).expect("committed");
    assert_eq!(known(&lane), told_of(&[]));
}

#[test]
fn a_file_of_an_agent_that_knew_no_transfers_has_none() {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("reference.db");
    released(&path, 10);
    let lane = Reference::open(&path).expect("opens").expect("there is one");
    assert_eq!(lane.transfers().expect("read"), []);
    assert!(ReferenceWriter::open(&path).expect("upgraded").is_outdated().expect("read"));
    assert_eq!(lane.transfers().expect("read"), []);
}
