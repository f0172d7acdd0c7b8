//! Gateways of electronic shelf labels. A [`Gateway`] has the form that commercial systems share: articles are put in, labels are
//! linked to articles, and what became of it is told later. [`OpenEPaperLink`] is the first; which article a label shows,
//! and what an article's texts are, is for others.
//!
//! [`access_point`] and [`Shelf`] are pure: they take what happened and the time, and say what to do. The sockets stand in
//! `openepaperlink`.

pub mod access_point;
mod openepaperlink;
mod shelf;
pub mod wire;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::frame::Health;
use crate::label::{Note, PrintError, Values};

pub use openepaperlink::{OpenEPaperLink, OpenEPaperLinkConfig, START_QUEUE_MAX, StartError};
pub use shelf::Shelf;

/// The most articles, and the most labels, of one gateway.
pub const ARTICLES_MAX: usize = 50_000;
/// The longest number of an article, bytes.
pub const ARTICLE_ID_BYTES_MAX: usize = 64;

/// A label's own number: eight bytes, written as sixteen hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LabelId([u8; 8]);

/// A text is no number of a label.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no label: a label's number is 12 or 16 hexadecimal digits")]
pub struct ParseLabelIdError(String);

impl FromStr for LabelId {
    type Err = ParseLabelIdError;

    /// Takes 16 digits, or 12, before which zeros are understood; spaces, colons and dashes between them are left out.
    fn from_str(text: &str) -> Result<Self, ParseLabelIdError> {
        let bad = || ParseLabelIdError(text.chars().take(40).collect());
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | ':' | '-')).collect();
        let number = u64::from_str_radix(&digits, 16).map_err(|_| bad())?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hex || !matches!(digits.len(), 12 | 16) {
            return Err(bad());
        }
        Ok(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for LabelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016X}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for LabelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The shop's number of an article.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ArticleId(Box<str>);

/// A text is no number of an article.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("an article's number has 1 to {ARTICLE_ID_BYTES_MAX} bytes, not {0}")]
pub struct ArticleIdError(usize);

impl FromStr for ArticleId {
    type Err = ArticleIdError;

    fn from_str(text: &str) -> Result<Self, ArticleIdError> {
        let sound = (1..=ARTICLE_ID_BYTES_MAX).contains(&text.len());
        if sound { Ok(Self(text.into())) } else { Err(ArticleIdError(text.len())) }
    }
}

impl fmt::Display for ArticleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a label shows of an article: a template and its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Article {
    /// Its number.
    pub id: ArticleId,
    /// The template that suits it now.
    pub template: String,
    /// What its label says.
    pub values: Values,
}

/// What a call is known by when its result comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// How a label flashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flash {
    /// Red, green, blue.
    pub colour: [u8; 3],
    /// For about so long, at most [`FLASH_SECONDS_MAX`]; nothing stops it.
    pub seconds: u8,
}

/// The longest flash, seconds.
pub const FLASH_SECONDS_MAX: u8 = 120;

/// What a gateway is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ask {
    /// Articles are new or have changed; labels linked to them follow.
    Upsert(Vec<Article>),
    /// A label shows an article from now on, in place of another.
    Link(LabelId, ArticleId),
    /// A label is of no article; it keeps its last face.
    Unlink(LabelId),
    /// Sends a label's face anew, also after it was given up.
    Resend(LabelId),
    /// Flashes a label.
    Flash(LabelId, Flash),
}

/// Why a label was given up; [`Ask::Resend`] or a newer face starts it anew.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GivenUp {
    /// Every try was taken, and the label never showed it.
    #[error("{tries} tries, and the label did not confirm; look whether it is in range and its battery good")]
    NotConfirmed {
        /// How many.
        tries: u32,
    },
    /// The access point took every try, and nothing came of it.
    #[error("{tries} uploads had no effect; look at the access point's log")]
    NoEffect {
        /// How many.
        tries: u32,
    },
    /// The access point does not know the label; it goes on when the label is seen.
    #[error("the access point does not know the label; bring it in range and wake it")]
    Unknown,
    /// The label sleeps for good; it goes on when the label is seen.
    #[error("the label sleeps and must be woken by its button")]
    Asleep,
    /// The label is of a type whose size nobody knows.
    #[error("the label is of type {0:02X}, which neither we nor the access point know")]
    UnknownType(u8),
    /// The access point refuses.
    #[error("the access point refuses: {0}")]
    Refused(String),
    /// There is no face.
    #[error("the face cannot be made")]
    Print(#[from] PrintError),
}

/// What a gateway tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The label shows the face of this request.
    Shown {
        /// Which label.
        label: LabelId,
        /// What asked for it.
        request: RequestId,
        /// What the label was seen to report of its picture.
        hash: [u8; 8],
    },
    /// A newer face took its place before it was shown.
    Superseded {
        /// Which label.
        label: LabelId,
        /// What asked for it.
        request: RequestId,
    },
    /// It will not be shown by itself.
    GivenUp {
        /// Which label.
        label: LabelId,
        /// What asked for it.
        request: RequestId,
        /// Why.
        why: GivenUp,
    },
    /// Something about a face that somebody should know.
    Noted {
        /// Which label.
        label: LabelId,
        /// What.
        note: Note,
    },
    /// What a label said of itself.
    Seen(LabelReport),
    /// How the gateway is now.
    Health(Health),
}

/// What a label said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelReport {
    /// Which label.
    pub label: LabelId,
    /// Its type.
    pub hw_type: u8,
    /// When it was last seen, seconds of the Unix epoch by the access point's clock.
    pub last_seen: u64,
    /// When it is expected again, the same; `None` for one that sleeps for good.
    pub next_check_in: Option<u64>,
    /// Millivolts; `None` where it gave no reading.
    pub battery_mv: Option<u32>,
    /// Degrees Celsius.
    pub temperature: i32,
    /// Another access point hears it better.
    pub is_elsewhere: bool,
}

/// A battery below this is low, millivolts.
pub const BATTERY_LOW_MV: u32 = 2_400;

impl LabelReport {
    /// Whether its battery should be changed.
    pub fn battery_is_low(&self) -> bool {
        self.battery_mv.is_some_and(|battery| battery < BATTERY_LOW_MV)
    }
}

/// Nothing more can be asked now: the gateway's queue is full, or it has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the gateway takes no more for now; ask again in a moment")]
pub struct Busy;

/// A system of labels: articles in, labels linked to articles, results later.
///
/// Signing in, where a system asks for a token, is part of an implementation's start; so are its retries and its pace.
pub trait Gateway: Send {
    /// Asks for something and returns at once.
    ///
    /// # Errors
    /// The queue is full.
    fn ask(&self, ask: Ask) -> Result<RequestId, Busy>;

    /// The next thing that was told, after at most `wait`; `None` where nothing came. What is not fetched is kept, and where
    /// there is too much of it, what labels said of themselves goes first.
    fn told(&mut self, wait: Duration) -> Option<Told>;

    /// How it is.
    fn health(&self) -> Health;
}
