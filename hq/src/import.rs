//! Whole shops, from JSON and CSV.
//!
//! An import is checked completely before anything is changed, and changes
//! everything or nothing. Importing the same again changes nothing. What an
//! import does not name stays, unless it is asked to replace.

mod check;
pub(crate) mod complete;
mod costs;
mod goods;
mod member;
mod one;
mod pins;
mod prices;
mod table;

use std::collections::HashSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use domain::money::Currency;
use protocol::promotion::PromotionForm;
use protocol::pull::{self, Category, PriceRow, PriceScope, Product, Promotion, StaffMember, TaxClass};
use serde::{Deserialize, Serialize};

use crate::books::keeper;
use crate::commission::RuleForm;
use crate::membership::{self, MembershipForm};
use crate::store::{CostRow, Kind, Put, Reading, Store, StoreError, Writing, price_key};
use check::{Checked, Checker};
pub use costs::COST_COLUMNS;
pub use goods::GOODS_COLUMNS;
use member::CouponSource;
pub(crate) use member::{
    check_coupon_of, member_phone, member_points, member_shown, member_staff, member_told,
};
pub use one::put_price_text;
pub(crate) use one::{put_costs, put_goods, put_member, put_prices, put_promotions};
pub use prices::{PRICE_COLUMNS, PriceText};

/// The file of a folder that has everything but many goods.
pub const SHOP_FILE: &str = "shop.json";

/// The files of a folder that may have goods, in the order they are looked for.
pub const GOODS_FILES: [&str; 2] = ["products.csv", "goods.csv"];

/// The file of a folder that may have prices of price lists.
pub const PRICES_FILE: &str = "prices.csv";

/// The file of a folder that may have what goods cost.
pub const COSTS_FILE: &str = "costs.csv";

/// The most prices of one item in one place: those of all its units and
/// tiers, in force and ahead of their time.
pub const PRICES_PER_PLACE_MAX: usize = 50;

/// A price that has not been in force for so long is taken off its list,
/// milliseconds: a week, by which no lane's clock is late.
const SPENT_PRICES_KEPT_MS: i64 = 7 * 24 * 3_600 * 1_000;

/// Problems that are listed of one import; more are counted.
pub const PROBLEMS_MAX: usize = 100_000;

/// Problems that are shown at one time; an operator mends these first.
const PROBLEMS_SHOWN_MAX: usize = 20;

/// Rows between two reports of progress.
const PROGRESS_ROWS: u64 = 50_000;

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// How many things the import named, members not counted.
    pub named: u64,
    /// How many of them are new or differ from what was there.
    pub changed: u64,
    /// How many things were deleted because the import did not name them.
    pub deleted: u64,
    /// How many members are new or differ.
    pub members_changed: u64,
    /// The newest version of the reference.
    pub version: u64,
}

/// One thing of an import that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The file's name.
    pub file: String,
    /// Where in it, such as `row 12` or `products[3]`.
    pub place: String,
    /// What is wrong, and what to do.
    pub what: String,
}

/// Everything that is wrong with an import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problems {
    /// In the order of the files, at most [`PROBLEMS_MAX`].
    pub problems: Vec<Problem>,
    /// Whether the rest was not looked at, because there are so many.
    pub is_cut: bool,
}

impl Problems {
    /// One thing that is wrong.
    fn one(file: impl Into<String>, place: impl Into<String>, what: impl Into<String>) -> Self {
        let problem = Problem { file: file.into(), place: place.into(), what: what.into() };
        Self { problems: vec![problem], is_cut: false }
    }
}

impl Problems {
    /// How many there are, in words.
    pub fn count(&self) -> String {
        match (self.problems.len(), self.is_cut) {
            (1, false) => "1 problem".to_owned(),
            (count, false) => format!("{count} problems"),
            (count, true) => format!("{count} problems, and the rest was not looked at"),
        }
    }
}

impl std::fmt::Display for Problems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.count())?;
        if self.problems.len() > PROBLEMS_SHOWN_MAX {
            write!(f, ", the first {PROBLEMS_SHOWN_MAX} of them; --dry-run lists all")?;
        }
        for problem in self.problems.iter().take(PROBLEMS_SHOWN_MAX) {
            write!(f, "\n  {} {}: {}", problem.file, problem.place, problem.what)?;
        }
        Ok(())
    }
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file cannot be read.
    #[error("import {path}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// There is nothing to import.
    #[error("import {path}: a folder with {SHOP_FILE}, products.csv, {PRICES_FILE} or {COSTS_FILE}, a .json or a .csv file is needed", path = .0.display())]
    Nothing(PathBuf),
    /// A file is not JSON of the shop's form.
    #[error("import {path}: correct the place that is named", path = path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        source: serde_json::Error,
    },
    /// Some things in the files are wrong.
    #[error("import nothing: {0}")]
    Problems(Problems),
    /// A PIN could not be hashed.
    #[error("hash a PIN: {0}")]
    Pin(String),
    /// What is stored cannot be read.
    #[error("import: a stored row cannot be read")]
    Stored(#[from] serde_json::Error),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A whole shop as its JSON file says it. Lists that are absent are left
/// alone, also when the import replaces.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shop {
    store: Option<pull::Store>,
    categories: Option<Vec<Category>>,
    tax_classes: Option<Vec<TaxClass>>,
    products: Option<Vec<Product>>,
    prices: Option<Vec<PriceRow>>,
    costs: Option<Vec<CostRow>>,
    staff: Option<Vec<StaffSource>>,
    members: Option<Vec<serde_json::Value>>,
    promotions: Option<Vec<Promotion>>,
    promotion_rules: Option<Vec<PromotionForm>>,
    coupons: Option<Vec<CouponSource>>,
    commission_rules: Option<Vec<RuleForm>>,
    memberships: Option<Vec<MembershipForm>>,
}

impl Shop {
    /// The code of the store that the file is about.
    fn code(&self) -> Option<&str> {
        self.store.as_ref().map(|store| store.code.as_str())
    }
}

/// Somebody who works here, as the import file says it: the only place where
/// a PIN may stand in clear.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StaffSource {
    id: String,
    number: String,
    name: String,
    role: String,
    pin: Option<String>,
    pin_hash: Option<String>,
}

impl std::fmt::Debug for StaffSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaffSource").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The files of one import.
struct Source {
    shop: Option<PathBuf>,
    goods: Option<PathBuf>,
    prices: Option<PathBuf>,
    costs: Option<PathBuf>,
}

/// Imports a folder, a JSON file or a CSV file. `replace` deletes what is not
/// named, of the kinds that the import has. `now_ms`: milliseconds UTC.
/// `progress` hears now and then how many rows of goods are done.
pub fn import(
    store: &Store,
    path: &Path,
    replace: bool,
    now_ms: i64,
    progress: &mut dyn FnMut(u64),
) -> Result<Imported, ImportError> {
    let checked = prepare(store, path, replace, now_ms)?;
    store.write(|writing| checked.apply(writing, progress))
}

/// Looks at everything in a folder, a JSON file or a CSV file, and changes
/// nothing yet.
pub fn prepare(store: &Store, path: &Path, replace: bool, now_ms: i64) -> Result<Import, ImportError> {
    let source = find(path)?;
    let shop = match &source.shop {
        Some(path) => read_shop(path)?,
        None => Shop::default(),
    };
    let file = source.shop.as_deref().map(complete::file_name).unwrap_or_default();
    let mut checker = store.read(|reading| Checker::new(reading, &shop, replace))?;
    checker.check_shop(&file, &shop);
    if let Some(path) = &source.goods {
        each_product(path, checker.currency().cloned(), &mut |place, product| {
            match product {
                Ok(product) => checker.check_product(&complete::file_name(path), &place, &product),
                Err(what) => checker.note(&complete::file_name(path), &place, what),
            }
            Ok(!checker.is_full())
        })?;
    }
    store.read::<_, ImportError>(|reading| {
        checker.check_kits(reading)?;
        checker.check_promotions(&file, &shop, reading)?;
        checker.check_commissions(&file, &shop, reading)?;
        checker.check_memberships(&file, &shop, reading)?;
        check_prices(&mut checker, reading, &file, &shop, source.prices.as_deref())?;
        check_costs(&mut checker, reading, &file, &shop, source.costs.as_deref())
    })?;
    let checked = checker.finish()?;
    let staff = store.read(|reading| pins::hash(reading, shop.staff.as_deref().unwrap_or_default()))?;
    Ok(Import { source, shop, staff, checked, replace, now_ms })
}

/// An import that was checked, and is to be applied.
pub struct Import {
    source: Source,
    shop: Shop,
    staff: Vec<StaffMember>,
    checked: Checked,
    replace: bool,
    now_ms: i64,
}

impl Import {
    /// Writes everything, in the caller's transaction. What only the whole
    /// shows (a code that two products claim) is refused here.
    pub fn apply(
        &self,
        writing: &Writing<'_>,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Imported, ImportError> {
        apply(writing, self, progress)
    }

    /// Whether it says what goods cost.
    pub fn has_costs(&self) -> bool {
        self.source.costs.is_some() || self.shop.costs.is_some()
    }

    /// Says what applying it would do, and leaves no trace of that.
    pub fn try_out(&self, store: &Store) -> Result<Imported, ImportError> {
        rolled_back(store, |writing| apply(writing, self, &mut |_| {}))
    }
}

/// Says what a change would do, and leaves no trace of that.
pub(crate) fn rolled_back(
    store: &Store,
    change: impl Fn(&Writing<'_>) -> Result<Imported, ImportError>,
) -> Result<Imported, ImportError> {
    /// Ends the transaction, whether it went well or not.
    enum Tried {
        Well(Imported),
        Not(ImportError),
    }
    impl From<StoreError> for Tried {
        fn from(error: StoreError) -> Self {
            Self::Not(error.into())
        }
    }
    let tried = store.write::<(), Tried>(|writing| {
        Err(match change(writing) {
            Ok(done) => Tried::Well(done),
            Err(error) => Tried::Not(error),
        })
    });
    match tried {
        // It always ends with what was tried.
        Ok(()) => Ok(Imported::default()),
        Err(Tried::Well(done)) => Ok(done),
        Err(Tried::Not(error)) => Err(error),
    }
}

/// Refuses what only the whole shows: a code that two products claim.
fn refuse_claimed_twice(reading: &Reading<'_>, file: &str) -> Result<(), ImportError> {
    let Some((code, first, second)) = reading.code_claimed_twice()? else { return Ok(()) };
    let what = format!("both have the code {code}; take it from one of them");
    Err(ImportError::Problems(Problems::one(file, format!("sku {first} and {second}"), what)))
}

fn check_prices(
    checker: &mut Checker,
    reading: &Reading<'_>,
    file: &str,
    shop: &Shop,
    path: Option<&Path>,
) -> Result<(), ImportError> {
    for (index, row) in shop.prices.iter().flatten().enumerate() {
        checker.check_price(file, &format!("prices[{index}]"), row, reading)?;
    }
    let Some(path) = path else { return Ok(()) };
    let file = complete::file_name(path);
    each_price(path, checker.currency().cloned(), &mut |place, row| {
        match row {
            Ok(row) => checker.check_price(&file, &place, &row, reading)?,
            Err(what) => checker.note(&file, &place, what),
        }
        Ok(!checker.is_full())
    })
}

fn check_costs(
    checker: &mut Checker,
    reading: &Reading<'_>,
    file: &str,
    shop: &Shop,
    path: Option<&Path>,
) -> Result<(), ImportError> {
    for (index, row) in shop.costs.iter().flatten().enumerate() {
        checker.check_cost(file, &format!("costs[{index}]"), row, reading)?;
    }
    let Some(path) = path else { return Ok(()) };
    let file = complete::file_name(path);
    each_cost(path, checker.currency().cloned(), &mut |place, row| {
        match row {
            Ok(row) => checker.check_cost(&file, &place, &row, reading)?,
            Err(what) => checker.note(&file, &place, what),
        }
        Ok(!checker.is_full())
    })
}

fn find(path: &Path) -> Result<Source, ImportError> {
    let nothing = || ImportError::Nothing(path.to_owned());
    if path.is_dir() {
        let existing = |name: &str| Some(path.join(name)).filter(|path| path.is_file());
        let source = Source {
            shop: existing(SHOP_FILE),
            goods: GOODS_FILES.iter().find_map(|name| existing(name)),
            prices: existing(PRICES_FILE),
            costs: existing(COSTS_FILE),
        };
        let files = [&source.shop, &source.goods, &source.prices, &source.costs];
        let is_empty = files.into_iter().all(Option::is_none);
        return if is_empty { Err(nothing()) } else { Ok(source) };
    }
    let none = Source { shop: None, goods: None, prices: None, costs: None };
    let this = Some(path.to_owned());
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => Ok(Source { shop: this, ..none }),
        Some("csv") if costs::is_of_costs(path) => Ok(Source { costs: this, ..none }),
        Some("csv") if prices::is_of_prices(path) => Ok(Source { prices: this, ..none }),
        Some("csv") => Ok(Source { goods: this, ..none }),
        _ => Err(nothing()),
    }
}

fn read_shop(path: &Path) -> Result<Shop, ImportError> {
    let file = File::open(path).map_err(|source| ImportError::Read { path: path.to_owned(), source })?;
    serde_json::from_reader(BufReader::new(file))
        .map_err(|source| ImportError::Json { path: path.to_owned(), source })
}

/// Hands the rows of a file of goods to `take`, until it says that it has
/// enough. A row that is no product comes as what is wrong with it.
fn each_product(
    path: &Path,
    currency: Option<Currency>,
    take: &mut dyn FnMut(String, Result<Product, String>) -> Result<bool, ImportError>,
) -> Result<(), ImportError> {
    let mut goods = goods::Goods::open(path, currency)
        .map_err(|source| ImportError::Read { path: path.to_owned(), source })?;
    while let Some((place, product)) = goods.next_product() {
        if !take(place, product)? {
            break;
        }
    }
    Ok(())
}

/// Hands the rows of a file of prices to `take`, until it says that it has
/// enough.
fn each_price(
    path: &Path,
    currency: Option<Currency>,
    take: &mut dyn FnMut(String, Result<PriceRow, String>) -> Result<bool, ImportError>,
) -> Result<(), ImportError> {
    let mut prices = prices::Prices::open(path, currency)
        .map_err(|source| ImportError::Read { path: path.to_owned(), source })?;
    while let Some((place, row)) = prices.next_price() {
        if !take(place, row)? {
            break;
        }
    }
    Ok(())
}

/// Hands the rows of a file of costs to `take`, until it says that it has enough.
fn each_cost(
    path: &Path,
    currency: Option<Currency>,
    take: &mut dyn FnMut(String, Result<CostRow, String>) -> Result<bool, ImportError>,
) -> Result<(), ImportError> {
    let mut costs = costs::Costs::open(path, currency)
        .map_err(|source| ImportError::Read { path: path.to_owned(), source })?;
    while let Some((place, row)) = costs.next_cost() {
        if !take(place, row)? {
            break;
        }
    }
    Ok(())
}

/// Writes what was checked.
fn apply(
    writing: &Writing<'_>,
    import: &Import,
    progress: &mut dyn FnMut(u64),
) -> Result<Imported, ImportError> {
    let Import { source, shop, staff, checked, replace, now_ms } = import;
    let replace = *replace;
    let mut applying = Applying::begin(writing, replace)?;
    if let Some(store) = &shop.store {
        applying.put_store(store)?;
    }
    for class in shop.tax_classes.iter().flatten() {
        applying.put(Kind::TaxClass, &class.id, class)?;
    }
    for category in shop.categories.iter().flatten() {
        applying.put(Kind::Category, &category.id, category)?;
    }
    for member in staff {
        applying.put(Kind::Staff, &member.id, member)?;
    }
    for product in shop.products.iter().flatten() {
        applying.put_product(product.clone(), checked)?;
    }
    let mut rows = 0;
    if let Some(path) = &source.goods {
        each_product(path, checked.currency.clone(), &mut |place, product| {
            let product = product.map_err(|what| changed(path, place, what))?;
            applying.put_product(product, checked)?;
            rows += 1;
            if rows % PROGRESS_ROWS == 0 {
                progress(rows);
            }
            Ok(true)
        })?;
    }
    for row in shop.prices.iter().flatten() {
        applying.put_price(row)?;
    }
    if let Some(path) = &source.prices {
        each_price(path, checked.currency.clone(), &mut |place, row| {
            applying.put_price(&row.map_err(|what| changed(path, place, what))?)?;
            Ok(true)
        })?;
    }
    for row in shop.costs.iter().flatten() {
        applying.put_cost(row)?;
    }
    if let Some(path) = &source.costs {
        each_cost(path, checked.currency.clone(), &mut |place, row| {
            applying.put_cost(&row.map_err(|what| changed(path, place, what))?)?;
            Ok(true)
        })?;
    }
    for promotion in shop.promotions.iter().flatten() {
        applying.put(Kind::Promotion, &promotion.id, promotion)?;
    }
    for rule in shop.promotion_rules.iter().flatten() {
        applying.put(Kind::PromotionRule, &rule.id, rule)?;
    }
    for rule in shop.commission_rules.iter().flatten() {
        applying.put_commission_rule(rule)?;
    }
    for form in shop.memberships.iter().flatten() {
        applying.put_membership(form)?;
    }
    for member in shop.members.iter().flatten() {
        if let Some(id) = check::member_id(member) {
            applying.put_member(&id, member, shop.code())?;
        }
    }
    for source in shop.coupons.iter().flatten() {
        let store = source.store.as_deref().or(shop.code()).unwrap_or_default();
        applying.put_of_store(Kind::Coupon, store, &source.coupon.code, &source.coupon)?;
    }
    if replace {
        let named = [
            (Kind::Category, shop.categories.is_some()),
            (Kind::Product, shop.products.is_some() || source.goods.is_some()),
            (Kind::Staff, shop.staff.is_some()),
            (Kind::Promotion, shop.promotions.is_some()),
            (Kind::PromotionRule, shop.promotion_rules.is_some()),
            (Kind::TaxClass, shop.tax_classes.is_some()),
            (Kind::Price, shop.prices.is_some() || source.prices.is_some()),
            (Kind::Coupon, shop.coupons.is_some()),
        ];
        for (kind, _) in named.iter().filter(|(_, is_named)| *is_named) {
            applying.done.deleted += writing.delete_unnamed(*kind)?;
        }
        if let Some((kit, part)) = writing.kit_without_part()? {
            let what = format!("it is a kit with {part}, which this import deletes; name both or neither");
            return Err(ImportError::Problems(Problems::one("goods", format!("sku {kit}"), what)));
        }
    }
    let path = source.goods.as_ref().or(source.shop.as_ref());
    refuse_claimed_twice(writing, &path.map(|path| complete::file_name(path)).unwrap_or_default())?;
    applying.finish(*now_ms)
}

/// A file that is not what it was when it was checked.
fn changed(path: &Path, place: String, what: String) -> ImportError {
    ImportError::Problems(Problems::one(complete::file_name(path), place, what))
}

struct Applying<'a, 'c> {
    writing: &'a Writing<'c>,
    replace: bool,
    done: Imported,
    /// Where prices were put: item and place.
    priced: HashSet<(String, PriceScope)>,
}

impl<'a, 'c> Applying<'a, 'c> {
    fn begin(writing: &'a Writing<'c>, replace: bool) -> Result<Self, ImportError> {
        if replace {
            writing.begin_named()?;
        }
        Ok(Self { writing, replace, done: Imported::default(), priced: HashSet::new() })
    }

    /// Looks at what was put as a whole.
    fn finish(mut self, now_ms: i64) -> Result<Imported, ImportError> {
        for (sku, scope) in std::mem::take(&mut self.priced) {
            let prices = self.writing.prices_of(&sku, &scope)?;
            let spent = prices.iter().filter(|row| is_spent(row, &prices, now_ms - SPENT_PRICES_KEPT_MS));
            let spent: Vec<&PriceRow> = spent.collect();
            for row in &spent {
                self.writing.delete_price(row)?;
                self.done.deleted += 1;
            }
            let left = prices.len() - spent.len();
            if left > PRICES_PER_PLACE_MAX {
                let what = format!(
                    "it has {left} prices in one place; at most {PRICES_PER_PLACE_MAX}: leave out those that are furthest ahead"
                );
                return Err(ImportError::Problems(Problems::one("prices", format!("sku {sku}"), what)));
            }
        }
        self.done.version = self.writing.reference_version()?;
        Ok(self.done)
    }

    /// Puts a store. The prices of a group that it joins are told anew, since
    /// its lanes have moved past them.
    fn put_store(&mut self, store: &pull::Store) -> Result<(), ImportError> {
        let before = self.writing.entity(Kind::Store, &store.code)?;
        let before: Option<pull::Store> = before.map(|body| serde_json::from_str(&body)).transpose()?;
        self.put(Kind::Store, &store.code, store)?;
        let Some(before) = before else { return Ok(()) };
        for group in store.groups.iter().filter(|group| !before.groups.contains(group)) {
            self.writing.tell_group_again(group)?;
        }
        Ok(())
    }

    fn put_price(&mut self, row: &PriceRow) -> Result<(), ImportError> {
        self.done.named += 1;
        if self.replace {
            self.writing.note_named(Kind::Price, &price_key(row))?;
        }
        match self.writing.put_price(row)? {
            Put::Changed(_) => self.done.changed += 1,
            Put::Same => {}
        }
        self.priced.insert((row.sku.clone(), row.scope.clone()));
        Ok(())
    }

    /// Puts what goods cost from an instant on. None is ever deleted: what was sold before cost what it cost.
    fn put_cost(&mut self, row: &CostRow) -> Result<(), ImportError> {
        self.done.named += 1;
        if self.writing.put_cost(row)? {
            self.done.changed += 1;
        }
        Ok(())
    }

    /// Puts a member, and tells the lanes of their store; those of the store
    /// that was theirs before forget them.
    fn put_member(
        &mut self,
        id: &str,
        row: &serde_json::Value,
        of_file: Option<&str>,
    ) -> Result<(), ImportError> {
        let told = |row: &serde_json::Value| member::told(id, row, of_file).ok().flatten();
        // The row says for itself whose it is.
        let mut row = row.clone();
        if let (Some(fields), Some(store)) = (row.as_object_mut(), of_file) {
            fields.entry("store").or_insert_with(|| store.into());
        }
        let row = &row;
        let now = told(row);
        if let Some(before) = self.writing.member(id)? {
            let before: serde_json::Value = serde_json::from_str(&before)?;
            if let Some((store, _)) = told(&before)
                && now.as_ref().is_none_or(|(here, _)| *here != store)
            {
                self.writing.delete_of_store(Kind::Member, &store, id)?;
            }
        }
        if self.writing.put_member(id, &row.to_string())? {
            self.done.members_changed += 1;
            let codes = member::member_codes(row);
            self.writing.set_member_codes(id, codes.iter().map(String::as_str))?;
        }
        if let Some((store, mut member)) = now {
            keeper::add_tags(self.writing, id, &row.to_string(), &mut member.tags)?;
            self.writing.put_of_store(Kind::Member, &store, id, &serde_json::to_string(&member)?)?;
        }
        Ok(())
    }

    fn put_of_store(
        &mut self,
        kind: Kind,
        store: &str,
        key: &str,
        body: &impl Serialize,
    ) -> Result<(), ImportError> {
        self.done.named += 1;
        if self.replace {
            self.writing.note_named(kind, key)?;
        }
        match self.writing.put_of_store(kind, store, key, &serde_json::to_string(body)?)? {
            Put::Changed(_) => self.done.changed += 1,
            Put::Same => {}
        }
        Ok(())
    }

    /// Puts a rule of commissions. None is ever deleted: one that is wanted no
    /// more is given an end.
    fn put_commission_rule(&mut self, rule: &RuleForm) -> Result<(), ImportError> {
        self.done.named += 1;
        if self.writing.put_commission_rule(&rule.id, &serde_json::to_string(rule)?)? {
            self.done.changed += 1;
        }
        Ok(())
    }

    /// Puts what an item is as a membership. None is ever deleted: what is not
    /// sold any more has no price.
    fn put_membership(&mut self, form: &MembershipForm) -> Result<(), ImportError> {
        self.done.named += 1;
        if membership::put(self.writing, form)? {
            self.done.changed += 1;
        }
        Ok(())
    }

    fn put(&mut self, kind: Kind, key: &str, body: &impl Serialize) -> Result<Put, ImportError> {
        self.done.named += 1;
        if self.replace {
            self.writing.note_named(kind, key)?;
        }
        let put = self.writing.put_entity(kind, key, &serde_json::to_string(body)?)?;
        match put {
            Put::Changed(_) => self.done.changed += 1,
            Put::Same => {}
        }
        Ok(put)
    }

    fn put_product(&mut self, mut product: Product, checked: &Checked) -> Result<(), ImportError> {
        complete::complete(&mut product, &checked.tax_classes);
        match self.put(Kind::Product, &product.sku, &product)? {
            Put::Changed(_) => {
                let names = complete::names(&product);
                self.writing.set_product_codes(&product.sku, names.iter().map(String::as_str))?;
            }
            Put::Same => {}
        }
        Ok(())
    }
}

/// Whether a price can never count after an instant (milliseconds UTC): it is
/// over, or a later one without an end stands in its place.
fn is_spent(row: &PriceRow, all: &[PriceRow], at_ms: i64) -> bool {
    let takes_its_place = |other: &PriceRow| {
        other.unit == row.unit
            && other.audience == row.audience
            && other.until_ms.is_none()
            && row.from_ms < other.from_ms
            && other.from_ms <= at_ms
    };
    row.until_ms.is_some_and(|until| until <= at_ms) || all.iter().any(takes_its_place)
}

#[cfg(test)]
mod tests;
