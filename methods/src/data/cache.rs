//! Decoded pictures, kept in memory as bytes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::{BoundingBox, DataError, Dataset, Image, Splits};

/// A data set that remembers pictures once they are decoded, for as long as there is room. What it
/// hands out is the same, bit for bit, as without.
pub(super) struct Cached {
    data: Arc<dyn Dataset>,
    kept: Vec<OnceLock<Bytes>>,
    /// Bytes that may still be taken, by both parts of a set.
    room: Arc<AtomicUsize>,
}

/// RGB bytes `[height, width, 3]`: a quarter of what the floats would take.
struct Bytes {
    height: usize,
    width: usize,
    pixels: Box<[u8]>,
}

impl Cached {
    /// Both parts of a set with a common memory of at most `bytes`, beside some 40 bytes for each
    /// picture.
    pub(super) fn splits(Splits { train, test }: Splits, bytes: usize) -> Splits {
        if bytes == 0 {
            return Splits { train, test };
        }
        let room = Arc::new(AtomicUsize::new(bytes));
        let part = |data: Arc<dyn Dataset>| -> Arc<dyn Dataset> {
            let kept = (0..data.len()).map(|_| OnceLock::new()).collect();
            Arc::new(Cached { data, kept, room: room.clone() })
        };
        Splits { train: part(train), test: part(test) }
    }

    fn keep(&self, index: usize, image: &Image) {
        let take = |room: usize| room.checked_sub(image.pixels.len());
        if self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err() {
            return;
        }
        let (height, width) = (image.height, image.width);
        let pixels = image.to_rgb8().into_boxed_slice();
        // Not every picture is made of bytes; and another thread may have kept this one meanwhile.
        let is_same = Image::from_rgb8(height, width, &pixels) == *image;
        if !is_same || self.kept[index].set(Bytes { height, width, pixels }).is_err() {
            self.room.fetch_add(image.pixels.len(), Ordering::Relaxed);
        }
    }
}

impl Dataset for Cached {
    fn name(&self) -> &str {
        self.data.name()
    }

    fn len(&self) -> usize {
        self.data.len()
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        if let Some(Bytes { height, width, pixels }) = self.kept[index].get() {
            return Ok(Image::from_rgb8(*height, *width, pixels));
        }
        let image = self.data.image(index)?;
        self.keep(index, &image);
        Ok(image)
    }

    fn label(&self, index: usize) -> Option<usize> {
        self.data.label(index)
    }

    fn classes(&self) -> &[String] {
        self.data.classes()
    }

    fn mask(&self, index: usize) -> Option<Vec<bool>> {
        self.data.mask(index)
    }

    fn boxes(&self, index: usize) -> Vec<BoundingBox> {
        self.data.boxes(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pictures of one pixel each, or of half a byte, and how often they were asked for.
    struct Counted(AtomicUsize, f32);

    impl Dataset for Counted {
        fn name(&self) -> &str {
            "counted"
        }

        fn len(&self) -> usize {
            10
        }

        fn image(&self, index: usize) -> Result<Image, DataError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(Image::filled(1, 1, [(index as f32 + self.1) / 255.0; 3]))
        }

        fn label(&self, index: usize) -> Option<usize> {
            Some(index)
        }

        fn classes(&self) -> &[String] {
            &[]
        }
    }

    /// How often two passes over both parts ask for pictures, of which `bytes` are kept.
    fn asked(bytes: usize, beside_a_byte: f32) -> [usize; 2] {
        let parts = [0, 1].map(|_| Arc::new(Counted(AtomicUsize::new(0), beside_a_byte)));
        let [train, test] = parts.clone();
        let Splits { train, test } = Cached::splits(Splits { train, test }, bytes);
        for _ in 0..2 {
            for index in 0..10 {
                for (cached, plain) in [(&train, &parts[0]), (&test, &parts[1])] {
                    let plain = Counted(AtomicUsize::new(0), plain.1).image(index);
                    assert_eq!(cached.image(index).unwrap(), plain.unwrap());
                    assert_eq!(cached.label(index), Some(index));
                }
            }
        }
        parts.map(|part| part.0.load(Ordering::Relaxed))
    }

    #[test]
    fn what_there_is_room_for_is_decoded_once() {
        assert_eq!(asked(2, 0.0), [20, 20]);
        // Three of the first part and two of the second.
        assert_eq!(asked(17, 0.0), [17, 18]);
        assert_eq!(asked(60, 0.0), [10, 10]);
    }

    #[test]
    fn a_picture_that_bytes_cannot_hold_is_not_kept_and_takes_no_room() {
        assert_eq!(asked(60, 0.5), [20, 20]);
    }
}
