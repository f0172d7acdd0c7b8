//! The words under which goods are found.

use protocol::pull;
use rusqlite::{Connection, OptionalExtension, params};

use super::{ReferenceError, read};
use crate::search;

/// The words' index as it is made; beginnings of up to six letters have an index of their own.
const INDEX: &str = "CREATE VIRTUAL TABLE product_word USING fts5 (
            words, content='', contentless_delete=1, detail=none, prefix='1 2 3 4 5 6'
        )";

/// What tells today's index from an earlier one.
const TODAYS: &str = "prefix='1 2 3 4 5 6'";

/// The words under which a product is found.
pub(super) fn words_of(product: &pull::Product) -> String {
    let mut texts =
        vec![product.name_zh.as_str(), &product.name_en, &product.spec, &product.sku, &product.plu];
    texts.extend(product.codes.iter().map(String::as_str));
    texts.extend(product.units.iter().flat_map(|unit| &unit.codes).map(String::as_str));
    search::index_words(&texts, &product.initials)
}

/// Makes the index of words anew where an earlier program made it, whose beginnings are shorter; and takes away what such a
/// program left that nobody reads.
pub(super) fn renew(connection: &Connection) -> Result<(), ReferenceError> {
    let sql: Option<String> = connection
        .query_row("SELECT sql FROM sqlite_schema WHERE name = 'product_word'", [], |row| row.get(0))
        .optional()?;
    if sql.is_some_and(|sql| sql.contains(TODAYS)) {
        return Ok(());
    }
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(&format!(
        "DROP TABLE IF EXISTS promotion_item; DROP TABLE IF EXISTS product_word; {INDEX}"
    ))?;
    {
        let mut goods = transaction.prepare("SELECT id, body FROM product")?;
        let mut add = transaction.prepare("INSERT INTO product_word (rowid, words) VALUES (?1, ?2)")?;
        let mut rows = goods.query([])?;
        while let Some(row) = rows.next()? {
            // What cannot be read is not sold either, until it is pulled anew.
            if let Ok(product) = read::<pull::Product>(&row.get::<_, String>(1)?, "a product") {
                add.execute(params![row.get::<_, i64>(0)?, words_of(&product)])?;
            }
        }
    }
    Ok(transaction.commit()?)
}
