//! What a customer can touch and read on each of the kiosk's layouts, found as a screen reader finds it.

// Positions on the screen are floats.
#![allow(clippy::float_arithmetic)]

use std::cell::RefCell;
use std::rc::Rc;

use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery, init_no_event_loop};
use slint::platform::{PointerEventButton, WindowEvent};
use slint::{ComponentHandle, LogicalPosition};
use ui::action::{Action, Key};
use ui::kiosk::{KioskScreen, Touch};
use views::{around, pages};

#[path = "views/kiosk.rs"]
mod views;

thread_local! {
    /// Set once for each test, which has a thread of its own.
    static HEADLESS: () = init_no_event_loop();
}

/// What a finger needs, pixels.
const TARGET: f32 = 96.0;

struct Kiosk {
    screen: KioskScreen,
    done: Rc<RefCell<Vec<Action>>>,
}

impl Kiosk {
    fn open(width: u32, height: u32) -> Self {
        HEADLESS.with(|()| ());
        let done: Rc<RefCell<Vec<Action>>> = Rc::default();
        let heard = Rc::clone(&done);
        let screen = KioskScreen::new(move |action| heard.borrow_mut().push(action)).expect("a window");
        screen.set_size(width, height);
        screen.show().expect("shown");
        Self { screen, done }
    }

    fn buttons(&self) -> Vec<ElementHandle> {
        ElementQuery::from_root(self.screen.window()).match_accessible_role(AccessibleRole::Button).find_all()
    }

    fn tap(&self, label: &str) -> Vec<Action> {
        let buttons = self.buttons();
        let found: Vec<_> =
            buttons.iter().filter(|button| button.accessible_label().as_deref() == Some(label)).collect();
        assert_eq!(found.len(), 1, "buttons called {label:?}");
        let (corner, size) = (found[0].absolute_position(), found[0].size());
        let position = LogicalPosition::new(corner.x + size.width / 2.0, corner.y + size.height / 2.0);
        let window = self.screen.window().window();
        window.dispatch_event(WindowEvent::PointerPressed { position, button: PointerEventButton::Left });
        window.dispatch_event(WindowEvent::PointerReleased { position, button: PointerEventButton::Left });
        self.done.take()
    }

    fn reads(&self) -> String {
        let all = ElementQuery::from_root(self.screen.window()).match_descendants().find_all();
        all.iter()
            .filter_map(ElementHandle::accessible_label)
            .map(String::from)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

#[test]
fn every_control_is_large_enough_and_inside_the_window() {
    for (width, height) in [(1_080, 1_400), (1_080, 1_920), (1_280, 800)] {
        for (name, page) in pages() {
            let kiosk = Kiosk::open(width, height);
            let mut view = around(page);
            // Who scans is at the beginning: nothing leads back.
            if name == "scan" {
                view.back.clear();
            }
            // Digits and lists have no keys beside them; on a low window nothing is said above digits either.
            if matches!(name, "pad" | "list") {
                view.keys.clear();
                view.notice = view.notice.filter(|_| height > width || name == "list");
            }
            kiosk.screen.apply(&view);
            for button in kiosk.buttons() {
                let label = button.accessible_label().unwrap_or_default();
                let (at, size) = (button.absolute_position(), button.size());
                assert!(
                    size.width >= TARGET && size.height >= TARGET,
                    "{name} at {width}x{height}: {label} is {}x{}",
                    size.width,
                    size.height
                );
                let inside = at.x >= 0.0 && at.x + size.width <= width as f32 + 0.5 && at.y >= 0.0;
                assert!(inside, "{name} at {width}x{height}: {label} is cut at {},{}", at.x, at.y);
            }
            // The way back and the way on are always in sight.
            for label in ["Back", "Pay"].into_iter().skip(usize::from(name == "scan")) {
                let way = kiosk
                    .buttons()
                    .into_iter()
                    .find(|button| button.accessible_label().as_deref() == Some(label));
                let way = way.unwrap_or_else(|| panic!("{label} on {name}"));
                let end = way.absolute_position().y + way.size().height;
                assert!(end <= height as f32 + 0.5, "{name} at {width}x{height}: {label} ends at {end}");
            }
        }
    }
}

#[test]
fn touches_are_reported_and_scans_pass_through() {
    let kiosk = Kiosk::open(1_080, 1_400);
    let touch = |touch| [Action::Touch(touch)];
    kiosk.screen.apply(&around(pages()[1].1.clone()));
    for (label, what) in [
        ("Pay", Touch::Go),
        ("Back", Touch::Back),
        ("中文", Touch::Language),
        ("Small type", Touch::Large),
        ("Contrast", Touch::Contrast),
        ("Call staff", Touch::Help),
        ("Staff", Touch::Staff),
        ("Member / coupon", Touch::Key(1)),
        ("Take out one", Touch::Line(0)),
        ("Take out three", Touch::Line(2)),
    ] {
        assert_eq!(kiosk.tap(label), touch(what), "{label}");
    }
    assert!(kiosk.reads().contains("The code was not read Not added."), "{}", kiosk.reads());
    kiosk.screen.apply(&around(pages()[2].1.clone()));
    assert_eq!(kiosk.tap("Pears"), touch(Touch::Tile(1)));
    assert_eq!(kiosk.tap("Fruit"), touch(Touch::Tab(0)));
    assert_eq!(kiosk.tap("Q"), touch(Touch::Letter('Q')));
    assert_eq!(kiosk.tap("Delete one letter"), touch(Touch::Erase));
    kiosk.screen.apply(&around(pages()[3].1.clone()));
    assert_eq!(kiosk.tap("7"), touch(Touch::Digit('7')));
    kiosk.screen.apply(&around(pages()[4].1.clone()));
    assert_eq!(kiosk.tap("Large bag: one more"), touch(Touch::More(1)));
    assert_eq!(kiosk.tap("Small bag: one less"), touch(Touch::Less(0)));
    let window = kiosk.screen.window().window();
    window.dispatch_event(WindowEvent::KeyPressed { text: "6".into() });
    assert!(matches!(kiosk.done.take()[..], [Action::Key { key: Key::Char('6'), .. }]));
}
