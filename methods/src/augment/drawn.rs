//! What a view is made by, once its random numbers are drawn.

use super::{
    Crop, Interpolation, brightness, contrast, crop_resize, gaussian_blur, grayscale, hflip, hue,
    saturation, solarize,
};
use crate::data::Image;

/// One change of a view's colours and its factor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Jitter {
    /// See [`brightness`].
    Brightness(f32),
    /// See [`contrast`].
    Contrast(f32),
    /// See [`saturation`].
    Saturation(f32),
    /// See [`hue`].
    Hue(f32),
}

/// Everything that makes a view of a picture, in the order in which it is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// What is cut out.
    pub crop: Crop,
    /// How it is resized.
    pub interpolation: Interpolation,
    /// Whether it is mirrored.
    pub flip: bool,
    /// How its colours change, each kind at most once.
    pub jitter: Vec<Jitter>,
    /// Whether it turns grey.
    pub gray: bool,
    /// The taps and the standard deviation of its blur.
    pub blur: Option<(usize, f32)>,
    /// From which value on it is inverted.
    pub solarize: Option<f32>,
}

impl Drawn {
    /// This box and nothing else.
    pub fn crop(crop: Crop, interpolation: Interpolation) -> Self {
        let (flip, gray, blur, solarize) = (false, false, None, None);
        Drawn { crop, interpolation, flip, jitter: Vec::new(), gray, blur, solarize }
    }

    // ANCHOR: apply
    /// The view of `image`, `[height, width, 3]`, in `[0, 1]`.
    ///
    /// Panics where the crop leaves the picture.
    #[track_caller]
    pub fn apply(&self, image: &Image, size: [usize; 2]) -> Image {
        let mut view = self.cut(image, size);
        if self.flip {
            view = hflip(view);
        }
        for change in &self.jitter {
            view = match *change {
                Jitter::Brightness(factor) => brightness(view, factor),
                Jitter::Contrast(factor) => contrast(view, factor),
                Jitter::Saturation(factor) => saturation(view, factor),
                Jitter::Hue(factor) => hue(view, factor),
            };
        }
        if self.gray {
            view = grayscale(view);
        }
        if let Some((kernel, sigma)) = self.blur {
            view = gaussian_blur(&view, kernel, sigma);
        }
        if let Some(threshold) = self.solarize {
            view = solarize(view, threshold);
        }
        view
    }
    // ANCHOR_END: apply

    /// The crop alone, resized.
    #[track_caller]
    pub(super) fn cut(&self, image: &Image, size: [usize; 2]) -> Image {
        let mut view = crop_resize(image, self.crop, size, self.interpolation);
        if self.interpolation == Interpolation::Bicubic {
            // The overshoot at edges: pictures of bytes, which the papers used, cannot hold it.
            view.pixels.iter_mut().for_each(|value| *value = value.clamp(0.0, 1.0));
        }
        view
    }
}
