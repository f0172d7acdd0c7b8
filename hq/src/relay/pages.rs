//! Pages of the reference that went by: a lane that begins anew while HQ is
//! out of reach, or was behind when the line broke, still gets what others got.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Mutex, PoisonError};

use protocol::pull::PageHead;

/// The most bytes of all pages together; the oldest go first.
const BYTES_MAX: usize = 64 << 20;

/// The most bytes of a page's head that are looked at.
const HEAD_BYTES_MAX: u64 = 4 << 10;

/// Compressed pages, by what was asked for.
#[derive(Default)]
pub(super) struct Pages(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    pages: VecDeque<(Wanted, Vec<u8>)>,
    bytes: usize,
}

/// Which page: after which version, how many changes at most, and whether for
/// a lane that takes files.
pub(super) type Wanted = (u64, usize, bool);

impl Pages {
    /// Keeps a page in the place of the one before; not one that says where else
    /// to begin, which is HQ's to say each time.
    pub(super) fn keep(&self, wanted: Wanted, page: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.drop_page(wanted);
        if page.len() > BYTES_MAX || sends_elsewhere(page) {
            return;
        }
        kept.bytes += page.len();
        kept.pages.push_back((wanted, page.to_vec()));
        while kept.bytes > BYTES_MAX
            && let Some((_, gone)) = kept.pages.pop_front()
        {
            kept.bytes -= gone.len();
        }
    }

    /// The page that was last given for this.
    pub(super) fn page(&self, wanted: Wanted) -> Option<Vec<u8>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.pages.iter().find(|(of, _)| *of == wanted).map(|(_, page)| page.clone())
    }
}

/// Whether a page has no changes but says to begin anew, or to take files.
fn sends_elsewhere(page: &[u8]) -> bool {
    // What cannot be read is the lane's to refuse.
    head_of(page).is_some_and(|head| head.anew || head.snapshot)
}

/// What a page says before its changes.
pub(super) fn head_of(page: &[u8]) -> Option<PageHead> {
    let mut head = Vec::new();
    let inflating = zstd::stream::read::Decoder::new(page).ok()?;
    BufReader::new(inflating.take(HEAD_BYTES_MAX)).read_until(b'\n', &mut head).ok()?;
    serde_json::from_slice(&head).ok()
}

impl Kept {
    fn drop_page(&mut self, wanted: Wanted) {
        if let Some(at) = self.pages.iter().position(|(of, _)| *of == wanted)
            && let Some((_, gone)) = self.pages.remove(at)
        {
            self.bytes -= gone.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_pages_are_kept_and_no_more_than_fit() {
        let pages = Pages::default();
        let large = vec![0; BYTES_MAX / 2];
        pages.keep((0, 10, false), &large);
        pages.keep((5, 10, false), b"old");
        pages.keep((5, 10, false), b"new");
        assert_eq!(pages.page((5, 10, false)).as_deref(), Some(&b"new"[..]));
        assert_eq!(pages.page((5, 11, false)), None);
        pages.keep((7, 10, false), &large);
        assert_eq!(pages.page((0, 10, false)), None, "the oldest went");
        assert!(pages.page((7, 10, false)).is_some() && pages.page((5, 10, false)).is_some());
        pages.keep((9, 10, false), &vec![0; BYTES_MAX + 1]);
        assert_eq!(pages.page((9, 10, false)), None);
    }

    #[test]
    fn what_sends_a_lane_elsewhere_is_not_said_again_without_hq() {
        let pages = Pages::default();
        let plain = PageHead { through: 5, latest: 9, more: true, anew: false, snapshot: false };
        let anew = PageHead { latest: 0, anew: true, ..plain.clone() };
        let snapshot = PageHead { snapshot: true, ..plain.clone() };
        for (head, is_kept) in [(plain, true), (anew, false), (snapshot, false)] {
            let mut text = serde_json::to_vec(&head).expect("plain data");
            if is_kept {
                text.extend(b"\n{}");
            }
            let page = zstd::encode_all(&text[..], 0).expect("compressed");
            pages.keep((5, 10, true), b"of before");
            pages.keep((5, 10, true), &page);
            assert_eq!(pages.page((5, 10, true)), is_kept.then_some(page), "{head:?}");
        }
    }
}
