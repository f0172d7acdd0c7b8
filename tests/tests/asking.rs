//! Lanes that ask HQ through their agents while a customer waits: real
//! programs for HQ and the agents, real lanes with their real lines to them.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

#[path = "asking/transfers.rs"]
mod transfers;

use std::path::Path;
use std::process::Command as Program;

use anyhow::{Context, Result};
use domain::barcode::ReceiptCode;
use domain::money::Money;
use domain::phone::{CodeKind, PhoneRecord, Unusable};
use domain::record::Record;
use domain::till::Input;
use fixtures::shop;
use pos_app::lane::Moment;
use protocol::ask::{Answer, Knows, PHONE, Question, Sought};
use protocol::head::SigningKey;
use protocol::pull::phone_hash;
use protocol::scan_go::{ExitCode, PhoneBasket, PhoneLine};
use tests::phone::{ask, basket, basket_at, link, wait_for_keys};
use tests::process::{program, run, wait_for};
use tests::shop::{Headquarters, Relay, STORE, code_of};
use tests::till::Till;
use ui::Key;

const CHIPS: &str = "180001";
/// Goods that no promotion of the shop is about.
const TISSUES: &str = "200005";
const RICE: &str = "200022";
const GOLD_CARD: &str = "M00000005C";
const GOLD: &str = "M000005";
const COUPON: &str = "CDEMO0001R";
const STRANGER_PHONE: &str = "13912340009";

/// The demo shop, and a member of another store.
fn open(folder: &Path) -> Result<Headquarters> {
    let demo = folder.join("shop.json");
    std::fs::write(&demo, shop::demo().import_json())?;
    let other = folder.join("other.json");
    let member = serde_json::json!({
        "store": {"code": "S002", "name_zh": "二店", "name_en": "Two", "currency": "CNY",
                  "currency_symbol": "¥", "currency_exponent": 2, "cash_rounding": 1},
        "members": [{"id": "M900009", "name": "冯远", "phone_hash": phone_hash(STRANGER_PHONE),
                     "phone_last4": "0009", "tier": "gold", "points": 1_000, "cards": ["M90000009X"]}],
    });
    std::fs::write(&other, member.to_string())?;
    Headquarters::open(&folder.join("hq"), &[&demo, &other])
}

#[test]
fn who_is_known_elsewhere_is_found_and_their_points_are_spent_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut headquarters = open(folder.path())?;
    let mut one = Till::open(&folder.path().join("one"), &headquarters, 1)?;
    let mut two = Till::open(&folder.path().join("two"), &headquarters, 2)?;

    // Nobody of this store; HQ knows them, and says no more than it must.
    one.choose(CHIPS, 10);
    one.feed(Input::FindMember(STRANGER_PHONE.into()));
    one.wait("the member joins", |lane| lane.till().is_some_and(|till| till.basket().member().is_some()));
    let member = one.basket().member().context("a member")?.clone();
    assert_eq!((member.id.as_str(), member.shown.as_str()), ("M900009", "冯** *0009"));
    one.wait("points are lent", |lane| lane.points_lent() == Some(1_000));
    one.lane.spend_points();
    one.turn(Vec::new());

    // The other lane asks for the same points meanwhile, in vain.
    two.choose(CHIPS, 10);
    two.feed(Input::FindMember(STRANGER_PHONE.into()));
    two.wait("the member joins", |lane| lane.till().is_some_and(|till| till.basket().member().is_some()));
    let told = two.basket().member().and_then(|member| member.points);
    assert_eq!((told, two.lane.points_lent()), (Some(0), None));

    one.pay();
    let sale = one.last_sale()?;
    let points = sale.buyer.context("a buyer")?.points.context("points")?;
    assert!(points.spent > 0 && points.spent <= 1_000, "{points:?}");
    // What was not spent goes back with the journal, and the other lane has it.
    one.files.wait_for_acknowledgement()?;
    let left = 1_000 - points.spent;
    two.lane.spend_points();
    two.turn(Vec::new());
    two.wait("the rest is lent", |lane| lane.points_lent().is_some_and(|lent| lent >= left));
    assert_eq!(two.lane.points_lent(), Some(left + points.earned));
    two.pay();

    // With HQ away: a stranger stays one, and the customer is not kept.
    two.files.wait_for_acknowledgement()?;
    headquarters.kill()?;
    one.choose(CHIPS, 1);
    one.feed(Input::FindMember("13912340008".into()));
    one.hear(1);
    assert!(one.basket().member().is_none());
    one.pay();
    // And with the agent away.
    one.files.kill_agent()?;
    one.choose(CHIPS, 1);
    one.feed(Input::FindMember("13912340008".into()));
    one.hear(1);
    one.pay();
    assert_eq!(one.files.count(|record| matches!(record, Record::SaleCompleted { .. }))?, 3);
    Ok(())
}

#[test]
fn a_coupon_is_spent_on_one_lane_though_another_was_told_of_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut headquarters = open(folder.path())?;
    let mut one = Till::open(&folder.path().join("one"), &headquarters, 1)?;
    let mut two = Till::open(&folder.path().join("two"), &headquarters, 2)?;
    for till in [&mut one, &mut two] {
        till.choose(RICE, 1);
    }
    one.scan(COUPON);
    one.wait("the coupon lies", |lane| lane.till().is_some_and(|till| till.basket().coupons().len() == 1));
    two.scan(COUPON);
    two.hear(1);
    assert!(two.basket().coupons().is_empty(), "the first lane has it");
    // The first customer leaves it, and it is free again.
    one.feed(Input::TakeCouponBack { code: COUPON.into() });
    one.hear(1);
    two.scan(COUPON);
    two.wait("the coupon lies", |lane| lane.till().is_some_and(|till| till.basket().coupons().len() == 1));
    two.pay();
    assert_eq!(two.last_sale()?.coupons.len(), 1);
    two.files.wait_for_acknowledgement()?;
    one.scan(COUPON);
    one.hear(1);
    assert!(one.basket().coupons().is_empty(), "it was spent");
    // With HQ away the lane has what it was told, and HQ lists what was spent twice.
    headquarters.kill()?;
    let known = one.lane.till().is_some();
    assert!(known);
    one.scan("CDEMO0002P");
    one.hear(1);
    assert!(one.basket().coupons().is_empty(), "it is a member's");
    one.scan(GOLD_CARD);
    one.hear(1);
    assert_eq!(one.basket().member().map(|member| member.id.as_str()), Some(GOLD));
    one.scan("CDEMO0002P");
    one.hear(1);
    assert_eq!(one.basket().coupons().len(), 1, "within its own bounds");
    one.pay();
    headquarters.start()?;
    one.files.wait_for_acknowledgement()?;
    let listed =
        run(Program::new(program("hq")?).arg("exceptions").arg("--data").arg(folder.path().join("hq")))?;
    assert!(!listed.contains("CDEMO"), "nothing was spent twice: {listed}");
    Ok(())
}

#[test]
fn two_lanes_give_one_receipt_back_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let headquarters = open(folder.path())?;
    let mut one = Till::open(&folder.path().join("one"), &headquarters, 1)?;
    let mut two = Till::open(&folder.path().join("two"), &headquarters, 2)?;
    one.choose(CHIPS, 2);
    one.pay();
    one.files.wait_for_acknowledgement()?;
    let code = receipt_of(&one, 1)?;

    two.scan(&code);
    two.wait("the sale is found", |lane| lane.till().is_some_and(|till| till.basket().past().is_some()));
    one.scan(&code);
    one.hear(1);
    assert!(one.basket().past().is_none(), "the other lane is at it");
    let line = two.basket().past().context("a past sale")?.lines[0].line.number;
    two.feed(Input::ReturnLine { line, thousandths: 1_000, reason: "stale".into() });
    two.feed(Input::Pay);
    two.feed(Input::PayOut);
    two.feed(Input::Back);
    two.files.wait_for_acknowledgement()?;
    assert_eq!(two.last_sale()?.returns.len(), 1);

    // One piece is left, on whatever lane.
    one.scan(&code);
    one.wait("what is left is found", |lane| lane.till().is_some_and(|till| till.basket().past().is_some()));
    let past = one.basket().past().context("a past sale")?.clone();
    assert_eq!(past.quantity_left(line, &[]), 1_000);
    // They think better of it.
    one.feed(Input::DropReturn);
    one.hear(1);
    two.scan(&code);
    two.wait("it is free again", |lane| lane.till().is_some_and(|till| till.basket().past().is_some()));
    Ok(())
}

/// The code on the receipt of the last sale.
fn receipt_of(till: &Till, lane: u32) -> Result<String> {
    let head = till.lane.journal().context("a journal")?.identity().clone();
    let seq = till.lane.till().and_then(domain::till::Till::last_sale).context("a sale")?;
    Ok(ReceiptCode { store: head.store, lane, epoch: head.epoch, seq }.to_string())
}

/// What HQ shows at an address, for whoever reads Chinese or English: the status line and the page.
fn page(url: &str, path: &str, language: &str) -> Result<(String, String)> {
    use std::io::{Read, Write};
    let address = url.trim_start_matches("http://");
    let mut line = std::net::TcpStream::connect(address)?;
    write!(
        line,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nAccept-Language: {language}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    line.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("an answer")?;
    Ok((head.lines().next().unwrap_or_default().to_owned(), body.to_owned()))
}

#[test]
fn a_phone_reads_its_receipt_at_hq_and_a_till_takes_goods_back_by_the_same_code() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut headquarters = open(folder.path())?;
    let mut shop: serde_json::Value = serde_json::from_str(&shop::demo().import_json())?;
    shop["store"]["receipts_at"] = headquarters.url().into();
    let file = folder.path().join("receipts.json");
    std::fs::write(&file, shop.to_string())?;
    run(Program::new(program("hq")?)
        .args(["import", "--data"])
        .arg(folder.path().join("hq"))
        .arg("--file")
        .arg(&file))?;
    let mut one = Till::open(&folder.path().join("one"), &headquarters, 1)?;
    let mut two = Till::open(&folder.path().join("two"), &headquarters, 2)?;

    // HQ is away when the customer is shown the code.
    headquarters.kill()?;
    one.choose(CHIPS, 2);
    one.feed(Input::Pay);
    one.feed(Input::TakeCash(Money::from_minor(10_000)));
    let shown = receipt_of(&one, 1)?;
    let seq = one.lane.till().and_then(domain::till::Till::last_sale).context("a sale")?;
    let token = one.lane.journal().context("a journal")?.hash_at(seq)?.to_string()[..32].to_owned();
    let path = format!("/r/{shown}/{token}");
    let link = format!("{}{path}", headquarters.url());
    one.key(Key::Function(7));
    let picture = one.lane.view().sheet.and_then(|sheet| sheet.picture).context("the code")?;
    assert_eq!(
        drivers::printer::qr_squares(&link),
        Some((picture.width, picture.dark)),
        "the code is the link"
    );

    headquarters.start()?;
    let url = headquarters.url();
    one.files.wait_for_acknowledgement()?;
    let (status, text) = page(&url, &path, "zh-CN,zh;q=0.9")?;
    assert!(
        status.contains(" 200 ") && text.contains("<svg") && text.contains("lang=\"zh-CN\""),
        "{status}: {text}"
    );
    for word in ["红烧牛肉面", "合计", "9.00"] {
        assert!(text.contains(word), "{word} in {text}");
    }
    assert!(page(&url, &path, "en")?.1.contains("Show this code to bring goods back"));
    // Whoever guesses is told no more than of a receipt that is not there.
    let others = [
        format!("/r/{shown}/{}", "0".repeat(32)),
        format!("/r/{shown}/{}", &token[..31]),
        format!("/r/{}/{token}", ReceiptCode { store: STORE.into(), lane: 1, epoch: 1, seq: seq + 1 }),
        format!("/r/{}/{token}", shown.replace("S001", "S009")),
        format!("/r/%3Cscript%3E/{token}"),
    ];
    let nothing: Vec<(String, String)> =
        others.iter().map(|path| page(&url, path, "zh")).collect::<Result<_>>()?;
    assert!(nothing[0].0.contains(" 200 ") && !nothing[0].1.contains("红烧牛肉面"), "{nothing:?}");
    assert!(nothing.iter().all(|other| *other == nothing[0]), "{nothing:?}");

    // The other lane reads the phone's screen.
    two.scan(&link);
    two.wait("the sale is found", |lane| lane.till().is_some_and(|till| till.basket().past().is_some()));
    Ok(())
}

#[test]
fn cut_off_from_hq_a_stores_lanes_still_give_one_receipt_back_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut headquarters = open(folder.path())?;
    let mut relay = Relay::open(&folder.path().join("relay"), &headquarters)?;
    let mut one = Till::open_by(&folder.path().join("one"), &headquarters, Some(&relay), 1)?;
    let mut two = Till::open_by(&folder.path().join("two"), &headquarters, Some(&relay), 2)?;
    // Through the relay as by itself.
    one.choose(CHIPS, 1);
    one.pay();
    one.files.wait_for_acknowledgement()?;

    headquarters.kill()?;
    one.choose(CHIPS, 2);
    one.pay();
    let code = receipt_of(&one, 1)?;
    // The other lane finds a sale that HQ has never heard of, once its copy is at the relay.
    let sold = one.lane.till().and_then(domain::till::Till::last_sale).context("a sale")?;
    wait_for("a copy", || Ok((relay.copied(1)? >= sold).then_some(())))?;
    two.scan(&code);
    two.wait("the sale is found", |lane| lane.till().is_some_and(|till| till.basket().past().is_some()));
    one.scan(&code);
    one.hear(1);
    assert!(one.basket().past().is_none(), "the other lane is at it");
    let line = two.basket().past().context("a past sale")?.lines[0].line.number;
    two.feed(Input::ReturnLine { line, thousandths: 2_000, reason: "stale".into() });
    two.feed(Input::Pay);
    two.feed(Input::PayOut);
    two.feed(Input::Back);
    assert_eq!(two.last_sale()?.returns.len(), 1);
    // All of it is back, and the relay knows: nothing is left for the lane that sold it.
    let back = two.lane.till().and_then(domain::till::Till::last_sale).context("a return")?;
    wait_for("a copy", || Ok((relay.copied(2)? >= back).then_some(())))?;
    one.scan(&code);
    one.hear(1);
    assert!(one.basket().past().is_none(), "nothing is left of it");
    // With the relay gone too, each lane sells alone.
    relay.kill()?;
    one.choose(CHIPS, 1);
    one.pay();
    headquarters.start()?;
    one.files.wait_for_acknowledgement()?;
    two.files.wait_for_acknowledgement()?;
    assert_eq!(headquarters.sums()?.0, 4);
    let listed =
        run(Program::new(program("hq")?).arg("exceptions").arg("--data").arg(folder.path().join("hq")))?;
    assert!(!listed.contains("returned"), "nothing came back twice: {listed}");
    relay.start(&headquarters)?;
    one.scan(&code);
    one.hear(1);
    assert!(one.basket().past().is_none(), "HQ knows it as well");
    Ok(())
}

/// The gold member buys with points: how many were spent, and earned.
fn buys_with_points(till: &mut Till, sku: &str, count: i64) -> Result<(i64, i64)> {
    till.choose(sku, count);
    till.scan(GOLD_CARD);
    till.wait("points are lent", |lane| lane.points_lent().is_some());
    till.lane.spend_points();
    till.turn(Vec::new());
    till.pay();
    let points = till.last_sale()?.buyer.context("a buyer")?.points.context("points")?;
    assert!(points.spent > 0, "{points:?}");
    Ok((points.spent, points.earned))
}

#[test]
fn with_hq_dead_a_member_pays_with_points_at_two_lanes_and_it_adds_up_to_the_point() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut headquarters = open(folder.path())?;
    headquarters.lend_to_stores()?;
    let relay = Relay::open_for_phones(&folder.path().join("relay"), &headquarters)?;
    let mut one = Till::open_by(&folder.path().join("one"), &headquarters, Some(&relay), 1)?;
    let mut two = Till::open_by(&folder.path().join("two"), &headquarters, Some(&relay), 2)?;
    // Who shops here is who will.
    one.choose(CHIPS, 1);
    one.scan(GOLD_CARD);
    one.wait("the member joins", |lane| lane.till().is_some_and(|till| till.basket().member().is_some()));
    one.hear(1);
    one.pay();
    one.files.wait_for_acknowledgement()?;
    let (balance, ..) = headquarters.points(GOLD)?;
    let share = balance * 30 / 100;
    wait_for("the store's share", || Ok((relay.points()? == share).then_some(())))?;
    assert_eq!(headquarters.points(GOLD)?, (balance, balance - share, share));
    for lane in [1, 2] {
        wait_for("a copy", || Ok((relay.copied(lane)? > 0).then_some(())))?;
    }

    headquarters.kill()?;
    let (first, earned_first) = buys_with_points(&mut one, CHIPS, 2)?;
    // What is left of the part comes back with the copy, and the other lane has it.
    wait_for("the rest", || Ok((relay.points()? == share - first).then_some(())))?;
    let (second, earned_second) = buys_with_points(&mut two, RICE, 1)?;
    wait_for("the rest", || Ok((relay.points()? == share - first - second).then_some(())))?;
    assert!(share - first - second < 100, "as many as one can spend: {first} and {second} of {share}");

    headquarters.start()?;
    one.files.wait_for_acknowledgement()?;
    two.files.wait_for_acknowledgement()?;
    let after = balance - first - second + earned_first + earned_second;
    let (balance, free, lent) = headquarters.points(GOLD)?;
    assert_eq!((balance, free + lent), (after, after));
    // The store has a share of what is left again; and at its counters all of it can be spent.
    wait_for("the store's share", || Ok((relay.points()? == after * 30 / 100).then_some(())))?;
    two.choose(RICE, 1);
    two.scan(GOLD_CARD);
    two.wait("all that there is", |lane| lane.points_lent() == Some(after));
    two.pay();
    let listed =
        run(Program::new(program("hq")?).arg("exceptions").arg("--data").arg(folder.path().join("hq")))?;
    assert!(!listed.contains("overspent"), "{listed}");
    Ok(())
}

/// Two of something are paid by nobody known; the change stands on the screen.
fn walk_in_buys_two(till: &mut Till, sku: &str) {
    till.choose(sku, 2);
    till.feed(Input::Pay);
    till.feed(Input::TakeCash(Money::from_minor(99_900)));
}

/// Who was named last as the buyer of a paid sale, and the points that it earned them.
fn named_last(till: &Till) -> Result<(String, domain::member::PointsMoved)> {
    let records = till.files.records()?;
    let named = records.iter().rev().find_map(|stored| match &stored.record {
        Record::BuyerNamed { buyer, .. } => Some(buyer.clone()),
        _ => None,
    });
    let buyer = named.context("somebody was named")?;
    Ok((buyer.member, buyer.points.context("points")?))
}

/// One of two comes back at another lane; gives the points that this took back, and of whom.
fn gives_one_back(till: &mut Till, code: &str) -> Result<(String, i64)> {
    till.scan(code);
    till.wait("the sale is found", |lane| lane.till().is_some_and(|till| till.basket().past().is_some()));
    let line = till.basket().past().context("a past sale")?.lines[0].line.number;
    till.feed(Input::ReturnLine { line, thousandths: 1_000, reason: "stale".into() });
    till.feed(Input::Pay);
    till.feed(Input::PayOut);
    till.feed(Input::Back);
    let back = till.last_sale()?.points_back.context("a member bought")?;
    Ok((back.member, back.reversed))
}

#[test]
fn a_member_who_is_named_after_the_payment_has_the_points_and_a_return_takes_them_back() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut headquarters = open(folder.path())?;
    let relay = Relay::open(&folder.path().join("relay"), &headquarters)?;
    let mut one = Till::open_by(&folder.path().join("one"), &headquarters, Some(&relay), 1)?;
    let mut two = Till::open_by(&folder.path().join("two"), &headquarters, Some(&relay), 2)?;
    let (before, ..) = headquarters.points(GOLD)?;

    // The card is shown when the change is counted out: whose it is, the cashier says.
    walk_in_buys_two(&mut one, TISSUES);
    one.scan(GOLD_CARD);
    assert_eq!(one.title(), "会员给哪一单？");
    one.key(Key::Function(5));
    let (member, points) = named_last(&one)?;
    assert_eq!((member.as_str(), one.title().as_str()), (GOLD, ""));
    let sale = one.last_sale()?;
    assert_eq!(points.earned, points.rule.held(sale.total), "all of it earns");
    let code = receipt_of(&one, 1)?;
    one.files.wait_for_acknowledgement()?;
    assert_eq!(headquarters.points(GOLD)?.0, before + points.earned);

    // One of the two comes back elsewhere, and its points with it.
    let (of, reversed) = gives_one_back(&mut two, &code)?;
    two.files.wait_for_acknowledgement()?;
    let one_net = domain::basket::Line::net(&sale.lines[0]).minor() / 2;
    let left = points.rule.held(sale.total - Money::from_minor(one_net));
    assert_eq!((of.as_str(), reversed), (GOLD, points.earned - left));
    let now = before + left;
    assert_eq!(headquarters.points(GOLD)?.0, now);

    // Somebody whom only HQ knows, by keys and their telephone.
    walk_in_buys_two(&mut one, RICE);
    one.key(Key::Function(8));
    one.key(Key::Function(8));
    assert_eq!(one.title(), "付款后补会员");
    one.type_text(STRANGER_PHONE);
    one.key(Key::Enter);
    one.wait("HQ knows them", |lane| lane.view().sheet.is_none());
    let (stranger, theirs) = named_last(&one)?;
    assert_eq!(stranger, "M900009");
    one.files.wait_for_acknowledgement()?;
    assert_eq!(headquarters.points("M900009")?.0, 1_000 + theirs.earned);

    // With HQ dead: named, copied to the store's relay, and given back at the other lane, which hears of it there.
    headquarters.kill()?;
    one.feed(Input::Back);
    walk_in_buys_two(&mut one, TISSUES);
    one.scan(GOLD_CARD);
    one.key(Key::Function(5));
    let (_, more) = named_last(&one)?;
    let head = one.lane.journal().context("a journal")?.head().seq;
    wait_for("a copy", || Ok((relay.copied(1)? >= head).then_some(())))?;
    let (of, reversed) = gives_one_back(&mut two, &receipt_of(&one, 1)?)?;
    assert_eq!((of.as_str(), reversed), (GOLD, more.earned - left));
    headquarters.start()?;
    one.files.wait_for_acknowledgement()?;
    two.files.wait_for_acknowledgement()?;
    let (balance, free, lent) = headquarters.points(GOLD)?;
    assert_eq!((balance, free + lent), (now + left, balance), "to the point");

    let hq =
        |verb: &str| run(Program::new(program("hq")?).arg(verb).arg("--data").arg(folder.path().join("hq")));
    let (rebuilt, books) = (hq("rebuild")?, hq("rebuild-books")?);
    assert!(rebuilt.contains("0 tables differed"), "{rebuilt}");
    assert!(books.contains(r#""differing":0"#) && books.contains(r#""missing":0"#), "{books}");
    assert_eq!(headquarters.points(GOLD)?.0, balance);
    let listed = hq("exceptions")?;
    assert!(!listed.contains("buyer_named") && !listed.contains("too_much"), "{listed}");
    Ok(())
}

/// Why the last code of a phone was refused at a lane.
fn refused(till: &Till) -> Result<Option<(CodeKind, Unusable)>> {
    let records = till.files.records()?;
    Ok(records.iter().rev().find_map(|stored| match stored.record {
        Record::Phone(PhoneRecord::Refused { kind, why }) => Some((kind, why)),
        _ => None,
    }))
}

#[test]
fn a_phones_code_is_taken_at_one_lane_of_a_store_also_with_hq_away() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut headquarters = open(folder.path())?;
    let mut relay = Relay::open(&folder.path().join("relay"), &headquarters)?;
    let token = link(&folder.path().join("hq"))?;
    let mut one = Till::open_by(&folder.path().join("one"), &headquarters, Some(&relay), 1)?;
    let mut two = Till::open_by(&folder.path().join("two"), &headquarters, Some(&relay), 2)?;
    for till in [&one, &two] {
        // HQ's, and one of each lane.
        wait_for_keys(&till.files, 3)?;
    }
    let codes: Vec<String> =
        (1..=4).map(|pieces| basket(&headquarters, &token, &[(TISSUES, pieces)])).collect::<Result<_>>()?;
    let has_lines = |lane: &pos_app::lane::Lane| lane.till().is_some_and(|till| !till.basket().is_empty());
    let head = |till: &Till| till.lane.journal().map_or(0, |journal| journal.head().seq);

    // With HQ there.
    one.scan(&codes[0]);
    one.wait("the basket", has_lines);
    one.pay();
    one.files.wait_for_acknowledgement()?;
    two.scan(&codes[0]);
    two.hear(1);
    assert!(two.basket().is_empty(), "it was used");
    let Some((CodeKind::Basket, Unusable::UsedAt { lane: 1, at_ms: Some(_) })) = refused(&two)? else {
        panic!("{:?}", refused(&two)?)
    };

    // HQ is dead: the store's relay knows, first by what it was asked, then by the copy.
    headquarters.kill()?;
    one.scan(&codes[1]);
    one.wait("the basket", has_lines);
    two.scan(&codes[1]);
    two.hear(1);
    assert!(two.basket().is_empty(), "lane 1 has it");
    one.pay();
    let sold = head(&one);
    wait_for("a copy", || Ok((relay.copied(1)? >= sold).then_some(())))?;
    two.scan(&codes[1]);
    two.hear(1);
    assert!(two.basket().is_empty(), "lane 1 used it");
    assert!(matches!(refused(&two)?, Some((CodeKind::Basket, Unusable::UsedAt { lane: 1, .. }))));
    // What is scanned while nobody has answered is the customer's own, and the phone's lines join it.
    two.scan(&codes[2]);
    two.scan(&code_of(CHIPS)?);
    assert_eq!(two.basket().lines().len(), 1);
    two.wait("the basket", |lane| lane.till().is_some_and(|till| till.basket().lines().len() == 2));
    two.pay();

    // The relay is dead as well: each lane has its own book, and nobody is kept waiting for long.
    relay.kill()?;
    let begun = std::time::Instant::now();
    one.scan(&codes[3]);
    one.wait("the basket", has_lines);
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "a lane that asks in vain goes on");
    one.pay();
    two.scan(&codes[3]);
    two.wait("the basket", has_lines);
    two.pay();
    one.scan(&codes[3]);
    assert!(one.basket().is_empty(), "its own book knows");
    assert_eq!(refused(&one)?, Some((CodeKind::Basket, Unusable::UsedBefore)));

    // HQ hears of it later, and lists the second use of that one alone.
    headquarters.start()?;
    relay.start(&headquarters)?;
    one.files.wait_for_acknowledgement()?;
    two.files.wait_for_acknowledgement()?;
    let listed =
        run(Program::new(program("hq")?).arg("exceptions").arg("--data").arg(folder.path().join("hq")))?;
    assert_eq!(listed.matches("used_before").count(), 1, "{listed}");
    Ok(())
}

/// The code with which the customer of a lane's last sale leaves, as it stands on the receipt.
fn exit_code(till: &Till) -> Result<String> {
    let records = till.files.records()?;
    let sold = records.iter().rev().find_map(|stored| match &stored.record {
        Record::SaleCompleted { sale } => Some((stored, sale)),
        _ => None,
    });
    let (stored, sale) = sold.context("something was sold")?;
    let identity = till.files.agent_state()?.identity.context("it is enrolled")?;
    let made_ms = stored.stamp.at_ms / 1_000 * 1_000;
    let code = ExitCode {
        id: ExitCode::id_of(&identity.store, identity.lane, identity.epoch, stored.seq),
        store: identity.store,
        made_ms,
        until_ms: made_ms + 120 * 60_000,
        lane: identity.lane,
        epoch: identity.epoch,
        seq: stored.seq,
        pieces: u32::try_from(domain::basket::pieces(&sale.lines))?,
        total: sale.payable.minor(),
    };
    let secret = std::fs::read_to_string(till.files.paths.data.join("journal.key"))?;
    Ok(code.seal(&SigningKey::parse(secret.trim())?)?)
}

#[test]
fn a_phone_shops_at_the_stores_relay_with_hq_dead_and_leaves_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut headquarters = open(folder.path())?;
    let token = link(&folder.path().join("hq"))?;
    let relay = Relay::open_for_phones(&folder.path().join("relay"), &headquarters)?;
    relay.wait_for_its_key()?;
    let mut one = Till::open_by(&folder.path().join("one"), &headquarters, Some(&relay), 1)?;
    let mut two = Till::open_by(&folder.path().join("two"), &headquarters, Some(&relay), 2)?;
    for till in [&one, &two] {
        // HQ's, the relay's, and one of each lane.
        wait_for_keys(&till.files, 4)?;
    }
    // A price that came by the feed is the lanes' and the page's.
    let version = one.files.agent_state()?.version;
    headquarters.set_price(TISSUES, "7.70")?;
    one.files.wait_for_goods(version)?;
    two.files.wait_for_goods(version)?;
    let line = serde_json::json!([{ "code": code_of(TISSUES)?, "pieces": 2 }]);
    let phone = serde_json::json!({ "device": "ab".repeat(16), "offset_minutes": 480, "lines": line });
    let prices = format!("/v1/go/{STORE}/prices");
    wait_for("the price on the page", || {
        Ok((ask(&relay.url(), &token, &prices, &phone)?["total"] == 1_540).then_some(()))
    })?;
    headquarters.kill()?;

    let code = basket_at(&relay.url(), &token, &[(TISSUES, 2), (CHIPS, 1)])?;
    one.scan(&code);
    one.wait("the basket", |lane| lane.till().is_some_and(|till| !till.basket().is_empty()));
    let taken = one.basket().phones().first().context("a phone's")?.clone();
    assert_eq!(one.basket().total(), taken.shown, "as the phone showed");
    assert_eq!(taken.differences(one.basket().lines()).len(), 0);
    assert!(one.basket().total() >= Money::from_minor(1_540));
    one.pay();
    // The same code once more, at another lane: used.
    two.scan(&code);
    two.hear(1);
    assert!(two.basket().is_empty(), "it was used");
    assert!(matches!(
        refused(&two)?,
        Some((CodeKind::Basket, Unusable::UsedAt { lane: 1, .. } | Unusable::HeldAt { .. }))
    ));
    // One that another key signed is nobody's, whatever it says.
    let (stranger, _) = SigningKey::draw()?;
    let now_ms = Moment::now().now_ms;
    let forged = PhoneBasket {
        store: STORE.into(),
        id: domain::phone::CodeId([7; 12]),
        made_ms: now_ms / 1_000 * 1_000,
        until_ms: now_ms / 1_000 * 1_000 + 60_000,
        total: 1,
        version: 1,
        lines: vec![PhoneLine { code: code_of(TISSUES)?, pieces: 1, shown: Some(1) }],
    };
    two.scan(&forged.seal(&stranger)?);
    assert!(two.basket().is_empty(), "nobody signed it");
    assert_eq!(refused(&two)?, Some((CodeKind::Basket, Unusable::Forged)));
    // They leave at the other lane, once.
    let exit = exit_code(&one)?;
    two.scan(&exit);
    two.hear(1);
    let passed = two.files.records()?;
    let passed = passed
        .iter()
        .filter(|stored| matches!(stored.record, Record::Phone(PhoneRecord::ExitChecked { .. })));
    assert_eq!(passed.count(), 1);
    two.feed(Input::Back);
    two.scan(&exit);
    assert_eq!(refused(&two)?, Some((CodeKind::Exit, Unusable::UsedBefore)));
    one.scan(&exit);
    one.hear(1);
    assert!(matches!(
        refused(&one)?,
        Some((CodeKind::Exit, Unusable::UsedAt { lane: 2, .. } | Unusable::HeldAt { lane: 2 }))
    ));
    Ok(())
}

#[test]
fn an_agent_that_takes_the_call_and_never_answers_holds_no_customer_up() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let headquarters = open(folder.path())?;
    let mut till = Till::open(&folder.path().join("one"), &headquarters, 1)?;
    till.files.kill_agent()?;
    let socket = till.files.paths.agent();
    std::fs::remove_file(&socket)?;
    // It takes every call and says nothing, ever.
    let silent = std::os::unix::net::UnixListener::bind(&socket)?;
    till.choose(RICE, 1);
    till.scan(COUPON);
    till.feed(Input::FindMember("13912340008".into()));
    // The next customer's goods, while nobody answers.
    till.scan(&code_of(CHIPS)?);
    assert_eq!(till.basket().lines().len(), 2);
    till.hear(2);
    assert_eq!(till.basket().coupons().len(), 1, "as HQ told it before");
    till.pay();
    assert_eq!(till.last_sale()?.coupons.len(), 1);
    drop(silent);
    Ok(())
}

/// Units of the open basket that have the flash price.
fn flash_units(till: &Till) -> u32 {
    let savings = till.basket().lines().iter().flat_map(|line| &line.savings);
    savings.filter(|saving| &*saving.promotion.id == "FLASH").map(|saving| saving.units).sum()
}

#[test]
fn what_other_lanes_gave_of_a_flash_sale_is_taken_off_and_without_hq_what_this_one_gave() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let rules = folder.path().join("rules.json");
    let flash = serde_json::json!({
        "promotion_rules": [{
            "id": "FLASH", "name_zh": "秒杀", "name_en": "Flash sale", "layer": "price", "type": "fixed_price",
            "price": 10, "skus": [CHIPS], "quotas": [{"for": "store", "daily": true, "units": 3}],
        }],
    });
    std::fs::write(&rules, flash.to_string())?;
    let demo = folder.path().join("shop.json");
    std::fs::write(&demo, shop::demo().import_json())?;
    let mut headquarters = Headquarters::open(&folder.path().join("hq"), &[&demo, &rules])?;
    let mut one = Till::open(&folder.path().join("one"), &headquarters, 1)?;
    let mut two = Till::open(&folder.path().join("two"), &headquarters, 2)?;

    // HQ says that nobody had any: nothing stands in the journal, and two are given.
    one.choose(CHIPS, 2);
    one.hear(1);
    assert_eq!((flash_units(&one), one.basket().heard().len()), (2, 0));
    one.pay();
    assert_eq!(one.last_sale()?.uses.iter().map(|used| used.units).sum::<u32>(), 2);
    one.files.wait_for_acknowledgement()?;

    // The other lane has not sold one, and hears of two: one is left.
    two.choose(CHIPS, 2);
    two.hear(1);
    assert_eq!((flash_units(&two), two.basket().heard().len()), (1, 1));
    two.pay();
    two.files.wait_for_acknowledgement()?;
    one.choose(CHIPS, 1);
    one.hear(1);
    assert_eq!(flash_units(&one), 0, "none are left");
    let almost = &one.basket().reckoning().almost;
    assert!(almost.iter().any(|(promotion, _)| &*promotion.id == "FLASH"), "and it is said why");
    one.feed(Input::Cancel { reason: String::new() });

    // With HQ away each lane goes on with what it gave itself.
    headquarters.kill()?;
    two.choose(CHIPS, 3);
    two.hear(1);
    assert_eq!(flash_units(&two), 2);
    two.pay();
    two.choose(CHIPS, 3);
    two.hear(1);
    assert_eq!(flash_units(&two), 0);
    two.feed(Input::Cancel { reason: String::new() });

    // What was given too often is HQ's to see; the sales stand, and the next basket hears of it.
    headquarters.start()?;
    two.files.wait_for_acknowledgement()?;
    one.choose(CHIPS, 1);
    one.hear(1);
    assert_eq!(one.basket().heard().first().map(|heard| heard.elsewhere.store_today), Some(3));
    let rebuilt =
        run(Program::new(program("hq")?).arg("rebuild").arg("--data").arg(folder.path().join("hq")))?;
    assert!(!rebuilt.contains("promotion_use"), "what was given is what events say: {rebuilt}");
    Ok(())
}

/// What the supplier's promotion takes off the open basket.
fn taken_off(till: &Till) -> Money {
    let savings = till.basket().lines().iter().flat_map(|line| &line.savings);
    savings.filter(|saving| &*saving.promotion.id == "SUPPLIER").map(|saving| saving.off).sum()
}

#[test]
fn a_budget_is_one_for_all_lanes_and_hq_says_who_bears_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let rules = folder.path().join("rules.json");
    let budget = serde_json::json!({
        "promotion_rules": [{
            "id": "SUPPLIER", "name_zh": "厂家补贴", "name_en": "Supplier's", "layer": "price", "type": "amount_off",
            "off": 100, "skus": [TISSUES], "quotas": [{"for": "chain", "off": 250}],
            "bearers": [{"who": "supplier", "supplier": "T1", "share": 3000}, {"who": "chain", "share": 7000}],
        }],
    });
    std::fs::write(&rules, budget.to_string())?;
    let demo = folder.path().join("shop.json");
    std::fs::write(&demo, shop::demo().import_json())?;
    let headquarters = Headquarters::open(&folder.path().join("hq"), &[&demo, &rules])?;
    let mut one = Till::open(&folder.path().join("one"), &headquarters, 1)?;
    let mut two = Till::open(&folder.path().join("two"), &headquarters, 2)?;

    one.choose(TISSUES, 2);
    one.hear(1);
    assert_eq!(taken_off(&one), Money::from_minor(200));
    one.pay();
    one.files.wait_for_acknowledgement()?;
    // Half a yuan is left: the ticket that uses it up has all that it was promised.
    two.choose(TISSUES, 1);
    two.hear(1);
    assert_eq!(taken_off(&two), Money::from_minor(100));
    two.pay();
    two.files.wait_for_acknowledgement()?;
    for till in [&mut one, &mut two] {
        till.choose(TISSUES, 1);
        till.hear(1);
        assert_eq!(taken_off(till), Money::ZERO, "three yuan of two and a half are given");
        till.feed(Input::Cancel { reason: String::new() });
    }
    let costs = run(Program::new(program("hq")?).arg("costs").arg("--data").arg(folder.path().join("hq")))?;
    let rows: Vec<Vec<&str>> = costs.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        rows,
        [
            vec![STORE, "SUPPLIER", "chain", "CNY", "2.10"],
            vec![STORE, "SUPPLIER", "supplier", "T1", "CNY", "0.90"],
        ]
    );
    Ok(())
}

/// The receipts on the list, by their numbers, with what is said of them.
fn listed(till: &Till) -> Vec<String> {
    till.sheet_rows().into_iter().map(|(_, detail, _)| detail).collect()
}

/// Waits until the list has so many receipts, of whom somebody says it.
fn wait_for_list(till: &mut Till, count: usize, said: &str) {
    till.wait(said, |lane| {
        let sheet = lane.view().sheet.unwrap_or_default();
        sheet.rows.len() == count && sheet.text.contains(said)
    });
}

#[test]
fn a_members_receipt_of_another_lane_is_found_and_given_back_once() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut headquarters = open(folder.path())?;
    let mut relay = Relay::open(&folder.path().join("relay"), &headquarters)?;
    let mut one = Till::open_by(&folder.path().join("one"), &headquarters, Some(&relay), 1)?;
    let mut two = Till::open_by(&folder.path().join("two"), &headquarters, Some(&relay), 2)?;
    let buys = |till: &mut Till, sku: &str| {
        till.scan(GOLD_CARD);
        till.wait("the member joins", |lane| {
            lane.till().is_some_and(|till| till.basket().member().is_some())
        });
        till.choose(sku, 2);
        till.pay();
        till.feed(Input::Back);
    };
    let sold = |till: &Till| till.lane.till().and_then(domain::till::Till::last_sale).context("a sale");
    buys(&mut one, CHIPS);
    buys(&mut one, TISSUES);
    one.files.wait_for_acknowledgement()?;
    let tissues = sold(&one)?;

    // HQ knows whose a telephone is, which this lane need not; it tells no goods, and no number.
    let by_phone = Question::Receipts {
        sought: Sought::Member { code: format!("{PHONE}{}", phone_hash("00000000005")) },
        goods: Vec::new(),
    };
    let Some(Answer::Receipts { member: Some(member), receipts, more: false, knows: Knows::Chain }) =
        two.ask(by_phone)
    else {
        panic!("HQ does not know them");
    };
    assert_eq!((member.id.as_str(), receipts.len()), (GOLD, 2));
    let told = serde_json::to_string(&receipts)?;
    assert!(!told.contains(CHIPS) && !told.contains("name"), "{told}");

    two.key(Key::Function(5));
    two.scan(GOLD_CARD);
    wait_for_list(&mut two, 2, "选一张");
    // Only those with tissues.
    two.scan(&code_of(TISSUES)?);
    wait_for_list(&mut two, 1, "选一张");
    two.key(Key::Enter);
    two.wait("the sale is found", |lane| lane.till().is_some_and(|till| till.basket().past().is_some()));
    let past = two.basket().past().context("a past sale")?.clone();
    assert_eq!((past.origin.lane, past.origin.seq), (1, tissues));
    // The lane that sold it may not give it back meanwhile.
    one.scan(&receipt_of(&one, 1)?);
    one.wait("a refusal", |lane| lane.view().sheet.is_none());
    assert!(one.basket().past().is_none(), "the other lane is at it");
    let line = past.lines[0].line.number;
    two.feed(Input::ReturnLine { line, thousandths: 2_000, reason: "stale".into() });
    two.feed(Input::Pay);
    two.feed(Input::PayOut);
    two.feed(Input::Back);
    two.files.wait_for_acknowledgement()?;

    // With HQ away the store's relay knows its own lanes' receipts, and what came back of them.
    headquarters.kill()?;
    buys(&mut one, CHIPS);
    let last = sold(&one)?;
    wait_for("a copy", || Ok((relay.copied(1)? >= last).then_some(())))?;
    let all_back = |rows: &[String]| rows.iter().filter(|row| row.starts_with("已全部退完")).count();
    two.key(Key::Function(5));
    two.scan(GOLD_CARD);
    wait_for_list(&mut two, 3, "只列出本店的小票");
    let rows = listed(&two);
    assert_eq!(all_back(&rows), 1, "{rows:?}");
    two.key(Key::Escape);
    two.key(Key::Escape);
    // With the relay away as well: what this lane sold itself.
    relay.kill()?;
    one.key(Key::Function(5));
    one.scan(GOLD_CARD);
    wait_for_list(&mut one, 3, "只列出本台自己的小票");
    headquarters.start()?;
    one.files.wait_for_acknowledgement()?;
    let rebuilt =
        run(Program::new(program("hq")?).arg("rebuild").arg("--data").arg(folder.path().join("hq")))?;
    assert!(!rebuilt.contains("sale_key"), "by what sales are found is what events say: {rebuilt}");
    Ok(())
}

/// The demo shop, whose chain keeps stored value: principal first, 10 on top of 100.
fn open_with_value(folder: &Path) -> Result<Headquarters> {
    let demo = folder.join("shop.json");
    let mut import: serde_json::Value = serde_json::from_str(&shop::demo().import_json())?;
    import["store"]["rules"]["stored_value"] =
        serde_json::json!({"order": "principal_first", "bonuses": [{"from": 10_000, "bonus": 1_000}]});
    std::fs::write(&demo, import.to_string())?;
    Headquarters::open(&folder.join("hq"), &[&demo])
}

/// What HQ says of the stored value of the gold member: principal and bonus of balance, and what is lent.
fn value_at_hq(folder: &Path) -> Result<(i64, i64, i64)> {
    let hq = folder.join("hq");
    let out =
        run(Program::new(program("hq")?).args(["value", "--member", GOLD, "--json", "--data"]).arg(hq))?;
    let said: serde_json::Value = serde_json::from_str(&out)?;
    let of = |what: &str, part: &str| said[what][part].as_i64().unwrap_or(0);
    let lent = of("lent", "principal") + of("lent", "bonus");
    Ok((of("balance", "principal"), of("balance", "bonus"), lent))
}

/// The sheet of stored value is opened at the payment, and HQ has answered.
fn opens_value(till: &mut Till) {
    till.key(Key::Function(10));
    till.wait("HQ's answer", |lane| {
        let text = lane.view().sheet.map(|sheet| sheet.text).unwrap_or_default();
        !text.is_empty() && !text.contains("正在问")
    });
}

#[test]
fn stored_value_is_paid_in_at_one_lane_spent_at_another_and_comes_back_to_the_fen() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut headquarters = open_with_value(folder.path())?;
    let mut one = Till::open(&folder.path().join("one"), &headquarters, 1)?;
    let mut two = Till::open(&folder.path().join("two"), &headquarters, 2)?;

    // 100 is paid in by the member's sheet, in cash.
    one.scan(GOLD_CARD);
    one.key(Key::Function(8));
    one.key(Key::Function(9));
    one.wait("HQ's answer", |lane| lane.view().sheet.is_some_and(|sheet| sheet.figure.is_some()));
    one.type_text("100");
    one.key(Key::Enter);
    one.feed(Input::TakeCash(Money::from_minor(10_000)));
    one.feed(Input::Back);
    let paid_in = one.last_sale()?.top_up.context("money was paid in")?;
    assert_eq!((paid_in.value.principal.minor(), paid_in.value.bonus.minor()), (10_000, 1_000));
    one.files.wait_for_acknowledgement()?;
    assert_eq!(value_at_hq(folder.path())?, (10_000, 1_000, 0));

    // A part of a sale at the other lane, the rest in cash.
    two.choose(RICE, 2);
    two.scan(GOLD_CARD);
    two.feed(Input::Pay);
    opens_value(&mut two);
    let due = two.basket().total();
    assert!(value_at_hq(folder.path())?.2 > 0, "it is this lane's alone");
    two.type_text("40");
    two.key(Key::Enter);
    let put = two.lane.till().context("a till")?.tenders().to_vec();
    assert_eq!(
        put.iter().map(domain::tender::Tender::amount).collect::<Vec<_>>(),
        [Money::from_minor(4_000)]
    );
    // The till's program is stopped in the middle: what was put against the basket is still there.
    let mut two = two.restart()?;
    assert_eq!(two.lane.till().context("a till")?.tenders(), put);
    two.feed(Input::TakeCash(due));
    two.feed(Input::Back);
    let sold = two.last_sale()?;
    let code = receipt_of(&two, 2)?;
    two.files.wait_for_acknowledgement()?;
    assert_eq!(value_at_hq(folder.path())?.0, 6_000);

    // HQ dies: stored value pays nothing, in plain words, and cash goes on.
    headquarters.kill()?;
    one.choose(CHIPS, 1);
    one.scan(GOLD_CARD);
    one.feed(Input::Pay);
    opens_value(&mut one);
    let sheet = one.lane.view().sheet.context("a sheet")?;
    assert!(sheet.text.contains("总部联系不上") && !sheet.can_go, "{sheet:?}");
    one.key(Key::Escape);
    one.feed(Input::TakeCash(Money::from_minor(10_000)));
    one.feed(Input::Back);
    // What was bought comes back meanwhile at the lane that sold it: to the account, no cash for it.
    two.scan(&code);
    two.wait("the sale is found", |lane| lane.till().is_some_and(|till| till.basket().past().is_some()));
    let past = two.basket().past().context("a past sale")?.clone();
    for line in &past.lines {
        let (line, thousandths) = (line.line.number, past.quantity_left(line.line.number, &[]));
        two.feed(Input::ReturnLine { line, thousandths, reason: "stale".into() });
    }
    two.feed(Input::Pay);
    two.feed(Input::PayOut);
    two.feed(Input::Back);
    let back = two.last_sale()?;
    let stored = back.tenders.iter().find_map(|tender| match tender {
        domain::tender::Tender::StoredValue(stored) => Some(stored.clone()),
        _ => None,
    });
    assert_eq!(stored.map(|stored| stored.part.total()), Some(Money::from_minor(-4_000)));
    assert_eq!(back.payable + sold.payable, Money::ZERO);

    headquarters.start()?;
    one.files.wait_for_acknowledgement()?;
    two.files.wait_for_acknowledgement()?;
    let (principal, bonus, _) = value_at_hq(folder.path())?;
    assert_eq!((principal, bonus), (10_000, 1_000), "to the fen");
    let listed =
        run(Program::new(program("hq")?).arg("exceptions").arg("--data").arg(folder.path().join("hq")))?;
    assert!(!listed.contains("value"), "nothing was too much: {listed}");
    let rebuilt =
        run(Program::new(program("hq")?).arg("rebuild-books").arg("--data").arg(folder.path().join("hq")))?;
    assert!(rebuilt.contains(r#""differing":0"#) && rebuilt.contains(r#""missing":0"#), "{rebuilt}");
    // With HQ back, what is there pays a whole sale; the screen says so before and after.
    one.choose(CHIPS, 1);
    one.scan(GOLD_CARD);
    one.feed(Input::Pay);
    opens_value(&mut one);
    one.key(Key::Enter);
    one.feed(Input::Back);
    let sale = one.last_sale()?;
    assert_eq!(
        sale.tenders.iter().map(domain::tender::Tender::kind).collect::<Vec<_>>(),
        [domain::tender::TenderKind::StoredValue]
    );
    one.files.wait_for_acknowledgement()?;
    wait_for("what was not spent is free again", || Ok((value_at_hq(folder.path())?.2 == 0).then_some(())))?;
    assert_eq!(value_at_hq(folder.path())?.0, 10_000 - sale.payable.minor());
    Ok(())
}
