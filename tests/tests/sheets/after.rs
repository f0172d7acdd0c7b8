//! A member who is named after the payment: by a scan that could be the next customer's, by keys alone, by touch alone,
//! from the list of receipts; with somebody looking on where it is late; and how the paper and the day show it.

use domain::sale::SaleBuyer;
use drivers::frame::Health;
use drivers::printer::{Outcome, PrinterEvent};
use i_slint_backend_testing::{AccessibleRole, ElementQuery};
use pos_app::config::Printer;
use protocol::ask::Question;

use super::*;

const CARD: &str = "M00000005C";
const GOLD: &str = "M000005";
const OTHER_CARD: &str = "M00000002I";

/// Taps what is called so.
fn tap(lane: &mut Lane, label: &str) {
    let root = lane.stand.screen.window();
    let found = ElementQuery::from_root(root)
        .match_accessible_role(AccessibleRole::Button)
        .find_all()
        .into_iter()
        .filter(|element| element.accessible_label().as_deref() == Some(label))
        .last();
    found.unwrap_or_else(|| panic!("{label:?} is not on the screen")).invoke_accessible_default_action();
    lane.stand.moment.now_ms += 2_000;
    lane.stand.settle();
}

/// A walk-in pays for juice; the change stands on the screen.
fn walk_in(lane: &mut Lane) -> u64 {
    lane.scan(JUICE);
    lane.pay_exactly()
}

/// The buyers that were named, with their sales.
fn named(lane: &Lane) -> Vec<(u64, SaleBuyer)> {
    lane.records()
        .into_iter()
        .filter_map(|record| match record {
            Record::BuyerNamed { document, buyer, .. } => Some((document, buyer)),
            _ => None,
        })
        .collect()
}

fn who(lane: &Lane) -> Vec<(u64, String)> {
    named(lane).into_iter().map(|(document, buyer)| (document, buyer.member)).collect()
}

fn notice(lane: &Lane) -> String {
    match lane.stand.lane.view().notice {
        Some(Notice::Said { what, rest, .. }) => format!("{what} {rest}"),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_card_that_is_scanned_after_the_payment_is_asked_about_and_never_guessed() {
    let mut lane = Lane::open();
    let sale = walk_in(&mut lane);
    lane.sounds();
    lane.stand.scan(CARD);
    assert_eq!(lane.title(), "会员给哪一单？");
    assert!(lane.sounds().contains(&Tone::Blocked), "somebody has to look");
    assert!(lane.till().basket().member().is_none() && named(&lane).is_empty(), "nothing is done yet");
    // The next customer's goods wait for the answer, and everybody hears it.
    lane.scan(COLA);
    assert_eq!((lane.lines(), lane.title().as_str()), (0, "会员给哪一单？"));
    assert!(lane.sounds().contains(&Tone::Blocked) && lane.said());
    lane.stand.function(5);
    assert_eq!(lane.title(), "");
    assert_eq!(who(&lane), [(sale, GOLD.to_owned())]);
    assert!(notice(&lane).starts_with("会员已补上"), "{}", notice(&lane));
    // It is theirs; the next card is the next customer's again, without a question.
    lane.stand.scan(CARD);
    assert_eq!(lane.title(), "");
    assert_eq!(lane.till().basket().member().map(|member| member.id.clone()).as_deref(), Some(GOLD));
    lane.scan(JUICE);
    assert_eq!((lane.lines(), lane.total()), (1, 650));
}

#[test]
fn for_the_next_customer_it_is_as_ever_and_escape_uses_it_for_nobody() {
    for enter in [true, false] {
        let mut lane = Lane::open();
        walk_in(&mut lane);
        lane.stand.scan_by_keys(CARD);
        assert_eq!(lane.title(), "会员给哪一单？");
        if enter {
            lane.stand.key(Key::Enter);
        } else {
            lane.stand.function(6);
        }
        assert_eq!(lane.title(), "");
        assert!(named(&lane).is_empty());
        assert_eq!(lane.till().basket().member().map(|member| member.id.clone()).as_deref(), Some(GOLD));
        lane.scan(JUICE);
        assert_eq!(lane.total(), 650);
    }
    let mut lane = Lane::open();
    walk_in(&mut lane);
    lane.stand.scan(CARD);
    // Another card before anybody answered: that one counts.
    lane.stand.scan(OTHER_CARD);
    lane.stand.key(Key::Escape);
    assert_eq!(lane.title(), "");
    assert!(named(&lane).is_empty() && lane.till().basket().member().is_none());
    assert!(matches!(lane.till().desk(), Desk::Done(..)), "the change still stands there");
    // A member's sale, and one that is long paid, ask nothing.
    lane.stand.scan(CARD);
    lane.stand.function(6);
    lane.scan(JUICE);
    lane.pay_exactly();
    lane.stand.scan(OTHER_CARD);
    assert_eq!(lane.title(), "");
    lane.scan(JUICE);
    lane.stand.function(8);
    lane.stand.key(Key::Delete);
    lane.pay_exactly();
    lane.stand.moment.now_ms += domain::till::after::NAMED_FREELY_MS;
    lane.stand.scan(CARD);
    assert_eq!(lane.title(), "");
    assert!(lane.till().basket().member().is_some());
}

#[test]
fn by_keys_alone_a_telephone_is_typed_for_the_sale_just_paid() {
    let mut lane = Lane::open();
    let sale = walk_in(&mut lane);
    lane.stand.function(8);
    assert_eq!(lane.title(), "会员");
    lane.stand.function(8);
    assert_eq!(lane.title(), "付款后补会员");
    lane.stand.enter("nobody");
    assert_eq!(lane.title(), "付款后补会员", "what was typed stays");
    assert!(lane.said());
    lane.stand.key(Key::Escape);
    lane.stand.enter(GOLD);
    assert_eq!((lane.title().as_str(), who(&lane)), ("", vec![(sale, GOLD.to_owned())]));
    // Once.
    lane.stand.function(8);
    lane.stand.function(8);
    lane.stand.enter("M000002");
    assert!(notice(&lane).starts_with("这单已有会员"), "{}", notice(&lane));
    assert_eq!(who(&lane).len(), 1);
}

#[test]
fn whoever_becomes_a_member_with_the_sale_just_paid_gets_its_points() {
    let mut lane = Lane::open();
    let sale = walk_in(&mut lane);
    lane.stand.function(8);
    lane.stand.function(8);
    lane.stand.type_text("13977770001");
    lane.stand.function(7);
    assert_eq!(lane.title(), "登记新会员");
    // What was typed came with it; a card that is scanned becomes theirs.
    lane.stand.scan("M00000099X");
    lane.stand.key(Key::Enter);
    let registered: Vec<_> = lane
        .records()
        .into_iter()
        .filter_map(|record| match record {
            Record::MemberRegistered { member, .. } => Some(member),
            _ => None,
        })
        .collect();
    assert_eq!(registered.len(), 1, "{}", notice(&lane));
    assert_eq!(registered[0].phone_hash, protocol::pull::phone_hash("13977770001"));
    assert_eq!((lane.title().as_str(), who(&lane)), ("", vec![(sale, registered[0].id.clone())]));
    assert!(named(&lane)[0].1.points.as_ref().is_some_and(|points| points.earned > 0));
    assert!(matches!(lane.till().desk(), Desk::Done(..)), "the next customer begins without a member");
    // Once: nobody else is registered for a sale that has its member.
    lane.stand.function(8);
    lane.stand.function(8);
    lane.stand.function(7);
    lane.stand.enter("13977770002");
    assert_eq!(lane.title(), "登记新会员", "what was typed stays");
    assert!(notice(&lane).starts_with("这单已有会员"), "{}", notice(&lane));
    assert_eq!(lane.count(|record| matches!(record, Record::MemberRegistered { .. })), 1);
}

#[test]
fn by_touch_alone_it_is_the_menu_or_the_list_of_receipts() {
    let mut lane = Lane::open();
    let first = walk_in(&mut lane);
    tap(&mut lane, "菜单");
    let menu = lane.stand.lane.view().sheet.expect("the menu");
    let row = menu.rows.iter().position(|row| row.name == "付款后补会员").expect("in the menu");
    lane.stand.press(Button::Row(row));
    lane.stand.press(Button::Field(0));
    for character in GOLD.chars() {
        tap(&mut lane, &character.to_string());
    }
    tap(&mut lane, "补会员");
    assert_eq!(who(&lane), [(first, GOLD.to_owned())]);
    // The last but one, from the list: somebody looks on.
    let second = walk_in(&mut lane);
    walk_in(&mut lane);
    lane.menu("小票");
    lane.stand.key(Key::Down);
    tap(&mut lane, "补会员");
    assert_eq!(lane.title(), "付款后补会员");
    lane.stand.scan(OTHER_CARD);
    assert!(lane.title().contains("需要授权"), "{}", lane.title());
    assert_eq!(who(&lane).len(), 1, "nothing is done yet");
    lane.approve("301", "4567");
    assert_eq!(lane.title(), "");
    assert_eq!(who(&lane)[1].0, second);
    let act =
        |record: &Record| matches!(record, Record::Approved { act: domain::rights::Act::NameBuyer, .. });
    assert_eq!(lane.count(act), 1);
}

#[test]
fn a_receipt_that_is_scanned_says_which_sale_and_goods_go_past_it() {
    let mut lane = Lane::open();
    let first = walk_in(&mut lane);
    walk_in(&mut lane);
    let identity = lane.stand.lane.journal().expect("open").identity().clone();
    let receipt = |lane: u32| {
        let (store, epoch) = (identity.store.clone(), identity.epoch);
        domain::barcode::ReceiptCode { store, lane, epoch, seq: first }.to_string()
    };
    lane.menu("付款后补会员");
    lane.stand.scan(&receipt(9));
    assert!(notice(&lane).starts_with("不是本台的小票"), "{}", notice(&lane));
    lane.stand.scan(&receipt(identity.lane));
    let number = format!("{first:06}");
    let shown = lane.stand.lane.view().sheet.expect("a sheet");
    assert!(shown.rows[0].detail.ends_with(&number), "{:?}", shown.rows);
    lane.scan(COLA);
    assert_eq!((lane.title().as_str(), lane.lines()), ("", 1), "sold past it");
    // What is open stays as it is while an earlier sale is given its member.
    lane.menu("付款后补会员");
    lane.stand.scan(CARD);
    assert_eq!((lane.lines(), lane.till().basket().member().is_none()), (1, true));
    assert_eq!(who(&lane).len(), 1);
}

#[test]
fn the_same_member_once_more_is_looked_at_and_the_day_shows_it() {
    let mut lane = Lane::open();
    walk_in(&mut lane);
    lane.stand.scan(CARD);
    lane.stand.function(5);
    walk_in(&mut lane);
    lane.stand.scan(CARD);
    lane.stand.function(5);
    assert!(lane.title().contains("需要授权"), "{}", lane.title());
    lane.stand.key(Key::Escape);
    assert_eq!((lane.title().as_str(), who(&lane).len()), ("会员给哪一单？", 1), "nobody approved");
    lane.stand.function(5);
    lane.approve("301", "4567");
    assert_eq!((lane.title().as_str(), who(&lane).len()), ("", 2));
    lane.stand.key(Key::Escape);
    lane.menu("今日报表");
    lane.stand.function(9);
    let shown = lane.stand.lane.view().sheet.expect("the day");
    // Without how often there were such, above them.
    let single = shown.rows.iter().filter(|row| row.share == 0);
    let rows: Vec<&str> = single.map(|row| row.name.as_str()).collect();
    assert_eq!(rows.iter().filter(|name| **name == "付款后补会员").count(), 2, "{rows:?}");
    let points = named(&lane)[0].1.points.clone().expect("points").earned;
    assert!(points > 0);
    assert!(shown.rows.iter().any(|row| row.detail.contains(&format!("积分 {points}"))), "{:?}", shown.rows);
}

#[test]
fn a_return_takes_the_points_back_also_after_a_stop() {
    let mut lane = Lane::open();
    lane.stand.type_text("2");
    let sale = walk_in(&mut lane);
    lane.stand.scan(CARD);
    lane.stand.function(5);
    let buyer = named(&lane)[0].1.clone();
    let earned = buyer.points.as_ref().expect("points").earned;
    lane = lane.restart();
    lane.stand.function(5);
    lane.stand.enter(&sale.to_string());
    lane.approve("301", "4567");
    let back = |lane: &Lane| lane.till().basket().points_back();
    assert_eq!(back(&lane).map(|back| (back.member, back.reversed)), Some((GOLD.to_owned(), 0)));
    lane.stand.function(7);
    lane.approve("301", "4567");
    assert_eq!(back(&lane).map(|back| back.reversed), Some(earned), "all of it");
}

#[test]
fn a_receipt_printed_again_has_the_member_and_the_points() {
    HEADLESS.with(|()| ());
    let folder = tempfile::tempdir().expect("a folder");
    let shop = reference(folder.path(), 1).expect("the demo shop");
    let printer = Printer::new("127.0.0.1:9".to_owned(), "xprinter-xp80");
    let config = Config { printer: Some(printer), ..Config::default() };
    let mut stand = Stand::open(folder.path(), config, MORNING).expect("a lane");
    stand.sign_in("101", "1234");
    stand.turn(vec![Event::Printer(PrinterEvent::Health(Health::Ready))]);
    let mut lane = Lane { stand, shop, folder };
    walk_in(&mut lane);
    let paper = |lane: &mut Lane| {
        let commands = std::mem::take(&mut lane.stand.commands);
        let job = commands.into_iter().find_map(|command| match command {
            Command::Print(job) => Some(job),
            _ => None,
        });
        let job = job.expect("a paper");
        let ended = PrinterEvent::JobEnded { id: job.id, outcome: Outcome::Confirmed };
        lane.stand.turn(vec![Event::Printer(ended)]);
        format!("{:?}", job.document.rows)
    };
    let first = paper(&mut lane);
    assert!(!first.contains("会员"), "{first}");
    lane.stand.scan(CARD);
    lane.stand.function(5);
    let buyer = named(&lane)[0].1.clone();
    lane.stand.function(11);
    let again = paper(&mut lane);
    let earned = buyer.points.expect("points").earned;
    assert!(again.contains(&format!("会员: {}", buyer.shown)), "{again}");
    assert!(again.contains("本次积分") && again.contains(&format!("\"{earned}\"")), "{again}");
}

#[test]
fn without_the_paper_and_without_hq_it_is_found_by_the_member() {
    let mut lane = Lane::open();
    let sale = walk_in(&mut lane);
    walk_in(&mut lane);
    lane.menu("小票");
    lane.stand.key(Key::Down);
    lane.stand.function(8);
    lane.stand.scan(CARD);
    lane.approve("301", "4567");
    assert_eq!(who(&lane), [(sale, GOLD.to_owned())]);
    lane.stand.function(5);
    lane.stand.scan(CARD);
    let found = lane.stand.lane.view().sheet.expect("receipts");
    let numbers: Vec<&str> = found.rows.iter().map(|row| row.detail.as_str()).collect();
    assert_eq!(numbers.len(), 1, "{numbers:?}");
    assert!(numbers[0].contains(&format!("{sale:06}")), "{numbers:?}");
}

#[test]
fn in_english_too() {
    let mut lane = Lane::open();
    walk_in(&mut lane);
    lane.stand.press(Button::Language);
    lane.stand.scan(CARD);
    assert_eq!(lane.title(), "Whose card is it?");
    lane.stand.function(5);
    assert!(notice(&lane).starts_with("The sale is of"), "{}", notice(&lane));
    lane.stand.function(8);
    lane.stand.function(8);
    assert_eq!(lane.title(), "A member after the payment");
}

#[test]
fn an_answer_that_comes_after_the_question_was_left_names_nobody() {
    let stranger = || Answer::Member {
        member: event::Member {
            id: "M99".into(),
            shown: "冯**".into(),
            tier: "gold".into(),
            tags: Vec::new(),
            stage: String::new(),
            first_order: false,
            points: None,
        },
        note: String::new(),
    };
    let body = "M00000099";
    let card = format!("{body}{}", domain::barcode::shop::check_character(body));
    // Everything that was asked is answered.
    let answer_all = |lane: &mut Lane| {
        let asked: Vec<u64> = lane
            .stand
            .commands
            .iter()
            .filter_map(|command| match command {
                Command::Ask(asked) if matches!(asked.question, Question::Member { .. }) => {
                    Some(asked.number)
                }
                _ => None,
            })
            .collect();
        for number in &asked {
            lane.stand.turn(vec![Event::Answered { number: *number, answer: Some(Box::new(stranger())) }]);
        }
        asked.len()
    };
    // For nobody after all; for the next customer after all.
    for (leave, questions) in [(Key::Escape, 1), (Key::Function(6), 2)] {
        let mut lane = Lane::open();
        walk_in(&mut lane);
        lane.stand.scan(&card);
        lane.stand.agent_is_slow = true;
        lane.stand.function(5);
        // A key that is pressed twice asks once.
        lane.stand.function(5);
        lane.stand.key(leave);
        assert_eq!(answer_all(&mut lane), questions, "{leave:?}");
        assert_eq!(who(&lane), [], "{leave:?}");
        assert_eq!(lane.till().basket().member().is_some(), questions == 2);
    }
    // Whoever waits gets them.
    let mut lane = Lane::open();
    let sale = walk_in(&mut lane);
    lane.stand.scan(&card);
    lane.stand.agent_is_slow = true;
    lane.stand.function(5);
    assert_eq!(answer_all(&mut lane), 1);
    assert_eq!(who(&lane), [(sale, "M99".to_owned())]);
    assert_eq!(lane.title(), "");
}
