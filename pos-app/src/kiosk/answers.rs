//! What may be said to a call, at the kiosk or from the board: the same words, and the same reasons in the journal.

use domain::till::kiosk::{CallEnd, Cause};

/// In Chinese, and in English.
pub(crate) type Words = (&'static str, &'static str);

/// What a call is called where several stand in a list.
pub(crate) const fn cause_words(cause: Cause) -> Words {
    match cause {
        Cause::Age => ("确认年龄", "Age"),
        Cause::Removal => ("取出商品", "Taking out"),
        Cause::Pieces => ("件数多", "Many pieces"),
        Cause::Total => ("金额大", "Large amount"),
        Cause::Payment => ("付款没有结果", "Payment in doubt"),
        Cause::NotBagged => ("没放装袋区", "Not bagged"),
        Cause::WrongWeight => ("重量不符", "Wrong weight"),
        Cause::Unexpected => ("多了东西", "Unexpected item"),
        Cause::TakenOff => ("少了东西", "Taken off"),
        Cause::Audit => ("抽查", "Spot check"),
        Cause::Cash => ("收现金", "Cash"),
        Cause::Help => ("求助", "Help"),
        Cause::PriceQuery => ("价格疑问", "Price query"),
        Cause::CouponQuery => ("优惠券疑问", "Coupon query"),
    }
}

/// The answers to a call, each with the reason that is written down; none where something else is done about it.
pub(crate) fn answers(cause: Cause) -> &'static [(CallEnd, Words, Words)] {
    use CallEnd::{FalseAlarm, Passed, Refused};
    const OFF: Words = ("秤或重量资料不准", "Scale or known weight is off");
    match cause {
        Cause::Age => &[
            (Passed, ("看过，已满 18 岁", "Looked: 18 or older"), ("看过，已满18岁", "Looked: 18 or older")),
            (Refused, ("未满 18 岁，不卖", "Under 18: do not sell"), ("未满18岁", "Under 18")),
        ],
        Cause::Pieces => &[
            (Passed, ("数量没问题，可以卖", "That many are fine"), ("数量已核对", "Counted")),
            (Refused, ("数量太多，不卖", "Too many: do not sell"), ("数量太多", "Too many")),
        ],
        Cause::Total => &[
            (Passed, ("金额没问题，可以卖", "The amount is fine"), ("金额已核对", "Checked")),
            (Refused, ("请到人工收银台", "To a manned till"), ("请到收银台", "To a manned till")),
        ],
        Cause::NotBagged => &[
            (
                Passed,
                ("看过，不用放进装袋区", "Seen: need not lie there"),
                ("大件，不放装袋区", "Too large for the area"),
            ),
            (
                Refused,
                ("请顾客放好", "The customer must put it there"),
                ("没有放进装袋区", "Was not put there"),
            ),
            (FalseAlarm, ("放了，秤没称出来", "It lies there, the scale did not see it"), OFF),
        ],
        Cause::WrongWeight => &[
            (FalseAlarm, ("商品没错，以后按这个重量", "The goods are right: learn this weight"), OFF),
            (Passed, ("看过，这一次没问题", "Seen: fine this once"), ("看过商品", "Looked at the goods")),
            (Refused, ("放的不是扫的商品", "Not what was scanned"), ("商品不符", "Other goods than scanned")),
        ],
        Cause::Unexpected => &[
            (
                Passed,
                ("看过，是顾客自己的东西", "Seen: the customer's own things"),
                ("顾客自己的东西", "The customer's own"),
            ),
            (Refused, ("有没扫的商品", "Goods that were not scanned"), ("有没扫的商品", "Goods not scanned")),
            (FalseAlarm, ("没有多的东西", "There is nothing more"), OFF),
        ],
        Cause::TakenOff => &[
            (Passed, ("看过，顾客先拿走了", "Seen: packed already"), ("顾客先拿走了", "Packed already")),
            (Refused, ("请顾客放回来", "The customer must put it back"), ("请放回装袋区", "To be put back")),
            (FalseAlarm, ("没有少东西", "Nothing is missing"), OFF),
        ],
        Cause::Help => &[
            (Passed, ("已帮好", "Helped"), ("帮顾客处理", "Helped the customer")),
            (FalseAlarm, ("没人要帮忙", "Nobody needed help"), ("误按", "Touched by mistake")),
        ],
        Cause::PriceQuery => &[
            (Passed, ("已处理", "Settled"), ("价格有误，已处理", "The price was wrong: settled")),
            (
                Refused,
                ("价格没错，已说明", "The price is right: explained"),
                ("价格没错，已说明", "The price was right"),
            ),
            (FalseAlarm, ("没人要问", "Nobody asked"), ("误按", "Touched by mistake")),
        ],
        Cause::CouponQuery => &[
            (Passed, ("券已处理", "Settled"), ("券已处理", "Settled the coupon")),
            (
                Refused,
                ("这张券用不上，已说明", "It does not apply: explained"),
                ("券不符合条件", "The coupon does not apply"),
            ),
            (FalseAlarm, ("没人要问", "Nobody asked"), ("误按", "Touched by mistake")),
        ],
        Cause::Removal | Cause::Payment | Cause::Audit | Cause::Cash => &[],
    }
}
