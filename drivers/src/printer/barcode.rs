//! Code 128 as dots, for printers that draw no barcodes themselves (ISO/IEC 15417). Whether it fits the paper is the
//! caller's.

use super::picture::Picture;

/// Empty modules at each side (ISO/IEC 15417, 4.4.2).
const QUIET_MODULES: usize = 10;
/// The values of the start symbols of code sets B and C, and of the stop symbol.
const START_B: usize = 104;
const START_C: usize = 105;
const STOP: usize = 106;

/// Widths of bars and spaces of each symbol, a bar first (ISO/IEC 15417, table 1).
const WIDTHS: [&str; 107] = [
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212", "221213",
    "221312", "231212", "112232", "122132", "122231", "113222", "123122", "123221", "223211", "221132",
    "221231", "213212", "223112", "312131", "311222", "321122", "321221", "312212", "322112", "322211",
    "212123", "212321", "232121", "111323", "131123", "131321", "112313", "132113", "132311", "211313",
    "231113", "231311", "112133", "112331", "132131", "113123", "113321", "133121", "313121", "211331",
    "231131", "213113", "213311", "213131", "311123", "311321", "331121", "312113", "312311", "332111",
    "314111", "221411", "431111", "111224", "111422", "121124", "121421", "141122", "141221", "112214",
    "112412", "122114", "122411", "142112", "142211", "241211", "221114", "413111", "241112", "134111",
    "111242", "121142", "121241", "114212", "124112", "124211", "411212", "421112", "421211", "212141",
    "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311", "113141",
    "114131", "311141", "411131", "211412", "211214", "211232", "2331112",
];

/// The bars of a text with their quiet zones; digits in pairs where all are digits and even in number. `None` for what
/// code set B does not hold.
pub(super) fn drawn(data: &str, module_dots: usize, height: usize) -> Option<Picture> {
    let row: Vec<bool> = bars(&values(data)?, module_dots);
    Some(Picture::draw(row.len(), height, |x, _| row.get(x) == Some(&true)))
}

/// The values of all symbols: start, data, check, stop.
fn values(data: &str) -> Option<Vec<usize>> {
    if data.is_empty() || !data.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return None;
    }
    let digits = data.bytes().all(|byte| byte.is_ascii_digit());
    let mut values: Vec<usize> = if digits && data.len().is_multiple_of(2) {
        let pairs = data.as_bytes().chunks(2).map(|pair| usize::from((pair[0] - b'0') * 10 + pair[1] - b'0'));
        std::iter::once(START_C).chain(pairs).collect()
    } else {
        let signs = data.bytes().map(|byte| usize::from(byte - b' '));
        std::iter::once(START_B).chain(signs).collect()
    };
    // The start symbol weighs once, the data its place.
    let check = values.iter().enumerate().map(|(place, value)| place.max(1) * value).sum::<usize>() % 103;
    values.extend([check, STOP]);
    Some(values)
}

fn bars(values: &[usize], module_dots: usize) -> Vec<bool> {
    let mut row = vec![false; QUIET_MODULES * module_dots];
    for value in values {
        for (place, width) in WIDTHS[*value].bytes().enumerate() {
            row.extend(std::iter::repeat_n(place % 2 == 0, usize::from(width - b'0') * module_dots));
        }
    }
    row.extend(std::iter::repeat_n(false, QUIET_MODULES * module_dots));
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_symbol_is_eleven_modules_and_the_stop_symbol_thirteen() {
        for (value, widths) in WIDTHS.iter().enumerate() {
            let modules: usize = widths.bytes().map(|width| usize::from(width - b'0')).sum();
            assert_eq!(modules, if value == STOP { 13 } else { 11 }, "{value}");
        }
    }

    #[test]
    fn the_check_symbol_is_that_of_the_standard() {
        // Start B 104 + 48 + 2*49 = 250, 250 mod 103 = 44.
        assert_eq!(values("PQ"), Some(vec![START_B, 48, 49, 44, STOP]));
        assert_eq!(values("1234"), Some(vec![START_C, 12, 34, (105 + 12 + 68) % 103, STOP]));
        assert_eq!((values(""), values("小票")), (None, None));
    }

    #[test]
    fn a_picture_has_its_quiet_zones() {
        let picture = drawn("1234", 2, 80).expect("it can be drawn");
        assert_eq!((picture.width(), picture.height()), (2 * (10 + 4 * 11 + 13 + 10), 80));
    }
}
