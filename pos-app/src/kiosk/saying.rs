//! What the till says, in a customer's words: what happened, that nothing was charged, what to do.

use domain::catalogue::Item;
use domain::coupon::CouponRefusal;
use domain::phone::{ExitRight, PhoneMessage};
use domain::till::kiosk::{Cause, KioskMessage};
use domain::till::{Message, ScaleFault};
use ui::kiosk::KioskNotice;
use ui::view::Tone;

use crate::lane::{Lane, State};
use crate::present;

/// In Chinese, and in English.
type Words<'a> = (&'a str, &'a str);

const NOTHING: Words<'static> = ("", "");
const ASK: Words<'static> = ("没有多收钱。请按“呼叫店员”。", "Nothing was charged. Touch “Call staff”.");
const AGAIN: Words<'static> =
    ("没有加上。请再扫一次，条码要平整。", "Not added. Scan it again, with the code flat.");

impl Lane {
    // What is left is about goods, below.
    #[allow(clippy::wildcard_enum_match_arm)]
    /// A message of the till as a customer reads it; `None` where there is nothing to read.
    pub(super) fn saying(&self, message: &Message) -> Option<KioskNotice> {
        let (tone, what, rest) = match message {
            Message::UnknownCode(_) | Message::NotGoods(_) => {
                let rest = (
                    "没有加上。请再扫一次，或按“呼叫店员”。",
                    "Not added. Scan it again, or touch “Call staff”.",
                );
                (Tone::Attend, ("没有找到这个商品", "This item is not known"), rest)
            }
            Message::Misread(_) | Message::Malformed { .. } => {
                (Tone::Attend, ("条码没有读清", "The code was not read"), AGAIN)
            }
            Message::LabelRange(_) | Message::LabelCode(_) => {
                (Tone::Attend, ("这张标签不能用", "This label cannot be used"), ASK)
            }
            Message::PaymentCode => {
                let rest = (
                    "没有扣款。商品扫完后按“去付款”，再出示付款码。",
                    "Nothing was charged. Touch “Pay” first, then show it.",
                );
                (Tone::Attend, ("先不用付款码", "No payment code yet"), rest)
            }
            Message::MemberUnknown(_) => {
                let rest = ("请再试一次，或直接付款。", "Try again, or pay without.");
                (Tone::Attend, ("没有找到这个会员", "This member is not known"), rest)
            }
            Message::BasketFull => (Tone::Attend, ("商品太多了", "The basket is full"), ASK),
            Message::QuantityRange | Message::QuantityWeighed => {
                (Tone::Attend, ("这个数量不行", "Not that many"), NOTHING)
            }
            Message::ScanWhilePaying => {
                let rest =
                    ("没有加上。要再加商品，请先按“返回”。", "Not added. To add more, touch Back first.");
                (Tone::Attend, ("正在付款", "You are paying"), rest)
            }
            Message::CouponsFull
            | Message::MemberFirst
            | Message::BuyerUnknown { .. }
            | Message::BuyerNamed { .. }
            | Message::BuyerNotNamed(_)
            | Message::OneMembership(_)
            | Message::MembershipNeedsReceipt(_)
            | Message::ValueNotSpent
            | Message::ValueOver
            | Message::TopUpAlone
            | Message::TopUpRange { .. }
            | Message::TopUpAtHq
            | Message::ValueBackFirst
            | Message::PointsNotSpent => (Tone::Attend, ("现在用不了", "Not possible now"), ASK),
            Message::PaymentDeclined { .. } => {
                let rest = ("没有扣款。请换一个付款码再试。", "Nothing was charged. Try another code.");
                (Tone::Stop, ("付款没有成功", "The payment did not go through"), rest)
            }
            Message::PaymentNotTaken => {
                let rest = ("没有扣款。可以再试一次。", "Nothing was charged. You can try again.");
                (Tone::Attend, ("这次付款已取消", "This payment was cancelled"), rest)
            }
            Message::PaymentOpen => (Tone::Attend, ("付款还在进行", "A payment is under way"), NOTHING),
            Message::NoTerminal => {
                let rest = (
                    "没有扣款。请用微信或支付宝，或按“付现金”。",
                    "Nothing was charged. Use WeChat Pay, Alipay, or cash.",
                );
                (Tone::Attend, ("这里不收这种付款码", "This code is not taken here"), rest)
            }
            Message::TooManyInDoubt | Message::TendersFirst | Message::TendersFull => {
                (Tone::Attend, ("现在不能付款", "Payment is not possible now"), ASK)
            }
            Message::WrongPin { wait_seconds: 0 } => (Tone::Stop, ("密码不对", "Wrong PIN"), NOTHING),
            Message::MayNotApprove => {
                let rest = ("没有做。请主管来。", "Nothing was done. Ask a supervisor.");
                (Tone::Attend, ("您没有这个权限", "You may not do this"), rest)
            }
            Message::ParkedFull => (
                Tone::Attend,
                ("搁下的单太多", "Too many baskets are put aside"),
                ("请先处理。", "Settle some first."),
            ),
            Message::BasketFirst => {
                let rest = ("请先处理这一单。", "Settle this basket first.");
                (Tone::Attend, ("还有没付的商品", "There are unpaid goods"), rest)
            }
            Message::Fault(_) => (Tone::Stop, ("暂时查不到商品", "Goods cannot be looked up"), ASK),
            Message::Kiosk(KioskMessage::NotHere) => {
                (Tone::Attend, ("自助机上不能这样做", "Not possible at a kiosk"), ASK)
            }
            Message::Phone(PhoneMessage::ExitPassed { exit, audit }) => {
                return Some(self.exit_passed(exit, *audit));
            }
            Message::Phone(message) => {
                let (tone, what, rest) = crate::phone::phone_words(message, self.moment.offset_minutes);
                return Some(self.notice_of(tone, (&what.0, &what.1), rest));
            }
            Message::Kiosk(KioskMessage::NoBag) => {
                let rest = (
                    "太重，或还有商品要放。请拿开，或叫店员。",
                    "Too heavy, or goods are waited for. Take it off, or call the staff.",
                );
                (Tone::Attend, ("这不像购物袋", "That is no bag"), rest)
            }
            Message::Kiosk(KioskMessage::NotSoldHere(item)) => {
                let rest = ("没有加上。请到人工收银台购买。", "Not added. It is sold at a manned till.");
                return Some(self.about(item, Tone::Attend, ("自助机不卖", "not sold here"), rest));
            }
            _ => return self.saying_about_goods(message),
        };
        Some(self.notice_of(tone, what, rest))
    }

    fn notice_of(&self, tone: Tone, what: Words<'_>, rest: Words<'_>) -> KioskNotice {
        KioskNotice { tone, what: self.words(what.0, what.1), rest: self.words(rest.0, rest.1) }
    }

    /// The attendant is told that somebody may leave.
    fn exit_passed(&self, exit: &ExitRight, audit: bool) -> KioskNotice {
        let State::Open(open) = &self.state else { return self.notice_of(Tone::Good, NOTHING, NOTHING) };
        let total = open.settings().currency.format_with_symbol(exit.total);
        let at = present::local_time(exit.made_ms, self.moment.offset_minutes, "%H:%M");
        let pieces = exit.pieces;
        let what = (
            format!("已付款 {total} · {pieces} 件 · {at}"),
            format!("Paid {total} · {pieces} pieces · {at}"),
        );
        let (tone, rest) = if audit {
            (Tone::Attend, ("抽检：请看一看商品。", "Spot check: look at the goods."))
        } else {
            (Tone::Good, ("离店码已用掉，请放行。", "The exit code is used up. Let them leave."))
        };
        self.notice_of(tone, (&what.0, &what.1), rest)
    }

    fn about(&self, item: &Item, tone: Tone, what: Words<'_>, rest: Words<'_>) -> KioskNotice {
        let name = present::name(item, self.front.language);
        let what = (format!("{name}：{}", what.0), format!("{name}: {}", what.1));
        self.notice_of(tone, (&what.0, &what.1), rest)
    }

    // What is left is for cashiers: a kiosk's pages say it otherwise, or it does not come up there.
    #[allow(clippy::wildcard_enum_match_arm)]
    fn saying_about_goods(&self, message: &Message) -> Option<KioskNotice> {
        let State::Open(open) = &self.state else { return None };
        let currency = &open.settings().currency;
        Some(match message {
            Message::AgeRestricted(item) => self.about(
                item,
                Tone::Attend,
                ("店员会来确认年龄", "somebody comes to confirm your age"),
                ("可以继续扫其他商品。", "You can go on scanning."),
            ),
            Message::Expired { item, .. } => self.about(
                item,
                Tone::Stop,
                ("已过期，不能卖", "past its date, not sold"),
                ("没有加上。请交给店员。", "Not added. Please give it to the staff."),
            ),
            Message::PastBest { item, .. } => self.about(
                item,
                Tone::Attend,
                ("临近或超过最佳日期", "past its best"),
                ("已加上。", "It was added."),
            ),
            Message::SerialInBasket { item, .. } => self.about(
                item,
                Tone::Attend,
                ("这一件已经扫过", "this very piece is there already"),
                NOTHING,
            ),
            Message::LineVoided(item) => self.about(item, Tone::Good, ("已取出", "taken out"), NOTHING),
            Message::PriceMissing(item) | Message::PriceNeeded(item) => {
                self.about(item, Tone::Attend, ("这里没有价格", "has no price here"), ASK)
            }
            Message::WeightNeeded(item) | Message::WeightByScaleOnly(item) => {
                self.about(item, Tone::Attend, ("要先称重", "must be weighed"), ASK)
            }
            Message::NotWeighed { item, fault } => {
                let (what, rest) = match fault {
                    ScaleFault::Empty | ScaleFault::BelowMinimum => (
                        ("秤上没有商品", "nothing lay on the scale"),
                        ("没有加上。请先放到秤上。", "Not added. Put it on the scale first."),
                    ),
                    ScaleFault::Unchanged => (
                        ("秤上还是刚才那一件", "the goods before still lie there"),
                        ("没有加上。请先拿走，再放新的。", "Not added. Take them off first."),
                    ),
                    ScaleFault::Away | ScaleFault::Unit | ScaleFault::Refused => {
                        (("秤现在用不了", "the scale does not answer"), ASK)
                    }
                    ScaleFault::Moving | ScaleFault::OverRange | ScaleFault::UnderRange => (
                        ("没有称好", "was not weighed"),
                        ("没有加上。请放稳再试一次。", "Not added. Put it down still and try again."),
                    ),
                };
                self.about(item, Tone::Attend, what, rest)
            }
            Message::MemberJoined(member) => {
                let what = (format!("会员 {}", member.shown), format!("Member {}", member.shown));
                let rest = ("会员价和积分已算上。", "Your prices and points count now.");
                self.notice_of(Tone::Good, (&what.0, &what.1), rest)
            }
            Message::CouponLaid { off, .. } => {
                let off = currency.format_with_symbol(*off);
                let what = (format!("优惠券已用，省 {off}"), format!("The coupon takes off {off}"));
                self.notice_of(Tone::Good, (&what.0, &what.1), NOTHING)
            }
            Message::CouponRefused(refusal) => self.coupon_refused(refusal),
            Message::WrongPin { wait_seconds } => {
                let rest = (format!("{wait_seconds} 秒后再试。"), format!("Try again in {wait_seconds} s."));
                self.notice_of(Tone::Stop, ("密码不对", "Wrong PIN"), (&rest.0, &rest.1))
            }
            Message::Reprinting { .. } => {
                self.notice_of(Tone::Good, ("小票正在打印", "The receipt is being printed"), NOTHING)
            }
            Message::BasketParked { basket } => {
                let what = (format!("已搁下，{basket} 号"), format!("Put aside as no. {basket}"));
                self.notice_of(Tone::Good, (&what.0, &what.1), NOTHING)
            }
            _ => return None,
        })
    }

    fn coupon_refused(&self, refusal: &CouponRefusal) -> KioskNotice {
        let State::Open(open) = &self.state else {
            return self.notice_of(Tone::Attend, ("优惠券用不了", "The coupon cannot be used"), NOTHING);
        };
        let missing;
        let rest = match refusal {
            CouponRefusal::Expired { .. } => ("已经过期。", "It has expired."),
            CouponRefusal::NotYet { .. } => ("还没到使用时间。", "Its time has not come yet."),
            CouponRefusal::Used(_) | CouponRefusal::Reserved(_) => ("已经用过。", "It was used already."),
            CouponRefusal::Withdrawn(_) => ("已经作废。", "It was withdrawn."),
            CouponRefusal::Twice(_) => ("这张已经算上了。", "It counts already."),
            CouponRefusal::OtherMember(_) => ("是别的会员的券。", "It is another member's."),
            CouponRefusal::TooMany { .. } => ("这类券不能再加了。", "No more of this kind."),
            CouponRefusal::Unknown(_) => ("查不到这张券。", "It is not known."),
            CouponRefusal::OtherGoods(_) => ("这些商品用不上。", "Not for these goods."),
            CouponRefusal::BelowThreshold { missing: lacking, .. } => {
                let lacking = open.settings().currency.format_with_symbol(*lacking);
                missing = (format!("再买 {lacking} 就能用。"), format!("It takes {lacking} more."));
                (missing.0.as_str(), missing.1.as_str())
            }
            CouponRefusal::Condition { .. } => ("条件不符。", "Its condition is not met."),
            CouponRefusal::Outdone(_) => ("现有优惠更划算。", "You save more without it."),
        };
        self.notice_of(Tone::Attend, ("优惠券没有用上", "The coupon was not used"), rest)
    }
}

/// What a wait is for, as a heading; and what happens meanwhile.
pub(super) const fn wait_words(cause: Cause) -> (Words<'static>, Words<'static>) {
    match cause {
        Cause::Age => (
            ("请稍等，店员来确认年龄", "Somebody comes to confirm your age"),
            (
                "酒类只卖给满 18 岁的顾客，请准备好身份证。",
                "Alcohol is sold from 18 on. Please have your ID ready.",
            ),
        ),
        Cause::Removal => (
            ("请稍等，店员来帮您取出", "Somebody comes to take it out"),
            ("再取出商品要店员确认。其余商品都保留着。", "This needs the staff. Everything else is kept."),
        ),
        Cause::Pieces => (
            ("请稍等，店员来核对数量", "Somebody comes to check how many"),
            ("同一种商品比较多，核对后就能付款。", "There are many of one kind. Then you can pay."),
        ),
        Cause::Total => (
            ("请稍等，店员来核对金额", "Somebody comes to check the amount"),
            ("金额较大，核对后就能付款。", "It is a large amount. Then you can pay."),
        ),
        Cause::Payment => (
            ("请稍等，店员来核对付款", "Somebody comes to check the payment"),
            ("请先不要再付一次。不会重复扣款。", "Please do not pay again. You are not charged twice."),
        ),
        Cause::NotBagged | Cause::WrongWeight | Cause::Unexpected | Cause::TakenOff => (
            ("请稍等，店员来看装袋区", "Somebody comes to look at the bagging area"),
            ("没有多收钱。放好商品也可以继续。", "Nothing was charged. Put it right, and you can go on."),
        ),
        Cause::Audit => (
            ("请稍等，店员来抽查", "Somebody comes for a spot check"),
            (
                "这次随机抽到您，看几件商品就好，谢谢。",
                "You were drawn at random: a few items, and thank you.",
            ),
        ),
        Cause::Cash => (
            ("请稍等，店员来收现金", "Somebody comes to take the cash"),
            ("请准备好现金。改用手机付款请按“返回”。", "Please have it ready. Touch Back to pay by phone."),
        ),
        Cause::Help | Cause::PriceQuery | Cause::CouponQuery => {
            (("店员马上来", "Somebody is coming"), ("您可以继续。", "You can go on."))
        }
    }
}
