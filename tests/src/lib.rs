//! A shop in a box. Everything that crosses a crate; reads like a shop's day.
//!
//! | module | what |
//! |---|---|
//! | [`process`] | the real programs as child processes, and waiting without sleeping blindly |
//! | [`display`] | a virtual screen, keys and taps, and pictures of it |
//! | [`shop`] | HQ, an enrolled lane, its agent, its devices and its till |
//! | [`demo`] | the scripted day of `cargo xtask demo` |
//! | [`stand`] | a lane with its window, without display, threads or devices |
//! | [`kiosk`] | a lane as customers use it by themselves, and pictures of its pages |
//! | [`labels`] | the staff's window for shelf labels, and pictures of its pages |
//! | [`guide`] | the pictures of the cashier's guide: each job done at such a lane |
//! | [`phone`] | a customer's phone: what it asks of HQ, and the code that it shows |
//! | [`till`] | a lane turned by hand, with its real line to its real agent |
//! | [`tasks`] | what a new cashier is asked to do, with what it takes |
//! | [`measure`] | how quick the real window is, for `cargo xtask bench ui` |
//! | [`ring`] | a lane without a window, to be killed at any moment |
//! | [`replay`] | real transaction logs through scan, till, ledger, agent and HQ |

// A day asks for the records it is about; others, new ones among them, are
// none of its business.
#![allow(clippy::wildcard_enum_match_arm)]

pub mod demo;
pub mod display;
pub mod guide;
pub mod kiosk;
pub mod labels;
pub mod measure;
pub mod phone;
pub mod process;
pub mod replay;
pub mod ring;
pub mod shop;
pub mod stand;
pub mod tasks;
pub mod till;
