//! A picture as somebody sends it becomes one as lanes get it: small, upright, on white, a JPEG.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage, RgbaImage};
use jpeg_encoder::{ColorType, Encoder};
use protocol::pull::{PICTURE_BYTES_MAX, PICTURE_SIDE_MAX};

/// The most bytes of a file that is sent.
pub const FILE_BYTES_MAX: usize = 16 << 20;

/// The most pixels of a picture that is sent: more than shops' photographs have. A
/// small file may stand for any number of them.
pub const PIXELS_MAX: u64 = 25_000_000;

/// The most pixels of its longer side.
const SIDE_MAX: u32 = 16_384;

/// The most bytes that a decoder takes at one time: eight for each pixel.
const DECODED_BYTES_MAX: u64 = 8 * PIXELS_MAX;

/// What is aimed at, bytes: goods on white have some 8 kB.
const BYTES_AIMED: usize = 20_000;

/// Qualities that are tried one after the other, of 100: from the first one on nobody sees a difference at this size.
const QUALITIES: [u8; 6] = [88, 80, 72, 60, 45, 30];

/// Why a file does not become a picture.
#[derive(Debug, thiserror::Error)]
pub enum ScaleError {
    /// More bytes than [`FILE_BYTES_MAX`].
    #[error("it has {found} bytes, and may have {FILE_BYTES_MAX}; make it smaller")]
    Bytes {
        /// How many it has.
        found: u64,
    },
    /// More pixels than [`PIXELS_MAX`].
    #[error(
        "it is {width} by {height} pixels, more than {PIXELS_MAX} or more than {SIDE_MAX} a side; make it smaller"
    )]
    Pixels {
        /// Pixels of a row.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// Another kind of file, whatever its name says.
    #[error("it is no PNG, JPEG or WebP; save it as one of them")]
    Kind,
    /// The file is cut off, damaged or of a form that is not read.
    #[error("it cannot be read ({0}); save it anew")]
    Damaged(String),
    /// It did not become small enough.
    #[error("it stays larger than {PICTURE_BYTES_MAX} bytes; take a simpler one")]
    Large,
}

impl From<ImageError> for ScaleError {
    fn from(error: ImageError) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// Scales a PNG, JPEG or WebP down to [`PICTURE_SIDE_MAX`] and puts it on white. The same file always becomes the same
/// picture.
///
/// # Errors
/// It is none of these, damaged, or larger than it may be.
pub fn scale(file: &[u8]) -> Result<Vec<u8>, ScaleError> {
    if file.len() > FILE_BYTES_MAX {
        return Err(ScaleError::Bytes { found: file.len() as u64 });
    }
    let format = image::guess_format(file).map_err(|_| ScaleError::Kind)?;
    #[allow(clippy::wildcard_enum_match_arm)] // Any other format is none that is taken.
    let mut picture = match format {
        ImageFormat::Png | ImageFormat::Jpeg => by_image(file, format)?,
        ImageFormat::WebP => by_webp(file)?,
        _ => return Err(ScaleError::Kind),
    };
    if picture.color().has_alpha() {
        // Before it is scaled: what nobody sees has a colour as well.
        picture = DynamicImage::ImageRgb8(on_white(&picture.into_rgba8()));
    }
    let small = if picture.width().max(picture.height()) > PICTURE_SIDE_MAX {
        picture.thumbnail(PICTURE_SIDE_MAX, PICTURE_SIDE_MAX)
    } else {
        picture
    };
    encode(&small.into_rgb8())
}

fn refuse_large(width: u32, height: u32) -> Result<(), ScaleError> {
    let is_large = width.max(height) > SIDE_MAX || u64::from(width) * u64::from(height) > PIXELS_MAX;
    if is_large || width == 0 || height == 0 {
        return Err(ScaleError::Pixels { width, height });
    }
    Ok(())
}

fn by_image(file: &[u8], format: ImageFormat) -> Result<DynamicImage, ScaleError> {
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(DECODED_BYTES_MAX);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    refuse_large(width, height)?;
    if format == ImageFormat::Jpeg && is_cut_off(file) {
        return Err(ScaleError::Damaged("it is cut off".to_owned()));
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// Whether a JPEG has no end behind its last picture data: its decoder makes grey of what is missing.
fn is_cut_off(file: &[u8]) -> bool {
    let last = |marker: u8| file.windows(2).rposition(|pair| *pair == [0xFF, marker]);
    last(0xDA).is_some_and(|data| last(0xD9).is_none_or(|end| end < data))
}

/// Refuses a WebP of which a picture inside is larger than it says of itself: it is unpacked before that is looked at.
fn refuse_larger_inside(file: &[u8], canvas: (u32, u32)) -> Result<(), ScaleError> {
    let mut at = 12_usize;
    while let Some([a, b, c, d, size @ ..]) = file.get(at..at.saturating_add(8)) {
        let kind = [*a, *b, *c, *d];
        let size = <[u8; 4]>::try_from(size).map_or(0, u32::from_le_bytes);
        at = at.saturating_add(8);
        if kind == *b"ANMF" {
            // Its place and time, then pieces like any others.
            at = at.saturating_add(16);
            continue;
        }
        if kind == *b"VP8 "
            && let Some([w0, w1, h0, h1]) = file.get(at.saturating_add(6)..at.saturating_add(10))
        {
            // RFC 6386, 9.1: fourteen bits each.
            let side = |low: u8, high: u8| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
            let (width, height) = (side(*w0, *w1), side(*h0, *h1));
            if width > canvas.0 || height > canvas.1 {
                return Err(ScaleError::Pixels { width, height });
            }
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        at = at.saturating_add(size).saturating_add(size % 2);
    }
    Ok(())
}

fn by_webp(file: &[u8]) -> Result<DynamicImage, ScaleError> {
    let damaged = |error: image_webp::DecodingError| ScaleError::Damaged(error.to_string());
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(file)).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    refuse_large(width, height)?;
    refuse_larger_inside(file, (width, height))?;
    let exif = decoder.exif_metadata().ok().flatten();
    let orientation = exif.and_then(|exif| Orientation::from_exif_chunk(&exif));
    decoder.set_memory_limit(usize::try_from(DECODED_BYTES_MAX).unwrap_or(usize::MAX));
    let size = decoder.output_buffer_size().ok_or(ScaleError::Pixels { width, height })?;
    let mut bytes = vec![0; size];
    // Of one that moves, the first picture.
    decoder.read_image(&mut bytes).map_err(damaged)?;
    let picture = if decoder.has_alpha() {
        RgbaImage::from_raw(width, height, bytes).map(DynamicImage::ImageRgba8)
    } else {
        RgbImage::from_raw(width, height, bytes).map(DynamicImage::ImageRgb8)
    };
    let mut picture =
        picture.ok_or_else(|| ScaleError::Damaged("its pixels are not as many as it says".to_owned()))?;
    picture.apply_orientation(orientation.unwrap_or(Orientation::NoTransforms));
    Ok(picture)
}

fn on_white(picture: &RgbaImage) -> RgbImage {
    let mut flat = RgbImage::new(picture.width(), picture.height());
    for (to, from) in flat.pixels_mut().zip(picture.pixels()) {
        let [red, green, blue, opacity] = from.0.map(u32::from);
        let over = |colour: u32| {
            let mixed = (colour * opacity + 255 * (255 - opacity) + 127) / 255;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        to.0 = [over(red), over(green), over(blue)];
    }
    flat
}

fn encode(picture: &RgbImage) -> Result<Vec<u8>, ScaleError> {
    let side = |pixels: u32| u16::try_from(pixels).unwrap_or(u16::MAX);
    let (width, height) = (side(picture.width()), side(picture.height()));
    let mut found = None;
    for quality in QUALITIES {
        let mut bytes = Vec::new();
        // With tables of its own it would write a scan for each colour, which decoders read wrongly.
        Encoder::new(&mut bytes, quality)
            .encode(picture.as_raw(), width, height, ColorType::Rgb)
            .map_err(|error| ScaleError::Damaged(error.to_string()))?;
        let is_small = bytes.len() <= BYTES_AIMED;
        found = Some(bytes);
        if is_small {
            break;
        }
    }
    found.filter(|bytes| bytes.len() <= PICTURE_BYTES_MAX as usize).ok_or(ScaleError::Large)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of a colour on the left and another one on the right.
    fn halves(width: u32, height: u32, left: [u8; 4], right: [u8; 4]) -> RgbaImage {
        RgbaImage::from_fn(width, height, |x, _| image::Rgba(if x < width / 2 { left } else { right }))
    }

    fn png(picture: &RgbaImage) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, ImageFormat::Png).expect("a PNG");
        file.into_inner()
    }

    fn jpeg(picture: &RgbaImage) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        DynamicImage::ImageRgba8(picture.clone())
            .into_rgb8()
            .write_to(&mut file, ImageFormat::Jpeg)
            .expect("a JPEG");
        file.into_inner()
    }

    fn webp(picture: &RgbaImage) -> Vec<u8> {
        let mut file = Vec::new();
        image_webp::WebPEncoder::new(&mut file)
            .encode(picture.as_raw(), picture.width(), picture.height(), image_webp::ColorType::Rgba8)
            .expect("a WebP");
        file
    }

    /// What a lane sees: size, and the colours in the middle of both halves.
    fn seen(file: &[u8]) -> (u32, u32, [u8; 3], [u8; 3]) {
        let picture =
            image::load_from_memory_with_format(file, ImageFormat::Jpeg).expect("a JPEG").into_rgb8();
        let (width, height) = picture.dimensions();
        let at = |x: u32| picture.get_pixel(x, height / 2).0;
        (width, height, at(width / 4), at(3 * width / 4))
    }

    fn is_near(found: [u8; 3], wanted: [u8; 3]) -> bool {
        found.iter().zip(wanted).all(|(found, wanted)| found.abs_diff(wanted) <= 6)
    }

    const RED: [u8; 4] = [200, 30, 30, 255];
    const CLEAR_GREEN: [u8; 4] = [0, 255, 0, 0];

    #[test]
    fn every_kind_becomes_small_and_stands_on_white() {
        let large = halves(1_200, 600, RED, CLEAR_GREEN);
        for file in [png(&large), webp(&large)] {
            let small = scale(&file).expect("scaled");
            let (width, height, left, right) = seen(&small);
            assert_eq!((width, height), (256, 128));
            assert!(is_near(left, [200, 30, 30]) && is_near(right, [255; 3]), "{left:?} {right:?}");
            assert!(small.len() < 8_000, "{}", small.len());
            assert_eq!(scale(&file).expect("scaled"), small, "the same file, the same picture");
        }
        let (width, height, left, _) = seen(&scale(&jpeg(&halves(300, 900, RED, RED))).expect("scaled"));
        assert_eq!((width, height), (85, 256));
        assert!(is_near(left, [200, 30, 30]), "{left:?}");
        // What is small already is not blown up.
        assert_eq!(seen(&scale(&png(&halves(40, 20, RED, RED))).expect("scaled")).0, 40);
    }

    #[test]
    fn half_of_what_lies_below_is_seen_through() {
        let half = halves(100, 100, [0, 0, 0, 128], [0, 0, 0, 128]);
        let (_, _, left, _) = seen(&scale(&png(&half)).expect("scaled"));
        assert!(is_near(left, [127; 3]), "{left:?}");
    }

    #[test]
    fn noise_stays_within_the_bound() {
        let mut state = 1u32;
        let noise = RgbaImage::from_fn(512, 512, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [red, green, blue, _] = state.to_be_bytes();
            image::Rgba([red, green, blue, 255])
        });
        assert!(scale(&png(&noise)).expect("scaled").len() <= PICTURE_BYTES_MAX as usize);
    }

    #[test]
    fn a_telephone_that_was_held_upright_takes_an_upright_picture() {
        let lying = jpeg(&halves(400, 200, RED, [20, 20, 200, 255]));
        // An EXIF segment that says: turn it a quarter to the right.
        let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
        let length = u16::try_from(exif.len() + 2).expect("short").to_be_bytes();
        let mut file = lying[..2].to_vec();
        file.extend([0xff, 0xe1]);
        file.extend(length);
        file.append(&mut exif);
        file.extend(&lying[2..]);
        let (width, height, ..) = seen(&scale(&file).expect("scaled"));
        assert_eq!((width, height), (128, 256));
    }

    #[test]
    fn bombs_and_other_files_are_refused_before_they_are_unpacked() {
        // A PNG that says that it is 100,000 by 100,000 pixels, in a few bytes.
        let mut bomb = png(&halves(16, 16, RED, RED));
        bomb[16..20].copy_from_slice(&100_000u32.to_be_bytes());
        bomb[20..24].copy_from_slice(&100_000u32.to_be_bytes());
        let crc = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        assert!(matches!(
            scale(&bomb),
            Err(ScaleError::Pixels { width: 100_000, .. } | ScaleError::Damaged(_))
        ));
        let good = png(&halves(600, 600, RED, RED));
        assert!(matches!(scale(&good[..good.len() / 2]), Err(ScaleError::Damaged(_))));
        let good = jpeg(&halves(600, 600, RED, RED));
        assert!(scale(&good).is_ok());
        assert!(matches!(scale(&good[..good.len() - 2]), Err(ScaleError::Damaged(_))), "grey is no picture");
        assert!(matches!(scale(b"GIF89a.........."), Err(ScaleError::Kind)));
        assert!(matches!(scale(b"no picture"), Err(ScaleError::Kind)));
        assert!(matches!(scale(&[]), Err(ScaleError::Kind)));
        assert!(matches!(scale(&vec![0; FILE_BYTES_MAX + 1]), Err(ScaleError::Bytes { .. })));
    }

    /// A WebP of a canvas of 100 by 100 with a picture of 16,383 by 16,383 in it, still or moving.
    fn bomb_inside(moves: bool) -> Vec<u8> {
        let piece = |kind: &[u8; 4], body: &[u8]| {
            let size = u32::try_from(body.len()).expect("small");
            [&kind[..], &size.to_le_bytes(), body].concat()
        };
        let picture =
            piece(b"VP8 ", &[&[0x10, 0, 0, 0x9D, 0x01, 0x2A, 0xFF, 0x3F, 0xFF, 0x3F][..], &[0; 30]].concat());
        let frame = piece(b"ANMF", &[&[0; 16][..], &picture].concat());
        let canvas = piece(b"VP8X", &[if moves { 2 } else { 0 }, 0, 0, 0, 99, 0, 0, 99, 0, 0]);
        let body = if moves {
            [canvas, piece(b"ANIM", &[0; 6]), frame].concat()
        } else {
            [canvas, picture].concat()
        };
        piece(b"RIFF", &[&b"WEBP"[..], &body].concat())
    }

    #[test]
    fn a_webp_is_not_unpacked_where_a_picture_inside_is_larger_than_it_says() {
        for moves in [false, true] {
            let found = refuse_larger_inside(&bomb_inside(moves), (100, 100));
            assert!(matches!(found, Err(ScaleError::Pixels { width: 16_383, height: 16_383 })), "{found:?}");
            assert!(scale(&bomb_inside(moves)).is_err());
        }
        let good = webp(&halves(100, 100, RED, RED));
        assert!(refuse_larger_inside(&good, (100, 100)).is_ok());
    }

    #[test]
    fn a_picture_of_more_pixels_than_it_may_have_is_refused() {
        let wide = png(&halves(SIDE_MAX + 1, 2, RED, RED));
        assert!(matches!(scale(&wide), Err(ScaleError::Pixels { .. })), "{:?}", scale(&wide));
        assert!(scale(&png(&halves(SIDE_MAX, 2, RED, RED))).is_ok());
    }

    /// As PNG sums up its chunks.
    fn crc32(bytes: &[u8]) -> u32 {
        let mut crc = u32::MAX;
        for byte in bytes {
            crc ^= u32::from(*byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            }
        }
        !crc
    }
}
