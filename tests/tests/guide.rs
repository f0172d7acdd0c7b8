//! Each job of the cashier's guide goes as the guide says, in both languages; its pictures are drawn on the way. Every
//! screen and sheet of it is as it was, pixel by pixel, in the words that people read, and no text is larger than its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use i_slint_backend_testing::{AccessibleRole, ElementQuery};
use pos_app::config::{Language, Theme};
use sha2::{Digest, Sha256};
use tests::guide::{Look, SHOWN, Watch, watched};
use tests::stand::save;
use ui::TillScreen;
use ui::pixels::{Drawn, Pixels};
use ui::view;

/// Wide and high as the smallest till, and as one with room beside the words.
const SMALL: (u32, u32) = (1_024, 768);
const LARGE: (u32, u32) = (1_920, 1_080);

/// What is drawn otherwise than before is somebody's decision: look at the pictures that the test leaves, then set
/// `UPDATE_EXPECT`.
fn list() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guide.txt")
}

fn digest(drawn: &Drawn) -> String {
    let mut hash = Sha256::new();
    hash.update(&drawn.bytes);
    hash.finalize().iter().take(12).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("written to memory");
        text
    })
}

/// What was seen of all states: a digest of each, and what is wrong with their texts.
#[derive(Default)]
struct Seen {
    digests: BTreeMap<String, String>,
    others: Vec<String>,
    measured: usize,
    too_large: BTreeSet<String>,
}

impl Seen {
    fn look(&mut self, known: &BTreeMap<String, String>, name: &str, screen: &TillScreen, drawn: &Drawn) {
        let digest = digest(drawn);
        if known.get(name) != Some(&digest) {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/snapshots");
            std::fs::create_dir_all(&folder).expect("a folder");
            let path = folder.join(format!("guide-{}.png", name.replace(' ', "-")));
            save(drawn, &path).expect("saved");
            self.others.push(path.display().to_string());
        }
        self.digests.insert(name.to_owned(), digest);
        self.measure(name, screen);
    }

    /// Text that is larger than what it stands in would be drawn over its neighbours or cut.
    fn measure(&mut self, name: &str, screen: &TillScreen) {
        use AccessibleRole::{Button, ListItem, Tab, Text, TextInput};
        for role in [Button, Tab, ListItem, TextInput, Text] {
            let root = ElementQuery::from_root(screen.window());
            for place in root.match_accessible_role(role).find_all() {
                let (corner, size) = (place.absolute_position(), place.size());
                for text in place.query_descendants().match_inherits("Text").find_all() {
                    let (at, of) = (text.absolute_position(), text.size());
                    // An entry line shows the end of what is typed; the rest is meant to be out of sight.
                    let beside = role != TextInput
                        && (at.x + 1.0 < corner.x || at.x + of.width > corner.x + size.width + 1.0);
                    let above = at.y + 1.0 < corner.y || at.y + of.height > corner.y + size.height + 1.0;
                    self.measured += 1;
                    if beside || above {
                        let label = place.accessible_label().unwrap_or_default();
                        self.too_large.insert(format!("{name}: {role:?} {label:?}, text {of:?} in {size:?}"));
                    }
                }
            }
        }
    }
}

/// The pixels of a picture; nothing where there is none.
fn pixels_of(file: &Path) -> Option<Vec<u8>> {
    let file = std::fs::File::open(file).ok()?;
    let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().ok()?;
    let mut pixels = vec![0; reader.output_buffer_size()?];
    reader.next_frame(&mut pixels).ok()?;
    Some(pixels)
}

#[test]
fn each_job_goes_as_the_guide_says_and_every_picture_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cashier-guide");
    let pixels = Pixels::start().expect("no display is needed");
    let text = std::fs::read_to_string(list()).unwrap_or_default();
    let known: BTreeMap<String, String> = text
        .lines()
        .filter_map(|line| line.split_once(' ').map(|(digest, name)| (name.into(), digest.into())))
        .collect();
    let mut seen = Seen::default();
    let renews = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut stale = Vec::new();
    let look = |language, theme, size, shown_only| Look { language, theme, size, shown_only };
    let looks = [
        ("zh", look(Language::Zh, Theme::Light, SMALL, false), true),
        ("en", look(Language::En, Theme::Light, SMALL, true), true),
        ("en", look(Language::En, Theme::Dark, LARGE, true), false),
    ];
    for (word, look, is_seen) in looks {
        let drawn = folder.path().join(word);
        let mut watch = |name: &str, theme: view::Theme, screen: &TillScreen, drawn: &Drawn| {
            seen.look(&known, &format!("{name} {word} {theme:?}"), screen, drawn);
        };
        let watch: Option<Watch<'_>> = if is_seen { Some(&mut watch) } else { None };
        let names = watched(&pixels, &drawn, look, watch).unwrap_or_else(|error| panic!("{word}: {error:#}"));
        for name in &names {
            let file = drawn.join(format!("{name}.png"));
            let pixels = pixels_of(&file).expect("a picture");
            let blank = pixels.chunks_exact(4).all(|pixel| pixel == &pixels[..4]);
            assert!(!blank, "{word}/{name} shows nothing");
            let page = docs.join("pictures").join(word).join(format!("{name}.png"));
            if is_seen && SHOWN.contains(&name.as_str()) && pixels_of(&page).as_ref() != Some(&pixels) {
                if renews {
                    std::fs::copy(&file, &page).expect("copied");
                } else {
                    stale.push(page.display().to_string());
                }
            }
        }
        // The guide shows what is made, and what it shows is there.
        let mut shown = BTreeSet::new();
        for page in std::fs::read_dir(docs.join(word)).expect("the pages") {
            let page = std::fs::read_to_string(page.expect("a page").path()).expect("its text");
            for part in page.split("../pictures/").skip(1) {
                let (picture, _) = part.split_once(".png").expect("a picture");
                let (of, name) = picture.split_once('/').expect("its language");
                assert_eq!(of, word);
                assert!(docs.join("pictures").join(of).join(format!("{name}.png")).exists(), "{picture}");
                shown.insert(name.to_owned());
            }
        }
        assert_eq!(shown, SHOWN.iter().map(ToString::to_string).collect());
        assert!(SHOWN.iter().all(|shown| names.iter().any(|name| name == shown)));
    }
    let Seen { digests, others, measured, too_large } = seen;
    assert!(measured > 10_000, "only {measured} texts were measured");
    assert!(too_large.is_empty(), "{too_large:#?}");
    if renews {
        let lines = digests.iter().map(|(name, digest)| format!("{digest} {name}\n"));
        return std::fs::write(list(), lines.collect::<String>()).expect("written");
    }
    assert!(others.is_empty(), "{} are not as they were; look at\n{}", others.len(), others.join("\n"));
    assert!(
        stale.is_empty(),
        "pictures of another program; look at the new ones, then UPDATE_EXPECT: {stale:#?}"
    );
    assert_eq!(known.len(), digests.len(), "tests/guide.txt names pictures that are not drawn any more");
}
