//! Views: the random crops, colours and blurs that a method must see through.
//!
//! Every operation is a plain function of a picture and explicit factors, with the meaning of
//! torchvision's operation on float tensors; [`Recipe`] draws the factors, and [`Drawn`] holds and
//! applies them, as two kernels on a GPU do. Randomness comes from [`key`] alone, so a view depends
//! on (seed, epoch, sample, view) and on nothing else: not on the number of threads, and not on
//! where a run was interrupted.

mod blur;
mod color;
mod drawn;
mod geometry;
#[cfg(test)]
mod goldens;
pub(crate) mod gpu;
mod recipe;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::data::{CHANNELS, Image};

pub use blur::gaussian_blur;
pub use color::{brightness, contrast, grayscale, hue, normalize, saturation, solarize};
pub use drawn::{Drawn, Jitter};
pub use geometry::{Crop, Interpolation, crop_resize, hflip};
pub use recipe::{Recipe, RecipeError};

/// The mean of each channel that a network's input is shifted by.
///
/// These are ImageNet's, for every data set: published weights expect them, so a network can be
/// started from such weights or evaluated beside them; and a first BatchNorm undoes whatever
/// shift and scale a data set's own figures would have given.
pub const MEAN: [f32; CHANNELS] = [0.485, 0.456, 0.406];

/// The standard deviation of each channel that a network's input is divided by; see [`MEAN`].
pub const STD: [f32; CHANNELS] = [0.229, 0.224, 0.225];

// ANCHOR: key
/// The generator of one view of one sample in one epoch.
///
/// The four numbers *are* the generator's 256-bit key, so no two views share a stream.
pub fn key(seed: u64, epoch: usize, sample: usize, view: usize) -> ChaCha8Rng {
    keyed([seed, epoch as u64, sample as u64, view as u64])
}

/// The generator of a 256-bit key. Draws that belong to no view have numbers beyond all that
/// images have, of 64 bits on every machine.
pub(crate) fn keyed(words: [u64; 4]) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (bytes, word) in key.as_chunks_mut().0.iter_mut().zip(words) {
        *bytes = word.to_le_bytes();
    }
    ChaCha8Rng::from_seed(key)
}
// ANCHOR_END: key

/// A picture as evaluation sees it: the largest square in the middle, resized to `size`, and
/// normalised with [`MEAN`] and [`STD`].
pub fn to_input(image: &Image, size: usize) -> Image {
    let side = image.height.min(image.width);
    let square = Crop::center(image, side, side);
    let resized = crop_resize(image, square, [size, size], Interpolation::Bilinear);
    normalize(resized, MEAN, STD)
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn each_part_of_the_key_counts() {
        let first = |seed, epoch, sample, view| key(seed, epoch, sample, view).next_u64();
        let draws = [first(1, 0, 0, 0), first(0, 1, 0, 0), first(0, 0, 1, 0), first(0, 0, 0, 1)];
        assert_eq!(first(1, 0, 0, 0), draws[0]);
        for (i, draw) in draws.iter().enumerate() {
            assert!(!draws[..i].contains(draw));
        }
    }

    #[test]
    fn the_input_is_the_normalised_middle() {
        let mut image = Image::filled(4, 8, [1.0; 3]);
        for (i, pixel) in image.pixels_mut().enumerate() {
            if (2..6).contains(&(i % 8)) {
                *pixel = MEAN;
            }
        }
        let input = to_input(&image, 2);
        assert_eq!((input.height, input.width), (2, 2));
        assert!(input.pixels.iter().all(|value| value.abs() < 1e-6));
    }
}
