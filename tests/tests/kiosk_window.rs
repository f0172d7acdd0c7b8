//! Strangers before the real window of the real program, by touch alone: what they touch is found in a second lane
//! without a display that does the same, by the label that a screen reader reads. HQ, agent, printer, scanner and
//! wallet are real programs and simulated devices. Pictures lie in `target/kiosk`.

// A journey asks for the records it is about, and for no others.
#![allow(
    clippy::wildcard_enum_match_arm,
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use domain::payment::Answer;
use domain::record::Record;
use domain::till::kiosk::{CallEnd, Cause, KioskRecord};
use drivers::payment::SignKind;
use drivers::printer::PrinterEvent;
use drivers::scale::Protocol;
use fixtures::line::Socket;
use fixtures::scale::SimulatedScale;
use fixtures::wallet::{APP_ID, Customer, Kind, MERCHANT_ID, Mischief, SimulatedWallet, WECHAT_KEY};
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use pos_app::lane::Event;
use tests::display::Display;
use tests::kiosk::{GOLD_CARD, KioskStand, MORNING, PAY_CODE, alcohol, config};
use tests::process::{PATIENCE, program, wait_at_most, wait_for};
use tests::shop::{Counter, code_of, open_demo};
use tests::stand::reference;
use ui::kiosk::KioskPage;

const WIDTH: u32 = 1_080;
const HEIGHT: u32 = 1_400;

const WATER: &str = "100001";
const TEA: &str = "100024";
const JUICE: &str = "100028";
const COUPON: &str = "CDEMO0001R";

/// When a customer who walks away is asked whether they are still there, and when the lane is free again, seconds:
/// short, so that the journey is.
const WARN: u32 = 8;
const RESET: u32 = 14;

/// Long enough for a slow machine, seconds.
const PATIENT: (u32, u32) = (880, 900);

/// A real kiosk, and its mirror.
struct Journey {
    display: Display,
    counter: Counter,
    wechat: SimulatedWallet,
    mirror: KioskStand,
    pictures: PathBuf,
    drawn: u32,
    name: &'static str,
    _folder: tempfile::TempDir,
    _headquarters: tests::shop::Headquarters,
    _mirror_files: tempfile::TempDir,
}

fn mirror_config((warn, reset): (u32, u32)) -> pos_app::config::Config {
    let mut config = config();
    config.printer = Some(pos_app::config::Printer::new("127.0.0.1:1", "xprinter-xp80"));
    config.kiosk.warn_seconds = warn;
    config.kiosk.reset_seconds = reset;
    config
}

impl Journey {
    /// A shop with a kiosk that nobody has opened.
    fn begin(name: &'static str, rest: (u32, u32)) -> Result<Self> {
        Self::begin_with(name, rest, "", mirror_config(rest))
    }

    /// The same with more in its set-up, and with the mirror's.
    fn begin_with(
        name: &'static str,
        (warn, reset): (u32, u32),
        section: &str,
        config: pos_app::config::Config,
    ) -> Result<Self> {
        i_slint_backend_testing::init_no_event_loop();
        let folder = tempfile::tempdir()?;
        let (headquarters, files) = open_demo(folder.path())?;
        let mut counter = Counter::set_up(files, None)?;
        let wechat = SimulatedWallet::start(Kind::WeChat(SignKind::Md5)).context("a wallet")?;
        let data = counter.files.paths.data.clone();
        std::fs::write(data.join("wechat.key"), format!("{WECHAT_KEY}\n"))?;
        let text = format!(
            "mode = \"kiosk\"\n\n[printer]\naddress = \"{}\"\nprofile = \"xprinter-xp80\"\n\n[scanner]\npath = \"{}\"\n\n\
             [sound]\nplayer = [\"true\"]\n\n\
             [payment.wechat]\napp_id = \"{APP_ID}\"\nmerchant_id = \"{MERCHANT_ID}\"\nkey_file = \"wechat.key\"\n\
             sign = \"md5\"\nbase = \"{}\"\n\n\
             [kiosk]\nbags = [\"200035\", \"200036\", \"200037\"]\nwarn_seconds = {warn}\nreset_seconds = {reset}\n\n\
             [kiosk.audit]\nbase = 0\nper_removal = 0\nper_alarm = 0\n{section}",
            counter.printer.addr(),
            counter.scanner.path().display(),
            wechat.base(),
        );
        std::fs::write(counter.files.paths.config(), text)?;
        let display = Display::start(WIDTH, HEIGHT)?;
        counter.start_till(&display, &format!("{WIDTH}x{HEIGHT}"))?;
        let mirror_files = tempfile::tempdir()?;
        reference(mirror_files.path(), 1)?;
        let mirror = KioskStand::open(mirror_files.path(), config, MORNING)?;
        mirror.screen.set_size(WIDTH, HEIGHT);
        mirror.screen.show()?;
        let pictures = program("pos-app")?.ancestors().nth(2).context("find target")?.join("kiosk");
        std::fs::create_dir_all(&pictures)?;
        let (_folder, _headquarters, _mirror_files) = (folder, headquarters, mirror_files);
        Ok(Self {
            display,
            counter,
            wechat,
            mirror,
            pictures,
            drawn: 0,
            name,
            _folder,
            _headquarters,
            _mirror_files,
        })
    }

    /// Touches what is called so, where the mirror has it.
    fn tap(&mut self, label: &str) -> Result<()> {
        self.display.calm()?;
        let buttons = ElementQuery::from_root(self.mirror.screen.window())
            .match_accessible_role(AccessibleRole::Button)
            .find_all();
        let labels: Vec<_> = buttons.iter().filter_map(ElementHandle::accessible_label).collect();
        let button = buttons.iter().find(|button| button.accessible_label().as_deref() == Some(label));
        let button = button.with_context(|| format!("{label} among {labels:?}"))?;
        let (at, size) = (button.absolute_position(), button.size());
        self.display.tap((at.x + size.width / 2.0) as u32, (at.y + size.height / 2.0) as u32)?;
        button.invoke_accessible_default_action();
        self.mirror.settle();
        Ok(())
    }

    /// Touches the first thing whose label begins so.
    fn tap_first(&mut self, words: &str) -> Result<()> {
        let buttons = ElementQuery::from_root(self.mirror.screen.window())
            .match_accessible_role(AccessibleRole::Button)
            .find_all();
        let label =
            buttons.iter().filter_map(ElementHandle::accessible_label).find(|label| label.starts_with(words));
        let label = label.with_context(|| format!("nothing begins with {words}"))?;
        self.tap(&label)
    }

    fn type_digits(&mut self, digits: &str) -> Result<()> {
        digits.chars().try_for_each(|digit| self.tap(&digit.to_string()))?;
        self.tap("确定")
    }

    fn scan(&mut self, code: &str) -> Result<()> {
        self.display.calm()?;
        self.counter.scanner.scan(code)?;
        self.mirror.scan(code);
        Ok(())
    }

    fn scan_goods(&mut self, sku: &str) -> Result<()> {
        let before = self.count(|record| matches!(record, Record::LineAdded { .. }))?;
        self.scan(&code_of(sku)?)?;
        self.counter.wait_for_lines(before + 1)
    }

    /// The same with a scanner that acts as a keyboard, before the window as it stands.
    fn scan_goods_by_keys(&mut self, sku: &str) -> Result<()> {
        let before = self.count(|record| matches!(record, Record::LineAdded { .. }))?;
        let code = code_of(sku)?;
        self.display.calm()?;
        self.display.scan(&code)?;
        self.mirror.scan(&code);
        self.counter.wait_for_lines(before + 1)
    }

    fn count(&self, such: impl Fn(&Record) -> bool) -> Result<usize> {
        self.counter.files.count(such)
    }

    fn wait(&self, what: &str, such: impl Fn(&Record) -> bool) -> Result<()> {
        self.counter.files.wait_for_count(what, 1, such)
    }

    fn picture(&mut self, name: &str) -> Result<()> {
        self.drawn += 1;
        let file = self.pictures.join(format!("{}-{:02}-{name}.png", self.name, self.drawn));
        self.display.screenshot(&file).map(drop)
    }

    /// Somebody of the staff says who they are.
    fn say_who(&mut self, number: &str, pin: &str) -> Result<()> {
        self.type_digits(number)?;
        self.type_digits(pin)
    }

    fn open(&mut self) -> Result<()> {
        self.picture("closed")?;
        self.tap("店员开机")?;
        self.say_who("101", "1234")?;
        self.wait("somebody to sign in", |record| matches!(record, Record::SignedIn { .. }))
    }

    /// From the goods to the payment, without a bag and a name.
    fn to_payment(&mut self) -> Result<()> {
        self.tap("去付款")?;
        self.tap("不用袋子")?;
        self.tap("不是会员，去付款")
    }

    /// What the customer sees on the page.
    fn sees(&self, words: &str) -> Result<()> {
        let view = self.mirror.view();
        ensure!(format!("{view:?}").contains(words), "no {words} in {view:?}");
        Ok(())
    }

    fn answered(&self, cause: Cause, end: CallEnd) -> Result<()> {
        let is = |record: &Record| matches!(record, Record::Kiosk(KioskRecord::Answered { cause: of, end: with, .. }) if (*of, *with) == (cause, end));
        self.wait("an answer", is)
    }

    /// The wallet says yes; the mirror hears it too.
    fn pay(&mut self) -> Result<()> {
        let before = self.count(|record| matches!(record, Record::SaleCompleted { .. }))?;
        self.scan(PAY_CODE)?;
        self.counter.wait_for_sales(before + 1)?;
        self.mirror.answer(Answer::Paid { reference: "4200".into() })
    }
}

#[test]
fn a_child_with_a_bottle_of_beer_pays_for_the_juice_only() -> Result<()> {
    let mut journey = Journey::begin("child", PATIENT)?;
    journey.open()?;
    journey.picture("attract")?;
    journey.scan_goods_by_keys(JUICE)?;
    journey.scan(&alcohol()?)?;
    let called = Record::Kiosk(KioskRecord::Called { cause: Cause::Age });
    journey.wait("a call", |record| *record == called)?;
    journey.picture("beer")?;
    journey.to_payment()?;
    journey.picture("wait")?;
    journey.tap("店员")?;
    journey.say_who("102", "2345")?;
    journey.picture("attendant")?;
    journey.tap("未满 18 岁，不卖")?;
    let refused = Record::Kiosk(KioskRecord::Answered { cause: Cause::Age, end: CallEnd::Refused, level: 0 });
    journey.wait("the answer", |record| *record == refused)?;
    journey.tap("离开")?;
    journey.tap("去付款")?;
    journey.picture("pay")?;
    journey.pay()?;
    journey.picture("thanks")?;
    journey.tap("打印小票")?;
    let papers = journey.counter.printer.wait_for_receipts(1, PATIENCE);
    ensure!(papers.len() == 1, "{} papers", papers.len());
    journey.tap("完成")?;
    let sales = journey.counter.files.records()?;
    let sale = sales.iter().find_map(|stored| match &stored.record {
        Record::SaleCompleted { sale } => Some(sale.clone()),
        _ => None,
    });
    let sale = sale.context("a sale")?;
    ensure!(sale.lines.len() == 1 && !sale.lines[0].item.age_restricted, "the beer was sold");
    ensure!(journey.wechat.money() == sale.payable.minor(), "the wallet has something else");
    Ok(())
}

#[test]
fn who_walks_away_leaves_goods_and_no_name() -> Result<()> {
    let mut journey = Journey::begin("away", (WARN, RESET))?;
    journey.open()?;
    journey.scan_goods(WATER)?;
    journey.scan(GOLD_CARD)?;
    journey.wait("a member", |record| matches!(record, Record::MemberJoined { .. }))?;
    std::thread::sleep(std::time::Duration::from_secs(u64::from(WARN) + 1));
    journey.picture("warning")?;
    journey.wait("a parked basket", |record| matches!(record, Record::BasketParked { .. }))?;
    let left = |record: &Record| matches!(record, Record::MemberLeft);
    ensure!(journey.count(left)? == 1, "the name stayed");
    journey.mirror.pass(i64::from(RESET) + 1);
    journey.picture("free")?;
    // The next customer is served meanwhile; then the attendant takes the goods up again.
    journey.scan_goods(TEA)?;
    journey.to_payment()?;
    journey.pay()?;
    journey.tap("完成")?;
    journey.tap("店员")?;
    journey.say_who("102", "2345")?;
    journey.picture("attendant")?;
    journey.tap("取回搁下的一单")?;
    journey.wait("a recalled basket", |record| matches!(record, Record::BasketRecalled { .. }))
}

#[test]
fn a_payment_that_hangs_charges_once_and_ends_at_the_attendant() -> Result<()> {
    let mut journey = Journey::begin("hangs", PATIENT)?;
    journey.open()?;
    journey.scan_goods(WATER)?;
    journey.to_payment()?;
    journey.wechat.set_customer(Customer::NeverTypes);
    journey.wechat.always(Mischief::AnswerLost);
    journey.scan(PAY_CODE)?;
    journey.wait("a payment", |record| matches!(record, Record::PaymentBegun { .. }))?;
    journey.picture("asking")?;
    // The customer waits no longer: it is taken back, or in doubt; never charged twice.
    journey.tap("取消付款")?;
    journey.picture("cancelling")?;
    let ended = |record: &Record| matches!(record, Record::PaymentEnded { .. });
    wait_at_most(std::time::Duration::from_secs(180), "the end of the payment", || {
        Ok((journey.count(ended)? >= 1).then_some(()))
    })?;
    journey.picture("ended")?;
    let begun = |record: &Record| matches!(record, Record::PaymentBegun { .. });
    ensure!(journey.count(begun)? == 1, "a second charge was begun");
    ensure!(
        journey.count(|record| matches!(record, Record::SaleCompleted { .. }))? == 0,
        "sold for no money"
    );
    ensure!(journey.wechat.money() == 0, "money was kept");
    Ok(())
}

#[test]
fn the_power_fails_between_paying_and_the_receipt() -> Result<()> {
    let mut journey = Journey::begin("power", PATIENT)?;
    journey.open()?;
    journey.scan_goods(JUICE)?;
    journey.to_payment()?;
    journey.pay()?;
    journey.picture("paid")?;
    journey.counter.kill_till()?;
    ensure!(journey.counter.printer.wait_for_receipts(1, std::time::Duration::from_secs(1)).is_empty());
    journey.counter.start_till(&journey.display, &format!("{WIDTH}x{HEIGHT}"))?;
    // The receipt comes by itself; the kiosk waits for somebody to open it.
    let papers = journey.counter.printer.wait_for_receipts(1, PATIENCE);
    ensure!(papers.len() == 1, "{} papers", papers.len());
    journey.picture("closed-again")?;
    wait_for("the sale at HQ", || {
        let head = journey.counter.files.agent_state()?.position.acknowledged;
        Ok((head > 0).then_some(()))
    })?;
    ensure!(journey.count(|record| matches!(record, Record::SaleCompleted { .. }))? == 1, "not one sale");
    let report = Command::new(program("pos-app")?)
        .args(["doctor", "--data"])
        .arg(&journey.counter.files.paths.data)
        .output()?;
    ensure!(!report.stdout.is_empty(), "the doctor says nothing");
    Ok(())
}

#[test]
fn customers_come_one_after_another() -> Result<()> {
    let mut journey = Journey::begin("queue", PATIENT)?;
    journey.open()?;
    journey.a_visitor_who_reads_no_chinese_and_sees_little()?;
    journey.a_member_without_a_card_and_with_a_coupon()?;
    journey.somebody_who_doubts_a_price()?;
    journey.somebody_who_thinks_again()?;
    journey.somebody_whose_wallet_is_empty()?;
    journey.somebody_with_cash_only()?;
    journey.somebody_for_whom_there_is_no_paper()?;
    let sales = journey.count(|record| matches!(record, Record::SaleCompleted { .. }))?;
    ensure!(sales == 7, "{sales} sales of seven customers");
    ensure!(
        journey.mirror.lane.till().is_some_and(|till| till.kiosk().calls().is_empty()),
        "somebody still waits"
    );
    Ok(())
}

impl Journey {
    fn a_visitor_who_reads_no_chinese_and_sees_little(&mut self) -> Result<()> {
        self.tap("English")?;
        self.tap("Large type")?;
        self.tap("Contrast")?;
        self.scan_goods(TEA)?;
        self.picture("visitor")?;
        self.tap("Pay")?;
        self.tap("No bag")?;
        self.tap("Not a member: pay")?;
        self.pay()?;
        self.tap("Receipt as a code")?;
        self.picture("visitor-receipt")?;
        self.sees("Take a picture of it")?;
        self.tap("Done")?;
        // The next one is not spoken to in a language that somebody else chose.
        self.sees("自助收银")
    }

    fn a_member_without_a_card_and_with_a_coupon(&mut self) -> Result<()> {
        for sku in [JUICE, JUICE, JUICE, JUICE, TEA, TEA, TEA, TEA, TEA] {
            self.scan_goods(sku)?;
        }
        self.tap("会员码 / 优惠券")?;
        self.type_digits_for("00000000005", "查找")?;
        self.wait("a member", |record| matches!(record, Record::MemberJoined { .. }))?;
        self.scan(COUPON)?;
        self.wait("a coupon", |record| matches!(record, Record::CouponLaid { .. }))?;
        self.picture("member")?;
        // Who has said who they are is on the way to payment.
        self.tap("不用袋子")?;
        self.pay()?;
        let sales = self.counter.files.records()?;
        let sale = sales.iter().rev().find_map(|stored| match &stored.record {
            Record::SaleCompleted { sale } => Some(sale.clone()),
            _ => None,
        });
        let sale = sale.context("a sale")?;
        ensure!(sale.buyer.is_some() && !sale.coupons.is_empty(), "{sale:?}");
        self.tap("完成")
    }

    fn somebody_who_doubts_a_price(&mut self) -> Result<()> {
        self.scan_goods(WATER)?;
        self.tap("呼叫店员")?;
        self.picture("question")?;
        self.tap("价格不对")?;
        let called = Record::Kiosk(KioskRecord::Called { cause: Cause::PriceQuery });
        self.wait("a call", |record| *record == called)?;
        self.tap("店员")?;
        self.say_who("102", "2345")?;
        self.picture("question-attendant")?;
        self.tap("价格没错，已说明")?;
        self.answered(Cause::PriceQuery, CallEnd::Refused)?;
        self.tap("离开")?;
        self.to_payment()?;
        self.pay()?;
        self.tap("完成")
    }

    fn somebody_who_thinks_again(&mut self) -> Result<()> {
        for sku in [WATER, TEA, JUICE, WATER] {
            self.scan_goods(sku)?;
        }
        for _ in 0..3 {
            self.tap_first("取出")?;
        }
        self.picture("thinks-again")?;
        self.sees("店员来帮您取出")?;
        self.tap("不取了")?;
        self.to_payment()?;
        self.pay()?;
        self.tap("完成")
    }

    fn somebody_whose_wallet_is_empty(&mut self) -> Result<()> {
        self.scan_goods(WATER)?;
        self.to_payment()?;
        self.wechat.set_customer(Customer::IsRefused);
        let ended = |record: &Record| matches!(record, Record::PaymentEnded { .. });
        for _ in 0..2 {
            let before = self.count(ended)?;
            self.scan(PAY_CODE)?;
            self.counter.files.wait_for_count("the end of a payment", before + 1, ended)?;
            self.mirror.answer(Answer::Declined { reason: "余额不足".into() })?;
        }
        self.picture("empty-wallet")?;
        self.sees("店员来核对付款")?;
        self.tap("店员")?;
        self.say_who("102", "2345")?;
        self.tap("可以再试一次付款")?;
        self.answered(Cause::Payment, CallEnd::Passed)?;
        self.tap("离开")?;
        self.wechat.set_customer(Customer::Pays);
        self.pay()?;
        self.tap("完成")
    }

    fn somebody_with_cash_only(&mut self) -> Result<()> {
        self.scan_goods(WATER)?;
        self.to_payment()?;
        self.tap("付现金（店员来收）")?;
        self.picture("cash")?;
        self.tap("店员")?;
        self.say_who("102", "2345")?;
        let before = self.count(|record| matches!(record, Record::SaleCompleted { .. }))?;
        self.tap("收了现金，分文不差")?;
        self.counter.wait_for_sales(before + 1)?;
        self.tap("离开")?;
        self.tap("完成")
    }

    fn somebody_for_whom_there_is_no_paper(&mut self) -> Result<()> {
        self.counter.printer.set_fault(fixtures::printer::Fault::PaperOut);
        let out = drivers::frame::Health::Degraded(drivers::frame::Reason::PaperOut);
        self.mirror.turn(vec![Event::Printer(PrinterEvent::Health(out))]);
        self.scan_goods(WATER)?;
        self.to_payment()?;
        self.pay()?;
        self.tap("打印小票")?;
        self.picture("no-paper")?;
        self.sees("打印机现在打不了")?;
        self.tap("电子小票（扫码）")?;
        self.sees("退换货凭它")?;
        self.picture("no-paper-code")?;
        self.tap("完成")
    }

    fn type_digits_for(&mut self, digits: &str, then: &str) -> Result<()> {
        digits.chars().try_for_each(|digit| self.tap(&digit.to_string()))?;
        self.tap(then)
    }
}

/// What a bottle of water weighs, grams.
const WATER_GRAMS: i64 = 570;

#[test]
fn fruit_is_weighed_and_what_is_bagged_wrong_is_seen() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let scale = |name: &str| {
        let tty = Socket::Pty(folder.path().join(name));
        SimulatedScale::start(&tty, Protocol::Toledo8217).context("a pseudo-terminal")
    };
    let (platter, bagging) = (scale("platter")?, scale("bagging")?);
    let at = |of: &SimulatedScale, name: &str| {
        format!(
            "[{name}]\nport = \"{}\"\nprotocol = \"toledo-8217\"\nserial = \"8N1\"\n\n",
            of.wire().place()
        )
    };
    let section = format!("\n{}{}", at(&platter, "scale"), at(&bagging, "bagging_scale"));
    let mut config = tests::kiosk::with_bagging_scale();
    config.scale.clone_from(&config.bagging_scale);
    config.printer = mirror_config(PATIENT).printer;
    (config.kiosk.warn_seconds, config.kiosk.reset_seconds) = PATIENT;
    let mut journey = Journey::begin_with("scales", PATIENT, &section, config)?;
    journey.open()?;
    journey.mirror.lies(0);

    // The first three pieces say what such a bottle weighs.
    for pieces in 1..=3 {
        journey.scan_goods(WATER)?;
        bagging.put(WATER_GRAMS * pieces);
        let weighed = |record: &Record| matches!(record, Record::Kiosk(KioskRecord::Weighed(_)));
        journey.counter.files.wait_for_count("a weight", usize::try_from(pieces)?, weighed)?;
        journey.mirror.lies(WATER_GRAMS * pieces);
    }
    // Something else lies there than was scanned, and nobody puts it right.
    journey.scan_goods(WATER)?;
    bagging.put(WATER_GRAMS * 3 + 330);
    journey.mirror.lies(WATER_GRAMS * 3 + 330);
    journey.picture("wrong")?;
    let called = Record::Kiosk(KioskRecord::Called { cause: Cause::WrongWeight });
    journey.wait("a call", |record| *record == called)?;
    journey.mirror.pass(9);
    journey.picture("called")?;
    journey.tap("店员")?;
    journey.say_who("102", "2345")?;
    journey.picture("attendant")?;
    journey.tap("放的不是扫的商品")?;
    journey.answered(Cause::WrongWeight, CallEnd::Refused)?;
    journey.tap("离开")?;
    // Now the right bottle.
    bagging.put(WATER_GRAMS * 4);
    journey.mirror.lies(WATER_GRAMS * 4);

    // Fruit has no code: its picture, the scale, the bag.
    journey.tap("无条码商品")?;
    journey.picture("pictures")?;
    let view = journey.mirror.view();
    let KioskPage::Goods { tiles, .. } = view.page else { anyhow::bail!("no pictures: {view:?}") };
    let fruit = tiles.iter().find(|tile| tile.price.contains("kg")).context("nothing to weigh")?;
    let before = journey.count(|record| matches!(record, Record::LineAdded { .. }))?;
    journey.tap_first(&fruit.name)?;
    journey.picture("weigh")?;
    platter.put(1_250);
    journey.counter.wait_for_lines(before + 1)?;
    journey.mirror.weighs(1_250);
    platter.put(0);
    journey.mirror.weighs(0);
    bagging.put(WATER_GRAMS * 4 + 1_250);
    journey.mirror.lies(WATER_GRAMS * 4 + 1_250);
    journey.to_payment()?;
    journey.picture("pay")?;
    journey.pay()?;
    let sales = journey.counter.files.records()?;
    let sale = sales.iter().find_map(|stored| match &stored.record {
        Record::SaleCompleted { sale } => Some(sale.clone()),
        _ => None,
    });
    let lines = sale.context("a sale")?.lines;
    ensure!(
        lines.iter().any(|line| line.item.weighed && line.quantity.to_string().starts_with("1.25")),
        "{lines:?}"
    );
    Ok(())
}
