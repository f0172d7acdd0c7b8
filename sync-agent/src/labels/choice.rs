//! How a chain draws its labels: which template suits which goods, and in
//! which words. It stands in `labels.toml`.

use std::collections::{BTreeMap, BTreeSet};

use drivers::label::Templates;
use serde::Deserialize;
use tracing::warn;

use super::LabelsConfig;

/// The most categories with templates of their own.
pub const CATEGORIES_MAX: usize = 1_000;

/// What a template is chosen by, as `labels.toml` names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// None of the others.
    Normal,
    /// A price promotion that everybody gets is on the tag.
    Promotion,
    /// Members pay less.
    Member,
    /// Weighed goods whose origin is known.
    Fresh,
    /// Its price list or promotion clears goods out.
    Clearance,
    /// HQ's books have none of it in the store.
    OutOfStock,
}

impl Condition {
    /// The template that comes with Guitai.
    const fn template(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Promotion => "promotion",
            Self::Member => "member",
            Self::Fresh => "fresh",
            Self::Clearance => "clearance",
            Self::OutOfStock => "out-of-stock",
        }
    }
}

/// How labels are drawn here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    english: bool,
    link: String,
    clearance: BTreeSet<String>,
    out_of_stock: bool,
    of_category: BTreeMap<String, BTreeMap<Condition, String>>,
    /// What each template's drawings are.
    drawings: BTreeMap<String, String>,
}

impl Choice {
    /// As the file says, with these templates. A template that is named and not
    /// there is told, and the usual one stands in its place.
    pub fn new(config: &LabelsConfig, templates: &Templates) -> Self {
        let drawings: BTreeMap<String, String> =
            templates.names().filter_map(|name| Some((name.to_owned(), templates.drawing(name)?))).collect();
        let mut of_category = config.category.clone();
        for (category, chosen) in &mut of_category {
            chosen.retain(|_, template| {
                let is_there = drawings.contains_key(template);
                if !is_there {
                    warn!(category, template, "there is no such template; the usual one is used");
                }
                is_there
            });
        }
        Self {
            english: config.english,
            link: config.link.clone(),
            clearance: config.clearance.iter().cloned().collect(),
            out_of_stock: config.out_of_stock,
            of_category,
            drawings,
        }
    }

    /// The words for the shop's language; the other one's where it has none.
    pub(super) fn say<'a>(&self, chinese: &'a str, english: &'a str) -> &'a str {
        match (self.english, chinese.is_empty(), english.is_empty()) {
            (true, _, false) | (false, true, _) => english,
            (true, _, true) | (false, false, _) => chinese,
        }
    }

    /// What a label's QR code says of an item; nothing where the chain has no link.
    pub(super) fn link_of(&self, sku: &str, code: &str) -> String {
        if self.link.is_empty() || (code.is_empty() && self.link.contains("{gtin}")) {
            return String::new();
        }
        // A link of GS1 has fourteen digits (Digital Link URI Syntax 1.4, 4.3).
        self.link.replace("{sku}", sku).replace("{gtin}", &format!("{code:0>14}"))
    }

    /// Whether labels say of goods that there are none.
    pub(super) fn asks_stock(&self) -> bool {
        self.out_of_stock
    }

    /// Whether a price list or a promotion of this id clears goods out.
    pub(super) fn clears(&self, id: &str) -> bool {
        self.clearance.contains(id)
    }

    /// The template of goods of a category in a condition.
    pub(super) fn template(&self, category: &str, condition: Condition) -> &str {
        let chosen = self.of_category.get(category).and_then(|chosen| chosen.get(&condition));
        chosen.map_or(condition.template(), String::as_str)
    }

    /// What a template's drawings are; nothing where it is not there.
    pub(super) fn drawing(&self, template: &str) -> String {
        self.drawings.get(template).cloned().unwrap_or_default()
    }
}
