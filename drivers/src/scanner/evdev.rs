//! USB scanners that act as keyboards, taken from the system for ourselves: what they type goes into no window and
//! through no input method. Linux only. Here it is opened, grabbed and read; what keys mean is in [`keys`](super::keys).

use std::io::ErrorKind;
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use evdev::KeyCode;
use evdev::raw_stream::RawDevice;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;

use super::Scan;
use super::keys::KeyCodec;
use super::serial::{HALF_CODE_MAX, Line, ScannerEvent};
use crate::frame::supervisor::{HealthWatch, Lost};
use crate::frame::{Backoff, Deadline, FAILED, Health, Stop, supervise};

/// How long one wait for keys takes, and so how soon a stop is noticed.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Bytes of a time as the kernel writes it before each event: two words.
const TIME_LENGTH: usize = 2 * size_of::<core::ffi::c_ulong>();
/// Bytes of an event (`struct input_event`): time, type, code, value.
const EVENT_LENGTH: usize = TIME_LENGTH + 8;
/// Events that are read at once.
const EVENTS_AT_ONCE: usize = 64;
/// The types of events that are looked at, and the codes of the first.
const SYN: u16 = 0;
const SYN_REPORT: u16 = 0;
const SYN_DROPPED: u16 = 3;
const KEY: u16 = 1;

/// A scanner on an input device with its thread; dropping it lets go of the device.
#[derive(Debug)]
pub struct EvdevScanner {
    stop: Stop,
    watch: HealthWatch,
    ended: Receiver<()>,
}

impl EvdevScanner {
    /// Starts the thread, which opens and grabs `/dev/input/by-id/…` now and whenever it is lost, for ever. The user must
    /// be in the group `input`.
    ///
    /// `on_event` is called from that thread and should only pass the event on.
    pub fn spawn(path: String, on_event: impl Fn(ScannerEvent) + Send + 'static) -> Self {
        let stop = Stop::default();
        let watch = HealthWatch::default();
        let (end, ended) = sync_channel::<()>(1);
        let backoff = Backoff::default();
        let mut worker = Worker { path, stop: stop.clone(), watch: watch.clone(), backoff, on_event };
        thread::spawn(move || {
            let _end = end;
            let failed =
                |worker: &mut Worker<_>| worker.report(Health::Offline { reason: FAILED.to_owned() });
            supervise(&mut worker, Worker::run, failed, Worker::pause);
        });
        Self { stop, watch, ended }
    }

    /// How the device is.
    pub fn watch(&self) -> HealthWatch {
        self.watch.clone()
    }

    /// Ends the thread and waits until it has let go of the device, at most `wait`; says whether it has.
    pub fn stop(self, wait: Duration) -> bool {
        self.stop.request();
        matches!(self.ended.recv_timeout(wait), Err(RecvTimeoutError::Disconnected))
    }
}

impl Drop for EvdevScanner {
    fn drop(&mut self) {
        self.stop.request();
    }
}

/// What the thread works with.
struct Worker<F> {
    path: String,
    stop: Stop,
    watch: HealthWatch,
    backoff: Backoff,
    on_event: F,
}

impl<F: Fn(ScannerEvent)> Worker<F> {
    fn report(&mut self, health: Health) {
        if self.watch.set(health.clone()) {
            (self.on_event)(ScannerEvent::Health(health));
        }
    }

    /// Sleeps until the next try; says whether to stop.
    fn pause(&mut self) -> bool {
        self.stop.sleep(self.backoff.next_pause())
    }

    fn run(&mut self) {
        self.report(Health::Connecting);
        while !self.stop.is_requested() {
            let lost = grab(&self.path).and_then(|mut device| {
                self.backoff.reset();
                self.report(Health::Ready);
                read_keys(&mut device, HALF_CODE_MAX, &self.stop, &self.on_event)
            });
            if let Err(Lost(reason)) = lost {
                self.report(Health::Offline { reason: format!("{}: {reason}", self.path) });
            }
            if self.pause() {
                return;
            }
        }
    }
}

/// Opens a device and takes it for ourselves. What cannot be a scanner is left to the system: a mouse that is grabbed by
/// mistake moves no more.
fn grab(path: &str) -> Result<RawDevice, Lost> {
    let mut device = RawDevice::open(path).map_err(|error| {
        let hint = if error.kind() == ErrorKind::PermissionDenied {
            "the user must be in the group input"
        } else if error.kind() == ErrorKind::NotFound {
            "it is not plugged in, or has another name"
        } else {
            "it is no input device that can be read"
        };
        Lost(format!("{error}; {hint}"))
    })?;
    let types = |key| device.supported_keys().is_some_and(|keys| keys.contains(key));
    if !(types(KeyCode::KEY_1) && types(KeyCode::KEY_ENTER)) {
        return Err(Lost(
            "it is no scanner that acts as a keyboard: it has no digits and no Enter".to_owned(),
        ));
    }
    device.grab().map_err(|error| {
        let is_taken = error.kind() == ErrorKind::ResourceBusy;
        Lost(format!("{error}{}", if is_taken { "; another program has grabbed it" } else { "" }))
    })?;
    let flags = fcntl_getfl(&device).and_then(|flags| fcntl_setfl(&device, flags | OFlags::NONBLOCK));
    flags.map_err(|error| Lost(error.to_string()))?;
    Ok(device)
}

/// Reads until the device is lost or a stop is asked for.
fn read_keys(
    device: &mut impl AsFd,
    half_code_max: Duration,
    stop: &Stop,
    on_event: &impl Fn(ScannerEvent),
) -> Result<(), Lost> {
    let mut stream = KeyStream::default();
    let mut patience = Deadline::after(half_code_max);
    let mut buffer = [0_u8; EVENTS_AT_ONCE * EVENT_LENGTH];
    let dropped = |bytes: Option<usize>| {
        if let Some(bytes) = bytes {
            on_event(ScannerEvent::LineDropped { bytes });
        }
    };
    while !stop.is_requested() {
        match poll(&mut [PollFd::new(device, PollFlags::IN)], Some(&TICK)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(Lost(error.to_string())),
        }
        match rustix::io::read(device.as_fd(), &mut buffer) {
            Ok(0) => return Err(Lost("the device was closed".to_owned())),
            Ok(count) => {
                patience = Deadline::after(half_code_max);
                stream.take(&buffer[..count], |line| match line {
                    Line::Text(text) => on_event(ScannerEvent::Scan(Scan::parse(&text))),
                    Line::Overlong { bytes } => dropped(Some(bytes)),
                });
            }
            Err(Errno::AGAIN | Errno::INTR) => {
                if patience.has_passed() {
                    dropped(stream.codec.abandon());
                }
            }
            Err(error) => return Err(Lost(error.to_string())),
        }
    }
    Ok(())
}

/// What the kernel writes, event by event, wherever reads happen to break.
#[derive(Default)]
struct KeyStream {
    codec: KeyCodec,
    rest: Vec<u8>,
    /// The kernel had no room for some keys: what comes before the next report is a part of them.
    is_torn: bool,
}

impl KeyStream {
    fn take(&mut self, bytes: &[u8], mut on_line: impl FnMut(Line)) {
        self.rest.extend_from_slice(bytes);
        let whole = self.rest.len() - self.rest.len() % EVENT_LENGTH;
        for event in self.rest[..whole].chunks_exact(EVENT_LENGTH) {
            let half = |at: usize| u16::from_ne_bytes([event[TIME_LENGTH + at], event[TIME_LENGTH + at + 1]]);
            // A value of four bytes of which the first two say all: 0 is up, 1 is down, 2 is held, and scanners hold nothing.
            let value = half(if cfg!(target_endian = "big") { 6 } else { 4 });
            match (half(0), half(2)) {
                (SYN, SYN_DROPPED) => {
                    self.is_torn = true;
                    self.codec.tear();
                }
                (SYN, SYN_REPORT) => self.is_torn = false,
                (KEY, key) if value <= 1 && !self.is_torn => {
                    if let Some(line) = self.codec.take(key, value == 1) {
                        on_line(line);
                    }
                }
                _ => {}
            }
        }
        self.rest.drain(..whole);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::mpsc::channel;

    use super::*;

    const WAIT: Duration = Duration::from_secs(20);

    #[test]
    fn a_device_that_is_not_there_is_said_and_waited_for() {
        let (tell, told) = channel();
        let scanner = EvdevScanner::spawn("/dev/input/no-such-scanner".to_owned(), move |event| {
            let _ = tell.send(event);
        });
        let standing = scanner.watch().wait_until(WAIT, |health| matches!(health, Health::Offline { .. }));
        let Health::Offline { reason } = standing.health else { panic!("{standing:?}") };
        assert!(reason.contains("/dev/input/no-such-scanner"), "{reason}");
        assert!(scanner.stop(WAIT));
        assert_eq!(told.iter().count(), 2, "said once, however often it is tried");
    }

    #[test]
    fn a_file_that_is_no_keyboard_is_refused() {
        let (tell, told) = channel();
        let scanner = EvdevScanner::spawn("/dev/null".to_owned(), move |event| {
            let _ = tell.send(event);
        });
        scanner.watch().wait_until(WAIT, |health| matches!(health, Health::Offline { .. }));
        assert!(scanner.stop(WAIT));
        assert!(told.iter().all(|event| matches!(event, ScannerEvent::Health(_))));
    }

    /// An event in the bytes of the kernel; of its time nothing is made.
    fn event(kind: u16, code: u16, value: i32) -> Vec<u8> {
        let mut bytes = vec![0x5A; TIME_LENGTH];
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(code.to_ne_bytes());
        bytes.extend(value.to_ne_bytes());
        bytes
    }

    /// A key that goes down and up, as a keyboard reports it: the scan code (`MSC_SCAN`), the key, the end of the report.
    fn key(code: u16) -> Vec<u8> {
        let half =
            |value| [event(4, 4, 0x7001e), event(KEY, code, value), event(SYN, SYN_REPORT, 0)].concat();
        [half(1), half(0)].concat()
    }

    /// The keys of the digits 1 to 9 and 0 are 2 to 11; 28 is Enter.
    fn typed(digits: &str) -> Vec<u8> {
        let keys = digits.bytes().map(|digit| if digit == b'0' { 11 } else { u16::from(digit - b'1') + 2 });
        keys.chain([28]).flat_map(key).collect()
    }

    fn lines(stream: &mut KeyStream, bytes: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        stream.take(bytes, |line| lines.push(line));
        lines
    }

    #[test]
    fn what_the_kernel_writes_is_read_wherever_reads_break() {
        let bytes = [typed("6901234567892"), typed("96385074")].concat();
        let both = [Line::Text("6901234567892".to_owned()), Line::Text("96385074".to_owned())];
        for length in [1, 7, EVENT_LENGTH, 100, bytes.len()] {
            let mut stream = KeyStream::default();
            let read: Vec<Line> = bytes.chunks(length).flat_map(|part| lines(&mut stream, part)).collect();
            assert_eq!(read, both, "{length} bytes at once");
        }
        // A key that is held is one.
        let held = [event(KEY, 2, 1), event(KEY, 2, 2), event(KEY, 2, 2), event(KEY, 2, 0), key(28)].concat();
        assert_eq!(lines(&mut KeyStream::default(), &held), [Line::Text("1".to_owned())]);
    }

    #[test]
    fn a_code_of_which_the_kernel_lost_keys_is_dropped_whole() {
        let code = typed("6901234567892");
        let key_length = EVENT_LENGTH * 6;
        let lost = [
            &code[..key_length * 5],
            &event(SYN, SYN_DROPPED, 0),
            // The rest of a report that was torn.
            &event(KEY, 9, 1),
            &event(SYN, SYN_REPORT, 0),
            // Then keys come again, in the middle of the code.
            &code[key_length * 9..],
        ]
        .concat();
        let mut stream = KeyStream::default();
        assert_eq!(lines(&mut stream, &lost), [Line::Overlong { bytes: 5 + 4 }]);
        assert_eq!(lines(&mut stream, &typed("96385074")), [Line::Text("96385074".to_owned())]);
    }

    #[test]
    fn half_a_code_is_dropped_after_a_while_and_does_not_join_the_next() {
        let (mut reader, mut writer) = std::io::pipe().expect("a pipe");
        rustix::io::ioctl_fionbio(&reader, true).expect("it does not block");
        let (tell, told) = channel();
        let reading = thread::spawn(move || {
            read_keys(&mut reader, Duration::from_millis(20), &Stop::default(), &|event| {
                // The test may have ended.
                let _ = tell.send(event);
            })
        });
        let half = typed("69012");
        writer.write_all(&half[..half.len() - EVENT_LENGTH * 6]).expect("written");
        assert_eq!(told.recv_timeout(WAIT), Ok(ScannerEvent::LineDropped { bytes: 5 }));
        writer.write_all(&typed("96385074")).expect("written");
        assert_eq!(told.recv_timeout(WAIT), Ok(ScannerEvent::Scan(Scan::parse("96385074"))));
        drop(writer);
        assert_eq!(reading.join().expect("no panic"), Err(Lost("the device was closed".to_owned())));
    }
}
