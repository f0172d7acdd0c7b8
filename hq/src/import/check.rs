//! Looks at a whole import before anything is changed, and says everything
//! that an operator has to mend: file, place, what is wrong, what to do.

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::barcode::{Codes, Gtin, RECEIPT_ADDRESS_LENGTH_MAX};
use domain::catalogue::{FACTOR_MAX, KIT_PARTS_MAX, UNITS_MAX};
use domain::money::{AMOUNT_MAX, Currency, Money, Quantity, TaxRate};
use domain::seller::COMMISSION_RULES_MAX;
use protocol::promotion::{OneOrMany, PromotionForm};
use protocol::pull::{self, PriceCut, PriceRow, PriceScope, Product, Promotion, TaxTreatment};

use super::{ImportError, PROBLEMS_MAX, Problem, Problems, Shop, StaffSource, costs, pins};
use crate::catalogue::{self, currency_of};
use crate::commission::{RuleForm, RuleRefused};
use crate::store::{CostRow, Kind, Reading, price_key};

/// The longest id, code or sku, in bytes.
const KEY_LENGTH_MAX: usize = 64;

/// The longest name or other text of one thing, in bytes.
const TEXT_LENGTH_MAX: usize = 400;

/// The most codes of one product.
const CODES_MAX: usize = 50;

/// The most groups that one store is in.
const GROUPS_MAX: usize = 8;

/// The decimals of the currency with the most (ISO 4217: 4).
const EXPONENT_MAX: u8 = 4;

/// What every thing of an import is held against.
pub(super) struct Checker {
    currency: Option<Currency>,
    /// The currency of the stores that this import does not touch.
    other_currency: Option<Currency>,
    categories: HashSet<String>,
    /// The fee of each item of the import that is a membership, minor units;
    /// `None` for one that is not.
    memberships: HashMap<String, Option<i64>>,
    skus: HashSet<String>,
    /// Where each code was seen: GTINs as numbers, PLUs above them.
    codes: HashMap<u64, String>,
    /// The tax classes, with their rates.
    tax_classes: HashMap<String, u32>,
    /// The packs of the products of this import that have any.
    units: HashMap<String, HashSet<String>>,
    /// The kits of this import, with where they stand and what is in them.
    kits: BTreeMap<String, (String, String, Vec<String>)>,
    /// The prices of this import.
    prices: HashSet<String>,
    /// The stores, and the groups that one of them is in.
    stores: HashSet<String>,
    groups: HashSet<String>,
    products_are_replaced: bool,
    problems: Vec<Problem>,
}

impl Checker {
    /// Begins with what HQ knows already.
    pub(super) fn new(reading: &Reading<'_>, shop: &Shop, replace: bool) -> Result<Self, ImportError> {
        let mut other_currency = None;
        let (mut stores, mut groups) = (HashSet::new(), HashSet::new());
        for (code, body) in reading.entities(Kind::Store)? {
            if shop.store.as_ref().is_none_or(|store| store.code != code) {
                let store: pull::Store = serde_json::from_str(&body)?;
                other_currency = Some(currency_of(&store));
                groups.extend(store.groups);
                stores.insert(code);
            }
        }
        if let Some(store) = &shop.store {
            stores.insert(store.code.clone());
            groups.extend(store.groups.iter().cloned());
        }
        let mut tax_classes = HashMap::new();
        if !(replace && shop.tax_classes.is_some()) {
            for (id, body) in reading.entities(Kind::TaxClass)? {
                tax_classes.insert(id, serde_json::from_str::<pull::TaxClass>(&body)?.rate);
            }
        }
        let named = shop.tax_classes.iter().flatten();
        tax_classes.extend(named.map(|class| (class.id.clone(), class.rate)));
        let currency = match &shop.store {
            Some(store) => Some(currency_of(store)),
            None => catalogue::currency::<ImportError>(reading)?,
        };
        let mut categories: HashSet<String> = HashSet::new();
        if !(replace && shop.categories.is_some()) {
            categories.extend(reading.entities(Kind::Category)?.into_iter().map(|(id, _)| id));
        }
        categories.extend(shop.categories.iter().flatten().map(|category| category.id.clone()));
        Ok(Self {
            currency,
            other_currency,
            categories,
            skus: HashSet::new(),
            codes: HashMap::new(),
            tax_classes,
            units: HashMap::new(),
            kits: BTreeMap::new(),
            prices: HashSet::new(),
            stores,
            groups,
            memberships: HashMap::new(),
            products_are_replaced: replace,
            problems: Vec::new(),
        })
    }

    /// The currency that prices are written in.
    pub(super) fn currency(&self) -> Option<&Currency> {
        self.currency.as_ref()
    }

    /// Whether there are as many problems as are listed.
    pub(super) fn is_full(&self) -> bool {
        self.problems.len() >= PROBLEMS_MAX
    }

    /// Gives the currency and the rates of tax classes when nothing is wrong.
    pub(super) fn finish(self) -> Result<Checked, ImportError> {
        if self.problems.is_empty() {
            Ok(Checked { currency: self.currency, tax_classes: self.tax_classes })
        } else {
            let is_cut = self.is_full();
            Err(ImportError::Problems(Problems { problems: self.problems, is_cut }))
        }
    }

    /// Notes what is wrong with something.
    pub(super) fn note(&mut self, file: &str, place: &str, what: String) {
        if !self.is_full() {
            self.problems.push(Problem { file: file.to_owned(), place: place.to_owned(), what });
        }
    }

    /// Checks everything of a shop file but its promotions.
    pub(super) fn check_shop(&mut self, file: &str, shop: &Shop) {
        if let Some(store) = &shop.store
            && let Err(what) = self.check_store(store)
        {
            self.note(file, "store", what);
        }
        let mut seen = HashSet::new();
        for (index, category) in shop.categories.iter().flatten().enumerate() {
            let names = [&category.name_zh, &category.name_en];
            if let Err(what) = check_key("id", &category.id, &mut seen).and_then(|()| check_texts(&names)) {
                self.note(file, &format!("categories[{index}]"), what);
            }
        }
        let mut seen = HashSet::new();
        for (index, class) in shop.tax_classes.iter().flatten().enumerate() {
            if let Err(what) = check_tax_class(class, &mut seen) {
                self.note(file, &format!("tax_classes[{index}]"), what);
            }
        }
        let (mut ids, mut numbers) = (HashSet::new(), HashSet::new());
        for (index, staff) in shop.staff.iter().flatten().enumerate() {
            if let Err(what) = check_staff(staff, &mut ids, &mut numbers) {
                self.note(file, &format!("staff[{index}]"), what);
            }
        }
        let mut ids = HashSet::new();
        for (index, member) in shop.members.iter().flatten().enumerate() {
            let place = format!("members[{index}]");
            match member_id(member) {
                None => self.note(file, &place, "it has no \"id\"; give every member one".into()),
                Some(id) if let Err(what) = super::member::check(&id, member, shop.code()) => {
                    self.note(file, &place, what);
                }
                Some(id) if !ids.insert(id.clone()) => {
                    self.note(file, &place, format!("the id {id:?} is there twice; change one"));
                }
                Some(_) => {}
            }
        }
        for (index, product) in shop.products.iter().flatten().enumerate() {
            self.check_product(file, &format!("products[{index}]"), product);
        }
    }

    fn check_store(&self, store: &pull::Store) -> Result<(), String> {
        let code_is_plain = !store.code.is_empty()
            && store.code.len() <= 32
            && store.code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if !code_is_plain {
            return Err(format!("code {:?}: use 1 to 32 letters, digits, - and _", store.code));
        }
        let currency_is_plain =
            store.currency.len() == 3 && store.currency.bytes().all(|byte| byte.is_ascii_uppercase());
        if !currency_is_plain {
            return Err(format!("currency {:?}: use its three letters, such as CNY", store.currency));
        }
        if store.currency_exponent > EXPONENT_MAX {
            return Err(format!("currency_exponent {}: at most {EXPONENT_MAX}", store.currency_exponent));
        }
        let differs = |other: &&Currency| {
            (other.code.as_str(), other.exponent) != (store.currency.as_str(), store.currency_exponent)
        };
        if let Some(other) = self.other_currency.as_ref().filter(differs) {
            return Err(format!(
                "currency {}: the other stores use {}; prices are the chain's, so use the same",
                store.currency, other.code
            ));
        }
        let mut seen = HashSet::new();
        for group in &store.groups {
            check_key("group", group, &mut seen)?;
        }
        if store.groups.len() > GROUPS_MAX {
            return Err(format!("it is in {} groups; at most {GROUPS_MAX}", store.groups.len()));
        }
        if !(1..=AMOUNT_MAX).contains(&store.cash_rounding) {
            return Err(format!("cash_rounding {}: use 1 for none", store.cash_rounding));
        }
        if let Some(error) = Codes::configured(&store.scale_patterns, &store.code_patterns).1.first() {
            return Err(error.to_string());
        }
        if let Some(address) = &store.receipts_at {
            check_receipts_at(address)?;
        }
        if let Some(place) = store.place.filter(|place| !place.is_on_earth()) {
            return Err(format!(
                "place {} {}: latitude and longitude in millionths of a degree, up to 90 and 180 degrees",
                place.latitude_e6, place.longitude_e6
            ));
        }
        check_texts(&[&store.name_zh, &store.name_en, &store.currency_symbol])
    }

    /// Checks a product on its own and against those before it.
    pub(super) fn check_product(&mut self, file: &str, place: &str, product: &Product) {
        let checked = self.try_product(place, product).and_then(|()| self.try_special(place, product));
        if let Err(what) = checked {
            self.note(file, place, what);
        }
        self.memberships.insert(product.sku.clone(), product.membership.then_some(product.price));
        if !product.units.is_empty() {
            let ids = product.units.iter().map(|unit| unit.id.clone()).collect();
            self.units.insert(product.sku.clone(), ids);
        }
        if !product.kit.is_empty() {
            let parts = product.kit.iter().map(|part| part.sku.clone()).collect();
            self.kits.insert(product.sku.clone(), (file.to_owned(), place.to_owned(), parts));
        }
    }

    fn try_product(&mut self, place: &str, product: &Product) -> Result<(), String> {
        check_key("sku", &product.sku, &mut self.skus)?;
        if product.name_zh.is_empty() && product.name_en.is_empty() {
            return Err("it has no name; fill in name_zh or name_en".into());
        }
        check_texts(&[
            &product.name_zh,
            &product.name_en,
            &product.spec,
            &product.origin,
            &product.initials,
        ])?;
        if !(0..=AMOUNT_MAX).contains(&product.price) {
            return Err(format!("the price {} is not between 0 and {AMOUNT_MAX}; correct it", product.price));
        }
        if TaxRate::from_basis_points(product.tax_rate).is_none() {
            return Err(format!("the tax rate {} is more than 100 %; write 1300 for 13 %", product.tax_rate));
        }
        if !product.category.is_empty() && !self.categories.contains(&product.category) {
            return Err(format!(
                "there is no category {:?}; add it to categories, or leave it empty",
                product.category
            ));
        }
        if product.codes.len() > CODES_MAX {
            return Err(format!("it has {} codes; at most {CODES_MAX}", product.codes.len()));
        }
        let mut own = HashSet::new();
        for code in &product.codes {
            let gtin = Gtin::parse(code).map_err(|error| {
                format!("code {code:?}: {error}; copy it from the pack, as text, or leave it empty")
            })?;
            if own.insert(gtin) {
                self.claim(place, code, gtin_number(&gtin))?;
            }
        }
        if !product.plu.is_empty() {
            let is_plain = product.plu.len() <= 6 && product.plu.bytes().all(|byte| byte.is_ascii_digit());
            let number = product.plu.parse::<u64>().ok().filter(|_| is_plain);
            let number = number.ok_or_else(|| format!("plu {:?}: write up to 6 digits", product.plu))?;
            self.claim(place, &product.plu, GTIN_NUMBERS + number)?;
        }
        Ok(())
    }

    /// Checks what only some products have: packs, parts, open prices.
    fn try_special(&mut self, place: &str, product: &Product) -> Result<(), String> {
        if product.sku == domain::value::TOP_UP_SKU {
            return Err("its sku is kept for what members pay into their accounts; take another".into());
        }
        if product.units.len() > UNITS_MAX {
            return Err(format!("it has {} units; at most {UNITS_MAX}", product.units.len()));
        }
        if !product.units.is_empty() && product.weighed {
            return Err("it is weighed and has units; what is weighed is sold by the kilogram only".into());
        }
        let mut ids = HashSet::new();
        for unit in &product.units {
            check_unit(product, unit, &mut ids)?;
            for code in &unit.codes {
                let gtin = Gtin::parse(code).map_err(|error| {
                    format!("code {code:?} of unit {}: {error}; copy it from the pack, as text", unit.id)
                })?;
                self.claim(place, code, gtin_number(&gtin))?;
            }
        }
        let is_special = product.weighed
            || product.gift
            || !product.units.is_empty()
            || !product.kit.is_empty()
            || product.open_price.is_some()
            || !product.department.is_empty();
        if product.membership && is_special {
            return Err(
                "it is a membership; take weighed, gift, units, kit, open_price and department away".into()
            );
        }
        check_kit(product)?;
        if let Some(bounds) = &product.open_price {
            if !(1 <= bounds.min && bounds.min <= bounds.max && bounds.max <= AMOUNT_MAX) {
                let (min, max) = (bounds.min, bounds.max);
                return Err(format!(
                    "open_price {min} to {max}: write a least above 0, and a most not below"
                ));
            }
            if product.weighed || !product.units.is_empty() || !product.kit.is_empty() {
                return Err("its price is open; take that, or weighed, units and kit, away".into());
            }
        }
        if !product.department.is_empty() {
            let is_plain =
                product.department.len() <= 6 && product.department.bytes().all(|byte| byte.is_ascii_digit());
            let number = product.department.parse::<u64>().ok().filter(|_| is_plain);
            let number =
                number.ok_or_else(|| format!("department {:?}: write up to 6 digits", product.department))?;
            if product.open_price.is_none() {
                return Err("it is a department without a price to type; fill in open_price".into());
            }
            self.claim(place, &product.department, DEPARTMENT_NUMBERS + number)?;
        }
        if !product.tax_class.is_empty() {
            let rate = self.tax_classes.get(&product.tax_class).copied().ok_or_else(|| {
                format!("there is no tax class {:?}; add it to tax_classes", product.tax_class)
            })?;
            if product.tax_rate != 0 && product.tax_rate != rate {
                return Err(format!(
                    "tax_rate {} is not that of its class, {rate}; leave it empty",
                    product.tax_rate
                ));
            }
        }
        Ok(())
    }

    /// Checks a price on its own and against those before it. All products of
    /// the import were seen.
    pub(super) fn check_price(
        &mut self,
        file: &str,
        place: &str,
        row: &PriceRow,
        reading: &Reading<'_>,
    ) -> Result<(), ImportError> {
        let stored = self.stored_product(&row.sku, reading)?;
        let checked = self.try_price(row, stored.as_ref());
        if let Err(what) = checked {
            self.note(file, place, what);
        }
        Ok(())
    }

    /// Looks at what goods cost.
    pub(super) fn check_cost(
        &mut self,
        file: &str,
        place: &str,
        row: &CostRow,
        reading: &Reading<'_>,
    ) -> Result<(), ImportError> {
        let is_known = self.skus.contains(&row.sku) || self.stored_product(&row.sku, reading)?.is_some();
        if let Some(what) = costs::refuse(row, is_known) {
            self.note(file, place, what);
        }
        Ok(())
    }

    fn try_price(&mut self, row: &PriceRow, stored: Option<&Product>) -> Result<(), String> {
        if stored.is_none() && !self.skus.contains(&row.sku) {
            return Err(format!("sku: there is no product {:?}; import it first, or correct it", row.sku));
        }
        let has_unit = match self.units.get(&row.sku) {
            Some(units) => units.contains(&row.unit),
            None => stored.is_some_and(|product| product.units.iter().any(|unit| unit.id == row.unit)),
        };
        if !row.unit.is_empty() && !has_unit {
            return Err(format!(
                "unit: {} has no unit {:?}; add it to the goods, or correct it",
                row.sku, row.unit
            ));
        }
        match &row.scope {
            PriceScope::Chain => {}
            PriceScope::Store(store) if !self.stores.contains(store) => {
                return Err(format!("store: there is no store {store:?}; import it first, or correct it"));
            }
            PriceScope::Group(group) if !self.groups.contains(group) => {
                return Err(format!(
                    "group: no store is in the group {group:?}; add it to a store's groups first"
                ));
            }
            PriceScope::Store(_) | PriceScope::Group(_) => {}
        }
        check_key("list", &row.list, &mut HashSet::new())?;
        if let pull::Audience::Tier(tier) = &row.audience {
            check_key("tier", tier, &mut HashSet::new())?;
        }
        if !(1..=AMOUNT_MAX).contains(&row.price) {
            return Err(format!(
                "price: {} is not between 1 and {AMOUNT_MAX} minor units; what is handed out for nothing is marked as gift among the goods",
                row.price
            ));
        }
        if row.until_ms.is_some_and(|until| until <= row.from_ms) {
            return Err("until: it ends before it begins; correct from or until".into());
        }
        if !self.prices.insert(price_key(row)) {
            return Err("it is there twice, with the same item, place, tier and time; remove one".into());
        }
        Ok(())
    }

    /// The product as HQ has it and keeps it, unless this import replaces all.
    fn stored_product(&self, sku: &str, reading: &Reading<'_>) -> Result<Option<Product>, ImportError> {
        if self.products_are_replaced && !self.skus.is_empty() {
            return Ok(None);
        }
        let body = reading.entity(Kind::Product, sku)?;
        Ok(body.map(|body| serde_json::from_str(&body)).transpose()?)
    }

    /// Checks what is in kits, once all products of the import were seen.
    pub(super) fn check_kits(&mut self, reading: &Reading<'_>) -> Result<(), ImportError> {
        for (file, place, parts) in self.kits.clone().into_values() {
            for sku in parts {
                let stored = self.stored_product(&sku, reading)?;
                let is_known = stored.is_some() || self.skus.contains(&sku);
                let is_fee = match self.memberships.get(&sku) {
                    Some(fee) => fee.is_some(),
                    None => stored.as_ref().is_some_and(|product| product.membership),
                };
                let is_kit = if self.skus.contains(&sku) {
                    self.kits.contains_key(&sku)
                } else {
                    stored.is_some_and(|product| !product.kit.is_empty())
                };
                if !is_known {
                    self.note(
                        &file,
                        &place,
                        format!("kit: there is no product {sku:?}; import it, or take it out"),
                    );
                } else if is_fee {
                    self.note(
                        &file,
                        &place,
                        format!("kit: {sku} is a paid membership, which is sold alone; take it out"),
                    );
                } else if is_kit {
                    self.note(&file, &place, format!("kit: {sku} is a kit itself; name its parts instead"));
                }
            }
        }
        Ok(())
    }

    fn claim(&mut self, place: &str, code: &str, number: u64) -> Result<(), String> {
        match self.codes.insert(number, place.to_owned()) {
            Some(other) => {
                Err(format!("the code {code} is that of {other} as well; take it from one of them"))
            }
            None => Ok(()),
        }
    }

    /// Checks promotions, once all products of the import were seen.
    pub(super) fn check_promotions(
        &mut self,
        file: &str,
        shop: &Shop,
        reading: &Reading<'_>,
    ) -> Result<(), ImportError> {
        let mut ids = HashSet::new();
        for (index, promotion) in shop.promotions.iter().flatten().enumerate() {
            let place = format!("promotions[{index}]");
            if let Err(what) = check_promotion(promotion, &mut ids) {
                self.note(file, &place, what);
                continue;
            }
            for sku in &promotion.skus {
                self.check_promoted(file, &place, sku, reading)?;
            }
        }
        let mut codes = HashSet::new();
        for (index, source) in shop.coupons.iter().flatten().enumerate() {
            let place = format!("coupons[{index}]");
            if let Err(what) = super::member::check_coupon(source, shop.code()) {
                self.note(file, &place, what);
            } else if !codes.insert(&source.coupon.code) {
                self.note(file, &place, format!("{} is there twice", source.coupon.code));
            }
        }
        for (index, rule) in shop.promotion_rules.iter().flatten().enumerate() {
            let place = format!("promotion_rules[{index}]");
            if let Err(what) = check_rule(rule, &mut ids) {
                self.note(file, &place, what);
                continue;
            }
            let slots = rule.slots.iter().flatten().filter_map(|slot| slot.skus.as_ref());
            for sku in rule.skus.iter().chain(slots).flatten() {
                self.check_promoted(file, &place, sku, reading)?;
            }
            self.check_places(file, &place, rule);
        }
        // Rules may name each other in any order, so this comes after all of them.
        for (index, rule) in shop.promotion_rules.iter().flatten().enumerate() {
            let excluded = match &rule.excludes {
                None => &[][..],
                Some(OneOrMany::One(id)) => std::slice::from_ref(id),
                Some(OneOrMany::Many(ids)) => ids,
            };
            for id in excluded {
                if !ids.contains(id.as_str()) && !self.stays(shop, id, reading)? {
                    let what =
                        format!("it excludes {id:?}, which is no promotion; import that, or take it out");
                    self.note(file, &format!("promotion_rules[{index}]"), what);
                }
            }
        }
        Ok(())
    }

    /// Whether a promotion is known and this import leaves it there.
    fn stays(&self, shop: &Shop, id: &str, reading: &Reading<'_>) -> Result<bool, ImportError> {
        let kinds = [
            (Kind::Promotion, shop.promotions.is_some()),
            (Kind::PromotionRule, shop.promotion_rules.is_some()),
        ];
        for (kind, is_named) in kinds {
            if !(self.products_are_replaced && is_named) && reading.entity(kind, id)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Categories and stores that a rule names must exist: one that is
    /// mistyped would leave the rule without goods, or nowhere in force.
    fn check_places(&mut self, file: &str, place: &str, rule: &PromotionForm) {
        let slots = rule.slots.iter().flatten().filter_map(|slot| slot.categories.as_ref());
        let named = rule.categories.iter().chain(&rule.not_categories).chain(slots).flatten();
        let unknown: Vec<String> = named
            .filter(|id| !self.categories.contains(*id))
            .map(|id| format!("there is no category {id:?}; import it, or take it out"))
            .chain(
                rule.stores
                    .iter()
                    .filter(|code| !self.stores.contains(*code))
                    .map(|code| format!("there is no store {code:?}; import it, or take it out")),
            )
            .collect();
        for what in unknown {
            self.note(file, place, what);
        }
    }

    /// Rules of commissions must work, and leave alone what is reckoned already.
    pub(super) fn check_commissions(
        &mut self,
        file: &str,
        shop: &Shop,
        reading: &Reading<'_>,
    ) -> Result<(), ImportError> {
        let Some(rules) = &shop.commission_rules else { return Ok(()) };
        let known = reading.commission_rules()?;
        let filed = reading.commission_until()?;
        let mut ids = HashSet::new();
        for (index, form) in rules.iter().enumerate() {
            let place = format!("commission_rules[{index}]");
            let before: Option<RuleForm> =
                known.get(&form.id).map(|body| serde_json::from_str(body)).transpose()?;
            let texts = [Some(&form.id), form.level.as_ref(), form.category.as_ref(), form.sku.as_ref()];
            if texts.into_iter().flatten().any(|text| text.len() > KEY_LENGTH_MAX) {
                self.note(
                    file,
                    &place,
                    format!("an id or code has more than {KEY_LENGTH_MAX} bytes; shorten it"),
                );
            } else if let Err(refused) = form.rule() {
                self.note(file, &place, refused.to_string());
            } else if let Err(refused) = form.may_follow(before.as_ref(), filed.as_deref()) {
                self.note(file, &place, refused.to_string());
            } else if !ids.insert(&form.id) {
                self.note(file, &place, format!("rule {} is there twice", form.id));
            }
        }
        let all = known.len() + ids.iter().filter(|id| !known.contains_key(**id)).count();
        if all > COMMISSION_RULES_MAX {
            self.note(file, "commission_rules", RuleRefused::TooMany.to_string());
        }
        Ok(())
    }

    /// Memberships are goods that are marked so, shared into no more than their fee.
    pub(super) fn check_memberships(
        &mut self,
        file: &str,
        shop: &Shop,
        reading: &Reading<'_>,
    ) -> Result<(), ImportError> {
        let mut skus = HashSet::new();
        for (index, form) in shop.memberships.iter().flatten().enumerate() {
            let place = format!("memberships[{index}]");
            let fee = match self.memberships.get(&form.sku) {
                Some(fee) => *fee,
                None => {
                    let stored = reading.entity(Kind::Product, &form.sku)?;
                    let stored: Option<Product> =
                        stored.map(|body| serde_json::from_str(&body)).transpose()?;
                    stored.filter(|product| product.membership).map(|product| product.price)
                }
            };
            let Some(fee) = fee else {
                let what = format!("{:?} is no item that is marked as membership; import it first", form.sku);
                self.note(file, &place, what);
                continue;
            };
            if let Err(refused) = form.check(Money::from_minor(fee)) {
                self.note(file, &place, refused.to_string());
                continue;
            }
            if !skus.insert(&form.sku) {
                self.note(file, &place, format!("{:?} is there twice", form.sku));
            }
            for pack in &form.coupons {
                let named = shop.promotion_rules.iter().flatten().any(|rule| rule.id == pack.promotion);
                if !named && !self.stays(shop, &pack.promotion, reading)? {
                    let what =
                        format!("there is no promotion {:?}; import it, or take it out", pack.promotion);
                    self.note(file, &place, what);
                }
            }
        }
        Ok(())
    }

    /// A promotion must name goods that exist.
    fn check_promoted(
        &mut self,
        file: &str,
        place: &str,
        sku: &String,
        reading: &Reading<'_>,
    ) -> Result<(), ImportError> {
        let stays = !self.products_are_replaced || self.skus.is_empty();
        let known = self.skus.contains(sku) || (stays && reading.entity(Kind::Product, sku)?.is_some());
        if !known {
            self.note(file, place, format!("there is no product {sku:?}; import it, or take it out"));
        }
        Ok(())
    }
}

/// What a check that found nothing wrong hands on.
pub(super) struct Checked {
    /// The currency that prices are written in.
    pub currency: Option<Currency>,
    /// The rates of the tax classes.
    pub tax_classes: HashMap<String, u32>,
}

/// One more than the largest GTIN, seen as a number.
const GTIN_NUMBERS: u64 = 100_000_000_000_000;

/// Departments, seen as numbers, come after PLUs, which have 6 digits.
const DEPARTMENT_NUMBERS: u64 = GTIN_NUMBERS + 1_000_000;

fn gtin_number(gtin: &Gtin) -> u64 {
    gtin.as_str().bytes().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'))
}

fn check_key(name: &str, key: &str, seen: &mut HashSet<String>) -> Result<(), String> {
    if key.is_empty() || key.len() > KEY_LENGTH_MAX || key.chars().any(char::is_control) {
        return Err(format!("{name} {key:?}: write 1 to {KEY_LENGTH_MAX} characters"));
    }
    if !seen.insert(key.to_owned()) {
        return Err(format!("the {name} {key:?} is there twice; change or remove one"));
    }
    Ok(())
}

fn check_texts(texts: &[&String]) -> Result<(), String> {
    match texts.iter().find(|text| text.len() > TEXT_LENGTH_MAX || text.chars().any(char::is_control)) {
        Some(text) => {
            let begin: String = text.chars().take(20).collect();
            Err(format!("{begin:?}…: write at most {TEXT_LENGTH_MAX} bytes, on one line"))
        }
        None => Ok(()),
    }
}

fn check_unit(product: &Product, unit: &pull::SaleUnit, ids: &mut HashSet<String>) -> Result<(), String> {
    check_key("unit", &unit.id, ids)?;
    check_texts(&[&unit.name_zh, &unit.name_en])?;
    if unit.name_zh.is_empty() && unit.name_en.is_empty() {
        return Err(format!("unit {} has no name; give it one", unit.id));
    }
    if !(2..=FACTOR_MAX).contains(&unit.factor) {
        return Err(format!(
            "unit {} holds {} pieces; write 2 to {FACTOR_MAX}, the piece itself is no unit",
            unit.id, unit.factor
        ));
    }
    if unit.price.is_some_and(|price| !(1..=AMOUNT_MAX).contains(&price)) {
        return Err(format!("the price of unit {} is not above 0; correct it or leave it empty", unit.id));
    }
    if Money::from_minor(product.price).checked_multiple(unit.factor).is_none() {
        return Err(format!("{} pieces of unit {} cost too much; correct the price", unit.factor, unit.id));
    }
    if unit.codes.len() > CODES_MAX {
        return Err(format!("unit {} has {} codes; at most {CODES_MAX}", unit.id, unit.codes.len()));
    }
    Ok(())
}

fn check_kit(product: &Product) -> Result<(), String> {
    if product.kit.len() > KIT_PARTS_MAX {
        return Err(format!("the kit has {} parts; at most {KIT_PARTS_MAX}", product.kit.len()));
    }
    if !product.kit.is_empty() && product.weighed {
        return Err("it is weighed and a kit; a kit is sold by the piece".into());
    }
    let mut seen = HashSet::new();
    for part in &product.kit {
        check_key("kit part", &part.sku, &mut seen)?;
        if part.sku == product.sku {
            return Err("the kit has itself as a part; take it out".into());
        }
        if Quantity::from_thousandths(part.quantity).is_none() {
            return Err(format!(
                "kit: {} of {} is not a quantity; write thousandths from 1 to {}",
                part.quantity,
                part.sku,
                Quantity::MAX.thousandths()
            ));
        }
    }
    Ok(())
}

fn check_tax_class(class: &pull::TaxClass, seen: &mut HashSet<String>) -> Result<(), String> {
    check_key("id", &class.id, seen)?;
    check_texts(&[&class.name_zh, &class.name_en])?;
    match class.treatment {
        TaxTreatment::Taxed if !(1..=10_000).contains(&class.rate) => {
            Err(format!("rate {}: write basis points such as 1300", class.rate))
        }
        TaxTreatment::ZeroRated | TaxTreatment::Exempt if class.rate != 0 => {
            Err(format!("rate {}: what is not taxed has the rate 0", class.rate))
        }
        TaxTreatment::Taxed | TaxTreatment::ZeroRated | TaxTreatment::Exempt => Ok(()),
    }
}

fn check_staff(
    staff: &StaffSource,
    ids: &mut HashSet<String>,
    numbers: &mut HashSet<String>,
) -> Result<(), String> {
    check_key("id", &staff.id, ids)?;
    check_key("number", &staff.number, numbers)?;
    check_texts(&[&staff.name])?;
    if !staff.number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(format!("number {:?}: use digits, it is typed to sign in", staff.number));
    }
    if !["cashier", "supervisor", "manager"].contains(&staff.role.as_str()) {
        return Err(format!("role {:?}: use cashier, supervisor or manager", staff.role));
    }
    match (&staff.pin, &staff.pin_hash) {
        (Some(pin), None) => {
            let is_plain = (4..=12).contains(&pin.len()) && pin.bytes().all(|byte| byte.is_ascii_digit());
            if is_plain { Ok(()) } else { Err("pin: use 4 to 12 digits".into()) }
        }
        (None, Some(hash)) if pins::is_hash(hash) => Ok(()),
        (None, Some(_)) => Err("pin_hash: an Argon2id hash in PHC form is needed, or a pin instead".into()),
        (Some(_), Some(_)) | (None, None) => Err("give either pin or pin_hash".into()),
    }
}

fn check_promotion(promotion: &Promotion, ids: &mut HashSet<String>) -> Result<(), String> {
    check_key("id", &promotion.id, ids)?;
    check_texts(&[&promotion.name_zh, &promotion.name_en])?;
    match promotion.cut {
        PriceCut::FixedPrice { price } if !(0..=AMOUNT_MAX).contains(&price) => {
            return Err(format!("price {price}: use 0 or more, minor units"));
        }
        PriceCut::Percent { pay_pct } if !(1..=99).contains(&pay_pct) => {
            return Err(format!("pay_pct {pay_pct}: use 1 to 99, what is still paid"));
        }
        PriceCut::AmountOff { off } if !(1..=AMOUNT_MAX).contains(&off) => {
            return Err(format!("off {off}: use more than 0, minor units"));
        }
        PriceCut::FixedPrice { .. } | PriceCut::Percent { .. } | PriceCut::AmountOff { .. } => {}
    }
    match (promotion.from_ms, promotion.until_ms) {
        (Some(from), Some(until)) if from >= until => {
            Err("it ends before it begins; correct from_ms or until_ms".into())
        }
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

fn check_rule(rule: &PromotionForm, ids: &mut HashSet<String>) -> Result<(), String> {
    check_key("id", &rule.id, ids)?;
    check_texts(&[&rule.name_zh, &rule.name_en])?;
    if rule.layer.is_empty() {
        return Err("layer is missing; use price, item, order or coupon".into());
    }
    if rule.is_grant() {
        return rule.understand_grant().map(|_| ()).map_err(|error| error.to_string());
    }
    rule.understand().map(|_| ()).map_err(|error| error.to_string())
}

/// The id of a member, whose further form is free for now.
pub(super) fn member_id(member: &serde_json::Value) -> Option<String> {
    let id = member.get("id")?;
    let text = id.as_str().map(str::to_owned).or_else(|| id.as_u64().map(|number| number.to_string()))?;
    (!text.is_empty() && text.len() <= KEY_LENGTH_MAX).then_some(text)
}

/// What is wrong with the address at which receipts are shown.
fn check_receipts_at(address: &str) -> Result<(), String> {
    let rest = ["https://", "http://"].into_iter().find_map(|scheme| address.strip_prefix(scheme));
    let is_plain = rest.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.ends_with('/')
            && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:/[]".contains(&byte))
    });
    if !is_plain || address.len() > RECEIPT_ADDRESS_LENGTH_MAX {
        return Err(format!(
            "receipts_at {address:?}: an address such as https://hq.example, without a slash at its end, of at most \
             {RECEIPT_ADDRESS_LENGTH_MAX} characters"
        ));
    }
    Ok(())
}
