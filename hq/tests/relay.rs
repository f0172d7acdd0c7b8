//! A store's relay between its lanes and a real HQ, over real sockets: with
//! HQ there, away, and back again; and both of them over TLS.

#[path = "relay/go.rs"]
mod go;
#[path = "lane/mod.rs"]
mod lane;
#[path = "relay/standing.rs"]
mod standing;

use std::path::{Path, PathBuf};

use hq::command::{self, Command, Outcome};
use hq::relay::{self, Health};
use hq::server::tls::Pair;
use hq::server::{self, Config, Running, ServeError};
use lane::Lane;
use protocol::ask::{Answer, CodeTaken, CouponRefused, Question, ReceiptRefused};
use protocol::enrol::Enrolment;
use protocol::event::{self, Fact, Origin, Phone, PhoneTaken, SpentCoupon};
use protocol::push::{BATCH_BYTES_MAX, PushAnswer, PushRefusal};
use reqwest::{Certificate, Client, Response, StatusCode};

const SHOP: &str = r#"{
    "store": {"code": "S1", "name_zh": "一店", "name_en": "One", "currency": "CNY",
              "currency_symbol": "¥", "currency_exponent": 2, "cash_rounding": 1},
    "categories": [{"id": "drinks", "name_zh": "饮料", "name_en": "Drinks", "position": 1}]
}"#;

const GOODS: &str = "sku,name_zh,name_en,category,price,tax_rate,codes
1,清泉水,Water,drinks,2.50,1300,6901028075763
";

/// An HQ, the relay of store S1, and whoever talks to them.
struct Chain {
    folder: tempfile::TempDir,
    hq: Option<Running>,
    address: std::net::SocketAddr,
    relay: relay::Running,
    client: Client,
}

fn config(folder: &Path, listen: std::net::SocketAddr, tls: Option<Pair>) -> Config {
    Config { data: folder.join("hq"), database: None, listen, address_file: None, tls }
}

fn relay_config(folder: &Path, upstream: &str) -> relay::Config {
    relay::Config {
        data: folder.join("relay"),
        store: "S1".into(),
        upstream: upstream.to_owned(),
        root: None,
        listen: ([127, 0, 0, 1], 0).into(),
        address_file: None,
        tls: None,
    }
}

fn import(folder: &Path) {
    let path = folder.join("in");
    std::fs::create_dir_all(&path).expect("a folder");
    std::fs::write(path.join("shop.json"), SHOP).expect("a file");
    std::fs::write(path.join("products.csv"), GOODS).expect("a file");
    let import = Command::Import { path, replace: false, dry_run: false };
    // Lanes whose journals are not what a test is about do without a hand.
    for command in [import, Command::UnsignedLanes { allow: Some(true) }] {
        command::run(&folder.join("hq"), None, &command, 0, &mut |_| {}).expect("done");
    }
}

impl Chain {
    async fn open() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a folder");
        import(folder.path());
        let hq = server::start(config(folder.path(), ([127, 0, 0, 1], 0).into(), None)).await.expect("HQ");
        let relay = relay::start(relay_config(folder.path(), &hq.url())).await.expect("a relay");
        Self { address: hq.address(), folder, hq: Some(hq), relay, client: Client::new() }
    }

    async fn hq_goes(&mut self) {
        self.hq.take().expect("it is there").stop().await.expect("stopped");
    }

    async fn hq_comes(&mut self) {
        self.hq = Some(server::start(config(self.folder.path(), self.address, None)).await.expect("HQ"));
        for _ in 0..200 {
            if self.health().await.hq_is_up {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the relay does not see HQ");
    }

    async fn command(&self, command: Command) -> Outcome {
        let data = self.folder.path().join("hq");
        let asked = tokio::task::spawn_blocking(move || command::run(&data, None, &command, 0, &mut |_| {}));
        asked.await.expect("a task").expect("an outcome")
    }

    /// Enrols a lane through the relay.
    async fn enrol(&self, lane: u32) -> Lane {
        let Outcome::Code { code } = self.command(Command::Enrol { store: "S1".into(), lane }).await else {
            panic!("no code")
        };
        let sent = self.client.post(format!("{}/v1/enrol", self.relay.url()));
        let answer = sent.json(&serde_json::json!({ "code": code })).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        Lane::new(answer.json::<Enrolment>().await.expect("an enrolment"))
    }

    /// Sends what a lane's journal has from a number on; `to` is HQ's routes or those of the copy.
    async fn send(&self, lane: &Lane, to: &str, from: usize) -> Result<PushAnswer, PushRefusal> {
        let url = format!("{}{to}/v1/lanes/S1/{}/events", self.relay.url(), lane.identity.lane);
        let body = lane.batch(from, lane.events.len());
        let sent = self.client.post(url).bearer_auth(&lane.identity.key).body(body).send();
        let answer = sent.await.expect("an answer");
        match answer.status() {
            StatusCode::OK => Ok(answer.json().await.expect("an answer")),
            _ => Err(answer.json().await.expect("a refusal")),
        }
    }

    async fn copied(&self, lane: &Lane) -> Response {
        let Enrolment { lane: number, epoch, key, .. } = &lane.identity;
        let url = format!("{}/copy/v1/lanes/S1/{number}/position?epoch={epoch}", self.relay.url());
        self.client.get(url).bearer_auth(key).send().await.expect("an answer")
    }

    async fn ask_at(&self, base: &str, lane: &Lane, question: &Question) -> Response {
        let url = format!("{base}/v1/lanes/S1/{}/ask", lane.identity.lane);
        let asked = self.client.post(url).bearer_auth(&lane.identity.key).json(question).send();
        asked.await.expect("an answer")
    }

    async fn ask(&self, lane: &Lane, question: Question) -> Answer {
        let answer = self.ask_at(&self.relay.url(), lane, &question).await;
        assert_eq!(answer.status(), StatusCode::OK);
        answer.json().await.expect("an answer")
    }

    /// Whether a lane may give back from lane 1's first sale: what came back of it before, or why not.
    async fn claim(&self, lane: &Lane) -> Result<usize, ReceiptRefused> {
        match self.ask(lane, Question::ClaimReceipt { origin: first_sale() }).await {
            Answer::ReceiptClaimed { later, .. } => Ok(later.len()),
            Answer::ReceiptNotClaimed { why } => Err(why),
            other => panic!("a claim, not {other:?}"),
        }
    }

    async fn health(&self) -> Health {
        let answer = self.client.get(format!("{}/healthz", self.relay.url())).send().await;
        answer.expect("an answer").json().await.expect("its health")
    }
}

fn first_sale() -> Origin {
    Origin { store: "S1".into(), lane: 1, epoch: 1, seq: 1 }
}

#[tokio::test]
async fn what_lanes_ask_goes_through_and_their_journals_are_copied() {
    let chain = Chain::open().await;
    let mut one = chain.enrol(1).await;
    one.sell(250);
    assert_eq!(chain.send(&one, "", 1).await.map(|answer| answer.acknowledged), Ok(1));
    // The copy of a lane that was enrolled through the relay begins at the beginning.
    let at: PushAnswer = chain.copied(&one).await.json().await.expect("a position");
    assert_eq!((at.acknowledged, at.head), (0, one.hash(0).to_string()));
    one.sell(400);
    one.sell(600);
    assert_eq!(chain.send(&one, "/copy", 1).await.map(|answer| answer.acknowledged), Ok(3));
    assert_eq!(chain.send(&one, "/copy", 1).await.map(|answer| answer.acknowledged), Ok(3), "sent again");
    let lanes = chain.health().await.lanes;
    assert_eq!((lanes.len(), lanes[0].lane, lanes[0].seq), (1, 1, 3));
    // A gap and another past are refused as HQ refuses them.
    one.sell(100);
    one.sell(100);
    assert_eq!(chain.send(&one, "/copy", 5).await, Err(PushRefusal::Gap { acknowledged: 3 }));
    let mut other = one.clone();
    other.events.truncate(2);
    other.sell(1);
    other.sell(2);
    assert_eq!(chain.send(&other, "/copy", 2).await, Err(PushRefusal::Fork { seq: 3 }));
    assert_eq!(chain.send(&one, "/copy", 4).await.map(|answer| answer.acknowledged), Ok(5));
    // HQ has only what was sent to it: the lane still sends the rest.
    assert_eq!(chain.send(&one, "", 2).await.map(|answer| answer.acknowledged), Ok(5));
    let nobody = Lane::new(Enrolment { key: "0".repeat(64), ..one.identity.clone() });
    assert_eq!(chain.copied(&nobody).await.status(), StatusCode::UNAUTHORIZED);
    let url = format!("{}/v1/lanes/S2/1/position?epoch=1", chain.relay.url());
    let elsewhere = chain.client.get(url).bearer_auth(&one.identity.key).send().await.expect("an answer");
    assert_eq!(elsewhere.status(), StatusCode::NOT_FOUND);
    chain.relay.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_copy_that_is_cut_off_or_a_bomb_is_refused_and_the_next_one_taken() {
    let mut chain = Chain::open().await;
    let mut one = chain.enrol(1).await;
    assert_eq!(chain.copied(&one).await.status(), StatusCode::OK);
    (0..20).for_each(|_| one.sell(100));
    // Also where nobody but the relay looks at it.
    for is_there in [true, false] {
        if !is_there {
            chain.hq_goes().await;
        }
        let url = format!("{}/copy/v1/lanes/S1/1/events", chain.relay.url());
        let send = async |body: Vec<u8>| {
            let sent = chain.client.post(&url).bearer_auth(&one.identity.key).body(body).send().await;
            sent.expect("an answer")
        };
        let whole = one.batch(1, 20);
        for length in [0, 1, 4, whole.len() / 2, whole.len() - 1] {
            let answer = send(whole[..length].to_vec()).await;
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{length} of {} bytes", whole.len());
            let refused = answer.json::<PushRefusal>().await.expect("a refusal");
            assert!(matches!(refused, PushRefusal::Malformed { .. }), "{refused:?}");
        }
        let bomb = std::io::Read::take(std::io::repeat(b' '), 64 * BATCH_BYTES_MAX as u64);
        let bomb = zstd::encode_all(bomb, 3).expect("zstd");
        assert!(bomb.len() < BATCH_BYTES_MAX / 8);
        assert_eq!(send(bomb).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
        let at: PushAnswer = chain.copied(&one).await.json().await.expect("a position");
        assert_eq!(at.acknowledged, 0, "nothing of it is copied");
    }
    assert_eq!(chain.send(&one, "/copy", 1).await.map(|answer| answer.acknowledged), Ok(20));
    chain.relay.stop().await.expect("stopped");
}

#[tokio::test]
async fn of_a_sale_one_lane_of_the_store_gives_back_while_hq_is_away_and_hq_hears_of_it() {
    let mut chain = Chain::open().await;
    let (mut one, mut two) = (chain.enrol(1).await, chain.enrol(2).await);
    for lane in [&one, &two] {
        assert_eq!(chain.copied(lane).await.status(), StatusCode::OK);
    }
    one.sell(500);
    chain.send(&one, "", 1).await.expect("filed");
    chain.send(&one, "/copy", 1).await.expect("copied");
    chain.hq_goes().await;
    assert_eq!(chain.claim(&two).await, Ok(0), "the store knows its own sale");
    assert!(!chain.health().await.hq_is_up);
    assert_eq!(chain.claim(&two).await, Ok(0), "an answer that was lost");
    assert_eq!(chain.claim(&one).await, Err(ReceiptRefused::Held));
    chain.ask(&one, Question::ReleaseReceipt { origin: first_sale() }).await;
    assert_eq!(chain.claim(&one).await, Err(ReceiptRefused::Held), "nobody releases another's");
    two.refund(500, 500);
    chain.send(&two, "/copy", 1).await.expect("copied");
    assert_eq!(chain.claim(&one).await, Err(ReceiptRefused::NothingLeft));
    let unknown = Question::ClaimReceipt { origin: Origin { seq: 9, ..first_sale() } };
    assert_eq!(chain.ask(&one, unknown).await, Answer::Unreachable {});
    // Nobody who was not let in before is let in now, and what is pushed waits.
    let nobody = Lane::new(Enrolment { key: "0".repeat(64), ..one.identity.clone() });
    let question = Question::ClaimReceipt { origin: first_sale() };
    let refused = chain.ask_at(&chain.relay.url(), &nobody, &question).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key("retry-after"));

    chain.hq_comes().await;
    // HQ has not heard of the return; the store has.
    assert_eq!(chain.claim(&one).await, Err(ReceiptRefused::NothingLeft));
    let hq = chain.hq.as_ref().expect("it is there").url();
    let direct: Answer = chain.ask_at(&hq, &two, &question).await.json().await.expect("an answer");
    assert!(matches!(direct, Answer::ReceiptClaimed { .. }), "HQ's claim was given back: {direct:?}");
    chain.send(&two, "", 1).await.expect("filed");
    assert_eq!(chain.claim(&one).await, Err(ReceiptRefused::NothingLeft));
    let Outcome::Exceptions { exceptions } = chain.command(Command::Exceptions).await else {
        panic!("no exceptions")
    };
    assert!(exceptions.is_empty(), "{exceptions:?}");
    chain.relay.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_lane_is_known_though_hq_goes_before_it_asked_for_its_copy() {
    let mut chain = Chain::open().await;
    let (mut one, two) = (chain.enrol(1).await, chain.enrol(2).await);
    assert_eq!(chain.copied(&two).await.status(), StatusCode::OK);
    one.sell(100);
    chain.send(&one, "", 1).await.expect("filed");
    chain.hq_goes().await;
    let at: PushAnswer = chain.copied(&one).await.json().await.expect("a position");
    assert_eq!(at.acknowledged, 0);
    one.sell(200);
    chain.send(&one, "/copy", 1).await.expect("copied");
    let second = Question::ClaimReceipt { origin: Origin { seq: 2, ..first_sale() } };
    assert!(matches!(chain.ask(&two, second).await, Answer::ReceiptClaimed { .. }));
    chain.relay.stop().await.expect("stopped");
}

#[tokio::test]
async fn while_hq_is_away_no_two_lanes_of_a_store_spend_one_coupon() {
    let mut chain = Chain::open().await;
    let (mut one, two) = (chain.enrol(1).await, chain.enrol(2).await);
    for lane in [&one, &two] {
        assert_eq!(chain.copied(lane).await.status(), StatusCode::OK);
    }
    chain.hq_goes().await;
    let claim = |code: &str| Question::ClaimCoupon { code: code.into(), member: None };
    assert_eq!(
        chain.ask(&one, claim("C1")).await,
        Answer::Unreachable {},
        "what it stands for, the lane knows"
    );
    let reserved = Answer::CouponNotClaimed { why: CouponRefused::Reserved };
    assert_eq!(chain.ask(&two, claim("C1")).await, reserved);
    chain.ask(&two, Question::ReleaseCoupon { code: "C1".into() }).await;
    assert_eq!(chain.ask(&two, claim("C1")).await, reserved, "nobody releases another's");
    let mut sale = lane::sale(vec![lane::line("1", 250)]);
    sale.coupons = vec![SpentCoupon { code: "C1".into(), promotion: "k1".into(), off: 100 }];
    one.complete(sale);
    chain.send(&one, "/copy", 1).await.expect("copied");
    let used = Answer::CouponNotClaimed { why: CouponRefused::Used };
    assert_eq!(chain.ask(&two, claim("C1")).await, used);
    assert_eq!(chain.ask(&one, claim("C1")).await, used);
    // One that a lane was shown and did not spend is free once its journal says that it went on.
    assert_eq!(chain.ask(&one, claim("C2")).await, Answer::Unreachable {});
    chain.ask(&one, Question::ReleaseCoupon { code: "C2".into() }).await;
    assert_eq!(chain.ask(&two, claim("C2")).await, Answer::Unreachable {});
    assert_eq!(chain.ask(&one, claim("C2")).await, reserved);
    chain.relay.stop().await.expect("stopped");
}

/// A sale of lane 1 with two lines, of which the second lane gives one back while HQ is away; the store has a copy of both.
async fn half_given_back(chain: &mut Chain, lanes: (&mut Lane, &mut Lane)) {
    let (one, two) = lanes;
    let second = event::Line { line: 2, ..lane::line("1", 400) };
    one.complete(lane::sale(vec![lane::line("1", 250), second]));
    chain.send(one, "", 1).await.expect("filed");
    chain.send(one, "/copy", 1).await.expect("copied");
    chain.hq_goes().await;
    assert_eq!(chain.claim(two).await, Ok(0));
    two.refund(250, 250);
    chain.send(two, "/copy", 1).await.expect("copied");
    chain.hq_comes().await;
}

#[tokio::test]
async fn what_the_store_knows_more_of_stays_held_at_hq_too() {
    let mut chain = Chain::open().await;
    let (mut one, mut two, three) = (chain.enrol(1).await, chain.enrol(2).await, chain.enrol(3).await);
    for lane in [&one, &two] {
        assert_eq!(chain.copied(lane).await.status(), StatusCode::OK);
    }
    half_given_back(&mut chain, (&mut one, &mut two)).await;
    // HQ has not heard of what came back; the lane is told of it, and has what is left.
    assert_eq!(chain.claim(&one).await, Ok(1));
    let hq = chain.hq.as_ref().expect("it is there").url();
    let question = Question::ClaimReceipt { origin: first_sale() };
    let direct: Answer = chain.ask_at(&hq, &three, &question).await.json().await.expect("an answer");
    assert_eq!(
        direct,
        Answer::ReceiptNotClaimed { why: ReceiptRefused::Held },
        "it is lane 1's at HQ as well"
    );
    chain.relay.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_sale_that_hq_has_not_heard_of_is_one_lanes_all_the_same() {
    let chain = Chain::open().await;
    let (mut one, mut two) = (chain.enrol(1).await, chain.enrol(2).await);
    for lane in [&one, &two] {
        assert_eq!(chain.copied(lane).await.status(), StatusCode::OK);
    }
    one.sell(500);
    chain.send(&one, "/copy", 1).await.expect("copied");
    assert_eq!(chain.claim(&two).await, Ok(0), "the store knows its own sale");
    // A lane that is told that nobody knows its sale gives it back by itself.
    assert_eq!(chain.claim(&one).await, Err(ReceiptRefused::Held));
    two.refund(500, 500);
    chain.send(&two, "/copy", 1).await.expect("copied");
    assert_eq!(chain.claim(&one).await, Err(ReceiptRefused::NothingLeft));
    let nobodys = Question::ClaimReceipt { origin: Origin { seq: 9, ..first_sale() } };
    let unknown = Answer::ReceiptNotClaimed { why: ReceiptRefused::Unknown };
    assert_eq!(chain.ask(&one, nobodys).await, unknown);
    chain.relay.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_receipt_is_a_lanes_at_the_relay_for_as_long_as_hq_said() {
    let mut chain = Chain::open().await;
    let (mut one, mut two) = (chain.enrol(1).await, chain.enrol(2).await);
    for lane in [&one, &two] {
        assert_eq!(chain.copied(lane).await.status(), StatusCode::OK);
    }
    one.sell(500);
    chain.send(&one, "", 1).await.expect("filed");
    chain.send(&one, "/copy", 1).await.expect("copied");
    assert_eq!(chain.claim(&two).await, Ok(0), "HQ says half an hour");
    two.at_ms = chrono::Utc::now().timestamp_millis() + 28 * 60_000;
    two.sell(100);
    chain.send(&two, "/copy", 1).await.expect("copied");
    chain.hq_goes().await;
    assert_eq!(chain.claim(&one).await, Err(ReceiptRefused::Held));
    two.at_ms += 15 * 60_000;
    two.sell(100);
    chain.send(&two, "/copy", 2).await.expect("copied");
    assert_eq!(chain.claim(&one).await, Ok(0), "its time is over by its own clock");
    chain.relay.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_coupon_that_came_back_is_good_again_while_hq_is_away() {
    let mut chain = Chain::open().await;
    let (mut one, two) = (chain.enrol(1).await, chain.enrol(2).await);
    for lane in [&one, &two] {
        assert_eq!(chain.copied(lane).await.status(), StatusCode::OK);
    }
    chain.hq_goes().await;
    let claim = || Question::ClaimCoupon { code: "C1".into(), member: None };
    let mut sale = lane::sale(vec![lane::line("1", 250)]);
    sale.coupons = vec![SpentCoupon { code: "C1".into(), promotion: "k1".into(), off: 100 }];
    one.complete(sale);
    chain.send(&one, "/copy", 1).await.expect("copied");
    assert_eq!(chain.ask(&two, claim()).await, Answer::CouponNotClaimed { why: CouponRefused::Used });
    one.refund_with_coupons(250, &["C1"]);
    chain.send(&one, "/copy", 2).await.expect("copied");
    assert_eq!(chain.ask(&two, claim()).await, Answer::Unreachable {}, "nothing speaks against it");
    chain.relay.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_basket_that_its_own_lane_took_up_is_not_offered_to_it_before_its_copy_says_so() {
    let mut chain = Chain::open().await;
    let (mut one, two) = (chain.enrol(1).await, chain.enrol(2).await);
    for lane in [&one, &two] {
        assert_eq!(chain.copied(lane).await.status(), StatusCode::OK);
    }
    chain.hq_goes().await;
    let parked = event::Parked {
        number: 1,
        staff: "u1".into(),
        at_ms: chrono::Utc::now().timestamp_millis(),
        note: String::new(),
        lines: vec![lane::line("1", 250)],
        numbers_given: 1,
        age_confirmed: false,
        voids: 0,
        discount: None,
        member: None,
        coupons: Vec::new(),
        tender: None,
        tenders: Vec::new(),
        seller: None,
        sale_note: String::new(),
        phones: Vec::new(),
    };
    let offered = one.event(Fact::BasketOffered { parked: Box::new(parked) });
    one.write(event::encode(&offered));
    chain.send(&one, "/copy", 1).await.expect("copied");
    let told = async |lane: &Lane| {
        let question = Question::ParkedBaskets { epoch: 1, own: Vec::new() };
        match chain.ask(lane, question).await {
            Answer::ParkedBaskets { baskets, .. } => baskets.len(),
            other => panic!("baskets, not {other:?}"),
        }
    };
    assert_eq!(told(&two).await, 1);
    assert_eq!(told(&one).await, 0, "it has it no more, and knows why");
    chain.relay.stop().await.expect("stopped");
}

#[tokio::test]
async fn while_hq_is_away_no_two_lanes_of_a_store_use_one_code() {
    let mut chain = Chain::open().await;
    let (mut one, two) = (chain.enrol(1).await, chain.enrol(2).await);
    for lane in [&one, &two] {
        assert_eq!(chain.copied(lane).await.status(), StatusCode::OK);
    }
    let (first, second, third) = ("01".repeat(12), "02".repeat(12), "03".repeat(12));
    let claim = |id: &str| Question::ClaimCode { id: id.into() };
    let is_claimed = |answer: Answer| matches!(answer, Answer::CodeClaimed { .. });
    let held = Answer::CodeNotClaimed { why: CodeTaken::Held { lane: 1 } };
    // With HQ there, the relay knows what HQ gave.
    assert!(is_claimed(chain.ask(&one, claim(&first)).await));
    assert!(is_claimed(chain.ask(&two, claim(&third)).await));
    chain.hq_goes().await;
    assert_eq!(chain.ask(&two, claim(&first)).await, held);
    chain.ask(&two, Question::ReleaseCode { id: first.clone() }).await;
    assert_eq!(chain.ask(&two, claim(&first)).await, held, "nobody releases another's");
    // Nothing of it could be sold there.
    chain.ask(&one, Question::ReleaseCode { id: first.clone() }).await;
    assert!(is_claimed(chain.ask(&two, claim(&first)).await));
    chain.ask(&two, Question::ReleaseCode { id: first.clone() }).await;
    // What the relay alone was told is claimed as well, and again where an answer was lost.
    assert!(is_claimed(chain.ask(&one, claim(&second)).await));
    assert!(is_claimed(chain.ask(&one, claim(&second)).await));
    assert_eq!(chain.ask(&two, claim(&second)).await, held);
    let basket =
        PhoneTaken { id: second.clone(), until_ms: 9, shown: 1, charged: 1, lines: Vec::new(), seen: false };
    let taken = one.event(Fact::Phone(Phone::BasketTaken { basket }));
    one.write(event::encode(&taken));
    chain.send(&one, "/copy", 1).await.expect("copied");
    let used = Answer::CodeNotClaimed { why: CodeTaken::Used { lane: 1, at_ms: Some(taken.at_ms) } };
    assert_eq!(chain.ask(&two, claim(&second)).await, used);

    chain.hq_comes().await;
    // HQ has not heard of it; the store has, and HQ's claim goes back.
    assert_eq!(chain.ask(&two, claim(&second)).await, used);
    let hq = chain.hq.as_ref().expect("it is there").url();
    let direct: Answer = chain.ask_at(&hq, &one, &claim(&second)).await.json().await.expect("an answer");
    assert!(is_claimed(direct), "HQ's claim was given back");
    // What HQ gave lane 2 before it went is lane 2's there, and a no of HQ's is passed on.
    let held = Answer::CodeNotClaimed { why: CodeTaken::Held { lane: 2 } };
    assert_eq!(chain.ask(&one, claim(&third)).await, held);
    // A release goes to both.
    chain.ask(&two, Question::ReleaseCode { id: third.clone() }).await;
    assert!(is_claimed(chain.ask(&one, claim(&third)).await));
    chain.send(&one, "", 1).await.expect("filed");
    assert_eq!(chain.ask(&two, claim(&second)).await, used, "HQ says the same");
    chain.relay.stop().await.expect("stopped");
}

#[tokio::test]
async fn the_key_of_a_stolen_till_opens_nothing_any_more() {
    let mut chain = Chain::open().await;
    let mut one = chain.enrol(1).await;
    assert_eq!(chain.copied(&one).await.status(), StatusCode::OK);
    one.sell(250);
    chain.command(Command::Revoke { store: "S1".into(), lane: 1 }).await;
    assert_eq!(chain.send(&one, "", 1).await, Err(PushRefusal::Unauthorised));
    chain.hq_goes().await;
    let question = Question::ClaimReceipt { origin: first_sale() };
    let refused = chain.ask_at(&chain.relay.url(), &one, &question).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let url = format!("{}/copy/v1/lanes/S1/1/events", chain.relay.url());
    let sent = chain.client.post(url).bearer_auth(&one.identity.key).body(one.batch(1, 1)).send();
    assert_eq!(sent.await.expect("an answer").status(), StatusCode::SERVICE_UNAVAILABLE);
    chain.relay.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_page_that_went_by_is_there_while_hq_is_away() {
    let mut chain = Chain::open().await;
    let (one, two) = (chain.enrol(1).await, chain.enrol(2).await);
    assert_eq!(chain.copied(&two).await.status(), StatusCode::OK);
    let page = |lane: &Lane, after: u64| {
        let url = format!("{}/v1/reference?after={after}&limit=500&in_use=0", chain.relay.url());
        chain.client.get(url).bearer_auth(&lane.identity.key).send()
    };
    let (first, again) = (page(&one, 0), page(&two, 0));
    let (later, nobody) =
        (page(&two, 7), page(&Lane::new(Enrolment { key: "1".into(), ..one.identity.clone() }), 0));
    let first = first.await.expect("an answer").bytes().await.expect("a page");
    chain.hq_goes().await;
    assert_eq!(again.await.expect("an answer").bytes().await.expect("a page"), first);
    assert_eq!(later.await.expect("an answer").status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(nobody.await.expect("an answer").status(), StatusCode::SERVICE_UNAVAILABLE);
    chain.relay.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_relay_goes_on_where_it_stopped_and_is_one_stores() {
    let chain = Chain::open().await;
    let mut one = chain.enrol(1).await;
    assert_eq!(chain.copied(&one).await.status(), StatusCode::OK);
    one.sell(500);
    chain.send(&one, "/copy", 1).await.expect("copied");
    let Chain { folder, hq, relay, client, .. } = chain;
    relay.stop().await.expect("stopped");
    let hq = hq.expect("it is there");
    let other = relay::Config { store: "S2".into(), ..relay_config(folder.path(), &hq.url()) };
    let refused = relay::start(other).await.expect_err("another store's").to_string();
    assert!(refused.contains("the relay of store S1, not of S2"), "{refused}");
    let relay = relay::start(relay_config(folder.path(), &hq.url())).await.expect("a relay");
    let taken =
        relay::start(relay_config(folder.path(), &hq.url())).await.expect_err("it is taken").to_string();
    assert!(taken.contains("relay"), "{taken}");
    let chain = Chain { address: hq.address(), folder, hq: Some(hq), relay, client };
    let lanes = chain.health().await.lanes;
    assert_eq!((lanes.len(), lanes[0].seq), (1, 1));
    chain.relay.stop().await.expect("stopped");
    let file = chain.folder.path().join("relay").join(relay::FILE_NAME);
    for beside in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{beside}", file.display()));
    }
    std::fs::write(&file, b"not a database, but long enough to be taken for a page of one").expect("a file");
    let url = chain.hq.as_ref().expect("it is there").url();
    assert!(relay::start(relay_config(chain.folder.path(), &url)).await.is_err());
}

/// A root of the chain's own, and pairs that are signed with it.
struct Authority {
    folder: PathBuf,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Authority {
    fn make(folder: &Path) -> Self {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut root = rcgen::CertificateParams::new(Vec::new()).expect("a form");
        root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = root.self_signed(&key).expect("a root");
        std::fs::write(folder.join("root.pem"), certificate.pem()).expect("a file");
        Self { folder: folder.to_owned(), issuer: rcgen::Issuer::new(root, key) }
    }

    fn root(&self) -> PathBuf {
        self.folder.join("root.pem")
    }

    fn pair(&self, name: &str) -> Pair {
        let key = rcgen::KeyPair::generate().expect("a key");
        let form = rcgen::CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]);
        let certificate = form.expect("a form").signed_by(&key, &self.issuer).expect("a certificate");
        let of = |what: &str| self.folder.join(format!("{name}-{what}.pem"));
        let pair = Pair { certificate: of("cert"), key: of("key") };
        std::fs::write(&pair.certificate, certificate.pem()).expect("a file");
        std::fs::write(&pair.key, key.serialize_pem()).expect("a file");
        pair
    }
}

#[tokio::test]
async fn hq_and_a_relay_speak_tls_and_nobody_else_is_believed() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a folder");
    import(folder.path());
    let authority = Authority::make(folder.path());
    let (of_hq, of_relay) = (authority.pair("hq"), authority.pair("relay"));
    // A key that is not the certificate's is told at the start.
    let mixed = Pair { certificate: of_hq.certificate.clone(), key: of_relay.key.clone() };
    let listen = ([127, 0, 0, 1], 0).into();
    let refused = server::start(config(folder.path(), listen, Some(mixed))).await.expect_err("another's key");
    assert!(matches!(refused, ServeError::Pair(_)));
    assert!(refused.to_string().contains("is it the key of this certificate?"), "{refused}");
    let missing = Pair { certificate: folder.path().join("none.pem"), key: of_hq.key.clone() };
    let refused = server::start(config(folder.path(), listen, Some(missing))).await.expect_err("no file");
    assert!(refused.to_string().contains("a PEM file with a certificate is needed"), "{refused}");

    let hq = server::start(config(folder.path(), listen, Some(of_hq))).await.expect("HQ");
    assert!(hq.url().starts_with("https://"));
    // The command line of HQ's own machine goes on.
    let data = folder.path().join("hq");
    let enrol = Command::Enrol { store: "S1".into(), lane: 1 };
    let asked = tokio::task::spawn_blocking(move || command::run(&data, None, &enrol, 0, &mut |_| {}));
    let outcome = asked.await.expect("a task").expect("an outcome");
    let Outcome::Code { code } = outcome else { panic!("no code: {outcome:?}") };

    let root = Some(authority.root());
    let trusting = relay::Config { root, tls: Some(of_relay), ..relay_config(folder.path(), &hq.url()) };
    let through = relay::start(trusting).await.expect("a relay");
    let pem = std::fs::read(authority.root()).expect("a root");
    let client = Client::builder().tls_certs_merge([Certificate::from_pem(&pem).expect("a root")]);
    let client = client.build().expect("a client");
    let enrol = |client: &Client, base: String| {
        client.post(format!("{base}/v1/enrol")).json(&serde_json::json!({ "code": code })).send()
    };
    let stranger = Client::new();
    for base in [hq.url(), through.url()] {
        enrol(&stranger, base.clone()).await.expect_err("nobody vouches for it");
        enrol(&client, base.replace("https", "http")).await.expect_err("it speaks no plain HTTP");
    }
    let answer = enrol(&client, through.url()).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
    through.stop().await.expect("stopped");
    // A relay that was not given the root does not reach HQ, and says so.
    let strange = relay::start(relay_config(folder.path(), &hq.url())).await.expect("a relay");
    let answer = enrol(&client, strange.url()).await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    strange.stop().await.expect("stopped");
    hq.stop().await.expect("stopped");
}

/// An agent asks for the reference, as it does every ten seconds, and says how far its lane's journal is.
async fn says(chain: &Chain, lane: &Lane, last: u64) {
    let url = format!("{}/v1/reference?after=0&limit=100&epoch=1&last={last}", chain.relay.url());
    let answer = chain.client.get(url).bearer_auth(&lane.identity.key).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::OK);
}

/// Where lanes are known to be, by lane and number, and of which nobody knows.
async fn positions(chain: &Chain, asks: &Lane) -> (Vec<(u32, u64)>, Vec<u32>) {
    match chain.ask(asks, Question::Positions {}).await {
        Answer::Positions { known, unknown } => {
            (known.into_iter().map(|at| (at.lane, at.seq)).collect(), unknown)
        }
        other => panic!("positions, not {other:?}"),
    }
}

#[tokio::test]
async fn how_far_a_lane_is_its_agent_said_just_now_or_nobody_knows() {
    let mut chain = Chain::open().await;
    let (mut one, mut two) = (chain.enrol(1).await, chain.enrol(2).await);
    one.sell(250);
    two.sell(250);
    chain.send(&one, "", 1).await.expect("filed");
    chain.send(&two, "", 1).await.expect("filed");
    // What is filed says how far HQ is, and not how far the lane is.
    assert_eq!(positions(&chain, &one).await, (vec![], vec![1, 2]));
    says(&chain, &one, 1).await;
    assert_eq!(positions(&chain, &one).await, (vec![(1, 1)], vec![2]));
    // Filed since then: the lane is at least so far.
    one.sell(300);
    chain.send(&one, "", 2).await.expect("filed");
    assert_eq!(positions(&chain, &two).await, (vec![(1, 2)], vec![2]));
    // The relay heard of the other one while HQ is away, and of a copy that is further than its word.
    chain.hq_goes().await;
    says(&chain, &two, 1).await;
    two.sell(400);
    for lane in [&one, &two] {
        assert_eq!(chain.copied(lane).await.status(), StatusCode::OK);
        chain.send(lane, "/copy", 1).await.expect("copied");
    }
    assert_eq!(positions(&chain, &one).await, (vec![(1, 2), (2, 2)], vec![]));
    // HQ has not heard it; the relay adds what it knows.
    chain.hq_comes().await;
    assert_eq!(positions(&chain, &one).await, (vec![(1, 2), (2, 2)], vec![]));
    chain.relay.stop().await.expect("stopped");
}

#[tokio::test]
async fn a_picture_comes_once_and_is_there_while_hq_is_away() {
    let mut chain = Chain::open().await;
    let lane = chain.enrol(1).await;
    let folder = chain.folder.path().join("pictures");
    std::fs::create_dir_all(&folder).expect("a folder");
    let picture = image::RgbImage::from_pixel(40, 40, image::Rgb([200, 0, 0]));
    picture.save_with_format(folder.join("1.png"), image::ImageFormat::Png).expect("a picture");
    let import = Command::ImportPictures { folder: folder.clone(), replace: false, dry_run: true };
    assert!(matches!(chain.command(import).await, Outcome::Tried(done) if done.changed == 1));
    let import = Command::ImportPictures { folder: folder.clone(), replace: false, dry_run: false };
    assert!(matches!(chain.command(import).await, Outcome::Imported(done) if done.changed == 1));
    // What a lane is told of it.
    let name = {
        let file =
            hq::pictures::scale(&std::fs::read(folder.join("1.png")).expect("a file")).expect("scaled");
        protocol::pull::picture_name(&file)
    };
    let get = async |name: &str, key: &str| {
        let url = format!("{}/v1/pictures/{name}", chain.relay.url());
        let answer = chain.client.get(url).bearer_auth(key).send().await.expect("an answer");
        (answer.status(), answer.bytes().await.expect("bytes").to_vec())
    };
    let (status, file) = get(&name, &lane.identity.key).await;
    assert_eq!((status, protocol::pull::picture_name(&file)), (StatusCode::OK, name.clone()));
    assert_eq!(get(&"0".repeat(64), &lane.identity.key).await.0, StatusCode::NOT_FOUND);
    assert_eq!(get(&name, "another").await.0, StatusCode::UNAUTHORIZED);
    chain.hq.take().expect("it is there").stop().await.expect("stopped");
    let (relay, client) = (chain.relay.url(), chain.client.clone());
    let get = async |name: &str, key: &str| {
        let answer = client.get(format!("{relay}/v1/pictures/{name}")).bearer_auth(key).send().await;
        let answer = answer.expect("an answer");
        (answer.status(), answer.bytes().await.expect("bytes").to_vec())
    };
    assert_eq!(get(&name, &lane.identity.key).await, (StatusCode::OK, file));
    // Whom HQ has not let in, and what is not here, waits for HQ.
    assert_eq!(get(&name, "another").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&"0".repeat(64), &lane.identity.key).await.0, StatusCode::SERVICE_UNAVAILABLE);
}
