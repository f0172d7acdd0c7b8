//! GS1 Digital Link URIs: the same elements as in an element string, written as a web address of any domain (GS1 Digital
//! Link Standard: URI Syntax, 1.6). Compressed ones are not read.

use std::borrow::Cow;

use super::ai::{self, Ai, Row};
use super::element::{Element, ElementError, ElementFault, Elements, error, push};

/// Reads a web address; `None` where it is one, but no Digital Link.
///
/// The path ends with a primary key, its value and what qualifies it; the
/// query may hold attributes. Query parameters that are no number are the
/// domain's own and do not matter, nor does what follows `#`.
pub fn parse(text: &str) -> Option<Result<Elements<'_>, ElementError>> {
    let rest = strip_scheme(text)?;
    let rest = rest.split('#').next().unwrap_or_default();
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (domain, path) = address.split_once('/')?;
    if domain.is_empty() {
        return None;
    }
    // Every part is a slice of the text.
    let at = |part: &str| part.as_ptr().addr().saturating_sub(text.as_ptr().addr()).min(text.len());
    let segments: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let key = key_in(&segments)?;
    Some(read(&segments[key..], query, at))
}

fn strip_scheme(text: &str) -> Option<&str> {
    ["https://", "http://"].iter().find_map(|scheme| {
        let (head, rest) = text.split_at_checked(scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then_some(rest)
    })
}

/// Where the primary key stands: the last one that has a value.
fn key_in(segments: &[&str]) -> Option<usize> {
    let is_key = |segment: &str| ai::find_whole(segment).is_some_and(|(_, row)| row.key.is_some());
    // Keys and values take turns, so a value that looks like a key is not
    // taken for one as long as what follows it does not come in pairs.
    (0..segments.len().saturating_sub(1))
        .rev()
        .find(|at| is_key(segments[*at]) && (segments.len() - at).is_multiple_of(2))
}

fn read<'a>(
    path: &[&'a str],
    query: &'a str,
    at: impl Fn(&str) -> usize,
) -> Result<Elements<'a>, ElementError> {
    let mut list: Vec<Element<'a>> = Vec::with_capacity(4);
    let mut allowed: Option<&'static str> = None;
    let mut codes: Vec<Ai> = Vec::new();
    for pair in path.chunks_exact(2) {
        let (code, value) = (pair[0], pair[1]);
        let (ai, row) = ai::find_whole(code).ok_or_else(|| unknown(code, at(code)))?;
        match allowed {
            None => allowed = row.key,
            Some(sequences) => {
                codes.push(ai);
                if !sequences.split('|').any(|sequence| is_in_order(&codes, sequence)) {
                    return Err(error(ai, at(code), ElementFault::LinkPlace));
                }
            }
        }
        add(&mut list, (ai, row), value, false, &at)?;
    }
    for pair in query.split(['&', ';']).filter(|pair| !pair.is_empty()) {
        let (code, value) = pair.split_once('=').unwrap_or((pair, &pair[pair.len()..]));
        if code.is_empty() || !code.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let (ai, row) = ai::find_whole(code).ok_or_else(|| unknown(code, at(code)))?;
        if !row.attribute {
            return Err(error(ai, at(code), ElementFault::LinkPlace));
        }
        add(&mut list, (ai, row), value, true, &at)?;
    }
    Elements::together(list)
}

fn add<'a>(
    list: &mut Vec<Element<'a>>,
    (ai, row): (Ai, &'static Row),
    value: &'a str,
    in_query: bool,
    at: &impl Fn(&str) -> usize,
) -> Result<(), ElementError> {
    let place = at(value);
    let decoded = decode(value, in_query).ok_or_else(|| error(ai, place, ElementFault::LinkPercent))?;
    // A GTIN may be written as short as it is printed.
    let full = match (ai.as_str(), decoded.len()) {
        ("01" | "02", 8 | 12 | 13) => Cow::Owned(format!("{decoded:0>14}")),
        _ => decoded,
    };
    // What was decoded is shorter than what stands there, so the value's begin is told.
    row.check(ai, &full, place).map_err(|wrong| ElementError { position: place, ..wrong })?;
    push(list, ai, row, full, place)
}

fn unknown(code: &str, position: usize) -> ElementError {
    let found = code.chars().take(8).collect();
    ElementError { ai: None, position, fault: ElementFault::UnknownAi(found) }
}

/// Whether these codes stand in the order of a sequence, which may have more.
fn is_in_order(codes: &[Ai], sequence: &str) -> bool {
    let mut sequence = sequence.split(' ');
    codes.iter().all(|code| sequence.any(|allowed| code.as_str() == allowed))
}

/// Undoes percent-encoding (RFC 3986, 2.1); in a query a plus is a blank.
fn decode(text: &str, in_query: bool) -> Option<Cow<'_, str>> {
    if !text.contains(['%', '+']) || !in_query && !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut hex = || char::from(rest.next()?).to_digit(16);
                let (high, low) = (hex()?, hex()?);
                u8::try_from(high * 16 + low).ok()?
            }
            b'+' if in_query => b' ',
            other => other,
        });
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let told = match parse(text) {
            None => "no Digital Link".to_owned(),
            Some(Err(error)) => error.to_string(),
            Some(Ok(elements)) => elements
                .list()
                .iter()
                .map(|element| format!("{:?}{}", element.ai, element.value))
                .collect::<Vec<_>>()
                .join(" "),
        };
        expected.assert_eq(&told);
    }

    #[test]
    fn any_domain_may_hold_the_elements() {
        check(
            "https://id.gs1.org/01/09520000000011/10/A%2F1/21/7?17=270331&linkType=gs1:pip#top",
            expect!["(01)09520000000011 (10)A/1 (21)7 (17)270331"],
        );
        check("HTTP://shop.example.cn/a/b/01/9520000000011", expect!["(01)09520000000011"]);
        check("https://example.cn/01/96385074/?3103=001234", expect!["(01)00000096385074 (3103)001234"]);
        check("https://example.cn/414/9520000000011/254/1", expect!["(414)9520000000011 (254)1"]);
    }

    #[test]
    fn another_address_is_none() {
        check("https://example.com/x", expect!["no Digital Link"]);
        check("https://example.com", expect!["no Digital Link"]);
        check("https:///01/09520000000011", expect!["no Digital Link"]);
        check("ftp://example.com/01/09520000000011", expect!["no Digital Link"]);
        check("https://example.com/10/1", expect!["no Digital Link"]);
    }

    #[test]
    fn what_stands_at_the_wrong_place_is_refused() {
        check(
            "https://id.gs1.org/01/09520000000011/21/7/10/A",
            expect![
                "read GS1 data, AI (10), character 43: it must not stand at this place of a Digital Link"
            ],
        );
        check(
            "https://id.gs1.org/01/09520000000011?21=7",
            expect![
                "read GS1 data, AI (21), character 38: it must not stand at this place of a Digital Link"
            ],
        );
        check(
            "https://id.gs1.org/01/09520000000011?9999=7",
            expect![[r#"read GS1 data, character 38: "9999" is no application identifier"#]],
        );
        check(
            "https://id.gs1.org/01/09520000000012",
            expect!["read GS1 data, AI (01), character 23: it has a wrong check digit"],
        );
        check(
            "https://id.gs1.org/01/09520000000011/10/%4",
            expect!["read GS1 data, AI (10), character 41: % without two hexadecimal digits"],
        );
        check(
            "https://id.gs1.org/01/09520000000011/10/a+b?240=a+b",
            expect!["read GS1 data, AI (240), character 49: it has a character that GS1 data does not have"],
        );
    }
}
