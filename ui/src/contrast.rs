//! Every ink on every ground that it may stand on has the contrast that WCAG
//! 2.2 asks for at level AA (1.4.3: 4.5 for text; 1.4.11: 3 for marks), in each
//! theme of the till and of the kiosk.

use std::collections::BTreeMap;

const TILL: &str = include_str!("../slint/theme.slint");
const KIOSK: &str = include_str!("../slint/kiosk/theme.slint");

/// What is written with, at any size.
const INKS: [&str; 6] = ["ink", "quiet-ink", "go", "attend-ink", "stop", "saved"];
/// What is only a dot or a bar.
const MARKS: [&str; 1] = ["attend"];
/// What lies under writing.
const GROUNDS: [&str; 7] =
    ["background", "panel", "last-line", "attend-ground", "stop-ground", "key", "good-ground"];

/// A colour of the theme that is chosen, and of the other.
type Pair = [[u8; 3]; 2];

/// The colours that a file of tokens gives, by name.
fn colours(tokens: &str) -> BTreeMap<&str, Pair> {
    tokens
        .lines()
        .filter_map(|line| {
            let (name, value) = line.trim().strip_prefix("out property <color> ")?.split_once(": ")?;
            let (chosen, other) = value.trim_end_matches(';').split_once(" ? ")?.1.split_once(" : ")?;
            // One with an opacity is nothing that is read on.
            Some((name, [colour(chosen)?, colour(other)?]))
        })
        .collect()
}

fn colour(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let part = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}

/// The relative luminance of a colour, by WCAG's definition.
fn luminance(colour: [u8; 3]) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    let [red, green, blue] = colour.map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// What is below what it must be, in words.
fn too_faint(file: &str, tokens: &str) -> Vec<String> {
    let colours = colours(tokens);
    let mut wrong = Vec::new();
    let mut hold = |ink: &str, ground: &str, least: f64| {
        let (Some(on), Some(under)) = (colours.get(ink), colours.get(ground)) else { return };
        for theme in 0..2 {
            let found = contrast(on[theme], under[theme]);
            // Two decimals, as such figures are given.
            if (found * 100.0).round() / 100.0 < least {
                wrong.push(format!("{file}, theme {theme}: {ink} on {ground} is {found:.2}, not {least}"));
            }
        }
    };
    for ground in GROUNDS {
        for ink in INKS {
            hold(ink, ground, 4.5);
        }
        for mark in MARKS {
            hold(mark, ground, 3.0);
        }
    }
    hold("on-go", "go", 4.5);
    hold("ink", "key-down", 4.5);
    wrong
}

#[test]
fn every_ink_can_be_read_on_every_ground_in_every_theme() {
    assert_eq!(
        (colours(TILL).len(), colours(KIOSK).len()),
        (15, 15),
        "a new colour: is it an ink or a ground?"
    );
    let wrong = [too_faint("till", TILL), too_faint("kiosk", KIOSK)].concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn black_on_white_is_21_and_a_faint_ink_is_found() {
    assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 0.001);
    let faint = TILL.replace("quiet-ink: dark ? #95a1a6 : #5d686d", "quiet-ink: dark ? #95a1a6 : #8d989d");
    assert_ne!(faint, TILL);
    assert!(too_faint("till", &faint).iter().any(|line| line.contains("quiet-ink on panel")));
}
