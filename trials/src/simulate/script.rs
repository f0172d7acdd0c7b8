//! What will go wrong, and when: drawn from the seed before anything happens,
//! so that a story can be told with less of it.

use std::fmt;

use fixtures::bench::Dice;

use super::Plan;
use super::shelf::LABELS;
use super::shop;

/// A day, milliseconds.
pub const DAY_MS: i64 = 24 * 60 * 60_000;
const HOUR_MS: i64 = 60 * 60_000;
const MINUTE_MS: i64 = 60_000;

/// How often of a hundred days something goes wrong, and what does.
type Chance = (u64, fn(&mut Dice) -> Fault);

/// Something that is done to the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A machine's power fails within its n-th write from now.
    CutPower(u64),
    /// A machine's power fails, and again within the n-th write of its start.
    CutPowerAtStart(u64),
    /// A machine is switched off in good order, and on again.
    Restart,
    /// A machine has no line for so long.
    NoLine(i64),
    /// HQ's answers do not reach it for so long.
    HalfOpen(i64),
    /// Its line loses, doubles and delays for so long.
    BadLine(i64),
    /// Its printer is off for so long.
    PrinterOff(i64),
    /// Its clock shows so many milliseconds more than is true.
    Clock(i64),
    /// Its disk has room for so many bytes, for so long.
    DiskFull(usize, i64),
    /// Somebody takes an image of its disk.
    TakeImage,
    /// Somebody puts that image back.
    OldImage,
    /// Its disk is replaced by an empty one.
    NewDisk,
    /// Somebody makes a second machine of its disk.
    Clone,
    /// A sale of an older program is in its journal.
    OldForm,
    /// A faulty program misnumbers an event.
    Misnumbered,
    /// HQ's power fails within its n-th write.
    HqCutPower(u64),
    /// HQ is away for so long.
    HqAway(i64),
    /// HQ's database is copied away.
    HqBackUp,
    /// The copy is put back.
    HqRestore,
    /// HQ gives an item another price.
    Price(usize, i64),
    /// No copy of a machine's journal arrives at the store's relay for so long.
    CopyHeld(i64),
    /// Nobody in a store reaches HQ for so long.
    StoreCut(i64),
    /// A store's relay's power fails within its n-th write from now.
    RelayCutPower(u64),
    /// It is away for so long.
    RelayAway(i64),
    /// It has no line to HQ for so long; lanes have their own.
    RelayNoLine(i64),
    /// Its line to HQ loses and doubles for so long.
    RelayBadLine(i64),
    /// It burns down, and another begins with nothing.
    RelayNewDisk,
}

impl Fault {
    /// Whether it is about HQ and no machine.
    pub fn is_of_hq(&self) -> bool {
        match self {
            Self::HqCutPower(_) | Self::HqAway(_) | Self::HqBackUp | Self::HqRestore | Self::Price(..) => {
                true
            }
            Self::CutPower(_)
            | Self::CutPowerAtStart(_)
            | Self::Restart
            | Self::NoLine(_)
            | Self::HalfOpen(_)
            | Self::BadLine(_)
            | Self::PrinterOff(_)
            | Self::Clock(_)
            | Self::DiskFull(..)
            | Self::TakeImage
            | Self::OldImage
            | Self::NewDisk
            | Self::Clone
            | Self::OldForm
            | Self::Misnumbered
            | Self::CopyHeld(_)
            | Self::StoreCut(_)
            | Self::RelayCutPower(_)
            | Self::RelayAway(_)
            | Self::RelayNoLine(_)
            | Self::RelayBadLine(_)
            | Self::RelayNewDisk => false,
        }
    }

    /// Whether it is about a store or its relay: that of the machine that is named.
    pub fn is_of_store(&self) -> bool {
        matches!(
            self,
            Self::StoreCut(_)
                | Self::RelayCutPower(_)
                | Self::RelayAway(_)
                | Self::RelayNoLine(_)
                | Self::RelayBadLine(_)
                | Self::RelayNewDisk
        )
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let minutes = |ms: &i64| ms / MINUTE_MS;
        match self {
            Self::CutPower(writes) => write!(f, "its power fails within write {writes} from here"),
            Self::CutPowerAtStart(writes) => {
                write!(f, "its power fails, and again within write {writes} of its start")
            }
            Self::Restart => write!(f, "it is switched off in good order and on again"),
            Self::NoLine(ms) => write!(f, "it has no line for {} minutes", minutes(ms)),
            Self::HalfOpen(ms) => write!(f, "no answer reaches it for {} minutes", minutes(ms)),
            Self::BadLine(ms) => write!(f, "its line loses, doubles and delays for {} minutes", minutes(ms)),
            Self::PrinterOff(ms) => write!(f, "its printer is off for {} minutes", minutes(ms)),
            Self::Clock(ms) => write!(f, "its clock is wrong by {} minutes", minutes(ms)),
            Self::DiskFull(bytes, ms) => {
                write!(f, "its disk has room for {bytes} bytes, for {} minutes", minutes(ms))
            }
            Self::TakeImage => write!(f, "somebody takes an image of its disk"),
            Self::OldImage => write!(f, "somebody puts the image back"),
            Self::NewDisk => write!(f, "it gets an empty disk"),
            Self::Clone => write!(f, "somebody makes a second machine of its disk"),
            Self::OldForm => write!(f, "a sale of an older program is in its journal"),
            Self::Misnumbered => write!(f, "a faulty program misnumbers an event of it"),
            Self::HqCutPower(writes) => write!(f, "HQ's power fails within write {writes} from here"),
            Self::HqAway(ms) => write!(f, "HQ is away for {} minutes", minutes(ms)),
            Self::HqBackUp => write!(f, "HQ's database is copied away"),
            Self::HqRestore => write!(f, "HQ's copy is put back"),
            Self::Price(item, price) => {
                write!(f, "HQ sets the price of item {} to {price} fen", shop::sku(*item))
            }
            Self::CopyHeld(ms) => write!(f, "no copy of its journal arrives for {} minutes", minutes(ms)),
            Self::StoreCut(ms) => write!(f, "nobody reaches HQ for {} minutes", minutes(ms)),
            Self::RelayCutPower(writes) => {
                write!(f, "its relay's power fails within write {writes} from here")
            }
            Self::RelayAway(ms) => write!(f, "its relay is away for {} minutes", minutes(ms)),
            Self::RelayNoLine(ms) => write!(f, "its relay has no line for {} minutes", minutes(ms)),
            Self::RelayBadLine(ms) => {
                write!(f, "its relay's line loses and doubles for {} minutes", minutes(ms))
            }
            Self::RelayNewDisk => write!(f, "its relay burns down, and another begins with nothing"),
        }
    }
}

/// A fault with its time and its machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Milliseconds after the beginning.
    pub at_ms: i64,
    /// Which machine, where it is about one.
    pub machine: usize,
    /// What.
    pub fault: Fault,
}

/// Everything that is not in the seeds of those who act: what may be left out
/// of a story.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// In order of time.
    pub faults: Vec<Planned>,
    /// Machines at which nobody buys.
    pub idle: Vec<bool>,
    /// How many days there are.
    pub days: u32,
}

impl Script {
    /// Draws what a plan's seed says.
    pub fn draw(plan: &Plan) -> Self {
        let mut dice = Dice::new(plan.seed ^ 0x005C_2197);
        let machines = plan.stores * plan.tills;
        let mut faults = Vec::new();
        for day in 0..i64::from(plan.days) {
            for machine in 0..machines {
                let chances: [Chance; 16] = [
                    (90, |dice| Fault::CutPower(dice.below(60))),
                    (70, |dice| Fault::CutPower(dice.below(400))),
                    (40, |dice| Fault::CutPowerAtStart(dice.below(8))),
                    (20, |_| Fault::Restart),
                    (60, |dice| Fault::NoLine(dice.between(MINUTE_MS, 12 * HOUR_MS))),
                    (30, |dice| Fault::HalfOpen(dice.between(MINUTE_MS, 2 * HOUR_MS))),
                    (50, |dice| Fault::BadLine(dice.between(MINUTE_MS, 4 * HOUR_MS))),
                    (30, |dice| Fault::PrinterOff(dice.between(MINUTE_MS, 3 * HOUR_MS))),
                    (15, clock),
                    (15, |dice| Fault::DiskFull(dice.index(60_000), dice.between(MINUTE_MS, HOUR_MS))),
                    (25, |dice| Fault::CopyHeld(dice.between(MINUTE_MS, 2 * HOUR_MS))),
                    (10, |_| Fault::OldForm),
                    (4, |_| Fault::Misnumbered),
                    (20, |_| Fault::TakeImage),
                    (6, |dice| if dice.chance(70) { Fault::OldImage } else { Fault::NewDisk }),
                    (4, |dice| if dice.chance(60) { Fault::Clone } else { Fault::NoLine(7 * DAY_MS) }),
                ];
                for (chance, fault) in chances {
                    if dice.chance(chance) {
                        let at_ms = day * DAY_MS + dice.between(0, DAY_MS - 1);
                        faults.push(Planned { at_ms, machine, fault: fault(&mut dice) });
                    }
                }
            }
            for store in 0..plan.stores {
                let chances: [Chance; 7] = [
                    (50, |dice| Fault::StoreCut(dice.between(20 * MINUTE_MS, 8 * HOUR_MS))),
                    (30, |dice| Fault::StoreCut(dice.between(20 * MINUTE_MS, 3 * HOUR_MS))),
                    (50, |dice| Fault::RelayCutPower(dice.below(300))),
                    (30, |dice| Fault::RelayAway(dice.between(MINUTE_MS, 3 * HOUR_MS))),
                    (30, |dice| Fault::RelayNoLine(dice.between(MINUTE_MS, 4 * HOUR_MS))),
                    (30, |dice| Fault::RelayBadLine(dice.between(MINUTE_MS, 6 * HOUR_MS))),
                    (5, |_| Fault::RelayNewDisk),
                ];
                for (chance, fault) in chances {
                    if dice.chance(chance) {
                        let at_ms = day * DAY_MS + dice.between(0, DAY_MS - 1);
                        faults.push(Planned { at_ms, machine: store * plan.tills, fault: fault(&mut dice) });
                    }
                }
            }
            let chances: [Chance; 11] = [
                (80, |dice| Fault::HqCutPower(dice.below(80))),
                (60, |dice| Fault::HqCutPower(dice.below(600))),
                (40, |dice| Fault::HqAway(dice.between(MINUTE_MS, 3 * HOUR_MS))),
                (60, |_| Fault::HqBackUp),
                (12, |_| Fault::HqRestore),
                (90, price),
                (90, price),
                (90, price),
                (95, price_on_labels),
                (95, price_on_labels),
                (95, price_on_labels),
            ];
            for (chance, fault) in chances {
                if dice.chance(chance) {
                    let at_ms = day * DAY_MS + dice.between(0, DAY_MS - 1);
                    faults.push(Planned { at_ms, machine: 0, fault: fault(&mut dice) });
                }
            }
        }
        faults.sort_by_key(|planned| planned.at_ms);
        Self { faults, idle: vec![false; machines], days: plan.days }
    }
}

fn price(dice: &mut Dice) -> Fault {
    Fault::Price(dice.index(shop::GOODS), dice.between(50, 4_000))
}

/// Of goods that have labels.
fn price_on_labels(dice: &mut Dice) -> Fault {
    let goods: Vec<usize> = LABELS.iter().flat_map(|goods| goods.iter().copied()).collect();
    Fault::Price(goods[dice.index(goods.len())], dice.between(50, 4_000))
}

fn clock(dice: &mut Dice) -> Fault {
    match dice.below(4) {
        // Long before this program.
        0 => Fault::Clock(-56 * 365 * DAY_MS),
        1 => Fault::Clock(10 * 365 * DAY_MS),
        _ => Fault::Clock(dice.between(-3 * DAY_MS, 3 * DAY_MS)),
    }
}
