//! A lane with its window and without a display, threads or devices: keys, scans and time come from whoever holds it.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use drivers::printer::{Outcome, PrinterEvent};
use fixtures::shop;
use ledger::journal::Identity;
use ledger::reference::ReferenceWriter;
use pos_app::config::{Config, Paths};
use pos_app::lane::{Command, Event, Lane, Moment};
use protocol::ask::{Answer, Question};
use protocol::board::{KioskStand, SignedAct};
use protocol::head::SigningKey;
use protocol::pull::{self, Change, CodeKey, CodeSigner, Coupon, Entity, Member, StaffMember};
use ui::action::Key;
use ui::pixels::{Drawn, Pixels};
use ui::{Action, TillScreen};

/// Between two keys of a person.
const KEY_GAP: Duration = Duration::from_millis(100);

/// Between two turns, so that nothing waits for the one before.
const TURN_MS: i64 = 2_000;

/// Between two keys of a scanner that acts as a keyboard.
const SCANNER_GAP: Duration = Duration::from_millis(8);

/// The demo shop as a lane has it, without HQ, with PINs that are quick to check.
pub fn reference(folder: &Path, lane: u32) -> Result<shop::Shop> {
    let shop = shop::demo();
    let mut writer = ReferenceWriter::open(&folder.join("reference.db"))?;
    writer.set_identity(&Identity { store: shop.store.code.clone(), lane, epoch: 1 })?;
    let update = writer.begin()?;
    let mut version = 0;
    let mut apply = |key: &str, entity| -> Result<()> {
        version += 1;
        Ok(update.apply(&Change { version, key: key.to_owned(), entity })?)
    };
    apply(&shop.store.code, Entity::Store(Some(shop.store.clone())))?;
    for category in &shop.categories {
        apply(&category.id, Entity::Category(Some(category.clone())))?;
    }
    for product in &shop.products {
        apply(&product.sku, Entity::Product(Some(product.clone())))?;
    }
    for class in &shop.tax_classes {
        apply(&class.id, Entity::TaxClass(Some(class.clone())))?;
    }
    for (number, row) in shop.prices.iter().enumerate() {
        apply(&number.to_string(), Entity::Price(Some(row.clone())))?;
    }
    for promotion in &shop.promotions {
        apply(&promotion.id, Entity::Promotion(Some(promotion.clone())))?;
    }
    for rule in &shop.promotion_rules {
        apply(&rule.id, Entity::PromotionRule(Some(rule.clone())))?;
    }
    for member in &shop.members {
        let text = |name: &str| member[name].as_str().unwrap_or_default().to_owned();
        // As HQ tells it: no name, only what may be shown.
        let shown = format!("{}** *{}", text("name").chars().next().unwrap_or('*'), text("phone_last4"));
        let cards = member["cards"].as_array().into_iter().flatten();
        let told = Member {
            id: text("id"),
            shown,
            cards: cards.filter_map(|card| card.as_str().map(str::to_owned)).collect(),
            phone_hash: text("phone_hash"),
            tier: text("tier"),
            points: member["points"].as_i64(),
            ..Member::default()
        };
        apply(&text("id"), Entity::Member(Some(told)))?;
    }
    for coupon in &shop.coupons {
        let told: Coupon = serde_json::from_value(coupon.clone())?;
        apply(&told.code.clone(), Entity::Coupon(Some(told)))?;
    }
    for staff in &shop.staff {
        let member = StaffMember {
            id: staff.id.clone(),
            number: staff.number.clone(),
            name: staff.name.clone(),
            role: staff.role.clone(),
            pin_hash: hash(&staff.pin)?,
        };
        apply(&staff.id, Entity::Staff(Some(member)))?;
    }
    update.commit(version)?;
    Ok(shop)
}

/// The secret keys of RFC 8032, section 7.1, tests 1 and 2: HQ's for phones' baskets, and that of the store's first lane.
pub const HQ_SECRET: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
/// See [`HQ_SECRET`].
pub const LANE_SECRET: &str = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";

/// Tells a lane of [`reference`] the keys that sign codes of scan-and-go; the first lane gets its own.
pub fn tell_keys(folder: &Path, lane: u32) -> Result<()> {
    let mut writer = ReferenceWriter::open(&folder.join("reference.db"))?;
    let version = writer.state()?.version;
    let update = writer.begin()?;
    let told = [(CodeSigner::Baskets, HQ_SECRET), (CodeSigner::Exits { lane: 1, epoch: 1 }, LANE_SECRET)];
    for (number, (signs, secret)) in (version + 1..).zip(told) {
        let public_key = SigningKey::parse(secret)?.public().to_string();
        let key = CodeKey { signs, public_key, from_ms: 0, until_ms: None, relay: false };
        update.apply(&Change { version: number, key: key.key(), entity: Entity::CodeKey(Some(key)) })?;
    }
    update.commit(version + 2)?;
    if lane == 1 {
        std::fs::write(folder.join("journal.key"), LANE_SECRET)?;
    }
    Ok(())
}

/// Gives goods of a lane of [`reference`] a picture of one colour, as its agent does: the reference names it, and its file lies there.
pub fn tell_pictures(folder: &Path, pictures: &[(&str, [u8; 3])]) -> Result<()> {
    const SIDE: u16 = 64;
    let mut writer = ReferenceWriter::open(&folder.join("reference.db"))?;
    let version = writer.state()?.version;
    let update = writer.begin()?;
    for (number, (sku, colour)) in (version + 1..).zip(pictures) {
        let pixels: Vec<u8> =
            colour.iter().copied().cycle().take(3 * usize::from(SIDE) * usize::from(SIDE)).collect();
        let mut file = Vec::new();
        jpeg_encoder::Encoder::new(&mut file, 90).encode(
            &pixels,
            SIDE,
            SIDE,
            jpeg_encoder::ColorType::Rgb,
        )?;
        let sha256 = pull::picture_name(&file);
        let path = pull::picture_path(&folder.join(pull::PICTURES_FOLDER), &sha256);
        std::fs::create_dir_all(path.parent().context("a folder")?)?;
        std::fs::write(path, &file)?;
        let picture = pull::Picture { sku: (*sku).to_owned(), sha256, bytes: u32::try_from(file.len())? };
        let entity = Entity::Picture(Some(picture));
        update.apply(&Change { version: number, key: (*sku).to_owned(), entity })?;
    }
    update.commit(version + pictures.len() as u64)?;
    Ok(())
}

/// As HQ hashes a PIN on import, with little work so that tests are quick.
fn hash(pin: &str) -> Result<String> {
    use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
    let params = Params::new(64, 1, 1, None).map_err(|error| anyhow::anyhow!("{error}"))?;
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Ok(hasher.hash_password(pin.as_bytes()).map_err(|error| anyhow::anyhow!("{error}"))?.to_string())
}

/// What is asked among commands, in order.
fn questions(commands: &[Command]) -> impl Iterator<Item = &Question> {
    commands
        .iter()
        .filter_map(|command| if let Command::Ask(asked) = command { Some(&asked.question) } else { None })
}

/// What a printer says that has done everything it was told.
fn printed(commands: &[Command]) -> impl Iterator<Item = Event> {
    commands.iter().filter_map(|command| match command {
        Command::Print(job) => {
            Some(Event::Printer(PrinterEvent::JobEnded { id: job.id, outcome: Outcome::Confirmed }))
        }
        _ => None,
    })
}

/// How questions among commands end that nobody answers.
fn unanswered(commands: &[Command]) -> Vec<Event> {
    let ends = commands.iter().filter_map(|command| match command {
        Command::Ask(asked) => Some(Event::Answered { number: asked.number, answer: None }),
        Command::OpenDrawer { .. }
        | Command::Print(_)
        | Command::Scale(_)
        | Command::Pay(_)
        | Command::Play(_)
        | Command::TryPole
        | Command::Train { .. }
        | Command::Quit => None,
    });
    ends.collect()
}

/// A lane with its window, turned by hand.
pub struct Stand {
    /// The lane.
    pub lane: Lane,
    /// Its window.
    pub screen: TillScreen,
    /// Its clock.
    pub moment: Moment,
    /// What it wanted done outside since somebody looked.
    pub commands: Vec<Command>,
    /// Whether the agent takes its time: questions stay open until [`Stand::answer_none`].
    pub agent_is_slow: bool,
    /// Whether its printer prints at once whatever comes.
    pub prints: bool,
    /// What the store's relay says of its kiosks; `None` where there is none.
    pub kiosks: Option<Vec<KioskStand>>,
    /// What was said to them.
    pub said: Vec<SignedAct>,
    actions: Rc<RefCell<Vec<Action>>>,
    last_key: Instant,
}

impl Stand {
    /// Opens a lane whose files lie in a folder.
    pub fn open(folder: &Path, config: Config, moment: Moment) -> Result<Self> {
        let actions = Rc::new(RefCell::new(Vec::new()));
        let pressed = Rc::clone(&actions);
        let screen = TillScreen::new(move |action| pressed.borrow_mut().push(action))?;
        let lane = Lane::new(Paths { data: folder.to_owned() }, config);
        let mut stand = Self {
            lane,
            screen,
            moment,
            commands: Vec::new(),
            agent_is_slow: false,
            prints: false,
            kiosks: None,
            said: Vec::new(),
            actions,
            last_key: Instant::now(),
        };
        stand.turn(vec![Event::Tick]);
        ensure!(stand.lane.till().is_some(), "the lane did not open");
        Ok(stand)
    }

    /// Lets the lane take events in, and shows what comes of it.
    pub fn turn(&mut self, events: Vec<Event>) {
        let commands = self.lane.turn(self.moment, events);
        // HQ is away: every question ends without an answer, but for what the relay knows.
        let mut ends = if self.agent_is_slow { Vec::new() } else { unanswered(&commands) };
        ends.iter_mut()
            .zip(questions(&commands))
            .for_each(|(end, question)| self.answer_board(end, question));
        if self.prints {
            ends.extend(printed(&commands));
        }
        self.commands.extend(commands);
        if !ends.is_empty() {
            return self.turn(ends);
        }
        self.screen.apply(&self.lane.view());
    }

    fn answer_board(&mut self, end: &mut Event, question: &Question) {
        let Some(kiosks) = &self.kiosks else { return };
        let told = if let Question::Kiosks {} = question {
            Answer::Kiosks { kiosks: kiosks.clone() }
        } else if let Question::Act { act } = question {
            self.said.push(act.clone());
            Answer::ActTaken {}
        } else {
            return;
        };
        if let Event::Answered { answer, .. } = end {
            *answer = Some(Box::new(told));
        }
    }

    /// The agent's time is over: what it was asked ends without an answer.
    pub fn answer_none(&mut self) {
        self.agent_is_slow = false;
        let commands = std::mem::take(&mut self.commands);
        self.turn(unanswered(&commands));
    }

    /// The agent answers what it was asked last; it takes its time before.
    pub fn answer(&mut self, answer: Answer) {
        let asked = self.commands.iter().rev().find_map(|command| match command {
            Command::Ask(asked) => Some(asked.number),
            _ => None,
        });
        let Some(number) = asked else { return };
        self.turn(vec![Event::Answered { number, answer: Some(Box::new(answer)) }]);
    }

    /// A person presses a key.
    pub fn key(&mut self, key: Key) {
        self.moment.now_ms += TURN_MS;
        self.last_key += KEY_GAP;
        self.turn(vec![Event::Action(Action::Key { key, at: self.last_key })]);
    }

    /// A person types.
    pub fn type_text(&mut self, text: &str) {
        for character in text.chars() {
            self.key(Key::Char(character));
        }
    }

    /// A person types, and Enter.
    pub fn enter(&mut self, text: &str) {
        self.type_text(text);
        self.key(Key::Enter);
    }

    /// A function key.
    pub fn function(&mut self, number: u8) {
        self.key(Key::Function(number));
    }

    /// A scanner with a line of its own.
    pub fn scan(&mut self, code: &str) {
        self.moment.now_ms += TURN_MS;
        self.turn(vec![Event::Scan(drivers::scanner::Scan::parse(code))]);
    }

    /// A scanner that acts as a keyboard.
    pub fn scan_by_keys(&mut self, code: &str) {
        self.scan_by_torn_keys(code, usize::MAX);
    }

    /// The same, while the window is busy and sees the keys from `torn_before` on late.
    pub fn scan_by_torn_keys(&mut self, code: &str, torn_before: usize) {
        self.moment.now_ms += TURN_MS;
        self.last_key += KEY_GAP;
        for (number, character) in code.chars().enumerate() {
            self.last_key += if number == torn_before { KEY_GAP } else { SCANNER_GAP };
            self.turn(vec![Event::Action(Action::Key { key: Key::Char(character), at: self.last_key })]);
        }
        self.last_key += if torn_before == code.chars().count() { KEY_GAP } else { SCANNER_GAP };
        self.turn(vec![Event::Action(Action::Key { key: Key::Enter, at: self.last_key })]);
    }

    /// A person taps a control.
    pub fn press(&mut self, button: ui::Button) {
        self.moment.now_ms += TURN_MS;
        self.turn(vec![Event::Action(Action::Press(button))]);
    }

    /// What the window itself reported, such as keys that it was given.
    pub fn settle(&mut self) {
        let actions = self.actions.take();
        self.turn(actions.into_iter().map(Event::Action).collect());
    }

    /// Signs somebody in.
    pub fn sign_in(&mut self, number: &str, pin: &str) {
        self.enter(number);
        self.enter(pin);
    }

    /// Draws the window into a file.
    pub fn picture(&self, pixels: &Pixels, file: &Path) -> Result<()> {
        save(&pixels.draw(&self.screen)?, file)
    }
}

/// Writes what was drawn as PNG.
pub fn save(drawn: &Drawn, file: &Path) -> Result<()> {
    let file = std::fs::File::create(file).with_context(|| format!("make {}", file.display()))?;
    let mut encoder = png::Encoder::new(std::io::BufWriter::new(file), drawn.width, drawn.height);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    encoder.write_header()?.write_image_data(&drawn.bytes)?;
    Ok(())
}
