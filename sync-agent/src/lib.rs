//! Moves positions between the lane and HQ, and keeps labels true.
//!
//! | module | what |
//! |---|---|
//! | [`core`] | what to do next: a state machine without I/O, clock or randomness |
//! | [`shell`] | does it: HTTP and disk around the core |
//! | [`asking`] | the socket at which the lane asks while a customer waits |
//! | [`hq`] | the requests to HQ and what their answers mean |
//! | [`journal`] | the lane's journal, as the agent reads it |
//! | [`reference`] | the thread that alone writes `reference.db` |
//! | [`snapshot`] | a whole new reference that comes as files |
//! | [`pictures`] | pictures of goods on the lane's disk |
//! | [`enrol`] | how a lane gets its identity and its key |
//! | [`labels`] | what labels should say, and the thread that brings it to them |
//! | [`place`] | the files of the data directory |
//! | [`status`] | what the agent last knew, for people |

#[cfg(unix)]
pub mod asking;
pub mod core;
pub mod enrol;
pub mod hq;
pub mod journal;
pub mod labels;
pub mod pictures;
pub mod place;
pub mod reference;
pub mod shell;
pub mod snapshot;
pub mod status;
