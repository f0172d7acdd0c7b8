//! A lane's journal in the hands of a technician: the real commands on a real
//! lane that has sold, with its agent and HQ.

use std::path::{Path, PathBuf};
use std::process::Command as Program;

use anyhow::{Context, Result, ensure};
use domain::clock::LaneClock;
use domain::record::Record;
use drivers::frame::Health;
use drivers::printer::{PrinterEvent, Row};
use drivers::scanner::Scan;
use ledger::file::WriterLock;
use ledger::journal::JournalReader;
use pos_app::config::{Config, Paths, Printer};
use pos_app::keeping;
use pos_app::lane::training::TRAINING_EPOCH;
use pos_app::lane::{Command, Event, Lane, Moment};
use tests::process::{program, run, wait_for};
use tests::ring::{ring, ring_days_ago};
use tests::shop::{Headquarters, STORE, code_of, open_demo};
use tests::stand::Stand;
use ui::action::{Action, Button, Key};
use ui::view::{Notice, SyncState};

/// A till without a window, its clock being what the test says.
fn lane_at(data: &Path) -> Lane {
    Lane::new(Paths { data: data.to_owned() }, Config::default())
}

/// Runs `pos-app journal` and gives what it printed; fails where it fails.
fn journal(data: &Path, arguments: &[&str]) -> Result<String> {
    run(Program::new(program("pos-app")?).arg("journal").args(arguments).arg("--data").arg(data))
}

/// What `pos-app journal` says where it refuses.
fn refusal(data: &Path, arguments: &[&str]) -> Result<String> {
    let done =
        Program::new(program("pos-app")?).arg("journal").args(arguments).arg("--data").arg(data).output()?;
    ensure!(!done.status.success(), "{arguments:?} was not refused");
    Ok(String::from_utf8_lossy(&done.stderr).into_owned())
}

fn enrol_anew(headquarters: &Headquarters, data: &Path) -> Result<()> {
    let code = headquarters.code(STORE, 1)?;
    run(Program::new(program("sync-agent")?)
        .args(["enrol", "--replace", "--hq", &headquarters.url(), "--code", &code])
        .arg("--data")
        .arg(data))
    .map(drop)
}

fn hq(folder: &Path, command: &str) -> Result<String> {
    run(Program::new(program("hq")?).arg(command).arg("--data").arg(folder.join("hq")))
}

fn only_folder(within: &Path) -> Result<PathBuf> {
    let mut entries = std::fs::read_dir(within)?;
    let entry = entries.next().context("an entry")??;
    ensure!(entries.next().is_none(), "more than one entry");
    Ok(entry.path())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path in UTF-8")
}

#[test]
fn a_lane_goes_on_from_a_backup_and_hq_gets_every_sale_of_both_lives() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (headquarters, mut files) = open_demo(folder.path())?;
    let data = files.paths.data.clone();
    let stick = folder.path().join("stick");
    std::fs::create_dir(&stick)?;
    ring(&data, 5)?;
    let said = journal(&data, &["backup", text(&stick)?])?;
    assert!(said.contains("read back and checked"), "{said}");
    let backup = only_folder(&stick)?;
    // Three more sales that the backup has not, and HQ has; then the disk dies.
    ring(&data, 3)?;
    files.wait_for_acknowledgement()?;
    files.kill_agent()?;
    let said = refusal(&data, &["restore", text(&backup)?, "--replace"])?;
    assert!(said.contains("Numbers must not be used twice"), "{said}");
    enrol_anew(&headquarters, &data)?;
    let said = refusal(&data, &["restore", text(&backup)?])?;
    assert!(said.contains("add --replace to put it aside"), "{said}");
    let said = journal(&data, &["restore", text(&backup)?, "--replace"])?;
    assert!(said.contains("epoch 2 begins at event 1"), "{said}");
    assert!(data.join("replaced-1/journal.db").exists());

    ring(&data, 4)?;
    files.start_agent()?;
    files.wait_for_acknowledgement()?;
    assert_eq!(headquarters.sums()?.0, 12, "five, three that the backup missed, four");
    assert!(headquarters.alarms()?.contains("0 alarms, 0 events in quarantine"));
    let lanes = hq(folder.path(), "lanes")?;
    let epochs: Vec<&str> = lanes.lines().collect();
    assert_eq!(epochs.len(), 2, "{lanes}");
    assert!(epochs.iter().all(|row| !row.contains("signed up to 0")), "{lanes}");

    let said = journal(&data, &["verify"])?;
    assert!(said.contains("equal to what the till uses"), "{said}");
    let said = journal(&data, &["rebuild"])?;
    assert!(said.contains("epoch 2: numbers 1 to"), "{said}");
    let export = folder.path().join("export.jsonl");
    journal(&data, &["export", text(&export)?])?;
    let key = epochs[1].rsplit(' ').next().context("a key")?;
    // The export is whole, but its first epoch was signed by the key of then.
    let done = Program::new(program("pos-app")?)
        .args(["journal", "verify-export", text(&export)?, "--key", key])
        .output()?;
    let said = String::from_utf8(done.stdout)?;
    assert!(said.contains("is whole") && !done.status.success(), "{said}");
    assert!(said.contains("NOT SIGNED BY THIS KEY: epoch 1"), "{said}");
    assert!(!said.contains("NOT SIGNED BY THIS KEY: epoch 2"), "{said}");
    // A figure that is changed by hand.
    let changed = std::fs::read_to_string(&export)?.replacen("\"payable\":", "\"payable\":1", 1);
    std::fs::write(&export, changed)?;
    let said = refusal(&data, &["verify-export", text(&export)?])?;
    assert!(said.contains("chain breaks at event"), "{said}");
    Ok(())
}

#[test]
fn an_hq_that_lost_its_own_gets_archived_events_from_the_lane() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut headquarters, mut files) = open_demo(folder.path())?;
    let data = files.paths.data.clone();
    // What HQ's administrator has as a backup: the lane is enrolled, and has sold nothing.
    files.kill_agent()?;
    headquarters.kill()?;
    let (at_hq, kept) = (folder.path().join("hq"), folder.path().join("hq-kept"));
    copy_files(&at_hq, &kept)?;
    headquarters.start()?;
    files.start_agent()?;
    let said = refusal(&data, &["archive"])?;
    assert!(said.contains("there is no journal yet"), "{said}");
    ring_days_ago(&data, 220, 100)?;
    ring_days_ago(&data, 2, 60)?;
    ring_days_ago(&data, 1, 20)?;
    ring(&data, 1)?;
    files.wait_for_acknowledgement()?;
    files.kill_agent()?;
    let sold = headquarters.sums()?;
    assert_eq!(sold.0, 224);

    let said = refusal(&data, &["archive", "--keep-days", "34"])?;
    assert!(said.contains("at least 35 days stay in the journal"), "{said}");
    let said = journal(&data, &["archive", "--keep-days", "365"])?;
    assert!(said.contains("nothing to archive"), "{said}");
    let said = refusal(&data, &["archive", "--epoch", "1", "--acknowledged", "9999"])?;
    assert!(said.contains("the lane is in epoch 1; leave it out"), "{said}");
    let said = refusal(&data, &["archive", "--epoch", "1"])?;
    assert!(said.contains("--acknowledged"), "{said}");
    let said = journal(&data, &["archive", "--keep-days", "90"])?;
    assert!(said.contains("archived events 1 to "), "{said}");
    let last: u64 = said.split(' ').nth(4).context("a number")?.parse()?;
    let reader = JournalReader::open(&files.paths.journal())?.context("a journal")?;
    let first = reader.entries_after(last, 1, usize::MAX)?.first().context("an event")?.seq;
    assert_eq!(first, last + 1, "what is older has left the journal");
    assert!(journal(&data, &["verify"])?.contains(&format!("events 1 to {last} are archived")));

    // HQ's disk dies, and its backup knows nothing of all that.
    headquarters.kill()?;
    std::fs::remove_dir_all(&at_hq)?;
    std::fs::rename(&kept, &at_hq)?;
    headquarters.start()?;
    assert_eq!(headquarters.sums()?, (0, 0));
    files.start_agent()?;
    wait_for("every sale at HQ", || Ok((headquarters.sums()? == sold).then_some(())))?;
    files.wait_for_acknowledgement()?;
    assert!(headquarters.alarms()?.contains("0 alarms, 0 events in quarantine"));

    // In the next epoch the rest of the one before may leave too.
    files.kill_agent()?;
    enrol_anew(&headquarters, &data)?;
    ring(&data, 1)?;
    let said = journal(&data, &["archive", "--epoch", "1", "--acknowledged", &(last + 3).to_string()])?;
    assert!(said.contains("nothing to archive"), "{said}");
    Ok(())
}

/// Copies the files of a folder into a new one.
fn copy_files(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

#[test]
fn the_log_is_moved_between_customers_and_never_under_a_basket() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let shop = tests::stand::reference(folder.path(), 1)?;
    let mut lane = lane_at(folder.path());
    let moment = Moment { now_ms: 1_795_226_400_000, offset_minutes: 480 };
    let press = |button| Event::Action(Action::Press(button));
    lane.turn(moment, [Event::Tick]);
    let mut sign_in = vec![press(Button::Staff(0))];
    sign_in.extend("1234".chars().map(|digit| press(Button::Digit(digit))));
    sign_in.push(Lane::key_now(Key::Enter));
    lane.turn(moment, sign_in);
    let code = shop.products.iter().filter(|product| !product.age_restricted);
    let code = code.filter_map(|product| product.codes.first()).next().context("goods with a code")?;
    let wants_rest = |lane: &Lane| lane.journal().is_some_and(|journal| journal.wants_rest());
    while !wants_rest(&lane) {
        let before = lane.journal().context("it is open")?.head().seq;
        lane.turn(moment, [Event::Scan(Scan::parse(code))]);
        let head = lane.journal().context("it is open")?.head().seq;
        assert!((before + 1..before + 10).contains(&head), "a scan is an event: {head}");
    }
    // A customer stands there.
    lane.turn(moment, [Event::Tick]);
    assert!(wants_rest(&lane));
    lane.turn(moment, [press(Button::Pay), press(Button::QuickCash(0))]);
    assert!(wants_rest(&lane), "and not in the turn of the sale either");
    lane.turn(moment, [Event::Tick]);
    assert!(!wants_rest(&lane), "{:?}", lane.view().screen);
    Ok(())
}

#[test]
fn a_cloned_lane_is_a_fork_at_hq_until_it_is_enrolled_anew() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (headquarters, mut files) = open_demo(folder.path())?;
    ring(&files.paths.data, 2)?;
    files.wait_for_acknowledgement()?;
    files.kill_agent()?;
    // Somebody copies the whole folder to another machine.
    let cloned = folder.path().join("clone");
    std::fs::create_dir(&cloned)?;
    for entry in std::fs::read_dir(&files.paths.data)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), cloned.join(entry.file_name()))?;
        }
    }
    ring(&files.paths.data, 2)?;
    files.start_agent()?;
    files.wait_for_acknowledgement()?;
    ring(&cloned, 3)?;
    let mut agent = Program::new(program("sync-agent")?)
        .args(["run", "--data"])
        .arg(&cloned)
        .stderr(std::process::Stdio::null())
        .spawn()?;
    let raised = wait_for("the fork", || Ok(headquarters.alarms()?.contains("FORK").then_some(())));
    agent.kill()?;
    agent.wait()?;
    raised?;
    assert_eq!(headquarters.sums()?.0, 4, "nothing of the clone is filed");
    // Enrolled anew, it sells under numbers of its own; its fork stays behind.
    files.kill_agent()?;
    enrol_anew(&headquarters, &cloned)?;
    ring(&cloned, 1)?;
    let mut agent = Program::new(program("sync-agent")?)
        .args(["run", "--data"])
        .arg(&cloned)
        .stderr(std::process::Stdio::null())
        .spawn()?;
    let filed = wait_for("its sale at HQ", || Ok((headquarters.sums()?.0 == 5).then_some(())));
    agent.kill()?;
    agent.wait()?;
    filed?;
    assert!(journal(&cloned, &["verify"])?.contains("equal to what the till uses"));
    Ok(())
}

#[test]
fn a_shift_goes_on_where_the_lane_is_enrolled_anew() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (headquarters, mut files) = open_demo(folder.path())?;
    let data = files.paths.data.clone();
    ring(&data, 1)?;
    files.wait_for_acknowledgement()?;
    files.kill_agent()?;
    // A till that runs would go on signing with the key before.
    let till = WriterLock::take(&files.paths.journal())?;
    let refused = enrol_anew(&headquarters, &data).err().context("a refusal")?;
    assert!(format!("{refused:#}").contains("another process is writing it"), "{refused:#}");
    drop(till);
    enrol_anew(&headquarters, &data)?;
    ring(&data, 1)?;
    let mut reader = JournalReader::open(&files.paths.journal())?.context("a journal")?;
    let entries = reader.entries_after(0, 1, usize::MAX)?;
    let first = reader.stored(entries.first().context("an event")?)?;
    assert!(matches!(first.record, Record::EpochBegun { previous_epoch: 1, .. }));
    assert_eq!(first.stamp.shift, 1, "the shift goes on");
    reader.turn_to(1);
    let before = reader.head()?.seq;
    files.start_agent()?;
    files.wait_for_acknowledgement()?;
    assert_eq!(headquarters.sums()?.0, 2);
    let lanes = hq(folder.path(), "lanes")?;
    assert!(lanes.contains(&format!("epoch 1: filed up to {before}")), "{lanes}");
    Ok(())
}

#[test]
fn a_clock_that_cannot_be_is_told_and_written_down_and_the_books_stay() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (_headquarters, files) = open_demo(folder.path())?;
    let data = files.paths.data.clone();
    ring(&data, 1)?;
    let before = files.records()?.last().context("an event")?.stamp;
    let mut lane = lane_at(&data);
    let mut clock = LaneClock::new(lane.last_stamp_ms(), 0);
    // The battery died: the machine starts in 1970.
    let mut turn = |lane: &mut Lane, shown_ms: i64, steady_ms: i64, events: Vec<Event>| {
        let (now_ms, change) = clock.read(shown_ms, steady_ms);
        if let Some(change) = change {
            lane.hear_clock(change);
        }
        lane.turn(Moment { now_ms, offset_minutes: 480 }, events);
    };
    turn(&mut lane, 1_000, 0, vec![Event::Tick]);
    turn(&mut lane, 2_000, 1_000, vec![Event::Tick]);
    let refused = files.records()?.last().context("an event")?.clone();
    assert!(
        matches!(refused.record, Record::ClockRefused { shown_ms: 1_000, reckoned_ms } if reckoned_ms == before.at_ms)
    );
    assert!(refused.stamp.at_ms >= before.at_ms);
    assert_eq!(refused.stamp.business_date, before.business_date);
    assert_eq!(refused.stamp.shift, before.shift);
    assert_eq!(lane.view().notice, Some(Notice::ClockWrong { shown: "1970-01-01 08:00".into() }));
    // A time server sets it a day later.
    let right = before.at_ms + 24 * 60 * 60_000;
    turn(&mut lane, right, 60_000, vec![Event::Tick]);
    turn(&mut lane, right + 1_000, 61_000, vec![Event::Tick]);
    let trusted = files.records()?.last().context("an event")?.clone();
    assert!(matches!(trusted.record, Record::ClockTrusted { shown_ms, .. } if shown_ms == right));
    assert_eq!(trusted.stamp.at_ms, right);
    assert_eq!(lane.view().notice, None);
    drop(lane);
    assert!(journal(&data, &["verify"])?.contains("equal to what the till uses"));
    Ok(())
}

#[test]
fn a_time_that_cannot_be_is_not_trusted() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (_headquarters, files) = open_demo(folder.path())?;
    ring(&files.paths.data, 1)?;
    let before = files.records()?.len();
    let shown = |now_ms| Moment { now_ms, offset_minutes: 480 };
    for (now_ms, words) in [(1_000, "1970-01-01 00:00"), (4_102_444_800_000, "2100-01-01 00:00")] {
        let refused = keeping::trust_clock_at(&files.paths, shown(now_ms)).expect_err("refused").to_string();
        assert!(refused.starts_with(&format!("the clock shows {words} UTC, which cannot be")), "{refused}");
    }
    assert_eq!(files.records()?.len(), before);
    // Ten years ahead can be, where a person says so.
    keeping::trust_clock_at(&files.paths, shown(2_110_000_000_000))?;
    assert_eq!(files.records()?.last().context("an event")?.stamp.at_ms, 2_110_000_000_000);
    Ok(())
}

/// A lane of its own for somebody who learns, beside one that has sold.
fn training_beside(data: &Path) -> Result<Stand> {
    let printer = Printer::new("127.0.0.1:9".to_owned(), "xprinter-xp80");
    let config = Config { printer: Some(printer), ..Config::default() }.for_training();
    Stand::open(data, config, Moment { now_ms: 1_795_226_400_000, offset_minutes: 480 })
}

#[test]
fn nothing_of_a_training_counts_and_no_paper_of_it_can_be_brought_back() -> Result<()> {
    i_slint_backend_testing::init_no_event_loop();
    let folder = tempfile::tempdir()?;
    let (headquarters, files) = open_demo(folder.path())?;
    let data = files.paths.data.clone();
    ring(&data, 2)?;
    files.wait_for_acknowledgement()?;
    let (sums, head) =
        (headquarters.sums()?, JournalReader::open(&files.paths.journal())?.context("it")?.head()?);

    // HQ has more events of this lane than a training will ever have: it opens all the same.
    let mut trainee = training_beside(&data)?;
    assert_eq!(trainee.lane.view().bar.sync, SyncState::Training);
    trainee.turn(vec![Event::Printer(PrinterEvent::Health(Health::Ready))]);
    trainee.sign_in("101", "1234");
    trainee.scan(&code_of("100001")?);
    trainee.key(Key::Char(' '));
    trainee.enter("10");
    let printed = trainee.commands.iter().find_map(|command| match command {
        Command::Print(job) => Some(job.document.clone()),
        _ => None,
    });
    let rows = printed.context("a receipt on paper")?.rows;
    assert!(matches!(&rows[0], Row::Text { text, .. } if text == "培训"), "{:?}", rows[0]);
    assert!(!rows.iter().any(|row| matches!(row, Row::Qr { .. })), "a code that a scanner could bring back");
    assert!(matches!(rows.last(), Some(Row::Cut)), "{:?}", rows.last());

    // Its numbers are no lane's, and what counts is as it was.
    let own = JournalReader::open(&files.paths.training().journal())?.context("a journal of its own")?;
    assert!(own.head()?.seq > 0);
    assert_eq!(trainee.lane.journal().map(|journal| journal.identity().epoch), Some(TRAINING_EPOCH));
    assert_eq!(JournalReader::open(&files.paths.journal())?.context("it")?.head()?, head);
    drop(trainee);
    ring(&data, 1)?;
    files.wait_for_acknowledgement()?;
    assert_eq!(headquarters.sums()?.0, sums.0 + 1);
    Ok(())
}

#[test]
fn a_training_begins_between_two_customers_and_keeps_a_second_till_out() -> Result<()> {
    i_slint_backend_testing::init_no_event_loop();
    let folder = tempfile::tempdir()?;
    tests::stand::reference(folder.path(), 1)?;
    let moment = Moment { now_ms: 1_795_226_400_000, offset_minutes: 480 };
    let mut stand = Stand::open(folder.path(), Config::default(), moment)?;
    stand.sign_in("101", "1234");
    let offered = |stand: &mut Stand| -> Option<usize> {
        stand.key(Key::Tab);
        let sheet = stand.lane.view().sheet?;
        sheet.rows.iter().position(|row| row.name.contains("培训"))
    };
    stand.scan(&code_of("100001")?);
    assert_eq!(offered(&mut stand), None, "in the midst of a customer");
    stand.key(Key::Escape);
    stand.key(Key::Char(' '));
    stand.enter("10");
    stand.key(Key::Escape);
    let row = offered(&mut stand).context("a training in the menu")?;
    (0..row).for_each(|_| stand.key(Key::Down));
    stand.key(Key::Enter);
    assert!(stand.commands.contains(&Command::Train { begins: true }), "{:?}", stand.commands);
    drop(stand);

    // The program itself, told to train, holds what counts; a second till says so and ends.
    let lock = WriterLock::take(&folder.path().join("journal.db"))?;
    let refused = Program::new(program("pos-app")?)
        .arg("--training")
        .arg("--data")
        .arg(folder.path())
        .env_remove("DISPLAY")
        .output()?;
    drop(lock);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("start the till"), "{said}");
    assert!(!folder.path().join("training").exists(), "a training was begun beside a till");
    Ok(())
}
