//! Pixels and strings. The only crate that says Slint. Strings arrive formatted.

// Slint's lengths are floats; money never reaches them as a number.
#![allow(clippy::float_arithmetic)]

pub mod action;
mod below;
#[cfg(test)]
mod contrast;
pub mod customer;
mod drawn;
mod keys;
pub mod kiosk;
pub mod pixels;
mod present;
pub mod screen;
pub mod view;

pub use action::{Action, Button, Key};
pub use below::select_window_system;
pub use screen::{Remote, ScreenError, TillScreen, TillWindow};
pub use view::View;

/// What the Slint compiler makes of `slint/till.slint`.
#[allow(missing_docs, clippy::all, clippy::wildcard_enum_match_arm, clippy::todo, clippy::dbg_macro)]
mod generated {
    slint::include_modules!();
}
