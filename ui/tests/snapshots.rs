//! Every screen, sheet and page as it is drawn, pixel by pixel: in both languages, light and dark, and as a
//! kiosk's customer may have it. What is drawn otherwise than before is somebody's decision: look at the
//! pictures that the test leaves, then set `UPDATE_EXPECT`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use ui::TillScreen;
use ui::kiosk::{KioskScreen, KioskView, Look};
use ui::pixels::{Drawn, Pixels};
use ui::view::{Language, Sheet, Theme, View};

#[path = "views/kiosk.rs"]
mod kiosk;
#[path = "views/till.rs"]
mod till;

/// Wide and high as the smallest till and as a kiosk.
const TILL: (u32, u32) = (1_024, 768);
const KIOSK: (u32, u32) = (1_080, 1_920);

/// A till with room beside the words.
const WIDE: (u32, u32) = (1_920, 1_080);

/// What was drawn: a name and a digest of its pixels.
fn known() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(list()).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once(' ').map(|(digest, name)| (name.into(), digest.into())))
        .collect()
}

fn list() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots.txt")
}

fn digest(drawn: &Drawn) -> String {
    let mut hash = Sha256::new();
    hash.update(drawn.width.to_le_bytes());
    hash.update(drawn.height.to_le_bytes());
    hash.update(&drawn.bytes);
    hash.finalize().iter().take(12).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("written to memory");
        text
    })
}

fn save(drawn: &Drawn, name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/snapshots");
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join(format!("{}.png", name.replace([' ', '/'], "-")));
    let file = std::fs::File::create(&path).expect("a file");
    let mut encoder = png::Encoder::new(std::io::BufWriter::new(file), drawn.width, drawn.height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&drawn.bytes).expect("pixels");
    path
}

/// Whether every pixel of a picture has one colour: nothing was drawn.
fn is_bare(drawn: &Drawn) -> bool {
    drawn.bytes.chunks_exact(4).all(|pixel| pixel == &drawn.bytes[..4])
}

/// A screen's name: what it is, and which of those.
fn named(place: usize, view: &View) -> String {
    let debug = format!("{:?}", view.screen);
    let screen: String = debug.chars().take_while(|character| character.is_alphanumeric()).collect();
    let sheet =
        view.sheet.as_ref().map(|sheet: &Sheet| format!(" under {}", sheet.title)).unwrap_or_default();
    format!("till {place:02} {screen}{sheet}")
}

#[test]
fn every_picture_is_as_it_was() {
    let pixels = Pixels::start().expect("the first windows of this process");
    let mut drawn: Vec<(String, Drawn)> = Vec::new();
    let till = TillScreen::new(|_| {}).expect("a window");
    till.show().expect("shown");
    pixels.resize(TILL.0, TILL.1);
    for (place, view) in till::every_view().into_iter().enumerate() {
        for language in [Language::Chinese, Language::English] {
            for theme in [Theme::Light, Theme::Dark] {
                let name = format!("{} {language:?} {theme:?}", named(place, &view));
                till.apply(&View { language, theme, ..view.clone() });
                drawn.push((name, pixels.draw(&till).expect("drawn")));
            }
        }
    }
    for (width, height) in [TILL, WIDE] {
        pixels.resize(width, height);
        for (place, view) in till::pictured() {
            for language in [Language::Chinese, Language::English] {
                for theme in [Theme::Light, Theme::Dark] {
                    let name = format!("till pictures {place} {width}x{height} {language:?} {theme:?}");
                    till.apply(&View { language, theme, ..view.clone() });
                    drawn.push((name, pixels.draw(&till).expect("drawn")));
                }
            }
        }
    }
    pixels.resize(TILL.0, TILL.1);
    let last = till::every_view().len();
    let notice =
        View { notice: till::every_notice().into_iter().next(), ..till::every_view()[last / 4].clone() };
    till.apply(&notice);
    drawn.push(("till with a message".into(), pixels.draw(&till).expect("drawn")));
    drop(till);
    let screen = KioskScreen::new(|_| {}).expect("a window");
    screen.show().expect("shown");
    pixels.resize(KIOSK.0, KIOSK.1);
    for (name, page) in kiosk::pages() {
        for (contrast, large) in [(false, false), (true, false), (false, true), (true, true)] {
            let look = Look { contrast, large };
            screen.apply(&KioskView { look, ..kiosk::around(page.clone()) });
            let name = format!("kiosk {name} contrast {contrast} large {large}");
            drawn.push((name, pixels.draw_kiosk(&screen).expect("drawn")));
        }
    }

    for (name, picture) in &drawn {
        assert!(!is_bare(picture), "{name} shows nothing");
    }
    let digests: Vec<(String, String)> =
        drawn.iter().map(|(name, picture)| (name.clone(), digest(picture))).collect();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let lines = digests.iter().map(|(name, digest)| format!("{digest} {name}\n"));
        std::fs::write(list(), lines.collect::<String>()).expect("written");
    }
    let known = known();
    let others: Vec<String> = digests
        .iter()
        .zip(&drawn)
        .filter(|((name, digest), _)| known.get(name) != Some(digest))
        .map(|((name, _), (_, picture))| save(picture, name).display().to_string())
        .collect();
    assert!(
        others.is_empty(),
        "{} pictures are not as they were; look at\n{}",
        others.len(),
        others.join("\n")
    );
    assert_eq!(
        known.len(),
        digests.len(),
        "ui/tests/snapshots.txt names pictures that are not drawn any more"
    );
    let different: std::collections::BTreeSet<&String> = digests.iter().map(|(_, digest)| digest).collect();
    assert!(
        different.len() * 20 > digests.len() * 19,
        "{} of {} are different",
        different.len(),
        digests.len()
    );
}
