//! The customer's window: what it shows of what the cashier's screen shows, and the pictures of its idle time. Amounts
//! arrive formatted; nothing is computed.

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use ui::customer::{CUSTOMER_LINES_MAX, CustomerRemote, CustomerScreenView, CustomerView, Picture};
use ui::view::{Screen, View};

use crate::config::{CustomerWindow, DeviceError, Paths};

/// Most pictures of the idle time.
pub const PICTURES_MAX: usize = 20;
/// The largest picture, in pixels of a side: twice a full screen.
pub const PICTURE_SIDE_MAX: u32 = 4_096;

/// What the window shows now; `idle` is the picture of a time without customers, `code` the shop's payment code.
pub fn view(view: &View, idle: Option<&Picture>, code: Option<&Picture>) -> CustomerView {
    let nobody = || CustomerScreenView::Idle { picture: idle.cloned() };
    let (currency, screen) = match &view.screen {
        Screen::Closed(_) | Screen::SignIn(_) | Screen::Labels(_) | Screen::SetUp(_) => ("", nobody()),
        Screen::Sell(sell) if sell.lines.is_empty() => (sell.currency.as_str(), nobody()),
        Screen::Sell(sell) => {
            let first = sell.lines.len().saturating_sub(CUSTOMER_LINES_MAX);
            let (total, saved) = (sell.total.clone(), sell.saved.clone());
            let lines = sell.lines[first..].to_vec();
            (sell.currency.as_str(), CustomerScreenView::Basket { lines, total, saved })
        }
        Screen::Pay(pay) => {
            let (due, tendered) = (pay.due.clone(), pay.tendered.clone());
            let screen = CustomerScreenView::Pay {
                refund: pay.refund,
                due,
                tendered,
                saved: pay.saved.clone(),
                code: code.cloned(),
            };
            (pay.currency.as_str(), screen)
        }
        Screen::Done(done) => {
            let (tendered, change) = (done.tendered.clone(), done.change.clone());
            let label = done.great_label.clone();
            (done.currency.as_str(), CustomerScreenView::Done { label, tendered, change })
        }
    };
    CustomerView { theme: view.theme, store: view.bar.store.clone(), currency: currency.to_owned(), screen }
}

/// Feeds the window with what changed.
pub struct CustomerFeed {
    remote: CustomerRemote,
    pictures: Vec<Picture>,
    every: Duration,
    code: Option<Picture>,
    begun: Instant,
    shown: RefCell<Option<CustomerView>>,
}

impl CustomerFeed {
    /// Reads the pictures; one that cannot be read is told to the technician and left out.
    pub fn new(remote: CustomerRemote, config: &CustomerWindow, paths: &Paths) -> Self {
        let told = |error: DeviceError| tracing::error!(error = %error, "picture left out");
        let pictures = config.pictures.as_ref().map(|folder| pictures(&paths.data.join(folder)));
        let code = config.code.as_ref().and_then(|file| read(&paths.data.join(file)).map_err(told).ok());
        Self {
            remote,
            pictures: pictures.unwrap_or(Ok(Vec::new())).map_err(told).unwrap_or_default(),
            every: Duration::from_secs(config.seconds.max(1)),
            code,
            begun: Instant::now(),
            shown: RefCell::default(),
        }
    }

    /// Shows what there is to show of the cashier's screen, where it changed.
    pub fn show(&self, cashier: &View) {
        let turn = self.begun.elapsed().as_secs() / self.every.as_secs();
        let index = usize::try_from(turn).unwrap_or(0) % self.pictures.len().max(1);
        let view = view(cashier, self.pictures.get(index), self.code.as_ref());
        let mut shown = self.shown.borrow_mut();
        if shown.as_ref() != Some(&view) {
            *shown = Some(view.clone());
            self.remote.apply(view);
        }
    }
}

/// The PNG files of a folder in the order of their names.
pub fn pictures(folder: &Path) -> Result<Vec<Picture>, DeviceError> {
    let failed = |error: std::io::Error| format!("read {}: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(failed)?;
    let mut files: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("png")));
    files.sort();
    files.truncate(PICTURES_MAX);
    files.iter().map(|file| read(file)).collect()
}

/// A PNG file.
pub fn read(file: &Path) -> Result<Picture, DeviceError> {
    let failed =
        |error: &dyn std::fmt::Display| DeviceError::from(format!("read {}: {error}", file.display()));
    let opened = std::fs::File::open(file).map_err(|error| failed(&error))?;
    let mut decoder = png::Decoder::new(std::io::BufReader::new(opened));
    decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
    let mut reader = decoder.read_info().map_err(|error| failed(&error))?;
    let info = reader.info();
    if info.width > PICTURE_SIDE_MAX || info.height > PICTURE_SIDE_MAX {
        return Err(failed(&format!("more than {PICTURE_SIDE_MAX} pixels a side")));
    }
    let size = reader.output_buffer_size().ok_or_else(|| failed(&"too large"))?;
    let mut bytes = vec![0; size];
    let frame = reader.next_frame(&mut bytes).map_err(|error| failed(&error))?;
    bytes.truncate(frame.buffer_size());
    let rgba = match frame.color_type {
        png::ColorType::Rgba => bytes,
        png::ColorType::GrayscaleAlpha => {
            bytes.chunks_exact(2).flat_map(|pixel| [pixel[0], pixel[0], pixel[0], pixel[1]]).collect()
        }
        other @ (png::ColorType::Grayscale | png::ColorType::Rgb | png::ColorType::Indexed) => {
            return Err(failed(&format!("colours as {other:?}")));
        }
    };
    Picture::new(frame.width, frame.height, rgba).ok_or_else(|| failed(&"no pixels"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ui::view::{Bar, Done, Language, Line, Pay, Sell, Theme};

    fn shown(screen: Screen) -> CustomerScreenView {
        let bar = Bar { store: "文林路店".to_owned(), ..Bar::default() };
        let cashier =
            View { language: Language::Chinese, theme: Theme::Light, bar, screen, notice: None, sheet: None };
        let code = Picture::new(1, 1, vec![0; 4]).expect("a picture");
        let customer = view(&cashier, None, Some(&code));
        assert_eq!(customer.store, "文林路店");
        customer.screen
    }

    #[test]
    fn the_customer_sees_the_newest_lines_what_is_due_and_the_change() {
        let line = |number: usize| Line {
            number: number.to_string(),
            name: "水".to_owned(),
            detail: String::new(),
            promotion: String::new(),
            quantity: "1".to_owned(),
            unit_price: "2.00".to_owned(),
            net: "2.00".to_owned(),
            age_open: false,
            returned: false,
        };
        let sell = Sell { lines: (1..=40).map(line).collect(), total: "80.00".to_owned(), ..Sell::default() };
        let CustomerScreenView::Basket { lines, total, .. } = shown(Screen::Sell(sell)) else {
            panic!("no basket")
        };
        assert_eq!((lines.len(), lines[CUSTOMER_LINES_MAX - 1].number.as_str()), (CUSTOMER_LINES_MAX, "40"));
        assert_eq!(total, "80.00");
        let pay = Pay { due: "7.00".to_owned(), saved: "1.50".to_owned(), ..Pay::default() };
        let CustomerScreenView::Pay { due, code, saved, .. } = shown(Screen::Pay(pay)) else {
            panic!("no total")
        };
        assert_eq!((due.as_str(), saved.as_str(), code.is_some()), ("7.00", "1.50", true));
        let done = Done { change: "3.00".to_owned(), ..Done::default() };
        let done = shown(Screen::Done(done));
        assert!(matches!(done, CustomerScreenView::Done { change, .. } if change == "3.00"));
        assert_eq!(shown(Screen::Sell(Sell::default())), CustomerScreenView::Idle { picture: None });
    }

    #[test]
    fn pictures_are_read_in_order_and_what_is_none_is_named() {
        let folder = std::env::temp_dir().join(format!("guitai-pictures-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        for (name, colour) in [("b.png", png::ColorType::Grayscale), ("a.PNG", png::ColorType::Rgb)] {
            let file = std::fs::File::create(folder.join(name)).expect("a file");
            let mut encoder = png::Encoder::new(file, 2, 1);
            encoder.set_color(colour);
            let mut writer = encoder.write_header().expect("a header");
            writer.write_image_data(&vec![7; 2 * colour.samples()]).expect("written");
        }
        assert_eq!(pictures(&folder).expect("two pictures").len(), 2);
        std::fs::write(folder.join("c.png"), b"GIF89a").expect("a file");
        let error = pictures(&folder).expect_err("a GIF");
        assert!(error.to_string().contains("c.png"), "{error}");
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
