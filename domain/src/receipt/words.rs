//! The words of a receipt in each language. What they stand beside is not known here.

/// The language of a receipt, which need not be the screen's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Simplified Chinese.
    Chinese,
    /// English.
    English,
}

impl Language {
    /// The one of two texts that is in this language.
    pub fn pick<'a>(self, chinese: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Chinese => chinese,
            Self::English => english,
        }
    }

    pub(super) fn words(self) -> &'static Words {
        match self {
            Self::Chinese => &CHINESE,
            Self::English => &ENGLISH,
        }
    }
}

/// What a receipt says beside names, numbers and amounts.
pub(super) struct Words {
    pub(super) receipt: &'static str,
    pub(super) return_receipt: &'static str,
    pub(super) exchange_receipt: &'static str,
    /// In both languages at once: whoever checks papers must not miss it.
    pub(super) reprint: &'static str,
    pub(super) number: &'static str,
    pub(super) date: &'static str,
    pub(super) cashier: &'static str,
    pub(super) lane: &'static str,
    pub(super) list_price: &'static str,
    pub(super) set_price: &'static str,
    pub(super) discount: &'static str,
    pub(super) basket_discount: &'static str,
    pub(super) returned: &'static str,
    pub(super) sold_on: &'static str,
    pub(super) pieces: &'static str,
    pub(super) subtotal: &'static str,
    pub(super) tax_added: &'static str,
    pub(super) total: &'static str,
    pub(super) rounding: &'static str,
    pub(super) payable: &'static str,
    pub(super) paid_out: &'static str,
    pub(super) refund: &'static str,
    pub(super) cash: &'static str,
    pub(super) rate: &'static str,
    pub(super) wechat: &'static str,
    pub(super) alipay: &'static str,
    pub(super) union_pay: &'static str,
    pub(super) card: &'static str,
    pub(super) reference: &'static str,
    pub(super) voucher: &'static str,
    pub(super) change: &'static str,
    pub(super) saved: &'static str,
    pub(super) tax_contained: &'static str,
    pub(super) member: &'static str,
    pub(super) member_price: &'static str,
    pub(super) points_off: &'static str,
    pub(super) points_reversed: &'static str,
    pub(super) points_restored: &'static str,
    pub(super) points_spent: &'static str,
    pub(super) points_worth: &'static str,
    pub(super) points_earned: &'static str,
    pub(super) points_balance: &'static str,
}

const CHINESE: Words = Words {
    receipt: "销售小票",
    return_receipt: "退货小票",
    exchange_receipt: "换货小票",
    reprint: "** 重打 REPRINT **",
    number: "单号",
    date: "时间",
    cashier: "收银员",
    lane: "收银台",
    list_price: "原价",
    set_price: "改价",
    discount: "手工折扣",
    basket_discount: "整单折扣",
    returned: "退",
    sold_on: "原单号",
    pieces: "件数",
    subtotal: "小计",
    tax_added: "税额",
    total: "合计",
    rounding: "抹零",
    payable: "应付",
    paid_out: "应退",
    refund: "退",
    cash: "现金",
    rate: "汇率",
    wechat: "微信支付",
    alipay: "支付宝",
    union_pay: "云闪付",
    card: "银行卡",
    reference: "交易号",
    voucher: "代金券",
    change: "找零",
    saved: "已优惠",
    tax_contained: "含税",
    member: "会员",
    member_price: "会员价",
    points_off: "积分抵现",
    points_reversed: "扣回积分",
    points_restored: "退还积分",
    points_spent: "使用积分",
    points_worth: "抵",
    points_earned: "本次积分",
    points_balance: "积分余额",
};

const ENGLISH: Words = Words {
    receipt: "Sales receipt",
    return_receipt: "Return receipt",
    exchange_receipt: "Exchange receipt",
    reprint: "** 重打 REPRINT **",
    number: "No.",
    date: "Time",
    cashier: "Cashier",
    lane: "Lane",
    list_price: "list",
    set_price: "Price set",
    discount: "Discount",
    basket_discount: "Discount on all",
    returned: "Returned",
    sold_on: "Sold on",
    pieces: "Pieces",
    subtotal: "Subtotal",
    tax_added: "Tax",
    total: "Total",
    rounding: "Rounding",
    payable: "To pay",
    paid_out: "To pay out",
    refund: "Refund",
    cash: "Cash",
    rate: "Rate",
    wechat: "WeChat Pay",
    alipay: "Alipay",
    union_pay: "UnionPay",
    card: "Card",
    reference: "Ref.",
    voucher: "Voucher",
    change: "Change",
    saved: "You saved",
    tax_contained: "VAT",
    member: "Member",
    member_price: "Member price",
    points_off: "Paid with points",
    points_reversed: "Points taken back",
    points_restored: "Points given back",
    points_spent: "Points spent",
    points_worth: "worth",
    points_earned: "Points earned",
    points_balance: "Points balance",
};
