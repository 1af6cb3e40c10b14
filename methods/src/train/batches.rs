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
}

impl Iterator for Batches {
    type Item = Result<(Schedule, Vec<Var>), DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = match self.loader.next()? {
            Ok(batch) => batch,
            Err(error) => return Some(Err(error)),
        };
        let view = |(pixels, view): (Vec<f32>, &View)| {
            let side = view.side(self.image_size);
            let shape = [self.at.batch, side, side, 3];
            Var::constant(Tensor::from_slice(&self.device, shape, &pixels))
        };
        let views = batch.views.into_iter().zip(&self.views).map(view).collect();
        let at = self.at;
        self.at.step += 1;
        Some(Ok((at, views)))
    }
}
