//! A sale as paper: what the customer takes home.

use chrono::{DateTime, FixedOffset};
use domain::barcode::ReceiptCode;
use domain::money::{Currency, Money};
use domain::sale::{Sale, Tender};
use domain::tender::Wallet;
use drivers::printer::Document;
use ledger::journal::{Identity, Stamp};
use protocol::pull::Store;

use crate::config::Language;

/// Words of the paper, which has a language of its own.
struct Words {
    receipt: &'static str,
    return_receipt: &'static str,
    exchange_receipt: &'static str,
    returned: &'static str,
    discount: &'static str,
    tax_added: &'static str,
    paid_out: &'static str,
    voucher: &'static str,
    wallets: [&'static str; 4],
    reprint: &'static str,
    lane: &'static str,
    number: &'static str,
    cashier: &'static str,
    date: &'static str,
    total: &'static str,
    pieces: &'static str,
    saved: &'static str,
    rounding: &'static str,
    payable: &'static str,
    cash: &'static str,
    change: &'static str,
    tax: &'static str,
}

const CHINESE: Words = Words {
    receipt: "销售小票",
    return_receipt: "退货小票",
    exchange_receipt: "换货小票",
    returned: "退",
    discount: "手工折扣",
    tax_added: "税额",
    paid_out: "应退",
    voucher: "代金券",
    wallets: ["微信支付", "支付宝", "云闪付", "银行卡"],
    reprint: "** 重打 REPRINT **",
    lane: "收银台",
    number: "单号",
    cashier: "收银员",
    date: "时间",
    total: "合计",
    pieces: "件数",
    saved: "已优惠",
    rounding: "抹零",
    payable: "应付",
    cash: "现金",
    change: "找零",
    tax: "含税",
};

const ENGLISH: Words = Words {
    receipt: "Sales receipt",
    return_receipt: "Return receipt",
    exchange_receipt: "Exchange receipt",
    returned: "Returned",
    discount: "Discount",
    tax_added: "Tax",
    paid_out: "To pay out",
    voucher: "Voucher",
    wallets: ["WeChat Pay", "Alipay", "UnionPay", "Card"],
    reprint: "** 重打 REPRINT **",
    lane: "Lane",
    number: "No.",
    cashier: "Cashier",
    date: "Time",
    total: "Total",
    pieces: "Pieces",
    saved: "You saved",
    rounding: "Rounding",
    payable: "To pay",
    cash: "Cash",
    change: "Change",
    tax: "VAT",
};

/// The number by which people name a sale: store, lane, epoch and sequence.
pub fn number(identity: &Identity, seq: u64) -> String {
    format!("{}-{}-{}-{seq:06}", identity.store, identity.lane, identity.epoch)
}

/// What a receipt says beside the sale itself.
pub struct Heading<'a> {
    /// The store.
    pub store: &'a Store,
    /// The lane.
    pub identity: &'a Identity,
    /// The sale's number.
    pub seq: u64,
    /// When it was.
    pub stamp: Stamp,
    /// The language of the paper.
    pub language: Language,
    /// Whether it was printed before.
    pub reprint: bool,
}

/// Lays a sale out for the printer.
pub fn document(heading: &Heading<'_>, sale: &Sale, currency: &Currency) -> Document {
    let (words, store_name) = match heading.language {
        Language::Zh => (&CHINESE, &heading.store.name_zh),
        Language::En => (&ENGLISH, &heading.store.name_en),
    };
    let amount = |amount: Money| currency.format(amount);
    let mut paper = Document::new().title(store_name.clone());
    for line in &heading.store.receipt_header {
        paper = paper.centred(line.clone());
    }
    paper = paper.centred(match (sale.lines.is_empty(), sale.returns.is_empty()) {
        (_, true) => words.receipt,
        (true, false) => words.return_receipt,
        (false, false) => words.exchange_receipt,
    });
    if heading.reprint {
        paper = paper.centred(words.reprint);
    }
    paper = paper
        .text(format!("{}: {}", words.number, number(heading.identity, heading.seq)))
        .text(format!("{}: {}", words.date, local_time(heading.stamp)))
        .pair(
            format!("{}: {}", words.cashier, sale.staff.number),
            format!("{}: {}", words.lane, heading.identity.lane),
        )
        .rule();
    for line in &sale.lines {
        let name = match heading.language {
            Language::Zh => &line.item.name_zh,
            Language::En => &line.item.name_en,
        };
        let spec = if line.item.spec.is_empty() { String::new() } else { format!(" {}", line.item.spec) };
        let unit = match (&line.unit, heading.language) {
            (Some(unit), Language::Zh) => unit.name_zh.as_str(),
            (Some(unit), Language::En) => unit.name_en.as_str(),
            (None, _) if line.item.weighed => "kg",
            (None, _) => "",
        };
        paper = paper.text(format!("{name}{spec}")).pair(
            format!("  {} {}{unit} x {}", line.code, line.quantity, amount(line.unit_price)),
            amount(line.net()),
        );
        if let Some(promotion) = &line.promotion {
            let name = match heading.language {
                Language::Zh => &promotion.name_zh,
                Language::En => &promotion.name_en,
            };
            paper = paper.pair(format!("  {name}"), format!("({})", amount(line.price() - line.gross())));
        }
        if line.discounted() != Money::ZERO {
            paper = paper.pair(format!("  {}", words.discount), amount(-line.discounted()));
        }
    }
    for back in &sale.returns {
        let name = match heading.language {
            Language::Zh => &back.item.name_zh,
            Language::En => &back.item.name_en,
        };
        let unit = if back.item.weighed { "kg" } else { "" };
        let of = back.origin.as_ref().map_or_else(String::new, |origin| {
            let place = (&origin.store, origin.lane, origin.epoch);
            format!("  {}-{}-{}-{:06}", place.0, place.1, place.2, origin.seq)
        });
        paper = paper
            .text(format!("{}: {name}", words.returned))
            .pair(format!("  {} {}{unit}", back.code, back.quantity), amount(-back.amount));
        if !of.is_empty() {
            paper = paper.text(of);
        }
    }
    paper = paper.rule();
    let basket_pieces: i64 = sale
        .lines
        .iter()
        .map(|line| line.quantity.pieces().filter(|_| !line.item.weighed).unwrap_or(1))
        .sum();
    paper = paper.pair(
        format!("{}: {basket_pieces}", words.pieces),
        format!("{} {}", words.total, amount(sale.total)),
    );
    let saved: Money = sale.lines.iter().map(|line| line.gross() - line.net()).sum();
    if saved.is_positive() {
        paper = paper.pair(words.saved, amount(saved));
    }
    if sale.tax_added != Money::ZERO {
        paper = paper.pair(words.tax_added, amount(sale.tax_added));
    }
    if sale.rounding != Money::ZERO {
        paper = paper.pair(words.rounding, amount(sale.rounding));
    }
    paper = paper.row(drivers::printer::Row::Pair {
        left: if sale.payable < Money::ZERO { words.paid_out } else { words.payable }.to_owned(),
        right: currency.format_with_symbol(if sale.payable < Money::ZERO {
            -sale.payable
        } else {
            sale.payable
        }),
        bold: true,
        size: drivers::printer::Size::DoubleHeight,
    });
    for tender in &sale.tenders {
        paper = match tender {
            Tender::Cash(cash) => paper.pair(words.cash, amount(*cash)),
            Tender::ForeignCash { currency: theirs, amount: notes, value, .. } => {
                paper.pair(format!("{} {theirs} {}", words.cash, amount(*notes)), amount(*value))
            }
            Tender::Wallet { wallet, amount: paid, .. } => {
                let name = match wallet {
                    Wallet::WeChat => words.wallets[0],
                    Wallet::Alipay => words.wallets[1],
                    Wallet::UnionPay => words.wallets[2],
                    Wallet::Card => words.wallets[3],
                };
                paper.pair(name, amount(*paid))
            }
            Tender::Voucher { number, amount: paid } => {
                paper.pair(format!("{} {number}", words.voucher), amount(*paid))
            }
        };
    }
    paper = paper.pair(words.change, amount(sale.change)).rule();
    for tax in &sale.taxes {
        paper = paper.pair(format!("{} {} ({})", words.tax, tax.rate, amount(tax.net)), amount(tax.tax));
    }
    for line in &heading.store.receipt_footer {
        paper = paper.centred(line.clone());
    }
    let Identity { store, lane, epoch } = heading.identity.clone();
    paper.qr(ReceiptCode { store, lane, epoch, seq: heading.seq }.to_string()).cut()
}

fn local_time(stamp: Stamp) -> String {
    FixedOffset::east_opt(stamp.offset_minutes * 60)
        .zip(DateTime::from_timestamp_millis(stamp.at_ms))
        .map(|(offset, at)| at.with_timezone(&offset).format("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}
