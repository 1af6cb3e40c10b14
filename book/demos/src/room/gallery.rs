//! The images of the training room: a few of Shapes, held in memory.

use methods::augment::{key, to_input};
use methods::data::{DataError, Dataset, Difficulty, Image, Shapes};
use methods::method::View;
use methods::report::base64;
use methods::train::Schedule;
use serde::{Deserialize, Serialize};
use tensor::{Device, Tensor};

/// Images side by side, as a page draws them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strip {
    /// Height and width of each.
    pub side: usize,
    /// Red, green and blue, a byte each, pixel after pixel and image after image, in base64.
    pub rgb: String,
}

impl Strip {
    fn of<'a>(side: usize, images: impl IntoIterator<Item = &'a Image>) -> Self {
        let bytes: Vec<u8> = images.into_iter().flat_map(Image::to_rgb8).collect();
        Strip { side, rgb: base64(&bytes) }
    }
}

/// The first images of a part of Shapes.
pub(super) struct Gallery {
    images: Vec<Image>,
    pub(super) labels: Vec<usize>,
    classes: Vec<String>,
}

impl Gallery {
    pub(super) fn of(shapes: &Shapes, count: usize) -> Self {
        let (images, labels) = (0..count)
            .map(|index| shapes.sample(index))
            .map(|sample| (sample.image, sample.class))
            .unzip();
        Gallery { images, labels, classes: shapes.classes().to_vec() }
    }

    /// What is trained on, and what is looked at.
    pub(super) fn pair(seed: u64, [train, test]: [usize; 2]) -> [Self; 2] {
        let difficulty = Difficulty::Quiet;
        [
            Gallery::of(&Shapes::train(seed, difficulty), train),
            Gallery::of(&Shapes::test(seed, difficulty), test),
        ]
    }

    /// All of them, as a network takes them: `[len, side, side, 3]`.
    pub(super) fn inputs(&self, device: &Device, side: usize) -> Tensor {
        let input = |image: &Image| to_input(image, side).pixels;
        let pixels: Vec<f32> = self.images.iter().flat_map(input).collect();
        Tensor::from_slice(device, [self.images.len(), side, side, 3], &pixels)
    }

    /// The first images for the eye.
    pub(super) fn strip(&self, count: usize) -> Strip {
        Strip::of(self.images[0].height, &self.images[..count])
    }

    /// For the eye, the views that a run draws of some images.
    pub(super) fn views(
        &self,
        views: &[View],
        side: usize,
        images: &[usize],
        at: &Schedule,
    ) -> Vec<Strip> {
        let strip = |(i, view): (usize, &View)| {
            let side = view.side(side);
            let drawn: Vec<Image> = (images.iter())
                .map(|&j| {
                    view.recipe.view(&self.images[j], side, &mut key(at.seed, at.epoch(), j, i))
                })
                .collect();
            Strip::of(side, &drawn)
        };
        views.iter().enumerate().map(strip).collect()
    }
}

impl Dataset for Gallery {
    fn name(&self) -> &str {
        "shapes"
    }

    fn len(&self) -> usize {
        self.images.len()
    }

    fn image(&self, index: usize) -> Result<Image, DataError> {
        Ok(self.images[index].clone())
    }

    fn label(&self, index: usize) -> Option<usize> {
        Some(self.labels[index])
    }

    fn classes(&self) -> &[String] {
        &self.classes
    }
}
