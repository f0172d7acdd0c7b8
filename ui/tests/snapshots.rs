//! Every screen, sheet and page as it is drawn, pixel by pixel: in both languages, light and dark, and as a
//! kiosk's customer may have it. What is drawn otherwise than before is somebody's decision: look at the
//! pictures that the test leaves, then set `UPDATE_EXPECT`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use slint::ComponentHandle as _;
use ui::TillScreen;
use ui::customer::{CustomerScreen, CustomerScreenView, CustomerView, Picture};
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

/// Where messages stand on the smallest till while goods are sold: left, top, width, height.
const NOTICE: (usize, usize, usize, usize) = (10, 610, 584, 70);

/// A part of what was drawn.
fn cut(whole: &Drawn, (left, top, width, height): (usize, usize, usize, usize)) -> Drawn {
    let row = usize::try_from(whole.width).expect("a width") * 4;
    let rows = whole.bytes.chunks_exact(row).skip(top).take(height);
    let bytes: Vec<u8> = rows.flat_map(|row| &row[4 * left..4 * (left + width)]).copied().collect();
    Drawn {
        width: u32::try_from(width).expect("small"),
        height: u32::try_from(height).expect("small"),
        bytes,
    }
}

/// Pictures of one width, one below the other.
fn stacked(pictures: &[Drawn]) -> Drawn {
    Drawn {
        width: pictures[0].width,
        height: pictures.iter().map(|picture| picture.height).sum(),
        bytes: pictures.iter().flat_map(|picture| &picture.bytes).copied().collect(),
    }
}

/// Texts that were held against what they stand in.
#[derive(Default)]
struct Measured {
    texts: usize,
    too_large: std::collections::BTreeSet<String>,
}

impl Measured {
    /// Text that is larger than what it stands in would be drawn over its neighbours or cut.
    fn look(&mut self, name: &str, window: &impl i_slint_backend_testing::ElementRoot) {
        use i_slint_backend_testing::AccessibleRole::{Button, ListItem, Tab, Text, TextInput};
        for role in [Button, Tab, ListItem, TextInput, Text] {
            let root = i_slint_backend_testing::ElementQuery::from_root(window);
            for place in root.match_accessible_role(role).find_all() {
                let (corner, size) = (place.absolute_position(), place.size());
                for text in place.query_descendants().match_inherits("Text").find_all() {
                    let (at, of) = (text.absolute_position(), text.size());
                    // An entry line shows the end of what is typed; the rest is meant to be out of sight.
                    let beside = role != TextInput
                        && (at.x + 1.0 < corner.x || at.x + of.width > corner.x + size.width + 1.0);
                    let above = at.y + 1.0 < corner.y || at.y + of.height > corner.y + size.height + 1.0;
                    self.texts += 1;
                    if beside || above {
                        let label = place.accessible_label().unwrap_or_default();
                        self.too_large.insert(format!("{name}: {role:?} {label:?}, text {of:?} in {size:?}"));
                    }
                }
            }
        }
    }
}

/// Wide and high as windows of customers are.
const CUSTOMER: [(u32, u32); 2] = [(1_024, 600), (1_280, 800)];

/// Everything that a customer's window shows.
fn customer_views() -> Vec<(&'static str, CustomerView)> {
    let around = |screen| CustomerView {
        theme: Theme::Light,
        store: "文林路店 Wenlin Road".into(),
        currency: "¥".into(),
        screen,
    };
    let code = Picture::new(2, 2, [[0, 0, 0, 255], [255; 4], [255; 4], [0, 0, 0, 255]].concat());
    let lines: Vec<_> = (0..6).map(|number| till::line(&format!("商品 {number} goods"))).collect();
    let basket = |lines: &[ui::view::Line]| CustomerScreenView::Basket {
        lines: lines.to_vec(),
        total: "60.49".into(),
        saved: "4.12".into(),
    };
    let pay = |refund, code| CustomerScreenView::Pay {
        refund,
        due: "60.40".into(),
        tendered: "20.00".into(),
        saved: "4.12".into(),
        code,
    };
    let done =
        CustomerScreenView::Done { label: "39.60".into(), tendered: "100.00".into(), change: "39.60".into() };
    let views = vec![
        ("idle", CustomerScreenView::Idle { picture: None }),
        ("basket", basket(&lines)),
        ("first goods", basket(&lines[..1])),
        ("pay", pay(false, None)),
        ("pay by code", pay(false, code)),
        ("paid back", pay(true, None)),
        ("done", done),
    ];
    views.into_iter().map(|(name, screen)| (name, around(screen))).collect()
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
    let mut measured = Measured::default();
    // Every message where it stands, one below the other on one picture.
    for language in [Language::Chinese, Language::English] {
        for theme in [Theme::Light, Theme::Dark] {
            let mut strips = Vec::new();
            for (place, notice) in till::every_notice().into_iter().enumerate() {
                let view = till::view(ui::view::Screen::Sell(till::sell()), Some(notice));
                till.apply(&View { language, theme, ..view });
                let whole = pixels.draw(&till).expect("drawn");
                measured.look(&format!("message {place} {language:?}"), till.window());
                strips.push(cut(&whole, NOTICE));
            }
            assert!(strips.len() > 100, "only {} messages", strips.len());
            drawn.push((format!("till messages {language:?} {theme:?}"), stacked(&strips)));
        }
    }
    // With more room everything fits, too.
    pixels.resize(WIDE.0, WIDE.1);
    for (place, view) in till::every_view().into_iter().enumerate() {
        for language in [Language::Chinese, Language::English] {
            let name = format!("{} wide {language:?}", named(place, &view));
            till.apply(&View { language, ..view.clone() });
            let picture = pixels.draw(&till).expect("drawn");
            assert!(!is_bare(&picture), "{name} shows nothing");
            measured.look(&name, till.window());
        }
    }
    drop(till);
    assert!(measured.texts > 5_000, "only {} texts were measured", measured.texts);
    assert!(measured.too_large.is_empty(), "{:#?}", measured.too_large);
    let customer = CustomerScreen::new(|_| {}).expect("a window");
    customer.window().show().expect("shown");
    for (width, height) in CUSTOMER {
        pixels.resize(width, height);
        for (name, view) in customer_views() {
            for language in ["zh_CN", "en"] {
                for theme in [Theme::Light, Theme::Dark] {
                    slint::select_bundled_translation(language).expect("both languages are inside");
                    customer.apply(&CustomerView { theme, ..view.clone() });
                    let picture = pixels.draw_customer(&customer).expect("drawn");
                    drawn.push((format!("customer {name} {width}x{height} {language} {theme:?}"), picture));
                }
            }
        }
    }
    drop(customer);
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
