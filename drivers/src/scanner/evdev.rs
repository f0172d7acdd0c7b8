//! USB scanners that act as keyboards, taken from the system for ourselves: what they type goes into no window and
//! through no input method. Linux only; thin, for it cannot be tried without hardware. What keys mean is in
//! [`keys`](super::keys).

use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use evdev::{Device, EventSummary};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Scan;
use super::keys::KeyCodec;
use super::serial::{Line, ScannerEvent};
use crate::frame::supervisor::{HealthWatch, Lost};
use crate::frame::{Backoff, Health, Stop};

/// How long one wait for keys takes, and so how soon a stop is noticed.
const TICK: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

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
        let (thread_stop, thread_watch) = (stop.clone(), watch.clone());
        thread::spawn(move || {
            let _end = end;
            run(&path, &thread_stop, &thread_watch, &on_event);
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

fn run(path: &str, stop: &Stop, watch: &HealthWatch, on_event: &impl Fn(ScannerEvent)) {
    let mut backoff = Backoff::default();
    let report = |health: Health| {
        if watch.set(health.clone()) {
            on_event(ScannerEvent::Health(health));
        }
    };
    report(Health::Connecting);
    while !stop.is_requested() {
        let lost = grab(path).and_then(|mut device| {
            backoff.reset();
            report(Health::Ready);
            read_keys(&mut device, stop, on_event)
        });
        if let Err(Lost(reason)) = lost {
            report(Health::Offline { reason });
        }
        if stop.sleep(backoff.next_pause()) {
            return;
        }
    }
}

fn grab(path: &str) -> Result<Device, Lost> {
    let named = |error: std::io::Error| Lost(format!("{path}: {error}"));
    let mut device = Device::open(path).map_err(named)?;
    device.grab().map_err(named)?;
    device.set_nonblocking(true).map_err(named)?;
    Ok(device)
}

/// Reads until the device is lost or a stop is asked for.
fn read_keys(device: &mut Device, stop: &Stop, on_event: &impl Fn(ScannerEvent)) -> Result<(), Lost> {
    let mut codec = KeyCodec::default();
    while !stop.is_requested() {
        poll(&mut [PollFd::new(device, PollFlags::IN)], Some(&TICK))
            .map_err(|error| Lost(error.to_string()))?;
        let events = match device.fetch_events() {
            Ok(events) => events,
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error.into()),
        };
        for event in events {
            // 1 is down, 0 is up, 2 is held: scanners hold nothing.
            if let EventSummary::Key(_, key, down @ (0 | 1)) = event.destructure()
                && let Some(line) = codec.take(key.code(), down == 1)
            {
                on_event(match line {
                    Line::Text(text) => ScannerEvent::Scan(Scan::parse(&text)),
                    Line::Overlong { bytes } => ScannerEvent::LineDropped { bytes },
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
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
}
