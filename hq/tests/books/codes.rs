//! Phones' baskets and exit codes, which one lane of a store at a time may use up, and once.

use protocol::ask::{Answer, CodeTaken, Question};
use protocol::event::{ExitRight, Fact, Phone, PhoneTaken};

use super::{At, MORNING_MS, Shop};

fn number(byte: u8) -> String {
    format!("{byte:02x}").repeat(12)
}

impl At {
    fn takes_phone(&mut self, id: &str) {
        let basket = PhoneTaken {
            id: id.into(),
            until_ms: 9,
            shown: 250,
            charged: 250,
            lines: Vec::new(),
            seen: false,
        };
        self.fact(Fact::Phone(Phone::BasketTaken { basket }));
    }

    fn lets_leave(&mut self, id: &str) {
        let exit = ExitRight {
            id: id.into(),
            made_ms: 1,
            until_ms: 9,
            lane: 1,
            epoch: 1,
            seq: 1,
            pieces: 2,
            total: 250,
        };
        self.fact(Fact::Phone(Phone::ExitChecked { exit, staff: "u1".into(), drawn: None }));
    }
}

/// Whether a lane may use a code up, or why not.
fn claim(shop: &Shop, at: &At, id: &str) -> Result<i64, CodeTaken> {
    match shop.ask(at, Question::ClaimCode { id: id.into() }) {
        Answer::CodeClaimed { until_ms } => Ok(until_ms - shop.now_ms),
        Answer::CodeNotClaimed { why } => Err(why),
        other => panic!("a claim, not {other:?}"),
    }
}

fn release(shop: &Shop, at: &At, id: &str) {
    assert_eq!(shop.ask(at, Question::ReleaseCode { id: id.into() }), Answer::Released {});
}

pub(super) fn a_phones_code_is_one_lanes_to_use_up(shop: Shop) {
    let (mut one, mut two, three) = (shop.lane("S1", 1), shop.lane("S1", 2), shop.lane("S1", 3));
    let elsewhere = shop.lane("S2", 1);
    let (basket, exit) = (number(7), number(9));
    // An answer that was lost costs nothing; nobody else of the store has it meanwhile.
    assert_eq!(claim(&shop, &one, &basket), Ok(120_000));
    assert_eq!(claim(&shop, &one, &basket), Ok(120_000));
    assert_eq!(claim(&shop, &two, &basket), Err(CodeTaken::Held { lane: 1 }));
    assert_eq!(claim(&shop, &elsewhere, &basket), Ok(120_000), "another store's book is its own");
    // Nothing of it could be sold there.
    release(&shop, &two, &basket);
    assert_eq!(claim(&shop, &two, &basket), Err(CodeTaken::Held { lane: 1 }), "nobody releases another's");
    release(&shop, &one, &basket);
    assert_eq!(claim(&shop, &two, &basket), Ok(120_000));
    two.takes_phone(&basket);
    let at_ms = Some(two.lane.at_ms);
    shop.file(&mut two);
    for at in [&one, &two, &three] {
        assert_eq!(claim(&shop, at, &basket), Err(CodeTaken::Used { lane: 2, at_ms }));
    }
    // A lane that could not ask lets somebody leave whom another was about to: its word counts, and the other is told.
    assert_eq!(claim(&shop, &three, &exit), Ok(120_000));
    one.lets_leave(&exit);
    let at_ms = Some(one.lane.at_ms);
    shop.file(&mut one);
    assert_eq!(claim(&shop, &three, &exit), Err(CodeTaken::Used { lane: 1, at_ms }));
    release(&shop, &three, &exit);
    assert!(shop.exceptions().is_empty());
    // Both at once, and nobody could ask: the second is listed, as ever.
    two.lets_leave(&exit);
    shop.file(&mut two);
    let listed: Vec<String> = shop.exceptions().into_iter().map(|one| one.what).collect();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].contains(r#""phone_code":"exit""#) && listed[0].contains("used_before"), "{listed:?}");
}

pub(super) fn a_claim_of_a_code_ends_with_its_lanes_own_clock(mut shop: Shop) {
    let (one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    let id = number(7);
    assert_eq!(claim(&shop, &two, &id), Ok(120_000));
    shop.now_ms += 86_400_000;
    assert_eq!(claim(&shop, &one, &id), Err(CodeTaken::Held { lane: 2 }), "HQ's clock ends nothing");
    two.lane.at_ms = MORNING_MS + 3_600_000;
    two.fact(Fact::SignedOut { staff: "u1".into() });
    shop.file(&mut two);
    assert_eq!(claim(&shop, &one, &id), Ok(120_000));
    // What is no number of a code is asked in vain.
    let refused = shop.ask(&one, Question::ClaimCode { id: "GTB".into() });
    assert!(matches!(refused, Answer::Refused { .. }), "{refused:?}");
}

/// A book that HQ wrote before lanes asked is read as it is.
pub(super) fn a_code_that_was_used_before_lanes_asked_stays_used(shop: Shop) {
    use hq::store::{BookKey, BookKind};
    let one = shop.lane("S1", 1);
    let id = number(7);
    let key = BookKey { owner: "S1", kind: BookKind::PhoneCode, part: &id };
    shop.write(|writing| writing.put_book(key, r#"{"entries":1,"state":["S1/2/1/4"]}"#));
    assert_eq!(claim(&shop, &one, &id), Err(CodeTaken::Used { lane: 2, at_ms: None }));
}
