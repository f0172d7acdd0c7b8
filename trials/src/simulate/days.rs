//! The bad days that a whole run must have met.

use std::collections::BTreeMap;

macro_rules! bad_days {
    ($($(#[$doc:meta])* $day:ident => $name:literal,)*) => {
        /// Something that goes wrong in a shop, or comes at a bad moment.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum BadDay {
            $($(#[$doc])* $day,)*
        }

        impl BadDay {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$day,)*];

            /// As it stands in the line for machines.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$day => $name,)*
                }
            }
        }
    };
}

bad_days! {
    /// A lane's power failed while it sold.
    PowerCut => "power_cut",
    /// A lane's power failed while it started.
    PowerCutAtStart => "power_cut_at_start",
    /// What was being written when the power failed was there afterwards.
    UnderWayKept => "under_way_kept",
    /// Nothing of it was.
    UnderWayGone => "under_way_gone",
    /// A lane had no line to HQ.
    NoLine => "no_line",
    /// A lane had none for a week.
    WeekOffline => "week_offline",
    /// HQ filed, and its answer was lost.
    AnswerLost => "answer_lost",
    /// A request never arrived.
    RequestLost => "request_lost",
    /// A request arrived twice.
    RequestTwice => "request_twice",
    /// A request arrived after a later one.
    RequestLate => "request_late",
    /// An answer came when nobody waited for it any more.
    AnswerLate => "answer_late",
    /// HQ's power failed while it wrote.
    HqPowerCut => "hq_power_cut",
    /// HQ was away.
    HqAway => "hq_away",
    /// HQ was put back from a backup that was older than what it had told.
    HqRestored => "hq_restored",
    /// A lane's clock showed 1970.
    Clock1970 => "clock_1970",
    /// A lane's clock was ten years ahead.
    ClockTenYears => "clock_ten_years",
    /// A lane's clock was wrong by hours or days that can be.
    ClockDrift => "clock_drift",
    /// A lane refused its clock, and wrote that down.
    ClockRefused => "clock_refused",
    /// An older image was put on a lane's disk.
    OldImage => "old_image",
    /// A lane got an empty disk.
    NewDisk => "new_disk",
    /// Two machines sold as one lane.
    Clone => "clone",
    /// HQ raised a fork.
    ForkAlarmed => "fork_alarmed",
    /// A lane locked, since HQ had more than its disk.
    LaneLocked => "lane_locked",
    /// A lane was enrolled anew.
    EnrolledAnew => "enrolled_anew",
    /// HQ did not know a lane's key.
    Unauthorised => "unauthorised",
    /// The disk was full, and something was refused for it.
    DiskFull => "disk_full",
    /// A printer was off, and paper waited.
    PaperWaited => "paper_waited",
    /// Nobody knew whether a paper was printed.
    PaperInDoubt => "paper_in_doubt",
    /// Nobody knew whether a payment was made.
    PaymentInDoubt => "payment_in_doubt",
    /// A price changed at HQ while a basket stood open that holds the item.
    PriceChangedInBasket => "price_changed_in_basket",
    /// A price changed at HQ.
    PriceChanged => "price_changed",
    /// An event of another program's form was filed.
    OtherForm => "other_form",
    /// HQ set an event aside that it could not read, and went on.
    Quarantined => "quarantined",
    /// A shift went on over midnight.
    ShiftOverMidnight => "shift_over_midnight",
    /// A basket was parked and recalled after a stop.
    ParkedOverStop => "parked_over_stop",
    /// A stop came with goods in the basket.
    BasketOverStop => "basket_over_stop",
    /// Goods came back.
    Returned => "returned",
    /// A member bought.
    MemberBought => "member_bought",
    /// Points were spent.
    PointsSpent => "points_spent",
    /// Goods came back that points had been spent on.
    PointsRestored => "points_restored",
    /// A lease on the basket was over before the sale.
    LeaseOver => "lease_over",
    /// HQ lent points, and its answer was not heard.
    LeaseNotHeard => "lease_not_heard",
    /// A stop came with a lease on the basket.
    LeaseOverStop => "lease_over_stop",
    /// Something was done to a lane's disk, or it was enrolled anew, while points were lent to it.
    LeaseOfLostLane => "lease_of_lost_lane",
    /// One member bought at two lanes at once.
    MemberAtTwoLanes => "member_at_two_lanes",
    /// One member bought at two stores at once.
    MemberAtTwoStores => "member_at_two_stores",
    /// A lane was lent nothing.
    NothingLent => "nothing_lent",
    /// Somebody became a member at a till.
    MemberRegistered => "member_registered",
    /// A member owed points at HQ.
    PointsOwed => "points_owed",
    /// A coupon was spent.
    CouponSpent => "coupon_spent",
    /// A label's price was charged, since the label still shows less than the price lists say.
    ChargedByLabel => "charged_by_label",
    /// What a label said was lost.
    LabelNotHeard => "label_not_heard",
    /// A label's face waited for a lane of the store.
    FaceWaited => "face_waited",
    /// One coupon was spent on two lanes.
    CouponSpentTwice => "coupon_spent_twice",
    /// Nobody in a store reached HQ.
    StoreCutOff => "store_cut_off",
    /// A store's relay was away, and a lane went to HQ by itself.
    RelayAway => "relay_away",
    /// A lane reached neither the relay nor HQ.
    BothAway => "both_away",
    /// A relay's power failed.
    RelayPowerCut => "relay_power_cut",
    /// A relay had no line, and the lanes' own went on.
    RelayNoLine => "relay_no_line",
    /// A relay burnt down, and another began with nothing.
    RelayBurnt => "relay_burnt",
    /// A copy of a journal did not arrive at the relay for a while.
    CopyLate => "copy_late",
    /// A relay answered for HQ.
    RelayAnswered => "relay_answered",
    /// A relay said no to what HQ, which had not heard of it, had said yes to.
    HqOverruled => "hq_overruled",
    /// A relay gave something to a lane while HQ was away.
    LentByRelay => "lent_by_relay",
    /// A lane of a cut-off store wanted what another lane had, and was told so.
    RefusedByRelay => "refused_by_relay",
    /// Nobody answered about something, and the lane went on within its own bounds.
    NobodyAnswered => "nobody_answered",
    /// Goods came back at another lane of a store while HQ was away.
    BackAtAnotherLane => "back_at_another_lane",
    /// A basket was parked at one lane and taken up at another.
    ParkedAcross => "parked_across",
    /// The same while HQ was away.
    ParkedAcrossCutOff => "parked_across_cut_off",
    /// More was used than there was, by a lane that could not ask; HQ lists it.
    UsedTwiceAndListed => "used_twice_and_listed",
    /// A supplier brought goods.
    GoodsReceived => "goods_received",
    /// Goods were broken, too old, used, or went back to the supplier.
    GoodsWasted => "goods_wasted",
    /// Goods of another store came.
    GoodsTransferred => "goods_transferred",
    /// Fewer came than had left.
    TransferShort => "transfer_short",
    /// Goods were counted, and another lane sold some of them meanwhile.
    CountedDuringSales => "counted_during_sales",
    /// A lane's own clock decided what was before a count, since nobody could say where it was.
    CountByClock => "count_by_clock",
    /// A count waited for what lanes had done before it.
    CountWaited => "count_waited",
    /// A stop came while goods were counted.
    CountOverStop => "count_over_stop",
}

/// How often each was met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Days(BTreeMap<BadDay, u64>);

impl Days {
    /// Counts one more.
    pub fn met(&mut self, day: BadDay) {
        *self.0.entry(day).or_default() += 1;
    }

    /// Counts those of another run as well.
    pub fn add(&mut self, other: &Self) {
        for (day, count) in &other.0 {
            *self.0.entry(*day).or_default() += count;
        }
    }

    /// How often it was met.
    pub fn count(&self, day: BadDay) -> u64 {
        self.0.get(&day).copied().unwrap_or(0)
    }

    /// Those that were not met.
    pub fn missing(&self) -> Vec<BadDay> {
        BadDay::ALL.iter().copied().filter(|day| self.count(*day) == 0).collect()
    }

    /// As an object of JSON, every day in it.
    pub fn json(&self) -> String {
        let counts = BadDay::ALL.iter().map(|day| format!(r#""{}":{}"#, day.name(), self.count(*day)));
        format!("{{{}}}", counts.collect::<Vec<_>>().join(","))
    }
}
