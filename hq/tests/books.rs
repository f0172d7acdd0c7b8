//! The books of record, on every engine: what lanes are lent, claim and file,
//! and what HQ makes of it.

// A test names the answer that it is about; any other fails it.
#![allow(clippy::wildcard_enum_match_arm)]

#[path = "books/anew.rs"]
mod anew;
#[path = "books/codes.rs"]
mod codes;
#[path = "lane/mod.rs"]
mod lane;
#[path = "books/named.rs"]
mod named;
#[path = "postgres/mod.rs"]
mod postgres;
#[path = "books/quotas.rs"]
mod quotas;
#[path = "books/receipts.rs"]
mod receipts;
#[path = "books/released.rs"]
mod released;
#[path = "books/standing.rs"]
mod standing;
#[path = "books/store.rs"]
mod store;
#[path = "books/store_day.rs"]
mod store_day;
#[path = "books/terms.rs"]
mod terms;
#[path = "books/transfers.rs"]
mod transfers;
#[path = "books/value.rs"]
mod value;

use anew::{
    a_claim_that_is_another_lanes_by_now_stays_theirs,
    points_that_a_lanes_disk_of_before_had_are_lent_to_nobody,
    stored_value_that_a_lanes_disk_of_before_had_is_lent_to_nobody,
    what_a_lanes_disk_of_before_claimed_is_nobodys_until_it_is_over,
    what_a_lanes_disk_of_before_did_with_a_claim_ends_it,
};
use codes::{
    a_claim_of_a_code_ends_with_its_lanes_own_clock, a_code_that_was_used_before_lanes_asked_stays_used,
    a_phones_code_is_one_lanes_to_use_up,
};
use hq::asking;
use hq::books::LaneId;
use hq::books::keeper::{CLOCK_SKEW_MS, Keeper, POINTS_SETTING, points_key};
use hq::books::points::Operation;
use hq::intake;
use hq::secret::SecretHash;
use hq::store::{Address, BookKey, BookKind, Exception, Kind, LaneRow, Store, StoreError};
use lane::Lane;
use named::{
    a_book_of_who_was_named_that_is_lost_is_made_again,
    a_member_named_after_the_payment_has_the_points_of_the_sale,
    in_whatever_order_journals_come_the_points_are_of_what_is_left,
    who_becomes_a_member_with_a_paid_sale_has_its_points, who_cannot_be_named_is_listed_and_moves_no_points,
};
use protocol::ask::{Answer, CouponRefused, Question, ReceiptRefused};
use protocol::enrol::Enrolment;
use protocol::event::{
    self, Buyer, Fact, Movement, NewMember, Origin, PointsBack, PointsGrant, PointsMoved, Position, Sale,
    SpentCoupon, StockCount, StockLine, StockMove,
};
use protocol::pull::phone_hash;
use quotas::{
    a_coupon_is_good_again_when_all_it_was_spent_on_came_back, a_price_that_was_not_proved_is_listed,
    points_below_nothing_are_set_aside_and_hold_up_nothing, what_comes_back_without_goods_is_set_aside,
    what_promotions_took_off_is_borne_by_shares,
    what_was_given_of_a_promotion_is_counted_by_lane_store_and_member,
};
use receipts::{
    a_card_that_paid_finds_its_receipt_on_its_day_and_an_amount_those_of_the_store,
    a_days_margins_stay_when_a_cost_changes_and_are_told_to_whoever_may,
    a_members_receipts_are_found_in_every_store_and_say_what_is_left,
};
use released::{
    a_count_that_comes_late_changes_nothing_that_was_counted_since,
    a_lease_that_was_lent_again_stays_its_lanes, a_member_who_was_changed_since_stays_so,
    of_counts_that_are_due_at_once_the_older_goes_first,
    what_left_quarantine_and_stands_in_no_book_is_entered,
};
use standing::{
    a_file_of_before_a_lease_is_noticed_when_hq_tells_of_it,
    a_lease_of_a_lost_relay_ends_when_all_its_lanes_have_passed_it,
    a_member_at_a_counter_of_the_store_spends_all_while_hq_is_there,
    a_member_of_another_store_is_found_with_hq_away_where_they_shopped,
    a_relay_that_lost_its_book_is_told_of_nothing_that_it_may_have_lent,
    a_relay_that_was_put_back_from_a_copy_begins_anew_where_it_hears_of_it,
    a_store_gives_back_what_is_over_once_hq_has_its_journals,
    a_store_is_lent_a_share_of_who_shopped_in_it_and_lanes_spend_it_with_hq_away,
    accounts_with_leases_of_stores_are_made_again_as_they_were,
    an_answer_that_was_written_before_a_lease_went_back_does_not_bring_it_again,
    pages_of_members_go_back_to_the_last_days_and_are_bounded, who_is_written_off_is_not_waited_for,
};
use store::{
    a_basket_that_two_lanes_took_up_is_listed, a_claim_of_a_basket_ends_with_its_lanes_own_clock,
    a_lane_that_nobody_could_say_a_position_of_is_split_by_its_own_clock,
    a_lane_whose_position_was_told_during_a_count_is_not_waited_for_any_longer,
    a_parked_basket_is_one_lanes_to_take_up, baskets_of_a_lane_outlive_it_and_its_epochs,
    coupons_of_a_parked_basket_are_free_once_it_is_taken, each_line_of_a_count_has_its_own_moment,
};
use store_day::{
    a_stores_day_is_that_of_all_its_lanes_from_every_side,
    what_was_out_of_the_usual_in_a_store_is_counted_by_kind_and_person,
};
use terms::{
    earned_points_wait_for_the_window_and_are_spent_after_it,
    points_whose_time_is_over_go_with_an_entry_that_says_so,
    spending_reaches_a_tier_and_time_takes_it_away_and_lanes_are_told,
    terms_are_said_in_days_and_money_and_what_is_not_named_stays,
    time_passes_in_portions_and_for_nobody_before_it_is_due,
};
use transfers::{
    a_transfer_is_the_same_in_whatever_order_its_documents_come,
    a_transfer_that_was_changed_by_hand_is_made_again, what_cannot_be_transferred_is_not_ordered,
    what_is_asked_for_leaves_and_comes_has_arrived,
    what_is_held_for_a_transfer_is_free_when_it_leaves_or_is_taken_back,
    what_is_lost_is_on_its_way_no_more_until_it_comes_after_all,
    what_is_odd_about_a_transfer_is_listed_and_stands,
};
use value::{
    books_of_stored_value_that_were_changed_by_hand_are_made_again,
    stored_value_is_adjusted_with_a_reason_and_once, stored_value_is_lent_spent_and_comes_back,
    what_is_paid_in_is_owed_and_no_revenue, what_of_stored_value_was_too_much_is_listed_and_stands,
};

macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                let folder = tempfile::tempdir().expect("a folder");
                let store = hq::store::Store::open(&folder.path().join("hq.db")).expect("a database");
                super::$name(super::Shop::open(store));
            })*
        }
        mod postgresql {
            $(#[test]
            fn $name() {
                if let Some(server) = super::postgres::shared() {
                    let address = super::Address { url: server.database(), authority: None };
                    let store = hq::store::Store::connect(&address).expect("a database");
                    super::$name(super::Shop::open(store));
                }
            })*
        }
    };
}

on_both!(
    points_are_lent_spent_and_the_rest_comes_back,
    what_is_lent_twice_is_never_more_than_there_is,
    a_lease_is_over_when_its_lanes_own_journal_says_so,
    what_a_lost_lane_spent_after_all_is_listed,
    a_return_undoes_points_to_the_point,
    a_coupon_is_one_lanes_and_its_second_use_is_listed,
    of_one_sale_each_part_comes_back_once,
    a_member_is_found_by_card_number_and_telephone_and_by_nothing_else,
    who_is_registered_twice_is_one_member,
    goods_move_and_are_on_their_way_and_may_be_too_few,
    a_count_during_sales_counts_nothing_away,
    each_line_of_a_count_has_its_own_moment,
    a_lane_whose_position_was_told_during_a_count_is_not_waited_for_any_longer,
    a_lane_that_nobody_could_say_a_position_of_is_split_by_its_own_clock,
    coupons_of_a_parked_basket_are_free_once_it_is_taken,
    a_parked_basket_is_one_lanes_to_take_up,
    a_basket_that_two_lanes_took_up_is_listed,
    baskets_of_a_lane_outlive_it_and_its_epochs,
    a_claim_of_a_basket_ends_with_its_lanes_own_clock,
    a_phones_code_is_one_lanes_to_use_up,
    a_claim_of_a_code_ends_with_its_lanes_own_clock,
    a_code_that_was_used_before_lanes_asked_stays_used,
    a_question_that_cannot_be_is_refused,
    books_that_were_changed_by_hand_are_made_again,
    a_return_whose_receipts_book_is_lost_is_not_made_again,
    what_was_given_of_a_promotion_is_counted_by_lane_store_and_member,
    a_coupon_is_good_again_when_all_it_was_spent_on_came_back,
    a_price_that_was_not_proved_is_listed,
    what_promotions_took_off_is_borne_by_shares,
    what_comes_back_without_goods_is_set_aside,
    points_below_nothing_are_set_aside_and_hold_up_nothing,
    a_members_receipts_are_found_in_every_store_and_say_what_is_left,
    a_card_that_paid_finds_its_receipt_on_its_day_and_an_amount_those_of_the_store,
    a_days_margins_stay_when_a_cost_changes_and_are_told_to_whoever_may,
    stored_value_is_lent_spent_and_comes_back,
    what_of_stored_value_was_too_much_is_listed_and_stands,
    what_is_paid_in_is_owed_and_no_revenue,
    stored_value_is_adjusted_with_a_reason_and_once,
    books_of_stored_value_that_were_changed_by_hand_are_made_again,
    a_store_is_lent_a_share_of_who_shopped_in_it_and_lanes_spend_it_with_hq_away,
    a_store_gives_back_what_is_over_once_hq_has_its_journals,
    a_member_at_a_counter_of_the_store_spends_all_while_hq_is_there,
    a_member_of_another_store_is_found_with_hq_away_where_they_shopped,
    a_relay_that_lost_its_book_is_told_of_nothing_that_it_may_have_lent,
    a_relay_that_was_put_back_from_a_copy_begins_anew_where_it_hears_of_it,
    a_file_of_before_a_lease_is_noticed_when_hq_tells_of_it,
    an_answer_that_was_written_before_a_lease_went_back_does_not_bring_it_again,
    a_lease_of_a_lost_relay_ends_when_all_its_lanes_have_passed_it,
    who_is_written_off_is_not_waited_for,
    pages_of_members_go_back_to_the_last_days_and_are_bounded,
    accounts_with_leases_of_stores_are_made_again_as_they_were,
    points_that_a_lanes_disk_of_before_had_are_lent_to_nobody,
    stored_value_that_a_lanes_disk_of_before_had_is_lent_to_nobody,
    what_a_lanes_disk_of_before_claimed_is_nobodys_until_it_is_over,
    what_a_lanes_disk_of_before_did_with_a_claim_ends_it,
    a_claim_that_is_another_lanes_by_now_stays_theirs,
    terms_are_said_in_days_and_money_and_what_is_not_named_stays,
    earned_points_wait_for_the_window_and_are_spent_after_it,
    spending_reaches_a_tier_and_time_takes_it_away_and_lanes_are_told,
    points_whose_time_is_over_go_with_an_entry_that_says_so,
    time_passes_in_portions_and_for_nobody_before_it_is_due,
    a_transfer_is_the_same_in_whatever_order_its_documents_come,
    what_is_asked_for_leaves_and_comes_has_arrived,
    what_is_held_for_a_transfer_is_free_when_it_leaves_or_is_taken_back,
    what_cannot_be_transferred_is_not_ordered,
    what_is_odd_about_a_transfer_is_listed_and_stands,
    what_is_lost_is_on_its_way_no_more_until_it_comes_after_all,
    a_transfer_that_was_changed_by_hand_is_made_again,
    a_member_named_after_the_payment_has_the_points_of_the_sale,
    who_becomes_a_member_with_a_paid_sale_has_its_points,
    in_whatever_order_journals_come_the_points_are_of_what_is_left,
    who_cannot_be_named_is_listed_and_moves_no_points,
    a_book_of_who_was_named_that_is_lost_is_made_again,
    what_left_quarantine_and_stands_in_no_book_is_entered,
    a_lease_that_was_lent_again_stays_its_lanes,
    a_member_who_was_changed_since_stays_so,
    a_count_that_comes_late_changes_nothing_that_was_counted_since,
    of_counts_that_are_due_at_once_the_older_goes_first,
    a_stores_day_is_that_of_all_its_lanes_from_every_side,
    what_was_out_of_the_usual_in_a_store_is_counted_by_kind_and_person,
);

const MORNING_MS: i64 = 1_700_000_000_000;
const PHONE: &str = "13800000001";

struct Shop {
    store: Store,
    now_ms: i64,
}

struct At {
    row: LaneRow,
    lane: Lane,
    filed: usize,
}

impl Shop {
    fn open(store: Store) -> Self {
        let shop = Self { store, now_ms: MORNING_MS };
        shop.write(|writing| {
            writing.put_setting(POINTS_SETTING, r#"{"lease_ms": 600000}"#)?;
            writing.put_member(
                "m1",
                r#"{"id":"m1","name":"赵一","tier":"gold","points":500,"phone_last4":"0001"}"#,
            )?;
            writing.put_member("m2", r#"{"id":"m2","name":"钱二","points":0}"#)?;
            writing.set_member_codes("m1", ["M1CARD", &format!("phone:{}", phone_hash(PHONE))])?;
            let coupon = |code: &str, more: &str| format!(r#"{{"code":"{code}","promotion":"k1"{more}}}"#);
            writing.put_of_store(Kind::Coupon, "S1", "C1", &coupon("C1", ""))?;
            writing.put_of_store(Kind::Coupon, "S1", "C2", &coupon("C2", r#","owner":"m1""#))?;
            writing.put_of_store(Kind::Coupon, "S1", "C3", &coupon("C3", r#","state":"frozen""#))?;
            writing.put_of_store(Kind::Coupon, "S2", "C4", &coupon("C4", ""))?;
            Ok(())
        });
        shop
    }

    fn write<T>(&self, change: impl FnMut(&hq::store::Writing<'_>) -> Result<T, StoreError>) -> T {
        self.store.write(change).expect("a write")
    }

    fn lane(&self, store: &str, lane: u32) -> At {
        let row = LaneRow {
            store: store.into(),
            lane,
            key_hash: SecretHash::of(&format!("key of {store} {lane}")),
            epoch: 1,
            enrolled_at_ms: 0,
        };
        self.write(|writing| writing.put_lane(&row));
        let lane = Lane::new(Enrolment { store: store.into(), lane, epoch: 1, key: String::new() });
        At { row, lane, filed: 0 }
    }

    fn ask(&self, at: &At, question: Question) -> Answer {
        asking::answer(&self.store, &at.row, &question, self.now_ms).expect("an answer")
    }

    fn lend(&self, at: &At, points: i64) -> Option<PointsGrant> {
        match self.ask(at, Question::LendPoints { member: "m1".into(), points }) {
            Answer::PointsLent { grant } => Some(grant),
            Answer::PointsNotLent { .. } => None,
            other => panic!("a grant or none, not {other:?}"),
        }
    }

    /// Files what a lane wrote since the last time, and the same once more.
    fn file(&self, at: &mut At) {
        let (from, to) = (at.filed + 1, at.lane.events.len());
        for _ in 0..2 {
            let batch = at.lane.batch(from, to);
            intake::file(&self.store, &at.row, &batch, self.now_ms).expect("filed");
        }
        at.filed = to;
    }

    /// Free, lent and balance of the first member.
    fn points(&self) -> (i64, i64, i64) {
        let (account, sum) = self.write(|writing| {
            let account = Keeper::new(writing, self.now_ms)?.account("m1")?;
            Ok((account, writing.book_sum(points_key("m1"))?))
        });
        assert_eq!(account.balance(), sum, "the balance is the sum of its entries");
        assert_eq!(account.available() + account.pending() + account.lent(), account.balance());
        (account.available(), account.lent(), account.balance())
    }

    fn exceptions(&self) -> Vec<Exception> {
        self.store.read::<_, StoreError>(|reading| reading.exceptions(100)).expect("a read")
    }

    fn on_hand(&self, at: &At, sku: &str) -> Vec<(String, i64, i64, i64)> {
        match self.ask(at, Question::Stock { sku: sku.into() }) {
            Answer::Stock { places } => places
                .into_iter()
                .map(|place| (place.store, place.on_hand, place.in_transit, place.reserved))
                .collect(),
            other => panic!("stock, not {other:?}"),
        }
    }
}

impl At {
    fn sale(&mut self, change: impl FnOnce(&mut Sale)) -> Origin {
        self.lane.sell(1_000);
        let (_, bytes) = self.lane.events.pop().expect("a sale");
        let Fact::SaleCompleted { mut sale } = event::decode(&bytes).expect("an event").fact else {
            panic!("a sale was written")
        };
        change(&mut sale);
        self.fact(Fact::SaleCompleted { sale })
    }

    fn fact(&mut self, fact: Fact) -> Origin {
        let event = self.lane.event(fact);
        self.lane.write(event::encode(&event));
        Origin { store: self.row.store.clone(), lane: self.row.lane, epoch: 1, seq: event.seq }
    }

    /// The first member buys, spends points of a lease and earns.
    fn member_buys(&mut self, earned: i64, spent: i64, lease: &str) -> Origin {
        self.sale(|sale| {
            let points = PointsMoved {
                earned,
                money_per_point: 100,
                multiplier: 10_000,
                spent,
                value: spent,
                lease: lease.into(),
            };
            sale.buyer = Some(Buyer {
                member: "m1".into(),
                shown: String::new(),
                tier: "gold".into(),
                points: Some(points),
            });
        })
    }

    fn gives_back(&mut self, origin: &Origin, quantity: i64, points: Option<(i64, i64)>) -> Origin {
        self.lane.refund(100, 100);
        let (_, bytes) = self.lane.events.pop().expect("a document");
        let Fact::SaleCompleted { mut sale } = event::decode(&bytes).expect("an event").fact else {
            panic!("a document was written")
        };
        sale.returns[0].origin = Some(origin.clone());
        sale.returns[0].quantity = quantity;
        sale.points_back =
            points.map(|(reversed, restored)| PointsBack { member: "m1".into(), reversed, restored });
        self.fact(Fact::SaleCompleted { sale })
    }
}

fn points_are_lent_spent_and_the_rest_comes_back(shop: Shop) {
    let mut one = shop.lane("S1", 1);
    assert_eq!(shop.points(), (500, 0, 500), "what the import said");
    let grant = shop.lend(&one, 200).expect("lent");
    assert_eq!((grant.points, grant.until_ms), (200, MORNING_MS + 600_000));
    assert_eq!(shop.points(), (300, 200, 500));
    one.member_buys(7, 150, &grant.lease);
    shop.file(&mut one);
    assert_eq!(shop.points(), (307, 50, 357));
    one.fact(Fact::LeaseReturned { grant: grant.clone() });
    one.fact(Fact::LeaseReturned { grant });
    shop.file(&mut one);
    assert_eq!(shop.points(), (357, 0, 357));
    assert!(shop.exceptions().is_empty());
}

fn what_is_lent_twice_is_never_more_than_there_is(shop: Shop) {
    let (one, two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    let first = shop.lend(&one, 400).expect("lent");
    assert_eq!(shop.lend(&one, 400).map(|grant| (grant.lease, grant.points)), Some((first.lease, 400)));
    assert_eq!(shop.lend(&two, 400).map(|grant| grant.points), Some(100));
    assert_eq!(shop.lend(&shop.lane("S1", 3), 1), None);
    assert_eq!(shop.points(), (0, 500, 500));
}

fn a_lease_is_over_when_its_lanes_own_journal_says_so(mut shop: Shop) {
    let mut one = shop.lane("S1", 1);
    let grant = shop.lend(&one, 400).expect("lent");
    // A week passes at HQ, and the lane is cut off: it may have spent them.
    shop.now_ms += 7 * 86_400_000;
    assert_eq!(shop.lend(&shop.lane("S1", 2), 500).map(|grant| grant.points), Some(100));
    one.lane.at_ms = grant.until_ms + CLOCK_SKEW_MS - 1;
    one.member_buys(0, 150, &grant.lease);
    shop.file(&mut one);
    assert_eq!(shop.points().1, 250 + 100, "its clock may have been set back a little");
    one.lane.at_ms += 1;
    one.fact(Fact::SignedOut { staff: "u1".into() });
    shop.file(&mut one);
    assert_eq!(shop.points(), (250, 100, 350));
    assert!(shop.exceptions().is_empty());
}

fn what_a_lost_lane_spent_after_all_is_listed(shop: Shop) {
    let mut one = shop.lane("S1", 1);
    let grant = shop.lend(&one, 400).expect("lent");
    let lost = LaneId { store: "S1".into(), lane: 1 };
    shop.write(|writing| Keeper::new(writing, shop.now_ms)?.write_off(&lost, "stolen"));
    assert_eq!(shop.points(), (500, 0, 500));
    one.member_buys(0, 400, &grant.lease);
    shop.file(&mut one);
    assert_eq!(shop.points(), (100, 0, 100), "the sale stands");
    let listed = shop.exceptions();
    assert_eq!(listed.len(), 1);
    assert_eq!(
        (listed[0].kind, listed[0].owner.as_str(), listed[0].source.as_str()),
        (BookKind::Points, "m1", "S1/1/1/1")
    );
}

fn a_return_undoes_points_to_the_point(shop: Shop) {
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    let grant = shop.lend(&one, 200).expect("lent");
    let origin = one.member_buys(10, 200, &grant.lease);
    shop.file(&mut one);
    assert_eq!(shop.points(), (310, 0, 310));
    two.gives_back(&origin, 500, Some((5, 100)));
    shop.file(&mut two);
    assert_eq!(shop.points(), (405, 0, 405));
    two.gives_back(&origin, 500, Some((5, 100)));
    shop.file(&mut two);
    assert_eq!(shop.points(), (500, 0, 500));
    assert!(shop.exceptions().is_empty());
    two.gives_back(&origin, 500, Some((5, 100)));
    shop.file(&mut two);
    assert_eq!(shop.points(), (500, 0, 500), "a reversal cannot exceed what it reverses");
    let kinds: Vec<BookKind> = shop.exceptions().into_iter().map(|exception| exception.kind).collect();
    assert!(kinds.contains(&BookKind::Points) && kinds.contains(&BookKind::Receipt), "{kinds:?}");
}

fn a_coupon_is_one_lanes_and_its_second_use_is_listed(shop: Shop) {
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    let claim = |at: &At, code: &str, member: Option<&str>| match shop
        .ask(at, Question::ClaimCoupon { code: code.into(), member: member.map(str::to_owned) })
    {
        Answer::CouponClaimed { coupon } => Ok(coupon.promotion),
        Answer::CouponNotClaimed { why } => Err(why),
        other => panic!("a claim, not {other:?}"),
    };
    assert_eq!(claim(&one, "C1", None), Ok("k1".to_owned()));
    assert_eq!(claim(&one, "C1", None), Ok("k1".to_owned()), "an answer that was lost");
    assert_eq!(claim(&two, "C1", None), Err(CouponRefused::Reserved));
    shop.ask(&two, Question::ReleaseCoupon { code: "C1".into() });
    assert_eq!(claim(&two, "C1", None), Err(CouponRefused::Reserved), "nobody releases another's");
    shop.ask(&one, Question::ReleaseCoupon { code: "C1".into() });
    assert_eq!(claim(&two, "C1", None), Ok("k1".to_owned()));
    assert_eq!(claim(&one, "C2", None), Err(CouponRefused::OtherMember));
    assert_eq!(claim(&one, "C2", Some("m2")), Err(CouponRefused::OtherMember));
    assert_eq!(claim(&one, "C2", Some("m1")), Ok("k1".to_owned()));
    assert_eq!(claim(&one, "C3", None), Err(CouponRefused::Withdrawn));
    assert_eq!(claim(&one, "C4", None), Err(CouponRefused::Unknown), "it is another store's");

    let spends = |at: &mut At| {
        at.sale(|sale| {
            sale.coupons = vec![SpentCoupon { code: "C1".into(), promotion: "k1".into(), off: 100 }]
        })
    };
    spends(&mut two);
    shop.file(&mut two);
    assert_eq!(claim(&one, "C1", None), Err(CouponRefused::Used));
    let told = shop.store.read::<_, StoreError>(|reading| reading.entity_of_store(Kind::Coupon, "S1", "C1"));
    assert!(told.expect("a read").is_some_and(|body| body.contains("redeemed")), "lanes are told");
    assert!(shop.exceptions().is_empty());
    // The first lane was cut off, and took it all the same.
    spends(&mut one);
    shop.file(&mut one);
    let listed = shop.exceptions();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].source.as_str(), listed[0].part.as_str()), ("S1/1/1/1", "C1"));
    assert!(listed[0].what.contains("S1/2/1/1"), "{}", listed[0].what);
}

fn of_one_sale_each_part_comes_back_once(mut shop: Shop) {
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    let origin = one.sale(|_| {});
    let claim = |shop: &Shop, at: &At| match shop.ask(at, Question::ClaimReceipt { origin: origin.clone() }) {
        Answer::ReceiptClaimed { later, .. } => Ok(later.len()),
        Answer::ReceiptNotClaimed { why } => Err(why),
        other => panic!("a claim, not {other:?}"),
    };
    assert_eq!(claim(&shop, &two), Err(ReceiptRefused::Unknown), "HQ has not heard of it yet");
    shop.file(&mut one);
    assert_eq!(claim(&shop, &two), Ok(0));
    assert_eq!(claim(&shop, &one), Err(ReceiptRefused::Held));
    two.gives_back(&origin, 400, None);
    shop.file(&mut two);
    assert_eq!(claim(&shop, &one), Ok(1), "what is left is free, and it is said what is not");
    // It was not needed after all; the lane says so, or its journal does.
    shop.ask(&one, Question::ReleaseReceipt { origin: origin.clone() });
    assert_eq!(claim(&shop, &two), Ok(1));
    shop.now_ms += 86_400_000;
    assert_eq!(claim(&shop, &one), Err(ReceiptRefused::Held), "it may have given it back meanwhile");
    two.lane.at_ms += 86_400_000;
    two.fact(Fact::SignedOut { staff: "u1".into() });
    shop.file(&mut two);
    assert_eq!(claim(&shop, &one), Ok(1));
    one.gives_back(&origin, 600, None);
    shop.file(&mut one);
    assert_eq!(claim(&shop, &two), Err(ReceiptRefused::NothingLeft));
    assert!(shop.exceptions().is_empty());
    two.gives_back(&origin, 100, None);
    shop.file(&mut two);
    assert_eq!(shop.exceptions().len(), 1, "it could not ask");
}

fn a_member_is_found_by_card_number_and_telephone_and_by_nothing_else(shop: Shop) {
    let one = shop.lane("S9", 1);
    let who = |code: &str| match shop.ask(&one, Question::member(code)) {
        Answer::Member { member, .. } => Some(member),
        Answer::MemberUnknown {} => None,
        other => panic!("a member or none, not {other:?}"),
    };
    for code in ["m1", "M1CARD", PHONE] {
        let member = who(code).expect("the member");
        assert_eq!(
            (member.id.as_str(), member.tier.as_str(), member.points),
            ("m1", "gold", Some(500)),
            "{code}"
        );
        assert_eq!(member.shown, "赵** *0001", "as much as may be shown");
    }
    for code in ["m9", "M1", "phone:", "13800000002", "%"] {
        assert_eq!(who(code), None, "{code}");
    }
    // A number that two people give is nobody's.
    shop.write(|writing| writing.set_member_codes("m2", ["M1CARD"]));
    assert_eq!(who("M1CARD"), None);
}

fn who_is_registered_twice_is_one_member(shop: Shop) {
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S2", 1));
    let new = |phone: &str| NewMember {
        id: format!("t{}", &phone_hash(phone)[..31]),
        phone_hash: phone_hash(phone),
        shown: "*7777".into(),
        card: String::new(),
    };
    let buys = |at: &mut At, id: &str, earned| {
        let id = id.to_owned();
        at.sale(move |sale| {
            let points = PointsMoved {
                earned,
                money_per_point: 100,
                multiplier: 10_000,
                spent: 0,
                value: 0,
                lease: String::new(),
            };
            sale.buyer =
                Some(Buyer { member: id, shown: String::new(), tier: String::new(), points: Some(points) });
        })
    };
    // Two stores that are cut off take in the same person.
    let stranger = new("13977777777");
    for at in [&mut one, &mut two] {
        at.fact(Fact::MemberRegistered { member: stranger.clone(), staff: "u1".into() });
        buys(at, &stranger.id, 10);
        shop.file(at);
    }
    let found = shop.ask(&one, Question::member("13977777777"));
    assert!(
        matches!(&found, Answer::Member { member, .. } if member.points == Some(20) && member.id == stranger.id),
        "{found:?}"
    );
    // And somebody who is a member already.
    let known = new(PHONE);
    one.fact(Fact::MemberRegistered { member: known.clone(), staff: "u1".into() });
    buys(&mut one, &known.id, 10);
    shop.file(&mut one);
    assert_eq!(shop.points(), (510, 0, 510), "what they earned is theirs");
    let lent = shop.ask(&one, Question::LendPoints { member: known.id.clone(), points: 5 });
    assert!(
        matches!(&lent, Answer::PointsLent { grant } if grant.member == known.id && grant.points == 5),
        "{lent:?}"
    );
    let listed = shop.exceptions();
    assert!(listed.is_empty(), "{listed:?}");
}

fn moved(kind: StockMove, document: &str, other: &str, pieces: i64) -> Fact {
    Fact::StockMoved {
        movement: Movement {
            kind,
            document: document.into(),
            other: other.into(),
            lines: vec![StockLine { sku: "1".into(), quantity: pieces * 1_000 }],
            reason: String::new(),
        },
        staff: "u1".into(),
    }
}

fn goods_move_and_are_on_their_way_and_may_be_too_few(shop: Shop) {
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S2", 1));
    one.sale(|_| {});
    shop.file(&mut one);
    assert_eq!(shop.on_hand(&one, "1"), [("S1".to_owned(), -1_000, 0, 0)], "a sale is never held up");
    let negative = shop.store.read::<_, StoreError>(|reading| reading.stock("S1", true, 10)).expect("a read");
    assert_eq!(negative.len(), 1, "and it is listed");
    one.fact(moved(StockMove::Receive, "D1", "farm", 20));
    one.fact(moved(StockMove::ReturnToSupplier, "D2", "farm", 2));
    one.fact(moved(StockMove::Damage, "W1", "", 1));
    one.fact(moved(StockMove::TransferOut, "T1", "S2", 6));
    one.fact(moved(StockMove::Reserve, "O1", "", 3));
    one.fact(moved(StockMove::Release, "O1", "", 1));
    shop.file(&mut one);
    assert_eq!(
        shop.on_hand(&two, "1"),
        [("S2".to_owned(), 0, 6_000, 0), ("S1".to_owned(), 10_000, 0, 2_000)]
    );
    two.fact(moved(StockMove::TransferIn, "T1", "S1", 5));
    shop.file(&mut two);
    assert_eq!(
        shop.on_hand(&two, "1"),
        [("S2".to_owned(), 5_000, 1_000, 0), ("S1".to_owned(), 10_000, 0, 2_000)],
        "one is missing on the way"
    );
    // A customer is sent to the nearest that has any.
    let mut three = shop.lane("S3", 1);
    three.fact(moved(StockMove::Receive, "D3", "farm", 1));
    let mut four = shop.lane("S4", 1);
    four.fact(moved(StockMove::Damage, "W4", "", 1));
    shop.file(&mut three);
    shop.file(&mut four);
    let stores = [("S1", 25_060_000), ("S2", 25_040_000), ("S3", 25_050_000), ("S4", 25_040_100)];
    for (code, latitude_e6) in stores {
        let store = serde_json::json!({
            "code": code, "name_zh": format!("{code}店"), "name_en": code, "currency": "CNY", "currency_symbol": "¥",
            "currency_exponent": 2, "cash_rounding": 10,
            "place": {"latitude_e6": latitude_e6, "longitude_e6": 102_712_251},
        });
        shop.write(|writing| writing.put_entity(Kind::Store, code, &store.to_string()));
    }
    let Answer::Stock { places } = shop.ask(&two, Question::Stock { sku: "1".into() }) else {
        panic!("stock")
    };
    let told: Vec<_> =
        places.iter().map(|place| (place.store.as_str(), place.name_zh.as_str(), place.metres)).collect();
    assert_eq!(
        told,
        [
            ("S2", "S2店", None),
            ("S3", "S3店", Some(1_111)),
            ("S1", "S1店", Some(2_223)),
            ("S4", "S4店", Some(11)),
        ],
        "who has none comes last, however near"
    );
}

fn a_count_during_sales_counts_nothing_away(shop: Shop) {
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    one.fact(moved(StockMove::Receive, "D1", "farm", 20));
    for at in [&mut one, &mut two] {
        at.sale(|_| {});
    }
    // 18 should be there; somebody finds 15. The second lane is slow to tell.
    let positions = vec![Position { lane: 1, epoch: 1, seq: 2 }, Position { lane: 2, epoch: 1, seq: 1 }];
    let count = StockCount {
        document: "C1".into(),
        lines: vec![
            StockLine { sku: "1".into(), quantity: 15_000 },
            StockLine { sku: "2".into(), quantity: 4_000 },
        ],
        positions,
        steps: Vec::new(),
        reason: String::new(),
    };
    for at in [&mut one, &mut two] {
        at.sale(|_| {});
        at.sale(|_| {});
    }
    one.fact(Fact::StockCounted { count: count.clone(), staff: "u1".into() });
    shop.file(&mut one);
    assert_eq!(shop.on_hand(&one, "1"), [("S1".to_owned(), 17_000, 0, 0)], "the count waits");
    shop.file(&mut two);
    // 15 were found, and four were sold since.
    assert_eq!(shop.on_hand(&one, "1"), [("S1".to_owned(), 11_000, 0, 0)]);
    assert_eq!(shop.on_hand(&one, "2"), [("S1".to_owned(), 4_000, 0, 0)]);
    // The same count a second time is the same count.
    two.fact(Fact::StockCounted { count, staff: "u1".into() });
    two.sale(|_| {});
    shop.file(&mut two);
    assert_eq!(shop.on_hand(&one, "1"), [("S1".to_owned(), 10_000, 0, 0)]);
    let rebuilt = hq::projection::rebuild(&shop.store, shop.now_ms).expect("rebuilt");
    assert!(rebuilt.differing.is_empty(), "{rebuilt:?}");
    assert_eq!(shop.on_hand(&one, "1"), [("S1".to_owned(), 10_000, 0, 0)], "counts outlive a rebuild");
}

fn a_question_that_cannot_be_is_refused(shop: Shop) {
    let one = shop.lane("S1", 1);
    let long = "1".repeat(1_000);
    for question in [
        Question::LendPoints { member: "m1".into(), points: -5 },
        Question::Stock { sku: long.clone() },
        Question::ClaimCoupon { code: long, member: None },
        Question::ClaimReceipt { origin: Origin { store: "S1".into(), lane: 1, epoch: 1, seq: u64::MAX } },
    ] {
        assert!(matches!(shop.ask(&one, question.clone()), Answer::Refused { .. }), "{question:?}");
    }
    assert!(matches!(
        shop.ask(&one, Question::LendPoints { member: "'; DROP TABLE book; --".into(), points: 5 }),
        Answer::PointsNotLent { balance: 0 }
    ));
    let adjust = Operation::Adjust { points: -600, reason: "a claim".into() };
    shop.write(|writing| {
        Keeper::new(writing, shop.now_ms)?.points("m1", "", ("claim 7", shop.now_ms), &adjust).map(|_| ())
    });
    assert_eq!(shop.points(), (-100, 0, -100));
    assert_eq!(shop.lend(&one, 5), None);
}

fn a_return_whose_receipts_book_is_lost_is_not_made_again(shop: Shop) {
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    let (all, some) = (one.sale(|_| {}), one.sale(|_| {}));
    shop.file(&mut one);
    let claim =
        |at: &At, origin: &Origin| match shop.ask(at, Question::ClaimReceipt { origin: origin.clone() }) {
            Answer::ReceiptClaimed { later, .. } => Ok(later.len()),
            Answer::ReceiptNotClaimed { why } => Err(why),
            other => panic!("a claim, not {other:?}"),
        };
    let part = |origin: &Origin| format!("{}/{}/{}", origin.lane, origin.epoch, origin.seq);
    let lose = |origin: &Origin| {
        let part = part(origin);
        shop.write(|writing| {
            writing.remove_book(BookKey { owner: "S1", kind: BookKind::Receipt, part: &part })
        });
    };
    let rebuild = || {
        let done = hq::books::rebuild::rebuild(&shop.store, shop.now_ms).expect("looked at");
        (done.missing, done.differing)
    };
    // Nobody brings a member or a coupon: only the books of the receipts know.
    assert_eq!((claim(&two, &all), claim(&two, &some)), (Ok(0), Ok(0)));
    two.gives_back(&all, 1_000, None);
    two.gives_back(&some, 400, None);
    shop.file(&mut two);
    assert_eq!(claim(&two, &some), Ok(1));
    assert_eq!(rebuild(), (0, 0));
    for origin in [&all, &some] {
        lose(origin);
    }
    assert_eq!(rebuild(), (2, 0));
    assert_eq!(claim(&one, &all), Err(ReceiptRefused::NothingLeft));
    assert_eq!(claim(&one, &some), Err(ReceiptRefused::Held), "who has it has it still");
    assert_eq!(rebuild(), (0, 0));
    // Lost, and nobody has looked yet: its entries say how it stood.
    for origin in [&all, &some] {
        lose(origin);
    }
    assert_eq!(claim(&one, &all), Err(ReceiptRefused::NothingLeft));
    assert_eq!(claim(&two, &some), Ok(1));
    two.gives_back(&some, 600, None);
    shop.file(&mut two);
    assert_eq!(claim(&one, &some), Err(ReceiptRefused::NothingLeft));
    let kept = shop.store.read::<_, StoreError>(|reading| {
        let key = BookKey { owner: "S1", kind: BookKind::Receipt, part: &part(&all) };
        reading.book_entries(key, 0, 10)
    });
    assert_eq!(kept.expect("a read").len(), 2, "a claim and a return, whatever was lost meanwhile");
    assert_eq!(shop.exceptions(), []);
}

fn books_that_were_changed_by_hand_are_made_again(shop: Shop) {
    let mut one = shop.lane("S1", 1);
    let grant = shop.lend(&one, 200).expect("lent");
    let origin = one.member_buys(10, 200, &grant.lease);
    one.gives_back(&origin, 500, Some((5, 100)));
    one.fact(Fact::LeaseReturned { grant });
    shop.file(&mut one);
    let well = hq::books::rebuild::rebuild(&shop.store, shop.now_ms).expect("looked at");
    assert_eq!((well.events, well.accounts, well.missing, well.differing), (3, 1, 0, 0));
    let before = shop.points();
    let body = |writing: &hq::store::Writing<'_>| Ok(writing.book(points_key("m1"))?.expect("a book"));
    let stored = shop.write(body);
    let forged = stored.replacen("\"points\":", "\"points\":9", 1);
    assert_ne!(stored, forged);
    shop.write(|writing| writing.put_book(points_key("m1"), &forged));
    let found = hq::books::rebuild::rebuild(&shop.store, shop.now_ms).expect("looked at");
    assert_eq!((found.missing, found.differing), (0, 1));
    assert_eq!(shop.write(body), stored);
    assert_eq!(shop.points(), before);
}
