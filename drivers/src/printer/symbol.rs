//! A QR code as squares, for whoever draws it elsewhere than on paper.

use qrcode::{Color, EcLevel, QrCode};

/// Light squares around the code, as ISO/IEC 18004 asks for.
const QUIET: usize = 4;

/// The squares of a text, dark ones `true`, row by row, with the light ones around it: how many a row has, and all of
/// them. `None` where the text is too long.
pub fn qr_squares(text: &str) -> Option<(usize, Vec<bool>)> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let inner = code.width();
    let width = inner + 2 * QUIET;
    let mut dark = vec![false; width * width];
    for (place, colour) in code.to_colors().into_iter().enumerate() {
        let (row, column) = (place / inner + QUIET, place % inner + QUIET);
        dark[row * width + column] = colour == Color::Dark;
    }
    Some((width, dark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_corner_and_a_light_edge() {
        let (width, dark) = qr_squares("RS001-1-1-41-K").expect("short enough");
        assert_eq!(dark.len(), width * width);
        assert!(dark[..QUIET * width].iter().all(|square| !square));
        // The finder pattern: seven dark squares.
        assert!(dark[QUIET * width + QUIET..][..7].iter().all(|square| *square));
        assert_eq!(qr_squares(&"x".repeat(5_000)), None);
    }
}
