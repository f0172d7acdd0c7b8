//! From a sale's commit to the first byte of its receipt at the printer, beside one byte there and back on the same line.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use drivers::printer::{Document, Job, Printer, PrinterConfig, PrinterEvent, Profile};
use fixtures::bench::{Effort, Report, quantile};
use ledger::journal::Journal;

use super::{a_sale, one_day};
use crate::counter::identity;

/// Sales that are measured.
const SALES: usize = 200;
/// What the way may take, microseconds.
const TARGET_US: i64 = 10_000;
/// Reached only when something is broken.
const WAIT: Duration = Duration::from_secs(20);
/// A printer that is well, to every question about its state.
const WELL: u8 = 0x12;
/// `ESC @`, with which every document begins.
const BEGIN: &[u8] = &[0x1b, b'@'];

pub(super) fn run(report: &mut Report, effort: Effort) -> Result<()> {
    let folder = super::folder()?;
    let sale = a_sale(&one_day(folder.path(), 2_000)?)?;
    let mut journal = Journal::open(&folder.path().join("journal.db"), &identity())?;
    let (address, begun) = printer()?;
    let (tell, told) = channel();
    let profile = Profile::parse("epson-tm-t88")?;
    let driver = Printer::spawn(PrinterConfig::new(address.to_string(), profile), move |event| {
        let _ = tell.send(event);
    });
    let mut probe = TcpStream::connect(address).context("reach the printer")?;
    probe.set_nodelay(true)?;
    let (mut ways, mut echoes) = (Vec::new(), Vec::new());
    for id in 0..SALES.min(effort.rounds_max) {
        let began = Instant::now();
        probe.write_all(&[0x10, 0x04, 1])?;
        probe.read_exact(&mut [0])?;
        echoes.push(micros(began.elapsed()));
        journal.append(std::slice::from_ref(&sale))?;
        let committed = Instant::now();
        let job = Job { id: u64::try_from(id)?, document: receipt(id) };
        ensure!(driver.submit(job).is_ok(), "the printer's queue is full");
        let at = begun.recv_timeout(WAIT).context("wait for the first byte")?;
        ways.push(micros(at.saturating_duration_since(committed)));
        while !matches!(told.recv_timeout(WAIT).context("wait for the paper")?, PrinterEvent::JobEnded { .. })
        {
        }
    }
    let echo = ("a question and its answer on the same line", quantile(&mut echoes, 500));
    report.add(
        "devices: commit to first byte at the printer, median",
        (quantile(&mut ways, 500), "us"),
        echo,
    );
    let p99 = quantile(&mut ways, 990);
    report.add("devices: commit to first byte at the printer, 99 %", (p99, "us"), ("10 ms", TARGET_US));
    report.note("devices: before a document the printer is asked four questions about its state; the first byte is that of the document");
    Ok(())
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// A printer that answers at once and tells when a document begins.
fn printer() -> Result<(SocketAddr, Receiver<Instant>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let (tell, begun) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let tell = tell.clone();
            std::thread::spawn(move || serve(stream, |at| tell.send(at).is_ok()));
        }
    });
    Ok((address, begun))
}

fn serve(mut stream: TcpStream, begun: impl Fn(Instant) -> bool) {
    let _ = stream.set_nodelay(true);
    let mut buffer = [0; 4_096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        let at = Instant::now();
        let bytes = &buffer[..count];
        if bytes.windows(2).any(|two| two == BEGIN) && !begun(at) {
            return;
        }
        // DLE EOT n, and GS r 1 at the end of a document.
        let asked = bytes.windows(2).filter(|two| *two == [0x10, 0x04]).count();
        let ends = bytes.windows(2).filter(|two| *two == [0x1d, b'r']).count();
        let answer: Vec<u8> = std::iter::repeat_n(WELL, asked).chain(std::iter::repeat_n(0, ends)).collect();
        if stream.write_all(&answer).is_err() {
            return;
        }
    }
}

fn receipt(number: usize) -> Document {
    let mut document =
        Document::new().title("柜台便利店").pair(format!("单号 L1-{number:06}"), "18:05").rule();
    for line in 1..=5 {
        document = document.pair(format!("农夫山泉饮用天然水{line}号"), "7.00");
    }
    document.rule().pair("应付", "¥35.00").cut()
}
