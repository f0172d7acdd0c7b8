//! A lane without a window that rings up sale after sale until it is killed, and says of each what it was once it is on disk.
//!
//! It is what the tests pull the plug of: a real process with the real lane,
//! ledger and goods, quick enough to be hit in the midst of anything.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use domain::till::Desk;
use drivers::scanner::Scan;
use fixtures::shop;
use pos_app::config::{Config, Paths};
use pos_app::lane::{Event, Lane, Moment};
use ui::action::{Action, Button, Key};

/// Rings up sales with the files of an enrolled lane of the demo shop, at most
/// `sales_max`; prints `SEQ TOTAL` for each after its commit.
pub fn ring(data: &Path, sales_max: usize) -> Result<()> {
    ring_days_ago(data, sales_max, 0)
}

/// The same on a day so many days ago.
pub fn ring_days_ago(data: &Path, sales_max: usize, days: i64) -> Result<()> {
    let now = || {
        let moment = Moment::now();
        Moment { now_ms: moment.now_ms - days * 86_400_000, ..moment }
    };
    let mut lane = Lane::new(Paths { data: data.to_owned() }, Config::default());
    let turn = |lane: &mut Lane, events: Vec<Event>| {
        lane.turn(now(), events);
    };
    let press = |button| Event::Action(Action::Press(button));
    turn(&mut lane, vec![Event::Tick]);
    let mut sign_in: Vec<Event> = vec![press(Button::Staff(0))];
    sign_in.extend("1234".chars().map(|digit| press(Button::Digit(digit))));
    sign_in.push(Lane::key_now(Key::Enter));
    turn(&mut lane, sign_in);
    let selling = lane.till().is_some_and(|till| matches!(till.desk(), Desk::Selling(_)));
    ensure!(selling, "nobody could sign in: {:?}", lane.view().screen);
    let goods: Vec<String> = shop::demo()
        .products
        .iter()
        .filter(|product| !product.age_restricted)
        .filter_map(|product| product.codes.first().cloned())
        .collect();
    let mut out = std::io::stdout().lock();
    for sale in 0..sales_max {
        for line in 0..=sale % 7 {
            let code = &goods[(sale * 31 + line * 7) % goods.len()];
            turn(&mut lane, vec![Event::Scan(Scan::parse(code))]);
        }
        // The exact amount is the first quick key.
        turn(&mut lane, vec![press(Button::Pay), press(Button::QuickCash(0))]);
        let till = lane.till().context("the lane is open")?;
        let Desk::Done(_, sale, seq) = till.desk() else {
            anyhow::bail!("not paid: {:?}", lane.view().notice);
        };
        writeln!(out, "{seq} {}", sale.total.minor())?;
        out.flush()?;
    }
    Ok(())
}
