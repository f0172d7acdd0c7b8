//! What the random days do beside selling, and that they do everything that
//! can be done.

use std::collections::BTreeSet;

use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;
use crate::label::{LabelBinding, LabelItem, LabelNumber};
use crate::member::NewMember;
use crate::order::desk::{OrderAsk, ToldOrder};
use crate::order::{OrderLine, OrderState};
use crate::stock::{CountedLine, Movement, Position, StockCount, StockLine, StockMove};

/// Goods that move and are counted, labels, people who become members, and
/// members who are found elsewhere.
pub(super) fn any_goods_work() -> impl Strategy<Value = Happens> {
    let sku = || prop::sample::select(vec!["cola", "egg", "none"]);
    let label = || prop_oneof![9 => 1u8..4, 1 => Just(u8::MAX)].prop_map(number);
    let binding = move || {
        (label(), sku(), 0usize..3).prop_map(|(label, sku, items)| LabelBinding {
            label,
            items: vec![LabelItem::of(sku); items],
            template: String::new(),
            slot: "A-1".into(),
        })
    };
    let document = prop_oneof![4 => Just("L-1"), 1 => Just("")];
    let kind = prop::sample::select(vec![StockMove::Receive, StockMove::TransferOut, StockMove::Damage]);
    let lines = prop::collection::vec((sku(), prop_oneof![4 => 1i64..99, 1 => Just(99_999)]), 0..3);
    let moved = (kind, document.clone(), lines).prop_map(|(kind, document, lines)| {
        let line = |(sku, pieces): (&str, i64)| {
            Some(StockLine { sku: sku.into(), quantity: Quantity::from_pieces(pieces)? })
        };
        In(Input::MoveStock(Box::new(Movement {
            kind,
            document: document.into(),
            other: "farm".into(),
            lines: lines.into_iter().filter_map(line).collect(),
            reason: String::new(),
        })))
    });
    let counted = (document, prop::collection::vec((sku(), -1i64..9_000), 0..3), any::<u64>()).prop_map(
        |(document, lines, seq)| {
            let line = |(sku, thousandths): (&str, i64)| CountedLine { sku: sku.into(), thousandths };
            In(Input::CountStock(Box::new(StockCount {
                document: document.into(),
                lines: lines.into_iter().map(line).collect(),
                positions: vec![Position { lane: 1, epoch: 1, seq }],
                steps: Vec::new(),
                reason: "month".into(),
            })))
        },
    );
    let member = (prop::sample::select(vec!["m1", "m2", "x"]), prop::sample::select(vec!["gold", ""]))
        .prop_map(|(id, tier)| {
            In(Input::Member(Arc::new(Member { id: id.into(), tier: tier.into(), ..Member::default() })))
        });
    let joins = prop_oneof![3 => Just("0".repeat(64)), 1 => Just("138".to_owned())].prop_map(|phone_hash| {
        let (id, shown) = ("t1".into(), "尾号0001".into());
        In(Input::RegisterMember(Box::new(NewMember { id, phone_hash, shown, card: String::new() })))
    });
    prop_oneof![
        2 => member,
        1 => joins,
        1 => moved,
        1 => counted,
        1 => binding().prop_map(|binding| In(Input::BindLabel(Box::new(binding)))),
        1 => (label(), any_reason()).prop_map(|(label, reason)| In(Input::UnbindLabel { label, reason })),
        1 => (label(), binding(), any_reason()).prop_map(|(old, binding, reason)| {
            In(Input::ReplaceLabel { old, binding: Box::new(binding), reason })
        }),
        1 => (sku(), any_reason())
            .prop_map(|(sku, reason)| In(Input::WaiveLabels { item: LabelItem::of(sku), reason })),
        1 => lent::any_lending(),
        2 => quotas::any_heard(),
        2 => any_order(),
    ]
}

/// Something is done with one of two orders; HQ knows nothing of it yet.
fn any_order() -> impl Strategy<Value = Happens> {
    let line = |number: u32, sku: &str, thousandths| OrderLine {
        number,
        sku: sku.into(),
        quantity: Quantity::from_thousandths(thousandths).expect("in range"),
        net: Money::from_minor(500),
        tax_rate: TaxRate::from_basis_points(1_300).expect("a rate"),
    };
    let ask = prop_oneof![
        2 => Just(OrderAsk::Accept),
        3 => (1u32..4, 0i64..2_100).prop_map(|(line, thousandths)| OrderAsk::Find { line, thousandths }),
        1 => any_reason().prop_map(|reason| OrderAsk::Ready { reason }),
        1 => any_reason().prop_map(|reason| OrderAsk::Refuse { reason }),
        1 => any::<bool>().prop_map(|matches| OrderAsk::HandOver { code: "482915".into(), matches }),
        1 => Just(OrderAsk::NotCollected),
    ];
    (prop::sample::select(vec!["o1", "o2"]), ask).prop_map(move |(id, ask)| {
        let lines = vec![line(1, "tea", 2_000), line(2, "apple", 500)];
        let told = ToldOrder {
            id: id.into(),
            channel: "mini_program".into(),
            state: OrderState::Paid,
            lines,
            kept: Money::from_minor(1_000),
            promised_ms: Some(0),
            shown: String::new(),
        };
        In(Input::Order { told: Box::new(told), ask })
    })
}

fn number(last: u8) -> LabelNumber {
    LabelNumber::parse(&format!("{last:016X}")).expect("a number")
}

/// Names every kind of input, once: a new one does not compile before it
/// stands here, and the test below fails before the random days do it.
macro_rules! kinds {
    ($($pattern:pat => $name:literal,)*) => {
        fn kind(input: &Input) -> &'static str {
            match input { $($pattern => $name,)* }
        }
        const KINDS: &[&str] = &[$($name,)*];
    };
}

kinds! {
    Input::PinChecked { .. } => "pin",
    Input::SignOut => "sign out",
    Input::Lock => "lock",
    Input::Approve { .. } => "approve",
    Input::Disapprove => "disapprove",
    Input::Code(_) => "code",
    Input::Choose { .. } => "choose",
    Input::Weighed { .. } => "weighed",
    Input::ChoosePriced { .. } => "choose priced",
    Input::Department { .. } => "department",
    Input::SetQuantity { .. } => "quantity",
    Input::SetPrice { .. } => "price",
    Input::Discount { .. } => "discount",
    Input::NameSeller { .. } => "seller",
    Input::Note { .. } => "note",
    Input::Void { .. } => "void",
    Input::Cancel { .. } => "cancel",
    Input::Park { .. } => "park",
    Input::Recall { .. } => "recall",
    Input::TakeUp { .. } => "take up",
    Input::ParkedGone { .. } => "parked gone",
    Input::BeginReturn { .. } => "begin return",
    Input::ReturnLine { .. } => "return line",
    Input::ReturnBlind { .. } => "return blind",
    Input::DropReturn => "drop return",
    Input::FindMember(_) => "find member",
    Input::Member(_) => "member",
    Input::DropMember => "drop member",
    Input::NameBuyer { .. } => "name buyer",
    Input::Coupon(_) => "coupon",
    Input::TakeCouponBack { .. } => "take coupon back",
    Input::OfferPoints(_) => "points",
    Input::QuotasHeard(_) => "quotas heard",
    Input::ReturnLease(_) => "return lease",
    Input::TopUp { .. } => "top up",
    Input::RegisterMember(_) => "register member",
    Input::MoveStock(_) => "move stock",
    Input::CountStock(_) => "count stock",
    Input::BindLabel(_) => "bind label",
    Input::UnbindLabel { .. } => "unbind label",
    Input::ReplaceLabel { .. } => "replace label",
    Input::WaiveLabels { .. } => "waive labels",
    Input::ConfirmAge => "confirm age",
    Input::Pay => "pay",
    Input::Back => "back",
    Input::TakeCash(_) => "cash",
    Input::Tender(_) => "tender",
    Input::TakeTenderBack { .. } => "take tender back",
    Input::PayOut => "pay out",
    Input::Charge { .. } => "charge",
    Input::PaymentAnswered { .. } => "payment answered",
    Input::CardAccepted { .. } => "card accepted",
    Input::GiveUpPayment => "give up payment",
    Input::AskPayment { .. } => "ask payment",
    Input::ResolvePayment { .. } => "resolve payment",
    Input::OpenShift { .. } => "open shift",
    Input::MoveCash { .. } => "move cash",
    Input::OpenDrawer { .. } => "open drawer",
    Input::CountCash { .. } => "count cash",
    Input::Report => "report",
    Input::CloseShift => "close shift",
    Input::Tick => "tick",
    Input::Reckon => "reckon",
    Input::Committed { .. } => "committed",
    Input::Reprint { .. } => "reprint",
    Input::PrinterReady => "printer ready",
    Input::PaperEnded { .. } => "paper ended",
    Input::WaivePaper { .. } => "waive paper",
    Input::Kiosk(_) => "kiosk",
    Input::Phone(_) => "phone",
    Input::Order { .. } => "order",
}

#[test]
fn the_random_days_do_everything_that_can_be_done() {
    let mut runner = TestRunner::deterministic();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    // A kiosk's days are random days of their own (`no_stranger_pays_past_the_attendant`).
    for _ in 0..800 {
        let day = prop::collection::vec(any_scene(), 20..40).new_tree(&mut runner).expect("a day").current();
        let mut lane = Lane::new();
        lane.settings.rules.has_scale = true;
        lane.goods.flash = true;
        for happens in selling().into_iter().chain(day.into_iter().flatten()) {
            if let Some(input) = lane.input_of(happens) {
                done.insert(kind(&input));
                lane.step(input);
            }
        }
    }
    let day =
        prop::collection::vec(kiosk::any_stranger(), 1..40).new_tree(&mut runner).expect("a day").current();
    done.extend(day.iter().flatten().filter_map(|happens| match happens {
        In(input @ Input::Kiosk(_)) => Some(kind(input)),
        _ => None,
    }));
    let never: Vec<&&str> = KINDS.iter().filter(|kind| !done.contains(**kind)).collect();
    assert!(never.is_empty(), "the random days never do {never:?}");
}
