//! Pages that were made are kept a while: when a price changes, all lanes of a
//! chain ask for the same one.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most bytes of pages that are kept, compressed.
const BYTES_MAX: usize = 64 << 20;

/// Pages that are made at one time; who wants one that is being made waits.
const MAKERS: usize = 8;

/// What a page says follows from these alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Whose rows.
    pub scopes: Vec<String>,
    /// After this version.
    pub after: u64,
    /// At most so many changes.
    pub limit: usize,
    /// The newest version there is.
    pub latest: u64,
}

/// The pages of one server.
#[derive(Debug)]
pub struct PageCache {
    kept: Mutex<Kept>,
    makers: [Mutex<()>; MAKERS],
}

#[derive(Debug, Default)]
struct Kept {
    /// The newest at the end.
    pages: VecDeque<(Key, Arc<Vec<u8>>)>,
    bytes: usize,
}

impl Default for PageCache {
    fn default() -> Self {
        Self { kept: Mutex::default(), makers: [const { Mutex::new(()) }; MAKERS] }
    }
}

impl PageCache {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, key: &Key) -> Option<Arc<Vec<u8>>> {
        self.kept().pages.iter().rev().find(|(kept, _)| kept == key).map(|(_, page)| page.clone())
    }

    /// The page of a key, made where nobody made it before. Of many who want
    /// one page at a moment one makes it.
    pub(super) fn get<E>(
        &self,
        key: &Key,
        make: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Arc<Vec<u8>>, E> {
        if let Some(page) = self.find(key) {
            return Ok(page);
        }
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let maker = usize::try_from(hasher.finish() % MAKERS as u64).unwrap_or(0);
        let _turn = self.makers[maker].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(page) = self.find(key) {
            return Ok(page);
        }
        let page = Arc::new(make()?);
        if page.len() <= BYTES_MAX {
            let mut kept = self.kept();
            kept.bytes += page.len();
            kept.pages.push_back((key.clone(), page.clone()));
            while kept.bytes > BYTES_MAX {
                let Some((_, oldest)) = kept.pages.pop_front() else { break };
                kept.bytes -= oldest.len();
            }
        }
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(after: u64) -> Key {
        Key { scopes: vec![String::new()], after, limit: 10, latest: 20 }
    }

    #[test]
    fn a_page_is_made_once_and_room_is_bounded() {
        let cache = PageCache::default();
        let page = |after, bytes| cache.get(&key(after), || Ok::<_, ()>(vec![1; bytes]));
        assert_eq!(page(1, 5), Ok(Arc::new(vec![1; 5])));
        assert_eq!(cache.get(&key(1), || Err("made again")), Ok(Arc::new(vec![1; 5])));
        assert_eq!(cache.get(&Key { latest: 21, ..key(1) }, || Err("another")), Err("another"));
        for after in 2..6 {
            page(after, BYTES_MAX / 3).expect("made");
        }
        assert!(cache.kept().bytes <= BYTES_MAX);
        assert_eq!(cache.get(&key(1), || Err("forgotten")), Err("forgotten"));
        page(9, BYTES_MAX + 1).expect("made");
        assert_eq!(cache.get(&key(9), || Err("never kept")), Err("never kept"));
    }

    #[test]
    fn of_many_who_want_one_page_one_makes_it() {
        let cache = PageCache::default();
        let made = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    cache.get(&key(1), || {
                        made.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        Ok::<_, ()>(vec![1])
                    })
                });
            }
        });
        assert_eq!(made.load(std::sync::atomic::Ordering::SeqCst), 1);
    }
}
