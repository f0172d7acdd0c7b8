//! What people do at the screen, as plain data. The lane decides what it means.

use std::time::Instant;

/// One thing a person did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A key of the keyboard, or of a scanner that acts as one. Every key
    /// arrives here, in order, whatever is shown.
    Key {
        /// Which.
        key: Key,
        /// When it came, as far as the window knows: one that was busy takes keys late.
        at: Instant,
    },
    /// The same key below an input method, as the keyboard sent it, told while a field stands open that one may write
    /// into: it comes beside what the method makes of it, if anything, and before that.
    Below {
        /// Which: one that writes, or Return.
        key: Key,
        /// When it came.
        at: Instant,
    },
    /// What an input method had to write with such a Return has come.
    BelowWritten {
        /// When the Return came.
        at: Instant,
    },
    /// A control was tapped.
    Press(Button),
    /// A customer touched something at a kiosk.
    Touch(crate::kiosk::Touch),
    /// The window was closed by its frame.
    CloseRequested,
}

/// A key of the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A key that writes a character, the space bar among them.
    Char(char),
    /// Return, or Enter on the number block.
    Enter,
    /// Escape.
    Escape,
    /// Delete to the left.
    Backspace,
    /// Delete.
    Delete,
    /// Tab.
    Tab,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// F1 to F12.
    Function(u8),
}

/// A control on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// A digit of the keypad, its decimal point, or the `*` between an amount and its department.
    Digit(char),
    /// Deletes the last typed character.
    Backspace,
    /// Empties the entry.
    Clear,
    /// Looks the entry up, or signs in: the keypad's Enter.
    Enter,
    /// Takes the entry as the quantity of the selected line (F4).
    Quantity,
    /// Voids the selected line (Delete).
    Void,
    /// Drops the basket, after a question.
    CancelBasket,
    /// Goes on to payment (space bar).
    Pay,
    /// Takes the cash and ends the sale (Enter).
    Finish,
    /// Back to the goods, or out of a choice (Escape).
    Back,
    /// The n-th quick amount, from 0.
    QuickCash(usize),
    /// The n-th tile or search result, from 0.
    Goods(usize),
    /// The n-th tab of the grid, from 0.
    Tab(usize),
    /// The page of tiles before this one.
    PageBefore,
    /// The page of tiles after this one.
    PageAfter,
    /// The n-th basket line, from 0.
    Line(usize),
    /// The n-th person of the sign-in screen, from 0.
    Staff(usize),
    /// Yes on a sheet (Enter).
    Yes,
    /// No on a sheet (Escape).
    No,
    /// The other language.
    Language,
    /// The other theme.
    Theme,
    /// Prints the last receipt again (F11).
    Reprint,
    /// Leaves the till.
    SignOut,
    /// Sets the scale to zero (Home).
    ScaleZero,
    /// Takes off what lies on the scale, or takes off nothing any more (End).
    ScaleTare,
    /// Puts the notice away.
    DismissNotice,
    /// The n-th row of a sheet, from 0.
    Row(usize),
    /// The n-th field of a sheet, from 0.
    Field(usize),
    /// The n-th key of a sheet, from 0.
    SheetKey(usize),
    /// A letter of the pad, the blank among them.
    Letter(char),
    /// Everything that can be done here (Tab).
    Menu,
    /// The keys of this screen (F1).
    Help,
    /// Price, discount, seller or note of a line or of the basket (F6).
    ChangeLine,
    /// Who is credited for the basket (F7).
    Seller,
    /// Who buys (F8).
    Member,
    /// Parks the basket; of an empty one, the parked ones (F10).
    Park,
    /// Goods come back (F5).
    GiveBack,
    /// What something costs, without selling it (F3).
    PriceCheck,
    /// Why the basket costs what it costs (F9).
    Why,
    /// Locks the lane (F12).
    Lock,
    /// Letters, and what an input method writes (F2); of a finished sale, its receipt as a code (F7).
    Find,
    /// The n-th means of payment beside cash, from 0.
    TenderKind(usize),
    /// Hands the n-th tender back, from 0.
    TakeBack(usize),
    /// The orders that the store is to hand over.
    Orders,
}
