//! Files that come over a bad line, from an HQ that gives what it should not.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};

use axum::extract::{Path as Named, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use domain::catalogue::Catalogue;
use ledger::reference::Reference;
use protocol::pull::snapshot::SnapshotHead;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;

/// So many bytes this HQ gives at one time.
const PIECE: usize = 300;

/// So many goods are in the chain's file.
const GOODS: u64 = 200;

#[derive(Default)]
struct Counter {
    offer: Vec<SnapshotPart>,
    files: BTreeMap<String, Vec<u8>>,
    /// Pieces until the line is cut, once.
    cut_after: Option<u32>,
    offers: u32,
    bytes: usize,
}

type Shared = Arc<Mutex<Counter>>;

async fn offer(State(shared): State<Shared>) -> Json<SnapshotOffer> {
    let mut counter = shared.lock().expect("no panic");
    counter.offers += 1;
    Json(SnapshotOffer { parts: counter.offer.clone() })
}

async fn piece(State(shared): State<Shared>, Named(name): Named<String>, headers: HeaderMap) -> Response {
    let mut counter = shared.lock().expect("no panic");
    if let Some(left) = &mut counter.cut_after {
        if *left == 0 {
            counter.cut_after = None;
            return StatusCode::BAD_GATEWAY.into_response();
        }
        *left -= 1;
    }
    let Some(file) = counter.files.get(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let range = headers[header::RANGE].to_str().expect("a range");
    let (from, to) = range.trim_start_matches("bytes=").split_once('-').expect("two ends");
    let from: usize = from.parse().expect("a number");
    let to = (to.parse::<usize>().expect("a number") + 1).min(from + PIECE).min(file.len());
    let (piece, said) = (file[from..to].to_vec(), format!("bytes {from}-{}/{}", to - 1, file.len()));
    counter.bytes += piece.len();
    (StatusCode::PARTIAL_CONTENT, [(header::CONTENT_RANGE, said)], piece).into_response()
}

/// A file as HQ makes it, and what is said of it.
fn file(place: &str, version: u64, changes: &[serde_json::Value]) -> (SnapshotPart, Vec<u8>) {
    let mut text = serde_json::to_string(&SnapshotHead { place: place.into(), version }).expect("text");
    for change in changes {
        text.push('\n');
        text.push_str(&change.to_string());
    }
    let bytes = zstd::encode_all(text.as_bytes(), 3).expect("zstd");
    let sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let part = SnapshotPart {
        place: place.into(),
        version,
        changes: changes.len() as u64,
        bytes: bytes.len() as u64,
        inflated_bytes: text.len() as u64,
        sha256,
    };
    (part, bytes)
}

fn product(sku: u64, version: u64) -> serde_json::Value {
    let name: String = Sha256::digest(sku.to_string()).iter().map(|byte| format!("{byte:02x}")).collect();
    serde_json::json!({ "version": version, "key": sku.to_string(), "kind": "product", "body": {
        "sku": sku.to_string(), "name_zh": name, "name_en": "", "price": 100, "tax_rate": 1300 } })
}

fn goods() -> Vec<serde_json::Value> {
    let newer = serde_json::json!({ "version": 1, "key": "x", "kind": "voucher", "body": { "a": 1 } });
    (1..=GOODS).map(|sku| product(sku, sku + 1)).chain([newer]).collect()
}

struct Lane {
    _folder: TempDir,
    coming: Coming,
    hq: Hq,
    key: LaneKey,
    desk: ReferenceDesk,
    reference: PathBuf,
    counter: Shared,
}

impl Lane {
    async fn begin() -> Self {
        let counter = Shared::default();
        let router = Router::new()
            .route("/v1/snapshot", get(offer))
            .route("/v1/snapshot/{sha256}", get(piece))
            .with_state(counter.clone());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let hq = Hq::new(&format!("http://{}", listener.local_addr().expect("an address"))).expect("HQ");
        tokio::spawn(async move { axum::serve(listener, router).await });
        let folder = tempfile::tempdir().expect("a folder");
        let reference = folder.path().join("reference.db");
        let lane = Self {
            coming: Coming::new(folder.path().join("coming"), folder.path().join("next.db")),
            key: LaneKey { store: "S1".into(), lane: 1, key: "secret".into() },
            desk: ReferenceDesk::open(&reference).expect("a desk"),
            _folder: folder,
            hq,
            reference,
            counter,
        };
        lane.offers(&[file("", 500, &goods()), file("S1", 490, &[]), file("group:north", 510, &[])]);
        lane
    }

    fn counter(&self) -> MutexGuard<'_, Counter> {
        self.counter.lock().expect("no panic")
    }

    /// What HQ has from now on.
    fn offers(&self, files: &[(SnapshotPart, Vec<u8>)]) {
        let mut counter = self.counter();
        counter.offer = files.iter().map(|(part, _)| part.clone()).collect();
        counter.files = files.iter().map(|(part, bytes)| (part.sha256.clone(), bytes.clone())).collect();
    }

    async fn take(&self) -> Result<u64, TakeError> {
        self.coming.take(&self.hq, &self.key, &self.desk, 0).await
    }

    /// The version in use, and whether the last of the goods is there.
    fn has(&self) -> (u64, bool) {
        let reference = Reference::open(&self.reference).expect("opened").expect("there");
        (reference.version(), reference.item_by_sku(&GOODS.to_string()).expect("read").is_some())
    }

    async fn refuses(&self, files: &[(SnapshotPart, Vec<u8>)], says: &str) {
        self.offers(files);
        let error = self.take().await.expect_err("refused");
        assert!(matches!(error, TakeError::Form { .. } | TakeError::Offer(_)), "{error:?}");
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(self.has(), (0, false), "what is in use stands");
        self.coming.forget();
    }
}

#[tokio::test]
async fn files_come_over_a_line_that_is_cut_and_no_byte_twice() {
    let lane = Lane::begin().await;
    lane.counter().cut_after = Some(5);
    let cut = lane.take().await.expect_err("cut");
    assert!(matches!(cut, TakeError::Request(RequestError::Unreachable { .. })), "{cut}");
    let (have, of) = lane.coming.progress().expect("something came");
    assert_eq!(have, 5 * PIECE as u64);
    // HQ has made others meanwhile: who has begun with these ends with them.
    let others = file("", 900, &[]);
    lane.counter().offer = vec![others.0];
    let again = Coming::new(lane.coming.folder.clone(), lane.coming.next.clone());
    let version = again.take(&lane.hq, &lane.key, &lane.desk, 0).await.expect("taken");
    assert_eq!((version, lane.has()), (490, (490, true)), "the oldest of them");
    let (bytes, offers) = {
        let counter = lane.counter();
        (counter.bytes as u64, counter.offers)
    };
    assert_eq!((bytes, offers), (of, 1));
    assert_eq!(lane.coming.progress(), None);
    assert!(!lane.coming.folder.exists() && !lane.coming.next.exists(), "nothing is left");
}

#[tokio::test]
async fn a_file_that_was_damaged_on_the_disk_or_the_way_is_got_again() {
    let lane = Lane::begin().await;
    let good = lane.counter().files.clone();
    for bytes in lane.counter().files.values_mut() {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    }
    let damaged = lane.take().await.expect_err("damaged");
    assert!(damaged.to_string().contains("was damaged on its way; it is got again"), "{damaged}");
    assert_eq!(lane.has(), (0, false));
    lane.counter().files = good;
    while let Err(error) = lane.take().await {
        assert!(matches!(error, TakeError::Form { .. }), "{error}");
    }
    assert_eq!(lane.has(), (490, true));
}

#[tokio::test]
async fn a_file_is_what_it_says_or_is_not_taken() {
    let lane = Lane::begin().await;
    let store = || file("S1", 490, &[]);
    let (part, bytes) = file("", 500, &goods());
    let bomb = SnapshotPart { inflated_bytes: part.inflated_bytes - 1, ..part.clone() };
    lane.refuses(&[(bomb, bytes.clone()), store()], "has more in it than it says").await;
    let little = SnapshotPart { inflated_bytes: part.inflated_bytes + 1, ..part.clone() };
    lane.refuses(&[(little, bytes.clone()), store()], "has not as much in it as it says").await;
    let fewer = SnapshotPart { changes: part.changes + 1, ..part.clone() };
    lane.refuses(&[(fewer, bytes.clone()), store()], "has not as much in it as it says").await;
    let of_other = SnapshotPart { place: "S1".into(), ..part.clone() };
    lane.refuses(&[(of_other, bytes.clone())], "is of \"\", version 500").await;
    lane.refuses(&[(part.clone(), bytes), file("S2", 490, &[])], "is not a place of store S1").await;
    let rubbish = vec![7; 1_000];
    let sha256 = Sha256::digest(&rubbish).iter().map(|byte| format!("{byte:02x}")).collect();
    let rubbish_part = SnapshotPart { bytes: 1_000, sha256, ..part };
    lane.refuses(&[(rubbish_part, rubbish)], "cannot be read").await;
    let mut wrong = goods();
    wrong.push(serde_json::json!({ "version": 9, "key": "1", "kind": "product", "body": { "sku": 7 } }));
    lane.refuses(&[file("", 500, &wrong)], "has a change that cannot be read").await;
}

#[tokio::test]
async fn what_hq_has_no_more_and_what_was_offered_long_ago_is_asked_for_anew() {
    let lane = Lane::begin().await;
    lane.counter().cut_after = Some(5);
    lane.take().await.expect_err("cut");
    lane.offers(&[file("", 800, &goods()), file("S1", 800, &[])]);
    let gone = lane.take().await.expect_err("gone");
    assert!(matches!(gone, TakeError::Gone), "{gone}");
    lane.counter().cut_after = Some(5);
    lane.take().await.expect_err("cut");
    // While it was switched off the lane came to a later version by page.
    lane.offers(&[file("", 950, &goods())]);
    let taken = lane.coming.take(&lane.hq, &lane.key, &lane.desk, 900).await;
    assert_eq!((taken.expect("taken"), lane.has()), (950, (950, true)));
}
