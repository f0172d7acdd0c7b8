//! The rules of selling. No clock, no randomness, no files, no sockets, no async: same inputs, same sale.
//!
//! | module | what |
//! |---|---|
//! | [`money`] | amounts, quantities, and the only place that rounds |
//! | [`barcode`] | what a scanned or typed text stands for |
//! | [`catalogue`] | goods and promotions, and what the till asks of them |
//! | [`promotion`] | the least total that promotions allow, proved, and why |
//! | [`quota`] | how much of a promotion is left beyond one ticket |
//! | [`coupon`] | whether what a customer brings is good |
//! | [`points`] | points earned and taken back |
//! | [`member`] | who buys, and what a document does to their points |
//! | [`membership`] | what a paid membership's fee is shared into |
//! | [`price_list`] | which listed price is in force |
//! | [`pricing`] | the price of one unit, and why |
//! | [`kit`] | what each part of a kit takes of its price |
//! | [`basket`] | lines not yet paid |
//! | [`seller`] | who is credited for what is sold, and what they earn on it |
//! | [`tender`] | means of payment |
//! | [`tax`] | VAT by line and by document |
//! | [`sale`] | a paid basket and its sums |
//! | [`gift`] | goods that were free for others, and gifts that are kept |
//! | [`refund`] | what is left of a past sale, and what giving it back comes to |
//! | [`receipt`] | what the paper of a sale says |
//! | [`payment`] | one payment by code, from its number to its end |
//! | [`phone`] | what customers' phones show: baskets, and the right to leave |
//! | [`order`] | an order of a channel, from its placing to its hand-over |
//! | [`stock`] | goods that move beside sales, and counts |
//! | [`shift`] | what a shift has taken, and what goes on into the next |
//! | [`exceptions`] | what of a day was out of the usual |
//! | [`rights`] | what a person may do alone |
//! | [`clock`] | what time a lane reckons with |
//! | [`record`] | what a lane writes into its journal |
//! | [`value`] | money that members paid in beforehand |
//! | [`till`] | the state machine of one lane |

pub mod barcode;
pub mod basket;
pub mod bearer;
pub mod catalogue;
pub mod clock;
pub mod coupon;
pub mod exceptions;
pub mod gift;
pub mod kit;
pub mod label;
pub mod member;
pub mod membership;
pub mod money;
pub mod order;
pub mod payment;
pub mod phone;
pub mod points;
pub mod price_list;
pub mod pricing;
pub mod promotion;
pub mod quota;
pub mod receipt;
pub mod record;
pub mod refund;
pub mod rights;
pub mod sale;
pub mod seller;
pub mod shift;
pub mod stock;
pub mod tax;
pub mod tender;
pub mod till;
pub mod value;
