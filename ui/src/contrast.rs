//! Every ink on every ground that it may stand on has the contrast that WCAG
//! 2.2 asks for at level AA (1.4.3: 4.5 for text; 1.4.11: 3 for marks), in each
//! theme of the till and of the kiosk; so has what is drawn thinner or darker
//! than its colour.

use std::collections::BTreeMap;

const TILL: &str = include_str!("../slint/theme.slint");
const KIOSK: &str = include_str!("../slint/kiosk/theme.slint");

/// What may stand on what, of one file of tokens.
struct Palette {
    file: &'static str,
    tokens: &'static str,
    /// What is written with, at any size.
    inks: &'static [&'static str],
    /// What is only a dot, a bar or an edge.
    marks: &'static [&'static str],
    /// What lies under writing.
    grounds: &'static [&'static str],
    /// What is written on something of its own: ink and ground.
    pairs: &'static [(&'static str, &'static str)],
    /// What is drawn around things and says nothing by itself.
    silent: &'static [&'static str],
}

const PALETTES: [Palette; 2] = [
    Palette {
        file: "till",
        tokens: TILL,
        inks: &["ink", "quiet-ink", "go", "attend-ink", "stop"],
        marks: &["attend", "edge"],
        grounds: &["background", "panel", "last-line", "attend-ground", "stop-ground", "key", "key-down"],
        pairs: &[("on-go", "go"), ("on-go", "go-down")],
        silent: &["line"],
    },
    Palette {
        file: "kiosk",
        tokens: KIOSK,
        inks: &["ink", "quiet-ink", "go", "attend-ink", "stop", "saved"],
        marks: &["attend"],
        grounds: &["background", "panel", "good-ground", "attend-ground", "stop-ground", "key-down"],
        pairs: &[("on-go", "go")],
        silent: &["line"],
    },
];

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

/// A colour as it is when a part of it covers another.
fn covering(over: [u8; 3], under: [u8; 3], part: f64) -> [u8; 3] {
    let mix = |at: usize| (f64::from(over[at]) * part + f64::from(under[at]) * (1.0 - part)).round();
    // Between two colours' parts, so it fits.
    [0, 1, 2].map(|at| mix(at) as u8)
}

/// A colour as Slint's `darker` makes it: its value in HSV is divided by one and the factor.
fn darker(colour: [u8; 3], factor: f64) -> [u8; 3] {
    covering(colour, [0; 3], 1.0 / (1.0 + factor))
}

/// Two decimals, as such figures are given.
fn is_below(found: f64, least: f64) -> bool {
    (found * 100.0).round() / 100.0 < least
}

/// What is below what it must be, or not there at all, in words.
fn too_faint(palette: &Palette) -> Vec<String> {
    let colours = colours(palette.tokens);
    let mut wrong = Vec::new();
    let mut hold = |ink: &str, ground: &str, least: f64| {
        let (Some(on), Some(under)) = (colours.get(ink), colours.get(ground)) else {
            return wrong.push(format!("{}: {ink} or {ground} is not among its colours", palette.file));
        };
        for theme in 0..2 {
            let found = contrast(on[theme], under[theme]);
            if is_below(found, least) {
                let file = palette.file;
                wrong.push(format!("{file}, theme {theme}: {ink} on {ground} is {found:.2}, not {least}"));
            }
        }
    };
    for ground in palette.grounds {
        palette.inks.iter().for_each(|ink| hold(ink, ground, 4.5));
        palette.marks.iter().for_each(|mark| hold(mark, ground, 3.0));
    }
    palette.pairs.iter().for_each(|(ink, ground)| hold(ink, ground, 4.5));
    for name in colours.keys() {
        let lists = [palette.inks, palette.marks, palette.grounds, palette.silent];
        let is_known = lists.iter().any(|list| list.contains(name))
            || palette.pairs.iter().any(|(ink, ground)| ink == name || ground == name);
        if !is_known {
            wrong.push(format!("{}: {name} is a new colour: is it an ink or a ground?", palette.file));
        }
    }
    wrong
}

/// Every place where something is drawn thinner or darker than its colour, with how often: a new one is looked at, and
/// stands here with what makes it good. [`a_colour_that_is_changed_where_it_is_used_holds_too`] reckons with them.
const CHANGED: [(&str, &str, usize); 8] = [
    // What cannot be pressed needs no contrast (1.4.3, inactive parts).
    ("key.slint", "opacity: root.enabled ? 1 : 0.45;", 1),
    ("kiosk/parts.slint", "opacity: root.enabled ? 1 : 0.45;", 1),
    // The first sign of goods without a picture; their name stands beside it.
    ("sell.slint", "opacity: 0.6;", 1),
    ("kiosk/parts.slint", "opacity: 0.55;", 1),
    // Nobody sees it: an input method writes into it.
    ("sheets.slint", "opacity: 0;", 1),
    // Bands over a picture, which may have any colour.
    ("sell.slint", "Theme.panel.with-alpha(0.86)", 1),
    ("sell.slint", "Theme.panel.with-alpha(0.9)", 1),
    // The big action under a finger.
    ("kiosk/parts.slint", "KioskTheme.go.darker(0.2)", 2),
];

/// The files of a folder of the window's, by their path in it.
fn slint_files(folder: &std::path::Path, within: &str, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let name = format!("{within}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            slint_files(&entry.path(), &format!("{name}/"), files);
        } else if name.ends_with(".slint") {
            files.push((name, std::fs::read_to_string(entry.path()).expect("a file")));
        }
    }
}

/// Where a line changes a colour, or lets what lies below shine through.
fn changes_a_colour(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    ["opacity:", ".with-alpha(", ".darker(", ".brighter(", ".transparentize(", ".mix("]
        .iter()
        .any(|change| code.contains(change))
}

#[test]
fn every_ink_can_be_read_on_every_ground_in_every_theme() {
    let wrong = PALETTES.iter().map(too_faint).collect::<Vec<_>>().concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_colour_that_is_changed_where_it_is_used_is_known() {
    let mut files = Vec::new();
    slint_files(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("slint"), "", &mut files);
    assert!(files.len() > 15, "{} files", files.len());
    let mut wrong = Vec::new();
    for (file, change, times) in CHANGED {
        let text = files.iter().find(|(name, _)| name == file).map_or("", |(_, text)| text.as_str());
        let found = text.matches(change).count();
        if found != times {
            wrong.push(format!("{file}: {change} stands there {found} times, not {times}"));
        }
    }
    for (file, text) in &files {
        for line in text.lines().filter(|line| changes_a_colour(line)) {
            if !CHANGED.iter().any(|(of, change, _)| of == file && line.contains(change)) {
                wrong.push(format!("{file}: what contrast has {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_colour_that_is_changed_where_it_is_used_holds_too() {
    let (till, kiosk) = (colours(TILL), colours(KIOSK));
    for theme in 0..2 {
        for picture in [[0; 3], [255; 3]] {
            for part in [0.86, 0.9] {
                let found = contrast(till["ink"][theme], covering(till["panel"][theme], picture, part));
                assert!(!is_below(found, 4.5), "theme {theme}: ink over a picture {picture:?} is {found:.2}");
            }
        }
        let found = contrast(kiosk["on-go"][theme], darker(kiosk["go"][theme], 0.2));
        assert!(!is_below(found, 4.5), "theme {theme}: on-go on go under a finger is {found:.2}");
    }
}

#[test]
fn black_on_white_is_21_and_what_is_faint_or_missing_is_found() {
    assert!((contrast([0; 3], [255; 3]) - 21.0).abs() < 0.001);
    assert_eq!((covering([255; 3], [0; 3], 0.5), darker([240, 120, 0], 0.2)), ([128; 3], [200, 100, 0]));
    let faint = TILL.replace("quiet-ink: dark ? #95a1a6 : #5d686d", "quiet-ink: dark ? #95a1a6 : #8d989d");
    assert_ne!(faint, TILL);
    let of = |tokens: String| too_faint(&Palette { tokens: tokens.leak(), ..PALETTES[0] }).join("\n");
    assert!(of(faint).contains("quiet-ink on panel"));
    assert!(of(TILL.replace("<color> edge:", "<color> rim:")).contains("edge or panel is not among"));
    assert!(of(TILL.replace("<color> edge:", "<color> rim:")).contains("rim is a new colour"));
}
