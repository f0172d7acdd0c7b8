//! A receipt for whoever has the link to it, which the till shows as a code.
//!
//! The link's token is the beginning of the journal's chain hash at the sale: lane and HQ know it without a word between
//! them, also where the lane had no network when it was shown, and nobody else can work it out. A wrong token is answered
//! like a receipt that is not there.

use std::fmt::Write as _;
use std::net::IpAddr;

use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Response};
use domain::barcode::{RECEIPT_TOKEN_LENGTH, ReceiptCode};
use domain::receipt::{self, Heading, Language, Row};
use domain::record::Record;
use domain::refund::Origin;
use protocol::event;
use protocol::pull;
use qrcode::{EcLevel, QrCode};

use super::Desk;
use super::refusal::{Refusal, chain};
use super::routes::{SharedDesk, now_ms, work};
use crate::secret::SecretHash;
use crate::store::{JournalKey, Kind, Reading};

/// The columns of the receipt: a Chinese character takes two.
const COLUMNS: usize = 34;

/// What the page may load and do: nothing but its own look.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

const STYLE: &str = "body{margin:0;background:#eef0ec;color:#16201a;font:16px/1.5 system-ui,sans-serif}\
     main{max-width:26em;margin:1em auto;padding:1.2em;background:#fff;border-radius:12px;text-align:center}\
     pre{margin:0 auto;display:inline-block;text-align:left;font:15px/1.45 ui-monospace,'Noto Sans Mono CJK SC',monospace}\
     svg{width:11em;height:11em;margin-top:1em}p{color:#5a655d}\
     @media(prefers-color-scheme:dark){body{background:#101412;color:#e8ece9}main{background:#1b211d}p{color:#a7b0aa}}";

/// Answers who followed a link: the receipt, or that it is not here.
///
/// # Errors
/// Somebody asks too often, too many ask at once, or the database is away.
pub(super) async fn show(
    desk: SharedDesk,
    origin: IpAddr,
    (code, token): (String, String),
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    desk.phones.admit_address(origin, now_ms())?;
    let language = language_of(headers);
    let permit = desk.questions.enter().await?;
    let found = work(&desk, permit, move |desk| find(desk, &code, &token, language)).await?;
    Ok(answer(found, language))
}

/// Chinese, unless whoever asks would rather read something else.
fn language_of(headers: &HeaderMap) -> Language {
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|asked| asked.to_str().ok()).unwrap_or("zh");
    if asked.trim_start().to_ascii_lowercase().starts_with("zh") {
        Language::Chinese
    } else {
        Language::English
    }
}

/// A receipt, line by line, and the code that it is known by.
struct Found {
    text: String,
    code: String,
}

fn find(desk: &Desk, code: &str, token: &str, language: Language) -> Result<Option<Found>, Refusal> {
    let Some(Ok(read)) = ReceiptCode::read(code) else { return Ok(None) };
    desk.store.read(|reading| {
        let key = JournalKey { store: &read.store, lane: read.lane, epoch: read.epoch };
        let Some(hash) = reading.event_hash(key, read.seq)? else { return Ok(None) };
        let expected = &hash.to_string()[..RECEIPT_TOKEN_LENGTH];
        // Compared by their hashes, so that the time it takes tells nothing.
        if SecretHash::of(&token.to_ascii_lowercase()) != SecretHash::of(expected) {
            return Ok(None);
        }
        written(reading, &read, language)
    })
}

fn written(reading: &Reading<'_>, code: &ReceiptCode, language: Language) -> Result<Option<Found>, Refusal> {
    let ReceiptCode { store, lane, epoch, seq } = code.clone();
    let origin = Origin { store, lane, epoch, seq };
    let sent = event::Origin { store: origin.store.clone(), lane, epoch, seq };
    let Some(bytes) = reading.event_bytes(&sent)? else { return Ok(None) };
    let event = event::decode(&bytes).map_err(|error| Refusal::Fault(chain(&error)))?;
    let record = event.record().map_err(|error| Refusal::Fault(chain(&error)))?;
    let Record::SaleCompleted { sale } = record else { return Ok(None) };
    let Some(body) = reading.entity(Kind::Store, &origin.store)? else { return Ok(None) };
    let shop: pull::Store = serde_json::from_str(&body)?;
    let qr = code.to_string();
    let heading = Heading {
        store_zh: &shop.name_zh,
        store_en: &shop.name_en,
        header: &shop.receipt_header,
        footer: &shop.receipt_footer,
        lane,
        number: &receipt::number(&origin),
        qr: &qr,
        at_ms: event.at_ms,
        offset_minutes: event.offset_minutes,
        reprint: false,
        points_balance: None,
        exit: None,
    };
    let mut paper = receipt::receipt(&heading, &sale, &shop.understand_currency(), language);
    // The code is drawn, not written.
    paper.rows.retain(|row| !matches!(row, Row::Qr(_)));
    Ok(Some(Found { text: paper.text(COLUMNS).join("\n"), code: qr }))
}

fn answer(found: Option<Found>, language: Language) -> Response {
    let (title, body) = match found {
        Some(found) => {
            let below = language.pick("退换货时出示这个码。", "Show this code to bring goods back.");
            let body = format!("<pre>{}</pre>{}<p>{below}</p>", escaped(&found.text), drawn(&found.code));
            (language.pick("电子小票", "Receipt"), body)
        }
        None => {
            let body = language.pick(
                "这张小票还没有到总部。收银台断网时小票会晚一些到，请过一会再打开。码仍可用来退换货。",
                "This receipt has not come in yet. A till without a network sends it later: open the link again after a \
                 while. Goods can be brought back with the code all the same.",
            );
            (language.pick("还没有这张小票", "Not here yet"), format!("<p>{body}</p>"))
        }
    };
    let lang = language.pick("zh-CN", "en");
    let page = format!(
        "<!doctype html><html lang=\"{lang}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    let headers = [
        (header::CACHE_CONTROL, "private, no-store"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::VARY, "accept-language"),
    ];
    (headers, Html(page)).into_response()
}

/// Text as it stands in a page.
fn escaped(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, character| {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
        out
    })
}

/// A code as a picture; nothing where it cannot be drawn, since it is written on the paper too.
fn drawn(code: &str) -> String {
    let Ok(drawn) = QrCode::with_error_correction_level(code, EcLevel::M) else { return String::new() };
    let size = drawn.width();
    let mut path = String::new();
    for (place, color) in drawn.to_colors().into_iter().enumerate() {
        if color == qrcode::Color::Dark {
            // Nothing of memory refuses to be written to.
            let _ = write!(path, "M{} {}h1v1h-1z", place % size + 4, place / size + 4);
        }
    }
    let side = size + 8;
    format!(
        "<svg viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"{}\"><rect width=\"{side}\" height=\"{side}\" \
         fill=\"#fff\"/><path d=\"{path}\"/></svg>",
        escaped(code)
    )
}
