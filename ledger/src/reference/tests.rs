//! The reference as agent and lane see it, on a real file.

use tempfile::TempDir;

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
    let by_gtin = |text: &str| sku(lane.item_by_gtin(&Gtin::parse(text).expect("a GTIN")));
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
    let by_gtin = |text: &str| sku(lane.item_by_gtin(&Gtin::parse(text).expect("a GTIN")));
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
    assert_eq!(sku(agent.lane().item_by_gtin(&gtin)).as_deref(), Some("b9"));
    agent.pull(3, &[("b9", Entity::Product(None))]);
    assert_eq!(sku(agent.lane().item_by_gtin(&gtin)).as_deref(), Some("c1"));
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
        agent.lane().promotions_of(sku).expect("answered").into_iter().map(|promotion| promotion.id).collect()
    };
    agent.pull(2, &[("p2", promotion("p2", &["c1", "c1"])), ("p1", promotion("p1", &["c1", "a1"]))]);
    assert_eq!(
        (of(&agent, "c1"), of(&agent, "a1"), of(&agent, "j1")),
        (vec!["p1".into(), "p2".into()], vec!["p1".into()], vec![])
    );
    let found = agent.lane().promotions_of("a1").expect("answered").remove(0);
    assert_eq!((found.cut, found.from_ms, found.until_ms), (PriceCut::Percent(85), Some(1), None));
    agent.pull(3, &[("p1", promotion("p1", &["j1"])), ("p2", Entity::Promotion(None))]);
    assert_eq!((of(&agent, "c1"), of(&agent, "a1"), of(&agent, "j1")), (vec![], vec![], vec!["p1".into()]));
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
    assert_eq!(
        watch.state().expect("read"),
        AgentState {
            identity: Some(identity.clone()),
            version: 7,
            position: Position { acknowledged: 41, quarantined: 1 },
            contact_ms: Some(2_000),
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
