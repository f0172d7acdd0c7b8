//! A file of the disk as a program without SQLite reads and writes it: how a start writes a log again.

use std::io::{self, Read, Seek, SeekFrom, Write};

use super::{Answer, Disk, NO_POWER, Opening, Refusal};

/// An open file, and where in it the next byte is.
struct OpenFile<'a> {
    disk: &'a Disk,
    handle: usize,
    at: usize,
}

impl Disk {
    /// Writes a log again as a lane does at its start, by the lane's own code; nothing where there is no such file.
    ///
    /// # Errors
    /// The power fails meanwhile, or a write or the flush does.
    pub fn renew(&self, name: &str) -> Answer<()> {
        if !self.exists(name)? {
            return Ok(());
        }
        let opening = Opening { write: true, ..Opening::default() };
        let (handle, _) = self.open(Some(name), opening)?;
        let mut log = OpenFile { disk: self, handle, at: 0 };
        let renewed = ledger::file::rewrite_log(&mut log, |log| told(log.disk.sync(log.handle)));
        self.close(handle);
        renewed.map_err(|error| match error.get_ref().and_then(|inner| inner.downcast_ref::<Refused>()) {
            Some(Refused(refusal)) => *refusal,
            None => NO_POWER,
        })
    }
}

/// A refusal of the disk on its way through [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("the disk refuses with code {}", self.0.0)]
struct Refused(Refusal);

fn told<T>(answer: Answer<T>) -> io::Result<T> {
    answer.map_err(|refusal| io::Error::other(Refused(refusal)))
}

impl Read for OpenFile<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = told(self.disk.length(self.handle))?.saturating_sub(self.at);
        let count = left.min(into.len());
        told(self.disk.read(self.handle, self.at, &mut into[..count]))?;
        self.at += count;
        Ok(count)
    }
}

impl Write for OpenFile<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        told(self.disk.write(self.handle, self.at, bytes))?;
        self.at += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for OpenFile<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let SeekFrom::Start(at) = to else {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "only from the start"));
        };
        self.at = usize::try_from(at).map_err(io::Error::other)?;
        Ok(at)
    }
}
