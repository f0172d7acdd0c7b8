//! The lines that devices hang on: serial ports, TCP connections and device files, all read and written in short ticks.
//! What is said on them is the driver's.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::os::unix::fs::OpenOptionsExt;
use std::str::FromStr;
use std::time::Duration;

use rustix::fs::OFlags;

use super::Deadline;
use super::supervisor::Lost;

/// How long one read or write waits, and so how soon a stop is noticed.
pub const TICK: Duration = Duration::from_millis(20);
/// How long one try to connect may take.
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(2);
/// How long a line may take no byte before it counts as lost.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(2);

/// What is said of a device that takes nothing.
const NOT_CLEAR: &str = "the device takes nothing (CTS is off): it is off or busy, or its cable has only three wires, \
     for which flow = \"none\" is set";

/// The system's folder of devices: a file that is missing there is a device that is not plugged in.
const DEVICES: &str = "/dev/";

/// Where a device is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Port {
    /// A serial port, such as `/dev/ttyUSB0`.
    Serial {
        /// The device file.
        path: String,
        /// How it speaks.
        settings: SerialSettings,
    },
    /// A device on the network or behind a serial server.
    Tcp {
        /// `host:port`.
        address: String,
    },
    /// A device file, such as `/dev/usb/lp0`; what the device says is read from it too. A plain file is made where it is
    /// missing, and added to.
    File {
        /// The file.
        path: String,
    },
}

/// How a serial port speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SerialSettings {
    /// Bits a second.
    pub baud: u32,
    /// Data bits, parity and stop bits.
    pub frame: SerialFrame,
    /// Who holds back what the device has no room for.
    pub flow: Flow,
}

impl SerialSettings {
    /// A line on which nothing is held back, as devices have it that say and are told little at once.
    pub fn new(baud: u32, frame: SerialFrame) -> Self {
        Self { baud, frame, flow: Flow::None }
    }
}

/// Whether a device can hold back what it has no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// It cannot: all is sent at the line's speed.
    None,
    /// By the lines RTS and CTS: a printer with little memory needs them for a long receipt.
    Hardware,
}

/// Data bits, parity and stop bits, written as `8N1` or `7E1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SerialFrame {
    /// Seven or eight.
    pub data_bits: u8,
    /// `N`, `E` or `O`.
    pub parity: Parity,
    /// One or two.
    pub stop_bits: u8,
}

/// A serial port's parity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parity {
    /// None.
    None,
    /// Even.
    Even,
    /// Odd.
    Odd,
}

impl SerialFrame {
    /// Eight data bits, no parity, one stop bit.
    pub const EIGHT_NONE_ONE: Self = Self { data_bits: 8, parity: Parity::None, stop_bits: 1 };
    /// Seven data bits, even parity, one stop bit.
    pub const SEVEN_EVEN_ONE: Self = Self { data_bits: 7, parity: Parity::Even, stop_bits: 1 };
    /// Seven data bits, odd parity, one stop bit.
    pub const SEVEN_ODD_ONE: Self = Self { data_bits: 7, parity: Parity::Odd, stop_bits: 1 };
}

/// Why a text is not a [`SerialFrame`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read serial frame {0:?}: one like 8N1 or 7E1 is needed")]
pub struct ParseSerialFrameError(String);

impl FromStr for SerialFrame {
    type Err = ParseSerialFrameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || ParseSerialFrameError(text.to_owned());
        let [data, parity, stop] = text.as_bytes() else { return Err(refused()) };
        Ok(Self {
            data_bits: match data {
                b'7' => 7,
                b'8' => 8,
                _ => return Err(refused()),
            },
            parity: match parity.to_ascii_uppercase() {
                b'N' => Parity::None,
                b'E' => Parity::Even,
                b'O' => Parity::Odd,
                _ => return Err(refused()),
            },
            stop_bits: match stop {
                b'1' => 1,
                b'2' => 2,
                _ => return Err(refused()),
            },
        })
    }
}

impl Port {
    /// Reads a port as configuration names it: a path that begins with `/` is a serial port with these settings, `host:port`
    /// is TCP.
    pub fn parse(text: &str, settings: SerialSettings) -> Self {
        if text.starts_with('/') {
            Self::Serial { path: text.to_owned(), settings }
        } else {
            Self::Tcp { address: text.to_owned() }
        }
    }

    /// Opens the port.
    ///
    /// # Errors
    /// The device file is missing or taken, or nobody listens at the address.
    pub fn open(&self, connect_deadline: Duration) -> Result<Wire, Lost> {
        match self {
            Self::Serial { path, settings } => open_serial(path, *settings),
            Self::Tcp { address } => open_tcp(address, connect_deadline),
            Self::File { path } => {
                // A printer that takes no more must not hold the thread up.
                let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or(0);
                // A plain file, which may not be there yet, keeps what it has: one paper follows the other.
                let is_device = std::fs::metadata(path).is_ok_and(|found| !found.is_file());
                let is_plain = !is_device && !path.starts_with(DEVICES);
                let mut options = OpenOptions::new();
                options.read(!is_plain).write(true).append(is_plain).create(is_plain).custom_flags(flags);
                let file = options.open(path).map_err(|error| named(path, &error))?;
                Ok(Wire { kind: if is_plain { Kind::Plain(file) } else { Kind::File(file) } })
            }
        }
    }
}

impl std::fmt::Display for Port {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Serial { path, .. } | Self::File { path } => path,
            Self::Tcp { address } => address,
        })
    }
}

fn named(place: &str, error: &dyn std::fmt::Display) -> Lost {
    Lost(format!("{place}: {error}"))
}

fn open_serial(path: &str, settings: SerialSettings) -> Result<Wire, Lost> {
    let port = serialport::new(path, settings.baud)
        .data_bits(if settings.frame.data_bits == 7 {
            serialport::DataBits::Seven
        } else {
            serialport::DataBits::Eight
        })
        .parity(match settings.frame.parity {
            Parity::None => serialport::Parity::None,
            Parity::Even => serialport::Parity::Even,
            Parity::Odd => serialport::Parity::Odd,
        })
        .stop_bits(if settings.frame.stop_bits == 2 {
            serialport::StopBits::Two
        } else {
            serialport::StopBits::One
        })
        .flow_control(match settings.flow {
            Flow::None => serialport::FlowControl::None,
            Flow::Hardware => serialport::FlowControl::Hardware,
        })
        .timeout(TICK)
        .open();
    let mut port = port.map_err(|error| named(path, &error))?;
    // Some devices wait for these lines; a pseudo-terminal has none and says so.
    let _ = port.write_data_terminal_ready(true);
    let _ = port.write_request_to_send(true);
    // Held back by the device, what is sent would lie in this machine and count as sent. A pseudo-terminal cannot say.
    if settings.flow == Flow::Hardware && matches!(port.read_clear_to_send(), Ok(false)) {
        return Err(named(path, &NOT_CLEAR));
    }
    Ok(Wire { kind: Kind::Serial(port) })
}

fn open_tcp(address: &str, connect_deadline: Duration) -> Result<Wire, Lost> {
    let mut failed = Lost(format!("{address}: the address names no host"));
    for candidate in address.to_socket_addrs().map_err(|error| named(address, &error))? {
        match TcpStream::connect_timeout(&candidate, connect_deadline) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(TICK))?;
                stream.set_write_timeout(Some(TICK))?;
                return Ok(Wire { kind: Kind::Tcp(stream) });
            }
            Err(error) => failed = named(address, &error),
        }
    }
    Err(failed)
}

/// An open port.
pub struct Wire {
    kind: Kind,
}

enum Kind {
    Serial(Box<dyn serialport::SerialPort>),
    Tcp(TcpStream),
    File(File),
    /// A file that says nothing: what is read from it would be what was written.
    Plain(File),
}

impl Wire {
    /// Reads what comes within one tick; nothing where nothing came.
    ///
    /// # Errors
    /// The line is gone.
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Lost> {
        let read = match &mut self.kind {
            Kind::Serial(port) => port.read(buffer),
            Kind::Tcp(stream) => stream.read(buffer),
            Kind::File(file) => match file.read(buffer) {
                // A file says nothing more, or nothing yet: neither is a line that was lost.
                Ok(0) => Err(ErrorKind::WouldBlock.into()),
                read => read,
            },
            Kind::Plain(_) => {
                std::thread::sleep(TICK);
                return Ok(0);
            }
        };
        if let (Kind::File(_), Err(error)) = (&self.kind, &read)
            && error.kind() == ErrorKind::WouldBlock
        {
            std::thread::sleep(TICK);
        }
        match read {
            Ok(0) => Err(Lost("the line was closed".to_owned())),
            Ok(count) => Ok(count),
            Err(error) if is_wait(&error) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes away what was sent before anything was asked.
    ///
    /// # Errors
    /// The line is gone.
    pub fn discard(&mut self) -> Result<(), Lost> {
        let mut buffer = [0_u8; 256];
        match &mut self.kind {
            Kind::Serial(port) => {
                // A bounded number of reads: a device that never stops talking is met again when it is asked.
                for _ in 0..16 {
                    match port.bytes_to_read() {
                        Ok(0) => return Ok(()),
                        Ok(_) => {
                            if port.read(&mut buffer)? == 0 {
                                return Err(Lost("the line was closed".to_owned()));
                            }
                        }
                        Err(error) => return Err(Lost(error.to_string())),
                    }
                }
                Ok(())
            }
            Kind::Tcp(stream) => {
                stream.set_nonblocking(true)?;
                let mut drained = Ok(());
                for _ in 0..16 {
                    match stream.read(&mut buffer) {
                        Ok(0) => {
                            drained = Err(Lost("the line was closed".to_owned()));
                            break;
                        }
                        Ok(_) => {}
                        Err(error) if is_wait(&error) => break,
                        Err(error) => {
                            drained = Err(error.into());
                            break;
                        }
                    }
                }
                stream.set_nonblocking(false)?;
                drained
            }
            Kind::File(_) | Kind::Plain(_) => Ok(()),
        }
    }

    /// Writes what is taken within one tick, which may be nothing.
    ///
    /// # Errors
    /// The line is gone.
    pub fn write(&mut self, bytes: &[u8]) -> Result<usize, Lost> {
        let written = match &mut self.kind {
            Kind::Serial(port) => port.write(bytes),
            Kind::Tcp(stream) => stream.write(bytes),
            Kind::File(file) | Kind::Plain(file) => file.write(bytes),
        };
        match written {
            Ok(0) => Err(Lost("the line takes no more".to_owned())),
            Ok(count) => Ok(count),
            Err(error) if is_wait(&error) => {
                if matches!(self.kind, Kind::File(_)) {
                    std::thread::sleep(TICK);
                }
                Ok(0)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes all of it; a device that takes nothing for [`WRITE_DEADLINE`] counts as lost.
    ///
    /// # Errors
    /// The line is gone. Some of the bytes may have left.
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<(), Lost> {
        let mut rest = bytes;
        let mut stalled = Deadline::after(WRITE_DEADLINE);
        while !rest.is_empty() {
            let count = self.write(rest)?;
            rest = &rest[count..];
            if count > 0 {
                stalled = Deadline::after(WRITE_DEADLINE);
            } else if stalled.has_passed() {
                return Err(Lost("the device takes no more".to_owned()));
            }
        }
        Ok(())
    }

    /// Says that no more comes; whether the other side can be waited for to close. Ports and files have no such word.
    pub fn finish(&mut self) -> bool {
        match &self.kind {
            Kind::Tcp(stream) => stream.shutdown(Shutdown::Write).is_ok(),
            Kind::Serial(_) | Kind::File(_) | Kind::Plain(_) => false,
        }
    }
}

fn is_wait(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_and_rubbish_refused() {
        assert_eq!("8N1".parse(), Ok(SerialFrame::EIGHT_NONE_ONE));
        assert_eq!("7e1".parse(), Ok(SerialFrame::SEVEN_EVEN_ONE));
        assert_eq!("7O1".parse(), Ok(SerialFrame::SEVEN_ODD_ONE));
        for wrong in ["", "8N", "9N1", "8X1", "8N3", "8N1 ", "八N1"] {
            assert!(wrong.parse::<SerialFrame>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_port_is_a_path_or_an_address() {
        let settings = SerialSettings::new(9_600, SerialFrame::EIGHT_NONE_ONE);
        assert_eq!(
            Port::parse("/dev/ttyS0", settings),
            Port::Serial { path: "/dev/ttyS0".to_owned(), settings }
        );
        assert_eq!(Port::parse("10.0.0.9:4001", settings), Port::Tcp { address: "10.0.0.9:4001".to_owned() });
    }

    #[test]
    fn a_plain_file_is_made_and_added_to() {
        let path = std::env::temp_dir().join(format!("guitai-port-{}.bin", std::process::id()));
        let _ = std::fs::remove_file(&path);
        let port = Port::File { path: path.display().to_string() };
        for part in [b"first ".as_slice(), b"second"] {
            let mut wire = port.open(CONNECT_DEADLINE).expect("a file");
            wire.write_all(part).expect("room on the disk");
        }
        assert_eq!(std::fs::read(&path).expect("the file"), b"first second");
        std::fs::remove_file(&path).expect("the file goes");
        let missing = Port::File { path: "/dev/no-such-printer".to_owned() };
        assert!(missing.open(CONNECT_DEADLINE).is_err(), "no device is made");
    }

    #[test]
    fn a_port_that_is_not_there_says_which() {
        let settings = SerialSettings::new(9_600, SerialFrame::EIGHT_NONE_ONE);
        for place in ["/dev/no-such-port", "127.0.0.1:1", "no port"] {
            let lost = Port::parse(place, settings).open(CONNECT_DEADLINE).err().expect("nobody is there");
            assert!(lost.0.contains(place), "{lost}");
        }
    }
}
