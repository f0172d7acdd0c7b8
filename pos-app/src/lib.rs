//! The one place where domain, disk, devices and screens meet. Decides nothing about selling.
//!
//! | module | what |
//! |---|---|
//! | [`config`] | `lane.toml` |
//! | [`lane`] | the loop's one turn: events in, the disk written, commands out |
//! | [`entry`] | keys and taps, and what they mean where the cashier stands |
//! | `sheet` | what stands over the basket: approvals, returns, the shift, and all else |
//! | [`present`] | the till as the screen shows it |
//! | [`receipt`] | a sale as paper |
//! | `counting` | goods that are counted, and what of it lies on the disk |
//! | `orders` | the store's orders of channels, as this lane knows them |
//! | `board` | the store's kiosks, as the attendant sees them from a till |
//! | [`payment`] | payments by code at the wallets' terminals |
//! | [`kiosk`] | the lane as customers use it by themselves |
//! | [`labels`] | the lane as the staff uses it for shelf labels |
//! | [`customer`] | the screen as the customer's window shows it |
//! | [`asking`] | what the agent is asked, and never waited for |
//! | `phone` | what customers' phones show: baskets, and the right to leave |
//! | [`pole`] | the screen as the customer's display shows it |
//! | `pictures` | pictures of goods, read and decoded beside the lane |
//! | [`pin`] | whether a PIN is somebody's |
//! | [`recovery`] | what a stop left unfinished, in words |
//! | [`keeping`] | what a technician does with a journal |
//! | [`tryout`] | one device, tried before a technician's eyes |
//! | [`weighing`] | the lane's scale, and what its answers mean to the till |
//! | [`set_up`] | the first run: HQ, store, devices and goods, one screen after the other |
//! | [`run`] | threads, devices and the window around a lane |
//! | [`doctor`] | the health of disk, devices, reference and clock |

pub mod asking;
mod board;
mod chosen;
pub mod config;
mod counting;
pub mod customer;
pub mod doctor;
pub mod entry;
pub mod keeping;
pub mod kiosk;
pub mod labels;
pub mod lane;
mod orders;
pub mod payment;
mod phone;
mod pictures;
pub mod pin;
pub mod pole;
pub mod present;
pub mod receipt;
pub mod recovery;
pub mod run;
pub mod set_up;
mod sheet;
mod transfers;
pub mod tryout;
pub mod weighing;
