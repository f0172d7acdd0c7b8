//! Makes text printable: what a printer's font lacks becomes something close that it has. Encoding itself is the
//! encoder's.

use super::profile::Charset;
use super::typeface::Typeface;

/// What stands for a character that nobody can print: the geta mark, which Chinese fonts have for it.
pub const REPLACEMENT: char = '〓';

/// The hanzi of Unicode 1.1: GBK has two bytes for each of them.
const ALWAYS_ENCODABLE: std::ops::RangeInclusive<char> = '\u{4e00}'..='\u{9fa5}';

/// The columns that a printable character takes: ASCII one, everything else two, as in a printer's Chinese font.
pub fn columns_of(text: &str) -> usize {
    text.chars().map(columns_of_char).sum()
}

pub(super) fn columns_of_char(character: char) -> usize {
    if character.is_ascii() { 1 } else { 2 }
}

/// Replaces what a printer with `charset` cannot print, so that every character left is ASCII or takes two bytes (in
/// UTF-8: any). Line breaks are kept; other control characters become spaces, lest text turn into commands.
pub fn normalise(text: &str, charset: Charset) -> String {
    normalise_with(text, charset, None)
}

/// The same, where a typeface helps out: what it has stays as it is, and its line is drawn (see [`is_printable`]).
pub(super) fn normalise_with(text: &str, charset: Charset, typeface: Option<&Typeface>) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => printable.push('\n'),
            '\r' => {}
            character if character.is_control() => printable.push(' '),
            character => push_printable(&mut printable, character, charset, typeface),
        }
    }
    printable
}

/// Whether the printer's own font has everything of a normalised text.
pub(super) fn is_printable(text: &str, charset: Charset) -> bool {
    text.chars().all(|character| character.is_ascii() || is_encodable(character, charset))
}

fn push_printable(printable: &mut String, character: char, charset: Charset, typeface: Option<&Typeface>) {
    if character.is_ascii() {
        printable.push(character);
    } else if is_invisible(character) {
    } else if let Some(close) = close_to(character) {
        printable.push_str(close);
    } else if is_encodable(character, charset) {
        printable.push(character);
    } else if let Some(letter) = plain_letter(character) {
        printable.push_str(letter);
    } else if typeface.is_some_and(|typeface| typeface.has(character)) {
        printable.push(character);
    } else {
        printable.push(REPLACEMENT);
    }
}

/// Characters that draw nothing and would cost two columns.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{300}'..='\u{36f}')
}

/// Characters better printed as another in every charset: the fonts of printers lack them although encodings have them,
/// or GB 18030 gives them four bytes.
fn close_to(character: char) -> Option<&'static str> {
    Some(match character {
        '\u{a5}' => "￥",
        '\u{a0}' | '\u{2002}'..='\u{200a}' | '\u{202f}' | '\u{205f}' => " ",
        '²' => "2",
        '³' => "3",
        '¹' => "1",
        '€' => "EUR",
        '£' => "GBP",
        '©' => "(C)",
        '®' => "(R)",
        '™' => "TM",
        '½' => "1/2",
        '¼' => "1/4",
        '¾' => "3/4",
        '•' => "·",
        '‑' | '−' => "-",
        '«' => "《",
        '»' => "》",
        _ => return None,
    })
}

/// The bare letter under an accent, where the charset has no accented one.
fn plain_letter(character: char) -> Option<&'static str> {
    Some(match character {
        'À'..='Å' => "A",
        'Æ' => "AE",
        'Ç' => "C",
        'È'..='Ë' => "E",
        'Ì'..='Ï' => "I",
        'Ñ' => "N",
        'Ò'..='Ö' | 'Ø' => "O",
        'Ù'..='Ü' => "U",
        'Ý' => "Y",
        'ß' => "ss",
        'à'..='å' => "a",
        'æ' => "ae",
        'ç' => "c",
        'è'..='ë' => "e",
        'ì'..='ï' => "i",
        'ñ' => "n",
        'ò'..='ö' | 'ø' => "o",
        'ù'..='ü' => "u",
        'ý' | 'ÿ' => "y",
        _ => return None,
    })
}

fn is_encodable(character: char, charset: Charset) -> bool {
    let codec = match charset {
        Charset::Gbk => encoding_rs::GBK,
        Charset::Gb18030 => encoding_rs::GB18030,
        Charset::Utf8 => return true,
    };
    if ALWAYS_ENCODABLE.contains(&character) {
        return true;
    }
    let mut utf8 = [0; 4];
    let (bytes, _, unmappable) = codec.encode(character.encode_utf8(&mut utf8));
    // User-defined code points (private use) have two bytes and no glyph.
    !unmappable && bytes.len() == 2 && !matches!(character, '\u{e000}'..='\u{f8ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gbk_fonts_lack_becomes_something_close() {
        for charset in [Charset::Gbk, Charset::Gb18030] {
            for (text, printed) in [
                ("合计\u{a0}¥12.50", "合计 ￥12.50"),
                ("面积 5m²", "面积 5m2"),
                ("牛奶🥛250ml", "牛奶〓250ml"),
                ("𠮷野家", "〓野家"),
                ("Café crème brûlée", "Café crème brulée"),
                ("Jalapeño €3", "Jalapeno EUR3"),
                ("a\u{200b}b\u{feff}c", "abc"),
                ("一\u{1b}@二\t三\r\n四", "一 @二 三\n四"),
                ("《老干妈》——辣“酱”…", "《老干妈》——辣“酱”…"),
                ("20℃ ①②③ ×", "20℃ ①②③ ×"),
            ] {
                assert_eq!(normalise(text, charset), printed);
            }
        }
    }

    #[test]
    fn nothing_normalised_needs_four_bytes() {
        let every: String = ('\u{20}'..='\u{2ffff}').collect();
        for (charset, codec) in [(Charset::Gbk, encoding_rs::GBK), (Charset::Gb18030, encoding_rs::GB18030)] {
            let printable = normalise(&every, charset);
            let (bytes, _, unmappable) = codec.encode(&printable);
            assert!(!unmappable);
            let expected: usize = printable.chars().map(columns_of_char).sum();
            assert_eq!(bytes.len(), expected, "as many bytes as columns");
        }
    }

    #[test]
    fn a_hanzi_takes_two_columns() {
        assert_eq!(columns_of("可乐500ml"), 9);
        assert_eq!(columns_of("￥3.50"), 6);
    }
}
