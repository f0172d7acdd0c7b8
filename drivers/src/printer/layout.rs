//! Breaks rows into lines of a given number of columns. Pure: the same rows and width give the same lines.

use super::charset::{columns_of, columns_of_char, normalise_with};
use super::document::{Align, Cell, Document, Row, Size, Width};
use super::picture::Picture;
use super::profile::Charset;
use super::typeface::Typeface;

/// The columns between the two sides of a pair and between cells.
const COLUMN_GAP: usize = 1;
/// The fewest columns left for the left side of a pair before its right side moves to a line of its own.
const PAIR_LEFT_MIN: usize = 8;

/// One line of paper, or one thing that stands alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Line {
    /// Text that fits; spaces inside are already right, and `align` places the whole.
    Text {
        /// What it says, without spaces at its end.
        text: String,
        /// Where it stands.
        align: Align,
        /// Whether it is bold.
        bold: bool,
        /// How large it is.
        size: Size,
    },
    /// A QR code.
    Qr {
        /// What it holds.
        data: String,
    },
    /// A barcode.
    Barcode {
        /// What it holds.
        data: String,
    },
    /// A picture.
    Picture(Picture),
    /// The end of the piece of paper.
    Cut,
}

/// Breaks `document` into lines for paper of `columns`, with text that `charset` can print.
pub fn lay_out(document: &Document, columns: usize, charset: Charset) -> Vec<Line> {
    lay_out_with(document, columns, charset, None)
}

/// The same with a typeface for what the charset lacks.
pub fn lay_out_with(
    document: &Document,
    columns: usize,
    charset: Charset,
    typeface: Option<&Typeface>,
) -> Vec<Line> {
    let normalise = |text: &str| normalise_with(text, charset, typeface);
    // A hanzi needs two columns; narrower paper does not exist and would never end.
    let columns = columns.max(2);
    let plain = |text: String| Line::Text { text, align: Align::Left, bold: false, size: Size::Normal };
    let mut lines = Vec::new();
    for row in &document.rows {
        match row {
            Row::Text { text, align, bold, size } => {
                let width = columns / size.width_factor();
                lines.extend(wrap(&normalise(text), width).into_iter().map(|text| Line::Text {
                    text,
                    align: *align,
                    bold: *bold,
                    size: *size,
                }));
            }
            Row::Pair { left, right, bold, size } => {
                let width = columns / size.width_factor();
                lines.extend(
                    pair(&normalise(left), &normalise(right), width).into_iter().map(|text| Line::Text {
                        text,
                        align: Align::Left,
                        bold: *bold,
                        size: *size,
                    }),
                );
            }
            Row::Columns(cells) => lines.extend(beside(cells, columns, &normalise).into_iter().map(plain)),
            Row::Rule => lines.push(plain("-".repeat(columns))),
            Row::Blank => lines.push(plain(String::new())),
            Row::Qr { data } => lines.push(Line::Qr { data: data.clone() }),
            Row::Barcode { data } => lines.push(Line::Barcode { data: data.clone() }),
            Row::Picture(picture) => lines.push(Line::Picture(picture.clone())),
            Row::Cut => lines.push(Line::Cut),
        }
    }
    lines
}

/// Wraps the left text beside a right text that stays whole in the first line.
fn pair(left: &str, right: &str, columns: usize) -> Vec<String> {
    let right = right.replace('\n', " ");
    let right_columns = columns_of(&right);
    let left_columns = columns.saturating_sub(right_columns + COLUMN_GAP);
    let left_whole = !left.contains('\n') && columns_of(left) <= left_columns;
    if left_columns < PAIR_LEFT_MIN.min(columns / 2) && !left_whole {
        let mut lines = wrap(left, columns);
        lines.extend(wrap(&right, columns).into_iter().map(|text| place(&text, columns, Align::Right)));
        return lines;
    }
    let mut lines = wrap(left, left_columns.max(2));
    if let Some(first) = lines.first_mut() {
        let gap = columns.saturating_sub(columns_of(first) + right_columns);
        first.push_str(&" ".repeat(gap));
        first.push_str(&right);
        trim_end(first);
    }
    lines
}

/// Sets cells beside each other, each wrapped in its own width.
fn beside(cells: &[Cell], columns: usize, normalise: &dyn Fn(&str) -> String) -> Vec<String> {
    let widths = widths(cells, columns);
    let wrapped: Vec<Vec<String>> = cells
        .iter()
        .zip(&widths)
        .map(|(cell, &width)| if width == 0 { Vec::new() } else { wrap(&normalise(&cell.text), width) })
        .collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    (0..height)
        .map(|row| {
            let mut line = String::new();
            for ((cell, &width), texts) in cells.iter().zip(&widths).zip(&wrapped) {
                if width == 0 {
                    continue;
                }
                if !line.is_empty() {
                    line.push_str(&" ".repeat(COLUMN_GAP));
                }
                let text = texts.get(row).map_or("", String::as_str);
                let placed = place(text, width, cell.align);
                line.push_str(&placed);
                line.push_str(&" ".repeat(width.saturating_sub(columns_of(&placed))));
            }
            trim_end(&mut line);
            line
        })
        .collect()
}

/// The columns of each cell. Cells for which the paper has no room get none.
fn widths(cells: &[Cell], columns: usize) -> Vec<usize> {
    let fixed: usize = cells
        .iter()
        .map(|cell| match cell.width {
            Width::Fixed(columns) => columns,
            Width::Share(_) => 0,
        })
        .sum();
    let shares: usize = cells
        .iter()
        .map(|cell| match cell.width {
            Width::Fixed(_) => 0,
            Width::Share(share) => share,
        })
        .sum();
    let gaps = cells.len().saturating_sub(1) * COLUMN_GAP;
    let mut rest = columns.saturating_sub(fixed + gaps);
    let mut shares_left = shares;
    let mut left = columns;
    cells
        .iter()
        .enumerate()
        .map(|(index, cell)| {
            let wanted = match cell.width {
                Width::Fixed(columns) => columns,
                Width::Share(share) => {
                    // The last share takes what rounding left.
                    let part = (rest * share).checked_div(shares_left).unwrap_or(0);
                    shares_left -= share;
                    rest -= part;
                    part
                }
            };
            let gap = if index == 0 { 0 } else { COLUMN_GAP };
            let width = wanted.min(left.saturating_sub(gap));
            // One column cannot hold a hanzi.
            let width = if width < 2 { 0 } else { width };
            if width > 0 {
                left -= width + gap;
            }
            width
        })
        .collect()
}

fn place(text: &str, columns: usize, align: Align) -> String {
    let space = columns.saturating_sub(columns_of(text));
    let before = match align {
        Align::Left => 0,
        Align::Centre => space / 2,
        Align::Right => space,
    };
    format!("{}{text}", " ".repeat(before))
}

fn trim_end(line: &mut String) {
    line.truncate(line.trim_end_matches(' ').len());
}

/// Breaks text into lines of at most `columns`: between Chinese characters anywhere, in other text at spaces, inside a
/// word only when the word alone is wider than the line. Never inside a wide character.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    text.split('\n').flat_map(|paragraph| wrap_paragraph(paragraph, columns.max(2))).collect()
}

fn wrap_paragraph(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words(text) {
        let room = columns.saturating_sub(columns_of(&line));
        let width = columns_of(word.trim_end_matches(' '));
        if width <= room {
            line.push_str(word);
            continue;
        }
        if width <= columns {
            lines.push(std::mem::replace(&mut line, word.to_owned()));
            continue;
        }
        for character in word.chars() {
            if columns_of(&line) + columns_of_char(character) > columns {
                lines.push(std::mem::take(&mut line));
            }
            line.push(character);
        }
    }
    lines.push(line);
    for line in &mut lines {
        trim_end(line);
    }
    lines
}

/// Cuts text after each run of spaces and around each wide character; closing punctuation stays with what it closes.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut before: Option<char> = None;
    for (index, character) in text.char_indices() {
        let breaks = before.is_some_and(|before| {
            character != ' '
                && !is_closing(character)
                && (before == ' ' || !before.is_ascii() || !character.is_ascii())
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

fn is_closing(character: char) -> bool {
    matches!(
        character,
        '，' | '。'
            | '、'
            | '；'
            | '：'
            | '！'
            | '？'
            | '）'
            | '》'
            | '”'
            | '’'
            | '】'
            | '％'
            | ')'
            | ','
            | '%'
    )
}

fn is_opening(character: char) -> bool {
    matches!(character, '（' | '《' | '“' | '‘' | '【' | '￥' | '(')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(document: &Document, columns: usize) -> Vec<String> {
        lay_out(document, columns, Charset::Gbk)
            .into_iter()
            .map(|line| match line {
                Line::Text { text, .. } => text,
                Line::Qr { data } => format!("[qr {data}]"),
                Line::Barcode { data } => format!("[barcode {data}]"),
                Line::Picture(_) => "[picture]".to_owned(),
                Line::Cut => "[cut]".to_owned(),
            })
            .collect()
    }

    #[test]
    fn a_long_chinese_name_wraps_and_the_amount_stays_right() {
        let document = Document::new()
            .pair("农夫山泉饮用天然水适合婴幼儿一升装整箱十二瓶", "¥36.00")
            .pair("可乐", "3.50");
        assert_eq!(
            texts(&document, 32),
            ["农夫山泉饮用天然水适合婴 ￥36.00", "幼儿一升装整箱十二瓶", "可乐                        3.50"]
        );
    }

    #[test]
    fn every_line_fits_whatever_the_width() {
        let name = "《老干妈》风味豆豉油制辣椒280g Extra-Hot supercalifragilistic 装（促销）";
        let document = Document::new()
            .text(name)
            .pair(name, "￥1,234.56")
            .columns([Cell::rest(name), Cell::right("2", 4), Cell::right("￥9.90", 8)])
            .rule();
        for columns in 2..=64 {
            let lines = texts(&document, columns);
            for line in &lines {
                assert!(columns_of(line) <= columns, "{columns}: {line:?}");
            }
            let all: String = lines.concat().replace(' ', "");
            assert!(all.starts_with(&name.replace(' ', "")), "{columns}: text was lost: {all}");
        }
    }

    #[test]
    fn a_wide_character_is_never_split_at_an_odd_edge() {
        assert_eq!(texts(&Document::new().text("一二三四五"), 5), ["一二", "三四", "五"]);
        assert_eq!(texts(&Document::new().text("a一二三"), 4), ["a一", "二三"]);
    }

    #[test]
    fn latin_text_breaks_at_spaces_and_punctuation_stays_behind() {
        assert_eq!(
            texts(&Document::new().text("Thank you for shopping"), 10),
            ["Thank you", "for", "shopping"]
        );
        assert_eq!(texts(&Document::new().text("谢谢惠顾，欢迎"), 8), ["谢谢惠", "顾，欢迎"]);
        assert_eq!(texts(&Document::new().text("1\n\n2"), 10), ["1", "", "2"]);
    }

    #[test]
    fn cells_wrap_each_in_its_own_width() {
        let document = Document::new()
            .columns([Cell::rest("品名"), Cell::right("数量", 6), Cell::right("金额", 10)])
            .columns([Cell::rest("特仑苏纯牛奶250ml×12"), Cell::right("2", 6), Cell::right("119.80", 10)]);
        assert_eq!(
            texts(&document, 32),
            ["品名             数量       金额", "特仑苏纯牛奶        2     119.80", "250ml×12"]
        );
        let shares = Document::new().columns([
            Cell { text: "左".into(), width: Width::Share(1), align: Align::Left },
            Cell { text: "中".into(), width: Width::Share(2), align: Align::Centre },
            Cell { text: "右".into(), width: Width::Share(1), align: Align::Right },
        ]);
        assert_eq!(texts(&shares, 22), ["左        中        右"]);
    }

    #[test]
    fn a_right_side_that_leaves_no_room_takes_its_own_line() {
        let document = Document::new().pair("应付金额合计", "￥123,456,789.00");
        assert_eq!(texts(&document, 20), ["应付金额合计", "    ￥123,456,789.00"]);
        let large = Document::new().row(Row::Pair {
            left: "合计".into(),
            right: "￥36.00".into(),
            bold: true,
            size: Size::Double,
        });
        assert_eq!(texts(&large, 32), ["合计     ￥36.00"]);
    }
}
