//! Every page of the staff's work at labels is as it was, pixel by pixel, in the words that people read.

mod seen;

use std::path::Path;

use pos_app::config::{Language, Theme};
use seen::Seen;
use tests::labels::{Look, pictures};
use ui::pixels::{Drawn, Pixels};

fn drawn(file: &Path) -> Drawn {
    let file = std::fs::File::open(file).expect("a picture");
    let mut reader = png::Decoder::new(std::io::BufReader::new(file)).read_info().expect("a PNG");
    let mut bytes = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut bytes).expect("its pixels");
    Drawn { width: info.width, height: info.height, bytes }
}

#[test]
fn every_page_for_labels_is_as_it_was() {
    let mut seen = Seen::against(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/label_pages.txt"));
    let folder = tempfile::tempdir().expect("a folder");
    let pixels = Pixels::start().expect("no display is needed");
    let looks = [("zh light", Language::Zh, Theme::Light), ("en dark", Language::En, Theme::Dark)];
    for (word, language, theme) in looks {
        let folder = folder.path().join(word);
        let look = Look { language, theme, size: (1_024, 768), shown_only: false };
        for name in pictures(&pixels, &folder, look).expect("every page is reached") {
            seen.look(&format!("{name} {word}"), &drawn(&folder.join(format!("{name}.png"))));
        }
    }
    seen.check(0);
}
