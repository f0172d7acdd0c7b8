//! Codes that phones show: made, read, and refused.

use super::*;

const NOW: i64 = 1_780_000_000_000;

/// The secret key of RFC 8032, section 7.1, test 1.
fn key() -> SigningKey {
    SigningKey::parse("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").expect("a key")
}

fn other_key() -> SigningKey {
    SigningKey::draw().expect("a key").0
}

fn here() -> Here<'static> {
    Here { store: "S001", now_ms: NOW + 60_000 }
}

fn line(code: &str, pieces: u32) -> PhoneLine {
    PhoneLine { code: code.to_owned(), pieces, shown: None }
}

fn basket() -> PhoneBasket {
    PhoneBasket {
        store: "S001".into(),
        id: CodeId([7; 12]),
        made_ms: NOW,
        until_ms: NOW + 30 * 60_000,
        total: 12_345,
        version: 678,
        lines: vec![line("6901028075763", 2), line("2101234012505", 1), line("(01)09520000000011(10)A-1", 1)],
    }
}

fn exit() -> ExitCode {
    ExitCode {
        store: "S001".into(),
        id: CodeId([9; 12]),
        made_ms: NOW,
        until_ms: NOW + 30 * 60_000,
        lane: 3,
        epoch: 1,
        seq: 4_711,
        pieces: 4,
        total: 12_345,
    }
}

fn open(text: &str) -> Result<PhoneBasket, RefuseCodeError> {
    PhoneBasket::open(text, &[key().public()], here())
}

#[test]
fn a_basket_is_read_as_it_was_made_and_never_changes_its_form() {
    let text = basket().seal(&key()).expect("made");
    assert_eq!(open(&text), Ok(basket()));
    assert_eq!(open(&format!(" {}\n", text.to_lowercase())), Ok(basket()));
    expect_test::expect_file!["../../../fixtures/wire/scan-go-v1/basket.txt"].assert_eq(&text);
    let other = other_key().public();
    let read = PhoneBasket::open(&text, &[other, key().public()], here());
    assert_eq!(read, Ok(basket()), "the key of before may have signed it");
}

#[test]
fn a_basket_says_what_the_phone_showed_for_each_line_where_that_fits() {
    let priced = |lines: Vec<PhoneLine>| {
        let lines = lines.into_iter().enumerate();
        lines.map(|(at, line)| PhoneLine { shown: Some(250 + at as i64 * 100), ..line }).collect::<Vec<_>>()
    };
    let shown = PhoneBasket { lines: priced(basket().lines), ..basket() };
    let text = shown.seal(&key()).expect("made");
    assert_eq!(open(&text), Ok(shown));
    expect_test::expect_file!["../../../fixtures/wire/scan-go-v1/basket-with-prices.txt"].assert_eq(&text);
    // Forty usual lines go into a code with their prices, fifty without.
    let many =
        |count: usize| PhoneBasket { lines: priced(vec![line("6901028075763", 1); count]), ..basket() };
    let read = |basket: PhoneBasket| open(&basket.seal(&key()).expect("made")).expect("read");
    assert_eq!(read(many(40)), many(40));
    assert!(read(many(LINES_MAX)).lines.iter().all(|line| line.shown.is_none()));
    // Half of the lines say nothing to anybody.
    let mut half = many(2);
    half.lines[1].shown = None;
    assert!(read(half).lines.iter().all(|line| line.shown.is_none()));
    let below = PhoneBasket { lines: vec![PhoneLine { shown: Some(-1), ..line("1", 1) }], ..basket() };
    assert!(below.seal(&key()).is_err());
}

#[test]
fn a_sale_has_one_exit_code_however_often_it_is_made() {
    let id = ExitCode::id_of("S001", 3, 1, 4_711);
    assert_eq!(id, ExitCode::id_of("S001", 3, 1, 4_711));
    let others = [("S002", 3, 1, 4_711), ("S001", 31, 1, 4_711), ("S001", 3, 14, 711), ("S001", 3, 1, 4_712)];
    assert!(others.iter().all(|(store, lane, epoch, seq)| ExitCode::id_of(store, *lane, *epoch, *seq) != id));
    expect_test::expect!["544b7d15fea581f3e27d1df0"].assert_eq(&id.to_string());
}

#[test]
fn an_exit_code_is_read_as_it_was_made_and_never_changes_its_form() {
    let text = exit().seal(&key()).expect("made");
    assert_eq!(ExitCode::open(&text, &[key().public()], here()), Ok(exit()));
    expect_test::expect_file!["../../../fixtures/wire/scan-go-v1/exit.txt"].assert_eq(&text);
}

#[test]
fn domain_tells_both_from_everything_else() {
    let (basket, exit) = (basket().seal(&key()).expect("made"), exit().seal(&key()).expect("made"));
    assert_eq!(phone::read(&basket), Some(phone::PhoneCode::Basket(basket.clone())));
    assert_eq!(phone::read(&exit), Some(phone::PhoneCode::Exit(exit.clone())));
}

#[test]
fn what_is_forged_is_refused() {
    let forged = basket().seal(&other_key()).expect("made");
    assert_eq!(open(&forged), Err(RefuseCodeError::Signature));
    assert_eq!(PhoneBasket::open(&forged, &[], here()), Err(RefuseCodeError::Signature));
    // A signature over one thing is none over another: an exit code under a basket's prefix.
    let exit = exit().seal(&key()).expect("made");
    assert_eq!(open(&exit), Err(RefuseCodeError::Form));
    assert_eq!(
        open(&exit.replacen(phone::EXIT_PREFIX, phone::BASKET_PREFIX, 1)),
        Err(RefuseCodeError::Signature)
    );
}

#[test]
fn whatever_character_is_altered_the_basket_is_refused() {
    let text = basket().seal(&key()).expect("made");
    for place in 0..text.len() {
        let mut altered = text.clone().into_bytes();
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).expect("letters");
        let refused = open(&altered).expect_err("refused");
        assert!(matches!(refused, RefuseCodeError::Form | RefuseCodeError::Signature), "{place}: {refused}");
    }
    for cut in [0, 3, 10, 110, text.len() - 1] {
        let refused = open(&text[..cut]).expect_err("refused");
        assert!(matches!(refused, RefuseCodeError::Form | RefuseCodeError::Signature), "{cut}: {refused}");
    }
    assert!(open(&format!("{text}A")).is_err(), "a byte more");
    assert_eq!(open("篮"), Err(RefuseCodeError::Form));
}

#[test]
fn what_is_of_another_store_or_time_is_refused() {
    let text = basket().seal(&key()).expect("made");
    let at =
        |store: &'static str, now_ms| PhoneBasket::open(&text, &[key().public()], Here { store, now_ms });
    assert_eq!(at("S002", NOW), Err(RefuseCodeError::OtherStore("S001".into())));
    assert!(at("S001", NOW + 30 * 60_000 - 1).is_ok());
    assert_eq!(at("S001", NOW + 30 * 60_000), Err(RefuseCodeError::Expired));
    assert!(at("S001", NOW - CLOCK_AHEAD_MAX_MS).is_ok(), "clocks differ");
    assert_eq!(at("S001", NOW - CLOCK_AHEAD_MAX_MS - 1), Err(RefuseCodeError::Expired));
}

#[test]
fn a_newer_form_is_said_to_be_newer() {
    let text = BASKET.seal(&key(), vec![3, 1, b'S']).expect("made");
    assert_eq!(open(&text), Err(RefuseCodeError::Version(3)));
    let text = EXIT.seal(&key(), vec![2, 1, b'S']).expect("made");
    assert_eq!(ExitCode::open(&text, &[key().public()], here()), Err(RefuseCodeError::Version(2)));
    let text = BASKET.seal(&key(), vec![VERSION, 1, b'S']).expect("made");
    assert_eq!(open(&text), Err(RefuseCodeError::Form));
}

#[test]
fn the_largest_basket_goes_into_its_qr_code() {
    let longest = "S".repeat(STORE_BYTES_MAX);
    let lines = vec![line("6901028075763", PIECES_MAX); LINES_MAX];
    let large = PhoneBasket { store: longest, total: i64::MAX, version: u64::MAX >> 1, lines, ..basket() };
    let text = large.seal(&key()).expect("it fits");
    assert!(text.len() <= phone::LENGTH_MAX, "{}", text.len());
    let here = Here { store: &large.store, ..here() };
    assert_eq!(PhoneBasket::open(&text, &[key().public()], here), Ok(large.clone()));
    let mut lines = large.lines.clone();
    lines.push(line("1", 1));
    assert_eq!(PhoneBasket { lines, ..large.clone() }.seal(&key()), Err(MakeCodeError::Lines(51)));
    let lines = vec![line(&"X".repeat(CODE_BYTES_MAX), 1); 10];
    let refused = PhoneBasket { lines, ..large.clone() }.seal(&key());
    assert!(matches!(refused, Err(MakeCodeError::TooLong(_))), "{refused:?}");
}

#[test]
fn what_cannot_be_carried_is_refused() {
    let with = |lines| PhoneBasket { lines, ..basket() }.seal(&key());
    assert_eq!(with(vec![]), Err(MakeCodeError::Lines(0)));
    assert_eq!(with(vec![line("1", 0)]), Err(MakeCodeError::Pieces(0)));
    assert_eq!(with(vec![line("1", 100)]), Err(MakeCodeError::Pieces(100)));
    for code in ["", "水", "a\n", &"1".repeat(CODE_BYTES_MAX + 1)] {
        assert_eq!(with(vec![line("1", 1), line(code, 1)]), Err(MakeCodeError::Code(2)), "{code}");
    }
    assert!(with(vec![line("]C10109520000000011\u{1d}10A", 1)]).is_ok());
    let lasts = |lasts_ms| PhoneBasket { until_ms: NOW + lasts_ms, ..basket() }.seal(&key()).is_ok();
    assert!(lasts(1_000) && lasts(LASTS_MAX_MS));
    assert!(!lasts(0) && !lasts(LASTS_MAX_MS + 1));
    assert!(PhoneBasket { total: -1, ..basket() }.seal(&key()).is_err());
    assert!(PhoneBasket { store: String::new(), ..basket() }.seal(&key()).is_err());
}

#[test]
fn a_code_works_once_and_what_is_over_is_forgotten() {
    let mut used = UsedCodes::default();
    let id = |number: u32| {
        let mut id = [0; 12];
        id[..4].copy_from_slice(&number.to_be_bytes());
        CodeId(id)
    };
    assert_eq!(used.take(id(1), NOW + 10, NOW), Ok(()));
    assert_eq!(used.take(id(1), NOW + 10, NOW), Err(UsedError::Before));
    assert_eq!(used.take(id(2), NOW + 10, NOW), Ok(()));
    let mut used = UsedCodes::restored(used.entries().collect::<Vec<_>>());
    assert_eq!(used.take(id(2), NOW + 10, NOW), Err(UsedError::Before), "a gate that starts again remembers");
    for number in 3..=USED_MAX as u32 {
        assert_eq!(used.take(id(number), NOW + 10, NOW), Ok(()));
    }
    assert_eq!(used.take(id(0), NOW + 10, NOW), Err(UsedError::Full));
    let later = NOW + 10 + CLOCK_AHEAD_MAX_MS;
    assert_eq!(used.take(id(0), later + 10, later - 1), Err(UsedError::Full));
    assert_eq!(used.take(id(0), later + 10, later), Ok(()), "those whose time is over are forgotten");
    assert_eq!(used.entries().count(), 1);
}

#[test]
fn a_link_is_of_one_store_and_one_time() {
    let token = link::make(&key(), "S001", NOW).expect("made");
    let check = |token: &str, store: &str, now_ms| link::check(token, &[key().public()], store, now_ms);
    assert_eq!(check(&token, "S001", NOW - 1), Ok(NOW));
    assert_eq!(check(&token, "S001", NOW), Err(link::RefuseLinkError::Expired));
    assert_eq!(check(&token, "S002", NOW - 1), Err(link::RefuseLinkError::Wrong));
    assert_eq!(check("", "S001", NOW - 1), Err(link::RefuseLinkError::Wrong));
    assert_eq!(check(&"a".repeat(10_000), "S001", NOW - 1), Err(link::RefuseLinkError::Wrong));
    // Nobody makes a link last longer.
    let longer = link::make(&other_key(), "S001", NOW + 1_000).expect("made");
    assert_eq!(check(&longer, "S001", NOW - 1), Err(link::RefuseLinkError::Wrong));
    assert_eq!(link::make(&key(), &"S".repeat(STORE_BYTES_MAX + 1), NOW), None);
}

#[test]
fn base32_is_that_of_the_standard_and_has_one_form() {
    let check = |plain: &str, text: &str| {
        assert_eq!(base32(plain.as_bytes()), text);
        assert_eq!(parse_base32(text), Some(plain.as_bytes().to_vec()));
    };
    // The test vectors of RFC 4648, section 10, without padding.
    for (plain, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foobar", "MZXW6YTBOI")] {
        check(plain, text);
    }
    for text in ["M", "MZ", "MYA", "1", "my"] {
        assert_eq!(parse_base32(text), None, "{text}");
    }
}
