//! Signed heads, and epochs that follow one another in one file.

use domain::shift::Carried;
use protocol::head::SigningKey;

use super::*;

/// The seed of RFC 8032's first test, and nobody's key.
const SECRET: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";

fn shift_opened(number: u32) -> (Stamp, Record) {
    let record = Record::ShiftOpened {
        number,
        business_date: stamp().business_date,
        staff: "e1".into(),
        float: domain::money::Money::ZERO,
        carried: Box::<Carried>::default(),
    };
    (Stamp { shift: number, ..stamp() }, record)
}

impl Desk {
    fn with_key() -> Self {
        let desk = Self::new();
        std::fs::create_dir_all(desk.path().parent().expect("a folder")).expect("made");
        std::fs::write(desk.path().with_extension("key"), SECRET).expect("written");
        desk
    }

    fn signed(&self) -> Option<u64> {
        self.read().signed_at(u64::MAX).expect("read").map(|row| row.seq)
    }

    fn open_epoch(&self, epoch: u32) -> Result<Journal, OpenJournalError> {
        Journal::open(&self.path(), &Identity { epoch, ..identity() })
    }
}

#[test]
fn a_head_is_signed_after_a_shift_after_many_events_and_when_it_is_quiet() {
    let desk = Desk::with_key();
    let mut journal = desk.open();
    journal.append(&[signed_in(1)]).expect("appended");
    assert_eq!(desk.signed(), None, "a sign-in waits for the next signature");
    journal.append(&[signed_in(2), shift_opened(1)]).expect("appended");
    assert_eq!(desk.signed(), Some(3));
    for number in 4..3 + UNSIGNED_EVENTS_MAX {
        journal.append(&[signed_in(number)]).expect("appended");
    }
    assert_eq!(desk.signed(), Some(3));
    journal.append(&[signed_in(99)]).expect("appended");
    assert_eq!(desk.signed(), Some(3 + UNSIGNED_EVENTS_MAX));
    journal.append(&[signed_in(100)]).expect("appended");
    journal.tidy().expect("tidied");
    journal.tidy().expect("nothing more to sign");
    assert_eq!(desk.signed(), Some(journal.head().seq));
    journal.append(&[signed_in(101)]).expect("appended");

    let audit = desk.read().audit().expect("whole");
    let epoch = &audit.epochs[0];
    assert_eq!((epoch.signatures, epoch.signed), (3, journal.head().seq - 1));
    let key = SigningKey::parse(SECRET).expect("a key").public();
    assert_eq!(epoch.keys, [KeySeen { key, from_seq: 3 }]);
}

#[test]
fn a_sale_is_signed_by_what_follows_it_and_waits_for_no_signature() {
    let desk = Desk::with_key();
    let mut journal = desk.open();
    let sale = || (stamp(), Record::SaleCompleted { sale: Box::new(nothing_sold()) });
    journal.append(&[shift_opened(1)]).expect("appended");
    journal.append(&[sale()]).expect("appended");
    journal.append(&[sale()]).expect("appended");
    assert_eq!(desk.signed(), Some(1), "neither sale waits");
    journal.append(&[signed_in(4)]).expect("appended");
    assert_eq!(desk.signed(), Some(4));
    journal.append(&[signed_in(5), sale()]).expect("appended");
    drop(journal);
    assert_eq!(desk.signed(), Some(4));
    // A stop came between: the first event of the next start signs it.
    desk.open().append(&[signed_in(7)]).expect("appended");
    assert_eq!(desk.signed(), Some(7));
}

#[test]
fn a_lane_without_a_key_sells_and_its_journal_is_unsigned() {
    let desk = Desk::new();
    let mut journal = desk.open();
    journal.append(&[shift_opened(1)]).expect("appended");
    journal.tidy().expect("tidied");
    assert!(matches!(journal.hand(), Hand::None));
    assert_eq!(desk.signed(), None);
    drop(journal);
    std::fs::write(desk.path().with_extension("key"), "torn").expect("written");
    let mut journal = desk.open();
    assert!(matches!(journal.hand(), Hand::Unreadable { .. }));
    journal.append(&[shift_opened(2)]).expect("appended");
    assert_eq!(desk.signed(), None);
}

#[test]
fn a_key_that_others_can_read_is_kept_from_them() {
    let desk = Desk::with_key();
    let key = desk.path().with_extension("key");
    let mode = || std::fs::metadata(&key).expect("there").permissions().mode() & 0o777;
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("set");
    let journal = desk.open();
    assert!(journal.hand().public().is_some());
    assert_eq!(mode(), 0o600);
    assert!(!format!("{journal:?}").contains(&SECRET[..8]), "the secret is in no output");
}

#[test]
fn a_signature_that_is_not_the_keys_is_found() {
    let check = |forgery: &str| {
        let desk = Desk::with_key();
        let mut journal = desk.open();
        journal.append(&[signed_in(1), shift_opened(1), signed_in(3)]).expect("appended");
        drop(journal);
        assert_eq!(desk.read().verify().expect("whole").seq, 3);
        desk.raw()
            .execute_batch(&format!(
                "DROP TRIGGER head_is_not_changed; DROP TRIGGER head_is_not_deleted; {forgery}"
            ))
            .expect("forged");
        let error = desk.read().verify().expect_err(forgery);
        assert!(matches!(error, ReadJournalError::WrongSignature { epoch: 1, .. }), "{forgery}: {error}");
    };
    check("UPDATE head SET signature = zeroblob(64)");
    check("UPDATE head SET public_key = zeroblob(32)");
    check("UPDATE head SET hash = zeroblob(32)");
    check("UPDATE head SET seq = 2");
    check("UPDATE head SET seq = 4");
}

#[test]
fn the_database_itself_keeps_signed_heads() {
    let desk = Desk::with_key();
    desk.open().append(&[shift_opened(1)]).expect("appended");
    for sql in [
        "DELETE FROM head",
        "UPDATE head SET seq = 2",
        "INSERT OR REPLACE INTO head SELECT epoch, seq, hash, public_key, zeroblob(64) FROM head",
    ] {
        let error = desk.raw().execute_batch(sql).expect_err(sql);
        assert!(error.to_string().contains("a signed head stays"), "{sql}: {error}");
    }
}

#[test]
fn a_lane_enrolled_anew_goes_on_in_its_file_under_new_numbers() {
    let desk = Desk::with_key();
    let mut journal = desk.open();
    journal.append(&[shift_opened(1), signed_in(2), signed_in(3)]).expect("appended");
    let before = journal.head();
    drop(journal);

    let mut journal = desk.open_epoch(2).expect("opens");
    assert_eq!((journal.identity().epoch, journal.head().seq), (2, 1));
    assert_eq!(journal.append(&[signed_in(4)]).expect("appended"), 2);
    let state = journal.since_last_shift().expect("read");
    assert_eq!(state.iter().map(|stored| stored.seq).collect::<Vec<_>>(), [1, 2, 3, 1, 2]);
    assert_eq!(
        state[3].record,
        Record::EpochBegun { previous_epoch: 1, previous_seq: 3, previous_hash: before.hash.to_string() }
    );
    assert_eq!(state[3].stamp, state[2].stamp, "the books are the shift's");
    drop(journal);

    let reader = desk.read();
    assert_eq!(reader.identity().epoch, 2);
    let audit = reader.audit().expect("whole");
    let seen: Vec<_> =
        audit.epochs.iter().map(|epoch| (epoch.identity.epoch, epoch.head.seq, epoch.signed)).collect();
    assert_eq!(seen, [(1, 3, 3), (2, 2, 1)]);
    let mut reader = reader;
    assert_eq!(reader.epochs().expect("read"), [1, 2]);
    reader.turn_to(1);
    assert_eq!(reader.head().expect("read"), before);
    assert_eq!(reader.entries_after(0, 10, usize::MAX).expect("read").len(), 3);

    // The epoch before is closed, for this program and for any other.
    assert!(matches!(desk.try_open(), Err(OpenJournalError::OtherLane { .. })));
    let error = desk
        .raw()
        .execute_batch("INSERT INTO event VALUES (1, 4, 'x', zeroblob(32), x'00')")
        .expect_err("refused");
    assert!(error.to_string().contains("closed"), "{error}");
    assert_eq!(desk.open_epoch(2).expect("opens").head().seq, 2);
}

#[test]
fn a_journal_without_events_begins_with_the_newest_epoch() {
    let desk = Desk::new();
    drop(desk.open());
    let mut journal = desk.open_epoch(3).expect("opens");
    assert_eq!(journal.append(&[signed_in(1)]).expect("appended"), 1);
    drop(journal);
    assert_eq!(desk.read().epochs().expect("read"), [3]);
    assert_eq!(desk.read().verify().expect("whole").seq, 1);
}

#[test]
fn an_epoch_that_follows_another_than_it_says_is_found() {
    let desk = Desk::with(3);
    drop(desk.open_epoch(2).expect("opens"));
    // The last event of epoch 1 is taken away with all that knows of it.
    desk.forge("DELETE FROM event WHERE epoch = 1 AND seq = 3");
    assert!(matches!(desk.read().verify(), Err(ReadJournalError::EpochBroken { epoch: 2 })));
}

#[test]
fn what_is_written_at_once_is_signed_within_as_well() {
    let desk = Desk::with_key();
    let mut journal = desk.open();
    let many: Vec<_> = (1..=200).map(signed_in).collect();
    journal.append(&many).expect("appended");
    let signed_at = |seq: u64| desk.read().signed_at(seq).expect("read").map(|row| row.seq);
    let signed = [63, 64, 127, 128, 191, 192, 200].map(signed_at);
    assert_eq!(signed, [None, Some(64), Some(64), Some(128), Some(128), Some(192), Some(192)]);
    // The last of them counts for what follows, and a stop between changes nothing.
    let more: Vec<_> = (201..=255).map(signed_in).collect();
    journal.append(&more).expect("appended");
    assert_eq!(desk.signed(), Some(192));
    journal.append(&[signed_in(256)]).expect("appended");
    assert_eq!(desk.signed(), Some(256));
    desk.read().verify().expect("whole");
}

/// Two thousand events and more are a batch of the agent: in each it must find a signature, or HQ never hears of them.
#[test]
fn a_key_that_was_away_for_long_signs_what_is_owed_so_often_that_each_batch_has_one() {
    let desk = Desk::with_key();
    let key = desk.path().with_extension("key");
    let mut journal = desk.open();
    journal.append(&[shift_opened(1)]).expect("appended");
    drop(journal);
    std::fs::remove_file(&key).expect("taken away");
    let mut journal = desk.open();
    for number in 0..500 {
        journal.append(&[signed_in(number)]).expect("appended");
    }
    assert_eq!(desk.signed(), Some(1), "nobody signs");
    drop(journal);
    std::fs::write(&key, SECRET).expect("put back");
    let mut journal = desk.open();
    journal.append(&[signed_in(501)]).expect("appended");
    let reader = desk.read();
    let mut last = 1;
    while last < 501 {
        let next = reader.signed_at(last + UNSIGNED_EVENTS_MAX).expect("read").expect("signed").seq;
        assert_eq!(next, (last + UNSIGNED_EVENTS_MAX).min(501));
        last = next;
    }
    journal.tidy().expect("tidied");
    assert_eq!(desk.signed(), Some(502));
    assert_eq!(desk.read().audit().expect("whole").epochs[0].signed, 502);
}
