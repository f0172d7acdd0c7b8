//! The customer's window: shows a [`CustomerView`]. It has globals of its own, as every window has, and decides nothing.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use slint::winit_030::WinitWindowAccessor;
use slint::winit_030::winit::dpi::{PhysicalPosition as Corner, PhysicalSize};
use slint::winit_030::winit::monitor::MonitorHandle;
use slint::winit_030::winit::window::Fullscreen;
use slint::{
    CloseRequestResponse, ComponentHandle, Image, LogicalSize, Model, ModelRc, PhysicalPosition, Rgba8Pixel,
    SharedPixelBuffer, SharedString, VecModel, Weak,
};

use crate::action::Action;
pub use crate::generated::CustomerWindow;
use crate::generated::{self as window, CustomerKind, CustomerRow, Keys};
use crate::keys::{self, Keyboard};
use crate::screen::{ScreenError, typed};
use crate::view::{Line, Theme};

/// The most lines that are handed to the window; no screen shows more.
pub const CUSTOMER_LINES_MAX: usize = 16;

/// What is on the customer's window at one moment. The language is that of the till's window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerView {
    /// Light or dark.
    pub theme: Theme,
    /// The store's name.
    pub store: String,
    /// The currency symbol, `¥`.
    pub currency: String,
    /// What is shown.
    pub screen: CustomerScreenView,
}

/// What the customer's window shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerScreenView {
    /// Nobody is served.
    Idle {
        /// A picture; the shop's name where there is none.
        picture: Option<Picture>,
    },
    /// Goods are rung up.
    Basket {
        /// In the order of scanning, the last [`CUSTOMER_LINES_MAX`] of them.
        lines: Vec<Line>,
        /// What is to be paid, `60.49`.
        total: String,
        /// What was saved; empty for nothing.
        saved: String,
    },
    /// Money is taken.
    Pay {
        /// Money goes back to the customer.
        refund: bool,
        /// What is still to be paid.
        due: String,
        /// What was handed over; empty for nothing yet.
        tendered: String,
        /// What was saved; empty for nothing.
        saved: String,
        /// The shop's own payment code.
        code: Option<Picture>,
    },
    /// The sale is saved.
    Done {
        /// What the large amount is, such as the change.
        label: String,
        /// What was handed over.
        tendered: String,
        /// The large amount.
        change: String,
    },
}

/// A picture; two are the same where they are one.
#[derive(Debug, Clone)]
pub struct Picture(Arc<Pixels>);

#[derive(Debug)]
struct Pixels {
    /// Shared with every image that is made of it, so that the window sees that it is the same.
    buffer: SharedPixelBuffer<Rgba8Pixel>,
}

impl PartialEq for Picture {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Picture {}

impl Picture {
    /// Takes rows from the top, four bytes a pixel: red, green, blue, opacity. `None` where that is another number of bytes.
    pub fn new(width: u32, height: u32, rgba: Vec<u8>) -> Option<Self> {
        let bytes = u64::from(width) * u64::from(height) * 4;
        let fits = width > 0 && height > 0 && u64::try_from(rgba.len()) == Ok(bytes);
        fits.then(|| {
            let buffer = SharedPixelBuffer::<Rgba8Pixel>::clone_from_slice(&rgba, width, height);
            Self(Arc::new(Pixels { buffer }))
        })
    }

    /// What it takes in memory, bytes.
    pub fn bytes(&self) -> usize {
        self.0.buffer.as_bytes().len()
    }

    pub(crate) fn image(&self) -> Image {
        Image::from_rgba8(self.0.buffer.clone())
    }
}

/// Where a customer's window is to be. The window manager has the last word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Width, in logical pixels; where width and height are those of the screen at this corner, in that screen's own.
    pub width: u32,
    /// Height, likewise.
    pub height: u32,
    /// Where its upper left corner is, pixels of the whole desk,
    pub x: i32,
    /// and from the top.
    pub y: i32,
    /// Whether it fills the screen that its corner is on. It takes a window manager that can.
    pub fullscreen: bool,
}

/// The customer's window. It belongs to the thread that made it; other threads use a [`CustomerRemote`].
pub struct CustomerScreen {
    window: CustomerWindow,
    shown: Rc<Shown>,
    newest: Arc<Mutex<Option<CustomerView>>>,
}

/// The pictures that the window holds.
#[derive(Default)]
struct Shown {
    picture: std::cell::RefCell<Option<Picture>>,
    code: std::cell::RefCell<Option<Picture>>,
}

thread_local! {
    /// What the one window of this thread holds, for views that other threads sent.
    static SHOWN: Rc<Shown> = Rc::default();
}

impl CustomerScreen {
    /// Makes the window, not yet visible. Keys that reach it are reported as those of the till's window are.
    ///
    /// # Errors
    /// There is no display.
    pub fn new(on_action: impl Fn(Action) + 'static) -> Result<Self, ScreenError> {
        let window = CustomerWindow::new()?;
        window.global::<window::Customer>().set_lines(ModelRc::from(Rc::new(VecModel::default())));
        window.global::<Keys>().on_typed(move |text, command, control, held| {
            let at = keys::taken_now(Keyboard::Window);
            for key in typed(&text, command, control, held) {
                on_action(Action::Key { key, at });
            }
        });
        // It ends with the till's window, not by itself.
        window.window().on_close_requested(|| CloseRequestResponse::KeepWindowShown);
        Ok(Self { window, shown: SHOWN.with(Rc::clone), newest: Arc::default() })
    }

    /// Shows this view.
    pub fn apply(&self, view: &CustomerView) {
        present(&self.window, &self.shown, view);
    }

    /// Makes it visible at a place; the till's event loop runs it.
    ///
    /// # Errors
    /// The display refused it.
    pub fn show_at(&self, place: Place) -> Result<(), ScreenError> {
        Ok(put(&self.window, place)?)
    }

    /// Shows these at a place, each so long, without a till behind it, and ends.
    ///
    /// # Errors
    /// The display refused it.
    pub fn play(&self, place: Place, scenes: &[(CustomerView, Duration)]) -> Result<(), ScreenError> {
        put(&self.window, place)?;
        let mut from = Duration::ZERO;
        for (view, lasts) in scenes {
            let (window, view) = (self.window.as_weak(), view.clone());
            slint::Timer::single_shot(from, move || {
                if let Some(window) = window.upgrade() {
                    SHOWN.with(|shown| present(&window, shown, &view));
                }
            });
            from += *lasts;
        }
        slint::Timer::single_shot(from, || {
            // A loop that is over needs no ending.
            let _ = slint::quit_event_loop();
        });
        Ok(self.window.run()?)
    }

    /// A handle for other threads.
    pub fn remote(&self) -> CustomerRemote {
        CustomerRemote { window: self.window.as_weak(), newest: Arc::clone(&self.newest) }
    }

    /// The generated component, for tests and pictures.
    pub fn window(&self) -> &CustomerWindow {
        &self.window
    }
}

/// The customer's window as other threads see it.
#[derive(Clone)]
pub struct CustomerRemote {
    window: Weak<CustomerWindow>,
    newest: Arc<Mutex<Option<CustomerView>>>,
}

impl CustomerRemote {
    /// Makes the window visible at a place, soon, with this view.
    pub fn show_at(&self, place: Place, view: CustomerView) {
        // Where the event loop is over nobody will look.
        let _ = self.window.upgrade_in_event_loop(move |window| {
            SHOWN.with(|shown| present(&window, shown, &view));
            // A display that refuses it shows nothing, which whoever looks at it sees.
            let _ = put(&window, place);
        });
    }

    /// Hides the window soon.
    pub fn hide(&self) {
        // Likewise.
        let _ = self.window.upgrade_in_event_loop(|window| {
            let _ = window.hide();
        });
    }

    /// Shows this view soon; one that comes before the last was shown takes its place.
    pub fn apply(&self, view: CustomerView) {
        let lock = |newest: &Mutex<Option<CustomerView>>, view| {
            // A panic elsewhere leaves a whole view or none: both can be shown.
            std::mem::replace(&mut *newest.lock().unwrap_or_else(PoisonError::into_inner), view)
        };
        if lock(&self.newest, Some(view)).is_some() {
            return;
        }
        let newest = Arc::clone(&self.newest);
        let posted = self.window.upgrade_in_event_loop(move |window| {
            if let Some(view) = lock(&newest, None) {
                SHOWN.with(|shown| present(&window, shown, &view));
            }
        });
        if posted.is_err() {
            // The event loop is over: nobody will look again.
            lock(&self.newest, None);
        }
    }
}

/// Shows the window at a place.
fn put(customer: &CustomerWindow, place: Place) -> Result<(), slint::PlatformError> {
    let window = customer.window();
    window.set_size(LogicalSize::new(place.width as f32, place.height as f32));
    window.set_position(PhysicalPosition::new(place.x, place.y));
    customer.show()?;
    let weak = customer.as_weak();
    let settled = slint::spawn_local(async move {
        if let Some(customer) = weak.upgrade() {
            settle(&customer, place).await;
        }
    });
    // Without an event loop no window is ever there.
    drop(settled);
    Ok(())
}

/// Once the window is there: only then it is known which screens there are. A window that is told to fill its screen before
/// fills the one on which the pointer is.
async fn settle(customer: &CustomerWindow, place: Place) {
    let Ok(window) = customer.window().winit_window().await else {
        // Another kind of display: it has one screen.
        customer.window().set_fullscreen(place.fullscreen);
        return;
    };
    let screens: Vec<MonitorHandle> = window.available_monitors().collect();
    let corner = Corner::new(place.x, place.y);
    let whole = |screen: &&MonitorHandle| {
        screen.position() == corner && screen.size() == PhysicalSize::new(place.width, place.height)
    };
    let holds = |screen: &&MonitorHandle| {
        let (at, size) = (screen.position(), screen.size());
        let within = |at: i32, from: i32, length: u32| {
            (0..i64::from(length)).contains(&(i64::from(at) - i64::from(from)))
        };
        within(place.x, at.x, size.width) && within(place.y, at.y, size.height)
    };
    if screens.iter().any(|screen| whole(&screen)) {
        // What else it asks for is asked by itself.
        let _ = window.request_inner_size(PhysicalSize::new(place.width, place.height));
    }
    // A window that was shown before and is elsewhere now.
    window.set_outer_position(corner);
    let filled = screens.iter().find(holds).filter(|_| place.fullscreen);
    match filled {
        Some(screen) => window.set_fullscreen(Some(Fullscreen::Borderless(Some(screen.clone())))),
        None => customer.window().set_fullscreen(place.fullscreen),
    }
}

fn present(customer: &CustomerWindow, shown: &Shown, view: &CustomerView) {
    customer.global::<window::Theme>().set_dark(view.theme == Theme::Dark);
    let global = customer.global::<window::Customer>();
    global.set_store(SharedString::from(&view.store));
    global.set_currency(SharedString::from(&view.currency));
    global.set_kind(match &view.screen {
        CustomerScreenView::Idle { picture } => {
            global.set_any_picture(picture.is_some());
            if let Some(picture) = another(&shown.picture, picture.as_ref()) {
                global.set_picture(picture.image());
            }
            CustomerKind::Idle
        }
        CustomerScreenView::Basket { lines, total, saved } => {
            rows(&global.get_lines(), lines);
            global.set_total(SharedString::from(total));
            global.set_saved(SharedString::from(saved));
            CustomerKind::Basket
        }
        CustomerScreenView::Pay { refund, due, tendered, saved, code } => {
            global.set_refund(*refund);
            global.set_due(SharedString::from(due));
            global.set_tendered(SharedString::from(tendered));
            global.set_saved(SharedString::from(saved));
            global.set_any_code(code.is_some());
            if let Some(code) = another(&shown.code, code.as_ref()) {
                global.set_code(code.image());
            }
            CustomerKind::Pay
        }
        CustomerScreenView::Done { label, tendered, change } => {
            global.set_label(SharedString::from(label));
            global.set_tendered(SharedString::from(tendered));
            global.set_change(SharedString::from(change));
            CustomerKind::Done
        }
    });
}

/// The picture, where the window holds another one: it is copied once.
fn another<'a>(
    held: &std::cell::RefCell<Option<Picture>>,
    wanted: Option<&'a Picture>,
) -> Option<&'a Picture> {
    let wanted = wanted?;
    let mut held = held.borrow_mut();
    if held.as_ref() == Some(wanted) {
        return None;
    }
    *held = Some(wanted.clone());
    Some(wanted)
}

fn rows(list: &ModelRc<CustomerRow>, lines: &[Line]) {
    let Some(rows) = list.as_any().downcast_ref::<VecModel<CustomerRow>>() else {
        debug_assert!(false, "`new` puts a VecModel there");
        return;
    };
    let row = |line: &Line| CustomerRow {
        name: SharedString::from(&line.name),
        detail: SharedString::from(&line.detail),
        promotion: SharedString::from(&line.promotion),
        quantity: SharedString::from(&line.quantity),
        net: SharedString::from(&line.net),
    };
    rows.set_vec(lines.iter().map(row).collect::<Vec<_>>());
}
