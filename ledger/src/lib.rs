//! The only till-side crate that says SQLite. Encodes an event once, on the way in; after that bytes are bytes.
//!
//! | module | what |
//! |---|---|
//! | [`journal`] | `journal.db`: append-only, irreplaceable, written by the lane alone |
//! | [`reference`] | `reference.db`: what HQ told us, rebuildable, written by the agent alone |
//! | [`search`] | goods by initials, name or code |
//! | [`reserve`] | room on the disk that is kept for the sale under way |
//! | [`file`](mod@file) | how either file is opened, and when it is refused |

pub mod file;
pub mod journal;
pub mod reference;
pub mod reserve;
pub mod search;
