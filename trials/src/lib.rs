//! Torture and measure: what a lying disk, a killed process and a stopwatch say. Never linked into a shipped binary.
//!
//! | module | what |
//! |---|---|
//! | [`disk`] | a disk in memory that forgets what was not flushed |
//! | [`vfs`] | how SQLite uses it, and a tally of what SQLite asks of a real one |
//! | [`counter`] | a counter where a till, its journal and a printer stand |
//! | [`powercut`] | power cuts, and what must be there after each |
//! | [`simulate`] | a whole chain in a box, from one seed, under everything that goes wrong |
//! | [`labels`] | a price change of a whole store, from HQ to the shelf |
//! | [`bench`] | what the ledger takes, beside what the machine takes |

pub mod bench;
pub mod counter;
pub mod disk;
pub mod labels;
pub mod powercut;
pub mod simulate;
#[allow(unsafe_code)]
pub mod vfs;
