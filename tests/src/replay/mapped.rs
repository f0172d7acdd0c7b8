//! The log's goods as goods of a real catalogue, in a shop that HQ imports.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use domain::barcode::Gtin;
use domain::money::Currency;
use fixtures::logs::{Log, Measure};
use fixtures::shop::write_products_csv;
use protocol::pull::{Category, Product, Store, StoreRules};
use serde_json::json;

use crate::shop::check_digit;

/// The first number on scales; five digits, so 90,000 items fit.
const PLU_FIRST: usize = 10_000;

/// One item of the mapped shop.
#[derive(Debug)]
pub struct MappedItem {
    /// What a scanner reads; the PLU of weighed goods.
    pub code: String,
    /// List price, minor units.
    pub price: i64,
    product: Product,
}

impl MappedItem {
    /// The 18-digit label that a scale prints for so many grams at so much.
    pub fn label(&self, grams: i64, amount: i64) -> Result<String> {
        ensure!(self.product.weighed, "{} is not weighed", self.product.sku);
        let body = format!("22{}{amount:05}{grams:05}", self.code);
        ensure!(body.len() == 17, "{grams} g at {amount} do not fit on a label");
        Ok(format!("{body}{}", check_digit(&body)))
    }
}

/// The mapped shop.
#[derive(Debug)]
pub struct Shop {
    items: BTreeMap<String, MappedItem>,
    store: Store,
    pin: String,
    /// The currency of the log.
    pub currency: Currency,
}

impl Shop {
    /// Gives every item code of the log an item of the catalogue, in order.
    pub fn map(log: &Log, data: &Path, store: &str, currency: (&str, &str), pin: &str) -> Result<Self> {
        let catalogue = catalogue(data)?;
        let mut prices: BTreeMap<&str, (HashMap<i64, u32>, bool)> = BTreeMap::new();
        for line in log.tickets.iter().flat_map(|ticket| &ticket.lines) {
            let (counts, weighed) = prices.entry(&line.sku).or_default();
            match line.measure {
                Measure::Pieces { pieces } => *counts.entry(line.amount / pieces).or_default() += 1,
                Measure::Weight { grams } => {
                    *weighed = true;
                    *counts.entry(line.amount * 1_000 / grams).or_default() += 1;
                }
            }
        }
        ensure!(prices.len() <= catalogue.len(), "{} items do not fit on {}", prices.len(), catalogue.len());
        let mut items = BTreeMap::new();
        for (index, ((sku, (counts, weighed)), (gtin, name))) in prices.into_iter().zip(catalogue).enumerate()
        {
            // The most frequent price is the list price; of equals the lower.
            let price = counts
                .into_iter()
                .max_by_key(|(price, count)| (*count, -price))
                .map_or(0, |(price, _)| price);
            let plu = if weighed { (PLU_FIRST + index).to_string() } else { String::new() };
            let code = if weighed { plu.clone() } else { gtin.clone() };
            let product = Product {
                sku: format!("M-{sku}"),
                name_zh: name.clone(),
                name_en: format!("Item {sku}"),
                spec: String::new(),
                origin: String::new(),
                grade: String::new(),
                category: "all".into(),
                weighed,
                price,
                tax_rate: 1_300,
                codes: if weighed { Vec::new() } else { vec![gtin] },
                plu,
                initials: String::new(),
                age_restricted: false,
                no_promotion: false,
                no_points: false,
                pin: 0,
                units: Vec::new(),
                kit: Vec::new(),
                open_price: None,
                department: String::new(),
                tax_class: String::new(),
                // What the log never charges for.
                gift: price == 0,
                membership: false,
            };
            items.insert(sku.to_owned(), MappedItem { code, price, product });
        }
        let currency = Currency { code: currency.0.into(), symbol: currency.1.into(), exponent: 2 };
        let store = Store {
            code: store.into(),
            name_zh: "重放".into(),
            name_en: "Replay".into(),
            currency: currency.code.clone(),
            currency_symbol: currency.symbol.clone(),
            currency_exponent: currency.exponent,
            receipt_header: Vec::new(),
            receipt_footer: Vec::new(),
            cash_rounding: 1,
            scale_patterns: vec!["22IIIIIPPPPPWWWWWC".into()],
            groups: Vec::new(),
            code_patterns: Vec::new(),
            rules: StoreRules::default(),
            place: None,
            receipts_at: None,
        };
        Ok(Self { items, store, pin: pin.into(), currency })
    }

    /// How many item codes of the log there are.
    pub fn skus(&self) -> usize {
        self.items.len()
    }

    /// How many items they are mapped onto.
    pub fn items(&self) -> usize {
        self.items.values().map(|item| &item.code).collect::<std::collections::HashSet<_>>().len()
    }

    /// The item of a log's item code.
    pub fn item(&self, sku: &str) -> Result<&MappedItem> {
        self.items.get(sku).with_context(|| format!("{sku} is not mapped"))
    }

    /// Writes what HQ imports.
    pub fn write(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let shop = folder.join("shop.json");
        let category =
            Category { id: "all".into(), name_zh: "全部".into(), name_en: "All".into(), position: 1 };
        // What costs nothing is marked as a gift, for which a row has no room.
        let products = self.items.values().map(|item| &item.product);
        let (gifts, priced): (Vec<&Product>, Vec<&Product>) = products.partition(|product| product.gift);
        let content = json!({
            "store": self.store, "categories": [category], "products": gifts, "members": [], "promotions": [],
            "staff": [{ "id": "replay", "number": "1", "name": "重放", "role": "manager", "pin": self.pin }],
        });
        std::fs::write(&shop, content.to_string())?;
        let goods = folder.join("products.csv");
        write_products_csv(std::fs::File::create(&goods)?, priced.into_iter().cloned())?;
        Ok(vec![shop, goods])
    }
}

/// Distinct valid trade item numbers with names, in the file's order.
fn catalogue(data: &Path) -> Result<Vec<(String, String)>> {
    let file = data.join("cn_cvs_catalog_2025.csv.zst");
    let open = std::fs::File::open(&file).with_context(|| format!("open {}", file.display()))?;
    let mut reader = csv::Reader::from_reader(zstd::Decoder::new(open)?);
    let headers = reader.headers()?.clone();
    let place = |name: &str| {
        headers.iter().position(|header| header == name).with_context(|| format!("no column {name}"))
    };
    let (barcode, name) = (place("barcode")?, place("name")?);
    let mut known = std::collections::HashSet::new();
    let mut items = Vec::new();
    for record in reader.records() {
        let record = record?;
        // In-store prefixes would be taken for scale labels, as at any till.
        let code = record[barcode].trim();
        if let Ok(gtin) = Gtin::parse(code)
            && !gtin.as_str().starts_with("02")
            && known.insert(gtin)
        {
            items.push((code.to_owned(), record[name].chars().take(60).collect()));
        }
    }
    Ok(items)
}
