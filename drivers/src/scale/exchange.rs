//! What is said between till and scale, as bytes in and bytes out. Opens nothing and waits for nothing.
//!
//! Bytes that belong to no answer are skipped, up to [`ANSWER_LENGTH_MAX`]; a byte above 0x7F inside an answer spoils
//! it, for that is what a wrong speed or parity looks like.

use super::{Load, Protocol, Reading, ScaleCommand, ScaleRefusal, Unit, Weight};

/// Most bytes of one answer, rubbish before it included; the longest true one has 33.
pub const ANSWER_LENGTH_MAX: usize = 128;

const STX: u8 = 0x02;
const ETX: u8 = 0x03;
const EOT: u8 = 0x04;
const ENQ: u8 = 0x05;
const ACK: u8 = 0x06;
const LF: u8 = b'\n';
const CR: u8 = b'\r';
const DC1: u8 = 0x11;
const NAK: u8 = 0x15;
const ESC: u8 = 0x1b;

/// The largest unit price and tare that Dialog 06 has digits for.
const DIALOG_PRICE_MAX: u32 = 999_999;
const DIALOG_TARE_MAX: u16 = 9_999;
/// What is sent where the caller has no price: Dialog 06 refuses none.
const DIALOG_PRICE_NONE: u32 = 1;
/// Bytes of a CAS answer after its STX: status, sign, six digits, unit, check character, ETX.
const CAS_REST: usize = 12;

/// What the scale is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Question {
    Look,
    Weigh { unit_price_minor: Option<u32>, tare_grams: Option<u16> },
    Zero,
    Tare,
    ClearTare,
}

impl Question {
    pub(super) fn of(command: ScaleCommand) -> Self {
        match command {
            ScaleCommand::Weigh { unit_price_minor, tare_grams } => {
                Self::Weigh { unit_price_minor, tare_grams }
            }
            ScaleCommand::Zero => Self::Zero,
            ScaleCommand::Tare => Self::Tare,
            ScaleCommand::ClearTare => Self::ClearTare,
        }
    }

    pub(super) fn may_be_repeated(self) -> bool {
        match self {
            Self::Look | Self::Weigh { .. } | Self::ClearTare => true,
            Self::Zero | Self::Tare => false,
        }
    }
}

/// What the scale said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Reading(Reading),
    Done,
    Refused(ScaleRefusal),
    Garbled,
}

/// What is to be done after a byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Wait,
    Send(Vec<u8>),
    End(Said),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Waits for ACK or NAK.
    Acknowledge,
    /// Waits for the answer itself.
    Answer,
    /// Waits for the status that says why it was refused.
    Status,
}

/// One question and its answer.
#[derive(Debug)]
pub(super) struct Exchange {
    protocol: Protocol,
    question: Question,
    stage: Stage,
    /// The answer from its first byte on; empty outside of one.
    frame: Vec<u8>,
    taken: usize,
}

impl Exchange {
    /// Whether the protocol has words for the question.
    pub(super) fn check(protocol: Protocol, question: Question) -> Result<(), ScaleRefusal> {
        match (protocol, question) {
            (_, Question::Look) => Ok(()),
            (Protocol::Dialog06, Question::Weigh { unit_price_minor, tare_grams }) => {
                let fits = unit_price_minor.is_none_or(|price| (1..=DIALOG_PRICE_MAX).contains(&price))
                    && tare_grams.is_none_or(|tare| tare <= DIALOG_TARE_MAX);
                if fits { Ok(()) } else { Err(ScaleRefusal::OutOfBounds) }
            }
            (_, Question::Weigh { tare_grams: Some(_), .. }) => Err(ScaleRefusal::Unsupported),
            (_, Question::Weigh { tare_grams: None, .. }) => Ok(()),
            (Protocol::Toledo8217, Question::Zero | Question::Tare | Question::ClearTare)
            | (Protocol::Nci, Question::Zero | Question::Tare) => Ok(()),
            (Protocol::Nci, Question::ClearTare)
            | (
                Protocol::CasPd2 | Protocol::Dialog06,
                Question::Zero | Question::Tare | Question::ClearTare,
            ) => Err(ScaleRefusal::Unsupported),
        }
    }

    /// An exchange and the bytes that open it.
    pub(super) fn begin(protocol: Protocol, question: Question) -> (Self, Vec<u8>) {
        let (stage, bytes) = match protocol {
            Protocol::Toledo8217 => (Stage::Answer, vec![letter(question, b'C')]),
            Protocol::Nci => (Stage::Answer, vec![letter(question, b'T'), CR]),
            Protocol::CasPd2 => (Stage::Acknowledge, vec![ENQ]),
            Protocol::Dialog06 => match question {
                Question::Weigh { unit_price_minor, tare_grams } => {
                    (Stage::Acknowledge, dialog_price(unit_price_minor, tare_grams))
                }
                Question::Look | Question::Zero | Question::Tare | Question::ClearTare => {
                    (Stage::Status, dialog_status())
                }
            },
        };
        (Self { protocol, question, stage, frame: Vec::new(), taken: 0 }, bytes)
    }

    /// Takes the next byte that the scale sent.
    pub(super) fn take(&mut self, byte: u8) -> Step {
        self.taken += 1;
        if self.taken > ANSWER_LENGTH_MAX {
            return Step::End(Said::Garbled);
        }
        match self.protocol {
            Protocol::Toledo8217 => self.take_framed(byte, STX, CR, toledo),
            Protocol::Nci => self.take_framed(byte, LF, ETX, nci),
            Protocol::CasPd2 => self.take_cas(byte),
            Protocol::Dialog06 => self.take_dialog(byte),
        }
    }

    /// Collects from `first` to `last` and reads what is between.
    fn take_framed(&mut self, byte: u8, first: u8, last: u8, read: fn(Question, &[u8]) -> Said) -> Step {
        // An answer that begins anew was cut off before; but NCI has LF inside its answers too, and "over range" of
        // Toledo is the very byte STX, behind a question mark.
        let inside = first == LF || self.frame == [STX, b'?'];
        if byte == first && (self.frame.is_empty() || !inside) {
            self.frame = vec![byte];
            return Step::Wait;
        }
        if self.frame.is_empty() {
            return Step::Wait;
        }
        if byte != last {
            self.frame.push(byte);
            return Step::Wait;
        }
        Step::End(read(self.question, &self.frame[1..]))
    }

    fn take_cas(&mut self, byte: u8) -> Step {
        if self.stage == Stage::Acknowledge {
            return match byte {
                ACK => {
                    self.stage = Stage::Answer;
                    Step::Send(vec![DC1])
                }
                // Not ready: nothing lies still yet.
                NAK => Step::End(Said::Reading(Reading::Moving)),
                _ => Step::Wait,
            };
        }
        if self.frame.is_empty() {
            return match byte {
                STX => {
                    self.frame = vec![byte];
                    Step::Wait
                }
                NAK => Step::End(Said::Reading(Reading::Moving)),
                // SOH, and rubbish.
                _ => Step::Wait,
            };
        }
        self.frame.push(byte);
        if self.frame.len() <= CAS_REST {
            return Step::Wait;
        }
        Step::End(cas(&self.frame[1..]))
    }

    fn take_dialog(&mut self, byte: u8) -> Step {
        if !self.frame.is_empty() {
            if byte == STX {
                self.frame = vec![byte];
                return Step::Wait;
            }
            if byte != ETX {
                self.frame.push(byte);
                return Step::Wait;
            }
            let frame = std::mem::take(&mut self.frame);
            return Step::End(dialog(self.question, &frame[1..]));
        }
        match (self.stage, byte) {
            (_, STX) => {
                self.frame = vec![byte];
                Step::Wait
            }
            (Stage::Acknowledge, ACK) => {
                self.stage = Stage::Answer;
                Step::Send(vec![EOT, ENQ])
            }
            (Stage::Acknowledge | Stage::Answer, NAK) => {
                self.stage = Stage::Status;
                Step::Send(dialog_status())
            }
            (Stage::Status, NAK) => Step::End(Said::Garbled),
            _ => Step::Wait,
        }
    }
}

fn letter(question: Question, clear: u8) -> u8 {
    match question {
        Question::Look | Question::Weigh { .. } => b'W',
        Question::Zero => b'Z',
        Question::Tare => b'T',
        Question::ClearTare => clear,
    }
}

/// `?` and a status byte, or digits with an `N` behind a net weight.
fn toledo(question: Question, answer: &[u8]) -> Said {
    if let [b'?', status] = answer {
        let has = |bit: u8| status & (1 << bit) != 0;
        return if status & 0x80 != 0 {
            Said::Garbled
        } else if has(6) {
            Said::Refused(ScaleRefusal::Unsupported)
        } else if has(0) {
            Said::Reading(Reading::Moving)
        } else if has(1) {
            Said::Reading(Reading::OverRange)
        } else if has(2) {
            Said::Reading(Reading::UnderRange)
        } else {
            match question {
                Question::Zero | Question::Tare | Question::ClearTare => Said::Done,
                // Nothing is wrong and nothing is there: the empty scale at zero.
                Question::Look | Question::Weigh { .. } => stable(Weight::grams_of(0), Some(has(5))),
            }
        };
    }
    let Ok(text) = std::str::from_utf8(answer) else { return Said::Garbled };
    let (digits, net) = match text.strip_suffix('N') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    match Weight::parse(digits, Unit::Kilogram) {
        Ok(weight) => stable(weight, Some(net)),
        Err(_) => Said::Garbled,
    }
}

fn stable(weight: Weight, net: Option<bool>) -> Said {
    let below = weight.units < 0;
    Said::Reading(if below {
        Reading::UnderRange
    } else {
        Reading::Stable(Load { weight, net, computed_minor: None })
    })
}

/// `xx.xxxUU CR LF hh CR`, `hh CR` alone, or `? CR`; the status may have an `S` before it and up to four bytes.
fn nci(question: Question, answer: &[u8]) -> Said {
    let Ok(text) = std::str::from_utf8(answer) else { return Said::Garbled };
    let mut lines: Vec<&str> = text.split(['\r', '\n']).filter(|line| !line.trim().is_empty()).collect();
    let Some(status) = lines.pop() else { return Said::Garbled };
    if status == "?" {
        return Said::Refused(ScaleRefusal::Unsupported);
    }
    let bytes = status.strip_prefix('S').unwrap_or(status).as_bytes();
    // Bits 4 and 5 of every status byte are set (SCP-01).
    let [first, second, rest @ ..] = bytes else { return Said::Garbled };
    if bytes.len() > 4 || !bytes.iter().all(|byte| byte & 0x30 == 0x30) {
        return Said::Garbled;
    }
    if first & 0x0c != 0 || second & 0x0c != 0 {
        // A fault of memory or calibration.
        return Said::Refused(ScaleRefusal::Code(*second & 0x0c | *first & 0x0c));
    }
    if first & 1 != 0 {
        return Said::Reading(Reading::Moving);
    }
    if second & 2 != 0 {
        return Said::Reading(Reading::OverRange);
    }
    if second & 1 != 0 {
        return Said::Reading(Reading::UnderRange);
    }
    let Some(shown) = lines.pop() else {
        return match question {
            Question::Zero | Question::Tare | Question::ClearTare => Said::Done,
            Question::Look | Question::Weigh { .. } => Said::Garbled,
        };
    };
    let split = shown.find(|character: char| character.is_ascii_alphabetic()).unwrap_or(shown.len());
    let (digits, unit) = shown.split_at(split);
    let Some(unit) = Unit::parse(unit) else { return Said::Garbled };
    match Weight::parse(digits, unit) {
        // Bit 2 of the third byte says net.
        Ok(weight) => stable(weight, rest.first().map(|third| third & 4 != 0)),
        Err(_) => Said::Garbled,
    }
}

/// Status, sign, six digits, unit, check character, ETX.
fn cas(answer: &[u8]) -> Said {
    let [status, sign, middle @ .., check, ETX] = answer else { return Said::Garbled };
    // Exclusive or of everything between STX and the check character.
    let sum = answer[..answer.len() - 2].iter().fold(0, |sum, byte| sum ^ byte);
    if sum != *check {
        return Said::Garbled;
    }
    let Ok(text) = std::str::from_utf8(middle) else { return Said::Garbled };
    if text.len() != 8 || !text.is_ascii() {
        return Said::Garbled;
    }
    match (status, sign) {
        (_, b'F') => return Said::Reading(Reading::OverRange),
        (b'U', b' ' | b'-') => return Said::Reading(Reading::Moving),
        (b'S', b' ' | b'-') => {}
        _ => return Said::Garbled,
    }
    let (digits, unit) = text.split_at(6);
    let Some(unit) = Unit::parse(unit) else { return Said::Garbled };
    match Weight::parse(digits, unit) {
        Ok(weight) if *sign == b'-' && weight.units != 0 => Said::Reading(Reading::UnderRange),
        Ok(weight) => stable(weight, None),
        Err(_) => Said::Garbled,
    }
}

fn dialog_price(unit_price_minor: Option<u32>, tare_grams: Option<u16>) -> Vec<u8> {
    let price = unit_price_minor.unwrap_or(DIALOG_PRICE_NONE);
    let mut bytes = vec![EOT, STX];
    match tare_grams {
        None => {
            bytes.extend(b"01\x1b");
            bytes.extend(format!("{price:06}").bytes());
            bytes.push(ESC);
        }
        Some(tare) => {
            bytes.extend(b"03\x1b");
            bytes.extend(format!("{price:06}").bytes());
            bytes.push(ESC);
            bytes.extend(format!("{tare:04}").bytes());
        }
    }
    bytes.push(ETX);
    bytes
}

fn dialog_status() -> Vec<u8> {
    vec![EOT, STX, b'0', b'8', ETX]
}

/// Record 02 (weight, price, amount), 09 (status) or 11 (a checksum is wanted).
fn dialog(question: Question, record: &[u8]) -> Said {
    let Ok(text) = std::str::from_utf8(record) else { return Said::Garbled };
    let fields: Vec<&str> = text.split('\u{1b}').collect();
    let digits = |field: &str, least: usize, most: usize| {
        let right = (least..=most).contains(&field.len()) && field.bytes().all(|byte| byte.is_ascii_digit());
        if right { field.parse::<u32>().ok() } else { None }
    };
    match fields[..] {
        ["02", "3", weight, price, amount] => {
            let numbers = (digits(weight, 5, 5), digits(price, 5, 6), digits(amount, 6, 6));
            let (Some(grams), Some(price), Some(amount)) = numbers else { return Said::Garbled };
            let Question::Weigh { unit_price_minor, .. } = question else { return Said::Garbled };
            // A weighing at another price is not ours.
            if price != unit_price_minor.unwrap_or(DIALOG_PRICE_NONE) {
                return Said::Garbled;
            }
            let weight = Weight::grams_of(i64::from(grams));
            let computed_minor = unit_price_minor.map(|_| amount);
            Said::Reading(Reading::Stable(Load { weight, net: None, computed_minor }))
        }
        ["09", status] => match (status, digits(status, 2, 2)) {
            ("00", _) => Said::Reading(Reading::Idle),
            ("20" | "22", _) => Said::Reading(Reading::Moving),
            ("21", _) => Said::Reading(match question {
                Question::Weigh { .. } => Reading::Unchanged,
                Question::Look | Question::Zero | Question::Tare | Question::ClearTare => Reading::Idle,
            }),
            ("30", _) => Said::Reading(Reading::BelowMinimum),
            ("31", _) => Said::Reading(Reading::UnderRange),
            ("32", _) => Said::Reading(Reading::OverRange),
            (_, Some(code)) => Said::Refused(ScaleRefusal::Code(u8::try_from(code).unwrap_or(u8::MAX))),
            (_, None) => Said::Garbled,
        },
        // The maker's secret checksum: this scale is to be set not to ask for it.
        ["11", ..] => Said::Refused(ScaleRefusal::Code(11)),
        _ => Said::Garbled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEIGH: Question = Question::Weigh { unit_price_minor: None, tare_grams: None };

    /// What comes of feeding these bytes, with what was sent meanwhile.
    fn talk(protocol: Protocol, question: Question, heard: &[u8]) -> (Vec<u8>, Option<Said>) {
        let (mut exchange, mut sent) = Exchange::begin(protocol, question);
        for &byte in heard {
            match exchange.take(byte) {
                Step::Wait => {}
                Step::Send(bytes) => sent.extend(bytes),
                Step::End(said) => return (sent, Some(said)),
            }
        }
        (sent, None)
    }

    fn said(protocol: Protocol, heard: &[u8]) -> Option<Said> {
        talk(protocol, WEIGH, heard).1
    }

    fn grams(said: Option<Said>) -> Option<i64> {
        match said {
            Some(Said::Reading(Reading::Stable(load))) => load.weight.grams(),
            _ => None,
        }
    }

    const fn read(reading: Reading) -> Option<Said> {
        Some(Said::Reading(reading))
    }

    #[test]
    fn toledo_says_a_weight_or_why_not() {
        let said = |heard| said(Protocol::Toledo8217, heard);
        assert_eq!(grams(said(b"\x0201.250\r")), Some(1_250));
        assert_eq!(grams(said(b"\x0201.250N\r")), Some(1_250));
        assert_eq!(grams(said(b"\xff\xff\x0201.2\x0201.250\r")), Some(1_250), "cut off, then whole");
        assert_eq!(said(b"\x02?\x01\r"), read(Reading::Moving));
        assert_eq!(said(b"\x02?\x03\r"), read(Reading::Moving), "over while it moves is not settled");
        assert_eq!(said(b"\x02?\x02\r"), read(Reading::OverRange));
        assert_eq!(said(b"\x02?\x04\r"), read(Reading::UnderRange));
        assert_eq!(grams(said(b"\x02?\x10\r")), Some(0));
        assert_eq!(said(b"\x02?\x40\r"), Some(Said::Refused(ScaleRefusal::Unsupported)));
        for garbled in [b"\x02\xff1.250\r".as_slice(), b"\x02\r", b"\x02ABC\r", b"\x02?\x81\r"] {
            assert_eq!(said(garbled), Some(Said::Garbled), "{garbled:x?}");
        }
        assert_eq!(said(b"\x0201.2"), None);
        assert_eq!(said(b"01.250\r"), None, "no beginning");
    }

    #[test]
    fn nci_says_weight_and_status() {
        let said = |heard| said(Protocol::Nci, heard);
        assert_eq!(grams(said(b"\n01.250kg\r\n00\r\x03")), Some(1_250));
        assert_eq!(grams(said(b"\n01.250KG\r\nS0010\r\x03")), Some(1_250));
        assert_eq!(grams(said(b"\n  1250g \r\n00\r\x03")), Some(1_250));
        match said(b"\n02.50lb\r\n00\r\x03") {
            Some(Said::Reading(Reading::Stable(load))) => {
                assert_eq!((load.weight.to_string().as_str(), load.weight.grams()), ("2.50 lb", None));
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(said(b"\n01.250kg\r\n10\r\x03"), read(Reading::Moving));
        assert_eq!(said(b"\n^^^^^^kg\r\n02\r\x03"), read(Reading::OverRange));
        assert_eq!(said(b"\n______kg\r\n01\r\x03"), read(Reading::UnderRange));
        assert_eq!(said(b"\n?\r\x03"), Some(Said::Refused(ScaleRefusal::Unsupported)));
        let zeroed = |heard| talk(Protocol::Nci, Question::Zero, heard);
        assert_eq!(zeroed(b"\n20\r\x03"), (b"Z\r".to_vec(), Some(Said::Done)));
        for garbled in [b"\n\xff\xff\r\x03".as_slice(), b"\n1.25xx\r\n00\r\x03", b"\n\r\x03", b"\n00\r\x03"] {
            assert_eq!(said(garbled), Some(Said::Garbled), "{garbled:x?}");
        }
    }

    fn cas_frame(body: &[u8]) -> Vec<u8> {
        let check = body.iter().fold(0, |sum, byte| sum ^ byte);
        [&[ACK, 0x01, STX], body, &[check, ETX, EOT]].concat()
    }

    #[test]
    fn cas_is_asked_twice_and_its_check_character_counts() {
        let said = |body| said(Protocol::CasPd2, &cas_frame(body));
        assert_eq!(grams(said(b"S 01.250kg")), Some(1_250));
        assert_eq!(grams(said(b"S-00.000kg")), Some(0));
        assert_eq!(said(b"U 01.250kg"), read(Reading::Moving));
        assert_eq!(said(b"S-00.020kg"), read(Reading::UnderRange));
        assert_eq!(said(b"SF99.999kg"), read(Reading::OverRange));
        let talk = |heard: &[u8]| talk(Protocol::CasPd2, WEIGH, heard);
        assert_eq!(talk(b"\x15"), (vec![ENQ], read(Reading::Moving)));
        assert_eq!(talk(b"\xff\x06").0, [ENQ, DC1]);
        let mut wrong = cas_frame(b"S 01.250kg");
        wrong[6] ^= 1;
        assert_eq!(talk(&wrong).1, Some(Said::Garbled));
        for body in [b"X 01.250kg", b"S 0A.250kg", b"S 01.250xx", b"S\xff01.250kg"] {
            assert_eq!(said(body), Some(Said::Garbled), "{body:x?}");
        }
    }

    #[test]
    fn dialog_is_told_the_price_and_says_why_it_refuses() {
        let question = Question::Weigh { unit_price_minor: Some(1_180), tare_grams: None };
        let (sent, said) =
            talk(Protocol::Dialog06, question, b"\x06\x0202\x1b3\x1b00856\x1b001180\x1b001010\x03");
        assert_eq!(sent, b"\x04\x0201\x1b001180\x1b\x03\x04\x05");
        assert_eq!(grams(said), Some(856));
        match said {
            Some(Said::Reading(Reading::Stable(load))) => assert_eq!(load.computed_minor, Some(1_010)),
            other => panic!("{other:?}"),
        }
        let other_price = b"\x06\x0202\x1b3\x1b00856\x1b009999\x1b001010\x03";
        assert_eq!(talk(Protocol::Dialog06, question, other_price).1, Some(Said::Garbled));
        let tared = Question::Weigh { unit_price_minor: Some(1_180), tare_grams: Some(20) };
        assert_eq!(talk(Protocol::Dialog06, tared, b"").0, b"\x04\x0203\x1b001180\x1b0020\x03");
        for (status, reading) in [
            ("20", Reading::Moving),
            ("21", Reading::Unchanged),
            ("22", Reading::Moving),
            ("30", Reading::BelowMinimum),
            ("31", Reading::UnderRange),
            ("32", Reading::OverRange),
        ] {
            let heard = format!("\x06\x15\x0209\x1b{status}\x03");
            let (sent, said) = talk(Protocol::Dialog06, question, heard.as_bytes());
            assert!(sent.ends_with(b"\x04\x05\x04\x0208\x03"), "{sent:x?}");
            assert_eq!(said, read(reading), "{status}");
        }
        let refused = |heard| talk(Protocol::Dialog06, question, heard).1;
        assert_eq!(refused(b"\x15\x0209\x1b11\x03"), Some(Said::Refused(ScaleRefusal::Code(11))));
        assert_eq!(refused(b"\x0211\x1b247\x03"), Some(Said::Refused(ScaleRefusal::Code(11))));
        for garbled in
            [b"\x06\x0202\x1b3\x1b0085\x03".as_slice(), b"\x06\x02\xff\x03", b"\x15\x15", b"\x02\x03"]
        {
            assert_eq!(refused(garbled), Some(Said::Garbled), "{garbled:x?}");
        }
    }

    #[test]
    fn what_a_protocol_has_no_words_for_is_not_sent() {
        let tare = Question::Weigh { unit_price_minor: None, tare_grams: Some(20) };
        for protocol in [Protocol::Toledo8217, Protocol::CasPd2, Protocol::Nci] {
            assert_eq!(Exchange::check(protocol, tare), Err(ScaleRefusal::Unsupported));
        }
        for protocol in [Protocol::CasPd2, Protocol::Dialog06] {
            assert_eq!(Exchange::check(protocol, Question::Zero), Err(ScaleRefusal::Unsupported));
        }
        for price in [0, 1_000_000] {
            let question = Question::Weigh { unit_price_minor: Some(price), tare_grams: None };
            assert_eq!(Exchange::check(Protocol::Dialog06, question), Err(ScaleRefusal::OutOfBounds));
        }
    }

    #[test]
    fn rubbish_never_ends_in_a_weight_nor_in_a_panic_nor_without_bound() {
        let mut random = 1_u64;
        let mut next = || {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            u8::try_from(random & 0xff).expect("a byte")
        };
        for protocol in Protocol::ALL {
            assert_eq!(said(protocol, &[0xff; ANSWER_LENGTH_MAX + 1]), Some(Said::Garbled));
            for _ in 0..2_000 {
                let bytes: Vec<u8> = (0..=ANSWER_LENGTH_MAX).map(|_| next() | 0x80).collect();
                assert_eq!(grams(said(protocol, &bytes)), None);
                let bytes: Vec<u8> = (0..=ANSWER_LENGTH_MAX).map(|_| next() & 0x1f).collect();
                assert!(said(protocol, &bytes).is_some(), "{protocol:?} {bytes:x?}");
            }
        }
    }
}
