//! What a running server has done, for whoever watches it, in the text form
//! of Prometheus. Numbers only: no store, no lane, no member. A label is one
//! of a list that stands in the program, so that nobody makes more of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use protocol::push::PushRefusal;

use super::Desk;
use super::refusal::Refusal;
use super::routes::SharedDesk;
use crate::store::StoreError;

/// Up to how long answers took, milliseconds: a question at the counter has
/// 1.2 s, a page of goods and a report take longer.
const BUCKETS_MS: [u64; 11] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000, 60_000];

/// The classes of status that answers have.
const STATUS_CLASSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

/// The tag of a request for which there is no route.
const NO_TAG: &str = "none";

/// Counts since the server began.
#[derive(Debug)]
pub(super) struct Metrics {
    batches: AtomicU64,
    bytes: AtomicU64,
    pages: AtomicU64,
    page_bytes: AtomicU64,
    piece_bytes: AtomicU64,
    refused: [AtomicU64; Reason::ALL.len()],
    /// By the noun of the route.
    answered: BTreeMap<&'static str, Answered>,
}

/// Requests of one noun that were answered.
#[derive(Debug, Default)]
struct Answered {
    by_status: [AtomicU64; STATUS_CLASSES.len()],
    /// Each by itself; what took longer than the last is in none of them.
    by_time: [AtomicU64; BUCKETS_MS.len()],
    count: AtomicU64,
    micros: AtomicU64,
}

/// The noun of the route that a request came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tag(pub &'static str);

/// Says of an answer which noun it is of.
pub(super) async fn tagged(State(tag): State<Tag>, request: Request, next: Next) -> Response {
    let mut answer = next.run(request).await;
    answer.extensions_mut().insert(tag);
    answer
}

/// Counts every answer, and how long it took until it began.
pub(super) async fn watched(State(desk): State<SharedDesk>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let answer = next.run(request).await;
    let tag = answer.extensions().get::<Tag>().map_or(NO_TAG, |tag| tag.0);
    desk.metrics.answered(tag, answer.status(), begun.elapsed());
    if let Some(reason) = answer.extensions().get::<Reason>() {
        desk.metrics.refused(*reason);
    }
    answer
}

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
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

    pub(super) fn of(refusal: &Refusal) -> Self {
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
            Refusal::Away(_) | Refusal::OutOfReach | Refusal::Stranger => Self::Away,
            Refusal::Fault(_) => Self::Fault,
        }
    }
}

impl Metrics {
    /// Counts requests of these nouns.
    pub(super) fn of(tags: BTreeSet<&'static str>) -> Self {
        let tags = tags.into_iter().chain([NO_TAG]);
        Self {
            batches: AtomicU64::default(),
            bytes: AtomicU64::default(),
            pages: AtomicU64::default(),
            page_bytes: AtomicU64::default(),
            piece_bytes: AtomicU64::default(),
            refused: Default::default(),
            answered: tags.map(|tag| (tag, Answered::default())).collect(),
        }
    }

    /// A batch of so many bytes is filed.
    pub(super) fn filed(&self, bytes: usize) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A request of a noun was answered.
    fn answered(&self, tag: &'static str, status: StatusCode, after: Duration) {
        let Some(answered) = self.answered.get(tag).or_else(|| self.answered.get(NO_TAG)) else { return };
        let class = usize::from(status.as_u16() / 100).saturating_sub(2).min(STATUS_CLASSES.len() - 1);
        answered.by_status[class].fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(after.as_micros()).unwrap_or(u64::MAX);
        if let Some(place) = BUCKETS_MS.iter().position(|most| micros <= most * 1_000) {
            answered.by_time[place].fetch_add(1, Ordering::Relaxed);
        }
        answered.count.fetch_add(1, Ordering::Relaxed);
        answered.micros.fetch_add(micros, Ordering::Relaxed);
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
    fn refused(&self, reason: Reason) {
        if let Some(count) = Reason::ALL.iter().zip(&self.refused).find(|(known, _)| **known == reason) {
            count.1.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes everything that is counted, and how much waits for a person.
pub(super) fn text(desk: &Desk) -> Result<String, StoreError> {
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
    push(&mut text, "requests_total", "Requests that were answered, by noun and status.", "counter");
    for (tag, answered) in &metrics.answered {
        for (class, count) in STATUS_CLASSES.iter().zip(&answered.by_status) {
            line(&mut text, &format!("requests_total{{tag=\"{tag}\",status=\"{class}\"}}"), of(count));
        }
    }
    let help = "How long it took until an answer began, by noun.";
    push(&mut text, "request_seconds", help, "histogram");
    for (tag, answered) in &metrics.answered {
        let mut up_to = 0;
        for (most, count) in BUCKETS_MS.iter().zip(&answered.by_time) {
            up_to += of(count);
            let seconds = seconds(most * 1_000);
            let name = format!("request_seconds_bucket{{tag=\"{tag}\",le=\"{seconds}\"}}");
            line(&mut text, &name, up_to);
        }
        let name = format!("request_seconds_bucket{{tag=\"{tag}\",le=\"+Inf\"}}");
        line(&mut text, &name, of(&answered.count));
        let sum = seconds(of(&answered.micros));
        line(&mut text, &format!("request_seconds_sum{{tag=\"{tag}\"}}"), sum);
        line(&mut text, &format!("request_seconds_count{{tag=\"{tag}\"}}"), of(&answered.count));
    }
    let (quarantined, alarms, exceptions) = desk.store.read(|reading| reading.count_open())?;
    let gauges = [
        ("quarantined_events", "Events that HQ cannot use yet.", quarantined),
        ("alarms", "Forks, and wrong or missing signatures.", alarms),
        ("exceptions", "What lanes did that the books do not bear out.", exceptions),
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
    Ok(text)
}

/// Microseconds as seconds in decimal.
fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn push(text: &mut String, name: &str, help: &str, kind: &str) {
    // A String takes everything.
    let _ = write!(text, "# HELP guitai_hq_{name} {help}\n# TYPE guitai_hq_{name} {kind}\n");
}

fn line(text: &mut String, name: &str, value: impl std::fmt::Display) {
    let _ = writeln!(text, "guitai_hq_{name} {value}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_decimal() {
        let told = [0, 5_000, 60_000_000, 1_234_567, 10].map(seconds);
        assert_eq!(told, ["0", "0.005", "60", "1.234567", "0.00001"]);
    }

    #[test]
    fn a_tag_that_nobody_listed_makes_no_label() {
        let metrics = Metrics::of(BTreeSet::from(["goods"]));
        metrics.answered("elsewhere", StatusCode::OK, Duration::from_millis(6));
        metrics.answered("goods", StatusCode::CONFLICT, Duration::from_secs(99));
        assert_eq!(metrics.answered.keys().copied().collect::<Vec<_>>(), ["goods", NO_TAG]);
        let of = |tag: &str| {
            let answered = &metrics.answered[tag];
            let all =
                |counts: &[AtomicU64]| counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
            let times: Vec<u64> = all(&answered.by_time);
            let statuses: Vec<u64> = all(&answered.by_status);
            (statuses, times.iter().sum::<u64>(), answered.count.load(Ordering::Relaxed))
        };
        assert_eq!(of(NO_TAG), (vec![1, 0, 0, 0], 1, 1));
        assert_eq!(of("goods"), (vec![0, 0, 1, 0], 0, 1), "what took longest is in the last bucket alone");
    }
}
