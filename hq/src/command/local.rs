//! One HTTP/1.1 request to the server on this machine: all that the command
//! line needs of a client.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long to wait for the connection: the server is on this machine.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long to wait for an answer: a large import takes minutes.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// The most bytes of an answer: lists have bounds of their own far below it.
const ANSWER_BYTES_MAX: u64 = 256 << 20;

/// Connects, unless nobody listens.
pub(super) fn connect(address: SocketAddr) -> Option<TcpStream> {
    TcpStream::connect_timeout(&address, CONNECT_TIMEOUT).ok()
}

/// Sends a request and reads the status and the body of its answer. The
/// connection is of no use afterwards.
pub(super) fn post(
    server: &mut TcpStream,
    address: SocketAddr,
    route: &str,
    key: &str,
    body: &[u8],
) -> io::Result<(u16, Vec<u8>)> {
    server.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    write!(
        server,
        "POST {route} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    server.write_all(body)?;
    let mut answer = BufReader::new(server.take(ANSWER_BYTES_MAX));
    let status = read_status(&mut answer)?;
    let length = read_length(&mut answer)?;
    let mut body = vec![0; length];
    answer.read_exact(&mut body)?;
    Ok((status, body))
}

fn read_status(answer: &mut impl BufRead) -> io::Result<u16> {
    let mut line = String::new();
    answer.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("no HTTP status in {line:?}")))
}

/// Reads the headers. The server gives every command's answer a length.
fn read_length(answer: &mut impl BufRead) -> io::Result<usize> {
    let mut length = None;
    loop {
        let mut line = String::new();
        answer.read_line(&mut line)?;
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<u64>().ok().filter(|length| *length <= ANSWER_BYTES_MAX);
        }
    }
    let length = length.and_then(|length| usize::try_from(length).ok());
    length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no length of the answer"))
}
