//! What the feed tells, as far as phones need it: kept aside page by page, and put into use at once.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;

use protocol::pull::{
    HQ_KEYS, PAGE_BYTES_MAX, PAGE_CHANGES_MAX, PageHead, PriceScope, Product, Store as Shop,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use tracing::warn;

use super::super::{ROOM_KEPT_BYTES, free_bytes};
use crate::import::complete;
use crate::store::{Kind, Store, StoreError, Writing, scope_of};

/// What a phone's price depends on, and the keys. Another kind here is another form of the file.
const KEPT: [Kind; 8] = [
    Kind::Store,
    Kind::Product,
    Kind::Price,
    Kind::TaxClass,
    Kind::Promotion,
    Kind::PromotionRule,
    Kind::ShelfCap,
    Kind::CodeKey,
];

/// The most bytes of one pull that are kept aside: some ten million goods.
const COMING_BYTES_MAX: u64 = 4 << 30;

/// The most memory that unpacking a page may take, as a power of two.
const WINDOW_LOG_MAX: u32 = 27;

/// Why a page is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// It is not of its form.
    #[error("read a page of the reference: {0}")]
    Form(String),
    /// What else lies on the disk goes before what phones are told.
    #[error("keep a page of the reference: less than {0} bytes are free on the disk")]
    Room(u64),
    /// The disk did not take or give it.
    #[error("keep a page of the reference")]
    Disk(#[from] std::io::Error),
    /// The goods do not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<serde_json::Error> for PageError {
    fn from(error: serde_json::Error) -> Self {
        Self::Form(error.to_string())
    }
}

/// A change, as far as it is looked at before it is known whether it is kept.
#[derive(Deserialize)]
struct OfKind {
    kind: String,
}

/// A change that is kept.
#[derive(Deserialize)]
struct Told {
    version: u64,
    key: String,
    kind: String,
    body: Option<Value>,
}

/// What has come of a pull.
pub(super) struct Coming {
    path: PathBuf,
    /// Made when there is something to keep.
    file: Option<BufWriter<File>>,
    bytes: u64,
}

impl Drop for Coming {
    fn drop(&mut self) {
        if self.file.is_some() {
            // A start takes it away as well.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

impl Coming {
    /// Nothing so far.
    pub(super) fn begin(path: PathBuf) -> Self {
        Self { path, file: None, bytes: 0 }
    }

    /// Keeps what is needed of a page aside. Nothing of members is written to a disk.
    pub(super) fn take(&mut self, compressed: &[u8]) -> Result<PageHead, PageError> {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(compressed)?;
        decoder.window_log_max(WINDOW_LOG_MAX)?;
        let mut page = Vec::new();
        decoder.take(PAGE_BYTES_MAX as u64 + 1).read_to_end(&mut page)?;
        if page.len() > PAGE_BYTES_MAX {
            return Err(PageError::Form(format!("it has more than {PAGE_BYTES_MAX} bytes")));
        }
        self.check_room(page.len() as u64)?;
        let mut lines = page.split(|byte| *byte == b'\n');
        let head: PageHead = serde_json::from_slice(lines.next().unwrap_or_default())?;
        for (count, line) in lines.enumerate() {
            if count == PAGE_CHANGES_MAX {
                return Err(PageError::Form(format!("it has more than {PAGE_CHANGES_MAX} changes")));
            }
            let OfKind { kind } = serde_json::from_slice(line)?;
            if kept(&kind).is_some() {
                self.keep(line)?;
            }
        }
        Ok(head)
    }

    /// Checks that so many bytes more leave room on the disk.
    fn check_room(&self, bytes: u64) -> Result<(), PageError> {
        let needed = ROOM_KEPT_BYTES.saturating_add(bytes);
        let folder = self.path.parent().unwrap_or(&self.path);
        if free_bytes(folder)? < needed { Err(PageError::Room(needed)) } else { Ok(()) }
    }

    fn keep(&mut self, line: &[u8]) -> Result<(), PageError> {
        self.bytes += line.len() as u64 + 1;
        if self.bytes > COMING_BYTES_MAX {
            return Err(PageError::Form(format!("a pull has more than {COMING_BYTES_MAX} bytes")));
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let mut options = OpenOptions::new();
                options.create(true).write(true).truncate(true);
                #[cfg(unix)]
                std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
                none.insert(BufWriter::new(options.open(&self.path)?))
            }
        };
        file.write_all(line)?;
        file.write_all(b"\n")?;
        Ok(())
    }

    /// Takes everything that came into use, as a version, in one transaction; in the place of everything that is there where
    /// it was begun anew. Gives how many changes there were.
    pub(super) fn apply(
        mut self,
        goods: &Store,
        store: &str,
        (version, is_anew): (u64, bool),
    ) -> Result<u64, PageError> {
        if let Some(file) = &mut self.file {
            file.flush()?;
        }
        // The database, and its log.
        self.check_room(self.bytes.saturating_mul(2))?;
        goods.write(|writing| {
            if is_anew {
                writing.forget_told()?;
            }
            let mut count = 0;
            if self.file.is_some() {
                for line in BufReader::new(File::open(&self.path)?).split(b'\n') {
                    put(writing, store, serde_json::from_slice(&line?)?)?;
                    count += 1;
                }
            }
            writing.set_told_version(version)?;
            Ok(count)
        })
    }
}

/// The kind of that name, where it is kept.
fn kept(name: &str) -> Option<Kind> {
    KEPT.into_iter().find(|kind| kind.name() == name)
}

/// Puts one change where HQ has it. The feed does not say whose it is; what it is does.
fn put(writing: &Writing<'_>, store: &str, told: Told) -> Result<(), StoreError> {
    let Told { version, key, kind, body } = told;
    let Some(kind) = kept(&kind) else { return Ok(()) };
    let scope = match kind {
        Kind::Store => {
            if key == store {
                forget_groups_left(writing, store, body.as_ref())?;
            }
            key.clone()
        }
        Kind::Product => {
            let product = body.as_ref().map(Product::deserialize).transpose();
            if let Err(error) = &product {
                warn!(%error, sku = key, "goods are not found by their codes");
            }
            let names = product.ok().flatten().map(|product| complete::names(&product)).unwrap_or_default();
            writing.set_product_codes(&key, names.iter().map(String::as_str))?;
            String::new()
        }
        Kind::Price => match scope_of_price(&key) {
            Some(scope) => scope,
            None => {
                warn!(key, "a price is not understood, and left out");
                return Ok(());
            }
        },
        Kind::ShelfCap => store.to_owned(),
        Kind::CodeKey if key.starts_with(HQ_KEYS) => String::new(),
        Kind::CodeKey => store.to_owned(),
        Kind::TaxClass | Kind::Promotion | Kind::PromotionRule => String::new(),
        // None of these is kept.
        Kind::Category
        | Kind::Staff
        | Kind::Member
        | Kind::Coupon
        | Kind::Label
        | Kind::LabelWaiver
        | Kind::Order
        | Kind::Weight
        | Kind::Picture
        | Kind::Transfer => return Ok(()),
    };
    writing.put_told((&scope, kind, &key), version, body.map(|body| body.to_string()).as_deref())
}

/// The place of a price, which is the third part of what it is known by.
fn scope_of_price(key: &str) -> Option<String> {
    type Parts = (IgnoredAny, IgnoredAny, PriceScope, IgnoredAny, IgnoredAny, IgnoredAny);
    let (_, _, scope, _, _, _): Parts = serde_json::from_str(key).ok()?;
    Some(scope_of(&scope))
}

fn forget_groups_left(writing: &Writing<'_>, store: &str, now: Option<&Value>) -> Result<(), StoreError> {
    let Some(known) = writing.entity(Kind::Store, store)? else { return Ok(()) };
    let groups = |shop: Result<Shop, serde_json::Error>| shop.map(|shop| shop.groups).unwrap_or_default();
    let now = now.map(|now| groups(Shop::deserialize(now))).unwrap_or_default();
    for left in groups(serde_json::from_str(&known)).iter().filter(|group| !now.contains(group)) {
        writing.forget_group_told(left)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
