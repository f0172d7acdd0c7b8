//! A customer with a phone, before the real windows of the real programs: HQ signs a basket, the kiosk takes it by its
//! scanner and a touch, and a till of the same store lets the customer leave, once. Printers, scanners and the wallet are
//! simulated devices. Pictures lie in `target/go`.

// A journey asks for the records it is about, and for no others.
#![allow(
    clippy::wildcard_enum_match_arm,
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use domain::phone::{CodeKind, PhoneRecord, Unusable};
use domain::record::Record;
use drivers::payment::SignKind;
use fixtures::wallet::{APP_ID, Kind, MERCHANT_ID, SimulatedWallet, WECHAT_KEY};
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use tests::display::Display;
use tests::kiosk::{KioskStand, MORNING, PAY_CODE, config};
use tests::phone::{basket, link, wait_for_keys};
use tests::process::{PATIENCE, program, wait_for};
use tests::shop::{Counter, LaneFiles, STORE, code_of, open_demo};
use tests::stand::{LANE_SECRET, reference};

const WIDTH: u32 = 1_080;
const HEIGHT: u32 = 1_400;

const WATER: &str = "100001";
const TEA: &str = "100024";

fn phone_records(files: &LaneFiles) -> Result<Vec<PhoneRecord>> {
    let of_phones = files.records()?.into_iter().filter_map(|stored| match stored.record {
        Record::Phone(record) => Some(record),
        _ => None,
    });
    Ok(of_phones.collect())
}

/// A window with what is drawn of it.
struct Window {
    display: Display,
    counter: Counter,
    pictures: PathBuf,
    name: &'static str,
    drawn: u32,
}

impl Window {
    fn picture(&mut self, name: &str) -> Result<()> {
        self.display.calm()?;
        self.drawn += 1;
        let file = self.pictures.join(format!("{}-{:02}-{name}.png", self.name, self.drawn));
        self.display.screenshot(&file).map(drop)
    }

    fn wait(&self, what: &str, such: impl Fn(&PhoneRecord) -> bool) -> Result<()> {
        wait_for(what, || Ok(phone_records(&self.counter.files)?.iter().any(&such).then_some(())))
    }
}

/// Where a kiosk has what is called so.
fn find(mirror: &KioskStand, label: &str) -> Result<(u32, u32, ElementHandle)> {
    let buttons = ElementQuery::from_root(mirror.screen.window())
        .match_accessible_role(AccessibleRole::Button)
        .find_all();
    let labels: Vec<_> = buttons.iter().filter_map(ElementHandle::accessible_label).collect();
    let button = buttons.into_iter().find(|button| button.accessible_label().as_deref() == Some(label));
    let button = button.with_context(|| format!("{label} among {labels:?}"))?;
    let (at, size) = (button.absolute_position(), button.size());
    Ok(((at.x + size.width / 2.0) as u32, (at.y + size.height / 2.0) as u32, button))
}

/// Touches what is called so at the kiosk, where its mirror has it.
fn tap(kiosk: &Window, mirror: &mut KioskStand, label: &str) -> Result<()> {
    kiosk.display.calm()?;
    let (x, y, button) = find(mirror, label)?;
    kiosk.display.tap(x, y)?;
    button.invoke_accessible_default_action();
    mirror.settle();
    Ok(())
}

#[test]
fn a_phones_basket_is_paid_at_a_kiosk_and_left_with_once_at_a_till() -> Result<()> {
    i_slint_backend_testing::init_no_event_loop();
    let folder = tempfile::tempdir()?;
    let (headquarters, files) = open_demo(folder.path())?;
    let token = link(&folder.path().join("hq"))?;
    let gate_files = LaneFiles::enrol(&folder.path().join("gate"), &headquarters, STORE, 2)?;
    // HQ's key, and one of each lane.
    wait_for_keys(&files, 3)?;
    wait_for_keys(&gate_files, 3)?;

    let pictures = program("pos-app")?.ancestors().nth(2).context("find target")?.join("go");
    std::fs::create_dir_all(&pictures)?;
    let mut counter = Counter::set_up(files, None)?;
    let wechat = SimulatedWallet::start(Kind::WeChat(SignKind::Md5)).context("a wallet")?;
    let data = counter.files.paths.data.clone();
    std::fs::write(data.join("wechat.key"), format!("{WECHAT_KEY}\n"))?;
    let text = format!(
        "mode = \"kiosk\"\n\n[printer]\naddress = \"{}\"\nprofile = \"xprinter-xp80\"\n\n[scanner]\npath = \"{}\"\n\n\
         [sound]\nplayer = [\"true\"]\n\n\
         [payment.wechat]\napp_id = \"{APP_ID}\"\nmerchant_id = \"{MERCHANT_ID}\"\nkey_file = \"wechat.key\"\n\
         sign = \"md5\"\nbase = \"{}\"\n\n\
         [kiosk]\nwarn_seconds = 880\nreset_seconds = 900\nthanks_seconds = 900\n\n\
         [kiosk.audit]\nbase = 0\nper_removal = 0\n",
        counter.printer.addr(),
        counter.scanner.path().display(),
        wechat.base(),
    );
    std::fs::write(counter.files.paths.config(), text)?;
    let display = Display::start(WIDTH, HEIGHT)?;
    counter.start_till(&display, &format!("{WIDTH}x{HEIGHT}"))?;
    let mut kiosk = Window { display, counter, pictures: pictures.clone(), name: "kiosk", drawn: 0 };
    // The mirror knows where keys lie; what comes of codes and money, the real window alone knows.
    let mirror_files = tempfile::tempdir()?;
    reference(mirror_files.path(), 1)?;
    let mut mirror_config = config();
    mirror_config.kiosk.bags.clear();
    mirror_config.printer = Some(pos_app::config::Printer::new("127.0.0.1:1", "xprinter-xp80"));
    // It shows an exit code with its thanks as the real one does.
    mirror_config.scan_go.exit_for_all = true;
    std::fs::write(mirror_files.path().join("journal.key"), LANE_SECRET)?;
    (mirror_config.kiosk.warn_seconds, mirror_config.kiosk.reset_seconds) = (880, 900);
    let mut mirror = KioskStand::open(mirror_files.path(), mirror_config, MORNING)?;
    mirror.screen.set_size(WIDTH, HEIGHT);
    mirror.screen.show()?;
    tap(&kiosk, &mut mirror, "店员开机")?;
    for digits in ["101", "1234"] {
        for digit in digits.chars() {
            tap(&kiosk, &mut mirror, &digit.to_string())?;
        }
        tap(&kiosk, &mut mirror, "确定")?;
    }
    let signed_in = |record: &Record| matches!(record, Record::SignedIn { .. });
    kiosk.counter.files.wait_for_count("somebody to sign in", 1, signed_in)?;
    kiosk.picture("attract")?;

    // The phone has its basket; then the tea becomes dearer.
    let code = basket(&headquarters, &token, &[(WATER, 2), (TEA, 1)])?;
    let before = kiosk.counter.files.agent_state()?.version;
    headquarters.set_price(TEA, "88.00")?;
    kiosk.counter.files.wait_for_goods(before)?;
    kiosk.display.calm()?;
    kiosk.counter.scanner.scan(&code)?;
    kiosk.wait("a phone's basket", |record| matches!(record, PhoneRecord::BasketTaken(_)))?;
    kiosk.picture("dearer")?;
    let taken = phone_records(&kiosk.counter.files)?;
    let Some(PhoneRecord::BasketTaken(taken)) = taken.first() else { anyhow::bail!("{taken:?}") };
    ensure!(taken.charged > taken.shown, "{taken:?}");
    // The mirror has not taken it: it stands where the real one does by goods of its own.
    mirror.scan(&code_of(WATER)?);
    let (x, y, _) = find(&mirror, "去付款")?;
    kiosk.display.tap(x, y)?;
    kiosk.wait("the differences to be seen", |record| *record == PhoneRecord::DifferencesSeen)?;
    kiosk.picture("seen")?;
    tap(&kiosk, &mut mirror, "去付款")?;
    tap(&kiosk, &mut mirror, "不是会员，去付款")?;
    kiosk.picture("pay")?;
    kiosk.display.calm()?;
    kiosk.counter.scanner.scan(PAY_CODE)?;
    kiosk.counter.wait_for_sales(1)?;
    mirror.scan(PAY_CODE);
    mirror.answer(domain::payment::Answer::Paid { reference: "4200".into() })?;
    kiosk.picture("thanks")?;
    tap(&kiosk, &mut mirror, "打印小票")?;
    let papers = kiosk.counter.printer.wait_for_receipts(1, PATIENCE);
    let paper = &papers.first().context("a receipt")?.text;
    let exit: String = {
        let begin = paper.find("GTX").with_context(|| format!("an exit code on {paper}"))?;
        paper[begin..].chars().take_while(char::is_ascii_alphanumeric).collect()
    };

    // At the gate stands a till of the same store.
    let mut gate = Counter::set_up(gate_files, None)?;
    let display = Display::start(1_024, 768)?;
    gate.start_till(&display, "1024x768")?;
    gate.sign_in(&display, "101", "1234")?;
    let mut gate = Window { display, counter: gate, pictures, name: "gate", drawn: 0 };
    gate.display.calm()?;
    gate.counter.scanner.scan(&exit)?;
    gate.wait("the exit code to be checked", |record| matches!(record, PhoneRecord::ExitChecked { .. }))?;
    gate.picture("may-leave")?;
    gate.counter.scanner.scan(&exit)?;
    let refused = PhoneRecord::Refused { kind: CodeKind::Exit, why: Unusable::UsedBefore };
    gate.wait("the second use to be refused", |record| *record == refused)?;
    gate.picture("used-before")?;
    // The basket is none of this store's tills any more than of the kiosk: HQ knows who took it.
    gate.counter.scanner.scan(&code)?;
    let at_kiosk = |why: &Unusable| {
        matches!(why, Unusable::UsedAt { lane: 1, at_ms: Some(_) } | Unusable::HeldAt { lane: 1 })
    };
    gate.wait(
        "the basket to be refused at another lane",
        |record| matches!(record, PhoneRecord::Refused { kind: CodeKind::Basket, why } if at_kiosk(why)),
    )?;
    gate.picture("same-basket")
}
