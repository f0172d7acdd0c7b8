//! What a cashier can tap, type and read on each screen, found as a screen
//! reader finds it: by role and label.

// Positions on the screen are floats.
#![allow(clippy::float_arithmetic)]

use std::cell::RefCell;
use std::rc::Rc;

use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery, init_no_event_loop};
use slint::platform::{Key as Named, PointerEventButton, WindowEvent};
use slint::{ComponentHandle, LogicalPosition, SharedString};
use ui::TillScreen;
use ui::action::{Action, Button, Key};
use ui::view::{
    Closed, Done, EntryHint, Language, Line, Notice, PaperState, Pay, PrinterState, Scale, ScaleState,
    Screen, Script, Sell, Sheet, SheetKey, Side, SignIn, Span, SyncState, Tone, View,
};

use AccessibleRole as Role;
use views::{every_notice, every_sheet, every_view, line, over, pay, pictured, sell, sign_in, tile, view};

#[path = "views/till.rs"]
mod views;

thread_local! {
    /// Set once for each test, which has a thread of its own.
    static HEADLESS: () = init_no_event_loop();
}

/// A till and what was done at it.
struct Lane {
    screen: TillScreen,
    done: Rc<RefCell<Vec<Action>>>,
}

impl Lane {
    fn open(view: &View) -> Self {
        HEADLESS.with(|()| ());
        let done = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&done);
        let screen = TillScreen::new(move |action| seen.borrow_mut().push(action)).expect("a window");
        screen.set_size(1024, 768);
        screen.apply(view);
        screen.window().show().expect("a shown window");
        Self { screen, done }
    }

    fn controls(&self, role: Role) -> Vec<ElementHandle> {
        ElementQuery::from_root(self.screen.window()).match_accessible_role(role).find_all()
    }

    fn labels(&self, role: Role) -> Vec<String> {
        self.controls(role).iter().filter_map(ElementHandle::accessible_label).map(String::from).collect()
    }

    fn find(&self, role: Role, label: &str) -> ElementHandle {
        let found: Vec<_> = self
            .controls(role)
            .into_iter()
            .filter(|control| control.accessible_label().as_deref() == Some(label))
            .collect();
        assert_eq!(found.len(), 1, "{role:?} {label:?} among {:?}", self.labels(role));
        found.into_iter().next().expect("one")
    }

    fn dispatch(&self, event: WindowEvent) {
        self.screen.window().window().dispatch_event(event);
    }

    /// Taps the middle of a control with a finger.
    fn tap(&self, control: &ElementHandle) {
        let (corner, size) = (control.absolute_position(), control.size());
        let position = LogicalPosition::new(corner.x + size.width / 2.0, corner.y + size.height / 2.0);
        self.dispatch(WindowEvent::PointerPressed { position, button: PointerEventButton::Left });
        self.dispatch(WindowEvent::PointerReleased { position, button: PointerEventButton::Left });
    }

    fn press_key(&self, text: impl Into<SharedString>) {
        let text = text.into();
        self.dispatch(WindowEvent::KeyPressed { text: text.clone() });
        self.dispatch(WindowEvent::KeyReleased { text });
    }

    fn take(&self) -> Vec<Action> {
        self.done.take()
    }

    /// The keys that arrived; anything else is a failure.
    fn take_keys(&self) -> Vec<Key> {
        let key = |action| match action {
            Action::Key { key, at: _ } => key,
            Action::Below { .. }
            | Action::BelowWritten { .. }
            | Action::Press(_)
            | Action::Touch(_)
            | Action::CloseRequested => {
                panic!("{action:?} is not a key")
            }
        };
        self.take().into_iter().map(key).collect()
    }
}

/// Every control of this role and label, by finger and by screen reader, does this and nothing else.
fn check(screen: &Screen, notice: Option<Notice>, controls: &[(Role, &str, Button)]) {
    let lane = Lane::open(&view(screen.clone(), notice));
    for (role, label, button) in controls {
        lane.tap(&lane.find(*role, label));
        assert_eq!(lane.take(), [Action::Press(*button)], "tap {label}");
        lane.find(*role, label).invoke_accessible_default_action();
        assert_eq!(lane.take(), [Action::Press(*button)], "default action of {label}");
    }
}

/// What one text says in the language of the screen.
fn said(language: Language) -> Notice {
    let (what, rest) = match language {
        Language::English => ("That scan was not added", "Finish this, then scan again."),
        Language::Chinese => ("刚才扫的没有加入", "这一步做完，再扫一次。"),
    };
    Notice::Said { tone: Tone::Attend, what: what.into(), rest: rest.into() }
}

#[test]
fn goods_are_rung_up_with_a_finger() {
    let keys = [
        (Role::Button, "7", Button::Digit('7')),
        (Role::Button, "0", Button::Digit('0')),
        (Role::Button, ".", Button::Digit('.')),
        (Role::Button, "Amount times department", Button::Digit('*')),
        (Role::Button, "Delete one character", Button::Backspace),
        (Role::Button, "Clear", Button::Clear),
        (Role::Button, "Enter", Button::Enter),
        (Role::Button, "Quantity", Button::Quantity),
        (Role::Button, "Void", Button::Void),
        (Role::Button, "Price and discount", Button::ChangeLine),
        (Role::Button, "Park", Button::Park),
        (Role::Button, "Member", Button::Member),
        (Role::Button, "Why this price?", Button::Why),
        (Role::Button, "Pay", Button::Pay),
        (Role::Button, "apples", Button::Goods(1)),
        (Role::Button, "Page before", Button::PageBefore),
        (Role::Button, "Page after", Button::PageAfter),
        (Role::Tab, "Fruit", Button::Tab(1)),
        (Role::ListItem, "milk", Button::Line(0)),
        (Role::ListItem, "bread", Button::Line(2)),
        (Role::TextInput, "Entry", Button::Find),
        (Role::Button, "Menu", Button::Menu),
        (Role::Button, "Lock", Button::Lock),
        (Role::Button, "Help", Button::Help),
        (Role::Button, "Put the message away", Button::DismissNotice),
    ];
    // The notice stands over what was saved; what is under it is tried without one.
    let (under, beside): (Vec<_>, Vec<_>) =
        keys.into_iter().partition(|(_, label, _)| *label == "Why this price?");
    check(&Screen::Sell(sell()), Some(Notice::PaymentCode), &beside);
    check(&Screen::Sell(sell()), None, &under);
}

#[test]
fn a_search_offers_what_it_found_in_place_of_the_tiles() {
    let side = Side::Results { results: vec![tile("bananas"), tile("banana milk")], selected: 0, more: true };
    let screen = Screen::Sell(Sell { side, entry: "ban".into(), entry_hint: EntryHint::Search, ..sell() });
    check(
        &screen,
        None,
        &[(Role::Button, "banana milk", Button::Goods(1)), (Role::Button, "7", Button::Digit('7'))],
    );
    let lane = Lane::open(&view(screen, None));
    assert!(!lane.labels(Role::Button).contains(&"apples".into()));
    assert_eq!(lane.find(Role::TextInput, "Entry").accessible_value().as_deref(), Some("ban"));
}

#[test]
fn goods_with_a_picture_are_found_and_touched_by_their_names() {
    for (_, pictured) in pictured() {
        check(&pictured.screen, None, &[(Role::Button, "红富士苹果", Button::Goods(2))]);
        let lane = Lane::open(&pictured);
        // A picture is nothing that is read out: the name is.
        assert!(lane.labels(Role::Button).contains(&"carrier bag".into()));
        assert_eq!(lane.find(Role::ListItem, "bread").accessible_label().as_deref(), Some("bread"));
    }
}

#[test]
fn the_scale_is_followed_zeroed_and_tared_with_a_finger() {
    let scale = Scale { state: ScaleState::Still, weight: "1.235 kg".into(), ..Scale::default() };
    let screen = |scale: &Scale| Screen::Sell(Sell { scale: Some(scale.clone()), ..sell() });
    let keys = [(Role::Button, "Zero", Button::ScaleZero), (Role::Button, "Tare", Button::ScaleTare)];
    check(&screen(&scale), None, &keys);
    let lane = Lane::open(&view(screen(&scale), None));
    lane.find(Role::Text, "1.235 kg ");
    let mut told = Vec::new();
    for state in [
        ScaleState::Moving,
        ScaleState::Sold,
        ScaleState::OverRange,
        ScaleState::UnderRange,
        ScaleState::BelowMinimum,
        ScaleState::Away,
    ] {
        let goods = if state == ScaleState::Sold { "apples" } else { "" };
        lane.screen.apply(&view(screen(&Scale { state, goods: goods.into(), ..scale.clone() }), None));
        let texts = lane.labels(Role::Text);
        assert!(!told.contains(&texts), "{state:?} reads like another state");
        told.push(texts);
    }
}

#[test]
fn an_empty_basket_cannot_be_paid() {
    let lane = Lane::open(&view(Screen::Sell(Sell::default()), None));
    let pay = lane.find(Role::Button, "Pay");
    lane.tap(&pay);
    pay.invoke_accessible_default_action();
    assert_eq!(lane.take(), []);
    assert_eq!(lane.controls(Role::ListItem).len(), 0);
}

#[test]
fn a_sheet_is_answered_and_covers_the_keys_beside_it() {
    for screen in [Screen::Sell(sell()), Screen::Pay(pay()), Screen::Done(Done::default())] {
        for sheet in every_sheet() {
            let lane = Lane::open(&over(screen.clone(), sheet.clone()));
            // What a sheet shows comes after what lies below it.
            let last = |role: Role, label: &str| {
                lane.controls(role)
                    .into_iter()
                    .rfind(|key| key.accessible_label().as_deref() == Some(label))
                    .unwrap_or_else(|| panic!("{label} on {sheet:?}"))
            };
            lane.tap(&last(Role::Button, &sheet.go));
            lane.tap(&last(Role::Button, &sheet.back));
            let answers = [Action::Press(Button::Yes), Action::Press(Button::No)];
            assert_eq!(lane.take(), if sheet.can_go { &answers[..] } else { &answers[1..] });
            for (index, field) in sheet.fields.iter().enumerate() {
                lane.tap(&last(Role::TextInput, &field.label));
                assert!(lane.take().contains(&Action::Press(Button::Field(index))) || field.focused);
            }
            for (index, key) in sheet.keys.iter().enumerate() {
                lane.tap(&last(Role::Button, &key.label));
                let expected = key.enabled.then_some(Action::Press(Button::SheetKey(index)));
                assert_eq!(lane.take(), Vec::from_iter(expected), "{}", key.label);
            }
            // The keys below rest: a tap where Pay stands is the sheet's own.
            for control in lane.controls(Role::Button) {
                let label = control.accessible_label().unwrap_or_default();
                if ["Pay", "Finish", "Next customer", "Quantity", "Void"].contains(&label.as_str()) {
                    lane.tap(&control);
                }
            }
            let below = |action: &Action| {
                !matches!(
                    action,
                    Action::Press(
                        Button::Yes
                            | Button::No
                            | Button::SheetKey(_)
                            | Button::Letter(_)
                            | Button::Digit(_)
                            | Button::Backspace
                            | Button::Clear
                            | Button::Row(_)
                    )
                )
            };
            assert_eq!(lane.take().into_iter().filter(below).collect::<Vec<_>>(), []);
        }
    }
}

#[test]
fn letters_and_digits_are_typed_with_a_finger() {
    let search = every_sheet().into_iter().find(|sheet| sheet.letters).expect("a search");
    let lane = Lane::open(&over(Screen::Sell(sell()), search));
    for (label, button) in [
        ("q", Button::Letter('q')),
        ("m", Button::Letter('m')),
        ("-", Button::Letter('-')),
        ("Space", Button::Letter(' ')),
    ] {
        lane.tap(&lane.find(Role::Button, label));
        assert_eq!(lane.take(), [Action::Press(button)]);
    }
    // Codes are written in capitals, and the keys show it.
    let code = Sheet { letters: true, script: Script::Capitals, ..Sheet::default() };
    let lane = Lane::open(&over(Screen::Sell(sell()), code));
    lane.tap(&lane.find(Role::Button, "Q"));
    assert_eq!(lane.take(), [Action::Press(Button::Letter('q'))]);
    // An address has signs of its own, and no blank.
    let address = Sheet { letters: true, script: Script::Address, ..Sheet::default() };
    let lane = Lane::open(&over(Screen::Sell(sell()), address));
    for sign in [":", "/", "-"] {
        lane.tap(&lane.find(Role::Button, sign));
        let typed = sign.chars().next().expect("a sign");
        assert_eq!(lane.take(), [Action::Press(Button::Letter(typed))]);
    }
    assert!(!lane.labels(Role::Button).iter().any(|label| label == "Space"));
}

#[test]
fn what_an_input_method_writes_is_typed_once() {
    let search = every_sheet().into_iter().find(|sheet| sheet.letters).expect("a search");
    let lane = Lane::open(&over(Screen::Sell(sell()), search));
    lane.press_key('香');
    assert_eq!(lane.take_keys(), [Key::Char('香')]);
    // Keys go on when the search is put away.
    lane.screen.apply(&view(Screen::Sell(sell()), None));
    lane.press_key('5');
    assert_eq!(lane.take_keys(), [Key::Char('5')]);
}

#[test]
fn a_long_list_shows_its_chosen_row() {
    let list = every_sheet().into_iter().find(|sheet| sheet.rows.len() > 10).expect("a list");
    let lane = Lane::open(&over(Screen::Sell(sell()), list));
    let row = lane.find(Role::ListItem, "basket 19");
    lane.tap(&row);
    assert_eq!(lane.take(), [Action::Press(Button::Row(19))]);
}

#[test]
fn money_is_taken_with_a_finger() {
    let keys = [
        (Role::Button, "6.00", Button::QuickCash(0)),
        (Role::Button, "50.00", Button::QuickCash(3)),
        (Role::Button, "5", Button::Digit('5')),
        (Role::Button, "Delete one character", Button::Backspace),
        (Role::Button, "Clear", Button::Clear),
        (Role::Button, "Back to goods", Button::Back),
        (Role::Button, "Finish", Button::Finish),
        (Role::Button, "Card", Button::TenderKind(0)),
        (Role::Button, "Take back", Button::TakeBack(0)),
        (Role::Button, "Put the message away", Button::DismissNotice),
    ];
    check(&Screen::Pay(pay()), Some(Notice::ScanWhilePaying), &keys);
}

#[test]
fn while_a_sale_is_saved_its_keys_rest() {
    let lane = Lane::open(&view(Screen::Pay(Pay { saving: true, ..pay() }), None));
    for label in ["Saving…", "6.00", "5", "Back to goods"] {
        let key = lane.find(Role::Button, label);
        assert_eq!(key.accessible_enabled(), Some(false), "{label}");
        lane.tap(&key);
    }
    assert_eq!(lane.take(), []);
}

#[test]
fn somebody_signs_in_with_a_finger() {
    let keys = [
        (Role::Button, "Zhao", Button::Staff(1)),
        (Role::Button, "1", Button::Digit('1')),
        (Role::Button, "Back", Button::Back),
        (Role::Button, "Sign in", Button::Enter),
    ];
    check(
        &Screen::SignIn(SignIn { chosen: "Wang".into(), ..sign_in() }),
        Some(Notice::WrongPin { wait_seconds: 0 }),
        &keys,
    );
}

#[test]
fn the_next_customer_is_a_tap_away() {
    let keys = [
        (Role::Button, "Next customer", Button::Back),
        (Role::Button, "Reprint receipt", Button::Reprint),
        (Role::Button, "Receipt as a code", Button::Find),
        (Role::Button, "9", Button::Digit('9')),
    ];
    check(&Screen::Done(Done::default()), None, &keys);
}

#[test]
fn a_closed_lane_offers_only_the_bar() {
    let lane = Lane::open(&view(Screen::Closed(Closed::WaitingForGoods), None));
    assert_eq!(lane.labels(Role::Button), ["Menu", "Lock", "Help"]);
    lane.find(Role::Main, "Goods and prices have not arrived yet");
}

#[test]
fn each_key_arrives_exactly_once_on_every_screen() {
    let named = [
        (Named::Return, Key::Enter),
        (Named::Escape, Key::Escape),
        (Named::Backspace, Key::Backspace),
        (Named::Delete, Key::Delete),
        (Named::Tab, Key::Tab),
        (Named::UpArrow, Key::Up),
        (Named::DownArrow, Key::Down),
        (Named::LeftArrow, Key::Left),
        (Named::RightArrow, Key::Right),
        (Named::PageUp, Key::PageUp),
        (Named::PageDown, Key::PageDown),
        (Named::F1, Key::Function(1)),
        (Named::F4, Key::Function(4)),
        (Named::F10, Key::Function(10)),
        (Named::F12, Key::Function(12)),
        (Named::Space, Key::Char(' ')),
    ];
    for view in every_view() {
        for notice in [None, Some(Notice::DiskFull)] {
            let screen = &view;
            let lane = Lane::open(&View { notice, ..view.clone() });
            // A finger has been on the screen, and the window was away.
            // A till that is being set up has no keys to explain yet.
            let any = if matches!(view.screen, Screen::SetUp(_)) { "Other colours" } else { "Help" };
            lane.tap(&lane.find(Role::Button, any));
            lane.dispatch(WindowEvent::WindowActiveChanged(false));
            lane.dispatch(WindowEvent::WindowActiveChanged(true));
            lane.take();
            for (name, key) in named {
                lane.press_key(char::from(name));
                assert_eq!(lane.take_keys(), [key], "{screen:?}");
            }
            for character in "6921168509256xZ.-中".chars() {
                lane.press_key(character);
                assert_eq!(lane.take_keys(), [Key::Char(character)], "{screen:?}");
            }
        }
    }
}

#[test]
fn keys_arrive_on_a_screen_that_was_changed_to() {
    let lane = Lane::open(&view(Screen::Sell(sell()), None));
    for screen in every_view() {
        lane.screen.apply(&View { notice: Some(Notice::NoLine), ..screen.clone() });
        lane.press_key('5');
        assert_eq!(lane.take_keys(), [Key::Char('5')], "{screen:?}");
    }
}

#[test]
fn a_key_that_is_held_does_once_what_it_does_and_writes_on() {
    let lane = Lane::open(&view(Screen::Sell(sell()), None));
    for (name, times) in [
        (Named::Delete, 1),
        (Named::Return, 1),
        (Named::Escape, 1),
        (Named::Tab, 1),
        (Named::Home, 1),
        (Named::PageDown, 1),
        (Named::F10, 1),
        (Named::Backspace, 4),
        (Named::DownArrow, 4),
    ] {
        let text: slint::SharedString = char::from(name).into();
        lane.dispatch(WindowEvent::KeyPressed { text: text.clone() });
        for _ in 0..3 {
            lane.dispatch(WindowEvent::KeyPressRepeated { text: text.clone() });
        }
        lane.dispatch(WindowEvent::KeyReleased { text });
        assert_eq!(lane.take_keys().len(), times, "{name:?}");
    }
    for text in ["7", "7"] {
        lane.dispatch(WindowEvent::KeyPressRepeated { text: text.into() });
    }
    assert_eq!(lane.take_keys(), [Key::Char('7'), Key::Char('7')]);
}

#[test]
fn modifiers_are_silent_and_commands_are_not_typed() {
    let lane = Lane::open(&view(Screen::Sell(sell()), None));
    for modifier in
        [Named::Shift, Named::ShiftR, Named::Control, Named::Alt, Named::AltGr, Named::CapsLock, Named::Meta]
    {
        lane.press_key(char::from(modifier));
    }
    assert_eq!(lane.take(), []);

    lane.dispatch(WindowEvent::KeyPressed { text: char::from(Named::Control).into() });
    for text in ["c", "]", "j"] {
        lane.press_key(text);
    }
    lane.dispatch(WindowEvent::KeyReleased { text: char::from(Named::Control).into() });
    lane.press_key("c");
    assert_eq!(lane.take_keys(), [Key::Char('\u{1d}'), Key::Enter, Key::Char('c')]);
}

#[test]
fn closing_the_window_is_reported() {
    let lane = Lane::open(&view(Screen::Sell(sell()), None));
    lane.dispatch(WindowEvent::CloseRequested);
    assert_eq!(lane.take(), [Action::CloseRequested]);
}

#[test]
fn the_language_changes_while_the_till_runs() {
    let mut view = view(Screen::Sell(sell()), Some(Notice::PaymentCode));
    let lane = Lane::open(&view);
    lane.find(Role::Button, "Pay");
    view.language = Language::Chinese;
    lane.screen.apply(&view);
    for label in ["收款", "数量", "删行", "挂单", "锁定", "收起提示"] {
        lane.find(Role::Button, label);
    }
    assert!(!lane.labels(Role::Button).contains(&"Pay".into()));
    view.language = Language::English;
    lane.screen.apply(&view);
    lane.find(Role::Button, "Pay");
}

#[test]
fn the_bar_says_how_things_stand() {
    let mut view = view(Screen::Sell(sell()), None);
    view.language = Language::Chinese;
    view.bar.sync = SyncState::Offline { since: Span::Hours(3), waiting: "214".into() };
    view.bar.printer = PrinterState::Ready;
    let lane = Lane::open(&view);
    lane.find(Role::Text, "离线 3 小时 · 待传 214");
    lane.find(Role::Text, "打印机正常");
    view.language = Language::English;
    view.bar.printer = PrinterState::Offline { waiting: "2".into() };
    lane.screen.apply(&view);
    lane.find(Role::Text, "Offline 3 h · 214 to send");
    lane.find(Role::Text, "Printer offline · 2 waiting");
    // Open orders are a key, the widest words beside it.
    view.bar.orders = Some(ui::view::OrderCount { text: "Orders 12".into(), calls: true });
    lane.screen.apply(&view);
    lane.tap(&lane.find(Role::Button, "Orders 12"));
    assert_eq!(lane.take(), [Action::Press(Button::Orders)]);
}

#[test]
fn every_message_says_three_things_in_both_languages() {
    let lane = Lane::open(&view(Screen::Sell(sell()), None));
    let mut said = Vec::new();
    for notice in every_notice() {
        for (language, label, stop) in
            [(Language::English, "Put the message away", '.'), (Language::Chinese, "收起提示", '。')]
        {
            lane.screen.apply(&View { language, ..view(Screen::Sell(sell()), Some(notice.clone())) });
            let message =
                lane.find(Role::Button, label).accessible_description().expect("a message").to_string();
            let (what, rest) = message.split_once(". ").expect("what happened, then the rest");
            assert!(!what.is_empty() && rest.contains(stop), "{notice:?}: {message}");
            assert!(!said.contains(&message), "{notice:?} says the same as another: {message}");
            said.push(message);
        }
    }
}

#[test]
fn words_of_a_sheet_are_a_message_like_any_other() {
    let lane = Lane::open(&view(Screen::Sell(sell()), Some(said(Language::English))));
    let message =
        lane.find(Role::Button, "Put the message away").accessible_description().expect("a message");
    assert_eq!(message, "That scan was not added. Finish this, then scan again.");
}

#[test]
fn the_paper_of_the_last_sale_is_told() {
    let lane = Lane::open(&view(Screen::Done(Done::default()), None));
    let mut told = Vec::new();
    for paper in [
        PaperState::None,
        PaperState::Waiting,
        PaperState::Printing,
        PaperState::Printed,
        PaperState::Sent,
        PaperState::NotPrinted,
        PaperState::InDoubt,
    ] {
        lane.screen.apply(&view(
            Screen::Done(Done {
                paper,
                change: "3.00".into(),
                great_label: "Change".into(),
                ..Done::default()
            }),
            None,
        ));
        lane.find(Role::Text, "Change 3.00");
        let texts = lane.labels(Role::Text);
        assert!(!told.contains(&texts), "{paper:?} reads like another state");
        told.push(texts);
    }
}

#[test]
fn the_basket_follows_the_view() {
    let lane = Lane::open(&view(Screen::Sell(sell()), None));
    for names in
        [&["milk", "tea", "bread", "eggs"][..], &["milk", "bread", "eggs"], &["milk"], &["rice", "milk"], &[]]
    {
        let lines: Vec<Line> = names.iter().map(|name| line(name)).collect();
        lane.screen.apply(&view(
            Screen::Sell(Sell { selected: lines.len().saturating_sub(1), lines, ..sell() }),
            None,
        ));
        assert_eq!(lane.labels(Role::ListItem), names);
    }
}

#[test]
fn touch_targets_are_large_enough() {
    for screen in every_view() {
        let lane = Lane::open(&screen);
        for role in [Role::Button, Role::Tab, Role::ListItem] {
            for control in lane.controls(role) {
                let size = control.size();
                assert!(
                    size.width >= 54.0 && size.height >= 54.0,
                    "{:?} is {size:?} on {screen:?}",
                    control.accessible_label()
                );
            }
        }
    }
}

/// Text that is larger than its control would be drawn over its neighbours or cut: each is measured against the box it
/// stands in, in both languages and both sizes.
#[test]
fn every_text_of_a_control_lies_within_it() {
    let lane = Lane::open(&view(Screen::Sell(sell()), None));
    let mut measured = 0;
    for (width, height) in [(1_024, 768), (1_920, 1_080)] {
        lane.screen.set_size(width, height);
        for language in [Language::Chinese, Language::English] {
            for shown in every_view() {
                lane.screen.apply(&View { language, ..shown.clone() });
                for role in [Role::Button, Role::Tab, Role::ListItem, Role::TextInput] {
                    for control in lane.controls(role) {
                        let (corner, size) = (control.absolute_position(), control.size());
                        for text in control.query_descendants().match_inherits("Text").find_all() {
                            let (at, of) = (text.absolute_position(), text.size());
                            // An entry line shows the end of what is typed; the rest is meant to be out of sight.
                            let beside = role != Role::TextInput
                                && (at.x + 1.0 < corner.x || at.x + of.width > corner.x + size.width + 1.0);
                            let above =
                                at.y + 1.0 < corner.y || at.y + of.height > corner.y + size.height + 1.0;
                            measured += 1;
                            assert!(
                                !beside && !above,
                                "text {of:?} at {at:?} is not within {:?}, {size:?} at {corner:?}, in {language:?}",
                                control.accessible_label(),
                            );
                        }
                    }
                }
            }
        }
    }
    assert!(measured > 1_000, "only {measured} texts were measured");
}

#[test]
fn every_text_is_translated() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let catalogue =
        std::fs::read_to_string(folder.join("lang/zh_CN/LC_MESSAGES/ui.po")).expect("the catalogue");
    let translations: Vec<(&str, &str)> = catalogue
        .split("\n\n")
        .skip(1)
        .map(|entry| {
            let field = |name: &str| {
                entry.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" \"")?.strip_suffix('"'))
            };
            (field("msgid").expect(entry), field("msgstr").expect(entry))
        })
        .collect();

    let mut used = Vec::new();
    for path in ["slint", "slint/kiosk"]
        .iter()
        .flat_map(|of| std::fs::read_dir(folder.join(of)).expect("the .slint files"))
        .map(|file| file.expect("an entry").path())
        .filter(|path| path.is_file())
    {
        let source = std::fs::read_to_string(path).expect("a source");
        for call in source.split("@tr(").skip(1) {
            let text = call
                .strip_prefix('"')
                .and_then(|call| call.split_once('"'))
                .expect("a text without quotes in it")
                .0
                .to_owned();
            let found: Vec<_> = translations.iter().filter(|(original, _)| *original == text).collect();
            assert_eq!(found.len(), 1, "{text}");
            let (_, translation) = found[0];
            assert!(!translation.is_empty(), "{text}");
            assert_eq!(text.matches("{}").count(), translation.matches("{}").count(), "{text}");
            used.push(text);
        }
    }
    assert!(used.len() > 150, "only {} texts found", used.len());
    for (original, _) in translations {
        assert!(used.iter().any(|text| text == original), "nothing says {original:?} any more");
    }
}

#[test]
fn the_labels_page_is_read_and_touched() {
    use ui::view::{LabelCard, LabelCount, LabelFact, LabelPicture, LabelRow, LabelStage, LabelStep, Labels};
    let key = |label: &str, shortcut: &str, enabled| SheetKey {
        label: label.into(),
        shortcut: shortcut.into(),
        enabled,
        ..SheetKey::default()
    };
    let row = |name: &str| LabelRow {
        name: name.into(),
        detail: "A1-2-05".into(),
        before: "label 1.80".into(),
        value: "2.00".into(),
        state: "Waits for tills".into(),
        state_detail: "until lane 2 has the price".into(),
        tone: Tone::Attend,
        ..LabelRow::default()
    };
    let face =
        |name: &str| LabelPicture { name: name.into(), detail: "never confirmed".into(), picture: None };
    let fact = |name: &str| LabelFact { name: name.into(), value: "2.95 V".into(), tone: Tone::Quiet };
    let page = Labels {
        title: "Price change 06:00".into(),
        counts: vec![LabelCount { text: "Confirmed 1,085".into(), tone: Tone::Good }],
        progress: Some(868),
        note: "1,248 labels".into(),
        faces: vec![face("It shows"), face("It should show")],
        facts: (0..6).map(|place| fact(&format!("Fact {place}"))).collect(),
        rows: vec![row("Cola"), row("Tea")],
        selected: Some(1),
        pages: "1–50 / 463".into(),
        page_after: true,
        card: LabelCard {
            steps: vec![LabelStep { text: "① Scan label".into(), is_next: true }],
            title: "One Leaf Hill Original Milk Tea of the Season 450ml".into(),
            detail: "Scan the next label to go on.".into(),
            picture: None,
            stages: ["Bound", "Drawn", "Pushed", "Confirmed"]
                .map(|name| LabelStage { name: name.into(), detail: "06:02".into(), tone: Tone::Good })
                .to_vec(),
        },
        keys: [("Flash it", true), ("Waive labels", false)]
            .into_iter()
            .chain(
                ["Add items", "Replace", "Unbind", "Send again", "Place", "Template"]
                    .map(|label| (label, true)),
            )
            .map(|(label, enabled)| key(label, "F3", enabled))
            .collect(),
        placeholder: "Scan, or type".into(),
        go: "Choose this".into(),
        go_value: "463".into(),
        can_go: true,
        back: "Back".into(),
        ..Labels::default()
    };
    let screen = |page: &Labels| Screen::Labels(Box::new(page.clone()));
    check(
        &screen(&page),
        None,
        &[
            (Role::Button, "Flash it", Button::SheetKey(0)),
            (Role::Button, "Choose this", Button::Yes),
            (Role::Button, "Back", Button::No),
            (Role::Button, "PgDn", Button::PageAfter),
            (Role::ListItem, "Cola", Button::Row(0)),
        ],
    );
    let lane = Lane::open(&view(screen(&page), None));
    lane.tap(&lane.find(Role::Button, "Waive labels"));
    lane.tap(&lane.find(Role::Button, "PgUp"));
    assert_eq!(lane.take(), [], "what is off does nothing");
    for label in ["It shows never confirmed", "Fact 5 2.95 V", "Pushed 06:02"] {
        let _ = lane.find(Role::Text, label);
    }
    // Everything is inside the window and large enough for a finger, with letters and with a notice, too.
    let notice = Notice::Said { tone: Tone::Attend, what: "That is a coupon".into(), rest: "Nothing".into() };
    for (letters, notice) in [(false, None), (true, None), (false, Some(notice))] {
        let lane = Lane::open(&view(screen(&Labels { letters, ..page.clone() }), notice));
        for button in lane.controls(Role::Button) {
            let (at, size) = (button.absolute_position(), button.size());
            let label = button.accessible_label().unwrap_or_default();
            assert!(size.width >= 50.0 && size.height >= 50.0, "{label} is {}x{}", size.width, size.height);
            let inside =
                at.x >= 0.0 && at.y >= 0.0 && at.x + size.width <= 1_024.5 && at.y + size.height <= 768.5;
            assert!(inside, "{label} at {},{} is cut", at.x, at.y);
        }
        assert_eq!(letters, lane.labels(Role::Button).iter().any(|label| label == "q"));
    }
}
