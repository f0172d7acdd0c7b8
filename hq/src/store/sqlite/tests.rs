//! Files: new, of an earlier version, of something else.

use super::*;
use crate::secret::SecretHash;
use crate::store::{FILE_NAME, Store, StoreError};

#[test]
fn a_new_file_opens_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(FILE_NAME);
    drop(Store::open(&path).expect("a new database"));
    Store::open(&path).expect("the same database");
}

#[test]
fn a_file_of_the_first_version_keeps_its_sales_and_takes_packs() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(FILE_NAME);
    let connection = Connection::open(&path).expect("the file");
    connection.pragma_update(None, "application_id", APPLICATION_ID).expect("ours");
    connection.execute_batch(include_str!("../../../schemas/1.sql")).expect("tables of the first version");
    connection
        .execute_batch(
            "INSERT INTO event VALUES ('S1', 1, 1, 1, x'00', x'00', 0);
             INSERT INTO sale VALUES ('S1', 1, 1, 1, '2026-03-01', 0, 1, 'u1', 'CNY', 1, 5, 0, 5, 0);
             INSERT INTO sale_line (store, lane, epoch, seq, position, line, sku, quantity, unit_price, net, tax_rate)
             VALUES ('S1', 1, 1, 1, 0, 1, '1', 1000, 5, 5, 1300);
             PRAGMA user_version = 1;",
        )
        .expect("a sale");
    drop(connection);
    drop(Store::open(&path).expect("upgraded"));
    let connection = Connection::open(&path).expect("the file");
    let line = connection
        .query_row("SELECT quantity, unit, factor FROM sale_line", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?))
        })
        .expect("the line");
    assert_eq!(line, (1_000, String::new(), 1));
}

#[test]
fn a_foreign_file_and_a_newer_one_are_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let foreign = folder.path().join("foreign.db");
    let connection = Connection::open(&foreign).expect("a file");
    connection.execute_batch("CREATE TABLE theirs (x)").expect("a table");
    drop(connection);
    let refusal = Store::open(&foreign).err().expect("a refusal");
    assert!(matches!(refusal, OpenError::Foreign { .. }), "{refusal}");
    assert!(refusal.to_string().contains("foreign.db"));

    let newer = folder.path().join("newer.db");
    drop(Store::open(&newer).expect("a new database"));
    let connection = Connection::open(&newer).expect("the file");
    connection.pragma_update(None, "user_version", 99).expect("a version");
    drop(connection);
    let refusal = Store::open(&newer).err().expect("a refusal");
    assert!(matches!(refusal, OpenError::Newer { found: 99, .. }), "{refusal}");
    assert!(refusal.to_string().contains("newer.db"));
}

#[test]
fn an_error_inside_leaves_no_trace() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&folder.path().join(FILE_NAME)).expect("a database");
    let refused: Result<(), StoreError> = store.write(|writing| {
        writing.put_member("m1", "{}")?;
        Err(StoreError::Row { table: "member", reason: "on purpose".into() })
    });
    assert!(refused.is_err());
    let changed = store.write(|writing| writing.put_member("m1", "{}")).expect("a write");
    assert!(changed, "the member was not there");
}

#[test]
fn somebodys_key_of_before_goes_on_as_a_key_of_a_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(FILE_NAME);
    let connection = Connection::open(&path).expect("the file");
    connection.pragma_update(None, "application_id", APPLICATION_ID).expect("ours");
    connection.execute_batch(include_str!("../../../schemas/6.sql")).expect("tables of version 6");
    let hash = SecretHash::of("the key of before");
    connection
        .execute("INSERT INTO person VALUES ('li', 'viewer', ?1, 7)", [hash.as_bytes()])
        .expect("a person");
    connection.pragma_update(None, "user_version", 6).expect("a version");
    drop(connection);
    let store = Store::open(&path).expect("upgraded");
    let caller = crate::access::caller_of(&store, "the key of before", chrono::Utc::now().timestamp_millis());
    let caller = caller.expect("a read").expect("a caller");
    assert_eq!(caller.scopes.to_string(), "sales:read watch:read");
    let person = store.read::<_, StoreError>(|reading| reading.person("li")).expect("a read").expect("li");
    assert_eq!((person.role.as_str(), person.password_hash.as_str()), ("read_only", ""));
}
