//! Labels that are looked for by their light: those of a list, and those of goods.

use super::*;

#[test]
fn labels_are_looked_for_one_after_the_other() {
    let mut aisle = Aisle::open();
    aisle.go(0);
    aisle.stand.agent_is_slow = true;
    aisle.stand.function(7);
    let flashed = |aisle: &mut Aisle| {
        let commands = std::mem::take(&mut aisle.stand.commands);
        commands.into_iter().find_map(|command| match command {
            Command::Ask(asked) => Some((asked.number, asked.question)),
            _ => None,
        })
    };
    let flash = |number: u32| Question::FlashLabel {
        label: label(number).to_string(),
        colour: [0, 255, 0],
        seconds: 30,
    };
    let (number, question) = flashed(&mut aisle).expect("a flash");
    assert_eq!(question, flash(2));
    aisle.stand.turn(vec![Event::Answered { number, answer: Some(Box::new(Answer::LabelAsked {})) }]);
    assert_eq!(aisle.said().0, Tone::Good);
    // It is found by its code, and the next one flashes.
    aisle.scan(2);
    assert_eq!(aisle.page().counts[0].text, "1/4");
    let (number, question) = flashed(&mut aisle).expect("a flash");
    assert_eq!(question, flash(3));
    let not = |why| Some(Box::new(Answer::LabelNotAsked { why }));
    aisle.stand.turn(vec![Event::Answered { number, answer: not(LabelNotAsked::NoGateway) }]);
    assert_eq!(aisle.said().1, "本机没有基站");
    aisle.stand.function(3);
    let (number, _) = flashed(&mut aisle).expect("a flash");
    aisle.stand.turn(vec![Event::Answered { number, answer: not(LabelNotAsked::NotSeen) }]);
    assert_eq!(aisle.said().1, "基站听不到 0218A3F50003");
    aisle.stand.function(3);
    aisle.stand.answer_none();
    assert_eq!(aisle.said().1, "同步程序没有应答");
    // One that is not on the list is no hit, and goods are not.
    aisle.scan(1);
    assert_eq!(aisle.said().1, "不在这张单子上");
    aisle.scan_goods(WATER);
    assert_eq!(aisle.said().1, "这是商品");
    assert_eq!(aisle.page().counts[0].text, "1/4");
    for number in [8, 3, 4] {
        aisle.scan(number);
    }
    assert_eq!(aisle.page().counts[0].text, "4/4");
    assert_eq!(aisle.said().1, "都找到了");
    assert_eq!(aisle.facts(), []);
}

#[test]
fn the_labels_of_goods_that_are_scanned_are_looked_for_by_their_light() {
    let mut aisle = Aisle::open();
    let asked = |aisle: &mut Aisle| {
        let commands = std::mem::take(&mut aisle.stand.commands);
        commands.into_iter().find_map(|command| match command {
            Command::Ask(asked) => match asked.question {
                Question::FlashLabel { label, .. } => Some(label),
                _ => None,
            },
            _ => None,
        })
    };
    aisle.stand.function(7);
    assert_eq!(aisle.page().counts[0].text, "0/0");
    assert_eq!(asked(&mut aisle), None, "nothing is looked for yet");
    // Juice hangs once: its label flashes. Water joins the list, and what flashes goes on.
    aisle.scan_goods(JUICE);
    let first = asked(&mut aisle).expect("a flash");
    let once = aisle.page().rows.len();
    aisle.scan_goods(WATER);
    assert!(aisle.page().rows.len() > once, "{:?}", aisle.page().rows);
    assert_eq!(asked(&mut aisle), None);
    // The same goods again change nothing.
    let rows = aisle.page().rows.len();
    aisle.scan_goods(WATER);
    assert_eq!(aisle.page().rows.len(), rows);
    // Goods without a label are said.
    aisle.sounds();
    aisle.scan_goods("100016");
    assert_eq!((aisle.said().1.as_str(), aisle.sounds()), ("这个商品没有价签", vec![Sound::Blocked]));
    // The first is found, and the next one flashes.
    let number = (1..=12).find(|number| label(*number).to_string() == first).expect("one of the shelf");
    aisle.scan(number);
    assert_eq!(aisle.page().counts[0].text, format!("1/{rows}"));
    let next = asked(&mut aisle).expect("the next flash");
    assert_ne!(next, first);
    assert_eq!(aisle.facts(), [], "nothing was bound");
}
