//! What an event is filed under: the name that its bytes give it.

use domain::record::Record;

/// The name of a sale's kind.
pub(super) const SALE: &str = "sale_completed";

/// The name of the kind of a buyer who is named after the payment.
pub(super) const BUYER_NAMED: &str = "buyer_named";

/// The name of the kind of what happens at a kiosk.
pub(super) const KIOSK: &str = "kiosk";

/// The name of a record's kind, as its event writes it.
pub(super) fn kind_of(record: &Record) -> &'static str {
    match record {
        Record::ShiftOpened { .. } => "shift_opened",
        Record::ShiftClosed { .. } => "shift_closed",
        Record::SignedIn { .. } => "signed_in",
        Record::SignInRefused { .. } => "sign_in_refused",
        Record::SignedOut { .. } => "signed_out",
        Record::CashMoved { .. } => "cash_moved",
        Record::CashCounted { .. } => "cash_counted",
        Record::DrawerOpened { .. } => "drawer_opened",
        Record::Locked { .. } => "locked",
        Record::Unlocked { .. } => "unlocked",
        Record::Approved { .. } => "approved",
        Record::LineAdded { .. } => "line_added",
        Record::LineQuantitySet { .. } => "line_quantity_set",
        Record::LinePriceSet { .. } => "line_price_set",
        Record::LinePriceLowered { .. } => "line_price_lowered",
        Record::SellerNamed { .. } => "seller_named",
        Record::NoteWritten { .. } => "note_written",
        Record::LineVoided { .. } => "line_voided",
        Record::AgeConfirmed { .. } => "age_confirmed",
        Record::MemberJoined { .. } => "member_joined",
        Record::MemberLeft => "member_left",
        Record::CouponLaid { .. } => "coupon_laid",
        Record::CouponTakenBack { .. } => "coupon_taken_back",
        Record::PointsOffered { .. } => "points_offered",
        Record::StockMoved { .. } => "stock_moved",
        Record::StockCounted { .. } => "stock_counted",
        Record::LabelBound { .. } => "label_bound",
        Record::LabelUnbound { .. } => "label_unbound",
        Record::LabelReplaced { .. } => "label_replaced",
        Record::LabelsWaived { .. } => "labels_waived",
        Record::MemberRegistered { .. } => "member_registered",
        Record::BuyerNamed { .. } => BUYER_NAMED,
        Record::QuotasHeard { .. } => "quotas_heard",
        Record::LeaseReturned { .. } => "lease_returned",
        Record::TenderChosen { .. } => "tender_chosen",
        Record::BasketCancelled { .. } => "basket_cancelled",
        Record::LineDiscounted { .. } => "line_discounted",
        Record::BasketDiscounted { .. } => "basket_discounted",
        Record::BasketParked { .. } => "basket_parked",
        Record::BasketRecalled { .. } => "basket_recalled",
        Record::BasketOffered { .. } => "basket_offered",
        Record::BasketTaken { .. } => "basket_taken",
        Record::BasketGone { .. } => "basket_gone",
        Record::ReturnBegun { .. } => "return_begun",
        Record::LineReturned { .. } => "line_returned",
        Record::ReturnDropped { .. } => "return_dropped",
        Record::TenderAdded { .. } => "tender_added",
        Record::TenderRemoved { .. } => "tender_removed",
        Record::PaymentBegun { .. } => "payment_begun",
        Record::PaymentEnded { .. } => "payment_ended",
        Record::SaleCompleted { .. } => SALE,
        Record::PaperBegun { .. } => "paper_begun",
        Record::PaperEnded { .. } => "paper_ended",
        Record::EpochBegun { .. } => "epoch_begun",
        Record::ClockRefused { .. } => "clock_refused",
        Record::ClockTrusted { .. } => "clock_trusted",
        Record::Kiosk(_) => KIOSK,
        Record::Phone(_) => "phone",
        Record::Order(_) => "order",
    }
}

/// Whether the chain's head is signed as soon as such a record is on disk.
pub(super) fn is_signed_at_once(record: &Record) -> bool {
    matches!(record, Record::ShiftOpened { .. } | Record::ShiftClosed { .. } | Record::EpochBegun { .. })
}
