//! The customer's display on its pole: two lines of text, or figures. What they say is for others.
//!
//! A display answers nothing, so what was written counts as shown. Only the newest picture matters: one that still waits
//! when the next comes is dropped, and a display that was away is given the newest, and no other, as soon as it is back.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::frame::port::{CONNECT_DEADLINE, Port, SerialFrame, SerialSettings, Wire};
use crate::frame::supervisor::{
    Desk, Device, HealthWatch, Lost, QueueFull, Repeat, Supervised, Supervision, Told,
};
use crate::frame::{Deadline, Health, lock};
use crate::printer::{Charset, columns_of, normalise};

/// Columns of one line of a CD5220; a hanzi takes two.
pub const LINE_COLUMNS: usize = 20;
/// Digits of an LED8; the point takes none of its own.
pub const FIGURE_DIGITS_MAX: usize = 8;
/// How often an idle line is looked at, and so how soon a pulled plug is noticed.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// How long a picture waits for a display that is away. The newest one never grows old: without it, one of an earlier
/// customer would stand there.
const PICTURE_WAIT_MAX: Duration = Duration::MAX;

const ESC: u8 = 0x1b;
const CLEAR: u8 = 0x0c;
const CR: u8 = b'\r';

/// The kind of display.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Model {
    /// Two lines of twenty columns, CD5220 commands.
    Cd5220 {
        /// Whether it has a Chinese font and takes GBK; otherwise Chinese is shown as `?`.
        chinese: bool,
    },
    /// Eight figures and lamps that say what they are, as on Chinese counters.
    Led8,
}

/// Why a name is not a [`Model`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("look up customer display {0:?}: known are cd5220, cd5220-gbk, led8")]
pub struct ParseModelError(String);

impl std::str::FromStr for Model {
    type Err = ParseModelError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "cd5220" => Ok(Self::Cd5220 { chinese: false }),
            "cd5220-gbk" => Ok(Self::Cd5220 { chinese: true }),
            "led8" => Ok(Self::Led8),
            _ => Err(ParseModelError(name.to_owned())),
        }
    }
}

impl Model {
    /// How displays of this kind leave the factory.
    pub fn settings(self) -> SerialSettings {
        let baud = match self {
            Self::Cd5220 { .. } => 9_600,
            Self::Led8 => 2_400,
        };
        SerialSettings::new(baud, SerialFrame::EIGHT_NONE_ONE)
    }
}

/// What a figure is: the lamp beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lamp {
    /// No lamp.
    Off,
    /// 单价: what one costs.
    UnitPrice,
    /// 合计: what is to be paid.
    Total,
    /// 收款: what was received.
    Received,
    /// 找零: what is given back.
    Change,
}

/// What a display shows; each model takes what it can.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Picture {
    /// The upper line of a CD5220; cut at its twenty columns, never inside a hanzi.
    pub upper: String,
    /// The lower line.
    pub lower: String,
    /// The figure of an LED8, formatted: digits, one point, a minus.
    pub figure: Option<Figure>,
}

/// A formatted number with its lamp.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Figure {
    /// What it is.
    pub lamp: Lamp,
    /// How it reads.
    pub text: String,
}

impl Picture {
    /// Two lines that read `left … right`, the right part whole, the left one cut where it must be.
    pub fn pair(left: &str, right: &str) -> String {
        let right_columns = columns_of(right).min(LINE_COLUMNS);
        let room = LINE_COLUMNS.saturating_sub(right_columns + 1);
        let left = cut(left, room);
        let gap = LINE_COLUMNS.saturating_sub(columns_of(&left) + right_columns);
        format!("{left}{}{right}", " ".repeat(gap))
    }
}

/// Why a picture was not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShowError {
    /// A part of a number would be a wrong number.
    #[error("show figure: it has more than {FIGURE_DIGITS_MAX} digits")]
    FigureTooLong,
    /// It has something other than digits, one point and a minus before them.
    #[error("show figure: it is no plain number")]
    NotAFigure,
}

/// Where the display is and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayConfig {
    /// Where it is.
    pub port: Port,
    /// What it is.
    pub model: Model,
    /// Queue and pauses.
    pub supervision: Supervision,
}

impl DisplayConfig {
    /// The usual settings for the display at `port`.
    pub fn new(port: Port, model: Model) -> Self {
        Self { port, model, supervision: Supervision::default() }
    }
}

/// What a display's thread reports.
pub type DisplayTold = Told<Result<(), ShowError>, ()>;

/// A customer display with its thread; dropping it ends the thread.
#[derive(Debug)]
pub struct Display {
    supervised: Supervised<DisplayDevice>,
    newest: Newest,
}

/// What is to stand on the display.
type Newest = Arc<Mutex<Option<Picture>>>;

impl Display {
    /// Starts the thread. `on_told` is called from it, or from whoever shows, and should only pass on what it is given.
    pub fn spawn(config: DisplayConfig, on_told: impl Fn(DisplayTold) + Send + Sync + 'static) -> Self {
        let supervision = config.supervision;
        let newest = Newest::default();
        let device = DisplayDevice { config, newest: Arc::clone(&newest) };
        Self { supervised: Supervised::spawn(device, supervision, on_told), newest }
    }

    /// Shows a picture in the place of any that still waits. Returns at once.
    ///
    /// # Errors
    /// Never with the usual queue, since no more than one picture waits beside the one being written.
    pub fn show(&self, id: u64, picture: Picture) -> Result<(), QueueFull> {
        *lock(&self.newest) = Some(picture.clone());
        self.supervised.submit(id, picture, Repeat::Safe, PICTURE_WAIT_MAX)
    }

    /// How the display is.
    pub fn watch(&self) -> HealthWatch {
        self.supervised.watch()
    }

    /// How many pictures wait, the one being written included.
    pub fn waiting(&self) -> usize {
        self.supervised.waiting()
    }

    /// Ends the thread and waits for that, at most `wait`; says whether it has ended.
    pub fn stop(self, wait: Duration) -> bool {
        self.supervised.stop(wait)
    }
}

/// The bytes that show a picture.
///
/// # Errors
/// The model shows a figure that does not fit it.
pub fn encode(picture: &Picture, model: Model) -> Result<Vec<u8>, ShowError> {
    match model {
        Model::Cd5220 { chinese } => {
            let mut bytes = Vec::new();
            for (line, text) in [(b'A', &picture.upper), (b'B', &picture.lower)] {
                bytes.extend([ESC, b'Q', line]);
                bytes.extend(line_bytes(text, chinese));
                bytes.push(CR);
            }
            Ok(bytes)
        }
        Model::Led8 => {
            let (lamp, text) = match &picture.figure {
                Some(figure) => (figure.lamp, checked_figure(&figure.text)?),
                None => (Lamp::Off, ""),
            };
            let lamp = match lamp {
                Lamp::Off => b'0',
                Lamp::UnitPrice => b'1',
                Lamp::Total => b'2',
                Lamp::Received => b'3',
                Lamp::Change => b'4',
            };
            let mut bytes = if text.is_empty() { vec![CLEAR] } else { Vec::new() };
            bytes.extend([ESC, b's', lamp]);
            if !text.is_empty() {
                bytes.extend([ESC, b'Q', b'A']);
                bytes.extend(text.bytes());
                bytes.push(CR);
            }
            Ok(bytes)
        }
    }
}

fn checked_figure(text: &str) -> Result<&str, ShowError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let points = digits.bytes().filter(|byte| *byte == b'.').count();
    if digits.is_empty() || points > 1 || !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err(ShowError::NotAFigure);
    }
    // The minus takes a place, the point stands in the corner of a digit.
    if text.len() - points > FIGURE_DIGITS_MAX { Err(ShowError::FigureTooLong) } else { Ok(text) }
}

/// A line of exactly twenty columns.
fn line_bytes(text: &str, chinese: bool) -> Vec<u8> {
    let printable: String = normalise(text, Charset::Gbk)
        .chars()
        .map(|character| match character {
            '\n' => ' ',
            // The yen sign of a display without Chinese is that of most of their fonts.
            '￥' if !chinese => 'Y',
            character if chinese || character.is_ascii() => character,
            _ => '?',
        })
        .collect();
    let cut = cut(&printable, LINE_COLUMNS);
    let blank = LINE_COLUMNS - columns_of(&cut);
    let mut bytes = encoding_rs::GBK.encode(&cut).0.into_owned();
    bytes.resize(bytes.len() + blank, b' ');
    bytes
}

/// The beginning of a text that takes no more than `columns`.
fn cut(text: &str, columns: usize) -> String {
    let mut used = 0;
    text.chars()
        .take_while(|character| {
            used += columns_of(character.encode_utf8(&mut [0; 4]));
            used <= columns
        })
        .collect()
}

/// The talk with one display.
#[derive(Debug)]
pub struct DisplayDevice {
    config: DisplayConfig,
    newest: Newest,
}

type DisplayDesk<'a, 'b> = &'a mut Desk<'b, Result<(), ShowError>, ()>;

impl Device for DisplayDevice {
    type Line = Wire;
    type Command = Picture;
    type Answer = Result<(), ShowError>;
    type Event = ();

    fn open(&mut self) -> Result<Wire, Lost> {
        let mut wire = self.config.port.open(CONNECT_DEADLINE)?;
        // Clearing ends a string that was cut off; while one is shown no other command is obeyed.
        wire.write_all(&[CLEAR, ESC, b'@'])?;
        // One that cannot be encoded is refused when its turn comes; until then the display is blank.
        let newest = lock(&self.newest).clone();
        if let Some(Ok(bytes)) = newest.map(|picture| encode(&picture, self.config.model)) {
            wire.write_all(&bytes)?;
        }
        Ok(wire)
    }

    fn carry_out(
        &mut self,
        line: &mut Wire,
        picture: &Picture,
        _: Deadline,
        desk: DisplayDesk<'_, '_>,
    ) -> Result<Option<Result<(), ShowError>>, Lost> {
        let bytes = match encode(picture, self.config.model) {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Some(Err(error))),
        };
        desk.begin();
        line.write_all(&bytes)?;
        Ok(Some(Ok(())))
    }

    fn idle(&mut self, line: &mut Wire, desk: DisplayDesk<'_, '_>) -> Result<Duration, Lost> {
        // It never answers; reading notices that the line is gone.
        line.read(&mut [0; 64])?;
        desk.report(Health::Unknown);
        Ok(LOOK_INTERVAL)
    }

    fn supersedes(_: &Picture, _: &Picture) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(upper: &str, lower: &str) -> Picture {
        Picture { upper: upper.to_owned(), lower: lower.to_owned(), figure: None }
    }

    fn figure(text: &str) -> Picture {
        Picture { figure: Some(Figure { lamp: Lamp::Change, text: text.to_owned() }), ..Picture::default() }
    }

    #[test]
    fn both_lines_are_twenty_columns_and_no_hanzi_is_cut() {
        let bytes = encode(&picture("合计", "¥12.50"), Model::Cd5220 { chinese: true }).expect("it fits");
        let mut expected = b"\x1bQA\xba\xcf\xbc\xc6                \r\x1bQB\xa3\xa412.50".to_vec();
        expected.extend(b"             \r");
        assert_eq!(bytes, expected);
        for text in ["特仑苏纯牛奶250毫升整箱装", "a特仑苏纯牛奶整箱装", "\u{1b}@\r\n\u{c}", ""]
        {
            for chinese in [true, false] {
                let bytes = encode(&picture(text, text), Model::Cd5220 { chinese }).expect("it fits");
                let ends = bytes.iter().filter(|byte| **byte == CR).count();
                assert_eq!((bytes.len(), ends), (2 * (LINE_COLUMNS + 4), 2), "{text:?}");
            }
        }
        let plain = encode(&picture("可乐 ¥3", ""), Model::Cd5220 { chinese: false }).expect("it fits");
        assert!(plain.starts_with(b"\x1bQA?? Y3 "), "{plain:x?}");
    }

    #[test]
    fn a_price_is_never_cut() {
        let encode = |text| encode(&figure(text), Model::Led8);
        assert_eq!(encode("12.50").as_deref(), Ok(b"\x1bs4\x1bQA12.50\r".as_slice()));
        assert_eq!(encode("123456.78").as_deref(), Ok(b"\x1bs4\x1bQA123456.78\r".as_slice()));
        assert_eq!(encode("1234567.89"), Err(ShowError::FigureTooLong));
        assert_eq!(encode("-123456.78"), Err(ShowError::FigureTooLong));
        for text in ["", "-", "1.2.3", "¥5", "12,50", "1\r2"] {
            assert_eq!(encode(text), Err(ShowError::NotAFigure), "{text:?}");
        }
    }

    #[test]
    fn the_right_part_of_a_pair_stays_whole() {
        assert_eq!(Picture::pair("可乐", "3.50"), "可乐            3.50");
        assert_eq!(Picture::pair("特仑苏纯牛奶250ml整箱", "59.90"), "特仑苏纯牛奶25 59.90");
        assert_eq!(columns_of(&Picture::pair("特仑苏纯牛奶250ml整箱", "1234.50")), LINE_COLUMNS);
    }
}
