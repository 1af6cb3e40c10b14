//! How sharp a view is.

use crate::data::{CHANNELS, Image};

/// Blurs with a Gaussian of `sigma` pixels, cut to `kernel` (odd) taps on each axis; outside the
/// picture its mirror image is seen, the border pixel not repeated.
///
/// Panics unless `kernel` is odd and `sigma` is above zero.
#[track_caller]
pub fn gaussian_blur(image: &Image, kernel: usize, sigma: f32) -> Image {
    let weights = gaussian(kernel, sigma);
    let (height, width, reach) = (image.height, image.width, kernel / 2);
    let row = width * CHANNELS;

    let mut blurred = Image { pixels: vec![0.0; image.pixels.len()], ..*image };
    let mut padded = vec![0.0; (width + 2 * reach) * CHANNELS];
    for y in 0..height {
        // Down the columns, into the middle of a row with room at both ends …
        padded.fill(0.0);
        let middle = &mut padded[reach * CHANNELS..][..row];
        for (tap, &weight) in weights.iter().enumerate() {
            let source = mirror(y as isize + tap as isize - reach as isize, height);
            add_scaled(middle, weight, &image.pixels[source * row..][..row]);
        }
        for x in (0..reach).chain(reach + width..2 * reach + width) {
            let source = reach + mirror(x as isize - reach as isize, width);
            padded.copy_within(source * CHANNELS..(source + 1) * CHANNELS, x * CHANNELS);
        }
        // … then along that row.
        let target = &mut blurred.pixels[y * row..][..row];
        for (tap, &weight) in weights.iter().enumerate() {
            add_scaled(target, weight, &padded[tap * CHANNELS..][..row]);
        }
    }
    blurred
}

/// The kernel's weights; they sum to 1.
///
/// Panics unless `kernel` is odd and `sigma` is above zero.
#[track_caller]
pub(super) fn gaussian(kernel: usize, sigma: f32) -> Vec<f32> {
    assert!(kernel % 2 == 1, "gaussian_blur: kernel {kernel}, expected an odd number");
    assert!(sigma > 0.0, "gaussian_blur: sigma {sigma}, expected a number above 0");
    let reach = (kernel / 2) as f32;
    let mut weights: Vec<f32> =
        (0..kernel).map(|tap| (-0.5 * ((tap as f32 - reach) / sigma).powi(2)).exp()).collect();
    let total: f32 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= total);
    weights
}

/// The position in `0..length` that is seen at `position`, outside too: 2 1 | 0 1 2 | 1 0.
fn mirror(position: isize, length: usize) -> usize {
    let last = length as isize - 1;
    if last <= 0 {
        return 0;
    }
    let phase = position.rem_euclid(2 * last);
    phase.min(2 * last - phase) as usize
}

fn add_scaled(sum: &mut [f32], weight: f32, values: &[f32]) {
    sum.iter_mut().zip(values).for_each(|(sum, &value)| *sum += weight * value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_does_not_repeat_the_border() {
        let seen: Vec<usize> = (-4..8).map(|i| mirror(i, 4)).collect();
        assert_eq!(seen, [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]);
        assert_eq!(mirror(-3, 1), 0);
    }

    #[test]
    fn a_kernel_wider_than_the_picture_keeps_a_constant() {
        let blurred = gaussian_blur(&Image::filled(2, 1, [0.3; 3]), 9, 2.0);
        assert!(blurred.pixels.iter().all(|value| (value - 0.3).abs() < 1e-6));
    }
}
