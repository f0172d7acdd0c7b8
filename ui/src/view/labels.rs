//! The staff's work at shelf labels: a list, one label, a question. One shape
//! for all pages: what it is about, what there is of it, what is in the hand.

use super::SheetKey;
use super::Tone;
use crate::customer::Picture;

/// A page of the labels' window.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels {
    /// What it is about.
    pub title: String,
    /// Numbers beside it.
    pub counts: Vec<LabelCount>,
    /// How far something has come, thousandths; `None` where nothing is under way.
    pub progress: Option<u32>,
    /// In words below; empty for nothing.
    pub note: String,
    /// Pictures of a label: as it is, and as it should be.
    pub faces: Vec<LabelPicture>,
    /// What is known, name by name; at most [`LABEL_FACTS_MAX`].
    pub facts: Vec<LabelFact>,
    /// What can be chosen or read.
    pub rows: Vec<LabelRow>,
    /// The row that Enter takes.
    pub selected: Option<usize>,
    /// What stands in place of rows where there are none; empty where it has no list.
    pub empty: String,
    /// Where the rows stand in the whole, `1–50 / 1,248`; empty where that is all.
    pub pages: String,
    /// There is a page before.
    pub page_before: bool,
    /// There is a page after.
    pub page_after: bool,
    /// What is in the hand.
    pub card: LabelCard,
    /// Keys beside it, at most eight.
    pub keys: Vec<SheetKey>,
    /// What the entry line takes.
    pub placeholder: String,
    /// What was typed.
    pub entry: String,
    /// Letters and digits stand in place of card and keys.
    pub letters: bool,
    /// What Enter does; empty where nothing.
    pub go: String,
    /// A number on that key.
    pub go_value: String,
    /// Whether Enter does it now.
    pub can_go: bool,
    /// What Escape does; empty where nothing.
    pub back: String,
}

/// The most facts of a page: four lines of two.
pub const LABEL_FACTS_MAX: usize = 8;

/// A number with its name, in a colour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelCount {
    /// What it says, `Confirmed 1,085`.
    pub text: String,
    /// Its colour.
    pub tone: Tone,
}

/// A picture of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelPicture {
    /// What it is, such as `Shows now`.
    pub name: String,
    /// Since when, or why there is none.
    pub detail: String,
    /// The picture.
    pub picture: Option<Picture>,
}

/// Something that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelFact {
    /// What.
    pub name: String,
    /// The value.
    pub value: String,
    /// Its colour.
    pub tone: Tone,
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelRow {
    /// The label's picture.
    pub picture: Option<Picture>,
    /// What it is.
    pub name: String,
    /// In small type below.
    pub detail: String,
    /// What the label says it costs, where that is not what it costs.
    pub before: String,
    /// What it costs, or another number.
    pub value: String,
    /// How it stands with it, in words.
    pub state: String,
    /// More of that, in small type.
    pub state_detail: String,
    /// Its colour.
    pub tone: Tone,
}

impl Default for LabelRow {
    fn default() -> Self {
        Self {
            picture: None,
            name: String::new(),
            detail: String::new(),
            before: String::new(),
            value: String::new(),
            state: String::new(),
            state_detail: String::new(),
            tone: Tone::Quiet,
        }
    }
}

/// What is in the hand: a label or an item, and how far its binding has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelCard {
    /// What is to be scanned, step by step.
    pub steps: Vec<LabelStep>,
    /// Its name.
    pub title: String,
    /// More of it.
    pub detail: String,
    /// Its picture.
    pub picture: Option<Picture>,
    /// How far it has come.
    pub stages: Vec<LabelStage>,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelStep {
    /// What.
    pub text: String,
    /// It is the next one.
    pub is_next: bool,
}

/// A stage on the way from a scan to the shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelStage {
    /// What, `Confirmed`.
    pub name: String,
    /// When, or what it waits for.
    pub detail: String,
    /// Reached: good. Under way: attend. Failed: stop. Not yet: quiet.
    pub tone: Tone,
}
