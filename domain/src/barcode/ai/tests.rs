//! The table against the GS1 Barcode Syntax Dictionary, where that is there:
//! every AI, its components, rules and company.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::*;

/// The dictionary; says plainly where it is not there.
fn dictionary() -> Option<String> {
    let ours = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("GUITAI_DATA").map_or_else(ours, PathBuf::from);
    let file = folder.join("gs1-syntax-dictionary.txt");
    if !file.is_file() {
        println!("not run: gs1-syntax-dictionary.txt is neither in GUITAI_DATA nor in ../shared/data");
        return None;
    }
    Some(std::fs::read_to_string(file).expect("the dictionary"))
}

/// What the dictionary calls a rule for the content.
fn name_of(lint: Lint) -> &'static str {
    match lint {
        Lint::Coupon => "couponcode",
        Lint::PositiveOffer => "couponposoffer",
        Lint::Set39 => "cset39",
        Lint::Base64 => "cset64",
        Lint::Set82 => "cset82",
        Lint::Digits => "csetnumeric",
        CheckDigit => "csum",
        CheckPair => "csumalpha",
        CompanyPrefix => "gcppos1",
        CompanyPrefixSecond => "gcppos2",
        HasNonDigit => "hasnondigit",
        Hour => "hh",
        HourMinute => "hhmi",
        Hyphen => "hyphen",
        Iban => "iban",
        ImporterIndex => "importeridx",
        CountryNumber => "iso3166",
        CountryNumberOr999 => "iso3166999",
        CountryLetters => "iso3166alpha2",
        CurrencyNumber => "iso4217",
        Sex => "iso5218",
        Latitude => "latitude",
        Longitude => "longitude",
        MediaType => "mediatype",
        Minute => "mi",
        NonZero => "nonzero",
        NoZeroPrefix => "nozeroprefix",
        PackageType => "packagetype",
        PercentEncoded => "pcenc",
        PieceOfTotal => "pieceoftotal",
        PositionInSequence => "posinseqslash",
        Second => "ss",
        Winding => "winding",
        YesNo => "yesno",
        DateOrMonth => "yymmd0",
        Date => "yymmdd",
        Lint::FullDateOrMonth => "yyyymmd0",
        FullDate => "yyyymmdd",
        Zero => "zero",
    }
}

/// A component as the dictionary writes it.
fn written(component: &Component) -> String {
    let letter = match component.characters {
        Characters::Digits => 'N',
        Characters::Set82 => 'X',
        Characters::Set39 => 'Y',
        Characters::Base64 => 'Z',
    };
    let length = if component.length_min == component.length_max {
        format!("{letter}{}", component.length_max)
    } else {
        assert_eq!(component.length_min, 1, "a length that the dictionary cannot say");
        format!("{letter}..{}", component.length_max)
    };
    let length = if component.optional { format!("[{length}]") } else { length };
    let lints = component.lints.iter().map(|lint| format!(",{}", name_of(*lint)));
    length + &lints.collect::<String>()
}

/// Alternatives without their order.
fn set(text: &str, between: char) -> BTreeSet<String> {
    text.split(between).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    components: Vec<String>,
    fixed: bool,
    attribute: bool,
    requires: BTreeSet<String>,
    excludes: BTreeSet<String>,
    key: Option<Vec<Vec<String>>>,
}

impl Entry {
    /// What a line of the dictionary says of the AIs that it is about.
    fn parse(line: &str) -> (Vec<String>, Self) {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace().peekable();
        let ais = words.next().expect("an AI");
        let (first, last) = ais.split_once('-').unwrap_or((ais, ais));
        let numbers = first.parse::<u16>().expect("digits")..=last.parse().expect("digits");
        let ais = numbers.map(|number| format!("{number:0width$}", width = first.len())).collect();
        let flags = words.next_if(|word| word.chars().all(|letter| "*?!\"$%&".contains(letter)));
        let flags = flags.unwrap_or_default();
        let mut entry = Self {
            components: Vec::new(),
            fixed: flags.contains('*'),
            attribute: flags.contains('?'),
            requires: BTreeSet::new(),
            excludes: BTreeSet::new(),
            key: None,
        };
        for word in words {
            match word.split_once('=') {
                Some(("req", others)) => {
                    assert!(entry.requires.is_empty(), "two demands at once are not in our form: {line}");
                    entry.requires = set(others, ',');
                }
                Some(("ex", others)) => entry.excludes.extend(set(others, ',')),
                Some(("dlpkey", order)) => {
                    let path = |path: &str| path.split(',').map(str::to_owned).collect();
                    entry.key = Some(order.split('|').map(path).collect());
                }
                None if word == "dlpkey" => entry.key = Some(Vec::new()),
                Some(_) => panic!("what is {word}?"),
                None => entry.components.push(word.to_owned()),
            }
        }
        (ais, entry)
    }

    fn ours(row: &Row) -> Self {
        let path = |path: &str| path.split_whitespace().map(str::to_owned).collect();
        Self {
            components: row.components.iter().map(written).collect(),
            fixed: row.fixed,
            attribute: row.attribute,
            requires: set(row.requires, ' '),
            excludes: set(row.excludes, ' '),
            key: row.key.map(|key| key.split('|').filter(|part| !part.is_empty()).map(path).collect()),
        }
    }
}

#[test]
fn the_table_is_the_official_dictionary() {
    let Some(dictionary) = dictionary() else { return };
    let mut official = BTreeMap::new();
    for line in dictionary.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let (ais, _) = Entry::parse(line);
        official.extend(ais.into_iter().map(|ai| (ai, line)));
    }
    assert!(official.len() > 500, "{} AIs are too few for the dictionary", official.len());
    let wrong: Vec<String> = official
        .iter()
        .filter_map(|(ai, line)| {
            let ours = find_whole(ai).map(|(_, row)| Entry::ours(row));
            let theirs = Entry::parse(line).1;
            (ours.as_ref() != Some(&theirs)).then(|| format!("({ai}): GS1 says {theirs:?}, we {ours:?}"))
        })
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
    // And no AI that GS1 does not have.
    for length in 2..=4usize {
        for number in 0..10usize.pow(u32::try_from(length).expect("small")) {
            let ai = format!("{number:0length$}");
            if find_whole(&ai).is_some() {
                assert!(official.contains_key(&ai), "({ai}) is not in the dictionary");
            }
        }
    }
}
