//! The only till-side crate that says SQLite. Encodes an event once, on the way in; after that bytes are bytes.
//!
//! | module | what |
//! |---|---|
//! | [`journal`] | `journal.db`: append-only, irreplaceable, written by the lane alone |
//! | [`books`] | a till and its journal: what was decided, written, and only then given out |
//! | [`export`](mod@export) | a journal as a file that anybody can check |
//! | [`backup`] | a second copy, and how a lane goes on from one |
//! | [`archive`](mod@archive) | old events in files beside the journal |
//! | [`counting`] | counts of goods that are not finished, a file each |
//! | [`rebuild`](mod@rebuild) | everything that is derived, derived again |
//! | [`reference`] | `reference.db`: what HQ told us, rebuildable, written by the agent alone |
//! | [`popular`] | what sells on this lane |
//! | [`search`] | goods by initials, name or code |
//! | [`reserve`] | room on the disk that is kept for the sale under way |
//! | [`file`](mod@file) | how either file is opened, and when it is refused |

pub mod archive;
pub mod backup;
pub mod books;
pub mod counting;
pub mod export;
pub mod file;
pub mod journal;
pub mod popular;
pub mod rebuild;
pub mod reference;
pub mod reserve;
pub mod search;
