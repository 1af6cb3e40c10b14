//! A white sheet with pictures and labels on it.

use super::letters;
use super::pictures::png;
use crate::data::{CHANNELS, Image};

/// Between panels, and around them.
pub(super) const GAP: usize = 12;
/// A letter's pixel, in pixels.
const LETTER: usize = 2;
/// The height of a label with the space around it.
pub(super) const LABEL: usize = letters::HEIGHT * LETTER + GAP;

const PAPER: [u8; CHANNELS] = [255; CHANNELS];
const INK: [u8; CHANNELS] = [40; CHANNELS];

/// Pixels `[height, width, 3]`, white at first.
pub(super) struct Sheet {
    height: usize,
    width: usize,
    rgb: Vec<u8>,
}

impl Sheet {
    pub(super) fn new(height: usize, width: usize) -> Self {
        Sheet { height, width, rgb: PAPER.repeat(height * width) }
    }

    /// Writes a label in a row of height [`LABEL`].
    pub(super) fn write(&mut self, top: usize, left: usize, label: &str) {
        for (y, x) in letters::pixels(label) {
            for (dy, dx) in (0..LETTER * LETTER).map(|i| (i / LETTER, i % LETTER)) {
                self.set(top + GAP / 2 + y * LETTER + dy, left + x * LETTER + dx, INK);
            }
        }
    }

    /// Puts a picture down, each of its pixels a square of `scale` by `scale`.
    pub(super) fn put(&mut self, top: usize, left: usize, picture: &Image, scale: usize) {
        let bytes = picture.to_rgb8();
        let pixels = bytes.as_chunks::<CHANNELS>().0;
        for y in 0..picture.height * scale {
            for x in 0..picture.width * scale {
                let pixel = pixels[y / scale * picture.width + x / scale];
                self.set(top + y, left + x, pixel);
            }
        }
    }

    pub(super) fn png(&self) -> Vec<u8> {
        png(self.height, self.width, &self.rgb)
    }

    fn set(&mut self, y: usize, x: usize, color: [u8; CHANNELS]) {
        self.rgb[(y * self.width + x) * CHANNELS..][..CHANNELS].copy_from_slice(&color);
    }
}

/// How wide a label is.
pub(super) fn width(label: &str) -> usize {
    label.chars().count() * letters::ADVANCE * LETTER
}
