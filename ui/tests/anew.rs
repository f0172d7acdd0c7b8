//! What has changed is drawn anew, however much was written before it. A
//! renderer that only draws what it believes to have changed has forgotten a
//! total on the screen: each view is held against the whole drawn from nothing.

use std::fs;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use slint::platform::software_renderer::{
    MinimalSoftwareWindow, PremultipliedRgbaColor, RepaintBufferType, SoftwareRenderer,
};
use slint::platform::{Platform, WindowAdapter, update_timers_and_animations};
use slint::{ComponentHandle, PhysicalSize, PlatformError};
use ui::TillScreen;
use ui::view::{Bar, Language, Line, Screen, Sell, Theme, View};

const WIDTH: u32 = 1_024;
const HEIGHT: u32 = 768;
/// Scans, each of which writes some twenty texts: more than any cache of texts holds.
const SCANS: usize = 150;
/// The digits of a code, each of which is a frame of its own.
const DIGITS: &str = "6921168509256";

type Buffer = Vec<PremultipliedRgbaColor>;

/// A platform whose one window is drawn by the test.
struct Canvas {
    window: Rc<MinimalSoftwareWindow>,
    start: Instant,
}

impl Platform for Canvas {
    fn create_window_adapter(&self) -> Result<Rc<dyn WindowAdapter>, PlatformError> {
        Ok(Rc::<MinimalSoftwareWindow>::clone(&self.window))
    }

    fn duration_since_start(&self) -> Duration {
        self.start.elapsed()
    }
}

fn line(number: usize) -> Line {
    Line {
        number: number.to_string(),
        name: format!("goods {number}"),
        promotion: format!("promotion −0.{number:02}"),
        quantity: "1".into(),
        unit_price: format!("{number}.00"),
        net: format!("{number}.20"),
        detail: String::new(),
        age_open: false,
        returned: false,
    }
}

fn view(lines: &[Line], entry: &str) -> View {
    let scans = lines.len();
    let sell = Sell {
        lines: lines.to_vec(),
        selected: scans - 1,
        pieces: scans.to_string(),
        saved: format!("{scans}.80"),
        almost: format!("buy {scans} more"),
        currency: "¥".into(),
        total: format!("{}.49", scans * 3),
        entry: entry.into(),
        can_pay: true,
        ..Sell::default()
    };
    let bar = Bar { store: "Wenlin Road".into(), clock: "12:42".into(), ..Bar::default() };
    View {
        language: Language::English,
        theme: Theme::Light,
        bar,
        screen: Screen::Sell(sell),
        sheet: None,
        notice: None,
    }
}

/// Draws what the renderer believes to have changed.
fn draw(window: &MinimalSoftwareWindow, buffer: &mut Buffer) {
    update_timers_and_animations();
    window.draw_if_needed(|renderer: &SoftwareRenderer| {
        renderer.render(buffer, WIDTH as usize);
    });
}

#[test]
fn what_changes_is_drawn_however_much_was_written_before() {
    let window = MinimalSoftwareWindow::new(RepaintBufferType::ReusedBuffer);
    let platform = Canvas { window: Rc::clone(&window), start: Instant::now() };
    slint::platform::set_platform(Box::new(platform)).expect("the first window of this thread");
    let screen = TillScreen::new(|_| ()).expect("a window");
    window.set_size(PhysicalSize::new(WIDTH, HEIGHT));
    screen.show().expect("shown");
    let mut buffer: Buffer = vec![PremultipliedRgbaColor::default(); (WIDTH * HEIGHT) as usize];
    let mut lines = vec![line(1)];
    for number in 2..=SCANS {
        for typed in 1..=DIGITS.len() {
            screen.apply(&view(&lines, &DIGITS[..typed]));
            draw(&window, &mut buffer);
        }
        lines.push(line(number));
        screen.apply(&view(&lines, ""));
        draw(&window, &mut buffer);
        draw(&window, &mut buffer);
    }
    let whole = screen.window().window().take_snapshot().expect("a picture");
    let wrong = whole
        .as_slice()
        .iter()
        .zip(&buffer)
        .position(|(whole, drawn)| [whole.r, whole.g, whole.b] != [drawn.red, drawn.green, drawn.blue]);
    let place = wrong.map(|at| (at % WIDTH as usize, at / WIDTH as usize));
    assert_eq!(place, None, "the first pixel that shows what was before, from the left and the top");
}

/// The lines of a folder's Slint files that hold a bare `Text`.
fn bare_texts(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder of the screens") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            found.extend(bare_texts(&path));
            continue;
        }
        let written = fs::read_to_string(&path).expect("a text");
        let lines = written.lines().enumerate();
        let bare = lines.filter(|(_, line)| line.split([' ', ':', '(']).any(|word| word == "Text"));
        let told = bare.map(|(at, line)| format!("{}:{}: {line}", path.display(), at + 1));
        found.extend(told.filter(|line| !line.contains("inherits Text {") && !line.contains(": // ")));
    }
    found
}

#[test]
fn all_words_are_of_the_kind_that_is_drawn_anew() {
    let found = bare_texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("slint"));
    assert!(found.is_empty(), "take Words of words.slint instead: {found:#?}");
}
