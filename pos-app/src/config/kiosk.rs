//! `[kiosk]` of `lane.toml`: how customers use the lane by themselves.

use std::path::PathBuf;

use domain::money::Money;
use domain::till::kiosk::{AuditRules, BaggingRules, KioskRules};
use serde::Deserialize;

/// Who stands at the lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A cashier.
    #[default]
    Till,
    /// The customer.
    Kiosk,
    /// The staff, who keeps shelf labels right.
    Labels,
}

/// How a kiosk is set up. Amounts are whole major units of the currency.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Kiosk {
    /// Item codes of the bags that are offered before payment.
    pub bags: Vec<String>,
    /// A folder, in the lane's folder, with a PNG file for each item: its code and `.png`.
    pub pictures: Option<PathBuf>,
    /// After so many seconds without a touch the customer is asked whether they are still there,
    pub warn_seconds: u32,
    /// and after so many the lane is free again.
    pub reset_seconds: u32,
    /// The same while somebody waits for the attendant.
    pub call_seconds: u32,
    /// How long a finished sale stands there.
    pub thanks_seconds: u32,
    /// How long the attendant's place stays open without a touch.
    pub attendant_seconds: u32,
    /// So many pieces a customer may take out of the basket again alone,
    pub free_removals: Option<u32>,
    /// each of them up to so much.
    pub free_removal_max: Option<i64>,
    /// The most pieces of one item that are sold unattended.
    pub item_pieces_max: Option<i64>,
    /// The most pieces of a basket.
    pub pieces_max: Option<i64>,
    /// The most that an unattended basket may come to.
    pub total_max: Option<i64>,
    /// Whether tobacco is sold.
    pub sells_tobacco: bool,
    /// Categories that are not sold here, by their ids.
    pub kept_back: Vec<String>,
    /// So many payments of a basket may fail before the attendant is needed.
    pub failed_payments_max: Option<u32>,
    /// Which baskets are looked at.
    pub audit: Audit,
    /// How the bagging scale is read, where there is one.
    pub bagging: Bagging,
}

impl Default for Kiosk {
    fn default() -> Self {
        Self {
            bags: Vec::new(),
            pictures: None,
            warn_seconds: 30,
            reset_seconds: 45,
            call_seconds: 180,
            thanks_seconds: 20,
            attendant_seconds: 60,
            free_removals: None,
            free_removal_max: None,
            item_pieces_max: None,
            pieces_max: None,
            total_max: None,
            sells_tobacco: false,
            kept_back: Vec::new(),
            failed_payments_max: None,
            audit: Audit::default(),
            bagging: Bagging::default(),
        }
    }
}

/// `[kiosk.audit]`: how likely a basket is looked at, in basis points.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// Every basket.
    pub base: Option<u32>,
    /// More for each piece that was taken out again,
    pub per_removal: Option<u32>,
    /// and where nobody known buys,
    pub walk_in: Option<u32>,
    /// and where it comes to more than this,
    pub large_total: Option<i64>,
    /// so much.
    pub large: Option<u32>,
    /// More for each time that the bagging scale called somebody,
    pub per_alarm: Option<u32>,
    /// and for each time that the customer changed how many they take,
    pub per_change: Option<u32>,
    /// and where goods were scanned by phone,
    pub phone: Option<u32>,
    /// and where the bagging scale is away.
    pub unchecked: Option<u32>,
}

/// `[kiosk.bagging]`: how the bagging scale is read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Bagging {
    /// So many grams may always be missing or too much,
    pub tolerance_grams: Option<u32>,
    /// and so much of what the goods weigh, basis points.
    pub tolerance: Option<u32>,
    /// The most that a bag of the customer's own may weigh, grams.
    pub own_bag_grams_max: Option<u32>,
    /// Item codes and categories of goods that are not put there.
    pub left_out: Vec<String>,
    /// So long goods may be on their way until somebody is called.
    pub wait_seconds: Option<u32>,
    /// So long a customer may put right what is wrong.
    pub correct_seconds: Option<u32>,
}

impl Bagging {
    /// What the till is told.
    pub fn rules(&self) -> BaggingRules {
        let own = BaggingRules::default();
        let ms = |seconds: Option<u32>, own: i64| seconds.map_or(own, |seconds| i64::from(seconds) * 1_000);
        BaggingRules {
            tolerance_grams: self.tolerance_grams.map_or(own.tolerance_grams, i64::from),
            tolerance_basis_points: self.tolerance.unwrap_or(own.tolerance_basis_points),
            own_bag_grams_max: self.own_bag_grams_max.map_or(own.own_bag_grams_max, i64::from),
            left_out: self.left_out.clone(),
            wait_ms: ms(self.wait_seconds, own.wait_ms),
            correct_ms: ms(self.correct_seconds, own.correct_ms),
        }
    }
}

impl Kiosk {
    /// What the till is told; `major` is a unit of the currency, such as a yuan.
    pub fn rules(&self, major: Money) -> KioskRules {
        let of = |count: i64| Money::from_minor(major.minor().saturating_mul(count));
        let (own, audit) = (KioskRules::usual(major), &self.audit);
        KioskRules {
            free_removals: self.free_removals.unwrap_or(own.free_removals),
            free_removal_net: self.free_removal_max.map_or(own.free_removal_net, of),
            item_pieces_max: self.item_pieces_max.unwrap_or(own.item_pieces_max),
            pieces_max: self.pieces_max.unwrap_or(own.pieces_max),
            total_max: self.total_max.map_or(own.total_max, of),
            sells_tobacco: self.sells_tobacco,
            kept_back: self.kept_back.clone(),
            failed_payments_max: self.failed_payments_max.unwrap_or(own.failed_payments_max),
            audit: AuditRules {
                base: audit.base.unwrap_or(own.audit.base),
                per_removal: audit.per_removal.unwrap_or(own.audit.per_removal),
                walk_in: audit.walk_in.unwrap_or(own.audit.walk_in),
                large_total: audit.large_total.map_or(own.audit.large_total, of),
                large: audit.large.unwrap_or(own.audit.large),
                per_alarm: audit.per_alarm.unwrap_or(own.audit.per_alarm),
                per_change: audit.per_change.unwrap_or(own.audit.per_change),
                phone: audit.phone.unwrap_or(own.audit.phone),
                unchecked: audit.unchecked.unwrap_or(own.audit.unchecked),
            },
            // Whether there is a scale is not the kiosk's set-up.
            bagging: None,
        }
    }
}
