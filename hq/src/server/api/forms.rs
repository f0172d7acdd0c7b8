//! What several routes take and give.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::server::refusal::Refusal;

/// Rows of a page where nothing else is said.
pub(super) const PAGE_DEFAULT: u32 = 200;

/// The most rows of a page.
pub(super) const PAGE_MAX: u32 = 1_000;

/// Some of the rows, and where the next ones begin.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Page<T> {
    /// The rows, in the order of their keys.
    pub items: Vec<T>,
    /// Ask again with `after` set to this; null at the end.
    pub next: Option<String>,
}

/// Which page.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PageQuery {
    /// Where the page before ended: its `next`. The first page where absent.
    pub after: Option<String>,
    /// How many rows at most, 1 to 1000; 200 where absent.
    #[schemars(range(min = 1, max = 1000))]
    pub limit: Option<u32>,
}

/// How many rows a page has at most.
pub(super) fn page_limit(asked: Option<u32>) -> Result<u32, Refusal> {
    let limit = asked.unwrap_or(PAGE_DEFAULT);
    if (1..=PAGE_MAX).contains(&limit) {
        Ok(limit)
    } else {
        Err(Refusal::Form(format!("the query: limit is {limit}; use 1 to {PAGE_MAX}")))
    }
}

/// Makes a page of rows of which one more than `limit` was asked for.
pub(super) fn page<T>(mut rows: Vec<T>, limit: u32, key: impl Fn(&T) -> String) -> Page<T> {
    let limit = limit as usize;
    let is_cut = rows.len() > limit;
    rows.truncate(limit);
    let next = if is_cut { rows.last().map(key) } else { None };
    Page { items: rows, next }
}

/// That a change was made.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Changed {
    /// Whether anything is another than before.
    pub changed: bool,
}

/// Writes an instant as the API does: milliseconds since 1970-01-01 UTC.
pub(super) type Millis = i64;

/// What an id or a document may be: `crate::orders::is_id`, for the document.
pub(super) const ID_PATTERN: &str = "^[A-Za-z0-9_-]{1,64}$";

/// The names of the roles, for the document.
pub(super) const ROLES: [&str; 4] = ["owner", "operator", "accountant", "read_only"];
