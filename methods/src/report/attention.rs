//! A picture of where a vision transformer looks.

use super::sheet::{GAP, LABEL, Sheet};
use crate::augment::{Crop, Interpolation, crop_resize, grayscale};
use crate::data::{CHANNELS, Image};

/// The side of a panel, in pixels.
const PANEL: usize = 224;
/// How much of a panel's colour is the attention's; the rest is the image in grey.
const HEAT: f32 = 0.8;

/// An image, and how much each head of an attention looks at each patch of it.
pub struct AttentionPicture<'a> {
    /// What the network saw, for the eye.
    pub image: &'a Image,
    /// Patches, down and across.
    pub grid: [usize; 2],
    /// For each head a weight a patch, row after row.
    pub heads: &'a [Vec<f32>],
}

impl AttentionPicture<'_> {
    /// A PNG: the image, the mean of the heads, and each head, labelled, side by side. Each
    /// panel goes from nothing to its own largest weight, so that a head that looks at everything
    /// alike is of one colour.
    ///
    /// # Panics
    /// Where there is no head, or one has not a weight for each patch.
    pub fn png(&self) -> Vec<u8> {
        let panels = self.panels(PANEL);
        let columns = columns(panels.len());
        let (row, column) = (LABEL + PANEL, PANEL + GAP);
        let mut sheet =
            Sheet::new(GAP + panels.len().div_ceil(columns) * row, GAP + columns * column);
        for (place, (label, panel)) in panels.iter().enumerate() {
            let (top, left) = (place / columns * row, GAP + place % columns * column);
            sheet.write(top, left, label);
            sheet.put(top + LABEL, left, panel, 1);
        }
        sheet.png()
    }

    /// The image, the mean of the heads, and each head, with their labels, `side` by `side`.
    pub(crate) fn panels(&self, side: usize) -> Vec<(String, Image)> {
        let patches = self.grid[0] * self.grid[1];
        assert!(!self.heads.is_empty() && self.heads.iter().all(|head| head.len() == patches));
        let mean = |patch: usize| self.heads.iter().map(|head| head[patch]).sum::<f32>();
        let mean: Vec<f32> = (0..patches).map(mean).collect();

        let whole = Crop::whole(self.image);
        let image = crop_resize(self.image, whole, [side; 2], Interpolation::Bilinear);
        let grey = grayscale(image.clone());
        let mut panels = vec![("image".to_owned(), image)];
        panels.push(("mean".to_owned(), self.heat(&grey, &mean)));
        let heads = self.heads.iter().enumerate();
        panels.extend(heads.map(|(i, head)| (format!("head {i}"), self.heat(&grey, head))));
        panels
    }

    /// The image in grey under the colours of its patches' weights. Patches stay squares: what lies
    /// between them the network does not tell.
    fn heat(&self, grey: &Image, weights: &[f32]) -> Image {
        let largest = weights.iter().fold(f32::MIN_POSITIVE, |largest, &w| largest.max(w));
        let [rows, columns] = self.grid;
        let mut heat = grey.clone();
        for (i, pixel) in heat.pixels_mut().enumerate() {
            let (y, x) = (i / grey.width, i % grey.width);
            let [row, column] = [y * rows / grey.height, x * columns / grey.width];
            let color = inferno(weights[row * columns + column] / largest);
            for (value, color) in pixel.iter_mut().zip(color) {
                *value = HEAT * color + (1.0 - HEAT) * *value;
            }
        }
        heat
    }
}

/// As few rows of at most five as there can be, all of them about as long.
fn columns(panels: usize) -> usize {
    panels.div_ceil(panels.div_ceil(5))
}

/// Matplotlib's colour map of that name, from nine of its colours: brightness grows evenly.
fn inferno(value: f32) -> [f32; CHANNELS] {
    const STOPS: [[u8; CHANNELS]; 9] = [
        [0, 0, 4],
        [31, 12, 72],
        [85, 15, 109],
        [136, 34, 106],
        [186, 54, 85],
        [227, 89, 51],
        [249, 140, 10],
        [249, 201, 50],
        [252, 255, 164],
    ];
    let place = value.clamp(0.0, 1.0) * (STOPS.len() - 1) as f32;
    let below = (place as usize).min(STOPS.len() - 2);
    let part = place - below as f32;
    std::array::from_fn(|channel| {
        let [low, high] = [below, below + 1].map(|stop| f32::from(STOPS[stop][channel]));
        (low + part * (high - low)) / 255.0
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_begin_and_end_where_they_should() {
        assert_eq!(inferno(-1.0), [0.0, 0.0, 4.0 / 255.0]);
        assert_eq!(inferno(2.0), [252.0 / 255.0, 1.0, 164.0 / 255.0]);
        let brightness = |i: usize| inferno(i as f32 / 40.0).iter().sum::<f32>();
        assert!((1..=40).all(|i| brightness(i) > brightness(i - 1)));
    }

    #[test]
    fn the_brightest_place_is_the_heaviest_patch() {
        let image = Image::filled(8, 8, [0.5; CHANNELS]);
        // Two rows of three patches; the weight is in the first row's last.
        let weights = vec![0.0, 0.1, 0.6, 0.1, 0.1, 0.1];
        let picture =
            AttentionPicture { image: &image, grid: [2, 3], heads: &[weights.clone(), weights] };
        let heat = picture.heat(&Image::filled(PANEL, PANEL, [0.5; CHANNELS]), &picture.heads[0]);
        let brightness = |row, column| heat.pixel(row, column).iter().sum::<f32>();
        let [near, far] = [PANEL / 5, PANEL - PANEL / 5];
        assert!(brightness(near, far) > 2.0 * brightness(near, near));
        assert!(brightness(near, far) > 2.0 * brightness(far, far));

        let sheet = ::image::load_from_memory(&picture.png()).expect("a picture").into_rgb8();
        // Image, mean and two heads.
        let size = [sheet.height() as usize, sheet.width() as usize];
        assert_eq!(size, [GAP + LABEL + PANEL, GAP + 4 * (PANEL + GAP)]);
        assert_eq!([5, 8, 14].map(columns), [5, 4, 5]);
    }
}
