//! The tables, and how a file of an earlier version gets them.
//!
//! Keys begin with the store, and no row is known by a number that the
//! database made up, so that the same tables can be spread over a larger
//! engine by store. What belongs to the whole chain has the empty store.
//!
//! The tables of every version stand in `hq/schemas`; a released one is never
//! edited again.

use rusqlite::{Connection, TransactionBehavior};

/// The version of the tables that this program knows.
pub(super) const VERSION: i32 = 15;

const TABLES: &str = include_str!("../../../schemas/15.sql");

/// From version 1, 2, ... to the next.
const STEPS: &[(i32, &str)] = &[
    (1, include_str!("../../../schemas/1-to-2.sql")),
    (2, include_str!("../../../schemas/2-to-3.sql")),
    (3, include_str!("../../../schemas/3-to-4.sql")),
    (4, include_str!("../../../schemas/4-to-5.sql")),
    (5, include_str!("../../../schemas/5-to-6.sql")),
    (6, include_str!("../../../schemas/6-to-7.sql")),
    (7, include_str!("../../../schemas/7-to-8.sql")),
    (8, include_str!("../../../schemas/8-to-9.sql")),
    (9, include_str!("../../../schemas/9-to-10.sql")),
    (10, include_str!("../../../schemas/10-to-11.sql")),
    (11, include_str!("../../../schemas/11-to-12.sql")),
    (12, include_str!("../../../schemas/12-to-13.sql")),
    (13, include_str!("../../../schemas/13-to-14.sql")),
    (14, include_str!("../../../schemas/14-to-15.sql")),
];

/// Brings a file that is new or of an earlier version to [`VERSION`], whole
/// or not at all.
pub(super) fn migrate(connection: &mut Connection, application_id: i32) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version < 1 {
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "application_id", application_id)?;
    } else {
        for (_, step) in STEPS.iter().filter(|(from, _)| *from >= version) {
            transaction.execute_batch(step)?;
        }
    }
    if version < VERSION {
        transaction.pragma_update(None, "user_version", VERSION)?;
    }
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELEASED: &[&str] = &[
        include_str!("../../../schemas/1.sql"),
        include_str!("../../../schemas/2.sql"),
        include_str!("../../../schemas/3.sql"),
        include_str!("../../../schemas/4.sql"),
        include_str!("../../../schemas/5.sql"),
        include_str!("../../../schemas/6.sql"),
        include_str!("../../../schemas/7.sql"),
        include_str!("../../../schemas/8.sql"),
        include_str!("../../../schemas/9.sql"),
        include_str!("../../../schemas/10.sql"),
        include_str!("../../../schemas/11.sql"),
        include_str!("../../../schemas/12.sql"),
        include_str!("../../../schemas/13.sql"),
        include_str!("../../../schemas/14.sql"),
        include_str!("../../../schemas/15.sql"),
    ];

    /// Tables, columns and indexes as SQLite understands them.
    fn schema(connection: &Connection) -> Vec<String> {
        let mut rows = connection
            .prepare(
                "SELECT s.type || ' ' || s.name || ' ' || coalesce(
                     (SELECT group_concat(c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || c.pk, ', ')
                      FROM (SELECT * FROM pragma_table_xinfo(s.name) ORDER BY name) c), '')
                 FROM sqlite_schema s ORDER BY 1",
            )
            .expect("prepared");
        rows.query_map([], |row| row.get(0)).expect("read").collect::<Result<_, _>>().expect("read")
    }

    #[test]
    fn accounts_of_before_time_passed_are_looked_at_once() {
        let mut old = Connection::open_in_memory().expect("opened");
        let tables = RELEASED[12];
        old.execute_batch(&format!(
            "{tables} PRAGMA user_version = 13;
             INSERT INTO book VALUES ('m1', 'points', '', '{{}}'), ('m1', 'points_sale', 'S1/1/1/1', '{{}}'),
             ('m2', 'points', '', ''), ('m3', 'value', '', '{{}}');"
        ))
        .expect("filled");
        migrate(&mut old, 1).expect("brought here");
        let due: (String, i64, i64) = old
            .query_row(
                "SELECT member, due_ms, (SELECT count(*) FROM points_due) FROM points_due",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .expect("a row");
        assert_eq!(due, ("m1".to_owned(), 0, 1));
    }

    #[test]
    fn every_released_version_becomes_todays() {
        let mut today = Connection::open_in_memory().expect("opened");
        migrate(&mut today, 1).expect("made");
        assert_eq!(usize::try_from(VERSION), Ok(RELEASED.len()));
        for (version, tables) in (1..).zip(RELEASED) {
            let mut old = Connection::open_in_memory().expect("opened");
            old.execute_batch(&format!("{tables} PRAGMA user_version = {version};")).expect("made");
            old.execute_batch(
                "INSERT INTO event VALUES ('S1', 1, 1, 1, x'00', x'00', 0);
                 INSERT INTO sale VALUES ('S1', 1, 1, 1, '2026-03-01', 0, 1, 'u', 'CNY', 1, 1, 0, 1, 0);
                 INSERT INTO sale_line (store, lane, epoch, seq, position, line, sku, quantity, unit_price, net, tax_rate)
                 VALUES ('S1', 1, 1, 1, 0, 1, 'x', 1000, 100, 100, 1300);",
            )
            .expect("filled");
            migrate(&mut old, 1).expect("brought here");
            assert_eq!(schema(&old), schema(&today), "version {version}");
            let kept: (String, i64) = old
                .query_row("SELECT unit, factor FROM sale_line", [], |row| Ok((row.get(0)?, row.get(1)?)))
                .expect("the line is kept");
            assert_eq!(kept, (String::new(), 1));
        }
    }
}
