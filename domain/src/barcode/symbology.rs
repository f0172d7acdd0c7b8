//! AIM identifiers: the three characters with which a scanner says what kind of symbol it saw (ISO/IEC 15424). Knows
//! nothing of what the symbol holds.

/// The kind of symbol that was scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbology {
    /// `]E0`: EAN-13, UPC-A or UPC-E.
    Ean,
    /// `]E1`, `]E2`: the two- or five-digit add-on beside an EAN, alone.
    AddOn,
    /// `]E3`: EAN-13, UPC-A or UPC-E together with its add-on.
    EanAddOn,
    /// `]E4`: EAN-8.
    Ean8,
    /// `]C1`: GS1-128.
    Gs1Code128,
    /// `]C0`, `]C2`: Code 128 without GS1 meaning.
    Code128,
    /// `]A.`: Code 39.
    Code39,
    /// `]I.`: interleaved 2 of 5, ITF-14 among it.
    Itf,
    /// `]e.`: GS1 DataBar and GS1 composite symbols.
    Gs1DataBar,
    /// `]d2`: GS1 DataMatrix.
    Gs1DataMatrix,
    /// `]d.`: Data Matrix without GS1 meaning.
    DataMatrix,
    /// `]Q3`: GS1 QR code.
    Gs1Qr,
    /// `]Q.`: QR code without GS1 meaning.
    Qr,
    /// `]J1`: GS1 DotCode.
    Gs1DotCode,
    /// Any other kind.
    Other,
}

impl Symbology {
    fn parse(letter: u8, modifier: u8) -> Self {
        match (letter, modifier) {
            (b'E', b'0') => Self::Ean,
            (b'E', b'1' | b'2') => Self::AddOn,
            (b'E', b'3') => Self::EanAddOn,
            (b'E', b'4') => Self::Ean8,
            (b'C', b'1') => Self::Gs1Code128,
            (b'C', b'0' | b'2') => Self::Code128,
            (b'A', _) => Self::Code39,
            (b'I', _) => Self::Itf,
            (b'e', _) => Self::Gs1DataBar,
            (b'd', b'2') => Self::Gs1DataMatrix,
            (b'd', _) => Self::DataMatrix,
            (b'Q', b'3') => Self::Gs1Qr,
            (b'Q', _) => Self::Qr,
            (b'J', b'1') => Self::Gs1DotCode,
            _ => Self::Other,
        }
    }

    /// Its name, such as `GS1-128`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ean => "EAN",
            Self::AddOn => "EAN add-on",
            Self::EanAddOn => "EAN with add-on",
            Self::Ean8 => "EAN-8",
            Self::Gs1Code128 => "GS1-128",
            Self::Code128 => "Code 128",
            Self::Code39 => "Code 39",
            Self::Itf => "ITF",
            Self::Gs1DataBar => "GS1 DataBar",
            Self::Gs1DataMatrix => "GS1 DataMatrix",
            Self::DataMatrix => "Data Matrix",
            Self::Gs1Qr => "GS1 QR Code",
            Self::Qr => "QR Code",
            Self::Gs1DotCode => "GS1 DotCode",
            Self::Other => "other",
        }
    }

    /// Whether what it holds is an element string and nothing else.
    pub const fn is_gs1(self) -> bool {
        matches!(
            self,
            Self::Gs1Code128 | Self::Gs1DataBar | Self::Gs1DataMatrix | Self::Gs1Qr | Self::Gs1DotCode
        )
    }

    /// Whether what it holds is digits and nothing else.
    pub const fn is_numeric(self) -> bool {
        matches!(self, Self::Ean | Self::AddOn | Self::EanAddOn | Self::Ean8 | Self::Itf)
    }
}

/// Takes the identifier off a scan; all of it is data where it has none.
pub fn split(scan: &str) -> (Option<Symbology>, &str) {
    match scan.as_bytes() {
        [b']', letter, modifier, ..] if letter.is_ascii_alphabetic() && modifier.is_ascii_alphanumeric() => {
            (Some(Symbology::parse(*letter, *modifier)), scan.get(3..).unwrap_or_default())
        }
        _ => (None, scan),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_taken_off_and_named() {
        for (scan, symbology, data) in [
            ("]E06901234567892", Some(Symbology::Ean), "6901234567892"),
            ("]C10106901234567892", Some(Symbology::Gs1Code128), "0106901234567892"),
            ("]d2", Some(Symbology::Gs1DataMatrix), ""),
            ("]Z9x", Some(Symbology::Other), "x"),
            ("]会员", None, "]会员"),
            ("]E", None, "]E"),
            ("6901234567892", None, "6901234567892"),
        ] {
            assert_eq!(split(scan), (symbology, data), "{scan}");
        }
    }
}
