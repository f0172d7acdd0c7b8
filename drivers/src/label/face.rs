//! A label's panel, and the picture on it: one ink a pixel, and the files that show it to people and gateways.

use std::io;

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The longest side of a panel, pixels; the largest label sold has 960.
pub const SIDE_MAX: u16 = 2_048;

/// JPEG quality that leaves every pixel nearest to its own ink after decoding; 4:4:4, so that red keeps its edges.
const JPEG_QUALITY: u8 = 90;

/// What a panel prints beside black and white.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Accent {
    /// Nothing.
    None,
    /// Red.
    Red,
    /// Yellow: strong as ground, too pale for text on white.
    Yellow,
}

impl Accent {
    /// Its name in the conditions of a template.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Red => "red",
            Self::Yellow => "yellow",
        }
    }
}

/// The pixels and inks of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Panel {
    width: u16,
    height: u16,
    accent: Accent,
}

impl Panel {
    /// A panel of so many pixels; `None` where a side is nothing or beyond [`SIDE_MAX`].
    pub fn new(width: u16, height: u16, accent: Accent) -> Option<Self> {
        let sides = 1..=SIDE_MAX;
        (sides.contains(&width) && sides.contains(&height)).then_some(Self { width, height, accent })
    }

    /// Pixels from left to right, as the label hangs.
    pub fn width(self) -> u16 {
        self.width
    }

    /// Pixels from top to bottom.
    pub fn height(self) -> u16 {
        self.height
    }

    /// Its third ink.
    pub fn accent(self) -> Accent {
        self.accent
    }

    pub(super) fn pixels(self) -> usize {
        usize::from(self.width) * usize::from(self.height)
    }
}

/// What one pixel is covered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Ink {
    /// The ground.
    White = 0,
    /// Black.
    Black = 1,
    /// The panel's third ink.
    Accent = 2,
}

/// Why a picture cannot be written.
#[derive(Debug, Error)]
pub enum FaceImageError {
    /// The PNG encoder refuses.
    #[error("write the face as PNG")]
    Png(#[from] png::EncodingError),
    /// The JPEG encoder refuses.
    #[error("write the face as JPEG")]
    Jpeg(#[from] jpeg_encoder::EncodingError),
}

/// A finished picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    panel: Panel,
    pixels: Vec<Ink>,
}

impl Face {
    /// An empty face.
    pub fn blank(panel: Panel) -> Self {
        Self { panel, pixels: vec![Ink::White; panel.pixels()] }
    }

    /// The panel it was made for.
    pub fn panel(&self) -> Panel {
        self.panel
    }

    /// The inks, row by row from the top left.
    pub fn pixels(&self) -> &[Ink] {
        &self.pixels
    }

    pub(super) fn pixels_mut(&mut self) -> &mut [Ink] {
        &mut self.pixels
    }

    /// Sixteen bytes that two faces share only when they look the same on the same panel.
    pub fn digest(&self) -> [u8; 16] {
        let mut hash = Sha256::new();
        hash.update(self.panel.width.to_be_bytes());
        hash.update(self.panel.height.to_be_bytes());
        hash.update(self.panel.accent.name());
        hash.update(self.packed());
        let mut digest = [0; 16];
        digest.copy_from_slice(&hash.finalize()[..16]);
        digest
    }

    /// Four pixels a byte.
    fn packed(&self) -> Vec<u8> {
        let pack = |four: &[Ink]| four.iter().fold(0_u8, |byte, &ink| byte << 2 | ink as u8);
        self.pixels.chunks(4).map(pack).collect()
    }

    /// A colour of the screen for each ink.
    fn palette(&self) -> [[u8; 3]; 3] {
        let accent = match self.panel.accent {
            Accent::None => [0, 0, 0],
            Accent::Red => [255, 0, 0],
            Accent::Yellow => [255, 255, 0],
        };
        [[255; 3], [0; 3], accent]
    }

    /// The preview for people.
    ///
    /// # Errors
    /// The encoder refuses, which no face gives reason for.
    pub fn png(&self) -> Result<Vec<u8>, FaceImageError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.panel.width.into(), self.panel.height.into());
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Two);
        encoder.set_palette(self.palette().concat());
        let mut writer = encoder.write_header()?;
        let row = usize::from(self.panel.width);
        let rows: Vec<u8> = self
            .pixels
            .chunks(row)
            .flat_map(|row| {
                row.chunks(4).map(|four| {
                    let byte = four.iter().fold(0_u8, |byte, &ink| byte << 2 | ink as u8);
                    // The last pixels of a row stand in the high bits.
                    byte << (2 * (4 - four.len()))
                })
            })
            .collect();
        writer.write_image_data(&rows)?;
        writer.finish()?;
        Ok(bytes)
    }

    /// The picture for gateways that take JPEG only: pure colours, which decode to the same inks.
    ///
    /// # Errors
    /// The encoder refuses, which no face gives reason for.
    pub fn jpeg(&self) -> Result<Vec<u8>, FaceImageError> {
        let palette = self.palette();
        let colours: Vec<u8> = self.pixels.iter().flat_map(|&ink| palette[ink as usize]).collect();
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, JPEG_QUALITY);
        encoder.set_sampling_factor(SamplingFactor::F_1_1);
        encoder.encode(&colours, self.panel.width, self.panel.height, ColorType::Rgb)?;
        Ok(bytes)
    }
}

impl From<FaceImageError> for io::Error {
    fn from(error: FaceImageError) -> Self {
        Self::other(error)
    }
}
