//! Random bytes for a target, made from committed seeds: the same ones on every machine, as many as asked for.
//!
//! Every seed of `domain/tests/seeds/TARGET` is played first, then so many
//! mutations of them; `GUITAI_FUZZ_ITERATIONS` raises their number. An input
//! that fails is printed; kept as a new file beside the seeds, it is played
//! for ever.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

/// Mutations of a target unless asked for more: all targets take some seconds.
const ITERATIONS: u64 = 100_000;

/// The longest input that is made.
const LENGTH_MAX: usize = 8_192;

/// The most changes that make one input of a seed.
const CHANGES_MAX: u64 = 6;

/// Plays the seeds of a target and what is made of them; `property` panics
/// where something does not hold. `fragments` are what the target's inputs
/// are made of, for putting between.
pub fn fuzz(target: &str, fragments: &[&str], property: impl Fn(&[u8])) {
    fuzz_times(target, fragments, ITERATIONS, property);
}

/// The same with so many mutations unless asked for more.
pub fn fuzz_times(target: &str, fragments: &[&str], times: u64, property: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("read the seeds {}: {error}", folder.display()))
        .map(|entry| entry.expect("a seed").path())
        .collect();
    files.sort();
    let seeds: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).expect("a seed")).collect();
    assert!(!seeds.is_empty(), "{target} has no seeds");
    for (file, seed) in files.iter().zip(&seeds) {
        play(&format!("seed {}", file.display()), seed, &property);
    }
    let iterations = std::env::var("GUITAI_FUZZ_ITERATIONS")
        .ok()
        .map_or(times, |number| number.parse().expect("GUITAI_FUZZ_ITERATIONS is a number"));
    for iteration in 0..iterations {
        let mut dice = Dice::new(target, iteration);
        let mut input = dice.pick(&seeds).clone();
        for _ in 0..=dice.below(CHANGES_MAX) {
            change(&mut input, &mut dice, &seeds, fragments);
        }
        input.truncate(LENGTH_MAX);
        play(&format!("iteration {iteration}"), &input, &property);
    }
}

fn play(what: &str, input: &[u8], property: &impl Fn(&[u8])) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| property(input))) {
        eprintln!("{what} fails: b\"{}\"", input.escape_ascii());
        resume_unwind(panic);
    }
}

fn change(input: &mut Vec<u8>, dice: &mut Dice, seeds: &[Vec<u8>], fragments: &[&str]) {
    let at = dice.place(input.len() + 1);
    let end = at + dice.place((input.len() - at).min(24) + 1);
    match dice.below(9) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << dice.below(8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = b'0' + u8::try_from(dice.below(10)).expect("below ten");
            }
        }
        2 => {
            input.drain(at..end);
        }
        3 => {
            let again = input[at..end].to_vec();
            input.splice(at..at, again);
        }
        4 | 5 => {
            if !fragments.is_empty() {
                let fragment = dice.pick(fragments).bytes();
                let replaced = if dice.below(2) == 0 { at } else { end };
                input.splice(at..replaced, fragment);
            }
        }
        6 => {
            let other = dice.pick(seeds);
            let from = dice.place(other.len() + 1);
            input.truncate(at);
            input.extend_from_slice(&other[from..]);
        }
        7 => fix_check_digit(input, dice),
        _ => input.truncate(at),
    }
}

/// Makes the last of some digits the check digit of those before it, or else
/// hardly any changed number would be looked at any further.
fn fix_check_digit(input: &mut [u8], dice: &mut Dice) {
    let length = [8, 12, 13, 14, 18][dice.place(5)];
    let is_number = |at: &usize| input[*at..*at + length].iter().all(u8::is_ascii_digit);
    let places: Vec<usize> = (0..=input.len().saturating_sub(length))
        .filter(|at| at + length <= input.len())
        .filter(is_number)
        .collect();
    if places.is_empty() {
        return;
    }
    let at = *dice.pick(&places);
    let body = &input[at..at + length - 1];
    let weigh = |(index, digit): (usize, &u8)| u32::from(digit - b'0') * if index % 2 == 0 { 3 } else { 1 };
    let sum: u32 = body.iter().rev().enumerate().map(weigh).sum();
    input[at + length - 1] = b'0' + u8::try_from((10 - sum % 10) % 10).expect("below ten");
}

/// Numbers that look random and are the same everywhere (SplitMix64).
pub struct Dice(u64);

impl Dice {
    /// The numbers of one iteration of a target.
    pub fn new(target: &str, iteration: u64) -> Self {
        let name = target.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(name ^ iteration.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// A number from 0 to below the end.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (number ^ number >> 31) % end.max(1)
    }

    /// The same as a place in something.
    pub fn place(&mut self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).expect("a place fits")
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, several: &'a [T]) -> &'a T {
        &several[self.place(several.len())]
    }
}
