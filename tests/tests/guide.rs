//! Each job of the cashier's guide goes as the guide says, in both languages; its pictures are drawn on the way.

use std::collections::BTreeSet;
use std::path::Path;

use pos_app::config::{Language, Theme};
use tests::guide::{Look, SHOWN, pictures};
use ui::pixels::Pixels;

#[test]
fn each_job_goes_as_the_guide_says_and_every_picture_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cashier-guide");
    let pixels = Pixels::start().expect("no display is needed");
    let looks = [
        ("zh", Look { language: Language::Zh, theme: Theme::Light, size: (1_024, 768), shown_only: false }),
        ("en", Look { language: Language::En, theme: Theme::Dark, size: (1_920, 1_080), shown_only: true }),
    ];
    for (word, look) in looks {
        let drawn = folder.path().join(word);
        let names = pictures(&pixels, &drawn, look).unwrap_or_else(|error| panic!("{word}: {error:#}"));
        for name in &names {
            let file = std::fs::File::open(drawn.join(format!("{name}.png"))).expect("a picture");
            let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().expect("a PNG");
            let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
            reader.next_frame(&mut pixels).expect("its pixels");
            let blank = pixels.chunks_exact(4).all(|pixel| pixel == &pixels[..4]);
            assert!(!blank, "{word}/{name} shows nothing");
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
}
