//! Where a view looks: cropping, antialiased resizing, mirroring.

use serde::{Deserialize, Serialize};
use tensor::{Filter, Taps};

use crate::data::{CHANNELS, Image};

/// A box of whole pixels inside a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crop {
    /// The first row.
    pub top: usize,
    /// The first column.
    pub left: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Crop {
    /// The box of this size in the middle of `image`; never larger than `image`.
    pub fn center(image: &Image, height: usize, width: usize) -> Self {
        Self::middle([image.height, image.width], [height, width])
    }

    /// The box of this size in the middle of a picture of `[height, width]`; never larger than
    /// that.
    pub fn middle(picture: [usize; 2], size: [usize; 2]) -> Self {
        let [height, width] = [0, 1].map(|axis| size[axis].min(picture[axis]));
        let (top, left) = ((picture[0] - height) / 2, (picture[1] - width) / 2);
        Self { top, left, height, width }
    }

    /// Panics when the box is empty or leaves the picture.
    #[track_caller]
    pub(super) fn check(self, image: &Image) {
        assert!(
            self.height > 0
                && self.width > 0
                && self.top + self.height <= image.height
                && self.left + self.width <= image.width,
            "crop_resize: {self:?} in a picture of {} × {}",
            image.height,
            image.width
        );
    }

    /// The whole of `image`.
    pub fn whole(image: &Image) -> Self {
        Self::center(image, image.height, image.width)
    }
}

/// How a resized pixel is mixed from those around it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Interpolation {
    /// A triangle over two source pixels.
    #[default]
    Bilinear,
    /// Keys' cubic with `a = -0.5` over four source pixels; overshoots `[0, 1]` at edges.
    Bicubic,
}

impl Interpolation {
    /// What mixes `outputs` pixels from `inputs` along an axis.
    pub(super) fn taps(self, inputs: usize, outputs: usize) -> Taps<f32> {
        let filter = match self {
            Self::Bilinear => Filter::Bilinear,
            Self::Bicubic => Filter::Bicubic,
        };
        Taps::antialiased(inputs, outputs, inputs as f64 / outputs as f64, filter)
    }
}

/// Cuts `crop` out of `image` and resizes it to `[height, width]` with antialias: when shrinking,
/// the filter widens with the scale, as in Pillow and in torchvision's tensors.
///
/// Panics when the crop is empty or leaves the picture.
#[track_caller]
pub fn crop_resize(
    image: &Image,
    crop: Crop,
    [height, width]: [usize; 2],
    interpolation: Interpolation,
) -> Image {
    crop.check(image);
    let vertical = interpolation.taps(crop.height, height);
    let horizontal = interpolation.taps(crop.width, width);

    // Rows are mixed first: that runs along memory, and it is where a large photograph shrinks.
    let mut mixed = vec![0.0; crop.width * CHANNELS];
    let mut pixels = Vec::with_capacity(height * width * CHANNELS);
    for (first_row, row_weights) in vertical.iter() {
        mixed.fill(0.0);
        for (row, &weight) in row_weights.iter().enumerate() {
            let start = (crop.top + first_row + row) * image.width + crop.left;
            let source = &image.pixels[start * CHANNELS..][..mixed.len()];
            mixed.iter_mut().zip(source).for_each(|(sum, &value)| *sum += weight * value);
        }
        let (columns, _) = mixed.as_chunks::<CHANNELS>();
        for (first, weights) in horizontal.iter() {
            let mut sum = [0.0; CHANNELS];
            for (&weight, pixel) in weights.iter().zip(&columns[first..]) {
                for channel in 0..CHANNELS {
                    sum[channel] += weight * pixel[channel];
                }
            }
            pixels.extend_from_slice(&sum);
        }
    }
    Image::new(height, width, pixels)
}

/// Mirrors left and right.
pub fn hflip(mut image: Image) -> Image {
    let row = image.width * CHANNELS;
    if row > 0 {
        image.pixels.chunks_exact_mut(row).for_each(|row| row.as_chunks_mut::<3>().0.reverse());
    }
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(height: usize, width: usize) -> Image {
        let count = height * width * CHANNELS;
        Image::new(height, width, (0..count).map(|i| i as f32 / count as f32).collect())
    }

    #[test]
    fn the_same_size_changes_nothing() {
        for interpolation in [Interpolation::Bilinear, Interpolation::Bicubic] {
            let image = ramp(5, 7);
            let same = crop_resize(&image, Crop::whole(&image), [5, 7], interpolation);
            assert_eq!(same, image);
        }
    }

    #[test]
    fn a_constant_stays_constant_at_every_scale() {
        let image = Image::filled(9, 13, [0.2, 0.5, 0.7]);
        for size in [1, 2, 9, 13, 40] {
            let resized =
                crop_resize(&image, Crop::whole(&image), [size, size], Interpolation::Bicubic);
            assert_eq!((resized.height, resized.width), (size, size));
            let wrong = |pixel: [f32; 3]| (pixel[1] - 0.5).abs() > 1e-6;
            assert!(!(0..size * size).any(|i| wrong(resized.pixel(i / size, i % size))));
        }
    }

    #[test]
    fn mirroring_twice_is_nothing_and_once_swaps_columns() {
        let image = ramp(3, 4);
        let mirrored = hflip(image.clone());
        assert_eq!(mirrored.pixel(2, 0), image.pixel(2, 3));
        assert_eq!(hflip(mirrored), image);
    }

    #[test]
    #[should_panic(expected = "in a picture of 4 × 4")]
    fn a_crop_outside_is_refused() {
        let crop = Crop { top: 2, left: 0, height: 3, width: 1 };
        crop_resize(&ramp(4, 4), crop, [2, 2], Interpolation::Bilinear);
    }
}
