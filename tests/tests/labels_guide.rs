//! Each job of the label guide goes as the guide says, in both languages; its pictures are drawn on the way, and so is
//! every other page.

use std::collections::BTreeSet;
use std::path::Path;

use pos_app::config::{Language, Theme};
use tests::labels::{Look, SHOWN, pictures};
use ui::pixels::Pixels;

#[test]
fn each_job_with_labels_goes_as_the_guide_says_and_every_picture_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/label-guide");
    let pixels = Pixels::start().expect("no display is needed");
    for (word, language, theme, size) in
        [("zh", Language::Zh, Theme::Light, (1_024, 768)), ("en", Language::En, Theme::Dark, (1_280, 800))]
    {
        let drawn = folder.path().join(word);
        let look = Look { language, theme, size, shown_only: false };
        let names = pictures(&pixels, &drawn, look).unwrap_or_else(|error| panic!("{word}: {error:#}"));
        let mut seen = BTreeSet::new();
        for name in &names {
            let file = std::fs::read(drawn.join(format!("{name}.png"))).expect("a picture");
            // What differs on a page is seen on its picture.
            assert!(seen.insert(file), "{word}/{name} looks like another page");
        }
        // The guide shows what is made, and what it shows is there.
        let page = std::fs::read_to_string(docs.join(word).join("labels.md")).expect("the page");
        let shown: BTreeSet<&str> = page
            .split("../pictures/")
            .skip(1)
            .filter_map(|part| part.split_once(".png"))
            .filter_map(|(picture, _)| picture.strip_prefix(word)?.strip_prefix('/'))
            .collect();
        assert_eq!(shown, SHOWN.into_iter().collect());
        for name in shown {
            assert!(names.iter().any(|drawn| drawn == name), "{name} is drawn");
            assert!(docs.join("pictures").join(word).join(format!("{name}.png")).exists(), "{word}/{name}");
        }
    }
}
