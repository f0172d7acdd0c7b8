//! Alipay: `alipay.trade.pay`, `query`, `cancel`, `refund` and its query, as forms signed by RSA2 (SHA256 with RSA) with JSON answers whose
//! signature is checked. Sends nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, FixedOffset};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::course::{Policy, Question};
use super::provider::{Provider, Reply, Request, Stamp, unknown, unknown_refund};
use super::refund::{Refund, RefundQuestion, RefundReply};
use super::signature::{PrivateKey, PublicKey, joined};
use super::{Order, OrderNumber, PaymentCode};

/// Where Alipay is.
pub const GATEWAY: &str = "https://openapi.alipay.com/gateway.do";
/// Alipay's clock, which requests are stamped by, whatever the till's zone.
const BEIJING_SECONDS: i32 = 8 * 3_600;
/// After so long without a password the wallet closes the order itself; longer than any policy waits.
const TIMEOUT_EXPRESS: &str = "3m";
/// Digits after the point of the amounts that Alipay takes.
const MINOR_PER_MAJOR: i64 = 100;

/// The merchant's account.
#[derive(Debug)]
pub struct AlipayConfig {
    /// Where Alipay is; [`GATEWAY`] but for tests and Alipay's sandbox.
    pub gateway: String,
    /// `app_id`.
    pub app_id: String,
    /// The merchant's key, which signs.
    pub private_key: PrivateKey,
    /// Alipay's key, which its answers are checked by.
    pub alipay_key: PublicKey,
    /// The shop's number at Alipay, where there is one.
    pub store_id: Option<String>,
    /// How long to wait.
    pub policy: Policy,
}

impl AlipayConfig {
    /// The usual settings for an account.
    pub fn new(app_id: impl Into<String>, private_key: PrivateKey, alipay_key: PublicKey) -> Self {
        Self {
            gateway: GATEWAY.to_owned(),
            app_id: app_id.into(),
            private_key,
            alipay_key,
            store_id: None,
            policy: Policy::ALIPAY,
        }
    }
}

/// Alipay for one merchant.
#[derive(Debug)]
pub struct Alipay {
    config: AlipayConfig,
}

impl Alipay {
    /// Takes the account.
    pub fn new(config: AlipayConfig) -> Self {
        Self { config }
    }

    /// A signed form that asks for this.
    fn signed(&self, method: &str, content: &Value, stamp: &Stamp) -> Request {
        let mut fields: BTreeMap<&str, String> = BTreeMap::from([
            ("app_id", self.config.app_id.clone()),
            ("method", method.to_owned()),
            ("format", "JSON".to_owned()),
            ("charset", "utf-8".to_owned()),
            ("sign_type", "RSA2".to_owned()),
            ("timestamp", beijing(stamp.seconds_utc)),
            ("version", "1.0".to_owned()),
            ("biz_content", content.to_string()),
        ]);
        let text = joined(fields.iter().map(|(name, value)| (*name, value.as_str())));
        fields.insert("sign", self.config.private_key.sign(text.as_bytes()));
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name}={}", percent_encoded(value))).collect();
        Request {
            // The gateway must be told the charset before it reads the form.
            url: format!("{}?charset=utf-8", self.config.gateway),
            content_type: "application/x-www-form-urlencoded; charset=utf-8",
            body: body.join("&").into_bytes(),
            with_certificate: false,
        }
    }

    /// The content of an answer that is surely Alipay's, to this method and about this order; otherwise what is wrong.
    fn believed(&self, method: &str, number: &OrderNumber, body: &[u8]) -> Result<Value, &'static str> {
        let node = format!("{}_response", method.replace('.', "_"));
        // What is signed is the text of the inner object, byte for byte as it came.
        let answer: BTreeMap<String, Box<RawValue>> =
            serde_json::from_slice(body).map_err(|_| "the answer is no JSON of Alipay's")?;
        let signed =
            answer.get(&node).ok_or("the answer is to another question; is the application's key right?")?;
        let sign: String =
            answer.get("sign").and_then(|sign| serde_json::from_str(sign.get()).ok()).unwrap_or_default();
        if !self.config.alipay_key.verifies(signed.get().as_bytes(), &sign) {
            return Err("the answer's signature is not Alipay's; is its public key right?");
        }
        let content: Value =
            serde_json::from_str(signed.get()).map_err(|_| "the answer is no JSON of Alipay's")?;
        let named = field(&content, "out_trade_no");
        if !named.is_empty() && named != number.as_str() {
            return Err("the answer is about another order");
        }
        Ok(content)
    }
}

fn field<'a>(content: &'a Value, name: &str) -> &'a str {
    content.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Why something was refused, as Alipay words it.
fn reason(content: &Value) -> String {
    match (field(content, "sub_msg"), field(content, "msg")) {
        ("", words) => words.to_owned(),
        (words, _) => words.to_owned(),
    }
}

impl Provider for Alipay {
    fn name(&self) -> &'static str {
        "alipay"
    }

    fn policy(&self) -> Policy {
        self.config.policy
    }

    fn base(&self) -> &str {
        &self.config.gateway
    }

    fn request(
        &self,
        question: Question,
        order: &Order,
        code: Option<&PaymentCode>,
        stamp: &Stamp,
    ) -> Request {
        let number = order.number.as_str();
        let (method, content) = match question {
            Question::Charge => {
                let mut content = json!({
                    "out_trade_no": number,
                    "scene": "bar_code",
                    "auth_code": code.map_or("", PaymentCode::reveal),
                    "subject": order.subject_text(),
                    "total_amount": decimal(order.amount_minor),
                    "trans_currency": order.currency,
                    "terminal_id": order.terminal,
                    "timeout_express": TIMEOUT_EXPRESS,
                });
                if let Some(store) = &self.config.store_id {
                    content["store_id"] = json!(store);
                }
                (method_of(question), content)
            }
            Question::Query | Question::Reverse => (method_of(question), json!({ "out_trade_no": number })),
        };
        self.signed(method, &content, stamp)
    }

    fn reply(&self, question: Question, order: &Order, body: &[u8]) -> Reply {
        let content = match self.believed(method_of(question), &order.number, body) {
            Ok(content) => content,
            Err(note) => return unknown(note),
        };
        let field = |name: &str| field(&content, name);
        let reason = || reason(&content);
        let number = field("out_trade_no");
        match (field("code"), question) {
            ("10000", _) if number.is_empty() => unknown("the answer names no order"),
            ("10000", Question::Charge) => paid(order, field("total_amount"), field("trade_no")),
            ("10000", Question::Query) => match field("trade_status") {
                "TRADE_SUCCESS" | "TRADE_FINISHED" => paid(order, field("total_amount"), field("trade_no")),
                "WAIT_BUYER_PAY" => Reply::Waiting,
                // Never paid, or paid and given back: no money moved in the end.
                "TRADE_CLOSED" => Reply::Closed,
                other => unknown(format!("state {other}")),
            },
            ("10000", Question::Reverse) => match field("retry_flag") {
                "Y" => unknown("to be cancelled again"),
                _ => Reply::Reversed,
            },
            ("10003", Question::Charge) => Reply::Waiting,
            ("40004", _) => refusal(question, field("sub_code"), reason()),
            // 20000 is "unknown"; the others are about how we ask, and say nothing of the order.
            (code, _) => unknown(format!("{code} {}: {}", field("sub_code"), reason())),
        }
    }

    fn refund_needs_total(&self) -> bool {
        false
    }

    fn refund_request(&self, question: RefundQuestion, refund: &Refund, stamp: &Stamp) -> Request {
        let (of, number) = (refund.of.as_str(), refund.order.number.as_str());
        let content = match question {
            RefundQuestion::Original => json!({ "out_trade_no": of }),
            RefundQuestion::Refund => json!({
                "out_trade_no": of,
                "out_request_no": number,
                "refund_amount": decimal(refund.order.amount_minor),
                "refund_currency": refund.order.currency,
                "refund_reason": refund.order.subject_text(),
                "terminal_id": refund.order.terminal,
            }),
            RefundQuestion::Query => json!({ "out_trade_no": of, "out_request_no": number }),
        };
        self.signed(refund_method(question), &content, stamp)
    }

    fn refund_reply(&self, question: RefundQuestion, refund: &Refund, body: &[u8]) -> RefundReply {
        let content = match self.believed(refund_method(question), &refund.of, body) {
            Ok(content) => content,
            Err(note) => return unknown_refund(note),
        };
        let field = |name: &str| field(&content, name);
        let (code, sub_code) = (field("code"), field("sub_code"));
        if code != "10000" {
            return match (question, sub_code) {
                (_, "ACQ.SYSTEM_ERROR" | "aop.ACQ.SYSTEM_ERROR") => {
                    unknown_refund(format!("{sub_code}: {}", reason(&content)))
                }
                (RefundQuestion::Original | RefundQuestion::Query, "ACQ.TRADE_NOT_EXIST") => {
                    RefundReply::NotFound
                }
                (RefundQuestion::Refund, _) if code == "40004" => {
                    RefundReply::Refused { reason: reason(&content) }
                }
                _ => unknown_refund(format!("{code} {sub_code}: {}", reason(&content))),
            };
        }
        if field("out_trade_no").is_empty() {
            return unknown_refund("the answer names no order");
        }
        match question {
            RefundQuestion::Original => match minor(field("total_amount")) {
                Some(total_minor) => RefundReply::Worth { total_minor },
                None => unknown_refund("the answer names no amount"),
            },
            // "N" is that no money moved now: it had moved before, under this number. The query says so.
            RefundQuestion::Refund if field("fund_change") == "Y" => {
                RefundReply::Done { reference: field("trade_no").to_owned() }
            }
            RefundQuestion::Refund => RefundReply::Underway,
            RefundQuestion::Query => refund_standing(refund, field),
        }
    }
}

/// What the answer to a refund's query says. Alipay answers a success without a status where it has never heard of it.
fn refund_standing<'a>(refund: &Refund, field: impl Fn(&str) -> &'a str) -> RefundReply {
    match (field("out_request_no"), field("refund_status")) {
        ("", "") => RefundReply::NotFound,
        (number, _) if number != refund.order.number.as_str() => {
            unknown_refund("the answer is about another refund")
        }
        (_, "REFUND_SUCCESS") if minor(field("refund_amount")) == Some(refund.order.amount_minor) => {
            RefundReply::Done { reference: field("trade_no").to_owned() }
        }
        (_, "REFUND_SUCCESS") => unknown_refund("given back, but another amount"),
        (_, _) => RefundReply::Underway,
    }
}

fn refund_method(question: RefundQuestion) -> &'static str {
    match question {
        RefundQuestion::Original => "alipay.trade.query",
        RefundQuestion::Refund => "alipay.trade.refund",
        RefundQuestion::Query => "alipay.trade.fastpay.refund.query",
    }
}

fn method_of(question: Question) -> &'static str {
    match question {
        Question::Charge => "alipay.trade.pay",
        Question::Query => "alipay.trade.query",
        Question::Reverse => "alipay.trade.cancel",
    }
}

/// What a business failure (40004) means.
fn refusal(question: Question, code: &str, reason: String) -> Reply {
    match (question, code) {
        (_, "ACQ.SYSTEM_ERROR" | "aop.ACQ.SYSTEM_ERROR") => unknown(format!("{code}: {reason}")),
        (Question::Query | Question::Reverse, "ACQ.TRADE_NOT_EXIST") => Reply::NotFound,
        // Charged before: how that went, a query says.
        (Question::Charge, "ACQ.TRADE_HAS_SUCCESS" | "ACQ.CONTEXT_INCONSISTENT") => {
            unknown(format!("{code}: {reason}"))
        }
        (Question::Charge, "ACQ.TRADE_HAS_CLOSE") => Reply::Closed,
        (Question::Charge, _) => Reply::Declined { reason },
        (Question::Query | Question::Reverse, _) => unknown(format!("{code}: {reason}")),
    }
}

fn paid(order: &Order, amount: &str, reference: &str) -> Reply {
    if minor(amount) != Some(order.amount_minor) || reference.is_empty() {
        return unknown("paid, but another amount or without a number");
    }
    Reply::Paid { reference: reference.to_owned() }
}

/// Minor units as Alipay writes them: `12.50`.
fn decimal(amount_minor: i64) -> String {
    format!("{}.{:02}", amount_minor / MINOR_PER_MAJOR, (amount_minor % MINOR_PER_MAJOR).abs())
}

/// The other way round; `None` for anything but digits with at most two after a point.
fn minor(text: &str) -> Option<i64> {
    let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(major) || !digits(minor) || minor.len() > 2 {
        return None;
    }
    let part: i64 = format!("{minor:0<2}").parse().ok()?;
    major.parse::<i64>().ok()?.checked_mul(MINOR_PER_MAJOR)?.checked_add(part)
}

fn beijing(seconds_utc: i64) -> String {
    let zone = FixedOffset::east_opt(BEIJING_SECONDS).expect("eight hours are within a day");
    DateTime::from_timestamp(seconds_utc, 0)
        .unwrap_or_default()
        .with_timezone(&zone)
        .format("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// A form's value: everything but letters, digits and `-._~` as `%XX`.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_go_there_and_back() {
        for (amount, text) in [(1, "0.01"), (1_250, "12.50"), (100, "1.00"), (123_456_789, "1234567.89")] {
            assert_eq!((decimal(amount).as_str(), minor(text)), (text, Some(amount)));
        }
        assert_eq!((minor("12.5"), minor("12")), (Some(1_250), Some(1_200)));
        for wrong in ["", ".", "12.", ".5", "12.505", "-1.00", "1e2", "12,50", "99999999999999999999"] {
            assert_eq!(minor(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn requests_bear_the_time_of_beijing() {
        assert_eq!(beijing(1_767_225_600), "2026-01-01 08:00:00");
    }

    #[test]
    fn a_form_keeps_what_it_is_given() {
        assert_eq!(percent_encoded("{\"a\":\"中 +&=\"}"), "%7B%22a%22%3A%22%E4%B8%AD%20%2B%26%3D%22%7D");
    }
}
