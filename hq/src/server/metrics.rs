//! What a running server has done, for whoever watches it, in the text form
//! of Prometheus. Numbers only: no store, no lane, no member.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use protocol::push::PushRefusal;

use super::Desk;
use super::refusal::Refusal;

/// Counts since the server began.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    batches: AtomicU64,
    bytes: AtomicU64,
    pages: AtomicU64,
    page_bytes: AtomicU64,
    piece_bytes: AtomicU64,
    refused: [AtomicU64; Reason::ALL.len()],
}

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    Unauthorised,
    Busy,
    Form,
    Gap,
    Fork,
    Signature,
    Away,
    Fault,
}

impl Reason {
    const ALL: [Self; 8] = [
        Self::Unauthorised,
        Self::Busy,
        Self::Form,
        Self::Gap,
        Self::Fork,
        Self::Signature,
        Self::Away,
        Self::Fault,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Unauthorised => "unauthorised",
            Self::Busy => "busy",
            Self::Form => "form",
            Self::Gap => "gap",
            Self::Fork => "fork",
            Self::Signature => "signature",
            Self::Away => "database_away",
            Self::Fault => "fault",
        }
    }

    fn of(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Unauthorised
            | Refusal::Forbidden(_)
            | Refusal::SignIn
            | Refusal::LockedOut(_)
            | Refusal::Enrol(_) => Self::Unauthorised,
            Refusal::Busy | Refusal::TooMany(_) | Refusal::Overdue => Self::Busy,
            Refusal::Form(_)
            | Refusal::NoRoute
            | Refusal::Method
            | Refusal::Unknown(_)
            | Refusal::Conflict(_)
            | Refusal::Unfit(_)
            | Refusal::KeyMissing
            | Refusal::KeyReused
            | Refusal::SaidOnce
            | Refusal::MediaType(_)
            | Refusal::TooLarge(_)
            | Refusal::TooSlow
            | Refusal::Rows(_)
            | Refusal::Command(_) => Self::Form,
            Refusal::Push(PushRefusal::Gap { .. }) => Self::Gap,
            Refusal::Push(PushRefusal::Fork { .. }) => Self::Fork,
            Refusal::Push(PushRefusal::Signature { .. } | PushRefusal::Unsigned { .. }) => Self::Signature,
            Refusal::Push(PushRefusal::Malformed { .. } | PushRefusal::Context) => Self::Form,
            Refusal::Push(PushRefusal::Unauthorised) => Self::Unauthorised,
            Refusal::Away(_) | Refusal::OutOfReach => Self::Away,
            Refusal::Fault(_) => Self::Fault,
        }
    }
}

impl Metrics {
    /// A push ended.
    pub(super) fn pushed<T>(&self, bytes: usize, outcome: &Result<T, Refusal>) {
        match outcome {
            Ok(_) => {
                self.batches.fetch_add(1, Ordering::Relaxed);
                self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
            }
            Err(refusal) => self.refused(refusal),
        }
    }

    /// A page of the reference went out.
    pub(super) fn paged(&self, bytes: usize) {
        self.pages.fetch_add(1, Ordering::Relaxed);
        self.page_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A piece of a snapshot went out.
    pub(super) fn pieced(&self, bytes: usize) {
        self.piece_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Something was not done.
    pub(super) fn refused(&self, refusal: &Refusal) {
        let reason = Reason::of(refusal);
        if let Some(count) = Reason::ALL.iter().zip(&self.refused).find(|(known, _)| **known == reason) {
            count.1.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes everything that is counted.
pub(super) fn text(desk: &Desk) -> String {
    let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let metrics = &desk.metrics;
    let mut text = String::new();
    let counters = [
        ("batches_filed_total", "Batches filed.", of(&metrics.batches)),
        ("batch_bytes_total", "Bytes of filed batches, compressed.", of(&metrics.bytes)),
        ("pages_total", "Pages of the reference sent.", of(&metrics.pages)),
        ("page_bytes_total", "Bytes of these pages, compressed.", of(&metrics.page_bytes)),
        ("snapshot_bytes_total", "Bytes of snapshots of the reference sent.", of(&metrics.piece_bytes)),
    ];
    for (name, help, value) in counters {
        push(&mut text, name, help, "counter");
        line(&mut text, name, value);
    }
    push(&mut text, "refused_total", "Requests that were not done, by reason.", "counter");
    for (reason, count) in Reason::ALL.iter().zip(&metrics.refused) {
        line(&mut text, &format!("refused_total{{reason=\"{}\"}}", reason.name()), of(count));
    }
    let gauges = [
        ("intakes", "Batches that are taken in now.", desk.intakes.taken() as u64),
        ("questions", "Other requests that are worked on now.", desk.questions.taken() as u64),
        ("body_kib", "KiB of batches that wait.", desk.bodies.taken() as u64),
        ("listeners", "Lanes that hear hints.", desk.hints.listeners() as u64),
        ("reference_version", "The newest version of the reference.", desk.hints.version()),
    ];
    for (name, help, value) in gauges {
        push(&mut text, name, help, "gauge");
        line(&mut text, name, value);
    }
    text
}

fn push(text: &mut String, name: &str, help: &str, kind: &str) {
    // A String takes everything.
    let _ = write!(text, "# HELP guitai_hq_{name} {help}\n# TYPE guitai_hq_{name} {kind}\n");
}

fn line(text: &mut String, name: &str, value: u64) {
    let _ = writeln!(text, "guitai_hq_{name} {value}");
}
