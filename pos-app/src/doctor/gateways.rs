//! Whether the store's label gateways answer: one plain question to each, asked of all at once. Working them is the agent's.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::{Finding, Grade, finding};
use crate::config::{Drawn, Paths};

/// How long a gateway may take to connect, and again to answer.
const GATEWAY_WAIT: Duration = Duration::from_secs(3);
/// Most bytes of an answer; true ones have a few hundred.
const ANSWER_BYTES_MAX: usize = 16 * 1_024;
/// Most gateways that are asked, as many as an agent works.
const GATEWAYS_MAX: usize = 32;
/// The port where none is said.
const PORT_DEFAULT: u16 = 80;

/// A finding for each gateway of `labels.toml`; none where there is no such file.
pub fn gateways(paths: &Paths) -> Vec<Finding> {
    let hosts: Vec<String> = match Drawn::try_read(&paths.labels()) {
        Ok(drawn) => drawn.gateway.into_iter().map(|gateway| gateway.host).take(GATEWAYS_MAX).collect(),
        Err(error) => return vec![finding("labels", Grade::Attend, error.to_string())],
    };
    std::thread::scope(|scope| {
        let asked: Vec<_> = hosts.iter().map(|host| (host, scope.spawn(|| ask(host)))).collect();
        let found = asked.into_iter().map(|(host, asked)| match asked.join() {
            Ok(Ok(())) => finding("labels", Grade::Good, format!("access point {host} answers")),
            Ok(Err(why)) => finding(
                "labels",
                Grade::Attend,
                format!("access point {host}: {why}; labels keep what they show until it is back"),
            ),
            Err(_) => finding("labels", Grade::Attend, format!("access point {host}: could not be asked")),
        });
        found.collect()
    })
}

/// Asks an access point what it is.
fn ask(host: &str) -> Result<(), String> {
    let place = if host.contains(':') { host.to_owned() } else { format!("{host}:{PORT_DEFAULT}") };
    let told = |error: std::io::Error| format!("not reached ({error})");
    let address = place.to_socket_addrs().map_err(told)?.next().ok_or("its name leads nowhere")?;
    let mut stream = TcpStream::connect_timeout(&address, GATEWAY_WAIT).map_err(told)?;
    stream.set_write_timeout(Some(GATEWAY_WAIT)).map_err(told)?;
    let request = format!("GET /sysinfo HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(told)?;
    let until = Instant::now() + GATEWAY_WAIT;
    let (mut answer, mut buffer) = (Vec::new(), [0_u8; 1_024]);
    while !is_told(&answer) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || answer.len() > ANSWER_BYTES_MAX {
            break;
        }
        stream.set_read_timeout(Some(left)).map_err(told)?;
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
        }
    }
    if answer.is_empty() {
        Err("takes the call and does not answer: restart it".to_owned())
    } else if is_told(&answer) {
        Ok(())
    } else {
        Err("what answers is no OpenEPaperLink access point: is the address right?".to_owned())
    }
}

/// Whether the answer is that of an access point: it says what it is called and which version it is.
fn is_told(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let is_good = text.lines().next().is_some_and(|status| status.split(' ').nth(1) == Some("200"));
    is_good && text.contains("\"alias\"") && text.contains("\"buildversion\"")
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    /// Something at a port that gives this answer to whatever comes.
    fn peer(answer: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let host = listener.local_addr().expect("an address").to_string();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut heard = [0; 512];
                let _ = stream.read(&mut heard);
                let _ = stream.write_all(answer);
            }
        });
        host
    }

    #[test]
    fn a_gateway_answers_or_it_is_said_why_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = Paths { data: folder.path().to_owned() };
        assert_eq!(gateways(&paths), []);
        let good = b"HTTP/1.1 200 OK\r\n\r\n{\"alias\": \"shop\", \"buildversion\": \"2.84\"}";
        let hosts = [peer(good), peer(b"HTTP/1.1 200 OK\r\n\r\n<h1>router</h1>"), peer(b"")];
        let hosts = hosts.into_iter().chain(["127.0.0.1:1".to_owned(), "no such host".to_owned()]);
        let text: String = hosts.map(|host| format!("[[gateway]]\nhost = \"{host}\"\n")).collect();
        std::fs::write(paths.labels(), text).expect("written");
        let found = gateways(&paths);
        let grades: Vec<Grade> = found.iter().map(|finding| finding.grade).collect();
        assert_eq!(grades, [Grade::Good, Grade::Attend, Grade::Attend, Grade::Attend, Grade::Attend]);
        for (finding, words) in found.iter().zip([
            "answers",
            "no OpenEPaperLink",
            "does not answer",
            "not reached",
            "not reached",
        ]) {
            assert!(finding.words.contains(words), "{finding}");
        }
        std::fs::write(paths.labels(), "[[gateway]]\nhost = 3\n").expect("written");
        let broken = gateways(&paths);
        assert!(broken.len() == 1 && broken[0].words.contains("line 2"), "{broken:?}");
    }
}
