//! What a piece of paper says, for any printer. How wide the paper is and what it is encoded in are the profile's.

use super::picture::Picture;

/// Where text stands in its line or cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Align {
    /// From the left edge.
    #[default]
    Left,
    /// In the middle.
    Centre,
    /// At the right edge.
    Right,
}

/// How large text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Size {
    /// The printer's normal font.
    #[default]
    Normal,
    /// As wide, twice as high.
    DoubleHeight,
    /// Twice as wide and twice as high.
    Double,
}

impl Size {
    /// How many normal columns one column of this size takes.
    pub fn width_factor(self) -> usize {
        match self {
            Self::Normal | Self::DoubleHeight => 1,
            Self::Double => 2,
        }
    }

    /// How many lines high a character is.
    pub fn height_factor(self) -> usize {
        match self {
            Self::Normal => 1,
            Self::DoubleHeight | Self::Double => 2,
        }
    }
}

/// How wide a cell of a [`Row::Columns`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Width {
    /// This many columns.
    Fixed(usize),
    /// A part of the columns that the fixed cells leave, in proportion to the other shares.
    Share(usize),
}

/// One cell of a [`Row::Columns`]; text too long for it goes on below, in the same cell.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cell {
    /// What it says.
    pub text: String,
    /// How wide it is.
    pub width: Width,
    /// Where the text stands in it.
    pub align: Align,
}

impl Cell {
    /// A cell of `columns` with its text at the left.
    pub fn left(text: impl Into<String>, columns: usize) -> Self {
        Self { text: text.into(), width: Width::Fixed(columns), align: Align::Left }
    }

    /// A cell of `columns` with its text at the right.
    pub fn right(text: impl Into<String>, columns: usize) -> Self {
        Self { text: text.into(), width: Width::Fixed(columns), align: Align::Right }
    }

    /// A cell that takes what the others leave, its text at the left.
    pub fn rest(text: impl Into<String>) -> Self {
        Self { text: text.into(), width: Width::Share(1), align: Align::Left }
    }
}

/// One row of a [`Document`]; long rows take several lines.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Row {
    /// Text that wraps; line breaks in it are kept.
    Text {
        /// What it says.
        text: String,
        /// Where it stands.
        align: Align,
        /// Whether it is bold.
        bold: bool,
        /// How large it is.
        size: Size,
    },
    /// Text at the left that wraps, and at the right, in the first line, text that stays whole.
    Pair {
        /// What wraps.
        left: String,
        /// What stays at the right edge.
        right: String,
        /// Whether both are bold.
        bold: bool,
        /// How large both are.
        size: Size,
    },
    /// Cells beside each other, one column of space between them.
    Columns(Vec<Cell>),
    /// A line across the paper.
    Rule,
    /// An empty line.
    Blank,
    /// A QR code in the middle.
    Qr {
        /// What it holds.
        data: String,
    },
    /// A Code 128 barcode in the middle with its text below; printed as text where it does not fit.
    Barcode {
        /// What it holds: printable ASCII.
        data: String,
    },
    /// A picture in the middle, such as the shop's sign; left out where it is wider than the paper.
    Picture(Picture),
    /// The end of the piece of paper: cut, or fed to the tear bar on printers without a cutter.
    Cut,
}

/// A piece of paper, row by row.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Document {
    /// The rows from the top.
    pub rows: Vec<Row>,
}

impl Document {
    /// A document that says nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds plain text at the left.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.row(Row::Text { text: text.into(), align: Align::Left, bold: false, size: Size::Normal })
    }

    /// Adds plain text in the middle.
    pub fn centred(self, text: impl Into<String>) -> Self {
        self.row(Row::Text { text: text.into(), align: Align::Centre, bold: false, size: Size::Normal })
    }

    /// Adds large bold text in the middle.
    pub fn title(self, text: impl Into<String>) -> Self {
        self.row(Row::Text { text: text.into(), align: Align::Centre, bold: true, size: Size::Double })
    }

    /// Adds plain text at the left with text at the right edge of the same line.
    pub fn pair(self, left: impl Into<String>, right: impl Into<String>) -> Self {
        self.row(Row::Pair { left: left.into(), right: right.into(), bold: false, size: Size::Normal })
    }

    /// Adds cells beside each other.
    pub fn columns(self, cells: impl IntoIterator<Item = Cell>) -> Self {
        self.row(Row::Columns(cells.into_iter().collect()))
    }

    /// Adds a line across the paper.
    pub fn rule(self) -> Self {
        self.row(Row::Rule)
    }

    /// Adds an empty line.
    pub fn blank(self) -> Self {
        self.row(Row::Blank)
    }

    /// Adds a QR code.
    pub fn qr(self, data: impl Into<String>) -> Self {
        self.row(Row::Qr { data: data.into() })
    }

    /// Adds a barcode.
    pub fn barcode(self, data: impl Into<String>) -> Self {
        self.row(Row::Barcode { data: data.into() })
    }

    /// Ends the piece of paper.
    pub fn cut(self) -> Self {
        self.row(Row::Cut)
    }

    /// Adds any row.
    pub fn row(mut self, row: Row) -> Self {
        self.rows.push(row);
        self
    }
}
