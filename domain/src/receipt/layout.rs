//! A receipt as lines of text. A printer's driver breaks lines anew, for its own characters and sizes.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Receipt, Row};

/// The fewest columns that text is laid out in; no paper is narrower.
pub const COLUMNS_MIN: usize = 16;

/// The columns between the two sides of a pair.
const GAP: usize = 1;

/// The fewest columns left for the left side of a pair before its right side
/// moves to a line of its own: four Chinese characters.
const LEFT_MIN: usize = 8;

/// Joins two emoji into one; they stay on one line.
const JOINER: char = '\u{200d}';

impl Receipt {
    /// The receipt as lines of at most so many columns, of which a Chinese
    /// character takes two; at least [`COLUMNS_MIN`] of them. No character is
    /// lost but spaces at the ends of lines; characters that steer a printer
    /// become spaces.
    pub fn text(&self, columns: usize) -> Vec<String> {
        let columns = columns.max(COLUMNS_MIN);
        self.rows.iter().flat_map(|row| lines(row, columns)).collect()
    }
}

fn lines(row: &Row, columns: usize) -> Vec<String> {
    let centred = |text: &str| -> Vec<String> {
        wrap(text, columns)
            .into_iter()
            .map(|line| {
                let before = columns.saturating_sub(columns_of(&line)) / 2;
                if line.is_empty() { line } else { format!("{}{line}", " ".repeat(before)) }
            })
            .collect()
    };
    match row {
        Row::Title(text) | Row::Centred(text) => centred(text),
        Row::Text(text) => wrap(text, columns),
        Row::Pair { left, right } | Row::Strong { left, right } => pair(left, right, columns),
        Row::Rule => vec!["-".repeat(columns)],
        Row::Qr(data) => centred(&format!("[qr {data}]")),
        Row::End => Vec::new(),
    }
}

/// Text at the left that wraps beside text at the right that stays whole in
/// the first line, or, where there is no room beside it, below.
fn pair(left: &str, right: &str, columns: usize) -> Vec<String> {
    if right.is_empty() {
        return wrap(left, columns);
    }
    let at_the_right = |line: String| {
        let before = columns.saturating_sub(columns_of(&line));
        format!("{}{line}", " ".repeat(before))
    };
    let room = columns.saturating_sub(columns_of(right) + GAP);
    let beside = room >= LEFT_MIN || room > 0 && columns_of(left) <= room && !left.contains('\n');
    if !beside || right.contains('\n') {
        let left = if left.is_empty() { Vec::new() } else { wrap(left, columns) };
        return left.into_iter().chain(wrap(right, columns).into_iter().map(at_the_right)).collect();
    }
    let mut lines = wrap(left, room);
    if let Some(first) = lines.first_mut() {
        let between = columns.saturating_sub(columns_of(first) + columns_of(right));
        *first = format!("{first}{}{right}", " ".repeat(between));
    }
    lines
}

fn columns_of(text: &str) -> usize {
    // Chinese fonts draw signs that are narrow elsewhere, such as ×, in two columns.
    text.width_cjk()
}

/// Breaks text at its line breaks, and where it is too long between Chinese
/// characters or at spaces; inside a word only where the word is wider than a
/// line. Lines that go on keep the first one's indent.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    text.split('\n').flat_map(|paragraph| wrap_paragraph(paragraph, columns)).collect()
}

fn wrap_paragraph(text: &str, columns: usize) -> Vec<String> {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let indent = (text.len() - text.trim_start_matches(' ').len()).min(columns / 2);
    let indent = " ".repeat(indent);
    let fits = |line: &str, more: &str| columns_of(format!("{line}{more}").trim_end_matches(' ')) <= columns;
    let mut lines = Vec::new();
    let mut line = indent.clone();
    for word in words(text.trim_start_matches(' ')) {
        if fits(&line, word) {
            line.push_str(word);
        } else if fits(&indent, word) {
            lines.push(std::mem::replace(&mut line, format!("{indent}{word}")));
        } else {
            for character in word.chars() {
                if !fits(&line, character.encode_utf8(&mut [0; 4])) {
                    lines.push(std::mem::replace(&mut line, indent.clone()));
                }
                line.push(character);
            }
        }
    }
    lines.push(line);
    lines.into_iter().map(|line| line.trim_end_matches(' ').to_owned()).collect()
}

/// Cuts text after each run of spaces and around each wide character; closing
/// signs stay with what they close, accents with their letters.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (index, character) in text.char_indices() {
        let breaks = before.is_some_and(|before: char| {
            (before == ' ' || is_wide(before) || is_wide(character))
                && character != ' '
                && before != JOINER
                && character.width().unwrap_or(0) > 0
                && !is_closing(character)
                && !is_opening(before)
        });
        if breaks {
            words.push(&text[start..index]);
            start = index;
        }
        before = Some(character);
    }
    words.push(&text[start..]);
    words
}

/// Whether a character is wide everywhere, as Chinese ones are; × is not, and
/// stays within 12×250ml.
fn is_wide(character: char) -> bool {
    character.width() == Some(2)
}

fn is_closing(character: char) -> bool {
    "，。、；：！？）》】”’％),%".contains(character)
}

fn is_opening(character: char) -> bool {
    "（《【“‘￥¥(".contains(character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(row: Row, columns: usize, expected: &[&str]) {
        assert_eq!(Receipt { rows: vec![row] }.text(columns), expected);
    }

    fn pair_of(left: &str, right: &str) -> Row {
        Row::Pair { left: left.into(), right: right.into() }
    }

    #[test]
    fn the_left_wraps_and_the_right_stays_whole() {
        check(pair_of("合计", "7.00"), 16, &["合计        7.00"]);
        check(pair_of("  农夫山泉（大）水", "123.50"), 16, &["  农夫山  123.50", "  泉", "  （大）", "  水"]);
        check(pair_of("no room", "1234567890.00"), 16, &["no room", "   1234567890.00"]);
        check(pair_of("ab", "1234567890.00"), 16, &["ab 1234567890.00"]);
        check(pair_of("name", ""), 16, &["name"]);
    }

    #[test]
    fn text_breaks_at_spaces_and_between_characters() {
        check(Row::Text("Spring water of the hills".into()), 16, &["Spring water of", "the hills"]);
        check(Row::Text("  69012345678901234567".into()), 16, &["  69012345678901", "  234567"]);
        check(Row::Text("纯牛奶礼盒 12×250ml".into()), 16, &["纯牛奶礼盒", "12×250ml"]);
        check(Row::Text("a\nb\tc".into()), 16, &["a", "b c"]);
        check(Row::Centred("谢谢惠顾，欢迎再来".into()), 16, &["谢谢惠顾，欢迎再", "       来"]);
        check(Row::Rule, 16, &["----------------"]);
        check(Row::End, 16, &[]);
    }

    #[test]
    fn narrower_paper_than_any_is_taken_for_the_narrowest() {
        check(Row::Rule, 0, &["----------------"]);
    }

    /// Names as shops have them, and as nobody should.
    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof!["[ a-z0-9]{0,40}", "[农夫山泉，（）a-z ×¥%]{0,40}", "\\PC{0,40}", any::<String>()]
    }

    fn inked(text: &str) -> Vec<char> {
        text.chars().filter(|c| *c != ' ' && !c.is_control()).collect()
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_the_paper_and_nothing_is_lost(
            left in any_text(),
            right in any_text(),
            columns in prop_oneof![Just(32usize), Just(48), 16usize..60],
        ) {
            let texts = [
                Row::Title(left.clone()),
                Row::Centred(left.clone()),
                Row::Text(left.clone()),
            ];
            for row in texts {
                let lines = lines(&row, columns);
                prop_assert!(lines.iter().all(|line| columns_of(line) <= columns), "{lines:?}");
                prop_assert_eq!(inked(&lines.concat()), inked(&left));
            }
            let lines = pair(&left, &right, columns);
            prop_assert!(lines.iter().all(|line| columns_of(line) <= columns), "{lines:?}");
            let (mut found, mut wanted) = (inked(&lines.concat()), inked(&format!("{left}{right}")));
            found.sort_unstable();
            wanted.sort_unstable();
            prop_assert_eq!(found, wanted);
        }

        #[test]
        fn an_amount_is_never_broken(left in any_text(), right in "[¥0-9.-]{1,14}") {
            for columns in [32, 48] {
                let lines = pair(&left, &right, columns);
                prop_assert!(lines.iter().any(|line| line.ends_with(&right)), "{lines:?}");
            }
        }
    }
}
