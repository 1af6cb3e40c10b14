//! A picture on the host: RGB, rows of pixels, the last axis holding the colour channels.

/// The number of colour channels of every [`Image`]: red, green, blue.
pub const CHANNELS: usize = 3;

/// An RGB picture `[height, width, 3]` with values in `[0, 1]`.
///
/// Two operations leave that range and say so: bicubic resizing, which overshoots at edges, and
/// normalisation, after which the picture is the network's input and no longer meant for the eye.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// `height · width · 3` values, row after row, the three channels of a pixel together.
    pub pixels: Vec<f32>,
}

impl Image {
    /// A picture from its values.
    ///
    /// Panics unless `pixels` holds `height · width · 3` values.
    #[track_caller]
    pub fn new(height: usize, width: usize, pixels: Vec<f32>) -> Self {
        assert_eq!(
            pixels.len(),
            height * width * CHANNELS,
            "Image: {height} × {width} × {CHANNELS} values expected"
        );
        Self { height, width, pixels }
    }

    /// A picture of one colour.
    pub fn filled(height: usize, width: usize, color: [f32; CHANNELS]) -> Self {
        Self { height, width, pixels: color.repeat(height * width) }
    }

    /// A picture from bytes, `[height, width, 3]`, 255 becoming 1.
    ///
    /// Panics unless `bytes` holds `height · width · 3` values.
    #[track_caller]
    pub fn from_rgb8(height: usize, width: usize, bytes: &[u8]) -> Self {
        Self::new(height, width, bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect())
    }

    /// The picture as bytes, `[height, width, 3]`; values outside `[0, 1]` are clamped.
    pub fn to_rgb8(&self) -> Vec<u8> {
        self.pixels.iter().map(|&value| (value.clamp(0.0, 1.0) * 255.0).round() as u8).collect()
    }

    /// The colour of the pixel at `row` and `column`.
    #[track_caller]
    pub fn pixel(&self, row: usize, column: usize) -> [f32; CHANNELS] {
        assert!(row < self.height && column < self.width, "pixel ({row}, {column}) is outside");
        let start = (row * self.width + column) * CHANNELS;
        [self.pixels[start], self.pixels[start + 1], self.pixels[start + 2]]
    }

    /// The pixels in row order, to be changed in place.
    pub fn pixels_mut(&mut self) -> impl Iterator<Item = &mut [f32; CHANNELS]> {
        self.pixels.as_chunks_mut().0.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_pass_through_unchanged() {
        let bytes: Vec<u8> = (0..=255).chain(0..14).collect();
        assert_eq!(Image::from_rgb8(9, 10, &bytes).to_rgb8(), bytes);
    }

    #[test]
    fn a_pixel_is_found_by_row_and_column() {
        let values = (0..18).map(|i| i as f32).collect();
        assert_eq!(Image::new(2, 3, values).pixel(1, 2), [15.0, 16.0, 17.0]);
    }

    #[test]
    #[should_panic(expected = "2 × 2 × 3 values expected")]
    fn a_wrong_number_of_values_is_refused() {
        Image::new(2, 2, vec![0.0; 11]);
    }
}
