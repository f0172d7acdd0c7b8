//! The pictures of the cashier's guide: each job is done at a real lane, by keys and scans, and drawn.

mod rare;
mod setting_up;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use domain::till::Desk;
use drivers::frame::Health;
use drivers::printer::PrinterEvent;
use fixtures::shop;
use ledger::reference::ReferenceWriter;
use pos_app::config::{Config, Language, Payment, Printer, Theme};
use pos_app::lane::{Event, Moment};
use protocol::ask::{Answer, Margin, Margins, ParkedRefused, ParkedShown, StockAt, Uncosted};
use protocol::event::{ParkedId, PointsGrant, Position};
use protocol::pull::{Change, Entity, Order, OrderLine, OrderState, Transfer, TransferLine, pick_up_hash};
use ui::TillScreen;
use ui::action::Key;
use ui::pixels::{Drawn, Pixels};
use ui::view;

use crate::stand::{Stand, reference, save};

/// 2026-11-21 10:00 in Shanghai, a Saturday.
const MORNING: Moment = Moment { now_ms: 1_795_226_400_000, offset_minutes: 480 };

/// A gold member's card.
const GOLD_CARD: &str = "M00000005C";

/// 5 off 30.
const COUPON: &str = "CDEMO0001R";

/// The pictures that the guide shows; the others are for looking at.
pub const SHOWN: [&str; 27] = [
    "approval",
    "count",
    "count-check",
    "count-goods",
    "discount",
    "health",
    "margins",
    "member-basket",
    "new-member",
    "order-pick",
    "orders",
    "pay-split",
    "payment-in-doubt",
    "points",
    "recall",
    "return-bought",
    "return-gift",
    "return-taken",
    "seller",
    "sell",
    "set-up-goods",
    "set-up-hq",
    "set-up-printer",
    "set-up-store",
    "stock-receive",
    "training",
    "z-report",
];

/// How the pictures are drawn.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// In which language.
    pub language: Language,
    /// In which colours.
    pub theme: Theme,
    /// How wide and high.
    pub size: (u32, u32),
    /// Only what the guide shows is drawn; the jobs are done all the same.
    pub shown_only: bool,
}

/// Draws every job's pictures into a folder; gives their names.
///
/// # Errors
/// A job did not go as the guide says.
pub fn pictures(pixels: &Pixels, folder: &Path, look: Look) -> Result<Vec<String>> {
    watched(pixels, folder, look, None)
}

/// Who looks at everything that is drawn, in light and dark colours.
pub type Watch<'a> = &'a mut dyn FnMut(&str, view::Theme, &TillScreen, &Drawn);

/// The same with somebody who looks at the till's windows.
///
/// # Errors
/// A job did not go as the guide says.
pub fn watched<'a>(
    pixels: &'a Pixels,
    folder: &Path,
    look: Look,
    watch: Option<Watch<'a>>,
) -> Result<Vec<String>> {
    std::fs::create_dir_all(folder)?;
    pixels.resize(look.size.0, look.size.1);
    let files = tempfile::tempdir()?;
    let shop = reference(files.path(), 1)?;
    let config = config_of(look);
    let stand = open(files.path(), config.clone())?;
    let shown_only = look.shown_only;
    let mut day = Day {
        stand,
        pixels,
        folder: folder.to_owned(),
        shop,
        names: Vec::new(),
        shown_only,
        watch,
        files: files.path().to_owned(),
    };
    day.selling()?;
    day.prices()?;
    day.members()?;
    day.parking()?;
    day.paying()?;
    day.returning()?;
    day.beside()?;
    day.orders(files.path())?;
    day.transfers(files.path())?;
    day.shift()?;
    day.others()?;
    day.stand = open(files.path(), config.clone().for_training())?;
    day.training()?;
    day.rare(&config)?;
    let set_up = setting_up::pictures((&day.stand.screen, pixels), folder, &config_of(look))?;
    day.names.extend(set_up);
    Ok(day.names)
}

/// A lane whose printer is ready, and prints.
fn open(files: &Path, config: Config) -> Result<Stand> {
    let mut stand = Stand::open(files, config, MORNING)?;
    stand.prints = true;
    stand.turn(vec![Event::Printer(PrinterEvent::Health(Health::Ready))]);
    stand.screen.show()?;
    Ok(stand)
}

/// Where the lane's agent writes what it heard of HQ.
fn hq(files: &Path) -> Result<ReferenceWriter> {
    Ok(ReferenceWriter::open(&files.join("reference.db"))?)
}

fn config_of(look: Look) -> Config {
    Config {
        printer: Some(Printer::new("127.0.0.1:1", "xprinter-xp80")),
        language: look.language,
        theme: look.theme,
        payment: Payment { card: true, ..Payment::default() },
        ..Config::default()
    }
}

struct Day<'a> {
    stand: Stand,
    pixels: &'a Pixels,
    folder: PathBuf,
    shop: shop::Shop,
    names: Vec<String>,
    shown_only: bool,
    watch: Option<Watch<'a>>,
    /// Where the lane's files lie.
    files: PathBuf,
}

impl Day<'_> {
    fn draw(&mut self, name: &str) -> Result<()> {
        let acknowledged = self.stand.lane.journal().context("a journal")?.head().seq;
        let position = ledger::reference::Position { acknowledged, quarantined: 0 };
        // HQ has heard everything.
        hq(&self.files)?.set_position(position, self.stand.moment.now_ms)?;
        self.stand.turn(vec![Event::Tick]);
        if let Some(watch) = &mut self.watch {
            let view = self.stand.lane.view();
            for theme in [view::Theme::Light, view::Theme::Dark] {
                self.stand.screen.apply(&view::View { theme, ..view.clone() });
                let drawn = self.pixels.draw(&self.stand.screen)?;
                watch(name, theme, &self.stand.screen, &drawn);
            }
            self.stand.screen.apply(&view);
        }
        if self.shown_only && !SHOWN.contains(&name) {
            return Ok(());
        }
        self.stand.picture(self.pixels, &self.folder.join(format!("{name}.png")))?;
        self.names.push(name.to_owned());
        Ok(())
    }

    fn code(&self, sku: &str) -> Result<String> {
        let product = self.shop.products.iter().find(|product| product.sku == sku);
        product.and_then(|product| product.codes.first().cloned()).with_context(|| format!("a code of {sku}"))
    }

    fn scan(&mut self, sku: &str) -> Result<()> {
        let code = self.code(sku)?;
        self.stand.scan(&code);
        Ok(())
    }

    fn lines(&self) -> usize {
        self.stand.lane.till().map_or(0, |till| till.basket().lines().len())
    }

    fn is_done(&self) -> bool {
        self.stand.lane.till().is_some_and(|till| matches!(till.desk(), Desk::Done(..)))
    }

    /// Pays what is due in exact cash.
    fn pay(&mut self) -> Result<()> {
        self.stand.key(Key::Char(' '));
        self.stand.press(ui::Button::QuickCash(0));
        ensure!(self.is_done(), "the basket was not paid");
        self.stand.key(Key::Escape);
        Ok(())
    }

    fn menu(&mut self, name: &str) -> Result<()> {
        self.stand.key(Key::Tab);
        let row =
            self.stand.lane.view().sheet.and_then(|menu| menu.rows.iter().position(|row| row.name == name));
        let row = row.with_context(|| format!("{name} in the menu"))?;
        self.stand.press(ui::Button::Row(row));
        Ok(())
    }

    fn say<'t>(&self, chinese: &'t str, english: &'t str) -> &'t str {
        match self.stand.lane.view().language {
            ui::view::Language::Chinese => chinese,
            ui::view::Language::English => english,
        }
    }

    fn selling(&mut self) -> Result<()> {
        self.draw("sign-in")?;
        self.stand.sign_in("101", "1234");
        self.draw("sell-empty")?;
        self.stand.function(1);
        self.draw("help")?;
        self.stand.key(Key::Escape);
        self.stand.key(Key::Tab);
        self.draw("menu")?;
        self.stand.key(Key::Escape);
        self.scan("100001")?;
        self.stand.type_text("6");
        self.stand.function(4);
        self.scan("100028")?;
        self.scan("100024")?;
        self.stand.enter("11001");
        self.stand.enter("530");
        self.draw("sell")?;
        self.stand.function(2);
        self.stand.type_text("xj");
        self.draw("find")?;
        self.stand.key(Key::Escape);
        self.stand.key(Key::Escape);
        self.stand.function(3);
        self.scan("100010")?;
        self.draw("price-check")?;
        self.stand.key(Key::Escape);
        ensure!(self.lines() == 4, "a price check sold something: {} lines", self.lines());
        self.stand.function(9);
        self.draw("why")?;
        self.stand.key(Key::Escape);
        self.crediting()
    }

    /// Who sold it, and what is noted.
    fn crediting(&mut self) -> Result<()> {
        self.stand.function(7);
        self.draw("seller")?;
        self.stand.enter("102");
        self.stand.key(Key::Up);
        self.stand.function(6);
        self.stand.function(10);
        self.draw("note")?;
        self.stand.key(Key::Down);
        self.stand.key(Key::Enter);
        self.draw("credited")?;
        self.stand.key(Key::Down);
        Ok(())
    }

    fn prices(&mut self) -> Result<()> {
        self.stand.function(6);
        self.draw("change-price")?;
        self.stand.function(5);
        self.stand.type_text("20");
        self.draw("discount")?;
        self.stand.key(Key::Enter);
        self.draw("approval")?;
        self.stand.enter("201");
        self.stand.enter("3456");
        let reduced = self
            .stand
            .lane
            .till()
            .is_some_and(|till| till.basket().lines().iter().any(|line| line.discount.is_some()));
        ensure!(reduced, "the discount was not given");
        self.draw("discounted")?;
        Ok(())
    }

    fn members(&mut self) -> Result<()> {
        self.stand.function(8);
        self.draw("member")?;
        self.stand.scan(GOLD_CARD);
        self.stand.type_text("5");
        self.stand.function(4);
        self.scan("220001")?;
        self.scan("100028")?;
        self.stand.type_text("4");
        self.stand.function(4);
        self.stand.scan(COUPON);
        self.draw("member-basket")?;
        self.stand.function(8);
        self.draw("member-coupons")?;
        self.points()
    }

    /// Points are spent of what HQ lends, and kept after all.
    fn points(&mut self) -> Result<()> {
        self.stand.agent_is_slow = true;
        self.stand.function(5);
        let grant = PointsGrant {
            lease: "lease-1".into(),
            member: "M000005".into(),
            points: 4_266,
            until_ms: self.stand.moment.now_ms + 3_600_000,
        };
        self.stand.answer(Answer::PointsLent { grant });
        self.stand.agent_is_slow = false;
        let spends = |day: &Self| day.stand.lane.till().is_some_and(|till| till.basket().grant().is_some());
        ensure!(spends(self), "no points are spent");
        self.stand.key(Key::Escape);
        self.draw("points")?;
        self.stand.function(8);
        self.stand.function(5);
        ensure!(!spends(self), "the points are not kept");
        self.stand.key(Key::Escape);
        Ok(())
    }

    fn parking(&mut self) -> Result<()> {
        self.stand.function(10);
        self.draw("park")?;
        self.stand.type_text(self.say("蓝帽子", "blue cap"));
        self.stand.key(Key::Enter);
        ensure!(self.lines() == 0, "the basket was not parked");
        self.scan("100010")?;
        self.pay()?;
        self.stand.agent_is_slow = true;
        self.stand.function(10);
        let other = ParkedShown {
            id: ParkedId { lane: 2, epoch: 1, number: 5 },
            at_ms: self.stand.moment.now_ms - 240_000,
            note: self.say("穿校服的", "school uniform").to_owned(),
            first: ("可乐".into(), "Cola".into()),
            lines: 4,
            total: 5_260,
        };
        self.stand.answer(Answer::ParkedBaskets { baskets: vec![other], gone: Vec::new() });
        self.draw("recall")?;
        self.stand.key(Key::Enter);
        self.stand.answer(Answer::ParkedNotClaimed { why: ParkedRefused::Unknown {} });
        self.stand.agent_is_slow = false;
        ensure!(self.lines() > 3, "the basket was not recalled");
        Ok(())
    }

    /// Drinks are counted while the lane sells, and looked through before they are written down.
    fn counting(&mut self) -> Result<()> {
        self.menu(self.say("盘点", "Count goods"))?;
        self.draw("counts")?;
        self.stand.key(Key::Enter);
        self.stand.agent_is_slow = true;
        for (sku, found) in [("100028", "24"), ("100010", "36"), ("100001", "11")] {
            self.scan(sku)?;
            let known = vec![Position { lane: 2, epoch: 1, seq: 40 }];
            self.stand.answer(Answer::Positions { known, unknown: Vec::new() });
            self.stand.type_text(found);
            self.stand.function(4);
        }
        // Twelve more of the first at the till.
        self.scan("100028")?;
        self.stand.type_text("12");
        self.stand.function(4);
        self.stand.agent_is_slow = false;
        self.draw("count-goods")?;
        self.stand.function(8);
        self.draw("count-check")?;
        self.stand.function(8);
        self.stand.enter("201");
        self.stand.enter("3456");
        ensure!(self.stand.lane.view().sheet.is_none(), "the count was not written down");
        self.draw("counted")?;
        Ok(())
    }

    fn paying(&mut self) -> Result<()> {
        self.stand.key(Key::Char(' '));
        if self.stand.lane.view().sheet.is_some() {
            self.draw("age")?;
            self.stand.key(Key::Enter);
        }
        self.draw("pay")?;
        self.stand.type_text("10");
        self.stand.function(4);
        self.draw("pay-part")?;
        self.stand.function(7);
        self.stand.enter("V20261128");
        self.stand.type_text("5");
        self.draw("voucher")?;
        self.stand.key(Key::Enter);
        self.draw("pay-split")?;
        self.stand.function(3);
        self.draw("card")?;
        self.stand.function(7);
        for _ in 0..4 {
            self.stand.turn(vec![Event::Tick]);
            self.stand.moment.now_ms += 2_000;
        }
        self.draw("payment-in-doubt")?;
        self.stand.function(7);
        self.stand.enter("201");
        self.stand.enter("3456");
        self.stand.type_text("500");
        self.draw("pay-rest")?;
        self.stand.key(Key::Enter);
        ensure!(self.is_done(), "the split was not paid");
        self.draw("done")?;
        self.stand.function(7);
        self.draw("receipt-code")?;
        self.stand.key(Key::Escape);
        self.stand.key(Key::Escape);
        Ok(())
    }

    fn returning(&mut self) -> Result<()> {
        self.stand.function(5);
        self.draw("return")?;
        let seq = self.stand.lane.till().and_then(domain::till::Till::last_sale).context("a sale")?;
        self.stand.enter(&seq.to_string());
        self.draw("return-approval")?;
        self.stand.enter("201");
        self.stand.enter("3456");
        self.draw("return-lines")?;
        self.stand.type_text("2");
        self.stand.key(Key::Enter);
        if self.stand.lane.till().is_some_and(|till| till.pending().is_some()) {
            self.stand.enter("201");
            self.stand.enter("3456");
        }
        let back = self.stand.lane.till().map_or(0, |till| till.basket().returns().len());
        ensure!(back == 1, "{back} lines came back");
        self.draw("return-taken")?;
        self.stand.key(Key::Escape);
        self.scan("100024")?;
        self.draw("exchange")?;
        self.stand.key(Key::Delete);
        self.stand.key(Key::Char(' '));
        self.draw("pay-back")?;
        self.stand.key(Key::Enter);
        ensure!(self.is_done(), "the money was not paid back");
        self.draw("paid-back")?;
        self.stand.key(Key::Escape);
        self.after_the_payment()?;
        self.keeping_a_gift()?;
        self.without_the_receipt()
    }

    /// The card comes out when the change is counted out.
    fn after_the_payment(&mut self) -> Result<()> {
        self.scan("100028")?;
        self.stand.key(Key::Char(' '));
        self.stand.press(ui::Button::QuickCash(0));
        ensure!(self.is_done(), "the basket was not paid");
        self.stand.scan(GOLD_CARD);
        self.draw("whose-card")?;
        self.stand.function(5);
        ensure!(self.stand.lane.view().sheet.is_none(), "the member was not named");
        self.draw("member-named")?;
        self.stand.function(8);
        self.stand.function(8);
        self.draw("member-after")?;
        self.stand.function(7);
        self.stand.type_text("13900139001");
        self.draw("new-member-after")?;
        self.stand.key(Key::Escape);
        self.stand.key(Key::Escape);
        self.stand.key(Key::Escape);
        Ok(())
    }

    /// Goods come back whose receipt is at home: by the member, and by the card that paid.
    fn without_the_receipt(&mut self) -> Result<()> {
        let number = |detail: &str| detail.rsplit('-').next().map(str::to_owned);
        self.stand.scan(GOLD_CARD);
        self.scan("100028")?;
        self.pay()?;
        self.stand.scan(GOLD_CARD);
        self.scan("100024")?;
        self.scan("100001")?;
        self.pay()?;
        self.stand.function(5);
        self.stand.scan(GOLD_CARD);
        self.draw("return-bought")?;
        let rows = self.stand.lane.view().sheet.map(|sheet| sheet.rows).unwrap_or_default();
        ensure!(rows.len() >= 2, "{} receipts were found", rows.len());
        self.scan("100028")?;
        self.draw("return-bought-goods")?;
        let rows = self.stand.lane.view().sheet.map(|sheet| sheet.rows).unwrap_or_default();
        let found = rows.first().and_then(|row| number(&row.detail)).context("the juice's receipt")?;
        self.stand.key(Key::Enter);
        self.stand.enter("201");
        self.stand.enter("3456");
        let past = self.stand.lane.till().and_then(|till| till.basket().past()).map(|past| past.origin.seq);
        ensure!(past == found.parse().ok(), "{past:?} is not the receipt that was chosen, {found}");
        self.draw("return-bought-lines")?;
        self.stand.key(Key::Delete);
        self.stand.key(Key::Escape);
        self.stand.function(5);
        self.stand.function(8);
        self.stand.type_text("0042");
        self.draw("return-by-card")?;
        self.stand.key(Key::Enter);
        self.draw("return-by-card-none")?;
        self.stand.key(Key::Escape);
        self.stand.key(Key::Escape);
        self.stand.key(Key::Escape);
        self.stand.key(Key::Escape);
        ensure!(self.stand.lane.view().sheet.is_none(), "a sheet is still open");
        self.looking_at_margins()
    }

    /// A manager looks at what was earned; HQ answers.
    fn looking_at_margins(&mut self) -> Result<()> {
        self.stand.function(12);
        self.stand.sign_in("301", "4567");
        self.menu(self.say("今日报表", "Today's reports"))?;
        self.draw("day")?;
        self.stand.agent_is_slow = true;
        self.stand.function(3);
        self.draw("margins-asking")?;
        let margin = |of: &str, zh: &str, en: &str, net, cost| Margin {
            of: of.into(),
            name: (zh.into(), en.into()),
            net,
            cost,
        };
        let margins = Margins {
            currency: "CNY".into(),
            all: margin("", "", "", 1_284_250, 987_410),
            categories: vec![
                margin("drinks", "饮料", "Drinks", 512_030, 341_200),
                margin("fresh", "生鲜", "Fresh food", 402_110, 371_960),
                margin("snacks", "零食", "Snacks", 298_400, 198_020),
                margin("bread", "面包", "Bread", 71_710, 76_230),
            ],
            goods: vec![
                margin("100028", "鲜橙汁", "Orange juice", 120_400, 74_300),
                margin("100001", "饮用天然水", "Spring water", 88_300, 51_200),
            ],
            uncosted_count: 2,
            uncosted_net: 18_640,
            uncosted: vec![
                Uncosted { sku: "200022".into(), name: ("东北大米".into(), "Rice".into()), net: 12_300 },
                Uncosted { sku: "200005".into(), name: ("抽纸".into(), "Tissues".into()), net: 6_340 },
            ],
        };
        self.stand.answer(Answer::Margins { margins: Box::new(margins) });
        self.stand.agent_is_slow = false;
        self.draw("margins")?;
        self.stand.function(8);
        self.draw("margins-goods")?;
        self.stand.function(2);
        self.draw("margins-away")?;
        self.stand.key(Key::Escape);
        self.stand.key(Key::Escape);
        ensure!(self.stand.lane.view().sheet.is_none(), "a sheet is still open");
        self.menu(self.say("签退", "Sign out"))?;
        self.stand.sign_in("101", "1234");
        Ok(())
    }

    /// One of two comes back, without the gift that both had earned.
    fn keeping_a_gift(&mut self) -> Result<()> {
        for sku in ["200009", "200009", "200016"] {
            self.scan(sku)?;
        }
        self.pay()?;
        let seq = self.stand.lane.till().and_then(domain::till::Till::last_sale).context("a sale")?;
        self.stand.function(5);
        self.stand.enter(&seq.to_string());
        self.stand.enter("201");
        self.stand.enter("3456");
        self.stand.key(Key::Enter);
        self.stand.enter("201");
        self.stand.enter("3456");
        self.draw("return-gift")?;
        self.stand.function(8);
        self.stand.key(Key::Enter);
        ensure!(self.is_done(), "the money was not paid back");
        self.stand.key(Key::Escape);
        Ok(())
    }

    fn beside(&mut self) -> Result<()> {
        self.scan("100024")?;
        self.stand.function(8);
        self.stand.function(7);
        self.stand.type_text("13900139000");
        self.draw("new-member")?;
        self.stand.key(Key::Enter);
        ensure!(
            self.stand.lane.till().is_some_and(|till| till.basket().member().is_some()),
            "nobody became a member"
        );
        self.pay()?;
        self.menu(self.say("收货", "Receive goods"))?;
        self.scan("100028")?;
        self.stand.key(Key::Tab);
        self.stand.enter("24");
        self.scan("100010")?;
        self.scan("100001")?;
        for _ in 0..3 {
            self.stand.key(Key::Tab);
        }
        self.stand.type_text(self.say("光明乳业", "Bright Dairy"));
        self.draw("stock-receive")?;
        self.stand.function(8);
        ensure!(self.stand.lane.view().sheet.is_none(), "the delivery was not written down");
        self.draw("stock-received")?;
        self.menu(self.say("报损", "Waste"))?;
        self.stand.function(3);
        self.scan("100028")?;
        self.draw("stock-waste")?;
        self.stand.function(8);
        self.counting()?;
        Ok(())
    }

    /// Transfers that HQ ordered: one of two is sent, with less than was asked for; one is expected.
    fn transfers(&mut self, files: &Path) -> Result<()> {
        tell_transfers(files, &self.shop, self.stand.moment.now_ms)?;
        self.stand.turn(vec![Event::Tick]);
        self.menu(self.say("调出到别的店", "Transfer out"))?;
        self.draw("transfers")?;
        self.stand.key(Key::Enter);
        self.stand.key(Key::Tab);
        self.stand.enter("18");
        self.draw("transfer-send")?;
        self.stand.function(8);
        ensure!(self.stand.lane.view().sheet.is_none(), "the transfer was not written down");
        self.draw("transfer-sent")?;
        self.menu(self.say("调入", "Transfer in"))?;
        self.draw("transfers-expected")?;
        self.stand.key(Key::Escape);
        ensure!(self.stand.lane.view().sheet.is_none(), "the list was not left");
        Ok(())
    }

    /// Orders of channels: three come in, one is picked short and handed over.
    fn orders(&mut self, files: &Path) -> Result<()> {
        tell_orders(files, &self.shop, self.stand.moment.now_ms)?;
        self.stand.turn(vec![Event::Tick]);
        self.draw("order-new")?;
        self.stand.press(ui::Button::Orders);
        self.draw("orders")?;
        self.stand.key(Key::Down);
        self.stand.key(Key::Enter);
        self.draw("order-accept")?;
        self.stand.key(Key::Enter);
        self.scan("100001")?;
        self.scan("100001")?;
        self.stand.enter("11001");
        self.stand.enter("0.512");
        self.draw("order-pick")?;
        self.scan("100010")?;
        self.draw("order-wrong-goods")?;
        self.stand.function(2);
        self.stand.function(8);
        self.draw("order-ready")?;
        self.stand.scan("482916");
        self.draw("order-hand-over")?;
        self.stand.key(Key::Enter);
        self.draw("order-handed-over")?;
        self.stand.key(Key::Up);
        self.stand.key(Key::Enter);
        self.stand.key(Key::Delete);
        self.draw("order-refuse")?;
        for _ in 0..3 {
            self.stand.key(Key::Escape);
        }
        ensure!(self.stand.lane.view().sheet.is_none(), "the orders stayed open");
        Ok(())
    }

    fn shift(&mut self) -> Result<()> {
        self.menu(self.say("投库", "Safe drop"))?;
        self.stand.type_text("20");
        self.draw("safe-drop")?;
        self.stand.key(Key::Enter);
        self.menu(self.say("查看本班（X）", "Look at the shift (X)"))?;
        self.draw("x-report")?;
        self.stand.key(Key::Escape);
        self.menu(self.say("今日报表", "Today's reports"))?;
        self.draw("day-hours")?;
        self.stand.function(8);
        self.draw("day-goods")?;
        self.stand.function(9);
        self.draw("day-exceptions")?;
        self.stand.function(10);
        self.draw("day-sellers")?;
        self.stand.key(Key::Escape);
        self.menu(self.say("小票：重打、电子小票、退货", "Receipts: reprint, code, return"))?;
        self.draw("receipts")?;
        self.stand.key(Key::Escape);
        self.menu(self.say("设备与状态", "Devices and state"))?;
        self.draw("health")?;
        self.stand.key(Key::Escape);
        self.stand.function(12);
        self.draw("locked")?;
        self.stand.sign_in("101", "1234");
        self.menu(self.say("点钞", "Count the drawer"))?;
        self.stand.enter("3");
        self.stand.enter("1");
        self.stand.type_text("4");
        self.draw("count")?;
        self.stand.function(8);
        self.draw("close-shift")?;
        self.stand.key(Key::Enter);
        self.draw("z-report")?;
        ensure!(
            self.stand.lane.till().is_some_and(|till| till.shift().is_none()),
            "the shift was not closed"
        );
        Ok(())
    }

    /// Sheets that no page shows: each is looked at and left.
    fn others(&mut self) -> Result<()> {
        self.stand.key(Key::Escape);
        if matches!(self.stand.lane.till().map(domain::till::Till::desk), Some(Desk::SignedOut)) {
            self.stand.sign_in("101", "1234");
        } else {
            // The next shift begins with whoever signs in.
            self.menu(self.say("签退", "Sign out"))?;
            self.stand.sign_in("101", "1234");
        }
        self.scan("100001")?;
        for (name, chinese, english) in [
            ("cancel", "整单取消", "Cancel the basket"),
            ("cash-in", "现金存入", "Cash in"),
            ("cash-out", "现金支出", "Cash out"),
            ("drawer", "开钱箱", "Open the drawer"),
        ] {
            self.menu(self.say(chinese, english))?;
            self.draw(name)?;
            self.stand.key(Key::Escape);
        }
        self.where_there_is_any()?;
        self.stand.function(5);
        self.stand.press(ui::Button::SheetKey(0));
        self.draw("blind")?;
        self.stand.key(Key::Escape);
        self.stand.key(Key::Escape);
        self.stand.scan(GOLD_CARD);
        self.stand.function(8);
        self.stand.function(9);
        self.draw("top-up")?;
        self.stand.key(Key::Escape);
        self.stand.key(Key::Escape);
        self.stand.key(Key::Char(' '));
        self.stand.function(10);
        self.draw("stored-value")?;
        self.stand.key(Key::Escape);
        self.stand.key(Key::Escape);
        self.menu(self.say("整单取消", "Cancel the basket"))?;
        self.stand.key(Key::Enter);
        ensure!(self.lines() == 0, "the basket was not cancelled");
        // The keys stand on a tile.
        self.stand.key(Key::Right);
        self.stand.key(Key::Down);
        self.draw("grid")?;
        self.stand.key(Key::Escape);
        Ok(())
    }

    /// HQ says where there is any of some goods.
    fn where_there_is_any(&mut self) -> Result<()> {
        self.stand.function(3);
        self.scan("100028")?;
        self.stand.agent_is_slow = true;
        self.stand.function(6);
        let place = |store: &str, names: (&str, &str), metres, on_hand| StockAt {
            store: store.into(),
            name_zh: names.0.into(),
            name_en: names.1.into(),
            metres,
            on_hand,
            ..StockAt::default()
        };
        let places = vec![
            StockAt { in_transit: 24_000, ..place("S001", ("", ""), None, -2_000) },
            place("S003", ("滨河店", "Riverside"), Some(1_280), 3_000),
            StockAt { reserved: 6_000, ..place("S002", ("翠湖店", "Green Lake"), Some(4_810), 36_000) },
            place("S009", ("", ""), None, 12_000),
        ];
        self.stand.answer(Answer::Stock { places });
        self.stand.agent_is_slow = false;
        self.draw("on-hand")?;
        self.stand.key(Key::Escape);
        self.stand.key(Key::Escape);
        Ok(())
    }

    fn training(&mut self) -> Result<()> {
        self.stand.sign_in("101", "1234");
        self.scan("100001")?;
        self.scan("100010")?;
        self.draw("training")?;
        ensure!(self.stand.lane.view().bar.sync == ui::view::SyncState::Training, "it does not say so");
        Ok(())
    }
}

/// What HQ tells of three orders: one is late, one new, one for the evening.
fn tell_orders(files: &Path, shop: &shop::Shop, now_ms: i64) -> Result<()> {
    let weighed = shop.products.iter().find(|product| product.weighed && product.plu == "11001");
    let weighed = weighed.context("goods by weight")?.sku.clone();
    let line = |line, sku: &str, quantity, net| OrderLine {
        line,
        sku: sku.to_owned(),
        quantity,
        net,
        tax_rate: 1_300,
    };
    let told = |id: &str, channel: &str, shown: &str, minutes: i64, state| Order {
        id: id.to_owned(),
        channel: channel.to_owned(),
        state,
        lines: vec![
            line(1, "100001", 2_000, 400),
            line(2, "100028", 1_000, 650),
            line(3, &weighed, 500, 640),
        ],
        kept: 1_690,
        code_hash: pick_up_hash(&shop.store.code, id, &format!("48291{}", &id[id.len() - 1..])),
        promised_ms: Some(now_ms + minutes * 60_000),
        shown: shown.to_owned(),
    };
    let orders = [
        told("mp-1121-005", "mini_program", "孙** *0117", -12, OrderState::Accepted),
        told("mp-1121-006", "mini_program", "赵** *0001", 25, OrderState::Paid),
        told("gb-1121-007", "group_buy", "李** *0342", 480, OrderState::Picked),
    ];
    let mut writer = ReferenceWriter::open(&files.join("reference.db"))?;
    let version = writer.state()?.version + 1;
    let update = writer.begin()?;
    for order in orders {
        update.apply(&Change { version, key: order.id.clone(), entity: Entity::Order(Some(order)) })?;
    }
    Ok(update.commit(version)?)
}

/// What HQ tells of three transfers: two are to be sent, one is on its way here.
fn tell_transfers(files: &Path, shop: &shop::Shop, now_ms: i64) -> Result<()> {
    let here = shop.store.code.as_str();
    let line = |sku: &str, asked, sent| TransferLine { sku: sku.to_owned(), asked, sent };
    let told = |number: &str, (from, to): (&str, &str), left: bool, note: &str, lines| Transfer {
        number: number.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        lines,
        ordered_ms: now_ms - 3_600_000,
        left,
        note: note.to_owned(),
    };
    let out = vec![line("100001", 24_000, 0), line("100028", 6_000, 0), line("100010", 12_000, 0)];
    let transfers = [
        told("T-7KQM-2HXD-9TRB", (here, "S002"), false, "周五前 before Friday", out),
        told("T-9TRB-QQ5C-W8XA", (here, "S003"), false, "", vec![line("100001", 6_000, 0)]),
        told("T-QQ5C-W8XA-7KQM", ("S002", here), true, "", vec![line("100024", 12_000, 11_000)]),
    ];
    let mut writer = ReferenceWriter::open(&files.join("reference.db"))?;
    let version = writer.state()?.version + 1;
    let update = writer.begin()?;
    for transfer in transfers {
        let (key, entity) = (transfer.number.clone(), Entity::Transfer(Some(transfer)));
        update.apply(&Change { version, key, entity })?;
    }
    Ok(update.commit(version)?)
}
