//! What was earned on goods: asked of HQ by whoever may see it, and forgotten when nobody looks.

use protocol::ask::{Margin, Margins, MarginsRefused, Question, Uncosted};

use super::*;

fn told() -> Answer {
    let of =
        |of: &str, zh: &str, net, cost| Margin { of: of.into(), name: (zh.into(), "name".into()), net, cost };
    Answer::Margins {
        margins: Box::new(Margins {
            currency: "CNY".into(),
            all: of("", "", 10_000, 7_660),
            categories: vec![of("drinks", "饮料", 8_000, 5_000), of("bread", "面包", 2_000, 2_660)],
            goods: vec![of(JUICE, "鲜橙汁", 8_000, 5_000)],
            uncosted_count: 3,
            uncosted_net: 450,
            uncosted: vec![Uncosted { sku: TEA.into(), name: ("=绿茶".into(), "Tea".into()), net: 450 }],
        }),
    }
}

fn rows(lane: &Lane) -> Vec<(String, String)> {
    let sheet = lane.stand.lane.view().sheet.expect("a sheet");
    sheet.rows.into_iter().map(|row| (row.name, row.value)).collect()
}

fn text(lane: &Lane) -> String {
    lane.stand.lane.view().sheet.map(|sheet| sheet.text).unwrap_or_default()
}

fn asked(lane: &Lane) -> Question {
    let asked = lane.stand.commands.iter().rev().find_map(|command| match command {
        Command::Ask(asked) => Some(asked.question.clone()),
        _ => None,
    });
    asked.expect("a question")
}

#[test]
fn a_manager_sees_what_was_earned_and_what_has_no_cost_and_nobody_else_is_offered_it() {
    let mut lane = Lane::open();
    let offered = |lane: &mut Lane| {
        lane.menu("今日报表");
        let sheet = lane.stand.lane.view().sheet.expect("the day");
        let offered = sheet.keys.iter().any(|key| key.shortcut == "F3");
        lane.stand.key(Key::Escape);
        offered
    };
    assert!(!offered(&mut lane), "a cashier");
    lane.menu("签退");
    lane.stand.sign_in("201", "3456");
    assert!(!offered(&mut lane), "a supervisor");
    lane.menu("签退");
    lane.stand.sign_in("301", "4567");
    assert!(offered(&mut lane));
    lane.menu("今日报表");
    // Nobody answers: no figure is made up.
    lane.stand.function(3);
    assert_eq!(lane.title(), "毛利");
    assert!(text(&lane).contains("总部没有应答") && rows(&lane).is_empty(), "{}", text(&lane));
    lane.stand.key(Key::Escape);
    lane.stand.agent_is_slow = true;
    lane.stand.function(3);
    let Question::Margins { staff, day } = asked(&lane) else { panic!("not asked") };
    assert_eq!((staff.as_str(), day.to_string().as_str()), ("E301", "2026-11-21"));
    lane.stand.answer(told());
    let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let uncosted = [named("没有成本的商品 3 种", "4.50"), named("=绿茶", "4.50")];
    let by_category = [named("毛利合计", "23.40"), named("饮料", "30.00"), named("面包", "−6.60")];
    assert_eq!(rows(&lane), [&by_category[..], &uncosted[..]].concat());
    let first = lane.stand.lane.view().sheet.map(|sheet| sheet.rows[0].detail.clone()).unwrap_or_default();
    assert!(first.contains("净销售 100.00") && first.contains("23.4%"), "{first}");
    lane.stand.function(8);
    assert_eq!(rows(&lane)[1], named("鲜橙汁", "30.00"));
    // As a table, whole, and no spreadsheet reckons with a name.
    lane.stand.function(11);
    let file = lane.folder.path().join("reports").join("2026-11-21-S001-1-margins.csv");
    let table = std::fs::read_to_string(file).expect("a table");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[1], "2026-11-21,all,,,100.00,76.60,23.40,23.4%");
    assert_eq!(lines[5], format!("2026-11-21,no_cost,{TEA},'=绿茶,4.50,,,"));
    // Yesterday is another question; what is said to the first is for nobody.
    lane.stand.function(2);
    let Question::Margins { day, .. } = asked(&lane) else { panic!("not asked") };
    assert_eq!((day.to_string().as_str(), rows(&lane).len()), ("2026-11-20", 0));
    lane.stand.answer(Answer::MarginsNotTold { why: MarginsRefused::NoRight });
    assert!(text(&lane).contains("没有看毛利的权限"), "{}", text(&lane));
    // Who left is told nothing any more.
    lane.stand.function(3);
    lane.stand.key(Key::Escape);
    lane.stand.answer(told());
    lane.stand.agent_is_slow = false;
    lane.stand.function(3);
    assert!(rows(&lane).is_empty());
}
