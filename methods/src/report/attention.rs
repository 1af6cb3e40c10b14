//! A picture of where a vision transformer looks.

use super::letters;
use super::pictures::png;
use crate::augment::{Crop, Interpolation, crop_resize, grayscale};
use crate::data::{CHANNELS, Image};

/// The side of a panel, in pixels.
const PANEL: usize = 224;
/// Between panels, and around them.
const GAP: usize = 12;
/// A letter's pixel, in pixels.
const LETTER: usize = 2;
/// The height of a label with the space around it.
const LABEL: usize = letters::HEIGHT * LETTER + GAP;
/// How much of a panel's colour is the attention's; the rest is the image in grey.
const HEAT: f32 = 0.7;

const PAPER: [u8; CHANNELS] = [255; CHANNELS];
const INK: [u8; CHANNELS] = [40; CHANNELS];

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
    /// panel's brightest place is where that panel's weight is largest.
    ///
    /// # Panics
    /// Where there is no head, or one has not a weight for each patch.
    pub fn png(&self) -> Vec<u8> {
        let patches = self.grid[0] * self.grid[1];
        assert!(!self.heads.is_empty() && self.heads.iter().all(|head| head.len() == patches));
        let mean = |patch: usize| self.heads.iter().map(|head| head[patch]).sum::<f32>();
        let mean: Vec<f32> = (0..patches).map(mean).collect();

        let resize = |image| crop_resize(image, Crop::whole(image), [PANEL; 2], SMOOTH);
        let image = resize(self.image);
        let grey = grayscale(image.clone());
        let mut panels = vec![("image".to_owned(), image)];
        panels.push(("mean".to_owned(), self.heat(&grey, &mean)));
        let heads = self.heads.iter().enumerate();
        panels.extend(heads.map(|(i, head)| (format!("head {i}"), self.heat(&grey, head))));

        let columns = columns(panels.len());
        let mut sheet = Sheet::new(panels.len().div_ceil(columns), columns);
        for (place, (label, panel)) in panels.iter().enumerate() {
            sheet.put(place / columns, place % columns, label, panel);
        }
        png(sheet.height, sheet.width, &sheet.rgb)
    }

    /// The image in grey under the colours of the weights, which are spread from patch to patch.
    fn heat(&self, grey: &Image, weights: &[f32]) -> Image {
        let largest = weights.iter().fold(f32::MIN_POSITIVE, |largest, &w| largest.max(w));
        let values = weights.iter().flat_map(|w| [w / largest; CHANNELS]).collect();
        let coarse = Image::new(self.grid[0], self.grid[1], values);
        let mut heat = crop_resize(&coarse, Crop::whole(&coarse), [PANEL; 2], SMOOTH);
        for (pixel, grey) in heat.pixels_mut().zip(grey.pixels.as_chunks::<CHANNELS>().0) {
            let color = inferno(pixel[0]);
            for channel in 0..CHANNELS {
                pixel[channel] = HEAT * color[channel] + (1.0 - HEAT) * grey[channel];
            }
        }
        heat
    }
}

const SMOOTH: Interpolation = Interpolation::Bilinear;

/// Columns of a sheet that is about half as high as wide.
fn columns(panels: usize) -> usize {
    ((2 * panels) as f64).sqrt().ceil() as usize
}

/// Panels in rows, each under its label.
struct Sheet {
    height: usize,
    width: usize,
    rgb: Vec<u8>,
}

impl Sheet {
    fn new(rows: usize, columns: usize) -> Self {
        let (height, width) = (GAP + rows * (LABEL + PANEL), GAP + columns * (PANEL + GAP));
        Sheet { height, width, rgb: PAPER.repeat(height * width) }
    }

    fn put(&mut self, row: usize, column: usize, label: &str, panel: &Image) {
        let (top, left) = (row * (LABEL + PANEL), GAP + column * (PANEL + GAP));
        for (y, x) in letters::pixels(label) {
            for (dy, dx) in (0..LETTER * LETTER).map(|i| (i / LETTER, i % LETTER)) {
                self.set(top + GAP / 2 + y * LETTER + dy, left + x * LETTER + dx, INK);
            }
        }
        for (i, pixel) in panel.to_rgb8().as_chunks::<CHANNELS>().0.iter().enumerate() {
            self.set(top + LABEL + i / panel.width, left + i % panel.width, *pixel);
        }
    }

    fn set(&mut self, y: usize, x: usize, color: [u8; CHANNELS]) {
        self.rgb[(y * self.width + x) * CHANNELS..][..CHANNELS].copy_from_slice(&color);
    }
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
        assert!(brightness(near, far) > 1.8 * brightness(near, near));
        assert!(brightness(near, far) > 1.5 * brightness(far, far));

        let sheet = ::image::load_from_memory(&picture.png()).expect("a picture").into_rgb8();
        // Image, mean and two heads, in two rows of three.
        let size = [sheet.height() as usize, sheet.width() as usize];
        assert_eq!(size, [GAP + 2 * (LABEL + PANEL), GAP + 3 * (PANEL + GAP)]);
    }
}
