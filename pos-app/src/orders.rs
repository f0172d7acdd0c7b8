//! The store's orders of channels, as this lane knows them: what HQ told last, and which of them the staff was told of.
//!
//! What was done with them here stands in the till; how they are shown and worked at, in the sheets.

use std::collections::BTreeSet;

use domain::money::Quantity;
use domain::order::desk::{OrderHere, OrderRefused, Standing};
use domain::till::Desk;
use drivers::sound::Tone as Sound;
use ledger::reference::orders::OrderAtStore;
use ui::view::{Language, Notice, OrderCount, Tone};

use crate::lane::{Command, Lane, State, words};
use crate::present::local_time;
use crate::sheet::{Kind, say};

/// What the lane knows of the store's orders.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    told: Vec<OrderAtStore>,
    /// Those of which the staff was told that they are new.
    called: BTreeSet<String>,
    /// The agent's file was so when it was read last.
    seen: Option<i64>,
}

impl Lane {
    /// Whether this lane has to do with orders: a training gives out no goods, and customers give out none themselves.
    pub(crate) fn has_orders(&self) -> bool {
        !self.config.training && self.kiosk.is_none() && self.labels.is_none()
    }

    /// Reads what HQ told of orders, where the agent wrote anything; a new one is told of once, with a sound.
    pub(crate) fn look_at_orders(&mut self) {
        if !self.has_orders() {
            return;
        }
        let State::Open(open) = &self.state else { return };
        match open.reference().orders_since(self.orders.seen) {
            Ok(None) => return,
            Ok(Some((seen, told))) => {
                self.orders.seen = Some(seen);
                self.orders.told = told;
            }
            Err(error) => return tracing::warn!(error = words(&error), "orders not read"),
        }
        let told: BTreeSet<String> = self.orders.told.iter().map(|order| order.told.id.clone()).collect();
        self.orders.called.retain(|id| told.contains(id));
        let new: Vec<String> = self
            .open_orders_listed()
            .filter(|(order, _, standing)| {
                *standing == Standing::New && !self.orders.called.contains(&order.told.id)
            })
            .map(|(order, ..)| order.told.id.clone())
            .collect();
        if new.is_empty() {
            return;
        }
        let count = new.len();
        self.orders.called.extend(new);
        self.commands.push(Command::Play(Sound::Order));
        // Nothing that the cashier is being told is put away for it; the bar keeps the count.
        let at_goods = self.till().is_some_and(|till| matches!(till.desk(), Desk::Selling(_)));
        if at_goods && self.front.notice.is_none() {
            let what =
                say(self.front.language, &format!("新订单 {count} 张"), &format!("New orders: {count}"));
            let rest = say(
                self.front.language,
                "空了就看：点上面的“订单”，或按 Tab 再选订单。",
                "When there is time: tap Orders above, or press Tab and choose Orders.",
            );
            self.front.notice = Some(Notice::Said { tone: Tone::Attend, what, rest });
        }
    }

    /// The orders that still want something of the store, the promised ones first.
    pub(crate) fn open_orders_listed(
        &self,
    ) -> impl Iterator<Item = (&OrderAtStore, Option<&OrderHere>, Standing)> {
        let here = self.till().map(domain::till::Till::orders);
        self.orders.told.iter().filter_map(move |order| {
            let here = here.and_then(|here| here.get(&order.told.id));
            let standing = order.told.standing(here);
            match standing {
                Standing::New | Standing::Accepted | Standing::Picking | Standing::Ready => {
                    Some((order, here, standing))
                }
                Standing::HandedOver | Standing::Ended => None,
            }
        })
    }

    /// How many there are.
    pub(crate) fn open_orders_count(&self) -> usize {
        self.open_orders_listed().count()
    }

    /// An order, with what was done with it here.
    pub(crate) fn order(&self, id: &str) -> Option<(&OrderAtStore, Option<&OrderHere>)> {
        let order = self.orders.told.iter().find(|order| order.told.id == id)?;
        Some((order, self.till()?.orders().get(id)))
    }

    /// The orders whose code this is; two may have the same.
    pub(crate) fn orders_of_code(&self, code: &str) -> Vec<&OrderAtStore> {
        let State::Open(open) = &self.state else { return Vec::new() };
        let store = &open.store().code;
        self.orders.told.iter().filter(|order| code_of(order, store, code).is_some()).collect()
    }

    /// The list of orders, where a person at the counter asks for it.
    pub(crate) fn open_orders(&mut self) {
        // Who stands at a kiosk waits now, and the key in the bar said so.
        if self.open_board() {
            return;
        }
        let counter =
            self.till().is_some_and(|till| matches!(till.desk(), Desk::Selling(_) | Desk::Done(..)));
        if counter && self.has_orders() {
            self.open_sheet(Kind::Orders);
        }
    }

    /// What the bar says of them.
    pub(crate) fn orders_bar(&self) -> Option<OrderCount> {
        if let Some(board) = self.board_bar() {
            return Some(board);
        }
        if !self.has_orders() {
            return None;
        }
        let (mut count, mut calls) = (0usize, false);
        for (order, _, standing) in self.open_orders_listed() {
            count += 1;
            calls |= standing == Standing::New;
            calls |= order.told.promised_ms.is_some_and(|promised_ms| promised_ms < self.moment.now_ms);
        }
        if count == 0 {
            return None;
        }
        let text = say(self.front.language, &format!("订单 {count}"), &format!("Orders {count}"));
        Some(OrderCount { text, calls })
    }
}

/// A code that is an order's, as HQ knows it: as it was written or in other letters, since the screen's own are capitals.
/// `None` where it is not.
pub(crate) fn code_of(order: &OrderAtStore, store: &str, code: &str) -> Option<String> {
    [code.to_owned(), code.to_ascii_uppercase(), code.to_ascii_lowercase()]
        .into_iter()
        .find(|code| order.is_code(store, code))
}

/// How an order stands, in a word.
pub(crate) fn standing_words(standing: Standing, language: Language) -> String {
    let (chinese, english) = match standing {
        Standing::New => ("新", "New"),
        Standing::Accepted => ("已接单", "Accepted"),
        Standing::Picking => ("拣货中", "Picking"),
        Standing::Ready => ("已备好", "Ready"),
        Standing::HandedOver => ("已交付", "Handed over"),
        Standing::Ended => ("已结束", "Ended"),
    };
    say(language, chinese, english)
}

/// Why nothing was done with an order, and what to do.
pub(crate) fn refused(refused: &OrderRefused, language: Language, offset_minutes: i32) -> Notice {
    let said = |what: (&str, &str), rest: (&str, &str)| Notice::Said {
        tone: Tone::Attend,
        what: say(language, what.0, what.1),
        rest: say(language, rest.0, rest.1),
    };
    match refused {
        OrderRefused::OutOfTurn(Standing::HandedOver) => Notice::Said {
            tone: Tone::Stop,
            what: say(language, "这张单已经交付过了", "This order was handed over already"),
            rest: say(
                language,
                "货不要再给。核对顾客的单号；有疑问找主管。",
                "Give nothing out again. Check the customer's order; ask the supervisor.",
            ),
        },
        OrderRefused::OutOfTurn(standing) => {
            let state = standing_words(*standing, language);
            Notice::Said {
                tone: Tone::Attend,
                what: say(
                    language,
                    &format!("现在做不了：订单{state}"),
                    &format!("Not now: the order is {state}"),
                ),
                rest: say(
                    language,
                    "什么都没有变。按屏幕上写的下一步做。",
                    "Nothing was changed. Do what the screen says is next.",
                ),
            }
        }
        OrderRefused::NoLine(_) => said(
            ("这张单没有这一行", "The order has no such line"),
            ("回到订单列表，重新打开。", "Go back to the list and open it again."),
        ),
        OrderRefused::TooMuch { most } => {
            let most = Quantity::from_thousandths(*most).map_or_else(|| "0".into(), |most| most.to_string());
            Notice::Said {
                tone: Tone::Attend,
                what: say(
                    language,
                    &format!("多了：最多 {most}，这件没有加"),
                    &format!("Too much: {most} at most; not added"),
                ),
                rest: say(
                    language,
                    "放回一件，或按 Tab 改实际数量。",
                    "Put one back, or press Tab and type what is in the bag.",
                ),
            }
        }
        OrderRefused::Nothing => said(
            ("一件都没有拣到", "Nothing of it was found"),
            ("按 Del 拒单，全额退款由渠道退。", "Del refuses the order: the channel pays all of it back."),
        ),
        OrderRefused::Reason => said(
            ("缺货要选原因", "Something is missing: why?"),
            ("按 F2–F5 选一个原因，再按 F8。", "Choose a reason with F2–F5, then F8."),
        ),
        OrderRefused::Code => Notice::Said {
            tone: Tone::Stop,
            what: say(language, "取货码不对，货先别给", "Wrong code: give nothing out"),
            rest: say(
                language,
                "请顾客出示这张单的取货码，再扫一次。",
                "Ask for the code of this order, and scan again.",
            ),
        },
        OrderRefused::TooEarly { from_ms } => {
            let at = local_time(*from_ms, offset_minutes, "%m-%d %H:%M");
            Notice::Said {
                tone: Tone::Attend,
                what: say(language, "还不能算没来取", "Too early to say that nobody came"),
                rest: say(
                    language,
                    &format!("{at} 以后才可以；货请留着。"),
                    &format!("From {at} on; keep the goods until then."),
                ),
            }
        }
        OrderRefused::NoPromise => said(
            ("这张单没有约定时间", "No time was promised for this order"),
            ("要取消请找总部；货请留着。", "HQ can cancel it; keep the goods until then."),
        ),
    }
}
