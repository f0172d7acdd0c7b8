//! A whole new reference that comes as files: for a lane that is new, or was
//! away for long.
//!
//! What was offered and what has come lies in a folder of its own, so that a
//! cut, or the end of this program, costs one piece. Nothing of it is believed
//! before a file has the SHA-256 that HQ's answer named. The reference is made
//! out of them beside the one in use, on a thread that lets everything else go
//! first, and is put in its place at once.

mod reading;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ledger::reference::ReferenceError;
use ledger::reference::staging::{self, ROOM_KEPT_BYTES, Staging};
use protocol::pull::snapshot::{OfferError, PIECE_BYTES_MAX, SnapshotOffer, SnapshotPart};
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;
use tracing::info;

use crate::hq::{Hq, LaneKey, RequestError};
use crate::reference::{Ended, ReferenceDesk, WriteError};

/// Changes that are taken in at one time.
const CHANGES_AT_A_TIME: usize = 4_000;

/// What was offered, within the folder.
const OFFER: &str = "offer.json";

/// Bytes of a file that are hashed at one time.
const HASHED_AT_A_TIME: usize = 1 << 16;

/// Why a reference was not taken as files.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// HQ did not answer, or not well.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// HQ has other files by now.
    #[error("take the reference as files: HQ has others by now")]
    Gone,
    /// What is offered is not for this lane.
    #[error(transparent)]
    Offer(#[from] OfferError),
    /// A file is not what HQ's answer said.
    #[error("take the reference as files: the file of {place:?} {what}; it is got again")]
    Form {
        /// Whose rows.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// The disk did not do it.
    #[error("take the reference as files: use {path}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The new reference was not made, or not put in.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The thread that writes the reference ended.
    #[error(transparent)]
    Ended(#[from] Ended),
    /// The agent ends.
    #[error("take the reference as files: the agent ends")]
    Stopped,
}

impl From<ReferenceError> for TakeError {
    fn from(error: ReferenceError) -> Self {
        Self::Write(error.into())
    }
}

/// Where a whole new reference comes in.
#[derive(Debug, Clone)]
pub struct Coming {
    folder: PathBuf,
    /// Where it is made.
    next: PathBuf,
}

/// Says to the thread that makes a reference that nobody waits for it.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Coming {
    /// Files come into a folder; the reference is made at `next`.
    pub fn new(folder: PathBuf, next: PathBuf) -> Self {
        Self { folder, next }
    }

    /// Gets what HQ offers to a lane that has a version in use, makes a
    /// reference of it and puts it in. Gives its version. Begun again after an
    /// error it goes on where it was.
    pub async fn take(
        &self,
        hq: &Hq,
        key: &LaneKey,
        reference: &ReferenceDesk,
        in_use: u64,
    ) -> Result<u64, TakeError> {
        let offer = self.offer(hq, key, in_use).await?;
        info!(bytes = offer.bytes(), files = offer.parts.len(), "a whole new reference comes");
        for part in &offer.parts {
            self.get(hq, key, part).await?;
        }
        let version = offer.version();
        let staging = self.make(offer).await?;
        reference.put_in(staging, version).await??;
        self.forget();
        Ok(version)
    }

    /// Takes away what came, where it is of no use any more.
    pub fn forget(&self) {
        // What cannot be taken away is written over the next time.
        let _ = fs::remove_dir_all(&self.folder);
        let _ = staging::forget(&self.next);
    }

    /// How many bytes have come of how many, for people; `None` where nothing comes.
    pub fn progress(&self) -> Option<(u64, u64)> {
        let offer = self.kept_offer()?;
        let have = offer.parts.iter().map(|part| length(&self.folder.join(&part.sha256)));
        Some((have.sum(), offer.bytes()))
    }

    /// How large what comes is when it is unpacked, bytes, which a reference made of it is at most; 0 where nothing comes.
    pub fn unpacked(&self) -> u64 {
        let offer = self.kept_offer();
        offer
            .iter()
            .flat_map(|offer| &offer.parts)
            .fold(0, |sum, part| sum.saturating_add(part.inflated_bytes))
    }

    fn kept_offer(&self) -> Option<SnapshotOffer> {
        serde_json::from_slice(&fs::read(self.folder.join(OFFER)).ok()?).ok()
    }

    fn io(path: &Path) -> impl FnOnce(io::Error) -> TakeError {
        move |source| TakeError::Io { path: path.to_owned(), source }
    }

    /// The offer that was begun with, or a new one.
    async fn offer(&self, hq: &Hq, key: &LaneKey, in_use: u64) -> Result<SnapshotOffer, TakeError> {
        // One of long ago would take the lane back to what was then.
        let serves = |offer: &SnapshotOffer| offer.check(&key.store).is_ok() && offer.version() >= in_use;
        if let Some(offer) = self.kept_offer().filter(serves) {
            return Ok(offer);
        }
        let offer = hq.snapshot_offer(key).await?;
        offer.check(&key.store)?;
        self.begin(&offer)?;
        Ok(offer)
    }

    /// Keeps an offer; of what came before, what it names as well.
    fn begin(&self, offer: &SnapshotOffer) -> Result<(), TakeError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder).map_err(Self::io(&self.folder))?;
        for entry in fs::read_dir(&self.folder).map_err(Self::io(&self.folder))?.flatten() {
            let is_named = offer.parts.iter().any(|part| entry.file_name() == part.sha256.as_str());
            if !is_named {
                fs::remove_file(entry.path()).map_err(Self::io(&entry.path()))?;
            }
        }
        let path = self.folder.join(OFFER);
        let beside = self.folder.join("offer.new");
        let text = serde_json::to_vec(offer).expect("plain data serialises");
        fs::write(&beside, text).and_then(|()| fs::rename(&beside, &path)).map_err(Self::io(&path))
    }

    /// Gets what is missing of a file.
    async fn get(&self, hq: &Hq, key: &LaneKey, part: &SnapshotPart) -> Result<(), TakeError> {
        let path = self.folder.join(&part.sha256);
        let mut have = length(&path);
        if have > part.bytes {
            fs::remove_file(&path).map_err(Self::io(&path))?;
            have = 0;
        }
        if have == part.bytes {
            return Ok(());
        }
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(Self::io(&path))?;
        while have < part.bytes {
            let most = PIECE_BYTES_MAX.min(part.bytes - have);
            let Some(piece) = hq.snapshot_piece(key, &part.sha256, have, most).await? else {
                // The next offer names what HQ has.
                let offer = self.folder.join(OFFER);
                fs::remove_file(&offer).map_err(Self::io(&offer))?;
                return Err(TakeError::Gone);
            };
            staging::check_room(&path, ROOM_KEPT_BYTES + piece.len() as u64)?;
            file.write_all(&piece).map_err(Self::io(&path))?;
            have += piece.len() as u64;
        }
        file.sync_data().map_err(Self::io(&path))
    }

    /// Makes a reference of the files, on a thread of its own.
    async fn make(&self, offer: SnapshotOffer) -> Result<Staging, TakeError> {
        let (made, making) = oneshot::channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let stop = Stop(is_over.clone());
        let coming = self.clone();
        std::thread::spawn(move || {
            staging::go_last();
            // Nobody waits for it when the agent ends.
            let _ = made.send(coming.make_here(&offer, &is_over));
        });
        let made = making.await.map_err(|_| TakeError::Stopped)?;
        drop(stop);
        made
    }

    fn make_here(&self, offer: &SnapshotOffer, is_over: &AtomicBool) -> Result<Staging, TakeError> {
        for part in &offer.parts {
            self.verify(part, is_over)?;
        }
        let mut staging = Staging::begin(&self.next)?;
        let mut waiting = Vec::new();
        for part in &offer.parts {
            let path = self.folder.join(&part.sha256);
            let file = File::open(&path).map_err(Self::io(&path))?;
            let mut changes = reading::Changes::begin(file, part)?;
            while let Some(change) = changes.next()? {
                waiting.push(change);
                if waiting.len() == CHANGES_AT_A_TIME {
                    staging.apply(&waiting)?;
                    waiting.clear();
                    if is_over.load(Ordering::Relaxed) {
                        return Err(TakeError::Stopped);
                    }
                }
            }
        }
        staging.apply(&waiting)?;
        staging.finish()?;
        Ok(staging)
    }

    /// Holds a file against its name. One that is another is taken away.
    fn verify(&self, part: &SnapshotPart, is_over: &AtomicBool) -> Result<(), TakeError> {
        let path = self.folder.join(&part.sha256);
        let mut file = File::open(&path).map_err(Self::io(&path))?;
        let mut hash = Sha256::new();
        let mut bytes = vec![0; HASHED_AT_A_TIME];
        loop {
            if is_over.load(Ordering::Relaxed) {
                return Err(TakeError::Stopped);
            }
            match file.read(&mut bytes).map_err(Self::io(&path))? {
                0 => break,
                length => hash.update(&bytes[..length]),
            }
        }
        let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if found == part.sha256 {
            return Ok(());
        }
        fs::remove_file(&path).map_err(Self::io(&path))?;
        Err(TakeError::Form { place: part.place.clone(), what: "was damaged on its way".to_owned() })
    }
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

#[cfg(test)]
mod tests;
