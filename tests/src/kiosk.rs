//! A kiosk with its window and without a display, threads or devices: touches, scans and time come from whoever holds
//! it. And pictures of all its pages.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context, Result, ensure};
use domain::payment::Answer as Paid;
use drivers::frame::supervisor::{Ending, Told};
use drivers::frame::{Health, Reason};
use drivers::printer::{Outcome, PrinterEvent, Rejection};
use drivers::scale::{Load, Reading, ScaleAnswer, Weight};
use pos_app::config::{Config, Kiosk, Mode, Paths, Payment, Printer, Scale, Sign, WeChat};
use pos_app::lane::{Command, Event, Lane, Moment};
use pos_app::payment::Act;
use protocol::ask::{Answer, Question};
use protocol::board::{SignedAct, Stand};
use protocol::head::SigningKey;
use protocol::scan_go::{CodeId, PhoneBasket, PhoneLine};
use ui::Action;
use ui::kiosk::{KioskPage, KioskScreen, KioskView, Touch};
use ui::pixels::Pixels;

use crate::shop::code_of;
use crate::stand::{HQ_SECRET, reference, tell_keys};

/// 2026-11-21 10:00 in Shanghai.
pub const MORNING: Moment = Moment { now_ms: 1_795_226_400_000, offset_minutes: 480 };

/// Between two touches.
const TURN_MS: i64 = 700;

/// A code of a WeChat wallet.
pub const PAY_CODE: &str = "134567890123456789";

/// A gold member's card.
pub const GOLD_CARD: &str = "M00000005C";

/// The demo shop's bags.
pub const BAGS: [&str; 3] = ["200035", "200036", "200037"];

/// A kiosk of the demo shop, with an account at WeChat Pay whose answers come from whoever holds it. Nobody is drawn
/// by chance.
pub fn config() -> Config {
    let mut config = Config {
        mode: Mode::Kiosk,
        kiosk: Kiosk { bags: BAGS.map(str::to_owned).to_vec(), ..Kiosk::default() },
        payment: Payment {
            wechat: Some(WeChat {
                app_id: "wx".to_owned(),
                merchant_id: "1".to_owned(),
                sub_merchant_id: None,
                key_file: "wechat.key".into(),
                certificate_file: None,
                authority_file: None,
                sign: Sign::Md5,
                address: "127.0.0.1".to_owned(),
                base: None,
            }),
            ..Payment::default()
        },
        ..Config::default()
    };
    config.kiosk.audit.base = Some(0);
    config.kiosk.audit.per_removal = Some(0);
    config.kiosk.audit.per_alarm = Some(0);
    config
}

/// The same over a bagging scale, whose readings come from whoever holds it.
pub fn with_bagging_scale() -> Config {
    let port = "127.0.0.1:1".to_owned();
    let scale = Scale { port, protocol: "toledo-8217".to_owned(), baud: None, serial: None };
    Config { bagging_scale: Some(scale), ..config() }
}

/// What is touched to open a kiosk by number and PIN, in order: what it is called, and where a window of 1080 by 1400 has it.
pub const OPENING: [(&str, u32, u32); 10] = [
    ("店员开机", 700, 1_302),
    ("1", 323, 625),
    ("0", 540, 1_009),
    ("1", 323, 625),
    ("确定", 700, 1_302),
    ("1", 323, 625),
    ("2", 540, 625),
    ("3", 757, 625),
    ("4", 323, 753),
    ("确定", 700, 1_302),
];

/// A kiosk, turned by hand.
pub struct KioskStand {
    /// The lane.
    pub lane: Lane,
    /// Its window.
    pub screen: KioskScreen,
    /// Its clock.
    pub moment: Moment,
    /// What it wanted done outside since somebody looked.
    pub commands: Vec<Command>,
    /// What the store's relay tells the kiosk when it says how it is; `None` where there is no relay.
    pub acts: Option<Vec<SignedAct>>,
    /// What is said of phones' codes; `None` where nobody answers.
    pub of_codes: Option<Answer>,
    /// Nothing is said of phones' codes before somebody turns the lane with an answer.
    pub codes_are_slow: bool,
    /// How the kiosk said that it is.
    pub stood: Option<Stand>,
    actions: Rc<RefCell<Vec<Action>>>,
}

impl KioskStand {
    /// Opens a lane whose files lie in a folder.
    pub fn open(folder: &Path, config: Config, moment: Moment) -> Result<Self> {
        let actions = Rc::new(RefCell::new(Vec::new()));
        let pressed = Rc::clone(&actions);
        let screen = KioskScreen::new(move |action| pressed.borrow_mut().push(action))?;
        let lane = Lane::new(Paths { data: folder.to_owned() }, config);
        let (commands, acts, of_codes, stood) = (Vec::new(), None, None, None);
        let codes_are_slow = false;
        let mut stand =
            Self { lane, screen, moment, commands, acts, of_codes, codes_are_slow, stood, actions };
        stand.turn(vec![Event::Tick]);
        ensure!(stand.lane.till().is_some(), "the lane did not open");
        Ok(stand)
    }

    /// Lets the lane take events in, and shows what comes of it.
    pub fn turn(&mut self, events: Vec<Event>) {
        let commands = self.lane.turn(self.moment, events);
        let mut ends = Vec::new();
        for command in &commands {
            let Command::Ask(asked) = command else { continue };
            // HQ is away: every question ends without an answer, but for what the relay knows.
            let mut answer = None;
            if let Question::Stand { stand } = &asked.question {
                self.stood = Some(stand.clone());
                answer = self.acts.clone().map(|acts| Box::new(Answer::Acts { acts }));
            }
            if let Question::ClaimCode { .. } = &asked.question {
                if self.codes_are_slow {
                    continue;
                }
                answer = self.of_codes.clone().map(Box::new);
            }
            ends.push(Event::Answered { number: asked.number, answer });
        }
        self.commands.extend(commands);
        if !ends.is_empty() {
            return self.turn(ends);
        }
        self.screen.apply(&self.lane.kiosk_view());
    }

    /// Somebody touches something.
    pub fn touch(&mut self, touch: Touch) {
        self.moment.now_ms += TURN_MS;
        self.turn(vec![Event::Action(Action::Touch(touch))]);
    }

    /// What the window itself reported.
    pub fn settle(&mut self) {
        self.moment.now_ms += TURN_MS;
        let actions = self.actions.take();
        self.turn(actions.into_iter().map(Event::Action).collect());
    }

    /// Somebody touches digits, and the way on.
    pub fn enter(&mut self, digits: &str) {
        for digit in digits.chars() {
            self.touch(Touch::Digit(digit));
        }
        self.touch(Touch::Go);
    }

    /// Somebody scans something.
    pub fn scan(&mut self, code: &str) {
        self.moment.now_ms += TURN_MS;
        self.turn(vec![Event::Scan(drivers::scanner::Scan::parse(code))]);
    }

    /// So many grams lie still on the bagging scale.
    pub fn lies(&mut self, grams: i64) {
        let load = Load { weight: Weight::grams_of(grams), net: None, computed_minor: None };
        self.turn(vec![Event::Bagging(Told::News(Reading::Stable(load)))]);
    }

    /// So many grams lie still on the scale that goods are weighed on.
    pub fn weighs(&mut self, grams: i64) {
        let load = Load { weight: Weight::grams_of(grams), net: None, computed_minor: None };
        self.turn(vec![Event::Scale(Told::News(Reading::Stable(load)))]);
        let asked = self.commands.iter().rev().find_map(|command| match command {
            Command::Scale(ask) => Some(ask.id),
            _ => None,
        });
        if let Some(id) = asked {
            let ending = Ending::Answered(ScaleAnswer::Weighed(load));
            self.turn(vec![Event::Scale(Told::Ended { id, ending })]);
        }
    }

    /// Somebody scans goods, by their item code.
    pub fn scan_goods(&mut self, sku: &str) -> Result<()> {
        self.scan(&code_of(sku)?);
        Ok(())
    }

    /// Nobody does anything for so long; the lane looks at its clock every half second.
    pub fn pass(&mut self, seconds: i64) {
        for _ in 0..seconds * 2 {
            self.moment.now_ms += 500;
            self.turn(vec![Event::Tick]);
        }
    }

    /// The attendant opens the lane: the key on the closed page, number, PIN.
    pub fn open_for_customers(&mut self, number: &str, pin: &str) {
        self.touch(Touch::Go);
        self.enter(number);
        self.enter(pin);
    }

    /// The attendant comes to their place while the lane is open.
    pub fn attend(&mut self, number: &str, pin: &str) {
        self.touch(Touch::Staff);
        self.enter(number);
        self.enter(pin);
    }

    /// What the window shows.
    pub fn view(&self) -> KioskView {
        self.lane.kiosk_view()
    }

    /// The heading of the page, where it has one.
    pub fn title(&self) -> String {
        match self.view().page {
            KioskPage::Plain { title, .. } | KioskPage::Pad { title, .. } | KioskPage::List { title, .. } => {
                title
            }
            KioskPage::Scan { .. } | KioskPage::Goods { .. } => self.view().bar.title,
        }
    }

    /// Touches the row of a list that begins with these words.
    pub fn touch_row(&mut self, words: &str) -> Result<()> {
        let KioskPage::List { rows, .. } = self.view().page else { anyhow::bail!("no list is shown") };
        let at = rows.iter().position(|row| row.name.starts_with(words));
        let at = at.with_context(|| format!("{words} among {rows:?}"))?;
        self.touch(Touch::Row(at));
        Ok(())
    }

    /// What was asked of the wallet last: the number of the payment, where it is a charge.
    pub fn charged(&self) -> Option<u64> {
        self.commands.iter().rev().find_map(|command| match command {
            Command::Pay(ask) if matches!(ask.act, Act::Charge(_)) => Some(ask.payment),
            _ => None,
        })
    }

    /// The wallet answers about the charge that was asked for last.
    pub fn answer(&mut self, answer: Paid) -> Result<()> {
        let number = self.charged().context("nothing was charged")?;
        self.moment.now_ms += TURN_MS;
        self.turn(vec![Event::Payment { number, answer }]);
        Ok(())
    }

    /// On through bags and member to the payment.
    pub fn go_to_payment(&mut self) {
        for _ in 0..3 {
            self.touch(Touch::Go);
        }
    }

    /// Draws the window into a file.
    pub fn picture(&self, pixels: &Pixels, file: &Path) -> Result<()> {
        let drawn = pixels.draw_kiosk(&self.screen)?;
        let file = std::fs::File::create(file).with_context(|| format!("make {}", file.display()))?;
        let mut encoder = png::Encoder::new(std::io::BufWriter::new(file), drawn.width, drawn.height);
        encoder.set_color(png::ColorType::Rgba);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(&drawn.bytes)?;
        Ok(())
    }
}

const WATER: &str = "100001";
const COLA: &str = "100010";
const TEA: &str = "100024";
const JUICE: &str = "100028";

/// How the pages are drawn: size, touches that set the look.
struct Look<'a> {
    name: &'a str,
    size: (u32, u32),
    touches: &'a [Touch],
}

/// Draws every page of the kiosk into a folder: both languages, three sizes, high contrast and large type.
pub fn pictures(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let pixels = Pixels::start()?;
    let looks = [
        Look { name: "1080x1400-zh", size: (1080, 1400), touches: &[] },
        Look { name: "1080x1400-en", size: (1080, 1400), touches: &[Touch::Language] },
        Look { name: "1080x1920-en-large", size: (1080, 1920), touches: &[Touch::Language, Touch::Large] },
        Look { name: "1280x800-zh-contrast", size: (1280, 800), touches: &[Touch::Contrast] },
        Look { name: "1280x800-en-large", size: (1280, 800), touches: &[Touch::Language, Touch::Large] },
    ];
    for look in looks {
        let lane = tempfile::tempdir()?;
        reference(lane.path(), 1)?;
        pixels.resize(look.size.0, look.size.1);
        let stand = KioskStand::open(lane.path(), config(), MORNING)?;
        stand.screen.show()?;
        Day { stand, pixels: &pixels, folder, look: &look, drawn: 0 }.play()?;
        let lane = tempfile::tempdir()?;
        reference(lane.path(), 1)?;
        let printer = Printer::new("127.0.0.1:1", "xprinter-xp80");
        let stand = KioskStand::open(lane.path(), Config { printer: Some(printer), ..config() }, MORNING)?;
        stand.screen.show()?;
        Day { stand, pixels: &pixels, folder, look: &look, drawn: 40 }.troubles()?;
        let lane = tempfile::tempdir()?;
        reference(lane.path(), 1)?;
        tell_keys(lane.path(), 1)?;
        let printer = Printer::new("127.0.0.1:1", "xprinter-xp80");
        let stand = KioskStand::open(lane.path(), Config { printer: Some(printer), ..config() }, MORNING)?;
        stand.screen.show()?;
        Day { stand, pixels: &pixels, folder, look: &look, drawn: 60 }.phones()?;
        let lane = tempfile::tempdir()?;
        reference(lane.path(), 1)?;
        let stand = KioskStand::open(lane.path(), with_bagging_scale(), MORNING)?;
        stand.screen.show()?;
        Day { stand, pixels: &pixels, folder, look: &look, drawn: 80 }.bagging()?;
    }
    Ok(())
}

/// One day at the kiosk, for its pictures.
struct Day<'a> {
    stand: KioskStand,
    pixels: &'a Pixels,
    folder: &'a Path,
    look: &'a Look<'a>,
    drawn: u32,
}

impl Day<'_> {
    fn draw(&mut self, name: &str) -> Result<()> {
        self.drawn += 1;
        let file = self.folder.join(format!("{}-{:02}-{name}.png", self.look.name, self.drawn));
        self.stand.picture(self.pixels, &file)
    }

    fn begin(&mut self) {
        for touch in self.look.touches {
            self.stand.touch(*touch);
        }
    }

    /// A phone's basket that differs, and the exit code that its sale has.
    fn phones(mut self) -> Result<()> {
        self.stand.open_for_customers("101", "1234");
        self.begin();
        let line = |code: String, pieces, shown| PhoneLine { code, pieces, shown: Some(shown) };
        let basket = PhoneBasket {
            store: "S001".into(),
            id: CodeId([1; 12]),
            made_ms: MORNING.now_ms,
            until_ms: MORNING.now_ms + 30 * 60_000,
            total: 1_000,
            version: 1,
            lines: vec![
                line(code_of(WATER)?, 2, 300),
                line(code_of(TEA)?, 1, 650),
                line(code_of(JUICE)?, 3, 1_000),
                line("9520000000028".into(), 1, 480),
                line("0195200000000202".into(), 1, 990),
            ],
        };
        self.stand.scan(&basket.seal(&SigningKey::parse(HQ_SECRET)?)?);
        self.draw("phone-differs")?;
        self.stand.touch(Touch::Go);
        self.stand.go_to_payment();
        self.stand.scan(PAY_CODE);
        self.stand.answer(Paid::Paid { reference: "4200".into() })?;
        self.draw("thanks-with-exit-code")?;
        self.stand.touch(Touch::Key(1));
        self.draw("thanks-with-both-codes")
    }

    fn play(mut self) -> Result<()> {
        self.draw("closed")?;
        self.stand.touch(Touch::Go);
        self.stand.enter("101");
        self.stand.touch(Touch::Digit('1'));
        self.draw("pin")?;
        self.stand.touch(Touch::Erase);
        self.stand.enter("1234");
        self.draw("attract")?;
        self.begin();
        self.draw("begun")?;
        for sku in [WATER, COLA, TEA, TEA, JUICE] {
            self.stand.scan_goods(sku)?;
        }
        self.draw("scan")?;
        self.stand.scan("9529999999999");
        self.draw("misread")?;
        self.stand.touch(Touch::Key(0));
        self.draw("goods")?;
        self.stand.touch(Touch::Letter('P'));
        self.draw("initials")?;
        self.stand.touch(Touch::Back);
        self.stand.touch(Touch::Go);
        self.stand.touch(Touch::More(1));
        self.draw("bags")?;
        self.stand.touch(Touch::Go);
        self.draw("member")?;
        self.stand.scan(GOLD_CARD);
        self.draw("pay")?;
        self.stand.scan(PAY_CODE);
        self.draw("asking")?;
        self.stand.answer(Paid::Declined { reason: "余额不足".into() })?;
        self.draw("declined")?;
        self.stand.scan(PAY_CODE);
        self.stand.answer(Paid::Paid { reference: "4200001".into() })?;
        self.draw("thanks")?;
        self.stand.touch(Touch::Key(0));
        self.draw("receipt-code")?;
        self.stand.touch(Touch::Go);
        self.exceptions()
    }

    /// The bagging area: on its way, wrong, too much, too little, to be taken out; and the attendant.
    fn bagging(mut self) -> Result<()> {
        self.stand.open_for_customers("101", "1234");
        self.begin();
        self.stand.lies(0);
        for pieces in 1..=3 {
            self.stand.scan_goods(WATER)?;
            self.stand.lies(570 * pieces);
        }
        self.stand.scan_goods(WATER)?;
        self.draw("bag-it")?;
        self.stand.lies(570 * 3 + 330);
        self.draw("bagged-wrong")?;
        self.stand.lies(570 * 3 + 900);
        self.draw("bagged-too-much")?;
        self.stand.pass(9);
        self.draw("bagging-called")?;
        self.stand.attend("102", "2345");
        self.draw("bagging-attendant")?;
        self.stand.touch(Touch::Go);
        self.stand.lies(570 * 4);
        self.stand.lies(570 * 2);
        self.draw("bagged-too-little")?;
        self.stand.lies(570 * 4);
        self.stand.touch(Touch::Line(0));
        self.draw("take-out")
    }

    /// A code that is not whole, and a receipt that does not come.
    fn troubles(mut self) -> Result<()> {
        self.stand.open_for_customers("101", "1234");
        self.begin();
        let ready = PrinterEvent::Health(Health::Ready);
        self.stand.turn(vec![Event::Printer(ready)]);
        self.stand.scan_goods(WATER)?;
        self.stand.turn(vec![Event::TornCode { bytes: 5 }]);
        self.draw("torn")?;
        self.stand.go_to_payment();
        self.stand.scan(PAY_CODE);
        self.stand.answer(Paid::Paid { reference: "4200001".into() })?;
        self.stand.touch(Touch::Key(0));
        self.draw("printing")?;
        let out = PrinterEvent::Health(Health::Degraded(Reason::PaperOut));
        self.stand.turn(vec![Event::Printer(out)]);
        self.draw("paper-waits")?;
        let job = self.stand.commands.iter().rev().find_map(|command| match command {
            Command::Print(job) => Some(job.id),
            _ => None,
        });
        let outcome = Outcome::Rejected(Rejection::Stopped);
        let ended = PrinterEvent::JobEnded { id: job.context("a receipt")?, outcome };
        self.stand.turn(vec![Event::Printer(ended)]);
        self.draw("not-printed")
    }

    fn exceptions(&mut self) -> Result<()> {
        self.begin();
        self.stand.scan_goods(WATER)?;
        self.stand.scan(&alcohol()?);
        self.draw("beer")?;
        self.stand.go_to_payment();
        self.draw("wait-age")?;
        self.stand.attend("102", "2345");
        self.draw("attendant")?;
        self.stand.touch(Touch::Row(1));
        self.stand.touch(Touch::Go);
        self.stand.touch(Touch::Help);
        self.draw("question")?;
        self.stand.touch(Touch::Key(2));
        self.draw("help")?;
        self.stand.touch(Touch::Help);
        self.stand.pass(32);
        self.draw("warning")?;
        self.stand.pass(15);
        self.draw("left")?;
        self.stand.attend("102", "2345");
        self.draw("attendant-left")?;
        self.stand.touch(Touch::Go);
        Ok(())
    }
}

/// The code of a bottle that is not for children.
pub fn alcohol() -> Result<String> {
    let shop = fixtures::shop::demo();
    let found = shop
        .products
        .iter()
        .find(|product| product.age_restricted && !product.no_promotion && !product.codes.is_empty());
    Ok(found.context("find alcohol")?.codes[0].clone())
}

/// The code of a packet of tobacco.
pub fn tobacco() -> Result<String> {
    let shop = fixtures::shop::demo();
    let found = shop
        .products
        .iter()
        .find(|product| product.age_restricted && product.no_promotion && !product.codes.is_empty());
    Ok(found.context("find tobacco")?.codes[0].clone())
}
