//! What a new cashier is asked to do, more than twenty tasks of one day, each through the real window: what they pressed is
//! counted. An action is a key, a scan or a tap; digits count each.

use std::cell::Cell;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use domain::barcode::ReceiptCode;
use domain::record::Record;
use drivers::payment::SignKind;
use fixtures::printer::Fault;
use fixtures::wallet::{APP_ID, Kind, MERCHANT_ID, SimulatedWallet, WECHAT_KEY};

use crate::display::Display;
use crate::process::{PATIENCE, wait_at_most, wait_for};
use crate::shop::{Counter, Headquarters, LaneFiles, STORE, check_digit, code_of, open_demo};

const WATER: &str = "100001";
const COLA: &str = "100010";
const JUICE: &str = "100028";
const TEA: &str = "100024";

/// A gold member's card.
const GOLD_CARD: &str = "M00000005C";

/// 5 off 30.
const COUPON: &str = "CDEMO0001R";

/// What the phone of a customer shows who pays by WeChat.
const WECHAT_CODE: &str = "134567890123456789";

/// Customers who come while HQ is down.
const CUSTOMERS_OF_A_DAY: usize = 5;

/// A till that was told to open anew has closed its window by then.
const TILL_OPENS_ANEW: Duration = Duration::from_secs(2);

/// A task that was done.
#[derive(Debug, Clone)]
pub struct Task {
    /// What was asked for.
    pub name: &'static str,
    /// How many keys, scans and taps it took.
    pub actions: u32,
    /// Of them, after the last scan.
    pub after_scan: u32,
}

/// Somebody at the till.
struct Cashier {
    display: Display,
    counter: Counter,
    headquarters: Headquarters,
    wallet: SimulatedWallet,
    /// The store's second lane, on a screen of its own.
    beside: Option<(Counter, Display)>,
    actions: Cell<u32>,
    after_scan: Cell<u32>,
    done: Vec<Task>,
}

/// Does them all in a folder; gives what each took.
///
/// # Errors
/// A task did not end as it should.
pub fn all(folder: &Path) -> Result<Vec<Task>> {
    let (headquarters, files) = open_demo(folder)?;
    let mut counter = Counter::set_up(files, None)?;
    let wallet = SimulatedWallet::start(Kind::WeChat(SignKind::Md5))?;
    std::fs::write(counter.files.paths.data.join("wechat.key"), format!("{WECHAT_KEY}\n"))?;
    counter.add_to_configuration(&format!(
        "[payment.wechat]\napp_id = \"{APP_ID}\"\nmerchant_id = \"{MERCHANT_ID}\"\nkey_file = \"wechat.key\"\n\
         sign = \"md5\"\nbase = \"{}\"\n",
        wallet.base()
    ))?;
    let display = Display::start(1_024, 768)?;
    counter.start_till(&display, "1024x768")?;
    let mut cashier = Cashier {
        display,
        counter,
        headquarters,
        wallet,
        beside: None,
        actions: Cell::new(0),
        after_scan: Cell::new(0),
        done: Vec::new(),
    };
    let day = cashier.selling().and_then(|()| cashier.exceptions()).and_then(|()| cashier.money());
    let day = day.and_then(|()| cashier.coming_back()).and_then(|()| cashier.devices());
    let day = day.and_then(|()| cashier.another_lane(folder)).and_then(|()| cashier.ending());
    if let Err(error) = day {
        // What the cashier saw is told with what went wrong.
        let picture = folder.with_extension("png");
        cashier.display.screenshot(&picture)?;
        let last = cashier.done.last().map_or("nothing", |task| task.name);
        bail!("after {last:?}: {error:#}; the screen is in {}", picture.display());
    }
    Ok(cashier.done)
}

impl Cashier {
    fn keys(&self, names: &[&str]) -> Result<()> {
        self.count(names.len());
        self.display.keys(names)
    }

    fn type_text(&self, text: &str) -> Result<()> {
        self.count(text.chars().count());
        self.display.type_text(text)
    }

    fn scan(&self, code: &str) -> Result<()> {
        self.count(1);
        self.after_scan.set(0);
        // The keyboard and the scanner's line are two ways to the till.
        self.look()?;
        Ok(self.counter.scanner.scan(code)?)
    }

    /// Scans, and goes on when the screen has answered.
    fn scan_and_look(&self, code: &str) -> Result<()> {
        self.count(1);
        self.after_scan.set(0);
        self.counter.scan_and_look(&self.display, code)
    }

    fn goods(&self, sku: &str) -> Result<()> {
        let added = |record: &Record| matches!(record, Record::LineAdded { .. });
        let before = self.counter.files.count(added)?;
        self.scan(&code_of(sku)?)?;
        self.wait("a line", before + 1, added)
    }

    fn count(&self, actions: usize) {
        let actions = u32::try_from(actions).unwrap_or(u32::MAX);
        self.actions.set(self.actions.get().saturating_add(actions));
        self.after_scan.set(self.after_scan.get().saturating_add(actions));
    }

    fn wait(&self, what: &str, count: usize, such: impl Fn(&Record) -> bool) -> Result<()> {
        self.counter.files.wait_for_count(what, count, such)
    }

    fn so_far(&self, such: impl Fn(&Record) -> bool) -> Result<usize> {
        self.counter.files.count(such)
    }

    fn sales(&self) -> Result<usize> {
        self.so_far(|record| matches!(record, Record::SaleCompleted { .. }))
    }

    /// What is on the screen has come to rest.
    fn look(&self) -> Result<()> {
        self.display.settled().map(drop)
    }

    /// A task is over; the next one is counted from nothing.
    fn over(&mut self, name: &'static str) {
        let (actions, after_scan) = (self.actions.replace(0), self.after_scan.replace(0));
        self.done.push(Task { name, actions, after_scan });
    }

    /// The change is read before the next customer.
    fn read_the_change(&self) -> Result<()> {
        self.calm()
    }

    fn calm(&self) -> Result<()> {
        let since = std::time::Instant::now();
        let calm = std::time::Duration::from_millis(u64::try_from(pos_app::entry::CALM_MS)? + 200);
        wait_at_most(PATIENCE, "the till to take Enter again", || Ok((since.elapsed() > calm).then_some(())))
    }

    fn pay_cash(&self, amount: &str) -> Result<()> {
        let before = self.sales()?;
        self.keys(&["space"])?;
        self.type_text(amount)?;
        self.keys(&["Return"])?;
        self.wait("a sale", before + 1, |record| matches!(record, Record::SaleCompleted { .. }))
    }

    /// Nothing is typed: exactly what is due.
    fn pay_exactly(&self) -> Result<()> {
        let before = self.sales()?;
        self.keys(&["space", "Return"])?;
        self.wait("a sale", before + 1, |record| matches!(record, Record::SaleCompleted { .. }))
    }

    fn approve(&self) -> Result<()> {
        let approved = |record: &Record| matches!(record, Record::Approved { .. });
        let before = self.so_far(approved)?;
        self.type_text("201")?;
        self.keys(&["Return"])?;
        self.type_text("3456")?;
        self.keys(&["Return"])?;
        self.wait("an approval", before + 1, approved)
    }

    /// Chooses in the menu, counted from its end.
    fn menu(&self, from_end: usize) -> Result<()> {
        self.keys(&["Tab", "Next", "Next", "Next", "Next", "Next", "Next", "Next"])?;
        self.keys(&vec!["Up"; from_end])?;
        self.keys(&["Return"])
    }

    fn last_receipt(&self) -> Result<String> {
        let records = self.counter.files.records()?;
        let sale = records.iter().rev().find(|stored| matches!(stored.record, Record::SaleCompleted { .. }));
        let seq = sale.context("find the last sale")?.seq;
        Ok(ReceiptCode { store: STORE.to_owned(), lane: 1, epoch: 1, seq }.to_string())
    }

    fn selling(&mut self) -> Result<()> {
        self.keys(&["1", "0", "1", "Return", "1", "2", "3", "4", "Return"])?;
        self.wait("a sign-in", 1, |record| matches!(record, Record::SignedIn { .. }))?;
        self.over("sign in");
        // For a second after it Enter takes no money.
        self.calm()?;

        for sku in [WATER, COLA, TEA] {
            self.goods(sku)?;
        }
        self.pay_exactly()?;
        self.read_the_change()?;
        self.over("sell three goods for exact cash, nobody's member");

        self.goods(WATER)?;
        self.type_text("6")?;
        self.keys(&["F4"])?;
        self.wait("a quantity", 1, |record| matches!(record, Record::LineQuantitySet { .. }))?;
        self.pay_cash("20")?;
        self.read_the_change()?;
        self.over("sell six bottles");

        let body = "211100101235".to_owned();
        self.scan_and_look(&format!("{body}{}", check_digit(&body)))?;
        self.goods(JUICE)?;
        self.type_text("4")?;
        self.keys(&["F4"])?;
        self.scan(GOLD_CARD)?;
        self.wait("a member", 1, |record| matches!(record, Record::MemberJoined { .. }))?;
        self.scan(COUPON)?;
        self.wait("a coupon", 1, |record| matches!(record, Record::CouponLaid { .. }))?;
        self.pay_cash("50")?;
        self.read_the_change()?;
        self.over("sell weighed fruit to a member with a coupon");

        let added = |record: &Record| matches!(record, Record::LineAdded { .. });
        let before = self.so_far(added)?;
        self.type_text("11001")?;
        self.keys(&["Return"])?;
        self.type_text("530")?;
        self.keys(&["Return"])?;
        self.wait("fruit by weight", before + 1, added)?;
        self.over("weigh fruit by its number");

        self.keys(&["F2"])?;
        self.type_text("qq")?;
        self.look()?;
        self.keys(&["Return"])?;
        self.wait("goods by initials", before + 2, added)?;
        self.over("find goods by initials");

        self.keys(&["Delete"])?;
        self.wait("a void", 1, |record| matches!(record, Record::LineVoided { .. }))?;
        self.over("take a line back");

        self.keys(&["F3"])?;
        self.scan_and_look(&code_of(JUICE)?)?;
        self.keys(&["Escape"])?;
        ensure!(self.so_far(added)? == before + 2, "a price check sold something");
        self.over("say what something costs");
        Ok(())
    }

    fn exceptions(&mut self) -> Result<()> {
        self.goods(JUICE)?;
        self.keys(&["F6", "F5"])?;
        self.type_text("20")?;
        self.keys(&["Return"])?;
        self.approve()?;
        self.over("take 20 % off a line, with approval");

        self.goods(TEA)?;
        self.keys(&["F6"])?;
        self.type_text("5")?;
        self.keys(&["Return"])?;
        self.approve()?;
        self.wait("a price", 1, |record| matches!(record, Record::LinePriceSet { .. }))?;
        self.over("set a price, with approval");

        self.keys(&["F10"])?;
        self.type_text("hat")?;
        self.keys(&["Return"])?;
        self.wait("a parked basket", 1, |record| matches!(record, Record::BasketParked { .. }))?;
        self.goods(COLA)?;
        self.pay_cash("10")?;
        self.read_the_change()?;
        self.keys(&["F10", "Return"])?;
        self.wait("a recalled basket", 1, |record| matches!(record, Record::BasketRecalled { .. }))?;
        self.over("park, serve another, recall");

        self.counter.kill_till()?;
        let size = "1024x768";
        self.counter.start_till(&self.display, size)?;
        let signed_in = |record: &Record| matches!(record, Record::SignedIn { .. });
        let before = self.so_far(signed_in)?;
        self.keys(&["1", "0", "1", "Return", "1", "2", "3", "4", "Return"])?;
        self.wait("a sign-in", before + 1, signed_in)?;
        self.over("go on after the plug was pulled");
        Ok(())
    }

    fn money(&mut self) -> Result<()> {
        let before = self.sales()?;
        self.keys(&["space"])?;
        self.type_text("5")?;
        self.keys(&["F4"])?;
        self.wait("a part", 1, |record| matches!(record, Record::TenderAdded { .. }))?;
        self.keys(&["F3"])?;
        self.wait("a card", 1, |record| matches!(record, Record::PaymentBegun { .. }))?;
        self.look()?;
        self.keys(&["Return"])?;
        self.wait("a sale", before + 1, |record| matches!(record, Record::SaleCompleted { .. }))?;
        self.over("pay a part in cash and the rest by card");
        self.read_the_change()?;

        self.goods(JUICE)?;
        self.keys(&["space", "F3"])?;
        self.wait("a card", 2, |record| matches!(record, Record::PaymentBegun { .. }))?;
        self.look()?;
        self.keys(&["F7"])?;
        self.wait("a doubt", 2, |record| matches!(record, Record::PaymentEnded { .. }))?;
        self.look()?;
        self.keys(&["F6"])?;
        self.approve()?;
        self.wait("a sale", before + 2, |record| matches!(record, Record::SaleCompleted { .. }))?;
        self.over("a card that nobody knows of, settled with a supervisor");
        self.read_the_change()?;

        self.a_day_without_hq()?;
        self.aside()
    }

    /// Customers come, a member among them, and somebody brings something back; afterwards HQ has all of it.
    fn a_day_without_hq(&mut self) -> Result<()> {
        self.headquarters.kill()?;
        for _ in 0..CUSTOMERS_OF_A_DAY {
            self.goods(WATER)?;
            self.pay_cash("2")?;
            self.read_the_change()?;
        }
        let joined = |record: &Record| matches!(record, Record::MemberJoined { .. });
        let before = self.so_far(joined)?;
        self.goods(JUICE)?;
        self.scan(GOLD_CARD)?;
        self.wait("a member", before + 1, joined)?;
        self.pay_cash("50")?;
        self.read_the_change()?;
        self.bring_one_back()?;
        self.read_the_change()?;
        self.headquarters.start()?;
        self.counter.files.wait_for_acknowledgement()?;
        let (till, hq) = (self.counter.files.sums()?, self.headquarters.sums()?);
        ensure!(till == hq, "the till has {till:?}, HQ {hq:?}");
        self.over("a day with HQ down: customers, a member, a return");
        Ok(())
    }

    /// One of the first goods of the last receipt comes back, for money.
    fn bring_one_back(&self) -> Result<()> {
        let returned = |record: &Record| matches!(record, Record::LineReturned { .. });
        let (sales, lines) = (self.sales()?, self.so_far(returned)?);
        self.scan_and_look(&self.last_receipt()?)?;
        self.approve()?;
        self.calm()?;
        self.keys(&["Return"])?;
        self.approve()?;
        self.wait("one back", lines + 1, returned)?;
        self.keys(&["F8", "Return"])?;
        self.wait("the money", sales + 1, |record| matches!(record, Record::SaleCompleted { .. }))
    }

    fn aside(&mut self) -> Result<()> {
        self.goods(JUICE)?;
        self.keys(&["F8", "F7"])?;
        self.type_text("13900139000")?;
        self.keys(&["Return"])?;
        self.wait("somebody new", 1, |record| matches!(record, Record::MemberRegistered { .. }))?;
        self.pay_cash("50")?;
        self.over("take in a new member, and sell to them");
        self.read_the_change()?;

        // A part by card, the rest by a card that nobody knows of: the next customer does not wait.
        self.goods(JUICE)?;
        self.keys(&["space"])?;
        self.type_text("3")?;
        self.keys(&["F3"])?;
        self.wait("a card", 3, |record| matches!(record, Record::PaymentBegun { .. }))?;
        self.look()?;
        self.keys(&["Return"])?;
        self.wait("a part", 4, |record| matches!(record, Record::PaymentEnded { .. }))?;
        self.look()?;
        self.keys(&["F3"])?;
        self.wait("a card", 4, |record| matches!(record, Record::PaymentBegun { .. }))?;
        self.look()?;
        self.keys(&["F7"])?;
        self.wait("a doubt", 5, |record| matches!(record, Record::PaymentEnded { .. }))?;
        self.look()?;
        self.keys(&["F8"])?;
        self.wait("a parked basket", 2, |record| matches!(record, Record::BasketParked { .. }))?;
        self.over("put a half-paid basket in doubt aside");
        self.goods(WATER)?;
        self.pay_cash("2")?;
        self.read_the_change()?;
        let before = self.sales()?;
        self.keys(&["F10", "Return"])?;
        self.wait("a recalled basket", 2, |record| matches!(record, Record::BasketRecalled { .. }))?;
        self.look()?;
        self.keys(&["F6"])?;
        self.approve()?;
        self.wait("a sale", before + 1, |record| matches!(record, Record::SaleCompleted { .. }))?;
        self.over("serve another, recall it and settle it");
        self.read_the_change()?;
        Ok(())
    }

    fn coming_back(&mut self) -> Result<()> {
        let returned = |record: &Record| matches!(record, Record::LineReturned { .. });
        let before = self.so_far(returned)?;
        self.type_text("3")?;
        self.goods(JUICE)?;
        self.pay_cash("50")?;
        self.actions.set(0);
        self.bring_one_back()?;
        self.over("return one of three");
        self.read_the_change()?;

        self.goods(WATER)?;
        self.pay_cash("2")?;
        self.actions.set(0);
        self.scan_and_look(&self.last_receipt()?)?;
        self.approve()?;
        self.keys(&["F7"])?;
        self.approve()?;
        self.wait("all back", before + 2, returned)?;
        self.goods(COLA)?;
        self.pay_cash("10")?;
        self.over("exchange");
        self.read_the_change()?;

        self.keys(&["F5", "F6"])?;
        self.look()?;
        self.scan_and_look(&code_of(WATER)?)?;
        self.keys(&["Return"])?;
        self.approve()?;
        self.wait("goods without a receipt", before + 3, returned)?;
        let before = self.sales()?;
        self.keys(&["F8", "Return"])?;
        self.wait("the money", before + 1, |record| matches!(record, Record::SaleCompleted { .. }))?;
        self.over("return without a receipt");
        self.read_the_change()?;

        let papers = |record: &Record| matches!(record, Record::PaperBegun { reprint: true, .. });
        self.keys(&["F11"])?;
        self.wait("a reprint", 1, papers)?;
        self.over("print the last receipt again");
        Ok(())
    }

    /// A phone that pays the rest, and a roll that ends.
    fn devices(&mut self) -> Result<()> {
        let part = |record: &Record| matches!(record, Record::TenderAdded { .. });
        let (parts, before) = (self.so_far(part)?, self.sales()?);
        self.goods(JUICE)?;
        self.keys(&["space"])?;
        self.type_text("5")?;
        self.keys(&["F4"])?;
        self.wait("a part", parts + 1, part)?;
        let had = self.wallet.money();
        self.scan(WECHAT_CODE)?;
        self.wait("a sale", before + 1, |record| matches!(record, Record::SaleCompleted { .. }))?;
        ensure!(self.wallet.money() > had, "the wallet paid nothing");
        self.over("pay a part in cash and the rest by a phone's code");
        self.read_the_change()?;

        let receipts = self.counter.printer.receipts().len();
        self.counter.printer.set_fault(Fault::PaperOut);
        self.goods(WATER)?;
        self.pay_cash("2")?;
        self.read_the_change()?;
        self.goods(COLA)?;
        self.pay_cash("10")?;
        self.read_the_change()?;
        ensure!(self.counter.printer.receipts().len() == receipts, "it printed without paper");
        // A new roll; nobody presses anything for what waits.
        self.counter.printer.set_fault(Fault::None);
        let printed = self.counter.printer.wait_for_receipts(receipts + 2, PATIENCE).len();
        ensure!(printed == receipts + 2, "of two receipts that waited {} came", printed - receipts);
        self.over("serve two customers while the paper is out, and put in a roll");
        Ok(())
    }

    /// A basket is put aside here and paid at the lane beside.
    fn another_lane(&mut self, folder: &Path) -> Result<()> {
        let mut files = LaneFiles::enrol(&folder.join("lane-2"), &self.headquarters, STORE, 2)?;
        files.wait_for_goods(0)?;
        let mut other = Counter::set_up(files, None)?;
        let display = Display::start(1_024, 768)?;
        other.start_till(&display, "1024x768")?;
        other.sign_in(&display, "101", "1234")?;

        let parked = |record: &Record| matches!(record, Record::BasketParked { .. });
        let before = self.so_far(parked)?;
        self.goods(TEA)?;
        self.keys(&["F10"])?;
        self.type_text("bag")?;
        self.keys(&["Return"])?;
        self.wait("a parked basket", before + 1, parked)?;
        self.counter.files.wait_for_acknowledgement()?;
        let counted = |names: &[&str]| {
            self.count(names.len());
            display.keys(names)
        };
        counted(&["F10"])?;
        self.calm()?;
        display.settled()?;
        counted(&["Return"])?;
        other.files.wait_for_count("a basket of the other lane", 1, |record| {
            matches!(record, Record::BasketTaken { .. })
        })?;
        self.calm()?;
        counted(&["space", "1", "0", "Return"])?;
        other.wait_for_sales(1)?;
        self.beside = Some((other, display));
        self.over("park, and pay at another lane");
        Ok(())
    }

    /// The till opens anew for a training and after it; nothing that is done in between is in the journal that counts.
    fn training(&mut self) -> Result<()> {
        let begin_anew = |cashier: &Self, trained: &Path| -> Result<()> {
            // Thirteen from the end of the menu, before cash in.
            cashier.menu(13)?;
            let pause = Instant::now() + TILL_OPENS_ANEW;
            wait_for("the till to open anew", || {
                Ok((Instant::now() > pause && trained.exists()).then_some(()))
            })?;
            cashier.display.focus()
        };
        let own = self.counter.files.paths.training();
        let before = self.counter.files.records()?.len();
        begin_anew(self, &own.journal())?;
        let training = LaneFiles::of(&own);
        self.keys(&["1", "0", "1", "Return", "1", "2", "3", "4", "Return"])?;
        training.wait_for_count("a sign-in", 1, |record| matches!(record, Record::SignedIn { .. }))?;
        self.scan(&code_of(WATER)?)?;
        self.keys(&["space"])?;
        self.type_text("10")?;
        self.keys(&["Return"])?;
        training.wait_for_count("a sale", 1, |record| matches!(record, Record::SaleCompleted { .. }))?;
        self.look()?;
        begin_anew(self, &own.journal())?;
        ensure!(self.counter.files.records()?.len() == before, "a training is in the journal that counts");
        let signed_in = |record: &Record| matches!(record, Record::SignedIn { .. });
        let before = self.so_far(signed_in)?;
        self.keys(&["2", "0", "1", "Return", "3", "4", "5", "6", "Return"])?;
        self.wait("a sign-in", before + 1, signed_in)?;
        self.over("train somebody, and go on where the shift was");
        Ok(())
    }

    fn ending(&mut self) -> Result<()> {
        let signed_in = |record: &Record| matches!(record, Record::SignedIn { .. });
        self.keys(&["Escape", "F12"])?;
        self.wait("a lock", 1, |record| matches!(record, Record::Locked { .. }))?;
        let before = self.so_far(signed_in)?;
        self.keys(&["2", "0", "1", "Return", "3", "4", "5", "6", "Return"])?;
        self.wait("somebody else", before + 1, signed_in)?;
        self.over("lock, and let a supervisor take over");

        self.training()?;

        // Counted from the end of the menu: sign out, lock, theme, language, health, day, close, count, X, drawer, drop.
        self.menu(10)?;
        self.type_text("20")?;
        self.keys(&["Return"])?;
        self.wait("a drop", 1, |record| matches!(record, Record::CashMoved { .. }))?;
        self.over("drop a twenty into the safe");

        self.menu(8)?;
        self.look()?;
        self.keys(&["Escape"])?;
        self.over("look at the shift");

        self.menu(7)?;
        self.type_text("1")?;
        self.keys(&["F8"])?;
        self.wait("a count", 1, |record| matches!(record, Record::CashCounted { .. }))?;
        self.look()?;
        self.keys(&["Return"])?;
        self.wait("the end", 1, |record| matches!(record, Record::ShiftClosed { .. }))?;
        self.over("close the shift with a difference");
        self.counter.files.wait_for_acknowledgement()?;
        let (mut tills, hq) = (self.counter.files.sums()?, self.headquarters.sums()?);
        if let Some((other, _)) = &self.beside {
            other.files.wait_for_acknowledgement()?;
            let (count, total) = other.files.sums()?;
            tills = (tills.0 + count, tills.1 + total);
        }
        ensure!(tills == hq, "the tills have {tills:?}, HQ {hq:?}");
        wait_for("a calm printer", || Ok(self.counter.printer.errors().is_empty().then_some(())))
    }
}
