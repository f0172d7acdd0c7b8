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
        /// When the window saw it.
        at: Instant,
    },
    /// A control was tapped.
    Press(Button),
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
    /// A digit or the decimal point of the keypad.
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
    /// Drops the basket, after a question (F12).
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
    /// The other language (F1).
    Language,
    /// The other theme (F3).
    Theme,
    /// Prints the last receipt again (F11).
    Reprint,
    /// Leaves the till (F10).
    SignOut,
    /// Sets the scale to zero (Home).
    ScaleZero,
    /// Takes off what lies on the scale, or takes off nothing any more (End).
    ScaleTare,
    /// Puts the notice away.
    DismissNotice,
}
