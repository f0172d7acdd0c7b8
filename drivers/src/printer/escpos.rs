//! A document as ESC/POS bytes for one printer model. Sends nothing.
//!
//! The `escpos` crate writes the commands it has; those it lacks (Chinese mode, raster pictures, Code 128, the drawer
//! pulse with its two times) are sent through it as raw bytes. Its own drawer command leaves the times out and so
//! swallows the next two bytes of text.

use std::cell::RefCell;

use escpos::driver::Driver;
use escpos::errors::PrinterError;
use escpos::printer::Printer;
use escpos::utils::{Encoder, JustifyMode, Protocol, QRCodeCorrectionLevel, QRCodeModel, QRCodeOption};
use qrcode::{Color, EcLevel, QrCode};

use super::barcode;
use super::charset::{is_printable, normalise};
use super::document::{Align, Document, Size};
use super::layout::{Line, lay_out, lay_out_with};
use super::picture::Picture;
use super::profile::{Charset, DrawerPulse, Profile, StatusSupport};
use super::typeface::Typeface;

/// Most rows of one document. A receipt has two or three for each line of its basket, and ten where much was taken off a
/// line; the largest basket has 2,000 lines.
pub const ROWS_MAX: usize = 20_000;
/// Most bytes of one document when encoded: a common receipt has two or three thousand, one of [`ROWS_MAX`] rows with
/// a drawn line in every third has some eight million.
pub const ENCODED_LENGTH_MAX: usize = 16 * 1_024 * 1_024;
/// Most bytes in a QR code: beyond it the dots become too fine for receipt paper.
pub const QR_DATA_LENGTH_MAX: usize = 512;

/// Empty modules around a QR code (ISO/IEC 18004, 6.3.8).
const QR_QUIET_MODULES: usize = 4;
/// Dots of one QR module: 0.75 mm where it fits, never under 0.25 mm.
const QR_MODULE_DOTS_MAX: usize = 6;
const QR_MODULE_DOTS_MIN: usize = 2;
/// Dots of the thinnest bar: 0.25 mm, the least that GS w allows.
const BARCODE_MODULE_DOTS: u8 = 2;
/// Height of a barcode in dots: 10 mm.
const BARCODE_HEIGHT_DOTS: u8 = 80;
/// Modules of Code 128 beside the data: start, check and stop symbols.
const CODE_128_FRAME_MODULES: usize = 35;
/// Modules of one Code 128 symbol.
const CODE_128_SYMBOL_MODULES: usize = 11;
/// Lines fed before a cut on printers that only cut where they stand, or up to the tear bar on those that do not cut.
const FEED_LINES: u8 = 4;

/// DLE, the first byte of every real-time command.
const REAL_TIME_PREFIX: u8 = 0x10;
const CHINESE_MODE: &[u8] = &[0x1c, b'&'];
const CHINESE_MODE_END: &[u8] = &[0x1c, b'.'];
/// `GS r 1`: answered only when everything before it is on paper.
pub(super) const BARRIER: &[u8] = &[0x1d, b'r', 1];
/// `GS a 14`: the printer says unasked when it goes off line, meets an error, or its paper ends. `ESC @` ends that.
const SAY_UNASKED: &[u8] = &[0x1d, b'a', 0x0e];
/// `DLE DC4 1 0 1`: real-time pulse on pin 2 for 100 ms.
const DRAWER_REAL_TIME: &[u8] = &[0x10, 0x14, 1, 0, 1];
/// `ESC p 0 25 250`: pulse on pin 2, 50 ms on, 500 ms off.
const DRAWER_QUEUED: &[u8] = &[0x1b, b'p', 0, 25, 250];

/// Why a document cannot become bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// It has more than [`ROWS_MAX`] rows.
    #[error("encode document: {rows} rows, at most {ROWS_MAX}")]
    TooManyRows {
        /// How many it has.
        rows: usize,
    },
    /// It takes more than [`ENCODED_LENGTH_MAX`] bytes.
    #[error("encode document: {bytes} bytes, at most {ENCODED_LENGTH_MAX}")]
    TooLong {
        /// How many it takes.
        bytes: usize,
    },
    /// The QR code would hold more than [`QR_DATA_LENGTH_MAX`] bytes or not fit the paper.
    #[error("encode QR code of {bytes} bytes: it does not fit the paper")]
    QrTooLong {
        /// How many bytes it would hold.
        bytes: usize,
    },
    /// The encoder refused a command.
    #[error("encode document: {0}")]
    Refused(String),
}

impl From<PrinterError> for EncodeError {
    fn from(error: PrinterError) -> Self {
        Self::Refused(error.to_string())
    }
}

/// The bytes that open the drawer. They are sent once and never repeated by themselves.
pub fn drawer_pulse(pulse: DrawerPulse) -> &'static [u8] {
    match pulse {
        DrawerPulse::RealTime => DRAWER_REAL_TIME,
        DrawerPulse::Queued => DRAWER_QUEUED,
    }
}

/// Encodes a document for a printer.
///
/// Text that the printer's font lacks is replaced by something close (see [`normalise`]).
///
/// # Errors
/// The document is beyond a bound; nothing was encoded.
pub fn encode(document: &Document, profile: &Profile) -> Result<Vec<u8>, EncodeError> {
    encode_with(document, profile, None)
}

/// The same with a typeface for what the printer's font lacks: a line with such a character is a picture.
///
/// # Errors
/// The document is beyond a bound; nothing was encoded.
pub fn encode_with(
    document: &Document,
    profile: &Profile,
    typeface: Option<&Typeface>,
) -> Result<Vec<u8>, EncodeError> {
    if document.rows.len() > ROWS_MAX {
        return Err(EncodeError::TooManyRows { rows: document.rows.len() });
    }
    let codec = match profile.charset {
        Charset::Gbk => encoding_rs::GBK,
        Charset::Gb18030 => encoding_rs::GB18030,
        Charset::Utf8 => encoding_rs::UTF_8,
    };
    let mut pen = Pen {
        printer: Printer::new(Collector::default(), Protocol::new(Encoder::new(codec)), None),
        profile,
        align: Align::Left,
        bold: false,
        size: Size::Normal,
    };
    pen.printer.init()?;
    match profile.status {
        // What a printer whose memory is full cannot be asked, it says by itself.
        StatusSupport::Full => {
            pen.printer.custom(SAY_UNASKED)?;
        }
        StatusSupport::None => {}
    }
    for line in lay_out_with(document, profile.columns, profile.charset, typeface) {
        match line {
            Line::Text { text, align, bold, size } => match typeface {
                Some(typeface) if !is_printable(&text, profile.charset) => {
                    pen.drawn(&typeface.draw(&text, bold, size), align)?;
                }
                Some(_) | None => pen.text(&text, align, bold, size)?,
            },
            Line::Qr { data } => pen.qr(&data)?,
            Line::Barcode { data } => pen.barcode(&data)?,
            Line::Picture(picture) => pen.picture(&picture)?,
            Line::Cut => pen.cut()?,
        }
    }
    pen.printer.print()?;
    let bytes = pen.printer.driver().bytes.into_inner();
    if bytes.len() > ENCODED_LENGTH_MAX {
        return Err(EncodeError::TooLong { bytes: bytes.len() });
    }
    Ok(bytes)
}

/// The encoder with what is set on the printer so far.
struct Pen<'a> {
    printer: Printer<Collector>,
    profile: &'a Profile,
    align: Align,
    bold: bool,
    size: Size,
}

impl Pen<'_> {
    fn text(&mut self, text: &str, align: Align, bold: bool, size: Size) -> Result<(), EncodeError> {
        self.style(align, bold, size)?;
        let chinese = !text.is_ascii() && self.profile.charset != Charset::Utf8;
        if chinese {
            self.printer.custom(CHINESE_MODE)?;
        }
        self.printer.write(text)?;
        if chinese {
            self.printer.custom(CHINESE_MODE_END)?;
        }
        self.printer.feed()?;
        Ok(())
    }

    /// A line of text as a picture, where the text would stand.
    fn drawn(&mut self, picture: &Picture, align: Align) -> Result<(), EncodeError> {
        self.style(align, false, Size::Normal)?;
        self.printer.custom(&picture.raster())?;
        Ok(())
    }

    fn qr(&mut self, data: &str) -> Result<(), EncodeError> {
        let too_long = EncodeError::QrTooLong { bytes: data.len() };
        if data.len() > QR_DATA_LENGTH_MAX {
            return Err(too_long);
        }
        let code = QrCode::with_error_correction_level(data, EcLevel::M).map_err(|_| too_long.clone())?;
        let modules = code.width() + 2 * QR_QUIET_MODULES;
        let module_dots = (self.profile.dots / modules).min(QR_MODULE_DOTS_MAX);
        if module_dots < QR_MODULE_DOTS_MIN {
            return Err(too_long);
        }
        self.style(Align::Centre, false, Size::Normal)?;
        if self.profile.native_qr {
            let size = u8::try_from(module_dots).expect("at most six dots");
            let option = QRCodeOption::new(QRCodeModel::Model2, size, QRCodeCorrectionLevel::M);
            self.printer.qrcode_option(data, option)?;
        } else {
            self.printer.custom(&drawn(&code, module_dots).raster())?;
        }
        Ok(())
    }

    fn picture(&mut self, picture: &Picture) -> Result<(), EncodeError> {
        if picture.width() <= self.profile.dots {
            self.style(Align::Centre, false, Size::Normal)?;
            self.printer.custom(&picture.raster())?;
        }
        Ok(())
    }

    fn barcode(&mut self, data: &str) -> Result<(), EncodeError> {
        let content = code_128(data);
        let fits = content.as_ref().is_some_and(|(_, symbols)| {
            (symbols * CODE_128_SYMBOL_MODULES + CODE_128_FRAME_MODULES) * usize::from(BARCODE_MODULE_DOTS)
                <= self.profile.dots
        });
        let Some((content, _)) = content.filter(|_| fits) else {
            return self.below_barcode(data);
        };
        self.style(Align::Centre, false, Size::Normal)?;
        if !self.profile.native_barcode {
            let drawn =
                barcode::drawn(data, usize::from(BARCODE_MODULE_DOTS), usize::from(BARCODE_HEIGHT_DOTS));
            return match drawn.filter(|picture| picture.width() <= self.profile.dots) {
                Some(picture) => {
                    self.printer.custom(&picture.raster())?;
                    self.below_barcode(data)
                }
                None => self.below_barcode(data),
            };
        }
        // Height, thinnest bar, text below, then GS k 73 (Code 128) with its length.
        self.printer.custom(&[
            0x1d,
            b'h',
            BARCODE_HEIGHT_DOTS,
            0x1d,
            b'w',
            BARCODE_MODULE_DOTS,
            0x1d,
            b'H',
            2,
        ])?;
        let length = u8::try_from(content.len()).expect("a barcode that fits the paper has under 256 bytes");
        let mut command = vec![0x1d, b'k', 73, length];
        command.extend(content);
        self.printer.custom(&command)?;
        Ok(())
    }

    /// What a barcode holds, to be read by people.
    fn below_barcode(&mut self, data: &str) -> Result<(), EncodeError> {
        let charset = self.profile.charset;
        let document = Document::new().centred(normalise(data, charset));
        for line in lay_out(&document, self.profile.columns, charset) {
            if let Line::Text { text, align, bold, size } = line {
                self.text(&text, align, bold, size)?;
            }
        }
        Ok(())
    }

    fn cut(&mut self) -> Result<(), EncodeError> {
        self.style(Align::Left, false, Size::Normal)?;
        if self.profile.cutter {
            // GS V 65 feeds to the cutter by itself.
            self.printer.cut()?;
        } else {
            self.printer.feeds(FEED_LINES)?;
        }
        Ok(())
    }

    /// Sets what differs from what is set.
    fn style(&mut self, align: Align, bold: bool, size: Size) -> Result<(), EncodeError> {
        if self.align != align {
            self.printer.justify(match align {
                Align::Left => JustifyMode::LEFT,
                Align::Centre => JustifyMode::CENTER,
                Align::Right => JustifyMode::RIGHT,
            })?;
            self.align = align;
        }
        if self.bold != bold {
            self.printer.bold(bold)?;
            self.bold = bold;
        }
        if self.size != size {
            match size {
                Size::Normal => self.printer.size(1, 1)?,
                Size::DoubleHeight => self.printer.size(1, 2)?,
                Size::Double => self.printer.size(2, 2)?,
            };
            self.size = size;
        }
        Ok(())
    }
}

/// The QR code as a picture with its quiet zone.
fn drawn(code: &QrCode, module_dots: usize) -> Picture {
    let modules = code.width() + 2 * QR_QUIET_MODULES;
    let colors = code.to_colors();
    let side = modules * module_dots;
    Picture::draw(side, side, |x, y| {
        let inside =
            |at: usize| (at / module_dots).checked_sub(QR_QUIET_MODULES).filter(|at| *at < code.width());
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => colors[y * code.width() + x] == Color::Dark,
            _ => false,
        }
    })
}

/// The content of a Code 128 barcode for `GS k 73` and how many symbols it takes: digits in pairs (code set C) where
/// all are digits and even in number, else code set B. `None` for what Code 128 B cannot hold.
///
/// The pair 16 is the byte 0x10 with which real-time commands start, and printers obey those inside data too
/// ("16 20 01" would open the drawer), so digits with that pair stay in code set B.
fn code_128(data: &str) -> Option<(Vec<u8>, usize)> {
    if data.is_empty() || !data.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return None;
    }
    if data.len().is_multiple_of(2) && data.bytes().all(|byte| byte.is_ascii_digit()) {
        let pairs: Vec<u8> =
            data.as_bytes().chunks(2).map(|pair| (pair[0] - b'0') * 10 + pair[1] - b'0').collect();
        if !pairs.contains(&REAL_TIME_PREFIX) {
            let symbols = pairs.len();
            return Some(([b"{C".as_slice(), &pairs].concat(), symbols));
        }
    }
    let mut content = b"{B".to_vec();
    for byte in data.bytes() {
        content.push(byte);
        if byte == b'{' {
            // A brace announces a code set; twice it stands for itself.
            content.push(byte);
        }
    }
    Some((content, data.len()))
}

/// Collects what the encoder writes.
#[derive(Default)]
struct Collector {
    bytes: RefCell<Vec<u8>>,
}

impl Driver for Collector {
    fn name(&self) -> String {
        "collector".to_owned()
    }

    fn write(&self, data: &[u8]) -> Result<(), PrinterError> {
        self.bytes.borrow_mut().extend_from_slice(data);
        Ok(())
    }

    fn read(&self, _: &mut [u8]) -> Result<usize, PrinterError> {
        Ok(0)
    }

    fn flush(&self) -> Result<(), PrinterError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printer::Row;

    fn profile(name: &str) -> Profile {
        Profile::parse(name).expect("a built-in profile")
    }

    fn contains(bytes: &[u8], part: &[u8]) -> bool {
        bytes.windows(part.len()).any(|window| window == part)
    }

    #[test]
    fn chinese_goes_between_the_chinese_mode_commands_in_gbk() {
        let bytes =
            encode(&Document::new().text("OK").text("合计 ¥1"), &profile("generic-80")).expect("it encodes");
        let mut expected = b"\x1b@OK\x1bd\x01".to_vec();
        expected.extend(b"\x1c&\xba\xcf\xbc\xc6 \xa3\xa41\x1c.\x1bd\x01");
        assert_eq!(bytes, expected);
    }

    #[test]
    fn no_printer_is_sent_four_byte_characters_or_character_references() {
        let document = Document::new().text("¥ \u{a0}²🥛𠮷é");
        for name in ["generic-80", "epson-tm-t88"] {
            let bytes = encode(&document, &profile(name)).expect("it encodes");
            assert!(contains(&bytes, b"\xa3\xa4  2\xa1\xfe\xa1\xfe\xa8\xa6"), "{bytes:x?}");
        }
    }

    #[test]
    fn the_drawer_pulse_has_both_its_times() {
        assert_eq!(drawer_pulse(DrawerPulse::Queued), [0x1b, 0x70, 0, 25, 250]);
        assert_eq!(drawer_pulse(DrawerPulse::RealTime), [0x10, 0x14, 1, 0, 1]);
    }

    #[test]
    fn a_printer_without_qr_gets_a_picture_and_one_without_cutter_a_feed() {
        let document = Document::new().qr("https://example.cn/r/1").cut();
        let native = encode(&document, &profile("epson-tm-t88")).expect("it encodes");
        assert!(contains(&native, b"\x1d(k") && contains(&native, b"\x1dVA"));
        let drawn = encode(&document, &profile("generic-58")).expect("it encodes");
        assert!(
            contains(&drawn, b"\x1dv0\x00") && !contains(&drawn, b"\x1d(k") && !contains(&drawn, b"\x1dV")
        );
        // No byte of the picture starts a real-time command.
        assert!(!drawn.contains(&0x10));
    }

    #[test]
    fn a_drawn_qr_code_is_no_wider_than_the_paper() {
        for length in [1, 20, 100, 300] {
            let profile = profile("generic-58");
            match encode(&Document::new().qr("一".repeat(length / 3).as_str()), &profile) {
                Ok(bytes) => {
                    let at = bytes.windows(3).position(|window| window == b"\x1dv0").expect("a picture");
                    assert!(usize::from(bytes[at + 4]) * 8 <= profile.dots);
                }
                Err(error) => panic!("{length}: {error}"),
            }
        }
    }

    #[test]
    fn a_barcode_takes_the_shorter_code_set_and_falls_back_to_text() {
        let bytes = encode(&Document::new().barcode("123456"), &profile("generic-80")).expect("it encodes");
        assert!(contains(&bytes, b"\x1dk\x49\x05{C\x0c\x22\x38"), "{bytes:x?}");
        let bytes = encode(&Document::new().barcode("162001"), &profile("generic-80")).expect("it encodes");
        assert!(contains(&bytes, b"\x1dk\x49\x08{B162001"), "{bytes:x?}");
        let bytes = encode(&Document::new().barcode("L1-{7"), &profile("generic-80")).expect("it encodes");
        assert!(contains(&bytes, b"\x1dk\x49\x08{BL1-{{7"), "{bytes:x?}");
        for long_or_chinese in ["LANE-1-2026-01-01-000001-LONG", "小票"] {
            let bytes = encode(&Document::new().barcode(long_or_chinese), &profile("generic-58"))
                .expect("it encodes");
            assert!(!contains(&bytes, b"\x1dk"));
        }
    }

    #[test]
    fn only_a_printer_that_answers_is_told_to_say_how_it_is() {
        let document = Document::new().text("A");
        let answering = encode(&document, &profile("epson-tm-t88")).expect("it encodes");
        assert_eq!(answering, b"\x1b@\x1da\x0eA\x1bd\x01", "behind ESC @, which ends it");
        let silent = encode(&document, &profile("generic-80")).expect("it encodes");
        assert_eq!(silent, b"\x1b@A\x1bd\x01");
    }

    #[test]
    fn a_printer_without_barcodes_gets_a_picture_with_the_text_below() {
        let bytes =
            encode(&Document::new().barcode("L1-000123"), &profile("generic-58")).expect("it encodes");
        assert!(contains(&bytes, b"\x1dv0\x00") && !contains(&bytes, b"\x1dk"), "{bytes:x?}");
        assert!(contains(&bytes, b"L1-000123\x1bd\x01"));
        // No byte of the picture starts a real-time command.
        assert!(!bytes.contains(&0x10));
    }

    #[test]
    fn what_is_beyond_a_bound_is_refused() {
        let rows = Document { rows: vec![Row::Blank; ROWS_MAX + 1] };
        assert_eq!(
            encode(&rows, &profile("generic-80")),
            Err(EncodeError::TooManyRows { rows: ROWS_MAX + 1 })
        );
        let long = Document {
            rows: vec![
                Row::Text {
                    text: "长".repeat(10_000),
                    align: Align::Left,
                    bold: false,
                    size: Size::Normal
                };
                1_000
            ],
        };
        assert!(matches!(encode(&long, &profile("generic-80")), Err(EncodeError::TooLong { .. })));
        let qr = Document::new().qr("1".repeat(QR_DATA_LENGTH_MAX + 1));
        assert!(matches!(encode(&qr, &profile("generic-80")), Err(EncodeError::QrTooLong { .. })));
    }

    #[test]
    fn styles_are_set_when_they_change_and_reset_after() {
        let bytes =
            encode(&Document::new().title("AB").text("C"), &profile("generic-80")).expect("it encodes");
        assert_eq!(
            bytes,
            b"\x1b@\x1ba\x01\x1bE\x01\x1d!\x11AB\x1bd\x01\x1ba\x00\x1bE\x00\x1d!\x00C\x1bd\x01"
        );
    }
}
