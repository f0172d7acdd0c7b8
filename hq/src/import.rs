//! Whole shops, from JSON and CSV.
//!
//! An import is checked completely before anything is changed, and changes
//! everything or nothing. Importing the same again changes nothing. What an
//! import does not name stays, unless it is asked to replace.

mod check;
mod goods;
mod pins;

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use domain::money::Currency;
use protocol::pull::{self, Category, Product, Promotion, StaffMember};
use serde::{Deserialize, Serialize};

use crate::store::{Kind, Put, Store, StoreError, Writing};
use check::Checker;

/// The file of a folder that has everything but many goods.
pub const SHOP_FILE: &str = "shop.json";

/// The files of a folder that may have goods, in the order they are looked for.
pub const GOODS_FILES: [&str; 2] = ["products.csv", "goods.csv"];

/// Problems shown at one time; an operator mends these first.
const PROBLEMS_MAX: usize = 20;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file's name.
    pub file: String,
    /// Where in it, such as `row 12` or `products[3]`.
    pub place: String,
    /// What is wrong, and what to do.
    pub what: String,
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
    #[error("import {path}: a folder with {SHOP_FILE} or products.csv, a .json or a .csv file is needed", path = .0.display())]
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
    #[error("import nothing: {}", list(.0))]
    Problems(Vec<Problem>),
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

fn list(problems: &[Problem]) -> String {
    let mut text = match problems.len() {
        1 => "1 problem".to_owned(),
        PROBLEMS_MAX => format!("the first {PROBLEMS_MAX} problems"),
        count => format!("{count} problems"),
    };
    for problem in problems {
        text.push_str(&format!("\n  {} {}: {}", problem.file, problem.place, problem.what));
    }
    text
}

/// A whole shop as its JSON file says it. Lists that are absent are left
/// alone, also when the import replaces.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shop {
    store: Option<pull::Store>,
    categories: Option<Vec<Category>>,
    products: Option<Vec<Product>>,
    staff: Option<Vec<StaffSource>>,
    members: Option<Vec<serde_json::Value>>,
    promotions: Option<Vec<Promotion>>,
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
}

/// Imports a folder, a JSON file or a CSV file. `replace` deletes what is not
/// named, of the kinds that the import has. `progress` hears now and then how
/// many rows of goods are done.
pub fn import(
    store: &Store,
    path: &Path,
    replace: bool,
    progress: &mut dyn FnMut(u64),
) -> Result<Imported, ImportError> {
    let source = find(path)?;
    let shop = match &source.shop {
        Some(path) => read_shop(path)?,
        None => Shop::default(),
    };
    let file = source.shop.as_deref().map(check::file_name).unwrap_or_default();
    let mut checker = store.read(|reading| Checker::new(reading, &shop, replace))?;
    checker.check_shop(&file, &shop);
    if let Some(path) = &source.goods {
        each_product(path, checker.currency().cloned(), &mut |place, product| {
            match product {
                Ok(product) => checker.check_product(&check::file_name(path), &place, &product),
                Err(what) => checker.note(&check::file_name(path), &place, what),
            }
            Ok(!checker.is_full())
        })?;
    }
    store.read::<_, ImportError>(|reading| checker.check_promotions(&file, &shop, reading))?;
    let currency = checker.finish()?;
    let staff = store.read(|reading| pins::hash(reading, shop.staff.as_deref().unwrap_or_default()))?;
    store.write(|writing| apply(writing, &source, &shop, &staff, currency, replace, progress))
}

fn find(path: &Path) -> Result<Source, ImportError> {
    let nothing = || ImportError::Nothing(path.to_owned());
    if path.is_dir() {
        let existing = |name: &str| Some(path.join(name)).filter(|path| path.is_file());
        let source =
            Source { shop: existing(SHOP_FILE), goods: GOODS_FILES.iter().find_map(|name| existing(name)) };
        return if source.shop.is_none() && source.goods.is_none() { Err(nothing()) } else { Ok(source) };
    }
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("json") => Ok(Source { shop: Some(path.to_owned()), goods: None }),
        Some("csv") => Ok(Source { shop: None, goods: Some(path.to_owned()) }),
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

/// Writes what was checked.
fn apply(
    writing: &Writing<'_>,
    source: &Source,
    shop: &Shop,
    staff: &[StaffMember],
    currency: Option<Currency>,
    replace: bool,
    progress: &mut dyn FnMut(u64),
) -> Result<Imported, ImportError> {
    let mut applying = Applying { writing, replace, done: Imported::default() };
    if replace {
        writing.begin_named()?;
    }
    if let Some(store) = &shop.store {
        applying.put(Kind::Store, &store.code, store)?;
    }
    for category in shop.categories.iter().flatten() {
        applying.put(Kind::Category, &category.id, category)?;
    }
    for member in staff {
        applying.put(Kind::Staff, &member.id, member)?;
    }
    for product in shop.products.iter().flatten() {
        applying.put_product(product.clone())?;
    }
    let mut rows = 0;
    if let Some(path) = &source.goods {
        each_product(path, currency, &mut |place, product| {
            let what = |what| Problem { file: check::file_name(path), place, what };
            applying.put_product(product.map_err(|text| ImportError::Problems(vec![what(text)]))?)?;
            rows += 1;
            if rows % PROGRESS_ROWS == 0 {
                progress(rows);
            }
            Ok(true)
        })?;
    }
    for promotion in shop.promotions.iter().flatten() {
        applying.put(Kind::Promotion, &promotion.id, promotion)?;
    }
    for member in shop.members.iter().flatten() {
        if let Some(id) = check::member_id(member)
            && writing.put_member(&id, &member.to_string())?
        {
            applying.done.members_changed += 1;
        }
    }
    if replace {
        let named = [
            (Kind::Category, shop.categories.is_some()),
            (Kind::Product, shop.products.is_some() || source.goods.is_some()),
            (Kind::Staff, shop.staff.is_some()),
            (Kind::Promotion, shop.promotions.is_some()),
        ];
        for (kind, _) in named.iter().filter(|(_, is_named)| *is_named) {
            applying.done.deleted += writing.delete_unnamed(*kind)?;
        }
    }
    if let Some((code, first, second)) = writing.code_claimed_twice()? {
        let path = source.goods.as_ref().or(source.shop.as_ref());
        return Err(ImportError::Problems(vec![Problem {
            file: path.map(|path| check::file_name(path)).unwrap_or_default(),
            place: format!("sku {first} and {second}"),
            what: format!("both have the code {code}; take it from one of them"),
        }]));
    }
    applying.done.version = writing.reference_version()?;
    Ok(applying.done)
}

struct Applying<'a, 'c> {
    writing: &'a Writing<'c>,
    replace: bool,
    done: Imported,
}

impl Applying<'_, '_> {
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

    fn put_product(&mut self, mut product: Product) -> Result<(), ImportError> {
        check::complete(&mut product);
        match self.put(Kind::Product, &product.sku, &product)? {
            Put::Changed(_) => {
                let names = check::names(&product);
                self.writing.set_product_codes(&product.sku, names.iter().map(String::as_str))?;
            }
            Put::Same => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
