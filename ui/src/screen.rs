//! The till's window: shows a [`View`] and reports what people do. It decides nothing.

use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slint::{CloseRequestResponse, ComponentHandle, LogicalSize, PlatformError, SharedString, Timer, Weak};

use crate::action::{Action, Button, Key};
use crate::below;
use crate::drawn;
pub use crate::generated::TillWindow;
use crate::generated::{Keys, Press};
use crate::keys::{self, Keyboard};
use crate::present;
use crate::view::View;

/// Why the window cannot be shown.
#[derive(Debug)]
pub enum ScreenError {
    /// There is no display, or it refused the window.
    Platform(PlatformError),
    /// The other language is not in the program.
    Language,
}

impl std::fmt::Display for ScreenError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Platform(_) => formatter.write_str("show the till's window"),
            Self::Language => formatter.write_str("select the language of the till's window"),
        }
    }
}

impl std::error::Error for ScreenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Platform(error) => Some(error),
            Self::Language => None,
        }
    }
}

impl From<PlatformError> for ScreenError {
    fn from(error: PlatformError) -> Self {
        Self::Platform(error)
    }
}

/// The till's window. It belongs to the thread that made it; other threads use a [`Remote`].
pub struct TillScreen {
    window: TillWindow,
    newest: Arc<Newest>,
}

impl TillScreen {
    /// Makes the window, not yet visible, and calls `on_action` for everything a person does.
    ///
    /// `on_action` runs on the window's thread, in the order of the keys and
    /// taps; it must not wait.
    pub fn new(on_action: impl Fn(Action) + 'static) -> Result<Self, ScreenError> {
        let window = TillWindow::new()?;
        present::prepare(&window).map_err(|_| ScreenError::Language)?;
        let on_action: Rc<dyn Fn(Action)> = Rc::new(on_action);

        below::report_to(Rc::clone(&on_action));
        let keys = window.global::<Keys>();
        let report = Rc::clone(&on_action);
        keys.on_pressed(move |press, index| report(Action::Press(button(press, index))));
        let report = Rc::clone(&on_action);
        keys.on_typed(move |text, command, control, held| {
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

    /// Shows this view, setting only what differs from what is shown.
    pub fn apply(&self, view: &View) {
        present::present(&self.window, view);
    }

    /// Asks for this size, in logical pixels. The window manager has the last word.
    pub fn set_size(&self, width: u32, height: u32) {
        // A float holds every width below 2^24 pixels.
        self.window.window().set_size(LogicalSize::new(width as f32, height as f32));
    }

    /// Fills the screen, or stops doing so. It takes a window manager that can.
    pub fn set_fullscreen(&self, on: bool) {
        self.window.window().set_fullscreen(on);
    }

    /// Shows the window without running an event loop, for pictures.
    pub fn show(&self) -> Result<(), ScreenError> {
        Ok(self.window.show()?)
    }

    /// Shows the window and runs until it is closed or [`Remote::quit`] is called.
    pub fn run(&self) -> Result<(), ScreenError> {
        Ok(self.window.run()?)
    }

    /// A handle for other threads.
    pub fn remote(&self) -> Remote {
        Remote { window: self.window.as_weak(), newest: Arc::clone(&self.newest) }
    }

    /// The generated component, for tests and pictures.
    pub fn window(&self) -> &TillWindow {
        &self.window
    }
}

/// The newest view that the window has not shown yet.
#[derive(Default)]
struct Newest {
    state: Mutex<Coming>,
    drawn: Condvar,
}

/// What is on its way to the screen.
#[derive(Default)]
struct Coming {
    view: Option<View>,
    is_drawn_now: bool,
}

impl Newest {
    fn lock(&self) -> MutexGuard<'_, Coming> {
        // A panic elsewhere leaves a whole view or none: both can be shown.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The view that is to be drawn now.
    fn begin(&self) -> Option<View> {
        let mut coming = self.lock();
        coming.is_drawn_now = coming.view.is_some();
        coming.view.take()
    }

    fn end(&self) {
        self.lock().is_drawn_now = false;
        self.drawn.notify_all();
    }
}

/// The window as other threads see it: give it views, or end it.
#[derive(Clone)]
pub struct Remote {
    window: Weak<TillWindow>,
    newest: Arc<Newest>,
}

impl Remote {
    /// Shows this view soon.
    ///
    /// A view that comes before the last one was shown replaces it, and the
    /// event loop holds at most one wake-up, so a burst costs one redraw.
    pub fn apply(&self, view: View) {
        let wake_up_pending = self.newest.lock().view.replace(view).is_some();
        if wake_up_pending {
            return;
        }
        let newest = Arc::clone(&self.newest);
        let posted = self.window.upgrade_in_event_loop(move |window| {
            if let Some(view) = newest.begin() {
                present::present(&window, &view);
                drawn::draw_now(window.window());
                // The event loop draws before it looks at its clocks again.
                Timer::single_shot(Duration::ZERO, move || newest.end());
            }
        });
        if posted.is_err() {
            // The event loop is over: nobody will look again.
            self.newest.lock().view.take();
            self.newest.drawn.notify_all();
        }
    }

    /// Waits until all that was to be shown is drawn; whether it is, after `patience` at the latest. Who has work to
    /// do that nobody waits for leaves the processor to the window so long.
    pub fn is_drawn_within(&self, patience: Duration) -> bool {
        let coming = self.newest.lock();
        let is_coming = |coming: &mut Coming| coming.view.is_some() || coming.is_drawn_now;
        let waited = self.newest.drawn.wait_timeout_while(coming, patience, is_coming);
        let (mut coming, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !is_coming(&mut coming)
    }

    /// Ends [`TillScreen::run`].
    pub fn quit(&self) {
        // An event loop that is over needs no ending.
        let _ = slint::quit_event_loop();
    }
}

/// What a tapped control stands for.
fn button(press: Press, index: i32) -> Button {
    let index = usize::try_from(index).unwrap_or_default();
    match press {
        Press::Digit => Button::Digit(
            u32::try_from(index).ok().and_then(|digit| char::from_digit(digit, 10)).unwrap_or('0'),
        ),
        Press::Point => Button::Digit('.'),
        Press::Times => Button::Digit('*'),
        Press::Backspace => Button::Backspace,
        Press::Clear => Button::Clear,
        Press::Enter => Button::Enter,
        Press::Quantity => Button::Quantity,
        Press::VoidLine => Button::Void,
        Press::CancelBasket => Button::CancelBasket,
        Press::Pay => Button::Pay,
        Press::Finish => Button::Finish,
        Press::Back => Button::Back,
        Press::QuickCash => Button::QuickCash(index),
        Press::Goods => Button::Goods(index),
        Press::Tab => Button::Tab(index),
        Press::PageBefore => Button::PageBefore,
        Press::PageAfter => Button::PageAfter,
        Press::Line => Button::Line(index),
        Press::Staff => Button::Staff(index),
        Press::Yes => Button::Yes,
        Press::No => Button::No,
        Press::Language => Button::Language,
        Press::Theme => Button::Theme,
        Press::Reprint => Button::Reprint,
        Press::SignOut => Button::SignOut,
        Press::DismissNotice => Button::DismissNotice,
        Press::ScaleZero => Button::ScaleZero,
        Press::ScaleTare => Button::ScaleTare,
        Press::Row => Button::Row(index),
        Press::Field => Button::Field(index),
        Press::SheetKey => Button::SheetKey(index),
        Press::Letter => Button::Letter(LETTERS.chars().nth(index).unwrap_or(' ')),
        Press::Menu => Button::Menu,
        Press::Help => Button::Help,
        Press::ChangeLine => Button::ChangeLine,
        Press::Member => Button::Member,
        Press::Park => Button::Park,
        Press::GiveBack => Button::GiveBack,
        Press::PriceCheck => Button::PriceCheck,
        Press::Why => Button::Why,
        Press::Lock => Button::Lock,
        Press::Find => Button::Find,
        Press::TenderKind => Button::TenderKind(index),
        Press::TakeBack => Button::TakeBack(index),
        Press::Orders => Button::Orders,
    }
}

/// The letter pad in its order, the blank after them; last what an address has in its place. Keys that a finger hits
/// leave no room for a row of ten: letters stand in the order that everybody can count.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz- :/.";

/// The keys in a key event's text: one, or several when an input method
/// commits a word; none for modifiers and for keys the till does not know.
///
/// With Control, Alt or Meta held a character is a command to some other
/// program and not typed, except that scanners send the GS1 separator as
/// Control-] and line ends as Control-J or Control-M.
///
/// A key that is held down repeats where it writes, rubs out or moves; what
/// does something does it once.
pub(crate) fn typed(text: &SharedString, command: bool, control: bool, held: bool) -> Vec<Key> {
    text.chars()
        .filter_map(|character| {
            let key = key(character)?;
            if held && !repeats(key) {
                return None;
            }
            let Key::Char(written) = key else { return Some(key) };
            match written {
                ']' | '\u{1d}' if control => Some(Key::Char('\u{1d}')),
                'j' | 'm' | 'J' | 'M' if control => Some(Key::Enter),
                _ if command => None,
                _ => Some(key),
            }
        })
        .collect()
}

/// Whether a key that is held down is pressed again and again.
fn repeats(key: Key) -> bool {
    match key {
        Key::Char(_) | Key::Backspace | Key::Up | Key::Down | Key::Left | Key::Right => true,
        Key::Enter
        | Key::Escape
        | Key::Delete
        | Key::Tab
        | Key::Home
        | Key::End
        | Key::PageUp
        | Key::PageDown
        | Key::Function(_) => false,
    }
}

/// The key that Slint encodes as this character.
fn key(character: char) -> Option<Key> {
    use slint::platform::Key as Named;
    const FIRST_FUNCTION: u32 = '\u{f704}' as u32;
    const LAST_FUNCTION: u32 = '\u{f70f}' as u32;
    let code = u32::from(character);
    let named = |name: Named| character == char::from(name);
    if (FIRST_FUNCTION..=LAST_FUNCTION).contains(&code) {
        return u8::try_from(code - FIRST_FUNCTION + 1).ok().map(Key::Function);
    }
    let keys = [
        (Named::Return, Key::Enter),
        (Named::Escape, Key::Escape),
        (Named::Backspace, Key::Backspace),
        (Named::Delete, Key::Delete),
        (Named::Tab, Key::Tab),
        (Named::UpArrow, Key::Up),
        (Named::DownArrow, Key::Down),
        (Named::LeftArrow, Key::Left),
        (Named::RightArrow, Key::Right),
        (Named::Home, Key::Home),
        (Named::End, Key::End),
        (Named::PageUp, Key::PageUp),
        (Named::PageDown, Key::PageDown),
    ];
    if let Some((_, key)) = keys.into_iter().find(|(name, _)| named(*name)) {
        return Some(key);
    }
    match character {
        '\r' => Some(Key::Enter),
        // The GS1 separator, from scanners that send it raw.
        '\u{1d}' => Some(Key::Char(character)),
        // Modifiers, media keys and the like.
        '\u{0}'..='\u{1f}' | '\u{7f}' | '\u{e000}'..='\u{f8ff}' => None,
        _ => Some(Key::Char(character)),
    }
}

#[cfg(test)]
mod tests {
    use super::TillScreen;
    use crate::generated::{Bar, ScreenKind};
    use crate::view;
    use slint::ComponentHandle;

    // The only test here with an event loop, which a process can have once.
    #[test]
    fn a_burst_from_another_thread_ends_with_its_newest_view() {
        i_slint_backend_testing::init_integration_test_with_mock_time();
        let screen = TillScreen::new(|_| {}).expect("a window");
        let remote = screen.remote();
        let burst = std::thread::spawn(move || {
            for second in 0..=500 {
                remote.clone().apply(view::View {
                    language: view::Language::English,
                    theme: view::Theme::Dark,
                    bar: view::Bar { clock: format!("{second}"), ..view::Bar::default() },
                    screen: view::Screen::Done(view::Done::default()),
                    sheet: None,
                    notice: None,
                });
            }
            remote.quit();
        });
        screen.run().expect("an event loop");
        burst.join().expect("the other thread");
        assert_eq!(screen.window().global::<Bar>().get_clock(), "500");
        assert_eq!(screen.window().get_screen(), ScreenKind::Done);
        assert!(screen.newest.lock().view.is_none());
    }
}
