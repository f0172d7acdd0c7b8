//! WeChat Pay, API v2: `micropay`, `orderquery`, `reverse`, `refund`, `refundquery`, as signed XML. Sends nothing.

use std::collections::BTreeMap;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::course::{Policy, Question};
use super::provider::{Provider, Reply, Request, Stamp, unknown, unknown_refund};
use super::refund::{Refund, RefundQuestion, RefundReply};
use super::signature::{Secret, SignKind, same, wechat_sign};
use super::{Order, OrderNumber, PaymentCode};

/// Where WeChat Pay is.
pub const BASE: &str = "https://api.mch.weixin.qq.com";
/// Most fields of an answer; true ones have about thirty.
const FIELDS_MAX: usize = 200;

/// The merchant's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeChatConfig {
    /// Where WeChat Pay is; [`BASE`] but for tests.
    pub base: String,
    /// `appid`.
    pub app_id: String,
    /// `mch_id`.
    pub merchant_id: String,
    /// `sub_mch_id`, where a provider acts for the merchant.
    pub sub_merchant_id: Option<String>,
    /// The API key (v2).
    pub key: Secret,
    /// The merchant's certificate and its key in PEM: `reverse` is refused without.
    pub certificate: Option<Secret>,
    /// Certificates in PEM that are trusted beside the system's.
    pub authority: Option<String>,
    /// How to sign.
    pub sign: SignKind,
    /// The till's own address, which `micropay` wants to be told (`spbill_create_ip`).
    pub address: String,
    /// How long to wait.
    pub policy: Policy,
}

impl WeChatConfig {
    /// The usual settings for an account.
    pub fn new(app_id: impl Into<String>, merchant_id: impl Into<String>, key: Secret) -> Self {
        Self {
            base: BASE.to_owned(),
            app_id: app_id.into(),
            merchant_id: merchant_id.into(),
            sub_merchant_id: None,
            key,
            certificate: None,
            authority: None,
            sign: SignKind::HmacSha256,
            address: "127.0.0.1".to_owned(),
            policy: Policy::WECHAT,
        }
    }
}

/// WeChat Pay for one merchant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeChat {
    config: WeChatConfig,
}

impl WeChat {
    /// Takes the account.
    pub fn new(config: WeChatConfig) -> Self {
        Self { config }
    }

    /// The fields that every request has.
    fn common(&self, number: &OrderNumber, stamp: &Stamp) -> BTreeMap<&'static str, String> {
        let config = &self.config;
        let mut fields = BTreeMap::from([
            ("appid", config.app_id.clone()),
            ("mch_id", config.merchant_id.clone()),
            ("nonce_str", stamp.nonce.clone()),
            ("sign_type", config.sign.name().to_owned()),
            ("out_trade_no", number.as_str().to_owned()),
        ]);
        if let Some(sub) = &config.sub_merchant_id {
            fields.insert("sub_mch_id", sub.clone());
        }
        fields
    }

    fn signed(
        &self,
        mut fields: BTreeMap<&'static str, String>,
        route: &str,
        with_certificate: bool,
    ) -> Request {
        let config = &self.config;
        let sign =
            wechat_sign(fields.iter().map(|(name, value)| (*name, value.as_str())), &config.key, config.sign);
        fields.insert("sign", sign);
        Request {
            url: format!("{}/{route}", config.base.trim_end_matches('/')),
            content_type: "text/xml; charset=utf-8",
            body: write_xml(&fields).into_bytes(),
            with_certificate: with_certificate && config.certificate.is_some(),
        }
    }

    /// The fields of an answer that is surely WeChat's, about this number and this merchant; otherwise what is wrong.
    fn believed(&self, number: &OrderNumber, body: &[u8]) -> Result<BTreeMap<String, String>, String> {
        let fields = read_xml(body).ok_or("the answer is no XML of WeChat's")?;
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        if field("return_code") != "SUCCESS" {
            // Not signed: nothing is known but that something is wrong with the request or with WeChat.
            return Err(format!("refused: {}", field("return_msg")));
        }
        if !self.is_signed(&fields) {
            return Err("the answer's signature is not WeChat's; is the key right?".to_owned());
        }
        if field("mch_id") != self.config.merchant_id {
            return Err("the answer is another merchant's".to_owned());
        }
        let named = field("out_trade_no");
        if !named.is_empty() && named != number.as_str() {
            return Err("the answer is about another order".to_owned());
        }
        Ok(fields)
    }

    fn is_signed(&self, fields: &BTreeMap<String, String>) -> bool {
        let Some(sign) = fields.get("sign") else { return false };
        // An answer is signed as the request was; some endpoints sign by MD5 whatever they were told and say so.
        let kind = match fields.get("sign_type").map(String::as_str) {
            Some("MD5") => SignKind::Md5,
            Some("HMAC-SHA256") => SignKind::HmacSha256,
            Some(_) => return false,
            None => self.config.sign,
        };
        let all = fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        same(&wechat_sign(all, &self.config.key, kind), sign)
    }
}

impl Provider for WeChat {
    fn name(&self) -> &'static str {
        "wechat"
    }

    fn policy(&self) -> Policy {
        self.config.policy
    }

    fn base(&self) -> &str {
        &self.config.base
    }

    fn certificate(&self) -> Option<&Secret> {
        self.config.certificate.as_ref()
    }

    fn authority(&self) -> Option<&str> {
        self.config.authority.as_deref()
    }

    fn request(
        &self,
        question: Question,
        order: &Order,
        code: Option<&PaymentCode>,
        stamp: &Stamp,
    ) -> Request {
        let config = &self.config;
        let mut fields = self.common(&order.number, stamp);
        let route = match question {
            Question::Charge => {
                fields.insert("body", order.subject_text());
                fields.insert("device_info", order.terminal.clone());
                fields.insert("total_fee", order.amount_minor.to_string());
                fields.insert("fee_type", order.currency.clone());
                fields.insert("spbill_create_ip", config.address.clone());
                fields.insert("auth_code", code.map_or_else(String::new, |code| code.reveal().to_owned()));
                "pay/micropay"
            }
            Question::Query => "pay/orderquery",
            Question::Reverse => "secapi/pay/reverse",
        };
        self.signed(fields, route, question == Question::Reverse)
    }

    fn reply(&self, question: Question, order: &Order, body: &[u8]) -> Reply {
        let fields = match self.believed(&order.number, body) {
            Ok(fields) => fields,
            Err(note) => return unknown(note),
        };
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        let number = field("out_trade_no");
        let code = field("err_code");
        let reason = || match field("err_code_des") {
            "" => code.to_owned(),
            words => words.to_owned(),
        };
        if field("result_code") != "SUCCESS" {
            return refusal(question, code, field("recall"), reason());
        }
        // A success that does not say which order it is about proves nothing.
        if number.is_empty() && question != Question::Reverse {
            return unknown("the answer names no order");
        }
        match question {
            Question::Charge => paid(order, field("total_fee"), field("transaction_id")),
            Question::Query => match field("trade_state") {
                "SUCCESS" => paid(order, field("total_fee"), field("transaction_id")),
                "USERPAYING" | "ACCEPT" => Reply::Waiting,
                "NOTPAY" => Reply::Unknown { note: "not paid yet".to_owned() },
                "CLOSED" => Reply::Closed,
                "REVOKED" | "REFUND" => Reply::Reversed,
                "PAYERROR" => Reply::Declined {
                    reason: match field("trade_state_desc") {
                        "" => "PAYERROR".to_owned(),
                        words => words.to_owned(),
                    },
                },
                other => unknown(format!("state {other}")),
            },
            Question::Reverse if field("recall") == "Y" => unknown("to be reversed again"),
            Question::Reverse => Reply::Reversed,
        }
    }

    fn refund_needs_total(&self) -> bool {
        true
    }

    fn refund_request(&self, question: RefundQuestion, refund: &Refund, stamp: &Stamp) -> Request {
        let mut fields = self.common(&refund.of, stamp);
        match question {
            RefundQuestion::Original => self.signed(fields, "pay/orderquery", false),
            RefundQuestion::Refund => {
                let total_minor = refund.total_minor.unwrap_or(refund.order.amount_minor);
                fields.insert("out_refund_no", refund.order.number.as_str().to_owned());
                fields.insert("total_fee", total_minor.to_string());
                fields.insert("refund_fee", refund.order.amount_minor.to_string());
                fields.insert("refund_fee_type", refund.order.currency.clone());
                fields.insert("refund_desc", refund.order.subject_text());
                self.signed(fields, "secapi/pay/refund", true)
            }
            RefundQuestion::Query => {
                // One number says which refund; with the payment's too, the payment's would count.
                fields.remove("out_trade_no");
                fields.insert("out_refund_no", refund.order.number.as_str().to_owned());
                self.signed(fields, "pay/refundquery", false)
            }
        }
    }

    fn refund_reply(&self, question: RefundQuestion, refund: &Refund, body: &[u8]) -> RefundReply {
        let fields = match self.believed(&refund.of, body) {
            Ok(fields) => fields,
            Err(note) => return unknown_refund(note),
        };
        let field = |name: &str| fields.get(name).map_or("", String::as_str);
        if field("result_code") != "SUCCESS" {
            let code = field("err_code");
            let words = match field("err_code_des") {
                "" => code,
                words => words,
            };
            return refund_refusal(question, code, words);
        }
        if field("out_trade_no").is_empty() {
            return unknown_refund("the answer names no order");
        }
        let is_ours = |number: &str, amount: &str| {
            number == refund.order.number.as_str() && amount.parse() == Ok(refund.order.amount_minor)
        };
        match question {
            RefundQuestion::Original => match (field("trade_state"), field("total_fee").parse()) {
                ("SUCCESS" | "REFUND", Ok(total_minor)) => RefundReply::Worth { total_minor },
                (state, _) => unknown_refund(format!("state {state}")),
            },
            RefundQuestion::Refund if !is_ours(field("out_refund_no"), field("refund_fee")) => {
                unknown_refund("the answer is about another refund, or another amount")
            }
            // Taken in; a query says when it is done.
            RefundQuestion::Refund => RefundReply::Underway,
            RefundQuestion::Query if !is_ours(field("out_refund_no_0"), field("refund_fee_0")) => {
                unknown_refund("the answer is about another refund, or another amount")
            }
            RefundQuestion::Query => match field("refund_status_0") {
                "SUCCESS" => RefundReply::Done { reference: field("refund_id_0").to_owned() },
                "PROCESSING" => RefundReply::Underway,
                // Closed, or the customer's account does not take it: the shop gives it back otherwise.
                state @ ("REFUNDCLOSE" | "CHANGE") => RefundReply::Refused { reason: state.to_owned() },
                state => unknown_refund(format!("state {state}")),
            },
        }
    }
}

/// What a refusal (`result_code` FAIL) of a refund means.
fn refund_refusal(question: RefundQuestion, code: &str, words: &str) -> RefundReply {
    match (question, code) {
        (_, "SYSTEMERROR" | "BIZERR_NEED_RETRY" | "FREQUENCY_LIMITED" | "FREQENCY_LIMITED") => {
            unknown_refund(format!("{code}: {words}"))
        }
        (RefundQuestion::Original, "ORDERNOTEXIST")
        | (RefundQuestion::Query, "REFUNDNOTEXIST" | "ORDERNOTEXIST") => RefundReply::NotFound,
        (RefundQuestion::Refund, _) => RefundReply::Refused { reason: words.to_owned() },
        (RefundQuestion::Original | RefundQuestion::Query, _) => unknown_refund(format!("{code}: {words}")),
    }
}

fn paid(order: &Order, amount: &str, reference: &str) -> Reply {
    if amount.parse() != Ok(order.amount_minor) || reference.is_empty() {
        return unknown("paid, but another amount or without a number");
    }
    Reply::Paid { reference: reference.to_owned() }
}

/// What a refusal (`result_code` FAIL) means.
fn refusal(question: Question, code: &str, recall: &str, reason: String) -> Reply {
    match (question, code) {
        (_, "USERPAYING") => Reply::Waiting,
        (_, "SYSTEMERROR" | "BANKERROR" | "FREQUENCY_LIMITED" | "FREQENCY_LIMITED") => {
            unknown(format!("{code}: {reason}"))
        }
        // The number was charged before: how that went, a query says.
        (Question::Charge, "ORDERPAID" | "OUT_TRADE_NO_USED" | "INVALID_REQUEST" | "TRADE_ERROR") => {
            unknown(format!("{code}: {reason}"))
        }
        (Question::Charge | Question::Query, "ORDERREVERSED") => Reply::Reversed,
        (_, "ORDERCLOSED") => Reply::Closed,
        (Question::Query | Question::Reverse, "ORDERNOTEXIST") => Reply::NotFound,
        // Refused for good, by the wallet or by the way we ask.
        (Question::Charge, _) => Reply::Declined { reason },
        (Question::Query, _) => unknown(format!("{code}: {reason}")),
        (Question::Reverse, _) => unknown(format!("{code}: {reason}; recall {recall}")),
    }
}

/// `<xml>` with one element a field.
fn write_xml(fields: &BTreeMap<&str, String>) -> String {
    let mut text = String::from("<xml>");
    for (name, value) in fields {
        text.push_str(&format!("<{name}>{}</{name}>", quick_xml::escape::escape(value.as_str())));
    }
    text.push_str("</xml>");
    text
}

/// The fields of a flat `<xml>`; `None` where it is none. Documents with a type of their own (`<!DOCTYPE`), which could
/// name files of this machine, are none.
pub(super) fn read_xml(body: &[u8]) -> Option<BTreeMap<String, String>> {
    let text = std::str::from_utf8(body).ok()?;
    let mut reader = Reader::from_str(text);
    let mut fields = BTreeMap::new();
    let mut path: Vec<String> = Vec::new();
    let mut value = String::new();
    let mut whole = false;
    loop {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the library's enum")]
        match reader.read_event().ok()? {
            Event::Start(tag) => {
                path.push(tag.name().as_ref().to_owned());
                value.clear();
                if path.len() > 2 {
                    return None;
                }
            }
            Event::Empty(tag) if path.len() == 1 => {
                fields.insert(tag.name().as_ref().to_owned(), String::new());
            }
            Event::Text(part) => value.push_str(&part),
            Event::CData(part) => value.push_str(&part),
            Event::GeneralRef(part) => match part.resolve_char_ref().ok()? {
                Some(character) => value.push(character),
                None => value.push_str(quick_xml::escape::resolve_xml_entity(&part)?),
            },
            Event::End(_) => {
                let name = path.pop()?;
                match path.len() {
                    0 => whole = name == "xml",
                    // Twice the same name would be read in two ways.
                    1 if fields.insert(name, std::mem::take(&mut value)).is_some() => return None,
                    _ => {}
                }
                if fields.len() > FIELDS_MAX {
                    return None;
                }
            }
            Event::Decl(_) | Event::Comment(_) => {}
            Event::Eof => return whole.then_some(fields),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wechat() -> WeChat {
        WeChat::new(WeChatConfig::new("wx1", "1900", Secret::new("0123456789abcdef0123456789abcdef")))
    }

    fn order() -> Order {
        Order {
            number: OrderNumber::parse("S1-L1-1-7").expect("a number"),
            amount_minor: 1_250,
            currency: "CNY".to_owned(),
            subject: "柜台 <便利> & 店".to_owned(),
            terminal: "L1".to_owned(),
        }
    }

    fn signed(fields: &[(&'static str, &str)]) -> Vec<u8> {
        let mut all: BTreeMap<&str, String> =
            fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let sign = wechat_sign(
            all.iter().map(|(name, value)| (*name, value.as_str())),
            &wechat().config.key,
            SignKind::HmacSha256,
        );
        all.insert("sign", sign);
        write_xml(&all).into_bytes()
    }

    const OK: [(&str, &str); 2] = [("return_code", "SUCCESS"), ("mch_id", "1900")];

    fn reply(question: Question, fields: &[(&'static str, &str)]) -> Reply {
        wechat().reply(question, &order(), &signed(&[&OK, fields].concat()))
    }

    fn is_unknown(reply: &Reply) -> bool {
        matches!(reply, Reply::Unknown { .. })
    }

    #[test]
    fn a_charge_says_everything_and_is_signed() {
        let code = PaymentCode::parse("134567890123456789").expect("a code");
        let stamp = Stamp { nonce: "n1".to_owned(), seconds_utc: 0 };
        let request = wechat().request(Question::Charge, &order(), Some(&code), &stamp);
        assert_eq!(request.url, "https://api.mch.weixin.qq.com/pay/micropay");
        let fields = read_xml(&request.body).expect("our own XML is read back");
        for (name, value) in [
            ("auth_code", "134567890123456789"),
            ("total_fee", "1250"),
            ("out_trade_no", "S1-L1-1-7"),
            ("body", "柜台 <便利> & 店"),
            ("sign_type", "HMAC-SHA256"),
        ] {
            assert_eq!(fields.get(name).map(String::as_str), Some(value));
        }
        assert!(wechat().is_signed(&fields));
        assert!(!format!("{request:?}").contains("13456"), "the code is shown");
        for question in [Question::Query, Question::Reverse] {
            let body = wechat().request(question, &order(), None, &stamp).body;
            assert!(!String::from_utf8_lossy(&body).contains("auth_code"));
        }
    }

    #[test]
    fn answers_are_told_apart() {
        use Question::{Charge, Query, Reverse};
        let number = ("out_trade_no", "S1-L1-1-7");
        let good = ("result_code", "SUCCESS");
        let bad = ("result_code", "FAIL");
        let paid = Reply::Paid { reference: "42".to_owned() };
        let fee = ("total_fee", "1250");
        let reference = ("transaction_id", "42");
        assert_eq!(reply(Charge, &[good, number, fee, reference]), paid);
        assert_eq!(reply(Query, &[good, number, fee, reference, ("trade_state", "SUCCESS")]), paid);
        for (code, expected) in [
            ("USERPAYING", Reply::Waiting),
            ("ORDERREVERSED", Reply::Reversed),
            ("ORDERCLOSED", Reply::Closed),
            ("NOTENOUGH", Reply::Declined { reason: "余额不足".to_owned() }),
            ("AUTHCODEEXPIRE", Reply::Declined { reason: "余额不足".to_owned() }),
        ] {
            assert_eq!(reply(Charge, &[bad, ("err_code", code), ("err_code_des", "余额不足")]), expected);
        }
        for code in ["SYSTEMERROR", "BANKERROR", "ORDERPAID", "OUT_TRADE_NO_USED"] {
            assert!(is_unknown(&reply(Charge, &[bad, ("err_code", code)])), "{code}");
        }
        for (state, expected) in [
            ("USERPAYING", Reply::Waiting),
            ("CLOSED", Reply::Closed),
            ("REVOKED", Reply::Reversed),
            ("REFUND", Reply::Reversed),
            ("PAYERROR", Reply::Declined { reason: "PAYERROR".to_owned() }),
        ] {
            assert_eq!(reply(Query, &[good, number, ("trade_state", state)]), expected);
        }
        assert_eq!(reply(Query, &[bad, ("err_code", "ORDERNOTEXIST")]), Reply::NotFound);
        assert_eq!(reply(Reverse, &[good, ("recall", "N")]), Reply::Reversed);
        assert!(is_unknown(&reply(Reverse, &[good, ("recall", "Y")])));
        assert!(is_unknown(&reply(Reverse, &[bad, ("err_code", "SYSTEMERROR"), ("recall", "Y")])));
    }

    #[test]
    fn what_is_not_surely_about_this_order_proves_nothing() {
        let good = ("result_code", "SUCCESS");
        let number = ("out_trade_no", "S1-L1-1-7");
        let reference = ("transaction_id", "42");
        for fields in [
            vec![good, ("out_trade_no", "S1-L1-1-8"), ("total_fee", "1250"), reference],
            vec![good, number, ("total_fee", "1"), reference],
            vec![good, number, ("total_fee", "1250")],
            vec![good, ("total_fee", "1250"), reference],
            vec![good, number, ("total_fee", "1250"), reference, ("mch_id", "1901")],
        ] {
            let mut all = OK.to_vec();
            all.retain(|(name, _)| !fields.iter().any(|(other, _)| name == other));
            let body = signed(&[all, fields].concat());
            assert!(is_unknown(&wechat().reply(Question::Charge, &order(), &body)));
        }
        let fields = [&OK[..], &[good, number, ("total_fee", "1250"), reference]].concat();
        let body = String::from_utf8(signed(&fields)).expect("text");
        assert!(!is_unknown(&wechat().reply(Question::Charge, &order(), body.as_bytes())));
        for forged in [
            body.replace("<total_fee>1250", "<total_fee>1251"),
            body.replace("<sign>", "<sign>0"),
            body.replace("sign>", "sing>"),
            body.replace("</xml>", ""),
            body.replace("<xml>", "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><xml>"),
            body.replace("</xml>", "<total_fee>1250</total_fee></xml>"),
            "<xml><return_code>FAIL</return_code><return_msg>签名错误</return_msg></xml>".to_owned(),
            "<html><body>502</body></html>".to_owned(),
            "\u{0}\u{1}".to_owned(),
            String::new(),
        ] {
            assert!(is_unknown(&wechat().reply(Question::Charge, &order(), forged.as_bytes())), "{forged}");
        }
    }

    #[test]
    fn wechats_own_form_of_xml_is_read() {
        let body = "<xml><a><![CDATA[<b> & 中文]]></a>\n<c>x&amp;&#20013;</c>\n<d></d><e/></xml>";
        let fields = read_xml(body.as_bytes()).expect("it is read");
        let all: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(all, [("a", "<b> & 中文"), ("c", "x&中"), ("d", ""), ("e", "")]);
    }
}
