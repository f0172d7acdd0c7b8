//! What the disk keeps and forgets.

use super::*;

const JOURNAL: Opening = Opening { create: true, write: true, is_journal: true };
const DATABASE: Opening = Opening { create: true, write: true, is_journal: false };

/// A file with `old` in it, flushed; after `touch` the power is cut.
fn after_a_cut(seed: u64, old: &[u8], touch: impl Fn(&Disk, usize)) -> Option<Vec<u8>> {
    let disk = Disk::new(seed);
    let (file, _) = disk.open(Some("f"), JOURNAL).expect("opened");
    disk.write(file, 0, old).expect("written");
    disk.sync(file).expect("flushed");
    touch(&disk, file);
    disk.cut();
    assert_eq!(disk.length(file), Err(NO_POWER));
    disk.close(file);
    disk.restart();
    disk.durable("f")
}

/// The different contents that cuts leave behind.
fn left_behind(old: &[u8], touch: impl Fn(&Disk, usize)) -> Vec<Option<Vec<u8>>> {
    let mut found: Vec<_> = (0..400).map(|seed| after_a_cut(seed, old, &touch)).collect();
    found.sort();
    found.dedup();
    found
}

#[test]
fn what_was_flushed_stays() {
    let found = left_behind(b"old", |disk, file| {
        disk.write(file, 0, b"new").expect("written");
        disk.sync(file).expect("flushed");
    });
    assert_eq!(found, [Some(b"new".to_vec())]);
}

#[test]
fn what_was_not_flushed_stays_or_goes_or_tears() {
    let found = left_behind(b"old", |disk, file| disk.write(file, 0, b"new").expect("written"));
    assert_eq!(found, [Some(b"new".to_vec()), Some(b"old".to_vec())]);
    // Of two sectors each has its own luck.
    let old = vec![1; 2 * SECTOR_BYTES];
    let found =
        left_behind(&old, |disk, file| disk.write(file, 0, &vec![2; 2 * SECTOR_BYTES]).expect("written"));
    let ends = |left: &Option<Vec<u8>>| left.as_ref().map(|left| (left[0], left[2 * SECTOR_BYTES - 1]));
    for wanted in [(1, 1), (1, 2), (2, 1), (2, 2)] {
        assert!(found.iter().any(|left| ends(left) == Some(wanted)), "{wanted:?} never was");
    }
    let is_torn = |left: &&Vec<u8>| left[..SECTOR_BYTES].iter().any(|byte| *byte != left[0]);
    assert!(found.iter().flatten().any(|left| is_torn(&left)), "none is torn");
}

#[test]
fn a_file_is_shortened_as_a_whole_or_not_at_all() {
    let found = left_behind(&[1; 2_000], |disk, file| disk.truncate(file, 0).expect("shortened"));
    assert_eq!(found, [Some(Vec::new()), Some(vec![1; 2_000])]);
    // What was cut off does not come back into what was written after it.
    let found = left_behind(&[1; 2_000], |disk, file| {
        disk.truncate(file, 0).expect("shortened");
        disk.write(file, 0, &[2; 600]).expect("written");
    });
    assert!(found.contains(&Some(vec![1; 2_000])));
    assert!(found.iter().flatten().all(|left| left.len() <= 600 || *left == vec![1; 2_000]), "{found:?}");
}

#[test]
fn a_name_is_there_once_its_folder_was_flushed() {
    let there = |opening: Opening, flush_folder_again: bool| {
        let found = (0..100).map(|seed| {
            let disk = Disk::new(seed);
            let (file, _) = disk.open(Some("f"), opening).expect("opened");
            disk.write(file, 0, b"new").expect("written");
            disk.sync(file).expect("flushed");
            disk.close(file);
            if flush_folder_again {
                disk.delete("f", true).expect("deleted");
            }
            disk.restart();
            u32::from(disk.durable("f").is_some())
        });
        found.sum::<u32>()
    };
    // Only the first flush of a journal flushes its folder.
    assert_eq!(there(JOURNAL, false), 100);
    assert!((1..100).contains(&there(DATABASE, false)));
    assert_eq!(there(JOURNAL, true), 0);
}

#[test]
fn a_full_disk_takes_what_fits_and_a_read_only_one_nothing() {
    let disk = Disk::new(1);
    let (file, _) = disk.open(Some("f"), DATABASE).expect("opened");
    disk.set_faults(Faults { bytes_left: Some(10), ..Faults::default() });
    assert_eq!(disk.write(file, 0, &[1; 8]), Ok(()));
    assert_eq!(disk.write(file, 8, &[2; 8]), Err(Refusal(ffi::SQLITE_FULL)));
    assert_eq!(disk.length(file), Ok(10));
    // What is there can be written over.
    assert_eq!(disk.write(file, 0, &[3; 10]), Ok(()));
    disk.set_faults(Faults { read_only: true, ..Faults::default() });
    assert_eq!(disk.write(file, 0, &[4]), Err(Refusal(ffi::SQLITE_IOERR_WRITE)));
    assert_eq!(disk.open(Some("g"), DATABASE), Err(Refusal(ffi::SQLITE_CANTOPEN)));
    assert!(matches!(disk.open(Some("f"), DATABASE), Ok((_, true))));
}

#[test]
fn a_cut_falls_into_the_operation_that_was_named() {
    let disk = Disk::new(1);
    let (file, _) = disk.open(Some("f"), DATABASE).expect("opened");
    disk.cut_after(2);
    assert_eq!(disk.write(file, 0, b"1"), Ok(()));
    assert_eq!(disk.sync(file), Ok(()));
    assert_eq!(disk.write(file, 1, b"2"), Err(NO_POWER));
    assert!(!disk.is_powered());
    assert_eq!(disk.read(file, 0, &mut [0]), Err(NO_POWER));
}

#[test]
fn a_drive_that_ignores_flushes_forgets_what_it_answered_for() {
    let found = left_behind(b"old", |disk, file| {
        disk.set_faults(Faults { ignores_flush: true, ..Faults::default() });
        disk.write(file, 0, b"new").expect("written");
        disk.sync(file).expect("it says so");
    });
    assert!(found.contains(&Some(b"old".to_vec())));
}
