//! Small pictures of one size, all held in memory as the bytes of their file.

use super::{CHANNELS, DataError, Dataset, Image};

/// Pictures and their classes: one byte a channel and pixel, and one a class.
pub(super) struct Packed {
    pub(super) name: String,
    pub(super) classes: Vec<String>,
    pub(super) height: usize,
    pub(super) width: usize,
    /// `[n, height, width]` of grey, or `[n, height, width, 3]`.
    pub(super) pixels: Vec<u8>,
    /// `[n]`, each below the number of classes.
    pub(super) labels: Vec<u8>,
}

impl Packed {
    fn bytes_each(&self) -> usize {
        self.pixels.len() / self.labels.len().max(1)
    }
}

impl Dataset for Packed {
    fn name(&self) -> &str {
        &self.name
    }

    fn len(&self) -> usize {
        self.labels.len()
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        let each = self.bytes_each();
        let bytes = &self.pixels[index * each..][..each];
        if each == self.height * self.width * CHANNELS {
            return Ok(Image::from_rgb8(self.height, self.width, bytes));
        }
        let rgb: Vec<u8> = bytes.iter().flat_map(|&grey| [grey; CHANNELS]).collect();
        Ok(Image::from_rgb8(self.height, self.width, &rgb))
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.labels.get(index).map(|&label| usize::from(label))
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }
}

/// Classes whose names nobody has written down.
pub(super) fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|class| class.to_string()).collect()
}
