//! GS1 element strings: Application Identifiers and what follows each, checked against the table. What a till makes of
//! them is for others.

use std::borrow::Cow;

use chrono::{Datelike, NaiveDate, NaiveTime};

use super::ai::{self, Ai, Component, Row};
use super::lint::LintError;

/// What separates fields whose length is not fixed, as scanners send FNC1 (GS1 General Specifications, 7.8.4).
pub const SEPARATOR: char = '\u{1d}';

/// The most elements that one code may hold; the largest symbols hold fewer of use.
pub const ELEMENTS_MAX: usize = 64;

/// One AI and its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element<'a> {
    /// The identifier.
    pub ai: Ai,
    /// What GS1 prints beside it, such as `BATCH/LOT`.
    pub title: &'static str,
    /// The data.
    pub value: Cow<'a, str>,
    /// Where the AI stands in the text, in bytes from 0.
    pub position: usize,
}

/// What one code holds: elements that may stand together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elements<'a> {
    list: Vec<Element<'a>>,
}

/// Why a text is no GS1 data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read GS1 data{}, character {}: {fault}", ai_words(.ai), .position + 1)]
pub struct ElementError {
    /// The AI in which something is wrong, where it is known.
    pub ai: Option<Ai>,
    /// Where, in bytes of the data from 0.
    pub position: usize,
    /// What.
    pub fault: ElementFault,
}

fn ai_words(ai: &Option<Ai>) -> String {
    ai.map_or_else(String::new, |ai| format!(", AI ({ai})"))
}

/// What is wrong in GS1 data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ElementFault {
    /// Nothing where data should be.
    #[error("nothing is there")]
    Empty,
    /// No AI of the table.
    #[error("{0:?} is no application identifier")]
    UnknownAi(String),
    /// Fewer characters than the AI has.
    #[error("at least {least} characters are needed, found {found}")]
    TooShort {
        /// How many are needed.
        least: usize,
        /// How many there are.
        found: usize,
    },
    /// More characters than the AI has: often a separator that got lost.
    #[error("at most {most} characters are allowed, found {found}; a separator may be missing")]
    TooLong {
        /// How many are allowed.
        most: usize,
        /// How many there are.
        found: usize,
    },
    /// The content breaks a rule.
    #[error("it has {0}")]
    Content(LintError),
    /// The same AI twice, with different data.
    #[error("it stands there twice and says different things")]
    Contradiction,
    /// AIs that must stand beside it do not.
    #[error("one of these must stand beside it: {0}")]
    Alone(&'static str),
    /// An AI that must not stand beside it does.
    #[error("({0}) must not stand beside it")]
    Excluded(Ai),
    /// More than [`ELEMENTS_MAX`].
    #[error("it has more than {ELEMENTS_MAX} elements")]
    TooMany,
    /// Brackets that do not close, or hold no AI.
    #[error("brackets that do not fit")]
    Brackets,
    /// An AI that may not stand at this place of a Digital Link.
    #[error("it must not stand at this place of a Digital Link")]
    LinkPlace,
    /// A `%` in a Digital Link without two hexadecimal digits, or bytes that are no text.
    #[error("% without two hexadecimal digits")]
    LinkPercent,
    /// A measure or price of nothing, or one that no line can hold.
    #[error("an amount of nothing, or too large a one")]
    Range,
    /// A price in another currency than the till's.
    #[error("a price in another currency")]
    Currency,
    /// Goods of variable measure without a measure.
    #[error("its measure is missing")]
    MeasureMissing,
}

impl<'a> Elements<'a> {
    /// Reads an element string with [`SEPARATOR`]s.
    ///
    /// A separator in front, at the end, or after a field of fixed length
    /// does no harm (GS1 General Specifications, 7.8.6).
    pub fn parse(text: &'a str) -> Result<Self, ElementError> {
        let mut list = Vec::with_capacity(4);
        let mut at = usize::from(text.starts_with(SEPARATOR));
        while at < text.len() {
            let (ai, row) = ai::find(&text[at..]).ok_or_else(|| unknown(text, at))?;
            let start = at + ai.as_str().len();
            let rest = &text[start..];
            let until = rest.find(SEPARATOR).unwrap_or(rest.len());
            let length = if row.fixed { until.min(row.length_max()) } else { until };
            let Some(value) = rest.get(..length) else {
                // A character of several bytes stands across the end.
                return Err(error(ai, start, ElementFault::Content(LintError::NotInSet82)));
            };
            row.check(ai, value, start)?;
            push(&mut list, ai, row, Cow::Borrowed(value), at)?;
            at = start + length;
            at += usize::from(text[at..].starts_with(SEPARATOR));
        }
        Self::together(list)
    }

    /// Reads what a person typed from the line below the bars:
    /// `(01)06901234567892(10)A1`. A bracket within data is written `\(`.
    pub fn parse_bracketed(text: &'a str) -> Result<Self, ElementError> {
        let brackets = |at| ElementError { ai: None, position: at, fault: ElementFault::Brackets };
        let mut list = Vec::with_capacity(4);
        let mut at = 0;
        while at < text.len() {
            let inner = text[at..].strip_prefix('(').ok_or_else(|| brackets(at))?;
            let (code, rest) = inner.split_once(')').ok_or_else(|| brackets(at))?;
            let (ai, row) = ai::find_whole(code).ok_or_else(|| unknown(text, at + 1))?;
            let start = at + code.len() + 2;
            let end = bracket_in(rest).unwrap_or(rest.len());
            let value = unescape(&rest[..end]);
            row.check(ai, &value, start)?;
            push(&mut list, ai, row, value, at)?;
            at = start + end;
        }
        Self::together(list)
    }

    /// Takes elements that another form held, and checks what may stand together.
    pub(super) fn together(list: Vec<Element<'a>>) -> Result<Self, ElementError> {
        let elements = Self { list };
        if elements.list.is_empty() {
            return Err(ElementError { ai: None, position: 0, fault: ElementFault::Empty });
        }
        for element in &elements.list {
            let refuse = |fault| error(element.ai, element.position, fault);
            let Some((_, row)) = ai::find_whole(element.ai.as_str()) else { continue };
            if elements.list.iter().any(|other| other.ai == element.ai && other.value != element.value) {
                return Err(refuse(ElementFault::Contradiction));
            }
            let excluded = |other: &&Element<'_>| {
                other.ai != element.ai && row.excludes.split(' ').any(|pattern| other.ai.matches(pattern))
            };
            if let Some(other) = elements.list.iter().find(excluded) {
                return Err(refuse(ElementFault::Excluded(other.ai)));
            }
            let there = |pattern: &str| elements.list.iter().any(|other| other.ai.matches(pattern));
            let met =
                row.requires.is_empty() || row.requires.split(' ').any(|group| group.split('+').all(there));
            if !met {
                return Err(refuse(ElementFault::Alone(row.requires)));
            }
        }
        Ok(elements)
    }

    /// The elements, in the order of the code.
    pub fn list(&self) -> &[Element<'a>] {
        &self.list
    }

    /// The element with this AI.
    pub fn get(&self, ai: &str) -> Option<&Element<'a>> {
        self.find(ai)
    }

    /// The first element whose AI a pattern such as `310n` means.
    pub(super) fn find(&self, pattern: &str) -> Option<&Element<'a>> {
        self.list.iter().find(|element| element.ai.matches(pattern))
    }
}

pub(super) fn error(ai: Ai, position: usize, fault: ElementFault) -> ElementError {
    ElementError { ai: Some(ai), position, fault }
}

pub(super) fn push<'a>(
    list: &mut Vec<Element<'a>>,
    ai: Ai,
    row: &'static Row,
    value: Cow<'a, str>,
    position: usize,
) -> Result<(), ElementError> {
    if list.len() == ELEMENTS_MAX {
        return Err(error(ai, position, ElementFault::TooMany));
    }
    list.push(Element { ai, title: row.title, value, position });
    Ok(())
}

/// The most characters of an AI.
const AI_LENGTH_MAX: usize = 4;

fn unknown(text: &str, at: usize) -> ElementError {
    let found = text[at..].chars().take(AI_LENGTH_MAX).collect();
    ElementError { ai: None, position: at, fault: ElementFault::UnknownAi(found) }
}

/// Where the next bracket opens that is not data.
fn bracket_in(text: &str) -> Option<usize> {
    let escaped = |at: usize| at > 0 && text.as_bytes()[at - 1] == b'\\';
    text.match_indices('(').map(|(at, _)| at).find(|at| !escaped(*at))
}

fn unescape(text: &str) -> Cow<'_, str> {
    if text.contains("\\(") { Cow::Owned(text.replace("\\(", "(")) } else { Cow::Borrowed(text) }
}

impl Row {
    fn length_max(&self) -> usize {
        self.components.iter().map(|component| usize::from(component.length_max)).sum()
    }

    /// Checks the data of an AI component by component; `start` is where the data begins.
    pub(super) fn check(&self, ai: Ai, value: &str, start: usize) -> Result<(), ElementError> {
        let mut at = 0;
        for component in self.components {
            if component.optional && at == value.len() {
                break;
            }
            at += component.check(ai, &value[at..], start + at)?;
        }
        if at < value.len() {
            let (most, found) = (self.length_max(), value.len());
            return Err(error(ai, start + at, ElementFault::TooLong { most, found }));
        }
        Ok(())
    }
}

impl Component {
    /// Checks the component that a text begins with, and says how long it is.
    fn check(&self, ai: Ai, rest: &str, start: usize) -> Result<usize, ElementError> {
        let refuse = |fault, at| Err(error(ai, start + at, fault));
        let length = rest.len().min(usize::from(self.length_max));
        // One that is cut within a character has a character that GS1 data does not have.
        let Some(data) = rest.get(..length) else {
            return refuse(ElementFault::Content(LintError::NotInSet82), 0);
        };
        if let Err(failure) = self.characters.lint().check(data) {
            return refuse(ElementFault::Content(failure.error), failure.start);
        }
        let least = usize::from(self.length_min);
        if length == 0 {
            return refuse(ElementFault::Empty, 0);
        }
        if length < least {
            return refuse(ElementFault::TooShort { least, found: length }, 0);
        }
        for lint in self.lints {
            if let Err(failure) = lint.check(data) {
                return refuse(ElementFault::Content(failure.error), failure.start);
            }
        }
        Ok(length)
    }
}

/// The day that YYMMDD means on a day: the century is the one that brings the
/// year nearest, and DD 00 is the month's last day (GS1 General
/// Specifications, 7.12). `None` where there is no such day.
pub fn day(yymmdd: &str, today: NaiveDate) -> Option<NaiveDate> {
    let two = |at: usize| yymmdd.get(at..at + 2).and_then(|two| two.parse::<u32>().ok());
    let (year, month, day) = (i32::try_from(two(0)?).ok()?, two(2)?, two(4)?);
    let (century, year_now) = (today.year().div_euclid(100), today.year().rem_euclid(100));
    let century = match year - year_now {
        51..=99 => century - 1,
        -99..=-50 => century + 1,
        _ => century,
    };
    let year = century * 100 + year;
    if day > 0 {
        return NaiveDate::from_ymd_opt(year, month, day);
    }
    let first = NaiveDate::from_ymd_opt(year, month, 1)?;
    first.checked_add_months(chrono::Months::new(1))?.pred_opt()
}

/// The time that HHMM means.
pub(super) fn time(hhmm: &str) -> Option<NaiveTime> {
    let two = |at: usize| hhmm.get(at..at + 2).and_then(|two| two.parse().ok());
    NaiveTime::from_hms_opt(two(0)?, two(2)?, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let read =
            if text.starts_with('(') { Elements::parse_bracketed(text) } else { Elements::parse(text) };
        let told = match read {
            Err(error) => error.to_string(),
            Ok(elements) => elements
                .list()
                .iter()
                .map(|element| format!("{:?} {} {}", element.ai, element.value, element.title))
                .collect::<Vec<_>>()
                .join("\n"),
        };
        expected.assert_eq(&told);
    }

    #[test]
    fn a_separator_ends_what_has_no_length_of_its_own() {
        let all = || {
            expect![[r#"
                (01) 09520000000011 GTIN
                (10) A1 BATCH/LOT
                (17) 270331 USE BY or EXPIRY
                (21) 7 SERIAL"#]]
        };
        check("010952000000001110A1\u{1d}17270331217", all());
        check("(01)09520000000011(10)A1(17)270331(21)7", all());
        check("\u{1d}0109520000000011\u{1d}10A1\u{1d}17270331\u{1d}217\u{1d}", all());
    }

    #[test]
    fn a_bracket_may_be_data() {
        check(
            "(01)09520000000011(10)A\\(1)",
            expect![[r#"
            (01) 09520000000011 GTIN
            (10) A(1) BATCH/LOT"#]],
        );
        check("(01)09520000000011(10", expect!["read GS1 data, character 19: brackets that do not fit"]);
    }

    #[test]
    fn what_breaks_a_rule_is_named_with_its_place() {
        check(
            "010952000000001117991332",
            expect!["read GS1 data, AI (17), character 21: it has no such month"],
        );
        check(
            "0109520000000012",
            expect!["read GS1 data, AI (01), character 16: it has a wrong check digit"],
        );
        check(
            "01095200000000",
            expect!["read GS1 data, AI (01), character 3: at least 14 characters are needed, found 12"],
        );
        check(
            "01O9520000000011",
            expect!["read GS1 data, AI (01), character 3: it has a character that is no digit"],
        );
        check(
            "0109520000000011101234567890123456789012345",
            expect![
                "read GS1 data, AI (10), character 39: at most 20 characters are allowed, found 25; a separator may be missing"
            ],
        );
        check(
            "0109520000000011880",
            expect![[r#"read GS1 data, character 17: "880" is no application identifier"#]],
        );
        check("", expect!["read GS1 data, character 1: nothing is there"]);
        check(
            "\u{1d}\u{1d}",
            expect![[r#"read GS1 data, character 2: "\u{1d}" is no application identifier"#]],
        );
        check(
            "01095200000000é1",
            expect!["read GS1 data, AI (01), character 15: it has a character that is no digit"],
        );
        check(
            "01é9520000000111",
            expect!["read GS1 data, AI (01), character 3: it has a character that is no digit"],
        );
    }

    #[test]
    fn what_may_not_stand_together_is_refused() {
        check(
            "17270331",
            expect![
                "read GS1 data, AI (17), character 1: one of these must stand beside it: 01 02 03 255 8006 8026"
            ],
        );
        check(
            "0109520000000011375",
            expect!["read GS1 data, AI (01), character 1: (37) must not stand beside it"],
        );
        check(
            "01095200000000113103001234310200123",
            expect!["read GS1 data, AI (3102), character 31: at least 6 characters are needed, found 5"],
        );
        check(
            "010952000000001131030012343102001234",
            expect!["read GS1 data, AI (3103), character 17: (3102) must not stand beside it"],
        );
        check(
            "010952000000001110A\u{1d}10B",
            expect!["read GS1 data, AI (10), character 17: it stands there twice and says different things"],
        );
        check(
            "010952000000001110A\u{1d}10A",
            expect![[r#"
            (01) 09520000000011 GTIN
            (10) A BATCH/LOT
            (10) A BATCH/LOT"#]],
        );
        check(
            "0109520000000011392259",
            expect![
                "read GS1 data, AI (3922), character 17: one of these must stand beside it: 01+30 01+31nn 01+32nn 01+35nn 01+36nn"
            ],
        );
    }

    #[test]
    fn two_digits_of_a_year_mean_the_nearest_one() {
        let on = |today: (i32, u32, u32), text: &str| {
            let today = NaiveDate::from_ymd_opt(today.0, today.1, today.2).expect("a day");
            day(text, today).map(|day| day.to_string())
        };
        let now = (2026, 3, 2);
        for (text, expected) in [
            ("260302", Some("2026-03-02")),
            ("760101", Some("2076-01-01")),
            ("770101", Some("1977-01-01")),
            ("990101", Some("1999-01-01")),
            ("270200", Some("2027-02-28")),
            ("280200", Some("2028-02-29")),
            ("271200", Some("2027-12-31")),
            ("271300", None),
            ("270229", None),
            ("2702", None),
            ("aaaaaa", None),
        ] {
            assert_eq!(on(now, text).as_deref(), expected, "{text}");
        }
        assert_eq!(on((2098, 1, 1), "480101").as_deref(), Some("2148-01-01"));
        assert_eq!(on((2098, 1, 1), "490101").as_deref(), Some("2049-01-01"));
        assert_eq!(NaiveDate::MAX.year(), 262_142);
        assert_eq!(day("430100", NaiveDate::MAX), None);
    }
}
