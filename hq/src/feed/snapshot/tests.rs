//! Files are made once for all lanes of a place, and made anew in time.

use protocol::pull::snapshot::SnapshotOffer;
use protocol::pull::{Change, Entity, PageHead};

use super::*;
use crate::feed::{self, PageCache, SNAPSHOT_CHANGES_MIN, Wanted};
use crate::store::{Kind, Writing};

struct Headquarters {
    folder: tempfile::TempDir,
    store: Store,
    snapshots: Snapshots,
}

fn shop(code: &str, groups: &[&str]) -> String {
    serde_json::json!({ "code": code, "name_zh": "店", "name_en": "Shop", "currency": "CNY", "currency_symbol": "¥",
        "currency_exponent": 2, "cash_rounding": 1, "groups": groups })
    .to_string()
}

impl Headquarters {
    fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("hq.db")).expect("a database");
        let snapshots = Snapshots::open(&folder.path().join("snapshots")).expect("a folder");
        let own = Self { folder, store, snapshots };
        own.write(|writing| {
            writing.put_entity(Kind::Store, "S1", &shop("S1", &["north"]))?;
            writing.put_entity(Kind::Store, "S2", &shop("S2", &[]))?;
            writing.put_of_store(Kind::Coupon, "S2", "c2", r#"{"code":"c2"}"#).map(drop)
        });
        own
    }

    fn write(&self, change: impl FnMut(&Writing<'_>) -> Result<(), StoreError>) {
        self.store.write(change).expect("written");
    }

    /// Writes so many categories, each another time.
    fn categories(&self, from: u64, count: u64) {
        self.write(|writing| {
            for number in from..from + count {
                let body = format!(r#"{{"id":"{number}","name_zh":"类","name_en":"C","position":{number}}}"#);
                writing.put_entity(Kind::Category, &number.to_string(), &body)?;
            }
            Ok(())
        });
    }

    fn offer(&self, store: &str) -> SnapshotOffer {
        self.snapshots.offer(&self.store, store).expect("an offer")
    }

    fn whole(&self, store: &str, part: &SnapshotPart) -> Option<Vec<u8>> {
        let mut whole = Vec::new();
        loop {
            let range = (whole.len() as u64, u64::MAX);
            let piece = self.snapshots.piece(&self.store, store, &part.sha256, range).expect("read")?;
            if piece.bytes.is_empty() {
                return Some(whole);
            }
            whole.extend(piece.bytes);
        }
    }

    fn lines(&self, store: &str, part: &SnapshotPart) -> (SnapshotHead, Vec<Change>) {
        let whole = self.whole(store, part).expect("it is there");
        assert_eq!(whole.len() as u64, part.bytes);
        let hash: String = Sha256::digest(&whole).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hash, part.sha256);
        let text = zstd::decode_all(&whole[..]).expect("zstd");
        assert_eq!(text.len() as u64, part.inflated_bytes);
        let mut lines = text.split(|byte| *byte == b'\n');
        let head = serde_json::from_slice(lines.next().expect("a head")).expect("a head");
        let changes = lines.map(|line| serde_json::from_slice(line).expect("a change")).collect();
        (head, changes)
    }

    /// What a pull hears first.
    fn head(&self, after: u64, takes_snapshot: bool) -> PageHead {
        self.head_of(Some(after), after, 10, takes_snapshot)
    }

    fn head_of(&self, began: Option<u64>, after: u64, limit: usize, takes_snapshot: bool) -> PageHead {
        let wanted = Wanted { store: "S1", after, began, limit, takes_snapshot };
        let page = feed::page(&self.store, &PageCache::default(), &wanted).expect("a page");
        let text = zstd::decode_all(&page[..]).expect("zstd");
        serde_json::from_slice(text.split(|byte| *byte == b'\n').next().expect("a head")).expect("a head")
    }
}

#[test]
fn a_file_of_a_place_is_shared_and_nobody_elses_is_given() {
    let hq = Headquarters::open();
    hq.categories(0, 50_000);
    hq.write(|writing| writing.delete_entity(Kind::Category, "7").map(drop));
    let offer = hq.offer("S1");
    assert_eq!(offer.check("S1"), Ok(()));
    let places: Vec<&str> = offer.parts.iter().map(|part| part.place.as_str()).collect();
    assert_eq!(places, ["", "S1", "group:north"]);
    let (head, changes) = hq.lines("S1", &offer.parts[0]);
    assert_eq!(head, SnapshotHead { place: String::new(), version: offer.parts[0].version });
    assert_eq!((changes.len(), offer.parts[0].changes), (49_999, 49_999), "without the deleted");
    assert!(changes.windows(2).all(|pair| pair[0].version < pair[1].version));
    let (_, own) = hq.lines("S1", &offer.parts[1]);
    assert!(matches!(&own[..], [Change { entity: Entity::Store(Some(store)), .. }] if store.code == "S1"));
    // The chain's file is everybody's; that of a store is not.
    let of_other = hq.offer("S2");
    assert_eq!(of_other.parts[0], offer.parts[0]);
    assert!(hq.whole("S2", &offer.parts[0]).is_some());
    assert!(hq.whole("S2", &offer.parts[1]).is_none());
    assert!(hq.whole("S1", &of_other.parts[1]).is_none());
    for name in ["", "../hq.db", &"0".repeat(64)] {
        assert_eq!(hq.snapshots.piece(&hq.store, "S1", name, (0, 9)).expect("read"), None, "{name}");
    }
    // As of 49,999 changes the lane is told, and of two pages it is not.
    let told = hq.head(0, true);
    assert!(told.snapshot && told.more && told.through == 0, "{told:?}");
    assert!(!hq.head(0, false).snapshot, "who does not take files is given pages");
    let version = told.latest;
    assert!(!hq.head(version - SNAPSHOT_CHANGES_MIN, true).snapshot);
    assert!(hq.head(version - SNAPSHOT_CHANGES_MIN - 1, true).snapshot);
}

#[test]
fn a_file_serves_until_two_pages_came_after_it_and_goes_in_time() {
    let hq = Headquarters::open();
    hq.categories(0, 10);
    let first = hq.offer("S1");
    hq.categories(10, LAG_CHANGES_MAX);
    assert_eq!(hq.offer("S1"), first);
    hq.categories(100_000, 1);
    let second = hq.offer("S1");
    assert!(second.parts[0].version > first.parts[0].version);
    // Nothing of the store's own has changed; but who took the old one would
    // have more after it than it is to get by page.
    assert!(second.parts.iter().zip(&first.parts).all(|(new, old)| new.version > old.version));
    assert!(!hq.head(second.version(), true).snapshot, "files are not followed by files");
    assert_eq!(hq.offer("S1"), second);
    assert!(hq.whole("S1", &first.parts[0]).is_some(), "who has begun with the old one may end with it");
    let files = || std::fs::read_dir(hq.folder.path().join("snapshots")).expect("a folder").count();
    assert_eq!(files(), 6);
    drop(Snapshots::open(&hq.folder.path().join("snapshots")).expect("a folder"));
    assert_eq!(files(), 0, "a start forgets them");
}

#[test]
fn a_store_that_nobody_changed_does_not_keep_its_lanes_at_files() {
    let hq = Headquarters::open();
    hq.offer("S1");
    hq.categories(0, LAG_CHANGES_MAX + 10_000);
    // Another store's lane has the chain's file made anew.
    let of_other = hq.offer("S2");
    let offer = hq.offer("S1");
    assert_eq!(offer.parts[0], of_other.parts[0], "what need not be is not made anew");
    assert!(!hq.head(offer.version(), true).snapshot, "{offer:?}");
}

#[test]
fn who_began_with_nothing_reads_through_what_is_long_ago() {
    const DAY_MS: i64 = 86_400_000;
    let hq = Headquarters::open();
    hq.categories(0, 15_000);
    feed::forget_deletions(&hq.store, DAY_MS).expect("noted");
    feed::forget_deletions(&hq.store, (1 + feed::DELETIONS_KEPT_DAYS) * DAY_MS).expect("done");
    let first = hq.head_of(Some(0), 0, 10_000, false);
    assert!(first.more && !first.anew, "{first:?}");
    for began in [Some(0), None] {
        let second = hq.head_of(began, first.through, 10_000, false);
        assert_eq!((second.anew, second.more, second.through), (false, false, second.latest), "{second:?}");
    }
    assert!(hq.head_of(Some(1), first.through, 10_000, false).anew, "who had some misses deletions");
}

#[test]
fn a_folder_that_takes_no_files_is_told_once_and_lanes_take_pages() {
    let hq = Headquarters::open();
    hq.categories(0, 10);
    std::fs::remove_dir_all(hq.folder.path().join("snapshots")).expect("gone");
    assert!(hq.snapshots.is_able());
    assert!(matches!(hq.snapshots.offer(&hq.store, "S1"), Err(FeedError::Write(_))));
    assert!(!hq.snapshots.is_able());
}

#[test]
fn who_slept_longer_than_deletions_are_kept_begins_anew() {
    const DAY_MS: i64 = 86_400_000;
    let hq = Headquarters::open();
    hq.categories(0, 10);
    let kept = feed::DELETIONS_KEPT_DAYS;
    assert_eq!(feed::forget_deletions(&hq.store, DAY_MS).expect("done"), 0);
    let slept_at = hq.head(0, false).latest;
    hq.write(|writing| writing.delete_entity(Kind::Category, "7").map(drop));
    for day in 2..=kept + 1 {
        assert_eq!(feed::forget_deletions(&hq.store, day * DAY_MS).expect("done"), 0, "day {day}");
        assert!(!hq.head(slept_at, true).anew, "day {day}");
    }
    // On day 2 the deletion was there: ninety days later it is forgotten.
    assert_eq!(feed::forget_deletions(&hq.store, (kept + 2) * DAY_MS).expect("done"), 1);
    let told = hq.head(slept_at, true);
    assert_eq!((told.anew, told.latest, told.through), (true, 0, slept_at), "{told:?}");
    assert!(hq.head(slept_at, false).anew, "an older program takes it for an HQ that was put back");
    let fresh = hq.head(0, true);
    assert!(!fresh.anew && fresh.latest > slept_at);
    assert!(!hq.head(slept_at + 1, true).anew, "who was told of the deletion goes on");
    // Snapshots of before serve nobody: who took one would be told to begin anew.
    let old = SnapshotPart { version: slept_at, ..hq.offer("S1").parts[0].clone() };
    hq.snapshots.kept().files.iter_mut().for_each(|made| {
        if made.part.place.is_empty() {
            made.part = old.clone();
        }
    });
    assert!(hq.offer("S1").parts[0].version > slept_at);
}

#[test]
fn a_range_is_one_run_of_bytes() {
    for (text, range) in [
        ("bytes=0-9", Some((0, 9))),
        ("bytes=5-", Some((5, u64::MAX))),
        (" bytes=7-7", Some((7, 7))),
        ("bytes=9-5", None),
        ("bytes=-5", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
        ("", None),
    ] {
        assert_eq!(parse_range(text), range, "{text}");
    }
}
