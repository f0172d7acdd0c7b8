//! What an import may leave out and HQ knows, and what goods are found by.

use std::collections::HashMap;
use std::path::Path;

use domain::barcode::Gtin;
use pinyin::ToPinyin;
use protocol::pull::Product;

/// Everything that a product is found by, so that two forms of one GTIN are
/// the same.
pub(crate) fn names(product: &Product) -> Vec<String> {
    let of_units = product.units.iter().flat_map(|unit| &unit.codes);
    let mut names: Vec<String> = product
        .codes
        .iter()
        .chain(of_units)
        .filter_map(|code| Gtin::parse(code).ok())
        .map(|gtin| gtin.as_str().to_owned())
        .collect();
    if let Ok(number) = product.plu.parse::<u64>() {
        names.push(format!("plu:{number}"));
    }
    if let Ok(number) = product.department.parse::<u64>() {
        names.push(format!("department:{number}"));
    }
    names
}

/// Fills in what an import may leave out: the pinyin initials, and the rate
/// of the tax class, for lanes that do not know classes.
pub(super) fn complete(product: &mut Product, tax_classes: &HashMap<String, u32>) {
    if let Some(rate) = tax_classes.get(&product.tax_class) {
        product.tax_rate = *rate;
    }
    if product.initials.is_empty() {
        product.initials = initials(&product.name_zh);
    }
}

/// First letters of each hanzi's pinyin; ASCII letters and digits are kept,
/// also where they are written wide.
pub(super) fn initials(name: &str) -> String {
    // Wide forms (U+FF01 to U+FF5E) stand this far above ASCII.
    const WIDE: u32 = 0xFEE0;
    let letter = |character: char| match character {
        '！'..='～' => char::from_u32(u32::from(character) - WIDE),
        _ if character.is_ascii() => Some(character),
        _ => character.to_pinyin().and_then(|pinyin| pinyin.plain().chars().next()),
    };
    name.chars()
        .filter_map(letter)
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_lowercase())
        .collect()
}

/// A file's name without its folders.
pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
