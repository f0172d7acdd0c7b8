//! Bytes, paper, ink and e-ink. Has never heard of money.

pub mod display;
#[cfg(feature = "esl")]
pub mod esl;
pub mod frame;
#[cfg(feature = "label")]
pub mod label;
#[cfg(feature = "payment")]
pub mod payment;
pub mod printer;
pub mod scale;
pub mod scanner;
pub mod sound;
