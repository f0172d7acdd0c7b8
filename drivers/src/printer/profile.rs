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
    /// Whether it answers.
    pub status: StatusSupport,
    /// How it opens the drawer.
    pub drawer: DrawerPulse,
}

const PAPER_80_MM: Profile = Profile {
    name: "generic-80",
    columns: 48,
    dots: 576,
    charset: Charset::Gbk,
    cutter: true,
    native_qr: true,
    status: StatusSupport::None,
    drawer: DrawerPulse::Queued,
};

const PAPER_58_MM: Profile =
    Profile { name: "generic-58", columns: 32, dots: 384, cutter: false, native_qr: false, ..PAPER_80_MM };

/// Why a name is not a [`Profile`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("look up printer profile {name:?}: known are {}", Profile::BUILT_IN.map(|profile| profile.name).join(", "))]
pub struct ParseProfileError {
    name: String,
}

impl Profile {
    /// The models known without configuration.
    pub const BUILT_IN: [Self; 6] = [
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
            name: "xprinter-xp80",
            status: StatusSupport::Full,
            drawer: DrawerPulse::RealTime,
            ..PAPER_80_MM
        },
        Self { name: "gprinter-gp58", ..PAPER_58_MM },
        Self { name: "sunmi-v2", charset: Charset::Gb18030, native_qr: true, ..PAPER_58_MM },
    ];

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
            // Twelve dots are one column at eight dots per millimetre.
            assert_eq!(profile.columns * 12, profile.dots);
        }
    }

    #[test]
    fn an_unknown_profile_is_refused_with_the_names_there_are() {
        let error = Profile::parse("lp-2000").expect_err("no such profile").to_string();
        assert!(error.contains("lp-2000") && error.contains("sunmi-v2"), "{error}");
    }
}
