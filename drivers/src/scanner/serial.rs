//! Scanners on a serial line (RS-232 or USB virtual port): opening, reading lines, opening again. Knows nothing of keyboards.

use std::io::{ErrorKind, Read};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

use super::Scan;
use crate::frame::supervisor::HealthWatch;
use crate::frame::{Backoff, Deadline, FAILED, Health, Stop, supervise};

/// The longest line taken from a scanner, in bytes: the largest QR code holds 7,089 digits.
pub const LINE_LENGTH_MAX: usize = 7_168;
/// How long one read waits, and so how soon a stop is noticed.
const READ_TIMEOUT: Duration = Duration::from_millis(100);
/// Room for what the device sends at once.
const READ_BUFFER_LENGTH: usize = 1_024;
/// How long a code may lack its end unless configured otherwise: the longest QR code takes 8 s at 9,600 bits a second, but
/// never pauses for so long.
pub const HALF_CODE_MAX: Duration = Duration::from_secs(1);
/// Speed unless configured otherwise: what scanners leave the factory with.
pub const BAUD_DEFAULT: u32 = 9_600;

/// What a line that was unplugged or is at rest at another speed reads as; in no code.
const NUL: u8 = 0;
const CR: u8 = b'\r';
const LF: u8 = b'\n';
const STX: char = '\u{2}';
const ETX: char = '\u{3}';

/// Where the scanner is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SerialScannerConfig {
    /// The device file, such as `/dev/ttyACM0`.
    pub path: String,
    /// Bits per second; eight data bits, no parity, one stop bit.
    pub baud: u32,
    /// How long a code may lack its end before it is dropped, lest a half one join the next.
    pub half_code_max: Duration,
    /// Pauses between tries to open the device.
    pub retry_pause_first: Duration,
    /// The longest such pause.
    pub retry_pause_max: Duration,
}

impl SerialScannerConfig {
    /// The usual settings for the device at `path`.
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            baud: BAUD_DEFAULT,
            half_code_max: HALF_CODE_MAX,
            retry_pause_first: crate::frame::RETRY_PAUSE_FIRST,
            retry_pause_max: crate::frame::RETRY_PAUSE_MAX,
        }
    }
}

/// What a scanner's thread reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScannerEvent {
    /// A symbol was scanned.
    Scan(Scan),
    /// A line was longer than [`LINE_LENGTH_MAX`], or its end never came, and it was dropped whole.
    LineDropped {
        /// How many bytes it had.
        bytes: usize,
    },
    /// The state of the line changed.
    Health(Health),
}

/// A serial scanner with its thread; dropping it ends the thread.
#[derive(Debug)]
pub struct SerialScanner {
    stop: Stop,
    watch: HealthWatch,
    ended: Receiver<()>,
}

impl SerialScanner {
    /// Starts the thread, which opens the device now and whenever it is lost, for ever.
    ///
    /// `on_event` is called from that thread and should only pass the event on.
    pub fn spawn(config: SerialScannerConfig, on_event: impl Fn(ScannerEvent) + Send + 'static) -> Self {
        let stop = Stop::default();
        let (end, ended) = sync_channel::<()>(1);
        let thread_stop = stop.clone();
        let watch = HealthWatch::default();
        let thread_watch = watch.clone();
        let mut worker = Worker {
            backoff: Backoff::new(config.retry_pause_first, config.retry_pause_max),
            config,
            stop: thread_stop,
            watch: thread_watch,
            on_event,
        };
        thread::spawn(move || {
            let _end = end;
            let failed =
                |worker: &mut Worker<_>| worker.report(Health::Offline { reason: FAILED.to_owned() });
            supervise(&mut worker, Worker::run, failed, Worker::pause);
        });
        Self { stop, watch, ended }
    }

    /// How the line is.
    pub fn watch(&self) -> HealthWatch {
        self.watch.clone()
    }

    /// Ends the thread and waits until it has let go of the device, at most `wait`; says whether it has.
    pub fn stop(self, wait: Duration) -> bool {
        self.stop.request();
        // The thread never sends: the channel closes when it ends.
        matches!(self.ended.recv_timeout(wait), Err(std::sync::mpsc::RecvTimeoutError::Disconnected))
    }
}

impl Drop for SerialScanner {
    fn drop(&mut self) {
        self.stop.request();
    }
}

/// What the thread works with.
struct Worker<F> {
    config: SerialScannerConfig,
    stop: Stop,
    watch: HealthWatch,
    backoff: Backoff,
    on_event: F,
}

impl<F: Fn(ScannerEvent)> Worker<F> {
    fn report(&mut self, now: Health) {
        if self.watch.set(now.clone()) {
            (self.on_event)(ScannerEvent::Health(now));
        }
    }

    /// Sleeps until the next try; says whether to stop.
    fn pause(&mut self) -> bool {
        self.stop.sleep(self.backoff.next_pause())
    }

    fn run(&mut self) {
        self.report(Health::Connecting);
        while !self.stop.is_requested() {
            let opened =
                serialport::new(self.config.path.as_str(), self.config.baud).timeout(READ_TIMEOUT).open();
            let lost = match opened {
                Ok(mut port) => {
                    // Some scanners wait for these lines; a pseudo-terminal has none and says so.
                    let _ = port.write_data_terminal_ready(true);
                    let _ = port.write_request_to_send(true);
                    self.backoff.reset();
                    self.report(Health::Ready);
                    read_lines(&mut port, self.config.half_code_max, &self.stop, &self.on_event)
                }
                Err(error) => error.to_string(),
            };
            if self.stop.is_requested() {
                return;
            }
            self.report(Health::Offline { reason: lost });
            if self.pause() {
                return;
            }
        }
    }
}

/// Reads until the line is lost or a stop is asked for; says what was met.
fn read_lines(
    port: &mut impl Read,
    half_code_max: Duration,
    stop: &Stop,
    on_event: &impl Fn(ScannerEvent),
) -> String {
    let mut patience = Deadline::after(half_code_max);
    let mut codec = LineCodec::default();
    let mut buffer = [0_u8; READ_BUFFER_LENGTH];
    while !stop.is_requested() {
        match port.read(&mut buffer) {
            Ok(0) => return "the line was closed".to_owned(),
            Ok(count) => {
                patience = Deadline::after(half_code_max);
                for line in codec.decode(&buffer[..count]) {
                    on_event(match line {
                        Line::Text(text) => ScannerEvent::Scan(Scan::parse(&text)),
                        Line::Overlong { bytes } => ScannerEvent::LineDropped { bytes },
                    });
                }
            }
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted
                ) =>
            {
                if patience.has_passed()
                    && let Some(bytes) = codec.abandon()
                {
                    on_event(ScannerEvent::LineDropped { bytes });
                }
            }
            Err(error) => return error.to_string(),
        }
    }
    String::new()
}

/// One line from a scanner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// The text without terminator and without framing STX and ETX; GS (0x1D) is kept.
    Text(String),
    /// A line longer than [`LINE_LENGTH_MAX`], dropped whole so that no part of it is taken for a code.
    Overlong {
        /// How many bytes it had.
        bytes: usize,
    },
}

/// Cuts bytes into lines that end in CR, LF or CRLF, wherever the reads happen to break. Empty lines are left out.
#[derive(Debug, Default)]
pub struct LineCodec {
    line: Vec<u8>,
    length: usize,
}

impl LineCodec {
    /// Takes the next bytes and returns the lines that they end.
    pub fn decode(&mut self, bytes: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        for &byte in bytes {
            if byte == CR || byte == LF {
                // The LF of a CRLF ends an empty line, which is left out.
                lines.extend(self.end_line());
            } else if byte != NUL {
                self.length = self.length.saturating_add(1);
                if self.length <= LINE_LENGTH_MAX {
                    self.line.push(byte);
                }
            }
        }
        lines
    }

    /// Forgets a line whose end has not come; says how many bytes it had.
    pub fn abandon(&mut self) -> Option<usize> {
        self.line.clear();
        Some(std::mem::take(&mut self.length)).filter(|length| *length > 0)
    }

    fn end_line(&mut self) -> Option<Line> {
        let bytes = std::mem::take(&mut self.line);
        let length = std::mem::take(&mut self.length);
        if length > LINE_LENGTH_MAX {
            return Some(Line::Overlong { bytes: length });
        }
        // Symbols carry UTF-8 or, in China, often GB 18030.
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => encoding_rs::GB18030.decode(error.as_bytes()).0.into_owned(),
        };
        let text = text.trim_start_matches(STX).trim_end_matches(ETX);
        (!text.is_empty()).then(|| Line::Text(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(codec: &mut LineCodec, bytes: &[u8]) -> Vec<String> {
        codec
            .decode(bytes)
            .into_iter()
            .map(|line| match line {
                Line::Text(text) => text,
                Line::Overlong { bytes } => format!("overlong {bytes}"),
            })
            .collect()
    }

    #[test]
    fn lines_end_in_cr_lf_or_both() {
        let mut codec = LineCodec::default();
        assert_eq!(texts(&mut codec, b"111\r222\n333\r\n\r\n\n444\r"), ["111", "222", "333", "444"]);
    }

    #[test]
    fn a_read_may_break_anywhere() {
        let whole = "]E06901234567892\r\n]C10106901234567892\u{1d}10A\r\n会员\r\n".as_bytes();
        for split in 0..=whole.len() {
            let mut codec = LineCodec::default();
            let mut lines = texts(&mut codec, &whole[..split]);
            lines.extend(texts(&mut codec, &whole[split..]));
            assert_eq!(
                lines,
                ["]E06901234567892", "]C10106901234567892\u{1d}10A", "会员"],
                "split at {split}"
            );
        }
    }

    #[test]
    fn an_overlong_line_is_dropped_whole_and_the_next_is_read() {
        let mut codec = LineCodec::default();
        assert_eq!(texts(&mut codec, &vec![b'1'; LINE_LENGTH_MAX + 1]), Vec::<String>::new());
        assert!(codec.line.len() <= LINE_LENGTH_MAX);
        assert_eq!(
            texts(&mut codec, b"\r6901234567892\r"),
            [format!("overlong {}", LINE_LENGTH_MAX + 1).as_str(), "6901234567892"]
        );
        let longest = "1".repeat(LINE_LENGTH_MAX);
        assert_eq!(texts(&mut codec, format!("{longest}\n").as_bytes()), [longest]);
    }

    #[test]
    fn nuls_are_noise_and_a_half_line_can_be_abandoned() {
        let mut codec = LineCodec::default();
        assert_eq!(texts(&mut codec, b"\x00\x0069012\x0034567892\x00\r\x00\r"), ["6901234567892"]);
        assert_eq!(codec.abandon(), None);
        assert_eq!(texts(&mut codec, b"69012"), Vec::<String>::new());
        assert_eq!(codec.abandon(), Some(5));
        assert_eq!(texts(&mut codec, b"96385074\r"), ["96385074"]);
    }

    #[test]
    fn framing_is_taken_off_and_chinese_in_gbk_is_read() {
        let mut codec = LineCodec::default();
        assert_eq!(texts(&mut codec, b"\x026901234567892\x03\r"), ["6901234567892"]);
        assert_eq!(texts(&mut codec, b"\xbb\xe1\xd4\xb1\r"), ["会员"]);
    }
}
