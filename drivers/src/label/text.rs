//! Texts that shrink or wrap until they fit, and where their letters stand.

use super::glyph::{Fonts, round};
use super::template::{Baseline, Text};

/// Ideographs reach from here to the baseline, of their size; what `hanging` hangs from.
const TOP: f32 = 0.84;
/// Half the height of figures and capitals: what `central` puts in the middle.
const MIDDLE: f32 = 0.37;
/// From one line to the next, of the size.
const LINE: f32 = 1.18;
/// No text is drawn smaller, pixels.
pub(super) const SIZE_FLOOR: u16 = 8;
/// What stands beside something large, such as the unit beside the price, shrinks no further than this, pixels.
const BESIDE_FLOOR: u16 = 12;

/// What one run says.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    /// Its place in [`Text::runs`].
    pub run: usize,
    pub text: &'a str,
}

/// A piece of a line in one style.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub run: usize,
    pub text: String,
    pub size: u16,
    /// From the start of the line.
    pub left: i32,
    pub width: i32,
}

/// A text at the size that fits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fitted {
    pub lines: Vec<(Vec<Stretch>, i32)>,
    /// Size of the largest run.
    pub size: u16,
    /// Its end was cut off.
    pub cut: bool,
}

/// It does not fit at its smallest size and may not be cut.
pub(super) struct DoesNotFit;

/// Finds the largest size at which the text fits.
pub(super) fn fit(
    fonts: &mut Fonts,
    text: &Text,
    said: &[Said],
    scale: f32,
    view: (f32, f32),
) -> Result<Fitted, DoesNotFit> {
    let size = text.runs.iter().map(|run| run.size).fold(0.0, f32::max);
    let largest = pixels(size * scale).max(SIZE_FLOOR);
    let smallest = pixels(text.size_min * scale).clamp(SIZE_FLOOR, largest);
    let width =
        text.width.map_or(i32::MAX, |width| round(width.of(view.0) * scale) - 2 * round(text.pad.0 * scale));
    let height = text.height.map_or(f32::MAX, |height| height.of(view.1) * scale);
    let is_plain = said.len() == 1;
    for step in (smallest..=largest).rev() {
        let rows = if is_plain {
            // As many lines as have room at this size.
            let room = ((height / f32::from(step) - 1.0) / LINE + 1.0 + 0.01).floor().max(1.0);
            let lines = text.lines.min(usize::try_from(round(room.min(64.0))).unwrap_or(1));
            wrap(fonts, said[0].text, bold(text, said[0].run), step, width, lines)
        } else {
            None
        };
        if let Some(rows) = rows {
            let lines = rows
                .iter()
                .map(|row| line(fonts, text, &[Said { run: said[0].run, text: row }], step, size, scale));
            return Ok(Fitted { lines: lines.collect(), size: step, cut: false });
        }
        if !is_plain {
            let row = line(fonts, text, said, step, size, scale);
            if row.1 <= width {
                return Ok(Fitted { lines: vec![row], size: step, cut: false });
            }
        }
    }
    if !text.cut {
        return Err(DoesNotFit);
    }
    if !is_plain {
        // Whole runs go, the last first.
        let Some((_, fewer)) = said.split_last() else { return Err(DoesNotFit) };
        return fit(fonts, text, fewer, scale, view).map(|fitted| Fitted { cut: true, ..fitted });
    }
    let room = ((height / f32::from(smallest) - 1.0) / LINE + 1.0 + 0.01).floor().max(1.0);
    let lines = text.lines.min(usize::try_from(round(room.min(64.0))).unwrap_or(1));
    let rows = cut(fonts, said[0].text, bold(text, said[0].run), smallest, width, lines);
    let lines = rows
        .iter()
        .map(|row| line(fonts, text, &[Said { run: said[0].run, text: row }], smallest, size, scale));
    Ok(Fitted { lines: lines.collect(), size: smallest, cut: true })
}

fn bold(text: &Text, run: usize) -> bool {
    text.runs.get(run).is_some_and(|run| run.bold)
}

/// Whole pixels of a size.
pub(super) fn pixels(size: f32) -> u16 {
    u16::try_from(round(size.clamp(0.0, 1_000.0))).unwrap_or(0)
}

/// Where the first baseline stands, from `y`, pixels; `size` of the largest run.
pub(super) fn first_baseline(baseline: Baseline, size: u16, lines: usize) -> i32 {
    let size = f32::from(size);
    let rest = i32::try_from(lines.saturating_sub(1)).unwrap_or(0) * line_height(size);
    match baseline {
        Baseline::Alphabetic => 0,
        Baseline::Hanging => round(size * TOP),
        Baseline::Central => round(size * MIDDLE) - rest / 2,
    }
}

/// From one baseline to the next, pixels.
pub(super) fn line_height(size: f32) -> i32 {
    round(size * LINE)
}

/// One line at a size of its largest run, and its width.
fn line(
    fonts: &mut Fonts,
    text: &Text,
    said: &[Said],
    step: u16,
    size: f32,
    scale: f32,
) -> (Vec<Stretch>, i32) {
    let mut stretches = Vec::new();
    let mut left = 0;
    let factor = f32::from(step) / size.max(1.0);
    for said in said {
        let Some(run) = text.runs.get(said.run) else { continue };
        let floor = pixels(run.size * scale).min(BESIDE_FLOOR);
        let own = pixels(run.size * factor).max(floor).max(SIZE_FLOOR);
        if !stretches.is_empty() {
            left += round(run.gap * factor);
        }
        let width = measure(fonts, said.text, run.bold, own);
        stretches.push(Stretch { run: said.run, text: said.text.to_owned(), size: own, left, width });
        left += width;
    }
    (stretches, left)
}

fn measure(fonts: &mut Fonts, text: &str, bold: bool, size: u16) -> i32 {
    text.chars().map(|character| fonts.advance(character, bold, size)).sum()
}

/// Characters that do not begin a line.
const NOT_FIRST: &str = "、。，．・：；？！゛）」』】〕〉》”’％℃°…—,.:;?!)]}%/-+×";
/// Characters that do not end a line.
const NOT_LAST: &str = "（「『【〔〈《“‘([{¥￥$€£+×";

/// Whether a line may end between two characters.
fn may_break(before: char, after: char) -> bool {
    if NOT_FIRST.contains(after) || NOT_LAST.contains(before) {
        return false;
    }
    let is_wide = |character: char| character >= '\u{2e80}';
    before == ' ' || before == '-' || before == '/' || is_wide(before) || is_wide(after)
}

/// The text in at most `lines` rows; `None` where it needs more.
fn wrap(
    fonts: &mut Fonts,
    text: &str,
    bold: bool,
    size: u16,
    width: i32,
    lines: usize,
) -> Option<Vec<String>> {
    let mut rows = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if rows.len() == lines {
            return None;
        }
        let (row, after) = first_row(fonts, rest, bold, size, width, false)?;
        rows.push(row.to_owned());
        rest = after;
    }
    Some(rows)
}

/// What stands in the first row, and the rest. A word that is wider than the row is split only where `hard`.
fn first_row<'a>(
    fonts: &mut Fonts,
    text: &'a str,
    bold: bool,
    size: u16,
    width: i32,
    hard: bool,
) -> Option<(&'a str, &'a str)> {
    let mut used = 0;
    let mut last_break = None;
    let mut before = None;
    for (place, character) in text.char_indices() {
        if let Some(before) = before
            && may_break(before, character)
        {
            last_break = Some(place);
        }
        used += fonts.advance(character, bold, size);
        // A space at the end of a row takes no room.
        if used > width && character != ' ' {
            let end = match last_break {
                Some(end) => end,
                None if hard && place > 0 => place,
                None => return None,
            };
            return Some((text[..end].trim_end(), text[end..].trim_start()));
        }
        before = Some(character);
    }
    Some((text.trim_end(), ""))
}

/// The text in `lines` rows, ending in `…`.
fn cut(fonts: &mut Fonts, text: &str, bold: bool, size: u16, width: i32, lines: usize) -> Vec<String> {
    let mut rows = Vec::new();
    let mut rest = text;
    while !rest.is_empty() && rows.len() + 1 < lines {
        let Some((row, after)) = first_row(fonts, rest, bold, size, width, true) else { break };
        rows.push(row.to_owned());
        rest = after;
    }
    let mut last = String::new();
    let mut used = fonts.advance('…', bold, size);
    for character in rest.chars() {
        used += fonts.advance(character, bold, size);
        if used > width {
            break;
        }
        last.push(character);
    }
    last.truncate(last.trim_end().len());
    last.push('…');
    rows.push(last);
    rows
}
