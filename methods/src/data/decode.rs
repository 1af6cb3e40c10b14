//! One picture from one file.

use std::fs;
use std::path::Path;

use image::{DynamicImage, ImageDecoder, ImageReader, Limits};

use super::{DataError, Image};

/// A header may announce any size, and a file may be of any. Beyond these a picture is refused
/// before memory is taken: decoding takes at most 1 GiB beside the file itself.
const MAX_SIDE: u32 = 32_768;
const MAX_PIXELS: u64 = 64 << 20;
const MAX_DECODED_BYTES: u64 = 512 << 20;
const MAX_FILE_BYTES: u64 = 256 << 20;

/// Reads one picture; its format is told from its content, not from its name. Grey, 16-bit and
/// paletted pictures become RGB bytes; transparency is dropped.
pub(super) fn decode(path: &Path) -> Result<Image, DataError> {
    let broken = |reason: String| DataError::Picture { path: path.into(), reason };
    let failed = |error: &dyn std::fmt::Display| broken(error.to_string());
    let file = fs::metadata(path).map_err(|error| failed(&error))?;
    if !file.is_file() {
        return Err(broken("no regular file".into())); // A pipe would never end.
    }
    if file.len() > MAX_FILE_BYTES {
        return Err(broken(format!("{} bytes; expected at most {MAX_FILE_BYTES}", file.len())));
    }
    let opened = ImageReader::open(path).and_then(ImageReader::with_guessed_format);
    let mut reader = opened.map_err(|error| failed(&error))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| failed(&error))?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if !(1..=MAX_PIXELS).contains(&pixels) || decoder.total_bytes() > MAX_DECODED_BYTES {
        let most = "expected at least 1 × 1, at most 64 Mi pixels and 512 MiB";
        return Err(broken(format!("{width} × {height} pixels; {most}")));
    }
    let decoded = DynamicImage::from_decoder(decoder).map_err(|error| failed(&error))?;
    let rgb = decoded.into_rgb8();
    Ok(Image::from_rgb8(rgb.height() as usize, rgb.width() as usize, rgb.as_raw()))
}
