//! Accepts anything twice.
//!
//! The headquarters server: it files what lanes push, as often as they push
//! it, and hands out the reference that they pull.
//!
//! | module | what |
//! |---|---|
//! | [`asking`] | what a lane asks while a customer waits |
//! | [`batches`] | prices and promotions that change at one instant |
//! | [`books`] | points, coupons, receipts and stock, as events and HQ make them |
//! | [`intake`] | files batches of events: contiguous prefixes, forks alarmed, the unreadable set aside |
//! | [`projection`] | reads filed events into tables, and makes those again |
//! | [`feed`] | pages of what changed in the reference |
//! | [`enrolment`] | one-time codes, lane keys |
//! | [`import`] | whole shops from JSON and CSV |
//! | [`commission`] | what sellers earn, and by which rules |
//! | [`membership`] | paid memberships: the item, the shares of its fee, what comes with it |
//! | [`catalogue`] | one product's price |
//! | [`pictures`] | pictures of goods: scaled, and taken in by the folder |
//! | [`points_terms`] | how a chain keeps its members' points |
//! | [`access`] | who may ask what: people, roles, keys, scopes, limits |
//! | [`audit`] | who did what, when, from where |
//! | [`sales`] | answers about what was received |
//! | [`daybook`] | the daily journal of a store, as double entry |
//! | [`store_day`] | a store's day, for somebody at one of its tills |
//! | [`orders`] | orders of channels |
//! | [`reservations`] | goods that somebody waits for |
//! | [`scan_go`] | what customers' phones ask: prices and signed baskets |
//! | [`shelves`] | what agents report of shelf labels |
//! | `weights` | what goods weigh on the kiosks' bagging scales |
//! | [`store`] | the database; the only module that says SQL |
//! | [`command`] | what the command line asks for, the same inside and beside a running server |
//! | [`relay`] | a store's relay: HQ's routes passed on, and answers where HQ is out of reach |
//! | [`server`] | HTTP routes, and starting and stopping |
//! | [`place`] | the data directory: lock, admin key, address |
//! | [`secret`] | random keys and codes, and their hashes |

pub mod access;
pub mod asking;
pub mod audit;
pub mod batches;
pub mod books;
pub mod catalogue;
pub mod command;
pub mod commission;
pub mod daybook;
pub mod enrolment;
pub mod feed;
pub mod import;
pub mod intake;
pub mod interventions;
pub mod margins;
pub mod membership;
pub mod orders;
pub mod pictures;
pub mod place;
pub mod points_terms;
pub mod projection;
pub mod relay;
pub mod reservations;
pub mod sales;
pub mod scan_go;
pub mod secret;
pub mod server;
pub mod shelves;
pub mod standing;
pub mod store;
pub mod store_day;
pub mod transfers;
mod weights;
