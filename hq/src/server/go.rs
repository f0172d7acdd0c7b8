//! What a customer's phone asks: the page, prices, and a signed basket. HQ serves it, and a store's relay, from the
//! database that each of them has.
//!
//! A phone has no key: it shows the token of the link at the entrance, and a number that it drew for itself. How much
//! it may ask is bounded by both its number and its address.

use std::io::Write as _;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use domain::basket::Line;
use domain::money::Money;
use flate2::Compression;
use flate2::write::GzEncoder;
use protocol::head::{PublicKey, SigningKey};
use protocol::scan_go::{
    CODE_BYTES_MAX, CodeId, LINES_MAX, MakeCodeError, PIECES_MAX, PhoneBasket, PhoneLine, link,
};
use qrcode::{EcLevel, QrCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;

pub(crate) use super::api::route::Asker;
use super::api::route::{json_answer, within};
use super::gate::Gate;
use super::refusal::{Refusal, chain};
use super::routes::{bearer, now_ms};
use super::sent;
use crate::access::limit::Limiter;
use crate::scan_go::quote::{Moment, Quote, Quoted, Why, quote};
use crate::scan_go::shop::{PromotionCache, Shop};
use crate::scan_go::{self, PHONE_BURST, PHONE_PER_SECOND};
use crate::secret::SecretHash;
use crate::store::{PhoneBasketRow, Reading, Store};

/// The most bytes of a request: [`LINES_MAX`] lines of [`CODE_BYTES_MAX`] characters, all of them escaped.
const BODY_MAX: usize = 64 << 10;

/// Seconds until a phone that has had its baskets of a day asks again.
const DAY_OVER_SECONDS: u32 = 3_600;

/// How long a phone keeps the page before it asks for a newer one.
const PAGE_CACHE: &str = "public, max-age=300";

/// How long a phone keeps what has its version in its name.
const VERSION_CACHE: &str = "public, max-age=31536000, immutable";

/// What the page may load and do: its own files, and the camera.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; media-src 'self' blob:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Whoever serves the page.
pub(crate) trait Stall: Send + Sync + 'static {
    /// The database with goods, prices and promotions, in which baskets of phones are counted.
    fn store(&self) -> &Store;

    /// What phones may ask, and what is kept for them.
    fn phones(&self) -> &Phones;

    /// How many of them are answered at one time.
    fn gate(&self) -> &Gate;

    /// The keys with which HQ signs links.
    fn link_keys(&self, reading: &Reading<'_>) -> Result<Vec<PublicKey>, Refusal>;

    /// The key with which baskets are signed now.
    fn signing(&self, reading: &Reading<'_>, now_ms: i64) -> Result<SigningKey, Refusal>;
}

/// What phones may ask of one process.
#[derive(Debug)]
pub(crate) struct Phones {
    addresses: Mutex<Limiter>,
    numbers: Mutex<Limiter>,
    promotions: PromotionCache,
}

impl Default for Phones {
    fn default() -> Self {
        let numbers = Mutex::new(Limiter::of(PHONE_BURST, PHONE_PER_SECOND));
        Self { addresses: Mutex::default(), numbers, promotions: PromotionCache::default() }
    }
}

impl Phones {
    /// Reads promotions anew: what was told began anew, and a version may stand for others than before.
    pub(crate) fn forget_promotions(&self) {
        self.promotions.forget();
    }

    /// Lets a request of an address through, as often as it may come.
    pub(crate) fn admit_address(&self, origin: IpAddr, now_ms: i64) -> Result<(), Refusal> {
        self.addresses().admit(&origin.to_string(), now_ms).map_err(Refusal::TooMany)
    }

    fn addresses(&self) -> MutexGuard<'_, Limiter> {
        self.addresses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn numbers(&self) -> MutexGuard<'_, Limiter> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file of the page.
pub(crate) struct File {
    /// Where it is.
    pub path: &'static str,
    /// What it is, in a line.
    pub says: &'static str,
    /// Its content type.
    pub kind: &'static str,
    bytes: &'static [u8],
    is_packed: bool,
}

const HTML: &str = "text/html";
const SCRIPT: &str = "text/javascript";

/// The files of the page.
pub(crate) const FILES: &[File] = &[
    File {
        path: "/go/{store}",
        says: "The page of scan-and-go; the same for every store.",
        kind: HTML,
        bytes: include_bytes!("../../page/index.html"),
        is_packed: false,
    },
    File {
        path: "/go/page.css",
        says: "How the page of scan-and-go looks.",
        kind: "text/css",
        bytes: include_bytes!("../../page/page.css"),
        is_packed: false,
    },
    File {
        path: "/go/page.js",
        says: "What the page of scan-and-go does.",
        kind: SCRIPT,
        bytes: include_bytes!("../../page/page.js"),
        is_packed: false,
    },
    File {
        path: "/go/words.js",
        says: "What the page of scan-and-go says, in Chinese and English.",
        kind: SCRIPT,
        bytes: include_bytes!("../../page/words.js"),
        is_packed: false,
    },
    File {
        path: "/go/camera.js",
        says: "How the page of scan-and-go reads codes with the camera.",
        kind: SCRIPT,
        bytes: include_bytes!("../../page/camera.js"),
        is_packed: false,
    },
    File {
        path: "/go/worker.js",
        says: "Keeps the page of scan-and-go on the phone.",
        kind: SCRIPT,
        bytes: include_bytes!("../../page/worker.js"),
        is_packed: false,
    },
    File {
        path: "/go/zbar-0.11.0.mjs",
        says: "ZBar, for browsers that read no codes themselves.",
        kind: SCRIPT,
        bytes: include_bytes!("../../page/zbar/zbar-0.11.0.mjs"),
        is_packed: false,
    },
    File {
        path: "/go/zbar.wasm",
        says: "ZBar, compiled; it is loaded where a browser reads no codes itself.",
        kind: "application/wasm",
        bytes: include_bytes!("../../page/zbar/zbar-0.11.0.wasm.gz"),
        is_packed: true,
    },
];

/// What a phone wants to buy.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PricesAsked {
    /// A number that the phone drew for itself, 32 hexadecimal digits.
    device: String,
    /// The phone's offset from UTC, minutes: 480 in Beijing.
    offset_minutes: i32,
    /// What was scanned, in its order.
    lines: Vec<LineAsked>,
}

/// A line of a phone.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LineAsked {
    /// What was scanned or typed.
    code: String,
    /// How often.
    pieces: u32,
}

/// What a phone wants to have signed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BasketAsked {
    /// A number that the phone drew for itself, 32 hexadecimal digits.
    device: String,
    /// The phone's offset from UTC, minutes: 480 in Beijing.
    offset_minutes: i32,
    /// What was scanned, in its order.
    lines: Vec<LineAsked>,
    /// The total that the phone shows, minor units.
    shown_total: i64,
}

/// What a phone's basket costs.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Prices {
    /// The store's name in Chinese.
    store_zh: String,
    /// The store's name in English.
    store_en: String,
    /// What stands before an amount.
    symbol: String,
    /// Decimal places of the currency.
    exponent: u8,
    /// What became of each line, in the order in which they were asked.
    lines: Vec<LinePriced>,
    /// What all that can be bought comes to, minor units.
    total: i64,
    /// What it saves beside list prices, minor units.
    saved: i64,
    /// The version of the reference by which it was priced.
    version: u64,
}

/// A line with its price, or why it cannot be bought by phone.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(super) enum LinePriced {
    /// It can be bought.
    Priced(GoodsPriced),
    /// It cannot.
    Refused {
        /// Why.
        why: WhyRefused,
    },
}

/// Goods with their price.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct GoodsPriced {
    /// The name in Chinese.
    name_zh: String,
    /// The name in English.
    name_en: String,
    /// Size or pack.
    spec: String,
    /// What the pack is called in Chinese; empty for a piece or kilogram.
    unit_zh: String,
    /// What the pack is called in English.
    unit_en: String,
    /// Whether it is sold by the kilogram.
    weighed: bool,
    /// Thousandths of a piece, pack or kilogram.
    quantity: i64,
    /// What one of them costs on the shelf, minor units.
    unit_price: i64,
    /// What the line would cost at list prices, minor units.
    gross: i64,
    /// What it costs, minor units.
    net: i64,
    /// The promotions that lower it.
    promotions: Vec<PromotionNamed>,
    /// It is past its best.
    past_best: bool,
}

/// A promotion by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct PromotionNamed {
    /// In Chinese.
    name_zh: String,
    /// In English.
    name_en: String,
}

/// Why goods cannot be bought by phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum WhyRefused {
    /// No goods have this code.
    Unknown,
    /// The code was read wrongly.
    Misread,
    /// It is no code of goods.
    NotGoods,
    /// It is a payment code, which is for the till alone.
    PaymentCode,
    /// The buyer must be 18.
    Age,
    /// It is sold at a manned till only.
    Counter,
    /// It must be weighed first.
    Weigh,
    /// It has no price here.
    Price,
    /// It may not be sold any more.
    Expired,
    /// The very piece is in the basket already.
    Again,
    /// So much of it is not sold at one time.
    Quantity,
    /// HQ could not look.
    Fault,
}

/// A basket that a till takes, or the prices that must be looked at first.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct BasketSealed {
    /// The signed basket; none where it comes to something else than the phone shows, or has lines that cannot be bought.
    sealed: Option<Sealed>,
    /// What it costs now.
    prices: Prices,
}

/// A signed basket, as a QR code.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct Sealed {
    /// What the QR code says.
    code: String,
    /// Until when a till takes it, milliseconds UTC.
    until_ms: i64,
    /// How many modules wide the QR code is, without its border.
    size: u32,
    /// Its modules, row by row, each row of `size` characters: `1` is dark.
    rows: Vec<String>,
}

/// Serves a file of the page.
pub(crate) fn serve<S: Clone + Send + Sync + 'static>(file: &'static File) -> MethodRouter<S> {
    let packed = if file.is_packed { Bytes::from_static(file.bytes) } else { pack(file.bytes) };
    get(move |headers: HeaderMap| async move { tell(file, packed, &headers) })
}

/// A file as it goes over the air: once, when the server starts.
fn pack(bytes: &'static [u8]) -> Bytes {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    // Nothing of memory refuses to be written to; a page that is not packed is the same page.
    match packer.write_all(bytes).and_then(|()| packer.finish()) {
        Ok(packed) => packed.into(),
        Err(_) => Bytes::new(),
    }
}

/// Whether who asks takes packed files. A quality of nought refuses them (RFC 9110, 12.5.3).
fn takes_packed(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|coding| {
            let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
            let name = name.trim();
            let is_refused = quality
                .trim()
                .strip_prefix("q=")
                .is_some_and(|quality| quality.bytes().all(|byte| byte == b'0' || byte == b'.'));
            (name.eq_ignore_ascii_case("gzip") || name == "*").then_some(!is_refused)
        })
        .next()
        .unwrap_or(false)
}

fn tell(file: &'static File, packed: Bytes, asked: &HeaderMap) -> Response {
    let cache = if file.path.contains("zbar") { VERSION_CACHE } else { PAGE_CACHE };
    let kind = if file.kind.starts_with("text/") {
        format!("{}; charset=utf-8", file.kind)
    } else {
        file.kind.into()
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, cache.to_owned()),
        (header::CONTENT_SECURITY_POLICY, POLICY.to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        // The link's token stands in the address.
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::HeaderName::from_static("permissions-policy"), "camera=(self)".to_owned()),
    ];
    let varies = [(header::VARY, "accept-encoding")];
    // Who cannot unpack has no use for the reader of codes, and types them.
    if file.is_packed || (takes_packed(asked) && !packed.is_empty()) {
        return (headers, varies, [(header::CONTENT_ENCODING, "gzip")], packed).into_response();
    }
    (headers, varies, file.bytes).into_response()
}

/// Lets a phone's request through, by its address and its number, as often as it may come.
fn admit(
    phones: &Phones,
    origin: IpAddr,
    device: &str,
    lines: usize,
    now_ms: i64,
) -> Result<SecretHash, Refusal> {
    phones.admit_address(origin, now_ms)?;
    if device.len() != 32 || !device.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Refusal::Form("the body: device is 32 hexadecimal digits that the phone drew".into()));
    }
    let cost = 1 + i64::try_from(lines / 10).unwrap_or(i64::MAX);
    phones.numbers().admit_for(device, cost, now_ms).map_err(Refusal::TooMany)?;
    Ok(SecretHash::of(device))
}

/// The lines as they are priced and signed.
fn lines_of(asked: &[LineAsked]) -> Result<Vec<PhoneLine>, Refusal> {
    if asked.len() > LINES_MAX {
        return Err(Refusal::Unfit(format!("a basket has at most {LINES_MAX} lines; pay in two parts")));
    }
    let line = |line: &LineAsked| {
        let LineAsked { code, pieces } = line;
        if !(1..=PIECES_MAX).contains(pieces) || code.is_empty() || code.len() > CODE_BYTES_MAX {
            return Err(Refusal::Form(format!(
                "the body: a line has 1 to {PIECES_MAX} pieces and a code of 1 to {CODE_BYTES_MAX} characters"
            )));
        }
        Ok(PhoneLine { code: code.clone(), pieces: *pieces, shown: None })
    };
    asked.iter().map(line).collect()
}

/// The lines with what the phone shows for each: a till says where it charges something else.
fn with_prices(lines: &[PhoneLine], quote: &Quote) -> Vec<PhoneLine> {
    let shown = quote.lines.iter().map(|quoted| match quoted {
        Quoted::Lines { lines, .. } => Some(lines.iter().map(Line::net).sum::<Money>().minor()),
        Quoted::Refused(_) => None,
    });
    lines.iter().zip(shown).map(|(line, shown)| PhoneLine { shown, ..line.clone() }).collect()
}

/// Whether a link's token opens a store.
fn check_link(
    stall: &impl Stall,
    reading: &Reading<'_>,
    (store, token): (&str, &str),
    now_ms: i64,
) -> Result<(), Refusal> {
    let keys = stall.link_keys(reading)?;
    link::check(token, &keys, store, now_ms).map_err(|_| Refusal::Unauthorised)?;
    Ok(())
}

/// Prices lines in a store whose link was shown.
fn priced(
    stall: &impl Stall,
    reading: &Reading<'_>,
    (store, token): (&str, &str),
    moment: Moment,
    lines: &[PhoneLine],
) -> Result<(Prices, Quote), Refusal> {
    check_link(stall, reading, (store, token), moment.now_ms)?;
    let shop = Shop::open(reading, &stall.phones().promotions, store)?;
    let shop = shop.ok_or_else(|| Refusal::Unknown(format!("there is no store {store:?}")))?;
    if !scan_go::OFFSETS_MINUTES.contains(&moment.offset_minutes) {
        return Err(Refusal::Form("the body: offset_minutes is no offset from UTC".into()));
    }
    let quote = quote(&scan_go::settings(&shop.store), &shop, moment, lines);
    let prices = Prices {
        store_zh: shop.store.name_zh.clone(),
        store_en: shop.store.name_en.clone(),
        symbol: shop.store.currency_symbol.clone(),
        exponent: shop.store.currency_exponent,
        lines: quote.lines.iter().map(line_priced).collect(),
        total: quote.total.minor(),
        saved: quote.saved.minor(),
        version: quote.version,
    };
    Ok((prices, quote))
}

fn line_priced(quoted: &Quoted) -> LinePriced {
    match quoted {
        Quoted::Refused(why) => LinePriced::Refused { why: why_refused(*why) },
        Quoted::Lines { lines, past_best } => match goods_priced(lines, *past_best) {
            Some(goods) => LinePriced::Priced(goods),
            None => LinePriced::Refused { why: WhyRefused::Fault },
        },
    }
}

fn goods_priced(lines: &[Line], past_best: bool) -> Option<GoodsPriced> {
    let first = lines.first()?;
    let sum = |of: fn(&Line) -> Money| lines.iter().map(of).sum::<Money>().minor();
    let named = lines
        .iter()
        .flat_map(|line| line.promotion.iter().chain(line.savings.iter().map(|saving| &saving.promotion)));
    let mut promotions: Vec<PromotionNamed> = Vec::new();
    for promotion in named {
        let named =
            PromotionNamed { name_zh: promotion.name_zh.to_string(), name_en: promotion.name_en.to_string() };
        if !promotions.contains(&named) {
            promotions.push(named);
        }
    }
    let unit = first.unit.as_ref();
    Some(GoodsPriced {
        name_zh: first.item.name_zh.clone(),
        name_en: first.item.name_en.clone(),
        spec: first.item.spec.clone(),
        unit_zh: unit.map(|unit| unit.name_zh.clone()).unwrap_or_default(),
        unit_en: unit.map(|unit| unit.name_en.clone()).unwrap_or_default(),
        weighed: first.item.weighed,
        quantity: lines.iter().map(|line| line.quantity.thousandths()).sum(),
        unit_price: first.unit_price.minor(),
        gross: sum(Line::gross),
        net: sum(Line::net),
        promotions,
        past_best,
    })
}

fn why_refused(why: Why) -> WhyRefused {
    match why {
        Why::Unknown => WhyRefused::Unknown,
        Why::Misread => WhyRefused::Misread,
        Why::NotGoods => WhyRefused::NotGoods,
        Why::PaymentCode => WhyRefused::PaymentCode,
        Why::Age => WhyRefused::Age,
        Why::Counter => WhyRefused::Counter,
        Why::Weigh => WhyRefused::Weigh,
        Why::Price => WhyRefused::Price,
        Why::Expired => WhyRefused::Expired,
        Why::Again => WhyRefused::Again,
        Why::Quantity => WhyRefused::Quantity,
        Why::Fault => WhyRefused::Fault,
    }
}

/// The body of a phone's request.
async fn body_of<T: serde::de::DeserializeOwned>(request: Request) -> Result<T, Refusal> {
    sent::refuse_other(request.headers(), "application/json")?;
    sent::parse(&sent::read(request.into_body(), BODY_MAX, sent::SMALL_BODY_TIMEOUT).await?)
}

/// Works on a blocking thread. The permit is given back when the work ends, not when the phone leaves.
async fn work<S: Stall, T: Send + 'static>(
    stall: Arc<S>,
    permit: OwnedSemaphorePermit,
    job: impl FnOnce(&S) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(move || {
        let done = job(&stall);
        drop(permit);
        done
    });
    within(async { done.await? }).await
}

/// Prices a phone's basket.
pub(crate) async fn prices<S: Stall>(
    stall: Arc<S>,
    asker: Asker,
    request: Request,
) -> Result<Response, Refusal> {
    let token = bearer(request.headers())?;
    let asked: PricesAsked = body_of(request).await?;
    let store = asker.param("store").to_owned();
    let now_ms = now_ms();
    admit(stall.phones(), asker.origin, &asked.device, asked.lines.len(), now_ms)?;
    let permit = stall.gate().enter().await?;
    work(stall, permit, move |stall| {
        let lines = lines_of(&asked.lines)?;
        let moment = Moment { now_ms, offset_minutes: asked.offset_minutes };
        let (prices, _) =
            stall.store().read(|reading| priced(stall, reading, (&store, &token), moment, &lines))?;
        json_answer(&prices)
    })
    .await
}

/// Signs a phone's basket for a till.
pub(crate) async fn seal<S: Stall>(
    stall: Arc<S>,
    asker: Asker,
    request: Request,
) -> Result<Response, Refusal> {
    let token = bearer(request.headers())?;
    let asked: BasketAsked = body_of(request).await?;
    let store = asker.param("store").to_owned();
    let now_ms = now_ms();
    let device = admit(stall.phones(), asker.origin, &asked.device, asked.lines.len(), now_ms)?;
    let permit = stall.gate().enter().await?;
    work(stall, permit, move |stall| {
        let lines = lines_of(&asked.lines)?;
        let moment = Moment { now_ms, offset_minutes: asked.offset_minutes };
        let sealed = stall.store().write(|writing| {
            let (prices, quote) = priced(stall, writing, (&store, &token), moment, &lines)?;
            let can = quote.lines.iter().all(|line| matches!(line, Quoted::Lines { .. }));
            if lines.is_empty() || !can || quote.total.minor() != asked.shown_total {
                return Ok::<_, Refusal>(BasketSealed { sealed: None, prices });
            }
            let had = writing.phone_baskets_of(&device, now_ms - scan_go::DAY_MS)?;
            if had >= scan_go::BASKETS_A_DAY_MAX {
                return Err(Refusal::TooMany(DAY_OVER_SECONDS));
            }
            let mut id = [0; 12];
            getrandom::fill(&mut id).map_err(|error| Refusal::Fault(chain(&error)))?;
            let basket = PhoneBasket {
                store: store.clone(),
                id: CodeId(id),
                made_ms: now_ms / 1_000 * 1_000,
                until_ms: now_ms / 1_000 * 1_000 + scan_go::BASKET_LASTS_MS,
                total: quote.total.minor(),
                version: quote.version,
                lines: with_prices(&lines, &quote),
            };
            let key = stall.signing(writing, now_ms)?;
            let code = basket.seal(&key).map_err(|error: MakeCodeError| Refusal::Unfit(error.to_string()))?;
            writing.put_phone_basket(&PhoneBasketRow {
                store: store.clone(),
                id,
                device,
                made_ms: basket.made_ms,
                until_ms: basket.until_ms,
                total: basket.total,
                lines: lines.len() as u64,
            })?;
            Ok(BasketSealed { sealed: Some(drawn(code, basket.until_ms)?), prices })
        })?;
        json_answer(&sealed)
    })
    .await
}

/// A signed basket with its QR code.
fn drawn(code: String, until_ms: i64) -> Result<Sealed, Refusal> {
    let drawn = QrCode::with_error_correction_level(&code, EcLevel::M);
    let drawn = drawn.map_err(|error| Refusal::Fault(format!("draw a QR code: {error}")))?;
    let size = drawn.width();
    let dark = |module: &qrcode::Color| if *module == qrcode::Color::Dark { '1' } else { '0' };
    let rows = drawn.to_colors().chunks(size).map(|row| row.iter().map(dark).collect()).collect();
    Ok(Sealed { code, until_ms, size: u32::try_from(size).unwrap_or(u32::MAX), rows })
}
