//! The views of every step, on the device.

use std::sync::Arc;

use autodiff::Var;
use tensor::{Device, Tensor};

use super::Schedule;
use super::loader::{Loader, Plan};
use crate::data::{DataError, Dataset};
use crate::method::View;

/// The batches of a run, from a point of it to its end: with each step's place in the run its
/// views, each `[batch, side, side, 3]`. They are drawn ahead on a thread of their own, from (seed,
/// epoch, sample, view) alone. An epoch visits every image at most once, and drops what does not
/// fill a batch.
pub struct Batches {
    loader: Loader,
    views: Vec<View>,
    image_size: usize,
    device: Device,
    at: Schedule,
}

/// The batch of one step.
pub struct Batch {
    /// The step's place in the run.
    pub at: Schedule,
    /// Its views, each `[batch, side, side, 3]`.
    pub views: Vec<Var>,
    /// The images that the views show, as the data set counts them: in place of a broken one
    /// stands the next that can be read.
    pub images: Vec<usize>,
}

impl Batch {
    /// The classes of the images, `[batch]`. A set without labels has the class 0 alone.
    pub fn labels(&self, data: &dyn Dataset) -> Tensor {
        let label = |&image: &usize| data.label(image).unwrap_or(0) as f64;
        let labels: Vec<f64> = self.images.iter().map(label).collect();
        Tensor::from_slice(self.views[0].device(), [labels.len()], &labels)
    }
}

impl Batches {
    /// Batches for a method that wants these views, `at.batch` images each. `image_size` is the
    /// side of a view that has no size of its own.
    pub fn new(
        data: Arc<dyn Dataset>,
        views: Vec<View>,
        image_size: usize,
        device: &Device,
        at: Schedule,
    ) -> Self {
        let Schedule { step, batch, seed, .. } = at;
        let steps = step..at.total();
        let plan = Plan { data, views: views.clone(), image_size, batch, seed, steps };
        Batches { loader: Loader::start(plan), views, image_size, device: device.clone(), at }
    }

    /// How many images could not be read so far; others stood in for them.
    pub fn broken(&self) -> usize {
        self.loader.broken()
    }

    /// The next batch, with the images that are in it; `None` after the last.
    pub fn next_batch(&mut self) -> Option<Result<Batch, DataError>> {
        let drawn = match self.loader.next()? {
            Ok(drawn) => drawn,
            Err(error) => return Some(Err(error)),
        };
        let view = |(pixels, view): (Vec<f32>, &View)| {
            let side = view.side(self.image_size);
            let shape = [self.at.batch, side, side, 3];
            Var::constant(Tensor::from_slice(&self.device, shape, &pixels))
        };
        let views = drawn.views.into_iter().zip(&self.views).map(view).collect();
        let at = self.at;
        self.at.step += 1;
        Some(Ok(Batch { at, views, images: drawn.images }))
    }
}

impl Iterator for Batches {
    type Item = Result<(Schedule, Vec<Var>), DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.next_batch()?.map(|Batch { at, views, .. }| (at, views)))
    }
}
