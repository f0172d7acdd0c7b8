//! The table of GS1 Application Identifiers: what may follow each, and what must stand beside it.
//!
//! The facts are those of the GS1 General Specifications, section 3, as the
//! GS1 Barcode Syntax Dictionary of 2025 arranges them. A row that GS1 adds is
//! added here, nowhere else.

use std::fmt;

use super::lint::Lint;
use Lint::{
    CheckDigit, CheckPair, CompanyPrefix, CompanyPrefixSecond, CountryLetters, CountryNumber,
    CountryNumberOr999, Coupon, CurrencyNumber, Date, DateOrMonth, FullDate, HasNonDigit, Hour, HourMinute,
    Hyphen, Iban, ImporterIndex, Latitude, Longitude, MediaType, Minute, NoZeroPrefix, NonZero, PackageType,
    PercentEncoded, PieceOfTotal, PositionInSequence, PositiveOffer, Second, Sex, Winding, YesNo, Zero,
};

/// An Application Identifier of the table: two to four digits that say what follows.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ai {
    text: [u8; 4],
    length: u8,
}

impl Ai {
    /// Its digits, such as `01` or `3103`.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text[..usize::from(self.length)]).unwrap_or_default()
    }

    /// The fourth digit of four: where the decimal point stands in a measure
    /// or a price, counted from the right.
    pub(super) fn decimals(self) -> u8 {
        self.text[3].saturating_sub(b'0')
    }

    /// Whether it is the one that a pattern such as `01` or `31nn` means.
    pub(super) fn matches(self, pattern: &str) -> bool {
        let text = &self.text[..usize::from(self.length)];
        pattern.len() == text.len()
            && pattern.bytes().zip(text).all(|(want, have)| want == b'n' || want == *have)
    }
}

impl fmt::Display for Ai {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Ai {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({self})")
    }
}

/// Which characters a component may hold (GS1 General Specifications, 7.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Characters {
    Digits,
    Set82,
    Set39,
    Base64,
}

impl Characters {
    pub(super) const fn lint(self) -> Lint {
        match self {
            Self::Digits => Lint::Digits,
            Self::Set82 => Lint::Set82,
            Self::Set39 => Lint::Set39,
            Self::Base64 => Lint::Base64,
        }
    }
}

/// One component of what follows an AI.
#[derive(Debug)]
pub(super) struct Component {
    pub(super) characters: Characters,
    pub(super) length_min: u8,
    pub(super) length_max: u8,
    pub(super) optional: bool,
    pub(super) lints: &'static [Lint],
}

/// A row of the table: one AI, or a range of AIs that differ in their last digit.
#[derive(Debug)]
pub struct Row {
    first: u16,
    last: u16,
    ai_length: u8,
    /// What GS1 prints beside the data, such as `BATCH/LOT`; empty where GS1 gives none.
    pub title: &'static str,
    pub(super) components: &'static [Component],
    /// Whether no separator is needed after it (GS1 General Specifications, 7.8.5).
    pub(super) fixed: bool,
    /// Whether it may stand in the query of a Digital Link.
    pub(super) attribute: bool,
    /// Alternatives between blanks, what belongs together joined by `+`; one of them must be there too.
    pub(super) requires: &'static str,
    /// None of these may be there too.
    pub(super) excludes: &'static str,
    /// Whether it opens the path of a Digital Link, with the AIs that may follow in this order; alternatives are
    /// separated by `|`.
    pub(super) key: Option<&'static str>,
}

/// Finds the AI that a text begins with, and its row.
pub(super) fn find(text: &str) -> Option<(Ai, &'static Row)> {
    let bytes = text.as_bytes();
    let &[tens, ones, ..] = bytes else { return None };
    if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
        return None;
    }
    let (start, end) = BY_PREFIX[usize::from(tens - b'0') * 10 + usize::from(ones - b'0')];
    let rows = &TABLE[start..end];
    // All AIs with the same first two digits are equally long.
    let length = usize::from(rows.first()?.ai_length);
    let digits = bytes.get(..length)?;
    let mut number = 0u16;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number * 10 + u16::from(digit - b'0');
    }
    let row = rows.iter().find(|row| (row.first..=row.last).contains(&number))?;
    let mut text = [b'0'; 4];
    text[..length].copy_from_slice(digits);
    Some((Ai { text, length: row.ai_length }, row))
}

/// The same where the text is an AI and nothing else.
pub(super) fn find_whole(text: &str) -> Option<(Ai, &'static Row)> {
    find(text).filter(|(ai, _)| usize::from(ai.length) == text.len())
}

/// Where the rows of each pair of first digits begin and end.
const BY_PREFIX: [(usize, usize); 100] = {
    let mut places = [(0, 0); 100];
    let mut index = 0;
    while index < TABLE.len() {
        let row = &TABLE[index];
        let shift = match row.ai_length {
            2 => 1,
            3 => 10,
            _ => 100,
        };
        // 91-99 is the one range that spans several.
        let mut prefix = row.first / shift;
        while prefix <= row.last / shift {
            let place = &mut places[prefix as usize];
            if place.1 == 0 {
                place.0 = index;
            }
            place.1 = index + 1;
            prefix += 1;
        }
        index += 1;
    }
    places
};

const fn number(ai: &str) -> u16 {
    let bytes = ai.as_bytes();
    let (mut value, mut index) = (0u16, 0);
    while index < bytes.len() {
        value = value * 10 + (bytes[index] - b'0') as u16;
        index += 1;
    }
    value
}

#[allow(clippy::cast_possible_truncation)] // an AI has four digits at most
const fn ai(code: &'static str, title: &'static str, components: &'static [Component]) -> Row {
    Row {
        first: number(code),
        last: number(code),
        ai_length: code.len() as u8,
        title,
        components,
        fixed: false,
        attribute: false,
        requires: "",
        excludes: "",
        key: None,
    }
}

impl Row {
    const fn to(mut self, last: &'static str) -> Self {
        self.last = number(last);
        self
    }

    const fn fixed(mut self) -> Self {
        self.fixed = true;
        self
    }

    const fn attribute(mut self) -> Self {
        self.attribute = true;
        self
    }

    const fn requires(mut self, alternatives: &'static str) -> Self {
        self.requires = alternatives;
        self
    }

    const fn excludes(mut self, others: &'static str) -> Self {
        self.excludes = others;
        self
    }

    const fn key(mut self, qualifiers: &'static str) -> Self {
        self.key = Some(qualifiers);
        self
    }
}

const fn component(characters: Characters, length_min: u8, length_max: u8) -> Component {
    Component { characters, length_min, length_max, optional: false, lints: &[] }
}

impl Component {
    const fn with(mut self, lints: &'static [Lint]) -> Self {
        self.lints = lints;
        self
    }

    const fn optional(mut self) -> Self {
        self.optional = true;
        self
    }
}

/// So many digits.
const fn n(length: u8) -> Component {
    component(Characters::Digits, length, length)
}

/// One to so many digits.
const fn n_to(length_max: u8) -> Component {
    component(Characters::Digits, 1, length_max)
}

/// So many of the 82 characters.
const fn x(length: u8) -> Component {
    component(Characters::Set82, length, length)
}

/// One to so many of the 82 characters.
const fn x_to(length_max: u8) -> Component {
    component(Characters::Set82, 1, length_max)
}

/// One to so many of the 39 characters.
const fn y_to(length_max: u8) -> Component {
    component(Characters::Set39, 1, length_max)
}

/// One to so many of the characters of file-safe base 64.
const fn z_to(length_max: u8) -> Component {
    component(Characters::Base64, 1, length_max)
}

/// In the order of the numbers.
#[rustfmt::skip] // one row, one line
const TABLE: &[Row] = &[
    ai("00", "SSCC", &[n(18).with(&[CheckDigit, CompanyPrefixSecond])]).fixed().attribute().key(""),
    ai("01", "GTIN", &[n(14).with(&[CheckDigit, CompanyPrefixSecond])]).fixed().attribute().excludes("255 37").key("22 10 21|235"),
    ai("02", "CONTENT", &[n(14).with(&[CheckDigit, CompanyPrefixSecond])]).fixed().attribute().excludes("01 03").requires("37"),
    ai("03", "MTO GTIN", &[n(14).with(&[CheckDigit, CompanyPrefixSecond])]).fixed().excludes("01 02 37 235"),
    ai("10", "BATCH/LOT", &[x_to(20)]).attribute().requires("01 02 03 8006 8026"),
    ai("11", "PROD DATE", &[n(6).with(&[DateOrMonth])]).fixed().attribute().requires("01 02 03 8006 8026"),
    ai("12", "DUE DATE", &[n(6).with(&[DateOrMonth])]).fixed().attribute().requires("8020"),
    ai("13", "PACK DATE", &[n(6).with(&[DateOrMonth])]).fixed().attribute().requires("01 02 03 8006 8026"),
    ai("15", "BEST BEFORE or BEST BY", &[n(6).with(&[DateOrMonth])]).fixed().attribute().requires("01 02 03 8006 8026"),
    ai("16", "SELL BY", &[n(6).with(&[DateOrMonth])]).fixed().attribute().requires("01 02 03 8006 8026"),
    ai("17", "USE BY or EXPIRY", &[n(6).with(&[DateOrMonth])]).fixed().attribute().requires("01 02 03 255 8006 8026"),
    ai("20", "VARIANT", &[n(2)]).fixed().attribute().requires("01 02 03 8006 8026"),
    ai("21", "SERIAL", &[x_to(20)]).requires("01 03 8006").excludes("235"),
    ai("22", "CPV", &[x_to(20)]).requires("01"),
    ai("235", "TPX", &[x_to(28)]).requires("01"),
    ai("240", "ADDITIONAL ID", &[x_to(30)]).attribute().requires("01 02 03 8006 8026"),
    ai("241", "CUST. PART No.", &[x_to(30)]).attribute().requires("01 02 03 8006 8026"),
    ai("242", "MTO VARIANT", &[n_to(6)]).attribute().requires("01 02 8006 8026"),
    ai("243", "PCN", &[x_to(20)]).attribute().requires("01 03"),
    ai("250", "SECONDARY SERIAL", &[x_to(30)]).attribute().requires("01+21 03+21 8006+21"),
    ai("251", "REF. TO SOURCE", &[x_to(30)]).attribute().requires("01 03 8006"),
    ai("253", "GDTI", &[n(13).with(&[CheckDigit, CompanyPrefix]), x_to(17).optional()]).attribute().key(""),
    ai("254", "GLN EXTENSION COMPONENT", &[x_to(20)]).requires("414"),
    ai("255", "GCN", &[n(13).with(&[CheckDigit, CompanyPrefix]), n_to(12).optional()]).attribute().key("").excludes("01 02 415 8006 8020 8026"),
    ai("30", "VAR. COUNT", &[n_to(8)]).attribute().requires("01 02"),
    ai("3100", "NET WEIGHT (kg)", &[n(6)]).to("3105").fixed().attribute().requires("01 02").excludes("310n"),
    ai("3110", "LENGTH (m)", &[n(6)]).to("3115").fixed().attribute().requires("01 02").excludes("311n"),
    ai("3120", "WIDTH (m)", &[n(6)]).to("3125").fixed().attribute().requires("01 02").excludes("312n"),
    ai("3130", "HEIGHT (m)", &[n(6)]).to("3135").fixed().attribute().requires("01 02").excludes("313n"),
    ai("3140", "AREA (m²)", &[n(6)]).to("3145").fixed().attribute().requires("01 02").excludes("314n"),
    ai("3150", "NET VOLUME (l)", &[n(6)]).to("3155").fixed().attribute().requires("01 02").excludes("315n"),
    ai("3160", "NET VOLUME (m³)", &[n(6)]).to("3165").fixed().attribute().requires("01 02").excludes("316n"),
    ai("3200", "NET WEIGHT (lb)", &[n(6)]).to("3205").fixed().attribute().requires("01 02").excludes("320n"),
    ai("3210", "LENGTH (in)", &[n(6)]).to("3215").fixed().attribute().requires("01 02").excludes("321n"),
    ai("3220", "LENGTH (ft)", &[n(6)]).to("3225").fixed().attribute().requires("01 02").excludes("322n"),
    ai("3230", "LENGTH (yd)", &[n(6)]).to("3235").fixed().attribute().requires("01 02").excludes("323n"),
    ai("3240", "WIDTH (in)", &[n(6)]).to("3245").fixed().attribute().requires("01 02").excludes("324n"),
    ai("3250", "WIDTH (ft)", &[n(6)]).to("3255").fixed().attribute().requires("01 02").excludes("325n"),
    ai("3260", "WIDTH (yd)", &[n(6)]).to("3265").fixed().attribute().requires("01 02").excludes("326n"),
    ai("3270", "HEIGHT (in)", &[n(6)]).to("3275").fixed().attribute().requires("01 02").excludes("327n"),
    ai("3280", "HEIGHT (ft)", &[n(6)]).to("3285").fixed().attribute().requires("01 02").excludes("328n"),
    ai("3290", "HEIGHT (yd)", &[n(6)]).to("3295").fixed().attribute().requires("01 02").excludes("329n"),
    ai("3300", "GROSS WEIGHT (kg)", &[n(6)]).to("3305").fixed().attribute().requires("00 01").excludes("330n"),
    ai("3310", "LENGTH (m), log", &[n(6)]).to("3315").fixed().attribute().requires("00 01").excludes("331n"),
    ai("3320", "WIDTH (m), log", &[n(6)]).to("3325").fixed().attribute().requires("00 01").excludes("332n"),
    ai("3330", "HEIGHT (m), log", &[n(6)]).to("3335").fixed().attribute().requires("00 01").excludes("333n"),
    ai("3340", "AREA (m²), log", &[n(6)]).to("3345").fixed().attribute().requires("00 01").excludes("334n"),
    ai("3350", "VOLUME (l), log", &[n(6)]).to("3355").fixed().attribute().requires("00 01").excludes("335n"),
    ai("3360", "VOLUME (m³), log", &[n(6)]).to("3365").fixed().attribute().requires("00 01").excludes("336n"),
    ai("3370", "KG PER m²", &[n(6)]).to("3375").fixed().attribute().requires("01").excludes("337n"),
    ai("3400", "GROSS WEIGHT (lb)", &[n(6)]).to("3405").fixed().attribute().requires("00 01").excludes("340n"),
    ai("3410", "LENGTH (in), log", &[n(6)]).to("3415").fixed().attribute().requires("00 01").excludes("341n"),
    ai("3420", "LENGTH (ft), log", &[n(6)]).to("3425").fixed().attribute().requires("00 01").excludes("342n"),
    ai("3430", "LENGTH (yd), log", &[n(6)]).to("3435").fixed().attribute().requires("00 01").excludes("343n"),
    ai("3440", "WIDTH (in), log", &[n(6)]).to("3445").fixed().attribute().requires("00 01").excludes("344n"),
    ai("3450", "WIDTH (ft), log", &[n(6)]).to("3455").fixed().attribute().requires("00 01").excludes("345n"),
    ai("3460", "WIDTH (yd), log", &[n(6)]).to("3465").fixed().attribute().requires("00 01").excludes("346n"),
    ai("3470", "HEIGHT (in), log", &[n(6)]).to("3475").fixed().attribute().requires("00 01").excludes("347n"),
    ai("3480", "HEIGHT (ft), log", &[n(6)]).to("3485").fixed().attribute().requires("00 01").excludes("348n"),
    ai("3490", "HEIGHT (yd), log", &[n(6)]).to("3495").fixed().attribute().requires("00 01").excludes("349n"),
    ai("3500", "AREA (in²)", &[n(6)]).to("3505").fixed().attribute().requires("01 02").excludes("350n"),
    ai("3510", "AREA (ft²)", &[n(6)]).to("3515").fixed().attribute().requires("01 02").excludes("351n"),
    ai("3520", "AREA (yd²)", &[n(6)]).to("3525").fixed().attribute().requires("01 02").excludes("352n"),
    ai("3530", "AREA (in²), log", &[n(6)]).to("3535").fixed().attribute().requires("00 01").excludes("353n"),
    ai("3540", "AREA (ft²), log", &[n(6)]).to("3545").fixed().attribute().requires("00 01").excludes("354n"),
    ai("3550", "AREA (yd²), log", &[n(6)]).to("3555").fixed().attribute().requires("00 01").excludes("355n"),
    ai("3560", "NET WEIGHT (tr oz)", &[n(6)]).to("3565").fixed().attribute().requires("01 02").excludes("356n"),
    ai("3570", "NET VOLUME (oz)", &[n(6)]).to("3575").fixed().attribute().requires("01 02").excludes("357n"),
    ai("3600", "NET VOLUME (qt (US))", &[n(6)]).to("3605").fixed().attribute().requires("01 02").excludes("360n"),
    ai("3610", "NET VOLUME (gal.)", &[n(6)]).to("3615").fixed().attribute().requires("01 02").excludes("361n"),
    ai("3620", "VOLUME (qt (US)), log", &[n(6)]).to("3625").fixed().attribute().requires("00 01").excludes("362n"),
    ai("3630", "VOLUME (gal (US)), log", &[n(6)]).to("3635").fixed().attribute().requires("00 01").excludes("363n"),
    ai("3640", "NET VOLUME (in³)", &[n(6)]).to("3645").fixed().attribute().requires("01 02").excludes("364n"),
    ai("3650", "NET VOLUME (ft³)", &[n(6)]).to("3655").fixed().attribute().requires("01 02").excludes("365n"),
    ai("3660", "NET VOLUME (yd³)", &[n(6)]).to("3665").fixed().attribute().requires("01 02").excludes("366n"),
    ai("3670", "VOLUME (in³), log", &[n(6)]).to("3675").fixed().attribute().requires("00 01").excludes("367n"),
    ai("3680", "VOLUME (ft³), log", &[n(6)]).to("3685").fixed().attribute().requires("00 01").excludes("368n"),
    ai("3690", "VOLUME (yd³), log", &[n(6)]).to("3695").fixed().attribute().requires("00 01").excludes("369n"),
    ai("37", "COUNT", &[n_to(8)]).attribute().requires("00+02 00+8026"),
    ai("3900", "AMOUNT", &[n_to(15)]).to("3909").attribute().requires("255 8020").excludes("390n 391n 394n 8111"),
    ai("3910", "AMOUNT", &[n(3).with(&[CurrencyNumber]), n_to(15)]).to("3919").attribute().requires("8020").excludes("391n"),
    ai("3920", "PRICE", &[n_to(15)]).to("3929").attribute().requires("01+30 01+31nn 01+32nn 01+35nn 01+36nn").excludes("392n 393n"),
    ai("3930", "PRICE", &[n(3).with(&[CurrencyNumber]), n_to(15)]).to("3939").attribute().requires("30 31nn 32nn 35nn 36nn").excludes("393n"),
    ai("3940", "PRCNT OFF", &[n(4)]).to("3943").attribute().requires("255").excludes("394n 8111"),
    ai("3950", "PRICE/UoM", &[n(6)]).to("3955").attribute().requires("30 31nn 32nn 35nn 36nn").excludes("392n 393n 395n 8005"),
    ai("400", "ORDER NUMBER", &[x_to(30)]).attribute(),
    ai("401", "GINC", &[x_to(30).with(&[CompanyPrefix])]).attribute().key(""),
    ai("402", "GSIN", &[n(17).with(&[CheckDigit, CompanyPrefix])]).attribute().key(""),
    ai("403", "ROUTE", &[x_to(30)]).attribute().requires("00"),
    ai("410", "SHIP TO LOC", &[n(13).with(&[CheckDigit, CompanyPrefix])]).fixed().attribute(),
    ai("411", "BILL TO", &[n(13).with(&[CheckDigit, CompanyPrefix])]).fixed().attribute(),
    ai("412", "PURCHASE FROM", &[n(13).with(&[CheckDigit, CompanyPrefix])]).fixed().attribute(),
    ai("413", "SHIP FOR LOC", &[n(13).with(&[CheckDigit, CompanyPrefix])]).fixed().attribute(),
    ai("414", "LOC No.", &[n(13).with(&[CheckDigit, CompanyPrefix])]).fixed().attribute().key("254|7040"),
    ai("415", "PAY TO", &[n(13).with(&[CheckDigit, CompanyPrefix])]).fixed().attribute().requires("8020").key("8020"),
    ai("416", "PROD/SERV LOC", &[n(13).with(&[CheckDigit, CompanyPrefix])]).fixed().attribute(),
    ai("417", "PARTY", &[n(13).with(&[CheckDigit, CompanyPrefix])]).fixed().attribute().key("7040"),
    ai("420", "SHIP TO POST", &[x_to(20)]).attribute().excludes("421"),
    ai("421", "SHIP TO POST", &[n(3).with(&[CountryNumber]), x_to(9)]).attribute().excludes("4307"),
    ai("422", "ORIGIN", &[n(3).with(&[CountryNumber])]).attribute().requires("01 02 03 8006 8026").excludes("426"),
    ai("423", "COUNTRY - INITIAL PROCESS", &[n(3).with(&[CountryNumber]), n(3).with(&[CountryNumber]).optional(), n(3).with(&[CountryNumber]).optional(), n(3).with(&[CountryNumber]).optional(), n(3).with(&[CountryNumber]).optional()]).attribute().requires("01 02 03").excludes("426"),
    ai("424", "COUNTRY - PROCESS", &[n(3).with(&[CountryNumber])]).attribute().requires("01 02 03").excludes("426"),
    ai("425", "COUNTRY - DISASSEMBLY", &[n(3).with(&[CountryNumber]), n(3).with(&[CountryNumber]).optional(), n(3).with(&[CountryNumber]).optional(), n(3).with(&[CountryNumber]).optional(), n(3).with(&[CountryNumber]).optional()]).attribute().requires("01 02 03").excludes("426"),
    ai("426", "COUNTRY - FULL PROCESS", &[n(3).with(&[CountryNumber])]).attribute().requires("01 02 03"),
    ai("427", "ORIGIN SUBDIVISION", &[x_to(3)]).attribute().requires("01+422 02+422 03+422"),
    ai("4300", "SHIP TO COMP", &[x_to(35).with(&[PercentEncoded])]).attribute().requires("00"),
    ai("4301", "SHIP TO NAME", &[x_to(35).with(&[PercentEncoded])]).attribute().requires("00"),
    ai("4302", "SHIP TO ADD1", &[x_to(70).with(&[PercentEncoded])]).attribute().requires("00"),
    ai("4303", "SHIP TO ADD2", &[x_to(70).with(&[PercentEncoded])]).attribute().requires("4302"),
    ai("4304", "SHIP TO SUB", &[x_to(70).with(&[PercentEncoded])]).attribute().requires("00"),
    ai("4305", "SHIP TO LOC", &[x_to(70).with(&[PercentEncoded])]).attribute().requires("00"),
    ai("4306", "SHIP TO REG", &[x_to(70).with(&[PercentEncoded])]).attribute().requires("00"),
    ai("4307", "SHIP TO COUNTRY", &[x(2).with(&[CountryLetters])]).attribute().requires("00"),
    ai("4308", "SHIP TO PHONE", &[x_to(30)]).attribute().requires("00"),
    ai("4309", "SHIP TO GEO", &[n(10).with(&[Latitude]), n(10).with(&[Longitude])]).attribute().requires("00"),
    ai("4310", "RTN TO COMP", &[x_to(35).with(&[PercentEncoded])]).attribute().requires("00"),
    ai("4311", "RTN TO NAME", &[x_to(35).with(&[PercentEncoded])]).attribute().requires("00"),
    ai("4312", "RTN TO ADD1", &[x_to(70).with(&[PercentEncoded])]).attribute().requires("00"),
    ai("4313", "RTN TO ADD2", &[x_to(70).with(&[PercentEncoded])]).attribute().requires("4312"),
    ai("4314", "RTN TO SUB", &[x_to(70).with(&[PercentEncoded])]).attribute().requires("00"),
    ai("4315", "RTN TO LOC", &[x_to(70).with(&[PercentEncoded])]).attribute().requires("00"),
    ai("4316", "RTN TO REG", &[x_to(70).with(&[PercentEncoded])]).attribute().requires("00"),
    ai("4317", "RTN TO COUNTRY", &[x(2).with(&[CountryLetters])]).attribute().requires("00"),
    ai("4318", "RTN TO POST", &[x_to(20)]).attribute().requires("00"),
    ai("4319", "RTN TO PHONE", &[x_to(30)]).attribute().requires("00"),
    ai("4320", "SRV DESCRIPTION", &[x_to(35).with(&[PercentEncoded])]).attribute().requires("00"),
    ai("4321", "DANGEROUS GOODS", &[n(1).with(&[YesNo])]).attribute().requires("00"),
    ai("4322", "AUTH TO LEAVE", &[n(1).with(&[YesNo])]).attribute().requires("00"),
    ai("4323", "SIG REQUIRED", &[n(1).with(&[YesNo])]).attribute().requires("00"),
    ai("4324", "NOT BEF DEL DT", &[n(6).with(&[DateOrMonth]), n(4).with(&[HourMinute])]).attribute().requires("00"),
    ai("4325", "NOT AFT DEL DT", &[n(6).with(&[DateOrMonth]), n(4).with(&[HourMinute])]).attribute().requires("00"),
    ai("4326", "REL DATE", &[n(6).with(&[Date])]).attribute().requires("00"),
    ai("4330", "MAX TEMP F.", &[n(6), x(1).with(&[Hyphen]).optional()]).attribute().requires("00").excludes("4331"),
    ai("4331", "MAX TEMP C.", &[n(6), x(1).with(&[Hyphen]).optional()]).attribute().requires("00").excludes("4330"),
    ai("4332", "MIN TEMP F.", &[n(6), x(1).with(&[Hyphen]).optional()]).attribute().requires("00").excludes("4333"),
    ai("4333", "MIN TEMP C.", &[n(6), x(1).with(&[Hyphen]).optional()]).attribute().requires("00").excludes("4332"),
    ai("7001", "NSN", &[n(13)]).attribute().requires("01 02 8006 8026"),
    ai("7002", "MEAT CUT", &[x_to(30)]).attribute().requires("01 02"),
    ai("7003", "EXPIRY TIME", &[n(6).with(&[Date]), n(4).with(&[HourMinute])]).attribute().requires("01 02 03"),
    ai("7004", "ACTIVE POTENCY", &[n_to(4)]).attribute().requires("01+10 03+10"),
    ai("7005", "CATCH AREA", &[x_to(12)]).attribute().requires("01 02"),
    ai("7006", "FIRST FREEZE DATE", &[n(6).with(&[Date])]).attribute().requires("01 02"),
    ai("7007", "HARVEST DATE", &[n(6).with(&[Date]), n(6).with(&[Date]).optional()]).attribute().requires("01 02"),
    ai("7008", "AQUATIC SPECIES", &[x_to(3)]).attribute().requires("01 02"),
    ai("7009", "FISHING GEAR TYPE", &[x_to(10)]).attribute().requires("01 02"),
    ai("7010", "PROD METHOD", &[x_to(2)]).attribute().requires("01 02 03"),
    ai("7011", "TEST BY DATE", &[n(6).with(&[Date]), n(4).with(&[HourMinute]).optional()]).attribute().requires("01 02 03"),
    ai("7020", "REFURB LOT", &[x_to(20)]).attribute().requires("01+416 03+416 8006+416"),
    ai("7021", "FUNC STAT", &[x_to(20)]).attribute().requires("01 03 8006"),
    ai("7022", "REV STAT", &[x_to(20)]).attribute().requires("01+7021 03+7021 8006+7021"),
    ai("7023", "GIAI - ASSEMBLY", &[x_to(30).with(&[CompanyPrefix])]).attribute(),
    ai("7030", "PROCESSOR # 0", &[n(3).with(&[CountryNumberOr999]), x_to(27)]).attribute().requires("01 02"),
    ai("7031", "PROCESSOR # 1", &[n(3).with(&[CountryNumberOr999]), x_to(27)]).attribute().requires("01 02"),
    ai("7032", "PROCESSOR # 2", &[n(3).with(&[CountryNumberOr999]), x_to(27)]).attribute().requires("01 02"),
    ai("7033", "PROCESSOR # 3", &[n(3).with(&[CountryNumberOr999]), x_to(27)]).attribute().requires("01 02"),
    ai("7034", "PROCESSOR # 4", &[n(3).with(&[CountryNumberOr999]), x_to(27)]).attribute().requires("01 02"),
    ai("7035", "PROCESSOR # 5", &[n(3).with(&[CountryNumberOr999]), x_to(27)]).attribute().requires("01 02"),
    ai("7036", "PROCESSOR # 6", &[n(3).with(&[CountryNumberOr999]), x_to(27)]).attribute().requires("01 02"),
    ai("7037", "PROCESSOR # 7", &[n(3).with(&[CountryNumberOr999]), x_to(27)]).attribute().requires("01 02"),
    ai("7038", "PROCESSOR # 8", &[n(3).with(&[CountryNumberOr999]), x_to(27)]).attribute().requires("01 02"),
    ai("7039", "PROCESSOR # 9", &[n(3).with(&[CountryNumberOr999]), x_to(27)]).attribute().requires("01 02"),
    ai("7040", "UIC+EXT", &[n(1), x(1), x(1), x(1).with(&[ImporterIndex])]),
    ai("7041", "UFRGT UNIT TYPE", &[x_to(4).with(&[PackageType])]).requires("00"),
    ai("710", "NHRN PZN", &[x_to(20)]).attribute().requires("01"),
    ai("711", "NHRN CIP", &[x_to(20)]).attribute().requires("01"),
    ai("712", "NHRN CN", &[x_to(20)]).attribute().requires("01"),
    ai("713", "NHRN DRN", &[x_to(20)]).attribute().requires("01"),
    ai("714", "NHRN AIM", &[x_to(20)]).attribute().requires("01"),
    ai("715", "NHRN NDC", &[x_to(20)]).attribute().requires("01"),
    ai("716", "NHRN AIC", &[x_to(20)]).attribute().requires("01"),
    ai("717", "NHRN SRN", &[x_to(20)]).attribute().requires("01"),
    ai("7230", "CERT # 1", &[x(2), x_to(28)]).attribute().requires("01 8004"),
    ai("7231", "CERT # 2", &[x(2), x_to(28)]).attribute().requires("01 8004"),
    ai("7232", "CERT # 3", &[x(2), x_to(28)]).attribute().requires("01 8004"),
    ai("7233", "CERT # 4", &[x(2), x_to(28)]).attribute().requires("01 8004"),
    ai("7234", "CERT # 5", &[x(2), x_to(28)]).attribute().requires("01 8004"),
    ai("7235", "CERT # 6", &[x(2), x_to(28)]).attribute().requires("01 8004"),
    ai("7236", "CERT # 7", &[x(2), x_to(28)]).attribute().requires("01 8004"),
    ai("7237", "CERT # 8", &[x(2), x_to(28)]).attribute().requires("01 8004"),
    ai("7238", "CERT # 9", &[x(2), x_to(28)]).attribute().requires("01 8004"),
    ai("7239", "CERT # 10", &[x(2), x_to(28)]).attribute().requires("01 8004"),
    ai("7240", "PROTOCOL", &[x_to(20)]).attribute().requires("01 8006").excludes("03"),
    ai("7241", "AIDC MEDIA TYPE", &[n(2).with(&[MediaType])]).attribute().requires("8017 8018"),
    ai("7242", "VCN", &[x_to(25)]).attribute().requires("8017 8018"),
    ai("7250", "DOB", &[n(8).with(&[FullDate])]).attribute().requires("8018").excludes("7251"),
    ai("7251", "DOB TIME", &[n(8).with(&[FullDate]), n(4).with(&[HourMinute])]).attribute().requires("8018").excludes("7250"),
    ai("7252", "BIO SEX", &[n(1).with(&[Sex])]).attribute().requires("8018"),
    ai("7253", "FAMILY NAME", &[x_to(40).with(&[PercentEncoded])]).attribute().requires("8017 8018").excludes("7256 7259"),
    ai("7254", "GIVEN NAME", &[x_to(40).with(&[PercentEncoded])]).attribute().requires("8017 8018").excludes("7256 7259"),
    ai("7255", "SUFFIX", &[x_to(10)]).attribute().requires("8017 8018").excludes("7256 7259"),
    ai("7256", "FULL NAME", &[x_to(90).with(&[PercentEncoded])]).attribute().requires("8017 8018"),
    ai("7257", "PERSON ADDR", &[x_to(70).with(&[PercentEncoded])]).attribute().requires("8018"),
    ai("7258", "BIRTH SEQUENCE", &[x(3).with(&[PositionInSequence])]).attribute().requires("8018+7259"),
    ai("7259", "BABY", &[x_to(40).with(&[PercentEncoded])]).attribute().requires("8018").excludes("7256"),
    ai("8001", "DIMENSIONS", &[n(4).with(&[NonZero]), n(5).with(&[NonZero]), n(3).with(&[NonZero]), n(1).with(&[Winding]), n(1)]).attribute().requires("01"),
    ai("8002", "CMT No.", &[x_to(20)]).attribute(),
    ai("8003", "GRAI", &[n(1).with(&[Zero]), n(13).with(&[CheckDigit, CompanyPrefix]), x_to(16).optional()]).attribute().key(""),
    ai("8004", "GIAI", &[x_to(30).with(&[CompanyPrefix])]).attribute().key("7040"),
    ai("8005", "PRICE PER UNIT", &[n(6)]).attribute().requires("01 02"),
    ai("8006", "ITIP", &[n(14).with(&[CheckDigit, CompanyPrefixSecond]), n(4).with(&[PieceOfTotal])]).attribute().excludes("01 03 37").key("22 10 21"),
    ai("8007", "IBAN", &[x_to(34).with(&[Iban])]).attribute().requires("415"),
    ai("8008", "PROD TIME", &[n(6).with(&[Date]), n(2).with(&[Hour]), n(2).with(&[Minute]).optional(), n(2).with(&[Second]).optional()]).attribute().requires("01 02 03"),
    ai("8009", "OPTSEN", &[x_to(50)]).attribute().requires("00 01 03"),
    ai("8010", "CPID", &[y_to(30).with(&[CompanyPrefix])]).attribute().key("8011"),
    ai("8011", "CPID SERIAL", &[n_to(12).with(&[NoZeroPrefix])]).requires("8010"),
    ai("8012", "VERSION", &[x_to(20)]).attribute().requires("01 03 8006"),
    ai("8013", "GMN", &[x_to(25).with(&[CheckPair, CompanyPrefix])]).attribute().key(""),
    ai("8014", "MUDI", &[x_to(25).with(&[CheckPair, CompanyPrefix, HasNonDigit])]).requires("01"),
    ai("8017", "GSRN - PROVIDER", &[n(18).with(&[CheckDigit, CompanyPrefix])]).attribute().excludes("8018").key("8019"),
    ai("8018", "GSRN - RECIPIENT", &[n(18).with(&[CheckDigit, CompanyPrefix])]).attribute().excludes("8017").key("8019"),
    ai("8019", "SRIN", &[n_to(10)]).requires("8017 8018"),
    ai("8020", "REF No.", &[x_to(25)]).requires("415"),
    ai("8026", "ITIP CONTENT", &[n(14).with(&[CheckDigit, CompanyPrefixSecond]), n(4).with(&[PieceOfTotal])]).attribute().requires("37").excludes("02 03 8006"),
    ai("8030", "DIGSIG", &[z_to(90)]).attribute().requires("00 01+21 03+21 253 255 8003 8004 8006+21 8010+8011 8017 8018"),
    ai("8040", "IMEI", &[n(15)]).requires("01+21"),
    ai("8041", "IMEI2", &[n(15)]).requires("01+21+8040"),
    ai("8042", "ESIM", &[n(32)]).requires("01+21+8040"),
    ai("8043", "PSIM", &[n(18), n_to(2).optional()]).requires("01+21+8040"),
    ai("8110", "", &[x_to(70).with(&[Coupon])]).attribute(),
    ai("8111", "POINTS", &[n(4)]).attribute().requires("255"),
    ai("8112", "", &[x_to(70).with(&[PositiveOffer])]).attribute(),
    ai("8200", "PRODUCT URL", &[x_to(70)]).requires("01"),
    ai("90", "INTERNAL", &[x_to(30)]).attribute(),
    ai("91", "INTERNAL", &[x_to(90)]).to("99").attribute(),
];

#[cfg(test)]
mod tests;
