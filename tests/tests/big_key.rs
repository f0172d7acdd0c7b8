//! The one big key does what ends the work, where nothing is typed: in the stock room, at counts and over orders. One press
//! too many of what added something ends nothing.

use fixtures::shop::Shop;
use pos_app::config::Config;
use pos_app::lane::{Event, Moment};
use tests::stand::{Stand, reference};
use ui::view::Sheet;
use ui::{Action, Button, Key};

/// 2026-11-21 10:00 in Shanghai.
const MORNING: Moment = Moment { now_ms: 1_795_226_400_000, offset_minutes: 480 };

const WATER: &str = "100001";
const JUICE: &str = "100028";

thread_local! {
    /// Set once for each test, which has a thread of its own.
    static HEADLESS: () = i_slint_backend_testing::init_no_event_loop();
}

struct Lane {
    stand: Stand,
    shop: Shop,
    _folder: tempfile::TempDir,
}

impl Lane {
    /// A lane at which somebody stands who may count.
    fn open() -> Self {
        HEADLESS.with(|()| ());
        let folder = tempfile::tempdir().expect("a folder");
        let shop = reference(folder.path(), 1).expect("the demo shop");
        let stand = Stand::open(folder.path(), Config::default(), MORNING).expect("a lane");
        let mut lane = Self { stand, shop, _folder: folder };
        lane.stand.sign_in("201", "3456");
        lane
    }

    fn scan(&mut self, sku: &str) {
        let product = self.shop.products.iter().find(|product| product.sku == sku).expect("among the goods");
        let code = product.codes[0].clone();
        self.stand.scan(&code);
    }

    fn menu(&mut self, name: &str) {
        self.stand.key(Key::Tab);
        let rows = self.sheet().expect("the menu").rows;
        let row = rows.iter().position(|row| row.name == name).unwrap_or_else(|| panic!("{name}: {rows:?}"));
        self.stand.press(Button::Row(row));
    }

    fn sheet(&self) -> Option<Sheet> {
        self.stand.lane.view().sheet
    }

    /// Title, what the big key says, and whether it does anything.
    fn big_key(&self) -> (String, String, bool) {
        let sheet = self.sheet().expect("a sheet");
        (sheet.title, sheet.go, sheet.can_go)
    }

    /// The same press once more, before anybody could mean it.
    fn bounce(&mut self) {
        for button in [Button::Enter, Button::Yes] {
            self.stand.turn(vec![Event::Action(Action::Press(button))]);
        }
    }

    fn notice(&self) -> String {
        format!("{:?}", self.stand.lane.view().notice)
    }
}

fn says(title: &str, go: &str, can_go: bool) -> (String, String, bool) {
    (title.to_owned(), go.to_owned(), can_go)
}

#[test]
fn goods_that_came_are_written_down_by_the_big_key_and_by_no_bounce() {
    let mut lane = Lane::open();
    lane.menu("收货");
    assert_eq!(lane.big_key(), says("收货", "加一件", false));
    lane.bounce();
    lane.scan(JUICE);
    assert_eq!(lane.big_key(), says("收货", "记账", true));
    lane.bounce();
    assert_eq!(lane.sheet().expect("still there").rows.len(), 1);
    // What is typed is added, as ever; the Enter after it ends nothing at once.
    lane.stand.type_text(WATER);
    assert_eq!(lane.big_key(), says("收货", "加一件", true));
    lane.stand.key(Key::Enter);
    lane.bounce();
    assert_eq!(lane.sheet().expect("still there").rows.len(), 2);
    for _ in 0..3 {
        lane.stand.key(Key::Tab);
    }
    lane.stand.type_text("dairy");
    assert_eq!(lane.big_key(), says("收货", "接着扫", true));
    lane.stand.key(Key::Enter);
    lane.bounce();
    assert_eq!(lane.big_key(), says("收货", "记账", true));
    lane.stand.key(Key::Enter);
    assert!(lane.sheet().is_none() && lane.notice().contains("收货已记账：2 种"), "{}", lane.notice());
}

#[test]
fn a_count_is_looked_at_and_written_down_by_the_big_key() {
    let mut lane = Lane::open();
    lane.menu("盘点");
    lane.stand.key(Key::Enter);
    lane.bounce();
    assert_eq!(lane.big_key(), says("自由盘点", "加一件", false));
    lane.scan(JUICE);
    lane.bounce();
    assert_eq!(lane.big_key(), says("自由盘点", "核对、记账", true));
    lane.stand.key(Key::Enter);
    // The Enter that led here writes nothing down.
    lane.bounce();
    assert_eq!(lane.big_key(), says("盘点核对", "记账", true));
    lane.stand.type_text("7");
    assert_eq!(lane.big_key(), says("盘点核对", "改这个数", true));
    lane.stand.key(Key::Enter);
    lane.bounce();
    assert_eq!(lane.sheet().expect("still there").rows[0].value, "7");
    lane.stand.key(Key::Enter);
    assert!(lane.sheet().is_none(), "{:?} {}", lane.big_key(), lane.notice());
}
