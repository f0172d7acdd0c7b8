//! What a scan is to somebody with labels in the hand, and where it goes.

use std::sync::Arc;

use domain::barcode::{self, Barcode, symbology};
use domain::catalogue::{Catalogue, Found, Item, LookUpError};
use domain::label::{LabelItem, LabelNumber};
use drivers::sound::Tone as Sound;
use ui::view::Tone;

use super::{Labels, Page, Question};
use crate::lane::{Lane, OpenLane, State};

/// The longest part of a code that a message repeats.
const SHOWN_MAX: usize = 32;

/// What was scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scanned {
    /// A label.
    Label(LabelNumber),
    /// Goods.
    Item {
        /// As a label stands for them.
        item: LabelItem,
        /// The item.
        found: Arc<Item>,
    },
    /// Neither.
    Wrong(Wrong),
}

/// What was scanned in place of a label or goods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// A member's card.
    Member,
    /// A coupon.
    Coupon,
    /// A customer's payment code, which is never shown.
    Payment,
    /// A receipt.
    Receipt,
    /// A card of the staff.
    Staff,
    /// A code that was read wrongly.
    Misread(String),
    /// Goods that this store does not sell, or nothing at all.
    Unknown(String),
    /// The goods cannot be asked.
    Fault(String),
}

impl Labels {
    /// What a text stands for.
    pub(super) fn read(&self, open: &OpenLane, text: &str, day: chrono::NaiveDate) -> Scanned {
        let (_, code) = symbology::split(text.trim());
        let number = label_number(code);
        // A label of this store comes first: twelve digits alone may be a code of goods, too.
        if let Some(number) = number.as_ref().filter(|number| self.is_known(number)) {
            return Scanned::Label(number.clone());
        }
        let barcode = barcode::recognise(text, &open.settings().codes, day);
        let item = match item_of(open, &barcode) {
            Ok(Some(found)) => {
                let unit = found.unit.as_ref().map(|unit| unit.unit.id.clone()).unwrap_or_default();
                let item = LabelItem { sku: found.item.sku.clone(), unit };
                return Scanned::Item { item, found: found.item };
            }
            Ok(None) => None,
            Err(error) => Some(Wrong::Fault(error.0)),
        };
        if let Some(fault) = item {
            return Scanned::Wrong(fault);
        }
        let shown = || code.chars().filter(|character| !character.is_control()).take(SHOWN_MAX).collect();
        let wrong = match &barcode {
            Barcode::Member(_) => Wrong::Member,
            Barcode::Coupon(_) => Wrong::Coupon,
            Barcode::Payment => Wrong::Payment,
            Barcode::Receipt(_) => Wrong::Receipt,
            Barcode::Staff(_) => Wrong::Staff,
            Barcode::Goods(_)
            | Barcode::Scale(_)
            | Barcode::Label(_)
            | Barcode::Phone(_)
            | Barcode::ItemCode(_)
            | Barcode::Misread(..)
            | Barcode::Malformed(_)
            | Barcode::Other(_) => match number {
                Some(number) => return Scanned::Label(number),
                None if matches!(barcode, Barcode::Misread(..) | Barcode::Malformed(_)) => {
                    Wrong::Misread(shown())
                }
                None => Wrong::Unknown(shown()),
            },
        };
        Scanned::Wrong(wrong)
    }
}

/// The number of a label in its code: as printed, or with the shop's prefix and check in front and behind.
fn label_number(code: &str) -> Option<LabelNumber> {
    LabelNumber::parse(code).ok().or_else(|| {
        let inner = code.strip_prefix(['L', 'l'])?;
        LabelNumber::parse(inner.get(..inner.len().checked_sub(1)?)?).ok()
    })
}

/// The goods that a code stands for.
fn item_of(open: &OpenLane, barcode: &Barcode) -> Result<Option<Found>, LookUpError> {
    let goods = open.reference();
    Ok(match barcode {
        Barcode::Goods(read) => match (goods.item_by_gtin(&read.gtin)?, &read.also) {
            (None, Some(also)) => goods.item_by_gtin(also)?,
            (found, _) => found,
        },
        Barcode::Scale(label) => goods.item_by_plu(&label.plu)?.map(Found::from),
        Barcode::ItemCode(code) | Barcode::Misread(code, _) => match goods.item_by_plu(code)? {
            None => goods.item_by_sku(code)?,
            found => found,
        }
        .map(Found::from),
        Barcode::Member(_)
        | Barcode::Coupon(_)
        | Barcode::Staff(_)
        | Barcode::Receipt(_)
        | Barcode::Label(_)
        | Barcode::Phone(_)
        | Barcode::Payment
        | Barcode::Malformed(_)
        | Barcode::Other(_) => None,
    })
}

impl Lane {
    fn read_for_labels(&self, text: &str) -> Option<Scanned> {
        let (Some(labels), State::Open(open)) = (&self.labels, &self.state) else { return None };
        let local_ms = self.moment.now_ms + i64::from(self.moment.offset_minutes) * 60_000;
        let day = chrono::DateTime::from_timestamp_millis(local_ms).unwrap_or_default().date_naive();
        Some(labels.read(open, text, day))
    }

    /// Whether a text that was typed is a code of a label or of goods.
    pub(super) fn is_code_here(&self, text: &str) -> bool {
        match self.read_for_labels(text) {
            Some(Scanned::Label(number)) => {
                // Twelve typed digits may be the beginning of something else.
                self.labels.as_ref().is_some_and(|labels| labels.is_known(&number))
                    || !text.bytes().all(|byte| byte.is_ascii_digit())
            }
            Some(Scanned::Item { .. }) => true,
            Some(Scanned::Wrong(_)) | None => false,
        }
    }

    /// A code from any scanner.
    pub(crate) fn labels_scan(&mut self, text: &str) {
        self.front.notice = None;
        let Some(scanned) = self.read_for_labels(text) else { return };
        self.with_labels(|labels| {
            labels.typed.clear();
            labels.letters = false;
            labels.looked = None;
        });
        let Some(page) = self.labels.as_ref().map(|labels| labels.page().clone()) else { return };
        match (page, scanned) {
            (Page::Walk(_), scanned) => self.walk_scan(scanned),
            (Page::Pick(_), scanned) => self.pick_scan(scanned),
            (_, Scanned::Wrong(wrong)) => self.say_wrong(&wrong),
            (Page::Ask(Question::Replace(old)), Scanned::Label(new)) => self.replace_by(&old, new),
            (Page::Ask(Question::Replace(_)), Scanned::Item { .. }) => self.labels_say(
                Tone::Attend,
                ("这是商品", "还没有更换。请扫新的价签。"),
                ("That is an item", "Nothing was replaced. Scan the new label."),
            ),
            (Page::Slot(_), Scanned::Label(_) | Scanned::Item { .. }) => self.labels_say(
                Tone::Attend,
                ("先存好位置", "没有绑定。输完按“保存”，或按“返回”。"),
                ("Save the place first", "Nothing was bound. Press Save, or Back."),
            ),
            (Page::Item(item), Scanned::Label(number)) => self.bind_item(&number, item),
            (Page::Label { number, .. }, Scanned::Item { item, .. }) => self.bind_item(&number, item),
            (
                Page::Ask(Question::Bound { number, .. } | Question::Unheard { number, .. }),
                Scanned::Item { item, .. },
            ) => {
                self.bind_item(&number, item);
            }
            (
                Page::Home
                | Page::List(_)
                | Page::Label { .. }
                | Page::Ask(
                    Question::Bound { .. }
                    | Question::Unheard { .. }
                    | Question::Unbind(_)
                    | Question::Template(_)
                    | Question::Waive { .. },
                )
                | Page::Parity
                | Page::Help,
                Scanned::Label(number),
            ) => self.open_label(number),
            (
                Page::Home
                | Page::List(_)
                | Page::Item(_)
                | Page::Ask(Question::Unbind(_) | Question::Template(_) | Question::Waive { .. })
                | Page::Parity
                | Page::Help,
                Scanned::Item { item, .. },
            ) => {
                self.sound(Sound::Accepted);
                self.with_labels(|labels| labels.turn_to(Page::Item(item)));
            }
        }
    }

    /// Shows a label that was scanned, and says what is odd about it.
    fn open_label(&mut self, number: LabelNumber) {
        let Some(labels) = &self.labels else { return };
        let known = labels.is_known(&number);
        self.sound(if known { Sound::Accepted } else { Sound::Unknown });
        if !known {
            self.say_unknown_label();
            self.ask_whose_label(&number);
        }
        self.with_labels(|labels| labels.turn_to(Page::Label { number, adding: false }));
    }

    /// Nobody here knows the label.
    pub(super) fn say_unknown_label(&mut self) {
        self.labels_say(
            Tone::Attend,
            ("没有基站听到过这个价签", "没有绑定。新价签装好电池等几分钟；也可能是别的店的。"),
            (
                "No gateway has heard this label",
                "Nothing was bound. It may be new, asleep, or another store's.",
            ),
        );
    }

    /// What was scanned is neither a label nor goods.
    pub(super) fn say_wrong(&mut self, wrong: &Wrong) {
        let scan = ("没有绑定。请扫价签或商品的码。", "Nothing was bound. Scan a label or the goods.");
        let (what_zh, what_en, rest_zh, rest_en) = match wrong {
            Wrong::Member => ("这是会员码".to_owned(), "That is a member's card".to_owned(), scan.0, scan.1),
            Wrong::Coupon => ("这是优惠券".to_owned(), "That is a coupon".to_owned(), scan.0, scan.1),
            Wrong::Payment => (
                "这是付款码".to_owned(),
                "That is a payment code".to_owned(),
                "没有收款，也没有记下。请扫价签或商品的码。",
                "Nothing was charged or kept. Scan a label or the goods.",
            ),
            Wrong::Receipt => ("这是小票".to_owned(), "That is a receipt".to_owned(), scan.0, scan.1),
            Wrong::Staff => ("这是工牌".to_owned(), "That is a staff card".to_owned(), scan.0, scan.1),
            Wrong::Misread(code) => (
                format!("没扫清楚：{code}"),
                format!("Not read well: {code}"),
                "没有绑定。再扫一次，或输入码下面的数字。",
                "Nothing was bound. Scan again, or type the number below the bars.",
            ),
            Wrong::Unknown(code) => (
                format!("本店没有：{code}"),
                format!("Not known here: {code}"),
                "没有绑定。请看商品的码；新商品要总部先建档。",
                "Nothing was bound. Check the code; HQ enters new goods first.",
            ),
            Wrong::Fault(why) => (
                "商品资料读不出来".to_owned(),
                "The goods cannot be read".to_owned(),
                "没有绑定。请叫技术人员。",
                why.as_str(),
            ),
        };
        self.front.say(Tone::Attend, (&what_zh, rest_zh), (&what_en, rest_en));
        let unknown = matches!(wrong, Wrong::Misread(_) | Wrong::Unknown(_));
        self.sound(if unknown { Sound::Unknown } else { Sound::Blocked });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_labels_code_is_its_number_with_or_without_the_shops_prefix() {
        let number = LabelNumber::parse("00000218A3F5C611").expect("a number");
        for text in ["00000218A3F5C611", "0218a3f5c611", "02:18:A3:F5:C6:11", "L00000218A3F5C611X"] {
            assert_eq!(label_number(text).as_ref(), Some(&number), "{text}");
        }
        for text in ["", "L", "6901209255083", "M00000005C"] {
            assert_eq!(label_number(text), None, "{text}");
        }
    }
}
