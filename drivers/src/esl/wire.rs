//! What an OpenEPaperLink access point says: records of labels, their types, messages. Rubbish is expected: records that are
//! none are left out, and a message may have anything before its first brace.

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::LabelId;
use crate::label::{Accent, Panel};

/// What the access point writes where a label is never expected again.
pub const NEVER: u64 = 3_216_153_600;
/// The longest answer that is read, bytes; the access point cuts a page above 5,000.
pub const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// What a label without a reading reports as its battery, beside nothing.
const BATTERY_UNREAD_MV: u32 = 1_337;

/// Why an answer is not understood.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// It is no JSON of the kind.
    #[error("read the access point's answer: {0}")]
    Json(String),
    /// A type without a size, or of one that no panel has.
    #[error("the access point's type {0:02X} has no sound size")]
    Size(u8),
}

/// A label as the access point has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Which label.
    pub label: LabelId,
    /// The first eight bytes of the MD5 of the picture it shows, as converted; zeros where that is unknown.
    pub hash: [u8; 8],
    /// Seconds of the Unix epoch, the access point's clock, as all times here.
    pub last_seen: u64,
    /// [`NEVER`] for a label that sleeps for good.
    pub next_check_in: u64,
    /// Transfers that wait for it.
    pub pending: u32,
    /// Its type.
    pub hw_type: u8,
    /// Millivolts; `None` where there was no reading.
    pub battery_mv: Option<u32>,
    /// Degrees Celsius.
    pub temperature: i32,
    /// Another access point hears it better.
    pub is_external: bool,
    /// How often it took a picture.
    pub update_count: u64,
    /// When it last did.
    pub update_last: u64,
}

#[derive(Deserialize)]
struct RawRecord {
    mac: String,
    #[serde(default)]
    hash: String,
    #[serde(default)]
    lastseen: u64,
    #[serde(default)]
    nextcheckin: u64,
    #[serde(default)]
    pending: u32,
    #[serde(rename = "hwType", default)]
    hw_type: u8,
    #[serde(rename = "batteryMv", default)]
    battery_mv: u32,
    #[serde(default)]
    temperature: i32,
    #[serde(default)]
    isexternal: bool,
    #[serde(default)]
    updatecount: u64,
    #[serde(default)]
    updatelast: u64,
}

impl Record {
    fn parse(value: &Value) -> Option<Self> {
        let raw = RawRecord::deserialize(value).ok()?;
        let mut hash = [0; 8];
        for (place, byte) in hash.iter_mut().enumerate() {
            *byte =
                u8::from_str_radix(raw.hash.get(2 * place..2 * place + 2).unwrap_or("00"), 16).unwrap_or(0);
        }
        Some(Self {
            label: raw.mac.parse().ok()?,
            hash,
            last_seen: raw.lastseen,
            next_check_in: raw.nextcheckin,
            pending: raw.pending,
            hw_type: raw.hw_type,
            battery_mv: (!matches!(raw.battery_mv, 0 | BATTERY_UNREAD_MV)).then_some(raw.battery_mv),
            temperature: raw.temperature,
            is_external: raw.isexternal,
            update_count: raw.updatecount,
            update_last: raw.updatelast,
        })
    }
}

/// One page of labels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Those that could be read.
    pub records: Vec<Record>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<u32>,
}

impl Page {
    /// Reads an answer of `/get_db`.
    ///
    /// # Errors
    /// It is no list of labels.
    pub fn parse(body: &str) -> Result<Self, AnswerError> {
        let value: Value =
            serde_json::from_str(body).map_err(|error| AnswerError::Json(error.to_string()))?;
        let tags = value.get("tags").and_then(Value::as_array);
        let tags = tags.ok_or_else(|| AnswerError::Json("there is no list of tags".to_owned()))?;
        let next = value.get("continu").and_then(Value::as_u64).and_then(|next| u32::try_from(next).ok());
        Ok(Self {
            records: tags.iter().filter_map(Record::parse).collect(),
            next: next.filter(|next| *next > 0),
        })
    }
}

/// A message of the access point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Labels that changed.
    Records(Vec<Record>),
    /// How it is: its clock, seconds of the Unix epoch, how long it runs, whether it takes work.
    System {
        /// Its clock.
        now: Option<u64>,
        /// Seconds since its start.
        uptime: Option<u64>,
    },
    /// It starts anew; all that waits in its memory is lost.
    Rebooting,
    /// A transfer to this label ended without success.
    TransferTimeout(LabelId),
    /// All else, such as progress and its log.
    Other,
}

impl Message {
    /// Reads a message; what is none is [`Message::Other`].
    pub fn parse(text: &str) -> Self {
        let Some(start) = text.find('{') else { return Self::Other };
        let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
        let Some(Ok(value)) = values.next() else { return Self::Other };
        if let Some(tags) = value.get("tags").and_then(Value::as_array) {
            return Self::Records(tags.iter().filter_map(Record::parse).collect());
        }
        if let Some(sys) = value.get("sys") {
            let number = |name| sys.get(name).and_then(Value::as_u64);
            return Self::System { now: number("currtime"), uptime: number("uptime") };
        }
        match value.get("errMsg").and_then(Value::as_str) {
            Some("REBOOTING") => Self::Rebooting,
            // `< 0011223344556677 xfer timeout`
            Some(words) if words.contains("xfer timeout") => words
                .split_whitespace()
                .find_map(|word| word.parse().ok())
                .map_or(Self::Other, Self::TransferTimeout),
            Some(_) | None => Self::Other,
        }
    }
}

/// Panels that we know without asking: type, width, height, third ink.
const PANELS: [(u8, u16, u16, Accent); 8] = [
    (0x00, 152, 152, Accent::Red),
    (0x01, 296, 128, Accent::Red),
    (0x02, 400, 300, Accent::Red),
    (0x2E, 960, 672, Accent::Red),
    (0x30, 200, 200, Accent::Red),
    (0x33, 384, 168, Accent::Red),
    (0x36, 800, 480, Accent::Red),
    (0x60, 384, 184, Accent::Yellow),
];

/// The panel of a type, where it is one of those that we know.
pub fn known_panel(hw_type: u8) -> Option<Panel> {
    let (_, width, height, accent) = PANELS.into_iter().find(|(known, ..)| *known == hw_type)?;
    Panel::new(width, height, accent)
}

/// Reads `/tagtypes/XX.json`.
///
/// # Errors
/// It is no description of a panel.
pub fn parse_panel(hw_type: u8, body: &str) -> Result<Panel, AnswerError> {
    let value: Value = serde_json::from_str(body).map_err(|error| AnswerError::Json(error.to_string()))?;
    let side = |name| value.get(name).and_then(Value::as_u64).and_then(|side| u16::try_from(side).ok());
    let colours = value.get("colortable");
    let has = |name| colours.and_then(|colours| colours.get(name)).is_some();
    let accent = match (has("red"), has("yellow")) {
        (true, _) => Accent::Red,
        (false, true) => Accent::Yellow,
        (false, false) => Accent::None,
    };
    let panel =
        side("width").zip(side("height")).and_then(|(width, height)| Panel::new(width, height, accent));
    panel.ok_or(AnswerError::Size(hw_type))
}

/// What may be asked of one label by `/tag_cmd`. The command that deletes every stale label is not among them: nothing
/// here needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Takes back what waits for it.
    Clear,
    /// Forgets what it shows, so that the same picture is sent again.
    Refresh,
}

impl Command {
    /// As the access point calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Refresh => "refresh",
        }
    }
}

/// Twelve bytes of `/led_flash`, as hexadecimal digits: one colour, three short flashes a second.
pub fn flash_pattern(flash: super::Flash) -> String {
    let [red, green, blue] = flash.colour;
    let colour = red & 0xE0 | (green & 0xE0) >> 3 | blue >> 6;
    let seconds = flash.seconds.clamp(0, super::FLASH_SECONDS_MAX);
    if seconds == 0 {
        return "0".repeat(24);
    }
    // Mode 1, brightness 2; speed 1 (0.1 s), count 3; pause 4 (0.4 s); two colours unused; repeats less one.
    format!("11{colour:02X}1304000000000000{:02X}00", seconds - 1)
}
