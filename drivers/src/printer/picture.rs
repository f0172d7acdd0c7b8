//! A picture of black dots, and its bytes for a printer. Reads the one plain form that every drawing program writes: PBM.

/// Most dots of a side: four pages of paper high, and wider than any roll.
pub const SIDE_DOTS_MAX: usize = 4_096;
/// DLE, the first byte of every real-time command.
const REAL_TIME_PREFIX: u8 = 0x10;

/// Black dots on paper, row by row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Picture {
    width: usize,
    height: usize,
    /// Whole bytes a row, the leftmost dot the highest bit.
    rows: Vec<u8>,
}

/// Why bytes are no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParsePictureError {
    /// It is of another form.
    #[error("read picture: a PBM file of kind P4 is needed (convert logo.png -monochrome logo.pbm)")]
    NotPbm,
    /// It has no dots, or a side of more than 4,096.
    #[error("read picture: {width} by {height} dots, each side may have 1 to {SIDE_DOTS_MAX}")]
    Size {
        /// Dots in a row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// It ends before its last row.
    #[error("read picture: it is cut off")]
    CutOff,
}

impl Picture {
    /// Draws dot by dot; a side of nothing, or beyond [`SIDE_DOTS_MAX`], is cut to what is allowed.
    pub fn draw(width: usize, height: usize, is_black: impl Fn(usize, usize) -> bool) -> Self {
        let (width, height) = (width.clamp(1, SIDE_DOTS_MAX), height.clamp(1, SIDE_DOTS_MAX));
        let row_bytes = width.div_ceil(8);
        let mut rows = vec![0_u8; row_bytes * height];
        for y in 0..height {
            for x in (0..width).filter(|x| is_black(*x, y)) {
                rows[y * row_bytes + x / 8] |= 0x80 >> (x % 8);
            }
        }
        Self { width, height, rows }
    }

    /// Reads a PBM file of kind P4: a header in text, then bits, 1 for black.
    ///
    /// # Errors
    /// It is none, too large or cut off.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParsePictureError> {
        let rest = bytes.strip_prefix(b"P4").ok_or(ParsePictureError::NotPbm)?;
        let (width, rest) = number(rest).ok_or(ParsePictureError::NotPbm)?;
        let (height, rest) = number(rest).ok_or(ParsePictureError::NotPbm)?;
        // One blank ends the header; the bits may begin with what looks like another.
        let Some((b' ' | b'\n' | b'\r' | b'\t', rest)) = rest.split_first() else {
            return Err(ParsePictureError::NotPbm);
        };
        let allowed = 1..=SIDE_DOTS_MAX;
        if !allowed.contains(&width) || !allowed.contains(&height) {
            return Err(ParsePictureError::Size { width, height });
        }
        let rows = rest.get(..width.div_ceil(8) * height).ok_or(ParsePictureError::CutOff)?;
        Ok(Self { width, height, rows: rows.to_vec() })
    }

    /// Dots in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The picture as `GS v 0`.
    ///
    /// Printers look for real-time commands in pictures too, and those begin with the byte 0x10: its one dot is drawn a
    /// dot further left, lest a picture open the drawer.
    pub(super) fn raster(&self) -> Vec<u8> {
        let row_bytes = self.width.div_ceil(8);
        let low_high = |number: usize| u16::try_from(number).unwrap_or(u16::MAX).to_le_bytes();
        let mut command = vec![0x1d, b'v', b'0', 0];
        command.extend(low_high(row_bytes));
        command.extend(low_high(self.height));
        command.extend(self.rows.iter().map(|byte| match *byte {
            REAL_TIME_PREFIX => REAL_TIME_PREFIX << 1,
            byte => byte,
        }));
        command
    }
}

/// The first number of a header, after blanks and comments, and what stands behind it.
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut rest = bytes;
    loop {
        match rest.split_first()? {
            (b' ' | b'\n' | b'\r' | b'\t', more) => rest = more,
            (b'#', more) => rest = &more[more.iter().position(|byte| *byte == b'\n')?..],
            _ => break,
        }
    }
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let digits = std::str::from_utf8(&rest[..length]).ok()?;
    Some((digits.parse().ok()?, &rest[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pbm_file_is_read_and_rubbish_refused() {
        let picture = Picture::parse(b"P4\n# made by hand\n10 2\n\xff\xc0\x10\x40").expect("a picture");
        assert_eq!((picture.width(), picture.height()), (10, 2));
        assert_eq!(picture, Picture::draw(10, 2, |x, y| y == 0 || x == 3 || x == 9));
        for wrong in [&b""[..], b"P1\n1 1\n1", b"P4", b"P4 10", b"P4 x 2\n", b"P4 1 1", b"P4 # no end"] {
            assert_eq!(Picture::parse(wrong), Err(ParsePictureError::NotPbm), "{wrong:?}");
        }
        assert_eq!(Picture::parse(b"P4 0 5\n"), Err(ParsePictureError::Size { width: 0, height: 5 }));
        assert_eq!(
            Picture::parse(b"P4 99999 5\n"),
            Err(ParsePictureError::Size { width: 99_999, height: 5 })
        );
        assert_eq!(Picture::parse(b"P4 16 2\n\xff\xff\xff"), Err(ParsePictureError::CutOff));
    }

    #[test]
    fn no_picture_opens_the_drawer() {
        // DLE DC4 1 0 1 in the dots.
        let picture = Picture::parse(b"P4 40 1\n\x10\x14\x01\x00\x01").expect("a picture");
        let bytes = picture.raster();
        assert!(bytes.starts_with(b"\x1dv0\x00\x05\x00\x01\x00"));
        assert!(!bytes[8..].contains(&REAL_TIME_PREFIX), "{bytes:x?}");
    }
}
