//! Rules for the content of a component of GS1 data, the "linters" of the GS1 Barcode Syntax Dictionary. Each looks at
//! one component and at nothing else.

/// A rule for the content of one component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lint {
    /// Digits only.
    Digits,
    /// The 82 characters of GS1 General Specifications, figure 7.11-1.
    Set82,
    /// The 39 characters of figure 7.11-2.
    Set39,
    /// File-safe base 64 of figure 7.11-3.
    Base64,
    /// The last digit is the check digit of those before it (7.9.1).
    CheckDigit,
    /// The last two characters are the check pair of those before it (7.9.5).
    CheckPair,
    /// A GS1 Company Prefix begins at the first digit.
    CompanyPrefix,
    /// A GS1 Company Prefix begins at the second digit.
    CompanyPrefixSecond,
    /// YYMMDD.
    Date,
    /// YYMMDD, where DD may be 00 (7.12).
    DateOrMonth,
    /// YYYYMMDD.
    FullDate,
    /// YYYYMMDD, where DD may be 00.
    FullDateOrMonth,
    /// HH.
    Hour,
    /// HHMM.
    HourMinute,
    /// MM of an hour.
    Minute,
    /// SS.
    Second,
    /// A country's number (ISO 3166-1).
    CountryNumber,
    /// The same, or 999 for several countries.
    CountryNumberOr999,
    /// A country's two letters (ISO 3166-1).
    CountryLetters,
    /// A currency's number (ISO 4217).
    CurrencyNumber,
    /// An account number with its checksum (ISO 13616).
    Iban,
    /// Ten digits of latitude.
    Latitude,
    /// Ten digits of longitude.
    Longitude,
    /// A kind of medium that carries an identification.
    MediaType,
    /// A kind of package (UNECE Recommendation 21).
    PackageType,
    /// `%` stands before two hexadecimal digits only.
    PercentEncoded,
    /// The n-th piece of so many.
    PieceOfTotal,
    /// `n/m`, the n-th of m.
    PositionInSequence,
    /// A sex (ISO/IEC 5218).
    Sex,
    /// A winding direction: 0, 1 or 9.
    Winding,
    /// 0 or 1.
    YesNo,
    /// Zeros only.
    Zero,
    /// Not zeros only.
    NonZero,
    /// No zero in front.
    NoZeroPrefix,
    /// Something that is no digit.
    HasNonDigit,
    /// Hyphens only.
    Hyphen,
    /// One character that tells importers apart.
    ImporterIndex,
    /// A coupon of North America, AI 8110.
    Coupon,
    /// A positive offer of North America, AI 8112.
    PositiveOffer,
}

/// What is wrong in a component, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LintFailure {
    /// What.
    pub error: LintError,
    /// The first byte that is wrong, from 0.
    pub start: usize,
    /// How many bytes are.
    pub length: usize,
}

/// What is wrong in a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // each says itself what it means
pub enum LintError {
    #[error("a character that is no digit")]
    NotADigit,
    #[error("a character that GS1 data does not have")]
    NotInSet82,
    #[error("a character that is neither digit, capital letter, #, - nor /")]
    NotInSet39,
    #[error("a character that base 64 does not have")]
    NotInBase64,
    #[error("signs = at the end that do not belong there")]
    Base64Padding,
    #[error("too short to hold a check digit")]
    TooShortForCheckDigit,
    #[error("a wrong check digit")]
    CheckDigit,
    #[error("too short to hold a check pair")]
    TooShortForCheckPair,
    #[error("too long for a check pair")]
    TooLongForCheckPair,
    #[error("a wrong check pair")]
    CheckPair,
    #[error("no company prefix")]
    CompanyPrefix,
    #[error("a date that is too short")]
    DateTooShort,
    #[error("a date that is too long")]
    DateTooLong,
    #[error("no such month")]
    Month,
    #[error("no such day")]
    Day,
    #[error("an hour that is too short")]
    HourTooShort,
    #[error("an hour that is too long")]
    HourTooLong,
    #[error("a time that is too short")]
    TimeTooShort,
    #[error("a time that is too long")]
    TimeTooLong,
    #[error("a minute that is too short")]
    MinuteTooShort,
    #[error("a minute that is too long")]
    MinuteTooLong,
    #[error("a second that is too short")]
    SecondTooShort,
    #[error("a second that is too long")]
    SecondTooLong,
    #[error("no such hour")]
    Hour,
    #[error("no such minute")]
    Minute,
    #[error("no such second")]
    Second,
    #[error("no such country")]
    CountryNumber,
    #[error("no such country, nor 999")]
    CountryNumberOr999,
    #[error("no such country")]
    CountryLetters,
    #[error("no such currency")]
    CurrencyNumber,
    #[error("an account number that is too short")]
    IbanTooShort,
    #[error("an account number that is too long")]
    IbanTooLong,
    #[error("a character that account numbers do not have")]
    IbanCharacter,
    #[error("an account number of no country")]
    IbanCountry,
    #[error("a wrong checksum in an account number")]
    IbanChecksum,
    #[error("a latitude that has not ten digits")]
    LatitudeLength,
    #[error("no such latitude")]
    Latitude,
    #[error("a longitude that has not ten digits")]
    LongitudeLength,
    #[error("no such longitude")]
    Longitude,
    #[error("no such medium")]
    MediaType,
    #[error("no such kind of package")]
    PackageType,
    #[error("% without two hexadecimal digits")]
    PercentSequence,
    #[error("piece and total of different lengths")]
    PieceOfTotalLength,
    #[error("piece number zero")]
    PieceZero,
    #[error("zero pieces in all")]
    TotalZero,
    #[error("a piece beyond the last one")]
    PieceBeyondTotal,
    #[error("not of the form 1/2")]
    PositionForm,
    #[error("a position beyond the end")]
    PositionBeyondEnd,
    #[error("a zero in front")]
    ZeroPrefix,
    #[error("no such sex")]
    Sex,
    #[error("no such winding direction")]
    Winding,
    #[error("neither 0 nor 1")]
    YesNo,
    #[error("not zero")]
    NotZero,
    #[error("zero")]
    IsZero,
    #[error("nothing but digits")]
    OnlyDigits,
    #[error("no hyphen")]
    NotAHyphen,
    #[error("more or less than one character")]
    ImporterLength,
    #[error("a character that tells no importer")]
    ImporterCharacter,
    #[error("a coupon with {fault} {field}")]
    Coupon { field: CouponField, fault: CouponFault },
    #[error("a coupon that ends before it begins")]
    CouponEndsBeforeStart,
    #[error("a coupon with something behind it")]
    CouponExcess,
}

/// How a field of a coupon is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum CouponFault {
    #[error("no length of")]
    LengthMissing,
    #[error("a wrong length of")]
    Length,
    #[error("a cut-off")]
    Truncated,
    #[error("no")]
    Missing,
    #[error("a wrong")]
    Invalid,
}

/// A field of a coupon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
pub enum CouponField {
    #[error("format")]
    Format,
    #[error("funder")]
    Funder,
    #[error("company prefix")]
    CompanyPrefix,
    #[error("offer code")]
    OfferCode,
    #[error("save value")]
    SaveValue,
    #[error("requirement of purchase {0}")]
    Requirement(u8),
    #[error("requirement code of purchase {0}")]
    RequirementCode(u8),
    #[error("family code of purchase {0}")]
    FamilyCode(u8),
    #[error("company prefix of purchase {0}")]
    PurchasePrefix(u8),
    #[error("rule for additional purchases")]
    AdditionalRules,
    #[error("expiry date")]
    ExpiryDate,
    #[error("start date")]
    StartDate,
    #[error("serial number")]
    SerialNumber,
    #[error("retailer")]
    Retailer,
    #[error("save value code")]
    SaveValueCode,
    #[error("item that the save value applies to")]
    AppliesTo,
    #[error("store coupon flag")]
    StoreCoupon,
    #[error("do-not-multiply flag")]
    DoNotMultiply,
}

type Checked = Result<(), LintFailure>;

const fn fail(error: LintError, start: usize, length: usize) -> Checked {
    Err(LintFailure { error, start, length })
}

/// All of a text is wrong.
const fn fail_whole(error: LintError, text: &str) -> Checked {
    fail(error, 0, text.len())
}

impl Lint {
    /// Every rule.
    pub const ALL: [Self; 39] = [
        Self::Digits,
        Self::Set82,
        Self::Set39,
        Self::Base64,
        Self::CheckDigit,
        Self::CheckPair,
        Self::CompanyPrefix,
        Self::CompanyPrefixSecond,
        Self::Date,
        Self::DateOrMonth,
        Self::FullDate,
        Self::FullDateOrMonth,
        Self::Hour,
        Self::HourMinute,
        Self::Minute,
        Self::Second,
        Self::CountryNumber,
        Self::CountryNumberOr999,
        Self::CountryLetters,
        Self::CurrencyNumber,
        Self::Iban,
        Self::Latitude,
        Self::Longitude,
        Self::MediaType,
        Self::PackageType,
        Self::PercentEncoded,
        Self::PieceOfTotal,
        Self::PositionInSequence,
        Self::Sex,
        Self::Winding,
        Self::YesNo,
        Self::Zero,
        Self::NonZero,
        Self::NoZeroPrefix,
        Self::HasNonDigit,
        Self::Hyphen,
        Self::ImporterIndex,
        Self::Coupon,
        Self::PositiveOffer,
    ];

    /// Looks at one component. Total: any text may come.
    pub fn check(self, text: &str) -> Checked {
        match self {
            Self::Digits => each(text, LintError::NotADigit, |c| c.is_ascii_digit()),
            Self::Set82 => each(text, LintError::NotInSet82, is_in_set_82),
            Self::Set39 => each(text, LintError::NotInSet39, |c| {
                c.is_ascii_digit() || c.is_ascii_uppercase() || "#-/".contains(c)
            }),
            Self::Base64 => base_64(text),
            Self::CheckDigit => check_digit(text),
            Self::CheckPair => check_pair(text),
            Self::CompanyPrefix => company_prefix(text, 0),
            Self::CompanyPrefixSecond => company_prefix(text, 1),
            Self::Date => date(text, 2, false),
            Self::DateOrMonth => date(text, 2, true),
            Self::FullDate => date(text, 4, false),
            Self::FullDateOrMonth => date(text, 4, true),
            Self::Hour => clock(text, [LintError::HourTooShort, LintError::HourTooLong], &[HOURS]),
            Self::HourMinute => {
                clock(text, [LintError::TimeTooShort, LintError::TimeTooLong], &[HOURS, MINUTES])
            }
            Self::Minute => clock(text, [LintError::MinuteTooShort, LintError::MinuteTooLong], &[MINUTES]),
            Self::Second => clock(text, [LintError::SecondTooShort, LintError::SecondTooLong], &[SECONDS]),
            Self::CountryNumber => word_of(text, COUNTRY_NUMBERS, 3, LintError::CountryNumber),
            Self::CountryNumberOr999 if text == "999" => Ok(()),
            Self::CountryNumberOr999 => word_of(text, COUNTRY_NUMBERS, 3, LintError::CountryNumberOr999),
            Self::CountryLetters => word_of(text, COUNTRY_LETTERS, 2, LintError::CountryLetters),
            Self::CurrencyNumber => word_of(text, CURRENCY_NUMBERS, 3, LintError::CurrencyNumber),
            Self::Iban => iban(text),
            // Degrees times ten to the seventh, counted from the south pole and from the date line.
            Self::Latitude => degrees(text, 1_800_000_000, LintError::LatitudeLength, LintError::Latitude),
            Self::Longitude => degrees(text, 3_600_000_000, LintError::LongitudeLength, LintError::Longitude),
            Self::MediaType => {
                let known =
                    matches!(text.as_bytes(), [b'0', b'1'..=b'9'] | b"10" | [b'8' | b'9', b'0'..=b'9']);
                whole(text, known, LintError::MediaType)
            }
            Self::PackageType => {
                let known = PACKAGE_TYPES.split(' ').any(|known| known == text) && !text.is_empty();
                whole(text, known, LintError::PackageType)
            }
            Self::PercentEncoded => percent_encoded(text),
            Self::PieceOfTotal => piece_of_total(text),
            Self::PositionInSequence => position_in_sequence(text),
            Self::Sex => whole(text, matches!(text, "0" | "1" | "2" | "9"), LintError::Sex),
            Self::Winding => whole(text, matches!(text, "0" | "1" | "9"), LintError::Winding),
            Self::YesNo => whole(text, matches!(text, "0" | "1"), LintError::YesNo),
            Self::Zero => whole(text, is_all(text, '0'), LintError::NotZero),
            Self::NonZero => {
                digits(text)?;
                whole(text, text.chars().any(|c| c != '0'), LintError::IsZero)
            }
            Self::NoZeroPrefix => {
                digits(text)?;
                if text.starts_with('0') { fail(LintError::ZeroPrefix, 0, 1) } else { Ok(()) }
            }
            Self::HasNonDigit => {
                whole(text, text.chars().any(|c| !c.is_ascii_digit()), LintError::OnlyDigits)
            }
            Self::Hyphen => whole(text, is_all(text, '-'), LintError::NotAHyphen),
            Self::ImporterIndex => {
                let mut characters = text.chars();
                match (characters.next(), characters.next()) {
                    (Some(c), None) => {
                        let known = c.is_ascii_alphanumeric() || c == '-' || c == '_';
                        whole(text, known, LintError::ImporterCharacter)
                    }
                    _ => fail_whole(LintError::ImporterLength, text),
                }
            }
            Self::Coupon => coupon(text),
            Self::PositiveOffer => positive_offer(text),
        }
    }
}

fn whole(text: &str, holds: bool, error: LintError) -> Checked {
    if holds { Ok(()) } else { fail_whole(error, text) }
}

fn each(text: &str, error: LintError, holds: impl Fn(char) -> bool) -> Checked {
    match text.char_indices().find(|(_, c)| !holds(*c)) {
        None => Ok(()),
        Some((at, c)) => fail(error, at, c.len_utf8()),
    }
}

fn digits(text: &str) -> Checked {
    Lint::Digits.check(text)
}

fn is_all(text: &str, what: char) -> bool {
    !text.is_empty() && text.chars().all(|c| c == what)
}

fn is_in_set_82(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!\"%&'()*+,-./:;<=>?_".contains(c)
}

/// Two digits as a number; what is no digit has been refused before.
fn pair(text: &[u8], at: usize) -> u32 {
    text.get(at..at + 2).map_or(0, |pair| u32::from(pair[0] - b'0') * 10 + u32::from(pair[1] - b'0'))
}

fn base_64(text: &str) -> Checked {
    let data = text.trim_end_matches('=');
    each(data, LintError::NotInBase64, |c| c.is_ascii_alphanumeric() || c == '-' || c == '_')?;
    let padding = text.len() - data.len();
    // The official routine fills up to a multiple of three characters.
    let fits = padding == 0 || padding <= 2 && text.len().is_multiple_of(3);
    if fits { Ok(()) } else { fail(LintError::Base64Padding, data.len(), padding) }
}

fn check_digit(text: &str) -> Checked {
    digits(text)?;
    let Some((last, body)) = text.as_bytes().split_last() else {
        return fail_whole(LintError::TooShortForCheckDigit, text);
    };
    if last - b'0' == super::gtin::check_digit(body) {
        Ok(())
    } else {
        fail(LintError::CheckDigit, text.len() - 1, 1)
    }
}

/// The weights of a check pair from the right: the primes, as many as there
/// are characters before the longest pair (GS1 General Specifications, 7.9.5).
const PRIMES: [u32; 97] = {
    let mut primes = [2; 97];
    let (mut count, mut candidate) = (1, 3);
    while count < primes.len() {
        let mut index = 0;
        while index < count && candidate % primes[index] != 0 {
            index += 1;
        }
        if index == count {
            primes[count] = candidate;
            count += 1;
        }
        candidate += 2;
    }
    primes
};

/// The characters of a check pair.
const SET_32: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// The value of a character is its place in this order of the 82.
const SET_82: &[u8; 82] =
    b"!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";

fn check_pair(text: &str) -> Checked {
    if text.len() < 2 {
        return fail_whole(LintError::TooShortForCheckPair, text);
    }
    let (body, pair) = text.as_bytes().split_at(text.len() - 2);
    if body.len() > PRIMES.len() {
        return fail_whole(LintError::TooLongForCheckPair, text);
    }
    let mut sum = 0;
    for (character, weight) in body.iter().rev().zip(PRIMES) {
        // The leftmost is told where several are wrong.
        let Some(value) = SET_82.iter().position(|known| known == character) else { break };
        sum += u32::try_from(value).unwrap_or(0) * weight;
    }
    let in_body = |c: &(usize, char)| c.0 < body.len() && !is_in_set_82(c.1);
    if let Some((at, c)) = text.char_indices().find(in_body) {
        return fail(LintError::NotInSet82, at, c.len_utf8());
    }
    // 1,021 is the largest prime that two of 32 characters can tell.
    let sum = (sum % 1_021) as usize;
    if pair == [SET_32[sum >> 5], SET_32[sum & 31]] {
        Ok(())
    } else {
        fail(LintError::CheckPair, body.len(), 2)
    }
}

/// The shortest GS1 Company Prefix, in digits.
const COMPANY_PREFIX_LENGTH_MIN: usize = 4;

/// Which prefixes GS1 has given out is a table that changes daily, so only the
/// form is looked at.
fn company_prefix(text: &str, skipped: usize) -> Checked {
    let start = text.char_indices().nth(skipped).map_or(text.len(), |(at, _)| at);
    let prefix = &text.as_bytes()[start..];
    let length = prefix.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if length >= COMPANY_PREFIX_LENGTH_MIN {
        Ok(())
    } else {
        fail(LintError::CompanyPrefix, start, prefix.len())
    }
}

fn date(text: &str, year_length: usize, may_be_month: bool) -> Checked {
    if text.len() < year_length + 4 {
        return fail_whole(LintError::DateTooShort, text);
    }
    if text.len() > year_length + 4 {
        return fail_whole(LintError::DateTooLong, text);
    }
    digits(text)?;
    let bytes = text.as_bytes();
    // Of a year with two digits, the century does not matter: 2000 is the one that both windows reach.
    let century = if year_length == 4 { pair(bytes, 0) } else { 20 };
    let year = century * 100 + pair(bytes, year_length - 2);
    let (month, day) = (pair(bytes, year_length), pair(bytes, year_length + 2));
    let Some(last) = days_in(year, month) else { return fail(LintError::Month, year_length, 2) };
    if day > last || day == 0 && !may_be_month {
        return fail(LintError::Day, year_length + 2, 2);
    }
    Ok(())
}

/// The last day of a month; `None` where there is no such month.
fn days_in(year: u32, month: u32) -> Option<u32> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap { 29 } else { 28 }),
        _ => None,
    }
}

const HOURS: (u32, LintError) = (24, LintError::Hour);
const MINUTES: (u32, LintError) = (60, LintError::Minute);
const SECONDS: (u32, LintError) = (60, LintError::Second);

fn clock(text: &str, [short, long]: [LintError; 2], hands: &[(u32, LintError)]) -> Checked {
    if text.len() != hands.len() * 2 {
        return fail_whole(if text.len() < hands.len() * 2 { short } else { long }, text);
    }
    digits(text)?;
    for (index, (end, error)) in hands.iter().enumerate() {
        if pair(text.as_bytes(), index * 2) >= *end {
            return fail(*error, index * 2, 2);
        }
    }
    Ok(())
}

/// Whether a text is one of the words, all of which are equally long.
fn word_of(text: &str, words: &str, length: usize, error: LintError) -> Checked {
    let known = text.len() == length && !text.contains(' ') && {
        let (mut from, mut to) = (0, (words.len() + 1) / (length + 1));
        // The words are in order.
        loop {
            if from == to {
                break false;
            }
            let middle = usize::midpoint(from, to);
            match words.as_bytes()[middle * (length + 1)..][..length].cmp(text.as_bytes()) {
                std::cmp::Ordering::Equal => break true,
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => to = middle,
            }
        }
    };
    whole(text, known, error)
}

fn iban(text: &str) -> Checked {
    if text.len() < 5 {
        return fail_whole(LintError::IbanTooShort, text);
    }
    if text.len() > 34 {
        return fail_whole(LintError::IbanTooLong, text);
    }
    each(text, LintError::IbanCharacter, |c| c.is_ascii_digit() || c.is_ascii_uppercase())?;
    if Lint::CountryLetters.check(&text[..2]).is_err() {
        return fail(LintError::IbanCountry, 0, 2);
    }
    let bytes = text.as_bytes();
    let rest = bytes[4..].iter().chain(&bytes[..4]).fold(0u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    if rest == 1 { Ok(()) } else { fail(LintError::IbanChecksum, 2, 2) }
}

fn degrees(text: &str, most: u64, length: LintError, error: LintError) -> Checked {
    if text.len() != 10 {
        return fail_whole(length, text);
    }
    digits(text)?;
    whole(text, text.parse().is_ok_and(|degrees: u64| degrees <= most), error)
}

fn percent_encoded(text: &str) -> Checked {
    for (at, _) in text.match_indices('%') {
        let sequence = &text.as_bytes()[at + 1..];
        let is_hex = |index: usize| sequence.get(index).is_some_and(u8::is_ascii_hexdigit);
        if !is_hex(0) || !is_hex(1) {
            let length: usize = text[at..].chars().take(3).map(char::len_utf8).sum();
            return fail(LintError::PercentSequence, at, length);
        }
    }
    Ok(())
}

fn piece_of_total(text: &str) -> Checked {
    if text.is_empty() || !text.len().is_multiple_of(2) {
        return fail_whole(LintError::PieceOfTotalLength, text);
    }
    digits(text)?;
    let half = text.len() / 2;
    let (piece, total) = text.split_at(half);
    if is_all(piece, '0') {
        return fail(LintError::PieceZero, 0, half);
    }
    if is_all(total, '0') {
        return fail(LintError::TotalZero, half, half);
    }
    // Equally many digits compare as numbers do.
    whole(text, piece <= total, LintError::PieceBeyondTotal)
}

fn position_in_sequence(text: &str) -> Checked {
    let is_number = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    let Some((position, end)) = text.split_once('/').filter(|(a, b)| is_number(a) && is_number(b)) else {
        return fail_whole(LintError::PositionForm, text);
    };
    if position.starts_with('0') {
        return fail(LintError::ZeroPrefix, 0, position.len());
    }
    if end.starts_with('0') {
        return fail(LintError::ZeroPrefix, position.len() + 1, end.len());
    }
    let holds = (position.len(), position) <= (end.len(), end);
    whole(text, holds, LintError::PositionBeyondEnd)
}

/// What is left to read of a coupon.
struct Coupon<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Coupon<'a> {
    fn fault(&self, field: CouponField, fault: CouponFault) -> Checked {
        let error = LintError::Coupon { field, fault };
        // Where nothing is left, all of it is to blame.
        if self.at == self.text.len() {
            fail_whole(error, self.text)
        } else {
            fail(error, self.at, self.text.len() - self.at)
        }
    }

    /// Takes so many digits of a field.
    fn take(
        &mut self,
        length: usize,
        field: CouponField,
        short: CouponFault,
    ) -> Result<&'a str, LintFailure> {
        match self.text.get(self.at..self.at + length) {
            Some(taken) => {
                self.at += length;
                Ok(taken)
            }
            None => Err(self.fault(field, short).err().unwrap_or(LintFailure {
                error: LintError::CouponExcess,
                start: self.at,
                length: 0,
            })),
        }
    }

    /// Takes one digit, which must be one of these.
    fn code(&mut self, allowed: &str, field: CouponField) -> Result<u8, LintFailure> {
        self.digit(allowed, field, CouponFault::Missing, CouponFault::Invalid)
    }

    fn digit(
        &mut self,
        allowed: &str,
        field: CouponField,
        missing: CouponFault,
        wrong: CouponFault,
    ) -> Result<u8, LintFailure> {
        let digit = self.take(1, field, missing)?;
        if !allowed.contains(digit) {
            return Err(LintFailure {
                error: LintError::Coupon { field, fault: wrong },
                start: self.at - 1,
                length: 1,
            });
        }
        Ok(digit.as_bytes()[0] - b'0')
    }

    /// Takes one digit that says how long the field is beyond `least`, and the field.
    fn sized(&mut self, allowed: &str, least: u8, field: CouponField) -> Checked {
        let more = self.digit(allowed, field, CouponFault::LengthMissing, CouponFault::Length)?;
        self.take(usize::from(least + more), field, CouponFault::Truncated)?;
        Ok(())
    }

    /// What has to be bought.
    fn purchase(&mut self, which: u8) -> Checked {
        self.sized("12345", 0, CouponField::Requirement(which))?;
        self.code("012349", CouponField::RequirementCode(which))?;
        self.take(3, CouponField::FamilyCode(which), CouponFault::Truncated)?;
        Ok(())
    }

    /// The company of a further purchase; 9 stands for the coupon's own.
    fn purchase_prefix(&mut self, which: u8) -> Checked {
        if self.text[self.at..].starts_with('9') {
            self.at += 1;
            return Ok(());
        }
        self.sized("0123456", 6, CouponField::PurchasePrefix(which))
    }

    /// Takes a date, and gives where it begins and what it says.
    fn date(&mut self, field: CouponField) -> Result<(usize, u32), LintFailure> {
        let start = self.at;
        let text = self.take(6, field, CouponFault::Truncated)?;
        match Lint::Date.check(text) {
            Ok(()) => Ok((start, text.parse().unwrap_or(0))),
            Err(_) => Err(LintFailure {
                error: LintError::Coupon { field, fault: CouponFault::Invalid },
                start,
                length: 6,
            }),
        }
    }

    /// Whether the optional field with this indicator follows.
    fn follows(&mut self, indicator: char) -> bool {
        let follows = self.text[self.at..].starts_with(indicator);
        self.at += usize::from(follows);
        follows
    }

    fn end(&self) -> Checked {
        if self.at == self.text.len() {
            Ok(())
        } else {
            fail(LintError::CouponExcess, self.at, self.text.len() - self.at)
        }
    }
}

/// North American Coupon Application Guideline, the data of AI 8110.
fn coupon(text: &str) -> Checked {
    digits(text)?;
    let mut rest = Coupon { text, at: 0 };
    rest.sized("0123456", 6, CouponField::CompanyPrefix)?;
    rest.take(6, CouponField::OfferCode, CouponFault::Truncated)?;
    rest.sized("12345", 0, CouponField::SaveValue)?;
    rest.purchase(1)?;
    if rest.follows('1') {
        rest.code("0123", CouponField::AdditionalRules)?;
        rest.purchase(2)?;
        rest.purchase_prefix(2)?;
    }
    if rest.follows('2') {
        rest.purchase(3)?;
        rest.purchase_prefix(3)?;
    }
    let ends = if rest.follows('3') { Some(rest.date(CouponField::ExpiryDate)?) } else { None };
    let starts = if rest.follows('4') { Some(rest.date(CouponField::StartDate)?) } else { None };
    if let (Some((at, ends)), Some((_, starts))) = (ends, starts)
        && ends < starts
    {
        // With the indicator before each.
        return fail(LintError::CouponEndsBeforeStart, at - 1, 14);
    }
    if rest.follows('5') {
        rest.sized("0123456789", 6, CouponField::SerialNumber)?;
    }
    if rest.follows('6') {
        rest.sized("1234567", 6, CouponField::Retailer)?;
    }
    if rest.follows('9') {
        rest.code("01256", CouponField::SaveValueCode)?;
        rest.code("012", CouponField::AppliesTo)?;
        rest.code("0123456789", CouponField::StoreCoupon)?;
        rest.code("01", CouponField::DoNotMultiply)?;
    }
    rest.end()
}

/// The data of AI 8112.
fn positive_offer(text: &str) -> Checked {
    digits(text)?;
    let mut rest = Coupon { text, at: 0 };
    rest.code("01", CouponField::Format)?;
    rest.sized("0123456", 6, CouponField::Funder)?;
    rest.take(6, CouponField::OfferCode, CouponFault::Truncated)?;
    rest.sized("0123456789", 6, CouponField::SerialNumber)?;
    rest.end()
}

/// ISO 3166-1 numeric, in order.
const COUNTRY_NUMBERS: &str = "\
     004 008 010 012 016 020 024 028 031 032 036 040 044 048 050 051 052 056 060 064 068 070 072 074 076 \
     084 086 090 092 096 100 104 108 112 116 120 124 132 136 140 144 148 152 156 158 162 166 170 174 175 \
     178 180 184 188 191 192 196 203 204 208 212 214 218 222 226 231 232 233 234 238 239 242 246 248 250 \
     254 258 260 262 266 268 270 275 276 288 292 296 300 304 308 312 316 320 324 328 332 334 336 340 344 \
     348 352 356 360 364 368 372 376 380 384 388 392 398 400 404 408 410 414 417 418 422 426 428 430 434 \
     438 440 442 446 450 454 458 462 466 470 474 478 480 484 492 496 498 499 500 504 508 512 516 520 524 \
     528 531 533 534 535 540 548 554 558 562 566 570 574 578 580 581 583 584 585 586 591 598 600 604 608 \
     612 616 620 624 626 630 634 638 642 643 646 652 654 659 660 662 663 666 670 674 678 682 686 688 690 \
     694 702 703 704 705 706 710 716 724 728 729 732 740 744 748 752 756 760 762 764 768 772 776 780 784 \
     788 792 795 796 798 800 804 807 818 826 831 832 833 834 840 850 854 858 860 862 876 882 887 894";

/// ISO 3166-1 alpha-2, in order.
const COUNTRY_LETTERS: &str = "\
     AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT \
     BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH \
     ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT \
     HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS \
     LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI \
     NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG \
     SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG \
     UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// ISO 4217 numeric, in order.
const CURRENCY_NUMBERS: &str = "\
     008 012 032 036 044 048 050 051 052 060 064 068 072 084 090 096 104 108 116 124 132 136 144 152 156 \
     170 174 188 192 203 208 214 222 230 232 238 242 262 270 292 320 324 328 332 340 344 348 352 356 360 \
     364 368 376 388 392 396 398 400 404 408 410 414 417 418 422 426 430 434 446 454 458 462 480 484 496 \
     498 504 512 516 524 532 533 548 554 558 566 578 586 590 598 600 604 608 634 643 646 654 682 690 702 \
     704 706 710 728 748 752 756 760 764 776 780 784 788 800 807 818 826 834 840 858 860 882 886 901 924 \
     925 926 927 928 929 930 933 934 936 938 940 941 943 944 946 947 948 949 950 951 952 953 955 956 957 \
     958 959 960 961 962 963 964 965 967 968 969 970 971 972 973 975 976 977 978 979 980 981 984 985 986 \
     990 994 997 999";

/// UNECE Recommendation 21, revision 12, annex VI.
const PACKAGE_TYPES: &str = "\
     1A 1B 1D 1F 1G 1W 200 201 202 203 204 205 206 210 211 212 2C 3A 3H 43 44 4A 4B 4C 4D 4F 4G 4H 5H 5L \
     5M 6H 6P 7A 7B 8 8A 8B 8C 9 AA AB AC AD AF AG AH AI AJ AL AM AP APE AT AV B4 BB BC BD BE BF BG BGE \
     BH BI BJ BK BL BM BME BN BO BP BQ BR BRI BS BT BU BV BW BX BY BZ CA CB CBL CC CCE CD CE CF CG CH CI \
     CJ CK CL CM CN CO CP CQ CR CS CT CU CV CW CX CY CZ DA DB DC DG DH DI DJ DK DL DM DN DP DPE DR DS DT \
     DU DV DW DX DY E1 E2 E3 EC ED EE EF EG EH EI EN FB FC FD FE FI FL FO FOB FP FPE FR FT FW FX GB GI GL \
     GR GU GY GZ HA HB HC HG HN HR IA IB IC ID IE IF IG IH IK IL IN IZ JB JC JG JR JT JY KG KI LAB LE LG \
     LT LU LV LZ MA MB MC ME MPE MR MS MT MW MX NA NE NF NG NS NT NU NV OA OB OC OD OE OF OK OPE OT OU P2 \
     PA PAE PB PC PD PE PF PG PH PI PJ PK PL PLP PN PO POP PP PPE PR PT PU PUE PV PX PY PZ QA QB QC QD QF \
     QG QH QJ QK QL QM QN QP QQ QR QS RB1 RB2 RB3 RCB RD RG RJ RK RL RO RT RZ S1 SA SB SC SD SE SEC SH SI \
     SK SL SM SO SP SS ST STL SU SV SW SX SY SZ T1 TB TC TD TE TEV TG THE TI TK TL TN TO TR TRE TS TT TTE \
     TU TV TW TWE TY TZ UC UN UUE VA VG VI VK VL VN VO VP VQ VR VS VY WA WB WC WD WF WG WH WJ WK WL WM WN \
     WP WQ WR WRP WS WT WU WV WW WX WY WZ X11 X12 X15 X16 X17 X18 X19 X20 X3 XA XB XC XD XF XG XH XJ XK \
     YA YB YC YD YF YG YH YJ YK YL YM YN YP YQ YR YS YT YV YW YX YY YZ ZA ZB ZC ZD ZF ZG ZH ZJ ZK ZL ZM \
     ZN ZP ZQ ZR ZS ZT ZU ZV ZW ZX ZY ZZ";
