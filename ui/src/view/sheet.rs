//! A sheet over the basket side: a question, a form or a list. One shape for all of them.

use super::Tone;

/// A sheet; the total stays in sight beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// How urgent it is.
    pub tone: Tone,
    /// What it is about.
    pub title: String,
    /// What is safe, and what to do.
    pub text: String,
    /// Its one large number.
    pub figure: Option<Figure>,
    /// What is typed on it, at most four.
    pub fields: Vec<SheetField>,
    /// What can be chosen or read.
    pub rows: Vec<SheetRow>,
    /// The row that Enter takes.
    pub selected: Option<usize>,
    /// What stands in place of rows where there are none; empty where it has no list.
    pub empty: String,
    /// Keys beside it, at most ten.
    pub keys: Vec<SheetKey>,
    /// What Enter does; empty where nothing.
    pub go: String,
    /// An amount on that key.
    pub go_value: String,
    /// Whether Enter does it now.
    pub can_go: bool,
    /// What Escape does.
    pub back: String,
    /// Letters stand in place of the keys, and an input method may write.
    pub letters: bool,
    /// What the letters write.
    pub script: Script,
    /// What the entry line says is typed.
    pub entry_label: String,
    /// What was typed into the field that keys go to.
    pub entry: String,
    /// What stands in its place while nothing is.
    pub placeholder: String,
    /// A code to be read off the screen.
    pub picture: Option<Picture>,
}

impl Default for Sheet {
    fn default() -> Self {
        Self {
            tone: Tone::Quiet,
            title: String::new(),
            text: String::new(),
            figure: None,
            fields: Vec::new(),
            rows: Vec::new(),
            selected: None,
            empty: String::new(),
            keys: Vec::new(),
            go: String::new(),
            go_value: String::new(),
            can_go: true,
            back: String::new(),
            letters: false,
            script: Script::Words,
            entry_label: String::new(),
            entry: String::new(),
            placeholder: String::new(),
            picture: None,
        }
    }
}

/// What the letters of a sheet write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Script {
    /// Words of any language: an input method may write them.
    #[default]
    Words,
    /// An address or a code: no input method takes part, and a colon stands in place of the blank.
    Address,
    /// A code as it stands on a card or a voucher, in capitals; no input method takes part.
    Capitals,
}

/// A large number with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// What it is.
    pub label: String,
    /// The number.
    pub value: String,
    /// Its colour.
    pub tone: Tone,
}

/// Something that is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetField {
    /// What.
    pub label: String,
    /// What was typed; dots for a PIN.
    pub value: String,
    /// Whether keys go to it.
    pub focused: bool,
}

/// One row of a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetRow {
    /// What is typed for it; empty where it is only read.
    pub key: String,
    /// What it is.
    pub name: String,
    /// In small type below; empty for nothing.
    pub detail: String,
    /// At the right; empty for nothing.
    pub value: String,
    /// Its colour.
    pub tone: Tone,
    /// A bar under it, in thousandths of the longest; 0 for none.
    pub share: u32,
}

/// A key beside a sheet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SheetKey {
    /// What it says.
    pub label: String,
    /// The key of the keyboard, such as `F5`; empty for none.
    pub shortcut: String,
    /// A few words beside that key; empty for none.
    pub detail: String,
    /// What it stands for is in force.
    pub on: bool,
    /// It takes something away.
    pub stop: bool,
    /// Whether it does anything now.
    pub enabled: bool,
}

/// A code as dark and light squares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Squares of a row.
    pub width: usize,
    /// Dark ones, row by row.
    pub dark: Vec<bool>,
}
