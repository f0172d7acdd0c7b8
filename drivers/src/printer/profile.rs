//! What a printer model can do, as data. Which printer stands where is configuration.

/// The encoding in which a printer takes Chinese text; a setting of each printer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Charset {
    /// One byte for ASCII, two for a hanzi.
    Gbk,
    /// As [`Charset::Gbk`] with a few more signs; its four-byte forms are never sent.
    Gb18030,
    /// For printers set to UTF-8 by their own configuration.
    Utf8,
}

/// Whether a printer answers questions about itself (`DLE EOT`, `GS r`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusSupport {
    /// It answers both; printing can be confirmed.
    Full,
    /// It answers nothing, so nothing is asked: some clones would print the question.
    None,
}

/// How the drawer behind a printer is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DrawerPulse {
    /// `DLE DC4`: at once, also while the printer waits for paper.
    RealTime,
    /// `ESC p`: in its turn, after what was sent before. While the printer waits for paper it would open the drawer
    /// when the roll is changed, with nobody near; it is refused then.
    Queued,
}

/// A printer model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// The name in configuration.
    pub name: &'static str,
    /// Characters in one line; a hanzi takes two.
    pub columns: usize,
    /// Dots in one line, eight to the millimetre.
    pub dots: usize,
    /// How it takes Chinese.
    pub charset: Charset,
    /// Whether it cuts the paper.
    pub cutter: bool,
    /// Whether it draws QR codes itself; otherwise they are sent as pictures.
    pub native_qr: bool,
    /// Whether it draws Code 128 barcodes itself; otherwise they are sent as pictures.
    pub native_barcode: bool,
    /// Whether it answers.
    pub status: StatusSupport,
    /// How it opens the drawer.
    pub drawer: DrawerPulse,
}

/// Dots of one column of the normal font.
const COLUMN_DOTS: usize = 12;
/// The fewest columns of a line: paper 38 mm wide.
pub const COLUMNS_MIN: usize = 24;
/// The most: paper 112 mm wide.
pub const COLUMNS_MAX: usize = 69;

/// Why a printer cannot have lines of so many columns.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "set columns {columns}: a line has {COLUMNS_MIN} to {COLUMNS_MAX}, 48 on 80 mm paper and 32 on 58 mm"
)]
pub struct ColumnsError {
    columns: usize,
}

const PAPER_80_MM: Profile = Profile {
    name: "generic-80",
    columns: 48,
    dots: 576,
    charset: Charset::Gbk,
    cutter: true,
    native_qr: true,
    native_barcode: true,
    status: StatusSupport::None,
    drawer: DrawerPulse::Queued,
};

const PAPER_58_MM: Profile = Profile {
    name: "generic-58",
    columns: 32,
    dots: 384,
    cutter: false,
    native_qr: false,
    native_barcode: false,
    ..PAPER_80_MM
};

/// Why a name is not a [`Profile`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("look up printer profile {name:?}: known are {}", Profile::BUILT_IN.map(|profile| profile.name).join(", "))]
pub struct ParseProfileError {
    name: String,
}

impl Profile {
    /// The models known without configuration.
    pub const BUILT_IN: [Self; 7] = [
        PAPER_80_MM,
        PAPER_58_MM,
        Self {
            name: "epson-tm-t88",
            charset: Charset::Gb18030,
            status: StatusSupport::Full,
            drawer: DrawerPulse::RealTime,
            ..PAPER_80_MM
        },
        Self {
            name: "epson-tm-t20",
            charset: Charset::Gb18030,
            status: StatusSupport::Full,
            drawer: DrawerPulse::RealTime,
            ..PAPER_80_MM
        },
        Self {
            name: "xprinter-xp80",
            status: StatusSupport::Full,
            drawer: DrawerPulse::RealTime,
            ..PAPER_80_MM
        },
        Self { name: "gprinter-gp58", ..PAPER_58_MM },
        Self {
            name: "sunmi-v2",
            charset: Charset::Gb18030,
            native_qr: true,
            native_barcode: true,
            ..PAPER_58_MM
        },
    ];

    /// The same model set to lines of so many columns, each twelve dots wide.
    ///
    /// # Errors
    /// No receipt printer has lines as narrow or as wide.
    pub fn with_columns(self, columns: usize) -> Result<Self, ColumnsError> {
        if !(COLUMNS_MIN..=COLUMNS_MAX).contains(&columns) {
            return Err(ColumnsError { columns });
        }
        Ok(Self { columns, dots: columns * COLUMN_DOTS, ..self })
    }

    /// Finds a built-in profile by its name.
    ///
    /// # Errors
    /// There is no profile of that name; the message lists those there are.
    pub fn parse(name: &str) -> Result<Self, ParseProfileError> {
        Self::BUILT_IN
            .into_iter()
            .find(|profile| profile.name == name)
            .ok_or_else(|| ParseProfileError { name: name.to_owned() })
    }
}

impl std::str::FromStr for Profile {
    type Err = ParseProfileError;

    fn from_str(name: &str) -> Result<Self, ParseProfileError> {
        Self::parse(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_is_found_by_its_name_and_fits_its_paper() {
        for profile in Profile::BUILT_IN {
            assert_eq!(Profile::parse(profile.name), Ok(profile));
            assert_eq!(profile.columns * COLUMN_DOTS, profile.dots);
        }
    }

    #[test]
    fn a_line_is_as_wide_as_its_columns_or_refused() {
        let narrow = Profile::parse("epson-tm-t20").expect("known").with_columns(42).expect("possible");
        assert_eq!((narrow.columns, narrow.dots, narrow.name), (42, 504, "epson-tm-t20"));
        for columns in [0, COLUMNS_MIN - 1, COLUMNS_MAX + 1] {
            let error = narrow.with_columns(columns).expect_err("impossible").to_string();
            assert!(error.contains(&columns.to_string()), "{error}");
        }
    }

    #[test]
    fn an_unknown_profile_is_refused_with_the_names_there_are() {
        let error = Profile::parse("lp-2000").expect_err("no such profile").to_string();
        assert!(error.contains("lp-2000") && error.contains("sunmi-v2"), "{error}");
    }
}
