//! Files of released formats, and of formats to come.

use super::*;

/// The schemas as they were released. One that stands here never changes;
/// today's is the last.
const RELEASED: &[&str] = &[
    include_str!("../../../schemas/journal-1.sql"),
    include_str!("../../../schemas/journal-2.sql"),
    include_str!("../../../schemas/journal-3.sql"),
];

/// A file of a released format with three events in it.
fn released(format: usize) -> Desk {
    let (desk, made) = (Desk::new(), Desk::with(3));
    std::fs::create_dir_all(desk.path().parent().expect("a folder")).expect("made");
    let raw = desk.raw();
    raw.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; {} PRAGMA application_id = {}; PRAGMA user_version = {format};",
        RELEASED[format - 1],
        KIND.application_id
    ))
    .expect("made");
    raw.execute_batch(&format!(
        "ATTACH '{}' AS made; INSERT INTO identity SELECT * FROM made.identity;
         INSERT INTO event SELECT * FROM made.event ORDER BY epoch, seq;",
        made.path().display()
    ))
    .expect("filled");
    desk
}

/// What a file is made of, as SQLite understands it.
fn schema(desk: &Desk) -> Vec<String> {
    let raw = desk.raw();
    let mut rows = raw
        .prepare(
            "SELECT s.type || ' ' || s.name || ' ' ||
                 coalesce((SELECT group_concat(c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || c.pk, ', ')
                           FROM pragma_table_xinfo(s.name) c),
                          -- A trigger's text, whatever its blanks.
                          replace(replace(s.sql, char(10), ''), ' ', ''), '')
             FROM sqlite_schema s ORDER BY 1",
        )
        .expect("prepared");
    rows.query_map([], |row| row.get(0)).expect("read").collect::<Result<_, _>>().expect("read")
}

#[test]
fn every_released_format_becomes_todays_and_keeps_its_events() {
    let today = Desk::with(3);
    assert_eq!(KIND.schema, RELEASED[RELEASED.len() - 1]);
    assert_eq!(usize::try_from(KIND.version), Ok(RELEASED.len()));
    for format in 1..=RELEASED.len() {
        let desk = released(format);
        let mut journal = desk.open();
        assert_eq!(journal.head().seq, 3, "format {format}");
        assert_eq!(journal.append(&[signed_in(4)]).expect("appended"), 4, "format {format}");
        drop(journal);
        assert_eq!(schema(&desk), schema(&today), "format {format}");
        assert_eq!(desk.read().verify().expect("whole").seq, 4, "format {format}");
    }
}

#[test]
fn a_reader_reads_the_format_before_until_its_lane_is_updated() {
    let desk = released(1);
    let mut reader = desk.read();
    assert_eq!(reader.verify().expect("whole").seq, 3);
    assert_eq!(reader.epochs().expect("read"), [1]);
    assert_eq!(reader.signed_at(3).expect("read"), None);
    assert_eq!(reader.segments().expect("read"), []);
    // The lane is updated under it.
    desk.open().append(&[signed_in(4)]).expect("appended");
    reader.turn_to(1);
    assert_eq!(reader.head().expect("read").seq, 4);
}

#[test]
fn a_reader_reads_a_newer_format_where_the_file_says_that_it_may() {
    let newer = |min_reader: i32| {
        let desk = Desk::with(3);
        desk.raw()
            .execute_batch(&format!(
                "CREATE TABLE something_new (x INTEGER) STRICT;
                 DROP TRIGGER compatibility_is_not_changed;
                 UPDATE compatibility SET min_reader = {min_reader}; PRAGMA user_version = {};",
                KIND.version + 1
            ))
            .expect("made newer");
        desk
    };
    let desk = newer(KIND.version);
    assert_eq!(desk.read().verify().expect("whole").seq, 3);
    assert!(matches!(desk.try_open(), Err(OpenJournalError::File(OpenFileError::Newer { .. }))));
    let desk = newer(KIND.version + 1);
    let error = JournalReader::open(&desk.path()).expect_err("refused");
    assert!(matches!(error, OpenJournalError::File(OpenFileError::Newer { .. })), "{error}");
}

#[test]
fn released_formats_never_change() {
    // Their hashes as they were released: a format that is wrong is mended by the next one.
    let released = [
        ("journal-1.sql", RELEASED[0], "1bed0e76b38122f55ea354cddb5141ec8072edd5e3c6680093fa90ac680dbdfc"),
        ("journal-2.sql", RELEASED[1], "82cf3adae785738c7e998d29b6f3c3a41d7ac9a4aa0a637a25169a8e3a498701"),
        (
            "journal-1-to-2.sql",
            KIND.upgrades[0],
            "8da89f30381a359c9987959b235c2f8604ee9bf2809027d78f2d98f3ad48bcb1",
        ),
    ];
    for (name, text, expected) in released {
        let hash = ChainHash::genesis("", 0, 0).extend(text.as_bytes()).to_string();
        assert_eq!(hash, expected, "{name} was changed");
    }
}

#[test]
fn todays_format_is_read_by_the_agent_of_the_version_before() {
    let desk = Desk::with(1);
    let read = |row: &rusqlite::Row<'_>| row.get::<_, i32>(0);
    let min_reader = desk.raw().query_row("SELECT min_reader FROM compatibility", [], read).expect("read");
    assert!(min_reader < KIND.version, "format {} is read from {min_reader} on", KIND.version);
}
