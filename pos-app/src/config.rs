//! `lane.toml`: how this lane is set up. Identity and goods are not in it; they come from HQ.

mod kiosk;
mod labels;
mod printer;
mod scan_go;

use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use kiosk::{Audit, Kiosk, Mode};
pub use labels::{Drawn, Labels};
pub use printer::{Charset, Printer};
pub use scan_go::{EXIT_MINUTES_MAX, ScanGo};

/// The largest change that is given unless configured otherwise, in major units.
const CHANGE_MAX_DEFAULT: i64 = 1_000;

/// Where a lane keeps its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The folder of all of them.
    pub data: PathBuf,
}

impl Paths {
    /// The lane's journal.
    pub fn journal(&self) -> PathBuf {
        self.data.join("journal.db")
    }

    /// What HQ told us.
    pub fn reference(&self) -> PathBuf {
        self.data.join("reference.db")
    }

    /// Where the agent is asked.
    pub fn agent(&self) -> PathBuf {
        self.data.join(protocol::ask::SOCKET_NAME)
    }

    /// The set-up.
    pub fn config(&self) -> PathBuf {
        self.data.join("lane.toml")
    }

    /// The folder of a training, beside what counts; emptied at its start.
    pub fn training(&self) -> Self {
        Self { data: self.data.join("training") }
    }

    /// Counts of goods that are not finished.
    pub fn counts(&self) -> PathBuf {
        self.data.join("counts")
    }

    /// Lists of goods that are to be counted: text files, one code a line.
    pub fn count_lists(&self) -> PathBuf {
        self.data.join("count-lists")
    }

    /// How the agent draws shelf labels.
    pub fn labels(&self) -> PathBuf {
        self.data.join("labels.toml")
    }

    /// The language and colours that were chosen at the till.
    pub fn chosen(&self) -> PathBuf {
        self.data.join("chosen.toml")
    }

    /// Sounds, made at the first start.
    pub fn sounds(&self) -> PathBuf {
        self.data.join("sounds")
    }
}

/// The set-up of a lane.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `till`, `kiosk` or `labels`: whether a cashier stands at the lane, the customer, or the
    /// staff with shelf labels.
    pub mode: Mode,
    /// `zh` or `en`: the language at start.
    pub language: Language,
    /// `light` or `dark`: the colours at start.
    pub theme: Theme,
    /// The language of receipts.
    pub receipt_language: Language,
    /// The most change that is given, in whole major units of the currency.
    pub change_max: i64,
    /// The window.
    pub window: Window,
    /// The receipt printer, where there is one.
    pub printer: Option<Printer>,
    /// A barcode scanner with a line of its own, where there is one.
    pub scanner: Option<Scanner>,
    /// Further ones, for lanes with more than one.
    pub scanners: Vec<Scanner>,
    /// The counter scale, where there is one.
    pub scale: Option<Scale>,
    /// The scale under a kiosk's bagging area, where there is one.
    pub bagging_scale: Option<Scale>,
    /// The customer's pole display, where there is one.
    pub display: Option<Display>,
    /// The customer's window, where there is a second screen.
    pub customer: Option<CustomerWindow>,
    /// Payment by code.
    pub payment: Payment,
    /// Scanners that act as keyboards.
    pub wedge: Wedge,
    /// Sounds.
    pub sound: Sound,
    /// Whether somebody at this till looks after the store's kiosks; the store needs a relay.
    pub board: bool,
    /// How customers use the lane by themselves, where they do.
    pub kiosk: Kiosk,
    /// How exit codes are, for customers who scan with their phones.
    pub scan_go: ScanGo,
    /// How the staff works at shelf labels here.
    pub labels: Labels,
    /// Whether this start was told its language or colours: what was chosen at the till is not looked at then.
    /// Never in the file.
    #[serde(skip)]
    pub screen_is_told: bool,
    /// Whether somebody is being trained: nothing that is done counts. Never in the file, see [`Config::for_training`].
    #[serde(skip)]
    pub training: bool,
}

impl Config {
    /// The same lane for a training: no wallet is asked, and the customer sees nothing of it.
    pub fn for_training(self) -> Self {
        let payment = Payment { card: self.payment.card, ..Payment::default() };
        Self { training: true, mode: Mode::Till, payment, customer: None, display: None, ..self }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            language: Language::Zh,
            theme: Theme::Light,
            receipt_language: Language::Zh,
            change_max: CHANGE_MAX_DEFAULT,
            window: Window::default(),
            printer: None,
            scanner: None,
            scanners: Vec::new(),
            scale: None,
            bagging_scale: None,
            display: None,
            customer: None,
            payment: Payment::default(),
            wedge: Wedge::default(),
            sound: Sound::default(),
            board: false,
            kiosk: Kiosk::default(),
            scan_go: ScanGo::default(),
            labels: Labels::default(),
            screen_is_told: false,
            training: false,
        }
    }
}

/// A language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// Simplified Chinese.
    Zh,
    /// English.
    En,
}

/// The colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Dark ink on light ground.
    Light,
    /// Light ink on dark ground.
    Dark,
}

/// The window.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Window {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Whether it fills the screen.
    pub fullscreen: bool,
}

impl Default for Window {
    fn default() -> Self {
        Self { width: 1_024, height: 768, fullscreen: false }
    }
}

/// Why a device cannot be set up.
pub type DeviceError = Box<dyn std::error::Error + Send + Sync>;

/// The counter scale.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// A serial port such as `/dev/ttyS1`, or `host:port`.
    pub port: String,
    /// `toledo-8217`, `cas-pd2`, `dialog-06` or `nci`.
    pub protocol: String,
    /// Bits a second, where it is set up otherwise than its protocol has it.
    pub baud: Option<u32>,
    /// Such as `7E1`, likewise.
    pub serial: Option<String>,
}

impl Scale {
    /// What its driver is told.
    ///
    /// # Errors
    /// A name is not known.
    pub fn driver(&self) -> Result<drivers::scale::ScaleConfig, DeviceError> {
        let protocol: drivers::scale::Protocol = self.protocol.parse()?;
        let settings = serial(protocol.settings(), self.baud, self.serial.as_deref())?;
        let port = drivers::frame::port::Port::parse(&self.port, settings);
        Ok(drivers::scale::ScaleConfig::new(port, protocol))
    }
}

impl Scale {
    /// A bagging area must say what lies there, also where nothing is sold by weight.
    fn is_for_bagging(&self) -> Result<(), DeviceError> {
        if tells_its_load(self.protocol.parse()?) {
            Ok(())
        } else {
            Err("dialog-06 says what lies there only when goods are sold; take toledo-8217, cas-pd2 or nci"
                .into())
        }
    }
}

/// Whether scales of this kind say what lies there also where nothing is sold by weight.
pub fn tells_its_load(protocol: drivers::scale::Protocol) -> bool {
    match protocol {
        drivers::scale::Protocol::Dialog06 => false,
        drivers::scale::Protocol::Toledo8217
        | drivers::scale::Protocol::CasPd2
        | drivers::scale::Protocol::Nci => true,
    }
}

/// The customer's window, on a second screen.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CustomerWindow {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Where its upper left corner is, pixels of the whole desk: the width of the first screen, where the second stands
    /// at its right.
    pub x: i32,
    /// Likewise, from the top.
    pub y: i32,
    /// Whether it fills its screen.
    pub fullscreen: bool,
    /// A folder of PNG files, in the lane's folder, shown in turn while nobody is served.
    pub pictures: Option<PathBuf>,
    /// How long each is shown, seconds.
    pub seconds: u64,
    /// The shop's own payment code as a PNG file, beside what is to be paid.
    pub code: Option<PathBuf>,
}

impl CustomerWindow {
    /// Where the window is to be.
    pub fn place(&self) -> ui::customer::Place {
        let Self { width, height, x, y, fullscreen, .. } = *self;
        ui::customer::Place { width, height, x, y, fullscreen }
    }
}

impl Default for CustomerWindow {
    fn default() -> Self {
        Self {
            width: 1_024,
            height: 600,
            x: 0,
            y: 0,
            fullscreen: false,
            pictures: None,
            seconds: 10,
            code: None,
        }
    }
}

/// The customer's display.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Display {
    /// A serial port such as `/dev/ttyS2`, or `host:port`.
    pub port: String,
    /// `cd5220`, `cd5220-gbk` or `led8`.
    pub model: String,
    /// Bits a second, where it is set up otherwise than its model.
    pub baud: Option<u32>,
    /// Such as `8N1`, likewise.
    pub serial: Option<String>,
}

impl Display {
    /// What its driver is told.
    ///
    /// # Errors
    /// A name is not known.
    pub fn driver(&self) -> Result<drivers::display::DisplayConfig, DeviceError> {
        let model: drivers::display::Model = self.model.parse()?;
        let settings = serial(model.settings(), self.baud, self.serial.as_deref())?;
        let port = drivers::frame::port::Port::parse(&self.port, settings);
        Ok(drivers::display::DisplayConfig::new(port, model))
    }
}

fn serial(
    usual: drivers::frame::port::SerialSettings,
    baud: Option<u32>,
    frame: Option<&str>,
) -> Result<drivers::frame::port::SerialSettings, DeviceError> {
    Ok(drivers::frame::port::SerialSettings {
        baud: baud.unwrap_or(usual.baud),
        frame: frame.map_or(Ok(usual.frame), str::parse)?,
        ..usual
    })
}

/// Payment by code: the merchant's accounts.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Payment {
    /// What the customer reads in the wallet.
    pub subject: String,
    /// WeChat Pay.
    pub wechat: Option<WeChat>,
    /// Alipay.
    pub alipay: Option<Alipay>,
    /// A card terminal stands beside the lane, and the cashier says how it ended.
    pub card: bool,
}

impl Default for Payment {
    fn default() -> Self {
        Self { subject: "购物".to_owned(), wechat: None, alipay: None, card: false }
    }
}

/// An account at WeChat Pay. Keys stand in files of their own, in the lane's folder unless their path says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeChat {
    /// `appid`.
    pub app_id: String,
    /// `mch_id`.
    pub merchant_id: String,
    /// `sub_mch_id`, where a provider acts for the merchant.
    pub sub_merchant_id: Option<String>,
    /// The API key (v2).
    pub key_file: PathBuf,
    /// The merchant's certificate with its key, PEM; without it no payment is taken back and no money given back.
    pub certificate_file: Option<PathBuf>,
    /// Certificates in PEM that are trusted beside the system's.
    pub authority_file: Option<PathBuf>,
    /// `hmac-sha256` or `md5`.
    #[serde(default)]
    pub sign: Sign,
    /// The till's address as the wallet is told it.
    #[serde(default = "default_address")]
    pub address: String,
    /// Where WeChat Pay is, where that is not where it usually is.
    pub base: Option<String>,
}

/// How WeChat's requests are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
pub enum Sign {
    /// HMAC-SHA256.
    #[default]
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    /// MD5.
    #[serde(rename = "md5")]
    Md5,
}

fn default_address() -> String {
    "127.0.0.1".to_owned()
}

/// An account at Alipay.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alipay {
    /// `app_id`.
    pub app_id: String,
    /// The merchant's private key.
    pub private_key_file: PathBuf,
    /// Alipay's public key.
    pub alipay_key_file: PathBuf,
    /// The shop's number at Alipay.
    pub store_id: Option<String>,
    /// Where Alipay is, where that is not where it usually is.
    pub gateway: Option<String>,
}

impl WeChat {
    /// The account with its keys.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn driver(&self, paths: &Paths) -> Result<drivers::payment::WeChat, DeviceError> {
        use drivers::payment::{SignKind, WeChatConfig};
        let key = secret(paths, &self.key_file)?;
        let usual = WeChatConfig::new(&self.app_id, &self.merchant_id, key);
        let certificate = self.certificate_file.as_ref().map(|file| secret(paths, file)).transpose()?;
        Ok(drivers::payment::WeChat::new(WeChatConfig {
            base: self.base.clone().unwrap_or_else(|| usual.base.clone()),
            sub_merchant_id: self.sub_merchant_id.clone(),
            certificate,
            authority: self.authority_file.as_ref().map(|file| text(paths, file)).transpose()?,
            sign: match self.sign {
                Sign::HmacSha256 => SignKind::HmacSha256,
                Sign::Md5 => SignKind::Md5,
            },
            address: self.address.clone(),
            ..usual
        }))
    }
}

impl Alipay {
    /// The account with its keys.
    ///
    /// # Errors
    /// A file cannot be read, or is no key.
    pub fn driver(&self, paths: &Paths) -> Result<drivers::payment::Alipay, DeviceError> {
        use drivers::payment::{AlipayConfig, PrivateKey, PublicKey};
        let private_key = PrivateKey::parse(&secret(paths, &self.private_key_file)?)?;
        let alipay_key = PublicKey::parse(&text(paths, &self.alipay_key_file)?)?;
        let mut usual = AlipayConfig::new(&self.app_id, private_key, alipay_key);
        if let Some(gateway) = &self.gateway {
            usual.gateway.clone_from(gateway);
        }
        usual.store_id.clone_from(&self.store_id);
        Ok(drivers::payment::Alipay::new(usual))
    }
}

fn secret(paths: &Paths, file: &Path) -> Result<drivers::payment::Secret, DeviceError> {
    Ok(drivers::payment::Secret::new(text(paths, file)?))
}

/// A key's text without the blanks around it.
fn text(paths: &Paths, file: &Path) -> Result<String, DeviceError> {
    let file = paths.data.join(file);
    let text = std::fs::read_to_string(&file).map_err(|error| format!("read {}: {error}", file.display()))?;
    Ok(text.trim().to_owned())
}

/// A barcode scanner with a line of its own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scanner {
    /// The device: a serial port such as `/dev/ttyACM0`, or `/dev/input/by-id/…` of a scanner that acts as a keyboard
    /// and is to be taken from the system.
    pub path: String,
    /// Bits a second of a serial port.
    #[serde(default = "default_baud")]
    pub baud: u32,
}

fn default_baud() -> u32 {
    drivers::scanner::serial::BAUD_DEFAULT
}

/// Scanners that act as keyboards.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wedge {
    /// The longest pause between two characters of one scan, milliseconds.
    pub gap_ms: u64,
    /// The fewest characters of a scan.
    pub length_min: usize,
    /// The character that the scanner sends first, if it was set up so.
    pub prefix: Option<char>,
}

impl Default for Wedge {
    fn default() -> Self {
        let wedge = drivers::scanner::wedge::WedgeConfig::default();
        Self {
            gap_ms: u64::try_from(wedge.gap_max.as_millis()).unwrap_or(30),
            length_min: wedge.length_min,
            prefix: wedge.prefix,
        }
    }
}

/// Sounds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Sound {
    /// The command that plays a WAV file given as its last argument; the first
    /// known one on this machine where it is left out.
    pub player: Option<Vec<String>>,
}

/// Why the set-up cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadConfigError {
    /// The file cannot be read.
    #[error("read {file}")]
    Io {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Something in it is not understood; the source names line and column.
    #[error("read {file}")]
    Form {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: Box<toml::de::Error>,
    },
    /// A device is not set up rightly.
    #[error("read {file}, line {line}: {key} of {section}")]
    Device {
        /// Which file.
        file: PathBuf,
        /// On which line, from 1.
        line: usize,
        /// Of which section.
        section: &'static str,
        /// Which word of it.
        key: &'static str,
        /// Why.
        source: DeviceError,
    },
}

/// Reads `lane.toml`; a lane without one has neither printer nor scanner.
pub fn read(file: &Path) -> Result<Config, ReadConfigError> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Config::default()),
        Err(source) => return Err(ReadConfigError::Io { file: file.to_owned(), source }),
    };
    let config: Config = toml::from_str(&text)
        .map_err(|source| ReadConfigError::Form { file: file.to_owned(), source: Box::new(source) })?;
    let check = |section, key, checked: Result<(), DeviceError>| {
        checked.map_err(|source| {
            let (file, line) = (file.to_owned(), line_of(&text, section, key));
            ReadConfigError::Device { file, line, section, key, source }
        })
    };
    if let Some(printer) = &config.printer {
        check("printer", "profile", known::<drivers::printer::Profile>(&printer.profile))?;
        check("printer", "columns", printer.model().map(drop))?;
    }
    let frame =
        |frame: &Option<String>| frame.as_deref().map_or(Ok(()), known::<drivers::frame::port::SerialFrame>);
    for (section, scale) in [("scale", &config.scale), ("bagging_scale", &config.bagging_scale)] {
        let Some(scale) = scale else { continue };
        check(section, "protocol", known::<drivers::scale::Protocol>(&scale.protocol))?;
        check(section, "serial", frame(&scale.serial))?;
    }
    if let Some(scale) = &config.bagging_scale {
        check("bagging_scale", "protocol", scale.is_for_bagging())?;
    }
    if let Some(display) = &config.display {
        check("display", "model", known::<drivers::display::Model>(&display.model))?;
        check("display", "serial", frame(&display.serial))?;
    }
    Ok(config)
}

/// Whether a name is one of `T`.
fn known<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    name: &str,
) -> Result<(), DeviceError> {
    Ok(name.parse::<T>().map(drop)?)
}

/// The line on which a section says a key, from 1; that of the section where it does not.
fn line_of(text: &str, section: &str, key: &str) -> usize {
    let mut in_section = false;
    let mut found = 1;
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if let Some(header) = line.strip_prefix('[') {
            in_section = header.trim_matches(['[', ']', ' ']) == section;
            if in_section {
                found = number;
            }
        } else if in_section && line.split('=').next().is_some_and(|name| name.trim() == key) {
            return number;
        }
    }
    found
}

impl Config {
    /// Every scanner with a line of its own.
    pub fn all_scanners(&self) -> impl Iterator<Item = &Scanner> {
        self.scanner.iter().chain(&self.scanners)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ReadConfigError> {
        let folder = std::env::temp_dir().join(format!("guitai-config-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let file = folder.join(format!("{:x}.toml", text.len()));
        std::fs::write(&file, text).expect("a temporary file");
        read(&file)
    }

    #[test]
    fn an_empty_set_up_sells_without_devices() {
        assert_eq!(parse("").expect("empty is fine"), Config::default());
    }

    #[test]
    fn every_device_of_the_operators_page_is_understood() {
        let page = include_str!("../../docs/devices.md");
        let text: String =
            page.split("```toml\n").skip(1).filter_map(|part| part.split("```").next()).collect();
        let config = parse(&text).expect("the page is right");
        assert!(config.printer.is_some() && config.scale.is_some() && config.display.is_some());
        assert_eq!(config.all_scanners().count(), 3);
        assert!(config.payment.wechat.is_some() && config.payment.alipay.is_some());
    }

    #[test]
    fn a_scale_or_display_that_is_not_known_is_refused_with_those_there_are() {
        for (text, section, key, line, known) in [
            ("[scale]\nport = \"/dev/ttyS1\"\nprotocol = \"acme\"\n", "scale", "protocol", 3, "toledo-8217"),
            ("[scale]\nport = \"/x\"\nprotocol = \"nci\"\nserial = \"9X9\"\n", "scale", "serial", 4, "7E1"),
            (
                "[bagging_scale]\nport = \"/x\"\nprotocol = \"dialog-06\"\n",
                "bagging_scale",
                "protocol",
                3,
                "nci",
            ),
            ("\n# pole\n[display]\nmodel = \"acme\"\nport = \"/dev/ttyS2\"\n", "display", "model", 4, "led8"),
            (
                "[printer]\naddress = \"1.2.3.4:9100\"\n  profile= \"no\"\n",
                "printer",
                "profile",
                3,
                "generic-80",
            ),
            ("[printer]\naddress = \"1.2.3.4:9100\"\ncolumns = 500\n", "printer", "columns", 3, "24 to 69"),
        ] {
            let error = parse(text).expect_err("no such device");
            let told = error.to_string();
            assert!(told.contains(&format!("line {line}: {key} of {section}")), "{told}");
            let source = std::error::Error::source(&error).expect("why").to_string();
            assert!(source.contains(known), "{section}: {source}");
        }
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let error = parse("language = \"zh\"\n[printer]\nadress = \"1.2.3.4:9100\"\n").expect_err("a typo");
        let ReadConfigError::Form { source, .. } = error else { panic!("{error}") };
        assert!(source.to_string().contains("line 3"), "{source}");
    }
}
