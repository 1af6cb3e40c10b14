//! How views are drawn: a method's augmentation as data.

#[cfg(test)]
mod tests;

use rand::RngExt;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Crop, Drawn, Interpolation, Jitter, MEAN, STD, normalize};
use crate::data::Image;

/// The settings of one view's augmentation. Fields ending in `_p` are probabilities.
///
/// The order is fixed: crop, flip, jitter, grey, blur, solarise, normalise (SimSiam, appendix A;
/// BYOL, appendix B).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recipe {
    /// The least and greatest share of the picture's area that a crop keeps.
    pub crop_scale: [f32; 2],
    /// The least and greatest width / height of a crop.
    pub crop_aspect: [f32; 2],
    /// How the crop is resized.
    pub interpolation: Interpolation,
    /// Mirroring left and right.
    pub flip_p: f32,
    /// Colour jitter.
    pub jitter_p: f32,
    /// The strengths of brightness, contrast, saturation and hue: a factor is drawn from
    /// `1 ± strength` (not below 0), the hue's turn from `± strength`, at most 0.5.
    pub jitter: [f32; 4],
    /// Turning grey.
    pub gray_p: f32,
    /// Gaussian blur.
    pub blur_p: f32,
    /// The least and greatest standard deviation of the blur, in pixels of the view.
    pub blur_sigma: [f32; 2],
    /// The blur's taps on each axis, an odd number of pixels.
    pub blur_kernel: usize,
    /// Inverting what is brighter than one half.
    pub solarize_p: f32,
}

impl Default for Recipe {
    /// [`Recipe::simsiam`].
    fn default() -> Self {
        Self::simsiam()
    }
}

impl Recipe {
    /// SimSiam's views (appendix A), which are MoCo v2's: both are drawn alike.
    pub fn simsiam() -> Self {
        Self {
            crop_scale: [0.2, 1.0],
            crop_aspect: [3.0 / 4.0, 4.0 / 3.0],
            interpolation: Interpolation::Bilinear,
            flip_p: 0.5,
            jitter_p: 0.8,
            jitter: [0.4, 0.4, 0.4, 0.1],
            gray_p: 0.2,
            blur_p: 0.5,
            blur_sigma: [0.1, 2.0],
            blur_kernel: 23,
            solarize_p: 0.0,
        }
    }

    // ANCHOR: byol
    /// BYOL's two views (table 6), which MoCo-v3, Barlow Twins and VICReg use too: the first is
    /// always blurred, the second seldom, and sometimes solarised.
    pub fn byol() -> [Self; 2] {
        let first = Self {
            crop_scale: [0.08, 1.0],
            interpolation: Interpolation::Bicubic,
            jitter: [0.4, 0.4, 0.2, 0.1],
            blur_p: 1.0,
            ..Self::simsiam()
        };
        let second = Self { blur_p: 0.1, solarize_p: 0.2, ..first.clone() };
        [first, second]
    }
    // ANCHOR_END: byol

    /// DINO's two global views and its local view: BYOL's colours, crops above and below 40 % of
    /// the picture.
    pub fn dino() -> ([Self; 2], Self) {
        let globals = Self::byol().map(|view| Self { crop_scale: [0.4, 1.0], ..view });
        let local = Self { crop_scale: [0.05, 0.4], blur_p: 0.5, ..globals[0].clone() };
        (globals, local)
    }

    /// The same without blur, for pictures of some 32 pixels, which have no detail to spare
    /// (SimSiam, appendix D).
    pub fn small(self) -> Self {
        Self { blur_p: 0.0, ..self }
    }

    /// The same for Shapes: [`small`](Self::small), with crops that keep at least 40 % of the area
    /// where the recipe allows it. A closer look magnifies so much that the wave lengths which
    /// tell the classes can no longer be told apart.
    pub fn shapes(self) -> Self {
        let [low, high] = self.crop_scale;
        Self { crop_scale: [low.max(high.min(0.4)), high], ..self.small() }
    }

    /// Whether every setting makes sense; for recipes that come from a file or a flag.
    pub fn check(&self) -> Result<(), RecipeError> {
        let share = |value: &f32| (0.0..=1.0).contains(value);
        let ordered = |[low, high]: [f32; 2]| low > 0.0 && low <= high && high.is_finite();
        let probabilities = [
            ("flip_p", self.flip_p),
            ("jitter_p", self.jitter_p),
            ("gray_p", self.gray_p),
            ("blur_p", self.blur_p),
            ("solarize_p", self.solarize_p),
        ];
        for (field, p) in probabilities {
            expect(share(&p), field, &p, "a probability from 0 to 1")?;
        }
        let scale = self.crop_scale;
        let fits = ordered(scale) && share(&scale[1]);
        expect(fits, "crop_scale", &scale, "[low, high] with 0 < low <= high <= 1")?;
        for (field, range) in [("crop_aspect", self.crop_aspect), ("blur_sigma", self.blur_sigma)] {
            expect(ordered(range), field, &range, "[low, high] with 0 < low <= high")?;
        }
        let fits = self.jitter.iter().all(|strength| *strength >= 0.0 && strength.is_finite())
            && self.jitter[3] <= 0.5;
        expect(
            fits,
            "jitter",
            &self.jitter,
            "four strengths of at least 0, the hue's at most 0.5",
        )?;
        let odd = self.blur_kernel % 2 == 1;
        expect(odd, "blur_kernel", &self.blur_kernel, "an odd number of pixels")
    }

    /// A view for the network: [`view`](Self::view), normalised with [`MEAN`] and [`STD`].
    pub fn apply(&self, image: &Image, size: usize, rng: &mut ChaCha8Rng) -> Image {
        normalize(self.view(image, size, rng), MEAN, STD)
    }

    /// A view for the eye, `[size, size, 3]`, in `[0, 1]`.
    ///
    /// Panics on settings that [`check`](Self::check) refuses and on an empty picture.
    #[track_caller]
    pub fn view(&self, image: &Image, size: usize, rng: &mut ChaCha8Rng) -> Image {
        self.draw([image.height, image.width], rng).apply(image, [size; 2])
    }

    // ANCHOR: view
    /// What makes a view of a picture of `[height, width]`.
    pub fn draw(&self, picture: [usize; 2], rng: &mut ChaCha8Rng) -> Drawn {
        // In the order in which they are drawn.
        Drawn {
            crop: self.draw_crop(picture, rng),
            interpolation: self.interpolation,
            flip: chance(rng, self.flip_p),
            jitter: if chance(rng, self.jitter_p) { self.draw_jitter(rng) } else { Vec::new() },
            gray: chance(rng, self.gray_p),
            blur: chance(rng, self.blur_p)
                .then(|| (self.blur_kernel, uniform(rng, self.blur_sigma))),
            solarize: chance(rng, self.solarize_p).then_some(0.5),
        }
    }
    // ANCHOR_END: view

    /// Brightness, contrast, saturation and hue, in random order.
    fn draw_jitter(&self, rng: &mut ChaCha8Rng) -> Vec<Jitter> {
        let mut order = [0, 1, 2, 3];
        order.shuffle(rng);
        let changes = order.into_iter().filter(|&which| self.jitter[which] != 0.0);
        let drawn = changes.map(|which| {
            let strength = self.jitter[which];
            let change = uniform(rng, [(-strength).max(-1.0), strength]);
            match which {
                0 => Jitter::Brightness(1.0 + change),
                1 => Jitter::Contrast(1.0 + change),
                2 => Jitter::Saturation(1.0 + change),
                _ => Jitter::Hue(change),
            }
        });
        drawn.collect()
    }

    // ANCHOR: crop
    /// A box of random area and shape, as torchvision draws it: ten tries, then the largest box
    /// in the middle whose shape is allowed.
    fn draw_crop(&self, picture: [usize; 2], rng: &mut ChaCha8Rng) -> Crop {
        let [height, width] = picture.map(|side| side as f32);
        let shapes = self.crop_aspect.map(f32::ln);
        for _ in 0..10 {
            let area = height * width * uniform(rng, self.crop_scale);
            let aspect = uniform(rng, shapes).exp();
            let crop_width = (area * aspect).sqrt().round_ties_even() as usize;
            let crop_height = (area / aspect).sqrt().round_ties_even() as usize;
            let fits = |side, limit| (1..=limit).contains(&side);
            if fits(crop_height, picture[0]) && fits(crop_width, picture[1]) {
                return Crop {
                    top: rng.random_range(0..=picture[0] - crop_height),
                    left: rng.random_range(0..=picture[1] - crop_width),
                    height: crop_height,
                    width: crop_width,
                };
            }
        }
        let [narrowest, widest] = self.crop_aspect;
        let aspect = (width / height).max(narrowest).min(widest);
        let crop_width = width.min((height * aspect).round_ties_even()).max(1.0);
        let crop_height = height.min((width / aspect).round_ties_even()).max(1.0);
        Crop::middle(picture, [crop_height as usize, crop_width as usize])
    }
    // ANCHOR_END: crop
}

/// A setting of a [`Recipe`] that makes no sense.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{field} = {found}; expected {expected}")]
pub struct RecipeError {
    /// The setting's name.
    pub field: &'static str,
    /// Its value.
    pub found: String,
    /// What it may be.
    pub expected: &'static str,
}

fn expect(
    holds: bool,
    field: &'static str,
    found: &dyn std::fmt::Debug,
    expected: &'static str,
) -> Result<(), RecipeError> {
    if holds { Ok(()) } else { Err(RecipeError { field, found: format!("{found:?}"), expected }) }
}

fn chance(rng: &mut ChaCha8Rng, probability: f32) -> bool {
    rng.random::<f32>() < probability
}

fn uniform(rng: &mut ChaCha8Rng, [low, high]: [f32; 2]) -> f32 {
    low + (high - low) * rng.random::<f32>()
}
