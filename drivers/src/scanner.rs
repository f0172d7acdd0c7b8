//! Barcode scanners: what they sent, and what kind of symbol they say it was. What the text means is for others.

#[cfg(target_os = "linux")]
pub mod evdev;
pub mod keys;
pub mod serial;
pub mod wedge;

/// The kind of symbol that was scanned, as the scanner's AIM identifier says (ISO/IEC 15424).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Symbology {
    /// `]E0`: EAN-13, UPC-A or UPC-E.
    Ean,
    /// `]E4`: EAN-8.
    Ean8,
    /// `]C1`: GS1-128.
    Gs1Code128,
    /// `]C0`: Code 128 without GS1 meaning.
    Code128,
    /// `]e0`: GS1 DataBar.
    Gs1DataBar,
    /// `]d2`: GS1 DataMatrix.
    Gs1DataMatrix,
    /// `]Q3`: GS1 QR code.
    Gs1Qr,
    /// `]Q1`: QR code without GS1 meaning.
    Qr,
    /// An identifier of the right form that is none of the above.
    Other {
        /// The letter after the bracket.
        letter: char,
        /// The character after the letter.
        modifier: char,
    },
}

impl Symbology {
    /// The letter and the modifier of its identifier.
    fn identifier(self) -> (char, char) {
        match self {
            Self::Ean => ('E', '0'),
            Self::Ean8 => ('E', '4'),
            Self::Gs1Code128 => ('C', '1'),
            Self::Code128 => ('C', '0'),
            Self::Gs1DataBar => ('e', '0'),
            Self::Gs1DataMatrix => ('d', '2'),
            Self::Gs1Qr => ('Q', '3'),
            Self::Qr => ('Q', '1'),
            Self::Other { letter, modifier } => (letter, modifier),
        }
    }

    fn parse(letter: char, modifier: char) -> Self {
        match (letter, modifier) {
            ('E', '0') => Self::Ean,
            ('E', '4') => Self::Ean8,
            ('C', '1') => Self::Gs1Code128,
            ('C', '0') => Self::Code128,
            ('e', '0') => Self::Gs1DataBar,
            ('d', '2') => Self::Gs1DataMatrix,
            ('Q', '3') => Self::Gs1Qr,
            ('Q', '1') => Self::Qr,
            (letter, modifier) => Self::Other { letter, modifier },
        }
    }
}

/// One scan: the text of the symbol, without terminator and without AIM identifier.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scan {
    /// The kind of symbol; `None` when the scanner does not send identifiers.
    pub symbology: Option<Symbology>,
    /// The text, with GS (0x1D) where the symbol separates fields.
    pub text: String,
}

impl Scan {
    /// Parses what a scanner sent for one symbol, taking off an AIM identifier such as `]E0`.
    ///
    /// Never refuses: without an identifier all of `raw` is the text.
    pub fn parse(raw: &str) -> Self {
        let mut characters = raw.chars();
        if let (Some(']'), Some(letter), Some(modifier)) =
            (characters.next(), characters.next(), characters.next())
            && letter.is_ascii_alphabetic()
            && modifier.is_ascii_alphanumeric()
        {
            return Self {
                symbology: Some(Symbology::parse(letter, modifier)),
                text: characters.as_str().to_owned(),
            };
        }
        Self { symbology: None, text: raw.to_owned() }
    }

    /// What the scanner sent, for whoever needs to know the kind of symbol with the text.
    pub fn raw(&self) -> String {
        match self.symbology.map(Symbology::identifier) {
            Some((letter, modifier)) => format!("]{letter}{modifier}{}", self.text),
            None => self.text.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_taken_off_and_named() {
        for (raw, symbology, text) in [
            ("]E06901234567892", Some(Symbology::Ean), "6901234567892"),
            ("]E496385074", Some(Symbology::Ean8), "96385074"),
            (
                "]C1010690123456789210A\u{1d}17271231",
                Some(Symbology::Gs1Code128),
                "010690123456789210A\u{1d}17271231",
            ),
            ("]C0LANE-7", Some(Symbology::Code128), "LANE-7"),
            ("]e00106901234567892", Some(Symbology::Gs1DataBar), "0106901234567892"),
            ("]d20106901234567892", Some(Symbology::Gs1DataMatrix), "0106901234567892"),
            ("]Q30106901234567892", Some(Symbology::Gs1Qr), "0106901234567892"),
            ("]Q1https://example.cn/会员", Some(Symbology::Qr), "https://example.cn/会员"),
            ("]A0CODE39", Some(Symbology::Other { letter: 'A', modifier: '0' }), "CODE39"),
            ("6901234567892", None, "6901234567892"),
            ("]", None, "]"),
            ("]E", None, "]E"),
            ("]会员", None, "]会员"),
            ("", None, ""),
        ] {
            assert_eq!(Scan::parse(raw), Scan { symbology, text: text.to_owned() }, "{raw}");
            assert_eq!(Scan::parse(raw).raw(), raw);
        }
    }
}
