//! `[printer]` of `lane.toml`: where the receipt printer is, what model it is, and in what it differs from that.

use std::path::PathBuf;

use drivers::printer::{DrawerPulse, Profile, StatusSupport};
use serde::Deserialize;

use super::{DeviceError, Paths};

/// The receipt printer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Printer {
    /// `host:port`, `/dev/usb/lp0`, or a serial port.
    pub address: String,
    /// The model's profile, such as `generic-80`.
    #[serde(default = "default_profile")]
    pub profile: String,
    /// `gbk`, `gb18030` or `utf-8`, where this printer is set up otherwise than its model.
    pub charset: Option<Charset>,
    /// Characters in a line, likewise.
    pub columns: Option<usize>,
    /// Whether it cuts the paper, likewise.
    pub cutter: Option<bool>,
    /// Who draws QR codes, likewise.
    pub qr: Option<DrawnBy>,
    /// Who draws barcodes, likewise.
    pub barcode: Option<DrawnBy>,
    /// Whether it answers questions about itself, likewise.
    pub status: Option<Status>,
    /// How it opens the drawer, likewise.
    pub drawer: Option<Drawer>,
    /// Bits a second on a serial port.
    #[serde(default = "default_baud")]
    pub baud: u32,
    /// Who holds back, on a serial port, what the printer has no room for.
    #[serde(default)]
    pub flow: Flow,
    /// A picture above every document: a PBM file, no wider than the paper.
    pub logo: Option<PathBuf>,
    /// Fonts for characters that the printer lacks; those that the system usually has where it is left out.
    pub fonts: Option<Vec<PathBuf>>,
}

/// Where Debian and Ubuntu keep fonts that have rare hanzi and signs, the fullest first.
const FONTS: [&str; 7] = [
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/truetype/hanazono/HanaMinA.ttf",
    "/usr/share/fonts/truetype/hanazono/HanaMinB.ttf",
    "/usr/share/fonts/truetype/noto/NotoSansSymbols2-Regular.ttf",
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
];

/// How a printer takes Chinese.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Charset {
    /// GBK.
    #[serde(rename = "gbk")]
    Gbk,
    /// GB 18030.
    #[serde(rename = "gb18030")]
    Gb18030,
    /// UTF-8.
    #[serde(rename = "utf-8")]
    Utf8,
}

/// Who draws a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DrawnBy {
    /// The printer, from what the code holds.
    Printer,
    /// The till, as a picture.
    Till,
}

/// Whether a printer answers questions about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It answers: paper and cover are known, and printing is confirmed.
    Full,
    /// It does not, or prints the question.
    None,
}

/// How a printer opens the drawer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Drawer {
    /// At once, also while it waits for paper.
    RealTime,
    /// In its turn.
    Queued,
}

/// Who holds back what a serial printer has no room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flow {
    /// The printer, by the lines RTS and CTS.
    #[default]
    Hardware,
    /// Nobody: the cable has only three wires.
    None,
}

impl Printer {
    /// A printer at an address, set up as its model is.
    pub fn new(address: impl Into<String>, profile: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            profile: profile.into(),
            charset: None,
            columns: None,
            cutter: None,
            qr: None,
            barcode: None,
            status: None,
            drawer: None,
            baud: default_baud(),
            flow: Flow::default(),
            logo: None,
            fonts: None,
        }
    }

    /// The model with what this printer differs in.
    ///
    /// # Errors
    /// The profile is not known, or no printer has as many columns.
    pub fn model(&self) -> Result<Profile, DeviceError> {
        let usual = Profile::parse(&self.profile)?;
        let usual = self.columns.map_or(Ok(usual), |columns| usual.with_columns(columns))?;
        let by_printer = |by: DrawnBy| match by {
            DrawnBy::Printer => true,
            DrawnBy::Till => false,
        };
        Ok(Profile {
            charset: match self.charset {
                None => usual.charset,
                Some(Charset::Gbk) => drivers::printer::Charset::Gbk,
                Some(Charset::Gb18030) => drivers::printer::Charset::Gb18030,
                Some(Charset::Utf8) => drivers::printer::Charset::Utf8,
            },
            cutter: self.cutter.unwrap_or(usual.cutter),
            native_qr: self.qr.map_or(usual.native_qr, by_printer),
            native_barcode: self.barcode.map_or(usual.native_barcode, by_printer),
            status: match self.status {
                None => usual.status,
                Some(Status::Full) => StatusSupport::Full,
                Some(Status::None) => StatusSupport::None,
            },
            drawer: match self.drawer {
                None => usual.drawer,
                Some(Drawer::RealTime) => DrawerPulse::RealTime,
                Some(Drawer::Queued) => DrawerPulse::Queued,
            },
            ..usual
        })
    }

    /// What its driver is told.
    ///
    /// # Errors
    /// The model is not known, or the picture is none.
    pub fn driver(&self, paths: &Paths) -> Result<drivers::printer::PrinterConfig, DeviceError> {
        use drivers::printer::{Picture, PrinterConfig};
        let logo = match &self.logo {
            None => None,
            Some(file) => Some(Picture::parse(&std::fs::read(paths.data.join(file))?)?),
        };
        let typeface = Some(std::sync::Arc::new(self.typeface(paths)));
        let flow = match self.flow {
            Flow::Hardware => drivers::frame::port::Flow::Hardware,
            Flow::None => drivers::frame::port::Flow::None,
        };
        let usual = PrinterConfig::new(&self.address, self.model()?);
        Ok(PrinterConfig { baud: self.baud, flow, logo, typeface, ..usual })
    }

    /// The fonts that help out, those that are there.
    pub fn typeface(&self, paths: &Paths) -> drivers::printer::Typeface {
        let files = match &self.fonts {
            Some(files) => files.iter().map(|file| paths.data.join(file)).collect(),
            None => FONTS.map(PathBuf::from).to_vec(),
        };
        drivers::printer::Typeface::new(files.into_iter().filter(|file| file.is_file()))
    }
}

fn default_profile() -> String {
    "generic-80".to_owned()
}

fn default_baud() -> u32 {
    drivers::printer::BAUD_DEFAULT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printer_is_its_model_but_for_what_is_said_of_it() {
        let read = |text: &str| toml::from_str::<Printer>(text).expect("a printer");
        let usual = read("address = \"1.2.3.4:9100\"\nprofile = \"epson-tm-t20\"");
        assert_eq!(usual, Printer::new("1.2.3.4:9100", "epson-tm-t20"));
        assert_eq!(usual.model().expect("known"), Profile::parse("epson-tm-t20").expect("known"));
        let other = read(
            "address = \"/dev/ttyS0\"\nprofile = \"epson-tm-t20\"\ncolumns = 42\ncutter = false\nqr = \"till\"\n\
             barcode = \"till\"\nstatus = \"none\"\ndrawer = \"queued\"\ncharset = \"gbk\"\nflow = \"none\"",
        );
        let model = other.model().expect("known");
        let expected = Profile {
            name: "epson-tm-t20",
            columns: 42,
            dots: 504,
            charset: drivers::printer::Charset::Gbk,
            cutter: false,
            native_qr: false,
            native_barcode: false,
            status: StatusSupport::None,
            drawer: DrawerPulse::Queued,
        };
        assert_eq!(model, expected);
        let paths = Paths { data: std::env::temp_dir() };
        let flow = |printer: &Printer| printer.driver(&paths).expect("set up").flow;
        assert_eq!(flow(&other), drivers::frame::port::Flow::None);
        assert_eq!(flow(&usual), drivers::frame::port::Flow::Hardware);
        for wrong in
            ["qr = \"native\"", "status = \"some\"", "drawer = \"now\"", "cutter = 1", "flow = \"xon\""]
        {
            let text = format!("address = \"a\"\n{wrong}");
            let error = toml::from_str::<Printer>(&text).expect_err(wrong).to_string();
            assert!(error.contains("line 2"), "{error}");
        }
    }
}
