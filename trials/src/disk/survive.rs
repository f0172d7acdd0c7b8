//! What a medium has kept when the power comes back.

use std::collections::BTreeMap;

use fixtures::bench::Dice;

use super::{Change, Counts, File, SECTOR_BYTES, State};

/// How a cut treats the cache of one file.
#[derive(Debug, Clone, Copy)]
enum Luck {
    /// Nothing of it was written.
    None,
    /// All of it was.
    All,
    /// Each sector for itself, with any version of it.
    Mixed,
    /// All but a sector here and there.
    Nearly,
}

impl State {
    pub(super) fn survive(&mut self) {
        self.survive_names();
        let linked: Vec<usize> = self.names.values().copied().collect();
        for (place, file) in self.files.iter_mut().enumerate() {
            if linked.contains(&place) {
                file.survive(&mut self.dice, &self.stale, &mut self.counts);
            } else {
                *file = File::default();
            }
        }
    }

    /// Of each name, any of the files that bore it since the last flush.
    fn survive_names(&mut self) {
        let mut versions: BTreeMap<String, Vec<Option<usize>>> = BTreeMap::new();
        for (name, file) in self.renamed.drain(..) {
            let durable = self.durable_names.get(&name).copied();
            versions.entry(name).or_insert_with(|| vec![durable]).push(file);
        }
        for (name, versions) in versions {
            match versions[self.dice.index(versions.len())] {
                Some(file) => self.durable_names.insert(name, file),
                None => self.durable_names.remove(&name),
            };
        }
        self.names = self.durable_names.clone();
    }
}

impl File {
    fn survive(&mut self, dice: &mut Dice, stale: &[u8], counts: &mut Counts) {
        let mut changes = std::mem::take(&mut self.changes);
        shorten(&mut changes, dice);
        if !changes.is_empty() {
            let luck = match dice.below(8) {
                0 => Luck::None,
                1 => Luck::All,
                2 | 3 => Luck::Nearly,
                _ => Luck::Mixed,
            };
            let length = surviving_length(&self.durable, &changes, luck, dice);
            let mut kept = self.durable.clone();
            kept.resize(length, 0);
            for (sector, touching) in touched(self.durable.len().max(self.now.len()), &changes) {
                let start = sector * SECTOR_BYTES;
                if start >= length {
                    continue;
                }
                let base = base(&self.durable, start, stale, dice);
                // What was cut off is gone: only what came after is by chance.
                let cut_off = touching.iter().rposition(|change| changes[*change].cuts_off(start));
                let least = cut_off.map_or(0, |place| place + 1);
                let version = least + luck.version(touching.len() - least, dice);
                let mut bytes = content(base, start, &changes, &touching[..version]);
                counts.sectors_lost += u64::from(version < touching.len());
                // Torn: it begins as one version and ends as another.
                if dice.chance(5) {
                    let other = least + dice.index(touching.len() - least + 1);
                    let other = content(base, start, &changes, &touching[..other]);
                    let torn_at = dice.index(SECTOR_BYTES);
                    bytes[torn_at..].copy_from_slice(&other[torn_at..]);
                    counts.sectors_torn += 1;
                }
                let end = length.min(start + SECTOR_BYTES);
                kept[start..end].copy_from_slice(&bytes[..end - start]);
            }
            self.durable = kept;
        }
        self.now = self.durable.clone();
    }
}

/// A file system shortens a file as a whole or not at all, and in its order:
/// SQLite relies on it, and those with a journal keep it. So what came after a
/// truncation that was not kept is not kept either.
fn shorten(changes: &mut Vec<Change>, dice: &mut Dice) {
    let is_truncation = |change: &Change| match change {
        Change::Write { .. } => false,
        Change::Truncate(_) => true,
    };
    let truncations: Vec<usize> =
        changes.iter().enumerate().filter(|(_, change)| is_truncation(change)).map(|(at, _)| at).collect();
    if let Some(first_gone) = truncations.get(dice.index(truncations.len() + 1)) {
        changes.truncate(*first_gone);
    }
}

impl Change {
    /// Whether it makes a file end before this place.
    fn cuts_off(&self, start: usize) -> bool {
        match self {
            Self::Write { .. } => false,
            Self::Truncate(length) => *length <= start,
        }
    }
}

impl Luck {
    /// How many of a sector's changes were written.
    fn version(self, changes: usize, dice: &mut Dice) -> usize {
        match self {
            Self::None => 0,
            Self::All => changes,
            Self::Mixed => dice.index(changes + 1),
            Self::Nearly if dice.chance(10) => dice.index(changes + 1),
            Self::Nearly => changes,
        }
    }
}

fn surviving_length(durable: &[u8], changes: &[Change], luck: Luck, dice: &mut Dice) -> usize {
    let mut length = durable.len();
    let mut lengths = vec![length];
    for change in changes {
        match change {
            Change::Write { at, bytes } => length = length.max(at + bytes.len()),
            Change::Truncate(shorter) => {
                length = *shorter;
                lengths.clear();
            }
        }
        lengths.push(length);
    }
    match luck {
        Luck::None => lengths[0],
        Luck::All | Luck::Nearly => length,
        Luck::Mixed => lengths[dice.index(lengths.len())],
    }
}

/// Which changes touch which sectors, in order.
fn touched(length: usize, changes: &[Change]) -> BTreeMap<usize, Vec<usize>> {
    let mut touched: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, change) in changes.iter().enumerate() {
        let (start, end) = match change {
            Change::Write { at, bytes } => (*at, at + bytes.len()),
            Change::Truncate(at) => (*at, length.max(*at)),
        };
        for sector in start / SECTOR_BYTES..end.div_ceil(SECTOR_BYTES) {
            touched.entry(sector).or_default().push(number);
        }
    }
    touched
}

/// What a sector held before its changes: where the file has grown that is
/// nothing, or what another file has left there, or noise.
fn base(durable: &[u8], start: usize, stale: &[u8], dice: &mut Dice) -> [u8; SECTOR_BYTES] {
    let mut base = [0; SECTOR_BYTES];
    if start >= durable.len() {
        match dice.below(8) {
            0 => base.iter_mut().for_each(|byte| *byte = u8::try_from(dice.below(256)).unwrap_or(0)),
            1 | 2 => copy(stale, start, &mut base),
            _ => {}
        }
    }
    copy(durable, start, &mut base);
    base
}

fn copy(from: &[u8], start: usize, into: &mut [u8; SECTOR_BYTES]) {
    let there = from.get(start..).unwrap_or_default();
    let there = &there[..there.len().min(SECTOR_BYTES)];
    into[..there.len()].copy_from_slice(there);
}

/// A sector after some of its changes.
fn content(
    mut sector: [u8; SECTOR_BYTES],
    start: usize,
    changes: &[Change],
    done: &[usize],
) -> [u8; SECTOR_BYTES] {
    for number in done {
        match &changes[*number] {
            Change::Write { at, bytes } => {
                let from = (*at).max(start);
                let to = (at + bytes.len()).min(start + SECTOR_BYTES);
                if from < to {
                    sector[from - start..to - start].copy_from_slice(&bytes[from - at..to - at]);
                }
            }
            Change::Truncate(length) => sector[length.saturating_sub(start).min(SECTOR_BYTES)..].fill(0),
        }
    }
    sector
}
