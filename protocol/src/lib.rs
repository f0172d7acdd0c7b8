//! The bytes that two programs agreed on. Frozen once released: add a version, never edit one.
//!
//! | module | what |
//! |---|---|
//! | [`event`] | one fact of a lane's journal, as versioned JSON bytes |
//! | [`record`] | between the rules' facts and the journal's |
//! | [`chain`] | the hash that ties an event to the one before |
//! | [`head`] | where a lane's chain stood, in the lane's own hand |
//! | [`export`] | a journal as a file that anybody can check |
//! | [`push`] | lane to HQ: a contiguous run of a journal |
//! | [`pull`] | HQ to lane: what changed in the reference |
//! | [`promotion`] | a promotion of any type, as HQ sends it |
//! | [`enrol`] | how a new lane gets its identity and its key |
//! | [`answer`] | what HQ says about what it has received |
//! | [`problem`] | what HQ says where it does not do what it was asked |
//! | [`shelf`] | agent to HQ: what labels may show |
//! | [`scan_go`] | what a phone shows at a till or a gate, signed |
//! | [`ask`] | lane to agent to HQ: a question while a customer waits |
//! | [`board`] | kiosks and the attendant's board |
//! | [`standing`] | a store's relay to HQ: points lent to the whole store |

pub mod answer;
pub mod ask;
pub mod board;
pub mod chain;
pub mod enrol;
pub mod event;
pub mod export;
pub mod head;
pub mod problem;
pub mod promotion;
pub mod pull;
pub mod push;
pub mod record;
pub mod scan_go;
pub mod shelf;
pub mod standing;
