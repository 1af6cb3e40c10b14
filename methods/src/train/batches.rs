//! The views of every step, on the device.

use std::sync::Arc;

use autodiff::Var;
use tensor::{Device, Tensor};

use super::Schedule;
use super::loader::{Batch as Drawn, Loader, Plan};
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
    /// The batch that [`Batches`] gives first, drawn at once and without a thread: for a browser,
    /// which has none.
    ///
    /// # Errors
    /// Where images cannot be read.
    pub fn draw(
        data: Arc<dyn Dataset>,
        views: Vec<View>,
        image_size: usize,
        device: &Device,
        at: Schedule,
    ) -> Result<Self, DataError> {
        let plan = Plan::of(data, &views, image_size, at, at.step..at.step + 1);
        Ok(Batch::on(device, plan.first()?, &views, image_size, at))
    }

    /// What was drawn, on a device.
    fn on(device: &Device, drawn: Drawn, views: &[View], image_size: usize, at: Schedule) -> Self {
        let view = |(pixels, view): (Vec<f32>, &View)| {
            let side = view.side(image_size);
            Var::constant(Tensor::from_slice(device, [at.batch, side, side, 3], &pixels))
        };
        let (images, drawn) = (drawn.images, drawn.views);
        Batch { at, views: drawn.into_iter().zip(views).map(view).collect(), images }
    }

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
        let plan = Plan::of(data, &views, image_size, at, at.step..at.total());
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
        let batch = Batch::on(&self.device, drawn, &self.views, self.image_size, self.at);
        self.at.step += 1;
        Some(Ok(batch))
    }
}

impl Iterator for Batches {
    type Item = Result<(Schedule, Vec<Var>), DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.next_batch()?.map(|Batch { at, views, .. }| (at, views)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::augment::Recipe;
    use crate::data::{Difficulty, Shapes};

    #[test]
    fn a_batch_is_the_same_with_and_without_a_thread() {
        let device = Device::cpu();
        let data: Arc<dyn Dataset> = Arc::new(Shapes::train(0, Difficulty::Quiet));
        let views: Vec<View> = vec![Recipe::simsiam().into(); 2];
        let at = Schedule { step: 511, steps_per_epoch: 512, epochs: 2, batch: 4, seed: 3 };
        let mut batches = Batches::new(data.clone(), views.clone(), 8, &device, at);
        for step in 511..514 {
            let at = Schedule { step, ..at };
            let found = Batch::draw(data.clone(), views.clone(), 8, &device, at).expect("shapes");
            let wanted = batches.next_batch().expect("a batch").expect("shapes");
            assert_eq!((found.at, &found.images), (wanted.at, &wanted.images));
            let pixels = |batch: &Batch| batch.views[1].value().to_vec::<f32>();
            assert_eq!(pixels(&found), pixels(&wanted));
        }
    }
}
