//! The kiosk's window: shows a [`KioskView`] and reports what customers touch. All words arrive with the view, in the
//! customer's language. It decides nothing.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use slint::{
    CloseRequestResponse, ComponentHandle, Image, LogicalSize, Model, ModelRc, SharedString, VecModel, Weak,
};

use crate::action::Action;
use crate::customer::Picture;
use crate::drawn;
pub use crate::generated::KioskWindow;
use crate::generated::{self as window, Keys, KioskLayout, KioskTouch};
use crate::keys::{self, Keyboard};
use crate::present::picture as code_picture;
use crate::screen::{ScreenError, typed};
use crate::view::{self, Tone};

/// What is on the kiosk's window at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KioskView {
    /// The store's name.
    pub store: String,
    /// How it looks.
    pub look: Look,
    /// The bar above.
    pub bar: KioskBar,
    /// What is shown below it.
    pub page: KioskPage,
    /// What is said about what was just done.
    pub notice: Option<KioskNotice>,
    /// The way back; empty where there is none.
    pub back: String,
    /// The way on.
    pub go: Option<Go>,
    /// The page's keys.
    pub keys: Vec<KioskKey>,
}

/// How a kiosk looks to whoever stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// White and yellow on black.
    pub contrast: bool,
    /// Larger type.
    pub large: bool,
}

/// The bar above every page; what is empty is not there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KioskBar {
    /// What to do, in few words.
    pub title: String,
    /// The other language's name.
    pub language: String,
    /// The key for large type.
    pub large: String,
    /// The key for high contrast.
    pub contrast: String,
    /// The key that calls the attendant.
    pub help: String,
    /// The attendant's own place.
    pub staff: String,
}

/// What a customer is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KioskNotice {
    /// How urgent it is.
    pub tone: Tone,
    /// What happened.
    pub what: String,
    /// What is safe, and what to do.
    pub rest: String,
}

/// The way on, at the lower right.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Go {
    /// Where it leads.
    pub label: String,
    /// The number that it is about.
    pub value: String,
    /// More of it.
    pub detail: String,
    /// Whether it can be taken now.
    pub enabled: bool,
}

/// A key of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KioskKey {
    /// What it does.
    pub label: String,
    /// More of it; may be empty.
    pub detail: String,
    /// How it looks.
    pub tone: Tone,
    /// Whether it does it now.
    pub enabled: bool,
}

/// Goods, in the basket or to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goods {
    /// Their name, with how many.
    pub name: String,
    /// Size, weight, or what one costs.
    pub detail: String,
    /// What promotions take off.
    pub saving: String,
    /// What they cost.
    pub price: String,
    /// A sign that stands for them where there is no picture.
    pub sign: String,
    /// The same number for the same kind of goods.
    pub kind: i32,
    /// Their picture.
    pub picture: Option<Picture>,
    /// What taking one out is called; empty where that is not done here.
    pub remove: String,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Row {
    /// What it is.
    pub name: String,
    /// More of it.
    pub detail: String,
    /// A number at its end.
    pub value: String,
    /// How urgent it is; quiet where `None`.
    pub tone: Option<Tone>,
    /// Whether it is a key.
    pub tap: bool,
    /// How many, where it is counted.
    pub count: String,
    /// What taking one away is called; empty where it cannot be.
    pub less: String,
    /// What one more is called.
    pub more: String,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KioskPage {
    /// A heading, what to do, at most one large number or code.
    Plain {
        /// The heading.
        title: String,
        /// What to do.
        text: String,
        /// What the number is.
        great_label: String,
        /// The number.
        great: String,
        /// A code to scan with a phone.
        code: Option<view::Picture>,
    },
    /// Goods are scanned.
    Scan {
        /// The basket, what was scanned last first.
        lines: Vec<Goods>,
        /// What is said while it is empty.
        empty: String,
    },
    /// Goods without a code.
    Goods {
        /// Kinds of goods.
        tabs: Vec<String>,
        /// The chosen one; below nothing where letters choose.
        tab: i32,
        /// What there is.
        tiles: Vec<Goods>,
        /// What is said where there is none.
        empty: String,
        /// The key that takes a letter back, for a screen reader.
        erase: String,
    },
    /// Digits are typed.
    Pad {
        /// The heading.
        title: String,
        /// What to do.
        text: String,
        /// What was typed, as it is shown.
        typed: String,
        /// The key that takes a digit back, for a screen reader.
        erase: String,
    },
    /// Rows.
    List {
        /// The heading.
        title: String,
        /// What to do.
        text: String,
        /// The rows.
        rows: Vec<Row>,
    },
}

impl Default for KioskPage {
    fn default() -> Self {
        Self::Scan { lines: Vec::new(), empty: String::new() }
    }
}

/// What was touched at a kiosk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touch {
    /// The n-th key of the page, from 0.
    Key(usize),
    /// The way on.
    Go,
    /// The way back.
    Back,
    /// The other language.
    Language,
    /// Large type, or not any more.
    Large,
    /// High contrast, or not any more.
    Contrast,
    /// Call the attendant.
    Help,
    /// The attendant's place.
    Staff,
    /// Take one of the n-th line out, from 0.
    Line(usize),
    /// The n-th tile, from 0.
    Tile(usize),
    /// The n-th kind of goods, from 0.
    Tab(usize),
    /// A letter.
    Letter(char),
    /// A digit.
    Digit(char),
    /// Take back what was typed last.
    Erase,
    /// The n-th row, from 0.
    Row(usize),
    /// One less of the n-th row.
    Less(usize),
    /// One more of the n-th row.
    More(usize),
}

/// The kiosk's window. It belongs to the thread that made it; other threads use a [`KioskRemote`].
pub struct KioskScreen {
    window: KioskWindow,
    newest: Arc<Mutex<Option<KioskView>>>,
}

impl KioskScreen {
    /// Makes the window, not yet visible, and calls `on_action` for everything that is touched or scanned, in order.
    ///
    /// # Errors
    /// There is no display.
    pub fn new(on_action: impl Fn(Action) + Clone + 'static) -> Result<Self, ScreenError> {
        let window = KioskWindow::new()?;
        let kiosk = window.global::<window::Kiosk>();
        kiosk.set_keys(ModelRc::from(Rc::new(VecModel::default())));
        kiosk.set_lines(ModelRc::from(Rc::new(VecModel::default())));
        kiosk.set_rows(ModelRc::from(Rc::new(VecModel::default())));
        kiosk.set_tabs(ModelRc::from(Rc::new(VecModel::default())));
        let report = on_action.clone();
        kiosk.on_touched(move |what, index| report(Action::Touch(touch(what, index))));
        let report = on_action.clone();
        window.global::<Keys>().on_typed(move |text, command, control, held| {
            let at = keys::taken_now(Keyboard::Window);
            for key in typed(&text, command, control, held) {
                report(Action::Key { key, at });
            }
        });
        window.window().on_close_requested(move || {
            on_action(Action::CloseRequested);
            CloseRequestResponse::HideWindow
        });
        Ok(Self { window, newest: Arc::default() })
    }

    /// Shows this view.
    pub fn apply(&self, view: &KioskView) {
        present(&self.window, view);
    }

    /// Asks for this size, in logical pixels. The window manager has the last word.
    pub fn set_size(&self, width: u32, height: u32) {
        self.window.window().set_size(LogicalSize::new(width as f32, height as f32));
    }

    /// Fills the screen, or stops doing so. It takes a window manager that can.
    pub fn set_fullscreen(&self, on: bool) {
        self.window.window().set_fullscreen(on);
    }

    /// Shows the window without running an event loop.
    ///
    /// # Errors
    /// The display refused it.
    pub fn show(&self) -> Result<(), ScreenError> {
        Ok(self.window.show()?)
    }

    /// Shows the window and runs until it is closed or [`KioskRemote::quit`] is called.
    ///
    /// # Errors
    /// The display refused it.
    pub fn run(&self) -> Result<(), ScreenError> {
        Ok(self.window.run()?)
    }

    /// A handle for other threads.
    pub fn remote(&self) -> KioskRemote {
        KioskRemote { window: self.window.as_weak(), newest: Arc::clone(&self.newest) }
    }

    /// The generated component, for tests and pictures.
    pub fn window(&self) -> &KioskWindow {
        &self.window
    }
}

/// The kiosk's window as other threads see it.
#[derive(Clone)]
pub struct KioskRemote {
    window: Weak<KioskWindow>,
    newest: Arc<Mutex<Option<KioskView>>>,
}

impl KioskRemote {
    /// Shows this view soon; one that comes before the last was shown takes its place.
    pub fn apply(&self, view: KioskView) {
        let put = |newest: &Mutex<Option<KioskView>>, view| {
            // A panic elsewhere leaves a whole view or none: both can be shown.
            std::mem::replace(&mut *newest.lock().unwrap_or_else(PoisonError::into_inner), view)
        };
        if put(&self.newest, Some(view)).is_some() {
            return;
        }
        let newest = Arc::clone(&self.newest);
        let posted = self.window.upgrade_in_event_loop(move |window| {
            if let Some(view) = put(&newest, None) {
                present(&window, &view);
                drawn::draw_now(window.window());
            }
        });
        if posted.is_err() {
            // The event loop is over: nobody will look again.
            put(&self.newest, None);
        }
    }

    /// Ends [`KioskScreen::run`].
    pub fn quit(&self) {
        // An event loop that is over needs no ending.
        let _ = slint::quit_event_loop();
    }
}

/// The letters of the goods page, in its order.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

fn touch(what: KioskTouch, index: i32) -> Touch {
    let index = usize::try_from(index).unwrap_or_default();
    match what {
        KioskTouch::Key => Touch::Key(index),
        KioskTouch::Go => Touch::Go,
        KioskTouch::Back => Touch::Back,
        KioskTouch::Language => Touch::Language,
        KioskTouch::Large => Touch::Large,
        KioskTouch::Contrast => Touch::Contrast,
        KioskTouch::Help => Touch::Help,
        KioskTouch::Staff => Touch::Staff,
        KioskTouch::Line => Touch::Line(index),
        KioskTouch::Tile => Touch::Tile(index),
        KioskTouch::Tab => Touch::Tab(index),
        KioskTouch::Letter => Touch::Letter(LETTERS.chars().nth(index).unwrap_or('A')),
        KioskTouch::Digit => Touch::Digit(
            u32::try_from(index).ok().and_then(|digit| char::from_digit(digit, 10)).unwrap_or('0'),
        ),
        KioskTouch::Erase => Touch::Erase,
        KioskTouch::Row => Touch::Row(index),
        KioskTouch::Less => Touch::Less(index),
        KioskTouch::More => Touch::More(index),
    }
}

fn tone_of(tone: Tone) -> window::Tone {
    match tone {
        Tone::Good => window::Tone::Good,
        Tone::Attend => window::Tone::Attend,
        Tone::Stop => window::Tone::Stop,
        Tone::Quiet => window::Tone::Quiet,
    }
}

fn present(kiosk: &KioskWindow, view: &KioskView) {
    let theme = kiosk.global::<window::KioskTheme>();
    theme.set_contrast(view.look.contrast);
    theme.set_large(view.look.large);
    let global = kiosk.global::<window::Kiosk>();
    global.set_store(text(&view.store));
    global.set_bar_title(text(&view.bar.title));
    global.set_language(text(&view.bar.language));
    global.set_large(text(&view.bar.large));
    global.set_contrast(text(&view.bar.contrast));
    global.set_help(text(&view.bar.help));
    global.set_staff(text(&view.bar.staff));
    global.set_back(text(&view.back));
    let none = Go::default();
    let go = view.go.as_ref().unwrap_or(&none);
    global.set_go(text(&go.label));
    global.set_go_value(text(&go.value));
    global.set_go_detail(text(&go.detail));
    global.set_can_go(go.enabled);
    global.set_has_notice(view.notice.is_some());
    if let Some(notice) = &view.notice {
        global.set_notice_tone(tone_of(notice.tone));
        global.set_notice(text(&notice.what));
        global.set_notice_rest(text(&notice.rest));
    }
    let key = |key: &KioskKey| window::KioskKeyRow {
        label: text(&key.label),
        detail: text(&key.detail),
        tone: tone_of(key.tone),
        enabled: key.enabled,
    };
    update(&global.get_keys(), view.keys.iter().map(key).collect());
    present_page(&global, &view.page);
}

fn present_page(global: &window::Kiosk<'_>, page: &KioskPage) {
    let words = |title: &String, about: &String| {
        global.set_title(text(title));
        global.set_text(text(about));
    };
    global.set_layout(match page {
        KioskPage::Plain { title, text: about, great_label, great, code } => {
            words(title, about);
            global.set_great_label(text(great_label));
            global.set_great(text(great));
            global.set_has_code(code.is_some());
            if let Some(code) = code {
                global.set_code(code_picture(code));
            }
            KioskLayout::Plain
        }
        KioskPage::Scan { lines, empty } => {
            update(&global.get_lines(), lines.iter().map(goods).collect());
            global.set_empty(text(empty));
            KioskLayout::Scan
        }
        KioskPage::Goods { tabs, tab, tiles, empty, erase } => {
            update(&global.get_tabs(), tabs.iter().map(text).collect());
            global.set_tab(*tab);
            update(&global.get_lines(), tiles.iter().map(goods).collect());
            global.set_empty(text(empty));
            global.set_erase_label(text(erase));
            KioskLayout::Goods
        }
        KioskPage::Pad { title, text: about, typed, erase } => {
            words(title, about);
            global.set_typed(text(typed));
            global.set_erase_label(text(erase));
            KioskLayout::Pad
        }
        KioskPage::List { title, text: about, rows } => {
            words(title, about);
            update(&global.get_rows(), rows.iter().map(row).collect());
            KioskLayout::List
        }
    });
}

fn text(words: &String) -> SharedString {
    SharedString::from(words)
}

fn goods(goods: &Goods) -> window::KioskGoodsRow {
    window::KioskGoodsRow {
        name: text(&goods.name),
        detail: text(&goods.detail),
        saving: text(&goods.saving),
        price: text(&goods.price),
        sign: text(&goods.sign),
        kind: goods.kind,
        has_picture: goods.picture.is_some(),
        picture: goods.picture.as_ref().map_or_else(Image::default, Picture::image),
        remove: text(&goods.remove),
    }
}

fn row(row: &Row) -> window::KioskListRow {
    window::KioskListRow {
        name: text(&row.name),
        detail: text(&row.detail),
        value: text(&row.value),
        tone: tone_of(row.tone.unwrap_or(Tone::Quiet)),
        tap: row.tap,
        count: text(&row.count),
        less: text(&row.less),
        more: text(&row.more),
    }
}

/// Puts rows into a list, and leaves alone what is the same.
fn update<T: Clone + PartialEq + 'static>(list: &ModelRc<T>, rows: Vec<T>) {
    let Some(shown) = list.as_any().downcast_ref::<VecModel<T>>() else {
        debug_assert!(false, "`new` puts a VecModel there");
        return;
    };
    if shown.row_count() != rows.len() {
        return shown.set_vec(rows);
    }
    for (index, row) in rows.into_iter().enumerate() {
        if shown.row_data(index).as_ref() != Some(&row) {
            shown.set_row_data(index, row);
        }
    }
}
