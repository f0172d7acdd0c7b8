//! Keys as the keyboard sends them, below an input method.
//!
//! A field that an input method may write into gives it every key, and some ways to write have a use for digits: of a
//! scanner's code bopomofo makes words. The window system tells the keys themselves to the program that has the keyboard,
//! and so what a scanner sent is known whatever an input method made of it. They are listened to only while such a field
//! stands open, and for as long after it as its last words may be on their way.
//!
//! X and Windows tell them; where a window system does not, nothing is heard here.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use slint::BackendSelector;
use slint::winit_030::winit::event::{DeviceEvent, DeviceId, ElementState, RawKeyEvent};
use slint::winit_030::winit::event_loop::ActiveEventLoop;
use slint::winit_030::winit::keyboard::{KeyCode, PhysicalKey};
use slint::winit_030::{CustomApplicationHandler, EventResult};

use crate::action::{Action, Key};
use crate::keys::{self, Keyboard};
use crate::screen::ScreenError;

/// What an input method writes comes so soon after the key.
const WRITTEN_WITHIN: Duration = Duration::from_millis(120);

/// So long after the field was closed keys are still listened to: what an input method held back may come as late.
const LISTENED_AFTER: Duration = Duration::from_secs(3);

/// Whether keys are listened to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Listening {
    #[default]
    No,
    /// A field that an input method may write into stands open.
    Yes,
    /// It did until lately.
    Until(Instant),
}

#[derive(Default)]
struct Below {
    listening: Listening,
    left_shift: bool,
    right_shift: bool,
    report: Option<Rc<dyn Fn(Action)>>,
}

thread_local! {
    /// One for all windows of the event loop: they share the keyboard.
    static BELOW: RefCell<Below> = RefCell::default();
}

/// Selects the window system with an ear for its keys. Once in a process, before the first window.
///
/// # Errors
///
/// There is no display, or a window was made before.
pub fn select_window_system() -> Result<(), ScreenError> {
    Ok(BackendSelector::new().with_winit_custom_application_handler(Ear).select()?)
}

/// Who is told of the keys.
pub(crate) fn report_to(report: Rc<dyn Fn(Action)>) {
    BELOW.with_borrow_mut(|below| below.report = Some(report));
}

/// Whether a field stands open that an input method may write into.
pub(crate) fn listen(to_field: bool) {
    BELOW.with_borrow_mut(|below| {
        below.listening = match (below.listening, to_field) {
            (Listening::No | Listening::Yes | Listening::Until(_), true) => Listening::Yes,
            (Listening::Yes, false) => Listening::Until(Instant::now() + LISTENED_AFTER),
            (as_before @ (Listening::No | Listening::Until(_)), false) => as_before,
        };
    });
}

struct Ear;

impl CustomApplicationHandler for Ear {
    fn device_event(&mut self, _: &ActiveEventLoop, _: DeviceId, event: DeviceEvent) -> EventResult {
        if let DeviceEvent::Key(RawKeyEvent { physical_key: PhysicalKey::Code(code), state }) = event {
            hear(code, state == ElementState::Pressed);
        }
        EventResult::Propagate
    }
}

/// A key went down or up.
fn hear(code: KeyCode, is_down: bool) {
    let heard = BELOW.with_borrow_mut(|below| {
        match code {
            KeyCode::ShiftLeft => below.left_shift = is_down,
            KeyCode::ShiftRight => below.right_shift = is_down,
            _ => {}
        }
        let listens = match below.listening {
            Listening::No => false,
            Listening::Yes => true,
            Listening::Until(end) => Instant::now() <= end,
        };
        let key = key(code, below.left_shift || below.right_shift).filter(|_| is_down && listens)?;
        Some((key, below.report.clone()?))
    });
    let Some((key, report)) = heard else { return };
    let at = keys::taken_now(Keyboard::Below);
    report(Action::Below { key, at });
    if key == Key::Enter {
        slint::Timer::single_shot(WRITTEN_WITHIN, move || {
            BELOW_DUE.with_borrow_mut(|due| due.push((at, report)));
            // Keys that wait are taken first. Without an event loop nobody types.
            let _ = slint::invoke_from_event_loop(|| {
                for (at, report) in BELOW_DUE.take() {
                    report(Action::BelowWritten { at });
                }
            });
        });
    }
}

/// A Return, and who is to be told that what was written with it has come.
type Due = (Instant, Rc<dyn Fn(Action)>);

thread_local! {
    static BELOW_DUE: RefCell<Vec<Due>> = const { RefCell::new(Vec::new()) };
}

/// What scanners mean by a key: they send the keys of an American keyboard unless told otherwise.
fn key(code: KeyCode, shift: bool) -> Option<Key> {
    const KEYS: &[(KeyCode, char, char)] = &[
        (KeyCode::Digit0, '0', ')'),
        (KeyCode::Digit1, '1', '!'),
        (KeyCode::Digit2, '2', '@'),
        (KeyCode::Digit3, '3', '#'),
        (KeyCode::Digit4, '4', '$'),
        (KeyCode::Digit5, '5', '%'),
        (KeyCode::Digit6, '6', '^'),
        (KeyCode::Digit7, '7', '&'),
        (KeyCode::Digit8, '8', '*'),
        (KeyCode::Digit9, '9', '('),
        (KeyCode::Numpad0, '0', '0'),
        (KeyCode::Numpad1, '1', '1'),
        (KeyCode::Numpad2, '2', '2'),
        (KeyCode::Numpad3, '3', '3'),
        (KeyCode::Numpad4, '4', '4'),
        (KeyCode::Numpad5, '5', '5'),
        (KeyCode::Numpad6, '6', '6'),
        (KeyCode::Numpad7, '7', '7'),
        (KeyCode::Numpad8, '8', '8'),
        (KeyCode::Numpad9, '9', '9'),
        (KeyCode::KeyA, 'a', 'A'),
        (KeyCode::KeyB, 'b', 'B'),
        (KeyCode::KeyC, 'c', 'C'),
        (KeyCode::KeyD, 'd', 'D'),
        (KeyCode::KeyE, 'e', 'E'),
        (KeyCode::KeyF, 'f', 'F'),
        (KeyCode::KeyG, 'g', 'G'),
        (KeyCode::KeyH, 'h', 'H'),
        (KeyCode::KeyI, 'i', 'I'),
        (KeyCode::KeyJ, 'j', 'J'),
        (KeyCode::KeyK, 'k', 'K'),
        (KeyCode::KeyL, 'l', 'L'),
        (KeyCode::KeyM, 'm', 'M'),
        (KeyCode::KeyN, 'n', 'N'),
        (KeyCode::KeyO, 'o', 'O'),
        (KeyCode::KeyP, 'p', 'P'),
        (KeyCode::KeyQ, 'q', 'Q'),
        (KeyCode::KeyR, 'r', 'R'),
        (KeyCode::KeyS, 's', 'S'),
        (KeyCode::KeyT, 't', 'T'),
        (KeyCode::KeyU, 'u', 'U'),
        (KeyCode::KeyV, 'v', 'V'),
        (KeyCode::KeyW, 'w', 'W'),
        (KeyCode::KeyX, 'x', 'X'),
        (KeyCode::KeyY, 'y', 'Y'),
        (KeyCode::KeyZ, 'z', 'Z'),
        (KeyCode::Space, ' ', ' '),
        (KeyCode::Minus, '-', '_'),
        (KeyCode::Equal, '=', '+'),
        (KeyCode::BracketLeft, '[', '{'),
        (KeyCode::BracketRight, ']', '}'),
        (KeyCode::Backslash, '\\', '|'),
        (KeyCode::Semicolon, ';', ':'),
        (KeyCode::Quote, '\'', '"'),
        (KeyCode::Backquote, '`', '~'),
        (KeyCode::Comma, ',', '<'),
        (KeyCode::Period, '.', '>'),
        (KeyCode::Slash, '/', '?'),
    ];
    if matches!(code, KeyCode::Enter | KeyCode::NumpadEnter) {
        return Some(Key::Enter);
    }
    let (_, plain, shifted) = KEYS.iter().find(|(named, ..)| *named == code)?;
    Some(Key::Char(if shift { *shifted } else { *plain }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of these keys, down and up one after the other.
    fn told(codes: &[(KeyCode, bool)]) -> Vec<Key> {
        let heard: Rc<RefCell<Vec<Key>>> = Rc::default();
        let told = Rc::clone(&heard);
        report_to(Rc::new(move |action| {
            if let Action::Below { key, .. } = action {
                told.borrow_mut().push(key);
            }
        }));
        codes.iter().for_each(|(code, is_down)| hear(*code, *is_down));
        heard.take()
    }

    #[test]
    fn keys_are_told_while_an_input_method_may_write_and_a_little_longer() {
        i_slint_backend_testing::init_no_event_loop();
        let one = [(KeyCode::Digit1, true), (KeyCode::Digit1, false)];
        assert_eq!(told(&one), [], "nobody may hear a PIN");
        listen(false);
        assert_eq!(told(&one), []);
        listen(true);
        assert_eq!(told(&one), [Key::Char('1')]);
        listen(false);
        assert_eq!(told(&one), [Key::Char('1')], "what was held back may still come");
        listen(false);
        BELOW.with_borrow_mut(|below| {
            assert!(matches!(below.listening, Listening::Until(_)));
            below.listening = Listening::Until(Instant::now() - LISTENED_AFTER);
        });
        assert_eq!(told(&one), []);
    }

    #[test]
    fn shift_makes_capitals_and_signs_until_it_is_let_go() {
        i_slint_backend_testing::init_no_event_loop();
        listen(true);
        let keys = [
            (KeyCode::BracketRight, true),
            (KeyCode::ShiftLeft, true),
            (KeyCode::KeyE, true),
            (KeyCode::ShiftLeft, false),
            (KeyCode::Digit0, true),
            (KeyCode::Numpad6, true),
            (KeyCode::F2, true),
            (KeyCode::NumpadEnter, true),
        ];
        let chars = [']', 'E', '0', '6'].map(Key::Char);
        assert_eq!(told(&keys), [&chars[..], &[Key::Enter]].concat());
    }
}
