//! What colours a view has: the four parts of colour jitter, grayscale, solarisation,
//! normalisation. Each is torchvision's operation on float tensors.

use crate::data::{CHANNELS, Image};

/// Scales every value: `clamp(factor · x)`.
pub fn brightness(image: Image, factor: f32) -> Image {
    map_values(image, |value| unit(factor * value))
}

/// Moves every value away from (`factor > 1`) or towards the picture's mean grey.
pub fn contrast(image: Image, factor: f32) -> Image {
    let (pixels, _) = image.pixels.as_chunks();
    let total: f64 = pixels.iter().map(|&pixel| f64::from(grey(pixel))).sum();
    let mean = (total / pixels.len().max(1) as f64) as f32;
    map_values(image, |value| unit(factor * value + (1.0 - factor) * mean))
}

/// Moves every pixel away from (`factor > 1`) or towards its own grey.
pub fn saturation(image: Image, factor: f32) -> Image {
    map_pixels(image, |pixel| {
        let grey = (1.0 - factor) * grey(pixel);
        pixel.map(|value| unit(factor * value + grey))
    })
}

/// Turns every pixel's hue by `factor` of the colour circle, `-0.5 ..= 0.5`.
///
/// The way there and back through HSV, without its six cases: with the hue `h` in sixths of the
/// circle, chroma `c` and value `v`, a channel is `v - c · clamp(min(k, 4 - k), 0, 1)` where
/// `k = (n + h) mod 6` and `n` is 5 for red, 3 for green, 1 for blue.
pub fn hue(image: Image, factor: f32) -> Image {
    map_pixels(image, |[red, green, blue]| {
        let value = red.max(green).max(blue);
        let chroma = value - red.min(green).min(blue);
        let (sector, rise) = if red == value {
            (0.0, green - blue)
        } else if green == value {
            (2.0, blue - red)
        } else {
            (4.0, red - green)
        };
        let per_chroma = if chroma > 0.0 { 1.0 / chroma } else { 0.0 };
        let hue = sector + rise * per_chroma + 6.0 * factor;
        [5.0, 3.0, 1.0].map(|n| {
            let turned = n + hue;
            let k = turned - 6.0 * (turned * (1.0 / 6.0)).floor();
            unit(value - chroma * unit(k.min(4.0 - k)))
        })
    })
}

/// Replaces every pixel by its grey, on all three channels.
pub fn grayscale(image: Image) -> Image {
    map_pixels(image, |pixel| [grey(pixel); CHANNELS])
}

/// Inverts the values that reach `threshold`.
pub fn solarize(image: Image, threshold: f32) -> Image {
    map_values(image, |value| if value >= threshold { 1.0 - value } else { value })
}

/// `(x - mean) / std` for each channel.
pub fn normalize(image: Image, mean: [f32; CHANNELS], std: [f32; CHANNELS]) -> Image {
    let scale = std.map(|std| 1.0 / std);
    map_pixels(image, |[red, green, blue]| {
        [(red - mean[0]) * scale[0], (green - mean[1]) * scale[1], (blue - mean[2]) * scale[2]]
    })
}

/// Luminance with torchvision's weights (ITU-R 601, four digits).
fn grey([red, green, blue]: [f32; CHANNELS]) -> f32 {
    0.2989 * red + 0.587 * green + 0.114 * blue
}

fn unit(value: f32) -> f32 {
    value.clamp(0.0, 1.0)
}

fn map_values(mut image: Image, f: impl Fn(f32) -> f32) -> Image {
    image.pixels.iter_mut().for_each(|value| *value = f(*value));
    image
}

fn map_pixels(mut image: Image, f: impl Fn([f32; CHANNELS]) -> [f32; CHANNELS]) -> Image {
    image.pixels_mut().for_each(|pixel| *pixel = f(*pixel));
    image
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_of_the_circle_turns_red_green_blue() {
        let red = Image::filled(1, 1, [0.9, 0.1, 0.1]);
        for (factor, expected) in [(1.0 / 3.0, [0.1, 0.9, 0.1]), (-1.0 / 3.0, [0.1, 0.1, 0.9])] {
            let turned = hue(red.clone(), factor).pixel(0, 0);
            assert!((0..3).all(|c| (turned[c] - expected[c]).abs() < 1e-6), "{turned:?}");
        }
    }

    #[test]
    fn grey_pixels_have_no_hue_to_turn() {
        let grey = Image::filled(2, 2, [0.4; 3]);
        assert_eq!(hue(grey.clone(), 0.3), grey);
    }

    #[test]
    fn factor_one_changes_nothing() {
        let image = Image::from_rgb8(1, 2, &[10, 90, 200, 255, 0, 30]);
        assert_eq!(brightness(image.clone(), 1.0), image);
        assert_eq!(contrast(image.clone(), 1.0), image);
        assert_eq!(saturation(image.clone(), 1.0), image);
    }
}
