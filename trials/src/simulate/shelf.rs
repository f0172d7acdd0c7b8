//! A store's shelf labels and the radio between them and their access point: what hangs there shows what it was last
//! seen to take, takes faces late, older ones first now and then, and not all that it says is heard.

use domain::label::{LabelItem, LabelNumber};
use fixtures::bench::Dice;
use ledger::reference::shelf::LabelFace;

use super::shop;

/// Labels of each store, and the goods that each stands for: two labels of one item, and one label of two.
pub const LABELS: [&[usize]; 7] = [&[8], &[9], &[10], &[10], &[11, 12], &[13], &[14]];

/// Between two things that happen to a label's face, at most, milliseconds.
const TAKEN_MS_MAX: i64 = 40 * 60_000;

/// How late what a label says is heard, at most, milliseconds: some beyond what was said later.
const HEARD_MS_MAX: i64 = 15 * 60_000;

/// A face on the air.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The start of the machine whose agent sent it.
    pub boot: u64,
    /// Its number there.
    pub send: u64,
    /// What it says.
    pub face: LabelFace,
}

/// A label on the shelf.
#[derive(Debug, Clone)]
pub struct Hanging {
    /// Its number.
    pub number: LabelNumber,
    /// The goods that it stands for.
    pub goods: &'static [usize],
    /// What a customer reads on it.
    pub shows: Option<LabelFace>,
    /// What it may still take, oldest first.
    air: Vec<Sent>,
}

/// What comes of a moment of the radio.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// What the label says, and after how many milliseconds the agent hears it.
    pub said: Option<(Sent, i64)>,
    /// What it says is lost; it is asked for again after so many milliseconds.
    pub again_ms: Option<i64>,
}

/// The shelf of a store.
pub struct Rack {
    /// Its labels.
    pub labels: Vec<Hanging>,
    dice: Dice,
    /// Why nobody answers any more for what the labels show, where something happened that no program can make good.
    pub given_up: Option<&'static str>,
}

impl Rack {
    /// The labels of a store, which show nothing yet.
    pub fn new(store: usize, seed: u64) -> Self {
        let number = |place: usize| format!("{:08X}{:08X}", 0x3C00_0000 + store, 0x0101 + place);
        let labels = LABELS.iter().enumerate().filter_map(|(place, goods)| {
            let number = LabelNumber::parse(&number(place)).ok()?;
            Some(Hanging { number, goods, shows: None, air: Vec::new() })
        });
        Self { labels: labels.collect(), dice: Dice::new(seed), given_up: None }
    }

    /// The least that a label shows for an item now, fen, and which label.
    pub fn least(&self, sku: &str) -> Option<(i64, &LabelNumber)> {
        let of = |label: &Hanging| {
            let face = label.shows.as_ref()?;
            let shown = face.prices.iter().find(|shown| shown.item.sku == sku)?;
            shown.price
        };
        self.labels.iter().filter_map(|label| Some((of(label)?, &label.number))).min()
    }

    /// A face goes on the air; gives when something becomes of it, milliseconds from now.
    pub fn send(&mut self, number: &LabelNumber, sent: Sent) -> Option<(usize, i64)> {
        let place = self.labels.iter().position(|label| label.number == *number)?;
        self.labels[place].air.push(sent);
        Some((place, self.dice.between(1_000, TAKEN_MS_MAX)))
    }

    /// The label asks for news: it takes the newest face, or now and then one that waits from before.
    pub fn radio(&mut self, place: usize) -> Taken {
        let (takes_older, is_lost) = (self.dice.chance(25), self.dice.chance(20));
        let (heard_ms, again_ms) =
            (self.dice.between(100, HEARD_MS_MAX), self.dice.between(1_000, TAKEN_MS_MAX));
        let label = &mut self.labels[place];
        let Some(newest) = label.air.len().checked_sub(1) else { return Taken::default() };
        let taken = if takes_older { 0 } else { newest };
        let sent = label.air[taken].clone();
        label.shows = Some(sent.face.clone());
        let is_older = taken < newest;
        // What was before it is not taken any more; what it did not confirm is sent again.
        label.air.drain(..if is_lost { taken } else { taken + 1 });
        Taken {
            again_ms: (is_lost || is_older).then_some(again_ms),
            said: (!is_lost).then_some((sent, heard_ms)),
        }
    }
}

/// An item as labels name it.
pub fn item(place: usize) -> LabelItem {
    LabelItem::of(&shop::sku(place))
}
