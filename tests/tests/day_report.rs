//! The day's reports at the counter: what they count, what was out of the usual, the tables that they become, and the whole
//! store's day as HQ tells it.

use domain::till::Desk;
use fixtures::shop::Shop;
use pos_app::config::Config;
use pos_app::lane::{Command, Moment};
use protocol::ask::{
    Answer, Question, StoreDay, StoreDayBy, StoreDayException, StoreDayRefused, StoreDayRow,
};
use tests::stand::{Stand, reference};
use ui::view::{SheetRow, Tone};
use ui::{Button, Key};

/// 2026-11-21 10:00 in Shanghai.
const MORNING: Moment = Moment { now_ms: 1_795_226_400_000, offset_minutes: 480 };
const HOUR_MS: i64 = 3_600_000;

const WATER: &str = "100001";
const JUICE: &str = "100028";
const TEA: &str = "100024";

thread_local! {
    /// Set once for each test, which has a thread of its own.
    static HEADLESS: () = i_slint_backend_testing::init_no_event_loop();
}

struct Lane {
    stand: Stand,
    shop: Shop,
    folder: tempfile::TempDir,
}

impl Lane {
    /// A lane at which a supervisor sells.
    fn open() -> Self {
        HEADLESS.with(|()| ());
        let folder = tempfile::tempdir().expect("a folder");
        let shop = reference(folder.path(), 1).expect("the demo shop");
        let stand = Stand::open(folder.path(), Config::default(), MORNING).expect("a lane");
        let mut lane = Self { stand, shop, folder };
        lane.stand.sign_in("201", "3456");
        lane
    }

    fn scan(&mut self, sku: &str) {
        let product = self.shop.products.iter().find(|product| product.sku == sku).expect("among the goods");
        let code = product.codes[0].clone();
        self.stand.scan(&code);
    }

    fn pay(&mut self) {
        self.stand.key(Key::Char(' '));
        self.stand.press(Button::QuickCash(0));
        let till = self.stand.lane.till().expect("open");
        assert!(matches!(till.desk(), Desk::Done(..)), "not paid: {:?}", till.desk());
        self.stand.key(Key::Escape);
    }

    fn sell(&mut self, sku: &str) {
        self.scan(sku);
        self.pay();
    }

    /// Opens the day from one side, by its key.
    fn day(&mut self, function: u8) {
        self.stand.key(Key::Tab);
        let rows = self.stand.lane.view().sheet.expect("the menu").rows;
        let row = rows.iter().position(|row| ["今日报表", "Today's reports"].contains(&row.name.as_str()));
        self.stand.press(Button::Row(row.expect("in the menu")));
        self.stand.function(function);
    }

    fn rows(&self) -> Vec<SheetRow> {
        self.stand.lane.view().sheet.expect("a sheet").rows
    }

    /// Name, detail and value of each row.
    fn read(&self) -> Vec<String> {
        let row = |row: SheetRow| [row.name, row.detail, row.value].join(" | ");
        self.rows().into_iter().map(row).collect()
    }

    fn text(&self) -> String {
        self.stand.lane.view().sheet.expect("a sheet").text
    }

    /// The lines of a table that was written, without the mark that it is UTF-8.
    fn table(&self, name: &str) -> Vec<String> {
        let file = self.folder.path().join("reports").join(name);
        let text =
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        text.trim_start_matches('\u{feff}').lines().map(str::to_owned).collect()
    }

    /// What HQ was asked last of the store's day.
    fn asked(&self) -> (String, StoreDayBy, i32) {
        let asked = self.stand.commands.iter().rev().find_map(|command| match command {
            Command::Ask(asked) => match &asked.question {
                Question::StoreDay { staff, by, offset_minutes, day } => {
                    assert_eq!(day.to_string(), "2026-11-21");
                    Some((staff.clone(), *by, *offset_minutes))
                }
                _ => None,
            },
            _ => None,
        });
        asked.expect("a question")
    }
}

#[test]
fn hours_count_receipts_goods_count_lines_and_an_hour_without_any_stands_between() {
    let mut lane = Lane::open();
    lane.sell(JUICE);
    lane.stand.moment.now_ms += 2 * HOUR_MS;
    lane.stand.type_text("3");
    lane.sell(JUICE);
    lane.sell(TEA);
    lane.day(4);
    let hours = lane.read();
    assert_eq!(
        hours[1..]
            .iter()
            .map(|row| row.split(" | ").take(2).collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>(),
        ["10:00 1 单", "11:00 0 单", "12:00 2 单"]
    );
    assert!(hours[0].starts_with("合计"), "{hours:?}");
    let shares: Vec<u32> = lane.rows().iter().map(|row| row.share).collect();
    assert!(shares[2] == 0 && shares[1] > 0 && shares[3] == 1_000, "{shares:?}");
    lane.stand.key(Key::Escape);
    lane.day(8);
    let goods = lane.read();
    assert!(goods[1].contains(" | 2 行 | "), "four pieces in two lines: {goods:?}");
    lane.stand.key(Key::Escape);
    lane.day(7);
    assert!(lane.read()[1].contains("现金 | 3 笔 | "), "{:?}", lane.read());
    lane.stand.key(Key::Escape);
    lane.stand.key(Key::Escape);
    lane.stand.press(Button::Language);
    lane.day(4);
    assert!(lane.read()[1].contains("10:00 | 1 receipt | "), "{:?}", lane.read());
}

#[test]
fn what_was_out_of_the_usual_is_summed_by_kind_and_person_above_each_of_it() {
    let mut lane = Lane::open();
    lane.scan(WATER);
    lane.stand.type_text("2");
    lane.scan(JUICE);
    // The last line is taken back: two of juice, as they stood there.
    lane.stand.key(Key::Delete);
    lane.pay();
    lane.day(9);
    let rows = lane.read();
    let place = |text: &str| {
        rows.iter().position(|row| row.starts_with(text)).unwrap_or_else(|| panic!("{text}: {rows:?}"))
    };
    let (kinds, people, single) = (place("按种类"), place("按人"), place("逐笔"));
    assert!(kinds < people && people < single, "{rows:?}");
    assert!(rows[kinds + 1..people].contains(&"删行 | 15.80 | 1 次".to_owned()), "{rows:?}");
    assert!(rows[people + 1].starts_with("陈静 | 删行 1"), "{rows:?}");
    assert!(rows[single + 1].starts_with("删行 | ") && rows[single + 1].ends_with(" | 15.80"), "{rows:?}");
    let shown = lane.rows();
    assert_eq!((shown[kinds + 1].share, shown[single + 1].share), (1_000, 0));
    // The table has each of them, with a header of the till's language.
    lane.stand.function(11);
    let table = lane.table("2026-11-21-S001-1-all-exceptions.csv");
    assert_eq!(table[0], "日期,时间,种类,谁,原因,金额");
    assert!(table[1].starts_with("2026-11-21,10:00,删行,陈静,") && table[1].ends_with(",15.80"), "{table:?}");
    assert_eq!(lane.table("2026-11-21-S001-1-all.csv").len(), 2, "the day's lines stand beside it");
}

#[test]
fn the_table_that_is_looked_at_becomes_a_file_in_the_tills_language() {
    let mut lane = Lane::open();
    lane.sell(JUICE);
    lane.sell(TEA);
    let headers = [
        (4, "hours", "日期,时段,单数,金额"),
        (5, "categories", "日期,品类,行数,金额"),
        (6, "cashiers", "日期,收银员,单数,金额"),
        (7, "tenders", "日期,付款方式,笔数,金额"),
        (8, "goods", "日期,商品,行数,金额"),
        (10, "sellers", "日期,导购,行数,金额"),
    ];
    for (function, name, header) in headers {
        lane.day(function);
        lane.stand.function(11);
        let said = format!("{:?}", lane.stand.lane.view().notice);
        assert!(said.contains(&format!("all-{name}.csv")) && said.contains("销售明细 2 行"), "{said}");
        assert_eq!(lane.table(&format!("2026-11-21-S001-1-all-{name}.csv"))[0], header);
        lane.stand.key(Key::Escape);
        lane.stand.key(Key::Escape);
    }
    assert_eq!(lane.table("2026-11-21-S001-1-all-hours.csv")[1..], ["2026-11-21,10:00,2,13.90"]);
    lane.stand.press(Button::Language);
    lane.day(5);
    lane.stand.function(11);
    assert_eq!(lane.table("2026-11-21-S001-1-all-categories.csv")[0], "Date,Category,Lines,Amount");
}

fn told(rows: Vec<StoreDayRow>, exceptions: Vec<StoreDayException>) -> Answer {
    let day =
        StoreDay { currency: "CNY".into(), lanes: 3, payable: 1_234_567, paid_in: 5_000, rows, exceptions };
    Answer::StoreDay { day: Box::new(day) }
}

fn row(of: &str, name: (&str, &str), count: u64, amount: i64) -> StoreDayRow {
    StoreDayRow { of: of.into(), name: (name.0.into(), name.1.into()), count, amount }
}

#[test]
fn the_whole_stores_day_is_what_hq_says_and_until_then_this_lanes() {
    let mut lane = Lane::open();
    lane.sell(JUICE);
    lane.day(4);
    let own = lane.read();
    // Nobody answers: that is said, and this lane's own stands.
    lane.stand.function(2);
    assert!(lane.text().contains("总部没有应答") && lane.read() == own, "{}", lane.text());
    lane.stand.function(2);
    assert!(lane.text().contains("本台今天"), "{}", lane.text());
    lane.stand.agent_is_slow = true;
    lane.stand.function(2);
    assert!(lane.text().contains("正在问总部") && lane.read() == own, "{}", lane.text());
    assert_eq!(lane.asked(), ("E201".to_owned(), StoreDayBy::Hour, 480));
    let ten = MORNING.now_ms - MORNING.now_ms % HOUR_MS;
    let hours = [
        row(&ten.to_string(), ("", ""), 40, 1_000_000),
        row(&(ten + 2 * HOUR_MS).to_string(), ("", ""), 9, 234_567),
    ];
    lane.stand.answer(told(hours.to_vec(), Vec::new()));
    assert!(lane.text().contains("全店今天，3 台"), "{}", lane.text());
    assert_eq!(
        lane.read(),
        [
            "合计（退货已减） |  | 12,345.67",
            "10:00 | 40 单 | 10,000.00",
            "11:00 | 0 单 | 0.00",
            "12:00 | 9 单 | 2,345.67"
        ]
    );
    // Its table is of the store, and no lane's lines stand beside it.
    lane.stand.function(11);
    assert_eq!(lane.table("2026-11-21-S001-store-hours.csv")[1], "2026-11-21,10:00,40,10000.00");
    assert!(!lane.folder.path().join("reports/2026-11-21-S001-1-all.csv").exists());
    // Another side is another question; what is said to the first is for nobody.
    lane.stand.function(7);
    assert_eq!(lane.asked().1, StoreDayBy::Tender);
    lane.stand.answer(told(vec![row("wechat", ("", ""), 5, 900), row("cash", ("", ""), 2, 100)], Vec::new()));
    assert_eq!(
        lane.read()[1..],
        ["会员储值充值 | 在下面的付款里，不算销售 | 50.00", "微信支付 | 5 笔 | 9.00", "现金 | 2 笔 | 1.00"]
    );
    lane.stand.function(9);
    let exception = |kind: &str, name: &str, count, amount| StoreDayException {
        kind: kind.into(),
        staff: name.into(),
        name: name.into(),
        count,
        amount,
    };
    let found = [
        exception("void", "李敏", 4, Some(3_000)),
        exception("void", "王强", 1, Some(500)),
        exception("drawer", "王强", 6, None),
        exception("juggling", "王强", 1, None),
    ];
    lane.stand.answer(told(Vec::new(), found.to_vec()));
    assert_eq!(
        lane.read(),
        [
            "按种类 |  | ",
            "删行 | 35.00 | 5 次",
            "开钱箱 |  | 6 次",
            "juggling |  | 1 次",
            "按人 |  | ",
            "王强 | 删行 1 · 开钱箱 6 · juggling 1 | 8 次",
            "李敏 | 删行 4 | 4 次"
        ]
    );
    lane.stand.function(11);
    assert_eq!(lane.table("2026-11-21-S001-store-exceptions.csv")[0], "日期,种类,谁,次数,金额");
    // Whom sellers are credited for is this lane's, whatever was looked at.
    lane.stand.function(10);
    let store =
        lane.stand.lane.view().sheet.expect("the day").keys.into_iter().find(|key| key.shortcut == "F2");
    assert!(store.is_some_and(|key| !key.enabled && !key.on));
    // The next look is at this lane again.
    lane.stand.key(Key::Escape);
    lane.day(4);
    assert!(lane.text().contains("本台今天"), "{}", lane.text());
}

#[test]
fn who_may_not_or_an_hq_of_before_says_so_and_this_lanes_own_stands() {
    let mut lane = Lane::open();
    lane.sell(JUICE);
    lane.stand.agent_is_slow = true;
    lane.day(4);
    let own = lane.read();
    lane.stand.function(2);
    lane.stand.answer(Answer::StoreDayNotTold { why: StoreDayRefused::NoRight });
    assert!(lane.text().contains("没有看报表的权限") && lane.read() == own, "{}", lane.text());
    lane.stand.function(5);
    lane.stand.answer(Answer::Refused { reason: "unknown variant `store_day`".into() });
    assert!(lane.text().contains("总部说不了全店的") && lane.text().contains("store_day"), "{}", lane.text());
    assert!(lane.rows().len() > 1 && lane.rows()[0].tone == Tone::Good);
    // A cashier is not offered it.
    lane.stand.agent_is_slow = false;
    lane.stand.key(Key::Escape);
    lane.stand.function(12);
    lane.stand.sign_in("201", "3456");
    lane.stand.key(Key::Tab);
    let rows = lane.stand.lane.view().sheet.expect("the menu").rows;
    let row = rows.iter().position(|row| row.name == "签退").expect("in the menu");
    lane.stand.press(Button::Row(row));
    lane.stand.sign_in("101", "1234");
    lane.day(4);
    lane.stand.commands.clear();
    lane.stand.function(2);
    assert!(lane.stand.commands.iter().all(|command| !matches!(command, Command::Ask(_))));
    assert!(lane.text().contains("只有你自己的"), "{}", lane.text());
}
