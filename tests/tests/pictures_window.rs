//! Pictures of goods from a folder at HQ to the real window of a till: HQ, agent and till are real programs, and
//! what is looked for are colours on the screen. Pictures of the screen lie in `target/pictures`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use ledger::reference::pictures::PictureBook;
use protocol::pull::{PICTURES_FOLDER, picture_path};
use tests::display::{Display, Picture};
use tests::kiosk::{KioskStand, MORNING};
use tests::process::{program, wait_for};
use tests::shop::{Counter, Headquarters, code_of, open_demo};
use tests::stand::reference;

/// Natural water, on the pinned page of the grid.
const WATER: &str = "100001";
/// Bananas, the first of that page.
const BANANAS: &str = "140001";

/// Colours that no theme and no other picture has.
const MAGENTA: [u8; 3] = [214, 0, 198];
const CYAN: [u8; 3] = [0, 184, 214];
const LIME: [u8; 3] = [120, 214, 0];

/// A folder of pictures, each of one colour.
fn paint(folder: &Path, pictures: &[(&str, [u8; 3])]) -> Result<()> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder)?;
    for (name, colour) in pictures {
        let pixels: Vec<u8> = colour.iter().copied().cycle().take(3 * 300 * 300).collect();
        let mut encoder = png::Encoder::new(fs::File::create(folder.join(format!("{name}.png")))?, 300, 300);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(&pixels)?;
    }
    Ok(())
}

/// How many pixels of a part of the screen have a colour, but for what a JPEG changes of it. Parts are per cent from the
/// left to the right.
fn pixels_of(screen: &Picture, colour: [u8; 3], (from, to): (usize, usize)) -> usize {
    let width = usize::from(screen.width);
    let is_there = |at: usize| (from * width / 100..to * width / 100).contains(&(at % width));
    let is_it = |pixel: &[u8]| pixel.iter().zip(colour).all(|(found, wanted)| found.abs_diff(wanted) <= 10);
    screen.pixels.chunks_exact(3).enumerate().filter(|(at, pixel)| is_there(*at) && is_it(pixel)).count()
}

/// Where the basket stands, and where the goods do.
const BASKET: (usize, usize) = (0, 58);
const GOODS: (usize, usize) = (59, 100);

/// The most of a colour that chance puts on a screen.
const STRAY_MAX: usize = 20;

/// A picture beside the last line has some four thousand pixels, a tile not fewer.
const PICTURE_MIN: usize = 2_000;

struct Shop {
    folder: tempfile::TempDir,
    headquarters: Headquarters,
    counter: Counter,
    display: Display,
    screens: PathBuf,
}

impl Shop {
    fn open(width: u32, height: u32) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (headquarters, files) = open_demo(folder.path())?;
        let mut counter = Counter::set_up(files, None)?;
        let display = Display::start(width, height)?;
        counter.start_till(&display, &format!("{width}x{height}"))?;
        let screens = program("pos-app")?.ancestors().nth(2).context("find target")?.join("pictures");
        fs::create_dir_all(&screens)?;
        Ok(Self { folder, headquarters, counter, display, screens })
    }

    fn import(&self, pictures: &[(&str, [u8; 3])]) -> Result<()> {
        let folder = self.folder.path().join("pictures");
        paint(&folder, pictures)?;
        self.headquarters.import_pictures(&folder)
    }

    fn wait_for_colour(&self, what: &str, colour: [u8; 3], part: (usize, usize)) -> Result<()> {
        wait_for(
            what,
            || Ok((pixels_of(&self.display.picture()?, colour, part) >= PICTURE_MIN).then_some(())),
        )
    }

    fn screenshot(&self, name: &str) -> Result<Picture> {
        self.display.screenshot(&self.screens.join(format!("{name}.png")))
    }

    /// Where the picture of goods lies on the lane's disk.
    fn file_of(&self, sku: &str) -> Result<PathBuf> {
        let paths = &self.counter.files.paths;
        let book = PictureBook::open(&paths.reference())?.context("a reference")?;
        let picture = book.of(sku)?.context("a picture")?;
        Ok(picture_path(&paths.data.join(PICTURES_FOLDER), &picture.sha256))
    }
}

#[test]
fn a_picture_goes_from_a_folder_at_hq_to_the_screen_and_stays_there() -> Result<()> {
    let mut shop = Shop::open(1_024, 768)?;
    shop.counter.sign_in(&shop.display, "101", "1234")?;
    let before = shop.screenshot("1-without")?;
    for colour in [MAGENTA, CYAN, LIME] {
        ensure!(pixels_of(&before, colour, (0, 100)) <= STRAY_MAX, "{colour:?} is a colour of the theme");
    }
    // One by its item code, one by its barcode.
    shop.import(&[(BANANAS, MAGENTA), (&code_of(WATER)?, CYAN)])?;
    shop.wait_for_colour("bananas in the grid", MAGENTA, GOODS)?;
    shop.wait_for_colour("water in the grid", CYAN, GOODS)?;
    shop.screenshot("2-grid")?;
    shop.counter.scanner.scan(&code_of(WATER)?)?;
    shop.counter.wait_for_lines(1)?;
    shop.wait_for_colour("water beside the last line", CYAN, BASKET)?;
    shop.screenshot("3-last-line")?;

    // HQ is gone, and the lane begins anew: nothing is missing.
    shop.headquarters.kill()?;
    shop.counter.files.kill_agent()?;
    shop.counter.kill_till()?;
    shop.counter.start_till(&shop.display, "1024x768")?;
    shop.counter.sign_in(&shop.display, "101", "1234")?;
    shop.wait_for_colour("water beside the last line again", CYAN, BASKET)?;
    shop.wait_for_colour("bananas in the grid again", MAGENTA, GOODS)?;

    // HQ is back, and has another picture of bananas.
    shop.headquarters.start()?;
    shop.counter.files.start_agent()?;
    let old = shop.file_of(BANANAS)?;
    ensure!(old.exists());
    shop.import(&[(BANANAS, LIME)])?;
    shop.wait_for_colour("the new bananas", LIME, GOODS)?;
    let after = shop.screenshot("4-another")?;
    ensure!(pixels_of(&after, MAGENTA, (0, 100)) <= STRAY_MAX, "the old ones are still shown");
    wait_for("the old file to go", || Ok((!old.exists()).then_some(())))?;
    ensure!(shop.file_of(WATER)?.exists(), "what was not named stays");

    // A disk that rots: whoever begins anew is shown nothing wrong, and the file is got again.
    let file = shop.file_of(BANANAS)?;
    let good = fs::read(&file)?;
    fs::write(&file, [&good[..good.len() / 2], &[0u8; 100]].concat())?;
    shop.counter.kill_till()?;
    shop.counter.start_till(&shop.display, "1024x768")?;
    shop.counter.sign_in(&shop.display, "101", "1234")?;
    shop.wait_for_colour("bananas that were got again", LIME, GOODS)?;
    ensure!(fs::read(&file)? == good, "the file is whole again");
    shop.counter.check()
}

/// A kiosk with the demo shop's pictures, in every look that a customer may choose: what it shows is looked at in
/// `target/pictures`, and that pictures are there is found by what stands where they are.
#[test]
fn a_kiosk_shows_pictures_in_every_look() -> Result<()> {
    i_slint_backend_testing::init_no_event_loop();
    for (name, width, height) in [("upright", 1_080, 1_400), ("lying", 1_280, 800)] {
        let folder = tempfile::tempdir()?;
        let (headquarters, files) = open_demo(folder.path())?;
        let painted = folder.path().join("pictures");
        fs::create_dir_all(&painted)?;
        fixtures::shop::write_pictures(&painted)?;
        paint(&folder.path().join("one"), &[(WATER, MAGENTA)])?;
        fs::copy(
            folder.path().join("one").join(format!("{WATER}.png")),
            painted.join(format!("{WATER}.png")),
        )?;
        headquarters.import_pictures(&painted)?;
        let mut counter = Counter::set_up(files, None)?;
        let file = counter.files.paths.config();
        let text = std::fs::read_to_string(&file)?;
        let kiosk =
            "[kiosk]\nbags = [\"200035\", \"200036\", \"200037\"]\nwarn_seconds = 880\nreset_seconds = 900\n";
        fs::write(&file, format!("mode = \"kiosk\"\n{text}\n{kiosk}"))?;
        let display = Display::start(width, height)?;
        counter.start_till(&display, &format!("{width}x{height}"))?;
        let screens = program("pos-app")?.ancestors().nth(2).context("find target")?.join("pictures");
        fs::create_dir_all(&screens)?;
        let (mirror, _mirrored) = mirror(width, height)?;
        let mut finger = Finger { display, mirror, screens, name, drawn: 0 };
        finger.touch_all(&["店员开机", "1", "0", "1", "确定", "1", "2", "3", "4", "确定", "触摸开始"])?;
        counter.scanner.scan(&code_of(WATER)?)?;
        finger.mirror.scan(&code_of(WATER)?);
        counter.wait_for_lines(1)?;
        wait_for("water beside its line", || {
            let seen = pixels_of(&finger.display.picture()?, MAGENTA, (0, 100));
            Ok((seen >= PICTURE_MIN).then_some(()))
        })?;
        for sku in ["100024", "100028", "200001"] {
            counter.scanner.scan(&code_of(sku)?)?;
            finger.mirror.scan(&code_of(sku)?);
        }
        counter.wait_for_lines(4)?;
        finger.looks(&["basket", "goods", "bags"])?;
        counter.check()?;
    }
    Ok(())
}

/// What a kiosk shows, without a display: where things are is read from that.
fn mirror(width: u32, height: u32) -> Result<(KioskStand, tempfile::TempDir)> {
    let files = tempfile::tempdir()?;
    reference(files.path(), 1)?;
    let mut config = tests::kiosk::config();
    config.payment = pos_app::config::Payment { card: true, ..Default::default() };
    (config.kiosk.warn_seconds, config.kiosk.reset_seconds) = (880, 900);
    let mirror = KioskStand::open(files.path(), config, MORNING)?;
    mirror.screen.set_size(width, height);
    mirror.screen.show()?;
    Ok((mirror, files))
}

struct Finger {
    display: Display,
    mirror: KioskStand,
    screens: PathBuf,
    name: &'static str,
    drawn: u32,
}

impl Finger {
    #[allow(clippy::float_arithmetic, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn touch(&mut self, label: &str) -> Result<()> {
        self.display.calm()?;
        let all = ElementQuery::from_root(self.mirror.screen.window())
            .match_accessible_role(AccessibleRole::Button)
            .find_all();
        let found = all.iter().find(|element| element.accessible_label().as_deref() == Some(label));
        let labels: Vec<_> = all.iter().filter_map(ElementHandle::accessible_label).collect();
        let element = found.with_context(|| format!("{label} among {labels:?}"))?;
        let (at, size) = (element.absolute_position(), element.size());
        self.display.tap((at.x + size.width / 2.0) as u32, (at.y + size.height / 2.0) as u32)?;
        element.invoke_accessible_default_action();
        self.mirror.settle();
        Ok(())
    }

    fn touch_all(&mut self, labels: &[&str]) -> Result<()> {
        labels.iter().try_for_each(|label| self.touch(label))
    }

    /// A screenshot of each page in each look: both languages, large type, high contrast, and both of these.
    fn looks(&mut self, pages: &[&str]) -> Result<()> {
        let looks: [(&str, &[&str]); 5] = [
            ("zh", &[]),
            ("en", &["English"]),
            ("en-large", &["Large type"]),
            ("en-large-contrast", &["Contrast"]),
            ("zh-contrast", &["中文", "小字"]),
        ];
        for (look, touches) in looks {
            self.touch_all(touches)?;
            let zh = look.starts_with("zh");
            let word = |chinese: &'static str, english: &'static str| if zh { chinese } else { english };
            for page in pages {
                let open = match *page {
                    "goods" => Some(word("无条码商品", "Goods without a code")),
                    "bags" => Some(word("购物袋", "Bags")),
                    _ => None,
                };
                open.map_or(Ok(()), |label| self.touch(label))?;
                self.drawn += 1;
                let file = format!("kiosk-{}-{:02}-{look}-{page}.png", self.name, self.drawn);
                let seen = self.display.screenshot(&self.screens.join(file))?;
                let any = pixels_of(&seen, MAGENTA, (0, 100)) >= PICTURE_MIN;
                ensure!(any || *page != "basket", "no picture of water in {look}");
                open.map_or(Ok(()), |_| self.touch(word("返回", "Back")))?;
            }
        }
        Ok(())
    }
}
