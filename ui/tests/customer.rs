//! What the customer reads on their window, found as a screen reader finds it.

use std::cell::RefCell;
use std::rc::Rc;

use i_slint_backend_testing::{AccessibleRole, ElementQuery, init_no_event_loop};
use slint::ComponentHandle;
use slint::platform::WindowEvent;
use ui::action::{Action, Key};
use ui::customer::{CUSTOMER_LINES_MAX, CustomerScreen, CustomerScreenView, CustomerView, Picture};
use ui::view::{Line, Theme};

fn line(name: &str) -> Line {
    Line {
        number: "1".into(),
        name: name.into(),
        detail: "550ml".into(),
        promotion: "第二件半价 −1.00".into(),
        quantity: "2".into(),
        unit_price: "2.00".into(),
        net: "3.00".into(),
        age_open: false,
        returned: false,
    }
}

fn view(screen: CustomerScreenView) -> CustomerView {
    CustomerView { theme: Theme::Light, store: "Wenlin Road".into(), currency: "¥".into(), screen }
}

fn texts(screen: &CustomerScreen) -> Vec<String> {
    let found =
        ElementQuery::from_root(screen.window()).match_accessible_role(AccessibleRole::Text).find_all();
    found.iter().filter_map(|element| element.accessible_label()).map(|label| label.to_string()).collect()
}

#[test]
fn the_customer_reads_what_is_sold_what_is_due_and_the_change() {
    init_no_event_loop();
    let done: Rc<RefCell<Vec<Action>>> = Rc::default();
    let heard = Rc::clone(&done);
    let screen = CustomerScreen::new(move |action| heard.borrow_mut().push(action)).expect("a window");
    slint::select_bundled_translation("en").expect("English is inside");
    screen.window().show().expect("shown");
    screen.apply(&view(CustomerScreenView::Idle { picture: None }));
    assert!(texts(&screen).iter().any(|text| text == "Wenlin Road"));

    let mut lines: Vec<Line> =
        (1..CUSTOMER_LINES_MAX).map(|number| line(&format!("goods {number}"))).collect();
    lines.push(line("the last"));
    let basket = CustomerScreenView::Basket { lines, total: "60.49".into(), saved: "4.12".into() };
    screen.apply(&view(basket));
    let read = texts(&screen);
    for wanted in ["the last", "60.49", "3.00", "第二件半价 −1.00"] {
        assert!(read.iter().any(|text| text == wanted), "{wanted} is not among {read:?}");
    }
    assert!(read.iter().any(|text| text.contains("4.12")), "{read:?}");

    let code = Picture::new(1, 1, vec![0, 0, 0, 255]).expect("a picture");
    let pay = |code| CustomerScreenView::Pay {
        refund: false,
        due: "60.40".into(),
        tendered: String::new(),
        saved: String::new(),
        code,
    };
    screen.apply(&view(pay(Some(code))));
    let read = texts(&screen);
    assert!(read.iter().any(|text| text == "¥ 60.40") && read.iter().any(|text| text == "Scan to pay"));
    screen.apply(&view(pay(None)));
    assert!(!texts(&screen).iter().any(|text| text == "Scan to pay"));

    let done_screen = CustomerScreenView::Done {
        label: "Change".into(),
        tendered: "100.00".into(),
        change: "39.60".into(),
    };
    screen.apply(&view(done_screen));
    assert!(texts(&screen).iter().any(|text| text == "¥ 39.60"));

    // A scan that reaches this window is the till's.
    screen.window().window().dispatch_event(WindowEvent::KeyPressed { text: "6".into() });
    assert!(matches!(done.borrow()[..], [Action::Key { key: Key::Char('6'), .. }]), "{done:?}");
}

#[test]
fn a_picture_is_as_large_as_it_says() {
    assert!(Picture::new(2, 1, vec![0; 8]).is_some());
    assert!(Picture::new(2, 1, vec![0; 7]).is_none());
    assert!(Picture::new(0, 1, Vec::new()).is_none());
}
